//! DW-Flag: a disabling wins over a concurrent enabling.
//!
//! Meaning: the flag is enabled if it was enabled, and each disabling of it was seen by an enabling.
//! Laws: those of [`super::decisions`], of which it is a reading with one key.
//! Cost: that of [`super::decisions`] with one key.
//! Source: Baquero, Almeida and Shoker, Pure Operation-Based Replicated Data Types, 2017.
//!
//! It is enabled exactly if there are maximal decisions on it and each enables it.
//! It is an RW-set of one element, which has no name.

use super::decisions::{Presence, Reading};
use super::{Author, OperationError};
use crate::dot::Dot;

/// A disabling wins over an enabling that had not seen it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DisableWins {}

/// The latest decisions on the flag.
pub type DwFlag = Reading<DisableWins, (), Presence>;

impl DwFlag {
    /// Enables the flag.
    pub fn enable(&mut self, author: &Author) -> Result<Dot, OperationError> {
        self.decide(author, (), Presence::Added)
    }

    /// Disables the flag.
    pub fn disable(&mut self, author: &Author) -> Result<Dot, OperationError> {
        self.decide(author, (), Presence::Removed)
    }
}

impl DwFlag {
    /// Whether the flag is enabled.
    pub fn value(&self) -> bool {
        self.decisions().all_take_effect(&(), &Presence::Added)
    }

    /// The current effect of the decisions on the flag.
    pub fn current(&self) -> Presence {
        Presence::of(self.value())
    }
}
