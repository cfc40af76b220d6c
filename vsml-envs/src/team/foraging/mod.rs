//! Level-based foraging: who is too weak alone has to meet others at the right place and time.
//!
//! Food lies on a board, and each piece has a level; so does each agent. A piece is had only if those who load it together are
//! strong enough, and it is shared by strength. Agents are both partners and competitors in it: where all food is heavy they
//! must come together, where some is light the quickest has it alone. Whether a partner is needed, who it is and where it goes
//! is different in every episode.

mod start;
mod world;

pub use world::ForagingWorld;

use super::wrappers::TimeLimit;
use super::{TeamDistribution, TeamEnvironment, TeamFamily};
use crate::Rng;
use crate::grid::MAX_SIDE;
use serde::{Deserialize, Serialize};
use start::KEPT_OFF;

/// Higher levels are taken for a slip of the pen.
const MAX_LEVEL: usize = 10;

/// Level-based foraging: `Foraging-v0`.
///
/// # Description
/// Agents, `agent_0` and so on, and food on a board of 8 by 8 cells. Agents beside a piece of food may load it, and have it if
/// the levels of those who do so at the same time come to its level at least. Beside means above, right of, below or left of.
///
/// All move at once. Nobody moves onto food or off the board, and those who would come to share a cell stay where they were:
/// two who want the same cell, and who wants the cell of somebody who stays. To follow closely is possible, and so is to change
/// places.
///
/// # Action space
/// `Discrete(6)`: up, right, down, left ([`Move`](crate::grid::Move)), stay, load.
///
/// # Observation space
/// `Box` of shape `[3, 2 * radius + 1, 2 * radius + 1]`, by default 75 numbers: planes of a window with oneself in its middle.
/// The first has 1 beyond the board's border and 0 on it, the second the levels of food, 0 to 3, the third those of agents, 0
/// to 1, one's own in the middle; all levels are divided by `max_level`. Nothing in it depends on how many agents there are or
/// which of them one is.
///
/// # Rewards
/// Food is worth its level, shared among those who load it by their levels, and all food of an episode is worth 1 in sum.
///
/// # Starting state
/// All new in every episode: levels of agents from 1 to `max_level`; food on inner cells, no two pieces less than three moves
/// apart; agents on other cells. Levels of food are from 1 to what the three weakest agents come to, or all, where they are
/// fewer; if it is `cooperative` they are as high as that. All are drawn evenly.
///
/// # Episode end
/// Terminated when all food is taken; truncated after `max_episode_steps`, 50. Lifetimes are 20 episodes long by default.
///
/// # Arguments
/// `size` (8): cells along a side. `agents` (2). `food` (2): how many pieces. `max_level` (2): of agents. `cooperative`
/// (false): whether all food is as heavy as can be, so that it takes everybody, in teams of up to three. `radius` (2): how far
/// agents see, in cells; from `size - 1` on it is the whole board. `max_episode_steps` (50).
///
/// # Differences from the source
/// After Albrecht & Ramamoorthy 2013 (arXiv 1506.01170) in the form of Christianos et al. 2020 (arXiv 2006.07169), whose
/// `Foraging-2s-8x8-2p-2f` these defaults are: rules, levels, and how far food is apart, are theirs. There, agents get their
/// places before the food does, and there is less food where no room was found for it; the observation is a list of all food
/// and agents in sight, or a window of undivided levels with a plane of the cells that are free; an agent may come onto the cell
/// of another who was kept from leaving it; and loading in vain may cost something, though by default it does not. The order
/// of the actions and the length of a lifetime are ours.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Foraging {
    /// Cells along a side.
    pub size: usize,
    /// How many agents.
    pub agents: usize,
    /// How many pieces of food an episode begins with.
    pub food: usize,
    /// The highest level that an agent may have.
    pub max_level: usize,
    /// Whether all food is as heavy as the three weakest agents can take.
    pub cooperative: bool,
    /// How far agents see, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for Foraging {
    fn default() -> Self {
        Foraging { size: 8, agents: 2, food: 2, max_level: 2, cooperative: false, radius: 2, max_episode_steps: 50 }
    }
}

impl Foraging {
    /// The world of these parameters, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`TeamFamily::check`]).
    pub fn world(&self) -> Result<ForagingWorld, String> {
        self.check()?;
        ForagingWorld::new(self.clone()).map_err(|error| error.to_string())
    }
}

impl TeamDistribution for Foraging {
    fn sample(&self, _: &mut Rng) -> Box<dyn TeamEnvironment> {
        match self.world() {
            Ok(world) => Box::new(TimeLimit::new(Box::new(world), self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

impl TeamFamily for Foraging {
    fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: usize, low: usize, high: usize, what: &str| {
            let fault = || format!("`{name}` is {value}: {what} {low} to {high}");
            if (low..=high).contains(&value) { Ok(()) } else { Err(fault()) }
        };
        within("size", self.size, 3, MAX_SIDE, "cells along a side are")?;
        let cells = self.size * self.size;
        let surely = 1 + ((self.size - 2).pow(2) - 1) / KEPT_OFF;
        within("food", self.food, 1, surely, "pieces that there is always room for on this `size` are")?;
        within("agents", self.agents, 1, cells - self.food, "agents that have room beside the food are")?;
        within("max_level", self.max_level, 1, MAX_LEVEL, "levels are")?;
        within("radius", self.radius, 1, MAX_SIDE, "how many cells an agent sees far is")?;
        if self.max_episode_steps == 0 {
            return Err("`max_episode_steps` is 0: an episode has at least one step".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check_team_distribution;
    use super::*;

    #[test]
    fn the_checker_finds_nothing() {
        check_team_distribution(Foraging::default()).assert_clean();
        let other =
            Foraging { size: 6, agents: 4, food: 1, max_level: 3, cooperative: true, radius: 5, max_episode_steps: 20 };
        check_team_distribution(other).assert_clean();
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        let usual = Foraging::default;
        for (foraging, message) in [
            (Foraging { size: 2, ..usual() }, "`size` is 2: cells along a side are 3 to 64"),
            (Foraging { size: 65, ..usual() }, "`size` is 65"),
            (Foraging { food: 0, ..usual() }, "`food` is 0"),
            (
                Foraging { food: 4, ..usual() },
                "`food` is 4: pieces that there is always room for on this `size` are 1 to 3",
            ),
            (Foraging { agents: 0, ..usual() }, "`agents` is 0"),
            (Foraging { agents: 63, ..usual() }, "`agents` is 63: agents that have room beside the food are 1 to 62"),
            (Foraging { max_level: 0, ..usual() }, "`max_level` is 0"),
            (Foraging { radius: 65, ..usual() }, "`radius` is 65: how many cells an agent sees far is 1 to 64"),
            (Foraging { max_episode_steps: 0, ..usual() }, "`max_episode_steps`"),
        ] {
            let error = foraging.check().unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
