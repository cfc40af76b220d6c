//! A weight matrix that writes itself.
//!
//! Irie, Schlag, Csordás & Schmidhuber 2022, *A Modern Self-Referential Weight Matrix That Learns to Modify Itself*, ICML,
//! arXiv 2202.05780, after Schmidhuber 1993. With fast weights (see `delta_rule.rs`) a slow network, which stays as it is,
//! decides what a fast one becomes. Here there is one matrix W in place of both: it says what comes out, and under which key
//! by what and how fast it is to be changed itself, the rows that say so included. Meta-training finds only where W begins.
//!
//! ```text
//! e = tanh(x We + be)
//! y, q, k, β = W φ(e)
//! v, v̄ = W φ(q), W φ(k)
//! W' = W + σ(β) (v - v̄) ⊗ φ(k)
//! logits = (e + y) U + a
//! ```
//!
//! φ is the softmax; β is four numbers, one for each of the parts of W that make y, q, k and β, as in their experiments. As
//! there, what x is embedded in and what makes logits of y are ordinary weights.

use super::matrix::{add_outer, affine, product, sigmoid, softmax, tanh};
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// Parts of the matrix: those that make y, q, k and β. Each has a rate of its own.
const PARTS: usize = 4;

/// The configuration of a self-referential learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfReferentialConfig {
    /// Numbers that enter the matrix, and numbers in each of y, q and k; 1 to 4096.
    pub hidden_size: usize,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for SelfReferentialConfig {
    fn default() -> Self {
        SelfReferentialConfig { hidden_size: 16, observations: 0, actions: 0 }
    }
}

/// The matrix and buffers.
pub(super) struct Life {
    /// The part that makes y, that for q, that for k, that for β; each has a row for every number that enters.
    matrix: Vec<f32>,
    embedding: Vec<f32>,
    /// Softmax of the embedding, then of the query, then of the key.
    entering: Vec<f32>,
    /// y, q, k, β.
    out: Vec<f32>,
    /// What the matrix makes of the query, then how that differs from what it makes of the key.
    of_query: Vec<f32>,
    of_key: Vec<f32>,
}

impl SelfReferentialConfig {
    /// Numbers that each part makes.
    fn widths(&self) -> [usize; PARTS] {
        [self.hidden_size, self.hidden_size, self.hidden_size, PARTS]
    }

    /// What all parts of the matrix make of `entering`.
    fn apply(&self, matrix: &[f32], entering: &[f32], out: &mut [f32]) {
        let (mut matrix, mut out) = (Parts(matrix), out);
        for width in self.widths() {
            let (part, rest) = out.split_at_mut(width);
            product(entering, matrix.next(entering.len() * width), part);
            out = rest;
        }
    }
}

impl Network for SelfReferentialConfig {
    type Life = Life;
    const NAME: &'static str = "self-referential";

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
            // The softmax that enters is about 1/n everywhere: what comes out is then of order 1.
            Array::normal(n * (3 * n + PARTS), 1.0),
            Array::weights(n, self.actions),
            Array::constant(self.actions, 0.0),
        ]
    }

    fn life(&self, _: Shape) -> Self::Life {
        let (n, zeros) = (self.hidden_size, |len| vec![0.0; len]);
        let out = 3 * n + PARTS;
        Life {
            matrix: zeros(n * out),
            embedding: zeros(n),
            entering: zeros(n),
            out: zeros(out),
            of_query: zeros(out),
            of_key: zeros(out),
        }
    }

    fn begin(&self, theta: &[f32], life: &mut Self::Life, _: &mut Rng) {
        let n = self.hidden_size;
        let start = Shape { observations: self.observations, actions: self.actions }.inputs() * n + n;
        life.matrix.copy_from_slice(&theta[start..start + n * (3 * n + PARTS)]);
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, mut theta) = (self.hidden_size, Parts(theta));
        let weights = theta.next(input.len() * n);
        affine(input, weights, theta.next(n), &mut life.embedding);
        tanh(&mut life.embedding);
        theta.next(life.matrix.len());

        life.entering.copy_from_slice(&life.embedding);
        softmax(&mut life.entering);
        self.apply(&life.matrix, &life.entering, &mut life.out);
        life.entering.copy_from_slice(&life.out[n..2 * n]);
        softmax(&mut life.entering);
        self.apply(&life.matrix, &life.entering, &mut life.of_query);
        life.entering.copy_from_slice(&life.out[2 * n..3 * n]);
        softmax(&mut life.entering);
        self.apply(&life.matrix, &life.entering, &mut life.of_key);
        self.write(life);

        let y = &mut life.out[..n];
        y.iter_mut().zip(&life.embedding).for_each(|(y, e)| *y += e);
        let weights = theta.next(n * logits.len());
        affine(y, weights, theta.next(logits.len()), logits);
    }
}

impl SelfReferentialConfig {
    /// The matrix writes itself: each part by its own rate.
    fn write(&self, life: &mut Life) {
        let n = self.hidden_size;
        life.of_query.iter_mut().zip(&life.of_key).for_each(|(new, old)| *new -= old);
        let (mut matrix, mut change) = (life.matrix.as_mut_slice(), life.of_query.as_slice());
        for (width, beta) in self.widths().into_iter().zip(&life.out[3 * n..]) {
            let (weights, rest) = matrix.split_at_mut(n * width);
            let (of_part, others) = change.split_at(width);
            add_outer(sigmoid(*beta), &life.entering, of_part, weights);
            (matrix, change) = (rest, others);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;
    use vsml_envs::stream;

    #[test]
    fn meta_parameters_are_as_many_as_on_paper() {
        let config = SelfReferentialConfig { hidden_size: 6, observations: 4, actions: 3 };
        let count = NetworkMetaLearner::new(config).unwrap().parameter_count();
        assert_eq!(count, (9 + 1) * 6 + 6 * (18 + 4) + (6 + 1) * 3);
    }

    /// After a step, what the matrix makes of the key has gone, by the rate, towards what it made of the query.
    #[test]
    fn a_step_is_the_equations() {
        let config = SelfReferentialConfig { hidden_size: 3, observations: 1, actions: 1 };
        let meta_learner = NetworkMetaLearner::new(config.clone()).unwrap();
        let theta = meta_learner.initialise(&mut stream(3, "theta", &[]));
        let mut life = config.life(Shape { observations: 1, actions: 1 });
        config.begin(&theta, &mut life, &mut stream(3, "luck", &[]));
        let before = life.matrix.clone();
        config.step(&theta, &mut life, &[0.5, 1.0, -1.0, 0.0], &mut [0.0]);
        let (key, beta) = (life.entering.clone(), life.out[9..].to_vec());
        let mut query = life.out[3..6].to_vec();
        softmax(&mut query);
        let widths = [3, 3, 3, 4];
        let mut start = 0;
        for (width, beta) in widths.into_iter().zip(beta) {
            let column = |matrix: &[f32], x: &[f32], j: usize| -> f64 {
                (0..3).map(|i| f64::from(matrix[start + i * width + j]) * f64::from(x[i])).sum()
            };
            for j in 0..width {
                let change = column(&before, &query, j) - column(&before, &key, j);
                for (i, k) in key.iter().enumerate() {
                    let place = start + i * width + j;
                    let expected = f64::from(before[place]) + change * f64::from(*k) / (1.0 + f64::from(-beta).exp());
                    assert!((f64::from(life.matrix[place]) - expected).abs() < 1e-5, "{place}");
                }
            }
            start += 3 * width;
        }
        assert_ne!(before, life.matrix);
    }
}
