//! What a sync costs, what other ways of synchronizing lose, and how often merges need people: the
//! figures of README.md, section "What a sync costs".
//!
//! `cargo bench -p rejoin-benches --bench mission`; `REJOIN_TRACES=FOLDER` adds the recorded histories in that
//! folder. Bytes, messages and counts are the same in every run. Times are processor's
//! time of both sides, medians; quote them with the machine.

// Of the peers' workloads only what is used here.
#[allow(unused)]
#[path = "../peers/src/text.rs"]
mod text;
#[allow(unused)]
#[path = "../peers/src/workload.rs"]
mod workload_of_peers;

mod fleet;
mod history;
mod loss;
mod offline;
mod past;
mod recorded;
mod strategy;
mod workload;

use history::{History, Step};
use loss::{Losses, Rejoin, count};
use offline::{Cost, Offline};
use past::Past;
use rejoin::object::ObjectType;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;
use strategy::{Strategy, Winner};

const ROUNDS: usize = 11;
const ROUNDS_OF_A_CUT: usize = 3;

/// A slow link: 1 Mbit/s, and 100 ms there and back.
const BITS_A_SECOND: f64 = 1e6;
const ROUND_TRIP: Duration = Duration::from_millis(100);

/// How many cuts there are of a history, and the times offline before each.
const CUTS: usize = 24;
const HOUR: u64 = 3_600;
const OFFLINE: [(&str, u64); 4] =
    [("1 hour", HOUR), ("1 day", 24 * HOUR), ("1 week", 168 * HOUR), ("30 days", 720 * HOUR)];

fn main() {
    let histories = histories();
    println!("## Sessions\n");
    println!(
        "| workload | operations: client, others | changes | to the server | to the client | both \
         | messages | turns | CPU | 1 Mbit/s, 100 ms: calculated |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for hours in [1, 4, 8] {
        verified(&format!("{hours} h of a typical day"), &workload::typical(1, hours));
    }
    for days in [7, 30] {
        verified(&format!("{days} typical days"), &workload::typical(days, 8));
    }
    verified("W5: a week of 1.27 million operations", &workload::w5());
    for days in [1, 2, 4, 8, 16, 30] {
        verified(&format!("the same over and over: {days} days"), &workload::redundant(days));
    }
    for history in &histories {
        cuts(history);
    }

    println!("\n## Operations lost\n");
    println!(
        "| history | decisions | increments | way | decisions lost | register | set | map | of \
         these never decided anew | flagged, not lost | increments lost | entries lost |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let week = workload::typical(7, 8);
    losses("a typical week", &week.history, week.apart);
    for history in &histories {
        losses(&history.name, history, 0..history.steps.len());
    }

    println!("\n## Merge decisions opened by merges\n");
    println!(
        "| history | merges | opening one or more | operations applied | keys opened | register \
         | set | map | of the operations | of the decisions among them |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, days) in [("a typical day", 1), ("a typical week", 7)] {
        let Offline { history, apart, .. } = workload::typical(days, 8);
        opened(name, &history, apart.end);
    }
    for history in &histories {
        opened(&history.name, history, 0);
    }
}

/// The recorded histories.
fn histories() -> Vec<History> {
    let Some(folder) = std::env::var_os("REJOIN_TRACES") else {
        eprintln!("REJOIN_TRACES is not set: the rows of recorded histories are left out");
        return Vec::new();
    };
    let entries = std::fs::read_dir(Path::new(&folder)).expect("REJOIN_TRACES names a folder");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    files.retain(|path| path.to_string_lossy().contains(".jsonl"));
    files.sort();
    let read = |path: PathBuf| match history::read(&path) {
        Ok(history) => Some(history),
        Err(why) => {
            eprintln!("{} is left out: {why}", path.display());
            None
        }
    };
    files.into_iter().filter_map(read).collect()
}

/// Checks what both sides hold in the end, beside their hashes, and prints what it took.
fn verified(name: &str, offline: &Offline) {
    assert!(offline.is_right(), "{name}: what both hold is not what follows from the operations");
    row(name, offline.operations(), &offline.measure(ROUNDS));
}

fn row(name: &str, (here, there): (usize, usize), cost: &Cost) {
    println!(
        "| {name} | {here}, {there} | {} | {} | {} | {} | {} | {} | {} | {:.2} s |",
        cost.changes,
        bytes(cost.up),
        bytes(cost.down),
        bytes(cost.bytes()),
        cost.messages,
        cost.turns,
        milliseconds(cost.time),
        cost.over_link(BITS_A_SECOND, ROUND_TRIP).as_secs_f64(),
    );
}

fn bytes(count: usize) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.2} MB", count as f64 / 1e6),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// The history cut at points that are spread evenly over its operations: the cut of the median
/// bytes, and that of the most.
fn cuts(history: &History) {
    for (name, seconds) in OFFLINE {
        let measure = |number: usize| {
            let last = history.works.len() * number / CUTS - 1;
            let offline = recorded::cut(history, last, seconds);
            assert!(offline.is_right(), "{}: cut at {last}, {name}", history.name);
            (offline.operations(), offline.measure(ROUNDS_OF_A_CUT))
        };
        let mut measured: Vec<_> = (1..=CUTS).map(measure).collect();
        measured.sort_by_key(|(_, cost)| cost.bytes());
        for (which, place) in [("median", CUTS / 2), ("most", CUTS - 1)] {
            let (operations, cost) = &measured[place];
            row(&format!("{}, {name}: {which} of {CUTS} cuts", history.name), *operations, cost);
        }
    }
}

/// Of the operations in these steps, after which all that was before is known to all.
fn losses(name: &str, history: &History, steps: Range<usize>) {
    let past = Past::new(history);
    let mut rows: Vec<(&str, Losses)> = Vec::new();
    for winner in Winner::ALL {
        rows.push((winner.name(), count(&past, &mut Strategy::new(&past, winner))));
    }
    rows.push(("Rejoin", count(&past, &mut Rejoin::new(history))));
    let performed = history.steps[steps].iter().filter_map(|step| match step {
        Step::Work(number) => Some(*number),
        _ => None,
    });
    let performed = Losses::by_type(history, performed);
    for (way, Losses { lost, flagged }) in rows {
        let is_forgotten = |number: &usize| {
            DECISIONS.contains(&history.works[*number].operation.kind())
                && !past.is_decided_anew(*number)
        };
        let of = Losses::by_type(history, lost.iter().copied());
        println!(
            "| {name} | {} | {} | {way} | {} | {} | {} | {} | {} | {} |",
            sum(&performed, &DECISIONS),
            sum(&performed, &[ObjectType::GCounter]),
            sum(&of, &DECISIONS),
            DECISIONS.map(|kind| sum(&of, &[kind]).to_string()).join(" | "),
            lost.iter().filter(|number| is_forgotten(number)).count(),
            flagged.len(),
            sum(&of, &[ObjectType::GCounter]),
            sum(&of, &[ObjectType::Log]),
        );
    }
}

/// The types that people decide on.
const DECISIONS: [ObjectType; 3] = [ObjectType::LwwRegister, ObjectType::OrSet, ObjectType::LwwMap];

fn sum(counts: &BTreeMap<ObjectType, usize>, kinds: &[ObjectType]) -> usize {
    kinds.iter().filter_map(|kind| counts.get(kind)).sum()
}

/// Of the merges from that step on.
fn opened(name: &str, history: &History, from: usize) {
    let counts = recorded::opened(history, from);
    let share = |part: usize, of: usize| format!("{:.2} %", 100.0 * part as f64 / of as f64);
    let keys = sum(&counts.opened, &DECISIONS);
    let operations = sum(&counts.operations, &ObjectType::ALL);
    println!(
        "| {name} | {} | {} | {operations} | {keys} | {} | {} | {} |",
        counts.merges,
        counts.opening,
        DECISIONS.map(|kind| sum(&counts.opened, &[kind]).to_string()).join(" | "),
        share(keys, operations),
        share(keys, sum(&counts.operations, &DECISIONS)),
    );
}
