//! Posterior sampling: draw a process that might be the true one, and play it as if it were.
//!
//! Before each episode a process is drawn from the posterior, solved, and its best policy followed to the end of the
//! episode. What is little known is drawn now better and now worse than it is, and when better it is tried; so the
//! player explores as much as there is doubt, and for a whole episode at a time, which steps of chance would undo. The idea
//! is Thompson's (1933) for bandits, Strens' (2000, "A Bayesian framework for reinforcement learning") for processes, and
//! Osband, Russo & Van Roy (2013, arXiv 1306.0940) have shown what it costs at most.
//!
//! With the priors of all [planners](super::planner), and n(s, a) the number of times, the posterior to draw from is
//!
//! ```text
//! p(. | s, a) ~ Dirichlet(1 + n(s, a, .)),   r(s, a) ~ N((1 + sum of rewards) / (1 + n(s, a)), 1 / (1 + n(s, a))).
//! ```
//!
//! A Dirichlet draw is one of a Gamma variable for each state, divided by their sum.

use super::planner::{Model, expected_reward};
use super::tabular::Experience;
use rand::RngExt;
use rand_distr::{Distribution, Gamma, StandardNormal};
use vsml_envs::Rng;

/// Posterior sampling for reinforcement learning: a draw from the posterior.
#[derive(Clone, Debug, Default)]
pub struct Psrl {
    /// For each pair, the probability of each state and of the end.
    probabilities: Vec<f64>,
    rewards: Vec<f64>,
}

impl Model for Psrl {
    const NAME: &'static str = "PSRL";

    fn begin(&mut self, experience: &Experience) {
        for (numbers, len) in [
            (&mut self.probabilities, experience.pairs() * (experience.states() + 1)),
            (&mut self.rewards, experience.pairs()),
        ] {
            numbers.clear();
            numbers.resize(len, 0.0);
        }
    }

    fn update(&mut self, experience: &Experience, rng: &mut Rng) {
        let states = experience.states();
        let rows = self.probabilities.chunks_exact_mut(states + 1);
        for (pair, (row, reward)) in rows.zip(&mut self.rewards).enumerate() {
            for (outcome, (probability, count)) in row.iter_mut().zip(experience.followed(pair)).enumerate() {
                let weight = if outcome < states { 1.0 + count } else { *count };
                // Only the weight 0 of an end that was never seen is none of a Gamma distribution.
                *probability = Gamma::new(weight, 1.0).map_or(0.0, |gamma| gamma.sample(rng));
            }
            let sum: f64 = row.iter().sum();
            row.iter_mut().for_each(|probability| *probability /= sum);
            let doubt = 1.0 / (1.0 + experience.taken(pair));
            *reward = expected_reward(experience, pair) + doubt.sqrt() * rng.sample::<f64, _>(StandardNormal);
        }
    }

    fn action_value(&mut self, experience: &Experience, pair: usize, values: &[f64]) -> f64 {
        let outcomes = experience.states() + 1;
        let row = &self.probabilities[pair * outcomes..][..outcomes];
        self.rewards[pair] + row.iter().zip(values).map(|(probability, value)| probability * value).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::{Feedback, Percept, stream};

    #[test]
    fn draws_have_the_mean_and_the_spread_of_the_posterior() {
        let mut experience = Experience::default();
        experience.begin(2, 1);
        // From the first state: twice to the second, once to the end; rewards 2, 0 and 3.
        for (state, reward, terminated) in
            [(0, 2.0, false), (1, 0.0, true), (0, 0.0, false), (1, 0.0, true), (0, 3.0, true)]
        {
            let observation = if state == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
            experience.perceive(&Percept { observation: &observation, episode_begins: false }).unwrap();
            experience.act(state, 0);
            experience.feedback(&Feedback { reward, terminated, truncated: false, target: None });
        }
        let (mut model, mut rng) = (Psrl::default(), stream(1, "psrl", &[]));
        model.begin(&experience);
        let draws: Vec<[f64; 4]> = (0..20_000)
            .map(|_| {
                model.update(&experience, &mut rng);
                let row = &model.probabilities[..3];
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                [row[0], row[1], row[2], model.rewards[0]]
            })
            .collect();
        let moment = |which: usize, power: i32, about: f64| {
            draws.iter().map(|draw| (draw[which] - about).powi(power)).sum::<f64>() / draws.len() as f64
        };
        // Dirichlet(1, 3, 1), and a normal distribution around (1 + 5) / 4 with variance 1 / 4.
        for (which, mean, variance) in
            [(0, 0.2, 4.0 / 150.0), (1, 0.6, 6.0 / 150.0), (2, 0.2, 4.0 / 150.0), (3, 1.5, 0.25)]
        {
            let found = (moment(which, 1, 0.0), moment(which, 2, mean));
            let error = (variance / 20_000f64).sqrt();
            assert!((found.0 - mean).abs() < 4.0 * error, "{which}: mean {} of {mean}", found.0);
            assert!((found.1 / variance - 1.0).abs() < 0.05, "{which}: variance {} of {variance}", found.1);
        }
        // Nothing is known of the second state but its ends: no end was expected in the prior.
        assert_eq!(experience.followed(1), [0.0, 0.0, 2.0]);
    }
}
