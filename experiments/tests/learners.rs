//! Runs with learners of every kind: trained, resumed, evaluated, played, reported.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use support::*;

/// The tiny configuration on tasks of one shape, by a learner of this kind.
fn tiny(kind: &str) -> String {
    let text = TINY
        .replace(
            r#""BernoulliBandit-v0:steps=30", "HeartsAndTraps-v0:steps=20,size=3""#,
            r#""BernoulliBandit-v0:steps=30""#,
        )
        .replace("kind = \"vsml\"", &format!("kind = \"{kind}\""))
        .replace("message_size = 4\n", "")
        .replace("BernoulliBandit-v0:arms=4,steps=30", "BernoulliBandit-v0:kind=easy,steps=30");
    assert!(text.contains(kind) && !text.contains("vsml") && text.contains("kind=easy") && !text.contains("Hearts"));
    text
}

fn read(run: &Path, file: &str) -> Vec<u8> {
    std::fs::read(run.join(file)).unwrap()
}

#[test]
fn a_recurrent_learner_has_the_whole_command() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &tiny("meta-rnn"));
    let [whole, short] = ["whole", "short"].map(|name| folder.path().join(name));
    let table = succeed(&["train", text(&config), "--threads", "1", "--out", text(&whole)]);
    assert!(table.contains("meta-rnn") && table.contains("kind=easy"), "{table}");
    let resolved = String::from_utf8(read(&whole, "config.toml")).unwrap();
    assert!(resolved.contains("observations = 1") && resolved.contains("actions = 2"), "{resolved}");
    assert!(String::from_utf8(read(&whole, "report.html")).unwrap().contains("meta-rnn"));

    succeed(&["train", text(&config), "--set", "generations=15", "--threads", "2", "--out", text(&short)]);
    succeed(&["resume", text(&short), "--generations", "40"]);
    assert_eq!(hash(&short), hash(&whole));
    for file in ["metrics.jsonl", "evaluation.json", "theta.safetensors"] {
        assert!(read(&short, file) == read(&whole, file), "{file}");
    }
    assert_ne!(hash(&whole), {
        let other = folder.path().join("other");
        succeed(&["train", text(&config), "--set", "learner.cell=gru", "--out", text(&other)]);
        hash(&other)
    });

    let weights = whole.join("theta.safetensors");
    for trained in [&whole, &weights] {
        let on = ["BernoulliBandit-v0:steps=10", "BernoulliBandit-v0:arms=3,steps=10"];
        let table = succeed(&["evaluate", text(trained), "--on", on[0], on[1], "--lifetimes", "20"]);
        assert!(
            table.contains("n/a: meta-rnn: this meta-rnn learner was made for 1 observations and 2 actions"),
            "{table}"
        );
    }
    let message = refuse(&["evaluate", text(&weights), "--on", "BernoulliBandit-v0", "--network", "3"]);
    assert!(message.contains("only a vsml learner"), "{message}");
    let message = refuse(&["play", text(&weights), "HeartsAndTraps-v0"]);
    assert!(message.contains("made for 1 observations and 2 actions"), "{message}");
}

#[test]
fn every_kind_trains_is_evaluated_and_plays() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [
        "feed-forward",
        "hebbian",
        "delta-rule",
        "self-referential",
        "attention",
        "sensory-neurons",
        "blur",
        "fast-weight-memory",
        "meta-rims",
    ] {
        let config = config(
            folder.path(),
            &tiny(kind).replace("BernoulliBandit-v0:", "HeartsAndTraps-v0:size=3,").replace("kind=easy,", ""),
        );
        let run = folder.path().join(kind);
        succeed(&["train", text(&config), "--set", "generations=3", "--out", text(&run)]);
        for player in [run.clone(), run.join("theta.safetensors")] {
            succeed(&["play", text(&player), "HeartsAndTraps-v0:size=3,steps=5"]);
        }
        assert!(succeed(&["report", text(&run)]).contains("report.html"));
    }
}

#[test]
fn learners_of_any_shape_live_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, shared) in [("hebbian", "learner.shared=true"), ("blur", "learner.states=3")] {
        let config = config(folder.path(), &tiny(kind));
        let run = folder.path().join(kind);
        succeed(&["train", text(&config), "--out", text(&run), "--set", shared, "--set", "generations=3"]);
        let table =
            succeed(&["evaluate", text(&run), "--on", "BernoulliBandit-v0:arms=9,steps=10", "CartPole-v1:steps=10"]);
        assert!(table.contains("arms=9") && table.contains("CartPole"), "{table}");
        assert!(!table.contains(&format!("n/a: {kind}")), "{table}");
    }
}
