//! Players of bandits: they count what each arm has paid.
//!
//! With s the sum of an arm's rewards and m how often it was pulled, most of them start from the posterior mean
//! `(s + 1) / (m + 2)` of a uniform prior. Ties are broken at random, equally likely.
//!
//! UCB1 comes in two forms, which differ more than their name lets on: as published, with empirical means, and with
//! posterior means, as it is used as a baseline for RL² (Duan et al. 2016). With c = 0.2, on two independent arms and 100
//! pulls, the first regrets 2.1 and the second 1.9. Published tables use either; `tests/reference_numbers.rs` says which.

use crate::learner::{Learner, Unable};
use rand::RngExt;
use rand_distr::{Beta, Distribution};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// How often each arm was pulled and what it paid.
#[derive(Default)]
struct Counts {
    pulls: Vec<f64>,
    rewards: Vec<f64>,
    pulled: Option<usize>,
}

impl Counts {
    fn begin(&mut self, player: &str, observation: &Space, action: &Space) -> Result<(), Unable> {
        let Space::Discrete { n } = *action else {
            return Err(Unable(format!("{player} plays bandits: it needs discrete actions")));
        };
        let seen = observation.flat_len();
        if seen != 1 {
            let reason =
                format!("{player} plays bandits, in which there is nothing to observe; here are {seen} numbers");
            return Err(Unable(reason));
        }
        for counts in [&mut self.pulls, &mut self.rewards] {
            counts.clear();
            counts.resize(n, 0.0);
        }
        self.pulled = None;
        Ok(())
    }

    /// The posterior mean of an arm.
    fn mean(&self, arm: usize) -> f64 {
        (self.rewards[arm] + 1.0) / (self.pulls[arm] + 2.0)
    }

    /// Pulls the arm of greatest index.
    fn pull(&mut self, rng: &mut Rng, mut index: impl FnMut(&Self, usize, &mut Rng) -> f64) -> Action<'static> {
        let (mut best, mut greatest, mut ties) = (0, f64::NEG_INFINITY, 0u32);
        for arm in 0..self.pulls.len() {
            let value = index(self, arm, rng);
            if value > greatest {
                (best, greatest, ties) = (arm, value, 1);
            } else if value == greatest {
                // The k-th of equals takes the place with probability 1/k.
                ties += 1;
                if rng.random_range(0..ties) == 0 {
                    best = arm;
                }
            }
        }
        self.pulled = Some(best);
        Action::Discrete(best)
    }

    fn count(&mut self, feedback: &Feedback) {
        if let Some(arm) = self.pulled {
            self.pulls[arm] += 1.0;
            self.rewards[arm] += feedback.reward;
        }
    }
}

/// The arm of greatest posterior mean.
#[derive(Default)]
pub struct Greedy {
    counts: Counts,
}

impl Learner for Greedy {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.counts.begin("greedy", observation, action)
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        Ok(self.counts.pull(rng, |counts, arm, _| counts.mean(arm)))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.counts.count(feedback);
    }
}

/// UCB1: the arm of greatest mean plus exploration bonus, at the t-th pull, t counted from 1.
pub struct Ucb1 {
    c: f64,
    posterior: bool,
    pull: f64,
    counts: Counts,
}

impl Ucb1 {
    /// As published (Auer et al. 2002, figure 1, with a weight c on exploration): every arm once, then the greatest
    /// `s / m + c sqrt(2 ln t / m)`.
    pub fn new(c: f64) -> Self {
        Ucb1 { c, posterior: false, pull: 0.0, counts: Counts::default() }
    }

    /// With posterior means: the greatest `(s + 1) / (m + 2) + c sqrt(2 ln t / (m + 2))`.
    pub fn posterior(c: f64) -> Self {
        Ucb1 { posterior: true, ..Ucb1::new(c) }
    }
}

impl Learner for Ucb1 {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.pull = 0.0;
        self.counts.begin("UCB1", observation, action)
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.pull += 1.0;
        let (c, exploration, posterior) = (self.c, 2.0 * self.pull.ln(), self.posterior);
        Ok(self.counts.pull(rng, |counts, arm, _| {
            let pulls = counts.pulls[arm];
            if posterior {
                counts.mean(arm) + c * (exploration / (pulls + 2.0)).sqrt()
            } else if pulls == 0.0 {
                f64::INFINITY
            } else {
                counts.rewards[arm] / pulls + c * (exploration / pulls).sqrt()
            }
        }))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.counts.count(feedback);
    }
}

/// Thompson sampling (Thompson 1933): the arm of greatest draw from its posterior `Beta(s + 1, m - s + 1)`. Rewards must
/// be 0 or 1.
#[derive(Default)]
pub struct Thompson {
    counts: Counts,
    other_reward: Option<f64>,
}

impl Learner for Thompson {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.other_reward = None;
        self.counts.begin("Thompson sampling", observation, action)
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        if let Some(reward) = self.other_reward {
            return Err(Unable(format!("Thompson sampling needs rewards of 0 or 1, and got {reward}")));
        }
        let mut impossible = None;
        let action = self.counts.pull(rng, |counts, arm, rng| {
            let (won, lost) = (counts.rewards[arm], counts.pulls[arm] - counts.rewards[arm]);
            match Beta::new(won + 1.0, lost + 1.0) {
                Ok(posterior) => posterior.sample(rng),
                Err(error) => {
                    impossible = Some(error);
                    0.0
                }
            }
        });
        impossible.map_or(Ok(action), |error| Err(Unable(format!("Thompson sampling: {error}"))))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        if feedback.reward != 0.0 && feedback.reward != 1.0 {
            self.other_reward = Some(feedback.reward);
        }
        self.counts.count(feedback);
    }
}
