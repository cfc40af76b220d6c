//! Measures steps per second of every id on one core and writes them into `about/speed.toml`, for the page of environments.
//!
//! Actions are drawn beforehand, resets are included, steps go through the object-safe trait; the median of five.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use vsml_envs::{LifetimeKey, OwnedAction, Registry, Split};

const STEPS: usize = 20_000;
const KEY: LifetimeKey = LifetimeKey { seed: 0, split: Split::Train, generation: 0, member: 0, lifetime: 0 };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builtin();
    let mut speeds = BTreeMap::new();
    for listing in registry.list() {
        let data = concat!(":path=", env!("CARGO_MANIFEST_DIR"), "/data");
        let needed = if listing.id == "Idx-v0" { data } else { "" };
        let tasks = registry.make(&format!("{}{needed}", listing.id))?;
        let mut environment = tasks.sample(&KEY)?;
        let mut player = KEY.stream("player");
        let space = environment.action_space();
        let actions: Vec<OwnedAction> = (0..STEPS).map(|_| space.sample(&mut player)).collect();
        let mut rng = KEY.stream("environment");
        let mut observation = vec![0.0; environment.observation_space().flat_len()];
        let mut measured: Vec<f64> = (0..5)
            .map(|_| {
                let begin = Instant::now();
                environment.reset(&mut rng, &mut observation);
                for action in &actions {
                    if environment.step(action.borrow(), &mut rng, &mut observation).ended() {
                        environment.reset(&mut rng, &mut observation);
                    }
                }
                STEPS as f64 / begin.elapsed().as_secs_f64() / 1e6
            })
            .collect();
        measured.sort_by(f64::total_cmp);
        println!("{:40} {:8.2} million steps a second", listing.id, measured[2]);
        // Two digits count: the rest is the day's weather.
        speeds.insert(listing.id, format!("{:.1e}", measured[2]).parse::<f64>()?);
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("about/speed.toml");
    std::fs::write(file, toml::to_string(&speeds)?)?;
    Ok(())
}
