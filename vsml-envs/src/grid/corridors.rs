//! Mazes of corridors, by recursive backtracking.
//!
//! Every second cell of every second row is a place; the walk goes from place to place that it has not yet seen and opens
//! the wall on the way, and where it is stuck it goes back. The result is a tree: between any two cells there is one way,
//! with long winding corridors and few crossings. Opening some of the walls that are left gives loops, up to a board on
//! which only pillars stand.

use super::{Board, BoardError};
use crate::Rng;
use rand::RngExt;

impl Board {
    /// A random maze of corridors one cell wide, all of whose free cells can be reached from each other.
    ///
    /// Each wall that stands between two corridors is opened with the probability `loops`: 0 gives a maze without loops, 1
    /// one in which only the cells with odd row and column are walls.
    ///
    /// # Errors
    /// As [`Board::open`]; also if a side is an even number of cells.
    pub fn with_corridors(width: usize, height: usize, loops: f64, rng: &mut Rng) -> Result<Self, BoardError> {
        let mut board = Self::open(width, height)?;
        if width.is_multiple_of(2) || height.is_multiple_of(2) {
            return Err(BoardError::Corridors { width, height });
        }
        for cell in 0..board.cells() {
            board.set_wall(cell, true);
        }
        // A place and the one next to it are two cells apart; the wall between them is in the middle.
        let draw = |bound: usize, rng: &mut Rng| rng.random_range(0..bound as u64) as usize;
        let first = 2 * draw(height.div_ceil(2), rng) * width + 2 * draw(width.div_ceil(2), rng);
        board.set_wall(first, false);
        let mut way = vec![first];
        while let Some(&here) = way.last() {
            let (row, column) = board.row_and_column(here);
            let (row, column) = (row as isize, column as isize);
            let around = [(row - 2, column), (row, column + 2), (row + 2, column), (row, column - 2)];
            let unseen = |place: &(isize, isize)| board.cell_at(place.0, place.1).filter(|cell| board.is_wall(*cell));
            let choices = around.iter().filter_map(unseen).count();
            if choices == 0 {
                way.pop();
                continue;
            }
            let chosen = draw(choices, rng);
            if let Some(next) = around.iter().filter_map(unseen).nth(chosen) {
                board.set_wall((here + next) / 2, false);
                board.set_wall(next, false);
                way.push(next);
            }
        }
        for cell in 0..board.cells() {
            let (row, column) = board.row_and_column(cell);
            let between = (row + column) % 2 == 1;
            if between && board.is_wall(cell) && rng.random::<f64>() < loops {
                board.set_wall(cell, false);
            }
        }
        Ok(board)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use std::collections::BTreeMap;

    #[test]
    fn a_maze_without_loops_is_a_tree() {
        for (index, (width, height)) in [(1, 1), (13, 13), (3, 63), (63, 63), (1, 9)].into_iter().enumerate() {
            let mut rng = stream(0, "corridors", &[index as u64]);
            let board = Board::with_corridors(width, height, 0.0, &mut rng).unwrap();
            let places = width.div_ceil(2) * height.div_ceil(2);
            assert_eq!(board.free_cells(), 2 * places - 1, "{board:?}");
            assert_eq!(board.distances(0).iter().flatten().count(), board.free_cells(), "{board:?}");
        }
    }

    #[test]
    fn loops_open_as_many_walls_as_they_should() {
        let mut rng = stream(0, "corridors", &[10]);
        let open = Board::with_corridors(9, 7, 1.0, &mut rng).unwrap();
        let pillars = (0..63).filter(|cell| open.is_wall(*cell)).all(|cell| cell / 9 % 2 == 1 && cell % 9 % 2 == 1);
        assert!(pillars && open.free_cells() == 63 - 12, "{open:?}");
        let board = Board::with_corridors(63, 63, 0.25, &mut rng).unwrap();
        // Of 2 * 32 * 31 walls between places, 1023 are open in the tree; a quarter of the other 961 is opened.
        let opened = board.free_cells() - (2 * 1024 - 1);
        assert!((186..295).contains(&opened), "{opened}: 240 expected, standard deviation 13");
    }

    #[test]
    fn all_four_mazes_of_four_places_are_equally_likely() {
        let mut rng = stream(0, "corridors", &[11]);
        let mut counts = BTreeMap::new();
        for _ in 0..4000 {
            let board = Board::with_corridors(3, 3, 0.0, &mut rng).unwrap();
            *counts.entry(format!("{board:?}")).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 4);
        assert!(counts.values().all(|count| (890..1110).contains(count)), "{counts:?}: standard deviation 27");
    }

    #[test]
    fn even_sides_are_refused() {
        let mut rng = stream(0, "corridors", &[12]);
        let error = Board::with_corridors(4, 5, 0.0, &mut rng).unwrap_err();
        assert!(error.to_string().contains("odd"), "{error}");
    }
}
