//! `vsml play`: lets somebody live a lifetime, and shows it.
//!
//! Nobody believes a number who has not seen what it is a number of. The life is lived first, then shown: on a terminal as
//! characters, frame after frame, or in an animation. The player is a reference player or a meta-trained learner, with the
//! same tasks and the same luck as in an evaluation under the same seed. Whatever there is is played as a team, since one that
//! is alone is a team of one. Of a network of sub-RNNs its messages are shown too.

mod animation;
mod film;
mod messages;
mod panel;

use crate::arguments::PlayArguments;
use crate::evaluate::Contender;
use crate::exit::Stopped;
use crate::machine::STOP;
use crate::output::{check_folder_of, note, say};
use anyhow::{Context, Result, anyhow, bail};
use film::{Film, Frame, MOST_STEPS};
use panel::Panels;
use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use vsml_agents::team::live_together;
use vsml_core::Kernel;
use vsml_envs::picture::{Drawing, Picture};
use vsml_envs::team::TeamLifetime;
use vsml_envs::{LifetimeKey, LifetimeLength, Registry, Split};

/// Lives and shows.
///
/// # Errors
/// An unknown id or player, an environment without pictures, a file that cannot be written, or what goes wrong in the life.
pub fn play(registry: &Registry, arguments: &PlayArguments) -> Result<()> {
    let (id, names) = (arguments.id(), arguments.players());
    arguments.gif().iter().try_for_each(|file| check_folder_of(file))?;
    let tasks = registry.make_team(id).map_err(|error| match registry.make_team(names[0]) {
        Ok(_) => anyhow!("{error}\n`{}` is one: the environment comes last", names[0]),
        Err(_) if Contender::named(id, Kernel::detect()).is_ok() => {
            anyhow!("`{id}` plays, but in which environment? It comes last: vsml play {id} CartPole-v1")
        }
        Err(_) => error.into(),
    })?;
    let players = names.iter().map(|name| Contender::named(name, Kernel::detect())).collect::<Result<Vec<_>>>()?;
    let key =
        LifetimeKey { seed: arguments.seed, split: Split::Test, generation: 0, member: 0, lifetime: arguments.life };

    let environment = tasks.sample(&key)?;
    let film = Film::default();
    // Of an endless episode, no more than is shown is lived.
    let length = match tasks.length {
        LifetimeLength::Steps(steps) if steps > MOST_STEPS => {
            note(format_args!("showing {MOST_STEPS} of {steps} steps; a shorter lifetime: {}", shorter(id)));
            LifetimeLength::Steps(MOST_STEPS)
        }
        length => length,
    };
    let mut lifetime = TeamLifetime::begin(Box::new(film.around(environment)), length, key.stream("environment"))?;
    let agents: Vec<String> = (0..lifetime.len()).map(|agent| lifetime.name(agent).to_string()).collect();
    if ![1, agents.len()].contains(&players.len()) {
        bail!(
            "{} players for {} agents ({}): give one for each, or one for all",
            players.len(),
            agents.len(),
            agents.join(", ")
        );
    }
    let seats = (0..agents.len()).map(|agent| agent.min(players.len() - 1));
    let mut learners = Vec::new();
    for (agent, player) in seats.clone().enumerate() {
        learners.push(film.listen_to(agent, players[player].learner()?));
    }
    let ended = live_together(&mut learners, &mut lifetime, &key, |_| {});
    let (steps, full) = (lifetime.steps(), film.is_full());
    drop(lifetime);
    if STOP.load(Relaxed) {
        return Err(Stopped.into());
    }
    let frames = film.develop();
    let Some(first) = frames.first() else { bail!("`{id}` has no picture: implement `Environment::picture`") };

    let pace = Duration::from_secs_f64(1.0 / arguments.frames_per_second.unwrap_or(usual_pace(&first.picture)));
    let panels = Panels::of(&frames, &agents);
    match arguments.gif() {
        Some(path) => {
            animation::write(&path, &frames, panels.as_ref(), arguments.pixels, pace)?;
            say(path.display());
        }
        None => show(&frames, panels.as_ref(), pace),
    }
    if full && ended.is_err() {
        note(format_args!("these are {steps} of its steps; a shorter lifetime: {}", shorter(id)));
        return Ok(());
    }
    let scores =
        ended.with_context(|| format!("the life of `{}` ended after {} frames", names.join(" "), frames.len()))?;
    for ((agent, player), score) in agents.iter().zip(seats).zip(scores) {
        let (player, reward) = (names[player], two_places(score.reward));
        let player = if agents.len() > 1 { format!("{agent} ({player})") } else { player.into() };
        note(format_args!("{player} on {id}: reward {reward} in {steps} steps, {} episodes", score.episodes));
    }
    Ok(())
}

fn shorter(id: &str) -> String {
    let (id, parameters) = id.split_once(':').unwrap_or((id, ""));
    let others =
        parameters.split(',').filter(|parameter| !parameter.trim().starts_with("steps=") && !parameter.is_empty());
    format!("{id}:{}", others.chain(["steps=200"]).collect::<Vec<_>>().join(","))
}

/// Frames in a second: what moves smoothly is shown faster than what moves from cell to cell.
fn usual_pace(picture: &Picture) -> f64 {
    match picture.drawing {
        Drawing::Tiles(_) => 6.0,
        Drawing::Scene(_) => 25.0,
    }
}

/// Shows frames as text: in place on a terminal, one below the other anywhere else.
fn show(frames: &[Frame], panels: Option<&Panels>, pace: Duration) {
    let in_place = std::io::stdout().is_terminal();
    for (number, frame) in frames.iter().enumerate() {
        if STOP.load(Relaxed) {
            return;
        }
        let picture = frame.picture.to_text();
        let shown = match (panels, &frame.messages) {
            (Some(panels), Some(messages)) => panels.text(number, messages, &picture),
            _ => picture,
        };
        let text = format!("{}\n{shown}\n", frame.heading());
        if in_place {
            // Clear the screen, go to its upper left corner.
            write!(std::io::stdout(), "\x1b[2J\x1b[H{text}").ok();
            std::io::stdout().flush().ok();
            std::thread::sleep(pace);
        } else {
            say(text);
        }
    }
}

/// To two places, with no zeros at the end where it is written.
fn two_places(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
