//! What came of a benchmark: lines, who lived, against tests.

use super::Outcome;
use super::plan::{Plan, Test};
use crate::table::{MANY_TESTS, distinct};
use vsml_agents::statistics::{
    self, Interval, interquartile_interval, interquartile_mean, mean_improvement, stratified_interval,
};
use vsml_agents::{Curve, Evaluation, Measure};
use vsml_envs::stream;

/// Seeds, from which on intervals over them say anything.
const SOME_SEEDS: usize = 3;

/// What came of a benchmark.
pub struct Grid {
    /// All that anybody was tested on: the columns.
    pub tests: Vec<Test>,
    /// Reference players.
    pub players: Vec<Line>,
    /// Learners, those of one kind side by side.
    pub lines: Vec<Line>,
    /// What a line is.
    pub layout: Layout,
    /// How training went.
    pub progress: Vec<Progress>,
    /// Seeds that every learner was trained under.
    pub seeds: usize,
    /// What was chosen by search.
    pub choices: Vec<Choice>,
    /// Seconds of training, over all runs.
    pub seconds: f64,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A learner, tested where it was trained, or trained in one place only.
    Learner,
    /// A learner trained in one of several places, and tested in all of them and elsewhere.
    LearnerAndTraining,
}

/// A player, or a learner that was trained on something.
pub struct Line {
    /// How it is called.
    pub name: String,
    /// What it was trained on, where that is not the same for all.
    pub trained_on: Option<String>,
    /// Which of the learners it is, or of the players.
    pub place: usize,
    /// What came of each test.
    pub cells: Vec<Cell>,
}

/// What came of one test.
#[derive(Default)]
pub struct Cell {
    /// One of each seed; none where this was not asked for.
    pub evaluations: Vec<Evaluation>,
    /// Whether the learner was trained on what it is tested on.
    pub own: bool,
    /// Why there is none.
    pub reason: Option<String>,
}

/// How training went: validation under each seed.
pub struct Progress {
    /// What was trained on.
    pub trained_on: String,
    /// The learner's name.
    pub learner: String,
    /// In the order of training.
    pub points: Vec<ProgressPoint>,
}

/// Validation at some time of training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProgressPoint {
    /// Steps lived, in the mean over seeds.
    pub steps: f64,
    /// The least score of all seeds.
    pub least: f64,
    /// Their mean.
    pub mean: f64,
    /// The greatest of them.
    pub greatest: f64,
}

/// What search chose.
pub struct Choice {
    /// The learner's name.
    pub learner: String,
    /// What it was trained on.
    pub trained_on: String,
    /// As `key=value`.
    pub chosen: String,
}

/// An interquartile mean and its 95 % bootstrap interval.
pub type Number = (f64, Interval);

/// How a learner comes off against a player.
pub struct Against<'a> {
    /// The player's name.
    pub player: &'a str,
    /// Tests in which the learner is better, intervals apart.
    pub better: Vec<&'a Test>,
    /// Tests in which it is worse, intervals apart.
    pub worse: Vec<&'a Test>,
    /// In how many tests both of them are.
    pub of: usize,
}

impl Grid {
    /// With nobody in it yet.
    pub fn new(plan: &Plan) -> Self {
        let several = !plan.tests.is_empty() && plan.trainings.len() > 1;
        Grid {
            tests: plan.all_tests(),
            players: Vec::new(),
            lines: Vec::new(),
            layout: if several { Layout::LearnerAndTraining } else { Layout::Learner },
            progress: Vec::new(),
            seeds: plan.seeds.len(),
            choices: Vec::new(),
            seconds: 0.0,
        }
    }

    /// Adds what came of the learner in this `column` of the plan, trained on what is in this `row`.
    pub fn add(
        &mut self,
        plan: &Plan,
        (column, row): (usize, usize),
        outcome: Result<Outcome, String>,
        chosen: String,
    ) {
        let (learner, training) = (&plan.learners[column], &plan.trainings[row]);
        if !chosen.is_empty() {
            let (learner, trained_on) = (learner.name.clone(), training.name.clone());
            self.choices.push(Choice { learner, trained_on, chosen });
        }
        let tests = plan.tests_of(training);
        let trained_on = (self.layout == Layout::LearnerAndTraining).then(|| training.name.clone());
        let (outcome, reason) = match outcome {
            Ok(outcome) => (outcome, None),
            Err(reason) => (Outcome { evaluations: Vec::new(), progress: Vec::new(), seconds: 0.0 }, Some(reason)),
        };
        self.seconds += outcome.seconds;
        self.progress.push(Progress {
            trained_on: training.name.clone(),
            learner: learner.name.clone(),
            points: joined(&outcome.progress),
        });
        // The learner in its own network comes first, and after it, called by kind and network, in others.
        let networks = distinct(outcome.evaluations.iter().flatten().map(|evaluation| evaluation.learner.as_str()));
        let own = networks.first().copied().unwrap_or_default();
        for network in networks.iter().copied().chain(networks.is_empty().then_some("")) {
            let name = format!("{}{}", learner.name, network.strip_prefix(own).unwrap_or_default());
            let columns = self.tests.len();
            let same = |line: &Line| line.name == name && line.trained_on == trained_on;
            let line = match self.lines.iter().position(same) {
                Some(line) => line,
                None => {
                    let place = self.lines.iter().position(|line| line.place > column).unwrap_or(self.lines.len());
                    let cells = (0..columns).map(|_| Cell::default()).collect();
                    self.lines.insert(place, Line { name, trained_on: trained_on.clone(), place: column, cells });
                    place
                }
            };
            for (cell, test) in self.lines[line].cells.iter_mut().zip(&self.tests) {
                if !tests.contains(test) {
                    continue;
                }
                let of_test =
                    |evaluation: &&Evaluation| evaluation.tasks == test.tasks && evaluation.learner == network;
                *cell = Cell::new(outcome.evaluations.iter().flatten().filter(of_test).cloned().collect());
                cell.own = plan.trains_on(learner, training, &test.tasks);
                cell.reason = cell.reason.take().or_else(|| reason.clone());
            }
        }
    }

    /// Adds a reference player with its evaluations of each test.
    pub fn add_player(&mut self, name: &str, tests: Vec<Vec<Evaluation>>) {
        let cells = tests.into_iter().map(Cell::new).collect();
        self.players.push(Line { name: name.into(), trained_on: None, place: self.players.len(), cells });
    }

    /// Players, then learners.
    pub fn everybody(&self) -> impl Iterator<Item = &Line> {
        self.players.iter().chain(&self.lines)
    }

    /// Whether tables have a row for each test and a column for each line, because tests are more than lines.
    pub fn tests_down(&self) -> bool {
        self.layout == Layout::Learner && self.tests.len() > self.everybody().count()
    }

    /// Names of the learners, in their order, those in other networks among them.
    pub fn learners(&self) -> Vec<&str> {
        distinct(self.lines.iter().map(|line| line.name.as_str()))
    }

    /// What the best of several learners comes to in the test of this `column`.
    pub fn best(&self, column: usize, measure: Measure) -> Option<f64> {
        let means = self.lines.iter().filter_map(|line| Some(line.cells[column].number(measure)?.0));
        let means: Vec<f64> = means.collect();
        let best = means.iter().copied().max_by(|a, b| measure.better_by(*a, *b).total_cmp(&0.0));
        best.filter(|_| means.len() > 1)
    }

    /// All tests of a learner that are among what it was trained on, or all others, in one number; none if there are none.
    pub fn pooled(&self, learner: &str, own: bool, measure: Measure) -> Option<Number> {
        let cells = self.lines.iter().filter(|line| line.name == learner).flat_map(|line| &line.cells);
        let scores: Vec<Vec<f64>> =
            cells.filter(|cell| cell.own == own).filter_map(|cell| cell.scores(measure)).collect();
        let strata: Vec<&[f64]> = scores.iter().map(Vec::as_slice).collect();
        let interval = || stratified_interval(&strata, &mut stream(0, "bootstrap", &[]));
        (!scores.is_empty()).then(|| (interquartile_mean(&strata.concat()), interval()))
    }

    /// How probable it is that the one comes off better than the other under seeds of their own, in the mean over all tests in
    /// which both were; none if there is no such test.
    pub fn improvement(&self, of: &str, over: &str, measure: Measure) -> Option<Number> {
        let scores = |cell: &Cell| -> Option<Vec<f64>> {
            let scores = cell.scores(measure)?;
            Some(scores.into_iter().map(|score| measure.better_by(score, 0.0)).collect())
        };
        let mut tests = Vec::new();
        for line in self.lines.iter().filter(|line| line.name == of) {
            let same = |other: &&Line| other.name == over && other.trained_on == line.trained_on;
            let Some(other) = self.lines.iter().find(same) else { continue };
            let both = line.cells.iter().zip(&other.cells);
            tests.extend(both.filter_map(|(of, over)| scores(of).zip(scores(over))));
        }
        let tests: Vec<(&[f64], &[f64])> = tests.iter().map(|(of, over)| (&of[..], &over[..])).collect();
        (!tests.is_empty()).then(|| mean_improvement(&tests, &mut stream(0, "bootstrap", &[])))
    }

    /// In which tests a learner comes off better than the first reference player, and in which worse. None without players, where
    /// tests are few enough to be looked at, and where seeds are too few.
    pub fn against_player(&self, learner: &str, measure: Measure) -> Option<Against<'_>> {
        let player = self.players.first().filter(|_| self.tests.len() >= MANY_TESTS)?;
        let mut against = Against { player: &player.name, better: Vec::new(), worse: Vec::new(), of: 0 };
        for line in self.lines.iter().filter(|line| line.name == learner) {
            for (test, (cell, other)) in self.tests.iter().zip(line.cells.iter().zip(&player.cells)) {
                let seeds = cell.evaluations.len().min(other.evaluations.len());
                let both = cell.number(measure).zip(other.number(measure)).filter(|_| seeds >= SOME_SEEDS);
                let Some(((number, own), (usual, others))) = both else { continue };
                let apart = own.low > others.high || others.low > own.high;
                against.of += 1;
                if apart {
                    let better = measure.better_by(number, usual) > 0.0;
                    if better { &mut against.better } else { &mut against.worse }.push(test);
                }
            }
        }
        (against.of > 0).then_some(against)
    }

    /// Every reason why there is no number, with whom it is of; once, if it is the same but for its numbers.
    pub fn reasons(&self) -> Vec<(&str, &str)> {
        let mut reasons: Vec<(&str, &str)> = self.everybody().flat_map(Line::reasons).collect();
        let words = |text: &str| text.replace(|character: char| character.is_ascii_digit(), "");
        reasons.sort_by_cached_key(|(name, reason)| (*name, words(reason)));
        reasons.dedup_by_key(|(name, reason)| (*name, words(reason)));
        reasons
    }

    /// Lives that a fault cut short, of all.
    pub fn faults(&self) -> u64 {
        let evaluations = self.everybody().flat_map(|line| &line.cells).flat_map(|cell| &cell.evaluations);
        evaluations.flat_map(|evaluation| evaluation.faults.values()).sum()
    }
}

impl Line {
    fn reasons(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cells.iter().filter_map(|cell| Some((self.name.as_str(), cell.reason.as_deref()?)))
    }
}

impl Cell {
    fn new(evaluations: Vec<Evaluation>) -> Self {
        let reason = evaluations.iter().find_map(|evaluation| match evaluation.faults.get("learner") {
            Some(faults) => Some(format!(
                "{}: {faults} of {} lives did not come to their end: {}",
                evaluation.tasks,
                evaluation.lifetimes(),
                evaluation.first_fault.as_deref().unwrap_or_default()
            )),
            None => evaluation.unsuited.clone(),
        });
        Cell { evaluations, own: false, reason }
    }

    /// The mean over lives under each seed; none where there is one without lives, or where a learner failed: who does not live to
    /// the end is not judged by the lives that went well.
    pub fn scores(&self, measure: Measure) -> Option<Vec<f64>> {
        let score = |evaluation: &Evaluation| {
            let lives = evaluation.measured(measure).filter(|lives| !lives.is_empty() && !evaluation.failed())?;
            Some(statistics::mean(&lives))
        };
        let scores: Option<Vec<f64>> = self.evaluations.iter().map(score).collect();
        scores.filter(|scores| !scores.is_empty())
    }

    /// All seeds in one number.
    pub fn number(&self, measure: Measure) -> Option<Number> {
        let scores = self.scores(measure)?;
        Some((interquartile_mean(&scores), interquartile_interval(&scores, &mut stream(0, "bootstrap", &[]))))
    }

    /// Within the lifetime, in the mean over seeds; none where nobody lived.
    pub fn curve(&self) -> Option<Curve> {
        let curves: Vec<&Curve> = self.evaluations.iter().map(|evaluation| &evaluation.curve).collect();
        let mut mean = (*curves.first().filter(|curve| !curve.mean.is_empty())?).clone();
        if curves.iter().any(|curve| curve.mean.len() != mean.mean.len()) {
            return None;
        }
        let seeds = curves.len() as f64;
        for place in 0..mean.mean.len() {
            mean.mean[place] = curves.iter().map(|curve| curve.mean[place]).sum::<f64>() / seeds;
            let squares: f64 = curves.iter().map(|curve| curve.standard_error[place].powi(2)).sum();
            mean.standard_error[place] = squares.sqrt() / seeds;
        }
        Some(mean)
    }
}

/// Validation under all seeds, one after the other, as one curve: as far as all of them go.
fn joined(seeds: &[Vec<(u64, f64)>]) -> Vec<ProgressPoint> {
    let len = seeds.iter().map(Vec::len).min().unwrap_or(0);
    let point = |index: usize| {
        let scores: Vec<f64> = seeds.iter().map(|seed| seed[index].1).collect();
        ProgressPoint {
            steps: statistics::mean(&seeds.iter().map(|seed| seed[index].0 as f64).collect::<Vec<_>>()),
            least: scores.iter().copied().fold(f64::INFINITY, f64::min),
            mean: statistics::mean(&scores),
            greatest: scores.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    (0..len).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_joined_as_far_as_all_of_them_go() {
        let seeds = [vec![(10, 1.0), (20, 4.0), (30, 9.0)], vec![(12, 3.0), (24, 2.0)]];
        let points = joined(&seeds);
        assert_eq!(points[0], ProgressPoint { steps: 11.0, least: 1.0, mean: 2.0, greatest: 3.0 });
        assert_eq!(points[1], ProgressPoint { steps: 22.0, least: 2.0, mean: 3.0, greatest: 4.0 });
        assert_eq!((points.len(), joined(&[]).len()), (2, 0));
    }
}
