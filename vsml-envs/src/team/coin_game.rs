//! The coin game: is a coin left to whom it belongs?
//!
//! Two agents collect coins, and each coin has the colour of one of them. To whoever takes it every coin is worth the same; if
//! it was the other's, the other loses twice as much. To take everything is best whatever the other does, and if both do it
//! nobody earns anything: a prisoner's dilemma in which to cooperate or not is no action but a way of walking, which has to be
//! recognised from afar and can only be answered with the coins that follow. A learner that shapes what its partner learns
//! shows it here first.

use super::wrappers::TimeLimit;
use super::{Observations, TeamDistribution, TeamEnvironment, TeamFamily};
use crate::grid::{MAX_SIDE, Move};
use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::{Action, Rng, Space, Step};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The four moves and staying.
const ACTIONS: usize = Move::ALL.len() + 1;
/// Of the observation: oneself, the other, a coin of one's own colour, a coin of the other's.
const PLANES: usize = 4;
/// For whoever takes a coin.
const TAKEN: f64 = 1.0;
/// For the agent whose colour a coin had that the other took.
const LOST: f64 = -2.0;
/// Agents and colours, by number.
const NAMES: [&str; 2] = ["red", "blue"];

/// A coin game. Its page of the manual is that of [`CoinGames`].
#[derive(Clone, Debug, PartialEq)]
pub struct CoinGame {
    /// Cells along a side.
    size: usize,
    /// Where the agents are; cells are numbered row by row.
    agents: [usize; 2],
    /// Where the coin is.
    coin: usize,
    /// Whose colour it has.
    owner: usize,
}

impl CoinGame {
    /// A game on a torus of `size` by `size` cells.
    ///
    /// # Errors
    /// If `size` is not 2 to [`MAX_SIDE`].
    pub fn new(size: usize) -> Result<Self, String> {
        if !(2..=MAX_SIDE).contains(&size) {
            return Err(format!("`size` is {size}: a side has 2 to {MAX_SIDE} cells"));
        }
        Ok(CoinGame { size, agents: [0, 1], coin: 2, owner: 0 })
    }

    fn cells(&self) -> usize {
        self.size * self.size
    }

    /// Where an action leads: beyond an edge it goes on at the opposite one.
    fn moved(&self, cell: usize, action: usize) -> usize {
        let (size, row, column) = (self.size, cell / self.size, cell % self.size);
        let (row, column) = match Move::ALL.get(action) {
            Some(Move::Up) => (row + size - 1, column),
            Some(Move::Right) => (row, column + 1),
            Some(Move::Down) => (row + 1, column),
            Some(Move::Left) => (row, column + size - 1),
            None => (row, column),
        };
        row % size * size + column % size
    }

    /// A new coin, of either colour, where nobody is.
    fn put_coin(&mut self, rng: &mut Rng) {
        self.owner = rng.random_range(0..2u64) as usize;
        let [red, blue] = self.agents;
        let taken = [red.min(blue), red.max(blue)];
        self.coin = vacant(self.cells(), if red == blue { &taken[1..] } else { &taken }, rng);
    }

    fn observe(&self, observations: &mut Observations) {
        let size = self.size;
        for (agent, observation) in observations.iter_mut().enumerate() {
            let own = self.agents[agent];
            // The board is shifted round until the agent is in the middle.
            let seen = |cell: usize| {
                let row = cell / size + size - own / size + size / 2;
                let column = cell % size + size - own % size + size / 2;
                row % size * size + column % size
            };
            let coin_plane = if self.owner == agent { 2 } else { 3 };
            observation.fill(0.0);
            for (plane, cell) in [(0, own), (1, self.agents[1 - agent]), (coin_plane, self.coin)] {
                observation[plane * size * size + seen(cell)] = 1.0;
            }
        }
    }
}

/// One of `cells` cells that is not `taken`; those are in order, and no two are the same.
fn vacant(cells: usize, taken: &[usize], rng: &mut Rng) -> usize {
    let chosen = rng.random_range(0..(cells - taken.len()) as u64) as usize;
    taken.iter().fold(chosen, |cell, &taken| cell + usize::from(cell >= taken))
}

impl TeamEnvironment for CoinGame {
    fn agents(&self) -> Vec<String> {
        NAMES.map(String::from).into()
    }

    fn observation_space(&self, _: usize) -> Space {
        let len = PLANES * self.cells();
        Space::Box { low: vec![0.0; len], high: vec![1.0; len], shape: vec![PLANES, self.size, self.size] }
    }

    fn action_space(&self, _: usize) -> Space {
        Space::discrete(ACTIONS)
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        let red = vacant(self.cells(), &[], rng);
        self.agents = [red, vacant(self.cells(), &[red], rng)];
        self.put_coin(rng);
        self.observe(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        rng: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        for (agent, action) in actions.iter().enumerate() {
            let action = action.map_or(ACTIONS - 1, Action::index);
            self.agents[agent] = self.moved(self.agents[agent], action);
        }
        steps.fill(Step::going_on(0.0));
        let takes = self.agents.map(|cell| cell == self.coin);
        for agent in (0..2).filter(|&agent| takes[agent]) {
            steps[agent].reward += TAKEN;
            if self.owner != agent {
                steps[self.owner].reward += LOST;
            }
        }
        if takes.contains(&true) {
            self.put_coin(rng);
        }
        self.observe(observations);
    }

    fn picture(&self) -> Option<Picture> {
        const COLOURS: [Colour; 2] = [Colour::RED, Colour::BLUE];
        let [red, blue] = self.agents;
        let tiles = Tiles::new(self.size, self.size, |cell| match cell {
            _ if cell == red && cell == blue => Tile::new('X', Mark::Ring, COLOURS[1]).on(COLOURS[0]),
            _ if cell == red => Tile::new('R', Mark::Disc, COLOURS[0]),
            _ if cell == blue => Tile::new('B', Mark::Disc, COLOURS[1]),
            _ if cell == self.coin => Tile::new(['r', 'b'][self.owner], Mark::Diamond, COLOURS[self.owner]),
            _ => Tile::FLOOR,
        });
        Some(Picture::from(tiles).with_caption(format!("the coin is {}", NAMES[self.owner])))
    }
}

/// Coin games: `CoinGame-v0`.
///
/// # Description
/// Two agents, `red` and `blue`, on a board of 3 by 3 cells whose opposite edges are joined. There is always one coin, red or
/// blue. Whoever comes onto its cell takes it, and a new one appears. Both agents move at the same time, through each other if
/// need be, and may be on the same cell; if both come onto the coin at once, both take it.
///
/// # Action space
/// `Discrete(5)`: up, right, down, left ([`Move`]), stay.
///
/// # Observation space
/// `Box(0, 1)` of shape `[4, size, size]`, by default 36 numbers: planes with a 1 where something is, namely oneself, the
/// other, the coin if it is of one's own colour, the coin if it is of the other's. The board is shifted so that oneself is
/// in row and column `size / 2`, counted from 0, in the middle. Nobody sees which of the two it is.
///
/// # Rewards
/// 1 for taking a coin; -2 for the agent of the coin's colour if the other takes it, so -1 in all where both take it.
///
/// # Starting state
/// The agents on two different cells, the coin on a third, all drawn evenly; so is the coin's colour.
///
/// # Episode end
/// Never terminated; truncated after `max_episode_steps`, 10. Lifetimes are 10 episodes long by default.
///
/// # Arguments
/// `size` (3): cells along a side. `max_episode_steps` (10).
///
/// # Differences from the source
/// The game is that of Lerer & Peysakhovich 2017 (arXiv 1707.01068) in the small form of Foerster et al. 2018 (LOLA, arXiv
/// 1709.04326). From LOLA's code are the size, one coin at a time, and that agents and coin start apart; from its paper that
/// each coin's colour is drawn (its code alternates); from its later code that a coin which both reach is taken by both
/// (before, red had it). From the *pax* library (Willi et al. 2022) are staying and the observation that puts oneself in the
/// middle; pax has a coin of each colour at a time, which may appear under an agent, and pays nothing for the last step of an
/// episode. The order of actions and planes is ours, and so are 10 episodes of 10 steps, which is short: pax's experiments run
/// for 600 of 16 steps, `max_episode_steps=16,episodes=600`.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoinGames {
    /// Cells along a side.
    pub size: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for CoinGames {
    fn default() -> Self {
        CoinGames { size: 3, max_episode_steps: 10 }
    }
}

impl TeamDistribution for CoinGames {
    fn sample(&self, _: &mut Rng) -> Box<dyn TeamEnvironment> {
        match CoinGame::new(self.size) {
            Ok(game) => Box::new(TimeLimit::new(Box::new(game), self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

impl TeamFamily for CoinGames {
    fn check(&self) -> Result<(), String> {
        CoinGame::new(self.size)?;
        if self.max_episode_steps == 0 {
            return Err("`max_episode_steps` is 0: an episode has at least one step".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check_team_distribution;
    use super::super::{TeamLifetime, observation_buffers};
    use super::*;
    use crate::{LifetimeLength, stream};

    const UP: usize = 0;
    const RIGHT: usize = 1;
    const LEFT: usize = 3;
    const STAY: usize = 4;

    /// Rewards and the game after one step from `game`.
    fn after(game: &CoinGame, actions: [usize; 2]) -> ([f64; 2], CoinGame) {
        let mut game = game.clone();
        let (mut seen, mut steps) = (observation_buffers(&game), [Step::going_on(0.0); 2]);
        let actions = actions.map(|action| Some(Action::Discrete(action)));
        game.step(&actions, &mut stream(0, "coin", &[]), &mut seen, &mut steps);
        assert!(steps.iter().all(|step| !step.ended()));
        (steps.map(|step| step.reward), game)
    }

    #[test]
    fn a_coin_pays_whoever_takes_it_and_costs_its_owner_if_that_was_the_other() {
        // The agents are in the corners of the upper row, the coin between them.
        for (owner, alone, other_alone, both) in
            [(0, [1.0, 0.0], [-2.0, 1.0], [-1.0, 1.0]), (1, [1.0, -2.0], [0.0, 1.0], [1.0, -1.0])]
        {
            let game = CoinGame { size: 3, agents: [0, 2], coin: 1, owner };
            assert_eq!(after(&game, [RIGHT, STAY]).0, alone);
            assert_eq!(after(&game, [STAY, LEFT]).0, other_alone);
            assert_eq!(after(&game, [RIGHT, LEFT]).0, both);
            let (rewards, later) = after(&game, [STAY, STAY]);
            assert_eq!((rewards, later), ([0.0, 0.0], game.clone()), "nothing has happened");
            assert_eq!(after(&game, [LEFT, RIGHT]).1.agents, [2, 0], "through each other, over the edge");
            assert_eq!(after(&game, [UP, UP]).1.agents, [6, 8]);
        }
    }

    #[test]
    fn a_new_coin_lies_where_nobody_is_in_either_colour() {
        let mut counts = [[0; 9]; 2];
        let mut rng = stream(1, "coin", &[]);
        for agents in [[4, 4], [7, 2]] {
            for _ in 0..5600 {
                let mut game = CoinGame { size: 3, agents, coin: 0, owner: 0 };
                game.put_coin(&mut rng);
                assert!(!agents.contains(&game.coin));
                counts[game.owner][game.coin] += 1;
            }
        }
        // Of 5600 coins each of 8 cells gets 700, or each of 7 gets 800; half of them of either colour.
        for (cell, expected) in [750, 750, 350, 750, 400, 750, 750, 350, 750].into_iter().enumerate() {
            for count in counts.map(|counts| counts[cell]) {
                assert!((expected - 130..expected + 130).contains(&count), "{counts:?}: standard deviation below 28");
            }
        }
    }

    #[test]
    fn everybody_is_in_the_middle_of_what_it_sees() {
        let game = CoinGame { size: 3, agents: [0, 5], coin: 7, owner: 1 };
        let mut seen = observation_buffers(&game);
        seen.iter_mut().for_each(|seen| seen.fill(f32::NAN));
        game.observe(&mut seen);
        let places = |seen: &[f32]| -> Vec<usize> { (0..36).filter(|&place| seen[place] == 1.0).collect() };
        // Red is in the corner above and left: blue, at row 1 and column 2, is one down and one left over the edge.
        assert_eq!(places(&seen[0]), [4, 9 + 6, 27 + 2]);
        assert_eq!(places(&seen[1]), [4, 9 + 2, 18 + 6]);
        assert!(seen.iter().all(|seen| seen.iter().sum::<f32>() == 3.0));
    }

    /// The way to a coin that is seen; one of the other's colour is fetched only out of greed.
    fn walk(seen: &[f32], greedy: bool) -> usize {
        let coins = if greedy { &seen[18..] } else { &seen[18..27] };
        match coins.iter().position(|&coin| coin == 1.0).map(|place| place % 9) {
            Some(0..=2) => 0,
            Some(6..=8) => 2,
            Some(3) => 3,
            Some(5) => 1,
            _ => STAY,
        }
    }

    /// What both earn in an episode, on average.
    fn mean_returns(greedy: [bool; 2]) -> [f64; 2] {
        let game = CoinGames::default().sample(&mut stream(2, "coin", &[]));
        let mut life = TeamLifetime::begin(game, LifetimeLength::Episodes(2000), stream(3, "coin", &[])).unwrap();
        let mut sums = [0.0; 2];
        while !life.is_over() {
            let actions = [0, 1].map(|agent| {
                let seen = life.percept(agent).unwrap().observation;
                Some(Action::Discrete(walk(seen, greedy[agent])))
            });
            for (sum, told) in sums.iter_mut().zip(life.step(&actions).unwrap()) {
                *sum += told.unwrap().reward;
            }
        }
        assert_eq!(life.steps(), 20_000);
        sums.map(|sum| sum / 2000.0)
    }

    #[test]
    fn it_is_a_prisoners_dilemma() {
        let [[both_leave, _], [both_take, _]] = [mean_returns([false; 2]), mean_returns([true; 2])];
        let [takes, leaves] = mean_returns([true, false]);
        assert!(takes > both_leave + 1.0 && both_leave > both_take + 1.0, "{takes} {both_leave} {both_take}");
        assert!(both_take > leaves + 0.5, "{both_take} {leaves}");
        assert!(both_take.abs() < 0.4, "a coin of one's own earns what one of the other's costs: {both_take}");
    }

    #[test]
    fn the_checker_finds_nothing() {
        check_team_distribution(CoinGames::default()).assert_clean();
        check_team_distribution(CoinGames { size: 4, max_episode_steps: 16 }).assert_clean();
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (games, name) in [
            (CoinGames { size: 1, ..CoinGames::default() }, "`size` is 1"),
            (CoinGames { size: 65, ..CoinGames::default() }, "`size` is 65"),
            (CoinGames { max_episode_steps: 0, ..CoinGames::default() }, "`max_episode_steps`"),
        ] {
            let error = games.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
