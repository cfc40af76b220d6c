//! The maze of Miconi et al. (differentiable plasticity, 2018; Backpropamine, 2019, arXiv 2002.10585).
//!
//! A board with a wall on every second cell of every second row looks the same from many places, and the walls next to the
//! agent are all it sees. Each time the hidden goal is reached the agent is thrown to another cell, and has to find back:
//! what it is to remember is where the goal is, and where it is itself it must work out from its own moves.

use super::goal_board::{GoalBoard, Looks, check_apart, check_numbers, check_penalty};
use super::{Board, MAX_SIDE, Move, Place, RewardMode, View};
use crate::picture::Picture;
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use serde::{Deserialize, Serialize};

/// Mazes of pillars with a hidden goal: `MetaMaze-v0`.
///
/// # Description
/// A square board, 9 by 9 cells, with pillars: the cells whose row and column are both odd are walls. One of the 65 free
/// cells is the goal, for the whole task. Reaching it is rewarded and puts the agent on a random cell.
///
/// # Action space
/// `Discrete(4)`: up, right, down, left ([`Move`]). A move against a wall leads nowhere.
///
/// # Observation space
/// As [`View`] says; by default `Box(0, 1)` of shape `[1, 3, 3]`: which of the cells around the agent are walls, its own in
/// the middle. The only kind of thing is the goal, and it is seen only with `show_goal=true`, which needs the view
/// `egocentric` or `whole`.
///
/// # Rewards
/// `goal_reward`, 10, in the step that reaches the goal; minus `wall_penalty` in a step against a wall; otherwise 0. Plus
/// what `rewards` adds for the way ([`RewardMode`]), being put elsewhere not counted.
///
/// # Starting state
/// In the middle; `start` sets another place. The goal is drawn among all other cells.
///
/// # Episode end
/// Never terminated; truncated after `max_episode_steps`, 200. A lifetime has 200 steps, so one episode.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// Board, goal, 200 steps and rewards are those of gymnax's `MetaMaze-misc`, which follows the authors' code; the default
/// of no penalty is gymnax's, another port has 0.1. Last action, last reward and time are part of gymnax's observation and
/// not of this one: a learner has the first two in any case. The agent is never put on the goal itself; gymnax may do so
/// and then ends the episode. gymnax may also draw the middle as the goal. We could not look at the authors' own code.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaMaze {
    /// Cells along a side of the board: an odd number. Of 3, 7, 11 and so on the centre is a pillar: give `start` then.
    pub size: usize,
    /// Where the goal is: `task`, `centre` or row/column.
    pub goal: Place,
    /// Where episodes start: `episode`, `task`, `centre` or row/column.
    pub start: Place,
    /// What reaching the goal is worth.
    pub goal_reward: f64,
    /// What walking against a wall costs.
    pub wall_penalty: f64,
    /// What is added to the reward for the way to the goal.
    pub rewards: RewardMode,
    /// Whether the goal is seen.
    pub show_goal: bool,
    /// What the learner sees.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for MetaMaze {
    fn default() -> Self {
        MetaMaze {
            size: 9,
            goal: Place::Task,
            start: Place::Centre,
            goal_reward: 10.0,
            wall_penalty: 0.0,
            rewards: RewardMode::Sparse,
            show_goal: false,
            view: View::Egocentric,
            radius: 1,
            max_episode_steps: 200,
        }
    }
}

impl MetaMaze {
    /// The board with its pillars.
    fn board(&self) -> Result<Board, String> {
        let mut board = Board::open(self.size, self.size).map_err(|error| error.to_string())?;
        for cell in 0..board.cells() {
            let (row, column) = board.row_and_column(cell);
            board.set_wall(cell, row % 2 == 1 && column % 2 == 1);
        }
        Ok(board)
    }

    fn looks(&self) -> Looks {
        Looks { view: self.view, radius: self.radius, show_goal: self.show_goal, rewards: self.rewards }
    }

    /// Draws a task, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn maze(&self, rng: &mut Rng) -> Result<MetaMazeWorld, String> {
        self.check()?;
        let world = GoalBoard::draw(self.board()?, self.goal, self.start, self.looks(), rng);
        Ok(MetaMazeWorld { world, goal_reward: self.goal_reward, wall_penalty: self.wall_penalty })
    }
}

impl Family for MetaMaze {
    fn check(&self) -> Result<(), String> {
        if !(3..=MAX_SIDE).contains(&self.size) || self.size.is_multiple_of(2) {
            return Err(format!("`size` is {}: an odd number from 3 to {} is needed", self.size, MAX_SIDE - 1));
        }
        let board = self.board()?;
        self.goal.check_of_task("goal", &board)?;
        self.start.check("start", &board)?;
        check_apart(self.goal, self.start, &board)?;
        self.looks().check()?;
        check_penalty("wall_penalty", self.wall_penalty)?;
        check_numbers(&[("goal_reward", self.goal_reward), ("wall_penalty", self.wall_penalty)], self.max_episode_steps)
    }
}

impl TaskDistribution for MetaMaze {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.maze(rng) {
            Ok(maze) => Box::new(TimeLimit::new(maze, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// One task of [`MetaMaze`]: its goal is set.
#[derive(Clone, Debug)]
pub struct MetaMazeWorld {
    world: GoalBoard,
    goal_reward: f64,
    wall_penalty: f64,
}

impl Environment for MetaMazeWorld {
    fn observation_space(&self) -> Space {
        self.world.space()
    }

    fn action_space(&self) -> Space {
        Space::discrete(Move::ALL.len())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.world.begin(rng);
        self.world.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let before = self.world.agent;
        let mut reward = self.world.walk(action.index());
        if self.world.agent == before {
            reward -= self.wall_penalty;
        }
        if self.world.is_at_goal() {
            reward += self.goal_reward;
            self.world.scatter(rng);
        }
        self.world.observe(observation);
        Step::going_on(reward)
    }

    fn picture(&self) -> Option<Picture> {
        Some(self.world.tiles().into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::goal_board::nearer;
    use super::*;
    use crate::stream;

    fn begun(family: &MetaMaze, index: u64) -> (MetaMazeWorld, Rng, Vec<f32>) {
        let mut rng = stream(0, "meta maze", &[index]);
        let mut maze = family.maze(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; maze.observation_space().flat_len()];
        maze.reset(&mut rng, &mut observation);
        (maze, rng, observation)
    }

    #[test]
    fn there_are_16_pillars_that_cut_nothing_off() {
        let board = MetaMaze::default().board().unwrap();
        assert_eq!(board.free_cells(), 65);
        assert_eq!(board.distances(0).iter().flatten().count(), 65);
        let (.., observation) = begun(&MetaMaze::default(), 0);
        assert_eq!(observation, [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0], "the middle is a crossing");
    }

    #[test]
    fn the_goal_pays_and_puts_the_agent_elsewhere_while_it_stays() {
        let family = MetaMaze {
            goal: Place::At { row: 4, column: 6 },
            wall_penalty: 0.25,
            rewards: RewardMode::Potential,
            ..MetaMaze::default()
        };
        let (mut maze, mut rng, mut observation) = begun(&family, 1);
        let mut step =
            |maze: &mut MetaMazeWorld, action| maze.step(Action::Discrete(action), &mut rng, &mut observation);
        assert_eq!(step(&mut maze, 1), Step::going_on(1.0));
        assert_eq!(step(&mut maze, 0), Step::going_on(-0.25), "there is a pillar above");
        assert_eq!(step(&mut maze, 1), Step::going_on(11.0));
        let mut cells = [0; 81];
        for _ in 0..6400 {
            assert!(!maze.world.is_at_goal());
            cells[maze.world.agent] += 1;
            loop {
                let action = nearer(&maze.world.board, &maze.world.goal, maze.world.agent);
                if step(&mut maze, action).reward > 5.0 {
                    break;
                }
            }
        }
        for (cell, &count) in cells.iter().enumerate() {
            let possible = !maze.world.board.is_wall(cell) && cell != maze.world.goal.cell();
            let expected = if possible { 55..=150 } else { 0..=0 };
            assert!(expected.contains(&count), "{cell}, {count}: 100 expected, standard deviation 10");
        }
    }

    #[test]
    fn who_knows_goal_and_place_gets_324_in_200_steps() {
        let mut mean = 0.0;
        for index in 0..2000 {
            let (mut maze, mut rng, mut observation) = begun(&MetaMaze::default(), index);
            for _ in 0..200 {
                let action = nearer(&maze.world.board, &maze.world.goal, maze.world.agent);
                mean += maze.step(Action::Discrete(action), &mut rng, &mut observation).reward / 2000.0;
            }
        }
        // By dynamic programming over the steps that are left, averaged over the 64 goals.
        assert!((mean - 324.23).abs() < 5.0, "{mean}: standard error 1.2");
    }

    #[test]
    fn every_task_can_be_solved() {
        for index in 0..1000 {
            let (maze, ..) = begun(&MetaMaze::default(), index);
            assert!(maze.world.goal.distance(maze.world.agent).is_some_and(|distance| (1..=8).contains(&distance)));
        }
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (family, name) in [
            (MetaMaze { size: 8, ..MetaMaze::default() }, "`size` is 8: an odd number"),
            (MetaMaze { size: 65, ..MetaMaze::default() }, "`size`"),
            (MetaMaze { size: 7, ..MetaMaze::default() }, "`start` is centre: a free cell"),
            (MetaMaze { goal: Place::At { row: 1, column: 1 }, ..MetaMaze::default() }, "`goal`"),
            (MetaMaze { goal: Place::Centre, ..MetaMaze::default() }, "`start` is centre, where `goal` is"),
            (MetaMaze { wall_penalty: f64::NAN, ..MetaMaze::default() }, "`wall_penalty`"),
            (MetaMaze { wall_penalty: -0.1, ..MetaMaze::default() }, "`wall_penalty` is -0.1: it is taken off"),
            (MetaMaze { goal_reward: f64::NAN, ..MetaMaze::default() }, "`goal_reward`"),
            (MetaMaze { radius: 0, ..MetaMaze::default() }, "`radius`"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
