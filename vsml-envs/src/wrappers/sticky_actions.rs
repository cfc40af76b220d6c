//! Actions that stick.
//!
//! In a world without chance a sequence of actions can be learnt by heart. Machado et al. 2018 (arXiv 1709.06009) make that
//! useless: now and then the environment carries out the last action once more instead of the one that was chosen.

use super::WrapperError;
use super::expected::Expected;
use crate::{Action, Environment, OwnedAction, Rng, Space, Step};
use rand::RngExt;

/// Carries out the action of the step before instead of the one chosen, with a fixed probability (Gymnasium's
/// `StickyAction`).
///
/// "The action before" is what was carried out, not what was chosen, so an action may stick for many steps; the first
/// action of an episode is always the one chosen. Expected rewards are those of choosing an action, with what may come of
/// it; the target is what would have been right to carry out.
///
/// Whether an action sticks is drawn from a generator of the wrapper's own, one uniform a step: the same steps stick
/// whatever the learner does, and the environment inside draws what it would have drawn.
#[derive(Clone, Debug)]
pub struct StickyActions<E> {
    inner: E,
    probability: f64,
    rng: Rng,
    last: OwnedAction,
    has_last: bool,
    expected: Expected,
}

impl<E: Environment> StickyActions<E> {
    /// Lets `inner`'s actions stick with `probability`; whether they do is drawn from `rng`.
    ///
    /// # Errors
    /// If the probability is not in `[0, 1)`.
    pub fn new(inner: E, probability: f64, rng: Rng) -> Result<Self, WrapperError> {
        if !(0.0..1.0).contains(&probability) {
            let right = "a probability below 1 is needed";
            return Err(WrapperError::parameter("sticky_actions", probability, right));
        }
        let space = inner.action_space();
        let (last, expected) = (space.zero(), Expected::new(&space));
        let mut wrapper = StickyActions { inner, probability, rng, last, has_last: false, expected };
        wrapper.refresh_expected_rewards();
        Ok(wrapper)
    }

    fn refresh_expected_rewards(&mut self) {
        let last = match self.last {
            OwnedAction::Discrete(last) if self.has_last => Some(last),
            _ => None,
        };
        let probability = self.probability;
        self.expected.refresh(self.inner.expected_rewards(), |inside, action| match last {
            Some(last) => (1.0 - probability) * inside[action] + probability * inside[last],
            None => inside[action],
        });
    }
}

/// Writes `action` into one of the same kind and length.
fn keep(kept: &mut OwnedAction, action: Action<'_>, space: &dyn Fn() -> Space) {
    match (kept, action) {
        (OwnedAction::Discrete(kept), Action::Discrete(index)) => *kept = index,
        (OwnedAction::Continuous(kept), Action::Continuous(numbers)) => kept.copy_from_slice(numbers),
        (OwnedAction::MultiDiscrete(kept), Action::MultiDiscrete(indices)) => kept.copy_from_slice(indices),
        (OwnedAction::MultiBinary(kept), Action::MultiBinary(bits)) => kept.copy_from_slice(bits),
        _ => panic!("StickyActions was given {action:?}, which is not of {:?}", space()),
    }
}

impl<E: Environment + Clone> Environment for StickyActions<E> {
    forward_to_inner!(observation_space, action_space, target, picture);

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.has_last = false;
        self.inner.reset(rng, observation);
        self.refresh_expected_rewards();
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let sticks = self.rng.random::<f64>() < self.probability && self.has_last;
        if !sticks {
            keep(&mut self.last, action, &|| self.inner.action_space());
        }
        self.has_last = true;
        let step = self.inner.step(self.last.borrow(), rng, observation);
        self.refresh_expected_rewards();
        step
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        self.expected.told()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::Scripted;
    use super::*;
    use crate::stream;

    fn generator(index: u64) -> Rng {
        stream(0, "sticky", &[index])
    }

    #[test]
    fn actions_stick_as_often_as_they_should() {
        let mut environment =
            StickyActions::new(Scripted::taking(Space::discrete(1_000_000)), 0.25, generator(0)).unwrap();
        let mut rng = generator(1);
        environment.reset(&mut rng, &mut [0.0]);
        for action in 0..10_000 {
            environment.step(Action::Discrete(action), &mut rng, &mut [0.0]);
        }
        let carried_out: Vec<usize> = environment.inner.taken.iter().map(|action| action.borrow().index()).collect();
        assert_eq!(carried_out[0], 0);
        let stuck = (1..10_000).filter(|&i| carried_out[i] == carried_out[i - 1]).count();
        assert!((1..10_000).all(|i| carried_out[i] == i || carried_out[i] == carried_out[i - 1]));
        assert!((2_330..2_670).contains(&stuck), "{stuck}: 2500 expected, standard deviation 43");
    }

    #[test]
    fn actions_of_every_kind_stick_and_none_sticks_over_a_reset() {
        for space in [
            Space::discrete(3),
            Space::uniform_box(-1.0, 1.0, 2),
            Space::MultiDiscrete { sizes: vec![2, 3] },
            Space::MultiBinary { n: 3 },
        ] {
            let mut environment = StickyActions::new(Scripted::taking(space.clone()), 0.999_999, generator(2)).unwrap();
            let mut rng = generator(3);
            let (first, other) = (space.sample(&mut rng), space.sample(&mut rng));
            for action in [&first, &other] {
                environment.reset(&mut rng, &mut [0.0]);
                environment.step(action.borrow(), &mut rng, &mut [0.0]);
                environment.step(space.zero().borrow(), &mut rng, &mut [0.0]);
            }
            assert_eq!(environment.inner.taken, [first.clone(), first, other.clone(), other]);
        }
    }

    #[test]
    fn expected_rewards_reckon_with_it() {
        let inner = Scripted { expected: Some(vec![1.0, 2.0, 4.0]), ..Scripted::taking(Space::discrete(3)) };
        let mut environment = StickyActions::new(inner, 0.25, generator(4)).unwrap();
        assert_eq!(environment.expected_rewards(), Some(&[1.0, 2.0, 4.0][..]), "the first action is the one chosen");
        let mut rng = generator(5);
        environment.reset(&mut rng, &mut [0.0]);
        environment.step(Action::Discrete(2), &mut rng, &mut [0.0]);
        assert_eq!(environment.expected_rewards(), Some(&[1.75, 2.5, 4.0][..]));
        environment.reset(&mut rng, &mut [0.0]);
        assert_eq!(environment.expected_rewards(), Some(&[1.0, 2.0, 4.0][..]));
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for probability in [-0.1, 1.0, f64::NAN] {
            let attempt = StickyActions::new(Scripted::taking(Space::discrete(3)), probability, generator(6));
            assert!(attempt.unwrap_err().to_string().contains("`sticky_actions` is"));
        }
    }
}
