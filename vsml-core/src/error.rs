use std::path::PathBuf;

/// What can be wrong with a configuration, a shape or a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field of the configuration makes no sense.
    #[error("sub-RNN configuration: {field}: {reason}")]
    Config {
        /// The field.
        field: &'static str,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// The topology makes no sense.
    #[error("topology {sizes:?}: {reason}")]
    Topology {
        /// Neurons per layer, inputs first.
        sizes: Vec<usize>,
        /// What is wrong with it.
        reason: String,
    },
    /// The parameter vector does not fit the configuration.
    #[error("this sub-RNN has {expected} meta-parameters, but {found} were given")]
    ParameterCount {
        /// What the configuration asks for.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A segment was given too few or too many numbers.
    #[error("segment: {0}")]
    Segment(String),
    /// A kernel was asked for by a name that there is not.
    #[error("unknown kernel `{0}`: there are scalar, avx2 and avx512")]
    UnknownKernel(String),
    /// The processor lacks the instructions of the kernel that was asked for.
    #[error("the {kernel} kernel does not run on this processor; it has: {}", .available.join(", "))]
    KernelUnavailable {
        /// What was asked for.
        kernel: &'static str,
        /// What would run.
        available: Vec<&'static str>,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file was read, but what is in it is not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
