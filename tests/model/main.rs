//! The shipped sessions and replicas under a model checker: within stated bounds it explores every
//! interleaving of writes, messages, loss, repetition, reordering, cuts and crashes, and checks the
//! rules in each state. It finds each deliberate fault.
//!
//! `REJOIN_MODEL=large` explores more. The numbers are printed with `-- --nocapture`.

mod fault;
mod meaning;
#[path = "../support/state_of_events.rs"]
mod state_of_events;
mod world;

use crate::fault::Fault;
use crate::world::{Rule, Scope, Step, Sync, World, Write};
use rejoin::object::{ObjectType, Priority};
use rejoin::sync::Schema;
use stateright::{Checker, HasDiscoveries, Model, Path};
use std::time::Instant;

const ADD: [Write; 1] = [Write::Add("x")];
const TWO_KEYS: [Write; 2] = [Write::Add("x"), Write::Add("y")];
const SET: [Write; 2] = [Write::Add("x"), Write::Remove("x")];
const MAP: [Write; 2] = [Write::Put("k", Some("true")), Write::Put("k", None)];
const ALL: [Write; 3] = [Write::Add("x"), Write::Put("k", Some("true")), Write::Increment(5)];

fn set() -> Schema {
    Schema::new().with("set", ObjectType::OrSet, Priority::High)
}

fn map() -> Schema {
    Schema::new().with("map", ObjectType::LwwMap, Priority::High)
}

fn all() -> Schema {
    let schema = set().with("map", ObjectType::LwwMap, Priority::High);
    schema.with("count", ObjectType::GCounter, Priority::Low)
}

/// Two replicas with a set that write once each, and have one session over a perfect link.
fn plain() -> Scope {
    Scope {
        name: "a session",
        schema: set(),
        max_rounds: 8,
        menus: vec![(&SET, 1); 2],
        links: vec![([0, 1], 1)],
        losses: 0,
        repeats: 0,
        swaps: 0,
        late: 0,
        crashes: 0,
        is_eager: false,
        is_forked: false,
        fault: None,
    }
}

/// The same with more sessions, one after the other.
fn again(sessions: u8) -> Scope {
    Scope { links: vec![([0, 1], sessions)], ..plain() }
}

fn forked() -> Scope {
    let name = "states that differ";
    Scope { name, schema: map(), menus: vec![(&MAP, 1); 2], is_forked: true, ..plain() }
}

fn three(name: &'static str, menu: &'static [Write]) -> Scope {
    let links = vec![([0, 1], 1), ([1, 2], 1)];
    Scope { name, menus: vec![(menu, 1); 3], links, is_eager: true, ..plain() }
}

/// The scopes that are always explored.
fn small() -> Vec<Scope> {
    vec![
        plain(),
        Scope { name: "three types", schema: all(), menus: vec![(&ALL, 1); 2], ..plain() },
        Scope { name: "one round", max_rounds: 1, ..plain() },
        Scope { name: "two writes each", menus: vec![(&SET, 2); 2], is_eager: true, ..plain() },
        Scope { name: "loss and reordering", losses: 1, swaps: 1, ..again(2) },
        Scope { name: "repetition", repeats: 1, ..plain() },
        Scope { name: "late messages", late: 1, is_eager: true, ..again(2) },
        Scope { name: "a crash", crashes: 1, ..again(2) },
        forked(),
        three("three replicas", &ADD),
    ]
}

/// The further scopes of `REJOIN_MODEL=large`.
fn large() -> Vec<Scope> {
    let three_types = |name| Scope { name, schema: all(), menus: vec![(&ALL, 1); 2], ..plain() };
    vec![
        Scope { name: "two writes each, at any time", menus: vec![(&SET, 2); 2], ..plain() },
        Scope { name: "two writes to a map", schema: map(), menus: vec![(&MAP, 2); 2], ..plain() },
        Scope { name: "three types, repetition", repeats: 1, ..three_types("") },
        Scope { name: "repetition and reordering", repeats: 1, swaps: 1, ..again(2) },
        Scope { name: "a crash and loss", crashes: 1, losses: 1, ..again(2) },
        Scope { name: "two crashes", crashes: 2, ..again(2) },
        Scope { name: "late messages at any time", late: 1, ..again(2) },
        Scope { name: "differing, loss, repetition", losses: 1, repeats: 1, ..forked() },
        three("three replicas, two operations", &SET),
        Scope { losses: 1, ..three("three replicas, loss", &ADD) },
    ]
}

/// Explores everything within a scope. Returns the rules that do not hold.
fn run(scope: Scope) -> Vec<(&'static str, Option<Path<World, Step>>)> {
    let begin = Instant::now();
    let name = scope.name;
    let is_sound = scope.fault.is_none();
    // One thread finds the same path each time.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let cores = if is_sound { cores } else { 1 };
    let checker = Sync::new(scope).checker().threads(cores);
    let checker = checker.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    if is_sound {
        println!("{name}: {states} states, depth {depth}, {:.1?}", begin.elapsed());
    }
    let properties = checker.model().properties().into_iter();
    let properties = properties.map(|property| {
        let is_failure = property.expectation.discovery_is_failure();
        (property.name, is_failure, checker.discovery(property.name))
    });
    let failed = properties.filter(|(_, is_failure, path)| path.is_some() == *is_failure);
    failed.map(|(name, _, path)| (name, path)).collect()
}

/// The finding at the end of a path, and the path.
fn described(path: Option<Path<World, Step>>) -> String {
    let Some(path) = path else { return "this is reached nowhere".into() };
    let finding = path.last_state().finding.clone().map_or(String::new(), |finding| finding.what);
    let steps = path.into_actions().into_iter().map(|step| format!("\n    {step:?}"));
    format!("{finding}{}", steps.collect::<String>())
}

#[test]
fn the_rules_hold_in_every_state() {
    let is_large = match std::env::var("REJOIN_MODEL") {
        Ok(asked) if asked == "large" => true,
        Ok(asked) => panic!("REJOIN_MODEL is {asked}, not large"),
        Err(_) => false,
    };
    for scope in small().into_iter().chain(is_large.then(large).into_iter().flatten()) {
        let name = scope.name;
        let failed: Vec<_> =
            run(scope).into_iter().map(|(rule, path)| (rule, described(path))).collect();
        for (rule, path) in &failed {
            println!("{name}: {rule} does not hold: {path}");
        }
        assert!(failed.is_empty(), "{name}: {} rules do not hold, see above", failed.len());
    }
}

#[test]
fn faults_are_found() {
    let crash = Scope { crashes: 1, is_eager: true, ..again(2) };
    let eager = Scope { is_eager: true, ..plain() };
    let types = Scope { schema: all(), menus: vec![(&ALL, 1); 2], ..eager.clone() };
    let keys = Scope { menus: vec![(&TWO_KEYS, 2), (&SET, 0)], ..eager.clone() };
    for fault in Fault::ALL {
        let (scope, rule) = match fault {
            Fault::KeepsName => (&crash, Rule::AllConverge),
            Fault::LosesWhatWasStored => (&crash, Rule::NothingIsLost),
            Fault::StaleGreeting => (&crash, Rule::VerifiedIsComplete),
            Fault::CountsTwice => (&types, Rule::StatesAreRight),
            Fault::LeavesOutAKey => (&keys, Rule::StatesAreRight),
            Fault::EchoesHashes => (&forked(), Rule::NoMissedDifference),
            Fault::ForgetsWhatItTook => (&eager, Rule::SessionsEnd),
            _ => (&eager, Rule::StatesAreRight),
        };
        let findings = run(Scope { fault: Some(fault), ..scope.clone() });
        let mut paths = findings.into_iter().filter_map(|(_, path)| path);
        let path = paths.next().unwrap_or_else(|| panic!("{fault:?} is not found"));
        let found = path.last_state().finding.clone().map(|finding| finding.rule);
        let report = described(Some(path));
        println!("{fault:?}: {found:?}: {report}");
        assert_eq!(found, Some(rule), "{fault:?}: {report}");
    }
}
