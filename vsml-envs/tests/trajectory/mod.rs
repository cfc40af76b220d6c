//! What happens in a lifetime, written down bit by bit: for tests that compare.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use std::path::Path;
use vsml_envs::{Lifetime, LifetimeKey, OwnedAction, Registry, Rng, Split, Tasks};

/// The lines of `variants/*.txt`: a pinned hash, a space, and an id with parameters. Each id is there at least once.
///
/// What is listed there is run through every test in this folder. To add an environment, add its lines with `?` for the
/// hash; `value_stability` then says what the hash is.
pub fn variants() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/variants");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut variants = Vec::new();
    for file in files {
        for line in std::fs::read_to_string(&file).unwrap().lines() {
            let (hash, spec) = line.split_once(' ').unwrap_or_else(|| panic!("{}: `{line}`", file.display()));
            variants.push((hash.to_string(), spec.to_string()));
        }
    }
    variants
}

/// The ids with the parameters that they cannot do without: a colon at the end, or a comma, so that more can follow.
pub fn ids() -> Vec<String> {
    let needed = |id: &str| if id == "Idx-v0" { "path=data," } else { "" };
    Registry::builtin().list().into_iter().map(|listing| format!("{}:{}", listing.id, needed(&listing.id))).collect()
}

/// The tasks of `spec`, in lifetimes of so many steps.
pub fn tasks(spec: &str, steps: u64) -> Tasks {
    let comma = if spec.ends_with([':', ',']) {
        ""
    } else if spec.contains(':') {
        ","
    } else {
        ":"
    };
    Registry::builtin().make(&format!("{spec}{comma}steps={steps}")).unwrap()
}

/// The key of lifetime number `lifetime` under `seed`.
pub fn key(seed: u64, lifetime: u64) -> LifetimeKey {
    LifetimeKey { seed, split: Split::Test, generation: 0, member: 0, lifetime }
}

/// A lifetime with a random player who writes down all that it perceives.
pub struct Recorder {
    life: Lifetime,
    player: Rng,
    action: OwnedAction,
    /// Observations, rewards, flags and targets so far.
    pub written: Vec<u8>,
}

impl Recorder {
    /// Begins the lifetime of `key`.
    pub fn begin(tasks: &Tasks, key: &LifetimeKey) -> Self {
        let life = tasks.begin(key).unwrap();
        let action = life.action_space().zero();
        Recorder { player: key.stream("player"), action, life, written: Vec::new() }
    }

    /// Steps once.
    pub fn step(&mut self) {
        let percept = self.life.percept();
        assert!(self.life.observation_space().contains_flat(percept.observation), "{:?}", percept.observation);
        for number in percept.observation {
            self.written.extend(number.to_le_bytes());
        }
        self.written.push(u8::from(percept.episode_begins));
        self.life.action_space().sample_into(&mut self.player, &mut self.action);
        let feedback = self.life.step(self.action.borrow()).unwrap();
        self.written.extend(feedback.reward.to_le_bytes());
        self.written.push(u8::from(feedback.terminated) | u8::from(feedback.truncated) << 1);
        if let Some(target) = feedback.target {
            self.written.extend((target as u64).to_le_bytes());
        }
    }

    /// Steps to the end and hands over what was written.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.life.is_over() {
            self.step();
        }
        self.written
    }
}
