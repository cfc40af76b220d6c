//! What lies where in a Krazy World: drawn for each task, or read from a map.
//!
//! Things are drawn one after the other on cells where nothing lies yet, the goals last, on cells that can be reached.
//! If there are too few of those, all is drawn again: with at most a third of the board covered that is rare.

use super::super::{Board, BoardError, Move};
use super::KrazyWorlds;
use crate::Rng;
use rand::RngExt;
use rand::seq::SliceRandom;

/// What may lie on a cell. Holes are walls of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// Worth 1 to who gets there, once in an episode.
    Goal,
    /// Leads to its partner.
    Transporter,
    /// Lets only those in who have a key.
    Door,
    /// Opens all doors of the episode.
    Key,
    /// Ends the episode.
    Death,
    /// Who gets onto it slides on.
    Ice,
    /// Gives energy, once in an episode.
    Energy,
}

impl Thing {
    /// All of them, in the order of their planes before colours are shuffled.
    pub const ALL: [Thing; 7] =
        [Thing::Goal, Thing::Transporter, Thing::Door, Thing::Key, Thing::Death, Thing::Ice, Thing::Energy];
}

/// A board with things on it, as at the start of an episode.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub board: Board,
    pub things: Vec<Option<Thing>>,
    /// The two ends of each pair of transporters.
    pub transporters: Vec<[usize; 2]>,
    pub start: usize,
}

/// Where a move through `things` ends: beyond ice, in front of a closed door. A transporter is not yet taken.
pub(super) fn landing(board: &Board, things: &[Option<Thing>], mut cell: usize, step: Move, has_key: bool) -> usize {
    loop {
        let next = board.moved(cell, step);
        if next == cell || things[next] == Some(Thing::Door) && !has_key {
            return cell;
        }
        cell = next;
        if things[cell] != Some(Thing::Ice) {
            return cell;
        }
    }
}

/// The other end of the transporter on `cell`.
pub(super) fn partner(transporters: &[[usize; 2]], cell: usize) -> usize {
    transporters
        .iter()
        .find_map(|&[one, other]| match cell {
            _ if cell == one => Some(other),
            _ if cell == other => Some(one),
            _ => None,
        })
        .unwrap_or(cell)
}

/// A corner of the board cut off by two arms of holes, with a door in one of them.
struct Room {
    /// Rows and columns between the board's corner and the arms.
    rows: usize,
    columns: usize,
    /// Whether the corner is at the bottom, at the right.
    bottom: bool,
    right: bool,
    size: usize,
}

impl Room {
    fn draw(size: usize, rng: &mut Rng) -> Self {
        let most = (size / 2 - 1).max(1) as u64;
        let least = most.min(2);
        let mut side = || rng.random_range(least..=most) as usize;
        let (rows, columns) = (side(), side());
        Room { rows, columns, bottom: rng.random(), right: rng.random(), size }
    }

    /// Row and column as counted from the room's corner of the board.
    fn place_in_room(&self, cell: usize) -> (usize, usize) {
        let (row, column) = (cell / self.size, cell % self.size);
        let last = self.size - 1;
        (if self.bottom { last - row } else { row }, if self.right { last - column } else { column })
    }

    fn holds(&self, cell: usize) -> bool {
        let (row, column) = self.place_in_room(cell);
        row < self.rows && column < self.columns
    }

    fn is_arm(&self, cell: usize) -> bool {
        let (row, column) = self.place_in_room(cell);
        row == self.rows && column <= self.columns || column == self.columns && row <= self.rows
    }

    fn is_bend(&self, cell: usize) -> bool {
        self.place_in_room(cell) == (self.rows, self.columns)
    }
}

impl Layout {
    /// Draws a layout in which all goals can be reached, if energy lasts.
    pub fn draw(family: &KrazyWorlds, rng: &mut Rng) -> Result<Self, BoardError> {
        let counts = family.counts(&family.shares(rng));
        loop {
            if let Some(layout) = Self::try_draw(family, counts, rng)? {
                return Ok(layout);
            }
        }
    }

    /// `counts`: how many cells of death, ice and energy there are.
    fn try_draw(family: &KrazyWorlds, counts: [usize; 3], rng: &mut Rng) -> Result<Option<Self>, BoardError> {
        let size = family.size;
        let mut board = Board::open(size, size)?;
        let mut things = vec![None; board.cells()];
        let mut free: Vec<usize> = (0..board.cells()).collect();
        free.shuffle(rng);
        // Takes the first cell that will do, of those in random order.
        let mut take = |will_do: &dyn Fn(usize) -> bool| {
            free.iter().position(|&cell| will_do(cell)).map(|index| free.swap_remove(index))
        };
        let room = family.locked_room.then(|| Room::draw(size, rng));
        let is_outside = |cell: usize| room.as_ref().is_none_or(|room| !room.holds(cell));
        let mut door = None;
        if let Some(room) = &room {
            door = take(&|cell| room.is_arm(cell) && !room.is_bend(cell));
            while let Some(hole) = take(&|cell| room.is_arm(cell)) {
                board.set_wall(hole, true);
            }
        }
        let Some(start) = take(&is_outside) else { return Ok(None) };
        if let Some(door) = door {
            things[door] = Some(Thing::Door);
            let Some(key) = take(&is_outside) else { return Ok(None) };
            things[key] = Some(Thing::Key);
        }
        let [death, ice, energy] = counts;
        let near_door = |cell: usize| door.is_some_and(|door| distance(size, cell, door) <= 2);
        for (thing, count) in [(Thing::Death, death), (Thing::Ice, ice), (Thing::Energy, energy)] {
            for _ in 0..count {
                let Some(cell) = take(&|cell| thing == Thing::Energy || !near_door(cell)) else { return Ok(None) };
                things[cell] = Some(thing);
            }
        }
        let mut transporters = Vec::new();
        for _ in 0..family.transporters {
            let (Some(one), Some(other)) = (take(&|_| true), take(&|_| true)) else { return Ok(None) };
            things[one] = Some(Thing::Transporter);
            things[other] = Some(Thing::Transporter);
            transporters.push([one, other]);
        }
        let mut layout = Layout { board, things, transporters, start };
        let reached = layout.reached();
        for _ in 0..family.goals {
            let Some(cell) = take(&|cell| reached[cell] && distance(size, cell, start) > 2) else { return Ok(None) };
            layout.things[cell] = Some(Thing::Goal);
        }
        Ok(Some(layout))
    }

    /// Reads a map: `#` hole, `@` start, `G` goal, `T` transporter (in pairs, in the order in which they are read), `D`
    /// door, `k` key, `x` death, `~` ice, `+` energy, all else nothing.
    pub fn read(map: &str) -> Result<Self, String> {
        let (board, characters) = Board::read(map).map_err(|error| error.to_string())?;
        let things: Vec<Option<Thing>> = characters
            .iter()
            .map(|character| {
                "GTDkx~+".chars().zip(Thing::ALL).find(|(sign, _)| sign == character).map(|(_, thing)| thing)
            })
            .collect();
        let ends: Vec<usize> = (0..things.len()).filter(|&cell| things[cell] == Some(Thing::Transporter)).collect();
        if ends.len() % 2 == 1 {
            return Err(format!("{} transporters on the map: they come in pairs", ends.len()));
        }
        let start = characters.iter().position(|&character| character == '@').ok_or("no start `@` on the map")?;
        let transporters = ends.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        Ok(Layout { board, things, transporters, start })
    }

    /// On which cells one can come to stand, if energy lasts: the key, if it can be got, is used.
    pub fn reached(&self) -> Vec<bool> {
        let cells = self.board.cells();
        let mut seen = vec![false; 2 * cells];
        let mut queue = vec![(self.start, false)];
        seen[self.start] = true;
        while let Some((cell, has_key)) = queue.pop() {
            for step in Move::ALL {
                let mut next = landing(&self.board, &self.things, cell, step, has_key);
                let thing = self.things[next];
                if next == cell || thing == Some(Thing::Death) {
                    continue;
                }
                if thing == Some(Thing::Transporter) {
                    next = partner(&self.transporters, next);
                }
                let has_key = has_key || thing == Some(Thing::Key);
                if !std::mem::replace(&mut seen[next + cells * usize::from(has_key)], true) {
                    queue.push((next, has_key));
                }
            }
        }
        (0..cells).map(|cell| seen[cell] || seen[cell + cells]).collect()
    }
}

/// How many steps two cells of a board of this size are apart, if nothing is in the way.
fn distance(size: usize, one: usize, other: usize) -> usize {
    (one / size).abs_diff(other / size) + (one % size).abs_diff(other % size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn ice_is_slid_over_and_doors_stop_those_without_a_key() {
        let layout = Layout::read("@~~.D.\n~.....\n......").unwrap();
        let land = |cell, step, has_key| landing(&layout.board, &layout.things, cell, step, has_key);
        assert_eq!(land(0, Move::Right, false), 3);
        assert_eq!(land(0, Move::Down, false), 12);
        assert_eq!(land(3, Move::Left, false), 0);
        assert_eq!((land(3, Move::Right, false), land(3, Move::Right, true)), (3, 4));
        assert_eq!(land(7, Move::Up, false), 1, "against the border one stays on the ice");
    }

    #[test]
    fn what_can_be_reached() {
        let reached = |map: &str| {
            let layout = Layout::read(map).unwrap();
            layout.reached().iter().map(|reached| if *reached { '1' } else { '0' }).collect::<String>()
        };
        assert_eq!(reached("@.D."), "1100");
        assert_eq!(reached("@kD."), "1111");
        assert_eq!(reached("@.x."), "1100");
        assert_eq!(reached("@~~."), "1001");
        assert_eq!(reached("@T#T."), "11011", "there through one transporter and back through the other");
        assert!(Layout::read("@T.").unwrap_err().contains("pairs") && Layout::read("...").is_err());
    }

    #[test]
    fn drawn_layouts_have_all_they_should_and_goals_that_can_be_reached() {
        let mut rng = stream(0, "krazy layout", &[]);
        let small = KrazyWorlds { size: 5, goals: 2, ..KrazyWorlds::default() };
        for (family, draws) in [(KrazyWorlds::default(), 500), (small, 500)] {
            let cells = family.size * family.size;
            for _ in 0..draws {
                let layout = Layout::draw(&family, &mut rng).unwrap();
                let count = |thing| layout.things.iter().filter(|other| **other == Some(thing)).count();
                let expected = [family.goals, 2, 1, 1, cells / 10, cells / 20, cells / 20];
                assert_eq!(Thing::ALL.map(count), expected);
                let reached = layout.reached();
                let in_place = |cell: usize| reached[cell] && distance(family.size, cell, layout.start) > 2;
                assert!((0..cells).all(|cell| layout.things[cell] != Some(Thing::Goal) || in_place(cell)));
                assert_eq!(layout.things[layout.start], None);
            }
        }
    }

    #[test]
    fn the_room_can_be_entered_through_its_door_only() {
        let mut rng = stream(0, "krazy layout", &[1]);
        for _ in 0..200 {
            let mut layout = Layout::draw(&KrazyWorlds::default(), &mut rng).unwrap();
            let door = layout.things.iter().position(|thing| *thing == Some(Thing::Door)).unwrap();
            layout.things.fill(None);
            let reached = |layout: &Layout| layout.reached().iter().filter(|reached| **reached).count();
            assert_eq!(reached(&layout), layout.board.free_cells());
            layout.board.set_wall(door, true);
            assert!(reached(&layout) + 4 <= layout.board.free_cells(), "{:?}", layout.board);
        }
    }
}
