//! REINFORCE with a baseline, from scratch within a lifetime.
//!
//! Williams 1992 (*Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning*, Machine
//! Learning 8): make what was done likelier by as much as it came out better than expected. It is the oldest and simplest
//! policy gradient, and the least that a learnt learning algorithm should beat.
//!
//! When an episode ends, each of its steps has come to a return R, the discounted sum of the rewards after it, and there is
//! one step down
//!
//! ```text
//! mean of  - (R - v) ln p(a)  +  ½ · ½ (v - R)²
//! ```
//!
//! where v, the baseline, is what a second network expects of what is seen (Sutton & Barto 2018, *Reinforcement Learning*,
//! section 13.4). The baseline changes what the gradient is expected to be by nothing and its noise by much. Networks, Adam
//! and the length of gradients are those of [`Ppo`](super::Ppo), so that the two differ in their rules alone: one look at
//! each step instead of four, whole episodes instead of rollouts, no clip, no normalisation, no entropy.
//!
//! ## Differences from the source
//! - Williams's baseline is a running mean of rewards, or nothing; his steps are those of plain gradient ascent.
//! - The discount weighs the rewards after a step, but not the step itself by γ^t, as nearly nobody does.
//! - An episode that is longer than `rollout` is learnt from whenever so many steps have been lived, with the baseline in
//!   place of what is still to come. Some tasks here have one endless episode.
//! - The learning rate of 3e-3 is more than PPO's, because there is one step where PPO takes sixteen.
//!
//! In boxes it is a weak player: on `PointRobot-v0` it ends below chance, on `Pendulum-v1` it is barely above it after 50,000
//! steps.

use super::actor_critic::{Assessment, Life, PolicyGradientConfig};
use crate::learner::{Learner, Unable};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// Weight of the baseline's loss.
const VALUE: f32 = 0.5;

/// A player that learns by REINFORCE while it lives.
pub struct Reinforce {
    config: PolicyGradientConfig,
    life: Option<Life>,
}

impl Reinforce {
    /// The settings that it has where nobody says otherwise.
    pub fn defaults() -> PolicyGradientConfig {
        PolicyGradientConfig { learning_rate: 3e-3, hidden: 64, rollout: 512 }
    }

    /// A player with these settings.
    pub fn new(config: PolicyGradientConfig) -> Self {
        Reinforce { config, life: None }
    }
}

impl Learner for Reinforce {
    fn begin(&mut self, observation: &Space, action: &Space, rng: &mut Rng) -> Result<(), Unable> {
        self.life = Some(Life::begin(&self.config, observation, action, rng)?);
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let life = self.life.as_mut().ok_or_else(|| Unable("no life has begun".into()))?;
        if life.rollout.is_full() || life.rollout.ends_with_episode() {
            let next_value = life.model.value(percept.observation);
            life.rollout.judge(next_value, 1.0);
            add_gradient(life);
            life.model.descend(self.config.learning_rate);
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

/// Adds the gradient of the mean loss over the remembered steps, and returns that loss.
fn add_gradient(life: &mut Life) -> f32 {
    let Life { model, rollout } = life;
    let share = 1.0 / rollout.len() as f32;
    let mut loss = 0.0;
    for step in 0..rollout.len() {
        let (observation, choice) = rollout.step(step);
        let now = model.assess(observation, choice);
        let (advantage, off) = (rollout.advantages[step], now.value - rollout.returns[step]);
        loss += share * (VALUE * 0.5 * off * off - advantage * now.log_probability);
        let by = Assessment { log_probability: -share * advantage, entropy: 0.0, value: share * VALUE * off };
        model.backward(observation, choice, by);
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::super::actor_critic::tests::{compare_with_finite_differences, remembered};
    use super::*;

    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        for action in [Space::discrete(3), Space::uniform_box(-1.0, 1.0, 2)] {
            compare_with_finite_differences(&mut remembered(&action, 12), add_gradient);
        }
    }
}
