//! Bandits: the smallest tasks in which something has to be learnt.
//!
//! A bandit has no state, so all that a learner can do better within a lifetime is to find the good arm and stay with it.
//! What that is worth at best is known for many of them, which makes bandits the yardstick of the field.

#[cfg(test)]
mod bayes_optimal;
mod bernoulli;
pub mod contextual;
pub mod fixed;
pub mod gaussian;
pub mod restless;
mod rows;
pub mod volatile;

pub use bernoulli::{BanditError, BanditKind, Bandits, BernoulliBandit, Best};

use crate::picture::{Colour, Picture, Scene};
use crate::wrappers::Span;
use crate::{LifetimeLength, Registry, RegistryError};
use contextual::ContextualBandits;
use fixed::{InformativeArms, SimpleBandits};
use gaussian::GaussianBandits;
use restless::RestlessBandits;
use volatile::VolatileBandits;

/// More arms than this are taken for a slip of the pen.
const MAX_ARMS: usize = 100_000;

/// Registers the bandits.
pub(crate) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    let steps = LifetimeLength::Steps;
    let bernoulli = "arms that pay 1 or 0, each with a probability of its own";
    registry.register_family("BernoulliBandit-v0", bernoulli, steps(100), Bandits::default())?;
    let gaussian = "arms that pay normal numbers, each around a mean of its own";
    registry.register_family("GaussianBandit-v0", gaussian, steps(100), GaussianBandits::default())?;
    let safe = "an arm that pays nothing and one that mostly pays less";
    registry.register_family("SafeArm-v0", safe, steps(100), GaussianBandits::safe_arm())?;
    let simple = "arms that always pay the same, from 0 to 1";
    registry.register_family("SimpleBandit-v0", simple, steps(100), SimpleBandits::default())?;
    let informative = "an arm that pays least and tells which pays most";
    registry.register_family("InformativeArm-v0", informative, steps(5), InformativeArms::default())?;
    let restless = "arms whose means wander";
    registry.register_family("RestlessBandit-v0", restless, steps(300), RestlessBandits::default())?;
    let volatile = "two arms that change places, seldom or often";
    registry.register_family("VolatileBandit-v0", volatile, steps(100), VolatileBandits::default())?;
    let contextual = "what an action pays depends on inputs, in a way that is hidden";
    registry.register_family("ContextualBandit-v0", contextual, steps(200), ContextualBandits::default())
}

/// Refuses too few or too many arms.
fn check_arms(arms: usize) -> Result<(), String> {
    if (1..=MAX_ARMS).contains(&arms) {
        return Ok(());
    }
    Err(format!("`arms` is {arms}: a bandit has 1 to {MAX_ARMS} arms"))
}

/// Refuses a span that does not consist of probabilities, or of shares of a whole.
fn check_probability(name: &str, span: Span) -> Result<(), String> {
    if span.low() >= 0.0 && span.high() <= 1.0 {
        return Ok(());
    }
    Err(format!("`{name}` is {span}: it must lie in 0..1"))
}

/// Refuses noise that is none.
fn check_noise(noise: f64) -> Result<(), String> {
    if noise.is_finite() && noise >= 0.0 {
        return Ok(());
    }
    Err(format!("`noise` is {noise}: it must be finite and not negative"))
}

/// A bar for each arm, as high as what it pays on the average: from the least to the greatest of `range`.
fn bars(means: &[f64], range: (f64, f64)) -> Picture {
    let arms = means.len() as f64;
    let height = (range.1 - range.0).max(f64::MIN_POSITIVE);
    let mut scene = Scene::new((0.0, 1.0), (0.0, 0.5));
    for (arm, mean) in means.iter().enumerate() {
        let (left, right) = ((arm as f64 + 0.1) / arms, (arm as f64 + 0.9) / arms);
        let top = 0.5 * ((mean - range.0) / height).clamp(0.0, 1.0);
        scene = scene.rectangle((left, 0.0), (right, 0.5), Colour::LIGHT).rectangle(
            (left, 0.0),
            (right, top),
            Colour::BLUE,
        );
    }
    scene.into()
}
