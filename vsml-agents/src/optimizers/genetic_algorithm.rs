//! A simple genetic algorithm (Such et al. 2017, "Deep neuroevolution", arXiv 1712.06567, algorithm 1).
//!
//! Truncation selection: the best few of a generation are the *parents* of the next. Each member is a parent, drawn evenly,
//! plus Gaussian noise; there is no crossover. The best one lives on unchanged (the *elite*, member 0), so that what was found
//! is not lost again. Nothing is averaged and no gradient is estimated, which is why it gets across plateaus and out of traps
//! where evolution strategies stand still, and why it is slow where there is a slope to follow.
//!
//! In the first generation theta is the only parent. The paper chooses its elite among ten by thirty more lives each; here it
//! lives again with everybody in the next generation, on new tasks, and has to defend its place.
//!
//! The paper stores a member as the list of the seeds of its mutations. Meta-parameters are few: the parents are stored.

use super::pairs::perturbation;
use super::ranking::best_first;
use super::settings::{above_zero, count, halved, refuse_unless};
use super::{MetaOptimizer, OptimizerError, OptimizerState};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use vsml_envs::stream;

/// Settings of the genetic algorithm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneticAlgorithmConfig {
    /// Members of a population; 2 to 1,000,000.
    pub population: usize,
    /// How many of them are parents of the next; 1 to less than `population`.
    pub parents: usize,
    /// Standard deviation of the mutations at the beginning; above 0.
    pub deviation: f32,
    /// After so many updates the deviation is half of what it was; 0: it stays.
    pub deviation_half_life: u64,
}

impl Default for GeneticAlgorithmConfig {
    fn default() -> Self {
        GeneticAlgorithmConfig { population: 256, parents: 20, deviation: 0.05, deviation_half_life: 0 }
    }
}

/// The genetic algorithm. It stands at its elite.
#[derive(Clone, Debug, PartialEq)]
pub struct GeneticAlgorithm {
    config: GeneticAlgorithmConfig,
    seed: u64,
    /// Best first; there is always one.
    parents: Vec<Vec<f32>>,
    updates: u64,
}

impl GeneticAlgorithm {
    /// Begins at `theta`; parents and mutations are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: GeneticAlgorithmConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        count("population", config.population)?;
        let right = (1..config.population).contains(&config.parents);
        refuse_unless(right, "parents", config.parents, "1 to less than population")?;
        above_zero("deviation", config.deviation)?;
        Ok(GeneticAlgorithm { config, seed, parents: vec![theta], updates: 0 })
    }
}

impl MetaOptimizer for GeneticAlgorithm {
    fn population(&self) -> usize {
        self.config.population
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        if index == 0 {
            return self.parents[0].clone();
        }
        let drawn = stream(self.seed, "parent", &[generation, index as u64]).random_range(0..self.parents.len());
        let deviation = halved(self.config.deviation, self.config.deviation_half_life, self.updates);
        let parent = &self.parents[drawn];
        let mutation = perturbation(self.seed, generation, index, parent.len());
        parent.iter().zip(mutation).map(|(x, eps)| x + deviation * eps).collect()
    }

    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let best = best_first(fitness).into_iter().take(self.config.parents);
        let parents: Vec<Vec<f32>> = best.map(|index| self.ask(generation, index)).collect();
        if parents.is_empty() || !parents.iter().flatten().all(|x| x.is_finite()) {
            return false;
        }
        self.parents = parents;
        self.updates += 1;
        true
    }

    fn theta(&self) -> &[f32] {
        &self.parents[0]
    }

    fn state(&self) -> OptimizerState {
        let counters = [("updates", self.updates), ("parents", self.parents.len() as u64)];
        OptimizerState::of(&[("parents", &self.parents.concat())], &counters)
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let (len, count) = (self.theta().len(), state.counter("parents")?);
        let count = usize::try_from(count).ok().filter(|count| (1..=self.config.parents).contains(count));
        let count = count.ok_or_else(|| OptimizerError::State("its number of parents is out of range".into()))?;
        let (parents, updates) = (state.vector("parents", count * len)?, state.counter("updates")?);
        self.parents = (0..count).map(|parent| parents[parent * len..][..len].to_vec()).collect();
        self.updates = updates;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn algorithm(config: GeneticAlgorithmConfig) -> GeneticAlgorithm {
        GeneticAlgorithm::new(config, 1, vec![1.0; 4]).unwrap()
    }

    #[test]
    fn the_best_are_parents_and_the_very_best_lives_on() {
        let mut optimizer = algorithm(GeneticAlgorithmConfig { population: 50, parents: 3, ..Default::default() });
        let mut fitness = vec![0.0; 50];
        (fitness[30], fitness[7], fitness[12]) = (3.0, 2.0, 1.0);
        let members: Vec<_> = [30, 7, 12].map(|index| optimizer.ask(0, index)).into();
        assert!(optimizer.tell(0, &fitness));
        assert_eq!(optimizer.parents, members);
        assert_eq!(optimizer.ask(1, 0), members[0]);
        assert_eq!(optimizer.theta(), members[0]);
        // Everybody else is near one of them, and every one of them has children.
        let mut children = [0; 3];
        for index in 1..50 {
            let child = optimizer.ask(1, index);
            let far = |parent: &Vec<f32>| parent.iter().zip(&child).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let nearest = (0..3).min_by(|&a, &b| far(&members[a]).total_cmp(&far(&members[b]))).unwrap();
            assert!(far(&members[nearest]) < 0.05 * 5.0);
            children[nearest] += 1;
        }
        assert!(children.iter().all(|count| *count > 5), "{children:?}");
    }

    #[test]
    fn without_noise_it_never_becomes_worse() {
        let mut optimizer = algorithm(GeneticAlgorithmConfig { population: 20, parents: 5, ..Default::default() });
        let fitness = |x: &[f32]| -x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
        let mut best = fitness(optimizer.theta());
        for generation in 0..100 {
            let told: Vec<f64> = (0..20).map(|index| fitness(&optimizer.ask(generation, index))).collect();
            assert!(optimizer.tell(generation, &told));
            assert!(fitness(optimizer.theta()) >= best);
            best = fitness(optimizer.theta());
        }
        assert!(best > -0.1, "{best}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (config, word) in [
            (GeneticAlgorithmConfig { population: 0, ..Default::default() }, "population is 0"),
            (GeneticAlgorithmConfig { parents: 0, ..Default::default() }, "parents is 0"),
            (GeneticAlgorithmConfig { parents: 256, ..Default::default() }, "parents is 256"),
            (GeneticAlgorithmConfig { deviation: 0.0, ..Default::default() }, "deviation is 0"),
        ] {
            let message = GeneticAlgorithm::new(config, 0, vec![0.0]).unwrap_err().to_string();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
