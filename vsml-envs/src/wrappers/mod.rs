//! Environments around environments: what can be asked of any task without its knowing.
//!
//! A wrapper holds an inner environment and is one itself. All are generic, so a wrapper around a known type costs no
//! virtual call, and `Box<dyn Environment>` is an inner environment like any other. What makes a task differ from its
//! siblings is drawn once, when the task is: the order of this task's actions is part of what the learner has to find out,
//! and it stays the same over all episodes of a lifetime.
//!
//! [`wrap`] puts wrappers around every task of a distribution, as the parameters of [`Common`](crate::Common) ask. The
//! inner task is drawn first and each wrapper then draws from a stream of its own, so asking for a wrapper changes neither
//! the task inside nor what another wrapper draws: results with and without it are about the same tasks.
//!
//! Noise, gaps and actions that stick are drawn in every step, but not from the generator that is handed to it: the
//! environment inside would draw other numbers for it. Such a wrapper has a generator of its own, given to it when it is
//! made, and draws as much from it in every step whatever is done. So all learners meet the same noise in the same steps, as
//! long as their episodes end in the same steps (what is seen first in an episode is noisy, too); and a clone, which has a copy
//! of the generator, meets the noise that the original will.
//!
//! To add a wrapper, write its file, and add a field to [`Common`](crate::Common) with its name in `Common::KEYS`, and a
//! line to the list in `around.rs`.

/// Writes methods of [`Environment`](crate::Environment) that do what the environment in the field `inner` does: for those
/// that a wrapper leaves alone.
///
/// ```
/// use vsml_envs::{Action, Environment, Rng, Step, forward_to_inner};
///
/// /// Pays ten times as much.
/// #[derive(Clone)]
/// struct Tenfold<E> {
///     inner: E,
/// }
///
/// impl<E: Environment + Clone> Environment for Tenfold<E> {
///     forward_to_inner!(observation_space, action_space, reset, target, picture);
///
///     fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
///         let step = self.inner.step(action, rng, observation);
///         Step { reward: 10.0 * step.reward, ..step }
///     }
/// }
/// ```
#[macro_export]
macro_rules! forward_to_inner {
    (@ observation_space) => {
        fn observation_space(&self) -> $crate::Space {
            $crate::Environment::observation_space(&self.inner)
        }
    };
    (@ action_space) => {
        fn action_space(&self) -> $crate::Space {
            $crate::Environment::action_space(&self.inner)
        }
    };
    (@ reset) => {
        fn reset(&mut self, rng: &mut $crate::Rng, observation: &mut [f32]) {
            $crate::Environment::reset(&mut self.inner, rng, observation);
        }
    };
    (@ step) => {
        fn step(&mut self, action: $crate::Action<'_>, rng: &mut $crate::Rng, observation: &mut [f32]) -> $crate::Step {
            $crate::Environment::step(&mut self.inner, action, rng, observation)
        }
    };
    (@ expected_rewards) => {
        fn expected_rewards(&self) -> Option<&[f64]> {
            $crate::Environment::expected_rewards(&self.inner)
        }
    };
    (@ target) => {
        fn target(&self) -> Option<usize> {
            $crate::Environment::target(&self.inner)
        }
    };
    (@ table) => {
        fn table(&self) -> Option<&$crate::tabular::Table> {
            $crate::Environment::table(&self.inner)
        }
    };
    (@ picture) => {
        fn picture(&self) -> Option<$crate::picture::Picture> {
            $crate::Environment::picture(&self.inner)
        }
    };
    ($($method:ident),+ $(,)?) => {
        $($crate::forward_to_inner!(@ $method);)+
    };
}

/// Writes `reset` and `step` of a wrapper that changes the numbers of an observation where they stand: by its method `show`.
macro_rules! show_in_place {
    () => {
        fn reset(&mut self, rng: &mut $crate::Rng, observation: &mut [f32]) {
            self.inner.reset(rng, observation);
            self.show(observation);
        }

        fn step(&mut self, action: $crate::Action<'_>, rng: &mut $crate::Rng, observation: &mut [f32]) -> $crate::Step {
            let step = self.inner.step(action, rng, observation);
            self.show(observation);
            step
        }
    };
}

mod affine_observations;
mod affine_reward;
mod around;
mod bounds;
mod clip_actions;
mod clip_observations;
mod clip_reward;
mod delay_reward;
mod discretise_actions;
mod drop_observations;
mod duplicate_observations;
mod error;
mod expected;
mod mask_observations;
mod noise_observations;
mod normalise_observations;
mod normalise_reward;
pub(crate) mod order;
mod owed;
mod pad_observations;
mod permute_actions;
mod permute_observations;
mod project_observations;
mod record_statistics;
mod repeat_actions;
mod rescale_actions;
mod rescale_observations;
mod reward_aware_observations;
mod running_moments;
#[cfg(test)]
mod scripted;
mod span;
mod sparse_reward;
mod stack_observations;
mod sticky_actions;
mod time_aware_observations;
mod time_limit;

pub use affine_observations::AffineObservations;
pub use affine_reward::AffineReward;
pub use around::wrap;
pub use clip_actions::ClipActions;
pub use clip_observations::ClipObservations;
pub use clip_reward::ClipReward;
pub use delay_reward::DelayReward;
pub use discretise_actions::{DiscretiseActions, MAX_DISCRETISED};
pub use drop_observations::DropObservations;
pub use duplicate_observations::DuplicateObservations;
pub use error::WrapperError;
pub use mask_observations::{MaskObservations, Places};
pub use noise_observations::NoiseObservations;
pub use normalise_observations::NormaliseObservations;
pub use normalise_reward::NormaliseReward;
pub use pad_observations::PadObservations;
pub use permute_actions::PermuteActions;
pub use permute_observations::PermuteObservations;
pub use project_observations::{MAX_PROJECTED, ProjectObservations};
pub use record_statistics::{Episode, RecordStatistics};
pub use repeat_actions::RepeatActions;
pub use rescale_actions::RescaleActions;
pub use rescale_observations::RescaleObservations;
pub use reward_aware_observations::RewardAwareObservations;
pub use span::{Span, SpanError};
pub use sparse_reward::SparseReward;
pub use stack_observations::StackObservations;
pub use sticky_actions::StickyActions;
pub use time_aware_observations::TimeAwareObservations;
pub use time_limit::TimeLimit;
