//! Changes: what applying a delta did to the keys of a store.
//!
//! Meaning: which keys changed, which decision lost its effect there, and whether a conflict is left.
//! Laws: as a comparison of the queries before and after (tests/engines/optimized/mod.rs).
//! Cost: O(keys changed).
//! Source: this project.

use super::canonical_bytes::CanonicalBytes;
use super::decisions::Decisions;
use super::delta::{Effect, Record};
use super::openings::Healed;
use super::vector::Vector;
use crate::operation::DecisionId;
use std::marker::PhantomData;

/// What a delta changed in one object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// How many keys, entries or shares changed; of a max- or min-register 1 where a write is new,
    /// also one that leaves the integer as it is.
    pub changed: usize,
    /// The decisions that were effective before and no longer are, with the bytes of their keys.
    pub overruled: Vec<(Vec<u8>, DecisionId)>,
    /// The forks that were found here, and repaired.
    pub healed: Vec<Healed>,
    /// If operations were renamed, here or in the delta: what this replica had seen before, under the
    /// new names.
    pub renamed: Option<Vector>,
    /// What the sender had seen, under the new names.
    pub seen: Option<Vector>,
}

impl Changes {
    pub(super) fn of(changed: usize) -> Self {
        Self { changed, ..Self::default() }
    }
}

/// What a join did to one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<E> {
    /// The key's number.
    pub key: u32,
    /// The decision that was effective before and no longer is.
    pub overruled: Option<Record<E>>,
}

/// What a delta changed; a caller may ignore it.
#[derive(Debug)]
pub struct Applied<'a, E, K: ?Sized> {
    store: &'a Decisions<E>,
    changes: Vec<Change<E>>,
    keys: PhantomData<fn(&K)>,
}

/// What a delta did to one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange<K> {
    /// The key.
    pub key: K,
    /// The decision that was effective before and no longer is.
    pub overruled: Option<DecisionId>,
    /// Whether the key is an open merge decision now.
    pub is_open: bool,
}

impl<'a, E: Effect, K: CanonicalBytes + ?Sized> Applied<'a, E, K> {
    pub(super) fn new(store: &'a Decisions<E>, changes: Vec<Change<E>>) -> Self {
        Self { store, changes, keys: PhantomData }
    }

    /// How many keys changed.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The same, as a replica reports it.
    pub(super) fn changes(&self) -> Changes {
        let overruled = self.changes.iter().filter_map(|change| {
            let record = change.overruled?;
            Some((self.store.key(change.key).to_vec(), self.store.id(&record)))
        });
        let (changed, overruled) = (self.changes.len(), overruled.collect());
        Changes { changed, overruled, ..Changes::default() }
    }

    /// The keys whose decisions changed, in the order of the delta.
    pub fn iter(&self) -> impl Iterator<Item = KeyChange<K::Ref<'a>>> {
        let store = self.store;
        self.changes.iter().filter_map(move |change| {
            Some(KeyChange {
                key: K::from_bytes(store.key(change.key))?,
                overruled: change.overruled.map(|record| store.id(&record)),
                is_open: store.is_open(change.key),
            })
        })
    }
}
