//! Hearts to collect, traps to avoid: the gridworld of Kirsch et al. 2021 (arXiv 2109.10781).
//!
//! What makes it a test of learning is that nothing about a heart says that it is good. Its reward is part of the task:
//! meta-train with hearts worth 1 and traps worth -1, meta-test with the two swapped
//! (`heart_reward=-1,trap_reward=1`), and a learner that has merely memorised what a heart looks like collects the wrong
//! things. The task is the paper's; sizes, views and lengths are ours.

use super::{Board, MAX_SIDE, Move, Sight, View};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use serde::{Deserialize, Serialize};

/// Gridworlds with hearts and traps: `HeartsAndTraps-v0`.
///
/// # Description
/// An agent walks on a square board, on which lie hearts and traps, and inner walls if wanted. Walking onto a heart or a
/// trap collects it and gives its reward; it reappears at once on another free cell.
///
/// # Action space
/// `Discrete(4)`: up, right, down, left ([`Move`]). A move against a wall or out of the board leads nowhere.
///
/// # Observation space
/// As [`View`] says; kinds of things are hearts and traps. By default `Box(0, 1)` of shape `[3, 5, 5]`: planes wall, heart,
/// trap of the window around the agent.
///
/// # Rewards
/// `heart_reward` or `trap_reward` in the step that collects one, otherwise 0.
///
/// # Starting state
/// Agent, hearts and traps on random free cells, one on each. The inner walls belong to the task and stay.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 200 by default; `time_limit` makes episodes.
///
/// # Arguments
/// The fields below. The two rewards are part of the task so that they can be swapped between training and testing.
///
/// # Differences from the source
/// The paper's task, our settings. A heart worth 1, a trap worth -1 and their swapping for the test are the paper's; the
/// size of the board, the number of objects, their reappearing, the view and the length of a lifetime are ours, so its
/// numbers are not to be expected here.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeartsAndTraps {
    /// Cells along a side of the board.
    pub size: usize,
    /// Number of inner walls; they never separate free cells from each other.
    pub walls: usize,
    /// Number of hearts.
    pub hearts: usize,
    /// Number of traps.
    pub traps: usize,
    /// What collecting a heart is worth.
    pub heart_reward: f64,
    /// What collecting a trap is worth.
    pub trap_reward: f64,
    /// What the learner sees.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
}

impl Default for HeartsAndTraps {
    fn default() -> Self {
        HeartsAndTraps {
            size: 5,
            walls: 0,
            hearts: 1,
            traps: 1,
            heart_reward: 1.0,
            trap_reward: -1.0,
            view: View::Egocentric,
            radius: 2,
        }
    }
}

impl HeartsAndTraps {
    fn sight(&self) -> Sight {
        Sight { view: self.view, radius: self.radius, kinds: 2 }
    }

    /// Draws the walls of a world.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn world(&self, rng: &mut Rng) -> Result<HeartsAndTrapsWorld, String> {
        self.check()?;
        let board =
            Board::with_random_walls(self.size, self.size, self.walls, rng).map_err(|error| error.to_string())?;
        let contents = vec![Content::Nothing; board.cells()];
        Ok(HeartsAndTrapsWorld { family: self.clone(), board, contents, agent: 0 })
    }
}

impl Family for HeartsAndTraps {
    fn check(&self) -> Result<(), String> {
        let HeartsAndTraps { size, walls, hearts, traps, radius, .. } = *self;
        if !(2..=MAX_SIDE).contains(&size) {
            return Err(format!("`size` is {size}: a side has 2 to {MAX_SIDE} cells"));
        }
        if hearts == 0 && traps == 0 {
            return Err("`hearts` and `traps` are both 0: there would be nothing to do".into());
        }
        let needed = [walls, hearts, traps].into_iter().try_fold(1, usize::checked_add);
        if needed.is_none_or(|needed| needed > size * size) {
            return Err(format!(
                "{walls} walls, {hearts} hearts, {traps} traps and the agent do not fit on {} cells: enlarge `size`",
                size * size
            ));
        }
        if self.view == View::Egocentric && !(1..=size).contains(&radius) {
            return Err(format!("`radius` is {radius}: an egocentric view reaches 1 to {size} (`size`) cells"));
        }
        for (name, reward) in [("heart_reward", self.heart_reward), ("trap_reward", self.trap_reward)] {
            if !reward.is_finite() {
                return Err(format!("`{name}` is {reward}: a reward must be finite"));
            }
        }
        Ok(())
    }
}

impl TaskDistribution for HeartsAndTraps {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.world(rng) {
            Ok(world) => Box::new(world),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// What lies on a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Nothing,
    Heart,
    Trap,
}

/// One world of [`HeartsAndTraps`]: its walls are set.
#[derive(Clone, Debug)]
pub struct HeartsAndTrapsWorld {
    family: HeartsAndTraps,
    board: Board,
    contents: Vec<Content>,
    agent: usize,
}

impl HeartsAndTrapsWorld {
    /// The board with its walls.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The cell on which the agent stands.
    pub fn agent(&self) -> usize {
        self.agent
    }

    /// Whether a heart lies on `cell`.
    pub fn has_heart(&self, cell: usize) -> bool {
        self.contents[cell] == Content::Heart
    }

    /// Whether a trap lies on `cell`.
    pub fn has_trap(&self, cell: usize) -> bool {
        self.contents[cell] == Content::Trap
    }

    /// Puts `content` on a random cell on which there is nothing, of which `others` are taken by objects.
    fn place(&mut self, content: Content, others: usize, rng: &mut Rng) {
        let (contents, agent) = (&self.contents, self.agent);
        let occupied = |cell: usize| cell == agent || contents[cell] != Content::Nothing;
        // There always is one: `check` has counted the cells.
        if let Some(cell) = self.board.draw_vacant(rng, 1 + others, occupied) {
            self.contents[cell] = content;
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        let kind = |cell: usize| match self.contents[cell] {
            Content::Nothing => None,
            Content::Heart => Some(0),
            Content::Trap => Some(1),
        };
        self.family.sight().observe(&self.board, self.agent, kind, observation);
    }
}

impl Environment for HeartsAndTrapsWorld {
    fn observation_space(&self) -> Space {
        self.family.sight().space(&self.board)
    }

    fn action_space(&self) -> Space {
        Space::discrete(Move::ALL.len())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.contents.fill(Content::Nothing);
        self.agent = self.board.draw_vacant(rng, 0, |_| false).unwrap_or(0);
        for heart in 0..self.family.hearts {
            self.place(Content::Heart, heart, rng);
        }
        for trap in 0..self.family.traps {
            self.place(Content::Trap, self.family.hearts + trap, rng);
        }
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        self.agent = self.board.moved(self.agent, Move::ALL[action.index()]);
        let found = std::mem::replace(&mut self.contents[self.agent], Content::Nothing);
        let reward = match found {
            Content::Nothing => 0.0,
            Content::Heart => self.family.heart_reward,
            Content::Trap => self.family.trap_reward,
        };
        if found != Content::Nothing {
            self.place(found, self.family.hearts + self.family.traps - 1, rng);
        }
        self.observe(observation);
        Step::going_on(reward)
    }

    fn picture(&self) -> Option<Picture> {
        const HEART: Tile = Tile::new('h', Mark::Diamond, Colour::GREEN);
        let tile = |cell: usize| match self.contents[cell] {
            _ if cell == self.agent => Tile::AGENT,
            Content::Nothing => Tile::FLOOR,
            Content::Heart => HEART,
            Content::Trap => Tile::TRAP,
        };
        Some(self.board.tiles(tile).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use rand::RngExt;

    fn begun(family: HeartsAndTraps, index: u64) -> (HeartsAndTrapsWorld, Rng, Vec<f32>) {
        let mut rng = stream(0, "hearts and traps", &[index]);
        let mut world = family.world(&mut rng).unwrap();
        let mut observation = vec![f32::NAN; world.observation_space().flat_len()];
        world.reset(&mut rng, &mut observation);
        (world, rng, observation)
    }

    fn count(world: &HeartsAndTrapsWorld) -> (usize, usize) {
        let of = |kind| world.contents.iter().filter(|content| **content == kind).count();
        (of(Content::Heart), of(Content::Trap))
    }

    #[test]
    fn objects_are_collected_rewarded_and_reappear() {
        for (index, (walls, hearts, traps)) in [(0, 1, 1), (10, 3, 5), (14, 5, 5), (0, 0, 24)].into_iter().enumerate() {
            let family = HeartsAndTraps { walls, hearts, traps, heart_reward: 2.0, ..HeartsAndTraps::default() };
            let (mut world, mut rng, mut observation) = begun(family, index as u64);
            let mut collected = [0; 2];
            for _ in 0..3000 {
                let action = rng.random_range(0..4u64) as usize;
                let target = world.board.moved(world.agent, Move::ALL[action]);
                let expected = match (world.has_heart(target), world.has_trap(target)) {
                    (true, _) => 2.0,
                    (_, true) => -1.0,
                    _ => 0.0,
                };
                collected[0] += usize::from(expected == 2.0);
                collected[1] += usize::from(expected == -1.0);
                let answer = world.step(Action::Discrete(action), &mut rng, &mut observation);
                assert_eq!((answer, world.agent), (Step::going_on(expected), target));
                assert_eq!(count(&world), (hearts, traps), "what was collected has reappeared");
                assert_eq!(world.contents[world.agent], Content::Nothing);
                assert!((0..25).all(|cell| !world.board.is_wall(cell) || world.contents[cell] == Content::Nothing));
            }
            assert!((hearts == 0 || collected[0] > 20) && collected[1] > 20, "{collected:?}");
        }
    }

    #[test]
    fn the_whole_view_shows_the_whole_board() {
        let family = HeartsAndTraps { walls: 6, hearts: 2, traps: 3, view: View::Whole, ..HeartsAndTraps::default() };
        let (world, _, observation) = begun(family, 10);
        for cell in 0..25 {
            let expected =
                [cell == world.agent, world.board.is_wall(cell), world.has_heart(cell), world.has_trap(cell)];
            let shown = [0, 1, 2, 3].map(|plane| observation[plane * 25 + cell] == 1.0);
            assert_eq!(shown, expected);
        }
        assert_eq!(observation.iter().sum::<f32>(), 1.0 + 6.0 + 2.0 + 3.0);
    }

    #[test]
    fn the_egocentric_view_is_the_board_around_the_agent() {
        let family = HeartsAndTraps { walls: 6, hearts: 2, traps: 3, radius: 2, ..HeartsAndTraps::default() };
        let (mut world, mut rng, mut observation) = begun(family, 11);
        for step in 0..200 {
            let (row, column) = world.board.row_and_column(world.agent);
            for place in 0..25 {
                let cell = world.board.cell_at((row + place / 5) as isize - 2, (column + place % 5) as isize - 2);
                let expected = [
                    cell.is_none_or(|cell| world.board.is_wall(cell)),
                    cell.is_some_and(|cell| world.has_heart(cell)),
                    cell.is_some_and(|cell| world.has_trap(cell)),
                ];
                assert_eq!([0, 1, 2].map(|plane| observation[plane * 25 + place] == 1.0), expected);
            }
            world.step(Action::Discrete(step / 3 % 4), &mut rng, &mut observation);
        }
    }

    #[test]
    fn a_reset_moves_everything_but_the_walls() {
        let family = HeartsAndTraps { walls: 5, ..HeartsAndTraps::default() };
        let (mut world, mut rng, mut observation) = begun(family, 12);
        let walls = world.board.clone();
        let mut starts = [0; 25];
        for _ in 0..2000 {
            world.reset(&mut rng, &mut observation);
            assert_eq!(count(&world), (1, 1));
            starts[world.agent] += 1;
        }
        assert_eq!(world.board, walls);
        let fair =
            |cell: usize| if walls.is_wall(cell) { starts[cell] == 0 } else { (55..150).contains(&starts[cell]) };
        assert!((0..25).all(fair), "{starts:?}: 100 expected, standard deviation 10");
    }

    #[test]
    fn impossible_parameters_are_refused_clearly() {
        let refuse = |change: fn(&mut HeartsAndTraps)| {
            let mut family = HeartsAndTraps::default();
            change(&mut family);
            family.check().unwrap_err()
        };
        for size in [0, 1, 65, usize::MAX] {
            let family = HeartsAndTraps { size, ..HeartsAndTraps::default() };
            assert!(family.check().unwrap_err().contains("`size`"));
            assert!(family.world(&mut stream(0, "hearts and traps", &[13])).is_err());
        }
        assert!(refuse(|family| family.walls = 23).contains("do not fit on 25 cells"));
        assert!(refuse(|family| family.hearts = usize::MAX).contains("do not fit"));
        assert!(refuse(|family| (family.hearts, family.traps) = (0, 0)).contains("nothing to do"));
        assert!(refuse(|family| family.radius = 0).contains("`radius`"));
        assert!(refuse(|family| family.radius = 6).contains("`radius`"));
        assert!(refuse(|family| family.trap_reward = f64::NEG_INFINITY).contains("`trap_reward`"));
        let tight = HeartsAndTraps { walls: 22, ..HeartsAndTraps::default() };
        assert_eq!(tight.check(), Ok(()), "three cells for agent, heart and trap will do");
    }

    #[test]
    fn parameters_survive_being_written() {
        let family = HeartsAndTraps { view: View::Whole, heart_reward: -1.0, ..HeartsAndTraps::default() };
        let json = serde_json::to_string(&family).unwrap();
        assert!(json.contains(r#""view":"whole""#), "{json}");
        assert_eq!(serde_json::from_str::<HeartsAndTraps>(&json).unwrap(), family);
    }
}
