//! All kernels compute the same, and none of them allocates.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::alloc::{GlobalAlloc, Layout as MemoryLayout, System};
use std::cell::Cell;
use vsml_core::{Aggregation, Convolution, Kernel, LayerShape, Layout, State, SubRnn, SubRnnConfig, Topology};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes that were asked for, whether or not they were given back.
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: MemoryLayout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        // SAFETY: handed on as it came.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: MemoryLayout) {
        // SAFETY: handed on as it came.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn uniform(rng: &mut Xoshiro256PlusPlus) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Lives five ticks on random inputs, each kernel beginning each tick from the state that the first left, so that what
/// is compared is one tick and not what a life makes of rounding; returns each kernel's states and messages, all ticks'.
fn live(kernels: &[SubRnn], topology: &Topology, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut state = kernels[0].new_state(topology, &mut rng).unwrap();
    let mut results = vec![Vec::new(); kernels.len()];
    for _ in 0..5 {
        let x: Vec<f32> = (0..topology.inputs()).map(|_| uniform(&mut rng)).collect();
        let y: Vec<f32> = (0..topology.outputs()).map(|_| uniform(&mut rng)).collect();
        state.write_forward(0, &x);
        state.write_backward(0, &y);
        state.extras_mut().fill_with(|| uniform(&mut rng));
        let before = state.clone();
        for (kernel, result) in kernels.iter().zip(&mut results).rev() {
            state.clone_from(&before);
            kernel.tick(&mut state);
            result.extend(all_numbers(&state));
        }
    }
    results
}

/// h and c of all sub-RNNs, and what each layer sent, both ways.
fn all_numbers(state: &State) -> Vec<f32> {
    let mut numbers = Vec::new();
    for (layer, shape) in state.topology().layers().iter().enumerate() {
        for sub_rnn in 0..shape.sub_rnns() {
            numbers.extend_from_slice(state.hidden(layer, sub_rnn));
            numbers.extend_from_slice(state.cell(layer, sub_rnn));
        }
    }
    for layer in 0..state.topology().layers().len() {
        let (forward, backward) = state.layer_messages(layer);
        numbers.extend(forward.iter().chain(backward));
    }
    numbers
}

fn theta(config: &SubRnnConfig, seed: u64) -> Vec<f32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut theta = Layout::new(config).initialise(&mut rng);
    theta.iter_mut().for_each(|x| *x += 0.2 * uniform(&mut rng));
    theta
}

/// Dense networks, and convolutions with a dense layer behind them.
fn topologies() -> impl Strategy<Value = Topology> {
    let dense = prop::collection::vec(1usize..=13, 2..=4).prop_map(|sizes| Topology::dense(&sizes).unwrap());
    let convolution = ((1usize..=6, 1usize..=6, 1usize..=2), (0usize..=1, 1usize..=3, 1usize..=3), 1usize..=3);
    let image = convolution.prop_map(|((height, width, in_channels), (half, stride, out_channels), outputs)| {
        let c = Convolution { height, width, in_channels, kernel: 2 * half + 1, stride, out_channels };
        let inputs = c.out_height() * c.out_width() * out_channels;
        Topology::new(&[LayerShape::Convolution(c), LayerShape::Dense { inputs, outputs }]).unwrap()
    });
    prop_oneof![dense, image]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn vector_kernels_follow_the_scalar_one(
        hidden_size in prop_oneof![4 => Just(16usize), 4 => 2usize..=40, 1 => 41usize..=64],
        message_size in prop_oneof![4 => Just(8usize), 4 => 1usize..=20, 1 => 21usize..=64],
        micro_ticks in 1usize..=3,
        extras in 0usize..=3,
        flags: [bool; 5],
        topology in topologies(),
        seed: u64,
    ) {
        let [recurrent_messages, sum, layer_norm, coordinates, layer_index] = flags;
        let dense = topology.layers().iter().all(|layer| matches!(layer, LayerShape::Dense { .. }));
        let config = SubRnnConfig {
            hidden_size,
            message_size,
            micro_ticks,
            extras,
            recurrent_messages,
            aggregation: if sum { Aggregation::Sum } else { Aggregation::Mean },
            layer_norm: layer_norm && message_size > 1,
            coordinates: coordinates && dense,
            layer_index,
            output_bound: None,
            output_component: 0,
            ..SubRnnConfig::vsml()
        };
        let theta = theta(&config, seed);
        let kernels: Vec<SubRnn> =
            Kernel::available().into_iter().map(|kernel| SubRnn::new(&config, &theta, kernel).unwrap()).collect();
        let results = live(&kernels, &topology, seed);
        // A layer norm makes what is small, rounding included, up to 316 times as large.
        let tolerance = if config.layer_norm { 2e-3 } else { 2e-5 };
        for other in &results[1..] {
            for (x, y) in results[0].iter().zip(other) {
                prop_assert!((x - y).abs() <= tolerance * (1.0 + x.abs()), "{x} {y}");
            }
        }
        if let [_, avx2, avx512] = &results[..] {
            let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert!(bits(avx2) == bits(avx512), "AVX2 and AVX-512 differ");
        }
    }
}

#[test]
fn not_a_number_is_not_hidden() {
    let config = SubRnnConfig::symla();
    for kernel in Kernel::available() {
        let sub_rnn = SubRnn::new(&config, &theta(&config, 1), kernel).unwrap();
        let mut state =
            sub_rnn.new_state(&Topology::dense(&[2, 3]).unwrap(), &mut Xoshiro256PlusPlus::seed_from_u64(1)).unwrap();
        state.write_forward(0, &[0.0, f32::NAN]);
        sub_rnn.tick(&mut state);
        assert!((0..3).all(|b| state.forward_message(b, 1).is_nan()), "{kernel}");
    }
}

#[test]
fn huge_inputs_give_finite_states() {
    let config = SubRnnConfig::symla();
    for kernel in Kernel::available() {
        let sub_rnn = SubRnn::new(&config, &theta(&config, 2), kernel).unwrap();
        let mut state =
            sub_rnn.new_state(&Topology::dense(&[2, 3]).unwrap(), &mut Xoshiro256PlusPlus::seed_from_u64(1)).unwrap();
        for sign in [1.0, -1.0, 1.0] {
            state.write_forward(0, &[sign * 1e30, -sign * 1e20]);
            sub_rnn.tick(&mut state);
            assert!(all_numbers(&state).iter().all(|x| x.is_finite()), "{kernel}");
        }
    }
}

#[test]
fn a_tick_allocates_nothing() {
    let config = SubRnnConfig::symla();
    for kernel in Kernel::available() {
        let sub_rnn = SubRnn::new(&config, &theta(&config, 3), kernel).unwrap();
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut state = sub_rnn.new_state(&Topology::dense(&[5, 7, 3]).unwrap(), &mut rng).unwrap();
        let before = ALLOCATIONS.get();
        for _ in 0..10 {
            sub_rnn.tick(&mut state);
        }
        state.randomise(&mut rng);
        assert_eq!(ALLOCATIONS.get(), before, "{kernel}");
    }
}

#[test]
fn a_life_takes_the_memory_that_is_stated() {
    for (config, sizes) in [
        (SubRnnConfig::vsml(), vec![64, 10]),
        (SubRnnConfig::symla(), vec![784, 32, 10]),
        (SubRnnConfig { hidden_size: 40, message_size: 20, ..SubRnnConfig::symla() }, vec![9, 50, 3]),
        (SubRnnConfig { hidden_size: 32, ..SubRnnConfig::symla() }, vec![5, 3]),
        (SubRnnConfig { message_size: 1, output_component: 0, ..SubRnnConfig::vsml() }, vec![1, 2]),
    ] {
        let topology = Topology::dense(&sizes).unwrap();
        let before = BYTES.get();
        let state = State::zeros(&config, &topology).unwrap();
        let taken = BYTES.get() - before;
        assert!(state.bytes() <= taken && taken - state.bytes() < 4096, "{} stated, {taken} taken", state.bytes());

        // The formula of its documentation.
        let (n, m) = (config.hidden_size.next_multiple_of(16), config.message_size.next_multiple_of(16));
        let layers = || sizes.windows(2).map(|pair| (pair[0], pair[1]));
        let states: usize = layers().map(|(a, b)| 2 * n * a * b + config.message_size * (a + b)).sum();
        let ends = config.message_size * (sizes[0] + sizes[sizes.len() - 1]) + config.extras;
        let work = layers().map(|(a, b)| (5 * n.max(m) + 2 * config.message_size) * (a + b + 4)).max().unwrap();
        let stated = 4 * (states + ends + work) + 16 * n;
        assert!((0.9..=1.0).contains(&(state.bytes() as f64 / stated as f64)), "{} {stated}", state.bytes());
    }
}

#[test]
fn what_a_convolution_looks_up_is_counted() {
    let c = Convolution { height: 28, width: 28, in_channels: 1, kernel: 11, stride: 1, out_channels: 1 };
    let topology = Topology::new(&[LayerShape::Convolution(c)]).unwrap();
    let before = BYTES.get();
    let state = State::zeros(&SubRnnConfig::vsml(), &topology).unwrap();
    let taken = BYTES.get() - before;
    assert!(state.bytes() <= taken && taken - state.bytes() < 4096, "{} stated, {taken} taken", state.bytes());
    assert!(state.bytes() > 4 * 11 * 11 * 28 * 28, "the pixels under the kernel are most of it");
}

#[test]
#[should_panic(expected = "made for another sub-RNN")]
fn a_state_of_another_sub_rnn_is_not_touched() {
    let with = SubRnnConfig { coordinates: true, ..SubRnnConfig::vsml() };
    let sub_rnn = SubRnn::new(&with, &theta(&with, 1), Kernel::detect()).unwrap();
    let mut state = State::zeros(&SubRnnConfig::vsml(), &Topology::dense(&[3, 2]).unwrap()).unwrap();
    sub_rnn.tick(&mut state);
}

#[test]
fn decaying_states_become_zero_and_never_denormal() {
    // Weights of 0 except a forget bias that halves c every tick.
    let config = SubRnnConfig { micro_ticks: 1, ..SubRnnConfig::vsml() };
    let layout = Layout::new(&config);
    let mut theta = vec![0.0; layout.len()];
    theta[layout.range("lstm.bias").unwrap()][32..48].fill(-5.0);
    for kernel in Kernel::available() {
        let sub_rnn = SubRnn::new(&config, &theta, kernel).unwrap();
        let mut state =
            sub_rnn.new_state(&Topology::dense(&[1, 1]).unwrap(), &mut Xoshiro256PlusPlus::seed_from_u64(5)).unwrap();
        for _ in 0..200 {
            sub_rnn.tick(&mut state);
            assert!(state.cell(0, 0).iter().all(|c| *c == 0.0 || c.is_normal()), "{kernel}");
        }
        assert!(state.cell(0, 0).iter().all(|&c| c == 0.0), "{kernel}");
    }
}

#[test]
fn a_wrong_number_of_parameters_is_an_error() {
    let error = SubRnn::new(&SubRnnConfig::vsml(), &[0.0; 7], Kernel::Scalar).err().unwrap().to_string();
    assert_eq!(error, "this sub-RNN has 2384 meta-parameters, but 7 were given");
}
