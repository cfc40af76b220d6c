//! The weights that are shipped do what the documentation says of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use std::sync::Arc;
use support::{refuse, succeed};
use vsml::agents::evaluation::evaluate;
use vsml::agents::{Learner, Make, Scenario, Unable, Weights, players};
use vsml::core::Kernel;
use vsml::envs::{Registry, Split};

fn path(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights").join(name);
    path.to_str().unwrap().to_string()
}

/// Mean reward of 500 lifetimes of what `make` makes.
fn reward(make: &(dyn Fn() -> Result<Box<dyn Learner>, Unable> + Sync), id: &str) -> f64 {
    let tasks = Registry::builtin().make(id).unwrap();
    evaluate("", make, &tasks.into(), Split::Test, 3, 500, &|_| {}).summary().unwrap().mean
}

/// Mean reward of the shipped learner and of a player, on the same tasks.
fn rewards(weights: &str, player: &str, id: &str) -> (f64, f64) {
    let weights = Weights::load(Path::new(&path(weights))).unwrap();
    let trained = weights.learner.meta_learner(Kernel::detect()).unwrap();
    let player = || players::make(player).map_err(|error| Unable(error.to_string()));
    (reward(&|| trained.learner(&weights.values), id), reward(&player, id))
}

#[test]
fn quickstart_beats_thompson_sampling_on_more_arms_than_it_was_trained_on() {
    for arms in [2, 5, 10, 20] {
        let (vsml, thompson) =
            rewards("quickstart.safetensors", "thompson", &format!("BernoulliBandit-v0:arms={arms}"));
        assert!(vsml > thompson, "{arms} arms: {vsml} against {thompson}");
    }
}

#[test]
fn cartpole_falls_seldom_whatever_its_senses_are_called() {
    let id = "CartPole-v1:fall_reward=0,permute_observations=true,permute_actions=true";
    let (vsml, random) = rewards("cartpole.safetensors", "random", id);
    assert!(vsml > 492.0 && random < 480.0, "{vsml} against {random}");
}

#[test]
fn acrobot_finds_the_line_whatever_its_senses_are_called() {
    for senses in ["", ",permute_observations=true,permute_actions=true", ",mirror_observations=true"] {
        let id = format!("Acrobot-v1:steps=1000,shift_reward=1,rescale_observations=true{senses}");
        let (vsml, random) = rewards("acrobot.safetensors", "random", &id);
        assert!(vsml > 3.0 && random < 0.2, "{id}: {vsml} against {random}");
    }
}

#[test]
fn hearts_finds_out_what_is_good_also_where_that_has_changed() {
    for rewards_of in ["", ",heart_reward=-1,trap_reward=1", ",permute_observations=true,permute_actions=true"] {
        let id = format!("HeartsAndTraps-v0:size=3,radius=1,hearts=2,traps=2,steps=500{rewards_of}");
        let (vsml, random) = rewards("hearts.safetensors", "random", &id);
        assert!(vsml > 95.0 && random < 10.0, "{id}: {vsml} against {random}");
    }
}

#[test]
fn scratch_learns_digits_sums_and_clusters_faster_than_sgd() {
    for (id, rates) in [
        ("Digits-v0:steps=100,part=test", [0.1, 0.3, 1.0]),
        ("SumSign-v0:steps=100", [0.01, 0.03, 0.1]),
        ("GaussianClusters-v0:steps=100,classes=5", [0.03, 0.1, 0.3]),
    ] {
        for rate in rates {
            let (vsml, sgd) = rewards("scratch.safetensors", &format!("sgd:learning_rate={rate}"), id);
            assert!(vsml > sgd, "{id}: {vsml} against {sgd} with rate {rate}");
        }
    }
}

#[test]
fn clone_is_hardly_worse_than_what_it_is_a_clone_of() {
    for id in ["Digits-v0", "GaussianClusters-v0", "GaussianClusters-v0:classes=5"] {
        let (vsml, sgd) = rewards("clone.safetensors", "sgd:learning_rate=0.2", id);
        // Of 500 examples; 25 are five points.
        assert!(vsml > sgd - 25.0, "{id}: {vsml} against {sgd}");
    }
}

#[test]
fn rl2_is_near_the_best_there_is_or_better_than_thompson_sampling() {
    let (id, pulls) = ("BernoulliBandit-v0:arms=5,steps=10", "optimal:pulls=10");
    let (rl2, optimal) = rewards("rl2-bandit-n10-k5.safetensors", pulls, id);
    assert!((rl2 - optimal).abs() < 0.2 && optimal > 6.3, "{rl2} against {optimal}");
    let id = "BernoulliBandit-v0:arms=5,steps=100";
    let (rl2, thompson) = rewards("rl2-bandit-n100-k5.safetensors", "thompson", id);
    assert!(rl2 > thompson + 1.0, "{rl2} against {thompson}");
    let id = "BernoulliBandit-v0:arms=10,steps=100";
    let (rl2, thompson) = rewards("rl2-bandit-n100-k10.safetensors", "thompson", id);
    assert!(rl2 > thompson + 3.0, "{rl2} against {thompson}");
    let (rl2, psrl) = rewards("rl2-mdp-n10.safetensors", "psrl", "RandomMdp-v0");
    assert!(rl2 > psrl + 15.0, "{rl2} against {psrl}");
}

/// Mean reward of 500 lives of the shipped learner, and of a player, in a scenario.
fn in_scenario(weights: &str, player: &str, text: &str) -> (f64, f64) {
    let other = |name: &str| -> Result<Arc<Make>, String> {
        let name = name.to_string();
        Ok(Arc::new(move || players::make(&name).map_err(|error| Unable(error.to_string()))))
    };
    let scenario = Scenario::parse(&Registry::builtin(), text, &other).unwrap();
    let reward = |make: &Make| evaluate("", &make, &scenario, Split::Test, 3, 500, &|_| {}).summary().unwrap().mean;
    let weights = Weights::load(Path::new(&path(weights))).unwrap();
    let trained = weights.learner.meta_learner(Kernel::detect()).unwrap();
    let player = player.to_string();
    (
        reward(&move || trained.learner(&weights.values)),
        reward(&move || players::make(&player).map_err(|error| Unable(error.to_string()))),
    )
}

#[test]
fn prisoners_answer_each_player_as_well_as_can_be() {
    // The best response to each: cooperate but for the last move, always betray, always betray, always betray.
    for (other, player, best) in [
        ("tit-for-tat", "tit-for-tat", 302.0),
        ("always:arm=0", "always:arm=1", 500.0),
        ("always:arm=1", "always:arm=1", 100.0),
        ("random", "always:arm=1", 300.0),
    ] {
        let text = format!("MatrixGame-v0:payoffs=3/3 0/5; 5/0 1/1 with {other}");
        let (learner, player) = in_scenario("prisoners.safetensors", player, &text);
        assert!(learner > 0.95 * best && player < 1.02 * best, "{other}: {learner} and {player} of {best}");
    }
}

#[test]
fn games_are_learnt_faster_than_by_q_learning() {
    for other in ["random", "best-response", "q-learning"] {
        let (learner, q_learning) =
            in_scenario("games.safetensors", "q-learning", &format!("MatrixGame-v0:actions=3 with {other}"));
        assert!(learner > q_learning, "{other}: {learner} against {q_learning}");
    }
}

#[test]
fn guessing_teams_of_sizes_never_met_guess_better_than_the_mean() {
    for (id, outputs) in [("outputs=3", 3.0), ("outputs=4", 4.0), ("outputs=6", 6.0), ("outputs=3,experts=6", 3.0)] {
        let (team, _) = in_scenario("guessing.safetensors", "random", &format!("GuessingTeam-v0:{id}"));
        // If all say the mean of the hidden numbers, that leaves (1 - 1/d) of their variance, a third.
        assert!(-team / 100.0 < (1.0 - 1.0 / outputs) / 3.0, "{id}: {team}");
    }
}

#[test]
fn agents_of_one_theta_spread_out_however_many_they_are() {
    for agents in [2, 3, 4, 6] {
        let (team, random) = in_scenario("spread.safetensors", "random", &format!("SimpleSpread-v0:agents={agents}"));
        assert!(team > random + 6.0, "{agents}: {team} against {random}");
    }
}

#[test]
fn the_command_takes_them() {
    let on = ["--on", "BernoulliBandit-v0:arms=7,steps=20", "--lifetimes", "20"];
    let table = succeed(&[&["evaluate", &path("quickstart.safetensors")], &on[..]].concat());
    assert!(table.contains("arms=7"), "{table}");
    // By name they are the same.
    assert_eq!(succeed(&[&["evaluate", "quickstart"], &on[..]].concat()), table);
    let beside = succeed(&[&["evaluate", "quickstart"], &on[..], &["--players", "quickstart"]].concat());
    let row = beside.lines().find(|line| line.contains("arms=7")).unwrap().replace('*', "");
    let cells: Vec<&str> = row.split_whitespace().skip(1).collect();
    assert_eq!(cells[..2], cells[2..], "{beside}");
    succeed(&["play", "cartpole", "HeartsAndTraps-v0:steps=2"]);
    let message = refuse(&[&["evaluate", "quikstart"], &on[..]].concat());
    assert!(message.contains("none of the shipped weights") && message.contains("quickstart"), "{message}");
}

#[test]
fn they_are_listed_with_where_they_are_from() {
    let list = succeed(&["list"]);
    let (_, weights) = list.split_once("Shipped weights").unwrap();
    let row = weights.lines().find(|line| line.trim_start().starts_with("quickstart")).unwrap();
    assert!(row.contains("Trained on two-armed bandits") && row.contains("240"), "{row}");
    for name in ["clone", "cartpole", "scratch", "rl2-bandit-n10-k5", "rl2-bandit-n100-k5", "rl2-bandit-n100-k10"] {
        assert!(weights.contains(name), "{name}: {weights}");
    }
}
