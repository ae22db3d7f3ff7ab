//! The reference engine: the replicated types as a book explains them.
//!
//! Meaning: each type's state says what one replica has seen of one object, in the fewest words
//! that still answer every question; [`crate::definition`] says what the answers must be.
//! Laws: tests/laws.rs, tests/exhaustive.rs and tests/convergence.rs; proofs in spec/.
//! Cost: chosen for clarity; every file states its own.
//!
//! Every file has one order: state, bottom, join, mutators, queries, delta.

pub mod g_counter;

pub mod decisions;
pub mod lww_register;
pub mod or_set;

pub mod lww_map;

pub mod log;

pub mod replica;

use crate::dot::Origin;
use crate::lattice::Lattice;
use crate::operation::User;
use crate::version_vector::VersionVector;
use std::fmt;

/// The state of one replicated object.
pub trait Replicated: Lattice {
    /// The operations on the object that this state covers.
    fn seen(&self) -> &VersionVector;

    /// What a state that has seen `since` may lack of this one. Cost: one pass over the state.
    fn part_since(&self, since: &VersionVector) -> Self;

    /// Takes in such a part. Only a receiver that has seen `since` may do so.
    fn take_part(&mut self, part: &Self);

    /// A message that brings a receiver who has seen `since` up to this state.
    fn delta_since(&self, since: &VersionVector) -> Delta<Self> {
        Delta { since: since.clone(), part: self.part_since(since) }
    }

    /// Takes in a delta. Where operations between the own state and the delta's start are
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

/// Who performs an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// Which life of which replica.
    pub origin: Origin,
    /// The operation's place among those of the replica, over all objects and lives, from 1.
    pub seq: u64,
    /// The person who decided, where known.
    pub user: Option<User>,
}

/// Why an operation was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// An increment of 0 counts nothing.
    ZeroIncrement,
    /// The share would exceed 2^128 − 1. No increments lead there: the state was not made by them.
    ShareTooGreat,
    /// The origin has used all its 2^64 − 1 names for operations. A new incarnation has new ones.
    NoNamesLeft(Origin),
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

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroIncrement => write!(f, "an increment of 0; the least is 1"),
            Self::ShareTooGreat => write!(f, "a share of the counter would exceed 2^128 − 1"),
            Self::NoNamesLeft(origin) => write!(
                f,
                "{} (incarnation {}) has performed 2^64 − 1 operations; go on under a new \
                 incarnation",
                origin.replica, origin.incarnation
            ),
        }
    }
}

impl std::error::Error for Gap {}
impl std::error::Error for Refused {}
