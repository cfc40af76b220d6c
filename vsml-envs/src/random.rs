//! Every random number in the project comes from a *stream*, and every stream from its *key*.
//!
//! A key says what the numbers are for (the run's seed, a purpose, a few indices such as generation and lifetime) and
//! is hashed into the seed of a generator of its own. Nothing is ever drawn from a generator that somebody else uses
//! too, so what a work item computes depends on its key alone: not on which thread ran it, not on how many there
//! were, not on what ran before. This is what "same seed, same bits" rests on.
//!
//! The generator is xoshiro256++, by name: rand's `StdRng` and `SmallRng` may change between versions.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// The one generator that environments, learners and optimizers draw from.
pub type Rng = Xoshiro256PlusPlus;

/// Opens the stream of `purpose` and `indices` under `seed`.
///
/// Two streams are equal exactly if all three arguments are: the purpose's length is hashed along and all else has a
/// fixed width, so that no two different keys run together.
pub fn stream(seed: u64, purpose: &str, indices: &[u64]) -> Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&(purpose.len() as u64).to_le_bytes());
    hasher.update(purpose.as_bytes());
    for index in indices {
        hasher.update(&index.to_le_bytes());
    }
    Rng::from_seed(*hasher.finalize().as_bytes())
}

/// Which part of a task distribution a lifetime is drawn from. The three never share a stream, so a task of one split
/// is not met again in another (but for small finite distributions, where there are only so many tasks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What meta-training climbs on.
    Train,
    /// What choices (when to stop, which setting) are made on.
    Validation,
    /// What results are reported on, and nothing else.
    Test,
}

impl Split {
    /// `"train"`, `"validation"` or `"test"`.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

/// The key of one lifetime: all that is random in it follows from these five.
///
/// ```
/// use rand::Rng as _;
/// use vsml_envs::{LifetimeKey, Split};
///
/// let key = LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime: 0 };
/// assert_eq!(key.stream("task").next_u64(), key.stream("task").next_u64());
/// assert_ne!(key.stream("task").next_u64(), key.stream("learner").next_u64());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifetimeKey {
    /// The seed of the whole run.
    pub seed: u64,
    /// Train, validation or test.
    pub split: Split,
    /// The generation of meta-training; 0 in evaluation.
    pub generation: u64,
    /// Which member of the population, or which pair where two members share their luck.
    pub member: u64,
    /// Which of the member's lifetimes.
    pub lifetime: u64,
}

impl LifetimeKey {
    /// Opens this lifetime's stream for `purpose` (`"task"`, `"environment"`, `"learner"`).
    pub fn stream(&self, purpose: &str) -> Rng {
        let purpose = format!("{}/{purpose}", self.split.name());
        stream(self.seed, &purpose, &[self.generation, self.member, self.lifetime])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng as _;
    use std::collections::BTreeSet;

    #[test]
    fn a_stream_is_the_same_for_ever() {
        let mut rng = stream(7, "test", &[1, 2]);
        let drawn = [rng.next_u64(), rng.next_u64()];
        assert_eq!(drawn, [4279124647817811584, 5170496957525618363]);
    }

    #[test]
    fn ten_thousand_keys_share_no_stream() {
        let mut seen = BTreeSet::new();
        for seed in 0..10 {
            for purpose in ["task", "environment"] {
                for index in 0..500 {
                    let mut rng = stream(seed, purpose, &[index]);
                    assert!(seen.insert((rng.next_u64(), rng.next_u64())), "stream met twice");
                }
            }
        }
    }

    #[test]
    fn splits_and_members_differ() {
        let key = LifetimeKey { seed: 0, split: Split::Train, generation: 0, member: 0, lifetime: 0 };
        let mut seen = BTreeSet::new();
        for split in [Split::Train, Split::Validation, Split::Test] {
            for member in 0..3 {
                assert!(seen.insert(LifetimeKey { split, member, ..key }.stream("task").next_u64()));
            }
        }
    }
}
