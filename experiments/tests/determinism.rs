//! Same seed, same bits: whatever the threads, however often killed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::{Duration, Instant};
use support::*;

#[test]
fn the_number_of_threads_leaves_no_trace() {
    threads_leave_no_trace(TINY);
}

#[test]
fn nor_does_it_where_gradients_are_summed() {
    threads_leave_no_trace(TINY_GRADIENT);
}

#[test]
fn nor_in_teams_and_phases() {
    threads_leave_no_trace(TINY_TEAM);
}

fn threads_leave_no_trace(config_text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), config_text);
    let run = |threads: &str, seed: &str| {
        let out = folder.path().join(format!("threads-{threads}-seed-{seed}"));
        succeed(&["train", text(&config), "--threads", threads, "--seed", seed, "--out", text(&out)]);
        (
            hash(&out),
            std::fs::read(out.join("metrics.jsonl")).unwrap(),
            std::fs::read(out.join("evaluation.json")).unwrap(),
        )
    };
    let one = run("1", "5");
    for threads in ["2", "3", "8"] {
        assert!(run(threads, "5") == one, "{threads} threads");
    }
    assert_ne!(run("2", "6").0, one.0, "another seed must give other bits");
}

#[test]
fn a_run_killed_at_twenty_moments_comes_to_the_same_bits() {
    // Long enough that twenty kills fall into it, and checkpoints between them.
    killed_at_twenty_moments(&TINY.replace("generations = 40", "generations = 600"));
}

#[test]
fn so_does_one_by_gradient() {
    killed_at_twenty_moments(&TINY_GRADIENT.replace("generations = 40", "generations = 1500"));
}

#[test]
fn so_does_one_of_teams_in_phases() {
    killed_at_twenty_moments(
        &TINY_TEAM.replace("generations = 40", "generations = 600").replace("from = 30", "from = 300"),
    );
}

fn killed_at_twenty_moments(config_text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), config_text);
    let whole = folder.path().join("whole");
    let started = Instant::now();
    succeed(&["train", text(&config), "--out", text(&whole)]);
    let duration = started.elapsed();

    let killed = folder.path().join("killed");
    let mut kills = 0;
    let mut moment = 1u64;
    while kills < 20 {
        // Moments spread over the run by a fixed rule; a resumed process gets on before it is killed.
        moment = moment.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let share = (moment >> 40) as f64 / (1u64 << 24) as f64;
        let wait = Duration::from_millis(30).max(duration.mul_f64(0.15 * share));
        let mut child = if killed.join("config.toml").exists() {
            vsml(&["resume", text(&killed)])
        } else {
            vsml(&["train", text(&config), "--out", text(&killed)])
        }
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    if killed.join("config.toml").exists() {
        succeed(&["resume", text(&killed)]);
    } else {
        succeed(&["train", text(&config), "--out", text(&killed)]);
    }
    assert_eq!(hash(&killed), hash(&whole));
    for file in ["metrics.jsonl", "evaluation.json", "theta.safetensors"] {
        assert!(std::fs::read(killed.join(file)).unwrap() == std::fs::read(whole.join(file)).unwrap(), "{file}");
    }
    let leftovers = std::fs::read_dir(&killed).unwrap().flatten();
    let leftovers: Vec<_> =
        leftovers.filter(|file| file.file_name().to_string_lossy().starts_with(".writing")).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

#[test]
fn a_longer_run_equals_a_run_made_longer() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), TINY);
    let (short, long) = (folder.path().join("short"), folder.path().join("long"));
    succeed(&["train", text(&config), "--set", "generations=15", "--out", text(&short)]);
    succeed(&["resume", text(&short), "--generations", "40"]);
    succeed(&["train", text(&config), "--out", text(&long)]);
    assert_eq!(hash(&short), hash(&long));
    assert!(
        std::fs::read(short.join("evaluation.json")).unwrap() == std::fs::read(long.join("evaluation.json")).unwrap()
    );
}

/// A kill in the midst of a line of `timing.jsonl` left half of it there, and the next line was written behind it.
#[test]
fn lines_cut_short_do_not_spoil_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), TINY);
    let (short, long) = (folder.path().join("short"), folder.path().join("long"));
    succeed(&["train", text(&config), "--set", "generations=15", "--out", text(&short)]);
    for file in ["timing.jsonl", "metrics.jsonl"] {
        let path = short.join(file);
        let mut cut = std::fs::read(&path).unwrap();
        cut.extend(br#"{"generation":15,"sec"#);
        std::fs::write(&path, cut).unwrap();
    }
    succeed(&["resume", text(&short), "--generations", "40"]);
    succeed(&["train", text(&config), "--out", text(&long)]);
    assert_eq!(hash(&short), hash(&long));
    let timing = std::fs::read_to_string(short.join("timing.jsonl")).unwrap();
    assert_eq!(timing.lines().count(), 40);
}

#[cfg(unix)]
#[test]
fn interrupting_saves_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &TINY.replace("generations = 40", "generations = 400"));
    let (whole, stopped) = (folder.path().join("whole"), folder.path().join("stopped"));
    succeed(&["train", text(&config), "--out", text(&whole)]);

    let child =
        vsml(&["train", text(&config), "--out", text(&stopped)]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let metrics = stopped.join("metrics.jsonl");
    while std::fs::metadata(&metrics).map_or(0, |file| file.len()) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(message.contains(&format!("resume {}", stopped.display())), "{message}");

    succeed(&["resume", text(&stopped)]);
    assert_eq!(hash(&stopped), hash(&whole));
}
