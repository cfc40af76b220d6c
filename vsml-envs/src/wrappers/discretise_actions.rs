//! Continuous actions for those who choose one of `n`.
//!
//! With it, a learner that knows discrete actions only acts in continuous tasks. Every combination of levels is an action
//! of its own, because one choice among `n` is what most learners (all of this project) can make, and several at once is
//! not; there are soon too many of them, and more than [`MAX_DISCRETISED`] are refused.

use super::WrapperError;
use super::bounds::{Bounds, from_unit};
use crate::{Action, Environment, Rng, Space, Step};

/// Most discrete actions that a continuous one can be made into.
pub const MAX_DISCRETISED: usize = 4096;

/// Takes one of `levels` to the power of `d` actions, where `d` is how many numbers a continuous one has.
///
/// The levels of each number lie at equal distances from its lower bound (level 0) to its upper one. Action `a`, written
/// with `levels` as its base and `d` digits, says the level of each number, the first number's first: so of a single
/// number, action `a` is level `a`.
#[derive(Clone, Debug)]
pub struct DiscretiseActions<E> {
    inner: E,
    levels: usize,
    actions: usize,
    /// The levels of the first number, then those of the second, and so on.
    values: Vec<f32>,
    numbers: Vec<f32>,
}

impl<E: Environment> DiscretiseActions<E> {
    /// Gives every number of `inner`'s actions so many `levels`.
    ///
    /// # Errors
    /// If there are fewer than 2 levels, the action space is no [`Space::Box`] or has an infinite bound, or there would be
    /// more than [`MAX_DISCRETISED`] actions.
    pub fn new(inner: E, levels: usize) -> Result<Self, WrapperError> {
        if !(2..=MAX_DISCRETISED).contains(&levels) {
            let right = "every number of an action gets 2 to 4096 levels";
            return Err(WrapperError::parameter("discretise_actions", levels, right));
        }
        let bounds = Bounds::of_finite_box(inner.action_space(), "DiscretiseActions")?;
        let len = bounds.low.len();
        let actions = u32::try_from(len).ok().and_then(|len| levels.checked_pow(len));
        let Some(actions) = actions.filter(|actions| *actions <= MAX_DISCRETISED) else {
            let reason = "with so many levels for so many numbers there would be more than 4096 actions";
            return Err(WrapperError::Space { wrapper: "DiscretiseActions", space: bounds.into_space(), reason });
        };
        let level = |level: usize| (-1.0 + 2.0 * level as f64 / (levels - 1) as f64) as f32;
        let each = bounds.low.iter().zip(&bounds.high);
        let values = each.flat_map(|(&low, &high)| (0..levels).map(move |i| from_unit(level(i), low, high))).collect();
        Ok(DiscretiseActions { inner, levels, actions, values, numbers: vec![0.0; len] })
    }
}

impl<E: Environment + Clone> Environment for DiscretiseActions<E> {
    forward_to_inner!(observation_space, reset, picture);

    fn action_space(&self) -> Space {
        Space::discrete(self.actions)
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let mut rest = action.index();
        for (number, values) in self.numbers.iter_mut().zip(self.values.chunks_exact(self.levels)).rev() {
            *number = values[rest % self.levels];
            rest /= self.levels;
        }
        self.inner.step(Action::Continuous(&self.numbers), rng, observation)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::Scripted;
    use super::*;
    use crate::{OwnedAction, stream};

    fn carried_out(space: Space, levels: usize) -> Vec<Vec<f32>> {
        let mut environment = DiscretiseActions::new(Scripted::taking(space), levels).unwrap();
        let mut rng = stream(0, "discretise", &[]);
        environment.reset(&mut rng, &mut [0.0]);
        for action in 0..environment.action_space().flat_len() {
            environment.step(Action::Discrete(action), &mut rng, &mut [0.0]);
        }
        let numbers = |action: &OwnedAction| action.borrow().numbers().to_vec();
        environment.inner.taken.iter().map(numbers).collect()
    }

    #[test]
    fn levels_lie_at_equal_distances_from_bound_to_bound() {
        assert_eq!(carried_out(Space::uniform_box(-2.0, 2.0, 1), 5), [[-2.0], [-1.0], [0.0], [1.0], [2.0]]);
        assert_eq!(carried_out(Space::uniform_box(0.0, 0.3, 1), 2), [[0.0], [0.3]]);
    }

    #[test]
    fn every_combination_is_an_action() {
        let space = Space::Box { low: vec![-1.0, 0.0], high: vec![1.0, 10.0], shape: vec![2] };
        let expected = [[-1., 0.], [-1., 5.], [-1., 10.], [0., 0.], [0., 5.], [0., 10.], [1., 0.], [1., 5.], [1., 10.]];
        assert_eq!(carried_out(space, 3), expected);
    }

    #[test]
    fn what_cannot_be_made_discrete_is_refused() {
        let refused =
            |space: Space, levels| DiscretiseActions::new(Scripted::taking(space), levels).unwrap_err().to_string();
        let numbers = |len| Space::uniform_box(-1.0, 1.0, len);
        assert!(refused(numbers(1), 1).contains("`discretise_actions` is 1"));
        assert!(refused(numbers(1), 4097).contains("2 to 4096"));
        assert!(DiscretiseActions::new(Scripted::taking(numbers(12)), 2).is_ok());
        assert!(refused(numbers(13), 2).contains("cannot wrap the space"));
        assert!(refused(numbers(1000), 2).contains("more than 4096 actions"));
        assert!(refused(Space::discrete(3), 2).contains("cannot wrap the space"));
        assert!(refused(Space::uniform_box(0.0, f32::INFINITY, 1), 2).contains("finite bounds"));
    }
}
