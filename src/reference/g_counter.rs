//! G-Counter: a counter that only grows.
//!
//! Meaning: the value is the sum of all increments that were seen.
//! Laws: the join is a semilattice; `increment` is inflationary and equals applying its delta.
//! Cost: join and delta O(origins · log origins), value O(origins).
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 6.
//!
//! Two nodes meet: the client has seen 5000 increments of its own, the server 3000 of these
//! and 2000 of its own. Each origin's share only grows, so the greater share is the newer one.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::g_counter::GCounter;
//!
//! let node_1 = Origin { replica: ReplicaId::new("node_1").unwrap(), incarnation: 0 };
//! let node_2 = Origin { replica: ReplicaId::new("node_2").unwrap(), incarnation: 0 };
//! let mut local = GCounter::bottom();
//! local.increment(&node_1, 3000)?;
//! let mut server = local.clone();
//! local.increment(&node_1, 2000)?;
//! server.increment(&node_2, 2000)?;
//!
//! local.join(&server);
//! assert_eq!(local.value(), Some(7000));
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::OperationError;
use super::delta::Replicated;
use crate::collect::Collect;
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use crate::version_vector::VersionVector;
use std::collections::BTreeMap;

/// How much each origin has counted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GCounter {
    seen: VersionVector,
    /// The total of each origin's increments. No share is 0.
    shares: BTreeMap<Origin, u128>,
}

impl GCounter {
    /// The counter with these parts; a share of 0 is an absent one.
    pub fn from_parts(seen: VersionVector, shares: BTreeMap<Origin, u128>) -> Self {
        Self { seen, shares: shares.into_iter().filter(|(_, share)| *share > 0).into_map() }
    }
}

impl Lattice for GCounter {
    fn bottom() -> Self {
        Self { seen: VersionVector::bottom(), shares: BTreeMap::new() }
    }

    fn join(&mut self, other: &Self) {
        for (origin, share) in &other.shares {
            if *share > self.share(origin) {
                self.shares.insert(origin.clone(), *share);
            }
        }
        self.seen.join(&other.seen);
    }
}

impl GCounter {
    /// Adds `amount`, at least 1.
    pub fn increment(&mut self, origin: &Origin, amount: u64) -> Result<Dot, OperationError> {
        if amount == 0 {
            return Err(OperationError::ZeroIncrement);
        }
        let dot =
            self.seen.next(origin).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        let share = self
            .share(origin)
            .checked_add(u128::from(amount))
            .ok_or(OperationError::ShareTooGreat)?;
        self.shares.insert(origin.clone(), share);
        self.seen.see(&dot.origin, dot.counter);
        Ok(dot)
    }
}

impl GCounter {
    /// The sum of all increments; `None` beyond 2^128 − 1, which no increments reach.
    pub fn value(&self) -> Option<u128> {
        self.shares.values().try_fold(0, |sum: u128, share| sum.checked_add(*share))
    }

    /// The sum of the origin's increments.
    pub fn share(&self, origin: &Origin) -> u128 {
        self.shares.get(origin).copied().unwrap_or(0)
    }

    /// The shares that are not 0, in the order of their origins.
    pub fn shares(&self) -> &BTreeMap<Origin, u128> {
        &self.shares
    }
}

impl Replicated for GCounter {
    fn seen(&self) -> &VersionVector {
        &self.seen
    }

    /// The shares of the origins that counted after `since`.
    fn part_since(&self, since: &VersionVector) -> Self {
        let shares = self
            .shares
            .iter()
            .filter(|(origin, _)| self.seen.get(origin) > since.get(origin))
            .map(|(origin, share)| (origin.clone(), *share))
            .into_map();
        Self { seen: self.seen.clone(), shares }
    }

    fn take_part(&mut self, part: &Self) {
        self.join(part);
    }
}
