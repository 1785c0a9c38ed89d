//! Everything that is stored, out of a PostgreSQL database and into one.

use std::{error::Error, pin::pin, time::Duration};

use bytes::BytesMut;
use futures_util::TryStreamExt;
use tokio::time::sleep;
use tokio_postgres::{
    Client, IsolationLevel, Row, Transaction,
    binary_copy::BinaryCopyInWriter,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use super::{fault::store_error, migrations, url::DatabaseUrl};
use crate::transfer::{
    self, Item, Rows, TransferError, Writer,
    tables::{Kind, TABLES, Table},
    value::Value,
};

/// A lock that is not to be had for longer is somebody else's.
const LOCK_WITHIN: &str = "SET LOCAL lock_timeout = '5s'";
/// The server notices a little later that one who was connected is gone.
const GONE_TRIES: u32 = 20;
const GONE_TRIED_EVERY: Duration = Duration::from_millis(100);

/// Writes it all as of one moment.
pub(crate) async fn export(url: &DatabaseUrl, writer: &mut Writer) -> Result<(), TransferError> {
    let mut client = migrations::connect(url).await?;
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let snapshot = snapshot.read_only(true).start().await.map_err(store)?;
    check_schema(&snapshot).await?;
    for table in TABLES {
        let rows = snapshot.query_typed_one(&table.count(), &[]).await.map_err(store)?;
        let rows: i64 = rows.try_get(0).map_err(store)?;
        writer.table(table, rows.unsigned_abs())?;
        // The server sends on as rows are taken.
        let none: [(&(dyn ToSql + Sync), Type); 0] = [];
        let found = snapshot.query_typed_raw(&table.select(), none).await.map_err(store)?;
        let mut found = pin!(found);
        while let Some(row) = found.try_next().await.map_err(store)? {
            writer.row(&read(table, &row).map_err(store)?)?;
        }
    }
    Ok(())
}

/// Fills an empty database in one transaction.
pub(crate) async fn import(url: &DatabaseUrl, rows: &mut Rows) -> Result<(), TransferError> {
    let mut client = migrations::connect(url).await?;
    check_unused(&client).await?;
    let transaction = client.transaction().await.map_err(store)?;
    check_schema(&transaction).await?;
    let all = TABLES.iter().map(|table| table.name).collect::<Vec<_>>().join(", ");
    // Nobody writes between the look and the end.
    let lock = format!("{LOCK_WITHIN}; LOCK TABLE {all} IN SHARE ROW EXCLUSIVE MODE");
    transaction.batch_execute(&lock).await.map_err(store)?;
    for table in TABLES {
        let any = transaction.query_typed_one(&table.any(), &[]).await.map_err(store)?;
        if any.try_get(0).map_err(store)? {
            return Err(TransferError::NotEmpty(table.name));
        }
    }
    let mut item = rows.next()?;
    while let Item::Table(table) = item {
        item = copy(&transaction, table, rows).await?;
    }
    // Identities that are given out from now on follow those that were put in; and the planner is told what there is.
    let last = format!("{REVOCATIONS_GO_ON}; ANALYZE {all}");
    transaction.batch_execute(&last).await.map_err(store)?;
    transaction.commit().await.map_err(store)
}

/// The one column that numbers its rows by itself.
const REVOCATIONS_GO_ON: &str = "SELECT setval(pg_get_serial_sequence('revocations', 'id'), \
     max(id)) FROM revocations HAVING max(id) IS NOT NULL";

/// Puts in the rows that follow, and gives what stands behind them.
async fn copy(
    transaction: &Transaction<'_>,
    table: &Table,
    rows: &mut Rows,
) -> Result<Item, TransferError> {
    let into = format!("COPY {} ({}) FROM STDIN BINARY", table.name, table.column_names());
    let sink = transaction.copy_in(&into).await.map_err(store)?;
    let types: Vec<_> = table.columns.iter().map(|(_, kind)| column_type(*kind)).collect();
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    loop {
        match rows.next()? {
            Item::Row(row) => writer.as_mut().write_raw(&row).await.map_err(store)?,
            other => {
                writer.as_mut().finish().await.map_err(store)?;
                return Ok(other);
            }
        }
    }
}

/// A server keeps connections open.
async fn check_unused(client: &Client) -> Result<(), TransferError> {
    const OTHERS: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name = 'gamev1' AND pid <> pg_backend_pid())";
    for _ in 0..GONE_TRIES {
        let others = client.query_typed_one(OTHERS, &[]).await.map_err(store)?;
        if !others.try_get::<_, bool>(0).map_err(store)? {
            return Ok(());
        }
        sleep(GONE_TRIED_EVERY).await;
    }
    Err(TransferError::InUse)
}

async fn check_schema(transaction: &Transaction<'_>) -> Result<(), TransferError> {
    const KNOWN: &str = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
    const NEWEST: &str = "SELECT max(version) FROM refinery_schema_history";
    let known = transaction.query_typed_one(KNOWN, &[]).await.map_err(store)?;
    if !known.try_get::<_, bool>(0).map_err(store)? {
        return Err(TransferError::NoSchema);
    }
    let newest = transaction.query_typed_one(NEWEST, &[]).await.map_err(store)?;
    let newest: Option<i32> = newest.try_get(0).map_err(store)?;
    transfer::check_schema(newest.map(i32::unsigned_abs))
}

fn read(table: &Table, row: &Row) -> Result<Vec<Value>, tokio_postgres::Error> {
    (0..table.columns.len()).map(|at| row.try_get(at)).collect()
}

fn column_type(kind: Kind) -> Type {
    match kind {
        Kind::Uuid => Type::UUID,
        Kind::Text => Type::TEXT,
        Kind::Bool => Type::BOOL,
        Kind::Int4 => Type::INT4,
        Kind::Int8 => Type::INT8,
        Kind::Bytes => Type::BYTEA,
    }
}

fn is_carried(column: &Type) -> bool {
    [Type::UUID, Type::TEXT, Type::BOOL, Type::INT4, Type::INT8, Type::BYTEA].contains(column)
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(column: &Type, raw: &'a [u8]) -> Result<Value, Box<dyn Error + Sync + Send>> {
        Ok(match *column {
            Type::UUID => Value::Uuid(FromSql::from_sql(column, raw)?),
            Type::TEXT => Value::Text(FromSql::from_sql(column, raw)?),
            Type::BOOL => Value::Bool(FromSql::from_sql(column, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(column, raw)?.into()),
            Type::INT8 => Value::Int(FromSql::from_sql(column, raw)?),
            _ => Value::Bytes(FromSql::from_sql(column, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Value, Box<dyn Error + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(column: &Type) -> bool {
        is_carried(column)
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Uuid(id) => id.to_sql(column, out),
            Value::Text(text) => text.to_sql(column, out),
            Value::Bool(bool) => bool.to_sql(column, out),
            Value::Int(int) if *column == Type::INT4 => i32::try_from(*int)?.to_sql(column, out),
            Value::Int(int) => int.to_sql(column, out),
            Value::Bytes(bytes) => bytes.to_sql(column, out),
        }
    }

    fn accepts(column: &Type) -> bool {
        is_carried(column)
    }

    to_sql_checked!();
}

fn store(error: tokio_postgres::Error) -> TransferError {
    store_error(&error).into()
}
