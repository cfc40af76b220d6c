//! What must hold for every id, alone and with every wrapper.

#![allow(clippy::unwrap_used)]

mod trajectory;

use std::collections::BTreeSet;
use trajectory::{Recorder, key};
use vsml_envs::{Action, LifetimeKey, OwnedAction, Registry, Split, Tasks};

/// Every id as it is, with other parameters of its own, and with each wrapper and all of them.
fn specs() -> Vec<String> {
    let mut specs = Vec::new();
    for listing in Registry::builtin().list() {
        let own: &[&str] = match listing.id.as_str() {
            "BernoulliBandit-v0" => &["", "arms=1", "arms=10", "kind=uniform", "kind=hard,best=last", "best=first"],
            "HeartsAndTraps-v0" => {
                &["", "view=whole,walls=8,hearts=2,traps=3", "size=2,radius=1", "walls=22", "size=9,radius=4,walls=30"]
            }
            "CartPole-v1" => &["", "fall_reward=0", "masspole=0.01..1,force=100,tau=0.2"],
            "CartPoleVaried-v0" => &["", "gravity=9.8,step_reward=0,fall_reward=-1"],
            "RandomLabels-v0" => &["", "images=3,inputs=16,classes=2"],
            "SumSign-v0" => &["", "inputs=16"],
            "GaussianClusters-v0" => &["", "classes=5,inputs=40,separation=0.5..5,noise=0..2"],
            "Digits-v0" => &["", "part=test,classes=3,resize=5", "part=train,resize=12", "classes=10"],
            "Idx-v0" => &["path=data", "path=data,part=test,classes=3,resize=5"],
            other => panic!("say here which parameters of {other} to test"),
        };
        let wrappers = [
            "time_limit=7",
            "permute_observations=true",
            "permute_actions=true",
            "scale_observations=-2..2",
            "shift_observations=-1..1",
            "project_observations=5",
            "time_limit=7,permute_observations=true,permute_actions=true,scale_observations=-2..2,shift_observations=1,project_observations=20",
        ];
        // What an id cannot do without.
        let needed = if listing.id == "Idx-v0" { "path=data," } else { "" };
        let wrapped = wrappers.map(|wrapper| format!("{needed}{wrapper}"));
        let parameters = own.iter().map(|own| own.to_string()).chain(wrapped);
        specs.extend(parameters.map(|parameters| format!("{}:{parameters}", listing.id)));
    }
    specs
}

fn tasks(spec: &str) -> Tasks {
    let longer = if spec.ends_with(':') { "steps=2000" } else { ",steps=2000" };
    Registry::builtin().make(&format!("{spec}{longer}")).unwrap()
}

#[test]
fn there_is_something_for_every_id() {
    let ids: Vec<String> = Registry::builtin().list().into_iter().map(|listing| listing.id).collect();
    let expected = [
        "BernoulliBandit-v0",
        "CartPole-v1",
        "CartPoleVaried-v0",
        "Digits-v0",
        "GaussianClusters-v0",
        "HeartsAndTraps-v0",
        "Idx-v0",
        "RandomLabels-v0",
        "SumSign-v0",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn the_same_key_gives_the_same_bits_and_another_key_others() {
    for spec in specs() {
        let tasks = tasks(&spec);
        let lived = |key: &LifetimeKey| Recorder::begin(&tasks, key).finish();
        let keys = [
            key(0, 0),
            key(1, 0),
            key(0, 1),
            LifetimeKey { member: 1, ..key(0, 0) },
            LifetimeKey { generation: 1, ..key(0, 0) },
            LifetimeKey { split: Split::Train, ..key(0, 0) },
        ];
        let all: BTreeSet<Vec<u8>> = keys.iter().map(lived).collect();
        assert_eq!(all.len(), keys.len(), "{spec}: two keys, one trajectory");
        assert_eq!(lived(&keys[0]), lived(&keys[0]), "{spec}: one key, two trajectories");
    }
}

#[test]
fn neither_a_twin_nor_a_thread_makes_a_difference() {
    for spec in specs() {
        let tasks = tasks(&spec);
        let alone = Recorder::begin(&tasks, &key(0, 0)).finish();

        let mut one = Recorder::begin(&tasks, &key(0, 0));
        let mut twin = Recorder::begin(&tasks, &key(0, 0));
        let mut stranger = Recorder::begin(&tasks, &key(0, 1));
        for step in 0..1000 {
            one.step();
            stranger.step();
            if step % 3 != 0 {
                twin.step();
            }
        }
        let (one, twin) = std::thread::scope(|scope| {
            let moved = [scope.spawn(|| one.finish()), scope.spawn(|| twin.finish())];
            let [one, twin] = moved.map(|thread| thread.join().unwrap());
            (one, twin)
        });
        assert!(one == alone && twin == alone, "{spec}: a lifetime depends on more than its key");
    }
}

#[test]
fn every_observation_is_of_its_space_also_the_last_of_an_episode() {
    // A lifetime shows the first observation of the next episode in place of the last one of this.
    for spec in specs() {
        let key = key(0, 0);
        let mut environment = tasks(&spec).distribution.sample(&mut key.stream("task"));
        let (observations, actions) = (environment.observation_space(), environment.action_space());
        assert_eq!((observations.fault(), actions.fault()), (None, None), "{spec}");
        let (mut rng, mut player) = (key.stream("environment"), key.stream("player"));
        // What was in the buffer must not show through.
        let mut observation = vec![f32::NAN; observations.flat_len()];
        environment.reset(&mut rng, &mut observation);
        for _ in 0..2000 {
            let fits = observation.iter().all(|x| x.is_finite()) && observations.contains_flat(&observation);
            assert!(fits, "{spec}: {observation:?} is not of {observations:?}");
            observation.fill(f32::NAN);
            let action = actions.sample(&mut player);
            let step = environment.step(action.borrow(), &mut rng, &mut observation);
            assert!(step.reward.is_finite(), "{spec}");
            if step.ended() {
                assert!(observations.contains_flat(&observation), "{spec}: {observation:?} ends an episode");
                observation.fill(f32::NAN);
                environment.reset(&mut rng, &mut observation);
            }
            if let Some(expected) = environment.expected_rewards() {
                assert_eq!(expected.len(), actions.flat_len(), "{spec}");
            }
            if let Some(target) = environment.target() {
                assert!(actions.contains(Action::Discrete(target)), "{spec}: {target} would have been right");
                let right = action == OwnedAction::Discrete(target);
                assert_eq!(step.reward, if right { 1.0 } else { 0.0 }, "{spec}");
            }
        }
        assert_eq!(environment.observation_space(), observations, "{spec}: the space has changed");
        assert_eq!(environment.action_space(), actions, "{spec}: the space has changed");
    }
}

#[test]
fn wrapping_leaves_the_task_inside_as_it_was() {
    let means = |wrappers: &str| {
        let tasks = Registry::builtin().make(&format!("BernoulliBandit-v0:arms=6{wrappers}")).unwrap();
        let mut means = tasks.begin(&key(0, 0)).unwrap().expected_rewards().unwrap().unwrap().to_vec();
        means.sort_by(f64::total_cmp);
        means
    };
    for wrappers in ["time_limit=5", "permute_actions=true", "permute_observations=true", "scale_observations=2"] {
        assert_eq!(means(""), means(&format!(",{wrappers}")));
    }
}
