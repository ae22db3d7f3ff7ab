//! The optimized counter and log compared with the reference, step by step.
//!
//! Shown, after every step, at the replica that took it: the value, shares, entries in order and
//! the state vector are those of the reference. With every operation: it has the same name, and its
//! delta has its effect. With every message: deltas list as much as the reference's; both engines
//! apply them, or refuse them for the same gap without effect; the reported changes are exactly the
//! new entries and shares. Messages are lost, repeated and reordered, deltas start anywhere, and
//! replicas are restored from backups under new incarnations.
//! How: one function takes a step of a history with both engines ([`World`]). It runs on every
//! history of a small scope, and prints their number, and on random ones; a failure prints the
//! shortest history found. Other tests show what is refused, and that a refusal has no effect.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::operation::{Author, OperationError};
use rejoin::optimized::{ActorTable, ApplyError, Vector};
use rejoin::optimized::{g_counter as counter, log};
use rejoin::reference::delta::{Delta, Gap, Replicated};
use rejoin::reference::{g_counter, log as reference_log};
use rejoin::version_vector::VersionVector;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;

const NAMES: [&str; 3] = ["a", "b", "c"];

fn origin(name: &str, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(name).unwrap(), incarnation }
}

fn vector(counts: &[(&str, u64)]) -> Vector {
    let mut vector = VersionVector::default();
    for (name, count) in counts {
        vector.see(&origin(name, 0), *count);
    }
    (&vector).into()
}

fn same<T: PartialEq + Debug>(what: &str, reference: T, optimized: T) -> Result<(), String> {
    if reference == optimized {
        return Ok(());
    }
    Err(format!("{what}: the reference has {reference:#?}, the optimized engine {optimized:#?}"))
}

/// Whether both were refused for the same gap, or neither.
fn same_outcome<T>(
    reference: Result<(), Gap>,
    optimized: Result<T, ApplyError>,
) -> Result<(), String> {
    let gap = |Gap { origin, needed, seen }| ApplyError::Gap { origin, needed, seen };
    same("received", reference.map_err(gap), optimized.map(drop))
}

/// One object in both engines. Each function fails with the difference.
trait Both: Clone + Default {
    type Operation: Clone + Debug;
    type Delta: Clone;

    fn perform(&mut self, origin: &Origin, operation: &Self::Operation) -> Result<(), String>;
    fn join(&mut self, other: &Self) -> Result<(), String>;
    fn delta(&self, since: &VersionVector) -> Result<Self::Delta, String>;
    fn apply(&mut self, delta: Self::Delta) -> Result<(), String>;
    fn seen(&self) -> &VersionVector;
    fn check(&self) -> Result<(), String>;
}

#[derive(Clone)]
struct Counter {
    reference: g_counter::GCounter,
    optimized: counter::GCounter,
}

impl Default for Counter {
    fn default() -> Self {
        Self { reference: Lattice::bottom(), optimized: Lattice::bottom() }
    }
}

impl Counter {
    /// Whether the reported growth is the growth since the other state.
    fn has_grown(&self, before: &Self, grown: Vec<(Origin, u128)>) -> Result<(), String> {
        let added = self.reference.shares().iter();
        let added = added.filter(|(origin, share)| before.reference.share(origin) < **share);
        let added = added.map(|(origin, share)| (origin.clone(), *share)).collect();
        same("grown", added, grown)
    }
}

/// The shares that grew, in order.
fn grown(grown: &counter::Grown<'_>) -> Vec<(Origin, u128)> {
    assert_eq!(
        (grown.len(), grown.is_empty()),
        (grown.shares().count(), grown.shares().next().is_none())
    );
    let mut shares: Vec<_> =
        grown.shares().map(|(origin, share)| (origin.clone(), share)).collect();
    shares.sort();
    shares
}

impl Both for Counter {
    type Operation = u64;
    type Delta = (Delta<g_counter::GCounter>, counter::CounterDelta);

    fn perform(&mut self, origin: &Origin, amount: &u64) -> Result<(), String> {
        let mut before = self.optimized.clone();
        let dot = self.reference.increment(origin, *amount);
        let change = self.optimized.increment(origin, *amount);
        same("performed", dot, change.as_ref().map(counter::Change::dot).map_err(Clone::clone))?;
        if let Ok(change) = change {
            let delta = change.delta();
            same("shares of its delta", 1, delta.len())?;
            before.apply(&delta).map_err(|error| error.to_string())?;
        }
        same("its delta leads to", &self.optimized, &before)
    }

    fn join(&mut self, other: &Self) -> Result<(), String> {
        let before = self.clone();
        self.reference.join(&other.reference);
        let added = grown(&self.optimized.join(&other.optimized));
        self.has_grown(&before, added)
    }

    fn delta(&self, since: &VersionVector) -> Result<Self::Delta, String> {
        let reference = self.reference.delta_since(since);
        let optimized = self.optimized.delta_since(&since.into());
        same("since", since, &optimized.since().into())?;
        same("vector of delta", reference.part.seen(), &optimized.seen().into())?;
        let shares = reference.part.shares().iter().map(|(origin, share)| (origin, *share));
        same("shares of delta", shares.collect(), optimized.shares().collect::<Vec<_>>())?;
        let shares = optimized.shares().map(|(_, share)| share).collect();
        let (since, seen) = (optimized.since().clone(), optimized.seen().clone());
        let again = counter::CounterDelta::new(since, seen, shares);
        same("delta of its parts", Some(&optimized), again.as_ref())?;
        Ok((reference, optimized))
    }

    fn apply(&mut self, (reference, optimized): Self::Delta) -> Result<(), String> {
        let before = self.clone();
        let taken = self.reference.apply(&reference);
        let added = self.optimized.apply(&optimized).map(|added| grown(&added));
        if let Ok(added) = &added {
            self.has_grown(&before, added.clone())?;
        } else {
            same("refused, with effect", &before.optimized, &self.optimized)?;
        }
        same_outcome(taken, added)
    }

    fn seen(&self) -> &VersionVector {
        self.reference.seen()
    }

    fn check(&self) -> Result<(), String> {
        let Self { reference, optimized } = self;
        same("value", reference.value(), optimized.value())?;
        let shares = reference.shares().iter().map(|(origin, share)| (origin, *share));
        same("shares", shares.collect(), optimized.shares().collect::<Vec<_>>())?;
        for (origin, share) in reference.shares() {
            same("share", *share, optimized.share(origin))?;
        }
        same("share of a stranger", 0, optimized.share(&origin("stranger", 0)))?;
        same("vector", reference.seen(), &(&optimized.vector()).into())
    }
}

#[derive(Clone)]
struct Log {
    reference: reference_log::Log<Arc<str>>,
    optimized: log::Log<str>,
}

impl Default for Log {
    fn default() -> Self {
        Self { reference: Lattice::bottom(), optimized: Lattice::bottom() }
    }
}

/// An entry, its timestamp, and its place among the operations of its replica, which need not
/// ascend: the order must hold in any case.
#[derive(Clone, Debug)]
struct Append {
    entry: &'static str,
    /// How often the entry's text is repeated: long entries are stored differently.
    times: usize,
    timestamp: u64,
    seq: u64,
}

fn plain(entry: log::Entry<'_, str>) -> reference_log::Entry<Arc<str>> {
    let Dot { origin: Origin { replica, incarnation }, counter } = entry.dot();
    assert_eq!((entry.value().as_bytes(), entry.counter()), (entry.bytes(), counter));
    reference_log::Entry {
        timestamp: entry.timestamp(),
        replica,
        seq: entry.seq(),
        entry: entry.value().into(),
        incarnation,
        counter,
    }
}

impl Log {
    /// Whether the entries reported as new are those that are new since the other state.
    fn has_added(
        &self,
        before: &Self,
        (first, added): (Option<usize>, Vec<reference_log::Entry<Arc<str>>>),
    ) -> Result<(), String> {
        let old: BTreeSet<_> = before.reference.entries().collect();
        let expected = self.reference.entries().filter(|entry| !old.contains(entry));
        same("added", expected.collect::<Vec<_>>(), added.iter().collect())?;
        same("their place", self.reference.entries().position(|entry| !old.contains(entry)), first)
    }
}

type Added = (Option<usize>, Vec<reference_log::Entry<Arc<str>>>);

fn added(added: &log::NewEntries<'_, str>) -> Added {
    assert_eq!(
        (added.len(), added.is_empty()),
        (added.entries().count(), added.entries().next().is_none())
    );
    (added.first_position(), added.entries().map(plain).collect())
}

impl Both for Log {
    type Operation = Append;
    type Delta = (Delta<reference_log::Log<Arc<str>>>, log::LogDelta<str>);

    fn perform(&mut self, origin: &Origin, operation: &Append) -> Result<(), String> {
        let Append { entry, times, timestamp, seq } = operation;
        let mut before = self.optimized.clone();
        let entry = entry.repeat(*times);
        let author = Author { origin: origin.clone(), seq: *seq, user: None };
        let dot = self.reference.append(&author, entry.as_str().into(), *timestamp);
        let appended = self.optimized.append(&author, &entry, *timestamp);
        same("performed", dot, appended.as_ref().map(log::Entry::dot).map_err(Clone::clone))?;
        let delta = appended.map_err(|refused| refused.to_string())?.delta();
        same("entries of its delta", 1, delta.len())?;
        before.apply(delta).map_err(|error| error.to_string())?;
        same("its delta leads to", &self.optimized, &before)
    }

    fn join(&mut self, other: &Self) -> Result<(), String> {
        let before = self.clone();
        self.reference.join(&other.reference);
        let added = added(&self.optimized.join(&other.optimized));
        self.has_added(&before, added)
    }

    fn delta(&self, since: &VersionVector) -> Result<Self::Delta, String> {
        let reference = self.reference.delta_since(since);
        let optimized = self.optimized.delta_since(&since.into());
        same("since", since, &optimized.since().into())?;
        same("vector of delta", reference.part.seen(), &optimized.seen().into())?;
        same("entries of delta", reference.part.entries().count(), optimized.len())?;
        let is_empty = reference.part.entries().next().is_none();
        same("emptiness", is_empty, optimized.is_empty())?;
        Ok((reference, optimized))
    }

    fn apply(&mut self, (reference, optimized): Self::Delta) -> Result<(), String> {
        let before = self.clone();
        let taken = self.reference.apply(&reference);
        let answer = self.optimized.apply(optimized).map(|answer| added(&answer));
        if let Ok(answer) = &answer {
            self.has_added(&before, answer.clone())?;
        } else {
            same("refused, with effect", &before.optimized, &self.optimized)?;
        }
        same_outcome(taken, answer)
    }

    fn seen(&self) -> &VersionVector {
        self.reference.seen()
    }

    fn check(&self) -> Result<(), String> {
        let Self { reference, optimized } = self;
        let entries: Vec<_> = optimized.entries().map(plain).collect();
        same("entries", reference.entries().collect(), entries.iter().collect::<Vec<_>>())?;
        same("length", entries.len(), optimized.len())?;
        let got: Vec<_> = (0..).map_while(|position| optimized.get(position)).map(plain).collect();
        same("entries by position", &entries, &got)?;
        same("emptiness", entries.is_empty(), optimized.is_empty())?;
        same("vector", reference.seen(), &(&optimized.vector()).into())
    }
}

// Histories

/// A step. Its numbers choose among the options at that moment.
#[derive(Clone, Debug)]
enum Step<O> {
    Perform {
        at: usize,
        operation: O,
    },
    SendDelta {
        from: usize,
        since: usize,
    },
    Receive {
        at: usize,
        message: usize,
    },
    /// Applies the state of the other replica, and tries all deltas that can be made of it.
    Merge {
        at: usize,
        from: usize,
    },
    Save {
        at: usize,
    },
    Restore {
        at: usize,
        backup: usize,
    },
}

#[derive(Clone)]
struct World<B: Both> {
    nodes: Vec<B>,
    origins: Vec<Origin>,
    messages: Vec<B::Delta>,
    backups: Vec<Vec<Rc<B>>>,
    /// All vectors that any replica has ever had.
    vectors: Vec<VersionVector>,
    incarnations: u64,
}

impl<B: Both> World<B> {
    fn new(replicas: usize) -> Self {
        Self {
            nodes: vec![B::default(); replicas],
            origins: NAMES[..replicas].iter().map(|name| origin(name, 0)).collect(),
            messages: Vec::new(),
            backups: vec![vec![Rc::default()]; replicas],
            vectors: vec![VersionVector::default()],
            incarnations: 0,
        }
    }

    /// Takes the step with both engines; the error says what differs.
    fn take(&mut self, step: &Step<B::Operation>) -> Result<(), String> {
        match step {
            Step::Perform { at, operation } => {
                self.nodes[*at].perform(&self.origins[*at], operation)?;
                self.check(*at)
            }
            Step::SendDelta { from, since } => {
                let since = &self.vectors[since % self.vectors.len()];
                self.messages.push(self.nodes[*from].delta(since)?);
                Ok(())
            }
            Step::Receive { at, message } => match message.checked_rem(self.messages.len()) {
                Some(message) => {
                    self.nodes[*at].apply(self.messages[message].clone())?;
                    self.check(*at)
                }
                None => Ok(()),
            },
            Step::Merge { at, from } => {
                for since in &self.vectors {
                    let mut applied = self.nodes[*at].clone();
                    applied.apply(self.nodes[*from].delta(since)?)?;
                    applied.check()?;
                }
                let other = self.nodes[*from].clone();
                self.nodes[*at].join(&other)?;
                self.check(*at)
            }
            Step::Save { at } => {
                self.backups[*at].push(Rc::new(self.nodes[*at].clone()));
                Ok(())
            }
            Step::Restore { at, backup } => {
                let backups = &self.backups[*at];
                self.nodes[*at] = B::clone(&backups[backup % backups.len()]);
                self.incarnations += 1;
                self.origins[*at].incarnation = self.incarnations;
                self.check(*at)
            }
        }
    }

    /// Compares the engines at a replica.
    fn check(&mut self, at: usize) -> Result<(), String> {
        self.nodes[at].check()?;
        let seen = self.nodes[at].seen();
        if !self.vectors.contains(seen) {
            self.vectors.push(seen.clone());
        }
        Ok(())
    }
}

fn narrated<O: Debug>(history: &[Step<O>], difference: &str) -> String {
    let steps: Vec<String> = history.iter().map(|step| format!("{step:?}")).collect();
    format!("{difference}\nafter:\n{}", steps.join("\n"))
}

/// Takes every sequence of so many steps; returns how many there were.
fn explore<B: Both>(
    world: &World<B>,
    alphabet: &[Step<B::Operation>],
    path: &mut Vec<Step<B::Operation>>,
    steps: usize,
) -> u64 {
    if steps == 0 {
        return 1;
    }
    let mut histories = 0;
    for step in alphabet {
        let mut after = world.clone();
        path.push(step.clone());
        if let Err(difference) = after.take(step) {
            panic!("{}", narrated(path, &difference));
        }
        histories += explore(&after, alphabet, path, steps - 1);
        path.pop();
    }
    histories
}

fn all_histories<B: Both>(operations: &[B::Operation]) {
    for (replicas, with_backups, steps) in [(3, false, 4), (2, true, 5)] {
        let mut alphabet = Vec::new();
        for at in 0..replicas {
            let performed =
                |operation: &B::Operation| Step::Perform { at, operation: operation.clone() };
            alphabet.extend(operations.iter().map(performed));
            let others = (0..replicas).filter(|from| *from != at);
            alphabet.extend(others.map(|from| Step::Merge { at, from }));
            if with_backups {
                // The first backup is the start.
                alphabet.extend([Step::Save { at }, Step::Restore { at, backup: 1 }]);
            }
        }
        let histories = explore(&World::<B>::new(replicas), &alphabet, &mut Vec::new(), steps);
        assert_eq!(histories, (alphabet.len() as u64).pow(steps as u32), "every sequence");
        println!("{histories} histories of {steps} steps of {replicas} replicas");
    }
}

#[test]
fn every_small_history_of_a_counter() {
    all_histories::<Counter>(&[1, 2]);
}

#[test]
fn every_small_history_of_a_log() {
    let append = |entry, timestamp| Append { entry, times: 1, timestamp, seq: 1 };
    all_histories::<Log>(&[append("b", 2), append("a", 1), append("", 1)]);
}

fn step<O: Debug + Clone>(operation: impl Strategy<Value = O>) -> impl Strategy<Value = Step<O>> {
    let at = || 0..NAMES.len();
    let any = || 0..100_usize;
    prop_oneof![
        6 => (at(), operation).prop_map(|(at, operation)| Step::Perform { at, operation }),
        3 => (at(), any()).prop_map(|(from, since)| Step::SendDelta { from, since }),
        4 => (at(), any()).prop_map(|(at, message)| Step::Receive { at, message }),
        1 => (at(), at()).prop_map(|(at, from)| Step::Merge { at, from }),
        1 => at().prop_map(|at| Step::Save { at }),
        1 => (at(), any()).prop_map(|(at, backup)| Step::Restore { at, backup }),
    ]
}

/// Random histories; a failure prints the simplest that was found.
fn random_histories<B: Both>(cases: u32, operation: impl Strategy<Value = B::Operation>) {
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    let histories = prop::collection::vec(step(operation), 0..60);
    let holds = |history: Vec<Step<B::Operation>>| {
        let mut world = World::<B>::new(NAMES.len());
        for (place, step) in history.iter().enumerate() {
            let taken = world.take(step);
            taken.map_err(|differs| TestCaseError::fail(narrated(&history[..=place], &differs)))?;
        }
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&histories, holds) {
        panic!("{failure}");
    }
}

#[test]
fn random_histories_of_a_counter() {
    random_histories::<Counter>(2000, prop_oneof![9 => 0..4_u64, 1 => Just(u64::MAX)]);
}

#[test]
fn random_histories_of_a_log() {
    let entry = prop::sample::select(vec!["a", "b", "é"]);
    let timestamp = prop_oneof![9 => 0..4_u64, 1 => Just(u64::MAX)];
    random_histories::<Log>(
        2000,
        (entry, 0..3_usize, timestamp, 1..3_u64)
            .prop_map(|(entry, times, timestamp, seq)| Append { entry, times, timestamp, seq }),
    );
}

/// Long entries, so that segments fill, and are shared by states and deltas.
#[test]
fn random_histories_of_a_log_with_long_entries() {
    let entry = prop::sample::select(vec!["a", "é"]);
    let times = prop::sample::select(vec![0, 1, 3_000, 20_000, 40_000, 100_000]);
    random_histories::<Log>(
        200,
        (entry, times, 0..4_u64).prop_map(|(entry, times, timestamp)| Append {
            entry,
            times,
            timestamp,
            seq: 1,
        }),
    );
}

// What is refused

#[test]
fn a_refused_increment_has_no_effect() {
    let (a, b) = (origin("a", 0), origin("b", 0));
    let mut counter = counter::GCounter::new();
    assert_eq!(counter.increment(&a, 0).map(drop), Err(OperationError::ZeroIncrement));
    assert_eq!(counter, counter::GCounter::new());

    let seen = vector(&[("a", u64::MAX), ("b", 1)]);
    let delta = counter::CounterDelta::new(vector(&[]), seen, vec![u128::MAX - 1, u128::MAX]);
    counter.apply(&delta.expect("it has its parts")).expect("it has no gap");
    let before = counter.clone();
    assert_eq!(counter.value(), None, "the sum is too great");
    assert_eq!(counter.increment(&a, 1).map(drop), Err(OperationError::NoNamesLeft(a.clone())));
    assert_eq!(counter.increment(&b, 1).map(drop), Err(OperationError::ShareTooGreat));
    assert_eq!(counter, before);
    let next = counter.increment(&origin("b", 1), 1).map(|change| change.dot());
    assert_eq!(next, Ok(Dot { origin: origin("b", 1), counter: 1 }));
}

#[test]
fn a_delta_of_unfit_parts_is_none() {
    let counter = |since: &[_], seen: &[_], shares: &[u128]| {
        counter::CounterDelta::new(vector(since), vector(seen), shares.to_vec()).is_some()
    };
    assert!(counter(&[("a", 1)], &[("a", 2), ("b", 1)], &[2, 7]));
    assert!(counter(&[("a", 1), ("c", 1)], &[("a", 1)], &[]), "the receiver may know more");
    assert!(!counter(&[("a", 1)], &[("a", 2), ("b", 1)], &[2]), "a share is missing");
    assert!(!counter(&[("a", 1)], &[("a", 2)], &[2, 7]), "a share is of nobody");
    assert!(!counter(&[], &[("a", 2)], &[1]), "two increments are at least 2");

    let log = |seen: &[_], columns: usize, lengths: &[u32], bytes: &[u8]| {
        let column = vec![1; columns];
        let (seqs, lengths, bytes) = (column.clone(), lengths.to_vec(), bytes.to_vec());
        log::LogDelta::<str>::new(vector(&[("a", 1)]), vector(seen), column, seqs, lengths, bytes)
            .is_some()
    };
    let seen = [("a", 2), ("b", 1)];
    assert!(log(&seen, 2, &[2, 1], "éx".as_bytes()));
    assert!(log(&[("a", 1)], 0, &[], b""));
    assert!(!log(&seen, 1, &[2, 1], "éx".as_bytes()), "too few timestamps");
    assert!(!log(&seen, 2, &[3], "éx".as_bytes()), "too few lengths");
    assert!(!log(&seen, 2, &[2, 2], "éx".as_bytes()), "too few bytes");
    assert!(!log(&seen, 2, &[2, 0], "éx".as_bytes()), "too many bytes");
    assert!(!log(&seen, 2, &[1, 2], "éx".as_bytes()), "an entry is no text");
    let endless = [("a", u64::MAX), ("b", u64::MAX), ("c", u64::MAX)];
    assert!(!log(&endless, 0, &[], b""), "more entries than can be counted");
}

/// The same origin in one vector twice, or out of order, is no vector: so no delta has it.
#[test]
fn an_actor_table_rises() {
    let origins = |names: &[&str]| names.iter().map(|name| origin(name, 0)).collect();
    assert!(ActorTable::new(origins(&["a", "b"])).is_some());
    assert!(ActorTable::new(origins(&["a", "a"])).is_none());
    assert!(ActorTable::new(origins(&["b", "a"])).is_none());
}

#[test]
fn a_delta_with_a_gap_has_no_effect() {
    let gap = ApplyError::Gap { origin: origin("b", 0), needed: 2, seen: 1 };
    let (since, seen) = (vector(&[("a", 1), ("b", 2)]), vector(&[("a", 5), ("b", 3)]));

    let mut counter = counter::GCounter::new();
    for name in ["a", "b"] {
        counter.increment(&origin(name, 0), 1).expect("it fits");
    }
    let before = counter.clone();
    let delta = counter::CounterDelta::new(since.clone(), seen.clone(), vec![5, 3]);
    let taken = counter.apply(&delta.expect("it has its parts")).map(drop);
    assert_eq!(taken, Err(gap.clone()));
    assert_eq!(counter, before);

    let mut log = log::Log::<[u8]>::new();
    for name in ["a", "b"] {
        let author = Author { origin: origin(name, 0), seq: 1, user: None };
        log.append(&author, b"\xff", 1).expect("it fits");
    }
    let before = log.clone();
    let column = vec![7; 5];
    let delta =
        log::LogDelta::new(since, seen, column.clone(), column, vec![1; 5], b"12345".to_vec());
    let taken = log.apply(delta.expect("it has its parts")).map(drop);
    assert_eq!(taken, Err(gap));
    assert_eq!(log, before);
}

/// Entries that arrive in one buffer, as from the wire: all of it, a part of it, or nothing is new.
#[test]
fn a_received_buffer_is_taken_from_where_it_is_new() {
    let entries: Vec<String> = (0..400).map(|number| format!("{number:0>300}")).collect();
    let lengths = vec![300; 400];
    let numbers: Vec<u64> = (1..=400).collect();
    let delta = |bytes: String| {
        let seen = vector(&[("a", 400)]);
        let (column, bytes) = (numbers.clone(), bytes.into_bytes());
        log::LogDelta::<str>::new(vector(&[]), seen, column.clone(), column, lengths.clone(), bytes)
    };
    for known in [0, 1, 150, 399, 400] {
        let mut log = log::Log::<str>::new();
        for (number, entry) in (1..).zip(&entries[..known]) {
            let author = Author { origin: origin("a", 0), seq: number, user: None };
            log.append(&author, entry, number).expect("it fits");
        }
        let added = log.apply(delta(entries.concat()).expect("it has its parts"));
        let added = added.expect("it has no gap");
        assert_eq!(added.len(), 400 - known);
        assert_eq!(added.first_position(), (known < 400).then_some(known));
        assert!(log.entries().map(|entry| entry.value()).eq(&entries));
        let author = Author { origin: origin("b", 0), seq: 1, user: None };
        log.append(&author, "what follows", 401).expect("it fits");
        let last = log.entries().next_back().expect("there are entries");
        assert_eq!(last.value(), "what follows");
    }
}
