//! Printing that survives whoever stops listening.
//!
//! `println!` panics when its reader is gone, as in `vsml list | head -1`; and a training run should not die because the
//! terminal that showed its progress was closed.

use anyhow::{Result, bail};
use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// Whether a result could not be printed, though somebody listens: the disk behind standard output is full, say.
pub static UNSAID: AtomicBool = AtomicBool::new(false);

/// Prints a line: results, for whoever reads standard output.
pub fn say(line: impl Display) {
    let mut out = std::io::stdout();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe && !UNSAID.swap(true, Relaxed) => {
            note(format_args!("error: cannot write to standard output: {error}"));
        }
        _ => {}
    }
}

/// Prints a line about what goes on, on standard error.
pub fn note(line: impl Display) {
    writeln!(std::io::stderr(), "{line}").ok();
}

/// Whether a file can be written there, asked before hours are spent on what is to stand in it.
///
/// # Errors
/// If there is no folder for it.
pub fn check_folder_of(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        Some(folder) => bail!("cannot write {}: there is no folder {}", path.display(), folder.display()),
        None => Ok(()),
    }
}
