//! Shows the last few observations at once.
//!
//! A single image does not show where the ball is flying, two do: a short memory for learners that have none of their own.

use super::WrapperError;
use crate::{Action, Environment, Rng, Space, Step};

/// Most numbers in a stack.
const MAX_NUMBERS: usize = 1 << 24;

/// Shows the last `count` observations of the episode, the oldest first (Gymnasium's `FrameStackObservation`).
///
/// A reset fills the stack with the first observation, as Gymnasium does unless told otherwise: so no learner sees a state
/// that was never there. A box gets one more dimension, the first; discrete observations become
/// [`Space::MultiDiscrete`], and bits more bits.
#[derive(Clone, Debug)]
pub struct StackObservations<E> {
    inner: E,
    /// The stack as it is shown.
    stack: Vec<f32>,
    len: usize,
    space: Space,
}

impl<E: Environment> StackObservations<E> {
    /// Shows the last `count` of `inner`'s observations: 1 changes nothing but the shape.
    ///
    /// # Errors
    /// If it is none, or they would have more than 2^24 numbers.
    pub fn new(inner: E, count: usize) -> Result<Self, WrapperError> {
        let space = inner.observation_space();
        let len = space.flat_len();
        if count == 0 || len.checked_mul(count).is_none_or(|numbers| numbers > MAX_NUMBERS) {
            let right = "1 or more are needed, of no more than 16777216 numbers together";
            return Err(WrapperError::parameter("stack_observations", count, right));
        }
        let space = match space {
            Space::Box { low, high, shape } => Space::Box {
                low: low.repeat(count),
                high: high.repeat(count),
                shape: [count].into_iter().chain(shape).collect(),
            },
            Space::Discrete { n } => Space::MultiDiscrete { sizes: vec![n; count] },
            Space::MultiDiscrete { sizes } => Space::MultiDiscrete { sizes: sizes.repeat(count) },
            Space::MultiBinary { n } => Space::MultiBinary { n: n * count },
        };
        Ok(StackObservations { inner, stack: vec![0.0; len * count], len, space })
    }
}

impl<E: Environment + Clone> Environment for StackObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        let (first, others) = self.stack.split_at_mut(self.len);
        self.inner.reset(rng, first);
        others.chunks_exact_mut(self.len).for_each(|other| other.copy_from_slice(first));
        observation.copy_from_slice(&self.stack);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        self.stack.copy_within(self.len.., 0);
        let newest = self.stack.len() - self.len;
        let step = self.inner.step(action, rng, &mut self.stack[newest..]);
        observation.copy_from_slice(&self.stack);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;

    fn stacked(count: usize) -> StackObservations<Scripted> {
        let space = Space::Box { low: vec![0.0, 10.0], high: vec![5.0, 50.0], shape: vec![2] };
        let script: [&[f32]; 4] = [&[1.0, 10.0], &[2.0, 20.0], &[3.0, 30.0], &[4.0, 40.0]];
        StackObservations::new(Scripted::showing(space, &script), count).unwrap()
    }

    #[test]
    fn the_newest_is_last_and_a_reset_fills_the_stack() {
        let mut environment = stacked(3);
        let (low, high) = (vec![0.0, 10.0, 0.0, 10.0, 0.0, 10.0], vec![5.0, 50.0, 5.0, 50.0, 5.0, 50.0]);
        assert_eq!(environment.observation_space(), Space::Box { low, high, shape: vec![3, 2] });
        for _ in 0..2 {
            let expected = [
                [1.0, 10.0, 1.0, 10.0, 1.0, 10.0],
                [1.0, 10.0, 1.0, 10.0, 2.0, 20.0],
                [1.0, 10.0, 2.0, 20.0, 3.0, 30.0],
                [2.0, 20.0, 3.0, 30.0, 4.0, 40.0],
            ];
            assert_eq!(shown(&mut environment, 3), expected);
        }
        assert_eq!(shown(&mut stacked(1), 1), [[1.0, 10.0], [2.0, 20.0]]);
    }

    #[test]
    fn discrete_observations_become_several() {
        let inner = Scripted::showing(Space::discrete(2), &[&[1.0, 0.0], &[0.0, 1.0]]);
        let mut environment = StackObservations::new(inner, 2).unwrap();
        assert_eq!(environment.observation_space(), Space::MultiDiscrete { sizes: vec![2, 2] });
        assert_eq!(shown(&mut environment, 1), [[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]);
    }

    #[test]
    fn nonsense_is_refused() {
        for count in [0, 1 << 24, usize::MAX] {
            let inner = Scripted::showing(Space::uniform_box(0.0, 1.0, 2), &[&[0.0, 0.0]]);
            let refused = StackObservations::new(inner, count).unwrap_err().to_string();
            assert!(refused.contains(&format!("`stack_observations` is {count}")), "{refused}");
        }
    }
}
