//! The embedded engine: one SQLite file in the data directory, one writer, several readers.

mod accounts;
mod audit;
mod backup;
mod connection;
mod credentials;
mod export;
mod flight;
mod history;
mod login_ledger;
mod migrations;
mod players;
mod pool;
mod revocations;
mod rooms;
mod row;
mod sanctions;
mod saves;
mod sign_ins;
mod sql;
pub(crate) mod transfer;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gamev1_actors::ports::{Answer, StoreError};
use tokio::time::Instant;

pub use self::connection::ConnectError;
use self::{
    connection::{Connection, Use, connect},
    pool::{Patience, Pool},
};
use crate::{
    breaker::WaitObserver,
    database::{Condition, Database, LOOK_WITHIN, MigrateError, Operations},
    stall::Stall,
};

/// The database's name in the data directory.
pub const FILE_NAME: &str = "gamev1.db";

/// The pause before a file that another process is just making is opened again.
const OPEN_AGAIN: Duration = Duration::from_millis(10);

/// Where the database is, and how long its callers wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Made when it is not there, for its owner alone.
    pub data_dir: PathBuf,
    pub readers_max: u32,
    /// The bound of a call: its turn, its connection and its work together.
    pub call_timeout: Duration,
    /// How long SQLite waits for another process that writes; never beyond the bound of the call.
    pub busy_timeout: Duration,
}

impl SqliteOptions {
    pub fn new(data_dir: impl Into<PathBuf>) -> SqliteOptions {
        SqliteOptions {
            data_dir: data_dir.into(),
            readers_max: 4,
            call_timeout: Duration::from_secs(2),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data directory {} cannot be used: {source}", path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("the database {} cannot be opened: {source}", path.display())]
    Database { path: PathBuf, source: ConnectError },
}

/// The database, open.
pub struct Sqlite {
    writer: Pool,
    readers: Pool,
    stall: Arc<Stall>,
    file: PathBuf,
}

impl Sqlite {
    /// Opens the database, making it where there is none. The schema may still be missing: see [`Database::migrate`].
    pub async fn open(options: SqliteOptions) -> Result<Sqlite, OpenError> {
        let SqliteOptions { data_dir, readers_max, call_timeout, busy_timeout } = options;
        let file = data_dir.join(FILE_NAME);
        let first = first_connection(&data_dir, &file, busy_timeout).await?;
        let patience = Patience { call: call_timeout, busy: busy_timeout };
        let stall = Arc::<Stall>::default();
        let writer = Pool::new(&file, Use::Write, 1, patience, stall.clone());
        writer.add(first);
        let readers = Pool::new(&file, Use::Read, readers_max.max(1), patience, stall.clone());
        Ok(Sqlite { writer, readers, stall, file })
    }

    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Database for Sqlite {
    fn migrate(&self) -> Answer<'_, Result<Vec<String>, MigrateError>> {
        Box::pin(async {
            let applied = self.writer.unbounded(|sqlite| Ok(migrations::apply(sqlite))).await??;
            self.writer.unbounded(credentials::fill_skeletons).await?;
            if !applied.is_empty() {
                tracing::info!(?applied, file = %self.file.display(), "the schema was migrated");
            }
            Ok(applied)
        })
    }

    fn probe(&self) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async {
            let look = |sqlite: &mut rusqlite::Connection| {
                sqlite.prepare_cached(sql::PROBE)?.exists(()).map(drop)
            };
            let looked = self.readers.looked(LOOK_WITHIN, look).await;
            self.writer.guard().heard(&looked);
            looked
        })
    }

    /// Closes the file with its log written back. Without this the next to open it has the log to read.
    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.readers.close(|_| Ok(())).await;
            self.writer.close(tidy).await;
        })
    }
}

impl Operations for Sqlite {
    fn condition(&self) -> Condition {
        let pools = [&self.readers, &self.writer];
        let sum = |of: fn(&Pool) -> u64| pools.iter().map(|pool| of(pool)).sum::<u64>();
        let idle = sum(|pool| u64::from(pool.state().idle_connections));
        let all = sum(|pool| u64::from(pool.state().connections));
        Condition {
            idle,
            used: all.saturating_sub(idle),
            max: sum(|pool| u64::from(pool.size())),
            attempts: sum(Pool::attempts),
            // SQLite itself waits for whoever holds the file.
            retries: 0,
            classes: pools.map(|pool| pool.guard().condition()),
        }
    }

    fn observe_waits(&self, observer: Arc<WaitObserver>) {
        for pool in [&self.readers, &self.writer] {
            pool.guard().observe_waits(observer.clone());
        }
    }

    fn stall(&self, stall: Duration) {
        self.stall.begin(stall);
    }
}

fn tidy(sqlite: &rusqlite::Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch("PRAGMA optimize")?;
    // What another process still reads stays in the log; that is no failure.
    sqlite.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
}

/// The connection that turns a new file into one with a write-ahead log. SQLite does not wait when another process is
/// at just that, so this does.
async fn first_connection(
    data_dir: &Path,
    file: &Path,
    busy: Duration,
) -> Result<Connection, OpenError> {
    let deadline = Instant::now() + busy;
    loop {
        let (made_dir, made_file) = (data_dir.to_owned(), file.to_owned());
        let opened = tokio::task::spawn_blocking(move || {
            make_private(&made_dir, &made_file)?;
            Ok(connect(&made_file, Use::Write, busy))
        });
        let source = match opened.await {
            Ok(Ok(Ok(first))) => return Ok(first),
            Ok(Ok(Err(source))) => source,
            Ok(Err(source)) => {
                return Err(OpenError::Directory { path: data_dir.to_owned(), source });
            }
            Err(_) => ConnectError::Thread,
        };
        if !source.is_busy() || Instant::now() >= deadline {
            return Err(OpenError::Database { path: file.to_owned(), source });
        }
        tokio::time::sleep(OPEN_AGAIN).await;
    }
}

/// Makes what is missing of the directory and the file, for the owner alone. SQLite gives the log beside it the
/// same permissions. What is there is left as it is.
fn make_private(data_dir: &Path, file: &Path) -> io::Result<()> {
    let mut dir = fs::DirBuilder::new();
    let mut open = fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        dir.mode(0o700);
        open.mode(0o600);
    }
    dir.recursive(true).create(data_dir)?;
    // Never opened when it is there: to close it again would take away every lock that this process has on it.
    match open.create_new(true).write(true).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
