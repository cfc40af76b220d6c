//! `vsml probe`: who does what is best, and who knows what can be inferred.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

/// The numbers of a row of a table.
fn row(table: &str, name: &str) -> Vec<f64> {
    let line = table.lines().find(|line| line.trim_start().starts_with(&format!("{name} "))).unwrap();
    let numbers = line.trim_start()[name.len()..].split_whitespace();
    numbers.map(|number| number.parse().unwrap()).collect()
}

#[test]
fn training_shows_in_what_is_done_and_in_what_is_remembered() {
    let players = ["quickstart", "rl2-bandit-n100-k5", "thompson"];
    let message = refuse(&[&["probe"], &players[..], &["--lifetimes", "40"]].concat());
    assert!(
        message.contains("rl2-bandit-n100-k5: ") && message.contains("was made for 1 observations and 5 actions"),
        "{message}"
    );

    let printed = succeed(&["probe", "quickstart", "thompson", "optimal:pulls=100", "--lifetimes", "400"]);
    let (done, known) = printed.split_once("R²").unwrap();
    assert_eq!(row(done, "optimal:pulls=100"), [1.0; 5], "{printed}");
    let [trained, untrained, thompson] =
        ["quickstart", "quickstart, untrained", "thompson"].map(|name| row(done, name)[4]);
    assert!(untrained < 0.6 && thompson > 0.7 && trained > thompson, "{printed}");
    let [trained, untrained] = ["quickstart", "quickstart, untrained"].map(|name| row(known, name));
    assert!(!known.contains("thompson"), "it has no memory to look at: {printed}");
    // After 20 pulls.
    assert!(trained[3] > 0.7 && untrained[3] < trained[3] - 0.2, "{printed}");
    let again = ["probe", "quickstart", "thompson", "optimal:pulls=100", "--lifetimes", "400", "--threads", "1"];
    assert_eq!(succeed(&again), printed);
}

#[test]
fn bad_input_is_named() {
    assert!(refuse(&["probe", "quikstart"]).contains("quikstart"));
    assert!(refuse(&["probe", "random", "--lifetimes", "3"]).contains("40"));
}
