//! CMA-ES, the evolution strategy with covariance matrix adaptation (Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv
//! 1604.00772), with restarts (IPOP; Auger & Hansen 2005, "A restart CMA evolution strategy with increasing population size").
//!
//! Members are `m + σ B D eps`, where the columns of B are the axes of the covariance `C = B D² Bᵀ` and D their lengths. C follows
//! the members that were good (and shrinks where they were bad), so that after some n² members the valley that the mean goes along
//! looks like a bowl, however narrow it is and whichever way it runs. [`super::path`] has weights, rates and paths.
//!
//! A run has *converged* when the covariance or the fitness says so: the step is 1e-12 of the first one in every parameter; the
//! axes are 1e7 times as long as each other; or the best fitness has been the same, within 1e-12 or single precision, for `10 + 30 n / λ`
//! generations. It then begins anew, around a point drawn where the first run began, with twice the members: small populations
//! find the nearest optimum fast, large ones see past it. [`MetaOptimizer::population`] grows accordingly; theta is the mean
//! of the run under way, and what an earlier one came to is kept by whoever validates.
//!
//! C has n² numbers, which with their axes are state ([`super::covariance`]). More than 2,000 parameters are refused.

use super::covariance::Covariance;
use super::pairs::perturbation;
use super::path::{Path, Rates, Weighted};
use super::settings::{above_zero, population, refuse_unless};
use super::{MetaOptimizer, OptimizerError, OptimizerState};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use vsml_envs::stream;

/// More parameters are refused.
const MAX_PARAMETERS: usize = 2_000;
/// Populations do not grow beyond this, nor beyond so many doublings (the paper's runs had nine at most).
const MAX_POPULATION: usize = 1_000_000;
const MAX_DOUBLINGS: u64 = 9;
/// A step so much shorter than the first one has converged.
const SHORTEST: f64 = 1e-12;
/// Fitness that varies by less is all the same.
const SAME_FITNESS: f32 = 1e-12;

/// Settings of CMA-ES.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CmaEsConfig {
    /// Members of a population in the first run; 2 to 1,000,000, or 0 for `4 + 3 ln` of the number of parameters. Twice as
    /// many in each further run.
    pub population: usize,
    /// Standard deviation of every parameter at the beginning, which is the first step size; above 0.
    pub deviation: f32,
}

impl Default for CmaEsConfig {
    fn default() -> Self {
        CmaEsConfig { population: 0, deviation: 0.05 }
    }
}

/// CMA-ES with restarts.
#[derive(Clone, Debug, PartialEq)]
pub struct CmaEs {
    config: CmaEsConfig,
    seed: u64,
    /// Where the first run began.
    start: Vec<f32>,
    restarts: u64,
    population: usize,
    theta: Vec<f32>,
    path: Path,
    covariance: Covariance,
    /// Best fitness of the last generations of this run, oldest first.
    recent: Vec<f32>,
}

impl CmaEs {
    /// Begins at `theta`; perturbations and restarts are drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name; too many parameters.
    pub fn new(config: CmaEsConfig, seed: u64, theta: Vec<f32>) -> Result<Self, OptimizerError> {
        let n = theta.len();
        let rule = "1 to 2,000 for cma-es, whose covariance matrix has the square of their number; \
                    use sep-cma-es for more";
        refuse_unless((1..=MAX_PARAMETERS).contains(&n), "the number of meta-parameters", n, rule)?;
        above_zero("deviation", config.deviation)?;
        Ok(CmaEs {
            population: population(config.population, n)?,
            path: Path::new(n, config.deviation),
            covariance: Covariance::new(n),
            config,
            seed,
            start: theta.clone(),
            restarts: 0,
            theta,
            recent: Vec::new(),
        })
    }

    /// Begins a further run, with twice the members.
    fn restart(&mut self) {
        self.restarts += 1;
        if self.restarts <= MAX_DOUBLINGS {
            self.population = (2 * self.population).min(MAX_POPULATION);
        }
        let mut rng = stream(self.seed, "restart", &[self.restarts]);
        let drawn = |x: &f32| x + self.config.deviation * rng.sample::<f32, _>(StandardNormal);
        self.theta = self.start.iter().map(drawn).collect();
        self.path = Path::new(self.start.len(), self.config.deviation);
        self.covariance = Covariance::new(self.start.len());
        self.recent.clear();
    }

    /// The `eps` of a member.
    fn perturbation(&self, generation: u64, index: usize) -> impl Iterator<Item = f64> {
        perturbation(self.seed, generation, index, self.theta.len()).map(f64::from)
    }

    /// What `eps` is as a step, in units of the step size: `B D eps`.
    fn step(&self, eps: impl Iterator<Item = f64>) -> Vec<f64> {
        self.covariance.along_axes(&self.covariance.stretch(eps))
    }

    /// The point that lies a step from the mean.
    fn beyond(&self, step: &[f64]) -> Vec<f32> {
        let size = f64::from(self.path.step_size);
        self.theta.iter().zip(step).map(|(x, step)| (f64::from(*x) + size * step) as f32).collect()
    }

    /// The covariance after members with their weights were seen (47).
    fn renewed(&self, generation: u64, members: &[Weighted], rates: &Rates, path: &Path, keep: f64) -> Covariance {
        let mut covariance = self.covariance.clone();
        covariance.fade(keep);
        covariance.add(rates.rank_one, &path.of_covariance.iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
        for member in members {
            let eps: Vec<f64> = self.perturbation(generation, member.index).collect();
            // However long the step of a bad member is, it takes as much as one of the usual length would (46).
            let square = eps.iter().map(|eps| eps * eps).sum::<f64>().max(1e-8);
            let scale = if member.covariance < 0.0 { eps.len() as f64 / square } else { 1.0 };
            covariance.add(rates.rank_many * member.covariance * scale, &self.step(eps.into_iter()));
        }
        covariance
    }

    /// Whether steps are too short to matter, or fitness no longer changes.
    fn has_converged(&self, members: usize) -> bool {
        let n = self.theta.len();
        let size = f64::from(self.path.step_size);
        let shortest = SHORTEST * f64::from(self.config.deviation);
        let mut deviations = self.covariance.variances().map(|variance| size * variance.sqrt());
        let short = deviations.all(|deviation| deviation < shortest)
            && self.path.of_covariance.iter().all(|x| size * f64::from(x.abs()) < shortest);
        let range = self.recent.iter().fold((f32::MAX, f32::MIN), |(low, high), f| (low.min(*f), high.max(*f)));
        short || (self.recent.len() == history(n, members) && range.1 - range.0 <= SAME_FITNESS)
    }
}

/// After so many generations without a change of the best fitness a run has converged.
fn history(parameters: usize, members: usize) -> usize {
    10 + (30 * parameters).div_ceil(members)
}

impl MetaOptimizer for CmaEs {
    fn population(&self) -> usize {
        self.population
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        self.beyond(&self.step(self.perturbation(generation, index)))
    }

    fn tell(&mut self, generation: u64, fitness: &[f64]) -> bool {
        assert_eq!(fitness.len(), self.population(), "one fitness per member");
        let n = self.theta.len();
        let valid = fitness.iter().filter(|fitness| fitness.is_finite()).count();
        if valid < 2 {
            return false;
        }
        let rates = Rates::new(n, valid);
        let members = rates.weigh(fitness);
        let mut white = vec![0.0; n];
        for member in members.iter().filter(|member| member.recombination > 0.0) {
            let perturbation = self.perturbation(generation, member.index);
            white.iter_mut().zip(perturbation).for_each(|(white, eps)| *white += member.recombination * eps);
        }
        let step = self.step(white.iter().copied());
        let white = self.covariance.along_axes(&white);
        let Some((path, keep)) = self.path.walk(&rates, &step, &white) else { return false };
        let mut covariance = self.renewed(generation, &members, &rates, &path, keep);
        let theta = self.beyond(&step);
        if !covariance.round() || !theta.iter().all(|x| x.is_finite()) {
            return false;
        }
        (self.theta, self.covariance, self.path) = (theta, covariance, path);

        self.recent.push((fitness[members[0].index] as f32).clamp(f32::MIN, f32::MAX));
        let keep = history(n, valid);
        self.recent.drain(..self.recent.len().saturating_sub(keep));
        if self.has_converged(valid) || !self.covariance.find_axes_in_time(&rates, &self.path) {
            self.restart();
        }
        true
    }

    fn theta(&self) -> &[f32] {
        &self.theta
    }

    fn state(&self) -> OptimizerState {
        let vectors: [(&str, &[f32]); 3] = [("theta", &self.theta), ("start", &self.start), ("recent", &self.recent)];
        let counters =
            [("restarts", self.restarts), ("population", self.population as u64), ("recent", self.recent.len() as u64)];
        let mut state = OptimizerState::of(&vectors, &counters);
        self.covariance.store(&mut state);
        self.path.store(&mut state);
        state
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let n = self.theta.len();
        let bounded = |name: &str, least: usize, most: usize| {
            let value = usize::try_from(state.counter(name)?).ok().filter(|value| (least..=most).contains(value));
            value.ok_or_else(|| OptimizerError::State(format!("the counter `{name}` is not {least} to {most}")))
        };
        let path = Path::stored(state, n)?;
        *self = CmaEs {
            config: self.config.clone(),
            seed: self.seed,
            start: state.vector("start", n)?,
            restarts: state.counter("restarts")?,
            population: bounded("population", 2, MAX_POPULATION)?,
            theta: state.vector("theta", n)?,
            covariance: Covariance::stored(state, n, &path)?,
            path,
            recent: state.vector("recent", bounded("recent", 0, history(n, 2))?)?,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cma(population: usize, theta: Vec<f32>) -> CmaEs {
        CmaEs::new(CmaEsConfig { population, deviation: 0.5 }, 1, theta).unwrap()
    }

    fn climb(optimizer: &mut CmaEs, generations: std::ops::Range<u64>, fitness: impl Fn(&[f32]) -> f64) {
        for generation in generations {
            let told: Vec<f64> =
                (0..optimizer.population()).map(|index| fitness(&optimizer.ask(generation, index))).collect();
            assert!(optimizer.tell(generation, &told));
        }
    }

    /// A narrow valley along (1, 1, 1).
    fn valley(x: &[f32]) -> f64 {
        let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let along = x.iter().sum::<f64>() / 3.0;
        -along * along - 1e4 * x.iter().map(|x| (x - along).powi(2)).sum::<f64>()
    }

    #[test]
    fn it_learns_which_way_a_valley_runs() {
        let mut optimizer = cma(0, vec![1.0, 2.0, 3.0]);
        climb(&mut optimizer, 0..150, valley);
        // Drawn far along the valley, and next to nowhere across it.
        let step = optimizer.step([1.0, 1.0, 1.0].into_iter());
        let along = step.iter().sum::<f64>() / 3.0;
        assert!(step.iter().all(|step| (step - along).abs() < 0.1 * along.abs()), "{step:?}");
        assert!(valley(&optimizer.theta) > -1e-3, "{:?}", optimizer.theta);
    }

    #[test]
    fn it_begins_anew_with_twice_the_members_where_nothing_changes() {
        let mut optimizer = cma(6, vec![4.0, 4.0]);
        let generations = history(2, 6) as u64;
        climb(&mut optimizer, 0..generations - 1, |_| 1.0);
        assert_eq!((optimizer.restarts, optimizer.population()), (0, 6));
        climb(&mut optimizer, generations - 1..generations, |_| 1.0);
        assert_eq!((optimizer.restarts, optimizer.population()), (1, 12));
        assert_eq!(optimizer.path, Path::new(2, 0.5));
        assert!(optimizer.theta.iter().all(|x| *x != 4.0 && (x - 4.0).abs() < 2.5), "{:?}", optimizer.theta);
    }

    #[test]
    fn it_begins_anew_when_it_has_found_the_bottom() {
        let mut optimizer = cma(0, vec![1.0; 3]);
        let generations = (0..1000).take_while(|generation| {
            climb(&mut optimizer, *generation..*generation + 1, |x| {
                -f64::from(x[0].abs() + (x[1] - 1.0).abs() + x[2].abs())
            });
            optimizer.restarts == 0
        });
        assert!((50..500).contains(&generations.count()));
        assert_eq!(optimizer.population(), 14);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let make = |config, parameters| CmaEs::new(config, 0, vec![0.0; parameters]).unwrap_err().to_string();
        assert!(make(CmaEsConfig { population: 1, ..Default::default() }, 3).starts_with("population is 1"));
        assert!(make(CmaEsConfig { deviation: 0.0, ..Default::default() }, 3).starts_with("deviation is 0"));
        let message = make(CmaEsConfig::default(), 2884);
        assert!(
            message.starts_with("the number of meta-parameters is 2884") && message.contains("sep-cma-es"),
            "{message}"
        );
    }
}
