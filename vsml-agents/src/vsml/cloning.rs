//! VSML as backpropagation (Kirsch & Schmidhuber 2021, section 4.1): the regression that makes a sub-RNN behave like one
//! weight of a network that is trained by gradient descent.
//!
//! A sub-RNN keeps a weight w in one number of its cell and a bias b in another. With x the forward message it reads and e
//! the backward message, it is to
//!
//! | pass | send forward | send backward | change |
//! |---|---|---|---|
//! | forward | tanh(x) w + b | | nothing, whatever e is left from before |
//! | backward | | e w (1 - tanh(x)²) | w by -rate e tanh(x), b by -rate e / 32 |
//!
//! Messages are summed, so an output neuron gets the activation of a layer of weights, and an input neuron the derivative of
//! the loss with respect to it; a network of such sub-RNNs, told the error at its end, is gradient descent on all of its
//! layers, by running forward only. (Every sub-RNN has a bias, so a neuron's bias is learnt as many times as fast as it has
//! inputs: hence the 32.)
//!
//! The regression runs small layers of random weights on random messages for some steps, next to the real thing, and
//! penalises the squared distance of messages and of states. It never sees a task. The network starts as any does: the
//! weight lies in the random half of the cell, the bias in the other, and the rest of the random half has to be ignored.

use super::VsmlConfig;
use crate::learner::{Slope, Unable};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use vsml_core::{Adjoint, Aggregation, BackwardPass, Direction, SubRnn, Tape, Topology};
use vsml_envs::Rng;

/// What is cloned, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloneConfig {
    /// Step size of the gradient descent that is cloned; above 0.
    pub learning_rate: f32,
    /// Examples in a row of each regression; 1 to 10,000.
    pub steps: u64,
}

impl Default for CloneConfig {
    fn default() -> Self {
        CloneConfig { learning_rate: 0.2, steps: 20 }
    }
}

/// Distances of states weigh this much more than those of messages: a step moves a weight by little.
const STATE_WEIGHT: f32 = 50.0;
/// So much slower than weights are biases learnt.
const BIAS_SLOWDOWN: f32 = 32.0;

impl CloneConfig {
    /// Refuses what makes no sense, or cannot be backpropagation.
    pub(super) fn check(&self, learner: &VsmlConfig) -> Result<(), Unable> {
        let refuse = |reason: String| Err(Unable(format!("cloning backpropagation: {reason}")));
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return refuse(format!("learning_rate is {}: it must be a finite number above 0", self.learning_rate));
        }
        if !(1..=10_000).contains(&self.steps) {
            return refuse(format!("steps is {}: it must be 1 to 10,000", self.steps));
        }
        for (wrong, what) in [
            (learner.aggregation != Aggregation::Sum, "aggregation = \"sum\": activations are sums"),
            (learner.message_size != 1, "message_size = 1: a message is an activation, or a derivative"),
            (learner.backward_pass == BackwardPass::None, "backward_pass = \"separate\" (or \"same\"): errors go back"),
            (learner.recurrent_messages, "recurrent_messages = false"),
            (learner.layer_norm, "layer_norm = false"),
            (learner.hidden_size < 4, "hidden_size of at least 4"),
            (learner.parameters_per_layer, "parameters_per_layer = false: all layers do the same"),
        ] {
            if wrong {
                return refuse(format!("the learner needs {what}"));
            }
        }
        Ok(())
    }
}

/// The real thing: weights and biases of a layer of A × B.
struct Teacher {
    weights: Vec<f32>,
    biases: Vec<f32>,
}

/// One step of both, as the way back needs it: distances of what was sent, and of the states after it.
struct Distances {
    forward: Vec<f32>,
    backward: Vec<f32>,
    weights: Vec<f32>,
    biases: Vec<f32>,
}

/// Loss and gradient of one regression.
pub(super) fn slope(config: &CloneConfig, sub_rnn: &SubRnn, rng: &mut Rng) -> Result<Slope, Unable> {
    let unable = |error: vsml_core::Error| Unable(error.to_string());
    let normal = |rng: &mut Rng| -> f32 { rng.sample(StandardNormal) };
    let (inputs, outputs) = (rng.random_range(1..=16u32) as usize, rng.random_range(1..=6u32) as usize);
    let count = inputs * outputs;
    let topology = Topology::dense(&[inputs, outputs]).map_err(unable)?;
    let bias_at = sub_rnn.config().hidden_size / 2;

    let mut state = sub_rnn.new_state(&topology, rng).map_err(unable)?;
    let spread = rng.random_range(0.05..1.0f32);
    let mut teacher = Teacher { weights: vec![0.0; count], biases: vec![0.0; count] };
    for i in 0..count {
        teacher.weights[i] = 1.5 * spread * normal(rng);
        teacher.biases[i] = 0.3 * spread * normal(rng);
        let cell = state.cell_mut(0, i);
        cell[..bias_at].iter_mut().for_each(|c| *c *= spread);
        cell[0] = teacher.weights[i];
        cell[bias_at] = teacher.biases[i];
    }

    // The errors of hidden layers are small, and a weight that drifts where there is no error is lost in a long life.
    let (size, size_of_errors) = (rng.random_range(0.1..2.0f32), 0.005 * 200f32.powf(rng.random()));
    // What counts is the error relative to what there is to be told: an offset that is nothing beside an error of 1 would, in
    // a long life of errors of 0.01, carry a hidden layer away.
    let precision = 0.3 / (size_of_errors + 0.03);
    // Inputs have much in common, as the pixels of a background do: errors of the same sign would add up.
    let common = 0.5 * normal(rng);
    let (mut x, mut e) = (vec![0.0; inputs], vec![0.0; outputs]);
    let mut y = vec![0.0; outputs];
    let mut tape = Tape::new();
    let mut steps = Vec::new();
    for step in 0..config.steps {
        x.fill_with(|| common + size * normal(rng));
        state.write_forward(0, &x);
        // The last layer is told nothing while it acts; the others still hear what the layer behind sent before.
        if rng.random() {
            state.write_backward(0, &vec![0.0; outputs]);
        }
        set_extras(state.extras_mut(), [0.0, if step == 0 { 1.0 } else { 0.0 }, 0.0]);
        sub_rnn.record(&mut state, Direction::Forward, &mut tape);
        sub_rnn.read_outputs(&state, &mut y);
        let activation = |b: usize| {
            let summed =
                (0..inputs).map(|a| x[a].tanh() * teacher.weights[a * outputs + b] + teacher.biases[a * outputs + b]);
            summed.sum::<f32>()
        };
        let forward = (0..outputs).map(|b| y[b] - activation(b)).collect();

        // Mostly small, at times as large as an error of probabilities can be.
        e.fill_with(|| (size_of_errors * normal(rng)).clamp(-1.0, 1.0));
        state.write_backward(0, &e);
        let reward = if rng.random() { 1.0 } else { 0.0 };
        set_extras(state.extras_mut(), [reward, 0.0, 1.0]);
        sub_rnn.record(&mut state, Direction::Backward, &mut tape);
        let derivative = |a: usize| {
            let slope = 1.0 - x[a].tanh().powi(2);
            slope * (0..outputs).map(|b| e[b] * teacher.weights[a * outputs + b]).sum::<f32>()
        };
        let backward = (0..inputs).map(|a| state.backward_messages()[a] - derivative(a)).collect();

        for (i, (weight, bias)) in teacher.weights.iter_mut().zip(&mut teacher.biases).enumerate() {
            let step = config.learning_rate * e[i % outputs];
            *weight -= step * x[i / outputs].tanh();
            *bias -= step / BIAS_SLOWDOWN;
        }
        let distance = |at: usize, of: &[f32]| {
            of.iter().enumerate().map(|(i, value)| state.cell(0, i)[at] - value).collect::<Vec<f32>>()
        };
        let (weights, biases) = (distance(0, &teacher.weights), distance(bias_at, &teacher.biases));
        steps.push(Distances { forward, backward, weights, biases });
    }

    let mut adjoint = Adjoint::zeros(sub_rnn, &topology).map_err(unable)?;
    let mut loss = 0.0;
    let each = 1.0 / config.steps as f32;
    for (step, distances) in steps.iter().enumerate().rev() {
        let of_state = STATE_WEIGHT * precision * each / count as f32;
        let of_derivative = precision * precision * each / inputs as f32;
        let parts = [
            (&distances.forward, each / outputs as f32),
            (&distances.backward, of_derivative),
            (&distances.weights, of_state),
            (&distances.biases, of_state),
        ];
        loss += parts.iter().flat_map(|(d, weight)| d.iter().map(move |d| f64::from(weight * d * d))).sum::<f64>();
        for i in 0..count {
            let of_cell = adjoint.state_mut().cell_mut(0, i);
            of_cell[0] += 2.0 * of_state * distances.weights[i];
            of_cell[bias_at] += 2.0 * of_state * distances.biases[i];
        }
        let of_backward = adjoint.state_mut().backward_messages_mut();
        of_backward.iter_mut().zip(&distances.backward).for_each(|(to, d)| *to += 2.0 * d * of_derivative);
        sub_rnn.take_back(&tape, 2 * step + 1, &mut adjoint);
        let of_forward: Vec<f32> = distances.forward.iter().map(|d| 2.0 * d * each / outputs as f32).collect();
        sub_rnn.add_of_outputs(&y, &of_forward, &mut adjoint);
        sub_rnn.take_back(&tape, 2 * step, &mut adjoint);
    }
    Ok(Slope { loss, gradient: adjoint.theta().to_vec() })
}

fn set_extras(slots: &mut [f32], extras: [f32; 3]) {
    let count = slots.len().min(3);
    slots[..count].copy_from_slice(&extras[..count]);
}
