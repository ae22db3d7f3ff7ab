//! The reference engine: the replicated types as a book explains them.
//!
//! Meaning: each type's state says what one replica has seen of one object, in the fewest words
//! that still answer every question; [`crate::definition`] says what the answers must be.
//! Laws: tests/laws.rs, tests/exhaustive.rs and tests/convergence.rs; proofs in spec/.
//! Cost: chosen for clarity; every file states its own.
//!
//! Every type's file has one order: state, bottom, join, mutators, queries, delta.

pub mod delta;

pub mod g_counter;

pub mod decisions;
pub mod lww_register;
pub mod or_set;

pub mod lww_map;

pub mod log;

pub mod replica;

pub mod state_hash;

use crate::dot::Origin;
use crate::operation::User;
use std::fmt;

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

impl std::error::Error for Refused {}
