//! A network of two tanh layers on one flat vector of weights, with the way back, for players that learn from batches.
//!
//! The online players move after every example, so there a layer descends by itself (`dense.rs`). Policy gradients first
//! add up the gradient over a batch and measure its length over *all* weights before anything moves: here the weights and
//! their gradient are two plain vectors that belong to somebody else, and a [`Perceptron`] only knows how to pass through
//! them. With x the input,
//!
//! ```text
//! h = tanh(W x + b)          g = tanh(V h + c)          y = U g + a
//! ```
//!
//! Weights are drawn as for PPO in practice (Huang et al. 2022, *The 37 Implementation Details of Proximal Policy
//! Optimization*, detail 2; CleanRL): each matrix orthogonal, times √2 for hidden layers and a gain of its own for the last
//! one; biases 0. Orthogonal means that rows, or columns where there are fewer of them, are unit vectors at right angles,
//! every such matrix equally likely: normal numbers, made orthogonal by Gram and Schmidt's method (Saxe et al. 2014, arXiv
//! 1312.6120).

use super::dense::sum_of_products;
use rand::RngExt;
use rand_distr::StandardNormal;
use vsml_envs::Rng;

/// Two hidden layers and a linear one: sizes and buffers, without the weights.
pub(super) struct Perceptron {
    /// Inputs, units of both hidden layers, outputs.
    sizes: [usize; 4],
    /// What left each layer at the last pass.
    left: [Vec<f32>; 3],
    /// Loss by what entered each hidden layer.
    errors: [Vec<f32>; 2],
}

impl Perceptron {
    /// With `hidden` units in each hidden layer.
    pub fn new(inputs: usize, hidden: usize, outputs: usize) -> Self {
        let zeros = |len| vec![0.0; len];
        Perceptron {
            sizes: [inputs, hidden, hidden, outputs],
            left: [zeros(hidden), zeros(hidden), zeros(outputs)],
            errors: [zeros(hidden), zeros(hidden)],
        }
    }

    /// How many weights it has, biases included.
    pub fn weights(&self) -> usize {
        self.sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
    }

    /// Draws weights; those of the last layer with this gain.
    pub fn draw(&self, gain: f64, rng: &mut Rng) -> Vec<f32> {
        let mut weights = Vec::with_capacity(self.weights());
        for (layer, gain) in [2f64.sqrt(), 2f64.sqrt(), gain].into_iter().enumerate() {
            let (inputs, outputs) = (self.sizes[layer], self.sizes[layer + 1]);
            let matrix = orthogonal(outputs, inputs, rng);
            for row in matrix.chunks_exact(inputs) {
                weights.extend(row.iter().map(|weight| (gain * weight) as f32));
                weights.push(0.0);
            }
        }
        weights
    }

    /// The outputs for `input`.
    pub fn forward(&mut self, weights: &[f32], input: &[f32]) -> &[f32] {
        let (first, second, last) = self.split(weights);
        let [h, g, y] = &mut self.left;
        layer(first, input, h);
        h.iter_mut().for_each(|unit| *unit = libm::tanhf(*unit));
        layer(second, h, g);
        g.iter_mut().for_each(|unit| *unit = libm::tanhf(*unit));
        layer(last, g, y);
        y
    }

    /// What the last pass led to.
    pub fn outputs(&self) -> &[f32] {
        &self.left[2]
    }

    /// Adds to `gradient` the loss by each weight, given the loss by each output; `input` is that of the last pass.
    pub fn backward(&mut self, weights: &[f32], input: &[f32], output_errors: &[f32], gradient: &mut [f32]) {
        let (_, second, last) = self.split(weights);
        let [h, g, _] = &self.left;
        let [h_errors, g_errors] = &mut self.errors;
        let len = |layer: usize| (self.sizes[layer] + 1) * self.sizes[layer + 1];
        let (to_first, rest) = gradient.split_at_mut(len(0));
        let (to_second, to_last) = rest.split_at_mut(len(1));
        add_gradient(to_last, g, output_errors);
        errors_of_units(last, g, output_errors, g_errors);
        add_gradient(to_second, h, g_errors);
        errors_of_units(second, h, g_errors, h_errors);
        add_gradient(to_first, input, h_errors);
    }

    /// The weights of each layer.
    fn split<'a>(&self, weights: &'a [f32]) -> (&'a [f32], &'a [f32], &'a [f32]) {
        let len = |layer: usize| (self.sizes[layer] + 1) * self.sizes[layer + 1];
        let (first, rest) = weights.split_at(len(0));
        let (second, last) = rest.split_at(len(1));
        (first, second, last)
    }
}

/// What enters each unit. Of each unit `weights` holds one number for every input, and then the bias.
fn layer(weights: &[f32], input: &[f32], outputs: &mut [f32]) {
    for (output, row) in outputs.iter_mut().zip(weights.chunks_exact(input.len() + 1)) {
        *output = sum_of_products(row, input) + row[input.len()];
    }
}

/// Loss by each weight of a layer, from the loss by what enters each unit.
fn add_gradient(gradient: &mut [f32], input: &[f32], errors: &[f32]) {
    for (error, row) in errors.iter().zip(gradient.chunks_exact_mut(input.len() + 1)) {
        for (slope, input) in row.iter_mut().zip(input) {
            *slope += error * input;
        }
        row[input.len()] += error;
    }
}

/// Loss by what enters tanh units, from the loss by what enters the layer after them.
fn errors_of_units(weights: &[f32], units: &[f32], errors: &[f32], unit_errors: &mut [f32]) {
    unit_errors.fill(0.0);
    for (error, row) in errors.iter().zip(weights.chunks_exact(units.len() + 1)) {
        for (unit_error, weight) in unit_errors.iter_mut().zip(row) {
            *unit_error += error * weight;
        }
    }
    for (unit_error, unit) in unit_errors.iter_mut().zip(units) {
        *unit_error *= 1.0 - unit * unit;
    }
}

/// An orthogonal matrix, row by row.
fn orthogonal(rows: usize, columns: usize, rng: &mut Rng) -> Vec<f64> {
    // Of fewer vectors than each has numbers.
    let (count, len) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<f64> = Vec::with_capacity(count * len);
    for _ in 0..count {
        let (vector, norm) = loop {
            let mut vector: Vec<f64> = (0..len).map(|_| rng.sample(StandardNormal)).collect();
            for other in vectors.chunks_exact(len) {
                let along: f64 = vector.iter().zip(other).map(|(x, y)| x * y).sum();
                vector.iter_mut().zip(other).for_each(|(x, y)| *x -= along * y);
            }
            let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
            // What is left of a vector that lay among the others is rounding error.
            if norm > 1e-6 {
                break (vector, norm);
            }
        };
        vectors.extend(vector.iter().map(|x| x / norm));
    }
    if rows <= columns {
        return vectors;
    }
    (0..rows).flat_map(|row| vectors.chunks_exact(len).map(move |column| column[row])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::stream;

    #[test]
    fn weights_are_orthogonal_and_as_long_as_they_are_said_to_be() {
        let mut rng = stream(1, "perceptron", &[]);
        for (rows, columns) in [(3, 7), (7, 3), (5, 5), (1, 4)] {
            let matrix = orthogonal(rows, columns, &mut rng);
            for i in 0..rows.min(columns) {
                for j in 0..rows.min(columns) {
                    let product: f64 = if rows <= columns {
                        (0..columns).map(|k| matrix[i * columns + k] * matrix[j * columns + k]).sum()
                    } else {
                        (0..rows).map(|k| matrix[k * columns + i] * matrix[k * columns + j]).sum()
                    };
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-12, "{rows} x {columns}: {i} and {j}: {product}");
                }
            }
        }
        let network = Perceptron::new(4, 8, 2);
        let weights = network.draw(0.01, &mut rng);
        assert_eq!((weights.len(), network.weights()), (5 * 8 + 9 * 8 + 9 * 2, 5 * 8 + 9 * 8 + 9 * 2));
        assert!((0..8).all(|unit| weights[5 * unit + 4] == 0.0), "biases are 0");
        let last = &weights[5 * 8 + 9 * 8..];
        let norm = last[..8].iter().map(|weight| weight * weight).sum::<f32>().sqrt();
        assert!((norm - 0.01).abs() < 1e-6, "{norm}");
    }

    #[test]
    fn the_way_back_is_the_derivative_of_the_way_there() {
        let mut rng = stream(2, "perceptron", &[]);
        let mut network = Perceptron::new(3, 5, 2);
        let mut weights = network.draw(1.0, &mut rng);
        let input = [0.3, -0.7, 1.1];
        // The loss is a weighted sum of the outputs.
        let errors = [0.8, -0.5];
        let mut gradient = vec![0.0; weights.len()];
        network.forward(&weights, &input);
        network.backward(&weights, &input, &errors, &mut gradient);
        let step = 1e-2;
        for place in 0..weights.len() {
            let kept = weights[place];
            let [more, less] = [kept + step, kept - step].map(|weight| {
                weights[place] = weight;
                network.forward(&weights, &input).iter().zip(errors).map(|(y, error)| y * error).sum::<f32>()
            });
            weights[place] = kept;
            let slope = (more - less) / (2.0 * step);
            assert!((slope - gradient[place]).abs() < 3e-4, "{place}: {} instead of {slope}", gradient[place]);
        }
    }
}
