//! Messages of the types after the first five, and of openings: golden messages stay readable, and
//! damaged ones are refused or are other messages.
//!
//! Shown: the encoding equals the golden file; decoded and applied, it gives the receiver the
//! sender's vector and state hash; every cut is refused; no flipped byte panics, and a message that
//! is still read is encoded again.

use rejoin::dot::{Origin, ReplicaId};
use rejoin::lattice::Lattice as _;
use rejoin::object::ObjectType::{self, *};
use rejoin::operation::Operation;
use rejoin::optimized::Vector;
use rejoin::optimized::max_register::{IntegerDelta, MaxRegister};
use rejoin::optimized::replica::{Delta, Replica};
use rejoin::reference::delta::Replicated as _;
use rejoin::reference::max_register as reference;
use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

type Node = Replica;
type Change = Operation<&'static str, Option<&'static str>>;

const TYPES: [ObjectType; 8] =
    [PnCounter, RwSet, EwFlag, DwFlag, MvRegister, MvMap, MaxRegister, MinRegister];

/// A replica with one object. If its store is opened, its operations have an opening.
fn node(name: &str, kind: ObjectType, opened: Option<u64>) -> Node {
    let origin = Origin { replica: ReplicaId::new(name).expect("a name"), incarnation: 3 };
    let mut node = Node::new(origin, &BTreeMap::from([("object".into(), kind)]));
    if let Some(random) = opened {
        node.open(random).expect("it was never drawn");
    }
    node
}

/// Concurrent operations: those of Ann, who has not seen Bob's, and those of Bob.
fn changes(kind: ObjectType) -> [Vec<Change>; 2] {
    let write = |value| Operation::Write { value, timestamp: 0 };
    let put = |key, value| Operation::Put { key, value, timestamp: 0 };
    let integer = |integer| Operation::WriteInteger { integer };
    let (add, remove) =
        (|element| Operation::Add { element }, |element| Operation::Remove { element });
    match kind {
        PnCounter => [
            vec![Operation::Increment { amount: 300 }, Operation::Decrement { amount: 1 }],
            vec![Operation::Decrement { amount: u64::MAX }],
        ],
        RwSet => [vec![add("orders"), add("users")], vec![remove("orders"), remove("lines")]],
        EwFlag | DwFlag => [vec![Operation::Enable], vec![Operation::Disable]],
        MvRegister => [vec![write(Some("one"))], vec![write(Some("two, €"))]],
        MvMap => [
            vec![put("orders", Some("big")), put("users", Some("few"))],
            vec![put("orders", None), put("lines", Some("many"))],
        ],
        MaxRegister | MinRegister => {
            [vec![integer(-(1 << 63)), integer(7)], vec![integer(u64::MAX.into()), integer(0)]]
        }
        other => unreachable!("{} has golden messages of its own", other.as_str()),
    }
}

/// Ann's replica, and Bob's, which has seen hers and then performed more operations.
fn both(kind: ObjectType, is_opened: bool) -> (Node, Node) {
    let opened = |random| is_opened.then_some(random);
    let mut ann = node("the telephone of ann", kind, opened(0x0123_4567_89ab_cdef));
    let mut bob = node("the tablet of bob", kind, opened(0xfedc_ba98_7654_3210));
    let [first, second] = changes(kind);
    let apart = second[0].clone();
    bob.perform("object", apart, Some("bob".into())).expect("it is allowed");
    for change in first {
        ann.perform("object", change, Some("ann".into())).expect("it is allowed");
    }
    let seen = ann.delta_since("object", &bob.vector("object").expect("it is there"));
    let _ = bob.apply("object", seen.expect("it is there")).expect("nothing is missing");
    for change in second.into_iter().skip(1) {
        bob.perform("object", change, None).expect("it is allowed");
    }
    (ann, bob)
}

struct Message {
    name: String,
    kind: ObjectType,
    /// The vector that the message builds upon.
    since: Vector,
    bytes: Vec<u8>,
    receiver: Node,
    sender: Node,
}

fn messages() -> Vec<Message> {
    let mut messages = Vec::new();
    for kind in TYPES {
        for is_opened in [false, true] {
            let (ann, bob) = both(kind, is_opened);
            for (way, base) in [("inline", BaseEncoding::Inline), ("asked", BaseEncoding::Asked)] {
                let since = match base {
                    BaseEncoding::Inline => Vector::default(),
                    _ => ann.vector("object").expect("it is there"),
                };
                let delta = bob.delta_since("object", &since).expect("it is there");
                let bytes = delta.encode(OriginEncoding::Inline, base);
                let openings = if is_opened { "-openings" } else { "" };
                let name = format!("{}-{way}{openings}", kind.as_str());
                let (receiver, sender) = (ann.clone(), bob.clone());
                messages.push(Message { name, kind, since, bytes, receiver, sender });
            }
        }
    }
    messages
}

impl Message {
    /// Reads bytes as a message of this type, and writes them again.
    fn read(&self, bytes: &[u8]) -> Result<Delta, rejoin::wire::Error> {
        let known = DecodeContext { asked: Some(&self.since), ..DecodeContext::default() };
        let delta = Delta::decode(self.kind, bytes, &known)?;
        let again = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let read = Delta::decode(self.kind, &again, &DecodeContext::default())?;
        assert_eq!(read.encode(OriginEncoding::Inline, BaseEncoding::Inline), again);
        Ok(delta)
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(text, "{byte:02x}").expect("a string takes it"));
        text.push('\n');
    }
    text
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(char::is_ascii_hexdigit).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("digits")).collect()
}

fn golden_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/types")
}

#[test]
fn golden_messages_are_written_read_and_applied() {
    for message in messages() {
        let path = golden_folder().join(format!("{}.hex", message.name));
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, hex(&message.bytes), "{}: other bytes than those kept", message.name);
        let delta = message.read(&bytes_of(&text)).expect("it is readable");
        let (mut receiver, mut sender) = (message.receiver.clone(), message.sender.clone());
        let _ = receiver.apply("object", delta).expect("nothing is missing");
        assert_eq!(receiver.vector("object"), sender.vector("object"), "{}", message.name);
        assert_eq!(receiver.state_hash(), sender.state_hash(), "{}", message.name);
    }
}

#[test]
fn every_golden_message_is_known() {
    let names: Vec<String> = messages().iter().map(|one| format!("{}.hex", one.name)).collect();
    let entries = std::fs::read_dir(golden_folder()).expect("the folder is there");
    let entries: Vec<_> = entries.map(|entry| entry.expect("a file").file_name()).collect();
    assert_eq!(entries.len(), names.len());
    for name in entries {
        let name = name.into_string().expect("UTF-8");
        assert!(names.contains(&name), "{name} is no longer written");
    }
}

#[test]
fn damaged_messages_are_refused_or_other_messages() {
    let (mut refused, mut read) = (0, 0);
    for message in messages() {
        for length in 0..message.bytes.len() {
            assert!(message.read(&message.bytes[..length]).is_err(), "{}: {length}", message.name);
        }
        let longer = [message.bytes.as_slice(), &[0]].concat();
        assert!(message.read(&longer).is_err(), "{}: one byte more", message.name);
        for at in 0..message.bytes.len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut wrong = message.bytes.clone();
                wrong[at] ^= flip;
                match message.read(&wrong) {
                    Ok(delta) => {
                        let _ = message.receiver.clone().apply("object", delta);
                        read += 1;
                    }
                    Err(error) => {
                        assert!(error.to_string().len() > 20, "{error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(refused > read, "{refused} refused, {read} read");
}

/// The reference sends an integer exactly where some write lies outside the vector that was asked
/// with; so does the optimized engine, and a message that does otherwise is refused.
#[test]
fn an_integer_is_sent_where_the_receiver_may_lack_a_write() {
    let origin =
        |name: &str| Origin { replica: ReplicaId::new(name).expect("a name"), incarnation: 0 };
    let [ann, bob] = ["ann", "bob"].map(origin);
    let (mut register, mut reference) = (MaxRegister::new(), reference::MaxRegister::bottom());
    let mut since = vec![(register.vector(), reference.seen().clone())];
    // Bob's write changes nothing but what was seen.
    for (origin, integer) in [(&ann, 0), (&bob, -1)] {
        register.write(origin, integer).expect("it is in range");
        reference.write(origin, integer).expect("it is in range");
        since.push((register.vector(), reference.seen().clone()));
    }
    for (at, (vector, seen)) in since.iter().enumerate() {
        let delta = register.delta_since(vector);
        assert_eq!(delta.integer(), (at < 2).then_some(0));
        assert_eq!(delta.integer(), reference.part_since(seen).value());
        let mut bytes = delta.encode(OriginEncoding::Inline, BaseEncoding::Inline);
        let known = DecodeContext::default();
        assert_eq!(IntegerDelta::decode(&bytes, &known).as_ref(), Ok(&delta));
        // The last byte says whether there is an integer, and that it is 0.
        *bytes.last_mut().expect("it has bytes") ^= 1;
        let error = IntegerDelta::decode(&bytes, &known).expect_err("it has another form");
        assert!(
            error.to_string().contains("exactly where a write lies outside the base"),
            "{error}"
        );
    }
}
