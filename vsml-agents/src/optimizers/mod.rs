//! Meta-optimizers: what moves the meta-parameters. Ask, evaluate, tell.
//!
//! A meta-optimizer never sees a task. It is asked for the members of a population, told how fit each was, and moves. It
//! always maximises. One that moves by gradient is told those of the members' losses instead. A fitness that is not a finite
//! number is *invalid*: it is set aside before anything is ranked, and weighs nothing; the update is that of a population
//! without it.
//!
//! | optimizer | what it adapts | population | when |
//! |---|---|---|---|
//! | [`EvolutionStrategies`] | the mean, by Adam | antithetic pairs | the usual choice |
//! | [`Pgpe`] | the mean, by Adam, and a deviation per parameter | antithetic pairs | parameters of different scales |
//! | [`AugmentedRandomSearch`] | the mean, by plain steps along the best directions | antithetic pairs | a baseline without moments |
//! | [`GuidedEvolutionStrategies`] | the mean, by Adam, looking along its last gradients | antithetic pairs | few pairs, a steady slope |
//! | [`Snes`] | the mean and a deviation per parameter | independent | little to tune |
//! | [`SepCmaEs`] | the same, and the step size by its path | independent | scales far apart |
//! | [`CmaEs`] | the whole covariance, with restarts | independent | few parameters |
//! | [`GeneticAlgorithm`] | a set of parents | independent | where no gradient leads |
//! | [`UnrolledEvolutionStrategies::persistent`] | the mean, by Adam, after a piece of each life | antithetic pairs | long lives |
//! | [`UnrolledEvolutionStrategies::noise_reuse`] | the same, one perturbation for a life | antithetic pairs | long lives, less noise |
//! | [`GradientDescent`] | theta, by Adam | differentiated lives | where lives have a loss |
//! | [`PolicyGradient`] | theta, by Adam: PPO and A2C | recorded lives | RL², as it was trained |
//!
//! What is compared has lived with the same luck: the two of a pair, or all members where there are no pairs. Members without
//! pairs are therefore all fitted to the few tasks of their generation; what one generation takes for skill and was luck, the
//! next one, on other tasks, takes back.

mod adam;
mod ascent;
mod augmented_random_search;
mod cma_es;
mod covariance;
mod evolution_strategies;
mod genetic_algorithm;
mod gradient_descent;
mod guided_evolution_strategies;
mod noise_reuse_evolution_strategies;
mod pairs;
mod path;
mod persistent_evolution_strategies;
mod pgpe;
mod policy_gradient;
mod ranking;
mod sep_cma_es;
mod settings;
mod snes;
mod unrolled;

pub use adam::Adam;
pub use augmented_random_search::{AugmentedRandomSearch, AugmentedRandomSearchConfig};
pub use cma_es::{CmaEs, CmaEsConfig};
pub use evolution_strategies::{EvolutionStrategies, EvolutionStrategiesConfig};
pub use genetic_algorithm::{GeneticAlgorithm, GeneticAlgorithmConfig};
pub use gradient_descent::{GradientDescent, GradientDescentConfig};
pub use guided_evolution_strategies::{GuidedEvolutionStrategies, GuidedEvolutionStrategiesConfig};
pub use pgpe::{Pgpe, PgpeConfig};
pub use policy_gradient::{A2cConfig, PolicyGradient, PpoConfig};
pub use ranking::Shaping;
pub use sep_cma_es::{SepCmaEs, SepCmaEsConfig};
pub use snes::{Snes, SnesConfig};
pub use unrolled::{UnrolledEvolutionStrategies, UnrolledEvolutionStrategiesConfig};

use crate::learner::MetaLearner;
use crate::policy_gradient::Record;
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

impl OptimizerState {
    /// A state of these vectors and counters.
    fn of(vectors: &[(&str, &[f32])], counters: &[(&str, u64)]) -> Self {
        OptimizerState {
            vectors: vectors.iter().map(|(name, vector)| (name.to_string(), vector.to_vec())).collect(),
            counters: counters.iter().map(|(name, counter)| (name.to_string(), *counter)).collect(),
        }
    }

    /// The vector `name`, of length `len`.
    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, OptimizerError> {
        let found = self.vectors.get(name).filter(|vector| vector.len() == len);
        found.cloned().ok_or_else(|| OptimizerError::State(format!("there is no vector `{name}` of length {len}")))
    }

    /// The counter `name`.
    fn counter(&self, name: &str) -> Result<u64, OptimizerError> {
        let found = self.counters.get(name).copied();
        found.ok_or_else(|| OptimizerError::State(format!("there is no counter `{name}`")))
    }

    /// The state of an optimizer that is no more than a point and Adam's moments.
    fn with_adam(theta: &[f32], adam: &Adam) -> Self {
        Self::of(
            &[("theta", theta), ("adam.first_moment", &adam.first_moment), ("adam.second_moment", &adam.second_moment)],
            &[("adam.steps", adam.steps)],
        )
    }

    /// What [`OptimizerState::with_adam`] put in, for `len` meta-parameters.
    fn theta_and_adam(&self, len: usize) -> Result<(Vec<f32>, Adam), OptimizerError> {
        let adam = Adam {
            first_moment: self.vector("adam.first_moment", len)?,
            second_moment: self.vector("adam.second_moment", len)?,
            steps: self.counter("adam.steps")?,
        };
        Ok((self.vector("theta", len)?, adam))
    }
}

/// What an optimizer moves by, and so how a generation is to be lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// How fit each member was: [`MetaOptimizer::tell`].
    Fitness,
    /// The gradient of each member's loss: [`MetaOptimizer::descend`].
    Gradients {
        /// How many steps of a life are to be gone back at a time; 0: all.
        truncation: u64,
    },
    /// Records of lives: [`MetaOptimizer::improve`].
    Records,
    /// What pieces of lives came to, which go on from generation to generation; members must be in pairs:
    /// [`MetaOptimizer::ask_at`] and [`MetaOptimizer::tell_unrolls`].
    Unrolls(Truncation),
}

/// How an optimizer wants lives to go on from generation to generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Steps of each life that are lived in a generation.
    pub unroll: u64,
    /// Which perturbation a life goes on with.
    pub noise: Noise,
}

/// Which perturbation a life that goes on from generation to generation is lived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// In each generation, that of the generation.
    Fresh,
    /// In all of them, that of the generation in which it began.
    Reused,
}

/// What a pair's lives came to in a generation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unroll {
    /// The pair: members `2 pair` and `2 pair + 1`.
    pub pair: usize,
    /// The generation in which the lives began.
    pub begun: u64,
    /// Sum of rewards of each member, in this generation.
    pub rewards: [f64; 2],
}

/// What moves the meta-parameters.
pub trait MetaOptimizer: Send + Sync {
    /// How many members a population has.
    fn population(&self) -> usize;

    /// The meta-parameters of member `index` of the population of `generation`. May be called from many threads, in any
    /// order, any number of times: the answer depends on nothing else.
    fn ask(&self, generation: u64, index: usize) -> Vec<f32>;

    /// Whether members `2 k` and `2 k + 1` are an antithetic pair. A lifetime that a fault cuts short for one of a pair is
    /// set aside for both; members that stand alone answer for their faults themselves.
    fn paired(&self) -> bool {
        false
    }

    /// Which luck a member lives with: members of equal number meet the same tasks and the same random numbers. Each pair has
    /// luck of its own; members that stand alone are compared with each other and share theirs. Numbers begin at 0, and the last
    /// member has the greatest.
    fn luck(&self, index: usize) -> u64 {
        if self.paired() { index as u64 / 2 } else { 0 }
    }

    /// Moves, given the fitness of every member of the population of `generation`, in order. Returns whether it did:
    /// where every fitness is invalid, or the step would not be finite, nothing happens.
    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool;

    /// What it moves by. One that does not move by fitness is told by another method than [`MetaOptimizer::tell`].
    fn wants(&self) -> Wants {
        Wants::Fitness
    }

    /// With [`Wants::Gradients`]: moves, given the gradient of every member's loss, in order; none where a member is invalid.
    /// Returns whether it did.
    fn descend(&mut self, gradients: &[Option<Vec<f64>>]) -> bool {
        let _ = gradients;
        false
    }

    /// With [`Wants::Records`]: moves, given the records of all lives of `generation` that were valid, which `learner` can
    /// live again. Returns whether it did.
    fn improve(&mut self, generation: u64, learner: &dyn MetaLearner, records: &[Record]) -> bool {
        let _ = (generation, learner, records);
        false
    }

    /// With [`Wants::Unrolls`]: the meta-parameters of member `index` where the optimizer stands, or stood, at `theta`, with
    /// the perturbation of the generation `drawn`. Depends on nothing else.
    fn ask_at(&self, theta: &[f32], drawn: u64, index: usize) -> Vec<f32> {
        let _ = (drawn, index);
        theta.to_vec()
    }

    /// With [`Wants::Unrolls`]: moves, given what every pair's lives came to in `generation`, those that were cut short by a
    /// fault left out. Returns whether it did.
    fn tell_unrolls(&mut self, generation: u64, unrolls: &[Unroll]) -> bool {
        let _ = (generation, unrolls);
        false
    }

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
