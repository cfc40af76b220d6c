//! Noise-reuse evolution strategies (NRES; Li, Harrison, Sohl-Dickstein, Smith & Metz 2023, "Variance-reduced gradient estimation
//! via noise-reuse in online evolution strategies", arXiv 2304.12180).
//!
//! Lives go on from generation to generation ([`UnrolledEvolutionStrategies`]) as in [persistent
//! ones](UnrolledEvolutionStrategies::persistent), but a pair keeps one perturbation for all of a life. Nothing has to be added
//! up then: what an unroll is due to is that perturbation,
//!
//! ```text
//! xi = eps of the generation in which the life began
//! ```
//!
//! and the unrolls of a life together are the estimate that evolution strategies would have made of it whole, with an update after
//! each. Where the gradients of the steps of a life point in similar directions, which is the common case, its variance is less
//! than that of persistent ones, whose sum of perturbations grows: the paper's theorem, and the reason to prefer it. What it
//! needs in return is that a life meets many others, because each looks along one direction only, however long it is.

use super::{Noise, OptimizerError, UnrolledEvolutionStrategies, UnrolledEvolutionStrategiesConfig};

impl UnrolledEvolutionStrategies {
    /// Noise-reuse evolution strategies: begins at `theta`; perturbations, one for each life, are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn noise_reuse(
        config: UnrolledEvolutionStrategiesConfig,
        seed: u64,
        theta: Vec<f32>,
    ) -> Result<Self, OptimizerError> {
        Self::new(config, Noise::Reused, seed, theta)
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::perturbation;
    use super::super::{MetaOptimizer, Unroll};
    use super::*;

    #[test]
    fn the_reward_weighs_the_perturbation_of_its_life_once() {
        let config = UnrolledEvolutionStrategiesConfig { pairs: 1, deviation: 0.5, ..Default::default() };
        let mut optimizer = UnrolledEvolutionStrategies::noise_reuse(config, 1, vec![0.0; 3]).unwrap();
        assert!(optimizer.tell_unrolls(7, &[Unroll { pair: 0, begun: 5, rewards: [3.0, 1.0] }]));
        let moment = &optimizer.state().vectors["adam.first_moment"];
        for (moment, eps) in moment.iter().zip(perturbation(1, 5, 0, 3)) {
            let gradient = 2.0 * eps / (2.0 * 0.5);
            assert!((10.0 * moment - gradient).abs() < 1e-5, "{moment} {gradient}");
        }
    }
}
