//! Separable CMA-ES (Ros & Hansen 2008, "A simple modification in CMA-ES achieving linear time and space complexity").
//!
//! CMA-ES whose covariance is a diagonal: a variance for each parameter. Members are `m + σ √c ⊙ eps`; each update costs as
//! much as the members have numbers, so that it can be had for as many parameters as there are. What is lost are dependencies
//! *between* parameters; what is won is that the diagonal is learnt (n + 2) / 3 times as fast. The step size follows the
//! length of its evolution path. [`super::path`] has weights, rates and paths, which are those of the tutorial on CMA-ES.
//!
//! Beside SNES, which adapts the same numbers, it remembers where it has been going: that makes it faster where the slope is
//! steady, and more easily misled where fitness is noise.

use super::pairs::perturbation;
use super::path::{Path, Rates};
use super::settings::{above_zero, population};
use super::{MetaOptimizer, OptimizerError, OptimizerState};
use serde::{Deserialize, Serialize};

/// Settings of separable CMA-ES.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SepCmaEsConfig {
    /// Members of a population; 2 to 1,000,000, or 0 for `4 + 3 ln` of the number of parameters.
    pub population: usize,
    /// Standard deviation of every parameter at the beginning, which is the first step size; above 0.
    pub deviation: f32,
}

impl Default for SepCmaEsConfig {
    fn default() -> Self {
        SepCmaEsConfig { population: 0, deviation: 0.05 }
    }
}

/// Separable CMA-ES.
#[derive(Clone, Debug, PartialEq)]
pub struct SepCmaEs {
    seed: u64,
    population: usize,
    theta: Vec<f32>,
    variances: Vec<f32>,
    path: Path,
}

impl SepCmaEs {
    /// Begins at `theta`; perturbations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: SepCmaEsConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        above_zero("deviation", config.deviation)?;
        let population = population(config.population, theta.len())?;
        let path = Path::new(theta.len(), config.deviation);
        Ok(SepCmaEs { seed, population, variances: vec![1.0; theta.len()], path, theta })
    }
}

impl MetaOptimizer for SepCmaEs {
    fn population(&self) -> usize {
        self.population
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let perturbation = perturbation(self.seed, generation, index, self.theta.len());
        let around = self.theta.iter().zip(&self.variances).zip(perturbation);
        around.map(|((x, variance), eps)| x + self.path.step_size * variance.sqrt() * eps).collect()
    }

    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let valid = fitness.iter().filter(|fitness| fitness.is_finite()).count();
        if valid < 2 {
            return false;
        }
        let len = self.theta.len();
        let rates = Rates::separable(len, valid);
        let (mut white, mut squares) = (vec![0.0; len], vec![0.0; len]);
        for member in rates.weigh(fitness).iter().filter(|member| member.recombination > 0.0) {
            let perturbation = perturbation(self.seed, generation, member.index, len).map(f64::from);
            for ((eps, white), square) in perturbation.zip(&mut white).zip(&mut squares) {
                *white += member.recombination * eps;
                *square += member.covariance * eps * eps;
            }
        }
        let variances: Vec<f64> = self.variances.iter().map(|variance| f64::from(*variance)).collect();
        let step: Vec<f64> = white.iter().zip(&variances).map(|(white, variance)| white * variance.sqrt()).collect();
        let Some((path, keep)) = self.path.walk(&rates, &step, &white) else { return false };

        let renewed = variances.iter().zip(&squares).zip(&path.of_covariance).map(|((variance, square), along)| {
            let along = f64::from(*along);
            let new = keep * variance + rates.rank_one * along * along + rates.rank_many * square * variance;
            new.max(f32::MIN_POSITIVE.into()) as f32
        });
        let variances: Vec<f32> = renewed.collect();
        let size = f64::from(self.path.step_size);
        let theta: Vec<f32> =
            self.theta.iter().zip(step).map(|(x, step)| (f64::from(*x) + size * step) as f32).collect();
        if !theta.iter().chain(&variances).all(|x| x.is_finite()) {
            return false;
        }
        (self.theta, self.variances, self.path) = (theta, variances, path);
        true
    }

    fn theta(&self) -> &[f32] {
        &self.theta
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState::of(&[("theta", &self.theta), ("variances", &self.variances)], &[]);
        self.path.store(&mut state);
        state
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let len = self.theta.len();
        let (theta, variances) = (state.vector("theta", len)?, state.vector("variances", len)?);
        (self.theta, self.variances, self.path) = (theta, variances, Path::stored(state, len)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_scales_that_are_far_apart() {
        let mut optimizer =
            SepCmaEs::new(SepCmaEsConfig { deviation: 0.5, ..Default::default() }, 1, vec![1.0; 4]).unwrap();
        for generation in 0..300 {
            let slopes = [1.0, 100.0, 1e4, 1e6];
            let fitness = |x: &[f32]| -x.iter().zip(slopes).map(|(x, s)| s * f64::from(*x).powi(2)).sum::<f64>();
            let told: Vec<f64> =
                (0..optimizer.population()).map(|index| fitness(&optimizer.ask(generation, index))).collect();
            assert!(optimizer.tell(generation, &told));
        }
        assert!(optimizer.theta.iter().all(|x| x.abs() < 1e-4), "{:?}", optimizer.theta);
        // At the bottom of a bowl, variances are as the inverse of its curvature.
        let ratio = optimizer.variances[0] / optimizer.variances[3];
        assert!((1e5..1e7).contains(&ratio), "{ratio}");
    }

    #[test]
    fn the_first_step_of_the_mean_is_that_of_the_equations() {
        let mut optimizer = SepCmaEs::new(SepCmaEsConfig { population: 2, deviation: 0.5 }, 3, vec![1.0, 2.0]).unwrap();
        let best = optimizer.ask(0, 1);
        assert!(optimizer.tell(0, &[0.0, 1.0]));
        // Of two members only the better one pulls, with all of the weight.
        assert!(optimizer.theta.iter().zip(best).all(|(x, best)| (x - best).abs() < 1e-6));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (SepCmaEsConfig { population: 1, ..Default::default() }, "population is 1"),
            (SepCmaEsConfig { deviation: f32::INFINITY, ..Default::default() }, "deviation is inf"),
        ] {
            let message = SepCmaEs::new(config, 0, vec![0.0]).unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
