//! Numbers in JSON, which has no words for infinity and NaN and writes both as `null`: what was written can be read again.

use serde::{Deserialize, Deserializer};

/// A number, or NaN where there is `null`.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// As [`number`], of many.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let found = Vec::<Option<f64>>::deserialize(deserializer)?;
    Ok(found.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect())
}
