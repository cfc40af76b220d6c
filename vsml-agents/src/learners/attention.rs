//! Attention over the lifetime: what has been lived lies in a memory that is asked at every step.
//!
//! Mishra et al. 2018 (*A Simple Neural Attentive Meta-Learner*, SNAIL, arXiv 1707.03141) let a policy attend to all it has
//! seen, done and been given in the task it is in; Melo 2022 (*Transformers are Meta-Reinforcement Learners*, TrMRL, arXiv
//! 2206.06614) does so with a transformer over the last steps. Where a recurrent network has to press its past into a state
//! of fixed size, this one keeps it as it was and finds what it needs by likeness (Vaswani et al. 2017, arXiv 1706.03762).
//! This is the smallest learner of that family: one head, one layer.
//!
//! With x the inputs of a step ([`super::network`]), t the step and s = t, t - 1, … the last `window` steps,
//!
//! ```text
//! e = tanh(x We + be)
//! q, k, v = e Wq, e Wk, e Wv
//! p = softmax over s of (q_t · k_s / √n - λ (t - s))
//! y = Σ_s p_s v_s
//! logits = tanh((e + y) W + b) U + a
//! ```
//!
//! Attention by itself does not know what came when. The bias -λ (t - s) tells it (Press et al. 2022, arXiv 2108.12409); here
//! λ is one meta-parameter that begins at 0, in place of SNAIL's convolutions over time and TrMRL's vectors of position, so
//! that no meta-parameter belongs to a step and the window can be of any length.

use super::matrix::{affine, product, softmax, tanh};
use super::network::{Array, Network, Parts, Shape, check_hidden_size, fixed_shape};
use crate::learner::Unable;
use serde::{Deserialize, Serialize};
use vsml_envs::Rng;

/// More steps than this are not kept.
const MAX_WINDOW: usize = 1 << 12;

/// The configuration of a learner with attention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttentionConfig {
    /// Numbers in a key and in a value, and hidden units; 1 to 4096.
    pub hidden_size: usize,
    /// Steps that are kept, the present one included; 1 to 4096. Older ones are forgotten.
    pub window: usize,
    /// Numbers in an observation; 0: as many as the training tasks have.
    pub observations: usize,
    /// Actions; 0: as many as the training tasks have.
    pub actions: usize,
}

impl Default for AttentionConfig {
    fn default() -> Self {
        AttentionConfig { hidden_size: 16, window: 128, observations: 0, actions: 0 }
    }
}

/// The memory and buffers.
pub(super) struct Life {
    /// Keys and values of the last steps; step t is in row t modulo the window.
    keys: Vec<f32>,
    values: Vec<f32>,
    /// Steps lived.
    steps: usize,
    embedding: Vec<f32>,
    query: Vec<f32>,
    /// How much each row of the memory is attended to.
    attention: Vec<f32>,
    hidden: Vec<f32>,
}

impl Network for AttentionConfig {
    type Life = Life;
    const NAME: &'static str = "attention";

    fn check(&self) -> Result<(), Unable> {
        if !(1..=MAX_WINDOW).contains(&self.window) {
            return Err(Unable(format!("window is {}: it must be 1 to {MAX_WINDOW}", self.window)));
        }
        check_hidden_size(self.hidden_size)
    }

    fixed_shape!();

    fn arrays(&self) -> Vec<Array> {
        let n = self.hidden_size;
        let inputs = Shape { observations: self.observations, actions: self.actions }.inputs();
        vec![
            Array::weights(inputs, n),
            Array::constant(n, 0.0),
            Array::weights(n, n),
            Array::weights(n, n),
            Array::weights(n, n),
            Array::constant(1, 0.0),
            Array::weights(n, n),
            Array::constant(n, 0.0),
            Array::weights(n, self.actions),
            Array::constant(self.actions, 0.0),
        ]
    }

    fn life(&self, _: Shape) -> Self::Life {
        let zeros = |len| vec![0.0; len];
        let n = self.hidden_size;
        Life {
            keys: zeros(self.window * n),
            values: zeros(self.window * n),
            steps: 0,
            embedding: zeros(n),
            query: zeros(n),
            attention: zeros(self.window),
            hidden: zeros(n),
        }
    }

    fn begin(&self, _: &[f32], life: &mut Self::Life, _: &mut Rng) {
        life.steps = 0;
    }

    fn step(&self, theta: &[f32], life: &mut Self::Life, input: &[f32], logits: &mut [f32]) {
        let (n, mut theta) = (self.hidden_size, Parts(theta));
        let weights = theta.next(input.len() * n);
        affine(input, weights, theta.next(n), &mut life.embedding);
        tanh(&mut life.embedding);
        let row = life.steps % self.window * n..(life.steps % self.window + 1) * n;
        product(&life.embedding, theta.next(n * n), &mut life.query);
        product(&life.embedding, theta.next(n * n), &mut life.keys[row.clone()]);
        product(&life.embedding, theta.next(n * n), &mut life.values[row]);
        life.attend(theta.next(1)[0]);

        let weights = theta.next(n * n);
        affine(&life.embedding, weights, theta.next(n), &mut life.hidden);
        tanh(&mut life.hidden);
        let weights = theta.next(n * logits.len());
        affine(&life.hidden, weights, theta.next(logits.len()), logits);
        life.steps += 1;
    }
}

impl Life {
    /// Adds to the embedding what the memory has for the query.
    fn attend(&mut self, recency: f32) {
        let (n, window) = (self.query.len(), self.attention.len());
        let attention = &mut self.attention[..window.min(self.steps + 1)];
        let scale = 1.0 / (n as f32).sqrt();
        for ((row, score), key) in attention.iter_mut().enumerate().zip(self.keys.chunks_exact(n)) {
            let likeness: f32 = self.query.iter().zip(key).map(|(q, k)| q * k).sum();
            let age = (self.steps - row) % window;
            *score = scale * likeness - recency * age as f32;
        }
        softmax(attention);
        for (share, value) in attention.iter().zip(self.values.chunks_exact(n)) {
            self.embedding.iter_mut().zip(value).for_each(|(y, v)| *y += share * v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::NetworkMetaLearner;
    use super::*;
    use crate::learner::MetaLearner;

    #[test]
    fn meta_parameters_are_as_many_as_on_paper() {
        let count = |window| {
            let config = AttentionConfig { hidden_size: 6, window, observations: 4, actions: 3 };
            NetworkMetaLearner::new(config).unwrap().parameter_count()
        };
        assert_eq!(count(7), (9 + 1) * 6 + 3 * 36 + 1 + (6 + 1) * 6 + (6 + 1) * 3);
        assert_eq!(count(7), count(70));
        let none = AttentionConfig { window: 0, ..AttentionConfig::default() };
        assert!(none.check().unwrap_err().0.contains("window is 0"));
    }

    /// A memory of one number a step: keys are 1, values are step numbers.
    fn remembered(steps: usize, window: usize, recency: f32) -> f32 {
        let config = AttentionConfig { hidden_size: 1, window, observations: 1, actions: 1 };
        let mut life = config.life(Shape { observations: 1, actions: 1 });
        for step in 0..steps {
            life.steps = step;
            life.keys[step % window] = 1.0;
            life.values[step % window] = step as f32;
            life.query[0] = 1.0;
            life.embedding[0] = 0.0;
            life.attend(recency);
        }
        life.embedding[0]
    }

    #[test]
    fn what_is_alike_is_averaged_and_what_is_old_forgotten() {
        assert_eq!(remembered(5, 8, 0.0), 2.0);
        assert_eq!(remembered(8, 8, 0.0), 3.5);
        assert_eq!(remembered(11, 8, 0.0), 6.5, "the mean of 3 to 10");
        assert_eq!(remembered(11, 8, 200.0), 10.0, "only the present");
        assert_eq!(remembered(11, 8, -200.0), 3.0, "only the oldest that is kept");
        let two = remembered(2, 8, 1.0);
        assert!((two - 1.0 / (1.0 + (-1.0f32).exp())).abs() < 1e-6, "{two}");
    }
}
