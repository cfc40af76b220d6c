//! Environments that are each wrong in one way, beside sound ones.
//!
//! A [`World`] does what its [`Deeds`] say. A broken one is a sound one with one deed replaced.

mod contents;
mod dealings;
mod machinery;

use rand::RngExt;
use std::cell::Cell;
use std::sync::{Arc, Mutex};
use vsml_envs::picture::{Picture, Tile, Tiles};
use vsml_envs::{Action, Environment, LifetimeLength, Rng, Space, Step, TaskDistribution, Tasks, rand};

/// What a world does.
#[derive(Clone, Copy)]
pub struct Deeds {
    pub sample: fn(&mut Rng) -> World,
    pub observation_space: fn(&World) -> Space,
    pub action_space: fn(&World) -> Space,
    pub reset: fn(&mut World, &mut Rng, &mut [f32]),
    pub step: fn(&mut World, Action<'_>, &mut Rng, &mut [f32]) -> Step,
    pub expected_rewards: fn(&World) -> Option<&[f64]>,
    pub target: fn(&World) -> Option<usize>,
    pub picture: fn(&World) -> Option<Picture>,
    pub clone: fn(&World) -> World,
}

/// All that the worlds here consist of; each uses a part.
pub struct World {
    pub deeds: Deeds,
    /// The task: where the reward is, how often a step goes astray, what the arms pay, what is to be answered.
    pub good_end: i64,
    pub slip: f64,
    pub means: [f64; 3],
    pub other_means: [f64; 3],
    pub answers: [usize; 2],
    /// The state.
    pub place: i64,
    pub noise: f32,
    pub steps: u64,
    pub over: bool,
    pub label: usize,
    pub asked: Option<usize>,
    /// For misdeeds.
    pub count: u64,
    pub cell: Cell<u64>,
    pub shared: Arc<Mutex<i64>>,
    pub numbers: Vec<u64>,
}

impl World {
    pub fn copied(&self) -> World {
        World { shared: self.shared.clone(), cell: self.cell.clone(), numbers: self.numbers.clone(), ..*self }
    }
}

impl Clone for World {
    fn clone(&self) -> World {
        (self.deeds.clone)(self)
    }
}

impl Environment for World {
    fn observation_space(&self) -> Space {
        (self.deeds.observation_space)(self)
    }
    fn action_space(&self) -> Space {
        (self.deeds.action_space)(self)
    }
    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        (self.deeds.reset)(self, rng, observation);
    }
    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        (self.deeds.step)(self, action, rng, observation)
    }
    fn expected_rewards(&self) -> Option<&[f64]> {
        (self.deeds.expected_rewards)(self)
    }
    fn target(&self) -> Option<usize> {
        (self.deeds.target)(self)
    }
    fn picture(&self) -> Option<Picture> {
        (self.deeds.picture)(self)
    }
}

pub fn world(rng: &mut Rng) -> World {
    World {
        deeds: WALK,
        good_end: if rng.random() { 4 } else { -4 },
        slip: rng.random_range(0.0..0.3),
        means: [rng.random(), rng.random(), rng.random()],
        other_means: [rng.random(), rng.random(), rng.random()],
        answers: if rng.random() { [0, 1] } else { [1, 0] },
        place: 0,
        noise: 0.0,
        steps: 0,
        over: false,
        label: 0,
        asked: None,
        count: 0,
        cell: Cell::new(0),
        shared: Arc::new(Mutex::new(0)),
        numbers: Vec::new(),
    }
}

/// Nine places in a row, walked along with slips; an episode ends at either end, and one of them is good.
pub const WALK: Deeds = Deeds {
    sample: world,
    observation_space: |_| Space::uniform_box(-1.0, 1.0, 2),
    action_space: |_| Space::discrete(3),
    reset: walk_reset,
    step: walk_step,
    expected_rewards: |_| None,
    target: |_| None,
    picture: |me| {
        let row = Tiles::new(9, 1, |i| if i as i64 - 4 == me.place { Tile::AGENT } else { Tile::FLOOR });
        Some(Picture::from(row).with_caption(format!("{} is good, noise {}", me.good_end, me.noise)))
    },
    clone: World::copied,
};

pub fn show_walk(me: &mut World, rng: &mut Rng, observation: &mut [f32]) {
    me.noise = rng.random_range(-0.5..0.5);
    observation[0] = me.place as f32 / 4.0;
    observation[1] = me.noise;
}

pub fn walk_reset(me: &mut World, rng: &mut Rng, observation: &mut [f32]) {
    me.place = rng.random_range(-2..=2i64);
    (me.steps, me.over) = (0, false);
    show_walk(me, rng, observation);
}

pub fn move_by(me: &mut World, way: i64, rng: &mut Rng, observation: &mut [f32]) -> Step {
    let slips = rng.random::<f64>() < me.slip;
    let slide = rng.random_range(-1..=1i64);
    me.place = (me.place + if slips { slide } else { way }).clamp(-4, 4);
    me.steps += 1;
    show_walk(me, rng, observation);
    let terminated = me.place.abs() == 4;
    Step { reward: if me.place == me.good_end { 1.0 } else { 0.0 }, terminated, truncated: false }
}

pub fn walk_step(me: &mut World, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
    move_by(me, action.index() as i64 - 1, rng, observation)
}

/// The same, but it never ends.
pub const ROUND: Deeds = Deeds { step: round_step, ..WALK };

pub fn round_step(me: &mut World, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
    Step { terminated: false, ..walk_step(me, action, rng, observation) }
}

/// The same as [`WALK`], with one number for an action.
pub const DRIFT: Deeds = Deeds { action_space: |_| Space::uniform_box(-1.0, 1.0, 1), step: drift_step, ..WALK };

pub fn drift_step(me: &mut World, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
    let way = (action.numbers()[0].clamp(-1.0, 1.0) * 1.4).round() as i64;
    move_by(me, way, rng, observation)
}

/// Three arms.
pub const ARMS: Deeds = Deeds {
    observation_space: |_| Space::uniform_box(1.0, 1.0, 1),
    reset: |_, _, observation| observation[0] = 1.0,
    step: arms_step,
    expected_rewards: |me| Some(&me.means),
    ..WALK
};

pub fn arms_step(me: &mut World, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
    observation[0] = 1.0;
    Step::going_on(if rng.random::<f64>() < me.means[action.index()] { 1.0 } else { 0.0 })
}

/// Is the number positive? Which answer means yes is the task.
pub const QUIZ: Deeds =
    Deeds { action_space: |_| Space::discrete(2), reset: ask, step: quiz_step, target: |me| me.asked, ..WALK };

pub fn ask(me: &mut World, rng: &mut Rng, observation: &mut [f32]) {
    me.noise = rng.random_range(-1.0..1.0);
    me.place = (me.noise * 4.0) as i64;
    me.label = me.answers[usize::from(me.noise > 0.0)];
    observation[0] = me.noise;
    observation[1] = rng.random_range(-1.0..1.0);
}

pub fn quiz_step(me: &mut World, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
    me.asked = Some(me.label);
    let reward = if action.index() == me.label { 1.0 } else { 0.0 };
    ask(me, rng, observation);
    Step::going_on(reward)
}

/// An environment, and what must be found in it.
pub struct Case {
    pub name: &'static str,
    pub tasks: Tasks,
    /// The time limit that it is said to have.
    pub limit: Option<u64>,
}

impl Case {
    /// A sound world with one deed replaced.
    pub fn new(name: &'static str, sound: Deeds, misdeed: impl Fn(&mut Deeds)) -> Self {
        let mut deeds = sound;
        misdeed(&mut deeds);
        Case::of(name, move |rng: &mut Rng| World { deeds, ..(deeds.sample)(rng) })
    }

    pub fn of(name: &'static str, distribution: impl TaskDistribution + 'static) -> Self {
        let tasks = Tasks { id: name.into(), length: LifetimeLength::Steps(500), distribution: Arc::new(distribution) };
        Case { name, tasks, limit: None }
    }

    pub fn length(mut self, length: LifetimeLength) -> Self {
        self.tasks.length = length;
        self
    }

    pub fn limit(self, limit: u64) -> Self {
        Case { limit: Some(limit), ..self }
    }
}

/// Sound environments of every kind.
pub fn sound() -> Vec<Case> {
    [("walk", WALK), ("round", ROUND), ("drift", DRIFT), ("arms", ARMS), ("quiz", QUIZ)]
        .map(|(name, deeds)| Case::new(name, deeds, |_| {}))
        .into()
}

/// One broken environment for every check.
pub fn broken() -> Vec<Case> {
    [machinery::cases(), contents::cases(), dealings::cases()].into_iter().flatten().collect()
}
