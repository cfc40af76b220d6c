//! Bandits whose arms pay numbers, not just something or nothing.

use super::bars;
use super::rows::{Arm, BanditRows};
use crate::picture::Picture;
use crate::registry::{Family, unread};
use crate::vector::Batch;
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// One bandit whose arm `i` pays `means[i]` plus a normal number of its own deviation.
///
/// A pull draws one normal number whichever arm it is, so learners that pull the same arm have the same luck. The
/// observation is the constant 1, an episode never ends.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianBandit {
    means: Vec<f64>,
    deviations: Vec<f64>,
}

/// Arms without means or deviations that are finite, or of different numbers of both.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "a bandit of means {means:?} and deviations {deviations:?}: as many finite numbers are needed, no deviation negative"
)]
pub struct GaussianBanditError {
    /// The means.
    pub means: Vec<f64>,
    /// The deviations.
    pub deviations: Vec<f64>,
}

impl GaussianBandit {
    /// The bandit of these means and standard deviations.
    ///
    /// # Errors
    /// If there is no arm, there are not as many means as deviations, or one is not finite or a deviation negative.
    pub fn new(means: Vec<f64>, deviations: Vec<f64>) -> Result<Self, GaussianBanditError> {
        let finite = means.iter().chain(&deviations).all(|number| number.is_finite());
        let fits = !means.is_empty() && means.len() == deviations.len() && deviations.iter().all(|x| *x >= 0.0);
        if finite && fits {
            Ok(GaussianBandit { means, deviations })
        } else {
            Err(GaussianBanditError { means, deviations })
        }
    }
}

/// An arm that pays normal numbers.
#[derive(Clone, Copy)]
struct Normal {
    mean: f64,
    deviation: f64,
}

impl Arm for Normal {
    #[inline]
    fn pull(self, rng: &mut Rng) -> f64 {
        let luck: f64 = rng.sample(StandardNormal);
        self.mean + self.deviation * luck
    }
}

impl Environment for GaussianBandit {
    fn observation_space(&self) -> Space {
        Space::uniform_box(1.0, 1.0, 1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.means.len())
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 1.0;
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        observation[0] = 1.0;
        let (mean, deviation) = (self.means[action.index()], self.deviations[action.index()]);
        Step::going_on(Normal { mean, deviation }.pull(rng))
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.means)
    }

    fn picture(&self) -> Option<Picture> {
        let least = self.means.iter().copied().fold(0.0, f64::min);
        let greatest = self.means.iter().copied().fold(1.0, f64::max);
        Some(bars(&self.means, (least, greatest)))
    }
}

/// How the means of the arms are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// Each uniform in `[0, 1]`.
    #[default]
    Uniform,
    /// Each normal around `mean` with `deviation`.
    Normal,
    /// As `normal`, but for the first arm, which always pays exactly 0.
    SafeFirst,
}

/// Gaussian bandits: `GaussianBandit-v0` and `SafeArm-v0`.
///
/// # Description
/// A row of arms, each of which pays a normal number around a mean of its own. The means are the task. In `SafeArm-v0` the
/// first arm always pays 0 and the second mostly less, but not always: whether it is worth finding out depends on how long
/// life is and how much tasks differ.
///
/// # Action space
/// `Discrete(arms)`: which arm to pull.
///
/// # Observation space
/// `Box(1, 1, [1])`: the constant 1. There is nothing to see.
///
/// # Rewards
/// Normal.
///
/// # Starting state
/// None: a bandit has no state.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 100 by default; `time_limit` makes episodes.
///
/// # Arguments
/// The fields below. `SafeArm-v0` is `arms=2,means=safe-first,mean=-1,deviation=1,noise=0.1`.
///
/// # Differences from the source
/// Five arms with means in `[0, 1]` and a noise of 1 are a published port of the bandits of Duan et al. 2016 (arXiv
/// 1611.02779), which that paper does not have. `SafeArm-v0` is `GaussianBandit-misc` of gymnax, after Lange & Sprekeler
/// 2022; there the observation holds the last reward, the last action and the time, of which a learner here is told the
/// first two and not the third. Gymnax's `BernoulliBandit-misc` differs from `BernoulliBandit-v0:kind=easy` by the same.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GaussianBandits {
    /// Number of arms.
    pub arms: usize,
    /// How the means are drawn.
    pub means: Means,
    /// Mean of normal means.
    pub mean: f64,
    /// Standard deviation of normal means.
    pub deviation: f64,
    /// Standard deviation of a reward around its mean; each task draws one for all its arms.
    pub noise: Span,
}

impl Default for GaussianBandits {
    fn default() -> Self {
        GaussianBandits { arms: 5, means: Means::Uniform, mean: 0.0, deviation: 1.0, noise: Span::single(1.0) }
    }
}

impl GaussianBandits {
    /// The defaults of `SafeArm-v0`.
    pub fn safe_arm() -> Self {
        GaussianBandits { arms: 2, means: Means::SafeFirst, mean: -1.0, deviation: 1.0, noise: Span::single(0.1) }
    }
}

impl GaussianBandits {
    fn draw(&self, rng: &mut Rng) -> GaussianBandit {
        let noise = self.noise.sample(rng);
        let draw = |rng: &mut Rng| match self.means {
            Means::Uniform => rng.random(),
            Means::Normal | Means::SafeFirst => self.mean + self.deviation * rng.sample::<f64, _>(StandardNormal),
        };
        let mut bandit =
            GaussianBandit { means: (0..self.arms).map(|_| draw(rng)).collect(), deviations: vec![noise; self.arms] };
        if self.means == Means::SafeFirst {
            (bandit.means[0], bandit.deviations[0]) = (0.0, 0.0);
        }
        bandit
    }
}

impl TaskDistribution for GaussianBandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(self.draw(rng))
    }

    fn batch(&self, rngs: &mut [Rng]) -> Box<dyn Batch> {
        let arms = |GaussianBandit { means, deviations }: GaussianBandit| {
            means.into_iter().zip(deviations).map(|(mean, deviation)| Normal { mean, deviation }).collect()
        };
        Box::new(BanditRows::new(rngs.iter_mut().map(|rng| arms(self.draw(rng)))))
    }
}

impl Family for GaussianBandits {
    fn check(&self) -> Result<(), String> {
        super::check_arms(self.arms)?;
        if self.means == Means::Uniform {
            let GaussianBandits { mean, deviation, .. } = GaussianBandits::default();
            unread("mean", &self.mean, &mean, "means=normal")?;
            unread("deviation", &self.deviation, &deviation, "means=normal")?;
        }
        if !self.mean.is_finite() || !self.deviation.is_finite() || self.deviation < 0.0 {
            let (mean, deviation) = (self.mean, self.deviation);
            return Err(format!(
                "`mean` is {mean} and `deviation` {deviation}: both are finite, the second not negative"
            ));
        }
        super::check_noise(self.noise.low())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn moments(numbers: &[f64]) -> (f64, f64) {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        (mean, (numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / numbers.len() as f64).sqrt())
    }

    fn means(family: &GaussianBandits, arm: usize) -> Vec<f64> {
        let draw = |i| family.sample(&mut stream(0, "gaussian", &[i])).expected_rewards().unwrap()[arm];
        (0..4000).map(draw).collect()
    }

    #[test]
    fn rewards_are_normal_around_the_arms_mean() {
        let mut bandit = GaussianBandit::new(vec![-3.0, 2.0], vec![0.5, 0.0]).unwrap();
        let mut rng = stream(0, "gaussian", &[]);
        let rewards: Vec<f64> =
            (0..10_000).map(|_| bandit.step(Action::Discrete(0), &mut rng, &mut [0.0]).reward).collect();
        let (mean, deviation) = moments(&rewards);
        assert!(
            (mean + 3.0).abs() < 0.02 && (deviation - 0.5).abs() < 0.015,
            "{mean} {deviation}: standard error 0.005"
        );
        assert_eq!(bandit.step(Action::Discrete(1), &mut rng, &mut [0.0]).reward, 2.0);
    }

    #[test]
    fn means_are_drawn_as_asked_for() {
        let (mean, deviation) = moments(&means(&GaussianBandits::default(), 4));
        // Standard errors: 0.0046 and 0.002.
        assert!((mean - 0.5).abs() < 0.02 && (deviation - 12f64.sqrt().recip()).abs() < 0.01, "{mean} {deviation}");
        let family = GaussianBandits { means: Means::Normal, mean: 2.0, deviation: 3.0, ..GaussianBandits::default() };
        let (mean, deviation) = moments(&means(&family, 0));
        assert!((mean - 2.0).abs() < 0.2 && (deviation - 3.0).abs() < 0.14, "{mean} {deviation}");
    }

    #[test]
    fn the_safe_arm_is_safe_and_the_other_better_in_one_of_six_tasks() {
        let family = GaussianBandits::safe_arm();
        let mut task = family.sample(&mut stream(0, "gaussian", &[]));
        assert_eq!(task.step(Action::Discrete(0), &mut stream(1, "gaussian", &[]), &mut [0.0]).reward, 0.0);
        let better = means(&family, 1).iter().filter(|mean| **mean > 0.0).count();
        // A normal number around -1 is positive with probability 0.1587.
        assert!((540..730).contains(&better), "{better} of 4000: 635 expected, standard deviation 23");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(GaussianBandit::new(vec![], vec![]).is_err());
        assert!(GaussianBandit::new(vec![1.0], vec![-1.0]).is_err());
        assert!(GaussianBandit::new(vec![1.0], vec![]).is_err());
        assert!(GaussianBandit::new(vec![f64::NAN], vec![1.0]).unwrap_err().to_string().contains("NaN"));
        let refuse = |family: GaussianBandits| family.check().unwrap_err();
        assert!(refuse(GaussianBandits { arms: 0, ..GaussianBandits::default() }).contains("`arms` is 0"));
        let normal = GaussianBandits { means: Means::Normal, ..GaussianBandits::default() };
        assert!(refuse(GaussianBandits { deviation: -1.0, ..normal }).contains("`deviation` -1"));
        assert!(
            refuse(GaussianBandits { noise: Span::single(-1.0), ..GaussianBandits::default() }).contains("`noise`")
        );
    }
}
