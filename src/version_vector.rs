//! Version vectors: which operations on one object a replica has seen.
//!
//! Meaning: a number per origin; an origin's operations up to that number have been seen.
//! Laws: a lattice under the pointwise maximum.
//! Cost: join O(origins · log origins), lookup O(log origins).
//! Source: Parker et al., Detection of Mutual Inconsistency in Distributed Systems, 1983.

use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// How many operations of each origin have been seen, each without a gap.
///
/// An absent origin counts 0, and no entry is 0, so that equal knowledge is equal data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct VersionVector(BTreeMap<Origin, u64>);

impl VersionVector {
    /// How many operations of `origin` have been seen.
    pub fn get(&self, origin: &Origin) -> u64 {
        self.0.get(origin).copied().unwrap_or(0)
    }

    /// Whether the operation has been seen.
    pub fn contains(&self, dot: &Dot) -> bool {
        1 <= dot.counter && dot.counter <= self.get(&dot.origin)
    }

    /// The name of the next operation of `origin`; `None` after 2^64 − 1 of them.
    pub fn next(&self, origin: &Origin) -> Option<Dot> {
        let counter = self.get(origin).checked_add(1)?;
        Some(Dot { origin: origin.clone(), counter })
    }

    /// Marks all operations of `origin` up to `counter` as seen.
    pub fn see(&mut self, origin: &Origin, counter: u64) {
        if counter > self.get(origin) {
            self.0.insert(origin.clone(), counter);
        }
    }

    /// The entries, in the order of their origins.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, u64)> {
        self.0.iter().map(|(origin, counter)| (origin, *counter))
    }

    /// Whether everything that `other` has seen has been seen here.
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|(origin, counter)| self.get(origin) >= counter)
    }
}

/// Less means: has seen strictly less. Vectors that each lack something are not comparable.
pub fn compare(a: &VersionVector, b: &VersionVector) -> Option<Ordering> {
    match (b.covers(a), a.covers(b)) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => None,
    }
}

impl Lattice for VersionVector {
    fn bottom() -> Self {
        Self::default()
    }

    fn join(&mut self, other: &Self) {
        for (origin, counter) in other.iter() {
            self.see(origin, counter);
        }
    }
}
