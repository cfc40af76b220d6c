//! What a sub-RNN is: the options of the papers, as plain data.
//!
//! Nothing in here depends on a task. How many inputs, outputs and layers there are is the [`Topology`](crate::Topology),
//! which may differ from life to life under the same configuration and the same meta-parameters.

use crate::Error;
use serde::{Deserialize, Serialize};

/// How the messages that many sub-RNNs send to one neuron become one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// Their mean (VSML). What a learner has learnt to do in a small network carries over to a large one.
    Mean,
    /// Their sum (SymLA). It grows with the number of senders, and with it the cell's input leaves the range it knows.
    Sum,
}

/// By which sub-RNN the layers are passed last to first, and whether a supervised segment does so in each step.
///
/// What a pass against the stream is for: an error that is put in at the last layer reaches the first one at once, instead of
/// moving up one layer a tick. [`SubRnn::tick`](crate::SubRnn::tick) is always one pass, first to last; this one is
/// [`SubRnn::backward_tick`](crate::SubRnn::backward_tick), which [`Drive::Supervised`](crate::Drive::Supervised) calls by
/// itself unless this is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackwardPass {
    /// By the same sub-RNN, where somebody calls for such a pass; no segment does.
    #[default]
    None,
    /// By the same sub-RNN.
    Same,
    /// By a second sub-RNN with meta-parameters of its own, on the same state.
    Separate,
}

/// The configuration of the sub-RNN that stands in for every weight of a network.
///
/// [`SubRnnConfig::vsml`] and [`SubRnnConfig::symla`] are the two published settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubRnnConfig {
    /// Hidden units N of the LSTM; 2 to 64, since half of them (rounded down) begin a life at random.
    pub hidden_size: usize,
    /// Numbers M in a message, each way; 1 to 64.
    pub message_size: usize,
    /// How often a layer updates its sub-RNNs in one tick, its incoming messages held fixed; 1 to 64.
    pub micro_ticks: usize,
    /// Scalars that every sub-RNN reads besides its messages (in RL: the reward, flags); 0 to 64.
    pub extras: usize,
    /// Whether a sub-RNN (a, b) also reads its own layer's last outputs: forward message b and backward message a.
    pub recurrent_messages: bool,
    /// Mean or sum of messages.
    pub aggregation: Aggregation,
    /// Whether each sub-RNN's messages pass a layer norm (mean 0 and variance 1 over the M numbers, then a learnt scale
    /// and offset) before they are aggregated. Needs a message of at least 2 numbers.
    #[serde(default)]
    pub layer_norm: bool,
    /// Whether a sub-RNN (a, b) of a dense layer also reads where it is: for a, the middle of the a-th of A equal parts of
    /// [-1, 1], and likewise for b. It is then no longer blind to the order of neurons, and what it learns is tied to it.
    #[serde(default)]
    pub coordinates: bool,
    /// Whether a sub-RNN also reads which layer it is in: the middle of the l-th of as many equal parts of [-1, 1] as there are
    /// layers.
    #[serde(default)]
    pub layer_index: bool,
    /// How many layers have meta-parameters of their own; 1 to 64. With 1, all layers of a network of any depth share
    /// one set; with more, a network must have exactly so many layers.
    #[serde(default = "one")]
    pub parameter_sets: usize,
    /// Whether and by which sub-RNN the layers are also passed last to first.
    #[serde(default)]
    pub backward_pass: BackwardPass,
    /// B in `y = B tanh(m / B)`, which keeps outputs within ±B; absent: `y = m`.
    pub output_bound: Option<f32>,
    /// Which number m of the last layer's forward messages is the output; counted from 0, below `message_size`.
    pub output_component: usize,
}

fn one() -> usize {
    1
}

impl SubRnnConfig {
    /// VSML (Kirsch & Schmidhuber 2021, arXiv 2012.14905): 2,384 meta-parameters.
    pub fn vsml() -> Self {
        SubRnnConfig {
            hidden_size: 16,
            message_size: 8,
            micro_ticks: 2,
            extras: 0,
            recurrent_messages: false,
            aggregation: Aggregation::Mean,
            layer_norm: false,
            coordinates: false,
            layer_index: false,
            parameter_sets: 1,
            backward_pass: BackwardPass::None,
            output_bound: Some(100.0),
            output_component: 1,
        }
    }

    /// SymLA (Kirsch et al. 2022, arXiv 2109.10781), VSML for RL: messages are summed, sub-RNNs hear their own layer's
    /// last messages and the reward. 3,472 meta-parameters.
    pub fn symla() -> Self {
        SubRnnConfig {
            extras: 1,
            recurrent_messages: true,
            aggregation: Aggregation::Sum,
            output_bound: None,
            ..SubRnnConfig::vsml()
        }
    }

    /// Numbers that a sub-RNN reads in one update, besides its own hidden state: 2M, 2M more if messages are recurrent,
    /// the extras, 2 coordinates and 1 layer index if asked for.
    pub fn input_size(&self) -> usize {
        let messages = if self.recurrent_messages { 4 } else { 2 };
        messages * self.message_size + self.extras + self.places()
    }

    /// Numbers that say where a sub-RNN is.
    pub(crate) fn places(&self) -> usize {
        2 * usize::from(self.coordinates) + usize::from(self.layer_index)
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// Names the field, its value and the allowed range.
    pub fn check(&self) -> Result<(), Error> {
        let within = |field: &'static str, value: usize, low: usize, high: usize| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(Error::Config { field, reason: format!("{value} is not within {low} to {high}") })
            }
        };
        within("hidden_size", self.hidden_size, 2, 64)?;
        within("message_size", self.message_size, 1, 64)?;
        within("micro_ticks", self.micro_ticks, 1, 64)?;
        within("extras", self.extras, 0, 64)?;
        within("output_component", self.output_component, 0, self.message_size - 1)?;
        within("parameter_sets", self.parameter_sets, 1, 64)?;
        if self.layer_norm && self.message_size < 2 {
            return Err(Error::Config {
                field: "layer_norm",
                reason: "a message of 1 number has no variance: give message_size of at least 2".into(),
            });
        }
        if self.layer_index && self.parameter_sets > 1 {
            return Err(Error::Config {
                field: "layer_index",
                reason: "with one set of parameters per layer, each layer knows which it is already".into(),
            });
        }
        match self.output_bound {
            Some(bound) if !(bound.is_finite() && bound > 0.0) => {
                Err(Error::Config { field: "output_bound", reason: format!("{bound} is not a positive number") })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid() {
        SubRnnConfig::vsml().check().unwrap();
        SubRnnConfig::symla().check().unwrap();
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (config, field) in [
            (SubRnnConfig { hidden_size: 1, ..SubRnnConfig::vsml() }, "hidden_size"),
            (SubRnnConfig { message_size: 65, ..SubRnnConfig::vsml() }, "message_size"),
            (SubRnnConfig { micro_ticks: 0, ..SubRnnConfig::vsml() }, "micro_ticks"),
            (SubRnnConfig { extras: 1000, ..SubRnnConfig::vsml() }, "extras"),
            (SubRnnConfig { output_component: 8, ..SubRnnConfig::vsml() }, "output_component"),
            (SubRnnConfig { parameter_sets: 0, ..SubRnnConfig::vsml() }, "parameter_sets"),
            (
                SubRnnConfig { layer_norm: true, message_size: 1, output_component: 0, ..SubRnnConfig::vsml() },
                "layer_norm",
            ),
            (SubRnnConfig { layer_index: true, parameter_sets: 2, ..SubRnnConfig::vsml() }, "layer_index"),
            (SubRnnConfig { output_bound: Some(f32::NAN), ..SubRnnConfig::vsml() }, "output_bound"),
        ] {
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(field), "{message}");
        }
    }
}
