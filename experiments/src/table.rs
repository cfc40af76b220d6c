//! Terse tables for the terminal.
//!
//! Rows are task distributions, columns are learners, because there are more of the former and their names are longer. All
//! is plain text: no colours to get into a log file, and light rules that survive a copy into a message.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table};
use serde_json::Value;
use std::collections::BTreeMap;
use vsml_agents::statistics::Interval;
use vsml_agents::{Evaluation, Summary};
use vsml_envs::Listing;

/// Stands where there is no number.
pub const NOTHING_TO_TELL: &str = "n/a";

/// From so many tests on, it is counted in how many a learner is better.
pub const MANY_TESTS: usize = 8;

/// Marks the best learner of a row, oracles apart.
const BEST: &str = "*";

/// Mean total reward, and below it mean regret where environments know it, with standard errors; then what teams came to,
/// where there is more of it to tell than the learner's own reward.
pub fn evaluation_table(evaluations: &[Evaluation]) -> String {
    let summaries: Vec<Option<Summary>> = evaluations.iter().map(Evaluation::summary).collect();
    let value = |of: fn(&Summary) -> Option<(f64, f64)>| -> Vec<Option<(f64, f64)>> {
        summaries.iter().map(|summary| summary.as_ref().and_then(of)).collect()
    };
    let rewards = value(|summary| Some((summary.mean, summary.standard_error)));
    let regrets = value(|summary| summary.regret);
    let mut text = String::from("total reward of a lifetime, mean ± standard error; * best but for the oracle\n");
    text += &matrix(evaluations, &rewards, f64::max);
    text += &against_random_play(evaluations, &rewards);
    if regrets.iter().any(Option::is_some) {
        text += "\nregret over a lifetime, mean ± standard error\n";
        text += &matrix(evaluations, &regrets, f64::min);
    }
    let teams: Vec<Option<String>> =
        evaluations.iter().zip(&summaries).map(|(e, s)| team_text(e, s.as_ref()?)).collect();
    if teams.iter().any(Option::is_some) {
        text += "\nmean reward of all agents (welfare) / of the worst off, mean ± standard error\n";
        text += &arranged(evaluations, &teams, |_, cells| {
            cells.iter().map(|cell| cell.clone().unwrap_or_else(|| NOTHING_TO_TELL.into())).collect()
        });
    }
    for evaluation in evaluations {
        if !evaluation.faults.is_empty() {
            let counts: Vec<String> = evaluation.faults.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let counts = counts.join(", ");
            let first =
                evaluation.first_fault.as_deref().map(|said| format!("; the first: {said}")).unwrap_or_default();
            text += &format!("\nfaults of {} on {}: {counts}{first}", evaluation.learner, evaluation.tasks);
        }
    }
    for (learner, reason) in unsuited(evaluations) {
        text += &format!("\nn/a: {learner}: {reason}");
    }
    text
}

/// In how many of many task distributions each learner is better than random play, and in how many worse.
fn against_random_play(evaluations: &[Evaluation], rewards: &[Option<(f64, f64)>]) -> String {
    let of = |name: &str| -> BTreeMap<&str, (f64, f64)> {
        let own = evaluations.iter().zip(rewards).filter(|(evaluation, _)| evaluation.learner == name);
        own.filter_map(|(evaluation, reward)| Some((evaluation.tasks.as_str(), (*reward)?))).collect()
    };
    let random = of("random");
    let learners = distinct(evaluations.iter().map(|evaluation| evaluation.learner.as_str()));
    let line = |name: &&str| {
        let differences: Vec<f64> = of(name)
            .iter()
            .filter_map(|(tasks, (mean, error))| {
                let (usual, other) = random.get(tasks)?;
                Some((mean - usual) / (2.0 * error.hypot(*other)))
            })
            .collect();
        let beyond = |sign: f64| differences.iter().filter(|difference| sign * **difference > 1.0).count();
        (*name != "random" && differences.len() >= MANY_TESTS).then(|| {
            let (better, worse, all) = (beyond(1.0), beyond(-1.0), differences.len());
            format!("{name}: better than random in {better} of {all}, worse in {worse} (two standard errors of the difference)\n")
        })
    };
    learners.iter().filter_map(line).collect()
}

/// Every reason that a learner gave for not playing, once.
pub fn unsuited(evaluations: &[Evaluation]) -> Vec<(&str, &str)> {
    let reason = |evaluation| {
        let Evaluation { learner, unsuited, .. }: &Evaluation = evaluation;
        Some((learner.as_str(), unsuited.as_deref()?))
    };
    distinct(evaluations.iter().filter_map(reason))
}

/// What all agents of a team and the worst off of them came to; none where the learner is all there is.
pub fn team_text(evaluation: &Evaluation, summary: &Summary) -> Option<String> {
    let several = evaluation.teams.first().is_some_and(|agents| agents.len() > 1);
    let ((welfare, error), worst) = summary.welfare.zip(summary.worst).filter(|_| several)?;
    Some(format!("{} / {}", with_error(welfare, error), with_error(worst.0, worst.1)))
}

/// The values as a matrix of task distributions by learners; rows without any value are left out.
fn matrix(evaluations: &[Evaluation], values: &[Option<(f64, f64)>], better: fn(f64, f64) -> f64) -> String {
    arranged(evaluations, values, |learners, cells| texts(learners, cells, better))
}

/// One value of each evaluation as a matrix of task distributions by learners, each row written by `texts`; rows without any
/// value are left out.
fn arranged<T: Clone>(
    evaluations: &[Evaluation],
    values: &[Option<T>],
    texts: impl Fn(&[&str], &[Option<T>]) -> Vec<String>,
) -> String {
    let learners = distinct(evaluations.iter().map(|evaluation| evaluation.learner.as_str()));
    let rows: Vec<(&str, Vec<String>)> = distinct(evaluations.iter().map(|evaluation| evaluation.tasks.as_str()))
        .into_iter()
        .filter_map(|tasks| {
            let of_learner = |learner: &&str| {
                let same = |(e, _): &(&Evaluation, _)| e.tasks == tasks && e.learner == *learner;
                evaluations.iter().zip(values).find(same).and_then(|(_, value)| value.clone())
            };
            let cells: Vec<Option<T>> = learners.iter().map(of_learner).collect();
            cells.iter().any(Option::is_some).then(|| (tasks, texts(&learners, &cells)))
        })
        .collect();
    dealt_out(&learners, &rows)
}

/// A table of named rows with a text for each of `columns`, numbers for the most part. Where the terminal is too narrow, the
/// columns are dealt out over several tables.
pub fn dealt_out(columns: &[&str], rows: &[(&str, Vec<String>)]) -> String {
    let table = |columns: &[&str], first: usize| {
        let mut table = new_table(std::iter::once("").chain(columns.iter().copied()));
        table.set_content_arrangement(ContentArrangement::Disabled);
        for (name, texts) in rows {
            let of_columns = texts.iter().skip(first).take(columns.len()).map(String::as_str);
            table.add_row(std::iter::once(*name).chain(of_columns));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    };
    let widest = table(&[], 0).width().unwrap_or(u16::MAX) as usize;
    let fits = |per_table: &usize| {
        let tables = columns.chunks(*per_table).enumerate().map(|(i, part)| table(part, i * per_table).to_string());
        tables.flat_map(|table| table.lines().map(|line| line.chars().count()).max()).all(|width| width <= widest)
    };
    let per_table = (1..=columns.len()).rev().find(fits).unwrap_or(1);
    let tables = columns.chunks(per_table).enumerate();
    tables.map(|(i, part)| format!("{}\n", table(part, i * per_table))).collect()
}

/// The cells of a row, the best learner marked.
fn texts(learners: &[&str], cells: &[Option<(f64, f64)>], better: fn(f64, f64) -> f64) -> Vec<String> {
    let candidates = learners.iter().zip(cells).filter(|(learner, _)| !is_oracle(learner));
    let best = candidates.filter_map(|(_, cell)| cell.map(|(mean, _)| mean)).reduce(better);
    let text = |(learner, cell): (&&str, &Option<(f64, f64)>)| match cell {
        None => NOTHING_TO_TELL.to_string(),
        Some((mean, error)) => {
            let mark = if Some(*mean) == best && !is_oracle(learner) { BEST } else { "" };
            format!("{mark}{}", with_error(*mean, *error))
        }
    };
    learners.iter().zip(cells).map(text).collect()
}

/// `64.13`; a zero has no sign, from whatever side it was rounded.
pub fn two_decimals(number: f64) -> String {
    rounded(number, 2)
}

/// A number with so many digits after the point.
pub fn rounded(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    let is_zero = !text.contains(|character: char| ('1'..='9').contains(&character)) && number.is_finite();
    if is_zero { text.trim_start_matches('-').into() } else { text }
}

/// Digits after the point that an interval needs so that one sees how wide it is, or where it has no width, how large the number
/// is: two significant ones, but two at least and six at most.
pub fn digits(number: f64, Interval { low, high }: Interval) -> usize {
    let size = if high > low { high - low } else { number.abs() };
    let large_enough = |&digits: &usize| size == 0.0 || size * 10_f64.powi(digits as i32 - 1) >= 1.0;
    (2..6).find(large_enough).unwrap_or(6)
}

/// A mean with its standard error: `64.13 ±.56`, since the error's zero says nothing.
pub fn with_error(mean: f64, error: f64) -> String {
    let error = two_decimals(error);
    format!("{} ±{}", two_decimals(mean), error.strip_prefix('0').unwrap_or(&error))
}

/// A number with the interval around it: `64.13 (63.02 to 65.24)`, with more digits where that is narrow.
pub fn with_interval(number: f64, Interval { low, high }: Interval) -> String {
    let digits = digits(number, Interval { low, high });
    format!("{} ({} to {})", rounded(number, digits), rounded(low, digits), rounded(high, digits))
}

/// Whether this is the name of a player who knows what others must find out.
pub fn is_oracle(learner: &str) -> bool {
    matches!(learner.split(':').next(), Some("oracle" | "oracle-mdp"))
}

/// Names, or whatever else, in the order in which they first appear.
pub fn distinct<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = Vec::new();
    for one in all {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen
}

/// A word of a command as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_:=.,/".contains(c);
    if word.chars().all(plain) { word.into() } else { format!("\"{word}\"") }
}

/// The environments of a registry.
pub fn listing_table(listings: &[Listing]) -> String {
    let mut table = new_table(["environment", "lifetime", "what it is", "parameters and their defaults"]);
    for listing in listings {
        let parameters: Vec<String> =
            listing.parameters.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect();
        table.add_row([&listing.id, &listing.length.to_string(), &listing.summary, &parameters.join(", ")]);
    }
    table.to_string()
}

/// Names, each with a line about it.
pub fn named_lines(name: &str, line: &str, entries: &[(&str, &str)]) -> String {
    let mut table = new_table([name, line]);
    for (name, line) in entries {
        table.add_row([name, line]);
    }
    table.to_string()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToString::to_string)
}

/// Widest table where there is no terminal that says how wide it is.
const WIDTH: u16 = 160;

/// An empty table with this header.
pub fn new_table<'a>(header: impl IntoIterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    // Rules above, below and under the header, none between rows.
    let rule = LineStyle::none().fill('─').junction('─');
    let style = NOTHING.top_border(rule).header_separator(rule).bottom_border(rule);
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    table
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use vsml_agents::{Curve, LifeScore};
    use vsml_envs::{LifetimeLength, Split};

    /// An evaluation with these rewards; the regret of each life is 10 less its reward.
    pub fn evaluation(learner: &str, tasks: &str, rewards: &[f64]) -> Evaluation {
        let life = |&reward: &f64| LifeScore { reward, regret: Some(10.0 - reward), steps: 10, episodes: 0 };
        Evaluation {
            learner: learner.into(),
            tasks: tasks.into(),
            length: LifetimeLength::Steps(10),
            split: Split::Test,
            seed: 1,
            unsuited: rewards.is_empty().then(|| "it cannot".to_string()),
            lives: rewards.iter().map(life).collect(),
            teams: Vec::new(),
            sixths: Vec::new(),
            faults: BTreeMap::new(),
            first_fault: None,
            fingerprints: Vec::new(),
            curve: Curve {
                unit: "step".into(),
                x: vec![0.0, 5.0, 9.0],
                mean: vec![0.1, 0.5, 0.8],
                standard_error: vec![0.01, 0.02, 0.01],
            },
        }
    }

    #[test]
    fn the_matrix_marks_the_best_and_says_who_cannot() {
        let text = evaluation_table(&[
            evaluation("vsml", "A-v0", &[7.0, 8.0, 9.0]),
            evaluation("random", "A-v0", &[5.0, 5.0]),
            evaluation("oracle", "A-v0", &[10.0, 10.0]),
            evaluation("vsml", "B-v0", &[1.0, 3.0]),
            evaluation("random", "B-v0", &[]),
        ]);
        assert!(text.contains("*8.00 ±.58"), "{text}");
        assert!(text.contains("*2.00 ±.58"), "regret of the best: {text}");
        assert!(text.contains("10.00 ±.00") && !text.contains("*10.00"), "{text}");
        assert!(text.contains("n/a: random: it cannot"), "{text}");
        assert_eq!(text.matches("A-v0").count(), 2);
    }

    #[test]
    fn of_many_tasks_those_better_and_worse_than_random_play_are_counted() {
        let names: Vec<String> = (0..MANY_TESTS).map(|number| format!("Task-v{number}")).collect();
        let mut all = Vec::new();
        for (number, name) in names.iter().enumerate() {
            all.push(evaluation("random", name, &[1.0, 3.0]));
            // Twice above by far, once below, else within two standard errors, which is 2.8.
            let shift = [9.0, 3.0, -3.0].get(number).copied().unwrap_or(2.5);
            all.push(evaluation("vsml", name, &[1.0 + shift, 3.0 + shift]));
        }
        let text = evaluation_table(&all);
        let counts = format!("vsml: better than random in 2 of {MANY_TESTS}, worse in 1 (two");
        assert!(text.contains(&counts) && !text.contains("random: better"), "{text}");
        assert!(!evaluation_table(&all[2..]).contains("better than random"), "of few tasks it can be seen");
    }

    #[test]
    fn of_teams_all_agents_and_the_worst_off_are_shown() {
        let alone = evaluation("vsml", "A-v0", &[1.0, 3.0]);
        let solitary = Evaluation { teams: vec![vec![1.0], vec![3.0]], ..alone.clone() };
        for evaluation in [&alone, &solitary] {
            assert!(!evaluation_table(std::slice::from_ref(evaluation)).contains("welfare"), "{evaluation:?}");
        }
        let team =
            Evaluation { teams: vec![vec![1.0, 5.0], vec![3.0, -1.0]], ..evaluation("vsml", "B-v0", &[1.0, 3.0]) };
        let text = evaluation_table(&[alone, team]);
        // Means of agents: 3 and 1. Worst off: 1 and -1.
        assert!(text.contains("2.00 ±1.00 / 0.00 ±1.00"), "{text}");
        let (_, of_teams) = text.split_once("welfare").unwrap();
        assert!(of_teams.contains("B-v0") && !of_teams.contains("A-v0"), "{text}");
    }

    #[test]
    fn an_interval_has_as_many_digits_as_tell_its_ends_apart() {
        let text = |number: f64, low: f64, high: f64| with_interval(number, Interval { low, high });
        assert_eq!(text(64.1, 63.0, 65.25), "64.10 (63.00 to 65.25)");
        assert_eq!(text(0.0042, 0.0031, 0.0049), "0.0042 (0.0031 to 0.0049)");
        assert_eq!(text(-0.000_000_1, -0.01, 0.01), "0.000 (-0.010 to 0.010)");
        assert_eq!(text(0.0, 0.0, 0.0), "0.00 (0.00 to 0.00)");
        assert_eq!(text(0.000_3, 0.000_3, 0.000_3), "0.00030 (0.00030 to 0.00030)");
        assert_eq!(text(1e-12, 0.0, 1e-12), "0.000000 (0.000000 to 0.000000)");
    }

    #[test]
    fn listings_show_ids_and_defaults() {
        let text = listing_table(&vsml_envs::Registry::builtin().list());
        assert!(text.contains("CartPole-v1") && text.contains("arms=2") && text.contains("100 steps"), "{text}");
    }
}
