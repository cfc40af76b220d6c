//! What an agent sees of a board.
//!
//! Every gridworld can be seen in the same few ways, and a learner that has to work in many of them should be able to
//! see them all in the same way. A family says how many kinds of things lie on its cells and which lies where; the rest
//! is here.

use super::Board;
use crate::{Space, write_one_hot};
use serde::{Deserialize, Serialize};

/// How a board is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// A square window with the agent in its middle: planes of walls and of each kind of thing.
    #[default]
    Egocentric,
    /// The whole board: planes of the agent, of walls and of each kind of thing.
    Whole,
    /// The number of the agent's cell and nothing else.
    Cell,
    /// Column and row of the agent, each from -1 to 1, and nothing else.
    Position,
}

/// A view of boards on which so many kinds of things lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// How it is seen.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// How many kinds of things there are.
    pub kinds: usize,
}

impl Sight {
    /// What observations look like.
    ///
    /// - `egocentric`: a box of 0 to 1, shape `[1 + kinds, 2 * radius + 1, 2 * radius + 1]`: walls (all is wall beyond the
    ///   border), then each kind.
    /// - `whole`: a box of 0 to 1, shape `[2 + kinds, height, width]`: the agent, walls, then each kind.
    /// - `cell`: `Discrete(height * width)`.
    /// - `position`: a box of -1 to 1, shape `[2]`: column and row.
    pub fn space(&self, board: &Board) -> Space {
        let planes = |shape: Vec<usize>| {
            let len = shape.iter().product();
            Space::Box { low: vec![0.0; len], high: vec![1.0; len], shape }
        };
        let side = 2 * self.radius + 1;
        match self.view {
            View::Egocentric => planes(vec![1 + self.kinds, side, side]),
            View::Whole => planes(vec![2 + self.kinds, board.height(), board.width()]),
            View::Cell => Space::discrete(board.cells()),
            View::Position => Space::uniform_box(-1.0, 1.0, 2),
        }
    }

    /// Writes what an agent on the cell `agent` sees: `kind` says which thing, 0 to `kinds - 1`, lies on a cell.
    pub fn observe(&self, board: &Board, agent: usize, kind: impl Fn(usize) -> Option<usize>, observation: &mut [f32]) {
        match self.view {
            View::Egocentric => self.observe_window(board, agent, kind, observation),
            View::Whole => {
                observation.fill(0.0);
                let plane = board.cells();
                observation[agent] = 1.0;
                for cell in 0..plane {
                    if board.is_wall(cell) {
                        observation[plane + cell] = 1.0;
                    }
                    if let Some(kind) = kind(cell) {
                        observation[(2 + kind) * plane + cell] = 1.0;
                    }
                }
            }
            View::Cell => write_one_hot(observation, agent),
            View::Position => {
                let (row, column) = board.row_and_column(agent);
                let scaled = |place: usize, len: usize| 2.0 * place as f32 / (len - 1).max(1) as f32 - 1.0;
                observation.copy_from_slice(&[scaled(column, board.width()), scaled(row, board.height())]);
            }
        }
    }

    fn observe_window(
        &self,
        board: &Board,
        agent: usize,
        kind: impl Fn(usize) -> Option<usize>,
        observation: &mut [f32],
    ) {
        observation.fill(0.0);
        let radius = self.radius as isize;
        let plane = (2 * self.radius + 1).pow(2);
        let (row, column) = board.row_and_column(agent);
        let (row, column) = (row as isize, column as isize);
        let mut place = 0;
        for row in row - radius..=row + radius {
            for column in column - radius..=column + radius {
                match board.cell_at(row, column) {
                    None => observation[place] = 1.0,
                    Some(cell) if board.is_wall(cell) => observation[place] = 1.0,
                    Some(cell) => {
                        if let Some(kind) = kind(cell) {
                            observation[(1 + kind) * plane + place] = 1.0;
                        }
                    }
                }
                place += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(view: View, agent: usize) -> Vec<f32> {
        let (board, _) = Board::read("..#\n...").unwrap();
        let sight = Sight { view, radius: 1, kinds: 2 };
        let mut observation = vec![f32::NAN; sight.space(&board).flat_len()];
        sight.observe(&board, agent, |cell| (cell == 3).then_some(1), &mut observation);
        assert!(sight.space(&board).contains_flat(&observation));
        observation
    }

    #[test]
    fn a_window_moves_with_the_agent() {
        let walls = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let things = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(seen(View::Egocentric, 1), [walls, [0.0; 9], things].concat());
    }

    #[test]
    fn the_whole_board_shows_the_agent() {
        let agent = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let walls = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0];
        let things = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(seen(View::Whole, 1), [agent, walls, [0.0; 6], things].concat());
    }

    #[test]
    fn a_place_is_a_cell_or_two_numbers() {
        assert_eq!(seen(View::Cell, 4), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(seen(View::Position, 4), [0.0, 1.0]);
        assert_eq!(seen(View::Position, 0), [-1.0, -1.0]);
    }
}
