//! Measured times and their quantiles.

use std::time::Duration;

/// Times in microseconds, all of them kept: a run has a few million.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples {
    micros: Vec<u32>,
}

/// What the tables show of [`Samples`], in milliseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Samples {
    pub(crate) fn push(&mut self, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    pub(crate) fn len(&self) -> usize {
        self.micros.len()
    }

    pub(crate) fn quantiles(mut self) -> Quantiles {
        self.micros.sort_unstable();
        let at = |share: f64| match self.micros.len() {
            0 => f64::NAN,
            n => f64::from(self.micros[(((n - 1) as f64) * share).round() as usize]) / 1e3,
        };
        Quantiles { p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let mut samples = Samples::default();
        for ms in (0..=100).rev() {
            samples.push(Duration::from_millis(ms));
        }
        assert_eq!(samples.quantiles(), Quantiles { p50: 50.0, p99: 99.0, max: 100.0 });
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
