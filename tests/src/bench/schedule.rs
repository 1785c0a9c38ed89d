//! When each socket sends: at an even rate, each at its own place within the period, the same in every run.

use std::time::Duration;

/// One send a socket and period.
#[derive(Debug)]
pub(crate) struct Schedule {
    period: Duration,
    /// Sockets by their place in the period.
    order: Vec<(Duration, usize)>,
    at: usize,
    cycle: Duration,
}

impl Schedule {
    /// `sockets` of them, from `start` on.
    pub(crate) fn new(sockets: usize, period: Duration, start: Duration, seed: u64) -> Schedule {
        let mut random = Random(seed);
        let place = |socket| (period.mul_f64(random.unit()), socket);
        let mut order: Vec<(Duration, usize)> = (0..sockets).map(place).collect();
        order.sort_unstable();
        Schedule { period, order, at: 0, cycle: start }
    }

    /// The next socket that must have sent by `now`, and when it should have.
    pub(crate) fn due(&mut self, now: Duration) -> Option<(usize, Duration)> {
        let due = self.next_due();
        if due > now {
            return None;
        }
        let (_, socket) = *self.order.get(self.at)?;
        self.at += 1;
        if self.at == self.order.len() {
            self.at = 0;
            self.cycle += self.period;
        }
        Some((socket, due))
    }

    pub(crate) fn next_due(&self) -> Duration {
        self.order.get(self.at).map_or(Duration::MAX, |(place, _)| self.cycle + *place)
    }
}

/// SplitMix64: enough to spread sends and steer ships.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_socket_sends_once_a_period_in_the_same_order() {
        let period = Duration::from_millis(50);
        let mut schedule = Schedule::new(10, period, Duration::from_secs(1), 7);
        assert_eq!(schedule.due(Duration::from_secs(1)), None);
        let mut sent = |until| {
            std::iter::from_fn(|| schedule.due(until)).map(|sent| sent.0).collect::<Vec<_>>()
        };
        let first = sent(Duration::from_secs(1) + period);
        let second = sent(Duration::from_secs(1) + 2 * period);
        assert_eq!(first, second);
        let mut sockets = first;
        sockets.sort_unstable();
        assert_eq!(sockets, (0..10).collect::<Vec<_>>());
    }
}
