//! The pool: turns, bounds, and what becomes of a connection whose call went wrong.

use std::{sync::mpsc, time::Duration};

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::sqlite::connection::connect;

const PATIENT: Duration = Duration::from_secs(60);
/// Takes minutes unless it is interrupted.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000) \
                       SELECT count(*) FROM n";

#[tokio::test]
async fn a_connection_whose_call_panicked_is_replaced() {
    let (pool, _dir) = pool_of_one(PATIENT);
    mark(&pool).await;
    assert!(is_marked(&pool).await, "the same connection is lent again");

    let refused = pool.transaction::<(), _>(|_| panic!("as the test wants it")).await.unwrap_err();

    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert!(!is_marked(&pool).await);
    assert_eq!(pool.connections.state().statistics.connections_closed_broken, 1);
}

#[tokio::test]
async fn a_refused_statement_costs_no_connection_and_keeps_nothing() {
    let (pool, _dir) = pool_of_one(PATIENT);
    mark(&pool).await;

    let refused = pool
        .transaction(|sqlite| {
            sqlite.execute("INSERT INTO kept VALUES (1)", ())?;
            sqlite.execute("INSERT INTO nowhere VALUES (1)", ())
        })
        .await
        .unwrap_err();

    assert!(refused.to_string().contains("nowhere"), "{refused}");
    assert!(is_marked(&pool).await);
    assert_eq!(kept(&pool).await, 0);
}

#[tokio::test]
async fn a_transaction_left_open_costs_the_connection() {
    let (pool, _dir) = pool_of_one(PATIENT);
    mark(&pool).await;

    pool.call(|sqlite| sqlite.execute_batch("BEGIN; INSERT INTO kept VALUES (1)")).await.unwrap();

    assert!(!is_marked(&pool).await);
    assert_eq!(kept(&pool).await, 0);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_unavailable_and_stopped() {
    let (pool, _dir) = pool_of_one(Duration::from_millis(200));
    mark(&pool).await;

    let refused = pool.call(endless).await.unwrap_err();

    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    // It would hold the only turn for ever.
    let turn =
        timeout_at(Instant::now() + PATIENT / 2, pool.turns.acquire()).await.unwrap().unwrap();
    drop(turn);
    assert!(!is_marked(&pool).await);
}

#[tokio::test]
async fn a_call_that_gets_no_turn_in_time_is_unavailable() {
    let (pool, _dir) = pool_of_one(Duration::from_millis(50));
    let turn = pool.turns.clone().acquire_owned().await.unwrap();

    let refused = pool.call(|_| Ok(())).await.unwrap_err();
    assert!(refused.to_string().contains("no connection was free"), "{refused}");

    drop(turn);
    pool.call(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_unavailable_and_the_reason_is_told() {
    let (pool, dir) = pool_of_one(Duration::from_millis(500));
    std::fs::remove_file(dir.path().join("db")).unwrap();

    let refused = pool.call(|_| Ok(())).await.unwrap_err();

    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    assert!(refused.to_string().contains("unable to open"), "{refused}");
}

#[tokio::test]
async fn a_transaction_that_nobody_waits_for_is_not_kept() {
    let (pool, _dir) = pool_of_one(PATIENT);
    mark(&pool).await;
    let (began, has_began) = tokio::sync::oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let call = pool.transaction(move |sqlite| {
        sqlite.execute("INSERT INTO kept VALUES (1)", ())?;
        let _ = began.send(());
        let _ = released.recv();
        Ok(())
    });

    tokio::select! {
        _ = call => unreachable!("it waits to be released"),
        begun = has_began => begun.unwrap(),
    }
    release.send(()).unwrap();

    assert_eq!(kept(&pool).await, 0);
    assert!(!is_marked(&pool).await);
}

#[tokio::test]
async fn those_who_wait_are_served_in_the_order_in_which_they_came() {
    let (pool, _dir) = pool_of_one(PATIENT);
    let pool = Arc::new(pool);
    let turn = pool.turns.clone().acquire_owned().await.unwrap();
    let (served, order) = mpsc::channel();
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let (pool, served) = (pool.clone(), served.clone());
        calls.spawn(async move {
            let work = move |_: &mut rusqlite::Connection| {
                served.send(n).unwrap();
                Ok(())
            };
            pool.call(work).await.unwrap();
        });
    }
    tokio::task::yield_now().await;

    drop(turn);
    calls.join_all().await;

    drop(served);
    assert_eq!(order.iter().collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_call_that_was_abandoned_before_it_began_does_not_begin() {
    let sqlite = rusqlite::Connection::open_in_memory().unwrap();
    let waiter = Waiter(Flight::new());
    let flight = waiter.0.clone();

    drop(waiter);

    assert!(!flight.begin(&sqlite));
}

#[test]
fn what_passes_by_itself_is_told_from_what_does_not() {
    let error = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
    use rusqlite::ffi::{SQLITE_BUSY, SQLITE_CONSTRAINT, SQLITE_ERROR, SQLITE_FULL, SQLITE_IOERR};
    for code in [SQLITE_BUSY, SQLITE_FULL, SQLITE_IOERR] {
        assert!(matches!(fault(&error(code)), StoreError::Unavailable(_)), "{code}");
    }
    for code in [SQLITE_CONSTRAINT, SQLITE_ERROR] {
        assert!(matches!(fault(&error(code)), StoreError::Refused(_)), "{code}");
    }
}

fn pool_of_one(call: Duration) -> (Pool, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    std::fs::write(&file, "").unwrap();
    let first = connect(&file, Use::Write, PATIENT).unwrap();
    first.sqlite.execute("CREATE TABLE kept (n INTEGER) STRICT", ()).unwrap();
    (Pool::new(&file, Use::Write, 1, Patience { call, busy: PATIENT }, Arc::default()), dir)
}

/// Marks the connection: a temporary table is seen by the connection that made it and by no other.
async fn mark(pool: &Pool) {
    pool.call(|sqlite| sqlite.execute_batch("CREATE TEMP TABLE mark (n)")).await.unwrap();
}

async fn is_marked(pool: &Pool) -> bool {
    pool.call(|sqlite| sqlite.table_exists(Some("temp"), "mark")).await.unwrap()
}

async fn kept(pool: &Pool) -> u32 {
    let count = "SELECT count(*) FROM kept";
    pool.call(|sqlite| sqlite.query_row(count, (), |row| row.get(0))).await.unwrap()
}

fn endless(sqlite: &mut rusqlite::Connection) -> rusqlite::Result<()> {
    sqlite.query_row(ENDLESS, (), |_| Ok(()))
}
