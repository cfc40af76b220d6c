//! The fast way: the same algebra as [`scalar`](super::scalar), rearranged.
//!
//! Four observations, for a layer of A × B sub-RNNs with hidden size N and message size M:
//!
//! 1. *The weight matrix splits.* In `[x, h] W + b`, the part for the forward message depends on `a` alone, the part for
//!    the backward message on `b` alone. With `P(a) = forward(a) Wf + backward_out(a) Wrb` and
//!    `Q(b) = b + extras We + backward(b) Wb + forward_out(b) Wrf`, computed A + B times, only `P(a) + Q(b) + h Wh` is left
//!    to do A × B times. The ±5 of the gates go into the bias.
//! 2. *Messages stand still during micro ticks*, so P and Q are computed once a tick.
//! 3. *The heads are linear*: the mean of the heads is the head of the mean. h is summed over a and over b, and each head
//!    is applied once per neuron.
//! 4. *Fractions combine.* With E(x) = 2^x and the factors -log2(e) (for i, f, o) and 2 log2(e) (for g, c) folded into
//!    the weights, sigmoid is 1 / (1 + E) and tanh is (E - 1) / (E + 1); so a cell update takes two divisions, not five:
//!
//! ```text
//! c' = (c (1 + Ei)(Eg + 1) + (Eg - 1)(1 + Ef)) / ((1 + Ef)(1 + Ei)(Eg + 1))
//! h' = (Ec - 1) / ((1 + Eo)(Ec + 1))
//! ```
//!
//! The lanes of a vector are hidden units; N is rounded up to a multiple of 16 with weights of 0, which keeps the states
//! in the surplus lanes at 0. R sub-RNNs are in work at a time, so that each weight that is loaded is used R times
//! and no instruction waits for the one before. All this is written once over [`Lanes`], sixteen numbers, for which there
//! are two instruction sets. No lane ever meets another, so both give the same bits, whatever R.

#![allow(clippy::needless_range_loop, reason = "the same index counts registers and offsets in memory")]

use super::activation::{EXP2_POLYNOMIAL, EXPONENT_LIMIT, FLUSH_BELOW};
use super::{Incoming, LANES, Lines};
use crate::state::Layer;
use crate::{Aggregation, Layout, SubRnnConfig};
use std::f32::consts::LOG2_E;

/// Sixteen `f32` in registers.
///
/// # Safety
/// All methods may be called only where the processor has the instruction set of the implementor; `load` and `store` also
/// need 64-byte aligned room for sixteen numbers.
pub(super) trait Lanes: Copy {
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn splat(x: f32) -> Self;
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self * factor + summand`, rounded once.
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// The lesser of two, `other` where that is NaN.
    unsafe fn min(self, other: Self) -> Self;
    /// The greater of two, `other` where that is NaN.
    unsafe fn max(self, other: Self) -> Self;
    /// The nearest whole number, ties to even.
    unsafe fn round(self) -> Self;
    /// `self * 2^exponent` for whole exponents within ±[`EXPONENT_LIMIT`].
    unsafe fn scale(self, exponent: Self) -> Self;
    /// 0 where the magnitude is below `limit`.
    unsafe fn flush(self, limit: f32) -> Self;

    /// 2^x, as [`super::activation`] defines it.
    #[inline(always)]
    unsafe fn exp2(self) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            let x = Self::splat(EXPONENT_LIMIT).min(Self::splat(-EXPONENT_LIMIT).max(self));
            let whole = x.round();
            let f = x.sub(whole);
            let [c1, c2, c3, c4, c5] = EXP2_POLYNOMIAL;
            let mut power = Self::splat(c5);
            for c in [c4, c3, c2, c1, 1.0] {
                power = power.mul_add(f, Self::splat(c));
            }
            power.scale(whole)
        }
    }
}

/// The meta-parameters, padded, scaled and laid out for the kernel: of every matrix the rows, and in a row the gates
/// i, g, f, o, each `stride` numbers.
pub(super) struct Packed {
    config: SubRnnConfig,
    /// N rounded up to whole lines.
    stride: usize,
    forward: Lines,
    backward: Lines,
    recurrent_forward: Lines,
    recurrent_backward: Lines,
    extras: Lines,
    hidden: Lines,
    bias: Lines,
    forward_head: PackedHead,
    backward_head: PackedHead,
}

/// A head with its rows padded to whole lines.
struct PackedHead {
    stride: usize,
    weight: Lines,
    bias: Lines,
}

impl Packed {
    pub fn new(config: &SubRnnConfig, theta: &[f32]) -> Self {
        let layout = Layout::new(config);
        let array = |name: &str| layout.range(name).map_or(&[][..], |range| &theta[range]);
        let (n, m) = (config.hidden_size, config.message_size);
        let stride = n.next_multiple_of(LANES);
        let scale = [-LOG2_E, 2.0 * LOG2_E, -LOG2_E, -LOG2_E];

        let gates = |rows: &[f32]| {
            let mut packed = Lines::zeros(rows.len() / n * stride);
            for (line, (from, to)) in rows.chunks_exact(n).zip(packed.chunks_exact_mut(stride)).enumerate() {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = from * scale[line % 4];
                }
            }
            packed
        };
        let mut rest = array("lstm.weight");
        let mut rows = |count: usize| {
            let (taken, after) = rest.split_at(count * 4 * n);
            rest = after;
            gates(taken)
        };
        let recurrent = if config.recurrent_messages { m } else { 0 };
        let (forward, backward) = (rows(m), rows(m));
        let (recurrent_forward, recurrent_backward) = (rows(recurrent), rows(recurrent));
        let (extras, hidden) = (rows(config.extras), rows(n));

        let mut shifted = array("lstm.bias").to_vec();
        shifted[..n].iter_mut().for_each(|i| *i -= 5.0);
        shifted[2 * n..3 * n].iter_mut().for_each(|f| *f += 5.0);

        let head = |name: &str| {
            let stride = m.next_multiple_of(LANES);
            let pad = |rows: &[f32]| {
                let mut packed = Lines::zeros(rows.len() / m * stride);
                for (from, to) in rows.chunks_exact(m).zip(packed.chunks_exact_mut(stride)) {
                    to[..m].copy_from_slice(from);
                }
                packed
            };
            PackedHead {
                stride,
                weight: pad(array(&format!("{name}.weight"))),
                bias: pad(array(&format!("{name}.bias"))),
            }
        };
        Packed {
            config: config.clone(),
            stride,
            forward,
            backward,
            recurrent_forward,
            recurrent_backward,
            extras,
            hidden,
            bias: gates(&shifted),
            forward_head: head("forward_head"),
            backward_head: head("backward_head"),
        }
    }

    /// [`Update::update`](super::Update::update) with the instruction set `V`.
    ///
    /// # Safety
    /// The processor must have the instruction set of `V`.
    #[inline(always)]
    pub unsafe fn update<V: Lanes, const R: usize>(
        &self,
        layer: &mut Layer,
        incoming: &Incoming<'_>,
        scratch: &mut [f32],
    ) {
        // SAFETY: the caller's promise. More lines per gate leave fewer registers for sub-RNNs side by side.
        unsafe {
            match self.stride / LANES {
                1 => self.update_lines::<V, R, 1>(layer, incoming, scratch),
                2 => self.update_lines::<V, 2, 2>(layer, incoming, scratch),
                3 => self.update_lines::<V, 1, 3>(layer, incoming, scratch),
                _ => self.update_lines::<V, 1, 4>(layer, incoming, scratch),
            }
        }
    }

    /// `L` is the number of lines in a gate, `stride / 16`.
    #[inline(always)]
    unsafe fn update_lines<V: Lanes, const R: usize, const L: usize>(
        &self,
        layer: &mut Layer,
        incoming: &Incoming<'_>,
        scratch: &mut [f32],
    ) {
        let (inputs, outputs, m) = (layer.inputs, layer.outputs, self.config.message_size);
        let (stride, row) = (L * LANES, 4 * L * LANES);
        let (start, rest) = scratch.split_at_mut(row);
        let (of_inputs, rest) = rest.split_at_mut(inputs * row);
        let (of_outputs, rest) = rest.split_at_mut(outputs * row);
        let (sum_of_inputs, rest) = rest.split_at_mut(inputs * stride);
        let sum_of_outputs = &mut rest[..outputs * stride];

        // SAFETY: the caller's promise on instructions. Every slice handed on is as long as the callee asks: `start` and the
        // rows of `of_*` are `row` long, the packed matrices have as many rows as the messages have numbers, and `Lines`
        // and `scratch` are aligned, as are all multiples of `stride` within them.
        unsafe {
            // P(a), and Q(b) which starts from the bias and the extras.
            start.fill(0.0);
            let recurrent = if self.config.recurrent_messages { m } else { 0 };
            let sources = [
                Source { weights: &self.forward, values: incoming.forward, width: m },
                Source { weights: &self.recurrent_backward, values: &layer.backward_out, width: recurrent },
            ];
            project::<V, R, L>(start, &sources, of_inputs);
            start.copy_from_slice(&self.bias);
            for (weights, &extra) in self.extras.chunks_exact(row).zip(incoming.extras) {
                for line in (0..row).step_by(LANES) {
                    let sum = V::load(start.as_ptr().add(line));
                    let sum = V::splat(extra).mul_add(V::load(weights.as_ptr().add(line)), sum);
                    sum.store(start.as_mut_ptr().add(line));
                }
            }
            let sources = [
                Source { weights: &self.backward, values: incoming.backward, width: m },
                Source { weights: &self.recurrent_forward, values: &layer.forward_out, width: recurrent },
            ];
            project::<V, R, L>(start, &sources, of_outputs);

            sum_of_inputs.fill(0.0);
            sum_of_outputs.fill(0.0);
            let mut work = Work {
                outputs,
                of_inputs,
                of_outputs,
                sum_of_inputs,
                sum_of_outputs,
                hidden: &mut layer.hidden,
                cell: &mut layer.cell,
            };
            let mut first = 0;
            while inputs * outputs - first >= R {
                self.block::<V, R, L>(&mut work, first);
                first += R;
            }
            while inputs * outputs - first >= 2 {
                self.block::<V, 2, L>(&mut work, first);
                first += 2;
            }
            while first < inputs * outputs {
                self.block::<V, 1, L>(&mut work, first);
                first += 1;
            }

            self.heads::<V>(&self.forward_head, work.sum_of_outputs, inputs, &mut layer.forward_out);
            self.heads::<V>(&self.backward_head, work.sum_of_inputs, outputs, &mut layer.backward_out);
        }
    }

    /// All micro ticks of sub-RNNs `first .. first + R`, and their share of the sums of h.
    #[inline(always)]
    unsafe fn block<V: Lanes, const R: usize, const L: usize>(&self, work: &mut Work<'_>, first: usize) {
        let (stride, row) = (L * LANES, 4 * L * LANES);
        let mut of_input = [0; R];
        let mut of_output = [0; R];
        let (mut a, mut b) = (first / work.outputs, first % work.outputs);
        for r in 0..R {
            (of_input[r], of_output[r]) = (a, b);
            b += 1;
            if b == work.outputs {
                (a, b) = (a + 1, 0);
            }
        }
        debug_assert!((first + R) * stride <= work.hidden.len());

        // SAFETY: the caller's promise on instructions; sub-RNNs `first .. first + R` exist, so their inputs and outputs do,
        // and every slice of `work` holds `stride` or `row` numbers for each of them.
        unsafe {
            let hidden = work.hidden.as_mut_ptr().add(first * stride);
            let cell = work.cell.as_mut_ptr().add(first * stride);
            for _ in 0..self.config.micro_ticks {
                let mut gates = [[[V::splat(0.0); L]; 4]; R];
                for r in 0..R {
                    let p = work.of_inputs.as_ptr().add(of_input[r] * row);
                    let q = work.of_outputs.as_ptr().add(of_output[r] * row);
                    for gate in 0..4 {
                        for line in 0..L {
                            let at = gate * stride + line * LANES;
                            gates[r][gate][line] = V::load(p.add(at)).add(V::load(q.add(at)));
                        }
                    }
                }
                let mut values = [hidden.cast_const(); R];
                for (r, values) in values.iter_mut().enumerate() {
                    *values = values.add(r * stride);
                }
                accumulate::<V, R, L>(&mut gates, &self.hidden, values, self.config.hidden_size);
                for (r, gates) in gates.iter().enumerate() {
                    for line in 0..L {
                        let at = r * stride + line * LANES;
                        let (c, h) =
                            lstm(gates[0][line], gates[1][line], gates[2][line], gates[3][line], V::load(cell.add(at)));
                        c.store(cell.add(at));
                        h.store(hidden.add(at));
                    }
                }
            }
            for r in 0..R {
                for line in (0..stride).step_by(LANES) {
                    let h = V::load(hidden.add(r * stride + line));
                    let to_input = work.sum_of_inputs.as_mut_ptr().add(of_input[r] * stride + line);
                    V::load(to_input).add(h).store(to_input);
                    let to_output = work.sum_of_outputs.as_mut_ptr().add(of_output[r] * stride + line);
                    V::load(to_output).add(h).store(to_output);
                }
            }
        }
    }

    /// Applies `head` to each sum of `senders` hidden states and writes the aggregated messages.
    #[inline(always)]
    unsafe fn heads<V: Lanes>(&self, head: &PackedHead, sums: &[f32], senders: usize, messages: &mut [f32]) {
        let (of_sum, of_bias) = match self.config.aggregation {
            Aggregation::Mean => (1.0 / senders as f32, 1.0),
            Aggregation::Sum => (1.0, senders as f32),
        };
        let m = self.config.message_size;
        let mut line = Lines16([0.0; LANES]);
        for (sum, message) in sums.chunks_exact(self.stride).zip(messages.chunks_exact_mut(m)) {
            for (first, part) in message.chunks_mut(LANES).enumerate() {
                let first = first * LANES;
                // SAFETY: the caller's promise on instructions; rows of a head are `head.stride` long, a multiple of 16.
                unsafe {
                    let mut total = V::load(head.bias.as_ptr().add(first)).mul(V::splat(of_bias));
                    for (&h, weights) in
                        sum[..self.config.hidden_size].iter().zip(head.weight.chunks_exact(head.stride))
                    {
                        total = V::splat(h * of_sum).mul_add(V::load(weights.as_ptr().add(first)), total);
                    }
                    total.store(line.0.as_mut_ptr());
                }
                part.copy_from_slice(&line.0[..part.len()]);
            }
        }
    }
}

/// A line on the stack.
#[repr(C, align(64))]
struct Lines16([f32; LANES]);

/// What the blocks of one layer share: P, Q, the sums of h, and the states.
struct Work<'a> {
    outputs: usize,
    of_inputs: &'a [f32],
    of_outputs: &'a [f32],
    sum_of_inputs: &'a mut [f32],
    sum_of_outputs: &'a mut [f32],
    hidden: &'a mut [f32],
    cell: &'a mut [f32],
}

/// Messages of `width` numbers each, and the weights by which they enter the gates.
struct Source<'a> {
    weights: &'a [f32],
    values: &'a [f32],
    width: usize,
}

/// For every neuron: `out = start + sum over sources of values × weights`. Rows of 4 L lines.
#[inline(always)]
unsafe fn project<V: Lanes, const R: usize, const L: usize>(start: &[f32], sources: &[Source<'_>; 2], out: &mut [f32]) {
    let row = 4 * L * LANES;
    let neurons = out.len() / row;
    let mut first = 0;
    // SAFETY: the caller's promise; `first + R` never exceeds the number of neurons.
    unsafe {
        while neurons - first >= R {
            project_block::<V, R, L>(start, sources, out, first);
            first += R;
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
    sources: &[Source<'_>; 2],
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
unsafe fn accumulate<V: Lanes, const R: usize, const L: usize>(
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

/// The cell update of observation 4: gates already scaled, c the old cell state; gives the new c and h.
#[inline(always)]
unsafe fn lstm<V: Lanes>(i: V, g: V, f: V, o: V, c: V) -> (V, V) {
    // SAFETY: the caller's promise.
    unsafe {
        let one = V::splat(1.0);
        let (ei, eg, ef, eo) = (i.exp2(), g.exp2(), f.exp2(), o.exp2());
        let input_and_candidate = one.add(ei).mul(eg.add(one));
        let forget = one.add(ef);
        let numerator = c.mul_add(input_and_candidate, eg.sub(one).mul(forget));
        let c = numerator.div(forget.mul(input_and_candidate)).flush(FLUSH_BELOW);
        let ec = c.mul(V::splat(2.0 * LOG2_E)).exp2();
        let h = ec.sub(one).div(one.add(eo).mul(ec.add(one)));
        (c, h)
    }
}
