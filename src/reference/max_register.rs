//! Max-register: keeps the greatest integer that was written.
//!
//! Meaning: the greatest of all integers that were seen. `O` is the order of the integers; with the
//! reversed order it is the min-register ([`super::min_register`]).
//! Laws: the join is a semilattice; `write` is inflationary and equals applying its delta.
//! Cost: that of the vectors.
//! Source: Baquero et al., Composition in state-based replicated data types, BEATCS 123 (2017).

use super::OperationError;
use super::delta::Replicated;
use crate::dot::{Dot, Origin};
use crate::lattice::Lattice;
use crate::limits::INTEGERS;
use crate::version_vector::VersionVector;
use std::cmp::Ordering;
use std::marker::PhantomData;

/// An order of the integers.
pub trait Order: Clone + Eq {
    /// Compares the two.
    fn compare(a: &i128, b: &i128) -> Ordering;
}

/// The usual order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rising {}

impl Order for Rising {
    fn compare(a: &i128, b: &i128) -> Ordering {
        a.cmp(b)
    }
}

/// The greatest integer by an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extreme<O> {
    seen: VersionVector,
    greatest: Option<i128>,
    order: PhantomData<O>,
}

/// The greatest integer.
pub type MaxRegister = Extreme<Rising>;

impl<O: Order> Extreme<O> {
    /// The register with these parts.
    pub fn from_parts(seen: VersionVector, greatest: Option<i128>) -> Self {
        Self { seen, greatest, order: PhantomData }
    }
}

impl<O: Order> Lattice for Extreme<O> {
    fn bottom() -> Self {
        Self::from_parts(VersionVector::bottom(), None)
    }

    fn join(&mut self, other: &Self) {
        self.seen.join(&other.seen);
        self.raise(other.greatest);
    }
}

impl<O: Order> Extreme<O> {
    fn raise(&mut self, integer: Option<i128>) {
        self.greatest = self.greatest.into_iter().chain(integer).max_by(O::compare);
    }
}

impl<O: Order> Extreme<O> {
    /// Writes an integer.
    pub fn write(&mut self, origin: &Origin, integer: i128) -> Result<Dot, OperationError> {
        if !INTEGERS.contains(&integer) {
            return Err(OperationError::IntegerOutOfRange);
        }
        let dot =
            self.seen.next(origin).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        self.seen.see(origin, dot.counter);
        self.raise(Some(integer));
        Ok(dot)
    }
}

impl<O: Order> Extreme<O> {
    /// The integer; `None` where nothing was written.
    pub fn value(&self) -> Option<i128> {
        self.greatest
    }
}

impl<O: Order> Replicated for Extreme<O> {
    fn seen(&self) -> &VersionVector {
        &self.seen
    }

    /// The integer, if some write lies outside `since`.
    fn part_since(&self, since: &VersionVector) -> Self {
        let greatest = self.greatest.filter(|_| !since.covers(&self.seen));
        Self::from_parts(self.seen.clone(), greatest)
    }

    fn take_part(&mut self, part: &Self) {
        self.join(part);
    }
}
