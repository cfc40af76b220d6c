//! Rewards of a size that fits any learner.
//!
//! Rewards are divided by the deviation of what they add up to, as it has been so far in this lifetime: a learner meets
//! rewards of about the same size in every task. The mean is not taken away, which would change what is worth doing.

use super::WrapperError;
use super::running_moments::RunningMoments;
use crate::{Action, Environment, Rng, Step};

/// Gymnasium's discount.
pub(super) const DISCOUNT: f64 = 0.99;

/// Pays `reward / sqrt(variance + 1e-8)`, where the variance is that of the discounted sum of rewards (Gymnasium's
/// `NormalizeReward`).
///
/// Statistics include the reward itself and go on over the episodes of a lifetime. As in Gymnasium, the sum forgets the
/// past in a step that terminates an episode, and in none that truncates it; and the first rewards of a lifetime, of which
/// there is no variance yet, come out large, up to a hundredfold. What is expected of an action is not known.
#[derive(Clone, Debug)]
pub struct NormaliseReward<E> {
    inner: E,
    discount: f64,
    discounted_sum: f64,
    moments: RunningMoments,
}

impl<E: Environment> NormaliseReward<E> {
    /// Normalises `inner`'s rewards by sums with this `discount`; Gymnasium's is 0.99.
    ///
    /// # Errors
    /// If the discount is not in `[0, 1]`.
    pub fn new(inner: E, discount: f64) -> Result<Self, WrapperError> {
        if !(0.0..=1.0).contains(&discount) {
            return Err(WrapperError::parameter("discount", discount, "it must lie in [0, 1]"));
        }
        Ok(NormaliseReward { inner, discount, discounted_sum: 0.0, moments: RunningMoments::new() })
    }
}

impl<E: Environment + Clone> Environment for NormaliseReward<E> {
    forward_to_inner!(observation_space, action_space, reset, target, picture);

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, observation);
        let past = if step.terminated { 0.0 } else { self.discounted_sum * self.discount };
        self.discounted_sum = past + step.reward;
        self.moments.add(self.discounted_sum);
        Step { reward: step.reward / self.moments.deviation(), ..step }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TimeLimit;
    use super::super::scripted::{Scripted, rewards};
    use super::*;

    /// `reward / sqrt(variance + 1e-8)`, where the variance is that of `sums` and of 0.0001 numbers of variance 1.
    fn normalised(reward: f64, sums: &[f64]) -> f64 {
        let total = sums.len() as f64 + 1e-4;
        let mean = sums.iter().sum::<f64>() / total;
        let square = (sums.iter().map(|x| x * x).sum::<f64>() + 1e-4) / total;
        reward / (square - mean * mean + 1e-8).sqrt()
    }

    fn agree(one: &[f64], other: &[f64]) {
        let close = one.len() == other.len() && one.iter().zip(other).all(|(a, b)| (a / b - 1.0).abs() < 1e-8);
        assert!(close, "{one:?} {other:?}");
    }

    #[test]
    fn rewards_are_divided_by_the_deviation_of_discounted_sums() {
        let mut environment = NormaliseReward::new(Scripted::paying(&[1.0, 3.0, 2.0]), 0.5).unwrap();
        // 1; 0.5 * 1 + 3; the last step terminates, and its sum is its reward.
        let sums = [1.0, 3.5, 2.0, 1.0 + 0.5 * 2.0];
        let expected = [normalised(1.0, &sums[..1]), normalised(3.0, &sums[..2]), normalised(2.0, &sums[..3])];
        agree(&rewards(&mut environment), &expected);
        let next = rewards(&mut environment)[0];
        agree(&[next], &[normalised(1.0, &sums)]); // the next episode knows what was before
    }

    #[test]
    fn an_episode_that_is_cut_off_is_not_forgotten() {
        let mut environment = NormaliseReward::new(TimeLimit::new(Scripted::paying(&[1.0, 3.0, 2.0]), 1), 0.5).unwrap();
        rewards(&mut environment);
        agree(&rewards(&mut environment), &[normalised(1.0, &[1.0, 1.5])]);
    }

    #[test]
    fn rewards_of_any_size_come_out_alike() {
        let script = |unit: f64| (0..1000).map(|i| unit * f64::from(i % 7 - 3)).collect::<Vec<f64>>();
        let paid = |unit: f64| {
            rewards(&mut NormaliseReward::new(Scripted::paying(&script(unit)), DISCOUNT).unwrap()).split_off(900)
        };
        for (small, large) in paid(0.1).into_iter().zip(paid(1000.0)) {
            assert!((small - large).abs() < 0.05, "{small} {large}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for discount in [-0.1, 1.1, f64::NAN] {
            assert!(NormaliseReward::new(Scripted::paying(&[1.0]), discount).is_err());
        }
    }
}
