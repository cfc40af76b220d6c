//! Playing an environment with every call caught, and writing down all that it answers.

use super::allocator::CountingAllocator;
use super::life::{Life, Moment};
use super::report::Place;
use crate::lifetime::guard;
use crate::{Action, Environment, Fault, OwnedAction, Rng, Space, Step, Tasks, stream};
use rand::RngExt;
use std::time::Instant;

/// A panic of the environment: the method, where it was, and what it said.
pub(super) type Panic = Place;

/// Calls `method` of somebody else's code.
pub(super) fn caught<T>(method: &'static str, run: impl FnOnce() -> T) -> Result<T, Panic> {
    guard(method, run).map_err(|fault| match fault {
        Fault::Panic { place, message } => Place::method(place, format!("panics: {message}")),
        other => Place::method(method, other.to_string()),
    })
}

/// A random player. One that persists does the same for several steps, which leads further away.
#[derive(Clone)]
pub(super) struct Player {
    rng: Rng,
    persists: bool,
    left: u64,
    pub action: OwnedAction,
}

impl Player {
    pub fn new(actions: &Space, rng: Rng, persists: bool) -> Self {
        Player { rng, persists, left: 0, action: actions.zero() }
    }

    pub fn choose(&mut self, actions: &Space) {
        if self.left > 0 {
            self.left -= 1;
            return;
        }
        actions.sample_into(&mut self.rng, &mut self.action);
        if self.persists {
            let scale = self.rng.random_range(0..6u64);
            self.left = self.rng.random_range(0..1u64 << scale);
        }
    }
}

/// An environment that is being played.
pub(super) struct Recorder {
    pub environment: Box<dyn Environment>,
    pub rng: Rng,
    pub player: Player,
    pub life: Life,
    /// What observations are written into.
    pub buffer: Vec<f32>,
    /// Ask also for what a learner does not: expected rewards, targets, pictures.
    pub looks: bool,
    begun: bool,
    episode: u64,
    step: u64,
    ended: bool,
}

/// Draws task number `task`: of each, the generator after it too.
pub(super) fn draw(tasks: &Tasks, seed: u64, task: u64) -> Result<(Box<dyn Environment>, Rng), Panic> {
    let mut rng = stream(seed, "check/task", &[task]);
    let environment =
        caught("sample", || tasks.distribution.sample(&mut rng)).map_err(|panic: Panic| panic.task(task))?;
    Ok((environment, rng))
}

/// The spaces of observations and actions.
pub(super) fn spaces(environment: &dyn Environment) -> Result<(Space, Space), Panic> {
    let observations = caught("observation_space", || environment.observation_space())?;
    Ok((observations, caught("action_space", || environment.action_space())?))
}

/// Some element of a space, in flat form.
fn element(space: &Space) -> Vec<f32> {
    let mut flat = vec![0.0; space.flat_len()];
    match space {
        Space::Discrete { .. } => flat[0] = 1.0,
        Space::MultiBinary { .. } => {}
        Space::MultiDiscrete { sizes } => {
            let mut first = 0;
            for n in sizes {
                flat[first] = 1.0;
                first += n;
            }
        }
        Space::Box { low, high, .. } => {
            for (number, (low, high)) in flat.iter_mut().zip(low.iter().zip(high)) {
                *number = 0.0f32.clamp(*low, *high);
            }
        }
    }
    flat
}

impl Recorder {
    /// Draws task number `task` for a player of its own; nothing is reset yet.
    pub fn new(tasks: &Tasks, seed: u64, task: u64) -> Result<Self, Panic> {
        let (environment, _) = draw(tasks, seed, task)?;
        Self::around(environment, seed, task)
    }

    /// A recorder of an environment that is task number `task`.
    pub fn around(environment: Box<dyn Environment>, seed: u64, task: u64) -> Result<Self, Panic> {
        let (observations, actions) = spaces(&*environment).map_err(|panic| panic.task(task))?;
        let player = Player::new(&actions, stream(seed, "check/player", &[task]), task % 2 == 1);
        let buffer = element(&observations);
        let life = Life::new(task, observations, actions);
        let rng = stream(seed, "check/environment", &[task]);
        let ended = true;
        Ok(Recorder { environment, rng, player, life, buffer, looks: true, begun: false, episode: 0, step: 0, ended })
    }

    /// A clone of the environment, at the same place, with the same luck and player before it.
    pub fn fork(&self) -> Result<Self, Panic> {
        let environment = caught("clone", || self.environment.clone()).map_err(|panic| self.here(panic))?;
        let life = Life::new(self.life.task, self.life.observations.clone(), self.life.actions.clone());
        Ok(Recorder {
            environment,
            rng: self.rng.clone(),
            player: self.player.clone(),
            buffer: self.buffer.clone(),
            life,
            ..*self
        })
    }

    fn here(&self, panic: Panic) -> Panic {
        panic.task(self.life.task).step(self.episode, self.step)
    }

    /// Whether the episode is over, or none has begun.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Does `count` things: resets where there is no episode, steps else.
    pub fn play(&mut self, count: u64) -> Result<(), Panic> {
        for _ in 0..count {
            if self.ended {
                self.reset()?;
            } else {
                self.player.choose(&self.life.actions);
                self.act()?;
            }
        }
        Ok(())
    }

    /// Resets.
    pub fn reset(&mut self) -> Result<(), Panic> {
        self.episode += u64::from(std::mem::replace(&mut self.begun, true));
        self.step = 0;
        let before = CountingAllocator::count();
        let done = caught("reset", || self.environment.reset(&mut self.rng, &mut self.buffer));
        let allocated = CountingAllocator::count() - before;
        done.map_err(|panic| self.here(panic))?;
        self.ended = false;
        // The first reset may lay out what later ones use.
        self.write(None, None, if self.episode > 0 { allocated } else { 0 })
    }

    /// Carries out the action that the player has chosen.
    pub fn act(&mut self) -> Result<(), Panic> {
        self.step += 1;
        let action = self.player.action.borrow();
        let (before, began) = (CountingAllocator::count(), Instant::now());
        let answer = caught("step", || self.environment.step(action, &mut self.rng, &mut self.buffer));
        let (elapsed, allocated) = (began.elapsed(), CountingAllocator::count() - before);
        self.life.durations.push(elapsed);
        let answer = answer.map_err(|mut panic| {
            panic.value += &format!(" (action {action:?})");
            self.here(panic)
        })?;
        self.ended = answer.ended();
        self.write(Some(self.player.action.clone()), Some(answer), allocated)
    }

    fn write(&mut self, action: Option<OwnedAction>, answer: Option<Step>, allocated: u64) -> Result<(), Panic> {
        let (mut target, mut expected) = (None, None);
        if self.looks {
            let environment = &self.environment;
            let ask = || caught("expected_rewards", || environment.expected_rewards().map(<[f64]>::to_vec));
            expected = ask().map_err(|panic| self.here(panic))?;
            let again = ask().map_err(|panic| self.here(panic))?;
            let bits = |rewards: &Option<Vec<f64>>| rewards.as_ref().map(|r| r.iter().map(|r| r.to_bits()).collect());
            let (once, twice): (Option<Vec<u64>>, Option<Vec<u64>>) = (bits(&expected), bits(&again));
            if once != twice && self.life.fickle.is_none() {
                let place = Place::method("expected_rewards", format!("{expected:?}, and at once again {again:?}"));
                self.life.fickle = Some(self.here(place));
            }
            target = caught("target", || environment.target()).map_err(|panic| self.here(panic))?;
            if self.life.moments.len() % 16 < 2 {
                self.look_at_spaces()?;
                let picture = caught("picture", || self.environment.picture()).map_err(|panic| self.here(panic))?;
                self.life.pictures.push(picture);
            }
        }
        let moment = Moment { episode: self.episode, step: self.step, action, answer, target, expected };
        if allocated > 0 {
            let place = self.life.place(&moment, format!("{allocated} allocations"));
            if self.life.allocated.iter().all(|known| known.method != place.method) {
                self.life.allocated.push(place);
            }
        }
        self.life.moments.push(moment);
        self.life.numbers.extend(&self.buffer);
        Ok(())
    }

    fn look_at_spaces(&mut self) -> Result<(), Panic> {
        let (observations, actions) = spaces(&*self.environment).map_err(|panic| self.here(panic))?;
        let life = &self.life;
        let changed = if observations != life.observations {
            Some(("observation_space", format!("{:?} has become {observations:?}", life.observations)))
        } else if actions != life.actions {
            Some(("action_space", format!("{:?} has become {actions:?}", life.actions)))
        } else {
            None
        };
        if let (Some((method, value)), None) = (changed, &life.changed_space) {
            self.life.changed_space = Some(self.here(Place::method(method, value)));
        }
        Ok(())
    }

    /// Steps without writing anything down, through at most `steps` steps of any number of episodes, until `stop` says so:
    /// it is told the answer and the step of the episode.
    pub fn wander(&mut self, steps: u64, mut stop: impl FnMut(&Step, u64) -> bool) -> Result<(), Panic> {
        for _ in 0..steps {
            if self.ended {
                let done = caught("reset", || self.environment.reset(&mut self.rng, &mut self.buffer));
                done.map_err(|panic| self.here(panic))?;
                (self.ended, self.step) = (false, 0);
            }
            self.player.choose(&self.life.actions);
            self.step += 1;
            let action: Action<'_> = self.player.action.borrow();
            let answer = caught("step", || self.environment.step(action, &mut self.rng, &mut self.buffer));
            let answer = answer.map_err(|panic| self.here(panic))?;
            self.ended = answer.ended();
            if stop(&answer, self.step) {
                break;
            }
        }
        Ok(())
    }
}
