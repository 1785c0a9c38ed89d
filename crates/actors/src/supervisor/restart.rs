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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// A child that lived at least this long starts again at once.
    pub young: Duration,
    /// The first wait; each one after it is `factor` times as long, at most `max`.
    pub initial: Duration,
    pub factor: f64,
    pub max: Duration,
    /// Up to this part of a wait is taken off at random, so that those that failed together do not start together.
    pub jitter: f64,
}

impl Backoff {
    /// The wait before the next start of a child that lived for `lived` and has by now failed young `streak` times
    /// in a row, this one included. `draw` is drawn anew for each wait, from 0.0 to 1.0.
    pub fn delay(&self, lived: Duration, streak: u32, draw: f64) -> Duration {
        if lived >= self.young || streak <= 1 {
            return Duration::ZERO;
        }
        let grown = self.initial.as_millis() as f64 * self.factor.powf(f64::from(streak - 2));
        let whole = grown.min(self.max.as_millis() as f64);
        let off = self.jitter.clamp(0.0, 1.0) * draw.clamp(0.0, 1.0);
        // What is beyond the range of a number ends at its border: such a cast saturates.
        Duration::from_millis((whole * (1.0 - off)).round() as u64)
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

    const BACKOFF: Backoff =
        Backoff { young: ms(250), initial: ms(50), factor: 2.0, max: s(5), jitter: 0.0 };

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn only_a_child_that_keeps_failing_young_has_to_wait() {
        let delay = |lived, streak| BACKOFF.delay(ms(lived), streak, 0.5);
        assert_eq!(delay(10, 0), ms(0));
        assert_eq!(delay(10, 1), ms(0));
        assert_eq!(delay(10, 2), ms(50));
        assert_eq!(delay(10, 3), ms(100));
        assert_eq!(delay(10, 60), s(5));
        assert_eq!(delay(10, u32::MAX), s(5));
        assert_eq!(delay(250, 60), ms(0));
    }

    #[test]
    fn each_wait_is_a_factor_longer_up_to_the_longest() {
        let backoff = Backoff { factor: 1.5, max: ms(110), ..BACKOFF };
        let waits: Vec<_> = (2..6).map(|streak| backoff.delay(ms(0), streak, 0.0)).collect();
        assert_eq!(waits, [ms(50), ms(75), ms(110), ms(110)]);
        let even = Backoff { factor: 1.0, ..BACKOFF };
        assert_eq!(even.delay(ms(0), 100, 0.0), ms(50));
    }

    #[test]
    fn jitter_takes_off_at_most_its_part_and_adds_nothing() {
        let backoff = Backoff { jitter: 0.2, ..BACKOFF };
        let at = |streak, draw| backoff.delay(ms(0), streak, draw);
        assert_eq!([at(3, 0.0), at(3, 0.5), at(3, 1.0)], [ms(100), ms(90), ms(80)]);
        // The longest wait is spread too: otherwise all that have come so far would start together.
        assert_eq!([at(60, 0.0), at(60, 1.0)], [s(5), s(4)]);
        assert_eq!(Backoff { jitter: 1.0, ..BACKOFF }.delay(ms(0), 9, 1.0), ms(0));
    }
}
