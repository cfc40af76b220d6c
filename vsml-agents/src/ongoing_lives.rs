//! Lives that go on from generation to generation, for optimizers that do not wait for their end.
//!
//! Each member lives as many lives at a time as there are `lifetimes` in a generation, and in each of them one unroll a
//! generation. Where a life is over, or a fault has cut it short, a new one begins in the next generation: on a task and
//! with random numbers of its own, which depend on that generation, the pair and the number of the lifetime. The two of a pair
//! begin and end together. In generation 0 lives begin that are to be of different lengths, one unroll (or one episode,
//! where lives are counted in episodes), two, and so on: from then on, in every generation some lives are young and some old.
//!
//! **Checkpoints.** Environments cannot be stored. What can be is when each life began, and where the optimizer stood in
//! every generation since the oldest of them did, which is no more than a few vectors. A life that is missing is *lived
//! again* from its beginning to where it was, with the meta-parameters that it had then, and comes to the same bits. The same
//! happens to lives whose generation was given up halfway.

use crate::learner::{Learner, LifeError, Unable, go_on};
use crate::meta_training::{Conditions, MemberResult, TrainingError};
use crate::optimizers::{Noise, Truncation, Unroll};
use crate::scenario::Scenario;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use vsml_core::Archive;
use vsml_envs::{Lifetime, LifetimeKey, LifetimeLength, Rng, Split, Tasks};

/// What the names of the vectors begin with that a checkpoint keeps.
const PAST: &str = "past.";

/// Why no team lives them.
pub(crate) const ALONE: &str =
    "lives that go on from generation to generation are lived alone: use evolution-strategies for teams";

/// More lives at a time are refused.
const MAX_LIVES: usize = 1_000_000;

/// The lives of a population that go on.
#[derive(Default)]
pub(crate) struct OngoingLives {
    /// Those of each member, one after the other; none where one is yet to begin, or to be lived again. Never locked: the lock
    /// says that a run may be looked at from many threads, though learners and environments may not.
    lives: Mutex<Vec<Option<Life>>>,
    /// The generation in which each began, for each pair; none where one is yet to begin.
    begun: Vec<Option<u64>>,
    /// Where the optimizer stood in each generation since the oldest life began.
    past: BTreeMap<u64, Vec<f32>>,
}

/// A life that goes on.
struct Life {
    learner: Box<dyn Learner>,
    lifetime: Lifetime,
    rng: Rng,
}

/// Which of the lives of a population, and since when.
#[derive(Clone, Copy)]
struct Place {
    member: usize,
    /// Which of the member's lifetimes.
    lifetime: usize,
    begun: u64,
}

impl OngoingLives {
    /// None of which has begun.
    ///
    /// # Errors
    /// If they are too many.
    pub(crate) fn new(population: usize, lifetimes: u64) -> Result<Self, TrainingError> {
        let lives = usize::try_from(lifetimes).ok().and_then(|lifetimes| population.checked_mul(lifetimes));
        let Some(lives) = lives.filter(|lives| *lives <= MAX_LIVES) else {
            return Err(TrainingError::Schedule(format!(
                "{population} members of {lifetimes} lifetimes each are too many lives to go on at a time: \
                 at most {MAX_LIVES} are allowed"
            )));
        };
        Ok(OngoingLives {
            lives: Mutex::new((0..lives).map(|_| None).collect()),
            begun: vec![None; lives / 2],
            past: BTreeMap::new(),
        })
    }

    /// Lives one unroll of every life. Gives what every member came to, and all unrolls that both of a pair lived to the end.
    /// Once `stop` is set, everything is as it was before, and nothing is given.
    pub(crate) fn unroll(
        &mut self,
        conditions: &Conditions<'_>,
        truncation: Truncation,
        generation: u64,
        stop: &AtomicBool,
    ) -> Option<(Vec<MemberResult>, Vec<Unroll>)> {
        let lifetimes = conditions.schedule.lifetimes as usize;
        self.past.insert(generation, conditions.optimizer.theta().to_vec());
        let (begun, past) = (&self.begun, &self.past);
        let of_member = |(member, lives): (usize, &mut [Option<Life>])| {
            let mut result = MemberResult::default();
            let mut thetas = Thetas { conditions, truncation, past, member, last: None };
            for (lifetime, life) in lives.iter_mut().enumerate() {
                if stop.load(Relaxed) {
                    break;
                }
                let begun = begun[member / 2 * lifetimes + lifetime].unwrap_or(generation);
                let place = Place { member, lifetime, begun };
                let lived = place.unroll(life, &mut thetas, generation, &mut result.steps);
                result.rewards.push(lived.map_err(|error| (error.kind(), error.to_string())));
            }
            result
        };
        let results: Vec<MemberResult> =
            unlocked(&mut self.lives).par_chunks_mut(lifetimes).enumerate().map(of_member).collect();
        if stop.load(Relaxed) {
            self.past.remove(&generation);
            unlocked(&mut self.lives).iter_mut().for_each(|life| *life = None);
            return None;
        }
        let unrolls = self.end_what_is_over(&results, lifetimes, generation);
        Some((results, unrolls))
    }

    /// Gives the unrolls of all pairs without a fault, and ends the lives of those that are both over or of which one is faulty.
    fn end_what_is_over(&mut self, results: &[MemberResult], lifetimes: usize, generation: u64) -> Vec<Unroll> {
        let mut unrolls = Vec::new();
        let all = unlocked(&mut self.lives);
        for (place, began) in self.begun.iter_mut().enumerate() {
            let (pair, lifetime) = (place / lifetimes, place % lifetimes);
            let members = [2 * pair, 2 * pair + 1];
            let begun = began.unwrap_or(generation);
            let rewards = members.map(|member| results[member].rewards[lifetime].as_ref().ok().copied());
            if let [Some(plus), Some(minus)] = rewards {
                unrolls.push(Unroll { pair, begun, rewards: [plus, minus] });
            }
            let lives = members.map(|member| member * lifetimes + lifetime);
            let is_over = |life: usize| all[life].as_ref().is_none_or(|life| life.lifetime.is_over());
            let over = rewards.contains(&None) || lives.into_iter().all(is_over);
            *began = (!over).then_some(begun);
            if over {
                lives.into_iter().for_each(|life| all[life] = None);
            }
        }
        match self.begun.iter().flatten().min() {
            Some(oldest) => self.past = self.past.split_off(oldest),
            None => self.past.clear(),
        }
        unrolls
    }

    /// Puts in what the lives can be lived again from.
    pub(crate) fn store(&self, archive: &mut Archive) {
        archive.description["lives"] = serde_json::json!(self.begun);
        for (generation, theta) in &self.past {
            archive.insert_vector(&format!("{PAST}{generation}"), theta);
        }
    }

    /// Takes what [`OngoingLives::store`] put in, for a run that is to go on with `generation` and has so many
    /// meta-parameters. None if it does not fit; nothing is changed then.
    pub(crate) fn stored(&self, archive: &Archive, generation: u64, parameters: usize) -> Option<Self> {
        let begun: Vec<Option<u64>> = serde_json::from_value(archive.description["lives"].clone()).ok()?;
        let oldest = begun.iter().flatten().copied().min().unwrap_or(generation);
        let of_generation = |generation: u64| {
            let (_, theta) = archive.arrays.get(&format!("{PAST}{generation}"))?;
            (theta.len() == parameters).then(|| (generation, theta.clone()))
        };
        let past: BTreeMap<u64, Vec<f32>> = (oldest..generation).map(of_generation).collect::<Option<_>>()?;
        let fits = begun.len() == self.begun.len() && begun.iter().flatten().all(|begun| *begun < generation);
        fits.then(|| OngoingLives { lives: Mutex::new(begun.iter().flat_map(|_| [None, None]).collect()), begun, past })
    }
}

/// What a lock that nobody else can hold protects.
fn unlocked<T>(lock: &mut Mutex<T>) -> &mut T {
    lock.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// The meta-parameters that one member lives with. The last ones are kept, because its lives mostly share them.
struct Thetas<'a> {
    conditions: &'a Conditions<'a>,
    truncation: Truncation,
    past: &'a BTreeMap<u64, Vec<f32>>,
    member: usize,
    last: Option<([u64; 2], Vec<f32>)>,
}

impl Thetas<'_> {
    /// Those of a life that began in `begun`, in `generation`.
    fn of(&mut self, begun: u64, generation: u64) -> &[f32] {
        let drawn = match self.truncation.noise {
            Noise::Fresh => generation,
            Noise::Reused => begun,
        };
        let key = [generation, drawn];
        let last = self.last.take().filter(|(of, _)| *of == key);
        let optimizer = self.conditions.optimizer;
        let ask = || (key, optimizer.ask_at(&self.past[&generation], drawn, self.member));
        &self.last.insert(last.unwrap_or_else(ask)).1
    }
}

impl Place {
    /// Lives the unroll of `generation`, in `life` or, where that is missing, in one lived again up to here or begun anew.
    fn unroll(
        self,
        life: &mut Option<Life>,
        thetas: &mut Thetas<'_>,
        generation: u64,
        steps: &mut u64,
    ) -> Result<f64, LifeError> {
        let unroll = thetas.truncation.unroll;
        let mut going = match life.take() {
            Some(going) => going,
            None => {
                let mut going = self.begin(thetas)?;
                for before in self.begun..generation {
                    going.go_on(thetas.of(self.begun, before), unroll)?;
                }
                going
            }
        };
        let before = going.lifetime.steps();
        let lived = going.go_on(thetas.of(self.begun, generation), unroll);
        *steps += going.lifetime.steps() - before;
        *life = Some(going);
        lived
    }

    fn begin(self, thetas: &mut Thetas<'_>) -> Result<Life, LifeError> {
        let Conditions { meta_learner, scenarios, schedule, optimizer, .. } = *thetas.conditions;
        let pair = self.member / 2;
        let key = LifetimeKey {
            seed: schedule.seed,
            split: Split::Train,
            generation: self.begun,
            member: optimizer.luck(self.member),
            lifetime: self.lifetime as u64,
        };
        let tasks = match &scenarios[self.lifetime % scenarios.len()] {
            Scenario::Alone(tasks) => tasks,
            Scenario::Team(_) => return Err(LifeError::Unsuited(Unable(ALONE.into()))),
        };
        let length = match self.begun {
            0 => staggered(tasks.length, thetas.truncation.unroll, (pair + self.lifetime) as u64),
            _ => tasks.length,
        };
        let lifetime = Tasks { length, ..tasks.clone() }.begin(&key)?;
        let mut rng = key.stream("learner");
        let mut learner = meta_learner.learner(thetas.of(self.begun, self.begun)).map_err(LifeError::Learner)?;
        learner.begin(lifetime.observation_space(), lifetime.action_space(), &mut rng).map_err(LifeError::Unsuited)?;
        Ok(Life { learner, lifetime, rng })
    }
}

impl Life {
    /// Goes on for an unroll with meta-parameters `theta`, and gives the sum of rewards.
    fn go_on(&mut self, theta: &[f32], unroll: u64) -> Result<f64, LifeError> {
        self.learner.change_theta(theta).map_err(LifeError::Learner)?;
        Ok(go_on(&mut *self.learner, &mut self.lifetime, &mut self.rng, unroll, |_| {})?.reward)
    }
}

/// How long the first of the lives at `place` is, of those that are `length` later on.
fn staggered(length: LifetimeLength, unroll: u64, place: u64) -> LifetimeLength {
    match length {
        LifetimeLength::Steps(steps) => {
            LifetimeLength::Steps(steps.min(unroll.saturating_mul(1 + place % steps.div_ceil(unroll).max(1))))
        }
        LifetimeLength::Episodes(episodes) => LifetimeLength::Episodes(1 + place % episodes.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lives_are_of_all_lengths() {
        let steps = |place| staggered(LifetimeLength::Steps(50), 20, place);
        assert_eq!([0, 1, 2, 3].map(steps), [20, 40, 50, 20].map(LifetimeLength::Steps));
        assert_eq!(staggered(LifetimeLength::Steps(5), 20, 7), LifetimeLength::Steps(5));
        let episodes = |place| staggered(LifetimeLength::Episodes(3), 20, place);
        assert_eq!([0, 1, 2, 3].map(episodes), [1, 2, 3, 1].map(LifetimeLength::Episodes));
    }
}
