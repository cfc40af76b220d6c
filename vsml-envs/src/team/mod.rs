//! Several agents in one world.
//!
//! A [`TeamEnvironment`] is to several agents what an [`Environment`](crate::Environment) is to one, after PettingZoo's
//! parallel convention (Terry et al. 2021, arXiv 2009.14471): all agents see and act at the same time, each has spaces and
//! rewards of its own, and an agent's episode may end before the others' does. Who is in it never changes: agents have names
//! and numbers, and whoever has come to the end is not asked any more until the next reset.
//!
//! Around it there is what there is around an environment: [`TeamDistribution`]s draw tasks, a [`TeamLifetime`] resets and
//! keeps nonsense out, ids are made by [`Registry::make_team`](crate::Registry::make_team), and some [`wrappers`] serve teams
//! too. One agent is a team as well: [`Alone`] makes a team of an environment and [`Sole`] an environment of a team of one, and
//! nothing is lost on the way. A [`Seat`] is the environment that a team is for one of its agents.

mod around;
pub mod check;
pub mod coin_game;
pub mod foraging;
pub mod guessing_team;
mod lifetime;
pub mod matrix_game;
pub mod particles;
pub mod payoffs;
pub mod simple_spread;
pub mod simple_tag;
mod single;
pub mod switch_riddle;
pub mod wrappers;

pub(crate) use around::{AllAlone, seats, wrap};
pub use lifetime::{TeamLifetime, TeamTasks};
pub use single::{Alone, Seat, Sole};

use crate::picture::Picture;
use crate::tabular::Table;
use crate::{Action, LifetimeLength, Registry, RegistryError, Rng, Space, Step};
use dyn_clone::DynClone;
use guessing_team::GuessingTeams;
use matrix_game::{GivenGame, MatrixGames};
use serde::Serialize;
use serde::de::DeserializeOwned;
use simple_spread::SimpleSpreads;
use simple_tag::SimpleTags;

/// What the agents see: the flat observation of each, in the order of the agents.
pub type Observations = [Box<[f32]>];

/// A decision problem of several agents: one task.
///
/// ```
/// use vsml_envs::team::{Observations, TeamEnvironment};
/// use vsml_envs::{Action, Rng, Space, Step};
///
/// /// Two agents who see nothing are paid if they say the same.
/// #[derive(Clone)]
/// struct Agree;
///
/// impl TeamEnvironment for Agree {
///     fn agents(&self) -> Vec<String> {
///         vec!["left".into(), "right".into()]
///     }
///     fn observation_space(&self, _: usize) -> Space {
///         Space::uniform_box(1.0, 1.0, 1) // nothing to see: a constant
///     }
///     fn action_space(&self, _: usize) -> Space {
///         Space::discrete(2)
///     }
///     fn reset(&mut self, _: &mut Rng, observations: &mut Observations) {
///         observations.iter_mut().for_each(|observation| observation[0] = 1.0);
///     }
///     fn step(&mut self, actions: &[Option<Action<'_>>], _: &mut Rng, _: &mut Observations, steps: &mut [Step]) {
///         let reward = if actions[0] == actions[1] { 1.0 } else { 0.0 };
///         steps.fill(Step::going_on(reward));
///     }
/// }
/// ```
pub trait TeamEnvironment: Send + DynClone {
    /// Who takes part: a name for each agent, all different. The same for the whole life of the value.
    fn agents(&self) -> Vec<String>;

    /// What the observations of agent number `agent` look like. The same for the whole life of the value.
    fn observation_space(&self, agent: usize) -> Space;

    /// What actions agent number `agent` has. The same for the whole life of the value.
    fn action_space(&self, agent: usize) -> Space;

    /// Starts an episode for all agents and writes their first observations, flat. Buffers hold whatever was in them before.
    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations);

    /// Carries out the actions of all agents at once, and writes for each what it sees then and what it is answered. An
    /// agent whose episode has ended has no action, and what is written for it does not matter. Observations that do not
    /// change may be left as they are. Not called between the end of the last agent's episode and the next reset.
    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    );

    /// As [`Environment::expected_rewards`](crate::Environment::expected_rewards), of an agent, where what the others do makes
    /// no difference.
    fn expected_rewards(&self, agent: usize) -> Option<&[f64]> {
        let _ = agent;
        None
    }

    /// As [`Environment::target`](crate::Environment::target), of an agent, whether or not it acted.
    fn target(&self, agent: usize) -> Option<usize> {
        let _ = agent;
        None
    }

    /// As [`Environment::table`](crate::Environment::table), of a team of one.
    fn table(&self) -> Option<&Table> {
        None
    }

    /// What the world looks like now, for people.
    fn picture(&self) -> Option<Picture> {
        None
    }
}

dyn_clone::clone_trait_object!(TeamEnvironment);

/// Where tasks for teams come from. Any `Fn(&mut Rng) -> impl TeamEnvironment` is one.
pub trait TeamDistribution: Send + Sync {
    /// Draws a task: all that distinguishes it from its siblings comes from `rng`.
    fn sample(&self, rng: &mut Rng) -> Box<dyn TeamEnvironment>;
}

impl<F, E> TeamDistribution for F
where
    F: Fn(&mut Rng) -> E + Send + Sync,
    E: TeamEnvironment + 'static,
{
    fn sample(&self, rng: &mut Rng) -> Box<dyn TeamEnvironment> {
        Box::new(self(rng))
    }
}

/// A family of task distributions for teams: as [`Family`](crate::Family).
pub trait TeamFamily: TeamDistribution + Clone + Serialize + DeserializeOwned + 'static {
    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    fn check(&self) -> Result<(), String>;
}

/// Buffers for what the agents of `environment` see, all 0.
pub fn observation_buffers(environment: &dyn TeamEnvironment) -> Box<Observations> {
    let agents = 0..environment.agents().len();
    agents.map(|agent| vec![0.0; environment.observation_space(agent).flat_len()].into()).collect()
}

/// Registers the worlds of several agents.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    let games = [
        ("PrisonersDilemma-v0", "to betray pays, unless the other does too", GivenGame::prisoners_dilemma()),
        ("MatchingPennies-v0", "one wants to do the same, the other wants the opposite", GivenGame::matching_pennies()),
        ("Chicken-v0", "who gives way loses little, if nobody does both lose all", GivenGame::chicken()),
        ("StagHunt-v0", "together a stag, alone a hare", GivenGame::stag_hunt()),
        ("BattleOfTheSexes-v0", "better together, but where?", GivenGame::battle_of_the_sexes()),
        ("RockPaperScissors-v0", "each beats one and loses to one", GivenGame::rock_paper_scissors()),
    ];
    for (id, summary, games) in games {
        registry.register_team_family(id, summary, LifetimeLength::Steps(100), games)?;
    }
    let drawn = "any two players, any payoffs, drawn for each task";
    registry.register_team_family("MatrixGame-v0", drawn, LifetimeLength::Steps(100), MatrixGames::default())?;
    registry.register_team_family(
        "CoinGame-v0",
        "coins of two colours: to take all pays, unless the other does too",
        LifetimeLength::Episodes(10),
        coin_game::CoinGames::default(),
    )?;
    registry.register_team_family(
        "SwitchRiddle-v0",
        "prisoners who can leave each other one bit: when have all been in the room?",
        LifetimeLength::Episodes(100),
        switch_riddle::SwitchRiddles::default(),
    )?;
    registry.register_team_family(
        "Foraging-v0",
        "food that is taken by who is strong enough, alone or together",
        LifetimeLength::Episodes(20),
        foraging::Foraging::default(),
    )?;
    let length = LifetimeLength::Steps(100);
    let spread = "as many places as agents: each is to be covered by somebody";
    registry.register_team_family("SimpleSpread-v0", spread, length, SimpleSpreads::default())?;
    let tag = "slow chasers after a runner who is faster than any of them";
    registry.register_team_family("SimpleTag-v0", tag, length, SimpleTags::default())?;
    let guessing = "a hidden vector guessed together, and one error for all";
    registry.register_team_family("GuessingTeam-v0", guessing, length, GuessingTeams::default())?;
    Ok(())
}
