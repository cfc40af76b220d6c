//! Shows some numbers twice.
//!
//! What is there twice says nothing new, but it weighs more with learners that add things up. Each task has its own.

use super::WrapperError;
use super::bounds::Bounds;
use super::order::random_order;
use crate::{Action, Environment, Rng, Space, Step};

/// Shows some of the numbers of the inner observation once more, after all others.
///
/// The space becomes a box of one dimension; a discrete observation is shown in its one-hot form.
#[derive(Clone, Debug)]
pub struct DuplicateObservations<E> {
    inner: E,
    len: usize,
    twice: Vec<usize>,
    space: Space,
}

impl<E: Environment> DuplicateObservations<E> {
    /// Shows what is in the places `twice` once more, in this order.
    ///
    /// # Errors
    /// If there is none, or an observation has no such place.
    pub fn new(inner: E, twice: Vec<usize>) -> Result<Self, WrapperError> {
        let space = inner.observation_space();
        let bounds = Bounds::of(space.clone());
        let len = bounds.low.len();
        if twice.is_empty() {
            return Err(WrapperError::parameter("duplicate_observations", 0, "at least one number is shown twice"));
        }
        if twice.iter().any(|&place| place >= len) {
            return Err(too_short(space));
        }
        let copies = |bounds: &[f32]| twice.iter().map(|&place| bounds[place]).collect::<Vec<f32>>();
        let (low, high) = (copies(&bounds.low), copies(&bounds.high));
        let space = bounds.followed_by(&low, &high).into_space();
        Ok(DuplicateObservations { inner, len, twice, space })
    }

    /// Draws `count` different numbers; all are equally likely, and so is their order.
    ///
    /// # Errors
    /// If it is none, or more than an observation has.
    pub fn random(inner: E, count: usize, rng: &mut Rng) -> Result<Self, WrapperError> {
        let space = inner.observation_space();
        if count > space.flat_len() {
            return Err(too_short(space));
        }
        let mut twice = random_order(space.flat_len(), rng);
        twice.truncate(count);
        Self::new(inner, twice)
    }

    fn show(&self, observation: &mut [f32]) {
        let (numbers, copies) = observation.split_at_mut(self.len);
        for (copy, &place) in copies.iter_mut().zip(&self.twice) {
            *copy = numbers[place];
        }
    }
}

fn too_short(space: Space) -> WrapperError {
    let reason = "`duplicate_observations` asks for numbers that an observation has not";
    WrapperError::Space { wrapper: "DuplicateObservations", space, reason }
}

impl<E: Environment + Clone> Environment for DuplicateObservations<E> {
    forward_to_inner!(action_space, expected_rewards, target, table, picture);

    fn observation_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, &mut observation[..self.len]);
        self.show(observation);
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let step = self.inner.step(action, rng, &mut observation[..self.len]);
        self.show(observation);
        step
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{Scripted, shown};
    use super::*;
    use crate::stream;

    fn three() -> Scripted {
        let space = Space::Box { low: vec![0.0, 1.0, 2.0], high: vec![9.0, 8.0, f32::INFINITY], shape: vec![3, 1] };
        Scripted::showing(space, &[&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]])
    }

    #[test]
    fn copies_follow_with_their_bounds() {
        let mut environment = DuplicateObservations::new(three(), vec![2, 0]).unwrap();
        assert_eq!(shown(&mut environment, 1), [[1.0, 2.0, 3.0, 3.0, 1.0], [4.0, 5.0, 6.0, 6.0, 4.0]]);
        let infinite = f32::INFINITY;
        let (low, high) = (vec![0.0, 1.0, 2.0, 2.0, 0.0], vec![9.0, 8.0, infinite, infinite, 9.0]);
        assert_eq!(environment.observation_space(), Space::Box { low, high, shape: vec![5] });
    }

    #[test]
    fn every_number_is_shown_twice_about_equally_often() {
        let mut rng = stream(0, "duplicate", &[]);
        let mut counts = [0; 3];
        for _ in 0..3000 {
            let twice = DuplicateObservations::random(three(), 2, &mut rng).unwrap().twice;
            assert!(twice.len() == 2 && twice[0] != twice[1]);
            twice.iter().for_each(|&place| counts[place] += 1);
        }
        assert!(counts.iter().all(|count| (1890..2110).contains(count)), "{counts:?}: standard deviation 26");
    }

    #[test]
    fn what_cannot_be_shown_twice_is_refused() {
        let refused = |count| {
            DuplicateObservations::random(three(), count, &mut stream(0, "duplicate", &[1])).unwrap_err().to_string()
        };
        assert!(refused(0).contains("`duplicate_observations` is 0"));
        assert!(refused(4).contains("cannot wrap the space"));
        assert!(DuplicateObservations::random(three(), 3, &mut stream(0, "duplicate", &[2])).is_ok());
    }
}
