//! MV-Register: concurrent writes are all kept, until someone who saw them writes.
//!
//! Meaning: that of the reference's MV-register.
//! Laws: those of the store of decisions, of which it is one reading.
//! Cost: O(1), but for concurrent values.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 10.

use super::canonical_bytes::CanonicalBytes;
use super::decisions::{Decision, KEY, KeyedType, Reading, Rule};
use super::delta::{Content, Performed, TypedDelta};
use super::{Author, OperationError};
use crate::object::ObjectType;

/// All concurrent values have effect.
#[derive(Debug)]
pub enum AllValues {}

impl KeyedType for AllValues {
    type Effect = Content;
    const KIND: ObjectType = ObjectType::MvRegister;
    const RULE: Rule = Rule::AllValues;
    const HAS_KEYS: bool = false;
}

/// The latest writes.
pub type MvRegister<V> = Reading<AllValues, [u8], V>;

/// What brings another replica's register up to date.
pub type Delta<V> = TypedDelta<Content, [u8], V>;

impl<V: CanonicalBytes + ?Sized> MvRegister<V> {
    /// Sets the value, in place of all that were seen; or deletes them.
    pub fn write(
        &mut self,
        author: &Author,
        value: Option<&V>,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.write_at(author, KEY, value, Content)
    }
}

impl<V: CanonicalBytes + ?Sized> MvRegister<V> {
    /// The concurrent values, each once, in the order of their bytes.
    pub fn values(&self) -> impl Iterator<Item = V::Ref<'_>> {
        self.store().find(KEY).into_iter().flat_map(|number| self.values_at(number))
    }

    /// The maximal writes.
    pub fn decisions(&self) -> Vec<Decision<'_>> {
        self.store().listed(KEY)
    }
}

impl<T: KeyedType<Effect = Content>, K, V> Reading<T, K, V>
where
    K: CanonicalBytes + ?Sized,
    V: CanonicalBytes + ?Sized,
{
    /// The concurrent values under a key.
    pub(super) fn values_at(&self, number: u32) -> impl Iterator<Item = V::Ref<'_>> {
        self.store().values_of(number).into_iter().filter_map(V::from_bytes)
    }
}
