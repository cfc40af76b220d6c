//! Whether the spaces make sense, and stay.

use super::report::Place;
use super::study::{MAX_NUMBERS, Study};
use crate::Space;

/// More numbers in an observation than this are unusual.
const MANY_NUMBERS: usize = 1 << 16;

#[derive(PartialEq)]
enum Sickness {
    Empty,
    Shape,
    NanBound,
    CrossedBounds,
}

/// What is wrong with a space, which number of it, and how it looks there.
fn sickness(space: &Space) -> Option<(Sickness, usize, String)> {
    let empty = |text: String| Some((Sickness::Empty, 0, text));
    match space {
        Space::Discrete { n: 0 } | Space::MultiBinary { n: 0 } => empty(format!("{space:?}")),
        Space::MultiDiscrete { sizes } if sizes.is_empty() => empty(format!("{space:?}")),
        Space::MultiDiscrete { sizes } => {
            let i = sizes.iter().position(|&size| size == 0)?;
            Some((Sickness::Empty, i, format!("sizes {sizes:?}")))
        }
        Space::Box { low, high, shape } => {
            let product = shape.iter().try_fold(1, |product: usize, side| product.checked_mul(*side));
            if low.len() != high.len() || Some(low.len()) != product {
                let text = format!("shape {shape:?} with {} low and {} high bounds", low.len(), high.len());
                return Some((Sickness::Shape, 0, text));
            }
            if low.is_empty() {
                return empty(format!("shape {shape:?}"));
            }
            let bounds = || low.iter().zip(high);
            let text = |i: usize| format!("bounds {} and {}", low[i], high[i]);
            if let Some(i) = bounds().position(|(low, high)| low.is_nan() || high.is_nan()) {
                return Some((Sickness::NanBound, i, text(i)));
            }
            let i = bounds().position(|(low, high)| low > high)?;
            Some((Sickness::CrossedBounds, i, text(i)))
        }
        _ => None,
    }
}

/// The first observation space or action space that suffers from it.
fn find(study: &Study<'_>, methods: &[&'static str], sought: Sickness) -> Option<Place> {
    study.spaces().iter().find_map(|(task, observations, actions)| {
        [("observation_space", observations), ("action_space", actions)].into_iter().find_map(|(method, space)| {
            let (found, index, text) = sickness(space)?;
            let fits = found == sought && methods.contains(&method);
            fits.then(|| Place::method(method, text).task(*task).index(index))
        })
    })
}

const BOTH: [&str; 2] = ["observation_space", "action_space"];

pub(super) fn observation_space_empty(study: &Study<'_>) -> Option<Place> {
    find(study, &["observation_space"], Sickness::Empty)
}

pub(super) fn action_space_empty(study: &Study<'_>) -> Option<Place> {
    find(study, &["action_space"], Sickness::Empty)
}

pub(super) fn space_shape_mismatch(study: &Study<'_>) -> Option<Place> {
    find(study, &BOTH, Sickness::Shape)
}

pub(super) fn space_bound_nan(study: &Study<'_>) -> Option<Place> {
    find(study, &BOTH, Sickness::NanBound)
}

pub(super) fn space_bounds_crossed(study: &Study<'_>) -> Option<Place> {
    find(study, &BOTH, Sickness::CrossedBounds)
}

/// The numbers of an element in flat form, also where they are too many to be added up.
fn numbers(space: &Space) -> usize {
    match space {
        Space::MultiDiscrete { sizes } => sizes.iter().fold(0, |sum: usize, size| sum.saturating_add(*size)),
        other => other.flat_len(),
    }
}

fn larger(study: &Study<'_>, least: usize, greatest: usize) -> Option<Place> {
    study.spaces().iter().find_map(|(task, observations, _)| {
        let numbers = numbers(observations);
        let fits = (least..=greatest).contains(&numbers);
        fits.then(|| Place::method("observation_space", format!("{numbers} numbers")).task(*task))
    })
}

pub(super) fn observation_space_huge(study: &Study<'_>) -> Option<Place> {
    larger(study, MAX_NUMBERS + 1, usize::MAX)
}

pub(super) fn observation_space_large(study: &Study<'_>) -> Option<Place> {
    larger(study, MANY_NUMBERS + 1, MAX_NUMBERS)
}

/// All bounds are infinite, and yet all that is seen lies within one of zero, and something just there: ones, or what was
/// cut off at one.
pub(super) fn observation_space_unbounded(study: &Study<'_>) -> Option<Place> {
    let endless = |space: &Space| match space {
        Space::Box { low, high, .. } => low.iter().chain(high).all(|bound| bound.is_infinite()),
        _ => false,
    };
    let lives = study.lives();
    if !lives.iter().all(|life| endless(&life.observations)) {
        return None;
    }
    let seen = lives.iter().flat_map(|life| &life.numbers);
    let greatest = seen.fold(0.0f32, |greatest, x| if x.abs() > greatest { x.abs() } else { greatest });
    (greatest == 1.0)
        .then(|| Place::method("observation_space", "the numbers seen reach 1 or -1, and none goes beyond"))
}

pub(super) fn action_space_unbounded(study: &Study<'_>) -> Option<Place> {
    study.spaces().iter().find_map(|(task, _, actions)| {
        let Space::Box { low, high, .. } = actions else { return None };
        let i = low.iter().zip(high).position(|(low, high)| low.is_infinite() || high.is_infinite())?;
        Some(Place::method("action_space", format!("bounds {} and {}", low[i], high[i])).task(*task).index(i))
    })
}

pub(super) fn action_space_single(study: &Study<'_>) -> Option<Place> {
    study.spaces().iter().find_map(|(task, _, actions)| {
        let single = match actions {
            Space::Discrete { n } => *n == 1,
            Space::MultiDiscrete { sizes } => sizes.iter().all(|size| *size == 1),
            Space::Box { low, high, .. } => low == high,
            Space::MultiBinary { .. } => false,
        };
        single.then(|| Place::method("action_space", format!("{actions:?}")).task(*task))
    })
}

/// Whether two spaces are of the same kind and size; their bounds may differ, as where each task has a scale of its own.
fn same_form(one: &Space, two: &Space) -> bool {
    match (one, two) {
        (Space::Box { shape: one, .. }, Space::Box { shape: two, .. }) => one == two,
        (one, two) => one == two,
    }
}

pub(super) fn spaces_differ_between_tasks(study: &Study<'_>) -> Option<Place> {
    let (_, observations, actions) = study.spaces().first()?;
    study.spaces().iter().find_map(|(task, other_observations, other_actions)| {
        let pairs = [("observation_space", observations, other_observations), ("action_space", actions, other_actions)];
        let (method, one, other) = pairs.into_iter().find(|(_, one, other)| !same_form(one, other))?;
        Some(Place::method(method, format!("{other:?}, where task 0 has {one:?}")).task(*task))
    })
}

fn changed(study: &Study<'_>, method: &str) -> Option<Place> {
    study.lives().iter().find_map(|life| life.changed_space.clone().filter(|place| place.method == method))
}

pub(super) fn observation_space_changes(study: &Study<'_>) -> Option<Place> {
    changed(study, "observation_space")
}

pub(super) fn action_space_changes(study: &Study<'_>) -> Option<Place> {
    changed(study, "action_space")
}
