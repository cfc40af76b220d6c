//! PPO: proximal policy optimisation, from scratch within a lifetime.
//!
//! Schulman et al. 2017 (*Proximal Policy Optimization Algorithms*, arXiv 1707.06347) learn several times from the same
//! steps, and keep the policy from moving far while they do. It is the human-made algorithm that a meta-learnt one has to
//! beat most often: here it lives the same lives, knows as little before them, and learns from the same rewards.
//!
//! Steps are remembered until there are `rollout` of them. Then, four times over, they are shuffled and cut into four
//! minibatches, and for each of these comes one step down
//!
//! ```text
//! mean of  - min(ρ A, clip(ρ, 1 - ε, 1 + ε) A)  -  c H  +  ½ · ½ (v - R)²          ρ = p(a) / p_then(a),  ε = 0.2
//! ```
//!
//! with A the advantage (`rollout.rs`; λ = 0.95), less its mean in the minibatch and divided by its deviation there, H
//! the entropy of the policy with c = 0.01, and R what the critic should have expected. All of this, and the networks of
//! 64 and 64 tanh units apart for actor and critic, is as in Huang et al. 2022, *The 37 Implementation Details of Proximal
//! Policy Optimization*, and their program, CleanRL's `ppo.py`; for boxes, c = 0 as in `ppo_continuous_action.py`.
//!
//! ## Differences from the source
//! - One environment instead of four: a life is lived once. A rollout of 128 steps is that of one of their four.
//! - The learning rate stays the same, because a player does not know how long it will live, and is 1e-3 instead of
//!   2.5e-4, because lives are short: thousands of steps instead of half a million.
//! - The critic's loss is not clipped, which has not been found to help (Andrychowicz et al. 2021, arXiv 2006.05990).
//! - Truncation is no termination (`rollout.rs`).
//! - Boxes: observations are not normalised. Rollouts, minibatches and epochs are those of discrete actions: 128 steps, 4 and
//!   4, where `ppo_continuous_action.py` has 2048, 32 and 10. A longer rollout can do better there: in the last tenth of
//!   10,000 steps on `PointRobot-v0` an episode earns -37 with 128, -12 with 512, and -60 by chance (means of six lives); on
//!   `Pendulum-v1` there is no difference.
//!
//! The last steps of a life, short of a full rollout, teach nothing; a life of fewer steps than one rollout is played by chance
//! alone. Give a smaller `rollout` there.

use super::actor_critic::{Assessment, Life, PolicyGradientConfig};
use crate::learner::{Learner, Unable};
use rand::RngExt;
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// λ of the advantages.
const LAMBDA: f32 = 0.95;
/// How often a rollout is learnt from.
const EPOCHS: usize = 4;
/// Minibatches in an epoch.
const MINIBATCHES: usize = 4;
/// How far a probability may move, as a share of itself, before there is nothing more to gain.
const CLIP: f32 = 0.2;
/// Weight of the entropy of discrete actions.
const ENTROPY: f32 = 0.01;
/// Weight of the critic's loss.
const VALUE: f32 = 0.5;

/// A player that learns by PPO while it lives.
pub struct Ppo {
    config: PolicyGradientConfig,
    life: Option<Life>,
    /// The remembered steps, in the order in which they are learnt from.
    order: Vec<usize>,
}

impl Ppo {
    /// The settings that it has where nobody says otherwise.
    pub fn defaults() -> PolicyGradientConfig {
        PolicyGradientConfig { learning_rate: 1e-3, hidden: 64, rollout: 128 }
    }

    /// A player with these settings.
    pub fn new(config: PolicyGradientConfig) -> Self {
        Ppo { config, life: None, order: Vec::new() }
    }
}

impl Learner for Ppo {
    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        self.life = Some(Life::begin(&self.config, observation, action, rng)?);
        self.order = (0..self.config.rollout).collect();
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let life = self.life.as_mut().ok_or_else(|| Unable("no life has begun".into()))?;
        if life.rollout.is_full() {
            let next_value = life.model.value(percept.observation);
            life.rollout.judge(next_value, LAMBDA);
            learn(life, &mut self.order, self.config.learning_rate, rng);
            life.rollout.clear();
        }
        life.act(percept, rng)
    }

    fn feedback(&mut self, feedback: &Feedback) {
        if let Some(life) = &mut self.life {
            life.rollout.feedback(feedback);
        }
    }
}

/// Some epochs of minibatches over the rollout.
fn learn(life: &mut Life, order: &mut [usize], learning_rate: f32, rng: &mut Rng) {
    for _ in 0..EPOCHS {
        for place in (1..order.len()).rev() {
            order.swap(place, rng.random_range(0..=place as u64) as usize);
        }
        for batch in 0..MINIBATCHES {
            let steps = batch * order.len() / MINIBATCHES..(batch + 1) * order.len() / MINIBATCHES;
            add_gradient(life, &order[steps]);
            life.model.descend(learning_rate);
        }
    }
}

/// Adds the gradient of the mean loss over these steps, and returns that loss.
fn add_gradient(life: &mut Life, steps: &[usize]) -> f32 {
    let Life { model, rollout } = life;
    let share = 1.0 / steps.len() as f32;
    let entropy_weight = if model.is_continuous() { 0.0 } else { ENTROPY };
    let (mean, deviation) = mean_and_deviation(steps.iter().map(|&step| rollout.advantages[step]));
    let mut loss = 0.0;
    for &step in steps {
        let (observation, choice) = rollout.step(step);
        let now = model.assess(observation, choice);
        let advantage = (rollout.advantages[step] - mean) / (deviation + 1e-8);
        let ratio = libm::expf(now.log_probability - rollout.log_probabilities[step]);
        let clipped = ratio.clamp(1.0 - CLIP, 1.0 + CLIP);
        let (gain, off) = ((ratio * advantage).min(clipped * advantage), now.value - rollout.returns[step]);
        loss += share * (VALUE * 0.5 * off * off - gain - entropy_weight * now.entropy);
        // The derivative of ρ by ln p(a) is ρ. Where the clipped product is the lesser one, nothing depends on ρ.
        let moves = ratio * advantage <= clipped * advantage;
        let by = Assessment {
            log_probability: if moves { -share * ratio * advantage } else { 0.0 },
            entropy: -share * entropy_weight,
            value: share * VALUE * off,
        };
        model.backward(observation, choice, by);
    }
    loss
}

/// Mean and standard deviation, the latter of a sample.
fn mean_and_deviation(numbers: impl ExactSizeIterator<Item = f32> + Clone) -> (f32, f32) {
    let count = numbers.len() as f32;
    let mean = numbers.clone().sum::<f32>() / count;
    let squares: f32 = numbers.map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::actor_critic::tests::{compare_with_finite_differences, remembered};
    use super::*;

    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        for action in [Space::discrete(3), Space::uniform_box(-1.0, 1.0, 2)] {
            let mut life = remembered(&action, 12);
            // Some ratios lie within the clip and some beyond it, on both sides.
            for (step, then) in life.rollout.log_probabilities.iter_mut().enumerate() {
                *then += [0.05, 0.5, -0.5, -0.1][step % 4];
            }
            let steps: Vec<usize> = (0..12).collect();
            compare_with_finite_differences(&mut life, |life| add_gradient(life, &steps));
        }
    }

    #[test]
    fn a_probability_that_has_moved_far_enough_moves_no_further() {
        // What was good is likelier by `further`, what was bad as much less likely, than when it was done.
        let moved = |further: f32| {
            let mut life = remembered(&Space::uniform_box(-1.0, 1.0, 1), 8);
            let rollout = &mut life.rollout;
            for (step, advantage) in [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0].into_iter().enumerate() {
                rollout.advantages[step] = advantage;
                rollout.log_probabilities[step] -= advantage * further;
            }
            let gains = |Life { model, rollout }: &mut Life| -> f32 {
                let gain = |step| {
                    let (observation, choice) = rollout.step(step);
                    model.assess(observation, choice).log_probability * rollout.advantages[step]
                };
                (0..8).map(gain).sum()
            };
            let before = gains(&mut life);
            add_gradient(&mut life, &[0, 1, 2, 3, 4, 5, 6, 7]);
            life.model.descend(1e-3);
            gains(&mut life) - before
        };
        assert!(moved(0.0) > 1e-3 && moved(0.15) > 1e-3, "{} {}", moved(0.0), moved(0.15));
        assert_eq!(moved(0.3), 0.0);
    }
}
