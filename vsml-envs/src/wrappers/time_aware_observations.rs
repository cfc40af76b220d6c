//! Shows how much of the episode is gone.
//!
//! With a time limit, what an action is worth depends on the time that is left. A learner that cannot see it lives in a
//! world with a hidden state (Pardo et al. 2018, arXiv 1712.00378).

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Action, Environment, Rng, Space, Step};

/// Shows one more number, the last: the fraction of the episode's steps that are gone, 0 to 1 (Gymnasium's
/// `TimeAwareObservation` with `normalize_time`).
///
/// The wrapper does not cut episodes off: put it around a [`TimeLimit`](super::TimeLimit) of as many steps. Where episodes
/// go on all the same, the number stays 1; where they are cut off before, by a shorter limit inside, it never comes to 1. The space becomes a box of one dimension; a discrete observation is shown in its
/// one-hot form.
#[derive(Clone, Debug)]
pub struct TimeAwareObservations<E> {
    inner: E,
    limit: u64,
    steps: u64,
    len: usize,
    space: Space,
}

impl<E: Environment> TimeAwareObservations<E> {
    /// Shows how much is gone of `limit` steps.
    ///
    /// # Errors
    /// If the limit is 0.
    pub fn new(inner: E, limit: u64) -> Result<Self, WrapperError> {
        if limit == 0 {
            return Err(WrapperError::parameter("time_limit", limit, "an episode has at least one step"));
        }
        let bounds = Bounds::of(inner.observation_space());
        let len = bounds.low.len();
        let space = bounds.followed_by(&[0.0], &[1.0]).into_space();
        Ok(TimeAwareObservations { inner, limit, steps: 0, len, space })
    }

    fn show(&self, observation: &mut [f32]) {
        observation[self.len] = (self.steps as f64 / self.limit as f64).min(1.0) as f32;
    }
}

impl<E: Environment + Clone> Environment for TimeAwareObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.steps = 0;
        self.inner.reset(rng, &mut observation[..self.len]);
        self.show(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, &mut observation[..self.len]);
        self.steps += 1;
        self.show(observation);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::super::TimeLimit;
    use super::super::scripted::{Scripted, shown};
    use super::*;

    #[test]
    fn time_goes_from_0_to_1_and_starts_anew() {
        let inner = Scripted::showing(Space::discrete(2), &[&[1.0, 0.0], &[0.0, 1.0]]);
        let mut environment = TimeAwareObservations::new(TimeLimit::new(inner, 4), 4).unwrap();
        for _ in 0..2 {
            let seen = shown(&mut environment, 100);
            let times: Vec<f32> = seen.iter().map(|numbers| numbers[2]).collect();
            assert_eq!(times, [0.0, 0.25, 0.5, 0.75, 1.0]);
            assert_eq!(seen[3][..2], [0.0, 1.0]);
        }
    }

    #[test]
    fn beyond_the_limit_time_stands_still() {
        let inner = Scripted::showing(Space::uniform_box(0.0, 1.0, 1), &[&[0.5]]);
        let mut environment = TimeAwareObservations::new(inner, 2).unwrap();
        assert_eq!(shown(&mut environment, 4), [[0.5, 0.0], [0.5, 0.5], [0.5, 1.0], [0.5, 1.0], [0.5, 1.0]]);
    }

    #[test]
    fn a_limit_of_nothing_is_refused() {
        assert!(TimeAwareObservations::new(Scripted::paying(&[1.0]), 0).is_err());
    }
}
