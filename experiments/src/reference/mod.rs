//! `vsml reference`: reference players beside the numbers that others published or computed for them.
//!
//! A yardstick has to be right itself. This plays the human-made players on the tasks of well-known tables, many lives each, and
//! says how far they are from numbers that were computed independently: in standard errors of the difference, so that 3 or
//! more is a reason to look for a mistake, and of a hundred cells one beyond 2.6 is not. It is also the command that makes
//! `experiments/results/reference.md`.
//!
//! Players whose parameter is "the best" are chosen on validation tasks, and the table says which it was.

mod data;
mod page;

use crate::arguments::{Machine, ReferenceArguments};
use crate::exit;
use crate::machine::STOP;
use crate::output::{check_folder_of, note, say};
use crate::run_folder::write;
use anyhow::{Result, bail};
use data::{Column, Measure, Table};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use vsml_agents::statistics::{mean, standard_error};
use vsml_agents::{Unable, evaluation, players};
use vsml_envs::{Registry, Split, Tasks, nearest};

/// Of the lifetimes of a cell, candidates get one in so many to be chosen by.
const SELECTION_SHARE: u64 = 4;

/// What somebody got.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Who plays.
    pub player: String,
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
    /// Lives that it is the mean of.
    pub lives: usize,
}

/// A number of a table beside what it is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What was found here, or why nothing was.
    pub found: Result<Found, String>,
    /// What was computed elsewhere, as it was printed.
    pub computed: Option<String>,
    /// What the paper says.
    pub paper: Option<String>,
    /// Standard errors between what was found and what was computed.
    pub apart: Option<f64>,
}

/// Plays the tables that are asked for, prints them, and writes the page if one is wanted.
pub fn reference(registry: &Registry, arguments: &ReferenceArguments) -> Result<ExitCode> {
    let tables = chosen(&arguments.tables)?;
    if let Some(path) = &arguments.out {
        check_folder_of(path)?;
    }
    let lifetimes = arguments.lifetimes;
    let bar = ProgressBar::new(tables.iter().map(|table| lives(table, lifetimes)).sum());
    let style = "{pos}/{len} lives {wide_bar} {msg}  [{elapsed} gone, {eta} left]";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    // No player asks for a kernel.
    let machine = Machine { threads: arguments.threads, kernel: None };
    let stage = Stage { registry, lifetimes, seed: arguments.seed, machine: &machine, bar: &bar };
    say(format_args!("{}\n", page::LEGEND));
    let mut played = Vec::new();
    for table in tables {
        let Some(cells) = stage.play(&table)? else { break };
        bar.suspend(|| say(page::text(&table, &cells)));
        played.push((table, cells));
    }
    bar.finish_and_clear();
    if STOP.load(Relaxed) {
        note("interrupted; a table that was not finished is lost, and no page is written");
        return Ok(ExitCode::from(exit::STOPPED));
    }
    if let Some(path) = &arguments.out {
        write(path, page::markdown(&played, lifetimes, arguments.seed).as_bytes())?;
        say(format_args!("page  {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The tables of these names, in the order of the file; all of them if none is named.
fn chosen(names: &[String]) -> Result<Vec<Table>> {
    let mut tables = data::tables()?;
    let known: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        let meant = nearest(unknown, known.iter().map(String::as_str));
        let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        bail!("there is no table `{unknown}`{meant}; there are: {}", known.join(", "));
    }
    tables.retain(|table| names.is_empty() || names.contains(&table.name));
    Ok(tables)
}

/// Lives that a table takes.
fn lives(table: &Table, lifetimes: u64) -> u64 {
    let column = |column: &Column| {
        let rows = table.rows.len();
        let choices = if column.chosen_on.is_some() { 1 } else { rows } * column.candidates.len();
        let playing = (0..rows).filter(|&row| column.player(row).is_some() || !column.candidates.is_empty()).count();
        choices as u64 * selection(lifetimes) + playing as u64 * lifetimes
    };
    table.columns.iter().map(column).sum()
}

/// Lives of each candidate.
fn selection(lifetimes: u64) -> u64 {
    lifetimes.div_ceil(SELECTION_SHARE)
}

/// Where tables are played.
struct Stage<'a> {
    registry: &'a Registry,
    lifetimes: u64,
    seed: u64,
    machine: &'a Machine,
    bar: &'a ProgressBar,
}

impl Stage<'_> {
    /// All cells, column by column; nothing if a signal came.
    fn play(&self, table: &Table) -> Result<Option<Vec<Vec<Cell>>>> {
        let ids: Vec<String> = table.rows.iter().map(|row| row.tasks.clone()).collect();
        let tasks = ids.iter().map(|id| self.registry.make(id)).collect::<Result<Vec<_>, _>>()?;
        self.machine.run(|| {
            let mut columns = Vec::new();
            for column in &table.columns {
                let mut best = BTreeMap::new();
                let mut cells = Vec::new();
                for (row, tasks) in tasks.iter().enumerate() {
                    if STOP.load(Relaxed) {
                        return Ok(None);
                    }
                    let found = match self.player(table.measure, column, row, tasks, &mut best)? {
                        None => Err(column.absent.clone()),
                        Some(player) => self.live(&player, tasks, Split::Test, self.lifetimes, table.measure),
                    };
                    cells.push(cell(table, column, row, found));
                }
                columns.push(cells);
            }
            Ok(Some(columns))
        })
    }

    /// Who plays in a row; `best` remembers who was the best of the candidates where.
    fn player(
        &self,
        measure: Measure,
        column: &Column,
        row: usize,
        tasks: &Tasks,
        best: &mut BTreeMap<String, String>,
    ) -> Result<Option<String>> {
        if column.candidates.is_empty() {
            return Ok(column.player(row).map(str::to_string));
        }
        let elsewhere = match &column.chosen_on {
            Some(id) => Some(self.registry.make(id)?),
            None => None,
        };
        let tasks = elsewhere.as_ref().unwrap_or(tasks);
        if let Some(known) = best.get(&tasks.id) {
            return Ok(Some(known.clone()));
        }
        let mut greatest: Option<Found> = None;
        for candidate in &column.candidates {
            let found = self.live(candidate, tasks, Split::Validation, selection(self.lifetimes), measure);
            if let Ok(found) = found
                && greatest.as_ref().is_none_or(|greatest| measure.better(found.mean, greatest.mean))
            {
                greatest = Some(found);
            }
        }
        let player = greatest.map(|found| found.player);
        player.iter().for_each(|player| drop(best.insert(tasks.id.clone(), player.clone())));
        Ok(player.or_else(|| column.candidates.first().cloned()))
    }

    /// What a player gets, or why nothing.
    fn live(&self, player: &str, tasks: &Tasks, split: Split, lives: u64, measure: Measure) -> Result<Found, String> {
        self.bar.set_message(format!("{player} on {}", tasks.id));
        let make = || players::make(player).map_err(|error| Unable(error.to_string()));
        let progress = |lives| self.bar.inc(lives);
        let scenario = tasks.clone().into();
        let evaluation = evaluation::evaluate(player, &make, &scenario, split, self.seed, lives, &progress);
        if let Some(reason) = evaluation.unsuited {
            return Err(reason);
        }
        let values: Option<Vec<f64>> = evaluation
            .lives
            .iter()
            .map(|life| match measure {
                Measure::Reward => Some(life.reward),
                Measure::Regret => life.regret,
            })
            .collect();
        match values {
            Some(values) if values.len() > 1 => {
                let (mean, error) = (mean(&values), standard_error(&values));
                Ok(Found { player: player.into(), mean, error, lives: values.len() })
            }
            _ => Err(format!("too few lives of which the {} is known", measure.name())),
        }
    }
}

/// What was found beside what it is held against.
fn cell(table: &Table, column: &Column, row: usize, found: Result<Found, String>) -> Cell {
    let computed = column.computed.get(row).cloned();
    let apart = found.as_ref().ok().zip(computed.as_ref()).and_then(|(found, computed)| {
        // Theirs are lives like ours, which spread as much.
        let as_ours = || found.error * (found.lives as f64 / table.rows[row].runs).sqrt();
        apart(found, computed, column.errors.get(row).copied().unwrap_or_else(as_ours))
    });
    Cell { found, computed, paper: column.paper.get(row).cloned(), apart }
}

/// Standard errors between what was found and a printed number whose own error is `theirs`. Half a unit of its last digit is
/// granted to its rounding.
fn apart(found: &Found, printed: &str, theirs: f64) -> Option<f64> {
    let number: f64 = printed.parse().ok()?;
    let digits = printed.split_once('.').map_or(0, |(_, digits)| digits.len());
    let beyond = (found.mean - number).abs() - 0.5 * 0.1f64.powi(digits as i32);
    // What never varies is right or wrong.
    Some(if beyond <= 0.0 { 0.0 } else { beyond / found.error.hypot(theirs) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mean: f64, error: f64) -> Found {
        Found { player: "greedy".into(), mean, error, lives: 100 }
    }

    #[test]
    fn what_lies_between_is_counted_in_standard_errors_of_the_difference() {
        assert_eq!(apart(&found(75.65, 0.3), "75.7", 0.4), Some(0.0), "that is how 75.65 is printed");
        let one = apart(&found(76.25, 0.3), "75.7", 0.4).unwrap();
        assert!((one - 1.0).abs() < 1e-9, "{one}");
        assert!((apart(&found(8.0, 0.0), "10", 0.5).unwrap() - 3.0).abs() < 1e-9);
        assert_eq!(apart(&found(8.0, 0.0), "10", 0.0), Some(f64::INFINITY));
    }

    #[test]
    fn computed_numbers_without_an_error_have_that_of_as_many_lives_as_they_are_means_of() {
        let table = data::tables().unwrap().remove(0);
        // Ours are 100 lives, theirs 50,000.
        let cell = cell(&table, &table.columns[0], 0, Ok(found(5.995, 0.1)));
        let expected = 1.0 / (0.01f64 + 0.01 * 100.0 / 50_000.0).sqrt();
        assert!((cell.apart.unwrap() - expected).abs() < 1e-9, "{cell:?}");
        assert_eq!((cell.computed.as_deref(), cell.paper.as_deref()), (Some("4.99"), Some("5.0")));
    }

    #[test]
    fn tables_are_chosen_by_name_in_their_own_order() {
        let names = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            chosen(&names).map(|tables| tables.into_iter().map(|table| table.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), ["bandits", "two-armed", "mdps"]);
        assert_eq!(names(&["mdps", "bandits"]).unwrap(), ["bandits", "mdps"]);
        assert!(names(&["mdp"]).unwrap_err().to_string().contains("did you mean `mdps`?"));
    }
}
