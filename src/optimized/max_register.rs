//! Max-register: keeps the greatest integer that was written.
//!
//! Meaning: that of the reference's max-register. `O` is the order of the integers; with the reversed order
//! it is the min-register ([`super::min_register`]).
//! Laws: as there.
//! Cost: writing O(1), or O(log origins); a delta O(origins), as its vectors.
//! Source: Baquero et al., Composition in state-based replicated data types, BEATCS 123 (2017).

use super::apply_error::ApplyError;
use super::changes::Changes;
use super::openings::DeltaOpenings;
use super::state_hash::{
    KeyAndBody, Leaves, Subtree, TreeKind, TreePath, Trees, object_hashes, write_number,
};
use super::vector::{Origins, Vector};
use super::{OperationError, StateHash};
use crate::dot::{Dot, Origin};
use crate::limits::INTEGERS;
use crate::object::ObjectType;
use std::cmp::Ordering;
use std::marker::PhantomData;

/// An order of the integers.
pub trait Order {
    /// The type that keeps the greatest by it.
    const KIND: ObjectType;

    /// Compares the two.
    fn compare(a: i128, b: i128) -> Ordering;
}

/// The usual order.
#[derive(Debug)]
pub enum Rising {}

impl Order for Rising {
    const KIND: ObjectType = ObjectType::MaxRegister;

    fn compare(a: i128, b: i128) -> Ordering {
        a.cmp(&b)
    }
}

/// The greatest integer by an order.
pub struct Extreme<O> {
    origins: Origins,
    greatest: Option<i128>,
    trees: Trees,
    order: PhantomData<O>,
}

/// The greatest integer.
pub type MaxRegister = Extreme<Rising>;

impl<O: Order> Extreme<O> {
    /// A register before the first write.
    pub fn new() -> Self {
        let (origins, trees) = (Origins::default(), Trees::default());
        Self { origins, greatest: None, trees, order: PhantomData }
    }
}

impl<O: Order> Extreme<O> {
    /// Joins another state, and returns whether the integer changed.
    pub fn join(&mut self, other: &Self) -> bool {
        let ours = self.origins.numbers_of(other.origins.actor_table());
        self.origins.openings.join(&other.origins.openings);
        for (ours, theirs) in ours.into_iter().zip(other.origins.numbers()) {
            self.origins.see(ours, other.origins.seen(*theirs));
        }
        self.raise(other.greatest)
    }

    fn raise(&mut self, integer: Option<i128>) -> bool {
        let Some(integer) = integer else { return false };
        let is_greater =
            self.greatest.is_none_or(|ours| O::compare(integer, ours) == Ordering::Greater);
        if is_greater {
            self.greatest = Some(integer);
            self.trees.touch(0);
        }
        is_greater
    }
}

impl<O: Order> Extreme<O> {
    /// Writes an integer.
    ///
    /// # Errors
    /// If it is out of range, or the origin has no counters left. Nothing changes then.
    pub fn write(&mut self, origin: &Origin, integer: i128) -> Result<Dot, OperationError> {
        if !INTEGERS.contains(&integer) {
            return Err(OperationError::IntegerOutOfRange);
        }
        let seen = self.origins.find(origin).map_or(0, |number| self.origins.seen(number));
        let counter =
            seen.checked_add(1).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        let number = self.origins.number(origin);
        self.origins.see(number, counter);
        self.raise(Some(integer));
        Ok(Dot { origin: origin.clone(), counter })
    }
}

impl<O: Order> Extreme<O> {
    /// The integer; `None` where nothing was written.
    pub fn value(&self) -> Option<i128> {
        self.greatest
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.origins
    }

    pub(super) fn footprint(&self) -> usize {
        64
    }

    /// Which writes have been seen. Cost: O(origins), without a look at their names.
    pub fn vector(&self) -> Vector {
        self.origins.vector()
    }

    /// What a replica that has seen `since` may lack: the integer, whichever origin wrote it, if some
    /// write lies outside `since`.
    pub fn delta_since(&self, since: &Vector) -> IntegerDelta {
        let seen = self.vector();
        let openings = DeltaOpenings::since(&self.origins.openings, since, &seen);
        let integer = self.greatest.filter(|_| !since.covers(&seen));
        IntegerDelta { since: since.clone(), seen, integer, openings }
    }

    /// Applies a delta, and returns whether the integer changed.
    ///
    /// # Errors
    /// [`ApplyError::Gap`], where it builds upon writes that were not seen. Nothing changes then.
    pub fn apply(&mut self, delta: &IntegerDelta) -> Result<bool, ApplyError> {
        if let Some((origin, needed, seen)) = self.origins.lacks(&delta.since) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        self.origins.openings.join(&delta.openings.begun);
        let ours = self.origins.numbers_of(delta.seen.actor_table());
        let mut is_new = false;
        for (number, count) in ours.into_iter().zip(delta.seen.counts()) {
            is_new |= *count > self.origins.seen(number);
            self.origins.see(number, *count);
        }
        // Writes that are known already bring nothing new, whatever a forged message says of them.
        Ok(is_new && self.raise(delta.integer))
    }

    /// A write that is new counts as a change, also where the integer stays: stores and
    /// recorders follow what was seen.
    pub(super) fn apply_whole(&mut self, delta: IntegerDelta) -> Result<Changes, ApplyError> {
        let is_new = !self.vector().covers(&delta.seen);
        self.apply(&delta).map(|is_greater| Changes::of((is_greater || is_new).into()))
    }

    pub(super) fn apply_shared(&mut self, delta: &IntegerDelta) -> Result<(), ApplyError> {
        self.apply(delta).map(drop)
    }
}

impl<O> Leaves for Extreme<O> {
    fn len(&self) -> usize {
        self.greatest.is_some().into()
    }

    fn part(&self, _: u32) -> Option<TreeKind> {
        Some(TreeKind::Content)
    }

    fn write_key(&self, _: u32, _: &mut Vec<u8>) {}

    fn write_body(&self, _: u32, out: &mut Vec<u8>) {
        match self.greatest.unwrap_or_default() {
            0 => out.push(0),
            integer => {
                out.push(if integer > 0 { 1 } else { 2 });
                write_number(integer.unsigned_abs(), out);
            }
        }
    }
}

impl<O: Order> Extreme<O> {
    /// The state hash. Cost: O(1).
    pub fn state_hash(&mut self) -> StateHash {
        let mut trees = std::mem::take(&mut self.trees);
        trees.refresh(self);
        self.trees = trees;
        object_hashes(O::KIND, &self.trees)
    }

    /// What the trees of the state hash have at a place.
    pub(super) fn look(&mut self, at: TreePath) -> Subtree {
        self.state_hash();
        self.trees.look(self, at)
    }

    /// The first records below a place of the state hash.
    pub(super) fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        self.state_hash();
        self.trees.below(self, at, limit)
    }
}

impl<O> Clone for Extreme<O> {
    fn clone(&self) -> Self {
        let Self { origins, greatest, trees, order } = self;
        let (origins, trees) = (origins.clone(), trees.clone());
        Self { origins, greatest: *greatest, trees, order: *order }
    }
}

impl<O: Order> Default for Extreme<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O> std::fmt::Debug for Extreme<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let vector = self.origins.vector();
        f.debug_struct("Extreme").field("greatest", &self.greatest).field("seen", &vector).finish()
    }
}

/// A message for a replica that has seen `since`: the integer that the sender has, if the replica may
/// lack it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a delta that is not sent brings nobody up to date"]
pub struct IntegerDelta {
    /// What the receiver must have seen.
    pub(crate) since: Vector,
    /// What the sender has seen.
    pub(crate) seen: Vector,
    /// One of [`INTEGERS`].
    pub(crate) integer: Option<i128>,
    pub(crate) openings: DeltaOpenings,
}

impl IntegerDelta {
    /// What the receiver must have seen.
    pub fn since(&self) -> &Vector {
        &self.since
    }

    /// What the sender has seen; and the receiver, once this is applied.
    pub fn seen(&self) -> &Vector {
        &self.seen
    }

    /// The integer; `None` where no write lies outside [`Self::since`].
    pub fn integer(&self) -> Option<i128> {
        self.integer
    }

    pub(super) fn footprint(&self) -> usize {
        size_of::<Self>()
    }

    pub(super) fn openings(&self) -> &DeltaOpenings {
        &self.openings
    }

    pub(super) fn openings_mut(&mut self) -> &mut DeltaOpenings {
        &mut self.openings
    }
}
