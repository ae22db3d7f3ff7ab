//! Faults that the model is given on purpose, to see that its rules find them.

use super::meaning::{Node, Part, Text, node, vectors};
use super::world::{any_operation, taken};
use rejoin::operation::Operation;

/// What is broken: of the first replica, where it is one side that speaks or listens.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A replica that lost something goes on under its old name.
    KeepsName,
    /// A store says that it has written, and has not.
    LosesWhatWasStored,
    /// A replica applies what it receives, says so, and forgets it at once.
    ForgetsWhatItTook,
    /// A replica says that it has seen what it received, and has not taken it in.
    AdvancesVectorOnly,
    /// What comes of a counter is counted twice.
    CountsTwice,
    /// An operation is performed twice, as by one who tries again.
    PerformsTwice,
    /// An operation is told to others as another one.
    AltersWhatItTells,
    /// A delta covers all that was seen, and leaves out a key.
    LeavesOutAKey,
    /// A greeting tells what was stored, and not what has been seen since.
    StaleGreeting,
    /// Of each state hash the one is told that the peer has told.
    EchoesHashes,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::KeepsName,
        Self::LosesWhatWasStored,
        Self::ForgetsWhatItTook,
        Self::AdvancesVectorOnly,
        Self::CountsTwice,
        Self::PerformsTwice,
        Self::AltersWhatItTells,
        Self::LeavesOutAKey,
        Self::StaleGreeting,
        Self::EchoesHashes,
    ];

    /// The replica that speaks instead of one that performs an operation.
    pub fn twin(
        self,
        before: Option<&Part<Node>>,
        live: &Part<Node>,
        object: &str,
        operation: &Operation<&'static str, Text>,
    ) -> Option<Part<Node>> {
        let other = match (self, operation) {
            (Self::AltersWhatItTells, Operation::Add { element }) => {
                Operation::Remove { element: *element }
            }
            (Self::LeavesOutAKey, Operation::Add { .. }) => Operation::Add { element: "x" },
            _ => return None,
        };
        let mut twin = (**before.unwrap_or(live)).clone();
        twin.perform(object, taken(&other), None).expect("there is room");
        Some(node(twin))
    }

    /// What a replica holds that has taken something in.
    pub fn applied(self, before: &Node, after: Node) -> Node {
        match self {
            Self::ForgetsWhatItTook => before.clone(),
            Self::AdvancesVectorOnly => hollow(before, &after),
            Self::CountsTwice => {
                let mut after = after;
                let amount = 1;
                after
                    .perform("count", Operation::Increment { amount }, None)
                    .expect("there is room");
                after
            }
            _ => after,
        }
    }
}

/// A replica that has the vectors of the one and the content of the other.
fn hollow(before: &Node, after: &Node) -> Node {
    let mut objects = before.objects().clone();
    for (name, vector) in vectors(after) {
        for (origin, count) in vector.iter() {
            let mut other = Node::restored(origin.clone(), objects);
            while other.vector(&name).expect("it is there").get(origin) < count {
                let nothing = any_operation(other.objects()[&name].kind());
                other.perform(&name, nothing, None).expect("there is room");
            }
            objects = other.objects().clone();
        }
    }
    Node::restored(after.origin().clone(), objects)
}

/// What the peer has told of its hashes, and how it is told back. `spec/sync.md` has the bytes.
#[derive(Clone, PartialEq, Hash, Default, Debug)]
pub struct Echo {
    /// The vectors and the hashes of the classes in the peer's hello.
    classes: Vec<u8>,
    /// The last point of each object.
    points: Vec<(u8, Vec<u8>)>,
}

const CHECKSUM: usize = 8;
const HELLO: u8 = 1;
const POINTS: u8 = 5;

/// The bytes of a fingerprint of vectors, and of the hash or hashes after it.
const VECTOR: usize = 16;
const CLASS: usize = VECTOR + 32;
const POINT: usize = VECTOR + 64;

impl Echo {
    /// Remembers what the peer tells.
    pub fn hear(&mut self, message: &[u8]) {
        let mut message = message.to_vec();
        for (kind, body) in parts(&mut message) {
            if kind == HELLO {
                self.classes = body[body.len() - 3 * CLASS..].to_vec();
            } else if kind == POINTS {
                for point in body[3..].chunks(1 + POINT) {
                    self.points.retain(|(object, _)| *object != point[0]);
                    self.points.push((point[0], point[1..].to_vec()));
                }
            }
        }
    }

    /// Tells the peer its own hashes, where the vectors are the same.
    pub fn answer(&self, message: &mut [u8]) {
        for (kind, body) in parts(message) {
            if kind == HELLO && !self.classes.is_empty() {
                let at = body.len() - 3 * CLASS;
                body[at..].copy_from_slice(&self.classes);
            } else if kind == POINTS {
                for point in body[3..].chunks_mut(1 + POINT) {
                    let told = self.points.iter().find(|(object, _)| *object == point[0]);
                    if let Some((_, told)) = told
                        && told[..VECTOR] == point[1..1 + VECTOR]
                    {
                        point[1..].copy_from_slice(told);
                    }
                }
            }
        }
        let length = message.len() - CHECKSUM;
        let sum = blake3::derive_key("rejoin/1 message", &message[..length]);
        message[length..].copy_from_slice(&sum[..CHECKSUM]);
    }
}

/// The parts of a message: their kinds, and their bodies.
fn parts(message: &mut [u8]) -> Vec<(u8, &mut [u8])> {
    let length = message.len() - CHECKSUM;
    let mut rest = &mut message[1..length];
    let mut parts = Vec::new();
    while let Some((kind, after)) = rest.split_first_mut() {
        let (mut size, mut digits) = (0, 0);
        loop {
            size |= usize::from(after[digits] & 0x7f) << (7 * digits);
            digits += 1;
            if after[digits - 1] < 0x80 {
                break;
            }
        }
        let (body, others) = after[digits..].split_at_mut(size);
        parts.push((*kind, body));
        rest = others;
    }
    parts
}
