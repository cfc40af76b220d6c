//! A table from a file: an environment of your own without a line of code.

use super::{Outcome, Table, TabularEnvironment};
use crate::registry::Family;
use crate::wrappers::TimeLimit;
use crate::{Environment, Rng, TaskDistribution};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

/// The example, and what there is without a file.
const RIVER_SWIM: &str = include_str!("river_swim.json");

/// What a file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    /// The probability of each first state; state 0 if left out.
    start: Option<Vec<f64>>,
    /// `transitions[state][action]` is what may come of it.
    transitions: Vec<Vec<Vec<Outcome>>>,
}

/// Reads a table; `name` is for error messages.
fn read(name: &str, file: impl Read) -> Result<Table, String> {
    let mut deserializer = serde_json::Deserializer::from_reader(file);
    let TableFile { start, transitions } = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| format!("`{name}`: `{}`: {}", error.path(), error.inner()))?;
    deserializer.end().map_err(|error| format!("`{name}`: there is more after the table: {error}"))?;
    let states = transitions.len();
    let actions = transitions.first().map_or(0, Vec::len);
    if let Some(state) = transitions.iter().position(|rows| rows.len() != actions) {
        let given = transitions[state].len();
        return Err(format!(
            "`{name}`: state {state} has {given} actions and state 0 has {actions}: all must have as many"
        ));
    }
    let start = start.unwrap_or_else(|| (0..states).map(|state| if state == 0 { 1.0 } else { 0.0 }).collect());
    if start.len() != states {
        let given = start.len();
        return Err(format!(
            "`{name}`: `start` has {given} numbers and `transitions` {states} states: as many are needed"
        ));
    }
    Table::new(actions, &transitions.concat(), start).map_err(|error| format!("`{name}`: {error}"))
}

/// Tables from files: `Table-v0`.
///
/// # Description
/// Any finite Markov decision process, read from a file in JSON. It is the same in each task: let `permute_actions` and
/// `permute_observations` make tasks of it. The example, RiverSwim, is `src/tabular/river_swim.json`:
///
/// ```json
/// {
///   "start": [0.5, 0.5],
///   "transitions": [
///     [[{"probability": 1, "next": 0}], [{"probability": 0.9, "next": 1, "reward": 2}, {"probability": 0.1, "next": 0}]],
///     [[{"probability": 1, "next": 0}], [{"probability": 1, "next": 1, "deviation": 0.5, "terminated": true}]]
///   ]
/// }
/// ```
///
/// `transitions[state][action]` lists what may come of an action: its `probability`, the `next` state, the `reward` (0 if
/// left out), its standard `deviation` (0) and whether the episode has `terminated` (no). `start` holds the probability of
/// each first state; without it, episodes start in state 0. All states have as many actions.
///
/// # Action space
/// `Discrete(actions)`.
///
/// # Observation space
/// `Discrete(states)`, one-hot: the state.
///
/// # Rewards
/// As the file says. In RiverSwim 0.0005 for swimming left in state 0 and 1 for holding out in state 5.
///
/// # Starting state
/// As the file says. In RiverSwim states 1 and 2, equally likely.
///
/// # Episode end
/// Terminated as the file says, truncated after `max_episode_steps`, 20.
///
/// # Arguments
/// `file` (empty), `max_episode_steps` (20): the fields below. A name with a comma cannot be written in an id.
///
/// # Differences from the source
/// RiverSwim (Strehl & Littman 2008) is a swimmer in a river of six places, whom the current carries back: swimming left
/// always succeeds, swimming right often does not. Its rewards were 5 and 10000; here both are divided by 10000. The
/// probabilities are those of later implementations and have not been compared with the paper.
///
/// # Version history
/// v0: first version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tables {
    /// The file; RiverSwim, the example, if empty.
    pub file: String,
    /// An episode is truncated after so many steps.
    pub max_episode_steps: u64,
    /// The table, once loaded.
    #[serde(skip)]
    table: Option<Arc<Table>>,
}

impl Default for Tables {
    fn default() -> Self {
        Tables { file: String::new(), max_episode_steps: 20, table: None }
    }
}

impl TaskDistribution for Tables {
    /// # Panics
    /// If [`Family::load`] has not been called; the registry does.
    fn sample(&self, _: &mut Rng) -> Box<dyn Environment> {
        match &self.table {
            Some(table) => Box::new(TimeLimit::new(TabularEnvironment::new(table.clone()), self.max_episode_steps)),
            None => panic!("the table must be loaded (`Family::load`) before a task is drawn"),
        }
    }
}

impl Family for Tables {
    fn check(&self) -> Result<(), String> {
        super::check_limit(self.max_episode_steps)
    }

    fn load(&mut self) -> Result<(), String> {
        let table = if self.file.is_empty() {
            read("river_swim.json", RIVER_SWIM.as_bytes())?
        } else {
            let unreadable = |error| format!("`file` is `{}`: the file cannot be read: {error}", self.file);
            read(&self.file, BufReader::new(File::open(&self.file).map_err(unreadable)?))?
        };
        self.table = Some(Arc::new(table));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;

    fn refused(text: &str) -> String {
        read("test.json", text.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        let text = r#"{"transitions": [[[{"probability": 1, "next": 1}]], [[{"probability": 1, "next": 0, "reward": 2,
            "deviation": 0.5, "terminated": true}]]]}"#;
        let table = read("test.json", text.as_bytes()).unwrap();
        assert_eq!(table.start(), [1.0, 0.0]);
        assert_eq!(table.outcomes(0, 0), [Outcome::certain(1, 0.0)]);
        let last = Outcome { probability: 1.0, next: 0, reward: 2.0, deviation: 0.5, terminated: true };
        assert_eq!(table.outcomes(1, 0), [last]);
    }

    #[test]
    fn a_faulty_file_is_refused_with_the_place_of_the_fault() {
        let error = refused(r#"{"transitions": [[[{"probability": 1, "next": 0, "rewards": 2}]]]}"#);
        assert!(error.contains("`transitions[0][0][0]") && error.contains("rewards"), "{error}");
        assert!(refused(r#"{"transitions": []}"#).contains("0 states"));
        assert!(refused(r#"{"transitions": [[[{"probability": 0.5, "next": 0}]]]}"#).contains("state 0, action 0"));
        let ragged = r#"{"transitions": [[[{"probability": 1, "next": 0}]], []]}"#;
        assert!(refused(ragged).contains("state 1 has 0 actions and state 0 has 1"), "{}", refused(ragged));
        let start = r#"{"start": [0.5, 0.5], "transitions": [[[{"probability": 1, "next": 0}]]]}"#;
        assert!(refused(start).contains("`start` has 2"), "{}", refused(start));
        assert!(refused(r#"{"transitions": [[[{"probability": 1, "next": 0}]]]} {}"#).contains("more after the table"));
        assert!(
            Registry::builtin().make("Table-v0:file=no/such/file").unwrap_err().to_string().contains("no/such/file")
        );
    }

    #[test]
    fn a_file_makes_the_tasks() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"transitions": [[[{"probability": 1, "next": 0, "reward": 7}]]]}"#).unwrap();
        let tasks = Registry::builtin().make(&format!("Table-v0:file={}", file.path().display())).unwrap();
        let task = tasks.distribution.sample(&mut crate::stream(0, "table file", &[]));
        assert_eq!(task.table().unwrap().outcomes(0, 0), [Outcome::certain(0, 7.0)]);
    }

    #[test]
    fn in_river_swim_it_pays_to_hold_out() {
        let table = read("river_swim.json", RIVER_SWIM.as_bytes()).unwrap();
        assert_eq!((table.states(), table.actions()), (6, 2));
        let values = table.optimal_values(0.99, 1e-9);
        assert!((0..6).all(|state| table.best_action(state, 0.99, &values).0 == 1), "swims right everywhere");
        assert_eq!(table.plan(5, 1.0).action(1, 0), 0, "but not if the last place is out of reach");
    }
}
