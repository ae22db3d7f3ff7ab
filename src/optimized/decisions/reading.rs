//! Readings: the types that the store carries, and what all of them have.
//!
//! Meaning: a type says what its decisions do, which of the maximal ones have effect, and whether
//! there is more than one key. What it asks the store is in the file of the type.
//! Laws: those of the store.
//! Cost: that of the store.
//! Source: this project.

use super::{Conflict, Decision, Decisions, IndexedDot, Rule};
use crate::object::ObjectType;
use crate::optimized::arena::{Handle, LONGEST};
use crate::optimized::canonical_bytes::CanonicalBytes;
use crate::optimized::changes::{Applied, Changes};
use crate::optimized::delta::{Effect, Performed, Replicated, TypedDelta};
use crate::optimized::state_hash::{KeyAndBody, Subtree, TreePath, object_hashes};
use crate::optimized::vector::{Origins, Vector};
use crate::optimized::{ApplyError, Author, OperationError, StateHash};
use std::marker::PhantomData;

/// The key of a type with one key: it has no bytes.
pub(crate) const KEY: &[u8] = b"";

/// A type that is a reading of the store.
pub trait KeyedType {
    /// What its decisions do.
    type Effect: Effect;
    /// Its name.
    const KIND: ObjectType;
    /// Which of the maximal decisions on a key has effect.
    const RULE: Rule;
    /// Whether there are keys; otherwise there is one, of no bytes.
    const HAS_KEYS: bool;
}

/// A type with keys.
pub trait HasKeys: KeyedType {}

/// Which type it is, and those of keys and values, where only their bytes are kept.
type Types<T, K, V> = PhantomData<(fn(T), fn(&K), fn(&V))>;

/// The latest decisions on every key. `T` says which type it is.
pub struct Reading<T: KeyedType, K: ?Sized, V: ?Sized> {
    pub(in crate::optimized) decisions: Decisions<T::Effect>,
    types: Types<T, K, V>,
}

impl<T: KeyedType, K: ?Sized, V: ?Sized> Reading<T, K, V> {
    /// The state before the first operation.
    pub fn new() -> Self {
        Self::of(Decisions::new(T::RULE))
    }

    fn of(decisions: Decisions<T::Effect>) -> Self {
        Self { decisions, types: PhantomData }
    }
}

impl<T: KeyedType, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Reading<T, K, V> {
    /// Joins another state. Both must be states of the same object.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn join(&mut self, other: &Self) -> Result<Applied<'_, T::Effect, K>, ApplyError> {
        self.apply(&other.delta_since(&self.vector()))
    }
}

impl<T: KeyedType, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Reading<T, K, V> {
    pub(in crate::optimized) fn decide(
        &mut self,
        author: &Author,
        key: &[u8],
        effect: T::Effect,
    ) -> Result<Performed<'_, Self>, OperationError> {
        let counter = self.decisions.decide(author, key, |_| effect)?;
        Ok(Performed::new(self, &author.origin, counter))
    }

    /// Writes a value, or none, under a key.
    pub(in crate::optimized) fn write_at(
        &mut self,
        author: &Author,
        key: &[u8],
        value: Option<&V>,
        effect: impl FnOnce(Option<Handle>) -> T::Effect,
    ) -> Result<Performed<'_, Self>, OperationError> {
        let value = value.map(V::to_bytes);
        let length = value.as_ref().map_or(0, |value| value.len());
        if length > LONGEST {
            return Err(OperationError::TooLong(length));
        }
        let counter = self
            .decisions
            .decide(author, key, |values| effect(value.map(|value| values.put(&value))))?;
        Ok(Performed::new(self, &author.origin, counter))
    }
}

impl<T: KeyedType, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Reading<T, K, V> {
    /// The first invariant of the state that does not hold: for tests and simulators. Cost: O(all that
    /// is stored).
    ///
    /// # Errors
    /// The invariant that does not hold, as text.
    pub fn debug_check(&self) -> Result<(), String> {
        self.decisions.debug_check()
    }

    /// The operations in the index by which changes are found: for tests. Cost: O(all of them).
    pub fn indexed(&self) -> impl Iterator<Item = IndexedDot<'_>> {
        self.decisions.indexed()
    }

    pub(crate) fn store(&self) -> &Decisions<T::Effect> {
        &self.decisions
    }

    pub(in crate::optimized) fn open_bytes(&self) -> Vec<Conflict<Vec<u8>>> {
        self.decisions.conflicts(|key| Some(key.to_vec())).collect()
    }

    pub(in crate::optimized) fn origins(&self) -> &Origins {
        &self.decisions.origins
    }

    pub(in crate::optimized) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.decisions.origins
    }

    pub(in crate::optimized) fn footprint(&self) -> usize {
        self.decisions.footprint()
    }

    pub(in crate::optimized) fn look(&mut self, at: TreePath) -> Subtree {
        self.decisions.look(at)
    }

    pub(in crate::optimized) fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        self.decisions.below(at, limit)
    }

    /// The state hash. Cost: O(keys changed since it was last asked for).
    pub fn state_hash(&mut self) -> StateHash {
        object_hashes(T::KIND, self.decisions.trees())
    }
}

impl<T: HasKeys, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Reading<T, K, V> {
    /// How many keys were ever decided on.
    pub fn ever(&self) -> usize {
        self.decisions.len()
    }

    /// The maximal decisions on the key.
    pub fn decisions(&self, key: &K) -> Vec<Decision<'_>> {
        self.decisions.listed(&key.to_bytes())
    }

    /// The open merge decisions, in the order in which their keys became known. Cost: O(keys that
    /// were ever contested).
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict<K::Ref<'_>>> {
        self.decisions.conflicts(K::from_bytes)
    }

    /// The keys on which the two states differ, in the order of their bytes. Decisions are compared,
    /// so a key may differ although both states answer the same. Cost: O(keys changed since
    /// the state hash was last asked for, and differences · log keys).
    pub fn difference<'a>(&'a mut self, other: &'a mut Self) -> Vec<K::Ref<'a>> {
        let keys = self.decisions.difference(&mut other.decisions);
        keys.into_iter().filter_map(K::from_bytes).collect()
    }
}

impl<T: KeyedType, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Reading<T, K, V> {
    /// What has been seen.
    pub fn vector(&self) -> Vector {
        self.decisions.vector()
    }

    /// A message that brings a receiver that has seen `since` up to this state.
    pub fn delta_since(&self, since: &Vector) -> TypedDelta<T::Effect, K, V> {
        TypedDelta::new(self.decisions.delta_since(since))
    }

    /// Applies a delta, and gives what it changed.
    ///
    /// # Errors
    /// Operations between this state and the delta's start are missing, or the delta is refused for
    /// another reason of [`ApplyError`]. Nothing changes then.
    pub fn apply(
        &mut self,
        delta: &TypedDelta<T::Effect, K, V>,
    ) -> Result<Applied<'_, T::Effect, K>, ApplyError> {
        // On the wire, a type with one key looks like one with many, so a delta of the one may be
        // passed to the other.
        if !T::HAS_KEYS && (delta.keyed.names.len() > 1 || !delta.keyed.keys.is_empty()) {
            return Err(ApplyError::OtherKeys);
        }
        let changes = self.decisions.apply(&delta.keyed)?;
        Ok(Applied::new(&self.decisions, changes))
    }

    pub(in crate::optimized) fn apply_whole(
        &mut self,
        delta: TypedDelta<T::Effect, K, V>,
    ) -> Result<Changes, ApplyError> {
        self.apply(&delta).map(|applied| applied.changes())
    }

    pub(in crate::optimized) fn apply_shared(
        &mut self,
        delta: &TypedDelta<T::Effect, K, V>,
    ) -> Result<(), ApplyError> {
        self.apply(delta).map(drop)
    }
}

impl<T: KeyedType, K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Replicated
    for Reading<T, K, V>
{
    type Delta = TypedDelta<T::Effect, K, V>;

    fn vector(&self) -> Vector {
        self.vector()
    }

    fn delta_since(&self, since: &Vector) -> Self::Delta {
        self.delta_since(since)
    }
}

impl<T: KeyedType, K: ?Sized, V: ?Sized> Clone for Reading<T, K, V> {
    fn clone(&self) -> Self {
        Self::of(self.decisions.clone())
    }
}

impl<T: KeyedType, K: ?Sized, V: ?Sized> Default for Reading<T, K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: KeyedType, K: ?Sized, V: ?Sized> std::fmt::Debug for Reading<T, K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.decisions.fmt(f)
    }
}
