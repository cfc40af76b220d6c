//! REINFORCE and PPO learn, within lives that begin with nothing.
//!
//! Numbers are means of a few lives, so what is asked of them is far less than what they reach. `cargo test -p vsml-agents
//! --test players_from_scratch -- --ignored --nocapture` prints, in some five minutes, how reward develops over longer lives on
//! more tasks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rayon::prelude::*;
use vsml_agents::{Learner, live, players};
use vsml_envs::{Action, Feedback, LifetimeKey, Percept, Registry, Space, Split, stream};

/// Parts into which a life is cut.
const PARTS: u64 = 10;

fn key(lifetime: u64) -> LifetimeKey {
    LifetimeKey { seed: 3, split: Split::Test, generation: 0, member: 0, lifetime }
}

/// Reward per episode, and per step, in each tenth of a life, on the average of some lives; `id` ends with its steps.
fn lived(player: &str, id: &str, lives: u64) -> [(f64, f64); PARTS as usize] {
    let tasks = Registry::builtin().make(id).unwrap();
    let lived: Vec<[(f64, f64); PARTS as usize]> = (0..lives)
        .into_par_iter()
        .map(|number| {
            let mut learner = players::make(player).unwrap();
            let mut life = tasks.begin(&key(number)).unwrap();
            let vsml_envs::LifetimeLength::Steps(steps) = life.length() else { panic!("{id} is not counted in steps") };
            let mut parts = [(0.0, 0.0f64, 0.0); PARTS as usize];
            let mut last = 0;
            live(&mut *learner, &mut life, &mut key(number).stream("learner"), |moment| {
                let (reward, episodes, lived) = &mut parts[(PARTS * moment.step / steps) as usize];
                *reward += moment.reward;
                *lived += 1.0;
                *episodes += (moment.episode - last) as f64;
                last = moment.episode;
            })
            .unwrap();
            parts.map(|(reward, episodes, steps)| (reward / episodes.max(1.0), reward / steps))
        })
        .collect();
    std::array::from_fn(|part| {
        let mean = |of: fn(&(f64, f64)) -> f64| lived.iter().map(|life| of(&life[part])).sum::<f64>() / lives as f64;
        (mean(|part| part.0), mean(|part| part.1))
    })
}

/// Reward per episode in the last fifth.
fn at_last(player: &str, id: &str, lives: u64) -> f64 {
    let parts = lived(player, id, lives);
    println!("{player} on {id}: {:?}", parts.map(|(episode, _)| (100.0 * episode).round() / 100.0));
    (parts[8].0 + parts[9].0) / 2.0
}

#[test]
fn poles_stay_up_longer_and_longer() {
    let id = "CartPole-v1:steps=15000";
    let [random, reinforce, ppo] = ["random", "reinforce", "ppo"].map(|player| at_last(player, id, 4));
    // 500 is the most there is.
    assert!((15.0..30.0).contains(&random), "{random}");
    assert!(reinforce > 100.0 && ppo > 150.0, "{reinforce} by REINFORCE, {ppo} by PPO");
}

#[test]
fn goals_are_found_in_gridworlds() {
    let id = "DarkRoom-v0:steps=5000";
    let [random, reinforce, ppo] = ["random", "reinforce", "ppo"].map(|player| at_last(player, id, 6));
    assert!(reinforce > 3.0 * random && ppo > 5.0 * random, "{random} by chance, {reinforce}, {ppo}");
    let id = "FourRooms-v0:steps=10000";
    let [random, ppo] = ["random", "ppo"].map(|player| at_last(player, id, 6));
    assert!(ppo > random + 0.15, "{random} by chance, {ppo}");
}

#[test]
#[ignore = "minutes"]
fn longer_lives() {
    for id in [
        "CartPole-v1:steps=50000",
        "Acrobot-v1:steps=50000",
        "HeartsAndTraps-v0:steps=20000",
        "FourRooms-v0:steps=20000",
        "DarkRoom-v0:steps=10000",
        "BernoulliBandit-v0:kind=easy,steps=1000",
        "Pendulum-v1:steps=50000",
        "PointRobot-v0:steps=10000",
    ] {
        for player in ["random", "reinforce", "ppo"] {
            at_last(player, id, 6);
        }
    }
}

/// The probabilities of actions are not to be seen from outside, but the actions are.
fn actions(learner: &mut dyn Learner, action: &Space, steps: u64) -> Vec<f32> {
    let mut rng = stream(1, "policy gradients", &[]);
    learner.begin(&Space::uniform_box(-1.0, 1.0, 2), action, &mut rng).unwrap();
    let mut all = Vec::new();
    for step in 0..steps {
        let observation = [(step as f32).sin(), (step as f32).cos()];
        let percept = Percept { observation: &observation, episode_begins: step % 9 == 0 };
        let chosen = match learner.act(&percept, &mut rng).unwrap() {
            Action::Discrete(index) => index as f32,
            Action::Continuous(numbers) => numbers[0],
            other => panic!("{other:?} is not in {action:?}"),
        };
        all.push(chosen);
        let reward = f64::from(chosen * observation[0]);
        learner.feedback(&Feedback { reward, terminated: false, truncated: step % 9 == 8, target: None });
    }
    all
}

#[test]
fn a_new_life_forgets_the_one_before() {
    for player in ["reinforce:rollout=16", "ppo:rollout=16"] {
        for action in [Space::discrete(3), Space::uniform_box(-1.0, 2.0, 1)] {
            let mut player = players::make(player).unwrap();
            let first = actions(&mut *player, &action, 200);
            actions(&mut *player, &Space::discrete(5), 50);
            assert_eq!(actions(&mut *player, &action, 200), first);
        }
    }
}

#[test]
fn numbers_are_chosen_that_pay() {
    for player in ["reinforce:rollout=32,learning_rate=0.01", "ppo:rollout=32,learning_rate=0.01"] {
        let all = actions(&mut *players::make(player).unwrap(), &Space::uniform_box(-1.0, 1.0, 1), 6000);
        let reward = |steps: std::ops::Range<usize>| -> f64 {
            let count = steps.len() as f64;
            steps.map(|step| f64::from(all[step] * (step as f32).sin())).sum::<f64>() / count
        };
        // The sign of the observation at its full size earns 2 / π on the average, chance nothing.
        let (early, late) = (reward(0..200), reward(5000..6000));
        assert!(late > 0.45 && late > early + 0.1, "{player}: {early} and {late}");
    }
}

#[test]
fn weights_that_run_away_are_an_error_and_not_an_action() {
    for player in ["reinforce:rollout=8,learning_rate=1e38", "ppo:rollout=8,learning_rate=1e38"] {
        let tasks = Registry::builtin().make("CartPole-v1:steps=500").unwrap();
        let mut life = tasks.begin(&key(0)).unwrap();
        let mut player = players::make(player).unwrap();
        let error = live(&mut *player, &mut life, &mut key(0).stream("learner"), |_| {}).unwrap_err();
        assert!(error.to_string().contains("smaller learning_rate"), "{error}");
    }
}
