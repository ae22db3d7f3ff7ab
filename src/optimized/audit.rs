//! Audit: what an audit trail says of the operations of a delta, and what it answers.
//!
//! Meaning: a record says who decided what on a key, when, and which decisions it saw. It has the dot
//! of its decision, so the vector of the object says which records a replica has, and a delta of the
//! object carries those that its receiver lacks. The state hash does not cover records: a replica may
//! drop old ones, and every delta of it says which.
//! Laws: replicas that cut nothing and have one vector have the same records (tests/sync/audit.rs).
//! Cost: see [`decisions`](super::decisions); of an answer O(its records · log).
//! Source: this project.

use crate::collect::Collect;
use crate::dot::Dot;
use crate::operation::User;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The longest value that a record keeps, in bytes. Of a longer one it keeps a hash.
pub(crate) const LONGEST_VALUE: usize = 32;

/// How many bytes of the BLAKE3 hash of a longer value a record keeps.
const HASH: usize = 16;

/// The effects as one byte: a removal, an addition, the length of a value from here on, a hash.
const REMOVED: u8 = 0;
const ADDED: u8 = 1;
const WROTE: u8 = 2;
const WROTE_LONG: u8 = WROTE + LONGEST_VALUE as u8 + 1;

/// What a decision on record does to its key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AuditEffect {
    /// It removes an element, disables a flag, or deletes a value.
    Removed,
    /// It adds an element, or enables a flag.
    Added,
    /// It writes a value of at most 32 bytes: these.
    Wrote(Vec<u8>),
    /// It writes a longer value: the first 16 bytes of its BLAKE3 hash.
    WroteLong([u8; HASH]),
}

/// How many bytes belong to an effect; `None` where no effect has the code.
pub(crate) fn value_length(code: u8) -> Option<usize> {
    match code {
        REMOVED | ADDED => Some(0),
        WROTE_LONG => Some(HASH),
        WROTE.. => Some(usize::from(code - WROTE)).filter(|length| *length <= LONGEST_VALUE),
    }
}

/// The code of an effect, and the bytes that belong to it.
pub(super) fn effect_of(is_removal: bool, value: Option<&[u8]>) -> (u8, Cow<'_, [u8]>) {
    match value {
        _ if is_removal => (REMOVED, Cow::Borrowed(&[])),
        None => (ADDED, Cow::Borrowed(&[])),
        Some(value) if value.len() <= LONGEST_VALUE => {
            (WROTE + value.len() as u8, Cow::Borrowed(value))
        }
        Some(value) => {
            let hash = blake3::hash(value).as_bytes()[..HASH].to_vec();
            (WROTE_LONG, Cow::Owned(hash))
        }
    }
}

impl AuditEffect {
    /// The effect of a code and of the bytes that belong to it.
    pub(super) fn of(code: u8, value: &[u8]) -> Self {
        match (code, value.first_chunk()) {
            (REMOVED, _) => Self::Removed,
            (ADDED, _) => Self::Added,
            (WROTE_LONG, Some(hash)) => Self::WroteLong(*hash),
            _ => Self::Wrote(value.to_vec()),
        }
    }
}

/// A decision on record: who decided what, when, and which decisions it saw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRecord {
    /// The dot of the decision: at which replica it was made.
    pub dot: Dot,
    /// The bytes of the key; none for a register and a flag.
    pub key: Vec<u8>,
    /// Who decided, where known.
    pub user: Option<User>,
    /// When, in milliseconds since 1970, by the clock of that replica.
    pub time: u64,
    /// What it does.
    pub effect: AuditEffect,
    /// The latest decisions on the key that it saw, the effective one first.
    pub saw: Vec<Dot>,
}

impl AuditRecord {
    /// The key as text.
    pub fn key(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// The decisions on record of one object, or of one of its keys, by time, then by replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditTrail {
    /// Here, or at a replica from which records came, those from before this time were dropped, in
    /// milliseconds since 1970. `None` where nobody dropped any.
    pub cut_before: Option<u64>,
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Whether one of several concurrent decisions overrules the others.
    pub(super) overrules: bool,
}

/// Concurrent decisions on one key that differed in effect, until somebody who had seen all of them
/// decided again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditConflict<'a> {
    /// The decision that had effect.
    pub won: &'a AuditRecord,
    /// Those that it overruled.
    pub lost: Vec<&'a AuditRecord>,
    /// The decision that saw all of them.
    pub closed_by: &'a AuditRecord,
}

impl AuditTrail {
    /// The conflicts that a decision on record closed, in the order of these decisions. Of two
    /// decisions that saw the same, the first counts. A conflict whose winner is not on record is left
    /// out. Open conflicts are those of [`Replica::conflicts`](crate::Replica::conflicts).
    ///
    /// Cost: O(n log n), n being the records and all that each of them saw.
    pub fn conflicts(&self) -> Vec<AuditConflict<'_>> {
        let closing = self.records.iter().filter(|record| self.overrules && record.saw.len() > 1);
        let mut closed = BTreeSet::new();
        let closing: Vec<_> = closing
            .filter(|record| {
                let mut saw: Vec<&Dot> = record.saw.iter().collect();
                saw.sort_unstable();
                closed.insert(saw)
            })
            .collect();
        if closing.is_empty() {
            return Vec::new();
        }
        let known: BTreeMap<&Dot, &AuditRecord> =
            self.records.iter().map(|record| (&record.dot, record)).into_map();
        let conflict = |closed_by: &&'_ AuditRecord| {
            let mut saw = closed_by.saw.iter().map(|dot| known.get(dot).copied());
            let won = saw.next()??;
            let lost: Vec<_> = saw.flatten().filter(|record| record.effect != won.effect).collect();
            (!lost.is_empty()).then_some((won, lost))
        };
        closing
            .into_iter()
            .filter_map(|closed_by| {
                let (won, lost) = conflict(&closed_by)?;
                Some(AuditConflict { won, lost, closed_by })
            })
            .collect()
    }
}

/// A record in a delta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuditEntry {
    /// The counter of the decision.
    pub counter: u64,
    pub time: u64,
    /// Where its origin stands in the actor table of the delta's `seen`.
    pub place: u32,
    /// The number of its key among those that the delta lists.
    pub key: u32,
    /// 0 for nobody, or 1 and the number of the user.
    pub user: u32,
    /// How many decisions it saw.
    pub saw: u32,
    /// What it does: see [`value_length`].
    pub code: u8,
}

/// What an audit trail says of the operations of a delta. `delta_since` makes it, and so does
/// decoding, which checks what each field's comment promises.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditDelta {
    /// The time before which records were dropped; 0 where none of the delta's were.
    pub cut: u64,
    /// For each place where some were: up to which counter there may be such. By place, rising;
    /// outside `since`, inside `seen`.
    pub floors: Vec<(u32, u64)>,
    pub users: Vec<User>,
    /// By place and counter, rising; outside `since`, inside `seen`.
    pub entries: Vec<AuditEntry>,
    /// What they saw, one after the other: place and counter, inside `seen`.
    pub saw: Vec<(u32, u64)>,
    /// The bytes of their effects, one after the other.
    pub values: Vec<u8>,
}

/// Where the operations of a place from a counter on stand under new names: the first counter, the
/// place, and what is subtracted from a counter.
pub(super) type Spans = [(u64, u32, u64)];

impl AuditDelta {
    /// About how much memory it takes, in bytes.
    pub fn footprint(&self) -> usize {
        size_of_val(&*self.entries) + size_of_val(&*self.saw) + self.values.len()
    }

    /// Each entry with what it saw, and with the bytes of its effect.
    pub fn iter(&self) -> impl Iterator<Item = (&AuditEntry, &[(u32, u64)], &[u8])> {
        let (mut saw, mut values) = (&self.saw[..], &self.values[..]);
        self.entries.iter().map(move |entry| {
            let (its, rest) = saw.split_at(entry.saw as usize);
            saw = rest;
            let (value, rest) = values.split_at(value_length(entry.code).unwrap_or(0));
            values = rest;
            (entry, its, value)
        })
    }

    /// The same under new names. `None` where a name is missing.
    pub(super) fn renamed<'s>(
        &self,
        spans: impl Fn(u32) -> &'s Spans,
        moved: impl Fn(u32, u64) -> Option<(u32, u64)>,
    ) -> Option<Self> {
        let mut renamed = Self { cut: self.cut, users: self.users.clone(), ..Self::default() };
        for (place, floor) in &self.floors {
            let spans = spans(*place);
            for (at, (first, place, less)) in spans.iter().enumerate() {
                let end = spans.get(at + 1).map_or(u64::MAX, |(next, ..)| next - 1).min(*floor);
                if *first <= end {
                    renamed.floors.push((*place, end - less));
                }
            }
        }
        renamed.floors.sort_unstable();
        let mut all = Vec::with_capacity(self.entries.len());
        for (entry, saw, value) in self.iter() {
            let (place, counter) = moved(entry.place, entry.counter)?;
            all.push((AuditEntry { place, counter, ..*entry }, saw, value));
        }
        all.sort_unstable_by_key(|(entry, ..)| (entry.place, entry.counter));
        for (entry, saw, value) in all {
            renamed.entries.push(entry);
            for (place, counter) in saw {
                renamed.saw.push(moved(*place, *counter)?);
            }
            renamed.values.extend_from_slice(value);
        }
        Some(renamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_effect_is_read_back() {
        let long = [7; LONGEST_VALUE + 1];
        let values: [(bool, Option<&[u8]>, AuditEffect); 6] = [
            (true, None, AuditEffect::Removed),
            (true, Some(b"x"), AuditEffect::Removed),
            (false, None, AuditEffect::Added),
            (false, Some(b""), AuditEffect::Wrote(vec![])),
            (false, Some(&long[1..]), AuditEffect::Wrote(long[1..].to_vec())),
            (
                false,
                Some(&long),
                AuditEffect::WroteLong(*blake3::hash(&long).as_bytes().first_chunk().unwrap()),
            ),
        ];
        for (is_removal, value, expected) in values {
            let (code, bytes) = effect_of(is_removal, value);
            assert_eq!(value_length(code), Some(bytes.len()), "{expected:?}");
            assert_eq!(AuditEffect::of(code, &bytes), expected);
        }
        assert_eq!(value_length(WROTE_LONG + 1), None);
        assert_eq!(value_length(u8::MAX), None);
    }
}
