//! The way back through messages: from those that a layer sent to what its sub-RNNs had for them, and from the gates to those
//! that it read, with the gradients of the weights in between.

use super::room::{Back, HeadGradient, Transposed};
use crate::kernel::simd::update::Source;
use crate::kernel::simd::{Lanes, Packed, PackedHead};
use crate::kernel::{Incoming, IncomingAdjoint, LANES, Line, Lines};
use crate::state::Layer;

impl Packed {
    /// For every neuron, from the derivatives of its message those of what it was aggregated from: of each sub-RNN's h; or
    /// with layer norm of each sub-RNN's message before scale and offset.
    #[inline(always)]
    pub(super) unsafe fn of_aggregate<V: Lanes, const L: usize>(
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

    /// The way back through [`Packed::send`]: adds to `of_h`, and with layer norm to the heads' gradient.
    #[inline(always)]
    pub(super) unsafe fn of_send<V: Lanes, const R: usize, const L: usize>(
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

    /// The gradient of a head, from what each neuron was sent and the derivatives of its message. (With layer norm, weights
    /// and biases got theirs from [`Packed::of_send`].)
    #[inline(always)]
    pub(super) unsafe fn of_head<V: Lanes>(
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
    pub(super) unsafe fn of_messages<V: Lanes>(
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
        let weight = self.ranges.lstm_weight.start;
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
}

/// Adds the deltas of R sub-RNNs to the sums of their neurons.
#[inline(always)]
pub(super) unsafe fn add_deltas<V: Lanes, const R: usize, const L: usize>(
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
