//! Kernels: how a layer is updated.
//!
//! A kernel does one thing, [`Update::update`]: it runs all sub-RNNs of a layer for their micro ticks and aggregates what
//! they send. There are several, and a test holds them together:
//!
//! - [`scalar`] is the definition, written to be read;
//! - [`simd`] is the same algebra rearranged to be fast, with AVX2 or AVX-512 instructions. Both of these do the same
//!   operations in the same order on every lane, so their results are equal to the bit; they differ from the scalar
//!   kernel's in the last bits.
//!
//! A third definition, as a graph of candle's operations, is the oracle in `tests/candle_oracle.rs`.
//!
//! The processor is asked at run time. All `unsafe` code of the project is in this module.

mod activation;
mod aligned;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod simd;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use aligned::{LANES, Lines};

use crate::state::Layer;
use crate::{Error, SubRnnConfig};
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

/// A kernel that holds the meta-parameters in the form it likes.
pub(crate) trait Update: Send + Sync {
    /// Runs the layer's sub-RNNs for their micro ticks and writes the aggregated messages into `layer`.
    fn update(&self, layer: &mut Layer, incoming: &Incoming<'_>, scratch: &mut [f32]);
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

/// Room that any kernel needs to update a layer of `inputs` × `outputs`, with or without recurrent messages.
pub(crate) fn scratch_len(config: &SubRnnConfig, inputs: usize, outputs: usize) -> usize {
    let stride = config.hidden_size.next_multiple_of(LANES);
    let scalar = 4 * config.message_size + config.extras + 4 * config.hidden_size;
    let simd = (inputs + outputs + 1) * 5 * stride;
    scalar.max(simd)
}
