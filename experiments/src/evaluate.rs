//! `vsml evaluate`, and the evaluation at the end of training.

use crate::arguments::{EvaluateArguments, Machine};
use crate::config::{EvaluationConfig, make_scenarios};
use crate::exit::{INTERRUPTED, STOPPED};
use crate::machine::STOP;
use crate::output::{check_folder_of, note, say};
use crate::report_command::write_report;
use crate::run_folder::{EVALUATIONS, RunFolder, read_json, write_json};
use crate::shipped;
use crate::table;
use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use vsml_agents::{
    Evaluation, Learner, LearnerConfig, Make, Scenario, Unable, VsmlConfig, Weights, evaluation, players,
};
use vsml_core::Kernel;
use vsml_envs::{Registry, Split};

/// The name under which a meta-trained VSML learner stands in tables in a network of other hidden layers: `vsml[32]`. In its
/// own, and if it is of another kind, it has that of its kind.
fn network_name(learner: &LearnerConfig, hidden_layers: &[usize]) -> String {
    let layers: Vec<String> = hidden_layers.iter().map(ToString::to_string).collect();
    format!("{}[{}]", learner.name(), layers.join(","))
}

/// Whether this is the name of a meta-trained learner, in whatever network.
pub fn is_trained(name: &str) -> bool {
    let kind = name.split('[').next();
    LearnerConfig::kinds().iter().any(|learner| kind == Some(learner.name()))
}

/// Reads hidden layers as they are written on the command line: `32`, or `32,16`; `0` for none.
pub fn parse_network(text: &str) -> Result<Vec<usize>, String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    match numbers {
        Ok(numbers) if numbers == [0] => Ok(Vec::new()),
        Ok(numbers) if !numbers.contains(&0) => Ok(numbers),
        _ => Err("write neurons per hidden layer, as in 32 or 32,16; or 0 for none".into()),
    }
}

/// One that takes part in an evaluation.
pub struct Contender {
    name: String,
    /// That of its meta-parameters; empty for reference players.
    fingerprint: String,
    make: Arc<Make>,
}

impl Contender {
    /// The learner that meta-trained parameters are; with a network of these hidden layers instead of its own if they are
    /// given.
    ///
    /// # Errors
    /// If it cannot live in such a network.
    pub fn trained(weights: &Weights, hidden_layers: Option<&[usize]>, kernel: Kernel) -> Result<Self> {
        let mut learner = weights.learner.clone();
        let mut name = learner.name().to_string();
        if let Some(layers) = hidden_layers {
            let LearnerConfig::Vsml(own) = &learner else {
                bail!("only a vsml learner lives in other networks, this one is of kind {name}");
            };
            name = network_name(&learner, layers);
            let other = VsmlConfig { hidden_layers: layers.to_vec(), ..own.clone() };
            if own.sub_rnn()? != other.sub_rnn().with_context(|| name.clone())? {
                bail!("{name}: a network of another depth would have other meta-parameters");
            }
            learner = LearnerConfig::Vsml(other);
        }
        let meta_learner = learner.meta_learner(kernel).with_context(|| name.clone())?;
        let values = weights.values.clone();
        meta_learner.learner(&values)?;
        let fingerprint = weights.fingerprint();
        Ok(Contender { name, fingerprint, make: Arc::new(move || meta_learner.learner(&values)) })
    }

    /// One that has not lived yet.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn learner(&self) -> Result<Box<dyn Learner>, Unable> {
        (self.make)()
    }

    /// A reference player.
    ///
    /// # Errors
    /// An unknown name, with the nearest known one.
    pub fn player(name: &str) -> Result<Self> {
        players::make(name)?;
        let owned = name.to_string();
        let make = move || players::make(&owned).map_err(|error| Unable(error.to_string()));
        Ok(Contender { name: name.into(), fingerprint: String::new(), make: Arc::new(make) })
    }

    /// Whoever is meant: a run's folder, a file of meta-parameters, the name of shipped ones, or a reference player. It stands
    /// in tables as it was asked for.
    ///
    /// # Errors
    /// If there is no such thing, or it cannot be read.
    pub fn named(name: &str, kernel: Kernel) -> Result<Self> {
        let Some(weights) = weights_of(name)? else {
            return Contender::player(name).map_err(|error| {
                anyhow!("{error} (and `{name}` is no folder of a run, no file and none of the shipped weights either)")
            });
        };
        // A folder may be called as learners are.
        let name = if is_trained(name) { format!("./{name}") } else { name.into() };
        Ok(Contender { name, ..Contender::trained(&weights, None, kernel)? })
    }

    /// What makes learners of this kind.
    pub fn make(&self) -> Arc<Make> {
        self.make.clone()
    }
}

/// Evaluates on ids from the command line.
pub fn evaluate(registry: &Registry, arguments: &EvaluateArguments) -> Result<ExitCode> {
    let EvaluateArguments { run, on, players, networks, lifetimes, seed, out, machine } = arguments;
    let scenarios = make_scenarios(registry, on, machine.kernel())?;
    out.iter().try_for_each(|file| check_folder_of(file))?;
    let (weights, folder) = match weights_without_run(run)? {
        Some(weights) => (weights, None),
        None if !run.exists() => {
            let (run, names) = (run.display(), shipped::names());
            bail!("`{run}` is no folder of a run, no file and none of the shipped weights ({names})");
        }
        None => {
            // What is kept elsewhere changes nothing in the folder.
            let folder = if out.is_some() { RunFolder::look(run)? } else { RunFolder::open(run)? };
            (load_weights(&folder)?, Some(folder))
        }
    };
    let (defaults, usual_seed) = match &folder {
        Some(folder) => folder.config().map(|config| (config.evaluation, config.seed))?,
        None => (EvaluationConfig::default(), 1),
    };
    let networks = if networks.is_empty() { &defaults.networks } else { networks };
    let players = players.as_ref().unwrap_or(&defaults.players);
    let contenders = contenders(&weights, networks, players, machine.kernel())?;
    let (lifetimes, seed) = (lifetimes.unwrap_or(defaults.lifetimes), seed.unwrap_or(usual_seed));
    let file = out.clone().or(folder.as_ref().map(|folder| folder.file(EVALUATIONS)));
    let evaluations = match &file {
        Some(file) => evaluate_missing(file, out.is_none(), &contenders, &scenarios, lifetimes, seed, machine)?,
        None => evaluate_all(&contenders, &scenarios, lifetimes, seed, machine, &[], &mut |_| Ok(()))?,
    };
    print_tables(&evaluations);
    if let (Some(folder), None) = (&folder, out) {
        say(format_args!("report  {}", write_report(folder)?.display()));
    }
    all_done(evaluations.len(), contenders.len() * scenarios.len(), if file.is_some() { INTERRUPTED } else { STOPPED })
}

/// The exit code after so many evaluations, `interrupted` if a signal came before all were done.
fn all_done(done: usize, all: usize, interrupted: u8) -> Result<ExitCode> {
    if done == all {
        return Ok(ExitCode::SUCCESS);
    }
    let saved = if interrupted == INTERRUPTED { " and saved; the same command goes on" } else { "" };
    note(format_args!("interrupted: {done} of {all} evaluations are done{saved}"));
    Ok(ExitCode::from(interrupted))
}

/// The meta-trained learner, the same in other networks, and others beside it: reference players, or what else was trained.
///
/// # Errors
/// Whatever of it cannot be made.
pub fn contenders(
    weights: &Weights,
    networks: &[Vec<usize>],
    players: &[String],
    kernel: Kernel,
) -> Result<Vec<Contender>> {
    let mut contenders = vec![Contender::trained(weights, None, kernel)?];
    for layers in networks {
        contenders.push(Contender::trained(weights, Some(layers), kernel)?);
    }
    for player in players {
        contenders.push(Contender::named(player, kernel)?);
    }
    Ok(contenders)
}

/// The meta-parameters of a run's folder, of a file, or shipped ones; none if nothing of these is called so.
///
/// # Errors
/// If they cannot be read.
pub fn weights_of(name: &str) -> Result<Option<Weights>> {
    let path = Path::new(name);
    let is_run = path.join("config.toml").is_file();
    if is_run { load_weights(&RunFolder::look(path)?).map(Some) } else { weights_without_run(path) }
}

/// Meta-parameters that lie in no run's folder: those of a file, or shipped ones. Of a file and a name that are the same, the
/// file is meant if it looks like one: `./greedy`, `greedy.safetensors`.
fn weights_without_run(path: &Path) -> Result<Option<Weights>> {
    let bare = path.extension().is_none() && path.components().count() == 1;
    let name = path.to_str().filter(|_| bare && !path.join("config.toml").exists());
    if let Some(shipped) = name.and_then(shipped::named) {
        return shipped.weights().map(Some);
    }
    if path.is_file() && name.is_none_or(|name| players::make(name).is_err()) {
        return Ok(Some(Weights::load(path)?));
    }
    Ok(None)
}

/// A run's meta-trained learner.
///
/// # Errors
/// If it is not finished, or the file cannot be read.
pub fn load_weights(folder: &RunFolder) -> Result<Weights> {
    let path = folder.file("theta.safetensors");
    if !path.exists() {
        let folder = folder.path().display();
        bail!(
            "the run in {folder} is not finished: `resume {folder}` goes on with it, and `resume {folder} --generations N` with as \
             many as are done ends it there"
        );
    }
    Ok(Weights::load(&path)?)
}

/// Evaluates what the file does not hold yet, adds it, and returns all that was asked for. If the file is a run's `own`, what it holds
/// of a contender of the same name with other meta-parameters is dropped: the run has gone on.
///
/// # Errors
/// A file that is none of evaluations; what the system says.
pub fn evaluate_missing(
    file: &Path,
    own: bool,
    contenders: &[Contender],
    scenarios: &[Scenario],
    lifetimes: u64,
    seed: u64,
    machine: &Machine,
) -> Result<Vec<Evaluation>> {
    let known: Vec<Evaluation> = read_json(file)?;
    let of = |evaluation: &Evaluation| {
        let Evaluation { learner, tasks, seed, .. } = evaluation;
        (learner.clone(), tasks.clone(), *seed, evaluation.lifetimes())
    };
    evaluate_all(contenders, scenarios, lifetimes, seed, machine, &known, &mut |evaluation| {
        let another = |other: &Evaluation| other.fingerprints.first() != evaluation.fingerprints.first();
        let replaced = |other: &Evaluation| match own {
            true => of(other) == of(evaluation) || (other.learner == evaluation.learner && another(other)),
            false => of(other) == of(evaluation) && !another(other),
        };
        // Somebody else may have added to it.
        let mut all: Vec<Evaluation> = read_json(file)?;
        all.retain(|other| !replaced(other));
        all.push(evaluation.clone());
        write_json(file, &all)
    })
}

/// Every contender in every scenario, with a progress bar; what is among `known` is taken from there. Stops after the lives
/// under way when a signal came; the evaluation that they are of is lost.
///
/// # Errors
/// What the system, or `done`, says.
pub fn evaluate_all(
    contenders: &[Contender],
    scenarios: &[Scenario],
    lifetimes: u64,
    seed: u64,
    machine: &Machine,
    known: &[Evaluation],
    done: &mut (dyn FnMut(&Evaluation) -> Result<()> + Send),
) -> Result<Vec<Evaluation>> {
    let bar = ProgressBar::new(lifetimes * (scenarios.len() * contenders.len()) as u64);
    let style = "{pos}/{len} lives {wide_bar} {msg}  [{elapsed} gone, {eta} left]";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let result = machine.run(|| {
        let mut evaluations = Vec::new();
        for scenario in scenarios {
            let beside: Vec<String> = scenario.companions().map(fingerprint).collect::<Result<_>>()?;
            for contender in contenders {
                let fingerprints = [std::slice::from_ref(&contender.fingerprint), &beside[..]].concat();
                if STOP.load(Relaxed) {
                    return Ok(evaluations);
                }
                let same = |other: &&Evaluation| {
                    (other.learner.as_str(), other.tasks.as_str(), other.seed)
                        == (contender.name.as_str(), scenario.id(), seed)
                        && (other.unsuited.is_some() || other.lifetimes() == lifetimes)
                        && other.fingerprints == fingerprints
                };
                if let Some(known) = known.iter().find(same) {
                    bar.inc(lifetimes);
                    evaluations.push(known.clone());
                    continue;
                }
                bar.set_message(format!("{} on {}", contender.name, scenario.id()));
                let progress = |lives| bar.inc(lives);
                // Learners are made anew every few lives.
                let make = || match STOP.load(Relaxed) {
                    true => Err(Unable("stopped".into())),
                    false => contender.learner(),
                };
                let mut evaluation =
                    evaluation::evaluate(&contender.name, &make, scenario, Split::Test, seed, lifetimes, &progress);
                if STOP.load(Relaxed) {
                    return Ok(evaluations);
                }
                evaluation.fingerprints = fingerprints;
                done(&evaluation)?;
                evaluations.push(evaluation);
            }
        }
        Ok(evaluations)
    });
    bar.finish_and_clear();
    result
}

/// That of whoever is called so; empty for reference players.
fn fingerprint(name: &str) -> Result<String> {
    Ok(weights_of(name)?.map_or_else(String::new, |weights| weights.fingerprint()))
}

/// Prints evaluations as tables.
pub fn print_tables(evaluations: &[Evaluation]) {
    if !evaluations.is_empty() {
        say(table::evaluation_table(evaluations));
    }
}
