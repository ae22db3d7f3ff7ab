//! EW-Flag: an enabling wins over a concurrent disabling.
//!
//! Meaning: the flag is enabled if some enabling of it was seen, and no disabling that saw it was.
//! Laws: those of [`super::decisions`], of which it is a reading with one key.
//! Cost: that of [`super::decisions`] with one key.
//! Source: Baquero, Almeida and Shoker, Pure Operation-Based Replicated Data Types, 2017.
//!
//! It is enabled exactly if one of its maximal decisions enables it.
//! It is an OR-set of one element, which has no name.

use super::decisions::{Presence, Reading};
use super::{Author, OperationError};
use crate::dot::Dot;

/// An enabling wins over a disabling that had not seen it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EnableWins {}

/// The latest decisions on the flag.
pub type EwFlag = Reading<EnableWins, (), Presence>;

impl EwFlag {
    /// Enables the flag.
    pub fn enable(&mut self, author: &Author) -> Result<Dot, OperationError> {
        self.decide(author, (), Presence::Added)
    }

    /// Disables the flag.
    pub fn disable(&mut self, author: &Author) -> Result<Dot, OperationError> {
        self.decide(author, (), Presence::Removed)
    }
}

impl EwFlag {
    /// Whether the flag is enabled.
    pub fn value(&self) -> bool {
        self.decisions().some_take_effect(&(), &Presence::Added)
    }

    /// The current effect of the decisions on the flag.
    pub fn current(&self) -> Presence {
        Presence::of(self.value())
    }
}
