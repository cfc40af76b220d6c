//! Expected rewards, as a wrapper tells them that changes what is paid.

use crate::Space;

/// What is expected of each discrete action, computed anew from what is inside: it may change with every step.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    rewards: Vec<f64>,
    known: bool,
}

impl Expected {
    /// Room for the actions of `space`.
    pub(super) fn new(space: &Space) -> Self {
        let actions = if let Space::Discrete { n } = space { *n } else { 0 };
        Expected { rewards: vec![0.0; actions], known: false }
    }

    /// Takes over what is expected `inside`, if it is known there.
    pub(super) fn refresh(&mut self, inside: Option<&[f64]>, told: impl Fn(&[f64], usize) -> f64) {
        let inside = inside.filter(|inside| inside.len() == self.rewards.len());
        self.known = inside.is_some();
        if let Some(inside) = inside {
            for (action, reward) in self.rewards.iter_mut().enumerate() {
                *reward = told(inside, action);
            }
        }
    }

    /// What [`Environment::expected_rewards`](crate::Environment::expected_rewards) answers.
    pub(super) fn told(&self) -> Option<&[f64]> {
        self.known.then_some(&self.rewards)
    }
}
