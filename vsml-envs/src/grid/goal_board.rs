//! An agent on a board with a goal: what rooms and mazes have in common.
//!
//! It keeps where everything is, moves, looks and draws. What reaching the goal is worth, and whether it ends the episode,
//! is for each family to say: its file has its rules and nothing else.

use super::{Board, Goal, MAX_SIDE, Move, Place, RewardMode, Sight, View};
use crate::picture::{Tile, Tiles};
use crate::{Rng, Space};

/// Actions of a world in which one can also stay: the four of [`Move`], then staying.
pub(super) const ACTIONS_WITH_STAYING: usize = Move::ALL.len() + 1;

/// How a goal board is seen and rewarded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    pub(super) view: View,
    pub(super) radius: usize,
    pub(super) show_goal: bool,
    pub(super) rewards: RewardMode,
}

impl Looks {
    pub(super) fn check(&self) -> Result<(), String> {
        check_view(self.view, self.radius)?;
        check_shown("show_goal", self.show_goal, self.view)
    }
}

/// Refuses a window that reaches nowhere or beyond every board.
pub(super) fn check_view(view: View, radius: usize) -> Result<(), String> {
    if view == View::Egocentric && !(1..=MAX_SIDE).contains(&radius) {
        return Err(format!("`radius` is {radius}: an egocentric view reaches 1 to {MAX_SIDE} cells"));
    }
    Ok(())
}

/// Refuses to show a thing in a view without a plane for it.
pub(super) fn check_shown(name: &str, shown: bool, view: View) -> Result<(), String> {
    if shown && matches!(view, View::Cell | View::Position) {
        return Err(format!("`{name}` is true: only the views egocentric and whole have a plane for things"));
    }
    Ok(())
}

/// Refuses a side that no board can have.
pub(super) fn check_size(size: usize) -> Result<(), String> {
    if !(2..=MAX_SIDE).contains(&size) {
        return Err(format!("`size` is {size}: a side has 2 to {MAX_SIDE} cells"));
    }
    Ok(())
}

/// Refuses numbers that are NaN or infinite, and episodes without a step.
pub(super) fn check_numbers(rewards: &[(&str, f64)], max_episode_steps: u64) -> Result<(), String> {
    if let Some((name, reward)) = rewards.iter().find(|(_, reward)| !reward.is_finite()) {
        return Err(format!("`{name}` is {reward}: a reward must be finite"));
    }
    if max_episode_steps == 0 {
        return Err("`max_episode_steps` is 0: an episode has at least one step".into());
    }
    Ok(())
}

/// Refuses a penalty that would be a reward.
pub(super) fn check_penalty(name: &str, penalty: f64) -> Result<(), String> {
    if penalty < 0.0 {
        return Err(format!("`{name}` is {penalty}: it is taken off the reward, give 0 or more"));
    }
    Ok(())
}

/// Refuses a start on the goal, both set by hand: nothing would be left to do.
pub(super) fn check_apart(goal: Place, start: Place, board: &Board) -> Result<(), String> {
    match (goal.cell(board), start.cell(board)) {
        (Some(goal), Some(same)) if goal == same => {
            Err(format!("`start` is {start}, where `goal` is: set one of them elsewhere"))
        }
        _ => Ok(()),
    }
}

/// Where `action` leads from `cell`: a move, or staying if it is none of the four.
pub(super) fn walked(board: &Board, cell: usize, action: usize) -> usize {
    Move::ALL.get(action).map_or(cell, |step| board.moved(cell, *step))
}

/// The world of one task.
#[derive(Clone, Debug)]
pub(super) struct GoalBoard {
    pub(super) board: Board,
    pub(super) goal: Goal,
    pub(super) agent: usize,
    /// Where every episode starts, or none where each has a start of its own.
    start: Option<usize>,
    looks: Looks,
}

impl GoalBoard {
    /// Draws what belongs to the task: the goal, and the start if it is part of it. They are never on the same cell:
    /// [`check_apart`] sees to it where both are set by hand.
    pub(super) fn draw(board: Board, goal: Place, start: Place, looks: Looks, rng: &mut Rng) -> Self {
        let mut start_cell = start.cell(&board);
        let taken = usize::from(start_cell.is_some());
        let drawn = |rng| board.draw_vacant(rng, taken, |cell| Some(cell) == start_cell);
        let goal = goal.cell(&board).or_else(|| drawn(rng)).unwrap_or(0);
        if start == Place::Task {
            start_cell = board.draw_vacant(rng, 1, |cell| cell == goal);
        }
        Self::new(board, goal, start_cell, looks)
    }

    /// A board whose goal is on the cell `goal`. Episodes begin on `start`, or on random free cells.
    pub(super) fn new(board: Board, goal: usize, start: Option<usize>, looks: Looks) -> Self {
        let goal = Goal::new(&board, goal);
        GoalBoard { goal, agent: start.unwrap_or(0), start, looks, board }
    }

    fn sight(&self) -> Sight {
        Sight { view: self.looks.view, radius: self.looks.radius, kinds: usize::from(self.looks.show_goal) }
    }

    pub(super) fn space(&self) -> Space {
        self.sight().space(&self.board)
    }

    pub(super) fn observe(&self, observation: &mut [f32]) {
        let goal = self.looks.show_goal.then_some(self.goal.cell());
        self.sight().observe(&self.board, self.agent, |cell| (Some(cell) == goal).then_some(0), observation);
    }

    /// Puts the agent where an episode begins.
    pub(super) fn begin(&mut self, rng: &mut Rng) {
        match self.start {
            Some(start) => self.agent = start,
            None => self.scatter(rng),
        }
    }

    /// Puts the agent on a random free cell other than the goal.
    pub(super) fn scatter(&mut self, rng: &mut Rng) {
        let goal = self.goal.cell();
        self.agent = self.board.draw_vacant(rng, 1, |cell| cell == goal).unwrap_or(goal);
    }

    /// Carries out `action` and returns the reward for the way.
    pub(super) fn walk(&mut self, action: usize) -> f64 {
        let before = self.agent;
        self.agent = walked(&self.board, before, action);
        self.goal.reward_of_way(self.looks.rewards, before, self.agent)
    }

    pub(super) fn is_at_goal(&self) -> bool {
        self.agent == self.goal.cell()
    }

    pub(super) fn tiles(&self) -> Tiles {
        self.board.tiles(|cell| match cell {
            _ if cell == self.agent => Tile::AGENT,
            _ if cell == self.goal.cell() => Tile::GOAL,
            _ => Tile::FLOOR,
        })
    }
}

/// The action that leads nearer to the goal: the best player of a board without accidents.
#[cfg(test)]
pub(super) fn nearer(board: &Board, goal: &Goal, agent: usize) -> usize {
    let best = (0..Move::ALL.len()).min_by_key(|&action| goal.distance(walked(board, agent, action))).unwrap();
    if goal.distance(walked(board, agent, best)) < goal.distance(agent) { best } else { Move::ALL.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    const LOOKS: Looks = Looks { view: View::Whole, radius: 1, show_goal: false, rewards: RewardMode::Sparse };

    #[test]
    fn goals_and_starts_are_drawn_when_they_should_be() {
        let mut rng = stream(0, "goal board", &[0]);
        let board = Board::open(3, 1).unwrap();
        let mut goals = [0; 3];
        for _ in 0..3000 {
            let mut world = GoalBoard::draw(board.clone(), Place::Task, Place::Centre, LOOKS, &mut rng);
            goals[world.goal.cell()] += 1;
            world.begin(&mut rng);
            assert_eq!(world.agent, 1);
        }
        assert!(goals[1] == 0 && (1380..1620).contains(&goals[0]), "{goals:?}: standard deviation 27");
        let corner = Place::At { row: 0, column: 0 };
        let mut starts = [0; 3];
        let mut world = GoalBoard::draw(board.clone(), corner, Place::Episode, LOOKS, &mut rng);
        for _ in 0..3000 {
            world.begin(&mut rng);
            starts[world.agent] += 1;
        }
        assert!(starts[0] == 0 && (1380..1620).contains(&starts[1]), "{starts:?}: standard deviation 27");
        let mut world = GoalBoard::draw(board, corner, Place::Task, LOOKS, &mut rng);
        let first = world.start;
        world.begin(&mut rng);
        assert_eq!(first, Some(world.agent), "the start of a task stays");
    }

    #[test]
    fn the_goal_is_hidden_unless_it_is_to_be_shown() {
        for show_goal in [false, true] {
            let board = Board::open(3, 1).unwrap();
            let world = GoalBoard::new(board, 2, Some(0), Looks { show_goal, ..LOOKS });
            let mut observation = vec![f32::NAN; world.space().flat_len()];
            world.observe(&mut observation);
            let shown: &[f32] = if show_goal { &[0.0, 0.0, 1.0] } else { &[] };
            assert_eq!(observation, [&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], shown].concat());
        }
    }

    #[test]
    fn the_best_player_needs_as_many_moves_as_the_goal_is_far() {
        let mut rng = stream(0, "goal board", &[1]);
        for _ in 0..50 {
            let board = Board::with_random_walls(8, 6, 15, &mut rng).unwrap();
            let mut world = GoalBoard::draw(board, Place::Task, Place::Episode, LOOKS, &mut rng);
            world.begin(&mut rng);
            let distance = world.goal.distance(world.agent).unwrap();
            for _ in 0..distance {
                assert!(!world.is_at_goal());
                world.walk(nearer(&world.board, &world.goal, world.agent));
            }
            assert!(world.is_at_goal());
        }
    }
}
