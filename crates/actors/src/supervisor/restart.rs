//! How often something may restart and how long it waits before. Time is an argument: the supervisor's age.

use std::{collections::VecDeque, time::Duration};

/// At most `intensity` restarts within `period` (OTP's `intensity` and `period`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartLimit {
    pub intensity: u32,
    pub period: Duration,
}

/// One restart more than the limit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} restarts in {:?}", .0.intensity, .0.period)]
pub struct TooManyRestarts(pub RestartLimit);

/// When the restarts of late were. After OTP's `add_restart` (erlang/otp, `supervisor.erl`).
#[derive(Debug, Clone)]
pub struct RestartHistory {
    limit: RestartLimit,
    restarts: VecDeque<Duration>,
}

impl RestartHistory {
    pub fn new(limit: RestartLimit) -> RestartHistory {
        RestartHistory { limit, restarts: VecDeque::new() }
    }

    /// Counts a restart at `now`.
    ///
    /// # Errors
    /// It is one too many within the period: the supervisor gives up.
    pub fn record(&mut self, now: Duration) -> Result<(), TooManyRestarts> {
        let RestartLimit { intensity, period } = self.limit;
        self.restarts.retain(|&at| now.saturating_sub(at) <= period);
        self.restarts.push_back(now);
        if self.restarts.len() > intensity as usize {
            return Err(TooManyRestarts(self.limit));
        }
        Ok(())
    }
}

/// How long a child waits before it is started again: not at all unless it failed young.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// A child that lived at least this long starts again at once.
    pub young: Duration,
    pub initial: Duration,
    pub max: Duration,
}

impl Backoff {
    /// The wait before the next start of a child that lived for `lived` and has by now failed young `streak` times
    /// in a row, this one included.
    pub fn delay(&self, lived: Duration, streak: u32) -> Duration {
        if lived >= self.young || streak <= 1 {
            return Duration::ZERO;
        }
        let doubled = self.initial.saturating_mul(1 << (streak - 2).min(16));
        doubled.min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn the_restart_after_the_last_allowed_one_is_refused_and_old_ones_are_forgotten() {
        let limit = RestartLimit { intensity: 2, period: s(5) };
        let mut history = RestartHistory::new(limit);
        assert_eq!(history.record(s(0)), Ok(()));
        assert_eq!(history.record(s(5)), Ok(()));
        assert_eq!(history.record(s(6)), Ok(()));
        assert_eq!(history.record(s(7)), Err(TooManyRestarts(limit)));
    }

    #[test]
    fn only_a_child_that_keeps_failing_young_has_to_wait() {
        let ms = Duration::from_millis;
        let backoff = Backoff { young: ms(250), initial: ms(50), max: s(5) };
        assert_eq!(backoff.delay(ms(10), 1), ms(0));
        assert_eq!(backoff.delay(ms(10), 2), ms(50));
        assert_eq!(backoff.delay(ms(10), 3), ms(100));
        assert_eq!(backoff.delay(ms(10), 60), s(5));
        assert_eq!(backoff.delay(ms(250), 60), ms(0));
    }
}
