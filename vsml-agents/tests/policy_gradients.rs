//! REINFORCE and PPO learn within a life that began with nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rayon::prelude::*;
use vsml_agents::{live, players};
use vsml_envs::{LifetimeKey, Registry, Split};

fn key(lifetime: u64) -> LifetimeKey {
    LifetimeKey { seed: 3, split: Split::Test, generation: 0, member: 0, lifetime }
}

/// Mean reward of an episode in each tenth of the life, over some lives.
fn tenths(player: &str, id: &str, steps: u64, lives: u64) -> [f64; 10] {
    let tasks =
        Registry::builtin().make(&format!("{id}{}steps={steps}", if id.contains(':') { "," } else { ":" })).unwrap();
    let lived: Vec<[f64; 10]> = (0..lives)
        .into_par_iter()
        .map(|life| {
            let (mut rewards, mut episodes) = ([0.0; 10], [0.0f64; 10]);
            let (mut last, mut learner) = (0, players::make(player).unwrap());
            live(&mut *learner, &mut tasks.begin(&key(life)).unwrap(), &mut key(life).stream("learner"), |moment| {
                let tenth = (10 * moment.step / steps) as usize;
                rewards[tenth] += moment.reward;
                if moment.episode != last {
                    last = moment.episode;
                    episodes[tenth] += 1.0;
                }
            })
            .unwrap();
            std::array::from_fn(|tenth| rewards[tenth] / episodes[tenth].max(1.0))
        })
        .collect();
    std::array::from_fn(|tenth| lived.iter().map(|life| life[tenth]).sum::<f64>() / lives as f64)
}

#[test]
#[ignore]
fn tune() {
    let tasks: Vec<(String, u64)> = std::env::var("TASKS")
        .unwrap()
        .split(';')
        .map(|t| {
            let (i, s) = t.split_once(' ').unwrap();
            (i.to_string(), s.parse().unwrap())
        })
        .collect();
    for (id, steps) in &tasks {
        for player in std::env::var("PLAYERS").unwrap().split(';') {
            let start = std::time::Instant::now();
            let t = tenths(player, id, *steps, 6);
            println!(
                "{id} {steps} {player}: {:?} {:.1}s",
                t.map(|x| (x * 100.0).round() / 100.0),
                start.elapsed().as_secs_f64()
            );
        }
    }
}
