//! Puts wrappers around every task of a distribution for teams.

use super::wrappers::{Senses, TimeLimit};
use super::{Alone, Seat, TeamDistribution, TeamEnvironment};
use crate::lifetime::guard;
use crate::wrappers::{Span, WrapperError};
use crate::{Common, Environment, Rng, TaskDistribution, stream};
use rand::Rng as _;
use serde_json::Value;
use std::sync::Arc;

/// The parameters of [`Common`] that tasks for more than one agent take.
const KEYS: [&str; 6] = ["steps", "episodes", "time_limit", "permute_actions", "scale_reward", "permute_observations"];

/// As [`crate::wrappers::wrap`], for teams, of the parameters that there are for them.
///
/// # Errors
/// A parameter that teams do not take or that makes no sense, a space that cannot be permuted, a task that cannot be drawn.
pub(crate) fn wrap(
    distribution: Arc<dyn TeamDistribution>,
    common: &Common,
) -> Result<Arc<dyn TeamDistribution>, String> {
    let asked = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
    if let Ok(Value::Object(fields)) = serde_json::to_value(common)
        && let Some((key, _)) = fields.iter().find(|(key, value)| asked(value) && !KEYS.contains(&key.as_str()))
    {
        return Err(format!("`{key}` is not for teams; what is: {}", KEYS.join(", ")));
    }
    if common.time_limit == Some(0) {
        return Err("an episode must have at least one step: give `time_limit` of 1 or more".into());
    }
    let nothing = Common { steps: common.steps, episodes: common.episodes, ..Common::default() };
    if *common == nothing {
        return Ok(distribution);
    }
    let wrapped = Wrapped { inner: distribution, common: common.clone() };
    let mut rng = stream(0, "wrappers/probe", &[]);
    let inner = guard("the task distribution", || wrapped.inner.sample(&mut rng)).map_err(|fault| fault.to_string())?;
    guard("the wrappers", || put_around(inner, common, &mut rng).map(drop))
        .map_err(|fault| fault.to_string())?
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(wrapped))
}

fn put_around(
    task: Box<dyn TeamEnvironment>,
    common: &Common,
    rng: &mut Rng,
) -> Result<Box<dyn TeamEnvironment>, WrapperError> {
    let seed = rng.next_u64();
    let task: Box<dyn TeamEnvironment> = match common.time_limit {
        Some(limit) => Box::new(TimeLimit::new(task, limit)),
        None => task,
    };
    if !common.permute_observations && !common.permute_actions && common.scale_reward.is_none() {
        return Ok(task);
    }
    let factor = common.scale_reward.unwrap_or(Span::single(1.0)).sample(&mut stream(seed, "affine_reward", &[]));
    let senses = Senses::random(task, common.permute_observations, common.permute_actions, factor, seed)?;
    Ok(Box::new(senses))
}

/// A distribution whose tasks all get the wrappers that `common` asks for.
struct Wrapped {
    inner: Arc<dyn TeamDistribution>,
    common: Common,
}

impl TeamDistribution for Wrapped {
    fn sample(&self, rng: &mut Rng) -> Box<dyn TeamEnvironment> {
        let task = self.inner.sample(rng);
        match put_around(task, &self.common, rng) {
            Ok(task) => task,
            Err(error) => panic!("a task of this distribution has other spaces than the first: {error}"),
        }
    }
}

/// Tasks of one agent as tasks of a team of one.
pub(crate) struct AllAlone(pub Arc<dyn TaskDistribution>);

impl TeamDistribution for AllAlone {
    fn sample(&self, rng: &mut Rng) -> Box<dyn TeamEnvironment> {
        Box::new(Alone(self.0.sample(rng)))
    }
}

/// Tasks for a team as the tasks of one of its agents.
struct Seats {
    teams: Arc<dyn TeamDistribution>,
    name: String,
}

/// The tasks of the agent `name` of `teams`, among others who act at random.
///
/// # Errors
/// If there is no such agent in the first team that is drawn, or it cannot be drawn.
pub(crate) fn seats(teams: Arc<dyn TeamDistribution>, name: &str) -> Result<Arc<dyn TaskDistribution>, String> {
    let seats = Seats { teams, name: name.into() };
    let mut rng = stream(0, "wrappers/probe", &[]);
    guard("the task distribution", || seats.seat(&mut rng).map(drop)).map_err(|fault| fault.to_string())??;
    Ok(Arc::new(seats))
}

impl Seats {
    fn seat(&self, rng: &mut Rng) -> Result<Seat, String> {
        let team = self.teams.sample(rng);
        let agents = team.agents();
        let agent = agents.iter().position(|name| *name == self.name);
        let agent =
            agent.ok_or_else(|| format!("there is no seat `{}`; there is: {}", self.name, agents.join(", ")))?;
        Ok(Seat::new(team, agent))
    }
}

impl TaskDistribution for Seats {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        match self.seat(rng) {
            Ok(seat) => Box::new(seat),
            Err(error) => panic!("{error}"),
        }
    }
}
