//! Weights that come with the command, and the configurations that they were trained by.
//!
//! They lie in the program itself: who has installed nothing else evaluates and plays them by their names, and trains them
//! again by `vsml reproduce`.

use anyhow::{Context, Result};
use std::io::Write;
use vsml_agents::Weights;

/// A configuration, and the weights that came of it.
#[derive(Clone, Copy)]
pub struct Shipped {
    /// What both are called.
    pub name: &'static str,
    /// The configuration, as TOML.
    pub config: &'static str,
    /// A file of meta-parameters.
    weights: &'static [u8],
}

macro_rules! shipped {
    ($name:literal) => {
        Shipped {
            name: $name,
            config: include_str!(concat!("../configs/", $name, ".toml")),
            weights: include_bytes!(concat!("../weights/", $name, ".safetensors")),
        }
    };
}

/// Two-armed bandits.
pub const QUICKSTART: Shipped = shipped!("quickstart");
/// Backpropagation, cloned.
pub const CLONE: Shipped = shipped!("clone");

/// All there are.
pub const SHIPPED: [Shipped; 16] = [
    QUICKSTART,
    CLONE,
    shipped!("cartpole"),
    shipped!("scratch"),
    shipped!("rl2-bandit-n10-k5"),
    shipped!("rl2-bandit-n100-k5"),
    shipped!("rl2-bandit-n100-k10"),
    shipped!("rl2-mdp-n10"),
    shipped!("prisoners"),
    shipped!("games"),
    shipped!("pennies"),
    shipped!("guessing"),
    shipped!("spread"),
    shipped!("hearts"),
    shipped!("mixture"),
    shipped!("acrobot"),
];

/// What is shipped under this name, if anything is.
pub fn named(name: &str) -> Option<Shipped> {
    SHIPPED.into_iter().find(|shipped| shipped.name == name)
}

/// Their names, for messages.
pub fn names() -> String {
    SHIPPED.map(|shipped| shipped.name).join(", ")
}

impl Shipped {
    /// The meta-parameters.
    ///
    /// # Errors
    /// If the system has no place for a temporary file: weights are read from files.
    pub fn weights(&self) -> Result<Weights> {
        let context = || format!("cannot unpack the shipped weights `{}`", self.name);
        let mut file = tempfile::NamedTempFile::new().with_context(context)?;
        file.write_all(self.weights).with_context(context)?;
        Weights::load(file.path()).with_context(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::path::Path;

    #[test]
    fn whatever_is_shipped_is_whole_and_was_trained_as_its_configuration_says() {
        for shipped in SHIPPED {
            let config = Config::parse(shipped.config, &[]).unwrap();
            let weights = shipped.weights().unwrap();
            assert_eq!(weights.learner.name(), config.learner.name(), "{}", shipped.name);
            assert_eq!(weights.origin["tasks"], serde_json::json!(config.tasks), "{}", shipped.name);
            assert_eq!(weights.origin["seed"], serde_json::json!(config.seed), "{}", shipped.name);
            assert_eq!(weights.origin["about"], serde_json::json!(config.about), "{}", shipped.name);
            assert_eq!(
                weights.origin["results"][0]["tasks"].as_str(),
                Some(&*config.evaluation.tasks[0]),
                "{}",
                shipped.name
            );
            let lived = weights.origin["steps"].as_u64().is_some_and(|steps| steps > 0);
            assert_eq!(lived, config.objective == vsml_agents::Objective::Life, "{}", shipped.name);
        }
        assert!(named("quickstart").is_some() && named("quick").is_none());
    }

    #[test]
    fn every_file_of_weights_is_in_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let shipped = named(&name).unwrap_or_else(|| panic!("{name} is not in SHIPPED"));
            assert!(shipped.weights == std::fs::read(&path).unwrap(), "{name}");
        }
    }
}
