//! The board of [`Foraging`]: what is on it, what moving and loading do, and what is seen.

use super::super::{Observations, TeamEnvironment};
use super::Foraging;
use super::start::WEAKEST;
use crate::grid::{Board, BoardError, Move};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::{Action, Rng, Space, Step};
use smallvec::SmallVec;

/// The action after the four moves.
const STAY: usize = Move::ALL.len();
/// The action after that.
const LOAD: usize = STAY + 1;
const ACTIONS: usize = LOAD + 1;
/// Of the observation: walls, food, agents.
const PLANES: usize = 3;

/// An agent: where it is and how strong.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Forager {
    pub(super) cell: usize,
    pub(super) level: usize,
}

/// One board to forage on, without its limit of steps. Its page of the manual is that of [`Foraging`].
#[derive(Clone, Debug)]
pub struct ForagingWorld {
    pub(super) rules: Foraging,
    pub(super) board: Board,
    pub(super) foragers: Vec<Forager>,
    /// The level of the food on each cell; 0 where there is none.
    pub(super) food: Vec<usize>,
    /// The level of the agent on each cell; 0 where there is none.
    pub(super) strength: Vec<usize>,
    /// Pieces that are left.
    pub(super) pieces: usize,
    /// The levels of all food that the episode began with, in one sum.
    pub(super) worth: usize,
    /// Room for a number for each cell, used within a call.
    pub(super) marks: Vec<usize>,
}

impl ForagingWorld {
    /// The world of `rules`, which have been checked.
    pub(super) fn new(rules: Foraging) -> Result<Self, BoardError> {
        let board = Board::open(rules.size, rules.size)?;
        let nothing = vec![0; board.cells()];
        Ok(ForagingWorld {
            foragers: (0..rules.agents).map(|cell| Forager { cell, level: 1 }).collect(),
            food: nothing.clone(),
            strength: nothing.clone(),
            pieces: 0,
            worth: 0,
            marks: nothing,
            rules,
            board,
        })
    }

    /// Where an action leads if nobody is in the way.
    fn wanted(&self, cell: usize, action: usize) -> usize {
        let next = Move::ALL.get(action).map_or(cell, |&step| self.board.moved(cell, step));
        if self.food[next] > 0 { cell } else { next }
    }

    /// Moves all at once. Whoever would share its cell stays where it was, and so may be in the way of the next.
    fn walk(&mut self, actions: &[usize]) {
        let wanted = self.foragers.iter().zip(actions).map(|(forager, &action)| self.wanted(forager.cell, action));
        let mut next: SmallVec<[usize; 8]> = wanted.collect();
        let mut settled = false;
        while !settled {
            settled = true;
            self.marks.fill(0);
            next.iter().for_each(|&cell| self.marks[cell] += 1);
            for (forager, next) in self.foragers.iter().zip(&mut next) {
                if *next != forager.cell && self.marks[*next] > 1 {
                    *next = forager.cell;
                    settled = false;
                }
            }
        }
        for (forager, next) in self.foragers.iter_mut().zip(next) {
            forager.cell = next;
        }
        self.show_strength();
    }

    fn food_beside(&self, cell: usize) -> Option<usize> {
        Move::ALL.iter().map(|&step| self.board.moved(cell, step)).find(|&beside| self.food[beside] > 0)
    }

    /// Takes what is loaded by enough, and shares it.
    fn load(&mut self, actions: &[usize], steps: &mut [Step]) {
        let loads = |(forager, &action): (&Forager, &usize)| {
            if action == LOAD { self.food_beside(forager.cell) } else { None }
        };
        let loaded: SmallVec<[Option<usize>; 8]> = self.foragers.iter().zip(actions).map(loads).collect();
        for &piece in loaded.iter().flatten() {
            let level = self.food[piece];
            let together = |agent: &usize| loaded[*agent] == Some(piece);
            let strength: usize = (0..loaded.len()).filter(together).map(|agent| self.foragers[agent].level).sum();
            // Nothing is left of it when the second of those who took it comes up here.
            if level == 0 || strength < level {
                continue;
            }
            for agent in (0..loaded.len()).filter(together) {
                let share = (self.foragers[agent].level * level) as f64 / (strength * self.worth) as f64;
                steps[agent].reward = share;
            }
            self.food[piece] = 0;
            self.pieces -= 1;
        }
    }

    fn observe(&self, observations: &mut Observations) {
        let radius = self.rules.radius as isize;
        let plane = (2 * self.rules.radius + 1).pow(2);
        let unit = self.rules.max_level as f32;
        for (forager, observation) in self.foragers.iter().zip(observations) {
            let (row, column) = self.board.row_and_column(forager.cell);
            let (row, column) = (row as isize, column as isize);
            let rows = row - radius..=row + radius;
            let window = rows.flat_map(|row| (column - radius..=column + radius).map(move |column| (row, column)));
            for (place, (row, column)) in window.enumerate() {
                let seen = match self.board.cell_at(row, column) {
                    None => [1.0, 0.0, 0.0],
                    Some(cell) => [0.0, self.food[cell] as f32 / unit, self.strength[cell] as f32 / unit],
                };
                for (number, seen) in seen.into_iter().enumerate() {
                    observation[number * plane + place] = seen;
                }
            }
        }
    }
}

impl TeamEnvironment for ForagingWorld {
    fn agents(&self) -> Vec<String> {
        (0..self.foragers.len()).map(|agent| format!("agent_{agent}")).collect()
    }

    fn observation_space(&self, _: usize) -> Space {
        let side = 2 * self.rules.radius + 1;
        let highs = [1.0, WEAKEST as f32, 1.0];
        let high: Vec<f32> = highs.into_iter().flat_map(|high| std::iter::repeat_n(high, side * side)).collect();
        Space::Box { low: vec![0.0; high.len()], high, shape: vec![PLANES, side, side] }
    }

    fn action_space(&self, _: usize) -> Space {
        Space::discrete(ACTIONS)
    }

    fn reset(&mut self, rng: &mut Rng, observations: &mut Observations) {
        self.begin(rng);
        self.observe(observations);
    }

    fn step(
        &mut self,
        actions: &[Option<Action<'_>>],
        _: &mut Rng,
        observations: &mut Observations,
        steps: &mut [Step],
    ) {
        let actions: SmallVec<[usize; 8]> = actions.iter().map(|action| action.map_or(STAY, Action::index)).collect();
        steps.fill(Step::going_on(0.0));
        self.walk(&actions);
        self.load(&actions, steps);
        steps.iter_mut().for_each(|step| step.terminated = self.pieces == 0);
        self.observe(observations);
    }

    /// Agents are letters, food its level.
    fn picture(&self) -> Option<Picture> {
        let letter = |agent: usize| ('A'..='Z').nth(agent).unwrap_or('@');
        let tiles = self.board.tiles(|cell| {
            if let Some(agent) = self.foragers.iter().position(|forager| forager.cell == cell) {
                return Tile { character: letter(agent), ..Tile::AGENT };
            }
            match char::from_digit(self.food[cell] as u32, 36) {
                None | Some('0') => Tile::FLOOR,
                Some(level) => Tile::new(level, Mark::Diamond, Colour::GREEN),
            }
        });
        let level = |(agent, forager): (usize, &Forager)| format!("{} {}", letter(agent), forager.level);
        let agents: Vec<String> = self.foragers.iter().enumerate().map(level).collect();
        let food: Vec<String> = self.food.iter().filter(|level| **level > 0).map(usize::to_string).collect();
        let food = if food.is_empty() { "none".into() } else { food.join(", ") };
        Some(Picture::from(tiles).with_caption(format!("levels: {}; food: {food}", agents.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::observation_buffers;
    use super::*;
    use crate::stream;
    use rand::RngExt;

    const UP: usize = 0;
    const RIGHT: usize = 1;
    const DOWN: usize = 2;
    const LEFT: usize = 3;

    /// A board of 5 by 5 cells with agents and food, each of a cell and a level.
    fn world(agents: &[(usize, usize)], food: &[(usize, usize)]) -> ForagingWorld {
        let rules = Foraging { size: 5, agents: agents.len(), food: 1, radius: 1, ..Foraging::default() };
        let mut world = rules.world().unwrap();
        world.foragers = agents.iter().map(|&(cell, level)| Forager { cell, level }).collect();
        food.iter().for_each(|&(cell, level)| world.food[cell] = level);
        world.count_food();
        world.show_strength();
        world
    }

    /// One step of all: rewards, and whether it was the last.
    fn act(world: &mut ForagingWorld, actions: &[usize]) -> (Vec<f64>, bool) {
        let mut seen = observation_buffers(world);
        let mut steps = vec![Step::going_on(f64::NAN); actions.len()];
        let actions: Vec<_> = actions.iter().map(|&action| Some(Action::Discrete(action))).collect();
        world.step(&actions, &mut stream(0, "foraging", &[]), &mut seen, &mut steps);
        assert!(steps.iter().all(|step| step.terminated == steps[0].terminated && !step.truncated));
        (steps.iter().map(|step| step.reward).collect(), steps[0].terminated)
    }

    fn cells(world: &ForagingWorld) -> Vec<usize> {
        world.foragers.iter().map(|forager| forager.cell).collect()
    }

    #[test]
    fn food_is_had_by_enough_who_load_and_shared_by_level() {
        // Above, left of and below food of level 3 in the middle; other food, of level 1, in a corner.
        let mut world = world(&[(7, 1), (11, 2), (17, 2)], &[(12, 3), (20, 1)]);
        assert_eq!(act(&mut world, &[STAY, LOAD, STAY]), (vec![0.0; 3], false), "2 is less than 3");
        assert_eq!(act(&mut world, &[STAY, STAY, RIGHT]), (vec![0.0; 3], false));
        assert_eq!(act(&mut world, &[LOAD, LOAD, LOAD]), (vec![0.25, 0.5, 0.0], false), "the third is not beside it");
        assert_eq!((world.food[12], world.pieces), (0, 1));
        assert_eq!(act(&mut world, &[DOWN, DOWN, LOAD]), (vec![0.0; 3], false), "where it was is free now");
        assert_eq!(cells(&world), [12, 16, 18]);
        assert_eq!(act(&mut world, &[STAY, LEFT, STAY]), (vec![0.0; 3], false));
        assert_eq!(act(&mut world, &[STAY, LOAD, STAY]), (vec![0.0, 0.25, 0.0], true), "all is taken");
    }

    #[test]
    fn more_than_enough_share_too_and_two_pieces_may_be_taken_at_once() {
        let mut world = world(&[(1, 2), (7, 1), (23, 1)], &[(6, 2), (18, 1)]);
        let (rewards, over) = act(&mut world, &[LOAD, LOAD, LOAD]);
        assert_eq!(rewards, [4.0 / 9.0, 2.0 / 9.0, 3.0 / 9.0]);
        assert!(over);
    }

    #[test]
    fn who_would_share_a_cell_stays() {
        let after = |agents: &[usize], food: &[(usize, usize)], actions: &[usize]| {
            let agents: Vec<_> = agents.iter().map(|&cell| (cell, 1)).collect();
            let mut world = world(&agents, food);
            act(&mut world, actions);
            let strength: Vec<usize> = (0..25).filter(|&cell| world.strength[cell] > 0).collect();
            let mut sorted = cells(&world);
            sorted.sort_unstable();
            assert_eq!(strength, sorted);
            cells(&world)
        };
        let far = [(24, 1)];
        assert_eq!(after(&[10, 12], &far, &[RIGHT, LEFT]), [10, 12], "both want the cell between them");
        assert_eq!(after(&[5, 10, 12], &far, &[DOWN, RIGHT, LEFT]), [5, 10, 12], "and so a third must wait");
        assert_eq!(after(&[12, 10, 5, 0], &far, &[LEFT, RIGHT, DOWN, DOWN]), [12, 10, 5, 0], "and a fourth");
        assert_eq!(after(&[10, 11], &far, &[RIGHT, STAY]), [10, 11], "somebody is there");
        assert_eq!(after(&[10, 11], &far, &[RIGHT, RIGHT]), [11, 12], "one follows the other");
        assert_eq!(after(&[10, 11], &far, &[RIGHT, LEFT]), [11, 10], "they change places");
        assert_eq!(after(&[0, 23], &far, &[UP, RIGHT]), [0, 23], "the border and food are in the way");
        assert_eq!(after(&[22, 18], &far, &[RIGHT, DOWN]), [22, 18]);
        assert_eq!(after(&[23, 18], &far, &[RIGHT, DOWN]), [23, 18], "who walks into food stays, and is in the way");
    }

    #[test]
    fn everybody_sees_a_window_of_walls_food_and_agents() {
        let mut world = world(&[(0, 2), (6, 1), (24, 1)], &[(5, 4)]);
        let mut seen = observation_buffers(&world);
        seen.iter_mut().for_each(|seen| seen.fill(f32::NAN));
        world.observe(&mut seen);
        let walls = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        let food = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0];
        let agents = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.5];
        assert_eq!(*seen[0], *[walls, food, agents].concat());
        let alone = [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(seen[2][18..], alone);
        world.foragers.pop();
        assert_eq!(world.observation_space(0), self::world(&[(0, 1); 9], &[]).observation_space(8));
    }

    /// The first action on a shortest way for an agent to a cell, around food and the other's cell; load if it is there.
    fn way(world: &ForagingWorld, agent: usize, goal: usize) -> usize {
        let start = world.foragers[agent].cell;
        if start == goal {
            return LOAD;
        }
        let free = |cell: usize| world.food[cell] == 0 && (world.strength[cell] == 0 || cell == start);
        let mut queue = vec![goal];
        let mut seen = [false; 64];
        for next in 0.. {
            let Some(&cell) = queue.get(next) else { break };
            for (action, opposite) in [(DOWN, Move::Up), (LEFT, Move::Right), (UP, Move::Down), (RIGHT, Move::Left)] {
                let before = world.board.moved(cell, opposite);
                if before == start && cell != start {
                    return action;
                }
                if free(before) && !seen[before] {
                    seen[before] = true;
                    queue.push(before);
                }
            }
        }
        STAY
    }

    #[test]
    fn two_who_know_the_way_take_all_food_and_random_ones_hardly_any() {
        let rules = Foraging { cooperative: true, ..Foraging::default() };
        let mut by_chance = 0.0;
        for episode in 0..200 {
            let mut rng = stream(episode, "foraging", &[1]);
            let mut world = rules.world().unwrap();
            let mut seen = observation_buffers(&world);
            world.reset(&mut rng, &mut seen);
            let mut random = world.clone();
            let (mut earned, mut over, mut steps) = (0.0, false, 0);
            while !over && steps < rules.max_episode_steps {
                // The upper one comes from above and the other from below, who waits where they would meet, and now and then so
                // that they do not dodge each other for ever.
                let food = (0..64).find(|&cell| world.food[cell] > 0).unwrap();
                let upper = usize::from(world.foragers[0].cell > world.foragers[1].cell);
                let mut actions = [STAY; 2];
                actions[upper] = way(&world, upper, food - 8);
                let from_below = way(&world, 1 - upper, food + 8);
                let next = |agent: usize, action: usize| world.wanted(world.foragers[agent].cell, action);
                if next(upper, actions[upper]) != next(1 - upper, from_below) && steps % 4 < 3 {
                    actions[1 - upper] = from_below;
                }
                let rewards;
                (rewards, over) = act(&mut world, &actions);
                earned += rewards.iter().sum::<f64>();
                steps += 1;
            }
            assert!(over && (earned - 1.0).abs() < 1e-12, "episode {episode}: {earned} in {steps} steps");
            for _ in 0..rules.max_episode_steps {
                let actions = [0, 1].map(|_| rng.random_range(0..ACTIONS as u64) as usize);
                let (rewards, over) = act(&mut random, &actions);
                by_chance += rewards.iter().sum::<f64>() / 200.0;
                if over {
                    break;
                }
            }
        }
        assert!(by_chance < 0.2, "{by_chance}");
    }
}
