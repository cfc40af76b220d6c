//! RL²: a recurrent network whose activations are the learning algorithm.
//!
//! Duan et al. 2016 (*RL²: Fast Reinforcement Learning via Slow Reinforcement Learning*, arXiv 1611.02779) and Wang et al.
//! 2016 (*Learning to Reinforcement Learn*, arXiv 1611.05763; there the name meta-RL): give a recurrent network, beside the
//! observation, its last action and its last reward, keep its state over all episodes of a lifetime, and train its weights
//! over many tasks. What it learns of a task is in its activations; the weights are the learning algorithm. VSML is the
//! same with many small networks that share their weights in place of one large one, and is compared with this one most.
//!
//! With x the inputs ([`super::network`]), ∘ the product number by number and σ the sigmoid, one step of an **LSTM**
//! (Hochreiter & Schmidhuber 1997, with the forget gates of Gers et al. 2000; Wang et al.'s cell) is
//!
//! ```text
//! i, o, f, g = x W + h R + b                       each as wide as h
//! c' = σ(f) ∘ c + σ(i) ∘ tanh(g)
//! h' = σ(o) ∘ tanh(c')
//! ```
//!
//! and of a **GRU** (Cho et al. 2014, arXiv 1406.1078, with the reset gate after the product, as fast implementations have
//! it; Duan et al.'s cell)
//!
//! ```text
//! z = σ(x Wz + h Rz + bz)      r = σ(x Wr + h Rr + br)
//! n = tanh(x Wn + bn + r ∘ (h Rn + an))
//! h' = (1 - z) ∘ n + z ∘ h
//! ```
//!
//! followed by logits = h' U + a. Forget gates begin open, with b = 1 (Jozefowicz et al. 2015); a life begins with h = c = 0.

use super::matrix::{add_product, affine, sigmoid};
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use super::reliving::{RelivedRnn, critic_count};
use crate::learner::Unable;
use crate::policy_gradient::{Record, Relived};
use serde::{Deserialize, Serialize};
use vsml_core::tanh;
use vsml_envs::Rng;

/// What the state passes from one step to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// Long short-term memory.
    #[default]
    Lstm,
    /// Gated recurrent unit.
    Gru,
}

impl Cell {
    /// How many times as wide as the state its gates are.
    pub(super) fn gates(self) -> usize {
        match self {
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }
}

/// The configuration of a MetaRNN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaRnnConfig {
    /// `lstm` or `gru`.
    pub cell: Cell,
    /// Hidden units; 1 to 4096.
    pub hidden_size: usize,
    /// By what observations and the last action are multiplied before they come in; above 0. The weights from inputs of which
    /// few differ from 0 at a time (one-hot states) are few that matter and learn slowly: a larger number speeds them up, as
    /// Duan et al.'s embedding does.
    pub input_scale: f32,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for MetaRnnConfig {
    fn default() -> Self {
        MetaRnnConfig { cell: Cell::Lstm, hidden_size: 32, input_scale: 1.0, observations: 0, actions: 0 }
    }
}

/// State and buffers.
pub(super) struct Life {
    hidden: Vec<f32>,
    /// Of an LSTM alone.
    cell: Vec<f32>,
    gates: Vec<f32>,
    /// Of a GRU alone: what the state adds to the gates.
    from_hidden: Vec<f32>,
}

impl MetaRnnConfig {
    fn inputs(&self) -> usize {
        Shape { observations: self.observations, actions: self.actions }.inputs()
    }
}

impl Network for MetaRnnConfig {
    type Life = Life;
    const NAME: &'static str = "meta-rnn";

    fn check(&self) -> Result<(), Unable> {
        if !(self.input_scale.is_finite() && self.input_scale > 0.0) {
            return Err(Unable(format!("input_scale is {}: it must be a finite number above 0", self.input_scale)));
        }
        check_hidden_size(self.hidden_size)
    }

    fn input_scale(&self) -> f32 {
        self.input_scale
    }

    fixed_shape!();

    fn arrays(&self) -> Vec<Array> {
        let (n, gates) = (self.hidden_size, self.cell.gates() * self.hidden_size);
        let mut arrays = vec![Array::weights(self.inputs(), gates), Array::weights(n, gates)];
        arrays.extend(match self.cell {
            Cell::Lstm => [Array::constant(2 * n, 0.0), Array::constant(n, 1.0), Array::constant(n, 0.0)],
            Cell::Gru => [Array::constant(2 * n, 0.0), Array::constant(n, 0.0), Array::constant(n, 0.0)],
        });
        arrays.extend([Array::weights(n, self.actions), Array::constant(self.actions, 0.0)]);
        arrays
    }

    fn life(&self, _: Shape) -> Self::Life {
        let zeros = |len| vec![0.0; len];
        let (n, gates) = (self.hidden_size, self.cell.gates() * self.hidden_size);
        let of = |cell, len| if self.cell == cell { len } else { 0 };
        Life {
            hidden: zeros(n),
            cell: zeros(of(Cell::Lstm, n)),
            gates: zeros(gates),
            from_hidden: zeros(of(Cell::Gru, gates)),
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, _: &mut Rng) {
        life.hidden.fill(0.0);
        life.cell.fill(0.0);
    }

    fn memory(&self, life: &Self::Life) -> Vec<f32> {
        [&life.hidden[..], &life.cell].concat()
    }

    fn critic_count(&self) -> usize {
        critic_count(self)
    }

    fn relive<'a>(&self, parameters: &'a [f32], lives: &[&Record]) -> Option<Box<dyn Relived + 'a>> {
        let shape = Shape { observations: self.observations, actions: self.actions };
        Some(Box::new(RelivedRnn::new(self, shape, parameters, lives)))
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, gates) = (self.hidden_size, life.gates.len());
        let mut theta = Parts(theta);
        let (from_input, from_hidden) = (theta.next(input.len() * gates), theta.next(n * gates));
        match self.cell {
            Cell::Lstm => {
                affine(input, from_input, theta.next(gates), &mut life.gates);
                add_product(&life.hidden, from_hidden, &mut life.gates);
                lstm(&life.gates, &mut life.cell, &mut life.hidden);
            }
            Cell::Gru => {
                affine(input, from_input, theta.next(gates), &mut life.gates);
                life.from_hidden[..2 * n].fill(0.0);
                life.from_hidden[2 * n..].copy_from_slice(theta.next(n));
                add_product(&life.hidden, from_hidden, &mut life.from_hidden);
                gru(&life.gates, &life.from_hidden, &mut life.hidden);
            }
        }
        let weights = theta.next(n * logits.len());
        affine(&life.hidden, weights, theta.next(logits.len()), logits);
    }
}

/// One step of an LSTM; the gates are i, o, f, g.
pub(super) fn lstm(gates: &[f32], cell: &mut [f32], hidden: &mut [f32]) {
    let n = hidden.len();
    for (j, (c, h)) in cell.iter_mut().zip(hidden).enumerate() {
        let [i, o, f, g] = [gates[j], gates[n + j], gates[2 * n + j], gates[3 * n + j]];
        *c = sigmoid(f) * *c + sigmoid(i) * tanh(g);
        *h = sigmoid(o) * tanh(*c);
    }
}

/// One step of a GRU; the gates are z, r, n.
fn gru(from_input: &[f32], from_hidden: &[f32], hidden: &mut [f32]) {
    let n = hidden.len();
    for (j, h) in hidden.iter_mut().enumerate() {
        let z = sigmoid(from_input[j] + from_hidden[j]);
        let r = sigmoid(from_input[n + j] + from_hidden[n + j]);
        let new = tanh(from_input[2 * n + j] + r * from_hidden[2 * n + j]);
        *h = (1.0 - z) * new + z * *h;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::stream;

    /// Hidden state after each of two steps of a cell with two units and three inputs, whose weights count through
    /// fractions.
    fn two_steps(cell: Cell) -> [Vec<f32>; 2] {
        let fractions = |len: usize, step: usize, of: usize| -> Vec<f32> {
            (0..len).map(|i| ((i * step) % of) as f32 / of as f32 - 0.5).collect()
        };
        let transposed = |rows: Vec<f32>, columns: usize| -> Vec<f32> {
            (0..columns).flat_map(|c| rows.chunks(columns).map(|row| row[c]).collect::<Vec<_>>()).collect()
        };
        let gates = 2 * cell.gates();
        // Inputs: one observation for the one action, the action, reward, flag; of the four, the first three are used.
        let config = MetaRnnConfig { cell, hidden_size: 2, observations: 1, actions: 1, ..MetaRnnConfig::default() };
        let mut theta = transposed(fractions(gates * 3, 7, 23), 3);
        theta.extend(vec![0.0; gates]);
        theta.extend(transposed(fractions(gates * 2, 5, 17), 2));
        theta.extend(fractions(gates, 3, 11));
        if cell == Cell::Gru {
            // The reference has a second bias for each gate; only that of n is one of its own.
            let second = fractions(gates, 4, 13);
            let start = theta.len() - gates;
            (0..4).for_each(|i| theta[start + i] += second[i]);
            theta.extend(&second[4..]);
        }
        theta.extend([0.0; 3]);
        let expected: usize = NetworkMetaLearner::new(config.clone()).unwrap().parameter_count();
        assert_eq!(theta.len(), expected);
        let mut life = config.life(Shape { observations: 1, actions: 1 });
        config.begin(&theta, &mut life, &mut stream(1, "luck", &[]));
        [[0.5, -1.0, 0.25, 9.0], [1.0, 0.5, -0.75, 9.0]].map(|input| {
            config.step(&theta, &mut life, &input, &mut [0.0]);
            life.hidden.clone()
        })
    }

    use super::super::network::NetworkMetaLearner;
    use crate::learner::MetaLearner;

    /// Reference: operators `LSTM` and `GRU` (with `linear_before_reset=1`) of opset 14 in onnxruntime 1.31.1, weights
    /// `((i * a) % b) / b - 0.5`: `W` with a, b = 7, 23; `R` with 5, 17; `B` with 3, 11 and, for the GRU, 4, 13.
    #[test]
    fn steps_are_those_of_another_implementation() {
        for (cell, expected) in [
            (Cell::Lstm, [[-0.060_016_576, 0.013_546_236], [0.040_700_316, 0.201_208_04]]),
            (Cell::Gru, [[-0.569_240_75, -0.231_660_29], [-0.108_061_8, 0.044_178_434]]),
        ] {
            for (found, expected) in two_steps(cell).iter().zip(expected) {
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() < 2e-7, "{cell:?}: {found} instead of {expected}");
                }
            }
        }
    }

    #[test]
    fn meta_parameters_are_as_many_as_on_paper() {
        let count = |cell| {
            let config =
                MetaRnnConfig { cell, hidden_size: 5, observations: 4, actions: 3, ..MetaRnnConfig::default() };
            NetworkMetaLearner::new(config).unwrap().parameter_count()
        };
        // 4 + 3 + 2 inputs.
        assert_eq!(count(Cell::Lstm), 4 * 5 * (9 + 5 + 1) + (5 + 1) * 3);
        assert_eq!(count(Cell::Gru), 3 * 5 * (9 + 5 + 1) + 5 + (5 + 1) * 3);
    }

    #[test]
    fn forget_gates_begin_open() {
        let config = MetaRnnConfig { hidden_size: 3, observations: 1, actions: 1, ..MetaRnnConfig::default() };
        let theta = NetworkMetaLearner::new(config).unwrap().initialise(&mut stream(1, "theta", &[]));
        let bias = &theta[(4 + 3) * 12..][..12];
        assert_eq!(bias, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
