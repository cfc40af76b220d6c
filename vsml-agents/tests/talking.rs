//! Agents that talk: what crosses between networks, and what it is good for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig};
use vsml_agents::team::live_together;
use vsml_agents::{Learner, MetaLearner, MetaTraining, Scenario, Schedule, Vsml, VsmlConfig, players};
use vsml_core::Kernel;
use vsml_envs::team::{Observations, TeamEnvironment};
use vsml_envs::{Action, LifetimeKey, LifetimeLength, Registry, Rng, Space, Split, Step, stream, write_one_hot};

fn vsml(talk: bool) -> Vsml {
    let config = VsmlConfig { hidden_size: 8, message_size: 4, talk, ..VsmlConfig::default() };
    Vsml::new(config, Kernel::detect()).unwrap()
}

fn key(lifetime: u64) -> LifetimeKey {
    LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime }
}

/// One agent is shown one of two signs; the other, who sees nothing, is to name it. Both are paid if it does.
#[derive(Clone)]
struct Whisper {
    sign: usize,
}

impl TeamEnvironment for Whisper {
    fn agents(&self) -> Vec<String> {
        vec!["who sees".into(), "who is asked".into()]
    }
    fn observation_space(&self, _: usize) -> Space {
        Space::uniform_box(0.0, 1.0, 2)
    }
    fn action_space(&self, _: usize) -> Space {
        Space::discrete(2)
    }
    fn reset(&mut self, _: &mut Rng, observations: &mut Observations) {
        write_one_hot(&mut observations[0], self.sign);
        observations[1].fill(0.0);
    }
    fn step(&mut self, actions: &[Option<Action<'_>>], _: &mut Rng, _: &mut Observations, steps: &mut [Step]) {
        let right = actions[1] == Some(Action::Discrete(self.sign));
        steps.fill(Step::going_on(if right { 1.0 } else { 0.0 }));
    }
}

#[test]
fn what_one_sees_another_comes_to_know_if_they_talk() {
    let mut registry = Registry::builtin();
    let signs = |rng: &mut Rng| Whisper { sign: usize::from(rand::RngExt::random_bool(rng, 0.5)) };
    // Of four steps: too few to find the sign out by trying, and to be told takes two.
    registry.register_team("Whisper-v0", "a sign to be named", LifetimeLength::Steps(4), signs).unwrap();
    let trained = |talk: bool| {
        let scenario = Scenario::parse(&registry, "Whisper-v0", &|_| Err(String::new())).unwrap();
        let theta = vsml(talk).initialise(&mut stream(1, "initialise", &[]));
        let config = EvolutionStrategiesConfig { pairs: 32, ..EvolutionStrategiesConfig::default() };
        let optimizer = EvolutionStrategies::new(config, 1, theta).unwrap();
        let schedule = Schedule { seed: 1, lifetimes: 8, ..Schedule::default() };
        let mut training = MetaTraining::new(Box::new(vsml(talk)), Box::new(optimizer), [scenario], schedule).unwrap();
        let never = AtomicBool::new(false);
        let fitness: Vec<f64> =
            (0..400).map(|_| training.advance(&never).unwrap().unwrap().fitness_mean.unwrap()).collect();
        fitness[380..].iter().sum::<f64>() / 20.0
    };
    let (silent, talking) = (trained(false), trained(true));
    assert!(talking > silent + 0.2, "{silent} without and {talking} with messages");
}

/// What a team that learns by these lives through, in numbers.
fn told(mut learners: Vec<Box<dyn Learner>>, id: &str) -> Vec<f64> {
    let mut life = Registry::builtin().make_team(id).unwrap().begin(&key(0)).unwrap();
    let mut told = Vec::new();
    live_together(&mut learners, &mut life, &key(0), |moment| told.push(moment.moment.reward)).unwrap();
    told
}

#[test]
fn talk_changes_a_team_and_nothing_else() {
    let [silent, talking] = [false, true].map(vsml);
    let theta = silent.initialise(&mut stream(1, "initialise", &[]));
    assert_eq!(silent.parameter_count(), talking.parameter_count());
    let team = |vsml: &Vsml, count: usize| (0..count).map(|_| vsml.learner(&theta).unwrap()).collect();
    // Alone, or among others who are silent, there is nobody to talk with.
    assert_eq!(told(team(&talking, 1), "CartPole-v1:steps=50"), told(team(&silent, 1), "CartPole-v1:steps=50"));
    assert_ne!(told(team(&talking, 3), "GuessingTeam-v0"), told(team(&silent, 3), "GuessingTeam-v0"));
    assert_eq!(told(team(&talking, 3), "GuessingTeam-v0"), told(team(&talking, 3), "GuessingTeam-v0"));
    // A team of any size, and one in which not everybody talks.
    assert_eq!(told(team(&talking, 6), "GuessingTeam-v0:outputs=6").len(), 600);
    let mixed = vec![talking.learner(&theta).unwrap(), players::make("tit-for-tat").unwrap()];
    assert_eq!(told(mixed, "PrisonersDilemma-v0").len(), 200);
}

#[test]
fn who_has_talked_in_a_team_is_as_new_when_alone() {
    let talking = vsml(true);
    let theta = talking.initialise(&mut stream(1, "initialise", &[]));
    let mut learners: Vec<Box<dyn Learner>> = (0..2).map(|_| talking.learner(&theta).unwrap()).collect();
    let registry = Registry::builtin();
    live_together(
        &mut learners,
        &mut registry.make_team("Chicken-v0").unwrap().begin(&key(0)).unwrap(),
        &key(0),
        |_| {},
    )
    .unwrap();
    let alone = learners.remove(0);
    assert_eq!(
        told(vec![alone], "CartPole-v1:steps=50"),
        told(vec![talking.learner(&theta).unwrap()], "CartPole-v1:steps=50")
    );
}
