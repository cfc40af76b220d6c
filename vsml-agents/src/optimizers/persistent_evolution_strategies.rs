//! Persistent evolution strategies (PES; Vicol, Metz & Sohl-Dickstein 2021, "Unbiased gradient estimation in unrolled computation
//! graphs with persistent evolution strategies", arXiv 2112.13835).
//!
//! Lives go on from generation to generation ([`UnrolledEvolutionStrategies`]), each unroll with a new perturbation. How good
//! an unroll is depends on all perturbations since the life began, because the state that it started from does. So what
//! weighs its reward is their sum:
//!
//! ```text
//! xi = eps of the generation in which the life began + ... + eps of this generation
//! ```
//!
//! With the last one alone (truncated evolution strategies) the state would be taken for given, and what theta did to it for
//! nothing: the estimate would be biased towards what pays off at once. With the sum it is unbiased, at a price: the variance
//! of the sum grows with the number of unrolls lived. [Noise reuse](UnrolledEvolutionStrategies::noise_reuse) does not pay it,
//! where the same perturbation does for a whole life.

use super::{Noise, OptimizerError, UnrolledEvolutionStrategies, UnrolledEvolutionStrategiesConfig};

impl UnrolledEvolutionStrategies {
    /// Persistent evolution strategies: begins at `theta`; perturbations, a new one for each unroll, are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn persistent(
        config: UnrolledEvolutionStrategiesConfig,
        seed: u64,
        theta: Vec<f32>,
    ) -> Result<Self, OptimizerError> {
        Self::new(config, Noise::Fresh, seed, theta)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::perturbation;
    use super::super::{MetaOptimizer, Shaping, Unroll};
    use super::*;

    #[test]
    fn the_reward_weighs_all_perturbations_since_the_life_began() {
        let config = UnrolledEvolutionStrategiesConfig { pairs: 2, deviation: 0.5, ..Default::default() };
        assert_eq!(config.shaping, Shaping::None);
        let mut optimizer = UnrolledEvolutionStrategies::persistent(config, 1, vec![0.0; 3]).unwrap();
        let unrolls =
            [Unroll { pair: 0, begun: 5, rewards: [3.0, 1.0] }, Unroll { pair: 1, begun: 7, rewards: [0.0, 1.0] }];
        assert!(optimizer.tell_unrolls(7, &unrolls));
        let eps = |generation, pair| perturbation(1, generation, pair, 3).map(f64::from).collect::<Vec<_>>();
        let (first, second) = ([5, 6, 7].map(|generation| eps(generation, 0)), eps(7, 1));
        let moment = &optimizer.state().vectors["adam.first_moment"];
        for i in 0..3 {
            let xi: f64 = first.iter().map(|eps| eps[i]).sum();
            let gradient = (2.0 * xi - second[i]) / (2.0 * 0.5 * 2.0);
            assert!((10.0 * f64::from(moment[i]) - gradient).abs() < 1e-5, "{} {gradient}", moment[i]);
        }
    }
}
