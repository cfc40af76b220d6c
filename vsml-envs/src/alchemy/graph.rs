//! The cube of stones, and which of its edges are there.
//!
//! A stone is one of eight: a corner of a cube, on one of two sides along each of three axes. A potion moves it along an
//! edge, if that edge exists. Which do is said by *conditions*: to move along an axis, a stone may have to be on a given
//! side of one or both of the other two. Of all combinations of conditions those count in which every stone can be turned
//! into every other. There are 109, and no two have the same edges: 1 without a condition, 12 with one, 48 with two and 48
//! with three.

/// Number of axes of the cube.
pub const AXES: usize = 3;
/// Number of its corners, each a kind of stone: bit `axis` of a stone is set if it is on the upper side along `axis`.
pub const VERTICES: usize = 8;

/// The stones on the upper side along each axis, a bit for each stone.
const UPPER: [u8; AXES] = [0b1010_1010, 0b1100_1100, 0b1111_0000];

/// Which edges of the cube exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graph {
    /// Bit `stone` of `open[axis]` says whether that stone may move along the axis, which is the same for both its ends.
    open: [u8; AXES],
    constraints: usize,
}

/// On which side of an axis a stone must be to move along another: any if none.
type Condition = Option<bool>;

impl Graph {
    /// The cube with all its edges.
    pub fn complete() -> Self {
        Self::with_conditions([[None; 2]; AXES])
    }

    /// The cube under `conditions`: those of axis `i` are about the other two axes, in their order.
    fn with_conditions(conditions: [[Condition; 2]; AXES]) -> Self {
        let mut open = [u8::MAX; AXES];
        for (axis, conditions) in conditions.iter().enumerate() {
            for (other, side) in (0..AXES).filter(|other| *other != axis).zip(conditions) {
                open[axis] &= match side {
                    None => u8::MAX,
                    Some(true) => UPPER[other],
                    Some(false) => !UPPER[other],
                };
            }
        }
        Graph { open, constraints: conditions.iter().flatten().flatten().count() }
    }

    /// All 109 graphs, in an order that stays.
    pub fn all() -> Vec<Graph> {
        let each_way = 3usize.pow(2 * AXES as u32);
        let graph = |code: usize| {
            let condition = |place: u32| [None, Some(false), Some(true)][code / 3usize.pow(place) % 3];
            Self::with_conditions([0, 2, 4].map(|place| [condition(place), condition(place + 1)]))
        };
        (0..each_way).map(graph).filter(Self::is_connected).collect()
    }

    /// Number of conditions, 0 to 3.
    pub fn constraints(&self) -> usize {
        self.constraints
    }

    /// Whether `stone` can be moved along `axis`.
    pub fn is_open(&self, stone: u8, axis: usize) -> bool {
        self.open[axis] >> stone & 1 == 1
    }

    /// Whether every stone can be turned into every other.
    fn is_connected(&self) -> bool {
        let mut reached = 1u8;
        for _ in 0..VERTICES {
            for (axis, (open, upper)) in self.open.iter().zip(UPPER).enumerate() {
                let (distance, movable) = (1 << axis, reached & open);
                reached |= (movable & upper) >> distance | (movable & !upper) << distance;
            }
        }
        reached == u8::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(graph: &Graph) -> u32 {
        graph.open.iter().map(|open| open.count_ones() / 2).sum()
    }

    #[test]
    fn there_are_109_graphs_all_different() {
        let all = Graph::all();
        let with = |count: usize| all.iter().filter(|graph| graph.constraints() == count).count();
        assert_eq!(all.len(), 109);
        assert_eq!([0, 1, 2, 3].map(with), [1, 12, 48, 48]);
        for (i, graph) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other.open != graph.open));
        }
        assert_eq!(all[0], Graph::complete());
    }

    #[test]
    fn each_condition_takes_half_of_the_edges_along_its_axis() {
        assert_eq!(edges(&Graph::complete()), 12);
        for graph in Graph::all() {
            let expected = match graph.constraints() {
                0 => vec![12],
                1 => vec![10],
                2 => vec![8, 9], // on two axes, or both on one
                _ => vec![7],    // on two axes; on three, six edges would not connect eight corners
            };
            assert!(expected.contains(&edges(&graph)), "{graph:?}");
        }
    }

    #[test]
    fn conditions_are_about_the_other_axes() {
        // Along axis 0 only where axis 1 is low and axis 2 is high: from 100 to 101 and back.
        let graph = Graph::with_conditions([[Some(false), Some(true)], [None; 2], [None; 2]]);
        let open: Vec<u8> = (0..8).filter(|stone| graph.is_open(*stone, 0)).collect();
        assert_eq!(open, [0b100, 0b101]);
        assert!((0..8).all(|stone| graph.is_open(stone, 1) && graph.is_open(stone, 2)));
        assert!(graph.is_connected());
        // Two conditions that need each other leave corners that cannot be reached.
        let stuck = Graph::with_conditions([[Some(true), None], [Some(true), None], [None; 2]]);
        assert!(!stuck.is_connected());
    }
}
