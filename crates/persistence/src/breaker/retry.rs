//! When a call that failed is made again, and when that would only add to what the database suffers from.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

/// The longest pause before the first and the second of two tries; each is drawn from nothing to that (full jitter: M.
/// Brooker, Exponential Backoff And Jitter, AWS 2015).
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(100)];

/// A call pays in a tenth of a try: one call in ten is made again at most, beyond a stock of ten tries.
const EARNED: u32 = 1;
const SPENT: u32 = 10;
const SAVED_MAX: u32 = 100;

/// Tries that all callers have together.
pub(crate) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Budget {
        Budget(AtomicU32::new(SAVED_MAX))
    }
}

impl Budget {
    /// For each call that is made for the first time.
    pub(crate) fn earn(&self) {
        // A full stock changes nothing.
        let _ = self.0.fetch_update(Relaxed, Relaxed, |saved| {
            (saved < SAVED_MAX).then(|| (saved + EARNED).min(SAVED_MAX))
        });
    }

    /// Whether one may be made again.
    pub(crate) fn spend(&self) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(SPENT)).is_ok()
    }
}

/// The pauses before each of the tries of one call.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> + Send + Sync + Unpin {
    PAUSES.into_iter().map(|longest| longest.mul_f64(rand::random()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_ten_is_made_again_beyond_the_stock() {
        let budget = Budget::default();
        budget.earn();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 10);
        for _ in 0..9 {
            budget.earn();
            assert!(!budget.spend());
        }
        budget.earn();
        assert!(budget.spend() && !budget.spend());
    }

    #[test]
    fn there_are_two_tries_within_their_pauses() {
        let drawn: Vec<_> = pauses().collect();
        assert_eq!(drawn.len(), PAUSES.len());
        assert!(drawn.iter().zip(PAUSES).all(|(drawn, longest)| *drawn <= longest));
    }
}
