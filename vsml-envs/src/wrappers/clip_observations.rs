//! Keeps observations within bounds.

use super::bounds::Bounds;
use super::{Span, WrapperError};
use crate::{Environment, Space};

/// Shows the nearest number within bounds in place of each number; the bounds of the space are clipped alike.
///
/// A number that is NaN or infinite stays what it is, so that whoever is responsible is found out. The observation space
/// becomes a box.
#[derive(Clone, Debug)]
pub struct ClipObservations<E> {
    inner: E,
    least: f32,
    greatest: f32,
    space: Space,
}

impl<E: Environment> ClipObservations<E> {
    /// Clips `inner`'s observations to `bounds`.
    ///
    /// # Errors
    /// If the bounds are one and the same number in `f32`, or beyond its range.
    pub fn new(inner: E, bounds: Span) -> Result<Self, WrapperError> {
        let (least, greatest) = (bounds.low() as f32, bounds.high() as f32);
        if least >= greatest || !least.is_finite() || !greatest.is_finite() {
            let right = "two bounds are needed, as in -10..10, within the range of an f32";
            return Err(WrapperError::parameter("clip_observations", bounds, right));
        }
        let Bounds { low, high, shape } = Bounds::of(inner.observation_space());
        let clip = |bounds: Vec<f32>| bounds.into_iter().map(|bound| bound.clamp(least, greatest)).collect();
        let space = Space::Box { low: clip(low), high: clip(high), shape };
        Ok(ClipObservations { inner, least, greatest, space })
    }

    fn show(&self, observation: &mut [f32]) {
        for x in observation.iter_mut().filter(|x| x.is_finite()) {
            *x = x.clamp(self.least, self.greatest);
        }
    }
}

impl<E: Environment + Clone> Environment for ClipObservations<E> {
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
    use crate::stream;

    #[test]
    fn numbers_and_bounds_are_clipped() {
        let space =
            Space::Box { low: vec![f32::NEG_INFINITY, 0.0, 5.0], high: vec![9.0, f32::INFINITY, 7.0], shape: vec![3] };
        let inner = Scripted::showing(space, &[&[-8.0, 0.5, 6.0], &[8.0, 8.0, 5.0]]);
        let mut environment = ClipObservations::new(inner, Span::between(-1.0, 2.0)).unwrap();
        assert_eq!(shown(&mut environment, 1), [[-1.0, 0.5, 2.0], [2.0, 2.0, 2.0]]);
        let clipped = Space::Box { low: vec![-1.0, 0.0, 2.0], high: vec![2.0; 3], shape: vec![3] };
        assert_eq!(environment.observation_space(), clipped);
    }

    #[test]
    fn what_is_no_number_is_not_hidden() {
        let inner = Scripted::showing(Space::uniform_box(0.0, 1.0, 2), &[&[f32::NAN, f32::INFINITY]]);
        let mut environment = ClipObservations::new(inner, Span::between(0.0, 1.0)).unwrap();
        let mut observation = [0.0; 2];
        environment.reset(&mut stream(0, "clip", &[]), &mut observation);
        assert!(observation[0].is_nan() && observation[1] == f32::INFINITY);
    }

    #[test]
    fn nonsense_is_refused() {
        for bounds in [Span::single(3.0), Span::between(-1e300, 1.0), Span::between(1.0, 1.0 + 1e-12)] {
            let inner = Scripted::showing(Space::uniform_box(0.0, 1.0, 1), &[&[0.0]]);
            let refused = ClipObservations::new(inner, bounds).unwrap_err().to_string();
            assert!(refused.contains("`clip_observations` is"), "{refused}");
        }
    }
}
