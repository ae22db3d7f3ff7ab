//! The workloads by which Rejoin is measured, run on other CRDT libraries in one process.
//!
//! Every library gets the same plain data ([`workload`]), through one interface ([`participant`]), and
//! is asked for the same contents in the end ([`verdict`]). Beside them stands the floor: what the
//! bare work costs without any library ([`floor`]).

pub mod floor;
pub mod libraries;
pub mod participant;
pub mod report;
pub mod text;
pub mod verdict;
pub mod workload;

use clap::Parser;
use participant::Participant;
use std::path::PathBuf;
use workload::Workload;

/// Runs sync workloads on CRDT libraries and prints what they cost.
///
/// Memory is measured by a program of its own, since counting slows every allocation: it is in the
/// table when `cargo build --release -p peers` has built that one too.
#[derive(Parser)]
#[command(version)]
pub struct Arguments {
    /// How often each workload is run; medians are printed
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub rounds: u16,

    /// A workload to run; all, if none is named
    #[arg(long = "workload", value_name = "NAME", value_parser = workload::NAMES)]
    pub workloads: Vec<String>,

    /// The start of the names of participants to run; all, if none is given
    #[arg(long = "participant", value_name = "START")]
    pub participants: Vec<String>,

    /// Print the figures as one JSON object in Bencher's metric format instead of a table
    #[arg(long)]
    pub json: bool,

    /// Write the table into this page, between `<!-- figures: peers -->` and `<!-- end: peers -->`
    #[arg(long, value_name = "PAGE")]
    pub write: Option<PathBuf>,

    /// Draw times and bytes of other libraries, as multiples of Rejoin's, into this folder: `peers-time.svg` and
    /// `peers-bytes.svg`, from the table that is written
    #[arg(long, value_name = "FOLDER", requires = "write")]
    pub plot: Option<PathBuf>,
}

impl Arguments {
    /// The workloads that are asked for.
    pub fn workloads(&self) -> impl Iterator<Item = Workload> {
        let is_asked_for = |name: &&str| {
            self.workloads.is_empty() || self.workloads.iter().any(|asked| asked == name)
        };
        workload::NAMES.into_iter().filter(is_asked_for).filter_map(workload::workload)
    }

    /// The participants that are asked for.
    pub fn participants(&self) -> Vec<Box<dyn Participant>> {
        let mut participants = participants();
        participants.retain(|participant| {
            self.participants.is_empty()
                || self.participants.iter().any(|start| participant.name().starts_with(start))
        });
        participants
    }
}

/// All that take part.
pub fn participants() -> Vec<Box<dyn Participant>> {
    let mut all = Vec::new();
    all.extend(libraries::rejoin::participants());
    all.extend(libraries::crdts::participants());
    all.extend(libraries::automerge::participants());
    all.extend(libraries::yrs::participants());
    all.extend(libraries::loro::participants());
    all.extend(libraries::dson::participants());
    all
}
