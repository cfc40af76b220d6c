//! The report: one HTML file with everything in it, to look at and to send around.
//!
//! It loads nothing from anywhere and needs no scripts, so it will still open in ten years. Everything that comes from data
//! is escaped by the template engine; only the plots, which are made here, go in as they are. The same run makes the same
//! bytes.

mod benchmark;
mod plots;

pub use benchmark::{BenchmarkReport, render_benchmark};

use crate::evaluate::is_trained;
use crate::phases::{self, ScoreKind};
use crate::table::{distinct, is_oracle, team_text};
use anyhow::Result;
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use vsml_agents::{Curve, Evaluation, GenerationMetrics, Summary};

/// The pages' templates, by name.
const TEMPLATES: [(&str, &str); 4] = [
    ("head.html", include_str!("head.html")),
    ("report.html", include_str!("report.html")),
    ("benchmark.html", include_str!("benchmark.html")),
    ("style.css", include_str!("style.css")),
];

/// A page of this template, with what is in `context`.
fn rendered(template: &str, context: serde_json::Value) -> Result<String> {
    let mut environment = Environment::new();
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment.get_template(template)?.render(Serde(context))?)
}

/// What a report shows.
pub struct Report<'a> {
    /// The run's name.
    pub name: &'a str,
    /// What the run is for, in a sentence; may be empty.
    pub purpose: &'a str,
    /// Facts about the run, in the order in which to show them.
    pub facts: &'a [(String, String)],
    /// The resolved configuration.
    pub config: &'a str,
    /// All generations.
    pub metrics: &'a [GenerationMetrics],
    /// The generations after which phases began.
    pub phases: &'a [u64],
    /// What the score of a validation is, and after which generation it has been that.
    pub score_kind: (ScoreKind, u64),
    /// All evaluations.
    pub evaluations: &'a [Evaluation],
    /// What can be done with the run, and the command that does it.
    pub commands: &'a [(String, String)],
}

/// One row of the matrix: a task distribution.
#[derive(Serialize)]
struct Row<'a> {
    tasks: &'a str,
    length: String,
    /// The most that any learner lived here.
    lives: usize,
    /// That of the tasks, if not all rows have the same.
    seed: Option<u64>,
    cells: Vec<Cell<'a>>,
    curves: Option<String>,
}

/// One learner on one task distribution.
#[derive(Default, Serialize)]
struct Cell<'a> {
    mean: Option<String>,
    error: String,
    regret: Option<String>,
    /// In a team: what all of its agents came to, and the worst off of them.
    team: Option<String>,
    interquartile: String,
    interval: String,
    lives: usize,
    faults: u64,
    best: bool,
    /// Where the mean lies between random play (0) and the oracle (100), if both are there.
    share: Option<u8>,
    reason: Option<&'a str>,
}

/// The page.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn render(report: &Report<'_>) -> Result<String> {
    let learners = in_order(report.evaluations.iter().map(|evaluation| evaluation.learner.as_str()));
    let faults = faults(report.metrics);
    let last = report.metrics.last();
    let best = phases::best(report.metrics, report.phases);
    let context = json!({
        "name": report.name,
        "purpose": report.purpose,
        "facts": report.facts,
        "config": report.config,
        "commands": report.commands,
        "generations": last.map(|metrics| metrics.generation),
        "steps": last.map(|metrics| grouped(metrics.steps)),
        "best": best.map(|metrics| metrics.generation),
        "best_score": best.and_then(|m| m.validation.as_ref()?.score).map(|score| format!("{score:.2}")),
        "score_kind": plots::shown(report.metrics, report.score_kind),
        "training": plots::training(report.metrics, report.phases, report.score_kind)?,
        "phases": report.phases,
        "scenarios": scenarios(report)?,
        "learners": learners,
        "legend": learners.iter().enumerate().map(|(i, learner)| (*learner, plots::colour(i))).collect::<Vec<_>>(),
        "rows": rows(report.evaluations, &learners)?,
        "faults": faults,
        "first_fault": report.metrics.iter().find_map(|metrics| metrics.first_fault.as_deref()),
    });
    rendered("report.html", context)
}

/// Of a mixture, each scenario that was validated, and its plot.
fn scenarios<'a>(report: &Report<'a>) -> Result<Vec<(&'a str, String)>> {
    let validations = report.metrics.iter().filter_map(|metrics| metrics.validation.as_ref());
    let ids = distinct(validations.flat_map(|validation| validation.reward.keys().map(String::as_str)));
    let plot = |id: &'a str| Ok(plots::scenario(report.metrics, report.phases, id)?.map(|plot| (id, plot)));
    if ids.len() < 2 {
        return Ok(Vec::new());
    }
    ids.into_iter().filter_map(|id| plot(id).transpose()).collect()
}

/// All task distributions with what every learner came to there, on the same tasks: a seed or a number of lifetimes of their own
/// make a row of their own.
fn rows<'a>(evaluations: &'a [Evaluation], learners: &[&'a str]) -> Result<Vec<Row<'a>>> {
    let lived = |e: &&Evaluation| e.unsuited.is_none();
    let nobody = |e: &&Evaluation| !evaluations.iter().any(|other| other.tasks == e.tasks && lived(&other));
    let rows = evaluations.iter().filter(|e| lived(e) || nobody(e));
    let rows = distinct(rows.map(|e| (e.tasks.as_str(), e.seed, e.lifetimes())));
    let several = rows.iter().any(|(_, seed, _)| *seed != rows[0].1);
    let row = |(tasks, seed, lifetimes): (&'a str, u64, u64)| {
        let here = |e: &&Evaluation| e.tasks == tasks && (!lived(e) || (e.seed, e.lifetimes()) == (seed, lifetimes));
        let of_learner: Vec<Option<&Evaluation>> =
            learners.iter().map(|learner| evaluations.iter().filter(here).find(|e| e.learner == *learner)).collect();
        let summaries: Vec<Option<Summary>> = of_learner.iter().map(|e| e.and_then(Evaluation::summary)).collect();
        let mean_of = |name: &str| {
            let index = learners.iter().position(|learner| *learner == name)?;
            summaries[index].as_ref().map(|summary| summary.mean)
        };
        let oracle = learners.iter().find(|learner| is_oracle(learner)).and_then(|oracle| mean_of(oracle));
        let random = mean_of("random");
        let candidates = learners.iter().zip(&summaries).filter(|(learner, _)| !is_oracle(learner));
        let best = candidates.filter_map(|(_, summary)| Some(summary.as_ref()?.mean)).reduce(f64::max);
        let cells = learners.iter().zip(of_learner.iter().zip(&summaries));
        let cells = cells
            .map(|(learner, (evaluation, summary))| {
                let mut cell = cell(*evaluation, summary.as_ref(), random, oracle);
                cell.best = !is_oracle(learner) && best.is_some() && summary.as_ref().map(|s| s.mean) == best;
                cell
            })
            .collect();
        let length = of_learner.iter().flatten().next().map_or(String::new(), |e| e.length.to_string());
        let lives = summaries.iter().flatten().map(|summary| summary.lives).max().unwrap_or(0);
        let curves: Vec<Option<&Curve>> = of_learner.iter().map(|e| e.map(|e| &e.curve)).collect();
        let seed = several.then_some(seed);
        Ok(Row { tasks, length, lives, seed, cells, curves: plots::lifetime(&curves)? })
    };
    rows.into_iter().map(row).collect()
}

fn cell<'a>(
    evaluation: Option<&'a Evaluation>,
    summary: Option<&Summary>,
    random: Option<f64>,
    oracle: Option<f64>,
) -> Cell<'a> {
    let mut cell = Cell::default();
    if let Some(evaluation) = evaluation {
        cell.reason = evaluation.unsuited.as_deref();
        cell.faults = evaluation.faults.values().sum();
        cell.team = summary.and_then(|summary| team_text(evaluation, summary));
    }
    if let Some(summary) = summary {
        cell.lives = summary.lives;
        cell.mean = Some(format!("{:.2}", summary.mean));
        cell.error = format!("{:.2}", summary.standard_error);
        cell.regret = summary.regret.map(|(mean, error)| format!("{mean:.2} ± {error:.2}"));
        let interval = summary.interval;
        cell.interquartile = format!("{:.2}", summary.interquartile_mean);
        cell.interval = format!("[{:.2}, {:.2}]", interval.low, interval.high);
        cell.share = match (random, oracle) {
            (Some(random), Some(oracle)) if oracle > random => {
                Some((100.0 * (summary.mean - random) / (oracle - random)).clamp(0.0, 100.0) as u8)
            }
            _ => None,
        };
    }
    cell
}

/// Lifetimes cut short in training, by kind.
fn faults(metrics: &[GenerationMetrics]) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for (kind, count) in metrics.iter().flat_map(|metrics| &metrics.faults) {
        *counts.entry(kind.as_str()).or_insert(0) += count;
    }
    counts
}

/// Names in the order in which they first appear, the trained learner first.
fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = distinct(names);
    seen.sort_by_key(|name| !is_trained(name));
    seen
}

/// 1234567 as 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    groups.iter().map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::evaluation;
    use vsml_agents::Validation;

    fn generation(generation: u64) -> GenerationMetrics {
        let fitness = (generation as f64).sqrt();
        GenerationMetrics {
            generation,
            fitness_mean: (generation != 3).then_some(fitness),
            fitness_best: Some(fitness + 2.0),
            fitness_deviation: Some(1.0),
            loss: None,
            valid_members: 16,
            members: 16,
            faults: BTreeMap::new(),
            first_fault: None,
            steps: 1000 * generation,
            theta_norm: 10.0,
            update_norm: 0.1,
            validation: generation.is_multiple_of(10).then(|| Validation {
                score: Some(fitness),
                best_so_far: true,
                ..Validation::default()
            }),
        }
    }

    fn page(metrics: &[GenerationMetrics], evaluations: &[Evaluation]) -> String {
        page_of_kind(metrics, evaluations, &[], (ScoreKind::Reward, 0))
    }

    fn page_of_kind(
        metrics: &[GenerationMetrics],
        evaluations: &[Evaluation],
        phases: &[u64],
        score_kind: (ScoreKind, u64),
    ) -> String {
        render(&Report {
            name: "run <1>",
            purpose: "a & b",
            facts: &[("seed".into(), "1".into())],
            config: "seed = 1",
            metrics,
            phases,
            score_kind,
            evaluations,
            commands: &[("again".into(), "vsml train <x>".into())],
        })
        .unwrap()
    }

    #[test]
    fn everything_is_in_it_and_nothing_from_elsewhere() {
        let metrics: Vec<GenerationMetrics> = (1..=40).map(generation).collect();
        let evaluations = [
            evaluation("random", "A-v0", &[5.0, 5.5]),
            evaluation("vsml", "A-v0", &[7.0, 8.0, 9.0]),
            evaluation("oracle", "A-v0", &[10.0, 10.0]),
            evaluation("vsml", "<script>-v0", &[1.0]),
            evaluation("random", "<script>-v0", &[]),
        ];
        let page = page(&metrics, &evaluations);
        for expected in
            ["run &lt;1&gt;", "a &amp; b", "A-v0", "&lt;script&gt;-v0", "8.00", "it cannot", "<svg", "40,000"]
        {
            assert!(page.contains(expected), "{expected}");
        }
        assert!(!page.contains("<script"), "ids are escaped, in plots too");
        let outside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!outside.contains("http://") && !outside.contains("https://"));
    }

    #[test]
    fn each_scenario_of_a_mixture_has_a_plot() {
        let mut metrics: Vec<GenerationMetrics> = (1..=40).map(generation).collect();
        let plots = |metrics: &[GenerationMetrics]| page(metrics, &[]).matches("<svg").count();
        let score = |reward: &[(&str, f64)]| {
            let reward = reward.iter().map(|(id, reward)| (id.to_string(), Some(*reward))).collect();
            Some(Validation { reward, score: Some(1.0), ..Validation::default() })
        };
        metrics[9].validation = score(&[("A-v0", 1.0)]);
        assert_eq!(plots(&metrics), 1, "the mean is all there is");
        metrics[19].validation = score(&[("A-v0", 2.0), ("<B>-v0", -300.0)]);
        assert_eq!(plots(&metrics), 3);
        assert!(page(&metrics, &[]).contains("&lt;B&gt;-v0"));
    }

    #[test]
    fn what_was_best_is_asked_anew_in_each_phase_and_units_are_not_mixed() {
        let metrics: Vec<GenerationMetrics> = (1..=40).map(generation).collect();
        let plain = page(&metrics, &[]);
        assert!(plain.contains("best validation, generation 40") && !plain.contains("A rule is where"));
        assert!(plain.contains("fitness: mean of the population") && !plain.contains("of random play"));
        let elsewhere = page_of_kind(&metrics, &[], &[20], (ScoreKind::Improvement, 20));
        assert!(elsewhere.contains("probability that a life is better") && !elsewhere.contains("fitness: mean of the"));
        let phases = page_of_kind(&metrics, &[], &[20, 40], (ScoreKind::Standardised, 20));
        assert!(!phases.contains("best validation, generation") && phases.contains("A rule is where a phase begins"));
        assert!(!phases.contains("fitness: mean of the population") && phases.contains("of random play"));
        // Of the four validations two are drawn.
        let points = |page: &str| page.matches("<circle").count();
        assert_eq!((points(&plain), points(&phases)), (4, 2));
    }

    #[test]
    fn empty_and_tiny_runs_have_a_page() {
        assert!(page(&[], &[]).contains("</html>"));
        assert!(page(&[generation(3)], &[]).contains("</html>"));
        assert!(page(&[generation(1)], &[evaluation("vsml", "A-v0", &[])]).contains("n/a"));
    }

    #[test]
    fn of_teams_everybody_is_told_of() {
        let alone = evaluation("vsml", "A-v0", &[1.0, 3.0]);
        let team = Evaluation { teams: vec![vec![1.0, 5.0], vec![3.0, -1.0]], ..alone.clone() };
        // As the template engine writes a slash.
        assert!(page(&[], &[team]).contains("all / worst off 2.00 ±1.00 &#x2f; 0.00 ±1.00"));
        assert!(!page(&[], &[alone]).contains("all / worst off"));
    }

    #[test]
    fn faults_are_counted() {
        let mut metrics: Vec<GenerationMetrics> = (1..=5).map(generation).collect();
        metrics[2].faults = BTreeMap::from([("panic".into(), 3)]);
        metrics[3].faults = BTreeMap::from([("panic".into(), 4), ("reward".into(), 1)]);
        metrics[2].first_fault = Some("it fell over".into());
        let page = page(&metrics, &[]);
        assert!(page.contains("panic") && page.contains("<td>7</td>") && page.contains("it fell over"));
    }

    #[test]
    fn long_runs_have_small_pages() {
        let metrics: Vec<GenerationMetrics> = (1..=20_000).map(generation).collect();
        let length = page(&metrics, &[]).len();
        assert!(length < 300_000, "{length} bytes");
    }
}
