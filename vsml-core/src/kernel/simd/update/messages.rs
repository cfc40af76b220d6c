//! Messages on their way in, from neurons to the gates of their sub-RNNs, and out, from sub-RNNs to neurons.

use super::Work;
use crate::Aggregation;
use crate::kernel::activation::NORM_EPSILON;
use crate::kernel::simd::{Lanes, Packed, PackedHead};
use crate::kernel::{Incoming, LANES, Line};
use crate::state::Layer;

impl Packed {
    /// P(a) for every input, and Q(b), which starts from the bias and the scalars, for every output.
    #[inline(always)]
    pub(in crate::kernel::simd) unsafe fn project_all<V: Lanes, const R: usize, const L: usize>(
        &self,
        layer: &Layer,
        incoming: &Incoming<'_>,
        work: &mut Work<'_>,
    ) {
        let (m, row) = (self.config.message_size, 4 * L * LANES);
        let recurrent = if self.config.recurrent_messages { m } else { 0 };
        let place = usize::from(self.config.coordinates);
        // SAFETY: the caller's promise on instructions; each source has as many rows of weights as numbers per neuron.
        unsafe {
            let start = &mut work.room[..row];
            start.fill(0.0);
            let (inside, beyond) = work.of_inputs.split_at_mut(layer.inputs * row);
            beyond.fill(0.0);
            let sources = [
                Source { weights: &self.forward, values: incoming.forward, width: m },
                Source { weights: &self.recurrent_backward, values: &layer.backward_out, width: recurrent },
                Source { weights: &self.input_place, values: &layer.input_places, width: place },
            ];
            project::<V, R, L>(start, &sources, inside);
            start.copy_from_slice(&self.bias);
            let scalars = incoming.extras.iter().chain([&layer.depth]);
            for (weights, &scalar) in self.scalars.chunks_exact(row).zip(scalars) {
                for line in (0..row).step_by(LANES) {
                    let sum = V::load(start.as_ptr().add(line));
                    let sum = V::splat(scalar).mul_add(V::load(weights.as_ptr().add(line)), sum);
                    sum.store(start.as_mut_ptr().add(line));
                }
            }
            let sources = [
                Source { weights: &self.backward, values: incoming.backward, width: m },
                Source { weights: &self.recurrent_forward, values: &layer.forward_out, width: recurrent },
                Source { weights: &self.output_place, values: &layer.output_places, width: place },
            ];
            project::<V, R, L>(start, &sources, work.of_outputs);
        }
    }

    /// Adds what R sub-RNNs with the given hidden states have for their neurons: h, to which the heads are applied later; or
    /// with layer norm the messages themselves, but for their scale and offset.
    #[inline(always)]
    pub(in crate::kernel::simd) unsafe fn send<V: Lanes, const R: usize, const L: usize>(
        &self,
        work: &mut Work<'_>,
        neurons: &[(usize, usize); R],
        hidden: [*const f32; R],
    ) {
        let sum = self.sum_stride();
        // SAFETY: the caller's promise on instructions; the neurons exist, `hidden` points to `stride` numbers each.
        unsafe {
            for (&(a, b), &h) in neurons.iter().zip(&hidden) {
                let to_input = work.sum_of_inputs.as_mut_ptr().add(a * sum);
                let to_output = work.sum_of_outputs.as_mut_ptr().add(b * sum);
                if self.config.layer_norm {
                    self.add_normalised::<V>(&self.backward_head, h, to_input);
                    self.add_normalised::<V>(&self.forward_head, h, to_output);
                } else {
                    for line in (0..L * LANES).step_by(LANES) {
                        let h = V::load(h.add(line));
                        V::load(to_input.add(line)).add(h).store(to_input.add(line));
                        V::load(to_output.add(line)).add(h).store(to_output.add(line));
                    }
                }
            }
        }
    }

    /// Adds the normalised message of a sub-RNN with hidden state `h` to `sum`.
    #[inline(always)]
    unsafe fn add_normalised<V: Lanes>(&self, head: &PackedHead, h: *const f32, sum: *mut f32) {
        // SAFETY: the caller's promise; `h` has N numbers and `sum` as many lines as a message.
        unsafe {
            let (messages, factor) = self.centred_message::<V>(head, h);
            for (line, message) in messages.iter().enumerate().take(self.message_stride / LANES) {
                let at = sum.add(line * LANES);
                message.mul_add(factor, V::load(at)).store(at);
            }
        }
    }

    /// What `head` makes of `h`, its mean taken away, and the factor that makes its variance 1.
    #[inline(always)]
    pub(in crate::kernel::simd) unsafe fn centred_message<V: Lanes>(
        &self,
        head: &PackedHead,
        h: *const f32,
    ) -> ([V; 4], V) {
        // SAFETY: the caller's promise; a head has N rows of `message_stride` numbers, at most four lines.
        unsafe {
            let mut messages = [V::splat(0.0); 4];
            let mut squares = V::splat(0.0);
            for (line, message) in messages.iter_mut().enumerate().take(self.message_stride / LANES) {
                let mut total = V::load(head.bias.as_ptr().add(line * LANES));
                for k in 0..self.config.hidden_size {
                    let weight = V::load(head.weight.as_ptr().add(k * self.message_stride + line * LANES));
                    total = V::splat(*h.add(k)).mul_add(weight, total);
                }
                squares = total.mul_add(total, squares);
                *message = total;
            }
            let variance = squares.sum() / self.config.message_size as f32;
            (messages, V::splat(1.0 / (variance + NORM_EPSILON).sqrt()))
        }
    }

    /// By what sums are multiplied, and how often a bias counts, where a neuron has room for the messages of so many
    /// `senders`, and all or only some of them come (`messages`).
    pub(in crate::kernel::simd) fn weights_of_sum(&self, senders: usize, messages: Option<f32>) -> (f32, f32) {
        match self.config.aggregation {
            Aggregation::Mean => (1.0 / senders as f32, messages.map_or(1.0, |messages| messages / senders as f32)),
            Aggregation::Sum => (1.0, messages.unwrap_or(senders as f32)),
        }
    }

    /// Makes each neuron's message of what sub-RNNs had for it; `counts` holds how many they were, where that is not the
    /// number of `senders`.
    #[inline(always)]
    pub(super) unsafe fn aggregate<V: Lanes>(
        &self,
        head: &PackedHead,
        sums: &[f32],
        senders: usize,
        counts: &[f32],
        messages: &mut [f32],
    ) {
        let neurons = messages.len() / self.config.message_size;
        let mut first = 0;
        // SAFETY: the caller's promise; `first + R` never exceeds the number of neurons.
        unsafe {
            while neurons - first >= 4 {
                self.aggregate_block::<V, 4>(head, sums, senders, counts, messages, first);
                first += 4;
            }
            while neurons - first >= 2 {
                self.aggregate_block::<V, 2>(head, sums, senders, counts, messages, first);
                first += 2;
            }
            if first < neurons {
                self.aggregate_block::<V, 1>(head, sums, senders, counts, messages, first);
            }
        }
    }

    /// The messages of neurons `first .. first + R`, side by side, because each sum has to wait for its last summand.
    #[inline(always)]
    unsafe fn aggregate_block<V: Lanes, const R: usize>(
        &self,
        head: &PackedHead,
        sums: &[f32],
        senders: usize,
        counts: &[f32],
        messages: &mut [f32],
        first: usize,
    ) {
        let (width, stride) = (self.config.message_size, self.sum_stride());
        let sums: [&[f32]; R] = std::array::from_fn(|r| &sums[(first + r) * stride..][..stride]);
        let weights: [(f32, f32); R] =
            std::array::from_fn(|r| self.weights_of_sum(senders, counts.get(first + r).copied()));
        let mut line = Line([0.0; LANES]);
        for start in (0..width).step_by(LANES) {
            // SAFETY: the caller's promise on instructions; rows of a head are `message_stride` long, whole lines.
            unsafe {
                let of = |lines: &[f32]| V::load(lines.as_ptr().add(start));
                let mut totals = [V::splat(0.0); R];
                if self.config.layer_norm {
                    for ((total, sum), (of_sum, of_bias)) in totals.iter_mut().zip(sums).zip(weights) {
                        let offset = of(&head.offset).mul(V::splat(of_bias));
                        *total = of(sum).mul(V::splat(of_sum)).mul_add(of(&head.scale), offset);
                    }
                } else {
                    for (total, (_, of_bias)) in totals.iter_mut().zip(weights) {
                        *total = of(&head.bias).mul(V::splat(of_bias));
                    }
                    for (k, row) in head.weight.chunks_exact(self.message_stride).enumerate() {
                        let row = of(row);
                        for ((total, sum), (of_sum, _)) in totals.iter_mut().zip(sums).zip(weights) {
                            *total = V::splat(sum[k] * of_sum).mul_add(row, *total);
                        }
                    }
                }
                for (r, total) in totals.into_iter().enumerate() {
                    total.store(line.0.as_mut_ptr());
                    let part = &mut messages[(first + r) * width + start..(first + r + 1) * width];
                    let count = part.len().min(LANES);
                    part[..count].copy_from_slice(&line.0[..count]);
                }
            }
        }
    }
}

/// P(a) + Q(b) for R sub-RNNs.
#[inline(always)]
pub(in crate::kernel::simd) unsafe fn gates_of_messages<V: Lanes, const R: usize, const L: usize>(
    work: &Work<'_>,
    neurons: &[(usize, usize); R],
) -> [[[V; L]; 4]; R] {
    let (stride, row) = (L * LANES, 4 * L * LANES);
    // SAFETY: the caller's promise: instructions, and neurons that exist.
    unsafe {
        let mut gates = [[[V::splat(0.0); L]; 4]; R];
        for (gates, &(a, b)) in gates.iter_mut().zip(neurons) {
            let p = work.of_inputs.as_ptr().add(a * row);
            let q = work.of_outputs.as_ptr().add(b * row);
            for gate in 0..4 {
                for line in 0..L {
                    let at = gate * stride + line * LANES;
                    gates[gate][line] = V::load(p.add(at)).add(V::load(q.add(at)));
                }
            }
        }
        gates
    }
}

/// Messages of `width` numbers each, and the weights by which they enter the gates.
pub(in crate::kernel::simd) struct Source<'a> {
    pub weights: &'a [f32],
    pub values: &'a [f32],
    pub width: usize,
}

/// For every neuron: `out = start + sum over sources of values × weights`. Rows of 4 L lines.
#[inline(always)]
pub(in crate::kernel::simd) unsafe fn project<V: Lanes, const R: usize, const L: usize>(
    start: &[f32],
    sources: &[Source<'_>],
    out: &mut [f32],
) {
    let row = 4 * L * LANES;
    let neurons = out.len() / row;
    let mut first = 0;
    // SAFETY: the caller's promise; `first + R` never exceeds the number of neurons.
    unsafe {
        while neurons - first >= R {
            project_block::<V, R, L>(start, sources, out, first);
            first += R;
        }
        while neurons - first >= 2 {
            project_block::<V, 2, L>(start, sources, out, first);
            first += 2;
        }
        while first < neurons {
            project_block::<V, 1, L>(start, sources, out, first);
            first += 1;
        }
    }
}

#[inline(always)]
unsafe fn project_block<V: Lanes, const R: usize, const L: usize>(
    start: &[f32],
    sources: &[Source<'_>],
    out: &mut [f32],
    first: usize,
) {
    let stride = L * LANES;
    // SAFETY: the caller's promise; each source has `width` values for every neuron, `out` and `start` have rows of 4 L lines.
    unsafe {
        let mut gates = [[[V::splat(0.0); L]; 4]; R];
        for gates in &mut gates {
            for gate in 0..4 {
                for line in 0..L {
                    gates[gate][line] = V::load(start.as_ptr().add(gate * stride + line * LANES));
                }
            }
        }
        for source in sources {
            let mut values = [source.values.as_ptr(); R];
            for (r, values) in values.iter_mut().enumerate() {
                *values = values.add((first + r) * source.width);
            }
            accumulate::<V, R, L>(&mut gates, source.weights, values, source.width);
        }
        for (r, gates) in gates.iter().enumerate() {
            for gate in 0..4 {
                for line in 0..L {
                    let at = (first + r) * 4 * stride + gate * stride + line * LANES;
                    gates[gate][line].store(out.as_mut_ptr().add(at));
                }
            }
        }
    }
}

/// `gates[r] += values[r] × weights`, for `width` values and as many rows of weights.
#[inline(always)]
pub(in crate::kernel::simd) unsafe fn accumulate<V: Lanes, const R: usize, const L: usize>(
    gates: &mut [[[V; L]; 4]; R],
    weights: &[f32],
    values: [*const f32; R],
    width: usize,
) {
    let stride = L * LANES;
    debug_assert!(weights.len() >= width * 4 * stride);
    // SAFETY: the caller's promise: `values[r]` has `width` numbers, `weights` as many rows of 4 L lines.
    unsafe {
        for k in 0..width {
            let row = weights.as_ptr().add(k * 4 * stride);
            for gate in 0..4 {
                for line in 0..L {
                    let weight = V::load(row.add(gate * stride + line * LANES));
                    for r in 0..R {
                        gates[r][gate][line] = V::splat(*values[r].add(k)).mul_add(weight, gates[r][gate][line]);
                    }
                }
            }
        }
    }
}
