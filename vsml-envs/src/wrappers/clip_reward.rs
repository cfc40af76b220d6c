//! Keeps rewards within bounds.
//!
//! Where one reward in a thousand is a hundred times as large as the others, learning follows that one. Atari games are
//! learnt with rewards clipped to ±1 since Mnih et al. 2015, at the price of no longer being told which are worth more.

use super::{Span, WrapperError};
use crate::{Action, Environment, Rng, Step};

/// Pays the nearest number within bounds in place of each reward (Gymnasium's `ClipReward`).
///
/// What is expected of an action is no longer known: a clipped expectation is not the expectation of what is clipped. A
/// reward that is NaN or infinite stays what it is, so that whoever is responsible is found out.
#[derive(Clone, Debug)]
pub struct ClipReward<E> {
    inner: E,
    bounds: Span,
}

impl<E: Environment> ClipReward<E> {
    /// Clips `inner`'s rewards to `bounds`.
    ///
    /// # Errors
    /// If the bounds are one and the same number.
    pub fn new(inner: E, bounds: Span) -> Result<Self, WrapperError> {
        if bounds.low() == bounds.high() {
            let right = "two bounds are needed, as in -1..1, or all rewards would be the same";
            return Err(WrapperError::parameter("clip_reward", bounds, right));
        }
        Ok(ClipReward { inner, bounds })
    }
}

impl<E: Environment + Clone> Environment for ClipReward<E> {
    forward_to_inner!(observation_space, action_space, reset, target, picture);

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        if step.reward.is_finite() {
            Step { reward: step.reward.clamp(self.bounds.low(), self.bounds.high()), ..step }
        } else {
            step
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, rewards};
    use super::*;
    use crate::BernoulliBandit;

    #[test]
    fn no_finite_reward_lies_outside() {
        let inner = Scripted::paying(&[-7.0, -1.0, 0.25, 2.0, 100.0, f64::INFINITY]);
        let mut environment = ClipReward::new(inner, Span::between(-1.0, 2.0)).unwrap();
        assert_eq!(rewards(&mut environment), [-1.0, -1.0, 0.25, 2.0, 2.0, f64::INFINITY]);
        let mut broken = ClipReward::new(Scripted::paying(&[f64::NAN]), Span::between(-1.0, 2.0)).unwrap();
        assert!(rewards(&mut broken)[0].is_nan());
    }

    #[test]
    fn what_is_expected_is_no_longer_known() {
        let bandit = BernoulliBandit::new(vec![0.0, 1.0]).unwrap();
        assert_eq!(ClipReward::new(bandit, Span::between(0.0, 0.5)).unwrap().expected_rewards(), None);
    }

    #[test]
    fn one_bound_is_refused() {
        let refused = ClipReward::new(Scripted::paying(&[1.0]), Span::single(1.0)).unwrap_err().to_string();
        assert!(refused.contains("`clip_reward` is 1") && refused.contains("-1..1"), "{refused}");
    }
}
