//! The meta-parameters: one flat `f32` vector with a named layout.
//!
//! Optimizers move a vector, checkpoints store a vector, a sub-RNN reads a vector. Only the [`Layout`] knows which part of
//! it is which matrix. The names and shapes are those of the original implementation.

use crate::{BackwardPass, SubRnnConfig};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::ops::Range;

/// One named array within the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Such as `lstm.weight`.
    pub name: String,
    /// Rows and columns of a matrix (row-major, inputs × outputs), or the length of a vector.
    pub shape: Vec<usize>,
    /// Where it lies in the flat vector.
    pub range: Range<usize>,
}

/// Which part of the flat vector is which array, for one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    parameters: Vec<Parameter>,
}

impl Layout {
    /// The layout that `config` asks for:
    ///
    /// | name | shape | rows or entries |
    /// |---|---|---|
    /// | `lstm.weight` | (input + N) × 4N | forward message, backward message, recurrent forward and backward messages if any, extras, coordinates and layer index if any, hidden state; columns: gates i, g, f, o |
    /// | `lstm.bias` | 4N | gates i, g, f, o |
    /// | `forward_head.weight`, `.bias` | N × M, M | |
    /// | `forward_norm.scale`, `.offset` | M, M | only with layer norm |
    /// | `backward_head.weight`, `.bias` | N × M, M | |
    /// | `backward_norm.scale`, `.offset` | M, M | only with layer norm |
    ///
    /// Where layers have parameters of their own, there is one such set after the other, their names beginning with
    /// `layer0.`, `layer1.` and so on; the sets of a separate sub-RNN for the backward pass follow, beginning with
    /// `backward_pass.`.
    pub fn new(config: &SubRnnConfig) -> Self {
        let passes: &[&str] = match config.backward_pass {
            BackwardPass::None | BackwardPass::Same => &[""],
            BackwardPass::Separate => &["", "backward_pass."],
        };
        let mut start = 0;
        let mut parameters = Vec::new();
        for pass in passes {
            for layer in 0..config.parameter_sets {
                let prefix = if config.parameter_sets == 1 { pass.to_string() } else { format!("{pass}layer{layer}.") };
                for (name, shape) in arrays_of_one_set(config) {
                    let range = start..start + shape.iter().product::<usize>();
                    start = range.end;
                    parameters.push(Parameter { name: format!("{prefix}{name}"), shape, range });
                }
            }
        }
        Layout { parameters }
    }

    /// The layout of one set alone, with plain names.
    pub(crate) fn of_one_set(config: &SubRnnConfig) -> Self {
        Self::new(&SubRnnConfig { parameter_sets: 1, backward_pass: BackwardPass::None, ..config.clone() })
    }

    /// Length of the flat vector.
    pub fn len(&self) -> usize {
        self.parameters.last().map_or(0, |parameter| parameter.range.end)
    }

    /// Whether there is nothing in it; there always is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All arrays, in the order in which they lie in the vector.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Where the array of that name lies, if there is one.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        self.parameters.iter().find(|parameter| parameter.name == name).map(|parameter| parameter.range.clone())
    }

    /// Draws initial meta-parameters: weights from a truncated normal of deviation 1/sqrt(fan in), biases and offsets 0,
    /// scales 1.
    pub fn initialise(&self, rng: &mut impl Rng) -> Vec<f32> {
        let mut theta = vec![0.0; self.len()];
        for parameter in &self.parameters {
            if let [fan_in, _] = parameter.shape[..] {
                let deviation = 1.0 / (fan_in as f32).sqrt();
                theta[parameter.range.clone()].fill_with(|| deviation * truncated_normal(rng));
            } else if parameter.name.ends_with("_norm.scale") {
                theta[parameter.range.clone()].fill(1.0);
            }
        }
        theta
    }
}

/// Names and shapes of what one sub-RNN consists of.
fn arrays_of_one_set(config: &SubRnnConfig) -> Vec<(&'static str, Vec<usize>)> {
    let (n, m) = (config.hidden_size, config.message_size);
    let norm = |arrays: [(&'static str, Vec<usize>); 2]| arrays.into_iter().filter(|_| config.layer_norm);
    let mut arrays = vec![("lstm.weight", vec![config.input_size() + n, 4 * n]), ("lstm.bias", vec![4 * n])];
    arrays.extend([("forward_head.weight", vec![n, m]), ("forward_head.bias", vec![m])]);
    arrays.extend(norm([("forward_norm.scale", vec![m]), ("forward_norm.offset", vec![m])]));
    arrays.extend([("backward_head.weight", vec![n, m]), ("backward_head.bias", vec![m])]);
    arrays.extend(norm([("backward_norm.scale", vec![m]), ("backward_norm.offset", vec![m])]));
    arrays
}

/// A standard normal number, drawn again until it lies within two deviations, which is how the original initialises.
/// (The deviation of what remains is 0.88; it is not scaled back to 1 there, nor here.)
pub(crate) fn truncated_normal(rng: &mut impl Rng) -> f32 {
    loop {
        let x: f32 = StandardNormal.sample(rng);
        if x.abs() <= 2.0 {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn counts_are_the_published_ones() {
        assert_eq!(Layout::new(&SubRnnConfig::vsml()).len(), 2384);
        assert_eq!(Layout::new(&SubRnnConfig::symla()).len(), 3472);
        assert_eq!(Layout::new(&SubRnnConfig { layer_norm: true, ..SubRnnConfig::vsml() }).len(), 2416);
    }

    #[test]
    fn sets_follow_each_other_under_names_of_their_own() {
        let config = SubRnnConfig { parameter_sets: 3, backward_pass: BackwardPass::Separate, ..SubRnnConfig::vsml() };
        let layout = Layout::new(&config);
        assert_eq!(layout.len(), 6 * 2384);
        assert_eq!(layout.range("layer0.lstm.weight").unwrap().start, 0);
        assert_eq!(layout.range("backward_pass.layer2.lstm.weight").unwrap().start, 5 * 2384);
        let separate = SubRnnConfig { backward_pass: BackwardPass::Separate, ..SubRnnConfig::vsml() };
        assert_eq!(Layout::new(&separate).range("backward_pass.lstm.weight").unwrap().start, 2384);
    }

    #[test]
    fn initial_weights_have_the_stated_deviation() {
        let layout = Layout::new(&SubRnnConfig::vsml());
        let theta = layout.initialise(&mut Xoshiro256PlusPlus::seed_from_u64(1));
        assert!(theta[layout.range("lstm.bias").unwrap()].iter().all(|&x| x == 0.0));
        let weights = &theta[layout.range("lstm.weight").unwrap()];
        let variance = weights.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / weights.len() as f64;
        let expected = 0.8796 / (32f64).sqrt();
        assert!((variance.sqrt() / expected - 1.0).abs() < 0.05, "{} {expected}", variance.sqrt());
        assert!(weights.iter().all(|x| x.abs() <= 2.0 / (32f32).sqrt()));
    }
}
