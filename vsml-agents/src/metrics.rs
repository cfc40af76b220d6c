//! What meta-training writes down of each generation.

use crate::numbers::number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One generation of meta-training: one line of `metrics.jsonl`. Nothing in it depends on the clock or on the number of
/// threads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerationMetrics {
    /// Number of the generation, from 1.
    pub generation: u64,
    /// Mean fitness of the valid members: a member's fitness is its mean reward per lifetime, or per unroll where lives go on
    /// from generation to generation. Absent if none was valid.
    pub fitness_mean: Option<f64>,
    /// Greatest fitness of a valid member.
    pub fitness_best: Option<f64>,
    /// Standard deviation of fitness over the valid members.
    pub fitness_deviation: Option<f64>,
    /// Mean loss of the lifetimes, where meta-training is by gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Members whose fitness counted.
    pub valid_members: u64,
    /// Members in all.
    pub members: u64,
    /// Lifetimes of this generation that were cut short, by kind of fault.
    pub faults: BTreeMap<String, u64>,
    /// The first fault of this generation in words, if there was one.
    pub first_fault: Option<String>,
    /// Environment steps lived in training so far, over all generations.
    pub steps: u64,
    /// Euclidean norm of the meta-parameters after the update.
    #[serde(deserialize_with = "number")]
    pub theta_norm: f64,
    /// Euclidean norm of the update.
    #[serde(deserialize_with = "number")]
    pub update_norm: f64,
    /// Validation after this generation, if it was due.
    pub validation: Option<Validation>,
}

/// The mean of the population, without noise, on the validation split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Mean reward per lifetime, on each of the distributions of validation; absent where no life was valid.
    pub reward: BTreeMap<String, Option<f64>>,
    /// Mean regret per lifetime where the environments know it.
    pub regret: BTreeMap<String, f64>,
    /// Lives that ended before their time, by kind of fault.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
    /// What the best generation is chosen by: the mean of `reward` over the distributions, one that is named twice counting
    /// twice, and in a team of what counts as fitness. In standardised training, the mean over the distributions of how far
    /// above that of random play it is, in standard deviations of random play's lives (in rewards, where those are all alike).
    /// Where validation is on other distributions than training, the mean over them of the probability that a life is better
    /// than one of random play
    /// ([`probability_of_improvement`](crate::statistics::probability_of_improvement)), from 0 to 1, so that none of them
    /// decides by itself. Absent where there is a distribution without a valid life, or the learner itself ended one before
    /// its time.
    pub score: Option<f64>,
    /// Whether no generation before had a better score.
    pub best_so_far: bool,
}
