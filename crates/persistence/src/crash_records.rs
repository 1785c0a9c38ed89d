//! Crash records as files in the data directory, written by a thread of their own: no supervisor waits for the disk.

#[cfg(test)]
mod tests;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::SystemTime,
};

use gamev1_actors::room::record::{CrashRecord, CrashRecords};

use crate::sealed::{self, Mark};

const DIRECTORY: &str = "crashes";
const EXTENSION: &str = "crash";
const MARK: Mark = b"GV1CRS01";
/// Beyond either the oldest go.
const FILES_MAX: usize = 100;
const BYTES_MAX: u64 = 100 * 1024 * 1024;
/// Records that wait to be written; one more is dropped and counted.
const WAITING_MAX: usize = 16;

/// The directory of crash records, and the thread that fills it.
pub struct CrashRecordDir {
    to: SyncSender<CrashRecord>,
    all: bool,
    dropped: AtomicU64,
}

impl CrashRecordDir {
    /// `all`: every crash of a room is kept, and not only one that ends it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(data_dir: &Path, all: bool) -> io::Result<CrashRecordDir> {
        let (to, records) = sync_channel::<CrashRecord>(WAITING_MAX);
        let directory = data_dir.join(DIRECTORY);
        let write = move || {
            for record in records {
                let room = record.image.room;
                match write(&directory, &record) {
                    Ok(file) => {
                        tracing::error!(%room, file = %file.display(), "a crash record was written");
                    }
                    Err(error) => tracing::error!(%room, %error, "a crash record was not written"),
                }
            }
        };
        thread::Builder::new().name("crash-records".into()).spawn(write)?;
        Ok(CrashRecordDir { to, all, dropped: AtomicU64::new(0) })
    }
}

impl CrashRecords for CrashRecordDir {
    fn keep(&self, record: CrashRecord) {
        let room = record.image.room;
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.to.try_send(record)
        {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(%room, dropped, "a crash record was dropped: too many at once");
        }
    }

    fn all(&self) -> bool {
        self.all
    }
}

/// Reads a record, wherever it is.
///
/// # Errors
/// It cannot be read, is torn, or is no record that this version reads.
pub fn read(file: &Path) -> io::Result<CrashRecord> {
    let body = sealed::read(file, MARK, BYTES_MAX)?;
    CrashRecord::from_bytes(&body)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn write(directory: &Path, record: &CrashRecord) -> io::Result<PathBuf> {
    let body = record.to_bytes().map_err(io::Error::other)?;
    let since = record.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = format!("{:020}-{}", since.as_nanos(), record.image.room);
    sealed::write(directory, &name, EXTENSION, MARK, &body)?;
    prune(directory)?;
    Ok(directory.join(format!("{name}.{EXTENSION}")))
}

/// Deletes the oldest until those that are left are within the bounds.
fn prune(directory: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            files.push((path, entry.metadata()?.len()));
        }
    }
    // Their names begin with the time of the crash; the latest come first.
    files.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut bytes = 0;
    for (at, (path, len)) in files.iter().enumerate() {
        bytes += len;
        if at >= FILES_MAX || (bytes > BYTES_MAX && at > 0) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
