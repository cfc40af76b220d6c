//! Whether observations are what their space says, whole, and worth looking at.

use super::life::{Life, Moment};
use super::report::Place;
use super::study::Study;
use crate::Space;

/// A number further from zero than this saturates whatever reads it.
const LARGE: f32 = 1e6;
/// What buffers are filled with before they are written: nothing that an environment would write.
const SENTINELS: [f32; 2] = [-7.770_777e30, 3.330_333e-30];

/// The first number of an observation that `wrong` does not like, given the moment and its number.
fn find(study: &Study<'_>, wrong: impl Fn(&Life, &Moment, usize, f32) -> bool) -> Option<Place> {
    study.lives().iter().find_map(|life| {
        life.each().find_map(|(moment, shown)| {
            let (i, x) = shown.iter().enumerate().find(|(i, x)| wrong(life, moment, *i, **x))?;
            let bounds = match &life.observations {
                Space::Box { low, high, .. } => format!(" within bounds {} and {}", low[i], high[i]),
                _ => String::new(),
            };
            Some(life.place(moment, format!("the number is {x}{bounds}")).index(i))
        })
    })
}

pub(super) fn observation_nan(study: &Study<'_>) -> Option<Place> {
    find(study, |_, _, _, x| x.is_nan())
}

pub(super) fn observation_infinite(study: &Study<'_>) -> Option<Place> {
    find(study, |_, _, _, x| x.is_infinite())
}

pub(super) fn observation_large(study: &Study<'_>) -> Option<Place> {
    find(study, |life, _, i, x| !outside(life, i, x) && x.is_finite() && x.abs() > LARGE)
}

fn outside(life: &Life, i: usize, x: f32) -> bool {
    match &life.observations {
        Space::Box { low, high, .. } => x.is_finite() && (x < low[i] || x > high[i]),
        _ => false,
    }
}

pub(super) fn first_observation_outside_space(study: &Study<'_>) -> Option<Place> {
    find(study, |life, moment, i, x| moment.answer.is_none() && outside(life, i, x))
}

pub(super) fn observation_outside_space(study: &Study<'_>) -> Option<Place> {
    find(study, |life, moment, i, x| moment.answer.is_some_and(|step| !step.ended()) && outside(life, i, x))
}

pub(super) fn last_observation_outside_space(study: &Study<'_>) -> Option<Place> {
    find(study, |life, moment, i, x| moment.answer.is_some_and(|step| step.ended()) && outside(life, i, x))
}

pub(super) fn observation_not_one_hot(study: &Study<'_>) -> Option<Place> {
    study.lives().iter().filter(|life| !matches!(life.observations, Space::Box { .. })).find_map(|life| {
        let (moment, shown) = life
            .each()
            .find(|(_, shown)| shown.iter().all(|x| x.is_finite()) && !life.observations.contains_flat(shown))?;
        Some(life.place(moment, format!("{shown:?} is not of {:?}", life.observations)))
    })
}

pub(super) fn observation_never_changes(study: &Study<'_>) -> Option<Place> {
    let lives = study.lives();
    let first = lives.first()?;
    let constant = match &first.observations {
        Space::Discrete { n } => *n == 1,
        Space::MultiDiscrete { sizes } => sizes.iter().all(|size| *size == 1),
        Space::Box { low, high, .. } => low == high,
        Space::MultiBinary { .. } => false,
    };
    let same = |life: &Life| life.each().all(|(_, shown)| shown == first.observation(0));
    (!constant && lives.iter().all(same)).then(|| {
        let shown = &first.observation(0)[..first.observation(0).len().min(8)];
        Place::method("step", format!("every observation begins with {shown:?}"))
    })
}

/// Whether an observation betrays `answers`: a number that is the answer, or numbers that are it one-hot. Each comes with
/// the observation in which it must not show.
fn betrayed(answers: &[(&[f32], usize)]) -> Option<(usize, &'static str)> {
    let width = answers.iter().map(|(shown, _)| shown.len()).min()?;
    let (least, greatest) =
        answers.iter().fold((usize::MAX, 0), |(l, g), (_, answer)| (l.min(*answer), g.max(*answer)));
    if least == greatest {
        return None;
    }
    let equal = |i: &usize| answers.iter().all(|(shown, answer)| shown[*i] == *answer as f32);
    if let Some(i) = (0..width).find(equal) {
        return Some((i, "the number is the answer"));
    }
    let one_hot = |i: &usize| {
        answers.iter().all(|(shown, answer)| (0..=greatest).all(|j| shown[i + j] == f32::from(u8::from(j == *answer))))
    };
    (0..width.saturating_sub(greatest)).find(one_hot).map(|i| (i, "the numbers from here are the answer, one-hot"))
}

pub(super) fn observation_shows_target(study: &Study<'_>) -> Option<Place> {
    let lives = study.lives();
    let asked = |life: &'_ Life| -> Vec<(usize, usize)> {
        let with_target = life.moments.iter().enumerate().skip(1);
        with_target.filter(|(_, m)| m.answer.is_some()).filter_map(|(i, m)| Some((i - 1, m.target?))).collect()
    };
    let places: Vec<(&Life, Vec<(usize, usize)>)> = lives.iter().map(|life| (life, asked(life))).collect();
    let answers: Vec<(&[f32], usize)> = places
        .iter()
        .flat_map(|(life, asked)| asked.iter().map(|(i, target)| (life.observation(*i), *target)))
        .collect();
    let (i, how) = betrayed(&answers).filter(|_| answers.len() >= 30)?;
    Some(Place::method("step", how).index(i))
}

/// The first observation and the expected rewards of many tasks, if they have any.
fn first_sights(study: &Study<'_>) -> Vec<(Vec<f32>, Vec<f64>)> {
    let known = study.lives().iter().all(|life| life.moments.first().is_some_and(|m| m.expected.is_some()));
    if !known || study.lives().len() < 4 {
        return Vec::new();
    }
    let sight = |task: u64| {
        let mut recorder = study.recorder(task)?;
        study.note(recorder.reset())?;
        let expected = recorder.life.moments.first()?.expected.clone()?;
        Some((recorder.buffer.clone(), expected))
    };
    (0..64).filter_map(sight).collect()
}

pub(super) fn observation_shows_best_action(study: &Study<'_>) -> Option<Place> {
    let best = |expected: &[f64]| {
        expected.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(action, _)| action)
    };
    let sights = first_sights(study);
    let answers: Vec<(&[f32], usize)> = sights.iter().map(|(shown, expected)| (&shown[..], best(expected))).collect();
    let (i, how) = betrayed(&answers)?;
    Some(Place::method("reset", how).step(0, 0).index(i))
}

pub(super) fn observation_shows_expected_rewards(study: &Study<'_>) -> Option<Place> {
    let sights = first_sights(study);
    let (shown, expected) = sights.first()?;
    let (width, actions) = (shown.len().min(64), expected.len().min(64));
    let whole = |(shown, expected): &(Vec<f32>, Vec<f64>)| shown.len() >= width && expected.len() >= actions;
    if sights.len() < 16 || !sights.iter().all(whole) {
        return None;
    }
    (0..width).find_map(|i| {
        (0..actions).find_map(|action| {
            let pairs = sights.iter().map(|(shown, expected)| (f64::from(shown[i]), expected[action]));
            let distinct = sights.iter().map(|(_, expected)| expected[action].to_bits());
            let varied = distinct.collect::<std::collections::BTreeSet<u64>>().len() > 4;
            let place = || Place::method("reset", format!("the number follows the expected reward of action {action}"));
            (varied && correlation(pairs).abs() > 0.999_99).then(|| place().step(0, 0).index(i))
        })
    })
}

fn correlation(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = pairs.clone().count() as f64;
    let (x, y) = pairs.clone().fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
    let (xx, yy, xy) = pairs.fold((0.0, 0.0, 0.0), |(xx, yy, xy), (a, b)| {
        (xx + (a - x) * (a - x), yy + (b - y) * (b - y), xy + (a - x) * (b - y))
    });
    if xx * yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

/// Plays clones side by side whose buffers are filled differently: the first number that shows it, with the method, and
/// whether it was left as it was.
fn side_by_side(study: &Study<'_>, method: &str, left_alone: bool) -> Option<Place> {
    study.few().find_map(|task| {
        let mut one = study.recorder(task)?;
        let mut two = study.note(one.fork())?;
        one.looks = false;
        two.looks = false;
        for _ in 0..study.steps().min(60) {
            one.buffer.fill(SENTINELS[0]);
            two.buffer.fill(SENTINELS[1]);
            study.note(one.play(1))?;
            study.note(two.play(1))?;
            let moment = one.life.moments.last()?;
            let differs = one.buffer.iter().zip(&two.buffer).position(|(x, y)| x.to_bits() != y.to_bits());
            let Some(i) = differs else { continue };
            let untouched = [one.buffer[i], two.buffer[i]].map(f32::to_bits) == SENTINELS.map(f32::to_bits);
            let place = one.life.place(moment, "the number depends on what was in the buffer").index(i);
            return (untouched == left_alone && (method.is_empty() || place.method == method)).then_some(place);
        }
        None
    })
}

pub(super) fn reset_leaves_numbers_unwritten(study: &Study<'_>) -> Option<Place> {
    side_by_side(study, "reset", true)
}

pub(super) fn step_leaves_numbers_unwritten(study: &Study<'_>) -> Option<Place> {
    side_by_side(study, "step", true)
}

pub(super) fn observation_reads_buffer(study: &Study<'_>) -> Option<Place> {
    side_by_side(study, "", false)
}
