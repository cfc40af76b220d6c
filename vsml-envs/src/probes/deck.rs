//! A deck of cards of four suits: what the memory games of POPGym are played with.

use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::{Rng, Space};
use rand::seq::SliceRandom;

/// Number of suits.
pub(super) const SUITS: usize = 4;
/// Cards in one deck.
pub(super) const CARDS: usize = 52;
/// More cards than this are taken for a slip of the pen.
const MAX_CARDS: usize = 52 * 20;
/// Cards in a row of a picture.
const ROW: usize = 13;

/// Cards, as many of each suit, in a random order; the first `dealt` have been shown. Ranks do not matter.
#[derive(Clone, Debug)]
pub(super) struct Deck {
    suits: Vec<u8>,
    dealt: usize,
}

impl Deck {
    /// A deck of so many cards.
    pub fn new(cards: usize) -> Self {
        Deck { suits: (0..cards).map(|card| (card % SUITS) as u8).collect(), dealt: 0 }
    }

    /// Refuses a number of cards of which there is no deck.
    pub fn check(cards: usize) -> Result<(), String> {
        if cards == 0 || !cards.is_multiple_of(SUITS) || cards > MAX_CARDS {
            return Err(format!(
                "`cards` is {cards}: as many of each of the {SUITS} suits, so a multiple of {SUITS}, up to {MAX_CARDS}"
            ));
        }
        Ok(())
    }

    /// The space of one suit.
    pub fn suit_space() -> Space {
        Space::discrete(SUITS)
    }

    /// Takes all cards back, shuffles them and deals the first.
    pub fn begin(&mut self, rng: &mut Rng) -> usize {
        self.suits.shuffle(rng);
        self.dealt = 0;
        self.deal()
    }

    /// Shows the next card: its suit. There must be one.
    pub fn deal(&mut self) -> usize {
        self.dealt += 1;
        self.suit(self.dealt - 1)
    }

    /// The suit of card number `place`, in the order of dealing.
    pub fn suit(&self, place: usize) -> usize {
        usize::from(self.suits[place])
    }

    /// How many cards there are.
    pub fn cards(&self) -> usize {
        self.suits.len()
    }

    /// How many have been shown.
    pub fn dealt(&self) -> usize {
        self.dealt
    }

    /// The cards in the order of dealing, those not yet dealt in small letters and on grey; the one asked for on
    /// yellow.
    pub fn picture(&self, asked: Option<usize>) -> Picture {
        const FACES: [Tile; SUITS] = [
            Tile::new('S', Mark::Square, Colour::BLACK),
            Tile::new('D', Mark::Diamond, Colour::RED),
            Tile::new('C', Mark::Disc, Colour::BLUE),
            Tile::new('H', Mark::Cross, Colour::PURPLE),
        ];
        let unseen = |face: Tile| Tile { character: face.character.to_ascii_lowercase(), ..face.on(Colour::LIGHT) };
        let width = ROW.min(self.cards());
        let tiles = Tiles::new(width, self.cards().div_ceil(width), |place| match place {
            _ if place >= self.cards() => Tile::new(' ', Mark::None, Colour::WHITE),
            _ if Some(place) == asked => FACES[self.suit(place)].on(Colour::YELLOW),
            _ if place < self.dealt => FACES[self.suit(place)],
            _ => unseen(FACES[self.suit(place)]),
        });
        Picture::from(tiles).with_caption(format!("{} of {} cards seen", self.dealt, self.cards()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    #[test]
    fn a_deck_has_as_many_cards_of_each_suit_in_any_order() {
        let mut deck = Deck::new(8);
        let mut rng = stream(0, "deck", &[]);
        let mut first = [0; SUITS];
        for _ in 0..2000 {
            let mut counts = [0; SUITS];
            first[deck.begin(&mut rng)] += 1;
            counts[deck.suit(0)] += 1;
            while deck.dealt() < deck.cards() {
                counts[deck.deal()] += 1;
            }
            assert_eq!(counts, [2; SUITS]);
        }
        assert!(first.iter().all(|count| (440..560).contains(count)), "{first:?}: standard deviation 19");
    }

    #[test]
    fn the_picture_tells_what_has_been_seen() {
        let mut deck = Deck::new(16);
        deck.begin(&mut stream(0, "deck", &[1]));
        deck.deal();
        let text = deck.picture(Some(0)).to_text();
        let cards: String = text.lines().take(2).collect();
        assert!(cards[..2].chars().all(char::is_uppercase) && cards[2..16].chars().all(char::is_lowercase), "{text}");
        assert!(text.ends_with("2 of 16 cards seen"));
    }

    #[test]
    fn decks_that_cannot_be_are_refused() {
        assert!([4, 52, 156].iter().all(|&cards| Deck::check(cards).is_ok()));
        assert!([0, 50, 4000].iter().all(|&cards| Deck::check(cards).is_err_and(|error| error.contains("`cards`"))));
    }
}
