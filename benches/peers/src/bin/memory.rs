//! Measures the heap that one replica holds after the sync, a JSON object a line.
//!
//! A program of its own, since its allocator counts. Measured is what is given back when the last
//! replica goes, so that nothing shared with others is missed.

use clap::Parser;
use peak_alloc::PeakAlloc;
use peers::Arguments;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// The workloads whose memory says something.
const MEASURED: [&str; 4] = ["W1", "W2", "W5", "W5c"];

fn main() {
    let arguments = Arguments::parse();
    let participants = arguments.participants();
    for workload in arguments.workloads().filter(|one| MEASURED.contains(&one.name)) {
        for participant in &participants {
            if participant.declines(&workload).is_some() {
                continue;
            }
            let mut replicas = participant.prepare(&workload);
            replicas.edit(&workload);
            replicas.sync(&workload);
            replicas.keep_server();
            let before = ALLOCATED.current_usage();
            drop(replicas);
            let line = serde_json::json!({
                "workload": workload.name,
                "participant": participant.name(),
                "bytes": before - ALLOCATED.current_usage(),
            });
            println!("{line}");
        }
    }
}
