//! LWW-Map: values by key; each key is an LWW-register of its own.
//!
//! Meaning: that of the reference's LWW-map. To delete is a write without a value.
//! Laws: those of the store of decisions, and the winner of each key.
//! Cost: writing, asking O(1); a delta O(changes); a key once used is never forgotten: besides its
//! own bytes and its value's it takes about 80.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 8, by key.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, lww_map::LwwMap};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let mut client = LwwMap::<str, str>::new();
//! client.delete(&author("client", 1), "orders.total", 1706789400)?;
//! let mut server = LwwMap::new();
//! server.put(&author("server", 1), "orders.total", "DECIMAL(10,2)", 1706789300)?;
//!
//! client.apply(&server.delta_since(&client.vector()))?;
//! assert_eq!(client.get("orders.total"), None);
//! assert_eq!(client.conflicts().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::apply_error::ApplyError;
use super::arena::LONGEST;
use super::canonical_bytes::CanonicalBytes;
use super::changes::Applied;
use super::decisions::{Conflict, Decision, Decisions};
use super::delta::{Effect, Performed, Replicated, TypedDelta, Types, Write};
use super::state_hash::{Trees, object_hashes};
use super::vector::{Origins, Vector};
use super::{Author, OperationError, StateHash};
use std::marker::PhantomData;

/// What brings another replica's map up to date.
pub type Delta<K, V> = TypedDelta<Write, K, V>;

/// The latest writes to every key, and the one that wins.
pub struct LwwMap<K: ?Sized, V: ?Sized> {
    decisions: Decisions<Write>,
    types: Types<K, V>,
}

impl<K: ?Sized, V: ?Sized> LwwMap<K, V> {
    fn of(decisions: Decisions<Write>) -> Self {
        Self { decisions, types: PhantomData }
    }

    /// A map that nothing was written to.
    pub fn new() -> Self {
        Self::of(Decisions::default())
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> LwwMap<K, V> {
    /// Applies all that the other map has seen. Both must be replicas of the same object.
    pub fn join(&mut self, other: &Self) -> Result<Applied<'_, Write, K>, ApplyError> {
        self.apply(&other.delta_since(&self.vector()))
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> LwwMap<K, V> {
    /// Sets the key's value, if no write to it with a greater stamp was or will be seen.
    pub fn put(
        &mut self,
        author: &Author,
        key: &K,
        value: &V,
        timestamp: u64,
    ) -> Result<Performed<'_, Self>, OperationError> {
        let value = value.to_bytes();
        if value.len() > LONGEST {
            return Err(OperationError::TooLong(value.len()));
        }
        let counter = self.decisions.decide(author, &key.to_bytes(), |values| {
            Write::new(timestamp, Some(values.put(&value)))
        })?;
        Ok(Performed::new(self, &author.origin, counter))
    }

    /// Deletes the key, if no write to it with a greater stamp was or will be seen.
    pub fn delete(
        &mut self,
        author: &Author,
        key: &K,
        timestamp: u64,
    ) -> Result<Performed<'_, Self>, OperationError> {
        let write = Write::new(timestamp, None);
        let counter = self.decisions.decide(author, &key.to_bytes(), |_| write)?;
        Ok(Performed::new(self, &author.origin, counter))
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> LwwMap<K, V> {
    /// The key's value; `None` where nothing was written or it was deleted.
    pub fn get(&self, key: &K) -> Option<V::Ref<'_>> {
        self.value(self.decisions.find(&key.to_bytes())?)
    }

    fn value(&self, number: u32) -> Option<V::Ref<'_>> {
        V::from_bytes(self.decisions.value(self.decisions.winner(number))?)
    }

    /// When the write was made that wins under the key, deletions included.
    pub fn timestamp(&self, key: &K) -> Option<u64> {
        let winner = self.decisions.winner(self.decisions.find(&key.to_bytes())?);
        Some(winner.effect.timestamp())
    }

    /// The keys that are not deleted, with their values, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (K::Ref<'_>, V::Ref<'_>)> {
        (0..self.decisions.len() as u32).filter_map(|number| {
            Some((K::from_bytes(self.decisions.key(number))?, self.value(number)?))
        })
    }

    /// How many keys have a value. Cost: O(keys ever used).
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no key has a value.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many keys were ever written to.
    pub fn ever(&self) -> usize {
        self.decisions.len()
    }

    /// The maximal decisions on the key.
    pub fn decisions(&self, key: &K) -> Vec<Decision<'_>> {
        self.decisions.listed(&key.to_bytes())
    }

    /// The greatest write ever seen to the key.
    pub fn winner(&self, key: &K) -> Option<Decision<'_>> {
        self.decisions.won(&key.to_bytes())
    }

    /// The open merge decisions, in the order in which their keys became known. Cost: O(keys that
    /// were ever contested).
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict<K::Ref<'_>>> {
        self.decisions.conflicts(K::from_bytes)
    }

    /// The first invariant of the state that does not hold: for tests and simulators. Cost: O(all that
    /// is stored).
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn debug_check(&self) -> Result<(), String> {
        self.decisions.debug_check()
    }

    pub(super) fn trees(&mut self) -> &Trees {
        self.decisions.trees()
    }

    pub(super) fn store(&self) -> &Decisions<Write> {
        &self.decisions
    }

    pub(super) fn store_mut(&mut self) -> &mut Decisions<Write> {
        &mut self.decisions
    }

    pub(super) fn open_bytes(&self) -> Vec<Conflict<Vec<u8>>> {
        self.decisions.conflicts(|key| Some(key.to_vec())).collect()
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.decisions.origins
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.decisions.origins
    }

    pub(super) fn footprint(&self) -> usize {
        self.decisions.footprint()
    }

    /// The state hash. Cost: O(keys changed since it was last asked for).
    pub fn state_hash(&mut self) -> StateHash {
        object_hashes(4, self.decisions.trees())
    }

    /// The keys of which the two maps do not say the same, in the order of their bytes: by their
    /// writes, so that they may differ where both have the same value. Cost: O(keys changed since
    /// the state hash was last asked for, and differences · log keys).
    pub fn difference<'a>(&'a mut self, other: &'a mut Self) -> Vec<K::Ref<'a>> {
        let keys = self.decisions.difference(&mut other.decisions);
        keys.into_iter().filter_map(K::from_bytes).collect()
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> LwwMap<K, V> {
    /// What has been seen.
    pub fn vector(&self) -> Vector {
        self.decisions.vector()
    }

    /// A message that brings a receiver that has seen `since` up to this state.
    pub fn delta_since(&self, since: &Vector) -> Delta<K, V> {
        TypedDelta::new(self.decisions.delta_since(since))
    }

    /// Applies a delta, and gives what it changed.
    ///
    /// # Errors
    /// Operations between this state and the delta's start are missing, or the delta does not fit for
    /// another reason of [`ApplyError`]. Nothing changes then.
    pub fn apply(&mut self, delta: &Delta<K, V>) -> Result<Applied<'_, Write, K>, ApplyError> {
        let changes = self.decisions.apply(&delta.keyed)?;
        Ok(Applied::new(&self.decisions, changes))
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Replicated for LwwMap<K, V> {
    type Delta = Delta<K, V>;

    fn vector(&self) -> Vector {
        self.vector()
    }

    fn delta_since(&self, since: &Vector) -> Delta<K, V> {
        self.delta_since(since)
    }
}

impl<K: ?Sized, V: ?Sized> Clone for LwwMap<K, V> {
    fn clone(&self) -> Self {
        Self::of(self.decisions.clone())
    }
}

impl<K: ?Sized, V: ?Sized> Default for LwwMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: ?Sized, V: ?Sized> std::fmt::Debug for LwwMap<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.decisions.fmt(f)
    }
}
