//! Augmented random search (Mania, Guy & Recht 2018, "Simple random search provides a competitive approach to reinforcement
//! learning", arXiv 1803.07055, version V1-t).
//!
//! Evolution strategies reduced to what is needed: antithetic pairs `theta ± deviation · eps_k`, fitness as it is, and a plain
//! step along the sum of differences. Two things are added. Only the best pairs are followed, those whose better member is
//! best, because a direction both of whose ends are bad says little. And the step is divided by the deviation of the fitness
//! that goes into it, so that it is as long at the beginning, when all is the same, as later:
//!
//! ```text
//! theta <- theta + learning_rate / (b · deviation of F) · sum over the b best pairs of (F+ - F-) eps
//! ```
//!
//! The paper's V2 normalises observations too; that would be part of the learner here, not of the optimizer.

use super::pairs::{perturbation, signed, valid};
use super::settings::{above_zero, count, decay, halved, refuse_unless, zero_or_more};
use super::{MetaOptimizer, OptimizerError, OptimizerState, Shaping};
use serde::{Deserialize, Serialize};

/// Settings of augmented random search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentedRandomSearchConfig {
    /// Antithetic pairs in a population; the population is twice as large. 1 to 1,000,000.
    pub pairs: usize,
    /// Share of the valid pairs that is followed, rounded down, one at least; above 0 and at most 1.
    pub top_share: f32,
    /// Standard deviation of the perturbations at the beginning; above 0.
    pub deviation: f32,
    /// After so many updates the deviation is half of what it was; 0: it stays.
    pub deviation_half_life: u64,
    /// Step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many updates the step size is half of what it was; 0: it stays.
    pub half_life: u64,
    /// Share of the meta-parameters that decays per unit of step size: they are multiplied by `1 - learning_rate ·
    /// weight_decay` in every generation. 0 or more.
    pub weight_decay: f32,
}

impl Default for AugmentedRandomSearchConfig {
    fn default() -> Self {
        AugmentedRandomSearchConfig {
            pairs: 128,
            top_share: 0.5,
            deviation: 0.05,
            deviation_half_life: 0,
            learning_rate: 0.025,
            half_life: 0,
            weight_decay: 0.0,
        }
    }
}

/// Augmented random search.
#[derive(Clone, Debug, PartialEq)]
pub struct AugmentedRandomSearch {
    config: AugmentedRandomSearchConfig,
    seed: u64,
    theta: Vec<f32>,
    updates: u64,
}

impl AugmentedRandomSearch {
    /// Begins at `theta`; perturbations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: AugmentedRandomSearchConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        count("pairs", config.pairs)?;
        let share = config.top_share;
        refuse_unless(share > 0.0 && share <= 1.0, "top_share", share, "above 0 and at most 1")?;
        above_zero("deviation", config.deviation)?;
        zero_or_more("learning_rate", config.learning_rate)?;
        zero_or_more("weight_decay", config.weight_decay)?;
        Ok(AugmentedRandomSearch { config, seed, theta, updates: 0 })
    }
}

impl MetaOptimizer for AugmentedRandomSearch {
    fn population(&self) -> usize {
        2 * self.config.pairs
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let deviation = halved(self.config.deviation, self.config.deviation_half_life, self.updates);
        let scale = signed(index, deviation);
        let perturbation = perturbation(self.seed, generation, index / 2, self.theta.len());
        self.theta.iter().zip(perturbation).map(|(x, eps)| x + scale * eps).collect()
    }

    fn paired(&self) -> bool {
        true
    }

    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let mut pairs = valid(fitness, Shaping::None);
        if pairs.is_empty() {
            return false;
        }
        // A stable order: of equals, the one with the lower number is followed.
        pairs.sort_by(|a, b| (b.plus.max(b.minus) + 0.0).total_cmp(&(a.plus.max(a.minus) + 0.0)));
        // As shares are written in decimals, .7 of 10 is 7, and not a little less.
        pairs.truncate(((pairs.len() as f64 * f64::from(self.config.top_share) + 1e-4) as usize).max(1));

        let count = 2.0 * pairs.len() as f64;
        let both = || pairs.iter().flat_map(|pair| [pair.plus, pair.minus]);
        let mean = both().map(|fitness| fitness / count).sum::<f64>();
        let deviation = both().map(|fitness| (fitness - mean).powi(2) / count).sum::<f64>().sqrt();
        let mut slope = vec![0.0; self.theta.len()];
        // Where there is no deviation there are no differences.
        for pair in pairs.iter().filter(|_| deviation > 0.0) {
            let weight = (pair.plus - pair.minus) / deviation / pairs.len() as f64;
            let perturbation = perturbation(self.seed, generation, pair.index, self.theta.len());
            slope.iter_mut().zip(perturbation).for_each(|(slope, eps)| *slope += weight * f64::from(eps));
        }
        let rate = halved(self.config.learning_rate, self.config.half_life, self.updates);
        let mut theta = self.theta.clone();
        decay(&mut theta, rate, self.config.weight_decay);
        for (x, slope) in theta.iter_mut().zip(slope) {
            *x = (f64::from(*x) + f64::from(rate) * slope) as f32;
        }
        if !deviation.is_finite() || !theta.iter().all(|x| x.is_finite()) {
            return false;
        }
        self.theta = theta;
        self.updates += 1;
        true
    }

    fn theta(&self) -> &[f32] {
        &self.theta
    }

    fn state(&self) -> OptimizerState {
        OptimizerState::of(&[("theta", &self.theta)], &[("updates", self.updates)])
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        (self.theta, self.updates) = (state.vector("theta", self.theta.len())?, state.counter("updates")?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(config: AugmentedRandomSearchConfig) -> AugmentedRandomSearch {
        AugmentedRandomSearch::new(config, 1, vec![0.0; 3]).unwrap()
    }

    #[test]
    fn it_follows_the_best_pairs_by_the_deviation_of_their_fitness() {
        let config =
            AugmentedRandomSearchConfig { pairs: 3, top_share: 0.67, learning_rate: 0.1, ..Default::default() };
        let mut optimizer = search(config);
        // The second pair is the worst by its better member, though its difference is the largest.
        assert!(optimizer.tell(0, &[3.0, 1.0, -1.0, -99.0, 0.0, 4.0]));
        let eps: Vec<Vec<f64>> =
            [0, 2].map(|pair| perturbation(1, 0, pair, 3).map(f64::from).collect::<Vec<_>>()).into();
        let deviation = (10.0f64 / 4.0).sqrt(); // of 3, 1, 0, 4
        for (x, (first, third)) in optimizer.theta.iter().zip(eps[0].iter().zip(&eps[1])) {
            let expected = 0.1 / (2.0 * deviation) * (2.0 * first - 4.0 * third);
            assert!((f64::from(*x) - expected).abs() < 1e-6, "{x} {expected}");
        }
    }

    #[test]
    fn the_unit_of_fitness_does_not_matter() {
        let (mut one, mut other) = (search(Default::default()), search(Default::default()));
        let fitness: Vec<f64> = (0..256).map(|index| f64::from((index * 37) % 101)).collect();
        one.tell(0, &fitness);
        other.tell(0, &fitness.iter().map(|fitness| 1024.0 * fitness).collect::<Vec<_>>());
        assert_eq!(one, other);
        assert!(one.tell(1, &[5.0; 256]), "a plateau is no fault");
        assert_eq!(one.theta, other.theta);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (AugmentedRandomSearchConfig { pairs: 0, ..Default::default() }, "pairs is 0"),
            (AugmentedRandomSearchConfig { top_share: 0.0, ..Default::default() }, "top_share is 0"),
            (AugmentedRandomSearchConfig { top_share: f32::NAN, ..Default::default() }, "top_share is NaN"),
            (AugmentedRandomSearchConfig { deviation: 0.0, ..Default::default() }, "deviation is 0"),
            (AugmentedRandomSearchConfig { learning_rate: -1.0, ..Default::default() }, "learning_rate is -1"),
            (AugmentedRandomSearchConfig { weight_decay: -1.0, ..Default::default() }, "weight_decay is -1"),
        ] {
            let message = AugmentedRandomSearch::new(config, 0, vec![0.0]).unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
