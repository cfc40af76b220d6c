//! The meta-parameters: one flat `f32` vector with a named layout.
//!
//! Optimizers move a vector, checkpoints store a vector, a sub-RNN reads a vector. Only the [`Layout`] knows which part of
//! it is which matrix. The names and shapes are those of the original implementation.

use crate::SubRnnConfig;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use std::ops::Range;

/// One named array within the flat vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Such as `lstm.weight`.
    pub name: &'static str,
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
    /// | `lstm.weight` | (input + N) × 4N | forward message, backward message, recurrent forward and backward messages if any, extras, hidden state; columns: gates i, g, f, o |
    /// | `lstm.bias` | 4N | gates i, g, f, o |
    /// | `forward_head.weight`, `.bias` | N × M, M | |
    /// | `backward_head.weight`, `.bias` | N × M, M | |
    pub fn new(config: &SubRnnConfig) -> Self {
        let (n, m) = (config.hidden_size, config.message_size);
        let shapes = [
            ("lstm.weight", vec![config.input_size() + n, 4 * n]),
            ("lstm.bias", vec![4 * n]),
            ("forward_head.weight", vec![n, m]),
            ("forward_head.bias", vec![m]),
            ("backward_head.weight", vec![n, m]),
            ("backward_head.bias", vec![m]),
        ];
        let mut start = 0;
        let parameters = shapes
            .into_iter()
            .map(|(name, shape)| {
                let range = start..start + shape.iter().product::<usize>();
                start = range.end;
                Parameter { name, shape, range }
            })
            .collect();
        Layout { parameters }
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

    /// Draws initial meta-parameters: weights from a truncated normal of deviation 1/sqrt(fan in), biases 0.
    pub fn initialise(&self, rng: &mut impl Rng) -> Vec<f32> {
        let mut theta = vec![0.0; self.len()];
        for parameter in &self.parameters {
            if let [fan_in, _] = parameter.shape[..] {
                let deviation = 1.0 / (fan_in as f32).sqrt();
                theta[parameter.range.clone()].fill_with(|| deviation * truncated_normal(rng));
            }
        }
        theta
    }
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
