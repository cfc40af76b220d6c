//! The dark room of Laskin et al. 2022 (Algorithm Distillation, arXiv 2210.14215).
//!
//! An open room in which nothing is seen but where one is. The goal shows itself by its reward alone, so a learner has to
//! search the room once and go straight to the goal ever after: exploration and memory over episodes, and nothing else.

use super::goal_board::{ACTIONS_WITH_STAYING, GoalBoard, Looks, check_apart, check_numbers, check_size};
use super::{Board, Place, RewardMode, View};
use crate::picture::Picture;
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use serde::{Deserialize, Serialize};

/// Dark rooms: `DarkRoom-v0`.
///
/// # Description
/// A square room without walls, 9 by 9 cells. Being on the goal is rewarded, step after step; the goal is the task.
///
/// # Action space
/// `Discrete(5)`: up, right, down, left ([`Move`](super::Move)), stay. `permute_actions=true` gives each task an order of
/// its own.
///
/// # Observation space
/// As [`View`] says; by default `Box(-1, 1)` of shape `[2]`, column and row. The only kind of thing is the goal, and it is
/// seen only with `show_goal=true` (a light room), which needs the view `egocentric` or `whole`.
///
/// # Rewards
/// 1 in every step after which the agent is on the goal, otherwise 0; with `once=true` only in the first such step of an
/// episode. Plus what `rewards` adds for the way ([`RewardMode`]).
///
/// # Starting state
/// In the middle; `start` sets another place. The goal is drawn among all other cells.
///
/// # Episode end
/// Never terminated; truncated after `max_episode_steps`, 20.
///
/// # Arguments
/// The fields below. The paper's hard variant is `size=17,once=true`.
///
/// # Differences from the source
/// The size, the five actions, the 20 steps, the start in the middle and the rewards are the paper's as we remember them
/// (there is no code of its authors to check against; others' ports agree). That the goal is never where a fixed start is,
/// the order of the actions, the scaling of places to -1..1 and the lifetime of 500 steps, 25 episodes, are ours.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DarkRooms {
    /// Cells along a side of the room.
    pub size: usize,
    /// Where the goal is: `task`, `centre` or row/column.
    pub goal: Place,
    /// Where episodes start: `episode`, `task`, `centre` or row/column.
    pub start: Place,
    /// Whether the goal is rewarded only once in an episode.
    pub once: bool,
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

impl Default for DarkRooms {
    fn default() -> Self {
        DarkRooms {
            size: 9,
            goal: Place::Task,
            start: Place::Centre,
            once: false,
            rewards: RewardMode::Sparse,
            show_goal: false,
            view: View::Position,
            radius: 2,
            max_episode_steps: 20,
        }
    }
}

impl DarkRooms {
    fn looks(&self) -> Looks {
        Looks { view: self.view, radius: self.radius, show_goal: self.show_goal, rewards: self.rewards }
    }

    /// Draws a task, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn room(&self, rng: &mut Rng) -> Result<DarkRoom, String> {
        self.check()?;
        let board = Board::open(self.size, self.size).map_err(|error| error.to_string())?;
        let world = GoalBoard::draw(board, self.goal, self.start, self.looks(), rng);
        Ok(DarkRoom { world, once: self.once, rewarded: false })
    }
}

impl Family for DarkRooms {
    fn check(&self) -> Result<(), String> {
        check_size(self.size)?;
        let board = Board::open(self.size, self.size).map_err(|error| error.to_string())?;
        self.goal.check_of_task("goal", &board)?;
        self.start.check("start", &board)?;
        check_apart(self.goal, self.start, &board)?;
        self.looks().check()?;
        check_numbers(&[], self.max_episode_steps)
    }
}

impl TaskDistribution for DarkRooms {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.room(rng) {
            Ok(room) => Box::new(TimeLimit::new(room, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// One task of [`DarkRooms`]: its goal is set.
#[derive(Clone, Debug)]
pub struct DarkRoom {
    world: GoalBoard,
    once: bool,
    rewarded: bool,
}

impl Environment for DarkRoom {
    fn observation_space(&self) -> Space {
        self.world.space()
    }

    fn action_space(&self) -> Space {
        Space::discrete(ACTIONS_WITH_STAYING)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.rewarded = false;
        self.world.begin(rng);
        self.world.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let way = self.world.walk(action.index());
        self.world.observe(observation);
        let pays = self.world.is_at_goal() && !(self.once && self.rewarded);
        self.rewarded |= pays;
        Step::going_on(way + f64::from(u8::from(pays)))
    }

    fn picture(&self) -> Option<Picture> {
        let caption = if self.once && self.rewarded { "the goal has been rewarded" } else { "" };
        Some(Picture::from(self.world.tiles()).with_caption(caption))
    }
}

#[cfg(test)]
mod tests {
    use super::super::goal_board::nearer;
    use super::*;
    use crate::stream;
    use rand::RngExt;

    fn begun(family: &DarkRooms, index: u64) -> (DarkRoom, Rng, Vec<f32>) {
        let mut rng = stream(0, "dark room", &[index]);
        let mut room = family.room(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; room.observation_space().flat_len()];
        room.reset(&mut rng, &mut observation);
        (room, rng, observation)
    }

    /// The return of an episode of 20 steps for who knows where the goal is, and how far away that is.
    fn best_return(family: &DarkRooms, index: u64) -> (f64, u32) {
        let (mut room, mut rng, mut observation) = begun(family, index);
        let distance = room.world.goal.distance(room.world.agent).unwrap();
        let rewards = (0..20).map(|_| {
            let action = nearer(&room.world.board, &room.world.goal, room.world.agent);
            room.step(Action::Discrete(action), &mut rng, &mut observation).reward
        });
        (rewards.sum(), distance)
    }

    #[test]
    fn who_knows_the_goal_is_rewarded_from_the_step_that_reaches_it() {
        let family = DarkRooms::default();
        let mut mean = 0.0;
        for index in 0..2000 {
            let (total, distance) = best_return(&family, index);
            assert_eq!(total, f64::from(21 - distance));
            mean += total / 2000.0;
        }
        // The 80 goals are 360 moves away in all, 4.5 each; their standard deviation is 1.9.
        assert!((mean - 16.5).abs() < 0.17, "{mean}: standard error 0.043");
        assert_eq!(best_return(&DarkRooms { once: true, ..family }, 0).0, 1.0);
    }

    #[test]
    fn a_random_walk_takes_as_long_as_it_should() {
        // From corner to opposite corner of 2 by 2 cells: with s = 4/5 the chance that an action is a move, the expected
        // numbers of steps from beside and from opposite the goal, b and o, obey b = 1 + b (1 - s/2) + o s/4 and
        // o = 1 + o (1 - s/2) + b s/2, so b = 15/2 and o = 10.
        let corner = |row, column| Place::At { row, column };
        let family = DarkRooms { size: 2, goal: corner(0, 0), start: corner(1, 1), ..DarkRooms::default() };
        let (mut room, mut rng, mut observation) = begun(&family, 0);
        let mut steps = 0;
        for _ in 0..10_000 {
            room.reset(&mut rng, &mut observation);
            loop {
                steps += 1;
                let action = rng.random_range(0..5u64) as usize;
                if room.step(Action::Discrete(action), &mut rng, &mut observation).reward == 1.0 {
                    break;
                }
            }
        }
        let mean = f64::from(steps) / 10_000.0;
        assert!((mean - 10.0).abs() < 0.35, "{mean}: standard error below 0.09");
    }

    #[test]
    fn the_goal_does_not_show_in_the_dark() {
        let at = |row| Place::At { row, column: 0 };
        let seen = |goal: Place| {
            let (mut room, mut rng, mut observation) = begun(&DarkRooms { goal, ..DarkRooms::default() }, 0);
            let mut seen = Vec::new();
            for step in 0..50 {
                room.step(Action::Discrete(step / 4 % 5), &mut rng, &mut observation);
                seen.extend_from_slice(&observation);
            }
            seen
        };
        assert_eq!(seen(at(0)), seen(at(8)));
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (family, name) in [
            (DarkRooms { size: 1, ..DarkRooms::default() }, "`size`"),
            (DarkRooms { size: 65, ..DarkRooms::default() }, "`size`"),
            (DarkRooms { goal: Place::At { row: 9, column: 0 }, ..DarkRooms::default() }, "`goal`"),
            (DarkRooms { goal: Place::At { row: 4, column: 4 }, ..DarkRooms::default() }, "where `goal` is"),
            (DarkRooms { goal: Place::Episode, ..DarkRooms::default() }, "`goal`"),
            (DarkRooms { show_goal: true, ..DarkRooms::default() }, "`show_goal`"),
            (DarkRooms { view: View::Egocentric, radius: 65, ..DarkRooms::default() }, "`radius`"),
            (DarkRooms { max_episode_steps: 0, ..DarkRooms::default() }, "`max_episode_steps`"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
