//! The parameters of a player as they are written: `key=value`, separated by commas.

use super::planner::MAX_HORIZON;
use super::{PlayerError, refuse};
use std::str::FromStr;
use vsml_envs::nearest;

/// What was written after the colon.
pub(super) struct Parameters<'a> {
    spec: &'a str,
    given: Vec<(&'a str, &'a str)>,
}

impl<'a> Parameters<'a> {
    /// Reads what may be any of `known`.
    ///
    /// # Errors
    /// What is none of them, stands there twice, or is no pair at all.
    pub(super) fn read(spec: &'a str, parameters: &'a str, known: &[&str]) -> Result<Self, PlayerError> {
        let mut given: Vec<(&str, &str)> = Vec::new();
        for pair in parameters.split(',').filter(|pair| !pair.trim().is_empty()) {
            let Some((key, value)) = pair.split_once('=') else {
                return Err(refuse(spec, format!("`{pair}` is not of the form key=value")));
            };
            let key = key.trim();
            if !known.contains(&key) {
                let meant = nearest(key, known.iter().copied());
                let meant = meant.map(|key| format!("; did you mean `{key}`?")).unwrap_or_default();
                return Err(refuse(spec, format!("it has no parameter `{key}`{meant}; it has: {}", known.join(", "))));
            }
            if given.iter().any(|(other, _)| *other == key) {
                return Err(refuse(spec, format!("{key} is given twice")));
            }
            given.push((key, value.trim()));
        }
        Ok(Parameters { spec, given })
    }

    /// What was written for `key`, if anything.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.given.iter().find(|(given, _)| *given == key).map(|(_, value)| *value)
    }

    /// What was written for `key`, or the default.
    pub(super) fn value<T: FromStr>(&self, key: &str, default: T) -> Result<T, PlayerError> {
        let Some(value) = self.text(key) else { return Ok(default) };
        value.parse().map_err(|_| refuse(self.spec, format!("`{value}` is no value for `{key}`")))
    }

    /// A finite number, 0 or more.
    pub(super) fn not_negative(&self, key: &str, default: f64) -> Result<f64, PlayerError> {
        let value = self.value(key, default)?;
        if f64::is_finite(value) && value >= 0.0 {
            return Ok(value);
        }
        Err(refuse(self.spec, format!("{key} is {value}: it must be a finite number, 0 or more")))
    }

    /// A number from 0 to 1.
    pub(super) fn probability(&self, key: &str, default: f64) -> Result<f64, PlayerError> {
        let value = self.value(key, default)?;
        if (0.0..=1.0).contains(&value) {
            return Ok(value);
        }
        Err(refuse(self.spec, format!("{key} is {value}: it must lie between 0 and 1")))
    }

    /// The steps that are planned ahead; as many as an episode of RL²'s processes has if nothing is said.
    pub(super) fn horizon(&self) -> Result<usize, PlayerError> {
        let horizon = self.value("horizon", 10)?;
        if (1..=MAX_HORIZON).contains(&horizon) {
            return Ok(horizon);
        }
        Err(refuse(self.spec, format!("horizon is {horizon}: it must be a whole number from 1 to {MAX_HORIZON}")))
    }
}
