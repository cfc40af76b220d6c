//! Meta-training in teams is meta-training like any other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{
    EvolutionStrategies, EvolutionStrategiesConfig, GradientDescent, GradientDescentConfig, PolicyGradient, PpoConfig,
    UnrolledEvolutionStrategies, UnrolledEvolutionStrategiesConfig,
};
use vsml_agents::{
    GenerationMetrics, LearnerConfig, Make, MetaLearner, MetaRnnConfig, MetaTraining, Scenario, Schedule,
    SeparateConfig, TeamReward, TrainingError, Unable, Vsml, VsmlConfig, players,
};
use vsml_core::Kernel;
use vsml_envs::team::{Observations, TeamEnvironment};
use vsml_envs::{Action, LifetimeLength, Registry, Rng, Space, Step, quiet_environment_panics, stream};

static NEVER: AtomicBool = AtomicBool::new(false);

fn scenario(registry: &Registry, text: &str) -> Scenario {
    let player = |name: &str| -> Result<Arc<Make>, String> {
        let (owned, _) = (name.to_string(), players::make(name).map_err(|error| error.to_string())?);
        Ok(Arc::new(move || players::make(&owned).map_err(|error| Unable(error.to_string()))))
    };
    Scenario::parse(registry, text, &player).unwrap()
}

fn scenarios(texts: &[&str]) -> Vec<Scenario> {
    texts.iter().map(|text| scenario(&Registry::builtin(), text)).collect()
}

fn vsml() -> Vsml {
    let config = VsmlConfig { hidden_size: 8, message_size: 4, ..VsmlConfig::default() };
    Vsml::new(config, Kernel::detect()).unwrap()
}

fn training(scenarios: Vec<Scenario>, pairs: usize, schedule: Schedule) -> MetaTraining {
    let theta = vsml().initialise(&mut stream(1, "initialise", &[]));
    let config = EvolutionStrategiesConfig { pairs, ..EvolutionStrategiesConfig::default() };
    let optimizer = EvolutionStrategies::new(config, 1, theta).unwrap();
    MetaTraining::new(Box::new(vsml()), Box::new(optimizer), scenarios, schedule).unwrap()
}

fn advance(training: &mut MetaTraining, generations: usize) -> Vec<GenerationMetrics> {
    (0..generations).map(|_| training.advance(&NEVER).unwrap().unwrap()).collect()
}

#[test]
fn neither_threads_nor_a_stop_leave_a_trace() {
    let texts = [
        "RockPaperScissors-v0:steps=8 with its past",
        "Foraging-v0:agents=3,episodes=1 with itself and random",
        "SimpleSpread-v0:steps=5",
    ];
    let schedule =
        Schedule { seed: 1, lifetimes: 4, validate_every: 7, validation_lifetimes: 5, ..Schedule::default() };
    let make = || training(scenarios(&texts), 3, schedule.clone());
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut training = make();
            (advance(&mut training, 25), training.archive())
        })
    };
    let whole = run(1);
    assert_eq!(run(3), whole);
    for stop in [10, 11, 13] {
        let (mut first, mut second) = (make(), make());
        let mut metrics = advance(&mut first, stop);
        second.restore(&first.archive()).unwrap();
        metrics.extend(advance(&mut second, 25 - stop));
        assert_eq!((metrics, second.archive()), whole, "stopped after {stop}");
    }
    // What the learner was before generations 0, 10 and 20.
    assert_eq!(whole.1.arrays.keys().filter(|name| name.starts_with("earlier.")).count(), 3);
}

#[test]
fn one_theta_finds_the_answer_to_each_of_a_pool() {
    // What pays with the one opponent is what the other punishes, so whom it has met it must find out.
    let pool = [
        "MatchingPennies-v0:steps=20 as row with always:arm=0",
        "MatchingPennies-v0:steps=20 as row with always:arm=1",
    ];
    let schedule = Schedule { seed: 1, lifetimes: 4, ..Schedule::default() };
    let metrics = advance(&mut training(scenarios(&pool), 32, schedule), 300);
    let mean =
        |part: &[GenerationMetrics]| part.iter().map(|m| m.fitness_mean.unwrap()).sum::<f64>() / part.len() as f64;
    let (before, after) = (mean(&metrics[..10]), mean(&metrics[290..]));
    assert!(before.abs() < 3.0 && after > 8.0, "from {before} to {after} of 20");
}

#[test]
fn fitness_is_the_learners_reward_or_that_of_all() {
    // Rewards in one step of which only the learner's depends on what it does; the other always loses 2.
    let fitness = |team_reward: TeamReward| {
        let schedule = Schedule { seed: 1, lifetimes: 4, team_reward, ..Schedule::default() };
        let scenario = scenarios(&["MatchingPennies-v0:steps=20 with random"]);
        training(scenario, 4, schedule).advance(&NEVER).unwrap().unwrap().fitness_mean.unwrap()
    };
    let [own, team, both] = [TeamReward::Own, TeamReward::Team, TeamReward::Both].map(fitness);
    // A game of two in which one gets what the other loses.
    assert_eq!(team, 0.0);
    assert!(own != 0.0 && (both - 0.5 * own).abs() < 1e-12, "{own} {both}");
}

#[test]
fn policy_gradients_go_through_the_learners_own_seats() {
    let mut learner = LearnerConfig::MetaRnn(MetaRnnConfig { hidden_size: 8, ..MetaRnnConfig::default() });
    let scenarios = scenarios(&["PrisonersDilemma-v0:steps=10 with always:arm=0", "PrisonersDilemma-v0:steps=10"]);
    learner.fit(&scenarios, 1).unwrap();
    let learner = learner.meta_learner(Kernel::Scalar).unwrap();
    let theta = learner.initialise(&mut stream(1, "initialise", &[]));
    let config = PpoConfig { batch: 16, learning_rate: 0.01, ..PpoConfig::default() };
    let optimizer = PolicyGradient::new(config, 1, theta, learner.critic_count()).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 4, ..Schedule::default() };
    let mut training = MetaTraining::new(learner, Box::new(optimizer), scenarios, schedule).unwrap();
    let metrics = advance(&mut training, 40);
    // To betray pays whoever the other is: 0 from one who never does, and -2 each where both do. Half of the lives are of
    // either kind.
    let last = metrics[39].fitness_mean.unwrap();
    assert!((-12.0..-8.0).contains(&last), "{last}");
}

/// Two agents; some tasks fall over.
#[derive(Clone)]
struct Fragile {
    faulty: bool,
}

impl TeamEnvironment for Fragile {
    fn agents(&self) -> Vec<String> {
        vec!["a".into(), "b".into()]
    }
    fn observation_space(&self, _: usize) -> Space {
        Space::uniform_box(1.0, 1.0, 1)
    }
    fn action_space(&self, _: usize) -> Space {
        Space::discrete(2)
    }
    fn reset(&mut self, _: &mut Rng, observations: &mut Observations) {
        observations.iter_mut().for_each(|observation| observation[0] = 1.0);
    }
    fn step(&mut self, actions: &[Option<Action<'_>>], _: &mut Rng, _: &mut Observations, steps: &mut [Step]) {
        assert!(!self.faulty, "on purpose");
        let same = if actions[0] == actions[1] { 1.0 } else { 0.0 };
        steps.fill(Step::going_on(same));
    }
}

#[test]
fn faults_of_teams_are_set_aside_and_counted() {
    quiet_environment_panics();
    let mut registry = Registry::builtin();
    let sometimes = |rng: &mut Rng| Fragile { faulty: rand::RngExt::random_bool(rng, 0.3) };
    registry.register_team("Fragile-v0", "falls over", LifetimeLength::Steps(10), sometimes).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 8, ..Schedule::default() };
    let mut training = training(vec![scenario(&registry, "Fragile-v0")], 8, schedule);
    let metrics = advance(&mut training, 5);
    for metrics in &metrics {
        assert_eq!((metrics.valid_members, metrics.members), (16, 16), "pairs meet the same faults");
        assert!(metrics.faults["panic"] > 0 && metrics.fitness_mean.unwrap() > 0.0, "{metrics:?}");
    }
    registry.register_team("Broken-v0", "", LifetimeLength::Steps(10), |_: &mut Rng| Fragile { faulty: true }).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    let mut training = self::training(vec![scenario(&registry, "Broken-v0")], 2, schedule);
    advance(&mut training, 5);
    let error = training.advance(&NEVER).unwrap_err();
    assert!(matches!(&error, TrainingError::Fruitless { .. }) && error.to_string().contains("on purpose"), "{error}");
}

#[test]
fn what_is_not_for_teams_says_so() {
    let theta = vsml().initialise(&mut stream(1, "initialise", &[]));
    let unrolled =
        UnrolledEvolutionStrategies::persistent(UnrolledEvolutionStrategiesConfig::default(), 1, theta.clone())
            .unwrap();
    let descent = GradientDescent::new(GradientDescentConfig::default(), theta).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    for optimizer in [Box::new(unrolled) as Box<dyn vsml_agents::optimizers::MetaOptimizer>, Box::new(descent)] {
        let made = MetaTraining::new(Box::new(vsml()), optimizer, scenarios(&["Chicken-v0"]), schedule.clone());
        let error = made.err().unwrap().to_string();
        assert!(error.contains("evolution-strategies for teams"), "{error}");
    }
}

#[test]
fn who_has_nobody_for_a_seat_is_not_trained_there() {
    let separate = LearnerConfig::Separate(SeparateConfig::default()).meta_learner(Kernel::Scalar).unwrap();
    let theta = separate.initialise(&mut stream(1, "initialise", &[]));
    let optimizer = EvolutionStrategies::new(EvolutionStrategiesConfig::default(), 1, theta).unwrap();
    let schedule = Schedule { seed: 1, lifetimes: 2, ..Schedule::default() };
    let texts = ["Chicken-v0:steps=5", "SimpleSpread-v0:steps=5"];
    let made = MetaTraining::new(separate, Box::new(optimizer), scenarios(&texts), schedule);
    let error = made.err().unwrap().to_string();
    assert!(error.contains("SimpleSpread-v0:steps=5: there are 3 agents, and meta-parameters for 2"), "{error}");
}
