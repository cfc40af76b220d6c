//! Probes: tiny environments that each ask one question of a learner.
//!
//! Can it remember one bit for a hundred steps ([`MemoryChains`]), tell the one decision that counted from the noise
//! around it ([`UmbrellaChains`]), wait for a reward that is a little better ([`DiscountingChains`]), see what it should
//! do at all ([`Catches`])? These four are bsuite's (Osband et al. 2020, arXiv 1908.03568). The two that ask for a longer
//! memory, [`RepeatPreviouses`] and [`Autoencodes`], are POPGym's (Morad et al. 2023, arXiv 2303.01859).
//!
//! In the sources a task is one setting of the parameters, and a learner is trained on it from nothing. Here it is meant
//! to know the game already and to play it: but for the chain with the bonus, which is the task of a
//! [`DiscountingChains`], all tasks of one setting are alike, and what varies does so from episode to episode. With
//! `permute_actions` or `permute_observations` each task is a game of its own again, and with a range of lengths a
//! learner cannot count on one.

mod autoencode;
mod catch;
mod deck;
mod discounting_chain;
mod memory_chain;
mod repeat_previous;
mod umbrella_chain;

pub use autoencode::{Autoencode, Autoencodes};
pub use catch::{Catch, Catches};
pub use discounting_chain::{DiscountingChain, DiscountingChains};
pub use memory_chain::{MemoryChain, MemoryChains};
pub use repeat_previous::{RepeatPrevious, RepeatPreviouses};
pub use umbrella_chain::{UmbrellaChain, UmbrellaChains};

use crate::picture::{Colour, Mark, Tile};
use crate::{LifetimeLength, Registry, RegistryError};

/// A longer chain is taken for a slip of the pen.
const MAX_LENGTH: usize = 1000;

/// Registers the probes.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.register_family(
        "MemoryChain-v0",
        "a few bits to remember from the first step to the last",
        LifetimeLength::Episodes(20),
        MemoryChains::default(),
    )?;
    registry.register_family(
        "UmbrellaChain-v0",
        "one decision that counts, and much noise before its reward",
        LifetimeLength::Episodes(20),
        UmbrellaChains::default(),
    )?;
    registry.register_family(
        "DiscountingChain-v0",
        "rewards sooner or later, one of which is a little greater",
        LifetimeLength::Episodes(20),
        DiscountingChains::default(),
    )?;
    registry.register_family(
        "Catch-v0",
        "a ball that falls, to be caught with a paddle",
        LifetimeLength::Episodes(50),
        Catches::default(),
    )?;
    registry.register_family(
        "RepeatPrevious-v0",
        "cards, of which the one from a few steps ago is to be named",
        LifetimeLength::Episodes(5),
        RepeatPreviouses::default(),
    )?;
    registry.register_family(
        "Autoencode-v0",
        "cards, all of which are to be named afterwards from the last to the first",
        LifetimeLength::Episodes(5),
        Autoencodes::default(),
    )
}

/// A cell of a chain: `step` steps have been taken out of `length`.
fn chain_tile(cell: usize, step: usize, length: usize) -> Tile {
    const END: Tile = Tile::new('>', Mark::Arrow(1), Colour::GREEN);
    match cell {
        _ if cell == step.min(length) => Tile::AGENT,
        _ if cell == length => END,
        _ if cell < length => Tile::FLOOR.on(Colour::LIGHT),
        _ => Tile::new(' ', Mark::None, Colour::WHITE),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Action, Environment, Rng, Step};

    /// Plays one episode: `player` is shown the observation and the number of steps taken. What each step brought.
    pub(super) fn play(
        environment: &mut dyn Environment,
        rng: &mut Rng,
        mut player: impl FnMut(&[f32], usize) -> usize,
    ) -> Vec<Step> {
        let mut observation = vec![f32::NAN; environment.observation_space().flat_len()];
        environment.reset(rng, &mut observation);
        let mut steps: Vec<Step> = Vec::new();
        while !steps.last().is_some_and(Step::ended) {
            let action = player(&observation, steps.len());
            steps.push(environment.step(Action::Discrete(action), rng, &mut observation));
        }
        steps
    }

    /// The sum of the rewards.
    pub(super) fn total(steps: &[Step]) -> f64 {
        steps.iter().map(|step| step.reward).sum()
    }

    /// The mean of what `draw` gives, `count` times, and its standard error.
    pub(super) fn mean_and_error(count: usize, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let drawn: Vec<f64> = (0..count).map(|_| draw()).collect();
        let mean = drawn.iter().sum::<f64>() / count as f64;
        let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count as f64 - 1.0);
        (mean, (variance / count as f64).sqrt())
    }
}
