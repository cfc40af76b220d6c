//! What a player's network says to itself, as heat maps.
//!
//! Of each layer there are two: the forward messages of its output neurons and the backward messages of its input neurons; neurons
//! down, the numbers of a message across. A colour means the same number all life long: the greatest one of a map, of either
//! sign, has the full colour.

use super::film::Frame;
use vsml_agents::LayerMessages;
use vsml_envs::picture::{Colour, Mark, Picture, Tile, Tiles};

/// Of larger networks a part is shown: so many layers, the last ones, since what comes out of them is acted on;
const MOST_LAYERS: usize = 3;
/// so many neurons of each, the first ones;
const MOST_NEURONS: usize = 16;
/// and so many numbers of a message, the first ones.
const MOST_NUMBERS: usize = 16;

/// The messages of a network at one moment, as far as they are shown.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The number of the agent whose network it is.
    pub agent: usize,
    /// Number of layers, those that are not shown among them.
    layers: usize,
    /// The forward and the backward messages of each of the last layers.
    shown: Vec<[Ways; 2]>,
}

/// The messages that a layer sends one way.
#[derive(Clone, Debug)]
struct Ways {
    /// How many neurons there are, those that are not shown among them.
    neurons: usize,
    /// How many numbers there are in a message, those that are not shown among them.
    numbers: usize,
    /// What is shown, message after message.
    values: Vec<f32>,
}

impl Messages {
    /// What is shown of these.
    pub fn new(agent: usize, layers: &[LayerMessages]) -> Self {
        let shown = layers.iter().skip(layers.len().saturating_sub(MOST_LAYERS));
        let ways = |messages: &[f32], size: usize| Ways::new(messages, size.max(1));
        let shown =
            shown.map(|layer| [ways(&layer.forward, layer.message_size), ways(&layer.backward, layer.message_size)]);
        Messages { agent, layers: layers.len(), shown: shown.collect() }
    }
}

impl Ways {
    fn new(messages: &[f32], numbers: usize) -> Self {
        let shown = messages.chunks_exact(numbers).take(MOST_NEURONS);
        let values = shown.flat_map(|message| &message[..numbers.min(MOST_NUMBERS)]).copied().collect();
        Ways { neurons: messages.len() / numbers, numbers, values }
    }

    /// The greatest number, of either sign.
    fn greatest(&self) -> f32 {
        self.values.iter().filter(|value| value.is_finite()).fold(0.0, |greatest, value| greatest.max(value.abs()))
    }
}

/// What full colour means in the maps of a life: in each of the layers that are shown, forward and backward.
pub struct Scales(Vec<[f32; 2]>);

impl Scales {
    /// Those in which all messages of these frames can be shown.
    pub fn of(frames: &[Frame]) -> Self {
        let mut scales: Vec<[f32; 2]> = Vec::new();
        for messages in frames.iter().filter_map(|frame| frame.messages.as_deref()) {
            scales.resize(messages.shown.len(), [0.0; 2]);
            for (scales, layer) in scales.iter_mut().zip(&messages.shown) {
                for (scale, ways) in scales.iter_mut().zip(layer) {
                    *scale = scale.max(ways.greatest());
                }
            }
        }
        Scales(scales)
    }
}

/// The maps of a layer.
pub struct Layer {
    /// Which layer it is.
    pub name: String,
    /// Forward and backward.
    pub maps: [Map; 2],
}

/// A heat map.
pub struct Map {
    /// Which messages these are.
    pub name: &'static str,
    /// What full colour means, and what part is shown.
    pub label: String,
    /// The map itself.
    pub picture: Picture,
    /// Numbers across.
    pub columns: u32,
    /// Neurons down.
    pub rows: u32,
}

impl Messages {
    /// The maps of the layers that are shown.
    pub fn layers(&self, scales: &Scales) -> Vec<Layer> {
        let first = self.layers - self.shown.len();
        let layer = |(place, (ways, scales)): (usize, (&[Ways; 2], &[f32; 2]))| Layer {
            name: format!("layer {} of {}", first + place + 1, self.layers),
            maps: [ways[0].map("forward", scales[0]), ways[1].map("backward", scales[1])],
        };
        self.shown.iter().zip(&scales.0).enumerate().map(layer).collect()
    }
}

impl Ways {
    fn map(&self, name: &'static str, scale: f32) -> Map {
        let mut label = format!("max {}", two_digits(scale));
        for (shown, all, what) in [(MOST_NEURONS, self.neurons, "neurons"), (MOST_NUMBERS, self.numbers, "numbers")] {
            if all > shown {
                label += &format!(" first {shown} of {all} {what}");
            }
        }
        let (columns, rows) = (self.numbers.min(MOST_NUMBERS), self.neurons.clamp(1, MOST_NEURONS));
        let value = |place: usize| self.values.get(place).copied().unwrap_or(0.0);
        let tile = |place| signed(if scale > 0.0 { value(place) / scale } else { value(place) });
        let picture = Picture::from(Tiles::new(columns, rows, tile));
        Map { name, label, picture, columns: columns as u32, rows: rows as u32 }
    }
}

/// A square for a number of either sign: from blue (-1) over white (0) to red (1), which are told apart also by those who do not
/// see all colours; what lies outside is taken for the nearest. What is no number is black.
fn signed(value: f32) -> Tile {
    const SCALE: [char; 5] = ['=', '-', '.', '+', '#'];
    /// Shades of each of the two colours: few enough for the 256 colours of a GIF.
    const SHADES: f32 = 16.0;
    if value.is_nan() {
        return Tile::new('?', Mark::Full, Colour::BLACK);
    }
    let value = value.clamp(-1.0, 1.0);
    let share = (value.abs() * SHADES).round() / SHADES;
    let shade = |white: u8, end: u8| (f32::from(white) + share * (f32::from(end) - f32::from(white))).round() as u8;
    let (white, end) = (Colour::WHITE, if value < 0.0 { Colour::BLUE } else { Colour::RED });
    let colour = Colour(shade(white.0, end.0), shade(white.1, end.1), shade(white.2, end.2));
    Tile::new(SCALE[(2.0 * value + 2.0).round() as usize], Mark::Full, colour)
}

/// A number with two digits that count.
fn two_digits(number: f32) -> f32 {
    format!("{number:.1e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_networks_are_shown_in_part_and_say_so() {
        let layer = |inputs: usize, outputs: usize| LayerMessages {
            message_size: 2,
            forward: vec![-0.5; outputs * 2],
            backward: vec![0.25; inputs * 2],
        };
        let messages = Messages::new(0, &[layer(40, 9), layer(9, 9), layer(9, 9), layer(9, 3)]);
        let scales = Scales(vec![[1.0, 0.25]; 3]);
        let layers = messages.layers(&scales);
        assert_eq!(
            layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>(),
            ["layer 2 of 4", "layer 3 of 4", "layer 4 of 4"]
        );
        let [forward, backward] = &layers[2].maps;
        assert_eq!((forward.label.as_str(), backward.label.as_str()), ("max 1", "max 0.25"));
        assert_eq!(forward.picture.to_text(), "--\n--\n--");
        assert_eq!(backward.picture.to_text(), ["##"; 9].join("\n"));

        let large = LayerMessages { message_size: 20, forward: vec![0.0; 20], backward: vec![0.0; 20 * 30] };
        let [_, backward] = &Messages::new(0, &[large]).layers(&Scales(vec![[0.0; 2]]))[0].maps;
        assert_eq!(backward.label, "max 0 first 16 of 30 neurons first 16 of 20 numbers");
        assert_eq!(backward.picture.to_text(), ["."; 16].map(|dot| dot.repeat(16)).join("\n"));
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(
            [0.012345, 1.26, 123.0, 0.0].map(|number| two_digits(number).to_string()),
            ["0.012", "1.3", "120", "0"]
        );
    }

    #[test]
    fn signed_numbers_have_colours_on_both_sides_of_white() {
        let tile = |value: f32| (signed(value).character, signed(value).colour);
        assert_eq!(tile(0.0), ('.', Colour::WHITE));
        assert_eq!((tile(-1.0), tile(f32::NEG_INFINITY)), (('=', Colour::BLUE), ('=', Colour::BLUE)));
        assert_eq!((tile(1.0), tile(7.0)), (('#', Colour::RED), ('#', Colour::RED)));
        assert_eq!((tile(-0.5).0, tile(0.5), tile(f32::NAN).0), ('-', ('+', Colour(234, 175, 128)), '?'));
    }
}
