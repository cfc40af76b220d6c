//! Many environments side by side, stepped by one call.
//!
//! A learner that improves by gradients wants many steps at a time, in arrays. [`VectorEnvironment`] has them, with
//! exactly the results that each environment would give alone: environment `i` is drawn and stepped with the generators
//! of key `i`, and neither its neighbours nor the number of threads make a difference.
//!
//! When an episode ends, somebody has to reset, and there are three conventions for when ([`Autoreset`], after Gymnasium).
//! They differ in where the last observation of an episode is found, which is where most mistakes are made; so it is asked
//! for by name: [`VectorEnvironment::final_observation`] is right in all three.
//!
//! How the environments are kept is a [`Batch`]'s business. [`Environments`] is an array of them, stepped by all threads;
//! where it pays, a family brings a structure of arrays instead, which a processor steps several environments at once
//! ([`TaskDistribution::batch`](crate::TaskDistribution::batch)).

mod environments;

pub use environments::Environments;

use crate::lifetime::guard;
use crate::{Action, Fault, LifetimeKey, Rng, Space, Tasks};
use rayon::prelude::*;
use std::fmt;

/// When an environment is reset whose episode has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Autoreset {
    /// In the next step, which ignores that environment's action, gives a reward of 0 and shows the first observation of
    /// the new episode. Gymnasium's default.
    #[default]
    NextStep,
    /// At once: the observation shown is the first of the new episode, and the last of the old one is kept apart.
    SameStep,
    /// Not at all: [`VectorEnvironment::reset_where`] must be called before the next step.
    Disabled,
}

/// One action for each environment, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Actions<'a> {
    /// An index for each.
    Discrete(&'a [usize]),
    /// The numbers of each.
    Continuous(&'a [f32]),
    /// The indices of each.
    MultiDiscrete(&'a [usize]),
    /// The bits of each.
    MultiBinary(&'a [bool]),
}

impl<'a> Actions<'a> {
    /// The action of environment `i`, each of `len` numbers (1 if discrete).
    ///
    /// # Panics
    /// If there are not so many.
    pub fn get(self, i: usize, len: usize) -> Action<'a> {
        let part = i * len..(i + 1) * len;
        match self {
            Actions::Discrete(indices) => Action::Discrete(indices[i]),
            Actions::Continuous(numbers) => Action::Continuous(&numbers[part]),
            Actions::MultiDiscrete(indices) => Action::MultiDiscrete(&indices[part]),
            Actions::MultiBinary(bits) => Action::MultiBinary(&bits[part]),
        }
    }

    fn numbers(self) -> usize {
        match self {
            Actions::Discrete(indices) | Actions::MultiDiscrete(indices) => indices.len(),
            Actions::Continuous(numbers) => numbers.len(),
            Actions::MultiBinary(bits) => bits.len(),
        }
    }
}

/// How many numbers an action of `space` takes in [`Actions`].
fn action_len(space: &Space) -> usize {
    match space {
        Space::Discrete { .. } => 1,
        Space::Box { low, .. } => low.len(),
        Space::MultiDiscrete { sizes } => sizes.len(),
        Space::MultiBinary { n } => *n,
    }
}

/// Where a [`Batch`] writes what its environments answer, each at its index.
#[derive(Debug)]
pub struct Answers<'a> {
    /// Observations, flat, one environment's after the other's.
    pub observations: &'a mut [f32],
    /// Rewards.
    pub rewards: &'a mut [f64],
    /// Whether an episode came to its natural end.
    pub terminated: &'a mut [bool],
    /// Whether an episode was cut off.
    pub truncated: &'a mut [bool],
}

impl<'a> Answers<'a> {
    /// The same in pieces of `len` environments with observations of `observation_len` numbers, for threads to share.
    pub(crate) fn par_pieces(
        self,
        len: usize,
        observation_len: usize,
    ) -> impl IndexedParallelIterator<Item = Answers<'a>> {
        let Answers { observations, rewards, terminated, truncated } = self;
        observations
            .par_chunks_mut(len * observation_len)
            .zip(rewards.par_chunks_mut(len))
            .zip(terminated.par_chunks_mut(len).zip(truncated.par_chunks_mut(len)))
            .map(|((observations, rewards), (terminated, truncated))| Answers {
                observations,
                rewards,
                terminated,
                truncated,
            })
    }
}

/// Environments that are stepped together. All have the same spaces.
pub trait Batch: Send {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the observations of environment `i` look like.
    fn observation_space(&self, i: usize) -> Space;

    /// What actions environment `i` takes.
    fn action_space(&self, i: usize) -> Space;

    /// Starts an episode of environment `i` and writes its first observation.
    fn reset(&mut self, i: usize, rng: &mut Rng, observation: &mut [f32]);

    /// Steps all environments that are not `idle`, number `i` with `rngs[i]`. What is written for an idle one does not
    /// matter, but its generator must stay as it is.
    ///
    /// # Errors
    /// If an environment panics.
    fn step(
        &mut self,
        actions: Actions<'_>,
        idle: &[bool],
        rngs: &mut [Rng],
        answers: Answers<'_>,
    ) -> Result<(), VectorError>;
}

/// Why environments cannot be put side by side, or not be stepped.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VectorError {
    /// No environment at all.
    #[error("a vector environment needs at least one environment")]
    Empty,
    /// One has other spaces than the first.
    #[error("environment {index} has other spaces than the first: {this:?} and {first:?}")]
    Spaces {
        /// Which one.
        index: usize,
        /// Its space.
        this: Box<Space>,
        /// The first one's.
        first: Box<Space>,
    },
    /// The actions are of the wrong kind or number.
    #[error("{given} numbers in {kind} actions for {environments} environments with {space:?}")]
    Actions {
        /// How many numbers were given.
        given: usize,
        /// Of which kind.
        kind: &'static str,
        /// How many environments there are.
        environments: usize,
        /// What actions they take.
        space: Box<Space>,
    },
    /// An environment was to be stepped after the end of its episode.
    #[error(
        "environment {0} has ended its episode: with `Autoreset::Disabled`, call `reset_where` before the next step"
    )]
    Ended(usize),
    /// An environment did something wrong.
    #[error("environment {index}: {fault}")]
    Fault {
        /// Which one; the first, if there is no telling.
        index: usize,
        /// What it did.
        fault: Fault,
    },
}

/// Environments side by side.
///
/// ```
/// use vsml_envs::vector::{Actions, Autoreset};
/// use vsml_envs::{LifetimeKey, Registry, Split};
///
/// let tasks = Registry::builtin().make("CartPole-v1").unwrap();
/// let key = |lifetime| LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime };
/// let keys: Vec<LifetimeKey> = (0..64).map(key).collect();
/// let mut carts = tasks.vector(&keys, Autoreset::SameStep).unwrap();
/// assert_eq!(carts.observations().len(), 64 * 4);
///
/// carts.step(Actions::Discrete(&[1; 64])).unwrap();
/// assert_eq!(carts.rewards(), [1.0; 64]);
/// for i in 0..64 {
///     if let Some(last) = carts.final_observation(i) {
///         println!("cart {i} has fallen at {last:?}");
///     }
/// }
/// ```
pub struct VectorEnvironment {
    batch: Box<dyn Batch>,
    rngs: Vec<Rng>,
    autoreset: Autoreset,
    observation_space: Space,
    /// What actions each takes; one alone where all take the same.
    action_spaces: Vec<Space>,
    observation_len: usize,
    observations: Vec<f32>,
    /// The last observations of episodes that ended in this step, where `observations` shows the first of the next.
    last_observations: Vec<f32>,
    rewards: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
    /// The episode has ended and not been reset.
    ended: Vec<bool>,
    begins: Vec<bool>,
}

impl VectorEnvironment {
    /// Puts the environments of `batch` side by side, number `i` with the generator `rngs[i]`, and resets all.
    ///
    /// # Errors
    /// If there is none, not as many generators, spaces differ, or an environment does something wrong.
    ///
    /// # Panics
    /// If there are not as many generators as environments.
    pub fn new(batch: Box<dyn Batch>, rngs: Vec<Rng>, autoreset: Autoreset) -> Result<Self, VectorError> {
        let len = batch.len();
        assert_eq!(len, rngs.len(), "an environment needs a generator");
        if len == 0 {
            return Err(VectorError::Empty);
        }
        let spaces = |i: usize| {
            let spaces = guard("spaces", || [batch.observation_space(i), batch.action_space(i)]);
            let spaces = spaces.map_err(|fault| VectorError::Fault { index: i, fault })?;
            match spaces.iter().find_map(Space::fault) {
                Some(reason) => Err(VectorError::Fault { index: i, fault: Fault::Space(reason) }),
                None => Ok(spaces),
            }
        };
        let first = spaces(0)?;
        let mut action_spaces = vec![first[1].clone()];
        for index in 1..len {
            let these = spaces(index)?;
            action_spaces.push(these[1].clone());
            for (this, first) in these.into_iter().zip(&first) {
                // Bounds may differ: cart-poles of other make reach elsewhere.
                if this.flat_len() != first.flat_len() || std::mem::discriminant(&this) != std::mem::discriminant(first)
                {
                    return Err(VectorError::Spaces { index, this: Box::new(this), first: Box::new(first.clone()) });
                }
            }
        }
        if action_spaces.iter().all(|space| *space == first[1]) {
            action_spaces.truncate(1);
        }
        let [observation_space, _] = first;
        let observation_len = observation_space.flat_len();
        let kept = if autoreset == Autoreset::SameStep { len * observation_len } else { 0 };
        let mut vector = VectorEnvironment {
            batch,
            rngs,
            autoreset,
            observation_space,
            action_spaces,
            observation_len,
            observations: vec![0.0; len * observation_len],
            last_observations: vec![0.0; kept],
            rewards: vec![0.0; len],
            terminated: vec![false; len],
            truncated: vec![false; len],
            ended: vec![true; len],
            begins: vec![false; len],
        };
        vector.reset_ended()?;
        Ok(vector)
    }

    /// How many environments there are.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.batch.len()
    }

    /// What the observations of the first look like; those of the others have as many numbers.
    pub fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    /// What actions the first takes; those of the others are of the same kind and as many numbers, within bounds of their own.
    pub fn action_space(&self) -> &Space {
        &self.action_spaces[0]
    }

    /// Acts in all environments.
    ///
    /// # Errors
    /// Actions of the wrong kind, number or range, an episode that was to be reset and was not, or an environment that does
    /// something wrong; after the latter, step no further.
    pub fn step(&mut self, actions: Actions<'_>) -> Result<(), VectorError> {
        self.check_actions(actions)?;
        if self.autoreset == Autoreset::Disabled
            && let Some(index) = self.ended.iter().position(|ended| *ended)
        {
            return Err(VectorError::Ended(index));
        }
        let (batch, rngs, idle) = (&mut self.batch, &mut self.rngs, &self.ended);
        let answers = Answers {
            observations: &mut self.observations,
            rewards: &mut self.rewards,
            terminated: &mut self.terminated,
            truncated: &mut self.truncated,
        };
        batch.step(actions, idle, rngs, answers)?;

        self.begins.fill(false);
        if self.autoreset == Autoreset::NextStep {
            for i in 0..self.len() {
                if self.ended[i] {
                    (self.rewards[i], self.terminated[i], self.truncated[i]) = (0.0, false, false);
                }
            }
            self.reset_ended()?;
        }
        self.check_observations()?;
        // Without a way out of the loop, it is done several numbers at a time.
        let finite = self.rewards.iter().fold(true, |finite, reward| finite & reward.is_finite());
        if !finite && let Some(index) = self.rewards.iter().position(|reward| !reward.is_finite()) {
            return Err(VectorError::Fault { index, fault: Fault::Reward(self.rewards[index]) });
        }
        for (ended, (terminated, truncated)) in self.ended.iter_mut().zip(self.terminated.iter().zip(&self.truncated)) {
            *ended = terminated | truncated;
        }
        if self.autoreset == Autoreset::SameStep && self.ended.contains(&true) {
            for i in 0..self.len() {
                if self.ended[i] {
                    let part = i * self.observation_len..(i + 1) * self.observation_len;
                    self.last_observations[part.clone()].copy_from_slice(&self.observations[part]);
                    self.reset(i)?;
                }
            }
        }
        Ok(())
    }

    /// Resets the environments for which `mask` says so, wherever in an episode they are.
    ///
    /// # Errors
    /// If an environment does something wrong.
    ///
    /// # Panics
    /// If the mask has not as many entries as there are environments.
    pub fn reset_where(&mut self, mask: &[bool]) -> Result<(), VectorError> {
        assert_eq!(mask.len(), self.len(), "one entry of the mask for each environment");
        (0..self.len()).try_for_each(|i| if mask[i] { self.reset(i) } else { Ok(()) })
    }

    /// Resets those whose episode has ended.
    fn reset_ended(&mut self) -> Result<(), VectorError> {
        (0..self.len()).try_for_each(|i| if self.ended[i] { self.reset(i) } else { Ok(()) })
    }

    /// Resets one.
    fn reset(&mut self, i: usize) -> Result<(), VectorError> {
        let observation = &mut self.observations[i * self.observation_len..(i + 1) * self.observation_len];
        let (batch, rng) = (&mut self.batch, &mut self.rngs[i]);
        guard("reset", || batch.reset(i, rng, observation)).map_err(|fault| VectorError::Fault { index: i, fault })?;
        (self.ended[i], self.begins[i]) = (false, true);
        match observation.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(index) => {
                let fault = Fault::Observation { place: "reset", index, value: observation[index] };
                Err(VectorError::Fault { index: i, fault })
            }
        }
    }

    fn check_actions(&self, actions: Actions<'_>) -> Result<(), VectorError> {
        let len = action_len(self.action_space());
        let kind = match (actions, self.action_space()) {
            (Actions::Discrete(_), Space::Discrete { .. }) => None,
            (Actions::Continuous(_), Space::Box { .. }) => None,
            (Actions::MultiDiscrete(_), Space::MultiDiscrete { .. }) => None,
            (Actions::MultiBinary(_), Space::MultiBinary { .. }) => None,
            (Actions::Discrete(_), _) => Some("discrete"),
            (Actions::Continuous(_), _) => Some("continuous"),
            (Actions::MultiDiscrete(_), _) => Some("multi-discrete"),
            (Actions::MultiBinary(_), _) => Some("multi-binary"),
        };
        if kind.is_some() || actions.numbers() != self.len() * len {
            return Err(VectorError::Actions {
                given: actions.numbers(),
                kind: kind.unwrap_or("such"),
                environments: self.len(),
                space: Box::new(self.action_space().clone()),
            });
        }
        let wrong = match (actions, self.action_space()) {
            (Actions::Discrete(indices), Space::Discrete { n }) => {
                let fits = indices.iter().fold(true, |fits, index| fits & (index < n));
                if fits { None } else { indices.iter().position(|index| index >= n) }
            }
            (_, first) => {
                let space = |i| self.action_spaces.get(i).unwrap_or(first);
                (0..self.len()).find(|&i| !space(i).contains(actions.get(i, len)))
            }
        };
        match wrong {
            None => Ok(()),
            Some(index) => {
                let action = format!("{:?}", actions.get(index, len));
                Err(VectorError::Fault { index, fault: Fault::Action(action) })
            }
        }
    }

    fn check_observations(&self) -> Result<(), VectorError> {
        if self.observations.iter().fold(true, |finite, x| finite & x.is_finite()) {
            return Ok(());
        }
        let found = self.observations.iter().position(|x| !x.is_finite()).unwrap_or(0);
        let (environment, index) = (found / self.observation_len, found % self.observation_len);
        let fault = Fault::Observation { place: "step", index, value: self.observations[found] };
        Err(VectorError::Fault { index: environment, fault })
    }

    /// What is seen now: `len` observations of `observation_space().flat_len()` numbers, one after the other.
    pub fn observations(&self) -> &[f32] {
        &self.observations
    }

    /// The rewards of the last step.
    pub fn rewards(&self) -> &[f64] {
        &self.rewards
    }

    /// Whose episode came to its natural end in the last step.
    pub fn terminated(&self) -> &[bool] {
        &self.terminated
    }

    /// Whose episode was cut off in the last step.
    pub fn truncated(&self) -> &[bool] {
        &self.truncated
    }

    /// Whose observation is the first of an episode.
    pub fn begins(&self) -> &[bool] {
        &self.begins
    }

    /// The last observation of the episode of environment `i` that ended in the last step, if one did: what a value is
    /// estimated from where the episode was cut off. Unless environments are reset in the same step, it is gone once the
    /// environment has been reset.
    pub fn final_observation(&self, i: usize) -> Option<&[f32]> {
        let part = i * self.observation_len..(i + 1) * self.observation_len;
        let kept = self.autoreset == Autoreset::SameStep;
        let from = if kept { &self.last_observations } else { &self.observations };
        ((self.terminated[i] || self.truncated[i]) && (kept || !self.begins[i])).then(|| &from[part])
    }
}

impl fmt::Debug for VectorEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VectorEnvironment({} of {:?}, {:?})", self.len(), self.observation_space, self.autoreset)
    }
}

impl Tasks {
    /// Draws a task for each key and puts them side by side: number `i` is what [`Tasks::begin`] would live through with
    /// `keys[i]`, but for the length of the lifetime, which is whoever's who steps.
    ///
    /// # Errors
    /// If there is no key, spaces differ from task to task, or a task cannot be drawn or reset.
    pub fn vector(&self, keys: &[LifetimeKey], autoreset: Autoreset) -> Result<VectorEnvironment, VectorError> {
        let mut rngs: Vec<Rng> = keys.iter().map(|key| key.stream("task")).collect();
        let batch = guard("the task distribution", || self.distribution.batch(&mut rngs))
            .map_err(|fault| VectorError::Fault { index: 0, fault })?;
        VectorEnvironment::new(batch, keys.iter().map(|key| key.stream("environment")).collect(), autoreset)
    }
}
