//! All kinds of learners that can be meta-trained: what holds for each, and that each can be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rand::RngExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig};
use vsml_agents::{
    AttentionConfig, BlurConfig, Cell, DeltaRuleConfig, FastWeightMemoryConfig, FeedForwardConfig, HebbianConfig,
    LearnerConfig, MetaLearner, MetaRimsConfig, MetaRnnConfig, MetaTraining, Schedule, SelfReferentialConfig,
    SensoryNeuronsConfig, SeparateConfig, live,
};
use vsml_core::Kernel;
use vsml_envs::{
    Action, BernoulliBandit, Environment, LifetimeKey, LifetimeLength, Registry, Rng, Space, Split, Step, Tasks, stream,
};

/// Every kind, small, and what of it has variants.
fn small_ones() -> Vec<LearnerConfig> {
    let (observations, actions, hidden_size) = (0, 0, 8);
    vec![
        LearnerConfig::MetaRnn(MetaRnnConfig { hidden_size, observations, actions, ..MetaRnnConfig::default() }),
        LearnerConfig::MetaRnn(MetaRnnConfig {
            cell: Cell::Gru,
            hidden_size,
            observations,
            actions,
            ..MetaRnnConfig::default()
        }),
        LearnerConfig::FeedForward(FeedForwardConfig { hidden_size, observations, actions }),
        LearnerConfig::Hebbian(HebbianConfig { hidden_size, shared: false, observations, actions }),
        LearnerConfig::Hebbian(HebbianConfig { hidden_size, shared: true, observations, actions }),
        LearnerConfig::DeltaRule(DeltaRuleConfig { hidden_size, observations, actions }),
        LearnerConfig::SelfReferential(SelfReferentialConfig { hidden_size, observations, actions }),
        LearnerConfig::Attention(AttentionConfig { hidden_size, window: 8, observations, actions }),
        LearnerConfig::SensoryNeurons(SensoryNeuronsConfig { hidden_size, code_size: 8, actions }),
        LearnerConfig::Blur(BlurConfig { hidden_size, ..BlurConfig::default() }),
        LearnerConfig::FastWeightMemory(FastWeightMemoryConfig { hidden_size, memory_size: 4, observations, actions }),
        LearnerConfig::MetaRims(MetaRimsConfig { hidden_size: 4, observations, actions, ..MetaRimsConfig::default() }),
        LearnerConfig::Separate(SeparateConfig {
            agents: 1,
            of: Box::new(LearnerConfig::MetaRnn(MetaRnnConfig { hidden_size, ..MetaRnnConfig::default() })),
        }),
    ]
}

fn of_any_shape(config: &LearnerConfig) -> bool {
    matches!(config, LearnerConfig::Hebbian(HebbianConfig { shared: true, .. }) | LearnerConfig::Blur(_))
}

/// Makes the learner for tasks, and meta-parameters for it, livelier than the initial ones.
fn made(config: &LearnerConfig, tasks: &Tasks) -> (Box<dyn MetaLearner>, Vec<f32>) {
    let mut config = config.clone();
    config.fit(&[tasks.clone().into()], 1).unwrap();
    let meta_learner = config.meta_learner(Kernel::Scalar).unwrap();
    let theta: Vec<f32> = meta_learner.initialise(&mut stream(1, "theta", &[])).iter().map(|x| 1.5 * x).collect();
    assert_eq!(theta.len(), meta_learner.parameter_count());
    (meta_learner, theta)
}

fn make(id: &str) -> Tasks {
    Registry::builtin().make(id).unwrap()
}

/// The reward of each step of a life.
fn rewards(learner: &mut dyn vsml_agents::Learner, tasks: &Tasks, lifetime: u64) -> Vec<f64> {
    let key = LifetimeKey { seed: 2, split: Split::Test, generation: 0, member: 0, lifetime };
    let mut rewards = Vec::new();
    let mut life = tasks.begin(&key).unwrap();
    live(learner, &mut life, &mut key.stream("learner"), |moment| rewards.push(moment.reward)).unwrap();
    rewards
}

#[test]
fn the_table_has_no_kind_that_is_not_tested_here() {
    let tested: Vec<&str> = small_ones().iter().map(LearnerConfig::name).collect();
    for config in LearnerConfig::kinds() {
        assert!(config.name() == "vsml" || tested.contains(&config.name()), "{}", config.name());
    }
}

#[test]
fn a_life_does_not_depend_on_the_one_before() {
    for id in ["BernoulliBandit-v0:arms=3", "CartPole-v1:fall_reward=-1", "GaussianClusters-v0:steps=50"] {
        let tasks = make(id);
        for config in small_ones() {
            let (meta_learner, theta) = made(&config, &tasks);
            let mut fresh = meta_learner.learner(&theta).unwrap();
            let expected = rewards(&mut *fresh, &tasks, 1);
            let mut used = meta_learner.learner(&theta).unwrap();
            assert_ne!(rewards(&mut *used, &tasks, 0), expected, "{config:?} on {id}: another life is another");
            assert_eq!(rewards(&mut *used, &tasks, 1), expected, "{config:?} on {id}");
        }
    }
}

#[test]
fn other_shapes_are_refused_but_by_learners_of_any_shape() {
    let tasks = make("BernoulliBandit-v0:arms=3");
    for config in small_ones() {
        let (meta_learner, theta) = made(&config, &tasks);
        let mut learner = meta_learner.learner(&theta).unwrap();
        let mut begin = |action: Space| learner.begin(&Space::discrete(1), &action, &mut stream(1, "luck", &[]));
        begin(Space::discrete(3)).unwrap();
        match begin(Space::discrete(4)) {
            Ok(()) => assert!(of_any_shape(&config), "{config:?}"),
            Err(reason) => {
                assert!(!of_any_shape(&config), "{config:?}");
                let words = match &config {
                    LearnerConfig::SensoryNeurons(_) => "made for 3 actions, here are 4",
                    _ => "made for 1 observations and 3 actions, here are 1 and 4",
                };
                let name = match &config {
                    LearnerConfig::Separate(separate) => separate.of.name(),
                    config => config.name(),
                };
                assert!(reason.0.contains(words) && reason.0.contains(name), "{reason}");
            }
        }
        let refused = begin(Space::uniform_box(-1.0, 1.0, 3)).unwrap_err();
        assert!(refused.0.contains("Discrete"), "{refused}");
        assert!(meta_learner.learner(&theta[1..]).is_err());
    }
}

#[test]
fn meta_parameters_that_are_not_numbers_make_an_error_not_an_action() {
    let tasks = make("BernoulliBandit-v0");
    for config in small_ones() {
        let (meta_learner, theta) = made(&config, &tasks);
        let mut learner = meta_learner.learner(&vec![f32::NAN; theta.len()]).unwrap();
        let key = LifetimeKey { seed: 2, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
        let mut life = tasks.begin(&key).unwrap();
        let error = live(&mut *learner, &mut life, &mut key.stream("learner"), |_| {}).unwrap_err();
        assert_eq!(error.kind(), "learner", "{config:?}: {error}");
    }
}

/// Two arms, of which one always pays and the other never; which is which is drawn for each life of 20 pulls.
fn sure_bandit() -> Tasks {
    let distribution = |rng: &mut Rng| {
        let first: bool = rng.random();
        BernoulliBandit::new(if first { vec![1.0, 0.0] } else { vec![0.0, 1.0] }).unwrap()
    };
    Tasks { id: "SureBandit-v0".into(), length: LifetimeLength::Steps(20), distribution: Arc::new(distribution) }
}

/// The observation is the number of the action that pays.
#[derive(Clone)]
struct Told {
    right: usize,
}

impl Environment for Told {
    fn observation_space(&self) -> Space {
        Space::discrete(2)
    }
    fn action_space(&self) -> Space {
        Space::discrete(2)
    }
    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.right = usize::from(rng.random::<bool>());
        vsml_envs::write_one_hot(observation, self.right);
    }
    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let reward = if action.index() == self.right { 1.0 } else { 0.0 };
        self.reset(rng, observation);
        Step::going_on(reward)
    }
}

fn told() -> Tasks {
    let distribution = |_: &mut Rng| Told { right: 0 };
    Tasks { id: "Told-v0".into(), length: LifetimeLength::Steps(20), distribution: Arc::new(distribution) }
}

fn training(config: &LearnerConfig, tasks: Tasks) -> MetaTraining {
    let (meta_learner, _) = made(config, &tasks);
    let theta = meta_learner.initialise(&mut stream(1, "initialise", &[]));
    let settings = EvolutionStrategiesConfig { pairs: 32, deviation: 0.1, learning_rate: 0.1, ..Default::default() };
    let optimizer = EvolutionStrategies::new(settings, 1, theta).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 8, ..Schedule::default() };
    MetaTraining::new(meta_learner, Box::new(optimizer), vec![tasks], schedule).unwrap()
}

/// Mean fitness of the last ten generations of a short meta-training.
fn trained(config: &LearnerConfig, tasks: Tasks, generations: usize) -> f64 {
    let mut training = training(config, tasks);
    let never = AtomicBool::new(false);
    let fitness: Vec<f64> =
        (0..generations).map(|_| training.advance(&never).unwrap().unwrap().fitness_mean.unwrap()).collect();
    fitness[generations - 10..].iter().sum::<f64>() / 10.0
}

#[test]
fn the_same_seed_gives_the_same_bits_for_any_number_of_threads() {
    for config in small_ones() {
        let theta = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut training = training(&config, sure_bandit());
            pool.install(|| (0..3).for_each(|_| drop(training.advance(&AtomicBool::new(false)).unwrap())));
            training.theta().to_vec()
        };
        let one = theta(1);
        assert!(one == theta(1) && one == theta(3), "{config:?}");
    }
}

#[test]
fn whoever_remembers_can_be_trained_to_find_the_arm_that_pays() {
    for config in small_ones() {
        // One polynomial for all synapses tells arms apart by their random weights alone, and takes longer to find.
        let one_rule = matches!(&config, LearnerConfig::Hebbian(HebbianConfig { shared: true, .. }));
        let mean = trained(&config, sure_bandit(), if one_rule { 500 } else { 150 });
        println!("{mean} {config:?}");
        match config {
            _ if one_rule => assert!(mean > 12.5, "chance is 10: {mean} by {config:?}"),
            // Whatever it does is worth 10 on average; over the 2,560 tasks of ten generations the error of that is 0.2.
            LearnerConfig::FeedForward(_) => assert!((9.0..11.0).contains(&mean), "{mean}"),
            _ => assert!(mean > 15.0, "chance is 10, 19.5 the most there is: {mean} by {config:?}"),
        }
    }
}

#[test]
fn without_memory_one_can_be_trained_to_do_what_the_observation_tells() {
    let mean =
        trained(&LearnerConfig::FeedForward(FeedForwardConfig { hidden_size: 8, ..Default::default() }), told(), 60);
    assert!(mean > 18.0, "chance is 10, 20 the most there is: {mean}");
}
