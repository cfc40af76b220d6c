//! Fast-weight memory: an LSTM that writes associations into a tensor and follows them.
//!
//! Schlag, Munkhdalai & Schmidhuber 2021, *Learning Associative Inference Using Fast Weight Memory*, ICLR, arXiv 2011.07831,
//! who also train it by reinforcement on tasks that change from life to life (their section 4.2). The memory F has three
//! axes. What is written is an association of *two* keys with a value, as tensor products hold "the sister of Anna is
//! Berta" (Smolensky 1990); what is read is put in the place of the first key and read on with another second key, so that
//! three facts are joined to one inference. With x the inputs ([`super::network`]), z the state h of an LSTM (see
//! `meta_rnn.rs`), d the length of each axis and ⟨F, a ⊗ b⟩ what F has under the keys a and b, one step is
//!
//! ```text
//! z = LSTM(x)
//! s, r, t, b = z Ww + bw
//! a = tanh(s) ⊗ tanh(r)                                     both keys
//! F' = F + σ(b + 1) / d · a ⊗ (tanh(t) - ⟨F, a⟩)            the delta rule (see `delta_rule.rs`)
//! F'' = F' / max(1, |F'|)
//! n, e1, e2, e3 = z Wr + br
//! n ← norm(⟨F'', n ⊗ ei⟩)                                   for i = 1, 2, 3
//! logits = (z + n W + c) U + a
//! ```
//!
//! where |F'| is the root of the sum of all squares, and norm takes away the mean of some numbers and divides them by their
//! deviation. F is 0 at the beginning of a life, and so is z. `delta-rule` is the same idea with one key, one reading and no
//! recurrence.
//!
//! ## Differences from the source
//! Equations are those of the authors' program for reinforcement learning; as there, each step writes once and reads three
//! times, and the keys for reading are not squashed. Initial weights are drawn as everywhere here, and the forget gates of
//! the LSTM begin open. Sizes are smaller than theirs (32 for each axis), because evolution strategies move all
//! meta-parameters at once.

use super::delta_rule::write;
use super::matrix::{add_product, affine, product, sigmoid, tanh};
use super::meta_rnn::lstm;
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// Associations that are followed one after the other.
const READS: usize = 3;
/// Longer axes than this are refused: the memory has their third power.
const MAX_MEMORY_SIZE: usize = 64;

/// The configuration of a learner with a fast-weight memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FastWeightMemoryConfig {
    /// Hidden units of the LSTM; 1 to 4096.
    pub hidden_size: usize,
    /// Numbers in each key and in a value; the memory has the third power of it; 1 to 64.
    pub memory_size: usize,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for FastWeightMemoryConfig {
    fn default() -> Self {
        FastWeightMemoryConfig { hidden_size: 16, memory_size: 8, observations: 0, actions: 0 }
    }
}

/// State, memory and buffers.
pub(super) struct Life {
    hidden: Vec<f32>,
    cell: Vec<f32>,
    gates: Vec<f32>,
    /// One row for each pair of numbers of the two keys, one column for each number of a value.
    memory: Vec<f32>,
    /// First key, second key, value, rate.
    to_write: Vec<f32>,
    /// What is read with first, then a second key for each reading.
    to_read: Vec<f32>,
    /// Both keys at once: a number for each row of the memory.
    keys: Vec<f32>,
    /// What was read last.
    read: Vec<f32>,
    /// The state and what was read, together.
    output: Vec<f32>,
}

impl Network for FastWeightMemoryConfig {
    type Life = Life;
    const NAME: &'static str = "fast-weight-memory";

    fn check(&self) -> Result<(), Unable> {
        if !(1..=MAX_MEMORY_SIZE).contains(&self.memory_size) {
            return Err(Unable(format!("memory_size is {}: it must be 1 to {MAX_MEMORY_SIZE}", self.memory_size)));
        }
        check_hidden_size(self.hidden_size)
    }

    fixed_shape!();

    fn arrays(&self) -> Vec<Array> {
        let (n, d) = (self.hidden_size, self.memory_size);
        let inputs = Shape { observations: self.observations, actions: self.actions }.inputs();
        vec![
            Array::weights(inputs, 4 * n),
            Array::weights(n, 4 * n),
            // Input and output gates, forget gates, what is remembered.
            Array::constant(2 * n, 0.0),
            Array::constant(n, 1.0),
            Array::constant(n, 0.0),
            Array::weights(n, 3 * d + 1),
            Array::constant(3 * d + 1, 0.0),
            Array::weights(n, (1 + READS) * d),
            Array::constant((1 + READS) * d, 0.0),
            Array::weights(d, n),
            Array::constant(n, 0.0),
            Array::weights(n, self.actions),
            Array::constant(self.actions, 0.0),
        ]
    }

    fn life(&self, _: Shape) -> Self::Life {
        let zeros = |len| vec![0.0; len];
        let (n, d) = (self.hidden_size, self.memory_size);
        Life {
            hidden: zeros(n),
            cell: zeros(n),
            gates: zeros(4 * n),
            memory: zeros(d * d * d),
            to_write: zeros(3 * d + 1),
            to_read: zeros((1 + READS) * d),
            keys: zeros(d * d),
            read: zeros(d),
            output: zeros(n),
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, _: &mut Rng) {
        life.hidden.fill(0.0);
        life.cell.fill(0.0);
        life.memory.fill(0.0);
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, d, mut theta) = (self.hidden_size, self.memory_size, Parts(theta));
        let (from_input, from_hidden) = (theta.next(input.len() * 4 * n), theta.next(n * 4 * n));
        affine(input, from_input, theta.next(4 * n), &mut life.gates);
        add_product(&life.hidden, from_hidden, &mut life.gates);
        lstm(&life.gates, &mut life.cell, &mut life.hidden);

        let weights = theta.next(n * life.to_write.len());
        affine(&life.hidden, weights, theta.next(life.to_write.len()), &mut life.to_write);
        let weights = theta.next(n * life.to_read.len());
        affine(&life.hidden, weights, theta.next(life.to_read.len()), &mut life.to_read);
        life.write();
        life.read();

        let weights = theta.next(d * n);
        affine(&life.read, weights, theta.next(n), &mut life.output);
        life.output.iter_mut().zip(&life.hidden).for_each(|(y, z)| *y += z);
        let weights = theta.next(n * logits.len());
        affine(&life.output, weights, theta.next(logits.len()), logits);
    }
}

impl Life {
    /// Moves what is under the two keys towards the value.
    fn write(&mut self) {
        let d = self.read.len();
        let (written, rate) = self.to_write.split_at_mut(3 * d);
        tanh(written);
        let (first, rest) = written.split_at_mut(d);
        let (second, value) = rest.split_at_mut(d);
        pair(first, second, &mut self.keys);
        let rate = sigmoid(rate[0] + 1.0) / d as f32;
        write(rate, &self.keys, value, &mut self.read, &mut self.memory);
        let norm = self.memory.iter().map(|x| x * x).sum::<f32>().sqrt();
        if norm > 1.0 {
            self.memory.iter_mut().for_each(|x| *x /= norm);
        }
    }

    /// Follows associations: what is read is the first key of the next reading.
    fn read(&mut self) {
        let (start, seconds) = self.to_read.split_at(self.read.len());
        self.read.copy_from_slice(start);
        for second in seconds.chunks_exact(start.len()) {
            pair(&self.read, second, &mut self.keys);
            product(&self.keys, &self.memory, &mut self.read);
            normalise(&mut self.read);
        }
    }
}

/// The outer product of two keys, row by row.
fn pair(first: &[f32], second: &[f32], keys: &mut [f32]) {
    for (x, row) in first.iter().zip(keys.chunks_exact_mut(second.len())) {
        row.iter_mut().zip(second).for_each(|(key, y)| *key = x * y);
    }
}

/// Takes away the mean and divides by the deviation, or by a three-hundredth where that is next to nothing.
fn normalise(numbers: &mut [f32]) {
    let len = numbers.len() as f32;
    let mean = numbers.iter().sum::<f32>() / len;
    let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / len;
    let scale = 1.0 / (variance + 1e-5).sqrt();
    numbers.iter_mut().for_each(|x| *x = (*x - mean) * scale);
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;

    fn life(memory_size: usize) -> Life {
        let config = FastWeightMemoryConfig { hidden_size: 3, memory_size, observations: 1, actions: 2 };
        config.life(Shape { observations: 1, actions: 2 })
    }

    #[test]
    fn meta_parameters_are_as_many_as_on_paper() {
        let config = FastWeightMemoryConfig { hidden_size: 6, memory_size: 5, observations: 4, actions: 3 };
        let count = NetworkMetaLearner::new(config).unwrap().parameter_count();
        assert_eq!(count, 24 * (9 + 6 + 1) + 7 * 16 + 7 * 20 + 6 * 6 + 7 * 3);
        let large = FastWeightMemoryConfig { memory_size: 65, ..FastWeightMemoryConfig::default() };
        assert!(large.check().unwrap_err().0.contains("memory_size is 65"));
    }

    #[test]
    fn what_is_written_under_two_keys_is_moved_towards_the_value() {
        // Worked by hand: with d = 2, rate σ(b + 1) / 2 = 0.25 for b = -1, and squashed numbers t = tanh(1).
        let mut life = life(2);
        let t = 1f32.tanh();
        life.to_write.copy_from_slice(&[1.0, 0.0, 0.0, 1.0, 1.0, -1.0, -1.0]);
        life.write();
        let expected = 0.25 * t * t * t;
        // The first key is its first number, the second key its second: row 1 of 4.
        let found: Vec<f32> = life.memory.iter().map(|x| x / expected).collect();
        let rows = [0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0];
        assert!(found.iter().zip(rows).all(|(found, row)| (found - row).abs() < 1e-5), "{found:?}");
        // Again: what is there already is taken away first.
        life.to_write.copy_from_slice(&[1.0, 0.0, 0.0, 1.0, 1.0, -1.0, -1.0]);
        life.write();
        let again = expected + 0.25 * t * t * (t - t * t * expected);
        assert!((life.memory[2] - again).abs() < 1e-6, "{:?} instead of {again}", life.memory);
    }

    #[test]
    fn the_memory_is_never_longer_than_one() {
        let mut life = life(3);
        life.memory.fill(2.0);
        life.to_write.fill(0.5);
        life.write();
        let norm: f32 = life.memory.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((norm - 1.0).abs() < 1e-5, "{norm}");
    }

    #[test]
    fn associations_are_followed_from_one_to_the_next() {
        // One-hot things 0 to 3 and one relation, "what comes after": 0 -> 1 -> 2 -> 3.
        let mut life = life(4);
        for (from, to) in [(0, 1), (1, 2), (2, 3)] {
            let (first, second) = (from, 0);
            life.memory[(first * 4 + second) * 4 + to] = 0.5;
        }
        life.to_read.fill(0.0);
        life.to_read[0] = 1.0;
        (0..READS).for_each(|read| life.to_read[(1 + read) * 4] = 1.0);
        life.read();
        let greatest = life.read.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert!(life.read[3] == greatest && greatest > 1.0, "{:?}", life.read);
        let mean: f32 = life.read.iter().sum::<f32>() / 4.0;
        let squares: f32 = life.read.iter().map(|x| x * x).sum::<f32>() / 4.0;
        assert!(mean.abs() < 1e-6 && (squares - 1.0).abs() < 1e-3, "{mean} {squares}");
    }
}
