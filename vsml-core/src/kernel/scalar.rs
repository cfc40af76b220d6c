//! The definition: what a sub-RNN and a layer of them compute, one number after the other.
//!
//! Kirsch & Schmidhuber 2021, equations 3 to 6, with the options of SymLA (Kirsch et al. 2022). Sums over sub-RNNs are
//! taken in `f64`, so that the order of the neurons leaves no trace in the rounding.

use super::activation::{flush, sigmoid, tanh};
use super::{Incoming, LANES, Update};
use crate::state::Layer;
use crate::{Aggregation, Layout, SubRnnConfig};

pub(crate) struct Scalar {
    config: SubRnnConfig,
    lstm_weight: Vec<f32>,
    lstm_bias: Vec<f32>,
    forward_head: Head,
    backward_head: Head,
}

/// A linear map from a hidden state to a message.
struct Head {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Head {
    /// Number `m` of the message that a sub-RNN with hidden state `h` sends.
    fn message(&self, h: &[f32], m: usize) -> f32 {
        let width = self.bias.len();
        h.iter().enumerate().fold(self.bias[m], |sum, (k, h)| sum + h * self.weight[k * width + m])
    }
}

impl Scalar {
    pub fn new(config: &SubRnnConfig, theta: &[f32]) -> Self {
        let layout = Layout::new(config);
        let array = |name: &str| layout.range(name).map(|range| theta[range].to_vec()).unwrap_or_default();
        let head = |name: &str| Head { weight: array(&format!("{name}.weight")), bias: array(&format!("{name}.bias")) };
        Scalar {
            config: config.clone(),
            lstm_weight: array("lstm.weight"),
            lstm_bias: array("lstm.bias"),
            forward_head: head("forward_head"),
            backward_head: head("backward_head"),
        }
    }

    /// One update of one sub-RNN: reads `x` and its state h, c; writes the new state. Gates lie in the order i, g, f, o.
    fn lstm(&self, x: &[f32], h: &mut [f32], c: &mut [f32], gates: &mut [f32]) {
        gates.copy_from_slice(&self.lstm_bias);
        for (value, row) in x.iter().chain(h.iter()).zip(self.lstm_weight.chunks_exact(gates.len())) {
            for (gate, weight) in gates.iter_mut().zip(row) {
                *gate += value * weight;
            }
        }
        let n = h.len();
        for k in 0..n {
            let (i, g, f, o) = (gates[k], gates[n + k], gates[2 * n + k], gates[3 * n + k]);
            c[k] = flush(sigmoid(f + 5.0) * c[k] + sigmoid(i - 5.0) * tanh(g));
            h[k] = flush(sigmoid(o) * tanh(c[k]));
        }
    }

    fn aggregate(&self, messages: impl ExactSizeIterator<Item = f32>) -> f32 {
        let count = messages.len() as f64;
        let sum: f64 = messages.map(f64::from).sum();
        match self.config.aggregation {
            Aggregation::Mean => (sum / count) as f32,
            Aggregation::Sum => sum as f32,
        }
    }
}

impl Update for Scalar {
    fn update(&self, layer: &mut Layer, incoming: &Incoming<'_>, scratch: &mut [f32]) {
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        let stride = n.next_multiple_of(LANES);
        let (inputs, outputs) = (layer.inputs, layer.outputs);
        let (x, gates) = scratch[..self.config.input_size() + 4 * n].split_at_mut(self.config.input_size());

        for a in 0..inputs {
            for b in 0..outputs {
                let (of_a, of_b) = (a * m..(a + 1) * m, b * m..(b + 1) * m);
                x[..m].copy_from_slice(&incoming.forward[of_a.clone()]);
                x[m..2 * m].copy_from_slice(&incoming.backward[of_b.clone()]);
                if self.config.recurrent_messages {
                    x[2 * m..3 * m].copy_from_slice(&layer.forward_out[of_b]);
                    x[3 * m..4 * m].copy_from_slice(&layer.backward_out[of_a]);
                }
                let extras = x.len() - self.config.extras;
                x[extras..].copy_from_slice(incoming.extras);

                let own = (a * outputs + b) * stride..(a * outputs + b) * stride + n;
                for _ in 0..self.config.micro_ticks {
                    self.lstm(x, &mut layer.hidden[own.clone()], &mut layer.cell[own.clone()], gates);
                }
            }
        }

        let hidden = |a: usize, b: usize| &layer.hidden[(a * outputs + b) * stride..][..n];
        for b in 0..outputs {
            for k in 0..m {
                layer.forward_out[b * m + k] =
                    self.aggregate((0..inputs).map(|a| self.forward_head.message(hidden(a, b), k)));
            }
        }
        for a in 0..inputs {
            for k in 0..m {
                layer.backward_out[a * m + k] =
                    self.aggregate((0..outputs).map(|b| self.backward_head.message(hidden(a, b), k)));
            }
        }
    }
}
