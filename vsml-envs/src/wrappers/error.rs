//! Why a wrapper cannot be put around an environment.

use crate::Space;
use std::fmt::Display;

/// Why a wrapper cannot be put around an environment.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WrapperError {
    /// There is no sensible way to do to this space what the wrapper does.
    #[error("{wrapper} cannot wrap the space {space:?}: {reason}")]
    Space {
        /// The wrapper's name.
        wrapper: &'static str,
        /// The space that it was to wrap.
        space: Space,
        /// Why not.
        reason: &'static str,
    },
    /// What was given as an order does not name every place once.
    #[error("{order:?} is not an order of {len} places: each of 0..{len} must occur once")]
    Order {
        /// What was given.
        order: Vec<usize>,
        /// How many places there are.
        len: usize,
    },
    /// A factor or an offset for the observations is missing, superfluous, NaN or infinite.
    #[error("{what} of {given:?} for {len} observations: as many finite numbers are needed")]
    Numbers {
        /// `scale` or `shift`.
        what: &'static str,
        /// What was given.
        given: Vec<f32>,
        /// How many observations there are.
        len: usize,
    },
    /// A matrix does not fit the observations.
    #[error("a matrix of {given} numbers for {len} observations: whole rows of {len} finite numbers are needed")]
    Matrix {
        /// How many numbers were given.
        given: usize,
        /// How many observations there are.
        len: usize,
    },
    /// A matrix would have no rows, or too many.
    #[error("`project_observations` is {rows}: of {len} observations it must be 1 to {greatest}")]
    Rows {
        /// How many were asked for.
        rows: usize,
        /// How many there may be.
        greatest: usize,
        /// How many observations there are.
        len: usize,
    },
    /// A parameter makes no sense.
    #[error("`{name}` is {value}: {right}")]
    Parameter {
        /// Its name, as in an id.
        name: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        right: &'static str,
    },
}

impl WrapperError {
    /// The parameter `name` is `value`, and should be what `right` says.
    pub(super) fn parameter(name: &'static str, value: impl Display, right: &'static str) -> Self {
        WrapperError::Parameter { name, value: value.to_string(), right }
    }
}
