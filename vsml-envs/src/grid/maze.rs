//! Mazes: random ones, and those on which learners are usually tested.
//!
//! A new maze for each task asks for what a learner can carry from one maze to another: to look ahead, to keep a
//! direction, not to search the same corridor twice. The random ones are for training; how well it was learnt is mostly
//! reported on the maps with names.

use super::goal_board::{GoalBoard, Looks, check_numbers};
use super::maze_maps::{CORRIDORS, MazeMap, WALLS};
use super::{Board, MAX_SIDE, Move, Place, RewardMode, View};
use crate::picture::Picture;
use crate::registry::{Family, unread};
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Mazes with a goal: `Maze-v0`.
///
/// # Description
/// An agent in a maze is to get from the start to the goal. Walls, start and goal are the task; any free cell can be
/// reached from any other. What the maze is, `map` says:
/// - `walls`: 13 by 13 cells with 60 walls on random cells;
/// - `corridors`: a random maze of corridors one cell wide ([`Board::with_corridors`]), with loops if wanted;
/// - `SixteenRooms`, `SixteenRooms2`, `Labyrinth`, `LabyrinthFlipped`, `Labyrinth2`, `StandardMaze`, `StandardMaze2`,
///   `StandardMaze3`, `SmallCorridor`, `LargeCorridor`: maps on which learners are usually tested;
/// - rows separated by `/`, as in `S.#/..G`: `#` is a wall, `.` free, `S` the start, `G` the goal. Without an `S` or a `G`
///   it is drawn among the free cells; of several `G` one is drawn.
///
/// # Action space
/// `Discrete(4)`: up, right, down, left ([`Move`]). A move against a wall leads nowhere.
///
/// # Observation space
/// As [`View`] says; the only kind of thing is the goal, which is seen if `show_goal` is true, as it is by default, and the
/// view is `egocentric` or `whole`. By default `Box(0, 1)` of shape `[2, 5, 5]`: walls and goal around the agent, also
/// behind walls.
///
/// # Rewards
/// In the step that reaches the goal, the `t`-th of its episode, `1 - time_cost * t / max_episode_steps`, where `time_cost`
/// is 0.9; otherwise 0. Plus what `rewards` adds for the way ([`RewardMode`]).
///
/// # Starting state
/// On the start; with `start=episode` on a random free cell other than the goal.
///
/// # Episode end
/// Terminated at the goal; truncated after `max_episode_steps`, 250.
///
/// # Arguments
/// The fields below. To train and test as is usual: `Maze-v0`, then `Maze-v0:map=SixteenRooms` and so on.
///
/// # Differences from the source
/// Size, number of walls, 250 steps, reward and named maps are those of minimax and JaxUED. There the agent has a heading,
/// turns and goes forward, and sees 5 by 5 cells ahead of it; here it moves in four directions and sees 5 by 5 cells around
/// it, so their numbers are not to be expected. Their random mazes may have fewer walls than asked for (the same cell drawn
/// twice) or no way to the goal; ours have all and always a way. minimax allows 450 steps on the named maps, 882 on
/// `LargeCorridor`, and draws the goal of the two corridors for each episode, not with the task.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mazes {
    /// `walls`, `corridors`, the name of a map, or rows separated by `/`.
    pub map: String,
    /// Cells along a side of a random maze; an odd number for `corridors`.
    pub size: usize,
    /// Number of walls of `map=walls`; they never separate free cells from each other.
    pub walls: usize,
    /// Probability with which each wall between the corridors of `map=corridors` is opened.
    pub loops: Span,
    /// Where episodes start: `task`, which is the map's `S` or drawn with the task, or `episode`.
    pub start: Place,
    /// How much of the reward is lost by taking all the time there is.
    pub time_cost: f64,
    /// What is added to the reward for the way to the goal.
    pub rewards: RewardMode,
    /// Whether the goal is seen, in the views that have a plane for it.
    pub show_goal: bool,
    /// What the learner sees.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
}

impl Default for Mazes {
    fn default() -> Self {
        Mazes {
            map: WALLS.into(),
            size: 13,
            walls: 60,
            loops: Span::single(0.0),
            start: Place::Task,
            time_cost: 0.9,
            rewards: RewardMode::Sparse,
            show_goal: true,
            view: View::Egocentric,
            radius: 2,
            max_episode_steps: 250,
        }
    }
}

impl Mazes {
    fn looks(&self) -> Looks {
        let has_planes = matches!(self.view, View::Egocentric | View::Whole);
        let show_goal = self.show_goal && has_planes;
        Looks { view: self.view, radius: self.radius, show_goal, rewards: self.rewards }
    }

    /// Draws a task, without its limit of steps.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn maze(&self, rng: &mut Rng) -> Result<Maze, String> {
        self.check()?;
        let size = self.size;
        let unmarked = |board: Board| MazeMap { board, start: None, goals: Vec::new() };
        let map = match self.map.as_str() {
            WALLS => Board::with_random_walls(size, size, self.walls, rng).map(unmarked),
            CORRIDORS => Board::with_corridors(size, size, self.loops.sample(rng), rng).map(unmarked),
            map => Ok(MazeMap::read(map)?),
        };
        let MazeMap { board, start, goals } = map.map_err(|error| error.to_string())?;
        let start = start.filter(|_| self.start == Place::Task);
        let goal = match goals.len() {
            0 => board.draw_vacant(rng, usize::from(start.is_some()), |cell| Some(cell) == start).unwrap_or(0),
            several => goals[rng.random_range(0..several as u64) as usize],
        };
        let start = match self.start {
            Place::Task => start.or_else(|| board.draw_vacant(rng, 1, |cell| cell == goal)),
            _ => None,
        };
        Ok(Maze {
            world: GoalBoard::new(board, goal, start, self.looks()),
            cost_of_a_step: self.time_cost / self.max_episode_steps as f64,
            steps: 0,
        })
    }
}

impl Family for Mazes {
    fn check(&self) -> Result<(), String> {
        let is_random = [WALLS, CORRIDORS].contains(&self.map.as_str());
        if is_random && !(2..=MAX_SIDE).contains(&self.size) {
            return Err(format!("`size` is {}: a side has 2 to {MAX_SIDE} cells", self.size));
        }
        if self.map == CORRIDORS && self.size.is_multiple_of(2) {
            return Err(format!("`size` is {}: corridors need an odd number", self.size));
        }
        if self.map == WALLS && self.walls > self.size * self.size - 2 {
            return Err(format!("`walls` is {}: two of {} cells must be free", self.walls, self.size * self.size));
        }
        let Mazes { size, walls, loops, .. } = Mazes::default();
        if !is_random {
            MazeMap::read(&self.map)?;
            unread("size", &self.size, &size, "map=walls or map=corridors")?;
        }
        if self.map != WALLS {
            unread("walls", &self.walls, &walls, "map=walls")?;
        }
        if self.map != CORRIDORS {
            unread("loops", &self.loops, &loops, "map=corridors")?;
        }
        if self.loops.low() < 0.0 || self.loops.high() > 1.0 {
            return Err(format!("`loops` is {}: a probability is 0 to 1", self.loops));
        }
        if !matches!(self.start, Place::Task | Place::Episode) {
            return Err(format!("`start` is {}: give task or episode; a map marks its start with S", self.start));
        }
        self.looks().check()?;
        check_numbers(&[("time_cost", self.time_cost)], self.max_episode_steps)
    }
}

impl TaskDistribution for Mazes {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.maze(rng) {
            Ok(maze) => Box::new(TimeLimit::new(maze, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// One task of [`Mazes`]: its walls and its goal are set.
#[derive(Clone, Debug)]
pub struct Maze {
    world: GoalBoard,
    cost_of_a_step: f64,
    steps: u64,
}

impl Environment for Maze {
    fn observation_space(&self) -> Space {
        self.world.space()
    }

    fn action_space(&self) -> Space {
        Space::discrete(Move::ALL.len())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.steps = 0;
        self.world.begin(rng);
        self.world.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        self.steps += 1;
        let way = self.world.walk(action.index());
        self.world.observe(observation);
        let terminated = self.world.is_at_goal();
        let reward = if terminated { 1.0 - self.cost_of_a_step * self.steps as f64 } else { 0.0 };
        Step { reward: way + reward, terminated, truncated: false }
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

    fn begun(family: &Mazes, index: u64) -> (Maze, Rng, Vec<f32>) {
        let mut rng = stream(0, "maze", &[index]);
        let mut maze = family.maze(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; maze.observation_space().flat_len()];
        maze.reset(&mut rng, &mut observation);
        (maze, rng, observation)
    }

    fn with_map(map: &str) -> Mazes {
        Mazes { map: map.into(), ..Mazes::default() }
    }

    /// The number of steps and the return of the best player.
    fn best(family: &Mazes, index: u64) -> (u32, f64) {
        let (mut maze, mut rng, mut observation) = begun(family, index);
        let mut total = 0.0;
        for steps in 1.. {
            let action = nearer(&maze.world.board, &maze.world.goal, maze.world.agent);
            let step = maze.step(Action::Discrete(action), &mut rng, &mut observation);
            total += step.reward;
            if step.terminated {
                return (steps, total);
            }
        }
        unreachable!("a goal that is never reached");
    }

    #[test]
    fn the_sooner_the_goal_is_reached_the_more_it_is_worth() {
        let (steps, total) = best(&with_map("Labyrinth"), 0);
        assert!(steps == 96 && (total - (1.0 - 0.9 * 96.0 / 250.0)).abs() < 1e-12, "{total}");
        let quick = Mazes { max_episode_steps: 4, time_cost: 1.0, ..with_map("S#G/...") };
        assert_eq!(best(&quick, 0), (4, 0.0));
        let potential = Mazes { rewards: RewardMode::Potential, ..quick };
        assert_eq!(best(&potential, 0), (4, 4.0));
        let (mut maze, mut rng, mut observation) = begun(&with_map("S#G/..."), 0);
        let mut at_goal_from_another_episode = |maze: &mut Maze| {
            maze.reset(&mut rng, &mut observation);
            let rewards = [2, 1, 1, 0].map(|action| maze.step(Action::Discrete(action), &mut rng, &mut observation));
            rewards.map(|step| (step.reward, step.terminated))
        };
        let nothing = (0.0, false);
        for _ in 0..2 {
            let rewards = at_goal_from_another_episode(&mut maze);
            assert_eq!(rewards, [nothing, nothing, nothing, (1.0 - 0.9 / 250.0 * 4.0, true)]);
        }
    }

    #[test]
    fn every_task_can_be_solved() {
        for family in [
            Mazes::default(),
            with_map("corridors"),
            Mazes { loops: Span::between(0.0, 1.0), start: Place::Episode, ..with_map("corridors") },
            Mazes { size: 5, walls: 23, ..Mazes::default() },
        ] {
            for index in 0..1000 {
                let (maze, ..) = begun(&family, index);
                let distance = maze.world.goal.distance(maze.world.agent);
                assert!(distance.is_some_and(|distance| distance > 0), "{:?}", maze.world.board);
            }
        }
    }

    #[test]
    fn marks_of_a_map_are_heeded() {
        let mut drawn = [[0; 5]; 2];
        for index in 0..3000 {
            let (maze, ..) = begun(&with_map("S.G.G"), index);
            assert_eq!(maze.world.agent, 0);
            drawn[0][maze.world.goal.cell()] += 1;
            let (maze, ..) = begun(&with_map("..S.."), index);
            assert_eq!(maze.world.agent, 2);
            drawn[1][maze.world.goal.cell()] += 1;
        }
        let near = |count: i32, expected: i32| (count - expected).abs() < 110; // standard deviations 27 and 24
        assert!(near(drawn[0][2], 1500) && drawn[0][2] + drawn[0][4] == 3000, "{drawn:?}");
        assert!(drawn[1][2] == 0 && [0, 1, 3, 4].iter().all(|cell| near(drawn[1][*cell], 750)), "{drawn:?}");
        let (mut maze, mut rng, mut observation) = begun(&Mazes { start: Place::Episode, ..with_map("S.G") }, 0);
        let mut starts = [0; 3];
        for _ in 0..3000 {
            maze.reset(&mut rng, &mut observation);
            starts[maze.world.agent] += 1;
        }
        assert!(near(starts[0], 1500) && starts[2] == 0, "{starts:?}");
    }

    #[test]
    fn the_goal_is_seen_when_it_is_near() {
        let (.., observation) = begun(&Mazes { radius: 1, ..with_map("#G./.S.") }, 0);
        assert_eq!(observation[..9], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        assert_eq!(observation[9..], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        for (family, name) in [
            (Mazes { size: 1, ..Mazes::default() }, "`size`"),
            (Mazes { size: 12, ..with_map("corridors") }, "`size` is 12: corridors"),
            (Mazes { walls: 168, ..Mazes::default() }, "`walls`"),
            (with_map("Labyrint"), "`map`"),
            (Mazes { loops: Span::between(0.0, 2.0), ..Mazes::default() }, "`loops`"),
            (Mazes { start: Place::Centre, ..Mazes::default() }, "`start`"),
            (Mazes { radius: 0, ..Mazes::default() }, "`radius`"),
            (Mazes { time_cost: f64::NAN, ..Mazes::default() }, "`time_cost`"),
            (Mazes { max_episode_steps: 0, ..Mazes::default() }, "`max_episode_steps`"),
        ] {
            let error = family.check().unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}
