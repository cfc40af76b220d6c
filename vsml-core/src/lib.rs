//! The VSML network: a small recurrent cell, the *sub-RNN*, in place of every weight.
//!
//! Take an ordinary network and replace each weight by a tiny LSTM. All of them share one small parameter vector, each
//! has its own state, and they talk by messages: forward messages run along the network as activations would, backward
//! messages against it as errors would. Nothing but the states changes while a network lives; learning happens in the
//! forward dynamics, and the shared parameters are a learning algorithm (Kirsch & Schmidhuber 2021, arXiv 2012.14905;
//! for reinforcement learning, Kirsch et al. 2022, arXiv 2109.10781).
//!
//! - [`SubRnnConfig`]: the options of the papers, as plain data.
//! - [`Layout`]: the meta-parameters, one flat vector with names.
//! - [`SubRnn`]: both together, ready to run, with [`SubRnn::tick`].
//! - [`Topology`] and [`State`]: how large a network is, and what it is at the moment. Neither is a parameter.
//! - [`Kernel`]: the readable definition, or the same with vector instructions.
//! - [`Tape`] and [`Adjoint`]: gradients, through any number of ticks; [`Segment`]: a stretch of a life as one function.
#![cfg_attr(feature = "candle", doc = "- [`segment()`]: the same as an operation of candle's.")]
//! - [`Theta`], [`Archive`]: files.
//!
//! The crate knows nothing of rewards or environments: messages go in, messages come out.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod config;
#[cfg(feature = "candle")]
mod differentiable;
mod error;
mod file;
#[cfg(feature = "candle")]
mod graph;
mod kernel;
mod parameters;
mod segment;
mod state;
mod sub_rnn;
mod tape;
mod topology;

pub use config::{Aggregation, BackwardPass, SubRnnConfig};
#[cfg(feature = "candle")]
pub use differentiable::segment;
pub use error::Error;
pub use file::{Archive, MAX_FILE_BYTES, MAX_HEADER_BYTES, Theta, write_durably};
#[cfg(feature = "candle")]
pub use graph::segment_op_by_op;
pub use kernel::{Kernel, sigmoid, tanh};
pub use parameters::{Layout, Parameter};
pub use segment::{Drive, Feedback, Gradients, Segment, SegmentRun, softmax};
pub use state::State;
pub use sub_rnn::{Direction, SubRnn};
pub use tape::{Adjoint, Tape};
pub use topology::{Convolution, LayerShape, Topology};
