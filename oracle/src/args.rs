//! The command line: what it takes, and what it says about itself.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use rejoin_harness::Fault;
use rejoin_judge::{EngineName, Options};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

/// Judges recorded sync traces of replicated data (CRDTs).
///
/// A trace says what the replicas of a system did, whom they heard, and what they answered.
/// The oracle works out what they had to answer, and says where an answer is wrong, and why.
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

    /// Look whether traces are well-formed, and judge no claim.
    ///
    /// Exits with 0 when every trace is well-formed and with 3 when one is not. Claims that are
    /// false go unseen, so the verdict of a well-formed trace is "inconclusive" in JSON.
    /// Warnings are shown; they change no exit code.
    #[command(after_help = crate::exit::help())]
    Lint(Lint),

    /// Argue for a claim, whether it holds or not.
    ///
    /// Says how what a replica had seen leads to its answer, line by line. Exits with 0 when the claim
    /// holds and with 1 when it is false; without a line, with 1 when any is.
    #[command(after_help = crate::exit::help())]
    Explain(crate::explain::Explain),

    /// Cut out of a trace what one claim depends on.
    ///
    /// The slice is a trace in which the claim has the same verdict; it is judged before it is
    /// printed. It has all that happened before the claim, by the order of each replica and by the
    /// messages; of a false claim also the lines that it contradicts. Other claims, notes, and what
    /// happened apart or later are left out.
    #[command(after_help = crate::exit::help())]
    Slice(crate::explain::Cut),

    /// Hide the names, values and times of a trace, and keep its structure, order and equality.
    ///
    /// Each claim has the verdict that it had, so that a trace can be handed on. Counts stay: amounts,
    /// totals, vectors and the places of operations. Notes and `x-` fields are dropped.
    #[command(after_help = crate::exit::help())]
    Anonymize(crate::anonymize::Anonymize),

    /// Judge again what stored JSON reports are about, and say which verdicts changed.
    ///
    /// For reports that an older version made. Exits with 0 when every trace has the verdict and the
    /// findings that its report has, and with 1 when one has others.
    #[command(after_help = crate::exit::help())]
    Recheck(crate::recheck::Recheck),

    /// Say where two traces, or two replicas' files, first differ in meaning.
    ///
    /// Traces are compared replica by replica. How lines are interleaved and written, names of
    /// messages and notes make no difference. Exits with 0 when there is no difference, and with 1
    /// when there is one.
    #[command(after_help = crate::exit::help())]
    Diff(crate::diff::Diff),

    /// Run simulated worlds of replicas that meet while everything goes wrong that can.
    ///
    /// Each world follows from its seed. Its links, stores, clocks and peers fail; then the links
    /// heal, and all replicas must be the same, with nothing lost and no false alarm. Each world
    /// writes a trace, which is judged as well. Exits with 0 when all worlds end well and with 1 when
    /// one does not; the trace of the one with the least seed is written to a file then.
    #[command(after_help = crate::exit::help())]
    Simulate(Simulate),

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

    /// What answers: the definition, which judges; and what follows the trace besides, does what
    /// its replicas did, and is held against the definition at each claim. A difference is the
    /// oracle's own error (exit 70). The engines leave out objects that are loaded, traces with
    /// stamps of their own, and a replica from where a message brings it less than its sender's
    /// whole state. The optimized engine ends where it would take too much memory; the others keep
    /// a copy of the state with each message. With the proven engine comes the proven judge, which
    /// must find the same in traces that are not long.
    #[arg(long, value_enum, default_value_t = Engine::Optimized)]
    pub engine: Engine,

    /// Judge one trace while it is being written: show each false claim when its line is there, and
    /// wait at the end of the file. A signal (Ctrl-C) ends that with the verdict.
    #[arg(long)]
    pub follow: bool,

    /// With --follow: end when nothing was written for so many seconds.
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    pub idle: Option<u64>,
}

/// What `oracle simulate` takes.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The seeds: from A on, and below B.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub seeds: Range<u64>,

    /// The steps of a world before its links heal.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub steps: u32,

    /// Break something on purpose, to see that it is found: KeepsName, ForgetsWhatItTook,
    /// ForgedStart, AltersValue, StaleHash, LosesWhatWasStored, TrustsFullDisk, HidesDecisions,
    /// PerformsTwice or NeverHeals.
    #[arg(long, value_name = "FAULT", value_parser = fault)]
    pub fault: Option<Fault>,

    /// Leave out these replicas and objects, by name. A shrunk world says which.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub without: Vec<String>,

    /// Let only these moves take place, by number, with commas in between. A shrunk world says
    /// which.
    #[arg(long, value_name = "NUMBERS", value_parser = moves)]
    pub moves: Option<Moves>,

    /// Where to write the trace of a world that does not end well: of the first one, shrunk.
    #[arg(long, value_name = "FILE", default_value = "failing-world.jsonl")]
    pub trace: PathBuf,

    /// How many worlds to run at most to shrink one that does not end well.
    #[arg(long, value_name = "N", default_value_t = 4000)]
    pub max_shrink: u32,
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

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The definition alone.
    Definition,
    /// The optimized engine as well.
    Optimized,
    /// The reference engine as well.
    Reference,
    /// The proven engine and the proven judge as well.
    Proven,
    /// All engines as well.
    All,
}

impl Engine {
    /// The engines that follow.
    pub fn names(self) -> Vec<EngineName> {
        match self {
            Self::Definition => Vec::new(),
            Self::Optimized => vec![EngineName::Optimized],
            Self::Reference => vec![EngineName::Reference],
            Self::Proven => vec![EngineName::Proven],
            Self::All => EngineName::ALL.to_vec(),
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

/// What both take.
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
}
