//! The definition: what a sub-RNN and a layer of them compute, one number after the other.
//!
//! Kirsch & Schmidhuber 2021, equations 3 to 6, with the options of SymLA (Kirsch et al. 2022). Sums over sub-RNNs are
//! taken in `f64`, so that the order of the neurons leaves no trace in the rounding. The way back is in [`gradient`].

mod gradient;

use super::activation::{NORM_EPSILON, flush, sigmoid, tanh};
use super::{Incoming, LANES, Reversal, Scratch, Update};
use crate::state::Layer;
use crate::{Aggregation, Layout, SubRnnConfig};
use std::ops::Range;

pub(crate) struct Scalar {
    config: SubRnnConfig,
    theta: Vec<f32>,
    lstm_weight: Range<usize>,
    lstm_bias: Range<usize>,
    forward_head: Head,
    backward_head: Head,
}

/// A linear map from a hidden state to a message, with a layer norm behind it if there is one; where its parameters lie.
struct Head {
    weight: Range<usize>,
    bias: Range<usize>,
    norm: Option<Norm>,
}

struct Norm {
    scale: Range<usize>,
    offset: Range<usize>,
}

impl Scalar {
    pub fn new(config: &SubRnnConfig, theta: &[f32]) -> Self {
        let layout = Layout::of_one_set(config);
        let array = |name: &str| layout.range(name).unwrap_or_default();
        let head = |name: &str| Head {
            weight: array(&format!("{name}_head.weight")),
            bias: array(&format!("{name}_head.bias")),
            norm: config.layer_norm.then(|| Norm {
                scale: array(&format!("{name}_norm.scale")),
                offset: array(&format!("{name}_norm.offset")),
            }),
        };
        Scalar {
            config: config.clone(),
            theta: theta.to_vec(),
            lstm_weight: array("lstm.weight"),
            lstm_bias: array("lstm.bias"),
            forward_head: head("forward"),
            backward_head: head("backward"),
        }
    }

    /// What a sub-RNN between input `a` and output `b` reads: messages, extras, where it is. Beyond the border of an image
    /// there is no input, and zeros are read instead.
    fn read(&self, layer: &Layer, incoming: &Incoming<'_>, a: usize, b: usize, x: &mut [f32]) {
        let m = self.config.message_size;
        let inside = a < layer.inputs;
        x.fill(0.0);
        if inside {
            x[..m].copy_from_slice(&incoming.forward[a * m..][..m]);
        }
        x[m..2 * m].copy_from_slice(&incoming.backward[b * m..][..m]);
        if self.config.recurrent_messages {
            x[2 * m..3 * m].copy_from_slice(&layer.forward_out[b * m..][..m]);
            if inside {
                x[3 * m..4 * m].copy_from_slice(&layer.backward_out[a * m..][..m]);
            }
        }
        let scalars = x.len() - self.config.extras - self.config.places();
        let (extras, places) = x[scalars..].split_at_mut(self.config.extras);
        extras.copy_from_slice(incoming.extras);
        if self.config.coordinates {
            places[0] = layer.input_places[a];
            places[1] = layer.output_places[b];
        }
        if self.config.layer_index {
            places[places.len() - 1] = layer.depth;
        }
    }

    /// Pre-activations of the gates i, g, f, o: `[x, h] W + b`.
    fn gates(&self, x: &[f32], h: &[f32], gates: &mut [f32]) {
        gates.copy_from_slice(&self.theta[self.lstm_bias.clone()]);
        let rows = self.theta[self.lstm_weight.clone()].chunks_exact(gates.len());
        for (value, row) in x.iter().chain(h).zip(rows) {
            for (gate, weight) in gates.iter_mut().zip(row) {
                *gate += value * weight;
            }
        }
    }

    /// One update of one sub-RNN: reads `x` and its state h, c; writes the new state.
    fn lstm(&self, x: &[f32], h: &mut [f32], c: &mut [f32], gates: &mut [f32]) {
        self.gates(x, h, gates);
        let n = h.len();
        for k in 0..n {
            let (i, g, f, o) = (gates[k], gates[n + k], gates[2 * n + k], gates[3 * n + k]);
            c[k] = flush(sigmoid(f + 5.0) * c[k] + sigmoid(i - 5.0) * tanh(g));
            h[k] = flush(sigmoid(o) * tanh(c[k]));
        }
    }

    /// The message that a sub-RNN with hidden state `h` sends through `head`.
    fn message(&self, head: &Head, h: &[f32], message: &mut [f32]) {
        self.linear(head, h, message);
        if let Some(norm) = &head.norm {
            normalise(message);
            let (scale, offset) = (&self.theta[norm.scale.clone()], &self.theta[norm.offset.clone()]);
            for (x, (scale, offset)) in message.iter_mut().zip(scale.iter().zip(offset)) {
                *x = *x * scale + offset;
            }
        }
    }

    fn linear(&self, head: &Head, h: &[f32], message: &mut [f32]) {
        message.copy_from_slice(&self.theta[head.bias.clone()]);
        for (h, row) in h.iter().zip(self.theta[head.weight.clone()].chunks_exact(message.len())) {
            for (x, weight) in message.iter_mut().zip(row) {
                *x += h * weight;
            }
        }
    }

    /// By what a sum of messages is divided: for a mean, by how many sent them.
    fn divisor(&self, senders: usize) -> f64 {
        match self.config.aggregation {
            Aggregation::Mean => senders as f64,
            Aggregation::Sum => 1.0,
        }
    }
}

/// Mean 0, variance 1. Returns the deviation there was.
fn normalise(message: &mut [f32]) -> f32 {
    let count = message.len() as f32;
    let mean = message.iter().sum::<f32>() / count;
    let variance = message.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
    let deviation = (variance + NORM_EPSILON).sqrt();
    message.iter_mut().for_each(|x| *x = (*x - mean) / deviation);
    deviation
}

fn add(sums: &mut [f64], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += f64::from(*value);
    }
}

fn write_quotient(values: &mut [f32], sums: &[f64], divisor: f64) {
    for (value, sum) in values.iter_mut().zip(sums) {
        *value = (sum / divisor) as f32;
    }
}

impl Update for Scalar {
    fn update(&self, layer: &mut Layer, incoming: &Incoming<'_>, scratch: &mut Scratch) {
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        let stride = n.next_multiple_of(LANES);
        let shape = layer.shape;
        let (x, rest) = scratch.lines.split_at_mut(self.config.input_size());
        let (gates, rest) = rest.split_at_mut(4 * n);
        let (h, rest) = rest.split_at_mut(n);
        let (c, rest) = rest.split_at_mut(n);
        let message = &mut rest[..m];
        let (to_outputs, rest) = scratch.sums.split_at_mut(layer.outputs * m);
        // One more than there are: what is sent beyond the border of an image is lost there.
        let (to_inputs, rest) = rest.split_at_mut((layer.inputs + 1) * m);
        let (sum_of_h, rest) = rest.split_at_mut(n);
        let sum_of_c = &mut rest[..n];
        to_outputs.fill(0.0);
        to_inputs.fill(0.0);

        for sub_rnn in 0..shape.sub_rnns() {
            let own = sub_rnn * stride..sub_rnn * stride + n;
            // Denormal numbers may have been put in from outside; an update leaves none.
            layer.hidden[own.clone()].iter_mut().for_each(|h| *h = flush(*h));
            layer.cell[own.clone()].iter_mut().for_each(|c| *c = flush(*c));
            for micro_tick in 1..=self.config.micro_ticks {
                sum_of_h.fill(0.0);
                sum_of_c.fill(0.0);
                for position in 0..shape.positions() {
                    let (a, b) = shape.application(sub_rnn, position);
                    self.read(layer, incoming, a, b, x);
                    h.copy_from_slice(&layer.hidden[own.clone()]);
                    c.copy_from_slice(&layer.cell[own.clone()]);
                    self.lstm(x, h, c, gates);
                    add(sum_of_h, h);
                    add(sum_of_c, c);
                    if micro_tick == self.config.micro_ticks {
                        self.message(&self.forward_head, h, message);
                        add(&mut to_outputs[b * m..], message);
                        self.message(&self.backward_head, h, message);
                        add(&mut to_inputs[a * m..], message);
                    }
                }
                write_quotient(&mut layer.hidden[own.clone()], sum_of_h, shape.positions() as f64);
                write_quotient(&mut layer.cell[own.clone()], sum_of_c, shape.positions() as f64);
            }
        }
        write_quotient(&mut layer.forward_out, to_outputs, self.divisor(shape.senders_to_output()));
        write_quotient(&mut layer.backward_out, to_inputs, self.divisor(shape.senders_to_input()));
    }

    fn back_propagate(&self, reversal: Reversal<'_>, _: &mut Scratch) {
        self.transpose(reversal);
    }
}
