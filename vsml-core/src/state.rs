//! State: what one network is at one moment of its life.
//!
//! The state is all that changes while a learner lives, and so all that it has learnt. Next to the hidden and cell
//! vectors lie the messages: those that the layers sent last, and those that the outside puts in at both ends.

use crate::kernel::{LANES, Lines, Scratch};
use crate::parameters::truncated_normal;
use crate::{Convolution, Error, LayerShape, SubRnnConfig, Topology};
use rand::Rng;

/// The state of one layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub shape: LayerShape,
    /// Number of input neurons A.
    pub inputs: usize,
    /// Number of output neurons B.
    pub outputs: usize,
    /// Where each input neuron is, where each output neuron is (both empty without coordinates), and where the layer is;
    /// within ±1.
    pub input_places: Vec<f32>,
    pub output_places: Vec<f32>,
    pub depth: f32,
    /// In a convolution, the pixel that each kernel position meets at each position of the image ([`BEYOND`] if there is
    /// none): kernel positions × positions. Empty in a dense layer.
    pub pixels: Vec<u32>,
    /// In a convolution, how many messages reach each input: fewer near the border. Empty in a dense layer, where as many
    /// reach each as there are outputs.
    pub messages_to_input: Vec<f32>,
    /// h of every sub-RNN, `stride` numbers each of which the first N count and the rest stay 0.
    pub hidden: Lines,
    /// c of every sub-RNN, as `hidden`.
    pub cell: Lines,
    /// The last forward messages, B × M.
    pub forward_out: Vec<f32>,
    /// The last backward messages, A × M.
    pub backward_out: Vec<f32>,
}

impl Layer {
    fn zeros(config: &SubRnnConfig, shape: LayerShape, depth: f32) -> Self {
        let (inputs, outputs) = (shape.inputs(), shape.outputs());
        let numbers = shape.sub_rnns() * config.hidden_size.next_multiple_of(LANES);
        let places = |neurons: usize| match config.coordinates {
            true => (0..neurons).map(|i| place(i, neurons)).collect(),
            false => Vec::new(),
        };
        let pixels = pixels(&shape);
        Layer {
            shape,
            inputs,
            outputs,
            messages_to_input: messages_to_input(&shape, &pixels),
            pixels,
            input_places: places(inputs),
            output_places: places(outputs),
            depth,
            hidden: Lines::zeros(numbers),
            cell: Lines::zeros(numbers),
            forward_out: vec![0.0; outputs * config.message_size],
            backward_out: vec![0.0; inputs * config.message_size],
        }
    }

    /// All that a tick changes.
    pub fn numbers_mut(&mut self) -> [&mut [f32]; 4] {
        [&mut self.hidden, &mut self.cell, &mut self.forward_out, &mut self.backward_out]
    }

    /// All that a tick changes.
    pub fn numbers(&self) -> [&[f32]; 4] {
        [&self.hidden, &self.cell, &self.forward_out, &self.backward_out]
    }
}

/// In [`Layer::pixels`]: a place outside of the image.
pub(crate) const BEYOND: u32 = u32::MAX;

/// See [`Layer::pixels`]; what [`LayerShape::application`] says, for the vector kernels.
fn pixels(shape: &LayerShape) -> Vec<u32> {
    let LayerShape::Convolution(c) = shape else { return Vec::new() };
    let one_channel = LayerShape::Convolution(Convolution { in_channels: 1, out_channels: 1, ..*c });
    let positions = shape.positions();
    (0..c.kernel * c.kernel * positions)
        .map(|i| match one_channel.application(i / positions, i % positions).0 {
            pixel if pixel < c.height * c.width => pixel as u32,
            _ => BEYOND,
        })
        .collect()
}

/// See [`Layer::messages_to_input`].
fn messages_to_input(shape: &LayerShape, pixels: &[u32]) -> Vec<f32> {
    let LayerShape::Convolution(c) = shape else { return Vec::new() };
    let mut messages = vec![0.0; shape.inputs()];
    for &pixel in pixels.iter().filter(|&&pixel| pixel != BEYOND) {
        let first = pixel as usize * c.in_channels;
        messages[first..first + c.in_channels].iter_mut().for_each(|count| *count += c.out_channels as f32);
    }
    messages
}

/// The `i`-th of `count` places evenly spread over ±1: the middle of the `i`-th of as many equal parts.
fn place(i: usize, count: usize) -> f32 {
    (2 * i + 1) as f32 / count as f32 - 1.0
}

/// The state of a network: hidden and cell vectors of all sub-RNNs, and the messages under way.
///
/// Its size is [`State::bytes`]; nothing grows while it lives.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) topology: Topology,
    /// Whose sub-RNNs these are: kernels rely on all numbers being as this configuration has them.
    pub(crate) config: SubRnnConfig,
    pub(crate) layers: Vec<Layer>,
    /// What the outside puts into the first layer, inputs × M.
    pub(crate) forward_in: Vec<f32>,
    /// What the outside puts into the last layer, outputs × M.
    pub(crate) backward_in: Vec<f32>,
    /// The scalars that every sub-RNN reads.
    pub(crate) extras: Vec<f32>,
    /// Room for a kernel to work in; carries nothing from tick to tick.
    pub(crate) scratch: Scratch,
}

impl State {
    /// A state of zeros. Use [`State::randomise`] before living with it: only the random half of `c` tells one neuron from
    /// another.
    ///
    /// # Errors
    /// If the configuration makes no sense, or cannot run this topology ([`Topology::check`]).
    pub fn zeros(config: &SubRnnConfig, topology: &Topology) -> Result<Self, Error> {
        config.check()?;
        topology.check(config)?;
        let m = config.message_size;
        let count = topology.layers().len();
        let shapes = topology.layers().iter().enumerate();
        Ok(State {
            topology: topology.clone(),
            config: config.clone(),
            layers: shapes.map(|(l, &shape)| Layer::zeros(config, shape, place(l, count))).collect(),
            forward_in: vec![0.0; topology.inputs() * m],
            backward_in: vec![0.0; topology.outputs() * m],
            extras: vec![0.0; config.extras],
            scratch: Scratch::for_updates(config, topology),
        })
    }

    /// Begins a new life: all messages and h become 0; of every c the first half is drawn from a truncated normal of
    /// deviation 1/sqrt(inputs of an output neuron) and the other half is 0 (Kirsch & Schmidhuber 2021, appendix).
    ///
    /// The draws are independent over sub-RNNs. This is what breaks the symmetry between neurons, and what makes a
    /// learner invariant to their order. (For a convolution the original's code has 1/sqrt(kernel) here; this is
    /// 1/sqrt(kernel² · channels in), as the rule says.)
    pub fn randomise(&mut self, rng: &mut impl Rng) {
        let n = self.config.hidden_size;
        for layer in &mut self.layers {
            layer.numbers_mut().into_iter().for_each(|numbers| numbers.fill(0.0));
            let deviation = 1.0 / (layer.shape.senders_to_output() as f32).sqrt();
            for cell in layer.cell.chunks_exact_mut(n.next_multiple_of(LANES)) {
                cell[..n / 2].fill_with(|| deviation * truncated_normal(rng));
            }
        }
        self.clear_inputs();
    }

    /// Makes all that is put in from outside 0.
    pub(crate) fn clear_inputs(&mut self) {
        self.forward_in.fill(0.0);
        self.backward_in.fill(0.0);
        self.extras.fill(0.0);
    }

    /// The shape of the network.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Puts `values` into number `component` of the first layer's forward messages: of as many input neurons as there are values,
    /// from the first on.
    ///
    /// # Panics
    /// If there are more values than neurons, or no such component.
    pub fn write_forward(&mut self, component: usize, values: &[f32]) {
        write_component(&mut self.forward_in, self.config.message_size, component, values);
    }

    /// Puts `values` into number `component` of the last layer's backward messages: of as many output neurons as there are
    /// values, from the first on.
    ///
    /// # Panics
    /// If there are more values than neurons, or no such component.
    pub fn write_backward(&mut self, component: usize, values: &[f32]) {
        write_component(&mut self.backward_in, self.config.message_size, component, values);
    }

    /// What the outside puts into the first layer, to be written: inputs × M numbers.
    pub fn forward_in_mut(&mut self) -> &mut [f32] {
        &mut self.forward_in
    }

    /// What the outside puts into the last layer, to be written: outputs × M numbers.
    pub fn backward_in_mut(&mut self) -> &mut [f32] {
        &mut self.backward_in
    }

    /// The forward messages of the last layer, as the last tick left them: outputs × M numbers.
    pub fn forward_messages(&self) -> &[f32] {
        &self.layers[self.layers.len() - 1].forward_out
    }

    /// The scalars that every sub-RNN reads, to be written.
    pub fn extras_mut(&mut self) -> &mut [f32] {
        &mut self.extras
    }

    /// Number `component` of the forward message of output `output`, as the last tick left it.
    ///
    /// # Panics
    /// If there is no such output or component.
    pub fn forward_message(&self, output: usize, component: usize) -> f32 {
        assert!(component < self.config.message_size, "a message has {} numbers", self.config.message_size);
        self.layers[self.layers.len() - 1].forward_out[output * self.config.message_size + component]
    }

    /// The backward messages that the first layer sent last: inputs × M numbers. Nobody in the network reads them; in a clone
    /// of backpropagation they are the derivatives with respect to the inputs, and where networks talk they go back to the
    /// other networks.
    pub fn backward_messages(&self) -> &[f32] {
        &self.layers[0].backward_out
    }

    /// What layer `layer` sent last: its forward messages (outputs × M numbers) and its backward messages (inputs × M numbers).
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn layer_messages(&self, layer: usize) -> (&[f32], &[f32]) {
        (&self.layers[layer].forward_out, &self.layers[layer].backward_out)
    }

    /// As [`State::backward_messages`], to be written: in the state of an [`Adjoint`](crate::Adjoint), the derivatives with
    /// respect to them.
    pub fn backward_messages_mut(&mut self) -> &mut [f32] {
        &mut self.layers[0].backward_out
    }

    /// h of sub-RNN number `sub_rnn` (as [`LayerShape`] counts them) of layer `layer`: N numbers.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn hidden(&self, layer: usize, sub_rnn: usize) -> &[f32] {
        let range = self.range(layer, sub_rnn);
        &self.layers[layer].hidden[range]
    }

    /// c of sub-RNN number `sub_rnn` of layer `layer`: N numbers.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn cell(&self, layer: usize, sub_rnn: usize) -> &[f32] {
        let range = self.range(layer, sub_rnn);
        &self.layers[layer].cell[range]
    }

    /// As [`State::hidden`], to be written.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn hidden_mut(&mut self, layer: usize, sub_rnn: usize) -> &mut [f32] {
        let range = self.range(layer, sub_rnn);
        &mut self.layers[layer].hidden[range]
    }

    /// As [`State::cell`], to be written: initial states from elsewhere come in here.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn cell_mut(&mut self, layer: usize, sub_rnn: usize) -> &mut [f32] {
        let range = self.range(layer, sub_rnn);
        &mut self.layers[layer].cell[range]
    }

    /// Shares what was learnt over a batch: the first half of every h and c becomes its mean over the batch
    /// (Kirsch & Schmidhuber 2021, batches). To be called before each tick in which several states, each with an example of
    /// its own, learn together.
    ///
    /// # Panics
    /// If the states are not of one configuration and topology.
    pub fn share_over_batch(batch: &mut [State]) {
        let [first, rest @ ..] = batch else { return };
        assert!(
            rest.iter().all(|state| state.is_like(first)),
            "the states of a batch are of one configuration and topology"
        );
        if rest.is_empty() {
            return;
        }
        let (half, stride) = (first.config.hidden_size / 2, first.config.hidden_size.next_multiple_of(LANES));
        let count = (rest.len() + 1) as f32;
        for l in 0..first.layers.len() {
            // 0 is h and 1 is c.
            for part in 0..2 {
                let [hidden, cell, ..] = first.layers[l].numbers_mut();
                let mean = if part == 0 { hidden } else { cell };
                for state in &*rest {
                    let own = state.layers[l].numbers()[part].chunks_exact(stride);
                    for (mean, own) in mean.chunks_exact_mut(stride).zip(own) {
                        mean[..half].iter_mut().zip(own).for_each(|(mean, own)| *mean += own);
                    }
                }
                for mean in mean.chunks_exact_mut(stride) {
                    mean[..half].iter_mut().for_each(|mean| *mean /= count);
                }
                for state in &mut *rest {
                    let [hidden, cell, ..] = state.layers[l].numbers_mut();
                    let own = if part == 0 { hidden } else { cell };
                    for (own, mean) in own.chunks_exact_mut(stride).zip(mean.chunks_exact(stride)) {
                        own[..half].copy_from_slice(&mean[..half]);
                    }
                }
            }
        }
    }

    /// All numbers that the network itself carries on: of each layer h and c of all sub-RNNs (S × N each), its forward messages
    /// (B × M) and its backward messages (A × M); then the messages put in at the last layer (outputs × M). What is put in at the
    /// first layer and the extras are not among them: write them before the next tick.
    pub fn pack(&self) -> Vec<f32> {
        let mut packed = Vec::new();
        for layer in &self.layers {
            for states in [&layer.hidden, &layer.cell] {
                let own = states.chunks_exact(self.config.hidden_size.next_multiple_of(LANES));
                own.for_each(|own| packed.extend_from_slice(&own[..self.config.hidden_size]));
            }
            packed.extend_from_slice(&layer.forward_out);
            packed.extend_from_slice(&layer.backward_out);
        }
        packed.extend_from_slice(&self.backward_in);
        packed
    }

    /// Takes what [`State::pack`] gave.
    ///
    /// # Panics
    /// If it came from a state of another shape.
    pub fn unpack(&mut self, packed: &[f32]) {
        let n = self.config.hidden_size;
        let mut rest = packed;
        let mut read = |to: &mut [f32]| {
            let (from, after) = rest.split_at(to.len());
            to.copy_from_slice(from);
            rest = after;
        };
        for layer in &mut self.layers {
            for states in [&mut layer.hidden, &mut layer.cell] {
                states.chunks_exact_mut(n.next_multiple_of(LANES)).for_each(|own| read(&mut own[..n]));
            }
            read(&mut layer.forward_out);
            read(&mut layer.backward_out);
        }
        read(&mut self.backward_in);
        assert!(rest.is_empty(), "{} numbers too many for this state", rest.len());
    }

    /// Whether both are of one configuration and one topology.
    pub(crate) fn is_like(&self, other: &State) -> bool {
        self.config == other.config && self.topology == other.topology
    }

    /// Bytes that the numbers of a state take, with the room that a tick works in: what a life costs in memory. With S
    /// sub-RNNs, A inputs and B outputs in each layer and N rounded up to a multiple of 16, that is
    /// 4 · (Σ (2 N S + M (A + B)) + M (A₁ + B_last) + extras) for the state, and for the work at most
    /// 4 · (5 max(N, M) + 2 M) (A + B + 4) + 16 N of the layer where that is greatest, M being rounded up like N in the maximum.
    /// Coordinates take 4 (A + B) more; a convolution with K kernel positions at P places of the image 4 (K P + A).
    pub fn bytes(&self) -> usize {
        let of_layer = |layer: &Layer| {
            let places = layer.input_places.len() + layer.output_places.len();
            let indices = layer.pixels.len() + layer.messages_to_input.len();
            layer.numbers().map(<[f32]>::len).iter().sum::<usize>() + places + indices
        };
        let ends = self.forward_in.len() + self.backward_in.len() + self.extras.len();
        size_of::<f32>() * (self.layers.iter().map(of_layer).sum::<usize>() + ends) + self.scratch.bytes()
    }

    fn range(&self, layer: usize, sub_rnn: usize) -> std::ops::Range<usize> {
        let count = self.layers[layer].shape.sub_rnns();
        assert!(sub_rnn < count, "layer {layer} has {count} sub-RNNs, there is no number {sub_rnn}");
        let start = sub_rnn * self.config.hidden_size.next_multiple_of(LANES);
        start..start + self.config.hidden_size
    }
}

fn write_component(messages: &mut [f32], message_size: usize, component: usize, values: &[f32]) {
    assert!(component < message_size, "a message has {message_size} numbers, there is no number {component}");
    assert!(values.len() * message_size <= messages.len(), "at most one value per neuron");
    for (message, &value) in messages.chunks_exact_mut(message_size).zip(values) {
        message[component] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn a_new_life_has_half_of_its_cells_random() {
        let config = SubRnnConfig::vsml();
        let mut state = State::zeros(&config, &Topology::dense(&[100, 20]).unwrap()).unwrap();
        state.randomise(&mut Xoshiro256PlusPlus::seed_from_u64(3));
        let mut squares = 0.0;
        for sub_rnn in 0..2000 {
            let cell = state.cell(0, sub_rnn);
            assert!(cell[8..].iter().all(|&c| c == 0.0) && state.hidden(0, sub_rnn).iter().all(|&h| h == 0.0));
            squares += cell.iter().map(|&c| f64::from(c * c)).sum::<f64>();
        }
        let deviation = (squares / 16_000.0).sqrt();
        assert!((deviation / 0.08796 - 1.0).abs() < 0.03, "{deviation}");
    }

    #[test]
    fn a_batch_shares_the_first_half_and_keeps_the_second() {
        let config = SubRnnConfig { hidden_size: 5, ..SubRnnConfig::vsml() };
        let topology = Topology::dense(&[2, 3]).unwrap();
        let mut batch = [State::zeros(&config, &topology).unwrap(), State::zeros(&config, &topology).unwrap()];
        for (state, value) in batch.iter_mut().zip([1.0, 2.0]) {
            state.cell_mut(0, 4).fill(value);
            state.hidden_mut(0, 1).fill(-value);
        }
        State::share_over_batch(&mut batch);
        assert_eq!(batch[0].cell(0, 4), [1.5, 1.5, 1.0, 1.0, 1.0]);
        assert_eq!(batch[1].cell(0, 4), [1.5, 1.5, 2.0, 2.0, 2.0]);
        assert_eq!(batch[1].hidden(0, 1), [-1.5, -1.5, -2.0, -2.0, -2.0]);
        assert_eq!(batch[1].cell(0, 3), [0.0; 5]);
    }
}
