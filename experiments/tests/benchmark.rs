//! `vsml benchmark`: one table of many runs, which goes on where it was stopped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

const TABLE: &str = r#"
about = "A tiny table."
seeds = [1, 2]
tasks = ["BernoulliBandit-v0:steps=10", "Pendulum-v1:steps=10"]
players = ["random"]

[run]
steps = 2000
lifetimes = 2

[run.optimizer]
kind = "evolution-strategies"
pairs = 4

[run.validation]
every = 2
lifetimes = 10

[run.evaluation]
lifetimes = 20

[search]
"optimizer.learning_rate" = [0.01, 0.1]

[[learners]]
kind = "vsml"
hidden_size = 4
message_size = 2

[[learners]]
kind = "meta-rnn"
hidden_size = 4

[[learners]]
kind = "meta-rnn"
cell = "gru"
hidden_size = 4
"#;

#[test]
fn a_table_is_filled_and_filled_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (config(folder.path(), TABLE), folder.path().join("table"));
    let printed = succeed(&["benchmark", text(&config), "--out", text(&out)]);
    assert!(printed.contains("meta-rnn-2") && printed.contains("n/a"), "{printed}");
    let page = std::fs::read_to_string(out.join("benchmark.md")).unwrap();
    assert!(page.contains("| | random | vsml | meta-rnn | meta-rnn-2 |"), "{page}");
    assert!(
        page.contains("- meta-rnn: Pendulum-v1:steps=10: meta-rnn learners act in Discrete action spaces only"),
        "{page}"
    );
    assert!(page.contains("`optimizer.learning_rate` in 0.01, 0.1"), "{page}");
    assert_eq!(page.matches(" to ").count(), 6, "an interval for each cell that is not n/a: {page}");

    // Each run is one that the other commands understand, with two values searched under the first seed only.
    let runs: Vec<_> = std::fs::read_dir(out.join("vsml/BernoulliBandit-v0-steps-10")).unwrap().collect();
    assert_eq!(runs.len(), 3);
    for run in runs {
        let run = run.unwrap().path();
        assert!(std::fs::read_to_string(run.join("config.toml")).unwrap().contains("steps = 2000"));
        assert_eq!(hash(&run).len(), 32);
        // 8 members of 2 lives of 10 steps: 160 a generation.
        let metrics = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        assert_eq!(metrics.lines().count(), 13);
    }

    // Once more: nothing is trained again, and nothing is different. With one run gone, only that is made again.
    let gone = out.join("meta-rnn/BernoulliBandit-v0-steps-10");
    std::fs::remove_dir_all(&gone).unwrap();
    let kept = out.join("vsml/BernoulliBandit-v0-steps-10");
    // What the clock said of each generation: other numbers if it was trained again.
    let stamps = || -> Vec<String> {
        let runs = std::fs::read_dir(&kept).unwrap().map(|run| run.unwrap().path().join("timing.jsonl"));
        runs.map(|file| std::fs::read_to_string(file).unwrap()).collect()
    };
    let before = stamps();
    assert_eq!(succeed(&["benchmark", text(&config), "--out", text(&out)]), printed);
    assert_eq!(std::fs::read_to_string(out.join("benchmark.md")).unwrap(), page);
    assert_eq!(stamps(), before);
    assert!(gone.exists());

    // Another table does not get into the same folder.
    let other = TABLE.replace("pairs = 4", "pairs = 5");
    std::fs::write(&config, other).unwrap();
    let message = refuse(&["benchmark", text(&config), "--out", text(&out)]);
    assert!(message.contains("holds a run of another configuration"), "{message}");
}

#[test]
fn mistakes_are_named_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("table");
    for (right, wrong, expected) in [
        ("seeds = [1, 2]", "seeds = []", "seeds is empty"),
        ("pairs = 4", "pears = 4", "unknown key `optimizer.pears`; did you mean `optimizer.pairs`?"),
        ("lifetimes = 2\n", "lifetimes = 2\nseed = 3\n", "run.seed has no meaning here: give `seeds`"),
        ("[0.01, 0.1]", "[]", "search.\"optimizer.learning_rate\" is empty"),
        ("players = [\"random\"]", "players = [\"randm\"]", "did you mean `random`?"),
        ("BernoulliBandit-v0", "BernouliBandit-v0", "did you mean `BernoulliBandit-v0`?"),
        ("kind = \"meta-rnn\"\ncell", "kind = \"meta-rn\"\ncell", "meta-rnn"),
        ("about = ", "abuot = ", "abuot"),
    ] {
        assert!(TABLE.contains(right), "{right}");
        let config = config(folder.path(), &TABLE.replace(right, wrong));
        let message = refuse(&["benchmark", text(&config), "--out", text(&out)]);
        assert!(message.contains(expected) && !out.exists(), "{wrong}: {message}");
    }
}
