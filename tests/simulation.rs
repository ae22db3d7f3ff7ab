//! Simulated worlds: whatever goes wrong, honest replicas converge, nothing is lost, no alarm is
//! false, and what the replicas did and answered holds by the definition of the types; and each
//! fault that is put in is found.

use rejoin::check::{self, Verdict, check};
use rejoin::simulate::{Fault, Options, Outcome, Statistics, run};
use std::ops::Range;
use std::panic::catch_unwind;
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
            let again = format!(
                "to see it again: REJOIN_SEEDS={seed}..{} cargo test --test simulation",
                seed + 1
            );
            let outcome = catch_unwind(|| run(seed, &options))
                .unwrap_or_else(|_| panic!("seed {seed} panics; {again}"));
            let findings = findings(&outcome);
            assert!(findings.is_empty(), "seed {seed}: {findings:#?}\n{again}");
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

/// The world of this seed finds each fault, and none without one.
const TELLING: u64 = 0;

#[test]
fn faults_are_found() {
    let sound = Options { trace: true, ..Options::default() };
    assert_eq!(findings(&run(TELLING, &sound)), Vec::<String>::new());
    for fault in Fault::ALL {
        let options = Options { fault: Some(fault), ..sound };
        let found = |seed: u64| findings(&run(seed, &options));
        let telling = found(TELLING);
        assert!(!telling.is_empty(), "{fault:?} is not found with seed {TELLING}");
        let worlds = (0..20).filter(|seed| !found(*seed).is_empty()).count();
        println!("{fault:?}: in {worlds} of 20 worlds; seed {TELLING}: {:.200}", telling[0]);
    }
}
