//! What is hidden: what potions do, and how stones and potions look.
//!
//! A chemistry has four parts, drawn independently: the [`Graph`] (109), on which side of each axis a stone looks low and
//! on which high (8), which potions look how (48: the axes in any order, and each pair of opposites either way round), and
//! whether stones look turned by 45 degrees about one axis ([`Rotation`], 4). That makes 167,424.

use super::graph::{AXES, Graph};
use crate::Rng;
use crate::wrappers::Span;
use rand::RngExt;

/// The orders of three axes.
const ORDERS: [[usize; AXES]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// What a potion does: it moves a stone to one side of one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Potion {
    /// Along which axis, 0 to 2.
    pub axis: usize,
    /// To the upper side.
    pub up: bool,
}

impl Potion {
    /// Number of kinds.
    pub const KINDS: usize = 2 * AXES;

    /// Kind number `kind`.
    pub fn of_kind(kind: usize) -> Self {
        Potion { axis: kind / 2, up: kind % 2 == 1 }
    }

    /// The number of its kind, 0 to 5.
    pub fn kind(self) -> usize {
        2 * self.axis + usize::from(self.up)
    }
}

/// How the look of stones is turned against the axes of the cube: by 45 degrees about one of them, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Not at all.
    None,
    /// About axis 0.
    About0,
    /// About axis 1.
    About1,
    /// About axis 2.
    About2,
}

impl Rotation {
    /// All of them.
    pub const ALL: [Rotation; 4] = [Rotation::None, Rotation::About2, Rotation::About1, Rotation::About0];

    /// Turns a corner of the cube; halved where the axis is turned, so that all numbers are -1, 0 or 1.
    fn turn(self, [x, y, z]: [i8; AXES]) -> [i8; AXES] {
        match self {
            Rotation::None => [x, y, z],
            Rotation::About0 => [x, (y - z) / 2, (y + z) / 2],
            Rotation::About1 => [(x + z) / 2, y, (z - x) / 2],
            Rotation::About2 => [(x - y) / 2, (x + y) / 2, z],
        }
    }
}

/// What `stone` pays in the cauldron: -3, -1, 1 or 15.
pub fn value(stone: u8) -> i32 {
    let sum = look_of_value(stone);
    if sum == 3 { 15 } else { sum }
}

/// What a stone shows of its value, which stands for what it pays: -3, -1, 1 or 3, the sum of its coordinates.
pub fn look_of_value(stone: u8) -> i32 {
    2 * stone.count_ones() as i32 - 3
}

/// The hidden rules of one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chemistry {
    /// Which changes are possible.
    graph: Graph,
    /// Bit `axis` is set if a stone on the upper side looks high.
    stone_signs: u8,
    /// `potion_axes[axis]` is the pair of looks of the potions along `axis`.
    potion_axes: [usize; AXES],
    /// Bit `axis` is set if the potion upwards has the second of these looks.
    potion_signs: u8,
    rotation: Rotation,
}

impl Chemistry {
    /// The chemistry of `graph` in which everything looks like what it is.
    pub fn plain(graph: Graph) -> Self {
        Chemistry { graph, stone_signs: 7, potion_axes: ORDERS[0], potion_signs: 7, rotation: Rotation::None }
    }

    /// The same with other looks: number `stone_map` (0 to 7), `potion_map` (0 to 47) and `rotation`.
    ///
    /// # Panics
    /// If there is no such map.
    pub fn with_looks(self, stone_map: usize, potion_map: usize, rotation: Rotation) -> Self {
        assert!(stone_map < 8 && potion_map < 48, "there are no maps {stone_map} and {potion_map}");
        Chemistry {
            stone_signs: stone_map as u8,
            potion_axes: ORDERS[potion_map / 8],
            potion_signs: (potion_map % 8) as u8,
            rotation,
            ..self
        }
    }

    /// Draws a chemistry: first how many conditions the graph has, of `constraints`, then one of the graphs that have as
    /// many; the looks, where they are random, each equally likely.
    pub(super) fn draw(constraints: Span, random_looks: bool, rotated: bool, rng: &mut Rng) -> Self {
        let count = constraints.sample_whole(rng);
        let graphs: Vec<Graph> = Graph::all().into_iter().filter(|graph| graph.constraints() == count).collect();
        let mut below = |count: usize| rng.random_range(0..count as u64) as usize;
        let (graph, stone_map, potion_map, rotation) = (below(graphs.len()), below(8), below(48), below(4));
        // What is not wanted has been drawn all the same, so that the rest does not depend on it.
        let (stone_map, potion_map) = if random_looks { (stone_map, potion_map) } else { (7, 7) };
        let rotation = Rotation::ALL[if rotated { rotation } else { 0 }];
        Chemistry::plain(graphs[graph]).with_looks(stone_map, potion_map, rotation)
    }

    /// Which changes are possible.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What becomes of `stone` when `potion` is given to it: often it stays what it is.
    pub fn react(&self, stone: u8, potion: Potion) -> u8 {
        let is_up = stone >> potion.axis & 1 == 1;
        if is_up == potion.up || !self.graph.is_open(stone, potion.axis) { stone } else { stone ^ 1 << potion.axis }
    }

    /// How `stone` looks: colour, size and shape, each -1, 0 or 1.
    pub fn look_of_stone(&self, stone: u8) -> [i8; AXES] {
        let corner = [0, 1, 2].map(|axis| if (stone ^ self.stone_signs) >> axis & 1 == 0 { 1 } else { -1 });
        self.rotation.turn(corner)
    }

    /// The colour of `potion`, 0 to 5; opposites are 0 and 1, 2 and 3, 4 and 5.
    pub fn look_of_potion(&self, potion: Potion) -> usize {
        let second = potion.up == (self.potion_signs >> potion.axis & 1 == 1);
        2 * self.potion_axes[potion.axis] + usize::from(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_167_424_chemistries_all_different() {
        let plain = Chemistry::plain(Graph::complete());
        let mut stones = BTreeSet::new();
        for rotation in Rotation::ALL {
            for map in 0..8 {
                let chemistry = plain.with_looks(map, 0, rotation);
                stones.insert((0..8).map(|stone| chemistry.look_of_stone(stone)).collect::<Vec<_>>());
            }
        }
        let mut potions = BTreeSet::new();
        for map in 0..48 {
            let chemistry = plain.with_looks(0, map, Rotation::None);
            let looks: Vec<usize> =
                (0..Potion::KINDS).map(|kind| chemistry.look_of_potion(Potion::of_kind(kind))).collect();
            assert_eq!(looks.iter().collect::<BTreeSet<_>>().len(), 6, "no two kinds look alike");
            assert!(looks.chunks(2).all(|pair| pair[0] / 2 == pair[1] / 2), "opposites have colours of one pair");
            potions.insert(looks);
        }
        assert_eq!(Graph::all().len() * stones.len() * potions.len(), 167_424);
    }

    #[test]
    fn stones_pay_minus_three_minus_one_one_or_fifteen() {
        assert_eq!([0b000, 0b100, 0b101, 0b111].map(value), [-3, -1, 1, 15]);
        assert_eq!([0b000, 0b010, 0b110, 0b111].map(look_of_value), [-3, -1, 1, 3]);
    }

    #[test]
    fn turned_stones_have_looks_computed_by_hand() {
        let look = |stone: u8, map: usize, rotation: Rotation| {
            Chemistry::plain(Graph::complete()).with_looks(map, 0, rotation).look_of_stone(stone)
        };
        assert_eq!(look(0b001, 7, Rotation::None), [1, -1, -1]);
        assert_eq!(look(0b001, 0b110, Rotation::None), [-1, -1, -1], "axis 0 looks the other way round");
        // The inverse of the source's matrices, times the corner (1, -1, -1).
        assert_eq!(look(0b001, 7, Rotation::About0), [1, 0, -1]);
        assert_eq!(look(0b001, 7, Rotation::About1), [0, -1, -1]);
        assert_eq!(look(0b001, 7, Rotation::About2), [1, 0, -1]);
        assert_eq!(look(0b111, 7, Rotation::About1), [1, 1, 0]);
        for stone in 0..8 {
            for (axis, rotation) in [Rotation::About0, Rotation::About1, Rotation::About2].into_iter().enumerate() {
                let seen = look(stone, 7, rotation);
                let turned: i8 = (0..3).filter(|other| *other != axis).map(|other| seen[other].abs()).sum();
                assert_eq!((seen[axis].abs(), turned), (1, 1), "one of the two turned numbers is 0");
            }
        }
    }

    #[test]
    fn a_potion_moves_a_stone_to_its_side_if_the_edge_is_there() {
        let plain = Chemistry::plain(Graph::complete());
        let up = Potion { axis: 1, up: true };
        assert_eq!([0b000, 0b010, 0b101].map(|stone| plain.react(stone, up)), [0b010, 0b010, 0b111]);
        assert_eq!(plain.react(0b111, Potion { axis: 2, up: false }), 0b011);
        for graph in Graph::all() {
            let chemistry = Chemistry::plain(graph);
            for (stone, kind) in (0..8).flat_map(|stone| (0..6).map(move |kind| (stone, kind))) {
                let potion = Potion::of_kind(kind);
                let after = chemistry.react(stone, potion);
                assert_eq!(potion.kind(), kind);
                if after != stone {
                    assert_eq!(after ^ stone, 1 << potion.axis);
                    let back = Potion { up: !potion.up, ..potion };
                    assert_eq!(chemistry.react(after, back), stone, "edges go both ways");
                }
            }
        }
    }

    #[test]
    fn chemistries_are_drawn_as_in_the_source() {
        let mut rng = stream(0, "alchemy", &[]);
        let drawn: Vec<Chemistry> =
            (0..4000).map(|_| Chemistry::draw(Span::between(0.0, 3.0), true, true, &mut rng)).collect();
        for count in 0..4 {
            let with = drawn.iter().filter(|chemistry| chemistry.graph.constraints() == count).count();
            assert!((900..1100).contains(&with), "{with} with {count} conditions: standard deviation 27");
        }
        let unturned = drawn.iter().filter(|chemistry| chemistry.rotation == Rotation::None).count();
        assert!((900..1100).contains(&unturned), "{unturned}");
        let maps: BTreeSet<_> = drawn.iter().map(|chemistry| (chemistry.potion_axes, chemistry.potion_signs)).collect();
        let signs: BTreeSet<_> = drawn.iter().map(|chemistry| chemistry.stone_signs).collect();
        assert_eq!((maps.len(), signs.len()), (48, 8));
        let bare = Chemistry::draw(Span::single(0.0), false, false, &mut rng);
        assert_eq!(bare, Chemistry::plain(Graph::complete()));
    }
}
