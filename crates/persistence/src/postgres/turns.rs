//! Whose turn it is to have a connection: first come, first served, and never more at a time than there are connections.
//! bb8 wakes the one who waits longest but lets a later one take the connection first: if more were let through, they
//! would wait for all the connections that are still to be made. So the pool grows by one at a time, when somebody finds
//! no turn free, and nobody waits for that connection alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

pub(super) struct Turns {
    free: Semaphore,
    min: usize,
    max: usize,
    state: Mutex<State>,
}

struct State {
    /// Turns that there are: those that are free or taken, and the one of a connection that is being made.
    size: usize,
    growing: bool,
    closing: bool,
}

/// A connection is to be made, and a turn with it once it is there.
pub(super) struct Growth {
    turns: Arc<Turns>,
    made: bool,
}

impl Turns {
    /// `min` turns to begin with, `max` in time.
    pub(super) fn new(min: usize, max: usize) -> Arc<Turns> {
        let state = Mutex::new(State { size: min, growing: false, closing: false });
        Arc::new(Turns { free: Semaphore::new(min), min, max, state })
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// When no turns are given any more.
    pub(super) async fn take(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.free.acquire().await
    }

    /// What is to be done when there are too few turns: all are taken, and one more is allowed and not on its way.
    pub(super) fn grow(self: &Arc<Turns>) -> Option<Growth> {
        if self.free.available_permits() > 0 {
            return None;
        }
        let mut state = self.state();
        if state.growing || state.closing || state.size >= self.max {
            return None;
        }
        state.growing = true;
        state.size += 1;
        Some(Growth { turns: self.clone(), made: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes back what is free beyond the connections that there are: idle ones are closed in time, and all are when the
    /// database goes away.
    pub(super) fn fit(&self, connections: usize) {
        let mut state = self.state();
        let surplus = state.size.saturating_sub(connections.max(self.min));
        if !state.growing && !state.closing {
            state.size -= self.free.forget_permits(surplus);
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.free.is_closed()
    }

    /// Waits for those whose turn it is and refuses those who wait.
    pub(super) async fn close(&self) {
        let size = {
            let mut state = self.state();
            state.closing = true;
            state.size
        };
        let Ok(_all) = self.free.acquire_many(size as u32).await else { return };
        self.free.close();
    }
}

impl Growth {
    /// The connection is there.
    pub(super) fn made(mut self) {
        self.made = true;
    }
}

impl Drop for Growth {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.growing = false;
        // Whoever closes waits for as many as there were.
        if self.made || state.closing {
            self.turns.free.add_permits(1);
        } else {
            state.size -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, poll};

    use super::*;

    /// A turn that is to be had at once.
    fn taken(turns: &Turns) -> Option<SemaphorePermit<'_>> {
        turns.take().now_or_never()?.ok()
    }

    #[test]
    fn there_are_as_many_turns_as_connections_and_one_more_is_made_at_a_time() {
        let turns = Turns::new(2, 4);
        let _one = taken(&turns).unwrap();
        assert!(turns.grow().is_none(), "one is free");
        let _two = taken(&turns).unwrap();
        let third = turns.grow().unwrap();
        assert!(taken(&turns).is_none(), "the third connection is not there yet");
        assert!(turns.grow().is_none(), "it is on its way");
        third.made();
        let _three = taken(&turns).unwrap();
        turns.grow().unwrap().made();
        let _four = taken(&turns).unwrap();
        assert!(turns.grow().is_none(), "there are no more than four");
    }

    #[test]
    fn a_connection_that_was_not_made_gives_no_turn_and_the_next_may_be_tried() {
        let turns = Turns::new(1, 2);
        let _one = taken(&turns).unwrap();
        for _ in 0..3 {
            drop(turns.grow().unwrap());
            assert!(taken(&turns).is_none());
        }
        turns.grow().unwrap().made();
        assert!(taken(&turns).is_some());
        assert_eq!(turns.state().size, 2);
    }

    #[tokio::test]
    async fn who_waits_longest_is_served_first() {
        let turns = Turns::new(1, 1);
        let first = taken(&turns).unwrap();
        let (mut second, mut third) = (Box::pin(turns.take()), Box::pin(turns.take()));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        drop(first);
        assert!(taken(&turns).is_none(), "nobody overtakes");
        assert!(poll!(&mut third).is_pending());
        let second = second.await.unwrap();
        assert!(poll!(&mut third).is_pending());
        drop(second);
        assert!(third.await.is_ok());
    }

    #[test]
    fn what_there_is_no_connection_for_is_taken_back() {
        let turns = Turns::new(2, 4);
        let mut all = vec![taken(&turns).unwrap(), taken(&turns).unwrap()];
        for _ in 0..2 {
            turns.grow().unwrap().made();
            all.push(taken(&turns).unwrap());
        }
        turns.fit(0);
        assert_eq!(turns.state().size, 4, "all are taken");
        drop(all);
        turns.fit(3);
        assert_eq!((turns.state().size, turns.free.available_permits()), (3, 3));
        turns.fit(0);
        assert_eq!((turns.state().size, turns.free.available_permits()), (2, 2));
        turns.fit(4);
        assert_eq!(turns.state().size, 2, "it grows when that is asked for");
    }

    #[tokio::test]
    async fn closing_waits_for_every_turn_and_for_the_connection_that_is_being_made() {
        for made in [true, false] {
            let turns = Turns::new(1, 3);
            let one = taken(&turns).unwrap();
            let two = turns.grow().unwrap();
            let mut closing = Box::pin(turns.close());
            assert!(poll!(&mut closing).is_pending());
            let mut late = Box::pin(turns.take());
            assert!(poll!(&mut late).is_pending() && turns.grow().is_none(), "no more are made");
            drop(one);
            assert!(poll!(&mut closing).is_pending());
            if made {
                two.made()
            } else {
                drop(two)
            }
            closing.await;
            assert!(late.await.is_err() && turns.is_closed());
        }
    }
}
