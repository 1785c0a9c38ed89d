//! The pool: a queue in front of bb8 that is fair, and one function through which every call passes and ends in time.

use std::{pin::Pin, sync::Arc, time::Duration};

use gamev1_actors::ports::StoreError;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tokio_postgres::Client;

use super::{
    connection::{Connection, Managed, Manager},
    fault::Fault,
    url::DatabaseUrl,
};
use crate::stall::Stall;

/// Connections that are kept open though nobody uses them, and that there are at most.
const IDLE_MIN: u32 = 5;
const SIZE_MAX: u32 = 20;
/// How long bb8 may look for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(2);

/// What a call does, as its borrow of the connection asks for.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;

/// Where a call is to be told apart in what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Read,
    Write,
}

pub(super) struct Pool {
    /// bb8 wakes the one who waits longest but lets a later one take the connection first.
    turns: Semaphore,
    connections: bb8::Pool<Managed>,
    manager: Arc<Manager>,
    call_timeout: Duration,
    stall: Stall,
}

impl Pool {
    /// A pool that makes its connections when they are asked for: the database may be down.
    pub(super) fn new(url: &DatabaseUrl, call_timeout: Duration) -> Pool {
        let manager = Arc::new(Manager::new(url));
        let connections = bb8::Pool::builder()
            .min_idle(IDLE_MIN)
            .max_size(SIZE_MAX)
            .connection_timeout(CONNECTION_WITHIN)
            // A fail-over cuts idle connections without a word; a look costs 25 µs.
            .test_on_check_out(true)
            // The surplus of a busy hour grows old and is closed.
            .queue_strategy(bb8::QueueStrategy::Lifo)
            .build_unchecked(Managed(manager.clone()));
        let turns = Semaphore::new(SIZE_MAX as usize);
        Pool { turns, connections, manager, call_timeout, stall: Stall::default() }
    }

    pub(super) fn state(&self) -> bb8::State {
        self.connections.state()
    }

    pub(super) fn attempts(&self) -> u64 {
        self.manager.attempts()
    }

    pub(super) fn stall(&self, stall: Duration) {
        self.stall.begin(stall);
    }

    /// Runs `work` with a connection of its own: single statements, each by itself.
    pub(super) async fn call<T, W>(&self, class: Class, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c Client) -> Work<'c, T> + Send + 'static,
    {
        self.within(class, |connection| work(&connection.client)).await
    }

    /// Runs `work` in one transaction: all of it is kept or nothing. Whether it was is not known when the connection
    /// is lost just then; what is written must bear to be written again.
    pub(super) async fn transaction<T, W>(&self, class: Class, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c Client) -> Work<'c, T> + Send + 'static,
    {
        self.within(class, |connection| {
            Box::pin(async move {
                let transaction = connection.client.transaction().await?;
                let done = work(transaction.client()).await?;
                transaction.commit().await?;
                Ok(done)
            })
        })
        .await
    }

    async fn within<T, W>(&self, _class: Class, work: W) -> Result<T, StoreError>
    where
        W: for<'c> FnOnce(&'c mut Connection) -> Work<'c, T> + Send,
    {
        let deadline = Instant::now() + self.call_timeout;
        let out_of_time =
            |what| StoreError::Unavailable(format!("{what} within {:?}", self.call_timeout));

        let turn = timeout_at(deadline, self.turns.acquire()).await;
        let turn = turn.map_err(|_| out_of_time("no connection was free"))?;
        let _turn = turn.map_err(|_| StoreError::Unavailable("it is closed".to_owned()))?;
        let mut connection = match timeout_at(deadline, self.connections.get()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(_)) | Err(_) => {
                let reason = self.manager.failure().map_or(String::new(), |why| format!(": {why}"));
                return Err(StoreError::Unavailable(format!("no connection was made{reason}")));
            }
        };
        let held = timeout_at(deadline, self.stall.over()).await;
        held.map_err(|_| out_of_time("no answer came"))?;

        connection.poisoned = true;
        let done = timeout_at(deadline, work(&mut connection)).await;
        let done = done.map_err(|_| out_of_time("no answer came"))?;
        connection.poisoned = false;
        Ok(done?)
    }

    /// Waits for the calls that are running and refuses those that wait. Connections close as they are dropped.
    pub(super) async fn close(&self) {
        let Ok(_all) = self.turns.acquire_many(SIZE_MAX).await else { return };
        self.turns.close();
    }
}
