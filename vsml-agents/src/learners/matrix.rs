//! Small matrices by hand, for the learners beside VSML.
//!
//! Everything is `f32`, added in one fixed order, with exponentials from the `libm` crate instead of the operating system's
//! library: the same numbers make the same bits on every machine. A matrix is a slice, one row for each input and one
//! column for each output, so that the inner loop runs along the outputs and the order in which an output's products are
//! added is that of the inputs. Nothing here allocates.

/// Adds `input · weights` to `output`.
pub(super) fn add_product(input: &[f32], weights: &[f32], output: &mut [f32]) {
    debug_assert_eq!(weights.len(), input.len() * output.len());
    for (x, row) in input.iter().zip(weights.chunks_exact(output.len())) {
        for (y, weight) in output.iter_mut().zip(row) {
            *y += x * weight;
        }
    }
}

/// Sets `output` to `input · weights`.
pub(super) fn product(input: &[f32], weights: &[f32], output: &mut [f32]) {
    output.fill(0.0);
    add_product(input, weights, output);
}

/// Sets `output` to `input · weights + bias`.
pub(super) fn affine(input: &[f32], weights: &[f32], bias: &[f32], output: &mut [f32]) {
    output.copy_from_slice(bias);
    add_product(input, weights, output);
}

/// Adds the outer product `input ⊗ output`, times `rate`, to `weights`.
pub(super) fn add_outer(rate: f32, input: &[f32], output: &[f32], weights: &mut [f32]) {
    debug_assert_eq!(weights.len(), input.len() * output.len());
    for (x, row) in input.iter().zip(weights.chunks_exact_mut(output.len())) {
        let x = rate * x;
        for (weight, y) in row.iter_mut().zip(output) {
            *weight += x * y;
        }
    }
}

/// 1 / (1 + exp(-x)).
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

/// Hyperbolic tangent of every number.
pub(super) fn tanh(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = libm::tanhf(*x));
}

/// Softmax of all numbers, in their place. The greatest is taken away first, so that nothing overflows.
pub(super) fn softmax(numbers: &mut [f32]) {
    let greatest = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for x in numbers.iter_mut() {
        *x = libm::expf(*x - greatest);
        sum += *x;
    }
    numbers.iter_mut().for_each(|x| *x /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_on_paper() {
        let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut output = [9.0; 3];
        product(&[1.0, 10.0], &weights, &mut output);
        assert_eq!(output, [41.0, 52.0, 63.0]);
        affine(&[1.0, 0.0], &weights, &[0.5, 0.0, -0.5], &mut output);
        assert_eq!(output, [1.5, 2.0, 2.5]);
        let mut weights = [0.0; 6];
        add_outer(2.0, &[1.0, 10.0], &[1.0, 2.0, 3.0], &mut weights);
        assert_eq!(weights, [2.0, 4.0, 6.0, 20.0, 40.0, 60.0]);
    }

    #[test]
    fn softmax_bears_large_numbers() {
        let mut numbers = [1000.0, 1000.0, -1000.0];
        softmax(&mut numbers);
        assert_eq!(numbers, [0.5, 0.5, 0.0]);
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!((sigmoid(-200.0), sigmoid(200.0)), (0.0, 1.0));
    }
}
