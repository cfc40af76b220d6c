//! `vsml compare`: what differs between runs, and what came of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

#[test]
fn runs_that_differ_in_a_key_show_that_key_and_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &TINY.replace("generations = 40", "generations = 4"));
    let runs = [("one", "0.025"), ("two", "0.2")].map(|(name, rate)| {
        let run = folder.path().join(name);
        let setting = format!("optimizer.learning_rate={rate}");
        succeed(&["train", text(&config), "--set", &setting, "--out", text(&run)]);
        run
    });
    let [one, two] = &runs;
    let shown = succeed(&["compare", text(one), text(two)]);
    let header = shown.lines().nth(1).unwrap();
    let expected = "optimizer.learning_rate generations done steps done minutes best validation hash";
    assert_eq!(header.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{shown}");
    for (run, rate) in [(one, "0.025"), (two, "0.2")] {
        let name = run.file_name().unwrap().to_str().unwrap();
        let row = shown.lines().map(str::trim_start).find(|line| line.starts_with(name)).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells[1..3], [rate, "4"], "{row}");
        assert_eq!(cells.last().unwrap(), &&hash(run)[..8], "{row}");
    }
    let (_, table) = shown.split_once("BernoulliBandit-v0:arms=4,steps=30\n").unwrap();
    assert!(table.contains("better than one") && table.contains("ucb1:c=0.2"), "{shown}");
    assert_eq!(succeed(&["compare", text(one), text(two)]), shown);

    // With itself under another path is no comparison, and what lacks something is named with what it lacks.
    let around = two.join("../one");
    assert!(refuse(&["compare", text(one), text(&around)]).contains("named twice"));
    assert!(refuse(&["compare", text(one)]).contains("RUN"));
    let absent = folder.path().join("absent");
    let message = refuse(&["compare", text(one), text(&absent)]);
    assert!(message.contains(text(&absent)) && message.contains("no config.toml"), "{message}");
    for (file, words) in [("checkpoint", "has no checkpoint yet"), ("metrics", "metrics.jsonl is empty, or not there")]
    {
        for entry in std::fs::read_dir(two).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with(file) {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        let message = refuse(&["compare", text(one), text(two)]);
        assert!(message.contains(text(two)) && message.contains(words), "{message}");
    }
}
