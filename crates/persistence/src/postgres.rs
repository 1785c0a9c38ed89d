//! PostgreSQL, 15 or later, behind bb8.

mod accounts;
mod audit;
mod backup;
mod connection;
mod credentials;
mod export;
mod fault;
mod history;
mod login_ledger;
mod migrations;
mod players;
mod pool;
mod records;
mod revocations;
mod rooms;
mod row;
mod sanctions;
mod saves;
mod sign_ins;
mod sql;
mod url;

use std::time::Duration;

use gamev1_actors::ports::{Answer, StoreError};

use self::pool::{Class, Pool};
pub use self::url::{DatabaseUrl, DatabaseUrlError};
use crate::database::{Connections, Database, MigrateError};

/// Where the database is, and how long its callers wait.
#[derive(Debug, Clone, PartialEq)]
pub struct PostgresOptions {
    pub url: DatabaseUrl,
    /// The bound of a call: its turn, its connection and its work together.
    pub call_timeout: Duration,
}

impl PostgresOptions {
    pub fn new(url: DatabaseUrl) -> PostgresOptions {
        PostgresOptions { url, call_timeout: Duration::from_secs(2) }
    }
}

/// The database. It need not be up when this is made.
pub struct Postgres {
    pool: Pool,
    url: DatabaseUrl,
}

impl Postgres {
    /// Makes no connection yet. Must be called within a runtime, in which connections are kept.
    pub fn new(options: PostgresOptions) -> Postgres {
        let PostgresOptions { url, call_timeout } = options;
        Postgres { pool: Pool::new(&url, call_timeout), url }
    }

    /// How often a connection was asked of the database, whether or not it was given.
    pub fn connection_attempts(&self) -> u64 {
        self.pool.attempts()
    }
}

impl Database for Postgres {
    fn migrate(&self) -> Answer<'_, Result<Vec<String>, MigrateError>> {
        Box::pin(async {
            let applied = migrations::apply(&self.url).await?;
            if !applied.is_empty() {
                tracing::info!(?applied, database = %self.url, "the schema was migrated");
            }
            Ok(applied)
        })
    }

    fn probe(&self) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.pool.call(Class::Read, |client| {
            Box::pin(async move {
                client.query_typed(sql::PROBE, &[]).await?;
                Ok(())
            })
        }))
    }

    fn connections(&self) -> Connections {
        let state = self.pool.state();
        let (idle, all) = (u64::from(state.idle_connections), u64::from(state.connections));
        Connections { idle, used: all.saturating_sub(idle) }
    }

    fn stall(&self, stall: Duration) {
        self.pool.stall(stall);
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(self.pool.close())
    }
}
