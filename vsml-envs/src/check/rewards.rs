//! Whether rewards are numbers, and mean something.

use super::calls::extremes;
use super::recorder::Recorder;
use super::report::Place;
use super::study::Study;
use crate::{OwnedAction, Space, Step, stream};

/// A reward further from zero than this is absurd.
const LARGE: f64 = 1e6;
/// So many standard errors are no accident.
const STANDARD_ERRORS: f64 = 5.0;

fn find(study: &Study<'_>, wrong: impl Fn(f64) -> bool) -> Option<Place> {
    study.lives().iter().find_map(|life| {
        let (moment, reward) =
            life.moments.iter().filter_map(|m| Some((m, m.answer?.reward))).find(|(_, reward)| wrong(*reward))?;
        Some(life.place(moment, format!("the reward is {reward}")))
    })
}

pub(super) fn reward_nan(study: &Study<'_>) -> Option<Place> {
    find(study, f64::is_nan)
}

pub(super) fn reward_infinite(study: &Study<'_>) -> Option<Place> {
    find(study, f64::is_infinite)
}

pub(super) fn reward_large(study: &Study<'_>) -> Option<Place> {
    find(study, |reward| reward.is_finite() && reward.abs() > LARGE)
}

/// The same reward always, and nothing else that good play could change: episodes end in one way only, or never. Before
/// it says so it looks for long, because what is rare is not missing.
pub(super) fn reward_constant(study: &Study<'_>) -> Option<Place> {
    let lives = study.lives();
    let first = lives.iter().flat_map(|life| &life.moments).find_map(|m| m.answer)?.reward;
    let mut end: Option<(u64, bool)> = None;
    let mut differs = |step: &Step, length: u64| {
        let other_end =
            step.ended() && end.replace((length, step.terminated)).is_some_and(|e| e != (length, step.terminated));
        step.reward != first || other_end
    };
    let moments = lives.iter().flat_map(|life| &life.moments);
    if moments.filter_map(|m| Some((m.answer?, m.step))).any(|(answer, length)| differs(&answer, length)) {
        return None;
    }
    let mut steps = 0;
    for task in 0..study.options.tasks.max(2) {
        let mut recorder = study.recorder(task)?;
        let mut different = false;
        let look = recorder.wander(study.patience(160_000) / study.options.tasks.max(2), |step, length| {
            steps += 1;
            different |= differs(step, length);
            different
        });
        study.note(look)?;
        if different {
            return None;
        }
    }
    Some(Place::method("step", format!("the reward was {first} in each of {steps} random steps")))
}

/// What follows from an action taken where `recorder` stands; later actions are the player's.
fn consequences(study: &Study<'_>, recorder: &Recorder, action: &OwnedAction, steps: u64) -> Option<Recorder> {
    let mut fork = study.note(recorder.fork())?;
    fork.looks = false;
    fork.player.action = action.clone();
    study.note(fork.act())?;
    for _ in 0..steps {
        if fork.ended() {
            break;
        }
        study.note(fork.play(1))?;
    }
    Some(fork)
}

pub(super) fn action_ignored(study: &Study<'_>) -> Option<Place> {
    let mut compared = 0;
    for (moments, follow) in [(32, 0), (16, 200)] {
        let (moments, follow) = (study.patience(moments), study.patience(follow));
        for task in study.few() {
            let mut recorder = study.recorder(task)?;
            let mut rng = stream(study.options.seed, "check/other", &[task, follow]);
            let edges = extremes(&recorder.life.actions);
            let (one, rest) = edges.split_first()?;
            if rest.iter().all(|action| action == one) {
                return None; // there is nothing to choose
            }
            for moment in 0..moments {
                study.note(recorder.play(1 + moment % 3))?;
                if recorder.ended() {
                    study.note(recorder.reset())?;
                }
                let other = recorder.life.actions.sample(&mut rng);
                let other = rest.get(moment as usize / 2).filter(|_| moment % 2 == 0).unwrap_or(&other);
                let lived = [one, other].map(|action| consequences(study, &recorder, action, follow));
                let [Some(a), Some(b)] = lived else { return None };
                if a.life.moments.len() != b.life.moments.len() || a.life.difference(&b.life).is_some() {
                    return None;
                }
                compared += 1;
            }
        }
    }
    Some(Place::method("step", format!("two actions led to the same at each of {compared} places")))
}

/// The rewards of `action` taken `count` times where `recorder` stands, with new luck each time.
fn sampled(study: &Study<'_>, recorder: &Recorder, action: usize, count: u64, purpose: &str) -> Option<Vec<f64>> {
    let sample = |i| {
        let mut fork = study.note(recorder.fork())?;
        fork.looks = false;
        fork.rng = stream(study.options.seed, purpose, &[recorder.life.task, action as u64, i]);
        fork.player.action = OwnedAction::Discrete(action);
        study.note(fork.act())?;
        fork.life.moments.last()?.answer.map(|step| step.reward)
    };
    (0..count).map(sample).collect()
}

/// Mean and standard error, the latter not below what a rare reward of size `range` could have hidden.
fn estimate(rewards: &[f64], range: f64) -> (f64, f64) {
    let n = rewards.len() as f64;
    let mean = rewards.iter().sum::<f64>() / n;
    let variance = rewards.iter().map(|reward| (reward - mean) * (reward - mean)).sum::<f64>() / n;
    (mean, (variance / n).sqrt() + 2.0 * range / n)
}

pub(super) fn reward_differs_from_expected(study: &Study<'_>) -> Option<Place> {
    let seen = study.lives().iter().flat_map(|life| &life.moments).filter_map(|m| m.answer).map(|step| step.reward);
    let (low, high) = seen.fold((0.0f64, 0.0f64), |(low, high), reward| (low.min(reward), high.max(reward)));
    study.few().find_map(|task| {
        let mut recorder = study.recorder(task)?;
        let Space::Discrete { n } = recorder.life.actions else { return None };
        for _ in 0..2 {
            study.note(recorder.play(if recorder.life.moments.is_empty() { 1 } else { 7 }))?;
            if recorder.ended() {
                study.note(recorder.reset())?;
            }
            let moment = recorder.life.moments.last()?;
            let Some(expected) = moment.expected.clone() else { continue };
            for action in (0..n.min(expected.len())).step_by(n.div_ceil(8)) {
                let off = |count: u64, purpose| {
                    let rewards = sampled(study, &recorder, action, count, purpose)?;
                    let (mean, error) = estimate(&rewards, high - low);
                    let far = (mean - expected[action]).abs() > STANDARD_ERRORS * error;
                    far.then_some((mean, error))
                };
                let few = if n > 1000 { 50 } else { study.patience(200) };
                let Some((mean, error)) = off(few, "check/rewards").and_then(|_| off(10 * few, "check/again")) else {
                    continue;
                };
                let text = format!(
                    "action {action} is said to earn {} and earns {mean:.4} ± {error:.4} in {} trials",
                    expected[action],
                    10 * few
                );
                return Some(recorder.life.place(moment, text));
            }
        }
        None
    })
}

/// With the same luck, the action that is said to be right must not earn less than another.
pub(super) fn reward_contradicts_target(study: &Study<'_>) -> Option<Place> {
    study.few().find_map(|task| {
        let mut recorder = study.recorder(task)?;
        for _ in 0..study.patience(50) {
            study.note(recorder.play(1))?;
            if recorder.ended() {
                study.note(recorder.reset())?;
            }
            let Space::Discrete { n } = recorder.life.actions else { return None };
            recorder.player.choose(&recorder.life.actions.clone());
            let OwnedAction::Discrete(chosen) = recorder.player.action else { return None };
            let earned = |action: usize| {
                let mut fork = study.note(recorder.fork())?;
                fork.player.action = OwnedAction::Discrete(action);
                study.note(fork.act())?;
                let moment = fork.life.moments.pop()?;
                Some((moment.answer?.reward, moment.target, fork.life.place(&moment, "")))
            };
            let (reward, target, place) = earned(chosen)?;
            let Some(target) = target.filter(|target| *target < n) else { continue };
            let (right, _, _) = earned(target)?;
            if right < reward {
                let value = format!("action {chosen} earns {reward}, action {target}, the target, {right}");
                return Some(Place { value, ..place });
            }
        }
        None
    })
}
