//! The migrations of this engine, compiled in, and how they are applied: under a lock that one process at a time has,
//! then the indexes that are made beside the running work.

#[cfg(test)]
mod tests;

use std::time::Duration;

use gamev1_actors::ports::StoreError;
use refinery::Runner;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Connection, NoTls, Socket, tls::NoTlsStream, types::Type};

use super::{
    fault::{self, Fault},
    url::DatabaseUrl,
};
use crate::{
    database::MigrateError,
    migrations::{self as shared, Source},
};

/// In the order of their numbers, which are the same as on SQLite. One that was released is never edited: what changes
/// is a new one, and the last release must run on what it leaves.
pub(super) const MIGRATIONS: &[Source] = &[
    ("V1__players_and_rooms", include_str!("../../migrations/postgres/V1__players_and_rooms.sql")),
    (
        "V2__kept_between_processes",
        include_str!("../../migrations/postgres/V2__kept_between_processes.sql"),
    ),
    ("V3__accounts", include_str!("../../migrations/postgres/V3__accounts.sql")),
    ("V4__revocations", include_str!("../../migrations/postgres/V4__revocations.sql")),
    ("V5__audit", include_str!("../../migrations/postgres/V5__audit.sql")),
    ("V6__failed_logins", include_str!("../../migrations/postgres/V6__failed_logins.sql")),
    ("V7__skeletons", include_str!("../../migrations/postgres/V7__skeletons.sql")),
];

/// Indexes on tables that are large by then: name, and the statement that makes it without holding up writers. Such a
/// statement cannot stand in a transaction, and so not in a migration. They are made when they are missing.
pub(super) const CONCURRENT_INDEXES: &[(&str, &str)] = &[
    (
        "idx_players_room_id",
        "CREATE INDEX CONCURRENTLY idx_players_room_id ON game_sessions (room_id, player_id)",
    ),
    (
        "idx_game_sessions_player_id",
        "CREATE INDEX CONCURRENTLY idx_game_sessions_player_id ON game_sessions (player_id, started_at_ms)",
    ),
];

/// "gamev1" in ASCII: the lock that who migrates holds.
const LOCK: i64 = 0x0067_616d_6576_3100;
/// A lock or a statement of a migration that waits for longer is tried again as a whole.
const LOCK_WITHIN: &str = "SET lock_timeout = '5s'; SET statement_timeout = 0";
/// Half a minute; who migrates the server at its start tries again after that.
const LOCK_TRIES: u32 = 300;
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(100);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Applies what is missing and says what that was.
pub(super) async fn apply(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    let mut client = connect(url).await?;
    client.batch_execute(LOCK_WITHIN).await.map_err(store)?;
    // It goes with the connection, whatever happens.
    lock(&client).await?;
    let applied = run(&mut client, MIGRATIONS).await?;
    make_indexes(&client, CONCURRENT_INDEXES).await.map_err(store)?;
    Ok(applied)
}

/// Asked for again and again, because who waits in the database for a lock holds up the index that is made there.
async fn lock(client: &Client) -> Result<(), MigrateError> {
    const TRY: &str = "SELECT pg_try_advisory_lock($1)";
    for _ in 0..LOCK_TRIES {
        let tried = client.query_typed_one(TRY, &[(&LOCK as _, Type::INT8)]).await;
        if tried.and_then(|row| row.try_get(0)).map_err(store)? {
            return Ok(());
        }
        sleep(LOCK_TRIED_EVERY).await;
    }
    Err(StoreError::Unavailable("another process is migrating the database".into()).into())
}

async fn run(client: &mut Client, sources: &[Source]) -> Result<Vec<String>, MigrateError> {
    let migrations = shared::compiled_in(sources)?;
    let failed = |error: &refinery::Error| {
        shared::failure(error, |cause| cause.downcast_ref().map(fault::store_error))
    };
    const KNOWN: &str = "SELECT 1 WHERE to_regclass('refinery_schema_history') IS NOT NULL";
    if client.query_typed_opt(KNOWN, &[]).await.map_err(store)?.is_some() {
        let applied = Runner::new(&[]).get_applied_migrations_async(client).await;
        shared::none_skipped(&applied.map_err(|error| failed(&error))?, &migrations)?;
    }
    let report = shared::runner(&migrations).run_async(client).await;
    Ok(shared::labels(&report.map_err(|error| failed(&error))?))
}

/// A connection whose statements may take as long as they take.
pub(super) async fn connect(url: &DatabaseUrl) -> Result<Client, StoreError> {
    let connected = timeout(CONNECT_WITHIN, url.migrating().connect(NoTls)).await;
    let connected = connected.map_err(|_| {
        StoreError::Unavailable(format!("no connection was made within {CONNECT_WITHIN:?}"))
    })?;
    let (client, connection) = connected.map_err(|error| StoreError::from(Fault::from(error)))?;
    drive(connection);
    Ok(client)
}

/// The traffic of a connection: ends with its client, whose calls tell what went wrong before.
#[expect(clippy::disallowed_methods, reason = "a part of the client, as in the pool's own manager")]
fn drive(connection: Connection<Socket, NoTlsStream>) {
    tokio::spawn(async move { drop(connection.await) });
}

fn store(error: tokio_postgres::Error) -> MigrateError {
    StoreError::from(Fault::from(error)).into()
}

/// Makes the indexes that are not there, and those again whose making was cut short: such a one stays behind, slows
/// every write, and serves no query.
async fn make_indexes(
    client: &Client,
    indexes: &[(&str, &str)],
) -> Result<(), tokio_postgres::Error> {
    const VALID: &str = "SELECT indisvalid FROM pg_index \
         WHERE indexrelid = to_regclass(format('%I', $1::text))";
    for (name, make) in indexes {
        let found = client.query_typed_opt(VALID, &[(name as _, Type::TEXT)]).await?;
        match found.map(|row| row.try_get::<_, bool>(0)).transpose()? {
            Some(true) => continue,
            Some(false) => {
                tracing::warn!(index = name, "an index was not made to its end: it is made again");
                client.batch_execute(&format!("DROP INDEX CONCURRENTLY {name}")).await?;
            }
            None => {}
        }
        client.batch_execute(make).await?;
    }
    Ok(())
}
