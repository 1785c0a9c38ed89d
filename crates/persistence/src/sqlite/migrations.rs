//! The migrations of this engine, compiled in, and how they are applied.

use refinery::{Error, Report, Runner, error::Kind};
use rusqlite::Connection;

use super::pool::fault;
use crate::{
    database::MigrateError,
    migrations::{self as shared, Source},
};

/// In the order of their numbers. One that was released is never edited: what changes is a new one, and the last
/// release must run on what it leaves.
const MIGRATIONS: &[Source] = &[
    ("V1__players_and_rooms", include_str!("../../migrations/sqlite/V1__players_and_rooms.sql")),
    (
        "V2__kept_between_processes",
        include_str!("../../migrations/sqlite/V2__kept_between_processes.sql"),
    ),
    ("V3__accounts", include_str!("../../migrations/sqlite/V3__accounts.sql")),
    ("V4__revocations", include_str!("../../migrations/sqlite/V4__revocations.sql")),
    ("V5__audit", include_str!("../../migrations/sqlite/V5__audit.sql")),
    ("V6__failed_logins", include_str!("../../migrations/sqlite/V6__failed_logins.sql")),
    ("V7__skeletons", include_str!("../../migrations/sqlite/V7__skeletons.sql")),
];

const TRIES_MAX: usize = 3;

/// Applies what is missing, all of it or nothing, and says what that was. Blocks.
pub(super) fn apply(sqlite: &mut Connection) -> Result<Vec<String>, MigrateError> {
    let migrations = shared::compiled_in(MIGRATIONS)?;
    if sqlite.table_exists(None, "refinery_schema_history").map_err(|error| fault(&error))? {
        let applied = Runner::new(&[]).get_applied_migrations(sqlite);
        let applied = applied.map_err(|error| MigrateError::Failed(error.to_string()))?;
        shared::none_skipped(&applied, &migrations)?;
    }
    let runner = shared::runner(&migrations);
    Ok(shared::labels(&attempt(|| runner.run(sqlite))?))
}

/// Two processes may find the same migration missing; the second then fails and has only to look again.
fn attempt(mut run: impl FnMut() -> Result<Report, Error>) -> Result<Report, MigrateError> {
    let mut tries = 1;
    loop {
        match run() {
            Ok(report) => return Ok(report),
            Err(error) if matches!(error.kind(), Kind::Connection(..)) && tries < TRIES_MAX => {
                tries += 1;
            }
            Err(error) => {
                return Err(shared::failure(&error, |cause| cause.downcast_ref().map(fault)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
