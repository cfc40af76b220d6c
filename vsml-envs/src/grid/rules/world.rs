//! What happens in a world of hidden rules.
//!
//! At most one object of a kind exists at any time. So all that is to be known is one place for each kind, and whether
//! a rule's condition holds is found without a look at the board.

use super::super::{Board, Move, Sight, View};
use super::task::{Condition, Rule, RuleTask, letter};
use crate::picture::{Colour, Mark, Picture, Tile};
use crate::{Action, Environment, Rng, Space, Step};
use std::fmt::Write;

/// What is drawn for each shape.
pub(super) const MARKS: [Mark; 6] = [Mark::Disc, Mark::Square, Mark::Diamond, Mark::Arrow(0), Mark::Ring, Mark::Cross];
/// What is drawn for each colour.
pub(super) const COLOURS: [Colour; 8] = [
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

/// Where the object of a kind is.
/// How often objects and agent are placed at most, until neither goal nor rule holds before anything has been done. A small
/// board may have no such places.
const PLACEMENTS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Hand,
    Cell(usize),
}

/// One world of [`RuleWorlds`](super::RuleWorlds), without a limit to its episodes.
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
    /// A world of your own, seen in a window of 5 by 5. Kind number `shape * colours + colour` has that shape and
    /// colour, where `kinds` is how many shapes and colours there are; the reward falls over `horizon` steps.
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

    /// Puts objects and agent on random cells.
    fn place(&mut self, rng: &mut Rng) {
        self.places.fill(Place::Nowhere);
        self.lying.fill(None);
        self.carried = None;
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
        self.steps = 0;
        self.trial += 1;
        for _ in 0..PLACEMENTS {
            self.place(rng);
            let holds = |condition| self.holds(condition);
            if !holds(self.task.goal) && !self.task.rules.iter().any(|rule| holds(rule.condition)) {
                break;
            }
        }
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
mod tests {
    use super::super::RuleWorlds;
    use super::*;
    use crate::stream;
    use crate::wrappers::Span;
    use rand::RngExt;

    const RIGHT: usize = 1;
    const LEFT: usize = 3;

    /// A corridor with these kinds on its cells and the agent on the first.
    fn corridor(contents: &[Option<usize>], goal: Condition, rules: &[(Condition, usize)]) -> RuleWorld {
        let rules = rules.iter().map(|&(condition, product)| Rule { condition, product }).collect();
        let task = RuleTask { goal, rules, objects: contents.iter().flatten().copied().collect() };
        let board = Board::open(contents.len(), 1).unwrap();
        let mut world = RuleWorld::new(board, (2, 3), task, 10).unwrap();
        for (cell, kind) in contents.iter().enumerate() {
            if let Some(kind) = kind {
                world.put(*kind, Place::Cell(cell));
            }
        }
        world.agent = 0;
        world
    }

    fn act(world: &mut RuleWorld, action: usize) -> Step {
        let mut observation = vec![f32::NAN; world.observation_space().flat_len()];
        let step = world.step(Action::Discrete(action), &mut stream(0, "rules", &[]), &mut observation);
        assert!(world.observation_space().contains_flat(&observation));
        step
    }

    fn won(steps: u64) -> Step {
        Step { reward: 1.0 - 0.9 * (steps as f64 / 10.0), terminated: true, truncated: false }
    }

    #[test]
    fn what_is_picked_up_turns_in_the_hand() {
        let mut world = corridor(&[None, Some(0)], Condition::AgentHold(1), &[(Condition::AgentHold(0), 1)]);
        assert_eq!(act(&mut world, PICK_UP), Step::going_on(0.0), "there is nothing to pick up");
        assert_eq!(act(&mut world, RIGHT), Step::going_on(0.0));
        assert_eq!(act(&mut world, PICK_UP), won(3));
        assert_eq!((world.carried, world.kind_on(1)), (Some(1), None));
    }

    #[test]
    fn what_is_approached_turns_where_it_lies_and_serves_in_the_next_step() {
        let rules = [(Condition::AgentNear(1), 2), (Condition::AgentNear(0), 1)];
        let mut world = corridor(&[None, None, Some(0)], Condition::AgentOnTile(2), &rules);
        act(&mut world, LEFT);
        assert_eq!(world.kind_on(2), Some(0));
        act(&mut world, RIGHT);
        assert_eq!(world.kind_on(2), Some(1));
        act(&mut world, RIGHT);
        assert_eq!(world.kind_on(2), Some(2));
        let mut world = corridor(&[None, None, Some(0)], Condition::AgentNear(0), &[]);
        assert_eq!((act(&mut world, LEFT), act(&mut world, RIGHT)), (Step::going_on(0.0), won(2)));
    }

    #[test]
    fn two_side_by_side_become_one_where_the_first_lay() {
        let rules = [(Condition::TileNearRight(4, 5), 0)];
        let mut world = corridor(&[None, Some(5), None, Some(4)], Condition::AgentHold(0), &rules);
        for action in [RIGHT, PICK_UP, RIGHT, PUT_DOWN] {
            assert_eq!(act(&mut world, action), Step::going_on(0.0));
        }
        assert_eq!((world.kind_on(2), world.kind_on(3)), (Some(5), Some(4)), "5 is at the left of 4: nothing happens");
        for action in [RIGHT, PICK_UP, LEFT, PUT_DOWN, LEFT, PUT_DOWN] {
            assert_eq!(act(&mut world, action), Step::going_on(0.0));
        }
        assert_eq!((world.kind_on(1), world.kind_on(2)), (Some(0), None), "4 at the left of 5: both become 0");
        assert_eq!(act(&mut world, PICK_UP).reward, 1.0 - 0.9, "after more steps than the reward falls over");
    }

    #[test]
    fn near_up_and_right_are_where_they_should_be() {
        let task = RuleTask { goal: Condition::AgentHold(0), rules: vec![], objects: vec![] };
        let mut world = RuleWorld::new(Board::open(3, 3).unwrap(), (2, 1), task, 10).unwrap();
        world.put(0, Place::Cell(4));
        let mut near = |condition| {
            let mut cells = vec![0, 1, 2, 3, 5, 6, 7, 8];
            cells.retain(|&cell| {
                world.places[1] = Place::Cell(cell);
                world.holds(condition)
            });
            cells
        };
        assert_eq!(near(Condition::TileNear(0, 1)), [1, 3, 5, 7]);
        assert_eq!(near(Condition::TileNearUp(0, 1)), [1]);
        assert_eq!(near(Condition::TileNearRight(0, 1)), [5]);
    }

    #[test]
    fn shapes_colours_and_what_is_carried_are_seen() {
        let mut world = corridor(&[None, Some(5), None], Condition::AgentHold(0), &[]).with_view(View::Whole, 0);
        let mut observation = vec![f32::NAN; 7 * 3 + 5];
        assert_eq!(world.observation_space().flat_len(), observation.len());
        let mut seen = |world: &RuleWorld| {
            world.observe(&mut observation);
            (0..26).filter(|&index| observation[index] == 1.0).collect::<Vec<usize>>()
        };
        // Agent, walls, two shapes, three colours: kind 5 is the last of both.
        assert_eq!(seen(&world), [0, 3 * 3 + 1, 6 * 3 + 1]);
        act(&mut world, RIGHT);
        act(&mut world, PICK_UP);
        assert_eq!(seen(&world), [1, 21 + 1, 21 + 4]);
        let world = world.with_view(View::Position, 0);
        let mut observation = vec![f32::NAN; 7];
        world.observe(&mut observation);
        assert_eq!(observation, [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn nothing_is_won_and_nothing_changes_before_anything_is_done() {
        for rules in [0.0, 1.0, 2.0] {
            let family = RuleWorlds { rules: Span::single(rules), ..RuleWorlds::default() };
            for number in 0..300 {
                let mut rng = stream(number, "idle", &[]);
                let mut world = family.world(&mut rng).unwrap();
                let mut observation = vec![0.0; world.observation_space().flat_len()];
                world.reset(&mut rng, &mut observation);
                let lying = world.lying.clone();
                assert_eq!(act(&mut world, PUT_DOWN), Step::going_on(0.0), "there is nothing to put down");
                assert_eq!(world.lying, lying);
            }
        }
    }

    /// A player who knows goal and rules and sees everything.
    struct Player {
        world: RuleWorld,
        end: Option<Step>,
    }

    impl Player {
        fn act(&mut self, action: usize) {
            if self.end.is_none() {
                self.end = Some(act(&mut self.world, action)).filter(Step::ended);
            }
        }

        /// Goes to `target` on a shortest way.
        fn walk(&mut self, target: usize) {
            let board = self.world.board.clone();
            let mut distance = vec![usize::MAX; board.cells()];
            distance[target] = 0;
            let mut queue = std::collections::VecDeque::from([target]);
            while let Some(cell) = queue.pop_front() {
                for next in Move::ALL.map(|step| board.moved(cell, step)) {
                    if distance[next] == usize::MAX {
                        distance[next] = distance[cell] + 1;
                        queue.push_back(next);
                    }
                }
            }
            while self.world.agent != target && self.end.is_none() {
                let here = distance[self.world.agent];
                let nearer = |step: &usize| distance[board.moved(self.world.agent, Move::ALL[*step])] < here;
                let step = (0..4).find(nearer).unwrap();
                self.act(step);
            }
        }

        fn is_vacant(&self, cell: usize) -> bool {
            !self.world.board.is_wall(cell) && self.world.kind_on(cell).is_none()
        }

        fn lay_down(&mut self) {
            if self.world.carried.is_some() {
                let between = |cell: usize| {
                    let (rows, columns) = self.world.offset(self.world.agent, cell);
                    rows.abs() + columns.abs()
                };
                let cells = 0..self.world.board.cells();
                let nearest = cells.filter(|&cell| self.is_vacant(cell)).min_by_key(|&cell| between(cell)).unwrap();
                self.walk(nearest);
                self.act(PUT_DOWN);
            }
        }

        fn fetch(&mut self, kind: usize) {
            if self.world.places[kind] != Place::Hand {
                self.lay_down();
                if let Place::Cell(cell) = self.world.places[kind] {
                    self.walk(cell);
                    self.act(PICK_UP);
                }
            }
        }

        /// Puts `other` on a cell and then `one` on another, so that `other` is `offset` away from `one`.
        fn arrange(&mut self, one: usize, other: usize, offset: (isize, isize)) {
            self.fetch(other);
            let partner = |cell: usize| {
                let (row, column) = self.world.board.row_and_column(cell);
                let cell = self.world.board.cell_at(row as isize + offset.0, column as isize + offset.1)?;
                self.is_vacant(cell).then_some(cell)
            };
            let pair = (0..self.world.board.cells())
                .filter(|&cell| self.is_vacant(cell))
                .find_map(|cell| partner(cell).map(|partner| (cell, partner)));
            let (cell, partner) = pair.expect("room for two side by side");
            self.walk(partner);
            self.act(PUT_DOWN);
            self.fetch(one);
            self.walk(cell);
            self.act(PUT_DOWN);
        }

        fn bring_about(&mut self, condition: Condition) {
            match condition {
                Condition::AgentHold(kind) => {
                    self.fetch(kind);
                    self.act(PICK_UP); // does nothing now, but who carries it already must take a step
                }
                Condition::AgentNear(kind) | Condition::AgentOnTile(kind) => {
                    if self.world.carried == Some(kind) {
                        self.lay_down();
                    }
                    if let Place::Cell(cell) = self.world.places[kind] {
                        self.walk(cell);
                        self.act(PUT_DOWN); // does nothing here, but who is there already must take a step
                    }
                }
                Condition::TileNear(one, other) | Condition::TileNearRight(one, other) => {
                    self.arrange(one, other, (0, 1))
                }
                Condition::TileNearUp(one, other) => self.arrange(one, other, (-1, 0)),
            }
        }

        /// Brings about what the last rule waits for whose inputs are all there, and at last the goal.
        fn play(mut self, tree: usize) -> Step {
            let rules = self.world.task.rules[..tree].to_vec();
            for _ in 0..20 {
                let there =
                    |condition: Condition| condition.inputs().all(|kind| self.world.places[kind] != Place::Nowhere);
                let rule = rules.iter().rev().find(|rule| there(rule.condition));
                self.bring_about(rule.map_or(self.world.task.goal, |rule| rule.condition));
                if let Some(end) = self.end {
                    return end;
                }
            }
            panic!("not solved: {:?}", self.world)
        }
    }

    #[test]
    fn drawn_tasks_can_be_solved_and_in_time() {
        let wide = RuleWorlds::default();
        let deep = RuleWorlds {
            rules: Span::single(5.0),
            size: 9,
            walls: 20,
            colours: 6,
            distractor_rules: 2,
            distractors: 2,
            max_episode_steps: 400,
            ..RuleWorlds::default()
        };
        let tight = RuleWorlds { rules: Span::single(1.0), size: 4, walls: 3, distractors: 0, ..RuleWorlds::default() };
        let plain = RuleWorlds { rules: Span::single(0.0), distractor_rules: 0, ..RuleWorlds::default() };
        let families = [(wide, 0.788), (deep, 0.798), (tight, 0.906), (plain, 0.913)];
        for (index, (family, expected)) in families.into_iter().enumerate() {
            let tree = family.rules.high() as usize;
            let mut total = 0.0;
            for draw in 0..500 {
                let mut rng = stream(0, "rules", &[index as u64, draw]);
                let mut world = family.world(&mut rng).unwrap();
                let mut observation = vec![0.0; world.observation_space().flat_len()];
                for _ in 0..2 {
                    world.reset(&mut rng, &mut observation);
                    let end = Player { world: world.clone(), end: None }.play(tree);
                    let in_time = end.terminated && end.reward > 0.1;
                    total += end.reward / 1000.0;
                    assert!(in_time, "family {index}, draw {draw}: {end:?}, {:?}", world.task);
                }
            }
            // What knowing the rules is worth; the mean of 1000 trials has a standard error of about 0.004.
            assert!((total - expected).abs() < 0.015, "family {index}: {total}");
        }
    }

    #[test]
    fn a_random_player_spoils_nothing() {
        let family = RuleWorlds { size: 5, ..RuleWorlds::default() };
        for draw in 0..300 {
            let mut rng = stream(1, "rules", &[draw]);
            let mut world = family.world(&mut rng).unwrap();
            let mut observation = vec![0.0; world.observation_space().flat_len()];
            world.reset(&mut rng, &mut observation);
            let ended = (0..200).any(|_| {
                let action = rng.random_range(0..6u64) as usize;
                world.step(Action::Discrete(action), &mut rng, &mut observation).terminated
            });
            for cell in 0..25 {
                assert!(world.kind_on(cell).is_none_or(|kind| world.places[kind] == Place::Cell(cell)));
            }
            if !ended {
                assert!(Player { world, end: None }.play(2).terminated);
            }
        }
    }

    #[test]
    fn a_new_trial_has_the_same_rules_and_objects_elsewhere() {
        let mut rng = stream(0, "rules", &[9]);
        let mut world = RuleWorlds::default().world(&mut rng).unwrap();
        let mut observation = vec![0.0; world.observation_space().flat_len()];
        let task = world.task.clone();
        let kind = task.objects[0];
        let mut counts = [0; 49];
        for _ in 0..4900 {
            world.reset(&mut rng, &mut observation);
            let Place::Cell(cell) = world.places[kind] else { panic!("{kind} is not on the board") };
            counts[cell] += 1;
            assert!(world.kind_on(world.agent).is_none() && world.carried.is_none());
        }
        assert_eq!((world.task, world.trial), (task, 4900));
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}: 100, standard deviation 10");
    }

    #[test]
    fn impossible_worlds_are_refused() {
        let task = RuleTask { goal: Condition::AgentHold(9), rules: vec![], objects: vec![] };
        assert!(RuleWorld::new(Board::open(2, 2).unwrap(), (3, 3), task, 1).unwrap_err().contains("kind 9"));
        let task = RuleTask { goal: Condition::AgentHold(0), rules: vec![], objects: vec![1, 1] };
        assert!(RuleWorld::new(Board::open(2, 2).unwrap(), (3, 3), task, 1).unwrap_err().contains("twice"));
    }
}
