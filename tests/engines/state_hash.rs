//! The state hash `rejoin/1` of the reference engine.
//!
//! Shown: the vectors of spec/state-hash-vectors.jsonl, which a program in another language
//! computed, result record by record from replicas that replay their history, from the definition
//! over the events, and in the judge; the worked example of spec/state-hash.md is one of them. In
//! every history of a small scope equal states have equal hashes and different ones different
//! hashes. Every field of every record matters; what was seen, and the order in which it arrived,
//! do not. A removal leaves the hash of the content unchanged.

use crate::letter::Letter::{self, A, Null, T};
use crate::state_of_events;
use rejoin::definition::{Event, EventId, of_object};
use rejoin::digest::{Digest, StateHash, ToBytes};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, ObjectId, Operation, Value};
use rejoin::reference::decisions::{Decision, Decisions, Presence, Reading};
use rejoin::reference::g_counter::GCounter;
use rejoin::reference::log::{Entry, Log};
use rejoin::reference::lww_map::LwwMap;
use rejoin::reference::lww_register::LwwRegister;
use rejoin::reference::max_register::Extreme;
use rejoin::reference::or_set::OrSet;
use rejoin::reference::pn_counter::PnCounter;
use rejoin::reference::replica::{Object, Objects, Replica};
use rejoin::reference::state_hash::{Hashed, Record, of_hashes, of_objects, of_records};
use rejoin::version_vector::VersionVector;
use rejoin_judge::{Options, Report, Rule, Verdict, check};
use rejoin_trace as trace;
use rejoin_trace::{Content, Reader};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

// The vectors

const VECTORS: &str = include_str!("../../spec/state-hash-vectors.jsonl");

pub fn vectors() -> Vec<Json> {
    VECTORS.lines().map(|line| serde_json::from_str(line).expect("a vector is JSON")).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn text(vector: &Json) -> String {
    let lines = vector["trace"].as_array().expect("a vector has a trace");
    lines.iter().map(|line| format!("{line}\n")).collect()
}

type Seen = BTreeSet<usize>;

/// Replicas that perform a trace, together with the events that each has seen.
pub struct World {
    schema: BTreeMap<ObjectId, ObjectType>,
    events: Vec<Event<Arc<str>, Canonical>>,
    seen: BTreeMap<String, Seen>,
    pub replicas: BTreeMap<String, Replica<Arc<str>, Canonical>>,
    incarnations: BTreeMap<String, u64>,
    ids: BTreeMap<String, usize>,
    messages: BTreeMap<String, Seen>,
    backups: BTreeMap<String, (Seen, Objects<Arc<str>, Canonical>)>,
    /// Whether single operations were sent, for which there is no state.
    pub has_gaps: bool,
}

impl World {
    pub fn of(trace: &str) -> Self {
        let mut reader = Reader::new(trace.as_bytes()).expect("it has a header");
        let header = reader.header().clone();
        let objects = header.objects.iter();
        let kind = |of: &trace::Declaration| of.kind.engine().expect("it has an engine");
        let schema = objects.map(|(name, of)| (name.as_str().into(), kind(of))).collect();
        let start = |name: &String| {
            let origin = Origin { replica: ReplicaId::new(name.as_str()).unwrap(), incarnation: 0 };
            (name.clone(), Replica::new(origin, &schema))
        };
        let names = header.replicas.iter();
        let mut world = Self {
            replicas: names.clone().map(start).collect(),
            seen: names.clone().map(|name| (name.clone(), Seen::new())).collect(),
            incarnations: names.map(|name| (name.clone(), 0)).collect(),
            schema,
            events: Vec::new(),
            ids: BTreeMap::new(),
            messages: BTreeMap::new(),
            backups: BTreeMap::new(),
            has_gaps: false,
        };
        while let Some(line) = reader.next_line().expect("it is well-formed") {
            world.take(line.event);
        }
        world
    }

    fn take(&mut self, event: trace::Event) {
        match event {
            trace::Event::Op(op) => self.perform(op),
            trace::Event::Merge { replica, from, .. } => self.merge(&replica, &from),
            trace::Event::Sync { replicas: [a, b], .. } => {
                self.merge(&a, &b);
                self.merge(&b, &a);
            }
            trace::Event::Save { replica, snapshot } => {
                let objects = self.replicas[&replica].objects().clone();
                self.backups.insert(snapshot, (self.seen[&replica].clone(), objects));
            }
            trace::Event::Restore { replica, snapshot } => {
                let (seen, objects) = self.backups[&snapshot].clone();
                let incarnation = self.incarnations[&replica] + 1;
                let origin =
                    Origin { replica: ReplicaId::new(replica.as_str()).unwrap(), incarnation };
                self.incarnations.insert(replica.clone(), incarnation);
                self.replicas.insert(replica.clone(), Replica::restored(origin, objects));
                self.seen.insert(replica, seen);
            }
            trace::Event::Send { message, content: Content::Operations(ids), .. } => {
                let operations = ids.iter().map(|id| self.ids[id]).collect();
                self.messages.insert(message, operations);
                self.has_gaps = true;
            }
            trace::Event::Receive { replica, message } => {
                let held = &self.messages[&message];
                self.seen.get_mut(&replica).expect("it is declared").extend(held);
            }
            other => panic!("no vector has a {other:?}"),
        }
    }

    fn perform(&mut self, op: trace::Op) {
        let object: ObjectId = op.object.as_str().into();
        let operation = op.operation.of_engine(self.schema[&object]).expect("the engines have it");
        let user = op.user.as_deref().map(Into::into);
        let seen = self.seen.get_mut(&op.replica).expect("it is declared");
        let sees = seen.iter().map(|event| self.events[*event].id.clone()).collect();
        let replica = self.replicas.get_mut(&op.replica).expect("it is declared");
        let performed = replica.perform(&object, operation.clone(), user.clone());
        let dot = performed.expect("the operation fits");
        seen.insert(self.events.len());
        self.ids.extend(op.id.map(|id| (id, self.events.len())));
        self.events.push(Event { id: EventId { object, dot }, operation, user, sees });
    }

    fn merge(&mut self, into: &str, from: &str) {
        let (seen, objects) = (self.seen[from].clone(), self.replicas[from].objects().clone());
        self.seen.get_mut(into).expect("it is declared").extend(seen);
        let replica = self.replicas.get_mut(into).expect("it is declared");
        replica.join(&objects).expect("the objects are of one schema");
    }

    /// The records of an object at a replica, by definition.
    fn defined(&self, replica: &str, object: &ObjectId) -> BTreeSet<Record> {
        let seen: Vec<_> = self.seen[replica].iter().map(|event| &self.events[*event]).collect();
        state_of_events::records(self.schema[object], &of_object(&seen, object))
    }
}

pub fn has_hashes(vector: &Json, hash: StateHash) {
    let name = &vector["vector"];
    assert_eq!(vector["content"], hash.content.to_string(), "{name}: content");
    assert_eq!(vector["removals"], hash.removals.to_string(), "{name}: removals");
}

fn has_records(vector: &Json, records: BTreeSet<Record>) {
    let (removals, content): (Vec<_>, Vec<_>) = records.iter().partition(|r| r.is_removal);
    for (field, records) in [("content_records", content), ("removal_records", removals)] {
        let records: Vec<String> = records.iter().map(|record| hex(&record.encoding())).collect();
        assert_eq!(vector[field], json!(records), "{}: {field}", vector["vector"]);
    }
}

#[test]
fn vectors_come_out() {
    for vector in vectors() {
        let world = World::of(&text(&vector));
        let replica = vector["replica"].as_str().expect("a vector names a replica");
        let hash = |(object, kind): (&ObjectId, &ObjectType)| {
            (object.clone(), of_records(*kind, world.defined(replica, object)))
        };
        let defined: BTreeMap<ObjectId, StateHash> = world.schema.iter().map(hash).collect();
        let held = &world.replicas[replica];
        let object = vector["object"].as_str().map(ObjectId::from);
        match &object {
            Some(object) => {
                has_records(&vector, world.defined(replica, object));
                has_hashes(&vector, defined[object]);
            }
            None => has_hashes(&vector, of_hashes(&defined)),
        }
        match &object {
            // There is no state for operations that were sent singly.
            _ if world.has_gaps => {}
            Some(object) => {
                has_records(&vector, held.objects()[object].records());
                has_hashes(&vector, held.objects()[object].state_hash());
            }
            None => has_hashes(&vector, held.state_hash()),
        }
    }
}

#[test]
fn vectors_hold_at_the_judge() {
    for vector in vectors() {
        let judge = |digest: &str| {
            let mut claim = json!({"event": "digest", "algorithm": "rejoin/1", "digest": digest});
            claim["replica"] = vector["replica"].clone();
            if let Some(object) = vector.get("object") {
                claim["object"] = object.clone();
            }
            let trace = text(&vector) + &claim.to_string();
            check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read")
        };
        let right = vector["content"].as_str().expect("a hash is text");
        let report = judge(right);
        assert_eq!(report.verdict, Verdict::Conforms, "{report:#?}");
        assert_eq!(report.claims, 1);

        let report = judge(&right.replace(['0', 'a'], "b"));
        let found: Vec<Rule> = report.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(found, [Rule::DigestAlgorithm], "{}", vector["vector"]);
        assert_eq!(report.findings[0].expected, Some(format!("\"{right}\"")));
        assert_eq!(report.findings[0].theorem, None);
    }
}

fn judged(lines: &[Json]) -> Report {
    let trace: String = lines.iter().map(|line| format!("{line}\n")).collect();
    check(|| Ok(trace.as_bytes()), &Options::default()).expect("memory can be read")
}

fn digest(replica: &str, object: Option<&str>, digest: &str) -> Json {
    let mut claim = json!({"event": "digest", "algorithm": "rejoin/1"});
    claim["replica"] = json!(replica);
    claim["digest"] = json!(digest);
    if let Some(object) = object {
        claim["object"] = json!(object);
    }
    claim
}

/// The first object vector of this name.
fn hashes_of(name: &str) -> [String; 2] {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["vector"] == name).expect("it is a vector");
    ["content", "removals"].map(|part| vector[part].as_str().expect("a hash is text").into())
}

#[test]
fn where_no_hash_follows_the_reason_is_named() {
    let header = json!({"trace": "rejoin/1", "replicas": ["a"],
                        "objects": {"n": {"type": "g-counter"}, "s": {"type": "or-set"}}});
    let load = json!({"event": "load", "replica": "a", "object": "n", "state": {}});
    let empty = hashes_of("nothing was done to an or-set")[0].clone();
    let limits = |lines: &[Json]| {
        let report = judged(lines);
        assert_eq!((report.findings.len(), report.claims), (0, 1), "{report:#?}");
        let is_open = report.verdict == Verdict::Inconclusive;
        assert_eq!(is_open, !report.limits.is_empty());
        report.limits
    };
    let why = "line 3: `n` is loaded as a state, of which no operations are known, so the state \
               hash `rejoin/1` was compared with other digests only";
    assert_eq!(limits(&[header.clone(), load.clone(), digest("a", Some("n"), "?")]), [why]);
    assert_eq!(limits(&[header.clone(), load.clone(), digest("a", None, "?")]), [why]);
    assert_eq!(limits(&[header, load, digest("a", Some("s"), &empty)]), [""; 0]);

    let own = json!({"trace": "rejoin/1", "replicas": ["a"], "stamps": "own",
                     "objects": {"r": {"type": "lww-register"}, "s": {"type": "or-set"}}});
    let why = "line 2: the trace does not tell the timestamps of `r`, so the state hash `rejoin/1` \
               was compared with other digests only";
    assert_eq!(limits(&[own.clone(), digest("a", Some("r"), "?")]), [why]);
    assert_eq!(limits(&[own.clone(), digest("a", None, "?")]), [why]);
    assert_eq!(limits(&[own, digest("a", Some("s"), &empty)]), [""; 0]);
}

#[test]
fn the_state_hash_is_looked_at_last_and_what_is_false_is_compared_with_nothing() {
    let header = json!({"trace": "rejoin/1", "replicas": ["a", "b"],
                        "objects": {"s": {"type": "or-set"}}});
    let add = json!({"event": "op", "replica": "a", "object": "s", "op": "add", "element": "x"});
    let empty = &hashes_of("nothing was done to an or-set")[0];
    let report = judged(&[
        header,
        digest("b", Some("s"), "wrong"),
        // It differs from the one before, which does not matter.
        digest("b", Some("s"), empty),
        digest("a", Some("s"), "wrong"),
        add,
        // Another value has this digest, and it is not the state hash.
        digest("a", Some("s"), empty),
        digest("a", Some("s"), "wrong"),
        digest("a", None, empty),
    ]);
    let found: Vec<_> = report.findings.iter().map(|found| (found.line, found.rule)).collect();
    let rules = [
        (2, Rule::DigestAlgorithm),
        (4, Rule::DigestEqual),
        (6, Rule::DigestDistinct),
        (7, Rule::DigestAlgorithm),
        (8, Rule::DigestAlgorithm),
    ];
    assert_eq!(found, rules);
    // The theorem about the judge does not cover any of these.
    assert!(report.findings.iter().all(|finding| finding.theorem.is_none()));
}

#[test]
fn a_false_state_hash_is_argued_for() {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["vector"] == "the worked example");
    let mut lines = vector.expect("it is a vector")["trace"].as_array().expect("lines").clone();
    let [content, removals] = hashes_of("the worked example");
    let argued = |claims: &[Json]| {
        let report = judged(&[&lines, claims].concat());
        report.findings.last().expect("it is false").because.clone()
    };
    let because = |hint: &[&str]| {
        let mut because = vec![
            "`ann` has seen 5 operations on `tags`, the last in the file on line 7".to_string(),
            "from these follow 1 record of content, which the digest is of, and 1 record of \
             removals"
                .into(),
        ];
        because.extend(hint.iter().map(|hint| hint.to_string()));
        because.push(format!("so the state hash `rejoin/1` of `tags` at `ann` is `{content}`"));
        because
    };
    let of = |digest_text: &str| argued(&[digest("ann", Some("tags"), digest_text)]);
    assert_eq!(of("?"), because(&[]));
    let hint = "what is claimed is the hash of the records of removals";
    assert_eq!(of(&removals), because(&[hint]));
    let hint = "the digits of a digest are written in lower case";
    assert_eq!(of(&content.to_uppercase()), because(&[hint]));

    lines.truncate(1);
    let report = judged(&[lines.clone(), vec![digest("ann", None, "?")]].concat());
    let because = &report.findings[0].because;
    assert_eq!(because[0], "`ann` has seen no operation");
    assert_eq!(because.len(), 3);
}

/// The cost of a long trace of digests is bounded like any other.
#[test]
fn hashing_takes_steps() {
    let mut lines = vec![json!({"trace": "rejoin/1", "replicas": ["a"],
                                "objects": {"s": {"type": "or-set"}}})];
    for element in 0..100 {
        let element = element.to_string();
        lines.push(json!({"event": "op", "replica": "a", "object": "s", "op": "add",
                          "element": element}));
    }
    let is_limited = |claim: Json| {
        let lines = lines.iter().chain([&claim]).map(|line| format!("{line}\n"));
        let trace: String = lines.collect();
        let options = Options { work: 10_000, ..Options::default() };
        let report = check(|| Ok(trace.as_bytes()), &options).expect("memory can be read");
        !report.limits.is_empty()
    };
    assert!(!is_limited(json!({"event": "digest", "replica": "a", "digest": "?"})));
    assert!(is_limited(digest("a", None, "?")));
    assert!(is_limited(digest("a", Some("s"), "?")));
}

/// The vectors cover what other implementations are most likely to get wrong.
#[test]
fn vectors_cover_what_can_go_wrong() {
    let vectors = vectors();
    let of_objects = || vectors.iter().filter(|vector| vector.get("object").is_some());
    let some = |field: &str, is: &dyn Fn(&str) -> bool| {
        of_objects().any(|vector| {
            let records = vector[field].as_array().expect("records are listed");
            records.iter().any(|record| is(record.as_str().expect("a record is text")))
        })
    };
    let longest = |field: &str| {
        let records = of_objects().filter_map(|vector| vector[field].as_array());
        records.map(Vec::len).max().expect("there are vectors")
    };
    // A bucket holds 8 records; of more than 32 some bucket below a node would have to hold more.
    assert!(longest("content_records") > 32 && longest("removal_records") > 8);
    assert!(some("content_records", &|record| record.contains(&hex("Zoë".as_bytes()))));
    assert!(some("removal_records", &|record| record.contains(&hex(b"ben"))));
    for kind in ObjectType::ALL {
        let of_kind = |vector: &&Json| {
            let object = vector["object"].as_str().expect("it is of an object");
            vector["trace"][0]["objects"][object]["type"] == kind.as_str()
        };
        assert!(of_objects().filter(of_kind).count() > 2, "{}", kind.as_str());
    }
    let names: BTreeSet<&str> =
        vectors.iter().map(|v| v["vector"].as_str().expect("it has a name")).collect();
    assert_eq!(names.len(), vectors.len(), "each has a name of its own");
}

#[test]
fn the_worked_example_is_a_vector() {
    let book = include_str!("../../spec/state-hash.md");
    let (_, example) = book.split_once("\n## A worked example\n").expect("it has an example");
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["vector"] == "the worked example");
    let vector = vector.expect("it is a vector");
    let lines = vector["trace"].as_array().expect("a vector has a trace");
    for line in lines {
        let stands = |shown: &str| serde_json::from_str::<Json>(shown).is_ok_and(|l| l == *line);
        assert!(example.lines().any(stands), "{line}");
    }
    // The bytes are in groups, before or after their explanation.
    let column = |last: bool| -> String {
        let of = |line: &str| {
            let mut columns = line.split("  ");
            let column = if last { columns.last() } else { columns.next() };
            column.unwrap_or("").replace(' ', "")
        };
        example.lines().map(of).collect()
    };
    let shown = column(false) + &column(true);
    let records = ["content_records", "removal_records"].map(|field| vector[field].as_array());
    let records = records.into_iter().flatten().flatten().chain([&vector["content"]]);
    for bytes in records.chain([&vector["removals"]]) {
        assert!(shown.contains(bytes.as_str().expect("hexadecimal digits")), "{bytes}");
    }
}

// Laws

/// The state, except what was seen.
fn without_vector(object: &Object<char, Letter>) -> Object<char, Letter> {
    fn listed<K: Ord + Clone, E: Ord + Clone>(decisions: &Decisions<K, E>) -> Decisions<K, E> {
        let of_key = |key: &K| {
            let key = key.clone();
            let maximal = decisions.maximal(&key).into_iter().cloned().collect::<Vec<_>>();
            maximal.into_iter().map(move |decision| (key.clone(), decision))
        };
        let all: Vec<_> = decisions.keys().flat_map(of_key).collect();
        Decisions::from_parts(VersionVector::bottom(), all)
    }
    let nothing = VersionVector::bottom();
    match object {
        Object::GCounter(state) => {
            Object::GCounter(GCounter::from_parts(nothing, state.shares().clone()))
        }
        Object::LwwRegister(state) => Object::LwwRegister(LwwRegister::from_parts(
            listed(state.decisions()),
            state.winner().cloned(),
        )),
        Object::OrSet(state) => Object::OrSet(Reading::from_parts(listed(state.decisions()))),
        Object::RwSet(state) => Object::RwSet(Reading::from_parts(listed(state.decisions()))),
        Object::EwFlag(state) => Object::EwFlag(Reading::from_parts(listed(state.decisions()))),
        Object::DwFlag(state) => Object::DwFlag(Reading::from_parts(listed(state.decisions()))),
        Object::MvRegister(state) => {
            Object::MvRegister(Reading::from_parts(listed(state.decisions())))
        }
        Object::MvMap(state) => Object::MvMap(Reading::from_parts(listed(state.decisions()))),
        Object::PnCounter(state) => Object::PnCounter(PnCounter::from_parts(
            nothing,
            state.increments().clone(),
            state.decrements().clone(),
        )),
        Object::MaxRegister(state) => {
            Object::MaxRegister(Extreme::from_parts(nothing, state.value()))
        }
        Object::MinRegister(state) => {
            Object::MinRegister(Extreme::from_parts(nothing, state.value()))
        }
        Object::LwwMap(state) => {
            Object::LwwMap(LwwMap::from_parts(listed(state.decisions()), state.winners().clone()))
        }
        Object::Log(state) => {
            Object::Log(Log::from_parts(nothing, state.entries().cloned().collect()))
        }
    }
}

type Replicas = Vec<Replica<char, Letter>>;

/// One step of a history at the replica with this number.
type Step<'a> = Box<dyn Fn(&mut Replicas, usize) + 'a>;

/// Calls `visit` with every state that an object has in some history of so many steps: a replica
/// performs one of the operations, applies another's state, or is restored from its start.
fn every_state(
    kind: ObjectType,
    operations: &[Operation<char, Letter>],
    (count, steps): (usize, usize),
    visit: &mut impl FnMut(&Object<char, Letter>),
) {
    let schema = BTreeMap::from([(ObjectId::from("object"), kind)]);
    let start =
        |at: usize, incarnation| Replica::new(origin(["a", "b", "c"][at], incarnation), &schema);
    let perform = |operation: &Operation<char, Letter>| -> Step<'_> {
        let operation = operation.clone();
        Box::new(move |replicas, at| {
            let user = [None, Some("ann"), Some("bob")][at].map(Into::into);
            let performed = replicas[at].perform(&"object".into(), operation.clone(), user);
            performed.expect("the operation fits");
        })
    };
    let merge = |other: usize| -> Step<'_> {
        Box::new(move |replicas, at| {
            let others = replicas[(at + other) % count].objects().clone();
            replicas[at].join(&others).expect("they are of one schema");
        })
    };
    let restore: Step<'_> =
        Box::new(|replicas, at| replicas[at] = start(at, replicas[at].origin().incarnation + 1));
    let mut alphabet: Vec<Step<'_>> = operations.iter().map(perform).collect();
    alphabet.extend((1..count).map(merge));
    alphabet.push(restore);
    go((0..count).map(|at| start(at, 0)).collect(), steps, &alphabet, visit);
}

fn go(
    replicas: Replicas,
    steps: usize,
    alphabet: &[Step<'_>],
    visit: &mut impl FnMut(&Object<char, Letter>),
) {
    replicas.iter().flat_map(|replica| replica.objects().values()).for_each(&mut *visit);
    if steps > 0 {
        for (at, step) in (0..replicas.len()).flat_map(|at| alphabet.iter().map(move |s| (at, s))) {
            let mut after = replicas.clone();
            step(&mut after, at);
            go(after, steps - 1, alphabet, visit);
        }
    }
}

/// In every history of these operations, hashes distinguish exactly the different states.
fn hashes_tell_states_apart(kind: ObjectType, operations: &[Operation<char, Letter>]) {
    let mut states: BTreeMap<StateHash, Object<char, Letter>> = BTreeMap::new();
    let mut hashes: BTreeMap<String, StateHash> = BTreeMap::new();
    for scope in [(2, 4), (3, 3)] {
        every_state(kind, operations, scope, &mut |object| {
            let (state, hash) = (without_vector(object), object.state_hash());
            assert_eq!(state.state_hash(), hash, "what was seen is not hashed");
            let same = hashes.entry(format!("{state:?}")).or_insert(hash);
            assert_eq!(*same, hash, "equal states have equal hashes: {state:#?}");
            let other = states.entry(hash).or_insert_with(|| state.clone());
            assert_eq!(*other, state, "different states have different hashes");
        });
    }
    println!("{}: {} states", kind.as_str(), states.len());
    assert!(states.len() > operations.len(), "the histories lead to different states");
}

#[test]
fn equal_hashes_are_equal_counters() {
    let increment = |amount| Operation::Increment { amount };
    hashes_tell_states_apart(ObjectType::GCounter, &[increment(1), increment(2)]);
}

#[test]
fn equal_hashes_are_equal_registers() {
    let write = |value, timestamp| Operation::Write { value, timestamp };
    hashes_tell_states_apart(ObjectType::LwwRegister, &[write(A, 1), write(Null, 1), write(T, 2)]);
}

#[test]
fn equal_hashes_are_equal_sets() {
    let (add, remove) =
        (|element| Operation::Add { element }, |element| Operation::Remove { element });
    hashes_tell_states_apart(ObjectType::OrSet, &[add('x'), remove('x'), add('y')]);
}

#[test]
fn equal_hashes_are_equal_maps() {
    let put = |key, value, timestamp| Operation::Put { key, value, timestamp };
    let puts = [put('x', A, 2), put('x', Null, 1), put('y', A, 1)];
    hashes_tell_states_apart(ObjectType::LwwMap, &puts);
}

#[test]
fn equal_hashes_are_equal_logs() {
    let append = |entry, timestamp| Operation::Append { entry, timestamp };
    hashes_tell_states_apart(ObjectType::Log, &[append(A, 1), append(Null, 1), append(A, 2)]);
}

#[test]
fn hashes_tell_states_apart_of_the_other_types() {
    let increment = |amount| Operation::Increment { amount };
    let write = |value, timestamp| Operation::Write { value, timestamp };
    let put = |key, value, timestamp| Operation::Put { key, value, timestamp };
    let add = |element| Operation::Add { element };
    let remove = |element| Operation::Remove { element };
    let decrement = |amount| Operation::Decrement { amount };
    let integer = |integer| Operation::WriteInteger { integer };
    let tell_apart = |kind, operations: &[_]| hashes_tell_states_apart(kind, operations);
    tell_apart(ObjectType::PnCounter, &[increment(1), decrement(1), decrement(2)]);
    tell_apart(ObjectType::RwSet, &[add('x'), remove('x'), add('y')]);
    tell_apart(ObjectType::EwFlag, &[Operation::Enable, Operation::Disable]);
    tell_apart(ObjectType::DwFlag, &[Operation::Enable, Operation::Disable]);
    tell_apart(ObjectType::MvRegister, &[write(A, 0), write(Null, 0), write(T, 0)]);
    tell_apart(ObjectType::MvMap, &[put('x', A, 0), put('x', Null, 0), put('y', T, 0)]);
    tell_apart(ObjectType::MaxRegister, &[integer(-1), integer(0), integer(1)]);
    tell_apart(ObjectType::MinRegister, &[integer(-1), integer(0), integer(1)]);
}

fn origin(replica: &str, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(replica).unwrap(), incarnation }
}

fn decision<E>(effect: E) -> Decision<E> {
    let dot = Dot { origin: origin("a", 1), counter: 2 };
    Decision { dot, seq: 3, timestamp: 4, user: Some("ann".into()), effect }
}

/// The decision, and others that each differ from it in one field.
fn variations<E: Clone>(effects: &[E]) -> Vec<Decision<E>> {
    let original = decision(effects[0].clone());
    let mut varied: Vec<Decision<E>> = effects.iter().cloned().map(decision).collect();
    let mut vary = |change: &dyn Fn(&mut Decision<E>)| {
        let mut other = original.clone();
        change(&mut other);
        varied.push(other);
    };
    vary(&|other| other.dot.origin.replica = ReplicaId::new("b").unwrap());
    vary(&|other| other.dot.origin.incarnation = 9);
    vary(&|other| other.dot.counter = 9);
    vary(&|other| other.seq = 9);
    vary(&|other| other.timestamp = 9);
    vary(&|other| other.user = Some("bob".into()));
    vary(&|other| other.user = Some("".into()));
    vary(&|other| other.user = None);
    varied
}

/// No two of these have the same hashes.
fn all_differ(objects: Vec<Object<char, Letter>>) {
    let hashes: BTreeSet<StateHash> = objects.iter().map(Object::state_hash).collect();
    assert_eq!(hashes.len(), objects.len());
    let as_one_of_many = |object| of_objects(&[("x".into(), object)].into());
    let hashes: BTreeSet<StateHash> = objects.into_iter().map(as_one_of_many).collect();
    assert!(hashes.len() > 1, "a replica's hash is of its objects");
}

fn decisions<K: Ord + Clone, E: Ord + Clone>(
    listed: impl IntoIterator<Item = (K, Decision<E>)>,
) -> Decisions<K, E> {
    Decisions::from_parts(VersionVector::bottom(), listed)
}

#[test]
fn every_field_of_a_decision_counts() {
    let set = |listed: &[(char, Decision<Presence>)]| {
        Object::OrSet(OrSet::from_parts(decisions(listed.iter().cloned())))
    };
    let map = |listed: &[(char, Decision<Letter>)], winner: &Decision<Letter>| {
        let winners = [('x', winner.clone())].into();
        Object::LwwMap(LwwMap::from_parts(decisions(listed.iter().cloned()), winners))
    };
    let register = |listed: &[&Decision<Letter>], winner: &Decision<Letter>| {
        let listed = decisions(listed.iter().map(|decision| ((), (*decision).clone())));
        Object::LwwRegister(LwwRegister::from_parts(listed, Some(winner.clone())))
    };
    let (presences, letters) =
        (variations(&[Presence::Added, Presence::Removed]), variations(&[A, T, Null]));
    let mut greatest = decision(T);
    greatest.timestamp = 100;

    let mut all = vec![set(&[]), set(&[('y', decision(Presence::Added))])];
    all.extend(presences.iter().map(|decision| set(&[('x', decision.clone())])));
    all.extend(
        presences[1..]
            .iter()
            .map(|other| set(&[('x', presences[0].clone()), ('x', other.clone())])),
    );
    let first = &letters[0];
    all.extend(letters.iter().map(|decision| register(&[decision], decision)));
    all.extend(letters[1..].iter().map(|d| register(&[first, d], first)));
    all.extend(letters.iter().map(|decision| map(&[('x', decision.clone())], decision)));
    // A winner that is not maximal: the decisions that it overrules, and the winner itself.
    all.extend(letters.iter().map(|decision| register(&[decision], &greatest)));
    all.extend(letters[1..].iter().map(|winner| register(&[first], winner)));
    all.extend(letters.iter().map(|decision| map(&[('x', decision.clone())], &greatest)));
    all.extend(letters[1..].iter().map(|winner| map(&[('x', first.clone())], winner)));
    all_differ(all);
}

#[test]
fn every_field_of_a_share_counts() {
    let counter = |shares: &[(&str, u64, u128)]| {
        let shares =
            shares.iter().map(|(name, incarnation, share)| (origin(name, *incarnation), *share));
        Object::GCounter(GCounter::from_parts(VersionVector::bottom(), shares.collect()))
    };
    all_differ(vec![
        counter(&[]),
        counter(&[("a", 0, 1)]),
        counter(&[("b", 0, 1)]),
        counter(&[("a", 1, 1)]),
        counter(&[("a", 0, 2)]),
        counter(&[("a", 0, 1 << 64)]),
        counter(&[("a", 0, u128::MAX)]),
        counter(&[("a", 0, 1), ("b", 0, 1)]),
        counter(&[("a", 0, 1), ("a", 1, 1)]),
    ]);
}

#[test]
fn every_field_of_an_entry_counts() {
    let entry = Entry {
        timestamp: 1,
        replica: ReplicaId::new("a").unwrap(),
        seq: 2,
        entry: A,
        incarnation: 3,
        counter: 4,
    };
    let others = [
        Entry { timestamp: 9, ..entry.clone() },
        Entry { replica: ReplicaId::new("b").unwrap(), ..entry.clone() },
        Entry { seq: 9, ..entry.clone() },
        Entry { entry: T, ..entry.clone() },
        Entry { entry: Null, ..entry.clone() },
        Entry { incarnation: 9, ..entry.clone() },
        Entry { counter: 9, ..entry.clone() },
    ];
    let log = |entries: &[&Entry<Letter>]| {
        let entries = entries.iter().map(|entry| (*entry).clone()).collect();
        Object::Log(Log::from_parts(VersionVector::bottom(), entries))
    };
    let mut all = vec![log(&[]), log(&[&entry])];
    all.extend(others.iter().map(|other| log(&[other])));
    all.extend(others.iter().map(|other| log(&[&entry, other])));
    all_differ(all);
}

#[test]
fn objects_count_with_their_names_and_types() {
    let named = |names: &[(&str, ObjectType)]| {
        let objects =
            names.iter().map(|(name, kind)| (ObjectId::from(*name), Object::bottom(*kind)));
        of_objects::<char, Letter>(&objects.collect())
    };
    let (set, log) = (ObjectType::OrSet, ObjectType::Log);
    let mut hashes = BTreeSet::from([
        named(&[]),
        named(&[("x", set), ("y", set)]),
        named(&[("xy", set)]),
        named(&[("x", set), ("y", log)]),
        named(&[("x", log), ("y", set)]),
    ]);
    hashes.extend(ObjectType::ALL.map(|kind| named(&[("x", kind)])));
    assert_eq!(hashes.len(), 5 + ObjectType::ALL.len());
    // Removals are separated by name and type as well.
    let removals: BTreeSet<_> = hashes.iter().map(|hash| hash.removals).collect();
    assert_eq!(removals.len(), hashes.len());
}

#[test]
fn the_order_of_arrival_does_not_count() {
    let schema: BTreeMap<ObjectId, ObjectType> =
        ObjectType::ALL.map(|kind| (kind.as_str().into(), kind)).into();
    let replicas = ["a", "b", "c"].map(|name| {
        let mut replica = Replica::<char, Letter>::new(origin(name, 0), &schema);
        let operations = [
            Operation::Increment { amount: 1 },
            Operation::Write { value: A, timestamp: 1 },
            Operation::Add { element: 'x' },
            Operation::Remove { element: 'y' },
            Operation::Put { key: 'x', value: Null, timestamp: 1 },
            Operation::Append { entry: T, timestamp: 1 },
        ];
        for operation in operations {
            let object = ObjectId::from(operation.kind().as_str());
            replica.perform(&object, operation, None).expect("the operation fits");
        }
        replica
    });
    let mut hashes = BTreeSet::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut joined = Replica::<char, Letter>::new(origin("d", 0), &schema);
        for from in [order, order].concat() {
            joined.join(replicas[from].objects()).expect("they are of one schema");
        }
        hashes.insert(joined.state_hash());
        assert_eq!(joined.state_hash(), of_objects(joined.objects()));
        let mut first = replicas[order[0]].clone();
        first.join(joined.objects()).expect("they are of one schema");
        hashes.insert(first.state_hash());
    }
    assert_eq!(hashes.len(), 1);
}

/// Performs an operation at a replica with one object.
fn perform(replica: &mut Replica<char, Letter>, operation: Operation<char, Letter>) -> StateHash {
    let object = replica.objects().keys().next().expect("it has an object").clone();
    replica.perform(&object, operation, None).expect("the operation fits");
    replica.state_hash()
}

#[test]
fn keys_that_were_only_removed_leave_the_content_alone() {
    let start = |kind| Replica::new(origin("a", 0), &[("x".into(), kind)].into());
    let write = |value| Operation::Write { value, timestamp: 1 };
    let put = |key, value| Operation::Put { key, value, timestamp: 1 };
    let add = |element| Operation::Add { element };
    let remove = |element| Operation::Remove { element };
    for (kind, before, [set, removed]) in [
        (ObjectType::LwwRegister, None, [write(A), write(Null)]),
        (ObjectType::OrSet, Some(add('x')), [add('y'), remove('y')]),
        (ObjectType::LwwMap, Some(put('x', T)), [put('y', A), put('y', Null)]),
    ] {
        let mut replica = start(kind);
        let mut other = start(kind);
        if let Some(before) = before {
            perform(&mut replica, before);
            other.join(replica.objects()).expect("they are of one schema");
        }
        let before = replica.state_hash();
        let with_key = perform(&mut replica, set.clone());
        assert_ne!(with_key.content, before.content);
        assert_eq!(with_key.removals, before.removals);
        let without = perform(&mut replica, removed);
        assert_eq!(without.content, before.content);
        assert_ne!(without.removals, before.removals);

        // A removal that another replica has not seen is an open decision, which is content.
        let mut elsewhere = Replica::restored(origin("b", 0), other.objects().clone());
        perform(&mut elsewhere, set);
        replica.join(elsewhere.objects()).expect("they are of one schema");
        let open = replica.state_hash();
        assert_ne!(open.content, before.content);
        assert_eq!(open.removals, before.removals);
    }
}

/// A deletion is not a mere removal while an older value wins over it, and neither is a value while
/// an older deletion wins.
#[test]
fn what_a_winner_says_of_a_removed_key_is_content() {
    for [first, second] in [[A, Null], [Null, A]] {
        let mut replica =
            Replica::new(origin("a", 0), &[("x".into(), ObjectType::LwwRegister)].into());
        let empty = replica.state_hash();
        perform(&mut replica, Operation::Write { value: first, timestamp: 2 });
        let hash = perform(&mut replica, Operation::Write { value: second, timestamp: 1 });
        assert_ne!(hash.content, empty.content);
        assert_eq!(hash.removals, empty.removals);
    }
}

/// A forged state can have records with equal paths. They are stored together at the greatest depth
/// of the tree.
#[test]
fn records_with_one_key_have_a_hash() {
    let log = |seqs: std::ops::Range<u64>| {
        let entry = |seq| Entry {
            timestamp: 0,
            replica: ReplicaId::new("a").unwrap(),
            seq,
            entry: A,
            incarnation: 0,
            counter: 1,
        };
        Log::from_parts(VersionVector::bottom(), seqs.map(entry).collect())
    };
    let hashes = [log(0..8), log(0..9), log(1..10), log(0..20)].map(|log| log.state_hash());
    assert_eq!(BTreeSet::from(hashes).len(), 4);
}

// Digests, and bytes

#[test]
fn digests_are_shown_in_hexadecimal() {
    let mut bytes = [0; 32];
    (bytes[0], bytes[1], bytes[31]) = (0xf0, 0x0a, 1);
    let shown = format!("f00a{}01", "00".repeat(29));
    assert_eq!(Digest(bytes).to_string(), shown);
    assert_eq!(format!("{:?}", Digest(bytes)), shown);
}

#[test]
fn texts_have_their_bytes_and_values_their_canonical_json() {
    let null: Option<&str> = None;
    assert_eq!(*null.to_bytes(), *b"null");
    assert_eq!(*Some("null").to_bytes(), *b"\"null\"");
    assert_eq!(*Some(String::from("é\n")).to_bytes(), *"\"é\\n\"".as_bytes());
    assert_eq!(*"é".to_bytes(), *"é".as_bytes());
    assert_eq!(*String::from("é").to_bytes(), *"é".as_bytes());
    assert_eq!(*Arc::<str>::from("é").to_bytes(), *"é".as_bytes());
    assert_eq!(*'é'.to_bytes(), *"é".as_bytes());
    assert_eq!(*Canonical::tombstone().to_bytes(), *b"null");
}
