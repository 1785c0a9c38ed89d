//! A backup of a database that is in use.

use std::{
    io,
    path::{Path, PathBuf},
};

use gamev1_actors::ports::{Answer, StoreError};

use crate::new_file::NewFileError;

/// What copies a database while others read and write it.
pub trait Backups {
    /// Writes everything that was acknowledged before into a new file, which only its owner may read and which can be
    /// put in the place of the database. What is written meanwhile may or may not be in it. The schema is copied as it
    /// is. The file has its name once it is whole and on the disk; until then its name ends in `.partial`.
    ///
    /// # Errors
    /// See [`BackupError`]. Nothing is left of a backup that failed.
    fn backup<'a>(&'a self, file: &'a Path) -> Answer<'a, Result<(), BackupError>>;
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} is there already; a backup replaces nothing", .0.display())]
    Exists(PathBuf),
    #[error("a PostgreSQL database is backed up by its own pg_dump")]
    OfAnotherTool,
    #[error("{} cannot be written: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the copy is damaged, and so may be the database: {0}")]
    Damaged(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// Whether the same again cannot succeed.
    pub const fn is_final(&self) -> bool {
        matches!(self, BackupError::Exists(_) | BackupError::OfAnotherTool)
    }
}

impl From<NewFileError> for BackupError {
    fn from(error: NewFileError) -> BackupError {
        match error {
            NewFileError::Exists(path) => BackupError::Exists(path),
            NewFileError::File { path, source } => BackupError::File { path, source },
        }
    }
}
