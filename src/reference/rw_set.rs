//! RW-Set: elements that come and go; a removal wins over an addition that had not seen it.
//!
//! Meaning: an element is in the set if it was added, and each of its removals was seen by an
//! addition of it.
//! Laws: those of [`super::decisions`], of which it is a reading.
//! Cost: that of [`super::decisions`]; an element once used is never forgotten.
//! Source: Bieniusa et al., Brief announcement: semantics of eventually consistent replicated
//! sets, DISC 2012.
//!
//! An element is in the set exactly if there are maximal decisions on it and each is an addition:
//! the state is that of an OR-set, read by another rule.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, rw_set::RwSet};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let (mut local, mut server) = (RwSet::bottom(), RwSet::bottom());
//! local.add(&author("local", 1), "X")?;
//! server.remove(&author("server", 1), "X")?;
//! local.join(&server);
//! assert!(!local.contains(&"X"));
//!
//! // An addition that has seen the removal undoes it.
//! local.add(&author("local", 2), "X")?;
//! assert!(local.contains(&"X"));
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::decisions::{Presence, Reading};
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::Dot;
use std::collections::BTreeSet;

/// A removal wins over an addition that had not seen it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RemoveWins {}

/// The latest decisions on every element.
pub type RwSet<X> = Reading<RemoveWins, X, Presence>;

impl<X: Ord + Clone> RwSet<X> {
    /// Adds the element, unless a removal was or will be seen that had not seen this addition, and
    /// that no later addition has seen.
    pub fn add(&mut self, author: &Author, element: X) -> Result<Dot, OperationError> {
        self.decide(author, element, Presence::Added)
    }

    /// Removes the element.
    pub fn remove(&mut self, author: &Author, element: X) -> Result<Dot, OperationError> {
        self.decide(author, element, Presence::Removed)
    }
}

impl<X: Ord + Clone> RwSet<X> {
    /// Whether the element is in the set.
    pub fn contains(&self, element: &X) -> bool {
        self.decisions().all_take_effect(element, &Presence::Added)
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
