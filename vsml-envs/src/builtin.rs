//! The ids that come with the crate, in one table.

use crate::bandit::Bandits;
use crate::cartpole::CartPoles;
use crate::grid::HeartsAndTraps;
use crate::supervised::{Digits, GaussianClusters, Idx, RandomLabels, SumSign};
use crate::{LifetimeLength, Registry, RegistryError};

impl Registry {
    /// The ids that come with the crate. Add your own with [`Registry::register`] or [`Registry::register_family`].
    ///
    /// ```
    /// let registry = vsml_envs::Registry::builtin();
    /// assert!(registry.list().iter().any(|listing| listing.id == "CartPole-v1"));
    /// assert!(registry.make("BernoulliBandit-v0:arms=10,steps=500").is_ok());
    /// ```
    pub fn builtin() -> Self {
        let mut registry = Registry::new();
        if let Err(error) = register_all(&mut registry) {
            unreachable!("the table of built-in ids is at fault: {error}");
        }
        registry
    }
}

fn register_all(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.register_family(
        "BernoulliBandit-v0",
        "arms that pay 1 or 0, each with a probability of its own",
        LifetimeLength::Steps(100),
        Bandits::default(),
    )?;
    registry.register_family(
        "HeartsAndTraps-v0",
        "a gridworld of hearts to collect and traps to avoid, or the other way round",
        LifetimeLength::Steps(200),
        HeartsAndTraps::default(),
    )?;
    registry.register_family(
        "CartPole-v1",
        "balance a pole on a cart, exactly as in Gymnasium",
        LifetimeLength::Steps(500),
        CartPoles::default(),
    )?;
    registry.register_family(
        "CartPoleVaried-v0",
        "balance poles on carts of all makes",
        LifetimeLength::Steps(500),
        CartPoles::varied(),
    )?;
    registry.register_family(
        "RandomLabels-v0",
        "a few random images with random labels, to be learnt by heart",
        LifetimeLength::Steps(500),
        RandomLabels::default(),
    )?;
    registry.register_family(
        "SumSign-v0",
        "is the sum of these numbers positive?",
        LifetimeLength::Steps(500),
        SumSign::default(),
    )?;
    registry.register_family(
        "GaussianClusters-v0",
        "points around class centres",
        LifetimeLength::Steps(500),
        GaussianClusters::default(),
    )?;
    registry.register_family(
        "Digits-v0",
        "handwritten digits of 8 x 8 pixels, which come with the crate",
        LifetimeLength::Steps(500),
        Digits::default(),
    )?;
    registry.register_family(
        "Idx-v0",
        "images from a folder in the format of MNIST",
        LifetimeLength::Steps(500),
        Idx::default(),
    )
}
