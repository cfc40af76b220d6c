//! Small matrices by hand, for the learners beside VSML; products of large ones are nalgebra's.
//!
//! Everything is `f32`, added in one fixed order, with sigmoid and tanh of our own and the other functions from the `libm`
//! crate instead of the operating system's library: a life has the same bits on every machine. A matrix is a slice, one row
//! for each input and one column for each output, so that the inner loop runs along the outputs, as wide as the
//! processor's vectors are, and the order in which an output's products are added is that of the inputs. Multiplication
//! and addition are never fused, so that the width leaves no trace. Nothing here allocates.

use nalgebra::{DMatrixView, DMatrixViewMut, Dyn};
use pulp::Arch;
pub(super) use vsml_core::sigmoid;

/// Adds `input · weights` to `output`.
pub(super) fn add_product(input: &[f32], weights: &[f32], output: &mut [f32]) {
    debug_assert_eq!(weights.len(), input.len() * output.len());
    Arch::new().dispatch(|| {
        for (x, row) in input.iter().zip(weights.chunks_exact(output.len())) {
            for (y, weight) in output.iter_mut().zip(row) {
                *y += x * weight;
            }
        }
    });
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
    Arch::new().dispatch(|| {
        for (x, row) in input.iter().zip(weights.chunks_exact_mut(output.len())) {
            let x = rate * x;
            for (weight, y) in row.iter_mut().zip(output) {
                *weight += x * y;
            }
        }
    });
}

/// Hyperbolic tangent of every number.
pub(super) fn tanh(numbers: &mut [f32]) {
    Arch::new().dispatch(|| numbers.iter_mut().for_each(|x| *x = vsml_core::tanh(*x)));
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

/// A large matrix, or the transpose of one.
#[derive(Clone, Copy)]
pub(super) struct Large<'a> {
    numbers: &'a [f32],
    /// Rows and columns.
    shape: (usize, usize),
    /// How far apart the numbers of a column are, and those of a row.
    strides: (usize, usize),
}

impl<'a> Large<'a> {
    /// The matrix of these numbers, row by row, with so many columns.
    pub(super) fn new(numbers: &'a [f32], columns: usize) -> Self {
        Large { numbers, shape: (numbers.len() / columns, columns), strides: (columns, 1) }
    }

    /// Its transpose, which is no copy.
    pub(super) fn transposed(self) -> Self {
        let ((rows, columns), (down, across)) = (self.shape, self.strides);
        Large { shape: (columns, rows), strides: (across, down), ..self }
    }

    fn at(self, row: usize, column: usize) -> f32 {
        self.numbers[row * self.strides.0 + column * self.strides.1]
    }

    fn view(self) -> DMatrixView<'a, f32, Dyn, Dyn> {
        let ((rows, columns), (down, across)) = (self.shape, self.strides);
        DMatrixView::from_slice_with_strides(self.numbers, rows, columns, down, across)
    }
}

/// Fewer rows or columns than this are multiplied here: it does not pay to pack them, and where nalgebra does not pack, it
/// reckons with columns whose numbers lie side by side.
const LEAST: usize = 6;

/// Adds `left · right` to `output`. In which order it adds depends on the shapes and the processor alone. With fewer than 6
/// rows or columns it is slow.
pub(super) fn multiply(left: Large<'_>, right: Large<'_>, output: &mut [f32]) {
    let ((rows, inner), (_, columns)) = (left.shape, right.shape);
    assert_eq!((inner, output.len()), (right.shape.0, rows * columns), "matrices that do not fit");
    if rows.min(inner).min(columns) >= LEAST {
        let mut output = DMatrixViewMut::from_slice_with_strides_mut(output, rows, columns, columns, 1);
        output.gemm(1.0, &left.view(), &right.view(), 1.0);
        return;
    }
    for (row, output) in output.chunks_exact_mut(columns).enumerate() {
        for k in 0..inner {
            let x = left.at(row, k);
            output.iter_mut().enumerate().for_each(|(column, y)| *y += x * right.at(k, column));
        }
    }
}

/// The sum of each column of a matrix with so many.
pub(super) fn column_sums(matrix: &[f32], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    Arch::new().dispatch(|| {
        for row in matrix.chunks_exact(columns) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    });
    sums
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
    fn large_products_are_those_of_small_ones() {
        let numbers =
            |len: usize, step: usize| -> Vec<f32> { (0..len).map(|i| ((i * step) % 19) as f32 - 9.0).collect() };
        for (rows, inner, outputs) in [(7, 9, 8), (16, 30, 12), (1, 9, 8), (70, 2, 8), (7, 9, 1), (3, 2, 2)] {
            let (a, b) = (numbers(rows * inner, 5), numbers(inner * outputs, 7));
            let mut expected = vec![1.0; rows * outputs];
            a.chunks(inner).zip(expected.chunks_mut(outputs)).for_each(|(row, output)| add_product(row, &b, output));
            let mut output = vec![1.0; rows * outputs];
            let (a, b) = (Large::new(&a, inner), Large::new(&b, outputs));
            multiply(a, b, &mut output);
            assert_eq!(output, expected);
            let mut turned = vec![1.0; rows * outputs];
            multiply(b.transposed(), a.transposed(), &mut turned);
            let back: Vec<f32> = (0..rows * outputs).map(|i| turned[i % outputs * rows + i / outputs]).collect();
            assert_eq!(back, expected);
        }
        assert_eq!(column_sums(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3), [5.0, 7.0, 9.0]);
    }

    #[test]
    fn softmax_bears_large_numbers() {
        let mut numbers = [1000.0, 1000.0, -1000.0];
        softmax(&mut numbers);
        assert_eq!(numbers, [0.5, 0.5, 0.0]);
        assert_eq!(sigmoid(0.0), 0.5);
        assert!(sigmoid(-200.0) < 1e-11 && sigmoid(200.0) == 1.0);
    }
}
