//! RW-Set: elements that come and go; a removal wins over an addition that had not seen it.
//!
//! Meaning: that of the reference's RW-set.
//! Laws: those of the store of decisions, of which it is one reading.
//! Cost: that of an OR-set ([`super::or_set`]), whose operations and queries it has.
//! Source: Bieniusa et al., Brief announcement: semantics of eventually consistent replicated
//! sets, DISC 2012.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, rw_set::RwSet};
//!
//! let author = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq: 1, user: None }
//! };
//! let (mut client, mut server) = (RwSet::<str>::new(), RwSet::new());
//! client.add(&author("client"), "mapping_A")?;
//! server.remove(&author("server"), "mapping_A")?;
//! client.join(&server)?;
//! assert!(!client.contains("mapping_A") && client.conflicts().count() == 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::decisions::{HasKeys, KeyedType, Reading, Rule};
use super::delta::Presence;
use super::or_set::SetType;
use crate::object::ObjectType;

/// A removal wins over an addition that had not seen it.
#[derive(Debug)]
pub enum RemoveWins {}

impl KeyedType for RemoveWins {
    type Effect = Presence;
    const KIND: ObjectType = ObjectType::RwSet;
    const RULE: Rule = Rule::RemoveWins;
    const HAS_KEYS: bool = true;
}

impl HasKeys for RemoveWins {}

impl SetType for RemoveWins {}

/// The latest decisions on every element.
pub type RwSet<K> = Reading<RemoveWins, K, ()>;
