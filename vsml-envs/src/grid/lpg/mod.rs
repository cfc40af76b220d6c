//! The gridworlds of "Discovering Reinforcement Learning Algorithms" (Oh et al. 2020, arXiv 2007.08794).
//!
//! Objects lie on a board, of a few kinds, and a kind is three numbers: what it is worth, how likely collecting it ends
//! the episode, and how likely it returns in a step. That alone makes worlds in which one should hurry, wait, turn back
//! or take a risk, and an update rule that was meta-trained on them has been found to work elsewhere.
//!
//! The paper gives ten such worlds by name. The distribution over worlds, `all`, is that of GROOVE (Jackson et al.
//! 2023, arXiv 2310.02782), whose public settings are also where the constants of the ten were read. The settings are
//! in `mode.rs`, what happens in a world is here.

mod mode;

pub use mode::LpgMode;

use super::{Board, Move, Sight, View};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution, write_one_hot};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// What each action does, in the order of the source; the last stays where it is.
const ACTIONS: [Option<Move>; 5] = [Some(Move::Up), Some(Move::Down), Some(Move::Left), Some(Move::Right), None];

/// What the objects of one kind have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObjectKind {
    /// The reward for collecting one.
    pub reward: f64,
    /// Probability that collecting one terminates the episode.
    pub terminate: f64,
    /// Probability, in each step, that a collected one returns.
    pub respawn: f64,
}

/// What the learner sees of an [`LpgGridWorld`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LpgView {
    /// `whole` in the modes whose names begin with `rand`, `tabular` in the others, as in the source.
    #[default]
    ByMode,
    /// The number of the state: the agent's cell and which objects are there to be collected.
    Tabular,
    /// The whole board ([`View::Whole`]).
    Whole,
    /// A window around the agent ([`View::Egocentric`]).
    Egocentric,
}

/// The gridworlds of Oh et al. 2020: `LpgGrid-v0`.
///
/// # Description
/// An agent walks on a square board on which objects lie. Walking onto an object collects it, gives the reward of its
/// kind and may end the episode; in every later step it may return, to its own cell or, in the modes whose names begin
/// with `rand`, to any vacant one. What kinds there are and how many of each is the mode; the modes are listed at
/// [`LpgMode`]. The task is the places of the agent and the objects, and in `all` also everything else.
///
/// | mode | kinds: reward, probability of ending, of returning |
/// |---|---|
/// | `dense`, `rand-dense` | two of 1, 0, 0.05; one of -1, 0.5, 0.1; one of -1, 0, 0.5 |
/// | `sparse` | one of 1, 1, 0; one of -1, 1, 0 |
/// | `long`, `rand-long` | two of 1, 0, 0.01; two of -1, 0.5, 1 |
/// | `longer` | two of 1, 0.1, 0.01; three of -1, 0.8, 1 |
/// | `long-dense` | four of 1, 0, 0.005 |
/// | `rand-small` | two of 1, 0, 0.05; two of -1, 0.5, 0.1 |
/// | `rand-sparse` | one of 1, 1, 1; two of -1, 1, 1 |
/// | `rand-very-dense` | one of 1, 0, 1 |
/// | `all` | one to five, each of its own kind: reward uniform in -1..1 (the first 0..1), ending log-uniform in 0.01..1, returning in 0.001..0.1 |
///
/// In `all`, boards have a side of 4 to 10, of whose cells about 15 in 100 are walls, and episodes are log-uniform in
/// 20..750 steps long.
///
/// # Action space
/// `Discrete(5)`: up, down, left, right, stay. A move against a wall or out of the board leads nowhere. Staying on the
/// cell to which an object returns collects it.
///
/// # Observation space
/// As [`LpgView`] says.
/// - `tabular`: `Discrete(cells * 2^objects)`, the number `cell + cells * present`, where bit `i` of `present` says
///   that object `i` is there. 1936 in `dense`, 676 in `sparse`, 3200 in `all`.
/// - `whole`, `egocentric`: planes of each kind as in [`Sight`]; three kinds in `dense`, one in `long-dense`, five in
///   `all`.
///
/// The space is the same for all tasks of a mode: in `all`, boards are padded with walls to a side of 10, and objects
/// that a task does not have are never there.
///
/// # Rewards
/// That of the object's kind in the step that collects it, otherwise 0.
///
/// # Starting state
/// All objects are there, the agent on its cell of the task. In the `rand` modes objects are placed anew in each
/// episode.
///
/// # Episode end
/// Terminated by an object, with the probability of its kind; truncated after the mode's number of steps, or after
/// `max_episode_steps` if that is given.
///
/// # Arguments
/// The fields below.
///
/// # Differences from the source
/// The constants, the walls and the distribution `all` are those of GROOVE's published settings. They were compared
/// with another independent port: objects, lengths and the walls of `long-dense` agree; `longer` does not. There the
/// board has 9 columns and 7 rows and a small cross in the dividing wall, and five objects are worth -1; here as in
/// GROOVE it is 9 by 9 with doors at the second and the last but one row, and three. The paper's own layouts and its
/// actions of collecting and of walking diagonally could not be checked; as in GROOVE there are neither of the latter
/// here.
///
/// GROOVE appends a thousandth of the time to every observation; here nothing tells the time. Its random walls may cut
/// a board in two and its returning objects may land in walls; neither happens here, and a small board has at most so
/// many walls that agent and objects find room. What returns to a random cell may return to one that an object has just
/// left; GROOVE keeps those free. Cells are numbered by the padded board, not by the task's own.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LpgGrid {
    /// Which gridworld, or which distribution over them.
    pub mode: LpgMode,
    /// What the learner sees.
    pub view: LpgView,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps; if not given, the mode says.
    pub max_episode_steps: Option<u64>,
}

impl Default for LpgGrid {
    fn default() -> Self {
        LpgGrid { mode: LpgMode::All, view: LpgView::ByMode, radius: 2, max_episode_steps: None }
    }
}

impl LpgGrid {
    /// Draws a world and the length of its episodes.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn world(&self, rng: &mut Rng) -> Result<(LpgGridWorld, u64), String> {
        self.check()?;
        let level = self.mode.draw(rng).map_err(|error| error.to_string())?;
        let board = level.board;
        let mut taken: Vec<usize> = Vec::new();
        for _ in 0..=level.objects.len() {
            let cell = board.draw_vacant(rng, taken.len(), |cell| taken.contains(&cell));
            taken.push(cell.ok_or("agent and objects do not fit on the board")?);
        }
        let objects: Vec<(usize, usize)> = level.objects.into_iter().zip(taken.split_off(1)).collect();
        let view = match (self.view, self.mode.is_random()) {
            (LpgView::ByMode, true) => LpgView::Whole,
            (LpgView::ByMode, false) => LpgView::Tabular,
            (view, _) => view,
        };
        let world = LpgGridWorld {
            slots: level.slots,
            view,
            radius: self.radius,
            ..LpgGridWorld::new(board, level.kinds, &objects, taken[0], self.mode.is_random())?
        };
        Ok((world, self.max_episode_steps.unwrap_or(level.steps)))
    }
}

impl Family for LpgGrid {
    fn check(&self) -> Result<(), String> {
        let (radius, side) = (self.radius, self.mode.side());
        if self.view == LpgView::Egocentric && !(1..=side).contains(&radius) {
            return Err(format!("`radius` is {radius}: an egocentric view reaches 1 to {side} cells in this mode"));
        }
        if self.max_episode_steps == Some(0) {
            return Err("`max_episode_steps` is 0: an episode has at least one step".into());
        }
        Ok(())
    }
}

impl TaskDistribution for LpgGrid {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.world(rng) {
            Ok((world, steps)) => Box::new(TimeLimit::new(world, steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// An object, there or not.
#[derive(Clone, Copy, Debug)]
struct Object {
    kind: usize,
    cell: usize,
    present: bool,
}

/// One world of [`LpgGrid`], without a limit to its episodes.
#[derive(Clone, Debug)]
pub struct LpgGridWorld {
    board: Board,
    kinds: Vec<ObjectKind>,
    objects: Vec<Object>,
    /// Which object lies on each cell, for all that are present.
    lying: Vec<Option<u8>>,
    /// For how many objects there is room in a tabular observation.
    slots: usize,
    start: usize,
    agent: usize,
    random: bool,
    view: LpgView,
    radius: usize,
}

impl LpgGridWorld {
    /// A world of your own: `objects` are pairs of a kind's number and a cell, the agent starts on `start`. If
    /// `random`, each episode places the objects anew and each returns to a random cell. The view is tabular.
    ///
    /// # Errors
    /// If a kind does not exist, a probability is none, a cell is a wall, taken twice or beyond the board, or there are
    /// more than 16 objects.
    pub fn new(
        board: Board,
        kinds: Vec<ObjectKind>,
        objects: &[(usize, usize)],
        start: usize,
        random: bool,
    ) -> Result<Self, String> {
        if objects.len() > 16 {
            return Err(format!("{} objects: at most 16", objects.len()));
        }
        for (index, kind) in kinds.iter().enumerate() {
            let ObjectKind { reward, terminate, respawn } = *kind;
            if !reward.is_finite() || !(0.0..=1.0).contains(&terminate) || !(0.0..=1.0).contains(&respawn) {
                return Err(format!("kind {index} is {kind:?}: a finite reward and two probabilities are needed"));
            }
        }
        let mut taken = vec![start];
        for &(kind, cell) in objects {
            if kind >= kinds.len() {
                return Err(format!("an object of kind {kind}: there are {} kinds", kinds.len()));
            }
            if taken.contains(&cell) {
                return Err(format!("cell {cell} is taken twice"));
            }
            taken.push(cell);
        }
        if let Some(cell) = taken.iter().find(|&&cell| cell >= board.cells() || board.is_wall(cell)) {
            return Err(format!("cell {cell} is a wall or beyond the board"));
        }
        Ok(LpgGridWorld {
            lying: vec![None; board.cells()],
            objects: objects.iter().map(|&(kind, cell)| Object { kind, cell, present: false }).collect(),
            slots: objects.len(),
            agent: start,
            view: LpgView::Tabular,
            radius: 1,
            board,
            kinds,
            start,
            random,
        })
    }

    /// The board with its walls.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The cell on which the agent stands.
    pub fn agent(&self) -> usize {
        self.agent
    }

    /// The kinds of objects.
    pub fn kinds(&self) -> &[ObjectKind] {
        &self.kinds
    }

    /// Which kind of object lies on `cell`.
    pub fn kind_on(&self, cell: usize) -> Option<usize> {
        self.lying[cell].map(|object| self.objects[usize::from(object)].kind)
    }

    /// Puts object number `index`, which is not there, on its cell or a random one.
    fn place(&mut self, index: usize, rng: &mut Rng) {
        if self.random {
            let present = self.objects.iter().filter(|object| object.present).count();
            let (lying, agent) = (&self.lying, self.agent);
            let occupied = |cell: usize| cell == agent || lying[cell].is_some();
            // There always is one: all objects and the agent had cells of their own when the world was made.
            if let Some(cell) = self.board.draw_vacant(rng, 1 + present, occupied) {
                self.objects[index].cell = cell;
            }
        }
        self.objects[index].present = true;
        self.lying[self.objects[index].cell] = Some(index as u8);
    }

    fn sight(&self) -> Option<Sight> {
        let view = match self.view {
            LpgView::Whole => View::Whole,
            LpgView::Egocentric => View::Egocentric,
            LpgView::Tabular | LpgView::ByMode => return None,
        };
        Some(Sight { view, radius: self.radius, kinds: self.kinds.len() })
    }

    fn observe(&self, observation: &mut [f32]) {
        match self.sight() {
            Some(sight) => sight.observe(&self.board, self.agent, |cell| self.kind_on(cell), observation),
            None => {
                let present = self.objects.iter().rev().fold(0, |bits, object| bits << 1 | usize::from(object.present));
                write_one_hot(observation, self.agent + self.board.cells() * present);
            }
        }
    }
}

impl Environment for LpgGridWorld {
    fn observation_space(&self) -> Space {
        match self.sight() {
            Some(sight) => sight.space(&self.board),
            None => Space::discrete(self.board.cells() << self.slots),
        }
    }

    fn action_space(&self) -> Space {
        Space::discrete(ACTIONS.len())
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.agent = self.start;
        for object in &mut self.objects {
            self.lying[object.cell] = None;
            object.present = false;
        }
        for index in 0..self.objects.len() {
            self.place(index, rng);
        }
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        if let Some(step) = ACTIONS[action.index()] {
            self.agent = self.board.moved(self.agent, step);
        }
        let collected = self.lying[self.agent].take().map(usize::from);
        if let Some(index) = collected {
            self.objects[index].present = false;
        }
        for index in 0..self.objects.len() {
            let Object { kind, present, .. } = self.objects[index];
            if !present && collected != Some(index) && rng.random::<f64>() < self.kinds[kind].respawn {
                self.place(index, rng);
            }
        }
        let mut step = Step::going_on(0.0);
        if let Some(index) = collected {
            let ObjectKind { reward, terminate, .. } = self.kinds[self.objects[index].kind];
            step = Step { reward, terminated: rng.random::<f64>() < terminate, truncated: false };
        }
        self.observe(observation);
        step
    }

    fn picture(&self) -> Option<Picture> {
        const COLOURS: [Colour; 5] = [Colour::GREEN, Colour::RED, Colour::ORANGE, Colour::PURPLE, Colour::SKY];
        let letter = |kind: usize| char::from(b'a' + kind as u8 % 26);
        let tile = |cell: usize| match self.kind_on(cell) {
            _ if cell == self.agent => Tile::AGENT,
            None => Tile::FLOOR,
            Some(kind) => {
                let mark = if self.kinds[kind].reward > 0.0 { Mark::Diamond } else { Mark::Cross };
                Tile::new(letter(kind), mark, COLOURS[kind % COLOURS.len()])
            }
        };
        let mut caption = String::from("reward, ending, returning:");
        for (index, kind) in self.kinds.iter().enumerate() {
            if !self.objects.iter().any(|object| object.kind == index) {
                continue;
            }
            let ObjectKind { reward, terminate, respawn } = kind;
            let _ = write!(caption, " {} {reward:.2} {terminate:.2} {respawn:.3}", letter(index)); // a String takes all
        }
        Some(Picture::from(self.board.tiles(tile)).with_caption(caption))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    const STAY: usize = 4;

    /// A corridor of four cells: the agent, then objects of kinds 0 and 1.
    fn corridor(kinds: [ObjectKind; 2], random: bool) -> LpgGridWorld {
        let board = Board::open(4, 1).unwrap();
        LpgGridWorld::new(board, kinds.to_vec(), &[(0, 1), (1, 3)], 0, random).unwrap()
    }

    fn kind(reward: f64, terminate: f64, respawn: f64) -> ObjectKind {
        ObjectKind { reward, terminate, respawn }
    }

    #[test]
    fn a_walk_along_the_corridor() {
        let mut world = corridor([kind(1.0, 0.0, 0.0), kind(-0.5, 1.0, 0.0)], false);
        let mut rng = stream(0, "lpg", &[]);
        let mut observation = vec![f32::NAN; world.observation_space().flat_len()];
        assert_eq!(observation.len(), 16);
        let state = |observation: &[f32]| observation.iter().position(|x| *x == 1.0).unwrap();
        world.reset(&mut rng, &mut observation);
        assert_eq!(state(&observation), 4 * 3, "cell 0, both objects there");
        let mut walk = |action: usize, reward: f64, terminated: bool, expected: usize| {
            let step = world.step(Action::Discrete(action), &mut rng, &mut observation);
            assert_eq!(step, Step { reward, terminated, truncated: false });
            assert_eq!(state(&observation), expected);
        };
        walk(2, 0.0, false, 12);
        walk(3, 1.0, false, 1 + 4 * 2);
        walk(STAY, 0.0, false, 1 + 4 * 2);
        walk(0, 0.0, false, 1 + 4 * 2);
        walk(1, 0.0, false, 1 + 4 * 2);
        walk(3, 0.0, false, 2 + 4 * 2);
        walk(3, -0.5, true, 3);
    }

    #[test]
    fn an_object_that_always_returns_is_away_for_one_step() {
        let mut world = corridor([kind(1.0, 0.0, 1.0), kind(0.0, 0.0, 0.0)], false);
        let (mut rng, mut observation) = (stream(0, "lpg", &[1]), vec![0.0; 16]);
        world.reset(&mut rng, &mut observation);
        let rewards: Vec<f64> = [3, STAY, STAY, STAY, STAY]
            .map(|action| world.step(Action::Discrete(action), &mut rng, &mut observation).reward)
            .to_vec();
        assert_eq!(rewards, [1.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn objects_end_episodes_and_return_as_often_as_they_should() {
        let mut world = corridor([kind(1.0, 0.3, 0.2), kind(0.0, 0.0, 0.0)], false);
        let (mut rng, mut observation) = (stream(0, "lpg", &[2]), vec![0.0; 16]);
        world.reset(&mut rng, &mut observation);
        world.step(Action::Discrete(3), &mut rng, &mut observation);
        let (mut collected, mut ended, mut away, mut returned) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..50_000 {
            let was_away = world.kind_on(1).is_none();
            let step = world.step(Action::Discrete(STAY), &mut rng, &mut observation);
            collected += step.reward;
            ended += f64::from(u8::from(step.terminated));
            away += f64::from(u8::from(was_away));
            returned += f64::from(u8::from(was_away && world.kind_on(1).is_some()));
        }
        // About 42,000 steps away and 8,300 collected: standard errors 0.002 and 0.005.
        assert!((returned / away - 0.2).abs() < 0.008, "{returned} of {away}");
        assert!((ended / collected - 0.3).abs() < 0.02, "{ended} of {collected}");
    }

    #[test]
    fn random_objects_return_anywhere_but_to_the_agent() {
        let mut world = corridor([kind(1.0, 0.0, 1.0), kind(0.0, 0.0, 1.0)], true);
        let (mut rng, mut observation) = (stream(0, "lpg", &[3]), vec![0.0; 16]);
        let mut counts = [0; 4];
        for _ in 0..6000 {
            world.reset(&mut rng, &mut observation);
            counts[(0..4).find(|&cell| world.kind_on(cell) == Some(0)).unwrap()] += 1;
        }
        let fair = counts[0] == 0 && counts[1..].iter().all(|count| (1850..2150).contains(count));
        assert!(fair, "{counts:?}: 2000 expected, standard deviation 37");
        let mut returned = [0; 4];
        for step in 0..6000 {
            let action = if step % 7 < 3 { 2 } else { 3 };
            let was_away = (0..4).all(|cell| world.kind_on(cell) != Some(1));
            let collected = world.step(Action::Discrete(action), &mut rng, &mut observation).reward == 1.0;
            assert_eq!(world.kind_on(world.agent), None);
            let present = world.objects.iter().filter(|object| object.present).count();
            assert_eq!((0..4).filter(|&cell| world.kind_on(cell).is_some()).count(), present);
            if was_away && collected && world.agent == 1 {
                returned[(0..4).find(|&cell| world.kind_on(cell) == Some(1)).unwrap()] += 1;
            }
        }
        let [left, agent, _, right] = returned;
        let least = returned.iter().sum::<i32>() / 5;
        assert!(agent == 0 && least > 20 && left > least && right > least, "a third each: {returned:?}");
    }

    /// The action that begins a shortest way from the agent to `target`, around the cell `avoided`.
    fn towards(world: &LpgGridWorld, target: usize, avoided: usize) -> usize {
        let mut board = world.board.clone();
        board.set_wall(avoided, true);
        let mut first = vec![None; board.cells()];
        let mut queue = std::collections::VecDeque::from([(world.agent, None)]);
        while let Some((cell, way)) = queue.pop_front() {
            for (action, step) in ACTIONS.iter().enumerate() {
                let next = step.map_or(cell, |step| board.moved(cell, step));
                if next != world.agent && first[next].is_none() {
                    first[next] = way.or(Some(action));
                    queue.push_back((next, first[next]));
                }
            }
        }
        first[target].unwrap()
    }

    #[test]
    fn in_sparse_worlds_the_good_object_can_always_be_had() {
        let family = LpgGrid { mode: LpgMode::Sparse, ..LpgGrid::default() };
        for draw in 0..300 {
            let mut rng = stream(0, "lpg", &[6, draw]);
            let (mut world, steps) = family.world(&mut rng).unwrap();
            let mut observation = vec![0.0; world.observation_space().flat_len()];
            world.reset(&mut rng, &mut observation);
            let [good, bad] = [0, 1].map(|object: usize| world.objects[object].cell);
            let mut walk = (0..steps).map(|_| {
                let action = towards(&world, good, bad);
                world.step(Action::Discrete(action), &mut rng, &mut observation)
            });
            let end = walk.find(Step::ended);
            assert_eq!(end, Some(Step { reward: 1.0, terminated: true, truncated: false }), "draw {draw}");
        }
    }

    #[test]
    fn an_episode_is_as_long_as_the_mode_says_unless_told_otherwise() {
        for (max_episode_steps, expected) in [(None, 50), (Some(7), 7), (Some(60), 60)] {
            let family = LpgGrid { mode: LpgMode::Sparse, max_episode_steps, ..LpgGrid::default() };
            let mut rng = stream(0, "lpg", &[7]);
            let mut world = family.sample(&mut rng);
            let mut observation = vec![0.0; world.observation_space().flat_len()];
            world.reset(&mut rng, &mut observation);
            let truncated = (1..100).find(|_| world.step(Action::Discrete(STAY), &mut rng, &mut observation).truncated);
            assert_eq!(truncated, Some(expected));
        }
    }

    #[test]
    fn planes_show_what_lies_where() {
        let family = LpgGrid { mode: LpgMode::Longer, view: LpgView::Whole, ..LpgGrid::default() };
        let mut rng = stream(0, "lpg", &[4]);
        let (mut world, steps) = family.world(&mut rng).unwrap();
        assert_eq!((steps, world.observation_space().flat_len()), (2000, 4 * 81));
        let mut observation = vec![f32::NAN; 4 * 81];
        world.reset(&mut rng, &mut observation);
        let sums = [0, 1, 2, 3].map(|plane| observation[plane * 81..(plane + 1) * 81].iter().sum::<f32>());
        assert_eq!(sums, [1.0, 7.0, 2.0, 3.0]);
        assert!((0..81).all(|cell| (observation[2 * 81 + cell] == 1.0) == (world.kind_on(cell) == Some(0))));
    }

    #[test]
    fn spaces_are_the_same_for_all_tasks_of_a_mode() {
        let mut rng = stream(0, "lpg", &[5]);
        for (view, len) in [(LpgView::ByMode, 3200), (LpgView::Whole, 700), (LpgView::Egocentric, 150)] {
            for _ in 0..20 {
                let (world, _) = LpgGrid { view, ..LpgGrid::default() }.world(&mut rng).unwrap();
                assert_eq!(world.observation_space().flat_len(), len);
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let refuse = |family: LpgGrid| family.check().unwrap_err();
        let far = LpgGrid { view: LpgView::Egocentric, radius: 11, ..LpgGrid::default() };
        assert!(refuse(far).contains("`radius` is 11"));
        assert!(refuse(LpgGrid { max_episode_steps: Some(0), ..LpgGrid::default() }).contains("max_episode_steps"));
        let world = |objects: &[(usize, usize)], terminate: f64| {
            LpgGridWorld::new(Board::open(2, 2).unwrap(), vec![kind(1.0, terminate, 0.0)], objects, 0, false)
                .unwrap_err()
        };
        assert!(world(&[(0, 0)], 0.0).contains("cell 0 is taken twice"));
        assert!(world(&[(1, 1)], 0.0).contains("of kind 1"));
        assert!(world(&[(0, 4)], 0.0).contains("cell 4"));
        assert!(world(&[], 1.5).contains("probabilities"));
    }
}
