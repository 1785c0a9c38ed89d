//! What is told to whoever draws traces and counts ticks. Actors know no tracing library: where a span stands is two
//! numbers to them, and a piece of work is something that ends when it is dropped.

use std::time::{Duration, SystemTime};

use crate::registry::{ActorMeta, ActorRegistry, Failure};

/// Where a span stands: its trace and itself (W3C Trace Context).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanRef {
    pub trace: u128,
    pub span: u64,
}

/// A span that is open. It ends when it is dropped.
pub trait Work: Send + Sync {
    fn span(&self) -> SpanRef;
    /// It ends badly.
    fn fail(&mut self, reason: &str);
}

/// Why an actor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// By itself: somebody asked for it.
    Nothing,
    /// As part of a start that is going on: its supervisor's, or the whole program's.
    Start(SpanRef),
    /// Because it failed at that time.
    Incident(SpanRef, SystemTime),
}

/// A failure with what it happened in.
pub struct Failed<'a> {
    pub actor: &'a ActorMeta,
    pub failure: &'a Failure,
    /// The message that it was handling, since when, and the span of it if it was traced.
    pub doing: Option<(&'static str, SystemTime)>,
    pub cause: Option<SpanRef>,
}

/// A tick as it went.
#[derive(Debug, Clone, Copy)]
pub struct Tick {
    pub took: Duration,
    pub period: Duration,
    /// From the tick before to this one; nothing for the first of an incarnation.
    pub since_last: Option<Duration>,
}

/// Draws traces. Nothing here may block or take long: it is called by supervisors.
pub trait Observer: Send + Sync + 'static {
    /// The program starts; ends with the start of the tree.
    fn app_starting(&self) -> Box<dyn Work>;
    fn starting(&self, actor: &ActorMeta, under: Under) -> Box<dyn Work>;
    /// Ends when the actor runs again, or at once when it does not.
    fn failed(&self, failed: &Failed<'_>) -> Box<dyn Work>;
    /// The actor is gone for good.
    fn ended(&self, actor: &ActorMeta);
    /// A frame of a client that was drawn to be traced. `parent` is what the client said of its own trace.
    fn received(&self, parent: Option<SpanRef>) -> Box<dyn Work>;
    /// A message that is handled because of `parent`.
    fn handling(&self, actor: &ActorMeta, request: &'static str, parent: SpanRef) -> Box<dyn Work>;
    /// A room has made a tick.
    fn tick(&self, actor: &ActorMeta, tick: Tick);
    /// The whole tree as it stands, as one trace.
    fn snapshot(&self, registry: &ActorRegistry) -> SpanRef;
}
