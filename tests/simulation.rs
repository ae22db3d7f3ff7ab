//! Simulated worlds: whatever goes wrong, honest replicas converge, nothing is lost, no alarm is
//! false, and what the replicas did and answered holds by the definition of the types; and each
//! fault that is put in is found.

use rejoin::check::{self, Verdict, check};
use rejoin::simulate::{Fault, Options, Outcome, Statistics, run};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

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

/// Runs worlds on all cores; those of `is_judged` are judged. What happened in all of them.
fn run_all(seeds: Range<u64>, is_judged: impl Fn(u64) -> bool + Sync) -> Statistics {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut sum = Statistics::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return sum;
            }
            let options = Options { trace: is_judged(seed), ..Options::default() };
            let outcome = run(seed, &options);
            let findings = findings(&outcome);
            assert!(
                findings.is_empty(),
                "seed {seed}: {findings:#?}\nto see it again: \
                 REJOIN_SEEDS={seed}..{} cargo test --test simulation",
                seed + 1
            );
            sum.add(&outcome.statistics);
        }
    };
    let mut total = Statistics::default();
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            total.add(&worker.join().expect("its world says why"));
        }
    });
    total
}

/// The seeds that the environment asks for, as `A..B`.
fn asked_for() -> Option<Range<u64>> {
    let asked = std::env::var("REJOIN_SEEDS").ok()?;
    let ends = asked.split_once("..").map(|(from, to)| (from.parse(), to.parse()));
    let Some((Ok(from), Ok(to))) = ends else { panic!("REJOIN_SEEDS is {asked}, not A..B") };
    Some(from..to)
}

#[test]
fn worlds_end_well() {
    let begin = Instant::now();
    if let Some(seeds) = asked_for() {
        let total = run_all(seeds.clone(), |_| true);
        println!("{seeds:?} in {:?}: {total:#?}", begin.elapsed());
        return;
    }
    let total = run_all(0..WORLDS, |seed| seed % JUDGED == 0);
    println!("{WORLDS} worlds in {:?}: {total:#?}", begin.elapsed());
    let happened = [
        total.operations,
        total.refused,
        total.finished,
        total.harmed,
        total.changes,
        total.losses,
        total.restores,
        total.hostile,
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
