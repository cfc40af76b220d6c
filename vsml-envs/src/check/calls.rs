//! Whether every method can be called.

use super::life::Life;
use super::recorder::{Recorder, caught};
use super::report::Place;
use super::study::Study;
use crate::{LifetimeLength, OwnedAction, Space};

pub(super) fn lifetime_empty(study: &Study<'_>) -> Option<Place> {
    let empty = matches!(study.tasks.length, LifetimeLength::Steps(0) | LifetimeLength::Episodes(0));
    empty.then(|| Place::method("length", study.tasks.length.to_string()))
}

pub(super) fn sample_panics(study: &Study<'_>) -> Option<Place> {
    study.spaces();
    study.panic_in("sample")
}

pub(super) fn observation_space_panics(study: &Study<'_>) -> Option<Place> {
    study.spaces();
    study.panic_in("observation_space")
}

pub(super) fn action_space_panics(study: &Study<'_>) -> Option<Place> {
    study.spaces();
    study.panic_in("action_space")
}

pub(super) fn reset_panics(study: &Study<'_>) -> Option<Place> {
    study.lives();
    study.panic_in("reset")
}

pub(super) fn step_panics(study: &Study<'_>) -> Option<Place> {
    study.lives();
    study.panic_in("step")
}

pub(super) fn expected_rewards_panics(study: &Study<'_>) -> Option<Place> {
    study.lives();
    study.panic_in("expected_rewards")
}

pub(super) fn target_panics(study: &Study<'_>) -> Option<Place> {
    study.lives();
    study.panic_in("target")
}

/// Also where a picture was described that cannot be drawn.
pub(super) fn picture_panics(study: &Study<'_>) -> Option<Place> {
    for life in study.lives().iter().take(study.few().end as usize) {
        if let Some(picture) = life.pictures.iter().flatten().next() {
            let drawn = caught("picture", || (picture.to_text(), picture.to_pixels(32)));
            study.note(drawn.map_err(|panic| panic.task(life.task)));
        }
    }
    study.panic_in("picture")
}

pub(super) fn clone_panics(study: &Study<'_>) -> Option<Place> {
    for task in study.few() {
        let Some(mut recorder) = study.recorder(task) else { continue };
        for steps in [0, 3] {
            let cloned = recorder.play(steps).and_then(|()| recorder.fork());
            study.note(cloned);
        }
    }
    study.panic_in("clone")
}

/// A reset before the first end of an episode.
pub(super) fn early_reset_panics(study: &Study<'_>) -> Option<Place> {
    study.few().find_map(|task| {
        let mut recorder = study.recorder(task)?;
        study.note(recorder.play(2))?;
        recorder.reset().err().filter(|panic| panic.method == "reset")
    })
}

/// Actions at the edges of the space.
pub(super) fn extremes(space: &Space) -> Vec<OwnedAction> {
    match space {
        Space::Discrete { n } => {
            let all = if *n <= 16 { (0..*n).collect() } else { vec![0, n - 1] };
            all.into_iter().map(OwnedAction::Discrete).collect()
        }
        Space::MultiDiscrete { sizes } => {
            let last = sizes.iter().map(|size| size - 1).collect();
            vec![OwnedAction::MultiDiscrete(vec![0; sizes.len()]), OwnedAction::MultiDiscrete(last)]
        }
        Space::MultiBinary { n } => [false, true].map(|bit| OwnedAction::MultiBinary(vec![bit; *n])).to_vec(),
        Space::Box { low, high, .. } => {
            // An infinite bound has no edge; a thousand is far out.
            let edge = |bound: &f32| if bound.is_finite() { *bound } else { bound.clamp(-1000.0, 1000.0) };
            let zero: Vec<f32> = low.iter().zip(high).map(|(low, high)| 0.0f32.clamp(*low, *high)).collect();
            vec![
                OwnedAction::Continuous(low.iter().map(edge).collect()),
                OwnedAction::Continuous(high.iter().map(edge).collect()),
                OwnedAction::Continuous(zero),
            ]
        }
    }
}

/// Takes an action at the edge again and again; what `judge` says of the life, or of the panic that ended it.
fn at_the_edge(study: &Study<'_>, judge: impl Fn(&Recorder, Option<Place>) -> Option<Place>) -> Option<Place> {
    study.few().find_map(|task| {
        let recorder = study.recorder(task)?;
        extremes(&recorder.life.actions).into_iter().filter(|a| recorder.life.actions.contains(a.borrow())).find_map(
            |action| {
                let mut recorder = study.note(recorder.fork())?;
                let mut run = || {
                    for _ in 0..study.patience(20) {
                        if recorder.ended() {
                            recorder.reset()?;
                        }
                        recorder.player.action = action.clone();
                        recorder.act()?;
                    }
                    Ok(())
                };
                let panic = run().err();
                judge(&recorder, panic)
            },
        )
    })
}

pub(super) fn extreme_action_panics(study: &Study<'_>) -> Option<Place> {
    if study.panic_in("step").is_some() {
        return None;
    }
    at_the_edge(study, |_, panic| panic.filter(|panic| panic.method == "step"))
}

pub(super) fn extreme_action_nonsense(study: &Study<'_>) -> Option<Place> {
    let nonsense = |life: &Life| {
        life.each().find_map(|(moment, shown)| {
            let answer = moment.answer?;
            let action = || format!("after action {:?}", moment.action.as_ref().map(OwnedAction::borrow));
            if !answer.reward.is_finite() {
                return Some(life.place(moment, format!("the reward is {} {}", answer.reward, action())));
            }
            if !life.observations.contains_flat(shown) || shown.iter().any(|x| !x.is_finite()) {
                return Some(life.place(moment, format!("the observation {shown:?} {}", action())));
            }
            None
        })
    };
    if study.lives().iter().any(|life| nonsense(life).is_some()) {
        return None; // which has names of its own
    }
    at_the_edge(study, |recorder, _| nonsense(&recorder.life))
}
