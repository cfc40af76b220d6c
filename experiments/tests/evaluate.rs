//! What an evaluation says is of whom it says, as they are now.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::path::Path;
use support::{TINY, config, refuse, stderr, succeed, text, vsml};

const ON: [&str; 2] = ["--on", "BernoulliBandit-v0:arms=3,steps=30"];

/// A run of the tiny configuration of so many generations, in a folder of this name.
fn run(folder: &Path, name: &str, seed: &str, generations: &str) -> String {
    let run = folder.join(name);
    let generations = format!("generations={generations}");
    let config = config(folder, TINY);
    succeed(&["train", text(&config), "--seed", seed, "--set", &generations, "--out", text(&run)]);
    text(&run).to_string()
}

fn evaluate(run: &str, more: &[&str]) -> String {
    succeed(&[&["evaluate", run], &ON[..], more].concat())
}

#[test]
fn a_run_that_has_gone_on_is_evaluated_anew_also_as_a_player_and_as_an_opponent() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (run(folder.path(), "first", "1", "1"), run(folder.path(), "second", "2", "1"));
    let with_second = format!("PrisonersDilemma-v0:steps=10 with {second}");
    let beside = || evaluate(&first, &["--players", &second, "--lifetimes", "50"]);
    let against = || succeed(&["evaluate", &first, "--on", &with_second, "--lifetimes", "50"]);
    let before = (beside(), against());
    assert_eq!(before, (beside(), against()), "nothing has changed");
    // So that it plays another game, and surely.
    succeed(&["resume", &second, "--generations", "200"]);
    let after = (beside(), against());
    assert!(before.0 != after.0 && before.1 != after.1, "{before:?}");
}

#[test]
fn what_was_met_with_other_luck_stands_in_a_row_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), "run", "1", "1");
    evaluate(&run, &["--lifetimes", "60", "--seed", "7"]);
    evaluate(&run, &["--lifetimes", "3"]);
    let file = std::fs::read_to_string(Path::new(&run).join("evaluation.json")).unwrap();
    let evaluations: Vec<Value> = serde_json::from_str(&file).unwrap();
    let lives = |e: &Value| (e["seed"].as_u64().unwrap(), e["lives"].as_array().unwrap().len());
    let here: Vec<_> =
        evaluations.iter().filter(|e| e["tasks"] == ON[1] && e["learner"] == "vsml").map(lives).collect();
    assert_eq!(here, [(7, 60), (1, 3)], "fewer lives do not replace many");
    let report = std::fs::read_to_string(Path::new(&run).join("report.html")).unwrap();
    assert!(report.contains("60 lives, seed 7") && report.contains("3 lives, seed 1"));
}

#[test]
fn a_folder_or_a_file_of_that_name_is_not_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("random")).unwrap();
    std::fs::create_dir(folder.path().join("quickstart")).unwrap();
    std::fs::write(folder.path().join("greedy"), "").unwrap();
    let players = ["--players", "random", "greedy", "--lifetimes", "5"];
    let arguments = [&["evaluate", "quickstart"], &ON[..], &players].concat();
    let output = vsml(&arguments).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    std::fs::write(folder.path().join("mine"), "").unwrap();
    let mine = folder.path().join("mine");
    assert!(refuse(&[&["evaluate", text(&mine)], &ON[..]].concat()).contains("cut short"));
}

#[test]
fn what_is_kept_in_a_file_is_not_done_again_and_leaves_the_run_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), "run", "1", "1");
    let before = std::fs::read(Path::new(&run).join("evaluation.json")).unwrap();
    let file = folder.path().join("kept.json");
    let out = ["--lifetimes", "20", "--out", text(&file)];
    let table = evaluate(&run, &out);
    assert_eq!(std::fs::read(Path::new(&run).join("evaluation.json")).unwrap(), before);
    let kept: Vec<Value> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let learners: Vec<_> = kept.iter().map(|e| (e["learner"].as_str(), e["lives"].as_array().unwrap().len())).collect();
    assert_eq!(learners, [(Some("vsml"), 20), (Some("random"), 20), (Some("ucb1:c=0.2"), 20)]);
    // What stands in the file is taken from there.
    let doctored = std::fs::read_to_string(&file).unwrap().replacen("\"reward\":", "\"reward\":1e6,\"was\":", 20);
    std::fs::write(&file, doctored).unwrap();
    assert_ne!(evaluate(&run, &out), table);
    // Shipped weights: learners of the same name, but others.
    assert_ne!(evaluate("quickstart", &out), table);
    std::fs::write(&file, "mine").unwrap();
    assert!(refuse(&[&["evaluate", &run], &ON[..], &out].concat()).contains("cannot read"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_fault_says_what_it_was() {
    let three = ["--on", "BernoulliBandit-v0:arms=3,steps=30", "--players", "optimal:pulls=7", "--lifetimes", "5"];
    let table = succeed(&[&["evaluate", "quickstart"], &three[..]].concat());
    assert!(table.contains("5 learner; the first: ") && table.contains("pulls"), "{table}");
}

#[test]
#[cfg(unix)]
fn one_that_is_stopped_does_not_say_that_it_is_done() {
    let many = ["--lifetimes", "1000000"];
    let mut child = vsml(&[&["evaluate", "quickstart"], &ON[..], &many].concat()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let pid = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = vsml(&[&["evaluate", "quickstart"], &ON[..], &["--lifetimes", "5"]].concat());
    assert_eq!(command.stdout(full).status().unwrap().code(), Some(6));
}
