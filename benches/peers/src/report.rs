//! What was measured, as a table or as figures.

use crate::verdict::Verdict;
use rejoin_figures::{Figure, digits};
use std::time::Duration;

/// What a participant needed for a workload.
#[derive(Clone, Debug)]
pub struct Row {
    /// The workload.
    pub workload: &'static str,
    /// The participant, or `floor`.
    pub participant: &'static str,
    /// How many rounds were run; times are medians.
    pub rounds: usize,
    /// Milliseconds of the processor for the sync, both sides, all threads.
    pub sync: f64,
    /// Milliseconds of the processor for all operations since the fork, at all replicas.
    pub edits: Option<f64>,
    /// Bytes of all messages.
    pub bytes: usize,
    /// Bytes of all messages, each compressed. For the floor, the entropy.
    pub compressed: usize,
    /// Bytes on the heap that one replica holds after the sync.
    pub memory: Option<u64>,
    /// Whether the contents are as they should.
    pub is_right: bool,
    /// What is to be said of the contents.
    pub contents: String,
    /// The time as a multiple of the fastest right one of another library.
    pub to_fastest_other: Option<f64>,
    /// The time as a multiple of the floor.
    pub to_floor: f64,
    /// The bytes as a multiple of the floor.
    pub bytes_to_floor: f64,
}

/// What was measured of one participant, before it is compared.
pub struct Measured {
    /// The participant.
    pub participant: &'static str,
    /// Whether a round takes so long that few are run.
    pub is_slow: bool,
    /// The time of the sync in each round.
    pub sync: Vec<Duration>,
    /// The time of the operations since the fork in each round.
    pub edits: Vec<Duration>,
    /// Bytes of all messages.
    pub bytes: usize,
    /// The same, compressed.
    pub compressed: usize,
    /// Bytes on the heap of one replica.
    pub memory: Option<u64>,
    /// What became of the contents.
    pub verdict: Verdict,
}

/// The median in milliseconds; of an even number the lower.
pub fn median(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// The library of a participant: its name up to the comma.
fn library(participant: &str) -> &str {
    participant.split(',').next().unwrap_or(participant)
}

/// The rows of a workload: the participants as they stand to each other and to the floor, and the
/// floor itself with its bytes and its entropy.
pub fn compare(
    workload: &'static str,
    measured: &[Measured],
    floor: &[Duration],
    (bytes, entropy): (usize, usize),
) -> Vec<Row> {
    let rounds = floor.len();
    let floor = median(floor);
    let mut rows: Vec<Row> = measured
        .iter()
        .map(|one| {
            let sync = median(&one.sync);
            let is_rival = |other: &&Measured| {
                matches!(other.verdict, Verdict::Right(_))
                    && library(other.participant) != library(one.participant)
            };
            let fastest = measured.iter().filter(is_rival).map(|other| median(&other.sync));
            Row {
                workload,
                participant: one.participant,
                rounds: one.sync.len(),
                sync,
                edits: Some(median(&one.edits)),
                bytes: one.bytes,
                compressed: one.compressed,
                memory: one.memory,
                is_right: matches!(one.verdict, Verdict::Right(_)),
                contents: one.verdict.to_string(),
                to_fastest_other: fastest.min_by(f64::total_cmp).map(|fastest| sync / fastest),
                to_floor: sync / floor,
                bytes_to_floor: one.bytes as f64 / bytes as f64,
            }
        })
        .collect();
    rows.sort_by(|a, b| a.sync.total_cmp(&b.sync));
    rows.push(Row {
        workload,
        participant: "floor",
        rounds,
        sync: floor,
        edits: None,
        bytes,
        compressed: entropy,
        memory: None,
        is_right: true,
        contents: String::new(),
        to_fastest_other: None,
        to_floor: 1.0,
        bytes_to_floor: 1.0,
    });
    rows
}

/// The head of the table.
pub const HEAD: &str = "\
| | participant | rounds | sync, ms | × fastest other | × floor | bytes | × floor | compressed | memory | edits, ms | contents |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |";

/// Bytes in the greatest unit that leaves a whole number, in thousands.
fn size(bytes: f64) -> String {
    if bytes < 1e3 {
        format!("{bytes} B")
    } else if bytes < 1e6 {
        format!("{} kB", digits(bytes / 1e3))
    } else {
        format!("{} MB", digits(bytes / 1e6))
    }
}

impl Row {
    /// The row as a line of the table.
    pub fn markdown(&self) -> String {
        let optional = |number: Option<f64>| number.map(digits).unwrap_or_default();
        format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.workload,
            self.participant,
            self.rounds,
            digits(self.sync),
            optional(self.to_fastest_other),
            digits(self.to_floor),
            size(self.bytes as f64),
            digits(self.bytes_to_floor),
            size(self.compressed as f64),
            self.memory.map(|memory| size(memory as f64)).unwrap_or_default(),
            optional(self.edits),
            self.contents,
        )
    }
}

/// The rows as figures in Bencher's units: the time of a sync in nanoseconds, and bytes.
pub fn figures(rows: &[Row]) -> Vec<Figure> {
    rows.iter()
        .flat_map(|row| {
            let name = format!("{}/{}", row.workload, row.participant);
            let latency = Figure { name: name.clone(), measure: "latency", value: row.sync * 1e6 };
            let bytes = Figure { name, measure: "bytes", value: row.bytes as f64 };
            [latency, bytes]
        })
        .collect()
}
