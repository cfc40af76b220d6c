//! Gridworlds.
//!
//! [`Board`] is the ground all of them stand on: cells, walls, what a move does, and a way to draw a free cell. It knows
//! nothing of rewards or goals. [`Sight`] is what an agent sees of a board. Each family then is a file of its own that
//! says what lies on the cells and what that is worth.
//!
//! Rooms and mazes have a [`Goal`], which belongs to the task and is not seen unless asked for, and the same three ways to
//! reward the way there ([`RewardMode`]).

mod board;
mod corridors;
mod dark_room;
mod distances;
mod four_rooms;
mod goal;
mod goal_board;
mod grid_navi;
mod hearts_and_traps;
mod key_to_door;
mod krazy;
mod lpg;
mod maze;
mod maze_maps;
mod meta_maze;
mod place;
mod rules;
mod sight;
mod t_maze;

pub use board::{Board, BoardError, MAX_SIDE, Move};
pub use dark_room::{DarkRoom, DarkRooms};
pub use four_rooms::{FourRooms, FourRoomsWorld};
pub use goal::{Goal, RewardMode};
pub use grid_navi::{GridNavi, GridNaviWorld};
pub use hearts_and_traps::{HeartsAndTraps, HeartsAndTrapsWorld};
pub use key_to_door::{KeyToDoor, KeyToDoorRoom};
pub use krazy::{KrazyWorld, KrazyWorlds, Thing};
pub use lpg::{LpgGrid, LpgGridWorld, LpgMode, LpgView, ObjectKind};
pub use maze::{Maze, Mazes};
pub use meta_maze::{MetaMaze, MetaMazeWorld};
pub use place::Place;
pub use rules::{Condition, Rule, RuleTask, RuleWorld, RuleWorlds};
pub use sight::{Sight, View};
pub use t_maze::{TMaze, TMazeView, TMazes};

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
        "FourRooms-v0",
        "four rooms joined by doorways, with a hidden goal; steps may fail",
        LifetimeLength::Steps(1000),
        FourRooms::default(),
    )?;
    registry.register_family(
        "DarkRoom-v0",
        "an open room with a hidden goal: nothing is seen but the place",
        LifetimeLength::Steps(500),
        DarkRooms::default(),
    )?;
    registry.register_family(
        "KeyToDoor-v0",
        "an open room with a hidden key, to be found before the hidden door",
        LifetimeLength::Steps(500),
        KeyToDoor::default(),
    )?;
    registry.register_family(
        "GridNavi-v0",
        "a small board with a hidden goal, where each step off it costs",
        LifetimeLength::Episodes(4),
        GridNavi::default(),
    )?;
    registry.register_family(
        "MetaMaze-v0",
        "a maze of pillars with a hidden goal, from which the agent is put on a random cell",
        LifetimeLength::Steps(200),
        MetaMaze::default(),
    )?;
    registry.register_family(
        "TMaze-v0",
        "a corridor whose end must be taken by the side that a cue at its beginning said",
        LifetimeLength::Episodes(20),
        TMazes::default(),
    )?;
    registry.register_family(
        "Maze-v0",
        "mazes, random ones and those usual for tests; the sooner at the goal, the higher the reward",
        LifetimeLength::Steps(500),
        Mazes::default(),
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
        "RuleWorld-v1",
        "a gridworld of objects that turn into others by hidden rules, towards a hidden goal",
        LifetimeLength::Episodes(10),
        RuleWorlds::default(),
    )
}
