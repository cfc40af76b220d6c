//! Bounded observations in one unit.

use super::WrapperError;
use super::bounds::{Bounds, to_unit};
use crate::{Environment, Space};

/// Shows each number in `[-1, 1]`, by where it lies between its bounds (Gymnasium's `RescaleObservation`).
///
/// A number whose bounds are one shows 0.
#[derive(Clone, Debug)]
pub struct RescaleObservations<E> {
    inner: E,
    bounds: Vec<(f32, f32)>,
    shape: Vec<usize>,
}

impl<E: Environment> RescaleObservations<E> {
    /// Rescales `inner`'s observations.
    ///
    /// # Errors
    /// If the observation space is no [`Space::Box`], or a bound is infinite.
    pub fn new(inner: E) -> Result<Self, WrapperError> {
        let Bounds { low, high, shape } = Bounds::of_finite_box(inner.observation_space(), "RescaleObservations")?;
        Ok(RescaleObservations { inner, bounds: low.into_iter().zip(high).collect(), shape })
    }

    fn show(&self, observation: &mut [f32]) {
        for (x, &(low, high)) in observation.iter_mut().zip(&self.bounds) {
            *x = to_unit(*x, low, high);
        }
    }
}

impl<E: Environment + Clone> Environment for RescaleObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        let len = self.bounds.len();
        Space::Box { low: vec![-1.0; len], high: vec![1.0; len], shape: self.shape.clone() }
    }

    show_in_place!();
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;

    #[test]
    fn bounds_become_plus_and_minus_1() {
        let space = Space::Box { low: vec![-2.0, 0.0, 5.0], high: vec![2.0, 10.0, 5.0], shape: vec![3, 1] };
        let inner = Scripted::showing(space, &[&[-2.0, 10.0, 5.0], &[1.0, 5.0, 5.0]]);
        let mut environment = RescaleObservations::new(inner).unwrap();
        assert_eq!(shown(&mut environment, 1), [[-1.0, 1.0, 0.0], [0.5, 0.0, 0.0]]);
        let unit = Space::Box { low: vec![-1.0; 3], high: vec![1.0; 3], shape: vec![3, 1] };
        assert_eq!(environment.observation_space(), unit);
    }

    #[test]
    fn what_has_no_bounds_is_refused() {
        for space in [Space::uniform_box(0.0, f32::INFINITY, 1), Space::discrete(1)] {
            let refused = RescaleObservations::new(Scripted::showing(space, &[&[1.0]])).unwrap_err().to_string();
            assert!(refused.contains("RescaleObservations cannot wrap the space"), "{refused}");
        }
    }
}
