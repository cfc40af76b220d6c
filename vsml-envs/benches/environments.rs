//! Environment steps per second, one environment on one core.
//!
//! Actions are drawn beforehand, so that it is the environments that are measured. `environment` steps through the
//! object-safe trait and resets where an episode ends; `lifetime` is what a learner steps through, which also checks the
//! action, the reward and the observation and catches panics; `vector` steps 4,096 at a time.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use vsml_envs::vector::{Actions, Autoreset};
use vsml_envs::{Action, LifetimeKey, LifetimeLength, OwnedAction, Registry, Split, Tasks, stream};

const STEPS: usize = 10_000;

const KEY: LifetimeKey = LifetimeKey { seed: 0, split: Split::Train, generation: 0, member: 0, lifetime: 0 };

fn tasks(spec: &str) -> Tasks {
    match Registry::builtin().make(spec) {
        Ok(tasks) => tasks,
        Err(error) => panic!("{error}"),
    }
}

/// Actions, drawn uniformly.
fn actions(spec: &str) -> Vec<OwnedAction> {
    let environment = tasks(spec).distribution.sample(&mut KEY.stream("task"));
    let (space, mut rng) = (environment.action_space(), stream(0, "benchmark", &[]));
    (0..STEPS).map(|_| space.sample(&mut rng)).collect()
}

fn environments(criterion: &mut Criterion) {
    let specs = [
        "CartPole-v1",
        "CartPole-v1:permute_observations=true,permute_actions=true,scale_observations=0.5..2,time_limit=200",
        "BernoulliBandit-v0",
        "BernoulliBandit-v0:arms=50",
        "GaussianBandit-v0",
        "HeartsAndTraps-v0",
        "HeartsAndTraps-v0:size=11,view=whole,walls=20",
        "FourRooms-v0",
        "Maze-v0",
        "FrozenLake-v1",
        "Acrobot-v1",
        "CartPoleSwingUp-v0",
        "MountainCar-v0",
        "MountainCarContinuous-v0",
        "Pendulum-v1",
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
                for action in black_box(&actions) {
                    let step = environment.step(action.borrow(), &mut rng, &mut observation);
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
                for action in black_box(&actions) {
                    total += f64::from(life.percept().observation[0]);
                    match life.step(action.borrow()) {
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

/// Environments side by side, on one thread: steps of single environments per second.
fn vectors(criterion: &mut Criterion) {
    const MANY: usize = 4096;
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    assert!(one_thread.is_ok());
    let mut group = criterion.benchmark_group("vector");
    group.throughput(Throughput::Elements(MANY as u64));
    let specs = [
        "CartPole-v1",
        "CartPole-v1:permute_observations=true",
        "CartPoleSwingUp-v0",
        "MountainCar-v0",
        "MountainCarContinuous-v0",
        "Pendulum-v1",
        "Acrobot-v1",
        "BernoulliBandit-v0",
        "BernoulliBandit-v0:arms=50",
        "GaussianBandit-v0",
        "HeartsAndTraps-v0",
    ];
    for spec in specs {
        let keys: Vec<LifetimeKey> = (0..MANY as u64).map(|lifetime| LifetimeKey { lifetime, ..KEY }).collect();
        let (mut indices, mut numbers) = (Vec::new(), Vec::new());
        for action in actions(spec).iter().cycle().take(4 * MANY) {
            match action.borrow() {
                Action::Continuous(more) => numbers.extend_from_slice(more),
                discrete => indices.push(discrete.index()),
            }
        }
        let mut turn = 0;
        let Ok(mut vector) = tasks(spec).vector(&keys, Autoreset::SameStep) else { panic!("{spec} cannot begin") };
        group.bench_function(spec, |bencher| {
            bencher.iter(|| {
                turn = (turn + 1) % 4;
                let now = turn * MANY..(turn + 1) * MANY;
                let actions = match numbers.is_empty() {
                    true => Actions::Discrete(&indices[now]),
                    false => Actions::Continuous(&numbers[now]),
                };
                assert!(vector.step(actions).is_ok());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, environments, vectors);
criterion_main!(benches);
