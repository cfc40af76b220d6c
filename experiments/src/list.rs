//! `vsml list`: what there is to train on and to compare with.

use crate::output::say;
use crate::table;
use vsml_agents::players;
use vsml_envs::{Common, Registry};

/// Prints environments and reference players.
pub fn list(registry: &Registry) {
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
}
