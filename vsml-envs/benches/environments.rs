//! Environment steps per second, one environment on one core.
//!
//! Actions are drawn beforehand, so that it is the environments that are measured. `environment` steps through the
//! object-safe trait and resets where an episode ends; `lifetime` is what a learner steps through, which also checks the
//! action, the reward and the observation and catches panics.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use vsml_envs::{Action, LifetimeKey, LifetimeLength, OwnedAction, Registry, Split, Tasks, stream};

const STEPS: usize = 10_000;

const KEY: LifetimeKey = LifetimeKey { seed: 0, split: Split::Train, generation: 0, member: 0, lifetime: 0 };

fn tasks(spec: &str) -> Tasks {
    match Registry::builtin().make(spec) {
        Ok(tasks) => tasks,
        Err(error) => panic!("{error}"),
    }
}

/// Indices of discrete actions, drawn uniformly.
fn actions(spec: &str) -> Vec<usize> {
    let environment = tasks(spec).distribution.sample(&mut KEY.stream("task"));
    let (space, mut rng) = (environment.action_space(), stream(0, "benchmark", &[]));
    let index = |action: OwnedAction| action.borrow().index();
    (0..STEPS).map(|_| index(space.sample(&mut rng))).collect()
}

fn environments(criterion: &mut Criterion) {
    let specs = [
        "CartPole-v1",
        "CartPole-v1:permute_observations=true,permute_actions=true,scale_observations=0.5..2,time_limit=200",
        "BernoulliBandit-v0",
        "BernoulliBandit-v0:arms=50",
        "HeartsAndTraps-v0",
        "HeartsAndTraps-v0:size=11,view=whole,walls=20",
        "RandomLabels-v0",
        "SumSign-v0",
        "Digits-v0",
        "Digits-v0:project_observations=100",
    ];
    let mut group = criterion.benchmark_group("environment");
    group.throughput(Throughput::Elements(STEPS as u64));
    for spec in specs {
        let actions = actions(spec);
        let mut environment = tasks(spec).distribution.sample(&mut KEY.stream("task"));
        let mut observation = vec![0.0; environment.observation_space().flat_len()];
        let mut rng = KEY.stream("environment");
        group.bench_function(spec, |bencher| {
            bencher.iter(|| {
                environment.reset(&mut rng, &mut observation);
                let mut total = 0.0;
                for &action in black_box(&actions) {
                    let step = environment.step(Action::Discrete(action), &mut rng, &mut observation);
                    total += step.reward + f64::from(observation[0]);
                    if step.ended() {
                        environment.reset(&mut rng, &mut observation);
                    }
                }
                total
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("lifetime");
    group.throughput(Throughput::Elements(STEPS as u64));
    for spec in specs {
        let actions = actions(spec);
        let tasks = Tasks { length: LifetimeLength::Steps(STEPS as u64), ..tasks(spec) };
        group.bench_function(spec, |bencher| {
            bencher.iter(|| {
                let Ok(mut life) = tasks.begin(&KEY) else { panic!("{spec} cannot begin") };
                let mut total = 0.0;
                for &action in black_box(&actions) {
                    total += f64::from(life.percept().observation[0]);
                    match life.step(Action::Discrete(action)) {
                        Ok(feedback) => total += feedback.reward,
                        Err(fault) => panic!("{fault}"),
                    }
                }
                total
            });
        });
    }
    group.finish();
}

criterion_group!(benches, environments);
criterion_main!(benches);
