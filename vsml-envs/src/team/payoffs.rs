//! What two players get, whatever they do: the matrix of a game.

use crate::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A payoff matrix for two players.
///
/// Written row after row, `;` between rows, a space between the columns of a row, and in each place what the row player and
/// the column player get, `/` between them. Where nothing but a number stands, the column player gets the opposite.
///
/// ```
/// use vsml_envs::team::payoffs::Payoffs;
///
/// let dilemma: Payoffs = "-1/-1 -3/0; 0/-3 -2/-2".parse().unwrap();
/// assert_eq!(dilemma.of(0, 1), [-3.0, 0.0]);
/// let pennies: Payoffs = "1 -1; -1 1".parse().unwrap();
/// assert_eq!(pennies.of(0, 0), [1.0, -1.0]);
/// assert!("1 2; 3".parse::<Payoffs>().unwrap_err().to_string().contains("row 2 has 1 columns"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Payoffs {
    columns: usize,
    /// For each pair of actions what row and column player get, row after row.
    places: Vec<[f64; 2]>,
}

/// Why something is no payoff matrix.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PayoffsError {
    /// A place is neither a number nor two with `/` between.
    #[error("`{0}` is neither a finite number nor two with `/` between them, as in `-3/0`")]
    Place(String),
    /// A row is shorter or longer than the first.
    #[error("row {row} has {columns} columns, the first has {first}")]
    Row {
        /// Which row, from 1.
        row: usize,
        /// Its columns.
        columns: usize,
        /// Those of the first.
        first: usize,
    },
    /// There is nothing in it.
    #[error("there is no payoff: write rows with `;` between them, as in `-1/-1 -3/0; 0/-3 -2/-2`")]
    Empty,
}

impl Payoffs {
    /// The game in which the players of `rows` and `columns` actions get what `of` says.
    ///
    /// # Panics
    /// If a player has no action.
    pub fn new(rows: usize, columns: usize, mut of: impl FnMut(usize, usize) -> [f64; 2]) -> Self {
        assert!(rows > 0 && columns > 0, "a player has at least one action");
        let places = (0..rows * columns).map(|place| of(place / columns, place % columns)).collect();
        Payoffs { columns, places }
    }

    /// A game in which each player has so many actions and every payoff is drawn from -1 to 1; the column player gets its own,
    /// the opposite, or what the row player would get in its place.
    pub fn random(actions: usize, kind: Random, rng: &mut Rng) -> Self {
        let own: Vec<f64> = (0..actions * actions).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect();
        let other: Vec<f64> = match kind {
            Random::General => (0..actions * actions).map(|_| 2.0 * rng.random::<f64>() - 1.0).collect(),
            Random::ZeroSum => own.iter().map(|payoff| -payoff).collect(),
            Random::Symmetric => (0..actions * actions).map(|i| own[i % actions * actions + i / actions]).collect(),
        };
        Self::new(actions, actions, |a, b| [own[a * actions + b], other[a * actions + b]])
    }

    /// How many actions the row player and the column player have.
    pub fn actions(&self) -> [usize; 2] {
        [self.places.len() / self.columns, self.columns]
    }

    /// What the row player and the column player get if they do this.
    ///
    /// # Panics
    /// If there is no such action.
    pub fn of(&self, row: usize, column: usize) -> [f64; 2] {
        assert!(column < self.columns, "no such action");
        self.places[row * self.columns + column]
    }
}

/// How payoffs are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Random {
    /// Each player's by itself.
    #[default]
    General,
    /// What one gets the other loses.
    ZeroSum,
    /// The game looks the same from both sides.
    Symmetric,
}

impl FromStr for Payoffs {
    type Err = PayoffsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = |text: &str| -> Result<[f64; 2], PayoffsError> {
            let number = |part: &str| part.parse().ok().filter(|x: &f64| x.is_finite());
            let both = match text.split_once('/') {
                Some((own, other)) => number(own).zip(number(other)).map(|(own, other)| [own, other]),
                None => number(text).map(|own| [own, -own]),
            };
            both.ok_or_else(|| PayoffsError::Place(text.into()))
        };
        let mut payoffs = Payoffs { columns: 0, places: Vec::new() };
        for (row, text) in text.split(';').enumerate() {
            let places = text.split_whitespace().map(place).collect::<Result<Vec<_>, _>>()?;
            if row == 0 {
                payoffs.columns = places.len();
            } else if places.len() != payoffs.columns {
                return Err(PayoffsError::Row { row: row + 1, columns: places.len(), first: payoffs.columns });
            }
            payoffs.places.extend(places);
        }
        if payoffs.places.is_empty() { Err(PayoffsError::Empty) } else { Ok(payoffs) }
    }
}

impl fmt::Display for Payoffs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, [own, other]) in self.places.iter().enumerate() {
            let before = match i % self.columns {
                0 if i == 0 => "",
                0 => "; ",
                _ => " ",
            };
            write!(f, "{before}{own}/{other}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Payoffs {
    type Error = PayoffsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Payoffs> for String {
    fn from(payoffs: Payoffs) -> Self {
        payoffs.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["-1/-1 -3/0; 0/-3 -2/-2", "1/-1 0.5/2 -3/7"] {
            assert_eq!(text.parse::<Payoffs>().unwrap().to_string(), text);
        }
        let rps: Payoffs = " 0 -1 1 ;1 0 -1; -1 1 0".parse().unwrap();
        assert_eq!((rps.actions(), rps.of(2, 0)), ([3, 3], [-1.0, 1.0]));
    }

    #[test]
    fn what_is_no_matrix_is_refused() {
        for (text, complaint) in [
            ("", "no payoff"),
            (" ; ", "no payoff"),
            ("1/2/3", "`1/2/3` is neither"),
            ("1 x", "`x` is neither"),
            ("1 inf", "`inf` is neither"),
            ("1 2; 3 4 5", "row 2 has 3 columns, the first has 2"),
        ] {
            let error = text.parse::<Payoffs>().unwrap_err().to_string();
            assert!(error.contains(complaint), "{text}: {error}");
        }
    }

    #[test]
    fn drawn_games_are_of_their_kind() {
        let mut rng = stream(1, "payoffs", &[]);
        let zero_sum = Payoffs::random(3, Random::ZeroSum, &mut rng);
        let symmetric = Payoffs::random(3, Random::Symmetric, &mut rng);
        for (a, b) in (0..9).map(|i| (i / 3, i % 3)) {
            assert_eq!(zero_sum.of(a, b)[0], -zero_sum.of(a, b)[1]);
            assert_eq!(symmetric.of(a, b)[0], symmetric.of(b, a)[1]);
        }
        let general = Payoffs::random(2, Random::General, &mut rng);
        assert!(general.places.iter().flatten().all(|payoff| payoff.abs() <= 1.0));
        assert_ne!(general.of(0, 1)[0], -general.of(0, 1)[1]);
    }
}
