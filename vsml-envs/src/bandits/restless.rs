//! Bandits that do not stay as they are: what was the best arm will not be for ever.
//!
//! In [`RestlessBandits`] the means wander, slowly and all the time; in [`VolatileBandits`] two arms change places now and
//! then, and how often is part of the task, so that a good player learns how fast to learn. Arms move with each pull,
//! whichever arm is pulled, and a reset does not put them back: the task goes on.

use super::bars;
use crate::picture::Picture;
use crate::registry::Family;
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
    family: RestlessBandits,
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
        let RestlessBandits { pay, decay, centre, diffusion, noise, .. } = self.family;
        let reward = match pay {
            Pay::Normal => mean + noise * rng.sample::<f64, _>(StandardNormal),
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestlessBandits {
    /// Number of arms.
    pub arms: usize,
    /// What an arm pays.
    pub pay: Pay,
    /// How much of its distance from the centre a mean keeps, 0 to 1.
    pub decay: f64,
    /// Where means are drawn to, 0 to 1.
    pub centre: f64,
    /// Standard deviation of a mean's steps.
    pub diffusion: f64,
    /// Standard deviation of a normal reward.
    pub noise: f64,
}

impl Default for RestlessBandits {
    fn default() -> Self {
        RestlessBandits { arms: 4, pay: Pay::Normal, decay: 0.9836, centre: 0.5, diffusion: 0.028, noise: 0.04 }
    }
}

impl TaskDistribution for RestlessBandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let means = (0..self.arms).map(|_| rng.random()).collect();
        Box::new(RestlessBandit { means, family: *self })
    }
}

impl Family for RestlessBandits {
    fn check(&self) -> Result<(), String> {
        super::check_arms(self.arms)?;
        for (name, number) in [("decay", self.decay), ("centre", self.centre)] {
            if !(0.0..=1.0).contains(&number) {
                return Err(format!("`{name}` is {number}: it lies in 0..1"));
            }
        }
        if !self.diffusion.is_finite() || self.diffusion < 0.0 {
            let diffusion = self.diffusion;
            return Err(format!("`diffusion` is {diffusion}: a standard deviation is finite and not negative"));
        }
        super::check_noise(self.noise)
    }
}

/// One bandit of two arms that change places. Its page of the manual is that of [`VolatileBandits`].
#[derive(Clone, Debug)]
pub struct VolatileBandit {
    means: [f64; 2],
    volatility: f64,
}

impl Environment for VolatileBandit {
    fn observation_space(&self) -> Space {
        Space::uniform_box(1.0, 1.0, 1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 1.0;
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        observation[0] = 1.0;
        let reward = f64::from(u8::from(rng.random::<f64>() < self.means[action.index()]));
        if rng.random::<f64>() < self.volatility {
            self.means.swap(0, 1);
        }
        Step::going_on(reward)
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.means)
    }

    fn picture(&self) -> Option<Picture> {
        let caption = format!("the arms change places with probability {} a step", self.volatility);
        Some(bars(&self.means, (0.0, 1.0)).with_caption(caption))
    }
}

/// Volatile bandits: `VolatileBandit-v0`.
///
/// # Description
/// Two arms, one of which pays with probability `better` and the other with what that lacks to 1. With each pull they change
/// places with a probability that is low in half of the tasks and high in the others.
///
/// # Action space
/// `Discrete(2)`: which arm to pull.
///
/// # Observation space
/// `Box(1, 1, [1])`: the constant 1. There is nothing to see.
///
/// # Rewards
/// 1 or 0.
///
/// # Starting state
/// Either arm is the better one when the task is drawn. A reset does not touch them.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 100 by default.
///
/// # Arguments
/// The fields below. `low=0,high=0` makes arms that stay; equal spans make one kind of tasks.
///
/// # Differences from the source
/// Tasks of low and of high volatility are after Wang et al. 2016 (arXiv 1611.05763), who follow Behrens et al. 2007; the
/// numbers are ours.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolatileBandits {
    /// The probability that the better arm pays.
    pub better: Span,
    /// The probability of a change with each pull, in half of the tasks.
    pub low: Span,
    /// The probability of a change with each pull, in the other half.
    pub high: Span,
}

impl Default for VolatileBandits {
    fn default() -> Self {
        VolatileBandits { better: Span::single(0.8), low: Span::single(0.005), high: Span::single(0.05) }
    }
}

impl TaskDistribution for VolatileBandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let better = self.better.sample(rng);
        let (low, high) = (self.low.sample(rng), self.high.sample(rng));
        let volatility = if rng.random::<bool>() { high } else { low };
        let means = if rng.random::<bool>() { [better, 1.0 - better] } else { [1.0 - better, better] };
        Box::new(VolatileBandit { means, volatility })
    }
}

impl Family for VolatileBandits {
    fn check(&self) -> Result<(), String> {
        for (name, span) in [("better", self.better), ("low", self.low), ("high", self.high)] {
            if span.low() < 0.0 || span.high() > 1.0 {
                return Err(format!("`{name}` is {span}: a probability lies in 0..1"));
            }
        }
        Ok(())
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
    fn volatile_arms_change_places_as_often_as_said() {
        let changes = |volatility: f64| {
            let span = Span::single(volatility);
            let family = VolatileBandits { low: span, high: span, ..VolatileBandits::default() };
            let mut task = family.sample(&mut stream(0, "volatile", &[]));
            let mut rng = stream(0, "volatile", &[1]);
            let mut count = 0;
            for _ in 0..10_000 {
                let before = task.expected_rewards().unwrap()[0];
                pull(&mut task, 0, &mut rng);
                count += u32::from(task.expected_rewards().unwrap()[0] != before);
            }
            count
        };
        assert_eq!(changes(0.0), 0);
        assert!((410..590).contains(&changes(0.05)), "500 expected, standard deviation 22");
        assert_eq!(changes(1.0), 10_000);
    }

    #[test]
    fn half_of_the_tasks_are_volatile_and_either_arm_is_the_better() {
        let family = VolatileBandits::default();
        let (mut volatile, mut first) = (0, 0);
        for index in 0..1000 {
            let task = family.sample(&mut stream(0, "volatile", &[2, index]));
            volatile += u32::from(task.picture().unwrap().caption.contains("0.05 "));
            first += u32::from(task.expected_rewards().unwrap()[0] == 0.8);
        }
        assert!((430..570).contains(&volatile) && (430..570).contains(&first), "{volatile} {first}: deviation 16");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: RestlessBandits| family.check().unwrap_err();
        assert!(refuse(RestlessBandits { decay: 1.1, ..RestlessBandits::default() }).contains("`decay` is 1.1"));
        assert!(refuse(RestlessBandits { centre: f64::NAN, ..RestlessBandits::default() }).contains("`centre`"));
        assert!(refuse(RestlessBandits { diffusion: -1.0, ..RestlessBandits::default() }).contains("`diffusion`"));
        assert!(refuse(RestlessBandits { noise: f64::INFINITY, ..RestlessBandits::default() }).contains("`noise`"));
        assert!(refuse(RestlessBandits { arms: 0, ..RestlessBandits::default() }).contains("`arms` is 0"));
        let family = VolatileBandits { high: Span::between(0.5, 1.5), ..VolatileBandits::default() };
        assert!(family.check().unwrap_err().contains("`high` is 0.5..1.5"));
    }
}
