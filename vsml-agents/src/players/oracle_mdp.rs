//! Who knows the true process: value iteration over the steps of an episode, on the table that it is shown.
//!
//! ```text
//! V(s, h) = max over a of sum over outcomes of p (r + V(s', h - 1)),   V(s, 0) = 0
//! ```
//!
//! Nobody gets more on the average, because nobody knows more (Bellman 1957). As for the
//! [planners](super::planner), `horizon` is the number of steps in an episode; where episodes end by themselves, a horizon that
//! is longer than any of them does no harm.
//!
//! Where a wrapper shows the states in another order, the environment does not say which, and has no table to show.

use super::planner::Plan;
use super::tabular::{shape, state_of};
use crate::learner::{Learner, Secrets, Unable};
use vsml_envs::{Action, Percept, Rng, Space};

const NAME: &str = "the oracle of processes";

/// The best policy of the true process.
pub struct OracleMdp {
    horizon: usize,
    states: usize,
    actions: usize,
    plan: Plan,
    planned: bool,
    /// Steps that are left of the plan.
    left: usize,
}

impl OracleMdp {
    /// Plans `horizon` steps ahead, 1 to [`MAX_HORIZON`](super::MAX_HORIZON).
    pub fn new(horizon: usize) -> Self {
        OracleMdp { horizon, states: 0, actions: 0, plan: Plan::default(), planned: false, left: 0 }
    }
}

impl Learner for OracleMdp {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        (self.states, self.actions) = shape(NAME, observation, action)?;
        self.plan.begin(NAME, self.horizon, self.states, self.actions)?;
        (self.planned, self.left) = (false, 0);
        Ok(())
    }

    fn reveal(&mut self, secrets: &Secrets<'_>) -> Result<(), Unable> {
        let table = secrets.table().filter(|table| (table.states(), table.actions()) == (self.states, self.actions));
        let Some(table) = table else {
            return Err(Unable(format!("{NAME} needs an environment that knows its table of states and actions")));
        };
        if !self.planned {
            self.plan.make_in(table);
            self.planned = true;
        }
        Ok(())
    }

    fn act(&mut self, percept: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        if !self.planned {
            return Err(Unable(format!("nothing has been revealed to {NAME}")));
        }
        let state = state_of(percept, self.states)?;
        if percept.episode_begins || self.left == 0 {
            self.left = self.plan.horizon();
        }
        let action = self.plan.action(self.left, state);
        self.left -= 1;
        Ok(Action::Discrete(action))
    }
}
