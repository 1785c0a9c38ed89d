//! From one engine to another: everything that is stored, in a file that neither engine knows.

mod format;
mod reader;
mod rows;
pub(crate) mod tables;
pub(crate) mod value;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use gamev1_actors::ports::StoreError;
use tokio::{runtime::Handle, task::spawn_blocking};

use self::{format::Header, reader::Reader, tables::SCHEMA};
pub(crate) use self::{reader::Item, rows::Rows, writer::Writer};
use crate::{
    database,
    new_file::{self, NewFileError},
    postgres::{self, DatabaseUrl},
    sqlite::{self, FILE_NAME},
};

/// What is told while it runs, to somebody who waits for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The file is read through before anything is written.
    Check,
    /// The rows of this table follow, and so many of them.
    Table { name: &'static str, rows: u64 },
    /// So many rows of the table are done.
    Rows(u64),
    /// Every row is there.
    Done,
}

/// Rows between two words of them.
const TOLD_EVERY: u64 = 1_000;

/// Who is told.
pub type Watch = Box<dyn FnMut(Step) + Send>;

/// Why nothing was carried over.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("{} is there already; an export replaces nothing", .0.display())]
    Exists(PathBuf),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is no export of gamev1", .0.display())]
    NoExport(PathBuf),
    #[error("the file has the format {0}, which gamev1 {1} writes; this is gamev1 {us}", us = PROGRAM)]
    OtherFormat(u32, String),
    #[error(
        "the file has the schema {0}, and this is gamev1 {us} with the schema {ours}: import it with gamev1 {1}, \
         which wrote it, and migrate the database then", us = PROGRAM, ours = SCHEMA
    )]
    OtherSchema(u32, String),
    #[error("{} is not what was written, at line {line}: {why}", path.display())]
    Damaged { path: PathBuf, line: u64, why: String },
    #[error("there is no database in {}", .0.display())]
    NoDatabase(PathBuf),
    #[error("the database has no schema: `gamev1 migrate` makes it")]
    NoSchema,
    #[error(
        "the database has the schema {found}, and this is gamev1 {us} with the schema {ours}: {way}",
        us = PROGRAM, ours = SCHEMA, way = way_to_ours(*found)
    )]
    DatabaseSchema { found: u32 },
    #[error("the database is not empty: there are rows in {0}; an import goes into a new one")]
    NotEmpty(&'static str),
    #[error("the database is in use: stop every server on it first")]
    InUse,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TransferError {
    /// Whether the same again cannot succeed.
    pub const fn is_final(&self) -> bool {
        !matches!(self, TransferError::File { .. } | TransferError::Store(_))
    }
}

impl From<NewFileError> for TransferError {
    fn from(error: NewFileError) -> TransferError {
        match error {
            NewFileError::Exists(path) => TransferError::Exists(path),
            NewFileError::File { path, source } => TransferError::File { path, source },
        }
    }
}

/// This version of the program.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

const fn way_to_ours(schema: u32) -> &'static str {
    if schema < SCHEMA {
        "`gamev1 migrate` brings it up to date"
    } else {
        "use the version that migrated it"
    }
}

/// Whether a database of this schema is one that the tables here describe.
pub(crate) const fn check_schema(found: Option<u32>) -> Result<(), TransferError> {
    match found {
        Some(SCHEMA) => Ok(()),
        Some(found) => Err(TransferError::DatabaseSchema { found }),
        None => Err(TransferError::NoSchema),
    }
}

/// Writes everything that was acknowledged before into a new file, as of one moment. Others may use the database
/// meanwhile. Says how many rows that were.
///
/// # Errors
/// See [`TransferError`]. Nothing is left of a file that failed.
pub async fn export(
    data_dir: &Path,
    url: Option<&DatabaseUrl>,
    file: &Path,
    watch: Watch,
) -> Result<u64, TransferError> {
    let (place, file) = (Place::new(data_dir, url)?, file.to_owned());
    let header = Header::new(place.engine(), SystemTime::now());
    blocking(move |runtime| {
        new_file::make(&file, |partial| {
            let mut writer = Writer::begin(partial, &header, watch)?;
            match &place {
                Place::Sqlite(database) => sqlite::transfer::export(database, &mut writer)?,
                Place::Postgres(url) => {
                    runtime.block_on(postgres::transfer::export(url, &mut writer))?;
                }
            }
            writer.end()
        })
    })
    .await
}

/// Puts everything that is in the file into a database that has its schema and nothing else: all of it or nothing.
/// The file is read through first. Says how many rows that were.
///
/// # Errors
/// See [`TransferError`]. The database is then as it was.
pub async fn import(
    data_dir: &Path,
    url: Option<&DatabaseUrl>,
    file: &Path,
    mut watch: Watch,
) -> Result<u64, TransferError> {
    let (place, file) = (Place::new(data_dir, url)?, file.to_owned());
    blocking(move |runtime| {
        watch(Step::Check);
        let counts = Reader::open(&file)?.read_through()?;
        let in_all = counts.iter().sum();
        let mut rows = Rows::new(Reader::open(&file)?, counts, watch);
        match &place {
            Place::Sqlite(database) => sqlite::transfer::import(database, &mut rows)?,
            Place::Postgres(url) => {
                runtime.block_on(postgres::transfer::import(url, &mut rows))?;
            }
        }
        rows.tell(Step::Done);
        Ok(in_all)
    })
    .await
}

/// Where the database is that is carried over. It is never made here.
enum Place {
    Sqlite(PathBuf),
    Postgres(DatabaseUrl),
}

impl Place {
    fn new(data_dir: &Path, url: Option<&DatabaseUrl>) -> Result<Place, TransferError> {
        match url {
            Some(url) => Ok(Place::Postgres(url.clone())),
            None if !database::is_there(data_dir, None) => {
                Err(TransferError::NoDatabase(data_dir.to_owned()))
            }
            None => Ok(Place::Sqlite(data_dir.join(FILE_NAME))),
        }
    }

    const fn engine(&self) -> &'static str {
        match self {
            Place::Sqlite(_) => "sqlite",
            Place::Postgres(_) => "postgresql",
        }
    }
}

/// Files block, and so does SQLite.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce(Handle) -> Result<T, TransferError> + Send + 'static,
) -> Result<T, TransferError> {
    let runtime = Handle::current();
    spawn_blocking(move || work(runtime))
        .await
        .unwrap_or_else(|_| Err(StoreError::Refused("it failed on this side".to_owned()).into()))
}
