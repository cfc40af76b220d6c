//! Bandits with something to see: which arm is the best depends on the inputs.
//!
//! The simplest tasks in which perceiving, acting and being paid have to be brought together. Feedback comes at once, so
//! they are the way in to tasks where it comes late.

use super::bars;
use crate::picture::Picture;
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// More weights than this are taken for a slip of the pen.
const MAX_WEIGHTS: usize = 1_000_000;

/// What an action pays, given a score for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// 1 for the action of the greatest score, 0 for the others.
    #[default]
    Best,
    /// The score of the action.
    Score,
}

/// One contextual bandit. Its page of the manual is that of [`ContextualBandits`].
#[derive(Clone, Debug)]
pub struct ContextualBandit {
    /// `weights[action * inputs + input]`.
    weights: Vec<f64>,
    inputs: Vec<f32>,
    expected: Vec<f64>,
    reward: Reward,
    noise: f64,
}

impl ContextualBandit {
    /// Draws the next inputs and shows them.
    fn observe(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inputs.iter_mut().for_each(|input| *input = rng.sample(StandardNormal));
        observation.copy_from_slice(&self.inputs);
        let scale = (self.inputs.len() as f64).sqrt();
        for (score, weights) in self.expected.iter_mut().zip(self.weights.chunks(self.inputs.len())) {
            let sum: f64 = weights.iter().zip(&self.inputs).map(|(weight, input)| weight * f64::from(*input)).sum();
            *score = sum / scale;
        }
        if self.reward == Reward::Best {
            let best = self.best();
            for (action, expected) in self.expected.iter_mut().enumerate() {
                *expected = if action == best { 1.0 - self.noise } else { self.noise };
            }
        }
    }

    /// The action of the greatest number in `expected`, the first of equals.
    fn best(&self) -> usize {
        let actions = 1..self.expected.len();
        actions.fold(0, |best, action| if self.expected[action] > self.expected[best] { action } else { best })
    }
}

impl Environment for ContextualBandit {
    fn observation_space(&self) -> Space {
        Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, self.inputs.len())
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.expected.len())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.observe(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let expected = self.expected[action.index()];
        let reward = match self.reward {
            Reward::Best => f64::from(u8::from(rng.random::<f64>() < expected)),
            Reward::Score => expected + self.noise * rng.sample::<f64, _>(StandardNormal),
        };
        self.observe(rng, observation);
        Step::going_on(reward)
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.expected)
    }

    fn picture(&self) -> Option<Picture> {
        let least = self.expected.iter().copied().fold(0.0, f64::min);
        let greatest = self.expected.iter().copied().fold(1.0, f64::max);
        Some(bars(&self.expected, (least, greatest)).with_caption("what each action pays for the inputs of now"))
    }
}

/// Contextual bandits: `ContextualBandit-v0`.
///
/// # Description
/// Each step shows new inputs, which are normal numbers. Each action has a weight for each input, and its score is the sum of
/// inputs times weights, divided by the root of the number of inputs. The weights, normal too, are the task.
///
/// # Action space
/// `Discrete(actions)`.
///
/// # Observation space
/// `Box([inputs])`: the inputs, unbounded.
///
/// # Rewards
/// With `reward=best`, 1 for the action of the greatest score and else 0; with probability `noise` it is the other way
/// round. With `reward=score`, the score, plus a normal number of deviation `noise`.
///
/// # Starting state
/// New inputs.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 200 by default.
///
/// # Arguments
/// The fields below. With two actions and `reward=best` the right action is the sign of a hidden linear function.
///
/// # Differences from the source
/// None: ours.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContextualBandits {
    /// How many inputs there are.
    pub inputs: usize,
    /// How many actions.
    pub actions: usize,
    /// What an action pays.
    pub reward: Reward,
    /// With `reward=best` the probability that a reward is the other way round, 0 to 0.5; with `reward=score` its standard
    /// deviation.
    pub noise: f64,
}

impl Default for ContextualBandits {
    fn default() -> Self {
        ContextualBandits { inputs: 4, actions: 2, reward: Reward::Best, noise: 0.0 }
    }
}

impl TaskDistribution for ContextualBandits {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(ContextualBandit {
            weights: (0..self.inputs * self.actions).map(|_| rng.sample(StandardNormal)).collect(),
            inputs: vec![0.0; self.inputs],
            expected: vec![0.0; self.actions],
            reward: self.reward,
            noise: self.noise,
        })
    }
}

impl Family for ContextualBandits {
    fn check(&self) -> Result<(), String> {
        for (name, count) in [("inputs", self.inputs), ("actions", self.actions)] {
            if count == 0 {
                return Err(format!("`{name}` is 0: at least 1 is needed"));
            }
        }
        if self.inputs.checked_mul(self.actions).is_none_or(|weights| weights > MAX_WEIGHTS) {
            let (inputs, actions) = (self.inputs, self.actions);
            return Err(format!(
                "`inputs` is {inputs} and `actions` {actions}: their product may be {MAX_WEIGHTS} at most"
            ));
        }
        super::check_noise(self.noise)?;
        if self.reward == Reward::Best && self.noise > 0.5 {
            return Err(format!("`noise` is {}: more than 0.5 would turn the rewards round", self.noise));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn bandit(reward: Reward, noise: f64) -> ContextualBandit {
        let weights = vec![2.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0];
        ContextualBandit { weights, inputs: vec![0.0; 4], expected: vec![0.0; 2], reward, noise }
    }

    #[test]
    fn rewards_follow_from_what_is_seen() {
        for reward in [Reward::Best, Reward::Score] {
            let mut bandit = bandit(reward, 0.0);
            let (mut rng, mut seen) = (stream(0, "contextual", &[]), [0.0f32; 4]);
            bandit.reset(&mut rng, &mut seen);
            for step in 0..200 {
                let scores = [2.0 * f64::from(seen[0]) / 2.0, (f64::from(seen[3]) - f64::from(seen[0])) / 2.0];
                let best = usize::from(scores[1] > scores[0]);
                let expected = [0, 1].map(|a| if reward == Reward::Score { scores[a] } else { f64::from(a == best) });
                let told = bandit.expected_rewards().unwrap();
                assert!((told[0] - expected[0]).abs() < 1e-12 && (told[1] - expected[1]).abs() < 1e-12);
                let action = step % 2;
                let paid = bandit.step(Action::Discrete(action), &mut rng, &mut seen).reward;
                assert!((paid - expected[action]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn noise_turns_some_rewards_round_or_is_added() {
        let (mut rng, mut seen) = (stream(0, "contextual", &[1]), [0.0f32; 4]);
        let mut surprise = |mut bandit: ContextualBandit| {
            bandit.reset(&mut rng, &mut seen);
            let mut square = 0.0;
            for _ in 0..10_000 {
                let action = bandit.best();
                let right = if bandit.reward == Reward::Best { 1.0 } else { bandit.expected[action] };
                square += (bandit.step(Action::Discrete(action), &mut rng, &mut seen).reward - right).powi(2) / 1e4;
            }
            square
        };
        let turned = surprise(bandit(Reward::Best, 0.2));
        assert!((turned - 0.2).abs() < 0.02, "{turned}: standard error 0.004");
        let variance = surprise(bandit(Reward::Score, 0.5));
        assert!((variance - 0.25).abs() < 0.015, "{variance}: standard error 0.0035");
    }

    #[test]
    fn inputs_are_normal_and_each_action_is_the_best_as_often() {
        let family = ContextualBandits { inputs: 3, actions: 4, ..ContextualBandits::default() };
        let (mut counts, mut square) = ([0; 4], 0.0);
        for index in 0..1000 {
            let mut task = family.sample(&mut stream(0, "contextual", &[2, index]));
            let mut seen = [0.0f32; 3];
            task.reset(&mut stream(0, "contextual", &[3, index]), &mut seen);
            counts[task.expected_rewards().unwrap().iter().position(|reward| *reward == 1.0).unwrap()] += 1;
            square += seen.iter().map(|x| f64::from(x * x)).sum::<f64>() / 3000.0;
        }
        assert!(counts.iter().all(|count| (195..305).contains(count)), "{counts:?}: standard deviation 14");
        assert!((square - 1.0).abs() < 0.12, "{square}: standard error 0.026");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: ContextualBandits| family.check().unwrap_err();
        assert!(refuse(ContextualBandits { inputs: 0, ..ContextualBandits::default() }).contains("`inputs` is 0"));
        assert!(refuse(ContextualBandits { actions: 0, ..ContextualBandits::default() }).contains("`actions` is 0"));
        assert!(refuse(ContextualBandits { actions: usize::MAX, ..ContextualBandits::default() }).contains("at most"));
        assert!(refuse(ContextualBandits { noise: 0.7, ..ContextualBandits::default() }).contains("`noise` is 0.7"));
        let score = ContextualBandits { noise: 0.7, reward: Reward::Score, ..ContextualBandits::default() };
        assert!(score.check().is_ok());
    }
}
