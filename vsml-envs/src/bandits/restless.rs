//! Bandits that do not stay as they are: what was the best arm will not be for ever.
//!
//! The means wander, slowly and all the time, whichever arm is pulled, so a good player looks again at arms it has left.
//! A reset does not put them back: the task goes on.

use super::bars;
use crate::picture::Picture;
use crate::registry::{Family, unread};
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// What an arm of a wandering mean pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pay {
    /// A normal number around the mean.
    #[default]
    Normal,
    /// 1 with the mean as probability, and else 0; the mean is thrown back at 0 and 1.
    Bernoulli,
}

/// One bandit whose means wander. Its page of the manual is that of [`RestlessBandits`].
#[derive(Clone, Debug)]
pub struct RestlessBandit {
    means: Vec<f64>,
    pay: Pay,
    decay: f64,
    centre: f64,
    diffusion: f64,
    noise: f64,
}

/// `x` thrown back at 0 and 1 as often as it takes.
fn reflected(x: f64) -> f64 {
    let folded = (x % 2.0).abs();
    if folded > 1.0 { 2.0 - folded } else { folded }
}

impl Environment for RestlessBandit {
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
        let mean = self.means[action.index()];
        let RestlessBandit { pay, decay, centre, diffusion, .. } = *self;
        let reward = match pay {
            Pay::Normal => mean + self.noise * rng.sample::<f64, _>(StandardNormal),
            Pay::Bernoulli => f64::from(u8::from(rng.random::<f64>() < mean)),
        };
        for mean in &mut self.means {
            *mean = decay * *mean + (1.0 - decay) * centre + diffusion * rng.sample::<f64, _>(StandardNormal);
            if pay == Pay::Bernoulli {
                *mean = reflected(*mean);
            }
        }
        Step::going_on(reward)
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.means)
    }

    fn picture(&self) -> Option<Picture> {
        let least = self.means.iter().copied().fold(0.0, f64::min);
        Some(bars(&self.means, (least, self.means.iter().copied().fold(1.0, f64::max))))
    }
}

/// Restless bandits: `RestlessBandit-v0`.
///
/// # Description
/// The mean of each arm wanders: with each pull it keeps `decay` of its distance from `centre` and has a normal number of
/// deviation `diffusion` added.
///
/// # Action space
/// `Discrete(arms)`: which arm to pull.
///
/// # Observation space
/// `Box(1, 1, [1])`: the constant 1. There is nothing to see.
///
/// # Rewards
/// With `pay=normal`, normal around the arm's mean with deviation `noise`; with `pay=bernoulli`, 1 with the mean as
/// probability and else 0.
///
/// # Starting state
/// Each mean uniform in `[0, 1]` when the task is drawn. A reset does not touch them.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 300 by default.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// The numbers are those of Daw et al. 2006 divided by 100, as simulations by others have them; the paper itself has not
/// been compared. Where its means start is not known here. `pay=bernoulli` is ours, after the drifting probabilities of Daw
/// et al. 2011, whose bounds are narrower than 0 and 1.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestlessBandits {
    /// Number of arms.
    pub arms: usize,
    /// What an arm pays.
    pub pay: Pay,
    /// How much of its distance from the centre a mean keeps, 0 to 1.
    pub decay: Span,
    /// Where means are drawn to, 0 to 1.
    pub centre: Span,
    /// Standard deviation of a mean's steps.
    pub diffusion: Span,
    /// Standard deviation of a normal reward.
    pub noise: Span,
}

impl Default for RestlessBandits {
    fn default() -> Self {
        RestlessBandits {
            arms: 4,
            pay: Pay::Normal,
            decay: Span::single(0.9836),
            centre: Span::single(0.5),
            diffusion: Span::single(0.028),
            noise: Span::single(0.04),
        }
    }
}

impl TaskDistribution for RestlessBandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(RestlessBandit {
            pay: self.pay,
            decay: self.decay.sample(rng),
            centre: self.centre.sample(rng),
            diffusion: self.diffusion.sample(rng),
            noise: self.noise.sample(rng),
            means: (0..self.arms).map(|_| rng.random()).collect(),
        })
    }
}

impl Family for RestlessBandits {
    fn check(&self) -> Result<(), String> {
        super::check_arms(self.arms)?;
        super::check_probability("decay", self.decay)?;
        super::check_probability("centre", self.centre)?;
        if self.diffusion.low() < 0.0 {
            return Err(format!("`diffusion` is {}: a standard deviation is not negative", self.diffusion));
        }
        if self.pay == Pay::Bernoulli {
            unread("noise", &self.noise, &RestlessBandits::default().noise, "pay=normal")?;
        }
        super::check_noise(self.noise.low())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn pull(task: &mut Box<dyn Environment>, arm: usize, rng: &mut Rng) -> f64 {
        task.step(Action::Discrete(arm), rng, &mut [0.0]).reward
    }

    #[test]
    fn means_wander_as_far_as_the_process_says() {
        let mut task =
            RestlessBandits { arms: 50, ..RestlessBandits::default() }.sample(&mut stream(0, "restless", &[]));
        let mut rng = stream(0, "restless", &[1]);
        let (mut sum, mut square, mut step_square) = (0.0, 0.0, 0.0);
        for step in 0..2000 {
            let before = task.expected_rewards().unwrap().to_vec();
            pull(&mut task, step % 50, &mut rng);
            for (before, after) in before.iter().zip(task.expected_rewards().unwrap()) {
                let surprise = after - (0.9836 * before + 0.0164 * 0.5);
                step_square += surprise * surprise / 1e5;
                sum += after / 1e5;
                square += (after - 0.5).powi(2) / 1e5;
            }
        }
        assert!((step_square.sqrt() - 0.028).abs() < 0.0005, "{}", step_square.sqrt());
        // In the long run a variance of 0.028^2 / (1 - 0.9836^2), which is a deviation of 0.155.
        assert!((sum - 0.5).abs() < 0.025 && (square.sqrt() - 0.155).abs() < 0.012, "{sum} {}", square.sqrt());
    }

    #[test]
    fn rewards_are_those_of_the_present_means() {
        for (pay, noise) in [(Pay::Normal, 0.04f64.powi(2)), (Pay::Bernoulli, 0.25)] {
            let mut task =
                RestlessBandits { pay, ..RestlessBandits::default() }.sample(&mut stream(0, "restless", &[]));
            let mut rng = stream(0, "restless", &[2]);
            let (mut bias, mut square) = (0.0, 0.0);
            for step in 0..10_000 {
                let mean = task.expected_rewards().unwrap()[step % 4];
                assert!(pay == Pay::Normal || (0.0..=1.0).contains(&mean));
                let surprise = pull(&mut task, step % 4, &mut rng) - mean;
                bias += surprise / 1e4;
                square += surprise * surprise / 1e4;
            }
            assert!(bias.abs() < 5.0 * (noise / 1e4).sqrt(), "{bias}");
            assert!(square < 1.1 * noise && square > 0.7 * noise, "{square} of at most {noise}");
        }
    }

    #[test]
    fn numbers_are_thrown_back_at_both_ends() {
        let near = |x: f64, y: f64| (reflected(x) - y).abs() < 1e-12;
        assert!(near(0.3, 0.3) && near(-0.3, 0.3) && near(1.2, 0.8) && near(2.5, 0.5) && near(-1.4, 0.6));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: RestlessBandits| family.check().unwrap_err();
        let negative = Span::between(-1.0, 1.0);
        assert!(refuse(RestlessBandits { decay: negative, ..RestlessBandits::default() }).contains("`decay` is -1..1"));
        assert!(refuse(RestlessBandits { centre: negative, ..RestlessBandits::default() }).contains("`centre`"));
        assert!(refuse(RestlessBandits { diffusion: negative, ..RestlessBandits::default() }).contains("`diffusion`"));
        assert!(refuse(RestlessBandits { noise: negative, ..RestlessBandits::default() }).contains("`noise`"));
        assert!(refuse(RestlessBandits { arms: 0, ..RestlessBandits::default() }).contains("`arms` is 0"));
    }
}
