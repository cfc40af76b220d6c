//! The way back, derived by hand, against candle's of the graph, against finite differences, and over ten thousand ticks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use candle_core::{Device, Tensor, Var};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use vsml_core::{
    Aggregation, BackwardPass, Convolution, Direction, Drive, Feedback, Kernel, LayerShape, Layout, Segment, State,
    SubRnnConfig, Topology,
};

struct Case {
    config: SubRnnConfig,
    segment: Segment,
    theta: Vec<f32>,
    states: Vec<f32>,
    rows: Vec<f32>,
    /// The loss is the sum of these times outputs and states at the end.
    of_outputs: Vec<f32>,
    of_states: Vec<f32>,
}

fn uniform(rng: &mut Xoshiro256PlusPlus, count: usize) -> Vec<f32> {
    (0..count).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

impl Case {
    fn new(config: SubRnnConfig, segment: Segment, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut theta = Layout::new(&config).initialise(&mut rng);
        theta.iter_mut().zip(uniform(&mut rng, 100_000)).for_each(|(x, noise)| *x += 0.3 * noise);
        // A layer norm makes what is small, rounding included, up to 316 times as large, in each layer anew; without
        // smaller scales and larger weights, what comes out is chaos, and no two ways to compute it agree.
        for parameter in Layout::new(&config).parameters().iter().filter(|_| config.layer_norm) {
            let factor = match parameter.name.rsplit('.').next() {
                Some("scale") => 0.2,
                Some("weight") if parameter.name.contains("head") => 3.0,
                _ => 1.0,
            };
            theta[parameter.range.clone()].iter_mut().for_each(|x| *x *= factor);
        }
        let states = uniform(&mut rng, segment.batch * segment.state_len(&config));
        let rows = uniform(&mut rng, segment.steps() * segment.batch * segment.row_len(&config));
        let of_outputs = uniform(&mut rng, segment.steps() * segment.batch * segment.topology.outputs());
        let of_states = uniform(&mut rng, states.len());
        Case { config, segment, theta, states, rows, of_outputs, of_states }
    }

    /// The loss and its derivatives with respect to theta, states and rows; by a kernel or (none) by candle's graph.
    fn gradients(&self, kernel: Option<Kernel>) -> candle_core::Result<(f64, [Vec<f32>; 3])> {
        let Case { config, segment, .. } = self;
        let (steps, batch, outputs) = (segment.steps(), segment.batch, segment.topology.outputs());
        let tensor = |values: &[f32], shape: &[usize]| Tensor::from_vec(values.to_vec(), shape, &Device::Cpu).unwrap();
        let theta = Var::from_tensor(&tensor(&self.theta, &[self.theta.len()]))?;
        let states = Var::from_tensor(&tensor(&self.states, &[batch, segment.state_len(config)]))?;
        let rows = Var::from_tensor(&tensor(&self.rows, &[steps, batch, segment.row_len(config)]))?;
        let (y, end) = match kernel {
            Some(kernel) => vsml_core::segment(segment, config, kernel, &theta, &states, &rows)?,
            None => vsml_core::segment_op_by_op(segment, config, &theta, &states, &rows)?,
        };
        let of_y = (y * tensor(&self.of_outputs, &[steps, batch, outputs]))?.sum_all()?;
        let of_end = (&end * tensor(&self.of_states, end.dims()))?.sum_all()?;
        let loss = (of_y + of_end)?;
        let gradients = loss.backward()?;
        let gradient = |var: &Var| match gradients.get(var) {
            Some(gradient) => gradient.flatten_all()?.to_vec1::<f32>(),
            None => Ok(vec![0.0; var.elem_count()]),
        };
        let loss = f64::from(loss.to_scalar::<f32>()?);
        Ok((loss, [gradient(&theta)?, gradient(&states)?, gradient(&rows)?]))
    }

    fn loss(&self, kernel: Kernel) -> f64 {
        self.gradients(Some(kernel)).unwrap().0
    }
}

fn norm(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum::<f64>().sqrt()
}

fn layers() -> impl Strategy<Value = Vec<LayerShape>> {
    let dense = prop::collection::vec(1usize..=5, 2..=4)
        .prop_map(|sizes| sizes.windows(2).map(|p| LayerShape::Dense { inputs: p[0], outputs: p[1] }).collect());
    let convolution = ((1usize..=4, 1usize..=4, 1usize..=2), (0usize..=1, 1usize..=2, 1usize..=2), 1usize..=3);
    let image = convolution.prop_map(|((height, width, in_channels), (half, stride, out_channels), outputs)| {
        let first = Convolution { height, width, in_channels, kernel: 2 * half + 1, stride, out_channels };
        let (height, width) = (first.out_height(), first.out_width());
        let second = Convolution { height, width, in_channels: out_channels, kernel: 3, stride: 1, out_channels: 2 };
        let inputs = height * width * 2;
        vec![LayerShape::Convolution(first), LayerShape::Convolution(second), LayerShape::Dense { inputs, outputs }]
    });
    prop_oneof![dense, image]
}

fn cases() -> impl Strategy<Value = Case> {
    let hidden_size = prop_oneof![6 => Just(16usize), 6 => 2usize..=20, 1 => 33usize..=64];
    let message_size = prop_oneof![6 => Just(8usize), 6 => 2usize..=18, 1 => 33usize..=64];
    let sizes = (hidden_size, message_size, 1usize..=3);
    let options = (0usize..=2, prop::array::uniform8(any::<bool>()), 0usize..3, 1usize..=3, 1usize..=4);
    (sizes, options, layers(), any::<u64>()).prop_map(
        |((hidden_size, message_size, micro_ticks), (extras, flags, backward, batch, steps), layers, seed)| {
            let [recurrent_messages, sum, layer_norm, coordinates, layer_index, sets, supervised, bound] = flags;
            let dense = layers.iter().all(|layer| matches!(layer, LayerShape::Dense { .. }));
            let backward_pass = [BackwardPass::None, BackwardPass::Same, BackwardPass::Separate][backward];
            let config = SubRnnConfig {
                hidden_size,
                message_size,
                micro_ticks,
                extras,
                recurrent_messages,
                aggregation: if sum { Aggregation::Sum } else { Aggregation::Mean },
                layer_norm: layer_norm && message_size > 3,
                coordinates: coordinates && dense,
                layer_index: layer_index && !sets,
                parameter_sets: if sets { layers.len() } else { 1 },
                backward_pass,
                output_bound: bound.then_some(3.0),
                output_component: 1,
            };
            let direction = |step: usize| match backward_pass {
                BackwardPass::None => Direction::Forward,
                _ if step.is_multiple_of(2) => Direction::Forward,
                _ => Direction::Backward,
            };
            let drive = if supervised {
                let feedback = if bound { Feedback::CrossEntropy } else { Feedback::SquaredError };
                Drive::Supervised { feedback, feed_label: seed.is_multiple_of(2), steps }
            } else {
                Drive::Messages { directions: (0..steps).map(direction).collect() }
            };
            Case::new(config, Segment { topology: Topology::new(&layers).unwrap(), batch, drive }, seed)
        },
    )
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.config, self.segment)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernels_give_the_graphs_gradients(case in cases()) {
        let (loss, expected) = case.gradients(None).unwrap();
        let mut of_vectors: Option<[Vec<f32>; 3]> = None;
        for kernel in Kernel::available() {
            let (found_loss, found) = case.gradients(Some(kernel)).unwrap();
            if kernel != Kernel::Scalar {
                let same = of_vectors.get_or_insert_with(|| found.clone()) == &found;
                prop_assert!(same, "AVX2 and AVX-512 differ");
            }
            let tolerance = if case.config.layer_norm { 1e-3 } else { 1e-4 };
            prop_assert!((found_loss - loss).abs() <= tolerance * (1.0 + loss.abs()), "{kernel}: loss {found_loss}, {loss}");
            for (what, (found, expected)) in ["theta", "states", "rows"].iter().zip(found.iter().zip(&expected)) {
                let off = norm(found.iter().zip(expected).map(|(x, y)| f64::from(x - y)));
                let length = norm(expected.iter().map(|x| f64::from(*x)));
                prop_assert!(off <= tolerance * length + 1e-6, "{kernel}: gradient of {what} off by {off} of {length}");
            }
        }
    }

    #[test]
    fn a_step_along_the_gradient_changes_the_loss_by_its_length(case in cases()) {
        let kernel = Kernel::detect();
        let (_, gradients) = case.gradients(Some(kernel)).unwrap();
        // Along the gradient itself the slope is its length: in any other direction hardly anything would be left of it.
        let directions = [0, 1, 2].map(|which: usize| {
            let length = norm(gradients[which].iter().map(|x| f64::from(*x))).max(1e-9) as f32;
            gradients[which].iter().map(|x| x / length).collect::<Vec<f32>>()
        });
        for (which, gradient) in gradients.iter().enumerate() {
            // In f32, a step is long enough to be seen above the rounding, and its cubic term is not nothing: the slope
            // is taken from two lengths, so that the error is of fifth order (Richardson).
            let slope = |length: f32| {
                let at = |sign: f32| {
                    let moved = |i: usize, values: &[f32]| -> Vec<f32> {
                        let factor = if i == which { sign * length } else { 0.0 };
                        values.iter().zip(&directions[i]).map(|(x, d)| x + factor * d).collect()
                    };
                    let case = Case {
                        config: case.config.clone(),
                        segment: case.segment.clone(),
                        theta: moved(0, &case.theta),
                        states: moved(1, &case.states),
                        rows: moved(2, &case.rows),
                        of_outputs: case.of_outputs.clone(),
                        of_states: case.of_states.clone(),
                    };
                    case.loss(kernel)
                };
                (at(1.0) - at(-1.0)) / (2.0 * f64::from(length))
            };
            let (near, far) = (slope(0.02), slope(0.04));
            let found = (4.0 * near - far) / 3.0;
            let length = norm(gradient.iter().map(|x| f64::from(*x)));
            // Where the loss is so curved that the two lengths disagree, neither says anything about the slope.
            prop_assume!((near - far).abs() <= 0.02 * (length + 0.01));
            prop_assert!((found - length).abs() <= 0.02 * (length + 0.01), "{which}: {found} for {length}");
        }
    }
}

#[test]
fn what_belongs_to_another_sub_rnn_or_segment_is_refused() {
    let drive = |steps| Drive::Messages { directions: vec![Direction::Forward; steps] };
    let segment = |steps| Segment { topology: Topology::dense(&[64, 10]).unwrap(), batch: 1, drive: drive(steps) };
    let case = Case::new(SubRnnConfig::vsml(), segment(3), 3);
    let sub_rnn = vsml_core::SubRnn::new(&case.config, &case.theta, Kernel::detect()).unwrap();
    let state =
        |config: &SubRnnConfig, sizes: &[usize]| State::zeros(config, &Topology::dense(sizes).unwrap()).unwrap();
    let run = segment(3).run(&sub_rnn, vec![state(&case.config, &[64, 10])], &case.rows).unwrap();
    let of_outputs = vec![1.0; run.outputs.len()];
    let refuse = |segment: Segment, of_states: &[State]| {
        segment.back_propagate(&sub_rnn, &run, &of_outputs, Some(of_states)).err().unwrap().to_string()
    };
    let other = SubRnnConfig { micro_ticks: 1, ..SubRnnConfig::vsml() };
    assert!(
        refuse(segment(3), &[state(&case.config, &[2, 10])])
            .contains("[2, 10] neurons was given to a network of [64, 10]")
    );
    assert!(refuse(segment(3), &[state(&other, &[64, 10])]).contains("micro_ticks: 1"));
    assert!(refuse(segment(2), &[state(&case.config, &[64, 10])]).contains("the run of another segment"));
    let error = segment(3).run(&sub_rnn, vec![state(&other, &[64, 10])], &case.rows).err().unwrap().to_string();
    assert!(error.contains("micro_ticks: 1"), "{error}");
}

#[test]
#[should_panic(expected = "made for another sub-RNN or topology")]
fn an_adjoint_with_another_networks_state_is_not_touched() {
    let config = SubRnnConfig::vsml();
    let theta = vec![0.1; Layout::new(&config).len()];
    let sub_rnn = vsml_core::SubRnn::new(&config, &theta, Kernel::detect()).unwrap();
    let topology = Topology::dense(&[64, 10]).unwrap();
    let (mut state, mut tape) = (State::zeros(&config, &topology).unwrap(), vsml_core::Tape::new());
    sub_rnn.record(&mut state, Direction::Forward, &mut tape);
    let mut adjoint = vsml_core::Adjoint::zeros(&sub_rnn, &topology).unwrap();
    *adjoint.state_mut() = State::zeros(&config, &Topology::dense(&[2, 10]).unwrap()).unwrap();
    sub_rnn.take_back(&tape, 0, &mut adjoint);
}

#[test]
fn ten_thousand_ticks_go_back_on_a_default_stack() {
    let drive = Drive::Messages { directions: vec![Direction::Forward; 10_000] };
    let segment = Segment { topology: Topology::dense(&[2, 2]).unwrap(), batch: 1, drive };
    let case = Case::new(SubRnnConfig { micro_ticks: 1, ..SubRnnConfig::vsml() }, segment, 3);
    let (_, [theta, ..]) = case.gradients(Some(Kernel::detect())).unwrap();
    assert!(theta.iter().all(|x| x.is_finite()) && theta.iter().any(|x| *x != 0.0));
}

#[test]
fn segments_in_a_row_are_one_long_segment() {
    let config = SubRnnConfig::symla();
    let topology = Topology::dense(&[3, 4, 2]).unwrap();
    let segment = |steps| Segment {
        topology: topology.clone(),
        batch: 2,
        drive: Drive::Supervised { feedback: Feedback::CrossEntropy, feed_label: true, steps },
    };
    let whole = Case::new(config.clone(), segment(10), 5);
    let width = segment(1).row_len(&config) * 2;
    let sub_rnn = vsml_core::SubRnn::new(&config, &whole.theta, Kernel::detect()).unwrap();
    let unpack = |packed: &[f32]| {
        let mut state = State::zeros(&config, &topology).unwrap();
        state.unpack(packed);
        state
    };
    let states = |packed: &[f32]| packed.chunks_exact(packed.len() / 2).map(unpack).collect::<Vec<State>>();
    let run = segment(10).run(&sub_rnn, states(&whole.states), &whole.rows).unwrap();
    let all = segment(10).back_propagate(&sub_rnn, &run, &whole.of_outputs, Some(&states(&whole.of_states))).unwrap();

    let (early, late) = whole.rows.split_at(4 * width);
    let (of_early, of_late) = whole.of_outputs.split_at(4 * 2 * 2);
    let first = segment(4).run(&sub_rnn, states(&whole.states), early).unwrap();
    let second = segment(6).run(&sub_rnn, first.states.clone(), late).unwrap();
    assert_eq!([&first.outputs[..], &second.outputs[..]].concat(), run.outputs);
    let of_second = segment(6).back_propagate(&sub_rnn, &second, of_late, Some(&states(&whole.of_states))).unwrap();
    let of_first = segment(4).back_propagate(&sub_rnn, &first, of_early, Some(&of_second.states)).unwrap();
    assert_eq!([&of_first.rows[..], &of_second.rows[..]].concat(), all.rows);
    let sum = of_first.theta.iter().zip(&of_second.theta).map(|(x, y)| x + y);
    assert!(sum.zip(&all.theta).all(|(x, y)| (x - y).abs() <= 1e-9 * (1.0 + y.abs())));
}

#[test]
fn what_does_not_fit_is_an_error() {
    let config = SubRnnConfig { message_size: 1, output_component: 0, ..SubRnnConfig::vsml() };
    let sub_rnn = vsml_core::SubRnn::new(&config, &vec![0.0; Layout::new(&config).len()], Kernel::Scalar).unwrap();
    let topology = Topology::dense(&[2, 2]).unwrap();
    let drive = |feed_label| Drive::Supervised { feedback: Feedback::CrossEntropy, feed_label, steps: 3 };
    let segment = |feed_label| Segment { topology: topology.clone(), batch: 1, drive: drive(feed_label) };
    let state = State::zeros(&config, &topology).unwrap();
    let error = |feed_label, states: Vec<State>, count: usize| {
        segment(feed_label).run(&sub_rnn, states, &vec![0.0; count]).err().unwrap().to_string()
    };
    assert!(error(false, vec![], 12).contains("as many states, 0 were given"));
    assert!(error(false, vec![state.clone()], 11).contains("take 12 numbers (4 each), 11 were given"));
    assert!(error(true, vec![state.clone()], 12).contains("label"));
    let other = State::zeros(&config, &Topology::dense(&[3, 2]).unwrap()).unwrap();
    assert!(error(false, vec![other], 12).contains("[3, 2]"));
    let run = segment(false).run(&sub_rnn, vec![state], &[0.0; 12]).unwrap();
    assert!(segment(false).back_propagate(&sub_rnn, &run, &[0.0; 5], None).is_err());
}
