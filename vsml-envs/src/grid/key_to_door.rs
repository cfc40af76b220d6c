//! A key that opens a door, both invisible: the Dark Key-to-Door of Laskin et al. 2022 (Algorithm Distillation, arXiv
//! 2210.14215), in the form of amago's `RoomKeyDoor`.
//!
//! Two places have to be found by their rewards, and in an order: the door is nothing to who has no key.

use super::goal_board::{ACTIONS_WITH_STAYING, check_numbers, check_shown, check_size, check_view, walked};
use super::{Board, Goal, Place, RewardMode, Sight, View};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution, write_one_hot};
use serde::{Deserialize, Serialize};

/// Rooms with a key and a door: `KeyToDoor-v0`.
///
/// # Description
/// A square room without walls, 9 by 9 cells. Stepping on the key takes it; with it, stepping on the door ends the episode.
/// The places of key and door are the task: 6561 tasks.
///
/// # Action space
/// `Discrete(5)`: up, right, down, left ([`Move`](super::Move)), stay. `permute_actions=true` gives each task an order of
/// its own.
///
/// # Observation space
/// What [`View`] says, and after it, with `show_has_key=true`, whether the agent has the key: 0 or 1. By default
/// `Box(-1, 1)` of shape `[3]`: column, row, key. Kinds of things are the key that has not been taken and the door; they
/// are seen only with `show_things=true` (a light room), which needs the view `egocentric` or `whole`. With the view
/// `cell` and the key shown the space is `MultiDiscrete([size * size, 2])`.
///
/// # Rewards
/// 1 in the step that takes the key and 1 in the step that opens the door, otherwise 0. Plus what `rewards` adds for the
/// way ([`RewardMode`]): to the key, and to the door once the key is taken.
///
/// # Starting state
/// On a random cell, without the key; `start` sets another place. A key that lies there is taken by the first step that
/// ends there, as by staying.
///
/// # Episode end
/// Terminated by opening the door; truncated after `max_episode_steps`, 50.
///
/// # Arguments
/// The fields below. amago's version of the start is `start=task`.
///
/// # Differences from the source
/// Size, rewards, the 50 steps, the random start and that key and door may be on one cell are those of the paper and of
/// amago's code. amago also shows the time that has passed, scales places to 0..1, and lets an episode last one step
/// longer; its actions are in the order left, up, right, down (rows and columns changed), stay. In the paper only the place
/// is seen, as with `show_has_key=false`, and we do not know whether the door ends the episode there.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyToDoor {
    /// Cells along a side of the room.
    pub size: usize,
    /// Where the key is: `task`, `centre` or row/column.
    pub key: Place,
    /// Where the door is: `task`, `centre` or row/column.
    pub door: Place,
    /// Where episodes start: `episode`, `task`, `centre` or row/column.
    pub start: Place,
    /// What is added to the reward for the way to the key and then to the door.
    pub rewards: RewardMode,
    /// Whether the agent sees that it has the key.
    pub show_has_key: bool,
    /// Whether the key and the door are seen.
    pub show_things: bool,
    /// What the learner sees.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for KeyToDoor {
    fn default() -> Self {
        KeyToDoor {
            size: 9,
            key: Place::Task,
            door: Place::Task,
            start: Place::Episode,
            rewards: RewardMode::Sparse,
            show_has_key: true,
            show_things: false,
            view: View::Position,
            radius: 2,
            max_episode_steps: 50,
        }
    }
}

impl KeyToDoor {
    /// Draws a task, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn room(&self, rng: &mut Rng) -> Result<KeyToDoorRoom, String> {
        self.check()?;
        let board = Board::open(self.size, self.size).map_err(|error| error.to_string())?;
        let mut place = |place: Place| place.cell(&board).or_else(|| board.draw_vacant(rng, 0, |_| false)).unwrap_or(0);
        let (key, door) = (Goal::new(&board, place(self.key)), Goal::new(&board, place(self.door)));
        let start = (self.start != Place::Episode).then(|| place(self.start));
        let sight = Sight { view: self.view, radius: self.radius, kinds: if self.show_things { 2 } else { 0 } };
        Ok(KeyToDoorRoom {
            seen_of_board: sight.space(&board).flat_len(),
            board,
            key,
            door,
            start,
            sight,
            rewards: self.rewards,
            show_has_key: self.show_has_key,
            agent: start.unwrap_or(0),
            has_key: false,
        })
    }
}

impl Family for KeyToDoor {
    fn check(&self) -> Result<(), String> {
        check_size(self.size)?;
        let board = Board::open(self.size, self.size).map_err(|error| error.to_string())?;
        self.key.check_of_task("key", &board)?;
        self.door.check_of_task("door", &board)?;
        self.start.check("start", &board)?;
        check_view(self.view, self.radius)?;
        check_shown("show_things", self.show_things, self.view)?;
        check_numbers(&[], self.max_episode_steps)
    }
}

impl TaskDistribution for KeyToDoor {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.room(rng) {
            Ok(room) => Box::new(TimeLimit::new(room, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// One task of [`KeyToDoor`]: key and door are in their places.
#[derive(Clone, Debug)]
pub struct KeyToDoorRoom {
    board: Board,
    key: Goal,
    door: Goal,
    /// Where every episode starts, or none where each has a start of its own.
    start: Option<usize>,
    sight: Sight,
    /// How many numbers of an observation are what is seen of the board.
    seen_of_board: usize,
    rewards: RewardMode,
    show_has_key: bool,
    agent: usize,
    has_key: bool,
}

impl KeyToDoorRoom {
    /// Whether the agent has the key.
    pub fn has_key(&self) -> bool {
        self.has_key
    }

    fn observe(&self, observation: &mut [f32]) {
        let (board, key) = observation.split_at_mut(self.seen_of_board);
        let kind = |cell: usize| match cell {
            _ if self.sight.kinds == 0 => None,
            _ if cell == self.key.cell() && !self.has_key => Some(0),
            _ if cell == self.door.cell() => Some(1),
            _ => None,
        };
        self.sight.observe(&self.board, self.agent, kind, board);
        match key {
            [] => {}
            [key] => *key = f32::from(u8::from(self.has_key)),
            one_hot => write_one_hot(one_hot, usize::from(self.has_key)),
        }
    }
}

impl Environment for KeyToDoorRoom {
    fn observation_space(&self) -> Space {
        match self.sight.space(&self.board) {
            Space::Discrete { n } if self.show_has_key => Space::MultiDiscrete { sizes: vec![n, 2] },
            Space::Box { mut low, mut high, .. } if self.show_has_key => {
                low.push(0.0);
                high.push(1.0);
                Space::Box { shape: vec![low.len()], low, high }
            }
            space => space,
        }
    }

    fn action_space(&self) -> Space {
        Space::discrete(ACTIONS_WITH_STAYING)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.has_key = false;
        self.agent = self.start.or_else(|| self.board.draw_vacant(rng, 0, |_| false)).unwrap_or(0);
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let before = self.agent;
        self.agent = walked(&self.board, before, action.index());
        let wanted = if self.has_key { &self.door } else { &self.key };
        let way = wanted.reward_of_way(self.rewards, before, self.agent);
        let found = self.agent == wanted.cell();
        let terminated = found && self.has_key;
        self.has_key |= found;
        self.observe(observation);
        Step { reward: way + f64::from(u8::from(found)), terminated, truncated: false }
    }

    fn picture(&self) -> Option<Picture> {
        const KEY: Tile = Tile::new('k', Mark::Diamond, Colour::ORANGE);
        const DOOR: Tile = Tile::new('D', Mark::Square, Colour::ORANGE);
        let tiles = self.board.tiles(|cell| match cell {
            _ if cell == self.agent => Tile::AGENT,
            _ if cell == self.key.cell() && !self.has_key => KEY,
            _ if cell == self.door.cell() => DOOR,
            _ => Tile::FLOOR,
        });
        Some(Picture::from(tiles).with_caption(if self.has_key { "has the key" } else { "has no key" }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::goal_board::nearer;
    use super::*;
    use crate::stream;

    const UP: usize = 0;
    const RIGHT: usize = 1;
    const DOWN: usize = 2;
    const STAY: usize = 4;

    fn begun(family: &KeyToDoor, index: u64) -> (KeyToDoorRoom, Rng, Vec<f32>) {
        let mut rng = stream(0, "key to door", &[index]);
        let mut room = family.room(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; room.observation_space().flat_len()];
        room.reset(&mut rng, &mut observation);
        (room, rng, observation)
    }

    fn at(row: usize, column: usize) -> Place {
        Place::At { row, column }
    }

    /// Rewards of the actions, whether the last one terminated, and what was seen of the key after each.
    fn played(family: &KeyToDoor, actions: &[usize]) -> (Vec<f64>, bool, Vec<f32>) {
        let (mut room, mut rng, mut observation) = begun(family, 0);
        let mut key_seen = Vec::new();
        let steps: Vec<Step> = actions
            .iter()
            .map(|action| {
                let step = room.step(Action::Discrete(*action), &mut rng, &mut observation);
                key_seen.push(observation[observation.len() - 1]);
                step
            })
            .collect();
        assert!(steps[..steps.len() - 1].iter().all(|step| !step.ended()));
        (steps.iter().map(|step| step.reward).collect(), steps[steps.len() - 1].terminated, key_seen)
    }

    #[test]
    fn the_door_wants_the_key() {
        // D K .
        // S . .
        let small = KeyToDoor { size: 3, door: at(0, 0), key: at(0, 1), start: at(1, 0), ..KeyToDoor::default() };
        let way = [UP, RIGHT, RIGHT, 3, 3];
        assert_eq!(played(&small, &way), (vec![0.0, 1.0, 0.0, 0.0, 1.0], true, vec![0.0, 1.0, 1.0, 1.0, 1.0]));
        let potential = KeyToDoor { rewards: RewardMode::Potential, ..small.clone() };
        assert_eq!(played(&potential, &way).0, [1.0, 2.0, -1.0, 1.0, 2.0]);
        let dense = KeyToDoor { rewards: RewardMode::Dense, ..small };
        assert_eq!(played(&dense, &way).0, [-1.0, 1.0, -2.0, -1.0, 1.0]);
    }

    #[test]
    fn a_key_underfoot_is_taken_by_staying_and_a_door_at_the_same_place_opens_a_step_later() {
        let here = KeyToDoor { door: at(2, 2), key: at(2, 2), start: at(2, 2), ..KeyToDoor::default() };
        assert_eq!(played(&here, &[STAY, STAY]), (vec![1.0, 1.0], true, vec![1.0, 1.0]));
        assert_eq!(played(&here, &[DOWN, UP, UP, DOWN]).0, [0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn every_task_is_worth_two_to_who_knows_it() {
        let mut cells = [0; 81];
        for index in 0..1000 {
            let (mut room, mut rng, mut observation) = begun(&KeyToDoor::default(), index);
            cells[room.key.cell()] += 1;
            let mut total = 0.0;
            let steps = (1..=50).find(|_| {
                let goal = if room.has_key() { &room.door } else { &room.key };
                let action = nearer(&room.board, goal, room.agent);
                let step = room.step(Action::Discrete(action), &mut rng, &mut observation);
                total += step.reward;
                step.terminated
            });
            assert!(steps.is_some_and(|steps| steps <= 33) && total == 2.0);
        }
        assert!(cells.iter().all(|count| (2..31).contains(count)), "{cells:?}: 12.3 expected, deviation 3.5");
    }

    #[test]
    fn all_views_can_be_told_whether_there_is_a_key() {
        for (view, space) in [
            (View::Cell, Space::MultiDiscrete { sizes: vec![81, 2] }),
            (View::Position, Space::Box { low: vec![-1.0, -1.0, 0.0], high: vec![1.0; 3], shape: vec![3] }),
        ] {
            let (room, _, observation) = begun(&KeyToDoor { view, start: Place::Centre, ..KeyToDoor::default() }, 0);
            assert_eq!(room.observation_space(), space);
            assert!(space.contains_flat(&observation));
        }
        let light = KeyToDoor { view: View::Whole, show_things: true, show_has_key: false, ..KeyToDoor::default() };
        let (room, _, observation) = begun(&light, 3);
        assert_eq!(observation[2 * 81 + room.key.cell()] + observation[3 * 81 + room.door.cell()], 2.0);
        assert_eq!(observation.iter().sum::<f32>(), 3.0);
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (family, name) in [
            (KeyToDoor { size: 0, ..KeyToDoor::default() }, "`size`"),
            (KeyToDoor { key: at(0, 9), ..KeyToDoor::default() }, "`key`"),
            (KeyToDoor { door: Place::Episode, ..KeyToDoor::default() }, "`door`"),
            (KeyToDoor { show_things: true, ..KeyToDoor::default() }, "`show_things`"),
            (KeyToDoor { max_episode_steps: 0, ..KeyToDoor::default() }, "`max_episode_steps`"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
