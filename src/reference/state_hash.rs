//! State hash `rejoin/1`: 32 bytes that identify a state.
//!
//! Meaning: a state is a set of records, and its hash is that of a tree over them; removals have a
//! tree of their own. The version vector is not hashed, nor is anything else in which replicas with
//! the same state may differ.
//! Laws: equal states have equal hashes; different ones that operations made have different ones,
//! unless BLAKE3 has a collision (tests/engines/state_hash.rs).
//! Cost: O(bytes · depth of the tree); nothing is kept from one time to the next.
//! Source: spec/state-hash.md; Merkle, CRYPTO '87; O'Connor et al., BLAKE3 (2020).
//!
//! Two replicas apply the same decisions in different orders, and have equal hashes in the end.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, or_set::OrSet, state_hash::Hashed};
//!
//! let first_of = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq: 1, user: None }
//! };
//! let (mut local, mut server) = (OrSet::bottom(), OrSet::bottom());
//! local.add(&first_of("local"), "A")?;
//! server.add(&first_of("server"), "B")?;
//! assert_ne!(local.state_hash(), server.state_hash());
//!
//! let before = local.clone();
//! local.join(&server);
//! server.join(&before);
//! assert_eq!(local.state_hash(), server.state_hash());
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::decisions::{Decision, Decisions, Presence, Reading};
use super::dw_flag::DwFlag;
use super::ew_flag::EwFlag;
use super::g_counter::GCounter;
use super::log::{Entry, Log};
use super::lww_map::LwwMap;
use super::lww_register::LwwRegister;
use super::max_register::MaxRegister;
use super::min_register::MinRegister;
use super::mv_map::MvMap;
use super::mv_register::MvRegister;
use super::or_set::OrSet;
use super::pn_counter::PnCounter;
use super::replica::{Object, Objects, Replica, each};
use super::rw_set::RwSet;
use crate::collect::Collect;
use crate::digest::{Digest, StateHash, ToBytes};
use crate::dot::Origin;
use crate::object::ObjectType;
use crate::operation::{ObjectId, User, Value};
use std::collections::{BTreeMap, BTreeSet};

// Hashes

/// What a hash is of. Each has a key of its own, so that no hash of the one is one of another.
#[derive(Clone, Copy, Debug)]
enum Domain {
    Path,
    Value,
    Bucket,
    Node,
    Object,
    Replica,
}

impl Domain {
    fn name(self) -> &'static str {
        match self {
            Self::Path => "rejoin/1 path",
            Self::Value => "rejoin/1 value",
            Self::Bucket => "rejoin/1 bucket",
            Self::Node => "rejoin/1 node",
            Self::Object => "rejoin/1 object",
            Self::Replica => "rejoin/1 replica",
        }
    }

    fn hash(self, bytes: &[u8]) -> [u8; 32] {
        let key = blake3::hash(self.name().as_bytes());
        *blake3::keyed_hash(key.as_bytes(), bytes).as_bytes()
    }
}

// Bytes

/// A number in groups of seven bits, the lowest first; all groups but the last have the eighth
/// bit set (LEB128).
fn number(n: u128) -> Vec<u8> {
    let lowest = (n % 128) as u8;
    match n / 128 {
        0 => vec![lowest],
        rest => [vec![lowest + 128], number(rest)].concat(),
    }
}

/// An integer: 0, or 1 and a positive number, or 2 and the amount of a negative one.
fn signed(integer: i128) -> Vec<u8> {
    match integer {
        0 => vec![0],
        1.. => [vec![1], number(integer.unsigned_abs())].concat(),
        _ => [vec![2], number(integer.unsigned_abs())].concat(),
    }
}

/// Bytes behind their length.
fn text(bytes: &[u8]) -> Vec<u8> {
    [&number(bytes.len() as u128), bytes].concat()
}

fn origin(origin: &Origin) -> Vec<u8> {
    let Origin { replica, incarnation } = origin;
    [text(replica.as_str().as_bytes()), number(u128::from(*incarnation))].concat()
}

fn user(user: &Option<User>) -> Vec<u8> {
    match user {
        None => vec![0],
        Some(name) => [vec![1], text(name.as_bytes())].concat(),
    }
}

/// The longest value, in bytes, that stands in a record itself; of a longer one its hash does.
const LONGEST: usize = 64;

fn value(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() <= LONGEST {
        [vec![2], text(bytes)].concat()
    } else {
        [vec![3], Domain::Value.hash(bytes).to_vec()].concat()
    }
}

fn presence(effect: &Presence) -> Vec<u8> {
    match effect {
        Presence::Removed => vec![0],
        Presence::Added => vec![1],
    }
}

fn written<V: Value + ToBytes>(effect: &V) -> Vec<u8> {
    if *effect == V::tombstone() { vec![0] } else { value(&effect.to_bytes()) }
}

fn decision<E>(decision: &Decision<E>, effect: impl Fn(&E) -> Vec<u8>) -> Vec<u8> {
    let Decision { dot, seq, timestamp, user: by, effect: what } = decision;
    [
        origin(&dot.origin),
        number(u128::from(dot.counter)),
        number(u128::from(*seq)),
        number(u128::from(*timestamp)),
        user(by),
        effect(what),
    ]
    .concat()
}

// Records

/// What a state says of one key: of an origin's share, a register, an element, a map's key, or
/// an entry. The order is that of the keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Record {
    /// What it is about; in one state no two records have the same.
    pub key: Vec<u8>,
    /// What is said of it.
    pub body: Vec<u8>,
    /// Whether it says only that nothing is there any more.
    pub is_removal: bool,
}

impl Record {
    /// Its bytes: the key behind its length, and the body.
    pub fn encoding(&self) -> Vec<u8> {
        [text(&self.key), self.body.clone()].concat()
    }
}

/// The record of a key that was decided on, given what says that nothing is there, and the bytes
/// of what is said.
///
/// The decisions stand in the order of their names. The winner stands behind them where it is
/// none of them, since another has then to tell what the value is.
fn decided<E: Ord>(
    key: &[u8],
    maximal: &BTreeSet<&Decision<E>>,
    winner: Option<&Decision<E>>,
    removed: &E,
    effect: impl Fn(&E) -> Vec<u8>,
) -> Record {
    let mut listed: Vec<&Decision<E>> = maximal.iter().copied().collect();
    listed.sort_by_key(|decision| &decision.dot);
    let apart = winner.filter(|winner| !maximal.contains(winner));

    let mut body = number(listed.len() as u128);
    for maximal in &listed {
        body.extend(decision(maximal, &effect));
    }
    match apart {
        None => body.push(0),
        Some(winner) => {
            body.push(1);
            body.extend(decision(winner, &effect));
        }
    }
    let is_removal = listed.into_iter().chain(apart).all(|decision| decision.effect == *removed);
    Record { key: key.to_vec(), body, is_removal }
}

/// The keys that were decided on, or that have a winner.
fn keys<'a, K: Ord + Clone, E: Ord + Clone>(
    decisions: &'a Decisions<K, E>,
    winners: impl Iterator<Item = &'a K>,
) -> BTreeSet<&'a K> {
    decisions.keys().chain(winners).into_set()
}

/// A state that has a hash.
pub trait Hashed {
    /// Its type.
    const KIND: ObjectType;

    /// Its records, in the order of their keys.
    fn records(&self) -> BTreeSet<Record>;

    /// Its hash.
    fn state_hash(&self) -> StateHash {
        of_records(Self::KIND, self.records())
    }
}

/// One record an origin: its share.
impl Hashed for GCounter {
    const KIND: ObjectType = ObjectType::GCounter;

    fn records(&self) -> BTreeSet<Record> {
        let record = |(of, share): (&Origin, &u128)| Record {
            key: origin(of),
            body: number(*share),
            is_removal: false,
        };
        self.shares().iter().map(record).into_set()
    }
}

/// One record, with no key, once there was a write.
impl<V: Value + ToBytes> Hashed for LwwRegister<V> {
    const KIND: ObjectType = ObjectType::LwwRegister;

    fn records(&self) -> BTreeSet<Record> {
        let written_to = keys(self.decisions(), self.winner().map(|_| &()).into_iter());
        let record = |key| {
            decided(&[], &self.decisions().maximal(key), self.winner(), &V::tombstone(), written)
        };
        written_to.into_iter().map(record).into_set()
    }
}

/// One record a key that was ever decided on; of a state that keeps nothing beside the decisions.
fn read_alone<R, K, E>(
    state: &Reading<R, K, E>,
    key: impl Fn(&K) -> Vec<u8>,
    removed: &E,
    effect: impl Fn(&E) -> Vec<u8>,
) -> BTreeSet<Record>
where
    K: Ord + Clone,
    E: Ord + Clone,
{
    let decisions = state.decisions();
    let record = |of: &K| decided(&key(of), &decisions.maximal(of), None, removed, &effect);
    decisions.keys().map(record).into_set()
}

/// One record an element that was ever added or removed.
impl<X: Ord + Clone + ToBytes> Hashed for OrSet<X> {
    const KIND: ObjectType = ObjectType::OrSet;

    fn records(&self) -> BTreeSet<Record> {
        read_alone(self, |element| element.to_bytes().into(), &Presence::Removed, presence)
    }
}

/// As of an OR-set.
impl<X: Ord + Clone + ToBytes> Hashed for RwSet<X> {
    const KIND: ObjectType = ObjectType::RwSet;

    fn records(&self) -> BTreeSet<Record> {
        read_alone(self, |element| element.to_bytes().into(), &Presence::Removed, presence)
    }
}

/// One record, with no key, once it was decided on.
impl Hashed for EwFlag {
    const KIND: ObjectType = ObjectType::EwFlag;

    fn records(&self) -> BTreeSet<Record> {
        read_alone(self, |()| Vec::new(), &Presence::Removed, presence)
    }
}

/// As of an EW-flag.
impl Hashed for DwFlag {
    const KIND: ObjectType = ObjectType::DwFlag;

    fn records(&self) -> BTreeSet<Record> {
        read_alone(self, |()| Vec::new(), &Presence::Removed, presence)
    }
}

/// One record, with no key, once there was a write.
impl<V: Value + ToBytes> Hashed for MvRegister<V> {
    const KIND: ObjectType = ObjectType::MvRegister;

    fn records(&self) -> BTreeSet<Record> {
        read_alone(self, |()| Vec::new(), &V::tombstone(), written)
    }
}

/// One record a key that was ever written to.
impl<K: Ord + Clone + ToBytes, V: Value + ToBytes> Hashed for MvMap<K, V> {
    const KIND: ObjectType = ObjectType::MvMap;

    fn records(&self) -> BTreeSet<Record> {
        read_alone(self, |key| key.to_bytes().into(), &V::tombstone(), written)
    }
}

/// One record an origin and side: its increments under 0, its decrements under 1.
impl Hashed for PnCounter {
    const KIND: ObjectType = ObjectType::PnCounter;

    fn records(&self) -> BTreeSet<Record> {
        let side = |side: u8, shares: &BTreeMap<Origin, u128>| -> Vec<Record> {
            let record = |(of, share): (&Origin, &u128)| Record {
                key: [vec![side], origin(of)].concat(),
                body: number(*share),
                is_removal: false,
            };
            shares.iter().map(record).collect()
        };
        [side(0, self.increments()), side(1, self.decrements())].concat().into_iter().into_set()
    }
}

/// One record, with no key, once there was a write.
fn integer_records(greatest: Option<i128>) -> BTreeSet<Record> {
    let record = |integer| Record { key: Vec::new(), body: signed(integer), is_removal: false };
    greatest.map(record).into_iter().into_set()
}

impl Hashed for MaxRegister {
    const KIND: ObjectType = ObjectType::MaxRegister;

    fn records(&self) -> BTreeSet<Record> {
        integer_records(self.value())
    }
}

impl Hashed for MinRegister {
    const KIND: ObjectType = ObjectType::MinRegister;

    fn records(&self) -> BTreeSet<Record> {
        integer_records(self.value())
    }
}

/// One record a key that was ever written to.
impl<K: Ord + Clone + ToBytes, V: Value + ToBytes> Hashed for LwwMap<K, V> {
    const KIND: ObjectType = ObjectType::LwwMap;

    fn records(&self) -> BTreeSet<Record> {
        let record = |key: &K| {
            let maximal = self.decisions().maximal(key);
            decided(&key.to_bytes(), &maximal, self.winner(key), &V::tombstone(), written)
        };
        keys(self.decisions(), self.winners().keys()).into_iter().map(record).into_set()
    }
}

/// One record an entry. An entry that is the tombstone is one like any other.
impl<T: Ord + Clone + ToBytes> Hashed for Log<T> {
    const KIND: ObjectType = ObjectType::Log;

    fn records(&self) -> BTreeSet<Record> {
        let record = |entry: &Entry<T>| {
            let dot = entry.dot();
            let (seq, timestamp) = (u128::from(entry.seq), u128::from(entry.timestamp));
            Record {
                key: [origin(&dot.origin), number(u128::from(dot.counter))].concat(),
                body: [number(seq), number(timestamp), value(&entry.entry.to_bytes())].concat(),
                is_removal: false,
            }
        };
        self.entries().map(record).into_set()
    }
}

// The tree

/// As many records stand in one bucket at most, but at the greatest depth.
const BUCKET: usize = 8;

/// Where records that share a path so far stay together, however many they are.
const DEEPEST: usize = 32;

/// The hash of the tree over the records whose paths are equal up to this depth.
fn tree(records: Vec<(&Record, [u8; 32])>, depth: usize) -> [u8; 32] {
    if records.is_empty() {
        return [0; 32];
    }
    if records.len() <= BUCKET || depth == DEEPEST {
        let bucket: Vec<Vec<u8>> = records.iter().map(|(record, _)| record.encoding()).collect();
        return Domain::Bucket.hash(&bucket.concat());
    }
    let child = |turn: u8| {
        let below = records.iter().filter(|(_, path)| turn_at(path, depth) == turn);
        tree(below.copied().collect(), depth + 1)
    };
    Domain::Node.hash(&[child(0), child(1), child(2), child(3)].concat())
}

/// Two bits of a path, from 0 to 3; at depth 0 the highest two of the first byte.
fn turn_at(path: &[u8; 32], depth: usize) -> u8 {
    (path[depth / 4] >> (6 - 2 * (depth % 4))) & 3
}

// Objects and replicas

/// The number that stands for a type: its place in [`ObjectType::ALL`], from 1.
fn tag(kind: ObjectType) -> u8 {
    let place = ObjectType::ALL.iter().position(|of| *of == kind);
    1 + place.unwrap_or_default() as u8
}

fn object(kind: ObjectType, records: BTreeSet<Record>) -> Digest {
    let with_path = |record| -> (&Record, _) { (record, Domain::Path.hash(&record.key)) };
    let root = tree(records.iter().map(with_path).collect(), 0);
    Digest(Domain::Object.hash(&[vec![tag(kind)], root.to_vec()].concat()))
}

/// The state hash of an object that has these records.
pub fn of_records(kind: ObjectType, records: BTreeSet<Record>) -> StateHash {
    let (removals, content) = records.into_iter().partition(|record| record.is_removal);
    StateHash { content: object(kind, content), removals: object(kind, removals) }
}

/// The state hash of a replica whose objects have these hashes. Each stands with its name, also
/// where nothing was done to it.
pub fn of_hashes(objects: &BTreeMap<ObjectId, StateHash>) -> StateHash {
    let (mut content, mut removals) = (Vec::new(), Vec::new());
    for (name, hash) in objects {
        content.extend([text(name.as_bytes()), hash.content.0.to_vec()].concat());
        removals.extend([text(name.as_bytes()), hash.removals.0.to_vec()].concat());
    }
    StateHash {
        content: Digest(Domain::Replica.hash(&content)),
        removals: Digest(Domain::Replica.hash(&removals)),
    }
}

impl<K: Ord + Clone + ToBytes, V: Value + ToBytes> Object<K, V> {
    /// The records of its state hash, in the order of their keys.
    pub fn records(&self) -> BTreeSet<Record> {
        each!(self, state => state.records())
    }

    /// Its state hash.
    pub fn state_hash(&self) -> StateHash {
        each!(self, state => state.state_hash())
    }
}

/// The state hash of a replica that holds these objects.
pub fn of_objects<K, V>(objects: &Objects<K, V>) -> StateHash
where
    K: Ord + Clone + ToBytes,
    V: Value + ToBytes,
{
    let hash = |(name, object): (&ObjectId, &Object<K, V>)| (name.clone(), object.state_hash());
    of_hashes(&objects.iter().map(hash).into_map())
}

impl<K: Ord + Clone + ToBytes, V: Value + ToBytes> Replica<K, V> {
    /// Its state hash. Who it is does not count.
    pub fn state_hash(&self) -> StateHash {
        of_objects(self.objects())
    }
}
