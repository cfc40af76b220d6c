//! What actions are worth in each state, as players without a model learn it.
//!
//! Temporal-difference learning (Sutton & Barto 2018, chapter 6) keeps one number Q(s, a) for each state and action, the
//! discounted sum of rewards that is expected to follow, and moves it, when the next state s' is seen, towards
//!
//! ```text
//! reward + discount * (what s' is worth),
//! ```
//!
//! by the share `learning_rate`. What s' is worth is where [Q-learning](super::QLearning) and [SARSA](super::Sarsa) differ; a
//! natural end is worth nothing. Where an episode is cut off, nobody is told what would have followed, and that step
//! teaches nothing. Both act greedily, ties at random, but at random altogether with probability `epsilon`. Values begin with 0.

use super::tabular::{shape, state_of};
use crate::learner::Unable;
use rand::RngExt;
use vsml_envs::{Feedback, Percept, Rng, Space};

/// What temporal-difference players are made of. All three lie between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TemporalDifferenceConfig {
    /// How far a value moves towards what was found; above 0.
    pub learning_rate: f64,
    /// Worth of a reward a step later.
    pub discount: f64,
    /// Probability of acting at random.
    pub epsilon: f64,
}

/// A step of which it is not known yet what follows.
#[derive(Clone, Copy, Debug)]
struct Left {
    state: usize,
    action: usize,
    /// Nothing before the feedback.
    reward: Option<f64>,
}

/// The values of one life.
#[derive(Clone, Debug)]
pub(super) struct ActionValues {
    config: TemporalDifferenceConfig,
    states: usize,
    actions: usize,
    /// `values[state * actions + action]`.
    values: Vec<f64>,
    left: Option<Left>,
}

impl ActionValues {
    pub(super) fn new(config: TemporalDifferenceConfig) -> Self {
        ActionValues { config, states: 0, actions: 0, values: Vec::new(), left: None }
    }

    pub(super) fn begin(&mut self, player: &str, observation: &Space, action: &Space) -> Result<(), Unable> {
        (self.states, self.actions) = shape(player, observation, action)?;
        self.values.clear();
        self.values.resize(self.states * self.actions, 0.0);
        self.left = None;
        Ok(())
    }

    /// The state that is seen.
    pub(super) fn state(&self, percept: &Percept<'_>) -> Result<usize, Unable> {
        state_of(percept, self.states)
    }

    /// What an action is worth in a state.
    pub(super) fn value(&self, state: usize, action: usize) -> f64 {
        self.values[state * self.actions + action]
    }

    /// What the best action is worth in a state.
    pub(super) fn greatest(&self, state: usize) -> f64 {
        let values = &self.values[state * self.actions..][..self.actions];
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// An action of greatest value, or, with probability epsilon, any.
    pub(super) fn choose(&self, state: usize, rng: &mut Rng) -> usize {
        if rng.random::<f64>() < self.config.epsilon {
            return rng.random_range(0..self.actions);
        }
        let greatest = self.greatest(state);
        let (mut best, mut ties) = (0, 0u32);
        for action in (0..self.actions).filter(|&action| self.value(state, action) == greatest) {
            // The k-th of equals takes the place with probability 1/k.
            ties += 1;
            if ties == 1 || rng.random_range(0..ties) == 0 {
                best = action;
            }
        }
        best
    }

    /// Learns from the step before, if there is one, now that what follows it is known to be worth so much.
    pub(super) fn learn(&mut self, episode_begins: bool, worth: f64) {
        if let Some(Left { state, action, reward: Some(reward) }) = self.left.take().filter(|_| !episode_begins) {
            self.move_towards(state, action, reward + self.config.discount * worth);
        }
    }

    /// Takes `action` in `state`.
    pub(super) fn act(&mut self, state: usize, action: usize) {
        self.left = Some(Left { state, action, reward: None });
    }

    pub(super) fn feedback(&mut self, feedback: &Feedback) {
        let Some(left) = &mut self.left else { return };
        left.reward = Some(feedback.reward);
        let Left { state, action, .. } = *left;
        if feedback.terminated {
            self.move_towards(state, action, feedback.reward);
        }
        if feedback.episode_ended() {
            self.left = None;
        }
    }

    fn move_towards(&mut self, state: usize, action: usize, target: f64) {
        let value = &mut self.values[state * self.actions + action];
        *value += self.config.learning_rate * (target - *value);
    }
}
