//! One connection to the SQLite file, and bb8's manager that makes them.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::{OpenFlags, TransactionBehavior};

/// More than there are statements in `sql.rs`, so that each is prepared once a connection.
const STATEMENTS_CACHED_MAX: usize = 128;

/// A connection, and whether it may be given to anyone again.
pub(super) struct Connection {
    pub(super) sqlite: rusqlite::Connection,
    /// Set while a call is using it, so that one that panics leaves it set.
    pub(super) poisoned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Write,
    Read,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the journal is {got:?} and cannot be made a write-ahead log here")]
    NoWriteAheadLog { got: String },
    #[error("the thread that was to open it ended")]
    Thread,
}

impl ConnectError {
    /// Whether another process holds the file just now.
    pub(super) fn is_busy(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        match self {
            ConnectError::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
            }
            ConnectError::NoWriteAheadLog { .. } | ConnectError::Thread => false,
        }
    }
}

/// Makes connections for bb8.
pub(super) struct Manager {
    file: PathBuf,
    used_for: Use,
    busy: Duration,
    attempts: AtomicU64,
    /// Why the last one could not be made. bb8 itself only says that time ran out.
    failure: Mutex<Option<String>>,
}

impl Manager {
    pub(super) fn new(file: &Path, used_for: Use, busy: Duration) -> Manager {
        Manager {
            file: file.to_owned(),
            used_for,
            busy,
            attempts: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often the file was to be opened.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }
}

/// bb8 takes its manager by value; the pool keeps looking at it.
pub(super) struct Managed(pub(super) std::sync::Arc<Manager>);

impl bb8::ManageConnection for Managed {
    type Connection = Connection;
    type Error = ConnectError;

    async fn connect(&self) -> Result<Connection, ConnectError> {
        let Manager { file, used_for, busy, attempts, .. } = &*self.0;
        attempts.fetch_add(1, Ordering::Relaxed);
        let (file, used_for, busy) = (file.clone(), *used_for, *busy);
        let connected = tokio::task::spawn_blocking(move || connect(&file, used_for, busy)).await;
        let connected = connected.unwrap_or(Err(ConnectError::Thread));
        let why = connected.as_ref().err().map(ToString::to_string);
        let mut failure = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
        // Said once, however often it is tried.
        if let Some(reason) = why.as_ref().filter(|_| *failure != why) {
            tracing::warn!(%reason, file = %self.0.file.display(), "no connection to the database");
        }
        *failure = why;
        connected
    }

    async fn is_valid(&self, _: &mut Connection) -> Result<(), ConnectError> {
        // A file does not hang up: what is wrong with it shows in the call itself.
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.poisoned
    }
}

/// Opens the file, which must exist. Blocks.
pub(super) fn connect(
    file: &Path,
    used_for: Use,
    busy: Duration,
) -> Result<Connection, ConnectError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut sqlite = rusqlite::Connection::open_with_flags(file, flags)?;
    // First of all: another process may hold the file just now.
    sqlite.busy_timeout(busy)?;
    sqlite.pragma_update(None, "synchronous", "FULL")?;
    sqlite.pragma_update(None, "foreign_keys", "ON")?;
    sqlite.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    match used_for {
        Use::Write => {
            write_ahead_log(&sqlite)?;
            // A transaction that begins by reading and writes later is refused without a wait when another process
            // has written in between.
            sqlite.set_transaction_behavior(TransactionBehavior::Immediate);
        }
        Use::Read => sqlite.pragma_update(None, "query_only", "ON")?,
    }
    Ok(Connection { sqlite, poisoned: false })
}

fn write_ahead_log(sqlite: &rusqlite::Connection) -> Result<(), ConnectError> {
    let got: String =
        sqlite.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if got == "wal" { Ok(()) } else { Err(ConnectError::NoWriteAheadLog { got }) }
}
