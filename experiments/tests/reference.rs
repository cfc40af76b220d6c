//! `vsml reference`: all its tables, small.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

#[test]
fn all_tables_are_played_to_the_same_numbers_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let pages = ["1", "3"].map(|threads| {
        let page = folder.path().join(threads);
        let shown = succeed(&["reference", "--lifetimes", "8", "--threads", threads, "--out", text(&page)]);
        for expected in
            ["n = 500, k = 50", "UCB1, c = 0.2", "process known", "n/a: near-optimal: optimal play", "BEB, bonus="]
        {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
        std::fs::read_to_string(page).unwrap()
    });
    assert!(pages[0] == pages[1], "{}\n{}", pages[0], pages[1]);
    assert!(pages[0].contains("--lifetimes 8 --seed 1") && pages[0].contains("| 1.23 |"), "{}", pages[0]);
    let seed = succeed(&["reference", "two-armed", "--lifetimes", "8", "--seed", "2"]);
    assert!(seed.contains("Wang") && !seed.contains("RL²"), "{seed}");
}

#[test]
fn what_cannot_be_played_or_written_is_refused_before_anything_is_played() {
    assert!(refuse(&["reference", "bandit"]).contains("did you mean `bandits`?"));
    assert!(refuse(&["reference", "--lifetimes", "1"]).contains("lifetimes"));
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent").join("page.md");
    let message = refuse(&["reference", "--out", text(&absent)]);
    assert!(message.contains("page.md") && message.contains("no folder"), "{message}");
}
