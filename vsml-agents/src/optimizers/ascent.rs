//! Theta, and what moves it: Adam up a gradient, with a step size that fades and weights that decay.
//!
//! What all optimizers by gradient have in common, estimated or exact; they differ in where the gradient comes from.

use super::settings::{decay, halved, zero_or_more};
use super::{Adam, OptimizerError, OptimizerState};

/// Meta-parameters that climb.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ascent {
    pub(super) theta: Vec<f32>,
    adam: Adam,
    learning_rate: f32,
    half_life: u64,
    weight_decay: f32,
}

impl Ascent {
    /// Begins at `theta`; the settings are those of the same names.
    pub(super) fn new(
        theta: Vec<f32>,
        learning_rate: f32,
        half_life: u64,
        weight_decay: f32,
    ) -> Result<Self, OptimizerError> {
        zero_or_more("learning_rate", learning_rate)?;
        zero_or_more("weight_decay", weight_decay)?;
        Ok(Ascent { adam: Adam::new(theta.len()), theta, learning_rate, half_life, weight_decay })
    }

    /// What was `start` at the beginning and is half of it after every `half_life` moves.
    pub(super) fn faded(&self, start: f32, half_life: u64) -> f32 {
        halved(start, half_life, self.adam.steps)
    }

    /// Moves up `gradient`. Returns whether it did: not where that, or its square, of which Adam keeps a mean, is not finite.
    pub(super) fn climb(&mut self, gradient: &[f32]) -> bool {
        if !gradient.iter().all(|g| (g * g).is_finite()) {
            return false;
        }
        let rate = self.faded(self.learning_rate, self.half_life);
        decay(&mut self.theta, rate, self.weight_decay);
        self.adam.ascend(&mut self.theta, gradient, rate);
        true
    }

    pub(super) fn state(&self) -> OptimizerState {
        OptimizerState::with_adam(&self.theta, &self.adam)
    }

    pub(super) fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        (self.theta, self.adam) = state.theta_and_adam(self.theta.len())?;
        Ok(())
    }
}

/// `gradient`, shortened to `max_norm` where it is longer; nothing where its length is not a finite number.
pub(super) fn shortened(gradient: &[f64], max_norm: f32) -> Option<Vec<f32>> {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    let factor = (f64::from(max_norm) / norm).min(1.0);
    norm.is_finite().then(|| gradient.iter().map(|g| (factor * g) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_climbs_by_shorter_and_shorter_steps_and_decays() {
        let mut ascent = Ascent::new(vec![1.0], 0.1, 1, 0.5).unwrap();
        assert!(!ascent.climb(&[f32::NAN]) && !ascent.climb(&[f32::INFINITY]));
        assert!(ascent.climb(&[3.0]));
        assert!((ascent.theta[0] - (0.95 + 0.1)).abs() < 1e-6, "{:?}", ascent.theta);
        assert_eq!((ascent.faded(0.1, 1), ascent.faded(0.1, 0)), (0.05, 0.1));
        assert!(Ascent::new(vec![], -1.0, 0, 0.0).unwrap_err().to_string().starts_with("learning_rate is -1"));
        assert!(Ascent::new(vec![], 1.0, 0, f32::NAN).unwrap_err().to_string().starts_with("weight_decay is NaN"));
    }

    #[test]
    fn long_gradients_are_shortened() {
        assert_eq!(shortened(&[3.0, -4.0], 1.0), Some(vec![0.6, -0.8]));
        assert_eq!(shortened(&[3.0, -4.0], 10.0), Some(vec![3.0, -4.0]));
        assert_eq!(shortened(&[0.0, 0.0], 1.0), Some(vec![0.0, 0.0]));
        assert_eq!(shortened(&[f64::NAN, 0.0], 1.0), None);
    }
}
