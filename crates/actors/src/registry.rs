//! Every supervised actor: where it stands in the tree, what it is doing, how often it has restarted and why. Traces,
//! metrics, the admin's tree and the watchdog all read this. It is part of the vault and outlives every actor.

mod incident;
mod meta;
mod spans;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use self::spans::Tracing;
pub use self::{
    incident::{Cause, Decision, Failure, Incident, Incidents},
    meta::{ActorMeta, Depth, Gauge, Kind, Place, State},
};

/// See the module.
pub struct ActorRegistry {
    clock: Clock,
    /// By path, so that a subtree is a range.
    actors: RwLock<BTreeMap<Arc<str>, Arc<ActorMeta>>>,
    incidents: Mutex<Incidents>,
    tracing: Arc<Tracing>,
}

/// Nanoseconds since the registry was made: one number, so that an atomic can hold it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    born: Instant,
    born_at: SystemTime,
}

impl Clock {
    pub(crate) fn now_ns(&self) -> u64 {
        self.born.elapsed().as_nanos() as u64
    }

    pub(crate) fn wall(&self, ns: u64) -> SystemTime {
        self.born_at + Duration::from_nanos(ns)
    }
}

impl Default for ActorRegistry {
    fn default() -> ActorRegistry {
        ActorRegistry {
            clock: Clock { born: Instant::now(), born_at: SystemTime::now() },
            actors: RwLock::default(),
            incidents: Mutex::default(),
            tracing: Arc::default(),
        }
    }
}

impl ActorRegistry {
    /// The place of an actor that is about to start for the first time, or the one that it already had: its counts go
    /// on when its supervisor restarts.
    pub fn enter(&self, place: Place<'_>) -> Arc<ActorMeta> {
        let path = place.path();
        let mut actors = self.actors.write();
        if let Some(known) = actors.get(path.as_str()) {
            return known.clone();
        }
        let tracing = self.tracing.clone();
        let meta = Arc::new(ActorMeta::new(path.into(), place, self.clock, tracing));
        actors.insert(meta.path.clone(), meta.clone());
        meta
    }

    /// The actor is gone for good.
    pub fn leave(&self, meta: &ActorMeta) {
        let known = self.actors.write().remove(&meta.path);
        if let (Some(meta), Some(observer)) = (known, self.observer()) {
            observer.ended(&meta);
        }
    }

    /// Notes a failure and what is done about it.
    pub fn failed(&self, meta: &ActorMeta, failure: Failure) {
        let trace = meta.spans_failed(&failure);
        meta.failed(&failure);
        let at = SystemTime::now();
        let restarts = meta.restarts();
        let incident = Incident::new(at, meta, failure, restarts, trace);
        let Incident { path, reason, decision, doing, .. } = &incident;
        let trace_id = incident.trace_id();
        tracing::error!(%path, %reason, %decision, doing, restarts, trace_id, "incident");
        let crash_loop = incident.decision == Decision::Quarantine;
        let gone = incident.cause != Cause::Stuck;
        self.incidents.lock().add(incident);
        if gone {
            // It is dead, or has not begun: the watchdog must not take it for one that hangs. One that is stuck is at
            // its message still.
            meta.at_rest();
        }
        if crash_loop {
            self.draw_crash_loop();
        }
    }

    /// Notes something that is wrong with an actor that goes on all the same.
    pub fn note(&self, meta: &ActorMeta, reason: String) {
        let failure = Failure::new(Cause::Error, reason, Decision::Ignore);
        let incident = Incident::new(SystemTime::now(), meta, failure, meta.restarts(), None);
        let Incident { path, reason, .. } = &incident;
        tracing::error!(%path, %reason, "incident");
        self.incidents.lock().add(incident);
    }

    pub fn get(&self, path: &str) -> Option<Arc<ActorMeta>> {
        self.actors.read().get(path).cloned()
    }

    /// The actor of that name, such as `store` or `room:<id>`.
    pub fn named(&self, name: &str) -> Option<Arc<ActorMeta>> {
        self.actors.read().values().find(|meta| meta.name() == name).cloned()
    }

    /// All actors, each after its supervisor.
    pub fn all(&self) -> Vec<Arc<ActorMeta>> {
        self.actors.read().values().cloned().collect()
    }

    /// Looks at each actor, without keeping a list of them.
    pub fn each(&self, look: impl FnMut(&Arc<ActorMeta>)) {
        self.actors.read().values().for_each(look);
    }

    /// The actors directly below `path`.
    pub fn children(&self, path: &str) -> Vec<Arc<ActorMeta>> {
        let first = format!("{path}/");
        let actors = self.actors.read();
        let below = actors.range::<str, _>((Bound::Included(first.as_str()), Bound::Unbounded));
        below
            .take_while(|(path, _)| path.starts_with(&first))
            .filter(|(path, _)| !path[first.len()..].contains('/'))
            .map(|(_, meta)| meta.clone())
            .collect()
    }

    /// Those below `path` of which `stays` says no are gone: their supervisor has restarted without them.
    pub(crate) fn retain_children(&self, path: &str, stays: impl Fn(&str) -> bool) {
        for child in self.children(path) {
            if !stays(child.name()) {
                self.leave(&child);
            }
        }
    }

    /// The last incidents, the latest first.
    pub fn incidents(&self) -> Vec<Incident> {
        self.incidents.lock().latest()
    }

    /// How many restarts there have been, by kind of actor and cause.
    pub fn restarts(&self) -> BTreeMap<(&'static str, Cause), u64> {
        self.incidents.lock().restarts().clone()
    }

    pub fn len(&self) -> usize {
        self.actors.read().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
