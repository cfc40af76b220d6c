//! `vsml benchmark`: learners side by side, each meta-trained on each task distribution under several seeds with the same
//! budget of environment steps, and tested where it was trained or elsewhere.
//!
//! Every run is one like any other, in a folder of its own below the benchmark's, so that it can be looked at, played and
//! resumed; the command goes on where it was stopped. What is searched (`[search]`) is searched for every learner on every
//! task distribution alike, under the first seed, and chosen by validation, so that no learner is tuned more than another
//! and none on what it is tested on.

mod grid;
mod page;
mod plan;

use crate::arguments::{BenchmarkArguments, Machine};
use crate::config::{Config, make_scenarios};
use crate::evaluate::{Contender, evaluate_all};
use crate::exit::{Interrupted, same_command_goes_on};
use crate::machine::STOP;
use crate::output::{note, say};
use crate::report::{BenchmarkReport, render_benchmark};
use crate::run_folder::{RunFolder, write};
use crate::train::{begin_or_go_on, check_same_run, complete, going_on};
use anyhow::{Context, Result, bail};
use plan::{Entrant, Plan, Training, as_path};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use vsml_agents::{Evaluation, TrainingError, Unable};
use vsml_envs::Registry;

pub use grid::{Against, Cell, Grid, Layout, Line, Number, ProgressPoint};
pub use plan::Test;

/// Trains and evaluates whatever is not there yet, and prints and writes what came of it.
pub fn benchmark(registry: &Registry, arguments: &BenchmarkArguments) -> Result<()> {
    let path = &arguments.config;
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let plan = Plan::parse(&text, registry).with_context(|| format!("in {}", path.display()))?;
    let name = path.file_stem().map_or("benchmark".into(), |stem| stem.to_string_lossy());
    let out = arguments.out.clone().unwrap_or_else(|| Path::new("runs").join(&*name));
    let machine = &arguments.machine;
    check_runs(registry, &plan, &out, machine)?;
    let mut grid = Grid::new(&plan);
    let total = plan.trainings.len() * plan.learners.len();
    for (row, training) in plan.trainings.iter().enumerate() {
        for (column, learner) in plan.learners.iter().enumerate() {
            let number = row * plan.learners.len() + column + 1;
            note(format_args!("[{number}/{total}] {} on {}", learner.name, training.name));
            let folder = folder_of(&out, learner, training);
            let (outcome, chosen) = outcome(registry, &plan, learner, training, &folder, machine)?;
            grid.add(&plan, (column, row), outcome, chosen);
        }
    }
    for player in &plan.players {
        let cells = grid.tests.iter().map(|test| tested(registry, &plan, player, test, machine));
        let cells = cells.collect::<Result<Vec<_>>>()?;
        grid.add_player(player, cells);
    }
    say(page::terminal(&plan, &grid));
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let command = format!("vsml benchmark {}", path.display());
    let markdown = page::markdown(&plan, &grid, &name, &command);
    let report = BenchmarkReport {
        name: &name,
        about: &plan.about,
        command: &command,
        plan: &text,
        measures: &plan.measures,
        pooled: plan.pooled,
        grid: &grid,
    };
    let pages = [
        ("page", out.join("benchmark.md"), markdown.clone()),
        ("report", out.join("report.html"), render_benchmark(&report)?),
    ];
    for (what, path, page) in pages {
        write(&path, page.as_bytes())?;
        say(format_args!("{what:<7} {}", path.display()));
    }
    if let Some(path) = &arguments.page {
        write(path, markdown.as_bytes())?;
    }
    Ok(())
}

/// Where the runs of a learner on something are.
fn folder_of(out: &Path, learner: &Entrant, training: &Training) -> PathBuf {
    out.join(as_path(&learner.name)).join(as_path(&training.name))
}

/// How the folder of a single run is called there.
fn run_name(seed: u64, settings: &[String]) -> PathBuf {
    as_path(&format!("{} seed={seed}", settings.join(" ")))
}

/// Whether the runs that are there already are of this plan, asked before the first of the others is begun.
fn check_runs(registry: &Registry, plan: &Plan, out: &Path, machine: &Machine) -> Result<()> {
    let candidates = plan.candidates();
    let check = |learner: &Entrant, training: &Training, seed: u64, settings: &[String]| {
        let path = folder_of(out, learner, training).join(run_name(seed, settings));
        if path.join("config.toml").exists() {
            let mut config = plan.config(learner, training, seed, settings)?;
            if config.build(registry, machine.kernel()).is_ok() {
                check_same_run(&config, &RunFolder::look(&path)?)?;
            }
        }
        anyhow::Ok(())
    };
    for training in &plan.trainings {
        for learner in &plan.learners {
            for settings in &candidates {
                plan.seeds.iter().try_for_each(|seed| check(learner, training, *seed, settings))?;
            }
        }
    }
    Ok(())
}

/// What came of a learner under every seed.
pub struct Outcome {
    /// Of each seed, the evaluations of the learner in its own network, then those in others.
    pub evaluations: Vec<Vec<Evaluation>>,
    /// Of each seed, steps lived and validation score, as training went on.
    pub progress: Vec<Vec<(u64, f64)>>,
    /// Seconds of training, over all seeds and all that was searched.
    pub seconds: f64,
}

/// A learner trained on something, under every seed; or why it cannot be; and what the search chose, as `key=value`.
fn outcome(
    registry: &Registry,
    plan: &Plan,
    learner: &Entrant,
    training: &Training,
    folder: &Path,
    machine: &Machine,
) -> Result<(Result<Outcome, String>, String)> {
    let candidates = plan.candidates();
    let run = |seed: u64, settings: &[String]| {
        let config = plan.config(learner, training, seed, settings)?;
        let path = folder.join(run_name(seed, settings));
        trained(registry, config, &path, machine)
    };
    let mut seconds = 0.0;
    let mut best: Option<(usize, Trained)> = None;
    let mut failure = None;
    for (index, settings) in candidates.iter().enumerate() {
        let trained = match run(plan.seeds[0], settings)? {
            Err(reason) => {
                failure = Some(reason);
                continue;
            }
            Ok(trained) => trained,
        };
        seconds += trained.seconds;
        if candidates.len() > 1 && trained.validation.1 == f64::NEG_INFINITY {
            bail!("search chooses by validation, and {} on {} was never validated", learner.name, training.name);
        }
        if best.as_ref().is_none_or(|(_, other)| trained.validation > other.validation) {
            best = Some((index, trained));
        }
    }
    let Some((index, first)) = best else {
        let reason = failure.unwrap_or_else(|| format!("no run of {} had a valid life", training.name));
        return Ok((Err(reason), String::new()));
    };
    let mut outcome = Outcome { evaluations: vec![first.evaluations], progress: vec![first.progress], seconds };
    for seed in &plan.seeds[1..] {
        match run(*seed, &candidates[index])? {
            Err(reason) => return Ok((Err(reason), String::new())),
            Ok(trained) => {
                outcome.evaluations.push(trained.evaluations);
                outcome.progress.push(trained.progress);
                outcome.seconds += trained.seconds;
            }
        }
    }
    Ok((Ok(outcome), candidates[index].join(" ")))
}

/// A run, finished.
struct Trained {
    /// How many phases it came to, and its best score in validation in the last of them.
    validation: (usize, f64),
    evaluations: Vec<Evaluation>,
    progress: Vec<(u64, f64)>,
    seconds: f64,
}

/// The run of a configuration, or why its learner cannot live there.
fn trained(registry: &Registry, mut config: Config, path: &Path, machine: &Machine) -> Result<Result<Trained, String>> {
    let machine = &going_on(machine, path)?;
    let mut training = match config.build(registry, machine.kernel()) {
        Ok(training) => training,
        Err(error) => match unsuited(&error) {
            Some(reason) => return Ok(Err(reason)),
            None => return Err(error),
        },
    };
    let (folder, checkpoint) = begin_or_go_on(registry, &config, path, machine, &mut training)?;
    let evaluations = complete(registry, &config, &folder, &mut training, checkpoint.as_ref(), machine);
    let evaluations = match evaluations {
        Ok(evaluations) => evaluations,
        Err(error) if error.is::<Interrupted>() => return Err(same_command_goes_on()),
        Err(error) => return unsuited(&error).map(Err).ok_or(error),
    };
    let metrics = folder.metrics()?;
    // Scores of different phases are no curve: of a curriculum, its last phase is shown.
    let phases = config.phases_after(&metrics);
    let last = config.phase_beginnings(&metrics).last().copied().unwrap_or(0);
    let shown = metrics.iter().filter(|metrics| phases == config.phases.len() && metrics.generation > last);
    let scores = shown.filter_map(|metrics| Some((metrics.steps, metrics.validation.as_ref()?.score?)));
    Ok(Ok(Trained {
        validation: (phases, training.best().map_or(f64::NEG_INFINITY, |best| best.score)),
        evaluations,
        progress: scores.collect(),
        seconds: folder.seconds()?,
    }))
}

/// Why a learner cannot live somewhere, if that is what the error says.
fn unsuited(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| match cause.downcast_ref::<TrainingError>() {
        Some(TrainingError::Unsuited { reason, .. } | TrainingError::Unvalidated { reason, .. }) => {
            Some(reason.to_string())
        }
        // What came to nothing finite, another learner need not.
        Some(error @ TrainingError::Fruitless { .. }) => Some(error.to_string()),
        _ => cause.downcast_ref::<Unable>().map(ToString::to_string),
    })
}

/// A reference player in a test, under every seed.
fn tested(registry: &Registry, plan: &Plan, player: &str, test: &Test, machine: &Machine) -> Result<Vec<Evaluation>> {
    let scenarios = make_scenarios(registry, std::slice::from_ref(&test.tasks), machine.kernel())?;
    let player = [Contender::player(player)?];
    let lifetimes = plan.config(&plan.learners[0], &plan.trainings[0], 1, &[])?.evaluation.lifetimes;
    let mut all = Vec::new();
    for seed in &plan.seeds {
        let evaluations = evaluate_all(&player, &scenarios, lifetimes, *seed, machine, &[], &mut |_| Ok(()))?;
        if STOP.load(Relaxed) {
            return Err(same_command_goes_on());
        }
        all.extend(evaluations);
    }
    Ok(all)
}
