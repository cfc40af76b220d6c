//! `vsml benchmark`: learners side by side, each meta-trained on each task distribution under several seeds with the same
//! budget of environment steps, and evaluated on its test tasks.
//!
//! Every cell of the table is a run like any other, in a folder of its own below the benchmark's, so that it can be looked
//! at, played and resumed; the command goes on where it was stopped. What is searched (`[search]`) is searched for every
//! learner on every task distribution alike, under the first seed, and chosen by validation, so that no learner is tuned
//! more than another and none on its test tasks.

use crate::arguments::{BenchmarkArguments, Machine};
use crate::config::{Config, make_scenarios};
use crate::evaluate::{Contender, evaluate_all};
use crate::exit::{Interrupted, same_command_goes_on};
use crate::machine::STOP;
use crate::output::{note, say};
use crate::table::{new_table, with_interval};
use crate::train::{begin_or_go_on, complete};
use anyhow::{Context, Result, anyhow, bail};
use comfy_table::{CellAlignment, ContentArrangement};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use toml::{Table, Value};
use vsml_agents::{Evaluation, TrainingError, Unable, statistics};
use vsml_core::{Kernel, write_durably};
use vsml_envs::{Registry, stream};

/// What is compared, as TOML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Benchmark {
    /// What it is for, in a sentence.
    #[serde(default)]
    about: String,
    /// Seeds of meta-training, one run each.
    seeds: Vec<u64>,
    /// Task distributions: each is trained and tested on by itself.
    tasks: Vec<String>,
    /// Reference players to show beside the learners.
    #[serde(default)]
    players: Vec<String>,
    /// What all runs have in common: a configuration as of `vsml train`, without tasks, seed and learner.
    run: Table,
    /// Keys of a configuration, each with the values that are tried.
    #[serde(default)]
    search: BTreeMap<String, Vec<Value>>,
    /// What learns: tables like `[learner]` of a configuration.
    learners: Vec<Table>,
}

/// One learner on one task distribution.
struct Cell {
    /// Mean reward of a lifetime under each seed; or why there is none.
    seeds: Result<Vec<f64>, String>,
    /// What the search chose, as `key=value`.
    chosen: String,
}

/// Trains and evaluates whatever is not there yet, and prints and writes the table.
pub fn benchmark(registry: &Registry, arguments: &BenchmarkArguments) -> Result<()> {
    let path = &arguments.config;
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let benchmark: Benchmark =
        toml::from_str(&text).map_err(|error| anyhow!("in {}: {}", path.display(), error.message()))?;
    benchmark.check(registry).with_context(|| format!("in {}", path.display()))?;
    let name = path.file_stem().map_or("benchmark".into(), |stem| stem.to_string_lossy());
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(&*name));
    let total = benchmark.tasks.len() * benchmark.learners.len();
    let mut rows = Vec::new();
    for (row, tasks) in benchmark.tasks.iter().enumerate() {
        let mut cells = benchmark.players(registry, tasks, &arguments.machine)?;
        for (column, learner) in benchmark.learners.iter().enumerate() {
            let name = benchmark.name(column);
            note(format_args!("[{}/{total}] {name} on {tasks}", row * benchmark.learners.len() + column + 1));
            let folder = out.join(as_path(&name)).join(as_path(tasks));
            cells.push((name.clone(), benchmark.cell(registry, learner, tasks, &folder, &arguments.machine)?));
        }
        rows.push((tasks.as_str(), cells));
    }
    say(terminal_table(&rows));
    let page = out.join("benchmark.md");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    write_durably(&page, benchmark.page(&rows).as_bytes())?;
    say(format_args!("page  {}", page.display()));
    Ok(())
}

/// A row of the table: a task distribution, and every column's name and cell.
type Row<'a> = (&'a str, Vec<(String, Cell)>);

impl Benchmark {
    /// Whether every run can be put together, before hours are spent on the first.
    fn check(&self, registry: &Registry) -> Result<()> {
        for (key, empty) in
            [("seeds", self.seeds.is_empty()), ("tasks", self.tasks.is_empty()), ("learners", self.learners.is_empty())]
        {
            if empty {
                bail!("{key} is empty: name at least one");
            }
        }
        if let Some(key) = ["tasks", "seed", "learner"].into_iter().find(|key| self.run.contains_key(*key)) {
            bail!(
                "run.{key} has no meaning here: give `{key}{}` of the benchmark",
                if key == "tasks" { "" } else { "s" }
            );
        }
        make_scenarios(registry, &self.tasks, Kernel::detect()).context("tasks")?;
        for player in &self.players {
            Contender::player(player).context("players")?;
        }
        if let Some((key, _)) = self.search.iter().find(|(_, values)| values.is_empty()) {
            bail!("search.\"{key}\" is empty: name the values to try");
        }
        for learner in &self.learners {
            for settings in self.candidates() {
                self.config(learner, &self.tasks[0], self.seeds[0], &settings)?;
            }
        }
        Ok(())
    }

    /// The name of a learner's column: its kind, with its number among those of that kind from the second on.
    fn name(&self, column: usize) -> String {
        let kind = |learner: &Table| learner.get("kind").and_then(Value::as_str).unwrap_or("vsml").to_string();
        let own = kind(&self.learners[column]);
        match self.learners[..column].iter().filter(|learner| kind(learner) == own).count() {
            0 => own,
            earlier => format!("{own}-{}", earlier + 1),
        }
    }

    /// Every combination of what is searched, as settings.
    fn candidates(&self) -> Vec<Vec<String>> {
        self.search.iter().fold(vec![Vec::new()], |candidates, (key, values)| {
            let with = |candidate: &Vec<String>| -> Vec<Vec<String>> {
                let setting = |value| [candidate.clone(), vec![format!("{key}={value}")]].concat();
                values.iter().map(setting).collect()
            };
            candidates.iter().flat_map(with).collect()
        })
    }

    fn config(&self, learner: &Table, tasks: &str, seed: u64, settings: &[String]) -> Result<Config> {
        let mut table = self.run.clone();
        table.insert("about".into(), self.about.clone().into());
        table.insert("tasks".into(), vec![tasks].into());
        table.insert("seed".into(), i64::try_from(seed).context("seeds must be at most 2^63 - 1")?.into());
        table.insert("learner".into(), learner.clone().into());
        let mut config = Config::from_table(table, settings)?;
        config.evaluation.tasks = vec![tasks.into()];
        config.evaluation.players = Vec::new();
        Ok(config)
    }

    /// A learner on a task distribution, under every seed.
    fn cell(
        &self,
        registry: &Registry,
        learner: &Table,
        tasks: &str,
        folder: &Path,
        machine: &Machine,
    ) -> Result<Cell> {
        let candidates = self.candidates();
        let run = |seed: u64, settings: &[String]| {
            let config = self.config(learner, tasks, seed, settings)?;
            let path = folder.join(as_path(&format!("{} seed={seed}", settings.join(" "))));
            trained(registry, config, &path, machine)
        };
        let mut best: Option<(usize, f64, f64)> = None;
        for (index, settings) in candidates.iter().enumerate() {
            match run(self.seeds[0], settings)? {
                Err(reason) => return Ok(Cell { seeds: Err(reason), chosen: String::new() }),
                Ok((validation, reward)) if best.is_none_or(|(_, other, _)| validation > other) => {
                    best = Some((index, validation, reward));
                }
                Ok(_) => {}
            }
        }
        let Some((index, _, reward)) = best else { bail!("no run of {tasks} had a valid life") };
        let mut rewards = vec![reward];
        for seed in &self.seeds[1..] {
            match run(*seed, &candidates[index])? {
                Err(reason) => return Ok(Cell { seeds: Err(reason), chosen: String::new() }),
                Ok((_, reward)) => rewards.push(reward),
            }
        }
        Ok(Cell { seeds: Ok(rewards), chosen: candidates[index].join(" ") })
    }

    /// Reference players on a task distribution, under every seed.
    fn players(&self, registry: &Registry, tasks: &str, machine: &Machine) -> Result<Vec<(String, Cell)>> {
        let scenarios = make_scenarios(registry, &[tasks.to_string()], machine.kernel())?;
        let players = self.players.iter().map(|name| Contender::player(name)).collect::<Result<Vec<_>>>()?;
        let lifetimes = self.config(&self.learners[0], tasks, 1, &[])?.evaluation.lifetimes;
        let mut cells: Vec<(String, Cell)> = Vec::new();
        for seed in &self.seeds {
            let evaluations = evaluate_all(&players, &scenarios, lifetimes, *seed, machine, &[], &mut |_| Ok(()))?;
            if STOP.load(Relaxed) {
                return Err(same_command_goes_on());
            }
            for evaluation in evaluations {
                let reward = mean_reward(&evaluation);
                match cells.iter_mut().find(|(name, _)| *name == evaluation.learner) {
                    Some((_, cell)) => {
                        if let (Ok(rewards), Ok(reward)) = (&mut cell.seeds, reward) {
                            rewards.push(reward);
                        }
                    }
                    None => {
                        let cell = Cell { seeds: reward.map(|reward| vec![reward]), chosen: String::new() };
                        cells.push((evaluation.learner, cell));
                    }
                }
            }
        }
        Ok(cells)
    }

    /// The benchmark as a page of Markdown.
    fn page(&self, rows: &[Row<'_>]) -> String {
        let mut page = format!("{}\n\nTotal reward of a lifetime on test tasks: mean over ", self.about);
        page += &format!("{} meta-training seeds, and the middle 95 % of its bootstrap.\n\n", self.seeds.len());
        let names: Vec<&str> = rows.iter().flat_map(|(_, cells)| cells).map(|(name, _)| name.as_str()).collect();
        let columns = names.len() / rows.len().max(1);
        page += &format!("| | {} |\n|---|{}\n", names[..columns].join(" | "), "---:|".repeat(columns));
        for (tasks, cells) in rows {
            let cells: Vec<String> = cells.iter().map(|(_, cell)| cell_text(cell, true)).collect();
            page += &format!("| `{tasks}` | {} |\n", cells.join(" | "));
        }
        for (key, values) in &self.search {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            page +=
                &format!("\nSearched for each learner on each row, by validation: `{key}` in {}.\n", values.join(", "));
        }
        let reasons = rows.iter().flat_map(|(_, cells)| cells);
        let mut reasons: Vec<String> =
            reasons.filter_map(|(name, cell)| Some(format!("- {name}: {}", cell.seeds.as_ref().err()?))).collect();
        reasons.sort();
        reasons.dedup();
        if !reasons.is_empty() {
            page += &format!("\nn/a:\n\n{}\n", reasons.join("\n"));
        }
        if !self.search.is_empty() {
            page += "\nChosen:\n\n";
            for (tasks, cells) in rows {
                let chosen = cells.iter().filter(|(_, cell)| !cell.chosen.is_empty());
                let chosen: Vec<String> = chosen.map(|(name, cell)| format!("{name} {}", cell.chosen)).collect();
                page += &format!("- `{tasks}`: {}\n", chosen.join("; "));
            }
        }
        page
    }
}

/// A run, finished: its best validation score and its mean reward on test tasks; or why the learner cannot live there.
fn trained(
    registry: &Registry,
    mut config: Config,
    path: &Path,
    machine: &Machine,
) -> Result<Result<(f64, f64), String>> {
    let mut training = match config.build(registry, machine.kernel()) {
        Ok(training) => training,
        Err(error) => match unsuited(&error) {
            Some(reason) => return Ok(Err(reason)),
            None => return Err(error),
        },
    };
    let (folder, checkpoint) = begin_or_go_on(registry, &config, path, machine, &mut training)?;
    let evaluations = complete(registry, &config, &folder, &mut training, checkpoint.as_ref(), machine);
    let evaluations =
        evaluations.map_err(|error| if error.is::<Interrupted>() { same_command_goes_on() } else { error })?;
    let [evaluation] = &evaluations[..] else { bail!("{} has no evaluation", path.display()) };
    let validation = training.best().map_or(f64::NEG_INFINITY, |best| best.score);
    Ok(mean_reward(evaluation).map(|reward| (validation, reward)))
}

/// Why a learner cannot live somewhere, if that is what the error says.
fn unsuited(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| match cause.downcast_ref::<TrainingError>() {
        Some(TrainingError::Unsuited { reason, .. }) => Some(reason.to_string()),
        _ => cause.downcast_ref::<Unable>().map(ToString::to_string),
    })
}

fn mean_reward(evaluation: &Evaluation) -> Result<f64, String> {
    if let Some(reason) = &evaluation.unsuited {
        return Err(reason.clone());
    }
    let rewards: Vec<f64> = evaluation.lives.iter().map(|life| life.reward).collect();
    if rewards.is_empty() { Err("no life was valid".into()) } else { Ok(statistics::mean(&rewards)) }
}

/// What may stand in a path, of any id or setting.
fn as_path(text: &str) -> PathBuf {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    PathBuf::from(text.trim().chars().map(allowed).collect::<String>())
}

fn cell_text(cell: &Cell, interval: bool) -> String {
    let Ok(rewards) = &cell.seeds else { return "n/a".into() };
    let mean = statistics::mean(rewards);
    if !interval || rewards.len() < 2 {
        return format!("{mean:.2}");
    }
    with_interval(mean, statistics::mean_interval(rewards, &mut stream(0, "bootstrap", &[])))
}

/// Rows are learners here, because there are more of them than a terminal has room for.
fn terminal_table(rows: &[Row<'_>]) -> String {
    let numbers: Vec<String> = (1..=rows.len()).map(|number| number.to_string()).collect();
    let mut table = new_table(std::iter::once("").chain(numbers.iter().map(String::as_str)));
    table.set_content_arrangement(ContentArrangement::Disabled);
    for (column, (name, _)) in rows[0].1.iter().enumerate() {
        let cells = rows.iter().map(|(_, cells)| cell_text(&cells[column].1, false));
        table.add_row(std::iter::once(name.clone()).chain(cells));
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let legend: String = rows.iter().zip(&numbers).map(|((tasks, _), number)| format!("{number}  {tasks}\n")).collect();
    format!("mean reward of a lifetime on test tasks, over the seeds\n{table}\n{legend}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::shipped;

    #[test]
    fn shipped_benchmarks_are_valid() {
        let mut benchmarks = 0;
        for (path, text) in shipped().into_iter().filter(|(_, text)| text.contains("[[learners]]")) {
            let benchmark: Benchmark = toml::from_str(&text).unwrap();
            let checked = benchmark.check(&Registry::builtin());
            assert!(checked.is_ok(), "{}: {:#}", path.display(), checked.err().unwrap());
            benchmarks += 1;
        }
        assert!(benchmarks >= 2, "{benchmarks}");
    }
}
