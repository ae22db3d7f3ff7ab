//! The state that a replica must have by the definition of the types; and how states are
//! distinguished.

use super::state_of_events;
use super::world::any_operation;
use rejoin::definition::{Event, EventId};
use rejoin::digest::ToBytes;
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::operation::{ObjectId, Operation, Value};
use rejoin::optimized::Vector;
use rejoin::optimized::replica::Replica;
use rejoin::version_vector::VersionVector;
use rejoin::wire::{BaseEncoding, OriginEncoding};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

pub type Node = Replica;

/// The vector of each object.
pub type Vectors = Vec<(ObjectId, Vector)>;

pub fn vectors(node: &Node) -> Vectors {
    node.objects().iter().map(|(name, object)| (name.clone(), object.vector())).collect()
}

pub fn covers(more: &Vectors, less: &Vectors) -> bool {
    more.iter().zip(less).all(|((_, more), (_, less))| more.covers(less))
}

pub fn origin(at: usize, incarnation: u64) -> Origin {
    Origin { replica: ReplicaId::new(["a", "b", "c"][at]).unwrap(), incarnation }
}

/// A value of the definition: its text, which is canonical JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Text(pub &'static str);

impl Value for Text {
    fn tombstone() -> Self {
        Self("null")
    }
}

impl ToBytes for Text {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.0.as_bytes().into()
    }
}

/// All operations so far, whether or not a replica still has them.
pub type History = BTreeMap<EventId, Event<&'static str, Text>>;

/// Adds an operation that a replica is about to perform.
pub fn note(
    history: &mut History,
    node: &Node,
    object: &str,
    operation: Operation<&'static str, Text>,
) {
    let id = |object: &str, dot| EventId { object: object.into(), dot };
    let sees = history
        .keys()
        .filter(|id| node.vector(&id.object).is_ok_and(|vector| vector.contains(&id.dot)));
    let sees = sees.cloned().collect();
    let vector = node.vector(object).expect("the object is there");
    let dot = Dot { origin: node.origin().clone(), counter: vector.get(node.origin()) + 1 };
    let event = Event { id: id(object, dot), operation, user: None, sees };
    history.insert(event.id.clone(), event);
}

/// A replica by its name and incarnation, after so many operations; or one of its operations.
fn called(origin: &Origin, counter: u64) -> String {
    format!("{}{}:{counter}", origin.replica, origin.incarnation)
}

/// Checks that a replica has seen only operations that were performed, and has the state that
/// follows from them.
pub fn holds_what_it_means(node: &mut Node, history: &History) -> Result<(), String> {
    for (name, vector) in vectors(node) {
        let is_seen =
            |event: &&Event<_, _>| event.id.object == name && vector.contains(&event.id.dot);
        let seen: Vec<_> = history.values().filter(is_seen).collect();
        let count: u64 = vector.iter().map(|(_, count)| count).sum();
        let at = node.origin();
        if count != seen.len() as u64 {
            return Err(format!("{} has seen of {name} what nobody did", called(at, count)));
        }
        let kind = node.object(&name).map(|object| object.kind()).expect("it is there");
        let expected = state_of_events::state(kind, &seen).state_hash();
        if node.object_hash(&name).expect("it is there") != expected {
            let events = seen.iter().map(|event| {
                let Dot { origin, counter } = &event.id.dot;
                format!("{} {:?}", called(origin, *counter), event.operation)
            });
            let events: Vec<_> = events.collect();
            let at = node.origin();
            return Err(format!("{} holds of {name} other than {events:?}", called(at, count)));
        }
    }
    Ok(())
}

/// A part of a state, shared with other states, and its digest.
#[derive(Debug)]
pub struct Part<T> {
    value: Arc<T>,
    digest: [u8; 16],
}

impl<T> Part<T> {
    pub fn new(value: T, tell: impl FnOnce(&T, &mut Bytes)) -> Self {
        let mut bytes = Bytes::default();
        tell(&value, &mut bytes);
        Self { value: Arc::new(value), digest: bytes.digest() }
    }

    pub fn digest(&self) -> [u8; 16] {
        self.digest
    }
}

impl<T: Hash> Part<T> {
    pub fn of(value: T) -> Self {
        Self::new(value, |value, bytes| value.hash(bytes))
    }
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), digest: self.digest }
    }
}

impl<T> Deref for Part<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PartialEq for Part<T> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl<T> Hash for Part<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.digest);
    }
}

/// The bytes that distinguish a value, before they are hashed.
#[derive(Default)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// 16 bytes of BLAKE3.
    pub fn digest(&self) -> [u8; 16] {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(&self.0).as_bytes()[..16]);
        digest
    }

    fn tell(&mut self, bytes: &[u8]) {
        self.write_usize(bytes.len());
        self.write(bytes);
    }
}

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the digest is taken")
    }
}

/// A replica with its hashes up to date, so that reading them changes nothing.
///
/// Its digest covers everything observable: its state hashes, its answer to every vector that it
/// covers, and the name of its next operation. It leaves out how the tables lie in memory. If two
/// states were observably equal and behaved differently later, only one of them would be explored:
/// the creation dots, the dot index and the records that decide later behaviour all enter those
/// answers.
pub fn node(mut node: Node) -> Part<Node> {
    node.state_hash();
    Part::new(node, |node, bytes| {
        node.origin().hash(bytes);
        let mut next = node.clone();
        for (name, vector) in vectors(node) {
            bytes.tell(name.as_bytes());
            let hash = next.object_hash(&name).expect("it is there");
            bytes.write(&hash.content.0);
            bytes.write(&hash.removals.0);
            for since in below(&vector) {
                let delta = node.delta_since(&name, &since).expect("it is there");
                bytes.tell(&delta.encode(OriginEncoding::Inline, BaseEncoding::Inline));
            }
        }
        let names: Vec<ObjectId> = node.objects().keys().cloned().collect();
        for name in names {
            let operation = any_operation(node.objects()[&name].kind());
            next.perform(&name, operation, None).expect("there is room");
            let delta = next.delta_since(&name, &node.vector(&name).expect("it is there"));
            bytes.tell(
                &delta.expect("it is there").encode(OriginEncoding::Inline, BaseEncoding::Inline),
            );
        }
    })
}

/// All vectors that the vector covers.
fn below(vector: &Vector) -> Vec<Vector> {
    let mut all = vec![VersionVector::default()];
    for (origin, count) in vector.iter() {
        let with = |less: &VersionVector, count| {
            let mut more = less.clone();
            more.see(origin, count);
            more
        };
        let longer = all.iter().flat_map(|less| (1..=count).map(|count| with(less, count)));
        let longer: Vec<_> = longer.collect();
        all.extend(longer);
    }
    all.iter().map(Vector::from).collect()
}

pub fn history(history: History) -> Part<History> {
    Part::new(history, |history, bytes| bytes.tell(format!("{history:?}").as_bytes()))
}
