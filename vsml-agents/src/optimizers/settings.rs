//! What the settings of several optimizers have in common: which values make sense, and rates that fade.
//!
//! A rate or a deviation has a value at the beginning and a *half-life*: after so many updates it is half of what it was,
//! `start · 2^(-updates / half_life)`. A half-life of 0 means that it stays. Updates are counted, not generations, so that a
//! generation without a valid member does not shorten the next step.

use super::OptimizerError;

/// Refuses a number of members or pairs that is not 1 to 1,000,000.
pub(super) fn count(field: &'static str, value: usize) -> Result<(), OptimizerError> {
    refuse_unless((1..=1_000_000).contains(&value), field, value, "1 to 1,000,000")
}

/// Refuses what is not a finite number above 0.
pub(super) fn above_zero(field: &'static str, value: f32) -> Result<(), OptimizerError> {
    refuse_unless(value.is_finite() && value > 0.0, field, value, "a finite number above 0")
}

/// Refuses what is not a finite number, 0 or more.
pub(super) fn zero_or_more(field: &'static str, value: f32) -> Result<(), OptimizerError> {
    refuse_unless(value.is_finite() && value >= 0.0, field, value, "a finite number, 0 or more")
}

/// Refuses `value` by the name of its setting, unless it is `right`.
pub(super) fn refuse_unless(
    right: bool,
    field: &'static str,
    value: impl ToString,
    rule: &'static str,
) -> Result<(), OptimizerError> {
    if right { Ok(()) } else { Err(OptimizerError::Setting { field, value: value.to_string(), rule }) }
}

/// Members of a population whose setting is `population`: itself, or `4 + ⌊3 ln parameters⌋` (Hansen 2016, arXiv
/// 1604.00772, equation 48) where that is 0.
pub(super) fn population(population: usize, parameters: usize) -> Result<usize, OptimizerError> {
    let right = population == 0 || (2..=1_000_000).contains(&population);
    refuse_unless(right, "population", population, "2 to 1,000,000, or 0 for 4 + 3 ln of the number of parameters")?;
    Ok(match population {
        0 => 4 + (3.0 * libm::log(parameters.max(1) as f64)) as usize,
        given => given,
    })
}

/// What a rate that was `start` is after some updates.
pub(super) fn halved(start: f32, half_life: u64, updates: u64) -> f32 {
    match half_life {
        0 => start,
        half_life => (f64::from(start) * libm::exp2(-(updates as f64 / half_life as f64))) as f32,
    }
}

/// Lets parameters decay: each is multiplied by `1 - rate · weight_decay`.
pub(super) fn decay(parameters: &mut [f32], rate: f32, weight_decay: f32) {
    let keep = 1.0 - rate * weight_decay;
    parameters.iter_mut().for_each(|x| *x *= keep);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_half_after_its_half_life_and_stays_without_one() {
        assert_eq!(halved(0.8, 10, 0), 0.8);
        assert_eq!(halved(0.8, 10, 10), 0.4);
        assert_eq!(halved(0.8, 10, 20), 0.2);
        assert_eq!(halved(0.8, 0, 1_000_000), 0.8);
        assert_eq!(halved(0.8, 1, u64::MAX), 0.0);
    }

    #[test]
    fn a_population_of_0_is_the_usual_one() {
        assert_eq!(population(0, 10), Ok(10));
        assert_eq!(population(0, 2884), Ok(27));
        assert_eq!(population(0, 0), Ok(4));
        assert_eq!(population(7, 10), Ok(7));
        assert!(population(1, 10).unwrap_err().to_string().starts_with("population is 1: it must be 2 to"));
    }
}
