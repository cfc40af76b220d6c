//! One agent as a team, a team of one as an environment, and one agent of a team as the only one that learns.

use super::{Observations, TeamEnvironment};
use crate::picture::Picture;
use crate::tabular::Table;
use crate::{Action, Environment, OwnedAction, Rng, Space, Step};
use smallvec::SmallVec;

/// The name of an agent that is alone.
const NAME: &str = "agent";

/// An environment as a team of one, whose name is `agent`.
///
/// ```
/// use vsml_envs::team::{Alone, Sole, TeamEnvironment};
/// use vsml_envs::{BernoulliBandit, Environment};
///
/// let team = Alone(BernoulliBandit::new(vec![0.2, 0.7]).unwrap());
/// assert_eq!(team.agents(), ["agent"]);
/// let again = Sole::new(Box::new(team)).ok().unwrap();
/// assert_eq!(again.expected_rewards(), Some([0.2, 0.7].as_slice()));
/// ```
#[derive(Clone, Debug)]
pub struct Alone<E>(pub E);

impl<E: Environment + Clone> TeamEnvironment for Alone<E> {
    fn agents(&self) -> Vec<String> {
        vec![NAME.into()]
    }

    fn observation_space(&self, _: usize) -> Space {
        self.0.observation_space()
    }

    fn action_space(&self, _: usize) -> Space {
        self.0.action_space()
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.0.reset(rng, &mut observations[0]);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        if let Some(action) = actions[0] {
            steps[0] = self.0.step(action, rng, &mut observations[0]);
        }
    }

    fn expected_rewards(&self, _: usize) -> Option<&[f64]> {
        self.0.expected_rewards()
    }

    fn target(&self, _: usize) -> Option<usize> {
        self.0.target()
    }

    fn table(&self) -> Option<&Table> {
        self.0.table()
    }

    fn picture(&self) -> Option<Picture> {
        self.0.picture()
    }
}

/// A team of one as an environment.
#[derive(Clone)]
pub struct Sole {
    team: Box<dyn TeamEnvironment>,
    observations: Box<Observations>,
}

impl Sole {
    /// The environment of the only agent of `team`.
    ///
    /// # Errors
    /// Gives the team back if it has not exactly one agent.
    pub fn new(team: Box<dyn TeamEnvironment>) -> Result<Self, Box<dyn TeamEnvironment>> {
        if team.agents().len() != 1 {
            return Err(team);
        }
        let observations = super::observation_buffers(&*team);
        Ok(Sole { team, observations })
    }
}

impl Environment for Sole {
    fn observation_space(&self) -> Space {
        self.team.observation_space(0)
    }

    fn action_space(&self) -> Space {
        self.team.action_space(0)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.team.reset(rng, &mut self.observations);
        observation.copy_from_slice(&self.observations[0]);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let mut steps = [Step::going_on(0.0)];
        self.team.step(&[Some(action)], rng, &mut self.observations, &mut steps);
        observation.copy_from_slice(&self.observations[0]);
        steps[0]
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        self.team.expected_rewards(0)
    }

    fn target(&self) -> Option<usize> {
        self.team.target(0)
    }

    fn table(&self) -> Option<&Table> {
        self.team.table()
    }

    fn picture(&self) -> Option<Picture> {
        self.team.picture()
    }
}

/// A team as one of its agents meets it, while the others act at random.
///
/// For that agent it is an environment like any other, in which its partners are part of what it does not know. Its episode
/// is over when its own is; the others' play on is not lived.
#[derive(Clone)]
pub struct Seat {
    team: Box<dyn TeamEnvironment>,
    agent: usize,
    spaces: Vec<Space>,
    actions: Vec<OwnedAction>,
    observations: Box<Observations>,
    steps: Vec<Step>,
}

impl Seat {
    /// The seat of agent number `agent`.
    ///
    /// # Panics
    /// If there is none of that number.
    pub fn new(team: Box<dyn TeamEnvironment>, agent: usize) -> Self {
        let spaces: Vec<Space> = (0..team.agents().len()).map(|agent| team.action_space(agent)).collect();
        assert!(agent < spaces.len(), "agent {agent} of {}", spaces.len());
        Seat {
            agent,
            actions: spaces.iter().map(Space::zero).collect(),
            steps: vec![Step::going_on(0.0); spaces.len()],
            observations: super::observation_buffers(&*team),
            spaces,
            team,
        }
    }
}

impl Environment for Seat {
    fn observation_space(&self) -> Space {
        self.team.observation_space(self.agent)
    }

    fn action_space(&self) -> Space {
        self.spaces[self.agent].clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.steps.fill(Step::going_on(0.0));
        self.team.reset(rng, &mut self.observations);
        observation.copy_from_slice(&self.observations[self.agent]);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        for (space, action) in self.spaces.iter().zip(&mut self.actions) {
            space.sample_into(rng, action);
        }
        let alive = self.steps.iter().map(|step| !step.ended());
        let mut actions: SmallVec<[Option<Action<'_>>; 8]> =
            self.actions.iter().zip(alive).map(|(action, alive)| alive.then(|| action.borrow())).collect();
        actions[self.agent] = Some(action);
        // Those who have ended stay so, whatever is written for them.
        let ended: SmallVec<[bool; 8]> = self.steps.iter().map(Step::ended).collect();
        self.team.step(&actions, rng, &mut self.observations, &mut self.steps);
        for (step, _) in self.steps.iter_mut().zip(&ended).filter(|(_, ended)| **ended) {
            step.terminated = true;
        }
        observation.copy_from_slice(&self.observations[self.agent]);
        self.steps[self.agent]
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        self.team.expected_rewards(self.agent)
    }

    fn target(&self) -> Option<usize> {
        self.team.target(self.agent)
    }

    fn picture(&self) -> Option<Picture> {
        self.team.picture()
    }
}
