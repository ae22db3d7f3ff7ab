//! EW-Flag: an enabling wins over a concurrent disabling.
//!
//! Meaning: that of the reference's EW-flag: an OR-set of one element, which has no name.
//! Laws: those of the store of decisions, of which it is one reading.
//! Cost: O(1), but for concurrent decisions.
//! Source: Baquero, Almeida and Shoker, Pure Operation-Based Replicated Data Types, 2017.

use super::decisions::{Conflict, Decision, KEY, KeyedType, Reading, Rule};
use super::delta::{Performed, Presence, TypedDelta};
use super::{Author, OperationError};
use crate::object::ObjectType;

/// An enabling wins over a disabling that had not seen it.
#[derive(Debug)]
pub enum EnableWins {}

impl KeyedType for EnableWins {
    type Effect = Presence;
    const KIND: ObjectType = ObjectType::EwFlag;
    const RULE: Rule = Rule::AddWins;
    const HAS_KEYS: bool = false;
}

impl FlagType for EnableWins {}

/// A type of flags.
pub trait FlagType: KeyedType<Effect = Presence> {}

/// The latest decisions on the flag.
pub type EwFlag = Reading<EnableWins, [u8], ()>;

/// What brings another replica's flag up to date.
pub type Delta = TypedDelta<Presence, [u8], ()>;

impl<T: FlagType> Reading<T, [u8], ()> {
    /// Enables the flag.
    pub fn enable(&mut self, author: &Author) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, KEY, Presence::Added)
    }

    /// Disables the flag.
    pub fn disable(&mut self, author: &Author) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, KEY, Presence::Removed)
    }
}

impl<T: FlagType> Reading<T, [u8], ()> {
    /// Whether the flag is enabled.
    pub fn value(&self) -> bool {
        self.store().find(KEY).is_some_and(|number| self.is_there(number))
    }
}

impl EwFlag {
    /// The maximal decisions.
    pub fn decisions(&self) -> Vec<Decision<'_>> {
        self.store().listed(KEY)
    }

    /// The open merge decision, if it is open.
    pub fn conflict(&self) -> Option<Conflict<()>> {
        self.store().conflicts(|_| Some(())).next()
    }
}
