//! Environments for meta-reinforcement learning.
//!
//! Everything a learner can live in: the [`Environment`] trait (one value is one task), [`TaskDistribution`]s to draw
//! tasks from, the [`Lifetime`] that one learner spends on one task, [`wrappers`], and the [`Registry`] of ids. There is
//! no tensor library in here; the crate is useful alone.
//!
//! For several agents in one world there is the same again in [`team`].
//!
//! To add an environment, implement [`Environment`] (its page has an example) and hand a closure that draws tasks to
//! [`Registry::register`].

mod builtin;
mod environment;
mod lifetime;
mod random;
mod registry;
mod space;

pub mod alchemy;
pub mod bandits;
pub mod check;
pub mod control;
pub mod grid;
pub mod picture;
pub mod probes;
pub mod supervised;
pub mod tabular;
pub mod team;
pub mod vector;
pub mod wrappers;

/// The examples in the README are tested like any other.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use bandits::BernoulliBandit;
pub use environment::{Environment, Step, TaskDistribution};
pub use lifetime::{
    Fault, Feedback, Lifetime, LifetimeLength, MAX_EPISODE_STEPS, Percept, Tasks, quiet_environment_panics,
};
/// The crate whose traits [`Rng`] implements, in the version that it does: for environments that draw numbers.
pub use rand;
pub use random::{LifetimeKey, Rng, Split, stream};
pub use registry::{Common, Family, Listing, Registry, RegistryError, nearest};
pub use space::{Action, OwnedAction, Space, write_one_hot};
