//! A chain at whose far end something is to be had, and at whose near end something smaller.
//!
//! The small reward comes at once and the large one only to who walks the whole way through slips and setbacks, so this
//! is a test of exploration (Dearden, Friedman & Russell 1998; Strens 2000).

use super::{Layout, Outcome, Table, TabularEnvironment};
use crate::registry::Family;
use crate::wrappers::Span;
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};

/// A longer chain is taken for a slip of the pen.
const MAX_LENGTH: usize = 10_000;

/// Chains: `Chain-v0`.
///
/// # Description
/// States in a row. To go forward pays nothing, but for staying at the end, which pays `large_reward`. To go back leads to
/// the first state from anywhere and pays `small_reward`. With probability `slip`, an action does what the other does.
///
/// # Action space
/// `Discrete(2)`: forward, back.
///
/// # Observation space
/// `Discrete(length)`, one-hot: the state.
///
/// # Rewards
/// `large_reward` (10) for going forward at the end, `small_reward` (2) for going back, both also if by slipping, and else
/// 0. The best play gets 3666 in 1000 steps.
///
/// # Starting state
/// State 0.
///
/// # Episode end
/// Never. Lifetimes are counted in steps, 1000 by default.
///
/// # Arguments
/// The fields below. Forward is always action 0 unless `permute_actions` says otherwise.
///
/// # Differences from the source
/// Constants are those of several implementations that name Strens; the paper itself has not been compared.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chains {
    /// How many states there are.
    pub length: usize,
    /// The probability that an action does what the other does.
    pub slip: Span,
    /// Reward of going back.
    pub small_reward: Span,
    /// Reward of going forward at the end.
    pub large_reward: Span,
}

impl Default for Chains {
    fn default() -> Self {
        Chains { length: 5, slip: Span::single(0.2), small_reward: Span::single(2.0), large_reward: Span::single(10.0) }
    }
}

impl TaskDistribution for Chains {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        let slip = self.slip.sample(rng);
        let (small, large) = (self.small_reward.sample(rng), self.large_reward.sample(rng));
        let end = self.length - 1;
        let forward = |state: usize| Outcome::certain((state + 1).min(end), if state == end { large } else { 0.0 });
        let back = Outcome::certain(0, small);
        let row =
            |meant: Outcome, other: Outcome| vec![meant.with_probability(1.0 - slip), other.with_probability(slip)];
        let rows: Vec<_> =
            (0..self.length).flat_map(|state| [row(forward(state), back), row(back, forward(state))]).collect();
        match Table::new(2, &rows, super::start_in(0, self.length)) {
            Ok(table) => Box::new(TabularEnvironment::new(table).with_layout(Layout::rows(self.length, self.length))),
            Err(error) => panic!("{error}; Family::check would have said so"),
        }
    }
}

impl Family for Chains {
    fn check(&self) -> Result<(), String> {
        if !(1..=MAX_LENGTH).contains(&self.length) {
            return Err(format!("`length` is {}: a chain has 1 to {MAX_LENGTH} states", self.length));
        }
        super::check_probability("slip", self.slip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, stream};

    #[test]
    fn the_best_play_is_forward_and_is_worth_what_is_known() {
        let task = Chains::default().sample(&mut stream(0, "chain", &[]));
        let table = task.table().unwrap();
        let plan = table.plan(1000, 1.0);
        assert!((0..5).all(|state| plan.action(1000, state) == 0));
        // Going forward for ever, the last state is the present one after four steps without a slip, 0.8^4 of the time;
        // that is 0.8^4 * (0.8 * 10) + 0.2 * 2 a step, 3676.8 in 1000, less what the way there costs.
        let forever = 1000.0 * (0.8f64.powi(4) * 8.0 + 0.4);
        let value = plan.value(1000, 0);
        assert!((forever - 3676.8).abs() < 1e-9 && (value - 3665.8).abs() < 0.1, "{value} of {forever}");
    }

    #[test]
    fn a_slip_does_what_the_other_action_does() {
        let mut task =
            Chains { slip: Span::single(1.0), length: 2, ..Chains::default() }.sample(&mut stream(0, "chain", &[]));
        let (mut rng, mut seen) = (stream(0, "chain", &[1]), [0.0; 2]);
        task.reset(&mut rng, &mut seen);
        let mut act = |action| (task.step(Action::Discrete(action), &mut rng, &mut seen).reward, seen[1]);
        assert_eq!([0, 1, 1, 0].map(&mut act), [(2.0, 0.0), (0.0, 1.0), (10.0, 1.0), (2.0, 0.0)]);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert!(Chains { length: 0, ..Chains::default() }.check().unwrap_err().contains("`length` is 0"));
        assert!(Chains { slip: Span::between(0.5, 2.0), ..Chains::default() }.check().unwrap_err().contains("`slip`"));
    }
}
