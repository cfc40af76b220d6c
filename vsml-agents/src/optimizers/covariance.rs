//! The covariance of CMA-ES, `C = B D² Bᵀ`, with the axes that members are drawn with: the columns of B, and their lengths D.
//!
//! The axes cost n³ steps and are found anew only when C has changed by enough; between, members are drawn with the old ones. So
//! *both are state*: C alone would not say what the next population looks like. C is held in double precision, since the ratio of
//! its axes is squared in it, and rounded to what two `f32` can store (48 bits): a state is of `f32`, and resuming must not
//! change a bit.

use super::path::{Path, Rates};
use super::{OptimizerError, OptimizerState};
use nalgebra::{DMatrix, SymmetricEigen};

/// Axes whose squared lengths differ by more have come to the end of what can be computed.
const MAX_CONDITION: f64 = 1e14;

/// C and its axes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Covariance {
    /// C, row-major.
    matrix: Vec<f64>,
    /// B, row-major.
    axes: Vec<f32>,
    /// D.
    lengths: Vec<f32>,
    /// The updates that had been done when the axes were found.
    axes_of: u64,
}

impl Covariance {
    /// Alike in all directions.
    pub(super) fn new(parameters: usize) -> Self {
        let n = parameters;
        let one_on_diagonal = |index: usize| if index.is_multiple_of(n + 1) { 1.0 } else { 0.0 };
        let matrix: Vec<f64> = (0..n * n).map(one_on_diagonal).collect();
        let axes = matrix.iter().map(|c| *c as f32).collect();
        Covariance { matrix, axes, lengths: vec![1.0; n], axes_of: 0 }
    }

    /// `D eps`.
    pub(super) fn stretch(&self, eps: impl Iterator<Item = f64>) -> Vec<f64> {
        eps.zip(&self.lengths).map(|(eps, length)| eps * f64::from(*length)).collect()
    }

    /// `B vector`.
    pub(super) fn along_axes(&self, vector: &[f64]) -> Vec<f64> {
        let product = |row: &[f32]| row.iter().zip(vector).map(|(b, x)| f64::from(*b) * x).sum();
        self.axes.chunks_exact(vector.len()).map(product).collect()
    }

    /// The variance of each parameter.
    pub(super) fn variances(&self) -> impl Iterator<Item = f64> {
        self.matrix.iter().copied().step_by(self.lengths.len() + 1)
    }

    /// Forgets all but the share `keep`.
    pub(super) fn fade(&mut self, keep: f64) {
        self.matrix.iter_mut().for_each(|c| *c *= keep);
    }

    /// Adds `weight · step stepᵀ`.
    pub(super) fn add(&mut self, weight: f64, step: &[f64]) {
        for (row, of_row) in self.matrix.chunks_exact_mut(step.len()).zip(step) {
            row.iter_mut().zip(step).for_each(|(c, y)| *c += weight * of_row * y);
        }
    }

    /// Rounds C to what a state can hold; false where it is not finite.
    pub(super) fn round(&mut self) -> bool {
        self.matrix.iter_mut().for_each(|c| *c = split(*c).iter().map(|part| f64::from(*part)).sum());
        self.matrix.iter().all(|c| c.is_finite())
    }

    /// Finds the axes anew if C has changed by enough; false where there are none, or they are too far apart.
    pub(super) fn find_axes_in_time(&mut self, rates: &Rates, path: &Path) -> bool {
        let updates = (path.updates - self.axes_of) as f64;
        let due = updates * 10.0 * self.lengths.len() as f64 * (rates.rank_one + rates.rank_many) >= 1.0;
        !due || self.find_axes(path.updates)
    }

    fn find_axes(&mut self, updates: u64) -> bool {
        let n = self.lengths.len();
        let matrix = DMatrix::from_row_slice(n, n, &self.matrix);
        let Some(eigen) = SymmetricEigen::try_new(matrix, f64::EPSILON, 100 * n) else { return false };
        let (least, most) = (eigen.eigenvalues.min(), eigen.eigenvalues.max());
        if !(least > 0.0 && most.is_finite() && most / least < MAX_CONDITION) {
            return false;
        }
        self.lengths = eigen.eigenvalues.iter().map(|square| square.sqrt() as f32).collect();
        // nalgebra stores columns one after the other.
        self.axes = eigen.eigenvectors.transpose().as_slice().iter().map(|b| *b as f32).collect();
        self.axes_of = updates;
        true
    }

    /// Puts the covariance into a state.
    pub(super) fn store(&self, state: &mut OptimizerState) {
        let part = |part: usize| self.matrix.iter().map(|c| split(*c)[part]).collect();
        state.vectors.insert("covariance".into(), part(0));
        state.vectors.insert("covariance.rest".into(), part(1));
        state.vectors.insert("covariance.axes".into(), self.axes.clone());
        state.vectors.insert("covariance.lengths".into(), self.lengths.clone());
        state.counters.insert("covariance.axes_of".into(), self.axes_of);
    }

    /// What [`Covariance::store`] put in.
    pub(super) fn stored(state: &OptimizerState, parameters: usize, path: &Path) -> Result<Self, OptimizerError> {
        let square = parameters * parameters;
        let (high, low) = (state.vector("covariance", square)?, state.vector("covariance.rest", square)?);
        let axes_of = state.counter("covariance.axes_of")?;
        if axes_of > path.updates {
            return Err(OptimizerError::State("its axes are of an update that has not been".into()));
        }
        Ok(Covariance {
            matrix: high.iter().zip(low).map(|(high, low)| f64::from(*high) + f64::from(low)).collect(),
            axes: state.vector("covariance.axes", square)?,
            lengths: state.vector("covariance.lengths", parameters)?,
            axes_of,
        })
    }
}

/// `x` as the sum of two `f32`, as far as they reach.
fn split(x: f64) -> [f32; 2] {
    let high = x as f32;
    [high, (x - f64::from(high)) as f32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_and_lengths_are_those_of_the_covariance() {
        let mut covariance = Covariance::new(3);
        covariance.fade(0.1);
        covariance.add(2.0, &[1.0, 2.0, -1.0]);
        covariance.add(0.5, &[0.0, 1.0, 1.0]);
        assert!(covariance.round() && covariance.find_axes(7));
        for row in 0..3 {
            for column in 0..3 {
                let (a, b) = (&covariance.axes[3 * row..], &covariance.axes[3 * column..]);
                let product: f64 = (0..3).map(|k| f64::from(a[k] * covariance.lengths[k].powi(2) * b[k])).sum();
                assert!((product - covariance.matrix[3 * row + column]).abs() < 1e-5);
            }
        }
        assert!(covariance.variances().zip([2.1, 8.6, 2.6]).all(|(found, expected)| (found - expected).abs() < 1e-9));
    }

    #[test]
    fn what_has_no_axes_is_found_out() {
        let mut covariance = Covariance::new(2);
        covariance.add(-2.0, &[1.0, 0.0]);
        let before = covariance.clone();
        assert!(!covariance.find_axes(1));
        assert_eq!(covariance, before);
        let mut narrow = Covariance::new(2);
        narrow.add(1e15, &[1.0, 0.0]);
        assert!(!narrow.find_axes(1));
    }

    #[test]
    fn what_two_singles_hold_is_held_for_ever() {
        for x in [1.0, 1.0 / 3.0, -1e-9 / 7.0, 12345.678901234567, 1e20 / 3.0] {
            let once: f64 = split(x).iter().map(|part| f64::from(*part)).sum();
            let twice: f64 = split(once).iter().map(|part| f64::from(*part)).sum();
            assert!((once - x).abs() <= x.abs() * 2f64.powi(-47) && once == twice, "{x}");
        }
    }
}
