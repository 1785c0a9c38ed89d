//! Names that are kept apart for a while because what ran under them failed too often: who asks for one is told until
//! when, and it is not started meanwhile. It stands in the vault and outlives the supervisor that fills it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::registry::ActorMeta;

/// Names kept apart at the same time; the oldest is let go.
pub const KEPT_MAX: usize = 1_000;

/// Why a name is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// It has spent its budget of restarts.
    Crashed,
    /// It hangs.
    Stuck,
}

impl Apart {
    pub fn word(self) -> &'static str {
        match self {
            Apart::Crashed => "crashed",
            Apart::Stuck => "stuck",
        }
    }
}

/// What is told of a name that is kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub why: Apart,
    pub until: SystemTime,
}

/// The names that one supervisor keeps apart, all for the same time.
#[derive(Default)]
pub struct Quarantine(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    by_name: HashMap<Box<str>, Entry>,
    /// In the order in which they came, which is the one in which they go.
    order: VecDeque<Box<str>>,
}

struct Entry {
    meta: Arc<ActorMeta>,
    ends: Instant,
    kept: Kept,
}

impl Quarantine {
    /// Keeps a name apart. Returns those that are let go for it.
    pub(super) fn keep(
        &self,
        meta: Arc<ActorMeta>,
        why: Apart,
        time: Duration,
    ) -> Vec<Arc<ActorMeta>> {
        let name: Box<str> = meta.name().into();
        let kept = Kept { why, until: SystemTime::now() + time };
        let mut inner = self.0.lock();
        let entry = Entry { meta, ends: Instant::now() + time, kept };
        if inner.by_name.insert(name.clone(), entry).is_none() {
            inner.order.push_back(name);
        }
        let over = inner.order.len().saturating_sub(KEPT_MAX);
        inner.release(over)
    }

    /// Lets go those whose time is over, and returns them and when the next one's is.
    pub(super) fn sweep(&self) -> (Vec<Arc<ActorMeta>>, Option<Instant>) {
        let now = Instant::now();
        let mut inner = self.0.lock();
        let over = inner.order.iter().take_while(|name| inner.by_name[*name].ends <= now).count();
        let released = inner.release(over);
        let next = inner.order.front().map(|name| inner.by_name[name].ends);
        (released, next)
    }

    /// What is told of that name, if it is kept apart.
    pub fn get(&self, name: &str) -> Option<Kept> {
        let inner = self.0.lock();
        let entry = inner.by_name.get(name)?;
        (entry.ends > Instant::now()).then_some(entry.kept)
    }
}

impl Inner {
    /// Lets the `n` oldest go.
    fn release(&mut self, n: usize) -> Vec<Arc<ActorMeta>> {
        let names: Vec<_> = self.order.drain(..n).collect();
        names.iter().filter_map(|name| self.by_name.remove(name)).map(|e| e.meta).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{ActorRegistry, Kind, Place};
    use crate::supervisor::Restart;

    const KIND: Kind = Kind::new("thing", &[]);
    const TIME: Duration = Duration::from_secs(600);

    fn meta(name: &str) -> Arc<ActorMeta> {
        let (kind, restart) = (&KIND, Restart::Transient);
        let place =
            Place { under: "/root", above: None, name, kind, restart, strategy: None, inbox: None };
        ActorRegistry::default().enter(place)
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_kept_apart_for_its_time_and_no_longer() {
        let quarantine = Quarantine::default();
        assert_eq!(quarantine.get("room:a"), None);
        quarantine.keep(meta("room:a"), Apart::Stuck, TIME);
        let kept = quarantine.get("room:a").unwrap();
        assert_eq!(kept.why, Apart::Stuck);
        let left = kept.until.duration_since(SystemTime::now()).unwrap();
        assert!(left <= TIME && left > TIME - Duration::from_secs(60), "{left:?}");
        assert_eq!(quarantine.get("room:b"), None);
        tokio::time::sleep(TIME).await;
        assert_eq!(quarantine.get("room:a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn those_whose_time_is_over_are_let_go_the_oldest_first() {
        let quarantine = Quarantine::default();
        let begin = Instant::now();
        for name in ["a", "b", "c"] {
            quarantine.keep(meta(name), Apart::Crashed, TIME);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let sweep = || {
            let (released, next) = quarantine.sweep();
            let names: Vec<_> = released.iter().map(|meta| meta.name().to_owned()).collect();
            (names, next.map(|next| next - begin))
        };
        assert_eq!(sweep(), (vec![], Some(TIME)));
        tokio::time::sleep_until(begin + TIME + Duration::from_secs(1)).await;
        let second = Duration::from_secs(2);
        assert_eq!(sweep(), (vec!["a".to_owned(), "b".to_owned()], Some(TIME + second)));
        tokio::time::sleep(TIME).await;
        assert_eq!(sweep(), (vec!["c".to_owned()], None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_names_pushes_the_oldest_out() {
        let quarantine = Quarantine::default();
        for n in 0..KEPT_MAX {
            assert!(quarantine.keep(meta(&format!("room:{n}")), Apart::Crashed, TIME).is_empty());
        }
        // One that is there already takes no second place.
        assert!(quarantine.keep(meta("room:7"), Apart::Crashed, TIME).is_empty());
        let released = quarantine.keep(meta("room:new"), Apart::Crashed, TIME);
        assert_eq!(released.iter().map(|meta| meta.name()).collect::<Vec<_>>(), ["room:0"]);
        assert_eq!(quarantine.get("room:0"), None);
        assert!(quarantine.get("room:new").is_some());
    }
}
