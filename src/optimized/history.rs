//! Who did what to which key: authors under numbers, and each origin's operations in order.
//!
//! Meaning: none of its own. An origin's *trail* says of its operations which key they decided on:
//! of all that are maximal, and of all births. So what changed since a vector is at the ends
//! of the trails, and a birth is found by its name. Where the record of a key does not tell its
//! births, they are in a *chain*.
//! Laws: rising counters; nothing that is maximal or a birth is missing (tests/optimized.rs).
//! Cost: 12 bytes an entry, and at most twice as many entries as are needed; 16 bytes a birth in a
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

/// A birth of a key: number of the origin, and counter.
pub(super) type Birth = (u32, u64);

/// The births of a key, in a chain: 0 where there are none, else 1 + the place of the last link.
pub(super) type Chain = u32;

/// The births of those keys of which a record is there that is no birth, or a further one.
#[derive(Clone, Debug, Default)]
pub(super) struct Births {
    links: Table<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    /// In two halves, so that a link has no gaps: there are many.
    counter: [u32; 2],
    origin: u32,
    before: Chain,
}

impl Births {
    /// The greatest number of births: those who refer to them use two bits otherwise.
    const MOST: usize = 1 << 30;

    /// Whether there is room for so many more.
    pub fn has_room(&self, births: usize) -> bool {
        self.links.len() + births < Self::MOST
    }

    /// Adds a birth to a chain, and gives the longer one. There must be room.
    pub fn add(&mut self, before: Chain, (origin, counter): Birth) -> Chain {
        let counter = [(counter >> 32) as u32, counter as u32];
        self.links.push(Link { counter, origin, before });
        self.links.len() as Chain
    }

    /// The births of a chain, the last one first.
    pub fn of(&self, chain: Chain) -> impl Iterator<Item = Birth> {
        let link = |chain: Chain| Some(self.links[chain.checked_sub(1)? as usize]);
        std::iter::successors(link(chain), move |last| link(last.before)).map(|link| {
            (link.origin, u64::from(link.counter[0]) << 32 | u64::from(link.counter[1]))
        })
    }
}

/// Marks the entry of a birth.
const BIRTH: u32 = 1 << 31;

/// One origin's operations that are maximal or births, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    counters: Table<u64>,
    /// The key's number, and whether the operation is a birth.
    keys: Table<u32>,
    /// How many entries are neither maximal nor births.
    stale: usize,
}

/// One operation on a trail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Step {
    pub counter: u64,
    pub key: u32,
    pub is_birth: bool,
}

impl Trail {
    /// Adds an operation. Its counter is not below those before.
    pub fn push(&mut self, step: Step) {
        let Step { counter, key, is_birth } = step;
        self.counters.push(counter);
        self.keys.push(if is_birth { key | BIRTH } else { key });
    }

    /// Which key the operation was the first decision on.
    pub fn born(&self, counter: u64) -> Option<u32> {
        // Where no entry is missing, it is where it would be.
        let guess = usize::try_from(counter.checked_sub(*self.counters.get(0)?)?).ok()?;
        if self.counters.get(guess) == Some(&counter) && self.keys[guess] & BIRTH != 0 {
            return Some(self.keys[guess] & !BIRTH);
        }
        let mut from = self.first_from(counter);
        while self.counters.get(from) == Some(&counter) {
            let key = self.keys[from];
            if key & BIRTH != 0 {
                return Some(key & !BIRTH);
            }
            from += 1;
        }
        None
    }

    /// The operations after `counter`, with their keys, in order. Some are no longer maximal.
    pub fn after(&self, counter: u64) -> impl Iterator<Item = (u64, u32)> {
        let from = counter.checked_add(1).map_or(self.counters.len(), |next| self.first_from(next));
        let keys = self.keys.iter_from(from).map(|key| *key & !BIRTH);
        self.counters.iter_from(from).copied().zip(keys)
    }

    /// How many operations there are after `counter`, also those that are no longer maximal.
    pub fn count_after(&self, counter: u64) -> usize {
        let from = counter.checked_add(1).map(|next| self.first_from(next));
        self.counters.len() - from.unwrap_or(self.counters.len())
    }

    /// The first entry with at least this counter. Where none are missing, it is where it would be.
    fn first_from(&self, counter: u64) -> usize {
        let Some(guess) = self.counters.get(0).and_then(|first| counter.checked_sub(*first)) else {
            return 0;
        };
        let guess = usize::try_from(guess).unwrap_or(usize::MAX);
        let is_first = self.counters.get(guess) == Some(&counter)
            && (guess == 0 || self.counters[guess - 1] < counter);
        if is_first { guess } else { self.counters.partition_point(|at| *at < counter) }
    }

    /// An operation that is no birth is no longer maximal. Whether it is time to clear the trail.
    pub fn outdate(&mut self) -> bool {
        self.stale += 1;
        self.stale > 16 && self.stale > self.keys.len() / 2
    }

    /// Drops what is neither a birth nor maximal.
    pub fn clear(&mut self, is_maximal: impl Fn(u64, u32) -> bool) {
        let mut kept = Self::default();
        for (counter, key) in self.counters.iter().zip(self.keys.iter()) {
            if key & BIRTH != 0 || is_maximal(*counter, *key) {
                kept.counters.push(*counter);
                kept.keys.push(*key);
            }
        }
        *self = kept;
    }
}
