//! Where an actor stands in traces: the span of its start, of the failure that it is restarted from, of what it handles.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::SystemTime,
};

use parking_lot::Mutex;

use super::{ActorMeta, ActorRegistry, Decision, Failure};
use crate::observe::{Failed, Observer, SpanRef, Under, Work};

/// A crash loop draws the tree at most this often.
const CRASH_LOOP_EVERY_NS: u64 = 10_000_000_000;

/// Who draws, and which share of frames. One for a registry.
#[derive(Default)]
pub(crate) struct Tracing {
    observer: OnceLock<Arc<dyn Observer>>,
    /// Of 2^32 frames so many are drawn.
    drawn: AtomicU32,
    app: Mutex<Option<SpanRef>>,
    /// When the tree was last drawn because something crashes over and over, in nanoseconds of the registry's age.
    drawn_at_ns: AtomicU64,
}

#[derive(Default)]
pub(super) struct Spans {
    start: Option<SpanRef>,
    /// While it starts: what is started by it meanwhile belongs to that.
    starting: Option<SpanRef>,
    cause: Option<SpanRef>,
    /// From the failure until it runs again.
    incident: Option<(Box<dyn Work>, SystemTime)>,
}

impl ActorRegistry {
    /// From here on somebody draws, of the frames of clients the share `ratio`. Only the first call counts.
    pub fn observe(&self, observer: Arc<dyn Observer>, ratio: f64) {
        if self.tracing.observer.set(observer).is_ok() {
            let drawn = (ratio.clamp(0.0, 1.0) * f64::from(u32::MAX)) as u32;
            self.tracing.drawn.store(drawn, Relaxed);
        }
    }

    pub fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.tracing.observer.get()
    }

    /// Whether a frame is to be traced: one load where nothing is.
    pub(crate) fn draw(&self) -> bool {
        let drawn = self.tracing.drawn.load(Relaxed);
        drawn > 0 && rand::random::<u32>() <= drawn
    }

    /// Something crashes over and over: the tree as it stands, for whoever reads of it later. Not for each of a hundred
    /// rooms that fail for the same reason.
    pub(super) fn draw_crash_loop(&self) {
        let Some(observer) = self.observer() else { return };
        let (now, last) = (self.clock.now_ns().max(1), self.tracing.drawn_at_ns.load(Relaxed));
        if last != 0 && now.saturating_sub(last) < CRASH_LOOP_EVERY_NS {
            // The time of the last one stays: a loop that goes on is drawn again when it is due.
            return;
        }
        if self.tracing.drawn_at_ns.compare_exchange(last, now, Relaxed, Relaxed).is_ok() {
            observer.snapshot(self);
        }
    }

    pub(crate) fn app_starting(&self) -> Option<Box<dyn Work>> {
        let work = self.observer()?.app_starting();
        *self.tracing.app.lock() = Some(work.span());
        Some(work)
    }

    pub(crate) fn app_started(&self) {
        *self.tracing.app.lock() = None;
    }
}

impl ActorMeta {
    pub(crate) fn observer(&self) -> Option<&Arc<dyn Observer>> {
        self.tracing.observer.get()
    }

    /// It is about to start.
    pub(crate) fn starting(&self) -> Option<Box<dyn Work>> {
        let observer = self.observer()?;
        let incident = self.spans.lock().incident.as_ref().map(|(work, at)| (work.span(), *at));
        let above = match &self.above {
            Some(above) => above.spans.lock().starting,
            None => *self.tracing.app.lock(),
        };
        let under = match (incident, above) {
            (Some((incident, at)), _) => Under::Incident(incident, at),
            (None, Some(start)) => Under::Start(start),
            (None, None) => Under::Nothing,
        };
        let work = observer.starting(self, under);
        self.spans.lock().starting = Some(work.span());
        Some(work)
    }

    pub(super) fn spans_started(&self) {
        let mut spans = self.spans.lock();
        if let Some(started) = spans.starting.take() {
            spans.start = Some(started);
        }
        spans.cause = None;
        // The incident ends when it is dropped: not under the lock.
        let over = spans.incident.take();
        drop(spans);
        drop(over);
    }

    /// Tells of a failure. Gives the trace that it is told in.
    pub(super) fn spans_failed(&self, failure: &Failure) -> Option<u128> {
        let observer = self.observer()?;
        let doing = self.current().map(|(message, lasting)| (message, SystemTime::now() - lasting));
        let cause = self.spans.lock().cause.take();
        let work = observer.failed(&Failed { actor: self, failure, doing, cause });
        let trace = work.span().trace;
        if failure.decision == Decision::Restart {
            let former = self.spans.lock().incident.replace((work, SystemTime::now()));
            drop(former);
        }
        Some(trace)
    }

    /// What it handles is traced, as this span.
    pub(crate) fn set_cause(&self, span: Option<SpanRef>) {
        self.spans.lock().cause = span;
    }

    /// The span of its last start.
    pub fn start_span(&self) -> Option<SpanRef> {
        self.spans.lock().start
    }

    pub fn supervisor(&self) -> Option<&Arc<ActorMeta>> {
        self.above.as_ref()
    }
}
