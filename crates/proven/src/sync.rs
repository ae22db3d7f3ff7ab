//! One side of a session over one class of objects, as spec/sync.v defines it.
//!
//! Meaning: which messages a side sends, what they hold, what it applies, and what it says in the end.
//! A delta goes in one piece, and a summary has the vectors themselves (`Running` of
//! spec/sync_verdict.v).
//! Laws: spec/sync_proof.v and spec/sync_verdict_proof.v.
//! Cost: that of the definitions; a summary hashes all objects of the class.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::object::ObjectType;
//! use rejoin::operation::{Canonical, Operation};
//! use rejoin_proven::{replica::Replica, sync::Side};
//! use std::collections::{BTreeMap, BTreeSet, VecDeque};
//!
//! let schema = BTreeMap::from([("approved".into(), ObjectType::OrSet)]);
//! let class = BTreeSet::from(["approved".into()]);
//! let origin = |name: &str| Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//! let mut ann: Replica<&str, Canonical> = Replica::new(&origin("ann"), &schema)?;
//! let mut bob = Replica::new(&origin("bob"), &schema)?;
//! ann.perform(&"approved".into(), &Operation::Add { element: "X" }, &None)?;
//!
//! let (mut here, hello) = Side::new(&class, &ann.objects()?)?;
//! let mut to_bob = VecDeque::from([hello]);
//! let (mut there, hello) = Side::new(&class, &bob.objects()?)?;
//! let mut to_ann = VecDeque::from([hello]);
//! while !to_ann.is_empty() || !to_bob.is_empty() {
//!     if let Some(message) = to_ann.pop_front() {
//!         to_bob.extend(here.on(&message, &mut ann)?);
//!     }
//!     if let Some(message) = to_bob.pop_front() {
//!         to_ann.extend(there.on(&message, &mut bob)?);
//!     }
//! }
//! assert_eq!((here.verdict()?, there.verdict()?), (Some(true), Some(true)));
//! assert_eq!(ann.values()?, bob.values()?);
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

use super::constructors::*;
use super::decode::{self, DecodeError};
use super::encode::{self, Term};
use super::program::{BYTES_OF, COMPARE_ATOMS, HASH, Program};
use super::replica::{Objects, Replica};
use super::value::{Shared, Value};
use super::{Error, call_by_bytes};
use rejoin::digest::{Digest, StateHash, ToBytes};
use rejoin::operation::{ObjectId, Value as Written};
use rejoin::reference::replica::Object;
use rejoin::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};

/// One side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Side<K, V> {
    class: Term<K, V>,
    side: Term<K, V>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message<K, V>(Term<K, V>);

/// What a message holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content<K: Ord, V: Ord> {
    /// What the sender held when the session began.
    Hello(Summary),
    /// What the sender has seen of each object.
    Vectors(BTreeMap<ObjectId, VersionVector>),
    /// What the receiver lacks of an object.
    Piece {
        /// Which object.
        object: ObjectId,
        /// What the receiver has seen.
        since: VersionVector,
        /// What is listed for it.
        part: Object<K, V>,
        /// Whether no more of it follows.
        is_last: bool,
    },
    /// Nothing more follows.
    AllSent,
    /// What the sender holds in the end.
    Check(Summary),
}

/// What both sides compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// What was seen of each object.
    pub vectors: BTreeMap<ObjectId, VersionVector>,
    /// The state hash of all objects of the class.
    pub hash: StateHash,
}

impl<K: Ord + Clone + ToBytes, V: Written + ToBytes> Side<K, V> {
    /// A side that holds these objects and begins a session over a class, and its first message.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn new(
        class: &BTreeSet<ObjectId>,
        objects: &Objects<K, V>,
    ) -> Result<(Self, Message<K, V>), Error> {
        let class = encode::list(class.iter().map(encode::text));
        let given = [class.clone(), objects.term().clone()];
        let side = run("Sync_verdict.side_of", given.clone())?;
        let hello = SYNC_HELLO.make([run("Sync_verdict.summary_of_class", given)?]);
        Ok((Self { class, side }, Message(hello)))
    }

    /// Handles a message of the other side: applies what it completes, and returns the reply.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn on(
        &mut self,
        message: &Message<K, V>,
        replica: &mut Replica<K, V>,
    ) -> Result<Vec<Message<K, V>>, Error> {
        let objects = replica.objects()?;
        let (class, side) = (self.class.clone(), self.side.clone());
        let given = [class, side, message.0.clone(), objects.term().clone()];
        self.side = run("Sync_verdict.turn_of", given.clone())?;
        replica.hold(run("Sync_verdict.take_of", given.clone())?)?;
        let reply = run("Sync_verdict.reply_of", given)?;
        Ok(decode::list(&reply, |message| Ok(Message(message.clone())))?)
    }

    /// Whether both sides hold the same, once it says so.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn verdict(&self) -> Result<Option<bool>, Error> {
        let [phase, _] = decode::fields(SYNC_SIDE, &self.side)?;
        let agrees = decode::made_by(SYNC_CLOSED, phase);
        Ok(agrees.map(|agrees| decode::boolean(&agrees[0])).transpose()?)
    }
}

/// What these objects of a class are compared by.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn summary<K: Ord + Clone + ToBytes, V: Written + ToBytes>(
    class: &BTreeSet<ObjectId>,
    objects: &Objects<K, V>,
) -> Result<Summary, Error> {
    let class = encode::list(class.iter().map(encode::text));
    let summary = run("Sync_verdict.summary_of_class", [class, objects.term().clone()])?;
    Ok(self::decoded_summary(&summary)?)
}

impl<K: Ord + Clone, V: Written> Message<K, V> {
    /// What it holds.
    ///
    /// # Errors
    /// If the extracted definitions are damaged.
    pub fn content(&self) -> Result<Content<K, V>, Error> {
        let term = &self.0;
        Ok(if let Some([summary]) = decode::made_by(SYNC_HELLO, term) {
            Content::Hello(decoded_summary(summary)?)
        } else if let Some([vectors]) = decode::made_by(SYNC_VECTORS, term) {
            Content::Vectors(decode::by_object(vectors, decode::vector)?)
        } else if let Some([object, since, part, is_last]) = decode::made_by(SYNC_PIECE, term) {
            Content::Piece {
                object: decode::text(object)?,
                since: decode::vector(since)?,
                part: decode::object(part)?,
                is_last: decode::boolean(is_last)?,
            }
        } else if let Some([summary]) = decode::made_by(SYNC_CHECK, term) {
            Content::Check(decoded_summary(summary)?)
        } else {
            decode::fields(SYNC_ALL_SENT, term).map(|[]| Content::AllSent)?
        })
    }
}

fn decoded_summary<K, V>(term: &Term<K, V>) -> Result<Summary, DecodeError> {
    let hash = |hash: &Term<K, V>| decode::digest(hash).map(Digest);
    let hashes = |hashes: &Term<K, V>| decode::pair(hashes, hash, hash);
    let vectors = |vectors: &Term<K, V>| decode::by_object(vectors, decode::vector);
    let (vectors, (content, removals)) = decode::pair(term, vectors, hashes)?;
    Ok(Summary { vectors, hash: StateHash { content, removals } })
}

/// The result of a definition, with what it takes besides.
fn run<K: Ord + ToBytes, V: Written + ToBytes, const N: usize>(
    name: &'static str,
    arguments: [Term<K, V>; N],
) -> Result<Term<K, V>, Error> {
    let native = |function| Some(Value::Function(function, Shared::EMPTY));
    let by_name = |_: &Program, parameter: &str| match parameter {
        "compare_name" | "compare_value" => native(COMPARE_ATOMS),
        "name_bytes" | "value_bytes" => native(BYTES_OF),
        "hash" => native(HASH),
        "null" => Some(encode::value(&V::tombstone())),
        _ => None,
    };
    call_by_bytes(name, by_name, arguments)
}
