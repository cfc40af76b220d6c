//! UCRL2: play the best of all processes that cannot be ruled out.
//!
//! Jaksch, Ortner & Auer (2010, JMLR 11) keep confidence bounds around what has been seen. After t steps, with N(s, a) = max(1,
//! times taken), S states, A actions, and a probability δ of being wrong, mean rewards r and transition probabilities p are
//! plausible if
//!
//! ```text
//! |r(s, a) - mean of rewards| <= scale sqrt(7 ln(2 S A t / δ) / (2 N(s, a))),
//! sum over s' of |p(s' | s, a) - share of s'| <= scale sqrt(14 S ln(2 A t / δ) / N(s, a)),
//! ```
//!
//! and the policy is the one that is best if in every state and for every action the best that is plausible is true. For rewards
//! that is the upper end. For transitions it is found by sorting: as much probability as may be goes to the most valuable
//! state, and is taken from the least valuable ones. What is little known is thus taken for good, tried, and found out.
//!
//! The bounds hold for any process, and are so wide (`scale` 1) that in lives of some thousand steps nothing is ever ruled
//! out: it then plays hardly better than at random. Hence the scale, which has to be tuned, as is usual: 0.05 suits RL²'s
//! processes. δ is 0.05 too.
//!
//! What else differs from the paper is due to episodes of known length: the process is solved by backward induction over them
//! instead of for the average reward, and there is a new plan in each episode and not only when counts have doubled. Rewards are
//! not known to lie in [0, 1] here, so optimism about them is not cut off at 1. No prior is used: shares are those that
//! were seen, and what was never taken is expected to pay 0 and to lead anywhere alike, give or take the bound. With a scale of
//! 0 this is the plan on the process of greatest likelihood: what the paper on RL² calls greedy, as its numbers tell.

use super::planner::Model;
use super::tabular::Experience;
use vsml_envs::Rng;

/// The probability with which the bounds may be wrong.
const DELTA: f64 = 0.05;

/// Optimism within confidence bounds.
#[derive(Clone, Debug)]
pub struct Ucrl2 {
    scale: f64,
    /// `7 / 2 ln(2 S A t / δ)` and `14 S ln(2 A t / δ)`.
    widths: (f64, f64),
    /// The states and the end, the most valuable first.
    order: Vec<usize>,
    row: Vec<f64>,
}

impl Ucrl2 {
    /// With bounds so many times as wide as those of the paper, 0 or more.
    pub fn new(scale: f64) -> Self {
        Ucrl2 { scale, widths: (0.0, 0.0), order: Vec::new(), row: Vec::new() }
    }

    /// Moves up to `weight` of the probabilities in `row` from the least valuable outcomes to the most valuable one.
    fn hope(&mut self, weight: f64) {
        let Some(&best) = self.order.first() else { return };
        let mut moved = weight.min(1.0 - self.row[best]).max(0.0);
        self.row[best] += moved;
        for &outcome in self.order[1..].iter().rev() {
            let taken = moved.min(self.row[outcome]);
            self.row[outcome] -= taken;
            moved -= taken;
            if moved <= 0.0 {
                break;
            }
        }
    }
}

impl Model for Ucrl2 {
    const NAME: &'static str = "UCRL2";

    fn begin(&mut self, experience: &Experience) {
        let outcomes = experience.states() + 1;
        self.order.clear();
        self.order.extend(0..outcomes);
        self.row.clear();
        self.row.resize(outcomes, 0.0);
    }

    fn update(&mut self, experience: &Experience, _: &mut Rng) {
        let (states, actions) = (experience.states() as f64, experience.actions() as f64);
        let steps = experience.steps().max(1) as f64;
        let confidence = |ways: f64| libm::log(2.0 * ways * steps / DELTA);
        self.widths = (3.5 * confidence(states * actions), 14.0 * states * confidence(actions));
    }

    fn consider(&mut self, values: &[f64]) {
        // Places break ties, so that equal values leave no choice to the sorting.
        self.order.sort_unstable_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    }

    fn action_value(&mut self, experience: &Experience, pair: usize, values: &[f64]) -> f64 {
        let (states, seen) = (experience.states(), experience.transitions(pair));
        for (outcome, (share, count)) in self.row.iter_mut().zip(experience.followed(pair)).enumerate() {
            *share = match seen {
                0.0 if outcome < states => 1.0 / states as f64,
                0.0 => 0.0,
                seen => count / seen,
            };
        }
        let (reward_width, transition_width) = self.widths;
        self.hope(self.scale * (transition_width / seen.max(1.0)).sqrt() / 2.0);
        let taken = experience.taken(pair).max(1.0);
        let reward = experience.rewards(pair) / taken + self.scale * (reward_width / taken).sqrt();
        reward + self.row.iter().zip(values).map(|(share, value)| share * value).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hoped(row: &[f64], order: &[usize], weight: f64) -> Vec<f64> {
        let mut model = Ucrl2 { row: row.to_vec(), order: order.to_vec(), ..Ucrl2::new(1.0) };
        model.hope(weight);
        model.row
    }

    #[test]
    fn hope_moves_probability_from_the_worst_to_the_best() {
        let close = |found: Vec<f64>, expected: [f64; 3]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}, expected {expected:?}");
        };
        // The most valuable outcome is 1, the least 2.
        close(hoped(&[0.5, 0.25, 0.25], &[1, 0, 2], 0.125), [0.5, 0.375, 0.125]);
        close(hoped(&[0.5, 0.25, 0.25], &[1, 0, 2], 0.5), [0.25, 0.75, 0.0]);
        close(hoped(&[0.5, 0.25, 0.25], &[1, 0, 2], 9.0), [0.0, 1.0, 0.0]);
        close(hoped(&[0.5, 0.25, 0.25], &[1, 0, 2], 0.0), [0.5, 0.25, 0.25]);
    }

    #[test]
    fn the_most_valuable_outcome_comes_first_and_places_break_ties() {
        let mut model = Ucrl2 { order: vec![0, 1, 2, 3], ..Ucrl2::new(1.0) };
        model.consider(&[1.0, 3.0, 1.0, -2.0]);
        assert_eq!(model.order, [1, 0, 2, 3]);
    }
}
