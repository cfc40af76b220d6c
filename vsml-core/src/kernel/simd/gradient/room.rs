//! What the way back works with: weights as it needs them, sums for every neuron, and the gradient, padded.

use super::RECORDED;
use crate::kernel::Lines;
use crate::kernel::simd::update::Work;
use crate::kernel::simd::{HeadRanges, Packed};
use crate::state::Layer;
use std::ops::Range;

/// Weights as the way back needs them: plain, transposed, padded.
pub struct Transposed {
    /// Of `Wh` the columns: one for each gate and hidden unit, 4 stride of them, each over the N rows.
    pub hidden: Lines,
    pub forward: Lines,
    pub backward: Lines,
    pub recurrent_forward: Lines,
    pub recurrent_backward: Lines,
    /// One row for each number of a message, over hidden units.
    pub forward_head: Lines,
    pub backward_head: Lines,
}

impl Transposed {
    pub fn new(packed: &Packed) -> Self {
        let (n, m, stride) = (packed.config.hidden_size, packed.config.message_size, packed.stride);
        let weight = &packed.theta[packed.ranges.lstm_weight.clone()];
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
        let head = |ranges: &HeadRanges| {
            let (weight, mut lines) = (&packed.theta[ranges.weight.clone()], Lines::zeros(m * stride));
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
            forward_head: head(&packed.ranges.forward_head),
            backward_head: head(&packed.ranges.backward_head),
        }
    }
}

/// Gradient of a set of meta-parameters, padded.
pub(super) struct PackedGradient<'a> {
    /// Rows as in [`super::Rows`], each 4 stride.
    pub weight: &'a mut [f32],
    pub bias: &'a mut [f32],
    pub forward_head: HeadGradient<'a>,
    pub backward_head: HeadGradient<'a>,
}

pub(super) struct HeadGradient<'a> {
    /// N rows of `message_stride`.
    pub weight: &'a mut [f32],
    pub bias: &'a mut [f32],
    pub scale: &'a mut [f32],
    pub offset: &'a mut [f32],
}

fn take<'a>(rest: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (taken, after) = std::mem::take(rest).split_at_mut(len);
    *rest = after;
    taken
}

impl<'a> HeadGradient<'a> {
    pub fn take(packed: &Packed, rest: &mut &'a mut [f32]) -> Self {
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
pub(super) struct Back<'a> {
    pub work: Work<'a>,
    /// Sums of deltas for each input, and for the one beyond the border; for each output.
    pub of_p: &'a mut [f32],
    pub of_q: &'a mut [f32],
    /// What each neuron makes of a sum, handed to every sub-RNN that was summed up.
    pub of_sum_of_inputs: &'a mut [f32],
    pub of_sum_of_outputs: &'a mut [f32],
    pub record: &'a mut [f32],
    pub deltas: &'a mut [f32],
    pub gradient: PackedGradient<'a>,
}

impl<'a> Back<'a> {
    pub fn take(packed: &Packed, layer: &Layer, scratch: &'a mut [f32]) -> Self {
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
    /// Adds the packed gradient to one that lies as the meta-parameters do.
    pub(super) fn add_to(&self, gradient: &mut [f64], packed: &PackedGradient<'_>) {
        let mut add = |place: &Range<usize>, values: &[f32], width: usize, stride: usize| {
            let rows = gradient[place.clone()].chunks_exact_mut(width).zip(values.chunks_exact(stride));
            for (to, from) in rows {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += f64::from(*from));
            }
        };
        let (n, m) = (self.config.hidden_size, self.config.message_size);
        add(&self.ranges.lstm_weight, packed.weight, n, self.stride);
        add(&self.ranges.lstm_bias, packed.bias, n, self.stride);
        let heads =
            [(&self.ranges.forward_head, &packed.forward_head), (&self.ranges.backward_head, &packed.backward_head)];
        for (ranges, head) in heads {
            add(&ranges.weight, head.weight, m, self.message_stride);
            add(&ranges.bias, head.bias, m, self.message_stride);
            add(&ranges.scale, head.scale, m, self.message_stride);
            add(&ranges.offset, head.offset, m, self.message_stride);
        }
    }
}
