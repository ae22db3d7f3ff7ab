//! PN-Counter: a counter that increments and decrements change.
//!
//! Meaning: the value is the sum of all increments that were seen less that of all decrements. Both
//! sums are kept as a G-Counter keeps its own, with one vector over both.
//! Laws: the join is a semilattice; `increment` and `decrement` are inflationary and equal applying
//! their delta.
//! Cost: join and delta O(origins · log origins), value O(origins).
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 7.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::pn_counter::PnCounter;
//!
//! let shop = Origin { replica: ReplicaId::new("shop").unwrap(), incarnation: 0 };
//! let store = Origin { replica: ReplicaId::new("store").unwrap(), incarnation: 0 };
//! let mut stock = PnCounter::bottom();
//! stock.increment(&store, 10)?;
//! let mut sold = stock.clone();
//! sold.decrement(&shop, 3)?;
//! stock.decrement(&store, 1)?;
//!
//! stock.join(&sold);
//! assert_eq!(stock.value(), Some(6));
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::OperationError;
use super::delta::Replicated;
use crate::collect::Collect;
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use crate::version_vector::VersionVector;
use std::collections::BTreeMap;

/// How much each origin has counted, up and down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PnCounter {
    seen: VersionVector,
    /// The total of each origin's increments. None is 0.
    increments: BTreeMap<Origin, u128>,
    /// The total of each origin's decrements. None is 0.
    decrements: BTreeMap<Origin, u128>,
}

impl PnCounter {
    /// The counter with these parts; a share of 0 is an absent one.
    pub fn from_parts(
        seen: VersionVector,
        increments: BTreeMap<Origin, u128>,
        decrements: BTreeMap<Origin, u128>,
    ) -> Self {
        let counted = |shares: BTreeMap<Origin, u128>| {
            shares.into_iter().filter(|(_, share)| *share > 0).into_map()
        };
        Self { seen, increments: counted(increments), decrements: counted(decrements) }
    }
}

impl Lattice for PnCounter {
    fn bottom() -> Self {
        Self::from_parts(VersionVector::bottom(), BTreeMap::new(), BTreeMap::new())
    }

    fn join(&mut self, other: &Self) {
        join_shares(&mut self.increments, &other.increments);
        join_shares(&mut self.decrements, &other.decrements);
        self.seen.join(&other.seen);
    }
}

/// The greater share is the newer one.
fn join_shares(ours: &mut BTreeMap<Origin, u128>, theirs: &BTreeMap<Origin, u128>) {
    for (origin, share) in theirs {
        if *share > share_of(ours, origin) {
            ours.insert(origin.clone(), *share);
        }
    }
}

fn share_of(shares: &BTreeMap<Origin, u128>, origin: &Origin) -> u128 {
    shares.get(origin).copied().unwrap_or(0)
}

impl PnCounter {
    /// Adds `amount`, at least 1.
    pub fn increment(&mut self, origin: &Origin, amount: u64) -> Result<Dot, OperationError> {
        let (dot, share) = self.counted(origin, &self.increments, amount)?;
        self.increments.insert(origin.clone(), share);
        self.seen.see(origin, dot.counter);
        Ok(dot)
    }

    /// Subtracts `amount`, at least 1.
    pub fn decrement(&mut self, origin: &Origin, amount: u64) -> Result<Dot, OperationError> {
        let (dot, share) = self.counted(origin, &self.decrements, amount)?;
        self.decrements.insert(origin.clone(), share);
        self.seen.see(origin, dot.counter);
        Ok(dot)
    }

    /// The next dot of the origin, and its share with the amount.
    fn counted(
        &self,
        origin: &Origin,
        shares: &BTreeMap<Origin, u128>,
        amount: u64,
    ) -> Result<(Dot, u128), OperationError> {
        if amount == 0 {
            return Err(OperationError::ZeroIncrement);
        }
        let dot =
            self.seen.next(origin).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        let share = share_of(shares, origin).checked_add(u128::from(amount));
        Ok((dot, share.ok_or(OperationError::ShareTooGreat)?))
    }
}

impl PnCounter {
    /// The sum of all increments less that of all decrements; `None` beyond 2^127, which none reach.
    pub fn value(&self) -> Option<i128> {
        let sum = |shares: &BTreeMap<Origin, u128>| {
            shares.values().try_fold(0, |sum: i128, share| sum.checked_add_unsigned(*share))
        };
        sum(&self.increments)?.checked_sub(sum(&self.decrements)?)
    }

    /// The sums of the increments of each origin that are not 0.
    pub fn increments(&self) -> &BTreeMap<Origin, u128> {
        &self.increments
    }

    /// The sums of the decrements of each origin that are not 0.
    pub fn decrements(&self) -> &BTreeMap<Origin, u128> {
        &self.decrements
    }
}

impl Replicated for PnCounter {
    fn seen(&self) -> &VersionVector {
        &self.seen
    }

    /// The shares of the origins that counted after `since`.
    fn part_since(&self, since: &VersionVector) -> Self {
        let part = |shares: &BTreeMap<Origin, u128>| {
            let counted = |origin: &Origin| self.seen.get(origin) > since.get(origin);
            let shares = shares.iter().filter(|(origin, _)| counted(origin));
            shares.map(|(origin, share)| (origin.clone(), *share)).into_map()
        };
        let (increments, decrements) = (part(&self.increments), part(&self.decrements));
        Self { seen: self.seen.clone(), increments, decrements }
    }

    fn take_part(&mut self, part: &Self) {
        self.join(part);
    }
}
