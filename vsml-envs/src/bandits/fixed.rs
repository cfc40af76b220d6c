//! Bandits without luck: an arm always pays the same, and the question is only which.
//!
//! In [`SimpleBandits`], arms differ by a ladder of rewards. In [`InformativeArms`], one arm pays less than any other and
//! tells where the best one is, so that a good player gives up a reward for a piece of knowledge.

use super::bars;
use crate::picture::Picture;
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// One bandit whose arm `i` pays `rewards[i]`. The observation is the constant 1.
#[derive(Clone, Debug, PartialEq)]
struct FixedBandit {
    rewards: Vec<f64>,
    /// Standard deviation of what is added to a reward.
    noise: f64,
    /// Whether a pull is an episode.
    ends: bool,
}

impl Environment for FixedBandit {
    fn observation_space(&self) -> Space {
        Space::uniform_box(1.0, 1.0, 1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.rewards.len())
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 1.0;
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        observation[0] = 1.0;
        let noise = if self.noise > 0.0 { self.noise * rng.sample::<f64, _>(StandardNormal) } else { 0.0 };
        Step { reward: self.rewards[action.index()] + noise, terminated: self.ends, truncated: false }
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.rewards)
    }

    fn picture(&self) -> Option<Picture> {
        let least = self.rewards.iter().copied().fold(0.0, f64::min);
        Some(bars(&self.rewards, (least, self.rewards.iter().copied().fold(least, f64::max))))
    }
}

/// Simple bandits: `SimpleBandit-v0`.
///
/// # Description
/// Arms that pay 0, 0.1 and so on up to 1, in an order that is the task.
///
/// # Action space
/// `Discrete(arms)`: which arm to pull.
///
/// # Observation space
/// `Box(1, 1, [1])`: the constant 1. There is nothing to see.
///
/// # Rewards
/// `scale` times a number from 0 to 1, plus a normal number of deviation `noise`.
///
/// # Starting state
/// None: a bandit has no state.
///
/// # Episode end
/// Terminated after each pull. Lifetimes are counted in steps, 100 by default.
///
/// # Arguments
/// `arms` (11), `scale` (1), `noise` (0): the fields below.
///
/// # Differences from the source
/// None that matters (bsuite, Osband et al. 2020, arXiv 1908.03568): its experiments `bandit`, `bandit_noise` and
/// `bandit_scale` are `noise` and `scale`, and the order, which it draws from a seed, is the task.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleBandits {
    /// Number of arms, 2 at least.
    pub arms: usize,
    /// What the best arm pays.
    pub scale: f64,
    /// Standard deviation of a reward.
    pub noise: f64,
}

impl Default for SimpleBandits {
    fn default() -> Self {
        SimpleBandits { arms: 11, scale: 1.0, noise: 0.0 }
    }
}

impl TaskDistribution for SimpleBandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let steps = (self.arms - 1) as f64;
        let mut rewards: Vec<f64> = (0..self.arms).map(|arm| self.scale * (arm as f64 / steps)).collect();
        rewards.shuffle(rng);
        Box::new(FixedBandit { rewards, noise: self.noise, ends: true })
    }
}

impl Family for SimpleBandits {
    fn check(&self) -> Result<(), String> {
        super::check_arms(self.arms)?;
        if self.arms < 2 {
            return Err(format!("`arms` is {}: a ladder of rewards has at least 2", self.arms));
        }
        if !self.scale.is_finite() {
            return Err(format!("`scale` is {}: it must be finite", self.scale));
        }
        super::check_noise(self.noise)
    }
}

/// Bandits with an informative arm: `InformativeArm-v0`.
///
/// # Description
/// One of the arms, drawn for each task, is the target and pays most. The last arm pays least of all, but what it pays tells
/// which is the target: a tenth of its number, counted from 1. All others pay alike.
///
/// # Action space
/// `Discrete(arms)`: which arm to pull.
///
/// # Observation space
/// `Box(1, 1, [1])`: the constant 1. There is nothing to see.
///
/// # Rewards
/// `target_reward` (5) for the target, `other_reward` (1.1) for the others, 0.1 to 1 for the informative arm.
///
/// # Starting state
/// None: a bandit has no state.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 5 by default. Asking first and pulling the target then makes 20.55 of the 25 that
/// who knows the target gets; trying the arms one after the other makes less.
///
/// # Arguments
/// The fields below. Where the informative arm stands is known unless `permute_actions` hides it.
///
/// # Differences from the source
/// None that is known (Wang et al. 2016, arXiv 1611.05763, as reproduced by others; the paper has not been compared). With
/// other than 11 arms the informative one pays the target's number divided by how many targets there may be.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InformativeArms {
    /// Number of arms, the informative one among them; 2 at least.
    pub arms: usize,
    /// What the target pays.
    pub target_reward: f64,
    /// What the arms pay that are neither the target nor informative.
    pub other_reward: f64,
}

impl Default for InformativeArms {
    fn default() -> Self {
        InformativeArms { arms: 11, target_reward: 5.0, other_reward: 1.1 }
    }
}

impl TaskDistribution for InformativeArms {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let others = self.arms - 1;
        let target = rng.random_range(0..others as u64) as usize;
        let mut rewards = vec![self.other_reward; others];
        rewards[target] = self.target_reward;
        rewards.push((target + 1) as f64 / others as f64);
        Box::new(FixedBandit { rewards, noise: 0.0, ends: false })
    }
}

impl Family for InformativeArms {
    fn check(&self) -> Result<(), String> {
        super::check_arms(self.arms)?;
        if self.arms < 2 {
            return Err(format!("`arms` is {}: a target and an informative arm are 2", self.arms));
        }
        match [("target_reward", self.target_reward), ("other_reward", self.other_reward)]
            .into_iter()
            .find(|(_, reward)| !reward.is_finite())
        {
            Some((name, reward)) => Err(format!("`{name}` is {reward}: a reward must be finite")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn rewards(family: &impl TaskDistribution, seed: u64) -> Vec<f64> {
        family.sample(&mut stream(seed, "fixed", &[])).expected_rewards().unwrap().to_vec()
    }

    #[test]
    fn a_simple_bandit_is_a_shuffled_ladder() {
        let mut firsts = [0; 11];
        for seed in 0..1100 {
            let mut rewards = rewards(&SimpleBandits::default(), seed);
            firsts[(rewards[0] * 10.0).round() as usize] += 1;
            rewards.sort_by(f64::total_cmp);
            assert!(rewards.iter().enumerate().all(|(arm, reward)| (reward - arm as f64 / 10.0).abs() < 1e-12));
        }
        assert!(firsts.iter().all(|count| (60..140).contains(count)), "{firsts:?}: standard deviation 9.5");
        let mut task = SimpleBandits { scale: 30.0, ..SimpleBandits::default() }.sample(&mut stream(0, "fixed", &[]));
        let best = task.expected_rewards().unwrap().iter().position(|reward| *reward == 30.0).unwrap();
        let step = task.step(Action::Discrete(best), &mut stream(0, "fixed", &[1]), &mut [0.0]);
        assert_eq!((step.reward, step.terminated), (30.0, true));
    }

    #[test]
    fn the_informative_arm_tells_where_the_target_is() {
        for seed in 0..100 {
            let rewards = rewards(&InformativeArms::default(), seed);
            assert_eq!(rewards.len(), 11);
            let told = (rewards[10] * 10.0).round() as usize - 1;
            assert_eq!(rewards.iter().filter(|reward| **reward == 1.1).count(), 9);
            assert_eq!(rewards[told], 5.0);
            assert!(rewards[10] < 1.1);
        }
        let asked = |seed| rewards(&InformativeArms::default(), seed)[10] + 4.0 * 5.0;
        let mean = (0..2000).map(asked).sum::<f64>() / 2000.0;
        assert!((mean - 20.55).abs() < 0.03, "{mean}: standard error 0.0064");
    }

    #[test]
    fn noise_is_added_where_asked_for() {
        let mut task = SimpleBandits { noise: 2.0, ..SimpleBandits::default() }.sample(&mut stream(0, "fixed", &[]));
        let expected = task.expected_rewards().unwrap()[3];
        let mut rng = stream(0, "fixed", &[2]);
        let mut pull = || task.step(Action::Discrete(3), &mut rng, &mut [0.0]).reward - expected;
        let square = (0..10_000).map(|_| pull().powi(2)).sum::<f64>() / 1e4;
        assert!((square - 4.0).abs() < 0.25, "{square}: standard error 0.057");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert!(SimpleBandits { arms: 1, ..SimpleBandits::default() }.check().unwrap_err().contains("`arms` is 1"));
        assert!(SimpleBandits { scale: f64::NAN, ..SimpleBandits::default() }.check().unwrap_err().contains("`scale`"));
        assert!(SimpleBandits { noise: -1.0, ..SimpleBandits::default() }.check().unwrap_err().contains("`noise`"));
        assert!(InformativeArms { arms: 1, ..InformativeArms::default() }.check().unwrap_err().contains("`arms` is 1"));
        let family = InformativeArms { other_reward: f64::INFINITY, ..InformativeArms::default() };
        assert!(family.check().unwrap_err().contains("`other_reward`"));
    }
}
