//! The Bayesian exploration bonus: what is expected, and a little more for what is little known.
//!
//! Kolter & Ng (2009, "Near-Bayesian exploration in polynomial time") plan on the posterior mean, as the greedy player does,
//! but reward each action also for what is learnt by it,
//!
//! ```text
//! r(s, a) + bonus / max(1, n(s, a)),
//! ```
//!
//! with n(s, a) how often it was taken. This falls faster than the bonus of an upper confidence bound, 1 / sqrt(n): such a
//! player gives up on what is probably not worth the trouble, comes close to the Bayes optimal one soon, and is not sure ever
//! to find the best policy. It is the simplest of the good players, and needs a bonus that suits the task: for RL²'s processes 1,
//! chosen on validation tasks among powers of two.
//!
//! The paper divides by 1 + n and counts the weights of the prior in n, which makes the first bonus small and its decline slow. In
//! RL²'s processes that form gets less in 100 episodes whatever the bonus (1983 with a bonus of 10, this one 2013 with 1).

use super::planner::{Model, expected_value};
use super::tabular::Experience;

/// The posterior mean with a bonus.
#[derive(Clone, Copy, Debug)]
pub struct Beb {
    bonus: f64,
}

impl Beb {
    /// With this bonus for what was never done, 0 or more.
    pub fn new(bonus: f64) -> Self {
        Beb { bonus }
    }
}

impl Model for Beb {
    const NAME: &'static str = "BEB";

    fn action_value(&mut self, experience: &Experience, pair: usize, values: &[f64]) -> f64 {
        expected_value(experience, pair, values) + self.bonus / experience.taken(pair).max(1.0)
    }
}
