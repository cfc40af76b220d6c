//! Environments side by side answer what each would answer alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod trajectory;

use trajectory::{key, tasks, variants};
use vsml_envs::vector::{Actions, Autoreset, VectorEnvironment, VectorError};
use vsml_envs::{
    Action, Environment, Fault, LifetimeKey, LifetimeLength, OwnedAction, Registry, Rng, Space, Step, TaskDistribution,
    Tasks,
};

/// One environment, stepped and reset by hand.
struct Alone {
    environment: Box<dyn Environment>,
    rng: Rng,
    observation: Vec<f32>,
    step: Step,
    ended: bool,
    last: Option<Vec<f32>>,
}

impl Alone {
    fn begin(tasks: &Tasks, key: &LifetimeKey) -> Self {
        let mut environment = tasks.distribution.sample(&mut key.stream("task"));
        let mut rng = key.stream("environment");
        let mut observation = vec![0.0; environment.observation_space().flat_len()];
        environment.reset(&mut rng, &mut observation);
        Alone { environment, rng, observation, step: Step::going_on(0.0), ended: false, last: None }
    }

    fn step(&mut self, action: Action<'_>, autoreset: Autoreset) {
        self.last = None;
        if self.ended {
            assert_ne!(autoreset, Autoreset::SameStep);
            self.environment.reset(&mut self.rng, &mut self.observation);
            self.ended = false;
            if autoreset == Autoreset::NextStep {
                self.step = Step::going_on(0.0);
                return;
            }
        }
        self.step = self.environment.step(action, &mut self.rng, &mut self.observation);
        if self.step.ended() {
            self.last = Some(self.observation.clone());
            self.ended = autoreset != Autoreset::SameStep;
            if autoreset == Autoreset::SameStep {
                self.environment.reset(&mut self.rng, &mut self.observation);
            }
        }
    }
}

/// Many actions in the form of one.
fn joined(actions: &[OwnedAction]) -> (Vec<usize>, Vec<f32>, Vec<bool>) {
    let (mut indices, mut numbers, mut bits) = (Vec::new(), Vec::new(), Vec::new());
    for action in actions {
        match action {
            OwnedAction::Discrete(index) => indices.push(*index),
            OwnedAction::Continuous(more) => numbers.extend(more),
            OwnedAction::MultiDiscrete(more) => indices.extend(more),
            OwnedAction::MultiBinary(more) => bits.extend(more),
        }
    }
    (indices, numbers, bits)
}

/// Steps `count` environments of `tasks` side by side and alone, and compares all that can be seen. How many episodes came
/// to their natural end, and how many were cut off.
fn compare(spec: &str, tasks: &Tasks, count: u64, steps: u64, autoreset: Autoreset) -> [usize; 2] {
    let keys: Vec<LifetimeKey> = (0..count).map(|i| key(7, i)).collect();
    let mut vector = tasks.vector(&keys, autoreset).unwrap();
    let mut alone: Vec<Alone> = keys.iter().map(|key| Alone::begin(tasks, key)).collect();
    let mut players: Vec<Rng> = keys.iter().map(|key| key.stream("player")).collect();
    let space = vector.action_space().clone();
    let mut ends = [0, 0];
    for step in 0..steps {
        // Tasks may differ in the bounds of their actions.
        let own = players.iter_mut().zip(&alone);
        let actions: Vec<OwnedAction> =
            own.map(|(player, alone)| alone.environment.action_space().sample(player)).collect();
        let (indices, numbers, bits) = joined(&actions);
        if autoreset == Autoreset::Disabled {
            let ended: Vec<bool> = alone.iter().map(|alone| alone.ended).collect();
            vector.reset_where(&ended).unwrap();
        }
        let actions_together = match space {
            Space::Discrete { .. } => Actions::Discrete(&indices),
            Space::Box { .. } => Actions::Continuous(&numbers),
            Space::MultiDiscrete { .. } => Actions::MultiDiscrete(&indices),
            Space::MultiBinary { .. } => Actions::MultiBinary(&bits),
        };
        vector.step(actions_together).unwrap();
        let len = vector.observation_space().flat_len();
        for (i, alone) in alone.iter_mut().enumerate() {
            alone.step(actions[i].borrow(), autoreset);
            let place = format!("{spec}, {autoreset:?}, environment {i}, step {step}");
            let observation = &vector.observations()[i * len..(i + 1) * len];
            assert_eq!(observation, alone.observation, "{place}");
            let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<u32>>();
            assert_eq!(bits(observation), bits(&alone.observation), "{place}");
            let together = Step {
                reward: vector.rewards()[i],
                terminated: vector.terminated()[i],
                truncated: vector.truncated()[i],
            };
            assert_eq!(together, alone.step, "{place}");
            assert_eq!(together.reward.to_bits(), alone.step.reward.to_bits(), "{place}");
            assert_eq!(vector.final_observation(i), alone.last.as_deref(), "{place}");
            ends[0] += usize::from(together.terminated);
            ends[1] += usize::from(together.truncated);
        }
    }
    ends
}

const ALL: [Autoreset; 3] = [Autoreset::NextStep, Autoreset::SameStep, Autoreset::Disabled];

#[test]
fn every_variant_side_by_side_is_as_alone() {
    for (_, spec) in variants() {
        for autoreset in ALL {
            compare(&spec, &tasks(&spec, 100), 5, 60, autoreset);
        }
    }
}

#[test]
fn many_environments_on_any_number_of_threads_are_as_alone() {
    // 1,100 are more than are handed to a thread at once, and no multiple of what is stepped at once.
    for (spec, terminated, truncated) in [
        ("CartPoleVaried-v0:max_episode_steps=30", true, true),
        ("CartPoleSwingUp-v0:max_episode_steps=30,length=0.1..2,position_limit=0.1..1", true, true),
        ("MountainCarVaried-v0:max_episode_steps=30,force=0.01..0.1", true, true),
        ("MountainCarContinuousVaried-v0:max_episode_steps=30,power=0.01..0.1", true, true),
        ("PendulumVaried-v0:max_episode_steps=30", false, true),
        ("AcrobotVaried-v0:max_episode_steps=30,torque=1..9", true, true),
        ("BernoulliBandit-v0:arms=3", false, false),
        ("GaussianBandit-v0:noise=0..2", false, false),
        ("HeartsAndTraps-v0:time_limit=9", false, true),
    ] {
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let ends = pool.install(|| compare(spec, &tasks(spec, 100), 1100, 70, Autoreset::SameStep));
            assert_eq!(ends.map(|ends| ends > 0), [terminated, truncated], "{spec} did not end as it was to: {ends:?}");
        }
    }
}

#[test]
fn what_hardly_ever_happens_is_as_alone() {
    // Angles that the usual series do not reach, in some of the environments; angles turned back by many turns.
    for spec in [
        "CartPoleSwingUp-v0:length=1e-9..1e-5,masspole=1e-9,position_limit=1e30",
        "MountainCar-v0:min_position=-1e9,max_position=1e9,goal_position=9e8,max_speed=1e8,gravity=1..1e7",
        "MountainCarContinuous-v0:min_position=-1e9,max_position=1e9,goal_position=9e8,max_speed=1e8,gravity=1..1e7",
        "Pendulum-v1:tau=0.05..1e4,max_speed=1..100",
        "Acrobot-v1:tau=0.2..500,torque=1..1e6",
        "Acrobot-v1:equations=nips,tau=0.2..500",
    ] {
        for autoreset in ALL {
            compare(spec, &tasks(spec, 100), 70, 50, autoreset);
        }
    }
}

/// Terminates every third step; panics in the fifth if it is the one that does. Actions go up to `reach`.
#[derive(Clone)]
struct Thirds {
    step: u32,
    panics: bool,
    reach: f32,
}

impl Environment for Thirds {
    fn observation_space(&self) -> Space {
        Space::uniform_box(0.0, 100.0, 1)
    }
    fn action_space(&self) -> Space {
        Space::uniform_box(-self.reach, self.reach, 2)
    }
    fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
        observation[0] = self.step as f32;
    }
    fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
        self.step += 1;
        assert!(!(self.panics && self.step == 5), "five");
        observation[0] = self.step as f32;
        Step { reward: f64::from(action.numbers()[1]), terminated: self.step.is_multiple_of(3), truncated: false }
    }
}

fn vector(count: usize, panics: Option<usize>, autoreset: Autoreset) -> VectorEnvironment {
    let environments =
        (0..count).map(|i| Thirds { step: 0, panics: panics == Some(i), reach: 1.0 + i as f32 }).collect();
    let rngs = (0..count).map(|i| vsml_envs::stream(0, "vector", &[i as u64])).collect();
    VectorEnvironment::new(Box::new(vsml_envs::vector::Environments::new(environments)), rngs, autoreset).unwrap()
}

#[test]
fn the_three_modes_differ_in_when_they_reset() {
    let lived = |autoreset| {
        let mut two = vector(2, None, autoreset);
        let mut seen = Vec::new();
        for _ in 0..5 {
            if two.terminated()[0] && autoreset == Autoreset::Disabled {
                assert_eq!(two.step(Actions::Continuous(&[0.0; 4])), Err(VectorError::Ended(0)));
                two.reset_where(&[true, false]).unwrap();
                assert_eq!(two.begins(), [true, false]);
                assert!(
                    two.final_observation(0).is_none() && two.final_observation(1).is_some(),
                    "what is gone is gone"
                );
                two.reset_where(&[false, true]).unwrap();
                assert_eq!(two.begins(), [true, true]);
            }
            two.step(Actions::Continuous(&[0.0, 1.0, 0.0, 1.0])).unwrap();
            let last = two.final_observation(1).map(|last| last[0]);
            seen.push((two.observations()[1], two.rewards()[1], two.terminated()[1], two.begins()[1], last));
        }
        seen
    };
    let next_step = [
        (1.0, 1.0, false, false, None),
        (2.0, 1.0, false, false, None),
        (3.0, 1.0, true, false, Some(3.0)),
        (3.0, 0.0, false, true, None),
        (4.0, 1.0, false, false, None),
    ];
    assert_eq!(lived(Autoreset::NextStep), next_step);
    let mut same_step = next_step;
    same_step[2] = (3.0, 1.0, true, true, Some(3.0));
    same_step[3] = (4.0, 1.0, false, false, None);
    same_step[4] = (5.0, 1.0, false, false, None);
    assert_eq!(lived(Autoreset::SameStep), same_step);
    let mut disabled = same_step;
    disabled[2].3 = false;
    assert_eq!(lived(Autoreset::Disabled), disabled);
}

#[test]
fn faults_name_the_environment() {
    vsml_envs::quiet_environment_panics();
    for count in [5, 500] {
        let mut many = vector(count, Some(4), Autoreset::SameStep);
        let actions = vec![0.5; 2 * count];
        (0..4).for_each(|_| many.step(Actions::Continuous(&actions)).unwrap());
        match many.step(Actions::Continuous(&actions)) {
            Err(VectorError::Fault { index: 4, fault: Fault::Panic { message, .. } }) => {
                assert!(message.contains("five"))
            }
            other => panic!("{other:?}"),
        }
    }
    let mut two = vector(2, None, Autoreset::SameStep);
    two.step(Actions::Continuous(&[1.0, 0.0, 0.0, 2.0])).unwrap();
    let error = two.step(Actions::Continuous(&[2.0, 0.0, 0.0, 0.0])).unwrap_err().to_string();
    assert!(error.contains("environment 0") && error.contains("not in the action space"), "{error}");
    let error = two.step(Actions::Continuous(&[0.0, 0.0, 0.0, 7.0])).unwrap_err().to_string();
    assert!(error.contains("environment 1") && error.contains("not in the action space"), "{error}");
    let error = two.step(Actions::Continuous(&[0.0; 3])).unwrap_err().to_string();
    assert!(error.contains("3 numbers"), "{error}");
    let error = two.step(Actions::Discrete(&[0, 0])).unwrap_err().to_string();
    assert!(error.contains("2 numbers in discrete actions for 2 environments with Box"), "{error}");
    two.step(Actions::Continuous(&[f32::NAN; 4])).unwrap_err();
}

#[test]
fn what_cannot_stand_side_by_side_is_refused() {
    let make = |spec: &str| Registry::builtin().make(spec).unwrap();
    assert_eq!(make("CartPole-v1").vector(&[], Autoreset::NextStep).unwrap_err(), VectorError::Empty);
    let any_size = |rng: &mut Rng| {
        let arms = 2 + rand::Rng::next_u32(rng) as usize % 7;
        vsml_envs::BernoulliBandit::new(vec![0.5; arms]).unwrap()
    };
    let distribution: std::sync::Arc<dyn TaskDistribution> = std::sync::Arc::new(any_size);
    let tasks = Tasks { id: "any".into(), length: LifetimeLength::Steps(1), distribution };
    let keys: Vec<LifetimeKey> = (0..20).map(|i| key(0, i)).collect();
    let error = tasks.vector(&keys, Autoreset::NextStep).unwrap_err();
    assert!(matches!(error, VectorError::Spaces { .. }), "{error}");
}
