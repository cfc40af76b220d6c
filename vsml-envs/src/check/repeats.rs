//! Whether the same key gives the same life: alone, beside a twin, in another thread, from a clone.

use super::life::Life;
use super::recorder::{Panic, Recorder, draw};
use super::report::Place;
use super::study::Study;
use crate::Environment;

/// Where a second recording of a task differs from the first, in what a learner perceives or in what is expected.
fn redrawn(study: &Study<'_>) -> Option<Place> {
    study.redrawn.get_or_init(|| live_again(study)).clone()
}

fn live_again(study: &Study<'_>) -> Option<Place> {
    let few = study.few().end as usize;
    study.lives().iter().take(few).find_map(|life| {
        let again = study.life(life.task)?;
        life.difference(&again).or_else(|| {
            let expected = |life: &Life| life.moments.first().and_then(|moment| moment.expected.clone());
            let (one, two) = (expected(life), expected(&again));
            let differ = one.as_ref().map(|r| r.iter().map(|x| x.to_bits()).collect::<Vec<u64>>())
                != two.as_ref().map(|r| r.iter().map(|x| x.to_bits()).collect::<Vec<u64>>());
            differ.then(|| Place::method("expected_rewards", format!("{one:?}, then {two:?}")).task(life.task))
        })
    })
}

/// Where two clones of one fresh environment differ.
fn cloned(study: &Study<'_>) -> Option<Place> {
    study.few().find_map(|task| {
        let mut one = study.recorder(task)?;
        let mut two = study.note(one.fork())?;
        study.note(one.play(study.steps()))?;
        study.note(two.play(study.steps()))?;
        one.life.difference(&two.life)
    })
}

pub(super) fn hidden_randomness(study: &Study<'_>) -> Option<Place> {
    redrawn(study).and_then(|_| cloned(study))
}

pub(super) fn task_redrawn_differs(study: &Study<'_>) -> Option<Place> {
    let place = redrawn(study)?;
    cloned(study).is_none().then_some(Place { method: "sample", ..place })
}

pub(super) fn twin_interferes(study: &Study<'_>) -> Option<Place> {
    study.beside_others.get_or_init(|| live_beside_others(study)).clone()
}

fn live_beside_others(study: &Study<'_>) -> Option<Place> {
    if redrawn(study).is_some() {
        return None;
    }
    let alone = study.lives().first()?;
    let [mut one, mut twin, mut stranger] = [study.recorder(0)?, study.recorder(0)?, study.recorder(1)?];
    for step in 0..study.steps() {
        study.note(one.play(1))?;
        study.note(stranger.play(1))?;
        if step % 3 != 0 {
            study.note(twin.play(1))?;
        }
    }
    alone.difference(&one.life).or_else(|| alone.difference(&twin.life))
}

pub(super) fn thread_changes_results(study: &Study<'_>) -> Option<Place> {
    if redrawn(study).is_some() || twin_interferes(study).is_some() {
        return None;
    }
    let here = study.lives().first()?;
    let (tasks, seed, steps) = (study.tasks, study.options.seed, study.steps());
    let environment = study.draw(0)?;
    let record = move |environment: Option<Box<dyn Environment>>| -> Result<Life, Panic> {
        let environment = match environment {
            Some(environment) => environment,
            None => draw(tasks, seed, 0)?.0,
        };
        let mut recorder = Recorder::around(environment, seed, 0)?;
        recorder.play(steps)?;
        Ok(recorder.life)
    };
    let lived = std::thread::scope(|scope| {
        [None, Some(environment)].map(|environment| scope.spawn(move || record(environment)).join().ok())
    });
    lived.into_iter().flatten().find_map(|life| here.difference(&study.note(life)?))
}

/// Clones in the middle of a life, plays the clone, then the original; what of them differs from a life without a clone.
fn after_cloning(study: &Study<'_>) -> [Option<Place>; 2] {
    let mut found = [None, None];
    for task in study.few() {
        let places = || {
            let mut original = study.recorder(task)?;
            study.note(original.play(6))?;
            let mut clone = study.note(original.fork())?;
            let mut undisturbed = study.recorder(task)?;
            study.note(undisturbed.play(6))?;
            undisturbed.life = clone.life.clone();
            original.life = clone.life.clone();
            for recorder in [&mut undisturbed, &mut clone, &mut original] {
                study.note(recorder.play(study.steps().min(100)))?;
            }
            Some([&clone, &original].map(|recorder| undisturbed.life.difference(&recorder.life)))
        };
        for (found, place) in found.iter_mut().zip(places().unwrap_or_default()) {
            *found = found.take().or(place);
        }
    }
    found
}

pub(super) fn clone_goes_another_way(study: &Study<'_>) -> Option<Place> {
    if redrawn(study).is_some() || twin_interferes(study).is_some() {
        return None;
    }
    let [clone, _] = after_cloning(study);
    clone.map(|place| Place { method: "clone", ..place })
}

pub(super) fn clone_shares_state(study: &Study<'_>) -> Option<Place> {
    if redrawn(study).is_some() || twin_interferes(study).is_some() {
        return None;
    }
    let [_, original] = after_cloning(study);
    original.map(|place| Place { method: "clone", ..place })
}

pub(super) fn looking_changes_things(study: &Study<'_>) -> Option<Place> {
    if redrawn(study).is_some() || twin_interferes(study).is_some() {
        return None;
    }
    study.lives().iter().take(study.few().end as usize).find_map(|life| {
        let mut recorder = study.recorder(life.task)?;
        recorder.looks = false;
        study.note(recorder.play(study.steps()))?;
        life.difference(&recorder.life)
    })
}

/// Tasks are drawn at random, and nothing comes of it: with the same actions, all look alike, whatever the luck. What a
/// step draws does not count: where tables are sampled from, certainty takes a random number too.
pub(super) fn randomness_unused(study: &Study<'_>) -> Option<Place> {
    if study.options.may_be_one_task {
        return None;
    }
    let mut first: Option<Recorder> = None;
    let mut consumed = false;
    for task in 0..study.options.tasks {
        let (environment, rng) = study.note(draw(study.tasks, study.options.seed, task))?;
        consumed |= rng != crate::stream(study.options.seed, "check/task", &[task]);
        // The same player for all; luck of its own for each.
        let mut recorder = study.note(Recorder::around(environment, study.options.seed, 0))?;
        recorder.rng = crate::stream(study.options.seed, "check/environment", &[task]);
        study.note(recorder.play(study.steps()))?;
        if let Some(first) = &first {
            let (one, two) = (&first.life, &recorder.life);
            let expected = |life: &Life| life.moments.first().and_then(|moment| moment.expected.clone());
            let same = first.life.observations == recorder.life.observations
                && one.difference(two).is_none()
                && expected(one) == expected(two)
                && one.pictures == two.pictures;
            if !same {
                return None;
            }
        }
        first.get_or_insert(recorder);
    }
    let several = study.options.tasks > 1;
    (consumed && several)
        .then(|| Place::method("sample", "all tasks and all lives are the same to whoever acts the same"))
}
