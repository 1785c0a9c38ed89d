//! A session's rules as values: how fast it may play, and when its time is over. Time is an argument: the session's
//! age.

use std::time::Duration;

use crate::vault::Rate;

/// A rate limiter (GCRA, ITU-T I.371): over any window w at most `burst + per_second × w` pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gcra {
    /// `None`: everything passes.
    rate: Option<Rate>,
    /// When the bucket is full again.
    full_at: Duration,
}

impl Gcra {
    pub fn new(rate: Option<Rate>) -> Gcra {
        Gcra { rate, full_at: Duration::ZERO }
    }

    /// Spends one.
    ///
    /// # Errors
    /// How long to wait until one may pass.
    pub fn spend(&mut self, now: Duration) -> Result<(), Duration> {
        let Some(Rate { per_second, burst }) = self.rate else { return Ok(()) };
        let each = Duration::from_secs_f64(1.0 / per_second.max(1e-3));
        let full_at = self.full_at.max(now) + each;
        let tolerance = each * burst.max(1);
        match full_at.checked_sub(now + tolerance) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.full_at = full_at;
                Ok(())
            }
        }
    }
}

/// Whether a client has been over its rate without a pause for so long that the socket is to close (4029).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flood {
    since: Option<Duration>,
    last: Duration,
}

impl Flood {
    const PAUSE: Duration = Duration::from_secs(1);
    const ENDURED: Duration = Duration::from_secs(10);

    /// One more refusal at `now`. True when it has gone on for too long.
    pub fn refused(&mut self, now: Duration) -> bool {
        if self.since.is_none() || now.saturating_sub(self.last) > Flood::PAUSE {
            self.since = Some(now);
        }
        self.last = now;
        self.since.is_some_and(|since| now.saturating_sub(since) >= Flood::ENDURED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_passes_at_once_and_the_rest_at_the_rate() {
        let mut gcra = Gcra::new(Some(Rate { per_second: 10.0, burst: 3 }));
        assert!((0..3).all(|_| gcra.spend(ms(0)).is_ok()));
        assert_eq!(gcra.spend(ms(0)), Err(ms(100)));
        assert_eq!(gcra.spend(ms(60)), Err(ms(40)));
        assert_eq!(gcra.spend(ms(100)), Ok(()));
        let over_ten_seconds = (100..10_100).filter(|&at| gcra.spend(ms(at)).is_ok()).count();
        assert!((99..=101).contains(&over_ten_seconds), "{over_ten_seconds}");
    }

    #[test]
    fn without_a_rate_everything_passes() {
        let mut gcra = Gcra::new(None);
        assert!((0..10_000).all(|_| gcra.spend(ms(0)).is_ok()));
    }

    #[test]
    fn only_a_flood_without_a_pause_ends_the_socket() {
        let mut flood = Flood::default();
        assert!(!(0..=19).any(|n| flood.refused(ms(n * 500))));
        assert!(flood.refused(ms(10_000)));
        assert!(!flood.refused(ms(11_500)));
    }
}
