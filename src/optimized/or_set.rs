//! OR-Set: elements that come and go; an addition wins over a removal that had not seen it.
//!
//! Meaning: that of the reference's OR-set.
//! Laws: those of the store of decisions, of which it is one use.
//! Cost: adding, removing, asking O(1); a delta O(changes); an element once used is never
//! forgotten: besides its own bytes it takes about 60.
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

use super::apply_error::ApplyError;
use super::canonical_bytes::CanonicalBytes;
use super::changes::Applied;
use super::decisions::{Conflict, Decision, Decisions};
use super::delta::{Performed, Replicated, TypedDelta};
use super::state_hash::object_hashes;
use super::vector::{Origins, Vector};
use super::{Author, OperationError, StateHash};
use std::marker::PhantomData;

pub use super::delta::Presence;

/// What brings another replica's set up to date.
pub type Delta<K> = TypedDelta<Presence, K, ()>;

/// The latest decisions on every element.
pub struct OrSet<K: ?Sized> {
    decisions: Decisions<Presence>,
    elements: PhantomData<fn(&K)>,
}

impl<K: ?Sized> OrSet<K> {
    fn of(decisions: Decisions<Presence>) -> Self {
        Self { decisions, elements: PhantomData }
    }

    /// A set that nothing was done to.
    pub fn new() -> Self {
        Self::of(Decisions::default())
    }
}

impl<K: CanonicalBytes + ?Sized> OrSet<K> {
    /// Applies all that the other set has seen. Both must be replicas of the same object.
    pub fn join(&mut self, other: &Self) -> Result<Applied<'_, Presence, K>, ApplyError> {
        self.apply(&other.delta_since(&self.vector()))
    }
}

impl<K: CanonicalBytes + ?Sized> OrSet<K> {
    /// Adds the element.
    pub fn add(
        &mut self,
        author: &Author,
        element: &K,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, element, Presence::Added)
    }

    /// Removes the element, as far as its additions have been seen.
    pub fn remove(
        &mut self,
        author: &Author,
        element: &K,
    ) -> Result<Performed<'_, Self>, OperationError> {
        self.decide(author, element, Presence::Removed)
    }

    fn decide(
        &mut self,
        author: &Author,
        element: &K,
        presence: Presence,
    ) -> Result<Performed<'_, Self>, OperationError> {
        let counter = self.decisions.decide(author, &element.to_bytes(), |_| presence)?;
        Ok(Performed::new(self, &author.origin, counter))
    }
}

impl<K: CanonicalBytes + ?Sized> OrSet<K> {
    /// Whether the element is in the set.
    pub fn contains(&self, element: &K) -> bool {
        self.decisions.find(&element.to_bytes()).is_some_and(|number| self.has(number))
    }

    fn has(&self, number: u32) -> bool {
        self.decisions.maximal(number).any(|record| record.effect == Presence::Added)
    }

    /// The elements, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = K::Ref<'_>> {
        let present = (0..self.decisions.len() as u32).filter(|number| self.has(*number));
        present.filter_map(|number| K::from_bytes(self.decisions.key(number)))
    }

    /// How many elements there are. Cost: O(elements ever used).
    pub fn len(&self) -> usize {
        (0..self.decisions.len() as u32).filter(|number| self.has(*number)).count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// How many elements were ever added or removed.
    pub fn ever(&self) -> usize {
        self.decisions.len()
    }

    /// The maximal decisions on the element.
    pub fn decisions(&self, element: &K) -> Vec<Decision<'_>> {
        self.decisions.listed(&element.to_bytes())
    }

    /// The open merge decisions, in the order in which their elements became known. Cost:
    /// O(elements that were ever contested).
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict<K::Ref<'_>>> {
        self.decisions.conflicts(K::from_bytes)
    }

    /// The first invariant of the state that does not hold: for tests and simulators. Cost: O(all that
    /// is stored).
    ///
    /// # Errors
    /// What does not hold, in words.
    pub fn debug_check(&self) -> Result<(), String> {
        self.decisions.debug_check()
    }

    pub(super) fn store(&self) -> &Decisions<Presence> {
        &self.decisions
    }

    pub(super) fn store_mut(&mut self) -> &mut Decisions<Presence> {
        &mut self.decisions
    }

    pub(super) fn open_bytes(&self) -> Vec<Conflict<Vec<u8>>> {
        self.decisions.conflicts(|key| Some(key.to_vec())).collect()
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.decisions.origins
    }

    pub(super) fn origins_mut(&mut self) -> &mut Origins {
        &mut self.decisions.origins
    }

    pub(super) fn footprint(&self) -> usize {
        self.decisions.footprint()
    }

    /// The state hash. Cost: O(elements changed since it was last asked for).
    pub fn state_hash(&mut self) -> StateHash {
        object_hashes(3, self.decisions.trees())
    }

    /// The elements of which the two sets do not say the same, in the order of their bytes: by
    /// their decisions, so that they may differ where both contain the element. Cost: O(elements
    /// changed since the state hash was last asked for, and differences · log elements).
    pub fn difference<'a>(&'a mut self, other: &'a mut Self) -> Vec<K::Ref<'a>> {
        let keys = self.decisions.difference(&mut other.decisions);
        keys.into_iter().filter_map(K::from_bytes).collect()
    }
}

impl<K: CanonicalBytes + ?Sized> OrSet<K> {
    /// What has been seen.
    pub fn vector(&self) -> Vector {
        self.decisions.vector()
    }

    /// A message that brings a receiver that has seen `since` up to this state.
    pub fn delta_since(&self, since: &Vector) -> Delta<K> {
        TypedDelta::new(self.decisions.delta_since(since))
    }

    /// Applies a delta, and gives what it changed.
    ///
    /// # Errors
    /// Operations between this state and the delta's start are missing, or the delta does not fit for
    /// another reason of [`ApplyError`]. Nothing changes then.
    pub fn apply(&mut self, delta: &Delta<K>) -> Result<Applied<'_, Presence, K>, ApplyError> {
        let changes = self.decisions.apply(&delta.keyed)?;
        Ok(Applied::new(&self.decisions, changes))
    }
}

impl<K: CanonicalBytes + ?Sized> Replicated for OrSet<K> {
    type Delta = Delta<K>;

    fn vector(&self) -> Vector {
        self.vector()
    }

    fn delta_since(&self, since: &Vector) -> Delta<K> {
        self.delta_since(since)
    }
}

impl<K: ?Sized> Clone for OrSet<K> {
    fn clone(&self) -> Self {
        Self::of(self.decisions.clone())
    }
}

impl<K: ?Sized> Default for OrSet<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: ?Sized> std::fmt::Debug for OrSet<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.decisions.fmt(f)
    }
}
