//! Symbolic Alchemy: a game whose rules are drawn anew in every life (Wang et al. 2021, arXiv 2102.02926).
//!
//! On the table are stones and potions. A potion changes a stone it is given to, or does not; a stone put into the
//! cauldron pays what it is worth. How that works is a [`Chemistry`]: which ways through a cube of eight kinds of stones
//! are open ([`Graph`]), how stones and potions look and what each potion does. It holds for ten trials with ever new
//! stones and potions. Who finds it out in the first ones earns more in the others, and much carries over from chemistry
//! to chemistry: that there is a cube at all, that potions come in opposite pairs.
//!
//! Three players to compare with: one that knows the chemistry and searches ([`Oracle`]), one that tries potions at
//! random ([`random_heuristic()`]), and the one that takes any action.

mod chemistry;
mod distribution;
mod game;
mod graph;
mod oracle;
mod random_heuristic;
mod rules;

pub use chemistry::{Chemistry, Potion, Rotation, look_of_value, value};
pub use distribution::Chemistries;
pub use game::Alchemy;
pub use graph::{AXES, Graph, VERTICES};
pub use oracle::Oracle;
pub use random_heuristic::random_heuristic;
pub use rules::{AlchemyAction, MAX_POTIONS, MAX_STONES, Rules};

use crate::{LifetimeLength, Registry, RegistryError};

/// Registers Alchemy.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.register_family(
        "Alchemy-v0",
        "stones, potions and a cauldron, with a chemistry to be found out",
        LifetimeLength::Episodes(1),
        Chemistries::default(),
    )
}
