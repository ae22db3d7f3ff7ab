//! The histories before and during sessions.

use super::meeting::{Meeting, Node};
use super::said::Book;
use crate::few::{Key, Op, alphabet, canonical};
use proptest::prelude::*;
use rejoin::object::ObjectType::{self, *};
use rejoin::object::Priority;
use rejoin::operation::{ObjectId, Operation};
use rejoin::sync::{CLASSES, Schema};

/// Delivers all that is under way, in turns, and all that is sent then.
fn run(mut meeting: Meeting, [left, right]: [&mut Node; 2], book: &mut Book) -> Vec<bool> {
    while let Some(to) = [1, 0].into_iter().find(|to| meeting.is_due(*to)) {
        meeting.deliver(to, [left, right], book);
    }
    meeting.finish()
}

fn one_object(kind: ObjectType) -> (ObjectId, Schema) {
    let schema = Schema::new().with(kind.as_str(), kind, Priority::High);
    (kind.as_str().into(), schema)
}

/// No operation, or one of the alphabet.
fn up_to_one(ops: &[Op]) -> Vec<Vec<&Op>> {
    [Vec::new()].into_iter().chain(ops.iter().map(|op| vec![op])).collect()
}

#[test]
fn all_small_histories_of_each_type_are_synchronized_as_defined() {
    let mut sessions = 0;
    for kind in ObjectType::ALL {
        let (object, schema) = one_object(kind);
        let ops = alphabet(kind);
        let mut book = Book::default();
        // What both have, by a third; what the left one adds; what the right one does.
        for common in up_to_one(&ops[..1]) {
            let mut third = Node::new("c", &schema);
            common.iter().for_each(|op| third.perform(&object, op, &mut book));
            for left in up_to_one(&ops) {
                for right in up_to_one(&ops) {
                    let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
                    for (node, ops) in nodes.iter_mut().zip([&left, &right]) {
                        node.join(&third, &mut book);
                        ops.iter().for_each(|op| node.perform(&object, op, &mut book));
                    }
                    let [left, right] = nodes.each_mut();
                    let meeting = Meeting::new(&schema, [left, right], &mut book);
                    assert_eq!(run(meeting, [left, right], &mut book), [true]);
                    sessions += 1;
                }
            }
        }
    }
    println!("{sessions} sessions");
    assert!(sessions > 300, "{sessions}");
}

/// Two disks of one replica that forked unnoticed: equal vectors, and different states.
#[test]
fn different_states_at_equal_vectors_are_found_as_defined() {
    for kind in ObjectType::ALL {
        let (object, schema) = one_object(kind);
        let mut book = Book::default();
        let others = alphabet(kind);
        let other = match others.as_slice() {
            [only] => vec![only.clone(), Operation::Increment { amount: 3 }],
            several => several.to_vec(),
        };
        let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
        for (node, op) in nodes.iter_mut().zip(&other) {
            let mut third = Node::new("c", &schema);
            third.perform(&object, op, &mut book);
            node.join(&third, &mut book);
        }
        let [left, right] = nodes.each_mut();
        let meeting = Meeting::new(&schema, [left, right], &mut book);
        assert_eq!(run(meeting, [left, right], &mut book), [false], "{kind:?}");
    }
}

/// How many deliveries were explored, and how many writes.
#[derive(Default, Debug)]
struct Explored {
    deliveries: u64,
    writes: u64,
    ended: u64,
}

/// Delivers in every order, with at most one write at any moment.
fn explore(
    meeting: &Meeting,
    nodes: &[Node; 2],
    write: Option<(&ObjectId, &Op)>,
    book: &mut Book,
    explored: &mut Explored,
) {
    let mut is_over = true;
    for to in 0..2 {
        if meeting.is_due(to) {
            is_over = false;
            let (mut meeting, mut nodes) = (meeting.clone(), nodes.clone());
            meeting.deliver(to, nodes.each_mut(), book);
            explored.deliveries += 1;
            explore(&meeting, &nodes, write, book, explored);
        }
        if let Some((object, op)) = write
            && meeting.may_write(to, object, nodes.each_ref())
        {
            let mut nodes = nodes.clone();
            nodes[to].perform(object, op, book);
            explored.writes += 1;
            explore(meeting, &nodes, None, book, explored);
        }
    }
    if is_over {
        meeting.finish();
        explored.ended += 1;
    }
}

#[test]
fn messages_in_all_orders_and_a_write_anywhere_go_as_defined() {
    let mut explored = Explored::default();
    for kind in [LwwMap, OrSet, Log] {
        let (object, schema) = one_object(kind);
        let ops = alphabet(kind);
        let mut book = Book::default();
        // Nothing to say; one side has more; each has something.
        for done in [&[][..], &[0], &[0, 1]] {
            let mut nodes = ["a", "b"].map(|name| Node::new(name, &schema));
            done.iter().for_each(|at: &usize| nodes[*at].perform(&object, &ops[*at], &mut book));
            let meeting = Meeting::new(&schema, nodes.each_mut(), &mut book);
            explore(&meeting, &nodes, Some((&object, &ops[1])), &mut book, &mut explored);
        }
    }
    println!("{explored:?}");
    assert!(explored.writes > 100 && explored.ended > 100, "{explored:?}");
}

/// What happens next; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    Write { at: usize, object: usize, op: usize, key: u8 },
    Meet { at: usize, other: usize, moves: Vec<Move>, is_cut: bool },
}

#[derive(Clone, Debug)]
enum Move {
    Deliver { to: usize },
    Write { at: usize, object: usize, op: usize, key: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let write = || (0..3_usize, 0..ObjectType::ALL.len(), 0..3_usize, 0..3_u8);
    let moves = prop_oneof![
        4 => (0..2_usize).prop_map(|to| Move::Deliver { to }),
        1 => write().prop_map(|(at, object, op, key)| Move::Write { at, object, op, key }),
    ];
    let moves = prop::collection::vec(moves, 0..12);
    prop_oneof![
        6 => write().prop_map(|(at, object, op, key)| Step::Write { at, object, op, key }),
        1 => (0..3_usize, 1..3_usize, moves, prop::bool::weighted(0.3)).prop_map(
            |(at, other, moves, is_cut)| Step::Meet { at, other: (at + other) % 3, moves, is_cut },
        ),
    ]
}

/// An operation of a type, on one of three keys.
fn operation(kind: ObjectType, op: usize, key: u8) -> Op {
    let ops = alphabet(kind);
    let name = || Key::from(format!("{key}"));
    match ops[op % ops.len()].clone() {
        Operation::Add { .. } => Operation::Add { element: name() },
        Operation::Remove { .. } => Operation::Remove { element: name() },
        Operation::Put { value, timestamp, .. } => Operation::Put { key: name(), value, timestamp },
        Operation::Append { timestamp, .. } => {
            Operation::Append { entry: canonical(&key.to_string()), timestamp }
        }
        other => other,
    }
}

fn pair(nodes: &mut [Node], at: usize, other: usize) -> [&mut Node; 2] {
    nodes.get_disjoint_mut([at, other]).expect("two of three")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn random_histories_are_synchronized_as_defined(
        steps in prop::collection::vec(step(), 1..50)
    ) {
        let with = |schema: Schema, (at, kind): (usize, ObjectType)| {
            schema.with(kind.as_str(), kind, CLASSES[at % 3])
        };
        let schema = ObjectType::ALL.into_iter().enumerate().fold(Schema::new(), with);
        let mut nodes: Vec<Node> =
            ["a", "b", "c"].into_iter().map(|name| Node::new(name, &schema)).collect();
        let mut book = Book::default();
        let named = |object: usize| (ObjectType::ALL[object], ObjectType::ALL[object].as_str().into());
        for step in steps {
            match step {
                Step::Write { at, object, op, key } => {
                    let (kind, object) = named(object);
                    nodes[at].perform(&object, &operation(kind, op, key), &mut book);
                }
                Step::Meet { at, other, moves, is_cut } => {
                    let [left, right] = pair(&mut nodes, at, other);
                    let mut meeting = Meeting::new(&schema, [left, right], &mut book);
                    for step in moves {
                        match step {
                            Move::Deliver { to } if meeting.is_due(to) => {
                                meeting.deliver(to, [left, right], &mut book);
                            }
                            Move::Deliver { .. } => {}
                            Move::Write { at, object, op, key } => {
                                let (kind, object) = named(object);
                                let at = at % 2;
                                if meeting.may_write(at, &object, [left, right]) {
                                    let node = if at == 0 { &mut *left } else { &mut *right };
                                    node.perform(&object, &operation(kind, op, key), &mut book);
                                }
                            }
                        }
                    }
                    if !is_cut {
                        run(meeting, [left, right], &mut book);
                    }
                }
            }
        }
    }
}
