//! Running the `vsml` command from tests.
#![allow(dead_code, reason = "no test uses all of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A configuration that trains in a second or two, on two distributions.
pub const TINY: &str = r#"
seed = 5
generations = 40
lifetimes = 4
tasks = ["BernoulliBandit-v0:steps=30", "HeartsAndTraps-v0:steps=20,size=3"]

[learner]
kind = "vsml"
hidden_size = 8
message_size = 4

[optimizer]
kind = "evolution-strategies"
pairs = 8

[validation]
every = 10
lifetimes = 20

[evaluation]
tasks = ["BernoulliBandit-v0:arms=4,steps=30"]
players = ["random", "ucb1:c=0.2"]
lifetimes = 40
"#;

/// The same by gradient, on a supervised stream.
#[allow(dead_code, reason = "not every test crate trains by gradient")]
pub const TINY_GRADIENT: &str = r#"
seed = 5
generations = 40
lifetimes = 2
tasks = ["RandomLabels-v0:inputs=5,images=4,classes=3,steps=20", "GaussianClusters-v0:inputs=4,steps=20"]

[learner]
kind = "vsml"
hidden_size = 8
message_size = 4

[optimizer]
kind = "gradient-descent"
batch = 5
truncation = 15

[validation]
every = 10
lifetimes = 20

[evaluation]
tasks = ["GaussianClusters-v0:inputs=9,classes=4,steps=30"]
networks = [[3]]
players = ["random", "sgd:learning_rate=0.1"]
lifetimes = 40
"#;

/// The same in teams, in three phases, the second of which begins with the first validation.
#[allow(dead_code, reason = "not every test crate trains teams")]
pub const TINY_TEAM: &str = r#"
seed = 5
generations = 40
lifetimes = 4
tasks = ["PrisonersDilemma-v0:steps=10 with tit-for-tat", "SimpleSpread-v0:agents=2,steps=5"]

[learner]
kind = "vsml"
hidden_size = 8
message_size = 4

[optimizer]
kind = "evolution-strategies"
pairs = 4

[validation]
every = 10
lifetimes = 10

[evaluation]
tasks = ["SimpleSpread-v0:agents=3,steps=5", "RockPaperScissors-v0:steps=20 with itself"]
players = ["random"]
lifetimes = 40

[[phases]]
from = 15
from_score = -1000.0
tasks = ["PrisonersDilemma-v0:steps=10 with its past and random"]

[[phases]]
from = 30
tasks = ["PrisonersDilemma-v0:steps=10 with its past and random", "SimpleSpread-v0:agents=2,steps=5"]
lifetimes = 1
standardise = true
optimizer.learning_rate = 0.01
team_reward = "both"
"#;

/// The `vsml` command.
pub fn vsml(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vsml"));
    command.args(arguments);
    command
}

/// Writes a configuration into a folder.
pub fn config(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("tiny.toml");
    std::fs::write(&path, text).unwrap();
    path
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs and expects success; returns what was printed.
pub fn succeed(arguments: &[&str]) -> String {
    let output = vsml(arguments).output().unwrap();
    assert!(output.status.success(), "vsml {arguments:?}: {}\n{}", output.status, stderr(&output));
    stdout(&output)
}

/// Runs and expects exit code 2; returns the message.
pub fn refuse(arguments: &[&str]) -> String {
    let output = vsml(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "vsml {arguments:?}: {}\n{}", stdout(&output), stderr(&output));
    let message = stderr(&output);
    assert!(!message.contains("panicked"), "{message}");
    message
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The hash of a run.
pub fn hash(run: &Path) -> String {
    succeed(&["hash", text(run)]).trim().to_string()
}
