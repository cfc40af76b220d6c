//! Supervised learning as a life: a stream of examples, a guess about each, and the right answer afterwards.
//!
//! Whoever learns to classify online lives in an environment like any other. The observation is an input, the action is
//! the guess, the reward is 1 if it was right, and after the guess [`Environment::target`](crate::Environment::target)
//! says what would have been. So the learner of a bandit can be put before digits without a word being changed, its
//! total reward is its number of right guesses, and one whom the reward alone does not suffice may look at the target.
//!
//! A family is a way of drawing examples ([`Examples`]); [`SupervisedStream`] makes an environment of it. Which example
//! comes next never depends on the guesses, so two learners with the same key see the same stream to the last bit. No
//! stream tells the expected reward of an action: with the label fixed, that would be the answer itself.
//!
//! Three families are drawn from thin air ([`RandomLabels`], [`SumSign`], [`GaussianClusters`]) and two come from pictures
//! ([`Digits`], which are part of the crate, and [`Idx`], any folder in the format of MNIST).

mod digits;
mod gaussian_clusters;
mod idx;
mod idx_file;
mod images;
mod random_labels;
mod resize;
mod stream;
mod sum_sign;

pub use digits::{Digits, DigitsPart};
pub use gaussian_clusters::GaussianClusters;
pub use idx::{Idx, IdxPart};
pub use random_labels::RandomLabels;
pub use stream::{Examples, SupervisedStream};
pub use sum_sign::SumSign;

/// More numbers in an input, or in all that a task stores, than this are taken for a slip of the pen: 64 MiB.
const MAX_NUMBERS: usize = 1 << 24;

/// More classes than this are taken for a slip of the pen.
const MAX_CLASSES: usize = 4096;

/// Refuses a count outside `least..=greatest`.
fn check_count(name: &str, count: usize, least: usize, greatest: usize) -> Result<(), String> {
    if (least..=greatest).contains(&count) {
        Ok(())
    } else {
        Err(format!("`{name}` is {count}: it must be {least} to {greatest}"))
    }
}

use crate::{LifetimeLength, Registry, RegistryError};

/// Registers the supervised streams.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    let length = LifetimeLength::Steps(500);
    registry.register_family(
        "RandomLabels-v0",
        "a few random images with random labels, to be learnt by heart",
        length,
        RandomLabels::default(),
    )?;
    registry.register_family("SumSign-v0", "is the sum of these numbers positive?", length, SumSign::default())?;
    registry.register_family(
        "GaussianClusters-v0",
        "points around class centres",
        length,
        GaussianClusters::default(),
    )?;
    registry.register_family(
        "Digits-v0",
        "handwritten digits of 8 x 8 pixels, which come with the crate",
        length,
        Digits::default(),
    )?;
    registry.register_family("Idx-v0", "images from a folder in the format of MNIST", length, Idx::default())
}
