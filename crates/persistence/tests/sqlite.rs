//! What is particular to SQLite: the file and who may read it, its migrations, and who holds its lock.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use gamev1_actors::ports::{
    RoomRecord, RoomStore, StoreError,
    audit::{AuditActor, AuditEntry, AuditTarget},
};
use gamev1_persistence::{
    Database, MigrateError, OpenError, Sqlite, SqliteOptions,
    accounts::Accounts,
    audit::{Audit, Wanted},
    history::History,
    sqlite::FILE_NAME,
};
use gamev1_protocol::{PlayerId, RoomId};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::Barrier, task::JoinSet};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const PATIENT: Duration = Duration::from_secs(60);

#[cfg(unix)]
#[tokio::test]
async fn what_is_made_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a/data");

    let store = Sqlite::open(SqliteOptions::new(&data)).await.unwrap();
    store.migrate().await.unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 2, "the log stands beside the database: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn what_is_no_database_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let text = "this is a letter, and it is long enough to have a header ".repeat(20);
    fs::write(dir.path().join(FILE_NAME), &text).unwrap();

    let refused = Sqlite::open(SqliteOptions::new(dir.path())).await.err().unwrap();

    assert!(matches!(refused, OpenError::Database { .. }), "{refused}");
    assert!(refused.to_string().contains(FILE_NAME), "{refused}");
    assert_eq!(fs::read_to_string(dir.path().join(FILE_NAME)).unwrap(), text);
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data");
    fs::write(&file, "").unwrap();

    let refused = Sqlite::open(SqliteOptions::new(&file)).await.err().unwrap();

    assert!(matches!(refused, OpenError::Directory { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_make_and_migrate_the_same_database_at_once() {
    // Who meets whom is chance: once is not enough.
    for _ in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let all_open = Arc::new(Barrier::new(8));
        let mut opened = JoinSet::new();
        for _ in 0..8 {
            let (options, all_open) = (patient(&dir), all_open.clone());
            opened.spawn(async move {
                let store = Sqlite::open(options).await;
                all_open.wait().await;
                store.unwrap().migrate().await.unwrap()
            });
        }

        let applied = opened.join_all().await;

        let did = applied.iter().filter(|applied| !applied.is_empty()).count();
        assert_eq!(did, 1, "one of them did it: {applied:?}");
    }
}

#[tokio::test]
async fn a_file_that_another_process_is_just_making_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let other = raw(&dir);
    // A writer to a file that has no write-ahead log yet: SQLite's own wait does not cover this.
    other.execute_batch("CREATE TABLE t (n); BEGIN IMMEDIATE").unwrap();
    let end = ends_soon(other);

    migrated(patient(&dir)).await;

    end.await.unwrap();
}

#[tokio::test]
async fn an_edited_migration_is_refused_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let store = migrated(patient(&dir)).await;
    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    let edit = "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1";
    raw(&dir).execute(edit, ()).unwrap();

    let refused = store.migrate().await.unwrap_err();

    assert!(matches!(refused, MigrateError::Edited { .. }), "{refused}");
    assert!(refused.is_final());
    assert!(refused.to_string().contains("V1__players_and_rooms"), "{refused}");
}

#[tokio::test]
async fn a_database_that_a_later_release_migrated_is_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let store = migrated(patient(&dir)).await;
    let later = "INSERT INTO refinery_schema_history SELECT 99, 'later', applied_on, '1' \
                 FROM refinery_schema_history WHERE version = 1";
    raw(&dir).execute(later, ()).unwrap();

    assert_eq!(store.migrate().await.unwrap(), Vec::<String>::new());
    store.write(&[opened(1)], &[]).await.unwrap();
}

#[tokio::test]
async fn without_its_schema_it_does_not_answer_the_probe() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(patient(&dir)).await.unwrap();
    assert!(matches!(store.probe().await, Err(StoreError::Refused(_))));

    store.migrate().await.unwrap();

    store.probe().await.unwrap();
}

#[tokio::test]
async fn a_write_waits_for_another_process_within_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let store = migrated(patient(&dir)).await;
    let other = raw(&dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let end = ends_soon(other);

    store.write(&[opened(1)], &[]).await.unwrap();

    end.await.unwrap();
    assert!(store.room(RoomId::from_bits(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_write_that_does_not_get_the_lock_in_time_is_unavailable_and_reads_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = migrated(patient(&dir)).await;
    store.write(&[opened(1)], &[]).await.unwrap();
    let hasty = SqliteOptions { call_timeout: Duration::from_millis(100), ..patient(&dir) };
    let hasty = Sqlite::open(hasty).await.unwrap();
    let other = raw(&dir);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    for _ in 0..3 {
        let refused = hasty.write(&[opened(2)], &[]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    }
    assert_eq!(store.player(PlayerId::new()).await.unwrap(), None);
    assert!(store.room(RoomId::from_bits(1)).await.unwrap().is_some());

    other.execute_batch("ROLLBACK").unwrap();
    store.write(&[opened(2)], &[]).await.unwrap();
    assert!(store.room(RoomId::from_bits(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn closing_writes_the_log_back_and_refuses_what_comes_after() {
    let dir = tempfile::tempdir().unwrap();
    let store = migrated(patient(&dir)).await;
    store.write(&[opened(1)], &[]).await.unwrap();
    store.probe().await.unwrap();

    store.close().await;
    store.close().await;

    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files, [FILE_NAME], "no log is left");
    for refused in [store.write(&[opened(2)], &[]).await.map(drop), store.probe().await] {
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn deleting_a_player_takes_the_devices_and_leaves_the_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = migrated(patient(&dir)).await;
    let id = PlayerId::new();
    let make = || gamev1_persistence::accounts::NewGuest { id, username: "Guest".to_owned() };
    store.guest([7; 32], NOW, &make).await.unwrap();
    let room = RoomId::from_bits(1);
    let taken = RoomRecord::SeatTaken {
        game_session: uuid::Uuid::now_v7(),
        room,
        seat: gamev1_protocol::Seat(0),
        player: id,
        session: gamev1_protocol::SessionId::new(),
        at: NOW,
    };
    store.write(&[opened(1), taken], &[]).await.unwrap();

    let other = raw(&dir);
    other.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM players").unwrap();

    let devices: u32 = other.query_row("SELECT count(*) FROM devices", (), |n| n.get(0)).unwrap();
    assert_eq!(devices, 0);
    assert_eq!(store.stays_in_room(room, 10).await.unwrap()[0].player, None);
}

fn patient(dir: &TempDir) -> SqliteOptions {
    let options = SqliteOptions::new(dir.path());
    SqliteOptions { call_timeout: PATIENT, busy_timeout: PATIENT, ..options }
}

async fn migrated(options: SqliteOptions) -> Sqlite {
    let store = Sqlite::open(options).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// As the command line has it open: another connection, which knows nothing of the pool.
fn raw(dir: &TempDir) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.path().join(FILE_NAME)).unwrap()
}

/// Ends the transaction of another process, after long enough for a call to have met it; if none has, the test is only
/// weaker.
fn ends_soon(other: rusqlite::Connection) -> tokio::task::JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        let (_hold, wait) = std::sync::mpsc::channel::<()>();
        let _ = wait.recv_timeout(Duration::from_millis(100));
        other.execute_batch("COMMIT").unwrap();
    })
}

fn opened(n: u64) -> RoomRecord {
    RoomRecord::Opened {
        room: RoomId::from_bits(n),
        game: "relay".into(),
        options: Value::Null,
        metadata: Value::Null,
        private: false,
        seats_max: 128,
        at: NOW,
    }
}

#[tokio::test]
async fn an_entry_of_the_audit_log_is_neither_changed_nor_deleted_nor_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(SqliteOptions::new(dir.path())).await.unwrap();
    store.migrate().await.unwrap();
    let target = AuditTarget { kind: "server".into(), id: "here".into() };
    let entry = AuditEntry::new(AuditActor::COMMAND_LINE, "drain", target, NOW);
    store.append(&entry).await.unwrap();

    let other = rusqlite::Connection::open(dir.path().join(FILE_NAME)).unwrap();
    for change in [
        "UPDATE audit SET reason = 'another'",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT id, 0, '', NULL, '', '', '', NULL, NULL, NULL FROM audit",
    ] {
        let refused = other.execute(change, ()).unwrap_err().to_string();
        assert_eq!(refused, "the audit log is append-only", "{change}");
    }

    assert_eq!(store.entries(&Wanted::default(), 9).await.unwrap(), [entry]);
}
