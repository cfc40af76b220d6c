//! The bounds of what a space's flat form may hold.

use super::WrapperError;
use crate::Space;

/// Least and greatest value of every number of a space's flat form, and its shape. The numbers of what is one-hot, or yes
/// or no, lie between 0 and 1.
pub(super) struct Bounds {
    pub(super) low: Vec<f32>,
    pub(super) high: Vec<f32>,
    pub(super) shape: Vec<usize>,
}

impl Bounds {
    pub(super) fn of(space: Space) -> Self {
        match space {
            Space::Box { low, high, shape } => Bounds { low, high, shape },
            other => {
                let len = other.flat_len();
                Bounds { low: vec![0.0; len], high: vec![1.0; len], shape: vec![len] }
            }
        }
    }

    /// The bounds of a [`Space::Box`]; any other space is refused.
    pub(super) fn of_box(space: Space, wrapper: &'static str) -> Result<Self, WrapperError> {
        match space {
            Space::Box { low, high, shape } => Ok(Bounds { low, high, shape }),
            space => Err(WrapperError::Space { wrapper, space, reason: "it needs the numbers of a Box" }),
        }
    }

    /// The bounds of a [`Space::Box`] with none infinite; any other space is refused.
    pub(super) fn of_finite_box(space: Space, wrapper: &'static str) -> Result<Self, WrapperError> {
        let bounds = Self::of_box(space, wrapper)?;
        if bounds.low.iter().chain(&bounds.high).all(|bound| bound.is_finite()) {
            return Ok(bounds);
        }
        Err(WrapperError::Space { wrapper, space: bounds.into_space(), reason: "it needs finite bounds" })
    }

    /// The same bounds with so many numbers after the others, between `low` and `high` each; a vector, whatever the shape was.
    pub(super) fn followed_by(mut self, low: &[f32], high: &[f32]) -> Self {
        self.low.extend(low);
        self.high.extend(high);
        self.shape = vec![self.low.len()];
        self
    }

    pub(super) fn into_space(self) -> Space {
        Space::Box { low: self.low, high: self.high, shape: self.shape }
    }
}

/// The number that lies where `x` lies between -1 and 1, between `low` and `high`.
pub(super) fn from_unit(x: f32, low: f32, high: f32) -> f32 {
    let (low, high) = (f64::from(low), f64::from(high)); // whose difference is finite in f64
    ((low + (high - low) * (f64::from(x) + 1.0) / 2.0) as f32).clamp(low as f32, high as f32)
}

/// The number between -1 and 1 that lies where `x` lies between `low` and `high`; 0 if those are one.
pub(super) fn to_unit(x: f32, low: f32, high: f32) -> f32 {
    if low == high {
        return 0.0;
    }
    let (low, high) = (f64::from(low), f64::from(high));
    ((2.0 * ((f64::from(x) - low) / (high - low)) - 1.0) as f32).clamp(-1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_left_and_come_back() {
        for (low, high) in [(-2.0, 2.0), (0.0, 10.0), (f32::MIN, f32::MAX), (0.1, 0.3)] {
            assert_eq!([-1.0, 1.0].map(|x| from_unit(x, low, high)), [low, high]);
            assert_eq!([low, high].map(|x| to_unit(x, low, high)), [-1.0, 1.0]);
            for x in [-0.75, 0.0, 0.3] {
                assert!((to_unit(from_unit(x, low, high), low, high) - x).abs() < 1e-6, "{low} {high} {x}");
            }
        }
        assert_eq!((from_unit(0.5, 3.0, 3.0), to_unit(3.0, 3.0, 3.0)), (3.0, 0.0));
        assert_eq!(from_unit(0.5, 0.0, 10.0), 7.5);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let refused = |space: Space| Bounds::of_finite_box(space, "Name").err().unwrap().to_string();
        let infinite = Space::Box { low: vec![0.0, 0.0], high: vec![1.0, f32::INFINITY], shape: vec![2] };
        assert!(refused(infinite).contains("Name cannot wrap the space Box"));
        assert!(refused(Space::discrete(3)).contains("cannot wrap the space Discrete"));
        assert!(Bounds::of_finite_box(Space::uniform_box(-1.0, 1.0, 2), "Name").is_ok());
    }
}
