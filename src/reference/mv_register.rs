//! MV-Register: concurrent writes are all kept, until someone who saw them writes.
//!
//! Meaning: the values of the writes that no other write saw. To delete is to write the tombstone,
//! which is never listed.
//! Laws: those of [`super::decisions`], of which it is a reading with one key.
//! Cost: that of [`super::decisions`] with one key.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 10.

use super::decisions::{Decisions, Reading};
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::Dot;
use crate::operation::Value;
use std::collections::BTreeSet;

/// All concurrent values of the one key have effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AllValues {}

/// The latest writes.
pub type MvRegister<V> = Reading<AllValues, (), V>;

/// The values that the maximal decisions on a key write.
pub fn values<'a, K: Ord + Clone, V: Value>(
    decisions: &'a Decisions<K, V>,
    key: &K,
) -> BTreeSet<&'a V> {
    let written = decisions.maximal(key).into_iter().map(|decision| &decision.effect);
    written.filter(|value| **value != V::tombstone()).into_set()
}

impl<V: Value> MvRegister<V> {
    /// Sets the value, in place of all that were seen.
    pub fn write(&mut self, author: &Author, value: V) -> Result<Dot, OperationError> {
        self.decide(author, (), value)
    }
}

impl<V: Value> MvRegister<V> {
    /// The concurrent values.
    pub fn values(&self) -> BTreeSet<&V> {
        values(self.decisions(), &())
    }
}
