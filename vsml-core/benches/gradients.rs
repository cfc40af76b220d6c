//! Sub-RNN ticks per second, there and back, of each kernel, and of candle's graph, which does the same operation by
//! operation. One "element" is as in `ticks`. The graph is timed there alone and there and back.

use candle_core::{Device, Tensor, Var};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use vsml_core::{Drive, Feedback, Kernel, Layout, Segment, State, SubRnn, SubRnnConfig, Topology, segment_op_by_op};

struct Bench {
    config: SubRnnConfig,
    segment: Segment,
    theta: Vec<f32>,
    state: State,
    rows: Vec<f32>,
}

impl Bench {
    fn new(config: SubRnnConfig, inputs: usize, outputs: usize, steps: usize) -> Result<Self, vsml_core::Error> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let theta = Layout::new(&config).initialise(&mut rng);
        let drive = Drive::Supervised { feedback: Feedback::CrossEntropy, feed_label: true, steps };
        let segment = Segment { topology: Topology::dense(&[inputs, outputs])?, batch: 1, drive };
        let mut state = State::zeros(&config, &segment.topology)?;
        state.randomise(&mut rng);
        let rows = vec![0.5; steps * segment.row_len(&config)];
        Ok(Bench { config, segment, theta, state, rows })
    }

    fn ticks(&self) -> u64 {
        (self.segment.steps() * self.segment.topology.sub_rnns() * self.config.micro_ticks) as u64
    }

    fn there_and_back(&self, sub_rnn: &SubRnn) -> Result<Vec<f64>, vsml_core::Error> {
        let run = self.segment.run(sub_rnn, vec![self.state.clone()], &self.rows)?;
        let of_outputs = vec![1.0; run.outputs.len()];
        Ok(self.segment.back_propagate(sub_rnn, &run, &of_outputs, None)?.theta)
    }

    fn graph(&self, back: bool) -> candle_core::Result<()> {
        let tensor = |values: Vec<f32>, shape: &[usize]| Tensor::from_vec(values, shape, &Device::Cpu);
        let theta = tensor(self.theta.clone(), &[self.theta.len()])?;
        let states = tensor(self.state.pack(), &[1, self.segment.state_len(&self.config)])?;
        let rows = tensor(self.rows.clone(), &[self.segment.steps(), 1, self.segment.row_len(&self.config)])?;
        if back {
            let theta = Var::from_tensor(&theta)?;
            let (outputs, _) = segment_op_by_op(&self.segment, &self.config, theta.as_tensor(), &states, &rows)?;
            outputs.sum_all()?.backward()?;
        } else {
            segment_op_by_op(&self.segment, &self.config, &theta, &states, &rows)?;
        }
        Ok(())
    }
}

fn gradients(criterion: &mut Criterion) {
    for (name, config) in [
        ("there and back", SubRnnConfig::vsml()),
        ("there and back, layer norm", SubRnnConfig { layer_norm: true, ..SubRnnConfig::vsml() }),
    ] {
        let mut group = criterion.benchmark_group(name);
        for (inputs, outputs) in [(8, 2), (64, 10), (32, 32)] {
            let Ok(bench) = Bench::new(config.clone(), inputs, outputs, 100) else { continue };
            group.throughput(Throughput::Elements(bench.ticks()));
            for kernel in Kernel::available() {
                let Ok(sub_rnn) = SubRnn::new(&config, &bench.theta, kernel) else { continue };
                let id = BenchmarkId::new(kernel.name(), format!("{inputs}x{outputs}"));
                group.bench_function(id, |bencher| bencher.iter(|| bench.there_and_back(&sub_rnn)));
            }
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("candle, op by op");
    for (inputs, outputs) in [(8, 2), (64, 10)] {
        for (id, back) in [("there", false), ("there and back", true)] {
            let Ok(bench) = Bench::new(SubRnnConfig::vsml(), inputs, outputs, 10) else { continue };
            group.throughput(Throughput::Elements(bench.ticks()));
            let id = BenchmarkId::new(id, format!("{inputs}x{outputs}"));
            group.bench_function(id, |bencher| bencher.iter(|| bench.graph(back)));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = gradients
}
criterion_main!(benches);
