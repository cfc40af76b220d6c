//! What all learners beside VSML have in common, so that the file of each says only what is its own.
//!
//! A [`Network`] is a method: its settings, its arrays of meta-parameters, what a life changes, and one step from what is
//! perceived to logits. The rest is here: an action is drawn from the softmax of the logits; what came of it is perceived
//! with the next observation. At each step the network is given, in this order,
//!
//! | numbers | what |
//! |---|---|
//! | observations | the observation, flat |
//! | actions | the last action, one-hot; 0 at the beginning of a life |
//! | 1 | the last reward |
//! | 1 | 1 if an episode begins, else 0 |
//!
//! which are the inputs of RL² (Duan et al. 2016, arXiv 1611.02779, section 2.2). Where the environment tells what would
//! have been right (a supervised stream), that takes the action's place, and the guess is the greatest logit, as with VSML.
//!
//! Most of these networks have a meta-parameter for every synapse, so they are made for so many observations and actions
//! and cannot live elsewhere. That is what VSML is held against.

use super::matrix::softmax;
use crate::learner::{Learner, MetaLearner, Unable};
use crate::policy_gradient::{Record, Relived};
use crate::vsml::{draw, flag, greatest};
use rand::RngExt;
use rand_distr::StandardNormal;
use std::sync::Arc;
use vsml_envs::{Action, Feedback, Percept, Rng, Space, write_one_hot};

/// More meta-parameters than this are refused.
pub(super) const MAX_PARAMETERS: usize = 1 << 24;
/// More hidden units than this are refused.
pub(super) const MAX_HIDDEN: usize = 1 << 12;

/// How many numbers a learner sees and how many actions it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Numbers in a flat observation.
    pub observations: usize,
    /// Actions to choose from.
    pub actions: usize,
}

impl Shape {
    /// Of a life in these spaces.
    ///
    /// # Errors
    /// If actions are not discrete.
    pub(super) fn of(observation: &Space, action: &Space, learner: &str) -> Result<Self, Unable> {
        match action {
            Space::Discrete { n } => Ok(Shape { observations: observation.flat_len(), actions: *n }),
            _ => Err(Unable(format!("{learner} learners act in Discrete action spaces only"))),
        }
    }

    /// Numbers that a network is given at each step.
    pub(super) fn inputs(self) -> usize {
        self.observations.saturating_add(self.actions).saturating_add(2)
    }
}

/// Some meta-parameters, and how they are drawn at first.
pub(super) struct Array {
    len: usize,
    mean: f32,
    /// Of the normal numbers that are added, none of which is more than two deviations away.
    deviation: f32,
}

impl Array {
    /// A matrix of weights, of deviation 1/sqrt(inputs).
    pub fn weights(inputs: usize, outputs: usize) -> Self {
        Self::normal(inputs.saturating_mul(outputs), 1.0 / (inputs.max(1) as f32).sqrt())
    }

    /// Numbers around 0.
    pub fn normal(len: usize, deviation: f32) -> Self {
        Array { len, mean: 0.0, deviation }
    }

    /// Numbers that are all the same.
    pub fn constant(len: usize, mean: f32) -> Self {
        Array { len, mean, deviation: 0.0 }
    }
}

/// Meta-parameters, cut up in the order of their arrays.
pub(super) struct Parts<'a>(pub &'a [f32]);

impl<'a> Parts<'a> {
    /// The next `len` numbers.
    pub fn next(&mut self, len: usize) -> &'a [f32] {
        let (part, rest) = self.0.split_at(len);
        self.0 = rest;
        part
    }
}

/// Writes [`Network::shape`] and [`Network::set_shape`] of a method that is made for one shape, which the fields
/// `observations` and `actions` of its settings say.
macro_rules! fixed_shape {
    () => {
        fn shape(&self) -> Option<Shape> {
            Some(Shape { observations: self.observations, actions: self.actions })
        }

        fn set_shape(&mut self, shape: Shape) {
            (self.observations, self.actions) = (shape.observations, shape.actions);
        }
    };
}

pub(super) use fixed_shape;

/// A method: what makes actions from what is perceived. Implemented by its settings.
pub(super) trait Network: Clone + Send + Sync + 'static {
    /// What a life changes, with the buffers that it needs.
    type Life: Send;
    /// Its name in configurations and tables.
    const NAME: &'static str;
    /// Whether it lives with any number of observations though not of actions.
    const ANY_OBSERVATIONS: bool = false;

    /// Whether its settings make sense.
    ///
    /// # Errors
    /// The one that does not, by name.
    fn check(&self) -> Result<(), Unable>;

    /// What it is made for; nothing where its meta-parameters do not depend on it. A number that is 0 is not known yet, or
    /// without meaning.
    fn shape(&self) -> Option<Shape>;

    /// Says what it is made for.
    fn set_shape(&mut self, shape: Shape);

    /// Its arrays of meta-parameters.
    fn arrays(&self) -> Vec<Array>;

    /// Room for a life.
    fn life(&self, shape: Shape) -> Self::Life;

    /// What a life has changed, as [`Learner::memory`] tells it; empty if it does not.
    fn memory(&self, life: &Self::Life) -> Vec<f32> {
        let _ = life;
        Vec::new()
    }

    /// By what observations and actions are multiplied before they come in.
    fn input_scale(&self) -> f32 {
        1.0
    }

    /// Numbers of a critic, which guesses what is still to come; 0 where there is none.
    fn critic_count(&self) -> usize {
        0
    }

    /// As [`MetaLearner::relive`]; nothing where there is no way back.
    fn relive<'a>(&self, parameters: &'a [f32], lives: &[&Record]) -> Option<Box<dyn Relived + 'a>> {
        let _ = (parameters, lives);
        None
    }

    /// Begins a life: nothing of the one before is left.
    fn begin(&self, theta: &[f32], life: &mut Self::Life, rng: &mut Rng);

    /// From what is perceived to logits.
    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]);
}

/// Whether a number of hidden units makes sense.
pub(super) fn check_hidden_size(hidden_size: usize) -> Result<(), Unable> {
    if (1..=MAX_HIDDEN).contains(&hidden_size) {
        return Ok(());
    }
    Err(Unable(format!("hidden_size is {hidden_size}: it must be 1 to {MAX_HIDDEN}")))
}

/// Makes learners of one method from meta-parameters.
pub(super) struct NetworkMetaLearner<N> {
    network: N,
    count: usize,
}

impl<N: Network> NetworkMetaLearner<N> {
    /// Checks the settings.
    ///
    /// # Errors
    /// A value out of range, by name; numbers of observations and actions that are needed and not known.
    pub fn new(network: N) -> Result<Self, Unable> {
        network.check()?;
        for (field, value) in
            network.shape().into_iter().flat_map(|s| [("observations", s.observations), ("actions", s.actions)])
        {
            if value == 0 && !(N::ANY_OBSERVATIONS && field == "observations") {
                let reason = "it must be at least 1, or the tasks that are trained on must say it";
                return Err(Unable(format!("{field} is 0: {reason}")));
            }
        }
        let count = network.arrays().iter().fold(0, |sum: usize, array| sum.saturating_add(array.len));
        if count > MAX_PARAMETERS {
            return Err(Unable(format!(
                "{} learners of this size have {count} meta-parameters: at most {MAX_PARAMETERS} are allowed, so \
                 hidden_size must be less",
                N::NAME
            )));
        }
        Ok(NetworkMetaLearner { network, count })
    }
}

impl<N: Network> MetaLearner for NetworkMetaLearner<N> {
    fn parameter_count(&self) -> usize {
        self.count
    }

    fn initialise(&self, rng: &mut Rng) -> Vec<f32> {
        let mut theta = Vec::with_capacity(self.count);
        for Array { len, mean, deviation } in self.network.arrays() {
            theta
                .extend((0..len).map(|_| mean + if deviation > 0.0 { deviation * truncated_normal(rng) } else { 0.0 }));
        }
        theta
    }

    fn learner(&self, theta: &[f32]) -> Result<Box<dyn Learner>, Unable> {
        check_count::<N>(self.count, theta)?;
        Ok(Box::new(NetworkLearner { network: self.network.clone(), theta: theta.into(), life: None }))
    }

    fn critic_count(&self) -> usize {
        self.network.critic_count()
    }

    fn relive<'a>(&'a self, parameters: &'a [f32], lives: &[&Record]) -> Result<Box<dyn Relived + 'a>, Unable> {
        lives.iter().try_for_each(|record| record.check_draws())?;
        let no_way_back = || Unable(format!("{} learners have no way back: use evolution strategies", N::NAME));
        self.network.relive(parameters, lives).ok_or_else(no_way_back)
    }
}

/// Whether `theta` has as many numbers as there are meta-parameters.
fn check_count<N: Network>(count: usize, theta: &[f32]) -> Result<(), Unable> {
    if theta.len() == count {
        return Ok(());
    }
    let (name, found) = (N::NAME, theta.len());
    Err(Unable(format!("this {name} learner has {count} meta-parameters, {found} were given")))
}

/// A network, living.
struct NetworkLearner<N: Network> {
    network: N,
    theta: Arc<[f32]>,
    life: Option<Life<N::Life>>,
}

/// What belongs to one life.
struct Life<L> {
    shape: Shape,
    network: L,
    /// What the network is given.
    input: Vec<f32>,
    /// Logits, and after an action its probabilities.
    logits: Vec<f32>,
    action: usize,
    acted: bool,
    /// Whether the environment has told what is right.
    supervised: bool,
}

impl<N: Network> NetworkLearner<N> {
    /// Whether it can live where there are so many observations and actions.
    fn check_shape(&self, here: Shape) -> Result<(), Unable> {
        let name = N::NAME;
        match self.network.shape() {
            Some(own) if N::ANY_OBSERVATIONS && own.actions != here.actions => Err(Unable(format!(
                "this {name} learner was made for {} actions, here are {}",
                own.actions, here.actions
            ))),
            Some(own) if !N::ANY_OBSERVATIONS && own != here => Err(Unable(format!(
                "this {name} learner was made for {} observations and {} actions, here are {} and {}",
                own.observations, own.actions, here.observations, here.actions
            ))),
            _ => Ok(()),
        }
    }
}

impl<N: Network> Learner for NetworkLearner<N> {
    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        let shape = Shape::of(observation, action, N::NAME)?;
        self.check_shape(shape)?;
        if self.life.as_ref().is_none_or(|life| life.shape != shape) {
            self.life = Some(Life {
                shape,
                network: self.network.life(shape),
                input: vec![0.0; shape.inputs()],
                logits: vec![0.0; shape.actions],
                action: 0,
                acted: false,
                supervised: false,
            });
        }
        if let Some(life) = &mut self.life {
            life.input.fill(0.0);
            (life.acted, life.supervised) = (false, false);
            self.network.begin(&self.theta, &mut life.network, rng);
        }
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let life = self.life.as_mut().ok_or_else(|| Unable("no life has begun".into()))?;
        let seen = &mut life.input[..life.shape.observations];
        seen.copy_from_slice(percept.observation);
        seen.iter_mut().for_each(|x| *x *= self.network.input_scale());
        if let Some(begins) = life.input.last_mut() {
            *begins = flag(percept.episode_begins);
        }
        self.network.step(&self.theta, &mut life.network, &life.input, &mut life.logits);
        if let Some(bad) = life.logits.iter().find(|logit| !logit.is_finite()) {
            return Err(Unable(format!("the network's output is {bad}")));
        }
        life.action = if life.supervised {
            greatest(&life.logits)
        } else {
            softmax(&mut life.logits);
            draw(&life.logits, rng.random())
        };
        life.acted = true;
        Ok(Action::Discrete(life.action))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        let Some(life) = self.life.as_mut().filter(|life| life.acted) else { return };
        let Shape { observations, actions } = life.shape;
        life.supervised = feedback.target.is_some();
        let told = feedback.target.unwrap_or(life.action);
        let action = &mut life.input[observations..observations + actions];
        write_one_hot(action, told);
        action[told] = self.network.input_scale();
        life.input[observations + actions] = feedback.reward as f32;
    }

    fn memory(&self) -> Vec<f32> {
        let Some(life) = &self.life else { return Vec::new() };
        let mut memory = self.network.memory(&life.network);
        if !memory.is_empty() {
            // What it has been told, and will take in with the next observation.
            memory.extend_from_slice(&life.input[life.shape.observations..]);
        }
        memory
    }

    fn change_theta(&mut self, theta: &[f32]) -> Result<(), Unable> {
        check_count::<N>(self.theta.len(), theta)?;
        self.theta = theta.into();
        Ok(())
    }
}

/// A standard normal number, drawn again until it lies within two deviations.
fn truncated_normal(rng: &mut Rng) -> f32 {
    loop {
        let x: f32 = rng.sample(StandardNormal);
        if x.abs() <= 2.0 {
            return x;
        }
    }
}
