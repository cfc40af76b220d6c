//! How an episode begins: levels, where food lies and where agents are.

use super::ForagingWorld;
use crate::Rng;
use rand::RngExt;
use smallvec::SmallVec;

/// So many of the weakest agents can take any food together.
pub(super) const WEAKEST: usize = 3;
/// Two pieces of food are further from each other than this, in moves, so that nobody is beside both.
const APART: isize = 2;
/// A piece keeps others off so many cells at most, its own among them.
pub(super) const KEPT_OFF: usize = 13;

impl ForagingWorld {
    /// Draws levels, food and places, in this order.
    pub(super) fn begin(&mut self, rng: &mut Rng) {
        for forager in &mut self.foragers {
            forager.level = 1 + rng.random_range(0..self.rules.max_level as u64) as usize;
        }
        self.put_food(rng);
        self.put_foragers(rng);
    }

    /// Draws a cell whose mark is 0.
    fn draw_unmarked(&self, rng: &mut Rng) -> Option<usize> {
        let marked = self.marks.iter().filter(|mark| **mark != 0).count();
        self.board.draw_vacant(rng, marked, |cell| self.marks[cell] != 0)
    }

    /// Food on inner cells, so that there is room for four around each.
    fn put_food(&mut self, rng: &mut Rng) {
        let mut levels: SmallVec<[usize; 8]> = self.foragers.iter().map(|forager| forager.level).collect();
        levels.sort_unstable();
        let highest: usize = levels.iter().take(WEAKEST).sum();
        let edge = self.rules.size - 1;
        for cell in 0..self.board.cells() {
            let (row, column) = self.board.row_and_column(cell);
            self.marks[cell] = usize::from([row, column].iter().any(|&place| place == 0 || place == edge));
        }
        self.food.fill(0);
        for _ in 0..self.rules.food {
            let Some(cell) = self.draw_unmarked(rng) else { break };
            let drawn = 1 + rng.random_range(0..highest as u64) as usize;
            self.food[cell] = if self.rules.cooperative { highest } else { drawn };
            let (row, column) = self.board.row_and_column(cell);
            for down in -APART..=APART {
                let reach = APART - down.abs();
                for right in -reach..=reach {
                    if let Some(near) = self.board.cell_at(row as isize + down, column as isize + right) {
                        self.marks[near] = 1;
                    }
                }
            }
        }
        self.count_food();
    }

    pub(super) fn count_food(&mut self) {
        self.pieces = self.food.iter().filter(|level| **level > 0).count();
        self.worth = self.food.iter().sum();
    }

    /// Agents on cells of their own without food.
    fn put_foragers(&mut self, rng: &mut Rng) {
        self.marks.copy_from_slice(&self.food);
        for index in 0..self.foragers.len() {
            let Some(cell) = self.draw_unmarked(rng) else { break };
            self.marks[cell] = 1;
            self.foragers[index].cell = cell;
        }
        self.show_strength();
    }

    pub(super) fn show_strength(&mut self) {
        self.strength.fill(0);
        for forager in &self.foragers {
            self.strength[forager.cell] = forager.level;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Foraging;
    use crate::stream;

    #[test]
    fn episodes_start_as_the_manual_says() {
        let mut levels_seen = [0; 10];
        for seed in 0..300 {
            let cooperative = seed % 3 == 0;
            let rules = Foraging { agents: 4, food: 3, max_level: 3, cooperative, ..Foraging::default() };
            let mut world = rules.world().unwrap();
            world.begin(&mut stream(seed, "foraging", &[]));
            let food: Vec<usize> = (0..64).filter(|&cell| world.food[cell] > 0).collect();
            let places: Vec<(usize, usize)> = food.iter().map(|&cell| world.board.row_and_column(cell)).collect();
            assert_eq!((places.len(), world.pieces), (3, 3));
            for (index, &(row, column)) in places.iter().enumerate() {
                assert!((1..7).contains(&row) && (1..7).contains(&column), "{places:?}");
                let moves = |other: &(usize, usize)| row.abs_diff(other.0) + column.abs_diff(other.1);
                assert!(places[..index].iter().all(|other| moves(other) >= 3), "{places:?}");
            }
            let mut levels: Vec<usize> = world.foragers.iter().map(|forager| forager.level).collect();
            levels.sort_unstable();
            let highest: usize = levels[..3].iter().sum();
            assert!(levels[0] >= 1 && levels[3] <= 3);
            for &cell in &food {
                let level = world.food[cell];
                assert!(if cooperative { level == highest } else { level <= highest });
                levels_seen[level] += 1;
            }
            let mut taken: Vec<usize> = world.foragers.iter().map(|forager| forager.cell).collect();
            taken.sort_unstable();
            taken.dedup();
            assert!(taken.len() == 4 && taken.iter().all(|cell| !food.contains(cell)));
        }
        assert!(levels_seen[1..].iter().all(|&count| count > 0), "{levels_seen:?}");
    }
}
