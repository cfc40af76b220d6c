//! Fast weights that a slow network writes by the delta rule: DeltaNet.
//!
//! Schlag, Irie & Schmidhuber 2021, *Linear Transformers Are Secretly Fast Weight Programmers*, arXiv 2102.11174, after
//! Schmidhuber 1992 and Widrow & Hoff 1960; in reinforcement learning, Irie et al. 2021 (arXiv 2106.06295). A slow network,
//! the meta-parameters, says at every step what to write into a matrix of fast weights F, under which key, and how strongly;
//! and asks it under another key. What was under the key before is first taken away, so that a memory can be corrected and
//! not only added to:
//!
//! ```text
//! e = tanh(x We + be)
//! k, q, v = e Wk, e Wq, e Wv                β = σ(e · wβ + bβ)
//! F' = F + β φ(k) ⊗ (v - F φ(k))            (their update rule)
//! y = F' φ(q)
//! logits = (e + y) U + a
//! ```
//!
//! φ is the softmax, as in the authors' later work: keys are positive and add up to 1, so that F stays bounded. F is 0 at
//! the beginning of a life. It is a layer of a linear transformer with one head, beside a residual connection.

use super::matrix::{add_outer, add_product, affine, product, sigmoid, softmax, tanh};
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// The configuration of a learner with fast weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeltaRuleConfig {
    /// Numbers in a key and in a value, and rows and columns of the fast weights; 1 to 4096.
    pub hidden_size: usize,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for DeltaRuleConfig {
    fn default() -> Self {
        DeltaRuleConfig { hidden_size: 16, observations: 0, actions: 0 }
    }
}

/// Fast weights and buffers.
pub(super) struct Life {
    /// One row for each number of a key, one column for each of a value.
    fast: Vec<f32>,
    embedding: Vec<f32>,
    key: Vec<f32>,
    query: Vec<f32>,
    /// What is to be written, then what is different from what was there.
    value: Vec<f32>,
    /// What was there, then what is read.
    read: Vec<f32>,
}

impl Network for DeltaRuleConfig {
    type Life = Life;
    const NAME: &'static str = "delta-rule";

    fn check(&self) -> Result<(), Unable> {
        check_hidden_size(self.hidden_size)
    }

    fixed_shape!();

    fn arrays(&self) -> Vec<Array> {
        let n = self.hidden_size;
        let inputs = Shape { observations: self.observations, actions: self.actions }.inputs();
        vec![
            Array::weights(inputs, n),
            Array::constant(n, 0.0),
            Array::weights(n, n),
            Array::weights(n, n),
            Array::weights(n, n),
            Array::weights(n, 1),
            Array::constant(1, 0.0),
            Array::weights(n, self.actions),
            Array::constant(self.actions, 0.0),
        ]
    }

    fn life(&self, _: Shape) -> Self::Life {
        let zeros = || vec![0.0; self.hidden_size];
        Life {
            fast: vec![0.0; self.hidden_size * self.hidden_size],
            embedding: zeros(),
            key: zeros(),
            query: zeros(),
            value: zeros(),
            read: zeros(),
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, _: &mut Rng) {
        life.fast.fill(0.0);
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, mut theta) = (self.hidden_size, Parts(theta));
        let weights = theta.next(input.len() * n);
        affine(input, weights, theta.next(n), &mut life.embedding);
        tanh(&mut life.embedding);
        for vector in [&mut life.key, &mut life.query, &mut life.value] {
            product(&life.embedding, theta.next(n * n), vector);
        }
        let mut rate = [0.0];
        let weights = theta.next(n);
        affine(&life.embedding, weights, theta.next(1), &mut rate);

        softmax(&mut life.key);
        softmax(&mut life.query);
        write(sigmoid(rate[0]), &life.key, &mut life.value, &mut life.read, &mut life.fast);
        product(&life.query, &life.fast, &mut life.read);
        life.read.iter_mut().zip(&life.embedding).for_each(|(y, e)| *y += e);
        let weights = theta.next(n * logits.len());
        logits.copy_from_slice(theta.next(logits.len()));
        add_product(&life.read, weights, logits);
    }
}

/// The delta rule: moves what `fast` has under `key` towards `value`, by `rate` of the way if the key is one-hot. `value` is
/// then the difference, `read` what was there before.
pub(super) fn write(rate: f32, key: &[f32], value: &mut [f32], read: &mut [f32], fast: &mut [f32]) {
    product(key, fast, read);
    value.iter_mut().zip(&*read).for_each(|(new, old)| *new -= old);
    add_outer(rate, key, value, fast);
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;

    #[test]
    fn meta_parameters_are_as_many_as_on_paper() {
        let config = DeltaRuleConfig { hidden_size: 6, observations: 4, actions: 3 };
        let count = NetworkMetaLearner::new(config).unwrap().parameter_count();
        assert_eq!(count, (9 + 1) * 6 + 3 * 36 + 6 + 1 + (6 + 1) * 3);
    }

    #[test]
    fn what_is_written_under_a_key_replaces_what_was_there_and_nothing_else() {
        let (mut fast, mut read) = (vec![0.0; 6], vec![0.0; 3]);
        let [first, second] = [[1.0, 0.0], [0.0, 1.0]];
        write(1.0, &first, &mut [1.0, 2.0, 3.0], &mut read, &mut fast);
        write(1.0, &second, &mut [7.0, 8.0, 9.0], &mut read, &mut fast);
        write(1.0, &first, &mut [-1.0, 0.0, 5.0], &mut read, &mut fast);
        assert_eq!(read, [1.0, 2.0, 3.0]);
        assert_eq!(fast, [-1.0, 0.0, 5.0, 7.0, 8.0, 9.0]);
        write(0.5, &second, &mut [9.0, 8.0, 1.0], &mut read, &mut fast);
        assert_eq!(fast[3..], [8.0, 8.0, 5.0]);
    }
}
