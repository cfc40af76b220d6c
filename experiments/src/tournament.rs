//! `vsml tournament`: everybody against everybody.
//!
//! How good somebody is in a game for several depends on who else is there, so a player is judged by all whom it may meet,
//! among them one like itself. And who wins against everybody may do so at the cost of all: next to the players' own rewards
//! stands what became of everybody. Every pair is an evaluation like any other, of the scenario `GAME with OTHER`, and all of
//! them meet the same tasks with the same luck.

use crate::arguments::TournamentArguments;
use crate::config::make_scenarios;
use crate::evaluate::{Contender, evaluate_all};
use crate::exit;
use crate::machine::STOP;
use crate::names::{named_twice, shown};
use crate::output::{check_folder_of, note, say};
use crate::run_folder::write;
use crate::table::{NOTHING_TO_TELL, dealt_out, quoted, unsuited, with_error, with_interval};
use anyhow::{Result, bail};
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::atomic::Ordering::Relaxed;
use vsml_agents::Evaluation;
use vsml_agents::statistics::{mean, mean_interval, standard_error};
use vsml_envs::{LifetimeKey, Registry, Split, stream};

/// Over the last column.
const OVERALL: &str = "mean over all";

/// Lets everybody play against everybody, prints the tables, and writes the page if one is wanted.
///
/// # Errors
/// A game that is not for several agents, a player that there is not or that is named twice, a page that cannot be written.
pub fn tournament(registry: &Registry, arguments: &TournamentArguments) -> Result<ExitCode> {
    let TournamentArguments { game, players, lifetimes, seed, out, machine } = arguments;
    let game = game.trim();
    check_game(registry, game)?;
    check_names(players)?;
    if let Some(path) = out {
        check_folder_of(path)?;
    }
    let kernel = machine.kernel();
    let contenders = players.iter().map(|name| Contender::named(name, kernel)).collect::<Result<Vec<_>>>()?;
    let pairs: Vec<String> = players.iter().map(|other| format!("{game} with {other}")).collect();
    let scenarios = make_scenarios(registry, &pairs, kernel)?;
    let evaluations = evaluate_all(&contenders, &scenarios, *lifetimes, *seed, machine, &[], &mut |_| Ok(()))?;
    if STOP.load(Relaxed) {
        note("interrupted; nothing is shown of a tournament that did not come to its end");
        return Ok(ExitCode::from(exit::STOPPED));
    }
    let names = shown(players);
    let standings = Standings::new(&names, &evaluations);
    say(format_args!(
        "{game}, {lifetimes} lifetimes each, seed {seed}: who plays in the rows, against whom in the columns\n"
    ));
    say(standings.text());
    if let Some(path) = out {
        write(path, standings.page(arguments).as_bytes())?;
        say(format_args!("page  {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether there are others in this game to play against.
fn check_game(registry: &Registry, game: &str) -> Result<()> {
    if let Some((id, _)) = game.split_once(" with ") {
        bail!("`{game}`: who else is there is what a tournament goes through; name the game alone: {id}");
    }
    let key = LifetimeKey { seed: 0, split: Split::Test, generation: 0, member: 0, lifetime: 0 };
    if !registry.is_team(game)? || registry.make_team(game)?.sample(&key)?.agents().len() < 2 {
        bail!("`{game}` is for one agent, there is nobody to play against: `list` shows worlds of several agents");
    }
    Ok(())
}

/// Whether each name means one player, whether it stands alone or behind `with`.
fn check_names(players: &[String]) -> Result<()> {
    if let Some(twice) = named_twice(players) {
        bail!("`{twice}` is named twice: each player meets one like itself anyway");
    }
    let misread = |name: &&String| name.contains(" and ") || ["itself", "its past"].contains(&name.as_str());
    if let Some(name) = players.iter().find(misread) {
        bail!("`{name}`: a player's name cannot be, or contain, a word with which scenarios are written");
    }
    Ok(())
}

/// What is told of a pair.
#[derive(Clone, Copy)]
enum Measure {
    /// The reward of who plays.
    Reward,
    /// The mean reward of all agents.
    Welfare,
    /// The reward of the agent that came off worst.
    Worst,
}

impl Measure {
    /// Of every life of an evaluation.
    fn of(self, evaluation: &Evaluation) -> Vec<f64> {
        match self {
            Measure::Reward => evaluation.lives.iter().map(|life| life.reward).collect(),
            Measure::Welfare => evaluation.welfare(),
            Measure::Worst => evaluation.worst(),
        }
    }
}

/// A mean, and the values that it is the mean of; none where there are none that could be set side by side.
struct Found {
    mean: f64,
    values: Vec<f64>,
}

impl Found {
    fn with_error(&self) -> String {
        if self.values.len() < 2 {
            return format!("{:.2}", self.mean);
        }
        with_error(self.mean, standard_error(&self.values))
    }

    fn with_interval(&self, seed: u64) -> String {
        if self.values.len() < 2 {
            return format!("{:.2}", self.mean);
        }
        with_interval(self.mean, mean_interval(&self.values, &mut stream(seed, "bootstrap", &[])))
    }
}

/// Who came to what against whom; the best first, in rows and in columns.
struct Standings<'a> {
    names: Vec<&'a str>,
    /// Of each player, what came of it against each.
    evaluations: Vec<Vec<&'a Evaluation>>,
}

impl<'a> Standings<'a> {
    /// Sorts players by their mean reward over all whom they met. Of each of them in turn, `evaluations` has all who played
    /// against it.
    fn new(names: &'a [String], evaluations: &'a [Evaluation]) -> Self {
        let count = names.len();
        let row = |who: usize, order: &[usize]| -> Vec<&'a Evaluation> {
            order.iter().map(|other| &evaluations[other * count + who]).collect()
        };
        let given: Vec<usize> = (0..count).collect();
        let mut sorted: Vec<(usize, f64)> = given
            .iter()
            .map(|&who| (who, overall(&row(who, &given), Measure::Reward).map_or(f64::NEG_INFINITY, |all| all.mean)))
            .collect();
        sorted.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let order: Vec<usize> = sorted.into_iter().map(|(who, _)| who).collect();
        Standings {
            names: order.iter().map(|&who| names[who].as_str()).collect(),
            evaluations: order.iter().map(|&who| row(who, &order)).collect(),
        }
    }

    /// A measure of every pair and, at the end of each row, over all whom the player met; each written by `write`, which is
    /// told nothing where there is nothing.
    fn rows(&self, write: impl Fn(&dyn Fn(Measure) -> Option<Found>) -> String) -> Vec<(&'a str, Vec<String>)> {
        let cells = |row: &Vec<&Evaluation>| -> Vec<String> {
            let pairs = row.iter().map(|pair| write(&|measure| found(measure.of(pair))));
            pairs.chain([write(&|measure| overall(row, measure))]).collect()
        };
        self.names.iter().zip(&self.evaluations).map(|(name, row)| (*name, cells(row))).collect()
    }

    fn columns(&self) -> Vec<&'a str> {
        self.names.iter().copied().chain([OVERALL]).collect()
    }

    /// For the terminal.
    fn text(&self) -> String {
        let rewards = self.rows(|of| told(of(Measure::Reward), Found::with_error));
        let everybody = self.rows(|of| {
            let both = of(Measure::Welfare).zip(of(Measure::Worst));
            told(both, |(welfare, worst)| format!("{:.2} / {:.2}", welfare.mean, worst.mean))
        });
        let mut text = format!("mean reward of a lifetime ± standard error\n{}", dealt_out(&self.columns(), &rewards));
        text += "\nmean reward of all agents (welfare) / of the worst off\n";
        text += dealt_out(&self.columns(), &everybody).trim_end_matches('\n');
        self.remarks().iter().for_each(|line| text += &format!("\n{line}"));
        text
    }

    /// As a page of Markdown.
    fn page(&self, arguments: &TournamentArguments) -> String {
        let TournamentArguments { game, players, lifetimes, seed, .. } = arguments;
        let mut page = format!(
            "# Tournament: {game}\n\nWritten by `vsml tournament {} --lifetimes {lifetimes} --seed {seed} --out FILE`. \
             Rows: who plays; columns: who is in the other seats. Means over {lifetimes} lifetimes, each with its 95 % bootstrap \
             interval.\n",
            [game].into_iter().chain(players).map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
        );
        for (title, measure) in [
            ("Reward of who plays", Measure::Reward),
            ("Mean reward of all agents (welfare)", Measure::Welfare),
            ("Reward of the agent that came off worst", Measure::Worst),
        ] {
            let columns: Vec<String> = self.names.iter().map(|name| code(name)).collect();
            write!(page, "\n## {title}\n\n| | {} | {OVERALL} |\n|---|", columns.join(" | ")).ok();
            writeln!(page, "{}", "--:|".repeat(columns.len() + 1)).ok();
            for (name, cells) in self.rows(|of| told(of(measure), |found| found.with_interval(*seed))) {
                writeln!(page, "| {} | {} |", code(name), cells.join(" | ")).ok();
            }
        }
        for line in self.remarks() {
            write!(page, "\n{line}\n").ok();
        }
        page
    }

    /// Why there are no numbers, or fewer lives behind them.
    fn remarks(&self) -> Vec<String> {
        let all: Vec<Evaluation> = self.evaluations.iter().flatten().map(|pair| (*pair).clone()).collect();
        let mut lines: Vec<String> = Vec::new();
        for (learner, reason) in unsuited(&all) {
            let line = format!("{NOTHING_TO_TELL}: {learner}: {reason}");
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let faulty = all.iter().filter(|pair| !pair.faults.is_empty());
        lines.extend(faulty.map(|pair| format!("faults of {} on {}: {:?}", pair.learner, pair.tasks, pair.faults)));
        lines
    }
}

/// A cell.
fn told<T>(found: Option<T>, text: impl Fn(&T) -> String) -> String {
    found.as_ref().map_or_else(|| NOTHING_TO_TELL.into(), text)
}

/// What may stand in a cell of Markdown, as it is.
fn code(name: &str) -> String {
    format!("`{}`", name.replace('|', "\\|"))
}

fn found(values: Vec<f64>) -> Option<Found> {
    (!values.is_empty()).then(|| Found { mean: mean(&values), values })
}

/// The mean over all whom a player met, each of the same weight. Lives are set side by side by their number, since they are of
/// the same tasks; where one was lost, that cannot be.
fn overall(row: &[&Evaluation], measure: Measure) -> Option<Found> {
    let met: Vec<Vec<f64>> = row.iter().map(|pair| measure.of(pair)).filter(|values| !values.is_empty()).collect();
    let first = met.first()?;
    let whole = row.iter().all(|pair| pair.faults.is_empty()) && met.iter().all(|values| values.len() == first.len());
    let at = |life: usize| mean(&met.iter().map(|values| values[life]).collect::<Vec<_>>());
    let values = if whole { (0..first.len()).map(at).collect() } else { Vec::new() };
    Some(Found { mean: mean(&met.iter().map(|values| mean(values)).collect::<Vec<_>>()), values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::tests::evaluation;
    use std::collections::BTreeMap;

    /// What `learner` got in each life, and the others with it.
    fn pair(learner: &str, rewards: &[f64], others: &[f64]) -> Evaluation {
        let teams = rewards.iter().zip(others).map(|(own, other)| vec![*own, *other]).collect();
        Evaluation { teams, ..evaluation(learner, "Game-v0", rewards) }
    }

    fn names(names: [&str; 2]) -> [String; 2] {
        names.map(String::from)
    }

    #[test]
    fn the_best_come_first_in_rows_and_columns() {
        let names = names(["dove", "hawk"]);
        // Against dove, then against hawk.
        let evaluations = [
            pair("dove", &[2.0, 4.0], &[3.0, 3.0]),
            pair("hawk", &[10.0, 10.0], &[0.0, 2.0]),
            pair("dove", &[0.0, 2.0], &[10.0, 10.0]),
            pair("hawk", &[-4.0, -6.0], &[-4.0, -6.0]),
        ];
        let standings = Standings::new(&names, &evaluations);
        assert_eq!(standings.columns(), ["hawk", "dove", OVERALL]);
        let rewards = standings.rows(|of| told(of(Measure::Reward), Found::with_error));
        // Life by life, hawk has 3 and 2 over both, dove 1 and 3.
        assert_eq!(rewards[0], ("hawk", ["-5.00 ±1.00", "10.00 ±.00", "2.50 ±.50"].map(String::from).to_vec()));
        assert_eq!(rewards[1], ("dove", ["1.00 ±1.00", "3.00 ±1.00", "2.00 ±1.00"].map(String::from).to_vec()));
        let text = standings.text();
        // Of hawk against dove: (10 + 0) / 2 and (10 + 2) / 2; at worst 0 and 2.
        assert!(text.contains("5.50 / 1.00"), "{text}");
    }

    #[test]
    fn who_cannot_play_comes_last_and_says_why_once() {
        let names = names(["sgd", "hawk"]);
        let evaluations = [
            pair("sgd", &[], &[]),
            pair("hawk", &[], &[]),
            pair("sgd", &[], &[]),
            pair("hawk", &[1.0, 3.0], &[1.0, 1.0]),
        ];
        let text = Standings::new(&names, &evaluations).text();
        let first = text.lines().find(|line| line.contains("2.00")).unwrap();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>(), ["hawk", "2.00", "±1.00", "n/a", "2.00", "±1.00"]);
        assert_eq!(text.matches("n/a: sgd: it cannot").count(), 1, "{text}");
    }

    #[test]
    fn lives_of_which_one_was_lost_are_not_set_side_by_side() {
        let whole = pair("hawk", &[1.0, 3.0], &[1.0, 1.0]);
        let lost =
            Evaluation { faults: BTreeMap::from([("panic".into(), 1)]), ..pair("hawk", &[5.0, 7.0], &[1.0, 1.0]) };
        let texts = |row: &[&Evaluation]| overall(row, Measure::Reward).unwrap().with_error();
        assert_eq!(texts(&[&whole, &whole]), "2.00 ±1.00");
        assert_eq!(texts(&[&whole, &lost]), "4.00");
    }
}
