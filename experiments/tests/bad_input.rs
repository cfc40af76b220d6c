//! Bad input: one clear line, exit code 2, nothing lost.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use support::*;

/// Trains the tiny configuration into `folder/run`.
fn trained(folder: &Path) -> std::path::PathBuf {
    let config = config(folder, &TINY.replace("generations = 40", "generations = 3"));
    let run = folder.join("run");
    succeed(&["train", text(&config), "--out", text(&run)]);
    run
}

#[test]
fn typing_mistakes_name_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), TINY);
    let out = folder.path().join("run");
    for (setting, expected) in [
        ("optimiser.pairs=3", "did you mean `optimizer`?"),
        ("optimizer.pair=3", "did you mean `optimizer.pairs`?"),
        ("tasks=[\"BernouliBandit-v0\"]", "did you mean `BernoulliBandit-v0`?"),
        ("tasks=[\"BernoulliBandit-v0:arm=3\"]", "did you mean `arms`?"),
        ("tasks=[\"BernoulliBandit-v0:arms=0\"]", "arms"),
        ("tasks=[\"BernoulliBandit-v0:steps=0\"]", "at least one step"),
        ("tasks=[]", "tasks is empty"),
        ("optimizer.pairs=0", "pairs is 0"),
        ("optimizer.deviation=inf", "deviation is inf"),
        ("optimizer.deviation=-0.5", "deviation is -0.5"),
        ("learner.hidden_size=10000", "hidden_size"),
        ("lifetimes=1", "lifetimes"),
        ("generations=0", "generations is 0"),
        ("seed=-1", "seed"),
    ] {
        let message = refuse(&["train", text(&config), "--set", setting, "--out", text(&out)]);
        assert!(message.contains(expected), "{setting}: {message}");
        assert_eq!(message.lines().count(), 1, "one line, not: {message}");
        assert!(!out.exists(), "{setting} left a folder behind");
    }
    let message = refuse(&["train", text(&folder.path().join("absent.toml"))]);
    assert!(message.contains("absent.toml"), "{message}");
    let message = refuse(&["train", text(&config), "--kernel", "avx3"]);
    assert!(message.contains("avx512"), "{message}");
    refuse(&["train", text(&config), "--threads", "0"]);
    refuse(&["evaluate", text(folder.path()), "--on", "CartPole-v1"]);
}

#[test]
fn a_run_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let before = hash(&run);
    let message = refuse(&["train", text(&folder.path().join("tiny.toml")), "--out", text(&run)]);
    assert!(message.contains("holds a run already") && message.contains("resume"), "{message}");
    let message = refuse(&["evaluate", text(&run), "--on", "CartPole-v2"]);
    assert!(message.contains("did you mean `CartPole-v1`?"), "{message}");
    let message = refuse(&["evaluate", text(&run), "--on", "CartPole-v1", "--players", "greedi"]);
    assert!(message.contains("greedy"), "{message}");
    let message = refuse(&["resume", text(&run), "--generations", "2"]);
    assert!(message.contains("3 generations"), "{message}");
    assert_eq!(hash(&run), before);
    succeed(&["resume", text(&run)]);
    assert_eq!(hash(&run), before, "nothing that was refused has left a trace");
}

#[test]
fn a_folder_that_is_in_use_or_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let lock = std::fs::OpenOptions::new().append(true).open(run.join("lock")).unwrap();
    lock.lock().unwrap();
    let message = refuse(&["resume", text(&run)]);
    assert!(message.contains("in use by another process"), "{message}");
    succeed(&["report", text(&run)]);
    drop(lock);
    succeed(&["resume", text(&run)]);

    // A file where the folder should be: not writable for anybody, root included.
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let message = refuse(&["train", text(&folder.path().join("tiny.toml")), "--out", text(&file.join("run"))]);
    assert!(message.contains("cannot make the run folder"), "{message}");
}

#[test]
fn damaged_files_are_named_and_a_damaged_checkpoint_falls_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), TINY);
    let (whole, run) = (folder.path().join("whole"), folder.path().join("run"));
    succeed(&["train", text(&config), "--out", text(&whole)]);
    succeed(&["train", text(&config), "--set", "generations=10", "--out", text(&run)]);
    succeed(&["resume", text(&run), "--generations", "20"]);

    let checkpoint = run.join("checkpoint.safetensors");
    let content = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &content[..content.len() - 5]).unwrap();
    let output = vsml(&["resume", text(&run), "--generations", "40"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("going on from checkpoint.previous.safetensors"), "{}", stderr(&output));
    assert_eq!(hash(&run), hash(&whole), "the older checkpoint leads to the same bits");

    let theta = run.join("theta.safetensors");
    let mut content = std::fs::read(&theta).unwrap();
    let last = content.len() - 1;
    content[last] ^= 1;
    std::fs::write(&theta, &content).unwrap();
    let message = refuse(&["evaluate", text(&run), "--on", "CartPole-v1:steps=10"]);
    assert!(message.contains("theta.safetensors") && message.contains("damaged"), "{message}");

    for name in ["checkpoint.safetensors", "checkpoint.previous.safetensors"] {
        std::fs::write(run.join(name), "nonsense").unwrap();
    }
    let message = refuse(&["resume", text(&run), "--generations", "50"]);
    assert!(message.contains("no checkpoint of this run can be read"), "{message}");
}

#[test]
fn meta_parameters_alone_are_enough_to_evaluate() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let on = ["--on", "BernoulliBandit-v0:arms=3,steps=20", "--lifetimes", "20", "--seed", "5"];
    let theta = run.join("theta.safetensors");
    let table = succeed(&[&["evaluate", text(&theta)], &on[..]].concat());
    assert!(table.contains("vsml") && table.contains("random"), "{table}");
}

#[test]
fn help_teaches() {
    let help = succeed(&["--help"]);
    for word in ["quickstart", "train", "resume", "evaluate", "report", "list", "Examples", "Exit codes"] {
        assert!(help.contains(word), "{word} is not in:\n{help}");
    }
    let list = succeed(&["list"]);
    for word in ["BernoulliBandit-v0", "CartPole-v1", "HeartsAndTraps-v0", "thompson", "arms"] {
        assert!(list.contains(word), "{word} is not in:\n{list}");
    }
}

#[test]
fn nobody_need_listen() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &TINY.replace("generations = 40", "generations = 3"));
    let run = folder.path().join("run");
    let arguments = ["train", text(&config), "--out", text(&run)];
    let (closed_output, closed_error) = (std::io::pipe().unwrap().1, std::io::pipe().unwrap().1);
    let status = vsml(&arguments).stdout(closed_output).stderr(closed_error).status().unwrap();
    assert!(status.success(), "{status}");
    assert!(run.join("report.html").is_file());
}
