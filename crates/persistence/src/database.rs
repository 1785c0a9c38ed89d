//! What the server asks of a database, whichever engine it is: every port, and the life of the database itself.

use std::{path::Path, sync::Arc, time::Duration};

use gamev1_actors::ports::{Answer, RoomStore, SanctionStore, StoreError};

use crate::{
    accounts::Accounts,
    audit::Audit,
    backup::Backups,
    breaker::{ClassCondition, WaitObserver},
    credentials::Credentials,
    history::History,
    login_ledger::LoginLedger,
    players::Players,
    postgres::{DatabaseUrl, Postgres, PostgresOptions},
    revocations::Revocations,
    sqlite::{FILE_NAME, OpenError, Sqlite, SqliteOptions},
};

/// The bound of [`Database::probe`].
pub(crate) const LOOK_WITHIN: Duration = Duration::from_millis(500);

/// An engine. Shared behind an `Arc`; each of its ports is had by upcasting.
pub trait Database:
    Accounts
    + Audit
    + Backups
    + Credentials
    + History
    + LoginLedger
    + Operations
    + Players
    + Revocations
    + RoomStore
    + SanctionStore
{
    /// Brings the schema up to date and says which migrations that took. A second process may do the same meanwhile.
    ///
    /// # Errors
    /// See [`MigrateError::is_final`].
    fn migrate(&self) -> Answer<'_, Result<Vec<String>, MigrateError>>;

    /// Whether the database answers, within half a second, and has its schema. Asked whatever the breakers think; that
    /// of reads learns from it.
    ///
    /// # Errors
    /// It does not.
    fn probe(&self) -> Answer<'_, Result<(), StoreError>>;

    /// Ends what is running and refuses what comes. Nothing is lost without it.
    fn close(&self) -> Answer<'_, ()>;
}

/// What operators see of a database and do to it.
pub trait Operations: Send + Sync {
    /// How its connections and its classes of work stand.
    fn condition(&self) -> Condition;

    /// Tells `observer` of each call how long it waited for its turn and its connection. Only the first is told.
    fn observe_waits(&self, observer: Arc<WaitObserver>);

    /// Holds every call for so long from now, as a database would that stands still; none at all ends it. For those
    /// who want to see what an outage does.
    fn stall(&self, stall: Duration);
}

/// The database at that address, or the one in the data directory. Its schema may still be missing; one at an address
/// need not be up.
///
/// # Errors
/// The data directory or the file in it cannot be used.
pub async fn open(
    data_dir: &Path,
    url: Option<&DatabaseUrl>,
) -> Result<Arc<dyn Database>, OpenError> {
    Ok(match url {
        Some(url) => Arc::new(Postgres::new(PostgresOptions::new(url.clone()))),
        None => Arc::new(Sqlite::open(SqliteOptions::new(data_dir)).await?),
    })
}

/// Whether [`open`] would find a database rather than make one. One at an address is not asked.
pub fn is_there(data_dir: &Path, url: Option<&DatabaseUrl>) -> bool {
    url.is_some() || data_dir.join(FILE_NAME).is_file()
}

/// How a database stands, and what was asked of it since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Open connections that nobody uses, those in use, and how many there may be.
    pub idle: u64,
    pub used: u64,
    pub max: u64,
    /// How often a connection was asked for, whether or not it was given.
    pub attempts: u64,
    /// Calls that were made again.
    pub retries: u64,
    pub classes: [ClassCondition; 2],
}

/// Why the schema was not brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(
        "{compiled_in} is not what was applied to this database as {applied}: it was edited after the fact"
    )]
    Edited { applied: String, compiled_in: String },
    #[error("{migration} was never applied to this database, although {newest} was")]
    Skipped { migration: String, newest: String },
    #[error("a migration failed: {0}")]
    Failed(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MigrateError {
    /// Whether trying again cannot help, so that the process should end.
    pub const fn is_final(&self) -> bool {
        match self {
            MigrateError::Edited { .. }
            | MigrateError::Skipped { .. }
            | MigrateError::Failed(_) => true,
            MigrateError::Store(_) => false,
        }
    }
}
