//! Between our values and those of PostgreSQL: times, ids, JSON.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio_postgres::{Row, types::FromSql};

use super::fault::Fault;

/// Unix milliseconds. A time before 1970 counts as 1970.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn from_millis(millis: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs())
}

pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: &str) -> Result<T, Fault> {
    Ok(row.try_get(column)?)
}

pub(super) fn time(row: &Row, column: &str) -> Result<SystemTime, Fault> {
    Ok(from_millis(get(row, column)?))
}

/// An integer of ours that is narrower than the column.
pub(super) fn number<T: TryFrom<i64, Error: ToString>>(
    row: &Row,
    column: &str,
) -> Result<T, Fault> {
    T::try_from(get::<i64>(row, column)?).map_err(Fault::unreadable)
}

/// The same of a column of 32 bits.
pub(super) fn small<T: TryFrom<i32, Error: ToString>>(row: &Row, column: &str) -> Result<T, Fault> {
    T::try_from(get::<i32>(row, column)?).map_err(Fault::unreadable)
}

/// A value that is stored as its text.
pub(super) fn parsed<T: FromStr<Err: ToString>>(row: &Row, column: &str) -> Result<T, Fault> {
    get::<&str>(row, column)?.parse().map_err(Fault::unreadable)
}

pub(super) fn json(row: &Row, column: &str) -> Result<Value, Fault> {
    serde_json::from_str(get(row, column)?).map_err(Fault::unreadable)
}

pub(super) fn maybe_json(row: &Row, column: &str) -> Result<Option<Value>, Fault> {
    let text: Option<&str> = get(row, column)?;
    text.map(|text| serde_json::from_str(text).map_err(Fault::unreadable)).transpose()
}

/// The 32 bytes of a digest.
pub(super) fn hash(bytes: &[u8]) -> Result<[u8; 32], Fault> {
    bytes.try_into().map_err(Fault::unreadable)
}
