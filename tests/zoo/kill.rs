//! Every mutant is killed, by the right rule, with a history of few operations; every clean twin
//! passes all checks.
//!
//! `cargo test -p zoo --test kill -- --nocapture` prints which way of testing finds which mutant.
//! `REJOIN_CASES=5000` performs more cases. The recorded histories are those of `killers`: the
//! findings of the drive, which `UPDATE_README=1` writes again.

use rejoin_conformance::{Suite, Way};
use rejoin_drive::campaign::{Failing, Options, drive};
use rejoin_drive::generate::Style;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use zoo::{Animal, MUTANTS, Mutant, STRANGERS};

/// How many cases a mutant may survive.
const CASES: u64 = 300;

/// Mutants that need a restore at the right moment, which is rare in so few cases of the drive: the
/// simulated worlds find them.
const RARE: [&str; 2] = ["lww-6", "or-set-13"];

/// How many operations the history that kills it may have at most.
const OPERATIONS: usize = 12;

fn suite(cases: u64) -> Suite {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    Suite::new("a type of the zoo", "zoo", folder, "kill")
        .cases(cases)
        .histories("tests/zoo/killers")
}

/// The result of one way: the broken rule, and how many operations show it.
type Found = Option<(String, usize)>;

fn driven(animal: Animal, cases: u64) -> Option<Failing> {
    let style = Style { seed: 0, steps: 30, is_plain: false, is_monotonic: false };
    let options = Options {
        style,
        cases,
        only: None,
        shard: (1, 1),
        jobs: 1,
        kinds: vec![animal.kind],
        stamps: None,
        goes_on: false,
        shrink: 4_000,
    };
    let driven =
        drive(&|| animal.subject(), &options, &|| {}).expect("a subject of this process starts");
    assert_eq!(driven.error, None);
    driven.failing.into_iter().next()
}

/// The results of all ways for a mutant: those of the suite, and of `oracle drive`.
fn ways(mutant: &Mutant) -> BTreeMap<String, Found> {
    let suite = suite(CASES).forgetful();
    let is_anew = std::env::var_os("UPDATE_README").is_some();
    let possible = |way: &Way| !(is_anew && *way == Way::Recorded);
    let checked = Way::ALL.into_iter().filter(possible).map(|way| {
        let rejected = mutant.broken.check(way, &suite).err();
        let found = rejected.map(|r| (r.fault.to_string(), r.plan.operations()));
        (way.to_string(), found)
    });
    let mut ways: BTreeMap<_, _> = checked.collect();
    let failing = driven(mutant.broken, CASES);
    if let Some(failing) = failing.as_ref().filter(|_| is_anew) {
        let file = format!("{}/killers/{}.jsonl", env!("CARGO_MANIFEST_DIR"), mutant.name);
        std::fs::write(file, &failing.outcome.trace).expect("a history can be written");
    }
    let found = failing.map(|failing| (failing.fault.to_string(), failing.plan.operations()));
    ways.insert("drive".into(), found);
    ways
}

/// The results of `work` for all of them, on all cores.
fn all<T: Send + Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    results.lock().expect("no thread panics with it").insert(at, result);
                }
            });
        }
    });
    results.into_inner().expect("no thread panics with it").into_values().collect()
}

/// One of the types panics on purpose, thousands of times while its history is made small.
fn hush() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.to_string().contains("an enable is disabled once") {
            usual(panic);
        }
    }));
}

const COLUMNS: [&str; 7] =
    ["laws", "exhaustive", "random", "scenarios", "recorded", "worlds", "drive"];

fn killed(mutants: &[Mutant]) {
    let found = all(mutants, ways);
    let mut wrong = Vec::new();
    println!("{:18} {}  what is wrong", "mutant", COLUMNS.map(|way| format!("{way:10}")).concat());
    for (mutant, ways) in mutants.iter().zip(&found) {
        let cells = COLUMNS.map(|way| match ways.get(way).and_then(Option::as_ref) {
            Some((_, operations)) => format!("{operations:<10}"),
            None => format!("{:10}", "-"),
        });
        println!("{:18} {}  {}", mutant.name, cells.concat(), mutant.bug);
        if ways.values().all(Option::is_none) {
            wrong.push(format!("{}: nothing finds it", mutant.name));
        }
        if ways["drive"].is_none() && !RARE.contains(&mutant.name) {
            wrong.push(format!("{}: the drive does not find it in {CASES} cases", mutant.name));
        }
        for (way, found) in ways {
            let Some((rule, operations)) = found else { continue };
            // Histories that killed other mutants ask for whatever those got wrong.
            if way != "recorded" && !mutant.rules.contains(&rule.as_str()) {
                wrong.push(format!("{}: {way} finds {rule}", mutant.name));
            }
            if *operations > OPERATIONS {
                wrong.push(format!("{}: {way} needs {operations} operations", mutant.name));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_mutant_is_killed() {
    killed(MUTANTS);
}

#[test]
fn every_stranger_is_killed() {
    hush();
    killed(STRANGERS);
}

#[test]
fn every_shipped_bug_has_a_mutant() {
    let number = |name: &str| name.split('-').find_map(|part| part.parse::<u32>().ok());
    let numbers: BTreeSet<u32> = MUTANTS.iter().filter_map(|mutant| number(mutant.name)).collect();
    assert!((1..=46).all(|number| numbers.contains(&number)), "{numbers:?}");
    let names: BTreeSet<&str> = MUTANTS.iter().chain(STRANGERS).map(|mutant| mutant.name).collect();
    assert_eq!(names.len(), MUTANTS.len() + STRANGERS.len(), "two have one name");
}

#[test]
fn every_clean_twin_passes_all() {
    let mut twins: Vec<Animal> = Vec::new();
    for Mutant { clean, .. } in MUTANTS.iter().chain(STRANGERS) {
        if !twins.iter().any(|twin| twin.is(clean)) {
            twins.push(*clean);
        }
    }
    let cases =
        std::env::var("REJOIN_CASES").map_or(CASES, |cases| cases.parse().expect("a number"));
    let suite = suite(cases).forgetful();
    let histories = all(&twins, |twin| {
        let mut histories = 0;
        for way in Way::ALL {
            match twin.check(way, &suite) {
                Ok(checked) => histories += checked.histories,
                Err(rejected) => panic!("{}: {rejected}", twin.kind.as_str()),
            }
        }
        if let Some(failing) = driven(*twin, cases) {
            panic!("{}: {}", twin.kind.as_str(), failing.outcome.trace);
        }
        histories + cases
    });
    let total: u64 = histories.iter().sum();
    println!("{} clean twins pass {total} histories", twins.len());
}
