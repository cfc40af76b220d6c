//! Configurations: what a run is, as TOML.
//!
//! Every field has a default but `tasks`. An unknown key is an error that names the nearest known one, so that a typo never
//! trains for an hour with a default. What a run has used, defaults and `--set` included, is written into its folder.

use crate::evaluate::Contender;
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::path::Path;
use toml::{Table, Value};
use vsml_agents::optimizers::{
    A2cConfig, AugmentedRandomSearch, AugmentedRandomSearchConfig, CmaEs, CmaEsConfig, EvolutionStrategies,
    EvolutionStrategiesConfig, GeneticAlgorithm, GeneticAlgorithmConfig, GradientDescent, GradientDescentConfig,
    GuidedEvolutionStrategies, GuidedEvolutionStrategiesConfig, MetaOptimizer, OptimizerError, Pgpe, PgpeConfig,
    PolicyGradient, PpoConfig, SepCmaEs, SepCmaEsConfig, Snes, SnesConfig, UnrolledEvolutionStrategies,
    UnrolledEvolutionStrategiesConfig,
};
use vsml_agents::{CloneConfig, LearnerConfig, MetaTraining, Objective, Scenario, Schedule, TeamReward, VsmlConfig};
use vsml_core::Kernel;
use vsml_envs::{Registry, nearest, stream};

/// Larger files are no configurations.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A run: what learns, on what, moved by what, and how it is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What this run is for, in a sentence; stands at the top of its report.
    pub about: String,
    /// The seed of everything; 0 to 2^63 - 1. Same seed, same bits.
    pub seed: u64,
    /// Generations of meta-training.
    pub generations: u64,
    /// No further generation begins once meta-training has lived so many steps of the environments; 0: generations alone
    /// count.
    pub steps: u64,
    /// Lifetimes of each member in each generation, dealt out over `tasks` in turn.
    pub lifetimes: u64,
    /// The scenarios to train in: ids as `vsml list` shows them, with parameters; for a team, who else is there.
    pub tasks: Vec<String>,
    /// In a mixture, whether each scenario has its share in fitness, whatever its rewards are.
    pub standardise: bool,
    /// In a team, whose reward fitness is.
    pub team_reward: TeamReward,
    /// What meta-training is for.
    pub objective: Objective,
    /// What learns.
    pub learner: LearnerConfig,
    /// What moves its meta-parameters.
    pub optimizer: OptimizerConfig,
    /// How the best generation is chosen.
    pub validation: ValidationConfig,
    /// What is evaluated when training is done.
    pub evaluation: EvaluationConfig,
    /// A curriculum: what is different from some generation or score on ([`crate::phases`]).
    pub phases: Vec<Table>,
}

/// What moves the meta-parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OptimizerConfig {
    /// Antithetic evolution strategies with Adam.
    EvolutionStrategies(EvolutionStrategiesConfig),
    /// Gradient descent through time with Adam, where the tasks are supervised streams.
    GradientDescent(GradientDescentConfig),
    /// The policy gradient of whole lives, in several clipped moves.
    Ppo(PpoConfig),
    /// The policy gradient of whole lives, in one move.
    A2c(A2cConfig),
    /// Antithetic pairs with a deviation for each parameter.
    Pgpe(PgpeConfig),
    /// Antithetic pairs of which only the best are followed, by plain steps.
    AugmentedRandomSearch(AugmentedRandomSearchConfig),
    /// Antithetic pairs that lie along the last gradients for the most part.
    GuidedEvolutionStrategies(GuidedEvolutionStrategiesConfig),
    /// Evolution strategies that move after a piece of each life, with a new perturbation for each.
    PersistentEvolutionStrategies(UnrolledEvolutionStrategiesConfig),
    /// The same, with one perturbation for all of a life.
    NoiseReuseEvolutionStrategies(UnrolledEvolutionStrategiesConfig),
    /// Separable natural evolution strategies.
    Snes(SnesConfig),
    /// CMA-ES with a diagonal covariance.
    SepCmaEs(SepCmaEsConfig),
    /// CMA-ES with restarts, for few meta-parameters.
    CmaEs(CmaEsConfig),
    /// Mutation and truncation selection.
    GeneticAlgorithm(GeneticAlgorithmConfig),
}

impl OptimizerConfig {
    /// Settings, by name, that count only where a run begins: from there on the optimizer changes them itself, or keeps a state
    /// of that size.
    pub(crate) fn only_at_first(&self) -> &'static [&'static str] {
        match self {
            OptimizerConfig::Pgpe(_) | OptimizerConfig::Snes(_) | OptimizerConfig::SepCmaEs(_) => &["deviation"],
            OptimizerConfig::CmaEs(_) => &["deviation", "population"],
            OptimizerConfig::GeneticAlgorithm(_) => &["parents"],
            OptimizerConfig::GuidedEvolutionStrategies(_) => &["directions"],
            _ => &[],
        }
    }

    /// The optimizer itself, at `theta`, for a learner whose critic has so many numbers; what it draws is drawn under `seed`.
    ///
    /// # Errors
    /// A setting that makes no sense, by name.
    pub fn build(
        &self,
        seed: u64,
        theta: Vec<f32>,
        critic_count: usize,
    ) -> Result<Box<dyn MetaOptimizer>, OptimizerError> {
        Ok(match self.clone() {
            OptimizerConfig::Ppo(config) => Box::new(PolicyGradient::new(config, seed, theta, critic_count)?),
            OptimizerConfig::A2c(config) => Box::new(PolicyGradient::new(config.into(), seed, theta, critic_count)?),
            OptimizerConfig::EvolutionStrategies(config) => Box::new(EvolutionStrategies::new(config, seed, theta)?),
            OptimizerConfig::GradientDescent(config) => Box::new(GradientDescent::new(config, theta)?),
            OptimizerConfig::Pgpe(config) => Box::new(Pgpe::new(config, seed, theta)?),
            OptimizerConfig::AugmentedRandomSearch(config) => {
                Box::new(AugmentedRandomSearch::new(config, seed, theta)?)
            }
            OptimizerConfig::GuidedEvolutionStrategies(config) => {
                Box::new(GuidedEvolutionStrategies::new(config, seed, theta)?)
            }
            OptimizerConfig::PersistentEvolutionStrategies(config) => {
                Box::new(UnrolledEvolutionStrategies::persistent(config, seed, theta)?)
            }
            OptimizerConfig::NoiseReuseEvolutionStrategies(config) => {
                Box::new(UnrolledEvolutionStrategies::noise_reuse(config, seed, theta)?)
            }
            OptimizerConfig::Snes(config) => Box::new(Snes::new(config, seed, theta)?),
            OptimizerConfig::SepCmaEs(config) => Box::new(SepCmaEs::new(config, seed, theta)?),
            OptimizerConfig::CmaEs(config) => Box::new(CmaEs::new(config, seed, theta)?),
            OptimizerConfig::GeneticAlgorithm(config) => Box::new(GeneticAlgorithm::new(config, seed, theta)?),
        })
    }

    /// One of each kind, with its defaults; the usual one first.
    fn all() -> Vec<Self> {
        vec![
            OptimizerConfig::EvolutionStrategies(EvolutionStrategiesConfig::default()),
            OptimizerConfig::GradientDescent(GradientDescentConfig::default()),
            OptimizerConfig::Ppo(PpoConfig::default()),
            OptimizerConfig::A2c(A2cConfig::default()),
            OptimizerConfig::Pgpe(PgpeConfig::default()),
            OptimizerConfig::AugmentedRandomSearch(AugmentedRandomSearchConfig::default()),
            OptimizerConfig::GuidedEvolutionStrategies(GuidedEvolutionStrategiesConfig::default()),
            OptimizerConfig::PersistentEvolutionStrategies(UnrolledEvolutionStrategiesConfig::default()),
            OptimizerConfig::NoiseReuseEvolutionStrategies(UnrolledEvolutionStrategiesConfig::default()),
            OptimizerConfig::Snes(SnesConfig::default()),
            OptimizerConfig::SepCmaEs(SepCmaEsConfig::default()),
            OptimizerConfig::CmaEs(CmaEsConfig::default()),
            OptimizerConfig::GeneticAlgorithm(GeneticAlgorithmConfig::default()),
        ]
    }
}

/// How the best generation is chosen: by mean reward on the validation split of the training distributions, or by how often a
/// life is better than random play's on others. The tasks of [`EvaluationConfig`] have no say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ValidationConfig {
    /// Validate after every so many generations; 0 for never, and then the last generation counts.
    pub every: u64,
    /// Lifetimes on each distribution.
    pub lifetimes: u64,
    /// Other scenarios to validate in than those of training; none for the same.
    pub tasks: Vec<String>,
}

/// What is evaluated when training is done, on the test split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Task distributions: ids with parameters.
    pub tasks: Vec<String>,
    /// Hidden layers of further networks in which the same meta-parameters are evaluated.
    pub networks: Vec<Vec<usize>>,
    /// Reference players to show beside the learner.
    pub players: Vec<String>,
    /// Lifetimes of each learner on each distribution.
    pub lifetimes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            about: String::new(),
            seed: 1,
            generations: 500,
            steps: 0,
            lifetimes: 4,
            tasks: Vec::new(),
            standardise: false,
            team_reward: TeamReward::default(),
            objective: Objective::default(),
            learner: LearnerConfig::Vsml(VsmlConfig::default()),
            optimizer: OptimizerConfig::EvolutionStrategies(EvolutionStrategiesConfig::default()),
            validation: ValidationConfig::default(),
            evaluation: EvaluationConfig::default(),
            phases: Vec::new(),
        }
    }
}

impl Default for ValidationConfig {
    fn default() -> Self {
        ValidationConfig { every: 20, lifetimes: 200, tasks: Vec::new() }
    }
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        EvaluationConfig { tasks: Vec::new(), networks: Vec::new(), players: vec!["random".into()], lifetimes: 200 }
    }
}

impl Config {
    /// Reads a configuration file and applies `key=value` settings to it.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML (with the line), a key that there is not (with the nearest one there is), a
    /// value of the wrong type.
    pub fn load(path: &Path, settings: &[String]) -> Result<Self> {
        let size = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        if size > MAX_CONFIG_BYTES {
            bail!("{} has {size} bytes: a configuration has at most {MAX_CONFIG_BYTES}", path.display());
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let changed = if settings.is_empty() { "" } else { ", with what --set says" };
        Self::parse(&text, settings).with_context(|| format!("in {}{changed}", path.display()))
    }

    /// As [`Config::load`], from the text of a file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, settings: &[String]) -> Result<Self> {
        Self::from_table(text.parse().map_err(|error| in_one_line(text, &error))?, settings)
    }

    /// As [`Config::load`], from TOML that is parsed already.
    ///
    /// # Errors
    /// As [`Config::load`], without the line.
    pub fn from_table(mut table: Table, settings: &[String]) -> Result<Self> {
        if table.contains_key("learners") {
            bail!("there are `learners` in it, so it is for `vsml benchmark`");
        }
        for setting in settings {
            apply(&mut table, setting)?;
        }
        let mut defaults = default_table();
        name_kinds(&mut table, &mut defaults)?;
        compare_with_defaults(&table, &defaults, "")?;
        let config: Config = table.try_into().map_err(|error| anyhow!("{}", words(&error)))?;
        if i64::try_from(config.seed).is_err() {
            bail!("seed is {}: it must be at most 2^63 - 1", config.seed);
        }
        Ok(config)
    }

    /// The configuration as TOML, with every field there is.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string(self)?)
    }

    /// Puts the run together that this configuration describes, and fills in what only the tasks can say: the numbers of
    /// observations and actions of a learner that is made for so many.
    ///
    /// # Errors
    /// Whatever in it makes no sense: an unknown id, a setting out of range, tasks that the learner cannot live on; in any
    /// phase.
    pub fn build(&mut self, registry: &Registry, kernel: Kernel) -> Result<MetaTraining> {
        let training = self.build_phase(registry, kernel)?;
        self.check_phases(registry, kernel)?;
        Ok(training)
    }

    /// As [`Config::build`], of the first phase alone.
    pub(crate) fn build_phase(&mut self, registry: &Registry, kernel: Kernel) -> Result<MetaTraining> {
        if self.generations == 0 {
            bail!("generations is 0: there must be at least 1");
        }
        if self.tasks.is_empty() {
            bail!("tasks is empty: name at least one task distribution, for instance tasks = [\"BernoulliBandit-v0\"]");
        }
        for (key, value, least, most) in [
            ("lifetimes", self.lifetimes, 1, 1_000_000),
            ("validation.lifetimes", self.validation.lifetimes, 1, 10_000_000),
            ("evaluation.lifetimes", self.evaluation.lifetimes, 1, 10_000_000),
        ] {
            if !(least..=most).contains(&value) {
                bail!("{key} is {value}: it must be {least} to {most}");
            }
        }
        let scenarios = make_scenarios(registry, &self.tasks, kernel).context("tasks")?;
        let elsewhere = make_scenarios(registry, &self.validation.tasks, kernel).context("validation.tasks")?;
        self.check_kept_apart()?;
        make_scenarios(registry, &self.evaluation.tasks, kernel).context("evaluation.tasks")?;
        for player in &self.evaluation.players {
            Contender::named(player, kernel).context("evaluation.players")?;
        }
        self.check_networks()?;
        self.learner.fit(&scenarios, self.seed).context("learner")?;
        let learner = self.learner.meta_learner(kernel).context("learner")?;
        let theta = learner.initialise(&mut stream(self.seed, "initialise", &[]));
        let optimizer = self.optimizer.build(self.seed, theta, learner.critic_count()).context("optimizer")?;
        let schedule = Schedule {
            seed: self.seed,
            objective: self.objective.clone(),
            standardise: self.standardise,
            team_reward: self.team_reward,
            lifetimes: self.lifetimes,
            validate_every: self.validation.every,
            validation_lifetimes: self.validation.lifetimes,
        };
        Ok(MetaTraining::new(learner, optimizer, scenarios, schedule)?.validate_in(elsewhere)?)
    }

    /// Whether a run that has come so far is to go on.
    pub fn wants_more(&self, training: &MetaTraining) -> bool {
        training.generation() < self.generations && (self.steps == 0 || training.steps() < self.steps)
    }

    /// Whether what the best generation is chosen by is neither trained in nor tested on.
    fn check_kept_apart(&self) -> Result<()> {
        let chosen_by = &self.validation.tasks;
        for (others, what) in [(&self.tasks, "tasks"), (&self.evaluation.tasks, "evaluation.tasks")] {
            if let Some(both) = chosen_by.iter().find(|tasks| others.contains(tasks)) {
                bail!(
                    "validation.tasks: `{both}` is among `{what}`, too; without validation.tasks, validation is in `tasks`"
                );
            }
        }
        if !chosen_by.is_empty() && self.validation.every == 0 {
            bail!("validation.tasks: validation.every is 0, so there is no validation");
        }
        Ok(())
    }

    /// Whether the learner can live in the networks that it is to be evaluated in.
    fn check_networks(&self) -> Result<()> {
        let Some(first) = self.evaluation.networks.first() else { return Ok(()) };
        let LearnerConfig::Vsml(learner) = &self.learner else {
            let name = self.learner.name();
            bail!(
                "evaluation.networks {first:?}: only a vsml learner lives in other networks, this one is of kind {name}"
            );
        };
        for layers in &self.evaluation.networks {
            let other = VsmlConfig { hidden_layers: layers.clone(), ..learner.clone() };
            let of_other = other.sub_rnn().with_context(|| format!("evaluation.networks {layers:?}"))?;
            if learner.sub_rnn().is_ok_and(|own| own != of_other) {
                bail!(
                    "evaluation.networks {layers:?}: with learner.parameters_per_layer, a network of another depth would \
                     have other meta-parameters"
                );
            }
        }
        Ok(())
    }
}

/// Puts the values of `changes` in the place of those of `table`, key by key in tables within.
pub(crate) fn merge(table: &mut Table, changes: Table) {
    for (key, change) in changes {
        match (table.get_mut(&key), change) {
            // What is of another kind has other keys.
            (Some(Value::Table(inner)), Value::Table(change)) if !change.contains_key("kind") => merge(inner, change),
            (_, change) => drop(table.insert(key, change)),
        }
    }
}

/// What is wrong with `text`, and in which line.
pub(crate) fn in_one_line(text: &str, error: &toml::de::Error) -> anyhow::Error {
    match error.span() {
        Some(span) => {
            let line = 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
            anyhow!("line {line}: {}", error.message())
        }
        None => anyhow!("{}", words(error)),
    }
}

/// The message of an error on one line.
fn words(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Makes the scenarios that the texts stand for: ids, and in teams who else is there.
///
/// # Errors
/// The first that cannot be made.
pub fn make_scenarios(registry: &Registry, texts: &[String], kernel: Kernel) -> Result<Vec<Scenario>> {
    let player = |name: &str| match Contender::named(name, kernel) {
        Ok(contender) => Ok(contender.make()),
        Err(error) => Err(format!("{error:#}")),
    };
    Ok(texts.iter().map(|text| Scenario::parse(registry, text, &player)).collect::<Result<_, _>>()?)
}

/// Sets the value at a dotted key.
fn apply(table: &mut Table, setting: &str) -> Result<()> {
    let Some((key, text)) = setting.split_once('=') else {
        bail!("--set {setting}: write it as key=value, for instance --set optimizer.pairs=64");
    };
    let (key, text) = (key.trim(), text.trim());
    let value = format!("value = {text}")
        .parse::<Table>()
        .ok()
        .filter(|parsed| parsed.len() == 1)
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.into()));
    let (path, last) = key.rsplit_once('.').map_or((None, key), |(path, last)| (Some(path), last));
    let mut place = table;
    for part in path.into_iter().flat_map(|path| path.split('.')) {
        let entry = place.entry(part).or_insert_with(|| Value::Table(Table::new()));
        place = match entry {
            Value::Table(inner) => inner,
            _ => bail!("--set {setting}: `{part}` is not a table"),
        };
    }
    place.insert(last.into(), value);
    Ok(())
}

/// All keys there are, with their defaults.
fn default_table() -> Table {
    Table::try_from(Config::default()).unwrap_or_default()
}

/// Tables that have kinds are of the default kind where they do not say otherwise; where they do, their defaults are those
/// of that kind.
fn name_kinds(table: &mut Table, defaults: &mut Table) -> Result<()> {
    for (key, value) in table {
        let Some(kind) = defaults.get(key).and_then(|default| default.get("kind")).cloned() else { continue };
        let Value::Table(inner) = value else { continue };
        let named = inner.entry("kind").or_insert(kind).clone();
        let Value::String(named) = named else { continue };
        let all = kinds(key)?;
        match all.iter().find(|kind| kind.get("kind").and_then(Value::as_str) == Some(&named)) {
            Some(of_kind) => {
                let mut of_kind = of_kind.clone();
                name_kinds(inner, &mut of_kind)?;
                defaults.insert(key.clone(), Value::Table(of_kind));
            }
            None => {
                let names: Vec<&str> = all.iter().filter_map(|kind| kind.get("kind")?.as_str()).collect();
                let guess = nearest(&named, names.iter().copied());
                let guess = guess.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                bail!("unknown `{key}.kind` `{named}`{guess} (there are: {})", names.join(", "));
            }
        }
    }
    Ok(())
}

/// All kinds of the table `key`, each with its defaults.
fn kinds(key: &str) -> Result<Vec<Table>> {
    Ok(match key {
        "objective" => vec![
            Table::try_from(Objective::Life)?,
            Table::try_from(Objective::CloneBackpropagation(CloneConfig::default()))?,
        ],
        // A learner may be made of others.
        "learner" | "of" => LearnerConfig::kinds().into_iter().map(Table::try_from).collect::<Result<_, _>>()?,
        "optimizer" => OptimizerConfig::all().iter().map(Table::try_from).collect::<Result<_, _>>()?,
        _ => Vec::new(),
    })
}

/// Compares a table with the one of all defaults: a key that is not there, or a value of another type, is an error that
/// names it by its whole path. (serde would say so too, but within tables that have kinds it does not know the path.)
fn compare_with_defaults(table: &Table, defaults: &Table, path: &str) -> Result<()> {
    for (key, value) in table {
        let Some(default) = defaults.get(key) else {
            let guess = nearest(key, defaults.keys().map(String::as_str));
            let guess = guess.map(|name| format!("; did you mean `{path}{name}`?")).unwrap_or_default();
            let all: Vec<&str> = defaults.keys().map(String::as_str).collect();
            // Who changes a kind easily leaves keys that the kind before had.
            let kind = table.get("kind").and_then(Value::as_str);
            let here = kind.map_or_else(|| "there are".into(), |kind| format!("kind `{kind}` has"));
            bail!("unknown key `{path}{key}`{guess} ({here}: {})", all.join(", "));
        };
        match (default, value) {
            (Value::Table(default), Value::Table(value)) => {
                compare_with_defaults(value, default, &format!("{path}{key}."))?;
            }
            (Value::Integer(_), Value::Integer(negative)) if *negative < 0 => {
                bail!("`{path}{key}` is {negative}: it must be 0 or more");
            }
            (Value::Float(_), Value::Integer(_)) => {}
            (default, value) if default.type_str() != value.type_str() => {
                bail!("`{path}{key}` is of type {}: it must be of type {}", value.type_str(), default.type_str());
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn message(text: &str, settings: &[&str]) -> String {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let built = Config::parse(text, &settings)
            .and_then(|mut config| config.build(&Registry::builtin(), Kernel::Scalar).map(|_| ()));
        format!("{:#}", built.unwrap_err())
    }

    #[test]
    fn the_readme_names_every_key_with_its_default() {
        fn keys(table: &Table, path: &str) -> Vec<(String, String)> {
            let mut all = Vec::new();
            for (key, value) in table {
                match value {
                    // What is of a learner has the keys of a learner.
                    Value::Table(inner) if key != "of" => all.extend(keys(inner, &format!("{path}{key}."))),
                    Value::Table(_) => {}
                    _ => all.push((format!("{path}{key}"), value.to_string())),
                }
            }
            all
        }
        let readme = include_str!("../README.md");
        let mut all = keys(&default_table(), "");
        for table in ["objective", "learner", "optimizer"] {
            let kinds = kinds(table).unwrap();
            let others = kinds.iter().skip(1).flat_map(|kind| keys(kind, &format!("{table}.")));
            all.extend(others.filter(|(key, _)| !key.ends_with(".kind")));
        }
        for (key, default) in all {
            let mut lines = readme.lines().filter(|line| line.starts_with(&format!("| `{key}` |"))).peekable();
            assert!(lines.peek().is_some(), "the README says nothing of `{key}`");
            let same = |line: &str| {
                let shown = line.split('|').nth(2).unwrap().trim().trim_matches('`');
                match (shown.parse::<f64>(), default.parse::<f64>()) {
                    (Ok(shown), Ok(default)) => (shown - default).abs() < 1e-6,
                    _ => shown == default,
                }
            };
            assert!(lines.any(same) || key == "tasks", "`{key}` is {default} by default; the README says otherwise");
        }
    }

    /// The configurations that are shipped.
    pub fn shipped() -> Vec<(std::path::PathBuf, String)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
    }

    #[test]
    fn shipped_configurations_are_valid() {
        let mut runs = 0;
        for (path, text) in shipped() {
            // What has several learners is a benchmark.
            if !text.contains("[[learners]]") {
                let built =
                    Config::parse(&text, &[]).and_then(|mut config| config.build(&Registry::builtin(), Kernel::Scalar));
                assert!(built.is_ok(), "{}: {:#}", path.display(), built.err().unwrap());
                runs += 1;
            }
        }
        assert!(runs >= 15, "{runs}");
    }

    #[test]
    fn every_kind_of_optimizer_is_built_from_its_name() {
        let tasks = "tasks = ['BernoulliBandit-v0']\n[learner]\nhidden_size = 4\nmessage_size = 2";
        let built = OptimizerConfig::all().into_iter().map(|kind| {
            let name = Table::try_from(&kind).unwrap()["kind"].as_str().unwrap().to_string();
            let mut config = Config::parse(tasks, &[format!("optimizer.kind={name}")]).unwrap();
            assert_eq!(config.optimizer, kind);
            assert_eq!(Config::parse(&config.to_toml().unwrap(), &[]).unwrap(), config);
            // Bandits have no loss to descend.
            let training = config.build(&Registry::builtin(), Kernel::Scalar);
            assert!(training.is_ok() || name == "gradient-descent", "{name}: {:?}", training.err());
            name
        });
        assert_eq!(built.count(), 13);
    }

    #[test]
    fn what_is_written_is_what_was_read() {
        let config =
            Config::parse("tasks = ['BernoulliBandit-v0']\n[learner]\nkind = 'vsml'\nhidden_layers = [3]", &[])
                .unwrap();
        assert_eq!(Config::parse(&config.to_toml().unwrap(), &[]).unwrap(), config);
    }

    #[test]
    fn settings_win_over_the_file() {
        let settings = ["optimizer.pairs=7", "learner.aggregation=sum", "tasks=[\"CartPole-v1\"]", "about=a b = c"];
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let config = Config::parse("tasks = ['BernoulliBandit-v0']", &settings).unwrap();
        assert!(matches!(&config.optimizer, OptimizerConfig::EvolutionStrategies(settings) if settings.pairs == 7));
        assert_eq!(config.tasks, ["CartPole-v1"]);
        assert_eq!(config.about, "a b = c");
        assert!(config.to_toml().unwrap().contains("aggregation = \"sum\""));
    }

    const SUPERVISED: &str = "tasks = ['GaussianClusters-v0:steps=3']";

    #[test]
    fn every_mistake_has_its_message() {
        let tasks = "tasks = ['BernoulliBandit-v0']\n";
        for (text, settings, expected) in [
            ("generatons = 3", vec![], "did you mean `generations`?"),
            ("[optimizer]\nkind = 'evolution-strategies'\npears = 3", vec![], "did you mean `optimizer.pairs`?"),
            ("generations = 'many'", vec![], "`generations` is of type string"),
            ("seed = 1\ngenerations = ", vec![], "line 2"),
            ("tasks = ['BernoulliBandit-v0']\n[optimizer]\npairs = 0", vec![], "pairs is 0"),
            (tasks, vec!["evaluation.lifetimes=0"], "evaluation.lifetimes is 0"),
            (tasks, vec!["validation.lifetimes=99999999999"], "validation.lifetimes is 99999999999"),
            ("", vec![], "tasks is empty"),
            ("tasks = ['BernouliBandit-v0']", vec![], "did you mean `BernoulliBandit-v0`?"),
            (tasks, vec!["generations=0"], "generations is 0"),
            (tasks, vec!["generations=-1"], "`generations` is -1: it must be 0 or more"),
            (tasks, vec!["learner.hidden_layers=[-1]"], "integer `-1`"),
            (tasks, vec!["lifetimes=0"], "lifetimes"),
            (tasks, vec!["optimizer.pairs=0"], "pairs is 0"),
            (tasks, vec!["optimizer.deviation=nan"], "deviation is NaN"),
            (tasks, vec!["learner.hidden_size=0"], "hidden_size"),
            (tasks, vec!["learner.kind=lstm"], "unknown `learner.kind` `lstm`"),
            (tasks, vec!["learner.kind=meta-rn"], "did you mean `meta-rnn`?"),
            (tasks, vec!["learner.kind=meta-rnn", "learner.message_size=3"], "unknown key `learner.message_size`"),
            (tasks, vec!["learner.kind=meta-rnn", "learner.cell=elman"], "elman"),
            (tasks, vec!["learner.kind=hebbian", "learner.hidden_size=0"], "hidden_size is 0"),
            (tasks, vec!["learner.kind=delta-rule", "learner.actions=3"], "made for 1 observations and 3 actions"),
            (tasks, vec!["learner.kind=meta-rnn", "tasks=[\"BernoulliBandit-v0\", \"CartPole-v1\"]"], "equal shape"),
            (tasks, vec!["learner.kind=meta-rnn", "evaluation.networks=[[3]]"], "only a vsml learner"),
            (tasks, vec!["learner.kind=meta-rnn", "objective.kind=clone-backpropagation"], "only a VSML learner"),
            (SUPERVISED, vec!["learner.kind=meta-rnn", "optimizer.kind=gradient-descent"], "use evolution strategies"),
            (tasks, vec!["evaluation.players=[\"ucb2\"]"], "ucb1"),
            (tasks, vec!["evaluation.tasks=[\"CartPole-v1:steps=0\"]"], "at least one step"),
            (tasks, vec!["generations"], "key=value"),
            (tasks, vec!["seed.x=1"], "`seed` is of type table: it must be of type integer"),
            (
                "seed = 1\n[optimizer]\nkind = 'evolution-strategies'\npairs = 'x'",
                vec![],
                "`optimizer.pairs` is of type string",
            ),
            (tasks, vec!["seeed=1"], "did you mean `seed`?"),
            (tasks, vec!["optimizer.kind=gradient"], "did you mean `gradient-descent`?"),
            (tasks, vec!["optimizer.kind=gradient-descent"], "what would have been right"),
            (tasks, vec!["optimizer.kind=gradient-descent", "optimizer.pairs=3"], "unknown key `optimizer.pairs`"),
            (SUPERVISED, vec!["optimizer.kind=gradient-descent", "optimizer.max_norm=0.0"], "max_norm is 0"),
            (tasks, vec!["optimizer.shaping=ranks"], "centred-ranks"),
            (tasks, vec!["optimizer.kind=persistent-evolution-strategies", "optimizer.unroll=0"], "unroll is 0"),
            (tasks, vec!["optimizer.kind=persistent"], "did you mean `persistent-evolution-strategies`?"),
            (
                tasks,
                vec!["optimizer.kind=noise-reuse-evolution-strategies", "lifetimes=1000000"],
                "256 members of 1000000 lifetimes",
            ),
            (tasks, vec!["optimizer.kind=cmaes"], "did you mean `cma-es`?"),
            (tasks, vec!["optimizer.kind=cma-es"], "the number of meta-parameters is 3600"),
            (tasks, vec!["optimizer.kind=snes", "optimizer.pairs=3"], "unknown key `optimizer.pairs`"),
            (tasks, vec!["optimizer.kind=genetic-algorithm", "optimizer.parents=300"], "parents is 300"),
            (tasks, vec!["objective.kind=clone"], "did you mean `clone-backpropagation`?"),
            (tasks, vec!["objective.kind=clone-backpropagation"], "aggregation = \"sum\""),
            (
                include_str!("../configs/clone.toml"),
                vec!["optimizer={ kind = \"persistent-evolution-strategies\" }"],
                "cloning backpropagation lives none",
            ),
            (tasks, vec!["learner.backward_pass=both"], "both"),
            (tasks, vec!["learner.backward_pass=same", "learner.feedback_tick=false"], "feedback_tick"),
            (tasks, vec!["learner.convolutions=[{ kernel = 2, stride = 1, channels = 1 }]"], "convolutions[0]"),
            (tasks, vec!["learner.convolutions=[{ kernel = 3, stride = 1, channels = 1 }]"], "height × width"),
            (tasks, vec!["evaluation.networks=[[0]]"], "evaluation.networks [0]"),
            (tasks, vec!["tasks=[\"PrisonersDilemma-v0 with tit-for-tit\"]"], "did you mean `tit-for-tat`?"),
            (tasks, vec!["team_reward=all"], "all"),
            (tasks, vec!["phases=[{ tasks = [\"CartPole-v1\"] }]"], "phases[0]: `from` must be a generation after 0"),
            (tasks, vec!["phases=[{ from_score = \"high\" }]"], "`from_score` must be a score of validation"),
            (tasks, vec!["phases=[{ from_score = 9 }]", "validation.every=0"], "validation.every is 0 before it"),
            (
                tasks,
                vec!["phases=[{ from_score = 9 }]", "validation.tasks=[\"SimpleBandit-v0\"]"],
                "it must be at most 1",
            ),
            (tasks, vec!["validation.tasks=[\"SimpleBandit-v0\"]", "validation.every=0"], "there is no validation"),
            (
                tasks,
                vec!["validation.tasks=[\"SimpleBandit-v0\"]", "evaluation.tasks=[\"SimpleBandit-v0\"]"],
                "`SimpleBandit-v0` is among `evaluation.tasks`",
            ),
            (
                tasks,
                vec!["tasks=[\"SimpleBandit-v0\"]", "validation.tasks=[\"SimpleBandit-v0\"]"],
                "`SimpleBandit-v0` is among `tasks`",
            ),
            (tasks, vec!["validation.tasks=[\"SimpleBandid-v0\"]"], "did you mean `SimpleBandit-v0`?"),
            (tasks, vec!["phases=[{ from = 9 }, { from = 9 }]"], "phases[1]: `from` must be a generation after 9"),
            (tasks, vec!["phases=[{ from = 9, learner = { hidden_size = 3 } }]"], "cannot change `learner`"),
            (tasks, vec!["phases=[{ from = 9, optimizer = { kind = \"ppo\" } }]"], "cannot change `optimizer.kind`"),
            (
                tasks,
                vec!["optimizer.kind=snes", "phases=[{ from = 9, optimizer = { deviation = 0.1 } }]"],
                "cannot change `optimizer.deviation`",
            ),
            (tasks, vec!["phases=[{ from = 9, optimizer = { pears = 3 } }]"], "did you mean `optimizer.pairs`?"),
            (tasks, vec!["phases=[{ from = 9, tasks = [\"CartPole\"] }]"], "phases[0]: tasks: unknown environment"),
            (
                tasks,
                vec!["optimizer.kind=persistent-evolution-strategies", "standardise=true"],
                "nothing to standardise",
            ),
            (
                tasks,
                vec!["optimizer.kind=persistent-evolution-strategies", "phases=[{ from = 9, lifetimes = 5 }]"],
                "lives that go on from generation to generation",
            ),
            (tasks, vec!["evaluation.networks=[[3]]", "learner.parameters_per_layer=true"], "parameters_per_layer"),
        ] {
            let found = message(text, &settings);
            assert!(found.contains(expected), "{text} {settings:?}: {found}");
        }
    }
}
