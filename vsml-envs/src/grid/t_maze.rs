//! The T-maze: a cue at the beginning of a corridor says which way to turn at its end. After Bakker 2001, in the form of
//! Ni et al. 2023 (arXiv 2307.03864).
//!
//! It measures how long a memory lasts and nothing else. That is a memory *within* an episode: the cue is drawn for each,
//! and what was learnt in one says nothing about the next but what the cue means. In the active form the agent has to go
//! and look at the cue first, a step against the direction of all others, which pays only at the very end.

use super::goal_board::{check_numbers, check_penalty};
use super::{Board, MAX_SIDE, Move};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// What is seen of the maze besides the cue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TMazeView {
    /// Whether the agent is at the end of the corridor: all places before look the same.
    #[default]
    Junction,
    /// How far along the corridor it is.
    Position,
}

/// T-mazes: `TMaze-v0`.
///
/// # Description
/// A corridor with an arm to either side at its end. The cell at its beginning, the oracle, shows once in an episode in which
/// arm the reward is. The episode is just as long as the way there.
///
/// ```text
/// ##########.
/// O.S........      oracle_length=2, length=8: O the oracle, S the start
/// ##########.
/// ```
///
/// # Action space
/// `Discrete(4)`: up, right, down, left ([`Move`]). A move against a wall leads nowhere.
///
/// # Observation space
/// `Box(-1, 1)`: three numbers.
/// - With `view=junction`, the default: 1 at the end of the corridor and in the arms, otherwise 0; 1 in the upper arm, -1 in
///   the lower; the cue.
/// - With `view=position`: how far along the corridor, from -1 to 1; the arm, as before; the cue.
///
/// The cue is 1 (reward in the upper arm) or -1 (lower) in the first observation of an episode that is made on the oracle's
/// cell, otherwise 0.
///
/// # Rewards
/// In the last step of an episode `goal_reward`, 1, if the agent is in the right arm, otherwise 0. In each step before it
/// `penalty` is taken off if the agent is behind who would have walked to the oracle and back and then on: if its distance
/// from the oracle is less than the number of steps made minus `oracle_length`. And `distraction` is added if it is on the
/// oracle's cell.
///
/// # Starting state
/// `oracle_length` cells from the oracle: by default on it, which is the passive form. The arm is drawn for each episode.
///
/// # Episode end
/// Terminated after `length + 2 * oracle_length + 1` steps, which is the shortest way by the oracle into an arm, and
/// `spare_steps` more. The reward depends on it, so it is part of the task and not a limit from outside.
///
/// # Arguments
/// The fields below. Active memory is `oracle_length=1`. The paper's experiments take `penalty` as one over `length`.
///
/// # Differences from the source
/// Lengths, rewards and what the oracle shows are those of the authors' code. There an observation of the ambiguous form is
/// two numbers, as the cue and the arm share one; here they are apart. The position is not scaled there. Its actions are in
/// the order right, up, left, down. Showing time or the goal itself is left out. As there, who waits at the end of the corridor
/// pays the penalty, also in spare steps: with both, even the best player does.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TMazes {
    /// Moves from the start to the end of the corridor.
    pub length: usize,
    /// Moves from the start back to the oracle: 0 is the passive form, in which the episode begins there.
    pub oracle_length: usize,
    /// What the right arm is worth at the end.
    pub goal_reward: f64,
    /// What each step costs in which the agent is late.
    pub penalty: f64,
    /// What each step is worth that ends on the oracle's cell.
    pub distraction: f64,
    /// Steps of an episode beyond the shortest way.
    pub spare_steps: u64,
    /// What is seen besides the cue.
    pub view: TMazeView,
}

impl Default for TMazes {
    fn default() -> Self {
        TMazes {
            length: 10,
            oracle_length: 0,
            goal_reward: 1.0,
            penalty: 0.0,
            distraction: 0.0,
            spare_steps: 0,
            view: TMazeView::Junction,
        }
    }
}

impl TMazes {
    /// The maze.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn maze(&self) -> Result<TMaze, String> {
        self.check()?;
        let width = self.oracle_length + self.length + 1;
        let mut board = Board::open(width, 3).map_err(|error| error.to_string())?;
        for column in 0..width - 1 {
            board.set_wall(column, true);
            board.set_wall(2 * width + column, true);
        }
        let episode_steps = (self.length + 2 * self.oracle_length + 1) as u64 + self.spare_steps;
        let agent = width + self.oracle_length;
        Ok(TMaze { family: self.clone(), board, episode_steps, agent, upper: true, oracle_seen: false, steps: 0 })
    }
}

impl Family for TMazes {
    fn check(&self) -> Result<(), String> {
        if self.length == 0 {
            return Err("`length` is 0: a corridor has at least 1 move".into());
        }
        if self.length.checked_add(self.oracle_length).is_none_or(|width| width >= MAX_SIDE) {
            return Err(format!(
                "`length` is {} and `oracle_length` {}: together they are at most {}",
                self.length,
                self.oracle_length,
                MAX_SIDE - 1
            ));
        }
        if self.spare_steps > 1000 {
            return Err(format!("`spare_steps` is {}: at most 1000", self.spare_steps));
        }
        let rewards = [("goal_reward", self.goal_reward), ("penalty", self.penalty), ("distraction", self.distraction)];
        check_penalty("penalty", self.penalty)?;
        check_numbers(&rewards, 1)
    }
}

impl TaskDistribution for TMazes {
    fn sample(&self, _: &mut Rng) -> Box<dyn Environment> {
        match self.maze() {
            Ok(maze) => Box::new(maze),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// A T-maze of [`TMazes`].
#[derive(Clone, Debug)]
pub struct TMaze {
    family: TMazes,
    board: Board,
    episode_steps: u64,
    agent: usize,
    upper: bool,
    oracle_seen: bool,
    steps: u64,
}

impl TMaze {
    /// How far the agent is from the oracle's end of the corridor, and its arm: 1 is the upper one, -1 the lower.
    fn place(&self) -> (usize, i8) {
        let (row, column) = self.board.row_and_column(self.agent);
        (column, 1 - row as i8)
    }

    fn observe(&mut self, observation: &mut [f32]) {
        let (column, arm) = self.place();
        let end = self.board.width() - 1;
        let along = match self.family.view {
            TMazeView::Junction => f32::from(u8::from(column == end)),
            TMazeView::Position => 2.0 * column as f32 / end as f32 - 1.0,
        };
        let mut cue = 0.0;
        if column == 0 && !self.oracle_seen {
            self.oracle_seen = true;
            cue = if self.upper { 1.0 } else { -1.0 };
        }
        observation.copy_from_slice(&[along, f32::from(arm), cue]);
    }
}

impl Environment for TMaze {
    fn observation_space(&self) -> Space {
        Space::uniform_box(-1.0, 1.0, 3)
    }

    fn action_space(&self) -> Space {
        Space::discrete(Move::ALL.len())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.agent = self.board.width() + self.family.oracle_length;
        self.upper = rng.random();
        self.oracle_seen = false;
        self.steps = 0;
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        self.steps += 1;
        self.agent = self.board.moved(self.agent, Move::ALL[action.index()]);
        self.observe(observation);
        let (column, arm) = self.place();
        if self.steps >= self.episode_steps {
            let right = arm == if self.upper { 1 } else { -1 };
            let reward = if right { self.family.goal_reward } else { 0.0 };
            return Step { reward, terminated: true, truncated: false };
        }
        let mut reward = 0.0;
        if self.steps > (column + self.family.oracle_length) as u64 {
            reward -= self.family.penalty;
        }
        if column == 0 {
            reward += self.family.distraction;
        }
        Step::going_on(reward)
    }

    fn picture(&self) -> Option<Picture> {
        const ORACLE: Tile = Tile::new('o', Mark::Ring, Colour::BLUE).on(Colour::YELLOW);
        let width = self.board.width();
        let goal = if self.upper { width - 1 } else { 3 * width - 1 };
        let tiles = self.board.tiles(|cell| match cell {
            _ if cell == self.agent => Tile::AGENT,
            _ if cell == goal => Tile::GOAL,
            _ if cell == width => ORACLE,
            _ => Tile::FLOOR,
        });
        let caption = if self.oracle_seen { "has seen the cue" } else { "has not seen the cue" };
        Some(Picture::from(tiles).with_caption(caption))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    const UP: usize = 0;
    const RIGHT: usize = 1;
    const DOWN: usize = 2;
    const LEFT: usize = 3;

    /// The rewards of an episode in which `player` is told the step and the observation, and whether it ended.
    fn episode(maze: &mut TMaze, rng: &mut Rng, mut player: impl FnMut(u64, &[f32]) -> usize) -> Vec<f64> {
        let mut observation = [f32::NAN; 3];
        maze.reset(rng, &mut observation);
        let mut rewards = Vec::new();
        for step in 0.. {
            let answer = maze.step(Action::Discrete(player(step, &observation)), rng, &mut observation);
            rewards.push(answer.reward);
            if answer.terminated {
                break;
            }
        }
        rewards
    }

    /// Goes to the oracle and then to the arm that it has shown.
    fn best(oracle_length: u64) -> impl FnMut(u64, &[f32]) -> usize {
        let mut cue = 0.0;
        move |step, seen| {
            cue += seen[2];
            match (step < oracle_length, seen[0] == 1.0, cue > 0.0) {
                (true, ..) => LEFT,
                (_, false, _) => RIGHT,
                (.., true) => UP,
                (.., false) => DOWN,
            }
        }
    }

    #[test]
    fn who_remembers_the_cue_gets_all_and_who_does_not_half() {
        for (oracle_length, length) in [(0, 10), (1, 10), (0, 1), (3, 2), (1, 62)] {
            for view in [TMazeView::Junction, TMazeView::Position] {
                let family = TMazes { length, oracle_length, penalty: 1.0, view, ..TMazes::default() };
                let mut maze = family.maze().unwrap();
                let mut rng = stream(0, "t-maze", &[0]);
                for _ in 0..20 {
                    let rewards = episode(&mut maze, &mut rng, best(oracle_length as u64));
                    assert_eq!(rewards.len(), length + 2 * oracle_length + 1);
                    assert_eq!(rewards.iter().sum::<f64>(), 1.0, "on time, so no penalty");
                }
            }
        }
        let mut maze = TMazes::default().maze().unwrap();
        let mut rng = stream(0, "t-maze", &[1]);
        let always_up = |_: u64, seen: &[f32]| if seen[0] == 1.0 { UP } else { RIGHT };
        let total: f64 = (0..4000).map(|_| episode(&mut maze, &mut rng, always_up).iter().sum::<f64>()).sum();
        assert!((1870.0..2130.0).contains(&total), "{total}: 2000 expected, standard deviation 32");
    }

    #[test]
    fn the_cue_is_shown_once_and_at_the_oracle_only() {
        let mut maze = TMazes { oracle_length: 1, length: 3, spare_steps: 3, ..TMazes::default() }.maze().unwrap();
        let mut cues = Vec::new();
        let actions = [LEFT, LEFT, RIGHT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT, UP];
        let play = |step: u64, seen: &[f32]| {
            cues.push(seen[2].abs());
            actions[step as usize]
        };
        episode(&mut maze, &mut stream(0, "t-maze", &[2]), play);
        assert_eq!(cues, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let mut passive = TMazes::default().maze().unwrap();
        let mut seen = [f32::NAN; 3];
        passive.reset(&mut stream(0, "t-maze", &[3]), &mut seen);
        assert_eq!((seen[0], seen[1], seen[2].abs()), (0.0, 0.0, 1.0));
    }

    #[test]
    fn being_late_costs_and_the_oracle_distracts() {
        let family = TMazes { length: 4, penalty: 0.25, distraction: 0.125, ..TMazes::default() };
        let standing = episode(&mut family.maze().unwrap(), &mut stream(0, "t-maze", &[4]), |_, _| LEFT);
        assert_eq!(standing, [-0.125, -0.125, -0.125, -0.125, 0.0]);
        let active = TMazes { oracle_length: 1, distraction: 0.0, ..family };
        // Straight ahead without asking the oracle: ahead of time until it waits at the end of the corridor.
        let ahead = episode(&mut active.maze().unwrap(), &mut stream(0, "t-maze", &[5]), |_, _| RIGHT);
        assert_eq!(ahead, [0.0; 7]);
        // Standing still one cell from the oracle: late from the third step on.
        let waiting = episode(&mut active.maze().unwrap(), &mut stream(0, "t-maze", &[6]), |_, _| UP);
        assert_eq!(waiting, [0.0, 0.0, -0.25, -0.25, -0.25, -0.25, 0.0]);
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (family, name) in [
            (TMazes { length: 0, ..TMazes::default() }, "`length`"),
            (TMazes { length: 64, ..TMazes::default() }, "`length`"),
            (TMazes { oracle_length: usize::MAX, ..TMazes::default() }, "`oracle_length`"),
            (TMazes { penalty: -0.1, ..TMazes::default() }, "`penalty` is -0.1: it is taken off"),
            (TMazes { penalty: f64::NAN, ..TMazes::default() }, "`penalty`"),
            (TMazes { spare_steps: u64::MAX, ..TMazes::default() }, "`spare_steps`"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
