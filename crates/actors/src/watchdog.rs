//! A plain thread that looks whether actors still move. A panic unwinds and is survived; an endless loop in a game does
//! not unwind, and no supervisor can stop it: the room is given up, and when threads are lost the process ends. What is
//! too long is decided in [`state`].

pub mod state;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use gamev1_protocol::RoomId;
use tokio::{runtime::Handle, time::Instant};

use self::state::{Busy, Finding, SLOW_AFTER, Watch};
use crate::{
    registry::{ActorMeta, Cause, Decision, Failure},
    room,
    supervisor::dynamic::DynamicMsg,
    vault::Vault,
};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(250);

/// Ends when it is dropped and the thread has looked once more.
pub struct Watchdog {
    _alive: Arc<()>,
    _thread: JoinHandle<()>,
}

/// Starts the thread. `hung` is called in it, once, when the process can only end.
///
/// # Errors
/// The system gives no thread.
pub fn start(
    vault: Arc<Vault>,
    runtime: Handle,
    hung: impl FnOnce(&str) + Send + 'static,
) -> io::Result<Watchdog> {
    let alive = Arc::new(());
    let guarded = Arc::downgrade(&alive);
    let dog =
        Dog { vault, runtime, beat: Beat::default(), watch: Watch::default(), lost: Vec::new() };
    let thread = thread::Builder::new().name("watchdog".into()).spawn(move || {
        let mut dog = dog;
        let mut hung = Some(hung);
        let born = Instant::now();
        let mut last = born;
        while guarded.strong_count() > 0 {
            rest();
            let now = Instant::now();
            let why = dog.look(now - born, now - last);
            last = now;
            if let Some(why) = why
                && let Some(hung) = hung.take()
            {
                return hung(&why);
            }
        }
    })?;
    Ok(Watchdog { _alive: alive, _thread: thread })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this thread is no executor, and must not depend on one"
)]
fn rest() {
    thread::sleep(EVERY);
}

struct Dog {
    vault: Arc<Vault>,
    runtime: Handle,
    beat: Beat,
    watch: Watch,
    /// What was given up, and since when it is at its message, to see whether it comes back.
    lost: Vec<(Arc<ActorMeta>, u64)>,
}

impl Dog {
    /// One look. Why the process is to end, if it is.
    fn look(&mut self, now: Duration, round: Duration) -> Option<String> {
        let watch = &mut self.watch;
        self.lost.retain(|(meta, since)| {
            let lost = meta.busy_since() == *since && *since != 0;
            if !lost {
                watch.came_back(&meta.path);
            }
            lost
        });
        let mut seen = Vec::new();
        self.vault.registry.each(|meta| {
            if let Some((message, lasting)) =
                meta.current().filter(|(_, lasting)| *lasting >= SLOW_AFTER)
            {
                let (path, handled) = (meta.path.clone(), meta.handled());
                let blocks = meta.kind.name == room::KIND.name;
                let since = meta.busy_since();
                seen.push((meta.clone(), since, Busy { path, handled, message, lasting, blocks }));
            }
        });
        let unanswered = self.beat.unanswered(now, round, &self.runtime);
        let busy = seen.iter().map(|(_, _, busy)| busy.clone()).collect();
        let mut why = None;
        for finding in self.watch.look(now, round, unanswered, busy) {
            match finding {
                Finding::Slow(Busy { path, message, lasting, .. }) => {
                    tracing::warn!(%path, doing = message, ?lasting, "an actor is at one message for long");
                }
                Finding::Stuck(busy) => {
                    if let Some((meta, since, _)) = seen.iter().find(|(.., seen)| *seen == busy) {
                        self.lost.push((meta.clone(), *since));
                        self.give_up(meta, &busy);
                    }
                }
                Finding::Hung(reason) => why = Some(reason),
            }
        }
        why
    }

    /// Members are told and keep their sockets; the actor is left to its loop and never started again.
    fn give_up(&self, meta: &ActorMeta, busy: &Busy) {
        let Busy { message, lasting, .. } = busy;
        let reason = format!("it has been at one {message} for {lasting:.1?}");
        self.vault.registry.failed(meta, Failure::new(Cause::Stuck, reason, Decision::Quarantine));
        let label = meta.name();
        let id = label.strip_prefix("room:").and_then(|id| id.parse::<RoomId>().ok());
        if let Some(cell) = id.and_then(|id| self.vault.room(id)) {
            room::close_stuck(&self.vault, &cell);
        }
        self.vault.room_supervisor.cast(DynamicMsg::Abandon { label: label.to_owned() });
    }
}

/// Whether the runtime answers: a task that does nothing but say so.
#[derive(Default)]
struct Beat {
    /// When the last question was asked, in milliseconds of the watchdog's age, and which were answered.
    asked: u64,
    asked_at: Duration,
    answered: Arc<AtomicU64>,
}

impl Beat {
    fn unanswered(&mut self, now: Duration, round: Duration, runtime: &Handle) -> Duration {
        if round >= state::STOOD_STILL {
            // The time in which nobody ran does not count.
            self.asked_at = now;
        }
        if self.answered.load(Ordering::Acquire) < self.asked {
            return now.saturating_sub(self.asked_at);
        }
        self.asked += 1;
        self.asked_at = now;
        let (answered, asked) = (self.answered.clone(), self.asked);
        runtime.spawn(async move { answered.store(asked, Ordering::Release) });
        Duration::ZERO
    }
}
