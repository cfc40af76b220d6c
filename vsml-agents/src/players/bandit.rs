//! Players of bandits: they count what each arm has paid.
//!
//! With s the sum of an arm's rewards and m how often it was pulled, most of them start from the posterior mean
//! `(s + 1) / (m + 2)` of a uniform prior. Ties are broken at random, equally likely.
//!
//! UCB1 comes in two forms, which differ more than their name lets on: as published, with empirical means, and with
//! posterior means, as it is used as a baseline for RL² (Duan et al. 2016). With c = 0.2, on two independent arms and 100
//! pulls, the first regrets 2.1 and the second 1.8. Published tables use either; `tests/reference_numbers.rs` says which.

use crate::learner::{Learner, Unable};
use rand::RngExt;
use rand_distr::{Beta, Distribution};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// How often each arm was pulled and what it paid.
#[derive(Default)]
pub(super) struct Counts {
    pulls: Vec<f64>,
    rewards: Vec<f64>,
    pulled: Option<usize>,
    /// A reward that was neither 0 nor 1.
    other_reward: Option<f64>,
}

impl Counts {
    pub(super) fn begin(&mut self, player: &str, observation: &Space, action: &Space) -> Result<(), Unable> {
        let Space::Discrete { n } = *action else {
            return Err(Unable(format!("{player} plays bandits: it needs discrete actions")));
        };
        let nothing = match observation {
            Space::Box { low, high, .. } => low == high,
            other => other.flat_len() == 1,
        };
        if !nothing {
            let seen = match observation.flat_len() {
                1 => "is a number".to_string(),
                several => format!("are {several} numbers"),
            };
            return Err(Unable(format!("{player} plays bandits, in which there is nothing to observe; here {seen}")));
        }
        for counts in [&mut self.pulls, &mut self.rewards] {
            counts.clear();
            counts.resize(n, 0.0);
        }
        self.pulled = None;
        self.other_reward = None;
        Ok(())
    }

    /// The posterior mean of an arm.
    fn mean(&self, arm: usize) -> f64 {
        (self.rewards[arm] + 1.0) / (self.pulls[arm] + 2.0)
    }

    /// Successes and pulls of an arm that pays 0 or 1.
    pub(super) fn of(&self, arm: usize) -> (usize, usize) {
        (self.rewards[arm] as usize, self.pulls[arm] as usize)
    }

    /// How often the arm pulled most was pulled.
    pub(super) fn most_pulls(&self) -> usize {
        self.pulls.iter().fold(0.0f64, |most, pulls| most.max(*pulls)) as usize
    }

    /// Refuses to go on where a reward was neither 0 nor 1.
    pub(super) fn only_zero_or_one(&self, player: &str) -> Result<(), Unable> {
        match self.other_reward {
            None => Ok(()),
            Some(reward) => Err(Unable(format!("{player} needs rewards of 0 or 1, and got {reward}"))),
        }
    }

    /// Pulls the arm of greatest index.
    pub(super) fn pull(
        &mut self,
        rng: &mut Rng,
        mut index: impl FnMut(&Self, usize, &mut Rng) -> f64,
    ) -> Action<'static> {
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

    pub(super) fn count(&mut self, feedback: &Feedback) {
        if feedback.reward != 0.0 && feedback.reward != 1.0 {
            self.other_reward = Some(feedback.reward);
        }
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
    /// `s / m + c sqrt(2 ln t / m)`. There, t is the number of pulls so far, one less than here.
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
        let (c, exploration, posterior) = (self.c, 2.0 * libm::log(self.pull), self.posterior);
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
}

impl Learner for Thompson {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.counts.begin("Thompson sampling", observation, action)
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.counts.only_zero_or_one("Thompson sampling")?;
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
        self.counts.count(feedback);
    }
}

/// The arm of greatest posterior mean, but any arm with probability ε.
pub struct EpsilonGreedy {
    epsilon: f64,
    counts: Counts,
}

impl EpsilonGreedy {
    /// With this ε, 0 to 1.
    pub fn new(epsilon: f64) -> Self {
        EpsilonGreedy { epsilon, counts: Counts::default() }
    }
}

impl Learner for EpsilonGreedy {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.counts.begin("epsilon-greedy", observation, action)
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        let explores = rng.random::<f64>() < self.epsilon;
        Ok(self.counts.pull(rng, |counts, arm, _| if explores { 0.0 } else { counts.mean(arm) }))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.counts.count(feedback);
    }
}

/// The optimal player of two arms that pay with p and 1 - p: a success of one is a failure of the other, so that either arm
/// tells all, there is nothing to explore, and the arm for which there is more evidence is the best.
///
/// Optimal whatever the distribution of p, as long as p and 1 - p are equally likely.
#[derive(Default)]
pub struct Dependent {
    counts: Counts,
}

impl Learner for Dependent {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        match action {
            Space::Discrete { n: 2 } => self.counts.begin("the player of dependent arms", observation, action),
            _ => Err(Unable("it plays bandits of two arms".into())),
        }
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.counts.only_zero_or_one("the player of dependent arms")?;
        let evidence = |counts: &Counts, arm: usize| {
            let (successes, pulls) = counts.of(arm);
            let (other_successes, other_pulls) = counts.of(1 - arm);
            (successes + other_pulls - other_successes) as f64 - (other_successes + pulls - successes) as f64
        };
        Ok(self.counts.pull(rng, |counts, arm, _| evidence(counts, arm)))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.counts.count(feedback);
    }
}
