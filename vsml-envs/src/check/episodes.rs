//! Whether episodes end when they should, and begin anew.

use super::report::Place;
use super::study::Study;
use crate::{LifetimeLength, MAX_EPISODE_STEPS, Step};

/// An episode of more steps than this is long.
const LONG: u64 = 100_000;

/// Plays one episode in a few tasks, at most so many steps of it: the task, how it ended, and after how many steps.
fn played(study: &Study<'_>, steps: u64) -> impl Iterator<Item = (u64, Option<Step>, u64)> {
    study.few().take(2).filter_map(move |task| {
        let mut recorder = study.recorder(task)?;
        let (mut last, mut length) = (None, 0);
        let lived = recorder.wander(steps, |step, count| {
            length = count;
            if step.ended() {
                last = Some(*step);
            }
            last.is_some()
        });
        study.note(lived)?;
        Some((task, last, length))
    })
}

fn counted_in_episodes(study: &Study<'_>) -> bool {
    matches!(study.tasks.length, LifetimeLength::Episodes(_))
        && !study.lives().iter().any(|life| life.moments.iter().any(|m| m.answer.is_some_and(|step| step.ended())))
}

pub(super) fn episode_never_ends(study: &Study<'_>) -> Option<Place> {
    if !counted_in_episodes(study) {
        return None;
    }
    let endless = |(_, last, length): &(u64, Option<Step>, u64)| last.is_none() && *length >= MAX_EPISODE_STEPS;
    let (task, _, length) = played(study, study.patience(MAX_EPISODE_STEPS)).find(endless)?;
    Some(Place::method("step", "no end so far").task(task).step(0, length))
}

/// Also where there was not the time to see whether it ends at all.
pub(super) fn episode_long(study: &Study<'_>) -> Option<Place> {
    if !counted_in_episodes(study) {
        return None;
    }
    let long = |(_, last, length): &(u64, Option<Step>, u64)| {
        *length > LONG && (last.is_some() || *length < MAX_EPISODE_STEPS)
    };
    let (task, _, length) = played(study, study.patience(MAX_EPISODE_STEPS)).find(long)?;
    Some(Place::method("step", "no end before this").task(task).step(0, length))
}

pub(super) fn episode_ends_at_once(study: &Study<'_>) -> Option<Place> {
    let mut moments = study.lives().iter().flat_map(|life| &life.moments);
    let streams = moments.clone().any(|m| m.target.is_some() || m.expected.is_some());
    let limited = study.options.max_episode_steps == Some(1);
    let all = moments.clone().next().is_some() && moments.all(|m| m.answer.is_none_or(|step| step.ended()));
    (all && !streams && !limited).then(|| Place::method("step", "every episode ends here").step(0, 1))
}

/// Both flags in a step that no limit explains: longer episodes were seen.
pub(super) fn both_flags_at_once(study: &Study<'_>) -> Option<Place> {
    let lives = study.lives();
    let longest = lives.iter().flat_map(|life| &life.moments).map(|moment| moment.step).max()?;
    let limit = study.options.max_episode_steps.unwrap_or(longest).min(longest);
    lives.iter().find_map(|life| {
        let both = |step: Step| step.terminated && step.truncated;
        let moment = life.moments.iter().find(|m| m.answer.is_some_and(both) && m.step < limit)?;
        Some(life.place(moment, format!("terminated and truncated, though episodes last up to {longest} steps")))
    })
}

/// The first episode in which `wrong` holds of where it was truncated, or of how far it went without that.
fn limited(study: &Study<'_>, wrong: impl Fn(u64, bool, u64) -> bool) -> Option<Place> {
    let limit = study.options.max_episode_steps?;
    let place = |place: Place, length: u64| {
        let value = format!("{length} steps, where the limit is {limit}");
        Place { value, ..place }
    };
    let recorded = study.lives().iter().find_map(|life| {
        let moment = life.moments.iter().find(|m| m.answer.is_some_and(|step| wrong(m.step, step.truncated, limit)))?;
        Some(place(life.place(moment, ""), moment.step))
    });
    recorded.or_else(|| {
        if limit > LONG {
            return None;
        }
        let (task, _, length) = played(study, limit + 2)
            .find(|(_, last, length)| *length > 0 && wrong(*length, last.is_some_and(|step| step.truncated), limit))?;
        Some(place(Place::method("step", "").task(task).step(0, length), length))
    })
}

pub(super) fn time_limit_off_by_one(study: &Study<'_>) -> Option<Place> {
    limited(study, |length, truncated, limit| truncated && length.abs_diff(limit) == 1)
}

pub(super) fn time_limit_ignored(study: &Study<'_>) -> Option<Place> {
    limited(study, |length, truncated, limit| length > limit.saturating_add(1) && !truncated)
}

/// Whether an environment that says what it expects or asks for lives on over resets by its own account: streams whose
/// examples go on, arms that drift. What goes on in them is what has to be learnt.
fn lives_on(study: &Study<'_>) -> bool {
    study.lives().iter().flat_map(|life| &life.moments).any(|m| m.target.is_some() || m.expected.is_some())
}

/// Lives through an episode, and compares the next one with that of a fresh environment with the same luck. For each task
/// that has an episode: whether the old one ended at once and the fresh one did not, and where they differ.
fn after_an_episode(study: &Study<'_>) -> Vec<(bool, Option<Place>)> {
    let compare = |task: u64| {
        let mut old = study.recorder(task)?;
        let mut fresh = study.note(old.fork())?;
        (old.looks, fresh.looks) = (false, false);
        study.note(old.play(1))?;
        while !old.ended() {
            if old.life.moments.len() as u64 > study.steps() {
                return None;
            }
            study.note(old.play(1))?;
        }
        let mut next = study.note(old.fork())?;
        next.player = fresh.player.clone();
        next.rng = fresh.rng.clone();
        next.buffer.clone_from(&fresh.buffer);
        for recorder in [&mut next, &mut fresh] {
            study.note(recorder.play(2))?;
        }
        let stuck = next.ended() && !fresh.ended();
        for recorder in [&mut next, &mut fresh] {
            for _ in 0..study.steps().min(100) {
                if recorder.ended() {
                    break;
                }
                study.note(recorder.play(1))?;
            }
        }
        let mut difference = fresh.life.difference(&next.life);
        if difference.is_none() && fresh.life.moments.len() != next.life.moments.len() {
            difference = Some(Place::method("reset", "the episode is of another length").task(task));
        }
        Some((stuck, difference))
    };
    study.few().filter_map(compare).collect()
}

pub(super) fn reset_leaves_episode_over(study: &Study<'_>) -> Option<Place> {
    let compared = after_an_episode(study);
    let all = !compared.is_empty() && compared.iter().all(|(stuck, _)| *stuck);
    all.then(|| Place::method("reset", "the second episode ends at its first step").step(1, 1))
}

pub(super) fn reset_carries_state(study: &Study<'_>) -> Option<Place> {
    let compared = after_an_episode(study);
    if lives_on(study) || compared.iter().all(|(stuck, _)| *stuck) {
        return None;
    }
    let place = compared.into_iter().find_map(|(_, difference)| difference)?;
    let value = format!("fresh, then after an episode: {}", place.value);
    Some(Place { value, ..place })
}
