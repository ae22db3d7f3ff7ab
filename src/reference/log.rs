//! Log: a list that only grows, in the order of its timestamps.
//!
//! Meaning: all entries that were seen, by timestamp, then replica, then the entry's place among
//! the operations of its replica, then the entry itself.
//! Laws: the join is the union, a semilattice; `append` equals applying its delta.
//! Cost: join O(entries · log entries); delta one pass over the entries.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 11, with
//! the order of spec. 8.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, log::Log};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let mut local = Log::bottom();
//! local.append(&author("client", 1), "migrate the orders", 10)?;
//! let mut server = local.clone();
//! local.append(&author("client", 2), "offline: what is left?", 30)?;
//! server.append(&author("server", 1), "orders are migrated", 20)?;
//!
//! local.join(&server);
//! let entries: Vec<&str> = local.entries().map(|entry| entry.entry).collect();
//! assert_eq!(entries, ["migrate the orders", "orders are migrated", "offline: what is left?"]);
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::delta::Replicated;
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::{Dot, Origin, ReplicaId};
use crate::lattice::Lattice;
use crate::version_vector::VersionVector;
use std::collections::BTreeSet;

/// One entry. The order of the fields is the order of the log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Entry<T> {
    /// When, by the appending replica's clock.
    pub timestamp: u64,
    /// Who appended.
    pub replica: ReplicaId,
    /// Its place among the operations of that replica, from 1.
    pub seq: u64,
    /// What was appended.
    pub entry: T,
    /// The incarnation of the replica.
    pub incarnation: u64,
    /// Its place among the entries of that incarnation, from 1.
    pub counter: u64,
}

impl<T> Entry<T> {
    /// Its name among the operations on the log.
    pub fn dot(&self) -> Dot {
        let origin = Origin { replica: self.replica.clone(), incarnation: self.incarnation };
        Dot { origin, counter: self.counter }
    }
}

/// The entries, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log<T> {
    seen: VersionVector,
    entries: BTreeSet<Entry<T>>,
}

impl<T: Ord + Clone> Log<T> {
    /// The log with these parts.
    pub fn from_parts(seen: VersionVector, entries: BTreeSet<Entry<T>>) -> Self {
        Self { seen, entries }
    }
}

impl<T: Ord + Clone> Lattice for Log<T> {
    fn bottom() -> Self {
        Self { seen: VersionVector::bottom(), entries: BTreeSet::new() }
    }

    fn join(&mut self, other: &Self) {
        self.entries.extend(other.entries.iter().cloned());
        self.seen.join(&other.seen);
    }
}

impl<T: Ord + Clone> Log<T> {
    /// Appends an entry. Entries with greater timestamps stay behind it.
    pub fn append(
        &mut self,
        author: &Author,
        entry: T,
        timestamp: u64,
    ) -> Result<Dot, OperationError> {
        let Author { origin, seq, .. } = author;
        let dot =
            self.seen.next(origin).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        self.entries.insert(Entry {
            timestamp,
            replica: origin.replica.clone(),
            seq: *seq,
            entry,
            incarnation: origin.incarnation,
            counter: dot.counter,
        });
        self.seen.see(origin, dot.counter);
        Ok(dot)
    }
}

impl<T: Ord + Clone> Log<T> {
    /// The entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.iter()
    }
}

impl<T: Ord + Clone> Replicated for Log<T> {
    fn seen(&self) -> &VersionVector {
        &self.seen
    }

    /// The entries that are outside `since`.
    fn part_since(&self, since: &VersionVector) -> Self {
        let entries =
            self.entries.iter().filter(|entry| !since.contains(&entry.dot())).cloned().into_set();
        Self { seen: self.seen.clone(), entries }
    }

    fn take_part(&mut self, part: &Self) {
        self.join(part);
    }
}
