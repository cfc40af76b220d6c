//! Take an umbrella in the morning or not: bsuite's umbrella chain, a probe of credit assignment.
//!
//! Only the first action counts, and its reward comes at the end of the chain, after many rewards that are pure noise
//! and among observations most of which are too.

use super::{MAX_LENGTH, chain_tile};
use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// One chain of [`UmbrellaChains`].
#[derive(Clone, Debug)]
pub struct UmbrellaChain {
    length: usize,
    distractors: usize,
    needed: bool,
    taken: bool,
    step: usize,
}

impl UmbrellaChain {
    /// The chain of `length` with so many numbers that mean nothing.
    ///
    /// # Panics
    /// If `length` is 0.
    pub fn new(length: usize, distractors: usize) -> Self {
        assert!(length > 0, "a chain has at least one step");
        UmbrellaChain { length, distractors, needed: false, taken: false, step: 0 }
    }

    fn observe(&self, rng: &mut Rng, observation: &mut [f32]) {
        observation[0] = f32::from(u8::from(self.needed));
        observation[1] = f32::from(u8::from(self.taken));
        observation[2] = (1.0 - self.step as f64 / self.length as f64) as f32;
        for number in &mut observation[3..] {
            *number = f32::from(u8::from(rng.random::<bool>()));
        }
    }
}

impl Environment for UmbrellaChain {
    fn observation_space(&self) -> Space {
        Space::uniform_box(0.0, 1.0, 3 + self.distractors)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.needed = rng.random();
        self.taken = rng.random();
        self.step = 0;
        self.observe(rng, observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        self.step += 1;
        if self.step == 1 {
            self.taken = action.index() == 1;
        }
        let terminated = self.step == self.length;
        let good = if terminated { self.taken == self.needed } else { rng.random() };
        self.observe(rng, observation);
        Step { reward: if good { 1.0 } else { -1.0 }, terminated, truncated: false }
    }

    fn picture(&self) -> Option<Picture> {
        const RAIN: Tile = Tile::new('~', Mark::Arrow(2), Colour::SKY);
        const SUN: Tile = Tile::new('o', Mark::Disc, Colour::YELLOW);
        const UMBRELLA: Tile = Tile::new('T', Mark::Arrow(0), Colour::PURPLE);
        let width = self.length + 1;
        let tiles = Tiles::new(width, 3, |cell| match (cell / width, cell % width) {
            (0, column) if column == self.length => {
                if self.needed {
                    RAIN
                } else {
                    SUN
                }
            }
            (1, column) if column == self.step && self.taken => UMBRELLA,
            (2, column) => chain_tile(column, self.step, self.length),
            _ => Tile::new(' ', Mark::None, Colour::WHITE),
        });
        let word = |yes: bool, word: &str| format!("{}{word}", if yes { "" } else { "not " });
        Some(Picture::from(tiles).with_caption(format!(
            "{}, {}",
            word(self.needed, "needed"),
            word(self.taken, "taken")
        )))
    }
}

/// Umbrella chains: `UmbrellaChain-v0`.
///
/// # Description
/// At the start of an episode one sees whether an umbrella will be needed and takes it or not. Then one walks to the end
/// of the chain, whatever one does, and is rewarded there for the decision; on the way all rewards are random. Whether an
/// umbrella is needed is drawn anew in every episode. All tasks are alike if `length` is a number, as in the source; if
/// it is a range, each task has its own. With `permute_actions` each task has its own action that takes the umbrella,
/// which then has to be found out through the noise.
///
/// # Action space
/// `Discrete(2)`: leave the umbrella, take it. Only the first action of an episode has an effect.
///
/// # Observation space
/// `Box(0, 1, [3 + distractors])`: whether an umbrella is needed, whether one is at hand (random before the first
/// action), what is left of the time, from 1 to 0; the others are random bits, drawn anew in every step.
///
/// # Rewards
/// In the last step 1 if the umbrella was taken exactly if it was needed, otherwise -1. In every other step 1 or -1 at
/// random. Who decides right gets 1 an episode on the average, who decides at random 0.
///
/// # Starting state
/// An umbrella is needed or not, and at hand or not, each with probability one half.
///
/// # Episode end
/// Terminated after `length` steps.
///
/// # Arguments
/// `length` (20), a whole number or a range of such, and `distractors` (20). The sweeps of the source are lengths 1 to
/// 10, 12, 14, 17, 20, 25 and 30 to 100 by tens with 20 distractors, and the same numbers of distractors with a length of
/// 20.
///
/// # Differences from the source
/// None in the dynamics (bsuite, `umbrella_chain.py`). Observations are flat rather than of shape `[1, 3 + distractors]`.
/// The source's lifetime is 10,000 episodes; here it is 20 by default.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UmbrellaChains {
    /// Steps of an episode.
    pub length: Span,
    /// Random bits among the observations.
    pub distractors: usize,
}

impl Default for UmbrellaChains {
    fn default() -> Self {
        UmbrellaChains { length: Span::single(20.0), distractors: 20 }
    }
}

impl TaskDistribution for UmbrellaChains {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(UmbrellaChain::new(self.length.sample_whole(rng), self.distractors))
    }
}

impl Family for UmbrellaChains {
    fn check(&self) -> Result<(), String> {
        self.length.check_whole("length", 1..=MAX_LENGTH)?;
        if self.distractors > MAX_LENGTH {
            return Err(format!("`distractors` is {}: at most {MAX_LENGTH}", self.distractors));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mean_and_error, play, total};
    use super::*;
    use crate::stream;

    /// Takes the umbrella if it sees that it is needed; later actions are the opposite, to no effect.
    fn wise(observation: &[f32], step: usize) -> usize {
        usize::from((observation[0] == 1.0) == (step == 0))
    }

    #[test]
    fn only_the_first_action_counts_and_only_at_the_end() {
        for length in [1, 2, 9] {
            let mut chain = UmbrellaChain::new(length, 4);
            let mut rng = stream(0, "umbrella", &[]);
            for _ in 0..100 {
                let steps = play(&mut chain, &mut rng, wise);
                assert_eq!(steps.len(), length);
                assert_eq!(steps[length - 1].reward, 1.0);
                let foolish = play(&mut chain, &mut rng, |observation, step| 1 - wise(observation, step));
                assert_eq!(foolish[length - 1].reward, -1.0);
            }
        }
    }

    #[test]
    fn the_way_there_is_noise() {
        let mut chain = UmbrellaChain::new(5, 0);
        let mut rng = stream(0, "umbrella", &[1]);
        let (mean, error) = mean_and_error(2000, || total(&play(&mut chain, &mut rng, wise)));
        // Four rewards of variance 1, and 1.
        assert!((0.043..0.047).contains(&error) && (mean - 1.0).abs() < 3.0 * error, "{mean} ± {error}");
        let mut luck = stream(0, "umbrella", &[2]);
        let (mean, error) =
            mean_and_error(2000, || total(&play(&mut chain, &mut rng, |_, _| usize::from(luck.random::<bool>()))));
        assert!(mean.abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn observations_say_what_is_needed_taken_and_left() {
        let mut chain = UmbrellaChain::new(4, 300);
        let mut rng = stream(0, "umbrella", &[3]);
        let mut seen = Vec::new();
        play(&mut chain, &mut rng, |observation, _| {
            seen.push(observation.to_vec());
            1
        });
        assert_eq!(seen.iter().map(|seen| seen[2]).collect::<Vec<_>>(), [1.0, 0.75, 0.5, 0.25]);
        assert!(seen.iter().all(|now| now[0] == seen[0][0]) && seen[1..].iter().all(|now| now[1] == 1.0));
        for now in &seen {
            let ones = now[3..].iter().filter(|&&x| x == 1.0).count();
            assert!((120..180).contains(&ones), "{ones} of 300: standard deviation 8.7");
        }
        assert_ne!(seen[0][3..], seen[1][3..], "the distractors are drawn anew");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: UmbrellaChains| family.check().unwrap_err();
        assert!(refuse(UmbrellaChains { length: Span::single(0.5), ..Default::default() }).contains("`length`"));
        assert!(refuse(UmbrellaChains { distractors: 1001, ..Default::default() }).contains("`distractors`"));
    }
}
