//! Threads, kernel, signals, and what the manifest says of them.

use crate::arguments::Machine;
use crate::output::note;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use vsml_core::Kernel;

/// Set by the first signal.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Lets the first signal (Ctrl-C, TERM, HUP) ask for an end, and the second one make it. A hang-up that whoever started the program
/// has it ignore, as `nohup` does, stays ignored.
///
/// # Errors
/// If the system does not allow it.
#[cfg(unix)]
pub fn watch_signals() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = vec![SIGINT, SIGTERM];
    if !ignores_hang_up() {
        signals.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(signals).context(CANNOT_WATCH)?;
    std::thread::spawn(move || signals.forever().for_each(|_| ask_for_an_end()));
    Ok(())
}

/// Lets the first Ctrl-C ask for an end, and the second one make it.
///
/// # Errors
/// If the system does not allow it.
#[cfg(not(unix))]
pub fn watch_signals() -> Result<()> {
    ctrlc::set_handler(ask_for_an_end).context(CANNOT_WATCH)
}

/// When signals cannot be watched.
const CANNOT_WATCH: &str = "cannot watch for signals";

fn ask_for_an_end() {
    if STOP.swap(true, Relaxed) {
        std::process::exit(130);
    }
    note("\nstopping, what is under way is given up; once more to stop at once");
}

/// Whether the program was started with hang-ups ignored, where the system tells: the first bit of a mask in hexadecimal.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
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
