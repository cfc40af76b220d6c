//! A little more, but later: bsuite's discounting chain.
//!
//! The first action chooses one of five chains, each of which pays once, after 1, 3, 10, 30 or 100 steps. All pay the
//! same but one, which pays a tenth more. Which one that is, is the task: somebody who discounts too much cannot learn
//! that it was one of the late ones.

use super::chain_tile;
use crate::picture::{Colour, Mark, Picture, Tile, Tiles};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Action, Environment, Rng, Space, Step, TaskDistribution};
use serde::{Deserialize, Serialize};

/// After how many steps each chain pays.
pub const DELAYS: [usize; 5] = [1, 3, 10, 30, 100];

/// Five chains, or the first of them, one of which pays more. Its page of the manual is that of [`DiscountingChains`].
#[derive(Clone, Debug)]
pub struct DiscountingChain {
    chains: usize,
    bonus_chain: usize,
    bonus: f64,
    chosen: Option<usize>,
    step: usize,
}

impl DiscountingChain {
    /// The first `chains` chains, of which `bonus_chain` pays `1 + bonus` and each other 1.
    ///
    /// # Panics
    /// If there are not 1 to 5 chains, or `bonus_chain` is none of them.
    pub fn new(chains: usize, bonus_chain: usize, bonus: f64) -> Self {
        assert!((1..=DELAYS.len()).contains(&chains), "{chains} chains: there are 1 to {}", DELAYS.len());
        assert!(bonus_chain < chains, "chain {bonus_chain} has the bonus, of {chains}");
        DiscountingChain { chains, bonus_chain, bonus, chosen: None, step: 0 }
    }

    /// Steps of an episode.
    pub fn length(&self) -> usize {
        DELAYS[self.chains - 1]
    }

    /// Which chain pays more.
    pub fn bonus_chain(&self) -> usize {
        self.bonus_chain
    }

    fn observe(&self, observation: &mut [f32]) {
        observation[0] = self.chosen.map_or(-1.0, |chain| chain as f32);
        observation[1] = (self.step as f64 / self.length() as f64) as f32;
    }
}

impl Environment for DiscountingChain {
    fn observation_space(&self) -> Space {
        Space::Box { low: vec![-1.0, 0.0], high: vec![(self.chains - 1) as f32, 1.0], shape: vec![2] }
    }

    fn action_space(&self) -> Space {
        Space::discrete(self.chains)
    }

    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        self.chosen = None;
        self.step = 0;
        self.observe(observation);
    }

    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        let chosen = *self.chosen.get_or_insert(action.index());
        self.step += 1;
        self.observe(observation);
        let reward = match chosen {
            _ if self.step != DELAYS[chosen] => 0.0,
            _ if chosen == self.bonus_chain => 1.0 + self.bonus,
            _ => 1.0,
        };
        Step { reward, terminated: self.step == self.length(), truncated: false }
    }

    fn picture(&self) -> Option<Picture> {
        const PAYS: Tile = Tile::new('1', Mark::Diamond, Colour::GREEN);
        const PAYS_MORE: Tile = Tile::new('$', Mark::Diamond, Colour::ORANGE);
        let width = self.length() + 1;
        let tiles = Tiles::new(width, self.chains, |cell| {
            let (chain, column) = (cell / width, cell % width);
            let here = self.chosen == Some(chain) || (self.chosen.is_none() && chain == 0);
            match column {
                _ if here && column == self.step => Tile::AGENT,
                _ if column == DELAYS[chain] && chain == self.bonus_chain => PAYS_MORE,
                _ if column == DELAYS[chain] => PAYS,
                _ if here => chain_tile(column, self.step, usize::MAX),
                _ => Tile::FLOOR,
            }
        });
        let chosen = self.chosen.map_or("none".to_string(), |chain| format!("chain {chain}"));
        let caption = format!("chain {} pays {}; chosen: {chosen}", self.bonus_chain, 1.0 + self.bonus);
        Some(Picture::from(tiles).with_caption(caption))
    }
}

/// Discounting chains: `DiscountingChain-v0`.
///
/// # Description
/// The first action of an episode chooses a chain. Each pays once, at a step of its own, and one pays a little more than
/// the others: that one is the task, equally likely any of `bonus_chain`. Who tries each chain once knows the best one for
/// the rest of the lifetime, if it can tell 1.1 from 1 and connect it with a choice of 100 steps ago.
///
/// # Action space
/// `Discrete(chains)`: which chain. Only the first action of an episode has an effect.
///
/// # Observation space
/// `Box([2])`: the number of the chosen chain, or -1 before the choice; the part of the episode that is over, from 0 to 1.
///
/// # Rewards
/// Chain `i` pays in step 1, 3, 10, 30 or 100, for `i` from 0: `1 + bonus` on one chain and 1 on the others. All other
/// rewards are 0. The best return is 1.1 an episode; who chooses at random gets 1.02 on the average.
///
/// # Starting state
/// No chain is chosen.
///
/// # Episode end
/// Terminated after 100 steps, or with fewer chains after as many as the last one takes to pay.
///
/// # Arguments
/// `chains` (5): only the first so many, which makes for shorter episodes. `bonus` (0.1). `bonus_chain` (`0..4`): the chain
/// that pays more, or a range of chains, each equally likely; with `0..3` in training and `4` in testing a learner that
/// never looks at the last chain is found out. With fewer chains it must be narrowed to those.
///
/// # Differences from the source
/// None in the dynamics by default (bsuite, `discounting_chain.py`), where the chain with the bonus is the `mapping_seed`.
/// Observations are flat rather than of shape `[1, 2]`. The source always has five chains, and its lifetime is 1,000
/// episodes; here it is 20 by default.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscountingChains {
    /// How many of the five chains there are.
    pub chains: usize,
    /// What one chain pays beyond 1.
    pub bonus: f64,
    /// Which chain that is, from 0.
    pub bonus_chain: Span,
}

impl Default for DiscountingChains {
    fn default() -> Self {
        DiscountingChains { chains: DELAYS.len(), bonus: 0.1, bonus_chain: Span::between(0.0, 4.0) }
    }
}

impl TaskDistribution for DiscountingChains {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(DiscountingChain::new(self.chains, self.bonus_chain.sample_whole(rng), self.bonus))
    }
}

impl Family for DiscountingChains {
    fn check(&self) -> Result<(), String> {
        if !(1..=DELAYS.len()).contains(&self.chains) {
            return Err(format!("`chains` is {}: there are 1 to {}", self.chains, DELAYS.len()));
        }
        if !self.bonus.is_finite() {
            return Err(format!("`bonus` is {}: a reward must be finite", self.bonus));
        }
        self.bonus_chain.check_whole("bonus_chain", 0..=self.chains - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{mean_and_error, play, total};
    use super::*;
    use crate::stream;
    use rand::RngExt;

    #[test]
    fn each_chain_pays_once_and_at_its_time() {
        let mut chain = DiscountingChain::new(5, 3, 0.1);
        let mut rng = stream(0, "discounting", &[]);
        for (first, delay) in DELAYS.into_iter().enumerate() {
            // Later actions change nothing.
            let steps = play(&mut chain, &mut rng, |_, step| if step == 0 { first } else { step % 5 });
            assert_eq!(steps.len(), 100);
            for (step, answer) in steps.iter().enumerate() {
                let paid = if step + 1 != delay { 0.0 } else { [1.0, 1.1][usize::from(first == 3)] };
                assert_eq!((answer.reward, answer.terminated), (paid, step == 99), "chain {first}, step {step}");
            }
        }
    }

    #[test]
    fn the_observation_tells_choice_and_time_but_not_the_task() {
        let seen = |bonus_chain: usize| {
            let mut chain = DiscountingChain::new(3, bonus_chain, 0.1);
            let mut seen = Vec::new();
            play(&mut chain, &mut stream(0, "discounting", &[1]), |observation, _| {
                seen.push(observation.to_vec());
                2
            });
            seen
        };
        let tenths = (0..10).map(|step| vec![if step == 0 { -1.0 } else { 2.0 }, (f64::from(step) / 10.0) as f32]);
        assert_eq!(seen(0), tenths.collect::<Vec<_>>());
        assert!(seen(0) == seen(1) && seen(1) == seen(2));
    }

    #[test]
    fn choosing_at_random_gives_a_fifth_of_the_bonus() {
        let mut rng = stream(0, "discounting", &[2]);
        let (mean, error) = mean_and_error(5000, || {
            let mut chain = DiscountingChains::default().sample(&mut rng);
            let choice = rng.random_range(0..5);
            total(&play(&mut *chain, &mut rng, |_, _| choice))
        });
        // The bonus has a standard deviation of 0.04.
        assert!((0.0005..0.0006).contains(&error) && (mean - 1.02).abs() < 3.0 * error, "{mean} ± {error}");
    }

    #[test]
    fn each_chain_is_the_task_as_often_as_any_other() {
        let mut rng = stream(0, "discounting", &[3]);
        let mut counts = [0; 5];
        for _ in 0..1000 {
            let mut chain = DiscountingChains::default().sample(&mut rng);
            let best = (0..5).find(|&choice| total(&play(&mut *chain, &mut rng, |_, _| choice)) > 1.05);
            counts[best.unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (160..240).contains(count)), "{counts:?}: standard deviation 12.6");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let refuse = |family: DiscountingChains| family.check().unwrap_err();
        assert!(refuse(DiscountingChains { chains: 6, ..Default::default() }).contains("`chains`"));
        assert!(refuse(DiscountingChains { chains: 3, ..Default::default() }).contains("`bonus_chain`"));
        assert!(refuse(DiscountingChains { bonus: f64::NAN, ..Default::default() }).contains("`bonus`"));
    }
}
