//! Continuous actions that may lie outside.
//!
//! A learner that draws its action from a Gaussian cannot promise to stay within bounds. With this it need not.

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Action, Environment, Rng, Space, Step};

/// Takes any numbers and carries out the nearest ones within bounds (Gymnasium's `ClipAction`).
///
/// The action space has no bounds any more, so the random player draws standard normal numbers.
#[derive(Clone, Debug)]
pub struct ClipActions<E> {
    inner: E,
    low: Vec<f32>,
    high: Vec<f32>,
    shape: Vec<usize>,
    numbers: Vec<f32>,
}

impl<E: Environment> ClipActions<E> {
    /// Clips actions to `inner`'s bounds.
    ///
    /// # Errors
    /// If the action space is no [`Space::Box`].
    pub fn new(inner: E) -> Result<Self, WrapperError> {
        let Bounds { low, high, shape } = Bounds::of_box(inner.action_space(), "ClipActions")?;
        let numbers = vec![0.0; low.len()];
        Ok(ClipActions { inner, low, high, shape, numbers })
    }
}

impl<E: Environment + Clone> Environment for ClipActions<E> {
    forward_to_inner!(observation_space, reset, expected_rewards, target, picture);

    fn action_space(&self) -> Space {
        let len = self.low.len();
        Space::Box { low: vec![f32::NEG_INFINITY; len], high: vec![f32::INFINITY; len], shape: self.shape.clone() }
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let bounds = self.low.iter().zip(&self.high);
        for ((number, given), (low, high)) in self.numbers.iter_mut().zip(action.numbers()).zip(bounds) {
            *number = given.clamp(*low, *high);
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
    fn the_nearest_action_within_bounds_is_carried_out() {
        let space = Space::Box { low: vec![-2.0, 0.0], high: vec![2.0, f32::INFINITY], shape: vec![2] };
        let mut environment = ClipActions::new(Scripted::taking(space)).unwrap();
        assert_eq!(environment.action_space(), Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 2));
        let mut rng = stream(0, "clip", &[]);
        environment.reset(&mut rng, &mut [0.0]);
        for numbers in [[-3.0, -3.0], [3.0, 3.0], [0.5, 1e9]] {
            environment.step(Action::Continuous(&numbers), &mut rng, &mut [0.0]);
        }
        let expected = [[-2.0, 0.0], [2.0, 3.0], [0.5, 1e9]];
        assert_eq!(environment.inner.taken, expected.map(|numbers| OwnedAction::Continuous(numbers.to_vec())));
    }

    #[test]
    fn what_is_no_box_is_refused() {
        let refused = ClipActions::new(Scripted::taking(Space::discrete(2))).unwrap_err().to_string();
        assert!(refused.contains("ClipActions cannot wrap the space"), "{refused}");
    }
}
