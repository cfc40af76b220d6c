//! Gives a task's rewards a unit of their own.
//!
//! A reward of 10 means nothing by itself: what counts is whether it is more than what else can be had. One factor and one
//! offset for each task stand for that; a negative factor makes a task in which what was good is bad.

use super::expected::Expected;
use super::{Span, WrapperError};
use crate::{Action, Environment, Rng, Step};

/// Pays `reward * scale + shift` in place of each reward. Expected rewards are told likewise.
#[derive(Clone, Debug)]
pub struct AffineReward<E> {
    inner: E,
    scale: f64,
    shift: f64,
    expected: Expected,
}

impl<E: Environment> AffineReward<E> {
    /// Scales and shifts `inner`'s rewards.
    ///
    /// # Errors
    /// If a number is NaN or infinite.
    pub fn new(inner: E, scale: f64, shift: f64) -> Result<Self, WrapperError> {
        for (name, value) in [("scale_reward", scale), ("shift_reward", shift)] {
            if !value.is_finite() {
                return Err(WrapperError::parameter(name, value, "a finite number is needed"));
            }
        }
        let expected = Expected::new(&inner.action_space());
        let mut wrapper = AffineReward { inner, scale, shift, expected };
        wrapper.refresh_expected_rewards();
        Ok(wrapper)
    }

    /// Draws the factor from `scale` and the offset from `shift`.
    ///
    /// # Errors
    /// None for any two spans; the type is that of [`AffineReward::new`].
    pub fn random(inner: E, scale: Span, shift: Span, rng: &mut Rng) -> Result<Self, WrapperError> {
        let (scale, shift) = (scale.sample(rng), shift.sample(rng));
        Self::new(inner, scale, shift)
    }

    fn refresh_expected_rewards(&mut self) {
        let (scale, shift) = (self.scale, self.shift);
        self.expected.refresh(self.inner.expected_rewards(), |inside, action| inside[action] * scale + shift);
    }
}

impl<E: Environment + Clone> Environment for AffineReward<E> {
    forward_to_inner!(observation_space, action_space, target, picture);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, observation);
        self.refresh_expected_rewards();
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        self.refresh_expected_rewards();
        Step { reward: step.reward * self.scale + self.shift, ..step }
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        self.expected.told()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, rewards};
    use super::*;
    use crate::{BernoulliBandit, stream};

    #[test]
    fn what_is_paid_and_what_is_expected_are_scaled_and_shifted() {
        let mut environment = AffineReward::new(Scripted::paying(&[1.0, -2.0, 0.0]), -3.0, 0.5).unwrap();
        assert_eq!(rewards(&mut environment), [-2.5, 6.5, 0.5]);
        assert_eq!(environment.expected_rewards(), None);
        let bandit = BernoulliBandit::new(vec![0.0, 0.25, 1.0]).unwrap();
        let environment = AffineReward::new(bandit, -2.0, 1.0).unwrap();
        assert_eq!(environment.expected_rewards(), Some(&[1.0, 0.5, -1.0][..]), "before the first reset, too");
    }

    #[test]
    fn expectations_that_change_are_told_as_they_are_now() {
        let inner = Scripted { expected: Some(vec![1.0, 2.0, 3.0]), ..Scripted::paying(&[0.0; 3]) };
        let mut environment = AffineReward::new(inner, 10.0, 0.0).unwrap();
        environment.inner.expected = Some(vec![4.0, 5.0, 6.0]);
        rewards(&mut environment);
        assert_eq!(environment.expected_rewards(), Some(&[40.0, 50.0, 60.0][..]));
        environment.inner.expected = None;
        rewards(&mut environment);
        assert_eq!(environment.expected_rewards(), None);
    }

    #[test]
    fn each_task_has_its_own_factor() {
        let mut rng = stream(0, "affine reward", &[]);
        let mut factor = || {
            let (scale, shift) = (Span::between(-1.0, 1.0), Span::single(0.0));
            AffineReward::random(Scripted::paying(&[1.0]), scale, shift, &mut rng).unwrap().scale
        };
        let drawn: Vec<f64> = (0..1000).map(|_| factor()).collect();
        let negative = drawn.iter().filter(|factor| **factor < 0.0).count();
        assert!((420..580).contains(&negative), "{negative}: 500 expected, standard deviation 16");
        assert!(drawn.iter().all(|factor| factor.abs() <= 1.0));
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = AffineReward::new(Scripted::paying(&[1.0]), f64::NAN, 0.0).unwrap_err().to_string();
        assert!(refused.contains("`scale_reward` is NaN"), "{refused}");
        assert!(AffineReward::new(Scripted::paying(&[1.0]), 1.0, f64::INFINITY).is_err());
    }
}
