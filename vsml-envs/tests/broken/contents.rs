//! Wrong in what is observed.

use super::*;
use vsml_envs::write_one_hot;

pub fn cases() -> Vec<Case> {
    [values(), buffers(), leaks()].into_iter().flatten().collect()
}

fn values() -> Vec<Case> {
    vec![
        Case::new("observation-nan", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] = (1.0 - me.place.abs() as f32).sqrt();
                step
            };
        }),
        Case::new("observation-infinite", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] = if me.place == 2 { f32::INFINITY } else { observation[1] };
                step
            };
        }),
        Case::new("first-observation-outside-space", WALK, |d| {
            d.reset = |me, rng, observation| {
                walk_reset(me, rng, observation);
                observation[1] -= 2.0;
            };
        }),
        Case::new("observation-outside-space", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] += if me.place == 1 { 2.0 } else { 0.0 };
                step
            };
        }),
        Case::new("last-observation-outside-space", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[0] *= if step.ended() { 1.25 } else { 1.0 };
                step
            };
        }),
        Case::new("observation-not-one-hot", WALK, |d| {
            fn show(me: &World, observation: &mut [f32]) {
                write_one_hot(observation, (me.place + 4) as usize);
                observation[6] = 0.0;
            }
            d.observation_space = |_| Space::discrete(9);
            d.reset = |me, rng, observation| {
                walk_reset(me, rng, observation);
                show(me, observation);
            };
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                show(me, observation);
                step
            };
        }),
        Case::new("observation-large", WALK, |d| {
            d.observation_space = |_| Space::uniform_box(-1e9, 1e9, 2);
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation[1] *= 1e8;
                step
            };
        }),
        Case::new("observation-never-changes", WALK, |d| {
            d.reset = |me, rng, observation| {
                walk_reset(me, rng, observation);
                observation.fill(0.5);
            };
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                observation.fill(0.5);
                step
            };
        }),
    ]
}

fn buffers() -> Vec<Case> {
    vec![
        Case::new("reset-leaves-numbers-unwritten", WALK, |d| {
            d.reset = |me, rng, observation| {
                let before = observation[1];
                walk_reset(me, rng, observation);
                observation[1] = before;
            };
        }),
        Case::new("step-leaves-numbers-unwritten", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let before = observation[1];
                let step = walk_step(me, action, rng, observation);
                observation[1] = before;
                step
            };
        }),
        Case::new("observation-reads-buffer", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let before = observation[1];
                let step = walk_step(me, action, rng, observation);
                observation[1] = 0.5 * (observation[1] + before);
                step
            };
        }),
    ]
}

fn leaks() -> Vec<Case> {
    fn best(me: &World) -> f32 {
        (0..3).max_by(|a, b| me.means[*a].total_cmp(&me.means[*b])).unwrap() as f32
    }
    vec![
        Case::new("observation-shows-target", QUIZ, |d| {
            d.reset = |me, rng, observation| {
                ask(me, rng, observation);
                observation[1] = me.label as f32;
            };
            d.step = |me, action, rng, observation| {
                let step = quiz_step(me, action, rng, observation);
                observation[1] = me.label as f32;
                step
            };
        }),
        Case::new("observation-shows-best-action", ARMS, |d| {
            d.observation_space = |_| Space::uniform_box(0.0, 2.0, 1);
            d.reset = |me, _, observation| observation[0] = best(me);
            d.step = |me, action, rng, observation| {
                let step = arms_step(me, action, rng, observation);
                observation[0] = best(me);
                step
            };
        }),
        Case::new("observation-shows-expected-rewards", ARMS, |d| {
            d.observation_space = |_| Space::uniform_box(-1.0, 1.0, 1);
            d.reset = |me, _, observation| observation[0] = 0.5 - me.means[1] as f32;
            d.step = |me, action, rng, observation| {
                let step = arms_step(me, action, rng, observation);
                observation[0] = 0.5 - me.means[1] as f32;
                step
            };
        }),
    ]
}
