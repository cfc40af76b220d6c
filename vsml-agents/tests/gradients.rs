//! Gradients of whole lives, and of the regression that clones backpropagation: against finite differences, and at work.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rand::RngExt;
use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{EvolutionStrategies, GradientDescent, GradientDescentConfig, MetaOptimizer};
use vsml_agents::{
    CloneConfig, ConvolutionConfig, LifeError, MetaLearner, MetaTraining, Objective, Schedule, Slope, TrainingError,
    Vsml, VsmlConfig, live,
};
use vsml_core::{Aggregation, BackwardPass, Kernel};
use vsml_envs::{LifetimeKey, Registry, Rng, Split, Tasks, stream};

static NEVER: AtomicBool = AtomicBool::new(false);

fn tasks(id: &str) -> Tasks {
    Registry::builtin().make(id).unwrap()
}

fn key() -> LifetimeKey {
    LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime: 0 }
}

fn clone_learner() -> VsmlConfig {
    VsmlConfig {
        message_size: 1,
        aggregation: Aggregation::Sum,
        recurrent_messages: false,
        backward_pass: BackwardPass::Separate,
        feed_label: false,
        logit_scale: 1.0,
        ..VsmlConfig::default()
    }
}

fn random_theta(vsml: &Vsml, rng: &mut Rng) -> Vec<f32> {
    let mut theta = vsml.initialise(rng);
    theta.iter_mut().for_each(|x| *x += rng.random_range(-0.2..0.2));
    theta
}

/// Compares the slope along some directions with the loss a little further along and a little before.
fn assert_slope(name: &str, theta: &[f32], slope: impl Fn(&[f32]) -> Slope, rng: &mut Rng) {
    let here = slope(theta);
    let norm = here.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!(norm > 1e-3, "{name}: a gradient of {norm} says nothing");
    for _ in 0..3 {
        let direction: Vec<f32> = theta.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
        let length = direction.iter().map(|d| f64::from(d * d)).sum::<f64>().sqrt();
        let at = |step: f64| {
            let moved = |(x, d): (&f32, &f32)| x + (step / length) as f32 * d;
            slope(&theta.iter().zip(&direction).map(moved).collect::<Vec<f32>>()).loss
        };
        let central = |step: f64| (at(step) - at(-step)) / (2.0 * step);
        let found = (4.0 * central(0.01) - central(0.02)) / 3.0;
        let expected = here.gradient.iter().zip(&direction).map(|(g, d)| g * f64::from(*d)).sum::<f64>() / length;
        assert!((found - expected).abs() < 0.02 * norm, "{name}: {found} for {expected}, the gradient being {norm}");
    }
}

#[test]
fn the_gradient_of_a_life_is_the_slope_of_its_loss() {
    let with = |change: &dyn Fn(&mut VsmlConfig)| {
        let mut config = VsmlConfig { hidden_size: 6, message_size: 3, logit_scale: 3.0, ..VsmlConfig::default() };
        change(&mut config);
        config
    };
    let configs = [
        with(&|_| {}),
        with(&|c| c.hidden_layers = vec![3]),
        with(&|c| c.feedback_tick = false),
        with(&|c| c.feed_label = false),
        with(&|c| {
            c.hidden_layers = vec![3];
            c.backward_pass = BackwardPass::Separate;
            c.parameters_per_layer = true;
        }),
        with(&|c| c.convolutions = vec![ConvolutionConfig { kernel: 3, stride: 3, channels: 1 }]),
    ];
    for (i, config) in configs.into_iter().enumerate() {
        let images = !config.convolutions.is_empty();
        let tasks = tasks(if images { "Digits-v0:classes=2,steps=4" } else { "GaussianClusters-v0:inputs=3,steps=8" });
        let vsml = Vsml::new(config.clone(), Kernel::detect()).unwrap();
        let mut rng = stream(1, "theta", &[i as u64]);
        let theta = random_theta(&vsml, &mut rng);
        let slope = |theta: &[f32]| {
            let mut life = tasks.begin(&key()).unwrap();
            vsml.differentiate(theta, &mut life, &mut stream(1, "luck", &[]), 0).unwrap().1
        };
        assert_slope(&format!("{config:?}"), &theta, slope, &mut rng);
    }
}

#[test]
fn a_differentiated_life_is_the_same_life() {
    let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect()).unwrap();
    let theta = random_theta(&vsml, &mut stream(1, "theta", &[]));
    let tasks = tasks("GaussianClusters-v0:inputs=3,steps=50");
    let lived = live(
        &mut *vsml.learner(&theta).unwrap(),
        &mut tasks.begin(&key()).unwrap(),
        &mut stream(1, "luck", &[]),
        |_| {},
    );
    let differentiate = |truncation: u64| {
        let mut life = tasks.begin(&key()).unwrap();
        vsml.differentiate(&theta, &mut life, &mut stream(1, "luck", &[]), truncation).unwrap()
    };
    let (score, whole) = differentiate(0);
    assert_eq!(score, lived.unwrap());
    // Cut into pieces, it is the same life with the same loss; pieces at least as long as the life are the whole.
    let (score_in_pieces, pieces) = differentiate(7);
    assert_eq!((score_in_pieces, differentiate(50).1), (score, whole.clone()));
    assert!((pieces.loss - whole.loss).abs() < 1e-9 && pieces.gradient != whole.gradient);
}

#[test]
fn where_nobody_tells_what_is_right_there_is_no_gradient() {
    let vsml = Vsml::new(VsmlConfig::default(), Kernel::Scalar).unwrap();
    let theta = vsml.initialise(&mut stream(1, "theta", &[]));
    let bandit = tasks("BernoulliBandit-v0:steps=5");
    let mut life = bandit.begin(&key()).unwrap();
    let error = vsml.differentiate(&theta, &mut life, &mut stream(1, "luck", &[]), 0).unwrap_err();
    assert!(
        matches!(&error, LifeError::Unsuited(reason) if reason.0.contains("what would have been right")),
        "{error}"
    );
    // A run says so before it begins.
    let optimizer = Box::new(GradientDescent::new(GradientDescentConfig::default(), theta).unwrap());
    let error = MetaTraining::new(Box::new(vsml), optimizer, vec![bandit], schedule(Objective::Life)).err().unwrap();
    assert!(matches!(error, TrainingError::Unsuited { .. }), "{error}");
}

fn schedule(objective: Objective) -> Schedule {
    Schedule { objective, seed: 1, lifetimes: 2, ..Schedule::default() }
}

#[test]
fn the_gradient_of_cloning_is_the_slope_of_its_loss() {
    for backward_pass in [BackwardPass::Same, BackwardPass::Separate] {
        let vsml = Vsml::new(VsmlConfig { backward_pass, ..clone_learner() }, Kernel::detect()).unwrap();
        let mut rng = stream(1, "theta", &[]);
        let theta = random_theta(&vsml, &mut rng);
        let config = CloneConfig { steps: 5, ..CloneConfig::default() };
        let slope = |theta: &[f32]| vsml.clone_backpropagation(theta, &config, &mut stream(1, "luck", &[])).unwrap();
        assert_slope(&format!("{backward_pass:?}"), &theta, slope, &mut rng);
    }
}

#[test]
fn what_cannot_be_backpropagation_is_refused_with_a_reason() {
    for (config, word) in [
        (VsmlConfig { aggregation: Aggregation::Mean, ..clone_learner() }, "aggregation"),
        (VsmlConfig { message_size: 2, ..clone_learner() }, "message_size"),
        (VsmlConfig { backward_pass: BackwardPass::None, ..clone_learner() }, "backward_pass"),
        (VsmlConfig { recurrent_messages: true, ..clone_learner() }, "recurrent_messages"),
    ] {
        let vsml = Vsml::new(config, Kernel::Scalar).unwrap();
        let theta = vsml.initialise(&mut stream(1, "theta", &[]));
        let refused = vsml.clone_backpropagation(&theta, &CloneConfig::default(), &mut stream(1, "luck", &[]));
        assert!(refused.unwrap_err().0.contains(word), "{word}");
    }
    let vsml = Vsml::new(clone_learner(), Kernel::Scalar).unwrap();
    let theta = vsml.initialise(&mut stream(1, "theta", &[]));
    for (config, word) in [
        (CloneConfig { steps: 0, ..CloneConfig::default() }, "steps"),
        (CloneConfig { learning_rate: f32::NAN, ..CloneConfig::default() }, "learning_rate"),
    ] {
        assert!(vsml.clone_backpropagation(&theta, &config, &mut stream(1, "luck", &[])).unwrap_err().0.contains(word));
    }
}

fn training(learner: VsmlConfig, objective: Objective) -> MetaTraining {
    let vsml = Vsml::new(learner, Kernel::detect()).unwrap();
    let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
    let config = GradientDescentConfig { batch: 8, learning_rate: 0.01, ..GradientDescentConfig::default() };
    let optimizer = Box::new(GradientDescent::new(config, theta).unwrap());
    let tasks = vec![tasks("RandomLabels-v0:inputs=4,images=3,classes=2,steps=15")];
    MetaTraining::new(Box::new(vsml), optimizer, tasks, schedule(objective)).unwrap()
}

fn losses(training: &mut MetaTraining, generations: usize) -> Vec<f64> {
    (0..generations).map(|_| training.advance(&NEVER).unwrap().unwrap().loss.unwrap()).collect()
}

#[test]
fn it_learns_to_remember_labels() {
    let learner = VsmlConfig { hidden_size: 8, message_size: 4, ..VsmlConfig::default() };
    let losses = losses(&mut training(learner, Objective::Life), 300);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (before, after) = (mean(&losses[..10]), mean(&losses[290..]));
    assert!((0.6..1.0).contains(&before), "chance is ln 2: {before}");
    // The first of each of three images has to be guessed: a fifth of ln 2 is the least there is.
    assert!(after < 0.4, "{after}");
}

#[test]
fn it_learns_to_be_backpropagation() {
    let losses = losses(&mut training(clone_learner(), Objective::CloneBackpropagation(CloneConfig::default())), 200);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let (before, after) = (mean(&losses[..10]), mean(&losses[190..]));
    assert!(after < 0.5 * before, "{before} {after}");
}

#[test]
fn a_run_that_goes_on_equals_one_that_never_stopped() {
    for objective in [Objective::Life, Objective::CloneBackpropagation(CloneConfig::default())] {
        let mut whole = training(clone_learner(), objective.clone());
        losses(&mut whole, 6);
        let mut first = training(clone_learner(), objective.clone());
        losses(&mut first, 2);
        let mut second = training(clone_learner(), objective);
        second.restore(&first.archive()).unwrap();
        losses(&mut second, 4);
        assert_eq!(second.archive(), whole.archive());
    }
}

#[test]
fn evolution_strategies_can_clone_too() {
    let vsml = Vsml::new(clone_learner(), Kernel::detect()).unwrap();
    let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
    let optimizer: Box<dyn MetaOptimizer> = Box::new(EvolutionStrategies::new(Default::default(), 1, theta).unwrap());
    let tasks = vec![tasks("RandomLabels-v0:inputs=4,images=3,classes=2,steps=15")];
    let objective = Objective::CloneBackpropagation(CloneConfig::default());
    let mut training = MetaTraining::new(Box::new(vsml), optimizer, tasks, schedule(objective)).unwrap();
    let metrics = training.advance(&NEVER).unwrap().unwrap();
    assert!(metrics.fitness_mean.unwrap() < 0.0 && metrics.valid_members == metrics.members);
}
