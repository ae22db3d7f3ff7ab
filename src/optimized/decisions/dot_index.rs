//! Dot index: the operations of one origin that still matter, in order, and the keys they decided on.
//!
//! Meaning: it has every maximal decision of the origin, and every creation dot. What changed since a
//! vector is at the ends of the indexes, and a creation dot finds its key.
//! Laws: counters rise strictly; nothing maximal and no creation dot is missing (`debug_check`).
//! Cost: 12 bytes an entry, and at most twice as many entries as are needed.
//! Source: this project.

use super::super::arena::Table;

/// One operation on a dot index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Step {
    pub counter: u64,
    pub key: u32,
    pub is_creation: bool,
}

/// The same, as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// In two halves, so that an entry has no gaps: there are many.
    counter: [u32; 2],
    /// The key's number, and whether the operation is a creation dot.
    key: u32,
}

impl Entry {
    /// Marks a creation dot.
    const CREATION: u32 = 1 << 31;

    fn new(Step { counter, key, is_creation }: Step) -> Self {
        let counter = [(counter >> 32) as u32, counter as u32];
        Self { counter, key: if is_creation { key | Self::CREATION } else { key } }
    }

    /// The operation's place among those of its origin.
    pub fn counter(self) -> u64 {
        u64::from(self.counter[0]) << 32 | u64::from(self.counter[1])
    }

    /// The number of the key that it decided on.
    pub fn key(self) -> u32 {
        self.key & !Self::CREATION
    }

    fn is_creation(self) -> bool {
        self.key & Self::CREATION != 0
    }
}

/// One origin's operations that are maximal or creation dots, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct DotIndex {
    entries: Table<Entry>,
    /// The counter of the last entry; 0 where there is none.
    last: u64,
    /// How many entries are neither maximal nor creation dots.
    stale: usize,
}

impl DotIndex {
    /// Adds an operation. Its counter is above those before.
    #[inline]
    pub fn push(&mut self, step: Step) {
        self.entries.push(Entry::new(step));
        self.last = step.counter;
    }

    /// The key that the operation created.
    pub fn key_created_by(&self, counter: u64) -> Option<u32> {
        let entry = self.entries.get(self.first_from(counter))?;
        (entry.counter() == counter && entry.is_creation()).then(|| entry.key())
    }

    /// The operations after `counter`, in order, in blocks of at most `most`. Some are no longer
    /// maximal.
    pub fn after(&self, counter: u64, most: usize) -> impl Iterator<Item = &[Entry]> {
        self.entries.slices_from(self.first_after(counter)).flat_map(move |all| all.chunks(most))
    }

    /// How many operations there are after `counter`, also those that are no longer maximal.
    pub fn count_after(&self, counter: u64) -> usize {
        self.entries.len() - self.first_after(counter)
    }

    fn first_after(&self, counter: u64) -> usize {
        counter.checked_add(1).map_or(self.entries.len(), |next| self.first_from(next))
    }

    /// Where the entry with this counter is if none are missing; before the first one nothing is.
    fn guess(&self, counter: u64) -> Option<usize> {
        let first = self.entries.get(0)?.counter();
        Some(usize::try_from(counter.checked_sub(first)?).unwrap_or(usize::MAX))
    }

    /// What is looked at first to find an operation.
    #[inline]
    pub fn near(&self, counter: u64) -> Option<&Entry> {
        self.entries.get(self.guess(counter)?)
    }

    /// The first entry with at least this counter. Where none are missing, it is where it would be.
    #[inline]
    fn first_from(&self, counter: u64) -> usize {
        let Some(guess) = self.guess(counter) else {
            return 0;
        };
        let is_first = self.entries.get(guess).is_some_and(|entry| entry.counter() == counter)
            && (guess == 0 || self.entries[guess - 1].counter() < counter);
        if is_first {
            guess
        } else {
            self.entries.partition_point(|entry| entry.counter() < counter)
        }
    }

    /// Counts an operation that is no longer maximal and no creation dot. Returns whether it is time to compact.
    pub fn outdate(&mut self) -> bool {
        self.stale += 1;
        self.stale > 16 && self.stale > self.entries.len() / 2
    }

    /// Drops what is neither a creation dot nor maximal.
    pub fn clear(&mut self, mut is_maximal: impl FnMut(u64, u32) -> bool) {
        let mut kept = Self { last: self.last, ..Self::default() };
        for entry in self.entries.iter() {
            if entry.is_creation() || is_maximal(entry.counter(), entry.key()) {
                kept.entries.push(*entry);
            }
        }
        *self = kept;
    }
}
