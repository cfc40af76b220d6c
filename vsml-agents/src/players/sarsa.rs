//! SARSA: values of what is really done.
//!
//! Rummery & Niranjan (1994); Sutton & Barto (2018), section 6.4, named for what it learns from, s, a, reward, s', a':
//!
//! ```text
//! Q(s, a) += learning_rate (reward + discount Q(s', a') - Q(s, a))
//! ```
//!
//! The next action a' is chosen before the value is moved. As it is sometimes one of chance, states from which a wrong step costs much are
//! worth less: along a cliff it learns to keep away from the edge, and gets more than Q-learning as long as both explore.

use super::action_values::{ActionValues, TemporalDifferenceConfig};
use crate::learner::{Learner, Unable};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// Tabular SARSA.
pub struct Sarsa {
    values: ActionValues,
}

impl Sarsa {
    /// With these settings.
    pub fn new(config: TemporalDifferenceConfig) -> Self {
        Sarsa { values: ActionValues::new(config) }
    }
}

impl Learner for Sarsa {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.values.begin("SARSA", observation, action)
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let state = self.values.state(percept)?;
        let action = self.values.choose(state, rng);
        self.values.learn(percept.episode_begins, self.values.value(state, action));
        self.values.act(state, action);
        Ok(Action::Discrete(action))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.values.feedback(feedback);
    }
}
