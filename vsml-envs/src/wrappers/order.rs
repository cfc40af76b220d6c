//! Orders of the places in a space: what permuting wrappers draw and check.

use super::WrapperError;
use crate::{Rng, Space};
use rand::seq::SliceRandom;

/// Refuses what is not an order of `len` places.
pub(super) fn check_order(order: &[usize], len: usize) -> Result<(), WrapperError> {
    let mut seen = vec![false; len];
    let fits =
        order.len() == len && order.iter().all(|&place| place < len && !std::mem::replace(&mut seen[place], true));
    if fits { Ok(()) } else { Err(WrapperError::Order { order: order.to_vec(), len }) }
}

/// An order of `len` places, each equally likely.
pub(crate) fn random_order(len: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(rng);
    order
}

/// The space whose number `i` is number `order[i]` of `space`.
pub(crate) fn permuted(space: &Space, order: &[usize], wrapper: &'static str) -> Result<Space, WrapperError> {
    check_order(order, space.flat_len())?;
    match space {
        Space::Discrete { .. } | Space::MultiBinary { .. } => Ok(space.clone()),
        Space::Box { low, high, shape } => Ok(Space::Box {
            low: order.iter().map(|&from| low[from]).collect(),
            high: order.iter().map(|&from| high[from]).collect(),
            shape: shape.clone(),
        }),
        Space::MultiDiscrete { .. } => Err(WrapperError::Space {
            wrapper,
            space: space.clone(),
            reason: "its one-hot groups would be torn apart; Discrete, Box and MultiBinary can be permuted",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_orders_are_orders() {
        assert_eq!(check_order(&[2, 0, 1], 3), Ok(()));
        for order in [vec![0, 1], vec![0, 1, 1], vec![0, 1, 3], vec![0, 1, 2, 3]] {
            assert!(check_order(&order, 3).is_err(), "{order:?}");
        }
    }
}
