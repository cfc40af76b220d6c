//! The way back through the definition: for every line of [`Scalar::update`], in reverse, its transpose.
//!
//! Written for reading, like the definition. `of_x` is the derivative of a loss with respect to x throughout. Nothing is
//! kept from the way there but the state before it: the micro ticks are done again, one by one.

use super::{Head, Scalar, normalise};
use crate::kernel::activation::{flush, sigmoid, tanh};
use crate::kernel::{Incoming, IncomingAdjoint, LANES, Reversal};
use crate::state::Layer;

/// A state h, c, or the derivatives with respect to one.
#[derive(Clone)]
struct Cell {
    h: Vec<f32>,
    c: Vec<f32>,
}

impl Scalar {
    /// [`Update::back_propagate`](crate::kernel::Update::back_propagate).
    pub(super) fn transpose(&self, reversal: Reversal<'_>) {
        let Reversal { before, incoming, adjoint, mut of_incoming, gradient } = reversal;
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        let stride = n.next_multiple_of(LANES);
        let shape = before.shape;
        let positions = shape.positions() as f32;
        let (to_output, to_input) =
            (self.divisor(shape.senders_to_output()) as f32, self.divisor(shape.senders_to_input()) as f32);
        let of_message = |messages: &[f32], divisor: f32| messages.iter().map(|x| x / divisor).collect::<Vec<f32>>();
        let of_forward_out = of_message(&adjoint.forward_out, to_output);
        let of_backward_out = of_message(&adjoint.backward_out, to_input);
        adjoint.forward_out.fill(0.0);
        adjoint.backward_out.fill(0.0);
        let mut x = vec![0.0; self.config.input_size()];
        let mut of_x = x.clone();

        for sub_rnn in 0..shape.sub_rnns() {
            let own = sub_rnn * stride..sub_rnn * stride + n;
            let states = self.micro_ticks(before, &incoming, sub_rnn, &own);
            let mut of_state = Cell { h: adjoint.hidden[own.clone()].to_vec(), c: adjoint.cell[own.clone()].to_vec() };
            for (micro_tick, state) in states.iter().enumerate().rev() {
                // The new state was the mean over the applications.
                of_state.h.iter_mut().chain(&mut of_state.c).for_each(|x| *x /= positions);
                let mut of_earlier = Cell { h: vec![0.0; n], c: vec![0.0; n] };
                for position in 0..shape.positions() {
                    let (a, b) = shape.application(sub_rnn, position);
                    self.read(before, &incoming, a, b, &mut x);
                    let mut new = state.clone();
                    self.lstm(&x, &mut new.h, &mut new.c, &mut vec![0.0; 4 * n]);
                    let mut of_new = of_state.clone();
                    if micro_tick + 1 == states.len() {
                        self.of_message(
                            &self.forward_head,
                            &new.h,
                            &of_forward_out[b * m..][..m],
                            &mut of_new.h,
                            gradient,
                        );
                        if a < before.inputs {
                            let of_message = &of_backward_out[a * m..][..m];
                            self.of_message(&self.backward_head, &new.h, of_message, &mut of_new.h, gradient);
                        }
                    }
                    self.of_lstm(&x, state, &new, &of_new, &mut of_x, &mut of_earlier, gradient);
                    self.of_read(adjoint, &mut of_incoming, a, b, &of_x);
                }
                of_state = of_earlier;
            }
            // A gradient that vanishes passes through denormal numbers.
            of_state.h.iter_mut().chain(&mut of_state.c).for_each(|x| *x = flush(*x));
            adjoint.hidden[own.clone()].copy_from_slice(&of_state.h);
            adjoint.cell[own].copy_from_slice(&of_state.c);
        }
    }

    /// The state of a sub-RNN before each of its micro ticks.
    fn micro_ticks(
        &self,
        before: &Layer,
        incoming: &Incoming<'_>,
        sub_rnn: usize,
        own: &std::ops::Range<usize>,
    ) -> Vec<Cell> {
        let (n, shape) = (self.config.hidden_size, before.shape);
        let mut x = vec![0.0; self.config.input_size()];
        let mut states = vec![Cell { h: before.hidden[own.clone()].to_vec(), c: before.cell[own.clone()].to_vec() }];
        while states.len() < self.config.micro_ticks {
            let last = &states[states.len() - 1];
            let mut mean = Cell { h: vec![0.0; n], c: vec![0.0; n] };
            for position in 0..shape.positions() {
                let (a, b) = shape.application(sub_rnn, position);
                self.read(before, incoming, a, b, &mut x);
                let mut new = last.clone();
                self.lstm(&x, &mut new.h, &mut new.c, &mut vec![0.0; 4 * n]);
                for k in 0..n {
                    mean.h[k] += new.h[k] / shape.positions() as f32;
                    mean.c[k] += new.c[k] / shape.positions() as f32;
                }
            }
            states.push(mean);
        }
        states
    }

    /// Transpose of [`Scalar::lstm`]: `of_x` is overwritten, `of_earlier` added to.
    #[allow(clippy::too_many_arguments, reason = "an update has two inputs and two outputs, each with its derivative")]
    fn of_lstm(
        &self,
        x: &[f32],
        earlier: &Cell,
        new: &Cell,
        of_new: &Cell,
        of_x: &mut [f32],
        of_earlier: &mut Cell,
        gradient: &mut [f64],
    ) {
        let n = earlier.h.len();
        let mut gates = vec![0.0; 4 * n];
        self.gates(x, &earlier.h, &mut gates);
        for k in 0..n {
            let (i, g) = (sigmoid(gates[k] - 5.0), tanh(gates[n + k]));
            let (f, o) = (sigmoid(gates[2 * n + k] + 5.0), sigmoid(gates[3 * n + k]));
            let tanh_c = tanh(new.c[k]);
            let of_c = of_new.c[k] + of_new.h[k] * o * (1.0 - tanh_c * tanh_c);
            gates[k] = of_c * g * i * (1.0 - i);
            gates[n + k] = of_c * i * (1.0 - g * g);
            gates[2 * n + k] = of_c * earlier.c[k] * f * (1.0 - f);
            gates[3 * n + k] = of_new.h[k] * tanh_c * o * (1.0 - o);
            of_earlier.c[k] += of_c * f;
        }
        let of_gates = gates;

        let weight = &self.theta[self.lstm_weight.clone()];
        let of_weight = &mut gradient[self.lstm_weight.clone()];
        let values = x.iter().chain(&earlier.h);
        of_x.fill(0.0);
        let of_values = of_x.iter_mut().chain(&mut of_earlier.h);
        let rows = weight.chunks_exact(4 * n).zip(of_weight.chunks_exact_mut(4 * n));
        for ((value, of_value), (row, of_row)) in values.zip(of_values).zip(rows) {
            for ((weight, of_weight), of_gate) in row.iter().zip(of_row).zip(&of_gates) {
                *of_value += weight * of_gate;
                *of_weight += f64::from(value * of_gate);
            }
        }
        for (of_bias, of_gate) in gradient[self.lstm_bias.clone()].iter_mut().zip(&of_gates) {
            *of_bias += f64::from(*of_gate);
        }
    }

    /// Transpose of [`Scalar::message`]: adds to `of_h`.
    fn of_message(&self, head: &Head, h: &[f32], of_message: &[f32], of_h: &mut [f32], gradient: &mut [f64]) {
        let mut of_linear = of_message.to_vec();
        if let Some(norm) = &head.norm {
            let mut z = vec![0.0; of_message.len()];
            self.linear(head, h, &mut z);
            let deviation = normalise(&mut z);
            for (k, of_message) in of_message.iter().enumerate() {
                gradient[norm.scale.start + k] += f64::from(of_message * z[k]);
                gradient[norm.offset.start + k] += f64::from(*of_message);
                of_linear[k] = of_message * self.theta[norm.scale.start + k];
            }
            let count = z.len() as f32;
            let mean = of_linear.iter().sum::<f32>() / count;
            let slope = of_linear.iter().zip(&z).map(|(of_z, z)| of_z * z).sum::<f32>() / count;
            for (of_z, z) in of_linear.iter_mut().zip(&z) {
                *of_z = (*of_z - mean - z * slope) / deviation;
            }
        }
        for (of_bias, of_x) in gradient[head.bias.clone()].iter_mut().zip(&of_linear) {
            *of_bias += f64::from(*of_x);
        }
        let width = of_linear.len();
        for (k, (h, of_h)) in h.iter().zip(of_h).enumerate() {
            let row = head.weight.start + k * width;
            for (m, of_x) in of_linear.iter().enumerate() {
                *of_h += self.theta[row + m] * of_x;
                gradient[row + m] += f64::from(h * of_x);
            }
        }
    }

    /// Transpose of [`Scalar::read`]: hands `of_x` to where x came from.
    fn of_read(&self, adjoint: &mut Layer, of_incoming: &mut IncomingAdjoint<'_>, a: usize, b: usize, of_x: &[f32]) {
        let m = self.config.message_size;
        let inside = a < adjoint.inputs;
        let add = |to: &mut [f32], from: &[f32]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        if inside {
            add(&mut of_incoming.forward[a * m..][..m], &of_x[..m]);
        }
        add(&mut of_incoming.backward[b * m..][..m], &of_x[m..2 * m]);
        if self.config.recurrent_messages {
            add(&mut adjoint.forward_out[b * m..][..m], &of_x[2 * m..3 * m]);
            if inside {
                add(&mut adjoint.backward_out[a * m..][..m], &of_x[3 * m..4 * m]);
            }
        }
        add(of_incoming.extras, &of_x[of_x.len() - self.config.extras - self.config.places()..]);
    }
}
