//! Q-learning: values of the best policy, whatever is done meanwhile.
//!
//! Watkins (1989); Sutton & Barto (2018), section 6.5:
//!
//! ```text
//! Q(s, a) += learning_rate (reward + discount max over a' of Q(s', a') - Q(s, a))
//! ```
//!
//! The next state is taken for as good as its best action, so that the cost of exploring is not in the values: along a cliff
//! it learns the shortest way, and falls off it now and then.

use super::action_values::{ActionValues, TemporalDifferenceConfig};
use crate::learner::{Learner, Unable};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// Tabular Q-learning.
pub struct QLearning {
    values: ActionValues,
}

impl QLearning {
    /// With these settings.
    pub fn new(config: TemporalDifferenceConfig) -> Self {
        QLearning { values: ActionValues::new(config) }
    }
}

impl Learner for QLearning {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.values.begin("Q-learning", observation, action)
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let state = self.values.state(percept)?;
        self.values.learn(percept.episode_begins, self.values.greatest(state));
        let action = self.values.choose(state, rng);
        self.values.act(state, action);
        Ok(Action::Discrete(action))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.values.feedback(feedback);
    }
}
