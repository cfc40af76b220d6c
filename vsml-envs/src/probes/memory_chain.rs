//! Remember what you saw first: bsuite's memory chain.
//!
//! The learner is shown a few bits, walks down a corridor in which nothing happens, is asked for one of the bits at its
//! end and answers. How long the corridor is and how many bits there are say how good a memory is.
//!
//! The steps are counted exactly as in bsuite, where the observation that follows a step is that of the place the step
//! was taken *from*: the bits are therefore seen twice, at the start and after the first step, and an episode has one
//! step more than the chain's length.

use super::{MAX_LENGTH, chain_tile};
use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// One chain of [`MemoryChains`].
#[derive(Clone, Debug)]
pub struct MemoryChain {
    length: usize,
    context: Vec<bool>,
    query: usize,
    step: usize,
    expected: [f64; 2],
}

impl MemoryChain {
    /// The chain of `length` with `bits` bits to remember.
    ///
    /// # Panics
    /// If either is 0.
    pub fn new(length: usize, bits: usize) -> Self {
        assert!(length > 0 && bits > 0, "a chain of {length} with {bits} bits: both must be at least 1");
        MemoryChain { length, context: vec![false; bits], query: 0, step: 0, expected: [0.0; 2] }
    }

    /// The bits of this episode.
    pub fn context(&self) -> &[bool] {
        &self.context
    }

    /// Which of them is asked for.
    pub fn query(&self) -> usize {
        self.query
    }

    fn answer(&self) -> usize {
        usize::from(self.context[self.query])
    }

    /// Writes what is seen at `place` of the chain.
    fn observe(&self, place: usize, observation: &mut [f32]) {
        observation[0] = (1.0 - place as f64 / self.length as f64) as f32;
        observation[1] = if place + 1 == self.length { self.query as f32 } else { 0.0 };
        for (shown, bit) in observation[2..].iter_mut().zip(&self.context) {
            *shown = match bit {
                _ if place > 0 => 0.0,
                true => 1.0,
                false => -1.0,
            };
        }
    }
}

impl Environment for MemoryChain {
    fn observation_space(&self) -> Space {
        let bits = self.context.len();
        let (mut low, mut high) = (vec![-1.0; 2 + bits], vec![1.0; 2 + bits]);
        low[..2].fill(0.0);
        high[1] = (bits - 1) as f32;
        Space::Box { low, high, shape: vec![2 + bits] }
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        for bit in &mut self.context {
            *bit = rng.random();
        }
        self.query = rng.random_range(0..self.context.len() as u64) as usize;
        self.step = 0;
        self.expected = [0.0; 2];
        self.observe(0, observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let place = self.step;
        self.observe(place, observation);
        self.step += 1;
        if self.step == self.length {
            self.expected = [-1.0; 2];
            self.expected[self.answer()] = 1.0;
        }
        if place < self.length {
            return Step::going_on(0.0);
        }
        let reward = if action.index() == self.answer() { 1.0 } else { -1.0 };
        Step { reward, terminated: true, truncated: false }
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.expected)
    }

    fn picture(&self) -> Option<Picture> {
        const BITS: [Tile; 2] =
            [Tile::new('0', Mark::Square, Colour::ORANGE), Tile::new('1', Mark::Square, Colour::BLUE)];
        let width = (self.length + 1).max(self.context.len());
        let tiles = Tiles::new(width, 2, |cell| match cell.checked_sub(width) {
            None => chain_tile(cell, self.step, self.length),
            Some(bit) => match self.context.get(bit) {
                None => Tile::new(' ', Mark::None, Colour::WHITE),
                Some(&value) if bit == self.query => BITS[usize::from(value)].on(Colour::YELLOW),
                Some(&value) => BITS[usize::from(value)],
            },
        });
        let asked = format!("bit {} is asked for: {}", self.query, self.answer());
        Some(Picture::from(tiles).with_caption(asked))
    }
}

/// Memory chains: `MemoryChain-v0`.
///
/// # Description
/// A few random bits are shown, then nothing for a while; in the end one of them is asked for. What an episode's bits are
/// and which is asked for is drawn anew in every episode. All tasks are alike if `length` is a number, as in the source;
/// if it is a range, each task has its own.
///
/// # Action space
/// `Discrete(2)`: the answer, bit 0 or bit 1. It counts in the last step of an episode only.
///
/// # Observation space
/// `Box([2 + bits])`: what is left of the time, from 1 to 0; the number of the bit asked for, from 0, at place
/// `length - 1` and otherwise 0; the bits, -1 or 1, at place 0 and otherwise 0. The observation that follows a step is
/// that of the place from which the step was taken, so place 0 is seen twice, at the reset and after the first step.
///
/// # Rewards
/// 1 or -1 for the answer in the last step, right or wrong; 0 before. Who remembers gets 1 in every episode, who guesses
/// 0 on the average.
///
/// # Starting state
/// Random bits and a random one to be asked for.
///
/// # Episode end
/// Terminated after `length + 1` steps.
///
/// # Arguments
/// `length` (10), a whole number or a range of such as `5..50`, and `bits` (1). The sweeps of the source are lengths 1 to
/// 10, 12, 14, 17, 20, 25 and 30 to 100 by tens with one bit, and the same numbers of bits, up to 40, with a length of 2.
///
/// # Differences from the source
/// None in the dynamics (bsuite, `memory_chain.py`). Observations are flat rather than of shape `[1, 2 + bits]`. The
/// source's lifetime is 10,000 episodes; here it is 20 by default.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryChains {
    /// Length of the chain: the answer is given so many steps after the first.
    pub length: Span,
    /// Number of bits to remember.
    pub bits: usize,
}

impl Default for MemoryChains {
    fn default() -> Self {
        MemoryChains { length: Span::single(10.0), bits: 1 }
    }
}

impl TaskDistribution for MemoryChains {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(MemoryChain::new(self.length.sample_whole(rng), self.bits))
    }
}

impl Family for MemoryChains {
    fn check(&self) -> Result<(), String> {
        self.length.check_whole("length", 1..=MAX_LENGTH)?;
        if !(1..=MAX_LENGTH).contains(&self.bits) {
            return Err(format!("`bits` is {}: there are 1 to {MAX_LENGTH} bits to remember", self.bits));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mean_and_error, play, total};
    use super::*;
    use crate::stream;

    #[test]
    fn an_episode_shows_what_bsuite_shows() {
        let mut chain = MemoryChain::new(3, 2);
        let mut rng = stream(0, "memory", &[]);
        let mut seen = Vec::new();
        let steps = play(&mut chain, &mut rng, |observation, _| {
            seen.push(observation.to_vec());
            0
        });
        let bits: Vec<f32> = chain.context().iter().map(|&bit| if bit { 1.0 } else { -1.0 }).collect();
        let third = 1.0 - 1.0 / 3.0;
        let first = vec![1.0, 0.0, bits[0], bits[1]];
        let last = vec![(1.0 - 2.0 / 3.0_f64) as f32, chain.query() as f32, 0.0, 0.0];
        assert_eq!(seen, [first.clone(), first, vec![third as f32, 0.0, 0.0, 0.0], last]);
        assert_eq!(steps.iter().map(|step| step.terminated).collect::<Vec<_>>(), [false, false, false, true]);
        assert!(steps[..3].iter().all(|step| step.reward == 0.0));
    }

    #[test]
    fn who_remembers_is_always_right_and_who_guesses_half_of_the_time() {
        for (length, bits) in [(1, 1), (1, 3), (2, 1), (7, 5)] {
            let mut chain = MemoryChain::new(length, bits);
            let mut rng = stream(0, "memory", &[1]);
            for _ in 0..100 {
                let mut remembered = Vec::new();
                let steps = play(&mut chain, &mut rng, |observation, step| {
                    if step == 0 {
                        remembered = observation[2..].to_vec();
                    }
                    usize::from(remembered[observation[1] as usize] > 0.0)
                });
                assert_eq!((steps.len(), total(&steps)), (length + 1, 1.0));
            }
            let mut luck = stream(0, "memory", &[2]);
            let (mean, error) =
                mean_and_error(1000, || total(&play(&mut chain, &mut rng, |_, _| usize::from(luck.random::<bool>()))));
            assert!((0.03..0.033).contains(&error) && mean.abs() < 3.0 * error, "{mean} ± {error}");
        }
    }

    #[test]
    fn expected_rewards_are_those_of_the_next_step() {
        let mut chain = MemoryChain::new(4, 2);
        let mut rng = stream(0, "memory", &[3]);
        for _ in 0..20 {
            chain.reset(&mut rng, &mut [0.0; 4]);
            loop {
                let expected = chain.expected_rewards().unwrap()[1];
                let step = chain.step(Action::Discrete(1), &mut rng, &mut [0.0; 4]);
                assert_eq!(step.reward, expected);
                if step.ended() {
                    break;
                }
            }
        }
    }

    #[test]
    fn lengths_may_vary_from_task_to_task() {
        let family = MemoryChains { length: Span::between(2.0, 4.0), bits: 1 };
        family.check().unwrap();
        let mut rng = stream(0, "memory", &[4]);
        let mut lengths = [0; 6];
        for _ in 0..100 {
            lengths[play(&mut *family.sample(&mut rng), &mut rng, |_, _| 0).len()] += 1;
        }
        assert!(lengths[..3] == [0; 3] && lengths[3..].iter().all(|&count| count > 15), "{lengths:?}");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: MemoryChains| family.check().unwrap_err();
        assert!(refuse(MemoryChains { length: Span::single(0.0), ..Default::default() }).contains("`length`"));
        assert!(refuse(MemoryChains { bits: 0, ..Default::default() }).contains("`bits`"));
    }
}
