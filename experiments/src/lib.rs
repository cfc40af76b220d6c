//! The `vsml` command, as a library: configurations, run folders, reports.
//!
//! The binary is a call of [`run`] with the registry of what comes with it. A crate of your own gets the whole command for
//! its environments in the same way: implement [`envs::Environment`], register it, call [`run`]. The README at the root of
//! the workspace is such a crate.

/// The README's example is compiled like any other.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// And so is the guide to a new environment.
#[cfg(doctest)]
#[doc = include_str!("../../vsml-envs/GUIDE.md")]
struct Guide;

mod arguments;
mod benchmark;
mod check;
mod compare;
mod config;
mod evaluate;
mod exit;
mod exports;
mod list;
mod machine;
mod names;
mod output;
mod phases;
mod play;
mod probe;
mod reference;
mod report;
mod report_command;
mod reproduce;
mod run_folder;
mod shipped;
mod table;
mod tensorboard;
mod tournament;
mod train;

pub use vsml_agents as agents;
pub use vsml_core as core;
pub use vsml_envs as envs;

use anyhow::Result;
use arguments::{Arguments, Command};
use clap::Parser;
use output::{note, say};
use run_folder::RunFolder;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use vsml_envs::Registry;

/// Runs the whole `vsml` command with the environments of `registry`; `main` returns what this returns.
pub fn run(registry: Registry) -> ExitCode {
    vsml_envs::quiet_environment_panics();
    let arguments = Arguments::parse();
    let done = machine::watch_signals().and_then(|()| command(&registry, &arguments.command));
    match done {
        Ok(_) if output::UNSAID.load(Relaxed) => ExitCode::from(exit::DISK),
        Ok(code) => code,
        Err(error) if error.is::<exit::Interrupted>() => {
            note(format_args!("{error}"));
            exit::code(&error)
        }
        Err(error) => {
            note(format_args!("error: {error:#}"));
            exit::code(&error)
        }
    }
}

fn command(registry: &Registry, command: &Command) -> Result<ExitCode> {
    let done = match command {
        Command::Check(arguments) => return check::check(registry, arguments),
        Command::Reference(arguments) => return reference::reference(registry, arguments),
        Command::Tournament(arguments) => return tournament::tournament(registry, arguments),
        Command::Probe(arguments) => return probe::probe(registry, arguments),
        Command::Reproduce(arguments) => return reproduce::reproduce(registry, arguments),
        Command::Clone(arguments) => train::clone(registry, arguments),
        Command::Quickstart(arguments) => train::quickstart(registry, arguments),
        Command::Train(arguments) => train::train(registry, arguments),
        Command::Resume(arguments) => train::resume(registry, arguments),
        Command::Evaluate(arguments) => return evaluate::evaluate(registry, arguments),
        Command::Report { run } => {
            say(report_command::write_report(&RunFolder::look(run)?)?.display());
            Ok(())
        }
        Command::Hash { run } => {
            say(RunFolder::look(run)?.hash()?);
            Ok(())
        }
        Command::Benchmark(arguments) => benchmark::benchmark(registry, arguments),
        Command::Play(arguments) => play::play(registry, arguments),
        Command::Compare { runs } => compare::compare(runs),
        Command::List { word } => list::list(registry, word.as_deref()),
    };
    done.map(|()| ExitCode::SUCCESS)
}
