//! Hebbian plasticity: random weights that follow a rule each.
//!
//! Najarro & Risi 2020, *Meta-Learning through Hebbian Plasticity in Random Networks*, arXiv 2007.02686: the weights of a
//! network are drawn anew at the beginning of each life; what is meta-trained is how each of them changes when the neurons
//! on both its sides are active. After every step, a synapse from a neuron of activity x to one of activity y changes by
//!
//! ```text
//! w' = w + η (A x y + B x + C y + D)
//! ```
//!
//! with five coefficients A, B, C, D, η of its own, and then all weights of a layer are divided by the greatest among them,
//! without regard to sign, as the authors' program does everywhere but on its simulated
//! quadruped. Here there are two layers,
//!
//! ```text
//! h = tanh(x W)          logits = h U
//! ```
//!
//! without biases; weights begin uniform in [-0.1, 0.1]; the activity of an output is its logit. The paper's networks see
//! the observation alone; this one is given the last action and reward as well, because without them no rule could find out
//! what is good.
//!
//! **`shared`**: all synapses of a layer follow one rule, ten numbers in all. It then does not matter how many there are, and
//! the learner lives on tasks of any shape, as VSML does; but only the random weights tell one neuron from another. It is
//! the least of the learners whose synapses share what they follow: VSML puts an LSTM where this has a polynomial.

use super::matrix::{product, tanh};
use super::network::{Array, Network, Parts, Shape, check_hidden_size};
use crate::learner::Unable;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// Coefficients of a rule: A, B, C, D, η.
const COEFFICIENTS: usize = 5;
/// Deviation of the coefficients at first.
const DEVIATION: f32 = 0.3;
/// Weights begin between plus and minus this.
const WEIGHTS: f32 = 0.1;

/// The configuration of a Hebbian learner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HebbianConfig {
    /// Hidden units; 1 to 4096.
    pub hidden_size: usize,
    /// Whether all synapses of a layer follow one rule.
    pub shared: bool,
    /// Numbers in an observation; 0: as many as the training tasks have. Without meaning, and 0, if `shared`.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have. Without meaning, and 0, if `shared`.
    pub actions: usize,
}

impl Default for HebbianConfig {
    fn default() -> Self {
        HebbianConfig { hidden_size: 32, shared: false, observations: 0, actions: 0 }
    }
}

/// Weights and activities.
pub(super) struct Life {
    first: Vec<f32>,
    second: Vec<f32>,
    hidden: Vec<f32>,
}

impl HebbianConfig {
    /// Coefficients of a layer of so many synapses.
    fn coefficients(&self, synapses: usize) -> usize {
        COEFFICIENTS.saturating_mul(if self.shared { 1 } else { synapses })
    }
}

impl Network for HebbianConfig {
    type Life = Life;
    const NAME: &'static str = "hebbian";

    fn check(&self) -> Result<(), Unable> {
        for (field, value) in [("observations", self.observations), ("actions", self.actions)] {
            if self.shared && value != 0 {
                let reason = "with shared = true it lives on any task, and it must be 0";
                return Err(Unable(format!("{field} is {value}: {reason}")));
            }
        }
        check_hidden_size(self.hidden_size)
    }

    fn shape(&self) -> Option<Shape> {
        (!self.shared).then_some(Shape { observations: self.observations, actions: self.actions })
    }

    fn set_shape(&mut self, shape: Shape) {
        (self.observations, self.actions) = (shape.observations, shape.actions);
    }

    fn arrays(&self) -> Vec<Array> {
        let inputs = Shape { observations: self.observations, actions: self.actions }.inputs();
        [inputs.saturating_mul(self.hidden_size), self.hidden_size.saturating_mul(self.actions)]
            .map(|synapses| Array::normal(self.coefficients(synapses), DEVIATION))
            .into()
    }

    fn life(&self, shape: Shape) -> Self::Life {
        Life {
            first: vec![0.0; shape.inputs() * self.hidden_size],
            second: vec![0.0; self.hidden_size * shape.actions],
            hidden: vec![0.0; self.hidden_size],
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, rng: &mut Rng) {
        life.first.iter_mut().chain(&mut life.second).for_each(|w| *w = WEIGHTS * (2.0 * rng.random::<f32>() - 1.0));
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        product(input, &life.first, &mut life.hidden);
        tanh(&mut life.hidden);
        product(&life.hidden, &life.second, logits);
        let mut theta = Parts(theta);
        for (weights, inputs, outputs) in
            [(&mut life.first, input, &*life.hidden), (&mut life.second, &*life.hidden, &*logits)]
        {
            let coefficients = theta.next(self.coefficients(weights.len()));
            if self.shared {
                follow_one_rule(coefficients, inputs, outputs, weights);
            } else {
                follow_rules(coefficients, inputs, outputs, weights);
            }
            normalise(weights);
        }
    }
}

/// Every weight follows the rule of these five coefficients.
fn follow_one_rule(coefficients: &[f32], inputs: &[f32], outputs: &[f32], weights: &mut [f32]) {
    let [a, b, c, d, rate] = coefficients else { return };
    for (x, row) in inputs.iter().zip(weights.chunks_exact_mut(outputs.len())) {
        for (w, y) in row.iter_mut().zip(outputs) {
            *w += rate * (a * x * y + b * x + c * y + d);
        }
    }
}

/// Every weight follows a rule of its own: first all A, then all B, and so on.
fn follow_rules(coefficients: &[f32], inputs: &[f32], outputs: &[f32], weights: &mut [f32]) {
    let (width, mut coefficients) = (outputs.len(), Parts(coefficients));
    let [a, b, c, d, rate] = [(); COEFFICIENTS].map(|()| coefficients.next(weights.len()).chunks_exact(width));
    let rules = a.zip(b).zip(c).zip(d).zip(rate);
    for ((x, row), ((((a, b), c), d), rate)) in inputs.iter().zip(weights.chunks_exact_mut(width)).zip(rules) {
        for (j, (w, y)) in row.iter_mut().zip(outputs).enumerate() {
            *w += rate[j] * (a[j] * x * y + b[j] * x + c[j] * y + d[j]);
        }
    }
}

/// Divides by the greatest weight, without regard to sign.
fn normalise(weights: &mut [f32]) {
    let greatest = weights.iter().fold(0.0, |greatest: f32, w| greatest.max(w.abs()));
    if greatest > 0.0 {
        weights.iter_mut().for_each(|w| *w /= greatest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;

    #[test]
    fn every_synapse_has_five_numbers_or_every_layer() {
        let count = |shared, observations, actions| {
            let config = HebbianConfig { hidden_size: 6, shared, observations, actions };
            NetworkMetaLearner::new(config).unwrap().parameter_count()
        };
        assert_eq!(count(false, 3, 2), 5 * ((3 + 2 + 2) * 6 + 6 * 2));
        assert_eq!(count(true, 0, 0), 10);
    }

    #[test]
    fn weights_follow_the_rule() {
        let (inputs, outputs) = ([1.0, -2.0], [0.5, 3.0]);
        let [a, b, c, d, rate] = [0.1, 0.2, 0.3, 0.4, 0.5];
        let expected = |w: f32, x: f32, y: f32| w + rate * (a * x * y + b * x + c * y + d);
        let expected =
            [expected(1.0, 1.0, 0.5), expected(2.0, 1.0, 3.0), expected(3.0, -2.0, 0.5), expected(4.0, -2.0, 3.0)];
        let mut weights = [1.0, 2.0, 3.0, 4.0];
        follow_one_rule(&[a, b, c, d, rate], &inputs, &outputs, &mut weights);
        assert_eq!(weights, expected);
        let mut weights = [1.0, 2.0, 3.0, 4.0];
        let coefficients: Vec<f32> = [a, b, c, d, rate].iter().flat_map(|&x| [x; 4]).collect();
        follow_rules(&coefficients, &inputs, &outputs, &mut weights);
        assert_eq!(weights, expected);
        let mut weights = [1.0, -4.0, 2.0];
        normalise(&mut weights);
        assert_eq!(weights, [0.25, -1.0, 0.5]);
    }
}
