//! Runs the workloads and prints what they cost.

use clap::Parser;
use cpu_time::ProcessTime;
use peers::Arguments;
use peers::floor::Floor;
use peers::participant::Participant;
use peers::report::{self, Measured};
use peers::verdict::{Verdict, judge};
use peers::workload::Workload;
use rejoin_figures::provenance;
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, io};

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let participants = arguments.participants();
    let memory = memory();
    if !arguments.json {
        println!("{}", report::HEAD);
    }
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    for workload in arguments.workloads() {
        let mut taking_part = Vec::new();
        for participant in &participants {
            match participant.declines(&workload) {
                None => taking_part.push(participant.as_ref()),
                Some(why) => {
                    notes.push(format!("{}: without {} ({why})", workload.name, participant.name()))
                }
            }
        }
        notes.push(format!("{}: {}", workload.name, workload.title));
        let (mut measured, floor, sizes) = measure(&workload, &taking_part, arguments.rounds);
        for one in &mut measured {
            one.memory = find(&memory, workload.name, one.participant);
        }
        for row in report::compare(workload.name, &measured, &floor, sizes) {
            if !arguments.json {
                println!("{}", row.markdown());
            }
            rows.push(row);
        }
    }
    match arguments.json {
        true => println!("{}", rejoin_figures::bencher(&report::figures(&rows))),
        false => println!(),
    }
    for note in &notes {
        if arguments.json { eprintln!("{note}") } else { println!("- {note}") }
    }
    if let Some(page) = &arguments.write {
        let lines: Vec<String> = rows.iter().map(report::Row::markdown).collect();
        let notes: Vec<String> = notes.iter().map(|note| format!("- {note}")).collect();
        let (lines, notes) = (lines.join("\n"), notes.join("\n"));
        let text = format!("{}\n\n{}\n{lines}\n\n{notes}", provenance(), report::HEAD);
        rejoin_figures::write_region(page, "peers", &text)?;
        if let Some(folder) = &arguments.plot {
            let [time, bytes] = rejoin_figures::peers(page)?;
            fs::write(folder.join("peers-time.svg"), time)?;
            fs::write(folder.join("peers-bytes.svg"), bytes)?;
        }
    }
    Ok(())
}

/// How long a round of one participant may take before it counts as slow.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many rounds a slow participant runs.
const ROUNDS_OF_THE_SLOW: usize = 2;

/// All participants take turns, and the floor with them.
fn measure(
    workload: &Workload,
    participants: &[&dyn Participant],
    rounds: u16,
) -> (Vec<Measured>, Vec<Duration>, (usize, usize)) {
    let floor = Floor::new(workload);
    let mut floor_times = Vec::new();
    let mut measured: Vec<Measured> = participants
        .iter()
        .map(|participant| Measured {
            participant: participant.name(),
            is_slow: false,
            sync: Vec::new(),
            edits: Vec::new(),
            bytes: 0,
            compressed: 0,
            memory: None,
            verdict: Verdict::Right(0),
        })
        .collect();
    for round in 0..rounds {
        floor_times.push(floor.run());
        for (participant, measured) in participants.iter().zip(&mut measured) {
            if measured.is_slow && measured.sync.len() == ROUNDS_OF_THE_SLOW {
                continue;
            }
            let round_start = ProcessTime::now();
            let mut replicas = participant.prepare(workload);
            let start = ProcessTime::now();
            replicas.edit(workload);
            measured.edits.push(start.elapsed());
            let start = ProcessTime::now();
            let messages = replicas.sync(workload);
            measured.sync.push(start.elapsed());
            measured.is_slow |= round_start.elapsed() > PATIENCE;
            // What is sent and what comes out is the same in every round.
            if round == 0 {
                measured.bytes = messages.iter().map(|message| message.len()).sum();
                measured.compressed = messages.iter().map(|message| compressed(message)).sum();
                measured.verdict = judge(&replicas.contents(workload), &workload.expected);
            }
        }
    }
    (measured, floor_times, (floor.bytes(), floor.entropy()))
}

/// The length of any library's message, compressed as Rejoin compresses messages.
fn compressed(message: &[u8]) -> usize {
    rejoin::wire::compress(message).len()
}

/// What the program beside this one measures, if it is there: its lines.
fn memory() -> Vec<Value> {
    let beside = std::env::current_exe().map(|program| program.with_file_name("memory"));
    let Some(program) = beside.ok().filter(|program| program.exists()) else {
        eprintln!("memory is not measured: build all with `cargo build --release -p peers`");
        return Vec::new();
    };
    let output = Command::new(program)
        .args(std::env::args_os().skip(1))
        .stderr(Stdio::inherit())
        .output()
        .expect("the program beside this one runs");
    let lines = String::from_utf8(output.stdout).expect("its output is text");
    lines.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn find(memory: &[Value], workload: &str, participant: &str) -> Option<u64> {
    let is_it = |line: &&Value| line["workload"] == workload && line["participant"] == participant;
    memory.iter().find(is_it)?["bytes"].as_u64()
}
