//! Wrong in their methods, spaces, clones and costs.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use vsml_envs::picture::Scene;

/// State that does not belong to any world.
static STEPS_OF_ALL: AtomicU64 = AtomicU64::new(0);
static STEPS_SINCE_ANY_RESET: AtomicU64 = AtomicU64::new(0);
static TASKS_DRAWN: AtomicU64 = AtomicU64::new(0);

/// A number between 0 and 1 that shows a count.
fn shown(count: u64) -> f32 {
    (count % 64) as f32 / 64.0
}

pub fn cases() -> Vec<Case> {
    [methods(), spaces(), repeats(), costs()].into_iter().flatten().collect()
}

fn methods() -> Vec<Case> {
    vec![
        Case::new("lifetime-empty", WALK, |_| {}).length(LifetimeLength::Steps(0)),
        Case::new("sample-panics", WALK, |d| d.sample = |_| panic!("no task")),
        Case::new("observation-space-panics", WALK, |d| d.observation_space = |_| panic!("not yet")),
        Case::new("action-space-panics", WALK, |d| d.action_space = |_| panic!("not yet")),
        Case::new("reset-panics", WALK, |d| d.reset = |_, _, _| panic!("not ready")),
        Case::new("step-panics", WALK, |d| {
            d.step = |me, action, rng, observation| {
                assert!(me.place != 3, "stepped on 3");
                walk_step(me, action, rng, observation)
            };
        }),
        Case::new("expected-rewards-panics", ARMS, |d| d.expected_rewards = |me| Some(&me.means[..me.means.len() + 1])),
        Case::new("target-panics", QUIZ, |d| d.target = |_| panic!("nobody knows")),
        Case::new("picture-panics", WALK, |d| d.picture = |_| panic!("out of ink")),
        Case::new("clone-panics", WALK, |d| d.clone = |_| panic!("the only one")),
        Case::new("early-reset-panics", WALK, |d| {
            d.reset = |me, rng, observation| {
                assert!(me.steps == 0 || me.place.abs() == 4, "not at an end");
                walk_reset(me, rng, observation);
            };
        }),
        Case::new("extreme-action-panics", DRIFT, |d| {
            d.step = |me, action, rng, observation| {
                assert!(action.numbers()[0] < 1.0, "too strong");
                drift_step(me, action, rng, observation)
            };
        }),
        Case::new("extreme-action-nonsense", DRIFT, |d| {
            d.step = |me, action, rng, observation| {
                let step = drift_step(me, action, rng, observation);
                Step { reward: step.reward / f64::from(1.0 - action.numbers()[0].abs()), ..step }
            };
        }),
        Case::new("picture-missing", WALK, |d| d.picture = |_| None),
        Case::new("picture-empty", WALK, |d| d.picture = |_| Some(Scene::new((0.0, 1.0), (0.0, 1.0)).into())),
        Case::new("picture-never-changes", WALK, |d| {
            d.picture = |_| Some(Tiles::new(2, 1, |i| if i == 0 { Tile::AGENT } else { Tile::FLOOR }).into());
        }),
    ]
}

fn spaces() -> Vec<Case> {
    vec![
        Case::new("observation-space-empty", WALK, |d| d.observation_space = |_| Space::uniform_box(0.0, 1.0, 0)),
        Case::new("action-space-empty", WALK, |d| d.action_space = |_| Space::discrete(0)),
        Case::new("space-shape-mismatch", WALK, |d| {
            d.observation_space = |_| Space::Box { low: vec![-1.0; 2], high: vec![1.0; 2], shape: vec![2, 2] };
        }),
        Case::new("space-bound-nan", DRIFT, |d| d.action_space = |_| Space::uniform_box(-1.0, f32::NAN, 1)),
        Case::new("space-bounds-crossed", WALK, |d| d.observation_space = |_| Space::uniform_box(1.0, -1.0, 2)),
        Case::new("observation-space-huge", WALK, |d| {
            d.observation_space = |_| Space::MultiDiscrete { sizes: vec![usize::MAX, 2] };
        }),
        Case::new("observation-space-changes", WALK, |d| {
            d.observation_space = |me| Space::uniform_box(-1.0, 1.0 + me.steps.min(3) as f32, 2);
        }),
        Case::new("action-space-changes", WALK, |d| {
            d.action_space = |me| Space::discrete(3 + me.steps.min(1) as usize)
        }),
        Case::new("spaces-differ-between-tasks", WALK, |d| {
            d.action_space = |me| Space::discrete(if me.good_end > 0 { 3 } else { 4 });
            d.step =
                |me, action, rng, observation| walk_step(me, Action::Discrete(action.index().min(2)), rng, observation);
        }),
        Case::new("observation-space-large", WALK, |d| {
            d.observation_space = |_| Space::uniform_box(-1.0, 1.0, 70_000);
            d.reset = |me, rng, observation| {
                observation.fill(0.0);
                walk_reset(me, rng, observation);
            };
            d.step = |me, action, rng, observation| {
                observation.fill(0.0);
                walk_step(me, action, rng, observation)
            };
        }),
        Case::new("observation-space-unbounded", WALK, |d| {
            d.observation_space = |_| Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 2);
        }),
        Case::new("action-space-unbounded", DRIFT, |d| {
            d.action_space = |_| Space::uniform_box(f32::NEG_INFINITY, f32::INFINITY, 1);
        }),
        Case::new("action-space-single", WALK, |d| d.action_space = |_| Space::discrete(1)),
    ]
}

fn repeats() -> Vec<Case> {
    vec![
        Case::new("hidden-randomness", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] = shown(STEPS_OF_ALL.fetch_add(1, Relaxed) * 29 / 7);
                step
            };
        }),
        Case::new("task-redrawn-differs", WALK, |d| {
            d.sample = |rng| {
                let slip = (TASKS_DRAWN.fetch_add(1, Relaxed) as f64 * 0.618).fract();
                World { slip, ..world(rng) }
            };
        }),
        Case::new("twin-interferes", WALK, |d| {
            d.reset = |me, rng, observation| {
                STEPS_SINCE_ANY_RESET.store(0, Relaxed);
                walk_reset(me, rng, observation);
            };
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] = shown(STEPS_SINCE_ANY_RESET.fetch_add(1, Relaxed));
                step
            };
        }),
        Case::new("thread-changes-results", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] *= if std::thread::current().name().is_some() { 1.0 } else { 0.5 };
                step
            };
        }),
        Case::new("clone-goes-another-way", WALK, |d| d.clone = |me| World { place: 0, ..me.copied() }),
        Case::new("clone-shares-state", WALK, |d| {
            d.reset = |me, rng, observation| {
                walk_reset(me, rng, observation);
                *me.shared.lock().unwrap() = me.place;
            };
            d.step = |me, action, rng, observation| {
                me.place = *me.shared.lock().unwrap();
                let step = walk_step(me, action, rng, observation);
                *me.shared.lock().unwrap() = me.place;
                step
            };
        }),
        Case::new("looking-changes-things", WALK, |d| {
            d.picture = |me| {
                me.cell.set(me.cell.get() + 1);
                (WALK.picture)(me)
            };
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] = shown(me.cell.get());
                step
            };
        }),
        Case::new("randomness-unused", WALK, |d| {
            d.sample = |rng| World { good_end: 4, slip: rng.random::<f64>() * 0.0, ..world(rng) };
            d.reset = |me, _, observation| {
                (me.place, me.noise) = (0, 0.0);
                observation.fill(0.0);
            };
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                (observation[1], me.noise) = (0.0, 0.0);
                step
            };
        }),
    ]
}

fn costs() -> Vec<Case> {
    vec![
        Case::new("step-allocates", WALK, |d| {
            d.step = |me, action, rng, observation| {
                me.numbers = vec![me.steps; 9];
                walk_step(me, action, rng, observation)
            };
        }),
        Case::new("reset-allocates", WALK, |d| {
            d.reset = |me, rng, observation| {
                me.numbers = vec![me.steps; 9];
                walk_reset(me, rng, observation);
            };
        }),
        Case::new("step-slow", WALK, |d| {
            d.step = |me, action, rng, observation| {
                std::thread::sleep(std::time::Duration::from_micros(1500));
                walk_step(me, action, rng, observation)
            };
        }),
    ]
}
