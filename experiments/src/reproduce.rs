//! `vsml reproduce`: trains again what is shipped, and says whether it comes to the same.
//!
//! A claim that nobody can repeat is worth little. This trains the configuration of shipped weights anew, evaluates what comes
//! of it and the shipped weights in the same scenarios, on the same tasks with the same luck, and holds the 95 % intervals
//! against each other. On a processor with the same kernel, and as long as nothing has changed what is computed, even the bits
//! are the same.

use crate::arguments::ReproduceArguments;
use crate::config::{Config, make_scenarios};
use crate::evaluate::{contenders, evaluate_all, is_trained, load_weights};
use crate::exit::{FOUND, Interrupted, same_command_goes_on};
use crate::machine::STOP;
use crate::output::say;
use crate::report_command::write_report;
use crate::shipped::{self, Shipped};
use crate::table::{NOTHING_TO_TELL, dealt_out, with_interval};
use crate::train::{begin_or_go_on, complete, going_on};
use anyhow::{Result, anyhow};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use vsml_agents::{Evaluation, Summary, Weights};
use vsml_envs::{Registry, nearest};

/// Trains and evaluates whatever is not there yet, and prints how it compares with what is shipped.
///
/// # Errors
/// A name under which nothing is shipped, a folder that cannot be used, and whatever training says.
pub fn reproduce(registry: &Registry, arguments: &ReproduceArguments) -> Result<ExitCode> {
    let ReproduceArguments { name, generations, out, machine } = arguments;
    let shipped = shipped::named(name).ok_or_else(|| not_shipped(name))?;
    let settings: Vec<String> = generations.iter().map(|number| format!("generations={number}")).collect();
    let mut config = Config::parse(shipped.config, &settings)?;
    let whole = Config::parse(shipped.config, &[])?.generations;
    let path = out.clone().unwrap_or_else(|| Path::new("runs").join(format!("reproduce-{name}")));
    let machine = &going_on(machine, &path)?;
    let mut training = config.build(registry, machine.kernel())?;
    let (folder, checkpoint) = begin_or_go_on(registry, &config, &path, machine, &mut training)?;
    let mut again = complete(registry, &config, &folder, &mut training, checkpoint.as_ref(), machine)
        .map_err(|error| if error.is::<Interrupted>() { same_command_goes_on() } else { error })?;
    again.retain(|evaluation| is_trained(&evaluation.learner));
    let (theirs, ours) = (shipped.weights()?, load_weights(&folder)?);
    let scenarios = make_scenarios(registry, &config.evaluation.tasks, machine.kernel())?;
    let contenders = contenders(&theirs, &config.evaluation.networks, &[], machine.kernel())?;
    let lifetimes = config.evaluation.lifetimes;
    let before = evaluate_all(&contenders, &scenarios, lifetimes, config.seed, machine, &[], &mut |_| Ok(()))?;
    if STOP.load(Relaxed) {
        return Err(same_command_goes_on());
    }
    let rows = compared(&again, &before);
    say(origin(&shipped, &theirs));
    if config.generations != whole {
        say(format_args!("a shorter try: {} generations, not {whole} as the shipped weights", config.generations));
    }
    say(format_args!(
        "\ninterquartile mean of the reward of a lifetime, with its 95 % bootstrap interval\n{}",
        text(&rows)
    ));
    say(format_args!("theta   {}", bits(&ours.values, &theirs.values)));
    say(format_args!("hash    {}", folder.hash()?));
    say(format_args!("report  {}", write_report(&folder)?.display()));
    Ok(ExitCode::from(if rows.iter().all(Row::overlaps) { 0 } else { FOUND }))
}

fn not_shipped(name: &str) -> anyhow::Error {
    let meant = nearest(name, shipped::SHIPPED.iter().map(|shipped| shipped.name));
    let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    anyhow!("no weights are shipped as `{name}`{meant}; there are: {}", shipped::names())
}

/// Where shipped weights are from.
fn origin(shipped: &Shipped, weights: &Weights) -> String {
    let of = |key: &str| weights.origin[key].as_str().map_or_else(|| weights.origin[key].to_string(), String::from);
    format!(
        "shipped `{}`: seed {}, meta-parameters of generation {}, commit {}",
        shipped.name,
        of("seed"),
        of("generation"),
        of("commit")
    )
}

/// One learner in one scenario: what was trained again, and what is shipped.
struct Row {
    tasks: String,
    again: Option<Summary>,
    shipped: Option<Summary>,
}

impl Row {
    /// Whether the intervals have anything in common.
    fn overlaps(&self) -> bool {
        let both = self.again.as_ref().zip(self.shipped.as_ref());
        both.is_some_and(|(again, shipped)| {
            again.interval.low <= shipped.interval.high && shipped.interval.low <= again.interval.high
        })
    }
}

/// Each evaluation of what was trained again beside that of what is shipped.
fn compared(again: &[Evaluation], shipped: &[Evaluation]) -> Vec<Row> {
    let several = again.iter().any(|evaluation| evaluation.learner != again[0].learner);
    let row = |evaluation: &Evaluation| {
        let same = |other: &&Evaluation| (&other.tasks, &other.learner) == (&evaluation.tasks, &evaluation.learner);
        let Evaluation { tasks, learner, .. } = evaluation;
        Row {
            tasks: if several { format!("{tasks}  {learner}") } else { tasks.clone() },
            again: evaluation.summary(),
            shipped: shipped.iter().find(same).and_then(Evaluation::summary),
        }
    };
    again.iter().map(row).collect()
}

fn text(rows: &[Row]) -> String {
    let cell = |summary: &Option<Summary>| {
        summary.as_ref().map_or_else(|| NOTHING_TO_TELL.into(), |s| with_interval(s.interquartile_mean, s.interval))
    };
    let texts = |row: &Row| {
        let verdict = if row.overlaps() { "overlap" } else { "apart" };
        vec![cell(&row.again), cell(&row.shipped), verdict.into()]
    };
    let named: Vec<(&str, Vec<String>)> = rows.iter().map(|row| (row.tasks.as_str(), texts(row))).collect();
    let overlapping = rows.iter().filter(|row| row.overlaps()).count();
    let table = dealt_out(&["trained again", "shipped", "intervals"], &named);
    format!("{table}{overlapping} of {} pairs of intervals overlap", rows.len())
}

/// Whether meta-parameters are the same.
fn bits(ours: &[f32], theirs: &[f32]) -> String {
    if ours.len() != theirs.len() {
        return format!("{} numbers, the shipped one has {}", ours.len(), theirs.len());
    }
    let different = ours.iter().zip(theirs).filter(|(one, other)| one.to_bits() != other.to_bits()).count();
    match different {
        0 => "the same bits".into(),
        _ => format!("other bits: {different} of {} numbers differ", ours.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::evaluation;

    #[test]
    fn intervals_that_have_something_in_common_overlap() {
        let shipped = [evaluation("vsml", "A-v0", &[1.0, 2.0, 3.0, 4.0]), evaluation("vsml", "B-v0", &[5.0, 5.0])];
        let again = [evaluation("vsml", "A-v0", &[2.0, 3.0, 4.0, 5.0]), evaluation("vsml", "B-v0", &[4.0, 4.0])];
        let overlap = |again: &[Evaluation]| compared(again, &shipped).iter().map(Row::overlaps).collect::<Vec<_>>();
        assert_eq!(overlap(&again), [true, false]);
        assert_eq!(overlap(&shipped), [true, true]);
        assert_eq!(overlap(&[evaluation("vsml", "C-v0", &[1.0])]), [false], "there is nothing to overlap with");
        let shown = text(&compared(&again, &shipped));
        assert!(
            shown.contains("4.00 (4.00 to 4.00)") && shown.ends_with("1 of 2 pairs of intervals overlap"),
            "{shown}"
        );
    }

    #[test]
    fn networks_are_told_apart() {
        let both = [evaluation("vsml", "A-v0", &[1.0]), evaluation("vsml[32]", "A-v0", &[9.0])];
        let rows = compared(&both, &both);
        assert!(rows.iter().all(Row::overlaps) && rows[1].tasks.ends_with("vsml[32]"));
    }

    #[test]
    fn bits_are_compared_as_bits() {
        assert_eq!(bits(&[1.0, 0.0], &[1.0, 0.0]), "the same bits");
        assert_eq!(bits(&[1.0, 0.0], &[1.0, -0.0]), "other bits: 1 of 2 numbers differ");
        assert_eq!(bits(&[1.0], &[1.0, 2.0]), "1 numbers, the shipped one has 2");
    }
}
