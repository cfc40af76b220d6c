//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use vsml_core::Kernel;

const EXAMPLES: &str = "\
Examples:
  vsml quickstart
  vsml train experiments/configs/quickstart.toml --set generations=200 --seed 7 --out runs/mine
  vsml evaluate runs/mine --on BernoulliBandit-v0:arms=5 BernoulliBandit-v0:kind=hard
  vsml resume runs/mine
  vsml play runs/mine CartPole-v1 --gif cartpole.gif

Exit codes: 0 done, 1 check has found errors or reproduce comes to something else, 2 bad input, 3 training diverged, 6 disk failure, 75 interrupted (resume goes on), 130 stopped with nothing to go on with.";

const TOURNAMENT_EXAMPLES: &str = "\
Each PLAYER is the learner in the scenario `GAME with OTHER`, for each OTHER of them and for a second one like itself: in a
seat that is drawn anew for each life, with OTHER in all other seats. All meet the same tasks with the same luck.

The first table has a row for each player and a column for each that it met: the mean reward of a lifetime with its standard
error, and at the end the mean over all whom it met, by which rows are sorted. The second one says what became of everybody:
the mean over all agents (welfare), and the reward of the one that came off worst.

Examples:
  vsml tournament PrisonersDilemma-v0 tit-for-tat always:arm=0 always:arm=1 random
  vsml tournament Chicken-v0:steps=50 runs/a runs/b best-response --lifetimes 1000 --out chicken.md";

const BENCHMARK_HELP: &str = "\
Example of a CONFIG:

  seeds = [1, 2, 3]
  tasks = [\"BernoulliBandit-v0\", \"GaussianBandit-v0\"]          # each is trained on by itself
  tests = [\"BernoulliBandit-v0:kind=easy\"]                    # none: where each was trained
  measures = [\"reward\", \"gain\"]
  run = { steps = 8000000, lifetimes = 8 }                      # keys of any configuration
  learners = [{ kind = \"vsml\" }, { kind = \"vsml\", name = \"small\", hidden_size = 8 }]

Ready ones are in experiments/configs: bandits, actions, senses, acrobot-senses, swapped, unseen, broad, ablations, teams, and \
benchmark for every learner. \
All keys: experiments/README.md.";

const PROBE_HELP: &str = "\
Two-armed bandits of 100 pulls, whose arms' means are independent and uniform: what is best to do after any history is known \
exactly. The first table says in which share of the pulls that was done (where both arms have seen the same, neither is better, \
and the pull does not count). The second one, of meta-trained learners, says how much of what can be inferred, the posterior \
means of both arms, a linear map finds in their memory: 1 all, 0 nothing. Beside each stands the same learner as it was before \
training.

Examples:
  vsml probe quickstart thompson greedy optimal:pulls=100
  vsml probe runs/vsml runs/meta-rnn --lifetimes 4000";

const COMPARE_HELP: &str = "\
A row for each run has the keys of its configuration that are not the same in all of them, and how training went. Then, for \
each scenario in which at least two of the runs were evaluated: the interquartile mean of every learner with its 95 % bootstrap \
interval, and the probability that a life of the run's own learner is better than one of the first run's (0.5: neither is). \
`vsml evaluate RUN --on ID` evaluates runs in a scenario that is not there yet.

Example:
  vsml train experiments/configs/cartpole.toml --out runs/one
  vsml train experiments/configs/cartpole.toml --set optimizer.pairs=32 --out runs/other
  vsml compare runs/one runs/other";

const REPRODUCE_HELP: &str = "\
Trains the configuration of NAME into a folder of its own, evaluates what comes of it and the shipped weights in the scenarios \
of the configuration, with the same tasks and luck, and says for each whether the 95 % intervals of their interquartile means \
overlap, and whether the meta-parameters are the same bits. Exit code 0 if all overlap, 1 if not. The same command goes on where \
it was stopped. `vsml list` shows what is shipped.

Examples:
  vsml reproduce quickstart
  vsml reproduce clone --generations 2000   # a shorter try, which need not come to the same";

/// Meta-reinforcement learning with VSML: meta-train a learning algorithm, then evaluate it on tasks it has never seen.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Meta-train on two-armed bandits, evaluate zero-shot on bandits of other kinds and sizes; takes minutes
    Quickstart(QuickstartArguments),
    /// Make a sub-RNN that is backpropagation, and let it learn digits it has never seen by running forward; takes minutes
    Clone(CloneArguments),
    /// Meta-train as a configuration says, evaluate, and write a report
    Train(TrainArguments),
    /// Go on with a run that was stopped, or make a finished one longer
    Resume(ResumeArguments),
    /// Evaluate a run's learner, or a file of meta-parameters, on any task distributions
    #[command(override_usage = "vsml evaluate RUN --on ID... [OPTIONS]")]
    Evaluate(EvaluateArguments),
    /// Meta-train many learners on many task distributions with the same budget, test them there or elsewhere, and put them
    /// into one table; goes on where it was stopped
    #[command(after_help = BENCHMARK_HELP)]
    Benchmark(BenchmarkArguments),
    /// Play reference players on the tasks of well-known tables, beside the numbers published or computed for them; takes
    /// minutes
    Reference(ReferenceArguments),
    /// Everybody against everybody in a game for several agents: who gets what against whom, and what that does to all
    #[command(after_help = TOURNAMENT_EXAMPLES)]
    Tournament(TournamentArguments),
    /// How often learners do what is best after all that they have seen of a bandit, and what of that is in their memory
    #[command(after_help = PROBE_HELP)]
    Probe(ProbeArguments),
    /// Write a run's report again
    Report {
        /// The run's folder
        run: PathBuf,
    },
    /// What differs between runs, and what came of it: configurations, training, and evaluations in the same scenarios
    #[command(after_help = COMPARE_HELP)]
    Compare {
        /// The runs' folders; the first is what the others are held against
        #[arg(value_name = "RUN", num_args = 2.., required = true)]
        runs: Vec<PathBuf>,
    },
    /// Train shipped weights again, and say whether that comes to the same; exit code 1 if it does not
    #[command(after_help = REPRODUCE_HELP)]
    Reproduce(ReproduceArguments),
    /// Print the hash of a run: equal for equal configurations, seeds and kernels, whatever the threads
    Hash {
        /// The run's folder
        run: PathBuf,
    },
    /// Let a player or a meta-trained learner live in an environment, and show it: on the terminal, or as an animation
    #[command(override_usage = "vsml play [PLAYER]... ID [OPTIONS]")]
    Play(PlayArguments),
    /// List environments with their parameters, reference players, and shipped weights
    List {
        /// Only what has this in its name, and of environments also what is seen and done there: `vsml list cartpole`
        word: Option<String>,
    },
    /// Say what is wrong with environments: from panics to states that clones share
    Check(CheckArguments),
}

/// How fast, not what.
#[derive(Debug, Args, Clone)]
pub struct Machine {
    /// Threads to work with; changes nothing but the time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
    /// Kernel: scalar, avx2 or avx512. The last two give the same bits, scalar differs in the last ones [default: the
    /// fastest that this processor runs; where a run goes on, the one that it used]
    #[arg(long, value_name = "NAME")]
    pub kernel: Option<Kernel>,
}

#[derive(Debug, Args)]
pub struct QuickstartArguments {
    /// Seed of everything
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Folder of the run [default: runs/quickstart, with a number if that is taken]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct CloneArguments {
    /// Overrides a value of experiments/configs/clone.toml, as in --set objective.learning_rate=0.1; may be given several
    /// times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Seed of everything; short for --set seed=N
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Folder of the run [default: runs/clone, with a number if that is taken]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct TrainArguments {
    /// Configuration, in TOML; experiments/configs has examples
    pub config: PathBuf,
    /// Overrides a value of the configuration, as in --set optimizer.pairs=64; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<String>,
    /// Seed of everything; short for --set seed=N
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Folder of the run [default: runs/ and the configuration's name, with a number if that is taken]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// The run's folder
    pub run: PathBuf,
    /// Train up to so many generations instead of what the configuration says
    #[arg(long, value_name = "N")]
    pub generations: Option<u64>,
    /// Train until so many environment steps are lived instead of what the configuration says; 0 for generations alone
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct BenchmarkArguments {
    /// What is compared, in TOML
    pub config: PathBuf,
    /// Folder of the runs, the page and the report [default: runs/ and the configuration's name]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write the page of Markdown here too
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct EvaluateArguments {
    /// The run's folder, a file of meta-parameters (theta.safetensors), or the name of shipped ones (`vsml list`)
    pub run: PathBuf,
    /// Task distributions: ids with parameters, as in BernoulliBandit-v0:arms=5
    #[arg(long, value_name = "ID", num_args = 1.., required = true)]
    pub on: Vec<String>,
    /// Reference players to evaluate beside it, runs' folders, files of meta-parameters, or names of shipped ones
    #[arg(long, value_name = "NAME", num_args = 0..)]
    pub players: Option<Vec<String>>,
    /// Evaluate the same meta-parameters also in a network of these hidden layers, as in 32 or 32,16; may be given several
    /// times [default: what the run's configuration says]
    #[arg(long = "network", value_name = "LAYERS", value_parser = crate::evaluate::parse_network)]
    pub networks: Vec<Vec<usize>>,
    /// Lifetimes of each learner on each distribution
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub lifetimes: Option<u64>,
    /// Seed of tasks and luck [default: the run's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Keep what comes of it in this file, as JSON, with the reward of every life; what is in it already is not done again
    /// [default: in the run's folder; of weights that lie in none, nowhere]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct ReproduceArguments {
    /// Shipped weights (`vsml list`), as in quickstart
    pub name: String,
    /// Train so many generations instead of what the configuration says
    #[arg(long, value_name = "N")]
    pub generations: Option<u64>,
    /// Folder of the run [default: runs/reproduce-NAME]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct ReferenceArguments {
    /// Tables: bandits, two-armed, mdps [default: all of them]
    #[arg(value_name = "TABLE")]
    pub tables: Vec<String>,
    /// Lifetimes behind each number
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(2..=10_000_000))]
    pub lifetimes: u64,
    /// Seed of tasks and luck
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Write the tables into this file too, as Markdown
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Threads to work with; changes nothing but the time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub threads: Option<u16>,
}

#[derive(Debug, Args)]
pub struct TournamentArguments {
    /// The game: the id of a world of several agents, with parameters, as in PrisonersDilemma-v0:steps=50
    pub game: String,
    /// Who takes part: reference players and shipped weights (`vsml list`), runs' folders, or files of meta-parameters
    #[arg(value_name = "PLAYER", required = true)]
    pub players: Vec<String>,
    /// Lifetimes of each player against each
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(2..=10_000_000))]
    pub lifetimes: u64,
    /// Seed of tasks and luck
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Write the tables into this file too, as Markdown, with 95 % intervals
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct ProbeArguments {
    /// Who is looked at: runs' folders, files of meta-parameters, shipped weights, and reference players (`vsml list`)
    #[arg(value_name = "PLAYER", required = true)]
    pub players: Vec<String>,
    /// Lifetimes of each; memories are fitted on half of them
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(40..=1_000_000))]
    pub lifetimes: u64,
    /// Seed of tasks and luck
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub machine: Machine,
}

#[derive(Debug, Args)]
pub struct PlayArguments {
    /// Who plays (a reference player or shipped weights, see `vsml list`; a run's folder, or a file of meta-parameters; in a
    /// team, one for each agent in their order, or one for all; nobody: random), and last the environment: an id with
    /// parameters, as in HeartsAndTraps-v0:walls=5,steps=100
    #[arg(value_name = "PLAYER|ID", required = true)]
    players_and_id: Vec<String>,
    /// Write an animation instead of showing characters on the terminal [default FILE: ID.gif]
    #[arg(long, value_name = "FILE", num_args = 0..=1, value_parser = parse_gif)]
    gif: Option<Option<PathBuf>>,
    /// Seed of tasks and luck
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Which lifetime of that seed: the same that an evaluation under it would live
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub life: u64,
    /// Pixels along the longer side of the animation
    #[arg(long, value_name = "N", default_value_t = 320, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub pixels: u32,
    /// Frames in a second [default: 6 on boards, 25 elsewhere]
    #[arg(long, value_name = "N", value_parser = parse_pace)]
    pub frames_per_second: Option<f64>,
}

fn parse_gif(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gif")) {
        true => Ok(path),
        false => Err("the name of an animation ends in .gif; without one, put --gif last".into()),
    }
}

impl PlayArguments {
    /// The environment.
    pub fn id(&self) -> &str {
        self.players_and_id.last().map_or("", String::as_str)
    }

    /// Who plays in it.
    pub fn players(&self) -> Vec<&str> {
        match self.players_and_id.split_last() {
            Some((_, players)) if !players.is_empty() => players.iter().map(String::as_str).collect(),
            _ => vec!["random"],
        }
    }

    /// The file of the animation, if there is to be one.
    pub fn gif(&self) -> Option<PathBuf> {
        let name = self.id().split(':').next().unwrap_or_default();
        self.gif.clone().map(|file| file.unwrap_or_else(|| format!("{name}.gif").into()))
    }
}

fn parse_pace(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(pace) if (0.1..=50.0).contains(&pace) => Ok(pace),
        _ => Err("give a number from 0.1 to 50".into()),
    }
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Task distributions: ids with parameters, as in BernoulliBandit-v0:arms=5
    #[arg(value_name = "ID", required_unless_present_any = ["all", "list"])]
    pub ids: Vec<String>,
    /// Check every id there is
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// Print what is looked for
    #[arg(long, conflicts_with_all = ["ids", "all"])]
    pub list: bool,
    /// Warnings fail too
    #[arg(long)]
    pub strict: bool,
    /// Do not look for this, because it is meant; may be given several times
    #[arg(long = "allow", value_name = "NAME")]
    pub allowed: Vec<String>,
    /// Seed of tasks, luck and players
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}
