//! Gridworlds.
//!
//! [`Board`] is the ground all of them stand on: cells, walls, what a move does, and a way to draw a free cell. It knows
//! nothing of rewards or goals. Each family then is a file of its own that says what lies on the cells and what that is
//! worth; so far [`HeartsAndTraps`].

mod board;
mod hearts_and_traps;

pub use board::{Board, BoardError, MAX_SIDE, Move};
pub use hearts_and_traps::{HeartsAndTraps, HeartsAndTrapsWorld, View};
