//! LWW-Register: one value; the last write wins.
//!
//! Meaning: the value is that of the greatest write seen, by timestamp, then replica, then the
//! write's place among those of its replica, then the value itself.
//! Laws: the join is the product of two semilattices, the decisions and the maximum of writes.
//! Cost: that of [`super::decisions`] with one key.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 8.
//!
//! The winner is kept in addition to the maximal decisions, since it need not be one of them: a
//! write by a slow clock may be the only maximal one and still lose.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, lww_register::LwwRegister};
//!
//! let first_of = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq: 1, user: None }
//! };
//! let mut local = LwwRegister::bottom();
//! local.write(&first_of("client"), Some("balanced"), 1706789400)?;
//! let mut server = LwwRegister::bottom();
//! server.write(&first_of("server"), Some("safe"), 1706789300)?;
//!
//! local.join(&server);
//! assert_eq!(local.value(), Some(&Some("balanced")));
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::decisions::{Decision, Decisions};
use super::delta::Replicated;
use super::{Author, OperationError};
use crate::dot::Dot;
use crate::lattice::Lattice;
use crate::operation::Value;
use crate::version_vector::VersionVector;

/// The latest writes, and the one that wins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LwwRegister<V> {
    decisions: Decisions<(), V>,
    /// The greatest write ever seen.
    winner: Option<Decision<V>>,
}

impl<V: Value> LwwRegister<V> {
    /// The register with these parts.
    pub fn from_parts(decisions: Decisions<(), V>, winner: Option<Decision<V>>) -> Self {
        Self { decisions, winner }
    }
}

impl<V: Value> Lattice for LwwRegister<V> {
    fn bottom() -> Self {
        Self { decisions: Decisions::bottom(), winner: None }
    }

    fn join(&mut self, other: &Self) {
        self.decisions.join(&other.decisions);
        self.join_winner(other);
    }
}

impl<V: Value> LwwRegister<V> {
    fn join_winner(&mut self, other: &Self) {
        if self.winner < other.winner {
            self.winner = other.winner.clone();
        }
    }
}

impl<V: Value> LwwRegister<V> {
    /// Sets the value, if no write with a greater stamp was or will be seen.
    pub fn write(
        &mut self,
        author: &Author,
        value: V,
        timestamp: u64,
    ) -> Result<Dot, OperationError> {
        let decision = self.decisions.decide(author, (), value, timestamp)?;
        let dot = decision.dot.clone();
        self.winner = self.winner.take().max(Some(decision));
        Ok(dot)
    }
}

impl<V: Value> LwwRegister<V> {
    /// The value; `None` where nothing was written or the tombstone was.
    pub fn value(&self) -> Option<&V> {
        let written = &self.winner.as_ref()?.effect;
        (*written != V::tombstone()).then_some(written)
    }

    /// The current effect: the value, or the tombstone.
    pub fn current(&self) -> V {
        self.value().cloned().unwrap_or_else(V::tombstone)
    }

    /// The greatest write ever seen.
    pub fn winner(&self) -> Option<&Decision<V>> {
        self.winner.as_ref()
    }

    /// The latest writes.
    pub fn decisions(&self) -> &Decisions<(), V> {
        &self.decisions
    }
}

impl<V: Value> Replicated for LwwRegister<V> {
    fn seen(&self) -> &VersionVector {
        self.decisions.seen()
    }

    /// The latest writes if one of them is outside `since`, and with them the winner.
    fn part_since(&self, since: &VersionVector) -> Self {
        let decisions = self.decisions.part_since(since);
        let is_listed = decisions.keys().next().is_some();
        let winner = if is_listed { self.winner.clone() } else { None };
        Self { decisions, winner }
    }

    fn take_part(&mut self, part: &Self) {
        self.decisions.take_part(&part.decisions);
        self.join_winner(part);
    }
}
