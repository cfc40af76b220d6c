//! Separable natural evolution strategies (SNES; Schaul, Glasmachers & Schmidhuber 2011, "High dimensions and heavy tails for
//! natural evolution strategies", algorithm 2; Wierstra et al. 2014, JMLR 15).
//!
//! Members `mu + sigma ⊙ eps_k` are drawn with a deviation for each parameter. Both climb the *natural* gradient of the
//! expected utility, which does not depend on how the distribution is written down:
//!
//! ```text
//! mu    <- mu + learning_rate · sigma ⊙ sum over k of u_k eps_k
//! sigma <- sigma ⊙ exp( (3 + ln n) / (10 √n) · sum over k of u_k (eps_k² - 1) )
//! ```
//!
//! with n parameters. The utility u_k depends on the rank of a member among the λ that are valid, `max(0, ln(λ/2 + 1) - ln
//! rank)`, scaled to a sum of 1, less 1/λ: the better half pulls, the rest pushes a little. There is no baseline, no moment, and
//! next to nothing to tune.

use super::pairs::perturbation;
use super::ranking::{best_first, share_among_equals};
use super::settings::{above_zero, population, zero_or_more};
use super::{MetaOptimizer, OptimizerError, OptimizerState};
use serde::{Deserialize, Serialize};

/// Settings of SNES.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnesConfig {
    /// Members of a population; 2 to 1,000,000, or 0 for `4 + 3 ln` of the number of parameters.
    pub population: usize,
    /// Standard deviation of every parameter at the beginning; above 0.
    pub deviation: f32,
    /// Step size of the mean; 0 or more. 1 is the paper's.
    pub learning_rate: f32,
}

impl Default for SnesConfig {
    fn default() -> Self {
        SnesConfig { population: 0, deviation: 0.05, learning_rate: 1.0 }
    }
}

/// SNES.
#[derive(Clone, Debug, PartialEq)]
pub struct Snes {
    config: SnesConfig,
    seed: u64,
    population: usize,
    theta: Vec<f32>,
    deviations: Vec<f32>,
}

impl Snes {
    /// Begins at `theta`; perturbations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: SnesConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        above_zero("deviation", config.deviation)?;
        zero_or_more("learning_rate", config.learning_rate)?;
        let population = population(config.population, theta.len())?;
        Ok(Snes { deviations: vec![config.deviation; theta.len()], config, seed, population, theta })
    }
}

/// What each rank of `members` is worth, best first; sums to 0.
fn utilities(members: usize) -> Vec<f64> {
    let half = libm::log(members as f64 / 2.0 + 1.0);
    let worth: Vec<f64> = (1..=members).map(|rank| (half - libm::log(rank as f64)).max(0.0)).collect();
    let sum: f64 = worth.iter().sum();
    worth.iter().map(|worth| worth / sum - 1.0 / members as f64).collect()
}

impl MetaOptimizer for Snes {
    fn population(&self) -> usize {
        self.population
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let perturbation = perturbation(self.seed, generation, index, self.theta.len());
        let around = self.theta.iter().zip(&self.deviations).zip(perturbation);
        around.map(|((x, deviation), eps)| x + deviation * eps).collect()
    }

    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let order = best_first(fitness);
        // One alone is neither good nor bad.
        if order.len() < 2 {
            return false;
        }
        let mut utilities = utilities(order.len());
        share_among_equals(&mut utilities, &order, fitness);

        let len = self.theta.len();
        let (mut of_mean, mut of_deviations) = (vec![0.0; len], vec![0.0; len]);
        for (&index, utility) in order.iter().zip(utilities) {
            let perturbation = perturbation(self.seed, generation, index, len).map(f64::from);
            for ((eps, mean), deviation) in perturbation.zip(&mut of_mean).zip(&mut of_deviations) {
                *mean += utility * eps;
                *deviation += utility * (eps * eps - 1.0);
            }
        }
        let n = len as f64;
        let rate = (3.0 + libm::log(n)) / (10.0 * n.sqrt());
        let moved = self.theta.iter().zip(&self.deviations).zip(&of_mean).map(|((x, deviation), slope)| {
            (f64::from(*x) + f64::from(self.config.learning_rate) * f64::from(*deviation) * slope) as f32
        });
        let theta: Vec<f32> = moved.collect();
        let scaled = self.deviations.iter().zip(&of_deviations);
        let deviations: Vec<f32> =
            scaled.map(|(deviation, slope)| (f64::from(*deviation) * libm::exp(rate * slope)) as f32).collect();
        if !theta.iter().chain(&deviations).all(|x| x.is_finite()) {
            return false;
        }
        (self.theta, self.deviations) = (theta, deviations);
        true
    }

    fn theta(&self) -> &[f32] {
        &self.theta
    }

    fn state(&self) -> OptimizerState {
        OptimizerState::of(&[("theta", &self.theta), ("deviations", &self.deviations)], &[])
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let len = self.theta.len();
        (self.theta, self.deviations) = (state.vector("theta", len)?, state.vector("deviations", len)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utilities_are_those_of_the_paper() {
        // Four members: ln 3 - ln 1, ln 3 - ln 2, 0, 0, over their sum ln 4.5.
        let expected = [0.730_425 - 0.25, 0.269_575 - 0.25, -0.25, -0.25];
        assert!(utilities(4).iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5));
    }

    #[test]
    fn one_update_worked_by_hand() {
        let mut optimizer =
            Snes::new(SnesConfig { population: 2, deviation: 0.5, ..Default::default() }, 3, vec![1.0]).unwrap();
        let eps: Vec<f64> = (0..2).map(|k| f64::from(perturbation(3, 7, k, 1).next().unwrap())).collect();
        assert!(optimizer.tell(7, &[1.0, 5.0]));
        // Two members: the better one has 1 - 1/2, the worse 0 - 1/2.
        let mean = 1.0 + 0.5 * (0.5 * eps[1] - 0.5 * eps[0]);
        let deviation = 0.5 * (0.3 * 0.5 * (eps[1].powi(2) - eps[0].powi(2))).exp();
        assert!((f64::from(optimizer.theta[0]) - mean).abs() < 1e-6);
        assert!((f64::from(optimizer.deviations[0]) - deviation).abs() < 1e-6);
    }

    #[test]
    fn a_plateau_moves_nothing() {
        let mut optimizer = Snes::new(SnesConfig::default(), 1, vec![0.5; 5]).unwrap();
        let before = optimizer.clone();
        assert!(optimizer.tell(0, &vec![2.0; optimizer.population()]));
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near(&optimizer.theta, &before.theta) && near(&optimizer.deviations, &before.deviations));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (SnesConfig { population: 1, ..Default::default() }, "population is 1"),
            (SnesConfig { deviation: 0.0, ..Default::default() }, "deviation is 0"),
            (SnesConfig { learning_rate: -1.0, ..Default::default() }, "learning_rate is -1"),
        ] {
            let message = Snes::new(config, 0, vec![0.0]).unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
