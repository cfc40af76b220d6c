//! `vsml compare`: what differs between runs, and what came of it.
//!
//! First the runs: the keys of their configurations whose values are not the same in all of them, and how training went.
//! Then, for every scenario in which at least two of them were evaluated, the interquartile mean of each learner's lives, and
//! how probable it is that a life of a run's own learner is better than one of the first run's (Agarwal et al. 2021, arXiv
//! 2108.13264). Lives under the same seed are of the same tasks with the same luck, and are set side by side.

use crate::names::{named_twice, shown};
use crate::output::say;
use crate::phases;
use crate::run_folder::RunFolder;
use crate::table::{NOTHING_TO_TELL, dealt_out, distinct, with_interval};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use vsml_agents::Evaluation;
use vsml_agents::statistics::{improvement_interval, probability_of_improvement};
use vsml_envs::stream;

/// Characters of a hash that are shown.
const HASH_LENGTH: usize = 8;

/// A run, as far as it is compared.
struct Run {
    name: String,
    /// Every key of its configuration.
    keys: BTreeMap<String, String>,
    /// The name of its own learner in evaluations.
    learner: String,
    generations: u64,
    steps: u64,
    minutes: f64,
    validation: Option<f64>,
    hash: String,
    evaluations: Vec<Evaluation>,
}

/// Prints what differs between the runs in these folders.
///
/// # Errors
/// A folder that is named twice, is not of a run, or lacks what a run has once a generation is done.
pub fn compare(paths: &[PathBuf]) -> Result<()> {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if let Some(twice) = named_twice(&names) {
        bail!("{twice} is named twice");
    }
    let runs = paths.iter().zip(shown(&names)).map(|(path, name)| Run::look(path, name)).collect::<Result<Vec<_>>>()?;
    say(text(&runs));
    Ok(())
}

impl Run {
    fn look(path: &Path, name: String) -> Result<Self> {
        let folder = RunFolder::look(path)?;
        let config = folder.config()?;
        let metrics = folder.metrics()?;
        let Some(last) = metrics.last() else {
            bail!("{}: no generation is done: metrics.jsonl is empty, or not there", path.display());
        };
        let best = phases::best(&metrics, &config.phase_beginnings(&metrics));
        let best = best.and_then(|metrics| metrics.validation.as_ref());
        let mut keys = BTreeMap::new();
        flatten("", &Table::try_from(&config)?, &mut keys);
        keys.remove("about");
        Ok(Run {
            name,
            keys,
            learner: config.learner.name().into(),
            generations: last.generation,
            steps: last.steps,
            minutes: folder.seconds()? / 60.0,
            validation: best.and_then(|validation| validation.score),
            hash: folder.hash().with_context(|| path.display().to_string())?,
            evaluations: folder.evaluations()?,
        })
    }

    /// What a learner did in a scenario, if it lived there: that of most lives.
    fn evaluation(&self, tasks: &str, learner: &str) -> Option<&Evaluation> {
        let same = |evaluation: &&Evaluation| {
            evaluation.tasks == tasks && evaluation.learner == learner && !evaluation.lives.is_empty()
        };
        self.evaluations.iter().filter(same).max_by_key(|evaluation| evaluation.lifetimes())
    }
}

/// Every value of a table under its dotted key; those of arrays one a line.
fn flatten(prefix: &str, table: &Table, keys: &mut BTreeMap<String, String>) {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        // Most numbers are of single precision, and are shown as they were written: 0.025, not 0.02500000037252903.
        Value::Float(number) if f64::from(*number as f32) == *number => (*number as f32).to_string(),
        value => value.to_string(),
    };
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => flatten(&format!("{key}."), inner, keys),
            Value::Array(values) => drop(keys.insert(key, values.iter().map(text).collect::<Vec<_>>().join("\n"))),
            value => drop(keys.insert(key, text(value))),
        }
    }
}

/// The keys whose values are not the same in all runs.
fn differing(runs: &[Run]) -> Vec<&str> {
    let all: BTreeSet<&str> = runs.iter().flat_map(|run| run.keys.keys()).map(String::as_str).collect();
    let differs = |key: &&str| runs.iter().any(|run| run.keys.get(*key) != runs[0].keys.get(*key));
    all.into_iter().filter(differs).collect()
}

fn text(runs: &[Run]) -> String {
    let keys = differing(runs);
    let outcome = ["generations done", "steps done", "minutes", "best validation", "hash"];
    let columns: Vec<&str> = keys.iter().copied().chain(outcome).collect();
    let row = |run: &Run| {
        let values = keys.iter().map(|key| run.keys.get(*key).cloned().unwrap_or_default());
        let came = [
            run.generations.to_string(),
            run.steps.to_string(),
            format!("{:.1}", run.minutes),
            run.validation.map_or_else(|| NOTHING_TO_TELL.into(), |score| format!("{score:.2}")),
            run.hash[..HASH_LENGTH.min(run.hash.len())].to_string(),
        ];
        values.chain(came).collect()
    };
    let rows: Vec<(&str, Vec<String>)> = runs.iter().map(|run| (run.name.as_str(), row(run))).collect();
    let mut text = dealt_out(&columns, &rows);
    if keys.is_empty() {
        text += "the configurations are the same\n";
    }
    let all = distinct(runs.iter().flat_map(|run| &run.evaluations).map(|evaluation| evaluation.tasks.as_str()));
    let tables: Vec<String> = all.into_iter().filter_map(|tasks| scenario(runs, tasks)).collect();
    match tables.is_empty() {
        true => text += "\nthere is no scenario in which two of them were evaluated: `evaluate RUN --on ID` does that",
        false => {
            text += "\ninterquartile mean of the reward of a lifetime, with its 95 % bootstrap interval; `better than`: how \
                     probable it is that a life of the run's own learner is better than one of that run's, ties counting half\n";
            text += tables.concat().trim_end_matches('\n');
        }
    }
    text
}

/// The table of a scenario in which at least two of the runs were evaluated.
fn scenario(runs: &[Run], tasks: &str) -> Option<String> {
    let here: Vec<&Run> =
        runs.iter().filter(|run| run.evaluations.iter().any(|evaluation| evaluation.tasks == tasks)).collect();
    if here.len() < 2 {
        return None;
    }
    let evaluations = here.iter().flat_map(|run| &run.evaluations).filter(|evaluation| evaluation.tasks == tasks);
    let learners = distinct(evaluations.map(|evaluation| evaluation.learner.as_str()));
    let first = here[0];
    let better = format!("better than {}", first.name);
    let columns: Vec<&str> = learners.iter().copied().chain([better.as_str()]).collect();
    let cell = |run: &Run, learner: &str| {
        let summary = run.evaluation(tasks, learner).and_then(Evaluation::summary);
        summary.map_or_else(|| NOTHING_TO_TELL.into(), |s| with_interval(s.interquartile_mean, s.interval))
    };
    let row = |run: &Run| {
        let own = |run: &'_ Run| run.evaluation(tasks, &run.learner).cloned();
        let improvement = match own(run).zip(own(first)) {
            _ if std::ptr::eq(run, first) => String::new(),
            Some((of, over)) => improvement(&of, &over),
            None => NOTHING_TO_TELL.into(),
        };
        learners.iter().map(|learner| cell(run, learner)).chain([improvement]).collect()
    };
    let rows: Vec<(&str, Vec<String>)> = here.iter().map(|run| (run.name.as_str(), row(run))).collect();
    Some(format!("\n{tasks}\n{}", dealt_out(&columns, &rows)))
}

/// How probable it is that a life of `of` is better than one of `over`.
fn improvement(of: &Evaluation, over: &Evaluation) -> String {
    let rewards = |evaluation: &Evaluation| -> Vec<f64> { evaluation.lives.iter().map(|life| life.reward).collect() };
    let whole = of.faults.is_empty() && over.faults.is_empty();
    let paired = whole && (of.seed, of.split, of.lives.len()) == (over.seed, over.split, over.lives.len());
    let (of, over, mut rng) = (rewards(of), rewards(over), stream(over.seed, "bootstrap", &[]));
    with_interval(probability_of_improvement(&of, &over), improvement_interval(&of, &over, paired, &mut rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::table::tests::evaluation;

    fn run(name: &str, settings: &[&str], evaluations: &[Evaluation]) -> Run {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let config = Config::parse("tasks = [\"CartPole-v1\"]", &settings).unwrap();
        let mut keys = BTreeMap::new();
        flatten("", &Table::try_from(&config).unwrap(), &mut keys);
        Run {
            name: name.into(),
            keys,
            learner: config.learner.name().into(),
            generations: 7,
            steps: 1234,
            minutes: 2.04,
            validation: Some(5.5),
            hash: "0123456789abcdef".into(),
            evaluations: evaluations.to_vec(),
        }
    }

    #[test]
    fn keys_that_are_the_same_are_not_shown() {
        let runs = [
            run("a", &["seed=1"], &[]),
            run("b", &["seed=2", "tasks=[\"A-v0\",\"B-v0\"]"], &[]),
            run("c", &["learner.kind=meta-rnn"], &[]),
        ];
        assert_eq!(differing(&runs[..1]), [""; 0]);
        assert_eq!(differing(&runs[..2]), ["seed", "tasks"]);
        let keys = differing(&runs);
        assert!(keys.contains(&"learner.cell") && keys.contains(&"learner.message_size"), "{keys:?}");
        let shown = text(&runs[..2]);
        assert!(shown.contains("01234567") && !shown.contains("012345678") && shown.contains("2.0"), "{shown}");
        assert!(shown.contains("A-v0\n") || shown.lines().any(|line| line.trim_end().ends_with("B-v0")), "{shown}");
        assert!(shown.contains("no scenario in which two of them were evaluated"), "{shown}");
    }

    #[test]
    fn runs_stand_side_by_side_where_two_were_evaluated() {
        let one = [evaluation("vsml", "A-v0", &[1.0, 3.0]), evaluation("vsml", "B-v0", &[1.0])];
        let two = [evaluation("meta-rnn", "A-v0", &[2.0, 3.0]), evaluation("random", "A-v0", &[])];
        let shown = text(&[run("a", &[], &one), run("b", &["learner.kind=meta-rnn"], &two), run("c", &[], &[])]);
        let (_, tables) = shown.split_once("\nA-v0\n").unwrap();
        assert!(!shown.contains("B-v0"), "{shown}");
        let row = |name: &str| tables.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        // Of the four pairs (2, 1), (2, 3), (3, 1), (3, 3): 1 + 0 + 1 + 1/2.
        assert!(row("b ").contains("0.62 ("), "{shown}");
        assert!(row("a ").contains("2.00 (") && row("a ").contains("n/a"), "{shown}");
        assert!(tables.contains("better than a"), "{shown}");
    }
}
