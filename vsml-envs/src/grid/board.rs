//! Cells and walls.
//!
//! A cell is a number, `row * width + column`, row 0 at the top. Beyond the border everything is wall, so a move that
//! leads out leads nowhere and no cell is spent on a frame.
//!
//! Inner walls must not cut the board in two, or some task would be unsolvable by no fault of the learner. They are
//! placed one at a time in a random order, and one that would separate its neighbours is put off until the next round. A
//! connected board of more than one cell always has a cell that can be spared, so every round places at least one wall,
//! and any number that leaves a cell free can be had. Drawing boards until one happens to be connected would never
//! end on a large one.

use crate::Rng;
use crate::picture::{Tile, Tiles};
use rand::RngExt;
use rand::seq::SliceRandom;
use std::fmt;

/// Longest side of a board. Of this size and with any number of walls, one is drawn within a fifth of a second.
pub const MAX_SIDE: usize = 64;

/// A step to one of the four neighbours. As actions they are numbered in the order given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To the row above: action 0.
    Up,
    /// To the next column: action 1.
    Right,
    /// To the row below: action 2.
    Down,
    /// To the column before: action 3.
    Left,
}

impl Move {
    /// All four, in the order of their actions.
    pub const ALL: [Move; 4] = [Move::Up, Move::Right, Move::Down, Move::Left];
}

/// A rectangle of cells, some of them walls.
#[derive(Clone, PartialEq, Eq)]
pub struct Board {
    width: usize,
    height: usize,
    walls: Vec<bool>,
    free_cells: usize,
}

/// Why there is no such board.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoardError {
    /// Too short or too long a side.
    #[error("a board of {width} by {height} cells: each side must be 1 to {MAX_SIDE}")]
    Side {
        /// Cells in a row.
        width: usize,
        /// Cells in a column.
        height: usize,
    },
    /// A map's rows are not of the same length.
    #[error("row {row} of the map has {len} characters and the first has {first}: all must have as many")]
    Map {
        /// Which row, counted from 0.
        row: usize,
        /// How long it is.
        len: usize,
        /// How long the first is.
        first: usize,
    },
    /// Corridors lie on every second row and column, the outermost among them.
    #[error("corridors on {width} by {height} cells: each side must be an odd number")]
    Corridors {
        /// Cells in a row.
        width: usize,
        /// Cells in a column.
        height: usize,
    },
    /// No cell would be free.
    #[error("{walls} walls on {cells} cells leave none free")]
    Walls {
        /// How many walls were asked for.
        walls: usize,
        /// How many cells there are.
        cells: usize,
    },
}

impl Board {
    /// A board without inner walls.
    ///
    /// # Errors
    /// If a side is 0 or longer than [`MAX_SIDE`].
    pub fn open(width: usize, height: usize) -> Result<Self, BoardError> {
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(BoardError::Side { width, height });
        }
        Ok(Board { width, height, walls: vec![false; width * height], free_cells: width * height })
    }

    /// Reads a map, a line for each row: `#` is a wall, all else is free. Returns the board and the character of each cell,
    /// so that a family may give meaning to the others.
    ///
    /// # Errors
    /// If rows differ in length or a side is 0 or longer than [`MAX_SIDE`].
    pub fn read(map: &str) -> Result<(Self, Vec<char>), BoardError> {
        let rows: Vec<Vec<char>> = map.lines().map(|row| row.chars().collect()).collect();
        let first = rows.first().map_or(0, Vec::len);
        if let Some(row) = rows.iter().position(|row| row.len() != first) {
            return Err(BoardError::Map { row, len: rows[row].len(), first });
        }
        let mut board = Self::open(first, rows.len())?;
        let characters = rows.concat();
        for (cell, &character) in characters.iter().enumerate() {
            board.set_wall(cell, character == '#');
        }
        Ok((board, characters))
    }

    /// A board with `walls` random inner walls, all of whose free cells can be reached from each other.
    ///
    /// # Errors
    /// As [`Board::open`]; also if no cell would be free.
    pub fn with_random_walls(width: usize, height: usize, walls: usize, rng: &mut Rng) -> Result<Self, BoardError> {
        let mut board = Self::open(width, height)?;
        let cells = width * height;
        if walls >= cells {
            return Err(BoardError::Walls { walls, cells });
        }
        let mut candidates: Vec<usize> = (0..cells).collect();
        candidates.shuffle(rng);
        let mut search = Search { seen: vec![0; cells], round: 0, queue: Vec::new() };
        let mut missing = walls;
        while missing > 0 {
            candidates.retain(|&cell| {
                if missing == 0 || search.is_needed(&board, cell) {
                    return true;
                }
                board.set_wall(cell, true);
                missing -= 1;
                false
            });
        }
        Ok(board)
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Cells in a column.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of cells, walls among them.
    pub fn cells(&self) -> usize {
        self.walls.len()
    }

    /// Number of cells that are not walls.
    pub fn free_cells(&self) -> usize {
        self.free_cells
    }

    /// Whether `cell` is a wall.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn is_wall(&self, cell: usize) -> bool {
        self.walls[cell]
    }

    /// Puts a wall on `cell`, or takes it away.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn set_wall(&mut self, cell: usize, wall: bool) {
        match (self.walls[cell], wall) {
            (false, true) => self.free_cells -= 1,
            (true, false) => self.free_cells += 1,
            _ => {}
        }
        self.walls[cell] = wall;
    }

    /// The cell at `row` and `column`, or none where that is beyond the border.
    pub fn cell_at(&self, row: isize, column: isize) -> Option<usize> {
        let (row, column) = (usize::try_from(row).ok()?, usize::try_from(column).ok()?);
        (row < self.height && column < self.width).then_some(row * self.width + column)
    }

    /// Row and column of `cell`.
    pub fn row_and_column(&self, cell: usize) -> (usize, usize) {
        (cell / self.width, cell % self.width)
    }

    /// Where a move from `cell` leads: back to `cell` if a wall or the border is in the way.
    pub fn moved(&self, cell: usize, step: Move) -> usize {
        let (row, column) = self.row_and_column(cell);
        let (leads_out, next) = match step {
            Move::Up => (row == 0, cell.wrapping_sub(self.width)),
            Move::Right => (column + 1 == self.width, cell + 1),
            Move::Down => (row + 1 == self.height, cell + self.width),
            Move::Left => (column == 0, cell.wrapping_sub(1)),
        };
        if leads_out || self.walls[next] { cell } else { next }
    }

    /// The board as tiles: walls, and on free cells what `tile` says.
    pub fn tiles(&self, tile: impl Fn(usize) -> Tile) -> Tiles {
        Tiles::new(self.width, self.height(), |cell| if self.walls[cell] { Tile::WALL } else { tile(cell) })
    }

    /// Draws one of the free cells that are not `occupied`, each equally likely; none if there is none. Takes one number
    /// from `rng` and looks at each cell once.
    ///
    /// `occupied_cells` is how many free cells are occupied: whoever put something there knows, and need not count.
    pub fn draw_vacant(&self, rng: &mut Rng, occupied_cells: usize, occupied: impl Fn(usize) -> bool) -> Option<usize> {
        let vacant = self.free_cells.checked_sub(occupied_cells).filter(|vacant| *vacant > 0)?;
        let chosen = rng.random_range(0..vacant as u64) as usize;
        (0..self.cells()).filter(|&cell| !self.walls[cell] && !occupied(cell)).nth(chosen)
    }
}

impl fmt::Debug for Board {
    /// A picture: `#` for a wall, `.` for a free cell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.walls.chunks(self.width) {
            writeln!(f, "{}", row.iter().map(|wall| if *wall { '#' } else { '.' }).collect::<String>())?;
        }
        Ok(())
    }
}

/// Finds out whether a cell is needed to get from one of its neighbours to another. Keeps its memory between searches.
struct Search {
    /// The round in which a cell was last seen.
    seen: Vec<u32>,
    round: u32,
    queue: Vec<usize>,
}

impl Search {
    /// Whether the free neighbours of `cell` would be cut off from each other if it were a wall. Stops as soon as all
    /// are found, which mostly is at the next corner.
    fn is_needed(&mut self, board: &Board, cell: usize) -> bool {
        let neighbours = Move::ALL.map(|step| board.moved(cell, step));
        let is_neighbour = |other: usize| other != cell && neighbours.contains(&other);
        let mut unseen = neighbours.iter().filter(|&&neighbour| neighbour != cell).count();
        let Some(&first) = neighbours.iter().find(|&&neighbour| neighbour != cell) else { return true };
        self.round += 1;
        self.seen[cell] = self.round;
        self.seen[first] = self.round;
        self.queue.clear();
        self.queue.push(first);
        unseen -= 1;
        let mut next = 0;
        while unseen > 0 && next < self.queue.len() {
            let here = self.queue[next];
            next += 1;
            for step in Move::ALL {
                let there = board.moved(here, step);
                if self.seen[there] != self.round {
                    self.seen[there] = self.round;
                    unseen -= usize::from(is_neighbour(there));
                    self.queue.push(there);
                }
            }
        }
        unseen > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use std::collections::BTreeSet;

    fn reachable(board: &Board) -> usize {
        let start = (0..board.cells()).find(|&cell| !board.is_wall(cell)).unwrap();
        let mut seen = BTreeSet::from([start]);
        let mut queue = vec![start];
        while let Some(cell) = queue.pop() {
            for step in Move::ALL {
                let next = board.moved(cell, step);
                if seen.insert(next) {
                    queue.push(next);
                }
            }
        }
        seen.len()
    }

    #[test]
    fn moves_lead_to_neighbours_and_not_through_walls() {
        let mut board = Board::open(3, 2).unwrap();
        assert_eq!(Move::ALL.map(|step| board.moved(0, step)), [0, 1, 3, 0]);
        assert_eq!(Move::ALL.map(|step| board.moved(5, step)), [2, 5, 5, 4]);
        board.walls[1] = true;
        assert_eq!(Move::ALL.map(|step| board.moved(4, step)), [4, 5, 4, 3]);
        assert_eq!((board.cell_at(1, 2), board.cell_at(-1, 0), board.cell_at(0, 3)), (Some(5), None, None));
        assert_eq!(format!("{board:?}"), ".#.\n...\n");
    }

    #[test]
    fn random_walls_leave_one_connected_room() {
        for (index, (width, height, walls)) in
            [(5, 5, 0), (5, 5, 8), (5, 5, 24), (1, 7, 6), (9, 4, 20), (30, 30, 500)].into_iter().enumerate()
        {
            for draw in 0..20 {
                let mut rng = stream(0, "board", &[index as u64, draw]);
                let board = Board::with_random_walls(width, height, walls, &mut rng).unwrap();
                assert_eq!(board.free_cells(), width * height - walls);
                assert_eq!(board.walls.iter().filter(|wall| **wall).count(), walls);
                assert_eq!(reachable(&board), board.free_cells(), "{board:?}");
            }
        }
    }

    #[test]
    fn boards_differ_from_draw_to_draw() {
        let mut rng = stream(0, "board", &[100]);
        let boards: BTreeSet<String> =
            (0..50).map(|_| format!("{:?}", Board::with_random_walls(6, 6, 8, &mut rng).unwrap())).collect();
        assert!(boards.len() > 45);
    }

    #[test]
    fn the_largest_board_can_be_filled_with_walls() {
        for free_cells in [1, 2, 1000] {
            let walls = MAX_SIDE * MAX_SIDE - free_cells;
            let board = Board::with_random_walls(MAX_SIDE, MAX_SIDE, walls, &mut stream(0, "board", &[200])).unwrap();
            assert_eq!((board.free_cells(), reachable(&board)), (free_cells, free_cells));
        }
    }

    #[test]
    fn vacant_cells_are_drawn_equally_often() {
        let mut rng = stream(0, "board", &[300]);
        let board = Board::with_random_walls(3, 3, 2, &mut rng).unwrap();
        let taken = (0..9).find(|&cell| !board.is_wall(cell)).unwrap();
        let mut counts = [0; 9];
        for _ in 0..6000 {
            counts[board.draw_vacant(&mut rng, 1, |cell| cell == taken).unwrap()] += 1;
        }
        for (cell, &count) in counts.iter().enumerate() {
            let expected = if board.is_wall(cell) || cell == taken { 0..=0 } else { 880..=1120 };
            assert!(expected.contains(&count), "{counts:?}: standard deviation 29");
        }
        assert_eq!(board.draw_vacant(&mut rng, 7, |_| true), None);
    }

    #[test]
    fn a_map_is_read_row_by_row() {
        let (board, characters) = Board::read("S.#\n#.G").unwrap();
        assert_eq!(format!("{board:?}"), "..#\n#..\n");
        assert_eq!((board.free_cells(), characters[0], characters[5]), (4, 'S', 'G'));
        let error = Board::read("...\n..").unwrap_err().to_string();
        assert!(error.contains("row 1 of the map has 2"), "{error}");
        assert!(Board::read("").is_err());
    }

    #[test]
    fn nonsense_boards_are_refused() {
        assert_eq!(Board::open(0, 3), Err(BoardError::Side { width: 0, height: 3 }));
        assert!(Board::open(3, MAX_SIDE + 1).is_err());
        let mut rng = stream(0, "board", &[400]);
        assert_eq!(Board::with_random_walls(2, 2, 4, &mut rng), Err(BoardError::Walls { walls: 4, cells: 4 }));
    }
}
