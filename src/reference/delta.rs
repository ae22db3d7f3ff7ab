//! Deltas: what a replica that has seen a vector may lack of a state.
//!
//! Meaning: each type says which part of its state that is, and how a part is applied. A part
//! that builds upon operations which were not seen is refused, and nothing changes: a vector
//! moves forward only with the whole of what it claims.
//! Laws: applied, a delta has the effect of joining the whole state that it is a part of, for
//! every receiver that has seen its start (tests/laws/exhaustive.rs, tests/laws/convergence.rs).
//! Cost: one pass over the sender's state, and the join of the part.
//! Source: Almeida et al., Delta State Replicated Data Types, JPDC 111 (2018).

use crate::dot::Origin;
use crate::lattice::Lattice;
use crate::version_vector::VersionVector;
use std::fmt;

/// The state of one replicated object.
pub trait Replicated: Lattice {
    /// The operations on the object that this state covers.
    fn seen(&self) -> &VersionVector;

    /// What a state that has seen `since` may lack of this one. Cost: one pass over the state.
    fn part_since(&self, since: &VersionVector) -> Self;

    /// Applies such a part. Only a receiver that has seen `since` may do so.
    fn take_part(&mut self, part: &Self);

    /// A message that brings a receiver who has seen `since` up to this state.
    fn delta_since(&self, since: &VersionVector) -> Delta<Self> {
        Delta { since: since.clone(), part: self.part_since(since) }
    }

    /// Applies a delta. Where operations between the own state and the delta's start are
    /// missing, it is refused, and nothing changes.
    fn apply(&mut self, delta: &Delta<Self>) -> Result<(), Gap> {
        delta.refuse_gap(self.seen())?;
        self.take_part(&delta.part);
        Ok(())
    }
}

/// A part of the sender's state, for receivers that have seen `since`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delta<S> {
    /// What the receiver must have seen.
    pub since: VersionVector,
    /// The records that it may lack, under the whole vector of the sender.
    pub part: S,
}

impl<S> Delta<S> {
    /// Refuses the delta if it starts later than what a receiver has seen.
    pub fn refuse_gap(&self, seen: &VersionVector) -> Result<(), Gap> {
        for (origin, needed) in self.since.iter() {
            if needed > seen.get(origin) {
                return Err(Gap { origin: origin.clone(), needed, seen: seen.get(origin) });
            }
        }
        Ok(())
    }
}

/// Why a delta was refused: the receiver lacks operations that the delta builds upon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gap {
    /// Whose operations are missing.
    pub origin: Origin,
    /// How many of them the delta builds upon.
    pub needed: u64,
    /// How many of them have been seen.
    pub seen: u64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, needed, seen } = self;
        write!(
            f,
            "the delta starts after operation {needed} of {} (incarnation {}), but only {seen} of \
             them have been seen; ask for a delta since the vector that this replica has",
            origin.replica, origin.incarnation
        )
    }
}

impl std::error::Error for Gap {}
