//! What the numbers of a machine must be for there to be such a machine.

/// A quantity of a machine is not what it must be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{name}` is {value}: {needed} is needed")]
pub struct PhysicsError {
    /// Which quantity.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// What it must be.
    pub needed: &'static str,
}

/// Refuses the first of the named quantities that is not a positive finite number.
pub(super) fn positive<const N: usize>(named: [(&'static str, f64); N]) -> Result<(), PhysicsError> {
    refuse(named, |value| value > 0.0, "a positive finite number")
}

/// Refuses the first of the named quantities that is not a finite number of at least 0.
pub(super) fn not_negative<const N: usize>(named: [(&'static str, f64); N]) -> Result<(), PhysicsError> {
    refuse(named, |value| value >= 0.0, "a finite number of at least 0")
}

/// Refuses the first of the named quantities that is not finite.
pub(super) fn finite<const N: usize>(named: [(&'static str, f64); N]) -> Result<(), PhysicsError> {
    refuse(named, |_| true, "a finite number")
}

fn refuse<const N: usize>(
    named: [(&'static str, f64); N],
    fits: impl Fn(f64) -> bool,
    needed: &'static str,
) -> Result<(), PhysicsError> {
    match named.into_iter().find(|(_, value)| !(value.is_finite() && fits(*value))) {
        Some((name, value)) => Err(PhysicsError { name, value, needed }),
        None => Ok(()),
    }
}

/// Refuses an episode without a step.
pub(super) fn some_steps(max_episode_steps: u64) -> Result<(), String> {
    match max_episode_steps {
        0 => Err("`max_episode_steps` is 0: an episode has at least one step".into()),
        _ => Ok(()),
    }
}
