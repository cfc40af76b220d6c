//! Where something is: drawn at random, or set by hand.

use super::Board;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where an agent starts or a thing lies. Written `episode`, `task`, `centre`, or as row and column, `3/0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// Drawn for each episode anew.
    Episode,
    /// Drawn with the task.
    Task,
    /// In the middle of the board; below or to the right of it where a side has an even number of cells.
    Centre,
    /// On one cell.
    At {
        /// Its row, 0 at the top.
        row: usize,
        /// Its column, 0 on the left.
        column: usize,
    },
}

impl Place {
    /// The cell of a place that is set by hand; none for one that is drawn, or that is not on `board`.
    pub fn cell(&self, board: &Board) -> Option<usize> {
        let (row, column) = match *self {
            Place::Episode | Place::Task => return None,
            Place::Centre => (board.height() / 2, board.width() / 2),
            Place::At { row, column } => (row, column),
        };
        board.cell_at(isize::try_from(row).ok()?, isize::try_from(column).ok()?)
    }

    /// Refuses a place set by hand that is not a free cell of `board`; `name` is the parameter's.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn check(&self, name: &str, board: &Board) -> Result<(), String> {
        let drawn = matches!(self, Place::Episode | Place::Task);
        if drawn || self.cell(board).is_some_and(|cell| !board.is_wall(cell)) {
            return Ok(());
        }
        let (width, height) = (board.width(), board.height());
        Err(format!("`{name}` is {self}: a free cell is needed, on a board of {height} rows and {width} columns"))
    }

    /// As [`Place::check`], for what belongs to the task: it cannot be drawn for each episode.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn check_of_task(&self, name: &str, board: &Board) -> Result<(), String> {
        if *self == Place::Episode {
            return Err(format!("`{name}` is episode: it belongs to the task, give task, centre or row/column"));
        }
        self.check(name, board)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Episode => f.write_str("episode"),
            Place::Task => f.write_str("task"),
            Place::Centre => f.write_str("centre"),
            Place::At { row, column } => write!(f, "{row}/{column}"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "episode" => return Ok(Place::Episode),
            "task" => return Ok(Place::Task),
            "centre" => return Ok(Place::Centre),
            _ => {}
        }
        let numbers = text.split_once('/').and_then(|(row, column)| Some((row.parse().ok()?, column.parse().ok()?)));
        let Some((row, column)) = numbers else {
            return Err(format!("`{text}` is no place: give episode, task, centre or row/column, as in 3/0"));
        };
        Ok(Place::At { row, column })
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_as_it_is_read() {
        for text in ["episode", "task", "centre", "3/0"] {
            let place: Place = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(serde_json::to_string(&place).unwrap(), format!("\"{text}\""));
        }
        for text in ["", "3", "3/", "-1/0", "middle"] {
            assert!(text.parse::<Place>().unwrap_err().contains("no place"), "{text}");
        }
    }

    #[test]
    fn a_place_by_hand_must_be_free() {
        let (board, _) = Board::read("...\n.#.\n...\n...").unwrap();
        assert_eq!(Place::Centre.cell(&board), Some(7));
        assert_eq!(Place::At { row: 0, column: 2 }.cell(&board), Some(2));
        assert_eq!(Place::Task.cell(&board), None);
        for place in [Place::At { row: 1, column: 1 }, Place::At { row: 0, column: 3 }] {
            let error = place.check("goal", &board).unwrap_err();
            assert!(error.contains("`goal` is") && error.contains("4 rows and 3 columns"), "{error}");
        }
        assert!(Place::At { row: usize::MAX, column: 0 }.check("goal", &board).is_err());
        assert_eq!(Place::Episode.check("start", &board), Ok(()));
        assert!(Place::Episode.check_of_task("goal", &board).is_err());
    }
}
