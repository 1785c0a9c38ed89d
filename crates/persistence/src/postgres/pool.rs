//! The pool: a queue in front of bb8 that is fair, and one function through which every call passes and ends in time.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use backon::Retryable;
use gamev1_actors::ports::StoreError;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Client;

use super::{
    connection::{Connection, Managed, Manager},
    fault::Fault,
    turns::{Growth, Turns},
    url::DatabaseUrl,
};
pub(super) use crate::breaker::Class;
use crate::{
    breaker::{
        ClassCondition, Guard, Permit, WaitObserver,
        retry::{Budget, pauses},
    },
    stall::Stall,
};

/// Connections that are kept open though nobody uses them, and that there are at most.
const IDLE_MIN: u32 = 5;
pub(super) const SIZE_MAX: u32 = 20;
/// How long bb8 may look for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(2);

/// What a call does, as its borrow of the connection asks for.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'c>>;

pub(super) struct Pool {
    turns: Arc<Turns>,
    connections: bb8::Pool<Managed>,
    manager: Arc<Manager>,
    call_timeout: Duration,
    stall: Stall,
    reads: Guard,
    writes: Guard,
    budget: Budget,
    retries: AtomicU64,
}

impl Pool {
    /// A pool that makes its connections when they are asked for: the database may be down.
    pub(super) fn new(url: &DatabaseUrl, call_timeout: Duration) -> Pool {
        let manager = Arc::new(Manager::new(url));
        let connections = bb8::Pool::builder()
            .min_idle(IDLE_MIN)
            .max_size(SIZE_MAX)
            .connection_timeout(CONNECTION_WITHIN)
            // A fail-over cuts idle connections without a word.
            .test_on_check_out(true)
            // The surplus of a busy hour grows old and is closed.
            .queue_strategy(bb8::QueueStrategy::Lifo)
            .build_unchecked(Managed(manager.clone()));
        Pool {
            turns: Turns::new(IDLE_MIN as usize, SIZE_MAX as usize),
            connections,
            manager,
            call_timeout,
            stall: Stall::default(),
            reads: Guard::new(Class::Read),
            writes: Guard::new(Class::Write),
            budget: Budget::default(),
            retries: AtomicU64::new(0),
        }
    }

    pub(super) fn state(&self) -> bb8::State {
        self.connections.state()
    }

    pub(super) fn attempts(&self) -> u64 {
        self.manager.attempts()
    }

    pub(super) fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    pub(super) fn classes(&self) -> [ClassCondition; 2] {
        [self.reads.condition(), self.writes.condition()]
    }

    pub(super) fn observe_waits(&self, observer: &Arc<WaitObserver>) {
        for guard in [&self.reads, &self.writes] {
            guard.observe_waits(observer.clone());
        }
    }

    pub(super) fn stall(&self, stall: Duration) {
        self.stall.begin(stall);
    }

    /// Runs `work`, which only reads, with a connection of its own: single statements, each by itself. Made again
    /// where the database failed and there is time left: idle connections are gone after a fail-over.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c Client) -> Work<'c, T> + Clone + Send + 'static,
    {
        let deadline = Instant::now() + self.call_timeout;
        self.budget.earn();
        let attempt = || {
            let work = work.clone();
            self.admitted(Class::Read, deadline, |connection| work(&connection.client))
        };
        attempt.retry(pauses()).when(|error| self.is_worth_another(error, deadline)).await
    }

    /// Runs `work` with a connection of its own: single statements, each by itself.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c Client) -> Work<'c, T> + Send + 'static,
    {
        let deadline = Instant::now() + self.call_timeout;
        self.admitted(Class::Write, deadline, |connection| work(&connection.client)).await
    }

    /// Runs `work` in one transaction: all of it is kept or nothing. Whether it was is not known when the connection
    /// is lost just then; what is written must bear to be written again.
    pub(super) async fn transaction<T, W>(&self, class: Class, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c Client) -> Work<'c, T> + Send + 'static,
    {
        let deadline = Instant::now() + self.call_timeout;
        self.admitted(class, deadline, |connection| {
            Box::pin(async move {
                let transaction = connection.client.transaction().await?;
                let done = work(transaction.client()).await?;
                transaction.commit().await?;
                Ok(done)
            })
        })
        .await
    }

    /// Looks whether the database answers, whatever the breaker thinks, and tells it.
    pub(super) async fn look<W>(&self, within: Duration, work: W) -> Result<(), StoreError>
    where
        W: for<'c> FnOnce(&'c Client) -> Work<'c, ()> + Send + 'static,
    {
        self.turns.fit(self.connections.state().connections as usize);
        let mut permit = self.reads.look();
        let deadline = Instant::now() + within.min(self.call_timeout);
        let looked =
            self.within(&mut permit, deadline, |connection| work(&connection.client)).await;
        permit.settle(&looked);
        self.writes.heard(&looked);
        looked
    }

    async fn admitted<T, W>(&self, class: Class, until: Instant, work: W) -> Result<T, StoreError>
    where
        W: for<'c> FnOnce(&'c mut Connection) -> Work<'c, T> + Send,
    {
        let guard = match class {
            Class::Read => &self.reads,
            Class::Write => &self.writes,
        };
        let mut permit = guard.admit()?;
        let done = self.within(&mut permit, until, work).await;
        permit.settle(&done);
        done
    }

    fn is_worth_another(&self, error: &StoreError, deadline: Instant) -> bool {
        let worth = matches!(error, StoreError::Unavailable(_))
            && Instant::now() < deadline
            && !self.turns.is_closed()
            && self.reads.is_closed()
            && self.budget.spend();
        self.retries.fetch_add(u64::from(worth), Relaxed);
        worth
    }

    async fn within<T, W>(
        &self,
        permit: &mut Permit<'_>,
        deadline: Instant,
        work: W,
    ) -> Result<T, StoreError>
    where
        W: for<'c> FnOnce(&'c mut Connection) -> Work<'c, T> + Send,
    {
        let out_of_time = |what| StoreError::Unavailable(format!("{what} in time"));

        if let Some(growth) = self.turns.grow() {
            self.one_more(growth);
        }
        let turn = timeout_at(deadline, self.turns.take()).await;
        let turn = turn.map_err(|_| out_of_time("no connection was free"))?;
        let _turn = turn.map_err(|_| StoreError::Unavailable("it is closed".to_owned()))?;
        let mut connection = match timeout_at(deadline, self.connections.get()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(_)) | Err(_) => {
                let reason = self.manager.failure().map_or(String::new(), |why| format!(": {why}"));
                return Err(StoreError::Unavailable(format!("no connection was made{reason}")));
            }
        };
        permit.begins();
        let held = timeout_at(deadline, self.stall.over()).await;
        held.map_err(|_| out_of_time("no answer came"))?;

        connection.poisoned = true;
        let done = timeout_at(deadline, work(&mut connection)).await;
        let done = done.map_err(|_| out_of_time("no answer came"))?;
        connection.poisoned = false;
        connection.answered_at = Instant::now();
        Ok(done?)
    }

    /// Makes a connection more, beside whoever found too few.
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever asked for it may be served before it is there; one is made at a time, and in bounded time"
    )]
    fn one_more(&self, growth: Growth) {
        let connections = self.connections.clone();
        tokio::spawn(async move {
            let within = Instant::now() + CONNECTION_WITHIN;
            let made = timeout_at(within, connections.dedicated_connection()).await;
            // The manager keeps why there is none.
            if let Ok(Ok(connection)) = made
                && connections.add(connection).is_ok()
            {
                growth.made();
            }
        });
    }

    /// Waits for the calls that are running and refuses those that wait. Connections close as they are dropped.
    pub(super) async fn close(&self) {
        self.turns.close().await;
    }
}
