//! Ids: how configurations and command lines name a task distribution.
//!
//! An id is a name with a version and, after a colon, parameters:
//!
//! ```text
//! CartPole-v1
//! BernoulliBandit-v0:arms=10
//! CartPole-v1:masspole=0.05..0.5,permute_observations=true,steps=1000
//! ```
//!
//! The version goes up when behaviour changes, so an id means the same thing for ever. A family's parameters are the
//! fields of its own configuration struct, and some hold for every id ([`Common`]): how long a lifetime is, and which
//! wrappers lie around. Everything that can be asked for is thus one string, the same in a configuration, on the
//! command line and in a table.
//!
//! The table is explicit: an environment is there because somebody called `register`. (Crates that collect entries at
//! link time lose those that nothing refers to.)

use crate::team::{self, TeamDistribution, TeamFamily, TeamTasks};
use crate::wrappers::{self, Places, Span};
use crate::{LifetimeLength, TaskDistribution, Tasks};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Why an id could not be made or registered.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RegistryError {
    /// No such id.
    #[error("unknown environment `{id}`{}", if .nearest.is_some() { did_you_mean(.nearest) } else { "; `vsml list`, or `Registry::list`, shows all".into() })]
    UnknownId {
        /// What was asked for.
        id: String,
        /// The registered id nearest to it.
        nearest: Option<String>,
    },
    /// No such parameter.
    #[error("`{id}` has no parameter `{key}`{}; it has: {}", did_you_mean(.nearest), .known.join(", "))]
    UnknownParameter {
        /// The id.
        id: String,
        /// What was asked for.
        key: String,
        /// The parameter nearest to it.
        nearest: Option<String>,
        /// All it has.
        known: Vec<String>,
    },
    /// A parameter's value is of the wrong type or out of range.
    #[error("`{id}`: {reason}")]
    Value {
        /// The id with its parameters.
        id: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// The id cannot be registered.
    #[error("cannot register `{id}`: {reason}")]
    Register {
        /// The id.
        id: String,
        /// Why not.
        reason: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The name among `known` that `word` was most likely meant to be, or none if all are far from it. For error messages.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&word.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_string())
}

/// Defines [`Common`] and, from the same fields and their documentation, the table of them that users are shown.
macro_rules! common {
    ($(#[$attribute:meta])* pub struct Common { $(#[doc = $line:literal] pub $key:ident: $type:ty,)+ }) => {
        $(#[$attribute])*
        pub struct Common {
            $(#[doc = $line] pub $key: $type,)+
        }

        impl Common {
            /// The parameters' names: those of the fields, in their order.
            pub const KEYS: &[&str] = &[$(stringify!($key)),+];

            /// Each parameter's name, and a line about it.
            pub fn listing() -> Vec<(&'static str, &'static str)> {
                // What stands in brackets at the end is for readers of the source.
                let line = |line: &'static str| line.split(" ([").next().unwrap_or(line).trim().trim_end_matches('.');
                vec![$((stringify!($key), line($line))),+]
            }
        }
    };
}

common! {
/// The parameters that every id takes besides its own. All but the first two ask for a wrapper; the fields are in the order
/// in which [`wrappers::wrap`] puts them around a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Length of a lifetime in steps.
    pub steps: Option<u64>,
    /// Length of a lifetime in episodes.
    pub episodes: Option<u64>,
    /// With this probability, the action of the step before is carried out again ([`wrappers::StickyActions`]).
    pub sticky_actions: Option<f64>,
    /// Every action is carried out so many times in one step ([`wrappers::RepeatActions`]).
    pub repeat_actions: Option<usize>,
    /// Longest episode: it is truncated after so many steps ([`wrappers::TimeLimit`]).
    pub time_limit: Option<u64>,
    /// Continuous actions are numbers in `[-1, 1]`, stretched to their bounds ([`wrappers::RescaleActions`]).
    pub rescale_actions: bool,
    /// Continuous actions become discrete ones, with so many levels a number ([`wrappers::DiscretiseActions`]).
    pub discretise_actions: Option<usize>,
    /// Continuous actions may lie outside of their bounds, and are clipped ([`wrappers::ClipActions`]).
    pub clip_actions: bool,
    /// Each task has its actions in an order of its own ([`wrappers::PermuteActions`]).
    pub permute_actions: bool,
    /// Each task has a factor for its rewards, drawn from here ([`wrappers::AffineReward`]).
    pub scale_reward: Option<Span>,
    /// Each task has an offset for its rewards, drawn from here ([`wrappers::AffineReward`]).
    pub shift_reward: Option<Span>,
    /// The last step of an episode pays the sum of its rewards, no other step pays; needs episodes that end ([`wrappers::SparseReward`]).
    pub sparse_reward: bool,
    /// Rewards are paid so many steps later ([`wrappers::DelayReward`]).
    pub delay_reward: Option<usize>,
    /// Rewards are divided by the deviation of their discounted sum so far ([`wrappers::NormaliseReward`]).
    pub normalise_reward: bool,
    /// Rewards are clipped to these bounds ([`wrappers::ClipReward`]).
    pub clip_reward: Option<Span>,
    /// The numbers in these places, `1` or `1+3`, show 0 ([`wrappers::MaskObservations`]).
    pub mask_observations: Option<Places>,
    /// Numbers are shown by mean and deviation so far ([`wrappers::NormaliseObservations`]).
    pub normalise_observations: bool,
    /// Observations are clipped to these bounds ([`wrappers::ClipObservations`]).
    pub clip_observations: Option<Span>,
    /// Bounded numbers are shown in `[-1, 1]` ([`wrappers::RescaleObservations`]).
    pub rescale_observations: bool,
    /// Each task shows every number with its sign flipped, or not, as it falls ([`wrappers::AffineObservations::mirrored`]).
    pub mirror_observations: bool,
    /// Each task has a factor for every observation, drawn from here ([`wrappers::AffineObservations`]).
    pub scale_observations: Option<Span>,
    /// Each task has an offset for every observation, drawn from here ([`wrappers::AffineObservations`]).
    pub shift_observations: Option<Span>,
    /// Each task shows so many of its numbers twice ([`wrappers::DuplicateObservations`]).
    pub duplicate_observations: Option<usize>,
    /// So many more numbers are shown, which mean nothing ([`wrappers::PadObservations`]).
    pub pad_observations: Option<usize>,
    /// Each task has its observations in an order of its own ([`wrappers::PermuteObservations`]).
    pub permute_observations: bool,
    /// Each task has its observations multiplied by a random matrix of so many rows ([`wrappers::ProjectObservations`]).
    pub project_observations: Option<usize>,
    /// Gaussian noise of this deviation is added to every number ([`wrappers::NoiseObservations`]).
    pub noise_observations: Option<f64>,
    /// With this probability, a number shows 0 ([`wrappers::DropObservations`]).
    pub drop_observations: Option<f64>,
    /// The last so many observations are shown at once ([`wrappers::StackObservations`]).
    pub stack_observations: Option<usize>,
    /// One more number shows how much of `time_limit` is gone ([`wrappers::TimeAwareObservations`]).
    pub time_aware: bool,
    /// One more number shows the last reward ([`wrappers::RewardAwareObservations`]).
    pub reward_aware: bool,
}
}

type Make<D> = Box<dyn Fn(Map<String, Value>) -> Result<Arc<D>, String> + Send + Sync>;

/// How the distribution of an id is made of its own parameters.
enum Build {
    Single(Make<dyn TaskDistribution>),
    Team(Make<dyn TeamDistribution>),
}

struct Entry {
    summary: String,
    length: LifetimeLength,
    defaults: Map<String, Value>,
    build: Build,
}

/// What is known of a registered id, for listing.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// The id.
    pub id: String,
    /// One line about it.
    pub summary: String,
    /// How long a lifetime is if nothing else is asked for.
    pub length: LifetimeLength,
    /// Its own parameters with their defaults.
    pub parameters: Map<String, Value>,
}

/// Refuses a parameter that differs from its `usual` value where nothing reads it, because whoever gave it believes that it counts;
/// `with` is what it would count with.
pub(crate) fn unread<T: PartialEq + fmt::Display>(name: &str, value: &T, usual: &T, with: &str) -> Result<(), String> {
    if value == usual { Ok(()) } else { Err(format!("`{name}` is {value}, and counts only with {with}")) }
}

/// A family of task distributions with parameters: the fields of `Self`, which serde reads and writes.
///
/// The struct *is* the distribution once [`Family::check`] and [`Family::load`] have passed.
pub trait Family: TaskDistribution + Clone + Serialize + DeserializeOwned + 'static {
    /// Refuses parameters that make no sense.
    ///
    /// # Errors
    /// What is wrong, where, and what would be right.
    fn check(&self) -> Result<(), String>;

    /// Reads what the distribution consists of besides its parameters: once, when an id is made, after [`Family::check`].
    ///
    /// # Errors
    /// What cannot be read, and what was expected.
    fn load(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// Reads parameters into their struct; an error names the parameter.
fn read<T: DeserializeOwned>(parameters: Map<String, Value>) -> Result<T, String> {
    serde_path_to_error::deserialize(Value::Object(parameters))
        .map_err(|error| format!("`{}`: {}", error.path(), error.inner()))
}

/// The parameters of a family, by name, if they can be used.
fn parameters_of(
    id: &str,
    checked: Result<(), String>,
    defaults: &impl Serialize,
) -> Result<Map<String, Value>, RegistryError> {
    let refuse = |reason: String| RegistryError::Register { id: id.into(), reason };
    checked.map_err(refuse)?;
    let Ok(Value::Object(parameters)) = serde_json::to_value(defaults) else {
        return Err(refuse("the family's parameters must be the named fields of a struct".into()));
    };
    match Common::KEYS.iter().chain([&SEAT]).find(|key| parameters.contains_key(**key)) {
        Some(key) => Err(refuse(format!("its parameter `{key}` has the name of one that every id has"))),
        None => Ok(parameters),
    }
}

/// The parameter that makes an environment for one agent of a task for a team.
const SEAT: &str = "seat";

/// An id taken apart.
struct Asked<'a> {
    entry: &'a Entry,
    own: Map<String, Value>,
    common: Common,
    seat: Option<String>,
    length: LifetimeLength,
}

/// The table of ids.
#[derive(Default)]
pub struct Registry {
    entries: BTreeMap<String, Entry>,
}

impl Registry {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a distribution without parameters of its own. `id` must end in a version, as in `Maze-v0`; `summary`
    /// is one line for listings; `length` is how long a lifetime is unless `steps=` or `episodes=` says otherwise.
    ///
    /// # Errors
    /// If the id is taken or has no version, or a lifetime would have no length.
    pub fn register(
        &mut self,
        id: &str,
        summary: &str,
        length: LifetimeLength,
        distribution: impl TaskDistribution + 'static,
    ) -> Result<(), RegistryError> {
        let distribution: Arc<dyn TaskDistribution> = Arc::new(distribution);
        let build = Build::Single(Box::new(move |_| Ok(distribution.clone())));
        self.insert(id, summary, length, Map::new(), build)
    }

    /// Registers a family with its default parameters. Several ids may stand for the same family with other defaults.
    ///
    /// # Errors
    /// As [`Registry::register`]; also if the defaults do not pass their own check or use a name of [`Common`].
    pub fn register_family<D: Family>(
        &mut self,
        id: &str,
        summary: &str,
        length: LifetimeLength,
        defaults: D,
    ) -> Result<(), RegistryError> {
        let checked = defaults.check();
        let parameters = parameters_of(id, checked, &defaults)?;
        let build = Build::Single(Box::new(|parameters| {
            let mut family: D = read(parameters)?;
            family.check()?;
            family.load()?;
            Ok(Arc::new(family))
        }));
        self.insert(id, summary, length, parameters, build)
    }

    /// Registers a distribution for teams, without parameters of its own: as [`Registry::register`].
    ///
    /// # Errors
    /// As there.
    pub fn register_team(
        &mut self,
        id: &str,
        summary: &str,
        length: LifetimeLength,
        distribution: impl TeamDistribution + 'static,
    ) -> Result<(), RegistryError> {
        let distribution: Arc<dyn TeamDistribution> = Arc::new(distribution);
        self.insert(id, summary, length, Map::new(), Build::Team(Box::new(move |_| Ok(distribution.clone()))))
    }

    /// Registers a family for teams with its default parameters: as [`Registry::register_family`].
    ///
    /// # Errors
    /// As there.
    pub fn register_team_family<D: TeamFamily>(
        &mut self,
        id: &str,
        summary: &str,
        length: LifetimeLength,
        defaults: D,
    ) -> Result<(), RegistryError> {
        let checked = defaults.check();
        let parameters = parameters_of(id, checked, &defaults)?;
        let build = Build::Team(Box::new(|parameters| {
            let family: D = read(parameters)?;
            family.check()?;
            Ok(Arc::new(family))
        }));
        self.insert(id, summary, length, parameters, build)
    }

    fn insert(
        &mut self,
        id: &str,
        summary: &str,
        length: LifetimeLength,
        defaults: Map<String, Value>,
        build: Build,
    ) -> Result<(), RegistryError> {
        let refuse = |reason: &str| Err(RegistryError::Register { id: id.into(), reason: reason.into() });
        let version = id.rsplit_once("-v").map(|(_, version)| version);
        if !version.is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit())) || id.contains([':', ',']) {
            return refuse("an id ends in a version, as in `Maze-v0`, and has no colon or comma");
        }
        if self.entries.contains_key(id) {
            return refuse("it is registered already");
        }
        if matches!(length, LifetimeLength::Steps(0) | LifetimeLength::Episodes(0)) {
            return refuse("a lifetime must have at least one step");
        }
        self.entries.insert(id.into(), Entry { summary: summary.into(), length, defaults, build });
        Ok(())
    }

    /// What is registered for one agent, in the order of the ids.
    pub fn list(&self) -> Vec<Listing> {
        self.listings(|build| matches!(build, Build::Single(_)))
    }

    /// What is registered for teams, in the order of the ids.
    pub fn list_teams(&self) -> Vec<Listing> {
        self.listings(|build| matches!(build, Build::Team(_)))
    }

    fn listings(&self, wanted: impl Fn(&Build) -> bool) -> Vec<Listing> {
        let listing = |(id, entry): (&String, &Entry)| Listing {
            id: id.clone(),
            summary: entry.summary.clone(),
            length: entry.length,
            parameters: entry.defaults.clone(),
        };
        self.entries.iter().filter(|(_, entry)| wanted(&entry.build)).map(listing).collect()
    }

    /// Makes what `spec`, an id with or without parameters, stands for.
    ///
    /// An id for a team is made for one of its agents if a parameter `seat` names it: the others then act at random
    /// ([`Seat`](crate::team::Seat)).
    ///
    /// # Errors
    /// An unknown id or parameter, with the nearest known one; a value of the wrong type or out of range; an id for a team
    /// without a seat.
    pub fn make(&self, spec: &str) -> Result<Tasks, RegistryError> {
        let spec = spec.trim();
        let refuse = |reason: String| RegistryError::Value { id: spec.into(), reason };
        let Asked { entry, own, common, seat, length } = self.ask(spec)?;
        let distribution = match (&entry.build, seat) {
            (Build::Single(make), _) => make(own).map_err(refuse)?,
            (Build::Team(make), Some(seat)) => {
                make(own).and_then(|distribution| team::seats(distribution, &seat)).map_err(refuse)?
            }
            (Build::Team(make), None) => {
                let distribution = make(own).map_err(refuse)?;
                let mut rng = crate::stream(0, "wrappers/probe", &[]);
                let agents = crate::lifetime::guard("the task distribution", || distribution.sample(&mut rng).agents());
                let agents = agents.map_err(|fault| refuse(fault.to_string()))?;
                return Err(refuse(format!(
                    "it is for a team ({}): `{SEAT}={}` makes it an environment for one, among others who act at random",
                    agents.join(", "),
                    agents.first().map_or("", |name| name)
                )));
            }
        };
        let distribution = wrappers::wrap(distribution, &common).map_err(refuse)?;
        Ok(Tasks { id: spec.into(), length, distribution })
    }

    /// Whether `spec` stands for tasks for a team, which only [`Registry::make_team`] makes.
    ///
    /// # Errors
    /// An unknown id or parameter, with the nearest known one.
    pub fn is_team(&self, spec: &str) -> Result<bool, RegistryError> {
        let Asked { entry, seat, .. } = self.ask(spec.trim())?;
        Ok(matches!(entry.build, Build::Team(_)) && seat.is_none())
    }

    /// Makes what `spec` stands for, as tasks for a team. What is for one agent is for a team of one.
    ///
    /// # Errors
    /// As [`Registry::make`]; a parameter that asks for a wrapper which there is not for teams.
    pub fn make_team(&self, spec: &str) -> Result<TeamTasks, RegistryError> {
        let spec = spec.trim();
        let refuse = |reason: String| RegistryError::Value { id: spec.into(), reason };
        let Asked { entry, own, common, seat, length } = self.ask(spec)?;
        let distribution = match (&entry.build, seat) {
            (Build::Team(make), None) => {
                make(own).and_then(|distribution| team::wrap(distribution, &common)).map_err(refuse)?
            }
            _ => Arc::new(team::AllAlone(self.make(spec)?.distribution)),
        };
        Ok(TeamTasks { id: spec.into(), length, distribution })
    }

    /// Takes `spec` apart.
    fn ask(&self, spec: &str) -> Result<Asked<'_>, RegistryError> {
        let (id, parameters) = spec.split_once(':').map_or((spec, ""), |(id, parameters)| (id.trim_end(), parameters));
        let entry = self.entries.get(id).ok_or_else(|| RegistryError::UnknownId {
            id: id.into(),
            nearest: nearest(id, self.entries.keys().map(String::as_str)),
        })?;
        let refuse = |reason: String| RegistryError::Value { id: spec.into(), reason };

        let mut own = entry.defaults.clone();
        let (mut common, mut seat) = (Map::new(), None);
        let mut given = Vec::new();
        for pair in parameters.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| refuse(format!("`{pair}` is not of the form key=value")))?;
            let (key, text) = (key.trim(), value.trim());
            let value: Value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.into()));
            if given.contains(&key) {
                return Err(refuse(format!("`{key}` is given twice")));
            }
            given.push(key);
            if Common::KEYS.contains(&key) {
                common.insert(key.into(), value);
            } else if key == SEAT && matches!(entry.build, Build::Team(_)) {
                seat = Some(text.to_string());
            } else if let Some(slot) = own.get_mut(key) {
                *slot = value;
            } else {
                let known: Vec<String> =
                    own.keys().map(String::as_str).chain(Common::KEYS.iter().copied()).map(String::from).collect();
                return Err(RegistryError::UnknownParameter {
                    id: id.into(),
                    key: key.into(),
                    nearest: nearest(key, known.iter().map(String::as_str)),
                    known,
                });
            }
        }

        let common: Common = read(common).map_err(&refuse)?;
        let length = match (common.steps, common.episodes) {
            (Some(_), Some(_)) => return Err(refuse("give `steps` or `episodes`, not both".into())),
            (Some(0), _) | (_, Some(0)) => {
                return Err(refuse(
                    "a lifetime must have at least one step: give `steps` or `episodes` of 1 or more".into(),
                ));
            }
            (Some(steps), None) => LifetimeLength::Steps(steps),
            (None, Some(episodes)) => LifetimeLength::Episodes(episodes),
            (None, None) => entry.length,
        };
        Ok(Asked { entry, own, common, seat, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_the_fields() {
        let Ok(Value::Object(fields)) = serde_json::to_value(Common::default()) else { panic!("named fields") };
        let mut keys = Common::KEYS.to_vec();
        keys.sort_unstable();
        assert_eq!(fields.keys().collect::<Vec<_>>(), keys);
    }
}
