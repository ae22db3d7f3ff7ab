//! Draws: the source of a process's openings.
//!
//! Meaning: a process takes 64 random bits when it opens a store, and derives each of its openings
//! from them; see [`openings`](super::openings).
//! Laws: processes with different bits have unrelated openings (tests/forks).
//! Cost: one hash an opening.
//! Source: this project.

use crate::dot::ReplicaId;
use crate::operation::ObjectId;
use std::fmt;

/// The random bits of an opening were used by an earlier one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepeatedOpening {
    /// An object that knows the earlier one.
    pub object: ObjectId,
}

impl fmt::Display for RepeatedOpening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "object {:?}: the random bits of this opening were used by an earlier one: take 64 bits \
             of the system's randomness each time that the store is opened",
            self.object
        )
    }
}

impl std::error::Error for RepeatedOpening {}

/// The source of a process's openings.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    seed: u64,
    drawn: u64,
    /// The opening under which it writes.
    pub current: u64,
}

impl Draws {
    /// The first opening of a process that took these random bits.
    pub fn new(replica: &ReplicaId, seed: u64) -> Self {
        let mut draws = Self { seed, drawn: 0, current: 0 };
        draws.again(replica);
        draws
    }

    /// Draws the next one.
    pub fn again(&mut self, replica: &ReplicaId) {
        let mut hasher = blake3::Hasher::new_derive_key("rejoin/1 opening");
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&self.drawn.to_le_bytes());
        hasher.update(replica.as_str().as_bytes());
        let mut number = [0; 8];
        number.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        self.drawn += 1;
        self.current = u64::from_le_bytes(number);
    }
}
