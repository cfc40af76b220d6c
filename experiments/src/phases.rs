//! A curriculum: what a run lives in, and how it moves, may change on its way.
//!
//! Each phase is a table in [`Config::phases`] that says when it begins and what is different then. It begins with the
//! generation that it is `from`, or as soon as validation comes to `from_score` in the phase before it, whichever is first. A
//! score lets each seed take the time it needs: what one has learnt in 300 generations, another learns in 700.
//!
//! Which phase a run is in follows from its metrics alone, so a checkpoint need not say.

use crate::config::{Config, OptimizerConfig, merge};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use toml::{Table, Value};
use vsml_agents::{GenerationMetrics, MetaTraining};
use vsml_core::Kernel;
use vsml_envs::Registry;

/// What a phase may change.
const CHANGES: [&str; 6] = ["tasks", "lifetimes", "standardise", "team_reward", "optimizer", "validation"];
/// What says when it begins.
const BEGINS: [&str; 2] = ["from", "from_score"];

/// What the score of a validation is ([`Validation::score`](vsml_agents::Validation::score)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreKind {
    /// Mean reward, as fitness is.
    Reward,
    /// In standard deviations of random play.
    Standardised,
    /// The probability of being better than random play, in scenarios other than those of training.
    Improvement,
}

impl ScoreKind {
    fn of(config: &Config) -> Self {
        match (config.validation.tasks.is_empty(), config.standardise) {
            (true, false) => ScoreKind::Reward,
            (true, true) => ScoreKind::Standardised,
            (false, _) => ScoreKind::Improvement,
        }
    }
}

impl Config {
    /// How many phases have begun once the generations of `history` are done.
    pub fn phases_after(&self, history: &[GenerationMetrics]) -> usize {
        history.iter().fold(0, |begun, metrics| self.next_phases(begun, metrics))
    }

    /// The same, one generation further: `begun` had before it.
    pub fn next_phases(&self, begun: usize, metrics: &GenerationMetrics) -> usize {
        let at_the_latest = |phase: &Table| from(phase).is_some_and(|from| from <= metrics.generation);
        let score = metrics.validation.as_ref().and_then(|validation| validation.score);
        let next = self.phases.get(begun).and_then(from_score);
        match self.phases.iter().rposition(at_the_latest) {
            Some(latest) if latest >= begun => latest + 1,
            _ if next.is_some_and(|next| score.is_some_and(|score| score >= next)) => begun + 1,
            _ => begun,
        }
    }

    /// The generations after which a phase began.
    pub fn phase_beginnings(&self, history: &[GenerationMetrics]) -> Vec<u64> {
        let mut begun = 0;
        let begins = |metrics: &GenerationMetrics| {
            let next = self.next_phases(begun, metrics);
            let before = std::mem::replace(&mut begun, next);
            (begun > before).then_some(metrics.generation)
        };
        history.iter().filter_map(begins).collect()
    }

    /// What validation's score is when the generations of `history` are done, and the generation after which it has been that.
    ///
    /// # Errors
    /// As [`Config::build`].
    pub fn score_kind(&self, history: &[GenerationMetrics]) -> Result<(ScoreKind, u64)> {
        let (mut begun, mut since) = (0, 0);
        let mut kind = ScoreKind::of(self);
        for metrics in history {
            let next = self.next_phases(begun, metrics);
            if next > begun {
                begun = next;
                let now = ScoreKind::of(&self.with_phases(begun)?);
                if now != kind {
                    (kind, since) = (now, metrics.generation);
                }
            }
        }
        Ok((kind, since))
    }

    /// As [`Config::build`], as it is when so many phases have begun.
    ///
    /// # Errors
    /// As there.
    pub fn build_with_phases(&self, registry: &Registry, kernel: Kernel, begun: usize) -> Result<MetaTraining> {
        self.with_phases(begun)?.build_phase(registry, kernel)
    }

    /// The configuration with all changed that the first so many phases change.
    fn with_phases(&self, begun: usize) -> Result<Config> {
        let mut table = Table::try_from(self)?;
        table.remove("phases");
        for phase in &self.phases[..begun] {
            let mut phase = phase.clone();
            BEGINS.iter().for_each(|key| drop(phase.remove(*key)));
            merge(&mut table, phase);
        }
        Config::from_table(table, &[])
    }

    /// Whether every phase makes sense.
    ///
    /// # Errors
    /// What does not, and in which phase.
    pub(crate) fn check_phases(&self, registry: &Registry, kernel: Kernel) -> Result<()> {
        let mut last = 0;
        for (number, phase) in self.phases.iter().enumerate() {
            let at = || format!("phases[{number}]");
            if let Some(key) = phase.keys().find(|key| !BEGINS.iter().chain(&CHANGES).any(|known| known == key)) {
                let (begins, changes) = (BEGINS.join(" or "), CHANGES.join(", "));
                bail!("{}: a phase cannot change `{key}` (it begins by {begins}, and changes any of: {changes})", at());
            }
            match phase.get("from") {
                Some(_) => match from(phase).filter(|from| *from > last) {
                    Some(from) => last = from,
                    None => bail!("{}: `from` must be a generation after {last}", at()),
                },
                None if phase.contains_key("from_score") => {}
                None => bail!("{}: `from` must be a generation after {last}, or `from_score` a score", at()),
            }
            if phase.contains_key("from_score") {
                if from_score(phase).is_none_or(f64::is_nan) {
                    bail!("{}: `from_score` must be a score of validation, a number", at());
                }
                let before = self.with_phases(number)?;
                if before.validation.every == 0 {
                    bail!("{}: `from_score` waits for a validation, and validation.every is 0 before it", at());
                }
                let never = from_score(phase).is_some_and(|score| score > 1.0);
                if never && ScoreKind::of(&before) == ScoreKind::Improvement {
                    bail!("{}: `from_score` waits for a probability (validation.tasks), so it must be at most 1", at());
                }
            }
            let optimizer = phase.get("optimizer").and_then(|optimizer| optimizer.as_table());
            let fixed = |key: &&String| *key == "kind" || self.optimizer.only_at_first().contains(&key.as_str());
            if let Some(key) = optimizer.and_then(|optimizer| optimizer.keys().find(fixed)) {
                bail!("{}: a phase cannot change `optimizer.{key}`: it counts only where a run begins", at());
            }
            let mut config = self.with_phases(number + 1).with_context(at)?;
            if let OptimizerConfig::PersistentEvolutionStrategies(_)
            | OptimizerConfig::NoiseReuseEvolutionStrategies(_) = self.optimizer
            {
                bail!("{}: lives that go on from generation to generation cannot change what they are for", at());
            }
            config.build_phase(registry, kernel).with_context(at)?;
        }
        Ok(())
    }
}

/// The best generation in validation, of the last phase: what was best before it was so at something else. `beginnings` are
/// those of phases.
pub fn best<'a>(history: &'a [GenerationMetrics], beginnings: &[u64]) -> Option<&'a GenerationMetrics> {
    let last_phase = beginnings.last().copied().unwrap_or(0);
    let mut of_phase = history.iter().rev().take_while(|metrics| metrics.generation > last_phase);
    of_phase.find(|metrics| metrics.validation.as_ref().is_some_and(|validation| validation.best_so_far))
}

/// The generation with which a phase begins at the latest.
fn from(phase: &Table) -> Option<u64> {
    u64::try_from(phase.get("from")?.as_integer()?).ok()
}

/// The score of validation with which it does.
fn from_score(phase: &Table) -> Option<f64> {
    match phase.get("from_score")? {
        Value::Float(score) => Some(*score),
        Value::Integer(score) => Some(*score as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vsml_agents::Validation;

    /// How many phases have begun after each generation, given those that are validated and their scores.
    fn begun(phases: &str, scores: &[(u64, f64)]) -> Vec<usize> {
        let config = Config::parse(&format!("tasks = ['BernoulliBandit-v0']\nphases = {phases}"), &[]).unwrap();
        let metrics = |generation| {
            let validation = scores
                .iter()
                .find(|(validated, _)| *validated == generation)
                .map(|(_, score)| Validation { score: Some(*score), ..Validation::default() });
            GenerationMetrics { generation, validation, ..GenerationMetrics::default() }
        };
        let history: Vec<GenerationMetrics> = (1..=10).map(metrics).collect();
        let beginnings = config.phase_beginnings(&history);
        assert!(beginnings.iter().all(|generation| config.phases_after(&history[..*generation as usize - 1])
            < config.phases_after(&history[..*generation as usize])));
        (1..=10).map(|done| config.phases_after(&history[..done])).collect()
    }

    #[test]
    fn the_kind_of_scores_is_that_of_the_last_phase() {
        use ScoreKind::{Improvement, Reward, Standardised};
        let kind = |phases: &str| {
            let config = Config::parse(&format!("tasks = ['BernoulliBandit-v0']\nphases = {phases}"), &[]).unwrap();
            let metrics = |generation| GenerationMetrics { generation, ..GenerationMetrics::default() };
            config.score_kind(&(1..=10).map(metrics).collect::<Vec<_>>()).unwrap()
        };
        assert_eq!(kind("[{ from = 3 }]"), (Reward, 0));
        assert_eq!(kind("[{ from = 3, standardise = true }]"), (Standardised, 3));
        assert_eq!(kind("[{ from = 3, standardise = true }, { from = 5 }]"), (Standardised, 3));
        assert_eq!(kind("[{ from = 3, standardise = true }, { from = 5, standardise = false }]"), (Reward, 5));
        assert_eq!(kind("[{ from = 30, standardise = true }]"), (Reward, 0));
        let elsewhere = "validation = { tasks = ['SimpleBandit-v0'] }";
        assert_eq!(kind(&format!("[{{ from = 3, {elsewhere} }}]")), (Improvement, 3));
        assert_eq!(
            kind(&format!("[{{ from = 3, {elsewhere} }}, {{ from = 5, standardise = true }}]")),
            (Improvement, 3)
        );
        assert_eq!(
            kind(&format!("[{{ from = 3, {elsewhere} }}, {{ from = 5, validation = {{ tasks = [] }} }}]")),
            (Reward, 5)
        );
    }

    #[test]
    fn a_phase_begins_with_its_generation_or_with_the_score_before_it() {
        assert_eq!(begun("[{ from = 3 }, { from = 5 }]", &[]), [0, 0, 1, 1, 2, 2, 2, 2, 2, 2]);
        let scores = [(2, 1.0), (4, 2.0), (6, 3.0), (8, 2.0)];
        assert_eq!(begun("[{ from_score = 2 }]", &scores), [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(begun("[{ from = 9, from_score = 5 }]", &scores), [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(begun("[{ from_score = 5 }]", &scores), [0; 10]);
        // One validation begins one phase, and a generation all phases before.
        assert_eq!(begun("[{ from_score = 1 }, { from_score = 1 }]", &scores), [0, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(begun("[{ from_score = 5 }, { from = 7 }]", &scores), [0, 0, 0, 0, 0, 0, 2, 2, 2, 2]);
    }
}
