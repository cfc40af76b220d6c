//! Observations with gaps.

use super::WrapperError;
use super::bounds::Bounds;
use crate::{Environment, Rng, Space};
use rand::RngExt;

/// Shows 0 in place of a number with a fixed probability, drawn anew for each number in each step.
///
/// Draws come from a generator of the wrapper's own, one uniform a number and step. The observation space becomes a box
/// whose bounds let in the 0, also if the inner observation is discrete.
#[derive(Clone, Debug)]
pub struct DropObservations<E> {
    inner: E,
    probability: f64,
    space: Space,
    rng: Rng,
}

impl<E: Environment> DropObservations<E> {
    /// Drops each number of `inner`'s observations with `probability`; which ones is drawn from `rng`.
    ///
    /// # Errors
    /// If the probability is not in `[0, 1]`.
    pub fn new(inner: E, probability: f64, rng: Rng) -> Result<Self, WrapperError> {
        if !(0.0..=1.0).contains(&probability) {
            let right = "a probability of 0 to 1 is needed";
            return Err(WrapperError::parameter("drop_observations", probability, right));
        }
        let mut bounds = Bounds::of(inner.observation_space());
        bounds.low.iter_mut().for_each(|low| *low = low.min(0.0));
        bounds.high.iter_mut().for_each(|high| *high = high.max(0.0));
        Ok(DropObservations { inner, probability, space: bounds.into_space(), rng })
    }

    fn show(&mut self, observation: &mut [f32]) {
        for x in observation {
            if self.rng.random::<f64>() < self.probability {
                *x = 0.0;
            }
        }
    }
}

impl<E: Environment + Clone> Environment for DropObservations<E> {
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

    fn dropping(probability: f64) -> DropObservations<Scripted> {
        let space = Space::Box { low: vec![1.0, -3.0], high: vec![2.0, -1.0], shape: vec![2] };
        DropObservations::new(Scripted::showing(space, &[&[1.0, -2.0]]), probability, stream(0, "drop", &[])).unwrap()
    }

    #[test]
    fn numbers_are_dropped_each_for_itself() {
        let mut environment = dropping(0.3);
        let space = Space::Box { low: vec![0.0, -3.0], high: vec![2.0, 0.0], shape: vec![2] };
        assert_eq!(environment.observation_space(), space);
        let seen = shown(&mut environment, 9_999);
        assert!(seen.iter().all(|x| [0.0, 1.0].contains(&x[0]) && [0.0, -2.0].contains(&x[1])));
        let count = |dropped: fn(&Vec<f32>) -> bool| seen.iter().filter(|numbers| dropped(numbers)).count();
        let (first, second, both) = (count(|x| x[0] == 0.0), count(|x| x[1] == 0.0), count(|x| x[..] == [0.0; 2]));
        // Standard deviations: 46, 46, 29.
        assert!((2_820..3_180).contains(&first) && (2_820..3_180).contains(&second), "{first} {second}");
        assert!((780..1_020).contains(&both), "{both}");
    }

    #[test]
    fn none_or_all_can_be_dropped() {
        assert_eq!(shown(&mut dropping(0.0), 1), [[1.0, -2.0]; 2]);
        assert_eq!(shown(&mut dropping(1.0), 1), [[0.0; 2]; 2]);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for probability in [-0.1, 1.1, f64::NAN] {
            let attempt = DropObservations::new(Scripted::paying(&[1.0]), probability, stream(0, "drop", &[1]));
            assert!(attempt.unwrap_err().to_string().contains("`drop_observations` is"));
        }
    }
}
