//! The reference engine and the proven engine, on the same histories.
//!
//! Shown, after every step, at the replica that took it: states are equal, also as canonical terms,
//! and well-formed; values, state vectors, what each object has seen, open merge decisions and
//! notices are equal. With every message: deltas are equal, and both engines apply them, or both
//! refuse. For the events that the replica has seen, the proven definition and the definition in
//! Rust agree, and the proven meaning is the proven state.
//! How: one function takes a step of a history with both engines and compares them ([`World`]). It
//! runs on every history of a small scope, and prints their number, and on random histories of all
//! thirteen types; a failure prints the shortest history found.
//! Other tests show that the engines agree on states that no history leads to, and the two
//! definitions on events of which some saw others that are missing.

use crate::choices::{Choices, all};
use crate::hostile::{Hostile, Product, WIDE};
use crate::letter::Letter::{self, A, Null, T};
use crate::operations::{self, Numbers};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use rejoin::definition::{self, Event, EventId};
use rejoin::dot::{Origin, ReplicaId};
use rejoin::object::ObjectType;
use rejoin::operation::{Answer, DecisionId, Frontier, ObjectId, Operation, User};
use rejoin::reference::replica::{self as reference, Object};
use rejoin::version_vector::VersionVector;
use rejoin_proven as proven;
use rejoin_proven::machine::RunError;
use rejoin_proven::{EventName, MergeDecision};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;

type Op = Operation<char, Letter>;
type Schema = BTreeMap<ObjectId, ObjectType>;
type Vectors = BTreeMap<ObjectId, VersionVector>;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// The user at each of them: one person at two replicas, and nobody known at one.
const USERS: [Option<&str>; 3] = [Some("ann"), None, Some("ann")];

/// A step. Its numbers choose among the options at that moment.
#[derive(Clone, Debug)]
enum Step {
    Perform {
        at: usize,
        of: ObjectType,
        operation: Op,
    },
    SendState {
        from: usize,
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

/// One replica, in both engines, and the events that it has seen.
#[derive(Clone)]
struct Node {
    reference: reference::Replica<char, Letter>,
    proven: proven::replica::Replica<char, Letter>,
    seen: BTreeSet<usize>,
}

#[derive(Clone)]
enum Message {
    State(reference::Objects<char, Letter>, proven::replica::Objects<char, Letter>),
    Delta(reference::Deltas<char, Letter>, proven::replica::Deltas<char, Letter>),
}

/// An event, for both definitions.
struct Happened {
    event: Event<char, Letter>,
    proven: proven::definition::Event<char, Letter>,
}

/// All replicas of a history, and all its events.
#[derive(Clone)]
struct World {
    schema: Rc<Schema>,
    nodes: Vec<Node>,
    events: Vec<Rc<Happened>>,
    /// Messages, and the events that they carry.
    messages: Vec<Rc<(Message, BTreeSet<usize>)>>,
    backups: Vec<Vec<Node>>,
    /// All vectors that any replica has ever had.
    vectors: Vec<Vectors>,
    incarnations: u64,
}

fn origin(at: usize, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(NAMES[at]).unwrap(), incarnation }
}

fn same<T: PartialEq + Debug>(what: &str, reference: T, proven: T) -> Result<(), String> {
    if reference == proven {
        return Ok(());
    }
    Err(format!("{what}: the reference has {reference:#?}, the proven engine {proven:#?}"))
}

/// The result of the proven engine; the error says that it has none.
fn result<T>(result: Result<T, proven::Error>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

/// Whether the proven engine carried out a request; the error says that it has no answer.
fn is_done(done: Result<(), proven::Error>) -> Result<bool, String> {
    match done {
        Ok(()) => Ok(true),
        Err(proven::Error::Refused) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

fn names<'a>(decisions: impl IntoIterator<Item = &'a DecisionId>) -> Vec<EventName> {
    let name = |decision: &DecisionId| (decision.dot.origin.replica.clone(), decision.seq);
    let mut names: Vec<EventName> = decisions.into_iter().map(name).collect();
    names.sort();
    names
}

/// The open merge decisions on an object, as the proven engine names them.
fn merge_decisions(open: &[Frontier<char>], object: &ObjectId) -> Vec<MergeDecision<char>> {
    let on_object = open.iter().filter(|frontier| frontier.object == *object);
    let named = |Frontier { key, kept, superseded, .. }: &Frontier<char>| MergeDecision {
        key: *key,
        kept: names(kept),
        superseded: names(superseded),
    };
    on_object.map(named).collect()
}

type Notices = Vec<(ObjectId, Option<char>, EventName)>;

/// Notices, as the proven engine names them.
fn notices(notices: Vec<rejoin::operation::Notice<char>>) -> Notices {
    let named = |notice: rejoin::operation::Notice<char>| {
        let decision = (notice.decision.dot.origin.replica, notice.decision.seq);
        (notice.object, notice.key, decision)
    };
    let mut named: Notices = notices.into_iter().map(named).collect();
    named.sort();
    named
}

fn proven_notices(notices: Vec<proven::Notice<char>>) -> Notices {
    let named = |notice: proven::Notice<char>| (notice.object, notice.key, notice.decision);
    let mut named: Notices = notices.into_iter().map(named).collect();
    named.sort();
    named
}

/// Whether the state is the same in both engines, and its values.
fn compare_states(
    schema: &Schema,
    reference: &reference::Replica<char, Letter>,
    proven: &proven::replica::Replica<char, Letter>,
) -> Result<(), String> {
    let objects = result(proven.objects())?;
    same("states", reference.objects(), &result(objects.to_reference())?)?;
    same("terms", &reference.objects().into(), &objects)?;
    same("well-formed", true, result(objects.are_well_formed(schema))?)?;
    same("origin", reference.origin(), &result(proven.origin())?)?;
    same("seen", reference.seen(), result(proven.seen())?)?;
    same("vector", reference.vector(), result(proven.vector())?)?;
    let values: BTreeMap<ObjectId, Answer<char, Letter>> =
        reference.objects().iter().map(|(id, object)| (id.clone(), object.value())).collect();
    // Each engine has bounds of its own beyond what increments can reach.
    let too_great =
        |value: &Answer<char, Letter>| matches!(value, Answer::Count(None) | Answer::Balance(None));
    if !values.values().any(too_great) {
        return same("values", values, result(proven.values())?);
    }
    if values.values().any(|value| *value == Answer::Count(None)) {
        let too_large = proven::Error::Run("Replica.value", RunError::TooLarge);
        same("values", Err(too_large), proven.values())?;
    }
    Ok(())
}

/// Whether both engines give the same decisions and notices.
fn compare_decisions(
    schema: &Schema,
    reference: &reference::Replica<char, Letter>,
    proven: &proven::replica::Replica<char, Letter>,
) -> Result<(), String> {
    let open = reference.open_decisions();
    let open = schema.keys().map(|id| (id.clone(), merge_decisions(&open, id))).collect();
    same("open merge decisions", open, result(proven.open_decisions())?)?;
    for user in USERS.into_iter().flatten().map(User::from) {
        let answered = proven_notices(result(proven.notices(&user))?);
        same("notices", notices(reference.notices(&user)), answered)?;
    }
    Ok(())
}

/// Whether both definitions agree on these events.
fn compare_definitions(schema: &Schema, seen: &[&Rc<Happened>]) -> Result<(), String> {
    let events: Vec<&Event<char, Letter>> = seen.iter().map(|happened| &happened.event).collect();
    let all: Vec<_> = seen.iter().map(|happened| happened.proven.clone()).collect();
    same("defined vector", definition::vector(&events), result(proven::definition::vector(&all))?)?;
    let mut all_open = Vec::new();
    for (id, kind) in schema {
        let on_object = seen.iter().filter(|happened| happened.event.id.object == *id);
        let on_object: Vec<_> = on_object.map(|happened| happened.proven.clone()).collect();
        let events = definition::of_object(&events, id);
        let value = result(proven::definition::value(*kind, &on_object))?;
        same("defined value", definition::value(*kind, &events), value)?;
        let open = definition::open_decisions(id, *kind, &events);
        let proven = result(proven::definition::open_decisions(*kind, &on_object))?;
        same("defined merge decisions", merge_decisions(&open, id), proven)?;
        all_open.extend(open);
    }
    for user in USERS.into_iter().flatten().map(User::from) {
        let answered = result(proven::definition::notices(schema, &user, &all))?;
        let defined = notices(definition::notices(&all_open, &user));
        same("defined notices", defined, proven_notices(answered))?;
    }
    Ok(())
}

impl World {
    fn new(replicas: usize, kinds: &[ObjectType]) -> Self {
        let schema: Schema = kinds.iter().map(|kind| (kind.as_str().into(), *kind)).collect();
        let node = |at| Node {
            reference: reference::Replica::new(origin(at, 0), &schema),
            proven: proven::replica::Replica::new(&origin(at, 0), &schema).expect("it starts"),
            seen: BTreeSet::new(),
        };
        let nodes: Vec<Node> = (0..replicas).map(node).collect();
        Self {
            backups: nodes.iter().map(|node| vec![node.clone()]).collect(),
            vectors: vec![nodes[0].reference.seen()],
            nodes,
            schema: Rc::new(schema),
            events: Vec::new(),
            messages: Vec::new(),
            incarnations: 0,
        }
    }

    /// Takes the step with both engines; the error says what differs.
    fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Perform { at, of, operation } => self.perform(*at, *of, operation),
            Step::SendState { from } => {
                let message = self.state(*from)?;
                self.messages.push(Rc::new((message, self.nodes[*from].seen.clone())));
                Ok(())
            }
            Step::SendDelta { from, since } => {
                let message = self.delta(*from, since % self.vectors.len())?;
                self.messages.push(Rc::new((message, self.nodes[*from].seen.clone())));
                Ok(())
            }
            Step::Receive { at, message } => match message.checked_rem(self.messages.len()) {
                Some(message) => {
                    let message = Rc::clone(&self.messages[message]);
                    self.receive(*at, &message.0, &message.1)
                }
                None => Ok(()),
            },
            Step::Merge { at, from } => self.merge(*at, *from),
            Step::Save { at } => {
                self.backups[*at].push(self.nodes[*at].clone());
                Ok(())
            }
            Step::Restore { at, backup } => {
                let backup = self.backups[*at][backup % self.backups[*at].len()].clone();
                self.incarnations += 1;
                let origin = origin(*at, self.incarnations);
                let objects = result(backup.proven.objects())?;
                self.nodes[*at] = Node {
                    proven: result(proven::replica::Replica::restored(&origin, objects))?,
                    reference: reference::Replica::restored(
                        origin,
                        backup.reference.objects().clone(),
                    ),
                    seen: backup.seen,
                };
                self.check(*at)
            }
        }
    }

    /// Performs an operation on the object of this type; the object or the operation may be
    /// missing.
    fn perform(&mut self, at: usize, of: ObjectType, operation: &Op) -> Result<(), String> {
        let user: Option<User> = USERS[at].map(Into::into);
        let object: ObjectId = of.as_str().into();
        let node = &mut self.nodes[at];
        let sees = node.seen.iter().map(|event| self.events[*event].event.id.clone()).collect();
        let performed = node.reference.perform(&object, operation.clone(), user.clone());
        let done = is_done(node.proven.perform(&object, operation, &user))?;
        same("performed", performed.is_ok(), done)?;
        if let Ok(dot) = performed {
            node.seen.insert(self.events.len());
            let id = EventId { object, dot };
            let event = Event { id, operation: operation.clone(), user, sees };
            let proven = (&event).into();
            self.events.push(Rc::new(Happened { event, proven }));
        }
        self.check(at)
    }

    fn state(&self, from: usize) -> Result<Message, String> {
        let Node { reference, proven, .. } = &self.nodes[from];
        Ok(Message::State(reference.objects().clone(), result(proven.objects())?))
    }

    fn delta(&self, from: usize, since: usize) -> Result<Message, String> {
        let since = &self.vectors[since];
        let Node { reference, proven, .. } = &self.nodes[from];
        let (reference, proven) =
            (reference.delta_since(since), result(proven.delta_since(since))?);
        same("deltas", &reference, &result(proven.to_reference())?)?;
        same("terms of deltas", &(&reference).into(), &proven)?;
        Ok(Message::Delta(reference, proven))
    }

    fn receive(
        &mut self,
        at: usize,
        message: &Message,
        holds: &BTreeSet<usize>,
    ) -> Result<(), String> {
        let node = &mut self.nodes[at];
        let (received, done) = match message {
            Message::State(reference, proven) => {
                (node.reference.join(reference), node.proven.join(proven))
            }
            Message::Delta(reference, proven) => {
                (node.reference.apply(reference), node.proven.apply(proven))
            }
        };
        same("received", received.is_ok(), is_done(done)?)?;
        if received.is_ok() {
            node.seen.extend(holds);
        }
        self.check(at)
    }

    fn merge(&mut self, at: usize, from: usize) -> Result<(), String> {
        let holds = self.nodes[from].seen.clone();
        for since in 0..self.vectors.len() {
            let before = self.nodes[at].clone();
            self.receive(at, &self.delta(from, since)?, &holds)?;
            self.nodes[at] = before;
        }
        self.receive(at, &self.state(from)?, &holds)
    }

    /// Compares the engines at a replica.
    fn check(&mut self, at: usize) -> Result<(), String> {
        let Node { reference, proven, seen } = &self.nodes[at];
        compare_states(&self.schema, reference, proven)?;
        compare_decisions(&self.schema, reference, proven)?;
        let seen: Vec<&Rc<Happened>> = seen.iter().map(|event| &self.events[*event]).collect();
        compare_definitions(&self.schema, &seen)?;
        let events: Vec<_> = seen.iter().map(|happened| happened.proven.clone()).collect();
        let meaning = result(proven::definition::meaning(&self.schema, &events))?;
        same("meaning", meaning, result(proven.objects())?)?;
        let vectors = reference.seen();
        if !self.vectors.contains(&vectors) {
            self.vectors.push(vectors);
        }
        Ok(())
    }
}

/// Runs a history; the error is the difference, and the steps that led to it.
fn run(replicas: usize, kinds: &[ObjectType], history: &[Step]) -> Result<World, String> {
    let mut world = World::new(replicas, kinds);
    for (place, step) in history.iter().enumerate() {
        world.take(step).map_err(|difference| described(&history[..=place], &difference))?;
    }
    Ok(world)
}

fn described(history: &[Step], difference: &str) -> String {
    let steps: Vec<String> = history.iter().map(|step| format!("{step:?}")).collect();
    format!("{difference}\nafter:\n{}", steps.join("\n"))
}

// Every history of a small scope

/// Takes every sequence of so many steps; returns how many there were.
fn explore(world: &World, alphabet: &[Step], path: &mut Vec<Step>, steps: usize) -> u64 {
    if steps == 0 {
        return 1;
    }
    let mut histories = 0;
    for step in alphabet {
        let mut after = world.clone();
        path.push(step.clone());
        if let Err(difference) = after.take(step) {
            panic!("{}", described(path, &difference));
        }
        histories += explore(&after, alphabet, path, steps - 1);
        path.pop();
    }
    histories
}

fn all_histories(kind: ObjectType, operations: &[Op]) {
    // The types that use the store of decisions or count on two sides, as one does that goes
    // deeper.
    let is_first = matches!(
        kind,
        ObjectType::GCounter
            | ObjectType::LwwRegister
            | ObjectType::OrSet
            | ObjectType::LwwMap
            | ObjectType::Log
    );
    for (replicas, with_backups, steps) in [(3, false, 3), (2, true, if is_first { 4 } else { 3 })]
    {
        let mut alphabet = Vec::new();
        for at in 0..replicas {
            let performed =
                |operation: &Op| Step::Perform { at, of: kind, operation: operation.clone() };
            alphabet.extend(operations.iter().map(performed));
            let others = (0..replicas).filter(|from| *from != at);
            alphabet.extend(others.map(|from| Step::Merge { at, from }));
            if with_backups {
                // The first backup is the start.
                alphabet.extend([Step::Save { at }, Step::Restore { at, backup: 1 }]);
            }
        }
        let world = World::new(replicas, &[kind]);
        let histories = explore(&world, &alphabet, &mut Vec::new(), steps);
        assert_eq!(histories, (alphabet.len() as u64).pow(steps as u32), "every sequence");
        println!(
            "{}: {histories} histories of {steps} steps of {replicas} replicas",
            kind.as_str()
        );
    }
}

#[test]
fn g_counter() {
    let increments = [1, 2].map(|amount| Operation::Increment { amount });
    all_histories(ObjectType::GCounter, &increments);
}

#[test]
fn lww_register() {
    let writes = [(A, 1), (Null, 1), (T, 2)];
    let writes = writes.map(|(value, timestamp)| Operation::Write { value, timestamp });
    all_histories(ObjectType::LwwRegister, &writes);
}

#[test]
fn or_set() {
    let operations = [Operation::Add { element: 'x' }, Operation::Remove { element: 'x' }];
    all_histories(ObjectType::OrSet, &operations);
}

#[test]
fn lww_map() {
    let puts = [('x', A, 1), ('x', Null, 1), ('y', T, 1)];
    let puts = puts.map(|(key, value, timestamp)| Operation::Put { key, value, timestamp });
    all_histories(ObjectType::LwwMap, &puts);
}

#[test]
fn log() {
    let appends = [(A, 2), (Null, 1)];
    let appends = appends.map(|(entry, timestamp)| Operation::Append { entry, timestamp });
    all_histories(ObjectType::Log, &appends);
}

#[test]
fn pn_counter() {
    let operations = [Operation::Increment { amount: 1 }, Operation::Decrement { amount: 2 }];
    all_histories(ObjectType::PnCounter, &operations);
}

#[test]
fn rw_set() {
    let operations = [Operation::Add { element: 'x' }, Operation::Remove { element: 'x' }];
    all_histories(ObjectType::RwSet, &operations);
}

#[test]
fn flags() {
    for kind in [ObjectType::EwFlag, ObjectType::DwFlag] {
        all_histories(kind, &[Operation::Enable, Operation::Disable]);
    }
}

#[test]
fn mv_register() {
    let writes = [(A, 1), (Null, 2)];
    let writes = writes.map(|(value, timestamp)| Operation::Write { value, timestamp });
    all_histories(ObjectType::MvRegister, &writes);
}

#[test]
fn mv_map() {
    let puts = [('x', A, 1), ('x', Null, 2)];
    let puts = puts.map(|(key, value, timestamp)| Operation::Put { key, value, timestamp });
    all_histories(ObjectType::MvMap, &puts);
}

#[test]
fn max_and_min_register() {
    let writes = [-1, 1].map(|integer| Operation::WriteInteger { integer });
    for kind in [ObjectType::MaxRegister, ObjectType::MinRegister] {
        all_histories(kind, &writes);
    }
}

// Random histories, states and events

/// An operation that objects of this type have.
fn operation(of: ObjectType) -> BoxedStrategy<Op> {
    let numbers = Numbers {
        timestamps: prop_oneof![9 => 0..4_u64, 1 => Just(u64::MAX)].boxed(),
        amounts: prop_oneof![9 => 1..4_u64, 1 => Just(u64::MAX)].boxed(),
        integers: prop_oneof![9 => -2..3_i128, 1 => Just(u64::MAX.into())].boxed(),
    };
    operations::operation(of, &['x', 'y'], numbers)
}

/// An operation on an object of one of these types, or of any; mostly one that it has.
fn performed(kinds: Vec<ObjectType>) -> impl Strategy<Value = Step> {
    let all = || prop::sample::select(ObjectType::ALL.to_vec());
    let of = match kinds.is_empty() {
        true => all().boxed(),
        false => prop_oneof![19 => prop::sample::select(kinds), 1 => all()].boxed(),
    };
    (of, all(), 0..20).prop_flat_map(|(of, any, which)| {
        let operation = operation(if which == 0 { any } else { of });
        (0..NAMES.len(), operation).prop_map(move |(at, operation)| Step::Perform {
            at,
            of,
            operation,
        })
    })
}

fn step(kinds: Vec<ObjectType>) -> impl Strategy<Value = Step> {
    let at = || 0..NAMES.len();
    let any = || 0..100_usize;
    prop_oneof![
        6 => performed(kinds),
        1 => at().prop_map(|from| Step::SendState { from }),
        2 => (at(), any()).prop_map(|(from, since)| Step::SendDelta { from, since }),
        4 => (at(), any()).prop_map(|(at, message)| Step::Receive { at, message }),
        2 => (at(), at()).prop_map(|(at, from)| Step::Merge { at, from }),
        1 => at().prop_map(|at| Step::Save { at }),
        1 => (at(), any()).prop_map(|(at, backup)| Step::Restore { at, backup }),
    ]
}

fn histories() -> impl Strategy<Value = (Vec<ObjectType>, Vec<Step>)> {
    let kinds = prop_oneof![
        1 => Just(ObjectType::ALL.to_vec()),
        3 => prop::sample::subsequence(ObjectType::ALL.to_vec(), 0..=3),
    ];
    kinds.prop_flat_map(|kinds| (Just(kinds.clone()), prop::collection::vec(step(kinds), 0..25)))
}

/// Checks so many random cases; a failure prints the simplest one found.
fn holds_for<S: Strategy>(cases: u32, strategy: S, holds: impl Fn(S::Value) -> Result<(), String>) {
    let config = Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::with_source_file(file!())
    };
    let holds = |thing| holds(thing).map_err(TestCaseError::fail);
    if let Err(failure) = TestRunner::new(config).run(&strategy, holds) {
        panic!("{failure}");
    }
}

#[test]
fn random_histories() {
    holds_for(300, histories(), |(kinds, history)| run(NAMES.len(), &kinds, &history).map(drop));
}

/// The definitions accept events of which some saw others that are missing.
#[test]
fn definitions_agree_on_any_events() {
    let parts = (histories(), any::<u32>());
    holds_for(300, parts, |((kinds, history), chosen)| {
        let world = run(NAMES.len(), &kinds, &history)?;
        let part = world.events.iter().zip(0..32).filter(|(_, place)| chosen >> place & 1 == 1);
        let part: Vec<&Rc<Happened>> = part.map(|(event, _)| event).collect();
        compare_definitions(&world.schema, &part)
    });
}

type Reference = reference::Replica<char, Letter>;

/// On states that no history leads to: whether the engines join, answer and send deltas alike.
/// Decisions are not compared: here one dot may name several, and the reference names it once.
fn compare_on_any_states(a: &Reference, b: &Reference, since: &Vectors) -> Result<(), String> {
    let objects = a.objects().iter();
    let schema: Schema = objects.map(|(id, object)| (id.clone(), object.kind())).collect();
    let proven = |replica: &Reference| {
        let objects = replica.objects().into();
        result(proven::replica::Replica::restored(replica.origin(), objects))
    };
    let (mut joined, mut proven_joined) = (a.clone(), proven(a)?);
    compare_states(&schema, &joined, &proven_joined)?;
    joined.join(b.objects()).map_err(|error| error.to_string())?;
    result(proven_joined.join(&b.objects().into()))?;
    compare_states(&schema, &joined, &proven_joined)?;

    let (delta, proven_delta) = (b.delta_since(since), result(proven(b)?.delta_since(since))?);
    same("deltas", &delta, &result(proven_delta.to_reference())?)?;
    let (mut applied, mut proven_applied) = (a.clone(), proven(a)?);
    let taken = applied.apply(&delta).is_ok();
    same("applied", taken, is_done(proven_applied.apply(&proven_delta))?)?;
    compare_states(&schema, &applied, &proven_applied)
}

#[test]
fn any_states() {
    let bytes = || prop::collection::vec(any::<u8>(), 0..150);
    holds_for(2000, (bytes(), bytes(), bytes()), |(a, b, since)| {
        let [a, b, since] =
            [a, b, since].map(|bytes| Product::draw(&mut Choices::from_bytes(&bytes), &WIDE).0);
        compare_on_any_states(&a, &b, &since.seen())
    });
}

/// Every two of all states of a small scope.
fn every_two_states<S: Hostile>(object: impl Fn(S) -> Object<char, Letter>) {
    let replica = |state: S| {
        let objects = BTreeMap::from([("object".into(), object(state))]);
        Reference::restored(origin(0, 0), objects)
    };
    let states = all(|choices| S::draw(choices, &S::EVERY));
    let replicas: Vec<Reference> = states.into_iter().map(replica).collect();
    for a in &replicas {
        for b in &replicas {
            if let Err(difference) = compare_on_any_states(a, b, &a.seen()) {
                panic!("{difference}\non {a:#?}\nand {b:#?}");
            }
        }
    }
    println!("{} states, every two of them", replicas.len());
}

#[test]
fn all_small_states() {
    every_two_states(Object::GCounter);
    every_two_states(Object::LwwRegister);
    every_two_states(Object::OrSet);
    every_two_states(Object::LwwMap);
    every_two_states(Object::Log);
    every_two_states(Object::PnCounter);
    every_two_states(Object::RwSet);
    every_two_states(Object::EwFlag);
    every_two_states(Object::DwFlag);
    every_two_states(Object::MvRegister);
    every_two_states(Object::MvMap);
    every_two_states(Object::MaxRegister);
    every_two_states(Object::MinRegister);
}
