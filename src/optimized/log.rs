//! Log: a list that only grows, in the order of its timestamps.
//!
//! Meaning: all entries that were seen, by timestamp, then replica, then the entry's place among
//! the operations of its replica, then the entry itself.
//! Laws: the join is the union, a semilattice; `append` equals applying its delta.
//! Cost: `append` O(1) where no entry has a greater timestamp; a delta and its application cost
//! what is new, and moving the entries that come after it. An entry takes 40 bytes in addition to
//! its own. Bytes that came in one large delta stay where they are.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 11, with
//! the order of spec. 8.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, log::Log};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let mut local: Log<str> = Log::new();
//! local.append(&author("client", 1), "migrate the orders", 10)?;
//! let mut server = local.clone();
//! local.append(&author("client", 2), "offline: what is left?", 30)?;
//! server.append(&author("server", 1), "orders are migrated", 20)?;
//!
//! let new = local.apply(server.delta_since(&local.vector()))?;
//! assert_eq!(new.first_position(), Some(1));
//! let entries: Vec<&str> = local.entries().map(|entry| entry.value()).collect();
//! assert_eq!(entries, ["migrate the orders", "orders are migrated", "offline: what is left?"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::apply_error::ApplyError;
use super::arena::{LONGEST, Table};
use super::canonical_bytes::CanonicalBytes;
use super::changes::Changes;
use super::openings::DeltaOpenings;
use super::segments::{Collector, Pieces, Place, SegmentWriter, Segments};
use super::state_hash::{
    KeyAndBody, Leaves, Subtree, TreeKind, TreePath, Trees, object_hashes, write_bytes,
    write_number, write_value,
};
use super::vector::{ActorTable, Origins, Vector};
use super::{Author, OperationError, StateHash};
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use crate::object::ObjectType;
use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The most entries of one log: their numbers are of 32 bits.
const MOST: usize = u32::MAX as usize;

/// The entries, in order.
pub struct Log<V: CanonicalBytes + ?Sized> {
    entries: Entries,
    of: PhantomData<fn(&V)>,
}

/// The entries as bytes.
#[derive(Clone, Default)]
struct Entries {
    origins: Origins,
    /// By number of the origin: the numbers of its entries, in the order of their counters, which
    /// have no gaps. So an entry need not hold its counter.
    by_origin: Vec<Table<u32>>,
    /// By number, which is that of its arrival here.
    records: Table<Record>,
    /// The numbers, in the order of the log.
    order: Vec<u32>,
    segments: Segments,
    trees: Trees,
}

/// One entry. 32 bytes, for there are many.
#[derive(Clone, Copy)]
struct Record {
    timestamp: u64,
    /// Its place among the operations of its replica, from 1.
    seq: u64,
    origin: u32,
    place: Place,
}

impl Entries {
    fn bytes(&self, number: u32) -> &[u8] {
        self.segments.get(self.records[number as usize].place)
    }

    /// The order of the log.
    fn compare(&self, a: u32, b: u32) -> Ordering {
        let [one, other] = [a, b].map(|number| &self.records[number as usize]);
        one.timestamp.cmp(&other.timestamp).then_with(|| {
            if one.origin == other.origin {
                let by_seq = one.seq.cmp(&other.seq);
                // Entries of one origin came here in the order of their counters.
                return by_seq.then_with(|| self.bytes(a).cmp(self.bytes(b))).then(a.cmp(&b));
            }
            let [ours, theirs] = [one, other].map(|record| self.origins.get(record.origin));
            (&ours.replica, one.seq)
                .cmp(&(&theirs.replica, other.seq))
                .then_with(|| self.bytes(a).cmp(self.bytes(b)))
                .then(ours.incarnation.cmp(&theirs.incarnation))
        })
    }

    /// Stores the next entry of its origin, without inserting it into the order.
    #[inline(always)]
    fn keep(&mut self, record: Record) -> u32 {
        let number = self.records.len() as u32;
        self.records.push(record);
        let of_origin = &mut self.by_origin[record.origin as usize];
        of_origin.push(number);
        self.trees.touch(number);
        self.origins.see(record.origin, of_origin.len() as u64);
        number
    }

    /// Inserts the entry into the order.
    fn insert(&mut self, number: u32) {
        let is_last = |last: &u32| self.compare(*last, number).is_lt();
        if self.order.last().is_none_or(is_last) {
            self.order.push(number);
        } else {
            let at = self.order.partition_point(|other| self.compare(*other, number).is_lt());
            self.order.insert(at, number);
        }
    }

    /// Inserts the entries from that number on into the order; returns them in order, and the
    /// position of the first.
    fn insert_all(&mut self, first: u32) -> (Vec<u32>, usize) {
        // With their timestamps, which nearly always decide the order without a look-up.
        let stamped = |number: u32| (self.records[number as usize].timestamp, number);
        let order = |one: &(u64, u32), other: &(u64, u32)| {
            one.0.cmp(&other.0).then_with(|| self.compare(one.1, other.1))
        };
        let mut added: Vec<(u64, u32)> = (first..self.records.len() as u32).map(stamped).collect();
        // A stable sort is fast on runs, and new entries are mostly in order.
        added.sort_by(order);
        let numbers = added.iter().map(|(_, number)| *number).collect();
        let Some(least) = added.first() else { return (numbers, self.order.len()) };
        let position = self.order.partition_point(|old| self.compare(*old, least.1).is_lt());
        let mut merged = Vec::with_capacity(self.order.len() - position + added.len());
        let mut olds = self.order[position..].iter().map(|old| stamped(*old)).peekable();
        for new in &added {
            while let Some((_, old)) = olds.next_if(|old| order(old, new).is_lt()) {
                merged.push(old);
            }
            merged.push(new.1);
        }
        merged.extend(olds.map(|(_, old)| old));
        self.order.truncate(position);
        self.order.extend(merged);
        (numbers, position)
    }

    fn counter(&self, number: u32) -> u64 {
        let origin = self.records[number as usize].origin;
        let before = self.by_origin[origin as usize].partition_point(|other| *other < number);
        before as u64 + 1
    }
}

impl Leaves for Entries {
    fn len(&self) -> usize {
        self.records.len()
    }

    fn part(&self, _: u32) -> Option<TreeKind> {
        Some(TreeKind::Content)
    }

    fn write_key(&self, number: u32, out: &mut Vec<u8>) {
        let origin = self.origins.get(self.records[number as usize].origin);
        write_bytes(origin.replica.as_str().as_bytes(), out);
        write_number(origin.incarnation.into(), out);
        write_number(self.counter(number).into(), out);
    }

    fn write_body(&self, number: u32, out: &mut Vec<u8>) {
        let record = &self.records[number as usize];
        write_number(record.seq.into(), out);
        write_number(record.timestamp.into(), out);
        write_value(self.bytes(number), out);
    }
}

impl<V: CanonicalBytes + ?Sized> Log<V> {
    /// A log without entries.
    pub fn new() -> Self {
        Self { entries: Entries::default(), of: PhantomData }
    }
}

impl<V: CanonicalBytes + ?Sized> Log<V> {
    /// Joins another log; the result has the entries that are new here. Large stretches of
    /// their bytes are shared and not copied.
    ///
    /// # Panics
    /// If both together have more than 2^32 − 1 entries.
    pub fn join(&mut self, other: &Self) -> NewEntries<'_, V> {
        let delta = other.delta_since(&self.vector());
        self.apply_without_gap(delta).expect("a log of 2^32 entries exceeds any memory")
    }
}

impl<V: CanonicalBytes + ?Sized> Log<V> {
    /// Appends an entry. Entries with greater timestamps stay behind it.
    ///
    /// Refused, without effect: an entry of more than 2^32 − 1 bytes, and any entry of a log that has
    /// 2^32 − 1 entries. Cost: O(log entries), and moving 4 bytes for each entry that stays behind it.
    pub fn append(
        &mut self,
        author: &Author,
        entry: &V,
        timestamp: u64,
    ) -> Result<Entry<'_, V>, OperationError> {
        let bytes = entry.to_bytes();
        if bytes.len() > LONGEST {
            return Err(OperationError::TooLong(bytes.len()));
        }
        if self.entries.records.len() == MOST {
            return Err(OperationError::LogFull);
        }
        let entries = &mut self.entries;
        let origin = entries.origins.number(&author.origin);
        entries.by_origin.resize(entries.origins.len(), Table::default());
        let place = entries.segments.put(&bytes);
        let number = entries.keep(Record { timestamp, seq: author.seq, origin, place });
        entries.insert(number);
        Ok(Entry { log: self, number })
    }
}

impl<V: CanonicalBytes + ?Sized> Log<V> {
    /// The entries that a receiver lacks that has seen `since`, in order. Cost: O(n log n) of these, and
    /// O(origins).
    pub fn entries_since(&self, since: &Vector) -> impl Iterator<Item = Entry<'_, V>> {
        let Entries { origins, by_origin, .. } = &self.entries;
        let mut numbers: Vec<u32> = Vec::new();
        for (place, before, _) in origins.vector().beyond(since) {
            let of_origin = &by_origin[origins.numbers()[place] as usize];
            numbers.extend(of_origin.slices_from(before as usize).flatten());
        }
        numbers.sort_by(|one, other| self.entries.compare(*one, *other));
        numbers.into_iter().map(|number| self.numbered(number))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.order.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.order.is_empty()
    }

    /// The entry at a position in the order, from 0.
    pub fn get(&self, position: usize) -> Option<Entry<'_, V>> {
        self.entries.order.get(position).map(|number| self.numbered(*number))
    }

    /// The entries, in order.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'_, V>> + ExactSizeIterator {
        self.entries.order.iter().map(|number| self.numbered(*number))
    }

    /// The entry of that number, which is less than [`Log::len`]. Numbers stay the same for ever.
    pub(crate) fn numbered(&self, number: u32) -> Entry<'_, V> {
        Entry { log: self, number }
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.entries.origins
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.entries.origins
    }

    /// About how much memory it takes, in bytes, shared ones included.
    pub(crate) fn footprint(&self) -> usize {
        40 * self.len() + self.entries.segments.bytes()
    }

    /// The state hash. Cost: O(entries that came since it was last asked for · log entries).
    pub fn state_hash(&mut self) -> StateHash {
        let mut trees = std::mem::take(&mut self.entries.trees);
        trees.refresh(&self.entries);
        self.entries.trees = trees;
        object_hashes(ObjectType::Log, &self.entries.trees)
    }

    /// What the trees of the state hash have at a place.
    pub(super) fn look(&mut self, at: TreePath) -> Subtree {
        self.state_hash();
        self.entries.trees.look(&self.entries, at)
    }

    /// The first records below a place of the state hash.
    pub(super) fn below(&mut self, at: TreePath, limit: usize) -> Vec<KeyAndBody> {
        self.state_hash();
        self.entries.trees.below(&self.entries, at, limit)
    }

    /// Which entries have been seen. Cost: O(origins), without a look at their names.
    pub fn vector(&self) -> Vector {
        self.entries.origins.vector()
    }

    /// What a replica that has seen `since` may lack. Large stretches of the entries' bytes are
    /// shared and not copied.
    pub fn delta_since(&self, since: &Vector) -> LogDelta<V> {
        let origins = &self.entries.origins;
        self.delta(since, origins.vector(), origins.numbers())
    }

    /// The beginning of that delta, with entries of at most so many bytes, but one at least. Its
    /// receiver lacks the rest since [`LogDelta::seen`]. A log has a state at each vector, whatever
    /// its entries have seen, so that the pieces of a delta are deltas.
    pub fn delta_piece(&self, since: &Vector, most_bytes: usize) -> LogDelta<V> {
        /// The overhead of an entry, nearly always an upper bound.
        const OVERHEAD: usize = 16;

        let Entries { origins, by_origin, records, .. } = &self.entries;
        let seen = origins.vector();
        let known = since.counts_along(seen.actor_table());
        let mut counts: Vec<u64> =
            known.iter().zip(seen.counts()).map(|(known, seen)| *known.min(seen)).collect();
        let mut bytes = 0_usize;
        'full: for (place, before, _) in seen.beyond(since) {
            let of_origin = &by_origin[origins.numbers()[place] as usize];
            for number in of_origin.slices_from(before as usize).flatten() {
                let cost = records[*number as usize].place.len() as usize + OVERHEAD;
                if bytes > 0 && bytes.saturating_add(cost) > most_bytes {
                    break 'full;
                }
                bytes = bytes.saturating_add(cost);
                counts[place] += 1;
            }
        }
        if counts == seen.counts() {
            return self.delta_since(since);
        }
        let actors = seen.actor_table().origins().iter().zip(origins.numbers()).zip(counts);
        let known = actors.filter(|(_, count)| *count > 0);
        let (actors, counts): (Vec<_>, Vec<u64>) = known.unzip();
        let (actors, numbers): (Vec<_>, Vec<u32>) =
            actors.into_iter().map(|(origin, number)| (origin.clone(), *number)).unzip();
        let actor_table = ActorTable::new(actors).map(Arc::new);
        match actor_table.and_then(|table| Vector::new(table, counts)) {
            Some(seen) => self.delta(since, seen, &numbers),
            None => self.delta_since(since),
        }
    }

    /// The entries between two vectors, the second of which this log covers. `numbers` are those of
    /// its origins.
    fn delta(&self, since: &Vector, seen: Vector, numbers: &[u32]) -> LogDelta<V> {
        let Entries { origins, by_origin, records, segments, .. } = &self.entries;
        let unseen = || {
            seen.beyond(since).flat_map(|(place, before, count)| {
                let of_origin = &by_origin[numbers[place] as usize];
                let of_origin = of_origin.slices_from(before as usize).flatten();
                of_origin.take((count - before) as usize).map(|number| &records[*number as usize])
            })
        };
        let count = seen.beyond(since).map(|(_, before, count)| (count - before) as usize).sum();
        let mut timestamps = Vec::with_capacity(count);
        let mut seqs = Vec::with_capacity(count);
        let mut lengths = Vec::with_capacity(count);
        let mut pieces = Collector::new(segments);
        for record in unseen() {
            timestamps.push(record.timestamp);
            seqs.push(record.seq);
            lengths.push(record.place.len());
            pieces.push(record.place);
        }
        let bytes = pieces.finish();
        let openings = DeltaOpenings::since(&origins.openings, since, &seen);
        let (since, of) = (since.clone(), PhantomData);
        LogDelta { since, seen, timestamps, seqs, lengths, bytes, openings, of }
    }

    /// Applies a delta; the result has the entries that are new. Entries that are known already
    /// are skipped.
    ///
    /// Refused, without effect: a delta that builds upon entries which were not seen
    /// ([`ApplyError::Gap`]), and one that leads to more than 2^32 − 1 entries ([`ApplyError::LogFull`]).
    pub fn apply(&mut self, delta: LogDelta<V>) -> Result<NewEntries<'_, V>, ApplyError> {
        if let Some((origin, needed, seen)) = self.entries.origins.lacks(&delta.since) {
            return Err(ApplyError::Gap { origin, needed, seen });
        }
        self.apply_without_gap(delta)
    }

    /// Applies a delta that has no gap.
    fn apply_without_gap(&mut self, delta: LogDelta<V>) -> Result<NewEntries<'_, V>, ApplyError> {
        let LogDelta { since, seen, timestamps, seqs, lengths, bytes, openings, .. } = delta;
        let entries = &mut self.entries;

        // For each origin: its place, how many entries are known, and how many are new.
        let known = entries.origins.vector().counts_along(seen.actor_table());
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for (place, before, count) in seen.beyond(&since) {
            let known = known[place].clamp(before, count);
            runs.push((place, (known - before) as usize, (count - known) as usize));
        }
        let (mut at, mut wanted) = (0, 0);
        for (_, known, new) in &runs {
            at += known + new;
            wanted += lengths[at - new..at].iter().map(|length| *length as usize).sum::<usize>();
        }
        let first = entries.records.len();
        let count: usize = runs.iter().map(|(_, _, new)| new).sum();
        if count > MOST - first {
            return Err(ApplyError::LogFull);
        }

        let numbers = entries.origins.numbers_of(seen.actor_table());
        entries.by_origin.resize(entries.origins.len(), Table::default());
        entries.origins.openings.join(&openings.begun);
        let mut segments = std::mem::take(&mut entries.segments);
        let mut writer = SegmentWriter::new(&mut segments, &bytes, wanted);
        let mut at = 0;
        for (place, known, new) in runs {
            lengths[at..at + known].iter().for_each(|length| writer.skip(*length));
            at += known;
            let origin = numbers[place];
            for at in at..at + new {
                let place = writer.write(lengths[at]);
                entries.keep(Record { timestamp: timestamps[at], seq: seqs[at], origin, place });
            }
            at += new;
        }
        entries.segments = segments;
        let (numbers, position) = entries.insert_all(first as u32);
        Ok(NewEntries { log: self, position, numbers })
    }
}

impl<V: CanonicalBytes + ?Sized> Lattice for Log<V> {
    fn bottom() -> Self {
        Self::new()
    }

    fn join(&mut self, other: &Self) {
        self.join(other);
    }
}

impl<V: CanonicalBytes + ?Sized> Default for Log<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes are shared, save for the last of them.
impl<V: CanonicalBytes + ?Sized> Clone for Log<V> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), of: PhantomData }
    }
}

/// Equal knowledge, received in any order.
impl<V: CanonicalBytes + ?Sized> PartialEq for Log<V> {
    fn eq(&self, other: &Self) -> bool {
        self.vector() == other.vector() && self.entries().eq(other.entries())
    }
}

impl<V: CanonicalBytes + ?Sized> Eq for Log<V> {}

impl<V: CanonicalBytes + ?Sized> fmt::Debug for Log<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries()).finish()
    }
}

/// A view of one entry; its fields are looked up on demand.
pub struct Entry<'a, V: CanonicalBytes + ?Sized> {
    log: &'a Log<V>,
    number: u32,
}

impl<'a, V: CanonicalBytes + ?Sized> Entry<'a, V> {
    fn record(&self) -> &'a Record {
        &self.log.entries.records[self.number as usize]
    }

    /// What was appended.
    ///
    /// # Panics
    /// If `V` cannot read the bytes that it wrote, which no type of this crate does.
    pub fn value(&self) -> V::Ref<'a> {
        V::from_bytes(self.bytes()).expect("an atom reads the bytes that it made")
    }

    /// The bytes of what was appended.
    pub fn bytes(&self) -> &'a [u8] {
        self.log.entries.bytes(self.number)
    }

    /// When, by the appending replica's clock.
    pub fn timestamp(&self) -> u64 {
        self.record().timestamp
    }

    /// Who appended.
    pub fn origin(&self) -> &'a Origin {
        self.log.entries.origins.get(self.record().origin)
    }

    /// Its place among the operations of its replica, from 1.
    pub fn seq(&self) -> u64 {
        self.record().seq
    }

    /// Its place among the entries of its origin, from 1. Cost: O(log entries).
    pub fn counter(&self) -> u64 {
        self.log.entries.counter(self.number)
    }

    /// Its name among the operations on the log. Cost: O(log entries).
    pub fn dot(&self) -> Dot {
        Dot { origin: self.origin().clone(), counter: self.counter() }
    }

    /// A delta with the entry that was last appended here, for receivers that have seen everything
    /// before it. For an earlier entry: with all entries of its origin from it on. Cost: O(origins),
    /// and what the entries take.
    pub fn delta(&self) -> LogDelta<V> {
        let origins = &self.log.entries.origins;
        let before = origins.vector_until(self.record().origin, self.counter() - 1);
        self.log.delta_since(&before)
    }
}

impl<V: CanonicalBytes + ?Sized> Clone for Entry<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: CanonicalBytes + ?Sized> Copy for Entry<'_, V> {}

/// Equal in all fields; the position in the log does not count.
impl<V: CanonicalBytes + ?Sized> PartialEq for Entry<'_, V> {
    fn eq(&self, other: &Self) -> bool {
        (self.timestamp(), self.seq()) == (other.timestamp(), other.seq())
            && self.origin() == other.origin()
            && self.bytes() == other.bytes()
            && self.counter() == other.counter()
    }
}

impl<V: CanonicalBytes + ?Sized> Eq for Entry<'_, V> {}

impl<V: CanonicalBytes + ?Sized> fmt::Debug for Entry<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("timestamp", &self.timestamp())
            .field("dot", &self.dot())
            .field("seq", &self.seq())
            .field("bytes", &String::from_utf8_lossy(self.bytes()))
            .finish()
    }
}

/// The entries that an application added.
#[derive(Debug)]
pub struct NewEntries<'a, V: CanonicalBytes + ?Sized> {
    log: &'a Log<V>,
    position: usize,
    /// In the order of the log.
    numbers: Vec<u32>,
}

impl<'a, V: CanonicalBytes + ?Sized> NewEntries<'a, V> {
    /// How many were new.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether all was known already.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The new entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a, V>> {
        self.numbers.iter().map(|number| self.log.numbered(*number))
    }

    /// The position of the first new entry; the entries before it kept their positions. `None` if no
    /// entry is new.
    pub fn first_position(&self) -> Option<usize> {
        (!self.is_empty()).then_some(self.position)
    }
}

impl<V: CanonicalBytes + ?Sized> Log<V> {
    pub(super) fn apply_whole(&mut self, delta: LogDelta<V>) -> Result<Changes, ApplyError> {
        self.apply(delta).map(|new| Changes::of(new.len()))
    }

    pub(super) fn apply_shared(&mut self, delta: &LogDelta<V>) -> Result<(), ApplyError> {
        self.apply(delta.clone()).map(drop)
    }
}

impl<V: CanonicalBytes + ?Sized> LogDelta<V> {
    pub(super) fn footprint(&self) -> usize {
        self.lengths.iter().map(|length| 20 + *length as usize).sum()
    }

    pub(super) fn openings(&self) -> &DeltaOpenings {
        &self.openings
    }

    pub(super) fn openings_mut(&mut self) -> &mut DeltaOpenings {
        &mut self.openings
    }
}

/// A message for a replica that has seen `since`: the entries after it.
///
/// They stand by origin, in the order of the actor table of `seen`, and for each origin by counter. The
/// counters are those above what `since` has seen, up to what `seen` has.
#[must_use = "a delta that is not sent brings nobody up to date"]
pub struct LogDelta<V: CanonicalBytes + ?Sized> {
    /// What the receiver must have seen.
    pub(crate) since: Vector,
    /// What the sender has seen.
    pub(crate) seen: Vector,
    /// Of each entry.
    pub(crate) timestamps: Vec<u64>,
    /// Of each entry: its place among the operations of its replica.
    pub(crate) seqs: Vec<u64>,
    /// Of each entry: how many bytes it is of.
    pub(crate) lengths: Vec<u32>,
    /// The entries, one after the other.
    pub(crate) bytes: Pieces,
    pub(crate) openings: DeltaOpenings,
    of: PhantomData<fn(&V)>,
}

/// Whether the bytes are entries of `V`, of these lengths, one after the other.
pub(crate) fn are_all<V: CanonicalBytes + ?Sized>(bytes: &[u8], lengths: &[u32]) -> bool {
    let mut ends = Vec::with_capacity(lengths.len());
    let mut end = 0_usize;
    for length in lengths {
        match end.checked_add(*length as usize) {
            Some(next) => end = next,
            None => return false,
        }
        ends.push(end);
    }
    end == bytes.len() && V::are_all(bytes, &ends)
}

/// The fields of each entry in a delta of a log, without its bytes.
pub(crate) struct Columns {
    pub timestamps: Vec<u64>,
    pub seqs: Vec<u64>,
    pub lengths: Vec<u32>,
}

impl<V: CanonicalBytes + ?Sized> LogDelta<V> {
    /// The delta of these parts: for each origin in the order of the actor table of `seen`, and each
    /// of its entries of which `since` has not seen and `seen` has, its timestamp, seq and length
    /// in bytes; and the bytes of all entries in one. `None` unless the numbers are right, and all
    /// entries are of `V`.
    pub fn new(
        since: Vector,
        seen: Vector,
        timestamps: Vec<u64>,
        seqs: Vec<u64>,
        lengths: Vec<u32>,
        bytes: Vec<u8>,
    ) -> Option<Self> {
        if !are_all::<V>(&bytes, &lengths) {
            return None;
        }
        Self::of_columns(since, seen, Columns { timestamps, seqs, lengths }, bytes.into())
    }

    /// The same of entries that are of `V`.
    pub(crate) fn of_columns(
        since: Vector,
        seen: Vector,
        columns: Columns,
        bytes: Pieces,
    ) -> Option<Self> {
        let Columns { timestamps, seqs, lengths } = columns;
        let mut count = 0_u64;
        for (_, before, until) in seen.beyond(&since) {
            count = count.checked_add(until - before)?;
        }
        let numbers = [timestamps.len(), seqs.len(), lengths.len()];
        let fits = numbers.iter().all(|number| *number as u64 == count);
        let (openings, of) = (DeltaOpenings::default(), PhantomData);
        fits.then_some(Self { since, seen, timestamps, seqs, lengths, bytes, openings, of })
    }

    /// What the receiver must have seen.
    pub fn since(&self) -> &Vector {
        &self.since
    }

    /// What the sender has seen; and the receiver, once this is applied.
    pub fn seen(&self) -> &Vector {
        &self.seen
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether it has no entry.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }
}

impl<V: CanonicalBytes + ?Sized> Clone for LogDelta<V> {
    fn clone(&self) -> Self {
        Self {
            since: self.since.clone(),
            seen: self.seen.clone(),
            timestamps: self.timestamps.clone(),
            seqs: self.seqs.clone(),
            lengths: self.lengths.clone(),
            bytes: self.bytes.clone(),
            openings: self.openings.clone(),
            of: PhantomData,
        }
    }
}

impl<V: CanonicalBytes + ?Sized> fmt::Debug for LogDelta<V> {
    /// All but the entries themselves, which may be many.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogDelta")
            .field("since", &self.since)
            .field("seen", &self.seen)
            .field("timestamps", &self.timestamps)
            .field("seqs", &self.seqs)
            .field("lengths", &self.lengths)
            .finish_non_exhaustive()
    }
}
