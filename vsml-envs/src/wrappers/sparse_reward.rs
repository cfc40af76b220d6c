//! Pays once an episode.
//!
//! What an episode was worth is told at its end, and nothing on the way: the task is the same, but everything that was
//! done in it has a part in one number.

use super::owed::with_owed;
use crate::picture::Picture;
use crate::{Action, Environment, Rng, Step};

/// Pays the sum of an episode's rewards in its last step, and 0 in all others.
///
/// Where episodes never end nothing is ever paid: give them an end with a [`TimeLimit`](super::TimeLimit) *inside*. What is
/// expected of an action is not known.
#[derive(Clone, Debug)]
pub struct SparseReward<E> {
    inner: E,
    sum: f64,
}

impl<E: Environment> SparseReward<E> {
    /// Holds `inner`'s rewards back until the end of the episode.
    pub fn new(inner: E) -> Self {
        SparseReward { inner, sum: 0.0 }
    }
}

impl<E: Environment + Clone> Environment for SparseReward<E> {
    forward_to_inner!(observation_space, action_space, target);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.sum = 0.0;
        self.inner.reset(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        self.sum += step.reward;
        let reward = if step.ended() { std::mem::take(&mut self.sum) } else { 0.0 };
        Step { reward, ..step }
    }

    /// The inner picture; its caption says what is held back.
    fn picture(&self) -> Option<Picture> {
        Some(with_owed(self.inner.picture()?, self.sum))
    }
}

#[cfg(test)]
mod tests {
    use super::super::TimeLimit;
    use super::super::scripted::{Scripted, rewards};
    use super::*;
    use crate::{BernoulliBandit, stream};

    #[test]
    fn the_last_step_pays_for_all() {
        let mut environment = SparseReward::new(Scripted::paying(&[1.0, 2.0, 4.0]));
        for _ in 0..2 {
            assert_eq!(rewards(&mut environment), [0.0, 0.0, 7.0]);
        }
        let mut environment = SparseReward::new(TimeLimit::new(Scripted::paying(&[1.0, 2.0, 4.0]), 2));
        assert_eq!(rewards(&mut environment), [0.0, 3.0]);
    }

    #[test]
    fn an_episode_given_up_leaves_nothing_behind() {
        let (mut environment, mut rng) =
            (SparseReward::new(Scripted::paying(&[1.0, 2.0, 4.0])), stream(0, "sparse", &[]));
        environment.reset(&mut rng, &mut [0.0]);
        environment.step(Action::Discrete(0), &mut rng, &mut [0.0]);
        assert_eq!(rewards(&mut environment), [0.0, 0.0, 7.0]);
    }

    #[test]
    fn a_picture_says_what_is_held_back() {
        let bandit = TimeLimit::new(BernoulliBandit::new(vec![1.0]).unwrap(), 2);
        let (mut environment, mut rng) = (SparseReward::new(bandit), stream(0, "sparse", &[]));
        environment.reset(&mut rng, &mut [0.0]);
        environment.step(Action::Discrete(0), &mut rng, &mut [0.0]);
        assert_eq!(environment.picture().unwrap().caption, "still to be paid: 1");
        environment.step(Action::Discrete(0), &mut rng, &mut [0.0]);
        assert_eq!(environment.picture().unwrap().caption, "");
    }

    #[test]
    fn what_is_expected_is_no_longer_known() {
        let bandit = BernoulliBandit::new(vec![0.0, 1.0]).unwrap();
        assert_eq!(SparseReward::new(bandit).expected_rewards(), None);
    }
}
