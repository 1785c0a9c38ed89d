//! The spool: where rooms, sessions and records go when the database does not answer and the process must end. A file
//! each time, read first at the next start.

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use gamev1_actors::ports::{RoomStore, Spool, Spooled, StoreError};

use crate::sealed::{self, Mark};

/// The directory in the data directory.
const DIRECTORY: &str = "spool";
const EXTENSION: &str = "spool";
const MARK: Mark = b"GV1SPL01";
/// A file larger than this was not written by us.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Records and rooms that are stored at once.
const BATCH_MAX: usize = 500;

/// A directory of spooled files.
#[derive(Debug, Clone)]
pub struct SpoolDir {
    path: PathBuf,
}

/// What was brought into the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Absorbed {
    pub files: usize,
    pub rooms: usize,
    pub sessions: usize,
    /// Files that could not be read; they were set aside under another name.
    pub unreadable: usize,
}

/// Why the spool was not brought into the database. It is all still there.
#[derive(Debug, thiserror::Error)]
pub enum AbsorbError {
    #[error("the spool cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SpoolDir {
    pub fn new(data_dir: &Path) -> SpoolDir {
        SpoolDir { path: data_dir.join(DIRECTORY) }
    }

    /// Brings every file into the store, the oldest first, and deletes each that is stored. Doing it twice changes
    /// nothing, so that a crash in between does no harm.
    ///
    /// # Errors
    /// The store does not answer, or the directory cannot be read: nothing is lost, and it may be tried again.
    pub async fn absorb(&self, store: &dyn RoomStore) -> Result<Absorbed, AbsorbError> {
        let mut absorbed = Absorbed::default();
        for file in self.files()? {
            match read(&file) {
                Ok(spooled) => {
                    put(store, &spooled).await?;
                    fs::remove_file(&file)?;
                    absorbed.files += 1;
                    absorbed.rooms += spooled.rooms.len();
                    absorbed.sessions += spooled.sessions.len();
                }
                Err(error) => {
                    let aside = file.with_extension("bad");
                    tracing::error!(file = %file.display(), %error, "a spooled file is set aside");
                    fs::rename(&file, aside)?;
                    absorbed.unreadable += 1;
                }
            }
        }
        Ok(absorbed)
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == EXTENSION) {
                files.push(path);
            }
        }
        // Their names begin with the time at which they were written.
        files.sort();
        Ok(files)
    }
}

async fn put(store: &dyn RoomStore, spooled: &Spooled) -> Result<(), StoreError> {
    for records in spooled.records.chunks(BATCH_MAX) {
        store.write(records, &[]).await?;
    }
    for rooms in spooled.rooms.chunks(BATCH_MAX) {
        let fenced = store.write(&[], rooms).await?;
        if !fenced.is_empty() {
            tracing::warn!(rooms = fenced.len(), "spooled rooms belong to another server by now");
        }
    }
    for sessions in spooled.sessions.chunks(BATCH_MAX) {
        store.save_sessions(sessions).await?;
    }
    Ok(())
}

fn read(file: &Path) -> io::Result<Spooled> {
    let body = sealed::read(file, MARK, FILE_BYTES_MAX)?;
    rmp_serde::from_slice(&body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

impl Spool for SpoolDir {
    fn write(&self, spooled: &Spooled) -> io::Result<()> {
        let body = rmp_serde::to_vec_named(spooled).map_err(io::Error::other)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:020}-{}", now.as_nanos(), std::process::id());
        sealed::write(&self.path, &name, EXTENSION, MARK, &body)
    }
}
