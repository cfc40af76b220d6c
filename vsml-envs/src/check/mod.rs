//! What is wrong with an environment, by name.
//!
//! An environment that panics or returns NaN is caught by its [`Lifetime`](crate::Lifetime). Most mistakes are quieter: a
//! number of the observation that is never written and still shows the last one, a clone that shares its state, a goal
//! that can be read off the screen, a time limit that comes a step too early. Nothing fails then but the result. [`check`]
//! plays the environment for a fraction of a second in many ways, and names what it finds, where, and what to do.
//!
//! One line in a test of your own does it:
//!
//! ```
//! use vsml_envs::check::check_distribution;
//! use vsml_envs::{BernoulliBandit, Rng, rand::RngExt};
//!
//! let bandits = |rng: &mut Rng| BernoulliBandit::new(vec![rng.random(), rng.random()]).unwrap();
//! check_distribution(bandits).assert_clean();
//! ```
//!
//! On a terminal, it is `vsml check ID`.
//!
//! It is a distribution that is checked and not one environment, since tasks, keys and clones are part of what can be
//! wrong. Each check is a small function in the table [`CHECKS`]; most look at the same few recorded lives of random
//! players. Some need clones that can be trusted, and are skipped, with a line that says so, where equal keys do not give
//! equal lives; none is made after a panic or with a space that makes no sense.
//!
//! What is wrong in one environment may be meant in another: a task may go on over resets, rewards may be too rare for a
//! random player. Such findings are warnings, and [`Options::allow`] passes over them. Streams that tell a target, and
//! bandits that tell what they expect, say themselves what goes on over resets, and need not be allowed to.
//!
//! A check that finds nothing proves nothing: it has looked at the first few hundred steps of sixteen tasks. An environment
//! that never comes back from a call is not found, it is waited for; one that panics when it is dropped takes the checker
//! with it.
//!
//! # The checks
#![doc = include_str!("CHECKS.md")]

mod allocator;
mod answers;
mod calls;
mod costs;
mod episodes;
mod life;
mod observations;
mod recorder;
mod repeats;
mod report;
mod rewards;
mod spaces;
mod study;
mod table;

pub use allocator::CountingAllocator;
pub use report::{Finding, Place, Report, catalogue};
pub use table::{CHECKS, Check, Severity};

use crate::{LifetimeLength, Registry, RegistryError, TaskDistribution, Tasks, quiet_environment_panics};
use std::sync::Arc;
use study::Study;
use table::Stage;

/// How to look.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Seed of tasks, luck and players.
    pub seed: u64,
    /// How many tasks are drawn.
    pub tasks: u64,
    /// How many steps and resets of each are recorded: fewer where steps are slow or observations large.
    pub steps: u64,
    /// After how many steps an episode is said to be truncated; without it, limits are not checked.
    pub max_episode_steps: Option<u64>,
    /// Parameters may have fixed the whole task: then random numbers may be drawn for it in vain.
    pub may_be_one_task: bool,
    /// Names of checks that are not made, because what they find is meant.
    pub allow: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { seed: 0, tasks: 16, steps: 200, max_episode_steps: None, may_be_one_task: false, allow: Vec::new() }
    }
}

impl Options {
    /// The same, but this check is not made: what it finds is meant.
    ///
    /// # Panics
    /// If there is no check of that name.
    pub fn allow(mut self, name: &str) -> Self {
        assert!(CHECKS.iter().any(|check| check.name == name), "there is no check `{name}`");
        self.allow.push(name.to_string());
        self
    }

    fn allows(&self, check: &Check) -> bool {
        self.allow.iter().any(|allowed| allowed == check.name)
    }
}

/// Looks for everything in [`CHECKS`].
///
/// Panics of the environment are findings, and are kept off the terminal ([`quiet_environment_panics`]).
pub fn check(tasks: &Tasks, options: &Options) -> Report {
    quiet_environment_panics();
    let mut report = Report { id: tasks.id.clone(), findings: Vec::new(), skipped: Vec::new() };
    let study = Study::new(tasks, options);
    for check in CHECKS {
        if let Some(reason) = obstacle(check, &report, options) {
            report.skipped.push((check.name, reason));
        } else if let Some(place) = (check.find)(&study) {
            report.findings.push(Finding { check, place });
        }
    }
    // A panic that came only later, when clones were compared or lives repeated.
    if study.has_panicked() && obstructed(&report, &[Stage::Calls, Stage::Spaces]).is_none() {
        for check in CHECKS.iter().filter(|check| check.stage == Stage::Calls && !options.allows(check)) {
            report.findings.extend((check.find)(&study).map(|place| Finding { check, place }));
        }
    }
    report
}

/// Why a check is not made, if there is a reason.
fn obstacle(check: &Check, report: &Report, options: &Options) -> Option<String> {
    if options.allows(check) {
        return Some("allowed".into());
    }
    if check.name.ends_with("-allocates") && !CountingAllocator::is_installed() {
        return Some("CountingAllocator is not installed in this program".into());
    }
    match check.stage {
        Stage::Forks => obstructed(report, &[Stage::Calls, Stage::Spaces, Stage::Repeats]),
        _ => obstructed(report, &[Stage::Calls, Stage::Spaces]),
    }
}

/// Names an error of one of these stages, if there is any.
fn obstructed(report: &Report, stages: &[Stage]) -> Option<String> {
    let mut errors = report.errors().filter(|finding| stages.contains(&finding.check.stage));
    errors.next().map(|finding| format!("it means nothing after {}", finding.check.name))
}

/// Checks `tasks` with the usual options.
pub fn check_tasks(tasks: &Tasks) -> Report {
    check(tasks, &Options::default())
}

/// Checks a distribution that has no id, in lifetimes counted in steps, with the usual options.
pub fn check_distribution(distribution: impl TaskDistribution + 'static) -> Report {
    let id = std::any::type_name_of_val(&distribution).to_string();
    check_tasks(&Tasks { id, length: LifetimeLength::Steps(1000), distribution: Arc::new(distribution) })
}

/// Checks what `spec`, an id with or without parameters, stands for. Unless `options` give a time limit, the one that it
/// names (`time_limit`, or a parameter `max_episode_steps` of its own) must be kept.
///
/// # Errors
/// If there is no such id, or it does not take such parameters.
pub fn check_id(registry: &Registry, spec: &str, options: &Options) -> Result<Report, RegistryError> {
    let tasks = registry.make(spec)?;
    let max_episode_steps = options.max_episode_steps.or_else(|| named_limit(registry, spec));
    let has_parameters =
        registry.list().iter().any(|listing| listing.id == id_of(spec) && !listing.parameters.is_empty());
    let may_be_one_task = options.may_be_one_task || has_parameters;
    let mut options = Options { max_episode_steps, may_be_one_task, ..options.clone() };
    // The luck of wrappers is their own and goes on: a checker that gives environments the same luck, or new luck, does not
    // reach it. What others have seen so far goes on over episodes, too.
    let asks = |keys: &[&str]| keys.iter().any(|key| given(spec, key).is_some());
    let lucky = ["sticky_actions", "noise_observations", "drop_observations", "pad_observations"];
    if asks(&lucky) || asks(&["normalise_observations", "normalise_reward", "reward_aware"]) {
        options = options.allow("reset-carries-state");
    }
    if asks(&["sticky_actions"]) {
        options = options.allow("reward-differs-from-expected");
    }
    Ok(check(&tasks, &options))
}

/// The id without its parameters.
fn id_of(spec: &str) -> &str {
    spec.split_once(':').map_or(spec, |(id, _)| id).trim()
}

/// The value that is given to a parameter.
fn given<'a>(spec: &'a str, key: &str) -> Option<&'a str> {
    let (_, parameters) = spec.split_once(':')?;
    let mut pairs = parameters.split(',').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

/// The shortest time limit that an id names, among its parameters or their defaults, in steps of whoever acts.
fn named_limit(registry: &Registry, spec: &str) -> Option<u64> {
    let number = |key: &str| given(spec, key).and_then(|value| value.parse::<u64>().ok());
    let default = || {
        let listings = registry.list().into_iter().chain(registry.list_teams());
        let listing = listings.into_iter().find(|listing| listing.id == id_of(spec))?;
        listing.parameters.get("max_episode_steps")?.as_u64()
    };
    // A family's own limit counts what the environment does.
    let own = number("max_episode_steps").or_else(default);
    let own = own.map(|own| own.div_ceil(number("repeat_actions").unwrap_or(1).max(1)));
    [own, number("time_limit")].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_in_the_documentation_is_the_table() {
        assert_eq!(include_str!("CHECKS.md"), catalogue(), "put into CHECKS.md:\n{}", catalogue());
    }

    #[test]
    fn names_are_unique_and_every_check_says_what_to_do() {
        let names: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for Check { name, meaning, remedy, .. } in CHECKS {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(meaning.ends_with('.') && remedy.ends_with('.') && !meaning.contains('|'), "{name}");
        }
    }

    #[test]
    fn limits_are_read_from_the_id() {
        let registry = Registry::builtin();
        assert_eq!(named_limit(&registry, "CartPole-v1"), Some(500));
        assert_eq!(named_limit(&registry, "CartPole-v1:time_limit=9"), Some(9));
        assert_eq!(named_limit(&registry, "CartPole-v1:time_limit=90,max_episode_steps=30"), Some(30));
        assert_eq!(named_limit(&registry, "BernoulliBandit-v0"), None);
    }

    #[test]
    #[should_panic(expected = "there is no check `picture`")]
    fn only_checks_that_exist_can_be_allowed() {
        let _ = Options::default().allow("picture");
    }
}
