//! Pictures as text.
//!
//! A board is its characters. A scene becomes a small image first, and each character stands for a block of pixels:
//! letters by their colour, so that what is red is an `r`. No escape sequences, so it can be written into a file.

use super::{Colour, Drawing, Picture, Pixels};

/// Characters in a row of a scene at most.
const COLUMNS: u32 = 60;

impl Picture {
    /// The picture as lines of characters, with the caption below; no line break at the end.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<String> = match &self.drawing {
            Drawing::Tiles(tiles) => tiles.rows().map(|row| row.iter().map(|tile| tile.character).collect()).collect(),
            Drawing::Scene(_) => {
                // A character is about twice as high as it is wide.
                let plain = Picture { caption: String::new(), ..self.clone() };
                blocks(&plain.to_pixels(4 * COLUMNS), 4, 8)
            }
        };
        if !self.caption.is_empty() {
            lines.push(self.caption.clone());
        }
        lines.join("\n")
    }
}

/// A character for each block: that of the colour, other than white, which most of its pixels have; a space if hardly any
/// has one.
fn blocks(image: &Pixels, width: u32, height: u32) -> Vec<String> {
    let colour_at = |x: u32, y: u32| {
        let place = 3 * (y as usize * image.width() as usize + x as usize);
        Colour(image.rgb()[place], image.rgb()[place + 1], image.rgb()[place + 2])
    };
    let character = |left: u32, top: u32| {
        let mut counts: Vec<(char, u32)> = Vec::new();
        for y in top..(top + height).min(image.height()) {
            for x in left..(left + width).min(image.width()) {
                let character = letter(colour_at(x, y));
                match counts.iter_mut().find(|(known, _)| *known == character) {
                    _ if character == ' ' => {}
                    Some((_, count)) => *count += 1,
                    None => counts.push((character, 1)),
                }
            }
        }
        let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
        most.filter(|(_, count)| *count * 8 >= width * height).map_or(' ', |(character, _)| character)
    };
    (0..image.height().div_ceil(height))
        .map(|row| {
            let line: String =
                (0..image.width().div_ceil(width)).map(|column| character(column * width, row * height)).collect();
            line.trim_end().to_string()
        })
        .collect()
}

/// The character that stands for a colour.
fn letter(colour: Colour) -> char {
    let named = [
        (Colour::WHITE, ' '),
        (Colour::BLACK, '#'),
        (Colour::GREY, '='),
        (Colour::LIGHT, '.'),
        (Colour::BLUE, 'O'),
        (Colour::SKY, '~'),
        (Colour::GREEN, 'g'),
        (Colour::RED, 'x'),
        (Colour::ORANGE, 'o'),
        (Colour::YELLOW, '*'),
        (Colour::PURPLE, 'p'),
    ];
    let distance = |other: Colour| {
        let squared = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        squared(colour.0, other.0) + squared(colour.1, other.1) + squared(colour.2, other.2)
    };
    named.into_iter().min_by_key(|(other, _)| distance(*other)).map_or(' ', |(_, character)| character)
}

#[cfg(test)]
mod tests {
    use crate::picture::{Colour, Picture, Scene, Tile, Tiles};

    #[test]
    fn a_board_is_its_characters() {
        let tiles = Tiles::new(3, 2, |cell| [Tile::FLOOR, Tile::WALL, Tile::AGENT][cell % 3]);
        assert_eq!(Picture::from(tiles).with_caption("day 2").to_text(), ".#@\n.#@\nday 2");
    }

    #[test]
    fn a_scene_is_drawn_with_letters() {
        let scene = Scene::new((0.0, 4.0), (0.0, 1.0)).rectangle((0.0, 0.0), (2.0, 1.0), Colour::BLUE);
        let text = Picture::from(scene).to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8);
        assert!(lines[3].starts_with("OOOOO") && lines[3].len() < 32, "{text}");
    }
}
