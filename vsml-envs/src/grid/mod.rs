//! Gridworlds.
//!
//! [`Board`] is the ground all of them stand on: cells, walls, what a move does, and a way to draw a free cell. It knows
//! nothing of rewards or goals. [`Sight`] is what an agent sees of a board. Each family then is a file of its own that
//! says what lies on the cells and what that is worth.

mod board;
mod hearts_and_traps;
mod krazy;
mod lpg;
mod rules;
mod sight;

pub use board::{Board, BoardError, MAX_SIDE, Move};
pub use hearts_and_traps::{HeartsAndTraps, HeartsAndTrapsWorld};
pub use krazy::{KrazyWorld, KrazyWorlds, Thing};
pub use lpg::{LpgGrid, LpgGridWorld, LpgMode, LpgView, ObjectKind};
pub use rules::{Condition, Rule, RuleTask, RuleWorld, RuleWorlds};
pub use sight::{Sight, View};

use crate::{LifetimeLength, Registry, RegistryError};

/// Registers the gridworlds.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.register_family(
        "HeartsAndTraps-v0",
        "a gridworld of hearts to collect and traps to avoid, or the other way round",
        LifetimeLength::Steps(200),
        HeartsAndTraps::default(),
    )?;
    registry.register_family(
        "LpgGrid-v0",
        "gridworlds of objects that are worth something, may end the episode and may return",
        LifetimeLength::Steps(1000),
        LpgGrid::default(),
    )?;
    registry.register_family(
        "KrazyWorld-v0",
        "a gridworld of which neither the colours nor the moves are known beforehand, and little energy to find out",
        LifetimeLength::Steps(500),
        KrazyWorlds::default(),
    )?;
    registry.register_family(
        "RuleWorld-v0",
        "a gridworld of objects that turn into others by hidden rules, towards a hidden goal",
        LifetimeLength::Episodes(10),
        RuleWorlds::default(),
    )
}
