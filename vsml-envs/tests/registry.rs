//! What the registry says, to those who ask for the right thing and to those who do not.

#![allow(clippy::unwrap_used)]

use vsml_envs::bandits::Bandits;
use vsml_envs::{BernoulliBandit, LifetimeLength, Registry, RegistryError, Rng};

fn refused(spec: &str) -> String {
    match Registry::builtin().make(spec) {
        Err(error) => error.to_string(),
        Ok(tasks) => panic!("{tasks:?} was made"),
    }
}

/// That the refusal of `spec` holds all of `words`.
fn says(spec: &str, words: &[&str]) {
    let message = refused(spec);
    assert!(words.iter().all(|word| message.contains(word)), "`{spec}` is refused with: {message}");
}

#[test]
fn lengths_are_the_defaults_unless_asked_for() {
    let length = |spec: &str| Registry::builtin().make(spec).unwrap().length;
    assert_eq!(length("BernoulliBandit-v0"), LifetimeLength::Steps(100));
    assert_eq!(length("HeartsAndTraps-v0"), LifetimeLength::Steps(200));
    assert_eq!(length("CartPole-v1"), LifetimeLength::Steps(500));
    assert_eq!(length("CartPoleVaried-v0:masscart=1"), LifetimeLength::Steps(500));
    for id in ["RandomLabels-v0", "SumSign-v0", "GaussianClusters-v0", "Digits-v0", "Idx-v0:path=data"] {
        assert_eq!(length(id), LifetimeLength::Steps(500));
    }
    assert_eq!(length("CartPole-v1:steps=7"), LifetimeLength::Steps(7));
    assert_eq!(length(" CartPole-v1 : episodes = 3 , fall_reward = 0 "), LifetimeLength::Episodes(3));
}

#[test]
fn parameters_reach_the_task() {
    let tasks = Registry::builtin().make("BernoulliBandit-v0:arms=7").unwrap();
    let life = tasks.begin(&vsml_envs::LifetimeKey {
        seed: 0,
        split: vsml_envs::Split::Train,
        generation: 0,
        member: 0,
        lifetime: 0,
    });
    assert_eq!(life.unwrap().action_space().flat_len(), 7);
}

#[test]
fn unknown_names_are_answered_with_the_nearest_known_one() {
    says("CartPole-v2", &["unknown environment `CartPole-v2`", "did you mean `CartPole-v1`?"]);
    says("cartpolevaried", &["did you mean `CartPoleVaried-v0`?"]);
    says("BernouliBandit-v0", &["did you mean `BernoulliBandit-v0`?"]);
    assert!(!refused("zzz").contains("did you mean"));
    says("BernoulliBandit-v0:arm=3", &["no parameter `arm`", "did you mean `arms`?", "kind", "time_limit"]);
    says("CartPole-v1:mass_pole=1", &["did you mean `masspole`?", "force"]);
    says("HeartsAndTraps-v0:permute_action=true", &["did you mean `permute_actions`?"]);
}

#[test]
fn bad_values_are_named_with_their_parameter() {
    says("BernoulliBandit-v0:arms=three", &["`arms`", "three"]);
    says("BernoulliBandit-v0:arms=-1", &["`arms`", "-1"]);
    says("BernoulliBandit-v0:arms=0", &["`arms`", "1 to"]);
    says("BernoulliBandit-v0:arms=3,kind=easy", &["exactly 2"]);
    says("BernoulliBandit-v0:kind=simple", &["`kind`", "easy"]);
    says("HeartsAndTraps-v0:size=1000000000000", &["`size`", "2 to 64"]);
    says("HeartsAndTraps-v0:view=aerial", &["`view`", "egocentric"]);
    says("CartPole-v1:length=0", &["`length`", "positive"]);
    says("CartPole-v1:length=2..1", &["`length`", "did you mean 1..2?"]);
    says("CartPole-v1:gravity=moon", &["`gravity`", "0.5..2"]);
    says("CartPole-v1:force=NaN", &["`force`", "not finite"]);
    says("CartPole-v1:max_episode_steps=0", &["`max_episode_steps`"]);
    says("CartPole-v1:scale_observations=-inf..1", &["`scale_observations`", "not finite"]);
    says("CartPole-v1:time_limit=0", &["`time_limit`"]);
    says("CartPole-v1:project_observations=0", &["`project_observations` is 0", "1 to 4096"]);
    says("CartPole-v1:project_observations=5000", &["`project_observations` is 5000", "1 to 4096"]);
    says("RandomLabels-v0:images=0", &["`images` is 0"]);
    says("RandomLabels-v0:inputs=1e3", &["`inputs`"]);
    says("SumSign-v0:inputs=0", &["`inputs` is 0"]);
    says("GaussianClusters-v0:noise=-1", &["`noise` is -1"]);
    says("Digits-v0:part=half", &["`part`", "train"]);
    says("Digits-v0:classes=11", &["`classes` is 11"]);
    says("Digits-v0:resize=100000", &["`resize` is 100000", "0 to 1024"]);
    says("CartPole-v1:permute_actions=1", &["`permute_actions`", "a boolean"]);
    says("CartPole-v1:masspole", &["`masspole` is not of the form key=value"]);
}

#[test]
fn what_nothing_would_read_is_refused() {
    for (spec, name, with) in [
        ("GaussianBandit-v0:mean=3", "mean", "means=normal"),
        ("GaussianBandit-v0:deviation=3", "deviation", "means=normal"),
        ("RestlessBandit-v0:pay=bernoulli,noise=0.5", "noise", "pay=normal"),
        ("Taxi-v4:rainy_probability=0.5", "rainy_probability", "is_rainy=true"),
        ("Taxi-v4:fickle_probability=0.9", "fickle_probability", "fickle_passenger=true"),
        ("FrozenLake-v1:is_slippery=false,success_rate=0.8", "success_rate", "is_slippery=true"),
        ("Maze-v0:map=SixteenRooms,size=25", "size", "map=walls or map=corridors"),
        ("Maze-v0:map=corridors,walls=9", "walls", "map=walls"),
        ("Maze-v0:loops=0.5", "loops", "map=corridors"),
        ("PointRobot-v0:goal_radius=1", "goal_radius", "rewards=sparse"),
        ("Semicircle-v0:rewards=dense,goal_radius=1", "goal_radius", "rewards=sparse"),
    ] {
        says(spec, &[&format!("`{name}` is "), &format!("counts only with {with}")]);
    }
    says("FrozenLake-v1:size=8", &["`size` is for random maps (map=random)"]);
    says("DarkRoom-v0:sparse_reward=true,delay_reward=5", &["`delay_reward` does nothing beside `sparse_reward`"]);
}

#[test]
fn bad_values_of_wrappers_are_named_with_their_parameter() {
    let refused = |parameters: &str, words: &[&str]| says(&format!("CartPole-v1:{parameters}"), words);
    refused("sticky_actions=1", &["`sticky_actions` is 1", "below 1"]);
    refused("sticky_actions=often", &["`sticky_actions`", "often"]);
    refused("repeat_actions=0", &["`repeat_actions` is 0", "1 to 10000"]);
    refused("repeat_actions=-1", &["`repeat_actions`", "-1"]);
    refused("rescale_actions=2", &["`rescale_actions`", "a boolean"]);
    refused("rescale_actions=true", &["RescaleActions cannot wrap the space Discrete"]);
    refused("clip_actions=true", &["ClipActions cannot wrap the space Discrete"]);
    refused("discretise_actions=3", &["DiscretiseActions cannot wrap the space Discrete"]);
    refused("discretise_actions=1", &["`discretise_actions` is 1", "2 to 4096"]);
    refused("scale_reward=much", &["`scale_reward`", "0.5..2"]);
    refused("shift_reward=inf", &["`shift_reward`", "not finite"]);
    refused("delay_reward=0", &["`delay_reward` is 0", "1 to 100000"]);
    refused("clip_reward=1", &["`clip_reward` is 1", "-1..1"]);
    refused("clip_reward=1..-1", &["`clip_reward`", "did you mean -1..1?"]);
    refused("mask_observations=4", &["MaskObservations cannot wrap the space", "count from 0"]);
    refused("mask_observations=1+1", &["`mask_observations` is 1+1", "once"]);
    refused("mask_observations=1-3", &["`mask_observations`", "1+3"]);
    refused("clip_observations=2", &["`clip_observations` is 2", "-10..10"]);
    refused("rescale_observations=true", &["RescaleObservations cannot wrap the space", "finite bounds"]);
    refused("duplicate_observations=0", &["`duplicate_observations` is 0"]);
    refused("duplicate_observations=5", &["DuplicateObservations cannot wrap the space"]);
    refused("pad_observations=0", &["`pad_observations` is 0", "1 to 65536"]);
    refused("noise_observations=-1", &["`noise_observations` is -1"]);
    refused("drop_observations=2", &["`drop_observations` is 2", "0 to 1"]);
    refused("stack_observations=0", &["`stack_observations` is 0"]);
    refused("time_aware=true", &["`time_aware`", "give `time_limit`"]);
    refused("normalize_reward=true", &["did you mean `normalise_reward`?"]);
}

#[test]
fn a_lifetime_has_one_length_and_it_is_not_nothing() {
    says("CartPole-v1:steps=0", &["at least one step"]);
    says("CartPole-v1:episodes=0", &["at least one step"]);
    says("CartPole-v1:steps=10,episodes=2", &["not both"]);
    says("CartPole-v1:steps=10,steps=20", &["`steps` is given twice"]);
    says("CartPole-v1:steps=-5", &["`steps`"]);
}

#[test]
fn others_register_their_own() {
    let coin = |_: &mut Rng| BernoulliBandit::new(vec![0.5, 0.5]).unwrap();
    let mut registry = Registry::builtin();
    registry.register("Coin-v0", "two fair coins", LifetimeLength::Steps(10), coin).unwrap();
    assert_eq!(registry.make("Coin-v0:steps=20").unwrap().length, LifetimeLength::Steps(20));
    let listing = registry.list().into_iter().find(|listing| listing.id == "Coin-v0").unwrap();
    assert_eq!((listing.summary.as_str(), listing.parameters.len()), ("two fair coins", 0));

    let mut attempt = |id: &str, length| registry.register(id, "", length, coin).unwrap_err().to_string();
    assert!(attempt("Coin-v0", LifetimeLength::Steps(1)).contains("already"));
    for id in ["Coin", "Coin-v", "Coin-vx", "Coin:fair-v0", "Coin,fair-v0"] {
        assert!(attempt(id, LifetimeLength::Steps(1)).contains("ends in a version"), "{id}");
    }
    assert!(attempt("Coin-v1", LifetimeLength::Episodes(0)).contains("at least one step"));
}

#[test]
fn a_family_whose_defaults_are_wrong_is_not_registered() {
    let wrong = Bandits { arms: 0, ..Bandits::default() };
    let error = Registry::new().register_family("Wrong-v0", "", LifetimeLength::Steps(1), wrong).unwrap_err();
    assert!(matches!(error, RegistryError::Register { .. }) && error.to_string().contains("`arms`"), "{error}");
}

#[test]
fn what_is_listed_can_be_asked_for() {
    let registry = Registry::builtin();
    for listing in registry.list() {
        let written: Vec<String> = listing
            .parameters
            .iter()
            // A folder has no default.
            .map(|(key, value)| (key, if key == "path" { "data".into() } else { value.clone() }))
            .map(|(key, value)| format!("{key}={}", value.as_str().map_or(value.to_string(), String::from)))
            .collect();
        let spec = format!("{}:{}", listing.id, written.join(","));
        assert_eq!(registry.make(&spec).unwrap().length, listing.length, "{spec}");
    }
}
