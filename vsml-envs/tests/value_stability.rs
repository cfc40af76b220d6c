//! An id means the same thing for ever: hashes of trajectories, pinned in `variants/*.txt`.
//!
//! If one of these changes, so have all results that were made with the id, and it needs a new version: keep the old
//! behaviour under the old id, or say in the change log that it is gone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod trajectory;

use trajectory::{Recorder, key, tasks, variants};
use vsml_envs::Registry;

/// The hash of ten lifetimes of 200 steps.
fn hash(spec: &str) -> String {
    let tasks = tasks(spec, 200);
    let mut hasher = blake3::Hasher::new();
    for seed in 0..10 {
        hasher.update(&Recorder::begin(&tasks, &key(seed, 0)).finish());
    }
    hasher.finalize().to_hex()[..16].to_string()
}

#[test]
fn ids_mean_what_they_always_meant() {
    let differing: Vec<String> = variants()
        .into_iter()
        .filter_map(|(pinned, spec)| {
            let now = hash(&spec);
            (now != pinned).then(|| format!("{now} {spec}"))
        })
        .collect();
    assert!(differing.is_empty(), "these lines of tests/variants/*.txt would be right:\n{}", differing.join("\n"));
}

#[test]
fn every_id_is_pinned_as_it_is_by_default() {
    let variants = variants();
    for listing in Registry::builtin().list() {
        let default = |spec: &str| spec == listing.id || listing.id == "Idx-v0" && spec == "Idx-v0:path=data";
        assert!(variants.iter().any(|(_, spec)| default(spec)), "{} is not in tests/variants/*.txt", listing.id);
    }
}
