//! `vsml benchmark`: one table of many runs, which goes on where it was stopped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::*;

const TABLE: &str = r#"
about = "A tiny table."
seeds = [1, 2]
tasks = [{ name = "pulls", tasks = ["BernoulliBandit-v0:steps=10"] }, "Pendulum-v1:steps=10"]
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
    assert!(page.contains("| | pulls | `Pendulum-v1:steps=10` |"), "{page}");
    assert!(page.ends_with("\nTests:\n\n- pulls: `BernoulliBandit-v0:steps=10`\n"), "{page}");
    let chosen = page.lines().find(|line| line.starts_with("- pulls: optimizer.learning_rate=")).unwrap();
    assert!(["vsml", "meta-rnn", "meta-rnn-2"].iter().all(|name| chosen.contains(name)), "{chosen}");
    assert!(
        page.contains("- meta-rnn: Pendulum-v1:steps=10: meta-rnn learners act in Discrete action spaces only"),
        "{page}"
    );
    assert!(page.contains("`optimizer.learning_rate` in 0.01, 0.1"), "{page}");
    let (table, improvement) = page.split_once("How probable").unwrap();
    assert_eq!(table.matches("**").count(), 4, "the title, and the best of three; on pendulums there is one: {page}");
    assert_eq!(table.matches(" to ").count(), 6, "an interval for each cell that is not n/a: {page}");
    assert_eq!(improvement.matches(" to ").count(), 6, "each of three against each other: {page}");

    // Each run is one that the other commands understand, with two values searched under the first seed only.
    let runs: Vec<_> = std::fs::read_dir(out.join("vsml/pulls")).unwrap().collect();
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
    let gone = out.join("meta-rnn/pulls");
    std::fs::remove_dir_all(&gone).unwrap();
    let kept = out.join("vsml/pulls");
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

const MATRIX: &str = r#"
about = "A tiny matrix."
seeds = [1, 2]
measures = ["regret", "gain"]
pooled = true
players = ["random", "oracle"]
tasks = [
    { name = "easy", tasks = ["BernoulliBandit-v0:kind=easy,steps=10"] },
    { name = "both", tasks = ["BernoulliBandit-v0:kind=easy,steps=10", "BernoulliBandit-v0:kind=hard,steps=10"], run = { lifetimes = 4 } },
]
tests = [
    { name = "easy ones", tasks = "BernoulliBandit-v0:kind=easy,steps=10" },
    { name = "hard ones", tasks = "BernoulliBandit-v0:kind=hard,steps=10" },
    "BernoulliBandit-v0:arms=3,steps=10",
]

[run]
generations = 2
lifetimes = 2
validation = { every = 1, lifetimes = 10 }
evaluation = { lifetimes = 20, networks = [[3]] }
optimizer = { kind = "evolution-strategies", pairs = 4 }

[[learners]]
kind = "vsml"
hidden_size = 4
message_size = 2
hidden_layers = [2]

[[learners]]
name = "recurrent"
kind = "meta-rnn"
hidden_size = 4
run = { evaluation = { networks = [] }, generations = 3 }

[[learners]]
name = "grown up"
kind = "feed-forward"
run = { evaluation = { networks = [] }, tasks = ["BernoulliBandit-v0:kind=hard,steps=10"], phases = [{ from = 2, tasks = ["BernoulliBandit-v0:kind=medium,steps=10"] }] }
"#;

#[test]
fn what_is_trained_in_several_places_is_tested_in_all() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (config(folder.path(), MATRIX), folder.path().join("matrix"));
    let copy = folder.path().join("copy.md");
    let run = || succeed(&["benchmark", text(&config), "--out", text(&out), "--page", text(&copy)]);
    let printed = run();
    assert!(printed.contains("recurrent, trained on both"), "{printed}");
    assert!(printed.contains("2  hard ones  (BernoulliBandit-v0:kind=hard,steps=10)"), "{printed}");
    let page = std::fs::read_to_string(out.join("benchmark.md")).unwrap();
    assert_eq!(page, std::fs::read_to_string(&copy).unwrap());
    assert!(page.contains("| | trained on | easy ones | hard ones | `BernoulliBandit-v0:arms=3,steps=10` |"), "{page}");
    let (regret, gain) = page.split_once("**Reward per step or episode").unwrap();
    for measured in [regret, gain] {
        for line in [
            "| random | – |",
            "| oracle | – |",
            "| vsml | easy | **",
            "| vsml[3] | easy | **",
            "| recurrent | both | **",
        ] {
            assert_eq!(measured.matches(line).count(), 1, "{line}: {measured}");
        }
        // The recurrent network has two actions, and was trained on both kinds in one of two rows.
        let row = |start: &str| measured.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(row("| recurrent | easy |").ends_with("| n/a |"), "{measured}");
        assert_eq!(row("| recurrent | easy |").matches("**").count(), 2, "{measured}");
        assert_eq!(row("| vsml | both |").matches("**").count(), 4, "{measured}");
        assert!(measured.contains("| all tests together | where it was trained | elsewhere |"), "{measured}");
        assert!(measured.contains("| | vsml | vsml[3] | recurrent | grown up |"), "{measured}");
        // What a learner was trained on is what it was trained on, whatever the row is called.
        assert!(
            row("| grown up | easy | ").matches("**").count() == 2
                && !row("| grown up | easy | ").contains("easy | **")
        );
    }
    // An oracle has no regret, and gains nothing by learning.
    assert!(regret.contains("| oracle | – | 0.00 (0.00 to 0.00) |"), "{regret}");
    let configured = |run: &str| std::fs::read_to_string(out.join(run).join("seed-1/config.toml")).unwrap();
    assert!(configured("recurrent/both").contains("generations = 3"));
    assert!(configured("recurrent/both").contains("lifetimes = 4"));
    assert!(configured("vsml/easy").contains("lifetimes = 2"));

    let report = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(report.matches("class=\"own\"").count(), 2 * (3 * 3 + 2), "as many frames as bold numbers");
    assert!(report.contains("actions") && report.contains("What could not be had"), "why there is no number");
    let plots = |heading: &str| {
        let (_, section) = report.split_once(heading).unwrap();
        section.split_once("</section>").unwrap().0.matches("<svg").count()
    };
    assert_eq!((plots("<h2>Meta-training"), plots("<h2>Within the lifetime")), (2, 6));

    // What is tested may be changed afterwards: nothing is trained again.
    let timing = out.join("vsml/easy/seed-1/timing.jsonl");
    let before = std::fs::read(&timing).unwrap();
    let fewer = MATRIX.replace("    \"BernoulliBandit-v0:arms=3,steps=10\",\n", "");
    assert_ne!(fewer, MATRIX);
    std::fs::write(&config, fewer).unwrap();
    run();
    assert_eq!(std::fs::read(&timing).unwrap(), before);
    let page = std::fs::read_to_string(out.join("benchmark.md")).unwrap();
    assert!(page.contains("| | trained on | easy ones | hard ones |\n"), "{page}");
    assert!(regret.lines().any(|line| line.starts_with("| vsml | easy | **") && page.contains(&line[..40])), "{page}");

    // Where tests are many, they are counted. Whoever learns has regret, and an oracle has none.
    let more: String = (3..9).map(|arms| format!("    \"BernoulliBandit-v0:arms={arms},steps=10\",\n")).collect();
    let many = MATRIX
        .replace("seeds = [1, 2]", "seeds = [1, 2, 3]")
        .replace("[\"random\", \"oracle\"]", "[\"oracle\", \"random\"]")
        .replace("    \"BernoulliBandit-v0:arms=3,steps=10\",\n", &more);
    std::fs::write(&config, many).unwrap();
    run();
    let page = std::fs::read_to_string(out.join("benchmark.md")).unwrap();
    for line in ["| tests, against oracle | better, ", "| vsml | 0 | 16 | 16 |\n", "| recurrent | 0 | 4 | 4 |\n"] {
        assert!(page.contains(line), "{line}: {page}");
    }
    assert!(!page.contains("vsml is worse in "), "{page}");

    // Where learners are few, and trained in one place, the page says which tests these are.
    let both = MATRIX.lines().find(|line| line.contains("name = \"both\"")).unwrap();
    let one = std::fs::read_to_string(&config).unwrap().replace(both, "");
    std::fs::write(&config, &one[..one.find("[[learners]]\nname = \"recurrent\"").unwrap()]).unwrap();
    run();
    let page = std::fs::read_to_string(out.join("benchmark.md")).unwrap();
    assert!(page.contains("\nvsml is worse in easy ones, hard ones, `BernoulliBandit-v0:arms=3,steps=10`, "), "{page}");
    assert!(!page.contains("vsml is better in "), "{page}");
}

#[test]
fn mistakes_are_named_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("table");
    for (right, wrong, expected) in [
        ("seeds = [1, 2]", "seeds = []", "seeds is empty"),
        ("seeds = [1, 2]", "seeds = [1, 2, 2]", "seeds: 2 is named twice"),
        (
            "players = [\"random\"]",
            "players = [\"random\", \"greedy\", \"random\"]",
            "players: `random` is named twice",
        ),
        ("every = 2", "every = 0", "search chooses by validation"),
        ("pairs = 4", "pears = 4", "unknown key `optimizer.pears`; did you mean `optimizer.pairs`?"),
        ("lifetimes = 2\n", "lifetimes = 2\nseed = 3\n", "run.seed has no meaning here: give `seeds`"),
        ("[0.01, 0.1]", "[]", "search.\"optimizer.learning_rate\" is empty"),
        (
            "\"optimizer.learning_rate\" =",
            "\"validation.lifetimes\" =",
            "search.\"validation.lifetimes\": a search may vary",
        ),
        ("about = ", "abot = ", "unknown key `abot`; did you mean `about`?"),
        ("players = [\"random\"]", "players = [\"randm\"]", "did you mean `random`?"),
        ("BernoulliBandit-v0", "BernouliBandit-v0", "did you mean `BernoulliBandit-v0`?"),
        ("kind = \"meta-rnn\"\ncell", "kind = \"meta-rn\"\ncell", "meta-rnn"),
        ("about = ", "abuot = ", "abuot"),
        ("lifetimes = 20\n", "lifetimes = 20\nnetworks = [[3]]\n", "meta-rnn on pulls: evaluation.networks"),
        ("\"Pendulum-v1:steps=10\"", "{ name = \"x\", tasks = [] }", "tasks[1]: tasks is empty"),
        ("\"Pendulum-v1:steps=10\"", "{ nam = \"x\" }", "tasks[1]: unknown field `nam`"),
        ("\"Pendulum-v1:steps=10\"", "3", "tasks[1]: write an id, or"),
        ("\"Pendulum-v1:steps=10\"", "{ name = \"pulls\", tasks = [\"Pendulum-v1\"] }", "two are called `pulls`"),
        ("players = [", "tests = [\"CartPole-v2\"]\nplayers = [", "tests"),
        ("players = [", "measures = [\"regrets\"]\nplayers = [", "regrets"),
        ("kind = \"vsml\"", "kind = \"vsml\"\nrun = { seed = 3 }", "run.seed has no meaning here"),
        ("[run]", "[run]\ntasks = [\"CartPole-v1\"]", "run.tasks has no meaning here"),
        ("kind = \"vsml\"", "kind = \"vsml\"\nrun = { tasks = [3] }", "vsml on pulls"),
        ("kind = \"vsml\"", "kind = \"vsml\"\nname = \"meta-rnn\"", "two are called `meta-rnn`"),
    ] {
        assert!(TABLE.contains(right), "{right}");
        let config = config(folder.path(), &TABLE.replace(right, wrong));
        let message = refuse(&["benchmark", text(&config), "--out", text(&out)]);
        assert!(message.contains(expected) && !out.exists(), "{wrong}: {message}");
    }
}
