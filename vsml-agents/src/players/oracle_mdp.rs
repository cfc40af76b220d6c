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
//! The table's states are the environment's own. A wrapper that shows them in another order would make a fool of the player,
//! so it looks at what it sees: if a guess in the dark, every state equally likely, ever explains that a billion
//! times as well as the table does, the table is not of what it sees, and it refuses to play. A true table comes under this
//! suspicion less often than once in a billion lives (Ville's inequality: the ratio of the two likelihoods is a martingale).
//! To find out takes some ten to a hundred steps; a life that ends before is played in good faith.

use super::planner::Plan;
use super::tabular::{shape, state_of};
use crate::learner::{Learner, Secrets, Unable};
use vsml_envs::tabular::Table;
use vsml_envs::{Action, Feedback, Percept, Rng, Space};

const NAME: &str = "the oracle of processes";

/// The logarithm of how much better a guess explains what is seen when the table is given up.
const SUSPICION: f64 = 20.7;

/// The best policy of the true process.
pub struct OracleMdp {
    horizon: usize,
    states: usize,
    actions: usize,
    plan: Plan,
    planned: bool,
    /// Steps that are left of the plan.
    left: usize,
    /// State and action whose outcome is to come.
    acted: Option<(usize, usize)>,
    /// State and action before, if there are any, and the state that was seen then: not looked up in the table yet.
    seen: Option<(Option<(usize, usize)>, usize)>,
    /// How much better a guess explains what was seen, as the logarithm of a ratio of likelihoods.
    suspicion: f64,
}

impl OracleMdp {
    /// Plans `horizon` steps ahead, 1 to [`MAX_HORIZON`](super::MAX_HORIZON).
    pub fn new(horizon: usize) -> Self {
        OracleMdp {
            horizon,
            states: 0,
            actions: 0,
            plan: Plan::default(),
            planned: false,
            left: 0,
            acted: None,
            seen: None,
            suspicion: 0.0,
        }
    }

    /// Looks up how likely what was seen is.
    fn doubt(&mut self, table: &Table) -> Result<(), Unable> {
        let Some((before, state)) = self.seen.take() else { return Ok(()) };
        let probability: f64 = match before {
            None => table.start()[state],
            Some((before, action)) => {
                let outcomes = table.outcomes(before, action).iter();
                outcomes.filter(|outcome| outcome.next == state && !outcome.terminated).map(|o| o.probability).sum()
            }
        };
        self.suspicion -= (probability * self.states as f64).ln();
        if self.suspicion > SUSPICION {
            return Err(Unable(format!("{NAME} does not see the states that the table is about: are they permuted?")));
        }
        Ok(())
    }
}

impl Learner for OracleMdp {
    fn begin(&mut self, observation: &Space, action: &Space, _: &mut Rng) -> Result<(), Unable> {
        (self.states, self.actions) = shape(NAME, observation, action)?;
        self.plan.begin(NAME, self.horizon, self.states, self.actions)?;
        (self.planned, self.left, self.suspicion) = (false, 0, 0.0);
        (self.acted, self.seen) = (None, None);
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
        self.doubt(table)
    }

    fn act(&mut self, percept: &Percept<'_>, _: &mut Rng) -> Result<Action<'_>, Unable> {
        if !self.planned {
            return Err(Unable(format!("nothing has been revealed to {NAME}")));
        }
        let state = state_of(percept, self.states)?;
        let before = self.acted.take();
        if percept.episode_begins {
            self.seen = Some((None, state));
        } else if before.is_some() {
            self.seen = Some((before, state));
        }
        if percept.episode_begins || self.left == 0 {
            self.left = self.plan.horizon();
        }
        let action = self.plan.action(self.left, state);
        self.left -= 1;
        self.acted = Some((state, action));
        Ok(Action::Discrete(action))
    }

    fn feedback(&mut self, feedback: &Feedback) {
        if feedback.episode_ended() {
            self.acted = None;
        }
    }
}
