//! DW-Flag: a disabling wins over a concurrent enabling.
//!
//! Meaning: that of the reference's DW-flag: an RW-set of one element, which has no name.
//! Laws: those of the store of decisions, of which it is one reading.
//! Cost: that of an EW-flag ([`super::ew_flag`]), whose operations and queries it has.
//! Source: Baquero, Almeida and Shoker, Pure Operation-Based Replicated Data Types, 2017.

use super::decisions::{Conflict, Decision, KEY, KeyedType, Reading, Rule};
use super::delta::Presence;
use super::ew_flag::FlagType;
use crate::object::ObjectType;

/// A disabling wins over an enabling that had not seen it.
#[derive(Debug)]
pub enum DisableWins {}

impl KeyedType for DisableWins {
    type Effect = Presence;
    const KIND: ObjectType = ObjectType::DwFlag;
    const RULE: Rule = Rule::RemoveWins;
    const HAS_KEYS: bool = false;
}

impl FlagType for DisableWins {}

/// The latest decisions on the flag.
pub type DwFlag = Reading<DisableWins, [u8], ()>;

impl DwFlag {
    /// The maximal decisions.
    pub fn decisions(&self) -> Vec<Decision<'_>> {
        self.store().listed(KEY)
    }

    /// The open merge decision, if it is open.
    pub fn conflict(&self) -> Option<Conflict<()>> {
        self.store().conflicts(|_| Some(())).next()
    }
}
