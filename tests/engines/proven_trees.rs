//! The hash trees as they were proved, node by node, against those of the engine that ships.
//!
//! Shown: after each step of all small histories around the size at which a bucket becomes a node, and
//! of random ones, each node of both trees has the four hashes that the definitions compute, and each
//! bucket the records. A session asks of a differing object exactly the nodes to which going down
//! leads by the definitions (`compared_at` of spec/state_hash.v), and reports exactly the records that
//! differ there.
//! How: the nodes are read by the session's own questions, [`Part::Ask`]. Where this side has a bucket
//! and the peer a node, the definitions compare all records below; the session gets the peer's by
//! asking for all that is there.

use crate::few::{Key, Op, alphabet};
use crate::proven_state_hash::{Node, operation};
use proptest::prelude::*;
use rejoin::object::ObjectType::{self, *};
use rejoin::operation::{Canonical, ObjectId, Operation};
use rejoin::optimized::replica::Replica;
use rejoin::reference::replica::Object;
use rejoin::sync::protocol::{Answer, Part, TreeKind, TreeLocation, TreePath, decode, encode};
use rejoin::sync::{Config, Event, Outcome, Schema, Session};
use rejoin_proven::state_hash::{Compared, Record, Selected, Tree, select};
use std::collections::{BTreeMap, BTreeSet};

type Shipped = Replica;

const PARTS: [TreeKind; 2] = [TreeKind::Content, TreeKind::Removals];

/// As a place: the ways that lead there.
fn place(path: TreePath) -> Vec<u8> {
    (0..path.depth).map(|level| (path.path >> (62 - 2 * level) & 3) as u8).collect()
}

fn root(part: TreeKind) -> TreePath {
    TreePath { part, path: 0, depth: 0 }
}

/// What a replica answers to questions about its only object.
struct Asked<'a> {
    replica: &'a mut Shipped,
    session: Session,
    vector: [u8; 16],
}

impl<'a> Asked<'a> {
    fn new(replica: &'a mut Shipped) -> Self {
        let config = Config::new(Schema::new());
        let mut peer = Session::new(config.clone(), replica);
        let hello = peer.poll_message(replica).expect("it greets");
        let mut session = Session::new(config, replica);
        session.handle(replica, &hello).expect("it is a hello");
        while session.poll_message(replica).is_some() {}
        let object = replica.objects().values().next().expect("there is one");
        let vector = object.vector().fingerprint();
        Self { replica, session, vector }
    }

    fn ask(&mut self, path: TreePath) -> Answer {
        let location = TreeLocation { object: 0, vector: self.vector, path };
        let question = encode(&[Part::Ask(vec![location])]);
        self.session.handle(self.replica, &question).expect("it is a question");
        let message = self.session.poll_message(self.replica).expect("it answers");
        match decode(&message).expect("it is a message").as_slice() {
            [Part::Answer(of, answer)] if *of == location => answer.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// All nodes of a subtree are those that the definitions build. Returns how many these are.
    fn is_built_as(&mut self, path: TreePath, tree: &Tree) -> u64 {
        match (self.ask(path), tree) {
            (Answer::Records(found), Tree::Bucket { records, .. }) => {
                let found: Vec<Record> =
                    found.into_iter().map(|record| (record.key, record.body)).collect();
                assert_eq!(found, *records, "at {path:?}");
                0
            }
            (Answer::Node(found), Tree::Node { parts, .. }) => {
                let expected = parts.each_ref().map(Tree::hash);
                assert_eq!(found.each_ref().map(|hash| &hash[..]), expected, "at {path:?}");
                let below = (0..).zip(parts.iter()).map(|(way, tree)| {
                    self.is_built_as(path.child(way).expect("it goes on"), tree)
                });
                1 + below.sum::<u64>()
            }
            (found, expected) => panic!("{found:?}, and not {expected:?}, at {path:?}"),
        }
    }
}

/// The trees that were built by the definitions.
#[derive(Default)]
struct Built {
    trees: BTreeMap<String, [Tree; 2]>,
    nodes: u64,
    steps: u64,
}

impl Built {
    fn check(&mut self, node: &mut Node, object: &ObjectId) {
        let state: &Object<Key, Canonical> = &node.reference.objects()[object];
        let trees = self.trees.entry(format!("{state:?}")).or_insert_with(|| {
            let selected = select(state).expect("the definitions answer");
            selected.map(|records| records.tree().expect("the definitions answer"))
        });
        let mut asked = Asked::new(&mut node.shipped);
        for (part, tree) in PARTS.into_iter().zip(trees) {
            self.nodes += asked.is_built_as(root(part), tree);
        }
        self.steps += 1;
    }
}

/// An operation on the key of that number; of a type without keys, any operation.
fn on_key(kind: ObjectType, number: usize) -> Op {
    let key = || Key::from(format!("key {number}"));
    match alphabet(kind)[0].clone() {
        Operation::Add { .. } => Operation::Add { element: key() },
        Operation::Put { value, timestamp, .. } => Operation::Put { key: key(), value, timestamp },
        other => other,
    }
}

fn nodes_with(kind: ObjectType, object: &ObjectId, records: usize) -> [Node; 2] {
    let schema = BTreeMap::from([(object.clone(), kind)]);
    let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
    for number in 0..records {
        let mut other = Node::new(&format!("replica {number}"), &schema);
        other.perform(object, &on_key(kind, number), None);
        nodes.iter_mut().for_each(|node| node.apply(object, &other));
    }
    nodes
}

fn explore(nodes: &[Node; 2], object: &ObjectId, ops: &[Op], steps: usize, all: &mut Built) {
    if steps == 0 {
        return;
    }
    for at in 0..2 {
        for op in ops.iter().map(Some).chain([None]) {
            let mut nodes = nodes.clone();
            match op {
                Some(op) => nodes[at].perform(object, op, None),
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

/// A bucket has at most eight records: so these grow beyond it, and shrink again.
#[test]
fn nodes_are_those_of_the_definitions_in_all_small_histories_around_a_full_bucket() {
    let mut all = Built::default();
    for kind in [OrSet, RwSet, LwwMap, MvMap, Log, GCounter, PnCounter] {
        let object: ObjectId = kind.as_str().into();
        let mut ops = alphabet(kind);
        if matches!(kind, OrSet | RwSet) {
            ops.push(Operation::Remove { element: "key 0".into() });
        }
        let mut nodes = nodes_with(kind, &object, 8);
        nodes.iter_mut().for_each(|node| all.check(node, &object));
        explore(&nodes, &object, &ops, 3, &mut all);
    }
    println!("{} steps, {} states, {} nodes compared", all.steps, all.trees.len(), all.nodes);
    assert!(all.nodes > 1000, "{}", all.nodes);
}

fn kinds() -> impl Strategy<Value = ObjectType> {
    prop::sample::select(vec![OrSet, RwSet, LwwMap, MvMap, Log])
}

fn history() -> impl Strategy<Value = (ObjectType, Vec<(usize, Option<Op>)>)> {
    kinds().prop_flat_map(|kind| {
        let step = (0..2_usize, prop::option::weighted(0.95, operation(kind, 90)));
        (Just(kind), prop::collection::vec(step, 20..120))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nodes_are_those_of_the_definitions_in_random_histories((kind, steps) in history()) {
        let mut all = Built::default();
        let object: ObjectId = kind.as_str().into();
        let mut nodes = nodes_with(kind, &object, 0);
        for (number, (at, op)) in steps.into_iter().enumerate() {
            match op {
                Some(op) => nodes[at].perform(&object, &op, None),
                None => {
                    let other = nodes[1 - at].clone();
                    nodes[at].apply(&object, &other);
                }
            }
            if number % 8 == 7 {
                all.check(&mut nodes[at], &object);
            }
        }
        nodes.iter_mut().for_each(|node| all.check(node, &object));
    }
}

// Going down

/// The places that one side asks for in a tree, and the records that differ, by the definitions.
struct GoingDown<'a> {
    ours: &'a Selected,
    theirs: &'a Selected,
    asked: BTreeSet<Vec<u8>>,
    /// Where one compares: `compared_at`.
    compared: Vec<Compared>,
}

impl GoingDown<'_> {
    fn below(place: &[u8]) -> [Vec<u8>; 4] {
        [0, 1, 2, 3].map(|way| [place, &[way]].concat())
    }

    fn differs(&self, place: &[u8]) -> bool {
        self.ours.differs_at(self.theirs, place).expect("the definitions answer")
    }

    /// Both go on above this place, and their hashes differ there.
    fn go(&mut self, place: Vec<u8>) {
        if !self.differs(&place) {
            return;
        }
        let end = |of: &Selected| of.ends_at(&place).expect("the definitions answer");
        let (ours, theirs) = (end(self.ours), end(self.theirs));
        self.asked.insert(place.clone());
        if !ours && !theirs {
            return Self::below(&place).into_iter().for_each(|place| self.go(place));
        }
        let within = |of: &Selected| of.within(&place).expect("the definitions answer");
        self.compared.push((within(self.ours), within(self.theirs)));
        if !theirs {
            Self::below(&place).into_iter().for_each(|place| self.fetch(place));
        }
    }

    /// This side has a bucket above, and lacks what the peer has here.
    fn fetch(&mut self, place: Vec<u8>) {
        if self.theirs.within(&place).expect("the definitions answer").is_empty() {
            return;
        }
        if !self.theirs.ends_at(&place).expect("the definitions answer") {
            Self::below(&place).into_iter().for_each(|place| self.fetch(place));
        }
        self.asked.insert(place);
    }
}

/// What differs, by key: what this side has, and what the peer has.
type Differences = BTreeMap<Vec<u8>, [Option<Vec<u8>>; 2]>;

fn differences(compared: &[Compared], found: &mut Differences) {
    for (ours, theirs) in compared {
        for (side, (these, others)) in [(ours, theirs), (theirs, ours)].into_iter().enumerate() {
            for (key, body) in these.iter().filter(|record| !others.contains(record)) {
                found.entry(key.clone()).or_default()[side] = Some(body.clone());
            }
        }
    }
}

/// A session of two replicas with one vector and different states: what each side asks, by tree, and
/// what it reports.
fn diff(replicas: &mut [Node; 2]) -> [(Vec<TreePath>, Differences); 2] {
    let config = Config { max_records: 1 << 16, ..Config::new(Schema::new()) };
    let mut sessions = replicas.each_mut().map(|node| Session::new(config.clone(), &node.shipped));
    let mut asked = [Vec::new(), Vec::new()];
    let (mut from, mut quiet) = (0, 0);
    while quiet < 2 {
        quiet += 1;
        while let Some(message) = sessions[from].poll_message(&mut replicas[from].shipped) {
            quiet = 0;
            for part in decode(&message).expect("it is a message") {
                match part {
                    Part::Ask(locations) => {
                        asked[from].extend(locations.iter().map(|location| location.path));
                    }
                    Part::Delta { .. } => panic!("they have seen the same"),
                    _ => {}
                }
            }
            let to = 1 - from;
            sessions[to].handle(&mut replicas[to].shipped, &message).expect("it is a message");
        }
        from = 1 - from;
    }
    let [ours, theirs] = asked;
    let [mut here, mut there] = sessions;
    let report = |session: &mut Session| {
        let mut found = Differences::new();
        let mut outcome = None;
        while let Some(event) = session.poll_event() {
            match event {
                Event::Discrepancy(discrepancy) => {
                    assert!(discrepancy.is_complete);
                    let records = discrepancy.records.into_iter();
                    found.extend(records.map(|record| (record.key, [record.ours, record.theirs])));
                }
                Event::ClassDone { outcome: how, .. } => outcome = Some(how),
                _ => {}
            }
        }
        assert_eq!(outcome, Some(Outcome::SomeDiffer));
        found
    };
    [(ours, report(&mut here)), (theirs, report(&mut there))]
}

/// Two copies of one replica that do the same number of operations, most of them the same ones.
fn branches() -> impl Strategy<Value = (ObjectType, Vec<(Op, Option<Op>)>)> {
    (kinds(), prop_oneof![Just(3_usize), Just(12), Just(120)]).prop_flat_map(|(kind, most)| {
        let other = prop::option::weighted(0.08, operation(kind, 90));
        let step = (operation(kind, 90), other);
        (Just(kind), prop::collection::vec(step, 1..=most))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_session_asks_for_the_nodes_to_which_the_definitions_lead((kind, steps) in branches()) {
        let object: ObjectId = kind.as_str().into();
        let schema = BTreeMap::from([(object.clone(), kind)]);
        let mut copies = [Node::new("c", &schema), Node::new("c", &schema)];
        for (op, other) in &steps {
            copies[0].perform(&object, op, None);
            copies[1].perform(&object, other.as_ref().unwrap_or(op), None);
        }
        let mut replicas = ["a", "b"].map(|name| Node::new(name, &schema));
        for (replica, copy) in replicas.iter_mut().zip(&copies) {
            replica.apply(&object, copy);
        }
        let selected = replicas.each_ref().map(|node| {
            select(&node.reference.objects()[&object]).expect("the definitions answer")
        });
        prop_assume!(selected[0] != selected[1]);
        for (side, (asked, found)) in diff(&mut replicas).into_iter().enumerate() {
            let mut expected = Differences::new();
            for (number, part) in PARTS.into_iter().enumerate() {
                let (ours, theirs) = (&selected[side][number], &selected[1 - side][number]);
                let (places, compared) = (BTreeSet::new(), Vec::new());
                let mut down = GoingDown { ours, theirs, asked: places, compared };
                down.go(Vec::new());
                let reached = ours.differing(theirs).expect("the definitions answer");
                prop_assert_eq!(&down.compared, &reached);
                differences(&reached, &mut expected);
                let of_part = asked.iter().filter(|path| path.part == part);
                let places: Vec<Vec<u8>> = of_part.map(|path| place(*path)).collect();
                prop_assert_eq!(places.len(), down.asked.len(), "none is asked for twice");
                prop_assert_eq!(places.into_iter().collect::<BTreeSet<_>>(), down.asked);
            }
            // A record may be content here and a removal there.
            expected.retain(|_, [ours, theirs]| ours != theirs);
            prop_assert_eq!(found, expected);
        }
    }
}
