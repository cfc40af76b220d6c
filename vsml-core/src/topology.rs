//! Topologies: how large a network is, and which sub-RNN sits between which neurons.
//!
//! A layer is a bipartite graph of neurons with sub-RNNs on its edges. In a *dense* layer each sub-RNN sits on one edge: it
//! is one of the A × B. In a *convolution* one sub-RNN sits on many: there is one for every kernel position and pair of
//! channels, and it is applied at every position of the image, in each with the messages of that place; its new state is
//! the mean of those that the applications come to (Kirsch & Schmidhuber 2021, appendix). So a layer is described by its
//! applications: which input and which output neuron sub-RNN `s` meets at position `p`. A dense layer has one position.

use crate::{Error, SubRnnConfig};

/// A two-dimensional convolution with zero padding, so that an image of H × W comes out as ⌈H/stride⌉ × ⌈W/stride⌉.
///
/// Neurons are numbered row by row, the channels of a pixel next to each other: (y · width + x) · channels + channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// Rows of the image that comes in.
    pub height: usize,
    /// Columns of the image that comes in.
    pub width: usize,
    /// Numbers per pixel of the image that comes in.
    pub in_channels: usize,
    /// Rows and columns of the kernel; odd.
    pub kernel: usize,
    /// Every so many pixels the kernel is applied, in both directions.
    pub stride: usize,
    /// Numbers per pixel of the image that goes out.
    pub out_channels: usize,
}

impl Convolution {
    /// Rows of the image that goes out.
    pub fn out_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Columns of the image that goes out.
    pub fn out_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }
}

/// What one layer of a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerShape {
    /// Every input meets every output; sub-RNN (a, b) is number a · outputs + b.
    Dense {
        /// Number of input neurons A.
        inputs: usize,
        /// Number of output neurons B.
        outputs: usize,
    },
    /// A convolution; sub-RNN (y, x, channel in, channel out) of the kernel is number
    /// ((y · kernel + x) · in_channels + channel in) · out_channels + channel out.
    Convolution(Convolution),
}

impl LayerShape {
    /// Number of input neurons.
    pub fn inputs(&self) -> usize {
        match self {
            LayerShape::Dense { inputs, .. } => *inputs,
            LayerShape::Convolution(c) => c.height * c.width * c.in_channels,
        }
    }

    /// Number of output neurons.
    pub fn outputs(&self) -> usize {
        match self {
            LayerShape::Dense { outputs, .. } => *outputs,
            LayerShape::Convolution(c) => c.out_height() * c.out_width() * c.out_channels,
        }
    }

    /// Number of sub-RNNs, that is of states.
    pub fn sub_rnns(&self) -> usize {
        match self {
            LayerShape::Dense { inputs, outputs } => inputs * outputs,
            LayerShape::Convolution(c) => c.kernel * c.kernel * c.in_channels * c.out_channels,
        }
    }

    /// At how many positions each sub-RNN is applied.
    pub fn positions(&self) -> usize {
        match self {
            LayerShape::Dense { .. } => 1,
            LayerShape::Convolution(c) => c.out_height() * c.out_width(),
        }
    }

    /// The input and the output neuron that sub-RNN number `sub_rnn` meets at `position`. Where a convolution's kernel
    /// reaches beyond the image, the input is number [`LayerShape::inputs`], one that there is not: it sends zeros, and
    /// what is sent to it is lost.
    #[inline]
    pub fn application(&self, sub_rnn: usize, position: usize) -> (usize, usize) {
        match self {
            LayerShape::Dense { outputs, .. } => (sub_rnn / outputs, sub_rnn % outputs),
            LayerShape::Convolution(c) => {
                let (rest, out_channel) = (sub_rnn / c.out_channels, sub_rnn % c.out_channels);
                let (rest, in_channel) = (rest / c.in_channels, rest % c.in_channels);
                let (row, column) = (position / c.out_width(), position % c.out_width());
                // One row and column of padding for each that the kernel reaches out of its middle.
                let y = (row * c.stride + rest / c.kernel).wrapping_sub(c.kernel / 2);
                let x = (column * c.stride + rest % c.kernel).wrapping_sub(c.kernel / 2);
                let inside = y < c.height && x < c.width;
                let input = if inside { (y * c.width + x) * c.in_channels + in_channel } else { self.inputs() };
                (input, position * c.out_channels + out_channel)
            }
        }
    }

    /// How many messages a mean over those that reach an output divides by; those from beyond an image's border count.
    pub(crate) fn senders_to_output(&self) -> usize {
        match self {
            LayerShape::Dense { inputs, .. } => *inputs,
            LayerShape::Convolution(c) => c.kernel * c.kernel * c.in_channels,
        }
    }

    /// How many messages a mean over those that reach an input divides by: one for every kernel position and output
    /// channel, whether or not it falls on the image.
    pub(crate) fn senders_to_input(&self) -> usize {
        match self {
            LayerShape::Dense { outputs, .. } => *outputs,
            LayerShape::Convolution(c) => c.kernel * c.kernel * c.out_channels,
        }
    }
}

/// How large a network is: its layers, first to last.
///
/// Not a parameter of any kind: it is chosen per task.
///
/// ```
/// use vsml_core::{Convolution, LayerShape, Topology};
///
/// let dense = Topology::dense(&[64, 32, 10])?;
/// assert_eq!(dense.sub_rnns(), 64 * 32 + 32 * 10);
///
/// // 28 × 28 pixels, a kernel of 3 × 3 at every second one into 4 channels, then 10 outputs.
/// let convolution =
///     Convolution { height: 28, width: 28, in_channels: 1, kernel: 3, stride: 2, out_channels: 4 };
/// let image = Topology::new(&[
///     LayerShape::Convolution(convolution),
///     LayerShape::Dense { inputs: 14 * 14 * 4, outputs: 10 },
/// ])?;
/// assert_eq!(image.sizes(), [784, 784, 10]);
/// assert_eq!(image.sub_rnns(), 3 * 3 * 4 + 784 * 10);
/// # Ok::<(), vsml_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    layers: Vec<LayerShape>,
}

impl Topology {
    /// Most sub-RNNs a network may have, and most applications of them in one micro tick. (At N = 16 the state of so many
    /// sub-RNNs takes 2 GiB.)
    pub const MAX_SUB_RNNS: usize = 1 << 24;

    /// A dense network with `sizes[0]` inputs, then hidden layers if any, then outputs.
    ///
    /// # Errors
    /// If there are fewer than two sizes, one is 0, or there would be more than [`Topology::MAX_SUB_RNNS`] sub-RNNs.
    pub fn dense(sizes: &[usize]) -> Result<Self, Error> {
        if sizes.len() < 2 {
            return Err(Error::Topology {
                sizes: sizes.to_vec(),
                reason: "a network has at least inputs and outputs".into(),
            });
        }
        let layers: Vec<LayerShape> =
            sizes.windows(2).map(|pair| LayerShape::Dense { inputs: pair[0], outputs: pair[1] }).collect();
        Self::new(&layers)
    }

    /// Layers of any kind, one after the other.
    ///
    /// # Errors
    /// If there is none, a size is 0, a kernel is even, a layer does not have as many inputs as the one before it has
    /// outputs, or there would be more than [`Topology::MAX_SUB_RNNS`] sub-RNNs or applications of them, or as many inputs.
    pub fn new(layers: &[LayerShape]) -> Result<Self, Error> {
        let refuse = |reason: String| Err(Error::Topology { sizes: sizes_of(layers), reason });
        if layers.is_empty() {
            return refuse("a network has at least one layer".into());
        }
        let mut total = 0usize;
        for (l, layer) in layers.iter().enumerate() {
            let empty = || refuse("every layer needs at least one neuron".into());
            // The sub-RNNs' applications, of which there are at least as many as sub-RNNs and outputs; and the inputs.
            let (applications, inputs) = match *layer {
                LayerShape::Dense { inputs: 0, .. } | LayerShape::Dense { outputs: 0, .. } => return empty(),
                LayerShape::Dense { inputs, outputs } => (vec![inputs, outputs], vec![inputs]),
                LayerShape::Convolution(c) => {
                    if c.kernel % 2 == 0 || c.stride == 0 {
                        return refuse(format!(
                            "layer {l} has kernel {} and stride {}: a kernel is odd, a stride at least 1",
                            c.kernel, c.stride
                        ));
                    }
                    if [c.height, c.width, c.in_channels, c.out_channels].contains(&0) {
                        return empty();
                    }
                    let positions = [c.out_height(), c.out_width()];
                    let sub_rnns = [c.kernel, c.kernel, c.in_channels, c.out_channels];
                    ([&positions[..], &sub_rnns].concat(), vec![c.height, c.width, c.in_channels])
                }
            };
            let most = Self::MAX_SUB_RNNS;
            let product = |factors: &[usize]| factors.iter().try_fold(1usize, |product, &x| product.checked_mul(x));
            if product(&inputs).is_none_or(|inputs| inputs > most) {
                return refuse(format!("layer {l} has more than {most} inputs"));
            }
            match product(&applications).and_then(|product| total.checked_add(product)).filter(|&sum| sum <= most) {
                Some(sum) => total = sum,
                None => return refuse(format!("more than {most} sub-RNNs, or applications of them")),
            }
        }
        for (l, pair) in layers.windows(2).enumerate() {
            if pair[0].outputs() != pair[1].inputs() {
                return refuse(format!(
                    "layer {l} has {} outputs, but layer {} has {} inputs",
                    pair[0].outputs(),
                    l + 1,
                    pair[1].inputs()
                ));
            }
        }
        Ok(Topology { layers: layers.to_vec() })
    }

    /// Whether networks of this shape can be made of sub-RNNs of `config`.
    ///
    /// # Errors
    /// If there is one set of parameters per layer, but for another number of layers; if coordinates are asked for in a
    /// convolution, whose sub-RNNs are in many places at once.
    pub fn check(&self, config: &SubRnnConfig) -> Result<(), Error> {
        let sets = config.parameter_sets;
        if sets > 1 && sets != self.layers.len() {
            let reason = format!("there are sets for {sets} layers, but the network has {}", self.layers.len());
            return Err(Error::Config { field: "parameter_sets", reason });
        }
        if config.coordinates && self.layers.iter().any(|layer| matches!(layer, LayerShape::Convolution(_))) {
            let reason = "a convolution's sub-RNN is in many places at once: use dense layers, or no coordinates";
            return Err(Error::Config { field: "coordinates", reason: reason.into() });
        }
        Ok(())
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[LayerShape] {
        &self.layers
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.layers[0].inputs()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs()
    }

    /// Neurons per layer, inputs first.
    pub fn sizes(&self) -> Vec<usize> {
        sizes_of(&self.layers)
    }

    /// Number of sub-RNNs, that is of weights in the network that this stands for.
    pub fn sub_rnns(&self) -> usize {
        self.layers.iter().map(LayerShape::sub_rnns).sum()
    }
}

/// Neurons per layer, as far as they can be counted.
fn sizes_of(layers: &[LayerShape]) -> Vec<usize> {
    let product = |factors: [usize; 3]| factors.into_iter().fold(1, usize::saturating_mul);
    let inputs = |layer: &LayerShape| match layer {
        LayerShape::Dense { inputs, .. } => *inputs,
        LayerShape::Convolution(c) => product([c.height, c.width, c.in_channels]),
    };
    let outputs = |layer: &LayerShape| match layer {
        LayerShape::Dense { outputs, .. } => *outputs,
        LayerShape::Convolution(c) if c.stride == 0 => 0,
        LayerShape::Convolution(c) => product([c.out_height(), c.out_width(), c.out_channels]),
    };
    layers.first().map(inputs).into_iter().chain(layers.iter().map(outputs)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Convolution =
        Convolution { height: 5, width: 4, in_channels: 2, kernel: 3, stride: 1, out_channels: 3 };

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for (sizes, word) in [
            (vec![3], "at least"),
            (vec![3, 0], "neuron"),
            (vec![usize::MAX, 2], "layer 0 has more than 16777216 inputs"),
            (vec![1 << 13, 1 << 13], "more than 16777216 sub-RNNs"),
        ] {
            let message = Topology::dense(&sizes).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
        let convolution = |c| Topology::new(&[LayerShape::Convolution(c)]).map(|_| ()).unwrap_err().to_string();
        assert!(convolution(Convolution { kernel: 2, ..SMALL }).contains("odd"));
        assert!(convolution(Convolution { stride: 0, ..SMALL }).contains("stride"));
        assert!(convolution(Convolution { height: 0, ..SMALL }).contains("neuron"));
        assert!(convolution(Convolution { height: usize::MAX, ..SMALL }).contains("inputs"));
        assert!(convolution(Convolution { kernel: 1 << 13 | 1, ..SMALL }).contains("sub-RNNs"));
        // Seen at every fourth pixel only, there are 56 × 56 positions.
        let strided = Convolution { height: 224, width: 224, in_channels: 3, kernel: 3, stride: 4, out_channels: 32 };
        Topology::new(&[LayerShape::Convolution(strided)]).unwrap();
        let layers = [LayerShape::Convolution(SMALL), LayerShape::Dense { inputs: 61, outputs: 2 }];
        assert!(Topology::new(&layers).unwrap_err().to_string().contains("60 outputs, but layer 1 has 61"));
    }

    #[test]
    fn what_a_configuration_cannot_run_is_refused() {
        let config = SubRnnConfig { parameter_sets: 3, ..SubRnnConfig::vsml() };
        assert!(Topology::dense(&[2, 2]).unwrap().check(&config).unwrap_err().to_string().contains("3 layers"));
        Topology::dense(&[2, 2, 2, 2]).unwrap().check(&config).unwrap();
        let config = SubRnnConfig { coordinates: true, ..SubRnnConfig::vsml() };
        let image = Topology::new(&[LayerShape::Convolution(SMALL)]).unwrap();
        assert!(image.check(&config).unwrap_err().to_string().contains("coordinates"));
    }

    #[test]
    fn every_output_of_a_convolution_hears_its_neighbourhood() {
        for stride in 1..=3 {
            let shape = LayerShape::Convolution(Convolution { stride, ..SMALL });
            let mut heard = vec![0; shape.outputs()];
            for sub_rnn in 0..shape.sub_rnns() {
                for position in 0..shape.positions() {
                    let (input, output) = shape.application(sub_rnn, position);
                    heard[output] += 1;
                    if input == shape.inputs() {
                        continue;
                    }
                    let (y, x) = (input / 8, input / 2 % 4);
                    let (row, column) = (output / 3 / 4usize.div_ceil(stride), output / 3 % 4usize.div_ceil(stride));
                    assert!(y.abs_diff(row * stride) <= 1 && x.abs_diff(column * stride) <= 1);
                }
            }
            assert!(heard.iter().all(|&count| count == shape.senders_to_output()), "{heard:?}");
        }
    }
}
