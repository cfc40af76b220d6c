//! Somebody else's crate: the README's example, built outside the workspace, gets the whole command.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
use std::process::Command;
use support::{TINY, config, text};

/// The example that stands in the README, word for word.
fn example() -> String {
    let readme = include_str!("../../README.md");
    let opening = "```rust,no_run\n";
    let start = readme.find(opening).expect("the README has a Rust example") + opening.len();
    let length = readme[start..].find("```").expect("the example ends");
    readme[start..start + length].to_string()
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn a_crate_outside_the_workspace_trains_and_evaluates_on_its_own_environment() {
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/main.rs"), example()).unwrap();
    let manifest = format!(
        "[package]\nname = \"doors\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nvsml = {{ path = {:?} }}\n\n[workspace]\n",
        here
    );
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    // The versions that the workspace is tested with.
    std::fs::copy(here.join("../Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let target = here.join("../target/outside-crate");
    let (code, output) = run(Command::new(env!("CARGO"))
        .args(["build", "--offline"])
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(folder.path()));
    assert_eq!(code, Some(0), "{output}");

    let doors = target.join("debug/doors");
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
