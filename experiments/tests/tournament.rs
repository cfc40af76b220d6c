//! `vsml tournament`: everybody against everybody.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

#[test]
fn everybody_meets_everybody_and_the_best_is_first() {
    let folder = tempfile::tempdir().unwrap();
    let players = ["always:arm=0", "tit-for-tat", "always:arm=1"];
    let played = |threads: &str| {
        let page = folder.path().join(threads);
        let arguments = ["--lifetimes", "4", "--threads", threads, "--out", text(&page)];
        let shown = succeed(&[&["tournament", "PrisonersDilemma-v0:steps=10"], &players[..], &arguments].concat());
        (shown.replace(text(&page), ""), std::fs::read_to_string(&page).unwrap())
    };
    let (shown, page) = played("1");
    assert_eq!(played("3"), (shown.clone(), page.clone()), "threads leave no trace");
    // A step is worth -1 to both who keep silent, -2 to both who betray, 0 and -3 otherwise. Against one who always betrays,
    // tit-for-tat is betrayed once, so gets -3 and nine times -2.
    let row = |name: &str| {
        let mut rows = shown.lines().filter(|line| line.contains('±')).map(|line| line.split_whitespace());
        rows.find(|row| row.clone().next() == Some(name)).unwrap().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("always:arm=1"), "always:arm=1 -20.00 ±.00 -18.00 ±.00 0.00 ±.00 -12.67 ±.00", "{shown}");
    assert_eq!(row("tit-for-tat"), "tit-for-tat -21.00 ±.00 -10.00 ±.00 -10.00 ±.00 -13.67 ±.00", "{shown}");
    assert_eq!(row("always:arm=0"), "always:arm=0 -30.00 ±.00 -10.00 ±.00 -10.00 ±.00 -16.67 ±.00", "{shown}");
    // What became of both: of always:arm=1 and tit-for-tat -18 and -21.
    assert!(shown.contains("-19.50 / -21.00"), "{shown}");
    assert!(page.contains("| `always:arm=1` | -20.00 (-20.00 to -20.00) | -18.00 (-18.00 to -18.00) |"), "{page}");
    assert!(page.contains("## Mean reward of all agents (welfare)"), "{page}");
    assert!(page.contains("--lifetimes 4 --seed 1"), "{page}");
}

#[test]
fn weights_and_runs_take_part_under_short_names() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &TINY_TEAM.replace("generations = 40", "generations = 2"));
    let run = folder.path().join("mine");
    succeed(&["train", text(&config), "--out", text(&run)]);
    let theta = run.join("theta.safetensors");
    let arguments =
        ["tournament", "Chicken-v0:steps=5", text(&run), text(&theta), "random", "ucb1", "--lifetimes", "3"];
    let shown = succeed(&arguments);
    for name in ["mine", "theta", "random"] {
        assert!(shown.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}: {shown}");
    }
    // The same learner under two names has the same luck.
    let cells = |name: &str| -> Vec<String> {
        let mut rows = shown.lines().filter(|line| line.contains('±'));
        let row = rows.find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        row.split_whitespace().skip(1).map(String::from).collect()
    };
    assert_eq!(cells("mine"), cells("theta"), "{shown}");
    let other = succeed(&[&arguments[..], &["--seed", "2"]].concat());
    assert_ne!(other.lines().skip(1).collect::<Vec<_>>(), shown.lines().skip(1).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_played_is_refused_before_anything_is() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent").join("page.md");
    for (arguments, expected) in [
        (&["CartPole-v1", "random"][..], "`CartPole-v1` is for one agent"),
        (&["PrisonersDilemma-v0:seat=row", "random"], "is for one agent"),
        (&["PrisonersDilema-v0", "random"], "did you mean `PrisonersDilemma-v0`?"),
        (&["Chicken-v0 with random", "random"], "name the game alone: Chicken-v0"),
        (&["Chicken-v0"], "PLAYER"),
        (&["Chicken-v0", "random", "tit-for-tat", "random"], "`random` is named twice"),
        (&["Chicken-v0", "rundom"], "did you mean `random`?"),
        (&["Chicken-v0", "random", "--lifetimes", "1"], "lifetimes"),
        (&["Chicken-v0", "random", "--out", text(&absent)], "there is no folder"),
    ] {
        let message = refuse(&[&["tournament"], arguments].concat());
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_with_nothing_to_go_on_with() {
    // Many minutes of lives, if nothing stopped them.
    let game = "PrisonersDilemma-v0:steps=10000";
    let child = vsml(&["tournament", game, "random", "tit-for-tat", "--lifetimes", "20000"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    let signal = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stdout(&output).is_empty() && stderr(&output).contains("interrupted"), "{}", stderr(&output));
}
