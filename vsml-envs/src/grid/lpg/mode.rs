//! The settings of the LPG gridworlds: what lies where, what it is worth, and how long an episode is.

use super::super::{Board, BoardError};
use super::ObjectKind;
use crate::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Which of the gridworlds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LpgMode {
    /// 11 by 11, two objects worth 1 and two of different kinds worth -1, 500 steps.
    Dense,
    /// 13 by 13, one object worth 1 and one worth -1, each ending the episode, 50 steps.
    Sparse,
    /// 11 by 11, two objects worth 1 that return slowly and two worth -1 that return at once, 1000 steps.
    Long,
    /// 9 by 9, two rooms with two doors; two objects worth 1 and three worth -1, 2000 steps.
    Longer,
    /// 11 by 11, four rooms with a door between neighbours; four objects worth 1, 2000 steps.
    LongDense,
    /// As `dense`, but objects return elsewhere.
    RandDense,
    /// As `long`, but objects return elsewhere.
    RandLong,
    /// 7 by 7 with two walls, two objects worth 1 and two worth -1 that return elsewhere, 500 steps.
    RandSmall,
    /// 7 by 7, one object worth 1 and two worth -1, each ending the episode, 50 steps.
    RandSparse,
    /// 11 by 11, one object worth 1 that returns elsewhere at once, 2000 steps.
    RandVeryDense,
    /// The distribution over all of these things: sizes, walls, objects and lengths are drawn for each task.
    #[default]
    All,
}

/// The longest side of a board in [`LpgMode::All`]; all its boards are padded with walls to this size.
const ALL_SIDE: usize = 10;
/// Most objects in [`LpgMode::All`], each of a kind of its own.
const ALL_OBJECTS: usize = 5;
/// Walls that [`LpgMode::All`] scatters over a board of the longest side; a smaller board gets its share of them.
const ALL_WALLS: usize = 15;

/// A mode in which nothing but places varies.
struct Setting {
    size: usize,
    wall: fn(row: usize, column: usize) -> bool,
    kinds: &'static [ObjectKind],
    /// How many objects there are of each kind.
    counts: &'static [usize],
    steps: u64,
}

/// What is drawn for a task besides the places of its objects.
pub(super) struct Level {
    pub board: Board,
    pub kinds: Vec<ObjectKind>,
    /// The kind of each object.
    pub objects: Vec<usize>,
    /// Most objects in this mode.
    pub slots: usize,
    pub steps: u64,
}

const fn kind(reward: f64, terminate: f64, respawn: f64) -> ObjectKind {
    ObjectKind { reward, terminate, respawn }
}

const DENSE: Setting = Setting {
    size: 11,
    wall: |_, _| false,
    kinds: &[kind(1.0, 0.0, 0.05), kind(-1.0, 0.5, 0.1), kind(-1.0, 0.0, 0.5)],
    counts: &[2, 1, 1],
    steps: 500,
};
const SPARSE: Setting = Setting {
    size: 13,
    wall: |_, _| false,
    kinds: &[kind(1.0, 1.0, 0.0), kind(-1.0, 1.0, 0.0)],
    counts: &[1, 1],
    steps: 50,
};
const LONG: Setting = Setting {
    size: 11,
    wall: |_, _| false,
    kinds: &[kind(1.0, 0.0, 0.01), kind(-1.0, 0.5, 1.0)],
    counts: &[2, 2],
    steps: 1000,
};
const LONGER: Setting = Setting {
    size: 9,
    wall: |row, column| column == 4 && row != 1 && row != 7,
    kinds: &[kind(1.0, 0.1, 0.01), kind(-1.0, 0.8, 1.0)],
    counts: &[2, 3],
    steps: 2000,
};
const LONG_DENSE: Setting = Setting {
    size: 11,
    wall: |row, column| column == 5 && row != 0 && row != 7 || row == 4 && column != 2 && column != 8,
    kinds: &[kind(1.0, 0.0, 0.005)],
    counts: &[4],
    steps: 2000,
};
const SMALL: Setting = Setting {
    size: 7,
    wall: |row, column| (row, column) == (1, 2) || (row, column) == (3, 4),
    kinds: &[kind(1.0, 0.0, 0.05), kind(-1.0, 0.5, 0.1)],
    counts: &[2, 2],
    steps: 500,
};
const SMALL_SPARSE: Setting = Setting {
    size: 7,
    wall: |_, _| false,
    kinds: &[kind(1.0, 1.0, 1.0), kind(-1.0, 1.0, 1.0)],
    counts: &[1, 2],
    steps: 50,
};
const VERY_DENSE: Setting =
    Setting { size: 11, wall: |_, _| false, kinds: &[kind(1.0, 0.0, 1.0)], counts: &[1], steps: 2000 };

impl LpgMode {
    /// Whether a collected object returns to another cell than its own, and episodes start with objects in new places.
    pub fn is_random(self) -> bool {
        matches!(
            self,
            LpgMode::RandDense | LpgMode::RandLong | LpgMode::RandSmall | LpgMode::RandSparse | LpgMode::RandVeryDense
        )
    }

    fn setting(self) -> Option<&'static Setting> {
        match self {
            LpgMode::Dense | LpgMode::RandDense => Some(&DENSE),
            LpgMode::Sparse => Some(&SPARSE),
            LpgMode::Long | LpgMode::RandLong => Some(&LONG),
            LpgMode::Longer => Some(&LONGER),
            LpgMode::LongDense => Some(&LONG_DENSE),
            LpgMode::RandSmall => Some(&SMALL),
            LpgMode::RandSparse => Some(&SMALL_SPARSE),
            LpgMode::RandVeryDense => Some(&VERY_DENSE),
            LpgMode::All => None,
        }
    }

    /// The longest side of a board.
    pub fn side(self) -> usize {
        self.setting().map_or(ALL_SIDE, |setting| setting.size)
    }

    /// Draws a board, its objects and the length of an episode.
    pub(super) fn draw(self, rng: &mut Rng) -> Result<Level, BoardError> {
        self.setting().map_or_else(|| draw_any(rng), Setting::level)
    }
}

impl Setting {
    fn level(&self) -> Result<Level, BoardError> {
        let mut board = Board::open(self.size, self.size)?;
        for cell in 0..board.cells() {
            let (row, column) = board.row_and_column(cell);
            board.set_wall(cell, (self.wall)(row, column));
        }
        let objects: Vec<usize> =
            self.counts.iter().enumerate().flat_map(|(kind, &count)| std::iter::repeat_n(kind, count)).collect();
        Ok(Level { board, kinds: self.kinds.to_vec(), slots: objects.len(), objects, steps: self.steps })
    }
}

fn uniform(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// A number whose logarithm is uniform.
fn log_uniform(rng: &mut Rng, low: f64, high: f64) -> f64 {
    libm::exp(uniform(rng, libm::log(low), libm::log(high))).clamp(low, high)
}

/// Draws a task of [`LpgMode::All`].
fn draw_any(rng: &mut Rng) -> Result<Level, BoardError> {
    let kinds = (0..ALL_OBJECTS)
        .map(|index| ObjectKind {
            reward: uniform(rng, if index == 0 { 0.0 } else { -1.0 }, 1.0),
            terminate: log_uniform(rng, 1e-2, 1.0),
            respawn: log_uniform(rng, 1e-3, 1e-1),
        })
        .collect();
    let steps = log_uniform(rng, 20.0, 750.0).round() as u64;
    let objects = rng.random_range(1..=ALL_OBJECTS as u64) as usize;
    let size = rng.random_range(4..=ALL_SIDE as u64) as usize;
    // Each of the scattered walls falls on this board if it falls on its first `size * size` cells.
    let (mut walls, mut cells) = (0, size * size);
    for left in (0..ALL_WALLS).map(|placed| ALL_SIDE * ALL_SIDE - placed) {
        if (rng.random_range(0..left as u64) as usize) < cells {
            walls += 1;
            cells -= 1;
        }
    }
    let inner = Board::with_random_walls(size, size, walls.min(size * size - objects - 1), rng)?;
    let mut board = Board::open(ALL_SIDE, ALL_SIDE)?;
    for cell in 0..board.cells() {
        let (row, column) = board.row_and_column(cell);
        let place = inner.cell_at(row as isize, column as isize);
        board.set_wall(cell, place.is_none_or(|place| inner.is_wall(place)));
    }
    Ok(Level { board, kinds, objects: (0..objects).collect(), slots: ALL_OBJECTS, steps })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn drawn(mode: LpgMode) -> Level {
        mode.draw(&mut stream(0, "lpg mode", &[])).unwrap()
    }

    #[test]
    fn the_rooms_have_two_doors_each_way() {
        let longer = "\
            ....#....\n.........\n....#....\n....#....\n....#....\n....#....\n....#....\n.........\n....#....\n";
        assert_eq!(format!("{:?}", drawn(LpgMode::Longer).board), longer);
        let row = ".....#.....\n";
        let crossing = "##.#####.##\n";
        let long_dense = ["...........\n", row, row, row, crossing, row, row, "...........\n", row, row, row].concat();
        assert_eq!(format!("{:?}", drawn(LpgMode::LongDense).board), long_dense);
        let small = drawn(LpgMode::RandSmall).board;
        assert_eq!((small.free_cells(), small.is_wall(9), small.is_wall(25)), (47, true, true));
    }

    #[test]
    fn objects_and_lengths_are_those_of_the_source() {
        let table = [
            (LpgMode::Dense, 11, vec![0, 0, 1, 2], 500),
            (LpgMode::Sparse, 13, vec![0, 1], 50),
            (LpgMode::Long, 11, vec![0, 0, 1, 1], 1000),
            (LpgMode::Longer, 9, vec![0, 0, 1, 1, 1], 2000),
            (LpgMode::LongDense, 11, vec![0, 0, 0, 0], 2000),
            (LpgMode::RandDense, 11, vec![0, 0, 1, 2], 500),
            (LpgMode::RandLong, 11, vec![0, 0, 1, 1], 1000),
            (LpgMode::RandSmall, 7, vec![0, 0, 1, 1], 500),
            (LpgMode::RandSparse, 7, vec![0, 1, 1], 50),
            (LpgMode::RandVeryDense, 11, vec![0], 2000),
        ];
        for (mode, size, objects, steps) in table {
            let level = drawn(mode);
            assert_eq!((level.board.width(), mode.side(), level.steps), (size, size, steps), "{mode:?}");
            assert_eq!((level.slots, &level.objects), (objects.len(), &objects), "{mode:?}");
            assert_eq!(level.kinds.len(), objects.last().unwrap() + 1);
        }
    }

    #[test]
    fn the_distribution_is_that_of_the_source() {
        let mut rng = stream(0, "lpg mode", &[1]);
        let levels: Vec<Level> = (0..4000).map(|_| LpgMode::All.draw(&mut rng).unwrap()).collect();
        let mean = |number: fn(&Level) -> f64| levels.iter().map(number).sum::<f64>() / 4000.0;
        let near = |name: &str, number: f64, expected: f64, standard_error: f64| {
            assert!((number - expected).abs() < 4.0 * standard_error, "{name}: {number}, expected {expected}");
        };
        near("objects", mean(|level| level.objects.len() as f64), 3.0, 0.023);
        near("first reward", mean(|level| level.kinds[0].reward), 0.5, 0.0046);
        near("another reward", mean(|level| level.kinds[3].reward), 0.0, 0.0092);
        // The mean of the logarithm of a log-uniform number is the middle of the logarithms: -1, -2 to base ten.
        near("terminate", mean(|level| level.kinds[2].terminate.log10()), -1.0, 0.0092);
        near("respawn", mean(|level| level.kinds[2].respawn.log10()), -2.0, 0.0092);
        near("steps", mean(|level| (level.steps as f64).log10()), (20f64 * 750.0).log10() / 2.0, 0.0072);
        // Of 15 walls on 100 cells, 15 in 100 of the cells of a board of side 4 to 10: 371 / 7 cells on the average.
        near("free cells", mean(|level| level.board.free_cells() as f64), 0.85 * 371.0 / 7.0, 0.43);
        assert!(levels.iter().all(|level| level.board.free_cells() > level.objects.len()));
        assert!(levels.iter().all(|level| (20..=750).contains(&level.steps)));
    }
}
