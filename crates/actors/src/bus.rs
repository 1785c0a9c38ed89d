//! What happens in one place and concerns all: told over a bus to whoever listens, in this process and, behind another
//! implementation, in others.
//!
//! A notice is a hint and never the only word: what it tells is stored before, and a listener that has missed one, which
//! it learns, reads what is stored. So a bus may be fast and need not be certain.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

use crate::{inbox::Inbox, ports::Revoked};

/// Notices that wait at a listener. Beyond that they are dropped, and the listener reads what is stored.
const WAITING_MAX: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Revoked(Revoked),
}

pub trait Bus: Send + Sync + 'static {
    /// Tells all who listen. Waits for nobody.
    fn publish(&self, notice: Notice);

    /// Listens to what is published from now on, for as long as the line lives.
    fn subscribe(&self) -> Arc<Line>;
}

/// What waits at one listener, in the order in which it was published.
pub struct Line {
    pub waiting: Inbox<Notice>,
    missed: AtomicBool,
}

impl Default for Line {
    fn default() -> Line {
        Line { waiting: Inbox::new(WAITING_MAX), missed: AtomicBool::new(false) }
    }
}

impl Line {
    pub fn put(&self, notice: Notice) {
        if self.waiting.push(notice).is_err() {
            self.missed.store(true, Ordering::Release);
            // It may just have emptied the queue and gone to sleep.
            self.waiting.nudge();
        }
    }

    /// Whether notices were dropped since this was last asked.
    pub fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }
}

/// The bus of a single process.
#[derive(Default)]
pub struct LocalBus(Mutex<Vec<Weak<Line>>>);

impl Bus for LocalBus {
    fn publish(&self, notice: Notice) {
        let mut lines = self.0.lock();
        lines.retain(|line| {
            line.upgrade().is_some_and(|line| {
                line.put(notice);
                true
            })
        });
    }

    fn subscribe(&self) -> Arc<Line> {
        let line = Arc::<Line>::default();
        self.0.lock().push(Arc::downgrade(&line));
        line
    }
}

#[cfg(test)]
mod tests {
    use gamev1_protocol::SignInId;

    use super::*;

    fn notice() -> Notice {
        Notice::Revoked(Revoked::SignIn(SignInId::new()))
    }

    #[test]
    fn each_listener_hears_everything_in_order_and_the_gone_are_forgotten() {
        let bus = LocalBus::default();
        let (one, other) = (bus.subscribe(), bus.subscribe());
        let notices = [notice(), notice()];
        notices.into_iter().for_each(|notice| bus.publish(notice));
        assert_eq!(one.waiting.copy(), notices);
        assert_eq!(other.waiting.copy(), notices);
        drop(other);
        bus.publish(notice());
        assert_eq!((one.waiting.depth(), bus.0.lock().len()), (3, 1));
        assert!(!one.take_missed());
    }

    #[test]
    fn a_listener_that_does_not_keep_up_learns_that_it_missed_something() {
        let bus = LocalBus::default();
        let line = bus.subscribe();
        (0..=WAITING_MAX).for_each(|_| bus.publish(notice()));
        assert_eq!(line.waiting.depth(), WAITING_MAX);
        assert!(line.take_missed());
        assert!(!line.take_missed());
    }
}
