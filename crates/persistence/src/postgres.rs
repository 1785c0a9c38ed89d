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
pub(crate) mod transfer;
mod turns;
mod url;

use std::{sync::Arc, time::Duration};

use gamev1_actors::ports::{Answer, StoreError};

use self::pool::{Pool, SIZE_MAX};
pub use self::url::{DatabaseUrl, DatabaseUrlError};
use crate::{
    breaker::WaitObserver,
    database::{Condition, Database, LOOK_WITHIN, MigrateError, Operations},
};

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
        Box::pin(self.pool.look(LOOK_WITHIN, |client| {
            Box::pin(async move {
                client.query_typed(sql::PROBE, &[]).await?;
                Ok(())
            })
        }))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(self.pool.close())
    }
}

impl Operations for Postgres {
    fn condition(&self) -> Condition {
        let state = self.pool.state();
        let (idle, all) = (u64::from(state.idle_connections), u64::from(state.connections));
        Condition {
            idle,
            used: all.saturating_sub(idle),
            max: u64::from(SIZE_MAX),
            attempts: self.pool.attempts(),
            retries: self.pool.retries(),
            classes: self.pool.classes(),
        }
    }

    fn observe_waits(&self, observer: Arc<WaitObserver>) {
        self.pool.observe_waits(&observer);
    }

    fn stall(&self, stall: Duration) {
        self.pool.stall(stall);
    }
}
