//! Whose turn it is to have a connection: first come, first served, and never more at a time than there are connections.
//! bb8 wakes the one who waits longest but lets a later one take the connection first: if more were let through, they
//! would wait for all the connections that are still to be made. So the pool grows by one at a time, for whoever finds
//! no turn free.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit, TryAcquireError};

pub(super) struct Turns {
    free: Semaphore,
    min: usize,
    max: usize,
    state: Mutex<State>,
}

struct State {
    /// Turns that there are: the free ones, those that are taken, and the one of a connection that is being made.
    size: usize,
    growing: bool,
    closing: bool,
}

/// A turn, until it is dropped.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    kind: Kind<'t>,
}

enum Kind<'t> {
    Kept {
        _permit: SemaphorePermit<'t>,
    },
    /// One more than there were. It is kept if its connection could be made.
    New {
        made: bool,
    },
}

impl Turns {
    /// `min` turns to begin with, `max` in time.
    pub(super) fn new(min: usize, max: usize) -> Turns {
        let state = Mutex::new(State { size: min, growing: false, closing: false });
        Turns { free: Semaphore::new(min), min, max, state }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// When no turns are given any more.
    pub(super) async fn take(&self) -> Result<Turn<'_>, AcquireError> {
        let permit = match self.free.try_acquire() {
            Err(TryAcquireError::NoPermits) if self.grow() => {
                return Ok(Turn { turns: self, kind: Kind::New { made: false } });
            }
            Ok(permit) => permit,
            Err(_) => self.free.acquire().await?,
        };
        Ok(Turn { turns: self, kind: Kind::Kept { _permit: permit } })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grow(&self) -> bool {
        let mut state = self.state();
        let more = !state.growing && !state.closing && state.size < self.max;
        if more {
            state.growing = true;
            state.size += 1;
        }
        more
    }

    /// The turn of a connection that was being made is over.
    fn grown(&self, made: bool) {
        let mut state = self.state();
        state.growing &= made;
        // Whoever closes waits for as many as there were.
        if made || state.closing {
            self.free.add_permits(1);
        } else {
            state.size -= 1;
        }
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

impl Turn<'_> {
    /// Its connection is there: the next may be made.
    pub(super) fn connected(&mut self) {
        if let Kind::New { made } = &mut self.kind {
            *made = true;
            self.turns.state().growing = false;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Kind::New { made } = self.kind {
            self.turns.grown(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, poll};

    use super::*;

    /// A turn that is to be had at once.
    fn taken(turns: &Turns) -> Option<Turn<'_>> {
        turns.take().now_or_never()?.ok()
    }

    fn connected(turns: &Turns) -> Option<Turn<'_>> {
        let mut turn = taken(turns)?;
        turn.connected();
        Some(turn)
    }

    #[test]
    fn there_are_as_many_turns_as_connections_and_one_more_is_made_at_a_time() {
        let turns = Turns::new(2, 4);
        let (_one, _two) = (connected(&turns).unwrap(), connected(&turns).unwrap());
        let mut three = taken(&turns).unwrap();
        assert!(taken(&turns).is_none(), "the third connection is not there yet");
        three.connected();
        let _four = connected(&turns).unwrap();
        assert!(taken(&turns).is_none(), "there are no more than four");
        drop(three);
        assert!(connected(&turns).is_some(), "a turn that was made is kept");
    }

    #[test]
    fn a_turn_whose_connection_was_not_made_is_gone_and_the_next_may_try() {
        let turns = Turns::new(1, 2);
        let _one = connected(&turns).unwrap();
        for _ in 0..3 {
            let two = taken(&turns).unwrap();
            assert!(taken(&turns).is_none());
            drop(two);
        }
        assert!(connected(&turns).is_some());
        assert_eq!(turns.state().size, 2);
    }

    #[tokio::test]
    async fn who_waits_longest_is_served_first() {
        let turns = Turns::new(1, 1);
        let first = connected(&turns).unwrap();
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
        let all: Vec<_> = (0..4).map(|_| connected(&turns).unwrap()).collect();
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
    async fn closing_waits_for_every_turn_whatever_comes_of_it() {
        for made in [true, false] {
            let turns = Turns::new(1, 3);
            let one = connected(&turns).unwrap();
            let mut two = taken(&turns).unwrap();
            let mut closing = Box::pin(turns.close());
            assert!(poll!(&mut closing).is_pending());
            let mut late = Box::pin(turns.take());
            assert!(poll!(&mut late).is_pending(), "no more are made");
            if made {
                two.connected();
            }
            drop(one);
            assert!(poll!(&mut closing).is_pending());
            drop(two);
            closing.await;
            assert!(late.await.is_err() && turns.is_closed());
        }
    }
}
