//! The migrations of this engine, compiled in, and how they are applied.

use gamev1_actors::ports::StoreError;
use refinery::{Error, Migration, Report, Runner, error::Kind};
use rusqlite::Connection;

use super::pool::fault;
use crate::database::MigrateError;

/// In the order of their numbers. One that was released is never edited: what changes is a new one, and the last
/// release must run on what it leaves.
const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__players_and_rooms", include_str!("../../migrations/sqlite/V1__players_and_rooms.sql")),
    (
        "V2__kept_between_processes",
        include_str!("../../migrations/sqlite/V2__kept_between_processes.sql"),
    ),
    ("V3__accounts", include_str!("../../migrations/sqlite/V3__accounts.sql")),
    ("V4__revocations", include_str!("../../migrations/sqlite/V4__revocations.sql")),
    ("V5__audit", include_str!("../../migrations/sqlite/V5__audit.sql")),
    ("V6__failed_logins", include_str!("../../migrations/sqlite/V6__failed_logins.sql")),
];

const TRIES_MAX: usize = 3;

/// Applies what is missing, all of it or nothing, and says what that was. Blocks.
pub(super) fn apply(sqlite: &mut Connection) -> Result<Vec<String>, MigrateError> {
    let migrations = compiled_in()?;
    // In one transaction with its own record of them. A database that a later release has migrated further is fine.
    let runner = Runner::new(&migrations).set_grouped(true).set_abort_missing(false);
    none_skipped(sqlite, &migrations)?;
    let report = attempt(|| runner.run(sqlite))?;
    Ok(report.applied_migrations().iter().map(label).collect())
}

/// Two processes may find the same migration missing; the second then fails and has only to look again.
fn attempt(mut run: impl FnMut() -> Result<Report, Error>) -> Result<Report, MigrateError> {
    let mut tries = 1;
    loop {
        let error = match run() {
            Ok(report) => return Ok(report),
            Err(error) => error,
        };
        return Err(match error.kind() {
            Kind::Connection(..) if tries < TRIES_MAX => {
                tries += 1;
                continue;
            }
            Kind::Connection(_, cause) => failed(cause.as_ref()),
            Kind::DivergentVersion(applied, compiled_in) => {
                MigrateError::Edited { applied: label(applied), compiled_in: label(compiled_in) }
            }
            other => MigrateError::Failed(other.to_string()),
        });
    }
}

fn compiled_in() -> Result<Vec<Migration>, MigrateError> {
    let each = MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    each.collect::<Result<_, _>>().map_err(|error| MigrateError::Failed(error.to_string()))
}

/// The runner passes over a number below the highest applied one.
fn none_skipped(sqlite: &mut Connection, migrations: &[Migration]) -> Result<(), MigrateError> {
    if !sqlite.table_exists(None, "refinery_schema_history").map_err(|error| fault(&error))? {
        return Ok(());
    }
    let applied = Runner::new(&[]).get_applied_migrations(sqlite);
    let applied = applied.map_err(|error| MigrateError::Failed(error.to_string()))?;
    let Some(newest) = applied.iter().max() else { return Ok(()) };
    let skipped = migrations.iter().find(|compiled_in| {
        let is_it = |applied: &Migration| applied.version() == compiled_in.version();
        *compiled_in < newest && !applied.iter().any(is_it)
    });
    match skipped {
        Some(migration) => {
            Err(MigrateError::Skipped { migration: label(migration), newest: label(newest) })
        }
        None => Ok(()),
    }
}

fn failed(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> MigrateError {
    match cause.downcast_ref().map(fault) {
        Some(StoreError::Unavailable(reason)) => StoreError::Unavailable(reason).into(),
        Some(StoreError::Refused(reason)) => MigrateError::Failed(reason),
        None => MigrateError::Failed(cause.to_string()),
    }
}

fn label(migration: &Migration) -> String {
    format!("V{}__{}", migration.version(), migration.name())
}

#[cfg(test)]
mod tests;
