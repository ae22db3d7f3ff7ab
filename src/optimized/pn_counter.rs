//! PN-Counter: a counter that increments and decrements change.
//!
//! Meaning: the value is the sum of all increments that were seen minus that of all decrements: a
//! counter of two sides.
//! Laws: those of [`super::g_counter`], which is the same with one side.
//! Cost: as there.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 7.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::pn_counter::PnCounter;
//!
//! let shop = Origin { replica: ReplicaId::new("shop").unwrap(), incarnation: 0 };
//! let store = Origin { replica: ReplicaId::new("store").unwrap(), incarnation: 0 };
//! let mut stock = PnCounter::new();
//! stock.increment(&store, 10)?;
//! let mut sold = stock.clone();
//! sold.decrement(&shop, 3)?;
//! stock.decrement(&store, 1)?;
//!
//! stock.apply(&sold.delta_since(&stock.vector()))?;
//! assert_eq!(stock.value(), Some(6));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::OperationError;
use super::g_counter::{Change, Counter, SharesDelta};
use crate::dot::Origin;

/// A counter that grows and shrinks.
pub type PnCounter = Counter<2>;

/// What brings another replica's counter up to date.
pub type Delta = SharesDelta<2>;

impl PnCounter {
    /// Adds `amount`, at least 1. Refused as [`GCounter::increment`](Counter::increment) is.
    pub fn increment(
        &mut self,
        origin: &Origin,
        amount: u64,
    ) -> Result<Change<'_, 2>, OperationError> {
        self.count(origin, 0, amount)
    }

    /// Subtracts `amount`, at least 1. Refused as [`GCounter::increment`](Counter::increment) is.
    pub fn decrement(
        &mut self,
        origin: &Origin,
        amount: u64,
    ) -> Result<Change<'_, 2>, OperationError> {
        self.count(origin, 1, amount)
    }
}

impl Delta {
    /// The shares that it lists, of increments and of decrements, in the order of their origins.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, [u128; 2])> {
        self.all_shares()
    }
}

impl PnCounter {
    /// The sum of all increments minus that of all decrements; `None` beyond 2^127, which no operations reach.
    pub fn value(&self) -> Option<i128> {
        let sum = |side: usize| {
            let mut shares = self.all_shares().map(|(_, shares)| shares[side]);
            shares.try_fold(0, |sum: i128, share| sum.checked_add_unsigned(share))
        };
        sum(0)?.checked_sub(sum(1)?)
    }

    /// The sums of the increments and of the decrements of all that have counted, in the order of
    /// their origins.
    pub fn shares(&self) -> impl Iterator<Item = (&Origin, [u128; 2])> {
        self.all_shares()
    }
}
