//! The ids that come with the crate. Each room registers its own.

use crate::{Registry, RegistryError};

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
    crate::alchemy::register(registry)?;
    crate::bandits::register(registry)?;
    crate::control::register(registry)?;
    crate::grid::register(registry)?;
    crate::probes::register(registry)?;
    crate::supervised::register(registry)?;
    crate::tabular::register(registry)?;
    crate::team::register(registry)
}
