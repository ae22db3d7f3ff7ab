//! What a sync costs, what other ways of synchronizing lose, and how often merges need people: the
//! figures of docs/measurements.md, and what they say of the mission's claims.
//!
//! `cargo bench -p rejoin-benches --bench mission`; `REJOIN_TRACES=FOLDER` adds the recorded histories in that
//! folder; `REJOIN_PAGE=docs/measurements.md` writes the tables and the sentences into that page; `REJOIN_BENCHER=1` prints the sessions'
//! figures in Bencher's metric format instead of the tables. Bytes, messages and counts are the same in every run. Times are processor's
//! time of both sides, medians; quote them with the machine.

// Of the peers' workloads only what is used here.
#[allow(unused)]
#[path = "../peers/src/text.rs"]
mod text;
#[allow(unused)]
#[path = "../peers/src/workload.rs"]
mod workload_of_peers;

mod claim;
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
use rejoin_figures::Figure;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
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

const SESSIONS: &str = "\
| workload | operations: client, others | changes | to the server | to the client | both | messages | turns | CPU | 1 Mbit/s, 100 ms: calculated |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const LOSSES: &str = "\
| history | decisions | increments | way | decisions lost | register | set | map | of these never decided anew | flagged, not lost | increments lost | entries lost |
| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const OPENED: &str = "\
| history | merges | opening one or more | operations applied | keys opened | register | set | map | of the operations | of the decisions among them |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

fn main() -> io::Result<()> {
    let histories = histories();
    let mut sessions = String::from(SESSIONS);
    for hours in [1, 4] {
        verified(
            &format!("{hours} h of a typical day"),
            &workload::typical(1, hours),
            &mut sessions,
        );
    }
    let day = verified("8 h: a typical day", &workload::typical(1, 8), &mut sessions);
    let week = verified("7 typical days", &workload::typical(7, 8), &mut sessions);
    let month = verified("30 typical days", &workload::typical(30, 8), &mut sessions);
    let name = "W5: a week of 1.27 million operations";
    let w5 = verified(name, &workload::w5(), &mut sessions);
    let redundant = [1, 2, 4, 8, 16, 30].map(|days| {
        let name = format!("the same over and over: {days} days");
        verified(&name, &workload::redundant(days), &mut sessions)
    });
    for history in &histories {
        cuts(history, &mut sessions);
    }

    let mut lost = String::from(LOSSES);
    let offline = workload::typical(7, 8);
    let mut ours = losses("a typical week", &offline.history, offline.apart, &mut lost);
    for history in &histories {
        ours += losses(&history.name, history, 0..history.steps.len(), &mut lost);
    }

    let mut asked = String::from(OPENED);
    let mut shares = Vec::new();
    for (name, days) in [("a typical day", 1), ("a typical week", 7)] {
        let Offline { history, apart, .. } = workload::typical(days, 8);
        shares.push((name, opened(name, &history, apart.end, &mut asked)));
    }
    for history in &histories {
        shares.push((&history.name, opened(&history.name, history, 0, &mut asked)));
    }

    let claims = [
        claim::payload("10 to 100 KB for a typical sync", &day, 10_000..100_001),
        claim::payload("1 to 5 MB after a week", &week, 1_000_000..5_000_001),
        claim::payload("1 to 5 MB after a week, of W5", &w5, 1_000_000..5_000_001),
        claim::duration("a sync takes 2 to 10 seconds", &week, 10.0),
        claim::payload("30 days offline at most", &month, 0..usize::MAX),
        claim::redundant(&redundant[0], &redundant[5]),
        claim::conflicts(&shares),
        claim::losses(ours),
    ]
    .join("\n");
    let is_for_bencher = std::env::var_os("REJOIN_BENCHER").is_some();
    if is_for_bencher {
        let costs = [("day", &day), ("week", &week), ("month", &month), ("W5", &w5)];
        println!("{}", rejoin_figures::bencher(&figures(&costs)));
    }
    for (name, text) in
        [("sessions", &sessions), ("losses", &lost), ("asked", &asked), ("claims", &claims)]
    {
        if !is_for_bencher {
            println!("## {name}\n\n{text}");
        }
        if let Some(page) = std::env::var_os("REJOIN_PAGE") {
            // Benches are run in the folder of their package.
            let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page);
            let text = format!("{}\n\n{text}", rejoin_figures::provenance());
            rejoin_figures::write_region(&page, name, &text)?;
        }
    }
    Ok(())
}

/// What sessions cost as figures: the bytes both ways, and the processor's time of both sides.
fn figures(costs: &[(&str, &Cost)]) -> Vec<Figure> {
    let of = |(name, cost): &(&str, &Cost)| {
        let name = format!("session/{name}");
        let latency = cost.time.as_secs_f64() * 1e9;
        [
            Figure { name: name.clone(), measure: "latency", value: latency },
            Figure { name, measure: "bytes", value: cost.bytes() as f64 },
        ]
    };
    costs.iter().flat_map(of).collect()
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

/// Checks what both sides hold in the end, beside their hashes, and writes what it took.
fn verified(name: &str, offline: &Offline, out: &mut String) -> Cost {
    assert!(offline.is_right(), "{name}: what both hold is not what follows from the operations");
    let cost = offline.measure(ROUNDS);
    row(name, offline.operations(), &cost, out);
    cost
}

fn row(name: &str, (here, there): (usize, usize), cost: &Cost, out: &mut String) {
    let _ = writeln!(
        out,
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
fn cuts(history: &History, out: &mut String) {
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
            let name = format!("{}, {name}: {which} of {CUTS} cuts", history.name);
            row(&name, *operations, cost, out);
        }
    }
}

/// Of the operations in these steps, after which all that was before is known to all. How many
/// operations Rejoin lost.
fn losses(name: &str, history: &History, steps: Range<usize>, out: &mut String) -> usize {
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
    let ours = rows.last().map_or(0, |(_, losses)| losses.lost.len());
    for (way, Losses { lost, flagged }) in rows {
        let is_forgotten = |number: &usize| {
            DECISIONS.contains(&history.works[*number].operation.kind())
                && !past.is_decided_anew(*number)
        };
        let of = Losses::by_type(history, lost.iter().copied());
        let _ = writeln!(
            out,
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
    ours
}

/// The types that people decide on.
const DECISIONS: [ObjectType; 3] = [ObjectType::LwwRegister, ObjectType::OrSet, ObjectType::LwwMap];

fn sum(counts: &BTreeMap<ObjectType, usize>, kinds: &[ObjectType]) -> usize {
    kinds.iter().filter_map(|kind| counts.get(kind)).sum()
}

/// Of the merges from that step on. Which share of the operations opens a merge decision.
fn opened(name: &str, history: &History, from: usize, out: &mut String) -> f64 {
    let counts = recorded::opened(history, from);
    let share = |part: usize, of: usize| format!("{:.2} %", 100.0 * part as f64 / of as f64);
    let keys = sum(&counts.opened, &DECISIONS);
    let operations = sum(&counts.operations, &ObjectType::ALL);
    let _ = writeln!(
        out,
        "| {name} | {} | {} | {operations} | {keys} | {} | {} | {} |",
        counts.merges,
        counts.opening,
        DECISIONS.map(|kind| sum(&counts.opened, &[kind]).to_string()).join(" | "),
        share(keys, operations),
        share(keys, sum(&counts.operations, &DECISIONS)),
    );
    keys as f64 / operations as f64
}
