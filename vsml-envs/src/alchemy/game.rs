//! The game: a table with stones and potions, a cauldron, and ten trials.
//!
//! As in `dm_alchemy` in the version with slots: an action names a place on the table, whatever lies there. A place that
//! is empty makes it an action without effect, which takes a step all the same. Nothing but the new stones and potions
//! says that a trial is over.

use super::chemistry::{Chemistry, Potion, look_of_value, value};
use super::graph::{AXES, VERTICES};
use super::rules::{AlchemyAction, MAX_POTIONS, MAX_STONES, Rules};
use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::{Action, Environment, Rng, Space, Step};
use rand::RngExt;

/// Numbers that describe a stone: its look, its value, whether it is gone.
pub(super) const STONE_NUMBERS: usize = AXES + 2;
/// Numbers that describe a potion: its colour, whether it is gone.
pub(super) const POTION_NUMBERS: usize = 2;
/// Numbers of an observation.
pub(super) const NUMBERS: usize = MAX_STONES * STONE_NUMBERS + MAX_POTIONS * POTION_NUMBERS;

/// The game under one chemistry. Its page of the manual is that of [`Chemistries`](super::Chemistries).
#[derive(Clone, Debug)]
pub struct Alchemy {
    chemistry: Chemistry,
    rules: Rules,
    trial: usize,
    step: usize,
    stones: [Option<u8>; MAX_STONES],
    potions: [Option<Potion>; MAX_POTIONS],
    score: i32,
}

impl Alchemy {
    /// The game of `chemistry` with `rules`.
    ///
    /// # Panics
    /// If the rules ask for more stones or potions than there are places, or for no trials or steps.
    pub fn new(chemistry: Chemistry, rules: Rules) -> Self {
        assert!(rules.stones <= MAX_STONES && rules.potions <= MAX_POTIONS, "{rules:?} do not fit on the table");
        assert!(rules.trials > 0 && rules.steps_per_trial > 0, "{rules:?} have no step");
        Alchemy {
            chemistry,
            rules,
            trial: 0,
            step: 0,
            stones: [None; MAX_STONES],
            potions: [None; MAX_POTIONS],
            score: 0,
        }
    }

    /// What is hidden.
    pub fn chemistry(&self) -> &Chemistry {
        &self.chemistry
    }

    /// The rules.
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// The stone at each place, if it is not gone: a corner of the cube ([`VERTICES`]).
    pub fn stones(&self) -> &[Option<u8>; MAX_STONES] {
        &self.stones
    }

    /// The potion at each place, if it is not gone.
    pub fn potions(&self) -> &[Option<Potion>; MAX_POTIONS] {
        &self.potions
    }

    /// Trials of this episode that are over.
    pub fn trial(&self) -> usize {
        self.trial
    }

    /// Steps taken in this trial.
    pub fn steps_in_trial(&self) -> usize {
        self.step
    }

    /// Sum of the rewards of this episode.
    pub fn score(&self) -> i32 {
        self.score
    }

    /// Puts stones and potions of your choice on the table, in place of those that are there.
    pub fn set_table(&mut self, stones: [Option<u8>; MAX_STONES], potions: [Option<Potion>; MAX_POTIONS]) {
        (self.stones, self.potions) = (stones, potions);
    }

    fn begin_trial(&mut self, rng: &mut Rng) {
        self.step = 0;
        for (place, stone) in self.stones.iter_mut().enumerate() {
            *stone = (place < self.rules.stones).then(|| rng.random_range(0..VERTICES as u64) as u8);
        }
        for (place, potion) in self.potions.iter_mut().enumerate() {
            let mut draw = || Potion::of_kind(rng.random_range(0..Potion::KINDS as u64) as usize);
            *potion = (place < self.rules.potions).then(&mut draw);
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        let (stones, potions) = observation.split_at_mut(MAX_STONES * STONE_NUMBERS);
        for (shown, stone) in stones.chunks_mut(STONE_NUMBERS).zip(&self.stones) {
            let Some(stone) = *stone else {
                shown.copy_from_slice(&[2.0, 2.0, 2.0, 2.0, 1.0]);
                continue;
            };
            for (number, coordinate) in shown.iter_mut().zip(self.chemistry.look_of_stone(stone)) {
                *number = f32::from(coordinate);
            }
            shown[AXES] = (f64::from(look_of_value(stone)) / 3.0) as f32;
            shown[AXES + 1] = 0.0;
        }
        for (shown, potion) in potions.chunks_mut(POTION_NUMBERS).zip(&self.potions) {
            match potion {
                None => shown.fill(1.0),
                Some(potion) => {
                    shown[0] = (self.chemistry.look_of_potion(*potion) as f64 / 3.0 - 1.0) as f32;
                    shown[1] = 0.0;
                }
            }
        }
    }
}

impl Environment for Alchemy {
    fn observation_space(&self) -> Space {
        let (mut low, mut high) = (Vec::with_capacity(NUMBERS), Vec::with_capacity(NUMBERS));
        for _ in 0..MAX_STONES {
            low.extend([-1.0, -1.0, -1.0, -1.0, 0.0]);
            high.extend([2.0, 2.0, 2.0, 2.0, 1.0]);
        }
        for _ in 0..MAX_POTIONS {
            low.extend([-1.0, 0.0]);
            high.extend([1.0, 1.0]);
        }
        Space::Box { low, high, shape: vec![NUMBERS] }
    }

    fn action_space(&self) -> Space {
        Space::discrete(AlchemyAction::count(self.rules.end_trial_action))
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        (self.trial, self.score) = (0, 0);
        self.begin_trial(rng);
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let action = AlchemyAction::at(action.index(), self.rules.end_trial_action);
        let mut reward = 0;
        match action {
            AlchemyAction::EndTrial | AlchemyAction::Wait => {}
            AlchemyAction::Bank { stone } => reward = self.stones[stone].take().map_or(0, value),
            AlchemyAction::Dip { stone, potion } => {
                if let Some(stone) = &mut self.stones[stone]
                    && let Some(potion) = self.potions[potion].take()
                {
                    *stone = self.chemistry.react(*stone, potion);
                }
            }
        }
        self.score += reward;
        self.step += 1;
        let trial_ends = action == AlchemyAction::EndTrial || self.step >= self.rules.steps_per_trial;
        let terminated = trial_ends && self.trial + 1 == self.rules.trials;
        if trial_ends && !terminated {
            self.trial += 1;
            self.begin_trial(rng);
        }
        self.observe(observation);
        Step { reward: f64::from(reward), terminated, truncated: false }
    }

    fn picture(&self) -> Option<Picture> {
        const EMPTY: Tile = Tile::new('.', Mark::None, Colour::WHITE);
        const COLOURS: [Colour; Potion::KINDS] =
            [Colour::BLUE, Colour::SKY, Colour::GREEN, Colour::YELLOW, Colour::RED, Colour::PURPLE];
        let stone = |stone: u8| match value(stone) {
            -3 => Tile::new('-', Mark::Diamond, Colour::RED),
            -1 => Tile::new('~', Mark::Diamond, Colour::ORANGE),
            1 => Tile::new('+', Mark::Diamond, Colour::SKY),
            _ => Tile::new('*', Mark::Diamond, Colour::GREEN),
        };
        let potion = |potion: Potion| {
            let colour = COLOURS[self.chemistry.look_of_potion(potion)];
            let (character, mark) = match potion {
                Potion { axis, up: true } => (['A', 'B', 'C'][axis], Mark::Arrow(0)),
                Potion { axis, up: false } => (['a', 'b', 'c'][axis], Mark::Arrow(2)),
            };
            Tile::new(character, mark, colour)
        };
        // The edges: four along each axis, by the other two coordinates.
        let edge = |place: usize| {
            let axis = place / 4;
            let lower = (0..VERTICES as u8).filter(|corner| corner >> axis & 1 == 0).nth(place % 4).unwrap_or(0);
            let open = self.chemistry.graph().is_open(lower, axis);
            if open { Tile::new('=', Mark::Square, Colour::GREY) } else { Tile::new('x', Mark::Cross, Colour::RED) }
        };
        let tiles = Tiles::new(MAX_POTIONS, 3, |cell| match (cell / MAX_POTIONS, cell % MAX_POTIONS) {
            (0, place) => self.stones.get(place).map_or(EMPTY, |kept| kept.map_or(EMPTY, stone)),
            (1, place) => self.potions[place].map_or(EMPTY, potion),
            (_, place) => edge(place),
        });
        let Rules { trials, steps_per_trial, .. } = self.rules;
        let caption = format!(
            "trial {} of {trials}, step {} of {steps_per_trial}, banked {}",
            self.trial + 1,
            self.step,
            self.score
        );
        Some(Picture::from(tiles).with_caption(caption))
    }
}

#[cfg(test)]
mod tests {
    use super::super::chemistry::Rotation;
    use super::super::graph::Graph;
    use super::*;
    use crate::stream;

    const RULES: Rules = Rules { trials: 10, steps_per_trial: 20, stones: 3, potions: 12, end_trial_action: false };

    fn potions(kinds: &[usize]) -> [Option<Potion>; MAX_POTIONS] {
        let mut potions = [None; MAX_POTIONS];
        for (place, kind) in potions.iter_mut().zip(kinds) {
            *place = Some(Potion::of_kind(*kind));
        }
        potions
    }

    fn act(game: &mut Alchemy, action: AlchemyAction, observation: &mut [f32]) -> Step {
        let mut rng = stream(0, "alchemy", &[1]);
        game.step(Action::Discrete(action.index(game.rules.end_trial_action)), &mut rng, observation)
    }

    #[test]
    fn a_stone_is_made_better_and_banked() {
        let mut game = Alchemy::new(Chemistry::plain(Graph::complete()), RULES);
        let mut seen = [f32::NAN; NUMBERS];
        // Upwards along axis 0 and 1, and downwards along 2.
        game.set_table([Some(0b100), Some(0b000), None], potions(&[1, 3, 4]));
        let dip = |stone, potion| AlchemyAction::Dip { stone, potion };
        assert_eq!(act(&mut game, dip(0, 0), &mut seen), Step::going_on(0.0));
        assert_eq!(seen[..5], [1.0, -1.0, 1.0, (1.0 / 3.0_f64) as f32, 0.0]);
        assert_eq!(seen[15..21], [1.0, 1.0, 0.0, 0.0, (4.0 / 3.0 - 1.0_f64) as f32, 0.0], "the first potion is gone");
        act(&mut game, dip(0, 1), &mut seen);
        assert_eq!(seen[..5], [1.0, 1.0, 1.0, 1.0, 0.0]);
        act(&mut game, dip(1, 2), &mut seen);
        assert_eq!((game.stones()[1], game.potions()[2]), (Some(0), None), "no effect, but used up");
        assert_eq!(act(&mut game, AlchemyAction::Bank { stone: 0 }, &mut seen), Step::going_on(15.0));
        assert_eq!(seen[..5], [2.0, 2.0, 2.0, 2.0, 1.0]);
        assert_eq!(act(&mut game, AlchemyAction::Bank { stone: 0 }, &mut seen), Step::going_on(0.0));
        assert_eq!(act(&mut game, AlchemyAction::Bank { stone: 1 }, &mut seen), Step::going_on(-3.0));
        assert_eq!((game.score(), game.steps_in_trial()), (12, 6));
    }

    #[test]
    fn what_is_not_there_cannot_be_used() {
        let mut game = Alchemy::new(Chemistry::plain(Graph::complete()), RULES);
        let mut seen = [f32::NAN; NUMBERS];
        game.set_table([Some(0), None, None], potions(&[1]));
        act(&mut game, AlchemyAction::Dip { stone: 1, potion: 0 }, &mut seen);
        act(&mut game, AlchemyAction::Dip { stone: 0, potion: 1 }, &mut seen);
        act(&mut game, AlchemyAction::Wait, &mut seen);
        assert_eq!((game.stones()[0], game.potions()[0]), (Some(0), Some(Potion::of_kind(1))));
        assert_eq!(game.steps_in_trial(), 3);
    }

    #[test]
    fn an_episode_is_ten_trials_of_twenty_steps_with_new_things_in_each() {
        let mut game = Alchemy::new(Chemistry::plain(Graph::complete()), RULES);
        let mut rng = stream(0, "alchemy", &[2]);
        let mut seen = [f32::NAN; NUMBERS];
        game.reset(&mut rng, &mut seen);
        let mut tables = vec![(*game.stones(), *game.potions())];
        for step in 1..=200 {
            let answer = game.step(Action::Discrete(0), &mut rng, &mut seen);
            assert_eq!((answer.terminated, answer.reward), (step == 200, 0.0));
            if step % 20 == 0 && step < 200 {
                assert_eq!((game.trial(), game.steps_in_trial()), (step / 20, 0));
                tables.push((*game.stones(), *game.potions()));
            }
            assert_eq!((*game.stones(), *game.potions()), *tables.last().unwrap());
        }
        assert!((1..10).all(|i| !tables[..i].contains(&tables[i])));
    }

    #[test]
    fn a_trial_can_be_ended_where_the_rules_say_so() {
        let rules = Rules { trials: 2, end_trial_action: true, ..RULES };
        let mut game = Alchemy::new(Chemistry::plain(Graph::complete()), rules);
        let mut seen = [f32::NAN; NUMBERS];
        game.reset(&mut stream(0, "alchemy", &[3]), &mut seen);
        assert!(!act(&mut game, AlchemyAction::EndTrial, &mut seen).terminated);
        assert_eq!((game.trial(), game.steps_in_trial()), (1, 0));
        assert!(act(&mut game, AlchemyAction::EndTrial, &mut seen).terminated);
    }

    #[test]
    fn what_is_seen_tells_of_the_chemistry_no_more_than_looks_and_values() {
        // The same things on the table, under every graph: no difference.
        let reset = |chemistry: Chemistry| {
            let mut seen = [f32::NAN; NUMBERS];
            Alchemy::new(chemistry, RULES).reset(&mut stream(0, "alchemy", &[4]), &mut seen);
            seen
        };
        let graphs = Graph::all();
        let looks = |graph: Graph| Chemistry::plain(graph).with_looks(3, 29, Rotation::About1);
        assert!(graphs.iter().all(|graph| reset(looks(*graph)) == reset(looks(graphs[0]))));

        // Potions that do other things but look the same: no difference.
        let table = |map: usize| {
            let chemistry = Chemistry::plain(graphs[0]).with_looks(7, map, Rotation::None);
            let kind_that_looks =
                |look: usize| (0..6).find(|kind| chemistry.look_of_potion(Potion::of_kind(*kind)) == look).unwrap();
            let mut game = Alchemy::new(chemistry, RULES);
            game.set_table([Some(5); 3], potions(&[0, 1, 2, 3, 4, 5].map(kind_that_looks)));
            let mut seen = [f32::NAN; NUMBERS];
            game.observe(&mut seen);
            (seen, game.potions)
        };
        let first = table(0);
        for map in 1..48 {
            let other = table(map);
            assert!(other.0 == first.0 && other.1 != first.1);
        }
    }

    #[test]
    fn the_picture_shows_table_and_truth() {
        let graph = Graph::all().into_iter().find(|graph| !graph.is_open(0, 2)).unwrap();
        let mut game = Alchemy::new(Chemistry::plain(graph), RULES);
        game.set_table([Some(7), Some(0), None], potions(&[0, 5]));
        let text = game.picture().unwrap().to_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["*-..........", "aC.........."]);
        assert!(lines[2][8..].starts_with('x'), "{text}");
        assert_eq!(lines[3], "trial 1 of 10, step 0 of 20, banked 0");
    }
}
