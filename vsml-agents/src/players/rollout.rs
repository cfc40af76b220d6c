//! The steps that a policy gradient learns from, and how good what was done in them turned out to be.
//!
//! What was done is judged by how much better it turned out than the critic had expected. With v_t what it expects from step
//! t on, r_t the reward and γ the discount, the *advantage* of an action is (Schulman et al.
//! 2016, *High-Dimensional Continuous Control Using Generalized Advantage Estimation*, arXiv 1506.02438, equation 16)
//!
//! ```text
//! δ_t = r_t + γ v_{t+1} - v_t
//! A_t = δ_t + γ λ A_{t+1}            R_t = A_t + v_t
//! ```
//!
//! and R_t is what the critic should have expected. With λ = 1, R_t is the discounted sum of the rewards that came, and of
//! the critic's guess at those that are still to come where the rollout ends before the episode does.
//!
//! **Ends of episodes.** After the last step of an episode nothing is added to A. Where the episode *terminated* there is
//! nothing to come: v_{t+1} = 0. Where it was *truncated* it would have gone on, so the critic's guess belongs there; but a
//! learner is never shown the observation that an episode is cut off at, only the first one of the next, so the guess is v_t,
//! that of one step before. (CleanRL takes truncation for termination.)
//!
//! **Rewards in boxes** are divided by the deviation that the discounted sum of rewards has had so far, and cut off at ±10
//! (Huang et al. 2022, details for continuous actions 8 and 9; Gymnasium's `NormalizeReward`): control tasks pay in all
//! sizes. With discrete actions they are taken as they come.

use vsml_envs::Feedback;

/// Rewards a step later count this much of rewards now, as in CleanRL and nearly everywhere.
const DISCOUNT: f32 = 0.99;

/// Whether an episode ends with a step, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    GoesOn,
    Terminated,
    Truncated,
}

/// Steps that are remembered.
pub(super) struct Rollout {
    inputs: usize,
    choice_len: usize,
    len: usize,
    observations: Vec<f32>,
    choices: Vec<f32>,
    rewards: Vec<f32>,
    ends: Vec<End>,
    /// The logarithm of the probability that each choice had when it was made.
    pub log_probabilities: Vec<f32>,
    /// What the critic expected.
    values: Vec<f32>,
    pub advantages: Vec<f32>,
    /// What the critic should have expected.
    pub returns: Vec<f32>,
    /// If rewards count in deviations.
    reward_unit: Option<RewardUnit>,
}

impl Rollout {
    /// Room for so many steps; `scaled`: rewards count in deviations.
    pub fn new(steps: usize, inputs: usize, choice_len: usize, scaled: bool) -> Self {
        let zeros = |len| vec![0.0; len];
        Rollout {
            inputs,
            choice_len,
            len: 0,
            observations: zeros(steps * inputs),
            choices: zeros(steps * choice_len),
            rewards: zeros(steps),
            ends: vec![End::GoesOn; steps],
            log_probabilities: zeros(steps),
            values: zeros(steps),
            advantages: zeros(steps),
            returns: zeros(steps),
            reward_unit: scaled.then(RewardUnit::default),
        }
    }

    /// Remembers what was seen and expected, and returns the place for what is chosen. There must be room.
    pub fn push(&mut self, observation: &[f32], value: f32) -> &mut [f32] {
        let step = self.len;
        self.observations[step * self.inputs..][..self.inputs].copy_from_slice(observation);
        (self.values[step], self.rewards[step], self.ends[step]) = (value, 0.0, End::GoesOn);
        self.len += 1;
        &mut self.choices[step * self.choice_len..][..self.choice_len]
    }

    /// Remembers how likely the last choice was.
    pub fn set_log_probability(&mut self, log_probability: f32) {
        if let Some(step) = self.len.checked_sub(1) {
            self.log_probabilities[step] = log_probability;
        }
    }

    /// Remembers what came of the last choice.
    pub fn feedback(&mut self, feedback: &Feedback) {
        let Some(step) = self.len.checked_sub(1) else { return };
        let (reward, ended) = (feedback.reward, feedback.episode_ended());
        let in_units = self.reward_unit.as_mut().map(|unit| unit.measure(reward, ended));
        self.rewards[step] = in_units.unwrap_or(reward) as f32;
        self.ends[step] = match (feedback.terminated, feedback.truncated) {
            (true, _) => End::Terminated,
            (false, true) => End::Truncated,
            (false, false) => End::GoesOn,
        };
    }

    /// Steps that are remembered now.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no room for another step.
    pub fn is_full(&self) -> bool {
        self.len == self.ends.len()
    }

    /// Whether the last step that is remembered was the last of an episode.
    pub fn ends_with_episode(&self) -> bool {
        self.len > 0 && self.ends[self.len - 1] != End::GoesOn
    }

    /// Forgets all steps.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// What was seen and chosen at a step.
    pub fn step(&self, step: usize) -> (&[f32], &[f32]) {
        let observation = &self.observations[step * self.inputs..][..self.inputs];
        (observation, &self.choices[step * self.choice_len..][..self.choice_len])
    }

    /// Works out advantages and returns; `next_value` is what is expected after the last step if the episode goes on.
    pub fn judge(&mut self, next_value: f32, lambda: f32) {
        let (mut advantage, mut next_value) = (0.0, next_value);
        for step in (0..self.len).rev() {
            let value = self.values[step];
            match self.ends[step] {
                End::GoesOn => {}
                End::Terminated => (advantage, next_value) = (0.0, 0.0),
                End::Truncated => (advantage, next_value) = (0.0, value),
            }
            advantage = self.rewards[step] + DISCOUNT * next_value - value + DISCOUNT * lambda * advantage;
            self.advantages[step] = advantage;
            self.returns[step] = advantage + value;
            next_value = value;
        }
    }
}

/// The deviation of the discounted sum of all rewards of an episode up to a step.
#[derive(Default)]
struct RewardUnit {
    discounted: f64,
    count: f64,
    mean: f64,
    /// Sum of squared distances from the mean (Welford 1962).
    squares: f64,
}

impl RewardUnit {
    /// A reward in this unit.
    fn measure(&mut self, reward: f64, episode_ended: bool) -> f64 {
        self.discounted = f64::from(DISCOUNT) * self.discounted + reward;
        self.count += 1.0;
        let off = self.discounted - self.mean;
        self.mean += off / self.count;
        self.squares += off * (self.discounted - self.mean);
        if episode_ended {
            self.discounted = 0.0;
        }
        (reward / (self.squares / self.count + 1e-8).sqrt()).clamp(-10.0, 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advantages_are_those_on_paper() {
        let mut rollout = Rollout::new(8, 1, 1, false);
        for (value, reward, end) in
            [(1.0, 0.5, End::GoesOn), (2.0, -1.0, End::Terminated), (4.0, 1.0, End::Truncated), (8.0, 0.0, End::GoesOn)]
        {
            rollout.push(&[0.0], value);
            let (terminated, truncated) = (end == End::Terminated, end == End::Truncated);
            rollout.feedback(&Feedback { reward, terminated, truncated, target: None });
        }
        rollout.judge(10.0, 0.5);
        let terminated = -1.0 - 2.0;
        let expected =
            [0.5 + 0.99 * 2.0 - 1.0 + 0.99 * 0.5 * terminated, terminated, 1.0 + 0.99 * 4.0 - 4.0, 9.9 - 8.0];
        for (step, expected) in expected.into_iter().enumerate() {
            assert!((rollout.advantages[step] - expected).abs() < 1e-5, "{step}: {:?}", rollout.advantages);
            assert!((rollout.returns[step] - expected - rollout.values[step]).abs() < 1e-5);
        }
        // Nothing is expected, and λ is 1: returns are discounted sums of rewards.
        let mut rollout = Rollout::new(8, 1, 1, false);
        (0..3).for_each(|step| {
            rollout.push(&[0.0], step as f32);
            rollout.rewards[step] = 1.0;
        });
        rollout.ends[2] = End::Terminated;
        rollout.judge(99.0, 1.0);
        assert!((rollout.returns[0] - (1.0 + 0.99 + 0.99 * 0.99)).abs() < 1e-6, "{:?}", rollout.returns);
    }

    #[test]
    fn rewards_count_in_deviations_of_their_discounted_sum() {
        let mut unit = RewardUnit::default();
        assert_eq!(unit.measure(3.0, false), 10.0, "nothing is known of deviations yet");
        // Sums are 3, 0.99 · 3 - 1 = 1.97, and, after the end of the episode, 2; their variance is 0.2291.
        unit.measure(-1.0, true);
        let sums = [3.0, f64::from(DISCOUNT) * 3.0 - 1.0, 2.0];
        let mean = sums.iter().sum::<f64>() / 3.0;
        let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / 3.0;
        let found = unit.measure(2.0, false);
        assert!((found - 2.0 / variance.sqrt()).abs() < 1e-6 && (variance - 0.2291).abs() < 1e-4, "{found} {variance}");
    }
}
