//! What happens in a lifetime, written down bit by bit: for tests that compare.

use vsml_envs::{Lifetime, LifetimeKey, OwnedAction, Rng, Split, Tasks};

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
