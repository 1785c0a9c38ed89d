//! The list of migrations, and the order in which they were applied.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;

#[test]
fn every_migration_beside_the_code_is_compiled_in() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let files: BTreeSet<_> = fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();

    let listed: BTreeSet<_> = MIGRATIONS.iter().map(|(name, _)| format!("{name}.sql")).collect();

    assert_eq!(files, listed);
}

#[test]
fn the_migrations_apply_once() {
    let mut sqlite = Connection::open_in_memory().unwrap();
    let names: Vec<_> = MIGRATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();

    assert_eq!(apply(&mut sqlite).unwrap(), names);
    assert_eq!(apply(&mut sqlite).unwrap(), Vec::<String>::new());
}

#[test]
fn of_names_that_turn_out_to_look_alike_the_first_keeps_its_skeleton() {
    let mut sqlite = Connection::open_in_memory().unwrap();
    apply(&mut sqlite).unwrap();
    for (n, (before, _)) in shared::SKELETONS.iter().enumerate() {
        let insert = "INSERT INTO players (id, username, username_key, username_skeleton, guest, role, epoch, \
            created_at_ms, updated_at_ms) VALUES (?1, ?2, ?2, ?2, 0, 'player', 0, 0, 0)";
        sqlite.execute(insert, ([n as u8; 16], before)).unwrap();
    }
    sqlite.execute_batch(MIGRATIONS[6].1).unwrap();
    let mut after = sqlite.prepare("SELECT username_skeleton FROM players ORDER BY id").unwrap();
    let after = after.query_map((), |row| row.get(0)).unwrap();
    let after: Vec<Option<String>> = after.collect::<Result<_, _>>().unwrap();
    assert_eq!(after, shared::SKELETONS.map(|(_, after)| after.map(str::to_owned)));
}

#[test]
fn a_migration_that_another_process_applied_meanwhile_is_no_failure() {
    let mut sqlite = Connection::open_in_memory().unwrap();
    let runner = shared::runner(&shared::compiled_in(MIGRATIONS).unwrap());
    let mut tries = 0;

    let report = attempt(|| {
        tries += 1;
        if tries > 1 {
            return runner.run(&mut sqlite);
        }
        // What the slower one meets: the tables are there, and a moment ago they were not.
        let mut late = Connection::open_in_memory().unwrap();
        late.execute_batch("CREATE TABLE players (n)").unwrap();
        runner.run(&mut sqlite).and_then(|_| runner.run(&mut late))
    });

    assert_eq!((report.unwrap().applied_migrations().len(), tries), (0, 2));
}

#[test]
fn a_migration_that_keeps_failing_is_told_with_its_reason() {
    let mut sqlite = Connection::open_in_memory().unwrap();
    sqlite.execute_batch("CREATE TABLE players (n)").unwrap();

    let refused = apply(&mut sqlite).unwrap_err();

    assert_eq!(refused.to_string(), "a migration failed: table players already exists");
    assert!(refused.is_final());
    assert!(!sqlite.table_exists(None, "rooms").unwrap());
}
