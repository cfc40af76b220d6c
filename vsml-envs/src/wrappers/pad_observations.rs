//! Shows numbers that mean nothing.
//!
//! What matters has to be told from what does not, and in what does not there is always something that seems to matter.

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Action, Environment, Rng, Space, Step};
use rand::RngExt;

/// More numbers than this are taken for a slip of the pen.
const MAX_PADDING: usize = 65_536;

/// Shows so many more numbers after those of the inner observation, drawn anew in each step: uniform in `[-1, 1]`.
///
/// They come from a generator of the wrapper's own. The space becomes a box of one dimension; a discrete observation is
/// shown in its one-hot form.
#[derive(Clone, Debug)]
pub struct PadObservations<E> {
    inner: E,
    len: usize,
    space: Space,
    rng: Rng,
}

impl<E: Environment> PadObservations<E> {
    /// Adds `count` meaningless numbers to `inner`'s observations, drawn from `rng`.
    ///
    /// # Errors
    /// If it is none, or more than 65 536.
    pub fn new(inner: E, count: usize, rng: Rng) -> Result<Self, WrapperError> {
        if count == 0 || count > MAX_PADDING {
            return Err(WrapperError::parameter("pad_observations", count, "1 to 65536 numbers can be added"));
        }
        let bounds = Bounds::of(inner.observation_space());
        let len = bounds.low.len();
        let space = bounds.followed_by(&vec![-1.0; count], &vec![1.0; count]).into_space();
        Ok(PadObservations { inner, len, space, rng })
    }

    fn show(&mut self, observation: &mut [f32]) {
        for x in &mut observation[self.len..] {
            *x = 2.0 * self.rng.random::<f32>() - 1.0;
        }
    }
}

impl<E: Environment + Clone> Environment for PadObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, &mut observation[..self.len]);
        self.show(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, &mut observation[..self.len]);
        self.show(observation);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;
    use crate::stream;

    #[test]
    fn noise_follows_what_is_there() {
        let inner = Scripted::showing(Space::discrete(2), &[&[1.0, 0.0], &[0.0, 1.0]]);
        let mut environment = PadObservations::new(inner, 3, stream(0, "pad", &[])).unwrap();
        let expected = Space::Box { low: vec![0.0, 0.0, -1.0, -1.0, -1.0], high: vec![1.0; 5], shape: vec![5] };
        assert_eq!(environment.observation_space(), expected);
        let seen = shown(&mut environment, 9_999);
        assert!(seen.iter().enumerate().all(|(i, numbers)| numbers[i % 2] == 1.0 && numbers[1 - i % 2] == 0.0));
        for number in 2..5 {
            let mean = seen.iter().map(|numbers| f64::from(numbers[number])).sum::<f64>() / 1e4;
            let square = seen.iter().map(|numbers| f64::from(numbers[number]).powi(2)).sum::<f64>() / 1e4;
            // Standard errors: 0.0058 and 0.003.
            assert!(mean.abs() < 0.025 && (square - 1.0 / 3.0).abs() < 0.013, "{mean} {square}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for count in [0, 65_537] {
            let attempt = PadObservations::new(Scripted::paying(&[1.0]), count, stream(0, "pad", &[1]));
            assert!(attempt.unwrap_err().to_string().contains(&format!("`pad_observations` is {count}")));
        }
    }
}
