//! Traces of bounded length: the start of the program, of each actor that comes later, of each failure, and of the
//! frames that were drawn. No span outlives the work that it names, none is made for a tick, and no root has links,
//! which some viewers take for parents.

use std::{sync::Arc, time::SystemTime};

use gamev1_actors::{
    observe::{Failed, Observer, SpanRef, Tick, Under, Work},
    registry::{ActorMeta, ActorRegistry},
};
use opentelemetry::{
    Context, KeyValue,
    trace::{
        Link, Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags,
        TraceId, TraceState, Tracer,
    },
};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, SdkTracer, ShouldSample, Span};

use super::{metrics::Metrics, snapshot};

/// Keeps everything about supervision, and of clients' frames what was drawn at the edge.
#[derive(Debug, Clone)]
pub struct Sampler {
    pub ratio: f64,
}

/// How the names of spans begin that are always kept.
const KEPT: [&str; 6] = ["start", "supervis", "failed", "lifetime", "slow", "snapshot"];

impl ShouldSample for Sampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let parent = parent.map(|parent| parent.span().span_context().clone());
        let parent = parent.filter(SpanContext::is_valid);
        // A frame was drawn before anything was made of it.
        let kept = KEPT.iter().any(|kept| name.starts_with(kept)) || name == RECEIVED;
        let drawn = match &parent {
            Some(parent) => parent.is_sampled(),
            None => self.draws(trace),
        };
        let sampled = kept || drawn;
        SamplingResult {
            decision: if sampled {
                SamplingDecision::RecordAndSample
            } else {
                SamplingDecision::Drop
            },
            attributes: Vec::new(),
            trace_state: parent.map(|parent| parent.trace_state().clone()).unwrap_or_default(),
        }
    }
}

impl Sampler {
    /// Whether a trace that begins here is kept: by its id, as OpenTelemetry's own sampler decides.
    fn draws(&self, trace: TraceId) -> bool {
        let id = u128::from_be_bytes(trace.to_bytes()) as u64 >> 1;
        (id as f64) < self.ratio * (1_u64 << 63) as f64
    }
}

/// The context of a client that traces its own work.
pub fn remote(parent: SpanRef) -> Context {
    Context::new().with_remote_span_context(context(parent, true))
}

const RECEIVED: &str = "ws receive";

/// Draws them with OpenTelemetry.
pub struct Traces {
    tracer: SdkTracer,
    metrics: Arc<Metrics>,
}

struct Open(Span);

impl Work for Open {
    fn span(&self) -> SpanRef {
        span_ref(self.0.span_context())
    }

    fn fail(&mut self, reason: &str) {
        self.0.set_status(Status::error(reason.to_owned()));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end();
    }
}

pub(super) fn span_ref(span: &SpanContext) -> SpanRef {
    let (trace, span) = (span.trace_id().to_bytes(), span.span_id().to_bytes());
    SpanRef { trace: u128::from_be_bytes(trace), span: u64::from_be_bytes(span) }
}

fn context(SpanRef { trace, span }: SpanRef, remote: bool) -> SpanContext {
    let (flags, state) = (TraceFlags::SAMPLED, TraceState::default());
    SpanContext::new(trace.into(), span.into(), flags, remote, state)
}

pub(super) fn under(parent: Option<SpanRef>) -> Context {
    match parent {
        Some(parent) => Context::new().with_remote_span_context(context(parent, false)),
        None => Context::new(),
    }
}

fn link(to: Option<SpanRef>, kind: &'static str) -> Option<Link> {
    let to = context(to?, false);
    Some(Link::new(to, vec![KeyValue::new("link.kind", kind)], 0))
}

/// `Room` of `room`.
pub(super) fn title(kind: &str) -> String {
    let mut chars = kind.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

pub(super) fn attributes(actor: &ActorMeta) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("actor.path", actor.path.to_string()),
        KeyValue::new("actor.kind", actor.kind.name),
        KeyValue::new("actor.incarnation", i64::from(actor.incarnation())),
        KeyValue::new("actor.restart_count", i64::from(actor.restarts())),
    ];
    if let Some(supervisor) = actor.supervisor() {
        attributes.push(KeyValue::new("supervisor.path", supervisor.path.to_string()));
        if let Some(strategy) = supervisor.strategy {
            attributes.push(KeyValue::new("supervision.strategy", strategy));
        }
    }
    attributes
}

impl Traces {
    pub fn new(tracer: SdkTracer, metrics: Arc<Metrics>) -> Traces {
        Traces { tracer, metrics }
    }

    fn open(&self, builder: SpanBuilder, parent: Option<SpanRef>) -> Open {
        Open(self.tracer.build_with_context(builder, &under(parent)))
    }

    /// A span that is over already.
    fn past(
        &self,
        builder: SpanBuilder,
        parent: Option<SpanRef>,
        end: SystemTime,
        bad: Option<&str>,
    ) {
        let mut span = self.tracer.build_with_context(builder, &under(parent));
        if let Some(reason) = bad {
            span.set_status(Status::error(reason.to_owned()));
        }
        span.end_with_timestamp(end);
    }

    fn builder(&self, name: String, actor: &ActorMeta) -> SpanBuilder {
        SpanBuilder::from_name(name).with_attributes(attributes(actor))
    }
}

impl Observer for Traces {
    fn app_starting(&self) -> Box<dyn Work> {
        Box::new(self.open(SpanBuilder::from_name("start App"), None))
    }

    fn starting(&self, actor: &ActorMeta, why: Under) -> Box<dyn Work> {
        let start = self.builder(format!("start {}", title(actor.kind.name)), actor);
        let supervisor = actor.supervisor().and_then(|supervisor| supervisor.start_span());
        let start = start.with_links(link(supervisor, "supervisor").into_iter().collect());
        match why {
            Under::Start(parent) => Box::new(self.open(start, Some(parent))),
            Under::Incident(incident, failed_at) => {
                let waited = SpanBuilder::from_name("supervise.backoff").with_start_time(failed_at);
                self.past(waited, Some(incident), SystemTime::now(), None);
                Box::new(self.open(start, Some(incident)))
            }
            Under::Nothing => {
                let name = format!("supervise {}: start", title(actor.kind.name));
                let root = self.open(self.builder(name, actor), None);
                let start = self.open(start, Some(root.span()));
                Box::new(Nested { start, _root: root })
            }
        }
    }

    fn failed(&self, failed: &Failed<'_>) -> Box<dyn Work> {
        let Failed { actor, failure, doing, cause } = failed;
        let kind = title(actor.kind.name);
        let now = SystemTime::now();
        let since = doing.map_or(now, |(_, since)| since);
        let name = format!("supervise {kind}: {}", failure.decision);
        let mut attributes = attributes(actor);
        attributes.push(KeyValue::new("supervision.decision", failure.decision.word()));
        attributes.push(KeyValue::new("restart.reason", failure.cause.word()));
        let root = SpanBuilder::from_name(name).with_attributes(attributes).with_start_time(since);
        let mut root = self.open(root, None);
        root.fail(&failure.reason);
        let mut copy = self.builder(format!("failed {kind}"), actor);
        if let (Some((message, _)), Some(attributes)) = (doing, &mut copy.attributes) {
            attributes.push(KeyValue::new("actor.message", *message));
            attributes.push(KeyValue::new("error.type", failure.cause.word()));
        }
        let supervisor = actor.supervisor().and_then(|supervisor| supervisor.start_span());
        let links = [
            link(*cause, "cause"),
            link(supervisor, "supervisor"),
            link(actor.start_span(), "actor.start"),
        ];
        let copy = copy.with_start_time(since).with_links(links.into_iter().flatten().collect());
        self.past(copy, Some(root.span()), now, Some(&failure.reason));
        Box::new(root)
    }

    fn ended(&self, actor: &ActorMeta) {
        let life = self.builder(format!("lifetime {}", title(actor.kind.name)), actor);
        let mut life = life.with_start_time(actor.started_at());
        let reason = actor.last_reason();
        if let Some(attributes) = &mut life.attributes {
            let handled = i64::try_from(actor.handled()).unwrap_or(i64::MAX);
            attributes.push(KeyValue::new("actor.messages", handled));
            if let Some(start) = actor.start_span() {
                let trace = format!("{:032x}", start.trace);
                attributes.push(KeyValue::new("actor.start.trace_id", trace));
            }
        }
        self.past(life, None, SystemTime::now(), reason.as_deref());
    }

    fn received(&self, parent: Option<SpanRef>) -> Box<dyn Work> {
        let received = SpanBuilder::from_name(RECEIVED).with_kind(SpanKind::Server);
        let parent = parent.map_or_else(Context::new, remote);
        Box::new(Open(self.tracer.build_with_context(received, &parent)))
    }

    fn handling(&self, actor: &ActorMeta, request: &'static str, parent: SpanRef) -> Box<dyn Work> {
        let handle = self.builder(format!("handle {request}"), actor).with_kind(SpanKind::Consumer);
        let start = link(actor.start_span(), "actor.start");
        Box::new(self.open(handle.with_links(start.into_iter().collect()), Some(parent)))
    }

    fn tick(&self, actor: &ActorMeta, tick: Tick) {
        let Tick { took, period, since_last } = tick;
        self.metrics.tick(took, period);
        if let Some(since_last) = since_last {
            self.metrics.ticked_after(since_last);
        }
        if took > period.mul_f64(1.5) && self.metrics.slow_tick_is_due() {
            let now = SystemTime::now();
            let slow = self.builder("slow tick".into(), actor).with_start_time(now - took);
            self.past(slow, None, now, None);
        }
    }

    fn snapshot(&self, registry: &ActorRegistry) -> SpanRef {
        snapshot::draw(&self.tracer, registry)
    }
}

/// A start with its root, which ends behind it.
struct Nested {
    start: Open,
    _root: Open,
}

impl Work for Nested {
    fn span(&self) -> SpanRef {
        self.start.span()
    }

    fn fail(&mut self, reason: &str) {
        self.start.fail(reason);
    }
}

/// What a client says of its own trace (W3C Trace Context, `traceparent`): only if it is recorded there.
pub fn traceparent(header: &str) -> Option<SpanRef> {
    let mut parts = header.trim().split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let (span, flags) = (parts.next()?, parts.next()?);
    let sizes = version.len() == 2 && trace.len() == 32 && span.len() == 16 && flags.len() == 2;
    if !sizes || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let trace = u128::from_str_radix(trace, 16).ok().filter(|trace| *trace != 0)?;
    let span = u64::from_str_radix(span, 16).ok().filter(|span| *span != 0)?;
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    sampled.then_some(SpanRef { trace, span })
}
