//! Decisions: the latest word, or words, on every key.
//!
//! Meaning: that of the reference's decisions, and beside them the greatest write ever seen where
//! writes are timed. Nearly every key has one maximal decision, which stands in a plain array;
//! further ones, and a winner that is not maximal, stand in a table beside it.
//! Laws: as the reference (tests/engines/optimized/mod.rs; of a model, proved in spec/).
//! Cost: deciding and joining O(1) a key, but for what the key has in maximal decisions and creation dots;
//! `delta_since` O(changes).
//! Source: see the reference; the layout is this project's.
//!
//! Registers, sets and maps are typed views of this store.

use super::arena::{BLOCK, Handle, Keys, Table, Values, prefetch};
use super::delta::{Effect, KeyedDelta, Name, Record};
use super::history::{Authors, Chain, CreationDots, DotIndex, LocalDot, LocalDots, Step};
use super::state_hash::{
    KeyAndBody, Leaves, Subtree, TreeKind, TreePath, Trees, write_bytes, write_number, write_value,
};
use super::vector::{Origins, Vector};
use super::{Author, OperationError};
use crate::dot::{Dot, Origin};
use crate::operation::{DecisionId, User};
use hashbrown::{HashMap, HashSet};
use slab::Slab;
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// What does not fit into the array: few keys have it.
#[derive(Clone, Debug)]
pub(super) struct Siblings<E> {
    /// The key's number.
    key: u32,
    creation_dots: Chain,
    /// The maximal decisions beside the one in the array.
    pub maximal: SmallVec<[Record<E>; 2]>,
    /// The winner, where it is none of the maximal ones.
    pub winner: Option<Record<E>>,
}

/// What is known of a key beside its record: three bits, and where there is more: its place, or else
/// the key's creation dots where the record is not the only one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Marks(u32);

impl Marks {
    /// There is more beside; then the creation dots are written down there.
    pub const MORE: u32 = 1;
    /// No decision is maximal. Only states that were forged lead there.
    pub const VACANT: u32 = 2;
    /// The delta that is being applied has listed it.
    pub const LISTED: u32 = 4;

    pub fn has(self, marks: u32) -> bool {
        self.0 & marks != 0
    }

    pub fn set(&mut self, mark: u32, on: bool) {
        if on {
            self.0 |= mark;
        } else {
            self.0 &= !mark;
        }
    }

    /// Where there is more: its place; else the creation dots, 0 where the record is the only one.
    fn link(self) -> u32 {
        self.0 >> 3
    }

    fn set_link(&mut self, link: u32) {
        self.0 = self.0 & 7 | link << 3;
    }
}

/// How many decisions may stand side by side on one key: no delta is applied that may lead to more.
pub(super) const MOST_MAXIMAL: usize = 1 << 16;

/// The maximal decisions on every key, and the winners.
#[derive(Clone, Debug)]
pub(crate) struct Decisions<E> {
    pub(super) origins: Origins,
    pub(super) authors: Authors,
    /// By number of the origin.
    pub(super) dot_indexes: Vec<DotIndex>,
    /// The origins of dot indexes that are to be cleared.
    overdue: Vec<u32>,
    pub(super) keys: Keys,
    /// By number of the key: one of its maximal decisions.
    pub(super) records: Table<Record<E>>,
    pub(super) marks: Table<Marks>,
    pub(super) more: Slab<Siblings<E>>,
    /// No key has more maximal decisions than that beside the one in the array.
    pub(super) most_beside: usize,
    pub(super) creation_dots: CreationDots,
    pub(super) values: Values,
    pub(super) trees: Trees,
}

impl<E> Default for Decisions<E> {
    fn default() -> Self {
        Self {
            origins: Origins::default(),
            authors: Authors::default(),
            dot_indexes: Vec::new(),
            overdue: Vec::new(),
            keys: Keys::default(),
            records: Table::default(),
            marks: Table::default(),
            more: Slab::new(),
            most_beside: 0,
            creation_dots: CreationDots::default(),
            values: Values::default(),
            trees: Trees::default(),
        }
    }
}

/// What a store or a delta says of one record, to be compared with what another says.
pub(super) struct View<'a, E> {
    pub record: &'a Record<E>,
    pub origin: &'a Origin,
    pub user: &'a Option<User>,
    pub value: Option<&'a [u8]>,
}

impl<E: Effect> View<'_, E> {
    /// The order of writes: by timestamp, replica, seq and effect, then by what is left.
    pub fn cmp(&self, other: &Self) -> Ordering {
        // The tombstone stands where its canonical bytes would.
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

impl<E: Effect> Decisions<E> {
    /// Decides: the new decision saw all that are listed for its key, and takes their place.
    pub fn decide(
        &mut self,
        author: &Author,
        key: &[u8],
        effect: impl FnOnce(&mut Values) -> E,
    ) -> Result<u64, OperationError> {
        let Author { origin, seq, user } = author;
        let counter = self.origins.find(origin).map_or(0, |number| self.origins.seen(number));
        let counter =
            counter.checked_add(1).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        let is_full = !self.keys.has_room(1, key.len()) && self.keys.find(key).is_none();
        if is_full || !self.creation_dots.has_room(1) {
            return Err(OperationError::KeysFull);
        }
        let number = self.origins.number(origin);
        self.dot_indexes.resize(self.origins.len(), DotIndex::default());
        let author = self.authors.number(number, user);
        let effect = effect(&mut self.values);
        let record = Record { counter, seq: *seq, author, effect };

        let (key, is_new) = self.keys.number(key);
        if is_new {
            self.records.push(record);
            self.marks.push(Marks::default());
        } else {
            let winner = self.winner(key).copied();
            self.retire(key);
            self.records[key as usize] = record;
            if E::IS_TIMED
                && let Some(winner) = winner
                && self.view(&winner).cmp(&self.view(&record)) == Ordering::Greater
            {
                self.more_mut(key).winner = Some(winner);
            } else if let Some(lost) = winner {
                self.free(&lost);
            }
        }
        // A key without a creation dot is forged; it must have one, to be told to others.
        let is_creation = is_new || self.chain(key) == 0;
        self.dot_indexes[number as usize].push(Step { counter, key, is_creation });
        self.origins.see(number, counter);
        self.trees.touch(key);
        self.tidy();
        Ok(counter)
    }

    /// All maximal decisions of the key are superseded: their place is taken next. The winner's
    /// value stays.
    fn retire(&mut self, key: u32) {
        self.record_creation_dot(key);
        let winner = self.winner(key).copied();
        let more = self.take_more(key);
        let marks = &mut self.marks[key as usize];
        let first = (!marks.has(Marks::VACANT)).then(|| self.records[key as usize]);
        marks.set(Marks::VACANT, false);
        let others = more.map(|more| more.maximal).unwrap_or_default();
        let creation_dots: LocalDots = self.creation_dots(key).collect();
        for record in first.into_iter().chain(others) {
            self.outdate(&record, creation_dots.has(self.local_dot(&record)));
            if winner.is_some_and(|winner| !same(&record, &winner)) {
                self.free(&record);
            }
        }
    }

    /// Writes down the creation dot of a key whose only record is its creation dot: the record will not stay.
    pub(super) fn record_creation_dot(&mut self, key: u32) {
        if self.chain(key) == 0 && !self.marks[key as usize].has(Marks::VACANT) {
            let record = self.records[key as usize];
            self.add_creation_dot(key, self.local_dot(&record));
        }
    }

    /// Writes down a creation dot of the key.
    pub(super) fn add_creation_dot(&mut self, key: u32, creation_dot: LocalDot) {
        let marks = &mut self.marks[key as usize];
        if marks.has(Marks::MORE) {
            let creation_dots = &mut self.more[marks.link() as usize].creation_dots;
            *creation_dots = self.creation_dots.add(*creation_dots, creation_dot);
        } else {
            marks.set_link(self.creation_dots.add(marks.link(), creation_dot));
        }
    }

    /// The creation dots of the key that are written down; 0 where its record is the only one.
    pub(super) fn chain(&self, key: u32) -> Chain {
        self.chain_of(self.marks[key as usize])
    }

    fn chain_of(&self, marks: Marks) -> Chain {
        self.more_of(marks).map_or(marks.link(), |more| more.creation_dots)
    }

    /// The creation dots of the key that are written down.
    pub(super) fn creation_dots(&self, key: u32) -> impl Iterator<Item = LocalDot> {
        self.creation_dots.of(self.chain(key))
    }

    /// What stands beside the record of the key, to be filled.
    pub(super) fn more_mut(&mut self, key: u32) -> &mut Siblings<E> {
        let marks = &mut self.marks[key as usize];
        if !marks.has(Marks::MORE) {
            let (creation_dots, maximal) = (marks.link(), SmallVec::new());
            let at = self.more.insert(Siblings { key, creation_dots, maximal, winner: None });
            marks.set_link(at as u32);
            marks.set(Marks::MORE, true);
        }
        &mut self.more[marks.link() as usize]
    }

    /// Takes away what stands beside the record of the key, but for its creation dots.
    pub(super) fn take_more(&mut self, key: u32) -> Option<Siblings<E>> {
        let marks = &mut self.marks[key as usize];
        let more = marks.has(Marks::MORE).then(|| self.more.remove(marks.link() as usize))?;
        marks.set_link(more.creation_dots);
        marks.set(Marks::MORE, false);
        Some(more)
    }

    /// The record is no longer maximal: its entry is of no use, unless it is a creation dot.
    pub(super) fn outdate(&mut self, record: &Record<E>, is_creation: bool) {
        let origin = self.authors.origin(record.author);
        if !is_creation && self.dot_indexes[origin as usize].outdate() {
            self.overdue.push(origin);
        }
    }

    /// Drops what is of no use from the dot indexes that have much of it.
    fn compact_dot_indexes(&mut self) {
        let mut overdue = std::mem::take(&mut self.overdue);
        overdue.sort_unstable();
        overdue.dedup();
        // Those of a key with many, so that they are not gone through for each entry.
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

    /// Whether so many decisions are maximal that they should not be gone through often.
    pub(super) fn has_many(&self, key: u32) -> bool {
        self.beside(key).is_some_and(|more| more.maximal.len() > LocalDots::FEW)
    }

    /// Brings what stands on these keys into the cache, [`BLOCK`] of them at most. Those whose number
    /// was given by a delta that is being applied may have no record yet.
    #[inline]
    pub(super) fn prefetch_decisions(&self, keys: impl Iterator<Item = u32>) {
        let length = self.len() as u32;
        let keys: SmallVec<[u32; BLOCK]> = keys.filter(|key| *key < length).collect();
        prefetch(keys.iter().map(|key| &self.records[*key as usize]), |record| {
            // Something from either end, since it may stand in two lines of the cache.
            let length = record.effect.value().map_or(0, Handle::len) as u64;
            record.counter ^ length ^ u64::from(record.author)
        });
        let marks: SmallVec<[Marks; BLOCK]> =
            keys.iter().map(|key| self.marks[*key as usize]).collect();
        let more = marks.iter().filter_map(|marks| self.more_of(*marks));
        prefetch(more, |more| more.creation_dots.into());
    }

    /// Brings one creation dot of each of these keys into the cache, [`BLOCK`] of them at most.
    #[inline]
    pub(super) fn prefetch_creation_dots(&self, keys: impl Iterator<Item = u32>) {
        let length = self.len() as u32;
        let chains = keys.filter(|key| *key < length).map(|key| self.chain(key));
        prefetch(chains.filter_map(|chain| self.creation_dots.link(chain)), |link| {
            link.origin.into()
        });
    }

    /// The record as the store names it.
    pub(super) fn local_dot(&self, record: &Record<E>) -> LocalDot {
        (self.authors.origin(record.author), record.counter)
    }

    pub(super) fn free(&mut self, record: &Record<E>) {
        if let Some(value) = record.effect.value() {
            self.values.free(value);
        }
    }

    /// Makes room where much is of no use. Every change ends with it.
    pub(super) fn tidy(&mut self) {
        if !self.overdue.is_empty() {
            self.compact_dot_indexes();
        }
        self.tidy_values();
    }

    /// Moves the values together when too much of their place is of no use.
    fn tidy_values(&mut self) {
        if !self.values.is_wasteful() {
            return;
        }
        let old = std::mem::take(&mut self.values);
        let values = &mut self.values;
        let mut move_one = |record: &mut Record<E>| {
            record.effect = record.effect.moved(|handle| values.put(old.get(handle)));
        };
        for (record, marks) in self.records.iter_mut().zip(self.marks.iter()) {
            if !marks.has(Marks::VACANT) {
                move_one(record);
            }
        }
        for (_, more) in self.more.iter_mut() {
            more.maximal.iter_mut().chain(&mut more.winner).for_each(&mut move_one);
        }
    }
}

/// Whether two records of one store are one.
pub(super) fn same<E>(a: &Record<E>, b: &Record<E>) -> bool {
    a.counter == b.counter && a.author == b.author
}

// Queries.
impl<E: Effect> Decisions<E> {
    /// What has been seen.
    pub fn vector(&self) -> Vector {
        self.origins.vector()
    }

    /// About how many bytes it takes in memory.
    pub fn footprint(&self) -> usize {
        const KEY: usize = 32; // Its place, table entry, marks and dot index.
        let records = self.records.len() + 2 * self.more.len();
        let texts = self.keys.bytes() + self.values.bytes();
        records * (size_of::<Record<E>>() + KEY) + texts + 32 * self.authors.len()
    }

    /// How many keys were ever decided on. Their numbers are below this.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The number of a key that was ever decided on.
    pub fn find(&self, key: &[u8]) -> Option<u32> {
        self.keys.find(key)
    }

    /// The key of a number.
    pub fn key(&self, key: u32) -> &[u8] {
        self.keys.get(key)
    }

    /// The maximal decisions on the key.
    pub fn maximal(&self, key: u32) -> impl Iterator<Item = &Record<E>> {
        let marks = self.marks[key as usize];
        let first = (!marks.has(Marks::VACANT)).then(|| &self.records[key as usize]);
        first.into_iter().chain(self.beside(key).map_or(&[][..], |more| &more.maximal))
    }

    pub(super) fn beside(&self, key: u32) -> Option<&Siblings<E>> {
        self.more_of(self.marks[key as usize])
    }

    fn more_of(&self, marks: Marks) -> Option<&Siblings<E>> {
        marks.has(Marks::MORE).then(|| &self.more[marks.link() as usize])
    }

    /// The decision that has effect: the winner, or where nothing is timed an addition before a
    /// removal.
    pub fn current(&self, key: u32) -> Option<&Record<E>> {
        if E::IS_TIMED {
            return self.winner(key);
        }
        self.maximal(key).max_by(|a, b| {
            let removals = b.effect.is_removal().cmp(&a.effect.is_removal());
            removals.then_with(|| self.view(a).cmp(&self.view(b)))
        })
    }

    /// The greatest write ever seen to the key; where nothing is timed, one of the maximal ones.
    pub fn winner(&self, key: u32) -> Option<&Record<E>> {
        let Some(more) = self.beside(key) else {
            let is_vacant = self.marks[key as usize].has(Marks::VACANT);
            return (!is_vacant).then(|| &self.records[key as usize]);
        };
        let greatest = |a: &&Record<E>, b: &&Record<E>| self.view(a).cmp(&self.view(b));
        more.winner.as_ref().or_else(|| self.maximal(key).max_by(greatest))
    }

    /// The winner, where it is none of the maximal decisions.
    pub fn winner_apart(&self, key: u32) -> Option<&Record<E>> {
        self.beside(key)?.winner.as_ref()
    }

    /// The value that the record writes.
    pub fn value(&self, record: &Record<E>) -> Option<&[u8]> {
        record.effect.value().map(|handle| self.values.get(handle))
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

    pub(super) fn view<'a>(&'a self, record: &'a Record<E>) -> View<'a, E> {
        View {
            record,
            origin: self.origins.get(self.authors.origin(record.author)),
            user: self.authors.user(record.author),
            value: self.value(record),
        }
    }
}

/// One decision, to be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision<'a> {
    /// Its name, and who decided.
    pub id: DecisionId,
    /// When; 0 where nothing is timed.
    pub timestamp: u64,
    /// Whether it leaves nothing: a removal, or a deletion.
    pub is_removal: bool,
    /// The bytes of what it writes.
    pub value: Option<&'a [u8]>,
}

/// An open merge decision: someone's latest word lost.
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
    /// The same, with the key in other words.
    pub fn map<L>(self, key: impl FnOnce(K) -> L) -> Conflict<L> {
        let Self { key: old, kept, overruled } = self;
        Conflict { key: key(old), kept, overruled }
    }
}

// Queries in words.
impl<E: Effect> Decisions<E> {
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
        let number = self.find(key);
        let listed = number.into_iter().flat_map(|number| self.maximal(number));
        listed.map(|record| self.decision(record)).collect()
    }

    /// The decision that has effect on a key.
    pub fn effective(&self, key: &[u8]) -> Option<Decision<'_>> {
        Some(self.decision(self.current(self.find(key)?)?))
    }

    /// What a key has: nothing, or the bytes of its value, which an element of a set has none of.
    pub fn effect(&self, key: &[u8]) -> Option<Vec<u8>> {
        let current = self.current(self.find(key)?)?;
        let value = || self.value(current).unwrap_or_default().to_vec();
        (!current.effect.is_removal()).then(value)
    }

    /// The keys that a delta lists, each once, as far as they are known here by what the delta calls
    /// them.
    pub fn keys_of(&self, delta: &KeyedDelta<E>) -> Vec<Vec<u8>> {
        let Ok(numbers) = self.resolve(delta) else {
            return Vec::new();
        };
        // A forged delta may list a key very often.
        let (mut known, mut unknown) = (HashSet::new(), HashSet::new());
        let mut keys = Vec::new();
        for (name, number) in delta.names.iter().zip(numbers) {
            let (bytes, number) = match *name {
                Name::CreationDot { .. } => (&[][..], number),
                Name::Bytes { at, length } => {
                    let bytes = &delta.keys[at as usize..][..length as usize];
                    (bytes, self.find(bytes))
                }
            };
            match number {
                Some(number) if known.insert(number) => keys.push(self.key(number).to_vec()),
                None if unknown.insert(bytes) => keys.push(bytes.to_vec()),
                _ => {}
            }
        }
        keys
    }

    /// The greatest write to a key.
    pub fn won(&self, key: &[u8]) -> Option<Decision<'_>> {
        Some(self.decision(self.winner(self.find(key)?)?))
    }

    /// Whether the record has the effect that the key has.
    fn is_kept(&self, record: &Record<E>, current: &Record<E>) -> bool {
        record.effect.is_removal() == current.effect.is_removal()
            && self.value(record) == self.value(current)
    }

    /// Whether the key is an open merge decision.
    pub fn is_open(&self, key: u32) -> bool {
        self.beside(key).is_some()
            && self.current(key).is_some_and(|current| {
                self.maximal(key).any(|record| !self.is_kept(record, current))
            })
    }

    /// The open merge decisions, in the order in which their keys became known here.
    pub fn conflicts<'a, K>(
        &'a self,
        read: impl Fn(&'a [u8]) -> Option<K>,
    ) -> impl Iterator<Item = Conflict<K>> {
        let mut keys: Vec<u32> = self.more.iter().map(|(_, more)| more.key).collect();
        keys.sort_unstable();
        keys.into_iter().filter_map(move |key| {
            let current = self.current(key)?;
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

// State hash.
impl<E: Effect> Decisions<E> {
    /// The trees of the state hash, up to date. Cost: O(keys changed since the last time).
    pub fn trees(&mut self) -> &Trees {
        let mut trees = std::mem::take(&mut self.trees);
        trees.refresh(self);
        self.trees = trees;
        &self.trees
    }

    /// The keys of which the two do not say the same, in order. Cost: O(keys changed since the
    /// hashes were last asked for, and differences · log keys).
    pub fn difference<'a>(&'a mut self, other: &'a mut Self) -> BTreeSet<&'a [u8]> {
        self.trees();
        other.trees();
        let (ours, theirs) = (&*self, &*other);
        let mut keys = BTreeSet::new();
        for part in [TreeKind::Content, TreeKind::Removals] {
            let (our, their) = ours.trees.difference(&theirs.trees, part);
            keys.extend(our.into_iter().map(|number| ours.key(number)));
            keys.extend(their.into_iter().map(|number| theirs.key(number)));
        }
        // Those that share a bucket with a difference may be the same.
        keys.retain(|key| ours.hashed(key) != theirs.hashed(key));
        keys
    }

    /// What is hashed of a key.
    fn hashed(&self, key: &[u8]) -> Option<Vec<u8>> {
        let number = self.find(key)?;
        self.part(number)?;
        let mut body = Vec::new();
        self.write_body(number, &mut body);
        Some(body)
    }

    /// What the trees of the state hash have at a place.
    pub fn look(&mut self, at: TreePath) -> Subtree {
        self.trees();
        self.trees.look(self, at)
    }

    /// The first records below a place of the state hash.
    pub fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        self.trees();
        self.trees.below(self, at, limit)
    }

    fn write_decision(&self, record: &Record<E>, out: &mut Vec<u8>) {
        let View { origin, user, value, .. } = self.view(record);
        write_bytes(origin.replica.as_str().as_bytes(), out);
        for number in [origin.incarnation, record.counter, record.seq, record.effect.timestamp()] {
            write_number(number.into(), out);
        }
        match user {
            None => out.push(0),
            Some(user) => {
                out.push(1);
                write_bytes(user.as_bytes(), out);
            }
        }
        match value {
            Some(value) => write_value(value, out),
            None => out.push(!record.effect.is_removal() as u8),
        }
    }
}

impl<E: Effect> Leaves for Decisions<E> {
    fn len(&self) -> usize {
        self.records.len()
    }

    fn part(&self, key: u32) -> Option<TreeKind> {
        if self.maximal(key).next().is_none() && self.winner_apart(key).is_none() {
            return None;
        }
        let mut all = self.maximal(key).chain(self.winner_apart(key));
        let is_removed = all.all(|record| record.effect.is_removal());
        Some(if is_removed { TreeKind::Removals } else { TreeKind::Content })
    }

    fn prefetch(&self, keys: &[u32]) {
        self.prefetch_decisions(keys.iter().copied());
        self.keys.prefetch(keys);
        // Only of what is maximal: the record of a vacant key says nothing, and has no value here.
        let first = |key: &u32| self.maximal(*key).next();
        let values = keys.iter().filter_map(first).filter_map(|first| self.value(first)?.first());
        prefetch(values, |byte| (*byte).into());
    }

    fn write_key(&self, key: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(self.keys.get(key));
    }

    fn write_body(&self, key: u32, out: &mut Vec<u8>) {
        if !self.marks[key as usize].has(Marks::MORE | Marks::VACANT) {
            out.push(1);
            self.write_decision(&self.records[key as usize], out);
            out.push(0);
            return;
        }
        let mut listed: Vec<&Record<E>> = self.maximal(key).collect();
        listed.sort_unstable_by_key(|record| {
            (self.origins.get(self.authors.origin(record.author)), record.counter)
        });
        write_number(listed.len() as u128, out);
        for record in listed {
            self.write_decision(record, out);
        }
        match self.winner_apart(key) {
            None => out.push(0),
            Some(winner) => {
                out.push(1);
                self.write_decision(winner, out);
            }
        }
    }
}
