//! Who did what to which key: authors under numbers, and each origin's operations in order.
//!
//! Meaning: none of its own. An origin's *dot index says of its operations which key they decided on:
//! of all that are maximal, and of all creation dots. So what changed since a vector is at the ends
//! of the dot indexes, and a creation dot is found by its name. Where the record of a key does not tell its
//! creation dots, they are in a *chain*.
//! Laws: rising counters; nothing that is maximal or a creation dot is missing (tests/engines/optimized/mod.rs).
//! Cost: 12 bytes an entry, and at most twice as many entries as are needed; 16 bytes a creation dot in a
//! chain.
//! Source: this project.

use super::arena::Table;
use crate::operation::User;
use hashbrown::HashMap;

/// The authors of one object's records: origins by number, and the people.
#[derive(Clone, Debug, Default)]
pub(super) struct Authors {
    list: Vec<(u32, Option<User>)>,
    numbers: HashMap<(u32, Option<User>), u32>,
}

impl Authors {
    /// The number of an author.
    pub fn number(&mut self, origin: u32, user: &Option<User>) -> u32 {
        // Nearly always the last one again.
        if let Some((last, who)) = self.list.last()
            && *last == origin
            && who == user
        {
            return self.list.len() as u32 - 1;
        }
        let new = self.list.len() as u32;
        let number = *self.numbers.entry((origin, user.clone())).or_insert(new);
        if number == new {
            self.list.push((origin, user.clone()));
        }
        number
    }

    /// The number of the author's origin.
    pub fn origin(&self, author: u32) -> u32 {
        self.list[author as usize].0
    }

    /// The person, where known.
    pub fn user(&self, author: u32) -> &Option<User> {
        &self.list[author as usize].1
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }
}

/// An operation as the store names it: number of the origin, and counter.
pub(super) type LocalDot = (u32, u64);

/// Operations on one key, to be looked up. There are few, unless somebody made many to keep others
/// busy: then they are put in order, so that it takes no time.
#[derive(Debug, Default)]
pub(super) struct LocalDots(Vec<LocalDot>);

impl LocalDots {
    /// So many are looked at one by one.
    pub const FEW: usize = 8;

    /// These, and no others.
    pub fn set(&mut self, dots: impl Iterator<Item = LocalDot>) {
        self.0.clear();
        self.0.extend(dots);
        if self.0.len() > Self::FEW {
            self.0.sort_unstable();
        }
    }

    /// Whether the operation is one of them.
    pub fn has(&self, dot: LocalDot) -> bool {
        if self.0.len() > Self::FEW {
            self.0.binary_search(&dot).is_ok()
        } else {
            self.0.contains(&dot)
        }
    }
}

impl FromIterator<LocalDot> for LocalDots {
    fn from_iter<I: IntoIterator<Item = LocalDot>>(dots: I) -> Self {
        let mut all = Self::default();
        all.set(dots.into_iter());
        all
    }
}

/// The creation dots of a key, in a chain: 0 where there are none, else 1 + the place of the last link.
pub(super) type Chain = u32;

/// The creation dots of those keys of which a record is there that is no creation dot, or a further one.
#[derive(Clone, Debug, Default)]
pub(super) struct CreationDots {
    links: Table<Link>,
}

/// One creation dot of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// In two halves, so that a link has no gaps: there are many.
    counter: [u32; 2],
    pub origin: u32,
    before: Chain,
}

impl CreationDots {
    /// The greatest number of creation dots: those who refer to them use three bits otherwise.
    const MOST: usize = 1 << 29;

    /// Whether there is room for so many more.
    pub fn has_room(&self, creation_dots: usize) -> bool {
        self.links.len() + creation_dots < Self::MOST
    }

    /// Adds a creation dot to a chain, and gives the longer one. There must be room.
    pub fn add(&mut self, before: Chain, (origin, counter): LocalDot) -> Chain {
        let counter = [(counter >> 32) as u32, counter as u32];
        self.links.push(Link { counter, origin, before });
        self.links.len() as Chain
    }

    /// The last link of a chain.
    #[inline]
    pub fn link(&self, chain: Chain) -> Option<&Link> {
        Some(&self.links[chain.checked_sub(1)? as usize])
    }

    /// The creation dots of a chain, the last one first.
    pub fn of(&self, chain: Chain) -> impl Iterator<Item = LocalDot> {
        let first = self.link(chain).copied();
        std::iter::successors(first, |last| self.link(last.before).copied()).map(|link| {
            (link.origin, u64::from(link.counter[0]) << 32 | u64::from(link.counter[1]))
        })
    }
}

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
    /// Adds an operation. Its counter is not below those before.
    #[inline]
    pub fn push(&mut self, step: Step) {
        self.entries.push(Entry::new(step));
        if step.is_creation && step.counter == self.last {
            self.put_creation_first(step.counter);
        }
        self.last = step.counter;
    }

    /// Of several keys that one operation decided on, which is always forged, the last one was created
    /// by it: it goes first.
    #[cold]
    fn put_creation_first(&mut self, counter: u64) {
        let first = self.entries.partition_point(|other| other.counter() < counter);
        let last = self.entries.len() - 1;
        (self.entries[first], self.entries[last]) = (self.entries[last], self.entries[first]);
    }

    /// Which key the operation was the first decision on.
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

    /// An operation that is no creation dot is no longer maximal. Whether it is time to clear the dot index.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creation_dot_is_found_among_forged_decisions_of_one_operation() {
        let mut dot_index = DotIndex::default();
        for (counter, key, is_creation) in
            [(1, 0, true), (2, 1, false), (2, 2, false), (2, 3, true), (2, 4, false), (3, 5, true)]
        {
            dot_index.push(Step { counter, key, is_creation });
        }
        assert_eq!([0, 1, 2, 3, 4].map(|counter| dot_index.key_created_by(counter)), {
            [None, Some(0), Some(3), Some(5), None]
        });
        let after = |dot_index: &DotIndex, counter| -> Vec<(u64, u32)> {
            let entries = dot_index.after(counter, 2).flatten();
            entries.map(|entry| (entry.counter(), entry.key())).collect()
        };
        let mut keys: Vec<u32> = after(&dot_index, 1).into_iter().map(|(_, key)| key).collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 2, 3, 4, 5]);
        dot_index.clear(|_, key| key == 4);
        assert_eq!(after(&dot_index, 0), [(1, 0), (2, 3), (2, 4), (3, 5)]);
    }

    #[test]
    fn few_and_many_are_found() {
        for count in [0, 1, LocalDots::FEW, LocalDots::FEW + 1, 100] {
            let all: LocalDots = (0..count as u32).rev().map(|at| (at, 7)).collect();
            for at in 0..count as u32 {
                assert!(all.has((at, 7)) && !all.has((at, 8)));
            }
            assert!(!all.has((count as u32, 7)));
        }
    }
}
