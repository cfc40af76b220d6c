//! Control: carts, poles and pendulums, in numbers.
//!
//! Physics is in `f64`, in the order of operations of the reference, so that recorded trajectories are met to the last
//! bit; observations are `f32`. Sine and cosine do not come from the operating system, so that trajectories are the same
//! on every machine.

pub mod cartpole;
mod cartpole_batch;
mod trigonometry;

use crate::{LifetimeLength, Registry, RegistryError};
use cartpole::CartPoles;

/// Registers the control tasks.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
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
