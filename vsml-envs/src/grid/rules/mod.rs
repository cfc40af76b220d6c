//! A small world of hidden rules, after XLand-MiniGrid (Nikulin et al. 2023, arXiv 2312.12044).
//!
//! Objects turn into others when the agent picks them up, comes near or lays them side by side, by rules that belong to
//! the task and are shown to nobody. What is wanted is hidden too. A learner finds out in the first trials and uses it in
//! the later ones, in which the same objects lie elsewhere. How a task is drawn is in `task.rs`, what happens in one here.
//!
//! At most one object of a kind exists at any time. So all that is to be known is one place for each kind, and whether a
//! rule's condition holds is found without a look at the board.

mod task;

pub use task::{Condition, Rule, RuleTask};

use super::{Board, MAX_SIDE, Move, Sight, View};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::registry::Family;
use crate::wrappers::{Span, TimeLimit};
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use task::{Extent, letter};

/// What is drawn for each shape.
const MARKS: [Mark; 6] = [Mark::Disc, Mark::Square, Mark::Diamond, Mark::Arrow(0), Mark::Ring, Mark::Cross];
/// What is drawn for each colour.
const COLOURS: [Colour; 8] = [
    Colour::GREEN,
    Colour::ORANGE,
    Colour::PURPLE,
    Colour::SKY,
    Colour::RED,
    Colour::YELLOW,
    Colour::BLACK,
    Colour::GREY,
];
/// The actions after the four moves.
const PICK_UP: usize = 4;
const PUT_DOWN: usize = 5;

/// Worlds of hidden rules: `RuleWorld-v0`.
///
/// # Description
/// On a square board lie objects, each of a kind: a shape and a colour. The agent walks over them, picks one up, puts it
/// down elsewhere. *Rules* turn objects into others; the *goal* ends the trial. Both are drawn for the task and hidden.
/// An episode is a trial: in the next one the same objects lie elsewhere, while goal and rules are the same.
///
/// Rules and goals each wait for one of six conditions ([`Condition`]), each equally likely:
/// - *AgentHold(a)*: the agent carries `a`.
/// - *AgentNear(a)*: `a` lies on the agent's cell or one of the four next to it.
/// - *AgentOnTile(a)*: `a` lies on the agent's cell.
/// - *TileNear(a, b)*: `a` and `b` lie next to each other.
/// - *TileNearUp(a, b)*: `b` lies on the cell right above `a`.
/// - *TileNearRight(a, b)*: `b` lies on the next cell to the right of `a`.
///
/// When a rule's condition holds after a step, the objects it names vanish and its product appears where the first of them
/// was. Rules are tried once after each step, from the goal backwards, so that a product serves no earlier than in the next
/// step. Then comes the goal.
///
/// A task is built backwards from the goal, as a tree of `rules` productions one under the other; so it can be solved
/// whatever has been done. `distractor_rules` have inputs of their own and make what is of no use; `distractors` are
/// objects about which there is no rule.
///
/// # Action space
/// `Discrete(6)`: up, right, down, left ([`Move`]), pick up, put down. One object can be carried; it can be put down where
/// nothing lies.
///
/// # Observation space
/// `Box` of one dimension: the planes of [`Sight`] for shapes and then colours, flat, and after them which shape and which
/// colour is carried, one-hot or all 0. By default 9 planes of 5 by 5 (walls, four shapes, four colours) and 8 numbers.
///
/// # Rewards
/// `1 - 0.9 * steps / max_episode_steps` in the step that reaches the goal, otherwise 0.
///
/// # Starting state
/// Agent and objects on random free cells, one on each; nothing is carried.
///
/// # Episode end
/// Terminated by the goal; truncated after `max_episode_steps`, 150.
///
/// # Arguments
/// The fields below. `rules` may be a range such as `0..3`, of whose whole numbers each task draws one.
///
/// # Differences from the source
/// After the source in kind, not in numbers. Of its 15 goals there are six here and of its 12 rules five, with its names;
/// AgentOnTile as a rule is ours. Taken from it: hidden production rules, trees of productions, trials, the reward, about
/// three times as many steps as cells. Ours: the agent has no direction and walks over objects; near includes its own cell; a
/// product lies where the first input lay; every kind exists once and has one use, so there are no dead ends, which the
/// source has; what is carried is seen. There are neither doors nor rooms, and the source's sets of a million tasks are
/// not used: tasks are drawn.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleWorlds {
    /// Cells along a side of the board.
    pub size: usize,
    /// Number of inner walls, drawn for each task; they never separate free cells from each other.
    pub walls: usize,
    /// Number of shapes.
    pub shapes: usize,
    /// Number of colours.
    pub colours: usize,
    /// How many productions lead to the goal, one under the other.
    pub rules: Span,
    /// Number of rules that lead nowhere.
    pub distractor_rules: usize,
    /// Number of objects about which there is no rule.
    pub distractors: usize,
    /// What the learner sees.
    pub view: View,
    /// How far the egocentric view reaches, in cells.
    pub radius: usize,
    /// An episode is truncated after so many steps, and the reward falls over as many.
    pub max_episode_steps: u64,
}

impl Default for RuleWorlds {
    fn default() -> Self {
        RuleWorlds {
            size: 7,
            walls: 0,
            shapes: 4,
            colours: 4,
            rules: Span::single(2.0),
            distractor_rules: 1,
            distractors: 1,
            view: View::Egocentric,
            radius: 2,
            max_episode_steps: 150,
        }
    }
}

impl RuleWorlds {
    fn extent(&self, rules: usize) -> Extent {
        Extent {
            kinds: self.shapes * self.colours,
            rules,
            distractor_rules: self.distractor_rules,
            distractors: self.distractors,
        }
    }

    /// Draws a world.
    ///
    /// # Errors
    /// What is wrong with the parameters ([`Family::check`]).
    pub fn world(&self, rng: &mut Rng) -> Result<RuleWorld, String> {
        self.check()?;
        let rules = rng.random_range(self.rules.low() as u64..=self.rules.high() as u64) as usize;
        let task = RuleTask::draw(self.extent(rules), rng).ok_or("not enough kinds of objects")?;
        let board =
            Board::with_random_walls(self.size, self.size, self.walls, rng).map_err(|error| error.to_string())?;
        let world = RuleWorld::new(board, (self.shapes, self.colours), task, self.max_episode_steps)?;
        Ok(world.with_view(self.view, self.radius))
    }
}

impl Family for RuleWorlds {
    fn check(&self) -> Result<(), String> {
        let RuleWorlds { size, walls, shapes, colours, rules, radius, .. } = *self;
        if !(4..=MAX_SIDE).contains(&size) {
            return Err(format!("`size` is {size}: a side has 4 to {MAX_SIDE} cells"));
        }
        let cells = size * size;
        if walls > cells / 4 {
            return Err(format!("`walls` is {walls}: at most a quarter of the {cells} cells may be walls"));
        }
        if !(1..=MARKS.len()).contains(&shapes) {
            return Err(format!("`shapes` is {shapes}: there are 1 to {}", MARKS.len()));
        }
        if !(1..=COLOURS.len()).contains(&colours) {
            return Err(format!("`colours` is {colours}: there are 1 to {}", COLOURS.len()));
        }
        if rules.low().fract() != 0.0 || rules.high().fract() != 0.0 || rules.low() < 0.0 || rules.high() > 100.0 {
            return Err(format!("`rules` is {rules}: whole numbers from 0 to 100 are needed"));
        }
        let extent = self.extent(rules.high() as usize);
        if extent.most_kinds().is_none_or(|kinds| kinds > extent.kinds) {
            return Err(format!(
                "{} kinds are too few: the goal needs 2, each of `rules` 2, each of `distractor_rules` 3, each of \
                 `distractors` 1; enlarge `shapes` or `colours`",
                extent.kinds
            ));
        }
        // One cell for the agent, and one to put an object down for each that lies there.
        if extent.most_objects().is_none_or(|objects| 2 * objects + 1 > cells - walls) {
            return Err(format!("so many objects leave too little room on {} cells: enlarge `size`", cells - walls));
        }
        if self.view == View::Egocentric && !(1..=size).contains(&radius) {
            return Err(format!("`radius` is {radius}: an egocentric view reaches 1 to {size} (`size`) cells"));
        }
        if self.max_episode_steps == 0 {
            return Err("`max_episode_steps` is 0: an episode has at least one step".into());
        }
        Ok(())
    }
}

impl TaskDistribution for RuleWorlds {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.world(rng) {
            Ok(world) => Box::new(TimeLimit::new(world, self.max_episode_steps)),
            Err(reason) => panic!("{reason}"),
        }
    }
}

/// Where the object of a kind is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Hand,
    Cell(usize),
}

/// One world of [`RuleWorlds`], without a limit to its episodes.
#[derive(Clone, Debug)]
pub struct RuleWorld {
    board: Board,
    shapes: usize,
    colours: usize,
    task: RuleTask,
    /// Over how many steps the reward falls.
    horizon: u64,
    view: View,
    radius: usize,
    /// Where the object of each kind is.
    places: Vec<Place>,
    /// Which kind lies on each cell.
    lying: Vec<Option<u8>>,
    carried: Option<usize>,
    agent: usize,
    steps: u64,
    trial: u64,
}

impl RuleWorld {
    /// A world of your own, seen in a window of 5 by 5. Kind number `shape * colours + colour` has that shape and colour,
    /// where `kinds` is how many shapes and colours there are; the reward falls over `horizon` steps.
    ///
    /// # Errors
    /// If there are more than 6 shapes or 8 colours or none, the task speaks of a kind that does not exist or has an
    /// object twice, its objects and the agent do not fit on the board, or `horizon` is 0.
    pub fn new(board: Board, kinds: (usize, usize), task: RuleTask, horizon: u64) -> Result<Self, String> {
        let (shapes, colours) = kinds;
        if !(1..=MARKS.len()).contains(&shapes) || !(1..=COLOURS.len()).contains(&colours) {
            return Err(format!("{shapes} shapes and {colours} colours: at most 6 and 8, and one of each"));
        }
        let named = task.rules.iter().flat_map(|rule| rule.condition.inputs().chain([rule.product]));
        let named = named.chain(task.goal.inputs()).chain(task.objects.iter().copied());
        if let Some(kind) = named.max().filter(|&kind| kind >= shapes * colours) {
            return Err(format!("the task speaks of kind {kind}: there are {}", shapes * colours));
        }
        let twice = |&(index, kind): &(usize, &usize)| task.objects[..index].contains(kind);
        if let Some((_, kind)) = task.objects.iter().enumerate().find(twice) {
            return Err(format!("kind {kind} is twice among the objects: there is one of each at most"));
        }
        if task.objects.len() >= board.free_cells() || horizon == 0 {
            return Err(format!(
                "{} objects and an agent on {} cells, {horizon} steps: more cells or steps are needed",
                task.objects.len(),
                board.free_cells()
            ));
        }
        Ok(RuleWorld {
            places: vec![Place::Nowhere; shapes * colours],
            lying: vec![None; board.cells()],
            agent: (0..board.cells()).find(|&cell| !board.is_wall(cell)).unwrap_or(0),
            board,
            shapes,
            colours,
            task,
            horizon,
            view: View::Egocentric,
            radius: 2,
            carried: None,
            steps: 0,
            trial: 0,
        })
    }

    /// The same world seen in another way.
    pub fn with_view(mut self, view: View, radius: usize) -> Self {
        self.view = view;
        self.radius = radius;
        self
    }

    /// The board with its walls.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The cell on which the agent stands.
    pub fn agent(&self) -> usize {
        self.agent
    }

    /// The kind of the object that the agent carries.
    pub fn carried(&self) -> Option<usize> {
        self.carried
    }

    /// The kind of the object that lies on `cell`.
    pub fn kind_on(&self, cell: usize) -> Option<usize> {
        self.lying[cell].map(usize::from)
    }

    /// Goal and rules.
    pub fn task(&self) -> &RuleTask {
        &self.task
    }

    fn remove(&mut self, kind: usize) {
        match std::mem::replace(&mut self.places[kind], Place::Nowhere) {
            Place::Nowhere => {}
            Place::Hand => self.carried = None,
            Place::Cell(cell) => self.lying[cell] = None,
        }
    }

    fn put(&mut self, kind: usize, place: Place) {
        self.places[kind] = place;
        match place {
            Place::Nowhere => {}
            Place::Hand => self.carried = Some(kind),
            Place::Cell(cell) => self.lying[cell] = Some(kind as u8),
        }
    }

    /// Rows and columns from one cell to another.
    fn offset(&self, from: usize, to: usize) -> (isize, isize) {
        let ((row, column), (other_row, other_column)) =
            (self.board.row_and_column(from), self.board.row_and_column(to));
        (other_row as isize - row as isize, other_column as isize - column as isize)
    }

    fn holds(&self, condition: Condition) -> bool {
        let steps_between = |(rows, columns): (isize, isize)| rows.abs() + columns.abs();
        let from_agent = |kind: usize| match self.places[kind] {
            Place::Cell(cell) => Some(self.offset(self.agent, cell)),
            Place::Nowhere | Place::Hand => None,
        };
        let between = |one: usize, other: usize| match (self.places[one], self.places[other]) {
            (Place::Cell(one), Place::Cell(other)) => Some(self.offset(one, other)),
            _ => None,
        };
        match condition {
            Condition::AgentHold(kind) => self.places[kind] == Place::Hand,
            Condition::AgentNear(kind) => from_agent(kind).is_some_and(|offset| steps_between(offset) <= 1),
            Condition::AgentOnTile(kind) => from_agent(kind) == Some((0, 0)),
            Condition::TileNear(one, other) => between(one, other).is_some_and(|offset| steps_between(offset) == 1),
            Condition::TileNearUp(one, other) => between(one, other) == Some((-1, 0)),
            Condition::TileNearRight(one, other) => between(one, other) == Some((0, 1)),
        }
    }

    /// Lets each rule act whose condition holds, unless what it makes is there already.
    fn apply_rules(&mut self) {
        for index in 0..self.task.rules.len() {
            let Rule { condition, product } = self.task.rules[index];
            if self.holds(condition) {
                let used = condition.inputs();
                if self.places[product] != Place::Nowhere && !used.clone().any(|kind| kind == product) {
                    continue;
                }
                let place = used.clone().next().map_or(Place::Nowhere, |first| self.places[first]);
                used.for_each(|kind| self.remove(kind));
                self.put(product, place);
            }
        }
    }

    fn sight(&self, kinds: usize) -> Sight {
        Sight { view: self.view, radius: self.radius, kinds }
    }

    fn observe(&self, observation: &mut [f32]) {
        let (shapes, colours) = (self.shapes, self.colours);
        let (seen, carried) = observation.split_at_mut(observation.len() - shapes - colours);
        let shape = |cell: usize| self.kind_on(cell).map(|kind| kind / colours);
        let colour = |cell: usize| self.kind_on(cell).map(|kind| kind % colours);
        if matches!(self.view, View::Egocentric | View::Whole) {
            // A sight begins with the planes of agent and walls. Those of the colours' fall on the last of the shapes'
            // and are overwritten by these: colours first.
            let plane = match self.view {
                View::Egocentric => (2 * self.radius + 1).pow(2),
                _ => self.board.cells(),
            };
            self.sight(colours).observe(&self.board, self.agent, colour, &mut seen[shapes * plane..]);
            let end = seen.len() - colours * plane;
            self.sight(shapes).observe(&self.board, self.agent, shape, &mut seen[..end]);
        } else {
            self.sight(0).observe(&self.board, self.agent, |_| None, seen);
        }
        carried.fill(0.0);
        if let Some(kind) = self.carried {
            carried[kind / colours] = 1.0;
            carried[shapes + kind % colours] = 1.0;
        }
    }
}

impl Environment for RuleWorld {
    fn observation_space(&self) -> Space {
        let (mut low, mut high) = match self.sight(self.shapes + self.colours).space(&self.board) {
            Space::Box { low, high, .. } => (low, high),
            other => (vec![0.0; other.flat_len()], vec![1.0; other.flat_len()]),
        };
        low.extend(vec![0.0; self.shapes + self.colours]);
        high.extend(vec![1.0; self.shapes + self.colours]);
        Space::Box { shape: vec![low.len()], low, high }
    }

    fn action_space(&self) -> Space {
        Space::discrete(PUT_DOWN + 1)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.places.fill(Place::Nowhere);
        self.lying.fill(None);
        self.carried = None;
        self.steps = 0;
        self.trial += 1;
        for index in 0..self.task.objects.len() {
            let lying = &self.lying;
            // There always is one: `new` has counted the cells.
            if let Some(cell) = self.board.draw_vacant(rng, index, |cell| lying[cell].is_some()) {
                self.put(self.task.objects[index], Place::Cell(cell));
            }
        }
        let lying = &self.lying;
        self.agent =
            self.board.draw_vacant(rng, self.task.objects.len(), |cell| lying[cell].is_some()).unwrap_or(self.agent);
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        self.steps += 1;
        match (action.index(), self.kind_on(self.agent), self.carried) {
            (PICK_UP, Some(kind), None) => {
                self.remove(kind);
                self.put(kind, Place::Hand);
            }
            (PUT_DOWN, None, Some(kind)) => {
                self.remove(kind);
                self.put(kind, Place::Cell(self.agent));
            }
            (PICK_UP | PUT_DOWN, ..) => {}
            (step, ..) => self.agent = self.board.moved(self.agent, Move::ALL[step]),
        }
        self.apply_rules();
        let mut step = Step::going_on(0.0);
        if self.holds(self.task.goal) {
            step.terminated = true;
            step.reward = 1.0 - 0.9 * (self.steps as f64 / self.horizon as f64).min(1.0);
        }
        self.observe(observation);
        step
    }

    fn picture(&self) -> Option<Picture> {
        let tile = |cell: usize| match self.kind_on(cell) {
            _ if cell == self.agent => Tile::AGENT,
            None => Tile::FLOOR,
            Some(kind) => Tile::new(letter(kind), MARKS[kind / self.colours], COLOURS[kind % self.colours]),
        };
        let mut caption = format!("trial {}, goal {}", self.trial, self.task.goal);
        for Rule { condition, product } in &self.task.rules {
            let _ = write!(caption, ", {condition} -> {}", letter(*product)); // a String takes all
        }
        if let Some(kind) = self.carried {
            let _ = write!(caption, "; carries {}", letter(kind));
        }
        Some(Picture::from(self.board.tiles(tile)).with_caption(caption))
    }
}

#[cfg(test)]
mod tests;
