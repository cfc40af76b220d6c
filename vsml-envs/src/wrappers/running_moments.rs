//! Mean and variance of numbers that come one by one.

/// Mean and variance of the numbers so far, after Welford (1962), in `f64`.
///
/// As Gymnasium's `RunningMeanStd`, it begins as if there had been 1/10000 of a number, of mean 0 and variance 1: so the
/// variance is never 0, and after the first number it is small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RunningMoments {
    count: f64,
    mean: f64,
    variance: f64,
}

/// What is added to a variance before it divides, as in Gymnasium.
const EPSILON: f64 = 1e-8;

impl RunningMoments {
    pub(super) fn new() -> Self {
        RunningMoments { count: 1e-4, mean: 0.0, variance: 1.0 }
    }

    pub(super) fn add(&mut self, number: f64) {
        let total = self.count + 1.0;
        let difference = number - self.mean;
        self.mean += difference / total;
        let squares = self.variance * self.count + difference * difference * self.count / total;
        self.variance = squares / total;
        self.count = total;
    }

    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// The deviation to divide by; never 0.
    pub(super) fn deviation(&self) -> f64 {
        (self.variance + EPSILON).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_numbers_and_what_was_there_before() {
        let numbers = [3.0, -1.0, 4.0, 1.5];
        let mut moments = RunningMoments::new();
        numbers.iter().for_each(|number| moments.add(*number));
        // All at once: weights 1 for each number, 0.0001 for one of mean 0 and variance 1.
        let total = 4.0001;
        let mean = numbers.iter().sum::<f64>() / total;
        let square = (numbers.iter().map(|x| x * x).sum::<f64>() + 0.0001) / total;
        assert!((moments.mean() - mean).abs() < 1e-14);
        assert!((moments.variance - (square - mean * mean)).abs() < 1e-13);
    }

    #[test]
    fn a_large_offset_does_not_drown_the_variance() {
        let mut moments = RunningMoments::new();
        (0..100_000).for_each(|i| moments.add(1e6 + f64::from(i % 2)));
        // The first of the numbers finds a mean of 0: 0.0001 * 1e12 / 100000 = 1000.
        assert!((moments.variance - 1000.25).abs() < 0.1, "{}", moments.variance);
    }

    #[test]
    fn the_deviation_is_never_nothing() {
        let mut moments = RunningMoments::new();
        (0..10_000_000).for_each(|_| moments.add(0.0));
        assert!(moments.deviation() >= 1e-4);
    }
}
