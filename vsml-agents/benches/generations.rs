//! Generations of meta-training per second: 128 members, each of which lives 500 steps of CartPole, with eight numbers to
//! observe, in a VSML network of one layer, 8 × 2. One "element" is a generation.
//!
//! `cargo run --release -p vsml-agents --example where_the_time_goes` says what a generation is made of.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::sync::atomic::AtomicBool;
use vsml_agents::optimizers::{EvolutionStrategies, EvolutionStrategiesConfig};
use vsml_agents::{MetaLearner, MetaTraining, Schedule, Vsml, VsmlConfig};
use vsml_core::Kernel;
use vsml_envs::{LifetimeLength, Registry, Tasks, stream};

fn training() -> Result<MetaTraining, Box<dyn std::error::Error>> {
    let tasks = Registry::builtin().make("CartPole-v1:pad_observations=4")?;
    let tasks = Tasks { length: LifetimeLength::Steps(500), ..tasks };
    let vsml = Vsml::new(VsmlConfig::default(), Kernel::detect())?;
    let theta = vsml.initialise(&mut stream(1, "initialise", &[]));
    let config = EvolutionStrategiesConfig { pairs: 64, ..Default::default() };
    let optimizer = EvolutionStrategies::new(config, 1, theta)?;
    let schedule = Schedule { seed: 1, lifetimes: 1, ..Schedule::default() };
    Ok(MetaTraining::new(Box::new(vsml), Box::new(optimizer), vec![tasks], schedule)?)
}

fn generations(criterion: &mut Criterion) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut group = criterion.benchmark_group("generation");
    group.sample_size(20).throughput(Throughput::Elements(1));
    for threads in [1, cores] {
        let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { continue };
        let Ok(mut training) = training() else { continue };
        let never = AtomicBool::new(false);
        group.bench_function(BenchmarkId::new("CartPole 128 × 500, 8 × 2", format!("{threads} threads")), |bencher| {
            bencher.iter(|| pool.install(|| training.advance(&never)));
        });
    }
    group.finish();
}

criterion_group!(benches, generations);
criterion_main!(benches);
