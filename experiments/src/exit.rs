//! How the command ends: exit codes that a script can rely on.

use std::path::PathBuf;
use std::process::ExitCode;
use vsml_agents::TrainingError;

/// Something was found that should not be: by `check` in an environment, by `reproduce` in a result.
pub const FOUND: u8 = 1;
/// Bad input: a configuration, an id, a file, a folder.
pub const BAD_INPUT: u8 = 2;
/// Meta-training came to where nothing is finite.
pub const DIVERGED: u8 = 3;
/// The disk does not take what must be written.
pub const DISK: u8 = 6;
/// Stopped by a signal; everything is saved and can be resumed.
pub const INTERRUPTED: u8 = 75;

/// Stopped by a signal, with nothing to go on with.
pub const STOPPED: u8 = 130;

/// The run was stopped by a signal and can go on.
#[derive(Debug, thiserror::Error)]
#[error("interrupted after generation {generation}; everything up to there is saved. Go on with:\n  {command} resume {}", .folder.display())]
pub struct Interrupted {
    /// Generations that are done.
    pub generation: u64,
    /// The run's folder.
    pub folder: PathBuf,
    /// The name of the program.
    pub command: String,
}

/// The error of a command that was stopped by a signal and goes on where it was when it is given again.
pub fn same_command_goes_on() -> anyhow::Error {
    let stopped = Interrupted { generation: 0, folder: PathBuf::new(), command: String::new() };
    anyhow::Error::new(stopped).context("interrupted; everything up to here is saved, and the same command goes on")
}

/// Stopped by a signal, with nothing to go on with.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// A file cannot be written; what says why names it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write")]
pub struct Unwritten;

/// The disk does not take what must be written.
#[derive(Debug, thiserror::Error)]
#[error("the run cannot be written; its last checkpoint is intact, and `resume` goes on from there")]
pub struct DiskFailure;

/// The exit code that goes with an error.
pub fn code(error: &anyhow::Error) -> ExitCode {
    for cause in error.chain() {
        if cause.is::<Interrupted>() {
            return ExitCode::from(INTERRUPTED);
        }
        if cause.is::<Stopped>() {
            return ExitCode::from(STOPPED);
        }
        // What is said of an error in a `context` is found in the whole only.
        if error.is::<DiskFailure>() || error.is::<Unwritten>() {
            return ExitCode::from(DISK);
        }
        if matches!(cause.downcast_ref(), Some(TrainingError::Fruitless { .. })) {
            return ExitCode::from(DIVERGED);
        }
    }
    ExitCode::from(BAD_INPUT)
}
