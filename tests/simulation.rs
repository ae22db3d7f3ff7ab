//! Simulated worlds: whatever goes wrong, honest replicas converge, nothing is lost, no alarm is
//! false, and what the replicas did and answered holds by the definition of the types; and each
//! fault that is put in is found.

use rejoin::check::{self, Verdict, check};
use rejoin::simulate::{Fault, Options, Outcome, Statistics, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many worlds there are; one of so many is judged.
const WORLDS: u64 = 10_000;
const JUDGED: u64 = 20;

/// What does not hold in a world, by its own properties, and by the judge of its trace.
fn findings(outcome: &Outcome) -> Vec<String> {
    let mut findings = outcome.findings.clone();
    if !outcome.trace.is_empty() {
        let report = check(|| Ok(outcome.trace.as_bytes()), &check::Options::default());
        let report = report.expect("memory can be read");
        if report.verdict != Verdict::Conforms {
            let (verdict, first) = (report.verdict.as_str(), report.findings.first());
            findings.push(format!("the trace is judged {verdict}: {first:?} {:?}", report.error));
        }
    }
    findings
}

#[test]
fn worlds_end_well() {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Statistics::default());
    let begin = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let mut sum = Statistics::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= WORLDS {
                        break;
                    }
                    let trace = seed % JUDGED == 0;
                    let outcome = run(seed, &Options { trace, ..Options::default() });
                    let findings = findings(&outcome);
                    assert!(findings.is_empty(), "seed {seed}: {findings:#?}");
                    sum.add(&outcome.statistics);
                }
                total.lock().expect("no other world has failed").add(&sum);
            });
        }
    });
    let total = total.into_inner().expect("no world has failed");
    println!("{WORLDS} worlds in {:?}: {total:#?}", begin.elapsed());
    let happened = [
        total.operations,
        total.finished,
        total.harmed,
        total.changes,
        total.losses,
        total.restores,
        total.hostile,
        total.refused,
    ];
    assert!(happened.iter().all(|number| *number > WORLDS / 10), "{total:?}");
}

#[test]
fn a_seed_is_one_world() {
    let options = Options { trace: true, ..Options::default() };
    assert_eq!(run(12, &options), run(12, &options));
    assert_ne!(run(12, &options).trace, run(13, &options).trace);
    let silent = run(12, &Options::default());
    assert_eq!(silent.statistics, run(12, &options).statistics);
}

/// Each fault, and the first seed of which the world finds it.
#[test]
fn faults_are_found() {
    for fault in Fault::ALL {
        let options = Options { trace: true, fault: Some(fault), ..Options::default() };
        let found = (0..50).find_map(|seed| {
            let findings = findings(&run(seed, &options));
            (!findings.is_empty()).then_some((seed, findings))
        });
        let (seed, findings) = found.unwrap_or_else(|| panic!("{fault:?} is not found"));
        println!("{fault:?}: seed {seed}: {:.300}", findings[0]);
    }
}
