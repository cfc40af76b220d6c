//! `vsml list`: what there is to train on and to compare with.

use crate::output::say;
use crate::shipped::SHIPPED;
use crate::table;
use anyhow::Result;
use serde_json::Value;
use vsml_agents::players;
use vsml_envs::{Common, Registry};

/// Prints environments, reference players and shipped weights.
///
/// # Errors
/// If weights cannot be unpacked.
pub fn list(registry: &Registry) -> Result<()> {
    say("Environments. Parameters follow a colon: BernoulliBandit-v0:arms=5,kind=independent,steps=200");
    say(table::listing_table(&registry.list()));
    say("");
    say(
        "Worlds of several agents; with `seat=NAME`, one of them is an environment like those above, the others play at random",
    );
    say(table::listing_table(&registry.list_teams()));
    say("");
    say(
        "What every environment also takes. A range is written as in 0.5..2; what is drawn from it is drawn for each task",
    );
    say(table::named_lines("parameter", "meaning", &Common::listing()));
    say("");
    say("Reference players");
    say(table::named_lines("player", "what it does", &players::LISTING));
    say("");
    say(
        "Shipped weights: their names are players too, and `evaluate` takes them for a run; `reproduce` trains them again",
    );
    let mut table = table::new_table([
        "name",
        "what it was trained on",
        "reward of a lifetime, in the first test of its configuration",
        "seed",
        "generation",
        "million steps of its run",
        "commit",
    ]);
    for shipped in SHIPPED {
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
    say(table);
    Ok(())
}
