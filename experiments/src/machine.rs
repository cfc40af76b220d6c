//! Threads, kernel, signals, and what the manifest says of them.

use crate::arguments::Machine;
use crate::output::note;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use vsml_core::Kernel;

/// Set by the first signal.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Lets the first signal (Ctrl-C, TERM, HUP) ask for an end, and the second one make it.
///
/// # Errors
/// If the system does not allow it.
pub fn watch_signals() -> Result<()> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Relaxed) {
            std::process::exit(130);
        }
        note("\nstopping after what is under way; once more to stop at once");
    })
    .context("cannot watch for signals")
}

impl Machine {
    /// The kernel that will run.
    pub fn kernel(&self) -> Kernel {
        self.kernel.unwrap_or_else(Kernel::detect)
    }

    /// The number of threads that will work.
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }

    /// Runs `work` with so many threads.
    ///
    /// # Errors
    /// If they cannot be started, or what `work` says.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(self.threads()).build().context("cannot start threads")?;
        pool.install(work)
    }

    /// What a manifest says of program and machine.
    pub fn manifest(&self, seed: u64) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "commit": env!("VSML_COMMIT"),
            "seed": seed,
            "threads": self.threads(),
            "kernel": self.kernel(),
            "processor": processor(),
        })
    }
}

/// The processor's name, where the system tells.
fn processor() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = information.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_string(), |(_, name)| name.trim().to_string())
}
