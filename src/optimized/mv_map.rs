//! MV-Map: each key is a multi-value register of its own.
//!
//! Meaning: that of the reference's MV-map. To delete is a write without a value.
//! Laws: those of the store of decisions, of which it is one reading.
//! Cost: writes and queries O(1), plus the concurrent values; a delta O(changes). A key is never
//! forgotten: it takes about 70 bytes in addition to its own and its values'.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 10, by key.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, mv_map::MvMap};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let (mut client, mut server) = (MvMap::<str, str>::new(), MvMap::new());
//! client.put(&author("client", 1), "orders.total", "INTEGER")?;
//! server.put(&author("server", 1), "orders.total", "DECIMAL(10,2)")?;
//! client.join(&server)?;
//! assert!(client.get("orders.total").eq(["DECIMAL(10,2)", "INTEGER"]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::canonical_bytes::CanonicalBytes;
use super::decisions::{HasKeys, KeyedType, Reading, Rule};
use super::delta::{Content, Performed, TypedDelta};
use super::{Author, OperationError};
use crate::object::ObjectType;

/// All concurrent values of each key have effect.
#[derive(Debug)]
pub enum AllValues {}

impl KeyedType for AllValues {
    type Effect = Content;
    const KIND: ObjectType = ObjectType::MvMap;
    const RULE: Rule = Rule::AllValues;
    const HAS_KEYS: bool = true;
}

impl HasKeys for AllValues {}

/// The latest writes to every key.
pub type MvMap<K, V> = Reading<AllValues, K, V>;

/// What brings another replica's map up to date.
pub type Delta<K, V> = TypedDelta<Content, K, V>;

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> MvMap<K, V> {
    /// Sets the key's value, in place of all that were seen.
    pub fn put(
        &mut self,
        author: &Author,
        key: &K,
        value: &V,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.write_at(author, &key.to_bytes(), Some(value), Content)
    }

    /// Deletes the values of the key that were seen.
    pub fn delete(
        &mut self,
        author: &Author,
        key: &K,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, &key.to_bytes(), Content(None))
    }
}

impl<K: CanonicalBytes + ?Sized, V: CanonicalBytes + ?Sized> MvMap<K, V> {
    /// The concurrent values of the key, each once, in the order of their bytes.
    pub fn get(&self, key: &K) -> impl Iterator<Item = V::Ref<'_>> + use<'_, K, V> {
        let number = self.store().find(&key.to_bytes());
        number.into_iter().flat_map(|number| self.values_at(number))
    }

    /// The keys that have values, with these, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (K::Ref<'_>, Vec<V::Ref<'_>>)> {
        (0..self.ever() as u32).filter_map(|number| {
            let values: Vec<_> = self.values_at(number).collect();
            Some((K::from_bytes(self.store().key(number))?, values))
                .filter(|(_, values)| !values.is_empty())
        })
    }

    /// How many keys have values. Cost: O(keys ever used).
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no key has a value.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}
