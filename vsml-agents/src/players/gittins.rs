//! Gittins' index: what an arm is worth to someone who could also have a sure thing.
//!
//! For an arm of which s successes and f failures are known, the index is the sure payment per pull, λ, at which going on
//! with the arm and taking the payment for ever are equally good, both discounted. Pulling the arm of greatest index is
//! optimal for discounted rewards and infinitely many pulls (Gittins 1979); for a finite number of pulls it is not, but with
//! the discount chosen well nearly so.
//!
//! The indices are computed, not typed in: for each of a few hundred λ, backward induction over all (s, f) up to a number of
//! pulls beyond which the arm is taken to pay its posterior mean,
//!
//! ```text
//! W(s, f) = max(λ, (1 - γ) p + γ (p W(s + 1, f) + (1 - p) W(s, f + 1))),   p = (s + 1) / (s + f + 2),
//! ```
//!
//! and the index is where the two meet, interpolated between neighbouring λ.

use super::bandit::Counts;
use crate::learner::{Learner, Unable};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

/// Payments that are tried, evenly spaced over [0, 1].
const PAYMENTS: usize = 400;
/// So many pulls are looked ahead beyond those for which there is an index.
const LOOK_AHEAD: usize = 512;
/// The smallest table has the indices for so many pulls; each next one for twice as many.
const SMALLEST: usize = 128;
/// There is none for more pulls of an arm: tables and the time that they take grow with the square.
const MOST: usize = 4096;

/// Indices of an arm with a uniform prior, for up to a number of pulls.
struct Indices {
    pulls: usize,
    /// Row by row: of n pulls, for 0 to n successes.
    indices: Vec<f64>,
}

/// Where (s, f) stands: rows of s + f pulls.
fn place(successes: usize, pulls: usize) -> usize {
    pulls * (pulls + 1) / 2 + successes
}

impl Indices {
    fn compute(discount: f64, pulls: usize) -> Self {
        let end = pulls + LOOK_AHEAD;
        let mut indices = vec![f64::NAN; place(0, pulls + 1)];
        let mut advantages = vec![0.0; indices.len()];
        let mut worth = vec![0.0; end + 1];
        for payment in 0..=PAYMENTS {
            let payment = payment as f64 / PAYMENTS as f64;
            for (successes, worth) in worth.iter_mut().enumerate() {
                *worth = payment.max((successes + 1) as f64 / (end + 2) as f64);
            }
            for n in (0..end).rev() {
                for successes in 0..=n {
                    let mean = (successes + 1) as f64 / (n + 2) as f64;
                    let next = mean * worth[successes + 1] + (1.0 - mean) * worth[successes];
                    let going_on = (1.0 - discount) * mean + discount * next;
                    worth[successes] = payment.max(going_on);
                    if n <= pulls {
                        let here = place(successes, n);
                        let (before, advantage) = (advantages[here], going_on - payment);
                        advantages[here] = advantage;
                        if advantage <= 0.0 && indices[here].is_nan() {
                            let back = advantage / (advantage - before) / PAYMENTS as f64;
                            indices[here] = if payment == 0.0 { 0.0 } else { payment - back };
                        }
                    }
                }
            }
        }
        Indices { pulls, indices }
    }
}

/// Tables are the same for everybody, so they are made once.
static TABLES: Mutex<BTreeMap<(u64, usize), Arc<Indices>>> = Mutex::new(BTreeMap::new());

fn table(discount: f64, pulls: usize) -> Arc<Indices> {
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || Arc::new(Indices::compute(discount, pulls));
    tables.entry((discount.to_bits(), pulls)).or_insert_with(make).clone()
}

/// The arm of greatest Gittins index. Rewards must be 0 or 1.
pub struct Gittins {
    discount: f64,
    counts: Counts,
    indices: Arc<Indices>,
}

impl Gittins {
    /// With this discount, in (0, 1).
    pub fn new(discount: f64) -> Self {
        Gittins { discount, counts: Counts::default(), indices: table(discount, SMALLEST) }
    }
}

impl Learner for Gittins {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        self.indices = table(self.discount, SMALLEST);
        self.counts.begin("Gittins", observation, action)
    }

    fn act(&mut self, _: &Percept<'_>, rng: &mut Rng) -> Result<Action<'_>, Unable> {
        self.counts.only_zero_or_one("Gittins' index")?;
        if self.counts.most_pulls() > MOST {
            return Err(Unable(format!("Gittins' index is computed for up to {MOST} pulls of an arm")));
        }
        if self.counts.most_pulls() > self.indices.pulls {
            self.indices = table(self.discount, 2 * self.indices.pulls);
        }
        let indices = self.indices.clone();
        Ok(self.counts.pull(rng, |counts, arm, _| {
            let (successes, pulls) = counts.of(arm);
            indices.indices[place(successes, pulls)]
        }))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        self.counts.count(feedback);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_the_book() {
        // Gittins, Glazebrook & Weber 2011 (Multi-armed Bandit Allocation Indices) for an arm of which nothing is known.
        let index = |discount, successes, failures: usize| {
            table(discount, SMALLEST).indices[place(successes, successes + failures)]
        };
        assert!((index(0.9, 0, 0) - 0.7029).abs() < 2e-4, "{}", index(0.9, 0, 0));
        assert!((index(0.99, 0, 0) - 0.8699).abs() < 2e-4, "{}", index(0.99, 0, 0));
    }

    #[test]
    fn an_index_lies_above_the_mean_and_comes_down_to_it() {
        let table = table(0.9, SMALLEST);
        for pulls in 0..=SMALLEST {
            for successes in 0..=pulls {
                let (index, mean) =
                    (table.indices[place(successes, pulls)], (successes + 1) as f64 / (pulls + 2) as f64);
                assert!(index >= mean - 1e-3 && index <= 1.0, "{successes} of {pulls}: {index}");
            }
        }
        let (few, many) = (table.indices[place(1, 2)], table.indices[place(64, 128)]);
        assert!(few - 0.5 > 5.0 * (many - 0.5), "{few} {many}");
    }
}
