//! Deltas: what a replica that has seen a vector may lack of a state, ready to be sent.
//!
//! Meaning: as the reference's deltas. For each key that has a maximal decision outside
//! `since` it lists all maximal decisions, and the winner where that is none of them. A key goes
//! by its *creation dot* where it can: a decision on it that saw no other decision on it. Every replica that has
//! seen a creation dot remembers its key, so the bytes of the key need not be sent again.
//! Laws: applied, a delta has the effect of joining the whole state (tests/engines/optimized/mod.rs).
//! Cost: as many records as keys changed, however often each changed.
//! Source: Almeida et al., Delta State Replicated Data Types, JPDC 111 (2018); naming by creation dots is
//! this project's.

use super::arena::{Handle, Values};
use super::audit::AuditDelta;
use super::openings::DeltaOpenings;
use super::vector::Vector;
use crate::dot::{Dot, Origin};
use crate::operation::User;
use std::fmt;
use std::marker::PhantomData;

/// Who decided: the place of the origin in the actor table of the delta's `seen`, and the person.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DeltaAuthor {
    pub place: u32,
    pub user: Option<User>,
}

/// How a delta names a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Name {
    /// By one of its creation dots, which is inside `since`.
    CreationDot { place: u32, counter: u64 },
    /// By its bytes: where they are among the delta's `keys`.
    Bytes { at: u32, length: u32 },
}

/// What one decision does to its key.
pub trait Effect: Copy + fmt::Debug {
    /// Whether the greatest write wins, even if a maximal decision saw it.
    const IS_TIMED: bool;
    /// Whether a decision may write a value.
    const HAS_VALUES: bool;
    /// When it was made; 0 where nothing is timed.
    fn timestamp(self) -> u64;
    /// Whether it leaves nothing.
    fn is_removal(self) -> bool;
    /// What it writes.
    fn value(self) -> Option<Handle>;
    /// The same, with the value elsewhere.
    fn moved(self, value: impl FnOnce(Handle) -> Handle) -> Self;
}

/// The effect of a decision on an element of a set, or on a flag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Presence {
    /// It is not in the set; the flag is disabled.
    Removed,
    /// It is in the set; the flag is enabled.
    Added,
}

impl Effect for Presence {
    const IS_TIMED: bool = false;
    const HAS_VALUES: bool = false;

    fn timestamp(self) -> u64 {
        0
    }

    fn is_removal(self) -> bool {
        self == Self::Removed
    }

    fn value(self) -> Option<Handle> {
        None
    }

    fn moved(self, _: impl FnOnce(Handle) -> Handle) -> Self {
        self
    }
}

/// A write to a register or a key; without a value it deletes.
#[derive(Clone, Copy, Debug)]
pub struct Write {
    /// In two halves, so that a record has no gaps: there are many.
    timestamp: [u32; 2],
    value: Option<Handle>,
}

impl Write {
    /// A write at a time; without a value it deletes.
    pub fn new(timestamp: u64, value: Option<Handle>) -> Self {
        Self { timestamp: [(timestamp >> 32) as u32, timestamp as u32], value }
    }
}

impl Effect for Write {
    const IS_TIMED: bool = true;
    const HAS_VALUES: bool = true;

    fn timestamp(self) -> u64 {
        u64::from(self.timestamp[0]) << 32 | u64::from(self.timestamp[1])
    }

    fn is_removal(self) -> bool {
        self.value.is_none()
    }

    fn value(self) -> Option<Handle> {
        self.value
    }

    #[inline]
    fn moved(self, value: impl FnOnce(Handle) -> Handle) -> Self {
        Self { value: self.value.map(value), ..self }
    }
}

/// A write without a timestamp; without a value it deletes.
#[derive(Clone, Copy, Debug)]
pub struct Content(pub(crate) Option<Handle>);

impl Effect for Content {
    const IS_TIMED: bool = false;
    const HAS_VALUES: bool = true;

    fn timestamp(self) -> u64 {
        0
    }

    fn is_removal(self) -> bool {
        self.0.is_none()
    }

    fn value(self) -> Option<Handle> {
        self.0
    }

    #[inline]
    fn moved(self, value: impl FnOnce(Handle) -> Handle) -> Self {
        Self(self.0.map(value))
    }
}

/// One decision. Its author is a number among those of the store or delta that it is in, and
/// so is its value.
#[derive(Clone, Copy, Debug)]
pub struct Record<E> {
    /// Its place among the operations of its origin on the object, from 1.
    pub counter: u64,
    /// Its place among the operations of its replica, over all objects, from 1.
    pub seq: u64,
    pub author: u32,
    pub effect: E,
}

/// A message for a replica that has seen `since`: of a register, a map, a set or a flag.
///
/// `delta_since` makes it, and so does decoding, which checks what each field's comment promises.
#[derive(Clone, Debug)]
#[must_use = "a delta that is not sent brings nobody up to date"]
pub struct KeyedDelta<E> {
    /// What the receiver must have seen.
    pub(crate) since: Vector,
    /// What the sender has seen. No record or creation dot is outside.
    pub(crate) seen: Vector,
    pub(crate) authors: Vec<DeltaAuthor>,
    /// Each listed key once.
    pub(crate) names: Vec<Name>,
    pub(crate) keys: Vec<u8>,
    /// One maximal decision of each listed key, outside `since`.
    pub(crate) first: Vec<Record<E>>,
    /// The other maximal decisions outside `since`: the number of the key among those listed, rising,
    /// and the record.
    pub(crate) others: Vec<(u32, Record<E>)>,
    /// The maximal decisions inside `since`, by key, rising: place of the origin, and counter. The
    /// receiver has the rest of their records, or has superseded them.
    pub(crate) kept: Vec<(u32, u32, u64)>,
    /// The winners that are not maximal and outside `since`, by key, at most one each, rising. What
    /// the receiver has seen is not above its own winner.
    pub(crate) winners: Vec<(u32, Record<E>)>,
    /// The creation dots outside `since`, by key, rising: place of the origin, and counter. A key that goes
    /// by its bytes and has none here was created by its first record.
    pub(crate) creation_dots: Vec<(u32, u32, u64)>,
    pub(crate) values: Values,
    pub(crate) openings: DeltaOpenings,
    /// The records of decisions outside `since`, where there are any.
    pub(crate) audit: Option<Box<AuditDelta>>,
}

impl<E> KeyedDelta<E> {
    /// A delta that lists nothing yet.
    pub(super) fn between(since: Vector, seen: Vector) -> Self {
        Self {
            since,
            seen,
            authors: Vec::new(),
            names: Vec::new(),
            keys: Vec::new(),
            first: Vec::new(),
            others: Vec::new(),
            kept: Vec::new(),
            winners: Vec::new(),
            creation_dots: Vec::new(),
            values: Values::default(),
            openings: DeltaOpenings::default(),
            audit: None,
        }
    }

    /// What the receiver must have seen.
    pub fn since(&self) -> &Vector {
        &self.since
    }

    /// What the sender has seen; and the receiver, once this is applied.
    pub fn seen(&self) -> &Vector {
        &self.seen
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn footprint(&self) -> usize {
        let records = self.names.len() + self.others.len() + self.winners.len();
        let beside =
            size_of_val(&*self.authors) + size_of_val(&*self.creation_dots) + self.keys.len();
        let audit = self.audit.as_ref().map_or(0, |audit| audit.footprint());
        records * (size_of::<Record<E>>() + size_of::<Name>())
            + beside
            + self.values.bytes()
            + audit
    }

    /// How many keys it lists.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it lists no key.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The state of one replicated object.
pub trait Replicated {
    /// The message that brings another replica up to date.
    type Delta;

    /// What has been seen.
    fn vector(&self) -> Vector;

    /// A message that brings a receiver that has seen `since` up to this state.
    fn delta_since(&self, since: &Vector) -> Self::Delta;
}

/// An operation that was just performed on a state.
#[derive(Debug)]
pub struct Performed<'a, S> {
    state: &'a S,
    dot: Dot,
}

impl<'a, S: Replicated> Performed<'a, S> {
    pub(super) fn new(state: &'a S, origin: &Origin, counter: u64) -> Self {
        Self { state, dot: Dot { origin: origin.clone(), counter } }
    }

    /// Its name.
    pub fn dot(&self) -> &Dot {
        &self.dot
    }

    /// The message for a receiver that has seen everything except this operation.
    pub fn delta(&self) -> S::Delta {
        self.state.delta_since(&self.state.vector().without(&self.dot))
    }
}

/// The types of keys and values, where only their bytes are kept.
type Types<K, V> = PhantomData<(fn(&K), fn(&V))>;

/// A keyed delta of keys and values of known types.
#[must_use = "a delta that is not sent brings nobody up to date"]
pub struct TypedDelta<E, K: ?Sized, V: ?Sized> {
    pub(crate) keyed: KeyedDelta<E>,
    types: Types<K, V>,
}

impl<E, K: ?Sized, V: ?Sized> TypedDelta<E, K, V> {
    pub(crate) fn new(keyed: KeyedDelta<E>) -> Self {
        Self { keyed, types: PhantomData }
    }

    /// What the receiver must have seen.
    pub fn since(&self) -> &Vector {
        &self.keyed.since
    }

    /// What the sender has seen; and the receiver, once this is applied.
    pub fn seen(&self) -> &Vector {
        &self.keyed.seen
    }

    /// How many keys it lists.
    pub fn len(&self) -> usize {
        self.keyed.len()
    }

    /// Whether it lists no key.
    pub fn is_empty(&self) -> bool {
        self.keyed.is_empty()
    }
}

impl<E, K: ?Sized, V: ?Sized> TypedDelta<E, K, V> {
    pub(super) fn footprint(&self) -> usize {
        self.keyed.footprint()
    }

    pub(super) fn openings(&self) -> &DeltaOpenings {
        &self.keyed.openings
    }

    pub(super) fn openings_mut(&mut self) -> &mut DeltaOpenings {
        &mut self.keyed.openings
    }
}

impl<E: Clone, K: ?Sized, V: ?Sized> Clone for TypedDelta<E, K, V> {
    fn clone(&self) -> Self {
        Self::new(self.keyed.clone())
    }
}

impl<E: fmt::Debug, K: ?Sized, V: ?Sized> fmt::Debug for TypedDelta<E, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keyed.fmt(f)
    }
}
