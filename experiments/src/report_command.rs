//! `vsml report`: gathers what is in a run's folder and writes the page.

use crate::report::{Report, render};
use crate::run_folder::{RunFolder, read_json, write};
use crate::table::{distinct, quoted};
use anyhow::Result;
use serde_json::Value;
use std::path::PathBuf;

/// Writes `report.html` of the run and returns where it is.
///
/// # Errors
/// A file of the run that cannot be read, or what the system says.
pub fn write_report(folder: &RunFolder) -> Result<PathBuf> {
    let config = folder.config()?;
    let manifest: Value = read_json(&folder.file("manifest.json"))?;
    let metrics = folder.metrics()?;
    let evaluations = folder.evaluations()?;
    let mut facts: Vec<(String, String)> = ["version", "commit", "seed", "threads", "kernel", "processor"]
        .into_iter()
        .filter_map(|key| manifest.get(key).map(|value| (key.to_string(), plain(value))))
        .collect();
    facts.push(("training time".into(), format!("{:.0} s", folder.seconds()?)));
    if let Ok(hash) = folder.hash() {
        facts.push(("hash".into(), hash));
    }
    let name = folder.path().file_name().map_or("run".into(), |name| name.to_string_lossy().into_owned());
    let run = folder.path().display();
    let on: Vec<String> = distinct(evaluations.iter().map(|evaluation| quoted(&evaluation.tasks)));
    let mut commands =
        vec![("train the same again".to_string(), format!("vsml train {run}/config.toml --out another-folder"))];
    // One that is as long as its steps does not become longer by generations.
    if config.steps == 0 {
        let further = format!("vsml resume {run} --generations {}", 2 * config.generations);
        commands.push(("train it further".to_string(), further));
    }
    if !on.is_empty() {
        commands.push(("evaluate".to_string(), format!("vsml evaluate {run} --on {}", on.join(" "))));
    }
    let page = render(&Report {
        name: &name,
        purpose: &config.about,
        facts: &facts,
        config: &config.to_toml()?,
        metrics: &metrics,
        phases: &config.phase_beginnings(&metrics),
        score_kind: config.score_kind(&metrics)?,
        evaluations: &evaluations,
        commands: &commands,
    })?;
    let path = folder.file("report.html");
    write(&path, page.as_bytes())?;
    Ok(path)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToString::to_string)
}
