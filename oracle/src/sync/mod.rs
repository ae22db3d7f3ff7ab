//! `oracle sync`: replicas in files, kept the same over TCP. The smallest honest demonstration of
//! [`rejoin::sync`].
//!
//! Reading order: [`edit`] (what is done), [`store`] (how it is kept), [`hub`] (one replica, many
//! connections), [`frame`], [`connection`] and [`network`] (how it travels), [`admission`] (which
//! connections a server keeps), [`record`] (how it is recorded as a trace), [`show`], [`console`] and
//! [`typed`] (what people see and type). `spec/sync-over-tcp.md` has the bytes, and what is promised.

mod admission;
mod compare;
mod connection;
mod console;
mod edit;
mod failure;
mod frame;
mod hub;
mod network;
mod record;
mod show;
mod store;
mod typed;

use crate::exit::Exit;
use crate::output::{Output, complain};
use clap::{Args, Subcommand};
use connection::Options;
use console::Console;
use edit::Edit;
use failure::{Failure, Result};
use hub::Hub;
use rejoin::limits::MAX_NAME;
use rejoin::optimized::replica::Replica;
use rejoin::sync::{Config, Drift, Schema};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::Store;

/// A replica. Its values are canonical JSON, as those of a trace.
pub type Node = Replica<str, str>;

/// The commands of `oracle sync`.
#[derive(Debug, Subcommand)]
pub enum Sync {
    /// Make a new replica in a file.
    Init {
        /// Where.
        file: PathBuf,

        /// The replica's name. Replicas that sync need different names.
        #[arg(long, value_parser = replica_name)]
        name: String,

        /// Record what the replica does and answers, for `oracle sync trace`. All replicas that
        /// meet must record, from their start. The file grows with each operation then.
        #[arg(long)]
        record: bool,
    },

    /// Do something to an object. Once this says `kept`, it is on the disk.
    Edit {
        /// The replica's file.
        file: PathBuf,

        /// Do it only where this replica has performed so many operations. Where it has performed
        /// more, the edit was kept already, and nothing is done: so an edit whose outcome is not known
        /// can be repeated, and does not count twice.
        #[arg(long, value_name = "OPERATIONS")]
        performed: Option<u64>,

        /// What to do, and who does it.
        #[command(flatten)]
        edit: Edit,
    },

    /// Show what a replica holds: values, open merge decisions, decisions on record, state hash.
    Show {
        /// The replica's file.
        file: PathBuf,

        /// Show the decisions on record of this object instead, and the conflicts among them.
        #[arg(long, value_name = "OBJECT")]
        decisions: Option<String>,

        /// Only those on this key.
        #[arg(long, requires = "decisions")]
        key: Option<String>,

        /// Which page of them, from 1; each has 100, the oldest first.
        #[arg(long, requires = "decisions", default_value_t = 1)]
        page: usize,
    },

    /// Let other replicas connect and sync, until this is ended. Edits are taken from standard input,
    /// one on a line, as `edit` takes them.
    ///
    /// There is no authentication and no encryption: listen only where all who can connect are
    /// trusted, or let a tunnel see to it.
    Serve {
        /// The replica's file.
        file: PathBuf,

        /// Where to listen. With port 0 the system picks a free one.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7117")]
        listen: String,

        /// How long to wait.
        #[command(flatten)]
        waits: Waits,
    },

    /// Sync with a server, and stay connected until this is ended; a lost connection is found again.
    /// Edits are taken from standard input, as `serve` takes them.
    Connect {
        /// The replica's file.
        file: PathBuf,

        /// Where the server listens.
        #[arg(value_name = "ADDRESS:PORT")]
        address: String,

        /// Sync once, and end: with 0 when both are known to be the same, with 1 when they differ
        /// though they have seen the same, and with 2 when it could not be finished.
        #[arg(long)]
        once: bool,

        /// How long to wait.
        #[command(flatten)]
        waits: Waits,
    },

    /// Say that a replica's file was copied, or restored from a backup.
    ///
    /// The replica goes on under a new incarnation then, before the next edit. It is not needed: where
    /// nobody says so, the next sync finds it, and keeps what the file did before and after.
    Restored {
        /// The replica's file.
        file: PathBuf,
    },

    /// Make a new file of what is whole in a damaged one. A sync gives back what is missing.
    Salvage {
        /// The damaged file.
        file: PathBuf,
        /// The file to make.
        to: PathBuf,
    },

    /// Print what several replicas recorded as one trace, for `oracle check` to judge.
    ///
    /// Of a replica whose file was copied, or restored from a backup, give every file that is there:
    /// the trace sets it back from one to the other.
    Trace {
        /// The files of all replicas that met.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// How long to wait.
#[derive(Clone, Copy, Debug, Args)]
pub struct Waits {
    /// How many seconds to wait for a peer that says nothing, or takes nothing.
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0, value_parser = seconds)]
    patience: f64,
}

/// Reads the name of a replica.
fn replica_name(text: &str) -> std::result::Result<String, String> {
    match text.len() {
        1..=MAX_NAME => Ok(text.into()),
        length => Err(format!("a name has 1 to {} bytes, and this one {length}", MAX_NAME)),
    }
}

/// Reads a number of seconds.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds from 0.1 to 3600".into()),
    }
}

/// Says where the replicas of two files first differ.
pub fn compare<W: Write>(a: &Path, b: &Path, output: &mut Output<W>) -> Exit {
    compare::compare(a, b, output).unwrap_or_else(|failure| {
        complain(&failure.message);
        failure.exit
    })
}

/// Does what is asked.
pub fn run<W: Write + Send>(asked: Sync, output: &mut Output<W>) -> Exit {
    act(asked, output).unwrap_or_else(|failure| {
        complain(&failure.message);
        failure.exit
    })
}

fn act<W: Write + Send>(asked: Sync, output: &mut Output<W>) -> Result<Exit> {
    let mut say = |text: &str| output.write(format!("{}\n", text.trim_end()));
    match asked {
        Sync::Init { file, name, record } => {
            Store::create(&file, &name, record)?;
            say(&format!("{name} is in {}", file.display()));
        }
        Sync::Edit { file, edit, performed } => {
            let hub = Hub::open(&file)?;
            let number = match performed {
                Some(after) => hub.edit_once(&edit, after)?,
                None => Some(hub.edit(&edit)?),
            };
            say(&number.map_or("it was kept already: nothing is done".into(), typed::kept));
        }
        Sync::Show { file, decisions, key, page } => {
            say(&Hub::open(&file)?.look(|replica| match decisions {
                None => show::describe(replica),
                Some(object) => show::decisions(replica, &object, key.as_deref(), page),
            })?)
        }
        Sync::Serve { file, listen, waits } => {
            Console::run(output, |console| {
                network::serve(&file, &listen, waits.options(false), console)
            })?;
        }
        Sync::Connect { file, address, once, waits } => {
            return Console::run(output, |console| {
                network::connect(&file, &address, waits.options(once), console)
            });
        }
        Sync::Restored { file } => {
            let (mut store, replica) = Store::open(&file)?;
            let incarnation = store.renew(&replica)?;
            let name = &replica.origin().replica;
            say(&format!("{name} goes on under incarnation {incarnation}"));
        }
        Sync::Salvage { file, to } => {
            let (rows, damage) = Store::salvage(&file, &to)?;
            let damage = damage.unwrap_or_else(|| "nothing was damaged".into());
            say(&format!(
                "{rows} changes are in {}; {damage}; sync to get back what is missing",
                to.display()
            ));
        }
        Sync::Trace { files } => say(&trace(&files)?),
    }
    Ok(Exit::Success)
}

/// What the replicas recorded, as one trace.
fn trace(files: &[PathBuf]) -> Result<String> {
    let mut records = Vec::new();
    for file in files {
        let file: &Path = file;
        let (store, replica) = Store::open(file)?;
        let name = replica.origin().replica.as_str().to_string();
        if !store.is_recording() {
            return Err(Failure::usage(format!(
                "{}: {name} does not record: make replicas with `init --record`",
                file.display()
            )));
        }
        records.push((name, store.events()?));
    }
    record::join(records)
}

impl Waits {
    fn options(self, once: bool) -> Options {
        Options { patience: Duration::from_secs_f64(self.patience), once }
    }
}

/// The objects: those of an assistant that migrates databases, and one of each further type.
fn schema() -> Schema {
    use rejoin::object::{ObjectType::*, Priority::Medium};
    Schema::migration_assistant()
        .with("budget", PnCounter, Medium)
        .with("permitted", RwSet, Medium)
        .with("needs-help", EwFlag, Medium)
        .with("running", DwFlag, Medium)
        .with("title", MvRegister, Medium)
        .with("notes", MvMap, Medium)
        .with("largest-table", MaxRegister, Medium)
        .with("smallest-table", MinRegister, Medium)
}

/// How sessions are to be. Messages are so short that one passes a link of 5 kB a second while the
/// peer has patience, and objects such that all connections together stay within a few GB.
fn config() -> Config {
    Config {
        max_message: 64 << 10,
        max_object: 16 << 20,
        drift: Some(Drift::reported(now())),
        ..Config::new(schema())
    }
}

/// The time by the system's clock, in milliseconds since 1970; 0 where it is before.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
