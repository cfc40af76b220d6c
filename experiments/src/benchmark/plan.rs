//! What a benchmark compares, as TOML.

use crate::config::{Config, in_one_line, make_scenarios, merge};
use crate::evaluate::Contender;
use crate::names::twice;
use crate::table::distinct;
use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::{Table, Value};
use vsml_agents::Measure;
use vsml_core::Kernel;
use vsml_envs::{Registry, nearest};

/// Keys of a configuration that the plan gives in other places, and where.
const GIVEN_ELSEWHERE: [(&str, &str); 3] = [("tasks", "tasks"), ("seed", "seeds"), ("learner", "learners")];

/// What is compared.
pub struct Plan {
    /// What it is for, in a sentence.
    pub about: String,
    /// Seeds of meta-training, one run each.
    pub seeds: Vec<u64>,
    /// What learners are trained on, each by itself.
    pub trainings: Vec<Training>,
    /// What each of them is then tested on; none: on what it was trained on, and nothing else.
    pub tests: Vec<Test>,
    /// What of a life is told.
    pub measures: Vec<Measure>,
    /// Whether numbers of several tests may be put together in one.
    pub pooled: bool,
    /// Reference players to show beside the learners.
    pub players: Vec<String>,
    /// Keys of a configuration, each with the values that are tried.
    pub search: BTreeMap<String, Vec<Value>>,
    /// What learns.
    pub learners: Vec<Entrant>,
    /// What all runs have in common: a configuration without tasks, seed and learner.
    run: Table,
}

/// What learners are trained on.
pub struct Training {
    /// How it is called in tables.
    pub name: String,
    /// Task distributions, as in a configuration.
    pub tasks: Vec<String>,
    /// What its runs have in place of what all have in common.
    run: Table,
}

/// What learners are tested on.
#[derive(Clone, PartialEq)]
pub struct Test {
    /// How it is called in tables.
    pub name: String,
    /// The task distribution.
    pub tasks: String,
}

/// What learns.
pub struct Entrant {
    /// How it is called in tables.
    pub name: String,
    /// As `[learner]` in a configuration.
    learner: Table,
    /// What its runs have in place of what all have in common.
    run: Table,
}

/// What may be searched: how a learner and its optimizer are made, and how long they have.
const SEARCHED: [&str; 5] = ["learner", "optimizer", "lifetimes", "generations", "steps"];

/// What may stand in a plan.
const KEYS: [&str; 10] =
    ["about", "seeds", "tasks", "tests", "measures", "pooled", "players", "run", "search", "learners"];

/// As it is written.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    about: String,
    seeds: Vec<u64>,
    tasks: Vec<Value>,
    #[serde(default)]
    tests: Vec<Value>,
    #[serde(default = "reward")]
    measures: Vec<Measure>,
    #[serde(default)]
    pooled: bool,
    #[serde(default)]
    players: Vec<String>,
    run: Table,
    #[serde(default)]
    search: BTreeMap<String, Vec<Value>>,
    learners: Vec<Table>,
}

fn reward() -> Vec<Measure> {
    vec![Measure::Reward]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTraining {
    name: String,
    tasks: Vec<String>,
    #[serde(default)]
    run: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenTest {
    name: String,
    tasks: String,
}

impl Plan {
    /// Reads a plan, and checks whether every run of it can be put together, before hours are spent on the first.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str, registry: &Registry) -> Result<Self> {
        if text.parse::<Table>().is_ok_and(|table| !table.contains_key("learners")) {
            bail!("there are no `learners` in it: what is for a single run is for `vsml train`");
        }
        let unknown = |key: &&String| !KEYS.contains(&key.as_str());
        if let Some(key) = text.parse::<Table>().ok().as_ref().and_then(|table| table.keys().find(unknown)) {
            let guess = nearest(key, KEYS).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            bail!("unknown key `{key}`{guess} (there are: {})", KEYS.join(", "));
        }
        let written: Written = toml::from_str(text).map_err(|error| in_one_line(text, &error))?;
        let trainings = written.tasks.into_iter().enumerate();
        let trainings = trainings.map(|(i, value)| training(value).with_context(|| format!("tasks[{i}]")));
        let tests = written.tests.into_iter().enumerate();
        let tests = tests.map(|(i, value)| test(value).with_context(|| format!("tests[{i}]")));
        let mut learners = Vec::new();
        for (i, table) in written.learners.into_iter().enumerate() {
            learners.push(entrant(table, &learners).with_context(|| format!("learners[{i}]"))?);
        }
        let plan = Plan {
            about: written.about,
            seeds: written.seeds,
            trainings: trainings.collect::<Result<_>>()?,
            tests: tests.collect::<Result<_>>()?,
            measures: written.measures,
            pooled: written.pooled,
            players: written.players,
            run: written.run,
            search: written.search,
            learners,
        };
        plan.check(registry)?;
        Ok(plan)
    }

    fn check(&self, registry: &Registry) -> Result<()> {
        for (key, empty) in [
            ("seeds", self.seeds.is_empty()),
            ("tasks", self.trainings.is_empty()),
            ("measures", self.measures.is_empty()),
            ("learners", self.learners.is_empty()),
        ] {
            if empty {
                bail!("{key} is empty: name at least one");
            }
        }
        // Learners may have tasks of their own: those that cannot live in all of a curriculum.
        let runs = self.learners.iter().map(|learner| (&learner.run, &GIVEN_ELSEWHERE[1..]));
        let trainings = self.trainings.iter().map(|training| (&training.run, &GIVEN_ELSEWHERE[..]));
        for (run, refused) in [(&self.run, &GIVEN_ELSEWHERE[..])].into_iter().chain(trainings).chain(runs) {
            if let Some((key, place)) = refused.iter().find(|(key, _)| run.contains_key(*key)) {
                bail!("run.{key} has no meaning here: give `{place}` of the benchmark");
            }
        }
        let names = |names: Vec<&String>, key: &str| match twice(&names) {
            Some(index) => Err(anyhow!("{key}: two are called `{}`; give each a `name` of its own", names[index])),
            None => Ok(()),
        };
        if let Some(index) = twice(&self.seeds) {
            bail!("seeds: {} is named twice, and what it comes to would count twice", self.seeds[index]);
        }
        if let Some(index) = twice(&self.players) {
            bail!("players: `{}` is named twice", self.players[index]);
        }
        if let Some(index) = twice(&self.measures) {
            bail!("measures: {} is named twice", self.measures[index].title());
        }
        names(self.trainings.iter().map(|training| &training.name).collect(), "tasks")?;
        names(self.tests.iter().map(|test| &test.name).collect(), "tests")?;
        names(self.learners.iter().map(|learner| &learner.name).collect(), "learners")?;
        for training in &self.trainings {
            make_scenarios(registry, &training.tasks, Kernel::detect()).context("tasks")?;
        }
        let met: Vec<String> =
            self.trainings.iter().flat_map(|training| distinct(training.tasks.iter().cloned())).collect();
        if let Some(index) = twice(&met).filter(|_| self.tests.is_empty()) {
            let tasks = &met[index];
            bail!(
                "`{tasks}` is among what is trained on in two of `tasks`: say by `tests` what all of them are tested on"
            );
        }
        for test in &self.tests {
            make_scenarios(registry, std::slice::from_ref(&test.tasks), Kernel::detect()).context("tests")?;
        }
        for player in &self.players {
            Contender::player(player).context("players")?;
        }
        if let Some((key, _)) = self.search.iter().find(|(_, values)| values.is_empty()) {
            bail!("search.\"{key}\" is empty: name the values to try");
        }
        // Scores must be of one kind, and runs of what their names say.
        let may_vary = |key: &&String| key.split('.').next().is_some_and(|first| SEARCHED.contains(&first));
        if let Some(key) = self.search.keys().find(|key| !may_vary(key)) {
            bail!("search.\"{key}\": a search may vary what begins with any of: {}", SEARCHED.join(", "));
        }
        for learner in &self.learners {
            for training in &self.trainings {
                for settings in self.candidates() {
                    let built = self.config(learner, training, self.seeds[0], &settings).and_then(|mut config| {
                        if !self.search.is_empty() && config.validation.every == 0 {
                            bail!("search chooses by validation, and validation.every is 0");
                        }
                        config.build(registry, Kernel::detect()).map(drop)
                    });
                    // Who cannot live somewhere stands in the table as such.
                    if let Err(error) = built.or_else(|error| super::unsuited(&error).map(drop).ok_or(error)) {
                        return Err(error.context(format!("{} on {}", learner.name, training.name)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Every combination of what is searched, as settings.
    pub fn candidates(&self) -> Vec<Vec<String>> {
        self.search.iter().fold(vec![Vec::new()], |candidates, (key, values)| {
            let with = |candidate: &Vec<String>| -> Vec<Vec<String>> {
                let setting = |value| [candidate.clone(), vec![format!("{key}={value}")]].concat();
                values.iter().map(setting).collect()
            };
            candidates.iter().flat_map(with).collect()
        })
    }

    /// The configuration of a run.
    ///
    /// # Errors
    /// As [`Config::from_table`].
    pub fn config(&self, learner: &Entrant, training: &Training, seed: u64, settings: &[String]) -> Result<Config> {
        let mut table = self.run.clone();
        table.insert("tasks".into(), training.tasks.clone().into());
        merge(&mut table, training.run.clone());
        merge(&mut table, learner.run.clone());
        table.insert("about".into(), self.about.clone().into());
        table.insert("seed".into(), i64::try_from(seed).context("seeds must be at most 2^63 - 1")?.into());
        table.insert("learner".into(), learner.learner.clone().into());
        let mut config = Config::from_table(table, settings)?;
        config.evaluation.tasks = self.tests_of(training).into_iter().map(|test| test.tasks).collect();
        config.evaluation.players = Vec::new();
        Ok(config)
    }

    /// Whether a learner that is trained on this meets these tasks, in whatever phase.
    pub fn trains_on(&self, learner: &Entrant, training: &Training, tasks: &str) -> bool {
        let named = |table: &Table| {
            let tasks_of_table = table.get("tasks").and_then(Value::as_array);
            tasks_of_table.is_some_and(|all| all.iter().any(|other| other.as_str() == Some(tasks)))
        };
        let Ok(config) = self.config(learner, training, self.seeds[0], &[]) else { return false };
        config.tasks.iter().any(|other| other == tasks) || config.phases.iter().any(named)
    }

    /// What learners that were trained on this are tested on; what is trained on alone is called there as it is here.
    pub fn tests_of(&self, training: &Training) -> Vec<Test> {
        if !self.tests.is_empty() {
            return self.tests.clone();
        }
        let alone = training.tasks.len() == 1;
        let name = |tasks: &String| if alone { training.name.clone() } else { tasks.clone() };
        distinct(training.tasks.iter().map(|tasks| Test { name: name(tasks), tasks: tasks.clone() }))
    }

    /// All that anybody is tested on.
    pub fn all_tests(&self) -> Vec<Test> {
        distinct(self.trainings.iter().flat_map(|training| self.tests_of(training)))
    }
}

fn training(value: Value) -> Result<Training> {
    match value {
        Value::String(id) => {
            let id = id.trim().to_string();
            Ok(Training { name: id.clone(), tasks: vec![id], run: Table::new() })
        }
        Value::Table(_) => {
            let WrittenTraining { name, tasks, run } =
                value.try_into().map_err(|error: toml::de::Error| anyhow!("{}", error.message()))?;
            if tasks.is_empty() {
                bail!("tasks is empty: name at least one");
            }
            let tasks = tasks.iter().map(|id| id.trim().to_string()).collect();
            Ok(Training { name, tasks, run })
        }
        _ => bail!("write an id, or {{ name = \"...\", tasks = [\"...\"] }}"),
    }
}

fn test(value: Value) -> Result<Test> {
    match value {
        Value::String(id) => {
            let id = id.trim().to_string();
            Ok(Test { name: id.clone(), tasks: id })
        }
        Value::Table(_) => {
            let WrittenTest { name, tasks } =
                value.try_into().map_err(|error: toml::de::Error| anyhow!("{}", error.message()))?;
            Ok(Test { name, tasks: tasks.trim().into() })
        }
        _ => bail!("write an id, or {{ name = \"...\", tasks = \"...\" }}"),
    }
}

/// A learner, called by its name or else by its kind, with its number among those of that kind from the second on.
fn entrant(mut table: Table, earlier: &[Entrant]) -> Result<Entrant> {
    let kind = |learner: &Table| learner.get("kind").and_then(Value::as_str).unwrap_or("vsml").to_string();
    let run = match table.remove("run") {
        None => Table::new(),
        Some(Value::Table(run)) => run,
        Some(_) => bail!("run is no table of keys of a configuration"),
    };
    let name = match table.remove("name") {
        Some(Value::String(name)) => name,
        Some(_) => bail!("name is no text"),
        None => match earlier.iter().filter(|other| kind(&other.learner) == kind(&table)).count() {
            0 => kind(&table),
            others => format!("{}-{}", kind(&table), others + 1),
        },
    };
    Ok(Entrant { name, learner: table, run })
}

/// What may stand in a path, of any id, name or setting.
pub fn as_path(text: &str) -> PathBuf {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    PathBuf::from(text.trim().chars().map(allowed).collect::<String>())
}
