//! Somebody else's crate: the README's example, built outside the workspace, gets the whole command.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use support::{TINY, config, text};

/// What stands in a page between the `nth` line that is `opening` and the end of that block, word for word.
fn block(page: &str, opening: &str, nth: usize) -> String {
    let opening = format!("```{opening}\n");
    let (start, _) = page.match_indices(&opening).nth(nth).expect("the page has such a block");
    let text = &page[start + opening.len()..];
    text[..text.find("```").expect("the block ends")].to_string()
}

/// Makes a crate of its own that depends on `vsml` (and on what `more` says), builds it, and returns its command.
fn build(folder: &Path, name: &str, main: &str, more: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/main.rs"), main).unwrap();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nvsml = {{ path = {here:?} }}\n{more}\n[workspace]\n",
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The versions that the workspace is tested with.
    std::fs::copy(here.join("../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let (code, output) = run(cargo(folder).args(["build", "--offline"]));
    assert_eq!(code, Some(0), "{output}");
    target().join("debug").join(name)
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/outside-crate")
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    // Nobody debugs these: without debug information they take a third of the disk.
    cargo.env("CARGO_TARGET_DIR", target()).env("CARGO_PROFILE_DEV_DEBUG", "0").current_dir(folder);
    cargo
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn a_crate_outside_the_workspace_trains_and_evaluates_on_its_own_environment() {
    let folder = tempfile::tempdir().unwrap();
    let doors = build(folder.path(), "doors", &block(include_str!("../../README.md"), "rust,no_run", 0), "");
    let (code, output) = run(Command::new(&doors).arg("list"));
    assert!(code == Some(0) && output.contains("Doors-v0") && output.contains("CartPole-v1"), "{output}");

    let text_of_config = TINY
        .replace(
            r#"tasks = ["BernoulliBandit-v0:steps=30", "HeartsAndTraps-v0:steps=20,size=3"]"#,
            r#"tasks = ["Doors-v0"]"#,
        )
        .replace("BernoulliBandit-v0:arms=4,steps=30", "Doors-v0:permute_actions=true");
    assert_eq!(text_of_config.matches("Doors-v0").count(), 2);
    let config = config(folder.path(), &text_of_config);
    let out = folder.path().join("run");
    let (code, output) = run(Command::new(&doors).args(["train", text(&config), "--out", text(&out)]));
    assert!(code == Some(0) && output.contains("Doors-v0"), "{output}");
    let (code, output) = run(Command::new(&doors).args(["evaluate", text(&out), "--on", "Doors-v0:steps=50"]));
    assert!(code == Some(0) && output.contains("Doors-v0:steps=50"), "{output}");
}

#[test]
fn the_guide_leads_from_an_empty_folder_to_a_trained_learner() {
    let guide = include_str!("../../vsml-envs/GUIDE.md");
    let folder = tempfile::tempdir().unwrap();
    let serde = "serde = { version = \"1\", features = [\"derive\"] }\n";
    let boats = build(folder.path(), "boats", &block(guide, "rust,no_run", 0), serde);
    let (code, output) = run(cargo(folder.path()).args(["test", "--offline"]));
    assert!(code == Some(0) && output.contains("boats_are_sound ... ok"), "{output}");

    let boats = |arguments: &[&str]| {
        let (code, output) = run(Command::new(&boats).args(arguments).current_dir(folder.path()));
        assert_eq!(code, Some(0), "{arguments:?}: {output}");
        output
    };
    boats(&["check", "Boats-v0"]);
    assert!(boats(&["play", "Boats-v0:steps=20"]).contains("current"));
    boats(&["play", "Boats-v0", "--gif", "boats.gif"]);
    assert!(folder.path().join("boats.gif").exists());
    std::fs::write(folder.path().join("boats.toml"), block(guide, "toml", 1)).unwrap();
    let small = ["--set", "generations=3", "--set", "validation.lifetimes=5", "--set", "evaluation.lifetimes=20"];
    let output = boats(&[&["train", "boats.toml"], &small[..]].concat());
    assert!(output.contains("Boats-v0:strength=0.9"), "{output}");
    assert!(folder.path().join("runs/boats/report.html").exists());
}
