//! Who lives in environments, and what makes them better at it.
//!
//! - [`Learner`]: begins a life, acts, is told what came of it; [`live`] lets it. [`VsmlLearner`] is a network of sub-RNNs;
//!   [`players`] are human-made yardsticks behind the same trait.
//! - [`team`]: several learners in one world, of one theta or of many. [`Scenario`]: tasks, and who else is there.
//! - [`MetaLearner`]: makes learners from meta-parameters. [`LearnerConfig`]: all kinds of them, VSML and those it is held
//!   against (RL², fast weights, Hebbian rules, a control without memory).
//! - [`optimizers`]: ask and tell; move the meta-parameters.
//! - [`MetaTraining`]: generation after generation, reproducible to the bit, resumable.
//! - [`evaluation`]: learners × task distributions, on tasks that nothing was chosen on, with honest [`statistics`].
//!
//! ```
//! use vsml_agents::evaluation::evaluate;
//! use vsml_agents::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig};
//! use vsml_agents::{MetaLearner, MetaTraining, Objective, Schedule, Vsml, VsmlConfig};
//! use vsml_core::Kernel;
//! use vsml_envs::{Registry, Split, stream};
//!
//! let tasks = Registry::builtin().make("BernoulliBandit-v0:steps=20")?;
//! let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect())?;
//! let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
//! let settings = EvolutionStrategiesConfig { pairs: 4, ..Default::default() };
//! let optimizer = EvolutionStrategies::new(settings, 1, theta)?;
//! let schedule = Schedule { seed: 1, lifetimes: 2, ..Schedule::default() };
//! let mut training = MetaTraining::new(Box::new(vsml), Box::new(optimizer), vec![tasks.clone()], schedule)?;
//! for _ in 0..3 {
//!     let metrics = training.advance(&Default::default())?.expect("nobody stops it");
//!     println!("{:?}", metrics.fitness_mean);
//! }
//!
//! // The same theta on ten arms, which it has never seen.
//! let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect())?;
//! let ten_arms = Registry::builtin().make("BernoulliBandit-v0:arms=10,steps=20")?;
//! let result = evaluate("vsml", &|| vsml.learner(training.theta()), &ten_arms.into(), Split::Test, 1, 50, &|_| {});
//! assert_eq!(result.summary().expect("there were lives").lives, 50);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// The examples in the README are tested like any other.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// And those in the guide to players, learners and optimizers of one's own.
#[cfg(doctest)]
#[doc = include_str!("../GUIDE.md")]
struct Guide;

mod fitness;
mod learner;
mod learners;
mod meta_training;
mod metrics;
mod numbers;
mod ongoing_lives;
mod scenario;
mod vsml;

pub mod evaluation;
pub mod optimizers;
pub mod players;
pub mod policy_gradient;
pub mod statistics;
pub mod team;

pub use evaluation::{Curve, Evaluation, Measure, Summary};
pub use learner::{
    LayerMessages, Learner, LifeError, LifeScore, MetaLearner, Moment, Secrets, Slope, Unable, Voice, live,
};
pub use learners::{
    AttentionConfig, BlurConfig, Cell, DeltaRuleConfig, FastWeightMemoryConfig, FeedForwardConfig, HebbianConfig,
    LearnerConfig, MetaRimsConfig, MetaRnnConfig, SelfReferentialConfig, SensoryNeuronsConfig, SeparateConfig, Weights,
};
pub use meta_training::{
    Best, MAX_FRUITLESS_GENERATIONS, MetaTraining, Objective, Schedule, TeamReward, TrainingError,
};
pub use metrics::{GenerationMetrics, Validation};
pub use scenario::{Make, Scenario, ScenarioError, TeamScenario};
pub use vsml::{CloneConfig, ConvolutionConfig, Vsml, VsmlConfig, VsmlLearner};
