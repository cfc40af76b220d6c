//! Hides some of the numbers.
//!
//! A cart-pole whose velocities cannot be seen is another task: what is hidden has to be remembered or worked out. The
//! numbers stay where they are and show 0, so that one learner can be tested with them and without.

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Environment, Space};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Places in an observation, counted from 0; written `1`, or `1+3` for several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(pub Vec<usize>);

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, place) in self.0.iter().enumerate() {
            write!(f, "{}{place}", if i == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

impl FromStr for Places {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = |part: &str| part.trim().parse().ok();
        let places: Option<Vec<usize>> = text.split('+').map(place).collect();
        places.map(Places).ok_or_else(|| format!("`{text}` is neither a place nor places such as `1+3`"))
    }
}

impl Serialize for Places {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlacesVisitor)
    }
}

struct PlacesVisitor;

impl Visitor<'_> for PlacesVisitor {
    type Value = Places;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a place in an observation or places such as \"1+3\"")
    }

    fn visit_u64<E: Error>(self, place: u64) -> Result<Places, E> {
        usize::try_from(place).map(|place| Places(vec![place])).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Places, E> {
        text.parse().map_err(E::custom)
    }
}

/// Shows 0 in place of some of the numbers of the inner observation. The space becomes a box, with no room where a number
/// is hidden; a discrete observation is masked in its one-hot form.
#[derive(Clone, Debug)]
pub struct MaskObservations<E> {
    inner: E,
    hidden: Vec<usize>,
    space: Space,
}

impl<E: Environment> MaskObservations<E> {
    /// Hides what is shown in the places `hidden`.
    ///
    /// # Errors
    /// If there is none, one is named twice, or an observation has no such place.
    pub fn new(inner: E, hidden: &Places) -> Result<Self, WrapperError> {
        let mut bounds = Bounds::of(inner.observation_space());
        let refuse = |right| Err(WrapperError::parameter("mask_observations", hidden, right));
        let mut sorted = hidden.0.clone();
        sorted.sort_unstable();
        if sorted.is_empty() || sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return refuse("each place is named once, and at least one");
        }
        for &place in &sorted {
            if place >= bounds.low.len() {
                let reason = "`mask_observations` names a place that an observation has not; they count from 0";
                let space = inner.observation_space();
                return Err(WrapperError::Space { wrapper: "MaskObservations", space, reason });
            }
            (bounds.low[place], bounds.high[place]) = (0.0, 0.0);
        }
        Ok(MaskObservations { inner, hidden: sorted, space: bounds.into_space() })
    }

    fn show(&self, observation: &mut [f32]) {
        for &place in &self.hidden {
            observation[place] = 0.0;
        }
    }
}

impl<E: Environment + Clone> Environment for MaskObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    show_in_place!();
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;

    fn three() -> Scripted {
        Scripted::showing(Space::uniform_box(1.0, f32::INFINITY, 3), &[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]])
    }

    #[test]
    fn what_is_hidden_shows_0() {
        let mut environment = MaskObservations::new(three(), &Places(vec![2, 0])).unwrap();
        assert_eq!(shown(&mut environment, 1), [[0.0, 2.0, 0.0], [0.0, 5.0, 0.0]]);
        let infinite = f32::INFINITY;
        let space = Space::Box { low: vec![0.0, 1.0, 0.0], high: vec![0.0, infinite, 0.0], shape: vec![3] };
        assert_eq!(environment.observation_space(), space);
    }

    #[test]
    fn a_discrete_observation_is_masked_one_hot() {
        let inner = Scripted::showing(Space::discrete(2), &[&[1.0, 0.0], &[0.0, 1.0]]);
        let mut environment = MaskObservations::new(inner, &Places(vec![0])).unwrap();
        assert_eq!(shown(&mut environment, 1), [[0.0, 0.0], [0.0, 1.0]]);
    }

    #[test]
    fn places_are_read_and_written_back() {
        for (json, places) in [("3", vec![3]), ("\"1+3\"", vec![1, 3]), ("\" 0 + 10 \"", vec![0, 10])] {
            assert_eq!(serde_json::from_str::<Places>(json).unwrap(), Places(places));
        }
        let places = Places(vec![1, 3, 0]);
        assert_eq!(places.to_string().parse(), Ok(places.clone()));
        assert_eq!(serde_json::to_string(&places).unwrap(), "\"1+3+0\"");
        for nonsense in ["\"\"", "\"1+\"", "\"1-3\"", "-1", "true", "1.5"] {
            let refused = serde_json::from_str::<Places>(nonsense).unwrap_err().to_string();
            assert!(refused.contains("1+3"), "{nonsense}: {refused}");
        }
    }

    #[test]
    fn places_that_make_no_sense_are_refused() {
        let refused = |places: Vec<usize>| MaskObservations::new(three(), &Places(places)).unwrap_err().to_string();
        assert!(refused(vec![]).contains("`mask_observations` is"));
        assert!(refused(vec![1, 2, 1]).contains("`mask_observations` is 1+2+1"));
        assert!(refused(vec![3]).contains("cannot wrap the space"));
    }
}
