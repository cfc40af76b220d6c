//! `vsml probe`: is what a learner does what can be inferred?
//!
//! Of two arms whose means are independent and uniform, all that a life can teach is how often each has paid and failed, and what
//! is best to do with that is known exactly (backward induction). So two questions have answers. *How often does a learner do
//! what is best, after all that it has seen?* And: *what of that is in its memory?* A linear map from memory to the posterior
//! means of both arms is fitted on half of the lives and judged on others; how much of their variance it explains is R². Beside
//! each meta-trained learner stands the same one as it was before training: what its memory holds without having learnt to.

use crate::arguments::{Machine, ProbeArguments};
use crate::evaluate::{Contender, weights_of};
use crate::exit::STOPPED;
use crate::machine::STOP;
use crate::names::shown;
use crate::output::say;
use crate::table::{NOTHING_TO_TELL, dealt_out, two_decimals};
use anyhow::{Context, Result};
use nalgebra::{Cholesky, DMatrix, DVector};
use rayon::prelude::*;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use vsml_agents::players::optimal_arm;
use vsml_agents::{Learner, LifeError, Secrets, Weights, statistics};
use vsml_envs::{Lifetime, LifetimeKey, Registry, Rng, Split, stream};

/// The bandits that are played.
const TASKS: &str = "BernoulliBandit-v0:arms=2,kind=independent";
/// Pulls of a life.
const PULLS: usize = 100;
/// Stretches of a life in which agreement is told: from, and up to before.
const STRETCHES: [(usize, usize); 5] = [(0, 10), (10, 20), (20, 50), (50, 100), (0, 100)];
/// After so many pulls, memories are looked at.
const LOOKS: [usize; 6] = [2, 5, 10, 20, 50, 99];
/// How strongly the linear map is held back, in units of the features' variance; what is best is chosen on lives of its own.
const RIDGES: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];

/// What was seen of one life.
struct Life {
    /// Whether the best arm was pulled, at each pull at which there is one.
    agreed: Vec<Option<bool>>,
    /// At each of [`LOOKS`]: memory, and the posterior means.
    looks: Vec<(Vec<f32>, [f64; 2])>,
}

/// Lets everybody live, and prints what they do and know.
///
/// # Errors
/// A name that there is not; a learner that cannot play bandits; a signal.
pub fn probe(registry: &Registry, arguments: &ProbeArguments) -> Result<ExitCode> {
    let machine = &arguments.machine;
    let mut contenders: Vec<(String, Contender)> = Vec::new();
    for (name, shown) in arguments.players.iter().zip(shown(&arguments.players)) {
        contenders.push((shown.clone(), Contender::named(name, machine.kernel())?));
        if let Some(weights) = weights_of(name)? {
            contenders.push((format!("{shown}, untrained"), untrained(weights, machine)?));
        }
    }
    let mut agreement: Vec<(&str, Vec<String>)> = Vec::new();
    let mut knowledge: Vec<(&str, Vec<String>)> = Vec::new();
    for (name, contender) in &contenders {
        let lives = machine.run(|| lives(registry, contender, arguments)).with_context(|| name.clone())?;
        if STOP.load(Relaxed) {
            return Ok(ExitCode::from(STOPPED));
        }
        agreement.push((name, STRETCHES.iter().map(|stretch| agreed(&lives, *stretch)).collect()));
        if lives.iter().all(|life| life.looks.iter().all(|(memory, _)| !memory.is_empty())) {
            knowledge.push((name, (0..LOOKS.len()).map(|look| explained(&lives, look)).collect()));
        }
    }
    let columns = STRETCHES.map(|(from, to)| format!("{} to {to}", from + 1));
    say(format_args!(
        "how often the best arm is pulled, at which pulls of {PULLS}; {} lives of {TASKS}\n{}",
        arguments.lifetimes,
        dealt_out(&columns.each_ref().map(String::as_str), &agreement)
    ));
    if !knowledge.is_empty() {
        let columns = LOOKS.map(|pulls| format!("after {pulls}"));
        say(format_args!(
            "how much of the posterior means' variance a linear map of the memory explains (R²), in lives that it was not fitted to\n{}",
            dealt_out(&columns.each_ref().map(String::as_str), &knowledge)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The same learner, with meta-parameters as they are drawn before training.
fn untrained(weights: Weights, machine: &Machine) -> Result<Contender> {
    let learner = weights.learner.meta_learner(machine.kernel())?;
    let seed = weights.origin["seed"].as_u64().unwrap_or(1);
    let values = learner.initialise(&mut stream(seed, "initialise", &[]));
    Contender::trained(&Weights { values, ..weights }, None, machine.kernel())
}

/// All lives of one; those that a signal keeps from beginning are left out.
fn lives(registry: &Registry, contender: &Contender, arguments: &ProbeArguments) -> Result<Vec<Life>> {
    let tasks = registry.make(&format!("{TASKS},steps={PULLS}"))?;
    let live = |lifetime| -> Result<Option<Life>, LifeError> {
        if STOP.load(Relaxed) {
            return Ok(None);
        }
        let key = LifetimeKey { seed: arguments.seed, split: Split::Test, generation: 0, member: 0, lifetime };
        let mut lifetime = tasks.begin(&key)?;
        let mut learner = contender.learner().map_err(LifeError::Unsuited)?;
        let mut rng = key.stream("learner");
        watched(learner.as_mut(), &mut lifetime, &mut rng).map(Some)
    };
    let lives: Result<Vec<Option<Life>>, LifeError> = (0..arguments.lifetimes).into_par_iter().map(live).collect();
    Ok(lives?.into_iter().flatten().collect())
}

/// One life, watched: [`vsml_agents::live`] with a look at what can be known before each pull.
fn watched(learner: &mut dyn Learner, lifetime: &mut Lifetime, rng: &mut Rng) -> Result<Life, LifeError> {
    learner.begin(lifetime.observation_space(), lifetime.action_space(), rng).map_err(LifeError::Unsuited)?;
    // Of each arm: how often it has paid and failed.
    let mut seen = [[0; 2]; 2];
    let mut life = Life { agreed: Vec::new(), looks: Vec::new() };
    for pulled in 0..PULLS {
        if LOOKS.contains(&pulled) {
            let mean = |[paid, failed]: [usize; 2]| (paid + 1) as f64 / (paid + failed + 2) as f64;
            life.looks.push((learner.memory(), seen.map(mean)));
        }
        let best = optimal_arm(PULLS, seen).map_err(LifeError::Unsuited)?;
        let secrets = Secrets::of(lifetime)?;
        learner.reveal(&secrets).map_err(LifeError::Unsuited)?;
        let action = learner.act(&lifetime.percept(), rng).map_err(LifeError::Learner)?;
        let arm = action.index();
        let feedback = lifetime.step(action)?;
        learner.feedback(&feedback);
        seen[arm][usize::from(feedback.reward < 0.5)] += 1;
        life.agreed.push(best.map(|best| arm == best));
    }
    Ok(life)
}

/// In which share of the pulls of a stretch the best arm was pulled.
fn agreed(lives: &[Life], (from, to): (usize, usize)) -> String {
    let pulls = lives.iter().flat_map(|life| &life.agreed[from..to]).flatten();
    let (all, agreed) = pulls.fold((0_u64, 0_u64), |(all, agreed), &best| (all + 1, agreed + u64::from(best)));
    if all == 0 { NOTHING_TO_TELL.into() } else { two_decimals(agreed as f64 / all as f64) }
}

/// R² at one of the looks, over both arms.
fn explained(lives: &[Life], look: usize) -> String {
    let memories: Vec<&[f32]> = lives.iter().map(|life| &life.looks[look].0[..]).collect();
    let each = [0, 1].map(|arm| {
        let targets: Vec<f64> = lives.iter().map(|life| life.looks[look].1[arm]).collect();
        explained_variance(&memories, &targets)
    });
    match each {
        [Some(first), Some(second)] => two_decimals(0.5 * (first + second)),
        _ => NOTHING_TO_TELL.into(),
    }
}

/// How much of the targets' variance a linear map of the features explains: fitted on the first half of the samples, the ridge
/// chosen on the next quarter, judged on the last. Below 0, it is worse than to say the mean. None if the targets do not vary.
fn explained_variance(features: &[&[f32]], targets: &[f64]) -> Option<f64> {
    let (half, rest) = (features.len() / 2, features.len() * 3 / 4);
    let count = features.first()?.len();
    // In units of their deviation in the first half; what does not vary there is left out.
    let column = |index: usize| -> Option<(f64, f64)> {
        let values: Vec<f64> = features[..half].iter().map(|sample| f64::from(sample[index])).collect();
        let mean = statistics::mean(&values);
        let variance = statistics::mean(&values.iter().map(|value| (value - mean).powi(2)).collect::<Vec<_>>());
        (variance > 1e-12).then(|| (mean, variance.sqrt()))
    };
    let scales: Vec<(usize, (f64, f64))> = (0..count).filter_map(|index| Some((index, column(index)?))).collect();
    let matrix = |samples: &[&[f32]]| {
        DMatrix::from_fn(samples.len(), scales.len(), |sample, place| {
            let (index, (mean, deviation)) = scales[place];
            (f64::from(samples[sample][index]) - mean) / deviation
        })
    };
    let level = statistics::mean(&targets[..half]);
    let vector = |targets: &[f64]| DVector::from_iterator(targets.len(), targets.iter().map(|target| target - level));
    let (fit, fit_targets) = (matrix(&features[..half]), vector(&targets[..half]));
    let (gram, moment) = (fit.tr_mul(&fit), fit.tr_mul(&fit_targets));
    let judged = |weights: &DVector<f64>, from: usize, to: usize| -> Option<f64> {
        let (inputs, targets) = (matrix(&features[from..to]), vector(&targets[from..to]));
        let around = targets.add_scalar(-targets.mean()).norm_squared();
        (around > 0.0).then(|| 1.0 - (&targets - inputs * weights).norm_squared() / around)
    };
    let mut best: Option<(f64, DVector<f64>)> = None;
    for ridge in RIDGES {
        let held = &gram + DMatrix::identity(scales.len(), scales.len()) * ridge;
        let Some(factor) = Cholesky::new(held) else { continue };
        let weights = factor.solve(&moment);
        let score = judged(&weights, half, rest)?;
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, weights));
        }
    }
    judged(&best?.1, rest, features.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::rand::RngExt;

    #[test]
    fn what_is_linear_is_explained_and_what_is_not_there_is_not() {
        let mut rng = stream(1, "samples", &[]);
        let samples: Vec<Vec<f32>> =
            (0..400).map(|_| (0..9).map(|i| if i == 4 { 7.0 } else { rng.random::<f32>() }).collect()).collect();
        let features: Vec<&[f32]> = samples.iter().map(Vec::as_slice).collect();
        let linear: Vec<f64> = samples.iter().map(|x| 3.0 + 2.0 * f64::from(x[0]) - f64::from(x[7])).collect();
        assert!(explained_variance(&features, &linear).unwrap() > 0.999);
        let other: Vec<f64> = samples.iter().map(|_| rng.random::<f64>()).collect();
        assert!(explained_variance(&features, &other).unwrap() < 0.1);
        let mixed: Vec<f64> = linear.iter().zip(&other).map(|(a, b)| a / 0.645 + b / 0.289).collect();
        let half = explained_variance(&features, &mixed).unwrap();
        assert!((0.35..0.65).contains(&half), "half of the variance: {half}");
        assert_eq!(explained_variance(&features, &[1.0; 400]), None);
    }
}
