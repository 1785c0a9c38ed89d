//! Whether the server may admit anyone: one value to which each part reports.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;

/// Shared by all parts. Ready when every part that is awaited has said so and nobody drains.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    draining: AtomicBool,
    /// The parts, and what keeps those back that are not ready.
    parts: Mutex<BTreeMap<&'static str, Option<String>>>,
}

impl Readiness {
    /// Not ready until each of `parts` has reported.
    pub fn awaiting(parts: &[&'static str]) -> Readiness {
        let waiting = parts.iter().map(|&part| (part, Some("starting".to_owned()))).collect();
        Readiness(Arc::new(Inner { draining: AtomicBool::new(false), parts: Mutex::new(waiting) }))
    }

    pub fn set_ready(&self, part: &'static str) {
        self.0.parts.lock().insert(part, None);
    }

    pub fn set_waiting(&self, part: &'static str, reason: impl Into<String>) {
        self.0.parts.lock().insert(part, Some(reason.into()));
    }

    pub fn set_draining(&self) {
        self.0.draining.store(true, Ordering::Release);
    }

    pub fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    pub fn ready(&self) -> bool {
        !self.draining() && self.0.parts.lock().values().all(Option::is_none)
    }

    /// What keeps the server from being ready, one sentence a part.
    pub fn reasons(&self) -> Vec<String> {
        let draining = self.draining().then(|| "draining".to_owned());
        let parts = self.0.parts.lock();
        let waiting =
            parts.iter().filter_map(|(part, reason)| Some(format!("{part}: {}", reason.as_ref()?)));
        draining.into_iter().chain(waiting).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_all_parts_are_and_not_while_it_drains() {
        let readiness = Readiness::awaiting(&["store", "tree"]);
        readiness.set_ready("tree");
        assert_eq!(readiness.reasons(), ["store: starting"]);
        readiness.set_ready("store");
        assert!(readiness.ready());
        readiness.set_waiting("store", "the database does not answer");
        assert!(!readiness.ready());
        readiness.set_ready("store");
        readiness.set_draining();
        assert_eq!(readiness.reasons(), ["draining"]);
        assert!(!readiness.ready());
    }
}
