//! The command line: its arguments, and its help.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use rejoin::object::TraceType;
use rejoin_harness::Fault;
use rejoin_judge::{Effort, EngineName, Options};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Judges recorded sync traces of replicated data (CRDTs).
///
/// A trace records what the replicas of a system did, what they received, and what they answered.
/// The oracle computes the answers that they had to give, and shows which answers are wrong, and
/// why.
#[derive(Debug, Parser)]
#[command(name = "oracle", version, after_help = crate::exit::help())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Whether to colour the text; `auto` does so on a terminal, unless the environment says
    /// otherwise (NO_COLOR, CLICOLOR).
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge every claim of every trace.
    ///
    /// For each trace there is a verdict: it conforms, a claim is false, nothing could be
    /// concluded, or the file is no possible trace. Each false claim is shown with the argument
    /// against it. A trace that conforms is shown with what it exercised.
    #[command(after_help = crate::exit::help())]
    Check(Check),

    /// Check whether traces are well-formed, without judging claims.
    ///
    /// Exits with 0 when every trace is well-formed and with 3 when one is not. Claims that are
    /// false go unseen, so the verdict of a well-formed trace is "inconclusive" in JSON.
    /// Warnings are shown; they change no exit code.
    #[command(after_help = crate::exit::help())]
    Lint(Lint),

    /// Argue for a claim, whether it holds or not.
    ///
    /// Shows line by line how the answer follows from what a replica had seen. Exits with 0 when
    /// the claim holds and with 1 when it is false; without a line, with 1 when any is.
    #[command(after_help = crate::exit::help())]
    Explain(crate::explain::Explain),

    /// Cut out of a trace what one claim depends on.
    ///
    /// The slice is a trace in which the claim has the same verdict; it is judged before it is
    /// printed. It has everything that happened before the claim, by the order of each replica and
    /// by the messages; for a false claim also the lines that it contradicts. It leaves out other
    /// claims, notes, and what happened concurrently or later.
    #[command(after_help = crate::exit::help())]
    Slice(crate::explain::Cut),

    /// Hide the names, values and times of a trace, and keep its structure, order and equality.
    ///
    /// Each claim keeps its verdict, so the trace can be given to others. Counts stay: amounts,
    /// totals, vectors and the numbers of operations. Notes and `x-` fields are dropped.
    #[command(after_help = crate::exit::help())]
    Anonymize(crate::anonymize::Anonymize),

    /// Convert a history recorded by another tool into a trace.
    ///
    /// Prints what could not be carried over on standard error and in the note of the header.
    Convert(crate::convert::Convert),

    /// Judge the traces of stored JSON reports again, and show which verdicts changed.
    ///
    /// For reports of an older version. Exits with 0 when every trace has the verdict and the
    /// findings of its report, and with 1 when one has others.
    #[command(after_help = crate::exit::help())]
    Recheck(crate::recheck::Recheck),

    /// Show where two traces, or two replicas' files, first differ in meaning.
    ///
    /// Traces are compared replica by replica. The interleaving and writing of lines, names of
    /// messages and notes make no difference. Exits with 0 when there is no difference, and with 1
    /// when there is one.
    #[command(after_help = crate::exit::help())]
    Diff(crate::diff::Diff),

    /// Show a trace as one page: what happened between the replicas, and why claims are false.
    ///
    /// The page needs no network and no other file. It has the replicas as lanes, the messages
    /// between them, the state of every replica at every line, and each finding with the argument
    /// for it. Of a folder it writes a page for each trace, and an index with their verdicts. Exits
    /// as `check` does.
    #[command(after_help = crate::exit::help())]
    View(View),

    /// Run simulated worlds of replicas that meet while everything goes wrong that can.
    ///
    /// Each world follows from its seed. Its links, stores, clocks and peers fail; then the links
    /// heal, and all replicas must be the same, with nothing lost and no false alarm. Each world
    /// writes a trace, which is judged as well. Exits with 0 when all worlds end well and with 1
    /// when one does not; then the trace of the failing world with the least seed is written to a
    /// file.
    #[command(after_help = crate::exit::help())]
    Simulate(Simulate),

    /// Drive an implementation through random histories, and judge what it answers.
    ///
    /// Starts COMMAND and speaks the subject protocol of spec/trace-format.md, section 8, with it:
    /// JSON lines over its standard input and output. The oracle owns the network between the
    /// replicas, which loses, repeats and reorders messages, and takes and restores backups. It ends with
    /// "conforms" and what was exercised, or with the shortest history that fails, as a trace, with the
    /// argument and the command that repeats it. With a second `--` and command two implementations of
    /// one wire format share the replicas.
    #[command(after_help = crate::exit::help())]
    Drive(Drive),

    /// Write histories with the right answers, for tests of an implementation in any language.
    ///
    /// Each is a trace that conforms. Its name identifies the history for ever: type, version of
    /// the generator, seed and case.
    #[command(after_help = crate::exit::help())]
    Generate(Generate),

    /// Add up the reports of the shards of a campaign.
    ///
    /// Reads what `drive --report` and `simulate --report` wrote. Shows the sum of all shards, and
    /// which shards are missing, so that they can be run again alone. Exits with 1 when something
    /// failed, with 2 when a shard is missing, and with 3 when the reports are not of one campaign.
    #[command(after_help = crate::exit::help())]
    MergeReports {
        /// The reports, in any order.
        #[arg(value_name = "FILE", required = true)]
        reports: Vec<PathBuf>,
    },

    /// Keep replicas in files the same over TCP: a demonstration of the library's sync sessions.
    ///
    /// Each replica has a file, is edited offline, and meets others when one serves and the others
    /// connect. A kill at any time loses nothing that was acknowledged. The objects are those of an
    /// assistant that migrates databases; `show` lists them.
    Sync {
        /// What to do.
        #[command(subcommand)]
        command: crate::sync::Sync,
    },

    /// Print the JSON Schema of a trace's lines.
    Schema,

    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },

    /// Print the manual page of the program, or of one command (view it with `man -l -`).
    Man {
        /// The command; the program itself when absent.
        command: Option<String>,
    },
}

/// What `oracle check` takes.
#[derive(Debug, Args)]
pub struct Check {
    /// What to read, and how to report.
    #[command(flatten)]
    pub common: Common,

    /// The greatest number of elementary steps that judging one trace may take; a trace that
    /// needs more is inconclusive.
    #[arg(long, value_name = "N", default_value_t = Options::default().work)]
    pub max_steps: u64,

    /// The engines that answer. The definition judges; the others follow the trace, do what its
    /// replicas did, and are compared with the definition at each claim. A difference is the
    /// oracle's own error (exit 70). The engines leave out loaded objects, traces with own stamps,
    /// and a replica once a message brings it less than its sender's whole state. The optimized
    /// engine stops if it would take too much memory; the others keep a copy of the state with each
    /// message. With each of them comes the proven judge, which must find the same; findings name
    /// a theorem only where it does. It judges traces of up to 100 lines after the header, in up to
    /// 4,194,304 steps of its machine, and with the proven engine of up to 650 lines; it leaves out
    /// own stamps, loaded or claimed states, digests by the project's own algorithm, and types
    /// without an engine.
    #[arg(long, value_enum, default_value_t = Engine::Optimized)]
    pub engine: Engine,

    /// Judge one trace while it is being written: show each false claim once its line is there, and
    /// wait at the end of the file. A signal (Ctrl-C) ends this with the verdict.
    #[arg(long)]
    pub follow: bool,

    /// With --follow: end when nothing was written for so many seconds.
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    pub idle: Option<u64>,
}

/// What `oracle view` takes.
#[derive(Debug, Args)]
pub struct View {
    /// The trace, or a folder of traces; `-` is standard input.
    #[arg(value_name = "FILE|FOLDER|-")]
    pub path: PathBuf,

    /// Where to write the page; `-` is standard output. For a folder: the folder of the pages,
    /// which is created if it is missing.
    #[arg(long, short, value_name = "PAGE|FOLDER")]
    pub output: PathBuf,
}

/// What `oracle simulate` takes.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The seeds: from A up to, and without, B.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub seeds: Range<u64>,

    /// The steps of a world before its links heal.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub steps: u32,

    /// Run only shard K of N of the worlds.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,

    /// Where to write the result for programs, as one JSON object; see `merge-reports`.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Break something on purpose, to see that the checks find it: KeepsName, ForgetsWhatItTook,
    /// ForgedStart, AltersValue, StaleHash, LosesWhatWasStored, TrustsFullDisk, HidesDecisions,
    /// PerformsTwice or NeverHeals.
    #[arg(long, value_name = "FAULT", value_parser = fault)]
    pub fault: Option<Fault>,

    /// Leave out these replicas and objects, by name, as a shrunk world prints them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub without: Vec<String>,

    /// Run only these moves, by number, with commas in between, as a shrunk world prints them.
    #[arg(long, value_name = "NUMBERS", value_parser = moves)]
    pub moves: Option<Moves>,

    /// Where to write the trace of the first failing world, shrunk.
    #[arg(long, value_name = "FILE", default_value = "failing-world.jsonl")]
    pub trace: PathBuf,

    /// How many worlds to run at most to shrink a failing one.
    #[arg(long, value_name = "N", default_value_t = 4000)]
    pub max_shrink: u32,
}

/// What `oracle drive` takes.
#[derive(Debug, Args)]
pub struct Drive {
    /// The command that starts the subject, after `--`; and after another `--` a second one.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,

    /// The seed from which all cases follow.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How many cases to perform.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub cases: u64,

    /// The steps of a random case, before the replicas meet at its end.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub steps: u32,

    /// How many subjects to drive at once; one for each core when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,

    /// How long the subject may take for one reply, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,

    /// Drive only these types, with commas in between; all that the subject supports when absent.
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = kind)]
    pub types: Vec<TraceType>,

    /// How writes are ordered: by timestamps that the oracle gives (`explicit`), or by a rule of
    /// the implementation (`own`). When absent, by timestamps if the subject supports them.
    #[arg(long, value_name = "WHO", value_enum)]
    pub stamps: Option<Stamps>,

    /// Leave out awkward names and values, such as Unicode forms and numbers past 2^53.
    #[arg(long)]
    pub plain: bool,

    /// Leave out clocks that stand still or go back at one replica.
    #[arg(long)]
    pub monotonic: bool,

    /// Continue after a failing case, and show the first case of each kind of failure.
    #[arg(long)]
    pub keep_going: bool,

    /// Perform only this case.
    #[arg(long, value_name = "N")]
    pub case: Option<u64>,

    /// Perform only shard K of N of the cases.
    #[arg(long, value_name = "K/N", conflicts_with = "case")]
    pub shard: Option<Shard>,

    /// How often to repeat a failing case, at most, to shrink it.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub max_shrink: u32,

    /// Where to write the trace of a failing case; those of further ones are numbered.
    #[arg(long, value_name = "FILE", default_value = "failing-history.jsonl")]
    pub out: PathBuf,

    /// Where to write the result for programs, as one JSON object; see `merge-reports`.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Only check whether the subject follows the protocol, not whether its answers are right.
    #[arg(long)]
    pub check_subject: bool,

    /// Show every finding of the failing history, not only the first ones.
    #[arg(long, short)]
    pub verbose: bool,
}

impl Drive {
    /// The types to drive.
    pub fn kinds(&self) -> Vec<TraceType> {
        match self.types.as_slice() {
            [] => TraceType::ALL.to_vec(),
            types => types.to_vec(),
        }
    }
}

/// What `oracle generate` takes.
#[derive(Debug, Args)]
pub struct Generate {
    /// The folder to write to; each type has a folder below it.
    #[arg(value_name = "FOLDER")]
    pub out: PathBuf,

    /// The seed from which all histories follow.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How many histories of each type.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub cases: u64,

    /// The steps of a random history, before the replicas meet at its end.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub steps: u32,

    /// Only these types, with commas in between.
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = kind)]
    pub types: Vec<TraceType>,

    /// Leave out awkward names and values.
    #[arg(long)]
    pub plain: bool,
}

/// One shard of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Its number, from 1.
    pub number: u64,
    /// The number of shards.
    pub of: u64,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/').map(|(number, of)| (number.parse(), of.parse())) {
            Some((Ok(number), Ok(of))) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("expected K/N with K from 1 to N, such as 2/8".into()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// How writes are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stamps {
    Explicit,
    Own,
}

impl Stamps {
    /// Its name in a trace.
    pub fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Own => "own",
        }
    }
}

impl From<Stamps> for rejoin_trace::Stamps {
    fn from(stamps: Stamps) -> Self {
        match stamps {
            Stamps::Explicit => Self::Explicit,
            Stamps::Own => Self::Own,
        }
    }
}

/// Reads the name of a type.
fn kind(text: &str) -> Result<TraceType, String> {
    let names = TraceType::ALL.map(TraceType::as_str).join(", ");
    let found = TraceType::ALL.into_iter().find(|kind| kind.as_str() == text);
    found.ok_or_else(|| format!("expected one of {names}"))
}

/// Reads a time above 0, up to an hour.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|s| *s > 0.0 && *s <= 3600.0);
    let seconds = seconds.ok_or("expected a number of seconds above 0 and up to 3600")?;
    Ok(Duration::from_secs_f64(seconds).max(Duration::from_millis(1)))
}

/// Numbers of moves.
#[derive(Clone, Debug)]
pub struct Moves(pub BTreeSet<u32>);

/// Reads numbers with commas in between.
fn moves(text: &str) -> Result<Moves, String> {
    let numbers = text.split(',').filter(|number| !number.is_empty()).map(str::parse);
    let numbers = numbers.collect::<Result<_, _>>();
    numbers.map(Moves).map_err(|_| "expected numbers with commas in between".into())
}

/// Reads the name of a fault.
fn fault(text: &str) -> Result<Fault, String> {
    let named = |fault: &Fault| format!("{fault:?}").eq_ignore_ascii_case(text);
    let unknown = || format!("expected one of {:?}", Fault::ALL);
    Fault::ALL.into_iter().find(named).ok_or_else(unknown)
}

/// Reads seeds as `A..B`.
fn seeds(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").map(|(from, to)| (from.parse(), to.parse()));
    match ends {
        Some((Ok(from), Ok(to))) if from < to => Ok(from..to),
        _ => Err("expected two numbers with `..` in between, the second one greater".into()),
    }
}

/// The engines that answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The definition alone, without the proven judge.
    Definition,
    /// The optimized engine as well.
    Optimized,
    /// The reference engine as well.
    Reference,
    /// The proven engine as well, and the proven judge for longer traces.
    Proven,
    /// All engines as well.
    All,
}

impl Engine {
    /// The engines that follow the trace.
    pub fn names(self) -> Vec<EngineName> {
        match self {
            Self::Definition => Vec::new(),
            Self::Optimized => vec![EngineName::Optimized],
            Self::Reference => vec![EngineName::Reference],
            Self::Proven => vec![EngineName::Proven],
            Self::All => EngineName::ALL.to_vec(),
        }
    }

    /// What the proven judge may do; more where the proven engine follows.
    pub fn proven(self) -> Effort {
        match self {
            Self::Definition => Effort::NONE,
            _ => Effort::SMALL,
        }
    }
}

/// What `oracle lint` takes.
#[derive(Debug, Args)]
pub struct Lint {
    /// What to read, and how to report.
    #[command(flatten)]
    pub common: Common,
}

/// The arguments of both `check` and `lint`.
#[derive(Debug, Args)]
pub struct Common {
    /// The traces. A folder stands for the files below it that end in .jsonl, .jsonl.gz or
    /// .jsonl.zst, in the order of their paths; `-` is standard input.
    #[arg(value_name = "FILE|FOLDER|-", required = true)]
    pub paths: Vec<PathBuf>,

    /// How to report: `text` for people, `json` for programs (one object per trace and line). For
    /// CI: `github` annotates lines of a change, `junit` and `sarif` are one document about all
    /// traces, `markdown` is a summary.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Show every finding and warning, not only the first ones, and what each of several
    /// traces exercised. By default a trace's first 10 findings are shown, its first 3 warnings
    /// of a kind, and the others are counted. JSON always has them all.
    #[arg(long, short)]
    pub verbose: bool,
}

/// How to report. (The variants have no doc comments, since the help would repeat them.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Github,
    Junit,
    Sarif,
    Markdown,
}

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    /// What the help and the page on judging say of the proven judge are the library's bounds.
    #[test]
    fn the_bounds_of_the_proven_judge_are_stated() {
        let mut command = Cli::command();
        let check = command.find_subcommand_mut("check").expect("a command");
        let help = check.render_long_help().to_string().replace('\n', " ");
        let help: Vec<&str> = help.split_whitespace().collect();
        let page = include_str!("../../docs/judging.md");
        for (text, great) in [(help.join(" "), "of up to"), (page.replace('\n', " "), "up to")] {
            let Effort { lines, steps } = Effort::SMALL;
            let steps = crate::printable::grouped(steps.into());
            let said = [
                format!("of up to {lines} lines after the header"),
                format!("{steps} steps of its machine"),
                format!("{great} {} lines", Effort::GREAT.lines),
            ];
            for said in said {
                assert!(text.contains(&said), "{said}: {text}");
            }
        }
    }
}
