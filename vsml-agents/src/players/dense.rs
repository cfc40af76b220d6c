//! One layer of weights that follow their gradient, for the online players.
//!
//! A bias is the weight of an input that is always 1, so there is one rule for all weights: how they are drawn and how
//! they move. Everything is `f32`, and nothing is allocated after the layer is made.

use super::online::{Descent, OnlineConfig};
use crate::optimizers::Adam;
use rand::RngExt;
use rand_distr::StandardNormal;
use vsml_envs::Rng;

/// Sums of products are kept in so many parts, which a processor adds at once.
const LANES: usize = 16;

/// Where weights start. The fan in of a layer is how many inputs each of its units has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// Uniform within plus or minus `1 / sqrt(fan in)`: PyTorch's choice, and the one under which the reference rows come
    /// out.
    Uniform,
    /// Normal with a deviation of `1 / sqrt(fan in)`, drawn again where it is more than two of them; biases too.
    TruncatedNormal,
    /// 0.
    Zero,
}

impl Initial {
    /// `uniform`, `truncated-normal` or `zero`.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        match name {
            "uniform" => Ok(Initial::Uniform),
            "truncated-normal" => Ok(Initial::TruncatedNormal),
            "zero" => Ok(Initial::Zero),
            _ => Err(format!("`{name}` is no value for `initial`: it is uniform, truncated-normal or zero")),
        }
    }

    /// Draws a weight for a fan in of 1.
    fn draw(self, rng: &mut Rng) -> f32 {
        match self {
            Initial::Uniform => 2.0 * rng.random::<f32>() - 1.0,
            Initial::TruncatedNormal => loop {
                let number: f32 = rng.sample(StandardNormal);
                if number.abs() <= 2.0 {
                    break number;
                }
            },
            Initial::Zero => 0.0,
        }
    }
}

/// A layer: `outputs` units, each with a weight for every input and a bias.
pub(super) struct Dense {
    inputs: usize,
    /// Of each unit, its weights and then its bias.
    weights: Vec<f32>,
    learning_rate: f32,
    adam: Option<Moments>,
}

/// What Adam needs besides the weights.
struct Moments {
    adam: Adam,
    /// Loss by each weight, negative: the way up.
    ascent: Vec<f32>,
}

impl Dense {
    /// Draws a layer.
    pub fn new(inputs: usize, outputs: usize, config: &OnlineConfig, rng: &mut Rng) -> Self {
        let len = outputs * (inputs + 1);
        let scale = 1.0 / (inputs.max(1) as f32).sqrt();
        let weights = (0..len).map(|_| scale * config.initial.draw(rng)).collect();
        let moments = || Moments { adam: Adam::new(len), ascent: vec![0.0; len] };
        let adam = (config.descent == Descent::Adam).then(moments);
        Dense { inputs, weights, learning_rate: config.learning_rate, adam }
    }

    /// What enters each unit: the sum of its weighted inputs and its bias.
    pub fn forward(&self, input: &[f32], outputs: &mut [f32]) {
        for (output, row) in outputs.iter_mut().zip(self.weights.chunks_exact(self.inputs + 1)) {
            *output = sum_of_products(row, input) + row[self.inputs];
        }
    }

    /// Loss by each input, from the loss by what enters each unit.
    pub fn backward(&self, errors: &[f32], input_errors: &mut [f32]) {
        input_errors.fill(0.0);
        for (error, row) in errors.iter().zip(self.weights.chunks_exact(self.inputs + 1)) {
            for (input_error, weight) in input_errors.iter_mut().zip(row) {
                *input_error += error * weight;
            }
        }
    }

    /// One step down the loss, given the loss by what enters each unit.
    pub fn descend(&mut self, input: &[f32], errors: &[f32]) {
        let width = self.inputs + 1;
        match &mut self.adam {
            None => {
                for (error, row) in errors.iter().zip(self.weights.chunks_exact_mut(width)) {
                    let step = self.learning_rate * error;
                    for (weight, input) in row.iter_mut().zip(input) {
                        *weight -= step * input;
                    }
                    row[self.inputs] -= step;
                }
            }
            Some(Moments { adam, ascent }) => {
                for (error, row) in errors.iter().zip(ascent.chunks_exact_mut(width)) {
                    for (ascent, input) in row.iter_mut().zip(input) {
                        *ascent = -error * input;
                    }
                    row[self.inputs] = -error;
                }
                adam.ascend(&mut self.weights, ascent, self.learning_rate);
            }
        }
    }
}

/// The sum over the shorter of the two.
pub(super) fn sum_of_products(row: &[f32], input: &[f32]) -> f32 {
    let row = &row[..input.len()];
    let mut sums = [0.0; LANES];
    let (row, input) = (row.chunks_exact(LANES), input.chunks_exact(LANES));
    let rest: f32 = row.remainder().iter().zip(input.remainder()).map(|(weight, input)| weight * input).sum();
    for (weights, inputs) in row.zip(input) {
        for ((sum, weight), input) in sums.iter_mut().zip(weights).zip(inputs) {
            *sum += weight * input;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::stream;

    #[test]
    fn weights_start_where_they_are_said_to() {
        let root_mean_square = |initial: Initial| {
            let config = OnlineConfig { initial, ..OnlineConfig::sgd(0.1) };
            let layer = Dense::new(99, 100, &config, &mut stream(1, "dense", &[]));
            let square = layer.weights.iter().map(|w| f64::from(w * w)).sum::<f64>() / 1e4;
            let greatest = layer.weights.iter().fold(0.0f32, |greatest, w| greatest.max(w.abs()));
            (square.sqrt() * 99f64.sqrt(), greatest * 99f32.sqrt())
        };
        let (deviation, greatest) = root_mean_square(Initial::Uniform);
        assert!((deviation - 1.0 / 3f64.sqrt()).abs() < 0.01 && greatest > 0.99 && greatest <= 1.0001);
        // A normal that is cut at two deviations has 0.8796 of its deviation.
        let (deviation, greatest) = root_mean_square(Initial::TruncatedNormal);
        assert!((deviation - 0.8796).abs() < 0.02 && greatest > 1.95 && greatest <= 2.0001, "{deviation} {greatest}");
        assert_eq!(root_mean_square(Initial::Zero), (0.0, 0.0));
    }

    #[test]
    fn long_and_short_sums_are_right() {
        for len in [1, 15, 16, 17, 100] {
            let numbers: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let mut row = numbers.clone();
            row.push(1000.0);
            let expected: f32 = numbers.iter().map(|x| x * x).sum();
            assert_eq!(sum_of_products(&row, &numbers), expected, "{len}");
        }
    }
}
