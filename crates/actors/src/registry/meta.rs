//! One actor in the registry. What changes with each message is a relaxed atomic: no lock, no allocation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;

use super::{
    Clock, Failure,
    spans::{Spans, Tracing},
};
use crate::supervisor::{Restart, Strategy};

/// What sort of actor it is, and the names of its messages by number.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    pub messages: &'static [&'static str],
}

impl Kind {
    pub const fn new(name: &'static str, messages: &'static [&'static str]) -> Kind {
        Kind { name, messages }
    }
}

/// How much waits before an actor, and how much has at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    pub now: usize,
    pub max: usize,
}

/// Where the depth of an actor's inbox is read.
pub type Gauge = Arc<dyn Fn() -> Depth + Send + Sync>;

/// Where an actor stands and how it is supervised.
pub struct Place<'a> {
    /// The supervisor's path; empty for the root.
    pub under: &'a str,
    /// The supervisor itself, if it has a place here.
    pub above: Option<&'a Arc<ActorMeta>>,
    pub name: &'a str,
    pub kind: &'static Kind,
    pub restart: Restart,
    /// Of a supervisor.
    pub strategy: Option<&'static str>,
    pub inbox: Option<Gauge>,
}

impl Place<'_> {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.under, self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    Running,
    BackingOff,
    Quarantined,
    Stopped,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Running => "running",
            State::BackingOff => "backing_off",
            State::Quarantined => "quarantined",
            State::Stopped => "stopped",
        }
    }
}

/// See the module.
pub struct ActorMeta {
    /// `/root/rooms/room:<id>`.
    pub path: Arc<str>,
    pub kind: &'static Kind,
    pub restart: Restart,
    pub strategy: Option<&'static str>,
    clock: Clock,
    inbox: Option<Gauge>,
    pub(super) above: Option<Arc<ActorMeta>>,
    pub(super) tracing: Arc<Tracing>,
    pub(super) spans: Mutex<Spans>,
    state: AtomicU8,
    /// How many times it was started; the first makes it 1.
    starts: AtomicU32,
    restarts: AtomicU32,
    started_ns: AtomicU64,
    handled: AtomicU64,
    busy_ns: AtomicU64,
    /// The message that is being handled, and since when; 0 is never.
    doing: AtomicU8,
    since_ns: AtomicU64,
    last_reason: Mutex<Option<Box<str>>>,
    /// Posts the message that it panics at.
    crash: Mutex<Option<Crash>>,
}

type Crash = Box<dyn Fn() + Send + Sync>;

impl ActorMeta {
    pub(super) fn new(
        path: Arc<str>,
        place: Place<'_>,
        clock: Clock,
        tracing: Arc<Tracing>,
    ) -> ActorMeta {
        let Place { above, kind, restart, strategy, inbox, .. } = place;
        ActorMeta {
            path,
            kind,
            restart,
            strategy,
            clock,
            inbox,
            above: above.cloned(),
            tracing,
            spans: Mutex::default(),
            state: AtomicU8::new(State::Stopped as u8),
            starts: AtomicU32::new(0),
            restarts: AtomicU32::new(0),
            started_ns: AtomicU64::new(clock.now_ns()),
            handled: AtomicU64::new(0),
            busy_ns: AtomicU64::new(0),
            doing: AtomicU8::new(0),
            since_ns: AtomicU64::new(0),
            last_reason: Mutex::default(),
            crash: Mutex::default(),
        }
    }

    /// A meta that stands in no registry: for an actor that a test drives by itself.
    pub fn alone(kind: &'static Kind) -> Arc<ActorMeta> {
        super::ActorRegistry::default().enter(Place {
            under: "",
            above: None,
            name: kind.name,
            kind,
            restart: Restart::Permanent,
            strategy: None,
            inbox: None,
        })
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, name)| name)
    }

    /// A message of that number begins. Two relaxed stores and a look at the clock.
    pub fn begin(&self, message: u8) {
        self.doing.store(message, Relaxed);
        self.since_ns.store(self.clock.now_ns().max(1), Relaxed);
    }

    /// It has been handled. Not called after a failure: what the actor died of is read from here, and then cleared.
    /// Gives the time that it took.
    pub fn end(&self) -> Duration {
        let since = self.since_ns.load(Relaxed);
        self.since_ns.store(0, Relaxed);
        let took = self.clock.now_ns().saturating_sub(since);
        add(&self.busy_ns, took);
        add(&self.handled, 1);
        Duration::from_nanos(took)
    }

    /// Its last message has ended with it: it is at none, whatever it died of.
    pub(crate) fn at_rest(&self) {
        self.since_ns.store(0, Relaxed);
    }

    /// When the message that it is at began, on the registry's clock; 0 when it is at none. Tells one message from the
    /// next.
    pub(crate) fn busy_since(&self) -> u64 {
        self.since_ns.load(Relaxed)
    }

    /// What it is handling, and for how long.
    pub fn current(&self) -> Option<(&'static str, Duration)> {
        let since = self.since_ns.load(Relaxed);
        if since == 0 {
            return None;
        }
        let name = self.kind.messages.get(usize::from(self.doing.load(Relaxed))).copied();
        let lasting = self.clock.now_ns().saturating_sub(since);
        Some((name.unwrap_or("?"), Duration::from_nanos(lasting)))
    }

    /// How the present incarnation is made to panic on order, in a message of its own.
    pub fn crash_with(&self, crash: impl Fn() + Send + Sync + 'static) {
        *self.crash.lock() = Some(Box::new(crash));
    }

    /// It is kept for those who look: nothing can be asked of it any more.
    pub(crate) fn no_more(&self) {
        self.crash.lock().take();
    }

    /// Makes it panic. False when it has never run, or is no more.
    pub fn crash(&self) -> bool {
        let crash = self.crash.lock();
        crash.as_ref().map(|crash| crash()).is_some()
    }

    pub(crate) fn started(&self) {
        self.started_ns.store(self.clock.now_ns(), Relaxed);
        self.since_ns.store(0, Relaxed);
        self.starts.fetch_add(1, Relaxed);
        self.set_state(State::Running);
        self.spans_started();
    }

    pub(super) fn failed(&self, failure: &Failure) {
        use super::Decision::{Escalate, Ignore, Quarantine, Restart, Stop};
        self.set_state(match failure.decision {
            Restart => State::BackingOff,
            Quarantine => State::Quarantined,
            Escalate | Stop => State::Stopped,
            Ignore => State::Running,
        });
        if failure.decision == Restart {
            self.restarts.fetch_add(1, Relaxed);
        }
        *self.last_reason.lock() = Some(failure.reason.as_str().into());
    }

    pub(crate) fn set_state(&self, state: State) {
        self.state.store(state as u8, Relaxed);
    }

    pub fn state(&self) -> State {
        match self.state.load(Relaxed) {
            0 => State::Running,
            1 => State::BackingOff,
            2 => State::Quarantined,
            _ => State::Stopped,
        }
    }

    /// How many times it has been started again, for whatever reason.
    pub fn incarnation(&self) -> u32 {
        self.starts.load(Relaxed).saturating_sub(1)
    }

    /// How many times it has been started again because it failed.
    pub fn restarts(&self) -> u32 {
        self.restarts.load(Relaxed)
    }

    /// When the present incarnation started.
    pub fn started_at(&self) -> SystemTime {
        self.clock.wall(self.started_ns.load(Relaxed))
    }

    pub fn last_reason(&self) -> Option<String> {
        self.last_reason.lock().as_deref().map(str::to_owned)
    }

    pub fn inbox(&self) -> Depth {
        self.inbox.as_ref().map_or(Depth::default(), |depth| depth())
    }

    /// Messages handled, over all incarnations.
    pub fn handled(&self) -> u64 {
        self.handled.load(Relaxed)
    }

    /// Time spent on them.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_ns.load(Relaxed))
    }
}

/// Only the actor itself writes these: a load and a store do, where an atomic addition would lock the bus.
fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
}

impl Strategy {
    pub fn word(self) -> &'static str {
        match self {
            Strategy::OneForOne => "one_for_one",
            Strategy::OneForAll => "one_for_all",
            Strategy::RestForOne => "rest_for_one",
        }
    }
}

impl Restart {
    pub fn word(self) -> &'static str {
        match self {
            Restart::Permanent => "permanent",
            Restart::Transient => "transient",
            Restart::Temporary => "temporary",
        }
    }
}
