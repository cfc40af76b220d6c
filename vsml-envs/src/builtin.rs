//! The ids that come with the crate, in one table.

use crate::bandit::Bandits;
use crate::cartpole::CartPoles;
use crate::grid::HeartsAndTraps;
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
    )
}
