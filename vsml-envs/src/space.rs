//! What an observation or an action may be.
//!
//! Environments write observations *flat*, as the `f32` numbers that a learner sees: a discrete observation is one-hot
//! over its `n` values, a box is its numbers in row-major order. One form for all learners, and nothing to allocate.
//! Actions keep their type, because a learner that chooses one of `n` is another thing than one that sets `n` numbers.

use crate::Rng;
use rand::{Rng as _, RngExt};
use rand_distr::{Exp1, StandardNormal};

/// A set of possible observations or actions, after Gymnasium's spaces.
#[derive(Clone, Debug, PartialEq)]
pub enum Space {
    /// One of `0..n`.
    Discrete {
        /// How many values there are; at least 1.
        n: usize,
    },
    /// Real numbers between bounds, each of its own; a bound may be infinite. `low`, `high`: one per number, row-major.
    Box {
        /// Least value of each number.
        low: Vec<f32>,
        /// Greatest value of each number.
        high: Vec<f32>,
        /// Shape whose product is the number of numbers.
        shape: Vec<usize>,
    },
    /// Several discrete values at once; entry `i` is one of `0..sizes[i]`.
    MultiDiscrete {
        /// How many values each entry has.
        sizes: Vec<usize>,
    },
    /// `n` independent yes-or-no values.
    MultiBinary {
        /// How many there are.
        n: usize,
    },
}

impl Space {
    /// One of `0..n`.
    pub fn discrete(n: usize) -> Self {
        Space::Discrete { n }
    }

    /// A vector of `len` numbers, all between `low` and `high`.
    pub fn uniform_box(low: f32, high: f32, len: usize) -> Self {
        Space::Box { low: vec![low; len], high: vec![high; len], shape: vec![len] }
    }

    /// How many `f32` numbers one element takes in flat form.
    pub fn flat_len(&self) -> usize {
        match self {
            Space::Discrete { n } | Space::MultiBinary { n } => *n,
            Space::Box { low, .. } => low.len(),
            Space::MultiDiscrete { sizes } => sizes.iter().sum(),
        }
    }

    /// Says what is wrong with the space itself (bounds crossed, lengths that differ, nothing in it), if anything.
    pub fn fault(&self) -> Option<String> {
        match self {
            Space::Discrete { n: 0 } => Some("Discrete space with n = 0 has no element".into()),
            Space::MultiBinary { n: 0 } => Some("MultiBinary space with n = 0 has no element".into()),
            Space::MultiDiscrete { sizes } if sizes.is_empty() || sizes.contains(&0) => {
                Some(format!("MultiDiscrete space with sizes {sizes:?}: each must be at least 1"))
            }
            Space::Box { low, high, shape } => {
                let product: usize = shape.iter().product();
                if low.len() != high.len() || low.len() != product || low.is_empty() {
                    return Some(format!(
                        "Box space of shape {shape:?} ({product} numbers) with {} low and {} high bounds",
                        low.len(),
                        high.len()
                    ));
                }
                let crossed = low.iter().zip(high).position(|(l, h)| l.is_nan() || h.is_nan() || l > h)?;
                Some(format!("Box bound {crossed} is [{}, {}]: low must not exceed high", low[crossed], high[crossed]))
            }
            _ => None,
        }
    }

    /// Whether `flat` is the flat form of an element.
    pub fn contains_flat(&self, flat: &[f32]) -> bool {
        let one_hot = |part: &[f32]| {
            part.iter().all(|&x| x == 0.0 || x == 1.0) && part.iter().filter(|&&x| x == 1.0).count() == 1
        };
        if flat.len() != self.flat_len() {
            return false;
        }
        match self {
            Space::Discrete { .. } => one_hot(flat),
            Space::MultiBinary { .. } => flat.iter().all(|&x| x == 0.0 || x == 1.0),
            Space::Box { low, high, .. } => {
                flat.iter().zip(low.iter().zip(high)).all(|(x, (low, high))| low <= x && x <= high)
            }
            Space::MultiDiscrete { sizes } => {
                let mut rest = flat;
                sizes.iter().all(|&n| {
                    let (part, after) = rest.split_at(n);
                    rest = after;
                    one_hot(part)
                })
            }
        }
    }

    /// Whether `action` is an element.
    pub fn contains(&self, action: Action<'_>) -> bool {
        match (self, action) {
            (Space::Discrete { n }, Action::Discrete(index)) => index < *n,
            (Space::Box { .. }, Action::Continuous(numbers)) => self.contains_flat(numbers),
            (Space::MultiDiscrete { sizes }, Action::MultiDiscrete(indices)) => {
                sizes.len() == indices.len() && sizes.iter().zip(indices).all(|(n, index)| index < n)
            }
            (Space::MultiBinary { n }, Action::MultiBinary(bits)) => bits.len() == *n,
            _ => false,
        }
    }

    /// Draws an action uniformly: what the random player does. Where a box is unbounded, the number is standard normal;
    /// where it has one bound, that bound plus or minus an exponential (Gymnasium's convention).
    pub fn sample(&self, rng: &mut Rng) -> OwnedAction {
        let mut action = self.zero();
        self.sample_into(rng, &mut action);
        action
    }

    /// As [`Space::sample`], into an action made by [`Space::zero`] of the same space: allocates nothing.
    ///
    /// # Panics
    /// If `action` is of another kind or length.
    pub fn sample_into(&self, rng: &mut Rng, action: &mut OwnedAction) {
        match (self, action) {
            (Space::Discrete { n }, OwnedAction::Discrete(index)) => *index = rng.random_range(0..*n as u64) as usize,
            (Space::Box { low, high, .. }, OwnedAction::Continuous(numbers)) => {
                for (number, (&low, &high)) in numbers.iter_mut().zip(low.iter().zip(high)) {
                    *number = match (low.is_finite(), high.is_finite()) {
                        (true, true) => {
                            let (low, high) = (f64::from(low), f64::from(high)); // whose difference is finite in f64
                            (low + (high - low) * rng.random::<f64>()) as f32
                        }
                        (true, false) => low + rng.sample::<f32, _>(Exp1),
                        (false, true) => high - rng.sample::<f32, _>(Exp1),
                        (false, false) => rng.sample(StandardNormal),
                    };
                }
            }
            (Space::MultiDiscrete { sizes }, OwnedAction::MultiDiscrete(indices)) => {
                for (index, &n) in indices.iter_mut().zip(sizes) {
                    *index = rng.random_range(0..n as u64) as usize;
                }
            }
            (Space::MultiBinary { .. }, OwnedAction::MultiBinary(bits)) => {
                for bit in bits {
                    *bit = rng.next_u32() & 1 == 1;
                }
            }
            (space, action) => panic!("cannot sample {space:?} into {action:?}"),
        }
    }

    /// The action of zeros, of the right kind and length: a buffer to write into.
    pub fn zero(&self) -> OwnedAction {
        match self {
            Space::Discrete { .. } => OwnedAction::Discrete(0),
            Space::Box { low, .. } => OwnedAction::Continuous(vec![0.0; low.len()]),
            Space::MultiDiscrete { sizes } => OwnedAction::MultiDiscrete(vec![0; sizes.len()]),
            Space::MultiBinary { n } => OwnedAction::MultiBinary(vec![false; *n]),
        }
    }
}

/// Sets `flat` to zeros with a one at `index`: how a discrete observation is written.
///
/// # Panics
/// If `index` lies outside.
pub fn write_one_hot(flat: &mut [f32], index: usize) {
    flat.fill(0.0);
    flat[index] = 1.0;
}

/// An action, borrowed from whoever chose it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action<'a> {
    /// An element of [`Space::Discrete`].
    Discrete(usize),
    /// An element of [`Space::Box`].
    Continuous(&'a [f32]),
    /// An element of [`Space::MultiDiscrete`].
    MultiDiscrete(&'a [usize]),
    /// An element of [`Space::MultiBinary`].
    MultiBinary(&'a [bool]),
}

impl<'a> Action<'a> {
    /// The index of a discrete action.
    ///
    /// # Panics
    /// If the action is not discrete. A [`Lifetime`](crate::Lifetime) only hands an environment actions of its space.
    pub fn index(self) -> usize {
        match self {
            Action::Discrete(index) => index,
            other => panic!("a discrete action was expected, got {other:?}"),
        }
    }

    /// The numbers of a continuous action.
    ///
    /// # Panics
    /// If the action is not continuous.
    pub fn numbers(self) -> &'a [f32] {
        match self {
            Action::Continuous(numbers) => numbers,
            other => panic!("a continuous action was expected, got {other:?}"),
        }
    }
}

/// An action that owns its numbers, to be written again and again.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedAction {
    /// An element of [`Space::Discrete`].
    Discrete(usize),
    /// An element of [`Space::Box`].
    Continuous(Vec<f32>),
    /// An element of [`Space::MultiDiscrete`].
    MultiDiscrete(Vec<usize>),
    /// An element of [`Space::MultiBinary`].
    MultiBinary(Vec<bool>),
}

impl OwnedAction {
    /// The same action, borrowed.
    pub fn borrow(&self) -> Action<'_> {
        match self {
            OwnedAction::Discrete(index) => Action::Discrete(*index),
            OwnedAction::Continuous(numbers) => Action::Continuous(numbers),
            OwnedAction::MultiDiscrete(indices) => Action::MultiDiscrete(indices),
            OwnedAction::MultiBinary(bits) => Action::MultiBinary(bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream;

    fn spaces() -> Vec<Space> {
        vec![
            Space::discrete(3),
            Space::uniform_box(-1.0, 2.0, 4),
            Space::Box {
                low: vec![0.0, f32::NEG_INFINITY, f32::NEG_INFINITY],
                high: vec![f32::INFINITY, 0.0, f32::INFINITY],
                shape: vec![3, 1],
            },
            Space::uniform_box(f32::MIN, f32::MAX, 2),
            Space::MultiDiscrete { sizes: vec![2, 5] },
            Space::MultiBinary { n: 4 },
        ]
    }

    #[test]
    fn samples_are_elements() {
        let mut rng = stream(0, "space", &[]);
        for space in spaces() {
            assert_eq!(space.fault(), None);
            for _ in 0..200 {
                let action = space.sample(&mut rng);
                assert!(space.contains(action.borrow()), "{space:?} does not contain its own {action:?}");
            }
        }
    }

    #[test]
    fn every_discrete_value_comes_up() {
        let mut rng = stream(0, "space", &[1]);
        let mut counts = [0; 3];
        for _ in 0..3000 {
            counts[Space::discrete(3).sample(&mut rng).borrow().index()] += 1;
        }
        assert!(counts.iter().all(|&count| (900..1100).contains(&count)), "{counts:?}");
    }

    #[test]
    fn elements_of_other_spaces_are_refused() {
        assert!(!Space::discrete(3).contains(Action::Discrete(3)));
        assert!(!Space::discrete(3).contains(Action::Continuous(&[0.0])));
        assert!(!Space::uniform_box(-1.0, 1.0, 2).contains(Action::Continuous(&[0.0])));
        assert!(!Space::uniform_box(-1.0, 1.0, 1).contains(Action::Continuous(&[f32::NAN])));
        assert!(!Space::uniform_box(-1.0, 1.0, 1).contains(Action::Continuous(&[1.5])));
        assert!(!Space::MultiDiscrete { sizes: vec![2, 2] }.contains(Action::MultiDiscrete(&[0, 2])));
        assert!(!Space::discrete(3).contains_flat(&[0.0, 1.0, 1.0]));
        assert!(Space::discrete(3).contains_flat(&[0.0, 1.0, 0.0]));
        assert!(Space::MultiDiscrete { sizes: vec![1, 2] }.contains_flat(&[1.0, 0.0, 1.0]));
        assert!(!Space::MultiDiscrete { sizes: vec![1, 2] }.contains_flat(&[1.0, 1.0, 1.0]));
    }

    #[test]
    fn nonsense_spaces_say_so() {
        assert!(Space::discrete(0).fault().is_some());
        assert!(Space::MultiDiscrete { sizes: vec![2, 0] }.fault().is_some());
        assert!(Space::uniform_box(1.0, -1.0, 2).fault().unwrap().contains("low must not exceed high"));
        assert!(Space::Box { low: vec![0.0], high: vec![1.0], shape: vec![2] }.fault().is_some());
    }
}
