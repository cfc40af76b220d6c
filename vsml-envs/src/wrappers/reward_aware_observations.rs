//! Shows the last reward.
//!
//! Learners of this project are told of rewards by other ways. For those that are told of nothing but observations, and to find out
//! what the other ways are worth, a reward can be seen like anything else.

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Action, Environment, Rng, Space, Step};

/// Shows one more number, the last: the reward of the step before, also of one that ended the episode before; 0 before there was any.
///
/// It is the reward as the wrappers inside have left it. The space becomes a box of one dimension; a discrete observation is
/// shown in its one-hot form.
#[derive(Clone, Debug)]
pub struct RewardAwareObservations<E> {
    inner: E,
    len: usize,
    space: Space,
    last: f32,
}

impl<E: Environment> RewardAwareObservations<E> {
    /// Shows the rewards of `inner`.
    ///
    /// # Errors
    /// None so far; wrappers are made alike.
    pub fn new(inner: E) -> Result<Self, WrapperError> {
        let bounds = Bounds::of(inner.observation_space());
        let len = bounds.low.len();
        let space = bounds.followed_by(&[f32::NEG_INFINITY], &[f32::INFINITY]).into_space();
        Ok(RewardAwareObservations { inner, len, space, last: 0.0 })
    }
}

impl<E: Environment + Clone> Environment for RewardAwareObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, &mut observation[..self.len]);
        observation[self.len] = self.last;
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, &mut observation[..self.len]);
        self.last = step.reward as f32;
        observation[self.len] = self.last;
        step
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;

    #[test]
    fn the_reward_of_the_step_before_is_seen_last() {
        let mut environment = RewardAwareObservations::new(Scripted::paying(&[1.0, -2.5, 3.0])).unwrap();
        assert_eq!(shown(&mut environment, 3), [[0.5, 0.0], [0.5, 1.0], [0.5, -2.5], [0.5, 3.0]]);
        // What the last step of an episode paid is seen when the next one begins.
        assert_eq!(shown(&mut environment, 3), [[0.5, 3.0], [0.5, 1.0], [0.5, -2.5], [0.5, 3.0]]);
        let Space::Box { low, high, .. } = environment.observation_space() else { panic!("a box") };
        assert_eq!((low[1], high[1]), (f32::NEG_INFINITY, f32::INFINITY));
    }
}
