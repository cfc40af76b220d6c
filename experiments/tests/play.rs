//! `vsml play`: text, animations, and the pictures of the environments' page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};

fn play(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vsml")).arg("play").args(arguments).output().unwrap()
}

#[test]
fn a_life_is_shown_as_text() {
    let output = play(&["HeartsAndTraps-v0:steps=3,walls=3", "--seed", "5"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("step ").count(), 4, "the beginning and three steps:\n{text}");
    assert_eq!(text.matches('@').count(), 4, "{text}");
    assert_eq!(text.matches('#').count(), 12, "{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("in 3 steps"));
}

#[test]
fn a_life_is_written_as_an_animation_and_the_same_life_is_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for name in ["one.gif", "two.gif"] {
        let output = play(&["random", "CartPole-v1:steps=40", "--gif", &path(name), "--pixels", "64"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let one = std::fs::read(path("one.gif")).unwrap();
    assert!(one.starts_with(b"GIF89a") && one.len() > 1000);
    assert_eq!(one, std::fs::read(path("two.gif")).unwrap());
}

#[test]
fn weights_and_runs_can_play() {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/cartpole.safetensors");
    let output = play(&[weights.to_str().unwrap(), "CartPole-v1:steps=20"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_network_shows_its_messages_and_the_reward_so_far() {
    let said = |arguments: &[&str]| {
        let output = play(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let bandit = "BernoulliBandit-v0:arms=5,steps=12";
    let text = said(&["quickstart", bandit]);
    let frames: Vec<&str> = text.split("step ").skip(1).collect();
    assert_eq!(frames.len(), 13);
    for part in ["messages", "layer 1 of 1", "forward   backward", "reward so far: 12 steps, 0 to "] {
        assert_eq!(text.matches(part).count(), 13, "{part}\n{text}");
    }
    // 5 arms, messages of 8 numbers: nothing before the first action, something at the end.
    let map = |frame: &str| -> Vec<String> {
        let rows = frame.lines().skip_while(|line| !line.contains("forward")).skip(2).take(5);
        rows.map(|row| row.split_whitespace().next_back().unwrap_or_default().to_string()).collect()
    };
    assert_eq!(map(frames[0]), ["........"; 5], "{}", frames[0]);
    let last = map(frames[12]);
    assert!(last.iter().all(|row| row.len() == 8 && row.chars().all(|character| "=-.+#".contains(character))));
    assert_ne!(last, ["........"; 5], "{}", frames[12]);
    let team = said(&["random", "prisoners", "PrisonersDilemma-v0:steps=3"]);
    assert!(team.contains("messages of column"), "{team}");
    let none = said(&["ucb1", bandit]);
    assert!(!none.contains("messages") && !none.contains("so far"), "{none}");

    let folder = tempfile::tempdir().unwrap();
    let size = |name: &str, player: &str, seed: &str| {
        let path = folder.path().join(name);
        said(&[player, bandit, "--seed", seed, "--pixels", "160", "--gif", path.to_str().unwrap()]);
        let bytes = std::fs::read(path).unwrap();
        let (width, height) = (u16::from_le_bytes([bytes[6], bytes[7]]), u16::from_le_bytes([bytes[8], bytes[9]]));
        (bytes, width, height)
    };
    let (one, two, other) =
        (size("1.gif", "quickstart", "3"), size("2.gif", "quickstart", "3"), size("3.gif", "random", "3"));
    assert!(one == two && one.0.len() < 100_000);
    assert!(one.1 > other.1 + 100 && one.2 > other.2 + 20, "{}, {}", one.1, one.2);
    assert!(one.0 != size("4.gif", "quickstart", "4").0);
}

#[test]
fn teams_play_with_a_player_for_each_or_one_for_all() {
    let dilemma = "PrisonersDilemma-v0:steps=4";
    let output = play(&["tit-for-tat", "always:arm=1", dilemma]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("step 4  episode 1  reward -9 -6"), "{text}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("column (always:arm=1) on PrisonersDilemma-v0:steps=4: reward -6 in 4 steps"), "{said}");
    let output = play(&["always:arm=0", dilemma]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("reward -4 -4"));
    let output = play(&["random", "random", "random", "MatchingPennies-v0"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("3 players for 2 agents (row, column): give one for each"), "{error}");
}

#[test]
fn what_cannot_be_played_is_named() {
    let stderr = |output: Output| {
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(stderr(play(&["CartPol-v1"])).contains("did you mean `CartPole-v1`?"));
    let error = stderr(play(&["rundom", "CartPole-v1"]));
    assert!(
        error.contains("unknown player `rundom`")
            && error.contains("no file and none of the shipped weights")
            && error.contains("did you mean `random`?"),
        "{error}"
    );
    assert!(stderr(play(&["ucb1", "CartPole-v1"])).contains("ucb1"));
    assert!(stderr(play(&["--gif", "random", "CartPole-v1"])).contains("ends in .gif"));
    let error = stderr(play(&["CartPole-v1", "random"]));
    assert!(error.contains("`CartPole-v1` is one: the environment comes last"), "{error}");
    let error = stderr(play(&["CartPole-v1", "--gif", "/no/such/folder/a.gif"]));
    assert!(error.contains("cannot write /no/such/folder/a.gif"), "{error}");
}

#[test]
fn the_pictures_of_the_environments_page_are_what_play_shows() {
    // `VSML_WRITE=1 cargo test -p vsml --test play` draws them.
    let envs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vsml-envs");
    let folder = tempfile::tempdir().unwrap();
    let mut shown = 0;
    for file in std::fs::read_dir(envs.join("about")).unwrap() {
        let about: toml::Table = toml::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        for (id, entry) in &about {
            let Some(spec) = entry.get("picture").and_then(toml::Value::as_str) else { continue };
            let drawn = folder.path().join(format!("{id}.gif"));
            let output = play(&[spec, "--pixels", "256", "--gif", drawn.to_str().unwrap()]);
            assert!(output.status.success(), "{spec}: {}", String::from_utf8_lossy(&output.stderr));
            let kept = envs.join("pictures").join(format!("{id}.gif"));
            if std::env::var_os("VSML_WRITE").is_some() {
                std::fs::copy(&drawn, &kept).unwrap();
            }
            let same = std::fs::read(&drawn).unwrap() == std::fs::read(&kept).unwrap_or_default();
            assert!(same, "{} is not what `vsml play {spec}` shows: VSML_WRITE=1 draws it anew", kept.display());
            shown += 1;
        }
    }
    assert!(shown >= 20);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_no_bad_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("full.gif");
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    let output = play(&["random", "CartPole-v1:steps=5", "--gif", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn of_many_episodes_the_first_are_shown() {
    let output = play(&["random", "CartPole-v1:episodes=100000000"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("of its steps; a shorter lifetime: CartPole-v1:"), "{said}");
}
