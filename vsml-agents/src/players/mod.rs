//! Reference players: human-made algorithms as yardsticks.
//!
//! They are learners like any other, so they stand in the same tables, on the same tasks, with the same luck. A player is
//! named as an environment is, with parameters after a colon: `ucb1:c=0.2`.

mod action_values;
mod actor_critic;
mod alchemy;
mod bandit;
mod beb;
mod dense;
mod games;
mod gittins;
mod greedy_mdp;
mod online;
mod optimal;
mod oracle_mdp;
mod parameters;
mod perceptron;
mod plain;
mod planner;
mod policy;
mod ppo;
mod psrl;
mod q_learning;
mod reinforce;
mod rollout;
mod sarsa;
mod tabular;
mod ucrl2;

pub use action_values::TemporalDifferenceConfig;
pub use actor_critic::PolicyGradientConfig;
pub use alchemy::AlchemyHeuristic;
pub use bandit::{Dependent, EpsilonGreedy, Greedy, Thompson, Ucb1};
pub use beb::Beb;
pub use dense::Initial;
use games::MAX_MEMORY;
pub use games::{BestResponse, TitForTat};
pub use gittins::Gittins;
pub use greedy_mdp::GreedyMdp;
pub use online::{Descent, Online, OnlineConfig};
pub use optimal::{MOST_PULLS_OF_MANY, MOST_PULLS_OF_TWO, Optimal, optimal_arm, optimal_reward};
pub use oracle_mdp::OracleMdp;
pub use plain::{Always, Oracle, Random};
pub use planner::{MAX_HORIZON, Model, Planner};
pub use ppo::Ppo;
pub use psrl::Psrl;
pub use q_learning::QLearning;
pub use reinforce::Reinforce;
pub use sarsa::Sarsa;
pub use tabular::Experience;
pub use ucrl2::Ucrl2;

use crate::learner::Learner;
use parameters::Parameters;
use vsml_envs::nearest;

/// Name and one line about each player there is.
pub const LISTING: [(&str, &str); 25] = [
    ("random", "any action, equally likely"),
    ("greedy", "bandits: the arm of greatest posterior mean (s + 1) / (m + 2)"),
    ("epsilon-greedy:epsilon=0.1", "bandits: the same, but any arm with probability epsilon"),
    ("ucb1:c=1", "bandits: every arm once, then the greatest s / m + c sqrt(2 ln t / m)"),
    ("ucb1-posterior:c=0.2", "bandits: the greatest (s + 1) / (m + 2) + c sqrt(2 ln t / (m + 2))"),
    ("thompson", "bandits: the arm of greatest draw from Beta(s + 1, m - s + 1)"),
    ("gittins:discount=0.98", "bandits: the arm of greatest Gittins index for this discount"),
    ("optimal:pulls=100", "bandits: optimal for independent arms; 2 arms up to 100 pulls, more up to 12"),
    ("dependent", "bandits: optimal for two arms that pay with p and 1 - p"),
    ("always:arm=0", "always the same action"),
    ("oracle", "knows the expected rewards and takes the greatest"),
    ("psrl:horizon=10", "tabular: plays the best policy of a process drawn from the posterior, a new one each episode"),
    ("beb:bonus=1,horizon=10", "tabular: plans on the posterior mean, with a bonus for what was seldom done"),
    ("ucrl2:scale=0.05,horizon=10", "tabular: plans on the best process that cannot be ruled out"),
    ("greedy-mdp:horizon=10", "tabular: plans on the posterior mean"),
    ("oracle-mdp:horizon=10", "knows the true process and plans on that"),
    (
        "q-learning:learning_rate=0.1,discount=0.99,epsilon=0.1",
        "tabular: values of actions, from the best that follows",
    ),
    ("sarsa:learning_rate=0.1,discount=0.99,epsilon=0.1", "tabular: values of actions, from what is done then"),
    ("tit-for-tat", "matrix games: what the other did last, at first action 0"),
    (
        "best-response:memory=0",
        "matrix games: what pays best against what the other has done so far, after the same last moves",
    ),
    ("alchemy-heuristic", "Alchemy: random stones into random potions, then what is good into the cauldron"),
    ("sgd:learning_rate=0.01", "supervised streams: online softmax regression; with hidden=N, N tanh units between"),
    ("adam:learning_rate=0.001", "the same with Adam"),
    ("reinforce:learning_rate=0.003", "learns by REINFORCE with a baseline; also hidden=64, rollout=512"),
    ("ppo:learning_rate=0.001", "learns by PPO; also hidden=64, rollout=128"),
];

/// Why there is no such player.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlayerError {
    /// No player has that name.
    #[error("unknown player `{name}`{}; there are: {}", guess(.nearest), names().join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name nearest to it.
        nearest: Option<String>,
    },
    /// It has no such parameter, or not such a value of it.
    #[error("player `{spec}`: {reason}")]
    Parameter {
        /// What was asked for.
        spec: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

fn guess(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn names() -> Vec<&'static str> {
    LISTING.iter().map(|(spec, _)| spec.split(':').next().unwrap_or(spec)).collect()
}

/// Makes the player that `spec` names.
///
/// ```
/// assert!(vsml_agents::players::make("ucb1:c=0.2").is_ok());
/// let error = vsml_agents::players::make("tompson").err().unwrap();
/// assert!(error.to_string().contains("did you mean `thompson`?"));
/// ```
///
/// # Errors
/// An unknown name or parameter, with the nearest known one; a value out of range.
pub fn make(spec: &str) -> Result<Box<dyn Learner>, PlayerError> {
    let (name, parameters) = spec.split_once(':').unwrap_or((spec, ""));
    match name {
        "random" => no_parameter(spec, parameters).map(|()| Box::<Random>::default() as Box<dyn Learner>),
        "greedy" => no_parameter(spec, parameters).map(|()| Box::<Greedy>::default() as Box<dyn Learner>),
        "thompson" => no_parameter(spec, parameters).map(|()| Box::<Thompson>::default() as Box<dyn Learner>),
        "dependent" => no_parameter(spec, parameters).map(|()| Box::<Dependent>::default() as Box<dyn Learner>),
        "epsilon-greedy" => {
            let epsilon = parameter(spec, parameters, "epsilon", 0.1)?;
            if !(0.0..=1.0).contains(&epsilon) {
                return Err(refuse(spec, format!("epsilon is {epsilon}: it must be a probability, 0 to 1")));
            }
            Ok(Box::new(EpsilonGreedy::new(epsilon)))
        }
        "gittins" => {
            let discount = parameter(spec, parameters, "discount", 0.98)?;
            if !(f64::MIN_POSITIVE..=0.999).contains(&discount) {
                return Err(refuse(spec, format!("discount is {discount}: it must be above 0 and at most 0.999")));
            }
            Ok(Box::new(Gittins::new(discount)))
        }
        "optimal" => Ok(Box::new(Optimal::new(parameter(spec, parameters, "pulls", 100)?))),
        "alchemy-heuristic" => {
            no_parameter(spec, parameters).map(|()| Box::<AlchemyHeuristic>::default() as Box<dyn Learner>)
        }
        "tit-for-tat" => no_parameter(spec, parameters).map(|()| Box::<TitForTat>::default() as Box<dyn Learner>),
        "best-response" => {
            let memory = parameter(spec, parameters, "memory", 0)?;
            if memory > MAX_MEMORY {
                return Err(refuse(spec, format!("memory is {memory}: it must be 0 to {MAX_MEMORY}")));
            }
            Ok(Box::new(BestResponse::with_memory(memory)))
        }
        "oracle" => no_parameter(spec, parameters).map(|()| Box::<Oracle>::default() as Box<dyn Learner>),
        "ucb1" => Ok(Box::new(Ucb1::new(exploration(spec, parameters, 1.0)?))),
        "ucb1-posterior" => Ok(Box::new(Ucb1::posterior(exploration(spec, parameters, 0.2)?))),
        "always" => Ok(Box::new(Always::new(parameter(spec, parameters, "arm", 0)?))),
        "psrl" => {
            let given = Parameters::read(spec, parameters, &["horizon"])?;
            Ok(Box::new(Planner::new(Psrl::default(), given.horizon()?)))
        }
        "beb" => {
            let given = Parameters::read(spec, parameters, &["bonus", "horizon"])?;
            Ok(Box::new(Planner::new(Beb::new(given.not_negative("bonus", 1.0)?), given.horizon()?)))
        }
        "ucrl2" => {
            let given = Parameters::read(spec, parameters, &["scale", "horizon"])?;
            Ok(Box::new(Planner::new(Ucrl2::new(given.not_negative("scale", 0.05)?), given.horizon()?)))
        }
        "greedy-mdp" => {
            let given = Parameters::read(spec, parameters, &["horizon"])?;
            Ok(Box::new(Planner::new(GreedyMdp, given.horizon()?)))
        }
        "oracle-mdp" => {
            let given = Parameters::read(spec, parameters, &["horizon"])?;
            Ok(Box::new(OracleMdp::new(given.horizon()?)))
        }
        "q-learning" => Ok(Box::new(QLearning::new(temporal_difference(spec, parameters)?))),
        "sarsa" => Ok(Box::new(Sarsa::new(temporal_difference(spec, parameters)?))),
        "sgd" => online(spec, parameters, OnlineConfig::sgd(0.01)),
        "adam" => online(spec, parameters, OnlineConfig::adam(0.001)),
        "reinforce" => Ok(Box::new(Reinforce::new(policy_gradient(spec, parameters, Reinforce::defaults())?))),
        "ppo" => Ok(Box::new(Ppo::new(policy_gradient(spec, parameters, Ppo::defaults())?))),
        _ => Err(PlayerError::Unknown { name: name.into(), nearest: nearest(name, names()) }),
    }
}

fn refuse(spec: &str, reason: String) -> PlayerError {
    PlayerError::Parameter { spec: spec.into(), reason }
}

fn no_parameter(spec: &str, parameters: &str) -> Result<(), PlayerError> {
    if parameters.is_empty() { Ok(()) } else { Err(refuse(spec, "it has no parameters".into())) }
}

fn online(spec: &str, parameters: &str, defaults: OnlineConfig) -> Result<Box<dyn Learner>, PlayerError> {
    let given = Parameters::read(spec, parameters, &["learning_rate", "hidden", "initial"])?;
    let initial = given.text("initial").map(Initial::named).transpose().map_err(|reason| refuse(spec, reason))?;
    let config = OnlineConfig {
        learning_rate: given.value("learning_rate", defaults.learning_rate)?,
        hidden: given.value("hidden", defaults.hidden)?,
        initial: initial.unwrap_or(defaults.initial),
        ..defaults
    };
    config.check().map_err(|reason| refuse(spec, reason))?;
    Ok(Box::new(Online::new(config)))
}

fn policy_gradient(
    spec: &str,
    parameters: &str,
    defaults: PolicyGradientConfig,
) -> Result<PolicyGradientConfig, PlayerError> {
    let given = Parameters::read(spec, parameters, &["learning_rate", "hidden", "rollout"])?;
    let config = PolicyGradientConfig {
        learning_rate: given.value("learning_rate", defaults.learning_rate)?,
        hidden: given.value("hidden", defaults.hidden)?,
        rollout: given.value("rollout", defaults.rollout)?,
    };
    config.check().map_err(|reason| refuse(spec, reason))?;
    Ok(config)
}

fn temporal_difference(spec: &str, parameters: &str) -> Result<TemporalDifferenceConfig, PlayerError> {
    let given = Parameters::read(spec, parameters, &["learning_rate", "discount", "epsilon"])?;
    let learning_rate = given.probability("learning_rate", 0.1)?;
    if learning_rate == 0.0 {
        return Err(refuse(spec, "learning_rate is 0: nothing would be learnt, it must be above 0".into()));
    }
    let (discount, epsilon) = (given.probability("discount", 0.99)?, given.probability("epsilon", 0.1)?);
    Ok(TemporalDifferenceConfig { learning_rate, discount, epsilon })
}

/// UCB1's weight on exploration.
fn exploration(spec: &str, parameters: &str, default: f64) -> Result<f64, PlayerError> {
    let c = parameter(spec, parameters, "c", default)?;
    if f64::is_finite(c) && c >= 0.0 {
        Ok(c)
    } else {
        Err(refuse(spec, format!("c is {c}: it must be a finite number, 0 or more")))
    }
}

/// The value of the only parameter a player has.
fn parameter<T: std::str::FromStr>(spec: &str, parameters: &str, key: &str, default: T) -> Result<T, PlayerError> {
    if parameters.is_empty() {
        return Ok(default);
    }
    match parameters.split_once('=') {
        Some((found, value)) if found.trim() == key => {
            value.trim().parse().map_err(|_| refuse(spec, format!("`{value}` is no value for `{key}`")))
        }
        _ => Err(refuse(spec, format!("its only parameter is `{key}`, as in `{key}=1`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_player_can_be_made() {
        for (spec, _) in LISTING {
            assert!(make(spec).is_ok(), "{spec}");
        }
        assert!(make("ucb1").is_ok() && make("always").is_ok());
    }

    #[test]
    fn mistakes_are_named() {
        for (spec, expected) in [
            ("ucb2", "did you mean `ucb1`?"),
            ("ucb1:k=2", "only parameter is `c`"),
            ("ucb1:c=x", "`x` is no value for `c`"),
            ("ucb1:c=-1", "c is -1"),
            ("always:arm=-1", "`-1` is no value"),
            ("greedy:x=1", "no parameters"),
            ("psrl:horizn=3", "no parameter `horizn`; did you mean `horizon`?"),
            ("beb:bonus=1,horizon=0", "horizon is 0: it must be a whole number from 1 to 10000"),
            ("beb:bonus=-1", "bonus is -1"),
            ("ucrl2:scale=inf", "scale is inf"),
            ("greedy-mdp:horizon", "not of the form key=value"),
            ("oracle-mdp:horizon=ten", "`ten` is no value for `horizon`"),
            ("psrl:horizon=3,horizon=4", "horizon is given twice"),
            ("q-learning:discount=2", "discount is 2: it must lie between 0 and 1"),
            ("sarsa:learning_rate=0", "learning_rate is 0"),
            ("sgd:rate=1", "no parameter `rate`; it has: learning_rate, hidden, initial"),
            ("sgd:learning_rate=0", "learning_rate is 0"),
            ("adam:learning_rate=NaN", "learning_rate is NaN"),
            ("adam:hidden=-1", "`-1` is no value for `hidden`"),
            ("adam:hidden", "not of the form key=value"),
            ("sgd:initial=ones", "uniform, truncated-normal or zero"),
            ("sgd:initial=zero,hidden=9", "all hidden units stay alike"),
            ("ppo:lr=1", "no parameter `lr`; did you mean `learning_rate`?; it has: learning_rate, hidden, rollout"),
            ("ppo:rollout=7", "rollout is 7: it must be 8 to 65536"),
            ("reinforce:hidden=0", "hidden is 0: it must be 1 to 1024"),
            ("reinforce:learning_rate=-1", "learning_rate is -1"),
        ] {
            let message = make(spec).err().unwrap().to_string();
            assert!(message.contains(expected), "{spec}: {message}");
        }
    }
}
