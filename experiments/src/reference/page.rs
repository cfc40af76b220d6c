//! How the tables look: plain text for the terminal, Markdown for the page.
//!
//! Both have a line for each number, because a number that stands beside four others about it needs the width.

use super::Cell;
use super::data::Table;
use crate::table::new_table;
use comfy_table::CellAlignment;
use std::fmt::Write;

/// From so many standard errors on, something is wrong.
const TOO_FAR: f64 = 3.0;

const HEADER: [&str; 6] = ["", "who", "found", "computed", "apart", "paper"];

/// What the columns mean.
pub const LEGEND: &str = "found: mean ± standard error; computed: elsewhere, by a plain simulation of the same task; apart: standard \
                      errors between the two, `differs` beyond 3; paper: as printed there";

/// The lines of a table, row by row, and below them why some numbers are missing.
fn lines(table: &Table, columns: &[Vec<Cell>]) -> (Vec<[String; 6]>, Vec<String>) {
    let (mut lines, mut reasons): (Vec<[String; 6]>, Vec<String>) = Default::default();
    for (row, task) in table.rows.iter().enumerate() {
        for (index, (column, cells)) in table.columns.iter().zip(columns).enumerate() {
            let Some(cell) = cells.get(row) else { continue };
            let found = match &cell.found {
                Ok(found) => {
                    let error = format!("{:.2}", found.error);
                    format!("{:.2} ±{}", found.mean, error.strip_prefix('0').unwrap_or(&error))
                }
                Err(reason) => {
                    let line = format!("n/a: {}: {reason}", column.name);
                    if !reasons.contains(&line) {
                        reasons.push(line);
                    }
                    "n/a".into()
                }
            };
            let apart = match cell.apart {
                Some(apart) if apart > TOO_FAR => format!("{apart:.1} differs"),
                Some(apart) => format!("{apart:.1}"),
                None => String::new(),
            };
            // Of the best of several it is said which that was.
            let parameters = cell.found.as_ref().ok().and_then(|found| found.player.split_once(':'));
            let who = match parameters {
                Some((_, parameters)) if !column.candidates.is_empty() => format!("{}, {parameters}", column.name),
                _ => column.name.clone(),
            };
            let label = if index == 0 { task.label.clone() } else { String::new() };
            let number = |number: &Option<String>| number.clone().unwrap_or_default();
            lines.push([label, who, found, number(&cell.computed), apart, number(&cell.paper)]);
        }
    }
    (lines, reasons)
}

/// For the terminal.
pub fn text(table: &Table, columns: &[Vec<Cell>]) -> String {
    let (lines, reasons) = lines(table, columns);
    let mut shown = new_table(HEADER);
    shown.add_rows(lines);
    for column in shown.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = format!("{}\n{shown}\n", table.title);
    table.notes.iter().chain(&reasons).for_each(|line| text += &format!("{line}\n"));
    text
}

/// A page with all of them.
pub fn markdown(tables: &[(Table, Vec<Vec<Cell>>)], lifetimes: u64, seed: u64) -> String {
    let names: Vec<&str> = tables.iter().map(|(table, _)| table.name.as_str()).collect();
    let mut page = format!(
        "# Reference players beside published numbers\n\n\
         Written by `vsml reference {} --lifetimes {lifetimes} --seed {seed} --out FILE`: the same numbers come out anywhere. \
         {LEGEND}. What the numbers are held against stands in \
         [`numbers.toml`](../reference/numbers.toml).\n",
        names.join(" ")
    );
    for (table, columns) in tables {
        let (lines, reasons) = lines(table, columns);
        write!(page, "\n## {}\n\nSource: {}.\n\n", table.title, table.source).ok();
        writeln!(page, "| {} |\n|---|---|--:|--:|--:|--:|", HEADER.join(" | ")).ok();
        for line in lines {
            writeln!(page, "| {} |", line.join(" | ")).ok();
        }
        for line in table.notes.iter().chain(&reasons) {
            write!(page, "\n{line}\n").ok();
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::super::Found;
    use super::super::data::tables;
    use super::*;

    /// A page that was written by the command and is kept.
    const PAGE: &str = include_str!("../../results/reference.md");

    #[test]
    fn what_is_too_far_away_is_marked_and_what_is_missing_explained() {
        let table = tables().unwrap().remove(0);
        let cells = |column: usize, apart| {
            let found = Found { player: "thompson".into(), mean: 5.5, error: 0.125, lives: 9 };
            let found = if column < 2 { Ok(found) } else { Err("it cannot".to_string()) };
            vec![Cell { found, computed: Some("5.83".into()), paper: None, apart: Some(apart) }]
        };
        let columns = vec![cells(0, 2.9), cells(1, 3.1), cells(2, 0.0)];
        let shown = text(&table, &columns);
        assert!(shown.contains("5.50 ±.12") && shown.contains("2.9") && shown.contains("3.1 differs"), "{shown}");
        assert_eq!(
            (shown.matches("differs").count(), shown.matches("n/a: Thompson: it cannot").count()),
            (1, 1),
            "{shown}"
        );
        let page = markdown(&[(table, columns)], 7, 3);
        assert!(page.contains("| n = 10, k = 5 | random | 5.50 ±.12 | 5.83 | 2.9 |  |"), "{page}");
        assert!(page.contains("--lifetimes 7 --seed 3"), "{page}");
    }

    #[test]
    fn the_page_that_is_kept_has_every_number_it_should() {
        for table in tables().unwrap() {
            assert!(
                PAGE.contains(&table.title),
                "write it again: vsml reference --out experiments/results/reference.md"
            );
            for column in &table.columns {
                for number in column.computed.iter().chain(&column.paper) {
                    assert!(PAGE.contains(&format!("| {number} |")), "{number} of {} in {}", column.name, table.name);
                }
            }
        }
    }
}
