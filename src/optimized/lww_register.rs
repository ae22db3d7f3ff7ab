//! LWW-Register: one value; the last write wins.
//!
//! Meaning: that of the reference's LWW-register.
//! Laws: those of an LWW-map with one key, which it is.
//! Cost: O(1), whatever was written before.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 8.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, lww_register::LwwRegister};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let mut client = LwwRegister::<str>::new();
//! client.write(&author("client", 1), Some("balanced"), 1706789400)?;
//! let mut server = LwwRegister::new();
//! server.write(&author("server", 1), Some("safe"), 1706789300)?;
//!
//! client.apply(&server.delta_since(&client.vector()))?;
//! assert_eq!(client.value(), Some("balanced"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::canonical_bytes::CanonicalBytes;
use super::decisions::{Conflict, Decision, KEY, KeyedType, Reading, Rule};
use super::delta::{Effect, Performed, TypedDelta, Write};
use super::{Author, OperationError};
use crate::object::ObjectType;

/// The last write wins.
#[derive(Debug)]
pub enum LastWriteWins {}

impl KeyedType for LastWriteWins {
    type Effect = Write;
    const KIND: ObjectType = ObjectType::LwwRegister;
    const RULE: Rule = Rule::LastWriteWins;
    const HAS_KEYS: bool = false;
}

/// The latest writes, and the one that wins.
pub type LwwRegister<V> = Reading<LastWriteWins, [u8], V>;

/// What brings another replica's register up to date.
pub type Delta<V> = TypedDelta<Write, [u8], V>;

impl<V: CanonicalBytes + ?Sized> LwwRegister<V> {
    /// Sets the value, or deletes it, if no write with a greater stamp was or will be seen.
    pub fn write(
        &mut self,
        author: &Author,
        value: Option<&V>,
        timestamp: u64,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.write_at(author, KEY, value, |at| Write::new(timestamp, at))
    }
}

impl<V: CanonicalBytes + ?Sized> LwwRegister<V> {
    /// The value; `None` where nothing was written or it was deleted.
    pub fn value(&self) -> Option<V::Ref<'_>> {
        self.written(self.store().find(KEY)?)
    }

    /// When the write was made that wins.
    pub fn timestamp(&self) -> Option<u64> {
        Some(self.store().winner(self.store().find(KEY)?).effect.timestamp())
    }

    /// The maximal writes.
    pub fn decisions(&self) -> Vec<Decision<'_>> {
        self.store().listed(KEY)
    }

    /// The greatest write ever seen.
    pub fn winner(&self) -> Option<Decision<'_>> {
        self.store().won(KEY)
    }

    /// The open merge decision, if it is open.
    pub fn conflict(&self) -> Option<Conflict<()>> {
        self.store().conflicts(|_| Some(())).next()
    }
}
