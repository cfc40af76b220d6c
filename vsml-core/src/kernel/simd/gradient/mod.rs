//! The way back through a tick of one layer, with vectors: [`super::update`] transposed.
//!
//! A block of sub-RNNs is done again, this time keeping the gates, and then backwards: first what the neurons make of it is
//! handed to each h (once per neuron it was multiplied by the heads' weights), then micro tick by micro tick the derivatives
//! of the gates, in here called deltas, are made. They are
//!
//! - summed per input and per output, for that is all that the messages' part needs, which is multiplied by the weights
//!   once per neuron at the end;
//! - multiplied by the transposed `Wh`, which gives the derivatives of h one micro tick earlier;
//! - multiplied by h from the left, which is the gradient of `Wh`.
//!
//! Gradients are summed in `f32` within a layer's tick, and in `f64` over ticks.

mod cell;
mod messages;
mod room;

pub(super) use room::Transposed;

use super::update::{Reach, accumulate, gates_of_messages, neurons};
use super::{Lanes, Packed};
use crate::kernel::activation::FLUSH_BELOW;
use crate::kernel::{LANES, Reversal};
use crate::state::Layer;
use crate::{Convolution, LayerShape};
use cell::{Activations, RECORDED, of_lstm};
use messages::add_deltas;
use room::{Back, PackedGradient};

impl Packed {
    /// [`Update::back_propagate`](crate::kernel::Update::back_propagate) with the instruction set `V`.
    ///
    /// # Safety
    /// The processor must have the instruction set of `V`.
    #[inline(always)]
    pub unsafe fn back_propagate<V: Lanes, const R: usize>(&self, reversal: Reversal<'_>, scratch: &mut [f32]) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.stride / LANES {
                1 => self.back_lines::<V, R, 1>(reversal, scratch),
                2 => self.back_lines::<V, 2, 2>(reversal, scratch),
                3 => self.back_lines::<V, 1, 3>(reversal, scratch),
                _ => self.back_lines::<V, 1, 4>(reversal, scratch),
            }
        }
    }

    #[inline(always)]
    unsafe fn back_lines<V: Lanes, const R: usize, const L: usize>(&self, reversal: Reversal<'_>, scratch: &mut [f32]) {
        let Reversal { before, incoming, adjoint, of_incoming, gradient } = reversal;
        let transposed = self.transposed.get_or_init(|| Transposed::new(self));
        let mut back = Back::take(self, before, scratch);
        // SAFETY: the caller's promise on instructions; `Back` has room for every neuron and every parameter, all of it on
        // borders of lines, and every index below stays within the layer.
        unsafe {
            self.project_all::<V, R, L>(before, &incoming, &mut back.work);
            let (to_output, to_input) = (before.shape.senders_to_output(), before.shape.senders_to_input());
            let (head, rows) = (&self.forward_head, &transposed.forward_head);
            self.of_aggregate::<V, L>(head, rows, to_output, &adjoint.forward_out, back.of_sum_of_outputs);
            let (head, rows) = (&self.backward_head, &transposed.backward_head);
            self.of_aggregate::<V, L>(head, rows, to_input, &adjoint.backward_out, back.of_sum_of_inputs);

            match before.shape {
                LayerShape::Dense { inputs, outputs } => {
                    let mut first = 0;
                    while inputs * outputs - first >= R {
                        self.block_back::<V, R, L>(transposed, &mut back, before, adjoint, first);
                        first += R;
                    }
                    while inputs * outputs - first >= 2 {
                        self.block_back::<V, 2, L>(transposed, &mut back, before, adjoint, first);
                        first += 2;
                    }
                    while first < inputs * outputs {
                        self.block_back::<V, 1, L>(transposed, &mut back, before, adjoint, first);
                        first += 1;
                    }
                }
                LayerShape::Convolution(convolution) => {
                    for sub_rnn in 0..before.shape.sub_rnns() {
                        self.convolve_back::<V, L>(transposed, &mut back, before, adjoint, convolution, sub_rnn);
                    }
                }
            }

            let PackedGradient { forward_head, backward_head, .. } = &mut back.gradient;
            let (sums, counts) = (&*back.work.sum_of_inputs, &before.messages_to_input);
            self.of_head::<V>(forward_head, back.work.sum_of_outputs, to_output, &[], &adjoint.forward_out);
            self.of_head::<V>(backward_head, sums, to_input, counts, &adjoint.backward_out);
            self.of_messages::<V>(transposed, &mut back, before, &incoming, adjoint, of_incoming);
        }
        self.add_to(gradient, &back.gradient);
    }

    /// Sub-RNNs `first .. first + R` of a dense layer: again all micro ticks, then all of them back.
    #[inline(always)]
    unsafe fn block_back<V: Lanes, const R: usize, const L: usize>(
        &self,
        transposed: &Transposed,
        back: &mut Back<'_>,
        before: &Layer,
        adjoint: &mut Layer,
        first: usize,
    ) {
        let stride = L * LANES;
        let neurons = neurons::<R>(first, before.outputs);
        let part = R * stride;
        let range = first * stride..first * stride + part;
        back.record[..part].copy_from_slice(&before.hidden[range.clone()]);
        back.record[part..2 * part].copy_from_slice(&before.cell[range]);
        // SAFETY: the caller's promise on instructions; sub-RNNs `first .. first + R` exist, `record` has room for seven parts
        // of each micro tick and one more.
        unsafe {
            let record = back.record.as_mut_ptr();
            let states = |micro_tick: usize| {
                let mut states = [record.cast_const(); R];
                for (r, state) in states.iter_mut().enumerate() {
                    *state = state.add(micro_tick * RECORDED * part + r * stride);
                }
                states
            };
            for micro_tick in 0..self.config.micro_ticks {
                let mut gates = gates_of_messages::<V, R, L>(&back.work, &neurons);
                accumulate::<V, R, L>(&mut gates, &self.hidden, states(micro_tick), self.config.hidden_size);
                let now = record.add(micro_tick * RECORDED * part);
                for (r, gates) in gates.iter().enumerate() {
                    for line in 0..L {
                        let at = r * stride + line * LANES;
                        let c = V::load(now.add(part + at));
                        let done = Activations::new([0, 1, 2, 3].map(|gate| gates[gate][line]), c);
                        done.store(now.add(at), part);
                        done.h.store(now.add(RECORDED * part + at));
                        done.c.store(now.add((RECORDED + 1) * part + at));
                    }
                }
            }

            let last = states(self.config.micro_ticks);
            self.send::<V, R, L>(&mut back.work, &neurons, last);
            let mut of_h = [[V::splat(0.0); L]; R];
            let mut of_c = [[V::splat(0.0); L]; R];
            for r in 0..R {
                for line in 0..L {
                    let at = (first + r) * stride + line * LANES;
                    of_h[r][line] = V::load(adjoint.hidden.as_ptr().add(at));
                    of_c[r][line] = V::load(adjoint.cell.as_ptr().add(at));
                }
            }
            self.of_send::<V, R, L>(transposed, back, &neurons, last, &mut of_h);

            for micro_tick in (0..self.config.micro_ticks).rev() {
                let now = record.add(micro_tick * RECORDED * part).cast_const();
                let mut deltas = [[[V::splat(0.0); L]; 4]; R];
                for r in 0..R {
                    for line in 0..L {
                        let at = now.add(r * stride + line * LANES);
                        let (of_gates, of_earlier_c) =
                            of_lstm(at, part, of_h[r][line], of_c[r][line], V::load(at.add(part)));
                        of_c[r][line] = of_earlier_c;
                        for gate in 0..4 {
                            deltas[r][gate][line] = of_gates[gate];
                        }
                    }
                }
                add_deltas::<V, R, L>(back, &neurons, &deltas);
                of_h = self.times_transposed::<V, R, L>(transposed, back, &deltas);
                self.add_outer_product::<V, R, L>(back.gradient.weight, states(micro_tick), &deltas);
            }
            for r in 0..R {
                for line in 0..L {
                    let at = (first + r) * stride + line * LANES;
                    // A gradient that vanishes passes through denormal numbers.
                    of_h[r][line].flush(FLUSH_BELOW).store(adjoint.hidden.as_mut_ptr().add(at));
                    of_c[r][line].flush(FLUSH_BELOW).store(adjoint.cell.as_mut_ptr().add(at));
                }
            }
        }
    }

    /// One sub-RNN of a convolution: again all micro ticks at all positions, then all of them back.
    #[inline(always)]
    unsafe fn convolve_back<V: Lanes, const L: usize>(
        &self,
        transposed: &Transposed,
        back: &mut Back<'_>,
        before: &Layer,
        adjoint: &mut Layer,
        convolution: Convolution,
        sub_rnn: usize,
    ) {
        let (stride, positions) = (L * LANES, before.shape.positions());
        let reach = Reach::new(before, convolution, sub_rnn);
        let own = sub_rnn * stride..(sub_rnn + 1) * stride;
        back.record[..stride].copy_from_slice(&before.hidden[own.clone()]);
        back.record[stride..2 * stride].copy_from_slice(&before.cell[own.clone()]);
        // SAFETY: the caller's promise on instructions; the sub-RNN exists, and so does whatever it reaches; `record` holds h
        // and c before every micro tick, and has room for one application after them.
        unsafe {
            let record = back.record.as_mut_ptr();
            let applied = record.add(2 * (self.config.micro_ticks + 1) * stride);
            let count = V::splat(positions as f32);
            for micro_tick in 0..self.config.micro_ticks {
                let state = record.add(2 * micro_tick * stride).cast_const();
                let of_state = self.gates_of_state::<V, L>(state);
                let mut sums = [[V::splat(0.0); L]; 2];
                for position in 0..positions {
                    let gates = gates_of_messages::<V, 1, L>(&back.work, &[reach.at(position)]);
                    for line in 0..L {
                        let gates = [0, 1, 2, 3].map(|gate| gates[0][gate][line].add(of_state[gate][line]));
                        let done = Activations::new(gates, V::load(state.add(stride + line * LANES)));
                        sums[0][line] = sums[0][line].add(done.h);
                        sums[1][line] = sums[1][line].add(done.c);
                    }
                }
                for (which, sums) in sums.iter().enumerate() {
                    for (line, sum) in sums.iter().enumerate() {
                        sum.div(count).store(record.add((2 * (micro_tick + 1) + which) * stride + line * LANES));
                    }
                }
            }

            let load = |numbers: &[f32]| {
                let mut lines = [V::splat(0.0); L];
                for (line, to) in lines.iter_mut().enumerate() {
                    *to = V::load(numbers.as_ptr().add(own.start + line * LANES));
                }
                lines
            };
            let (mut of_h, mut of_c) = (load(&adjoint.hidden), load(&adjoint.cell));
            for micro_tick in (0..self.config.micro_ticks).rev() {
                let state = record.add(2 * micro_tick * stride).cast_const();
                let of_state = self.gates_of_state::<V, L>(state);
                let mut deltas = [[[V::splat(0.0); L]; 4]; 1];
                let mut of_earlier_c = [V::splat(0.0); L];
                for position in 0..positions {
                    let neurons = [reach.at(position)];
                    let gates = gates_of_messages::<V, 1, L>(&back.work, &neurons);
                    let mut of_new = [of_h.map(|x| x.div(count)); 1];
                    for line in 0..L {
                        let gates = [0, 1, 2, 3].map(|gate| gates[0][gate][line].add(of_state[gate][line]));
                        let done = Activations::new(gates, V::load(state.add(stride + line * LANES)));
                        done.store(applied.add(line * LANES), stride);
                        done.h.store(applied.add(line * LANES));
                    }
                    if micro_tick + 1 == self.config.micro_ticks {
                        let hidden = [applied.cast_const(); 1];
                        self.send::<V, 1, L>(&mut back.work, &neurons, hidden);
                        self.of_send::<V, 1, L>(transposed, back, &neurons, hidden, &mut of_new);
                    }
                    let mut here = [[[V::splat(0.0); L]; 4]; 1];
                    for line in 0..L {
                        let c = V::load(state.add(stride + line * LANES));
                        let at = applied.add(line * LANES).cast_const();
                        let (of_gates, of_c) = of_lstm(at, stride, of_new[0][line], of_c[line].div(count), c);
                        of_earlier_c[line] = of_earlier_c[line].add(of_c);
                        for gate in 0..4 {
                            here[0][gate][line] = of_gates[gate];
                            deltas[0][gate][line] = deltas[0][gate][line].add(of_gates[gate]);
                        }
                    }
                    add_deltas::<V, 1, L>(back, &neurons, &here);
                }
                of_c = of_earlier_c;
                [of_h] = self.times_transposed::<V, 1, L>(transposed, back, &deltas);
                self.add_outer_product::<V, 1, L>(back.gradient.weight, [state], &deltas);
            }
            for line in 0..L {
                of_h[line].flush(FLUSH_BELOW).store(adjoint.hidden.as_mut_ptr().add(own.start + line * LANES));
                of_c[line].flush(FLUSH_BELOW).store(adjoint.cell.as_mut_ptr().add(own.start + line * LANES));
            }
        }
    }

    /// `h Wh`, for a state at `h`.
    #[inline(always)]
    unsafe fn gates_of_state<V: Lanes, const L: usize>(&self, h: *const f32) -> [[V; L]; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let mut gates = [[[V::splat(0.0); L]; 4]; 1];
            accumulate::<V, 1, L>(&mut gates, &self.hidden, [h], self.config.hidden_size);
            gates[0]
        }
    }

    /// `deltas Whᵀ`, for R sub-RNNs.
    #[inline(always)]
    unsafe fn times_transposed<V: Lanes, const R: usize, const L: usize>(
        &self,
        transposed: &Transposed,
        back: &mut Back<'_>,
        deltas: &[[[V; L]; 4]; R],
    ) -> [[V; L]; R] {
        let stride = L * LANES;
        // SAFETY: the caller's promise on instructions; `deltas` has room for R rows.
        unsafe {
            let numbers = back.deltas.as_mut_ptr();
            for (r, deltas) in deltas.iter().enumerate() {
                for (gate, lines) in deltas.iter().enumerate() {
                    for (line, delta) in lines.iter().enumerate() {
                        delta.store(numbers.add((r * 4 + gate) * stride + line * LANES));
                    }
                }
            }
            let mut of_h = [[V::splat(0.0); L]; R];
            for gate in 0..4 {
                for k in 0..self.config.hidden_size {
                    let at = gate * stride + k;
                    for line in 0..L {
                        let weight = V::load(transposed.hidden.as_ptr().add(at * stride + line * LANES));
                        for r in 0..R {
                            of_h[r][line] = V::splat(*numbers.add(r * 4 * stride + at)).mul_add(weight, of_h[r][line]);
                        }
                    }
                }
            }
            of_h
        }
    }

    /// Adds `hᵀ deltas`, summed over R sub-RNNs, to the gradient of `Wh`.
    #[inline(always)]
    unsafe fn add_outer_product<V: Lanes, const R: usize, const L: usize>(
        &self,
        of_weight: &mut [f32],
        states: [*const f32; R],
        deltas: &[[[V; L]; 4]; R],
    ) {
        let row = 4 * L * LANES;
        // SAFETY: the caller's promise on instructions; the hidden rows are the last of the matrix.
        unsafe {
            let of_hidden = of_weight.as_mut_ptr().add(self.rows.hidden.start * row);
            for k in 0..self.config.hidden_size {
                let to = of_hidden.add(k * row);
                let mut sums = [[V::splat(0.0); L]; 4];
                for gate in 0..4 {
                    for line in 0..L {
                        sums[gate][line] = V::load(to.add((gate * L + line) * LANES));
                    }
                }
                for r in 0..R {
                    let h = V::splat(*states[r].add(k));
                    for gate in 0..4 {
                        for line in 0..L {
                            sums[gate][line] = h.mul_add(deltas[r][gate][line], sums[gate][line]);
                        }
                    }
                }
                for gate in 0..4 {
                    for line in 0..L {
                        sums[gate][line].store(to.add((gate * L + line) * LANES));
                    }
                }
            }
        }
    }
}
