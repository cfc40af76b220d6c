//! Shapes on a plane, in the units of the world they show.

use super::Colour;

/// A shape. A point is (x, y), y upwards.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A disc.
    Disc {
        /// Its centre.
        centre: (f64, f64),
        /// Its radius.
        radius: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A circle.
    Ring {
        /// Its centre.
        centre: (f64, f64),
        /// Its radius.
        radius: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A line from point to point.
    Line {
        /// At least two.
        points: Vec<(f64, f64)>,
        /// How thick it is, in units of the world; a hair if 0.
        width: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A filled convex polygon.
    Polygon {
        /// Its corners, in order.
        corners: Vec<(f64, f64)>,
        /// Its colour.
        colour: Colour,
    },
}

/// A part of a plane and the shapes on it, those behind first. What lies outside is cut off.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Least and greatest x.
    pub x: (f64, f64),
    /// Least and greatest y.
    pub y: (f64, f64),
    /// The shapes.
    pub shapes: Vec<Shape>,
}

impl Scene {
    /// An empty scene of what lies between these, in units of the world.
    ///
    /// # Panics
    /// If an interval has no finite positive length.
    pub fn new(x: (f64, f64), y: (f64, f64)) -> Self {
        for (name, (low, high)) in [("x", x), ("y", y)] {
            assert!(low < high && (high - low).is_finite(), "a scene from {name} = {low} to {high} cannot be drawn");
        }
        Scene { x, y, shapes: Vec::new() }
    }

    /// Adds a disc.
    pub fn disc(mut self, centre: (f64, f64), radius: f64, colour: Colour) -> Self {
        self.shapes.push(Shape::Disc { centre, radius, colour });
        self
    }

    /// Adds a circle.
    pub fn ring(mut self, centre: (f64, f64), radius: f64, colour: Colour) -> Self {
        self.shapes.push(Shape::Ring { centre, radius, colour });
        self
    }

    /// Adds a line through `points`.
    pub fn line(mut self, points: Vec<(f64, f64)>, width: f64, colour: Colour) -> Self {
        self.shapes.push(Shape::Line { points, width, colour });
        self
    }

    /// Adds a filled convex polygon.
    pub fn polygon(mut self, corners: Vec<(f64, f64)>, colour: Colour) -> Self {
        self.shapes.push(Shape::Polygon { corners, colour });
        self
    }

    /// Adds a filled upright rectangle between two opposite corners.
    pub fn rectangle(self, from: (f64, f64), to: (f64, f64), colour: Colour) -> Self {
        self.polygon(vec![from, (to.0, from.1), to, (from.0, to.1)], colour)
    }
}
