//! Policy gradients with parameter-based exploration (PGPE; Sehnke et al. 2010, Neural Networks 23:4), with symmetric
//! sampling.
//!
//! Members are drawn around the mean `mu` with a deviation `sigma` *for each parameter*, in antithetic pairs `mu ± z` with
//! `z = sigma ⊙ eps`. Both mean and deviations climb the expected fitness. A pair says two things: its difference, where the
//! mean should go, and its sum, against the mean `b` of all members, whether that far out is a good place to look at:
//!
//! ```text
//! slope of mu    = mean over valid pairs of  (F+ - F-) / 2 · z
//! slope of sigma = mean over valid pairs of  ((F+ + F-) / 2 - b) · (z² - sigma²) / sigma
//! ```
//!
//! These are the paper's gradients times sigma², which its choice of step sizes has too. The mean goes by Adam; the deviations go
//! by plain steps, each within a fifth of itself, as in the implementations of evosax and pgpelib. So a parameter that matters
//! little is searched ever more widely, and one that matters much ever more finely, which evolution strategies with one
//! deviation for all cannot do. The price is a second slope to estimate from the same lives.

use super::ascent::Ascent;
use super::pairs::{perturbation, signed, valid};
use super::settings::{above_zero, count, zero_or_more};
use super::{MetaOptimizer, OptimizerError, OptimizerState, Shaping};
use serde::{Deserialize, Serialize};

/// A deviation changes by at most this share of itself in an update.
const MAX_CHANGE: f64 = 0.2;

/// Settings of PGPE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PgpeConfig {
    /// Antithetic pairs in a population; the population is twice as large. 1 to 1,000,000.
    pub pairs: usize,
    /// Standard deviation of every parameter at the beginning; above 0.
    pub deviation: f32,
    /// Step size of the deviations; 0 or more.
    pub deviation_learning_rate: f32,
    /// Adam's step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many updates Adam's step size is half of what it was; 0: it stays.
    pub half_life: u64,
    /// What becomes of fitness. Where it stays as it is, `deviation_learning_rate` is in units of fitness.
    pub shaping: Shaping,
    /// Share of the meta-parameters that decays per unit of step size: they are multiplied by `1 - learning_rate ·
    /// weight_decay` in every generation. 0 or more.
    pub weight_decay: f32,
}

impl Default for PgpeConfig {
    fn default() -> Self {
        PgpeConfig {
            pairs: 128,
            deviation: 0.05,
            deviation_learning_rate: 0.1,
            learning_rate: 0.025,
            half_life: 0,
            shaping: Shaping::CentredRanks,
            weight_decay: 0.0,
        }
    }
}

/// PGPE with symmetric sampling.
#[derive(Clone, Debug, PartialEq)]
pub struct Pgpe {
    config: PgpeConfig,
    seed: u64,
    ascent: Ascent,
    deviations: Vec<f32>,
}

impl Pgpe {
    /// Begins at `theta`; perturbations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: PgpeConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        count("pairs", config.pairs)?;
        above_zero("deviation", config.deviation)?;
        zero_or_more("deviation_learning_rate", config.deviation_learning_rate)?;
        let deviations = vec![config.deviation; theta.len()];
        let ascent = Ascent::new(theta, config.learning_rate, config.half_life, config.weight_decay)?;
        Ok(Pgpe { config, seed, ascent, deviations })
    }
}

impl MetaOptimizer for Pgpe {
    fn population(&self) -> usize {
        2 * self.config.pairs
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let sign = signed(index, 1.0);
        let perturbation = perturbation(self.seed, generation, index / 2, self.ascent.theta.len());
        let around = self.ascent.theta.iter().zip(&self.deviations).zip(perturbation);
        around.map(|((x, deviation), eps)| x + sign * deviation * eps).collect()
    }

    fn paired(&self) -> bool {
        true
    }

    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let pairs = valid(fitness, self.config.shaping);
        if pairs.is_empty() {
            return false;
        }
        let share = 1.0 / pairs.len() as f64;
        let baseline = pairs.iter().map(|pair| share * (pair.plus / 2.0 + pair.minus / 2.0)).sum::<f64>();
        let len = self.ascent.theta.len();
        let (mut of_mean, mut of_deviations) = (vec![0.0; len], vec![0.0; len]);
        for pair in &pairs {
            let difference = share * (pair.plus / 2.0 - pair.minus / 2.0);
            let surplus = share * (pair.plus / 2.0 + pair.minus / 2.0 - baseline);
            let perturbation = perturbation(self.seed, generation, pair.index, len).map(f64::from);
            for ((eps, mean), deviation) in perturbation.zip(&mut of_mean).zip(&mut of_deviations) {
                *mean += difference * eps;
                *deviation += surplus * (eps * eps - 1.0);
            }
        }
        // Sums of `eps` until here: the deviation is a factor of both slopes.
        let slope =
            of_mean.iter().zip(&self.deviations).map(|(slope, deviation)| (slope * f64::from(*deviation)) as f32);
        let slope: Vec<f32> = slope.collect();
        if !of_deviations.iter().all(|slope| slope.is_finite()) || !self.ascent.climb(&slope) {
            return false;
        }
        for (deviation, slope) in self.deviations.iter_mut().zip(of_deviations) {
            let change = (f64::from(self.config.deviation_learning_rate) * slope).clamp(-MAX_CHANGE, MAX_CHANGE);
            *deviation =
                (f64::from(*deviation) * (1.0 + change)).clamp(f32::MIN_POSITIVE.into(), f32::MAX.into()) as f32;
        }
        true
    }

    fn theta(&self) -> &[f32] {
        &self.ascent.theta
    }

    fn state(&self) -> OptimizerState {
        let mut state = self.ascent.state();
        state.vectors.insert("deviations".into(), self.deviations.clone());
        state
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let deviations = state.vector("deviations", self.deviations.len())?;
        self.ascent.restore(state)?;
        self.deviations = deviations;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pgpe(config: PgpeConfig) -> Pgpe {
        Pgpe::new(config, 1, vec![0.0; 2]).unwrap()
    }

    #[test]
    fn both_slopes_are_those_of_the_equations() {
        let config = PgpeConfig { pairs: 2, deviation: 0.5, shaping: Shaping::None, ..Default::default() };
        let mut optimizer = pgpe(config);
        let [first, second] = [0, 1].map(|pair| perturbation(1, 0, pair, 2).map(|eps| 0.5 * f64::from(eps)));
        optimizer.tell(0, &[0.3, 0.1, 0.4, -0.2]);
        for (parameter, (first, second)) in first.zip(second).enumerate() {
            // Differences 0.2 and 0.6; means 0.2 and 0.1, and of all 0.15.
            let slope = (0.1 * first + 0.3 * second) / 2.0;
            assert!((f64::from(optimizer.state().vectors["adam.first_moment"][parameter]) * 10.0 - slope).abs() < 1e-6);
            let slope = (0.05 * (first * first - 0.25) - 0.05 * (second * second - 0.25)) / 0.5 / 2.0;
            assert!((f64::from(optimizer.deviations[parameter]) - (0.5 + 0.1 * slope)).abs() < 1e-6);
        }
    }

    #[test]
    fn parameters_that_matter_are_searched_finely() {
        let mut optimizer = pgpe(PgpeConfig { pairs: 20, deviation: 0.3, ..Default::default() });
        for generation in 0..200 {
            let fitness = |x: &[f32]| -f64::from(x[0] * x[0]) - 1e-4 * f64::from(x[1] * x[1]);
            let told: Vec<f64> = (0..40).map(|index| fitness(&optimizer.ask(generation, index))).collect();
            assert!(optimizer.tell(generation, &told));
        }
        assert!(optimizer.deviations[0] < 0.2 * optimizer.deviations[1], "{:?}", optimizer.deviations);
    }

    #[test]
    fn a_deviation_changes_by_a_fifth_at_most() {
        let config =
            PgpeConfig { pairs: 1, shaping: Shaping::None, deviation_learning_rate: 1e30, ..Default::default() };
        let mut optimizer = pgpe(PgpeConfig { pairs: 2, ..config });
        optimizer.tell(0, &[1e9, 1e9, 0.0, 0.0]);
        for deviation in optimizer.deviations {
            assert!((deviation - 0.06).abs() < 1e-6 || (deviation - 0.04).abs() < 1e-6, "{deviation}");
        }
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (PgpeConfig { pairs: 0, ..Default::default() }, "pairs is 0"),
            (PgpeConfig { deviation: -1.0, ..Default::default() }, "deviation is -1"),
            (PgpeConfig { deviation_learning_rate: -1.0, ..Default::default() }, "deviation_learning_rate is -1"),
            (PgpeConfig { learning_rate: f32::NAN, ..Default::default() }, "learning_rate is NaN"),
            (PgpeConfig { weight_decay: -1.0, ..Default::default() }, "weight_decay is -1"),
        ] {
            let message = Pgpe::new(config, 0, vec![0.0]).unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
