//! Pays later.
//!
//! Between an action and its reward lie others, and which of them earned it has to be found out: the assignment of credit,
//! made as hard as one likes.

use super::WrapperError;
use super::owed::with_owed;
use crate::picture::Picture;
use crate::{Action, Environment, Rng, Step};

/// A longer delay than this is taken for a slip of the pen.
const MAX_DELAY: usize = 100_000;

/// Pays each reward a fixed number of steps after the step that earned it.
///
/// The last step of an episode pays all that is outstanding, so an episode's sum stays what it was. The end of a lifetime
/// is not the end of an episode: what is outstanding then is never paid. What is expected of an action *now* is nothing
/// that is known, and targets are told at once as ever.
#[derive(Clone, Debug)]
pub struct DelayReward<E> {
    inner: E,
    /// What is outstanding; the next to be paid is at `next`. Zeros stand for what was before the episode.
    outstanding: Vec<f64>,
    next: usize,
}

impl<E: Environment> DelayReward<E> {
    /// Delays `inner`'s rewards by so many `steps`.
    ///
    /// # Errors
    /// If it is by none, or more than 100 000.
    pub fn new(inner: E, steps: usize) -> Result<Self, WrapperError> {
        if steps == 0 || steps > MAX_DELAY {
            return Err(WrapperError::parameter("delay_reward", steps, "rewards are delayed by 1 to 100000 steps"));
        }
        Ok(DelayReward { inner, outstanding: vec![0.0; steps], next: 0 })
    }
}

impl<E: Environment + Clone> Environment for DelayReward<E> {
    forward_to_inner!(observation_space, action_space, target);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.outstanding.fill(0.0);
        self.next = 0;
        self.inner.reset(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        let mut paid = std::mem::replace(&mut self.outstanding[self.next], step.reward);
        self.next = (self.next + 1) % self.outstanding.len();
        if step.ended() {
            let (newest, oldest) = self.outstanding.split_at(self.next);
            paid += oldest.iter().chain(newest).sum::<f64>();
            self.outstanding.fill(0.0);
        }
        Step { reward: paid, ..step }
    }

    /// The inner picture; its caption says what is outstanding.
    fn picture(&self) -> Option<Picture> {
        Some(with_owed(self.inner.picture()?, self.outstanding.iter().sum()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::TimeLimit;
    use super::super::scripted::{Scripted, rewards};
    use super::*;
    use crate::{BernoulliBandit, stream};

    const SCRIPT: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

    #[test]
    fn rewards_come_later_and_the_rest_at_the_end() {
        for (steps, paid) in [
            (1, [0.0, 1.0, 2.0, 4.0, 24.0]),
            (2, [0.0, 0.0, 1.0, 2.0, 28.0]),
            (4, [0.0, 0.0, 0.0, 0.0, 31.0]),
            (9, [0.0, 0.0, 0.0, 0.0, 31.0]),
        ] {
            let mut environment = DelayReward::new(Scripted::paying(&SCRIPT), steps).unwrap();
            assert_eq!(rewards(&mut environment), paid, "{steps}");
            assert_eq!(rewards(&mut environment), paid, "the next episode inherits nothing");
        }
    }

    #[test]
    fn an_episode_that_is_cut_off_is_paid_too() {
        let mut environment = DelayReward::new(TimeLimit::new(Scripted::paying(&SCRIPT), 3), 2).unwrap();
        assert_eq!(rewards(&mut environment), [0.0, 0.0, 7.0]);
    }

    #[test]
    fn an_episode_given_up_leaves_nothing_behind() {
        let (mut environment, mut rng) =
            (DelayReward::new(Scripted::paying(&SCRIPT), 1).unwrap(), stream(0, "delay", &[]));
        environment.reset(&mut rng, &mut [0.0]);
        environment.step(Action::Discrete(0), &mut rng, &mut [0.0]);
        assert_eq!(rewards(&mut environment), [0.0, 1.0, 2.0, 4.0, 24.0]);
    }

    #[test]
    fn a_picture_says_what_is_outstanding() {
        let bandit = TimeLimit::new(BernoulliBandit::new(vec![1.0]).unwrap(), 3);
        let (mut environment, mut rng) = (DelayReward::new(bandit, 5).unwrap(), stream(0, "delay", &[]));
        environment.reset(&mut rng, &mut [0.0]);
        let mut captions = Vec::new();
        for _ in 0..3 {
            environment.step(Action::Discrete(0), &mut rng, &mut [0.0]);
            captions.push(environment.picture().unwrap().caption);
        }
        assert_eq!(captions, ["still to be paid: 1", "still to be paid: 2", ""]);
    }

    #[test]
    fn what_is_expected_is_no_longer_known() {
        let bandit = BernoulliBandit::new(vec![0.0, 1.0]).unwrap();
        assert_eq!(DelayReward::new(bandit, 1).unwrap().expected_rewards(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for steps in [0, MAX_DELAY + 1] {
            let refused = DelayReward::new(Scripted::paying(&SCRIPT), steps).unwrap_err().to_string();
            assert!(refused.contains(&format!("`delay_reward` is {steps}")), "{refused}");
        }
    }
}
