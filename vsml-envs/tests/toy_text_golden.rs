//! The toy text environments against tables and trajectories recorded with Gymnasium 1.4.0.
//!
//! Each file in `golden/` holds a whole transition table, and episodes with the uniform numbers that decided them, so that
//! they can be followed without Gymnasium's generator.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde::Deserialize;
use serde_json::Value;
use vsml_envs::tabular::{Outcome, Table};
use vsml_envs::{Environment, Registry, stream};

#[derive(Deserialize)]
struct Golden {
    spec: Spec,
    table: Recorded,
    episodes: Vec<Episode>,
}

#[derive(Deserialize)]
struct Spec {
    max_episode_steps: Option<u64>,
}

/// A table, packed: rows of probabilities and flags are characters from `0` on.
#[derive(Deserialize)]
struct Recorded {
    #[serde(rename = "nS")]
    states: usize,
    #[serde(rename = "nA")]
    actions: usize,
    prob_rows: Vec<Vec<f64>>,
    prob_row: String,
    next: Vec<OneOrMany<usize>>,
    reward: Vec<OneOrMany<f64>>,
    done: String,
    isd_values: Vec<f64>,
    isd: String,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T: Copy> OneOrMany<T> {
    fn get(&self, index: usize) -> T {
        match self {
            OneOrMany::One(value) => *value,
            OneOrMany::Many(values) => values[index],
        }
    }
}

#[derive(Deserialize)]
struct Episode {
    u: Vec<f64>,
    s0: usize,
    actions: Vec<usize>,
    states: Vec<usize>,
    rewards: Vec<f64>,
    terminated_at: Option<usize>,
    truncated_at: Option<usize>,
}

impl Recorded {
    fn table(&self) -> Table {
        let mut done = self.done.bytes().map(|flag| flag == b'1');
        let mut rows = Vec::new();
        for (row, kind) in self.prob_row.bytes().enumerate() {
            let probabilities = self.prob_rows[usize::from(kind - b'0')].iter();
            let outcomes = probabilities.enumerate().map(|(index, &probability)| Outcome {
                probability,
                next: self.next[row].get(index),
                reward: self.reward[row].get(index),
                deviation: 0.0,
                terminated: done.next().unwrap(),
            });
            rows.push(outcomes.collect());
        }
        assert_eq!(done.next(), None);
        let start = self.isd.bytes().map(|kind| self.isd_values[usize::from(kind - b'0')]).collect();
        let table = Table::new(self.actions, &rows, start).unwrap();
        assert_eq!(table.states(), self.states);
        table
    }
}

/// Follows an episode with its recorded uniforms; where none is recorded, the outcome is certain.
fn follow(table: &Table, episode: &Episode, limit: Option<u64>) {
    let mut state = table.sample_start(episode.u[0]);
    assert_eq!(state, episode.s0);
    for (step, &action) in episode.actions.iter().enumerate() {
        let luck = episode.u.get(step + 1).copied().unwrap_or(0.5);
        let outcome = table.sample(state, action, luck);
        state = outcome.next;
        assert_eq!((state, outcome.reward), (episode.states[step], episode.rewards[step]), "step {step}");
        assert_eq!(outcome.terminated, episode.terminated_at == Some(step), "step {step}");
        assert_eq!(limit == Some(step as u64 + 1), episode.truncated_at == Some(step), "step {step}");
    }
}

fn compare(spec: &str, golden: &str) {
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let tasks = Registry::builtin().make(spec).unwrap();
    let task = tasks.distribution.sample(&mut stream(0, "golden", &[]));
    let table = task.table().unwrap();
    let recorded = golden.table.table();
    assert_eq!(table.start(), recorded.start(), "{spec}");
    for state in 0..recorded.states() {
        for action in 0..recorded.actions() {
            let (ours, theirs) = (table.outcomes(state, action), recorded.outcomes(state, action));
            assert_eq!(ours, theirs, "{spec}: state {state}, action {action}");
        }
    }
    assert_eq!(table, &recorded);
    assert!(golden.episodes.len() >= 2);
    for episode in &golden.episodes {
        follow(table, episode, golden.spec.max_episode_steps);
    }
    // The registered limit is the family's, where there is one.
    let id = spec.split(':').next().unwrap();
    let listing = Registry::builtin().list().into_iter().find(|listing| listing.id == id).unwrap();
    let limit = listing.parameters.get("max_episode_steps").and_then(Value::as_u64);
    assert_eq!(limit, golden.spec.max_episode_steps, "{spec}");
}

macro_rules! compare {
    ($name:ident, $spec:expr, $file:literal) => {
        #[test]
        fn $name() {
            compare($spec, include_str!(concat!("golden/", $file, ".json")));
        }
    };
}

compare!(the_small_lake, "FrozenLake-v1", "frozenlake_4x4_slippery");
compare!(the_small_lake_not_slippery, "FrozenLake-v1:is_slippery=false", "frozenlake_4x4_deterministic");
compare!(
    the_small_lake_with_other_ice_and_rewards,
    "FrozenLake-v1:success_rate=0.8,goal_reward=10,hole_reward=-5,frozen_reward=-1",
    "frozenlake_4x4_rate08_sched"
);
compare!(the_large_lake, "FrozenLake8x8-v1", "frozenlake_8x8_slippery");
compare!(the_large_lake_not_slippery, "FrozenLake8x8-v1:is_slippery=false", "frozenlake_8x8_deterministic");
compare!(the_cliff, "CliffWalking-v1", "cliffwalking_v1");
compare!(the_slippery_cliff, "CliffWalkingSlippery-v1", "cliffwalking_slippery_v1");
compare!(the_taxi, "Taxi-v4", "taxi_v4");
compare!(the_taxi_in_the_rain, "Taxi-v4:is_rainy=true", "taxi_v4_rainy");
