//! Simulated worlds: whatever goes wrong, honest replicas converge, nothing is lost, and no alarm
//! is false; operations and answers of the replicas satisfy the definition of the types; and each
//! deliberate fault is found.

use rejoin_harness::{Fault, Options, Outcome, Statistics, run, shrink};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// How many worlds there are; one of so many is judged. `.ci/run` lets an optimized `oracle
/// simulate` run and judge the worlds from there to 10,000.
const WORLDS: u64 = 300;
const JUDGED: u64 = 3;

/// The broken properties of a world, by its own checks and by the judge of its trace.
fn findings(outcome: &Outcome) -> Vec<String> {
    outcome.findings.iter().cloned().chain(outcome.judge()).collect()
}

/// Runs worlds on all cores; those of `is_judged` are judged. Returns the sum of their statistics.
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
                "to see it again: REJOIN_SEEDS={seed}..{} cargo test --test sync simulation",
                seed + 1
            );
            let outcome = run(seed, &options);
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

/// The seeds in the environment variable, as `A..B`.
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
        total.unsaid,
        total.damaged,
        total.healed,
        total.finished,
        total.harmed,
        total.changes,
        total.pieces,
        total.losses,
        total.restores,
        total.unwritten,
        total.hostile,
        total.forks,
        total.futures,
        total.lies,
        total.floods,
        total.decisions,
        total.notices,
    ];
    assert!(happened.iter().all(|number| *number > WORLDS / 10), "{total:?}");
}

/// Worlds that did not end well once: pieces were on their way when a fork was found (3140), and a session
/// had announced what another one renamed (2062).
#[test]
fn worlds_that_went_wrong_end_well() {
    for seed in [2062, 3140] {
        run_all(seed..seed + 1, |_| true);
    }
}

#[test]
fn a_seed_is_one_world() {
    let options = Options { trace: true, ..Options::default() };
    assert_eq!(run(12, &options), run(12, &options));
    assert_ne!(run(12, &options).trace, run(13, &options).trace);
    let silent = run(12, &Options::default());
    assert_eq!(silent.statistics, run(12, &options).statistics);
}

/// A fault is found in one of so many worlds, most of them in the first.
const FEW: u64 = 20;

#[test]
fn faults_are_found_and_their_worlds_shrink() {
    let sound = Options { trace: true, ..Options::default() };
    for fault in Fault::ALL {
        let options = Options { fault: Some(fault), ..sound.clone() };
        let look = |seed: u64, options: &Options| {
            let outcome = run(seed, options);
            (findings(&outcome), outcome.trace.lines().count())
        };
        let telling = (0..FEW).find(|seed| !look(*seed, &options).0.is_empty());
        let seed = telling.unwrap_or_else(|| panic!("{fault:?} is not found in {FEW} worlds"));
        assert_eq!(look(seed, &sound).0, Vec::<String>::new(), "without the fault all is well");
        let small = shrink(seed, &options, 2000, |options| !look(seed, options).0.is_empty());
        let ((_, before), (found, after)) = (look(seed, &options), look(seed, &small));
        println!("{fault:?}: seed {seed}, {before} lines, shrunk {after}: {:.200}", found[0]);
        assert!(!found.is_empty(), "{fault:?}: the shrunk world does not fail");
        assert!(after * 5 < before && after <= 40, "{fault:?}: {before} lines, shrunk {after}");
    }
}
