//! An id means the same thing for ever: hashes of trajectories, pinned.
//!
//! If one of these changes, so have all results that were made with the id, and it needs a new version: keep the old
//! behaviour under the old id, or say in the change log that it is gone.

#![allow(clippy::unwrap_used)]

mod trajectory;

use trajectory::{Recorder, key};
use vsml_envs::Registry;

/// The hash of ten lifetimes of 200 steps.
fn hash(spec: &str) -> String {
    let tasks = Registry::builtin().make(spec).unwrap();
    let mut hasher = blake3::Hasher::new();
    for seed in 0..10 {
        hasher.update(&Recorder::begin(&tasks, &key(seed, 0)).finish());
    }
    hasher.finalize().to_hex()[..16].to_string()
}

#[test]
fn ids_mean_what_they_always_meant() {
    let pinned = [
        ("BernoulliBandit-v0:steps=200", "7eec96267b9cb527"),
        ("BernoulliBandit-v0:kind=easy,best=last,steps=200", "effb68f8d1ddd09f"),
        ("CartPole-v1:steps=200", "8c2271d49fc74e29"),
        ("CartPoleVaried-v0:steps=200", "b56e7c5e3c208ac6"),
        ("HeartsAndTraps-v0:steps=200", "b03870cc32d31e5d"),
        ("HeartsAndTraps-v0:size=9,walls=20,hearts=3,view=whole,steps=200", "331d5490f61dfc1b"),
        ("RandomLabels-v0:steps=200", "36e5c86de3980054"),
        ("RandomLabels-v0:images=5,inputs=9,classes=3,steps=200", "3f4156508ced50b3"),
        ("SumSign-v0:steps=200", "33992fbe3574152e"),
        ("GaussianClusters-v0:steps=200", "d989b9c8295cb2a1"),
        ("GaussianClusters-v0:classes=5,inputs=3,separation=1..9,noise=0.1..2,steps=200", "55c1486768e7713a"),
        ("Digits-v0:steps=200", "0f36e51169938994"),
        ("Digits-v0:part=test,classes=4,resize=5,steps=200", "d6a4055eb329e124"),
        ("Idx-v0:path=data,steps=200", "d3759ba16fd34668"),
        ("Idx-v0:path=data,part=test,classes=4,resize=13,steps=200", "dcd59148d2febde9"),
    ];
    let now = pinned.map(|(spec, _)| (spec, hash(spec)));
    assert_eq!(now.each_ref().map(|(spec, hash)| (*spec, hash.as_str())), pinned);
    for listing in Registry::builtin().list() {
        assert!(pinned.iter().any(|(spec, _)| spec.starts_with(&listing.id)), "{} is not pinned", listing.id);
    }
}

#[test]
fn wrappers_do_what_they_always_did() {
    let pinned = [
        ("CartPole-v1:permute_observations=true,steps=200", "225e2fa766cf22fc"),
        ("CartPole-v1:permute_actions=true,steps=200", "e9d7869eb0997ca5"),
        ("CartPole-v1:scale_observations=-2..2,shift_observations=-1..1,steps=200", "53572b64bbe392ed"),
        ("CartPole-v1:time_limit=9,steps=200", "96034695518e4d6f"),
        ("Digits-v0:permute_actions=true,permute_observations=true,steps=200", "0f6e3b841015d52d"),
        ("CartPole-v1:project_observations=7,steps=200", "8768350ce13f0212"),
        ("Digits-v0:project_observations=100,steps=200", "35e6b7f87a95b075"),
    ];
    let now = pinned.map(|(spec, _)| (spec, hash(spec)));
    assert_eq!(now.each_ref().map(|(spec, hash)| (*spec, hash.as_str())), pinned);
}
