//! Neurons have no names: permuting them together with their initial states permutes what they do, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use vsml_core::{Aggregation, Kernel, Layout, State, SubRnn, SubRnnConfig, Topology};

const INPUTS: [usize; 5] = [3, 0, 4, 1, 2];
const HIDDEN: [usize; 4] = [2, 3, 1, 0];
const OUTPUTS: [usize; 3] = [1, 2, 0];

fn permuted(values: &[f32], order: &[usize]) -> Vec<f32> {
    order.iter().map(|&i| values[i]).collect()
}

/// Runs a network and the same with all its neurons in another order; returns the outputs of both at every tick, the
/// second brought back into the order of the first.
fn outputs(config: &SubRnnConfig, kernel: Kernel, ticks: usize) -> (Vec<f32>, Vec<f32>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut theta = Layout::new(config).initialise(&mut rng);
    theta.iter_mut().for_each(|x| *x *= 2.0);
    let sub_rnn = SubRnn::new(config, &theta, kernel).unwrap();
    let mut first = sub_rnn.new_state(&Topology::dense(&[5, 4, 3]).unwrap(), &mut rng).unwrap();
    let mut second = State::zeros(config, first.topology()).unwrap();
    for (layer, (order_of_a, order_of_b)) in
        [(&INPUTS[..], &HIDDEN[..]), (&HIDDEN[..], &OUTPUTS[..])].into_iter().enumerate()
    {
        for (a, &of_a) in order_of_a.iter().enumerate() {
            for (b, &of_b) in order_of_b.iter().enumerate() {
                let cell = first.cell(layer, of_a * order_of_b.len() + of_b);
                second.cell_mut(layer, a * order_of_b.len() + b).copy_from_slice(cell);
            }
        }
    }
    let (mut all_first, mut all_second) = (Vec::new(), Vec::new());
    let mut uniform = || (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
    for _ in 0..ticks {
        let (x, y): (Vec<f32>, Vec<f32>) = ((0..5).map(|_| uniform()).collect(), (0..3).map(|_| uniform()).collect());
        let reward = uniform();
        for (state, x, y) in
            [(&mut first, x.clone(), y.clone()), (&mut second, permuted(&x, &INPUTS), permuted(&y, &OUTPUTS))]
        {
            state.write_forward(0, &x);
            state.write_backward(0, &y);
            state.extras_mut().fill(reward);
            sub_rnn.tick(state);
        }
        let (mut of_first, mut of_second) = ([0.0; 3], [0.0; 3]);
        sub_rnn.read_outputs(&first, &mut of_first);
        sub_rnn.read_outputs(&second, &mut of_second);
        all_first.extend(permuted(&of_first, &OUTPUTS));
        all_second.extend(of_second);
    }
    (all_first, all_second)
}

#[test]
fn permuting_neurons_permutes_outputs_exactly() {
    for aggregation in [Aggregation::Mean, Aggregation::Sum] {
        let config = SubRnnConfig { aggregation, ..SubRnnConfig::symla() };
        let (first, second) = outputs(&config, Kernel::Scalar, 200);
        assert_eq!(first, second, "to the bit, with {aggregation:?}");
        assert!(first.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1e-3), "the outputs must say something");
    }
}

#[test]
fn vector_kernels_do_so_but_for_the_rounding_of_sums() {
    for kernel in Kernel::available() {
        let (first, second) = outputs(&SubRnnConfig::symla(), kernel, 30);
        assert!(first.iter().zip(&second).all(|(x, y)| (x - y).abs() < 1e-4), "{kernel}: {first:?} {second:?}");
        assert!(first.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1e-3), "the outputs must say something");
    }
}
