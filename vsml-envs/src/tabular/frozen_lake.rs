//! Lakes of ice with holes in it, exactly as in Gymnasium, and lakes of all shapes.
//!
//! A lake is a map: start, ice, holes, goal. On slippery ice a step may go to either side of where it was meant to, so
//! that the safe way is often not the short one. `FrozenLakeRandom-v0` draws a map for each task, which the learner has to
//! find out by walking and falling.

use super::{Layout, Outcome, Table, TableError, TabularEnvironment};
use crate::grid::{Board, BoardError, MAX_SIDE, Move};
use crate::picture::{Colour, Mark, Tile};
use crate::registry::{Family, unread};
use crate::wrappers::{Span, TimeLimit};
use crate::{Environment, Rng, TaskDistribution};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

/// Gymnasium's order of the actions. Neighbours in it, the last and the first among them, are at right angles.
const MOVES: [Move; 4] = [Move::Left, Move::Down, Move::Right, Move::Up];

/// Gymnasium's maps.
const MAPS: [(&str, &str); 2] = [
    ("4x4", "SFFF/FHFH/FFFH/HFFG"),
    ("8x8", "SFFFFFFF/FFFFFFFF/FFFHFFFF/FFFFFHFF/FFFHFFFF/FHHFFFHF/FHFFHFHF/FFFHFFFG"),
];

/// How many maps are drawn at random before one is put right by force.
const MAX_DRAWS: u32 = 1000;

/// What a random map has where nothing else is said.
const SIZE: usize = 8;
const P_FROZEN: f64 = 0.8;

/// What ice does to a step and what a step is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ice {
    /// The probability that a step goes where it was meant to; if not, it goes to either side with equal probability.
    pub success_rate: f64,
    /// Reward of reaching the goal.
    pub goal_reward: f64,
    /// Reward of falling into a hole.
    pub hole_reward: f64,
    /// Reward of any other step.
    pub frozen_reward: f64,
}

/// Why there is no such lake.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LakeError {
    /// The map is no rectangle, or too large.
    #[error("`map`: {0}")]
    Board(#[from] BoardError),
    /// The map has a character without a meaning.
    #[error("`map` has a `{0}`: it consists of S, F, H, G and #, with / between rows")]
    Character(char),
    /// The map has no start or no goal.
    #[error("`map` is `{0}`: it needs a start, S, and a goal, G")]
    NoStartOrGoal(String),
    /// The probability or a reward is none.
    #[error("{0}")]
    Ice(#[from] TableError),
}

/// A lake: `S` start, `F` ice, `H` hole, `G` goal, `#` wall, rows separated by `/`.
///
/// # Errors
/// If the map cannot be read, has no start or no goal, or `ice` holds numbers that are not probabilities or rewards.
pub fn frozen_lake(map: &str, ice: Ice) -> Result<TabularEnvironment, LakeError> {
    let (board, characters) = Board::read(&map.replace('/', "\n"))?;
    if let Some(&character) = characters.iter().find(|character| !"SFHG#".contains(**character)) {
        return Err(LakeError::Character(character));
    }
    let starts = characters.iter().filter(|character| **character == 'S').count();
    if starts == 0 || !characters.contains(&'G') {
        return Err(LakeError::NoStartOrGoal(map.into()));
    }
    let arrive = |cell: usize, probability: f64| {
        let (reward, terminated) = match characters[cell] {
            'G' => (ice.goal_reward, true),
            'H' => (ice.hole_reward, true),
            _ => (ice.frozen_reward, false),
        };
        Outcome { terminated, ..Outcome::certain(cell, reward).with_probability(probability) }
    };
    let aside = (1.0 - ice.success_rate) / 2.0;
    let row = |cell: usize, action: usize| match characters[cell] {
        'G' | 'H' => vec![Outcome { terminated: true, ..Outcome::certain(cell, 0.0) }],
        _ if ice.success_rate == 1.0 => vec![arrive(board.moved(cell, MOVES[action]), 1.0)],
        _ => [(3, aside), (0, ice.success_rate), (1, aside)]
            .map(|(turn, probability)| arrive(board.moved(cell, MOVES[(action + turn) % 4]), probability))
            .to_vec(),
    };
    let rows: Vec<_> = (0..4 * board.cells()).map(|index| row(index / 4, index % 4)).collect();
    let start = characters.iter().map(|character| if *character == 'S' { 1.0 / starts as f64 } else { 0.0 }).collect();
    let table = Table::new(4, &rows, start)?;
    let tiles = characters.iter().map(|character| match character {
        'G' => Tile::GOAL,
        'H' => Tile::new('H', Mark::Disc, Colour::BLACK),
        'S' => Tile { character: 'S', ..Tile::FLOOR }.on(Colour::LIGHT),
        '#' => Tile::WALL,
        _ => Tile::FLOOR,
    });
    let layout = Layout { width: board.width(), tiles: tiles.collect(), cells: (0..board.cells()).collect() };
    Ok(TabularEnvironment::new(table).with_layout(layout))
}

/// Draws a square map in which each cell is ice with probability `p_frozen` and else a hole, the start is the first cell,
/// the goal the last, and there is a way from one to the other.
///
/// As in Gymnasium, maps without a way are thrown away and drawn again; after a thousand of them the holes of the last
/// one are frozen over, one at a time in a random order, until there is one.
fn draw_map(size: usize, p_frozen: f64, rng: &mut Rng) -> String {
    let cells = size * size;
    let mut holes = vec![false; cells];
    for _ in 0..MAX_DRAWS {
        holes.iter_mut().for_each(|hole| *hole = rng.random::<f64>() >= p_frozen);
        (holes[0], holes[cells - 1]) = (false, false);
        if is_crossable(size, &holes) {
            return write_map(size, &holes);
        }
    }
    let mut order: Vec<usize> = (0..cells).filter(|&cell| holes[cell]).collect();
    order.shuffle(rng);
    for cell in order {
        holes[cell] = false;
        if is_crossable(size, &holes) {
            break;
        }
    }
    write_map(size, &holes)
}

/// Whether one can walk from the first cell to the last.
fn is_crossable(size: usize, holes: &[bool]) -> bool {
    let Ok(board) = Board::open(size, size) else { return false };
    let mut seen = holes.to_vec();
    let mut queue = vec![0];
    while let Some(cell) = queue.pop() {
        for next in MOVES.map(|step| board.moved(cell, step)) {
            if !std::mem::replace(&mut seen[next], true) {
                queue.push(next);
            }
        }
    }
    // A cell that was no hole and has been seen was reached.
    seen[holes.len() - 1]
}

fn write_map(size: usize, holes: &[bool]) -> String {
    let last = holes.len() - 1;
    let character = |cell| match cell {
        0 => 'S',
        _ if cell == last => 'G',
        _ if holes[cell] => 'H',
        _ => 'F',
    };
    let rows = (0..size).map(|row| (row * size..(row + 1) * size).map(character).collect::<String>());
    rows.collect::<Vec<_>>().join("/")
}

/// Frozen lakes: `FrozenLake-v1`, `FrozenLake8x8-v1` and `FrozenLakeRandom-v0`.
///
/// # Description
/// Walk over a frozen lake from the start to the goal without falling into a hole. The ice is slippery.
///
/// # Action space
/// `Discrete(4)`: left, down, right, up.
///
/// # Observation space
/// `Discrete(cells)`, one-hot: the cell, row by row. Neither holes nor goal can be seen.
///
/// # Rewards
/// `goal_reward` for reaching the goal, 1; `hole_reward` for a hole, 0; `frozen_reward` for any other step, 0. Gymnasium's
/// `reward_schedule` are these three.
///
/// # Starting state
/// On the cell `S`; if a map has several, on any of them.
///
/// # Episode end
/// Terminated in a hole or at the goal, truncated after `max_episode_steps`: 100, and 200 in `FrozenLake8x8-v1` and
/// `FrozenLakeRandom-v0`.
///
/// # Arguments
/// The fields below. `map` is `4x4`, `8x8`, `random`, or a map of your own such as `SFF/FHF/FFG`: S start, F ice, H hole,
/// G goal, # wall. Each task of `random`, which `FrozenLakeRandom-v0` has by default, draws a map of its own, `size` cells
/// square, of which each but the first and the last is ice with probability `p_frozen`.
///
/// # Differences from the source
/// None in `FrozenLake-v1` and `FrozenLake8x8-v1` (Gymnasium 1.4) but for the generator of random numbers. Where Gymnasium
/// draws random maps until one can be crossed, here a thousand are drawn at most, and then holes are frozen over.
///
/// # Version history
/// `FrozenLake-v1`, `FrozenLake8x8-v1`: first version here; the numbers are Gymnasium's. `FrozenLakeRandom-v0`: first
/// version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FrozenLakes {
    /// `4x4`, `8x8`, `random`, or a map with `/` between rows.
    pub map: String,
    /// Cells in a row and in a column of a random map, 8 by default; other maps have a size already.
    pub size: Option<usize>,
    /// The probability with which a cell of a random map is ice, 0.8 by default; other maps have their holes already.
    pub p_frozen: Option<Span>,
    /// Whether steps go astray.
    pub is_slippery: bool,
    /// The probability that a step on slippery ice goes where it was meant to.
    pub success_rate: Span,
    /// Reward of reaching the goal.
    pub goal_reward: f64,
    /// Reward of falling into a hole.
    pub hole_reward: f64,
    /// Reward of any other step.
    pub frozen_reward: f64,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for FrozenLakes {
    fn default() -> Self {
        FrozenLakes {
            map: "4x4".into(),
            size: None,
            p_frozen: None,
            is_slippery: true,
            success_rate: Span::single(1.0 / 3.0),
            goal_reward: 1.0,
            hole_reward: 0.0,
            frozen_reward: 0.0,
            max_episode_steps: 100,
        }
    }
}

impl FrozenLakes {
    /// The defaults of `FrozenLake8x8-v1`.
    pub fn eight() -> Self {
        FrozenLakes { map: "8x8".into(), max_episode_steps: 200, ..FrozenLakes::default() }
    }

    /// The defaults of `FrozenLakeRandom-v0`.
    pub fn random() -> Self {
        FrozenLakes {
            map: "random".into(),
            size: Some(SIZE),
            p_frozen: Some(Span::single(P_FROZEN)),
            max_episode_steps: 200,
            ..FrozenLakes::default()
        }
    }

    /// The lake of this map, and of this ice where the ice is slippery.
    fn lake(&self, map: &str, success_rate: f64) -> Result<TabularEnvironment, LakeError> {
        let FrozenLakes { goal_reward, hole_reward, frozen_reward, .. } = *self;
        let success_rate = if self.is_slippery { success_rate } else { 1.0 };
        frozen_lake(map, Ice { success_rate, goal_reward, hole_reward, frozen_reward })
    }
}

impl TaskDistribution for FrozenLakes {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let success_rate = self.success_rate.sample(rng);
        let p_frozen = self.p_frozen.unwrap_or(Span::single(P_FROZEN)).sample(rng);
        let known = MAPS.iter().find(|(name, _)| *name == self.map);
        let lake = match (known, self.map.as_str()) {
            (Some((_, map)), _) => self.lake(map, success_rate),
            (None, "random") => self.lake(&draw_map(self.size.unwrap_or(SIZE), p_frozen, rng), success_rate),
            (None, map) => self.lake(map, success_rate),
        };
        match lake {
            Ok(lake) => Box::new(TimeLimit::new(lake, self.max_episode_steps)),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for FrozenLakes {
    fn check(&self) -> Result<(), String> {
        for (name, given) in [("size", self.size.is_some()), ("p_frozen", self.p_frozen.is_some())] {
            if given && self.map != "random" {
                return Err(format!("`{name}` is for random maps (map=random), and the map is {}", self.map));
            }
        }
        if let Some(size) = self.size.filter(|size| !(2..=MAX_SIDE).contains(size)) {
            return Err(format!("`size` is {size}: a random lake has a side of 2 to {MAX_SIDE}"));
        }
        super::check_probability("p_frozen", self.p_frozen.unwrap_or(Span::single(P_FROZEN)))?;
        super::check_probability("success_rate", self.success_rate)?;
        if !self.is_slippery {
            unread("success_rate", &self.success_rate, &FrozenLakes::default().success_rate, "is_slippery=true")?;
        }
        let rewards = [self.goal_reward, self.hole_reward, self.frozen_reward];
        for (name, reward) in ["goal_reward", "hole_reward", "frozen_reward"].into_iter().zip(rewards) {
            super::check_finite(name, reward)?;
        }
        super::check_limit(self.max_episode_steps)?;
        match self.map.as_str() {
            "4x4" | "8x8" | "random" => Ok(()),
            map => self.lake(map, self.success_rate.low()).map(drop).map_err(|error| error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use std::collections::BTreeSet;

    fn random_maps(p_frozen: f64, size: usize, count: u64) -> Vec<String> {
        (0..count).map(|i| draw_map(size, p_frozen, &mut stream(0, "lake", &[i]))).collect()
    }

    #[test]
    fn the_best_player_does_as_well_as_gymnasium_says() {
        // Of the two lakes Gymnasium's registry gives optima of 0.74 and 0.91: over 100 and 200 steps.
        for (family, horizon, optimum) in [(FrozenLakes::default(), 100, 0.744), (FrozenLakes::eight(), 200, 0.913)] {
            let lake = family.sample(&mut stream(0, "lake", &[]));
            let table = lake.table().unwrap();
            let value = table.start_value(table.plan(horizon, 1.0).values(horizon));
            assert!((value - optimum).abs() < 0.0005, "{}: {value}", family.map);
        }
    }

    #[test]
    fn the_discounted_value_of_the_small_lake_is_the_well_known_one() {
        let lake = FrozenLakes::default().sample(&mut stream(0, "lake", &[]));
        let values = lake.table().unwrap().optimal_values(0.99, 1e-10);
        // An independent value iteration over the recorded table gives 0.542026.
        assert!((values[0] - 0.542_026).abs() < 1e-6, "{}", values[0]);
    }

    #[test]
    fn random_maps_can_be_crossed_and_have_as_many_holes_as_asked_for() {
        let maps = random_maps(0.8, 8, 300);
        assert!(maps.iter().collect::<BTreeSet<_>>().len() == 300);
        for map in &maps {
            let lake =
                frozen_lake(map, Ice { success_rate: 1.0, goal_reward: 1.0, hole_reward: 0.0, frozen_reward: 0.0 });
            let lake = lake.unwrap();
            let table = lake.table().unwrap();
            assert_eq!(table.start_value(table.plan(64, 1.0).values(64)), 1.0, "{map}");
        }
        // Of 62 cells a fifth would be holes, 12.4, if maps without a way were not thrown away.
        let holes = maps.iter().map(|map| map.matches('H').count()).sum::<usize>() as f64 / 300.0;
        assert!((10.5..12.5).contains(&holes), "{holes}");
    }

    #[test]
    fn a_map_can_be_crossed_also_where_hardly_a_cell_is_ice() {
        for map in random_maps(0.0, 6, 5) {
            assert!(map.starts_with('S') && map.ends_with('G') && map.contains('H'), "{map}");
            let holes: Vec<bool> = map.chars().filter(|c| *c != '/').map(|c| c == 'H').collect();
            assert!(is_crossable(6, &holes), "{map}");
        }
        assert!(random_maps(1.0, 5, 3).iter().all(|map| !map.contains('H')));
        assert!(!is_crossable(2, &[false, true, true, false]) && is_crossable(2, &[false, true, false, false]));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: FrozenLakes| family.check().unwrap_err();
        let map = |map: &str| FrozenLakes { map: map.into(), ..FrozenLakes::default() };
        assert!(refuse(map("5x5")).contains("`5`"), "{}", refuse(map("5x5")));
        assert!(refuse(map("SF/F")).contains("row 1 of the map"));
        assert!(refuse(map("SF/FF")).contains("a goal, G") && refuse(map("FF/FG")).contains("a start, S"));
        assert!(map("S#F/FFG").check().is_ok());
        assert!(refuse(FrozenLakes { size: Some(1), ..FrozenLakes::random() }).contains("`size` is 1"));
        let sized = FrozenLakes { size: Some(8), ..FrozenLakes::default() };
        assert!(refuse(sized).contains("`size` is for random maps (map=random), and the map is 4x4"));
        let rate = FrozenLakes { success_rate: Span::between(0.5, 1.5), ..FrozenLakes::default() };
        assert!(refuse(rate).contains("`success_rate`"));
        assert!(refuse(FrozenLakes { hole_reward: f64::NAN, ..FrozenLakes::default() }).contains("`hole_reward`"));
        assert!(refuse(FrozenLakes { max_episode_steps: 0, ..FrozenLakes::default() }).contains("`max_episode_steps`"));
    }
}
