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

use super::apply_error::ApplyError;
use super::canonical_bytes::CanonicalBytes;
use super::changes::Applied;
use super::decisions::{Conflict, Decision, Decisions};
use super::delta::{Performed, Replicated, TypedDelta, Write};
use super::lww_map::LwwMap;
use super::state_hash::object_hashes;
use super::vector::{Origins, Vector};
use super::{Author, OperationError, StateHash};

/// The key of a register: it needs none.
const KEY: &[u8] = b"";

/// What brings another replica's register up to date.
pub type Delta<V> = TypedDelta<Write, [u8], V>;

/// The latest writes, and the one that wins.
pub struct LwwRegister<V: ?Sized> {
    map: LwwMap<[u8], V>,
}

impl<V: ?Sized> LwwRegister<V> {
    /// A register that nothing was written to.
    pub fn new() -> Self {
        Self { map: LwwMap::new() }
    }
}

impl<V: CanonicalBytes + ?Sized> LwwRegister<V> {
    /// Applies all that the other register has seen. Both must be replicas of the same object.
    pub fn join(&mut self, other: &Self) -> Result<Applied<'_, Write, [u8]>, ApplyError> {
        self.map.join(&other.map)
    }
}

impl<V: CanonicalBytes + ?Sized> LwwRegister<V> {
    /// Sets the value, or deletes it, if no write with a greater stamp was or will be seen.
    pub fn write(
        &mut self,
        author: &Author,
        value: Option<&V>,
        timestamp: u64,
    ) -> Result<Performed<'_, Self>, OperationError> {
        let performed = match value {
            Some(value) => self.map.put(author, KEY, value, timestamp)?,
            None => self.map.delete(author, KEY, timestamp)?,
        };
        let counter = performed.dot().counter;
        Ok(Performed::new(self, &author.origin, counter))
    }
}

impl<V: CanonicalBytes + ?Sized> LwwRegister<V> {
    /// The value; `None` where nothing was written or it was deleted.
    pub fn value(&self) -> Option<V::Ref<'_>> {
        self.map.get(KEY)
    }

    /// When the write was made that wins.
    pub fn timestamp(&self) -> Option<u64> {
        self.map.timestamp(KEY)
    }

    /// The maximal writes.
    pub fn decisions(&self) -> Vec<Decision<'_>> {
        self.map.decisions(KEY)
    }

    /// The greatest write ever seen.
    pub fn winner(&self) -> Option<Decision<'_>> {
        self.map.winner(KEY)
    }

    pub(super) fn store(&self) -> &Decisions<Write> {
        self.map.store()
    }

    pub(super) fn store_mut(&mut self) -> &mut Decisions<Write> {
        self.map.store_mut()
    }

    /// The open merge decision, if it is open.
    pub fn conflict(&self) -> Option<Conflict<()>> {
        self.map.conflicts().next().map(|open| open.map(|_| ()))
    }

    pub(super) fn origins(&self) -> &Origins {
        self.map.origins()
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        self.map.origins_mut()
    }

    pub(super) fn footprint(&self) -> usize {
        self.map.footprint()
    }

    /// The first invariant of the state that does not hold: for tests and simulators. Cost: O(all that
    /// is stored).
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn debug_check(&self) -> Result<(), String> {
        self.map.debug_check()
    }

    /// The state hash.
    pub fn state_hash(&mut self) -> StateHash {
        object_hashes(2, self.map.trees())
    }
}

impl<V: CanonicalBytes + ?Sized> LwwRegister<V> {
    /// What has been seen.
    pub fn vector(&self) -> Vector {
        self.map.vector()
    }

    /// A message that brings a receiver that has seen `since` up to this state.
    pub fn delta_since(&self, since: &Vector) -> Delta<V> {
        self.map.delta_since(since)
    }

    /// Applies a delta, and tells what that changed. Where operations between this state and the
    /// delta's start are missing, or it is one of a map, it is refused, and nothing changes.
    pub fn apply(&mut self, delta: &Delta<V>) -> Result<Applied<'_, Write, [u8]>, ApplyError> {
        // On the wire a register is a map with one key, so that either may be taken for the other.
        if delta.keyed.names.len() > 1 || !delta.keyed.keys.is_empty() {
            return Err(ApplyError::OtherKeys);
        }
        self.map.apply(delta)
    }
}

impl<V: CanonicalBytes + ?Sized> Replicated for LwwRegister<V> {
    type Delta = Delta<V>;

    fn vector(&self) -> Vector {
        self.vector()
    }

    fn delta_since(&self, since: &Vector) -> Delta<V> {
        self.delta_since(since)
    }
}

impl<V: ?Sized> Clone for LwwRegister<V> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

impl<V: ?Sized> Default for LwwRegister<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: ?Sized> std::fmt::Debug for LwwRegister<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.map.fmt(f)
    }
}
