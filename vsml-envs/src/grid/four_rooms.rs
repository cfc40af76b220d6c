//! Four rooms joined by four doorways: the gridworld of Sutton, Precup & Singh 1999 (options).
//!
//! As a task of meta-learning the goal is hidden: the first episodes have to find it, the later ones go there. What makes
//! the rooms harder than an open field is that the way leads through doorways of one cell, and that a step may fail.

use super::goal_board::{GoalBoard, Looks, check_apart, check_numbers};
use super::{Board, Move, Place, RewardMode, View};
use crate::picture::Picture;
use crate::registry::Family;
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The rooms without their outer wall, which every board has anyway.
const MAP: &str = "\
.....#.....
.....#.....
...........
.....#.....
.....#.....
#.####.....
.....###.##
.....#.....
.....#.....
...........
.....#.....";

/// Four rooms with a goal: `FourRooms-v0`.
///
/// # Description
/// A board of 13 by 13 cells with its outer wall, so 11 by 11 cells within, of which walls make four rooms; each is joined
/// to two others by a doorway. 104 cells are free. Somewhere is a goal: find it, and then go there by the shortest way.
///
/// # Action space
/// `Discrete(4)`: up, right, down, left ([`Move`]). A move against a wall leads nowhere. With the probability
/// `fail_probability` the agent goes in one of the three other directions instead, each equally likely.
///
/// # Observation space
/// As [`View`] says; by default `Box(-1, 1)` of shape `[2]`, column and row. The only kind of thing is the goal, and it is
/// seen only with `show_goal=true`, which needs the view `egocentric` or `whole`.
///
/// # Rewards
/// 1 in the step that reaches the goal, otherwise 0; plus what `rewards` adds for the way ([`RewardMode`]).
///
/// # Starting state
/// The agent is on a random free cell other than the goal; `start` sets another place. The goal belongs to the task.
///
/// # Episode end
/// Terminated at the goal; truncated after `max_episode_steps`, 500.
///
/// # Arguments
/// The fields below. gymnax's task, always the same, is `goal=7/8,start=3/0`.
///
/// # Differences from the source
/// Walls and doorways are those of the paper's figure and of gymnax's `FourRooms-misc`; a cell here has a row and a
/// column less than there, since the outer wall is not counted. The probability of failing is theirs, 1/3. gymnax shows
/// the goal's place with the agent's and keeps both the same unless asked; here the goal is hidden and is the task, and
/// places are scaled to -1..1. In the paper episodes have no limit of steps.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FourRooms {
    /// Where the goal is: `task`, `centre` or row/column. Rows and columns are counted from 0, without the outer wall.
    pub goal: Place,
    /// Where episodes start: `episode`, `task`, `centre` or row/column.
    pub start: Place,
    /// Probability that a step goes in a direction other than the one that was chosen.
    pub fail_probability: Span,
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

impl Default for FourRooms {
    fn default() -> Self {
        FourRooms {
            goal: Place::Task,
            start: Place::Episode,
            fail_probability: Span::single(1.0 / 3.0),
            rewards: RewardMode::Sparse,
            show_goal: false,
            view: View::Position,
            radius: 2,
            max_episode_steps: 500,
        }
    }
}

impl FourRooms {
    /// Walls and doorways.
    ///
    /// # Errors
    /// None: the map is a board.
    fn board() -> Result<Board, String> {
        Board::read(MAP).map(|(board, _)| board).map_err(|error| error.to_string())
    }

    fn looks(&self) -> Looks {
        Looks { view: self.view, radius: self.radius, show_goal: self.show_goal, rewards: self.rewards }
    }

    /// Draws a task, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn world(&self, rng: &mut Rng) -> Result<FourRoomsWorld, String> {
        self.check()?;
        let fail_probability = self.fail_probability.sample(rng);
        let world = GoalBoard::draw(Self::board()?, self.goal, self.start, self.looks(), rng);
        Ok(FourRoomsWorld { world, fail_probability })
    }
}

impl Family for FourRooms {
    fn check(&self) -> Result<(), String> {
        let board = Self::board()?;
        self.goal.check_of_task("goal", &board)?;
        self.start.check("start", &board)?;
        check_apart(self.goal, self.start, &board)?;
        if self.fail_probability.low() < 0.0 || self.fail_probability.high() > 1.0 {
            return Err(format!("`fail_probability` is {}: a probability is 0 to 1", self.fail_probability));
        }
        self.looks().check()?;
        check_numbers(&[], self.max_episode_steps)
    }
}

impl TaskDistribution for FourRooms {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.world(rng) {
            Ok(world) => Box::new(TimeLimit::new(world, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// One task of [`FourRooms`]: its goal is set.
#[derive(Clone, Debug)]
pub struct FourRoomsWorld {
    world: GoalBoard,
    fail_probability: f64,
}

impl Environment for FourRoomsWorld {
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
        let mut action = action.index();
        if rng.random::<f64>() < self.fail_probability {
            action = (action + 1 + rng.random_range(0..3u64) as usize) % Move::ALL.len();
        }
        let way = self.world.walk(action);
        self.world.observe(observation);
        let terminated = self.world.is_at_goal();
        Step { reward: way + f64::from(u8::from(terminated)), terminated, truncated: false }
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

    fn begun(family: FourRooms, index: u64) -> (FourRoomsWorld, Rng, Vec<f32>) {
        let mut rng = stream(0, "four rooms", &[index]);
        let mut world = family.world(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; world.observation_space().flat_len()];
        world.reset(&mut rng, &mut observation);
        (world, rng, observation)
    }

    fn gymnax() -> FourRooms {
        FourRooms {
            goal: Place::At { row: 7, column: 8 },
            start: Place::At { row: 3, column: 0 },
            fail_probability: Span::single(0.0),
            ..FourRooms::default()
        }
    }

    #[test]
    fn there_are_104_cells_and_four_doorways() {
        let board = FourRooms::board().unwrap();
        assert_eq!((board.width(), board.height(), board.free_cells()), (11, 11, 104));
        for doorway in [(2, 5), (5, 1), (6, 8), (9, 5)] {
            let cell = doorway.0 * 11 + doorway.1;
            let neighbours = Move::ALL.iter().filter(|step| board.moved(cell, **step) != cell).count();
            assert_eq!(neighbours, 2, "{doorway:?}");
            let mut closed = board.clone();
            closed.set_wall(cell, true);
            // One doorway can be spared: the rooms lie in a ring.
            assert_eq!(closed.distances(0).iter().flatten().count(), 103);
        }
    }

    #[test]
    fn the_shortest_way_of_the_usual_task_has_14_moves() {
        // Through the upper doorway and the right one: 6 + 7 + 1. The straight way would be 12.
        for (rewards, total) in
            [(RewardMode::Sparse, 1.0), (RewardMode::Dense, 1.0 - 91.0), (RewardMode::Potential, 1.0 + 14.0)]
        {
            let (mut world, mut rng, mut observation) = begun(FourRooms { rewards, ..gymnax() }, 0);
            assert_eq!(world.world.board.row_and_column(world.world.agent), (3, 0));
            let mut rewards = Vec::new();
            loop {
                let action = nearer(&world.world.board, &world.world.goal, world.world.agent);
                let step = world.step(Action::Discrete(action), &mut rng, &mut observation);
                rewards.push(step.reward);
                if step.terminated {
                    break;
                }
            }
            assert_eq!((rewards.len(), rewards.iter().sum::<f64>()), (14, total));
            assert_eq!(world.world.board.row_and_column(world.world.agent), (7, 8));
        }
    }

    #[test]
    fn steps_fail_as_often_as_they_should_and_in_all_directions() {
        let centre_of_a_room = Place::At { row: 2, column: 2 };
        let family = FourRooms { fail_probability: Span::single(1.0 / 3.0), start: centre_of_a_room, ..gymnax() };
        let (mut world, mut rng, mut observation) = begun(family, 1);
        let start = world.world.agent;
        let mut counts = [0; 4];
        for _ in 0..9000 {
            world.reset(&mut rng, &mut observation);
            world.step(Action::Discrete(0), &mut rng, &mut observation);
            let went = Move::ALL.iter().position(|step| world.world.board.moved(start, *step) == world.world.agent);
            counts[went.unwrap()] += 1;
        }
        assert!((5820..6180).contains(&counts[0]), "{counts:?}: 6000 expected, standard deviation 45");
        assert!(counts[1..].iter().all(|count| (880..1120).contains(count)), "{counts:?}: 1000 expected, deviation 30");
    }

    #[test]
    fn every_task_can_be_solved_and_all_cells_are_goals() {
        let mut goals = [0; 121];
        for index in 0..1000 {
            let (world, ..) = begun(FourRooms::default(), index);
            let distance = world.world.goal.distance(world.world.agent);
            assert!(distance.is_some_and(|distance| (1..=24).contains(&distance)), "{distance:?}");
            goals[world.world.goal.cell()] += 1;
        }
        let drawn = goals.iter().filter(|count| **count > 0).count();
        assert_eq!(drawn, 104, "each is missed with a chance of 1 in 16,000");
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        let refuse = |change: fn(&mut FourRooms)| {
            let mut family = FourRooms::default();
            change(&mut family);
            family.check().unwrap_err()
        };
        assert!(refuse(|family| family.goal = Place::At { row: 0, column: 5 }).contains("`goal` is 0/5"));
        assert!(refuse(|family| family.goal = Place::Episode).contains("belongs to the task"));
        assert!(refuse(|family| family.start = Place::At { row: 11, column: 0 }).contains("`start`"));
        assert!(refuse(|family| family.fail_probability = Span::between(0.5, 1.5)).contains("`fail_probability`"));
        assert!(refuse(|family| family.show_goal = true).contains("`show_goal`"));
        assert!(refuse(|family| (family.view, family.radius) = (View::Egocentric, 0)).contains("`radius`"));
        assert!(refuse(|family| family.max_episode_steps = 0).contains("`max_episode_steps`"));
        let both = Place::At { row: 1, column: 1 };
        let error = FourRooms { goal: both, start: both, ..FourRooms::default() }.check().unwrap_err();
        assert!(error.contains("`start` is 1/1, where `goal` is"), "{error}");
    }
}
