//! A path along a cliff, exactly as in Gymnasium.
//!
//! The short way leads along the edge; the safe one leads around. Sutton & Barto (example 6.6) tell SARSA and Q-learning
//! apart with it: a learner that explores while it walks had better keep away from the edge.

use super::{Layout, Outcome, Table, TabularEnvironment};
use crate::grid::{Board, Move};
use crate::picture::{Colour, Mark, Tile};
use crate::registry::Family;
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};

/// `S` start, `C` cliff, `G` goal.
const MAP: &str = "............\n............\n............\nSCCCCCCCCCCG";

/// The path, slippery or not.
fn cliff_walk(is_slippery: bool) -> Result<TabularEnvironment, String> {
    let (board, characters) = Board::read(MAP).map_err(|error| error.to_string())?;
    let cell_of = |character| characters.iter().position(|other| *other == character).unwrap_or(0);
    let (start, goal) = (cell_of('S'), cell_of('G'));
    let arrive = |cell: usize| match characters[cell] {
        'C' => Outcome::certain(start, -100.0),
        _ => Outcome { terminated: cell == goal, ..Outcome::certain(cell, -1.0) },
    };
    let turns: &[usize] = if is_slippery { &[3, 0, 1] } else { &[0] };
    let mut rows = Vec::new();
    for cell in 0..board.cells() {
        for action in 0..4 {
            let outcome = |turn: &usize| arrive(board.moved(cell, Move::ALL[(action + turn) % 4]));
            let share = 1.0 / turns.len() as f64;
            rows.push(turns.iter().map(|turn| outcome(turn).with_probability(share)).collect());
        }
    }
    let starts = (0..board.cells()).map(|cell| if cell == start { 1.0 } else { 0.0 }).collect();
    let table = Table::new(4, &rows, starts).map_err(|error| error.to_string())?;
    let tiles = characters.iter().map(|character| match character {
        'C' => Tile::new('C', Mark::Full, Colour::BLACK),
        'G' => Tile::GOAL,
        'S' => Tile { character: 'S', ..Tile::FLOOR }.on(Colour::LIGHT),
        _ => Tile::FLOOR,
    });
    let layout = Layout { width: board.width(), tiles: tiles.collect(), cells: (0..board.cells()).collect() };
    Ok(TabularEnvironment::new(table).with_layout(layout))
}

/// A walk along a cliff: `CliffWalking-v1` and `CliffWalkingSlippery-v1`.
///
/// # Description
/// Walk from one end of a cliff to the other. Who steps over the edge is put back to the start.
///
/// # Action space
/// `Discrete(4)`: up, right, down, left.
///
/// # Observation space
/// `Discrete(48)`, one-hot: the cell, row by row. The last row is the start, ten cells of cliff, and the goal.
///
/// # Rewards
/// -1 for a step, -100 for one over the edge. Best without slipping: -13.
///
/// # Starting state
/// The first cell of the last row.
///
/// # Episode end
/// Terminated at the goal, not at a fall. There is no limit in Gymnasium, and none here; `time_limit` makes one, and a
/// player who moves at random needs one if lifetimes are counted in episodes.
///
/// # Arguments
/// `is_slippery` (false; true in `CliffWalkingSlippery-v1`): a step goes where it was meant to, or to the left or to the
/// right of that, each with probability 1/3.
///
/// # Differences from the source
/// None (Gymnasium 1.4) but for the generator of random numbers. All tasks are alike: `permute_actions` and
/// `permute_observations` make them differ.
///
/// # Version history
/// `CliffWalking-v1`, `CliffWalkingSlippery-v1`: first version here; the numbers are Gymnasium's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CliffWalks {
    /// Whether steps go astray.
    pub is_slippery: bool,
}

impl TaskDistribution for CliffWalks {
    fn sample(&self, _: &mut Rng) -> Box<dyn Environment> {
        match cliff_walk(self.is_slippery) {
            Ok(walk) => Box::new(walk),
            Err(error) => unreachable!("{error}"),
        }
    }
}

impl Family for CliffWalks {
    fn check(&self) -> Result<(), String> {
        cliff_walk(self.is_slippery).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};

    #[test]
    fn a_fall_costs_a_hundred_and_leads_back_to_the_start() {
        let mut walk = cliff_walk(false).unwrap();
        let (mut rng, mut observation) = (stream(0, "cliff", &[]), [0.0; 48]);
        walk.reset(&mut rng, &mut observation);
        assert_eq!(walk.state(), 36);
        let step = walk.step(Action::Discrete(1), &mut rng, &mut observation);
        assert_eq!((step.reward, step.terminated, walk.state()), (-100.0, false, 36));
    }

    #[test]
    fn the_best_walk_is_thirteen_steps_along_the_edge_unless_it_is_slippery() {
        let best = |is_slippery| {
            let walk = cliff_walk(is_slippery).unwrap();
            let table = walk.table().unwrap().clone();
            (table.start_value(table.plan(2000, 1.0).values(2000)), table)
        };
        let (value, table) = best(false);
        assert_eq!(value, -13.0);
        assert_eq!(table.plan(100, 1.0).action(100, 24 + 5), 1, "along the edge");
        let (value, table) = best(true);
        assert!((value + 64.71).abs() < 0.01, "{value}");
        assert_ne!(table.plan(2000, 1.0).action(2000, 24 + 5), 1, "away from it");
    }
}
