//! Migrations against a real cluster: applied once, by one process at a time, and never when they were edited.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use super::*;
use crate::testing::Cluster;

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(false))
}

/// The name and the address of an empty database.
fn database() -> (String, DatabaseUrl) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("migrations_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = cluster().create_database(&name, None).parse().unwrap();
    (name, url)
}

fn names() -> Vec<String> {
    MIGRATIONS.iter().map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn every_migration_beside_the_code_is_compiled_in_and_has_its_number_on_the_other_engine() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = |engine: &str| -> BTreeSet<String> {
        let files = fs::read_dir(dir.join(engine)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    let listed: BTreeSet<_> = names().iter().map(|name| format!("{name}.sql")).collect();
    assert_eq!(files("postgres"), listed);
    assert_eq!(files("sqlite"), listed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_migrate_at_once_one_does_and_the_others_find_it_done() {
    let (_, url) = database();
    let all = (0..8).map(|_| {
        let url = url.clone();
        async move { apply(&url).await.unwrap() }
    });
    let mut all: Vec<_> = tokio::task::JoinSet::from_iter(all).join_all().await;
    all.sort();
    assert_eq!(all.pop(), Some(names()));
    assert!(all.iter().all(Vec::is_empty), "{all:?}");
}

#[tokio::test]
async fn of_names_that_turn_out_to_look_alike_the_first_keeps_its_skeleton() {
    let (name, url) = database();
    apply(&url).await.unwrap();
    for (n, (before, _)) in shared::SKELETONS.iter().enumerate() {
        let insert = format!(
            "INSERT INTO players (id, username, username_key, username_skeleton, guest, role, epoch, created_at_ms, \
             updated_at_ms) VALUES ('00000000-0000-0000-0000-00000000000{n}', '{before}', '{before}', '{before}', \
             false, 'player', 0, 0, 0)"
        );
        cluster().sql_on(&name, &insert);
    }
    cluster().sql_on(&name, MIGRATIONS[6].1);
    let after = "SELECT string_agg(coalesce(username_skeleton, '-'), ' ' ORDER BY id) FROM players";
    let expected = shared::SKELETONS.map(|(_, after)| after.unwrap_or("-")).join(" ");
    assert_eq!(cluster().sql_on(&name, after), expected);
}

#[tokio::test]
async fn a_migration_that_was_edited_after_the_fact_is_refused() {
    let (name, url) = database();
    apply(&url).await.unwrap();
    cluster().sql_on(&name, "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 1");
    let refused = apply(&url).await.unwrap_err();
    assert!(refused.is_final() && matches!(refused, MigrateError::Edited { .. }), "{refused}");
}

#[tokio::test]
async fn an_index_that_was_not_made_to_its_end_is_made_again() {
    let (name, url) = database();
    apply(&url).await.unwrap();
    // What a cut connection leaves behind: two equal rows end the making of a unique index on the way.
    cluster().sql_on(&name, "CREATE TABLE twins (n integer)");
    cluster().sql_on(&name, "INSERT INTO twins VALUES (1), (1)");
    let client = connect(&url).await.unwrap();
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY idx_twins ON twins (n)";
    make_indexes(&client, &[("idx_twins", unique)]).await.unwrap_err();
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_twins'::regclass";
    assert_eq!(cluster().sql_on(&name, valid), "f");

    let plain = [("idx_twins", "CREATE INDEX CONCURRENTLY idx_twins ON twins (n)")];
    make_indexes(&client, &plain).await.unwrap();
    assert_eq!(cluster().sql_on(&name, valid), "t");
    // Found whole, it is left alone.
    let oid = "SELECT 'idx_twins'::regclass::oid";
    let before = cluster().sql_on(&name, oid);
    make_indexes(&client, &plain).await.unwrap();
    assert_eq!(cluster().sql_on(&name, oid), before);
}

#[tokio::test]
async fn a_database_that_is_down_is_no_final_failure() {
    let url: DatabaseUrl = "postgres://gamev1@127.0.0.1:1/none".parse().unwrap();
    let down = apply(&url).await.unwrap_err();
    assert!(!down.is_final(), "{down}");
    let missing: DatabaseUrl = cluster().url("nobody_made_this").parse().unwrap();
    assert!(!apply(&missing).await.unwrap_err().is_final());
}
