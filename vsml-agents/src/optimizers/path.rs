//! What CMA-ES and its separable form share: weights by rank, learning rates, and the two evolution paths (Hansen 2016, "The
//! CMA evolution strategy: a tutorial", arXiv 1604.00772; equation numbers are its).
//!
//! An evolution path is a fading sum of the steps that the mean has taken. Where steps go on in one direction the path is long,
//! where they undo each other it is short. One path, of steps that are rid of their covariance, sets the step size; the other
//! makes the covariance longer in the direction that the mean goes.
//!
//! All numbers follow from the number of parameters n and of *valid* members λ: a generation in which some are invalid is one of
//! a smaller population.

use super::ranking::{best_first, share_among_equals};
use super::{OptimizerError, OptimizerState};

/// Weights and rates for n parameters and λ valid members.
pub(super) struct Rates {
    /// Variance effective selection mass of the members that pull (8).
    mass: f64,
    /// c_σ, d_σ: how fast the path of the step size fades, and the damping of the step size (55).
    step: f64,
    damping: f64,
    /// c_c: how fast the path of the covariance fades (56).
    fade: f64,
    /// c_1, c_μ: shares of the covariance that are renewed from its path and from the members (57, 58).
    pub(super) rank_one: f64,
    pub(super) rank_many: f64,
    /// Mean length of a standard normal vector.
    length: f64,
    parameters: f64,
    /// For the mean, best first; 0 for the worse half; sums to 1 (53).
    recombination: Vec<f64>,
    /// For the covariance, best first; below 0 for the worse half (53).
    covariance: Vec<f64>,
}

/// A valid member and its weights.
pub(super) struct Weighted {
    /// Its number in the population.
    pub(super) index: usize,
    /// Its weight in the mean.
    pub(super) recombination: f64,
    /// Its weight in the covariance.
    pub(super) covariance: f64,
}

impl Rates {
    /// For `parameters` and `members`, of which there are 2 at least.
    pub(super) fn new(parameters: usize, members: usize) -> Self {
        let (n, half) = (parameters as f64, libm::log((members as f64 + 1.0) / 2.0));
        let raw: Vec<f64> = (1..=members).map(|rank| half - libm::log(rank as f64)).collect(); // (49)
        let mass = |part: &[f64]| {
            let squares: f64 = part.iter().map(|w| w * w).sum();
            if squares > 0.0 { part.iter().sum::<f64>().powi(2) / squares } else { 0.0 }
        };
        let (best, rest) = raw.split_at(members / 2);
        let (mass, mass_of_rest) = (mass(best), mass(rest));

        let step = (mass + 2.0) / (n + mass + 5.0);
        let damping = 1.0 + 2.0 * (((mass - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + step;
        let fade = (4.0 + mass / n) / (n + 4.0 + 2.0 * mass / n);
        let rank_one = 2.0 / ((n + 1.3).powi(2) + mass);
        let rank_many = 2.0 * (0.25 + mass + 1.0 / mass - 2.0) / ((n + 2.0).powi(2) + mass);
        let rank_many = rank_many.min(1.0 - rank_one);

        // How hard the worse half may push, lest the covariance lose its definiteness (50 to 53).
        let push = (1.0 + rank_one / rank_many)
            .min(1.0 + 2.0 * mass_of_rest / (mass + 2.0))
            .min((1.0 - rank_one - rank_many) / (n * rank_many));
        let pulling: f64 = raw.iter().filter(|w| **w > 0.0).sum();
        let pushing: f64 = -raw.iter().filter(|w| **w < 0.0).sum::<f64>();
        Rates {
            mass,
            step,
            damping,
            fade,
            rank_one,
            rank_many,
            length: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
            parameters: n,
            recombination: raw.iter().map(|w| w.max(0.0) / pulling).collect(),
            covariance: raw.iter().map(|w| if *w > 0.0 { w / pulling } else { push * w / pushing }).collect(),
        }
    }

    /// The same for a covariance that is a diagonal: it has n numbers instead of n²/2, and learns (n + 2) / 3 times as fast
    /// as a matrix would, with the rates of Ros & Hansen (2008, section 2). Nobody pushes.
    pub(super) fn separable(parameters: usize, members: usize) -> Self {
        let mut rates = Rates::new(parameters, members);
        let (n, mass) = (rates.parameters, rates.mass);
        let many = ((2.0 * mass - 1.0) / ((n + 2.0).powi(2) + mass)).min(1.0);
        let matrix = 2.0 / (mass * (n + std::f64::consts::SQRT_2).powi(2)) + (1.0 - 1.0 / mass) * many;
        let diagonal = (matrix * (n + 2.0) / 3.0).min(1.0);
        rates.rank_one = diagonal / mass;
        rates.rank_many = diagonal - rates.rank_one;
        rates.covariance.clone_from(&rates.recombination);
        rates
    }

    /// The valid members with their weights, best first. `fitness` has as many valid members as these rates are for.
    pub(super) fn weigh(&self, fitness: &[f64]) -> Vec<Weighted> {
        let order = best_first(fitness);
        let (mut recombination, mut covariance) = (self.recombination.clone(), self.covariance.clone());
        share_among_equals(&mut recombination, &order, fitness);
        share_among_equals(&mut covariance, &order, fitness);
        let weights = recombination.into_iter().zip(covariance);
        let weighted = |(index, (recombination, covariance))| Weighted { index, recombination, covariance };
        order.into_iter().zip(weights).map(weighted).collect()
    }
}

/// The two evolution paths and the step size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    /// σ.
    pub(super) step_size: f32,
    /// p_σ: of steps that are rid of their covariance.
    pub(super) of_step_size: Vec<f32>,
    /// p_c: of steps as they are.
    pub(super) of_covariance: Vec<f32>,
    /// Updates so far.
    pub(super) updates: u64,
}

impl Path {
    /// Before the first step.
    pub(super) fn new(parameters: usize, step_size: f32) -> Self {
        Path { step_size, of_step_size: vec![0.0; parameters], of_covariance: vec![0.0; parameters], updates: 0 }
    }

    /// Puts the path into a state.
    pub(super) fn store(&self, state: &mut OptimizerState) {
        state.vectors.insert("path.step_size".into(), vec![self.step_size]);
        state.vectors.insert("path.of_step_size".into(), self.of_step_size.clone());
        state.vectors.insert("path.of_covariance".into(), self.of_covariance.clone());
        state.counters.insert("path.updates".into(), self.updates);
    }

    /// What [`Path::store`] put in.
    pub(super) fn stored(state: &OptimizerState, parameters: usize) -> Result<Self, OptimizerError> {
        Ok(Path {
            step_size: state.vector("path.step_size", 1)?[0],
            of_step_size: state.vector("path.of_step_size", parameters)?,
            of_covariance: state.vector("path.of_covariance", parameters)?,
            updates: state.counter("path.updates")?,
        })
    }

    /// The path after the mean has taken `step` (in units of the step size), which without its covariance is `white`; with
    /// what the covariance keeps of itself. Nothing where the step size would not be finite.
    pub(super) fn walk(&self, rates: &Rates, step: &[f64], white: &[f64]) -> Option<(Self, f64)> {
        let fading = |path: &[f32], rate: f64, step: &[f64], with: f64| -> Vec<f32> {
            let into = with * (rate * (2.0 - rate) * rates.mass).sqrt();
            path.iter().zip(step).map(|(old, new)| ((1.0 - rate) * f64::from(*old) + into * new) as f32).collect()
        };
        let of_step_size = fading(&self.of_step_size, rates.step, white, 1.0); // (43)
        let length = of_step_size.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let change = (rates.step / rates.damping * (length / rates.length - 1.0)).min(1.0);
        let step_size = (f64::from(self.step_size) * libm::exp(change)) as f32; // (44)

        // While the step size grows fast the path of the covariance waits, lest it become long from that alone.
        let updates = self.updates + 1;
        let warm = (1.0 - libm::pow(1.0 - rates.step, 2.0 * updates as f64)).sqrt();
        let goes_on = length / warm < (1.4 + 2.0 / (rates.parameters + 1.0)) * rates.length;
        let of_covariance = fading(&self.of_covariance, rates.fade, step, if goes_on { 1.0 } else { 0.0 }); // (45)
        let lost = if goes_on { 0.0 } else { rates.fade * (2.0 - rates.fade) };
        let keep =
            1.0 + rates.rank_one * lost - rates.rank_one - rates.rank_many * rates.covariance.iter().sum::<f64>();

        let finite = of_step_size.iter().chain(&of_covariance).all(|x| x.is_finite());
        let sound = finite && step_size.is_finite() && step_size > 0.0;
        sound.then_some((Path { step_size, of_step_size, of_covariance, updates }, keep))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_the_tutorial() {
        // Ten parameters and ten members, worked by hand from the equations.
        let rates = Rates::new(10, 10);
        let raw: Vec<f64> = (1..=10).map(|rank| 5.5f64.ln() - f64::from(rank).ln()).collect();
        let sum: f64 = raw[..5].iter().sum();
        let mass = sum * sum / raw[..5].iter().map(|w| w * w).sum::<f64>();
        assert!((rates.mass - mass).abs() < 1e-12 && (rates.mass - 3.1673).abs() < 1e-4, "{}", rates.mass);
        assert!((rates.recombination.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((rates.step - 5.1673 / 18.1673).abs() < 1e-4);
        assert!((rates.damping - 1.0 - rates.step).abs() < 1e-12);
        assert!((rates.rank_one - 2.0 / (127.69 + mass)).abs() < 1e-12);
        assert!(rates.covariance[4] > 0.0 && rates.covariance[5] < 0.0);
        assert!((rates.length - 3.0847).abs() < 1e-3, "{}", rates.length);
    }

    #[test]
    fn two_members_are_enough() {
        for rates in [Rates::new(1, 2), Rates::new(3, 3), Rates::separable(1, 2)] {
            let numbers = [rates.mass, rates.step, rates.damping, rates.fade, rates.rank_one, rates.rank_many];
            assert!(numbers.iter().chain(&rates.covariance).all(|x| x.is_finite()), "{numbers:?}");
            assert!(rates.rank_one + rates.rank_many <= 1.0 + 1e-12, "{numbers:?}");
        }
    }

    #[test]
    fn equals_weigh_the_same() {
        let weights = Rates::new(3, 4).weigh(&[1.0, 1.0, f64::NAN, 1.0, 1.0]);
        assert!(weights.iter().all(|member| (member.recombination - 0.25).abs() < 1e-12));
        assert_eq!(weights.iter().map(|member| member.index).collect::<Vec<_>>(), [0, 1, 3, 4]);
    }
}
