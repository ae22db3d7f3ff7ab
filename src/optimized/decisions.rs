//! Decisions: the maximal decisions on every key, and the write that wins.
//!
//! Meaning: that of the reference's decisions and, where writes are timed, the greatest write ever
//! seen. Nearly every key has one maximal decision: a record in a plain array. Further siblings, and
//! a winner that is not maximal, are in a side table.
//! Laws: as the reference (tests/engines/optimized/mod.rs; of a model, proved in spec/). What must hold of a
//! store is checked by `debug_check`, in check.rs.
//! Cost: deciding and applying O(1) a key, but for what the key has in siblings and creation dots;
//! `delta_since` O(changes).
//! Source: see the reference; the layout is this project's.
//!
//! Registers, sets, flags and maps are readings of this store ([`Reading`]). It has one file a concern: `write` decides,
//! `apply` joins a delta, `diff` makes one, `pieces` cuts one, `names` finds the keys that a delta lists, `read` answers,
//! `hash` feeds the state hash, `audit` has who decided what and when, `check` holds the invariants. This file has what they share.

mod apply;
mod audit;
mod authors;
mod check;
mod creation;
mod diff;
mod dot_index;
mod hash;
mod names;
mod pieces;
mod read;
mod reading;
mod write;

use super::arena::{BLOCK, Handle, Keys, Table, Values, prefetch};
use super::delta::{Effect, Record};
use super::state_hash::Trees;
use super::vector::Origins;
use crate::dot::Origin;
use crate::operation::User;
use audit::Audit;
use authors::Authors;
use creation::{Chain, CreationDots, LocalDot, LocalDots};
use dot_index::DotIndex;
use hashbrown::HashMap;
pub use read::{Conflict, Decision, IndexedDot};
pub(super) use reading::KEY;
pub use reading::{HasKeys, KeyedType, Reading};
use slab::Slab;
use smallvec::SmallVec;
use std::cmp::Ordering;

/// What a record in the array cannot hold; few keys have it.
#[derive(Clone, Debug)]
struct Siblings<E> {
    /// The key's number.
    key: u32,
    creation_dots: Chain,
    /// The maximal decisions besides the one in the array.
    maximal: SmallVec<[Record<E>; 2]>,
    /// The winner, if it is not maximal.
    winner: Option<Record<E>>,
}

/// Where a key's siblings are, or else its creation dots where its record is not the only one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Marks(u32);

impl Marks {
    const SIBLINGS: u32 = 1;

    /// Whether the key has an entry in the side table; its creation dots are listed there then.
    fn has_siblings(self) -> bool {
        self.0 & Self::SIBLINGS != 0
    }

    /// The place in the side table; or the creation dots, 0 where the record is the only one.
    fn link(self) -> u32 {
        self.0 >> 1
    }

    fn siblings_at(at: u32) -> Self {
        Self(at << 1 | Self::SIBLINGS)
    }

    fn creation_dots_at(chain: Chain) -> Self {
        Self(chain << 1)
    }
}

/// The greatest number of maximal decisions on one key: a delta that may lead to more is refused.
pub(crate) const MOST_MAXIMAL: usize = 1 << 16;

/// Which of the maximal decisions on a key has effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The greatest write ever seen, maximal or not.
    LastWriteWins,
    /// An addition, where there is one.
    AddWins,
    /// A removal, where there is one.
    RemoveWins,
    /// All of them.
    AllValues,
}

/// The maximal decisions on every key, and the winners.
#[derive(Clone, Debug)]
pub(crate) struct Decisions<E> {
    rule: Rule,
    pub(super) origins: Origins,
    authors: Authors,
    /// By number of the origin.
    dot_indexes: Vec<DotIndex>,
    /// The origins whose dot indexes are to be compacted.
    overdue: Vec<u32>,
    keys: Keys,
    /// By number of the key: one of its maximal decisions.
    records: Table<Record<E>>,
    marks: Table<Marks>,
    siblings: Slab<Siblings<E>>,
    /// An upper bound of the siblings of a key, not counting the one in the array.
    most_siblings: usize,
    creation_dots: CreationDots,
    values: Values,
    trees: Trees,
    /// The records of decisions, once there is one.
    audit: Option<Box<Audit>>,
}

impl<E> Decisions<E> {
    /// The store of an object that nothing was done to.
    fn new(rule: Rule) -> Self {
        Self {
            rule,
            origins: Origins::default(),
            authors: Authors::default(),
            dot_indexes: Vec::new(),
            overdue: Vec::new(),
            keys: Keys::default(),
            records: Table::default(),
            marks: Table::default(),
            siblings: Slab::new(),
            most_siblings: 0,
            creation_dots: CreationDots::default(),
            values: Values::default(),
            trees: Trees::default(),
            audit: None,
        }
    }
}

/// One record of a store or a delta, in a form that compares across both.
struct View<'a, E> {
    record: &'a Record<E>,
    origin: &'a Origin,
    user: &'a Option<User>,
    value: Option<&'a [u8]>,
}

impl<E: Effect> View<'_, E> {
    /// The order of writes: by timestamp, replica, seq and effect, then by what is left.
    fn cmp(&self, other: &Self) -> Ordering {
        // A tombstone compares as its canonical bytes would.
        fn effect<'a, E>(view: &View<'a, E>) -> (&'a [u8], bool) {
            (view.value.unwrap_or(b"null"), view.value.is_some())
        }
        let (ours, theirs) = (self.record, other.record);
        ours.effect
            .timestamp()
            .cmp(&theirs.effect.timestamp())
            .then_with(|| self.origin.replica.cmp(&other.origin.replica))
            .then_with(|| ours.seq.cmp(&theirs.seq))
            .then_with(|| match (self.value, other.value) {
                (None, None) => Ordering::Equal,
                _ => effect(self).cmp(&effect(other)),
            })
            .then_with(|| self.origin.incarnation.cmp(&other.origin.incarnation))
            .then_with(|| ours.counter.cmp(&theirs.counter))
            .then_with(|| self.user.cmp(other.user))
    }
}

// What is known of a key.
impl<E: Effect> Decisions<E> {
    /// How many keys were ever decided on. Their numbers are below this.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The maximal decisions on the key.
    pub fn maximal(&self, key: u32) -> impl Iterator<Item = &Record<E>> {
        let siblings = self.siblings_of(key).map_or(&[][..], |siblings| &siblings.maximal);
        std::iter::once(&self.records[key as usize]).chain(siblings)
    }

    /// The greatest write ever seen to the key; where nothing is timed, one of the maximal ones.
    pub fn winner(&self, key: u32) -> &Record<E> {
        let first = &self.records[key as usize];
        let Some(siblings) = self.siblings_of(key) else {
            return first;
        };
        let greater = |a, b| if self.view(a).cmp(&self.view(b)).is_ge() { a } else { b };
        let apart = siblings.winner.as_ref();
        apart.unwrap_or_else(|| siblings.maximal.iter().fold(first, greater))
    }

    /// The value that the record writes.
    pub fn value(&self, record: &Record<E>) -> Option<&[u8]> {
        record.effect.value().map(|handle| self.values.get(handle))
    }

    fn siblings_of(&self, key: u32) -> Option<&Siblings<E>> {
        self.siblings_at(self.marks[key as usize])
    }

    fn siblings_at(&self, marks: Marks) -> Option<&Siblings<E>> {
        marks.has_siblings().then(|| &self.siblings[marks.link() as usize])
    }

    /// Whether the key has so many maximal decisions that they should not be walked often.
    fn has_many(&self, key: u32) -> bool {
        self.siblings_of(key).is_some_and(|siblings| siblings.maximal.len() > LocalDots::FEW)
    }

    /// The creation dots that are listed; 0 where the record is the only one.
    fn chain(&self, key: u32) -> Chain {
        let marks = self.marks[key as usize];
        self.siblings_at(marks).map_or(marks.link(), |siblings| siblings.creation_dots)
    }

    /// The creation dots that are listed.
    fn creation_dots(&self, key: u32) -> impl Iterator<Item = LocalDot> {
        self.creation_dots.of(self.chain(key))
    }

    /// The record as the store names it.
    fn local_dot(&self, record: &Record<E>) -> LocalDot {
        (self.authors.origin(record.author), record.counter)
    }

    fn view<'a>(&'a self, record: &'a Record<E>) -> View<'a, E> {
        View {
            record,
            origin: self.origins.get(self.authors.origin(record.author)),
            user: self.authors.user(record.author),
            value: self.value(record),
        }
    }

    /// Brings what is known of these keys into the cache, [`BLOCK`] of them at most. Keys that a delta
    /// has just named may have no record yet.
    #[inline]
    fn prefetch_decisions(&self, keys: impl Iterator<Item = u32>) {
        let length = self.len() as u32;
        let keys: SmallVec<[u32; BLOCK]> = keys.filter(|key| *key < length).collect();
        prefetch(keys.iter().map(|key| &self.records[*key as usize]), |record| {
            // Something from either end, since it may lie in two lines of the cache.
            let length = record.effect.value().map_or(0, Handle::len) as u64;
            record.counter ^ length ^ u64::from(record.author)
        });
        let marks: SmallVec<[Marks; BLOCK]> =
            keys.iter().map(|key| self.marks[*key as usize]).collect();
        let siblings = marks.iter().filter_map(|marks| self.siblings_at(*marks));
        prefetch(siblings, |siblings| siblings.creation_dots.into());
    }

    /// Brings one creation dot of each of these keys into the cache, [`BLOCK`] of them at most.
    #[inline]
    fn prefetch_creation_dots(&self, keys: impl Iterator<Item = u32>) {
        let length = self.len() as u32;
        let chains = keys.filter(|key| *key < length).map(|key| self.chain(key));
        let links = chains.filter_map(|chain| self.creation_dots.link(chain));
        prefetch(links, |link| link.origin.into());
    }
}

// What changes, for those who decide and apply.
impl<E: Effect> Decisions<E> {
    /// Lists the creation dot of a key whose only record is its creation dot: the record will not stay.
    fn list_creation_dot(&mut self, key: u32) {
        if self.chain(key) == 0 {
            let record = self.records[key as usize];
            self.add_creation_dot(key, self.local_dot(&record));
        }
    }

    /// Lists a creation dot of the key.
    fn add_creation_dot(&mut self, key: u32, creation_dot: LocalDot) {
        let marks = &mut self.marks[key as usize];
        if marks.has_siblings() {
            let chain = &mut self.siblings[marks.link() as usize].creation_dots;
            *chain = self.creation_dots.add(*chain, creation_dot);
        } else {
            *marks = Marks::creation_dots_at(self.creation_dots.add(marks.link(), creation_dot));
        }
    }

    /// The key's entry in the side table, to be filled.
    fn siblings_mut(&mut self, key: u32) -> &mut Siblings<E> {
        let marks = &mut self.marks[key as usize];
        if !marks.has_siblings() {
            let (creation_dots, maximal) = (marks.link(), SmallVec::new());
            let entry = Siblings { key, creation_dots, maximal, winner: None };
            *marks = Marks::siblings_at(self.siblings.insert(entry) as u32);
        }
        &mut self.siblings[marks.link() as usize]
    }

    /// Removes the key's entry from the side table; the creation dots stay.
    fn take_siblings(&mut self, key: u32) -> Option<Siblings<E>> {
        let marks = &mut self.marks[key as usize];
        let siblings = marks.has_siblings().then(|| self.siblings.remove(marks.link() as usize))?;
        *marks = Marks::creation_dots_at(siblings.creation_dots);
        Some(siblings)
    }

    /// The record is no longer maximal: its entry in the dot index is garbage, unless it is a
    /// creation dot.
    fn outdate(&mut self, record: &Record<E>, is_creation: bool) {
        let origin = self.authors.origin(record.author);
        if !is_creation && self.dot_indexes[origin as usize].outdate() {
            self.overdue.push(origin);
        }
    }

    fn free(&mut self, record: &Record<E>) {
        if let Some(value) = record.effect.value() {
            self.values.free(value);
        }
    }

    /// Collects garbage where there is much of it. Every change ends with this call.
    fn tidy(&mut self) {
        if !self.overdue.is_empty() {
            self.compact_dot_indexes();
        }
        self.tidy_values();
    }

    /// Compacts the dot indexes that have much garbage.
    fn compact_dot_indexes(&mut self) {
        let mut overdue = std::mem::take(&mut self.overdue);
        overdue.sort_unstable();
        overdue.dedup();
        // The dots of a key that has many, so that they are not walked for each entry.
        let mut many: HashMap<u32, LocalDots> = HashMap::new();
        for origin in overdue {
            let mut dot_index = std::mem::take(&mut self.dot_indexes[origin as usize]);
            dot_index.clear(|counter, key| {
                let dots = || self.maximal(key).map(|record| self.local_dot(record));
                if self.has_many(key) {
                    many.entry(key).or_insert_with(|| dots().collect()).has((origin, counter))
                } else {
                    dots().any(|other| other == (origin, counter))
                }
            });
            self.dot_indexes[origin as usize] = dot_index;
        }
    }

    /// Compacts the values when too much of their space is freed.
    fn tidy_values(&mut self) {
        if !self.values.is_wasteful() {
            return;
        }
        let old = std::mem::take(&mut self.values);
        let values = &mut self.values;
        let mut move_one = |record: &mut Record<E>| {
            record.effect = record.effect.moved(|handle| values.put(old.get(handle)));
        };
        self.records.iter_mut().for_each(&mut move_one);
        for (_, siblings) in self.siblings.iter_mut() {
            siblings.maximal.iter_mut().chain(&mut siblings.winner).for_each(&mut move_one);
        }
    }
}

/// Whether two records of one store are one.
fn same<E>(a: &Record<E>, b: &Record<E>) -> bool {
    a.counter == b.counter && a.author == b.author
}
