//! Meta-training as a whole: it improves, it bears faults, it goes on where it stopped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rand::RngExt;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use vsml_agents::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig};
use vsml_agents::{GenerationMetrics, MetaLearner, MetaTraining, Scenario, Schedule, TrainingError, Vsml, VsmlConfig};
use vsml_core::Kernel;
use vsml_envs::{
    Action, BernoulliBandit, Environment, LifetimeLength, Registry, Rng, Space, Step, Tasks, quiet_environment_panics,
    stream,
};

static NEVER: AtomicBool = AtomicBool::new(false);

fn training(tasks: Tasks, pairs: usize) -> MetaTraining {
    let schedule =
        Schedule { seed: 1, lifetimes: 4, validate_every: 10, validation_lifetimes: 50, ..Schedule::default() };
    training_in([tasks], pairs, schedule)
}

fn training_in(scenarios: impl IntoIterator<Item = Tasks>, pairs: usize, schedule: Schedule) -> MetaTraining {
    let config = VsmlConfig { hidden_size: 8, message_size: 4, ..VsmlConfig::default() };
    let vsml = Vsml::new(config, Kernel::detect()).unwrap();
    let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
    let config = EvolutionStrategiesConfig { pairs, ..EvolutionStrategiesConfig::default() };
    let optimizer = EvolutionStrategies::new(config, 1, theta).unwrap();
    MetaTraining::new(Box::new(vsml), Box::new(optimizer), scenarios, schedule).unwrap()
}

fn advance(training: &mut MetaTraining, generations: usize) -> Vec<GenerationMetrics> {
    (0..generations).map(|_| training.advance(&NEVER).unwrap().unwrap()).collect()
}

#[test]
fn it_finds_a_learning_algorithm_for_easy_bandits() {
    let tasks = Registry::builtin().make("BernoulliBandit-v0:kind=easy,steps=30").unwrap();
    let metrics = advance(&mut training(tasks, 32), 500);
    let mean = |part: &[GenerationMetrics]| {
        part.iter().map(|metrics| metrics.fitness_mean.unwrap()).sum::<f64>() / part.len() as f64
    };
    let (before, after) = (mean(&metrics[..10]), mean(&metrics[490..]));
    assert!((14.0..16.5).contains(&before), "chance is 15: {before}");
    assert!(after > 21.0, "27 is the most there is: {after}");
}

/// What faulty environments have done, by kind.
type Ledger = Arc<Mutex<BTreeMap<String, u64>>>;

/// A bandit some of whose tasks misbehave at their third step, and write it down.
#[derive(Clone)]
struct Chaos {
    inner: BernoulliBandit,
    step: u32,
    misdeed: Option<&'static str>,
    ledger: Ledger,
}

impl Environment for Chaos {
    fn observation_space(&self) -> Space {
        self.inner.observation_space()
    }
    fn action_space(&self) -> Space {
        self.inner.action_space()
    }
    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, observation);
    }
    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let mut step = self.inner.step(action, rng, observation);
        self.step += 1;
        if let (3, Some(misdeed)) = (self.step, self.misdeed) {
            *self.ledger.lock().unwrap().entry(misdeed.to_string()).or_insert(0) += 1;
            match misdeed {
                "panic" => panic!("chaos"),
                "observation" => observation[0] = f32::NAN,
                _ => step.reward = f64::NAN,
            }
        }
        step
    }
}

/// Bandits of which one in ten misbehaves, in a way that `misdeed` chooses from a number.
fn chaos(misdeed: fn(u32) -> &'static str) -> (Tasks, Ledger) {
    let ledger = Ledger::default();
    let of_tasks = ledger.clone();
    let distribution = move |rng: &mut Rng| Chaos {
        inner: BernoulliBandit::new(vec![rng.random(), rng.random()]).unwrap(),
        step: 0,
        misdeed: rng.random_bool(0.1).then(|| misdeed(rng.random_range(0..3))),
        ledger: of_tasks.clone(),
    };
    let tasks =
        Tasks { id: "Chaos-v0".into(), length: LifetimeLength::Steps(10), distribution: Arc::new(distribution) };
    (tasks, ledger)
}

#[test]
fn faults_are_counted_to_the_last_and_poison_nothing() {
    quiet_environment_panics();
    let (tasks, ledger) = chaos(|kind| ["panic", "observation", "reward"][kind as usize]);
    let mut training = training(tasks, 16);
    let metrics = advance(&mut training, 9);
    let mut counted = BTreeMap::new();
    for (kind, count) in metrics.iter().flat_map(|metrics| &metrics.faults) {
        *counted.entry(kind.clone()).or_insert(0) += count;
    }
    assert_eq!(counted, *ledger.lock().unwrap());
    assert!(counted.len() == 3 && counted.values().sum::<u64>() > 30, "{counted:?}");
    assert!(training.theta().iter().all(|x| x.is_finite()));
    assert!(metrics.iter().all(|metrics| metrics.fitness_mean.unwrap().is_finite()));
    assert!(metrics.iter().any(|metrics| metrics.first_fault.is_some()));
}

#[test]
fn what_a_fault_is_makes_no_difference() {
    quiet_environment_panics();
    let thetas: Vec<Vec<f32>> = [(|_| "panic") as fn(u32) -> &'static str, |_| "observation", |_| "reward"]
        .into_iter()
        .map(|misdeed| {
            let mut training = training(chaos(misdeed).0, 16);
            advance(&mut training, 5);
            training.theta().to_vec()
        })
        .collect();
    assert!(thetas[0] == thetas[1] && thetas[1] == thetas[2]);
}

#[test]
fn nothing_but_faults_ends_the_run_after_five_generations() {
    quiet_environment_panics();
    let distribution = |_: &mut Rng| -> BernoulliBandit { panic!("there is no such bandit") };
    let tasks = Tasks { id: "None-v0".into(), length: LifetimeLength::Steps(5), distribution: Arc::new(distribution) };
    let mut training = training(tasks, 4);
    let before = training.theta().to_vec();
    for _ in 0..5 {
        let metrics = training.advance(&NEVER).unwrap().unwrap();
        assert_eq!((metrics.valid_members, metrics.fitness_mean, metrics.update_norm), (0, None, 0.0));
    }
    let error = training.advance(&NEVER).unwrap_err();
    assert!(matches!(error, TrainingError::Fruitless { generation: 5, .. }));
    assert!(error.to_string().contains("there is no such bandit"), "{error}");
    assert_eq!(training.theta(), before);
}

#[test]
fn a_generation_that_is_stopped_has_not_been() {
    let tasks = || Registry::builtin().make("BernoulliBandit-v0:steps=10").unwrap();
    let (mut whole, mut stopped) = (training(tasks(), 8), training(tasks(), 8));
    let expected = advance(&mut whole, 12);
    let mut found = advance(&mut stopped, 4);
    assert!(stopped.advance(&AtomicBool::new(true)).unwrap().is_none());
    let mut resumed = training(tasks(), 8);
    resumed.restore(&stopped.archive()).unwrap();
    found.extend(advance(&mut resumed, 8));
    assert_eq!(found, expected);
    assert_eq!(resumed.archive(), whole.archive());
    assert_eq!(resumed.best(), whole.best());
    assert!(whole.best().is_some());
}

#[test]
fn a_generation_whose_validation_is_stopped_has_not_been() {
    let stop = Arc::new(AtomicBool::new(false));
    let left = Arc::new(AtomicU64::new(u64::MAX));
    let tasks = || {
        let (stop, left) = (stop.clone(), left.clone());
        let distribution = move |rng: &mut Rng| {
            stop.fetch_or(left.fetch_sub(1, Relaxed) == 1, Relaxed);
            BernoulliBandit::new(vec![rng.random(), rng.random()]).unwrap()
        };
        Tasks { id: "Pulls-v0".into(), length: LifetimeLength::Steps(10), distribution: Arc::new(distribution) }
    };
    let mut whole = training(tasks(), 8);
    let expected = advance(&mut whole, 20);
    let mut stopped = training(tasks(), 8);
    let mut found = advance(&mut stopped, 9);
    // After 16 members have lived four lives each, in the midst of fifty for validation.
    left.store(64 + 20, Relaxed);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(pool.install(|| stopped.advance(&stop)).unwrap().is_none() && stop.load(Relaxed));
    assert_eq!((stopped.generation(), stopped.best()), (9, None));
    stop.store(false, Relaxed);
    found.extend(advance(&mut stopped, 11));
    assert_eq!(found, expected);
    assert_eq!(stopped.archive(), whole.archive());
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let tasks = || Registry::builtin().make("BernoulliBandit-v0:steps=10").unwrap();
    let mut run = training(tasks(), 8);
    advance(&mut run, 10);
    for (spoil, part) in [
        ("best.theta", "best.theta"),
        ("optimizer.theta", "theta"),
        ("optimizer.adam.first_moment", "adam.first_moment"),
    ] {
        let mut archive = run.archive();
        archive.arrays.remove(spoil);
        let error = training(tasks(), 8).restore(&archive).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let mut archive = run.archive();
    archive.description["training"] = "nonsense".into();
    assert!(training(tasks(), 8).restore(&archive).is_err());
}

#[test]
fn a_learner_that_cannot_live_there_is_refused_before_training() {
    /// An environment that wants several yes-or-no decisions at once.
    #[derive(Clone)]
    struct Switches;
    impl Environment for Switches {
        fn observation_space(&self) -> Space {
            Space::uniform_box(0.0, 1.0, 1)
        }
        fn action_space(&self) -> Space {
            Space::MultiBinary { n: 3 }
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation[0] = 0.0;
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
            Step::going_on(0.0)
        }
    }
    let drawn = Arc::new(AtomicU64::new(0));
    let counter = drawn.clone();
    let distribution = move |_: &mut Rng| {
        counter.fetch_add(1, Relaxed);
        Switches
    };
    let tasks =
        Tasks { id: "Switches-v0".into(), length: LifetimeLength::Steps(5), distribution: Arc::new(distribution) };
    let vsml = Vsml::new(VsmlConfig::default(), Kernel::Scalar).unwrap();
    let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
    let optimizer = EvolutionStrategies::new(EvolutionStrategiesConfig::default(), 1, theta).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    let elsewhere = Scenario::from(tasks.clone());
    let error = MetaTraining::new(Box::new(vsml), Box::new(optimizer), vec![tasks], schedule.clone()).err().unwrap();
    assert!(error.to_string().contains("Switches-v0") && error.to_string().contains("Discrete and Box"), "{error}");
    assert_eq!(drawn.load(Relaxed), 1);
    let bandits = Registry::builtin().make("BernoulliBandit-v0").unwrap();
    let error = training_in([bandits], 1, schedule).validate_in(vec![elsewhere]).err().unwrap();
    assert!(error.to_string().contains("validated on Switches-v0: "), "{error}");
}

/// Pays the same whatever is done.
#[derive(Clone)]
struct Payday;

impl Environment for Payday {
    fn observation_space(&self) -> Space {
        Space::discrete(1)
    }
    fn action_space(&self) -> Space {
        Space::discrete(2)
    }
    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = 1.0;
    }
    fn step(&mut self, _: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        observation[0] = 1.0;
        Step::going_on(0.1)
    }
}

#[test]
fn scenarios_of_a_standardised_mixture_have_equal_shares() {
    let drawn: Vec<Arc<AtomicU64>> = (0..5).map(|_| Arc::default()).collect();
    let scenarios = drawn.iter().enumerate().map(|(number, drawn)| {
        let drawn = drawn.clone();
        let distribution = move |_: &mut Rng| {
            drawn.fetch_add(1, Relaxed);
            Payday
        };
        let id = format!("Payday-v{number}");
        Tasks { id, length: LifetimeLength::Steps(3), distribution: Arc::new(distribution) }
    });
    let schedule =
        Schedule { seed: 1, lifetimes: 2, standardise: true, validation_lifetimes: 7, ..Schedule::default() };
    let mut training = training_in(scenarios, 3, schedule);
    drawn.iter().for_each(|drawn| drawn.store(0, Relaxed));
    // Five generations of three pairs with two lifetimes each are 60 lifetimes.
    let metrics = advance(&mut training, 5);
    assert!(drawn.iter().all(|drawn| drawn.load(Relaxed) == 12), "{drawn:?}");
    // Nobody is better than another, so nothing is learnt.
    assert!(metrics.iter().all(|metrics| metrics.update_norm == 0.0), "{metrics:?}");
}

#[test]
fn a_scenario_that_always_pays_the_same_does_not_decide_what_is_best() {
    let payday = Tasks {
        id: "Payday-v0".into(),
        length: LifetimeLength::Steps(3),
        distribution: Arc::new(|_: &mut Rng| Payday),
    };
    let easy = Registry::builtin().make("BernoulliBandit-v0:kind=easy,steps=30").unwrap();
    let schedule = Schedule {
        seed: 1,
        lifetimes: 2,
        standardise: true,
        validate_every: 1,
        validation_lifetimes: 100,
        ..Schedule::default()
    };
    let mut training = training_in([payday, easy], 2, schedule);
    for metrics in advance(&mut training, 3) {
        let validation = metrics.validation.unwrap();
        assert!((validation.reward["Payday-v0"].unwrap() - 0.3).abs() < 1e-12, "{validation:?}");
        // An untrained learner plays bandits no better than at random, and the mean is over both.
        assert!(validation.score.unwrap().abs() < 1.0, "{validation:?}");
    }
}

#[test]
fn validation_elsewhere_asks_how_often_random_play_is_beaten() {
    let registry = Registry::builtin();
    let schedule =
        Schedule { seed: 1, lifetimes: 2, validate_every: 1, validation_lifetimes: 50, ..Schedule::default() };
    let training = || training_in([registry.make("BernoulliBandit-v0:steps=5").unwrap()], 2, schedule.clone());
    // Where everything pays the same, nobody is better than random play.
    let alike = "Payday-v0";
    let distribution = Arc::new(|_: &mut Rng| Payday);
    let payday = Tasks { id: alike.into(), length: LifetimeLength::Steps(3), distribution };
    let other = "SimpleBandit-v0:steps=5";
    let bandits = registry.make(other).unwrap();
    let mut elsewhere = training().validate_in(vec![payday.into(), bandits.clone().into()]).unwrap();
    let mut alone = training().validate_in(vec![bandits.into()]).unwrap();
    for (both, one) in advance(&mut elsewhere, 3).into_iter().zip(advance(&mut alone, 3)) {
        let (both, one) = (both.validation.unwrap(), one.validation.unwrap());
        assert_eq!(both.reward.keys().collect::<Vec<_>>(), [alike, other]);
        assert_eq!(both.reward[other], one.reward[other]);
        let (both, one) = (both.score.unwrap(), one.score.unwrap());
        assert!((0.0..=1.0).contains(&one) && one != 0.5, "{one}");
        assert!((both - (0.5 + one) / 2.0).abs() < 1e-12, "{both} of {one}");
    }
    // Where it is validated has no influence on what is learnt.
    let mut at_home = training();
    advance(&mut at_home, 3);
    assert_eq!(at_home.theta(), elsewhere.theta());
    assert_ne!(at_home.best(), elsewhere.best());
}
