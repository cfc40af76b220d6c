//! Sensory neurons that do not know which sense they are: invariant to permutations of the observation.
//!
//! Tang & Ha 2021, *The Sensory Neuron as a Transformer: Permutation-Invariant Neural Networks for Reinforcement Learning*,
//! arXiv 2109.02869: every number of the observation goes to a small recurrent network of its own. All of them have the same
//! weights, each its own state; from what its number does when the learner does something, each must find out what it is.
//! Attention then makes a code of fixed size of them, to which their order is nothing, and a policy acts on that:
//!
//! ```text
//! h_i = LSTM([o_i, last action, last reward, flag], h_i)        for each number o_i of the observation
//! m_j = Σ_i tanh(q_j · (h_i Wk) / √d) o_i                       (values are the numbers themselves)
//! logits = tanh(m W + b) U + a
//! ```
//!
//! with learnt queries q_j, one for each number of the code, and tanh in place of the softmax, as the authors have it for
//! control. They give the cell the observation and the last action; the last reward and the flag for an episode's beginning
//! are added here, because lives are of several episodes and tasks differ in what is good. As the queries stand for what is
//! looked for, they are multiplied out with their projection.
//!
//! It lives with any number of senses, in any order, as VSML does; but actions have fixed places, and there is one state for
//! each sense where VSML has one for each pair of sense and action.

use super::matrix::{add_product, affine, product, tanh};
use super::meta_rnn::lstm;
use super::network::{Array, Network, Parts, Shape, check_hidden_size};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// The configuration of a learner with sensory neurons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SensoryNeuronsConfig {
    /// Hidden units of each sensory neuron, and numbers in a key; 1 to 4096.
    pub hidden_size: usize,
    /// Numbers in the code, and hidden units of the policy; 1 to 4096.
    pub code_size: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for SensoryNeuronsConfig {
    fn default() -> Self {
        SensoryNeuronsConfig { hidden_size: 8, code_size: 16, actions: 0 }
    }
}

/// States of the sensory neurons, and buffers.
pub(super) struct Life {
    /// One row for each number of the observation.
    hidden: Vec<f32>,
    cell: Vec<f32>,
    /// What one sensory neuron is given: its number, the action, the reward, the flag.
    input: Vec<f32>,
    gates: Vec<f32>,
    key: Vec<f32>,
    code: Vec<f32>,
    policy: Vec<f32>,
}

impl SensoryNeuronsConfig {
    /// Numbers that each sensory neuron is given.
    fn inputs(&self) -> usize {
        Shape { observations: 1, actions: self.actions }.inputs()
    }
}

impl Network for SensoryNeuronsConfig {
    type Life = Life;
    const NAME: &'static str = "sensory-neurons";
    const ANY_OBSERVATIONS: bool = true;

    fn check(&self) -> Result<(), Unable> {
        check_hidden_size(self.hidden_size)?;
        check_hidden_size(self.code_size).map_err(|reason| Unable(reason.0.replace("hidden_size", "code_size")))
    }

    fn shape(&self) -> Option<Shape> {
        Some(Shape { observations: 0, actions: self.actions })
    }

    fn set_shape(&mut self, shape: Shape) {
        self.actions = shape.actions;
    }

    fn arrays(&self) -> Vec<Array> {
        let (n, m) = (self.hidden_size, self.code_size);
        vec![
            Array::weights(self.inputs(), 4 * n),
            Array::weights(n, 4 * n),
            // Forget gates begin open.
            Array::constant(2 * n, 0.0),
            Array::constant(n, 1.0),
            Array::constant(n, 0.0),
            Array::weights(n, n),
            Array::normal(n.saturating_mul(m), 1.0),
            Array::weights(m, m),
            Array::constant(m, 0.0),
            Array::weights(m, self.actions),
            Array::constant(self.actions, 0.0),
        ]
    }

    fn life(&self, shape: Shape) -> Self::Life {
        let zeros = |len| vec![0.0; len];
        let (n, m) = (self.hidden_size, self.code_size);
        Life {
            hidden: zeros(shape.observations * n),
            cell: zeros(shape.observations * n),
            input: zeros(self.inputs()),
            gates: zeros(4 * n),
            key: zeros(n),
            code: zeros(m),
            policy: zeros(m),
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, _: &mut Rng) {
        life.hidden.fill(0.0);
        life.cell.fill(0.0);
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, m, mut theta) = (self.hidden_size, self.code_size, Parts(theta));
        let [from_input, from_hidden] = [self.inputs(), n].map(|rows| theta.next(rows * 4 * n));
        let bias = theta.next(4 * n);
        let [projection, queries] = [n, m].map(|width| theta.next(n * width));

        let (observation, told) = input.split_at(input.len() + 1 - self.inputs());
        life.input[1..].copy_from_slice(told);
        // The weights of the code's numbers add up in `policy` for one sense at a time.
        let scale = 1.0 / (n as f32).sqrt();
        life.code.fill(0.0);
        let states = life.hidden.chunks_exact_mut(n).zip(life.cell.chunks_exact_mut(n));
        for (sense, (hidden, cell)) in observation.iter().zip(states) {
            life.input[0] = *sense;
            affine(&life.input, from_input, bias, &mut life.gates);
            add_product(hidden, from_hidden, &mut life.gates);
            lstm(&life.gates, cell, hidden);
            product(hidden, projection, &mut life.key);
            product(&life.key, queries, &mut life.policy);
            for (number, likeness) in life.code.iter_mut().zip(&life.policy) {
                *number += libm::tanhf(scale * likeness) * sense;
            }
        }
        let weights = theta.next(m * m);
        affine(&life.code, weights, theta.next(m), &mut life.policy);
        tanh(&mut life.policy);
        let weights = theta.next(m * logits.len());
        affine(&life.policy, weights, theta.next(logits.len()), logits);
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;
    use vsml_envs::stream;

    #[test]
    fn meta_parameters_do_not_depend_on_the_senses() {
        let config = SensoryNeuronsConfig { hidden_size: 5, code_size: 7, actions: 3 };
        let count = NetworkMetaLearner::new(config).unwrap().parameter_count();
        assert_eq!(count, 4 * 5 * (6 + 5 + 1) + 25 + 35 + (7 + 1) * 7 + (7 + 1) * 3);
        let none = SensoryNeuronsConfig { code_size: 0, ..SensoryNeuronsConfig::default() };
        assert!(none.check().unwrap_err().0.contains("code_size is 0"));
    }

    #[test]
    fn the_order_of_the_senses_makes_no_difference() {
        let config = SensoryNeuronsConfig { hidden_size: 5, code_size: 7, actions: 2 };
        let theta = NetworkMetaLearner::new(config.clone()).unwrap().initialise(&mut stream(1, "theta", &[]));
        let shape = Shape { observations: 4, actions: 2 };
        let mut lives = [config.life(shape), config.life(shape)];
        let mut seen = Vec::new();
        for step in 0..20 {
            let senses: [f32; 4] = std::array::from_fn(|i| ((step * (3 + i)) as f32 * 0.37).sin());
            let logits = [[0, 1, 2, 3], [2, 0, 3, 1]].map(|order: [usize; 4]| order.map(|i| senses[i]));
            let logits: Vec<[f32; 2]> = logits
                .into_iter()
                .zip(&mut lives)
                .map(|(senses, life)| {
                    let (input, mut logits) = ([&senses[..], &[1.0, 0.0, 0.5, 0.0]].concat(), [0.0; 2]);
                    config.step(&theta, life, &input, &mut logits);
                    logits
                })
                .collect();
            // Sums over the senses are taken in another order.
            assert!((0..2).all(|i| (logits[0][i] - logits[1][i]).abs() < 1e-5), "{logits:?}");
            seen.push(logits[0][0]);
        }
        assert!(seen.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.01), "it must react to something: {seen:?}");
    }
}
