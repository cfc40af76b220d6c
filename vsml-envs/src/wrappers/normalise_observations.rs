//! Observations of a size that fits any learner.
//!
//! Each number is shown by how many deviations it differs from its mean, both as they have been so far in this lifetime.
//! A learner need not know the units of a task in advance; on the other hand a number that never changes is lost, and
//! what is seen of the same state drifts while the statistics settle.

use super::bounds::Bounds;
use super::running_moments::RunningMoments;
use crate::{Environment, Space};

/// Shows `(x - mean) / sqrt(variance + 1e-8)` in place of each number `x` (Gymnasium's `NormalizeObservation`).
///
/// Statistics include the observation itself, first ones of episodes too, and go on over the episodes of a lifetime. The
/// observation space becomes a box without bounds.
#[derive(Clone, Debug)]
pub struct NormaliseObservations<E> {
    inner: E,
    moments: Vec<RunningMoments>,
    shape: Vec<usize>,
}

impl<E: Environment> NormaliseObservations<E> {
    /// Normalises `inner`'s observations.
    pub fn new(inner: E) -> Self {
        let bounds = Bounds::of(inner.observation_space());
        NormaliseObservations { inner, moments: vec![RunningMoments::new(); bounds.low.len()], shape: bounds.shape }
    }

    fn show(&mut self, observation: &mut [f32]) {
        for (x, moments) in observation.iter_mut().zip(&mut self.moments) {
            let number = f64::from(*x);
            moments.add(number);
            *x = ((number - moments.mean()) / moments.deviation()) as f32;
        }
    }
}

impl<E: Environment + Clone> Environment for NormaliseObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        let len = self.moments.len();
        Space::Box { low: vec![f32::NEG_INFINITY; len], high: vec![f32::INFINITY; len], shape: self.shape.clone() }
    }

    show_in_place!();
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;

    #[test]
    fn numbers_are_shown_by_mean_and_deviation_so_far() {
        let inner = Scripted::showing(Space::uniform_box(-10.0, 10.0, 2), &[&[2.0, 7.0], &[4.0, 7.0]]);
        let mut environment = NormaliseObservations::new(inner);
        let expected = |numbers: &[f64]| {
            let total = numbers.len() as f64 + 1e-4;
            let mean = numbers.iter().sum::<f64>() / total;
            let square = (numbers.iter().map(|x| x * x).sum::<f64>() + 1e-4) / total;
            ((numbers[numbers.len() - 1] - mean) / (square - mean * mean + 1e-8).sqrt()) as f32
        };
        let seen = shown(&mut environment, 1);
        let again = shown(&mut environment, 0);
        for (number, sequence) in [
            (seen[0][0], &[2.0][..]),
            (seen[1][0], &[2.0, 4.0]),
            (again[0][0], &[2.0, 4.0, 2.0]),
            (seen[1][1], &[7.0; 2]),
        ] {
            assert!((number - expected(sequence)).abs() < 1e-5, "{number} {sequence:?}");
        }
    }

    #[test]
    fn in_the_long_run_the_mean_is_0_and_the_deviation_1() {
        let script: Vec<Vec<f32>> = (0..101).map(|i| vec![1000.0 + (i * 37 % 101) as f32]).collect();
        let script: Vec<&[f32]> = script.iter().map(Vec::as_slice).collect();
        let mut environment =
            NormaliseObservations::new(Scripted::showing(Space::uniform_box(0.0, 2000.0, 1), &script));
        let seen: Vec<f64> = shown(&mut environment, 10_099)[9_999..].iter().map(|x| f64::from(x[0])).collect();
        let mean = seen.iter().sum::<f64>() / 101.0;
        let square = seen.iter().map(|x| x * x).sum::<f64>() / 101.0;
        assert!(mean.abs() < 0.01 && (square - 1.0).abs() < 0.01, "{mean} {square}");
    }
}
