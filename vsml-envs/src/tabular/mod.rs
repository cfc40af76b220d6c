//! Tabular environments: finitely many states, each seen for what it is.
//!
//! Here the true process can be written down, and therefore solved: what the best player gets is known for each task, not
//! estimated. Each family is a function that makes a [`Table`], and [`TabularEnvironment`] lives in any of them.

pub mod cliff_walking;
mod environment;
pub mod frozen_lake;
mod planning;
mod table;
mod table_file;
pub mod taxi;

pub use environment::{Layout, TabularEnvironment};
pub use planning::Plan;
pub use table::{Outcome, Place, Table, TableError};
pub use table_file::Tables;

use crate::wrappers::Span;
use crate::{LifetimeLength, Registry, RegistryError};

use cliff_walking::CliffWalks;
use frozen_lake::FrozenLakes;
use taxi::Taxis;

/// Registers the tabular environments.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    let episodes = LifetimeLength::Episodes;
    registry.register_family(
        "Table-v0",
        "any finite Markov decision process, from a file",
        episodes(20),
        Tables::default(),
    )?;
    registry.register_family(
        "FrozenLake-v1",
        "cross a slippery lake of 4 by 4 cells",
        episodes(100),
        FrozenLakes::default(),
    )?;
    registry.register_family(
        "FrozenLake8x8-v1",
        "cross a slippery lake of 8 by 8 cells",
        episodes(100),
        FrozenLakes::eight(),
    )?;
    registry.register_family(
        "FrozenLakeRandom-v0",
        "cross a slippery lake of your own",
        episodes(50),
        FrozenLakes::random(),
    )?;
    let steps = LifetimeLength::Steps;
    registry.register_family("CliffWalking-v1", "walk along a cliff", steps(1000), CliffWalks::default())?;
    let slippery = CliffWalks { is_slippery: true };
    registry.register_family("CliffWalkingSlippery-v1", "walk along a slippery cliff", steps(1000), slippery)?;
    registry.register_family("Taxi-v4", "pick up a passenger and set them down", episodes(50), Taxis::default())
}

/// Refuses episodes without a step.
fn check_limit(max_episode_steps: u64) -> Result<(), String> {
    match max_episode_steps {
        0 => Err("`max_episode_steps` is 0: an episode has at least one step".into()),
        _ => Ok(()),
    }
}

/// Refuses a span that does not consist of probabilities.
fn check_probability(name: &str, span: Span) -> Result<(), String> {
    if span.low() >= 0.0 && span.high() <= 1.0 {
        return Ok(());
    }
    Err(format!("`{name}` is {span}: a probability lies in 0..1"))
}

/// Refuses a reward that is not finite.
fn check_finite(name: &str, reward: f64) -> Result<(), String> {
    if reward.is_finite() { Ok(()) } else { Err(format!("`{name}` is {reward}: a reward must be finite")) }
}
