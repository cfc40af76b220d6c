//! The numbers that reference players are held against, as they stand in `experiments/reference/numbers.toml`.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The file, which is part of the program.
const NUMBERS: &str = include_str!("../../reference/numbers.toml");

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// The sum of rewards of a life: the more the better.
    Reward,
    /// The expected regret of a life: the less the better.
    Regret,
}

impl Measure {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Reward => "reward",
            Measure::Regret => "regret",
        }
    }

    /// Whether `found` is better than `other`.
    pub fn better(self, found: f64, other: f64) -> bool {
        match self {
            Measure::Reward => found > other,
            Measure::Regret => found < other,
        }
    }
}

/// A table of players on task distributions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What it is called on the command line.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// Where the numbers are from.
    pub source: String,
    /// What is measured.
    pub measure: Measure,
    /// What a reader has to know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The task distributions.
    pub rows: Vec<Row>,
    /// The players.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
}

/// A task distribution.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it is called in the table.
    pub label: String,
    /// Its id with parameters.
    pub tasks: String,
    /// Lives that the computed numbers are means of.
    pub runs: f64,
}

/// A player, and its numbers row by row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What it is called in the table.
    pub name: String,
    /// Who plays: one for all rows or one for each, an empty name where there is none.
    #[serde(default)]
    pub players: Vec<String>,
    /// Those of whom the best on validation tasks plays.
    #[serde(default)]
    pub candidates: Vec<String>,
    /// Where the best is found, for all rows; if nothing is said, on each row's own tasks.
    pub chosen_on: Option<String>,
    /// Why nobody plays where nobody does.
    #[serde(default)]
    pub absent: String,
    /// Computed numbers, as they were printed.
    #[serde(default)]
    pub computed: Vec<String>,
    /// Their standard errors, where those are known.
    #[serde(default)]
    pub errors: Vec<f64>,
    /// The paper's numbers, as they were printed.
    #[serde(default)]
    pub paper: Vec<String>,
}

impl Column {
    /// Who plays in a row, if somebody is named.
    pub fn player(&self, row: usize) -> Option<&str> {
        let player = if self.players.len() == 1 { self.players.first() } else { self.players.get(row) };
        player.map(String::as_str).filter(|player| !player.is_empty())
    }
}

/// All tables.
///
/// # Errors
/// If the file is not what it should be.
pub fn tables() -> Result<Vec<Table>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        table: Vec<Table>,
    }
    let file: File = toml::from_str(NUMBERS).context("the reference numbers")?;
    for table in &file.table {
        for column in &table.columns {
            check(table, column)
                .with_context(|| format!("the reference numbers of {} in {}", column.name, table.name))?;
        }
    }
    Ok(file.table)
}

fn check(table: &Table, column: &Column) -> Result<()> {
    let rows = table.rows.len();
    for (name, len) in
        [("computed", column.computed.len()), ("errors", column.errors.len()), ("paper", column.paper.len())]
    {
        ensure!(len == 0 || len == rows, "{len} numbers in `{name}` for {rows} rows");
    }
    ensure!([0, 1, rows].contains(&column.players.len()), "{} players for {rows} rows", column.players.len());
    ensure!(column.players.is_empty() || column.candidates.is_empty(), "both players and candidates");
    let nobody = column.candidates.is_empty() && (0..rows).any(|row| column.player(row).is_none());
    ensure!(nobody != column.absent.is_empty(), "`absent` says why nobody plays, and only then");
    for number in column.computed.iter().chain(&column.paper) {
        ensure!(number.parse::<f64>().is_ok_and(f64::is_finite), "`{number}` is not a number");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_agents::players;
    use vsml_envs::Registry;

    #[test]
    fn every_task_and_player_of_the_file_exists() {
        let registry = Registry::builtin();
        for table in tables().unwrap() {
            for row in &table.rows {
                registry.make(&row.tasks).unwrap();
                assert!(row.runs >= 1.0, "{}", row.label);
            }
            for column in &table.columns {
                column.chosen_on.iter().for_each(|id| drop(registry.make(id).unwrap()));
                for player in column.players.iter().chain(&column.candidates).filter(|player| !player.is_empty()) {
                    players::make(player).unwrap_or_else(|error| panic!("{error}"));
                }
            }
        }
    }

    #[test]
    fn a_column_that_does_not_fit_is_refused() {
        let mut table = tables().unwrap().remove(0);
        let mut refused = |spoil: fn(&mut Column)| {
            spoil(&mut table.columns[0]);
            let message = check(&table, &table.columns[0]).unwrap_err().to_string();
            table = tables().unwrap().remove(0);
            message
        };
        assert!(refused(|column| drop(column.computed.pop())).contains("8 numbers in `computed` for 9 rows"));
        assert!(refused(|column| column.paper[3] = "49,9".into()).contains("`49,9`"));
        assert!(refused(|column| column.absent = "asleep".into()).contains("only then"));
        assert!(refused(|column| column.players.clear()).contains("why nobody plays"));
        assert!(refused(|column| column.candidates.push("greedy".into())).contains("both"));
        assert!(refused(|column| column.players.push("greedy".into())).contains("2 players for 9 rows"));
    }
}
