//! Meta-training with every optimizer: the same bits on any number of threads and wherever it was stopped, whom a fault costs
//! what, and lives that go on from generation to generation.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rand::RngExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{
    AugmentedRandomSearch, AugmentedRandomSearchConfig, CmaEs, CmaEsConfig, EvolutionStrategies,
    EvolutionStrategiesConfig, GeneticAlgorithm, GeneticAlgorithmConfig, GuidedEvolutionStrategies,
    GuidedEvolutionStrategiesConfig, MetaOptimizer, OptimizerError, Pgpe, PgpeConfig, SepCmaEs, SepCmaEsConfig, Snes,
    SnesConfig, UnrolledEvolutionStrategies, UnrolledEvolutionStrategiesConfig,
};
use vsml_agents::{
    GenerationMetrics, Learner, LearnerConfig, MetaLearner, MetaTraining, Schedule, Unable, Vsml, VsmlConfig,
};
use vsml_core::{Archive, Kernel};
use vsml_envs::{
    Action, Environment, LifetimeLength, Percept, Registry, Rng, Space, Step, Tasks, quiet_environment_panics, stream,
};

static NEVER: AtomicBool = AtomicBool::new(false);

fn advance(training: &mut MetaTraining, generations: usize) -> Vec<GenerationMetrics> {
    (0..generations).map(|_| training.advance(&NEVER).unwrap().unwrap()).collect()
}

/// Every optimizer that is told fitness, small, by the name of its kind.
fn every_optimizer(theta: &[f32]) -> Vec<(&'static str, Box<dyn MetaOptimizer>)> {
    let (pairs, population, theta) = (6, 8, || theta.to_vec());
    vec![
        (
            "evolution-strategies",
            Box::new(
                EvolutionStrategies::new(EvolutionStrategiesConfig { pairs, ..Default::default() }, 1, theta())
                    .unwrap(),
            ),
        ),
        ("pgpe", Box::new(Pgpe::new(PgpeConfig { pairs, ..Default::default() }, 1, theta()).unwrap())),
        (
            "augmented-random-search",
            Box::new(
                AugmentedRandomSearch::new(AugmentedRandomSearchConfig { pairs, ..Default::default() }, 1, theta())
                    .unwrap(),
            ),
        ),
        (
            "guided-evolution-strategies",
            Box::new(
                GuidedEvolutionStrategies::new(
                    GuidedEvolutionStrategiesConfig { pairs, ..Default::default() },
                    1,
                    theta(),
                )
                .unwrap(),
            ),
        ),
        ("persistent", Box::new(UnrolledEvolutionStrategies::persistent(unrolled(pairs), 1, theta()).unwrap())),
        ("noise-reuse", Box::new(UnrolledEvolutionStrategies::noise_reuse(unrolled(pairs), 1, theta()).unwrap())),
        (
            "genetic-algorithm",
            Box::new(
                GeneticAlgorithm::new(
                    GeneticAlgorithmConfig { population, parents: 3, ..Default::default() },
                    1,
                    theta(),
                )
                .unwrap(),
            ),
        ),
        ("snes", Box::new(Snes::new(SnesConfig { population, ..Default::default() }, 1, theta()).unwrap())),
        (
            "sep-cma-es",
            Box::new(SepCmaEs::new(SepCmaEsConfig { population, ..Default::default() }, 1, theta()).unwrap()),
        ),
        ("cma-es", Box::new(CmaEs::new(CmaEsConfig { population, ..Default::default() }, 1, theta()).unwrap())),
    ]
}

fn unrolled(pairs: usize) -> UnrolledEvolutionStrategiesConfig {
    UnrolledEvolutionStrategiesConfig { pairs, unroll: 7, ..Default::default() }
}

/// A run of every optimizer, with a small VSML learner.
fn every_training(tasks: &[Tasks]) -> Vec<(&'static str, MetaTraining)> {
    let vsml = || {
        Vsml::new(VsmlConfig { hidden_size: 4, message_size: 2, ..VsmlConfig::default() }, Kernel::detect()).unwrap()
    };
    let theta = vsml().initialise(&mut stream(1, "initialise", &[]));
    let schedule =
        Schedule { seed: 1, lifetimes: 3, validate_every: 4, validation_lifetimes: 5, ..Schedule::default() };
    every_optimizer(&theta)
        .into_iter()
        .map(|(name, optimizer)| {
            (name, MetaTraining::new(Box::new(vsml()), optimizer, tasks.to_vec(), schedule.clone()).unwrap())
        })
        .collect()
}

/// Tasks whose lives are of different lengths, in steps and in episodes, some of which a fault cuts short.
fn mixed_tasks() -> Vec<Tasks> {
    let registry = Registry::builtin();
    let cart_poles = registry.make("CartPole-v1:fall_reward=0").unwrap();
    vec![
        registry.make("BernoulliBandit-v0:steps=20").unwrap(),
        Tasks { length: LifetimeLength::Episodes(3), ..cart_poles },
        echoes(10, 0.1),
    ]
}

/// An environment whose reward is the action, and which may panic at its third step.
#[derive(Clone)]
struct Echo {
    step: u64,
    faulty: bool,
}

impl Environment for Echo {
    fn observation_space(&self) -> Space {
        Space::uniform_box(0.0, 1.0, 1)
    }
    fn action_space(&self) -> Space {
        Space::uniform_box(-10.0, 10.0, 1)
    }
    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 0.0;
    }
    fn step(&mut self, action: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
        self.step += 1;
        assert!(!(self.faulty && self.step == 3), "on purpose");
        Step::going_on(action.numbers()[0].into())
    }
}

/// Lives of so many steps, a share of which panics.
fn echoes(steps: u64, faulty: f64) -> Tasks {
    let distribution = move |rng: &mut Rng| Echo { step: 0, faulty: rng.random_bool(faulty) };
    Tasks { id: "Echo-v0".into(), length: LifetimeLength::Steps(steps), distribution: Arc::new(distribution) }
}

#[test]
fn every_optimizer_comes_to_the_same_bits_on_any_number_of_threads() {
    quiet_environment_panics();
    let of_threads = |threads: usize| -> Vec<_> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let run = |(name, mut training): (&'static str, MetaTraining)| {
            (name, pool.install(|| advance(&mut training, 9)), training.archive())
        };
        every_training(&mixed_tasks()).into_iter().map(run).collect()
    };
    let expected = of_threads(1);
    for threads in [2, 3] {
        assert!(of_threads(threads) == expected, "{threads} threads");
    }
}

#[test]
fn every_optimizer_goes_on_wherever_it_was_stopped() {
    quiet_environment_panics();
    const GENERATIONS: usize = 9;
    let mut archives: Vec<Vec<Archive>> = Vec::new();
    let mut metrics: Vec<Vec<GenerationMetrics>> = Vec::new();
    for (_, mut training) in every_training(&mixed_tasks()) {
        let mut of_training = vec![training.archive()];
        metrics.push(
            (0..GENERATIONS)
                .map(|_| {
                    let metrics = training.advance(&NEVER).unwrap().unwrap();
                    of_training.push(training.archive());
                    metrics
                })
                .collect(),
        );
        archives.push(of_training);
    }
    for stop in 0..=GENERATIONS {
        for (kind, (name, mut resumed)) in every_training(&mixed_tasks()).into_iter().enumerate() {
            // What was there before, and a generation that is given up, leave no trace.
            advance(&mut resumed, 2);
            resumed.restore(&archives[kind][stop]).unwrap();
            assert!(resumed.advance(&AtomicBool::new(true)).unwrap().is_none());
            assert_eq!(resumed.archive(), archives[kind][stop], "{name}, {stop}");
            for (next, expected) in metrics[kind].iter().enumerate().skip(stop) {
                assert_eq!(resumed.advance(&NEVER).unwrap().as_ref(), Some(expected), "{name}, {stop}, {next}");
                assert!(resumed.advance(&AtomicBool::new(true)).unwrap().is_none());
            }
            assert_eq!(resumed.archive(), archives[kind][GENERATIONS], "{name}, {stop}");
        }
    }
}

/// Its action is its theta; in the lifetimes that `fails` says, numbered from 0, it cannot act.
struct Fragile {
    fails: fn(f32, u64) -> bool,
}

struct FragileLearner {
    theta: [f32; 1],
    lifetimes: u64,
    fails: fn(f32, u64) -> bool,
}

impl MetaLearner for Fragile {
    fn parameter_count(&self) -> usize {
        1
    }
    fn initialise(&self, _: &mut Rng) -> Vec<f32> {
        vec![0.0]
    }
    fn learner(&self, theta: &[f32]) -> Result<Box<dyn Learner>, Unable> {
        Ok(Box::new(FragileLearner { theta: [theta[0]], lifetimes: 0, fails: self.fails }))
    }
}

impl Learner for FragileLearner {
    fn begin(&mut self, _: &Space, _: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.lifetimes += 1;
        Ok(())
    }
    fn act(&mut self, _: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        if (self.fails)(self.theta[0], self.lifetimes - 1) {
            return Err(Unable("on purpose".into()));
        }
        Ok(Action::Continuous(&self.theta))
    }
    fn change_theta(&mut self, theta: &[f32]) -> Result<(), Unable> {
        self.theta = [theta[0]];
        Ok(())
    }
}

#[test]
fn members_that_stand_alone_answer_for_their_faults_themselves() {
    let snes = || Snes::new(SnesConfig { population: 20, deviation: 0.5, ..Default::default() }, 1, vec![0.0]).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 3, ..Schedule::default() };
    for (fails, is_valid) in [
        // Some always fail; some in one lifetime; all in one, and some in another too: what nobody lived counts for nobody.
        ((|theta, _| theta > 0.3) as fn(f32, u64) -> bool, (|theta| theta <= 0.3) as fn(f32) -> bool),
        (|theta, lifetime| theta > 0.3 && lifetime == 2, |theta| theta <= 0.3),
        (|theta, lifetime| lifetime == 1 || theta > 0.3 && lifetime == 2, |theta| theta <= 0.3),
        (|theta, lifetime| theta > -0.2 || lifetime == 1, |theta| theta <= -0.2),
        (|_, lifetime| lifetime > 0, |_| true),
    ] {
        let (learner, tasks) = (Box::new(Fragile { fails }), vec![echoes(2, 0.0)]);
        let mut training = MetaTraining::new(learner, Box::new(snes()), tasks, schedule.clone()).unwrap();
        let mut told = snes();
        for generation in 0..3 {
            let members: Vec<f32> = (0..20).map(|index| told.ask(generation, index)[0]).collect();
            let fitness: Vec<f64> =
                members.iter().map(|x| if is_valid(*x) { 2.0 * f64::from(*x) } else { f64::NAN }).collect();
            told.tell(generation, &fitness);
            let metrics = training.advance(&NEVER).unwrap().unwrap();
            let valid = fitness.iter().filter(|fitness| fitness.is_finite());
            assert_eq!(metrics.valid_members, valid.clone().count() as u64);
            assert_eq!(metrics.fitness_best, valid.copied().reduce(f64::max));
            assert_eq!(training.theta(), told.theta());
        }
    }
}

#[test]
fn a_life_that_fails_ends_and_takes_its_unroll_with_it() {
    let config = UnrolledEvolutionStrategiesConfig { pairs: 20, unroll: 2, learning_rate: 0.0, ..Default::default() };
    let optimizer = || UnrolledEvolutionStrategies::persistent(config.clone(), 1, vec![0.0]).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    let learner = Fragile { fails: |theta, _| theta > 0.02 };
    let mut training =
        MetaTraining::new(Box::new(learner), Box::new(optimizer()), vec![echoes(8, 0.0)], schedule).unwrap();
    let mut steps = 0;
    for generation in 0..6 {
        let fails: Vec<bool> = (0..40).map(|index| optimizer().ask(generation, index)[0] > 0.02).collect();
        let failing = fails.iter().filter(|fails| **fails).count() as u64;
        let metrics = training.advance(&NEVER).unwrap().unwrap();
        assert!((5..25).contains(&failing) && metrics.faults["learner"] == failing);
        assert_eq!(metrics.valid_members, 40 - 2 * failing, "the two of a pair do not fail together");
        steps += 2 * (40 - failing);
        assert_eq!(metrics.steps, steps);
        let begun = &training.archive().description["lives"];
        let ended = (0..20).filter(|pair| fails[2 * pair] || fails[2 * pair + 1]);
        ended.for_each(|pair| assert!(begun[pair].is_null(), "{begun}"));
    }
}

#[test]
fn lives_are_of_all_ages() {
    let config = UnrolledEvolutionStrategiesConfig { pairs: 20, unroll: 2, ..Default::default() };
    let optimizer = UnrolledEvolutionStrategies::noise_reuse(config, 1, vec![0.0]).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    let learner = Fragile { fails: |_, _| false };
    let mut training =
        MetaTraining::new(Box::new(learner), Box::new(optimizer), vec![echoes(8, 0.0)], schedule).unwrap();
    for generation in 0..12 {
        advance(&mut training, 1);
        let archive = training.archive();
        // Lives of 4 unrolls each: of 20 pairs, 5 have just ended, the others have lived 1, 2 or 3 of them.
        let begun = archive.description["lives"].as_array().unwrap();
        assert_eq!(begun.iter().filter(|begun| begun.is_null()).count(), 5, "{begun:?}");
        if generation >= 3 {
            for ago in 0..3 {
                assert_eq!(begun.iter().filter(|begun| **begun == generation - ago).count(), 5, "{begun:?}");
            }
            assert_eq!(archive.arrays.keys().filter(|name| name.starts_with("past.")).count(), 3);
        }
    }
}

#[test]
fn every_kind_of_learner_goes_on_with_changed_meta_parameters() {
    let tasks = [Registry::builtin().make("BernoulliBandit-v0:steps=20").unwrap().into()];
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    for mut config in LearnerConfig::kinds() {
        config.fit(&tasks, 1).unwrap();
        let make = || {
            let learner = config.meta_learner(Kernel::detect()).unwrap();
            let theta = learner.initialise(&mut stream(1, "initialise", &[]));
            let optimizer = UnrolledEvolutionStrategies::persistent(unrolled(3), 1, theta).unwrap();
            MetaTraining::new(learner, Box::new(optimizer), tasks.to_vec(), schedule.clone()).unwrap()
        };
        let (mut whole, mut resumed) = (make(), make());
        advance(&mut whole, 5);
        resumed.restore(&whole.archive()).unwrap();
        let expected = advance(&mut whole, 3);
        assert!(expected.iter().all(|metrics| metrics.faults.is_empty()), "{expected:?}");
        assert_eq!(advance(&mut resumed, 3), expected, "{}", config.name());
        assert_eq!(resumed.archive(), whole.archive(), "{}", config.name());
    }
}

#[test]
fn a_checkpoint_whose_lives_do_not_fit_is_refused() {
    let named = |wanted: &str| every_training(&mixed_tasks()).into_iter().find(|(name, _)| *name == wanted).unwrap().1;
    quiet_environment_panics();
    let mut run = named("persistent");
    advance(&mut run, 4);
    let archive = run.archive();
    let spoil: [fn(&mut Archive); 6] = [
        |archive| archive.description["lives"] = "none".into(),
        |archive| archive.description["lives"] = vec![1; 3].into(),
        |archive| archive.description["lives"][0] = 4.into(),
        |archive| drop(archive.arrays.remove("past.3")),
        |archive| archive.insert_vector("past.3", &[0.0]),
        |archive| drop(archive.description.as_object_mut().unwrap().remove("lives")),
    ];
    for (place, spoil) in spoil.into_iter().enumerate() {
        let mut spoilt = archive.clone();
        spoil(&mut spoilt);
        let error = named("persistent").restore(&spoilt).unwrap_err().to_string();
        assert!(error.contains("`lives`"), "{place}: {error}");
    }
    assert!(named("noise-reuse").restore(&archive).is_ok(), "they keep the same");
}

#[test]
fn truncated_lives_teach_to_learn() {
    const GENERATIONS: usize = 300;
    let tasks = Registry::builtin().make("BernoulliBandit-v0:kind=easy,steps=100").unwrap();
    let config = UnrolledEvolutionStrategiesConfig { pairs: 32, unroll: 20, ..Default::default() };
    type Make =
        fn(UnrolledEvolutionStrategiesConfig, u64, Vec<f32>) -> Result<UnrolledEvolutionStrategies, OptimizerError>;
    for make in [UnrolledEvolutionStrategies::persistent as Make, UnrolledEvolutionStrategies::noise_reuse] {
        let vsml = VsmlConfig { hidden_size: 8, message_size: 4, ..VsmlConfig::default() };
        let vsml = Vsml::new(vsml, Kernel::detect()).unwrap();
        let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
        let optimizer = make(config.clone(), 1, theta).unwrap();
        let schedule = Schedule {
            seed: 1,
            lifetimes: 4,
            validate_every: GENERATIONS as u64,
            validation_lifetimes: 200,
            ..Schedule::default()
        };
        let mut training =
            MetaTraining::new(Box::new(vsml), Box::new(optimizer), vec![tasks.clone()], schedule).unwrap();
        let metrics = advance(&mut training, GENERATIONS);
        let score = metrics[GENERATIONS - 1].validation.as_ref().unwrap().score.unwrap();
        println!("{score}");
        assert!(score > 80.0, "chance is 50, 90 is the most there is: {score}");
    }
}
