//! Observations that are not exact.

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Environment, Rng, Space};
use rand::RngExt;
use rand_distr::StandardNormal;

/// A larger deviation than this is taken for a slip of the pen.
const MAX_DEVIATION: f64 = 1e6;

/// Adds Gaussian noise to every number, drawn anew in each step from a generator of the wrapper's own.
///
/// The observation space becomes a box without bounds, also if the inner observation is discrete: noise is added to its
/// one-hot form.
#[derive(Clone, Debug)]
pub struct NoiseObservations<E> {
    inner: E,
    deviation: f32,
    shape: Vec<usize>,
    len: usize,
    rng: Rng,
}

impl<E: Environment> NoiseObservations<E> {
    /// Adds noise of this standard `deviation` to `inner`'s observations, drawn from `rng`.
    ///
    /// # Errors
    /// If the deviation is not in `[0, 1e6]`.
    pub fn new(inner: E, deviation: f64, rng: Rng) -> Result<Self, WrapperError> {
        if !(0.0..=MAX_DEVIATION).contains(&deviation) {
            let right = "a standard deviation of 0 to 1000000 is needed";
            return Err(WrapperError::parameter("noise_observations", deviation, right));
        }
        let Bounds { low, shape, .. } = Bounds::of(inner.observation_space());
        Ok(NoiseObservations { inner, deviation: deviation as f32, shape, len: low.len(), rng })
    }

    fn show(&mut self, observation: &mut [f32]) {
        for x in observation {
            *x += self.deviation * self.rng.sample::<f32, _>(StandardNormal);
        }
    }
}

impl<E: Environment + Clone> Environment for NoiseObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        let (low, high) = (vec![f32::NEG_INFINITY; self.len], vec![f32::INFINITY; self.len]);
        Space::Box { low, high, shape: self.shape.clone() }
    }

    show_in_place!();
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;
    use crate::stream;

    fn noisy(deviation: f64) -> NoiseObservations<Scripted> {
        let inner = Scripted::showing(Space::uniform_box(0.0, 5.0, 2), &[&[1.0, 5.0]]);
        NoiseObservations::new(inner, deviation, stream(0, "noise", &[])).unwrap()
    }

    #[test]
    fn noise_has_the_deviation_asked_for() {
        let seen = shown(&mut noisy(0.5), 9_999);
        for (number, there) in [(0, 1.0), (1, 5.0)] {
            let noise: Vec<f64> = seen.iter().map(|numbers| f64::from(numbers[number]) - there).collect();
            let mean = noise.iter().sum::<f64>() / 1e4;
            let square = noise.iter().map(|x| x * x).sum::<f64>() / 1e4;
            // Standard errors: 0.005 and 0.0035.
            assert!(mean.abs() < 0.02 && (square - 0.25).abs() < 0.015, "{mean} {square}");
        }
        let together: f64 = seen.iter().map(|x| f64::from((x[0] - 1.0) * (x[1] - 5.0))).sum::<f64>() / 1e4;
        assert!(together.abs() < 0.01, "{together}: each number has noise of its own, standard error 0.0025");
        assert_eq!(shown(&mut noisy(0.0), 1), [[1.0, 5.0]; 2]);
    }

    #[test]
    fn nonsense_is_refused() {
        for deviation in [-1.0, f64::NAN, f64::INFINITY, 1e7] {
            let attempt = NoiseObservations::new(Scripted::paying(&[1.0]), deviation, stream(0, "noise", &[1]));
            assert!(attempt.unwrap_err().to_string().contains("`noise_observations` is"));
        }
    }
}
