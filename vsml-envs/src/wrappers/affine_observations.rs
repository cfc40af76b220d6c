//! Gives a task's observations units of their own.
//!
//! Whether a cart's place is told in metres or in miles, to the left or to the right, should not matter to one who
//! learns within a lifetime; to one with fixed weights it does. A factor and an offset per number stand for that.

use super::bounds::Bounds;
use super::{Span, WrapperError};
use crate::{Environment, Rng, Space};
use rand::RngExt;

/// Shows `x * scale + shift` in place of each number `x` of the inner observation, in `f32`.
///
/// The observation space becomes a box with bounds to match (swapped where the factor is negative), also if the inner
/// observation is discrete: its one-hot numbers then lie between `shift` and `scale + shift`.
#[derive(Clone, Debug)]
pub struct AffineObservations<E> {
    inner: E,
    scale: Vec<f32>,
    shift: Vec<f32>,
    space: Space,
}

impl<E: Environment> AffineObservations<E> {
    /// Scales and shifts `inner`'s observations, each number by its own `scale` and `shift`.
    ///
    /// # Errors
    /// If there are not as many of either as the observation has numbers, or one is NaN or infinite.
    pub fn new(inner: E, scale: Vec<f32>, shift: Vec<f32>) -> Result<Self, WrapperError> {
        let inner_space = inner.observation_space();
        let len = inner_space.flat_len();
        for (what, given) in [("scale", &scale), ("shift", &shift)] {
            if given.len() != len || given.iter().any(|x| !x.is_finite()) {
                return Err(WrapperError::Numbers { what, given: given.clone(), len });
            }
        }
        let Bounds { low, high, shape } = Bounds::of(inner_space);
        let bounds: Vec<(f32, f32)> = (0..len).map(|i| image(low[i], high[i], scale[i], shift[i])).collect();
        let (low, high) = bounds.into_iter().unzip();
        Ok(AffineObservations { inner, scale, shift, space: Space::Box { low, high, shape } })
    }

    /// Draws a factor from `scale` and an offset from `shift` for every number of the observation.
    ///
    /// # Errors
    /// If a span reaches beyond what an `f32` can hold.
    pub fn random(inner: E, scale: Span, shift: Span, rng: &mut Rng) -> Result<Self, WrapperError> {
        let len = inner.observation_space().flat_len();
        let mut draw = |span: Span| (0..len).map(|_| span.sample(rng) as f32).collect();
        let (scale, shift) = (draw(scale), draw(shift));
        Self::new(inner, scale, shift)
    }

    /// Draws for every number of the observation whether its sign is flipped, each with probability 1/2.
    ///
    /// # Errors
    /// None for any environment; the type is that of [`AffineObservations::new`].
    pub fn mirrored(inner: E, rng: &mut Rng) -> Result<Self, WrapperError> {
        let len = inner.observation_space().flat_len();
        let scale = (0..len).map(|_| if rng.random() { -1.0 } else { 1.0 }).collect();
        Self::new(inner, scale, vec![0.0; len])
    }

    fn show(&self, observation: &mut [f32]) {
        for (x, (scale, shift)) in observation.iter_mut().zip(self.scale.iter().zip(&self.shift)) {
            *x = *x * scale + shift;
        }
    }
}

/// Where `[low, high]` comes to lie. A bound may be infinite; zero times that is zero, since no observation is.
fn image(low: f32, high: f32, scale: f32, shift: f32) -> (f32, f32) {
    if scale == 0.0 {
        return (shift, shift);
    }
    let (a, b) = (low * scale + shift, high * scale + shift);
    if scale > 0.0 { (a, b) } else { (b, a) }
}

impl<E: Environment + Clone> Environment for AffineObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    show_in_place!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Step, stream, write_one_hot};

    #[derive(Clone)]
    struct Shows(Space);

    impl Environment for Shows {
        fn observation_space(&self) -> Space {
            self.0.clone()
        }
        fn action_space(&self) -> Space {
            Space::discrete(1)
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            write_one_hot(observation, 1);
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
            write_one_hot(observation, 2);
            Step::going_on(0.0)
        }
    }

    #[test]
    fn numbers_and_bounds_are_scaled_and_shifted() {
        let inner =
            Shows(Space::Box { low: vec![-1.0, 0.0, 0.0], high: vec![2.0, 4.0, f32::INFINITY], shape: vec![3] });
        let mut environment = AffineObservations::new(inner, vec![2.0, -1.0, 0.0], vec![1.0, 0.5, 7.0]).unwrap();
        let mut observation = [0.0; 3];
        let mut rng = stream(0, "affine", &[]);
        environment.reset(&mut rng, &mut observation);
        assert_eq!(observation, [1.0, -0.5, 7.0]);
        environment.step(Action::Discrete(0), &mut rng, &mut observation);
        assert_eq!(observation, [1.0, 0.5, 7.0]);
        let space = environment.observation_space();
        assert_eq!(
            space,
            Space::Box { low: vec![-1.0, -3.5, 7.0], high: vec![5.0, 0.5, 7.0], shape: vec![3] },
            "a negative factor swaps the bounds, a factor of 0 leaves no room"
        );
        assert!(space.fault().is_none() && space.contains_flat(&observation));
    }

    #[test]
    fn a_discrete_observation_becomes_a_box() {
        let mut rng = stream(0, "affine", &[1]);
        let inner = Shows(Space::discrete(3));
        let (scale, shift) = (Span::between(-2.0, 2.0), Span::between(-1.0, 1.0));
        let mut environment = AffineObservations::random(inner, scale, shift, &mut rng).unwrap();
        let mut observation = [0.0; 3];
        environment.reset(&mut rng, &mut observation);
        assert!(environment.observation_space().contains_flat(&observation));
        assert!(observation.iter().any(|&x| x != 0.0 && x != 1.0));
    }

    #[test]
    fn half_of_the_numbers_are_mirrored_with_their_bounds() {
        let mut rng = stream(0, "affine", &[3]);
        let inner = Shows(Space::Box { low: vec![-1.0; 1000], high: vec![3.0; 1000], shape: vec![1000] });
        let mut environment = AffineObservations::mirrored(inner, &mut rng).unwrap();
        let Space::Box { low, high, .. } = environment.observation_space() else { panic!("a box stays a box") };
        let mirrored = low.iter().filter(|low| **low == -3.0).count();
        assert!((420..580).contains(&mirrored), "{mirrored}: 500 expected, standard deviation 16");
        assert!(low.iter().zip(&high).all(|bounds| [(&-1.0, &3.0), (&-3.0, &1.0)].contains(&bounds)));
        let mut observation = vec![f32::NAN; 1000];
        environment.reset(&mut rng, &mut observation);
        assert_eq!(observation[1], if low[1] == -3.0 { -1.0 } else { 1.0 });
    }

    #[test]
    fn missing_and_nonsensical_numbers_are_refused() {
        let attempt = |scale: Vec<f32>| AffineObservations::new(Shows(Space::discrete(3)), scale, vec![0.0; 3]);
        assert!(matches!(attempt(vec![1.0; 2]), Err(WrapperError::Numbers { what: "scale", len: 3, .. })));
        assert!(attempt(vec![1.0, f32::NAN, 1.0]).is_err());
        let mut rng = stream(0, "affine", &[2]);
        let too_wide = Span::single(1e300);
        assert!(AffineObservations::random(Shows(Space::discrete(3)), too_wide, too_wide, &mut rng).is_err());
    }
}
