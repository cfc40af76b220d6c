//! Worlds of several agents: all ids, lifetimes, and that one agent is a team of one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use vsml_envs::check::Options;
use vsml_envs::team::check::{check_team, check_team_distribution};
use vsml_envs::team::{Alone, Observations, Sole, TeamEnvironment, TeamLifetime};
use vsml_envs::{
    Action, Lifetime, LifetimeKey, LifetimeLength, OwnedAction, Registry, Rng, Space, Split, Step, stream,
};

fn key(lifetime: u64) -> LifetimeKey {
    LifetimeKey { seed: 5, split: Split::Test, generation: 0, member: 0, lifetime }
}

#[test]
fn every_id_is_clean_at_every_seat() {
    let registry = Registry::builtin();
    assert!(registry.list_teams().len() >= 7);
    for listing in registry.list_teams() {
        let options = Options { may_be_one_task: true, ..Options::default() };
        check_team(&registry.make_team(&listing.id).unwrap(), &options).assert_clean();
    }
}

/// The bits of what each agent saw and was paid in a step; nothing for those who were not there.
type Told = (Vec<Option<Vec<u32>>>, Vec<Option<u64>>);

/// All that is told to agents who act at random.
fn lived(life: &mut TeamLifetime, luck: u64) -> Vec<Told> {
    let mut rng = stream(luck, "players", &[]);
    let mut told = Vec::new();
    while !life.is_over() {
        let seen = |agent: usize| life.percept(agent).map(|p| p.observation.iter().map(|x| x.to_bits()).collect());
        let seen: Vec<Option<Vec<u32>>> = (0..life.len()).map(seen).collect();
        let actions: Vec<Option<OwnedAction>> = (0..life.len())
            .map(|agent| life.percept(agent).is_some().then(|| life.action_space(agent).sample(&mut rng)))
            .collect();
        let actions: Vec<_> = actions.iter().map(|action| action.as_ref().map(OwnedAction::borrow)).collect();
        let feedback = life.step(&actions).unwrap();
        told.push((seen, feedback.iter().map(|f| f.map(|f| f.reward.to_bits())).collect()));
    }
    told
}

#[test]
fn equal_keys_live_equal_lives_alone_or_side_by_side_and_in_any_thread() {
    let registry = Registry::builtin();
    for listing in registry.list_teams() {
        let tasks = registry.make_team(&listing.id).unwrap();
        let alone = lived(&mut tasks.begin(&key(0)).unwrap(), 1);
        let (mut twin, mut other) = (tasks.begin(&key(0)).unwrap(), tasks.begin(&key(1)).unwrap());
        let elsewhere = std::thread::scope(|scope| {
            let other = scope.spawn(move || lived(&mut other, 1));
            let twin = scope.spawn(move || lived(&mut twin, 1));
            (twin.join().unwrap(), other.join().unwrap())
        });
        assert_eq!(alone, elsewhere.0, "{}", listing.id);
        let clone =
            TeamLifetime::begin(tasks.sample(&key(0)).unwrap().clone(), tasks.length, key(0).stream("environment"));
        assert_eq!(alone, lived(&mut clone.unwrap(), 1), "{}", listing.id);
    }
}

#[test]
fn one_agent_is_a_team_of_one_and_back_without_loss() {
    let registry = Registry::builtin();
    for id in ["CartPole-v1", "BernoulliBandit-v0", "FrozenLake-v1", "Digits-v0", "Pendulum-v1", "RandomMdp-v0"] {
        let tasks = registry.make(id).unwrap();
        let environment = || tasks.sample(&key(0)).unwrap();
        let begin =
            |environment| Lifetime::begin(environment, LifetimeLength::Steps(300), key(0).stream("environment"));
        let mut single = begin(environment()).unwrap();
        let mut back = begin(Box::new(Sole::new(Box::new(Alone(environment()))).ok().unwrap())).unwrap();
        let mut team = registry.make_team(&format!("{id}:steps=300")).unwrap().begin(&key(0)).unwrap();
        assert_eq!((team.len(), team.name(0)), (1, "agent"));
        assert_eq!(single.observation_space(), team.observation_space(0));
        assert_eq!(single.action_space(), back.action_space());
        assert_eq!(single.expected_rewards().unwrap(), back.expected_rewards().unwrap());
        assert_eq!(single.table().unwrap(), back.table().unwrap());
        let mut rng = stream(2, "players", &[]);
        while !single.is_over() {
            let percept = team.percept(0).unwrap();
            assert_eq!(single.percept().observation, percept.observation);
            assert_eq!(single.percept().observation, back.percept().observation);
            assert_eq!(single.percept().episode_begins, percept.episode_begins);
            let action = single.action_space().sample(&mut rng);
            let told = single.step(action.borrow()).unwrap();
            assert_eq!(told, back.step(action.borrow()).unwrap());
            assert_eq!(Some(told), team.step(&[Some(action.borrow())]).unwrap()[0]);
        }
        assert!(team.is_over() && back.is_over());
    }
}

/// Agent `i` lives `2 + i` steps; does something wrong at the third step.
#[derive(Clone)]
struct Leaving {
    agents: Vec<&'static str>,
    step: usize,
    misdeed: &'static str,
}

fn leaving(misdeed: &'static str) -> Leaving {
    Leaving { agents: vec!["first", "second", "third"], step: 0, misdeed }
}

impl TeamEnvironment for Leaving {
    fn agents(&self) -> Vec<String> {
        let grown = self.misdeed == "roster" && self.step > 2;
        self.agents.iter().map(|name| format!("{name}{}", if grown { "'" } else { "" })).collect()
    }
    fn observation_space(&self, _: usize) -> Space {
        Space::uniform_box(0.0, if self.misdeed == "spaces" && self.step > 2 { 20.0 } else { 10.0 }, 1)
    }
    fn action_space(&self, agent: usize) -> Space {
        Space::discrete(if self.misdeed == "actions" && agent == 1 { 0 } else { 2 })
    }
    fn reset(&mut self, _: &mut Rng, observations: &mut Observations) {
        self.step = 0;
        observations.iter_mut().for_each(|observation| observation[0] = 0.0);
    }
    fn step(&mut self, _: &[Option<Action<'_>>], _: &mut Rng, observations: &mut Observations, steps: &mut [Step]) {
        self.step += 1;
        let wrong = self.step == 3;
        for (agent, (observation, step)) in observations.iter_mut().zip(steps).enumerate() {
            observation[0] = self.step as f32;
            *step = Step { terminated: self.step >= 2 + agent, ..Step::going_on(1.0) };
            // The first has gone by then: what is written for it does not matter.
            match self.misdeed {
                "reward" if wrong && agent != 1 => step.reward = f64::NAN,
                "observation" if wrong && agent != 1 => observation[0] = f32::NAN,
                "outside" if wrong && agent == 2 => observation[0] = 11.0,
                "length" if wrong && agent == 2 => *observation = vec![0.0; 2].into(),
                _ => {}
            }
        }
    }
}

fn begin(misdeed: &'static str, length: LifetimeLength) -> Result<TeamLifetime, vsml_envs::Fault> {
    TeamLifetime::begin(Box::new(leaving(misdeed)), length, stream(1, "leaving", &[]))
}

#[test]
fn who_has_come_to_the_end_waits_for_the_others() {
    let mut life = begin("", LifetimeLength::Episodes(2)).unwrap();
    let act = Some(Action::Discrete(0));
    for _ in 0..2 {
        for expected in [[true, true, true], [true, true, true], [false, true, true], [false, false, true]] {
            assert_eq!([0, 1, 2].map(|agent| life.percept(agent).is_some()), expected);
            let actions = expected.map(|alive| act.filter(|_| alive));
            let told = life.step(&actions).unwrap();
            assert_eq!([0, 1, 2].map(|agent| told[agent].is_some()), expected);
        }
    }
    assert!(life.is_over() && life.episodes() == 2 && life.steps() == 8);

    let mut life = begin("", LifetimeLength::Steps(9)).unwrap();
    let fault = life.step(&[act, None, act]).unwrap_err().to_string();
    assert_eq!(fault, "second: the action none is not in the action space");
    let mut life = begin("", LifetimeLength::Steps(9)).unwrap();
    (0..2).for_each(|_| drop(life.step(&[act; 3]).unwrap().to_vec()));
    assert_eq!(life.step(&[act; 3]).unwrap_err().kind(), "action", "the first has gone");
}

#[test]
fn what_is_wrong_names_the_agent() {
    let act = Some(Action::Discrete(0));
    for (misdeed, complaint) in [
        ("reward", "third: the reward is NaN"),
        ("observation", "third: observation[0] is NaN after step"),
        ("length", "third: the observation has 2 numbers after step, not 1"),
    ] {
        let mut life = begin(misdeed, LifetimeLength::Steps(9)).unwrap();
        (0..2).for_each(|_| drop(life.step(&[act; 3]).unwrap().to_vec()));
        assert_eq!(life.step(&[None, act, act]).unwrap_err().to_string(), complaint);
    }
    let fault = begin("actions", LifetimeLength::Steps(9)).err().unwrap().to_string();
    assert!(fault.starts_with("second: action space: Discrete space with n = 0"), "{fault}");
    let twins = Leaving { agents: vec!["same", "same"], ..leaving("") };
    let fault = TeamLifetime::begin(Box::new(twins), LifetimeLength::Steps(9), stream(1, "leaving", &[]));
    assert!(fault.err().unwrap().to_string().contains("all of different names"));
}

#[test]
fn the_checker_finds_what_only_a_team_can_do_wrong() {
    for (misdeed, complaint) in [
        ("roster", "a roster never changes"),
        ("spaces", "spaces have changed"),
        ("outside", "third sees [11.0]"),
        ("reward", "third: the reward is NaN"),
        ("length", "2 numbers after step"),
    ] {
        let report = check_team_distribution(move |_: &mut Rng| leaving(misdeed));
        let fault = report.fault.clone().unwrap_or_default();
        assert!(fault.contains(complaint), "{misdeed}: {report}");
    }
    // At the seats it is the checks of environments: this one's tasks are all the same, and nothing depends on actions.
    let report = check_team_distribution(|_: &mut Rng| leaving(""));
    assert_eq!((report.fault.clone(), report.seats.len()), (None, 3));
    assert!(report.seats.iter().all(|seat| !seat.findings.is_empty() && seat.errors().next().is_none()), "{report}");
}

#[test]
fn a_seat_is_an_environment_by_id() {
    let registry = Registry::builtin();
    let tasks = registry.make("MatchingPennies-v0:seat=column,permute_actions=true,steps=50").unwrap();
    let mut life = tasks.begin(&key(0)).unwrap();
    let mut wins = 0.0f64;
    while !life.is_over() {
        wins += life.step(Action::Discrete(0)).unwrap().reward;
    }
    assert!(wins.abs() < 30.0, "the other one plays at random");

    let error = registry.make("MatchingPennies-v0").unwrap_err().to_string();
    assert!(error.contains("it is for a team (row, column): `seat=row` makes it"), "{error}");
    let error = registry.make("MatchingPennies-v0:seat=middle").unwrap_err().to_string();
    assert!(error.contains("there is no seat `middle`; there is: row, column"), "{error}");
    let error = registry.make("CartPole-v1:seat=row").unwrap_err().to_string();
    assert!(error.contains("has no parameter `seat`"), "{error}");
    let error = registry.make_team("Chicken-v0:noise_observations=1").unwrap_err().to_string();
    assert!(error.contains("`noise_observations` is not for teams; what is: steps"), "{error}");
    let error = registry.make_team("Chicken-v0:payoffs=1 2; 3").unwrap_err().to_string();
    assert!(error.contains("`payoffs`") && error.contains("row 2 has 1 columns"), "{error}");
}

#[test]
fn wrappers_serve_teams() {
    let registry = Registry::builtin();
    let mut life =
        registry.make_team("StagHunt-v0:time_limit=3,episodes=2,scale_reward=10").unwrap().begin(&key(0)).unwrap();
    let stag = Some(Action::Discrete(0));
    let mut ends = Vec::new();
    while !life.is_over() {
        let told = life.step(&[stag, stag]).unwrap()[1].unwrap();
        assert_eq!(told.reward, 40.0);
        ends.push((told.terminated, told.truncated));
    }
    assert_eq!(ends, [(false, false), (false, false), (false, true)].repeat(2));

    // Actions and observations in orders of their own: what both get for the same actions differs from task to task.
    let shuffled = registry.make_team("StagHunt-v0:permute_actions=true,permute_observations=true").unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for lifetime in 0..40 {
        let mut life = shuffled.begin(&key(lifetime)).unwrap();
        let told = life.step(&[stag, stag]).unwrap().to_vec();
        seen.insert(told.iter().map(|f| f.unwrap().reward as i64).collect::<Vec<_>>());
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn every_id_is_pinned_at_a_seat() {
    let pinned = include_str!("variants/team.txt");
    for listing in Registry::builtin().list_teams() {
        assert!(pinned.contains(&format!(" {}:seat=", listing.id)), "{} is not in tests/variants/team.txt", listing.id);
    }
}
