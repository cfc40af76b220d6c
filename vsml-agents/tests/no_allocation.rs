//! Between the beginning and the end of a life, nothing is allocated.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use vsml_agents::{Learner, LearnerConfig, MetaLearner, Secrets, Vsml, VsmlConfig, players};
use vsml_core::Kernel;
use vsml_envs::check::CountingAllocator;
use vsml_envs::{LifetimeKey, Registry, Split, stream};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Allocations between the beginning of a life and its end.
fn allocations(learner: &mut dyn Learner, id: &str) -> u64 {
    let key = LifetimeKey { seed: 1, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
    let mut life = Registry::builtin().make(id).unwrap().begin(&key).unwrap();
    let mut rng = key.stream("learner");
    learner.begin(life.observation_space(), life.action_space(), &mut rng).unwrap();
    let before = CountingAllocator::count();
    while !life.is_over() {
        learner.reveal(&Secrets::of(&life).unwrap()).unwrap();
        let action = learner.act(&life.percept(), &mut rng).unwrap();
        let feedback = life.step(action).unwrap();
        learner.feedback(&feedback);
    }
    CountingAllocator::count() - before
}

#[test]
fn vsml_learners_live_without_allocating() {
    for config in
        [VsmlConfig::default(), VsmlConfig::symla(), VsmlConfig { hidden_layers: vec![4], ..VsmlConfig::default() }]
    {
        let vsml = Vsml::new(config, Kernel::detect()).unwrap();
        let mut learner = vsml.learner(&vsml.initialise(&mut stream(1, "theta", &[]))).unwrap();
        for id in ["BernoulliBandit-v0:arms=7", "CartPole-v1", "HeartsAndTraps-v0:permute_observations=true"] {
            assert_eq!(allocations(&mut *learner, id), 0, "{id}");
        }
    }
}

#[test]
fn all_other_kinds_live_without_allocating() {
    for kind in LearnerConfig::kinds() {
        for id in ["BernoulliBandit-v0:arms=7", "CartPole-v1", "GaussianClusters-v0"] {
            let mut config = kind.clone();
            config.fit(&[Registry::builtin().make(id).unwrap().into()], 1).unwrap();
            let meta_learner = config.meta_learner(Kernel::detect()).unwrap();
            let mut learner = meta_learner.learner(&meta_learner.initialise(&mut stream(1, "theta", &[]))).unwrap();
            assert_eq!(allocations(&mut *learner, id), 0, "{} on {id}", config.name());
        }
    }
}

#[test]
fn reference_players_live_without_allocating() {
    let wide = ["sgd:hidden=7", "adam:hidden=7", "reinforce:rollout=8", "ppo:rollout=8"];
    for player in players::LISTING.iter().map(|(player, _)| *player).chain(wide) {
        let id = match player.split(':').next().unwrap() {
            "sgd" | "adam" => "Digits-v0:project_observations=9",
            "alchemy-heuristic" => "Alchemy-v0",
            "psrl" | "beb" | "ucrl2" | "greedy-mdp" | "oracle-mdp" | "q-learning" | "sarsa" => "RandomMdp-v0",
            "tit-for-tat" | "best-response" => "PrisonersDilemma-v0:seat=row",
            "optimal" | "dependent" => "BernoulliBandit-v0",
            _ => "BernoulliBandit-v0:arms=7",
        };
        assert_eq!(allocations(&mut *players::make(player).unwrap(), id), 0, "{player}");
    }
}
