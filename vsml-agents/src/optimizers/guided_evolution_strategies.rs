//! Guided evolution strategies (Maheswaranathan et al. 2019, "Guided evolutionary strategies: augmenting random search with
//! surrogate gradients", arXiv 1806.10230).
//!
//! Antithetic pairs `theta ± z`, but `z` is not drawn alike in all directions. A share of its variance lies in a *guiding
//! subspace* of k directions, with an orthonormal basis U:
//!
//! ```text
//! z = deviation · ( √isotropy eps + √((1 - isotropy) n / k) U eps' )
//! gradient = 1 / (2 deviation² pairs) · sum over valid pairs of (F+ - F-) z
//! ```
//!
//! In n dimensions a difference of fitness says little about any one direction; in k it says much. The paper takes the subspace
//! from a gradient of something near the fitness. There is none here: as earlier versions of evosax did, the guiding
//! directions are this optimizer's own last gradients, so that what was uphill a moment ago is looked at most closely. That is a
//! kind of momentum in *where to look*, and it biases nothing in the long run because the isotropic share finds what is new.
//! Until there is a gradient all variance is isotropic; until there are k, the subspace is that of those there are.
//!
//! The paper's deviation is the length of a perturbation. Here it is that of one parameter, √n times smaller, as in evolution
//! strategies, which is what this is with an isotropy of 1.

use super::ascent::Ascent;
use super::pairs::{perturbation, signed, valid};
use super::settings::{above_zero, count, refuse_unless};
use super::{MetaOptimizer, OptimizerError, OptimizerState, Shaping};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use vsml_envs::stream;

/// Settings of guided evolution strategies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuidedEvolutionStrategiesConfig {
    /// Antithetic pairs in a population; the population is twice as large. 1 to 1,000,000.
    pub pairs: usize,
    /// Standard deviation of the perturbations at the beginning, over all parameters (root mean square); above 0.
    pub deviation: f32,
    /// After so many updates the deviation is half of what it was; 0: it stays.
    pub deviation_half_life: u64,
    /// How many of the last gradients guide; 1 to 100.
    pub directions: usize,
    /// Share of the variance that lies in all directions alike; above 0 and at most 1, where nothing guides.
    pub isotropy: f32,
    /// Adam's step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many updates the step size is half of what it was; 0: it stays.
    pub half_life: u64,
    /// What becomes of fitness before it weighs perturbations.
    pub shaping: Shaping,
    /// Share of the meta-parameters that decays per unit of step size: they are multiplied by `1 - learning_rate ·
    /// weight_decay` in every generation. 0 or more.
    pub weight_decay: f32,
}

impl Default for GuidedEvolutionStrategiesConfig {
    fn default() -> Self {
        GuidedEvolutionStrategiesConfig {
            pairs: 128,
            deviation: 0.05,
            deviation_half_life: 0,
            directions: 1,
            isotropy: 0.5,
            learning_rate: 0.025,
            half_life: 0,
            shaping: Shaping::CentredRanks,
            weight_decay: 0.0,
        }
    }
}

/// Guided evolution strategies.
#[derive(Clone, Debug, PartialEq)]
pub struct GuidedEvolutionStrategies {
    config: GuidedEvolutionStrategiesConfig,
    seed: u64,
    ascent: Ascent,
    /// The last ones, newest first, of length 1.
    gradients: Vec<Vec<f32>>,
    /// An orthonormal basis of their span.
    basis: Vec<Vec<f32>>,
}

impl GuidedEvolutionStrategies {
    /// Begins at `theta`; perturbations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: GuidedEvolutionStrategiesConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        count("pairs", config.pairs)?;
        above_zero("deviation", config.deviation)?;
        refuse_unless((1..=100).contains(&config.directions), "directions", config.directions, "1 to 100")?;
        let isotropy = config.isotropy;
        refuse_unless(isotropy > 0.0 && isotropy <= 1.0, "isotropy", isotropy, "above 0 and at most 1")?;
        let ascent = Ascent::new(theta, config.learning_rate, config.half_life, config.weight_decay)?;
        Ok(GuidedEvolutionStrategies { config, seed, ascent, gradients: Vec::new(), basis: Vec::new() })
    }

    /// The deviation of the next generation.
    fn deviation(&self) -> f32 {
        self.ascent.faded(self.config.deviation, self.config.deviation_half_life)
    }

    /// The `z` of a pair.
    fn step(&self, generation: u64, pair: usize) -> Vec<f32> {
        let (n, k) = (self.ascent.theta.len() as f32, self.basis.len() as f32);
        let isotropy = if self.basis.is_empty() { 1.0 } else { self.config.isotropy };
        let (all, guided) = (self.deviation() * isotropy.sqrt(), self.deviation() * ((1.0 - isotropy) * n / k).sqrt());
        let mut step: Vec<f32> =
            perturbation(self.seed, generation, pair, self.ascent.theta.len()).map(|eps| all * eps).collect();
        let mut rng = stream(self.seed, "guided perturbation", &[generation, pair as u64]);
        for direction in &self.basis {
            let eps: f32 = rng.sample(StandardNormal);
            step.iter_mut().zip(direction).for_each(|(z, u)| *z += guided * eps * u);
        }
        step
    }
}

/// An orthonormal basis of the span of `vectors`, by the modified Gram-Schmidt process; what is nearly in the span of those
/// before it adds nothing.
fn orthonormal(vectors: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut basis: Vec<Vec<f32>> = Vec::new();
    for vector in vectors {
        let mut rest: Vec<f64> = vector.iter().map(|x| f64::from(*x)).collect();
        // Twice, because once leaves a remainder where the vectors are nearly parallel.
        for direction in basis.iter().chain(&basis) {
            let along: f64 = rest.iter().zip(direction).map(|(x, u)| x * f64::from(*u)).sum();
            rest.iter_mut().zip(direction).for_each(|(x, u)| *x -= along * f64::from(*u));
        }
        if let Some(unit) = unit(&rest, 1e-3) {
            basis.push(unit);
        }
    }
    basis
}

/// `vector` scaled to length 1; nothing where it is not longer than `least`.
fn unit(vector: &[f64], least: f64) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length.is_finite() && length > least).then(|| vector.iter().map(|x| (x / length) as f32).collect())
}

impl MetaOptimizer for GuidedEvolutionStrategies {
    fn population(&self) -> usize {
        2 * self.config.pairs
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let sign = signed(index, 1.0);
        self.ascent.theta.iter().zip(self.step(generation, index / 2)).map(|(x, z)| x + sign * z).collect()
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
        let scale = 1.0 / (2.0 * f64::from(self.deviation()).powi(2) * pairs.len() as f64);
        let mut gradient = vec![0.0; self.ascent.theta.len()];
        for pair in &pairs {
            let weight = scale * (pair.plus - pair.minus);
            let step = self.step(generation, pair.index);
            gradient.iter_mut().zip(step).for_each(|(g, z)| *g += weight * f64::from(z));
        }
        let slope: Vec<f32> = gradient.iter().map(|g| *g as f32).collect();
        if !self.ascent.climb(&slope) {
            return false;
        }
        if let Some(direction) = unit(&gradient, 0.0) {
            self.gradients.insert(0, direction);
            self.gradients.truncate(self.config.directions);
            self.basis = orthonormal(&self.gradients);
        }
        true
    }

    fn theta(&self) -> &[f32] {
        &self.ascent.theta
    }

    fn state(&self) -> OptimizerState {
        let mut state = self.ascent.state();
        state.vectors.insert("gradients".into(), self.gradients.concat());
        state.counters.insert("gradients".into(), self.gradients.len() as u64);
        state
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let (len, count) = (self.ascent.theta.len(), state.counter("gradients")?);
        let count = usize::try_from(count).ok().filter(|count| *count <= self.config.directions);
        let count = count.ok_or_else(|| OptimizerError::State("it has more gradients than `directions`".into()))?;
        let gradients = state.vector("gradients", count * len)?;
        self.ascent.restore(state)?;
        self.gradients = (0..count).map(|gradient| gradients[gradient * len..][..len].to_vec()).collect();
        self.basis = orthonormal(&self.gradients);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategies(config: GuidedEvolutionStrategiesConfig, theta: Vec<f32>) -> GuidedEvolutionStrategies {
        GuidedEvolutionStrategies::new(config, 1, theta).unwrap()
    }

    #[test]
    fn the_basis_is_orthonormal_and_leaves_out_what_adds_nothing() {
        let basis = orthonormal(&[vec![0.6, 0.8, 0.0], vec![0.6, 0.8, 1e-6], vec![0.0, 1.0, 0.0], vec![0.0; 3]]);
        assert_eq!(basis.len(), 2);
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        assert!(product(&basis[0], &basis[1]).abs() < 1e-6);
        assert!(basis.iter().all(|u| (product(u, u) - 1.0).abs() < 1e-6));
    }

    #[test]
    fn half_of_the_variance_lies_along_the_last_gradient() {
        let config = GuidedEvolutionStrategiesConfig { pairs: 2000, deviation: 0.1, ..Default::default() };
        let mut optimizer = strategies(config, vec![0.0; 50]);
        let variance = |optimizer: &GuidedEvolutionStrategies, along: fn(&[f32]) -> f32| -> f32 {
            (0..2000).map(|pair| along(&optimizer.step(9, pair))).sum::<f32>() / 2000.0
        };
        let length = |z: &[f32]| z.iter().map(|z| z * z).sum::<f32>();
        assert!((variance(&optimizer, length) - 0.5).abs() < 0.03);
        // Uphill is the first parameter.
        let told: Vec<f64> = (0..4000).map(|index| f64::from(optimizer.ask(0, index)[0])).collect();
        assert!(optimizer.tell(0, &told));
        assert!(optimizer.basis[0][0] > 0.98, "{:?}", optimizer.basis);
        assert!((variance(&optimizer, length) - 0.5).abs() < 0.03);
        assert!((variance(&optimizer, |z| z[0] * z[0]) - 0.25).abs() < 0.03);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        type Config = GuidedEvolutionStrategiesConfig;
        for (config, word) in [
            (Config { pairs: 0, ..Default::default() }, "pairs is 0"),
            (Config { deviation: 0.0, ..Default::default() }, "deviation is 0"),
            (Config { directions: 0, ..Default::default() }, "directions is 0"),
            (Config { isotropy: 0.0, ..Default::default() }, "isotropy is 0"),
            (Config { isotropy: 1.5, ..Default::default() }, "isotropy is 1.5"),
            (Config { learning_rate: -1.0, ..Default::default() }, "learning_rate is -1"),
            (Config { weight_decay: f32::NAN, ..Default::default() }, "weight_decay is NaN"),
        ] {
            let message = GuidedEvolutionStrategies::new(config, 0, vec![0.0]).unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
