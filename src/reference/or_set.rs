//! OR-Set: elements that come and go; an addition wins over a removal that had not seen it.
//!
//! Meaning: an element is in the set if some addition of it was seen, and no removal that saw
//! that addition was.
//! Laws: those of [`super::decisions`], of which it is one reading.
//! Cost: that of [`super::decisions`]; an element once used is never forgotten.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 15.
//!
//! An element is in the set exactly if one of its maximal decisions is an addition: an addition
//! that no removal saw is below an addition that no decision at all saw. This holds because a
//! replica that has seen an operation has also seen what that operation saw on the object, as all
//! states and deltas of this module guarantee.
//!
//! Two replicas meet. Each removed something that the other one has added. What follows depends
//! on whether the removals had seen those additions:
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, or_set::OrSet};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! // Each adds two, and removes what it has not seen: the removals have no effect.
//! let (mut local, mut server) = (OrSet::bottom(), OrSet::bottom());
//! local.add(&author("local", 1), 'A')?;
//! local.add(&author("local", 2), 'B')?;
//! server.add(&author("server", 1), 'C')?;
//! server.add(&author("server", 2), 'D')?;
//! let (mut informed_local, mut informed_server) = (local.clone(), server.clone());
//! local.remove(&author("local", 3), 'C')?;
//! server.remove(&author("server", 3), 'A')?;
//! local.join(&server);
//! assert_eq!(local.elements(), [&'A', &'B', &'C', &'D'].into());
//!
//! // The same, but each sees the other's additions before it removes.
//! informed_local.join(&informed_server);
//! informed_server.join(&informed_local);
//! informed_local.remove(&author("local", 3), 'C')?;
//! informed_server.remove(&author("server", 3), 'A')?;
//! informed_local.join(&informed_server);
//! assert_eq!(informed_local.elements(), [&'B', &'D'].into());
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

pub use super::decisions::Presence;
use super::decisions::Reading;
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::Dot;
use std::collections::BTreeSet;

/// An addition wins over a removal that had not seen it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AddWins {}

/// The latest decisions on every element.
pub type OrSet<X> = Reading<AddWins, X, Presence>;

impl<X: Ord + Clone> OrSet<X> {
    /// Adds the element.
    pub fn add(&mut self, author: &Author, element: X) -> Result<Dot, OperationError> {
        self.decide(author, element, Presence::Added)
    }

    /// Removes the element, as far as its additions have been seen.
    pub fn remove(&mut self, author: &Author, element: X) -> Result<Dot, OperationError> {
        self.decide(author, element, Presence::Removed)
    }
}

impl<X: Ord + Clone> OrSet<X> {
    /// Whether the element is in the set.
    pub fn contains(&self, element: &X) -> bool {
        self.decisions().some_take_effect(element, &Presence::Added)
    }

    /// The elements, in order.
    pub fn elements(&self) -> BTreeSet<&X> {
        self.decisions().keys().filter(|element| self.contains(element)).into_set()
    }

    /// The current effect of the decisions on the element.
    pub fn current(&self, element: &X) -> Presence {
        Presence::of(self.contains(element))
    }
}
