//! LWW-Map: values by key; each key is an LWW-register of its own.
//!
//! Meaning: that of the reference's LWW-map. To delete is a write without a value.
//! Laws: those of the store of decisions, and the winner of each key.
//! Cost: writes and queries O(1); a delta O(changes). A key is never forgotten: it takes about 80
//! bytes in addition to its own and its value's.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 8, by key.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, lww_map::LwwMap};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let mut client = LwwMap::<str, str>::new();
//! client.delete(&author("client", 1), "orders.total", 1706789400)?;
//! let mut server = LwwMap::new();
//! server.put(&author("server", 1), "orders.total", "DECIMAL(10,2)", 1706789300)?;
//!
//! client.apply(&server.delta_since(&client.vector()))?;
//! assert_eq!(client.get("orders.total"), None);
//! assert_eq!(client.conflicts().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::canonical_bytes::CanonicalBytes;
use super::decisions::{Decision, HasKeys, KeyedType, Reading, Rule};
use super::delta::{Effect, Performed, TypedDelta, Write};
use super::{Author, OperationError};
use crate::object::ObjectType;

/// The last write to each key wins.
#[derive(Debug)]
pub enum LastWriteWins {}

impl KeyedType for LastWriteWins {
    type Effect = Write;
    const KIND: ObjectType = ObjectType::LwwMap;
    const RULE: Rule = Rule::LastWriteWins;
    const HAS_KEYS: bool = true;
}

impl HasKeys for LastWriteWins {}

/// The latest writes to every key, and the one that wins.
pub type LwwMap<K, V> = Reading<LastWriteWins, K, V>;

/// What brings another replica's map up to date.
pub type Delta<K, V> = TypedDelta<Write, K, V>;

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> LwwMap<K, V> {
    /// Sets the key's value, if no write to it with a greater stamp was or will be seen.
    pub fn put(
        &mut self,
        author: &Author,
        key: &K,
        value: &V,
        timestamp: u64,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.write_at(author, &key.to_bytes(), Some(value), |at| Write::new(timestamp, at))
    }

    /// Deletes the key, if no write to it with a greater stamp was or will be seen.
    pub fn delete(
        &mut self,
        author: &Author,
        key: &K,
        timestamp: u64,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, &key.to_bytes(), Write::new(timestamp, None))
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> LwwMap<K, V> {
    /// The key's value; `None` where nothing was written or it was deleted.
    pub fn get(&self, key: &K) -> Option<V::Ref<'_>> {
        self.written(self.store().find(&key.to_bytes())?)
    }

    /// When the write was made that wins under the key, deletions included.
    pub fn timestamp(&self, key: &K) -> Option<u64> {
        let winner = self.store().winner(self.store().find(&key.to_bytes())?);
        Some(winner.effect.timestamp())
    }

    /// The keys that are not deleted, with their values, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (K::Ref<'_>, V::Ref<'_>)> {
        (0..self.ever() as u32).filter_map(|number| {
            Some((K::from_bytes(self.store().key(number))?, self.written(number)?))
        })
    }

    /// How many keys have a value. Cost: O(keys ever used).
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no key has a value.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The greatest write ever seen to the key.
    pub fn winner(&self, key: &K) -> Option<Decision<'_>> {
        self.store().won(&key.to_bytes())
    }
}

impl<T: KeyedType<Effect = Write>, K, V> Reading<T, K, V>
where
    K: CanonicalBytes + ?Sized,
    V: CanonicalBytes + ?Sized,
{
    /// The value that the winner under a key writes.
    pub(super) fn written(&self, number: u32) -> Option<V::Ref<'_>> {
        V::from_bytes(self.store().value(self.store().winner(number))?)
    }
}
