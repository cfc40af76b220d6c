//! Something to reach on a board, and what getting nearer to it is worth.

use super::Board;
use serde::{Deserialize, Serialize};

/// What is added to a family's own rewards for the way to the goal. Distances are counted in moves, around walls.
///
/// `dense` and `potential` say in every step something about where the goal is. The second leaves the best way of acting
/// as it is (Ng, Harada & Russell 1999, without discounting), and sums to the distance that was covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RewardMode {
    /// Nothing.
    #[default]
    Sparse,
    /// Minus the distance that is left after the step.
    Dense,
    /// The distance before the step minus the distance after it: 1 for a move nearer, -1 for one away.
    Potential,
}

/// A cell to be reached, and how far away all others are.
#[derive(Clone, Debug)]
pub struct Goal {
    cell: usize,
    distances: Vec<Option<u32>>,
}

impl Goal {
    /// A goal on `cell` of `board`.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn new(board: &Board, cell: usize) -> Self {
        Goal { cell, distances: board.distances(cell) }
    }

    /// Where it is.
    pub fn cell(&self) -> usize {
        self.cell
    }

    /// How many moves it takes from `cell`, or none if it cannot be reached from there.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn distance(&self, cell: usize) -> Option<u32> {
        self.distances[cell]
    }

    /// What `mode` adds to the reward of a step from the cell `before` to the cell `after`.
    pub fn reward_of_way(&self, mode: RewardMode, before: usize, after: usize) -> f64 {
        let distance = |cell: usize| f64::from(self.distances[cell].unwrap_or(0));
        match mode {
            RewardMode::Sparse => 0.0,
            RewardMode::Dense => 0.0 - distance(after),
            RewardMode::Potential => distance(before) - distance(after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_rewarded_by_moves_around_walls() {
        // S#G
        // ...
        let (board, _) = Board::read("S#G\n...").unwrap();
        let goal = Goal::new(&board, 2);
        assert_eq!(goal.distance(0), Some(4));
        let way = |mode| [0, 3, 4, 5, 2].windows(2).map(|pair| goal.reward_of_way(mode, pair[0], pair[1])).collect();
        let (sparse, dense, potential): (Vec<f64>, Vec<f64>, Vec<f64>) =
            (way(RewardMode::Sparse), way(RewardMode::Dense), way(RewardMode::Potential));
        assert_eq!((sparse, dense, potential), (vec![0.0; 4], vec![-3.0, -2.0, -1.0, 0.0], vec![1.0; 4]));
        assert_eq!(goal.reward_of_way(RewardMode::Potential, 4, 3), -1.0);
        assert_eq!(goal.reward_of_way(RewardMode::Potential, 4, 4), 0.0);
    }
}
