//! The tables as they are described against those that there are, and files that are not what was written.

use std::{collections::BTreeSet, fs, time::SystemTime};

use tempfile::TempDir;

use super::{
    tables::{Kind, TABLES, Table},
    value::Value,
    *,
};
use crate::{Database, Postgres, PostgresOptions, Sqlite, SqliteOptions, testing::Cluster};

/// `table.column kind`, with the place of the column in the primary key, or 0.
fn described(word: impl Fn(Kind) -> &'static str) -> BTreeSet<String> {
    let columns =
        |table: &'static Table| table.columns.iter().enumerate().map(move |at| (table, at));
    let each = TABLES.iter().flat_map(columns).map(|(table, (at, (column, kind)))| {
        let key = if at < table.key { at + 1 } else { 0 };
        format!("{}.{column} {} {key}", table.name, word(*kind))
    });
    each.collect()
}

#[tokio::test]
async fn every_column_that_there_is_in_sqlite_is_described() {
    const COLUMNS: &str = "SELECT t.name || '.' || c.name || ' ' || lower(c.type) || ' ' || c.pk \
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' \
         AND t.name <> 'refinery_schema_history' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(SqliteOptions::new(dir.path())).await.unwrap();
    store.migrate().await.unwrap();
    let sqlite = rusqlite::Connection::open(store.file()).unwrap();
    let mut columns = sqlite.prepare(COLUMNS).unwrap();
    let found = columns.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap);

    let word = |kind| match kind {
        Kind::Uuid | Kind::Bytes => "blob",
        Kind::Text => "text",
        Kind::Bool | Kind::Int4 | Kind::Int8 => "integer",
    };
    assert_eq!(described(word), found.collect());

    let newest = "SELECT max(version) FROM refinery_schema_history";
    assert_eq!(sqlite.query_row(newest, (), |row| row.get(0)), Ok(SCHEMA));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_that_there_is_in_postgresql_is_described() {
    const COLUMNS: &str = "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, NULL) \
         || ' ' || coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1 \
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace \
         AND c.relname <> 'refinery_schema_history'";
    let cluster = Cluster::start(false);
    let url = cluster.create_database("described", None).parse().unwrap();
    Postgres::new(PostgresOptions::new(url)).migrate().await.unwrap();
    let found = cluster.sql_on("described", COLUMNS);

    let word = |kind| match kind {
        Kind::Uuid => "uuid",
        Kind::Bytes => "bytea",
        Kind::Text => "text",
        Kind::Bool => "boolean",
        Kind::Int4 => "integer",
        Kind::Int8 => "bigint",
    };
    assert_eq!(described(word), found.lines().map(str::to_owned).collect());

    // The others number their rows themselves.
    let identities =
        "SELECT attrelid::regclass || '.' || attname FROM pg_attribute WHERE attidentity <> ''";
    assert_eq!(cluster.sql_on("described", identities), "revocations.id");
    let newest = "SELECT max(version) FROM refinery_schema_history";
    assert_eq!(cluster.sql_on("described", newest), SCHEMA.to_string());
}

fn silent() -> Watch {
    Box::new(|_| {})
}

/// A small file, with a row in some tables, and where it is.
fn a_file(dir: &TempDir) -> PathBuf {
    let file = dir.path().join("small");
    fs::write(&file, "").unwrap();
    let header = Header::new("sqlite", SystemTime::UNIX_EPOCH);
    let mut writer = Writer::begin(&file, &header, silent()).unwrap();
    for table in TABLES {
        writer.table(table, 1).unwrap();
        match table.name {
            "credentials" => {
                let id = Value::Uuid(uuid::Uuid::from_u128(7));
                let phc = Value::Text("$argon2id$".to_owned());
                writer.row(&[id, phc, Value::Int(1_600_000_000_000)]).unwrap();
            }
            "session_states" => {
                let id = Value::Uuid(uuid::Uuid::from_u128(8));
                writer.row(&[id, Value::Int(1), Value::Bytes(vec![1, 2, 3])]).unwrap();
            }
            _ => {}
        }
    }
    assert_eq!(writer.end().unwrap(), 2);
    file
}

fn read(file: &Path) -> Result<u64, TransferError> {
    Ok(Reader::open(file)?.read_through()?.iter().sum())
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(a_file(&dir)).unwrap();
    let cut = dir.path().join("cut");
    for length in 0..whole.len() {
        fs::write(&cut, &whole[..length]).unwrap();
        let refused = read(&cut).unwrap_err();
        assert!(refused.is_final(), "{length} bytes: {refused}");
    }
    fs::write(&cut, &whole).unwrap();
    assert_eq!(read(&cut).unwrap(), 2);
}

#[test]
fn a_file_of_which_any_byte_was_altered_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(a_file(&dir)).unwrap();
    let altered = dir.path().join("altered");
    for at in 0..bytes.len() {
        for bit in [0x01, 0x20] {
            bytes[at] ^= bit;
            fs::write(&altered, &bytes).unwrap();
            let refused = read(&altered).unwrap_err();
            assert!(refused.is_final(), "byte {at}: {refused}");
            bytes[at] ^= bit;
        }
    }
}

#[test]
fn lines_that_are_missing_twice_there_or_behind_the_last_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(a_file(&dir)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let wrong = dir.path().join("wrong");
    let refused = |lines: &[&str]| {
        fs::write(&wrong, lines.join("\n") + "\n").unwrap();
        read(&wrong).unwrap_err()
    };
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        assert!(refused(&without).is_final(), "without line {}", at + 1);
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        assert!(refused(&twice).is_final(), "twice line {}", at + 1);
    }
}

#[test]
fn a_file_of_another_sort_is_told_apart_from_one_of_another_version() {
    let dir = tempfile::tempdir().unwrap();
    let file = a_file(&dir);
    let text = fs::read_to_string(&file).unwrap();
    let said = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        read(&file).unwrap_err().to_string()
    };
    let ours = format!("\"schema\":{SCHEMA}");
    let program = format!("\"program\":\"{PROGRAM}\"");
    assert!(said("\"version\":1", "\"version\":2").contains("format 2"));
    let other = said(&ours, "\"schema\":99");
    assert!(other.contains("schema 99") && other.contains(&format!("gamev1 {PROGRAM}")), "{other}");
    let theirs = said(&format!("{ours},{program}"), "\"schema\":5,\"program\":\"0.0.9\"");
    assert!(theirs.contains("import it with gamev1 0.0.9"), "{theirs}");
    assert!(said("gamev1-export", "gamev2-export").contains("no export of gamev1"));
    fs::write(&file, b"SQLite format 3\0").unwrap();
    assert!(matches!(read(&file), Err(TransferError::NoExport(_))));
    assert!(matches!(read(&dir.path().join("nothing")), Err(TransferError::File { .. })));
}

#[test]
fn a_database_of_another_schema_is_told_what_helps() {
    assert!(check_schema(Some(SCHEMA)).is_ok());
    let said = |found| check_schema(found).unwrap_err().to_string();
    assert!(said(Some(SCHEMA - 1)).contains("gamev1 migrate"));
    assert!(said(Some(SCHEMA + 1)).contains("the version that migrated it"));
    assert!(said(None).contains("gamev1 migrate"));
}
