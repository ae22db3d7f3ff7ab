//! `oracle sync`: replicas in files, kept the same over TCP; a small and honest demonstration of
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
use rejoin_store::Report;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::{Held, Recording, Store};

/// A replica. Its values are canonical JSON, as in a trace.
pub type Node = Replica;

/// The commands of `oracle sync`.
#[derive(Debug, Subcommand)]
pub enum Sync {
    /// Make a new replica in a file.
    Init {
        /// The file to create.
        file: PathBuf,

        /// The replica's name. Replicas that sync need different names.
        #[arg(long, value_parser = replica_name)]
        name: String,

        /// Record what the replica does and answers, for `oracle sync trace`. All replicas that
        /// meet must record, from their start. The file then grows with each operation.
        #[arg(long)]
        record: bool,
    },

    /// Perform an edit. Once this prints `kept`, the edit is on the disk.
    Edit {
        /// The replica's file.
        file: PathBuf,

        /// Perform it only if this replica has performed so many operations. If it has performed
        /// more, the edit was kept already, and nothing is done. So an edit whose outcome is not
        /// known can be repeated without counting twice.
        #[arg(long, value_name = "OPERATIONS")]
        performed: Option<u64>,

        /// The edit, and its user.
        #[command(flatten)]
        edit: Edit,
    },

    /// Show a replica: values, open merge decisions, recorded decisions, state hash.
    Show {
        /// The replica's file.
        file: PathBuf,

        /// Show the recorded decisions of this object instead, and the conflicts among them.
        #[arg(long, value_name = "OBJECT")]
        decisions: Option<String>,

        /// Only those on this key.
        #[arg(long, requires = "decisions")]
        key: Option<String>,

        /// The page to show, from 1; each has 100 decisions, the oldest first.
        #[arg(long, requires = "decisions", default_value_t = 1)]
        page: usize,
    },

    /// Let other replicas connect and sync, until this is ended. Edits are read from standard
    /// input, one on a line, in the form of `edit`.
    ///
    /// There is no authentication and no encryption: listen only where all who can connect are
    /// trusted, or use a tunnel that provides both.
    Serve {
        /// The replica's file.
        file: PathBuf,

        /// The address to listen on. With port 0 the system picks a free one.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7117")]
        listen: String,

        /// How long to wait.
        #[command(flatten)]
        waits: Waits,
    },

    /// Sync with a server, and stay connected until this is ended; a lost connection is restored.
    /// Edits are read from standard input, as with `serve`.
    Connect {
        /// The replica's file.
        file: PathBuf,

        /// The address of the server.
        #[arg(value_name = "ADDRESS:PORT")]
        address: String,

        /// Sync once, and end: with 0 if both are known to be the same, with 1 if they differ
        /// although they have seen the same, and with 2 if the sync could not be finished.
        #[arg(long)]
        once: bool,

        /// How long to wait.
        #[command(flatten)]
        waits: Waits,
    },

    /// Announce that a replica's file was copied, or restored from a backup.
    ///
    /// The replica then goes on under a new incarnation from its next edit. This is optional: if
    /// nobody announces it, the next sync finds the fork, and keeps the operations of both
    /// branches.
    Restored {
        /// The replica's file.
        file: PathBuf,
    },

    /// Make a new file of what is intact in a damaged one. A sync brings back what is missing.
    Salvage {
        /// The damaged file.
        file: PathBuf,
        /// The file to make.
        to: PathBuf,
    },

    /// Print the records of several replicas as one trace, for `oracle check` to judge.
    ///
    /// If a replica's file was copied, or restored from a backup, give all of its files: the trace
    /// restores the replica from one to the other.
    Trace {
        /// The files of all replicas that met.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// How long to wait.
#[derive(Clone, Copy, Debug, Args)]
pub struct Waits {
    /// How many seconds to wait for a peer that sends nothing, or reads nothing.
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0, value_parser = seconds)]
    patience: f64,
}

/// Reads the name of a replica.
fn replica_name(text: &str) -> std::result::Result<String, String> {
    match text.len() {
        1..=MAX_NAME => Ok(text.into()),
        length => {
            Err(format!("a name must have 1 to {} bytes, and this one has {length}", MAX_NAME))
        }
    }
}

/// Reads a number of seconds.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected a number of seconds from 0.1 to 3600".into()),
    }
}

/// Prints where the replicas of two files first differ.
pub fn compare<W: Write>(a: &Path, b: &Path, output: &mut Output<W>) -> Exit {
    compare::compare(a, b, output).unwrap_or_else(|failure| {
        complain(&failure.message);
        failure.exit
    })
}

/// Runs a command.
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
            say(&number
                .map_or("the edit was kept already, so nothing was done".into(), typed::kept));
        }
        Sync::Show { file, decisions, key, page } => {
            let mut replica = Store::look(&file)?.replica;
            say(&match decisions {
                None => show::describe(&mut replica),
                Some(object) => show::decisions(&replica, &object, key.as_deref(), page),
            });
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
            let (Report { intact, damage, .. }, recording) = Store::salvage(&file, &to)?;
            let damage = match damage.is_empty() {
                true => "nothing was damaged".into(),
                false => damage.join("; "),
            };
            say(&format!(
                "{intact} records are in {}; {damage}; sync to get back what is missing",
                to.display()
            ));
            if recording == Recording::Ended {
                say(RECORD_ENDED);
            }
        }
        Sync::Trace { files } => say(&trace(&files)?),
    }
    Ok(Exit::Success)
}

/// What people are told of a replica that recorded before it was salvaged.
const RECORD_ENDED: &str = "it records no longer: its record lacks what the damage took, so no trace can be made of this file; the \
     record up to the damage is in a backup, or begin anew with `oracle sync init --record`";

/// The records of the replicas, as one trace.
fn trace(files: &[PathBuf]) -> Result<String> {
    let mut records = Vec::new();
    for file in files {
        let file: &Path = file;
        let Held { replica, recording, events } = Store::look(file)?;
        let name = replica.origin().replica.as_str().to_string();
        if recording == Recording::Ended {
            return Err(Failure::usage(format!(
                "{}: {name} was salvaged from a damaged file; {RECORD_ENDED}",
                file.display()
            )));
        }
        if recording == Recording::Never {
            return Err(Failure::usage(format!(
                "{}: {name} does not record its operations; make replicas with `oracle sync init \
                 --record`",
                file.display()
            )));
        }
        records.push((name, events));
    }
    record::join(records)
}

impl Waits {
    fn options(self, once: bool) -> Options {
        Options { patience: Duration::from_secs_f64(self.patience), once }
    }
}

/// The schema: the objects of a database migration, and one object of each further type.
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

/// How many bytes the pieces of a map or a set have at most that a replica keeps, unpacked.
const MOST_STAGED: u64 = 64 << 20;

/// The options of sessions. Messages are short enough that one passes a link of 5 kB a second
/// within the peer's patience. Objects are small enough that all connections together stay within a
/// few GB.
fn config() -> Config {
    Config {
        max_message: 64 << 10,
        max_object: 16 << 20,
        max_staged: MOST_STAGED,
        drift: Some(Drift::reported(now())),
        ..Config::new(schema())
    }
}

/// The time by the system's clock, in milliseconds since 1970; 0 where it is before.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
