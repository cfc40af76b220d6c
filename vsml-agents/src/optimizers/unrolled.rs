//! What persistent and noise-reuse evolution strategies have in common: antithetic pairs that live a piece of their lives, an
//! *unroll*, in each generation, and move after it.
//!
//! Evolution strategies know how good a member was when its life is over, and not before. Where lives are long that is late:
//! one step for thousands of steps lived. Cutting lives short would be early, and wrong: what pays off later than the cut would
//! not count (*truncation bias*). Here lives go on where they stopped, with the meta-parameters moved under them, and
//! after each unroll its reward is weighed with the perturbations that it is due to. All unrolls of a life together say what
//! the whole life would have said.
//!
//! With `R±` the summed rewards of an unroll of the pair's two members, and `xi` the sum of the pair's perturbations that it
//! is due to,
//!
//! ```text
//! gradient = sum over valid unrolls of  xi (R+ - R-) / (2 deviation unrolls)
//! ```
//!
//! goes to Adam. Which perturbations `xi` has is all that distinguishes the two ([`Noise`]).
//!
//! **Unrolls of different length.** `R` is the sum of the rewards, not their mean, so that unrolls add up to the life, whatever
//! their length: the gradient is that of the reward of a whole life, divided by the number of unrolls in one. An unroll belongs
//! to one life; the last one may be shorter, as in the reference implementations. Where the members of a pair live lives of
//! different length, the one that is over waits, without reward, until the other is.
//!
//! **Lives begin at staggered times**, so that in each generation some are young and some old, and each step follows the
//! gradient of all of life. Perturbations are drawn from their key; nothing of them is stored. The deviation does not fade,
//! because the sum of perturbations of different size would have to be weighed by the size of each.

use super::ascent::Ascent;
use super::pairs::{perturbation, signed};
use super::settings::{above_zero, count, refuse_unless};
use super::{MetaOptimizer, Noise, OptimizerError, OptimizerState, Shaping, Truncation, Unroll, Wants};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many perturbations are added up on one thread, in order, whatever the number of threads.
const PERTURBATIONS_PER_BLOCK: usize = 16;

/// Settings of persistent and of noise-reuse evolution strategies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnrolledEvolutionStrategiesConfig {
    /// Antithetic pairs in a population; the population is twice as large. 1 to 1,000,000.
    pub pairs: usize,
    /// Steps of each life that are lived in a generation; at least 1. Where a life is no longer, these are evolution strategies.
    pub unroll: u64,
    /// Standard deviation of the perturbations; above 0.
    pub deviation: f32,
    /// Adam's step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many updates the step size is half of what it was; 0: it stays.
    pub half_life: u64,
    /// What becomes of the reward of an unroll before it weighs perturbations. The estimate is unbiased for `none` alone;
    /// `standardised` changes its length only.
    pub shaping: Shaping,
    /// Share of the meta-parameters that decays per unit of step size: they are multiplied by `1 - learning_rate ·
    /// weight_decay` in every generation. 0 or more.
    pub weight_decay: f32,
}

impl Default for UnrolledEvolutionStrategiesConfig {
    fn default() -> Self {
        UnrolledEvolutionStrategiesConfig {
            pairs: 128,
            unroll: 20,
            deviation: 0.05,
            learning_rate: 0.025,
            half_life: 0,
            shaping: Shaping::None,
            weight_decay: 0.0,
        }
    }
}

/// Evolution strategies whose lives go on from generation to generation: [persistent](Self::persistent) ones, or ones with
/// [noise reuse](Self::noise_reuse). Member `2 k` of a population lives with `theta + deviation · eps_k`, member `2 k + 1` with
/// `theta - deviation · eps_k`.
#[derive(Clone, Debug, PartialEq)]
pub struct UnrolledEvolutionStrategies {
    config: UnrolledEvolutionStrategiesConfig,
    noise: Noise,
    seed: u64,
    ascent: Ascent,
}

impl UnrolledEvolutionStrategies {
    /// Begins at `theta`.
    pub(super) fn new(
        config: UnrolledEvolutionStrategiesConfig,
        noise: Noise,
        seed: u64,
        theta: Vec<f32>,
    ) -> Result<Self, OptimizerError> {
        count("pairs", config.pairs)?;
        refuse_unless(config.unroll > 0, "unroll", config.unroll, "at least 1")?;
        above_zero("deviation", config.deviation)?;
        let ascent = Ascent::new(theta, config.learning_rate, config.half_life, config.weight_decay)?;
        Ok(UnrolledEvolutionStrategies { config, noise, seed, ascent })
    }

    /// The estimate of the gradient of the reward of an unroll; none where no unroll is valid.
    fn gradient(&self, generation: u64, unrolls: &[Unroll]) -> Option<Vec<f64>> {
        let valid: Vec<&Unroll> =
            unrolls.iter().filter(|unroll| unroll.rewards.iter().all(|r| r.is_finite())).collect();
        let shaped = self.config.shaping.shape(valid.iter().flat_map(|unroll| unroll.rewards).collect());
        let scale = 1.0 / (2.0 * f64::from(self.config.deviation) * valid.len() as f64);
        // Lives of one pair share perturbations: each is drawn once, with all that it weighs.
        let mut weights: BTreeMap<(u64, usize), f64> = BTreeMap::new();
        for (unroll, [plus, minus]) in valid.iter().zip(shaped.as_chunks::<2>().0) {
            let weight = scale * (plus - minus);
            let drawn = match self.noise {
                Noise::Fresh => unroll.begun..=generation,
                Noise::Reused => unroll.begun..=unroll.begun,
            };
            drawn.for_each(|drawn| *weights.entry((drawn, unroll.pair)).or_insert(0.0) += weight);
        }
        let weights: Vec<((u64, usize), f64)> = weights.into_iter().filter(|(_, weight)| *weight != 0.0).collect();
        let of_block = |block: &[((u64, usize), f64)]| {
            let mut sum = vec![0.0; self.ascent.theta.len()];
            for ((drawn, pair), weight) in block {
                let eps = perturbation(self.seed, *drawn, *pair, self.ascent.theta.len());
                sum.iter_mut().zip(eps).for_each(|(sum, eps)| *sum += weight * f64::from(eps));
            }
            sum
        };
        let blocks: Vec<Vec<f64>> = weights.par_chunks(PERTURBATIONS_PER_BLOCK).map(of_block).collect();
        let mut gradient = vec![0.0; self.ascent.theta.len()];
        for block in &blocks {
            gradient.iter_mut().zip(block).for_each(|(g, block)| *g += block);
        }
        (!valid.is_empty()).then_some(gradient)
    }
}

impl MetaOptimizer for UnrolledEvolutionStrategies {
    fn population(&self) -> usize {
        2 * self.config.pairs
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        self.ask_at(self.theta(), generation, index)
    }

    fn paired(&self) -> bool {
        true
    }

    /// As if every life were over after one unroll.
    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let pairs = fitness.as_chunks::<2>().0.iter().enumerate();
        let unrolls = pairs.map(|(pair, rewards)| Unroll { pair, begun: generation, rewards: *rewards });
        self.tell_unrolls(generation, &unrolls.collect::<Vec<_>>())
    }

    fn wants(&self) -> Wants {
        Wants::Unrolls(Truncation { unroll: self.config.unroll, noise: self.noise })
    }

    fn ask_at(&self, theta: &[f32], drawn: u64, index: usize) -> Vec<f32> {
        let scale = signed(index, self.config.deviation);
        let perturbation = perturbation(self.seed, drawn, index / 2, theta.len());
        theta.iter().zip(perturbation).map(|(x, eps)| x + scale * eps).collect()
    }

    fn tell_unrolls(&mut self, generation: u64, unrolls: &[Unroll]) -> bool {
        let Some(gradient) = self.gradient(generation, unrolls) else { return false };
        self.ascent.climb(&gradient.iter().map(|g| *g as f32).collect::<Vec<_>>())
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

    fn strategies(config: UnrolledEvolutionStrategiesConfig, noise: Noise) -> UnrolledEvolutionStrategies {
        UnrolledEvolutionStrategies::new(config, noise, 1, vec![0.5]).unwrap()
    }

    /// Influence balancing (Tallec & Ollivier 2017, arXiv 1702.05043, section 4.1): a chain of 23 numbers, each of which
    /// feeds the one before it. Theta pushes the first 10 up at once and the others, which reach the first in the end, down;
    /// the reward is that the first one be 1. What theta does in a few steps is the opposite of what it does in many.
    #[derive(Clone)]
    struct Chain([f64; 23]);

    impl Chain {
        /// Goes on for some steps and returns the sum of rewards.
        fn live(&mut self, theta: f64, steps: u64) -> f64 {
            let mut rewards = 0.0;
            for _ in 0..steps {
                for i in 0..23 {
                    let next = self.0.get(i + 1).copied().unwrap_or(0.0);
                    self.0[i] = 0.5 * self.0[i] + 0.5 * next + if i < 10 { theta } else { -theta };
                }
                rewards -= 0.5 * (self.0[0] - 1.0).powi(2);
            }
            rewards
        }
    }

    /// Where the chain comes to rest with a theta of 1/2.
    fn at_rest() -> Chain {
        let mut chain = Chain([0.0; 23]);
        chain.live(0.5, 1000);
        chain
    }

    const UNROLL: u64 = 10;
    const UNROLLS: u64 = 20;
    const PAIRS: usize = 2000;

    /// The gradient of a whole life, as estimated by its unrolls: mean over pairs, and its standard error. Truncated, each
    /// unroll is weighed with the last perturbation alone.
    fn estimated(noise: Noise, truncated: bool) -> (f64, f64) {
        let config = UnrolledEvolutionStrategiesConfig { pairs: PAIRS, unroll: UNROLL, ..Default::default() };
        let optimizer = strategies(config, noise);
        let of_pair = |pair: usize| {
            let mut chains = [at_rest(), at_rest()];
            let of_unroll = |generation| {
                let drawn = if noise == Noise::Fresh { generation } else { 0 };
                let mut live = |sign: usize| {
                    let theta = optimizer.ask_at(&[0.5], drawn, 2 * pair + sign)[0];
                    chains[sign].live(theta.into(), UNROLL)
                };
                let rewards = [live(0), live(1)];
                let begun = if truncated { generation } else { 0 };
                optimizer.gradient(generation, &[Unroll { pair, begun, rewards }]).unwrap()[0]
            };
            (0..UNROLLS).map(of_unroll).sum::<f64>()
        };
        let estimates: Vec<f64> = (0..PAIRS).map(of_pair).collect();
        let count = PAIRS as f64;
        let mean = estimates.iter().sum::<f64>() / count;
        let variance = estimates.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        (mean, (variance / count).sqrt())
    }

    #[test]
    fn the_estimate_is_unbiased_where_that_of_lives_cut_short_points_the_wrong_way() {
        let whole = |theta| at_rest().live(theta, UNROLL * UNROLLS);
        // The reward is quadratic in theta.
        let gradient = (whole(0.5 + 1e-3) - whole(0.5 - 1e-3)) / 2e-3;
        let errors = [Noise::Fresh, Noise::Reused].map(|noise| {
            let (mean, error) = estimated(noise, false);
            println!("{noise:?}: {mean:.1} ± {error:.1}, exactly {gradient:.1}");
            assert!(
                (mean - gradient).abs() < 4.0 * error && error < 0.1 * gradient.abs(),
                "{noise:?}: {mean} ± {error}"
            );
            error
        });
        assert!(errors[1] < errors[0], "noise reuse varies less: {errors:?}");
        let (mean, error) = estimated(Noise::Fresh, true);
        println!("truncated: {mean:.1} ± {error:.1}");
        assert!(mean * gradient < 0.0 && mean.abs() > 10.0 * error, "truncated: {mean} ± {error}");
    }

    #[test]
    fn unrolls_of_a_life_of_one_generation_are_evolution_strategies() {
        for noise in [Noise::Fresh, Noise::Reused] {
            let config = UnrolledEvolutionStrategiesConfig { pairs: 20, ..Default::default() };
            let optimizer = strategies(config, noise);
            let rewards = |pair: usize| [0, 1].map(|sign| f64::from(optimizer.ask(3, 2 * pair + sign)[0]));
            let unrolls: Vec<Unroll> = (0..20).map(|pair| Unroll { pair, begun: 3, rewards: rewards(pair) }).collect();
            let eps = |pair| f64::from(perturbation(1, 3, pair, 1).next().unwrap());
            let expected = (0..20).map(|pair| eps(pair).powi(2)).sum::<f64>() / 20.0;
            let found = optimizer.gradient(3, &unrolls).unwrap()[0];
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn an_unroll_that_is_invalid_is_as_if_it_had_not_been() {
        for noise in [Noise::Fresh, Noise::Reused] {
            let valid = [(0, 2, 1.0), (1, 4, 3.0), (1, 3, 2.0)];
            let unroll = |(pair, begun, plus)| Unroll { pair, begun, rewards: [plus, 0.5] };
            let mut alone = strategies(UnrolledEvolutionStrategiesConfig::default(), noise);
            let mut among = alone.clone();
            assert!(alone.tell_unrolls(5, &valid.map(unroll)));
            let mut told: Vec<Unroll> = valid.map(unroll).into();
            for (place, nonsense) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().enumerate() {
                told.insert(2 * place, unroll((place, 1, nonsense)));
            }
            assert!(among.tell_unrolls(5, &told));
            assert_eq!(alone, among);
            assert!(!among.tell_unrolls(6, &[unroll((0, 6, f64::NAN))]) && !among.tell_unrolls(6, &[]));
            assert_eq!(alone, among);
        }
    }

    #[test]
    fn settings_out_of_range_are_named() {
        type Config = UnrolledEvolutionStrategiesConfig;
        for (config, word) in [
            (Config { pairs: 0, ..Default::default() }, "pairs is 0"),
            (Config { unroll: 0, ..Default::default() }, "unroll is 0"),
            (Config { deviation: 0.0, ..Default::default() }, "deviation is 0"),
            (Config { learning_rate: -1.0, ..Default::default() }, "learning_rate is -1"),
            (Config { weight_decay: f32::NAN, ..Default::default() }, "weight_decay is NaN"),
        ] {
            let made = UnrolledEvolutionStrategies::new(config, Noise::Fresh, 0, vec![0.0]);
            let message = made.unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
