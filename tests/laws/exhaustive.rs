//! Every history of a small scope: the reference engine against the definition.
//!
//! Covered, for each type: every sequence of 5 steps among 3 replicas, in which a replica performs
//! one of the operations below, or applies the state of another; and every sequence of 6 steps of 2
//! replicas with two operations, in which a replica may also take a backup, or be restored from its
//! last one (from its start, if it took none) under a new incarnation. The timestamps tie and go
//! backwards, and one person decides at two replicas.
//!
//! After every step, at the replica that changed: the value, the state vector, the maximal
//! decisions, the open ones with what was kept and superseded, and the notices of each person are
//! those of the definition; and the state follows from the events seen, so that equal events give
//! equal states. (The other replicas are unchanged.) With every operation: a delta since just
//! before has the same effect. With every merge: a delta since any vector up to what the receiver
//! has seen has the same effect, and one since any other vector up to what both have seen is
//! refused without a change. (So steps that deliver deltas would lead to the same states, and are
//! not counted again.)
//!
//! Two steps in a row of which neither changes a replica that the other changes or reads lead to
//! the same states in either order, so only one order is followed; a test of its own shows that
//! no state is missed. There is no reduction by symmetry: names decide between equal stamps.

use crate::letter::Letter::{self, A, Null, T};
use crate::network::{Backup, NAMES, Network};
use rejoin::object::ObjectType;
use rejoin::operation::{ObjectId, Operation};
use rejoin::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};

type Op = Operation<char, Letter>;

#[derive(Clone, Debug)]
enum Step {
    Perform(usize, Op),
    Merge { into: usize, from: usize },
    Save(usize),
    Restore(usize),
}

impl Step {
    /// The replica that the step changes.
    fn changes(&self) -> usize {
        match *self {
            Self::Perform(at, _) | Self::Save(at) | Self::Restore(at) => at,
            Self::Merge { into, .. } => into,
        }
    }

    /// Whether the step changes or reads the state of the replica.
    fn touches(&self, replica: usize) -> bool {
        let reads = matches!(*self, Self::Merge { from, .. } if from == replica);
        reads || self.changes() == replica
    }

    /// Whether the two steps commute.
    fn commutes_with(&self, other: &Self) -> bool {
        !self.touches(other.changes()) && !other.touches(self.changes())
    }
}

/// One history after the other, depth first.
struct Explorer {
    object: ObjectId,
    alphabet: Vec<Step>,
    /// Whether only one order of commuting steps is followed.
    reduces: bool,
    network: Network,
    /// The last backup of each replica.
    backups: Vec<Backup>,
    path: Vec<Step>,
    followed: u64,
}

impl Explorer {
    fn new(kind: ObjectType, replicas: usize, operations: &[Op], with_backups: bool) -> Self {
        let object = ObjectId::from("object");
        let network = Network::new(replicas, BTreeMap::from([(object.clone(), kind)]));
        let mut alphabet = Vec::new();
        for at in 0..replicas {
            alphabet
                .extend(operations.iter().map(|operation| Step::Perform(at, operation.clone())));
            let others = (0..replicas).filter(|from| *from != at);
            alphabet.extend(others.map(|from| Step::Merge { into: at, from }));
            if with_backups {
                alphabet.extend([Step::Save(at), Step::Restore(at)]);
            }
        }
        let backups = (0..replicas).map(|at| network.backup(at)).collect();
        Self { object, alphabet, reduces: true, network, backups, path: Vec::new(), followed: 0 }
    }

    /// Takes every step, checks its result, and goes on from there; calls `end` after each history.
    fn explore(&mut self, steps: usize, end: &mut impl FnMut(&Network)) {
        if steps == 0 {
            self.followed += 1;
            end(&self.network);
            return;
        }
        for step in self.alphabet.clone() {
            // Steps that commute are followed in the order of the replicas that they change.
            let is_other_order = self
                .path
                .last()
                .is_some_and(|last| last.changes() > step.changes() && last.commutes_with(&step));
            if self.reduces && is_other_order {
                continue;
            }
            let at = step.changes();
            let (node, backup) = (self.network.nodes[at].clone(), self.backups[at].clone());
            let events = self.network.events.len();

            self.path.push(step.clone());
            if let Err(difference) = self.take(step).and_then(|()| self.network.check(at)) {
                panic!("after {:#?} at {}: {difference}", self.path, NAMES[at]);
            }
            self.explore(steps - 1, end);

            self.path.pop();
            self.network.nodes[at] = node;
            self.backups[at] = backup;
            self.network.events.truncate(events);
        }
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Perform(at, operation) => self.perform(at, operation),
            Step::Merge { into, from } => self.merge(into, from),
            Step::Save(at) => {
                self.backups[at] = self.network.backup(at);
                Ok(())
            }
            Step::Restore(at) => {
                self.network.restore(at, &self.backups[at]);
                Ok(())
            }
        }
    }

    fn perform(&mut self, at: usize, operation: Op) -> Result<(), String> {
        let mut before = self.network.nodes[at].replica.clone();
        self.network.perform(at, &self.object, operation);
        let after = &self.network.nodes[at].replica;
        let delta = after.delta_since(&before.seen());
        if before.apply(&delta).is_ok() && before == *after {
            Ok(())
        } else {
            Err(format!("the delta of the operation, {delta:#?}, leads to {before:#?}"))
        }
    }

    fn merge(&mut self, into: usize, from: usize) -> Result<(), String> {
        let sender = self.network.nodes[from].clone();
        let receiver = &mut self.network.nodes[into];
        let before = receiver.replica.clone();
        receiver.replica.join(sender.replica.objects()).map_err(|error| error.to_string())?;
        receiver.seen.extend(sender.seen);

        let seen = before.objects()[&self.object].seen();
        for since in all_below(receiver.replica.objects()[&self.object].seen()) {
            let has_seen = seen.covers(&since);
            let since = BTreeMap::from([(self.object.clone(), since)]);
            let delta = sender.replica.delta_since(&since);
            let mut applied = before.clone();
            let is_taken = applied.apply(&delta).is_ok();
            let expected = if has_seen { &receiver.replica } else { &before };
            if is_taken != has_seen || applied != *expected {
                return Err(format!("the delta {delta:#?} leads to {applied:#?}"));
            }
        }
        Ok(())
    }
}

/// All vectors that this one covers.
fn all_below(vector: &VersionVector) -> Vec<VersionVector> {
    let mut below = vec![VersionVector::default()];
    for (origin, counter) in vector.iter() {
        let longer = |shorter: &VersionVector| {
            let (shorter, origin) = (shorter.clone(), origin.clone());
            (0..=counter).map(move |counter| {
                let mut longer = shorter.clone();
                longer.see(&origin, counter);
                longer
            })
        };
        below = below.iter().flat_map(longer).collect();
    }
    below
}

fn explore(kind: ObjectType, replicas: usize, operations: &[Op], backups: bool, steps: u32) {
    let mut explorer = Explorer::new(kind, replicas, operations, backups);
    explorer.explore(steps as usize, &mut |_| {});
    let histories = explorer.alphabet.len().pow(steps);
    println!(
        "{}: {histories} histories of {steps} steps of {replicas} replicas{}, {} of them followed",
        kind.as_str(),
        if backups { " with backups" } else { "" },
        explorer.followed
    );
}

#[test]
fn no_state_is_missed() {
    for (replicas, with_backups, steps) in [(3, false, 3), (3, true, 3), (2, true, 4)] {
        let ends = |reduces| {
            let operations = [write(A, 1), write(Null, 1)];
            let kind = ObjectType::LwwRegister;
            let mut explorer = Explorer::new(kind, replicas, &operations, with_backups);
            explorer.reduces = reduces;
            let mut ends = BTreeSet::new();
            explorer.explore(steps, &mut |network| {
                let replicas: Vec<_> = network.nodes.iter().map(|node| &node.replica).collect();
                ends.insert(format!("{replicas:?}"));
            });
            (ends, explorer.followed)
        };
        let ((some, fewer), (all, histories)) = (ends(true), ends(false));
        assert!(fewer < histories);
        assert_eq!(some, all);
    }
}

/// Every history of three replicas.
fn all_histories(kind: ObjectType, operations: &[Op]) {
    explore(kind, 3, operations, false, 5);
}

/// Every history of two replicas with restores from backups.
fn all_histories_with_backups(kind: ObjectType, operations: &[Op]) {
    explore(kind, 2, operations, true, 6);
}

const fn increment(amount: u64) -> Op {
    Operation::Increment { amount }
}

const fn write(value: Letter, timestamp: u64) -> Op {
    Operation::Write { value, timestamp }
}

const fn add(element: char) -> Op {
    Operation::Add { element }
}

const fn remove(element: char) -> Op {
    Operation::Remove { element }
}

const fn put(key: char, value: Letter, timestamp: u64) -> Op {
    Operation::Put { key, value, timestamp }
}

const fn append(entry: Letter, timestamp: u64) -> Op {
    Operation::Append { entry, timestamp }
}

#[test]
fn g_counter() {
    all_histories(ObjectType::GCounter, &[increment(1), increment(2)]);
}

#[test]
fn g_counter_with_backups() {
    all_histories_with_backups(ObjectType::GCounter, &[increment(1), increment(2)]);
}

#[test]
fn lww_register() {
    let writes = [write(A, 1), write(T, 1), write(Null, 2), write(A, 2)];
    all_histories(ObjectType::LwwRegister, &writes);
}

#[test]
fn lww_register_with_backups() {
    all_histories_with_backups(ObjectType::LwwRegister, &[write(A, 1), write(Null, 1)]);
}

#[test]
fn or_set() {
    all_histories(ObjectType::OrSet, &[add('x'), remove('x'), add('y'), remove('y')]);
}

#[test]
fn or_set_with_backups() {
    all_histories_with_backups(ObjectType::OrSet, &[add('x'), remove('x')]);
}

#[test]
fn lww_map() {
    let puts = [put('x', A, 1), put('x', T, 2), put('x', Null, 1), put('y', A, 1)];
    all_histories(ObjectType::LwwMap, &puts);
}

#[test]
fn lww_map_with_backups() {
    all_histories_with_backups(ObjectType::LwwMap, &[put('x', A, 1), put('x', Null, 1)]);
}

#[test]
fn log() {
    all_histories(ObjectType::Log, &[append(A, 1), append(T, 1), append(Null, 2), append(A, 2)]);
}

#[test]
fn log_with_backups() {
    all_histories_with_backups(ObjectType::Log, &[append(A, 1), append(Null, 1)]);
}

const fn decrement(amount: u64) -> Op {
    Operation::Decrement { amount }
}

const fn integer(integer: i128) -> Op {
    Operation::WriteInteger { integer }
}

#[test]
fn pn_counter() {
    all_histories(ObjectType::PnCounter, &[increment(1), decrement(2)]);
}

#[test]
fn pn_counter_with_backups() {
    all_histories_with_backups(ObjectType::PnCounter, &[increment(1), decrement(2)]);
}

#[test]
fn rw_set() {
    all_histories(ObjectType::RwSet, &[add('x'), remove('x'), add('y')]);
}

#[test]
fn rw_set_with_backups() {
    all_histories_with_backups(ObjectType::RwSet, &[add('x'), remove('x')]);
}

#[test]
fn flags() {
    for kind in [ObjectType::EwFlag, ObjectType::DwFlag] {
        all_histories(kind, &[Operation::Enable, Operation::Disable]);
        all_histories_with_backups(kind, &[Operation::Enable, Operation::Disable]);
    }
}

#[test]
fn mv_register() {
    all_histories(ObjectType::MvRegister, &[write(A, 0), write(T, 0), write(Null, 0)]);
}

#[test]
fn mv_register_with_backups() {
    all_histories_with_backups(ObjectType::MvRegister, &[write(A, 0), write(Null, 0)]);
}

#[test]
fn mv_map() {
    all_histories(ObjectType::MvMap, &[put('x', A, 0), put('x', Null, 0), put('y', T, 0)]);
}

#[test]
fn mv_map_with_backups() {
    all_histories_with_backups(ObjectType::MvMap, &[put('x', A, 0), put('x', Null, 0)]);
}

#[test]
fn extremes() {
    for kind in [ObjectType::MaxRegister, ObjectType::MinRegister] {
        all_histories(kind, &[integer(-1), integer(2)]);
        all_histories_with_backups(kind, &[integer(0), integer(1)]);
    }
}
