//! A copy of the SQLite file, made while it is in use.

use std::{path::Path, time::Duration};

use gamev1_actors::ports::{Answer, StoreError};
use rusqlite::{Connection, OpenFlags};

use super::{Sqlite, pool::fault};
use crate::{
    backup::{BackupError, Backups},
    new_file,
};

const COPY: &str = "VACUUM INTO ?1";
/// The first mistake is enough.
const CHECK: &str = "PRAGMA quick_check(1)";
/// While another process just opens or recovers the file.
const BUSY: Duration = Duration::from_secs(5);

impl Backups for Sqlite {
    /// Reads on a connection of its own, for as long as it takes: neither the writer nor the readers wait for it.
    fn backup<'a>(&'a self, file: &'a Path) -> Answer<'a, Result<(), BackupError>> {
        let (database, file) = (self.file.clone(), file.to_owned());
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(move || {
                new_file::make(&file, |partial| copy(&database, partial))
            })
            .await;
            written.unwrap_or_else(|_| {
                Err(StoreError::Refused("the copy failed on this side".to_owned()).into())
            })
        })
    }
}

/// Copies what is committed, in one read transaction, and looks the copy over.
fn copy(database: &Path, partial: &Path) -> Result<(), BackupError> {
    let said = read_into(database, partial).map_err(|error| fault(&error))?;
    if said == "ok" { Ok(()) } else { Err(BackupError::Damaged(said)) }
}

fn read_into(database: &Path, partial: &Path) -> rusqlite::Result<String> {
    // Never made here: the backup of a database that is not there is none.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(database, flags)?;
    source.busy_timeout(BUSY)?;
    let Some(name) = partial.to_str() else {
        return Err(rusqlite::Error::InvalidPath(partial.to_owned()));
    };
    source.execute(COPY, (name,))?;
    let copied = Connection::open_with_flags(partial, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    copied.query_row(CHECK, (), |row| row.get(0))
}
