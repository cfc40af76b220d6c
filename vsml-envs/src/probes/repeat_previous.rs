//! Name the card from a few steps ago: POPGym's probe of a memory that has to be renewed in every step.

use super::deck::{CARDS, Deck, SUITS};
use crate::picture::Picture;
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution, write_one_hot};
use serde::{Deserialize, Serialize};

/// The game with one deck. Its page of the manual is that of [`RepeatPreviouses`].
#[derive(Clone, Debug)]
pub struct RepeatPrevious {
    deck: Deck,
    back: usize,
    expected: [f64; SUITS],
}

impl RepeatPrevious {
    fn new(cards: usize, back: usize) -> Self {
        RepeatPrevious { deck: Deck::new(cards), back, expected: [0.0; SUITS] }
    }

    /// The card asked for now, if one is.
    fn asked(&self) -> Option<usize> {
        self.deck.dealt().checked_sub(self.back)
    }

    /// What is said about the card `seen`, and what will be right.
    fn show(&mut self, seen: usize, observation: &mut [f32]) {
        write_one_hot(observation, seen);
        self.expected = [0.0; SUITS];
        if let Some(place) = self.asked() {
            let worth = 1.0 / (self.deck.cards() - self.back) as f64;
            self.expected = [-worth; SUITS];
            self.expected[self.deck.suit(place)] = worth;
        }
    }
}

impl Environment for RepeatPrevious {
    fn observation_space(&self) -> Space {
        Deck::suit_space()
    }

    fn action_space(&self) -> Space {
        Deck::suit_space()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        let seen = self.deck.begin(rng);
        self.show(seen, observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let reward = self.expected[action.index()];
        let seen = self.deck.deal();
        self.show(seen, observation);
        Step { reward, terminated: false, truncated: self.deck.dealt() == self.deck.cards() }
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.expected)
    }

    fn picture(&self) -> Option<Picture> {
        Some(self.deck.picture(self.asked()))
    }
}

/// Naming an earlier card: `RepeatPrevious-v0`.
///
/// # Description
/// Cards are dealt one by one, and in each step the suit of the one seen `back - 1` steps ago is to be named; with `back=1`
/// it is the one seen now. The order is drawn anew in every episode. All tasks are alike, as in the source; with
/// `permute_actions` each has its own names for the suits.
///
/// # Action space
/// `Discrete(4)`: a suit.
///
/// # Observation space
/// `Discrete(4)`: the suit of the card that has just been dealt.
///
/// # Rewards
/// `1 / (cards - back)` for the right suit and minus that for a wrong one, as soon as `back` cards have been dealt; 0
/// before. Who remembers gets 1 an episode, who guesses -0.5 on the average (some better, who counts the cards).
///
/// # Starting state
/// The shuffled deck, of which the first card has been dealt.
///
/// # Episode end
/// Truncated when the last card is dealt, after `cards - 1` steps; that one need not be named any more.
///
/// # Arguments
/// `cards` (52), in multiples of four, and `back` (4). The source's levels are `cards=52,back=4`, `cards=104,back=32` and
/// `cards=156,back=64`.
///
/// # Differences from the source
/// None in the dynamics (POPGym, `repeat_previous.py`, where `back` is `k`). The source has whole decks of 52 only.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RepeatPreviouses {
    /// Cards in the deck, a quarter of them of each suit.
    pub cards: usize,
    /// Which card is to be named, counted back from 1, the one that is seen.
    pub back: usize,
}

impl Default for RepeatPreviouses {
    fn default() -> Self {
        RepeatPreviouses { cards: CARDS, back: 4 }
    }
}

impl TaskDistribution for RepeatPreviouses {
    fn sample(&self, _: &mut Rng) -> Box<dyn Environment> {
        Box::new(RepeatPrevious::new(self.cards, self.back))
    }
}

impl Family for RepeatPreviouses {
    fn check(&self) -> Result<(), String> {
        Deck::check(self.cards)?;
        if !(1..self.cards).contains(&self.back) {
            return Err(format!("`back` is {}: of {} cards it is 1 to {}", self.back, self.cards, self.cards - 1));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mean_and_error, play, total};
    use super::*;
    use crate::stream;
    use rand::RngExt;

    fn suit(observation: &[f32]) -> usize {
        observation.iter().position(|&x| x == 1.0).unwrap()
    }

    #[test]
    fn who_remembers_gets_one() {
        for (cards, back) in [(52, 4), (8, 1), (4, 3), (104, 32)] {
            let mut game = RepeatPrevious::new(cards, back);
            let mut rng = stream(0, "repeat", &[]);
            for _ in 0..20 {
                let mut seen = Vec::new();
                let steps = play(&mut game, &mut rng, |observation, _| {
                    seen.push(suit(observation));
                    seen.len().checked_sub(back).map_or(0, |place| seen[place])
                });
                assert_eq!(steps.len(), cards - 1);
                assert!((total(&steps) - 1.0).abs() < 1e-12, "{cards} cards, {back} back");
                assert!(steps[..back - 1].iter().all(|step| step.reward == 0.0));
                assert!(steps.iter().all(|step| !step.terminated));
            }
        }
    }

    #[test]
    fn who_guesses_gets_minus_a_half() {
        let mut game = RepeatPrevious::new(52, 4);
        let mut rng = stream(0, "repeat", &[1]);
        let mut luck = stream(0, "repeat", &[2]);
        let (mean, error) = mean_and_error(2000, || total(&play(&mut game, &mut rng, |_, _| luck.random_range(0..4))));
        // 48 guesses worth 1/48 each, of a standard deviation of sqrt(0.75).
        assert!((0.0026..0.003).contains(&error) && (mean + 0.5).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: RepeatPreviouses| family.check().unwrap_err();
        assert!(refuse(RepeatPreviouses { cards: 51, back: 4 }).contains("`cards`"));
        assert!(refuse(RepeatPreviouses { cards: 8, back: 8 }).contains("`back`"));
        assert!(refuse(RepeatPreviouses { cards: 8, back: 0 }).contains("`back`"));
    }
}
