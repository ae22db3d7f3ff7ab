//! Where keys and values are kept: byte strings side by side, not one allocation each.
//!
//! Meaning: none of its own; a value is found again by its handle, a key by its number.
//! Laws: what was put in is read back, whatever was freed in between (its tests).
//! Cost: amortized O(length) to put in, O(1) to read. A key costs 4 bytes beside itself and about
//! 6 in the table; a value costs nothing beside itself, and freed space is reclaimed by half.
//! Source: this project.

use hashbrown::hash_table::{Entry, HashTable};
use std::hash::BuildHasher;
use std::num::NonZeroU32;

/// Makes room for one more without doubling: an eighth more, so that little stands empty.
pub(super) fn grow<T>(items: &mut Vec<T>, more: usize) {
    if items.capacity() - items.len() < more {
        items.reserve_exact(more.max(items.len() / 8).max(4));
    }
}

/// Appends one, in memory that grows by an eighth.
pub(super) fn push<T>(items: &mut Vec<T>, item: T) {
    grow(items, 1);
    items.push(item);
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

    /// Both as one, where the other stands behind it.
    fn joined(self, other: Self) -> Option<Self> {
        let is_next =
            self.chunk == other.chunk && self.at.checked_add(self.length) == Some(other.at);
        let length = is_next.then(|| self.length.checked_add(other.length)).flatten()?;
        Some(Self { length, ..self })
    }

    /// A part of it, which was kept as a value of its own right.
    pub fn part(self, at: usize, length: usize) -> Self {
        Self { at: self.at + at as u32, length: length as u32, ..self }
    }
}

/// A chunk takes no further value once it has this many bytes. A greater value has its own.
const CHUNK: usize = 64 * 1024;

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
    /// Keeps a value of at most [`LONGEST`] bytes.
    pub fn put(&mut self, value: &[u8]) -> Handle {
        if self.chunks.last().is_none_or(|last| last.len() + value.len() > CHUNK) {
            self.chunks.push(Vec::new());
        }
        let chunk = self.chunks.len() - 1;
        let last = &mut self.chunks[chunk];
        let at = last.len();
        if last.capacity() - at < value.len() {
            // The first chunk grows as it is needed; the later ones will be full.
            let room = if chunk == 0 { (2 * at).min(CHUNK) } else { CHUNK };
            last.reserve_exact(value.len().max(room - at.min(room)));
        }
        last.extend_from_slice(value);
        self.total += value.len();
        let chunk = NonZeroU32::MIN.saturating_add(chunk as u32);
        Handle { chunk, at: at as u32, length: value.len() as u32 }
    }

    /// The value.
    pub fn get(&self, handle: Handle) -> &[u8] {
        let at = handle.at as usize;
        &self.chunks[handle.chunk.get() as usize - 1][at..at + handle.len()]
    }

    /// Appends values to `out`, one after the other. Those that stand side by side, as they do
    /// where they were put in together, are copied together.
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

    /// The value is needed no more.
    pub fn free(&mut self, handle: Handle) {
        self.freed += handle.len();
    }

    /// Whether more than half is no more needed: then it is time to move the values to a new arena.
    pub fn is_wasteful(&self) -> bool {
        self.freed > CHUNK && self.freed > self.total / 2
    }
}

/// Keys: each byte string once, under a number, for ever.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    /// Where each key ends, less the full 2^32 bytes before; the next one begins there.
    ends: Vec<u32>,
    /// The first key that ends in each further 2^32 bytes.
    turns: Vec<u32>,
    table: HashTable<u32>,
    hasher: hashbrown::DefaultHashBuilder,
}

impl Keys {
    /// How many keys there are. Their numbers are below this.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The key of a number.
    pub fn get(&self, number: u32) -> &[u8] {
        key(&self.bytes, &self.ends, &self.turns, number)
    }

    /// The number of the key, where it is known.
    pub fn find(&self, bytes: &[u8]) -> Option<u32> {
        let is_it = |number: &u32| self.get(*number) == bytes;
        self.table.find(self.hasher.hash_one(bytes), is_it).copied()
    }

    /// The number of the key, and whether it is new: then its number is the next one.
    pub fn number(&mut self, bytes: &[u8]) -> (u32, bool) {
        let Self { bytes: all, ends, turns, table, hasher } = self;
        let entry = table.entry(
            hasher.hash_one(bytes),
            |number| key(all, ends, turns, *number) == bytes,
            |number| hasher.hash_one(key(all, ends, turns, *number)),
        );
        match entry {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(vacant) => {
                let number = ends.len() as u32;
                vacant.insert(number);
                grow(all, bytes.len());
                all.extend_from_slice(bytes);
                if all.len() as u64 >> 32 > turns.len() as u64 {
                    turns.push(number);
                }
                push(ends, all.len() as u32);
                (number, true)
            }
        }
    }
}

fn key<'a>(bytes: &'a [u8], ends: &[u32], turns: &[u32], number: u32) -> &'a [u8] {
    let end = |number: u32| {
        let turns = turns.partition_point(|first| *first <= number);
        turns << 32 | ends[number as usize] as usize
    };
    let start = if number == 0 { 0 } else { end(number - 1) };
    &bytes[start..end(number)]
}
