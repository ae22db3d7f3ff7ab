//! Inspection: an object of any type, by the bytes of a key.
//!
//! Meaning: that of the type's own queries. For a sync, which names differing records, and for
//! showing merge decisions.
//! Laws: none.
//! Cost: O(1) a key; places of the state hash as there.
//! Source: this project.

use super::audit::AuditTrail;
use super::canonical_bytes::CanonicalBytes;
use super::decisions::Decision;
use super::delta::{Effect, Name, Record, TypedDelta};
use super::log::LogDelta;
use super::replica::{Delta, Object, each, keyed};
use super::state_hash::{KeyAndBody, Subtree, TreePath};
use crate::collect::Collect;
use crate::dot::Dot;
use crate::object::ObjectType;
use crate::operation::DecisionId;
use std::collections::BTreeSet;

impl Object {
    /// The maximal decisions on a key, by its bytes; of a register or a flag the key has none.
    /// Counters, logs and the registers of integers have no decisions.
    pub fn decisions(&self, key: &[u8]) -> Vec<Decision<'_>> {
        keyed!(Object, self, state => state.store().listed(key), Vec::new())
    }

    /// The effective decision on a key, by its bytes; one of them, if all are effective.
    pub fn effective(&self, key: &[u8]) -> Option<Decision<'_>> {
        keyed!(Object, self, state => state.store().effective(key), None)
    }

    /// What a key has, by its bytes: `None`, or the bytes of its value (of one of several concurrent
    /// values; no bytes for an element of a set and an enabled flag).
    pub fn effect(&self, key: &[u8]) -> Option<Vec<u8>> {
        keyed!(Object, self, state => state.store().effect(key), None)
    }

    /// What a query answers for a key, by its bytes: as [`effect`](Self::effect), but concurrent values
    /// are an array in canonical JSON.
    pub(crate) fn shown(&self, key: &[u8]) -> Option<Vec<u8>> {
        if !matches!(self.kind(), ObjectType::MvRegister | ObjectType::MvMap) {
            return self.effect(key);
        }
        let written = self.decisions(key).into_iter().filter_map(|decision| decision.value);
        let values: BTreeSet<&[u8]> = written.into_set();
        let values: Vec<&[u8]> = values.into_iter().collect();
        (!values.is_empty()).then(|| [&b"["[..], &values.join(&b","[..]), b"]"].concat())
    }

    /// Whether a maximal decision on a key differs from the effective one.
    pub(crate) fn is_contested(&self, key: &[u8]) -> bool {
        let effect =
            |decision: &Decision<'_>| (decision.is_removal, decision.value.map(<[u8]>::to_vec));
        let current = self.effective(key).as_ref().map(effect);
        self.kind().has_decisions()
            && current.is_some_and(|current| {
                self.decisions(key).iter().any(|decision| effect(decision) != current)
            })
    }

    /// The decisions on record of one key, by its bytes, or of all keys; none for a type without
    /// decisions. Cost: O(n log n), n being the records that it gives.
    pub fn audit_trail(&self, key: Option<&[u8]>) -> AuditTrail {
        let overrules = self.kind().has_decisions();
        let none = AuditTrail { cut_before: None, records: Vec::new(), overrules };
        keyed!(Object, self, state => state.store().audit_trail(key, overrules), none)
    }

    /// When a decision was made, in milliseconds since 1970, if it is on record. Cost: O(log records).
    pub fn audited_at(&self, dot: &Dot) -> Option<u64> {
        keyed!(Object, self, state => state.store().audited_at(dot), None)
    }

    /// Drops the records of decisions from before a time, in milliseconds since 1970, and gives how
    /// many these were. It drops them here only and for good: none comes back from others, and a
    /// replica that learns of such a decision from here learns that its record was dropped. Cost:
    /// O(records).
    pub fn cut_audit(&mut self, before: u64) -> usize {
        keyed!(Object, self, state => state.decisions.cut_audit(before), 0)
    }

    /// The keys that a delta lists; none for a type without decisions, or for a delta that would be refused.
    pub(crate) fn keys_of(&self, delta: &Delta) -> Vec<Vec<u8>> {
        match (self, delta) {
            (Self::LwwRegister(state), Delta::LwwRegister(delta)) => {
                state.store().keys_of(&delta.keyed)
            }
            (Self::OrSet(state), Delta::OrSet(delta)) => state.store().keys_of(&delta.keyed),
            (Self::LwwMap(state), Delta::LwwMap(delta)) => state.store().keys_of(&delta.keyed),
            (Self::RwSet(state), Delta::RwSet(delta)) => state.store().keys_of(&delta.keyed),
            (Self::EwFlag(state), Delta::EwFlag(delta)) => state.store().keys_of(&delta.keyed),
            (Self::DwFlag(state), Delta::DwFlag(delta)) => state.store().keys_of(&delta.keyed),
            (Self::MvRegister(state), Delta::MvRegister(delta)) => {
                state.store().keys_of(&delta.keyed)
            }
            (Self::MvMap(state), Delta::MvMap(delta)) => state.store().keys_of(&delta.keyed),
            _ => Vec::new(),
        }
    }

    /// The first invariant of the state that does not hold: for tests and simulators. Cost: O(all that
    /// is stored).
    ///
    /// # Errors
    /// The invariant that does not hold, as text.
    pub fn debug_check(&self) -> Result<(), String> {
        keyed!(Object, self, state => state.debug_check(), Ok(()))
    }

    /// What a tree of the state hash has at a place.
    pub(crate) fn look(&mut self, at: TreePath) -> Subtree {
        each!(Object, self, state => state.look(at))
    }

    /// The first records below a place of the state hash, `limit` of them at most.
    pub(crate) fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        each!(Object, self, state => state.below(at, limit))
    }
}

/// What a delta lists of one key: for tests and for tools that show messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedKey<'a> {
    /// How the delta names it.
    pub name: ListedName<'a>,
    /// The maximal decisions outside of what the receiver has seen.
    pub maximal: Vec<Decision<'a>>,
    /// The other maximal decisions, by name alone.
    pub kept: Vec<Dot>,
    /// The greatest write, where it is not maximal, and outside of what the receiver has seen.
    pub winner: Option<Decision<'a>>,
    /// The creation dots outside of what the receiver has seen.
    pub creation_dots: Vec<Dot>,
}

/// How a delta names a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListedName<'a> {
    /// By a creation dot, which the receiver has seen.
    CreationDot(Dot),
    /// By its bytes; that of a register or a flag has none.
    Bytes(&'a [u8]),
}

impl<E: Effect, K: ?Sized, V: ?Sized> TypedDelta<E, K, V> {
    /// What it lists, key by key. Cost: O(all that it lists).
    pub fn listed(&self) -> Vec<ListedKey<'_>> {
        let delta = &self.keyed;
        let origins = delta.seen.actor_table().origins();
        let dot = |place: u32, counter| Dot { origin: origins[place as usize].clone(), counter };
        let decision = |record: &Record<E>| {
            let author = &delta.authors[record.author as usize];
            let id = DecisionId {
                dot: dot(author.place, record.counter),
                seq: record.seq,
                user: author.user.clone(),
            };
            Decision {
                id,
                timestamp: record.effect.timestamp(),
                is_removal: record.effect.is_removal(),
                value: record.effect.value().map(|handle| delta.values.get(handle)),
            }
        };
        let row = |(name, first): (&Name, &Record<E>)| {
            let name = match *name {
                Name::CreationDot { place, counter } => {
                    ListedName::CreationDot(dot(place, counter))
                }
                Name::Bytes { at, length } => {
                    ListedName::Bytes(&delta.keys[at as usize..][..length as usize])
                }
            };
            let maximal = vec![decision(first)];
            let (kept, winner, creation_dots) = (Vec::new(), None, Vec::new());
            ListedKey { name, maximal, kept, winner, creation_dots }
        };
        let mut listed: Vec<ListedKey<'_>> =
            delta.names.iter().zip(&delta.first).map(row).collect();
        for (key, record) in &delta.others {
            listed[*key as usize].maximal.push(decision(record));
        }
        for (key, record) in &delta.winners {
            listed[*key as usize].winner = Some(decision(record));
        }
        for (key, place, counter) in &delta.kept {
            listed[*key as usize].kept.push(dot(*place, *counter));
        }
        for (key, place, counter) in &delta.creation_dots {
            listed[*key as usize].creation_dots.push(dot(*place, *counter));
        }
        // What was created by its first record, and by nothing else, does not list that.
        for key in &mut listed {
            if matches!(key.name, ListedName::Bytes(_)) && key.creation_dots.is_empty() {
                key.creation_dots.push(key.maximal[0].id.dot.clone());
            }
        }
        listed
    }
}

/// An entry that the delta of a log lists: for tests and for tools that show messages.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ListedEntry {
    /// Its name.
    pub dot: Dot,
    /// Its place among the operations of its replica, from 1.
    pub seq: u64,
    /// When it was appended, by the clock of its replica.
    pub timestamp: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<V: CanonicalBytes + ?Sized> LogDelta<V> {
    /// What it lists, entry by entry. Cost: O(all that it lists).
    pub fn listed(&self) -> Vec<ListedEntry> {
        let origins = self.seen.actor_table().origins();
        let dots = self.seen.beyond(&self.since).flat_map(|(place, before, until)| {
            let dot = move |counter| Dot { origin: origins[place].clone(), counter };
            (before + 1..=until).map(dot)
        });
        let bytes: Vec<u8> = self.bytes.iter().flatten().copied().collect();
        let mut rest = &bytes[..];
        let lengths = self.lengths.iter().map(|length| *length as usize);
        let entries = dots.zip(lengths).zip(self.seqs.iter().zip(&self.timestamps));
        let entry = |((dot, length), (seq, timestamp)): ((Dot, usize), (&u64, &u64))| {
            let (bytes, others) = rest.split_at(length);
            rest = others;
            ListedEntry { dot, seq: *seq, timestamp: *timestamp, bytes: bytes.to_vec() }
        };
        entries.map(entry).collect()
    }
}
