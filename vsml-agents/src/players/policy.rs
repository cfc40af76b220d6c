//! What a policy network's outputs mean: a distribution over actions, its logarithms, and their derivatives.
//!
//! **Discrete actions**: the outputs z are logits, p = softmax(z), and
//!
//! ```text
//! ln p(a) = z_a - ln Σ exp z         d ln p(a) / d z_j = [j = a] - p_j
//! H = - Σ p ln p                     d H / d z_j = - p_j (ln p_j + H)
//! ```
//!
//! **Boxes**: each number of an action is normal around an output μ, with a deviation exp(s) that does not depend on what is
//! seen (Schulman et al. 2017; Huang et al. 2022, details for continuous actions 1 to 3):
//!
//! ```text
//! ln p(a) = Σ - (a - μ)² / (2 exp(2 s)) - s - ln √(2π)      d / d μ = (a - μ) exp(-2 s)     d / d s = (a - μ)² exp(-2 s) - 1
//! H = Σ s + ln √(2πe)                                                                       d H / d s = 1
//! ```
//!
//! where a counts in halves of the range of the box around its middle, and what lies beyond a bound is moved onto it for the
//! environment alone: the probability is that of the number drawn (CleanRL's `ClipAction`, which does not scale).

use crate::learner::Unable;
use crate::vsml::draw;
use rand::RngExt;
use rand_distr::StandardNormal;
use vsml_envs::{Action, Rng, Space};

/// ln √(2π)
const LN_ROOT_TAU: f32 = 0.918_938_5;

/// A family of distributions over the actions of a space, and the action last drawn.
pub(super) enum Policy {
    /// One of several actions.
    Categorical {
        /// Probability of each at the last call.
        probabilities: Vec<f32>,
        index: usize,
    },
    /// Numbers, each normally distributed.
    Gaussian {
        low: Vec<f32>,
        high: Vec<f32>,
        /// The numbers that the environment is given.
        numbers: Vec<f32>,
    },
}

impl Policy {
    /// For the actions of `space`.
    ///
    /// # Errors
    /// Neither discrete actions nor a box with finite bounds.
    pub fn of(space: &Space) -> Result<Self, Unable> {
        match space {
            Space::Discrete { n } => Ok(Policy::Categorical { probabilities: vec![0.0; *n], index: 0 }),
            Space::Box { low, high, .. } if low.iter().chain(high).all(|bound| bound.is_finite()) => {
                Ok(Policy::Gaussian { low: low.clone(), high: high.clone(), numbers: vec![0.0; low.len()] })
            }
            Space::Box { .. } => {
                Err(Unable("it needs to know how far continuous actions go: a box that is bounded".into()))
            }
            _ => Err(Unable("it needs discrete actions, or a box of numbers".into())),
        }
    }

    /// Outputs that the network must have.
    pub fn outputs(&self) -> usize {
        match self {
            Policy::Categorical { probabilities, .. } => probabilities.len(),
            Policy::Gaussian { numbers, .. } => numbers.len(),
        }
    }

    /// Numbers that a choice takes: the index of an action, or its numbers.
    pub fn choice_len(&self) -> usize {
        match self {
            Policy::Categorical { .. } => 1,
            Policy::Gaussian { numbers, .. } => numbers.len(),
        }
    }

    /// Logarithms of deviations that belong to the distribution; all begin at 0.
    pub fn log_deviations(&self) -> usize {
        match self {
            Policy::Categorical { .. } => 0,
            Policy::Gaussian { numbers, .. } => numbers.len(),
        }
    }

    /// Draws a choice and returns the logarithm of its probability.
    pub fn draw(&mut self, outputs: &[f32], log_deviations: &[f32], rng: &mut Rng, choice: &mut [f32]) -> f32 {
        match self {
            Policy::Categorical { probabilities, index } => {
                softmax(outputs, probabilities);
                *index = draw(probabilities, rng.random());
                choice[0] = *index as f32;
            }
            Policy::Gaussian { low, high, numbers } => {
                for (i, (number, chosen)) in numbers.iter_mut().zip(choice.iter_mut()).enumerate() {
                    let noise: f32 = rng.sample(StandardNormal);
                    *chosen = outputs[i] + libm::expf(log_deviations[i]) * noise;
                    let (middle, half) = (0.5 * low[i] + 0.5 * high[i], 0.5 * high[i] - 0.5 * low[i]);
                    *number = (middle + half * *chosen).clamp(low[i], high[i]);
                }
            }
        }
        self.assess(outputs, log_deviations, choice).0
    }

    /// The action that was last drawn.
    pub fn action(&self) -> Action<'_> {
        match self {
            Policy::Categorical { index, .. } => Action::Discrete(*index),
            Policy::Gaussian { numbers, .. } => Action::Continuous(numbers),
        }
    }

    /// The logarithm of the probability of `choice`, and the entropy, in nats.
    pub fn assess(&mut self, outputs: &[f32], log_deviations: &[f32], choice: &[f32]) -> (f32, f32) {
        match self {
            Policy::Categorical { probabilities, .. } => {
                let log_sum = softmax(outputs, probabilities);
                let entropy = probabilities.iter().zip(outputs).map(|(p, z)| p * (log_sum - z)).sum();
                (outputs[choice[0] as usize] - log_sum, entropy)
            }
            Policy::Gaussian { .. } => {
                let (mut log_probability, mut entropy) = (0.0, 0.0);
                for ((chosen, mean), s) in choice.iter().zip(outputs).zip(log_deviations) {
                    let off = (chosen - mean) * libm::expf(-s);
                    log_probability -= 0.5 * off * off + s + LN_ROOT_TAU;
                    entropy += s + LN_ROOT_TAU + 0.5;
                }
                (log_probability, entropy)
            }
        }
    }

    /// Loss by each output, and, added to `to_deviations`, by each logarithm of a deviation, given the loss by the logarithm
    /// of the probability of `choice` and by the entropy. Follows [`Policy::assess`] of the same.
    pub fn backward(
        &self,
        outputs: &[f32],
        log_deviations: &[f32],
        choice: &[f32],
        (by_log_probability, by_entropy): (f32, f32),
        errors: &mut [f32],
        to_deviations: &mut [f32],
    ) {
        match self {
            Policy::Categorical { probabilities, .. } => {
                let log = |p: f32| if p > 0.0 { libm::logf(p) } else { 0.0 };
                let entropy: f32 = probabilities.iter().map(|&p| -p * log(p)).sum();
                for (error, &p) in errors.iter_mut().zip(probabilities) {
                    *error = -by_log_probability * p - by_entropy * p * (log(p) + entropy);
                }
                errors[choice[0] as usize] += by_log_probability;
            }
            Policy::Gaussian { .. } => {
                for (i, error) in errors.iter_mut().enumerate() {
                    let precision = libm::expf(-2.0 * log_deviations[i]);
                    let off = choice[i] - outputs[i];
                    *error = by_log_probability * off * precision;
                    to_deviations[i] += by_log_probability * (off * off * precision - 1.0) + by_entropy;
                }
            }
        }
    }
}

/// Softmax, and the logarithm of the sum that it divides by.
fn softmax(logits: &[f32], probabilities: &mut [f32]) -> f32 {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (p, z) in probabilities.iter_mut().zip(logits) {
        *p = libm::expf(z - greatest);
        sum += *p;
    }
    probabilities.iter_mut().for_each(|p| *p /= sum);
    greatest + libm::logf(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::stream;

    #[test]
    fn logarithms_and_entropies_are_those_on_paper() {
        let mut policy = Policy::of(&Space::discrete(2)).unwrap();
        let (log_probability, entropy) = policy.assess(&[3f32.ln(), 0.0], &[], &[0.0]);
        assert!((log_probability - 0.75f32.ln()).abs() < 1e-6);
        assert!((entropy + 0.75 * 0.75f32.ln() + 0.25 * 0.25f32.ln()).abs() < 1e-6, "{entropy}");
        let mut policy = Policy::of(&Space::uniform_box(0.0, 2.0, 1)).unwrap();
        let (log_probability, entropy) = policy.assess(&[0.5], &[2f32.ln()], &[2.5]);
        // One deviation from the mean of a normal number of deviation 2.
        assert!((log_probability - (-0.5 - 2f32.ln() - 0.918_938_5)).abs() < 1e-6, "{log_probability}");
        assert!((entropy - (2f32.ln() + 1.418_938_5)).abs() < 1e-6, "{entropy}");
    }

    #[test]
    fn draws_follow_the_distribution_and_stay_in_the_box() {
        let mut rng = stream(1, "policy", &[]);
        let mut policy = Policy::of(&Space::uniform_box(2.0, 6.0, 1)).unwrap();
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..20_000 {
            let mut choice = [0.0];
            policy.draw(&[0.5], &[0.0], &mut rng, &mut choice);
            let Action::Continuous(numbers) = policy.action() else { panic!("a box has numbers") };
            let expected = (4.0 + 2.0 * choice[0]).clamp(2.0, 6.0);
            assert!((numbers[0] - expected).abs() < 1e-6 && (2.0..=6.0).contains(&numbers[0]));
            sum += f64::from(choice[0]);
            squares += f64::from(choice[0]).powi(2);
        }
        let mean = sum / 20_000.0;
        assert!((mean - 0.5).abs() < 0.03 && (squares / 20_000.0 - mean * mean - 1.0).abs() < 0.05, "{mean}");
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        for (space, choice) in
            [(Space::discrete(3), vec![1.0]), (Space::uniform_box(-1.0, 1.0, 3), vec![0.4, -0.9, 1.7])]
        {
            let mut policy = Policy::of(&space).unwrap();
            // The loss is 0.7 ln p(a) - 0.4 H.
            let by = (0.7, -0.4);
            let mut numbers = vec![0.3, -0.8, 0.5];
            numbers.extend(&[0.2, -0.3, 0.1][..policy.log_deviations()]);
            let mut loss = |numbers: &[f32]| {
                let (log_probability, entropy) = policy.assess(&numbers[..3], &numbers[3..], &choice);
                by.0 * log_probability + by.1 * entropy
            };
            let step = 1e-2;
            let slopes: Vec<f32> = (0..numbers.len())
                .map(|place| {
                    let [more, less] = [step, -step].map(|step| {
                        let mut moved = numbers.clone();
                        moved[place] += step;
                        loss(&moved)
                    });
                    (more - less) / (2.0 * step)
                })
                .collect();
            loss(&numbers);
            let (mut errors, mut to_deviations) = ([0.0; 3], vec![0.0; numbers.len() - 3]);
            policy.backward(&numbers[..3], &numbers[3..], &choice, by, &mut errors, &mut to_deviations);
            for (found, slope) in errors.iter().chain(&to_deviations).zip(&slopes) {
                assert!((found - slope).abs() < 1e-3, "{space:?}: {errors:?} {to_deviations:?} instead of {slopes:?}");
            }
        }
    }

    #[test]
    fn other_actions_are_refused() {
        for space in [Space::MultiBinary { n: 2 }, Space::uniform_box(f32::NEG_INFINITY, 1.0, 1)] {
            assert!(Policy::of(&space).is_err(), "{space:?}");
        }
    }
}
