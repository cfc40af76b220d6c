//! A tick of one layer with vectors.

mod messages;

pub(super) use messages::{Source, accumulate, gates_of_messages};

use super::{Lanes, Packed};
use crate::kernel::activation::FLUSH_BELOW;
use crate::kernel::{Incoming, LANES};
use crate::state::{BEYOND, Layer};
use crate::{Convolution, LayerShape};
use std::f32::consts::LOG2_E;

/// What the sub-RNNs of one layer share while they are updated.
pub(super) struct Work<'a> {
    /// P of every input, and of the one beyond the border of an image.
    pub of_inputs: &'a mut [f32],
    /// Q of every output.
    pub of_outputs: &'a mut [f32],
    /// Sums of what sub-RNNs have for each input (h or, with layer norm, messages), and for the one beyond.
    pub sum_of_inputs: &'a mut [f32],
    /// The same for each output.
    pub sum_of_outputs: &'a mut [f32],
    /// Room for one row, and for the hidden states of R sub-RNNs.
    pub room: &'a mut [f32],
}

impl<'a> Work<'a> {
    /// Takes its parts from `scratch`; gives back the rest.
    pub fn take(packed: &Packed, layer: &Layer, scratch: &'a mut [f32]) -> (Self, &'a mut [f32]) {
        let (row, sum) = (4 * packed.stride, packed.sum_stride());
        let (of_inputs, rest) = scratch.split_at_mut((layer.inputs + 1) * row);
        let (of_outputs, rest) = rest.split_at_mut(layer.outputs * row);
        let (sum_of_inputs, rest) = rest.split_at_mut((layer.inputs + 1) * sum);
        let (sum_of_outputs, rest) = rest.split_at_mut(layer.outputs * sum);
        let (room, rest) = rest.split_at_mut(row.max(6 * packed.stride));
        sum_of_inputs.fill(0.0);
        sum_of_outputs.fill(0.0);
        (Work { of_inputs, of_outputs, sum_of_inputs, sum_of_outputs, room }, rest)
    }
}

/// What sub-RNN `s` of a convolution meets at every position.
pub(super) struct Reach<'a> {
    pixels: &'a [u32],
    convolution: Convolution,
    in_channel: usize,
    out_channel: usize,
    beyond: usize,
}

impl<'a> Reach<'a> {
    pub fn new(layer: &'a Layer, convolution: Convolution, sub_rnn: usize) -> Self {
        let (place, out_channel) = (sub_rnn / convolution.out_channels, sub_rnn % convolution.out_channels);
        let (place, in_channel) = (place / convolution.in_channels, place % convolution.in_channels);
        let positions = layer.shape.positions();
        let pixels = &layer.pixels[place * positions..(place + 1) * positions];
        Reach { pixels, convolution, in_channel, out_channel, beyond: layer.inputs }
    }

    /// Input and output neuron, as [`LayerShape::application`].
    #[inline(always)]
    pub fn at(&self, position: usize) -> (usize, usize) {
        let input = match self.pixels[position] {
            BEYOND => self.beyond,
            pixel => pixel as usize * self.convolution.in_channels + self.in_channel,
        };
        (input, position * self.convolution.out_channels + self.out_channel)
    }
}

/// The inputs and outputs of sub-RNNs `first .. first + R` of a dense layer.
#[inline(always)]
pub(super) fn neurons<const R: usize>(first: usize, outputs: usize) -> [(usize, usize); R] {
    let mut neurons = [(0, 0); R];
    let (mut a, mut b) = (first / outputs, first % outputs);
    for pair in &mut neurons {
        *pair = (a, b);
        b += 1;
        if b == outputs {
            (a, b) = (a + 1, 0);
        }
    }
    neurons
}

impl Packed {
    /// [`Update::update`](crate::kernel::Update::update) with the instruction set `V`.
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
        // SAFETY: the caller's promise on instructions. `Work` has room for every neuron, all of it on borders of lines, and
        // every index below stays within the layer.
        unsafe {
            let (mut work, _) = Work::take(self, layer, scratch);
            self.project_all::<V, R, L>(layer, incoming, &mut work);
            match layer.shape {
                LayerShape::Dense { inputs, outputs } => {
                    let mut first = 0;
                    while inputs * outputs - first >= R {
                        self.block::<V, R, L>(&mut work, layer, first);
                        first += R;
                    }
                    while inputs * outputs - first >= 2 {
                        self.block::<V, 2, L>(&mut work, layer, first);
                        first += 2;
                    }
                    while first < inputs * outputs {
                        self.block::<V, 1, L>(&mut work, layer, first);
                        first += 1;
                    }
                }
                LayerShape::Convolution(convolution) => {
                    for sub_rnn in 0..layer.shape.sub_rnns() {
                        self.convolve::<V, R, L>(&mut work, layer, convolution, sub_rnn);
                    }
                }
            }
            let (to_output, to_input) = (layer.shape.senders_to_output(), layer.shape.senders_to_input());
            let Layer { messages_to_input, forward_out, backward_out, .. } = layer;
            self.aggregate::<V>(&self.forward_head, work.sum_of_outputs, to_output, &[], forward_out);
            self.aggregate::<V>(&self.backward_head, work.sum_of_inputs, to_input, messages_to_input, backward_out);
        }
    }

    /// All micro ticks of sub-RNNs `first .. first + R` of a dense layer, and what they send.
    #[inline(always)]
    unsafe fn block<V: Lanes, const R: usize, const L: usize>(
        &self,
        work: &mut Work<'_>,
        layer: &mut Layer,
        first: usize,
    ) {
        let stride = L * LANES;
        let neurons = neurons::<R>(first, layer.outputs);
        debug_assert!((first + R) * stride <= layer.hidden.len());
        // SAFETY: the caller's promise on instructions; sub-RNNs `first .. first + R` exist, so their inputs and outputs do.
        unsafe {
            let hidden = layer.hidden.as_mut_ptr().add(first * stride);
            let cell = layer.cell.as_mut_ptr().add(first * stride);
            let mut states = [hidden.cast_const(); R];
            for (r, state) in states.iter_mut().enumerate() {
                *state = state.add(r * stride);
            }
            flush_all::<V>(hidden, R * L);
            flush_all::<V>(cell, R * L);
            for _ in 0..self.config.micro_ticks {
                let mut gates = gates_of_messages::<V, R, L>(work, &neurons);
                accumulate::<V, R, L>(&mut gates, &self.hidden, states, self.config.hidden_size);
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
            self.send::<V, R, L>(work, &neurons, states);
        }
    }

    /// All micro ticks of one sub-RNN of a convolution at all its positions, and what it sends there.
    #[inline(always)]
    unsafe fn convolve<V: Lanes, const R: usize, const L: usize>(
        &self,
        work: &mut Work<'_>,
        layer: &mut Layer,
        convolution: Convolution,
        sub_rnn: usize,
    ) {
        let (stride, positions) = (L * LANES, layer.shape.positions());
        // SAFETY: the caller's promise on instructions; the sub-RNN exists, and so does whatever it reaches.
        unsafe {
            flush_all::<V>(layer.hidden.as_mut_ptr().add(sub_rnn * stride), L);
            flush_all::<V>(layer.cell.as_mut_ptr().add(sub_rnn * stride), L);
            for micro_tick in 1..=self.config.micro_ticks {
                let at = sub_rnn * stride;
                let (hidden, cell) = (layer.hidden.as_ptr().add(at), layer.cell.as_ptr().add(at));
                let mut of_state = [[[V::splat(0.0); L]; 4]; 1];
                accumulate::<V, 1, L>(&mut of_state, &self.hidden, [hidden], self.config.hidden_size);
                let mut sums = [[V::splat(0.0); L]; 2];
                let reach = Reach::new(layer, convolution, sub_rnn);
                let last = micro_tick == self.config.micro_ticks;
                let mut first = 0;
                while positions - first >= R {
                    self.convolve_block::<V, R, L>(work, &reach, first, &of_state[0], cell, &mut sums, last);
                    first += R;
                }
                while first < positions {
                    self.convolve_block::<V, 1, L>(work, &reach, first, &of_state[0], cell, &mut sums, last);
                    first += 1;
                }
                for line in 0..L {
                    let count = V::splat(positions as f32);
                    sums[0][line].div(count).store(layer.hidden.as_mut_ptr().add(at + line * LANES));
                    sums[1][line].div(count).store(layer.cell.as_mut_ptr().add(at + line * LANES));
                }
            }
        }
    }

    /// One micro tick of a convolution's sub-RNN at positions `first .. first + R`: adds to the `sums` of the new h and c.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "it is the inside of a loop")]
    unsafe fn convolve_block<V: Lanes, const R: usize, const L: usize>(
        &self,
        work: &mut Work<'_>,
        reach: &Reach<'_>,
        first: usize,
        of_state: &[[V; L]; 4],
        cell: *const f32,
        sums: &mut [[V; L]; 2],
        last: bool,
    ) {
        let mut neurons = [(0, 0); R];
        for (r, pair) in neurons.iter_mut().enumerate() {
            *pair = reach.at(first + r);
        }
        // SAFETY: the caller's promise on instructions; `cell` is the sub-RNN's, `room` holds the states of R.
        unsafe {
            let gates = gates_of_messages::<V, R, L>(work, &neurons);
            let states = work.room.as_mut_ptr();
            for (r, gates) in gates.iter().enumerate() {
                for line in 0..L {
                    let [i, g, f, o] = [0, 1, 2, 3].map(|gate| gates[gate][line].add(of_state[gate][line]));
                    let (c, h) = lstm(i, g, f, o, V::load(cell.add(line * LANES)));
                    sums[0][line] = sums[0][line].add(h);
                    sums[1][line] = sums[1][line].add(c);
                    h.store(states.add((r * L + line) * LANES));
                }
            }
            if last {
                let mut hidden = [states.cast_const(); R];
                for (r, state) in hidden.iter_mut().enumerate() {
                    *state = state.add(r * L * LANES);
                }
                self.send::<V, R, L>(work, &neurons, hidden);
            }
        }
    }
}

/// Makes denormal numbers 0 that were put into a state from outside; an update leaves none.
#[inline(always)]
unsafe fn flush_all<V: Lanes>(numbers: *mut f32, lines: usize) {
    // SAFETY: the caller's promise: instructions, and so many lines.
    unsafe {
        for line in 0..lines {
            let at = numbers.add(line * LANES);
            V::load(at).flush(FLUSH_BELOW).store(at);
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
