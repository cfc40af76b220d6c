//! A theta for each agent: what sharing one is held against.
//!
//! In a team whose learners share theta, what one of them finds out in meta-training is there for all, and any number of
//! agents can be made of it. Here agent i lives with meta-parameters of its own, part i of theta, as independent learners do
//! that are trained together (Tan 1993, *Multi-Agent Reinforcement Learning: Independent vs. Cooperative Agents*). They can
//! become different from each other, there are as many times more of them to be found, and there is none for an agent that
//! was not there in training.

use super::network::{MAX_PARAMETERS, Shape};
use super::{Kind, LearnerConfig};
use crate::learner::{LayerMessages, Learner, MetaLearner, Unable, Voice};
use serde::{Deserialize, Serialize};
use std::ops::Range;
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
        if self.agents.checked_mul(of.parameter_count()).is_none_or(|count| count > MAX_PARAMETERS) {
            let (agents, each) = (self.agents, of.parameter_count());
            return Err(Unable(format!(
                "{agents} agents of {each} meta-parameters each: at most {MAX_PARAMETERS} in all are allowed"
            )));
        }
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
        Ok(Box::new(SeparateLearner::new(theta.into(), self.of.clone(), self.agents)?))
    }
}

/// One that is told its seat, and is then whoever belongs there.
struct SeparateLearner {
    /// All agents', one part after the other; siblings share it.
    theta: Arc<[f32]>,
    of: Arc<dyn MetaLearner>,
    agents: usize,
    seat: usize,
    /// Who belongs in this seat.
    own: Box<dyn Learner>,
}

impl SeparateLearner {
    fn new(theta: Arc<[f32]>, of: Arc<dyn MetaLearner>, agents: usize) -> Result<Self, Unable> {
        let own = of.learner(&theta[part(&theta, agents, 0)])?;
        Ok(SeparateLearner { theta, of, agents, seat: 0, own })
    }
}

/// Where the part of this seat lies.
fn part(theta: &[f32], agents: usize, seat: usize) -> Range<usize> {
    let len = theta.len() / agents;
    seat * len..(seat + 1) * len
}

impl Learner for SeparateLearner {
    fn sibling(&self) -> Option<Box<dyn Learner>> {
        Some(Box::new(SeparateLearner::new(self.theta.clone(), self.of.clone(), self.agents).ok()?))
    }

    fn join(&mut self, agent: usize, agents: usize) -> Result<(), Unable> {
        if agents > self.agents {
            return Err(Unable(format!("there are {agents} agents, and meta-parameters for {}", self.agents)));
        }
        if agent != self.seat {
            self.own = self.of.learner(&self.theta[part(&self.theta, self.agents, agent)])?;
            self.seat = agent;
        }
        self.own.join(agent, agents)
    }

    fn voice(&mut self) -> Option<&mut dyn Voice> {
        self.own.voice()
    }

    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        self.own.begin(observation, action, rng)
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.own.act(percept, rng)
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.own.feedback(feedback);
    }

    fn memory(&self) -> Vec<f32> {
        self.own.memory()
    }

    fn messages(&self) -> Option<Vec<LayerMessages>> {
        self.own.messages()
    }

    fn change_theta(&mut self, theta: &[f32]) -> Result<(), Unable> {
        if theta.len() != self.theta.len() {
            return Err(Unable(format!("{} meta-parameters instead of {}", theta.len(), self.theta.len())));
        }
        self.own.change_theta(&theta[part(theta, self.agents, self.seat)])?;
        self.theta = theta.into();
        Ok(())
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
        let inner = SeparateConfig { agents: 1000, ..SeparateConfig::default() };
        let many = SeparateConfig { agents: 1000, of: Box::new(LearnerConfig::Separate(inner)) };
        assert!(many.meta_learner(Kernel::Scalar).err().unwrap().0.contains("1000 agents of 3600000 meta-parameters"));
    }
}
