//! The one trait that a new environment implements.
//!
//! **One environment value is one task**: this bandit with these arm means, this cart with this mass. What varies from
//! task to task is drawn when the value is made, by a [`TaskDistribution`]; what varies within a task (starts, noise)
//! comes from the generator that is handed in. There is no seed to keep, no global randomness, and nothing to allocate
//! in a step.
//!
//! Time limits, permutations and scalings are [wrappers](crate::wrappers), resetting is the [`Lifetime`](crate::Lifetime)'s
//! task, counting is others': an environment is its dynamics, and a description of how it looks.
//!
//! An environment can be cloned in the middle of an episode, and the clone goes on as the original would have. Planning
//! needs that, and tests do: it costs an environment one `#[derive(Clone)]`.

use crate::picture::Picture;
use crate::tabular::Table;
use crate::vector::{Batch, Environments};
use crate::{Action, Rng, Space};
use dyn_clone::DynClone;

/// What an environment answers to an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The reward of this step.
    pub reward: f64,
    /// The episode has come to its natural end: there is no future to speak of.
    pub terminated: bool,
    /// The episode was cut off, by a time limit for instance: there would have been a future.
    pub truncated: bool,
}

impl Step {
    /// An ordinary step: `reward`, and the episode goes on.
    pub fn going_on(reward: f64) -> Self {
        Step { reward, terminated: false, truncated: false }
    }

    /// Whether the episode is over, for either reason.
    pub fn ended(&self) -> bool {
        self.terminated || self.truncated
    }
}

/// A decision problem: one task.
///
/// ```
/// use vsml_envs::{Action, Environment, Rng, Space, Step};
///
/// /// Guess the hidden number; the reward says whether you did.
/// #[derive(Clone)]
/// struct Guess {
///     hidden: usize,
/// }
///
/// impl Environment for Guess {
///     fn observation_space(&self) -> Space {
///         Space::uniform_box(1.0, 1.0, 1) // nothing to see: a constant
///     }
///     fn action_space(&self) -> Space {
///         Space::discrete(10)
///     }
///     fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
///         observation[0] = 1.0;
///     }
///     fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
///         observation[0] = 1.0;
///         Step::going_on(if action.index() == self.hidden { 1.0 } else { 0.0 })
///     }
/// }
/// ```
pub trait Environment: Send + DynClone {
    /// What observations look like. The same for the whole life of the value.
    fn observation_space(&self) -> Space;

    /// What actions are allowed. The same for the whole life of the value.
    fn action_space(&self) -> Space;

    /// Starts an episode and writes its first observation, flat ([`Space::flat_len`] numbers). The buffer holds whatever
    /// was in it before: write every number.
    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]);

    /// Carries out `action`, which is an element of the action space, and writes the observation that follows. Not
    /// called between the end of an episode and the next reset.
    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step;

    /// The expected reward of each discrete action if taken now, where this is known: the arm means of a bandit.
    ///
    /// From this come regret and the oracle player; learners never see it.
    fn expected_rewards(&self) -> Option<&[f64]> {
        None
    }

    /// For a supervised stream: the right answer to the observation that was last acted on, as a discrete action.
    ///
    /// Asked after each step, before any reset, and delivered with the reward ([`Feedback`](crate::Feedback)); it must
    /// not show in an observation.
    fn target(&self) -> Option<usize> {
        None
    }

    /// The true Markov decision process, where the environment is one with finitely many states: for oracles, which solve
    /// it; learners never see it. Its states are the environment's own, so a wrapper that shows them in another order has
    /// none; it knows of no time limit.
    fn table(&self) -> Option<&Table> {
        None
    }

    /// What the environment looks like now, for people: all of it, also what the learner cannot see.
    fn picture(&self) -> Option<Picture> {
        None
    }
}

dyn_clone::clone_trait_object!(Environment);

impl Environment for Box<dyn Environment> {
    fn observation_space(&self) -> Space {
        (**self).observation_space()
    }
    fn action_space(&self) -> Space {
        (**self).action_space()
    }
    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        (**self).reset(rng, observation);
    }
    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        (**self).step(action, rng, observation)
    }
    fn expected_rewards(&self) -> Option<&[f64]> {
        (**self).expected_rewards()
    }
    fn target(&self) -> Option<usize> {
        (**self).target()
    }
    fn table(&self) -> Option<&Table> {
        (**self).table()
    }
    fn picture(&self) -> Option<Picture> {
        (**self).picture()
    }
}

/// Where tasks come from. Any `Fn(&mut Rng) -> impl Environment` is one:
///
/// ```
/// # use vsml_envs::{BernoulliBandit, Environment, Rng, TaskDistribution, stream};
/// use rand::RngExt;
/// let easy = |rng: &mut Rng| BernoulliBandit::new(if rng.random() { vec![0.1, 0.9] } else { vec![0.9, 0.1] }).unwrap();
/// let task = easy.sample(&mut stream(1, "task", &[0]));
/// assert_eq!(task.observation_space().flat_len(), 1);
/// ```
pub trait TaskDistribution: Send + Sync {
    /// Draws a task: all that distinguishes it from its siblings comes from `rng`.
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment>;

    /// Draws a task with each generator, to be stepped together: the same tasks as [`TaskDistribution::sample`] draws.
    ///
    /// What comes by itself is right for all. A distribution whose tasks are of one type can keep them side by side
    /// ([`Environments`]), and one whose steps are arithmetic can bring a structure of arrays.
    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        Box::new(Environments::new(rngs.iter_mut().map(|rng| self.sample(rng)).collect()))
    }
}

impl<F, E> TaskDistribution for F
where
    F: Fn(&mut Rng) -> E + Send + Sync,
    E: Environment + 'static,
{
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(self(rng))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        Box::new(Environments::new(rngs.iter_mut().map(self).collect()))
    }
}
