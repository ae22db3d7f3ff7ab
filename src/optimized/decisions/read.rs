//! Queries: of one key, and of the whole store.
//!
//! Meaning: the reference's queries.
//! Laws: as there.
//! Cost: O(1) a key, but for its siblings; conflicts O(keys that have siblings).
//! Source: see the module above.

use super::{Decisions, Rule};
use crate::collect::Collect;
use crate::dot::Dot;
use crate::operation::DecisionId;
use crate::optimized::delta::{Effect, Record};
use crate::optimized::vector::Vector;
use std::collections::BTreeSet;

/// One decision, to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision<'a> {
    /// Its name, and who decided.
    pub id: DecisionId,
    /// When it was made; 0 where nothing is timed.
    pub timestamp: u64,
    /// Whether it is a removal or a deletion.
    pub is_removal: bool,
    /// The bytes of what it writes.
    pub value: Option<&'a [u8]>,
}

/// A conflict: concurrent decisions on one key that differ in effect, so that one is overruled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict<K> {
    /// On which key.
    pub key: K,
    /// The maximal decisions whose effect is the current one.
    pub kept: Vec<DecisionId>,
    /// The other maximal decisions.
    pub overruled: Vec<DecisionId>,
}

impl<K> Conflict<K> {
    /// The same conflict, with the key in another form.
    pub fn map<L>(self, key: impl FnOnce(K) -> L) -> Conflict<L> {
        let Self { key: old, kept, overruled } = self;
        Conflict { key: key(old), kept, overruled }
    }
}

/// An operation in the index by which changes are found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexedDot<'a> {
    /// Which operation.
    pub dot: Dot,
    /// The bytes of the key that it decided on.
    pub key: &'a [u8],
    /// Whether it is a creation dot of the key.
    pub is_creation: bool,
}

impl<E: Effect> Decisions<E> {
    /// The operations in the index by which changes are found, some of which may be stale.
    pub fn indexed(&self) -> impl Iterator<Item = IndexedDot<'_>> {
        (0..).zip(&self.dot_indexes).flat_map(move |(origin, dot_index)| {
            dot_index.after(0, usize::MAX).flatten().map(move |entry| {
                let (counter, key) = (entry.counter(), entry.key());
                IndexedDot {
                    dot: Dot { origin: self.origins.get(origin).clone(), counter },
                    key: self.key(key),
                    is_creation: dot_index.key_created_by(counter) == Some(key),
                }
            })
        })
    }

    /// What has been seen.
    pub fn vector(&self) -> Vector {
        self.origins.vector()
    }

    /// About how much memory it takes, in bytes.
    pub fn footprint(&self) -> usize {
        const KEY: usize = 32; // Its place, table entry, marks and entry in a dot index.
        let records = self.records.len() + 2 * self.siblings.len();
        let texts = self.keys.bytes() + self.values.bytes();
        records * (size_of::<Record<E>>() + KEY)
            + texts
            + 32 * self.authors.len()
            + self.audit_bytes()
    }

    /// The number of a key that was ever decided on.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        self.keys.find(key)
    }

    /// The key of a number.
    pub fn key(&self, key: u32) -> &[u8] {
        self.keys.get(key)
    }

    /// Whether the record wins over those that do not, where nothing is timed.
    pub fn prevails(&self, record: &Record<E>) -> bool {
        record.effect.is_removal() == (self.rule == Rule::RemoveWins)
    }

    /// The decision that has effect: the winner, or where nothing is timed one that prevails.
    pub fn current(&self, key: u32) -> &Record<E> {
        if E::IS_TIMED {
            return self.winner(key);
        }
        let greatest = self.maximal(key).max_by(|a, b| {
            let prevail = self.prevails(a).cmp(&self.prevails(b));
            prevail.then_with(|| self.view(a).cmp(&self.view(b)))
        });
        greatest.unwrap_or(&self.records[key as usize])
    }

    /// The record's name.
    pub fn dot(&self, record: &Record<E>) -> Dot {
        let origin = self.origins.get(self.authors.origin(record.author)).clone();
        Dot { origin, counter: record.counter }
    }

    /// The record as answers name it.
    pub fn id(&self, record: &Record<E>) -> DecisionId {
        let user = self.authors.user(record.author).clone();
        DecisionId { dot: self.dot(record), seq: record.seq, user }
    }

    fn decision(&self, record: &Record<E>) -> Decision<'_> {
        Decision {
            id: self.id(record),
            timestamp: record.effect.timestamp(),
            is_removal: record.effect.is_removal(),
            value: self.value(record),
        }
    }

    /// The maximal decisions on a key.
    pub fn listed(&self, key: &[u8]) -> Vec<Decision<'_>> {
        let listed = self.find(key).into_iter().flat_map(|number| self.maximal(number));
        listed.map(|record| self.decision(record)).collect()
    }

    /// The decision that has effect on a key.
    pub fn effective(&self, key: &[u8]) -> Option<Decision<'_>> {
        Some(self.decision(self.current(self.find(key)?)))
    }

    /// What a key has: nothing, or the bytes of its value (no bytes for an element of a set).
    pub fn effect(&self, key: &[u8]) -> Option<Vec<u8>> {
        let current = self.current(self.find(key)?);
        let value = || self.value(current).unwrap_or_default().to_vec();
        (!current.effect.is_removal()).then(value)
    }

    /// The bytes of the values that the maximal decisions on a key write, each once, in order.
    pub fn values_of(&self, key: u32) -> BTreeSet<&[u8]> {
        self.maximal(key).filter_map(|record| self.value(record)).into_set()
    }

    /// The greatest write to a key.
    pub fn won(&self, key: &[u8]) -> Option<Decision<'_>> {
        Some(self.decision(self.winner(self.find(key)?)))
    }

    /// Whether the record has the effect that the key has.
    fn is_kept(&self, record: &Record<E>, current: &Record<E>) -> bool {
        record.effect.is_removal() == current.effect.is_removal()
            && self.value(record) == self.value(current)
    }

    /// Whether the key has a conflict.
    pub fn is_open(&self, key: u32) -> bool {
        let current = self.current(key);
        self.rule != Rule::AllValues
            && self.siblings_of(key).is_some()
            && self.maximal(key).any(|record| !self.is_kept(record, current))
    }

    /// The conflicts, in the order in which their keys became known here.
    pub fn conflicts<'a, K>(
        &'a self,
        read: impl Fn(&'a [u8]) -> Option<K>,
    ) -> impl Iterator<Item = Conflict<K>> {
        let contested = self.siblings.iter().filter(|_| self.rule != Rule::AllValues);
        let mut keys: Vec<u32> = contested.map(|(_, siblings)| siblings.key).collect();
        keys.sort_unstable();
        keys.into_iter().filter_map(move |key| {
            let current = self.current(key);
            let ids = |is_kept: bool| {
                let listed = self.maximal(key);
                let listed = listed.filter(|record| self.is_kept(record, current) == is_kept);
                listed.map(|record| self.id(record)).collect::<Vec<_>>()
            };
            let (kept, overruled) = (ids(true), ids(false));
            let key = read(self.key(key))?;
            (!overruled.is_empty()).then_some(Conflict { key, kept, overruled })
        })
    }
}
