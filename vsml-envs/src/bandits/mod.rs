//! Bandits: the smallest tasks in which something has to be learnt.
//!
//! A bandit has no state, so all that a learner can do better within a lifetime is to find the good arm and stay with it.
//! What that is worth at best is known for many of them, which makes bandits the yardstick of the field.

mod bernoulli;

pub use bernoulli::{BanditError, BanditKind, Bandits, BernoulliBandit, Best};

use crate::picture::{Colour, Picture, Scene};
use crate::{LifetimeLength, Registry, RegistryError};

/// Registers the bandits.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.register_family(
        "BernoulliBandit-v0",
        "arms that pay 1 or 0, each with a probability of its own",
        LifetimeLength::Steps(100),
        Bandits::default(),
    )
}

/// A bar for each arm, as high as what it pays on the average: from the least to the greatest of `range`.
fn bars(means: &[f64], range: (f64, f64)) -> Picture {
    let arms = means.len() as f64;
    let height = (range.1 - range.0).max(f64::MIN_POSITIVE);
    let mut scene = Scene::new((0.0, 1.0), (0.0, 0.5));
    for (arm, mean) in means.iter().enumerate() {
        let (left, right) = ((arm as f64 + 0.1) / arms, (arm as f64 + 0.9) / arms);
        let top = 0.5 * ((mean - range.0) / height).clamp(0.0, 1.0);
        scene = scene.rectangle((left, 0.0), (right, 0.5), Colour::LIGHT).rectangle(
            (left, 0.0),
            (right, top),
            Colour::BLUE,
        );
    }
    scene.into()
}
