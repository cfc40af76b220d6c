//! A lifetime: what one learner lives through on one task.
//!
//! The lifetime alone knows when to reset what. The *environment* is reset when an episode ends; the *learner* never is,
//! because what it learnt in one episode is what it should use in the next. It is also the border at which nonsense
//! stops: an environment that panics, or returns something that is not a number, ends its lifetime with a [`Fault`],
//! and nothing of it reaches a learner.
//!
//! A percept carries the observation and whether an episode has just begun. The last action is not in it, since the
//! learner chose it, and neither is the last reward, since [`Feedback`] delivered it.

use crate::tabular::Table;
use crate::{Action, Environment, LifetimeKey, Rng, Space, TaskDistribution};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Arc, Once};

/// How long a lifetime is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifetimeLength {
    /// So many steps, over as many episodes as fit.
    Steps(u64),
    /// So many episodes, however long.
    Episodes(u64),
}

impl fmt::Display for LifetimeLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LifetimeLength::Steps(n) => write!(f, "{n} steps"),
            LifetimeLength::Episodes(n) => write!(f, "{n} episodes"),
        }
    }
}

/// An episode of more steps than this is taken not to end: [`Fault::Endless`].
pub const MAX_EPISODE_STEPS: u64 = 1_000_000;

/// What a learner perceives before it acts.
#[derive(Clone, Copy, Debug)]
pub struct Percept<'a> {
    /// The observation, flat.
    pub observation: &'a [f32],
    /// Whether this is the first observation of an episode.
    pub episode_begins: bool,
}

/// What a learner is told after it has acted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feedback {
    /// The reward of the step.
    pub reward: f64,
    /// The episode came to its natural end.
    pub terminated: bool,
    /// The episode was cut off.
    pub truncated: bool,
    /// In a supervised stream, the action that would have been right ([`Environment::target`]).
    pub target: Option<usize>,
}

impl Feedback {
    /// Whether the episode is over, for either reason.
    pub fn episode_ended(&self) -> bool {
        self.terminated || self.truncated
    }
}

/// What an environment did that ended its lifetime before its time.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// It panicked.
    #[error("the environment panicked in {place}: {message}")]
    Panic {
        /// The method it was in.
        place: &'static str,
        /// The panic's message, and where in the source it arose if that is known.
        message: String,
    },
    /// An observation holds NaN or an infinity.
    #[error("observation[{index}] is {value} after {place}")]
    Observation {
        /// The method that wrote it.
        place: &'static str,
        /// Which number.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// The reward is NaN or infinite.
    #[error("the reward is {0}")]
    Reward(f64),
    /// The action is not an element of the action space.
    #[error("the action {0} is not in the action space")]
    Action(String),
    /// What the environment says would have been right is not an action.
    #[error("the target is {target}, which is no action of {space:?}")]
    Target {
        /// What it says.
        target: usize,
        /// The action space.
        space: Space,
    },
    /// The environment's spaces make no sense.
    #[error("{0}")]
    Space(String),
    /// Something that has to do with one agent of a team.
    #[error("{agent}: {fault}")]
    Agent {
        /// Its name.
        agent: String,
        /// What was wrong.
        fault: Box<Fault>,
    },
    /// An episode does not end.
    #[error(
        "an episode ran for {MAX_EPISODE_STEPS} steps without end in a lifetime counted in episodes: give it a time limit"
    )]
    Endless,
}

impl Fault {
    /// One word for counting: `panic`, `observation`, `reward`, `action`, `target`, `space` or `endless`.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Panic { .. } => "panic",
            Fault::Observation { .. } => "observation",
            Fault::Reward(_) => "reward",
            Fault::Action(_) => "action",
            Fault::Target { .. } => "target",
            Fault::Space(_) => "space",
            Fault::Agent { fault, .. } => fault.kind(),
            Fault::Endless => "endless",
        }
    }

    /// The same, of one agent of a team.
    pub(crate) fn of_agent(self, agent: &str) -> Self {
        Fault::Agent { agent: agent.into(), fault: Box::new(self) }
    }
}

/// One task, lived through.
///
/// ```
/// use vsml_envs::{Action, BernoulliBandit, Lifetime, LifetimeLength, stream};
///
/// let bandit = BernoulliBandit::new(vec![0.0, 1.0]).unwrap();
/// let mut life = Lifetime::begin(Box::new(bandit), LifetimeLength::Steps(100), stream(1, "life", &[])).unwrap();
/// let mut total = 0.0;
/// while !life.is_over() {
///     assert_eq!(life.percept().observation, &[1.0]);
///     total += life.step(Action::Discrete(1)).unwrap().reward;
/// }
/// assert_eq!(total, 100.0);
/// ```
pub struct Lifetime {
    environment: Box<dyn Environment>,
    rng: Rng,
    length: LifetimeLength,
    observation_space: Space,
    action_space: Space,
    observation: Vec<f32>,
    episode_begins: bool,
    steps: u64,
    episodes: u64,
    episode_steps: u64,
}

impl Lifetime {
    /// Begins a lifetime: checks the spaces and resets the environment.
    ///
    /// # Errors
    /// What the environment does wrong on the way.
    pub fn begin(environment: Box<dyn Environment>, length: LifetimeLength, rng: Rng) -> Result<Self, Fault> {
        let (observation_space, action_space) =
            guard("spaces", || (environment.observation_space(), environment.action_space()))?;
        for (name, space) in [("observation", &observation_space), ("action", &action_space)] {
            if let Some(fault) = space.fault() {
                return Err(Fault::Space(format!("{name} space: {fault}")));
            }
        }
        let observation = vec![0.0; observation_space.flat_len()];
        let mut lifetime = Lifetime {
            environment,
            rng,
            length,
            observation_space,
            action_space,
            observation,
            episode_begins: true,
            steps: 0,
            episodes: 0,
            episode_steps: 0,
        };
        lifetime.reset()?;
        Ok(lifetime)
    }

    /// What the learner sees now.
    pub fn percept(&self) -> Percept<'_> {
        Percept { observation: &self.observation, episode_begins: self.episode_begins }
    }

    /// Acts, and resets the environment if that ended an episode.
    ///
    /// # Errors
    /// A fault ends the lifetime: step no further, drop it.
    pub fn step(&mut self, action: Action<'_>) -> Result<Feedback, Fault> {
        if !self.action_space.contains(action) {
            return Err(Fault::Action(format!("{action:?}")));
        }
        let step = guard("step", || self.environment.step(action, &mut self.rng, &mut self.observation))?;
        if !step.reward.is_finite() {
            return Err(Fault::Reward(step.reward));
        }
        self.check_observation("step")?;
        let target = guard("target", || self.environment.target())?;
        if let Some(target) = target.filter(|&target| !self.action_space.contains(Action::Discrete(target))) {
            return Err(Fault::Target { target, space: self.action_space.clone() });
        }
        self.steps += 1;
        self.episode_steps += 1;
        self.episode_begins = false;
        if step.ended() {
            self.episodes += 1;
            if !self.is_over() {
                self.reset()?;
            }
        } else if self.episode_steps >= MAX_EPISODE_STEPS && matches!(self.length, LifetimeLength::Episodes(_)) {
            return Err(Fault::Endless);
        }
        Ok(Feedback { reward: step.reward, terminated: step.terminated, truncated: step.truncated, target })
    }

    /// Whether the lifetime has been lived to its end.
    pub fn is_over(&self) -> bool {
        match self.length {
            LifetimeLength::Steps(n) => self.steps >= n,
            LifetimeLength::Episodes(n) => self.episodes >= n,
        }
    }

    /// How long it is meant to be.
    pub fn length(&self) -> LifetimeLength {
        self.length
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Episodes finished so far.
    pub fn episodes(&self) -> u64 {
        self.episodes
    }

    /// What observations look like.
    pub fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    /// What actions are allowed.
    pub fn action_space(&self) -> &Space {
        &self.action_space
    }

    /// See [`Environment::expected_rewards`].
    ///
    /// # Errors
    /// If the environment panics, or knows something that is not a number.
    pub fn expected_rewards(&self) -> Result<Option<&[f64]>, Fault> {
        let expected = guard("expected_rewards", || self.environment.expected_rewards())?;
        match expected.and_then(|expected| expected.iter().find(|reward| !reward.is_finite())) {
            Some(&reward) => Err(Fault::Reward(reward)),
            None => Ok(expected),
        }
    }

    /// See [`Environment::table`].
    ///
    /// # Errors
    /// If the environment panics.
    pub fn table(&self) -> Result<Option<&Table>, Fault> {
        guard("table", || self.environment.table())
    }

    fn reset(&mut self) -> Result<(), Fault> {
        guard("reset", || self.environment.reset(&mut self.rng, &mut self.observation))?;
        self.check_observation("reset")?;
        self.episode_begins = true;
        self.episode_steps = 0;
        Ok(())
    }

    fn check_observation(&self, place: &'static str) -> Result<(), Fault> {
        // Without a way out of the loop, it is done several numbers at a time.
        if self.observation.iter().fold(true, |finite, x| finite & x.is_finite()) {
            return Ok(());
        }
        match self.observation.iter().position(|x| !x.is_finite()) {
            None => Ok(()),
            Some(index) => Err(Fault::Observation { place, index, value: self.observation[index] }),
        }
    }
}

/// A named source of lifetimes: what an id of the [registry](crate::Registry) stands for.
#[derive(Clone)]
pub struct Tasks {
    /// The id with its parameters, as it was asked for.
    pub id: String,
    /// How long each lifetime is.
    pub length: LifetimeLength,
    /// Where the tasks come from.
    pub distribution: Arc<dyn TaskDistribution>,
}

impl Tasks {
    /// Draws the task of `key` and begins a lifetime on it.
    ///
    /// # Errors
    /// What the distribution or the environment does wrong on the way.
    pub fn begin(&self, key: &LifetimeKey) -> Result<Lifetime, Fault> {
        Lifetime::begin(self.sample(key)?, self.length, key.stream("environment"))
    }

    /// Draws the task of `key`.
    ///
    /// # Errors
    /// If the distribution panics.
    pub fn sample(&self, key: &LifetimeKey) -> Result<Box<dyn Environment>, Fault> {
        guard("the task distribution", || self.distribution.sample(&mut key.stream("task")))
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tasks({}, {})", self.id, self.length)
    }
}

thread_local! {
    static INSIDE_ENVIRONMENT: Cell<bool> = const { Cell::new(false) };
    static PANIC_LOCATION: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs somebody else's code and turns its panic into a fault.
pub(crate) fn guard<T>(place: &'static str, run: impl FnOnce() -> T) -> Result<T, Fault> {
    let was_inside = INSIDE_ENVIRONMENT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    INSIDE_ENVIRONMENT.set(was_inside);
    result.map_err(|payload| {
        let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_string(),
            (_, Some(text)) => text.clone(),
            _ => "a panic without a message".to_string(),
        };
        let message = match PANIC_LOCATION.take() {
            Some(location) => format!("{message} ({location})"),
            None => message,
        };
        Fault::Panic { place, message }
    })
}

/// Keeps panics inside environments off the terminal: they become [`Fault`]s, which are counted and reported, and ten
/// thousand backtraces help nobody. Other panics are shown as before. For a program's `main`; calling it twice is
/// calling it once.
pub fn quiet_environment_panics() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if INSIDE_ENVIRONMENT.get() {
                PANIC_LOCATION.set(info.location().map(ToString::to_string));
            } else {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Split, Step, stream};

    /// Counts its steps; an episode is `episode` long. Does `misdeed` at step 5.
    #[derive(Clone)]
    struct Counting {
        episode: u32,
        step: u32,
        total: u32,
        misdeed: &'static str,
    }

    impl Environment for Counting {
        fn observation_space(&self) -> Space {
            let high = if self.misdeed == "space" { -1.0 } else { 1e6 };
            Space::uniform_box(0.0, high, 2)
        }
        fn action_space(&self) -> Space {
            Space::discrete(2)
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            self.step = 0;
            observation.copy_from_slice(&[0.0, self.total as f32]);
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
            self.step += 1;
            self.total += 1;
            observation.copy_from_slice(&[self.step as f32, self.total as f32]);
            let mut reward = 1.0;
            if self.total == 5 {
                match self.misdeed {
                    "panic" => panic!("five"),
                    "observation" => observation[1] = f32::NAN,
                    "reward" => reward = f64::INFINITY,
                    _ => {}
                }
            }
            Step { reward, terminated: self.step == self.episode, truncated: false }
        }
        fn expected_rewards(&self) -> Option<&[f64]> {
            match self.misdeed {
                "knows too much" => panic!("nobody knows"),
                "knows nonsense" => Some(&[1.0, f64::NAN]),
                _ => None,
            }
        }
        fn target(&self) -> Option<usize> {
            match self.misdeed {
                "asks the impossible" => Some(2),
                "asks too much" => panic!("nobody knows"),
                "asks" => Some(self.step as usize % 2),
                _ => None,
            }
        }
    }

    fn lifetime(misdeed: &'static str, length: LifetimeLength) -> Result<Lifetime, Fault> {
        let environment = Counting { episode: 3, step: 0, total: 0, misdeed };
        Lifetime::begin(Box::new(environment), length, stream(0, "lifetime", &[]))
    }

    #[test]
    fn episodes_follow_each_other_until_the_steps_are_used_up() {
        let mut life = lifetime("", LifetimeLength::Steps(7)).unwrap();
        let mut begins = Vec::new();
        let mut seen = Vec::new();
        while !life.is_over() {
            begins.push(life.percept().episode_begins);
            seen.push(life.percept().observation[1]);
            life.step(Action::Discrete(0)).unwrap();
        }
        assert_eq!(begins, [true, false, false, true, false, false, true]);
        assert_eq!(seen, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "the task is kept over resets");
        assert_eq!((life.steps(), life.episodes()), (7, 2));
    }

    #[test]
    fn a_lifetime_of_episodes_ends_with_the_last_one() {
        let mut life = lifetime("", LifetimeLength::Episodes(2)).unwrap();
        let mut ended = 0;
        while !life.is_over() {
            ended += u32::from(life.step(Action::Discrete(0)).unwrap().episode_ended());
        }
        assert_eq!((life.steps(), life.episodes(), ended), (6, 2, 2));
    }

    #[test]
    fn every_misdeed_is_a_fault_of_its_kind() {
        quiet_environment_panics();
        for misdeed in ["panic", "observation", "reward"] {
            let mut life = lifetime(misdeed, LifetimeLength::Steps(10)).unwrap();
            for _ in 0..4 {
                life.step(Action::Discrete(0)).unwrap();
            }
            let fault = life.step(Action::Discrete(0)).unwrap_err();
            assert_eq!(fault.kind(), misdeed);
            if misdeed == "panic" {
                assert!(fault.to_string().contains("five") && fault.to_string().contains("lifetime.rs"), "{fault}");
            }
        }
        for (misdeed, kind) in [("knows too much", "panic"), ("knows nonsense", "reward")] {
            let life = lifetime(misdeed, LifetimeLength::Steps(10)).unwrap();
            assert_eq!(life.expected_rewards().unwrap_err().kind(), kind);
        }
        assert_eq!(lifetime("space", LifetimeLength::Steps(1)).err().unwrap().kind(), "space");
        let mut life = lifetime("", LifetimeLength::Steps(1)).unwrap();
        assert_eq!(life.step(Action::Discrete(2)).unwrap_err().kind(), "action");
    }

    #[test]
    fn targets_are_delivered_as_they_were_before_the_reset_and_are_actions() {
        let mut life = lifetime("asks", LifetimeLength::Steps(6)).unwrap();
        let mut told = Vec::new();
        while !life.is_over() {
            told.push(life.step(Action::Discrete(0)).unwrap().target);
        }
        assert_eq!(told, [1, 0, 1, 1, 0, 1].map(Some), "a reset sets the count to 0");
        let mut silent = lifetime("", LifetimeLength::Steps(1)).unwrap();
        assert_eq!(silent.step(Action::Discrete(0)).unwrap().target, None);
        let fault =
            |misdeed| lifetime(misdeed, LifetimeLength::Steps(1)).unwrap().step(Action::Discrete(0)).unwrap_err();
        assert_eq!(fault("asks the impossible"), Fault::Target { target: 2, space: Space::discrete(2) });
        assert_eq!(fault("asks the impossible").kind(), "target");
        assert!(matches!(fault("asks too much"), Fault::Panic { place: "target", .. }));
    }

    #[test]
    fn a_lifetime_that_cannot_end_is_a_fault() {
        let endless = Counting { episode: u32::MAX, step: 0, total: 10, misdeed: "" };
        let mut life =
            Lifetime::begin(Box::new(endless), LifetimeLength::Episodes(1), stream(0, "endless", &[])).unwrap();
        let fault = loop {
            if let Err(fault) = life.step(Action::Discrete(0)) {
                break fault;
            }
        };
        assert_eq!(fault, Fault::Endless);
    }

    #[test]
    fn equal_keys_draw_equal_lifetimes() {
        let tasks = Tasks {
            id: "test".into(),
            length: LifetimeLength::Steps(3),
            distribution: Arc::new(|rng: &mut Rng| {
                use rand::RngExt;
                Counting { episode: 3, step: 0, total: rng.random_range(0..1_000_000), misdeed: "" }
            }),
        };
        let key = LifetimeKey { seed: 3, split: Split::Test, generation: 0, member: 4, lifetime: 5 };
        let first = |key: &LifetimeKey| tasks.begin(key).unwrap().percept().observation[1];
        assert_eq!(first(&key), first(&key));
        assert_ne!(first(&key), first(&LifetimeKey { lifetime: 6, ..key }));
    }
}
