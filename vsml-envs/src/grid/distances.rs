//! How far cells are from each other, in moves around walls.

use super::{Board, Move};

impl Board {
    /// How many moves each cell is away from `from`, by breadth-first search; none for walls and what cannot be reached.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn distances(&self, from: usize) -> Vec<Option<u32>> {
        let mut distances = vec![None; self.cells()];
        if self.is_wall(from) {
            return distances;
        }
        distances[from] = Some(0);
        let mut front = vec![from];
        for distance in 1.. {
            let mut next_front = Vec::new();
            for cell in front {
                for next in Move::ALL.map(|step| self.moved(cell, step)) {
                    if distances[next].is_none() {
                        distances[next] = Some(distance);
                        next_front.push(next);
                    }
                }
            }
            if next_front.is_empty() {
                break;
            }
            front = next_front;
        }
        distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_go_around_walls() {
        let (board, _) = Board::read(".#.\n.#.\n...\n##.\n.#.").unwrap();
        let none = None;
        let expected = [
            [Some(0), none, Some(6)],
            [Some(1), none, Some(5)],
            [Some(2), Some(3), Some(4)],
            [none, none, Some(5)],
            [none, none, Some(6)],
        ];
        assert_eq!(board.distances(0), expected.concat());
        assert_eq!(board.distances(1), vec![None; 15], "from a wall one gets nowhere");
        let open = Board::open(7, 5).unwrap();
        let (row, column) = (3, 2);
        for (cell, distance) in open.distances(row * 7 + column).into_iter().enumerate() {
            let (r, c) = open.row_and_column(cell);
            assert_eq!(distance, Some((r.abs_diff(row) + c.abs_diff(column)) as u32));
        }
    }
}
