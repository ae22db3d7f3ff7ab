//! Inspection: what an object holds under a key, by the bytes of the key, whatever its type.
//!
//! Meaning: that of the type's own queries. For a sync, which names differing records, and for
//! showing merge decisions.
//! Laws: none of its own.
//! Cost: O(1) a key; places of the state hash as there.
//! Source: this project.

use super::canonical_bytes::CanonicalBytes;
use super::decisions::Decision;
use super::replica::{Delta, Object};
use super::state_hash::{KeyAndBody, Subtree, TreePath};

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> Object<K, V> {
    /// The maximal decisions on a key, by its bytes; of a register, whose key has none, its maximal
    /// writes. Counters and logs have no decisions.
    pub fn decisions(&self, key: &[u8]) -> Vec<Decision<'_>> {
        match self {
            Self::GCounter(_) | Self::Log(_) => Vec::new(),
            Self::LwwRegister(state) => state.store().listed(key),
            Self::OrSet(state) => state.store().listed(key),
            Self::LwwMap(state) => state.store().listed(key),
        }
    }

    /// The decision that has effect on a key, by its bytes.
    pub fn effective(&self, key: &[u8]) -> Option<Decision<'_>> {
        match self {
            Self::GCounter(_) | Self::Log(_) => None,
            Self::LwwRegister(state) => state.store().effective(key),
            Self::OrSet(state) => state.store().effective(key),
            Self::LwwMap(state) => state.store().effective(key),
        }
    }

    /// What a key has, by its bytes: `None`, or the bytes of its value; an element of a set, no
    /// bytes.
    pub fn effect(&self, key: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::GCounter(_) | Self::Log(_) => None,
            Self::LwwRegister(state) => state.store().effect(key),
            Self::OrSet(state) => state.store().effect(key),
            Self::LwwMap(state) => state.store().effect(key),
        }
    }

    /// The keys that a delta lists. Of a counter, a log, or a delta that does not fit: none.
    pub(crate) fn keys_of(&self, delta: &Delta<K, V>) -> Vec<Vec<u8>> {
        match (self, delta) {
            (Self::LwwRegister(state), Delta::LwwRegister(delta)) => {
                state.store().keys_of(&delta.keyed)
            }
            (Self::OrSet(state), Delta::OrSet(delta)) => state.store().keys_of(&delta.keyed),
            (Self::LwwMap(state), Delta::LwwMap(delta)) => state.store().keys_of(&delta.keyed),
            _ => Vec::new(),
        }
    }

    /// The first invariant of the state that does not hold: for tests and simulators. Cost: O(all that
    /// is stored).
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn debug_check(&self) -> Result<(), String> {
        match self {
            Self::GCounter(_) | Self::Log(_) => Ok(()),
            Self::LwwRegister(state) => state.debug_check(),
            Self::OrSet(state) => state.debug_check(),
            Self::LwwMap(state) => state.debug_check(),
        }
    }

    /// What a tree of the state hash has at a place.
    pub(crate) fn look(&mut self, at: TreePath) -> Subtree {
        match self {
            Self::GCounter(state) => state.look(at),
            Self::LwwRegister(state) => state.store_mut().look(at),
            Self::OrSet(state) => state.store_mut().look(at),
            Self::LwwMap(state) => state.store_mut().look(at),
            Self::Log(state) => state.look(at),
        }
    }

    /// The first records below a place of the state hash, `limit` of them at most.
    pub(crate) fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        match self {
            Self::GCounter(state) => state.below(at, limit),
            Self::LwwRegister(state) => state.store_mut().below(at, limit),
            Self::OrSet(state) => state.store_mut().below(at, limit),
            Self::LwwMap(state) => state.store_mut().below(at, limit),
            Self::Log(state) => state.below(at, limit),
        }
    }
}
