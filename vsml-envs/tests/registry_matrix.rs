//! What must hold for every id: in all its listed variants, and with every wrapper.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod trajectory;

use std::collections::BTreeSet;
use trajectory::{Recorder, ids, key, tasks, variants};
use vsml_envs::{Action, LifetimeKey, OwnedAction, Registry, Rng, Split};

/// Steps of a lifetime here.
const STEPS: u64 = 500;

/// Wrappers that go around every id. Several at once where none keeps another from fitting.
const WRAPPERS: [&str; 12] = [
    "permute_observations=true",
    "permute_actions=true",
    "scale_observations=-2..2,shift_observations=-1..1",
    "project_observations=5",
    "time_limit=7,permute_observations=true,permute_actions=true,scale_observations=-2..2,shift_observations=1,project_observations=20",
    "scale_reward=-2..2,shift_reward=-1..1,delay_reward=3,normalise_reward=true,clip_reward=-1..1",
    "sticky_actions=0.25,repeat_actions=2,time_limit=7,sparse_reward=true",
    "rescale_actions=true,clip_actions=true",
    "discretise_actions=3",
    "rescale_observations=true",
    "mask_observations=0,normalise_observations=true,clip_observations=-3..3,mirror_observations=true,duplicate_observations=1,pad_observations=2,noise_observations=0.1,drop_observations=0.3",
    "stack_observations=3,time_aware=true,time_limit=7,reward_aware=true",
];

/// Wrappers after which a reward no longer says whether the action was the target.
const OTHERWISE_PAID: [&str; 3] = ["_reward=", "sticky_actions", "repeat_actions"];

/// Every listed variant, and every id with each wrapper that fits it: a refusal names the wrapper, and is no failure.
fn specs() -> Vec<String> {
    let registry = Registry::builtin();
    let wrapped = ids().into_iter().flat_map(|id| WRAPPERS.map(|wrapper| format!("{id}{wrapper}")));
    let fits = |spec: &String| match registry.make(spec) {
        Ok(_) => true,
        Err(error) => {
            assert!(error.to_string().contains("cannot wrap the space"), "{spec}: {error}");
            false
        }
    };
    variants().into_iter().map(|(_, spec)| spec).chain(wrapped.filter(fits)).collect()
}

#[test]
fn the_same_key_gives_the_same_bits_and_another_key_others() {
    for spec in specs() {
        let tasks = tasks(&spec, STEPS);
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
fn a_task_that_was_written_down_gives_the_same_episode() {
    // A task is its id with parameters and the key that it is drawn with: both can be written down.
    for (_, spec) in variants() {
        let written = serde_json::to_string(&(&spec, key(3, 5))).unwrap();
        let (read_spec, read_key): (String, LifetimeKey) = serde_json::from_str(&written).unwrap();
        let episode = |spec: &str, key: &LifetimeKey| Recorder::begin(&tasks(spec, 50), key).finish();
        assert_eq!(episode(&spec, &key(3, 5)), episode(&read_spec, &read_key), "{spec}");
    }
}

#[test]
fn neither_a_twin_nor_a_thread_makes_a_difference() {
    for spec in specs() {
        let tasks = tasks(&spec, STEPS);
        let alone = Recorder::begin(&tasks, &key(0, 0)).finish();

        let mut one = Recorder::begin(&tasks, &key(0, 0));
        let mut twin = Recorder::begin(&tasks, &key(0, 0));
        let mut stranger = Recorder::begin(&tasks, &key(0, 1));
        for step in 0..STEPS / 2 {
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

/// Steps `environment` through `steps` random steps and writes down what it answers.
fn lived(mut environment: Box<dyn vsml_envs::Environment>, mut rng: Rng, mut player: Rng, steps: u64) -> Vec<u8> {
    let (mut observation, actions) =
        (vec![0.0; environment.observation_space().flat_len()], environment.action_space());
    let mut action = actions.zero();
    let mut written = Vec::new();
    for _ in 0..steps {
        actions.sample_into(&mut player, &mut action);
        let step = environment.step(action.borrow(), &mut rng, &mut observation);
        written.extend(step.reward.to_le_bytes());
        written.push(u8::from(step.terminated) | u8::from(step.truncated) << 1);
        written.extend(observation.iter().flat_map(|x| x.to_le_bytes()));
        if step.ended() {
            environment.reset(&mut rng, &mut observation);
        }
    }
    written
}

#[test]
fn a_clone_made_in_mid_episode_goes_on_as_the_original_does() {
    for spec in specs() {
        let key = key(0, 0);
        let mut environment = tasks(&spec, STEPS).distribution.sample(&mut key.stream("task"));
        let (mut rng, mut player) = (key.stream("environment"), key.stream("player"));
        let mut observation = vec![0.0; environment.observation_space().flat_len()];
        environment.reset(&mut rng, &mut observation);
        for _ in 0..3 {
            let action = environment.action_space().sample(&mut player);
            if environment.step(action.borrow(), &mut rng, &mut observation).ended() {
                environment.reset(&mut rng, &mut observation);
            }
        }
        let clone = environment.clone();
        let original = lived(environment, rng.clone(), player.clone(), 100);
        assert_eq!(original, lived(clone, rng, player, 100), "{spec}: a clone is another task, or shares its state");
    }
}

#[test]
fn every_observation_is_of_its_space_also_the_last_of_an_episode() {
    // A lifetime shows the first observation of the next episode in place of the last one of this.
    for spec in specs() {
        let key = key(0, 0);
        let mut environment = tasks(&spec, STEPS).distribution.sample(&mut key.stream("task"));
        let (observations, actions) = (environment.observation_space(), environment.action_space());
        assert_eq!((observations.fault(), actions.fault()), (None, None), "{spec}");
        let (mut rng, mut player) = (key.stream("environment"), key.stream("player"));
        // What was in the buffer must not show through.
        let mut observation = vec![f32::NAN; observations.flat_len()];
        environment.reset(&mut rng, &mut observation);
        for _ in 0..STEPS {
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
                if OTHERWISE_PAID.iter().any(|wrapper| spec.contains(wrapper)) {
                    continue;
                }
                let right = action == OwnedAction::Discrete(target);
                assert_eq!(step.reward, if right { 1.0 } else { 0.0 }, "{spec}");
            }
        }
        assert_eq!(environment.observation_space(), observations, "{spec}: the space has changed");
        assert_eq!(environment.action_space(), actions, "{spec}: the space has changed");
    }
}

#[test]
fn every_environment_draws_itself_also_in_wrappers() {
    for spec in specs() {
        let key = key(0, 0);
        let mut environment = tasks(&spec, STEPS).distribution.sample(&mut key.stream("task"));
        let mut observation = vec![0.0; environment.observation_space().flat_len()];
        environment.reset(&mut key.stream("environment"), &mut observation);
        let picture = environment.picture().unwrap_or_else(|| panic!("{spec} has no picture"));
        assert!(!picture.to_text().trim().is_empty(), "{spec}: nothing to see in\n{}", picture.to_text());
        let pixels = picture.to_pixels(64);
        assert!(pixels.rgb().windows(2).any(|pair| pair[0] != pair[1]), "{spec}: an image of one colour");
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
    let same = ["time_limit=5", "permute_actions=true", "permute_observations=true", "scale_observations=2"];
    let drawing = ["sticky_actions=0.5", "noise_observations=1", "pad_observations=3", "mirror_observations=true"];
    for wrappers in same.into_iter().chain(drawing) {
        assert_eq!(means(""), means(&format!(",{wrappers}")));
    }
}
