//! PPO and A2C on theta: the policy gradient of whole lives ([`crate::policy_gradient`] has the equations).
//!
//! All members stand at theta; what distinguishes them is their luck. Their lives are recorded, lived again side by side in
//! groups, and differentiated; which lives are of one minibatch is drawn under the run's seed. The critic's
//! numbers, if the learner has any, follow theta in one vector and move with it, but are no part of what is handed out.

use super::ascent::shortened;
use super::settings::{count, halved, refuse_unless, zero_or_more};
use super::{Adam, MetaOptimizer, OptimizerError, OptimizerState, Wants};
use crate::learner::MetaLearner;
use crate::policy_gradient::{Outlook, Record, Verdict, Weights, judge, log_softmax, loss};
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use vsml_envs::stream;

/// So many lives are lived again side by side. The size of a group decides in which order its gradient is summed, so it
/// must not depend on the number of threads.
const GROUP: usize = 32;
/// Share of the running statistics of returns that each generation renews.
const RENEWED: f64 = 0.1;

/// Settings of PPO. A generation lives `batch` × `lifetimes` lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PpoConfig {
    /// Members, each with `lifetimes` lives; 1 to 1,000,000.
    pub batch: usize,
    /// Adam's step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many generations the step size and the weight of the entropy are half of what they were; 0: they stay.
    pub half_life: u64,
    /// Longer gradients are shortened to this norm; above 0.
    pub max_norm: f32,
    /// γ: what a reward one step later is worth; 0 to 1.
    pub discount: f64,
    /// λ: from 0, trust in the critic, to 1, trust in what came.
    pub smoothing: f64,
    /// ε: how far, as a share, the probability of an action is moved in one generation; above 0.
    pub clip: f64,
    /// How often the lives of a generation are gone through; 1 to 1,000,000.
    pub epochs: usize,
    /// In how many moves; 1 to 1,000,000. Where there are fewer lives, each is a move.
    pub minibatches: usize,
    /// c_e, the weight of the policy's entropy at the beginning; 0 or more.
    pub entropy: f64,
    /// c_v, the weight of the critic's error; 0 or more.
    pub value: f64,
}

impl Default for PpoConfig {
    fn default() -> Self {
        PpoConfig {
            batch: 64,
            learning_rate: 0.001,
            half_life: 0,
            max_norm: 0.5,
            discount: 0.99,
            smoothing: 0.95,
            clip: 0.2,
            epochs: 4,
            minibatches: 4,
            entropy: 0.01,
            value: 0.5,
        }
    }
}

/// Settings of A2C: PPO's where there is one epoch of one minibatch, and nothing to clip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct A2cConfig {
    /// Members, each with `lifetimes` lives; 1 to 1,000,000.
    pub batch: usize,
    /// Adam's step size at the beginning; 0 or more.
    pub learning_rate: f32,
    /// After so many generations the step size and the weight of the entropy are half of what they were; 0: they stay.
    pub half_life: u64,
    /// Longer gradients are shortened to this norm; above 0.
    pub max_norm: f32,
    /// γ: what a reward one step later is worth; 0 to 1.
    pub discount: f64,
    /// λ: from 0, trust in the critic, to 1, trust in what came.
    pub smoothing: f64,
    /// c_e, the weight of the policy's entropy at the beginning; 0 or more.
    pub entropy: f64,
    /// c_v, the weight of the critic's error; 0 or more.
    pub value: f64,
}

impl Default for A2cConfig {
    fn default() -> Self {
        let PpoConfig { batch, learning_rate, half_life, max_norm, discount, smoothing, entropy, value, .. } =
            PpoConfig::default();
        A2cConfig { batch, learning_rate, half_life, max_norm, discount, smoothing, entropy, value }
    }
}

impl From<A2cConfig> for PpoConfig {
    fn from(config: A2cConfig) -> Self {
        let A2cConfig { batch, learning_rate, half_life, max_norm, discount, smoothing, entropy, value } = config;
        let (clip, epochs, minibatches) = (f64::INFINITY, 1, 1);
        PpoConfig {
            batch,
            learning_rate,
            half_life,
            max_norm,
            discount,
            smoothing,
            entropy,
            value,
            clip,
            epochs,
            minibatches,
        }
    }
}

/// A life, and what each of its steps is judged by.
type Judged<'a> = (&'a Record, &'a Vec<Verdict>);

/// PPO, and A2C as a special case.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyGradient {
    config: PpoConfig,
    seed: u64,
    /// Theta, and behind it the critic's numbers.
    parameters: Vec<f32>,
    theta_len: usize,
    adam: Adam,
    /// Running mean and deviation of returns; no deviation before the first generation.
    returns: [f32; 2],
}

impl PolicyGradient {
    /// Begins at `theta`, with a critic of `critic_count` numbers that are 0.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn new(config: PpoConfig, seed: u64, theta: Vec<f32>, critic_count: usize) -> Result<Self, OptimizerError> {
        count("batch", config.batch)?;
        count("epochs", config.epochs)?;
        count("minibatches", config.minibatches)?;
        zero_or_more("learning_rate", config.learning_rate)?;
        refuse_unless(config.max_norm > 0.0, "max_norm", config.max_norm, "above 0")?;
        refuse_unless(config.clip > 0.0, "clip", config.clip, "above 0")?;
        for (field, value) in [("discount", config.discount), ("smoothing", config.smoothing)] {
            refuse_unless((0.0..=1.0).contains(&value), field, value, "0 to 1")?;
        }
        for (field, value) in [("entropy", config.entropy), ("value", config.value)] {
            refuse_unless(value.is_finite() && value >= 0.0, field, value, "0 or more")?;
        }
        let theta_len = theta.len();
        let mut parameters = theta;
        parameters.resize(theta_len + critic_count, 0.0);
        Ok(PolicyGradient { config, seed, adam: Adam::new(parameters.len()), parameters, theta_len, returns: [0.0; 2] })
    }

    /// What every step of every life is judged by.
    fn verdicts(&mut self, records: &[&Record], outlooks: &[Outlook]) -> Vec<Vec<Verdict>> {
        let PpoConfig { discount, smoothing, .. } = self.config;
        if self.returns[1] == 0.0 {
            let returns = records.iter().flat_map(|record| {
                let rewards: Vec<f64> = record.rewards().collect();
                judge(&rewards, &vec![0.0; rewards.len()], discount, 1.0).1
            });
            self.returns = moments(returns).map(|x| x as f32);
            // As long as all returns are the same there is no telling what is much.
            if f64::from(self.returns[1]) <= LEAST_DEVIATION {
                self.returns[1] = 1.0;
            }
        }
        let [low, unit] = self.returns.map(f64::from);
        let judged = records.iter().zip(outlooks).map(|(record, outlook)| {
            let values: Vec<f64> = outlook.values.iter().map(|value| low + unit * f64::from(*value)).collect();
            judge(&record.rewards().collect::<Vec<_>>(), &values, discount, smoothing)
        });
        let judged: Vec<(Vec<f64>, Vec<f64>)> = judged.collect();
        let fresh = moments(judged.iter().flat_map(|(_, returns)| returns));
        if fresh[1] > LEAST_DEVIATION {
            for (running, fresh) in self.returns.iter_mut().zip(fresh) {
                *running += (RENEWED * (fresh - f64::from(*running))) as f32;
            }
        }
        let [mean, deviation] = moments(judged.iter().flat_map(|(advantages, _)| advantages));
        let lives = records.iter().zip(outlooks).zip(&judged);
        lives
            .map(|((record, outlook), (advantages, returns))| {
                let mut log_p = Vec::new();
                let thoughts = outlook.logits.chunks_exact(record.action_count()).zip(&record.actions);
                let steps = thoughts.zip(advantages.iter().zip(returns));
                steps
                    .map(|((logits, action), (advantage, target))| {
                        log_softmax(logits, &mut log_p);
                        Verdict {
                            action: *action,
                            log_probability: log_p[*action],
                            advantage: (advantage - mean) / deviation,
                            target: (target - low) / unit,
                        }
                    })
                    .collect()
            })
            .collect()
    }

    /// One move down the gradient of these lives' loss. Returns whether it moved.
    fn step(&mut self, learner: &dyn MetaLearner, lives: &[Judged<'_>], weights: &Weights, rate: f32) -> bool {
        let scale = 1.0 / lives.iter().map(|(record, _)| record.len()).sum::<usize>() as f64;
        let groups = lives.par_chunks(GROUP).map(|group| {
            let records: Vec<&Record> = group.iter().map(|(record, _)| *record).collect();
            let relived = learner.relive(&self.parameters, &records).ok()?;
            let of = relived
                .outlooks()
                .iter()
                .zip(group)
                .map(|(outlook, (_, verdicts))| loss(outlook, verdicts, weights, scale).1);
            Some(relived.go_back(&of.collect::<Vec<_>>()))
        });
        let gradients: Option<Vec<Vec<f64>>> = groups.collect();
        let Some(gradients) = gradients else { return false };
        let mut down = vec![0.0; self.parameters.len()];
        for gradient in &gradients {
            down.iter_mut().zip(gradient).for_each(|(down, g)| *down -= g);
        }
        let Some(down) = shortened(&down, self.config.max_norm) else { return false };
        self.adam.ascend(&mut self.parameters, &down, rate);
        true
    }
}

/// A deviation is never taken for less.
const LEAST_DEVIATION: f64 = 1e-6;

/// Mean and standard deviation; the deviation is never 0.
fn moments<X: Borrow<f64>>(numbers: impl IntoIterator<Item = X>) -> [f64; 2] {
    let numbers: Vec<f64> = numbers.into_iter().map(|x| *x.borrow()).collect();
    let count = numbers.len().max(1) as f64;
    let mean = numbers.iter().sum::<f64>() / count;
    let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    [mean, variance.sqrt().max(LEAST_DEVIATION)]
}

impl MetaOptimizer for PolicyGradient {
    fn population(&self) -> usize {
        self.config.batch
    }

    fn ask(&self, _: u64, _: usize) -> Vec<f32> {
        self.theta().to_vec()
    }

    /// Members are all the same; what they are for is to live different lives.
    fn luck(&self, index: usize) -> u64 {
        index as u64
    }

    fn tell(&mut self, _: u64, _: &[f64]) -> bool {
        false
    }

    fn wants(&self) -> Wants {
        Wants::Records
    }

    fn improve(&mut self, generation: u64, learner: &dyn MetaLearner, records: &[Record]) -> bool {
        let records: Vec<&Record> = records.iter().filter(|record| !record.is_empty()).collect();
        if records.is_empty() {
            return false;
        }
        let groups = records
            .par_chunks(GROUP)
            .map(|group| learner.relive(&self.parameters, group).map(|relived| relived.outlooks().to_vec()).ok());
        let Some(outlooks) = groups.collect::<Option<Vec<_>>>() else { return false };
        let verdicts = self.verdicts(&records, &outlooks.concat());
        let lives: Vec<Judged<'_>> = records.iter().copied().zip(&verdicts).collect();
        // Generations with an update so far. Where there are fewer lives than minibatches, each is a move.
        let moves = self.config.epochs * self.config.minibatches.min(records.len());
        let updates = self.adam.steps / moves as u64;
        let halved = |x: f32| halved(x, self.config.half_life, updates);
        let rate = halved(self.config.learning_rate);
        let entropy = f64::from(halved(self.config.entropy as f32));
        let weights = Weights { clip: self.config.clip, value: self.config.value, entropy };
        let mut moved = false;
        for epoch in 0..self.config.epochs {
            let mut lives = lives.clone();
            lives.shuffle(&mut stream(self.seed, "minibatches", &[generation, epoch as u64]));
            let (count, len) = (self.config.minibatches, lives.len());
            let minibatches = (0..count).map(|index| &lives[index * len / count..(index + 1) * len / count]);
            for minibatch in minibatches.filter(|minibatch| !minibatch.is_empty()) {
                moved |= self.step(learner, minibatch, &weights, rate);
            }
        }
        moved
    }

    fn theta(&self) -> &[f32] {
        &self.parameters[..self.theta_len]
    }

    fn state(&self) -> OptimizerState {
        let mut state = OptimizerState::with_adam(&self.parameters, &self.adam);
        state.vectors.insert("returns".into(), self.returns.to_vec());
        state
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), OptimizerError> {
        let returns = state.vector("returns", 2)?;
        (self.parameters, self.adam) = state.theta_and_adam(self.parameters.len())?;
        self.returns = [returns[0], returns[1]];
        Ok(())
    }
}
