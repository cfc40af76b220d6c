//! A theta for each agent: what sharing one is held against.
//!
//! In a team whose learners share theta, what one of them finds out in meta-training is there for all, and any number of
//! agents can be made of it. Here agent i lives with meta-parameters of its own, part i of theta, as independent learners do
//! that are trained together (Tan 1993, *Multi-Agent Reinforcement Learning: Independent vs. Cooperative Agents*). They can
//! become different from each other, there are as many times more of them to be found, and there is none for an agent that
//! was not there in training.

use super::network::Shape;
use super::{Kind, LearnerConfig};
use crate::learner::{LayerMessages, Learner, MetaLearner, Unable, Voice};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vsml_core::Kernel;
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// The configuration of learners with meta-parameters of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeparateConfig {
    /// How many agents there are; 1 to 1000.
    pub agents: usize,
    /// What each of them is.
    pub of: Box<LearnerConfig>,
}

impl Default for SeparateConfig {
    fn default() -> Self {
        SeparateConfig { agents: 2, of: Box::new(LearnerConfig::Vsml(crate::vsml::VsmlConfig::default())) }
    }
}

impl Kind for SeparateConfig {
    fn name(&self) -> &'static str {
        "separate"
    }
    fn shape(&self) -> Option<Shape> {
        self.of.kind().shape()
    }
    fn any_observations(&self) -> bool {
        self.of.kind().any_observations()
    }
    fn set_shape(&mut self, shape: Shape) {
        self.of.kind_mut().set_shape(shape);
    }
    fn meta_learner(&self, kernel: Kernel) -> Result<Box<dyn MetaLearner>, Unable> {
        if !(1..=1000).contains(&self.agents) {
            return Err(Unable(format!("agents is {}: it must be 1 to 1000", self.agents)));
        }
        let of: Arc<dyn MetaLearner> = Arc::from(self.of.meta_learner(kernel)?);
        Ok(Box::new(Separate { agents: self.agents, of }))
    }
}

/// Makes learners from the parts of theta.
struct Separate {
    agents: usize,
    of: Arc<dyn MetaLearner>,
}

impl MetaLearner for Separate {
    fn parameter_count(&self) -> usize {
        self.agents * self.of.parameter_count()
    }

    fn initialise(&self, rng: &mut Rng) -> Vec<f32> {
        (0..self.agents).flat_map(|_| self.of.initialise(rng)).collect()
    }

    fn learner(&self, theta: &[f32]) -> Result<Box<dyn Learner>, Unable> {
        if theta.len() != self.parameter_count() {
            let (found, expected) = (theta.len(), self.parameter_count());
            return Err(Unable(format!("{found} meta-parameters instead of {expected}")));
        }
        let thetas = theta.chunks_exact(self.of.parameter_count());
        let seats = thetas.map(|theta| self.of.learner(theta)).collect::<Result<_, _>>()?;
        Ok(Box::new(SeparateLearner { seats, seat: 0 }))
    }
}

/// One that is told its seat, and is then whoever belongs there.
struct SeparateLearner {
    seats: Vec<Box<dyn Learner>>,
    seat: usize,
}

impl Learner for SeparateLearner {
    fn join(&mut self, agent: usize, agents: usize) -> Result<(), Unable> {
        if agents > self.seats.len() {
            let own = self.seats.len();
            return Err(Unable(format!("there are {agents} agents, and meta-parameters for {own}")));
        }
        self.seat = agent;
        self.seats[agent].join(agent, agents)
    }

    fn voice(&mut self) -> Option<&mut dyn Voice> {
        self.seats[self.seat].voice()
    }

    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        self.seats[self.seat].begin(observation, action, rng)
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.seats[self.seat].act(percept, rng)
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.seats[self.seat].feedback(feedback);
    }

    fn memory(&self) -> Vec<f32> {
        self.seats[self.seat].memory()
    }

    fn messages(&self) -> Option<Vec<LayerMessages>> {
        self.seats[self.seat].messages()
    }

    fn change_theta(&mut self, theta: &[f32]) -> Result<(), Unable> {
        let count = self.seats.len();
        if !theta.len().is_multiple_of(count) {
            return Err(Unable(format!("{} meta-parameters are not the same number for {count} agents", theta.len())));
        }
        let thetas = theta.chunks_exact((theta.len() / count).max(1));
        self.seats.iter_mut().zip(thetas).try_for_each(|(learner, theta)| learner.change_theta(theta))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::team::live_together;
    use vsml_envs::{LifetimeKey, Registry, Split, stream};

    #[test]
    fn each_agent_lives_with_its_own_part() {
        let config = SeparateConfig { agents: 2, ..SeparateConfig::default() };
        let (meta_learner, one) =
            (config.meta_learner(Kernel::Scalar).unwrap(), config.of.meta_learner(Kernel::Scalar).unwrap());
        let theta = meta_learner.initialise(&mut stream(1, "initialise", &[]));
        let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
        let rewards = |mut learners: Vec<Box<dyn Learner>>| {
            let mut life = Registry::builtin().make_team("Chicken-v0").unwrap().begin(&key).unwrap();
            live_together(&mut learners, &mut life, &key, |_| {}).unwrap()
        };
        let parts: Vec<&[f32]> = theta.chunks(one.parameter_count()).collect();
        assert_ne!(parts[0], parts[1]);
        let expected = rewards(parts.iter().map(|part| one.learner(part).unwrap()).collect());
        let separate = || (0..2).map(|_| meta_learner.learner(&theta).unwrap()).collect();
        assert_eq!(rewards(separate()), expected);
        let swapped = rewards(parts.iter().rev().map(|part| one.learner(part).unwrap()).collect());
        assert_ne!(swapped, expected);
    }

    #[test]
    fn there_is_nobody_for_a_seat_that_was_not_there() {
        let meta_learner = SeparateConfig::default().meta_learner(Kernel::Scalar).unwrap();
        let theta = meta_learner.initialise(&mut stream(1, "initialise", &[]));
        let error = meta_learner.learner(&theta).unwrap().join(0, 3).unwrap_err();
        assert!(error.0.contains("3 agents, and meta-parameters for 2"), "{error}");
        assert!(meta_learner.learner(&theta[1..]).is_err());
        let none = SeparateConfig { agents: 0, ..SeparateConfig::default() };
        assert!(none.meta_learner(Kernel::Scalar).err().unwrap().0.contains("agents is 0"));
    }
}
