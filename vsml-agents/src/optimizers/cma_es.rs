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
//! C has n² numbers and its axes cost n³ steps. They are found anew only when C has changed by enough (every `1 / (10 n (c_1 +
//! c_μ))` updates), so *what members are drawn with is part of the state*, beside C. More than 2,000 parameters are refused. C is
//! held in double precision, since the ratio of its axes is squared in it, and rounded to what two `f32` can store: a
//! state is of `f32`, and resuming must not change a bit.

use super::pairs::perturbation;
use super::path::{Path, Rates};
use super::settings::{above_zero, population, refuse_unless};
use super::{MetaOptimizer, OptimizerError, OptimizerState};
use nalgebra::{DMatrix, SymmetricEigen};
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
/// Axes whose squared lengths differ by more have come to the end of what can be computed.
const MAX_CONDITION: f64 = 1e14;
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
    /// C, row-major.
    covariance: Vec<f64>,
    /// B, row-major, and D; those of C when this many updates had been done.
    axes: Vec<f32>,
    lengths: Vec<f32>,
    axes_of: u64,
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
        let mut new = CmaEs {
            population: population(config.population, n)?,
            path: Path::new(n, config.deviation),
            config,
            seed,
            start: theta.clone(),
            restarts: 0,
            theta,
            covariance: Vec::new(),
            axes: Vec::new(),
            lengths: Vec::new(),
            axes_of: 0,
            recent: Vec::new(),
        };
        new.forget();
        Ok(new)
    }

    /// Begins a run: steps of the first size, alike in all directions.
    fn forget(&mut self) {
        let n = self.start.len();
        let diagonal = |index: usize| index.is_multiple_of(n + 1);
        self.path = Path::new(n, self.config.deviation);
        self.covariance = (0..n * n).map(|index| if diagonal(index) { 1.0 } else { 0.0 }).collect();
        self.axes = self.covariance.iter().map(|c| *c as f32).collect();
        (self.lengths, self.axes_of, self.recent) = (vec![1.0; n], 0, Vec::new());
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
        self.forget();
    }

    /// `B vector`.
    fn along_axes(&self, vector: &[f64]) -> Vec<f64> {
        let product = |row: &[f32]| row.iter().zip(vector).map(|(b, x)| f64::from(*b) * x).sum();
        self.axes.chunks_exact(vector.len()).map(product).collect()
    }

    /// `D eps` of a member.
    fn stretched(&self, generation: u64, index: usize) -> Vec<f64> {
        let perturbation = perturbation(self.seed, generation, index, self.theta.len());
        perturbation.zip(&self.lengths).map(|(eps, length)| f64::from(eps) * f64::from(*length)).collect()
    }

    /// The covariance (47) after members with their weights were seen, rounded to what a state can hold.
    fn renewed(
        &self,
        generation: u64,
        members: &[super::path::Weighted],
        rates: &Rates,
        path: &Path,
        keep: f64,
    ) -> Vec<f64> {
        let n = self.theta.len();
        let mut covariance: Vec<f64> = self.covariance.iter().map(|c| keep * c).collect();
        let mut add = |weight: f64, y: &[f64]| {
            for (row, y_row) in covariance.chunks_exact_mut(n).zip(y) {
                row.iter_mut().zip(y).for_each(|(c, y)| *c += weight * y_row * y);
            }
        };
        let along: Vec<f64> = path.of_covariance.iter().map(|x| f64::from(*x)).collect();
        add(rates.rank_one, &along);
        for member in members {
            // A bad member takes as much from the covariance whichever way it lies: its length, which is `eps`'s, is divided by.
            let square =
                || perturbation(self.seed, generation, member.index, n).map(|eps| f64::from(eps).powi(2)).sum::<f64>();
            let scale = if member.covariance < 0.0 { n as f64 / square().max(1e-8) } else { 1.0 };
            let step = self.along_axes(&self.stretched(generation, member.index));
            add(rates.rank_many * member.covariance * scale, &step);
        }
        covariance.iter_mut().for_each(|c| *c = split(*c).iter().map(|part| f64::from(*part)).sum());
        covariance
    }

    /// Finds the axes of the covariance; false where there are none, or they are too far apart.
    fn find_axes(&mut self) -> bool {
        let n = self.theta.len();
        let matrix = DMatrix::from_row_slice(n, n, &self.covariance);
        let Some(eigen) = SymmetricEigen::try_new(matrix, f64::EPSILON, 100 * n) else { return false };
        let (least, most) = (eigen.eigenvalues.min(), eigen.eigenvalues.max());
        if !(least > 0.0 && most.is_finite() && most / least < MAX_CONDITION) {
            return false;
        }
        self.lengths = eigen.eigenvalues.iter().map(|square| square.sqrt() as f32).collect();
        // nalgebra stores columns one after the other.
        self.axes = eigen.eigenvectors.transpose().as_slice().iter().map(|b| *b as f32).collect();
        self.axes_of = self.path.updates;
        true
    }

    /// Whether steps are too short to matter, or fitness no longer changes.
    fn has_converged(&self, members: usize) -> bool {
        let n = self.theta.len();
        let size = f64::from(self.path.step_size);
        let shortest = SHORTEST * f64::from(self.config.deviation);
        let mut deviations = self.covariance.iter().step_by(n + 1).map(|variance| size * variance.sqrt());
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

/// `x` as the sum of two `f32`, as far as they reach (48 bits).
fn split(x: f64) -> [f32; 2] {
    let high = x as f32;
    [high, (x - f64::from(high)) as f32]
}

impl MetaOptimizer for CmaEs {
    fn population(&self) -> usize {
        self.population
    }

    fn ask(&self, generation: u64, index: usize) -> Vec<f32> {
        let step = self.along_axes(&self.stretched(generation, index));
        let size = f64::from(self.path.step_size);
        self.theta.iter().zip(step).map(|(x, step)| (f64::from(*x) + size * step) as f32).collect()
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
        let mut stretched = vec![0.0; n];
        let mut white = vec![0.0; n];
        for member in members.iter().filter(|member| member.recombination > 0.0) {
            let perturbation = perturbation(self.seed, generation, member.index, n).map(f64::from);
            white.iter_mut().zip(perturbation).for_each(|(white, eps)| *white += member.recombination * eps);
        }
        for ((stretched, white), length) in stretched.iter_mut().zip(&white).zip(&self.lengths) {
            *stretched = white * f64::from(*length);
        }
        let step = self.along_axes(&stretched);
        let Some((path, keep)) = self.path.walk(&rates, &step, &self.along_axes(&white)) else { return false };
        let covariance = self.renewed(generation, &members, &rates, &path, keep);
        let size = f64::from(self.path.step_size);
        let theta: Vec<f32> =
            self.theta.iter().zip(step).map(|(x, step)| (f64::from(*x) + size * step) as f32).collect();
        if !theta.iter().all(|x| x.is_finite()) || !covariance.iter().all(|c| c.is_finite()) {
            return false;
        }
        (self.theta, self.covariance, self.path) = (theta, covariance, path);

        self.recent.push((fitness[members[0].index] as f32).clamp(f32::MIN, f32::MAX));
        let keep = history(n, valid);
        self.recent.drain(..self.recent.len().saturating_sub(keep));
        let changed = (self.path.updates - self.axes_of) as f64 * 10.0 * n as f64 * (rates.rank_one + rates.rank_many);
        if self.has_converged(valid) || (changed >= 1.0 && !self.find_axes()) {
            self.restart();
        }
        true
    }

    fn theta(&self) -> &[f32] {
        &self.theta
    }

    fn state(&self) -> OptimizerState {
        let [high, low]: [Vec<f32>; 2] = [0, 1].map(|part| self.covariance.iter().map(|c| split(*c)[part]).collect());
        let vectors: [(&str, &[f32]); 7] = [
            ("theta", &self.theta),
            ("start", &self.start),
            ("covariance", &high),
            ("covariance.rest", &low),
            ("axes", &self.axes),
            ("lengths", &self.lengths),
            ("recent", &self.recent),
        ];
        let counters = [
            ("restarts", self.restarts),
            ("population", self.population as u64),
            ("axes_of", self.axes_of),
            ("recent", self.recent.len() as u64),
        ];
        let mut state = OptimizerState::of(&vectors, &counters);
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
        let (high, low) = (state.vector("covariance", n * n)?, state.vector("covariance.rest", n * n)?);
        let axes_of = bounded("axes_of", 0, usize::try_from(path.updates).unwrap_or(usize::MAX))?;
        *self = CmaEs {
            config: self.config.clone(),
            seed: self.seed,
            start: state.vector("start", n)?,
            restarts: state.counter("restarts")?,
            population: bounded("population", 2, MAX_POPULATION)?,
            theta: state.vector("theta", n)?,
            path,
            covariance: high.iter().zip(low).map(|(high, low)| f64::from(*high) + f64::from(low)).collect(),
            axes: state.vector("axes", n * n)?,
            lengths: state.vector("lengths", n)?,
            axes_of: axes_of as u64,
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
        let c = &optimizer.covariance;
        let correlation = c[1] / (c[0] * c[4]).sqrt();
        assert!(correlation > 0.99, "{correlation}");
        assert!(valley(&optimizer.theta) > -1e-3, "{:?}", optimizer.theta);
    }

    #[test]
    fn axes_and_lengths_are_those_of_the_covariance() {
        let mut optimizer = cma(0, vec![0.0; 4]);
        climb(&mut optimizer, 0..30, |x| -f64::from(x[0] * x[0]) - 9.0 * f64::from((x[1] + x[2]).powi(2)));
        assert!(optimizer.find_axes());
        for row in 0..4 {
            for column in 0..4 {
                let (a, b) = (&optimizer.axes[4 * row..], &optimizer.axes[4 * column..]);
                let product: f64 = (0..4).map(|k| f64::from(a[k] * optimizer.lengths[k].powi(2) * b[k])).sum();
                assert!((product - optimizer.covariance[4 * row + column]).abs() < 1e-5);
            }
        }
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
    fn what_two_singles_hold_is_held_for_ever() {
        for x in [1.0, 1.0 / 3.0, -1e-9 / 7.0, 12345.678901234567, 1e20 / 3.0] {
            let once: f64 = split(x).iter().map(|part| f64::from(*part)).sum();
            let twice: f64 = split(once).iter().map(|part| f64::from(*part)).sum();
            assert!((once - x).abs() <= x.abs() * 2f64.powi(-47) && once == twice, "{x}");
        }
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
