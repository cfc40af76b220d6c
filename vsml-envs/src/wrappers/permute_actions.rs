//! Gives a task's actions an order of their own.
//!
//! With it, "left" is action 0 in one task and action 1 in the next: what an action does has to be learnt within the
//! lifetime. Expected rewards and targets are told in the same order as the actions, so that they stay right.

use super::WrapperError;
use super::order::{permuted, random_order};
use crate::{Action, Environment, Rng, Space, Step};

/// Carries out action `order[a]` of the inner environment where action `a` is taken.
///
/// Of a continuous action or one of several bits, number `i` is handed on as number `order[i]`, and bounds move along.
#[derive(Clone, Debug)]
pub struct PermuteActions<E> {
    inner: E,
    order: Vec<usize>,
    space: Space,
    numbers: Vec<f32>,
    bits: Vec<bool>,
    expected: Vec<f64>,
    knows_expected: bool,
}

impl<E: Environment> PermuteActions<E> {
    /// Puts `inner`'s actions into `order`.
    ///
    /// # Errors
    /// If `order` is not one of as many places as there are actions (or numbers in one), or the space is a
    /// [`Space::MultiDiscrete`], whose entries cannot change places.
    pub fn new(inner: E, order: Vec<usize>) -> Result<Self, WrapperError> {
        let inner_space = inner.action_space();
        let space = permuted(&inner_space, &order, "PermuteActions")?;
        let numbers = if matches!(space, Space::Box { .. }) { vec![0.0; order.len()] } else { Vec::new() };
        let bits = if matches!(space, Space::MultiBinary { .. }) { vec![false; order.len()] } else { Vec::new() };
        let expected = if matches!(space, Space::Discrete { .. }) { vec![0.0; order.len()] } else { Vec::new() };
        let mut wrapper = PermuteActions { inner, order, space, numbers, bits, expected, knows_expected: false };
        wrapper.refresh_expected_rewards();
        Ok(wrapper)
    }

    /// Draws an order; each is equally likely.
    ///
    /// # Errors
    /// As [`PermuteActions::new`], but for the order.
    pub fn random(inner: E, rng: &mut Rng) -> Result<Self, WrapperError> {
        let order = random_order(inner.action_space().flat_len(), rng);
        Self::new(inner, order)
    }

    /// What is expected may change with every step (a restless bandit), so it is read again after each.
    fn refresh_expected_rewards(&mut self) {
        let inner = self.inner.expected_rewards().filter(|inner| inner.len() == self.expected.len());
        self.knows_expected = inner.is_some();
        if let Some(inner) = inner {
            for (shown, &from) in self.expected.iter_mut().zip(&self.order) {
                *shown = inner[from];
            }
        }
    }
}

impl<E: Environment + Clone> Environment for PermuteActions<E> {
    forward_to_inner!(observation_space, picture);

    fn action_space(&self) -> Space {
        self.space.clone()
    }

    fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
        self.inner.reset(rng, observation);
        self.refresh_expected_rewards();
    }

    fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
        let inner_action = match action {
            Action::Discrete(index) => Action::Discrete(self.order[index]),
            Action::Continuous(numbers) => {
                for (number, &to) in numbers.iter().zip(&self.order) {
                    self.numbers[to] = *number;
                }
                Action::Continuous(&self.numbers)
            }
            Action::MultiBinary(bits) => {
                for (bit, &to) in bits.iter().zip(&self.order) {
                    self.bits[to] = *bit;
                }
                Action::MultiBinary(&self.bits)
            }
            Action::MultiDiscrete(_) => panic!("PermuteActions was given {action:?}, which is not of {:?}", self.space),
        };
        let step = self.inner.step(inner_action, rng, observation);
        self.refresh_expected_rewards();
        step
    }

    fn expected_rewards(&self) -> Option<&[f64]> {
        self.knows_expected.then_some(&self.expected)
    }

    /// The action that arrives as the inner target. A target that is no action stays what it is: the lifetime says so.
    fn target(&self) -> Option<usize> {
        let target = self.inner.target()?;
        Some(self.order.iter().position(|&inner| inner == target).unwrap_or(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BernoulliBandit, stream};
    use rand::RngExt;

    /// Shows the action that it was given; bounds tell the three numbers apart.
    #[derive(Clone)]
    struct Echo(Space);

    impl Environment for Echo {
        fn observation_space(&self) -> Space {
            Space::uniform_box(-10.0, 10.0, 3)
        }
        fn action_space(&self) -> Space {
            self.0.clone()
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation.fill(0.0);
        }
        fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
            match action {
                Action::Continuous(numbers) => observation.copy_from_slice(numbers),
                Action::MultiBinary(bits) => observation.iter_mut().zip(bits).for_each(|(o, b)| *o = f32::from(*b)),
                Action::Discrete(index) => observation.fill(index as f32),
                Action::MultiDiscrete(_) => unreachable!(),
            }
            Step::going_on(0.0)
        }
    }

    /// Asks to be told the number that it shows.
    #[derive(Clone)]
    struct Quiz {
        shown: usize,
        asked: Option<usize>,
    }

    impl Environment for Quiz {
        fn observation_space(&self) -> Space {
            Space::uniform_box(0.0, 2.0, 1)
        }
        fn action_space(&self) -> Space {
            Space::discrete(3)
        }
        fn reset(&mut self, rng: &mut Rng, observation: &mut [f32]) {
            self.shown = rng.random_range(0..3);
            observation[0] = self.shown as f32;
        }
        fn step(&mut self, action: Action<'_>, rng: &mut Rng, observation: &mut [f32]) -> Step {
            self.asked = Some(self.shown);
            let reward = if action.index() == self.shown { 1.0 } else { 0.0 };
            self.reset(rng, observation);
            Step::going_on(reward)
        }
        fn target(&self) -> Option<usize> {
            self.asked
        }
    }

    fn echo(space: Space, action: Action<'_>) -> [f32; 3] {
        let mut observation = [0.0; 3];
        let mut environment = PermuteActions::new(Echo(space), vec![2, 0, 1]).unwrap();
        assert!(environment.action_space().contains(action));
        assert_eq!(environment.expected_rewards(), None);
        environment.step(action, &mut stream(0, "permute", &[]), &mut observation);
        observation
    }

    #[test]
    fn actions_arrive_in_the_inner_order() {
        assert_eq!(echo(Space::discrete(3), Action::Discrete(0)), [2.0; 3]);
        assert_eq!(echo(Space::MultiBinary { n: 3 }, Action::MultiBinary(&[true, false, false])), [0.0, 0.0, 1.0]);
        let space = Space::Box { low: vec![0.0; 3], high: vec![1.0, 2.0, 3.0], shape: vec![3] };
        assert_eq!(echo(space.clone(), Action::Continuous(&[3.0, 1.0, 2.0])), [1.0, 2.0, 3.0]);
        let environment = PermuteActions::new(Echo(space), vec![2, 0, 1]).unwrap();
        assert!(!environment.action_space().contains(Action::Continuous(&[1.0, 2.0, 3.0])), "bounds moved along");
    }

    #[test]
    fn expected_rewards_move_with_the_actions() {
        let bandit = BernoulliBandit::new(vec![0.0, 0.5, 1.0]).unwrap();
        let mut environment = PermuteActions::new(bandit, vec![2, 0, 1]).unwrap();
        assert_eq!(environment.expected_rewards(), Some(&[1.0, 0.0, 0.5][..]));
        let mut rng = stream(0, "permute", &[1]);
        environment.reset(&mut rng, &mut [0.0]);
        for _ in 0..20 {
            assert_eq!(environment.step(Action::Discrete(0), &mut rng, &mut [0.0]).reward, 1.0);
            assert_eq!(environment.step(Action::Discrete(1), &mut rng, &mut [0.0]).reward, 0.0);
        }
    }

    #[test]
    fn the_target_is_the_action_that_would_have_been_right() {
        let order = vec![2, 0, 1];
        let mut environment = PermuteActions::new(Quiz { shown: 0, asked: None }, order.clone()).unwrap();
        let (mut rng, mut observation) = (stream(0, "permute", &[2]), [0.0]);
        environment.reset(&mut rng, &mut observation);
        assert_eq!(environment.target(), None);
        for guess in (0..3).cycle().take(30) {
            let shown = observation[0] as usize;
            let step = environment.step(Action::Discrete(guess), &mut rng, &mut observation);
            let target = environment.target().unwrap();
            assert_eq!(order[target], shown);
            assert_eq!(step.reward == 1.0, guess == target);
        }
        let nonsense = PermuteActions::new(Quiz { shown: 0, asked: Some(7) }, order).unwrap();
        assert_eq!(nonsense.target(), Some(7));
    }
}
