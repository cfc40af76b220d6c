//! `vsml list`: what there is to train on and to compare with.

use crate::output::say;
use crate::shipped::{SHIPPED, Shipped};
use crate::table;
use anyhow::{Result, bail};
use serde_json::Value;
use vsml_agents::players;
use vsml_envs::{Common, LifetimeKey, Listing, Registry, Space, Split};

/// Prints environments, reference players and shipped weights: all, or those that have a word in their name.
///
/// # Errors
/// If weights cannot be unpacked, or nothing is called so.
pub fn list(registry: &Registry, word: Option<&str>) -> Result<()> {
    let wanted = |name: &str| word.is_none_or(|word| name.to_lowercase().contains(&word.to_lowercase()));
    let listed = |mut all: Vec<Listing>| {
        all.retain(|listing| wanted(&listing.id));
        all
    };
    let named = |all: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        all.iter().copied().filter(|(name, _)| wanted(name)).collect()
    };
    let (environments, teams) = (listed(registry.list()), listed(registry.list_teams()));
    let (common, players) = (named(&Common::listing()), named(&players::LISTING));
    let shipped: Vec<&Shipped> = SHIPPED.iter().filter(|shipped| wanted(shipped.name)).collect();
    if environments.len() + teams.len() + common.len() + players.len() + shipped.len() == 0 {
        bail!("nothing has `{}` in its name; `vsml list` shows all", word.unwrap_or_default());
    }
    if !environments.is_empty() {
        say("Environments. Parameters follow a colon: BernoulliBandit-v0:arms=5,kind=independent,steps=200");
        say(table::listing_table(&environments));
        if word.is_some() {
            say(spaces(registry, &environments));
        }
        say("");
    }
    if !teams.is_empty() {
        say(
            "Worlds of several agents; with `seat=NAME`, one of them is an environment like any other, the others play at random",
        );
        say(table::listing_table(&teams));
        say("");
    }
    if !common.is_empty() {
        say(
            "What every environment also takes. A range is written as in 0.5..2; what is drawn from it is drawn for each task",
        );
        say(table::named_lines("parameter", "meaning", &common));
        say("");
    }
    if !players.is_empty() {
        say("Reference players");
        say(table::named_lines("player", "what it does", &players));
        say("");
    }
    if !shipped.is_empty() {
        say(
            "Shipped weights: their names are players too, and `evaluate` takes them for a run; `reproduce` trains them again",
        );
        say(weights(&shipped)?);
    }
    Ok(())
}

/// What is seen and done in a task of each environment that needs no parameters to be made.
fn spaces(registry: &Registry, environments: &[Listing]) -> String {
    let key = LifetimeKey { seed: 1, split: Split::Train, generation: 0, member: 0, lifetime: 0 };
    let mut table = table::new_table(["environment", "observations", "actions"]);
    for listing in environments {
        let Ok(Ok(task)) = registry.make(&listing.id).map(|tasks| tasks.sample(&key)) else { continue };
        table.add_row([&listing.id, &space_text(&task.observation_space()), &space_text(&task.action_space())]);
    }
    table.to_string()
}

/// A space as Gymnasium writes it, bounds left out where they differ.
fn space_text(space: &Space) -> String {
    match space {
        Space::Discrete { n } => format!("Discrete({n})"),
        Space::MultiDiscrete { sizes } => format!("MultiDiscrete({sizes:?})"),
        Space::MultiBinary { n } => format!("MultiBinary({n})"),
        Space::Box { low, high, shape } => {
            let alike = |bounds: &[f32]| bounds.iter().all(|bound| *bound == bounds[0]);
            let bounds = if alike(low) && alike(high) { format!("{}, {}, ", low[0], high[0]) } else { String::new() };
            format!("Box({bounds}{shape:?})")
        }
    }
}

/// Shipped weights with where they are from and what came of them.
fn weights(all: &[&Shipped]) -> Result<String> {
    let mut table = table::new_table([
        "name",
        "what it was trained on",
        "reward of a lifetime, in the first test of its configuration",
        "seed",
        "generation",
        "million steps of its run",
        "commit",
    ]);
    for shipped in all {
        let origin = shipped.weights()?.origin;
        let text = |key: &str| match &origin[key] {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        let result = &origin["results"][0];
        let number = |key: &str| result[key].as_f64().unwrap_or(f64::NAN);
        let result = format!(
            "{:.2} ± {:.2}  {}",
            number("mean"),
            number("standard_error"),
            result["tasks"].as_str().unwrap_or("?")
        );
        let million = format!("{:.1}", origin["steps"].as_f64().unwrap_or(f64::NAN) / 1e6);
        let (seed, generation, commit) = (text("seed"), text("generation"), text("commit"));
        table.add_row([shipped.name.to_string(), text("about"), result, seed, generation, million, commit]);
    }
    Ok(table.to_string())
}
