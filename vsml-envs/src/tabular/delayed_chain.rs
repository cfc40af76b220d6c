//! Chains that pay late: how far a learner can look ahead.
//!
//! One choice at the beginning decides which chain one is in; from then on nothing can be done but wait. Each chain pays
//! once, the first at once and the last at the very end, and one of them pays a little more. A learner that discounts
//! takes the early one, whichever pays more.

use super::{Layout, Outcome, Table, TabularEnvironment};
use crate::picture::{Colour, Mark, Tile};
use crate::registry::Family;
use crate::{Environment, Rng, TaskDistribution};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// After how many steps chains pay: those of these that are within the length of an episode.
const DELAYS: [usize; 7] = [1, 3, 10, 30, 100, 300, 1000];

/// Chains that pay late: `DelayedChain-v0`.
///
/// # Description
/// The first action chooses a chain; what is done later changes nothing. Chain 0 pays after 1 step, the next after 3, 10,
/// 30 and 100. One chain, drawn for each task, pays `bonus` more than the others. To find it one must wait for all.
///
/// # Action space
/// `Discrete(chains)`: a chain; there are 5 in an episode of 100 steps.
///
/// # Observation space
/// `Discrete(1 + chains * (length - 1))`, one-hot: the start, or how far one is in which chain.
///
/// # Rewards
/// 1, once an episode, and 1 + `bonus` (0.1) in one of the chains.
///
/// # Starting state
/// At the start.
///
/// # Episode end
/// Terminated after `length` steps, 100. Lifetimes are counted in episodes, 20 by default.
///
/// # Arguments
/// `length` (100), `bonus` (0.1): the fields below. Of the delays 1, 3, 10, 30, 100, 300, 1000 those up to `length` have a
/// chain.
///
/// # Differences from the source
/// The process is that of `DiscountingChain` in bsuite (Osband et al. 2020, arXiv 1908.03568), where `length` is 100. There
/// the observation is two numbers, the chain and the time; here it is the state, one-hot.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DelayedChains {
    /// Steps of an episode.
    pub length: usize,
    /// How much more one of the chains pays.
    pub bonus: f64,
}

impl Default for DelayedChains {
    fn default() -> Self {
        DelayedChains { length: 100, bonus: 0.1 }
    }
}

impl DelayedChains {
    fn chains(&self) -> usize {
        DELAYS.iter().filter(|delay| **delay <= self.length).count()
    }

    /// The process in which the chain number `better` pays more.
    fn environment(&self, better: usize) -> Result<TabularEnvironment, String> {
        let (chains, later) = (self.chains(), self.length - 1);
        let states = 1 + chains * later;
        let state = |chain: usize, time: usize| if time == 0 { 0 } else { 1 + chain * later + time - 1 };
        let outcome = |chain: usize, time: usize| {
            let pays = if chain == better { 1.0 + self.bonus } else { 1.0 };
            let reward = if time + 1 == DELAYS[chain] { pays } else { 0.0 };
            let terminated = time + 1 == self.length;
            let next = if terminated { state(chain, time) } else { state(chain, time + 1) };
            vec![Outcome { terminated, ..Outcome::certain(next, reward) }]
        };
        let mut rows: Vec<_> = (0..chains).map(|chain| outcome(chain, 0)).collect();
        for chain in 0..chains {
            for time in 1..self.length {
                rows.extend(std::iter::repeat_n(outcome(chain, time), chains));
            }
        }
        let table = Table::new(chains, &rows, super::start_in(0, states)).map_err(|error| error.to_string())?;
        Ok(TabularEnvironment::new(table).with_layout(self.layout(better)))
    }

    /// A row for each chain, with the start before the first, and a mark where the chain pays.
    fn layout(&self, better: usize) -> Layout {
        let chains = self.chains();
        let later = self.length - 1;
        let mut layout = Layout::rows(self.length * chains, self.length);
        for (chain, delay) in DELAYS.into_iter().enumerate().take(chains) {
            layout.tiles[chain * self.length].character = ' ';
            let pays = if chain == better { Tile::GOAL } else { Tile::new('1', Mark::Ring, Colour::GREEN) };
            layout.tiles[chain * self.length + delay - 1] = pays;
        }
        let cell = |place: usize| place / later * self.length + 1 + place % later;
        layout.cells = std::iter::once(0).chain((0..chains * later).map(cell)).collect();
        layout
    }
}

impl TaskDistribution for DelayedChains {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.environment(rng.random_range(0..self.chains() as u64) as usize) {
            Ok(environment) => Box::new(environment),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for DelayedChains {
    fn check(&self) -> Result<(), String> {
        if !(1..=1000).contains(&self.length) {
            return Err(format!("`length` is {}: an episode has 1 to 1000 steps", self.length));
        }
        super::check_finite("bonus", self.bonus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};

    #[test]
    fn each_chain_pays_once_and_when_it_should() {
        let family = DelayedChains::default();
        for (chain, delay) in [1, 3, 10, 30, 100].into_iter().enumerate() {
            let mut environment = family.environment(2).unwrap();
            let (mut rng, mut seen) = (stream(0, "delayed", &[]), vec![0.0; 496]);
            environment.reset(&mut rng, &mut seen);
            for time in 1..=100 {
                let action = if time == 1 { chain } else { time % 5 };
                let step = environment.step(Action::Discrete(action), &mut rng, &mut seen);
                let expected = if time == delay { if chain == 2 { 1.1 } else { 1.0 } } else { 0.0 };
                assert_eq!((step.reward, step.terminated), (expected, time == 100), "chain {chain}, step {time}");
            }
        }
    }

    #[test]
    fn who_discounts_much_takes_the_first_chain_and_who_does_not_the_better_one() {
        for better in 0..5 {
            let environment = DelayedChains::default().environment(better).unwrap();
            let table = environment.table().unwrap();
            let choice = |discount| table.plan(100, discount).action(100, 0);
            assert_eq!((choice(0.9), choice(1.0)), (0, better));
            assert_eq!(table.plan(100, 1.0).value(100, 0), 1.1);
        }
    }

    #[test]
    fn the_picture_marks_where_chains_pay() {
        let environment = DelayedChains { length: 4, bonus: 0.1 }.environment(1).unwrap();
        let text = environment.picture().unwrap().to_text();
        assert!(text.starts_with("@...\n .G.\n"), "{text}");
    }

    #[test]
    fn shorter_episodes_have_fewer_chains() {
        let actions = |length| DelayedChains { length, bonus: 0.1 }.environment(0).unwrap().action_space().flat_len();
        assert_eq!([1, 2, 3, 30, 99, 100, 1000].map(actions), [1, 1, 2, 4, 4, 5, 7]);
        assert!(DelayedChains { length: 0, bonus: 0.1 }.check().unwrap_err().contains("`length` is 0"));
        assert!(DelayedChains { length: 9, bonus: f64::NAN }.check().unwrap_err().contains("`bonus`"));
    }
}
