//! A network without any memory: the control that shows that memory matters.
//!
//! It sees the observation and nothing else, neither what it did nor what came of it, and keeps nothing from one step to
//! the next. Whatever it is worth, it is worth from the first step on: it can know what the tasks that it was trained on
//! have in common, and can learn nothing about the one that it is in. A learner that does no better has not learnt either,
//! however well it does. (It is the policy of plain reinforcement learning over a distribution of tasks, as in the
//! comparison of Duan et al. 2016, arXiv 1611.02779, with agents that keep no state.)
//!
//! With observation o, and one layer of hidden units:
//!
//! ```text
//! h = tanh(o W + b)
//! logits = h U + a
//! ```
//!
//! In a supervised stream too it is told nothing; after the first answer its guess is the greatest logit, as with all.

use super::matrix::{affine, tanh};
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// The configuration of a feed-forward learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedForwardConfig {
    /// Hidden units; 1 to 4096.
    pub hidden_size: usize,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for FeedForwardConfig {
    fn default() -> Self {
        FeedForwardConfig { hidden_size: 32, observations: 0, actions: 0 }
    }
}

impl Network for FeedForwardConfig {
    /// The hidden units.
    type Life = Vec<f32>;
    const NAME: &'static str = "feed-forward";

    fn check(&self) -> Result<(), Unable> {
        check_hidden_size(self.hidden_size)
    }

    fixed_shape!();

    fn arrays(&self) -> Vec<Array> {
        vec![
            Array::weights(self.observations, self.hidden_size),
            Array::constant(self.hidden_size, 0.0),
            Array::weights(self.hidden_size, self.actions),
            Array::constant(self.actions, 0.0),
        ]
    }

    fn life(&self, _: Shape) -> Self::Life {
        vec![0.0; self.hidden_size]
    }

    fn begin(&self, _: &[f32], _: &mut Self::Life, _: &mut Rng) {}

    fn step(&self, theta: &[f32], hidden: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let mut theta = Parts(theta);
        let weights = theta.next(self.observations * self.hidden_size);
        affine(&input[..self.observations], weights, theta.next(self.hidden_size), hidden);
        tanh(hidden);
        let weights = theta.next(self.hidden_size * self.actions);
        affine(hidden, weights, theta.next(self.actions), logits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_equations_and_sees_nothing_but_the_observation() {
        let config = FeedForwardConfig { hidden_size: 1, observations: 2, actions: 2 };
        let theta = [1.0, -2.0, 0.5, 3.0, -1.0, 0.25, 0.0];
        let hidden = 0.3f64 + 2.0 * 0.1 + 0.5;
        for (action, reward) in [([1.0, 0.0], 0.0), ([0.0, 1.0], 7.0)] {
            let input = [0.3, -0.1, action[0], action[1], reward, 1.0];
            let (mut units, mut logits) = (vec![0.0], [0.0; 2]);
            config.step(&theta, &mut units, &input, &mut logits);
            assert!((f64::from(logits[0]) - (3.0 * hidden.tanh() + 0.25)).abs() < 1e-6, "{logits:?}");
            assert!((f64::from(logits[1]) + hidden.tanh()).abs() < 1e-6, "{logits:?}");
        }
    }
}
