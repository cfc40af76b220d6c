//! Whether an environment is cheap enough for the millions of steps that will be asked of it.

use super::report::Place;
use super::study::{SLOW, Study};

fn allocated(study: &Study<'_>, method: &str) -> Option<Place> {
    study.lives().iter().find_map(|life| life.allocated.iter().find(|place| place.method == method).cloned())
}

pub(super) fn step_allocates(study: &Study<'_>) -> Option<Place> {
    allocated(study, "step")
}

pub(super) fn reset_allocates(study: &Study<'_>) -> Option<Place> {
    allocated(study, "reset")
}

pub(super) fn step_slow(study: &Study<'_>) -> Option<Place> {
    let pace = study.pace();
    (pace > SLOW).then(|| Place::method("step", format!("{:.1} ms in the median", 1000.0 * pace.as_secs_f64())))
}
