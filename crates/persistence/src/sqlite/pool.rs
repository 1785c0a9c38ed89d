//! A pool of connections: a queue in front of bb8 that is fair, and calls on the blocking pool that end in time.

use std::{path::Path, sync::Arc, time::Duration};

use gamev1_actors::ports::StoreError;
use rusqlite::ErrorCode;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    connection::{Connection, Managed, Manager, Use},
    flight::{Flight, Waiter},
};
use crate::{
    breaker::{Class, Guard, Permit},
    stall::Stall,
};

/// How long a call may take, and how long SQLite itself may wait for another process within that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) call: Duration,
    pub(super) busy: Duration,
}

/// Thirty years are no bound, and unlike `Duration::MAX` they can be added to an instant.
const UNBOUNDED: Duration = Duration::from_secs(1_000_000_000);

pub(super) struct Pool {
    /// bb8 wakes the one who waits longest but lets a later one take the connection first.
    turns: Arc<Semaphore>,
    size: u32,
    connections: bb8::Pool<Managed>,
    manager: Arc<Manager>,
    patience: Patience,
    stall: Arc<Stall>,
    guard: Guard,
}

impl Pool {
    pub(super) fn new(
        file: &Path,
        used_for: Use,
        size: u32,
        patience: Patience,
        stall: Arc<Stall>,
    ) -> Pool {
        let manager = Arc::new(Manager::new(file, used_for, patience.busy));
        let connections = bb8::Pool::builder()
            .max_size(size)
            .connection_timeout(patience.call)
            .test_on_check_out(false)
            .queue_strategy(bb8::QueueStrategy::Lifo)
            // A connection to a file does not age; what it has prepared is worth keeping.
            .max_lifetime(None)
            .idle_timeout(None)
            .build_unchecked(Managed(manager.clone()));
        let turns = Arc::new(Semaphore::new(size as usize));
        let guard = Guard::new(match used_for {
            Use::Read => Class::Read,
            Use::Write => Class::Write,
        });
        Pool { turns, size, connections, manager, patience, stall, guard }
    }

    pub(super) fn size(&self) -> u32 {
        self.size
    }

    pub(super) fn attempts(&self) -> u64 {
        self.manager.attempts()
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(super) fn state(&self) -> bb8::State {
        self.connections.state()
    }

    /// Takes in a connection that was made elsewhere.
    pub(super) fn add(&self, connection: Connection) {
        // A full pool has no use for it, and then it may as well be closed.
        drop(self.connections.add(connection));
    }

    /// Runs `work` on the blocking pool with a connection of its own, within the bound of a call.
    pub(super) async fn call<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.admitted(|sqlite, _| work(sqlite)).await
    }

    /// Runs `work` in one transaction: all of it is kept or nothing.
    pub(super) async fn transaction<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.admitted(|sqlite, flight| {
            let transaction = sqlite.transaction()?;
            let done = work(&transaction)?;
            if flight.abandoned() {
                // Between two statements nothing is there to be interrupted. The answer reaches nobody.
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_INTERRUPT),
                    None,
                ));
            }
            transaction.commit()?;
            Ok(done)
        })
        .await
    }

    /// As [`Pool::call`], for what may take as long as it takes.
    pub(super) async fn unbounded<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.looked(UNBOUNDED, work).await
    }

    /// As [`Pool::call`] within a bound of its own, whatever the breaker thinks, which learns from it.
    pub(super) async fn looked<T, W>(&self, within: Duration, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let mut permit = self.guard.look();
        let done = self.within(&mut permit, within, |sqlite, _| work(sqlite)).await;
        permit.settle(&done);
        done
    }

    async fn admitted<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut rusqlite::Connection, &Flight) -> rusqlite::Result<T> + Send + 'static,
    {
        let mut permit = self.guard.admit()?;
        let done = self.within(&mut permit, self.patience.call, work).await;
        permit.settle(&done);
        done
    }

    async fn within<T, W>(
        &self,
        permit: &mut Permit<'_>,
        bound: Duration,
        work: W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&mut rusqlite::Connection, &Flight) -> rusqlite::Result<T> + Send + 'static,
    {
        let deadline = Instant::now() + bound;
        let out_of_time = |what| StoreError::Unavailable(format!("{what} within {bound:?}"));

        let turn = timeout_at(deadline, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| out_of_time("no connection was free"))?;
        let turn = turn.map_err(|_| StoreError::Unavailable("it is closed".to_owned()))?;
        let connection = match timeout_at(deadline, self.connections.get_owned()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(_)) | Err(_) => {
                let reason = self.manager.failure().map_or(String::new(), |why| format!(": {why}"));
                return Err(StoreError::Unavailable(format!("no connection was made{reason}")));
            }
        };

        permit.begins();
        let held = timeout_at(deadline, self.stall.over()).await;
        held.map_err(|_| out_of_time("no answer came"))?;
        let busy = self.patience.busy;
        let waiter = Waiter(Flight::new());
        let flight = waiter.0.clone();
        let call = tokio::task::spawn_blocking(move || {
            // The turn ends when the work has really ended, not when somebody stops waiting for it.
            let _turn = turn;
            let mut connection = connection;
            let left = deadline.saturating_duration_since(Instant::now());
            run(&mut connection, &flight, busy.min(left), work)
        });
        match timeout_at(deadline, call).await {
            Ok(Ok(done)) => done,
            Ok(Err(gone)) => {
                tracing::error!(%gone, "a call to the database did not come to its end");
                Err(StoreError::Refused("the call failed on this side".to_owned()))
            }
            Err(_) => Err(out_of_time("no answer came")),
        }
    }

    /// Waits for the calls that are running, refuses those that wait, and closes every connection after `last`.
    pub(super) async fn close(&self, last: fn(&rusqlite::Connection) -> rusqlite::Result<()>) {
        let Ok(_all) = self.turns.acquire_many(self.size).await else { return };
        self.turns.close();
        while self.connections.state().idle_connections > 0 {
            let Ok(mut connection) = self.connections.get_owned().await else { return };
            let closed = tokio::task::spawn_blocking(move || {
                if let Err(reason) = last(&connection.sqlite) {
                    tracing::warn!(%reason, "the database was closed without being tidied");
                }
                connection.poisoned = true;
            });
            if closed.await.is_err() {
                return;
            }
        }
    }
}

/// One call, on a thread of the blocking pool.
fn run<T, W>(
    connection: &mut Connection,
    flight: &Flight,
    busy: Duration,
    work: W,
) -> Result<T, StoreError>
where
    W: FnOnce(&mut rusqlite::Connection, &Flight) -> rusqlite::Result<T>,
{
    if !flight.begin(&connection.sqlite) {
        return Err(StoreError::Unavailable("nobody waits for it".to_owned()));
    }
    connection.poisoned = true;
    let done =
        connection.sqlite.busy_timeout(busy).and_then(|()| work(&mut connection.sqlite, flight));
    let broken = done.as_ref().is_err_and(breaks) || !connection.sqlite.is_autocommit();
    connection.poisoned = !flight.end() || broken;
    done.map_err(|error| fault(&error))
}

/// Whether the connection that met this is not to be used again.
fn breaks(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, DatabaseCorrupt, NotADatabase, SystemIoFailure};
    let code = error.sqlite_error_code();
    matches!(code, Some(CannotOpen | DatabaseCorrupt | NotADatabase | SystemIoFailure))
}

/// What may be over when it is tried again, and what will not be.
pub(super) fn fault(error: &rusqlite::Error) -> StoreError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, FileLockingProtocolFailed,
        OperationInterrupted, OutOfMemory, SystemIoFailure,
    };
    // This one alone prints the whole of its SQL, which for a migration is a file.
    let reason = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(
            CannotOpen
            | DatabaseBusy
            | DatabaseLocked
            | DiskFull
            | FileLockingProtocolFailed
            | OperationInterrupted
            | OutOfMemory
            | SystemIoFailure,
        ) => StoreError::Unavailable(reason),
        _ => StoreError::Refused(reason),
    }
}

#[cfg(test)]
mod tests;
