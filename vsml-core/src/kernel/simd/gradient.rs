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

use super::update::{Line, Reach, Source, Work, accumulate, gates_of_messages, neurons};
use super::{HeadPlaces, Lanes, Packed, PackedHead};
use crate::kernel::activation::FLUSH_BELOW;
use crate::kernel::{Incoming, IncomingAdjoint, LANES, Lines};
use crate::state::Layer;
use crate::{Convolution, LayerShape};
use std::f32::consts::LOG2_E;
use std::ops::Range;

/// Numbers of a sub-RNN that are kept for each micro tick: h, c, the gates i, g, f, o, and the tanh of the new c.
const RECORDED: usize = 7;

/// Weights as the way back needs them: plain, transposed, padded.
pub(super) struct Transposed {
    /// Of `Wh` the columns: one for each gate and hidden unit, 4 stride of them, each over the N rows.
    hidden: Lines,
    forward: Lines,
    backward: Lines,
    recurrent_forward: Lines,
    recurrent_backward: Lines,
    /// One row for each number of a message, over hidden units.
    forward_head: Lines,
    backward_head: Lines,
}

impl Transposed {
    fn new(packed: &Packed) -> Self {
        let (n, m, stride) = (packed.config.hidden_size, packed.config.message_size, packed.stride);
        let weight = &packed.theta[packed.places.lstm_weight.clone()];
        let columns = |rows: &Range<usize>, width: usize| {
            let mut lines = Lines::zeros(4 * stride * width);
            for (k, row) in rows.clone().enumerate() {
                for gate in 0..4 {
                    for j in 0..n {
                        lines[(gate * stride + j) * width + k] = weight[row * 4 * n + gate * n + j];
                    }
                }
            }
            lines
        };
        let head = |places: &HeadPlaces| {
            let (weight, mut lines) = (&packed.theta[places.weight.clone()], Lines::zeros(m * stride));
            for k in 0..n {
                for number in 0..m {
                    lines[number * stride + k] = weight[k * m + number];
                }
            }
            lines
        };
        Transposed {
            hidden: columns(&packed.rows.hidden, stride),
            forward: columns(&packed.rows.forward, packed.message_stride),
            backward: columns(&packed.rows.backward, packed.message_stride),
            recurrent_forward: columns(&packed.rows.recurrent_forward, packed.message_stride),
            recurrent_backward: columns(&packed.rows.recurrent_backward, packed.message_stride),
            forward_head: head(&packed.places.forward_head),
            backward_head: head(&packed.places.backward_head),
        }
    }
}

/// Gradient of a set of meta-parameters, padded.
struct PackedGradient<'a> {
    /// Rows as in [`super::Rows`], each 4 stride.
    weight: &'a mut [f32],
    bias: &'a mut [f32],
    forward_head: HeadGradient<'a>,
    backward_head: HeadGradient<'a>,
}

struct HeadGradient<'a> {
    /// N rows of `message_stride`.
    weight: &'a mut [f32],
    bias: &'a mut [f32],
    scale: &'a mut [f32],
    offset: &'a mut [f32],
}

fn take<'a>(rest: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (taken, after) = std::mem::take(rest).split_at_mut(len);
    *rest = after;
    taken
}

impl<'a> HeadGradient<'a> {
    fn take(packed: &Packed, rest: &mut &'a mut [f32]) -> Self {
        let stride = packed.message_stride;
        HeadGradient {
            weight: take(rest, packed.config.hidden_size * stride),
            bias: take(rest, stride),
            scale: take(rest, stride),
            offset: take(rest, stride),
        }
    }
}

/// All that the way back through a layer works with.
struct Back<'a> {
    work: Work<'a>,
    /// Sums of deltas for each input, and for the one beyond the border; for each output.
    of_p: &'a mut [f32],
    of_q: &'a mut [f32],
    /// What each neuron makes of a sum, handed to every sub-RNN that was summed up.
    of_sum_of_inputs: &'a mut [f32],
    of_sum_of_outputs: &'a mut [f32],
    record: &'a mut [f32],
    deltas: &'a mut [f32],
    gradient: PackedGradient<'a>,
}

impl<'a> Back<'a> {
    fn take(packed: &Packed, layer: &Layer, scratch: &'a mut [f32]) -> Self {
        let (row, sum, stride) = (4 * packed.stride, packed.sum_stride(), packed.stride);
        let (work, mut rest) = Work::take(packed, layer, scratch);
        let rest = &mut rest;
        let (inputs, outputs) = (layer.inputs + 1, layer.outputs);
        let record = take(rest, (packed.config.micro_ticks + 1) * 6 * RECORDED * stride);
        let deltas = take(rest, 6 * row);
        let zeroed = (inputs + outputs) * (row + sum)
            + (packed.rows.hidden.end + 1) * row
            + 2 * (packed.config.hidden_size + 3) * packed.message_stride;
        rest[..zeroed].fill(0.0);
        Back {
            work,
            of_p: take(rest, inputs * row),
            of_q: take(rest, outputs * row),
            of_sum_of_inputs: take(rest, inputs * sum),
            of_sum_of_outputs: take(rest, outputs * sum),
            record,
            deltas,
            gradient: PackedGradient {
                weight: take(rest, packed.rows.hidden.end * row),
                bias: take(rest, row),
                forward_head: HeadGradient::take(packed, rest),
                backward_head: HeadGradient::take(packed, rest),
            },
        }
    }
}

impl Packed {
    /// [`Update::back_propagate`](crate::kernel::Update::back_propagate) with the instruction set `V`.
    ///
    /// # Safety
    /// The processor must have the instruction set of `V`.
    #[inline(always)]
    pub unsafe fn back_propagate<V: Lanes, const R: usize>(
        &self,
        before: &Layer,
        incoming: &Incoming<'_>,
        adjoint: &mut Layer,
        of_incoming: IncomingAdjoint<'_>,
        gradient: &mut [f64],
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.stride / LANES {
                1 => self.back_lines::<V, R, 1>(before, incoming, adjoint, of_incoming, gradient, scratch),
                2 => self.back_lines::<V, 2, 2>(before, incoming, adjoint, of_incoming, gradient, scratch),
                3 => self.back_lines::<V, 1, 3>(before, incoming, adjoint, of_incoming, gradient, scratch),
                _ => self.back_lines::<V, 1, 4>(before, incoming, adjoint, of_incoming, gradient, scratch),
            }
        }
    }

    #[inline(always)]
    unsafe fn back_lines<V: Lanes, const R: usize, const L: usize>(
        &self,
        before: &Layer,
        incoming: &Incoming<'_>,
        adjoint: &mut Layer,
        of_incoming: IncomingAdjoint<'_>,
        gradient: &mut [f64],
        scratch: &mut [f32],
    ) {
        let transposed = self.transposed.get_or_init(|| Transposed::new(self));
        let mut back = Back::take(self, before, scratch);
        // SAFETY: the caller's promise on instructions; `Back` has room for every neuron and every parameter, all of it on
        // borders of lines, and every index below stays within the layer.
        unsafe {
            self.project_all::<V, R, L>(before, incoming, &mut back.work);
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
            self.of_messages::<V>(transposed, &mut back, before, incoming, adjoint, of_incoming);
        }
        self.add_to(gradient, &back.gradient);
    }

    /// For every neuron, from the derivatives of its message those of what it was aggregated from: of each sub-RNN's h; or
    /// with layer norm of each sub-RNN's message before scale and offset.
    #[inline(always)]
    unsafe fn of_aggregate<V: Lanes, const L: usize>(
        &self,
        head: &PackedHead,
        rows: &Lines,
        senders: usize,
        of_messages: &[f32],
        of_sums: &mut [f32],
    ) {
        let (of_sum, _) = self.weights_of_sum(senders, None);
        let messages = of_messages.chunks_exact(self.config.message_size);
        for (of_message, to) in messages.zip(of_sums.chunks_exact_mut(self.sum_stride())) {
            if self.config.layer_norm {
                for (to, (of_message, scale)) in to.iter_mut().zip(of_message.iter().zip(head.scale.iter())) {
                    *to = of_message * of_sum * scale;
                }
                continue;
            }
            for line in (0..L * LANES).step_by(LANES) {
                // SAFETY: the caller's promise on instructions; there is a row of whole lines for each number.
                unsafe {
                    let mut total = V::splat(0.0);
                    for (number, of_message) in of_message.iter().enumerate() {
                        let weight = V::load(rows.as_ptr().add(number * L * LANES + line));
                        total = V::splat(of_message * of_sum).mul_add(weight, total);
                    }
                    total.store(to.as_mut_ptr().add(line));
                }
            }
        }
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

    /// The way back through [`Packed::send`]: adds to `of_h`, and with layer norm to the heads' gradient.
    #[inline(always)]
    unsafe fn of_send<V: Lanes, const R: usize, const L: usize>(
        &self,
        transposed: &Transposed,
        back: &mut Back<'_>,
        neurons: &[(usize, usize); R],
        hidden: [*const f32; R],
        of_h: &mut [[V; L]; R],
    ) {
        let sum = self.sum_stride();
        // SAFETY: the caller's promise on instructions; the neurons exist, `hidden` points to `stride` numbers each.
        unsafe {
            for (r, &(a, b)) in neurons.iter().enumerate() {
                let of_input = back.of_sum_of_inputs.as_ptr().add(a * sum);
                let of_output = back.of_sum_of_outputs.as_ptr().add(b * sum);
                if self.config.layer_norm {
                    let rows = &transposed.backward_head;
                    let gradient = &mut back.gradient.backward_head;
                    self.of_normalised::<V, L>(&self.backward_head, rows, hidden[r], of_input, &mut of_h[r], gradient);
                    let rows = &transposed.forward_head;
                    let gradient = &mut back.gradient.forward_head;
                    self.of_normalised::<V, L>(&self.forward_head, rows, hidden[r], of_output, &mut of_h[r], gradient);
                } else {
                    for line in 0..L {
                        let of_sums = V::load(of_input.add(line * LANES)).add(V::load(of_output.add(line * LANES)));
                        of_h[r][line] = of_h[r][line].add(of_sums);
                    }
                }
            }
        }
    }

    /// The way back through one normalised message: with z of mean 0 and variance 1 made of u,
    /// `of u = (of z - mean(of z) - z mean(of z · z)) / deviation`.
    #[inline(always)]
    unsafe fn of_normalised<V: Lanes, const L: usize>(
        &self,
        head: &PackedHead,
        rows: &Lines,
        h: *const f32,
        of_z: *const f32,
        of_h: &mut [V; L],
        gradient: &mut HeadGradient<'_>,
    ) {
        let (m, stride) = (self.config.message_size, self.message_stride);
        // SAFETY: the caller's promise on instructions; a message has at most four lines, `of_z` as many as a message.
        unsafe {
            let (u, factor) = self.centred_message::<V>(head, h);
            let (mut sum, mut product) = (V::splat(0.0), V::splat(0.0));
            for (line, u) in u.iter().enumerate().take(stride / LANES) {
                let of_z = V::load(of_z.add(line * LANES));
                sum = sum.add(of_z);
                product = of_z.mul(u.mul(factor)).add(product);
            }
            let (mean, slope) = (V::splat(sum.sum() / m as f32), V::splat(product.sum() / m as f32));
            for (line, u) in u.iter().enumerate().take(stride / LANES) {
                let first = line * LANES;
                let of_z = V::load(of_z.add(first));
                let of_u = of_z.sub(mean).sub(u.mul(factor).mul(slope)).mul(factor);
                let bias = gradient.bias.as_mut_ptr().add(first);
                V::load(bias).add(of_u).store(bias);
                for k in 0..self.config.hidden_size {
                    let weight = gradient.weight.as_mut_ptr().add(k * stride + first);
                    V::splat(*h.add(k)).mul_add(of_u, V::load(weight)).store(weight);
                }
                let mut numbers = Line([0.0; LANES]);
                of_u.store(numbers.0.as_mut_ptr());
                for (number, of_u) in (first..m).zip(numbers.0) {
                    for (line, of_h) in of_h.iter_mut().enumerate() {
                        let weight = V::load(rows.as_ptr().add((number * L + line) * LANES));
                        *of_h = V::splat(of_u).mul_add(weight, *of_h);
                    }
                }
            }
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

    /// The gradient of a head, from what each neuron was sent and the derivatives of its message. (With layer norm, weights
    /// and biases got theirs from [`Packed::of_send`].)
    #[inline(always)]
    unsafe fn of_head<V: Lanes>(
        &self,
        gradient: &mut HeadGradient<'_>,
        sums: &[f32],
        senders: usize,
        counts: &[f32],
        of_messages: &[f32],
    ) {
        let m = self.config.message_size;
        let neurons = sums.chunks_exact(self.sum_stride()).zip(of_messages.chunks_exact(m));
        for (neuron, (sum, of_message)) in neurons.enumerate() {
            let (of_sum, of_bias) = self.weights_of_sum(senders, counts.get(neuron).copied());
            for (first, part) in of_message.chunks(LANES).enumerate().map(|(line, part)| (line * LANES, part)) {
                let mut line = Line([0.0; LANES]);
                line.0[..part.len()].copy_from_slice(part);
                // SAFETY: the caller's promise on instructions; rows of a head are `message_stride` long, whole lines.
                unsafe {
                    let of_message = V::load(line.0.as_ptr());
                    let add = |to: &mut [f32], factor: V| {
                        let to = to.as_mut_ptr().add(first);
                        of_message.mul_add(factor, V::load(to)).store(to);
                    };
                    if self.config.layer_norm {
                        add(gradient.scale, V::load(sum.as_ptr().add(first)).mul(V::splat(of_sum)));
                        add(gradient.offset, V::splat(of_bias));
                    } else {
                        let rows = gradient.weight.chunks_exact_mut(self.message_stride);
                        for (&h, row) in sum[..self.config.hidden_size].iter().zip(rows) {
                            add(row, V::splat(h * of_sum));
                        }
                        add(gradient.bias, V::splat(of_bias));
                    }
                }
            }
        }
    }

    /// From the summed deltas of every neuron: the derivatives of the messages that it sent, and the gradient of the weights
    /// by which they entered.
    #[inline(always)]
    unsafe fn of_messages<V: Lanes>(
        &self,
        transposed: &Transposed,
        back: &mut Back<'_>,
        before: &Layer,
        incoming: &Incoming<'_>,
        adjoint: &mut Layer,
        of_incoming: IncomingAdjoint<'_>,
    ) {
        let (m, n, row) = (self.config.message_size, self.config.hidden_size, 4 * self.stride);
        let recurrent = if self.config.recurrent_messages { m } else { 0 };
        let place = usize::from(self.config.coordinates);
        adjoint.forward_out.fill(0.0);
        adjoint.backward_out.fill(0.0);
        let of_p = &back.of_p[..before.inputs * row];
        let of_q = &*back.of_q;
        let of_weight = &mut *back.gradient.weight;
        // SAFETY: the caller's promise on instructions; every source has as many rows as numbers per neuron.
        unsafe {
            self.of_values::<V>(&transposed.forward, m, of_p, of_incoming.forward);
            self.of_values::<V>(&transposed.recurrent_backward, recurrent, of_p, &mut adjoint.backward_out);
            self.of_values::<V>(&transposed.backward, m, of_q, of_incoming.backward);
            self.of_values::<V>(&transposed.recurrent_forward, recurrent, of_q, &mut adjoint.forward_out);
            let rows = &self.rows;
            for (rows, values, width, of) in [
                (&rows.forward, incoming.forward, m, of_p),
                (&rows.recurrent_backward, &before.backward_out[..], recurrent, of_p),
                (&rows.input_place, &before.input_places[..], place, of_p),
                (&rows.backward, incoming.backward, m, of_q),
                (&rows.recurrent_forward, &before.forward_out[..], recurrent, of_q),
                (&rows.output_place, &before.output_places[..], place, of_q),
            ] {
                let source = Source { weights: &[], values, width };
                of_rows::<V>(&mut of_weight[rows.start * row..rows.end * row], &source, of);
            }
        }

        let total = &mut *back.gradient.bias;
        for of_q in of_q.chunks_exact(row) {
            total.iter_mut().zip(of_q).for_each(|(total, of_q)| *total += of_q);
        }
        let scalars = incoming.extras.iter().chain([&before.depth]);
        let indices = self.rows.extras.clone().chain(self.rows.layer_index.clone());
        for (index, scalar) in indices.clone().zip(scalars) {
            let of_row = &mut of_weight[index * row..(index + 1) * row];
            of_row.iter_mut().zip(&*total).for_each(|(of_weight, of_gate)| *of_weight += scalar * of_gate);
        }
        let weight = self.places.lstm_weight.start;
        for (index, of_extra) in indices.zip(of_incoming.extras) {
            for gate in 0..4 {
                let weights = &self.theta[weight + (index * 4 + gate) * n..][..n];
                let of_gates = &total[gate * self.stride..][..n];
                *of_extra += weights.iter().zip(of_gates).map(|(weight, of_gate)| weight * of_gate).sum::<f32>();
            }
        }
    }

    /// Adds `deltas × columns` to the `width` numbers of every neuron.
    #[inline(always)]
    unsafe fn of_values<V: Lanes>(&self, columns: &Lines, width: usize, deltas: &[f32], of_values: &mut [f32]) {
        if width == 0 {
            return;
        }
        let (row, stride) = (4 * self.stride, self.message_stride);
        let mut numbers = Line([0.0; LANES]);
        for (deltas, of_values) in deltas.chunks_exact(row).zip(of_values.chunks_exact_mut(width)) {
            for (line, part) in of_values.chunks_mut(LANES).enumerate() {
                // SAFETY: the caller's promise on instructions; there is a column for each of a row's numbers.
                unsafe {
                    // One sum for each gate, so that four additions are under way at a time.
                    let mut sums = [V::splat(0.0); 4];
                    for k in 0..self.config.hidden_size {
                        for (gate, sum) in sums.iter_mut().enumerate() {
                            let at = gate * self.stride + k;
                            let column = V::load(columns.as_ptr().add(at * stride + line * LANES));
                            *sum = V::splat(deltas[at]).mul_add(column, *sum);
                        }
                    }
                    sums[0].add(sums[1]).add(sums[2].add(sums[3])).store(numbers.0.as_mut_ptr());
                }
                part.iter_mut().zip(numbers.0).for_each(|(to, from)| *to += from);
            }
        }
    }

    /// Adds the packed gradient to one that lies as the meta-parameters do.
    fn add_to(&self, gradient: &mut [f64], packed: &PackedGradient<'_>) {
        let mut add = |place: &Range<usize>, values: &[f32], width: usize, stride: usize| {
            let rows = gradient[place.clone()].chunks_exact_mut(width).zip(values.chunks_exact(stride));
            for (to, from) in rows {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += f64::from(*from));
            }
        };
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        add(&self.places.lstm_weight, packed.weight, n, self.stride);
        add(&self.places.lstm_bias, packed.bias, n, self.stride);
        let heads =
            [(&self.places.forward_head, &packed.forward_head), (&self.places.backward_head, &packed.backward_head)];
        for (places, head) in heads {
            add(&places.weight, head.weight, m, self.message_stride);
            add(&places.bias, head.bias, m, self.message_stride);
            add(&places.scale, head.scale, m, self.message_stride);
            add(&places.offset, head.offset, m, self.message_stride);
        }
    }
}

/// What one update of a cell comes to, with all that its derivatives need.
struct Activations<V> {
    gates: [V; 4],
    tanh_c: V,
    c: V,
    h: V,
}

impl<V: Lanes> Activations<V> {
    /// From gates that are scaled already. As in the update, fractions are combined: one division makes i, g and f, another
    /// o and the tanh of c.
    #[inline(always)]
    unsafe fn new([i, g, f, o]: [V; 4], c: V) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let one = V::splat(1.0);
            let (eg, eo) = (g.exp2(), o.exp2().add(one));
            let (di, dg, df) = (i.exp2().add(one), eg.add(one), f.exp2().add(one));
            let quotient = one.div(di.mul(dg).mul(df));
            let i = quotient.mul(dg.mul(df));
            let g = eg.sub(one).mul(quotient.mul(di.mul(df)));
            let f = quotient.mul(di.mul(dg));
            let c = f.mul_add(c, i.mul(g)).flush(FLUSH_BELOW);
            let ec = c.mul(V::splat(2.0 * LOG2_E)).exp2();
            let dc = ec.add(one);
            let quotient = one.div(eo.mul(dc));
            let tanh_c = ec.sub(one).mul(quotient.mul(eo));
            let o = quotient.mul(dc);
            Activations { gates: [i, g, f, o], tanh_c, c, h: o.mul(tanh_c).flush(FLUSH_BELOW) }
        }
    }

    /// Keeps gates and tanh c; h and c of before the update, which precede them in the record, are there already.
    #[inline(always)]
    unsafe fn store(&self, at: *mut f32, part: usize) {
        // SAFETY: the caller's promise: instructions, and room for seven parts.
        unsafe {
            for (number, gate) in self.gates.iter().enumerate() {
                gate.store(at.add((2 + number) * part));
            }
            self.tanh_c.store(at.add(6 * part));
        }
    }
}

/// The way back through one update of a cell, of which `at` has the record: the derivatives of the gates before their
/// activation, and of the earlier `c`.
#[inline(always)]
unsafe fn of_lstm<V: Lanes>(at: *const f32, part: usize, of_h: V, of_c: V, c: V) -> ([V; 4], V) {
    // SAFETY: the caller's promise: instructions, and a record of seven parts.
    unsafe {
        let one = V::splat(1.0);
        let [i, g, f, o] = [2, 3, 4, 5].map(|number| V::load(at.add(number * part)));
        let tanh_c = V::load(at.add(6 * part));
        let slope = one.sub(tanh_c.mul(tanh_c));
        let of_c = of_h.mul(o).mul_add(slope, of_c);
        let of_i = of_c.mul(g).mul(i).mul(one.sub(i));
        let of_g = of_c.mul(i).mul(one.sub(g.mul(g)));
        let of_f = of_c.mul(c).mul(f).mul(one.sub(f));
        let of_o = of_h.mul(tanh_c).mul(o).mul(one.sub(o));
        ([of_i, of_g, of_f, of_o], of_c.mul(f))
    }
}

/// Adds the deltas of R sub-RNNs to the sums of their neurons.
#[inline(always)]
unsafe fn add_deltas<V: Lanes, const R: usize, const L: usize>(
    back: &mut Back<'_>,
    neurons: &[(usize, usize); R],
    deltas: &[[[V; L]; 4]; R],
) {
    let row = 4 * L * LANES;
    // SAFETY: the caller's promise: instructions, and neurons that exist.
    unsafe {
        for (deltas, &(a, b)) in deltas.iter().zip(neurons) {
            let (of_p, of_q) = (back.of_p.as_mut_ptr().add(a * row), back.of_q.as_mut_ptr().add(b * row));
            for (gate, lines) in deltas.iter().enumerate() {
                for (line, delta) in lines.iter().enumerate() {
                    let at = (gate * L + line) * LANES;
                    V::load(of_p.add(at)).add(*delta).store(of_p.add(at));
                    V::load(of_q.add(at)).add(*delta).store(of_q.add(at));
                }
            }
        }
    }
}

/// Adds to each row of a gradient `value × deltas`, summed over neurons.
#[inline(always)]
unsafe fn of_rows<V: Lanes>(of_weight: &mut [f32], source: &Source<'_>, deltas: &[f32]) {
    if source.width == 0 {
        return;
    }
    let row = of_weight.len() / source.width;
    for (number, of_row) in of_weight.chunks_exact_mut(row).enumerate() {
        // Four lines at a time: a row has four gates of whole lines.
        for first in (0..row).step_by(4 * LANES) {
            // SAFETY: the caller's promise on instructions; rows are whole lines on borders of lines.
            unsafe {
                let mut sums = [V::splat(0.0); 4];
                for (values, deltas) in source.values.chunks_exact(source.width).zip(deltas.chunks_exact(row)) {
                    let value = V::splat(values[number]);
                    for (line, sum) in sums.iter_mut().enumerate() {
                        *sum = value.mul_add(V::load(deltas.as_ptr().add(first + line * LANES)), *sum);
                    }
                }
                for (line, sum) in sums.iter().enumerate() {
                    sum.store(of_row.as_mut_ptr().add(first + line * LANES));
                }
            }
        }
    }
}
