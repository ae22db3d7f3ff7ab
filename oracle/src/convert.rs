//! `convert`: converts histories that other tools recorded into traces.
//!
//! Each converter lists what it could not carry over: in the note of the header, and on standard
//! error. It makes nothing up: it claims an answer only if the source has one.

mod dag;
mod editing;
mod edn;
mod git;
mod jepsen;

use crate::exit::Exit;
use crate::output::{Output, complain};
use crate::printable::escape;
use clap::{Args, Subcommand};
use rejoin::object::{Priority, TraceType};
use rejoin_trace::{
    Claim, Content, Declaration, Event, Header, Name, Op, Operation, Stamps, decompress,
};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// What `oracle convert` takes.
#[derive(Debug, Args)]
pub struct Convert {
    /// The kind of the history.
    #[command(subcommand)]
    pub from: From,
}

/// The kinds of histories.
#[derive(Debug, Subcommand)]
pub enum From {
    /// The history of a git repository: lines of development as replicas, merges as syncs, files as the
    /// keys of a map.
    Git {
        /// The repository.
        repository: PathBuf,

        /// Use the authors' clocks as timestamps, unchanged: `oracle check` then finds the files
        /// that "the last writer wins" would have lost. Without it, git's own order decides between
        /// writes.
        #[arg(long)]
        author_clocks: bool,

        /// Where to write the trace.
        #[command(flatten)]
        to: To,
    },

    /// The history of a Jepsen test of a set or a counter, as EDN or JSON.
    Jepsen {
        /// The history; `-` is standard input.
        history: PathBuf,

        /// Where to write the trace.
        #[command(flatten)]
        to: To,
    },

    /// A recorded editing trace in the form of josephg/editing-traces, sequential or concurrent: the
    /// text as a list of characters.
    Editing {
        /// The file, plain or as .gz; `-` is standard input.
        history: PathBuf,

        /// Where to write the trace.
        #[command(flatten)]
        to: To,
    },
}

/// Where to write.
#[derive(Debug, Args)]
pub struct To {
    /// Where to write the trace; standard output when absent.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A trace under construction.
#[derive(Debug)]
struct Draft {
    header: Header,
    lines: String,
    /// What could not be carried over, one sentence each.
    lost: Vec<String>,
}

impl Draft {
    fn new(objects: &[(&str, TraceType)], stamps: Stamps) -> Self {
        let declared = |(name, kind): &(&str, TraceType)| {
            let declaration = Declaration { kind: *kind, priority: Priority::Medium };
            (Name::from(*name), declaration)
        };
        let header = Header {
            replicas: Vec::new(),
            objects: objects.iter().map(declared).collect(),
            stamps,
            implementation: None,
            note: None,
        };
        Self { header, lines: String::new(), lost: Vec::new() }
    }

    fn event(&mut self, event: &Event) {
        self.lines += &event.line();
        self.lines.push('\n');
    }

    fn op(&mut self, replica: &str, object: &str, operation: Operation) {
        self.event(&Event::Op(Op {
            replica: replica.into(),
            object: object.into(),
            operation,
            id: None,
            user: None,
            inexact: false,
        }));
    }

    fn send(&mut self, replica: &str, message: &str) {
        self.event(&Event::Send {
            replica: replica.into(),
            message: message.into(),
            to: None,
            content: Content::All,
            relays: Vec::new(),
        });
    }

    fn receive(&mut self, replica: &str, message: &str) {
        self.event(&Event::Receive { replica: replica.into(), message: message.into() });
    }

    fn read(&mut self, replica: &str, object: &str, key: Option<&str>, value: rejoin::json::Json) {
        self.event(&Event::Claim(Claim::Read {
            replica: replica.into(),
            object: object.into(),
            element: None,
            key: key.map(Name::from),
            query: None,
            value,
        }));
    }

    fn finish(mut self, source: &str) -> (String, Vec<String>) {
        let mut note = vec![format!("converted from {source}")];
        note.extend(self.lost.iter().map(|lost| format!("not carried over: {lost}")));
        self.header.note = Some(note.join("; "));
        (self.header.line() + "\n" + &self.lines, self.lost)
    }
}

/// Why a history is not converted: a sentence, and an exit code.
struct Refusal(Exit, String);

impl std::convert::From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self(Exit::Unreadable, crate::sources::explain(&error))
    }
}

impl Refusal {
    fn malformed(message: impl Into<String>) -> Self {
        Self(Exit::Invalid, message.into())
    }
}

/// Converts, and prints what could not be carried over.
pub fn run<W: Write>(asked: &Convert, output: &mut Output<W>) -> Exit {
    let (source, to, draft) = match &asked.from {
        From::Git { repository, author_clocks, to } => {
            (repository, to, git::convert(repository, *author_clocks))
        }
        From::Jepsen { history, to } => {
            (history, to, text(history).and_then(|text| jepsen::convert(&text)))
        }
        From::Editing { history, to } => {
            (history, to, text(history).and_then(|text| editing::convert(&text)))
        }
    };
    let name = escape(&source.to_string_lossy()).into_owned();
    let draft = match draft {
        Ok(draft) => draft,
        Err(Refusal(exit, why)) => {
            complain(&format!("{name}: {}", escape(&why)));
            return exit;
        }
    };
    let file = source.file_name().unwrap_or(source.as_os_str()).to_string_lossy().into_owned();
    let (trace, lost) = draft.finish(&file);
    match &to.output {
        None => output.write(trace),
        Some(file) => {
            if let Err(error) = std::fs::write(file, trace) {
                let file = escape(&file.to_string_lossy()).into_owned();
                complain(&format!("{file}: the trace cannot be written: {error}"));
                return Exit::Unreadable;
            }
        }
    }
    for lost in lost {
        let _ = writeln!(io::stderr(), "not carried over: {}", escape(&lost));
    }
    Exit::Success
}

/// A whole file as text, plain or compressed.
fn text(path: &Path) -> Result<String, Refusal> {
    let mut text = Vec::new();
    if path.as_os_str() == "-" {
        decompress(BufReader::new(io::stdin().lock()))?.read_to_end(&mut text)?;
    } else {
        decompress(BufReader::new(File::open(path)?))?.read_to_end(&mut text)?;
    }
    String::from_utf8(text).map_err(|_| Refusal::malformed("the file is not UTF-8"))
}

/// 1 thing, 2 things.
fn count(n: usize, thing: &str) -> String {
    crate::printable::count(n as u64, thing)
}
