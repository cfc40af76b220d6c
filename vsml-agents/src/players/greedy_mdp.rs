//! The greedy player of processes: what would be best if everything were as it is expected to be.
//!
//! It plans on the posterior mean, with the priors of all [planners](super::planner),
//!
//! ```text
//! p(s' | s, a) = (1 + n(s, a, s')) / (S + n(s, a)),   r(s, a) = (1 + sum of rewards) / (1 + n(s, a)),
//! ```
//!
//! and never does anything in order to know more. It is the control for all that explore: in the baselines of RL² (Duan et
//! al. 2016, arXiv 1611.02779) it is called greedy, as for bandits, where [`Greedy`](super::Greedy) is the same thing.

use super::planner::{Model, expected_value};
use super::tabular::Experience;

/// The posterior mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct GreedyMdp;

impl Model for GreedyMdp {
    const NAME: &'static str = "the greedy planner";

    fn action_value(&mut self, experience: &Experience, pair: usize, values: &[f64]) -> f64 {
        expected_value(experience, pair, values)
    }
}
