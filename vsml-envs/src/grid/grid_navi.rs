//! GridNavi, the gridworld of VariBAD (Zintgraf et al. 2020, arXiv 1910.08348).
//!
//! A small board on which every step costs a little until the goal is found. The Bayes-optimal player sweeps the board by
//! the shortest route through the cells that may still hold the goal, and afterwards walks straight to it: what it has not
//! yet seen decides where it goes, which a player that repeats one guess at a time (posterior sampling) never does.

use super::goal_board::{ACTIONS_WITH_STAYING, GoalBoard, Looks, check_numbers};
use super::{Board, MAX_SIDE, RewardMode, View};
use crate::picture::Picture;
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use serde::{Deserialize, Serialize};

/// Boards with a hidden goal: `GridNavi-v0`.
///
/// # Description
/// A square board without walls, 5 by 5 cells. The agent starts in the corner at the bottom left; the goal is on any cell
/// but the four of that corner, 21 possible tasks.
///
/// # Action space
/// `Discrete(5)`: up, right, down, left ([`Move`](super::Move)), stay. A move out of the board leads nowhere.
///
/// # Observation space
/// As [`View`] says; by default `Box(-1, 1)` of shape `[2]`, column and row. The only kind of thing is the goal, and it is
/// seen only with `show_goal=true`, which needs the view `egocentric` or `whole`.
///
/// # Rewards
/// `goal_reward`, 1, in every step after which the agent is on the goal; otherwise `step_reward`, -0.1. Plus what `rewards`
/// adds for the way ([`RewardMode`]).
///
/// # Starting state
/// In the corner at the bottom left.
///
/// # Episode end
/// Never terminated; truncated after `max_episode_steps`, 15. A lifetime has 4 episodes.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// Board, goals, rewards, the 15 steps and the 4 episodes are those of the authors' code. There the action that stays comes
/// first and places are numbers 0 to 4; here it comes last and places are scaled to -1..1. The action that
/// asks for a hint, off by default there, is left out.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridNavi {
    /// Cells along a side of the board, at least 3.
    pub size: usize,
    /// Reward of a step that ends on the goal.
    pub goal_reward: f64,
    /// Reward of every other step.
    pub step_reward: f64,
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

impl Default for GridNavi {
    fn default() -> Self {
        GridNavi {
            size: 5,
            goal_reward: 1.0,
            step_reward: -0.1,
            rewards: RewardMode::Sparse,
            show_goal: false,
            view: View::Position,
            radius: 2,
            max_episode_steps: 15,
        }
    }
}

impl GridNavi {
    fn looks(&self) -> Looks {
        Looks { view: self.view, radius: self.radius, show_goal: self.show_goal, rewards: self.rewards }
    }

    /// Draws a task, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn world(&self, rng: &mut Rng) -> Result<GridNaviWorld, String> {
        self.check()?;
        let board = Board::open(self.size, self.size).map_err(|error| error.to_string())?;
        let start = board.cells() - self.size;
        let (top, right) = (self.size - 2, 1);
        let is_near_start = |cell: usize| {
            let (row, column) = board.row_and_column(cell);
            row >= top && column <= right
        };
        let goal = board.draw_vacant(rng, 4, is_near_start).unwrap_or(0);
        let world = GoalBoard::new(board, goal, Some(start), self.looks());
        Ok(GridNaviWorld { world, goal_reward: self.goal_reward, step_reward: self.step_reward })
    }
}

impl Family for GridNavi {
    fn check(&self) -> Result<(), String> {
        if !(3..=MAX_SIDE).contains(&self.size) {
            return Err(format!("`size` is {}: a side has 3 to {MAX_SIDE} cells, or no goal would fit", self.size));
        }
        self.looks().check()?;
        check_numbers(&[("goal_reward", self.goal_reward), ("step_reward", self.step_reward)], self.max_episode_steps)
    }
}

impl TaskDistribution for GridNavi {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.world(rng) {
            Ok(world) => Box::new(TimeLimit::new(world, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// One task of [`GridNavi`]: its goal is set.
#[derive(Clone, Debug)]
pub struct GridNaviWorld {
    world: GoalBoard,
    goal_reward: f64,
    step_reward: f64,
}

impl Environment for GridNaviWorld {
    fn observation_space(&self) -> Space {
        self.world.space()
    }

    fn action_space(&self) -> Space {
        Space::discrete(ACTIONS_WITH_STAYING)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.world.begin(rng);
        self.world.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let way = self.world.walk(action.index());
        self.world.observe(observation);
        Step::going_on(way + if self.world.is_at_goal() { self.goal_reward } else { self.step_reward })
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

    fn begun(family: &GridNavi, index: u64) -> (GridNaviWorld, Rng, Vec<f32>) {
        let mut rng = stream(0, "grid navi", &[index]);
        let mut world = family.world(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; world.observation_space().flat_len()];
        world.reset(&mut rng, &mut observation);
        (world, rng, observation)
    }

    #[test]
    fn who_knows_the_goal_gets_11_an_episode() {
        let mut goals = [0; 25];
        let mut mean = 0.0;
        for index in 0..2100 {
            let (mut world, mut rng, mut observation) = begun(&GridNavi::default(), index);
            assert_eq!(observation, [-1.0, 1.0], "at the bottom left");
            goals[world.world.goal.cell()] += 1;
            let distance = f64::from(world.world.goal.distance(world.world.agent).unwrap());
            let mut total = 0.0;
            for _ in 0..15 {
                let action = nearer(&world.world.board, &world.world.goal, world.world.agent);
                total += world.step(Action::Discrete(action), &mut rng, &mut observation).reward;
            }
            assert!((total - (16.0 - distance - 0.1 * (distance - 1.0))).abs() < 1e-9);
            mean += total / 2100.0;
        }
        for (cell, &count) in goals.iter().enumerate() {
            let expected = if [15, 16, 20, 21].contains(&cell) { 0..=0 } else { 60..=140 };
            assert!(expected.contains(&count), "{goals:?}: 100 expected, standard deviation 10");
        }
        // The 21 goals are 96 moves away in all.
        assert!((mean - (16.1 - 1.1 * 96.0 / 21.0)).abs() < 0.16, "{mean}: standard error 0.04");
    }

    #[test]
    fn every_step_off_the_goal_costs_and_every_one_on_it_pays() {
        let family = GridNavi { size: 3, goal_reward: 5.0, step_reward: -2.0, ..GridNavi::default() };
        let (mut world, mut rng, mut observation) = begun(&family, 0);
        // Along the left side, the top and the right side: all cells outside the corner of four.
        let rewards: Vec<f64> = [0, 0, 1, 1, 2, 2]
            .map(|action| world.step(Action::Discrete(action), &mut rng, &mut observation).reward)
            .to_vec();
        assert_eq!(rewards[0], -2.0);
        assert_eq!(rewards.iter().filter(|reward| **reward == 5.0).count(), 1);
        assert_eq!(rewards.iter().sum::<f64>(), 5.0 - 10.0);
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (family, name) in [
            (GridNavi { size: 2, ..GridNavi::default() }, "`size`"),
            (GridNavi { step_reward: f64::NAN, ..GridNavi::default() }, "`step_reward`"),
            (GridNavi { goal_reward: f64::INFINITY, ..GridNavi::default() }, "`goal_reward`"),
            (GridNavi { show_goal: true, view: View::Cell, ..GridNavi::default() }, "`show_goal`"),
            (GridNavi { view: View::Egocentric, radius: 0, ..GridNavi::default() }, "`radius`"),
            (GridNavi { max_episode_steps: 0, ..GridNavi::default() }, "`max_episode_steps`"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
