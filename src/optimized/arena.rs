//! Where keys and values are kept: byte strings side by side, not one allocation each.
//!
//! Meaning: storage only; a handle finds its value again, and a number its key.
//! Laws: what was put in is read back, whatever was freed in between (its tests).
//! Cost: amortized O(length) to put in, O(1) to read. A key costs 5 bytes in addition to its own and about
//! 6 in the table; a value costs its own bytes only. Half of the freed space is reclaimed at a time.
//! Source: this project.

use hashbrown::hash_table::{Entry, HashTable};
use smallvec::SmallVec;
use std::hash::BuildHasher;
use std::num::NonZeroU32;

/// How many items are prefetched at once: that many fit into the fastest cache.
pub(super) const BLOCK: usize = 64;

/// Brings up to [`BLOCK`] items into the cache, before they are gone through one by one. Memory
/// answers many independent requests in about the time of one: so the addresses of all items come
/// first, and then something is read of each.
#[inline]
pub(super) fn prefetch<'a, T: 'a>(items: impl Iterator<Item = &'a T>, read: impl Fn(&T) -> u64) {
    let items: SmallVec<[&T; BLOCK]> = items.collect();
    // Otherwise the compiler would remove the loads, whose results are unused.
    std::hint::black_box(items.into_iter().fold(0, |all, item| all ^ read(item)));
}

/// How many items a full chunk of a table has.
const ITEMS: usize = 4096;

/// A growing array in chunks: it grows without moving what is there, and wastes little.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    /// All full but the last one.
    chunks: Vec<Vec<T>>,
    length: usize,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), length: 0 }
    }
}

impl<T> Table<T> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Appends one. The item is constructed in place.
    #[inline(always)]
    pub fn push(&mut self, item: T) {
        if self.chunks.last().is_none_or(|last| last.len() >= ITEMS.min(last.capacity())) {
            self.grow();
        }
        if let Some(last) = self.chunks.last_mut() {
            last.push(item);
            self.length += 1;
        }
    }

    /// Makes room for one more.
    #[cold]
    fn grow(&mut self) {
        if self.chunks.last().is_none_or(|last| last.len() >= ITEMS) {
            self.chunks.push(Vec::new());
        }
        // The first chunk grows as it is needed; the later ones will be full.
        let is_first = self.chunks.len() == 1;
        if let Some(last) = self.chunks.last_mut() {
            let room = if is_first { last.len().max(4) } else { ITEMS };
            last.reserve_exact(room.min(ITEMS - last.len()));
        }
    }

    /// Drops the items from a place on.
    pub fn truncate(&mut self, length: usize) {
        while self.length > length {
            self.length -= 1;
            if let Some(last) = self.chunks.last_mut() {
                last.pop();
                if last.is_empty() {
                    self.chunks.pop();
                }
            }
        }
    }

    /// The items, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// The items from a place on, in order, side by side.
    pub fn slices_from(&self, at: usize) -> impl Iterator<Item = &[T]> {
        let (chunk, within) = (at / ITEMS, at % ITEMS);
        let first = self.chunks.get(chunk).and_then(|chunk| chunk.get(within..)).unwrap_or(&[]);
        std::iter::once(first).chain(self.chunks.iter().skip(chunk + 1).map(Vec::as_slice))
    }

    /// The items, in order, mutably.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.chunks.iter_mut().flatten()
    }

    /// The item at a place, if there is one.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / ITEMS)?.get(at % ITEMS)
    }

    /// The first place whose item does not satisfy the predicate; those that do come first.
    pub fn partition_point(&self, is_meant: impl Fn(&T) -> bool) -> usize {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(&is_meant));
        let within = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(is_meant));
        (chunk * ITEMS + within).min(self.len())
    }
}

impl<T> std::ops::Index<usize> for Table<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: usize) -> &T {
        &self.chunks[at / ITEMS][at % ITEMS]
    }
}

impl<T> std::ops::IndexMut<usize> for Table<T> {
    #[inline]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.chunks[at / ITEMS][at % ITEMS]
    }
}

/// Where a value is. Only the arena that made it can read it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Handle {
    /// From 1, so that an optional handle is no larger.
    chunk: NonZeroU32,
    at: u32,
    length: u32,
}

impl Handle {
    /// How many bytes it is of.
    pub fn len(self) -> usize {
        self.length as usize
    }

    /// Both as one, if the other follows it directly.
    fn joined(self, other: Self) -> Option<Self> {
        let is_next =
            self.chunk == other.chunk && self.at.checked_add(self.length) == Some(other.at);
        let length = is_next.then(|| self.length.checked_add(other.length)).flatten()?;
        Some(Self { length, ..self })
    }

    /// A part of it, as a value of its own.
    pub fn part(self, at: usize, length: usize) -> Self {
        Self { at: self.at + at as u32, length: length as u32, ..self }
    }
}

/// A chunk of this many bytes is full. A longer value gets a chunk of its own.
const CHUNK: usize = 64 * 1024;

/// Makes room in a chunk. The first one grows as it is needed; the later ones will be full.
fn make_room(chunk: &mut Vec<u8>, more: usize, is_first: bool) {
    let at = chunk.len();
    if chunk.capacity() - at < more {
        let room = if is_first { (2 * at).min(CHUNK) } else { CHUNK };
        chunk.reserve_exact(more.max(room.saturating_sub(at)));
    }
}

/// The greatest number of keys: references to keys, to their creation dots and to their siblings
/// each, use up to three bits otherwise.
pub(super) const MOST_KEYS: usize = 1 << 29;

/// The greatest length of one value, in bytes.
pub const LONGEST: usize = u32::MAX as usize;

/// Values. Chunks, because a growing vector of all of them would be copied as it grows.
#[derive(Clone, Debug, Default)]
pub struct Values {
    chunks: Vec<Vec<u8>>,
    freed: usize,
    total: usize,
}

impl Values {
    /// Stores a value of at most [`LONGEST`] bytes.
    #[inline]
    pub fn put(&mut self, value: &[u8]) -> Handle {
        let chunk = self.chunks.len() as u32;
        self.total += value.len();
        if let (Some(last), Some(chunk)) = (self.chunks.last_mut(), NonZeroU32::new(chunk))
            && value.len() <= last.capacity() - last.len()
            && value.len() + last.len() <= CHUNK
        {
            let at = last.len() as u32;
            last.extend_from_slice(value);
            return Handle { chunk, at, length: value.len() as u32 };
        }
        self.put_growing(value)
    }

    /// Stores a value in a new chunk.
    #[cold]
    fn put_growing(&mut self, value: &[u8]) -> Handle {
        if self.chunks.last().is_none_or(|last| last.len() + value.len() > CHUNK) {
            self.chunks.push(Vec::new());
        }
        let chunk = self.chunks.len() - 1;
        let last = &mut self.chunks[chunk];
        let at = last.len();
        make_room(last, value.len(), chunk == 0);
        last.extend_from_slice(value);
        let chunk = NonZeroU32::MIN.saturating_add(chunk as u32);
        Handle { chunk, at: at as u32, length: value.len() as u32 }
    }

    /// The value.
    #[inline]
    pub fn get(&self, handle: Handle) -> &[u8] {
        let at = handle.at as usize;
        &self.chunks[handle.chunk.get() as usize - 1][at..at + handle.len()]
    }

    /// Appends values to `out`, one after the other. Those that are adjacent, as they are
    /// if they were stored together, are copied together.
    pub fn append(&self, values: impl Iterator<Item = Handle>, out: &mut Vec<u8>) {
        let mut run: Option<Handle> = None;
        for next in values {
            run = Some(match run {
                None => next,
                Some(run) => run.joined(next).unwrap_or_else(|| {
                    out.extend_from_slice(self.get(run));
                    next
                }),
            });
        }
        if let Some(run) = run {
            out.extend_from_slice(self.get(run));
        }
    }

    /// Frees the value.
    pub fn free(&mut self, handle: Handle) {
        self.freed += handle.len();
    }

    /// The total length of all values in bytes, freed ones included.
    pub fn bytes(&self) -> usize {
        self.total
    }

    /// Whether more than half is freed: then it is time to move the values to a new arena.
    pub fn is_wasteful(&self) -> bool {
        self.freed > CHUNK && self.freed > self.total / 2
    }
}

/// Keys: each byte string once, under a number, for ever.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    /// Each key behind its length, of 7 bits a byte, the lowest first.
    chunks: Vec<Vec<u8>>,
    /// Where each key is: the chunk, and the place in it.
    places: Table<u32>,
    table: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

/// The greatest number of chunks of keys: a place has 16 bits for the chunk.
const MOST_CHUNKS: usize = 1 << 16;

impl Keys {
    /// The key of a number.
    pub fn get(&self, number: u32) -> &[u8] {
        key(&self.chunks, &self.places, number)
    }

    /// The total length of all keys in bytes. Cost: O(chunks).
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// Brings the beginnings of these keys into the cache, [`BLOCK`] of them at most.
    pub fn prefetch(&self, numbers: &[u32]) {
        let places = numbers.iter().map(|number| self.places[*number as usize]);
        let places: SmallVec<[u32; BLOCK]> = places.collect();
        let first = |place: &u32| &self.chunks[(place >> 16) as usize][(place & 0xffff) as usize];
        prefetch(places.iter().map(first), |byte| (*byte).into());
    }

    /// The number of the key, where it is known.
    pub fn find(&self, bytes: &[u8]) -> Option<u32> {
        let is_it = |number: &u32| self.get(*number) == bytes;
        self.table.find(self.hasher.hash_one(bytes), is_it).copied()
    }

    /// Whether there is room for so many more keys, of so many bytes in all.
    pub fn has_room(&self, keys: usize, bytes: usize) -> bool {
        // A key that does not fit into the rest of a chunk leaves the rest empty.
        let chunks = 2 * (bytes + 5 * keys).div_ceil(CHUNK) + 1;
        self.places.len() + keys <= MOST_KEYS && self.chunks.len() + chunks <= MOST_CHUNKS
    }

    /// How many keys there are. Their numbers are below this.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Forgets the keys from a number on.
    pub fn truncate(&mut self, length: usize) {
        let Some(place) = self.places.get(length).copied() else {
            return;
        };
        for number in length as u32..self.places.len() as u32 {
            let hash = self.hasher.hash_one(self.get(number));
            if let Ok(entry) = self.table.find_entry(hash, |other| *other == number) {
                entry.remove();
            }
        }
        self.places.truncate(length);
        self.chunks.truncate((place >> 16) as usize + 1);
        if let Some(last) = self.chunks.last_mut() {
            last.truncate((place & 0xffff) as usize);
        }
    }

    /// The number of the key, and whether it is new: then its number is the next one. There must
    /// be room.
    pub fn number(&mut self, bytes: &[u8]) -> (u32, bool) {
        let Self { chunks, places, table, hasher } = self;
        let entry = table.entry(
            hasher.hash_one(bytes),
            |number| key(chunks, places, *number) == bytes,
            |number| hasher.hash_one(key(chunks, places, *number)),
        );
        match entry {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(vacant) => {
                let number = places.len() as u32;
                vacant.insert(number);
                places.push(put_key(chunks, bytes));
                (number, true)
            }
        }
    }
}

/// Stores a key, and returns its place.
fn put_key(chunks: &mut Vec<Vec<u8>>, bytes: &[u8]) -> u32 {
    let size = bytes.len() + 5;
    if chunks.last().is_none_or(|last| last.len() + size > CHUNK) {
        chunks.push(Vec::new());
    }
    let chunk = chunks.len() - 1;
    let last = &mut chunks[chunk];
    let at = last.len();
    make_room(last, size, chunk == 0);
    let mut length = bytes.len();
    while length >= 128 {
        last.push(length as u8 | 128);
        length >>= 7;
    }
    last.push(length as u8);
    last.extend_from_slice(bytes);
    (chunk << 16 | at) as u32
}

fn key<'a>(chunks: &'a [Vec<u8>], places: &Table<u32>, number: u32) -> &'a [u8] {
    let place = places[number as usize];
    let mut rest = &chunks[(place >> 16) as usize][(place & 0xffff) as usize..];
    if let Some((length, key)) = rest.split_first()
        && *length < 128
    {
        return &key[..usize::from(*length)];
    }
    let (mut length, mut shift) = (0, 0);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        length |= usize::from(byte & 127) << shift;
        shift += 7;
        if *byte < 128 {
            break;
        }
    }
    &rest[..length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_finds_where_items_begin_to_differ() {
        let mut table = Table::default();
        for number in 0..=2 * ITEMS {
            assert_eq!(table.partition_point(|_| true), number, "all are meant");
            table.push(number);
        }
        for limit in [0, 1, ITEMS - 1, ITEMS, ITEMS + 1, 2 * ITEMS, 2 * ITEMS + 1] {
            assert_eq!(table.partition_point(|item| *item < limit), limit);
            assert!(table.slices_from(limit).flatten().copied().eq(limit..=2 * ITEMS));
        }
    }

    #[test]
    fn values_are_read_back_whatever_their_length() {
        let mut values = Values::default();
        let value = |number: usize| vec![number as u8; number * number % 9000];
        let mut handles: Vec<Handle> = (0..300).map(|number| values.put(&value(number))).collect();
        let great = vec![7; 3 * CHUNK];
        handles.insert(150, values.put(&great));
        for (number, handle) in handles.iter().enumerate() {
            let expected = match number {
                150 => great.clone(),
                _ => value(number - usize::from(number > 150)),
            };
            assert_eq!(values.get(*handle), expected);
        }
        let mut together = Vec::new();
        values.append(handles[..3].iter().copied(), &mut together);
        assert_eq!(together, [value(0), value(1), value(2)].concat());
    }

    #[test]
    fn a_key_keeps_its_number() {
        let mut keys = Keys::default();
        let key = |number: usize| format!("{}{number}", "k".repeat(number % 300));
        for round in 0..2 {
            for number in 0..1000 {
                let found = keys.number(key(number).as_bytes());
                assert_eq!(found, (number as u32, round == 0));
                assert_eq!(keys.get(number as u32), key(number).as_bytes());
                assert_eq!(keys.find(key(number).as_bytes()), Some(number as u32));
            }
        }
        assert_eq!(keys.find(b"none"), None);
    }

    #[test]
    fn keys_are_forgotten_from_a_number_on() {
        let name = |number: u32| format!("{number}{}", "x".repeat(number as usize % 50));
        for kept in [0, 1, 2_000, 5_000, 9_999] {
            let mut keys = Keys::default();
            let numbers = |keys: &mut Keys| -> Vec<(u32, bool)> {
                (0..10_000).map(|number| keys.number(name(number).as_bytes())).collect()
            };
            numbers(&mut keys);
            keys.truncate(kept);
            assert_eq!(keys.len(), kept);
            for number in [0, kept as u32, 9_999] {
                let is_known = (number as usize) < kept;
                assert_eq!(keys.find(name(number).as_bytes()), is_known.then_some(number));
            }
            let again = numbers(&mut keys);
            for (number, (given, is_new)) in (0..).zip(again) {
                assert_eq!((given, is_new), (number, number as usize >= kept));
                assert_eq!(keys.get(number), name(number).as_bytes());
            }
        }
    }
}
