//! A number, or a range to draw it from: how a parameter says whether it varies from task to task.
//!
//! In configurations and ids a span is written `9.8` or `5..15`. Sampling always takes exactly one uniform from the
//! generator, also where there is just one number to draw: so narrowing the span of one quantity leaves the draws of all
//! others as they were, and a family can be compared with a variant of itself task by task.

use crate::Rng;
use rand::RngExt;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The finite numbers from `low` to `high`, drawn uniformly; just one number if the two are equal.
///
/// ```
/// use vsml_envs::wrappers::Span;
///
/// let span: Span = "0.05..0.5".parse().unwrap();
/// assert_eq!((span.low(), span.high()), (0.05, 0.5));
/// assert_eq!(span.to_string(), "0.05..0.5");
/// assert_eq!("3".parse(), Ok(Span::single(3.0)));
/// assert!("2..1".parse::<Span>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    low: f64,
    high: f64,
}

/// Why something is not a span.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SpanError {
    /// It cannot be read.
    #[error("`{0}` is neither a number nor a range such as `0.5..2`")]
    Syntax(String),
    /// A bound is NaN or infinite, or they lie further apart than a number can say.
    #[error("the span {low}..{high} is not finite")]
    NotFinite {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
    /// The bounds are the wrong way round.
    #[error("the span {low}..{high} is empty: did you mean {high}..{low}?")]
    Empty {
        /// The lower bound.
        low: f64,
        /// The upper bound.
        high: f64,
    },
}

impl Span {
    /// The numbers from `low` to `high`.
    ///
    /// # Errors
    /// If a bound is NaN or infinite, `low` exceeds `high`, or `high - low` is beyond the range of `f64`.
    pub fn new(low: f64, high: f64) -> Result<Self, SpanError> {
        if !low.is_finite() || !high.is_finite() || !(high - low).is_finite() {
            Err(SpanError::NotFinite { low, high })
        } else if low > high {
            Err(SpanError::Empty { low, high })
        } else {
            Ok(Span { low, high })
        }
    }

    /// Just `value`. For constants: in a `const`, nonsense does not compile.
    ///
    /// # Panics
    /// If `value` is NaN or infinite.
    pub const fn single(value: f64) -> Self {
        Self::between(value, value)
    }

    /// As [`Span::new`]. For constants: in a `const`, nonsense does not compile.
    ///
    /// # Panics
    /// Where [`Span::new`] has an error.
    pub const fn between(low: f64, high: f64) -> Self {
        assert!(low.is_finite() && high.is_finite() && (high - low).is_finite(), "a span must be finite");
        assert!(low <= high, "a span's lower bound must not exceed its upper one");
        Span { low, high }
    }

    /// The lower bound.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper bound.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Draws a number uniformly; takes one uniform from `rng` in any case.
    pub fn sample(&self, rng: &mut Rng) -> f64 {
        let uniform: f64 = rng.random();
        (self.low + (self.high - self.low) * uniform).min(self.high)
    }

    /// Draws one of the whole numbers from `low` to `high`, each equally likely; takes one uniform from `rng`, too. Both ends
    /// must be [whole](Span::check_whole).
    pub(crate) fn sample_whole(&self, rng: &mut Rng) -> usize {
        let uniform: f64 = rng.random();
        let count = self.high - self.low + 1.0;
        (self.low + (count * uniform).floor()).min(self.high) as usize
    }

    /// Refuses the span called `name` if its ends are not whole numbers in `range`.
    pub(crate) fn check_whole(&self, name: &str, range: RangeInclusive<usize>) -> Result<(), String> {
        let (least, greatest) = (*range.start() as f64, *range.end() as f64);
        let whole = self.low.fract() == 0.0 && self.high.fract() == 0.0;
        if whole && self.low >= least && self.high <= greatest {
            return Ok(());
        }
        Err(format!("`{name}` is {self}: it must be a whole number from {least} to {greatest}, or a range of such"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high { write!(f, "{}", self.low) } else { write!(f, "{}..{}", self.low, self.high) }
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let number = |part: &str| part.trim().parse::<f64>().map_err(|_| SpanError::Syntax(text.into()));
        match text.split_once("..") {
            Some((low, high)) => Span::new(number(low)?, number(high)?),
            None => {
                let value = number(text)?;
                Span::new(value, value)
            }
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.low == self.high { serializer.serialize_f64(self.low) } else { serializer.collect_str(self) }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a range such as \"0.5..2\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Span, E> {
        Span::new(value, value).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Span, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Span, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;
    use rand::Rng as _;

    #[test]
    fn spans_are_read_and_written_back() {
        for (text, json) in [("9.8", "9.8"), ("0.05..0.5", "\"0.05..0.5\""), ("-3..-1", "\"-3..-1\""), ("2", "2.0")] {
            let span: Span = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&span).unwrap(), json);
            assert_eq!(serde_json::from_str::<Span>(json).unwrap(), span);
            assert_eq!(span.to_string().parse(), Ok(span));
        }
        assert_eq!(serde_json::from_str::<Span>("-4").unwrap(), Span::single(-4.0));
        assert_eq!(serde_json::from_str::<Span>("\" 1e-3 .. 1 \"").unwrap(), Span::between(0.001, 1.0));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for text in ["", "..", "1..", "one", "1..2..3", "1..=2"] {
            assert_eq!(text.parse::<Span>(), Err(SpanError::Syntax(text.into())));
        }
        for text in ["NaN", "inf", "-inf..0", "0..inf", "NaN..1", "-1e308..1e308"] {
            assert!(matches!(text.parse::<Span>(), Err(SpanError::NotFinite { .. })), "{text}");
        }
        assert!("2..1".parse::<Span>().unwrap_err().to_string().contains("did you mean 1..2"));
        assert!(serde_json::from_str::<Span>("true").unwrap_err().to_string().contains("a number or a range"));
    }

    #[test]
    fn draws_are_uniform_and_inside() {
        let span = Span::between(-1.0, 3.0);
        let mut rng = stream(0, "span", &[]);
        let drawn: Vec<f64> = (0..10_000).map(|_| span.sample(&mut rng)).collect();
        assert!(drawn.iter().all(|x| (-1.0..=3.0).contains(x)));
        let mean = drawn.iter().sum::<f64>() / 1e4;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e4;
        // Standard errors: 0.0115 and 0.012.
        assert!((mean - 1.0).abs() < 0.05 && (variance - 16.0 / 12.0).abs() < 0.05, "{mean} {variance}");
    }

    #[test]
    fn a_draw_takes_one_uniform_however_wide_the_span() {
        let (mut one, mut other) = (stream(0, "span", &[1]), stream(0, "span", &[1]));
        assert_eq!(Span::single(9.8).sample(&mut one), 9.8);
        Span::between(0.0, 1.0).sample(&mut other);
        assert_eq!(one.next_u64(), other.next_u64());
    }

    #[test]
    fn whole_numbers_are_drawn_alike_from_both_ends_on() {
        let mut rng = stream(0, "whole", &[]);
        let mut counts = [0; 4];
        for _ in 0..4000 {
            counts[Span::between(2.0, 5.0).sample_whole(&mut rng) - 2] += 1;
        }
        // Each is binomial with a standard deviation of 27.
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
        assert_eq!(Span::single(7.0).sample_whole(&mut rng), 7);
    }

    #[test]
    fn spans_of_other_numbers_are_refused_by_name() {
        assert_eq!(Span::between(1.0, 9.0).check_whole("length", 1..=9), Ok(()));
        for span in [Span::between(0.0, 9.0), Span::between(1.0, 10.0), Span::single(2.5), Span::between(1.0, 8.5)] {
            assert!(span.check_whole("length", 1..=9).unwrap_err().contains("`length`"));
        }
    }
}
