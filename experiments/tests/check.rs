//! `vsml check`: tables, exit codes, and refusals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;
use vsml::envs::check::CHECKS;

#[test]
fn what_is_clean_succeeds_and_a_warning_fails_only_if_it_is_to() {
    let text = succeed(&["check", "BernoulliBandit-v0:arms=3", "HeartsAndTraps-v0:size=3"]);
    assert_eq!(text.matches("clean").count(), 2, "{text}");
    assert!(!text.contains("not made"), "the command counts allocations: {text}");

    let one_arm = "BernoulliBandit-v0:arms=1";
    let text = succeed(&["check", one_arm]);
    assert!(text.contains("warning") && text.contains("action-space-single"), "{text}");
    let output = vsml(&["check", one_arm, "--strict"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    succeed(&["check", one_arm, "--strict", "--allow", "action-space-single"]);
}

#[test]
fn all_is_every_id_also_one_that_cannot_be_made_without_parameters() {
    let text = succeed(&["check", "--all", "--strict"]);
    for listing in vsml::envs::Registry::builtin().list() {
        assert!(text.contains(&listing.id), "{} is not in {text}", listing.id);
    }
    assert!(text.contains("not checked: `Idx-v0`"), "{text}");
}

#[test]
fn the_list_has_every_check() {
    let text = succeed(&["check", "--list"]);
    for check in CHECKS {
        assert!(text.contains(check.name), "{}", check.name);
    }
}

#[test]
fn typing_mistakes_are_refused() {
    assert!(refuse(&["check", "CartPole-v2"]).contains("did you mean `CartPole-v1`?"));
    assert!(refuse(&["check", "CartPole-v1", "--allow", "picture-missin"]).contains("did you mean `picture-missing`?"));
    refuse(&["check"]);
    refuse(&["check", "CartPole-v1", "--all"]);
}
