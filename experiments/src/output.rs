//! Printing that survives whoever stops listening.
//!
//! `println!` panics when its reader is gone, as in `vsml list | head -1`; and a training run should not die because the
//! terminal that showed its progress was closed.

use std::fmt::Display;
use std::io::Write;

/// Prints a line: results, for whoever reads standard output.
pub fn say(line: impl Display) {
    writeln!(std::io::stdout(), "{line}").ok();
}

/// Prints a line about what goes on, on standard error.
pub fn note(line: impl Display) {
    writeln!(std::io::stderr(), "{line}").ok();
}
