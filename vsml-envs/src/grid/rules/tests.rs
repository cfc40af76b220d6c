//! Rules on hand-built boards, and a player who knows them and so can tell whether tasks can be solved.

use super::*;
use crate::stream;

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
            Condition::TileNear(one, other) | Condition::TileNearRight(one, other) => self.arrange(one, other, (0, 1)),
            Condition::TileNearUp(one, other) => self.arrange(one, other, (-1, 0)),
        }
    }

    /// Brings about what the last rule waits for whose inputs are all there, and at last the goal.
    fn play(mut self, tree: usize) -> Step {
        let rules = self.world.task.rules[..tree].to_vec();
        for _ in 0..20 {
            let there = |condition: Condition| condition.inputs().all(|kind| self.world.places[kind] != Place::Nowhere);
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
fn nonsense_is_refused() {
    let refuse = |change: fn(&mut RuleWorlds)| {
        let mut family = RuleWorlds::default();
        change(&mut family);
        family.check().unwrap_err()
    };
    assert!(refuse(|family| family.size = 3).contains("`size` is 3"));
    assert!(refuse(|family| family.walls = 13).contains("`walls` is 13"));
    assert!(refuse(|family| family.shapes = 7).contains("`shapes` is 7"));
    assert!(refuse(|family| family.colours = 0).contains("`colours` is 0"));
    assert!(refuse(|family| family.rules = Span::between(0.5, 2.0)).contains("`rules` is 0.5..2"));
    assert!(refuse(|family| family.rules = Span::single(6.0)).contains("16 kinds are too few"));
    assert!(refuse(|family| family.distractors = usize::MAX).contains("too few"));
    assert!(refuse(|family| (family.size, family.distractors) = (4, 5)).contains("too little room on 16"));
    assert!(refuse(|family| family.radius = 0).contains("`radius`"));
    assert!(refuse(|family| family.max_episode_steps = 0).contains("`max_episode_steps`"));
    let task = RuleTask { goal: Condition::AgentHold(9), rules: vec![], objects: vec![] };
    assert!(RuleWorld::new(Board::open(2, 2).unwrap(), (3, 3), task, 1).unwrap_err().contains("kind 9"));
    let task = RuleTask { goal: Condition::AgentHold(0), rules: vec![], objects: vec![1, 1] };
    assert!(RuleWorld::new(Board::open(2, 2).unwrap(), (3, 3), task, 1).unwrap_err().contains("twice"));
}
