//! Backups of a database that is in use: what is in them, and what they never do.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, SystemTime},
};

use gamev1_persistence::{
    Database, Postgres, PostgresOptions, Sqlite, SqliteOptions,
    accounts::{Accounts, NewPlayer, Role},
    backup::{BackupError, Backups},
    sqlite::FILE_NAME,
};
use gamev1_protocol::PlayerId;
use tokio::{sync::Notify, task::JoinSet};

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const WRITERS: u32 = 4;
const WRITTEN_BEFORE: u32 = 200;

async fn open(dir: &Path) -> Sqlite {
    let mut options = SqliteOptions::new(dir);
    // This is not about time, and the machine may be busy.
    options.call_timeout = Duration::from_secs(60);
    Sqlite::open(options).await.unwrap()
}

fn player(number: u32) -> NewPlayer {
    let (id, role) = (PlayerId::new(), Role::Player);
    NewPlayer { id, username: format!("player-{number}"), guest: false, role }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_is_in_a_backup_of_a_database_that_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&dir.path().join("data")).await);
    store.migrate().await.unwrap();
    let (next, acknowledged) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let enough = Arc::new(Notify::new());
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, next) = (store.clone(), next.clone());
        let (acknowledged, enough) = (acknowledged.clone(), enough.clone());
        writers.spawn(async move {
            loop {
                let new = player(next.fetch_add(1, Ordering::SeqCst));
                store.create_player(new, NOW).await.unwrap().unwrap();
                if acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == WRITTEN_BEFORE {
                    enough.notify_one();
                }
            }
        });
    }
    enough.notified().await;

    // Of the numbers that were given out each writer has one unacknowledged at most.
    let before = acknowledged.load(Ordering::SeqCst);
    let restored = dir.path().join("restored");
    fs::create_dir(&restored).unwrap();
    let file = restored.join(FILE_NAME);
    store.backup(&file).await.unwrap();
    let after = acknowledged.load(Ordering::SeqCst);
    writers.shutdown().await;

    assert!(!restored.join(format!("{FILE_NAME}.partial")).exists());
    let copy = open(&restored).await;
    assert_eq!(copy.migrate().await.unwrap(), Vec::<String>::new(), "the schema came with it");
    let mut found = 0;
    for number in 0..next.load(Ordering::SeqCst) {
        let name = format!("player-{number}");
        found += u32::from(copy.player_by_username(&name).await.unwrap().is_some());
    }
    assert!(found >= before, "{found} of {before}");
    assert!(found <= after + WRITERS, "{found}, where {after} were written by its end");
}

#[tokio::test]
async fn each_player_of_a_database_at_rest_is_in_its_backup() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data")).await;
    store.migrate().await.unwrap();
    let mut made = Vec::new();
    for number in 0..20 {
        made.push(store.create_player(player(number), NOW).await.unwrap().unwrap());
    }

    let restored = dir.path().join("restored");
    fs::create_dir(&restored).unwrap();
    store.backup(&restored.join(FILE_NAME)).await.unwrap();

    let copy = open(&restored).await;
    for player in made {
        assert_eq!(copy.player(player.id).await.unwrap(), Some(player));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data")).await;
    store.migrate().await.unwrap();
    let file = dir.path().join("backup.db");
    store.backup(&file).await.unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_backup_replaces_nothing_and_leaves_nothing_behind_when_it_fails() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data")).await;
    store.migrate().await.unwrap();

    let letter = dir.path().join("letter");
    fs::write(&letter, "dear Ada").unwrap();
    let refused = store.backup(&letter).await.unwrap_err();
    assert!(matches!(&refused, BackupError::Exists(path) if *path == letter), "{refused}");
    assert_eq!(fs::read_to_string(&letter).unwrap(), "dear Ada");

    // Another who is writing the same.
    let partial = dir.path().join("backup.db.partial");
    fs::write(&partial, "half").unwrap();
    let refused = store.backup(&dir.path().join("backup.db")).await.unwrap_err();
    assert!(matches!(&refused, BackupError::Exists(path) if *path == partial), "{refused}");
    assert_eq!(fs::read_to_string(&partial).unwrap(), "half");

    let nowhere = store.backup(&dir.path().join("nowhere/backup.db")).await.unwrap_err();
    assert!(matches!(nowhere, BackupError::File { .. }), "{nowhere}");
}

#[tokio::test]
async fn a_database_that_is_gone_has_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data")).await;
    fs::remove_file(store.file()).unwrap();

    let failed = store.backup(&dir.path().join("backup.db")).await.unwrap_err();

    assert!(matches!(failed, BackupError::Store(_)), "{failed}");
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(left, [dir.path().join("data")]);
}

#[tokio::test]
async fn a_postgresql_database_is_left_to_its_own_tools() {
    let dir = tempfile::tempdir().unwrap();
    let url = "postgres://ada@127.0.0.1:1/nothing".parse().unwrap();
    let store = Postgres::new(PostgresOptions::new(url));
    let file = dir.path().join("backup");
    let refused = store.backup(&file).await.unwrap_err();
    assert!(matches!(refused, BackupError::OfAnotherTool), "{refused}");
    assert!(!file.exists());
}
