//! Random larger histories: whatever the network does, equal knowledge is equal state.
//!
//! Three to five replicas have an object of each type. They operate, send full states and deltas of
//! some or all objects, receive any message ever sent, once, often or never, early or late, and are
//! restored from backups under new incarnations. A delta may start at any vector that any replica
//! has ever had.
//!
//! Shown after every step: the state and the answers of the replica are those of the definition for
//! the events that it has seen (see support/network.rs); replicas that have seen the same are
//! equal; a delta is refused exactly if its receiver lacks operations that it builds upon, and then
//! changes nothing. Shown at the end: after a complete exchange, of states or of deltas, all
//! replicas are equal and have seen all events.
//!
//! A failure prints the shortest history found, step by step.

use crate::letter::Letter;
use crate::network::{Backup, NAMES, Network, Schema, Seen};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use rejoin::object::ObjectType;
use rejoin::operation::{ObjectId, Operation};
use rejoin::reference::replica::{Deltas, Objects};
use rejoin::version_vector::VersionVector;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

type Op = Operation<char, Letter>;
type Vectors = BTreeMap<ObjectId, VersionVector>;

/// One object of each type, named after it.
fn schema() -> Schema {
    ObjectType::ALL.into_iter().map(|kind| (kind.as_str().into(), kind)).collect()
}

/// A step. Its numbers choose among the options at that moment.
#[derive(Clone, Debug)]
enum Step {
    Perform { at: usize, kind: ObjectType, operation: Op },
    SendState { from: usize, objects: BTreeSet<ObjectId> },
    SendDelta { from: usize, objects: BTreeSet<ObjectId>, since: usize },
    Receive { at: usize, message: usize },
    Merge { at: usize, from: usize },
    Save { at: usize },
    Restore { at: usize, backup: usize },
}

/// A message.
enum Payload {
    State(Objects<char, Letter>),
    Delta(Deltas<char, Letter>),
}

struct Message {
    payload: Payload,
    /// The events that it carries.
    holds: Seen,
}

/// Counts of what has happened.
#[derive(Default)]
struct Count {
    states: u64,
    deltas: u64,
    refused: u64,
    restores: u64,
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.states += other.states;
        self.deltas += other.deltas;
        self.refused += other.refused;
        self.restores += other.restores;
    }
}

/// A history as it unfolds.
struct History {
    network: Network,
    messages: Vec<Message>,
    backups: Vec<Vec<Backup>>,
    /// All vectors that any replica has ever had.
    vectors: Vec<Vectors>,
    /// The steps so far, as text.
    story: Vec<String>,
    count: Count,
}

impl History {
    fn new(replicas: usize) -> Self {
        let network = Network::new(replicas, schema());
        Self {
            backups: (0..replicas).map(|at| vec![network.backup(at)]).collect(),
            vectors: vec![network.nodes[0].replica.seen()],
            network,
            messages: Vec::new(),
            story: Vec::new(),
            count: Count::default(),
        }
    }

    fn tell(&mut self, at: usize, what: String) {
        self.story.push(format!("{}: {what}", NAMES[at]));
    }

    /// Takes the step; the error says what is wrong.
    fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Perform { at, kind, operation } => {
                self.tell(*at, format!("{}: {operation:?}", kind.as_str()));
                let object = kind.as_str().into();
                self.network.perform(*at, &object, operation.clone());
                self.check(*at)
            }
            Step::SendState { from, objects } => {
                self.tell(*from, format!("sends message {}: {objects:?}", self.messages.len()));
                self.send_state(*from, objects);
                Ok(())
            }
            Step::SendDelta { from, objects, since } => {
                let since = self.vectors[since % self.vectors.len()].clone();
                self.tell(
                    *from,
                    format!("sends message {}: {objects:?} since {since:?}", self.messages.len()),
                );
                self.send_delta(*from, objects, since);
                Ok(())
            }
            Step::Receive { at, message } => match message.checked_rem(self.messages.len()) {
                Some(message) => self.receive(*at, message),
                None => Ok(()),
            },
            Step::Merge { at, from } => {
                let message = self.messages.len();
                let since = self.network.nodes[*at].replica.seen();
                self.tell(*from, format!("sends message {message}: all that {} lacks", NAMES[*at]));
                self.send_delta(*from, &self.objects(), since);
                self.receive(*at, message)
            }
            Step::Save { at } => {
                self.tell(*at, format!("takes backup {}", self.backups[*at].len()));
                self.backups[*at].push(self.network.backup(*at));
                Ok(())
            }
            Step::Restore { at, backup } => {
                let backup = backup % self.backups[*at].len();
                self.tell(*at, format!("is set back to backup {backup}"));
                self.count.restores += 1;
                self.network.restore(*at, &self.backups[*at][backup]);
                self.check(*at)
            }
        }
    }

    fn objects(&self) -> BTreeSet<ObjectId> {
        self.network.schema.keys().cloned().collect()
    }

    /// The events on these objects that the replica has seen.
    fn seen(&self, at: usize, objects: &BTreeSet<ObjectId>) -> Seen {
        let is_on = |event: &usize| objects.contains(&self.network.events[*event].id.object);
        self.network.nodes[at].seen.iter().copied().filter(is_on).collect()
    }

    fn send_state(&mut self, from: usize, objects: &BTreeSet<ObjectId>) {
        let mut state = self.network.nodes[from].replica.objects().clone();
        state.retain(|object, _| objects.contains(object));
        let holds = self.seen(from, objects);
        self.messages.push(Message { payload: Payload::State(state), holds });
    }

    fn send_delta(&mut self, from: usize, objects: &BTreeSet<ObjectId>, mut since: Vectors) {
        since.retain(|object, _| objects.contains(object));
        let deltas = self.network.nodes[from].replica.delta_since(&since);
        let holds = self.seen(from, objects);
        self.messages.push(Message { payload: Payload::Delta(deltas), holds });
    }

    fn receive(&mut self, at: usize, message: usize) -> Result<(), String> {
        let Message { payload, holds } = &self.messages[message];
        let node = &mut self.network.nodes[at];
        let before = node.replica.clone();
        let (received, is_gapless) = match payload {
            Payload::State(state) => (node.replica.join(state), true),
            Payload::Delta(deltas) => {
                let seen = node.replica.seen();
                let is_gapless =
                    deltas.iter().all(|(object, delta)| seen[object].covers(&delta.since));
                (node.replica.apply(deltas), is_gapless)
            }
        };
        if received.is_ok() != is_gapless {
            return Err(format!("{}: message {message}: {received:?}", NAMES[at]));
        }
        if received.is_err() && node.replica != before {
            return Err(format!("{}: message {message} was refused, with effect", NAMES[at]));
        }
        if received.is_ok() {
            node.seen.extend(holds);
        }
        match (payload, is_gapless) {
            (Payload::State(_), _) => self.count.states += 1,
            (Payload::Delta(_), true) => self.count.deltas += 1,
            (Payload::Delta(_), false) => self.count.refused += 1,
        }
        let outcome = if is_gapless { "receives" } else { "refuses" };
        self.tell(at, format!("{outcome} message {message}"));
        self.check(at)
    }

    /// The replica agrees with the definition, and equals those that have seen the same.
    fn check(&mut self, at: usize) -> Result<(), String> {
        self.network.check(at).map_err(|difference| format!("{}: {difference}", NAMES[at]))?;
        let node = &self.network.nodes[at];
        for (other, name) in self.network.nodes.iter().zip(NAMES) {
            if other.seen == node.seen && other.replica.objects() != node.replica.objects() {
                return Err(format!("{} and {name} have seen the same and differ", NAMES[at]));
            }
        }
        self.vectors.push(node.replica.seen());
        Ok(())
    }

    /// All send to the first replica, and the first to all.
    fn exchange(&mut self, with_deltas: bool) -> Result<(), String> {
        let everything: Seen =
            self.network.nodes.iter().flat_map(|node| node.seen.iter().copied()).collect();
        let others = 1..self.network.nodes.len();
        let to_first = others.clone().map(|other| (0, other));
        for (at, from) in to_first.chain(others.map(|other| (other, 0))) {
            if with_deltas {
                self.take(&Step::Merge { at, from })?;
            } else {
                self.take(&Step::SendState { from, objects: self.objects() })?;
                self.receive(at, self.messages.len() - 1)?;
            }
        }
        let first = &self.network.nodes[0];
        for (node, name) in self.network.nodes.iter().zip(NAMES) {
            if node.seen != everything || node.replica.objects() != first.replica.objects() {
                return Err(format!("after a complete exchange, {name} lacks something"));
            }
        }
        Ok(())
    }
}

/// An operation, and a type that has it.
fn operation() -> impl Strategy<Value = (ObjectType, Op)> {
    use ObjectType::*;
    let of = |kinds: &[ObjectType]| prop::sample::select(kinds.to_vec());
    let letter = || prop::sample::select(vec![Letter::A, Letter::Null, Letter::T]);
    let key = || prop::sample::select(vec!['x', 'y']);
    let time = || 1_u64..4;
    prop_oneof![
        2 => (of(&[GCounter, PnCounter]), 1_u64..4)
            .prop_map(|(kind, amount)| (kind, Operation::Increment { amount })),
        1 => (1_u64..4).prop_map(|amount| (PnCounter, Operation::Decrement { amount })),
        2 => (of(&[LwwRegister, MvRegister]), letter(), time())
            .prop_map(|(kind, value, timestamp)| (kind, Operation::Write { value, timestamp })),
        2 => (of(&[OrSet, RwSet]), key())
            .prop_map(|(kind, element)| (kind, Operation::Add { element })),
        2 => (of(&[OrSet, RwSet]), key())
            .prop_map(|(kind, element)| (kind, Operation::Remove { element })),
        2 => (of(&[LwwMap, MvMap]), key(), letter(), time()).prop_map(
            |(kind, key, value, timestamp)| (kind, Operation::Put { key, value, timestamp })
        ),
        1 => (letter(), time())
            .prop_map(|(entry, timestamp)| (Log, Operation::Append { entry, timestamp })),
        1 => of(&[EwFlag, DwFlag]).prop_map(|kind| (kind, Operation::Enable)),
        1 => of(&[EwFlag, DwFlag]).prop_map(|kind| (kind, Operation::Disable)),
        1 => (of(&[MaxRegister, MinRegister]), -2_i128..3)
            .prop_map(|(kind, integer)| (kind, Operation::WriteInteger { integer })),
    ]
}

fn step(replicas: usize) -> impl Strategy<Value = Step> {
    let at = move || 0..replicas;
    let some = || {
        let names: Vec<ObjectId> = schema().into_keys().collect();
        let all = names.len();
        prop_oneof![
            Just(names.clone().into_iter().collect()),
            prop::sample::subsequence(names, 0..=all)
                .prop_map(|objects| objects.into_iter().collect()),
        ]
    };
    let any = || 0..1000_usize;
    prop_oneof![
        6 => (at(), operation())
            .prop_map(|(at, (kind, operation))| Step::Perform { at, kind, operation }),
        1 => (at(), some()).prop_map(|(from, objects)| Step::SendState { from, objects }),
        3 => (at(), some(), any())
            .prop_map(|(from, objects, since)| Step::SendDelta { from, objects, since }),
        5 => (at(), any()).prop_map(|(at, message)| Step::Receive { at, message }),
        2 => (at(), at()).prop_map(|(at, from)| Step::Merge { at, from }),
        1 => at().prop_map(|at| Step::Save { at }),
        1 => (at(), any()).prop_map(|(at, backup)| Step::Restore { at, backup }),
    ]
}

/// The number of replicas, their steps, and whether they exchange deltas at the end.
fn histories() -> impl Strategy<Value = (usize, Vec<Step>, bool)> {
    (3..=NAMES.len()).prop_flat_map(|replicas| {
        (Just(replicas), prop::collection::vec(step(replicas), 0..60), any::<bool>())
    })
}

#[test]
fn equal_knowledge_is_equal_state() {
    let config = Config {
        cases: 6000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    let count = RefCell::new(Count::default());
    let holds = |(replicas, steps, with_deltas): (usize, Vec<Step>, bool)| {
        let mut history = History::new(replicas);
        let outcome = steps.iter().try_for_each(|step| history.take(step));
        let outcome = outcome.and_then(|()| history.exchange(with_deltas));
        count.borrow_mut().add(&history.count);
        outcome.map_err(|difference| {
            TestCaseError::fail(format!("{difference}\nafter:\n{}", history.story.join("\n")))
        })
    };
    if let Err(failure) = TestRunner::new(config).run(&histories(), holds) {
        panic!("{failure}");
    }
    let Count { states, deltas, refused, restores } = count.into_inner();
    println!(
        "{states} states and {deltas} deltas applied, {refused} deltas refused, {restores} restores"
    );
    assert!([states, deltas, refused, restores].iter().all(|kind| *kind > 0), "all kinds occur");
}
