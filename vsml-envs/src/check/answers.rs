//! Whether what an environment says about itself is true: expected rewards, targets, pictures.

use super::life::{Life, Moment};
use super::report::Place;
use super::study::Study;
use crate::picture::{Drawing, Picture};
use crate::{Action, Space};

/// The first thing wrong with expected rewards: told the space, and what is expected.
fn expected(study: &Study<'_>, wrong: impl Fn(&Space, &[f64]) -> Option<(usize, String)>) -> Option<Place> {
    study.lives().iter().find_map(|life| {
        life.moments.iter().find_map(|moment| {
            let (index, value) = wrong(&life.actions, moment.expected.as_ref()?)?;
            let place = Place { method: "expected_rewards", ..life.place(moment, value) };
            Some(place.index(index))
        })
    })
}

pub(super) fn expected_rewards_without_discrete_actions(study: &Study<'_>) -> Option<Place> {
    expected(study, |actions, _| {
        (!matches!(actions, Space::Discrete { .. })).then(|| (0, format!("the actions are {actions:?}")))
    })
}

pub(super) fn expected_rewards_length(study: &Study<'_>) -> Option<Place> {
    expected(study, |actions, rewards| match actions {
        Space::Discrete { n } if *n != rewards.len() => {
            Some((rewards.len(), format!("{} numbers for {n} actions", rewards.len())))
        }
        _ => None,
    })
}

pub(super) fn expected_rewards_not_finite(study: &Study<'_>) -> Option<Place> {
    expected(study, |_, rewards| {
        let i = rewards.iter().position(|reward| !reward.is_finite())?;
        Some((i, format!("the number is {}", rewards[i])))
    })
}

pub(super) fn expected_rewards_change_when_asked(study: &Study<'_>) -> Option<Place> {
    study.lives().iter().find_map(|life| life.fickle.clone())
}

fn target(study: &Study<'_>, wrong: impl Fn(&Space, &Moment) -> Option<String>) -> Option<Place> {
    study.lives().iter().find_map(|life| {
        let stepped = life.moments.iter().filter(|moment| moment.answer.is_some());
        stepped.into_iter().find_map(|moment| {
            let value = wrong(&life.actions, moment)?;
            Some(Place { method: "target", ..life.place(moment, value) })
        })
    })
}

pub(super) fn target_not_an_action(study: &Study<'_>) -> Option<Place> {
    target(study, |actions, moment| {
        let target = moment.target?;
        (!actions.contains(Action::Discrete(target))).then(|| format!("{target} is not of {actions:?}"))
    })
}

pub(super) fn target_sometimes_missing(study: &Study<'_>) -> Option<Place> {
    let any = study.lives().iter().flat_map(|life| &life.moments).any(|m| m.answer.is_some() && m.target.is_some());
    if !any {
        return None;
    }
    target(study, |_, moment| moment.target.is_none().then(|| "there is none, and there are others".into()))
}

fn pictures<'a>(study: &'a Study<'_>) -> impl Iterator<Item = (u64, &'a Option<Picture>)> {
    study.lives().iter().flat_map(|life| life.pictures.iter().map(|picture| (life.task, picture)))
}

pub(super) fn picture_missing(study: &Study<'_>) -> Option<Place> {
    let (task, _) = pictures(study).find(|(_, picture)| picture.is_none())?;
    Some(Place::method("picture", "there is none").task(task))
}

pub(super) fn picture_empty(study: &Study<'_>) -> Option<Place> {
    let lives = study.lives().iter().take(study.few().end as usize);
    let mut first_of_tasks = lives.filter_map(|life| Some((life.task, life.pictures.first()?.as_ref()?)));
    let (task, _) = first_of_tasks.find(|(_, picture)| blank(picture))?;
    Some(Place::method("picture", "nothing is drawn").task(task))
}

fn blank(picture: &Picture) -> bool {
    let nothing = match &picture.drawing {
        Drawing::Tiles(tiles) => tiles.width() * tiles.height() == 0,
        Drawing::Scene(_) => false,
    };
    nothing || (picture.caption.is_empty() && one_colour(picture))
}

fn one_colour(picture: &Picture) -> bool {
    let pixels = picture.to_pixels(32);
    let mut colours = pixels.rgb().chunks(3);
    let first = colours.next();
    colours.all(|colour| Some(colour) == first)
}

/// Observations change from step to step, the picture never does.
pub(super) fn picture_never_changes(study: &Study<'_>) -> Option<Place> {
    let lives = study.lives();
    let frozen = |life: &Life| {
        let same = life.pictures.iter().all(|picture| *picture == life.pictures[0]);
        let drawn = life.pictures.iter().flatten().next().is_some_and(|picture| !blank(picture));
        life.pictures.len() >= 8 && same && drawn && life.each().any(|(_, shown)| shown != life.observation(0))
    };
    let all = !lives.is_empty() && lives.iter().all(frozen);
    all.then(|| Place::method("picture", "every picture of a life is the same, though observations change"))
}
