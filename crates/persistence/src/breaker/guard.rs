//! The breaker of one class of work, shared by those who call.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use gamev1_actors::ports::StoreError;
use tokio::time::Instant;

use super::{
    Class, ClassCondition,
    state::{Breaker, Change, Pass, Phase, Verdict},
};

/// An answer that takes longer counts against the database.
const SLOW: Duration = Duration::from_secs(1);

/// Hears how long a call waited for its turn and its connection.
pub type WaitObserver = dyn Fn(Duration) + Send + Sync;

/// The breaker of one class, and what is counted of it.
pub(crate) struct Guard {
    class: Class,
    born: Instant,
    breaker: Mutex<Breaker>,
    waiting: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    waits: OnceLock<Arc<WaitObserver>>,
}

impl Guard {
    pub(crate) fn new(class: Class) -> Guard {
        Guard {
            class,
            born: Instant::now(),
            breaker: Mutex::new(Breaker::new()),
            waiting: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            waits: OnceLock::new(),
        }
    }

    /// Leave to make a call.
    ///
    /// # Errors
    /// The breaker is open: the database is left alone for a while.
    pub(crate) fn admit(&self) -> Result<Permit<'_>, StoreError> {
        let now = Instant::now();
        match self.decide(|breaker, now| breaker.admit(now, rand::random())) {
            Ok(pass) => Ok(Permit::new(self, Some(pass), now)),
            Err(left) => {
                self.refused.fetch_add(1, Relaxed);
                let left = left.as_millis();
                let message = format!("it failed and is left alone for another {left} ms");
                Err(StoreError::Unavailable(message))
            }
        }
    }

    /// As [`Guard::admit`] for who only looks whether the database answers: never refused.
    pub(crate) fn look(&self) -> Permit<'_> {
        Permit::new(self, None, Instant::now())
    }

    /// What the look of another class has found.
    pub(crate) fn heard<T>(&self, looked: &Result<T, StoreError>) {
        let there = !matches!(looked, Err(StoreError::Unavailable(_)));
        self.decide(|breaker, now| breaker.heard(there, now));
    }

    /// Whether calls are made as usual.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().phase() == Phase::Closed
    }

    /// Only the first call counts.
    pub(crate) fn observe_waits(&self, observer: Arc<WaitObserver>) {
        // A second would count the same calls again.
        let _ = self.waits.set(observer);
    }

    pub(crate) fn condition(&self) -> ClassCondition {
        ClassCondition {
            class: self.class.name(),
            breaker: self.lock().phase(),
            waiting: self.waiting.load(Relaxed),
            answered: self.answered.load(Relaxed),
            failed: self.failed.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }

    fn settle(&self, pass: Option<&Pass>, verdict: Verdict) {
        match verdict {
            Verdict::Good | Verdict::Slow => self.answered.fetch_add(1, Relaxed),
            Verdict::Fault => self.failed.fetch_add(1, Relaxed),
            Verdict::None => 0,
        };
        self.decide(|breaker, now| match pass {
            Some(pass) => breaker.settle(pass, verdict, now, rand::random()),
            None => breaker.looked(verdict, now, rand::random()),
        });
    }

    /// Asks the breaker, and says so when that opened or closed it.
    fn decide<T>(&self, decision: impl FnOnce(&mut Breaker, Duration) -> T) -> T {
        let (decided, change) = {
            let mut breaker = self.lock();
            (decision(&mut breaker, self.born.elapsed()), breaker.take_change())
        };
        let class = self.class.name();
        match change {
            Some(Change::Opened(wait)) => {
                tracing::warn!(class, ?wait, "the database fails: calls are refused for a while");
            }
            Some(Change::Closed) => tracing::info!(class, "the database is called again"),
            None => {}
        }
        decided
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that may be made. One that is dropped on the way is no fault of the database, unless it had waited for long.
pub(crate) struct Permit<'g> {
    guard: &'g Guard,
    /// None for a look.
    pass: Option<Pass>,
    asked_at: Instant,
    waits: bool,
    verdict: Option<Verdict>,
}

impl<'g> Permit<'g> {
    fn new(guard: &'g Guard, pass: Option<Pass>, asked_at: Instant) -> Permit<'g> {
        guard.waiting.fetch_add(1, Relaxed);
        Permit { guard, pass, asked_at, waits: true, verdict: None }
    }

    /// The call has its turn and its connection.
    pub(crate) fn begins(&mut self) {
        self.stop_waiting();
        if let Some(observe) = self.guard.waits.get() {
            observe(self.asked_at.elapsed());
        }
    }

    /// The call is over. What the database refused it answered.
    pub(crate) fn settle<T>(mut self, done: &Result<T, StoreError>) {
        self.verdict = Some(match done {
            Err(StoreError::Unavailable(_)) => Verdict::Fault,
            Ok(_) | Err(StoreError::Refused(_)) if self.asked_at.elapsed() > SLOW => Verdict::Slow,
            Ok(_) | Err(StoreError::Refused(_)) => Verdict::Good,
        });
    }

    fn stop_waiting(&mut self) {
        if std::mem::take(&mut self.waits) {
            self.guard.waiting.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.stop_waiting();
        let given_up =
            || if self.asked_at.elapsed() > SLOW { Verdict::Fault } else { Verdict::None };
        let verdict = self.verdict.unwrap_or_else(given_up);
        self.guard.settle(self.pass.as_ref(), verdict);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Result<(), StoreError> {
        Err(StoreError::Unavailable("it is away".to_owned()))
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_counted_by_what_came_of_them() {
        let guard = Guard::new(Class::Write);
        for done in
            [Ok(()), Err(StoreError::Refused("a constraint".into())), away(), away(), away()]
        {
            guard.admit().unwrap().settle(&done);
        }
        assert!(matches!(guard.admit().map(drop), Err(StoreError::Unavailable(_))));
        let condition = guard.condition();
        assert_eq!((condition.answered, condition.failed, condition.refused), (2, 3, 1));
        assert_eq!((condition.class, condition.breaker), ("write", Phase::Open));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_until_it_begins_or_is_given_up() {
        let guard = Arc::new(Guard::new(Class::Read));
        let waits = Arc::new(Mutex::new(Vec::new()));
        let to = waits.clone();
        guard.observe_waits(Arc::new(move |wait| to.lock().unwrap().push(wait)));
        let (mut first, second) = (guard.admit().unwrap(), guard.admit().unwrap());
        assert_eq!(guard.condition().waiting, 2);
        tokio::time::advance(Duration::from_millis(30)).await;
        first.begins();
        drop(second);
        assert_eq!(guard.condition().waiting, 0);
        assert_eq!(*waits.lock().unwrap(), [Duration::from_millis(30)]);
        first.settle(&Ok(()));
        assert_eq!(guard.condition().failed, 0, "who hangs up soon says nothing of the database");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_after_a_long_wait_counts_as_a_fault() {
        let guard = Guard::new(Class::Read);
        let permits: Vec<_> = (0..3).map(|_| guard.admit().unwrap()).collect();
        tokio::time::advance(SLOW + Duration::from_millis(1)).await;
        drop(permits);
        assert_eq!((guard.condition().failed, guard.is_closed()), (3, false));
        guard.look().settle(&Ok(()));
        assert_eq!(guard.condition().breaker, Phase::HalfOpen);
    }
}
