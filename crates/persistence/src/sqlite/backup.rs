//! A copy of the SQLite file, made while it is in use.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use gamev1_actors::ports::{Answer, StoreError};
use rusqlite::{Connection, OpenFlags};

use super::{Sqlite, pool::fault};
use crate::backup::{BackupError, Backups};

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
            let written = tokio::task::spawn_blocking(move || write(&database, &file)).await;
            written.unwrap_or_else(|_| {
                Err(StoreError::Refused("the copy failed on this side".to_owned()).into())
            })
        })
    }
}

fn write(database: &Path, file: &Path) -> Result<(), BackupError> {
    let partial = partial(file);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    };
    if fs::symlink_metadata(file).is_ok() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    // Two who write the same backup meet here.
    make_private(&partial).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(partial.clone()),
        _ => failed(&partial)(source),
    })?;
    let done = copy(database, &partial)
        .and_then(|()| on_the_disk(&partial).map_err(failed(&partial)))
        .and_then(|()| fs::rename(&partial, file).map_err(failed(file)));
    if done.is_err() {
        // What matters to the caller is why there is no backup.
        drop(fs::remove_file(&partial));
        return done;
    }
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    on_the_disk(dir).map_err(failed(dir))
}

/// Where a backup stands while it is being written.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// SQLite itself would make it for everybody to read.
fn make_private(file: &Path) -> io::Result<()> {
    let mut open = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.create_new(true).write(true).open(file).map(drop)
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

/// SQLite does not wait for the disk when it copies.
fn on_the_disk(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}
