//! Gives a task's observations an order of their own.
//!
//! A learner with fixed weights may know that the third number is the pole's angle; one that has to work on tasks it has
//! never seen must find out. Shuffling the numbers from task to task takes the short cut away. The table of a decision process
//! is not handed on: its states are not those that are seen.

use super::WrapperError;
use super::order::{permuted, random_order};
use crate::{Action, Environment, Rng, Space, Step};

/// Shows number `order[i]` of the inner observation at place `i`. Bounds of a box move along.
///
/// A discrete observation is permuted in its one-hot form: value `v` is seen as the place where `order` has `v`.
#[derive(Clone, Debug)]
pub struct PermuteObservations<E> {
    inner: E,
    order: Vec<usize>,
    space: Space,
    inner_observation: Vec<f32>,
}

impl<E: Environment> PermuteObservations<E> {
    /// Puts `inner`'s observations into `order`.
    ///
    /// # Errors
    /// If `order` is not one of as many places as the observation has numbers, or the space is a
    /// [`Space::MultiDiscrete`], whose one-hot groups would be torn apart.
    pub fn new(inner: E, order: Vec<usize>) -> Result<Self, WrapperError> {
        let space = permuted(&inner.observation_space(), &order, "PermuteObservations")?;
        let inner_observation = vec![0.0; order.len()];
        Ok(PermuteObservations { inner, order, space, inner_observation })
    }

    /// Draws an order; each is equally likely.
    ///
    /// # Errors
    /// As [`PermuteObservations::new`], but for the order.
    pub fn random(inner: E, rng: &mut Rng) -> Result<Self, WrapperError> {
        let order = random_order(inner.observation_space().flat_len(), rng);
        Self::new(inner, order)
    }

    fn show(&self, observation: &mut [f32]) {
        for (shown, &from) in observation.iter_mut().zip(&self.order) {
            *shown = self.inner_observation[from];
        }
    }
}

impl<E: Environment + Clone> Environment for PermuteObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, &mut self.inner_observation);
        self.show(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, &mut self.inner_observation);
        self.show(observation);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    /// Shows 10, 20, 30; bounds tell the three apart.
    #[derive(Clone)]
    struct Three;

    impl Environment for Three {
        fn observation_space(&self) -> Space {
            Space::Box { low: vec![1.0, 2.0, 3.0], high: vec![10.0, 20.0, f32::INFINITY], shape: vec![3] }
        }
        fn action_space(&self) -> Space {
            Space::discrete(1)
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation.copy_from_slice(&[10.0, 20.0, 30.0]);
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
            observation.copy_from_slice(&[1.0, 2.0, 3.0]);
            Step::going_on(0.5)
        }
    }

    #[test]
    fn numbers_and_bounds_move_together() {
        let mut rng = stream(0, "permute", &[]);
        let mut environment = PermuteObservations::new(Three, vec![2, 0, 1]).unwrap();
        let mut observation = [0.0; 3];
        environment.reset(&mut rng, &mut observation);
        assert_eq!(observation, [30.0, 10.0, 20.0]);
        let step = environment.step(Action::Discrete(0), &mut rng, &mut observation);
        assert_eq!((observation, step.reward), ([3.0, 1.0, 2.0], 0.5));
        let Space::Box { low, high, .. } = environment.observation_space() else { panic!("a box stays a box") };
        assert_eq!((low, high), (vec![3.0, 1.0, 2.0], vec![f32::INFINITY, 10.0, 20.0]));
    }

    #[test]
    fn every_order_is_drawn_about_equally_often() {
        let mut counts = std::collections::BTreeMap::new();
        let mut rng = stream(0, "permute", &[1]);
        for _ in 0..6000 {
            *counts.entry(PermuteObservations::random(Three, &mut rng).unwrap().order).or_insert(0) += 1;
        }
        // 1000 of each of the six; the standard deviation is 29.
        assert!(counts.len() == 6 && counts.values().all(|count| (880..1120).contains(count)), "{counts:?}");
    }

    #[test]
    fn what_is_no_order_is_refused() {
        assert!(matches!(PermuteObservations::new(Three, vec![0, 0, 1]), Err(WrapperError::Order { len: 3, .. })));
    }
}
