//! The checker finds what is wrong, by its name and nothing else, and finds nothing in what comes with the crate.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod broken;
mod trajectory;

use broken::Case;
use std::collections::BTreeSet;
use std::time::Instant;
use vsml_envs::Registry;
use vsml_envs::check::{CHECKS, CountingAllocator, Options, Report, Severity, check, check_id};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn examine(case: &Case) -> Report {
    check(&case.tasks, &Options { max_episode_steps: case.limit, ..Options::default() })
}

#[test]
fn sound_environments_are_clean() {
    for case in broken::sound() {
        let report = examine(&case);
        report.assert_clean();
        assert!(report.skipped.is_empty(), "{report}");
    }
}

#[test]
fn every_broken_environment_is_found_by_its_own_name_and_no_other() {
    let mut wrong = String::new();
    for case in broken::broken() {
        let began = Instant::now();
        let report = examine(&case);
        if report.names() != [case.name] {
            wrong += &format!("\n{} ({:.1?}): {report}\n", case.name, began.elapsed());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_check_has_its_broken_environment() {
    let cases = broken::broken();
    let broken: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    let checks: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(broken, checks);
    assert!(broken.len() == cases.len() && checks.len() >= 40);
}

#[test]
fn what_comes_with_the_crate_is_clean() {
    let registry = Registry::builtin();
    let mut wrong = String::new();
    for id in trajectory::ids() {
        let began = Instant::now();
        let report = check_id(&registry, &id, &Options::default()).unwrap();
        let elapsed = began.elapsed();
        println!("{id} {elapsed:.2?}");
        if !report.findings.is_empty() || elapsed.as_secs() >= 2 {
            wrong += &format!("\n{elapsed:.1?} {report}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_listed_variant_has_an_error() {
    // Warnings there may be: a bandit with one arm is listed, and there is nothing to choose in it.
    let quick = Options { tasks: 4, steps: 60, ..Options::default() };
    for (_, spec) in trajectory::variants() {
        check(&Registry::builtin().make(&spec).unwrap(), &quick).assert_no_errors();
    }
}

#[test]
fn a_finding_says_where_and_what_to_do() {
    let case = broken::broken().into_iter().find(|case| case.name == "step-panics").unwrap();
    let text = examine(&case).to_string();
    for part in
        ["step-panics: 1 error, 0 warnings", "error step-panics", "stepped on 3", "machinery.rs", "in step, task 0"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(text.contains("skipped action-ignored: it means nothing after step-panics"), "{text}");
}

#[test]
fn what_is_meant_can_be_allowed() {
    let case = broken::broken().into_iter().find(|case| case.name == "picture-missing").unwrap();
    check(&case.tasks, &Options::default().allow("picture-missing")).assert_clean();
    let report = examine(&case);
    assert_eq!(report.findings[0].check.severity, Severity::Warning);
    report.assert_no_errors();
}

#[test]
#[should_panic(expected = "picture-missing")]
fn a_report_that_is_not_clean_panics_with_its_list() {
    let case = broken::broken().into_iter().find(|case| case.name == "picture-missing").unwrap();
    examine(&case).assert_clean();
}
