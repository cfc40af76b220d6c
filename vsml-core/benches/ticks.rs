//! Sub-RNN ticks per second of each kernel. One "element" is one LSTM update of one sub-RNN, with its share of the
//! message heads: a tick of a network of A × B with k micro ticks has A · B · k of them.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::hint::black_box;
use vsml_core::{Aggregation, Kernel, Layout, SubRnn, SubRnnConfig, Topology};

fn ticks(criterion: &mut Criterion) {
    for (name, config) in [
        ("vsml", SubRnnConfig::vsml()),
        ("symla", SubRnnConfig { aggregation: Aggregation::Mean, ..SubRnnConfig::symla() }),
    ] {
        let mut group = criterion.benchmark_group(name);
        for (inputs, outputs) in [(1, 2), (8, 2), (8, 4), (64, 10), (784, 10), (32, 32)] {
            for kernel in Kernel::available() {
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
                let theta = Layout::new(&config).initialise(&mut rng);
                let Ok(sub_rnn) = SubRnn::new(&config, &theta, kernel) else { continue };
                let Ok(topology) = Topology::dense(&[inputs, outputs]) else { continue };
                let Ok(mut state) = sub_rnn.new_state(&topology, &mut rng) else { continue };
                state.write_forward(0, &vec![0.5; inputs]);
                state.write_backward(0, &vec![-0.5; outputs]);
                group.throughput(Throughput::Elements((topology.sub_rnns() * config.micro_ticks) as u64));
                group.bench_function(BenchmarkId::new(kernel.name(), format!("{inputs}x{outputs}")), |bencher| {
                    bencher.iter(|| sub_rnn.tick(black_box(&mut state)));
                });
            }
        }
        group.finish();
    }
}

/// A tick of a state whose numbers are denormal, beside the same of an ordinary one: a processor's slow path must not be
/// taken.
fn denormals(criterion: &mut Criterion) {
    let config = SubRnnConfig { micro_ticks: 1, ..SubRnnConfig::vsml() };
    let mut group = criterion.benchmark_group("states");
    for kernel in Kernel::available() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let theta = Layout::new(&config).initialise(&mut rng);
        let Ok(sub_rnn) = SubRnn::new(&config, &theta, kernel) else { continue };
        let Ok(topology) = Topology::dense(&[64, 10]) else { continue };
        let Ok(mut state) = sub_rnn.new_state(&topology, &mut rng) else { continue };
        for (name, size) in [("ordinary", 1e-2), ("denormal", 1e-40)] {
            for sub_rnn in 0..topology.sub_rnns() {
                state.cell_mut(0, sub_rnn).fill(size);
                state.hidden_mut(0, sub_rnn).fill(size);
            }
            group.throughput(Throughput::Elements(topology.sub_rnns() as u64));
            group.bench_function(BenchmarkId::new(kernel.name(), name), |bencher| {
                let fresh = || state.clone();
                bencher.iter_batched_ref(fresh, |state| sub_rnn.tick(black_box(state)), BatchSize::SmallInput);
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = ticks, denormals
}
criterion_main!(benches);
