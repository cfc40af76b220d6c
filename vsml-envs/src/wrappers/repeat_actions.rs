//! One choice for several steps.
//!
//! Where a single step changes little, choosing anew in each only makes the choice harder to learn: Atari players act on
//! every fourth frame.

use super::WrapperError;
use crate::{Action, Environment, Rng, Step};

/// More repetitions than this are taken for a slip of the pen.
const MAX_REPETITIONS: usize = 10_000;

/// Carries out every action several times in one step, or fewer if the episode ends; the reward is the sum.
///
/// Only the last observation is seen. The target is that of the first repetition, which answers to what was seen; what is
/// expected of an action is known only if nothing is repeated.
#[derive(Clone, Debug)]
pub struct RepeatActions<E> {
    inner: E,
    repetitions: usize,
    target: Option<usize>,
}

impl<E: Environment> RepeatActions<E> {
    /// Carries out each of `inner`'s actions so many times: 1 changes nothing.
    ///
    /// # Errors
    /// If it is 0, or more than 10 000.
    pub fn new(inner: E, repetitions: usize) -> Result<Self, WrapperError> {
        if repetitions == 0 || repetitions > MAX_REPETITIONS {
            let right = "an action is carried out 1 to 10000 times";
            return Err(WrapperError::parameter("repeat_actions", repetitions, right));
        }
        Ok(RepeatActions { inner, repetitions, target: None })
    }
}

impl<E: Environment + Clone> Environment for RepeatActions<E> {
    forward_to_inner!(observation_space, action_space, picture);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.target = None;
        self.inner.reset(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let mut step = self.inner.step(action, rng, observation);
        self.target = self.inner.target();
        for _ in 1..self.repetitions {
            if step.ended() {
                break;
            }
            let next = self.inner.step(action, rng, observation);
            step = Step { reward: step.reward + next.reward, ..next };
        }
        step
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        if self.repetitions == 1 { self.inner.expected_rewards() } else { None }
    }

    fn target(&self) -> Option<usize> {
        self.target
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, episode};
    use super::*;
    use crate::{BernoulliBandit, OwnedAction, Space};

    #[test]
    fn rewards_add_up_until_the_episode_ends() {
        let inner = Scripted {
            observations: vec![vec![0.0], vec![0.1], vec![0.2], vec![0.3], vec![0.4], vec![0.5]],
            ..Scripted::paying(&[1.0, 2.0, 4.0, 8.0, 16.0])
        };
        let mut environment = RepeatActions::new(inner, 2).unwrap();
        let (shown, answers) = episode(&mut environment, 10);
        assert_eq!(shown, [[0.0], [0.2], [0.4], [0.5]]);
        let expected = [Step::going_on(3.0), Step::going_on(12.0), Step { terminated: true, ..Step::going_on(16.0) }];
        assert_eq!(answers, expected);
        assert_eq!(environment.inner.taken, vec![OwnedAction::Discrete(0); 5]);
    }

    #[test]
    fn the_target_answers_to_what_was_seen() {
        let inner = Scripted { targets: vec![2, 0, 1, 1], ..Scripted::taking(Space::discrete(3)) };
        let mut environment = RepeatActions::new(inner, 2).unwrap();
        episode(&mut environment, 1);
        assert_eq!(environment.target(), Some(2));
        episode(&mut environment, 2);
        assert_eq!(environment.target(), Some(1));
        let mut rng = crate::stream(0, "repeat", &[]);
        environment.reset(&mut rng, &mut [0.0]);
        assert_eq!(environment.target(), None);
    }

    #[test]
    fn what_is_expected_is_known_only_of_single_actions() {
        let expected = |repetitions| {
            let bandit = BernoulliBandit::new(vec![0.0, 1.0]).unwrap();
            RepeatActions::new(bandit, repetitions).unwrap().expected_rewards().map(<[f64]>::to_vec)
        };
        assert_eq!((expected(1), expected(2)), (Some(vec![0.0, 1.0]), None));
    }

    #[test]
    fn nonsense_is_refused() {
        for repetitions in [0, 10_001] {
            let refused = RepeatActions::new(Scripted::paying(&[1.0]), repetitions).unwrap_err().to_string();
            assert!(refused.contains(&format!("`repeat_actions` is {repetitions}")), "{refused}");
        }
    }
}
