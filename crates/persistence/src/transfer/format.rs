//! The lines of a file that are no rows: its first, one before the rows of each table, and its last.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    PROGRAM,
    tables::{Kind, SCHEMA, TABLES, Table},
};

/// What a file begins to say.
pub(super) const FORMAT: &str = "gamev1-export";
/// Grows when lines are written in another way. What they are about is the schema's affair.
pub(super) const VERSION: u32 = 1;
/// The most that a line may have: no row that a server writes comes near it.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a file says of itself before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    /// The number of the newest migration of the database that it is of.
    pub(super) schema: u32,
    /// The version of the program that wrote it.
    pub(super) program: String,
    /// The engine that it is of.
    engine: String,
    exported_at_ms: u64,
}

impl Header {
    /// What is said of a file that is written here.
    pub(super) fn new(engine: &str, now: SystemTime) -> Header {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            schema: SCHEMA,
            program: PROGRAM.to_owned(),
            engine: engine.to_owned(),
            exported_at_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[derive(Serialize)]
struct TableLine {
    table: &'static str,
    columns: Vec<(&'static str, Kind)>,
}

#[derive(Serialize)]
struct LastLine {
    rows: Vec<(&'static str, u64)>,
    sha256: String,
}

pub(super) fn table_line(table: &Table) -> Result<Vec<u8>, serde_json::Error> {
    line(&TableLine { table: table.name, columns: table.columns.to_vec() })
}

/// `rows` has how many each table has; `before` has taken in every line before this one.
pub(super) fn last_line(rows: &[u64], before: &Sha256) -> Result<Vec<u8>, serde_json::Error> {
    let each = TABLES.iter().zip(rows);
    let rows = each.map(|(table, rows)| (table.name, *rows)).collect();
    let digest = before.clone().finalize();
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    line(&LastLine { rows, sha256 })
}

pub(super) fn line(of: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}
