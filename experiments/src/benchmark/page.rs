//! A benchmark as a page of Markdown, and as a table for the terminal.

use super::grid::{Against, Cell, Grid, Layout, Line, Number};
use super::plan::Plan;
use crate::table::{NOTHING_TO_TELL, dealt_out, digits, distinct, rounded, with_interval};
use vsml_agents::Measure;

/// Learners, beyond which the page has no table of everybody against everybody.
const MOST_COMPARED: usize = 4;

/// The page of this name. `command` makes it again.
pub fn markdown(plan: &Plan, grid: &Grid, name: &str, command: &str) -> String {
    let mut page = format!("# {}\n\n{}\n\n`{command}`\n\n", capitalised(name), plan.about);
    page += &format!("Trained under {}, {:.1} minutes of training in all. ", seeds(plan), grid.seconds / 60.0);
    page += "Each number is the interquartile mean over seeds of the mean over test lives (of fewer than four seeds: their \
             mean), and the middle 95 % of its bootstrap.\n";
    for &measure in &plan.measures {
        page += &format!("\n**{}**\n\n", capitalised(measure.title()));
        page += &if grid.tests_down() { tests_down(grid, measure) } else { lines_down(grid, measure) };
        if plan.pooled {
            page += &pooled(grid, measure);
        }
        page += &against_player(grid, measure);
        page += &improvement(grid, measure);
    }
    for (key, values) in &plan.search {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        page += &format!(
            "\nSearched for each learner on each of these task distributions, by validation: `{key}` in {}.\n",
            values.join(", ")
        );
    }
    if !grid.reasons().is_empty() {
        page += "\nn/a:\n\n";
        for (name, reason) in grid.reasons() {
            page += &format!("- {name}: {reason}\n");
        }
    }
    if grid.faults() > 0 {
        page += &format!("\nTest lives that a fault cut short: {}.\n", grid.faults());
    }
    page += &chosen(plan, grid);
    page += &tests(grid);
    page
}

fn seeds(plan: &Plan) -> String {
    match plan.seeds.len() {
        1 => "one seed".into(),
        several => format!("{several} seeds"),
    }
}

/// What search chose, settings with those that they were chosen for.
fn chosen(plan: &Plan, grid: &Grid) -> String {
    if grid.choices.is_empty() {
        return String::new();
    }
    let mut text = String::from("\nChosen:\n\n");
    for training in &plan.trainings {
        let here: Vec<_> = grid.choices.iter().filter(|choice| choice.trained_on == training.name).collect();
        let of = |setting: &String| {
            let learners = here.iter().filter(|choice| choice.chosen == *setting).map(|choice| &*choice.learner);
            format!("{setting}: {}", learners.collect::<Vec<_>>().join(", "))
        };
        let settings: Vec<String> = distinct(here.iter().map(|choice| choice.chosen.clone())).iter().map(of).collect();
        text += &format!("- {}: {}\n", training.name, settings.join("; "));
    }
    text
}

/// What the names of tests stand for, where they have any.
fn tests(grid: &Grid) -> String {
    let named = grid.tests.iter().filter(|test| test.name != test.tasks);
    let rows: String = named.map(|test| format!("- {}: `{}`\n", test.name, test.tasks)).collect();
    if rows.is_empty() { rows } else { format!("\nTests:\n\n{rows}") }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn number_text(number: Option<Number>) -> String {
    number.map_or_else(|| NOTHING_TO_TELL.into(), |(number, interval)| with_interval(number, interval))
}

/// A row for each test, a column for each line.
fn tests_down(grid: &Grid, measure: Measure) -> String {
    let names: Vec<&str> = grid.everybody().map(|line| line.name.as_str()).collect();
    let mut table = format!("| | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
    for (column, test) in grid.tests.iter().enumerate() {
        let best = grid.best(column, measure);
        let text = |line: &Line| cell_text(grid.layout, &line.cells[column], best, measure);
        let cells: Vec<String> = grid.everybody().map(text).collect();
        table += &format!("| {} | {} |\n", named(&test.name, &test.tasks), cells.join(" | "));
    }
    table
}

/// A row for each line, a column for each test.
fn lines_down(grid: &Grid, measure: Measure) -> String {
    let names: Vec<String> = grid.tests.iter().map(|test| named(&test.name, &test.tasks)).collect();
    let several = grid.layout == Layout::LearnerAndTraining;
    let (heading, rule) = if several { ("| trained on ", "|---") } else { ("", "") };
    let mut table = format!("| {heading}| {} |\n|---{rule}|{}\n", names.join(" | "), "---:|".repeat(names.len()));
    let best: Vec<Option<f64>> = (0..grid.tests.len()).map(|column| grid.best(column, measure)).collect();
    for line in grid.everybody() {
        let text = |(cell, best): (&Cell, &Option<f64>)| cell_text(grid.layout, cell, *best, measure);
        let cells: Vec<String> = line.cells.iter().zip(&best).map(text).collect();
        let trained_on = line.trained_on.as_deref().unwrap_or("–");
        let trained_on = if several { format!("| {trained_on} ") } else { String::new() };
        table += &format!("| {} {trained_on}| {} |\n", line.name, cells.join(" | "));
    }
    table
}

/// What a cell says. In bold what a learner was trained on, where learners differ in that; or else the `best` of several learners.
fn cell_text(layout: Layout, cell: &Cell, best: Option<f64>, measure: Measure) -> String {
    let number = cell.number(measure);
    let stands_out = match layout {
        Layout::LearnerAndTraining => cell.own,
        Layout::Learner => best.is_some() && number.map(|(mean, _)| mean) == best,
    };
    if stands_out { format!("**{}**", number_text(number)) } else { number_text(number) }
}

/// Ids stand as code, names of one's own as they are.
fn named(name: &str, tasks: &str) -> String {
    if name == tasks { format!("`{name}`") } else { name.into() }
}

/// All tests in one number: those that a learner was trained on, and the others.
fn pooled(grid: &Grid, measure: Measure) -> String {
    let mut table = String::from("\n| all tests together | where it was trained | elsewhere |\n|---|---:|---:|\n");
    for learner in grid.learners() {
        let [own, other] = [true, false].map(|own| number_text(grid.pooled(learner, own, measure)));
        table += &format!("| {learner} | {own} | {other} |\n");
    }
    table
}

/// In how many tests learners are better than a player, and worse, where tests are many; where learners are few, in which.
fn against_player(grid: &Grid, measure: Measure) -> String {
    let learners = grid.learners();
    let few = grid.layout == Layout::Learner && learners.len() <= MOST_COMPARED;
    let of = |learner| Some((learner, grid.against_player(learner, measure)?));
    let rows: Vec<_> = learners.into_iter().filter_map(of).collect();
    let Some((_, Against { player, .. })) = rows.first() else { return String::new() };
    let mut table = format!(
        "\n| tests, against {player} | better, intervals apart | worse, intervals apart | of |\n|---|---:|---:|---:|\n"
    );
    let mut names = String::new();
    for (learner, Against { better, worse, of, .. }) in &rows {
        table += &format!("| {learner} | {} | {} | {of} |\n", better.len(), worse.len());
        for (how, tests) in
            [("better", better), ("worse", worse)].into_iter().filter(|(_, tests)| few && !tests.is_empty())
        {
            let tests: Vec<String> = tests.iter().map(|test| named(&test.name, &test.tasks)).collect();
            names += &format!("\n{learner} is {how} in {}.\n", tests.join(", "));
        }
    }
    table + &names
}

/// Everybody against everybody, if they are few.
fn improvement(grid: &Grid, measure: Measure) -> String {
    let learners = grid.learners();
    if learners.len() < 2 || learners.len() > MOST_COMPARED {
        return String::new();
    }
    let mut text = String::from(
        "\nHow probable it is that the learner of a row comes off better than that of a column, both under seeds of their own; \
         mean over all tests in which both are:\n\n",
    );
    text += &format!("| | {} |\n|---|{}\n", learners.join(" | "), "---:|".repeat(learners.len()));
    for of in &learners {
        let cell =
            |over: &&str| if of == over { String::new() } else { number_text(grid.improvement(of, over, measure)) };
        let cells: Vec<String> = learners.iter().map(cell).collect();
        text += &format!("| {of} | {} |\n", cells.join(" | "));
    }
    text
}

/// Tables for the terminal: rows are lines, because there are more of them than a terminal has room for; tests have numbers.
pub fn terminal(plan: &Plan, grid: &Grid) -> String {
    let numbers: Vec<String> = (1..=grid.tests.len()).map(|number| number.to_string()).collect();
    let columns: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let called = |line: &Line| match &line.trained_on {
        Some(training) => format!("{}, trained on {training}", line.name),
        None => line.name.clone(),
    };
    let names: Vec<String> = grid.everybody().map(called).collect();
    let mut text = String::new();
    for &measure in &plan.measures {
        let cells = |line: &Line| -> Vec<String> {
            let number = |cell: &super::Cell| cell.number(measure);
            let text = |number: Option<Number>| {
                number.map_or(NOTHING_TO_TELL.into(), |(mean, interval)| rounded(mean, digits(mean, interval)))
            };
            line.cells.iter().map(|cell| text(number(cell))).collect()
        };
        let rows: Vec<(&str, Vec<String>)> =
            names.iter().map(String::as_str).zip(grid.everybody().map(cells)).collect();
        text += &format!("{}, interquartile mean over the seeds\n{}", measure.title(), dealt_out(&columns, &rows));
    }
    for (number, test) in numbers.iter().zip(&grid.tests) {
        let id = if test.name == test.tasks { String::new() } else { format!("  ({})", test.tasks) };
        text += &format!("\n{number}  {}{id}", test.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use crate::config::tests::shipped;
    use vsml_envs::Registry;

    #[test]
    fn shipped_benchmarks_are_valid() {
        let mut benchmarks = 0;
        for (path, text) in shipped().into_iter().filter(|(_, text)| text.contains("[[learners]]")) {
            let plan = Plan::parse(&text, &Registry::builtin());
            assert!(plan.is_ok(), "{}: {:#}", path.display(), plan.err().unwrap());
            benchmarks += 1;
        }
        assert!(benchmarks >= 2, "{benchmarks}");
    }
}
