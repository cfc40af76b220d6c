//! Tabular environments: finitely many states, each seen for what it is.
//!
//! Here the true process can be written down, and therefore solved: what the best player gets is known for each task, not
//! estimated. Each family is a function that makes a [`Table`], and [`TabularEnvironment`] lives in any of them.

pub mod chain;
pub mod cliff_walking;
pub mod deep_sea;
pub mod delayed_chain;
pub mod double_loop;
mod environment;
pub mod frozen_lake;
mod planning;
pub mod random_mdp;
mod table;
mod table_file;
pub mod taxi;
pub mod two_step;

pub use environment::{Layout, TabularEnvironment};
pub use planning::Plan;
pub use table::{Outcome, Place, Table, TableError};
pub use table_file::Tables;

use crate::wrappers::Span;
use crate::{LifetimeLength, Registry, RegistryError};

use chain::Chains;
use cliff_walking::CliffWalks;
use deep_sea::DeepSeas;
use delayed_chain::DelayedChains;
use double_loop::DoubleLoops;
use frozen_lake::FrozenLakes;
use random_mdp::RandomMdps;
use taxi::Taxis;
use two_step::TwoSteps;

/// Registers the tabular environments.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    register_toy_text(registry)?;
    let episodes = LifetimeLength::Episodes;
    let table = "any finite Markov decision process, from a file";
    registry.register_family("Table-v0", table, episodes(20), Tables::default())?;
    let random = "processes whose transitions and rewards are drawn for each task";
    registry.register_family("RandomMdp-v0", random, episodes(10), RandomMdps::default())?;
    let delayed = "choose a chain and wait: one pays more, the later ones late";
    registry.register_family("DelayedChain-v0", delayed, episodes(20), DelayedChains::default())?;
    let sea = "dive to a treasure that one sequence of actions leads to";
    registry.register_family("DeepSea-v0", sea, episodes(100), DeepSeas::default())?;
    let steps = LifetimeLength::Steps;
    let chain = "a small reward at once or a large one at the end of a chain";
    registry.register_family("Chain-v0", chain, steps(1000), Chains::default())?;
    let loops = "an easy loop and a better one";
    registry.register_family("DoubleLoop-v0", loops, steps(1000), DoubleLoops::default())?;
    let two_step = "a choice, a place, a reward: the two-step task of Daw et al.";
    registry.register_family("TwoStep-v0", two_step, steps(200), TwoSteps::default())
}

/// Registers Gymnasium's toy text and what is like it.
fn register_toy_text(registry: &mut Registry) -> Result<(), RegistryError> {
    let episodes = LifetimeLength::Episodes;
    let small = "cross a slippery lake of 4 by 4 cells, exactly as in Gymnasium";
    registry.register_family("FrozenLake-v1", small, episodes(100), FrozenLakes::default())?;
    let large = "cross a slippery lake of 8 by 8 cells, exactly as in Gymnasium";
    registry.register_family("FrozenLake8x8-v1", large, episodes(100), FrozenLakes::eight())?;
    let random = "cross slippery lakes, each with holes of its own";
    registry.register_family("FrozenLakeRandom-v0", random, episodes(50), FrozenLakes::random())?;
    let taxi = "pick up a passenger and set them down, exactly as in Gymnasium";
    registry.register_family("Taxi-v4", taxi, episodes(50), Taxis::default())?;
    let steps = LifetimeLength::Steps;
    let cliff = "walk along a cliff, exactly as in Gymnasium";
    registry.register_family("CliffWalking-v1", cliff, steps(1000), CliffWalks::default())?;
    let slippery = "walk along a slippery cliff, exactly as in Gymnasium";
    registry.register_family("CliffWalkingSlippery-v1", slippery, steps(1000), CliffWalks { is_slippery: true })
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

/// Refuses a standard deviation that is none.
fn check_deviation(name: &str, deviation: f64) -> Result<(), String> {
    if deviation.is_finite() && deviation >= 0.0 {
        return Ok(());
    }
    Err(format!("`{name}` is {deviation}: a standard deviation is finite and not negative"))
}

/// The distribution of a start that is always the same.
fn start_in(first: usize, states: usize) -> Vec<f64> {
    (0..states).map(|state| if state == first { 1.0 } else { 0.0 }).collect()
}
