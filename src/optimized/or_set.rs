//! OR-Set: elements that come and go; an addition wins over a removal that had not seen it.
//!
//! Meaning: that of the reference's OR-set.
//! Laws: those of the store of decisions, of which it is one reading.
//! Cost: adding, removing and queries O(1); a delta O(changes). An element is never forgotten: it
//! takes about 60 bytes in addition to its own.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 15.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::optimized::{Author, or_set::OrSet};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let mut client = OrSet::<str>::new();
//! client.add(&author("client", 1), "mapping_A")?;
//! let mut server = client.clone();
//! client.add(&author("client", 2), "mapping_A")?;
//! server.remove(&author("server", 1), "mapping_A")?;
//!
//! // Only what the server lacks is sent. The new addition had not been seen by the removal.
//! let delta = client.delta_since(&server.vector());
//! let changes = server.apply(&delta)?;
//! let change = changes.iter().next().unwrap();
//! assert!(change.key == "mapping_A" && change.is_open);
//! assert!(server.contains("mapping_A"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::canonical_bytes::CanonicalBytes;
use super::decisions::{HasKeys, KeyedType, Reading, Rule};
use super::delta::{Performed, TypedDelta};
use super::{Author, OperationError};
use crate::object::ObjectType;

pub use super::delta::Presence;

/// An addition wins over a removal that had not seen it.
#[derive(Debug)]
pub enum AddWins {}

impl KeyedType for AddWins {
    type Effect = Presence;
    const KIND: ObjectType = ObjectType::OrSet;
    const RULE: Rule = Rule::AddWins;
    const HAS_KEYS: bool = true;
}

impl HasKeys for AddWins {}

impl SetType for AddWins {}

/// A type of sets.
pub trait SetType: HasKeys<Effect = Presence> {}

/// The latest decisions on every element.
pub type OrSet<K> = Reading<AddWins, K, ()>;

/// What brings another replica's set up to date.
pub type Delta<K> = TypedDelta<Presence, K, ()>;

impl<T: SetType, K: CanonicalBytes + ?Sized> Reading<T, K, ()> {
    /// Adds the element.
    pub fn add(
        &mut self,
        author: &Author,
        element: &K,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, &element.to_bytes(), Presence::Added)
    }

    /// Removes the element; in an OR-set, the additions that were seen.
    pub fn remove(
        &mut self,
        author: &Author,
        element: &K,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, &element.to_bytes(), Presence::Removed)
    }
}

impl<T: SetType, K: CanonicalBytes + ?Sized> Reading<T, K, ()> {
    /// Whether the element is in the set.
    pub fn contains(&self, element: &K) -> bool {
        self.store().find(&element.to_bytes()).is_some_and(|number| self.is_there(number))
    }

    /// The elements, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = K::Ref<'_>> {
        let present = (0..self.ever() as u32).filter(|number| self.is_there(*number));
        present.filter_map(|number| K::from_bytes(self.store().key(number)))
    }

    /// How many elements there are. Cost: O(elements ever used).
    pub fn len(&self) -> usize {
        (0..self.ever() as u32).filter(|number| self.is_there(*number)).count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<T: KeyedType<Effect = Presence>, K: CanonicalBytes + ?Sized> Reading<T, K, ()> {
    /// Whether the element is in the set.
    pub(super) fn is_there(&self, number: u32) -> bool {
        let mut effects = self.store().maximal(number).map(|record| record.effect);
        match T::RULE {
            Rule::RemoveWins => effects.all(|effect| effect == Presence::Added),
            _ => effects.any(|effect| effect == Presence::Added),
        }
    }
}
