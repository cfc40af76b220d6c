//! Keeps count of what episodes were worth and how long they were.

use super::WrapperError;
use crate::{Action, Environment, Rng, Step};

/// An episode that has come to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The sum of its rewards, not discounted.
    pub total_reward: f64,
    /// How many steps it had.
    pub steps: u64,
}

/// Remembers the last episodes (Gymnasium's `RecordEpisodeStatistics`), and changes nothing.
///
/// There is room for so many as were asked for when it was made; the oldest makes room for the newest. An episode that is
/// given up by a reset before its end is not counted.
///
/// ```
/// use vsml_envs::wrappers::{RecordStatistics, TimeLimit};
/// use vsml_envs::{Action, BernoulliBandit, Environment, stream};
///
/// let bandit = TimeLimit::new(BernoulliBandit::new(vec![0.0, 1.0]).unwrap(), 2);
/// let mut environment = RecordStatistics::new(bandit, 100).unwrap();
/// let mut rng = stream(0, "example", &[]);
/// environment.reset(&mut rng, &mut [0.0]);
/// while !environment.step(Action::Discrete(1), &mut rng, &mut [0.0]).ended() {}
/// assert_eq!(environment.mean_total_reward(), Some(2.0));
/// ```
#[derive(Clone, Debug)]
pub struct RecordStatistics<E> {
    inner: E,
    /// Episode `i` lies at `i % ring.len()`, until it is overwritten.
    ring: Vec<Episode>,
    finished: usize,
    current: Episode,
}

const NOTHING: Episode = Episode { total_reward: 0.0, steps: 0 };

impl<E: Environment> RecordStatistics<E> {
    /// Remembers the last `capacity` episodes of `inner`; Gymnasium's default is 100.
    ///
    /// # Errors
    /// If it is none, or more than 2^20.
    pub fn new(inner: E, capacity: usize) -> Result<Self, WrapperError> {
        if capacity == 0 || capacity > 1 << 20 {
            return Err(WrapperError::parameter("capacity", capacity, "1 to 1048576 episodes can be remembered"));
        }
        Ok(RecordStatistics { inner, ring: vec![NOTHING; capacity], finished: 0, current: NOTHING })
    }

    /// The environment inside.
    pub fn inner(&self) -> &E {
        &self.inner
    }

    /// How many episodes have come to their end so far, also those that are no longer remembered.
    pub fn finished(&self) -> usize {
        self.finished
    }

    /// The episodes that are remembered, the oldest first.
    pub fn episodes(&self) -> impl ExactSizeIterator<Item = Episode> + '_ {
        let oldest = self.finished.saturating_sub(self.ring.len());
        (oldest..self.finished).map(|episode| self.ring[episode % self.ring.len()])
    }

    /// The mean of the sums of rewards of the episodes that are remembered, if there are any.
    pub fn mean_total_reward(&self) -> Option<f64> {
        self.mean(|episode| episode.total_reward)
    }

    /// The mean length of the episodes that are remembered, in steps, if there are any.
    pub fn mean_steps(&self) -> Option<f64> {
        self.mean(|episode| episode.steps as f64)
    }

    fn mean(&self, number: fn(Episode) -> f64) -> Option<f64> {
        let count = self.episodes().len();
        (count > 0).then(|| self.episodes().map(number).sum::<f64>() / count as f64)
    }
}

impl<E: Environment + Clone> Environment for RecordStatistics<E> {
    forward_to_inner!(observation_space, action_space, expected_rewards, target, table, picture);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.current = NOTHING;
        self.inner.reset(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        self.current.total_reward += step.reward;
        self.current.steps += 1;
        if step.ended() {
            let place = self.finished % self.ring.len();
            self.ring[place] = std::mem::replace(&mut self.current, NOTHING);
            self.finished += 1;
        }
        step
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, episode};
    use super::*;
    use crate::stream;

    #[test]
    fn the_last_episodes_are_remembered() {
        let mut environment = RecordStatistics::new(Scripted::paying(&[1.0, 2.0]), 2).unwrap();
        assert_eq!((environment.mean_total_reward(), environment.mean_steps()), (None, None));
        for last in [4.0, 8.0, 16.0] {
            environment.inner.rewards.push(last);
            episode(&mut environment, 100);
        }
        let expected = [Episode { total_reward: 15.0, steps: 4 }, Episode { total_reward: 31.0, steps: 5 }];
        assert!(environment.episodes().eq(expected));
        assert_eq!(environment.finished(), 3);
        assert_eq!((environment.mean_total_reward(), environment.mean_steps()), (Some(23.0), Some(4.5)));
    }

    #[test]
    fn an_episode_given_up_is_not_counted() {
        let mut environment = RecordStatistics::new(Scripted::paying(&[1.0, 2.0, 4.0]), 2).unwrap();
        environment.reset(&mut stream(0, "statistics", &[]), &mut [0.0]);
        environment.step(Action::Discrete(0), &mut stream(0, "statistics", &[]), &mut [0.0]);
        assert_eq!(environment.finished(), 0);
        episode(&mut environment, 100);
        assert!(environment.episodes().eq([Episode { total_reward: 7.0, steps: 3 }]));
    }

    #[test]
    fn nothing_to_remember_is_refused() {
        assert!(RecordStatistics::new(Scripted::paying(&[1.0]), 0).is_err());
    }
}
