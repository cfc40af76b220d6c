//! A board of cells, each with a character and a mark.

use super::Colour;

/// The shape drawn in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// Nothing but the ground.
    None,
    /// The whole cell.
    Full,
    /// A disc.
    Disc,
    /// A ring.
    Ring,
    /// A square, smaller than the cell.
    Square,
    /// A square on its corner.
    Diamond,
    /// A cross.
    Cross,
    /// A triangle that points up (0), right (1), down (2) or left (3).
    Arrow(u8),
}

/// What one cell looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tile {
    /// In text.
    pub character: char,
    /// In pixels.
    pub mark: Mark,
    /// Colour of the mark.
    pub colour: Colour,
    /// Colour of the ground around it.
    pub ground: Colour,
}

impl Tile {
    /// A free cell.
    pub const FLOOR: Tile = Tile::new('.', Mark::None, Colour::WHITE);
    /// A wall.
    pub const WALL: Tile = Tile::new('#', Mark::Full, Colour::GREY);
    /// The agent.
    pub const AGENT: Tile = Tile::new('@', Mark::Disc, Colour::BLUE);
    /// Where to go.
    pub const GOAL: Tile = Tile::new('G', Mark::Diamond, Colour::GREEN);
    /// Where not to go.
    pub const TRAP: Tile = Tile::new('x', Mark::Cross, Colour::RED);

    /// A mark on white ground.
    pub const fn new(character: char, mark: Mark, colour: Colour) -> Self {
        Tile { character, mark, colour, ground: Colour::WHITE }
    }

    /// The same on another ground.
    pub const fn on(self, ground: Colour) -> Self {
        Tile { ground, ..self }
    }

    /// A square of grey, for images: 0 is white, 1 is black; what lies outside is taken for the nearest.
    pub fn grey(value: f32) -> Self {
        const SCALE: [char; 10] = [' ', '.', ':', '-', '=', '+', '*', '#', '%', '@'];
        let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        let level = (255.0 * (1.0 - value)) as u8;
        Tile::new(SCALE[(value * 9.0).round() as usize], Mark::Full, Colour(level, level, level))
    }
}

/// A board of cells, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiles {
    width: usize,
    tiles: Vec<Tile>,
}

impl Tiles {
    /// The board of `height` rows of `width` cells whose cell number `i`, row by row, is `tile(i)`.
    ///
    /// # Panics
    /// If `width` or `height` is 0.
    pub fn new(width: usize, height: usize, tile: impl FnMut(usize) -> Tile) -> Self {
        assert!(width > 0 && height > 0, "a board of {width} by {height} tiles cannot be drawn");
        Tiles { width, tiles: (0..width * height).map(tile).collect() }
    }

    /// Cells in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.tiles.len() / self.width
    }

    /// The rows, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &[Tile]> {
        self.tiles.chunks(self.width)
    }
}
