//! `vsml check`: what is wrong with environments.

use crate::arguments::CheckArguments;
use crate::exit::FOUND;
use crate::output::say;
use crate::table::new_table;
use anyhow::{Result, bail};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::process::ExitCode;
use vsml_envs::check::{CHECKS, Check, Options, Report, Severity, check_id};
use vsml_envs::team::check::{TeamReport, check_team};
use vsml_envs::{Registry, RegistryError, nearest};

/// Checks what is asked for and prints a table. The exit code says whether an error was found, or, if warnings count,
/// anything.
///
/// # Errors
/// If there is no such id or no such check.
pub fn check(registry: &Registry, arguments: &CheckArguments) -> Result<ExitCode> {
    if arguments.list {
        say(list());
        return Ok(ExitCode::SUCCESS);
    }
    for name in &arguments.allowed {
        if !CHECKS.iter().any(|check| check.name == name) {
            let meant = nearest(name, CHECKS.iter().map(|check| check.name));
            bail!(
                "there is no check `{name}`{}",
                meant.map_or_else(String::new, |it| format!("; did you mean `{it}`?"))
            );
        }
    }
    let options = Options { seed: arguments.seed, allow: arguments.allowed.clone(), ..Options::default() };
    let ids: Vec<String> = match arguments.all {
        true => registry.list().into_iter().chain(registry.list_teams()).map(|listing| listing.id).collect(),
        false => arguments.ids.clone(),
    };
    let checked: Vec<_> = ids.par_iter().map(|id| reports_of(registry, id, &options)).collect();
    let (mut reports, mut faults, mut unmade) = (Vec::new(), Vec::new(), Vec::new());
    for checked in checked {
        match checked {
            Ok((fault, more)) => {
                faults.extend(fault);
                reports.extend(more);
            }
            // An id that needs a parameter is no fault among all of them.
            Err(error @ RegistryError::Value { .. }) if arguments.all => unmade.push(error),
            Err(error) => return Err(error.into()),
        }
    }
    say(table(&reports));
    for error in unmade {
        say(format_args!("not checked: {error}"));
    }
    for fault in &faults {
        say(fault);
    }
    Ok(ExitCode::from(if faults.is_empty() { code(&reports, arguments.strict) } else { FOUND }))
}

/// The report of an environment; or what is wrong with a team as such, if anything, and the reports of its seats.
fn reports_of(
    registry: &Registry,
    spec: &str,
    options: &Options,
) -> Result<(Option<String>, Vec<Report>), RegistryError> {
    let id = spec.split_once(':').map_or(spec, |(id, _)| id).trim();
    let is_team = registry.list_teams().iter().any(|listing| listing.id == id);
    if !is_team || spec.contains("seat=") {
        return check_id(registry, spec, options).map(|report| (None, vec![report]));
    }
    // A team's parameters may fix the task, as those of a game do.
    let options = Options { may_be_one_task: true, ..options.clone() };
    let TeamReport { id, fault, seats } = check_team(&registry.make_team(spec)?, &options);
    Ok((fault.map(|fault| format!("{id}: {fault}")), seats))
}

/// What the findings are worth to a script.
fn code(reports: &[Report], strict: bool) -> u8 {
    let fails = |report: &Report| report.errors().next().is_some() || (strict && !report.findings.is_empty());
    if reports.iter().any(fails) { FOUND } else { 0 }
}

/// A line for every finding, and one for every clean environment; then what to do, and what was not looked for.
fn table(reports: &[Report]) -> String {
    let mut table = new_table(["environment", "", "finding", "where"]);
    let (mut remedies, mut skipped) = (BTreeMap::new(), BTreeMap::new());
    for report in reports {
        if report.findings.is_empty() {
            table.add_row([report.id.as_str(), "clean", "", ""]);
        }
        for finding in &report.findings {
            let Check { name, severity, remedy, .. } = finding.check;
            table.add_row([&report.id, &severity.to_string(), &name.to_string(), &finding.place.to_string()]);
            remedies.insert(*name, *remedy);
        }
        for (name, reason) in &report.skipped {
            skipped.entry(reason.as_str()).or_insert_with(Vec::new).push(*name);
        }
    }
    let mut text = table.to_string();
    for (name, remedy) in remedies {
        text += &format!("\n{name}: {remedy}");
    }
    for (reason, mut names) in skipped {
        names.sort_unstable();
        names.dedup();
        text += &format!("\n{} checks not made: {reason}", names.len());
    }
    text
}

/// Everything that is looked for.
fn list() -> String {
    let mut table = new_table(["check", "", "what is wrong", "what to do"]);
    for Check { name, severity, meaning, remedy, .. } in CHECKS {
        table.add_row([name, severity.to_string().as_str(), meaning, remedy]);
    }
    let errors = CHECKS.iter().filter(|check| check.severity == Severity::Error).count();
    format!("{table}\n{errors} errors, {} warnings", CHECKS.len() - errors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_envs::{Action, Environment, LifetimeLength, Rng, Space, Step};

    /// Forgets its observation.
    #[derive(Clone)]
    struct Forgetful;

    impl Environment for Forgetful {
        fn observation_space(&self) -> Space {
            Space::uniform_box(0.0, 1.0, 1)
        }
        fn action_space(&self) -> Space {
            Space::discrete(2)
        }
        fn reset(&mut self, _: &mut Rng, _: &mut [f32]) {}
        fn step(&mut self, action: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
            Step::going_on(action.index() as f64)
        }
    }

    #[test]
    fn errors_fail_and_warnings_fail_if_they_are_to() {
        let mut registry = Registry::builtin();
        registry.register("Forgetful-v0", "", LifetimeLength::Steps(9), |_: &mut Rng| Forgetful).unwrap();
        let report = |id: &str| check_id(&registry, id, &Options::default()).unwrap();
        let (clean, broken) = (report("BernoulliBandit-v0"), report("Forgetful-v0"));
        let warned = report("BernoulliBandit-v0:arms=1");
        assert_eq!([false, true].map(|strict| code(std::slice::from_ref(&clean), strict)), [0, 0]);
        assert_eq!([false, true].map(|strict| code(std::slice::from_ref(&warned), strict)), [0, 1]);
        assert_eq!([false, true].map(|strict| code(&[clean.clone(), broken.clone()], strict)), [1, 1]);
        let text = table(&[clean, broken]);
        assert!(text.contains("reset-leaves-numbers-unwritten: Write every number"), "{text}");
        assert!(text.contains("2 checks not made: CountingAllocator is not installed"), "{text}");
    }
}
