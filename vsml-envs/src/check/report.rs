//! What was found, where, and what to do about it.

use super::table::{CHECKS, Check, Severity};
use std::fmt;

/// So many characters of a value are shown.
const SHOWN: usize = 300;

/// Where something was found. What does not apply is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The method of the environment that shows it.
    pub method: &'static str,
    /// Which of the drawn tasks, from 0: task `n` is drawn from `stream(seed, "check/task", &[n])`.
    pub task: Option<u64>,
    /// Which episode of its life, from 0.
    pub episode: Option<u64>,
    /// Which step of the episode, from 1; 0 is the reset.
    pub step: Option<u64>,
    /// Which number: of the observation, of the expected rewards.
    pub index: Option<usize>,
    /// What it is, and what it should have been.
    pub value: String,
}

impl Place {
    /// In `method`, nothing else known.
    pub(super) fn method(method: &'static str, value: impl Into<String>) -> Self {
        Place { method, value: value.into(), ..Place::default() }
    }

    pub(super) fn task(self, task: u64) -> Self {
        Place { task: Some(task), ..self }
    }

    pub(super) fn step(self, episode: u64, step: u64) -> Self {
        Place { episode: Some(episode), step: Some(step), ..self }
    }

    pub(super) fn index(self, index: usize) -> Self {
        Place { index: Some(index), ..self }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.method)?;
        for (name, number) in [("task", self.task), ("episode", self.episode), ("step", self.step)] {
            if let Some(number) = number {
                write!(f, ", {name} {number}")?;
            }
        }
        if let Some(index) = self.index {
            write!(f, ", number {index}")?;
        }
        // A space of a thousand bounds helps nobody.
        let shown: String = self.value.chars().take(SHOWN).collect();
        let rest = if shown.len() < self.value.len() { " ..." } else { "" };
        write!(f, ": {shown}{rest}")
    }
}

/// Something that is wrong with an environment.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was looked for: its name, how bad it is, what it means, what to do.
    pub check: &'static Check,
    /// Where it was found first.
    pub place: Place,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Check { name, severity, meaning, remedy, .. } = self.check;
        write!(f, "{severity} {name}: {meaning}\n  in {}\n  {remedy}", self.place)
    }
}

/// All that was found about one task distribution.
#[derive(Clone, Debug)]
#[must_use = "a report says what is wrong: look at it, or call `assert_clean`"]
pub struct Report {
    /// The id with its parameters.
    pub id: String,
    /// What was found, in the order of [`CHECKS`].
    pub findings: Vec<Finding>,
    /// Checks that were not made, each with the reason.
    pub skipped: Vec<(&'static str, String)>,
}

impl Report {
    /// Findings that are errors.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.check.severity == Severity::Error)
    }

    /// Findings that are warnings.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.check.severity == Severity::Warning)
    }

    /// The names of what was found.
    pub fn names(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.check.name).collect()
    }

    /// For tests: accepts neither errors nor warnings.
    ///
    /// # Panics
    /// If anything was found, with the whole list.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.findings.is_empty(), "{self}");
    }

    /// For tests: accepts warnings.
    ///
    /// # Panics
    /// If there are errors, with the whole list.
    #[track_caller]
    pub fn assert_no_errors(&self) {
        assert!(self.errors().next().is_none(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        write!(f, "{}: {}, {}", self.id, counted(errors, "error"), counted(warnings, "warning"))?;
        for finding in &self.findings {
            write!(f, "\n{finding}")?;
        }
        for (name, reason) in &self.skipped {
            write!(f, "\nskipped {name}: {reason}")?;
        }
        Ok(())
    }
}

/// The list of checks as a table in Markdown: what `CHECKS.md` beside this file must be.
pub fn catalogue() -> String {
    let mut text = String::from("| name | severity | what is wrong | what to do |\n|---|---|---|---|\n");
    for Check { name, severity, meaning, remedy, .. } in CHECKS {
        text += &format!("| `{name}` | {severity} | {meaning} | {remedy} |\n");
    }
    text
}
