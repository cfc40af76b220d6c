//! What is shown of a player beside and under its world: its network's messages, and the reward so far.
//!
//! Players without messages have no panel, and pictures of their lives are those of the world alone.

use super::film::Frame;
use super::messages::{Layer, Map, Messages, Scales};
use super::two_places;
use vsml_envs::picture::{Colour, Picture, Pixels, Scene};

/// Pixels between one part and the next.
const GAP: u32 = 8;
/// Pixels that a label is given at least: a `backward` has to fit.
const LABEL_WIDTH: u32 = 72;
/// Pixels that the labels of a layer take up, more or less.
const LABEL_HEIGHT: u32 = 36;
/// The line of rewards is so many times as wide as it is high.
const ELONGATION: f64 = 8.0;

/// The panels of a life: all that must be the same in all of them.
pub struct Panels {
    /// Whose messages these are, where there are others.
    of: Option<String>,
    scales: Scales,
    /// Step, and reward so far.
    rewards: Vec<(u64, f64)>,
}

impl Panels {
    /// Those of a life; nothing if no player had messages. `names` are those of the agents.
    pub fn of(frames: &[Frame], names: &[String]) -> Option<Self> {
        let agent = frames.iter().find_map(|frame| frame.messages.as_ref())?.agent;
        let reward = |frame: &Frame| (frame.step, frame.rewards.get(agent).copied().unwrap_or(0.0));
        Some(Panels {
            of: names.get(agent).filter(|_| names.len() > 1).cloned(),
            scales: Scales::of(frames),
            rewards: frames.iter().map(reward).collect(),
        })
    }

    /// The picture of frame number `number` with its panel; the longer side of the picture is about `side` pixels.
    pub fn pixels(&self, number: usize, messages: &Messages, picture: Pixels, side: u32) -> Pixels {
        let layers = messages.layers(&self.scales);
        let neurons: u32 = layers.iter().map(|layer| layer.maps.iter().map(|map| map.rows).max().unwrap_or(1)).sum();
        let room = side.saturating_sub(LABEL_HEIGHT * layers.len() as u32);
        let cell = (room / neurons.max(1)).clamp(4, (side / 24).max(4));
        let maps = layers.iter().map(|layer| draw_layer(layer, cell)).reduce(|above, below| stacked(&above, &below));
        let maps = maps.unwrap_or_else(|| Pixels::blank(1, 1, Colour::WHITE)).with_text(&self.title(), true);
        let upper = abreast(&picture, &maps);
        let line = self.line(number).to_pixels(upper.width()).with_text(&self.line_label(), true);
        stacked(&upper, &line)
    }

    /// The same as text.
    pub fn text(&self, number: usize, messages: &Messages, picture: &str) -> String {
        let mut maps = vec![self.title()];
        for layer in messages.layers(&self.scales) {
            let [forward, backward] =
                layer.maps.map(|map| format!("{}\n{}\n{}", map.name, map.label, map.picture.to_text()));
            maps.push(layer.name);
            maps.push(text_abreast(&forward, &backward));
        }
        let upper = text_abreast(picture, &maps.join("\n"));
        [upper, self.line_label(), self.line(number).to_text()].join("\n")
    }

    fn title(&self) -> String {
        self.of.as_ref().map_or("messages".into(), |name| format!("messages of {name}"))
    }

    /// From and to which reward the line goes.
    fn range(&self) -> (f64, f64) {
        let rewards = self.rewards.iter().map(|(_, reward)| *reward).filter(|reward| reward.is_finite());
        rewards.fold((0.0, 0.0), |(low, high), reward| (low.min(reward), high.max(reward)))
    }

    fn line_label(&self) -> String {
        let (low, high) = self.range();
        let steps = self.rewards.last().map_or(0, |(step, _)| *step);
        format!("reward so far: {steps} steps, {} to {}", two_places(low), two_places(high))
    }

    /// The reward so far at each frame up to number `number`, over all of the life.
    fn line(&self, number: usize) -> Picture {
        let (low, high) = self.range();
        let steps = self.rewards.last().map_or(0, |(step, _)| *step).max(1);
        let place = |&(step, reward): &(u64, f64)| {
            // A margin around what is drawn.
            let up = if high > low { (reward - low) / (high - low) } else { 0.5 };
            (0.1 + (ELONGATION - 0.2) * step as f64 / steps as f64, 0.1 + 0.8 * up)
        };
        let shown: Vec<(f64, f64)> = self.rewards.iter().take(number + 1).map(place).collect();
        let now = shown.last().copied().unwrap_or((0.1, 0.5));
        let zero = vec![place(&(0, 0.0)), place(&(steps, 0.0))];
        let scene = Scene::new((0.0, ELONGATION), (0.0, 1.0)).line(zero, 0.04, Colour::LIGHT);
        scene.line(shown, 0.06, Colour::BLACK).disc(now, 0.09, Colour::BLACK).into()
    }
}

fn draw_layer(layer: &Layer, cell: u32) -> Pixels {
    let draw = |map: &Map| {
        let drawn = map.picture.to_pixels(cell * map.columns.max(map.rows));
        let mut column = Pixels::blank(drawn.width().max(LABEL_WIDTH), drawn.height(), Colour::WHITE);
        column.paste(&drawn, 0, 0);
        column.with_text(&map.label, true).with_text(map.name, true)
    };
    abreast(&draw(&layer.maps[0]), &draw(&layer.maps[1])).with_text(&layer.name, true)
}

/// One image and to the right of it another.
fn abreast(left: &Pixels, right: &Pixels) -> Pixels {
    let across = left.width() + GAP;
    let mut both = Pixels::blank(across + right.width(), left.height().max(right.height()), Colour::WHITE);
    both.paste(left, 0, 0);
    both.paste(right, across, 0);
    both
}

/// One image and under it another.
fn stacked(above: &Pixels, below: &Pixels) -> Pixels {
    let down = above.height() + GAP;
    let mut both = Pixels::blank(above.width().max(below.width()), down + below.height(), Colour::WHITE);
    both.paste(above, 0, 0);
    both.paste(below, 0, down);
    both
}

/// Lines of text and to the right of them others.
fn text_abreast(left: &str, right: &str) -> String {
    let across = left.lines().map(|line| line.chars().count()).max().unwrap_or(0) + 2;
    let (mut left, mut right) = (left.lines(), right.lines());
    let mut lines = Vec::new();
    loop {
        let line = match (left.next(), right.next()) {
            (None, None) => return lines.join("\n"),
            (left, right) => format!("{:<across$}{}", left.unwrap_or_default(), right.unwrap_or_default()),
        };
        lines.push(line.trim_end().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_side_by_side() {
        assert_eq!(text_abreast("one\nthree", "1\n2\n3"), "one    1\nthree  2\n       3");
        assert_eq!(text_abreast("one\nthree", "1"), "one    1\nthree");
    }
}
