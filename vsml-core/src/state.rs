//! Topology and state: what one network is at one moment of its life.
//!
//! The state is all that changes while a learner lives, and so all that it has learnt. Next to the hidden and cell
//! vectors lie the messages: those that the layers sent last, and those that the outside puts in at both ends.

use crate::kernel::{LANES, Lines};
use crate::parameters::truncated_normal;
use crate::{Error, SubRnnConfig};
use rand::Rng;

/// How many neurons each layer of a dense network has, inputs first: `[4, 2]` is one layer of 4 × 2 sub-RNNs.
///
/// Not a parameter of any kind: it is chosen per task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    sizes: Vec<usize>,
}

impl Topology {
    /// Most sub-RNNs a network may have. (At N = 16 the state of so many takes 2 GiB.)
    pub const MAX_SUB_RNNS: usize = 1 << 24;

    /// A dense network with `sizes[0]` inputs, then hidden layers if any, then outputs.
    ///
    /// # Errors
    /// If there are fewer than two sizes, one is 0, or there would be more than [`Topology::MAX_SUB_RNNS`] sub-RNNs.
    pub fn dense(sizes: &[usize]) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::Topology { sizes: sizes.to_vec(), reason: reason.into() });
        if sizes.len() < 2 {
            return refuse("a network has at least inputs and outputs");
        }
        if sizes.contains(&0) {
            return refuse("every layer needs at least one neuron");
        }
        let total = sizes
            .windows(2)
            .try_fold(0usize, |total, pair| total.checked_add(pair[0].checked_mul(pair[1])?))
            .filter(|&total| total <= Self::MAX_SUB_RNNS);
        if total.is_none() {
            return refuse("more than 16,777,216 sub-RNNs");
        }
        Ok(Topology { sizes: sizes.to_vec() })
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.sizes[0]
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Neurons per layer, inputs first.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Number of sub-RNNs, that is of weights in the network that this stands for.
    pub fn sub_rnns(&self) -> usize {
        self.sizes.windows(2).map(|pair| pair[0] * pair[1]).sum()
    }
}

/// The state of one layer of A × B sub-RNNs. Row-major: sub-RNN (a, b) is number a·B + b.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// h of every sub-RNN, `stride` numbers each of which the first N count and the rest stay 0.
    pub hidden: Lines,
    /// c of every sub-RNN, as `hidden`.
    pub cell: Lines,
    /// The last forward messages, B × M.
    pub forward_out: Vec<f32>,
    /// The last backward messages, A × M.
    pub backward_out: Vec<f32>,
}

/// The state of a network: hidden and cell vectors of all sub-RNNs, and the messages under way.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) topology: Topology,
    pub(crate) hidden_size: usize,
    pub(crate) message_size: usize,
    pub(crate) layers: Vec<Layer>,
    /// What the outside puts into the first layer, inputs × M.
    pub(crate) forward_in: Vec<f32>,
    /// What the outside puts into the last layer, outputs × M.
    pub(crate) backward_in: Vec<f32>,
    /// The scalars that every sub-RNN reads.
    pub(crate) extras: Vec<f32>,
    /// Room for a kernel to work in; carries nothing from tick to tick.
    pub(crate) scratch: Lines,
}

impl State {
    /// A state of zeros. Use [`State::randomise`] before living with it: only the random half of `c` tells one neuron from
    /// another.
    pub fn zeros(config: &SubRnnConfig, topology: &Topology) -> Self {
        let m = config.message_size;
        let stride = config.hidden_size.next_multiple_of(LANES);
        let layers: Vec<Layer> = topology
            .sizes
            .windows(2)
            .map(|pair| Layer {
                inputs: pair[0],
                outputs: pair[1],
                hidden: Lines::zeros(pair[0] * pair[1] * stride),
                cell: Lines::zeros(pair[0] * pair[1] * stride),
                forward_out: vec![0.0; pair[1] * m],
                backward_out: vec![0.0; pair[0] * m],
            })
            .collect();
        let scratch = layers
            .iter()
            .map(|layer| crate::kernel::scratch_len(config, layer.inputs, layer.outputs))
            .max()
            .unwrap_or(0);
        State {
            topology: topology.clone(),
            hidden_size: config.hidden_size,
            message_size: m,
            layers,
            forward_in: vec![0.0; topology.inputs() * m],
            backward_in: vec![0.0; topology.outputs() * m],
            extras: vec![0.0; config.extras],
            scratch: Lines::zeros(scratch),
        }
    }

    /// Begins a new life: all messages and h become 0; of every c the first half is drawn from a truncated normal of
    /// deviation 1/sqrt(inputs of the layer) and the other half is 0 (METHOD: Kirsch & Schmidhuber 2021, appendix).
    ///
    /// The draws are independent over sub-RNNs. This is what breaks the symmetry between neurons, and what makes a
    /// learner invariant to their order.
    pub fn randomise(&mut self, rng: &mut impl Rng) {
        let n = self.hidden_size;
        for layer in &mut self.layers {
            layer.hidden.fill(0.0);
            layer.cell.fill(0.0);
            layer.forward_out.fill(0.0);
            layer.backward_out.fill(0.0);
            let deviation = 1.0 / (layer.inputs as f32).sqrt();
            for cell in layer.cell.chunks_exact_mut(n.next_multiple_of(LANES)) {
                cell[..n / 2].fill_with(|| deviation * truncated_normal(rng));
            }
        }
        self.forward_in.fill(0.0);
        self.backward_in.fill(0.0);
        self.extras.fill(0.0);
    }

    /// The shape of the network.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Puts `values` (one per input neuron) into number `component` of the first layer's forward messages.
    ///
    /// # Panics
    /// If the length or the component does not fit.
    pub fn write_forward(&mut self, component: usize, values: &[f32]) {
        write_component(&mut self.forward_in, self.message_size, component, values);
    }

    /// Puts `values` (one per output neuron) into number `component` of the last layer's backward messages.
    ///
    /// # Panics
    /// If the length or the component does not fit.
    pub fn write_backward(&mut self, component: usize, values: &[f32]) {
        write_component(&mut self.backward_in, self.message_size, component, values);
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
        assert!(component < self.message_size, "a message has {} numbers", self.message_size);
        self.layers[self.layers.len() - 1].forward_out[output * self.message_size + component]
    }

    /// h of sub-RNN (`input`, `output`) of layer `layer`: N numbers.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn hidden(&self, layer: usize, input: usize, output: usize) -> &[f32] {
        let range = self.range(layer, input, output);
        &self.layers[layer].hidden[range]
    }

    /// c of sub-RNN (`input`, `output`) of layer `layer`: N numbers.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn cell(&self, layer: usize, input: usize, output: usize) -> &[f32] {
        let range = self.range(layer, input, output);
        &self.layers[layer].cell[range]
    }

    /// As [`State::cell`], to be written: initial states from elsewhere come in here.
    ///
    /// # Panics
    /// If there is no such sub-RNN.
    pub fn cell_mut(&mut self, layer: usize, input: usize, output: usize) -> &mut [f32] {
        let range = self.range(layer, input, output);
        &mut self.layers[layer].cell[range]
    }

    fn range(&self, layer: usize, input: usize, output: usize) -> std::ops::Range<usize> {
        let (inputs, outputs) = (self.layers[layer].inputs, self.layers[layer].outputs);
        assert!(input < inputs && output < outputs, "({input}, {output}) is outside a layer of {inputs} × {outputs}");
        let start = (input * outputs + output) * self.hidden_size.next_multiple_of(LANES);
        start..start + self.hidden_size
    }
}

fn write_component(messages: &mut [f32], message_size: usize, component: usize, values: &[f32]) {
    assert!(component < message_size, "a message has {message_size} numbers, there is no number {component}");
    assert_eq!(values.len() * message_size, messages.len(), "one value per neuron");
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
    fn sizes_that_cannot_be_are_refused() {
        for (sizes, word) in [
            (vec![3], "at least"),
            (vec![3, 0], "neuron"),
            (vec![usize::MAX, 2], "sub-RNNs"),
            (vec![1 << 13, 1 << 13], "sub-RNNs"),
        ] {
            let message = Topology::dense(&sizes).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_new_life_has_half_of_its_cells_random() {
        let config = SubRnnConfig::vsml();
        let mut state = State::zeros(&config, &Topology::dense(&[100, 20]).unwrap());
        state.randomise(&mut Xoshiro256PlusPlus::seed_from_u64(3));
        let mut squares = 0.0;
        for input in 0..100 {
            for output in 0..20 {
                let cell = state.cell(0, input, output);
                assert!(
                    cell[8..].iter().all(|&c| c == 0.0) && state.hidden(0, input, output).iter().all(|&h| h == 0.0)
                );
                squares += cell.iter().map(|&c| f64::from(c * c)).sum::<f64>();
            }
        }
        let deviation = (squares / 16_000.0).sqrt();
        assert!((deviation / 0.08796 - 1.0).abs() < 0.03, "{deviation}");
    }
}
