//! Metrics for other programs: `metrics.csv` for spreadsheets, and an event file for TensorBoard.
//!
//! Both are derived from `metrics.jsonl` and `timing.jsonl`, and nobody reads them here. They are written anew whenever training
//! begins or goes on, and then grow with each generation. So they hold what those two files hold, whenever a run was stopped.

use crate::exit::DiskFailure;
use crate::run_folder::RunFolder;
use crate::tensorboard;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use vsml_agents::GenerationMetrics;

/// The name of the table in a run's folder.
pub const TABLE_NAME: &str = "metrics.csv";

/// A number of a generation, where there is one.
type Scalar = fn(&GenerationMetrics) -> Option<f64>;

/// What every generation has a column for, beside its number.
const SCALARS: [(&str, Scalar); 11] = [
    ("steps", |metrics| Some(metrics.steps as f64)),
    ("fitness/mean", |metrics| metrics.fitness_mean),
    ("fitness/best", |metrics| metrics.fitness_best),
    ("fitness/deviation", |metrics| metrics.fitness_deviation),
    ("loss", |metrics| metrics.loss),
    ("members/all", |metrics| Some(metrics.members as f64)),
    ("members/valid", |metrics| Some(metrics.valid_members as f64)),
    ("faults", |metrics| Some(metrics.faults.values().sum::<u64>() as f64)),
    ("norm/theta", |metrics| Some(metrics.theta_norm)),
    ("norm/update", |metrics| Some(metrics.update_norm)),
    ("validation/score", |metrics| metrics.validation.as_ref()?.score),
];

/// Both files of a run.
pub struct Exports {
    table: Export,
    /// The names of the table's columns, without the first.
    columns: Vec<String>,
    events: Export,
    /// Seconds spent in training so far: the only clock that a run keeps, and so the time of its events.
    seconds: f64,
}

impl Exports {
    /// Writes both files from what is in the folder, to add to them.
    ///
    /// # Errors
    /// What the system says; as [`RunFolder::metrics`].
    pub fn write(folder: &RunFolder) -> Result<Self> {
        let generations = folder.metrics()?;
        let (columns, table) = table(&generations)?;
        let times = folder.seconds_by_generation()?;
        let mut events = tensorboard::beginning(0.0);
        let mut time = 0.0;
        for metrics in &generations {
            time = times.get(&metrics.generation).copied().unwrap_or(time);
            events.extend(event(metrics, time));
        }
        Ok(Exports {
            table: Export::write(folder.file(TABLE_NAME), &table)?,
            columns,
            events: Export::write(folder.file(tensorboard::FILE_NAME), &events)?,
            seconds: folder.seconds()?,
        })
    }

    /// Adds a generation, which took so many seconds and is in the folder's other files already.
    ///
    /// # Errors
    /// As [`Exports::write`].
    pub fn append(&mut self, folder: &RunFolder, metrics: &GenerationMetrics, seconds: f64) -> Result<()> {
        self.seconds += seconds;
        self.events.append(&event(metrics, self.seconds))?;
        if of_tasks(metrics).iter().all(|(name, _)| self.columns.contains(name)) {
            return self.table.append(&row(&self.columns, metrics)?);
        }
        // The first validation, or the first on other tasks.
        let (columns, table) = table(&folder.metrics()?)?;
        self.columns = columns;
        self.table = Export::write(folder.file(TABLE_NAME), &table)?;
        Ok(())
    }
}

/// The means of validation on each distribution, by name.
fn of_tasks(metrics: &GenerationMetrics) -> Vec<(String, Option<f64>)> {
    let Some(validation) = &metrics.validation else { return Vec::new() };
    let rewards = validation.reward.iter().map(|(tasks, reward)| (format!("validation/{tasks}"), *reward));
    let regrets = validation.regret.iter().map(|(tasks, regret)| (format!("regret/{tasks}"), Some(*regret)));
    rewards.chain(regrets).collect()
}

/// The event of a generation, at so many seconds of training.
fn event(metrics: &GenerationMetrics, seconds: f64) -> Vec<u8> {
    let always = SCALARS.iter().map(|(name, scalar)| (name.to_string(), scalar(metrics)));
    let scalars: Vec<(String, Option<f64>)> = always.chain(of_tasks(metrics)).collect();
    let there = scalars.iter().filter_map(|(name, value)| Some((name.as_str(), (*value)? as f32)));
    tensorboard::scalars(seconds, metrics.generation, there)
}

/// The table of these generations, with the names of its columns: those that all have, then those of all validations.
fn table(generations: &[GenerationMetrics]) -> Result<(Vec<String>, Vec<u8>)> {
    let of_tasks: BTreeSet<String> = generations.iter().flat_map(of_tasks).map(|(name, _)| name).collect();
    let columns: Vec<String> = SCALARS.iter().map(|(name, _)| name.to_string()).chain(of_tasks).collect();
    let heading = std::iter::once("generation").chain(columns.iter().map(String::as_str));
    let mut table = line(heading)?;
    for metrics in generations {
        table.extend(row(&columns, metrics)?);
    }
    Ok((columns, table))
}

/// A line of the table; what a generation does not have is left empty.
fn row(columns: &[String], metrics: &GenerationMetrics) -> Result<Vec<u8>> {
    let of_tasks = of_tasks(metrics);
    let always = SCALARS.iter().map(|(_, scalar)| scalar(metrics));
    let validated = columns.iter().skip(SCALARS.len()).map(|column| {
        let found = of_tasks.iter().find(|(name, _)| name == column);
        found.and_then(|(_, value)| *value)
    });
    let numbers = always.chain(validated).map(|value| value.map_or_else(String::new, |value| value.to_string()));
    line(std::iter::once(metrics.generation.to_string()).chain(numbers))
}

fn line(cells: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A file that is written from its beginning, and then added to.
struct Export {
    path: PathBuf,
    file: File,
}

impl Export {
    /// Writes the file in its place, and cuts off what was behind. What comes out the same is never gone, so that a TensorBoard
    /// that reads it goes on where it is.
    fn write(path: PathBuf, content: &[u8]) -> Result<Self> {
        let write = |path: &Path| -> std::io::Result<File> {
            let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
            file.write_all(content)?;
            file.set_len(content.len() as u64)?;
            Ok(file)
        };
        let file = write(&path).with_context(|| format!("cannot write {}", path.display())).context(DiskFailure)?;
        Ok(Export { path, file })
    }

    /// Adds to the file, in one piece.
    fn append(&mut self, content: &[u8]) -> Result<()> {
        let written = self.file.write_all(content);
        written.with_context(|| format!("cannot write {}", self.path.display())).context(DiskFailure)
    }
}
