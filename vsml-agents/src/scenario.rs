//! Where learners live: by themselves, or in a team.
//!
//! A scenario is a task distribution together with who else is there (Leibo et al. 2021, *Scalable Evaluation of Multi-Agent
//! Reinforcement Learning with Melting Pot*, arXiv 2107.06857, where the name is from). Meta-training and evaluation are told
//! scenarios and do not care of which kind they are, so all that holds for one learner holds for many. As a text:
//!
//! | | who plays |
//! |---|---|
//! | `CartPole-v1` | the learner, alone |
//! | `SimpleSpread-v0` | the learner in every seat: one theta, and a state of its own for each agent |
//! | `PrisonersDilemma-v0 with tit-for-tat` | the learner in a seat that is drawn anew for each life, and `tit-for-tat` in the others |
//! | `MatchingPennies-v0 as row with random` | the learner in the seat `row` |
//! | `Foraging-v0:agents=4 with itself and random` | seats after the learner's are filled in turn: itself, random, itself |
//! | `RockPaperScissors-v0 with its past` | an opponent that the learner was in an earlier generation |
//!
//! Whoever comes after `with` is a reference player or a meta-trained learner. A pool of opponents is a list of scenarios: each
//! gets its share of the lifetimes.

use crate::learner::{Learner, LifeError, LifeScore, Moment, Unable, live};
use crate::policy_gradient::{Record, Recorded};
use crate::team::live_together;
use rand::RngExt;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use vsml_envs::team::TeamTasks;
use vsml_envs::{Fault, LifetimeKey, LifetimeLength, Registry, RegistryError, Rng, Space, Split, Tasks};

/// Makes a learner that has not lived yet.
pub type Make = dyn Fn() -> Result<Box<dyn Learner>, Unable> + Send + Sync;

/// Before who fills the other seats.
const WITH: &str = " with ";
/// Before the name of the learner's seat.
const AS: &str = " as ";
/// Between those who fill the other seats.
const AND: &str = " and ";

/// Where a learner lives.
#[derive(Clone, Debug)]
pub enum Scenario {
    /// By itself.
    Alone(Tasks),
    /// In one seat of a team, or in all.
    Team(TeamScenario),
}

/// A place that may be the learner's.
pub(crate) struct Seat {
    /// Which agent it is.
    pub agent: usize,
    /// Of how many.
    pub agents: usize,
    pub observation: Space,
    pub action: Space,
}

/// A team, and who is in it.
#[derive(Clone, Debug)]
pub struct TeamScenario {
    id: String,
    tasks: TeamTasks,
    /// The learner's seat; drawn for each life if there is none.
    seat: Option<usize>,
    /// Who fills the seats after the learner's, in turn; nobody: all seats are the learner's.
    others: Vec<Companion>,
}

/// Who may sit beside a learner.
#[derive(Clone)]
enum Companion {
    /// The learner, with a state of its own.
    Itself,
    /// What the learner was in an earlier generation.
    Past,
    Player {
        name: String,
        make: Arc<Make>,
    },
}

impl fmt::Debug for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Companion::Itself => "itself",
            Companion::Past => "its past",
            Companion::Player { name, .. } => name,
        })
    }
}

/// Why a text is no scenario.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScenarioError {
    /// The environment cannot be made.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It can, but not with such a company.
    #[error("`{scenario}`: {reason}")]
    Company {
        /// As it was asked for.
        scenario: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl From<Tasks> for Scenario {
    fn from(tasks: Tasks) -> Self {
        Scenario::Alone(tasks)
    }
}

/// What a life came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The learner's score; where it has several seats, the mean over them, but for steps and episodes, which are the world's.
    pub score: LifeScore,
    /// The name of every agent and its sum of rewards; empty where the learner is alone.
    pub agents: Vec<(String, f64)>,
}

impl Outcome {
    /// Mean reward of all agents, whoever they are.
    pub fn mean_reward(&self) -> f64 {
        match self.agents.len() {
            0 => self.score.reward,
            count => self.agents.iter().map(|(_, reward)| reward).sum::<f64>() / count as f64,
        }
    }
}

/// What is kept of a life that may end before its time.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Steps of the world.
    pub steps: u64,
    /// What the learner lived in each of its seats; for those who ask.
    pub records: Option<Vec<Record>>,
}

/// Makes what the learner was in a generation that is drawn.
pub(crate) type MakePast<'a> = dyn Fn(&mut Rng) -> Result<Box<dyn Learner>, Unable> + 'a;

/// Makes learners where they are needed, and keeps them for the next life.
pub(crate) struct Cast<'a> {
    make: &'a dyn Fn() -> Result<Box<dyn Learner>, Unable>,
    /// None where there is no past: then that is the learner itself.
    past: Option<&'a MakePast<'a>>,
    resting: BTreeMap<String, Vec<Box<dyn Learner>>>,
    /// The learner itself, made once, of whom the others are siblings; it never lives.
    first: Option<Box<dyn Learner>>,
}

impl<'a> Cast<'a> {
    pub fn new(make: &'a dyn Fn() -> Result<Box<dyn Learner>, Unable>) -> Self {
        Cast { make, past: None, resting: BTreeMap::new(), first: None }
    }

    pub fn with_past(self, past: Option<&'a MakePast<'a>>) -> Self {
        Cast { past, ..self }
    }

    /// One who plays this part; `rng` draws of the past.
    fn take(&mut self, part: Option<&Companion>, rng: &mut Rng) -> Result<Box<dyn Learner>, Unable> {
        if let (Some(Companion::Past), Some(past)) = (part, self.past) {
            return past(rng);
        }
        if let Some(Companion::Player { name, make }) = part {
            return self.resting.get_mut(name).and_then(Vec::pop).map_or_else(&**make, Ok);
        }
        self.take_own()
    }

    /// One of the learner itself.
    fn take_own(&mut self) -> Result<Box<dyn Learner>, Unable> {
        if let Some(resting) = self.resting.get_mut(OWN).and_then(Vec::pop) {
            return Ok(resting);
        }
        let first = match self.first.take() {
            Some(first) => first,
            None => (self.make)()?,
        };
        match first.sibling() {
            Some(sibling) => {
                self.first = Some(first);
                Ok(sibling)
            }
            None => Ok(first),
        }
    }

    /// Keeps one for later. Whoever is of the past is not met again.
    fn give_back(&mut self, part: Option<&Companion>, learner: Box<dyn Learner>) {
        let name = match part {
            Some(Companion::Player { name, .. }) => name,
            Some(Companion::Past) if self.past.is_some() => return,
            _ => OWN,
        };
        match self.resting.get_mut(name) {
            Some(resting) => resting.push(learner),
            None => drop(self.resting.insert(name.into(), vec![learner])),
        }
    }
}

/// Under what name the learner itself rests; no player can have it.
const OWN: &str = "";

impl Scenario {
    /// The names of the players and trained learners beside the learner, in the order of the seats.
    pub fn companions(&self) -> impl Iterator<Item = &str> {
        let others = match self {
            Scenario::Alone(_) => &[][..],
            Scenario::Team(team) => &team.others,
        };
        others.iter().filter_map(|companion| match companion {
            Companion::Player { name, .. } => Some(name.as_str()),
            Companion::Itself | Companion::Past => None,
        })
    }

    /// Reads a scenario as it is written; `player` knows who may come after `with`.
    ///
    /// ```
    /// use vsml_agents::{Scenario, Unable, players};
    /// use vsml_envs::Registry;
    ///
    /// let player = |name: &str| {
    ///     let (name, _) = (name.to_string(), players::make(name).map_err(|error| error.to_string())?);
    ///     Ok::<_, String>(std::sync::Arc::new(move || players::make(&name).map_err(|error| Unable(error.to_string()))) as _)
    /// };
    /// let scenario = Scenario::parse(&Registry::builtin(), "PrisonersDilemma-v0 with tit-for-tat", &player)?;
    /// assert_eq!(scenario.id(), "PrisonersDilemma-v0 with tit-for-tat");
    /// # Ok::<(), vsml_agents::ScenarioError>(())
    /// ```
    ///
    /// # Errors
    /// What the registry says; company where there can be none; a seat or a player that there is not.
    pub fn parse(
        registry: &Registry,
        text: &str,
        player: &dyn Fn(&str) -> Result<Arc<Make>, String>,
    ) -> Result<Self, ScenarioError> {
        let (rest, others) = match text.split_once(WITH) {
            Some((rest, others)) => (rest, others.split(AND).map(str::trim).collect()),
            None => (text, Vec::new()),
        };
        let (id, seat) = rest.split_once(AS).map_or((rest, None), |(id, seat)| (id, Some(seat.trim())));
        let refuse = |reason: String| Err(ScenarioError::Company { scenario: text.trim().into(), reason });
        if !registry.is_team(id)? {
            if seat.is_some() || !others.is_empty() {
                return refuse("it is for one agent, there are no other seats to take".into());
            }
            return Ok(Scenario::Alone(registry.make(id)?));
        }
        let tasks = registry.make_team(id)?;
        let names = match tasks.sample(&probe_key(0)) {
            Ok(task) => task.agents(),
            Err(fault) => return refuse(fault.to_string()),
        };
        let seat = match seat {
            None => None,
            Some(seat) => match names.iter().position(|name| name == seat) {
                Some(_) if others.is_empty() => {
                    return refuse(format!("say who takes the other seats: `{text} with random`"));
                }
                Some(seat) => Some(seat),
                None => return refuse(format!("there is no seat `{seat}` (there are: {})", names.join(", "))),
            },
        };
        let mut companions = Vec::new();
        for name in others {
            companions.push(match name {
                "itself" => Companion::Itself,
                "its past" => Companion::Past,
                name => match player(name) {
                    Ok(make) => Companion::Player { name: name.into(), make },
                    Err(reason) => return refuse(reason),
                },
            });
        }
        Ok(Scenario::Team(TeamScenario { id: text.trim().into(), tasks, seat, others: companions }))
    }

    /// As it was asked for.
    pub fn id(&self) -> &str {
        match self {
            Scenario::Alone(tasks) => &tasks.id,
            Scenario::Team(team) => &team.id,
        }
    }

    /// How long each lifetime is.
    pub fn length(&self) -> LifetimeLength {
        match self {
            Scenario::Alone(tasks) => tasks.length,
            Scenario::Team(team) => team.tasks.length,
        }
    }

    /// Whether the learner meets what it was in earlier generations.
    pub(crate) fn wants_past(&self) -> bool {
        matches!(self, Scenario::Team(team) if team.others.iter().any(|other| matches!(other, Companion::Past)))
    }

    /// What the learner can see and do, in each seat that may be its own, in the first task under `seed`.
    ///
    /// # Errors
    /// If that task cannot be begun.
    pub(crate) fn seats(&self, seed: u64) -> Result<Vec<Seat>, Fault> {
        let key = probe_key(seed);
        Ok(match self {
            Scenario::Alone(tasks) => {
                let life = tasks.begin(&key)?;
                let (observation, action) = (life.observation_space().clone(), life.action_space().clone());
                vec![Seat { agent: 0, agents: 1, observation, action }]
            }
            Scenario::Team(team) => {
                let life = team.tasks.begin(&key)?;
                let agents = life.len();
                let seat = |agent| {
                    let (observation, action) =
                        (life.observation_space(agent).clone(), life.action_space(agent).clone());
                    Seat { agent, agents, observation, action }
                };
                team.seat.map_or(0..agents, |agent| agent..agent + 1).map(seat).collect()
            }
        })
    }

    /// Lets the learners of `cast` live the life of `key`. `watch` sees every step of the learner; in a team, of each of its
    /// seats, with rewards and regrets that are shares of the mean over them.
    ///
    /// # Errors
    /// As [`live`].
    pub(crate) fn live(
        &self,
        cast: &mut Cast<'_>,
        key: &LifetimeKey,
        ledger: &mut Ledger,
        watch: impl FnMut(&Moment),
    ) -> Result<Outcome, LifeError> {
        match self {
            Scenario::Alone(tasks) => {
                let mut learner = cast.take_own().map_err(LifeError::Unsuited)?;
                let outcome = live_alone(&mut *learner, tasks, key, ledger, watch);
                cast.give_back(None, learner);
                outcome
            }
            Scenario::Team(team) => team.live(cast, key, ledger, watch),
        }
    }
}

/// Purposes of streams.
const PAST: &str = "past";
const SEAT: &str = "seat";

/// The first life in training.
fn probe_key(seed: u64) -> LifetimeKey {
    LifetimeKey { seed, split: Split::Train, generation: 0, member: 0, lifetime: 0 }
}

fn live_alone(
    learner: &mut dyn Learner,
    tasks: &Tasks,
    key: &LifetimeKey,
    ledger: &mut Ledger,
    watch: impl FnMut(&Moment),
) -> Result<Outcome, LifeError> {
    // It may have been in a team before.
    learner.join(0, 1).map_err(LifeError::Unsuited)?;
    let mut lifetime = tasks.begin(key)?;
    let mut rng = key.stream("learner");
    let score = match &mut ledger.records {
        None => live(learner, &mut lifetime, &mut rng, watch),
        Some(records) => {
            let mut recorded = Recorded::new(learner);
            let score = live(&mut recorded, &mut lifetime, &mut rng, watch);
            records.extend(recorded.record().filter(|_| score.is_ok()));
            score
        }
    };
    ledger.steps += lifetime.steps();
    Ok(Outcome { score: score?, agents: Vec::new() })
}

impl TeamScenario {
    /// Who sits where: nobody named is the learner in its first seat.
    fn parts(&self, agents: usize, key: &LifetimeKey) -> Vec<Option<&Companion>> {
        let mut parts = vec![None; agents];
        if !self.others.is_empty() {
            let own = self.seat.unwrap_or_else(|| key.stream(SEAT).random_range(0..agents));
            for (companion, place) in self.others.iter().cycle().zip(1..agents) {
                parts[(own + place) % agents] = Some(companion);
            }
        }
        parts
    }

    fn live(
        &self,
        cast: &mut Cast<'_>,
        key: &LifetimeKey,
        ledger: &mut Ledger,
        mut watch: impl FnMut(&Moment),
    ) -> Result<Outcome, LifeError> {
        let mut lifetime = self.tasks.begin(key)?;
        let parts = self.parts(lifetime.len(), key);
        let mut rng = key.stream(PAST);
        let taken: Result<Vec<_>, Unable> = parts.iter().map(|part| cast.take(*part, &mut rng)).collect();
        let mut learners = taken.map_err(LifeError::Unsuited)?;
        let own: Vec<bool> = parts.iter().map(|part| matches!(part, None | Some(Companion::Itself))).collect();
        let share = 1.0 / own.iter().filter(|own| **own).count() as f64;
        let mut score = LifeScore::default();
        let see = |seen: &crate::team::TeamMoment| {
            if own[seen.agent] {
                let Moment { step, episode, reward, regret } = seen.moment;
                let (reward, regret) = (share * reward, regret.map(|regret| share * regret));
                score.add(reward, regret);
                watch(&Moment { step, episode, reward, regret });
            }
        };
        let lived = match &mut ledger.records {
            None => live_together(&mut learners, &mut lifetime, key, see),
            Some(records) => {
                let mut recorded: Vec<Result<Recorded<'_>, &mut dyn Learner>> = learners
                    .iter_mut()
                    .zip(&own)
                    .map(|(learner, own)| if *own { Ok(Recorded::new(&mut **learner)) } else { Err(&mut **learner) })
                    .collect();
                let seated = recorded.iter_mut().map(|seated| match seated {
                    Ok(recorded) => recorded as &mut dyn Learner,
                    Err(learner) => &mut **learner,
                });
                let lived = live_together(&mut seated.collect::<Vec<_>>(), &mut lifetime, key, see);
                let recorded = recorded.into_iter().filter_map(|seated| seated.ok()?.record());
                records.extend(recorded.filter(|_| lived.is_ok()));
                lived
            }
        };
        ledger.steps += lifetime.steps();
        parts.iter().zip(learners).for_each(|(part, learner)| cast.give_back(*part, learner));
        let names = (0..lifetime.len()).map(|agent| lifetime.name(agent).to_string());
        let agents = names.zip(lived?.iter().map(|score| score.reward)).collect();
        Ok(Outcome { score: LifeScore { steps: lifetime.steps(), episodes: lifetime.episodes(), ..score }, agents })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::players;

    fn player(name: &str) -> Result<Arc<Make>, String> {
        players::make(name).map_err(|error| error.to_string())?;
        let name = name.to_string();
        Ok(Arc::new(move || players::make(&name).map_err(|error| Unable(error.to_string()))))
    }

    fn scenario(text: &str) -> Scenario {
        Scenario::parse(&Registry::builtin(), text, &player).unwrap()
    }

    fn key(lifetime: u64) -> LifetimeKey {
        LifetimeKey { lifetime, ..probe_key(1) }
    }

    /// What lives of a scenario come to, if `name` is the learner.
    fn lived(name: &str, text: &str, lives: u64) -> Vec<Outcome> {
        let make = || players::make(name).map_err(|error| Unable(error.to_string()));
        let (scenario, mut cast) = (scenario(text), Cast::new(&make));
        (0..lives).map(|life| scenario.live(&mut cast, &key(life), &mut Ledger::default(), |_| {}).unwrap()).collect()
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (text, words) in [
            ("CartPole-v1 with random", "for one agent"),
            ("PrisonersDilemma-v0 with tit-for-tit", "tit-for-tat"),
            ("PrisonersDilemma-v0 as left with random", "there are: row, column"),
            ("PrisonersDilemma-v0 as row", "say who takes the other seats"),
            ("PrisonersDilema-v0", "did you mean `PrisonersDilemma-v0`?"),
            ("PrisonersDilemma-v0 with random and ", "unknown player"),
        ] {
            let error = Scenario::parse(&Registry::builtin(), text, &player).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn everybody_sits_where_the_text_says() {
        let seats = |text: &str| -> Vec<Vec<String>> {
            let Scenario::Team(team) = scenario(text) else { panic!("{text} is no team") };
            let part = |part: Option<&Companion>| part.map_or("learner".into(), |part| format!("{part:?}"));
            (0..20).map(|life| team.parts(4, &key(life)).into_iter().map(part).collect()).collect()
        };
        assert!(seats("Foraging-v0:agents=4").iter().all(|seats| seats.iter().all(|seat| seat == "learner")));
        let around = seats("Foraging-v0:agents=4 with itself and random");
        let expected = ["learner", "itself", "random", "itself"];
        let turned = |first: usize| -> Vec<String> { (0..4).map(|i| expected[(i + first) % 4].to_string()).collect() };
        let mut met: Vec<usize> =
            around.iter().map(|seats| (0..4).find(|first| turned(*first) == *seats).unwrap()).collect();
        met.sort_unstable();
        met.dedup();
        assert_eq!(met, [0, 1, 2, 3], "every seat is the learner's now and then");
    }

    /// Betrays wherever it sits, and tells where that was.
    struct Seated {
        seat: (usize, usize),
        told: Arc<std::sync::Mutex<Vec<(usize, usize)>>>,
    }

    impl Learner for Seated {
        fn join(&mut self, agent: usize, agents: usize) -> Result<(), Unable> {
            self.seat = (agent, agents);
            Ok(())
        }
        fn begin(&mut self, _: &Space, _: &Space, _: &mut Rng) -> Result<(), Unable> {
            self.told.lock().unwrap().push(self.seat);
            Ok(())
        }
        fn act(&mut self, _: &vsml_envs::Percept<'_>, _: &mut Rng) -> Result<vsml_envs::Action<'_>, Unable> {
            Ok(vsml_envs::Action::Discrete(0))
        }
        fn feedback(&mut self, _: &vsml_envs::Feedback) {}
    }

    #[test]
    fn who_was_in_a_team_is_alone_again_afterwards() {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let make = || Ok(Box::new(Seated { seat: (9, 9), told: told.clone() }) as Box<dyn Learner>);
        let mut cast = Cast::new(&make);
        for text in ["CartPole-v1:steps=2", "Chicken-v0:steps=2", "CartPole-v1:steps=2"] {
            scenario(text).live(&mut cast, &key(0), &mut Ledger::default(), |_| {}).unwrap();
        }
        assert_eq!(*told.lock().unwrap(), [(0, 1), (0, 2), (1, 2), (0, 1)]);
    }

    #[test]
    fn rewards_are_the_learners_and_everybodys() {
        // Who betrays one that never does gets 0 a step, the other -3.
        for outcome in lived("always:arm=1", "PrisonersDilemma-v0:steps=10 with always:arm=0", 10) {
            assert_eq!((outcome.score.reward, outcome.mean_reward()), (0.0, -15.0), "{outcome:?}");
            assert_eq!((outcome.score.steps, outcome.agents.len()), (10, 2));
        }
        // Both seats are its own.
        for outcome in lived("always:arm=1", "PrisonersDilemma-v0:steps=10", 3) {
            assert_eq!((outcome.score.reward, outcome.mean_reward()), (-20.0, -20.0));
        }
        // In a seat that is named, it is always the same one.
        for outcome in lived("always:arm=1", "PrisonersDilemma-v0:steps=10 as column with always:arm=0", 5) {
            assert_eq!(outcome.agents, [("row".into(), -30.0), ("column".into(), 0.0)]);
        }
    }

    #[test]
    fn what_is_watched_adds_up_to_the_score_and_records_are_of_the_learner_alone() {
        let make = || players::make("random").map_err(|error| Unable(error.to_string()));
        let random = "Foraging-v0:agents=4 with itself and random";
        for (text, records) in [(random, None), ("Chicken-v0", Some(2)), ("Chicken-v0 with always:arm=0", Some(1))] {
            let (scenario, mut watched) = (scenario(text), 0.0);
            let mut ledger = Ledger { records: records.map(|_| Vec::new()), ..Ledger::default() };
            let outcome =
                scenario.live(&mut Cast::new(&make), &key(0), &mut ledger, |moment| watched += moment.reward).unwrap();
            assert!((watched - outcome.score.reward).abs() < 1e-9, "{text}");
            assert_eq!((ledger.steps, ledger.records.map(|r| r.len())), (outcome.score.steps, records));
        }
    }
}
