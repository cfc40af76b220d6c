//! What an environment looks like, for people.
//!
//! An environment describes itself once, as a [`Picture`], and knows nothing of terminals or pixels. From that one value
//! come characters for a terminal ([`Picture::to_text`]) and pixels for an image or an animation
//! ([`Picture::to_pixels`]), without any display. A picture shows what is the case, not what the learner sees: the
//! hidden goal is in it.
//!
//! There are two kinds, because there are two kinds of worlds: [`Tiles`], a board of cells, and [`Scene`], shapes on a
//! plane.

mod pixels;
mod scene;
mod text;
mod tiles;

pub use pixels::Pixels;
pub use scene::{Scene, Shape};
pub use tiles::{Mark, Tile, Tiles};

/// A colour: red, green and blue, 0 to 255 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

/// The colours that pictures are drawn in, after Okabe & Ito: told apart also by those who do not see all colours.
impl Colour {
    /// Paper.
    pub const WHITE: Colour = Colour(255, 255, 255);
    /// Ink.
    pub const BLACK: Colour = Colour(20, 20, 20);
    /// Walls, frames.
    pub const GREY: Colour = Colour(130, 130, 130);
    /// Ground, axes.
    pub const LIGHT: Colour = Colour(225, 225, 225);
    /// The agent.
    pub const BLUE: Colour = Colour(0, 114, 178);
    /// Water, ice, sky.
    pub const SKY: Colour = Colour(86, 180, 233);
    /// What is good: goals, food.
    pub const GREEN: Colour = Colour(0, 158, 115);
    /// What is bad: traps, lava.
    pub const RED: Colour = Colour(213, 94, 0);
    /// Keys, doors, energy.
    pub const ORANGE: Colour = Colour(230, 159, 0);
    /// Light, cues.
    pub const YELLOW: Colour = Colour(240, 228, 66);
    /// What is special: teleporters, stones.
    pub const PURPLE: Colour = Colour(204, 121, 167);
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Drawing {
    /// A board of cells.
    Tiles(Tiles),
    /// Shapes on a plane.
    Scene(Scene),
}

/// What an environment looks like now.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What is drawn.
    pub drawing: Drawing,
    /// A line about what cannot be drawn ("carries the key", "trial 3"); may be empty.
    pub caption: String,
}

impl Picture {
    /// A picture with this line under it.
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }
}

impl From<Tiles> for Picture {
    fn from(tiles: Tiles) -> Self {
        Picture { drawing: Drawing::Tiles(tiles), caption: String::new() }
    }
}

impl From<Scene> for Picture {
    fn from(scene: Scene) -> Self {
        Picture { drawing: Drawing::Scene(scene), caption: String::new() }
    }
}
