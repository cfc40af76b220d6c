//! Catch a falling ball: the simplest game on a screen.
//!
//! As in bsuite. There is nothing to remember and nothing to explore; what is asked is whether a learner finds out from
//! one reward per episode what the two points on the screen have to do with each other.

use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// A longer side is taken for a slip of the pen.
const MAX_SIDE: usize = 100;

/// The game on a screen of one size. Its page of the manual is that of [`Catches`].
#[derive(Clone, Debug)]
pub struct Catch {
    rows: usize,
    columns: usize,
    ball: (usize, usize),
    paddle: usize,
}

impl Catch {
    /// The game on `rows` rows of `columns` columns.
    ///
    /// # Panics
    /// If there are fewer than two rows, or no column.
    pub fn new(rows: usize, columns: usize) -> Self {
        assert!(rows >= 2 && columns >= 1, "a screen of {rows} by {columns}: there must be room to fall");
        Catch { rows, columns, ball: (0, 0), paddle: columns / 2 }
    }

    /// Row, from the top, and column of the ball.
    pub fn ball(&self) -> (usize, usize) {
        self.ball
    }

    /// Column of the paddle.
    pub fn paddle(&self) -> usize {
        self.paddle
    }

    fn observe(&self, observation: &mut [f32]) {
        observation.fill(0.0);
        observation[self.ball.0 * self.columns + self.ball.1] = 1.0;
        observation[(self.rows - 1) * self.columns + self.paddle] = 1.0;
    }
}

impl Environment for Catch {
    fn observation_space(&self) -> Space {
        let cells = self.rows * self.columns;
        Space::Box { low: vec![0.0; cells], high: vec![1.0; cells], shape: vec![self.rows, self.columns] }
    }

    fn action_space(&self) -> Space {
        Space::discrete(3)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.ball = (0, rng.random_range(0..self.columns as u64) as usize);
        self.paddle = self.columns / 2;
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        self.paddle = (self.paddle + action.index()).saturating_sub(1).min(self.columns - 1);
        self.ball.0 += 1;
        self.observe(observation);
        if self.ball.0 + 1 < self.rows {
            return Step::going_on(0.0);
        }
        let reward = if self.paddle == self.ball.1 { 1.0 } else { -1.0 };
        Step { reward, terminated: true, truncated: false }
    }

    fn picture(&self) -> Option<Picture> {
        const BALL: Tile = Tile::new('o', Mark::Disc, Colour::ORANGE);
        const PADDLE: Tile = Tile::new('=', Mark::Full, Colour::BLUE);
        let ball = self.ball.0 * self.columns + self.ball.1;
        let paddle = (self.rows - 1) * self.columns + self.paddle;
        let tiles = Tiles::new(self.columns, self.rows, |cell| match cell {
            _ if cell == ball && cell == paddle => BALL.on(Colour::BLUE),
            _ if cell == ball => BALL,
            _ if cell == paddle => PADDLE,
            _ => Tile::FLOOR,
        });
        Some(tiles.into())
    }
}

/// Catching a ball: `Catch-v0`.
///
/// # Description
/// A ball falls down a column of the screen, a row a step. A paddle on the lowest row moves to the left and to the right
/// and should be where the ball arrives. The column is drawn anew in every episode. All tasks are alike, as in the
/// source; with `permute_actions` and `permute_observations` each has controls and a screen of its own.
///
/// # Action space
/// `Discrete(3)`: left, stay, right. At the edge of the screen the paddle stays.
///
/// # Observation space
/// `Box(0, 1)` of shape `[rows, columns]`: 1 where the ball or the paddle is, otherwise 0. Which of the two it is, is not
/// said.
///
/// # Rewards
/// In the last step 1 if the ball is caught, otherwise -1; 0 before. Every ball can be caught if there are more rows than
/// half the columns, rounded down; who moves without looking catches one in `columns`.
///
/// # Starting state
/// The ball in a random column of the highest row, the paddle in the middle of the lowest (right of it if `columns` is
/// even).
///
/// # Episode end
/// Terminated when the ball arrives at the lowest row: after `rows - 1` steps.
///
/// # Arguments
/// `rows` (10), `columns` (5).
///
/// # Differences from the source
/// None (bsuite, `catch.py`). The source's lifetime is 10,000 episodes; here it is 50 by default. Its variants with noisy
/// and with scaled rewards are not here.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catches {
    /// Rows of the screen.
    pub rows: usize,
    /// Columns of the screen.
    pub columns: usize,
}

impl Default for Catches {
    fn default() -> Self {
        Catches { rows: 10, columns: 5 }
    }
}

impl TaskDistribution for Catches {
    fn sample(&self, _: &mut Rng) -> Box<dyn Environment> {
        Box::new(Catch::new(self.rows, self.columns))
    }
}

impl Family for Catches {
    fn check(&self) -> Result<(), String> {
        if !(2..=MAX_SIDE).contains(&self.rows) {
            return Err(format!("`rows` is {}: a ball falls through 2 to {MAX_SIDE} rows", self.rows));
        }
        if !(1..=MAX_SIDE).contains(&self.columns) {
            return Err(format!("`columns` is {}: a screen has 1 to {MAX_SIDE} columns", self.columns));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mean_and_error, play, total};
    use super::*;
    use crate::stream;

    /// Where the ball is and where the paddle, read from the screen.
    fn read(observation: &[f32], columns: usize) -> (usize, usize) {
        let ball = observation.iter().position(|&x| x == 1.0).unwrap();
        let paddle = observation.iter().rposition(|&x| x == 1.0).unwrap();
        (ball % columns, paddle % columns)
    }

    #[test]
    fn who_follows_the_ball_catches_it() {
        for (rows, columns) in [(10, 5), (3, 5), (6, 10), (2, 1), (2, 2)] {
            let mut catch = Catch::new(rows, columns);
            let mut rng = stream(0, "catch", &[]);
            for _ in 0..100 {
                let steps = play(&mut catch, &mut rng, |observation, _| {
                    let (ball, paddle) = read(observation, columns);
                    1 + usize::from(ball > paddle) - usize::from(ball < paddle)
                });
                assert_eq!((steps.len(), total(&steps)), (rows - 1, 1.0), "{rows} by {columns}");
            }
        }
    }

    #[test]
    fn who_stays_catches_one_ball_in_five() {
        let mut catch = Catch::new(10, 5);
        let mut rng = stream(0, "catch", &[1]);
        let (mean, error) = mean_and_error(4000, || total(&play(&mut catch, &mut rng, |_, _| 1)));
        assert!((0.0124..0.0129).contains(&error) && (mean + 0.6).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn the_paddle_stays_on_the_screen() {
        let mut catch = Catch::new(9, 4);
        let mut rng = stream(0, "catch", &[2]);
        let mut columns = Vec::new();
        for action in [0, 2] {
            play(&mut catch, &mut rng, |observation, _| {
                let bottom = observation[8 * 4..].iter().position(|&x| x == 1.0).unwrap();
                columns.push(bottom);
                action
            });
        }
        assert_eq!(columns, [2, 1, 0, 0, 0, 0, 0, 0, 2, 3, 3, 3, 3, 3, 3, 3]);
    }

    #[test]
    fn the_ball_and_the_paddle_are_seen() {
        let mut catch = Catch::new(3, 3);
        let mut rng = stream(0, "catch", &[3]);
        let mut observation = [f32::NAN; 9];
        while catch.ball() != (0, 2) {
            catch.reset(&mut rng, &mut observation);
        }
        assert_eq!(observation, [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(catch.step(Action::Discrete(0), &mut rng, &mut observation), Step::going_on(0.0));
        assert_eq!(observation, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        let last = catch.step(Action::Discrete(2), &mut rng, &mut observation);
        assert_eq!(last, Step { reward: -1.0, terminated: true, truncated: false });
        assert_eq!(observation, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(catch.picture().unwrap().to_text(), "...\n...\n.=o");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert!(Catches { rows: 1, columns: 5 }.check().unwrap_err().contains("`rows`"));
        assert!(Catches { rows: 5, columns: 0 }.check().unwrap_err().contains("`columns`"));
    }
}
