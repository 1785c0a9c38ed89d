//! One connection to PostgreSQL, and bb8's manager that makes them.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bb8_postgres::PostgresConnectionManager;
use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};

use super::{fault::reason, url::DatabaseUrl};

/// A connection that has answered within this is not asked whether it still does: that is a round trip, half of a call.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// A connection, and whether it may be given to anyone again.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Set while a call is using it: one whose query was given up in flight would keep the next caller waiting for the
    /// end of that query.
    pub(super) poisoned: bool,
    pub(super) answered_at: Instant,
}

/// Makes connections for bb8.
pub(super) struct Manager {
    inner: PostgresConnectionManager<NoTls>,
    attempts: AtomicU64,
    /// Why the last one could not be made. bb8 itself only says that time ran out.
    failure: Mutex<Option<String>>,
}

impl Manager {
    pub(super) fn new(url: &DatabaseUrl) -> Manager {
        let inner = PostgresConnectionManager::new(url.serving(), NoTls);
        Manager { inner, attempts: AtomicU64::new(0), failure: Mutex::new(None) }
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often a connection was asked of the database since the start.
    pub(super) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }
}

/// bb8 takes its manager by value; the pool keeps looking at it.
pub(super) struct Managed(pub(super) Arc<Manager>);

impl bb8::ManageConnection for Managed {
    type Connection = Connection;
    type Error = tokio_postgres::Error;

    async fn connect(&self) -> Result<Connection, tokio_postgres::Error> {
        let Manager { inner, attempts, failure } = &*self.0;
        attempts.fetch_add(1, Ordering::Relaxed);
        let connected = inner.connect().await;
        let why = connected.as_ref().err().map(reason);
        let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
        // Said once, however often it is tried.
        if let Some(reason) = why.as_ref().filter(|_| *failure != why) {
            tracing::warn!(%reason, "no connection to the database");
        }
        *failure = why;
        connected.map(|client| Connection { client, poisoned: false, answered_at: Instant::now() })
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), tokio_postgres::Error> {
        if connection.answered_at.elapsed() < FRESH_FOR && !connection.client.is_closed() {
            return Ok(());
        }
        self.0.inner.is_valid(&mut connection.client).await
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.poisoned || connection.client.is_closed()
    }
}
