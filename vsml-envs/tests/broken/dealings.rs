//! Wrong in rewards, in what they say of them, and in how episodes end and begin.

use super::*;
use vsml_envs::wrappers::TimeLimit;

pub fn cases() -> Vec<Case> {
    [rewards(), answers(), episodes()].into_iter().flatten().collect()
}

fn rewards() -> Vec<Case> {
    vec![
        Case::new("reward-nan", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                Step { reward: if me.place == 1 { f64::NAN } else { step.reward }, ..step }
            };
        }),
        Case::new("reward-infinite", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                Step { reward: step.reward.ln(), ..step }
            };
        }),
        Case::new("reward-large", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                Step { reward: -1e7 * step.reward, ..step }
            };
        }),
        Case::new("reward-constant", ROUND, |d| {
            d.step = |me, action, rng, observation| Step { reward: -1.0, ..round_step(me, action, rng, observation) };
        }),
        Case::new("action-ignored", WALK, |d| {
            d.step = |me, _, rng, observation| {
                let way = rng.random_range(-1..=1i64);
                move_by(me, way, rng, observation)
            };
        }),
        Case::new("reward-differs-from-expected", ARMS, |d| {
            d.step = |me, action, rng, observation| {
                let step = arms_step(me, action, rng, observation);
                Step { reward: 0.8 * step.reward, ..step }
            };
        }),
        Case::new("reward-contradicts-target", QUIZ, |d| {
            d.step = |me, action, rng, observation| {
                let step = quiz_step(me, action, rng, observation);
                Step { reward: 1.0 - step.reward, ..step }
            };
        }),
    ]
}

fn answers() -> Vec<Case> {
    vec![
        Case::new("expected-rewards-without-discrete-actions", DRIFT, |d| d.expected_rewards = |_| Some(&[0.0, 1.0])),
        Case::new("expected-rewards-length", ARMS, |d| d.expected_rewards = |me| Some(&me.means[..2])),
        Case::new("expected-rewards-not-finite", ARMS, |d| {
            d.sample = |rng| {
                let mut drawn = world(rng);
                drawn.other_means = [drawn.means[0], f64::NAN, drawn.means[2]];
                drawn
            };
            d.expected_rewards = |me| Some(&me.other_means);
        }),
        Case::new("expected-rewards-change-when-asked", ARMS, |d| {
            d.expected_rewards = |me| {
                me.cell.set(me.cell.get() + 1);
                Some(if me.cell.get() % 2 == 1 { &me.means } else { &me.other_means })
            };
        }),
        Case::new("target-not-an-action", QUIZ, |d| d.target = |me| me.asked.map(|label| label + 2)),
        Case::new("target-sometimes-missing", QUIZ, |d| d.target = |me| me.asked.filter(|_| me.noise > 0.3)),
    ]
}

fn episodes() -> Vec<Case> {
    vec![
        Case::new("episode-never-ends", ROUND, |_| {}).length(LifetimeLength::Episodes(3)),
        Case::new("episode-long", ROUND, |d| {
            d.step = |me, action, rng, observation| {
                let step = round_step(me, action, rng, observation);
                Step { terminated: me.steps == 120_000, ..step }
            };
        })
        .length(LifetimeLength::Episodes(3)),
        Case::new("episode-ends-at-once", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let reward = if action.index() == 1 { me.slip } else { 0.0 };
                Step { terminated: true, reward, ..walk_step(me, action, rng, observation) }
            };
        }),
        Case::new("both-flags-at-once", WALK, |d| {
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                Step { truncated: step.terminated, ..step }
            };
        }),
        Case::of("time-limit-off-by-one", |rng: &mut Rng| TimeLimit::new(World { deeds: ROUND, ..world(rng) }, 11))
            .limit(10),
        Case::new("time-limit-ignored", ROUND, |_| {}).limit(300),
        Case::new("reset-leaves-episode-over", WALK, |d| {
            d.reset = |me, rng, observation| {
                let over = me.over;
                walk_reset(me, rng, observation);
                me.over = over;
            };
            d.step = |me, action, rng, observation| {
                let step = walk_step(me, action, rng, observation);
                me.over |= step.terminated;
                Step { terminated: me.over, ..step }
            };
        }),
        Case::new("reset-carries-state", WALK, |d| {
            d.step = |me, action, rng, observation| {
                me.count += 1;
                let step = walk_step(me, action, rng, observation);
                observation[1] = (me.count % 50) as f32 / 50.0;
                step
            };
        }),
    ]
}
