//! Continuous actions in one unit.
//!
//! A torque lies within ±2, a throttle between 0 and 1. A learner of many tasks is better off if everything that can be
//! set lies within ±1.

use super::WrapperError;
use super::bounds::{Bounds, from_unit};
use crate::{Action, Environment, Rng, Space, Step};

/// Takes numbers in `[-1, 1]` and stretches them to the bounds of the inner action space (Gymnasium's `RescaleAction`).
#[derive(Clone, Debug)]
pub struct RescaleActions<E> {
    inner: E,
    low: Vec<f32>,
    high: Vec<f32>,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

impl<E: Environment> RescaleActions<E> {
    /// Lets `inner` be acted in with numbers in `[-1, 1]`.
    ///
    /// # Errors
    /// If the action space is no [`Space::Box`], or a bound is infinite.
    pub fn new(inner: E) -> Result<Self, WrapperError> {
        let Bounds { low, high, shape } = Bounds::of_finite_box(inner.action_space(), "RescaleActions")?;
        let numbers = vec![0.0; low.len()];
        Ok(RescaleActions { inner, low, high, shape, numbers })
    }
}

impl<E: Environment + Clone> Environment for RescaleActions<E> {
    forward_to_inner!(observation_space, reset, expected_rewards, target, picture);

    fn action_space(&self) -> Space {
        let len = self.low.len();
        Space::Box { low: vec![-1.0; len], high: vec![1.0; len], shape: self.shape.clone() }
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let bounds = self.low.iter().zip(&self.high);
        for ((number, &given), (&low, &high)) in self.numbers.iter_mut().zip(action.numbers()).zip(bounds) {
            *number = from_unit(given, low, high);
        }
        self.inner.step(Action::Continuous(&self.numbers), rng, observation)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::Scripted;
    use super::*;
    use crate::{OwnedAction, stream};

    #[test]
    fn numbers_are_stretched_to_their_bounds() {
        let space = Space::Box { low: vec![-2.0, 0.0, 5.0], high: vec![2.0, 10.0, 5.0], shape: vec![3, 1] };
        let mut environment = RescaleActions::new(Scripted::taking(space)).unwrap();
        let unit = Space::Box { low: vec![-1.0; 3], high: vec![1.0; 3], shape: vec![3, 1] };
        assert_eq!(environment.action_space(), unit);
        let mut rng = stream(0, "rescale", &[]);
        environment.reset(&mut rng, &mut [0.0]);
        for numbers in [[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], [0.5, 0.0, 0.25]] {
            environment.step(Action::Continuous(&numbers), &mut rng, &mut [0.0]);
        }
        let expected = [[-2.0, 0.0, 5.0], [2.0, 10.0, 5.0], [1.0, 5.0, 5.0]];
        assert_eq!(environment.inner.taken, expected.map(|numbers| OwnedAction::Continuous(numbers.to_vec())));
    }

    #[test]
    fn what_has_no_bounds_is_refused() {
        for space in [Space::uniform_box(0.0, f32::INFINITY, 1), Space::discrete(3)] {
            let refused = RescaleActions::new(Scripted::taking(space)).unwrap_err().to_string();
            assert!(refused.contains("RescaleActions cannot wrap the space"), "{refused}");
        }
    }
}
