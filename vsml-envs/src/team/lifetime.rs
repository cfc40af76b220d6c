//! A lifetime of a team: what its learners live through together on one task.
//!
//! As in a [`Lifetime`](crate::Lifetime), the environment is reset when an episode ends, and the learners never are; nonsense
//! ends the lifetime with a [`Fault`] that names the agent. An episode is over when that of every agent is. Whoever comes to the
//! end before the others perceives nothing and is not asked, until the next one begins.

use super::{Observations, TeamDistribution, TeamEnvironment, observation_buffers};
use crate::lifetime::guard;
use crate::tabular::Table;
use crate::{Action, Fault, Feedback, LifetimeKey, LifetimeLength, MAX_EPISODE_STEPS, Percept, Rng, Space, Step};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// One agent, as others see it.
struct Agent {
    name: String,
    observation_space: Space,
    action_space: Space,
}

/// One task, lived through by several.
///
/// ```
/// use vsml_envs::{Action, LifetimeKey, Registry, Split};
///
/// let games = Registry::builtin().make_team("PrisonersDilemma-v0:steps=10").unwrap();
/// let key = LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime: 0 };
/// let mut life = games.begin(&key).unwrap();
/// while !life.is_over() {
///     let betray = Some(Action::Discrete(1));
///     let told = life.step(&[betray, betray]).unwrap();
///     assert_eq!(told[0].unwrap().reward, -2.0);
/// }
/// ```
pub struct TeamLifetime {
    environment: Box<dyn TeamEnvironment>,
    rng: Rng,
    length: LifetimeLength,
    agents: Vec<Agent>,
    observations: Box<Observations>,
    answers: Vec<Step>,
    feedback: Vec<Option<Feedback>>,
    /// What would have been right.
    targets: Vec<Option<usize>>,
    alive: Vec<bool>,
    episode_begins: bool,
    steps: u64,
    episodes: u64,
    episode_steps: u64,
}

impl TeamLifetime {
    /// Begins a lifetime: checks names and spaces and resets the environment.
    ///
    /// # Errors
    /// What the environment does wrong on the way.
    pub fn begin(environment: Box<dyn TeamEnvironment>, length: LifetimeLength, rng: Rng) -> Result<Self, Fault> {
        let names = guard("agents", || environment.agents())?;
        let distinct: BTreeSet<&String> = names.iter().collect();
        if names.is_empty() || distinct.len() != names.len() {
            return Err(Fault::Space(format!("a team needs agents, all of different names, not {names:?}")));
        }
        let mut agents = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let (observation_space, action_space) =
                guard("spaces", || (environment.observation_space(index), environment.action_space(index)))?;
            for (what, space) in [("observation", &observation_space), ("action", &action_space)] {
                if let Some(fault) = space.fault() {
                    return Err(Fault::Space(format!("{what} space: {fault}")).of_agent(&name));
                }
            }
            agents.push(Agent { name, observation_space, action_space });
        }
        let mut lifetime = TeamLifetime {
            observations: guard("spaces", || observation_buffers(&*environment))?,
            answers: vec![Step::going_on(0.0); agents.len()],
            feedback: vec![None; agents.len()],
            targets: vec![None; agents.len()],
            alive: vec![true; agents.len()],
            environment,
            rng,
            length,
            agents,
            episode_begins: true,
            steps: 0,
            episodes: 0,
            episode_steps: 0,
        };
        lifetime.reset()?;
        Ok(lifetime)
    }

    /// How many agents there are.
    #[allow(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// The name of an agent.
    ///
    /// # Panics
    /// If there is none of that number; so do the following.
    pub fn name(&self, agent: usize) -> &str {
        &self.agents[agent].name
    }

    /// What an agent's observations look like.
    pub fn observation_space(&self, agent: usize) -> &Space {
        &self.agents[agent].observation_space
    }

    /// What actions an agent has.
    pub fn action_space(&self, agent: usize) -> &Space {
        &self.agents[agent].action_space
    }

    /// What an agent sees now; nothing where its episode has ended and the others' have not.
    pub fn percept(&self, agent: usize) -> Option<Percept<'_>> {
        let percept = Percept { observation: &self.observations[agent], episode_begins: self.episode_begins };
        self.alive[agent].then_some(percept)
    }

    /// Acts for all, and resets the environment if that ended the episode. There is feedback for everybody who acted.
    ///
    /// # Errors
    /// A fault ends the lifetime: step no further, drop it.
    ///
    /// # Panics
    /// If there is not one action, or none, for every agent.
    pub fn step(&mut self, actions: &[Option<Action<'_>>]) -> Result<&[Option<Feedback>], Fault> {
        assert_eq!(actions.len(), self.len(), "an action, or none, for every agent");
        for (agent, (action, alive)) in self.agents.iter().zip(actions.iter().zip(&self.alive)) {
            let right = action.map_or(!alive, |action| *alive && agent.action_space.contains(action));
            if !right {
                let action = action.map_or("none".into(), |action| format!("{action:?}"));
                return Err(Fault::Action(action).of_agent(&agent.name));
            }
        }
        guard("step", || {
            self.environment.step(actions, &mut self.rng, &mut self.observations, &mut self.answers);
        })?;
        self.check_observations("step")?;
        guard("target", || {
            for (agent, target) in self.targets.iter_mut().enumerate() {
                *target = self.environment.target(agent);
            }
        })?;
        for index in 0..self.len() {
            self.feedback[index] = None;
            if !self.alive[index] {
                continue;
            }
            let (agent, Step { reward, terminated, truncated }) = (&self.agents[index], self.answers[index]);
            if !reward.is_finite() {
                return Err(Fault::Reward(reward).of_agent(&agent.name));
            }
            let target = self.targets[index];
            if let Some(target) = target.filter(|&target| !agent.action_space.contains(Action::Discrete(target))) {
                return Err(Fault::Target { target, space: agent.action_space.clone() }.of_agent(&agent.name));
            }
            self.alive[index] = !self.answers[index].ended();
            self.feedback[index] = Some(Feedback { reward, terminated, truncated, target });
        }
        self.steps += 1;
        self.episode_steps += 1;
        self.episode_begins = false;
        if !self.alive.contains(&true) {
            self.episodes += 1;
            if !self.is_over() {
                self.reset()?;
            }
        } else if self.episode_steps >= MAX_EPISODE_STEPS && matches!(self.length, LifetimeLength::Episodes(_)) {
            return Err(Fault::Endless);
        }
        Ok(&self.feedback)
    }

    /// Whether the lifetime has been lived to its end.
    pub fn is_over(&self) -> bool {
        match self.length {
            LifetimeLength::Steps(n) => self.steps >= n,
            LifetimeLength::Episodes(n) => self.episodes >= n,
        }
    }

    /// How long it is meant to be.
    pub fn length(&self) -> LifetimeLength {
        self.length
    }

    /// Steps taken so far, all agents at once.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Episodes finished so far.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// As [`Lifetime::expected_rewards`](crate::Lifetime::expected_rewards), of an agent.
    ///
    /// # Errors
    /// As there.
    pub fn expected_rewards(&self, agent: usize) -> Result<Option<&[f64]>, Fault> {
        let expected = guard("expected_rewards", || self.environment.expected_rewards(agent))?;
        match expected.and_then(|expected| expected.iter().find(|reward| !reward.is_finite())) {
            Some(&reward) => Err(Fault::Reward(reward).of_agent(self.name(agent))),
            None => Ok(expected),
        }
    }

    /// As [`Lifetime::table`](crate::Lifetime::table), of a team of one.
    ///
    /// # Errors
    /// As there.
    pub fn table(&self) -> Result<Option<&Table>, Fault> {
        guard("table", || self.environment.table())
    }

    /// The world, for pictures.
    pub fn environment(&self) -> &dyn TeamEnvironment {
        &*self.environment
    }

    fn reset(&mut self) -> Result<(), Fault> {
        guard("reset", || self.environment.reset(&mut self.rng, &mut self.observations))?;
        self.alive.fill(true);
        self.check_observations("reset")?;
        self.episode_begins = true;
        self.episode_steps = 0;
        Ok(())
    }

    /// Looks at what those see who are in the episode, and were when it was written.
    fn check_observations(&self, place: &'static str) -> Result<(), Fault> {
        for (index, agent) in self.agents.iter().enumerate().filter(|(index, _)| self.alive[*index]) {
            let observation = &self.observations[index];
            if let Some(index) = observation.iter().position(|x| !x.is_finite()) {
                return Err(Fault::Observation { place, index, value: observation[index] }.of_agent(&agent.name));
            }
            let expected = agent.observation_space.flat_len();
            if observation.len() != expected {
                let fault = format!("the observation has {} numbers after {place}, not {expected}", observation.len());
                return Err(Fault::Space(fault).of_agent(&agent.name));
            }
        }
        Ok(())
    }
}

/// A named source of lifetimes of teams: what an id of the [registry](crate::Registry) stands for.
#[derive(Clone)]
pub struct TeamTasks {
    /// The id with its parameters, as it was asked for.
    pub id: String,
    /// How long each lifetime is.
    pub length: LifetimeLength,
    /// Where the tasks come from.
    pub distribution: Arc<dyn TeamDistribution>,
}

impl TeamTasks {
    /// Draws the task of `key` and begins a lifetime on it.
    ///
    /// # Errors
    /// What the distribution or the environment does wrong on the way.
    pub fn begin(&self, key: &LifetimeKey) -> Result<TeamLifetime, Fault> {
        TeamLifetime::begin(self.sample(key)?, self.length, key.stream("environment"))
    }

    /// Draws the task of `key`.
    ///
    /// # Errors
    /// If the distribution panics.
    pub fn sample(&self, key: &LifetimeKey) -> Result<Box<dyn TeamEnvironment>, Fault> {
        guard("the task distribution", || self.distribution.sample(&mut key.stream("task")))
    }
}

impl fmt::Debug for TeamTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TeamTasks({}, {})", self.id, self.length)
    }
}
