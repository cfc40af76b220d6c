//! Evolution strategies (Salimans et al. 2017, arXiv 1703.03864), the way VSML and SymLA are meta-trained.
//!
//! The population is `pairs` antithetic pairs `theta ± deviation · eps`; the two of a pair live with the same luck, so that
//! the difference of their fitness is due to `eps` and not to chance. The gradient of the expected fitness is estimated as
//!
//! ```text
//! sum over valid pairs of  eps (F+ - F-) / (2 deviation pairs)
//! ```
//!
//! and goes to Adam. With centred ranks, F is the member's rank among all valid members, scaled to [-1/2, 1/2], members of
//! equal fitness sharing the mean of their ranks. A pair of which one member is invalid counts for nothing.
//!
//! The variance of the estimate does not grow with the length of a lifetime, which is what makes it fit for learning to
//! learn.

use super::ascent::Ascent;
use super::pairs::{perturbation, signed, valid};
use super::settings::{above_zero, count};
use super::{MetaOptimizer, OptimizerError, OptimizerState, Shaping};
use serde::{Deserialize, Serialize};

/// Settings of evolution strategies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvolutionStrategiesConfig {
    /// Antithetic pairs in a population; the population is twice as large. 1 to 1,000,000.
    pub pairs: usize,
    /// Standard deviation of the perturbations at the beginning; above 0.
    pub deviation: f32,
    /// After so many updates the deviation is half of what it was; 0: it stays.
    pub deviation_half_life: u64,
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

impl Default for EvolutionStrategiesConfig {
    fn default() -> Self {
        EvolutionStrategiesConfig {
            pairs: 128,
            deviation: 0.05,
            deviation_half_life: 0,
            learning_rate: 0.025,
            half_life: 0,
            shaping: Shaping::CentredRanks,
            weight_decay: 0.0,
        }
    }
}

/// Evolution strategies with antithetic pairs and Adam. Member `2 k` of a population is `theta + deviation · eps_k`, member
/// `2 k + 1` is `theta - deviation · eps_k`.
#[derive(Clone, Debug, PartialEq)]
pub struct EvolutionStrategies {
    config: EvolutionStrategiesConfig,
    seed: u64,
    ascent: Ascent,
}

impl EvolutionStrategies {
    /// Begins at `theta`; perturbations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: EvolutionStrategiesConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        count("pairs", config.pairs)?;
        above_zero("deviation", config.deviation)?;
        let ascent = Ascent::new(theta, config.learning_rate, config.half_life, config.weight_decay)?;
        Ok(EvolutionStrategies { config, seed, ascent })
    }

    /// The deviation of the next generation.
    fn deviation(&self) -> f32 {
        self.ascent.faded(self.config.deviation, self.config.deviation_half_life)
    }
}

impl MetaOptimizer for EvolutionStrategies {
    fn population(&self) -> usize {
        2 * self.config.pairs
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let scale = signed(index, self.deviation());
        let perturbation = perturbation(self.seed, generation, index / 2, self.ascent.theta.len());
        self.ascent.theta.iter().zip(perturbation).map(|(x, eps)| x + scale * eps).collect()
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
        let deviation = f64::from(self.deviation());
        let mut gradient = vec![0.0; self.ascent.theta.len()];
        for pair in &pairs {
            let weight = ((pair.plus - pair.minus) / (2.0 * deviation * pairs.len() as f64)) as f32;
            if weight != 0.0 {
                let perturbation = perturbation(self.seed, generation, pair.index, self.ascent.theta.len());
                for (g, eps) in gradient.iter_mut().zip(perturbation) {
                    *g += weight * eps;
                }
            }
        }
        self.ascent.climb(&gradient)
    }

    fn theta(&self) -> &[f32] {
        &self.ascent.theta
    }

    fn state(&self) -> OptimizerState {
        self.ascent.state()
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        self.ascent.restore(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategies(config: EvolutionStrategiesConfig, theta: Vec<f32>) -> EvolutionStrategies {
        EvolutionStrategies::new(config, 1, theta).unwrap()
    }

    /// Climbs `fitness` for some generations.
    fn climb(optimizer: &mut EvolutionStrategies, generations: u64, fitness: impl Fn(&[f32]) -> f64) {
        for generation in 0..generations {
            let told: Vec<f64> =
                (0..optimizer.population()).map(|index| fitness(&optimizer.ask(generation, index))).collect();
            optimizer.tell(generation, &told);
        }
    }

    fn sphere(x: &[f32]) -> f64 {
        -x.iter().map(|x| f64::from(x - 1.0).powi(2)).sum::<f64>()
    }

    #[test]
    fn it_climbs_the_sphere_whatever_the_shaping() {
        for shaping in [Shaping::CentredRanks, Shaping::Standardised, Shaping::None] {
            let config = EvolutionStrategiesConfig { pairs: 20, shaping, ..Default::default() };
            let mut optimizer = strategies(config, vec![0.0; 10]);
            climb(&mut optimizer, 300, sphere);
            assert!(sphere(optimizer.theta()) > -0.05, "{}", sphere(optimizer.theta()));
        }
    }

    #[test]
    fn members_of_a_pair_are_mirrored_and_share_their_luck() {
        let optimizer = strategies(EvolutionStrategiesConfig::default(), vec![0.5; 4]);
        let (plus, minus) = (optimizer.ask(3, 10), optimizer.ask(3, 11));
        assert!(plus.iter().zip(&minus).all(|(p, m)| (p + m - 1.0).abs() < 1e-6 && p != m));
        assert_eq!(optimizer.luck(10), optimizer.luck(11));
        assert_ne!(optimizer.luck(10), optimizer.luck(12));
        assert_ne!(optimizer.ask(3, 10), optimizer.ask(4, 10));
        assert_ne!(optimizer.ask(3, 10), optimizer.ask(3, 12));
    }

    #[test]
    fn the_estimate_is_the_gradient_of_a_linear_fitness() {
        let slope = [1.0, -2.0, 0.5];
        let config = EvolutionStrategiesConfig { pairs: 20_000, shaping: Shaping::None, ..Default::default() };
        let mut optimizer = strategies(config, vec![0.0; 3]);
        climb(&mut optimizer, 1, |x| x.iter().zip(slope).map(|(x, s)| f64::from(*x) * s).sum());
        // After one step Adam's first moment is a tenth of the gradient.
        for (moment, slope) in optimizer.state().vectors["adam.first_moment"].iter().zip(slope) {
            assert!((f64::from(*moment) * 10.0 - slope).abs() < 0.06, "{moment} {slope}");
        }
    }

    #[test]
    fn rate_and_deviation_fade() {
        let config = EvolutionStrategiesConfig { pairs: 1, half_life: 1, deviation_half_life: 2, ..Default::default() };
        let mut optimizer = strategies(config, vec![0.0]);
        climb(&mut optimizer, 2, |x| f64::from(x[0]));
        // A constant sign makes Adam's step nearly the rate: 0.025, then half of it.
        assert!((optimizer.theta()[0].abs() - 0.0375).abs() < 0.002, "{:?}", optimizer.theta());
        assert_eq!(optimizer.deviation(), 0.025);
    }

    #[test]
    fn invalid_members_weigh_nothing_whatever_they_are() {
        let config = EvolutionStrategiesConfig { pairs: 50, ..Default::default() };
        for share in [0.0, 0.01, 0.1, 0.5, 0.99] {
            let spoilt = (50.0 * share) as usize;
            let invalid =
                [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001), f64::INFINITY, f64::NEG_INFINITY];
            let results: Vec<_> = invalid
                .into_iter()
                .map(|nonsense| {
                    let mut optimizer = strategies(config.clone(), vec![0.2; 5]);
                    let mut told: Vec<f64> = (0..100).map(|i| sphere(&optimizer.ask(0, i))).collect();
                    (0..spoilt).for_each(|pair| told[2 * pair + pair % 2] = nonsense);
                    assert!(optimizer.tell(0, &told));
                    optimizer.state()
                })
                .collect();
            assert!(results.iter().all(|result| *result == results[0]), "share {share}");
            assert!(results[0].vectors["theta"].iter().all(|x| x.is_finite()));
        }
        let mut optimizer = strategies(config, vec![0.2; 5]);
        let before = optimizer.clone();
        assert!(!optimizer.tell(0, &[f64::NAN; 100]));
        assert_eq!(optimizer, before);
    }

    #[test]
    fn edges_are_defined() {
        for config in [
            EvolutionStrategiesConfig { pairs: 1, ..Default::default() },
            EvolutionStrategiesConfig { learning_rate: 0.0, ..Default::default() },
            EvolutionStrategiesConfig { deviation: 1e30, ..Default::default() },
            EvolutionStrategiesConfig { pairs: 1, shaping: Shaping::None, ..Default::default() },
        ] {
            for fitness in [0.0, 1.0, 1e300] {
                let mut optimizer = strategies(config.clone(), vec![0.2]);
                let told: Vec<f64> =
                    (0..optimizer.population()).map(|i| if i % 3 == 0 { fitness } else { 0.0 }).collect();
                optimizer.tell(0, &told);
                assert!(optimizer.theta().iter().all(|x| x.is_finite()), "{config:?} {fitness}");
            }
        }
    }

    #[test]
    fn a_restored_state_goes_on_with_the_same_bits() {
        let mut whole = strategies(EvolutionStrategiesConfig::default(), vec![0.0; 7]);
        climb(&mut whole, 6, sphere);
        let mut first = strategies(EvolutionStrategiesConfig::default(), vec![0.0; 7]);
        climb(&mut first, 3, sphere);
        let mut second = strategies(EvolutionStrategiesConfig::default(), vec![9.0; 7]);
        second.restore(&first.state()).unwrap();
        for generation in 3..6 {
            let told: Vec<f64> = (0..second.population()).map(|i| sphere(&second.ask(generation, i))).collect();
            second.tell(generation, &told);
        }
        assert_eq!(whole, second);
    }

    #[test]
    fn a_state_that_does_not_fit_is_refused_and_changes_nothing() {
        let mut optimizer = strategies(EvolutionStrategiesConfig::default(), vec![0.0; 7]);
        let before = optimizer.clone();
        let mut state = optimizer.state();
        state.vectors.insert("theta".into(), vec![0.0; 6]);
        assert!(optimizer.restore(&state).unwrap_err().to_string().contains("theta"));
        assert!(optimizer.restore(&OptimizerState::default()).is_err());
        assert_eq!(optimizer, before);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (EvolutionStrategiesConfig { pairs: 0, ..Default::default() }, "pairs"),
            (EvolutionStrategiesConfig { deviation: 0.0, ..Default::default() }, "deviation"),
            (EvolutionStrategiesConfig { learning_rate: f32::INFINITY, ..Default::default() }, "learning_rate"),
            (EvolutionStrategiesConfig { weight_decay: -1.0, ..Default::default() }, "weight_decay"),
        ] {
            let message = EvolutionStrategies::new(config, 0, vec![0.0]).err().unwrap().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
