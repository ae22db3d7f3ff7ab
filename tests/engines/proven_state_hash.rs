//! The state hash as it was proved, against the engines that ship.
//!
//! Shown: the extracted definitions compute the vectors of spec/state-hash-vectors.jsonl, record by
//! record; and after each step of all small histories and of random ones, with more records than a
//! bucket holds, they compute the hash of the optimized engine, of each object and of the replica.

use crate::few::{Key, Op, alphabet, borrowed, canonical};
use crate::state_hash::{World, has_hashes, hex, text, vectors};
use proptest::prelude::*;
use rejoin::dot::{Origin, ReplicaId};
use rejoin::json::Json;
use rejoin::object::ObjectType;
use rejoin::operation::{Canonical, ObjectId, Operation, User};
use rejoin::optimized::replica as optimized;
use rejoin::reference::replica::{Object, Objects, Replica};
use rejoin_proven::state_hash::{object_hash, records, replica_hash};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn vectors_are_what_the_definitions_compute() {
    let (mut computed, mut left_out) = (0, 0);
    for vector in vectors() {
        let world = World::of(&text(&vector));
        // No state stands for what was sent apart.
        if world.has_gaps {
            left_out += 1;
            continue;
        }
        computed += 1;
        let objects = world.replicas[vector["replica"].as_str().expect("a name")].objects();
        let Some(object) = vector["object"].as_str().map(ObjectId::from) else {
            has_hashes(&vector, replica_hash(objects).expect("the definitions answer"));
            continue;
        };
        let object = &objects[&object];
        has_hashes(&vector, object_hash(object).expect("the definitions answer"));
        let fields = ["content_records", "removal_records"];
        for (field, records) in fields.iter().zip(records(object).expect("they answer")) {
            let mut records: Vec<String> = records.iter().map(|record| hex(record)).collect();
            records.sort_unstable();
            let mut expected = vector[field].as_array().expect("records").clone();
            expected.sort_by_key(|record| record.as_str().map(str::to_owned));
            assert_eq!(
                json!(records),
                serde_json::Value::Array(expected),
                "{}: {field}",
                vector["vector"]
            );
        }
    }
    println!("{computed} vectors computed, {left_out} left out");
    assert!(computed > 50, "{computed}");
}

/// A replica in both engines. The reference says which state the definitions hash.
#[derive(Clone)]
pub struct Node {
    pub shipped: optimized::Replica,
    pub reference: Replica<Key, Canonical>,
}

impl Node {
    pub fn new(name: &str, schema: &BTreeMap<ObjectId, ObjectType>) -> Self {
        let origin = || Origin { replica: ReplicaId::new(name).expect("a name"), incarnation: 0 };
        Self {
            shipped: optimized::Replica::new(origin(), schema),
            reference: Replica::new(origin(), schema),
        }
    }

    pub fn perform(&mut self, object: &ObjectId, operation: &Op, user: Option<User>) {
        let dots = (
            self.shipped.perform(object, borrowed(operation), user.clone()).expect("it fits"),
            self.reference.perform(object, operation.clone(), user).expect("it fits"),
        );
        assert_eq!(dots.0, dots.1);
    }

    /// Applies all that another replica has of an object.
    pub fn apply(&mut self, object: &ObjectId, other: &Self) {
        let since = self.shipped.vector(object).expect("it is there");
        let delta = other.shipped.delta_since(object, &since).expect("it is there");
        let _ = self.shipped.apply(object, delta).expect("nothing is missing");
        let state = other.reference.objects()[object].clone();
        let joined = self.reference.join(&BTreeMap::from([(object.clone(), state)]));
        joined.expect("they are of one type");
    }
}

/// The states that were hashed by the definitions, with what came out.
#[derive(Default)]
struct Compared {
    hashes: BTreeMap<String, rejoin::digest::StateHash>,
    steps: u64,
}

impl Compared {
    /// The optimized engine's hash of an object is that of the definitions.
    fn check(&mut self, node: &mut Node, object: &ObjectId) {
        let state: &Object<Key, Canonical> = &node.reference.objects()[object];
        let computed = || object_hash(state).expect("the definitions answer");
        let expected = self.hashes.entry(format!("{state:?}")).or_insert_with(computed);
        let shipped = node.shipped.object_hash(object).expect("it is there");
        assert_eq!(shipped, *expected, "{state:?}");
        self.steps += 1;
    }
}

fn explore(nodes: &[Node; 2], object: &ObjectId, ops: &[Op], steps: usize, all: &mut Compared) {
    if steps == 0 {
        return;
    }
    for at in 0..2 {
        for op in ops.iter().map(Some).chain([None]) {
            let mut nodes = nodes.clone();
            match op {
                Some(op) => nodes[at].perform(object, op, (at == 0).then(|| "ann".into())),
                None => {
                    let other = nodes[1 - at].clone();
                    nodes[at].apply(object, &other);
                }
            }
            all.check(&mut nodes[at], object);
            explore(&nodes, object, ops, steps - 1, all);
        }
    }
}

#[test]
fn hashes_of_all_small_histories_are_those_of_the_definitions() {
    let (mut steps, mut states) = (0, 0);
    for kind in ObjectType::ALL {
        let mut all = Compared::default();
        let object: ObjectId = kind.as_str().into();
        let schema = BTreeMap::from([(object.clone(), kind)]);
        let nodes = ["ann's phone", "b"].map(|name| Node::new(name, &schema));
        explore(&nodes, &object, &alphabet(kind), 3, &mut all);
        (steps, states) = (steps + all.steps, states + all.hashes.len());
    }
    println!("{steps} steps compared, {states} states hashed by the definitions");
    assert!(states > 400, "{states}");
}

/// An operation on one of so many keys, with short and long values.
pub fn operation(kind: ObjectType, keys: u8) -> BoxedStrategy<Op> {
    let text = "[a-z]{1,2}|[a-z]{60,63}|é";
    let value = prop_oneof![
        1 => Just(canonical("null")),
        3 => text.prop_map(|text| Canonical::from(&Json::String(text))),
    ];
    (0..keys, value, 0..4_u64, any::<prop::sample::Index>())
        .prop_map(move |(key, value, timestamp, which)| {
            let key = || Key::from(format!("key {key}"));
            let of_kind = alphabet(kind);
            match which.get(&of_kind).clone() {
                Operation::Write { .. } => Operation::Write { value: value.clone(), timestamp },
                Operation::Put { .. } => {
                    Operation::Put { key: key(), value: value.clone(), timestamp }
                }
                Operation::Append { .. } => Operation::Append { entry: value.clone(), timestamp },
                Operation::Add { .. } => Operation::Add { element: key() },
                Operation::Remove { .. } => Operation::Remove { element: key() },
                other => other,
            }
        })
        .boxed()
}

fn history() -> impl Strategy<Value = (ObjectType, Vec<(usize, Option<Op>)>)> {
    prop::sample::select(ObjectType::ALL.to_vec()).prop_flat_map(|kind| {
        let step = (0..2_usize, prop::option::weighted(0.85, operation(kind, 30)));
        (Just(kind), prop::collection::vec(step, 1..40))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn hashes_of_random_histories_are_those_of_the_definitions((kind, steps) in history()) {
        let mut all = Compared::default();
        let object: ObjectId = kind.as_str().into();
        let schema =
            BTreeMap::from([(object.clone(), kind), ("another".into(), ObjectType::Log)]);
        let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
        for (at, op) in steps {
            match op {
                Some(op) => nodes[at].perform(&object, &op, None),
                None => {
                    let other = nodes[1 - at].clone();
                    nodes[at].apply(&object, &other);
                }
            }
            all.check(&mut nodes[at], &object);
        }
        for node in &mut nodes {
            let objects: &Objects<Key, Canonical> = node.reference.objects();
            let expected = replica_hash(objects).expect("the definitions answer");
            prop_assert_eq!(node.shipped.state_hash(), expected);
        }
    }
}
