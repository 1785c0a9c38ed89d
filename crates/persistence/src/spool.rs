//! The spool: where rooms, sessions and records go when the database does not answer and the process must end. A file
//! each time, read first at the next start.

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use gamev1_actors::ports::{RoomStore, Spool, Spooled, StoreError};
use sha2::{Digest, Sha256};

/// The directory in the data directory.
const DIRECTORY: &str = "spool";
/// What a file begins with; its last digit grows with the format.
const MAGIC: &[u8; 8] = b"GV1SPL01";
const DIGEST_BYTES: usize = 32;
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
            if path.extension().is_some_and(|extension| extension == "spool") {
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
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    if fs::metadata(file)?.len() > FILE_BYTES_MAX {
        return Err(invalid("it is larger than a spool is"));
    }
    let bytes = fs::read(file)?;
    let rest =
        bytes.strip_prefix(MAGIC).ok_or_else(|| invalid("it is no spool of this version"))?;
    let (digest, body) =
        rest.split_at_checked(DIGEST_BYTES).ok_or_else(|| invalid("it is torn"))?;
    if Sha256::digest(body).as_slice() != digest {
        return Err(invalid("it is torn"));
    }
    rmp_serde::from_slice(body).map_err(|error| invalid(&error.to_string()))
}

impl Spool for SpoolDir {
    fn write(&self, spooled: &Spooled) -> io::Result<()> {
        let body = rmp_serde::to_vec_named(spooled).map_err(io::Error::other)?;
        private_dir(&self.path)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:020}-{}", now.as_nanos(), std::process::id());
        let unfinished = self.path.join(format!("{name}.part"));
        let mut file = private_file(&unfinished)?;
        file.write_all(MAGIC)?;
        file.write_all(Sha256::digest(&body).as_slice())?;
        file.write_all(&body)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path.join(format!("{name}.spool")))?;
        // The new name is on the disk once the directory is.
        File::open(&self.path)?.sync_all()
    }
}

fn private_dir(path: &Path) -> io::Result<()> {
    let mut dir = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut dir, 0o700);
    dir.recursive(true).create(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut open = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.create_new(true).write(true).open(path)
}
