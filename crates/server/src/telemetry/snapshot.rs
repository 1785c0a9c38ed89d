//! The tree as a trace: a span for each actor from its start until now, nested as it is supervised. Any viewer of
//! traces shows it; a bar that begins late is an actor that was restarted.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_actors::{
    observe::SpanRef,
    registry::{ActorMeta, ActorRegistry},
};
use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanBuilder, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;

use super::traces::{attributes, span_ref, under};

/// Spans of one snapshot, at most.
const SPANS_MAX: usize = 2_000;
/// Children of one supervisor that stand by themselves; the others are one bar together.
const CHILDREN_MAX: usize = 200;

/// Draws the tree as it stands.
pub(super) fn draw(tracer: &SdkTracer, registry: &ActorRegistry) -> SpanRef {
    let actors = registry.all();
    let now = SystemTime::now();
    let earliest = actors.iter().map(|actor| actor.started_at()).min().unwrap_or(now);
    let root = SpanBuilder::from_name("supervision.snapshot")
        .with_start_time(earliest)
        .with_attributes([KeyValue::new("actors", actors.len() as i64)]);
    let mut root = tracer.build_with_context(root, &under(None));
    let at = span_ref(root.span_context());
    let mut drawn: HashMap<Arc<str>, SpanRef> = HashMap::new();
    let mut children: HashMap<Arc<str>, u32> = HashMap::new();
    for actor in &actors {
        let supervisor = actor.supervisor().map(|supervisor| supervisor.path.clone());
        if let Some(supervisor) = &supervisor {
            let known = children.entry(supervisor.clone()).or_default();
            *known += 1;
            if *known as usize > CHILDREN_MAX || drawn.len() >= SPANS_MAX {
                continue;
            }
        }
        let parent = supervisor.and_then(|path| drawn.get(&path).copied()).unwrap_or(at);
        drawn.insert(actor.path.clone(), bar(tracer, actor, parent, now));
    }
    for (supervisor, count) in children {
        let more = (count as usize).saturating_sub(CHILDREN_MAX);
        if more > 0 {
            let parent = drawn.get(&supervisor).copied().unwrap_or(at);
            let rest = SpanBuilder::from_name(format!("{supervisor}/… {more} more"));
            let rest = rest.with_start_time(now - Duration::from_millis(1));
            let mut rest = tracer.build_with_context(rest, &under(Some(parent)));
            rest.end_with_timestamp(now);
        }
    }
    root.end_with_timestamp(now);
    at
}

fn bar(tracer: &SdkTracer, actor: &ActorMeta, parent: SpanRef, now: SystemTime) -> SpanRef {
    let mut attributes = attributes(actor);
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let inbox = actor.inbox();
    attributes.extend([
        KeyValue::new("actor.state", actor.state().word()),
        KeyValue::new("mailbox.depth", number(inbox.now as u64)),
        KeyValue::new("mailbox.depth_max", number(inbox.max as u64)),
        KeyValue::new("actor.messages", number(actor.handled())),
        KeyValue::new("actor.busy_us", number(actor.busy().as_micros() as u64)),
    ]);
    let bar = SpanBuilder::from_name(actor.path.to_string())
        .with_start_time(actor.started_at())
        .with_attributes(attributes);
    let mut bar = tracer.build_with_context(bar, &under(Some(parent)));
    bar.end_with_timestamp(now);
    span_ref(bar.span_context())
}
