//! The mazes on which learners are usually tested after training on random ones.
//!
//! They are held-out levels of minimax and JaxUED, which have them from the work on PAIRED (Dennis et al. 2020, arXiv
//! 2012.02096) and its successors. Both have the first eight with the same walls, starts and goals, which we compared cell
//! by cell; the two corridors are minimax's.
//!
//! `#` is a wall, `S` the start, `G` a goal. Where there are several goals, one of them is the task's.

use super::Board;

/// What to give in place of a name for random walls, each on a cell of its own.
pub(super) const WALLS: &str = "walls";
/// What to give in place of a name for random corridors.
pub(super) const CORRIDORS: &str = "corridors";

/// Names and maps.
const MAPS: [(&str, &str); 10] = [
    (
        "SixteenRooms",
        "...#..#..#.../.S.......#.../...#..#....../#.###.##.###./...#........./......#..#.../##.#.##.###.#/\
         ...#.....#.../...#..#....../.####.##.#.##/...#..#..#.../......#....G./...#.....#...",
    ),
    (
        "SixteenRooms2",
        "...#.....#.../.S....#..#.../...#..#..#.../####.##.###.#/...#..#....../......#..#.../#.#####.#####/\
         ...#..#..#.../...#........./##.##.##.####/...#..#..#.../......#....G./...#..#..#...",
    ),
    (
        "Labyrinth",
        "............./.###########./.#.........#./.#.#######.#./.#.#.....#.#./.#.#.###.#.#./.#.#.#G#.#.#./\
         .#.#.#.#.#.#./.#...#...#.#./.#########.#./.....#.....#./####.#.#####./S....#.......",
    ),
    (
        "LabyrinthFlipped",
        "............./.###########./.#.........#./.#.#######.#./.#.#.....#.#./.#.#.###.#.#./.#.#.#G#.#.#./\
         .#.#.#.#.#.#./.#.#...#...#./.#.#########./.#.....#...../.#####.#.####/.......#....S",
    ),
    (
        "Labyrinth2",
        "S#.........../.#.#########./.#.#.......#./.#.#.#####.#./.#.#.#...#.#./...#.#.#.#.#./####.#G#.#.#./\
         ...#.###.#.#./.#.#.....#.#./.#.#######.#./.#.........#./.###########./.............",
    ),
    (
        "StandardMaze",
        ".....#S...#../.###.####.##./.#.........../.########.###/........#..../######.#####./....#..#...../\
         .##...##.####/..#.#..#...#./#.#.##.###.#./#.#..#...#.../#.##.###.###./...#..G#.#...",
    ),
    (
        "StandardMaze2",
        "...#.#....#../.#.#.####...#/.#........#../.########.###/...#..#.#.#.G/##.#.##.#.#../S#.#....#.##./\
         .#.##.###..#./.#..#..###.#./.##.##.#.#.#./.#...#.#.#.#./.#.#.#.#.#.#./...#...#.....",
    ),
    (
        "StandardMaze3",
        "...S#.#....../.####.#.####./.#....#.#..../...####.#.#.#/##.#....#.#../...#.##.#.##./.#.#.#..#..#G/\
         .#.#.#.###.##/.#...#.#.#.../.###.#.#.###./.#...#.#...#./.#.###.#.#.#./.#...#...#...",
    ),
    (
        "SmallCorridor",
        "............./.#.#.#.#.#.#./.#.#.#.#.#.#./.#.#.#.#.#.#./.#.#.#.#.#.#./.#G#G#G#G#G#./S###########./\
         .#G#G#G#G#G#./.#.#.#.#.#.#./.#.#.#.#.#.#./.#.#.#.#.#.#./.#.#.#.#.#.#./.............",
    ),
    (
        "LargeCorridor",
        ".................../.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./\
         .#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#G#G#G#G#G#G#G#G#./S#################./\
         .#G#G#G#G#G#G#G#G#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./\
         .#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./.#.#.#.#.#.#.#.#.#./...................",
    ),
];

/// A map that has been read: walls, and which cells are marked.
#[derive(Clone, Debug)]
pub(super) struct MazeMap {
    pub(super) board: Board,
    pub(super) start: Option<usize>,
    /// The cells of which one is the goal; if there is none, all may be.
    pub(super) goals: Vec<usize>,
}

impl MazeMap {
    /// Reads the map of this name, or rows that are separated by `/`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(super) fn read(map: &str) -> Result<Self, String> {
        let rows = match MAPS.iter().find(|(name, _)| *name == map) {
            Some((_, rows)) => rows,
            None if map.contains(['.', '#', '/']) => map,
            None => {
                let known: Vec<&str> =
                    [WALLS, CORRIDORS].into_iter().chain(MAPS.iter().map(|(name, _)| *name)).collect();
                let nearest = crate::nearest(map, known.iter().copied());
                let meant = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or(".".into());
                return Err(format!(
                    "`map` is `{map}`, which is no map{meant} There are {}; or give rows as in S.#/..G",
                    known.join(", ")
                ));
            }
        };
        let (board, characters) = Board::read(&rows.replace('/', "\n")).map_err(|error| format!("`map`: {error}"))?;
        if let Some(other) = characters.iter().find(|character| !".#SG".contains(**character)) {
            return Err(format!("`map` has a `{other}`: a map consists of . # S G and of / between rows"));
        }
        let marked = |mark: char| characters.iter().enumerate().filter(move |(_, c)| **c == mark).map(|(cell, _)| cell);
        let (start, goals) = (marked('S').next(), marked('G').collect());
        if marked('S').count() > 1 {
            return Err("`map` has more than one S: a maze has one start".into());
        }
        let free = (0..board.cells()).find(|cell| !board.is_wall(*cell));
        let reached = free.map_or(0, |cell| board.distances(cell).iter().flatten().count());
        if reached < 2 || reached < board.free_cells() {
            return Err("`map` must have two free cells or more, and a way between any two".into());
        }
        Ok(MazeMap { board, start, goals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_maps_are_as_long_as_counted_elsewhere() {
        // Free cells, and moves from the start to the nearest goal: of the first eight by another program from the two
        // sources, of the corridors by hand.
        let expected =
            [(123, 20), (116, 22), (97, 96), (97, 96), (97, 96), (96, 40), (97, 56), (98, 39), (98, 13), (200, 19)];
        for ((name, _), (free, moves)) in MAPS.iter().zip(expected) {
            let map = MazeMap::read(name).unwrap();
            let side = if *name == "LargeCorridor" { 19 } else { 13 };
            assert_eq!((map.board.width(), map.board.height(), map.board.free_cells()), (side, side, free), "{name}");
            let distances = map.board.distances(map.start.unwrap());
            assert_eq!(map.goals.iter().filter_map(|goal| distances[*goal]).min(), Some(moves), "{name}");
            let goals = [("SmallCorridor", 10), ("LargeCorridor", 16)];
            let goals = goals.into_iter().find(|(corridor, _)| corridor == name).map_or(1, |(_, goals)| goals);
            assert_eq!(map.goals.len(), goals, "{name}");
        }
    }

    #[test]
    fn maps_that_make_no_sense_are_refused_clearly() {
        for (map, why) in [
            ("SixtenRooms", "did you mean SixteenRooms?"),
            ("S.#/..", "row 1 of the map has 2"),
            ("S.#/..X", "`X`"),
            ("S.S/..G", "more than one S"),
            (".#./.#.", "a way between any two"),
            ("#/.", "two free cells"),
            ("/", "1 to 64"),
        ] {
            let error = MazeMap::read(map).unwrap_err();
            assert!(error.contains("`map`") && error.contains(why), "{map}: {error}");
        }
        let map = MazeMap::read("S.#/..G").unwrap();
        assert_eq!((map.start, map.goals, map.board.free_cells()), (Some(0), vec![5], 5));
    }
}
