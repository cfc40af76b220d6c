//! What a VSML learner is: all options of the method, as plain data.

use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_core::{Aggregation, BackwardPass, Convolution, LayerShape, SubRnnConfig, Topology};
use vsml_envs::Space;

/// One convolution of a VSML learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionConfig {
    /// Rows and columns of the kernel; odd.
    pub kernel: usize,
    /// Every so many pixels the kernel is applied; at least 1.
    pub stride: usize,
    /// Numbers per pixel that come out; at least 1.
    pub channels: usize,
}

/// The configuration of a VSML learner. The default is this project's setting; [`VsmlConfig::symla`] is the paper's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VsmlConfig {
    /// Convolutions that come first, for observations that are images (boxes of shape height × width or height × width ×
    /// channels); empty for none.
    pub convolutions: Vec<ConvolutionConfig>,
    /// Neurons in each dense layer between these and the outputs; empty for none. At least 1 each.
    pub hidden_layers: Vec<usize>,
    /// Hidden units N of each sub-RNN; 1 to 64.
    pub hidden_size: usize,
    /// Numbers M in a message; 1 to 64. The outputs are number 1 (the second), or number 0 where there is no other.
    pub message_size: usize,
    /// Updates of each sub-RNN within one tick; 1 to 64.
    pub micro_ticks: usize,
    /// Whether sub-RNNs also read their own layer's last messages.
    pub recurrent_messages: bool,
    /// `mean` or `sum` of messages. With `mean`, what was learnt in a small network carries over to a large one.
    pub aggregation: Aggregation,
    /// Whether messages pass a layer norm before they are aggregated.
    pub layer_norm: bool,
    /// Whether sub-RNNs read where they are in their layer. They are then not blind to the order of neurons any more.
    pub coordinates: bool,
    /// Whether sub-RNNs read which layer they are in.
    pub layer_index: bool,
    /// Whether each layer has meta-parameters of its own. The number of layers is then fixed for good.
    pub parameters_per_layer: bool,
    /// Whether a second tick follows the environment's answer.
    pub feedback_tick: bool,
    /// Whether that second tick passes the layers last to first, so that what came of an action reaches the first layer
    /// at once: `none`, by the `same` sub-RNN, or by a `separate` one. Needs `feedback_tick`.
    pub backward_pass: BackwardPass,
    /// Whether, where the environment tells what would have been right, that is fed beside the error.
    pub feed_label: bool,
    /// Whether every sub-RNN reads the reward. If not, nobody tells the network of it but the environment, if it shows rewards.
    pub feed_reward: bool,
    /// Whether sub-RNNs begin each life in random states of their own. If not, all begin at 0, and those that read the same stay
    /// the same.
    pub random_states: bool,
    /// Whether, in a team, networks talk: each has an ear, an input neuron, for each of the others, and a mouth, an output
    /// neuron, whose forward messages go to their ears and to which their ears' backward messages come back.
    pub talk: bool,
    /// Factor by which logits are multiplied before the softmax; above 0.
    pub logit_scale: f32,
    /// Factor by which the means of continuous actions are multiplied before tanh; above 0.
    pub action_scale: f32,
    /// Deviation of the normal noise on continuous actions, in units of half the action's range; 0 or more.
    pub action_noise: f32,
}

impl Default for VsmlConfig {
    fn default() -> Self {
        VsmlConfig {
            convolutions: Vec::new(),
            hidden_layers: Vec::new(),
            hidden_size: 16,
            message_size: 8,
            micro_ticks: 1,
            recurrent_messages: true,
            aggregation: Aggregation::Mean,
            layer_norm: false,
            coordinates: false,
            layer_index: false,
            parameters_per_layer: false,
            feedback_tick: true,
            backward_pass: BackwardPass::None,
            feed_label: true,
            feed_reward: true,
            random_states: true,
            talk: false,
            logit_scale: 10.0,
            action_scale: 10.0,
            action_noise: 0.1,
        }
    }
}

impl VsmlConfig {
    /// The paper's learner (SymLA), with the flag for an episode's beginning added: messages are summed, two micro ticks,
    /// no feedback tick, logits as they come.
    pub fn symla() -> Self {
        VsmlConfig {
            micro_ticks: 2,
            aggregation: Aggregation::Sum,
            feedback_tick: false,
            logit_scale: 1.0,
            action_scale: 1.0,
            ..VsmlConfig::default()
        }
    }

    /// The sub-RNN that this learner is made of.
    ///
    /// # Errors
    /// A value out of range, by name.
    pub fn sub_rnn(&self) -> Result<SubRnnConfig, Unable> {
        let config = SubRnnConfig {
            hidden_size: self.hidden_size,
            message_size: self.message_size,
            micro_ticks: self.micro_ticks,
            extras: if self.feedback_tick { 3 } else { 2 },
            recurrent_messages: self.recurrent_messages,
            aggregation: self.aggregation,
            layer_norm: self.layer_norm,
            coordinates: self.coordinates,
            layer_index: self.layer_index,
            parameter_sets: if self.parameters_per_layer { self.layers() } else { 1 },
            backward_pass: self.backward_pass,
            output_component: if self.message_size == 1 { 0 } else { 1 },
            ..SubRnnConfig::symla()
        };
        config.check().map_err(|error| Unable(error.to_string()))?;
        for (field, value, least) in [
            ("logit_scale", self.logit_scale, f32::MIN_POSITIVE),
            ("action_scale", self.action_scale, f32::MIN_POSITIVE),
            ("action_noise", self.action_noise, 0.0),
        ] {
            if !(value.is_finite() && value >= least) {
                let range = if least > 0.0 { "above 0" } else { "0 or more" };
                return Err(Unable(format!("{field} is {value}: it must be a finite number {range}")));
            }
        }
        if self.hidden_layers.contains(&0) {
            return Err(Unable(format!("hidden_layers is {:?}: a layer has at least 1 neuron", self.hidden_layers)));
        }
        if self.backward_pass != BackwardPass::None && !self.feedback_tick {
            let reason = "it is the feedback tick that passes the layers backwards: set feedback_tick = true as well";
            return Err(Unable(format!("backward_pass without feedback_tick makes no sense: {reason}")));
        }
        if self.feed_label && self.message_size < 2 {
            return Err(Unable(
                "feed_label needs message_size of at least 2: the label is number 1 of a message".into(),
            ));
        }
        if self.coordinates && !self.convolutions.is_empty() {
            let reason = "a convolution's sub-RNN is in many places at once";
            return Err(Unable(format!("coordinates and convolutions exclude each other: {reason}")));
        }
        if self.talk && !self.convolutions.is_empty() {
            let reason = "an ear is no pixel of an image";
            return Err(Unable(format!("talk and convolutions exclude each other: {reason}")));
        }
        for (i, c) in self.convolutions.iter().enumerate() {
            if c.kernel % 2 == 0 || c.stride == 0 || c.channels == 0 {
                let rule = "kernel must be odd, stride and channels at least 1";
                return Err(Unable(format!("convolutions[{i}] is {c:?}: {rule}")));
            }
        }
        Ok(config)
    }

    fn layers(&self) -> usize {
        self.convolutions.len() + self.hidden_layers.len() + 1
    }

    /// The network for these observations, so many outputs, and so many others to talk with.
    ///
    /// # Errors
    /// Convolutions where observations are no images; more sub-RNNs than there may be.
    pub(super) fn topology(&self, observation: &Space, outputs: usize, others: usize) -> Result<Topology, Unable> {
        let mut layers = Vec::new();
        let mut neurons = observation.flat_len() + others;
        let outputs = outputs + usize::from(others > 0);
        if !self.convolutions.is_empty() {
            let Space::Box { shape, .. } = observation else {
                return Err(Unable("convolutions need observations that are images: a box".into()));
            };
            let [mut height, mut width, mut in_channels] = match shape[..] {
                [height, width] => [height, width, 1],
                [height, width, channels] => [height, width, channels],
                _ => {
                    let rule = "height × width or height × width × channels";
                    return Err(Unable(format!("convolutions need images of {rule}, observations are {shape:?}")));
                }
            };
            for &ConvolutionConfig { kernel, stride, channels } in &self.convolutions {
                let layer = Convolution { height, width, in_channels, kernel, stride, out_channels: channels };
                (height, width, in_channels) = (layer.out_height(), layer.out_width(), channels);
                layers.push(LayerShape::Convolution(layer));
                neurons = height.saturating_mul(width).saturating_mul(channels);
            }
        }
        for &outputs in self.hidden_layers.iter().chain([&outputs]) {
            layers.push(LayerShape::Dense { inputs: neurons, outputs });
            neurons = outputs;
        }
        Topology::new(&layers).map_err(|error| Unable(error.to_string()))
    }
}
