//! Policy gradients through whole lifetimes: right, reproducible, and able to train.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rand::RngExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{A2cConfig, PolicyGradient, PpoConfig};
use vsml_agents::{BlurConfig, Cell, LearnerConfig, MetaRnnConfig, MetaTraining, Schedule, TrainingError, VsmlConfig};
use vsml_core::Kernel;
use vsml_envs::{
    Action, BernoulliBandit, Environment, LifetimeLength, Registry, Rng, Space, Step, Tasks, quiet_environment_panics,
    stream,
};

static NEVER: AtomicBool = AtomicBool::new(false);

fn rnn() -> LearnerConfig {
    LearnerConfig::MetaRnn(MetaRnnConfig { cell: Cell::Gru, hidden_size: 16, ..MetaRnnConfig::default() })
}

fn vsml() -> LearnerConfig {
    LearnerConfig::Vsml(VsmlConfig { hidden_size: 8, message_size: 4, ..VsmlConfig::default() })
}

fn training(mut learner: LearnerConfig, tasks: Tasks, config: PpoConfig) -> Result<MetaTraining, TrainingError> {
    learner.fit(&[tasks.clone().into()], 1).unwrap();
    let learner = learner.meta_learner(Kernel::detect()).unwrap();
    let theta = learner.initialise(&mut stream(1, "initialise", &[]));
    let optimizer = PolicyGradient::new(config, 1, theta, learner.critic_count()).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 4, ..Schedule::default() };
    MetaTraining::new(learner, Box::new(optimizer), vec![tasks], schedule)
}

/// Two arms, of which one always pays, the other never.
fn sure_bandit() -> Tasks {
    let distribution = |rng: &mut Rng| {
        let first = if rng.random() { 1.0 } else { 0.0 };
        BernoulliBandit::new(vec![first, 1.0 - first]).unwrap()
    };
    Tasks { id: "Sure-v0".into(), length: LifetimeLength::Steps(10), distribution: Arc::new(distribution) }
}

fn ppo() -> PpoConfig {
    PpoConfig { batch: 16, learning_rate: 0.01, ..PpoConfig::default() }
}

#[test]
fn it_finds_a_learning_algorithm_for_sure_bandits() {
    let a2c = A2cConfig { batch: 16, learning_rate: 0.01, ..A2cConfig::default() };
    for (name, learner, config, generations) in [
        ("ppo meta-rnn", rnn(), ppo(), 30),
        ("a2c meta-rnn", rnn(), a2c.clone().into(), 120),
        ("ppo vsml", vsml(), ppo(), 60),
        ("a2c vsml", vsml(), a2c.into(), 150),
    ] {
        let mut training = training(learner, sure_bandit(), config).unwrap();
        let mut fitness = Vec::new();
        for _ in 0..generations {
            fitness.push(training.advance(&NEVER).unwrap().unwrap().fitness_mean.unwrap());
        }
        // Chance is 5; the first pull is always chance, so the most there is is 9.5.
        let end = fitness[fitness.len() - 5..].iter().sum::<f64>() / 5.0;
        assert!(fitness[0] < 6.0 && end > 8.5, "{name}: {} to {end}", fitness[0]);
    }
}

#[test]
fn same_seed_same_bits_for_any_number_of_threads_and_after_a_pause() {
    for learner in [rnn(), vsml()] {
        let run = |threads: usize, pause: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut whole = training(learner.clone(), sure_bandit(), ppo()).unwrap();
                let mut metrics = Vec::new();
                for generation in 0..6 {
                    if generation == pause {
                        let archive = whole.archive();
                        whole = training(learner.clone(), sure_bandit(), ppo()).unwrap();
                        whole.restore(&archive).unwrap();
                    }
                    metrics.push(whole.advance(&NEVER).unwrap().unwrap());
                }
                (metrics, whole.archive())
            })
        };
        let expected = run(1, 9);
        assert_eq!(run(2, 9), expected);
        assert_eq!(run(3, 4), expected);
    }
}

/// A bandit that breaks at its third step, in a share of the tasks.
#[derive(Clone)]
struct Fragile {
    inner: BernoulliBandit,
    steps: Option<u32>,
}

impl Environment for Fragile {
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
        if let Some(steps) = &mut self.steps {
            *steps += 1;
            if *steps == 3 {
                step.reward = f64::NAN;
            }
        }
        step
    }
}

fn fragile(share: f64) -> Tasks {
    let distribution = move |rng: &mut Rng| Fragile {
        inner: BernoulliBandit::new(vec![rng.random(), rng.random()]).unwrap(),
        steps: rng.random_bool(share).then_some(0),
    };
    Tasks { id: "Fragile-v0".into(), length: LifetimeLength::Steps(10), distribution: Arc::new(distribution) }
}

#[test]
fn lives_cut_short_have_no_say() {
    quiet_environment_panics();
    for share in [0.01, 0.1, 0.5, 0.99] {
        let mut training = training(rnn(), fragile(share), ppo()).unwrap();
        for _ in 0..5 {
            let metrics = training.advance(&NEVER).unwrap().unwrap();
            assert!(metrics.update_norm.is_finite() && training.theta().iter().all(|x| x.is_finite()), "{share}");
        }
    }
    let mut training = training(rnn(), fragile(1.0), ppo()).unwrap();
    for _ in 0..5 {
        assert_eq!(training.advance(&NEVER).unwrap().unwrap().update_norm, 0.0);
    }
    assert!(matches!(training.advance(&NEVER), Err(TrainingError::Fruitless { generation: 5, .. })));
}

#[test]
fn who_has_no_way_back_is_refused() {
    let refused = |learner, id: &str| {
        let tasks = Registry::builtin().make(id).unwrap();
        training(learner, tasks, ppo()).err().unwrap().to_string()
    };
    let message = refused(LearnerConfig::Blur(BlurConfig::default()), "BernoulliBandit-v0:steps=5");
    assert!(message.contains("blur learners have no way back: use evolution strategies"), "{message}");
    let message = refused(vsml(), "Pendulum-v1");
    assert!(message.contains("Discrete action spaces"), "{message}");
    for learner in [vsml(), rnn()] {
        let message = refused(learner, "SumSign-v0:steps=5,inputs=1");
        assert!(message.contains("use gradient-descent"), "{message}");
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    for (config, expected) in [
        (PpoConfig { discount: 1.5, ..ppo() }, "discount is 1.5: it must be 0 to 1"),
        (PpoConfig { smoothing: f64::NAN, ..ppo() }, "smoothing is NaN"),
        (PpoConfig { clip: 0.0, ..ppo() }, "clip is 0: it must be above 0"),
        (PpoConfig { epochs: 0, ..ppo() }, "epochs is 0"),
        (PpoConfig { entropy: -0.1, ..ppo() }, "entropy is -0.1: it must be 0 or more"),
    ] {
        let message = PolicyGradient::new(config, 1, vec![0.0], 0).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}
