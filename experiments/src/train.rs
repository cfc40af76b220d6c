//! `vsml train`, `vsml resume`, `vsml quickstart` and `vsml clone`: train, evaluate, report.
//!
//! All three are one pipeline that looks at what is in the run's folder and does what is missing. A run that was killed
//! anywhere goes on from its last checkpoint and comes to the same bits.

use crate::arguments::{CloneArguments, Machine, QuickstartArguments, ResumeArguments, TrainArguments};
use crate::config::{Config, EvaluationConfig, make_scenarios};
use crate::evaluate::{contenders, evaluate_missing, is_trained, print_tables};
use crate::exit::{DiskFailure, Interrupted, Unwritten};
use crate::exports::Exports;
use crate::machine::STOP;
use crate::output::{note, say};
use crate::report_command::write_report;
use crate::run_folder::{EVALUATIONS, MetricsFile, RunFolder, TimingFile, read_json, write_json};
use crate::shipped;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use vsml_agents::{Evaluation, GenerationMetrics, MetaTraining, TrainingError, Weights};
use vsml_core::{Archive, Kernel};
use vsml_envs::Registry;

/// Checkpoints are this far apart at least, and so far that they take at most a fiftieth of the time.
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(250);
/// So many checkpoints in a row that cannot be written end the run.
const MAX_DISK_FAILURES: u32 = 3;

/// Trains on bandits, evaluates, reports.
pub fn quickstart(registry: &Registry, arguments: &QuickstartArguments) -> Result<()> {
    let settings: Vec<String> = arguments.seed.map(|seed| format!("seed={seed}")).into_iter().collect();
    let config = Config::parse(shipped::QUICKSTART.config, &settings)?;
    begin(registry, config, arguments.out.as_deref(), "quickstart", &arguments.machine)
}

/// Clones backpropagation, evaluates, reports.
pub fn clone(registry: &Registry, arguments: &CloneArguments) -> Result<()> {
    let mut settings: Vec<String> = arguments.settings.clone();
    settings.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    let config = Config::parse(shipped::CLONE.config, &settings)?;
    begin(registry, config, arguments.out.as_deref(), "clone", &arguments.machine)
}

/// Trains as a configuration says.
pub fn train(registry: &Registry, arguments: &TrainArguments) -> Result<()> {
    let mut settings = arguments.settings.clone();
    settings.extend(arguments.seed.map(|seed| format!("seed={seed}")));
    let config = Config::load(&arguments.config, &settings)?;
    let name = arguments.config.file_stem().map_or("run".into(), |stem| stem.to_string_lossy());
    begin(registry, config, arguments.out.as_deref(), &name, &arguments.machine)
}

/// Goes on with a run.
pub fn resume(registry: &Registry, arguments: &ResumeArguments) -> Result<()> {
    let folder = RunFolder::open(&arguments.run)?;
    let mut config = folder.config()?;
    let mut manifest: Value = read_json(&folder.file("manifest.json"))?;
    let machine = going_on(&arguments.machine, &arguments.run)?;
    if let Some(generations) = arguments.generations {
        config.generations = generations;
    }
    if let Some(steps) = arguments.steps {
        config.steps = steps;
    }
    // Before anything in the folder is changed: is there something wrong with what is asked?
    let cannot = || format!("cannot go on with {}", arguments.run.display());
    let mut training = config.build(registry, machine.kernel()).with_context(cannot)?;
    let checkpoint = folder.load_checkpoint()?;
    if let Some(archive) = &checkpoint {
        training = standing(registry, &config, &folder, archive, machine.kernel()).with_context(cannot)?;
    }
    if training.generation() > config.generations {
        let (run, done) = (arguments.run.display(), training.generation());
        bail!("{run} has done {done} generations already, {} were asked for", config.generations);
    }
    let more = arguments.generations.is_some_and(|generations| generations > training.generation());
    if more && !config.wants_more(&training) {
        let (run, steps) = (arguments.run.display(), config.steps);
        bail!(
            "{run} has lived the {steps} steps that it was to live: give it more with --steps N, or 0 for no end by steps"
        );
    }
    if let Some(resumed) = manifest.as_object_mut() {
        let times = resumed.entry("resumed").or_insert_with(|| json!([]));
        if let Some(times) = times.as_array_mut() {
            times.push(machine.manifest(config.seed));
        }
    }
    write_json(&folder.file("manifest.json"), &manifest)?;
    folder.write_config(&config)?;
    pipeline(registry, &config, &folder, training, checkpoint.as_ref(), &machine)
}

/// The machine for the run in this folder: if it has begun already, with the kernel that it has used.
///
/// # Errors
/// A manifest that cannot be read.
pub fn going_on(machine: &Machine, path: &Path) -> Result<Machine> {
    let manifest: Value = read_json(&path.join("manifest.json"))?;
    let before = manifest["kernel"].as_str().map(str::parse).transpose()?;
    if let (Some(now), Some(before)) = (machine.kernel, before)
        && now != before
    {
        note(format_args!("warning: the run used the {before} kernel up to here; with {now}, its bits may be others"));
    }
    Ok(Machine { kernel: machine.kernel.or(before), ..machine.clone() })
}

/// Meta-training where this checkpoint is, in the phase of the last generation before it.
fn standing(
    registry: &Registry,
    config: &Config,
    folder: &RunFolder,
    archive: &Archive,
    kernel: Kernel,
) -> Result<MetaTraining> {
    let done = archive.description["training"]["generation"].as_u64().unwrap_or(0);
    let mut before = folder.metrics()?;
    before.retain(|metrics| metrics.generation < done);
    let begun = config.phases_after(&before);
    let mut training = config.build_with_phases(registry, kernel, begun)?;
    training.restore(archive)?;
    Ok(training)
}

/// Begins a run in a folder of its own.
fn begin(registry: &Registry, mut config: Config, out: Option<&Path>, name: &str, machine: &Machine) -> Result<()> {
    let training = config.build(registry, machine.kernel())?;
    let folder = match out {
        Some(path) => RunFolder::create(path)?,
        None => RunFolder::create(&free_folder(name))?,
    };
    write_json(&folder.file("manifest.json"), &machine.manifest(config.seed))?;
    folder.write_config(&config)?;
    pipeline(registry, &config, &folder, training, None, machine)
}

/// The configuration of the run in this folder, which must be this one but for what has no say in training: what is told of it,
/// and what it is tested on.
///
/// # Errors
/// If it is another.
pub fn check_same_run(config: &Config, folder: &RunFolder) -> Result<Config> {
    let before = folder.config()?;
    if (Config { about: config.about.clone(), evaluation: config.evaluation.clone(), ..before.clone() }) != *config {
        let path = folder.path().display();
        bail!("{path} holds a run of another configuration: remove it, or choose another folder with --out");
    }
    Ok(before)
}

/// The folder of the run of this configuration, begun or, if it is there already, to be gone on with; `training` is put where
/// its last checkpoint is.
///
/// # Errors
/// If there is a run of another configuration in it; what the system says.
pub fn begin_or_go_on(
    registry: &Registry,
    config: &Config,
    path: &Path,
    machine: &Machine,
    training: &mut MetaTraining,
) -> Result<(RunFolder, Option<Archive>)> {
    if !path.join("config.toml").exists() {
        let folder = RunFolder::create(path)?;
        write_json(&folder.file("manifest.json"), &machine.manifest(config.seed))?;
        folder.write_config(config)?;
        return Ok((folder, None));
    }
    let folder = RunFolder::open(path)?;
    let before = check_same_run(config, &folder)?;
    if before != *config {
        folder.write_config(config)?;
    }
    let checkpoint = folder.load_checkpoint()?;
    if let Some(archive) = &checkpoint {
        *training = standing(registry, config, &folder, archive, machine.kernel())?;
    }
    Ok((folder, checkpoint))
}

/// `runs/name`, or `runs/name-2` and so on if that is taken.
fn free_folder(name: &str) -> PathBuf {
    let first = Path::new("runs").join(name);
    let numbered = (2..).map(|number| Path::new("runs").join(format!("{name}-{number}")));
    std::iter::once(first.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(first)
}

/// Does whatever the run in `folder` still lacks, and prints what came of it.
fn pipeline(
    registry: &Registry,
    config: &Config,
    folder: &RunFolder,
    mut training: MetaTraining,
    checkpoint: Option<&Archive>,
    machine: &Machine,
) -> Result<()> {
    let started = Instant::now();
    let evaluations = complete(registry, config, folder, &mut training, checkpoint, machine)?;
    finish(folder, &training, &evaluations, started.elapsed())
}

/// Does whatever the run in `folder` still lacks; `training` stands where `checkpoint` does.
///
/// # Errors
/// What the system says; a signal; meta-training that diverged.
pub fn complete(
    registry: &Registry,
    config: &Config,
    folder: &RunFolder,
    training: &mut MetaTraining,
    checkpoint: Option<&Archive>,
    machine: &Machine,
) -> Result<Vec<Evaluation>> {
    let mut metrics = MetricsFile::open(folder, checkpoint)?;
    note(format_args!(
        "{}: {} meta-parameters, {} on {} threads, {} kernel",
        folder.path().display(),
        training.theta().len(),
        config.tasks.join(" + "),
        machine.threads(),
        machine.kernel()
    ));
    machine.run(|| generations(registry, config, folder, training, &mut metrics, machine.kernel()))?;
    let mut weights = chosen_weights(config, folder, training)?;
    let path = folder.file("theta.safetensors");
    if Weights::load(&path).is_ok_and(|before| before.values != weights.values) {
        folder.forget_evaluations(is_trained)?;
    }
    weights.save(&path).context(Unwritten)?;
    let EvaluationConfig { networks, players, .. } = &config.evaluation;
    let contenders = contenders(&weights, networks, players, machine.kernel())?;
    let scenarios = make_scenarios(registry, &config.evaluation.tasks, machine.kernel())?;
    let lifetimes = config.evaluation.lifetimes;
    let evaluations =
        evaluate_missing(&folder.file(EVALUATIONS), true, &contenders, &scenarios, lifetimes, config.seed, machine)?;
    if STOP.load(Relaxed) {
        return Err(interrupted(folder, training));
    }
    weights.origin["results"] = evaluations.iter().filter_map(result).collect();
    weights.save(&path).context(Unwritten)?;
    Ok(evaluations)
}

/// What a trained learner came to in a scenario, for the file of its weights.
fn result(evaluation: &Evaluation) -> Option<Value> {
    let summary = evaluation.summary().filter(|_| is_trained(&evaluation.learner))?;
    Some(json!({
        "tasks": evaluation.tasks,
        "learner": evaluation.learner,
        "lives": summary.lives,
        "mean": summary.mean,
        "standard_error": summary.standard_error,
    }))
}

/// Prints what came of it.
fn finish(folder: &RunFolder, training: &MetaTraining, evaluations: &[Evaluation], elapsed: Duration) -> Result<()> {
    let report = write_report(folder)?;
    print_tables(evaluations);
    if let Some(best) = training.best() {
        say(format_args!(
            "meta-parameters  of generation {} of {}, the best in validation",
            best.generation,
            training.generation()
        ));
    }
    let metrics = folder.metrics()?;
    let faults: u64 = metrics.iter().flat_map(|metrics| metrics.faults.values()).sum();
    if let Some(first) = metrics.iter().find_map(|metrics| metrics.first_fault.as_ref()) {
        say(format_args!(
            "faults           {faults} lifetimes of training ended before their time; the first: {first}"
        ));
    }
    say(format_args!("hash             {}", folder.hash()?));
    say(format_args!("report           {}", report.display()));
    say(format_args!("time             {:.0} s", elapsed.as_secs_f64()));
    Ok(())
}

/// The meta-parameters that count: the best in validation, or the last where there is no validation.
fn chosen_weights(config: &Config, folder: &RunFolder, training: &MetaTraining) -> Result<Weights> {
    // Of the program that began the run, whatever ends it.
    let manifest: Value = read_json(&folder.file("manifest.json"))?;
    let best = training.best();
    let (generation, values) = match best {
        Some(best) => (best.generation, best.theta),
        None => (training.generation(), training.theta().to_vec()),
    };
    let mut origin = json!({
        "learner": config.learner,
        "about": config.about,
        "tasks": config.tasks,
        "phases": config.phases,
        "seed": config.seed,
        "generation": generation,
        "steps": training.steps(),
        "version": manifest["version"],
        "commit": manifest["commit"],
    });
    if !config.validation.tasks.is_empty() {
        origin["validation_tasks"] = json!(config.validation.tasks);
    }
    Ok(Weights { learner: config.learner.clone(), values, origin })
}

/// All generations that are left, with a checkpoint now and then and at the end.
fn generations(
    registry: &Registry,
    config: &Config,
    folder: &RunFolder,
    training: &mut MetaTraining,
    metrics_file: &mut MetricsFile,
    kernel: Kernel,
) -> Result<()> {
    let mut progress = Progress::new(config, training);
    let mut saver = Saver::new();
    let mut timing = TimingFile::open(folder)?;
    let mut exports = Exports::write(folder)?;
    let mut before = folder.metrics()?;
    let mut last = before.pop();
    let mut begun = config.phases_after(&before);
    while config.wants_more(training) {
        let started = Instant::now();
        let next = last.as_ref().map_or(0, |metrics| config.next_phases(begun, metrics));
        if next > begun {
            begun = next;
            let archive = training.archive();
            *training = config.build_with_phases(registry, kernel, begun)?;
            training.restore(&archive)?;
            training.forget_best();
            progress.forget_best();
        }
        let metrics = match training.advance(&STOP) {
            Ok(Some(metrics)) => metrics,
            Ok(None) => {
                saver.save(folder, training, metrics_file)?;
                return Err(interrupted(folder, training));
            }
            Err(mut error) => {
                saver.save(folder, training, metrics_file)?;
                // A run that was over when it was resumed has lived nothing that could tell why.
                if let TrainingError::Fruitless { fault: fault @ None, .. } = &mut error {
                    *fault = last.and_then(|metrics| metrics.first_fault);
                }
                return Err(error.into());
            }
        };
        metrics_file.append(&metrics).context(DiskFailure)?;
        let seconds = started.elapsed().as_secs_f64();
        timing.append(metrics.generation, seconds).context(DiskFailure)?;
        exports.append(folder, &metrics, seconds)?;
        progress.show(&metrics, begun);
        last = Some(metrics);
        saver.save_if_due(folder, training, metrics_file)?;
    }
    progress.finish();
    if begun < config.phases.len() {
        let (last, all) = (begun + 1, config.phases.len() + 1);
        note(format_args!(
            "warning: phase {last} of {all} was the last: no later one has begun by generation {}",
            training.generation()
        ));
    }
    if training.generation() > 0 {
        saver.save(folder, training, metrics_file)?;
    }
    Ok(())
}

fn interrupted(folder: &RunFolder, training: &MetaTraining) -> anyhow::Error {
    let command = std::env::args().next().unwrap_or("vsml".into());
    Interrupted { generation: training.generation(), folder: folder.path().into(), command }.into()
}

/// Saves checkpoints, not too often, and bears a disk that fails once or twice. The clock decides when is saved, never
/// what is computed.
struct Saver {
    due: Instant,
    failures: u32,
}

impl Saver {
    fn new() -> Self {
        Saver { due: Instant::now() + CHECKPOINT_INTERVAL, failures: 0 }
    }

    fn save_if_due(&mut self, folder: &RunFolder, training: &MetaTraining, metrics: &MetricsFile) -> Result<()> {
        if Instant::now() < self.due {
            return Ok(());
        }
        let started = Instant::now();
        let saved = folder.save_checkpoint(training, metrics);
        self.due = Instant::now() + CHECKPOINT_INTERVAL.max(50 * started.elapsed());
        match saved {
            Ok(()) => self.failures = 0,
            Err(error) => {
                self.failures += 1;
                if self.failures >= MAX_DISK_FAILURES {
                    return Err(error.context(DiskFailure));
                }
                note(format_args!("warning: {error:#}; training goes on, the checkpoint is tried again later"));
            }
        }
        Ok(())
    }

    /// Saves now, because nothing comes after.
    fn save(&mut self, folder: &RunFolder, training: &MetaTraining, metrics: &MetricsFile) -> Result<()> {
        folder.save_checkpoint(training, metrics).context(DiskFailure)
    }
}

/// A progress bar on a terminal; a line now and then elsewhere.
struct Progress {
    bar: ProgressBar,
    /// Whether it shows steps lived, not generations.
    by_steps: bool,
    /// How many phases come after the first.
    phases: usize,
    last_line: Instant,
    best: Option<f64>,
}

impl Progress {
    fn new(config: &Config, training: &MetaTraining) -> Self {
        let by_steps = config.steps > 0;
        let bar = match by_steps {
            true => ProgressBar::new(config.steps).with_position(training.steps()),
            false => ProgressBar::new(config.generations).with_position(training.generation()),
        };
        let style = "{pos}/{len} {wide_bar} {msg}  [{elapsed} gone, {eta} left]";
        bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.reset_eta();
        Progress { bar, by_steps, phases: config.phases.len(), last_line: Instant::now(), best: None }
    }

    fn forget_best(&mut self) {
        self.best = None;
    }

    fn show(&mut self, metrics: &GenerationMetrics, phase: usize) {
        if let Some(validation) = &metrics.validation
            && validation.best_so_far
        {
            self.best = validation.score;
        }
        let mut text = metrics.fitness_mean.map_or("no valid fitness".into(), |mean| format!("fitness {mean:.3}"));
        if self.phases > 0 {
            text = format!("phase {} of {}  {text}", phase + 1, self.phases + 1);
        }
        if let Some(best) = self.best {
            text += &format!("  best validation {best:.3}");
        }
        let faults: u64 = metrics.faults.values().sum();
        if faults > 0 {
            text += &format!("  {faults} faults");
        }
        if self.bar.is_hidden() {
            if self.last_line.elapsed() > Duration::from_secs(10) {
                self.last_line = Instant::now();
                let (what, done) = self.position(metrics);
                note(format_args!("{what} {done}/{}  {text}", self.bar.length().unwrap_or(0)));
            }
        } else {
            self.bar.set_message(text);
            self.bar.set_position(self.position(metrics).1);
        }
    }

    /// What is counted, and how far it is.
    fn position(&self, metrics: &GenerationMetrics) -> (&'static str, u64) {
        if self.by_steps { ("step", metrics.steps) } else { ("generation", metrics.generation) }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
