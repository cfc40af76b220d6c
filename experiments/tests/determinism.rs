//! Same seed, same bits: whatever the threads, however often killed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::path::Path;
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
    for file in ["metrics.jsonl", "metrics.csv", "evaluation.json", "theta.safetensors"] {
        assert!(std::fs::read(killed.join(file)).unwrap() == std::fs::read(whole.join(file)).unwrap(), "{file}");
    }
    assert!(events(&killed) == events(&whole), "the events differ in more than their times");
    let leftovers = std::fs::read_dir(&killed).unwrap().flatten();
    let leftovers: Vec<_> =
        leftovers.filter(|file| file.file_name().to_string_lossy().starts_with(".writing")).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}

/// The events for TensorBoard, without their times, which must not go back.
fn events(run: &Path) -> Vec<Vec<u8>> {
    let file = std::fs::read(run.join("events.out.tfevents.0.vsml")).unwrap();
    let (mut rest, mut events, mut last) = (&file[..], Vec::new(), 0.0);
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        let (event, after) = rest[12..].split_at(length);
        let time = f64::from_le_bytes(event[1..9].try_into().unwrap());
        assert!(time >= last, "{time} after {last}");
        last = time;
        events.push(event[9..].to_vec());
        rest = &after[4..];
    }
    events
}

#[test]
fn tables_and_events_tell_what_the_metrics_tell() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), TINY);
    let run = folder.path().join("run");
    succeed(&["train", text(&config), "--out", text(&run)]);
    let metrics = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let metrics: Vec<serde_json::Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut table = csv::Reader::from_path(run.join("metrics.csv")).unwrap();
    let columns = table.headers().unwrap().clone();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("{columns:?}"));
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.unwrap()).collect();
    assert_eq!((metrics.len(), rows.len(), events(&run).len()), (40, 40, 41), "the first event is the file's version");
    let bandits = "BernoulliBandit-v0:steps=30";
    for (metrics, row) in metrics.iter().zip(&rows) {
        let number = |name: &str| row[column(name)].parse::<f64>().ok();
        let validation = &metrics["validation"];
        assert_eq!(number("generation"), metrics["generation"].as_f64());
        assert_eq!(number("steps"), metrics["steps"].as_f64());
        assert_eq!(number("fitness/mean"), metrics["fitness_mean"].as_f64());
        assert_eq!(number("loss"), None);
        assert_eq!(number("norm/update"), metrics["update_norm"].as_f64());
        assert_eq!(number("validation/score"), validation["score"].as_f64());
        assert_eq!(number(&format!("validation/{bandits}")), validation["reward"][bandits].as_f64());
        assert_eq!(number(&format!("regret/{bandits}")), validation["regret"][bandits].as_f64());
        assert_eq!(number("validation/score").is_some(), metrics["generation"].as_u64().unwrap() % 10 == 0);
    }
    for (number, event) in events(&run).iter().enumerate().skip(1) {
        assert_eq!(event[..2], [0x10, number as u8], "the step");
        let has = |tag: &str| event.windows(tag.len()).any(|bytes| bytes == tag.as_bytes());
        assert!(has("fitness/mean") && !has("loss"));
        assert_eq!(has(&format!("validation/{bandits}")), number % 10 == 0);
    }

    // Whatever is in them counts for nothing, and is put right when the run goes on.
    let (before, kept) = (hash(&run), ["metrics.csv", "events.out.tfevents.0.vsml"]);
    let read = || kept.map(|file| std::fs::read(run.join(file)).unwrap());
    let written = read();
    std::fs::write(run.join(kept[0]), "spoilt ".repeat(10_000)).unwrap();
    std::fs::remove_file(run.join(kept[1])).unwrap();
    assert_eq!(hash(&run), before);
    succeed(&["resume", text(&run)]);
    assert!(read() == written);
}

#[test]
fn a_disk_that_does_not_take_the_table_costs_no_generation_before() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), TINY);
    let (run, whole) = (folder.path().join("run"), folder.path().join("whole"));
    succeed(&["train", text(&config), "--set", "generations=15", "--out", text(&run)]);
    std::fs::remove_file(run.join("metrics.csv")).unwrap();
    std::fs::create_dir(run.join("metrics.csv")).unwrap();
    let output = vsml(&["resume", text(&run), "--generations", "40"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).contains("metrics.csv"), "{}", stderr(&output));
    std::fs::remove_dir(run.join("metrics.csv")).unwrap();
    succeed(&["resume", text(&run)]);
    succeed(&["train", text(&config), "--out", text(&whole)]);
    assert_eq!(hash(&run), hash(&whole));
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

#[test]
#[cfg(target_os = "linux")]
fn a_hang_up_stops_a_run_unless_it_is_to_be_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &TINY.replace("generations = 40", "generations = 400"));
    // Whoever runs the tests may have hang-ups ignored already, and that is handed down.
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
    let ignored = u64::from_str_radix(mask, 16).unwrap() & 1 == 1;
    for (trap, code) in [("", Some(if ignored { 0 } else { 75 })), ("trap '' HUP; ", Some(0))] {
        let out = folder.path().join(format!("run{}", trap.len()));
        let script = format!("{trap}exec \"$0\" train \"$1\" --out \"$2\"");
        let program = vsml(&[]).get_program().to_owned();
        let mut command = std::process::Command::new("sh");
        let mut child = command
            .args(["-c", &script])
            .arg(program)
            .args([&config, &out])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while std::fs::metadata(out.join("metrics.jsonl")).map_or(0, |file| file.len()) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(std::process::Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), code, "{trap}");
    }
}
