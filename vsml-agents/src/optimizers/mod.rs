//! Meta-optimizers: what moves the meta-parameters. Ask, evaluate, tell.
//!
//! A meta-optimizer never sees a task. It is asked for the members of a population, told how fit each was, and moves. It
//! always maximises. A fitness that is not a finite number is *invalid*: it is set aside before anything is ranked, and
//! weighs nothing.

mod adam;
mod evolution_strategies;

pub use adam::Adam;
pub use evolution_strategies::{EvolutionStrategies, EvolutionStrategiesConfig};

use std::collections::BTreeMap;

/// Why an optimizer could not be made or restored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OptimizerError {
    /// A setting makes no sense.
    #[error("{field} is {value}: it must be {rule}")]
    Setting {
        /// Its name.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        rule: &'static str,
    },
    /// A stored state does not fit.
    #[error("the stored optimizer state does not fit: {0}")]
    State(String),
}

/// The whole state of an optimizer: restoring it gives the same bits as never having stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState {
    /// Named vectors.
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// Named counters.
    pub counters: BTreeMap<String, u64>,
}

/// What moves the meta-parameters.
pub trait MetaOptimizer: Send + Sync {
    /// How many members a population has.
    fn population(&self) -> usize;

    /// The meta-parameters of member `index` of the population of `generation`. May be called from many threads, in any
    /// order, any number of times: the answer depends on nothing else.
    fn ask(&self, generation: u64, index: usize) -> Vec<f32>;

    /// Which luck a member lives with: members of equal number meet the same tasks and the same random numbers.
    fn luck(&self, index: usize) -> u64 {
        index as u64
    }

    /// Moves, given the fitness of every member of the population of `generation`, in order. Returns whether it did:
    /// where every fitness is invalid, or the step would not be finite, nothing happens.
    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool;

    /// The meta-parameters it stands at.
    fn theta(&self) -> &[f32];

    /// Its whole state.
    fn state(&self) -> OptimizerState;

    /// Takes a state that [`MetaOptimizer::state`] gave.
    ///
    /// # Errors
    /// If something is missing or of another length; the optimizer is then unchanged.
    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError>;
}
