//! Evaluation: learners × task distributions, on tasks that nothing was chosen on.
//!
//! What is claimed of a meta-learnt algorithm is that it *improves within a lifetime*, so next to each total stands the
//! curve within the lifetime. Every learner of a column meets the same tasks with the same luck, and totals are kept per
//! lifetime, so that whatever statistic a reader prefers can be computed from the file.

use crate::learner::{Learner, LifeError, LifeScore, Moment, Unable};
use crate::numbers::numbers;
use crate::scenario::{Cast, Ledger, Outcome, Scenario};
use crate::statistics::{Interval, interquartile_interval, interquartile_mean, mean, standard_error};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vsml_envs::{LifetimeKey, LifetimeLength, Split, stream};

/// Points in a within-lifetime curve at most; lifetimes of more steps or episodes are averaged over stretches.
pub const CURVE_POINTS: usize = 50;

/// One learner on one task distribution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The learner's name.
    pub learner: String,
    /// The scenario, as it was asked for: the task distribution's id with its parameters, and in a team who else is there.
    pub tasks: String,
    /// How long each lifetime was meant to be.
    pub length: LifetimeLength,
    /// Which split the tasks are of.
    pub split: Split,
    /// The seed that tasks and luck were drawn with.
    pub seed: u64,
    /// Why this learner cannot live here at all, if so; then there are no lives.
    pub unsuited: Option<String>,
    /// What every valid life came to, in the order of the lifetimes.
    pub lives: Vec<LifeScore>,
    /// In a team: the rewards of all its agents in each of these lives, in the order of the agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<Vec<f64>>,
    /// What each of these lives earned in each sixth of its lifetime, of which halves and thirds can be made ([`Measure`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sixths: Vec<[f64; 6]>,
    /// Lives that ended before their time, by kind of fault.
    pub faults: BTreeMap<String, u64>,
    /// What the first of these said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_fault: Option<String>,
    /// Of which meta-parameters the learner was ([`Weights::fingerprint`](crate::Weights::fingerprint); empty if it has none), and
    /// then likewise those beside it. Names do not say: a run of the same name goes on, and is another then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<String>,
    /// Mean reward within the lifetime.
    pub curve: Curve,
}

/// How reward develops within a lifetime, averaged over lives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What a point stands for: `step` (then `mean` is reward per step) or `episode` (then it is reward per episode).
    pub unit: String,
    /// Middle of each stretch, counted from 0.
    pub x: Vec<f64>,
    /// Mean over lives.
    #[serde(deserialize_with = "numbers")]
    pub mean: Vec<f64>,
    /// Standard error of that mean.
    #[serde(deserialize_with = "numbers")]
    pub standard_error: Vec<f64>,
}

/// An evaluation in numbers. "Reward" is a life's sum of rewards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of valid lives.
    pub lives: usize,
    /// Mean reward.
    pub mean: f64,
    /// Standard error of the mean.
    pub standard_error: f64,
    /// Interquartile mean of reward.
    pub interquartile_mean: f64,
    /// 95 % bootstrap interval of the interquartile mean.
    pub interval: Interval,
    /// Mean regret and its standard error, where the environments know it.
    pub regret: Option<(f64, f64)>,
    /// In a team: the mean reward of all agents (utilitarian welfare, for each agent) and its standard error.
    pub welfare: Option<(f64, f64)>,
    /// In a team: the reward of the agent that came off worst (egalitarian welfare), and its standard error.
    pub worst: Option<(f64, f64)>,
}

/// Lifetimes that one learner value lives through, one after the other. A constant, so that it does not depend on the
/// number of threads.
const LIVES_PER_LEARNER: u64 = 16;

/// Lets learners from `make` live through `lifetimes` lifetimes of `scenario`, spread over the threads of the current rayon
/// pool. `progress` is told, from any thread, how many lives have just ended.
///
/// Lifetime `i` has the key `(seed, split, 0, 0, i)` for whatever learner, so all meet the same tasks and the same luck. A
/// life that a fault cuts short is counted by its kind and has no other influence.
pub fn evaluate(
    name: &str,
    make: &(dyn Fn() -> Result<Box<dyn Learner>, Unable> + Sync),
    scenario: &Scenario,
    split: Split,
    seed: u64,
    lifetimes: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Evaluation {
    let chunks = lifetimes.div_ceil(LIVES_PER_LEARNER);
    let lived: Vec<Vec<Result<Life, LifeError>>> = (0..chunks)
        .into_par_iter()
        .map(|chunk| {
            let range = chunk * LIVES_PER_LEARNER..((chunk + 1) * LIVES_PER_LEARNER).min(lifetimes);
            let count = range.end - range.start;
            let mut cast = Cast::new(make);
            let lives = range
                .map(|lifetime| {
                    let key = LifetimeKey { seed, split, generation: 0, member: 0, lifetime };
                    Life::live(&mut cast, scenario, &key)
                })
                .collect();
            progress(count);
            lives
        })
        .collect();

    let mut evaluation = Evaluation {
        learner: name.into(),
        tasks: scenario.id().into(),
        length: scenario.length(),
        split,
        seed,
        unsuited: None,
        lives: Vec::new(),
        teams: Vec::new(),
        sixths: Vec::new(),
        faults: BTreeMap::new(),
        first_fault: None,
        fingerprints: Vec::new(),
        curve: Curve::default(),
    };
    let mut curves = Vec::new();
    for life in lived.into_iter().flatten() {
        match life {
            Ok(life) => {
                evaluation.lives.push(life.outcome.score);
                if !life.outcome.agents.is_empty() {
                    evaluation.teams.push(life.outcome.agents.into_iter().map(|(_, reward)| reward).collect());
                }
                evaluation.sixths.push(life.sixths);
                curves.push(life.curve);
            }
            Err(LifeError::Unsuited(reason)) => {
                evaluation.unsuited.get_or_insert(reason.0);
            }
            Err(error) => {
                evaluation.first_fault.get_or_insert_with(|| error.to_string());
                *evaluation.faults.entry(error.kind().into()).or_insert(0) += 1;
            }
        }
    }
    // Who finds out in the middle of a life that it cannot live here has come through others by luck.
    if evaluation.unsuited.is_some() {
        evaluation.lives.clear();
        evaluation.teams.clear();
        evaluation.sixths.clear();
        curves.clear();
    }
    evaluation.curve = Curve::of(scenario.length(), &curves);
    evaluation
}

/// One life and its curve.
struct Life {
    outcome: Outcome,
    /// Sum of rewards in each stretch.
    curve: Vec<f64>,
    /// Sum of rewards in each sixth.
    sixths: [f64; 6],
}

impl Life {
    fn live(cast: &mut Cast<'_>, scenario: &Scenario, key: &LifetimeKey) -> Result<Self, LifeError> {
        let stretches = Stretches::of(scenario.length());
        let thin = Stretches { count: 6, ..stretches };
        let (mut curve, mut sixths) = (vec![0.0; stretches.count], [0.0; 6]);
        let outcome = scenario.live(cast, key, &mut Ledger::default(), |moment| {
            curve[stretches.place(moment)] += moment.reward;
            sixths[thin.place(moment)] += moment.reward;
        })?;
        Ok(Life { outcome, curve, sixths })
    }
}

/// How a lifetime is cut into stretches.
#[derive(Clone, Copy)]
struct Stretches {
    by_episode: bool,
    len: u64,
    count: usize,
}

impl Stretches {
    fn of(length: LifetimeLength) -> Self {
        let (by_episode, len) = match length {
            LifetimeLength::Steps(n) => (false, n),
            LifetimeLength::Episodes(n) => (true, n),
        };
        Stretches { by_episode, len, count: len.min(CURVE_POINTS as u64) as usize }
    }

    fn place(&self, moment: &Moment) -> usize {
        let unit = if self.by_episode { moment.episode } else { moment.step };
        (u128::from(unit) * self.count as u128 / u128::from(self.len)) as usize
    }

    /// The first step or episode of a stretch.
    fn start(&self, place: usize) -> u64 {
        (place as u128 * u128::from(self.len)).div_ceil(self.count as u128) as u64
    }
}

impl Curve {
    fn of(length: LifetimeLength, lives: &[Vec<f64>]) -> Self {
        let stretches = Stretches::of(length);
        let mut curve =
            Curve { unit: if stretches.by_episode { "episode" } else { "step" }.into(), ..Curve::default() };
        if lives.is_empty() {
            return curve;
        }
        for place in 0..stretches.count {
            let (start, end) = (stretches.start(place), stretches.start(place + 1));
            let values: Vec<f64> = lives.iter().map(|life| life[place] / (end - start) as f64).collect();
            curve.x.push((start + end - 1) as f64 / 2.0);
            curve.mean.push(mean(&values));
            curve.standard_error.push(if values.len() > 1 { standard_error(&values) } else { 0.0 });
        }
        curve
    }
}

/// What of a life is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The sum of its rewards.
    Reward,
    /// The sum of expected regrets; less is better.
    Regret,
    /// The sum of rewards in the second half of the lifetime, when there was time to learn.
    SecondHalf,
    /// Reward per step (or per episode, where lifetimes are counted in those) in the last third of the lifetime, less that in
    /// the first: what was gained by learning.
    Gain,
}

impl Measure {
    /// What it is, in words.
    pub fn title(self) -> &'static str {
        match self {
            Measure::Reward => "total reward of a lifetime",
            Measure::Regret => "regret over a lifetime (less is better)",
            Measure::SecondHalf => "reward in the second half of a lifetime",
            Measure::Gain => "reward per step or episode in the last third of a lifetime, less that in the first",
        }
    }

    /// How much better the one number is than the other: its sign tells, its size is in the measure's own unit.
    pub fn better_by(self, of: f64, over: f64) -> f64 {
        if self == Measure::Regret { over - of } else { of - over }
    }
}

impl Evaluation {
    /// Lifetimes begun, whether or not they came to their end; 0 if the learner cannot live here.
    pub fn lifetimes(&self) -> u64 {
        self.lives.len() as u64 + self.faults.values().sum::<u64>()
    }

    /// Each life by this measure; none where it cannot be told: regret where the environment does not know it, the second half of
    /// a lifetime of one step or episode, gain in one of fewer than three.
    pub fn measured(&self, measure: Measure) -> Option<Vec<f64>> {
        let of_sixths = |tell: &dyn Fn(&[f64; 6]) -> f64| {
            (self.sixths.len() == self.lives.len()).then(|| self.sixths.iter().map(tell).collect())
        };
        let stretches = Stretches { count: 6, ..Stretches::of(self.length) };
        match measure {
            Measure::Reward => Some(self.lives.iter().map(|life| life.reward).collect()),
            Measure::Regret => self.lives.iter().map(|life| life.regret).collect(),
            Measure::SecondHalf if stretches.len < 2 => None,
            Measure::SecondHalf => of_sixths(&|sixths| sixths[3..].iter().sum()),
            Measure::Gain => {
                let units = |from: usize, to: usize| (stretches.start(to) - stretches.start(from)) as f64;
                let (first, last) = (units(0, 2), units(4, 6));
                if stretches.len < 3 {
                    return None;
                }
                of_sixths(&|sixths| (sixths[4] + sixths[5]) / last - (sixths[0] + sixths[1]) / first)
            }
        }
    }

    /// In a team: the mean reward of all agents in each life.
    pub fn welfare(&self) -> Vec<f64> {
        self.teams.iter().map(|rewards| mean(rewards)).collect()
    }

    /// In a team: the reward of the agent that came off worst in each life.
    pub fn worst(&self) -> Vec<f64> {
        self.teams.iter().map(|rewards| rewards.iter().copied().fold(f64::INFINITY, f64::min)).collect()
    }

    /// Whether the learner itself ended a life before its time. It is then not to be judged by the lives that went well.
    pub fn failed(&self) -> bool {
        self.faults.contains_key("learner")
    }

    /// The evaluation in numbers; none where there was no valid life, or the learner itself [`failed`](Self::failed).
    pub fn summary(&self) -> Option<Summary> {
        let rewards: Vec<f64> = self.lives.iter().map(|life| life.reward).collect();
        if rewards.is_empty() || self.failed() {
            return None;
        }
        // Of a single life there is no telling how far it is from the mean.
        let error = |values: &[f64]| if values.len() > 1 { standard_error(values) } else { 0.0 };
        let with_error = |values: &[f64]| (mean(values), error(values));
        let regrets: Option<Vec<f64>> = self.lives.iter().map(|life| life.regret).collect();
        let of_teams = |values: Vec<f64>| (!values.is_empty()).then(|| with_error(&values));
        Some(Summary {
            lives: rewards.len(),
            mean: mean(&rewards),
            standard_error: error(&rewards),
            interquartile_mean: interquartile_mean(&rewards),
            interval: interquartile_interval(&rewards, &mut stream(self.seed, "bootstrap", &[])),
            regret: regrets.map(|regrets| with_error(&regrets)),
            welfare: of_teams(self.welfare()),
            worst: of_teams(self.worst()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::players;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use vsml_envs::{Action, Environment, Registry, Rng, Space, Step, Tasks, quiet_environment_panics};

    /// Rewards count up from 0 over the whole life; episodes of three steps. Every fifth task panics at its second step.
    #[derive(Clone)]
    struct Counting {
        total: u32,
        faulty: bool,
    }

    impl Environment for Counting {
        fn observation_space(&self) -> Space {
            Space::uniform_box(1.0, 1.0, 1)
        }
        fn action_space(&self) -> Space {
            Space::discrete(2)
        }
        fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
            observation[0] = 1.0;
        }
        fn step(&mut self, _: Action<'_>, _: &mut Rng, _: &mut [f32]) -> Step {
            assert!(!(self.faulty && self.total == 1), "on purpose");
            let reward = f64::from(self.total);
            self.total += 1;
            Step { reward, terminated: self.total.is_multiple_of(3), truncated: false }
        }
    }

    fn counting(length: LifetimeLength, faulty: fn(u64) -> bool) -> Tasks {
        let drawn = AtomicU64::new(0);
        let distribution = move |_: &mut Rng| Counting { total: 0, faulty: faulty(drawn.fetch_add(1, Relaxed)) };
        Tasks { id: "Counting-v0".into(), length, distribution: Arc::new(distribution) }
    }

    fn evaluated(player: &str, tasks: &Tasks, lifetimes: u64) -> Evaluation {
        let make = || players::make(player).map_err(|error| Unable(error.to_string()));
        evaluate(player, &make, &tasks.clone().into(), Split::Test, 1, lifetimes, &|_| {})
    }

    #[test]
    fn the_number_of_threads_leaves_no_trace() {
        let tasks = Registry::builtin().make("BernoulliBandit-v0:arms=3").unwrap();
        let results: Vec<Evaluation> = [1, 2, 3, 8]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| evaluated("thompson", &tasks, 100))
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]));
        assert_eq!(results[0].lives.len(), 100);
    }

    #[test]
    fn a_curve_is_the_mean_within_its_stretch() {
        let steps = evaluated("random", &counting(LifetimeLength::Steps(100), |_| false), 3);
        assert_eq!((steps.curve.x[0], steps.curve.x[49], steps.curve.x.len()), (0.5, 98.5, 50));
        assert_eq!(steps.curve.mean, steps.curve.x, "the reward of a step is its number");
        assert!(steps.curve.standard_error.iter().all(|&error| error == 0.0));
        let episodes = evaluated("random", &counting(LifetimeLength::Episodes(4), |_| false), 3);
        assert_eq!((episodes.curve.unit.as_str(), &episodes.curve.x[..]), ("episode", &[0.0, 1.0, 2.0, 3.0][..]));
        assert_eq!(episodes.curve.mean, [3.0, 12.0, 21.0, 30.0]);
        let uneven = evaluated("random", &counting(LifetimeLength::Steps(75), |_| false), 1);
        assert_eq!(uneven.curve.mean, uneven.curve.x);
    }

    #[test]
    fn what_was_gained_is_told_of_thirds_whatever_their_length() {
        let measured = |length, measure| {
            let evaluation = evaluated("random", &counting(length, |_| false), 2);
            evaluation.measured(measure).map(|lives| lives[1])
        };
        // Steps 0 to 99: the rewards of a sixth are those of its steps, 0 to 16, 17 to 33, 34 to 49 and so on.
        let steps = LifetimeLength::Steps(100);
        assert_eq!(measured(steps, Measure::Reward), Some(4950.0));
        assert_eq!(measured(steps, Measure::SecondHalf), Some((50..100).map(f64::from).sum()));
        assert_eq!(measured(steps, Measure::Gain), Some((67.0 + 99.0) / 2.0 - 33.0 / 2.0));
        // Episodes pay 3, 12, 21, 30: the first third has the first two, the last only the fourth.
        let episodes = LifetimeLength::Episodes(4);
        assert_eq!(measured(episodes, Measure::SecondHalf), Some(51.0));
        assert_eq!(measured(episodes, Measure::Gain), Some(30.0 - 7.5));
        assert_eq!(measured(LifetimeLength::Steps(2), Measure::Gain), None);
        assert_eq!(measured(steps, Measure::Regret), None);
        assert!(Measure::Regret.better_by(1.0, 3.0) > 0.0 && Measure::Gain.better_by(1.0, 3.0) < 0.0);
    }

    #[test]
    fn a_fault_costs_its_life_and_no_more() {
        quiet_environment_panics();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let evaluation = pool
            .install(|| evaluated("random", &counting(LifetimeLength::Steps(6), |drawn| drawn.is_multiple_of(5)), 50));
        assert_eq!(evaluation.lives.len(), 40);
        assert_eq!(evaluation.faults, BTreeMap::from([("panic".to_string(), 10)]));
        let summary = evaluation.summary().unwrap();
        assert_eq!((summary.mean, summary.interquartile_mean, summary.lives), (15.0, 15.0, 40));
        let all = pool.install(|| evaluated("random", &counting(LifetimeLength::Steps(6), |_| true), 5));
        assert!(all.summary().is_none() && all.curve.mean.is_empty());
    }

    #[test]
    fn what_is_no_number_can_be_read_again() {
        let tasks = Registry::builtin().make("BernoulliBandit-v0:steps=5,scale_reward=1e160").unwrap();
        let evaluation = evaluated("random", &tasks, 8);
        assert!(evaluation.curve.standard_error.iter().any(|error| !error.is_finite()), "{:?}", evaluation.curve);
        let read: Evaluation = serde_json::from_str(&serde_json::to_string(&evaluation).unwrap()).unwrap();
        assert_eq!((read.lives, read.curve.mean), (evaluation.lives, evaluation.curve.mean));
        assert!(read.curve.standard_error.iter().any(|error| error.is_nan()));
    }

    #[test]
    fn who_finds_out_too_late_that_it_cannot_live_here_has_not_lived() {
        // Thompson sampling is for rewards of 0 and 1, and some lives have no other.
        let tasks = Registry::builtin().make("BernoulliBandit-v0:steps=6,time_limit=2,sparse_reward=true").unwrap();
        let evaluation = evaluated("thompson", &tasks, 50);
        assert!(evaluation.summary().is_none(), "{:?}", evaluation.faults);
    }

    #[test]
    fn who_cannot_play_says_why() {
        let tasks = Registry::builtin().make("CartPole-v1").unwrap();
        let evaluation = evaluated("ucb1", &tasks, 5);
        assert!(evaluation.unsuited.as_ref().unwrap().contains("nothing to observe"), "{:?}", evaluation.unsuited);
        assert!(evaluation.lives.is_empty() && evaluation.faults.is_empty() && evaluation.summary().is_none());
    }

    #[test]
    fn progress_adds_up() {
        let done = AtomicU64::new(0);
        let tasks = counting(LifetimeLength::Steps(3), |_| false);
        let make = || players::make("random").map_err(|error| Unable(error.to_string()));
        let progress = |lives| {
            done.fetch_add(lives, Relaxed);
        };
        evaluate("random", &make, &tasks.into(), Split::Test, 1, 37, &progress);
        assert_eq!(done.load(Relaxed), 37);
    }
}
