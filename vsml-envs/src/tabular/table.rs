//! A Markov decision process as data: states, actions, what may come of each action, and where episodes start.
//!
//! Whatever has finitely many states is one of these, and many environments are best written as one: the dynamics are
//! then a value that can be looked at, compared with another's, and solved exactly (the methods beside this file). It is
//! checked once, when it is made, so that sampling cannot fail.
//!
//! A step or a start is sampled from one uniform number: the first outcome whose cumulative probability lies above it. So
//! does Gymnasium's toy text, whose recorded trajectories can therefore be followed to the letter.

use serde::{Deserialize, Serialize};

/// Probabilities that should sum to 1 may miss it by this much: sums of decimal fractions do.
const SUM_TOLERANCE: f64 = 1e-9;

/// One of the things that may come of an action.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// How likely it is.
    pub probability: f64,
    /// The state that follows.
    pub next: usize,
    /// The reward; its mean, where it has a `deviation`.
    #[serde(default)]
    pub reward: f64,
    /// Standard deviation of the reward, which is normal; 0 if it is always the same.
    #[serde(default)]
    pub deviation: f64,
    /// Whether the episode ends with it.
    #[serde(default)]
    pub terminated: bool,
}

impl Outcome {
    /// What is sure to happen: `next` follows with `reward`, and the episode goes on.
    pub fn certain(next: usize, reward: f64) -> Self {
        Outcome { probability: 1.0, next, reward, deviation: 0.0, terminated: false }
    }

    /// The same with this probability.
    pub fn with_probability(self, probability: f64) -> Self {
        Outcome { probability, ..self }
    }
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// There is nothing in it.
    #[error("a table of {states} states and {actions} actions: each must be at least 1")]
    Empty {
        /// How many states there are.
        states: usize,
        /// How many actions.
        actions: usize,
    },
    /// There are too few or too many rows.
    #[error("{rows} rows of outcomes for {states} states and {actions} actions: one for each pair is needed")]
    Rows {
        /// How many rows were given.
        rows: usize,
        /// How many states there are.
        states: usize,
        /// How many actions.
        actions: usize,
    },
    /// A probability is not one.
    #[error("{place}: {probability} is not a probability")]
    Probability {
        /// Where it stands.
        place: Place,
        /// What it is.
        probability: f64,
    },
    /// Probabilities do not sum to 1.
    #[error("{place}: the probabilities sum to {sum}, not to 1")]
    Sum {
        /// Where they stand.
        place: Place,
        /// Their sum.
        sum: f64,
    },
    /// An outcome leads nowhere.
    #[error("{place}: the next state is {next}, but the states are 0 to {}", states - 1)]
    Next {
        /// Where it stands.
        place: Place,
        /// Where it leads.
        next: usize,
        /// How many states there are.
        states: usize,
    },
    /// A reward, or its deviation, is not a number to reckon with.
    #[error(
        "{place}: a reward of {reward} with a deviation of {deviation}: both must be finite, and no deviation negative"
    )]
    Reward {
        /// Where it stands.
        place: Place,
        /// The reward.
        reward: f64,
        /// Its deviation.
        deviation: f64,
    },
}

/// A place in a table, for error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The distribution of the first state.
    Start,
    /// The outcomes of an action in a state.
    Row {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
    },
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Start => f.write_str("the start"),
            Place::Row { state, action } => write!(f, "state {state}, action {action}"),
        }
    }
}

/// A finite Markov decision process. States and actions are numbered from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    actions: usize,
    /// All outcomes, row after row; the row of action `a` in state `s` is number `s * actions + a`.
    outcomes: Vec<Outcome>,
    /// Where each row begins in `outcomes`, and at last where the last one ends.
    rows: Vec<usize>,
    start: Vec<f64>,
}

impl Table {
    /// The process of these outcomes: `rows[state * actions + action]` is what may come of `action` in `state`.
    /// `start[state]` is the probability that an episode begins in `state`, and there are as many states as it has numbers.
    ///
    /// # Errors
    /// If there is no state or no action, a row is missing or superfluous, probabilities are none or do not sum to 1, a
    /// next state does not exist, or a reward is not finite.
    pub fn new(actions: usize, rows: &[Vec<Outcome>], start: Vec<f64>) -> Result<Self, TableError> {
        let states = start.len();
        if states == 0 || actions == 0 {
            return Err(TableError::Empty { states, actions });
        }
        if states.checked_mul(actions) != Some(rows.len()) {
            return Err(TableError::Rows { rows: rows.len(), states, actions });
        }
        check_distribution(Place::Start, start.iter().copied())?;
        for (index, row) in rows.iter().enumerate() {
            let place = Place::Row { state: index / actions, action: index % actions };
            check_distribution(place, row.iter().map(|outcome| outcome.probability))?;
            for &Outcome { next, reward, deviation, .. } in row {
                if next >= states {
                    return Err(TableError::Next { place, next, states });
                }
                if !(reward.is_finite() && deviation.is_finite() && deviation >= 0.0) {
                    return Err(TableError::Reward { place, reward, deviation });
                }
            }
        }
        let mut begins = vec![0];
        begins.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        Ok(Table { actions, outcomes: rows.concat(), rows: begins, start })
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.start.len()
    }

    /// How many actions there are, in every state.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// The probability with which an episode begins in each state.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// What may come of `action` in `state`.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn outcomes(&self, state: usize, action: usize) -> &[Outcome] {
        assert!(action < self.actions, "action {action} of {}", self.actions);
        let row = state * self.actions + action;
        &self.outcomes[self.rows[row]..self.rows[row + 1]]
    }

    /// The state in which the episode of this luck begins: a uniform number from `[0, 1)`.
    pub fn sample_start(&self, luck: f64) -> usize {
        first_above(self.start.iter().copied(), luck)
    }

    /// What comes of `action` in `state` with this luck: a uniform number from `[0, 1)`.
    ///
    /// # Panics
    /// If there is no such state or action.
    pub fn sample(&self, state: usize, action: usize, luck: f64) -> &Outcome {
        let outcomes = self.outcomes(state, action);
        &outcomes[first_above(outcomes.iter().map(|outcome| outcome.probability), luck)]
    }
}

fn check_distribution(place: Place, probabilities: impl Iterator<Item = f64>) -> Result<(), TableError> {
    let mut sum = 0.0;
    for probability in probabilities {
        if !(0.0..=1.0).contains(&probability) {
            return Err(TableError::Probability { place, probability });
        }
        sum += probability;
    }
    if (sum - 1.0).abs() > SUM_TOLERANCE { Err(TableError::Sum { place, sum }) } else { Ok(()) }
}

/// The first place at which the cumulative probability lies above `luck`. Where rounding leaves the whole sum below it,
/// the last place that is possible at all (Gymnasium takes the first place then, possible or not).
fn first_above(probabilities: impl Iterator<Item = f64>, luck: f64) -> usize {
    let (mut sum, mut last_possible) = (0.0, 0);
    for (place, probability) in probabilities.enumerate() {
        sum += probability;
        if sum > luck {
            return place;
        }
        if probability > 0.0 {
            last_possible = place;
        }
    }
    last_possible
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_states() -> (Vec<Vec<Outcome>>, Vec<f64>) {
        let stay = |state| vec![Outcome::certain(state, 0.0)];
        let leap =
            vec![Outcome::certain(0, -1.0).with_probability(0.25), Outcome::certain(1, 2.0).with_probability(0.75)];
        (vec![stay(0), leap, stay(1), stay(1)], vec![1.0, 0.0])
    }

    fn refused(spoil: impl Fn(&mut Vec<Vec<Outcome>>, &mut Vec<f64>)) -> TableError {
        let (mut rows, mut start) = two_states();
        spoil(&mut rows, &mut start);
        Table::new(2, &rows, start).unwrap_err()
    }

    #[test]
    fn a_table_gives_back_what_it_was_made_of() {
        let (rows, start) = two_states();
        let table = Table::new(2, &rows, start.clone()).unwrap();
        assert_eq!((table.states(), table.actions(), table.start()), (2, 2, start.as_slice()));
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(table.outcomes(index / 2, index % 2), row);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let (_, start) = two_states();
        assert_eq!(Table::new(0, &[], start), Err(TableError::Empty { states: 2, actions: 0 }));
        assert_eq!(Table::new(2, &[], vec![]), Err(TableError::Empty { states: 0, actions: 2 }));
        let error = refused(|rows, _| rows.truncate(3));
        assert_eq!(error, TableError::Rows { rows: 3, states: 2, actions: 2 });
        let place = Place::Row { state: 0, action: 1 };
        let error = refused(|rows, _| rows[1][0].probability = 0.5);
        assert_eq!(error, TableError::Sum { place, sum: 1.25 });
        assert_eq!(error.to_string(), "state 0, action 1: the probabilities sum to 1.25, not to 1");
        assert_eq!(refused(|rows, _| rows[1].clear()), TableError::Sum { place, sum: 0.0 });
        let error = refused(|rows, _| rows[1][0].probability = -0.25);
        assert_eq!(error, TableError::Probability { place, probability: -0.25 });
        assert!(matches!(refused(|rows, _| rows[1][1].probability = f64::NAN), TableError::Probability { .. }));
        let error = refused(|rows, _| rows[1][1].next = 2);
        assert_eq!(error, TableError::Next { place, next: 2, states: 2 });
        assert!(error.to_string().ends_with("the next state is 2, but the states are 0 to 1"), "{error}");
        assert!(matches!(refused(|rows, _| rows[1][1].reward = f64::INFINITY), TableError::Reward { .. }));
        assert!(matches!(refused(|rows, _| rows[1][1].deviation = -1.0), TableError::Reward { .. }));
        assert_eq!(refused(|_, start| start[0] = 0.5), TableError::Sum { place: Place::Start, sum: 0.5 });
        assert!(refused(|_, start| start[1] = 2.0).to_string().starts_with("the start: 2"));
    }

    #[test]
    fn the_first_cumulative_probability_above_the_uniform_decides() {
        let (rows, _) = two_states();
        let table = Table::new(2, &rows, vec![0.5, 0.5]).unwrap();
        assert_eq!([0.0, 0.499, 0.5, 0.999].map(|luck| table.sample_start(luck)), [0, 0, 1, 1]);
        assert_eq!([0.0, 0.2499, 0.25, 0.999].map(|luck| table.sample(0, 1, luck).next), [0, 0, 1, 1]);
        let thirds = |luck| first_above([0.1; 10].into_iter().chain([0.0]), luck);
        assert!([0.1; 10].iter().sum::<f64>() < 1.0, "the point of the next line");
        assert_eq!(thirds(1.0 - f64::EPSILON / 2.0), 9, "never what is impossible");
    }
}
