//! Meta-training: generation after generation of ask, live, tell.
//!
//! A member's fitness is the mean reward of its lifetimes. Members of equal luck (the two of an antithetic pair, or all
//! members where there are no pairs) meet the same tasks with the same random numbers, and are compared on the same lifetimes.
//! So a lifetime that a fault cut short is set aside, for whom, the following rule says:
//!
//! - *In a pair*, for both. Nobody else lived it.
//! - *Without pairs*, for all, if nobody lived it to its end: the task is at fault. If somebody did, whoever did not is invalid
//!   as a whole; to set it aside for all would let one member that always fails void the generation of the others. A member
//!   that never lives to the end leaves no trace either way: it is as if it were not there.
//!
//! Members are spread over threads, and what they come to is put together by index, so the number of threads leaves no trace.
//!
//! An optimizer may want lives to go on from generation to generation
//! ([`Wants::Unrolls`](crate::optimizers::Wants::Unrolls)). Where the above speaks of a lifetime,
//! then, it is an *unroll*, a piece of one; its fitness is the sum of its rewards, and a life that a fault cuts short ends there.
//!
//! An optimizer that wants gradients is told those of the members' losses: lives are then differentiated while they are
//! lived ([`MetaLearner::differentiate`]).
//!
//! One that wants records is given those of all valid lives ([`MetaOptimizer::improve`]).
//!
//! [`MetaTraining`] is the whole of a run: [`MetaTraining::archive`] holds all that the next generation depends on, and
//! restoring it gives the same bits as never having stopped.

use crate::evaluation::{Evaluation, evaluate};
use crate::fitness;
use crate::learner::{Learner, LifeError, MetaLearner, Slope, Unable};
use crate::metrics::{GenerationMetrics, Validation};
use crate::ongoing_lives::{ALONE, OngoingLives};
use crate::optimizers::{MetaOptimizer, OptimizerError, OptimizerState, Wants};
use crate::players;
use crate::policy_gradient::Record;
use crate::scenario::{Cast, Ledger, Scenario};
use crate::statistics::{mean, probability_of_improvement};
use crate::vsml::CloneConfig;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use vsml_core::Archive;
use vsml_envs::{LifetimeKey, Rng, Split, stream};

/// What meta-training is for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// To live well: fitness is the reward of lifetimes on the tasks, loss the cross entropy of what is guessed in them.
    #[default]
    Life,
    /// To be backpropagation: fitness is less the error with which the learner's messages and states follow those of
    /// gradient descent, on random messages. The tasks are used for validation alone.
    CloneBackpropagation(CloneConfig),
}

/// Whose reward counts in a team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TeamReward {
    /// The learner's: the mean over its seats.
    #[default]
    Own,
    /// Everybody's: the mean over all agents.
    Team,
    /// The mean of both.
    Both,
}

impl TeamReward {
    /// What a life is worth in which the learner came to `own`, and all agents in the mean to `team`.
    fn of(self, own: f64, team: f64) -> f64 {
        match self {
            TeamReward::Own => own,
            TeamReward::Team => team,
            TeamReward::Both => 0.5 * (own + team),
        }
    }
}

/// How a run goes, apart from what learns and what moves it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    /// The seed of everything.
    pub seed: u64,
    /// What it is for.
    pub objective: Objective,
    /// In a team, whose reward fitness is.
    pub team_reward: TeamReward,
    /// Lifetimes of each member in each generation. Lifetime `j` is in scenario `j` modulo their number; if rewards are
    /// standardised, scenarios are dealt out to one luck after the other, so that there may be more of them than lifetimes.
    pub lifetimes: u64,
    /// Whether each scenario has its share in fitness, whatever its rewards are: a lifetime counts by how much better it went
    /// than the same one of members with equal luck, in units of the root mean square of that over its scenario. And whether
    /// the score of a validation is in units of random play ([`Validation::score`](crate::Validation::score)).
    pub standardise: bool,
    /// Validation after every so many generations; 0 for never.
    pub validate_every: u64,
    /// Lifetimes on each distribution in a validation.
    pub validation_lifetimes: u64,
}

/// Where learners meet what they were, every so many generations one of those is remembered.
const PAST_EVERY: u64 = 10;
/// What their names in an archive begin with.
const EARLIER: &str = "earlier.";

/// So many generations in a row without a valid update end the run.
pub const MAX_FRUITLESS_GENERATIONS: u64 = 5;

/// Why meta-training cannot begin or go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainingError {
    /// The learner cannot live on one of the task distributions.
    #[error("the learner cannot be trained on {tasks}: {reason}")]
    Unsuited {
        /// The distribution.
        tasks: String,
        /// Why not.
        reason: Unable,
    },
    /// The learner cannot live where it is to be validated.
    #[error("the learner cannot be validated on {tasks}: {reason}")]
    Unvalidated {
        /// The distribution.
        tasks: String,
        /// Why not.
        reason: Unable,
    },
    /// Nothing to train on, or lifetimes that are not enough.
    #[error("{0}")]
    Schedule(String),
    /// No member was valid for too long.
    #[error(
        "{MAX_FRUITLESS_GENERATIONS} generations in a row gave no update, the last being generation {generation}; {}",
        .fault.as_deref().unwrap_or("fitness or gradient was not finite")
    )]
    Fruitless {
        /// The last of them.
        generation: u64,
        /// The first fault of the last one, in words.
        fault: Option<String>,
    },
    /// A stored run does not fit.
    #[error("the checkpoint does not fit this run: {0}")]
    Archive(String),
    /// The optimizer's part of a stored run does not fit.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
}

/// What validation liked best so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// After which generation.
    pub generation: u64,
    /// Its validation score.
    pub score: f64,
    /// The meta-parameters.
    pub theta: Vec<f32>,
}

/// Counters that go from generation to generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counters {
    generation: u64,
    steps: u64,
    fruitless: u64,
    best: Option<(u64, f64)>,
}

/// A run of meta-training.
pub struct MetaTraining {
    meta_learner: Box<dyn MetaLearner>,
    optimizer: Box<dyn MetaOptimizer>,
    scenarios: Vec<Scenario>,
    schedule: Schedule,
    counters: Counters,
    best_theta: Vec<f32>,
    /// What theta was before some generations, where a scenario has the learner meet it.
    past: BTreeMap<u64, Vec<f32>>,
    /// Lives that go on from generation to generation, where the optimizer wants them to.
    lives: OngoingLives,
    /// The first fault of the last generation, for messages.
    last_fault: Option<String>,
    /// Where validation is, if not in the scenarios of training.
    elsewhere: Vec<Scenario>,
    /// What each life of random play is worth, in each scenario of validation. Known once a score asks for it.
    random_play: Vec<Vec<f64>>,
}

/// What members live under: all that is the same for all of them in a generation.
#[derive(Clone, Copy)]
pub(crate) struct Conditions<'a> {
    pub(crate) meta_learner: &'a dyn MetaLearner,
    pub(crate) optimizer: &'a dyn MetaOptimizer,
    pub(crate) scenarios: &'a [Scenario],
    pub(crate) schedule: &'a Schedule,
    past: &'a BTreeMap<u64, Vec<f32>>,
}

/// What one member's lifetimes came to.
#[derive(Default)]
pub(crate) struct MemberResult {
    /// Reward of each lifetime, or the kind of its fault and the fault in words.
    pub(crate) rewards: Vec<Result<f64, (&'static str, String)>>,
    /// Loss and gradient of each valid lifetime, if the optimizer wants them.
    slopes: Vec<Slope>,
    /// Every valid lifetime, if the optimizer wants them.
    records: Vec<Record>,
    pub(crate) steps: u64,
}

impl MemberResult {
    /// Mean gradient of the valid lifetimes.
    fn gradient(&self) -> Option<Vec<f64>> {
        let (first, rest) = self.slopes.split_first()?;
        let mut mean = first.gradient.clone();
        for slope in rest {
            mean.iter_mut().zip(&slope.gradient).for_each(|(mean, g)| *mean += g);
        }
        mean.iter_mut().for_each(|g| *g /= self.slopes.len() as f64);
        Some(mean)
    }
}

impl MetaTraining {
    /// Puts a run together, and checks that the learner can live in every scenario: task distributions, or teams.
    ///
    /// # Errors
    /// No scenarios, fewer lifetimes than scenarios, or a learner that cannot live in one of them.
    pub fn new(
        meta_learner: Box<dyn MetaLearner>,
        optimizer: Box<dyn MetaOptimizer>,
        scenarios: impl IntoIterator<Item = impl Into<Scenario>>,
        schedule: Schedule,
    ) -> Result<Self, TrainingError> {
        let scenarios: Vec<Scenario> = scenarios.into_iter().map(Into::into).collect();
        if scenarios.is_empty() {
            return Err(TrainingError::Schedule("there is no task distribution to train on".into()));
        }
        if schedule.lifetimes < scenarios.len() as u64 && !schedule.standardise {
            return Err(TrainingError::Schedule(format!(
                "{} lifetimes per member do not reach all {} task distributions: give at least one for each, or standardise",
                schedule.lifetimes,
                scenarios.len()
            )));
        }
        if schedule.lifetimes == 0 {
            return Err(TrainingError::Schedule("each member needs at least 1 lifetime".into()));
        }
        if schedule.validate_every > 0 && schedule.validation_lifetimes == 0 {
            return Err(TrainingError::Schedule("validation needs at least 1 lifetime".into()));
        }
        if let Objective::CloneBackpropagation(config) = &schedule.objective {
            let mut rng = stream(schedule.seed, "trial", &[]);
            meta_learner
                .clone_backpropagation(optimizer.theta(), config, &mut rng)
                .map_err(|reason| TrainingError::Schedule(reason.to_string()))?;
        }
        let wants = optimizer.wants();
        if schedule.objective != Objective::Life && matches!(wants, Wants::Records | Wants::Unrolls(_)) {
            return Err(TrainingError::Schedule(
                "this optimizer moves by lives, and cloning backpropagation lives none: use evolution-strategies or \
                 gradient-descent"
                    .into(),
            ));
        }
        if schedule.standardise && (schedule.objective != Objective::Life || !matches!(wants, Wants::Fitness)) {
            return Err(TrainingError::Schedule(
                "standardise: this optimizer or objective does not move by the fitness of whole lives, so there is nothing \
                 to standardise"
                    .into(),
            ));
        }
        if schedule.team_reward != TeamReward::Own && !matches!(wants, Wants::Fitness | Wants::Unrolls(_)) {
            return Err(TrainingError::Schedule(
                "team_reward: this optimizer moves by what the learner itself is paid, step by step, so it must be `own`".into(),
            ));
        }
        for scenario in &scenarios {
            try_on(&*meta_learner, &*optimizer, scenario, &schedule)
                .map_err(|reason| TrainingError::Unsuited { tasks: scenario.id().into(), reason })?;
        }
        let lives = match wants {
            Wants::Unrolls(_) => OngoingLives::new(optimizer.population(), schedule.lifetimes)?,
            _ => OngoingLives::default(),
        };
        Ok(MetaTraining {
            meta_learner,
            optimizer,
            scenarios,
            schedule,
            counters: Counters::default(),
            best_theta: Vec::new(),
            past: BTreeMap::new(),
            lives,
            last_fault: None,
            elsewhere: Vec::new(),
            random_play: Vec::new(),
        })
    }

    /// Validates in other scenarios than those of training, by how often a life there is better than one of random play
    /// ([`Validation::score`](crate::Validation::score)): the longer a learner is trained in some scenarios, the more it knows of
    /// them, and what is best there need not be the most general. Without any scenarios, validation stays where it is.
    ///
    /// # Errors
    /// If the learner cannot live in one of them.
    pub fn validate_in(mut self, scenarios: Vec<Scenario>) -> Result<Self, TrainingError> {
        for scenario in &scenarios {
            begin_in(&*self.meta_learner, &*self.optimizer, scenario, self.schedule.seed)
                .map_err(|reason| TrainingError::Unvalidated { tasks: scenario.id().into(), reason })?;
        }
        self.elsewhere = scenarios;
        Ok(self)
    }

    /// Generations done.
    pub fn generation(&self) -> u64 {
        self.counters.generation
    }

    /// Environment steps lived so far, in training.
    pub fn steps(&self) -> u64 {
        self.counters.steps
    }

    /// Where the optimizer stands.
    pub fn theta(&self) -> &[f32] {
        self.optimizer.theta()
    }

    /// Forgets what validation liked best so far, because what comes from here on is judged otherwise.
    pub fn forget_best(&mut self) {
        self.counters.best = None;
        self.best_theta = Vec::new();
    }

    /// What validation liked best so far.
    pub fn best(&self) -> Option<Best> {
        let (generation, score) = self.counters.best?;
        Some(Best { generation, score, theta: self.best_theta.clone() })
    }

    /// Does one generation, on the threads of the current rayon pool. Once `stop` is set, the generation is given up, and
    /// everything is as it was before it; the answer is then `None`.
    ///
    /// # Errors
    /// [`TrainingError::Fruitless`] if the last [`MAX_FRUITLESS_GENERATIONS`] gave no update.
    pub fn advance(&mut self, stop: &AtomicBool) -> Result<Option<GenerationMetrics>, TrainingError> {
        let generation = self.counters.generation;
        if self.counters.fruitless >= MAX_FRUITLESS_GENERATIONS {
            return Err(TrainingError::Fruitless { generation, fault: self.last_fault.clone() });
        }
        if self.scenarios.iter().any(Scenario::wants_past)
            && (generation.is_multiple_of(PAST_EVERY) || self.past.is_empty())
        {
            self.past.insert(generation, self.optimizer.theta().to_vec());
        }
        let every = self.schedule.validate_every;
        let validates = every > 0 && (generation + 1).is_multiple_of(every);
        // A validation may be given up when all else is done.
        let before_all = validates.then(|| self.archive());
        let conditions = Conditions {
            meta_learner: &*self.meta_learner,
            optimizer: &*self.optimizer,
            scenarios: &self.scenarios,
            schedule: &self.schedule,
            past: &self.past,
        };
        let wants = self.optimizer.wants();
        let lived = match wants {
            Wants::Unrolls(truncation) => self.lives.unroll(&conditions, truncation, generation, stop),
            _ => {
                let members = (0..self.optimizer.population()).into_par_iter();
                let results = members.map(|member| conditions.member(generation, member, stop)).collect();
                (!stop.load(Relaxed)).then_some((results, Vec::new()))
            }
        };
        let Some((mut results, unrolls)): Option<(Vec<MemberResult>, _)> = lived else { return Ok(None) };
        let fitness = fitness::mean_rewards(&results, &*self.optimizer);
        let of = |luck, lifetime| conditions.scenario_of(generation, luck, lifetime);
        let standardised = self.schedule.standardise.then(|| fitness::standardised(&results, &*self.optimizer, &of));

        let before = self.optimizer.theta().to_vec();
        let updated = match wants {
            Wants::Fitness => self.optimizer.tell(generation, standardised.as_ref().unwrap_or(&fitness)),
            Wants::Gradients { .. } => {
                self.optimizer.descend(&results.iter().map(MemberResult::gradient).collect::<Vec<_>>())
            }
            Wants::Records => {
                let records: Vec<Record> =
                    results.iter_mut().flat_map(|result| std::mem::take(&mut result.records)).collect();
                self.optimizer.improve(generation, &*self.meta_learner, &records)
            }
            Wants::Unrolls(_) => self.optimizer.tell_unrolls(generation, &unrolls),
        };
        self.counters.generation += 1;
        self.counters.steps += results.iter().map(|result| result.steps).sum::<u64>();
        self.counters.fruitless = if updated { 0 } else { self.counters.fruitless + 1 };
        let validation = if validates { Some(self.validate(stop)) } else { None };
        if let Some(archive) = before_all.filter(|_| stop.load(Relaxed)) {
            self.restore(&archive)?;
            return Ok(None);
        }
        let metrics = GenerationMetrics { validation, ..self.metrics(&results, &fitness, &before) };
        self.last_fault.clone_from(&metrics.first_fault);
        Ok(Some(metrics))
    }
}

impl Conditions<'_> {
    /// All lifetimes of one member; fewer once `stop` is set.
    fn member(&self, generation: u64, member: usize, stop: &AtomicBool) -> MemberResult {
        let theta = self.optimizer.ask(generation, member);
        let mut result = MemberResult::default();
        let make = || self.meta_learner.learner(&theta);
        let of_past = |rng: &mut Rng| {
            let drawn = self.past.values().nth(rng.random_range(0..self.past.len()));
            self.meta_learner.learner(drawn.unwrap_or(&theta))
        };
        let mut cast = Cast::new(&make).with_past((!self.past.is_empty()).then_some(&of_past));
        for lifetime in 0..self.schedule.lifetimes {
            if stop.load(Relaxed) {
                break;
            }
            let key = LifetimeKey {
                seed: self.schedule.seed,
                split: Split::Train,
                generation,
                member: self.optimizer.luck(member),
                lifetime,
            };
            if let Objective::CloneBackpropagation(config) = &self.schedule.objective {
                let slope = self.meta_learner.clone_backpropagation(&theta, config, &mut key.stream("clone"));
                result.rewards.push(slope.as_ref().map(|slope| -slope.loss).map_err(|r| ("learner", r.to_string())));
                result.slopes.extend(slope);
                continue;
            }
            let scenario = &self.scenarios[self.scenario_of(generation, key.member, lifetime as usize)];
            let reward = match self.optimizer.wants() {
                Wants::Gradients { truncation } => self.differentiate(&theta, scenario, &key, truncation, &mut result),
                Wants::Fitness | Wants::Unrolls(_) => self.live(&mut cast, scenario, &key, None, &mut result),
                Wants::Records => self.live(&mut cast, scenario, &key, Some(Vec::new()), &mut result),
            };
            result.rewards.push(reward.map_err(|error| (error.kind(), error.to_string())));
        }
        result
    }

    /// In which scenario a lifetime is, for members of this luck.
    fn scenario_of(&self, generation: u64, luck: u64, lifetime: usize) -> usize {
        let scenarios = self.scenarios.len() as u64;
        let dealt_out = match self.schedule.standardise {
            true => {
                let lucks = 1 + self.optimizer.luck(self.optimizer.population() - 1);
                (generation % scenarios * lucks + luck) % scenarios * self.schedule.lifetimes
            }
            false => 0,
        };
        ((dealt_out + lifetime as u64) % scenarios) as usize
    }

    /// Lives one lifetime, and says what it is worth.
    fn live(
        &self,
        cast: &mut Cast<'_>,
        scenario: &Scenario,
        key: &LifetimeKey,
        records: Option<Vec<Record>>,
        result: &mut MemberResult,
    ) -> Result<f64, LifeError> {
        let mut ledger = Ledger { steps: 0, records };
        let outcome = scenario.live(cast, key, &mut ledger, |_| {});
        result.steps += ledger.steps;
        result.records.extend(ledger.records.into_iter().flatten());
        let (own, team) = outcome.map(|outcome| (outcome.score.reward, outcome.mean_reward()))?;
        Ok(self.schedule.team_reward.of(own, team))
    }

    /// As [`Conditions::live`], and keeps the slope.
    fn differentiate(
        &self,
        theta: &[f32],
        scenario: &Scenario,
        key: &LifetimeKey,
        truncation: u64,
        result: &mut MemberResult,
    ) -> Result<f64, LifeError> {
        let Scenario::Alone(tasks) = scenario else { return Err(LifeError::Unsuited(Unable(NO_SLOPE.into()))) };
        let mut life = tasks.begin(key)?;
        let lived = self.meta_learner.differentiate(theta, &mut life, &mut key.stream("learner"), truncation);
        result.steps += life.steps();
        lived.map(|(score, slope)| {
            result.slopes.push(slope);
            score.reward
        })
    }
}

impl MetaTraining {
    fn metrics(&self, results: &[MemberResult], fitness: &[f64], before: &[f32]) -> GenerationMetrics {
        let valid: Vec<f64> = fitness.iter().copied().filter(|f| f.is_finite()).collect();
        let (mean, deviation) = (!valid.is_empty()).then(|| mean_and_deviation(&valid)).unzip();
        let mut faults = BTreeMap::new();
        let mut first_fault = None;
        for (kind, message) in results.iter().flat_map(|result| &result.rewards).filter_map(|r| r.as_ref().err()) {
            *faults.entry((*kind).to_string()).or_insert(0) += 1;
            first_fault.get_or_insert_with(|| message.clone());
        }
        let norm = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
        let theta = self.optimizer.theta();
        GenerationMetrics {
            generation: self.counters.generation,
            fitness_mean: mean,
            fitness_best: valid.iter().copied().reduce(f64::max),
            fitness_deviation: deviation,
            loss: mean_loss(results),
            valid_members: valid.len() as u64,
            members: fitness.len() as u64,
            faults,
            first_fault,
            steps: self.counters.steps,
            theta_norm: norm(&mut theta.iter().copied()),
            update_norm: norm(&mut theta.iter().zip(before).map(|(after, before)| after - before)),
            validation: None,
        }
    }

    /// Validates where the optimizer stands, and remembers it if it is the best so far. Once `stop` is set, what comes of it means
    /// nothing.
    fn validate(&mut self, stop: &AtomicBool) -> Validation {
        let make = || self.meta_learner.learner(self.optimizer.theta());
        let evaluations = self.evaluate("vsml", &make, stop);
        let against_random_play = self.schedule.standardise || !self.elsewhere.is_empty();
        if against_random_play && self.random_play.is_empty() {
            let make = || Ok(Box::<players::Random>::default() as Box<dyn Learner>);
            let random_play = self.evaluate("random", &make, stop).iter().map(|lives| self.worth(lives)).collect();
            if stop.load(Relaxed) {
                return Validation::default();
            }
            self.random_play = random_play;
        }
        let mut validation = Validation::default();
        for evaluation in &evaluations {
            let lives = evaluation.lives.len() as f64;
            let reward = mean(&rewards(evaluation));
            validation.reward.insert(evaluation.tasks.clone(), reward.is_finite().then_some(reward));
            if let Some(regret) =
                evaluation.lives.iter().map(|life| life.regret).sum::<Option<f64>>().filter(|_| lives > 0.0)
            {
                validation.regret.insert(evaluation.tasks.clone(), regret / lives);
            }
            for (kind, count) in &evaluation.faults {
                *validation.faults.entry(kind.clone()).or_insert(0) += count;
            }
        }
        let worths: Vec<Vec<f64>> = evaluations.iter().map(|evaluation| self.worth(evaluation)).collect();
        let against = worths.iter().zip(&self.random_play);
        let of_scenarios: Vec<f64> = match (self.elsewhere.is_empty(), self.schedule.standardise) {
            (true, false) => worths.iter().map(|lives| mean(lives)).collect(),
            (true, true) => against.map(|(lives, random)| in_deviations(lives, random)).collect(),
            (false, _) => against.map(|(lives, random)| probability_of_improvement(lives, random)).collect(),
        };
        // Who does not live to the end is not judged by the lives that went well.
        let sound = !validation.faults.contains_key("learner");
        validation.score = Some(mean(&of_scenarios)).filter(|score| sound && score.is_finite());
        if let Some(score) = validation.score
            && self.counters.best.is_none_or(|(_, best)| score > best)
        {
            validation.best_so_far = true;
            self.counters.best = Some((self.counters.generation, score));
            self.best_theta = self.optimizer.theta().to_vec();
        }
        validation
    }

    /// What each life is worth, as in fitness.
    fn worth(&self, evaluation: &Evaluation) -> Vec<f64> {
        let own = rewards(evaluation);
        match evaluation.teams.is_empty() {
            true => own,
            false => own
                .into_iter()
                .zip(&evaluation.teams)
                .map(|(own, team)| self.schedule.team_reward.of(own, mean(team)))
                .collect(),
        }
    }

    /// Lives of learners from `make` in every scenario of validation, on the validation split. Once `stop` is set, no further
    /// ones are made, which is every few lives.
    fn evaluate(
        &self,
        name: &str,
        make: &(dyn Fn() -> Result<Box<dyn Learner>, Unable> + Sync),
        stop: &AtomicBool,
    ) -> Vec<Evaluation> {
        let Schedule { seed, validation_lifetimes, .. } = self.schedule;
        let make = || if stop.load(Relaxed) { Err(Unable("stopped".into())) } else { make() };
        let lives = |scenario| evaluate(name, &make, scenario, Split::Validation, seed, validation_lifetimes, &|_| {});
        let scenarios = if self.elsewhere.is_empty() { &self.scenarios } else { &self.elsewhere };
        scenarios.iter().map(lives).collect()
    }

    /// All that the next generation depends on.
    pub fn archive(&self) -> Archive {
        let OptimizerState { vectors, counters } = self.optimizer.state();
        let mut archive = Archive {
            arrays: BTreeMap::new(),
            description: json!({ "training": self.counters, "optimizer": counters }),
        };
        for (name, vector) in &vectors {
            archive.insert_vector(&format!("optimizer.{name}"), vector);
        }
        if self.counters.best.is_some() {
            archive.insert_vector("best.theta", &self.best_theta);
        }
        for (generation, theta) in &self.past {
            archive.insert_vector(&format!("{EARLIER}{generation}"), theta);
        }
        if let Wants::Unrolls(_) = self.optimizer.wants() {
            self.lives.store(&mut archive);
        }
        archive
    }

    /// Takes what [`MetaTraining::archive`] gave.
    ///
    /// # Errors
    /// If something is missing or does not fit this run.
    pub fn restore(&mut self, archive: &Archive) -> Result<(), TrainingError> {
        let part = |name: &str| TrainingError::Archive(format!("its part `{name}` is missing or of another form"));
        let counters: Counters =
            serde_json::from_value(archive.description["training"].clone()).map_err(|_| part("training"))?;
        let mut state = OptimizerState {
            counters: serde_json::from_value(archive.description["optimizer"].clone())
                .map_err(|_| part("optimizer"))?,
            ..OptimizerState::default()
        };
        for (name, (_, vector)) in &archive.arrays {
            if let Some(name) = name.strip_prefix("optimizer.") {
                state.vectors.insert(name.to_string(), vector.clone());
            }
        }
        let best_theta = match (&counters.best, archive.arrays.get("best.theta")) {
            (None, _) => Vec::new(),
            (Some(_), Some((_, theta))) if theta.len() == self.optimizer.theta().len() => theta.clone(),
            _ => return Err(part("best.theta")),
        };
        let mut past = BTreeMap::new();
        for (name, (_, theta)) in &archive.arrays {
            let Some(generation) = name.strip_prefix(EARLIER) else { continue };
            let generation = generation.parse().map_err(|_| part(name))?;
            if theta.len() != self.optimizer.theta().len() {
                return Err(part(name));
            }
            past.insert(generation, theta.clone());
        }
        let lives = match self.optimizer.wants() {
            Wants::Unrolls(_) => {
                let stored = self.lives.stored(archive, counters.generation, self.optimizer.theta().len());
                stored.ok_or_else(|| part("lives"))?
            }
            _ => OngoingLives::default(),
        };
        self.optimizer.restore(&state)?;
        self.lives = lives;
        self.past = past;
        self.counters = counters;
        self.best_theta = best_theta;
        Ok(())
    }
}

/// The reward of each life.
fn rewards(evaluation: &Evaluation) -> Vec<f64> {
    evaluation.lives.iter().map(|life| life.reward).collect()
}

/// Mean and standard deviation; NaN of nothing.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let mean = mean(values);
    let squares: Vec<f64> = values.iter().map(|value| (value - mean).powi(2)).collect();
    (mean, self::mean(&squares).sqrt())
}

/// By how many standard deviations of random play's lives these are better.
fn in_deviations(lives: &[f64], random: &[f64]) -> f64 {
    let (usual, deviation) = mean_and_deviation(random);
    // Equal rewards have a deviation of rounding errors.
    let unit = if deviation > 1e-9 * usual.abs().max(1.0) { deviation } else { 1.0 };
    (mean(lives) - usual) / unit
}

/// Mean loss of all lifetimes that were differentiated.
fn mean_loss(results: &[MemberResult]) -> Option<f64> {
    let losses: Vec<f64> = results.iter().flat_map(|result| &result.slopes).map(|slope| slope.loss).collect();
    (!losses.is_empty()).then(|| losses.iter().sum::<f64>() / losses.len() as f64)
}

/// Why a team has no gradient.
const NO_SLOPE: &str = "what many learners do to each other is not differentiated: use evolution-strategies for teams";

/// A learner that has begun a life in every seat; none where the environment cannot be made, which is counted while training.
fn begin_in(
    meta_learner: &dyn MetaLearner,
    optimizer: &dyn MetaOptimizer,
    scenario: &Scenario,
    seed: u64,
) -> Result<Option<Box<dyn Learner>>, Unable> {
    let Ok(seats) = scenario.seats(seed) else { return Ok(None) };
    let mut rng = stream(seed, "trial", &[]);
    let mut learner = meta_learner.learner(optimizer.theta())?;
    for seat in &seats {
        learner.join(seat.agent, seat.agents)?;
        learner.begin(&seat.observation, &seat.action, &mut rng)?;
    }
    Ok(Some(learner))
}

/// Begins one life in every seat, to find out before hours of training whether the learner can live there; lives all of it
/// where that has to be differentiated or lived again. What an environment does wrong is no reason to refuse: that is
/// counted while training.
fn try_on(
    meta_learner: &dyn MetaLearner,
    optimizer: &dyn MetaOptimizer,
    scenario: &Scenario,
    schedule: &Schedule,
) -> Result<(), Unable> {
    let seed = schedule.seed;
    let Some(mut learner) = begin_in(meta_learner, optimizer, scenario, seed)? else { return Ok(()) };
    let mut rng = stream(seed, "trial", &[]);
    let theta = optimizer.theta();
    let make = || meta_learner.learner(theta);
    let key = LifetimeKey { seed, split: Split::Train, generation: 0, member: 0, lifetime: 0 };
    match optimizer.wants() {
        Wants::Records => {
            let mut ledger = Ledger { records: Some(Vec::new()), ..Ledger::default() };
            if let Err(LifeError::Unsuited(reason)) = scenario.live(&mut Cast::new(&make), &key, &mut ledger, |_| {}) {
                return Err(reason);
            }
            let records = ledger.records.unwrap_or_default();
            let parameters = [theta, &vec![0.0; meta_learner.critic_count()]].concat();
            records.iter().try_for_each(|record| meta_learner.relive(&parameters, &[record]).map(|_| ()))
        }
        Wants::Unrolls(_) => match scenario {
            Scenario::Alone(_) => learner.change_theta(theta),
            Scenario::Team(_) => Err(Unable(ALONE.into())),
        },
        Wants::Gradients { truncation } if schedule.objective == Objective::Life => {
            let Scenario::Alone(tasks) = scenario else { return Err(Unable(NO_SLOPE.into())) };
            let Ok(mut life) = tasks.begin(&key) else { return Ok(()) };
            match meta_learner.differentiate(theta, &mut life, &mut rng, truncation) {
                Err(LifeError::Unsuited(reason)) => Err(reason),
                _ => Ok(()),
            }
        }
        Wants::Gradients { .. } | Wants::Fitness => Ok(()),
    }
}
