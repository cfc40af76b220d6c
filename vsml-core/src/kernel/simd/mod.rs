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
//! With layer norm on messages the third does not hold, and heads are applied per sub-RNN; but what a norm subtracts is
//! linear and is folded into the head's weights, and its scale and offset are applied once per neuron. In a convolution
//! `h Wh` is the same at all positions, so that hardly more than the cell update is left to do at each.
//!
//! The way back ([`gradient`]) is the transpose of all this, with the same savings: what goes back to a message is summed
//! over sub-RNNs first and multiplied by the weights once per neuron.
//!
//! The lanes of a vector are hidden units; N is rounded up to a multiple of 16 with weights of 0, which keeps the states
//! in the surplus lanes at 0. R sub-RNNs are in work at a time, so that each weight that is loaded is used R times
//! and no instruction waits for the one before. All this is written once over [`Lanes`], sixteen numbers, for which there
//! are two instruction sets, which do the same on each lane and add lanes up in the same order. On the way there nothing depends on
//! R. On the way back R says in which order gradients are summed up, and is the same for both. So both give the same bits.

#![allow(clippy::needless_range_loop, reason = "the same index counts registers and offsets in memory")]

mod gradient;
mod update;

use super::activation::{EXP2_POLYNOMIAL, EXPONENT_LIMIT};
use super::{LANES, Line, Lines};
use crate::{Layout, SubRnnConfig};
use std::f32::consts::LOG2_E;
use std::ops::Range;
use std::sync::OnceLock;

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

    /// The sum of all sixteen, added up in pairs of pairs.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let mut line = Line([0.0; LANES]);
        // SAFETY: the caller's promise; a line is aligned.
        unsafe { self.store(line.0.as_mut_ptr()) };
        for half in [8, 4, 2, 1] {
            for i in 0..half {
                line.0[i] += line.0[i + half];
            }
        }
        line.0[0]
    }

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

/// The meta-parameters of one set, padded, scaled and laid out for the kernel: of every matrix the rows, and in a row the
/// gates i, g, f, o, each `stride` numbers.
pub(super) struct Packed {
    config: SubRnnConfig,
    ranges: Ranges,
    theta: Vec<f32>,
    /// N rounded up to whole lines.
    stride: usize,
    /// M rounded up to whole lines.
    message_stride: usize,
    rows: Rows,
    forward: Lines,
    backward: Lines,
    recurrent_forward: Lines,
    recurrent_backward: Lines,
    /// Extras and, if asked for, the layer's index.
    scalars: Lines,
    input_place: Lines,
    output_place: Lines,
    hidden: Lines,
    bias: Lines,
    forward_head: PackedHead,
    backward_head: PackedHead,
    transposed: OnceLock<gradient::Transposed>,
}

/// Which rows of the LSTM's weight matrix belong to what.
struct Rows {
    forward: Range<usize>,
    backward: Range<usize>,
    recurrent_forward: Range<usize>,
    recurrent_backward: Range<usize>,
    extras: Range<usize>,
    input_place: Range<usize>,
    output_place: Range<usize>,
    layer_index: Range<usize>,
    hidden: Range<usize>,
}

impl Rows {
    fn new(config: &SubRnnConfig) -> Self {
        let mut next = 0;
        let mut rows = |count: usize| {
            next += count;
            next - count..next
        };
        let (m, place) = (config.message_size, usize::from(config.coordinates));
        let recurrent = if config.recurrent_messages { m } else { 0 };
        Rows {
            forward: rows(m),
            backward: rows(m),
            recurrent_forward: rows(recurrent),
            recurrent_backward: rows(recurrent),
            extras: rows(config.extras),
            input_place: rows(place),
            output_place: rows(place),
            layer_index: rows(usize::from(config.layer_index)),
            hidden: rows(config.hidden_size),
        }
    }
}

/// Where the arrays of one set lie in it.
struct Ranges {
    lstm_weight: Range<usize>,
    lstm_bias: Range<usize>,
    forward_head: HeadRanges,
    backward_head: HeadRanges,
}

/// Where those of a head lie; scale and offset are empty where there is no layer norm.
struct HeadRanges {
    weight: Range<usize>,
    bias: Range<usize>,
    scale: Range<usize>,
    offset: Range<usize>,
}

impl Ranges {
    fn new(config: &SubRnnConfig) -> Self {
        let layout = Layout::of_one_set(config);
        let range = |name: &str| match layout.range(name) {
            Some(range) => range,
            None => unreachable!("every layout has `{name}`"),
        };
        let of_norm = |name: &str| if config.layer_norm { range(name) } else { 0..0 };
        let head = |name: &str| HeadRanges {
            weight: range(&format!("{name}_head.weight")),
            bias: range(&format!("{name}_head.bias")),
            scale: of_norm(&format!("{name}_norm.scale")),
            offset: of_norm(&format!("{name}_norm.offset")),
        };
        Ranges {
            lstm_weight: range("lstm.weight"),
            lstm_bias: range("lstm.bias"),
            forward_head: head("forward"),
            backward_head: head("backward"),
        }
    }
}

/// A head with its rows padded to whole lines. With a layer norm behind it, the mean over a row is taken away already.
struct PackedHead {
    weight: Lines,
    bias: Lines,
    scale: Lines,
    offset: Lines,
}

/// `values`, in pieces of `width`, each followed by zeros up to `stride`.
fn padded(values: &[f32], width: usize, stride: usize) -> Lines {
    let mut lines = Lines::zeros(values.len() / width * stride);
    for (from, to) in values.chunks_exact(width).zip(lines.chunks_exact_mut(stride)) {
        to[..width].copy_from_slice(from);
    }
    lines
}

impl Packed {
    pub fn new(config: &SubRnnConfig, theta: &[f32]) -> Self {
        let ranges = Ranges::new(config);
        let (n, m) = (config.hidden_size, config.message_size);
        let (stride, message_stride) = (n.next_multiple_of(LANES), m.next_multiple_of(LANES));
        let scale = [-LOG2_E, 2.0 * LOG2_E, -LOG2_E, -LOG2_E];
        let gates = |rows: &[f32]| {
            let mut packed = padded(rows, n, stride);
            for (gate, line) in packed.chunks_exact_mut(stride).enumerate() {
                line.iter_mut().for_each(|x| *x *= scale[gate % 4]);
            }
            packed
        };
        let rows = Rows::new(config);
        let weight = &theta[ranges.lstm_weight.clone()];
        let of = |rows: &Range<usize>| gates(&weight[rows.start * 4 * n..rows.end * 4 * n]);
        let scalars = [&rows.extras, &rows.layer_index].map(|rows| &weight[rows.start * 4 * n..rows.end * 4 * n]);
        let mut shifted = theta[ranges.lstm_bias.clone()].to_vec();
        shifted[..n].iter_mut().for_each(|i| *i -= 5.0);
        shifted[2 * n..3 * n].iter_mut().for_each(|f| *f += 5.0);

        let head = |ranges: &HeadRanges| {
            let pad = |place: &Range<usize>| padded(&theta[place.clone()], m, message_stride);
            let (mut weight, mut bias) = (pad(&ranges.weight), pad(&ranges.bias));
            if config.layer_norm {
                for row in [&mut weight, &mut bias].into_iter().flat_map(|rows| rows.chunks_exact_mut(message_stride)) {
                    let mean = row[..m].iter().sum::<f32>() / m as f32;
                    row[..m].iter_mut().for_each(|x| *x -= mean);
                }
            }
            PackedHead { weight, bias, scale: pad(&ranges.scale), offset: pad(&ranges.offset) }
        };
        Packed {
            config: config.clone(),
            theta: theta.to_vec(),
            stride,
            message_stride,
            forward: of(&rows.forward),
            backward: of(&rows.backward),
            recurrent_forward: of(&rows.recurrent_forward),
            recurrent_backward: of(&rows.recurrent_backward),
            scalars: gates(&scalars.concat()),
            input_place: of(&rows.input_place),
            output_place: of(&rows.output_place),
            hidden: of(&rows.hidden),
            bias: gates(&shifted),
            forward_head: head(&ranges.forward_head),
            backward_head: head(&ranges.backward_head),
            transposed: OnceLock::new(),
            rows,
            ranges,
        }
    }

    /// How many numbers of a sub-RNN are summed up for a neuron: its h, or with layer norm its message.
    fn sum_stride(&self) -> usize {
        if self.config.layer_norm { self.message_stride } else { self.stride }
    }
}
