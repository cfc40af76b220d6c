//! A dive to a treasure that chance does not find.
//!
//! The diver sinks one row a step and drifts to the left or to the right. The treasure lies where only one sequence of
//! actions leads, each of which costs a little, and another action is the right one in each cell: a player who tries at
//! random finds it once in 2^N dives. It separates deep exploration from luck (Osband et al., arXiv 1703.07608, 1908.03568).

use super::{Layout, Outcome, Table, TabularEnvironment};
use crate::picture::Tile;
use crate::registry::Family;
use crate::{Environment, Rng, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// A deeper sea is taken for a slip of the pen.
const MAX_SIZE: usize = 100;

/// Deep seas: `DeepSea-v0`.
///
/// # Description
/// A square of `size` rows and columns. A step leads one row down and one column to the left or to the right; at a side,
/// one stays there. Which of the two actions leads to the right is drawn for each cell when the task is. The treasure is to
/// be had by going to the right in the last cell of the last row, where only going right all the way leads.
///
/// # Action space
/// `Discrete(2)`.
///
/// # Observation space
/// `Discrete(size * size)`, one-hot: the cell, row by row.
///
/// # Rewards
/// 1 for the treasure, and `-move_cost / size` for each step to the right; the best dive is worth 0.99. If `stochastic`,
/// the rewards of any action in the first and in the last cell of the last row have a standard deviation of 1 as well.
///
/// # Starting state
/// The first cell.
///
/// # Episode end
/// Terminated after `size` steps. Lifetimes are counted in episodes, 100 by default.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// bsuite shows a black square after the last step; here one stands in the last row, in the column that the step led to. Its
/// `mapping_seed` is the task.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeepSeas {
    /// Rows and columns.
    pub size: usize,
    /// Whether steps to the right fail with probability `1 / size`, and some rewards are noisy.
    pub stochastic: bool,
    /// Cost of going to the right all the way.
    pub move_cost: f64,
    /// Whether it is drawn for each cell which action leads to the right; if not, action 1 does.
    pub randomize_actions: bool,
}

impl Default for DeepSeas {
    fn default() -> Self {
        DeepSeas { size: 10, stochastic: false, move_cost: 0.01, randomize_actions: true }
    }
}

impl DeepSeas {
    /// What comes of going to the right in a cell, or to the left.
    fn outcomes(&self, row: usize, column: usize, right: bool) -> Vec<Outcome> {
        let last = self.size - 1;
        let at_bottom = row == last;
        let treasure = if column == last && right { 1.0 } else { 0.0 };
        let reward = treasure - if right { self.move_cost / self.size as f64 } else { 0.0 };
        let noisy = self.stochastic && at_bottom && (column == 0 || column == last);
        let to = |column: usize, probability: f64| Outcome {
            probability,
            next: (row + 1).min(last) * self.size + column,
            reward,
            deviation: if noisy { 1.0 } else { 0.0 },
            terminated: at_bottom,
        };
        if !right {
            return vec![to(column.saturating_sub(1), 1.0)];
        }
        let slip = if self.stochastic { 1.0 / self.size as f64 } else { 0.0 };
        let there = to((column + 1).min(last), 1.0 - slip);
        if slip > 0.0 { vec![there, to(column, slip)] } else { vec![there] }
    }
}

impl TaskDistribution for DeepSeas {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let cells = self.size * self.size;
        let right: Vec<usize> =
            (0..cells).map(|_| if self.randomize_actions { usize::from(rng.random::<bool>()) } else { 1 }).collect();
        let row = |index: usize| {
            let (cell, action) = (index / 2, index % 2);
            self.outcomes(cell / self.size, cell % self.size, action == right[cell])
        };
        let rows: Vec<_> = (0..2 * cells).map(row).collect();
        let character = |right: &usize| if *right == 1 { '1' } else { '0' };
        let tiles = right.iter().map(|right| Tile { character: character(right), ..Tile::FLOOR });
        let mut layout = Layout { width: self.size, tiles: tiles.collect(), cells: (0..cells).collect() };
        layout.tiles[cells - 1] = Tile::GOAL;
        match Table::new(2, &rows, super::start_in(0, cells)) {
            Ok(table) => Box::new(TabularEnvironment::new(table).with_layout(layout)),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for DeepSeas {
    fn check(&self) -> Result<(), String> {
        if !(2..=MAX_SIZE).contains(&self.size) {
            return Err(format!("`size` is {}: a sea has 2 to {MAX_SIZE} rows", self.size));
        }
        super::check_finite("move_cost", self.move_cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn best(family: &DeepSeas, seed: u64) -> f64 {
        let task = family.sample(&mut stream(seed, "sea", &[]));
        let table = task.table().unwrap();
        table.start_value(table.plan(family.size, 1.0).values(family.size))
    }

    #[test]
    fn the_best_dive_is_worth_what_bsuite_says() {
        for size in [2, 10, 20] {
            let family = DeepSeas { size, ..DeepSeas::default() };
            assert!((best(&family, size as u64) - 0.99).abs() < 1e-12);
            let stochastic = DeepSeas { stochastic: true, ..family };
            // bsuite's figure is for going right to the end even where the treasure is out of reach.
            let known = (1.0 - 1.0 / size as f64).powi(size as i32 - 1) - 0.01;
            let value = best(&stochastic, size as u64);
            assert!(value >= known - 1e-12 && value < known + 0.005, "{value} and {known}");
        }
    }

    #[test]
    fn the_treasure_lies_at_the_end_of_one_way_only() {
        let family = DeepSeas { size: 4, move_cost: 0.0, ..DeepSeas::default() };
        let task = family.sample(&mut stream(0, "sea", &[]));
        let table = task.table().unwrap();
        let returns = (0..16).map(|actions: usize| {
            let (mut cell, mut total) = (0, 0.0);
            for step in 0..4 {
                let outcome = table.sample(cell, actions >> step & 1, 0.5);
                assert_eq!(outcome.terminated, step == 3);
                (cell, total) = (outcome.next, total + outcome.reward);
            }
            total
        });
        assert_eq!(returns.sum::<f64>(), 1.0, "of the sixteen ways to dive");
    }

    #[test]
    fn mappings_are_drawn_for_each_task_and_each_cell() {
        let ones = |seed| {
            let task = DeepSeas::default().sample(&mut stream(seed, "sea", &[]));
            let table = task.table().unwrap();
            (0..100).map(|cell| if table.outcomes(cell, 1)[0].reward != 0.0 { 1 } else { 0 }).collect::<Vec<i32>>()
        };
        assert_ne!(ones(0), ones(1));
        let total: i32 = (0..40).map(|seed| ones(seed).iter().sum::<i32>()).sum();
        assert!((1850..2150).contains(&total), "{total} of 4000: standard deviation 32");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert!(DeepSeas { size: 1, ..DeepSeas::default() }.check().unwrap_err().contains("`size` is 1"));
        assert!(DeepSeas { move_cost: f64::NAN, ..DeepSeas::default() }.check().unwrap_err().contains("`move_cost`"));
    }
}
