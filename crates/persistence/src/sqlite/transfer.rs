//! Everything that is stored, out of a SQLite file and into one.

use std::{path::Path, time::Duration};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, Row, ToSql, TransactionBehavior, params_from_iter,
    types::{FromSqlError, ToSqlOutput, ValueRef},
};

use super::pool::fault;
use crate::transfer::{
    self, Item, Rows, TransferError, Writer,
    tables::{Kind, TABLES, Table},
    value::Value,
};

/// While another process just opens or recovers the file that is read.
const BUSY: Duration = Duration::from_secs(5);

/// Writes it all as of one moment. Blocks.
pub(crate) fn export(database: &Path, writer: &mut Writer) -> Result<(), TransferError> {
    let mut sqlite = open(database).map_err(store)?;
    sqlite.busy_timeout(BUSY).map_err(store)?;
    let snapshot = sqlite.transaction().map_err(store)?;
    check_schema(&snapshot)?;
    for table in TABLES {
        let rows: i64 = snapshot.query_row(&table.count(), (), |row| row.get(0)).map_err(store)?;
        writer.table(table, rows.unsigned_abs())?;
        let mut select = snapshot.prepare(&table.select()).map_err(store)?;
        let mut rows = select.query(()).map_err(store)?;
        while let Some(row) = rows.next().map_err(store)? {
            writer.row(&read(table, row).map_err(store)?)?;
        }
    }
    Ok(())
}

/// Fills an empty database in one transaction. Blocks.
pub(crate) fn import(database: &Path, rows: &mut Rows) -> Result<(), TransferError> {
    let mut sqlite = alone(database).map_err(in_use)?;
    let transaction =
        sqlite.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(in_use)?;
    check_schema(&transaction)?;
    for table in TABLES {
        if transaction.query_row(&table.any(), (), |row| row.get(0)).map_err(store)? {
            return Err(TransferError::NotEmpty(table.name));
        }
    }
    let mut insert = None;
    loop {
        match rows.next()? {
            Item::Table(table) => {
                insert = Some(transaction.prepare(&into(table)).map_err(store)?);
            }
            Item::Row(row) => {
                if let Some(insert) = &mut insert {
                    insert.execute(params_from_iter(row)).map_err(store)?;
                }
            }
            Item::End => break,
        }
    }
    drop(insert);
    transaction.commit().map_err(store)
}

fn open(database: &Path) -> rusqlite::Result<Connection> {
    // Never made here.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(database, flags)
}

/// Opens a file that nobody else has open, and lets nobody open it meanwhile. A server keeps its own open.
fn alone(database: &Path) -> rusqlite::Result<Connection> {
    let sqlite = open(database)?;
    sqlite.busy_timeout(Duration::ZERO)?;
    // Before the file is looked at: a log that others share stays shared.
    sqlite.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
    sqlite.pragma_update(None, "synchronous", "FULL")?;
    sqlite.pragma_update(None, "foreign_keys", "ON")?;
    Ok(sqlite)
}

fn check_schema(sqlite: &Connection) -> Result<(), TransferError> {
    const NEWEST: &str = "SELECT max(version) FROM refinery_schema_history";
    if !sqlite.table_exists(None, "refinery_schema_history").map_err(store)? {
        return Err(TransferError::NoSchema);
    }
    transfer::check_schema(sqlite.query_row(NEWEST, (), |row| row.get(0)).map_err(store)?)
}

fn into(table: &Table) -> String {
    let values = vec!["?"; table.columns.len()].join(", ");
    format!("INSERT INTO {} ({}) VALUES ({values})", table.name, table.column_names())
}

fn read(table: &Table, row: &Row<'_>) -> rusqlite::Result<Vec<Value>> {
    let each = table.columns.iter().enumerate();
    each.map(|(at, (_, kind))| {
        let found = row.get_ref(at)?;
        value(found, *kind).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(at, found.data_type(), error.into())
        })
    })
    .collect()
}

fn value(found: ValueRef<'_>, kind: Kind) -> Result<Value, FromSqlError> {
    if found == ValueRef::Null {
        return Ok(Value::Null);
    }
    Ok(match kind {
        Kind::Uuid => {
            let id = uuid::Uuid::from_slice(found.as_blob()?);
            Value::Uuid(id.map_err(FromSqlError::other)?)
        }
        Kind::Text => Value::Text(found.as_str()?.to_owned()),
        Kind::Bool => Value::Bool(found.as_i64()? != 0),
        Kind::Int4 | Kind::Int8 => Value::Int(found.as_i64()?),
        Kind::Bytes => Value::Bytes(found.as_blob()?.to_owned()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Uuid(id) => ValueRef::Blob(id.as_bytes()),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bool(bool) => ValueRef::Integer(i64::from(*bool)),
            Value::Int(int) => ValueRef::Integer(*int),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn store(error: rusqlite::Error) -> TransferError {
    fault(&error).into()
}

fn in_use(error: rusqlite::Error) -> TransferError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => TransferError::InUse,
        _ => store(error),
    }
}
