//! What is wrong with a world of several agents, by name.
//!
//! For each of its agents a team is an environment, its [`Seat`], so whatever [`check`](crate::check) finds in environments it
//! finds there too. What only a team can do wrong is looked for here: names that are not distinct, a roster that changes,
//! agents that are answered nonsense. One line in a test of your own does it:
//!
//! ```
//! use vsml_envs::team::check::check_team_distribution;
//! use vsml_envs::team::matrix_game::MatrixGame;
//! use vsml_envs::{Rng, rand::RngExt};
//!
//! let games = |rng: &mut Rng| {
//!     let good = rng.random::<f64>();
//!     MatrixGame::new(format!("{good}/{good} 0/1; 1/0 0.1/0.1").parse().unwrap())
//! };
//! check_team_distribution(games).assert_clean();
//! ```

use super::{Seat, TeamDistribution, TeamLifetime, TeamTasks};
use crate::check::{Options, Report, check};
use crate::{Environment, Fault, LifetimeLength, OwnedAction, Rng, Space, TaskDistribution, Tasks, stream};
use std::fmt;
use std::sync::Arc;

/// What was found: of the team, and at each of its seats.
#[derive(Clone, Debug)]
#[must_use = "a report says what is wrong: look at it, or call `assert_clean`"]
pub struct TeamReport {
    /// The id with its parameters.
    pub id: String,
    /// What is wrong with the team as such, at most one thing: what comes later may come of it.
    pub fault: Option<String>,
    /// The report of each seat, by the agent's name in its id; none where something is wrong with the team as such.
    pub seats: Vec<Report>,
}

impl TeamReport {
    /// For tests: accepts neither errors nor warnings.
    ///
    /// # Panics
    /// If anything was found, with the whole list.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.fault.is_none(), "{self}");
        self.seats.iter().for_each(Report::assert_clean);
    }
}

impl fmt::Display for TeamReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fault) = &self.fault {
            writeln!(f, "{}: {fault}", self.id)?;
        }
        self.seats.iter().try_for_each(|seat| writeln!(f, "{seat}"))
    }
}

/// Looks for everything that can be wrong with a team, and at each seat for everything that can be wrong with an environment.
pub fn check_team(tasks: &TeamTasks, options: &Options) -> TeamReport {
    let fault = (0..options.tasks).find_map(|task| play(tasks, options, task).err());
    let mut report = TeamReport { id: tasks.id.clone(), fault, seats: Vec::new() };
    if report.fault.is_some() {
        return report;
    }
    for (agent, name) in
        tasks.distribution.sample(&mut stream(options.seed, "check/team", &[0])).agents().iter().enumerate()
    {
        let distribution: Arc<dyn TaskDistribution> = Arc::new(At { tasks: tasks.clone(), agent });
        let seat = Tasks { id: format!("{}, seat {name}", tasks.id), length: tasks.length, distribution };
        report.seats.push(check(&seat, options));
    }
    report
}

/// Checks a distribution that has no id, in lifetimes counted in steps, with the usual options.
pub fn check_team_distribution(distribution: impl TeamDistribution + 'static) -> TeamReport {
    let id = std::any::type_name_of_val(&distribution).to_string();
    let tasks = TeamTasks { id, length: LifetimeLength::Steps(1000), distribution: Arc::new(distribution) };
    check_team(&tasks, &Options::default())
}

/// The tasks of one seat.
struct At {
    tasks: TeamTasks,
    agent: usize,
}

impl TaskDistribution for At {
    fn sample(&self, rng: &mut Rng) -> Box<dyn Environment> {
        Box::new(Seat::new(self.tasks.distribution.sample(rng), self.agent))
    }
}

/// A life of random players, in which nothing may go wrong.
fn play(tasks: &TeamTasks, options: &Options, task: u64) -> Result<(), String> {
    let fault = |fault: Fault| format!("task {task}: {fault}");
    let environment = tasks.distribution.sample(&mut stream(options.seed, "check/team", &[task]));
    let (roster, mut rng) = (environment.agents(), stream(options.seed, "check/team/players", &[task]));
    let spaces = |of: &dyn super::TeamEnvironment| -> Vec<[Space; 2]> {
        (0..roster.len()).map(|agent| [of.observation_space(agent), of.action_space(agent)]).collect()
    };
    let before = spaces(&*environment);
    let life = stream(options.seed, "check/team/life", &[task]);
    let mut life = TeamLifetime::begin(environment, LifetimeLength::Steps(options.steps), life).map_err(fault)?;
    while !life.is_over() {
        for agent in 0..life.len() {
            let seen = life.percept(agent).map(|percept| percept.observation);
            if let Some(seen) = seen.filter(|seen| !life.observation_space(agent).contains_flat(seen)) {
                let name = life.name(agent);
                return Err(format!("task {task}: {name} sees {seen:?}, which is not in its observation space"));
            }
        }
        let actions: Vec<Option<OwnedAction>> = (0..life.len())
            .map(|agent| life.percept(agent).is_some().then(|| life.action_space(agent).sample(&mut rng)))
            .collect();
        let borrowed: Vec<_> = actions.iter().map(|action| action.as_ref().map(OwnedAction::borrow)).collect();
        life.step(&borrowed).map_err(fault)?;
        let now = life.environment().agents();
        if now != roster {
            return Err(format!("task {task}: the agents were {roster:?} and are now {now:?}: a roster never changes"));
        }
    }
    if spaces(life.environment()) != before {
        return Err(format!(
            "task {task}: an agent's spaces have changed: they stay the same for the value's whole life"
        ));
    }
    Ok(())
}
