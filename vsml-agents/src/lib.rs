//! Learners, reference players, meta-optimizers, meta-training and evaluation.

mod learner;
mod meta_training;
mod metrics;
mod vsml;

pub mod evaluation;
pub mod optimizers;
pub mod players;
pub mod statistics;

pub use evaluation::{Curve, Evaluation, Summary};
pub use learner::{Learner, LifeError, LifeScore, MetaLearner, Moment, Unable, live};
pub use meta_training::{Best, MAX_FRUITLESS_GENERATIONS, MetaTraining, Schedule, TrainingError};
pub use metrics::{GenerationMetrics, Validation};
pub use vsml::{Vsml, VsmlConfig, VsmlLearner};
