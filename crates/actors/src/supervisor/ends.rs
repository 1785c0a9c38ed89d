//! How a child begins and ends: the waits that its supervisor does, each with a bound, and what it is told afterwards.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use parking_lot::Mutex;
use ractor::{ActorCell, ActorId, SupervisionEvent, concurrency::JoinHandle};
use tokio::time::timeout;

use super::{Exit, Shutdown, Start, Started};
use crate::{
    panics::{self, Panicked},
    registry::{ActorMeta, Cause},
};

/// A child is made in this time or its start has failed; of a supervisor, with all of its own.
const START_WITHIN: Duration = Duration::from_secs(30);
/// A killed child ends at its next `await`. One that has not by then never may; it is left to itself.
pub(crate) const KILLED_WITHIN: Duration = Duration::from_secs(1);
/// How ractor names the reason of a kill.
const KILLED: &str = "killed";
/// The reason that a supervisor gives its children, and, with more behind it, its own one when it gives up.
pub(super) const SHUTDOWN: &str = "shutdown";

/// The tasks of a supervisor's children. They stand above it, for it may die itself: its children are killed then, and
/// the next incarnation starts its own when those are gone.
#[derive(Default)]
pub struct Remains(Mutex<HashMap<ActorId, JoinHandle<()>>>);

impl Remains {
    pub(super) fn keep(&self, (cell, task): Started) -> ActorCell {
        self.0.lock().insert(cell.get_id(), task);
        cell
    }

    pub(super) fn take(&self, child: &ActorCell) -> Option<JoinHandle<()>> {
        self.0.lock().remove(&child.get_id())
    }

    /// Waits until the children of the last incarnation are gone.
    pub(super) async fn clear(&self) {
        let left = std::mem::take(&mut *self.0.lock());
        if timeout(KILLED_WITHIN, join_all(left.into_values())).await.is_err() {
            tracing::error!(
                "children of the last incarnation do not end and are left to themselves"
            );
        }
    }

    /// Waits until all that a dead child held is dropped, and says why it died.
    pub(super) async fn bury(&self, child: &ActorCell, reason: &str) -> (Cause, Option<Panicked>) {
        let Some(task) = self.take(child) else { return (Cause::Error, None) };
        let id = task.id();
        // The event is posted before the dead child's state is dropped. How its task ended is in the event.
        let _ = timeout(KILLED_WITHIN, task).await;
        match panics::take(id, reason) {
            Some(panicked) => (Cause::Panic, Some(panicked)),
            None if reason == KILLED => (Cause::Killed, None),
            None => (Cause::Error, None),
        }
    }

    /// Stops a child as it is to be stopped; returns when all that it held is dropped.
    pub(super) async fn stop(&self, child: ActorCell, shutdown: Shutdown, supervisor: ActorCell) {
        let task = self.take(&child);
        // Otherwise its state would travel to the supervisor as an event, and live until that is read.
        child.unlink(supervisor);
        match shutdown {
            Shutdown::BrutalKill => child.kill(),
            Shutdown::Within(time) => {
                child.stop(Some(SHUTDOWN.into()));
                if child.wait(Some(time)).await.is_err() {
                    child.kill();
                }
            }
        }
        let Some(task) = task else { return };
        if timeout(KILLED_WITHIN, task).await.is_err() {
            let id = child.get_id();
            tracing::error!(actor = %id, "it was killed and does not end: it is left to itself");
        }
    }
}

/// Starts a child.
///
/// # Errors
/// Why it did not start.
pub(super) async fn begin(
    start: &Start,
    supervisor: ActorCell,
    meta: Arc<ActorMeta>,
) -> Result<Started, String> {
    let mut traced = meta.starting();
    let started = match timeout(START_WITHIN, start(supervisor, meta)).await {
        Ok(started) => started.map_err(|error| error.to_string()),
        Err(_) => Err(format!("it takes longer than {START_WITHIN:?}")),
    };
    if let (Err(reason), Some(traced)) = (&started, &mut traced) {
        traced.fail(reason);
    }
    started
}

/// Reads from an event which actor ended, how, and why.
pub(super) fn ended(event: SupervisionEvent) -> Option<(ActorId, Exit, String)> {
    match event {
        SupervisionEvent::ActorFailed(cell, error) => {
            Some((cell.get_id(), Exit::Failed, error.to_string()))
        }
        SupervisionEvent::ActorTerminated(cell, state, reason) => {
            let reason = reason.unwrap_or_else(|| "it stopped".into());
            let exit = match reason.strip_prefix(SHUTDOWN) {
                // An aborted task leaves no state behind; a kill may, and says so.
                _ if state.is_none() || reason == KILLED => Exit::Failed,
                Some(rest) if rest.is_empty() || rest.starts_with(": ") => Exit::Shutdown,
                _ => Exit::Normal,
            };
            Some((cell.get_id(), exit, reason))
        }
        _ => None,
    }
}
