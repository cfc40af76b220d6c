//! Two arms that change places, seldom or often.
//!
//! How often is part of the task: a good player learns how fast to learn. Arms change with the pulls, and a reset does not
//! put them back: the task goes on.

use super::bars;
use crate::picture::Picture;
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

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
        super::check_probability("better", self.better)?;
        super::check_probability("low", self.low)?;
        super::check_probability("high", self.high)
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
        let family = VolatileBandits { high: Span::between(0.5, 1.5), ..VolatileBandits::default() };
        assert!(family.check().unwrap_err().contains("`high` is 0.5..1.5"));
    }
}
