//! What both engines do with their migrations, which stand under the same numbers.

use gamev1_actors::ports::StoreError;
use refinery::{Error, Migration, Report, Runner, error::Kind};

use crate::database::MigrateError;

/// A migration as it is compiled in: `V<number>__<name>` and its SQL.
pub(crate) type Source = (&'static str, &'static str);

pub(crate) fn compiled_in(sources: &[Source]) -> Result<Vec<Migration>, MigrateError> {
    let each = sources.iter().map(|(name, sql)| Migration::unapplied(name, sql));
    each.collect::<Result<_, _>>().map_err(|error| MigrateError::Failed(error.to_string()))
}

/// In one transaction with its own record of them. A database that a later release has migrated further is fine.
pub(crate) fn runner(migrations: &[Migration]) -> Runner {
    Runner::new(migrations).set_grouped(true).set_abort_missing(false)
}

/// The runner passes over a number below the highest applied one.
pub(crate) fn none_skipped(
    applied: &[Migration],
    migrations: &[Migration],
) -> Result<(), MigrateError> {
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

/// What was applied.
pub(crate) fn labels(report: &Report) -> Vec<String> {
    report.applied_migrations().iter().map(label).collect()
}

/// What an error of the runner means; `fault` reads the engine's own behind it.
pub(crate) fn failure(
    error: &Error,
    fault: impl FnOnce(&(dyn std::error::Error + Send + Sync + 'static)) -> Option<StoreError>,
) -> MigrateError {
    match error.kind() {
        Kind::Connection(_, cause) => match fault(cause.as_ref()) {
            Some(StoreError::Unavailable(reason)) => StoreError::Unavailable(reason).into(),
            Some(StoreError::Refused(reason)) => MigrateError::Failed(reason),
            None => MigrateError::Failed(cause.to_string()),
        },
        Kind::DivergentVersion(applied, compiled_in) => {
            MigrateError::Edited { applied: label(applied), compiled_in: label(compiled_in) }
        }
        other => MigrateError::Failed(other.to_string()),
    }
}

fn label(migration: &Migration) -> String {
    format!("V{}__{}", migration.version(), migration.name())
}

/// Skeletons before and after the seventh migration, of players in the order of their making.
#[cfg(test)]
pub(crate) const SKELETONS: [(&str, Option<&str>); 5] = [
    ("aiice", Some("allce")),
    ("alice", None),
    ("bob", Some("bob")),
    ("lan", Some("lan")),
    ("ian", None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_below_one_that_was_applied_is_not_passed_over() {
        let named = |name| Migration::unapplied(name, "SELECT 1").unwrap();
        let all = ["V1__one", "V2__two", "V3__three"].map(named);
        let applied = [all[0].clone(), all[2].clone()];

        assert_eq!(
            none_skipped(&applied, &all).unwrap_err().to_string(),
            "V2__two was never applied to this database, although V3__three was"
        );
        assert!(none_skipped(&all[..2], &all).is_ok() && none_skipped(&[], &all).is_ok());
    }
}
