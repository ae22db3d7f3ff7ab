//! Creation dots: the decisions on a key that saw no other decision on it.
//!
//! Meaning: a creation dot names its key to everybody who has seen it, in place of the key's bytes. A
//! key has several where replicas created it concurrently.
//! Laws: a creation dot stays known for ever.
//! Cost: nothing where the only record of a key is its only creation dot; else 16 bytes each.
//! Source: this project.

use super::super::arena::Table;

/// An operation as the store names it: number of the origin, and counter.
pub(super) type LocalDot = (u32, u64);

/// A set of operations on one key. Usually it is small; a peer may make it large to slow others
/// down, so a large one is sorted.
#[derive(Debug, Default)]
pub(super) struct LocalDots(Vec<LocalDot>);

impl LocalDots {
    /// Up to this many are searched linearly.
    pub const FEW: usize = 8;

    /// Exactly these.
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

    /// Adds a creation dot to a chain, and returns the longer chain. There must be room.
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

#[cfg(test)]
mod tests {
    use super::*;

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
