//! The page of a benchmark: who came to what where, how that was learnt, and how it looks within a life.

use super::{plots, rendered};
use crate::benchmark::{Against, Cell, Grid, Layout, Line, Number, Test};
use crate::table::{digits, distinct, rounded};
use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use vsml_agents::{Curve, Measure};

/// What the page of a benchmark shows.
pub struct BenchmarkReport<'a> {
    /// The benchmark's name.
    pub name: &'a str,
    /// What it is for, in a sentence; may be empty.
    pub about: &'a str,
    /// The command that makes it again.
    pub command: &'a str,
    /// Its configuration, as it was written.
    pub plan: &'a str,
    /// What of lives is told.
    pub measures: &'a [Measure],
    /// Whether numbers of several tests may be put together in one.
    pub pooled: bool,
    /// What came of it.
    pub grid: &'a Grid,
}

/// A table of who came to what, by one measure.
#[derive(Serialize)]
struct HeatMap<'a> {
    title: &'a str,
    rows: Vec<Row<'a>>,
    /// Each learner: the tests in which it is better than the first player, intervals apart, those in which it is worse, and of how
    /// many.
    against_player: Vec<(&'a str, [Vec<&'a str>; 2], usize)>,
    /// Each learner, and all its tests together: where it was trained, and elsewhere.
    pooled: Vec<(&'a str, [Option<Text>; 2])>,
    /// Each learner, and how probable it is that it comes off better than each other.
    improvement: Vec<(&'a str, Vec<Option<Text>>)>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    trained_on: Option<&'a str>,
    player: bool,
    cells: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    text: Option<Text>,
    own: bool,
    /// How far from the worst (0) to the best (100) of its column.
    share: u8,
}

/// A number, and the interval around it.
#[derive(Serialize)]
struct Text {
    number: String,
    interval: String,
    /// For probabilities: in percent.
    share: u8,
}

impl Text {
    fn of((number, interval): Number) -> Self {
        let text = |value| rounded(value, digits(number, interval));
        Text {
            number: text(number),
            interval: format!("{} to {}", text(interval.low), text(interval.high)),
            share: (100.0 * number).clamp(0.0, 100.0) as u8,
        }
    }
}

/// The page.
///
/// # Errors
/// If a plot cannot be drawn.
pub fn render_benchmark(report: &BenchmarkReport<'_>) -> Result<String> {
    let grid = report.grid;
    let learners = grid.learners();
    let names: Vec<&str> = learners.iter().copied().chain(grid.players.iter().map(|line| line.name.as_str())).collect();
    let legend: Vec<(&str, String)> = names.iter().enumerate().map(|(i, name)| (*name, plots::colour(i))).collect();
    let heat_maps: Vec<HeatMap<'_>> = report.measures.iter().map(|measure| heat_map(report, *measure)).collect();
    let choices = grid.choices.iter().map(|choice| (&choice.trained_on, &choice.learner, &choice.chosen));
    let context = json!({
        "name": report.name,
        "about": report.about,
        "command": report.command,
        "plan": report.plan,
        "trainings": distinct(grid.progress.iter().map(|progress| &progress.trained_on)).len(),
        "seeds": grid.seeds,
        "minutes": format!("{:.0}", grid.seconds / 60.0),
        "several": grid.layout == Layout::LearnerAndTraining,
        "tests_down": grid.tests_down(),
        "tests": grid.tests.iter().map(|test| (&test.name, (test.name != test.tasks).then_some(&test.tasks))).collect::<Vec<_>>(),
        "heat_maps": heat_maps,
        "first_player": grid.players.first().map(|line| &line.name),
        "learners": learners,
        "legend": legend,
        "learning": learning(grid, &names)?,
        "lifetimes": lifetimes(grid, &names)?,
        "reasons": grid.reasons(),
        "faults": grid.faults(),
        "choices": choices.collect::<Vec<_>>(),
    });
    rendered("benchmark.html", context)
}

fn heat_map<'a>(report: &BenchmarkReport<'a>, measure: Measure) -> HeatMap<'a> {
    let grid = report.grid;
    // From the worst to the best of each column.
    let ranges: Vec<(f64, f64)> = (0..grid.tests.len())
        .map(|column| {
            let numbers = grid.everybody().filter_map(|line| line.cells[column].number(measure));
            let goodness = numbers.map(|(number, _)| measure.better_by(number, 0.0));
            goodness.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        })
        .collect();
    let shown = |(cell, (worst, best)): (&Cell, &(f64, f64))| {
        let number = cell.number(measure);
        let share = number
            .filter(|_| best > worst)
            .map_or(0.0, |(number, _)| (measure.better_by(number, 0.0) - worst) / (best - worst));
        Shown { text: number.map(Text::of), own: cell.own, share: (100.0 * share) as u8 }
    };
    let row = |line: &'a Line, player: bool| Row {
        name: &line.name,
        trained_on: line.trained_on.as_deref(),
        player,
        cells: line.cells.iter().zip(&ranges).map(shown).collect(),
    };
    let players = grid.players.iter().map(|line| row(line, true));
    let learners = grid.learners();
    let pooled =
        |learner: &&'a str| (*learner, [true, false].map(|own| grid.pooled(learner, own, measure).map(Text::of)));
    let improvement = |of: &&'a str| {
        let over = |over: &&str| grid.improvement(of, over, measure).filter(|_| of != over).map(Text::of);
        (*of, learners.iter().map(over).collect())
    };
    let against = |learner: &&'a str| {
        let Against { better, worse, of, .. } = grid.against_player(learner, measure)?;
        let names = |tests: Vec<&'a Test>| tests.iter().map(|test| test.name.as_str()).collect();
        Some((*learner, [better, worse].map(names), of))
    };
    HeatMap {
        title: measure.title(),
        against_player: learners.iter().filter_map(against).collect(),
        rows: players.chain(grid.lines.iter().map(|line| row(line, false))).collect(),
        pooled: if report.pooled { learners.iter().map(pooled).collect() } else { Vec::new() },
        improvement: if learners.len() > 1 { learners.iter().map(improvement).collect() } else { Vec::new() },
    }
}

/// A plot for each of what was trained on: its name, and the drawing. `names` are in the order of the legend.
fn learning<'a>(grid: &'a Grid, names: &[&str]) -> Result<Vec<(&'a str, String)>> {
    let mut plots = Vec::new();
    for training in distinct(grid.progress.iter().map(|progress| progress.trained_on.as_str())) {
        let here = grid.progress.iter().filter(|progress| progress.trained_on == training);
        let place = |learner: &str| names.iter().position(|name| *name == learner).unwrap_or_default();
        let learners: Vec<_> = here.map(|progress| (place(&progress.learner), &progress.points[..])).collect();
        if let Some(plot) = plots::learning(&learners)? {
            plots.push((training, plot));
        }
    }
    Ok(plots)
}

/// A plot for each test, and for each of what was trained on where that matters: its name, and the drawing. `names` are in the
/// order of the legend.
fn lifetimes(grid: &Grid, names: &[&str]) -> Result<Vec<(String, String)>> {
    let mut plots = Vec::new();
    for training in distinct(grid.lines.iter().map(|line| line.trained_on.as_deref())) {
        for (column, test) in grid.tests.iter().enumerate() {
            let curve = |name: &&str| {
                let of_name = |line: &&Line| line.name == **name && line.trained_on.as_deref() == training;
                let player = || grid.players.iter().find(|line| line.name == **name);
                grid.lines.iter().find(of_name).or_else(player)?.cells[column].curve()
            };
            let curves: Vec<Option<Curve>> = names.iter().map(curve).collect();
            let title = training.map_or_else(|| test.name.clone(), |on| format!("{}, trained on {on}", test.name));
            if let Some(plot) = plots::lifetime(&curves.iter().map(Option::as_ref).collect::<Vec<_>>())? {
                plots.push((title, plot));
            }
        }
    }
    Ok(plots)
}
