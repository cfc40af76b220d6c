//! See a deck of cards and say it backwards: POPGym's probe of a memory for much.

use super::deck::{CARDS, Deck, SUITS};
use crate::picture::Picture;
use crate::registry::Family;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution, write_one_hot};
use serde::{Deserialize, Serialize};

/// The game with one deck. Its page of the manual is that of [`Autoencodes`].
#[derive(Clone, Debug)]
pub struct Autoencode {
    deck: Deck,
    named: usize,
    expected: [f64; SUITS],
}

impl Autoencode {
    fn new(cards: usize) -> Self {
        Autoencode { deck: Deck::new(cards), named: 0, expected: [0.0; SUITS] }
    }

    fn all_seen(&self) -> bool {
        self.deck.dealt() == self.deck.cards()
    }

    /// The card asked for now, if one is.
    fn asked(&self) -> Option<usize> {
        if self.all_seen() { self.deck.cards().checked_sub(self.named + 1) } else { None }
    }

    /// Shows a card of the suit `seen`, or where there is none a spade, and notes what will be right.
    fn show(&mut self, seen: usize, observation: &mut [f32]) {
        write_one_hot(&mut observation[..2], usize::from(self.all_seen()));
        write_one_hot(&mut observation[2..], seen);
        self.expected = [0.0; SUITS];
        if let Some(place) = self.asked() {
            let worth = 1.0 / self.deck.cards() as f64;
            self.expected = [-worth; SUITS];
            self.expected[self.deck.suit(place)] = worth;
        }
    }
}

impl Environment for Autoencode {
    fn observation_space(&self) -> Space {
        Space::MultiDiscrete { sizes: vec![2, SUITS] }
    }

    fn action_space(&self) -> Space {
        Deck::suit_space()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.named = 0;
        let seen = self.deck.begin(rng);
        self.show(seen, observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let reward = self.expected[action.index()];
        let seen = if self.all_seen() {
            self.named += 1;
            0
        } else {
            self.deck.deal()
        };
        self.show(seen, observation);
        Step { reward, terminated: self.named == self.deck.cards(), truncated: false }
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        Some(&self.expected)
    }

    fn picture(&self) -> Option<Picture> {
        Some(self.deck.picture(self.asked()))
    }
}

/// Naming all cards backwards: `Autoencode-v0`.
///
/// # Description
/// All cards of a shuffled deck are dealt one by one; then their suits are to be named, the last one first. The order is
/// drawn anew in every episode. All tasks are alike, as in the source; with `permute_actions` each has its own names for
/// the suits.
///
/// # Action space
/// `Discrete(4)`: a suit. As long as cards are dealt, it has no effect.
///
/// # Observation space
/// `MultiDiscrete([2, 4])`: whether cards are to be named now, and the suit of the card that has just been dealt. The last
/// card is shown together with the request to name it; while cards are named, the suit is always 0.
///
/// # Rewards
/// `1 / cards` for the right suit and minus that for a wrong one; 0 while cards are dealt. Who remembers gets 1 an
/// episode, who guesses -0.5 on the average (some better, who counts the cards).
///
/// # Starting state
/// The shuffled deck, of which the first card has been dealt.
///
/// # Episode end
/// Terminated when all cards have been named, after `2 * cards - 1` steps.
///
/// # Arguments
/// `cards` (52), in multiples of four. The source's levels are 52, 104 and 156.
///
/// # Differences from the source
/// None in the dynamics (POPGym, `autoencode.py`). The flag is the other way round there. The source has whole decks of 52 only.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Autoencodes {
    /// Cards in the deck, a quarter of them of each suit.
    pub cards: usize,
}

impl Default for Autoencodes {
    fn default() -> Self {
        Autoencodes { cards: CARDS }
    }
}

impl TaskDistribution for Autoencodes {
    fn sample(&self, _: &mut Rng) -> Box<dyn Environment> {
        Box::new(Autoencode::new(self.cards))
    }
}

impl Family for Autoencodes {
    fn check(&self) -> Result<(), String> {
        Deck::check(self.cards)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mean_and_error, play, total};
    use super::*;
    use crate::stream;
    use rand::RngExt;

    #[test]
    fn who_remembers_gets_one() {
        for cards in [4, 8, 52] {
            let mut game = Autoencode::new(cards);
            let mut rng = stream(0, "autoencode", &[]);
            for _ in 0..20 {
                let mut seen = Vec::new();
                let steps = play(&mut game, &mut rng, |observation, step| {
                    assert_eq!(observation[1] == 1.0, step + 1 >= cards, "when to name cards is said");
                    if step < cards {
                        seen.push(observation[2..].iter().position(|&x| x == 1.0).unwrap());
                    } else {
                        assert_eq!(observation[2..], [1.0, 0.0, 0.0, 0.0], "nothing is left to see");
                    }
                    if step + 1 < cards { 0 } else { seen[2 * cards - 2 - step] }
                });
                assert_eq!(steps.len(), 2 * cards - 1);
                assert!((total(&steps) - 1.0).abs() < 1e-12);
                assert!(steps[..cards - 1].iter().all(|step| step.reward == 0.0));
                assert!(steps.last().unwrap().terminated);
            }
        }
    }

    #[test]
    fn who_guesses_gets_minus_a_half() {
        let mut game = Autoencode::new(52);
        let mut rng = stream(0, "autoencode", &[1]);
        let mut luck = stream(0, "autoencode", &[2]);
        let (mean, error) = mean_and_error(1000, || total(&play(&mut game, &mut rng, |_, _| luck.random_range(0..4))));
        // 52 guesses worth 1/52 each, of a standard deviation of sqrt(0.75).
        assert!((0.0036..0.004).contains(&error) && (mean + 0.5).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert!(Autoencodes { cards: 3 }.check().unwrap_err().contains("`cards`"));
    }
}
