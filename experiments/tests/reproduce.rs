//! `vsml reproduce`: trains again what is shipped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

#[test]
fn a_try_that_is_too_short_comes_to_something_else_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("again");
    let arguments = ["reproduce", "rl2-bandit-n10-k5", "--generations", "1", "--out", text(&out)];
    let output = vsml(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let shown = stdout(&output);
    for expected in [
        "shipped `rl2-bandit-n10-k5`: seed 1, meta-parameters of generation 580",
        "a shorter try: 1 generations, not 600",
        "0 of 1 pairs of intervals overlap",
        "other bits",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    // It is a run like any other; once more, nothing is trained again.
    assert!(shown.contains(&hash(&out)), "{shown}");
    let timing = std::fs::read(out.join("timing.jsonl")).unwrap();
    let once_more = vsml(&arguments).output().unwrap();
    assert_eq!((once_more.status.code(), stdout(&once_more)), (Some(1), shown));
    assert_eq!(std::fs::read(out.join("timing.jsonl")).unwrap(), timing);

    let message = refuse(&["reproduce", "rl2-bandit-n10-k5", "--generations", "2", "--out", text(&out)]);
    assert!(message.contains("holds a run of another configuration"), "{message}");
}

#[test]
fn what_is_not_shipped_cannot_be_reproduced() {
    let message = refuse(&["reproduce", "quikstart"]);
    assert!(message.contains("did you mean `quickstart`?") && message.contains("rl2-bandit-n100-k10"), "{message}");
    assert!(refuse(&["reproduce", "quickstart", "--generations", "0"]).contains("generations"));
}
