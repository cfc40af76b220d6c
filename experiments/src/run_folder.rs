//! The folder of a run, and what lies in it.
//!
//! | file | what it is |
//! |---|---|
//! | `config.toml` | the configuration with every default and setting filled in |
//! | `manifest.json` | version, commit, seed, threads, kernel, processor |
//! | `metrics.jsonl` | one line per generation; depends on configuration and kernel alone |
//! | `timing.jsonl` | seconds per generation; the clock's part, kept apart |
//! | `metrics.csv`, `events.out.tfevents.0.vsml` | the same for spreadsheets and TensorBoard; nobody reads them here |
//! | `checkpoint.safetensors`, `checkpoint.previous.safetensors` | the whole state of training, twice |
//! | `theta.safetensors` | the meta-parameters to use elsewhere, with their configuration inside |
//! | `evaluation.json` | every evaluation that was made, life by life |
//! | `report.html` | all of this to look at |
//! | `lock` | held by the process that works here |
//!
//! A checkpoint says how long `metrics.jsonl` was when it was made. Resuming cuts the file to that length, so that no line
//! is ever missing or there twice, whenever the run was stopped.

use crate::exit::Unwritten;
use crate::output::note;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use vsml_agents::{Evaluation, GenerationMetrics, MetaTraining};
use vsml_core::{Archive, write_durably};

use crate::config::Config;

/// What a run writes after `config.toml`, by which it is known.
const WRITTEN: [&str; 8] = [
    "metrics.jsonl",
    "metrics.csv",
    "timing.jsonl",
    "checkpoint.safetensors",
    "checkpoint.previous.safetensors",
    "theta.safetensors",
    "evaluation.json",
    "report.html",
];
/// Where a run's evaluations are.
pub const EVALUATIONS: &str = "evaluation.json";

/// Evaluation files beyond this are refused.
const MAX_JSON_BYTES: u64 = 1 << 30;

/// A run's folder.
pub struct RunFolder {
    path: PathBuf,
    /// Held as long as this process may change the run.
    _lock: Option<File>,
}

impl RunFolder {
    /// Makes a folder for a new run.
    ///
    /// # Errors
    /// If there is a run in it already, or a file that a run would write over; if another process works there, or it cannot be
    /// written.
    pub fn create(path: &Path) -> Result<Self> {
        if !path.join("config.toml").exists()
            && let Some(file) = WRITTEN.iter().map(|name| path.join(name)).find(|file| file.exists())
        {
            bail!("a run would write over {}: choose another folder with --out", file.display());
        }
        std::fs::create_dir_all(path).with_context(|| format!("cannot make the run folder {}", path.display()))?;
        let folder = Self::lock(path)?;
        if folder.file("config.toml").exists() {
            bail!(
                "{} holds a run already: go on with it by `resume {}`, or choose another folder with --out",
                path.display(),
                path.display()
            );
        }
        Ok(folder)
    }

    /// Looks into the folder of a run, at which another process may be at work.
    ///
    /// # Errors
    /// If there is none.
    pub fn look(path: &Path) -> Result<Self> {
        if !path.join("config.toml").is_file() {
            bail!("{} is not the folder of a run: there is no config.toml in it", path.display());
        }
        Ok(RunFolder { path: path.into(), _lock: None })
    }

    /// Opens the folder of a run that was begun, to go on with it.
    ///
    /// # Errors
    /// If there is none, or another process works there.
    pub fn open(path: &Path) -> Result<Self> {
        Self::look(path)?;
        let folder = Self::lock(path)?;
        // What a killed process was writing.
        for entry in std::fs::read_dir(path)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(".writing-") {
                std::fs::remove_file(entry.path()).ok();
            }
        }
        Ok(folder)
    }

    fn lock(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path.join("lock"));
        let lock = file.with_context(|| format!("cannot write in the run folder {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(RunFolder { path: path.into(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => bail!("{} is in use by another process", path.display()),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the resolved configuration.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_config(&self, config: &Config) -> Result<()> {
        write(&self.file("config.toml"), config.to_toml()?.as_bytes())
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn config(&self) -> Result<Config> {
        Config::load(&self.file("config.toml"), &[])
    }

    /// All evaluations that were made here.
    ///
    /// # Errors
    /// As [`read_json`].
    pub fn evaluations(&self) -> Result<Vec<Evaluation>> {
        read_json(&self.file(EVALUATIONS))
    }

    /// Drops the evaluations of one learner, because it is no longer the one that they are of.
    ///
    /// # Errors
    /// What the system says.
    pub fn forget_evaluations(&self, of: impl Fn(&str) -> bool) -> Result<()> {
        let mut evaluations = self.evaluations()?;
        evaluations.retain(|evaluation| !of(&evaluation.learner));
        write_json(&self.file(EVALUATIONS), &evaluations)
    }

    /// All metrics up to the last checkpoint or beyond.
    ///
    /// # Errors
    /// A line that is none of ours, with its number. A last line cut short is left out.
    pub fn metrics(&self) -> Result<Vec<GenerationMetrics>> {
        read_lines(&self.file("metrics.jsonl"))
    }

    /// Seconds spent in training, over all the times that it was begun or resumed.
    ///
    /// # Errors
    /// As [`RunFolder::metrics`].
    pub fn seconds(&self) -> Result<f64> {
        let lines: Vec<Value> = read_lines(&self.file("timing.jsonl"))?;
        Ok(lines.iter().filter_map(|line| line["seconds"].as_f64()).sum())
    }

    /// Seconds spent in training up to each generation, that is up to where it was done for the last time.
    ///
    /// # Errors
    /// As [`RunFolder::metrics`].
    pub fn seconds_by_generation(&self) -> Result<BTreeMap<u64, f64>> {
        let lines: Vec<Value> = read_lines(&self.file("timing.jsonl"))?;
        let mut sum = 0.0;
        let times = lines.iter().filter_map(|line| {
            sum += line["seconds"].as_f64()?;
            Some((line["generation"].as_u64()?, sum))
        });
        Ok(times.collect())
    }

    /// Writes a checkpoint, keeping the one before. `metrics` is the file whose length belongs to it.
    ///
    /// # Errors
    /// What the system says; the checkpoint before is then still there, under one of the two names.
    pub fn save_checkpoint(&self, training: &MetaTraining, metrics: &MetricsFile) -> Result<()> {
        metrics.sync()?;
        let mut archive = training.archive();
        archive.description["metrics_bytes"] = json!(metrics.bytes);
        let path = self.file("checkpoint.safetensors");
        if path.exists() {
            std::fs::rename(&path, self.file("checkpoint.previous.safetensors"))
                .with_context(|| format!("cannot rename {}", path.display()))?;
        }
        Ok(archive.save(&path)?)
    }

    /// Reads the last checkpoint, or the one before where that is damaged (and says so); none if there is none yet.
    ///
    /// # Errors
    /// If there are checkpoints but none can be read.
    pub fn load_checkpoint(&self) -> Result<Option<Archive>> {
        let mut failure = None;
        for name in ["checkpoint.safetensors", "checkpoint.previous.safetensors"] {
            let path = self.file(name);
            if !path.exists() {
                continue;
            }
            match Archive::load(&path) {
                Ok(archive) => {
                    if let Some(error) = failure {
                        note(format_args!("warning: {error}; going on from {name}"));
                    }
                    return Ok(Some(archive));
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) => Err(error).context("no checkpoint of this run can be read"),
            None => Ok(None),
        }
    }

    /// The hash of a run as it stands in its last checkpoint: meta-parameters, optimizer, counters and metrics. Equal for
    /// equal configurations and kernels, whatever the threads, and however often the run was stopped.
    ///
    /// # Errors
    /// If there is no checkpoint.
    pub fn hash(&self) -> Result<String> {
        let Some(archive) = self.load_checkpoint()? else { bail!("{} has no checkpoint yet", self.path.display()) };
        let path = self.file("metrics.jsonl");
        let metrics = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let metrics = &metrics[..metrics_bytes(&archive)?.min(metrics.len() as u64) as usize];
        let mut hasher = blake3::Hasher::new();
        hasher.update(archive.checksum().as_bytes()).update(metrics);
        Ok(hasher.finalize().to_hex()[..32].to_string())
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// What the system says.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write(path, &serde_json::to_vec(value)?)
}

/// Replaces a file in one step.
///
/// # Errors
/// What the system says.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    write_durably(path, content).context(Unwritten)
}

/// Reads a value from JSON; the default where there is no such file.
///
/// # Errors
/// A file that cannot be read or is not of this form.
pub fn read_json<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    if !path.exists() {
        return Ok(T::default());
    }
    let context = || format!("cannot read {}", path.display());
    let mut text = String::new();
    File::open(path).with_context(context)?.take(MAX_JSON_BYTES).read_to_string(&mut text).with_context(context)?;
    serde_json::from_str(&text).with_context(context)
}

/// How long `metrics.jsonl` was when a checkpoint was made.
fn metrics_bytes(archive: &Archive) -> Result<u64> {
    archive.description["metrics_bytes"].as_u64().context("the checkpoint does not say how long the metrics were")
}

/// Reads JSON lines; a last one that was cut short is left out.
fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let parse =
        |(number, line)| serde_json::from_str(line).with_context(|| format!("{}, line {}", path.display(), number + 1));
    whole.lines().enumerate().map(parse).collect()
}

/// Opens a file of lines to add to. A last line that was cut short, by a kill in its midst, is cut off: the next one would
/// else be written behind it.
fn open_lines(path: &Path) -> Result<File> {
    let context = || format!("cannot write {}", path.display());
    let file = OpenOptions::new().create(true).append(true).open(path).with_context(context)?;
    let text = std::fs::read(path).with_context(context)?;
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    file.set_len(whole as u64).with_context(context)?;
    Ok(file)
}

/// The file of seconds per generation. What is lost of it is lost: nothing is computed from it.
pub struct TimingFile {
    path: PathBuf,
    file: File,
}

impl TimingFile {
    /// Opens the file, to add to it.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(folder: &RunFolder) -> Result<Self> {
        let path = folder.file("timing.jsonl");
        Ok(TimingFile { file: open_lines(&path)?, path })
    }

    /// Adds a line, in one piece.
    ///
    /// # Errors
    /// What the system says.
    pub fn append(&mut self, generation: u64, seconds: f64) -> Result<()> {
        let line = format!("{}\n", json!({ "generation": generation, "seconds": seconds }));
        self.file.write_all(line.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// The file that grows by a line per generation.
pub struct MetricsFile {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl MetricsFile {
    /// Opens the file and cuts it to the length that belongs to `checkpoint`; to nothing where there is none.
    ///
    /// # Errors
    /// What the system says; a file that is shorter than the checkpoint says.
    pub fn open(folder: &RunFolder, checkpoint: Option<&Archive>) -> Result<Self> {
        let path = folder.file("metrics.jsonl");
        let context = || format!("cannot write {}", path.display());
        let file = OpenOptions::new().create(true).append(true).open(&path).with_context(context)?;
        let bytes = checkpoint.map_or(Ok(0), metrics_bytes)?;
        let found = file.metadata().with_context(context)?.len();
        if found < bytes {
            bail!(
                "{} has {found} bytes, but the checkpoint was made when it had {bytes}: it was changed",
                path.display()
            );
        }
        file.set_len(bytes).with_context(context)?;
        Ok(MetricsFile { path, file, bytes })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// What the system says.
    pub fn append(&mut self, metrics: &GenerationMetrics) -> Result<()> {
        let mut line = serde_json::to_vec(metrics)?;
        line.push(b'\n');
        self.file.write_all(&line).with_context(|| format!("cannot write {}", self.path.display()))?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.file.sync_data().with_context(|| format!("cannot write {}", self.path.display()))
    }
}
