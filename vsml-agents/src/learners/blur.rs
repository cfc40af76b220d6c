//! Generalised bidirectional Hebb: neurons and synapses of several states, one small genome for all.
//!
//! Sandler et al. 2021, *Meta-Learning Bidirectional Update Rules*, ICML, arXiv 2104.04657 (BLUR): in backpropagation a neuron
//! has two numbers, its activation and its error, and both passes are sums over synapses. Let a neuron have k numbers and a
//! synapse k in either direction, and let small matrices, the same for the whole network, say how they mix. With a the
//! states of a neuron, w those of a synapse forwards (from i to j), v backwards, c and d of 1..k, the passes are
//!
//! ```text
//! forward    a_j^c = tanh(η Σ_i w_ij^c Σ_d a_i^d ν^dc)
//! backward   a_i^c = tanh(κ a_i^c + η Σ_j v_ji^c Σ_d a_j^d μ^dc)
//! synapses   Δw_ij^c = (Σ_d a_i^d α^dc) (Σ_d a_j^d β^dc)      and v_ji with i and j exchanged
//!            w = w + exp(-|w|) ((κ' - 1) w + η' Δw)
//! ```
//!
//! The genome ν, μ, α, β, κ, η, κ', η' are the meta-parameters: 4 k² + 4, whatever the task, so that the learner lives on
//! tasks of any shape. Backpropagation is of this kind with k = 2, but for a product in place of the sum where a neuron's
//! error is scaled by the slope of its activation. Beside VSML it is the other way to make one
//! set of meta-parameters serve all synapses: a synapse is a few numbers with a bilinear rule in place of a recurrent
//! network. The factor exp(-|w|) is the authors' saturation, which keeps synapses bounded.
//!
//! The paper classifies: the last neurons' second state is set to the label, then comes the backward pass. Here, after an
//! answer, the last neurons' second state is set to the action taken, one-hot (in a supervised stream the label), the third
//! to the same times the reward, further ones to 0. There is one layer of hidden neurons; inputs are the observation and
//! the flag for an episode's beginning; a neuron that is always 1 is the bias of the forward pass. Logits are ten times the
//! last neurons' first state. Synapses begin normal, of deviation 1/sqrt(inputs) of the forward pass, backwards too.

use super::matrix::{product, sigmoid, tanh};
use super::network::{Array, Network, Parts, Shape, check_hidden_size};
use crate::learner::Unable;
use pulp::Arch;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// Factor on the last neurons' first state, which is within ±1.
const LOGIT_SCALE: f32 = 10.0;

/// The configuration of a BLUR learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlurConfig {
    /// Hidden neurons; 1 to 4096.
    pub hidden_size: usize,
    /// States of each neuron and each synapse; 3 to 64.
    pub states: usize,
}

impl Default for BlurConfig {
    fn default() -> Self {
        BlurConfig { hidden_size: 16, states: 4 }
    }
}

/// The genome, for one step.
struct Genome<'a> {
    forward: &'a [f32],
    backward: &'a [f32],
    pre: &'a [f32],
    post: &'a [f32],
    neuron_keep: f32,
    neuron_update: f32,
    synapse_keep: f32,
    synapse_update: f32,
}

impl<'a> Genome<'a> {
    fn new(theta: &'a [f32], states: usize) -> Self {
        let mut theta = Parts(theta);
        let [forward, backward, pre, post] = [(); 4].map(|()| theta.next(states * states));
        let [neuron_keep, neuron_update, synapse_keep, synapse_update] = [(); 4].map(|()| theta.next(1)[0]);
        Genome { forward, backward, pre, post, neuron_keep, neuron_update, synapse_keep, synapse_update }
    }
}

/// Synapses between two layers: states of the one from i to j, and of the one back.
struct Synapses {
    /// A row for each lower neuron and one for the bias.
    forward: Vec<f32>,
    /// A row for each upper neuron.
    backward: Vec<f32>,
}

/// Neurons and synapses.
pub(super) struct Life {
    /// States of inputs, hidden neurons and outputs; the last of each layer but the outputs is the bias, always 1.
    neurons: [Vec<f32>; 3],
    synapses: [Synapses; 2],
    /// What neurons tell their synapses; of two layers where synapses change.
    messages: [Vec<f32>; 2],
    /// What comes out of the synapses.
    sums: Vec<f32>,
    /// One neuron's message, once for each of its synapses.
    copies: Vec<f32>,
    acted: bool,
}

impl Network for BlurConfig {
    type Life = Life;
    const NAME: &'static str = "blur";

    fn check(&self) -> Result<(), Unable> {
        if !(3..=64).contains(&self.states) {
            return Err(Unable(format!("states is {}: it must be 3 to 64", self.states)));
        }
        check_hidden_size(self.hidden_size)
    }

    fn shape(&self) -> Option<Shape> {
        None
    }

    fn set_shape(&mut self, _: Shape) {}

    fn arrays(&self) -> Vec<Array> {
        let matrix = || Array::weights(self.states, self.states);
        let [keep, update, slow] = [1.0, 1.0, 0.1].map(|x| Array::constant(1, x));
        vec![matrix(), matrix(), matrix(), matrix(), keep, update, Array::constant(1, 1.0), slow]
    }

    fn life(&self, shape: Shape) -> Self::Life {
        let k = self.states;
        let sizes = [shape.observations + 1, self.hidden_size, shape.actions];
        let widest = k * (sizes.into_iter().max().unwrap_or(0) + 1);
        let mut neurons = [k * (sizes[0] + 1), k * (sizes[1] + 1), k * sizes[2]].map(|len| vec![0.0; len]);
        for layer in &mut neurons[..2] {
            let start = layer.len() - k;
            layer[start..].fill(1.0);
        }
        let synapses = |lower: usize, upper: usize| Synapses {
            forward: vec![0.0; k * (lower + 1) * upper],
            backward: vec![0.0; k * upper * lower],
        };
        Life {
            neurons,
            synapses: [synapses(sizes[0], sizes[1]), synapses(sizes[1], sizes[2])],
            messages: [vec![0.0; widest], vec![0.0; widest]],
            sums: vec![0.0; widest],
            copies: vec![0.0; widest],
            acted: false,
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, rng: &mut Rng) {
        life.acted = false;
        for (synapses, lower) in life.synapses.iter_mut().zip(&life.neurons) {
            let deviation = 1.0 / ((lower.len() / self.states) as f32).sqrt();
            for w in synapses.forward.iter_mut().chain(&mut synapses.backward) {
                *w = deviation * rng.sample::<f32, _>(StandardNormal);
            }
        }
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (k, genome) = (self.states, Genome::new(theta, self.states));
        let observations = input.len() - logits.len() - 2;
        let (observation, told) = input.split_at(observations);
        let (action, rest) = told.split_at(logits.len());
        if life.acted {
            life.learn(k, &genome, action, rest[0]);
        }
        life.acted = true;

        let inputs = life.neurons[0].len() - k;
        for (neuron, x) in life.neurons[0][..inputs].chunks_exact_mut(k).zip(observation.iter().chain(&rest[1..])) {
            neuron.fill(0.0);
            neuron[0] = *x;
        }
        life.forward(k, &genome);
        for (logit, neuron) in logits.iter_mut().zip(life.neurons[2].chunks_exact(k)) {
            *logit = LOGIT_SCALE * neuron[0];
        }
    }
}

impl Life {
    /// From the inputs to the outputs.
    fn forward(&mut self, k: usize, genome: &Genome<'_>) {
        for layer in 0..2 {
            let bias = if layer == 0 { k } else { 0 };
            let (lower, upper) = self.neurons.split_at_mut(layer + 1);
            let (lower, upper) = (&lower[layer], &mut upper[0]);
            let upper_len = upper.len() - bias;
            let messages = &mut self.messages[0][..lower.len()];
            tell(k, lower, genome.forward, messages);
            let sums = &mut self.sums[..upper_len];
            gather(k, messages, &self.synapses[layer].forward, sums, &mut self.copies);
            for (a, sum) in upper.iter_mut().zip(sums) {
                *a = genome.neuron_update * *sum;
            }
            tanh(&mut upper[..upper_len]);
        }
    }

    /// What came of the action goes back from the outputs to the inputs, and synapses change.
    fn learn(&mut self, k: usize, genome: &Genome<'_>, action: &[f32], reward: f32) {
        for (neuron, taken) in self.neurons[2].chunks_exact_mut(k).zip(action) {
            neuron[1..].fill(0.0);
            (neuron[1], neuron[2]) = (*taken, taken * reward);
        }
        for layer in [1, 0] {
            let bias = if layer == 0 { k } else { 0 };
            let (lower, upper) = self.neurons.split_at_mut(layer + 1);
            let (lower, upper) = (&mut lower[layer], &upper[0]);
            let (lower_len, upper) = (lower.len() - k, &upper[..upper.len() - bias]);
            let messages = &mut self.messages[0][..upper.len()];
            tell(k, upper, genome.backward, messages);
            let sums = &mut self.sums[..lower_len];
            gather(k, messages, &self.synapses[layer].backward, sums, &mut self.copies);
            for (a, sum) in lower.iter_mut().zip(sums) {
                *a = genome.neuron_keep * *a + genome.neuron_update * *sum;
            }
            tanh(&mut lower[..lower_len]);
        }
        for (layer, synapses) in self.synapses.iter_mut().enumerate() {
            let bias = if layer == 0 { k } else { 0 };
            let (lower, upper) = (&self.neurons[layer], &self.neurons[layer + 1]);
            let upper = &upper[..upper.len() - bias];
            let without_bias = &lower[..lower.len() - k];
            let [from, to] = &mut self.messages;
            for (source, target, synapses) in
                [(&lower[..], upper, &mut synapses.forward), (upper, without_bias, &mut synapses.backward)]
            {
                let (from, to) = (&mut from[..source.len()], &mut to[..target.len()]);
                tell(k, source, genome.pre, from);
                tell(k, target, genome.post, to);
                change(k, genome, from, to, synapses, &mut self.copies);
            }
        }
    }
}

/// The states of every neuron, mixed by a matrix of the genome.
fn tell(k: usize, neurons: &[f32], matrix: &[f32], messages: &mut [f32]) {
    for (neuron, message) in neurons.chunks_exact(k).zip(messages.chunks_exact_mut(k)) {
        product(neuron, matrix, message);
    }
}

/// Sums over the synapses, state by state.
fn gather(k: usize, messages: &[f32], synapses: &[f32], sums: &mut [f32], copies: &mut [f32]) {
    debug_assert_eq!(synapses.len() * k, messages.len() * sums.len());
    sums.fill(0.0);
    let copies = &mut copies[..sums.len()];
    Arch::new().dispatch(|| {
        for (message, row) in messages.chunks_exact(k).zip(synapses.chunks_exact(sums.len())) {
            copies.chunks_exact_mut(k).for_each(|copy| copy.copy_from_slice(message));
            for ((sum, w), message) in sums.iter_mut().zip(row).zip(&*copies) {
                *sum += w * message;
            }
        }
    });
}

/// Every synapse follows the Hebbian rule.
fn change(k: usize, genome: &Genome<'_>, from: &[f32], to: &[f32], synapses: &mut [f32], copies: &mut [f32]) {
    debug_assert_eq!(synapses.len() * k, from.len() * to.len());
    let copies = &mut copies[..to.len()];
    Arch::new().dispatch(|| {
        for (x, row) in from.chunks_exact(k).zip(synapses.chunks_exact_mut(to.len())) {
            copies.chunks_exact_mut(k).for_each(|copy| copy.copy_from_slice(x));
            for ((w, x), y) in row.iter_mut().zip(&*copies).zip(to) {
                let change = (genome.synapse_keep - 1.0) * *w + genome.synapse_update * x * y;
                // s / (1 - s) is e^-|w|.
                let s = sigmoid(-w.abs());
                *w += s / (1.0 - s) * change;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;
    use vsml_envs::stream;

    #[test]
    fn the_genome_does_not_grow_with_the_network() {
        let count = |hidden_size, states| {
            NetworkMetaLearner::new(BlurConfig { hidden_size, states }).unwrap().parameter_count()
        };
        assert_eq!((count(4, 3), count(400, 3), count(4, 8)), (40, 40, 260));
        assert!(BlurConfig { states: 2, ..BlurConfig::default() }.check().unwrap_err().0.contains("states is 2"));
    }

    fn dot(a: &[f32], matrix: &[f32], k: usize, c: usize) -> f64 {
        (0..k).map(|d| f64::from(a[d]) * f64::from(matrix[d * k + c])).sum()
    }

    /// One hidden neuron, one action: every sum of the equations written out, over two steps.
    #[test]
    fn steps_are_the_equations() {
        let (k, config) = (3, BlurConfig { hidden_size: 1, states: 3 });
        let theta = NetworkMetaLearner::new(config.clone()).unwrap().initialise(&mut stream(1, "theta", &[]));
        let genome = Genome::new(&theta, k);
        let mut life = config.life(Shape { observations: 1, actions: 1 });
        config.begin(&theta, &mut life, &mut stream(2, "luck", &[]));
        let near =
            |found: f32, expected: f64| assert!((f64::from(found) - expected).abs() < 1e-5, "{found} {expected}");

        let mut logits = [0.0];
        config.step(&theta, &mut life, &[0.7, 0.0, 0.0, 1.0], &mut logits);
        let w = &life.synapses[0].forward;
        for c in 0..k {
            let rows = [[0.7, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]];
            let sum: f64 =
                rows.iter().enumerate().map(|(i, a)| dot(a, genome.forward, k, c) * f64::from(w[i * k + c])).sum();
            near(life.neurons[1][c], sum.tanh());
        }
        near(logits[0], 10.0 * f64::from(life.neurons[2][0]));

        // A backward pass and a change of synapses, at the outputs.
        let (hidden, output) = (life.neurons[1].clone(), life.neurons[2].clone());
        let (w, v) = (life.synapses[1].forward.clone(), life.synapses[1].backward.clone());
        life.learn(k, &genome, &[1.0], 0.5);
        let told = [output[0], 1.0, 0.5];
        for c in 0..k {
            let back = dot(&told, genome.backward, k, c) * f64::from(v[c]);
            near(life.neurons[1][c], (f64::from(hidden[c]) + back).tanh());
            let rule = |w: f32, from: &[f32], to: &[f32]| {
                let delta = dot(from, genome.pre, k, c) * dot(to, genome.post, k, c);
                f64::from(w) + (-f64::from(w).abs()).exp() * 0.1 * delta
            };
            near(life.synapses[1].forward[c], rule(w[c], &life.neurons[1][..k], &told));
            near(life.synapses[1].backward[c], rule(v[c], &told, &life.neurons[1][..k]));
        }
    }
}
