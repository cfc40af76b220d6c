//! The page `ENVIRONMENTS.md` says of every id what is the case.
//!
//! It is made here: from the registry, from what a random player earns, from `about/*.toml` (source, rewards, what the best
//! is known to get), and from `about/speed.toml`, which `cargo run --release -p vsml-envs --example measure_speed` writes.
//! `VSML_WRITE=1 cargo test -p vsml-envs --test environments_page` writes the page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod trajectory;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use trajectory::key;
use vsml_envs::{Common, Lifetime, Listing, Registry, Space, Tasks};

/// Lifetimes that the random player lives.
const LIVES: u64 = 100;

/// The rooms, in the order of the page, with the words above each.
const ROOMS: [(&str, &str); 10] = [
    ("bandits", "Bandits"),
    ("tabular", "Tabular decision processes"),
    ("grid", "Gridworlds: hearts and traps"),
    ("rooms", "Gridworlds: rooms and mazes"),
    ("rules", "Gridworlds: objects and rules"),
    ("control", "Control"),
    ("probes", "Probes of memory and exploration"),
    ("alchemy", "Symbolic Alchemy"),
    ("supervised", "Supervised streams"),
    ("team", "Worlds of several agents"),
];

/// What is known of an id besides what can be asked of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    source: String,
    rewards: String,
    best: String,
    /// What `vsml play` shows in `pictures/ID.gif`.
    picture: Option<String>,
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn room(name: &str) -> BTreeMap<String, About> {
    let file = path(&format!("about/{name}.toml"));
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn tasks(listing: &Listing) -> Tasks {
    let needed = if listing.id == "Idx-v0" { ":path=data" } else { "" };
    Registry::builtin().make(&format!("{}{needed}", listing.id)).unwrap()
}

fn space(space: &Space) -> String {
    match space {
        Space::Discrete { n } => format!("{n} values"),
        Space::Box { shape, .. } if shape == &[1] => "1 number".into(),
        Space::Box { shape, .. } => {
            let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("{} numbers", sides.join(" x "))
        }
        Space::MultiDiscrete { sizes } => format!("{} choices", sizes.len()),
        Space::MultiBinary { n } => format!("{n} bits"),
    }
}

/// Mean and standard error of what a random player earns in a lifetime.
fn random_score(tasks: &Tasks) -> (f64, f64) {
    let earned = |number: u64| {
        let key = key(1, number);
        let mut life: Lifetime = tasks.begin(&key).unwrap();
        let (mut player, mut action, mut sum) = (key.stream("player"), life.action_space().zero(), 0.0);
        while !life.is_over() {
            life.action_space().sample_into(&mut player, &mut action);
            sum += life.step(action.borrow()).unwrap().reward;
        }
        sum
    };
    let earned: Vec<f64> = (0..LIVES).map(earned).collect();
    let mean = earned.iter().sum::<f64>() / LIVES as f64;
    let variance = earned.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (LIVES - 1) as f64;
    (mean, (variance / LIVES as f64).sqrt())
}

/// An agent, as the page shows it.
struct Seat {
    name: String,
    observation: Space,
    action: Space,
    score: (f64, f64),
}

/// Everybody who takes part; one that has no name where that is all.
fn seats(listing: &Listing) -> Vec<Seat> {
    let registry = Registry::builtin();
    let tasks: Vec<(String, Tasks)> = match registry.is_team(&listing.id) {
        Ok(true) => {
            let names = registry.make_team(&listing.id).unwrap().sample(&key(1, 0)).unwrap().agents();
            let seat = |name: String| (name.clone(), registry.make(&format!("{}:seat={name}", listing.id)).unwrap());
            names.into_iter().map(seat).collect()
        }
        _ => vec![(String::new(), tasks(listing))],
    };
    let seat = |(name, tasks): (String, Tasks)| {
        let task = tasks.sample(&key(1, 0)).unwrap();
        let (observation, action) = (task.observation_space(), task.action_space());
        Seat { name, observation, action, score: random_score(&tasks) }
    };
    tasks.into_iter().map(seat).collect()
}

/// Three digits that count.
fn short(x: f64) -> String {
    let digits = if x == 0.0 { 0 } else { (2 - x.abs().log10().floor() as i32).clamp(0, 4) as usize };
    format!("{x:.digits$}")
}

fn entry(page: &mut String, listing: &Listing, about: &About, speed: Option<&f64>) {
    let id = &listing.id;
    let seats = seats(listing);
    let named: Vec<String> = seats.iter().map(|seat| seat.name.clone()).collect();
    // Where all are alike, one line says it of all.
    let said = |of: &dyn Fn(&Seat) -> String| {
        let all: Vec<String> = seats.iter().map(of).collect();
        match all.iter().all(|other| *other == all[0]) {
            true => all[0].clone(),
            false => {
                named.iter().zip(&all).map(|(name, what)| format!("{what} ({name})")).collect::<Vec<_>>().join("; ")
            }
        }
    };
    let score = |seat: &Seat| format!("{} ± {}", short(seat.score.0), short(seat.score.1));
    let stop = if listing.summary.ends_with('?') { "" } else { "." };
    writeln!(page, "### {id}\n\n{}{}{stop}\n", listing.summary[..1].to_uppercase(), &listing.summary[1..]).unwrap();
    if about.picture.is_some() {
        writeln!(page, "![{id}](pictures/{id}.gif)\n").unwrap();
    }
    writeln!(page, "| | |\n|---|---|").unwrap();
    let mut row = |name: &str, what: &str| writeln!(page, "| {name} | {what} |").unwrap();
    if seats.len() > 1 {
        row("agents", &named.join(", "));
    }
    row("observation", &said(&|seat| space(&seat.observation)));
    row("action", &said(&|seat| space(&seat.action)));
    row("lifetime", &listing.length.to_string());
    row("rewards", &about.rewards);
    row(
        match seats.len() {
            1 => "a random player earns in a lifetime",
            _ => "random players earn in a lifetime, each",
        },
        &said(&score),
    );
    row("best known", &about.best);
    row("source", &about.source);
    if !listing.parameters.is_empty() {
        let parameters: Vec<String> =
            listing.parameters.iter().map(|(name, value)| format!("`{name}={}`", plain(value))).collect();
        row("parameters", &parameters.join(" "));
    }
    if let Some(speed) = speed {
        row("million steps a second, one core", &short(*speed));
    }
    page.push('\n');
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn page() -> String {
    let registry = Registry::builtin();
    let all = [registry.list(), registry.list_teams()].concat();
    let listings: BTreeMap<String, Listing> = all.into_iter().map(|listing| (listing.id.clone(), listing)).collect();
    let speed: BTreeMap<String, f64> =
        toml::from_str(&std::fs::read_to_string(path("about/speed.toml")).unwrap()).unwrap();
    let mut page = String::from(
        "# Environments

Every id, as it is by default. An id takes parameters after a colon, its own and [those that every id
takes](#what-every-id-takes), and stands for a distribution of tasks: what varies from task to task is drawn anew for each lifetime.
`vsml play ID` shows one. Worlds of several agents come last. The documentation of each family's struct says all about it: dynamics, rewards, where an
episode ends, and every deviation from its source.

This page is made by `VSML_WRITE=1 cargo test -p vsml-envs --test environments_page`, and a test holds it to what is the
case. The random player's score is the mean of 100 lifetimes (± its standard error); speeds are those of
`cargo run --release -p vsml-envs --example measure_speed` on one core of a Xeon at 2.1 GHz, resets included.
",
    );
    let mut described = Vec::new();
    for (name, title) in ROOMS {
        let room = room(name);
        if room.is_empty() {
            continue;
        }
        writeln!(page, "\n## {title}\n").unwrap();
        for (id, about) in &room {
            let listing =
                listings.get(id).unwrap_or_else(|| panic!("about/{name}.toml describes `{id}`, which is no id"));
            entry(&mut page, listing, about, speed.get(id));
            described.push(id.clone());
        }
    }
    for id in listings.keys() {
        assert!(described.contains(id), "about/*.toml say nothing of {id}");
    }
    page += "## What every id takes

`CartPole-v1:steps=1000,permute_observations=true,noise_observations=0.1`. A range is written as in `0.5..2`; what is drawn from it is drawn for
each task. Wrappers are put around a task in the order of this table, whatever the order in which they are asked for; each is a type in
`wrappers`, whose documentation says all about it.

| parameter | meaning |
|---|---|
";
    for (name, meaning) in Common::listing() {
        writeln!(page, "| `{name}` | {meaning} |").unwrap();
    }
    page.trim_end().to_string() + "\n"
}

#[test]
fn the_page_of_environments_says_what_is_the_case() {
    let now = page();
    let file = path("ENVIRONMENTS.md");
    if std::env::var_os("VSML_WRITE").is_some() {
        std::fs::write(&file, &now).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = now.lines().zip(written.lines()).find(|(now, written)| now != written);
    assert!(
        now == written,
        "ENVIRONMENTS.md is out of date (VSML_WRITE=1 writes it); first: {:?}",
        differing.unwrap_or(("the length", "differs"))
    );
}
