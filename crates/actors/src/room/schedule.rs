//! When ticks are due: on a fixed grid, so that a late one does not move those behind it. Pure.

use std::time::Duration;

/// The due time after `due`, when it is now `now`, and how many ticks were missed and are skipped.
pub(super) fn next(due: Duration, period: Duration, now: Duration) -> (Duration, u64) {
    let next = due + period;
    let Some(late) = now.checked_sub(next) else { return (next, 0) };
    let missed = late.as_nanos() / period.as_nanos().max(1) + 1;
    let missed = u32::try_from(missed).unwrap_or(u32::MAX);
    (next + period * missed, u64::from(missed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_does_not_move_the_grid_and_missed_ones_are_counted() {
        let ms = Duration::from_millis;
        assert_eq!(next(ms(100), ms(50), ms(100)), (ms(150), 0));
        assert_eq!(next(ms(100), ms(50), ms(149)), (ms(150), 0));
        assert_eq!(next(ms(100), ms(50), ms(150)), (ms(200), 1));
        assert_eq!(next(ms(100), ms(50), ms(420)), (ms(450), 6));
    }
}
