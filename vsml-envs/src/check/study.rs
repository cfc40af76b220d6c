//! What the checks look at: lives that were recorded once, for all of them.

use super::Options;
use super::life::Life;
use super::recorder::{Panic, Recorder, draw, spaces};
use super::report::Place;
use crate::{Environment, Space, Tasks};
use std::cell::{OnceCell, RefCell};
use std::time::Duration;

/// A mean step of more than this is slow.
pub(super) const SLOW: Duration = Duration::from_millis(1);
/// An observation of more numbers than this is taken for a slip of the pen: 64 MiB.
pub(super) const MAX_NUMBERS: usize = 1 << 24;
/// So many numbers of observations are recorded in a life, at most.
const NUMBERS_OF_A_LIFE: usize = 1 << 20;
/// No experiment takes much longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// Steps with which an environment's pace is taken.
const PACE_STEPS: u64 = 20;

/// One task distribution under examination. What is expensive is done when first asked for, and once.
pub(super) struct Study<'a> {
    pub tasks: &'a Tasks,
    pub options: &'a Options,
    panics: RefCell<Vec<Panic>>,
    spaces: OnceCell<Vec<(u64, Space, Space)>>,
    pace: OnceCell<Duration>,
    lives: OnceCell<Vec<Life>>,
    /// Where a life that is lived again differs, if that has been tried.
    pub redrawn: OnceCell<Option<Place>>,
    /// Where a life beside others differs, if that has been tried.
    pub beside_others: OnceCell<Option<Place>>,
}

impl<'a> Study<'a> {
    pub fn new(tasks: &'a Tasks, options: &'a Options) -> Self {
        Study {
            tasks,
            options,
            panics: RefCell::default(),
            spaces: OnceCell::new(),
            pace: OnceCell::new(),
            lives: OnceCell::new(),
            redrawn: OnceCell::new(),
            beside_others: OnceCell::new(),
        }
    }

    /// Passes on what went well, and notes a panic.
    pub fn note<T>(&self, result: Result<T, Panic>) -> Option<T> {
        result.map_err(|panic| self.panics.borrow_mut().push(panic)).ok()
    }

    /// The first panic in `method`.
    pub fn panic_in(&self, method: &str) -> Option<Place> {
        self.panics.borrow().iter().find(|panic| panic.method == method).cloned()
    }

    /// Whether anything has panicked.
    pub fn has_panicked(&self) -> bool {
        !self.panics.borrow().is_empty()
    }

    /// A task that nobody has touched.
    pub fn draw(&self, task: u64) -> Option<Box<dyn Environment>> {
        self.note(draw(self.tasks, self.options.seed, task)).map(|(environment, _)| environment)
    }

    /// A recorder before the first reset of a task.
    pub fn recorder(&self, task: u64) -> Option<Recorder> {
        self.note(Recorder::new(self.tasks, self.options.seed, task))
    }

    /// The number of every task, with its spaces of observations and actions.
    pub fn spaces(&self) -> &[(u64, Space, Space)] {
        self.spaces.get_or_init(|| {
            let of_task = |task: u64| {
                let environment = self.draw(task)?;
                let spaces = spaces(&*environment).map_err(|panic| panic.task(task));
                self.note(spaces).map(|(observations, actions)| (task, observations, actions))
            };
            (0..self.options.tasks).map_while(of_task).collect()
        })
    }

    /// The median time of a step.
    pub fn pace(&self) -> Duration {
        *self.pace.get_or_init(|| {
            let Some(mut recorder) = self.recorder(0) else { return Duration::ZERO };
            if self.note(recorder.play(PACE_STEPS)).is_none() {
                return Duration::ZERO;
            }
            let mut durations = recorder.life.durations;
            durations.sort();
            durations.get(durations.len() / 2).copied().unwrap_or_default()
        })
    }

    fn is_slow(&self) -> bool {
        self.pace() > SLOW
    }

    /// How many things are recorded in a life: fewer where they are slow or large.
    pub fn steps(&self) -> u64 {
        let steps = if self.is_slow() { PACE_STEPS } else { self.options.steps };
        let widest = self.spaces().iter().map(|(_, observations, _)| observations.flat_len()).max().unwrap_or(1);
        steps.min((NUMBERS_OF_A_LIFE / widest.max(1)) as u64).max(4)
    }

    /// How many steps an experiment of up to `steps` steps may take.
    pub fn patience(&self, steps: u64) -> u64 {
        let possible = PATIENCE.as_nanos() as f64 / self.pace().as_nanos().max(1) as f64;
        steps.min((possible as u64).max(PACE_STEPS))
    }

    /// The tasks that experiments are made with: a few.
    pub fn few(&self) -> std::ops::Range<u64> {
        0..self.options.tasks.min(if self.is_slow() { 1 } else { 4 })
    }

    /// A recorded life of every task.
    pub fn lives(&self) -> &[Life] {
        self.lives.get_or_init(|| {
            let tasks = if self.is_slow() { self.options.tasks.min(4) } else { self.options.tasks };
            (0..tasks).map_while(|task| self.life(task)).collect()
        })
    }

    /// Records the life of a task anew.
    pub fn life(&self, task: u64) -> Option<Life> {
        let mut recorder = self.recorder(task)?;
        self.note(recorder.play(self.steps()))?;
        Some(recorder.life)
    }
}
