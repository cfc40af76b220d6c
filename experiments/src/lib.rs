//! The `vsml` command, as a library: configurations, run folders, reports.
//!
//! The binary is three lines. A crate of your own gets the whole command for its environments in the same way: implement
//! the trait, register it, call [`run`].
//!
//! ```no_run
//! use vsml::envs::rand::RngExt;
//! use vsml::envs::{Action, Environment, LifetimeLength, Registry, Rng, Space, Step};
//!
//! /// Guess which door the prize is behind. It stays there for the whole lifetime.
//! struct Doors {
//!     prize: usize,
//! }
//!
//! impl Environment for Doors {
//!     fn observation_space(&self) -> Space {
//!         Space::uniform_box(1.0, 1.0, 1) // nothing to see: a constant
//!     }
//!     fn action_space(&self) -> Space {
//!         Space::discrete(3)
//!     }
//!     fn reset(&mut self, _: &mut Rng, observation: &mut [f32]) {
//!         observation[0] = 1.0;
//!     }
//!     fn step(&mut self, action: Action<'_>, _: &mut Rng, observation: &mut [f32]) -> Step {
//!         observation[0] = 1.0;
//!         Step::going_on(if action.index() == self.prize { 1.0 } else { 0.0 })
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let mut registry = Registry::builtin();
//!     let doors = |rng: &mut Rng| Doors { prize: rng.random_range(0..3) };
//!     registry.register("Doors-v0", "find the prize", LifetimeLength::Steps(20), doors).expect("a new id");
//!     vsml::run(registry)
//! }
//! ```

mod arguments;
mod config;
mod evaluate;
mod exit;
mod list;
mod machine;
mod report;
mod report_command;
mod run_folder;
mod table;
mod train;

pub use vsml_agents as agents;
pub use vsml_core as core;
pub use vsml_envs as envs;

use anyhow::Result;
use arguments::{Arguments, Command};
use clap::Parser;
use run_folder::RunFolder;
use std::process::ExitCode;
use vsml_envs::Registry;

/// Runs the whole `vsml` command with the environments of `registry`; `main` returns what this returns.
pub fn run(registry: Registry) -> ExitCode {
    vsml_envs::quiet_environment_panics();
    let arguments = Arguments::parse();
    let done = machine::watch_signals().and_then(|()| command(&registry, &arguments.command));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::code(&error)
        }
    }
}

fn command(registry: &Registry, command: &Command) -> Result<()> {
    match command {
        Command::Quickstart(arguments) => train::quickstart(registry, arguments),
        Command::Train(arguments) => train::train(registry, arguments),
        Command::Resume(arguments) => train::resume(registry, arguments),
        Command::Evaluate(arguments) => evaluate::evaluate(registry, arguments),
        Command::Report { run } => {
            println!("{}", report_command::write_report(&RunFolder::open(run)?)?.display());
            Ok(())
        }
        Command::Hash { run } => {
            println!("{}", RunFolder::open(run)?.hash()?);
            Ok(())
        }
        Command::List => {
            list::list(registry);
            Ok(())
        }
    }
}
