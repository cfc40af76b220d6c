//! `vsml list`: what there is to train on and to compare with.

use crate::output::say;
use crate::table;
use vsml_agents::players;
use vsml_envs::Registry;

/// Prints environments and reference players.
pub fn list(registry: &Registry) {
    say("Environments. Parameters follow a colon: BernoulliBandit-v0:arms=5,kind=independent,steps=200");
    say(table::listing_table(&registry.list()));
    say("Every environment also takes steps, episodes, time_limit, permute_observations, permute_actions,");
    say(
        "project_observations (to so many), scale_observations and shift_observations (a number, or a range as in 0.5..2).",
    );
    say("");
    say("Reference players");
    say(table::player_table(&players::LISTING));
}
