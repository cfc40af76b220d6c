//! The player that knows the chemistry: what a trial can bring at most, by search.
//!
//! Knowing everything, a trial is a puzzle: which potions to spend on which stones. What counts of a table are the stones
//! in any order and the number of potions of each kind, and a table is worth what its stones are worth, or the best of the
//! tables one effective potion further. Each table is looked at once.

use super::chemistry::{Potion, value};
use super::game::Alchemy;
use super::graph::{Graph, VERTICES};
use super::rules::{AlchemyAction, MAX_STONES};

/// Stands for a stone that is gone.
const GONE: u8 = VERTICES as u8;
/// The stone worth 15.
const BEST: u8 = GONE - 1;
/// Kinds of stones, among them that which is gone.
const STONES: usize = VERTICES + 1;
/// The value of a table not yet looked at; values of tables are 0 to 45.
const UNKNOWN: i8 = -1;

/// Stones in ascending order, and how many potions there are of each kind.
type Table = ([u8; MAX_STONES], [u8; Potion::KINDS]);

/// The player that knows the chemistry and plays every trial as well as it can be played.
///
/// It takes steps to be plenty: a trial must have as many as there are stones and potions. Its mean score is that of the
/// paper's search oracle, 288.5.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    plan: Option<Plan>,
}

impl Oracle {
    /// A player that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The index of the best action in `game`. It thinks where it has not yet seen the graph or so many potions: in the first
    /// step of a trial, as a rule.
    pub fn act(&mut self, game: &Alchemy) -> usize {
        let (stones, counts) = table_of(game);
        let end_trial_action = game.rules().end_trial_action;
        let plan = self.plan_for(game);
        let target = plan.value(stones, counts);
        let action = if target == worth(stones) {
            match game.stones().iter().position(|stone| stone.is_some_and(|stone| value(stone) > 0)) {
                Some(stone) => AlchemyAction::Bank { stone },
                None if end_trial_action => AlchemyAction::EndTrial,
                None => AlchemyAction::Wait,
            }
        } else {
            plan.first_dip(game, (stones, counts), target).unwrap_or(AlchemyAction::Wait)
        };
        action.index(end_trial_action)
    }

    /// What the rest of the trial can bring at most.
    pub fn attainable(&mut self, game: &Alchemy) -> i32 {
        let (stones, counts) = table_of(game);
        i32::from(self.plan_for(game).value(stones, counts))
    }

    fn plan_for(&mut self, game: &Alchemy) -> &mut Plan {
        let (graph, counts) = (*game.chemistry().graph(), table_of(game).1);
        self.plan = self.plan.take().filter(|plan| plan.covers(&graph, &counts));
        self.plan.get_or_insert_with(|| Plan::new(graph, counts))
    }
}

/// The values of the tables that come from one.
#[derive(Clone, Debug)]
struct Plan {
    graph: Graph,
    /// Potions at the beginning.
    counts: [u8; Potion::KINDS],
    values: Vec<i8>,
}

impl Plan {
    fn new(graph: Graph, counts: [u8; Potion::KINDS]) -> Self {
        let tables = counts.iter().fold(STONES.pow(MAX_STONES as u32), |tables, count| tables * (1 + *count as usize));
        Plan { graph, counts, values: vec![UNKNOWN; tables] }
    }

    /// Whether tables of so many potions are among those here.
    fn covers(&self, graph: &Graph, counts: &[u8; Potion::KINDS]) -> bool {
        self.graph == *graph && counts.iter().zip(&self.counts).all(|(count, most)| count <= most)
    }

    /// The number of a table.
    fn place(&self, (stones, counts): Table) -> usize {
        let place = stones.iter().fold(0, |place, stone| place * STONES + usize::from(*stone));
        let each = counts.iter().zip(&self.counts);
        each.fold(place, |place, (count, most)| place * (1 + *most as usize) + usize::from(*count))
    }

    fn value(&mut self, stones: [u8; MAX_STONES], counts: [u8; Potion::KINDS]) -> i8 {
        let place = self.place((stones, counts));
        if self.values[place] == UNKNOWN {
            let mut best = worth(stones);
            for slot in 0..MAX_STONES {
                for kind in 0..Potion::KINDS {
                    if let Some((stones, counts)) = self.dipped((stones, counts), slot, kind) {
                        best = best.max(self.value(stones, counts));
                    }
                }
            }
            self.values[place] = best;
        }
        self.values[place]
    }

    /// The table after the stone in `slot` has gone into a potion of `kind`, if there is one and it changes the stone. The
    /// best stone is left as it is: changing it can only cost potions.
    fn dipped(&self, (mut stones, mut counts): Table, slot: usize, kind: usize) -> Option<Table> {
        let (stone, potion) = (stones[slot], Potion::of_kind(kind));
        let is_up = stone >> potion.axis & 1 == 1;
        if stone >= BEST || counts[kind] == 0 || is_up == potion.up || !self.graph.is_open(stone, potion.axis) {
            return None;
        }
        stones[slot] = stone ^ 1 << potion.axis;
        stones.sort_unstable();
        counts[kind] -= 1;
        Some((stones, counts))
    }

    /// An action after which the table is still worth `target`.
    fn first_dip(&mut self, game: &Alchemy, table: Table, target: i8) -> Option<AlchemyAction> {
        for (stone, kept) in game.stones().iter().enumerate() {
            let slot = kept.and_then(|kept| table.0.iter().position(|other| *other == kept));
            for (potion, kept) in game.potions().iter().enumerate() {
                if let (Some(slot), Some(kept)) = (slot, kept)
                    && let Some((stones, counts)) = self.dipped(table, slot, kept.kind())
                    && self.value(stones, counts) == target
                {
                    return Some(AlchemyAction::Dip { stone, potion });
                }
            }
        }
        None
    }
}

/// What counts of the table in `game`.
fn table_of(game: &Alchemy) -> Table {
    let mut stones = game.stones().map(|stone| stone.unwrap_or(GONE));
    stones.sort_unstable();
    let mut counts = [0; Potion::KINDS];
    for potion in game.potions().iter().flatten() {
        counts[potion.kind()] += 1;
    }
    (stones, counts)
}

/// What the stones pay if all that are worth something go into the cauldron as they are.
fn worth(stones: [u8; MAX_STONES]) -> i8 {
    stones.iter().filter(|stone| **stone != GONE).map(|stone| value(*stone).max(0) as i8).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alchemy::{Chemistries, Chemistry, MAX_POTIONS, Rules, random_heuristic};
    use crate::{Action, Environment, Rng, stream};

    const RULES: Rules = Rules { trials: 1, steps_per_trial: 20, stones: 3, potions: 12, end_trial_action: false };

    fn table(graph: Graph, stones: [Option<u8>; MAX_STONES], kinds: &[usize]) -> Alchemy {
        let mut potions = [None; MAX_POTIONS];
        for (place, kind) in potions.iter_mut().zip(kinds) {
            *place = Some(Potion::of_kind(*kind));
        }
        let mut game = Alchemy::new(Chemistry::plain(graph), RULES);
        game.set_table(stones, potions);
        game
    }

    fn play(oracle: &mut Oracle, game: &mut Alchemy, rng: &mut Rng) -> i32 {
        let mut seen = vec![0.0; game.observation_space().flat_len()];
        let mut attainable = 0;
        loop {
            if game.steps_in_trial() == 0 {
                attainable += oracle.attainable(game);
            }
            let action = oracle.act(game);
            if game.step(Action::Discrete(action), rng, &mut seen).ended() {
                assert_eq!(game.score(), attainable, "it gets what it says that can be got");
                return game.score();
            }
        }
    }

    #[test]
    fn puzzles_solved_by_hand() {
        let mut rng = stream(0, "alchemy", &[20]);
        let (complete, mut oracle) = (Graph::complete(), Oracle::new());
        let mut solve = |graph, stones, kinds: &[usize]| play(&mut oracle, &mut table(graph, stones, kinds), &mut rng);
        // One potion upwards along axis 0, two stones that need it: one of them gets 15, the other is worth 1.
        assert_eq!(solve(complete, [Some(0b110), Some(0b110), None], &[1]), 16);
        // Three upwards for the worst stone; the other stone is not worth banking.
        assert_eq!(solve(complete, [Some(0b000), Some(0b000), None], &[1, 3, 5]), 15);
        // Axis 0 is open only where axis 1 is low: a stone has to go down first and up again.
        let shut =
            |stone: u8| Graph::all().into_iter().find(|graph| graph.constraints() == 1 && !graph.is_open(stone, 0));
        let graph = shut(0b110).filter(|graph| graph.is_open(0b100, 0)).unwrap();
        assert_eq!(solve(graph, [Some(0b110), None, None], &[1, 3]), 1);
        assert_eq!(solve(graph, [Some(0b110), None, None], &[1, 2, 3]), 15);
    }

    #[test]
    fn it_scores_what_the_paper_says() {
        let mut rng = stream(0, "alchemy", &[21]);
        let scores: Vec<f64> = (0..120)
            .map(|_| {
                let mut game = Chemistries::default().game(&mut rng);
                game.reset(&mut rng, &mut vec![0.0; game.observation_space().flat_len()]);
                f64::from(play(&mut Oracle::new(), &mut game, &mut rng))
            })
            .collect();
        let mean = scores.iter().sum::<f64>() / 120.0;
        let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / 119.0;
        let error = (variance / 120.0).sqrt();
        assert!(error < 6.0 && (mean - 288.5).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn nobody_gets_more_out_of_a_trial() {
        let mut rng = stream(0, "alchemy", &[22]);
        let family = Chemistries { trials: 1, ..Chemistries::default() };
        let mut equal = 0;
        for _ in 0..300 {
            let mut game = family.game(&mut rng);
            let mut seen = vec![0.0; game.observation_space().flat_len()];
            game.reset(&mut rng, &mut seen);
            let attainable = Oracle::new().attainable(&game);
            loop {
                let action = random_heuristic(&seen, false, &mut rng);
                if game.step(Action::Discrete(action), &mut rng, &mut seen).ended() {
                    break;
                }
            }
            assert!(game.score() <= attainable);
            equal += u32::from(game.score() == attainable);
        }
        assert!((1..150).contains(&equal), "chance is as good as knowledge in {equal} of 300 trials");
    }
}
