//! Frames as an animated GIF.
//!
//! Of each frame only what differs from the one before is written, which for a board is a cell or two.

use super::film::Frame;
use super::panel::Panels;
use crate::exit::Unwritten;
use anyhow::{Context, Result};
use gif::{DisposalMethod, Encoder, Repeat};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;
use vsml_envs::picture::{Colour, Pixels};

/// Writes `frames` to `path`, the longer side of a picture about `side` pixels and its panel beside it, each frame shown for
/// `pace` and the last of an episode four times as long.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, frames: &[Frame], panels: Option<&Panels>, side: u32, pace: Duration) -> Result<()> {
    // Drawn twice, because all of them at once would take a gigabyte.
    let images = || (0..frames.len()).map(|number| draw(number, &frames[number], panels, side));
    let size = images().fold((1, 1), |(width, height), image| (image.width().max(width), image.height().max(height)));
    let (width, height) = size;
    let (Ok(screen_width), Ok(screen_height)) = (u16::try_from(width), u16::try_from(height)) else {
        anyhow::bail!("{width} by {height} pixels are too many for a GIF: give --pixels of at most 4096");
    };

    let file = || -> Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let mut encoder = Encoder::new(&mut file, screen_width, screen_height, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        let mut shown: Option<Pixels> = None;
        for (index, image) in images().enumerate() {
            let mut whole = Pixels::blank(width, height, Colour::WHITE);
            whole.paste(&image, 0, 0);
            let (left, top, part) = difference(shown.as_ref(), &whole);
            let last_of_episode = frames.get(index + 1).is_none_or(|next| next.episode != frames[index].episode);
            let hundredths = pace.as_secs_f64() * 100.0 * if last_of_episode { 4.0 } else { 1.0 };
            // Speed 10 of 1 to 30: only where there are more than 256 colours does it make a difference.
            let mut frame = gif::Frame::from_rgb_speed(part.width() as u16, part.height() as u16, part.rgb(), 10);
            frame.left = left as u16;
            frame.top = top as u16;
            frame.delay = hundredths.round().clamp(2.0, 60_000.0) as u16;
            frame.dispose = DisposalMethod::Keep;
            encoder.write_frame(&frame)?;
            shown = Some(whole);
        }
        drop(encoder);
        Ok(file.flush()?)
    };
    file().with_context(|| path.display().to_string()).context(Unwritten)
}

/// Frame number `number` with its heading above.
fn draw(number: usize, frame: &Frame, panels: Option<&Panels>, side: u32) -> Pixels {
    let picture = frame.picture.to_pixels(side);
    let with_panel = match (panels, &frame.messages) {
        (Some(panels), Some(messages)) => panels.pixels(number, messages, picture, side),
        _ => picture,
    };
    with_panel.with_text(&frame.heading(), true)
}

/// The least rectangle in which `next` differs from `shown`: its left and upper edge, and what is in it. A pixel where nothing
/// differs.
fn difference(shown: Option<&Pixels>, next: &Pixels) -> (u32, u32, Pixels) {
    let Some(shown) = shown else { return (0, 0, next.clone()) };
    let row_bytes = 3 * next.width() as usize;
    let differing =
        shown.rgb().chunks(row_bytes).zip(next.rgb().chunks(row_bytes)).enumerate().filter_map(|(y, (a, b))| {
            let first = a.iter().zip(b).position(|(a, b)| a != b)?;
            let last = a.iter().zip(b).rposition(|(a, b)| a != b)?;
            Some((y as u32, (first / 3) as u32, (last / 3) as u32))
        });
    let bounds = differing.fold(None, |bounds, (y, first, last)| {
        let (top, _, left, right) = bounds.unwrap_or((y, y, first, last));
        Some((top, y, left.min(first), right.max(last)))
    });
    let (top, bottom, left, right) = bounds.unwrap_or((0, 0, 0, 0));
    (left, top, next.cut(left, top, right - left + 1, bottom - top + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::picture::{Picture, Tile, Tiles};

    #[test]
    fn only_what_differs_is_written() {
        let board =
            |agent: usize| Picture::from(Tiles::new(4, 3, |i| if i == agent { Tile::AGENT } else { Tile::FLOOR }));
        let (a, b) = (board(0).to_pixels(40), board(5).to_pixels(40));
        let (left, top, part) = difference(Some(&a), &b);
        assert!(left < 10 && top < 10 && part.width() <= 20 && part.height() <= 20, "{left} {top} {part:?}");
        let mut again = a.clone();
        again.paste(&part, left, top);
        assert_eq!(again, b);
        let (_, _, nothing) = difference(Some(&a), &a);
        assert_eq!((nothing.width(), nothing.height()), (1, 1));
        assert_eq!(difference(None, &b), (0, 0, b));
    }
}
