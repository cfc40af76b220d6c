//! Pictures as pixels.
//!
//! Shapes are drawn by `tiny-skia`, in software and in plain `f32` arithmetic, so that no display is needed and the same
//! picture gives the same bytes. A tile is a small scene.

use super::{Colour, Drawing, Mark, Picture, Scene, Shape, Tile, Tiles};
use font8x8::legacy::BASIC_LEGACY;
use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

/// Height of a line of text, in pixels; a character is 8 wide and 8 high.
const TEXT_HEIGHT: u32 = 12;
/// Coordinates beyond this many pixels are drawn there: it is outside in any case.
const FAR: f64 = 1e4;

/// An image: red, green and blue of each pixel, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Pixels {
    /// An image of one colour.
    pub fn blank(width: u32, height: u32, colour: Colour) -> Self {
        let pixel = [colour.0, colour.1, colour.2];
        Pixels { width, height, rgb: pixel.repeat(width as usize * height as usize) }
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes: `3 * width * height`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Writes a line of ASCII text (anything else becomes `?`) whose upper left corner is at `x` and `y`; what is outside is
    /// cut off.
    pub fn write(&mut self, text: &str, x: u32, y: u32) {
        for (place, character) in text.chars().enumerate() {
            let glyph = BASIC_LEGACY.get(character as usize).unwrap_or(&BASIC_LEGACY[usize::from(b'?')]);
            for (row, bits) in glyph.iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    self.set(x as usize + 8 * place + column, y as usize + row, Colour::BLACK);
                }
            }
        }
    }

    /// The image with `text` above it, or below: in as many lines as it takes, broken between words.
    pub fn with_text(self, text: &str, above: bool) -> Pixels {
        let lines = broken(text, (self.width / 8).max(1) as usize);
        let mut image = Pixels::blank(self.width, self.height + TEXT_HEIGHT * lines.len() as u32, Colour::WHITE);
        let (text_top, image_top) = if above { (0, TEXT_HEIGHT * lines.len() as u32) } else { (self.height, 0) };
        for (number, line) in lines.iter().enumerate() {
            image.write(line, 2, text_top + TEXT_HEIGHT * number as u32 + 2);
        }
        image.paste(&self, 0, image_top);
        image
    }

    fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width as usize && y < self.height as usize {
            let place = 3 * (y * self.width as usize + x);
            self.rgb[place..place + 3].copy_from_slice(&[colour.0, colour.1, colour.2]);
        }
    }

    /// The part of the image whose upper left corner is at `left` and `top`.
    ///
    /// # Panics
    /// If it reaches beyond the image.
    pub fn cut(&self, left: u32, top: u32, width: u32, height: u32) -> Pixels {
        assert!(left + width <= self.width && top + height <= self.height, "the part reaches beyond the image");
        let row = |y: u32| {
            let from = 3 * (y as usize * self.width as usize + left as usize);
            &self.rgb[from..from + 3 * width as usize]
        };
        Pixels { width, height, rgb: (top..top + height).flat_map(row).copied().collect() }
    }

    /// Copies `other` into this image, its upper left corner at `x` and `y`; what is outside is cut off.
    pub fn paste(&mut self, other: &Pixels, x: u32, y: u32) {
        let width = other.width.min(self.width.saturating_sub(x)) as usize * 3;
        for row in 0..other.height.min(self.height.saturating_sub(y)) {
            let from = row as usize * other.width as usize * 3;
            let to = ((y + row) as usize * self.width as usize + x as usize) * 3;
            self.rgb[to..to + width].copy_from_slice(&other.rgb[from..from + width]);
        }
    }
}

impl Picture {
    /// The picture as an image whose longer side has about `side` pixels (16 to 4096), with the caption below if there
    /// is one. Pictures of the same bounds give images of the same size.
    pub fn to_pixels(&self, side: u32) -> Pixels {
        let side = side.clamp(16, 4096);
        let drawn = match &self.drawing {
            Drawing::Tiles(tiles) => draw_tiles(tiles, side),
            Drawing::Scene(scene) => {
                let (across, up) = (scene.x.1 - scene.x.0, scene.y.1 - scene.y.0);
                let scale = f64::from(side) / across.max(up);
                let pixels = |length: f64| ((length * scale).round() as u32).max(4);
                draw(scene, pixels(across), pixels(up), Colour::WHITE)
            }
        };
        if self.caption.is_empty() { drawn } else { drawn.with_text(&self.caption, false) }
    }
}

/// Breaks `text` into lines of at most so many characters, between words; a longer word stands alone, and is cut off.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

fn draw_tiles(tiles: &Tiles, side: u32) -> Pixels {
    let cell = (side / tiles.width().max(tiles.height()) as u32).max(4);
    let mut image = Pixels::blank(tiles.width() as u32 * cell, tiles.height() as u32 * cell, Colour::WHITE);
    // Few tiles differ from each other, so each is drawn once.
    let mut drawn: Vec<(Tile, Pixels)> = Vec::new();
    for (row, tiles) in tiles.rows().enumerate() {
        for (column, tile) in tiles.iter().enumerate() {
            let place = drawn.iter().position(|(known, _)| known == tile).unwrap_or_else(|| {
                drawn.push((*tile, draw_tile(tile, cell)));
                drawn.len() - 1
            });
            image.paste(&drawn[place].1, column as u32 * cell, row as u32 * cell);
        }
    }
    image
}

/// A tile is a scene of one by one.
fn draw_tile(tile: &Tile, cell: u32) -> Pixels {
    const MIDDLE: (f64, f64) = (0.5, 0.5);
    const LOW: f64 = 0.2;
    const HIGH: f64 = 1.0 - LOW;
    let scene = Scene::new((0.0, 1.0), (0.0, 1.0));
    let colour = tile.colour;
    let scene = match tile.mark {
        Mark::None => scene,
        Mark::Full => scene.rectangle((0.0, 0.0), (1.0, 1.0), colour),
        Mark::Disc => scene.disc(MIDDLE, 0.35, colour),
        Mark::Ring => scene.disc(MIDDLE, 0.38, colour).disc(MIDDLE, 0.22, tile.ground),
        Mark::Square => scene.rectangle((LOW, LOW), (HIGH, HIGH), colour),
        Mark::Diamond => scene.polygon(vec![(0.12, 0.5), (0.5, 0.12), (0.88, 0.5), (0.5, 0.88)], colour),
        Mark::Cross => {
            scene.line(vec![(LOW, LOW), (HIGH, HIGH)], 0.16, colour).line(vec![(LOW, HIGH), (HIGH, LOW)], 0.16, colour)
        }
        Mark::Arrow(direction) => scene.polygon(
            match direction % 4 {
                0 => vec![(0.5, HIGH), (LOW, LOW), (HIGH, LOW)],
                1 => vec![(HIGH, 0.5), (LOW, HIGH), (LOW, LOW)],
                2 => vec![(0.5, LOW), (LOW, HIGH), (HIGH, HIGH)],
                _ => vec![(LOW, 0.5), (HIGH, HIGH), (HIGH, LOW)],
            },
            colour,
        ),
    };
    // A hair of a line between cells.
    let scene = scene.line(vec![(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], 0.0, Colour::LIGHT);
    draw(&scene, cell, cell, tile.ground)
}

fn draw(scene: &Scene, width: u32, height: u32, ground: Colour) -> Pixels {
    let mut image = Pixels::blank(width, height, ground);
    let Some(mut canvas) = Pixmap::new(width, height) else { return image };
    canvas.fill(Color::from_rgba8(ground.0, ground.1, ground.2, 255));
    let scale = (f64::from(width) / (scene.x.1 - scene.x.0)).min(f64::from(height) / (scene.y.1 - scene.y.0));
    let length = |x: f64| (x * scale).clamp(-FAR, FAR) as f32;
    let point = |(x, y): (f64, f64)| (length(x - scene.x.0), length(scene.y.1 - y));
    for shape in &scene.shapes {
        let (path, stroke, colour) = match shape {
            Shape::Disc { centre, radius, colour } => (circle(point(*centre), length(*radius)), None, colour),
            Shape::Ring { centre, radius, colour } => (circle(point(*centre), length(*radius)), Some(1.0), colour),
            Shape::Line { points, width, colour } => {
                (polyline(points.iter().copied().map(point), false), Some(length(*width).max(1.0)), colour)
            }
            Shape::Polygon { corners, colour } => (polyline(corners.iter().copied().map(point), true), None, colour),
        };
        // What is nowhere (NaN), or has no extent, has no path.
        let Some(path) = path else { continue };
        let mut paint = Paint::default();
        paint.set_color_rgba8(colour.0, colour.1, colour.2, 255);
        match stroke {
            None => canvas.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None),
            Some(width) => {
                let stroke =
                    Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
                canvas.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
            }
        }
    }
    for (pixel, drawn) in image.rgb.chunks_exact_mut(3).zip(canvas.pixels()) {
        pixel.copy_from_slice(&[drawn.red(), drawn.green(), drawn.blue()]);
    }
    image
}

fn circle((x, y): (f32, f32), radius: f32) -> Option<Path> {
    PathBuilder::from_circle(x, y, radius.max(0.5))
}

fn polyline(points: impl Iterator<Item = (f32, f32)>, closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (index, (x, y)) in points.enumerate() {
        if index == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
    }
    if closed {
        path.close();
    }
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(image: &Pixels, x: u32, y: u32) -> Colour {
        let place = 3 * (y * image.width() + x) as usize;
        Colour(image.rgb()[place], image.rgb()[place + 1], image.rgb()[place + 2])
    }

    #[test]
    fn every_mark_shows_its_colour_on_its_ground() {
        let marks = [Mark::Disc, Mark::Square, Mark::Diamond, Mark::Cross, Mark::Full]
            .into_iter()
            .chain((0..4).map(Mark::Arrow));
        for mark in marks {
            let tile = Tile::new('a', mark, Colour::RED).on(Colour::SKY);
            let image = Picture::from(Tiles::new(1, 1, |_| tile)).to_pixels(30);
            assert_eq!((image.width(), image.height()), (30, 30));
            assert_eq!(pixel(&image, 15, 15), Colour::RED, "{mark:?}");
            assert_eq!(pixel(&image, 28, 27) == Colour::SKY, mark != Mark::Full, "{mark:?}");
        }
        let ring = Tile::new('a', Mark::Ring, Colour::RED);
        let image = Picture::from(Tiles::new(1, 1, |_| ring)).to_pixels(30);
        assert_eq!((pixel(&image, 15, 15), pixel(&image, 15, 24)), (Colour::WHITE, Colour::RED));
    }

    #[test]
    fn shapes_lie_where_they_are_put_and_y_points_up() {
        let scene = Scene::new((-1.0, 3.0), (0.0, 2.0))
            .rectangle((-1.0, 0.0), (1.0, 1.0), Colour::GREEN)
            .disc((2.0, 1.5), 0.4, Colour::BLUE)
            .line(vec![(-1.0, 1.5), (1.0, 1.5)], 0.2, Colour::RED);
        let image = Picture::from(scene).with_caption("four by 2").to_pixels(80);
        assert_eq!((image.width(), image.height()), (80, 40 + TEXT_HEIGHT));
        assert_eq!(pixel(&image, 20, 30), Colour::GREEN);
        assert_eq!(pixel(&image, 60, 10), Colour::BLUE);
        assert_eq!(pixel(&image, 20, 10), Colour::RED);
        assert_eq!(pixel(&image, 60, 30), Colour::WHITE);
        let written = (40..40 + TEXT_HEIGHT).any(|y| (0..80).any(|x| pixel(&image, x, y) == Colour::BLACK));
        assert!(written, "the caption is below");
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(broken("one two  three fourteen", 7), ["one two", "three", "fourteen"]);
        let image = Pixels::blank(60, 10, Colour::RED).with_text("one two three", true);
        assert_eq!((image.width(), image.height()), (60, 10 + 2 * TEXT_HEIGHT));
        assert_eq!((pixel(&image, 30, 1), pixel(&image, 30, 2 * TEXT_HEIGHT + 1)), (Colour::WHITE, Colour::RED));
    }

    #[test]
    fn what_lies_outside_or_nowhere_is_cut_off() {
        let scene = Scene::new((0.0, 1.0), (0.0, 1.0))
            .disc((f64::NAN, 0.5), 0.1, Colour::RED)
            .disc((1e300, 0.5), f64::INFINITY, Colour::RED)
            .line(vec![(-1e9, 0.5), (1e9, 0.5)], 0.1, Colour::BLUE)
            .polygon(vec![(0.0, 0.0)], Colour::RED);
        assert_eq!(Picture::from(scene).to_pixels(30).width(), 30);
    }
}
