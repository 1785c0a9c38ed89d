//! A call on the blocking pool and the task that waits for it: how each learns that the other has gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::InterruptHandle;

enum Phase {
    Waiting,
    Running(InterruptHandle),
    Over,
    Abandoned,
}

/// Shared by the two sides of one call.
pub(super) struct Flight(Mutex<Phase>);

impl Flight {
    pub(super) fn new() -> Arc<Flight> {
        Arc::new(Flight(Mutex::new(Phase::Waiting)))
    }

    /// The call begins. False when nobody waits for it any more: then nothing is to be done.
    pub(super) fn begin(&self, sqlite: &rusqlite::Connection) -> bool {
        let mut phase = self.phase();
        match *phase {
            Phase::Waiting => *phase = Phase::Running(sqlite.get_interrupt_handle()),
            Phase::Running(_) | Phase::Over | Phase::Abandoned => return false,
        }
        true
    }

    /// The call has come to its end. False when it was abandoned on the way. After this the connection is not
    /// interrupted any more, and so the next one who borrows it never is.
    pub(super) fn end(&self) -> bool {
        let mut phase = self.phase();
        let awaited = !matches!(*phase, Phase::Abandoned);
        *phase = Phase::Over;
        awaited
    }

    pub(super) fn abandoned(&self) -> bool {
        matches!(*self.phase(), Phase::Abandoned)
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Held by the task that waits. Dropped before the call is over, it stops the call.
pub(super) struct Waiter(pub(super) Arc<Flight>);

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut phase = self.0.phase();
        match &*phase {
            Phase::Running(statement) => statement.interrupt(),
            Phase::Waiting => {}
            Phase::Over | Phase::Abandoned => return,
        }
        *phase = Phase::Abandoned;
    }
}
