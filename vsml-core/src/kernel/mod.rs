//! Kernels: how a layer is updated, and how a gradient comes back through it.
//!
//! A kernel does two things. [`Update::update`] runs all sub-RNNs of a layer for their micro ticks and aggregates what they
//! send. [`Update::back_propagate`] is its transpose: from the derivatives of a loss with respect to what came out, it makes
//! those with respect to what went in. There are several kernels, and tests hold them together:
//!
//! - [`scalar`] is the definition, written to be read;
//! - [`simd`] is the same algebra rearranged to be fast, with AVX2 or AVX-512 instructions. Both of these do the same
//!   operations in the same order on every lane, so their results are equal to the bit; they differ from the scalar
//!   kernel's in the last bits.
//!
//! A third definition, as a graph of candle's operations, is `segment_op_by_op` (feature `candle`): the oracle for gradients.
//!
//! The processor is asked at run time. All `unsafe` code of this library is in this module. It relies on a layer being as its
//! configuration says, which [`SubRnn`](crate::SubRnn) sees to before it hands one over.

mod activation;
mod aligned;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use activation::{sigmoid, tanh};
pub(crate) use aligned::{LANES, Line, Lines};

use crate::state::Layer;
use crate::{Error, SubRnnConfig, Topology};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a layer's sub-RNNs read besides their own state.
pub(crate) struct Incoming<'a> {
    /// Forward messages of the layer's inputs, A × M.
    pub forward: &'a [f32],
    /// Backward messages of the layer's outputs, B × M.
    pub backward: &'a [f32],
    /// Scalars for all of them.
    pub extras: &'a [f32],
}

/// Derivatives of a loss with respect to an [`Incoming`]; a kernel adds to them.
pub(crate) struct IncomingAdjoint<'a> {
    pub forward: &'a mut [f32],
    pub backward: &'a mut [f32],
    pub extras: &'a mut [f32],
}

/// An update of a layer that is gone back through: what it started from, and where derivatives come from and go to.
pub(crate) struct Reversal<'a> {
    /// The layer before the update.
    pub before: &'a Layer,
    /// What the update read.
    pub incoming: Incoming<'a>,
    /// Derivatives of a loss with respect to the layer's numbers *after* the update; replaced by those with respect to the
    /// numbers before it.
    pub adjoint: &'a mut Layer,
    /// Given the derivatives with respect to what the update read.
    pub of_incoming: IncomingAdjoint<'a>,
    /// Given the meta-parameters' share; lies as they do.
    pub gradient: &'a mut [f64],
}

/// A kernel that holds one set of meta-parameters in the form it likes.
pub(crate) trait Update: Send + Sync {
    /// Runs the layer's sub-RNNs for their micro ticks and writes the aggregated messages into `layer`.
    fn update(&self, layer: &mut Layer, incoming: &Incoming<'_>, scratch: &mut Scratch);

    /// The way back through [`Update::update`], which is done again on the way. The room must be one of
    /// [`Scratch::for_gradients`].
    fn back_propagate(&self, reversal: Reversal<'_>, scratch: &mut Scratch);
}

/// Room for kernels to work in, so that a tick allocates nothing. Carries nothing from call to call.
#[derive(Clone, Debug)]
pub(crate) struct Scratch {
    pub lines: Lines,
    /// For sums that are taken in `f64`.
    pub sums: Vec<f64>,
}

impl Scratch {
    /// Room to update any layer of `topology`.
    pub fn for_updates(config: &SubRnnConfig, topology: &Topology) -> Self {
        let (n, m) = (config.hidden_size, config.message_size);
        let stride = n.next_multiple_of(LANES).max(m.next_multiple_of(LANES));
        let mut scratch = Scratch { lines: Lines::zeros(0), sums: Vec::new() };
        scratch.grow(topology, |inputs, outputs| {
            let neurons = inputs + 1 + outputs;
            // What vectors need is more than the scalar kernel does: input_size + 6 n + m.
            ((neurons + 1) * 5 * stride + 8 * stride, neurons * m + 2 * n)
        });
        scratch
    }

    /// Room for the way back through any layer of `topology`.
    pub fn for_gradients(config: &SubRnnConfig, topology: &Topology) -> Self {
        let mut scratch = Self::for_updates(config, topology);
        let stride = config.hidden_size.next_multiple_of(LANES).max(config.message_size.next_multiple_of(LANES));
        let matrices =
            (config.input_size() + config.hidden_size + 2) * 4 * stride + 2 * (config.hidden_size + 3) * stride;
        let records = (config.micro_ticks + 1) * 6 * 7 * stride + 6 * 8 * stride;
        scratch.grow(topology, |inputs, outputs| ((inputs + 2 + outputs) * 10 * stride + matrices + records, 0));
        scratch
    }

    fn grow(&mut self, topology: &Topology, needed: impl Fn(usize, usize) -> (usize, usize)) {
        for layer in topology.layers() {
            let (lines, sums) = needed(layer.inputs(), layer.outputs());
            if lines > self.lines.len() {
                self.lines = Lines::zeros(lines);
            }
            self.sums.resize(sums.max(self.sums.len()), 0.0);
        }
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.lines) + size_of_val(&*self.sums)
    }
}

/// Which kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// Plain Rust, the readable definition. Runs everywhere, slowly.
    Scalar,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors. Equal to [`Kernel::Avx2`] to the bit.
    Avx512,
}

impl Kernel {
    /// The fastest that this processor runs.
    pub fn detect() -> Self {
        let available = Self::available();
        available[available.len() - 1]
    }

    /// All that this processor runs, the slowest first.
    pub fn available() -> Vec<Self> {
        [Kernel::Scalar, Kernel::Avx2, Kernel::Avx512].into_iter().filter(|kernel| kernel.runs_here()).collect()
    }

    /// `"scalar"`, `"avx2"` or `"avx512"`.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Scalar => "scalar",
            Kernel::Avx2 => "avx2",
            Kernel::Avx512 => "avx512",
        }
    }

    fn runs_here(self) -> bool {
        match self {
            Kernel::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Puts `theta` into this kernel's form.
    pub(crate) fn prepare(self, config: &SubRnnConfig, theta: &[f32]) -> Result<Box<dyn Update>, Error> {
        if !self.runs_here() {
            let available = Kernel::available().into_iter().map(Kernel::name).collect();
            return Err(Error::KernelUnavailable { kernel: self.name(), available });
        }
        Ok(match self {
            Kernel::Scalar => Box::new(scalar::Scalar::new(config, theta)),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => Box::new(x86::Avx2::new(config, theta)),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => Box::new(x86::Avx512::new(config, theta)),
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx2 | Kernel::Avx512 => unreachable!("runs_here() said no"),
        })
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kernel {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Kernel::Scalar, Kernel::Avx2, Kernel::Avx512]
            .into_iter()
            .find(|kernel| kernel.name() == name)
            .ok_or_else(|| Error::UnknownKernel(name.into()))
    }
}
