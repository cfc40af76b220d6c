//! Meta-RIMs: modules that compete for what is perceived, with parameters that are learnt fast and slowly.
//!
//! Madan, Ke, Goyal, Schölkopf & Bengio 2021, *Fast and Slow Learning of Recurrent Independent Mechanisms*, ICLR, arXiv
//! 2105.08710, on the recurrent independent mechanisms (RIMs) of Goyal et al. 2021 (arXiv 1909.10893). In place of one
//! recurrent network there are M small ones, the modules. At each step they look at the inputs, the k that find most in them
//! are active, and the others sleep and keep their state. Those that are active take what they can use of the states of all
//! modules, and of nothing else. What a module knows is in its own weights, *fast* parameters; who is active and who listens
//! to whom is decided by attention, whose weights are *slow*.
//!
//! With x the inputs ([`super::network`]), h_m the state of module m, n its size, one step is
//!
//! ```text
//! a_m = (h_m Q_m) · (x K) / √n                          how much module m wants of the inputs
//! active: the k modules of greatest a_m, the first ones where several are equal
//! u_m = σ(a_m) x V                                      what it is given
//! h'_m, c'_m = LSTM_m(u_m, h_m, c_m)                    if active, else as before
//! p_mj = softmax over j of (h'_m Q'_m) · (h'_j K'_j) / √n
//! h_m = h'_m + Σ_j p_mj h'_j V'_j                       if active, else as before
//! logits = Σ_m h_m U_m + a
//! ```
//!
//! In the source a module attends to two things, the inputs and nothing, a row of zeros; the softmax over both is the
//! sigmoid above. The LSTM is that of `meta_rnn.rs`. States are 0 at the beginning of a life.
//!
//! ## Fast and slow
//! The source has two loops. In the inner one the weights of active modules follow the gradient of the reward within a task;
//! in the outer one, the weights of attention follow it over many tasks, more slowly. Here nobody follows a gradient within a
//! life: as in every learner of this kind, what changes there are states. What is kept of the two speeds is that of
//! meta-training. The slow parameters (Q, K, V, Q', K', V') are what stands in theta divided by `slowness`. An optimizer that
//! treats all of theta alike, as those here do, then searches among attention weights `slowness` times more narrowly and moves
//! them as many times more slowly than those of modules. With `slowness` 1 these are plain RIMs.
//!
//! ## Differences from the source
//! - No inner loop of gradients, as just said; their claim that fast modules and slow attention adapt faster than the
//!   reverse is not one that this learner can test, but `slowness` below 1 is allowed, and makes attention the fast part.
//! - One attention head for the inputs and one for communication; keys and values have the size n of a state.
//! - Inputs are the numbers that all learners here are given, not an encoded image and an instruction. The weights U from
//!   states to logits count as fast.

use super::matrix::{add_product, affine, product, sigmoid, softmax};
use super::meta_rnn::lstm;
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// More modules than this are refused.
const MAX_MODULES: usize = 64;
/// The range of `slowness`.
const SLOWNESS: std::ops::RangeInclusive<f32> = 0.01..=100.0;

/// The configuration of recurrent independent mechanisms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaRimsConfig {
    /// Modules; 1 to 64.
    pub modules: usize,
    /// Modules that are active at each step; 1 to all of them.
    pub active: usize,
    /// Hidden units of each module, and numbers in keys and values; 1 to 4096.
    pub hidden_size: usize,
    /// How many times more slowly than modules attention is learnt; 0.01 to 100.
    pub slowness: f32,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for MetaRimsConfig {
    fn default() -> Self {
        MetaRimsConfig { modules: 4, active: 2, hidden_size: 8, slowness: 4.0, observations: 0, actions: 0 }
    }
}

/// States of all modules, one after the other, and buffers.
pub(super) struct Life {
    hidden: Vec<f32>,
    cell: Vec<f32>,
    gates: Vec<f32>,
    /// Of the inputs, for all modules.
    input_key: Vec<f32>,
    input_value: Vec<f32>,
    /// What a module is given.
    given: Vec<f32>,
    query: Vec<f32>,
    /// How much each module wants of the inputs.
    scores: Vec<f32>,
    /// Modules, those of greatest score first.
    order: Vec<usize>,
    /// Keys and values of all modules' states.
    keys: Vec<f32>,
    values: Vec<f32>,
    /// How much a module listens to each.
    attention: Vec<f32>,
}

impl MetaRimsConfig {
    /// A slow matrix of weights.
    fn slow(&self, inputs: usize, outputs: usize, matrices: usize) -> Array {
        let deviation = self.slowness / (inputs.max(1) as f32).sqrt();
        Array::normal(inputs.saturating_mul(outputs).saturating_mul(matrices), deviation)
    }
}

impl Network for MetaRimsConfig {
    type Life = Life;
    const NAME: &'static str = "meta-rims";

    fn check(&self) -> Result<(), Unable> {
        if !(1..=MAX_MODULES).contains(&self.modules) {
            return Err(Unable(format!("modules is {}: it must be 1 to {MAX_MODULES}", self.modules)));
        }
        if !(1..=self.modules).contains(&self.active) {
            let (active, modules) = (self.active, self.modules);
            return Err(Unable(format!("active is {active}: it must be 1 to {modules}, the number of modules")));
        }
        if !SLOWNESS.contains(&self.slowness) {
            let (least, most) = (SLOWNESS.start(), SLOWNESS.end());
            return Err(Unable(format!("slowness is {}: it must be {least} to {most}", self.slowness)));
        }
        check_hidden_size(self.hidden_size)
    }

    fixed_shape!();

    fn arrays(&self) -> Vec<Array> {
        let (n, modules) = (self.hidden_size, self.modules);
        let inputs = Shape { observations: self.observations, actions: self.actions }.inputs();
        let mut arrays = vec![self.slow(inputs, n, 2), self.slow(n, n, modules), self.slow(n, n, 3 * modules)];
        for _ in 0..modules {
            arrays.extend([
                Array::weights(n, 4 * n),
                Array::weights(n, 4 * n),
                // Input and output gates, forget gates, what is remembered.
                Array::constant(2 * n, 0.0),
                Array::constant(n, 1.0),
                Array::constant(n, 0.0),
            ]);
        }
        arrays.extend([Array::weights(modules * n, self.actions), Array::constant(self.actions, 0.0)]);
        arrays
    }

    fn life(&self, _: Shape) -> Self::Life {
        let zeros = |len| vec![0.0; len];
        let (n, modules) = (self.hidden_size, self.modules);
        Life {
            hidden: zeros(modules * n),
            cell: zeros(modules * n),
            gates: zeros(4 * n),
            input_key: zeros(n),
            input_value: zeros(n),
            given: zeros(n),
            query: zeros(n),
            scores: zeros(modules),
            order: (0..modules).collect(),
            keys: zeros(modules * n),
            values: zeros(modules * n),
            attention: zeros(modules),
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, _: &mut Rng) {
        life.hidden.fill(0.0);
        life.cell.fill(0.0);
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, modules, mut theta) = (self.hidden_size, self.modules, Parts(theta));
        let square = n * n;
        product(input, theta.next(input.len() * n), &mut life.input_key);
        product(input, theta.next(input.len() * n), &mut life.input_value);
        life.compete(theta.next(modules * square), self.slowness);

        let (to_queries, to_keys) = (theta.next(modules * square), theta.next(modules * square));
        let to_values = theta.next(modules * square);
        let lstms = theta.next(modules * (8 * square + 4 * n));
        for place in 0..self.active {
            let module = life.order[place];
            life.think(module, &lstms[module * (8 * square + 4 * n)..][..8 * square + 4 * n], self.slowness);
        }

        for module in 0..modules {
            let (state, matrix) = (module * n..(module + 1) * n, module * square..(module + 1) * square);
            product(&life.hidden[state.clone()], &to_keys[matrix.clone()], &mut life.keys[state.clone()]);
            product(&life.hidden[state.clone()], &to_values[matrix], &mut life.values[state]);
        }
        for place in 0..self.active {
            let module = life.order[place];
            life.listen(module, &to_queries[module * square..][..square], self.slowness);
        }
        let weights = theta.next(modules * n * logits.len());
        affine(&life.hidden, weights, theta.next(logits.len()), logits);
    }
}

impl Life {
    /// Works out how much each module wants of the inputs, and puts those that want most first.
    fn compete(&mut self, to_queries: &[f32], slowness: f32) {
        let n = self.query.len();
        // Query and key are both slow.
        let scale = 1.0 / (slowness * slowness * (n as f32).sqrt());
        for (module, score) in self.scores.iter_mut().enumerate() {
            product(&self.hidden[module * n..][..n], &to_queries[module * n * n..][..n * n], &mut self.query);
            *score = scale * self.query.iter().zip(&self.input_key).map(|(q, k)| q * k).sum::<f32>();
        }
        let scores = &self.scores;
        self.order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    }

    /// One step of an active module's LSTM; `theta` is its own.
    fn think(&mut self, module: usize, theta: &[f32], slowness: f32) {
        let (n, mut theta) = (self.query.len(), Parts(theta));
        let share = sigmoid(self.scores[module]) / slowness;
        self.given.iter_mut().zip(&self.input_value).for_each(|(given, value)| *given = share * value);
        let (hidden, cell) = (&mut self.hidden[module * n..][..n], &mut self.cell[module * n..][..n]);
        let (from_given, from_hidden) = (theta.next(4 * n * n), theta.next(4 * n * n));
        affine(&self.given, from_given, theta.next(4 * n), &mut self.gates);
        add_product(hidden, from_hidden, &mut self.gates);
        lstm(&self.gates, cell, hidden);
    }

    /// Adds to an active module's state what it takes of the states of all.
    fn listen(&mut self, module: usize, to_query: &[f32], slowness: f32) {
        let n = self.query.len();
        let hidden = &mut self.hidden[module * n..][..n];
        product(hidden, to_query, &mut self.query);
        let scale = 1.0 / (slowness * slowness * (n as f32).sqrt());
        for (score, key) in self.attention.iter_mut().zip(self.keys.chunks_exact(n)) {
            *score = scale * self.query.iter().zip(key).map(|(q, k)| q * k).sum::<f32>();
        }
        softmax(&mut self.attention);
        for (share, value) in self.attention.iter().zip(self.values.chunks_exact(n)) {
            let share = share / slowness;
            hidden.iter_mut().zip(value).for_each(|(h, v)| *h += share * v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;
    use vsml_envs::stream;

    const SHAPE: Shape = Shape { observations: 2, actions: 3 };

    fn config(active: usize, slowness: f32) -> MetaRimsConfig {
        MetaRimsConfig { modules: 3, active, hidden_size: 4, slowness, observations: 2, actions: 3 }
    }

    /// States and logits after some steps of made-up inputs, and which modules were active at each.
    fn lived(config: &MetaRimsConfig, theta: &[f32], steps: usize) -> (Vec<f32>, Vec<f32>, Vec<Vec<usize>>) {
        let mut rng = stream(3, "luck", &[]);
        let (mut life, mut logits, mut active) = (config.life(SHAPE), vec![0.0; 3], Vec::new());
        config.begin(theta, &mut life, &mut rng);
        for step in 0..steps {
            let before = life.hidden.clone();
            let input: Vec<f32> = (0..SHAPE.inputs()).map(|i| ((7 * step + 3 * i) as f32).sin()).collect();
            config.step(theta, &mut life, &input, &mut logits);
            let moved = |module: &usize| life.hidden[4 * module..][..4] != before[4 * module..][..4];
            active.push((0..config.modules).filter(moved).collect());
        }
        (life.hidden, logits, active)
    }

    #[test]
    fn meta_parameters_are_as_many_as_on_paper() {
        let count = NetworkMetaLearner::new(config(2, 4.0)).unwrap().parameter_count();
        assert_eq!(count, 2 * 7 * 4 + 3 * 16 + 9 * 16 + 3 * (8 * 16 + 16) + 12 * 3 + 3);
        for (wrong, words) in [
            (MetaRimsConfig { modules: 0, ..config(1, 1.0) }, "modules is 0"),
            (config(4, 1.0), "active is 4: it must be 1 to 3"),
            (config(2, 0.0), "slowness is 0"),
            (config(2, f32::NAN), "slowness is NaN"),
        ] {
            assert!(wrong.check().unwrap_err().0.contains(words), "{wrong:?}");
        }
    }

    #[test]
    fn so_many_modules_move_at_each_step_and_not_always_the_same() {
        for count in 1..=3 {
            let config = config(count, 1.0);
            let theta = NetworkMetaLearner::new(config.clone()).unwrap().initialise(&mut stream(1, "theta", &[]));
            let (_, _, active) = lived(&config, &theta, 40);
            assert!(active.iter().all(|modules| modules.len() == count), "{active:?}");
            assert_eq!(active[0], (0..count).collect::<Vec<_>>(), "at first, nobody wants more than another");
            assert!(count == 3 || active.iter().any(|modules| *modules != active[0]), "{active:?}");
        }
    }

    #[test]
    fn slow_parameters_are_the_same_in_other_units() {
        let slow_len = 2 * 7 * 4 + 12 * 16;
        let theta = NetworkMetaLearner::new(config(2, 1.0)).unwrap().initialise(&mut stream(2, "theta", &[]));
        let mut scaled = theta.clone();
        scaled[..slow_len].iter_mut().for_each(|x| *x *= 4.0);
        // 4 is a power of two, so not a bit is lost.
        assert_eq!(lived(&config(2, 1.0), &theta, 20), lived(&config(2, 4.0), &scaled, 20));
        let drawn = NetworkMetaLearner::new(config(2, 4.0)).unwrap().initialise(&mut stream(2, "theta", &[]));
        assert_eq!(drawn, scaled, "they begin alike");
    }

    #[test]
    fn modules_hear_of_each_other_by_attention_alone() {
        let config = config(3, 1.0);
        let theta = NetworkMetaLearner::new(config.clone()).unwrap().initialise(&mut stream(4, "theta", &[]));
        let deaf = |mut theta: Vec<f32>| {
            let values = 2 * 7 * 4 + 9 * 16..2 * 7 * 4 + 12 * 16;
            theta[values].fill(0.0);
            theta
        };
        // Another bias of the last module.
        let mut other = theta.clone();
        other[2 * 7 * 4 + 12 * 16 + 3 * (8 * 16 + 16) - 1] += 1.0;
        let first = |theta: &[f32]| lived(&config, theta, 5).0[..4].to_vec();
        assert_ne!(first(&theta), first(&other));
        assert_eq!(first(&deaf(theta)), first(&deaf(other)));
    }
}
