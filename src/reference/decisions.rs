//! Decisions: the maximal decisions on every key.
//!
//! Meaning: for each key the *maximal* decisions, those that no other decision on it saw. Concurrent
//! decisions are all kept until someone who saw them decides.
//! Laws: the join is a semilattice on every pair of states. For each key and decision it is the
//! maximum of a chain: unknown < listed, not seen < listed, seen < seen, no longer listed.
//! Cost: join O(records · log records); delta one pass over the records.
//! Source: Bieniusa et al., An Optimized Conflict-free Replicated Set, INRIA RR-8083 (2012), where
//! the additions of a set are kept in this way; here removals and writes are as well, as in the
//! multi-value register of Shapiro et al., INRIA RR-7506 (2011), spec. 10.
//!
//! Registers, maps, sets and flags are built upon this store. Those that keep nothing beside it
//! are [`Reading`]s of it: they differ in what they ask it.

use super::delta::Replicated;
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::Dot;
use crate::lattice::Lattice;
use crate::operation::{DecisionId, User};
use crate::version_vector::VersionVector;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

/// One operation on one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision<E> {
    /// Its name.
    pub dot: Dot,
    /// Its place among the operations of its replica, from 1.
    pub seq: u64,
    /// When, by the writer's clock; 0 if the type has no timestamps.
    pub timestamp: u64,
    /// Who decided.
    pub user: Option<User>,
    /// What it does to the key.
    pub effect: E,
}

impl<E> Decision<E> {
    /// The order of writes: the first four fields decide, the others make it total on records.
    fn stamp(&self) -> (u64, &str, u64, &E, u64, u64, &Option<User>) {
        let Dot { origin, counter } = &self.dot;
        let replica = origin.replica.as_str();
        let Self { seq, timestamp, user, effect, .. } = self;
        (*timestamp, replica, *seq, effect, origin.incarnation, *counter, user)
    }

    /// The decision as an answer names it.
    pub fn id(&self) -> DecisionId {
        DecisionId { dot: self.dot.clone(), seq: self.seq, user: self.user.clone() }
    }
}

/// The greater one wins. The order is by timestamp, replica, seq and effect, then by the other fields.
impl<E: Ord> Ord for Decision<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.stamp().cmp(&other.stamp())
    }
}

impl<E: Ord> PartialOrd for Decision<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The effect of a decision on an element of a set, or on a flag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Presence {
    /// It is not in the set; the flag is disabled.
    Removed,
    /// It is in the set; the flag is enabled.
    Added,
}

impl Presence {
    /// The presence of what is there, or not.
    pub fn of(is_there: bool) -> Self {
        if is_there { Self::Added } else { Self::Removed }
    }
}

/// The maximal decisions on every key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decisions<K, E> {
    seen: VersionVector,
    /// A key that no decision is known of is absent: no set is empty.
    maximal: BTreeMap<K, BTreeSet<Decision<E>>>,
}

impl<K: Ord + Clone, E: Ord + Clone> Decisions<K, E> {
    /// The store with these parts.
    pub fn from_parts(
        seen: VersionVector,
        listed: impl IntoIterator<Item = (K, Decision<E>)>,
    ) -> Self {
        let mut maximal: BTreeMap<K, BTreeSet<Decision<E>>> = BTreeMap::new();
        for (key, decision) in listed {
            maximal.entry(key).or_default().insert(decision);
        }
        Self { seen, maximal }
    }
}

impl<K: Ord + Clone, E: Ord + Clone> Lattice for Decisions<K, E> {
    fn bottom() -> Self {
        Self { seen: VersionVector::bottom(), maximal: BTreeMap::new() }
    }

    fn join(&mut self, other: &Self) {
        let keys: BTreeSet<K> = self.keys().chain(other.keys()).cloned().into_set();
        for key in keys {
            self.join_key(key, other);
        }
        self.seen.join(&other.seen);
    }
}

impl<K: Ord + Clone, E: Ord + Clone> Decisions<K, E> {
    /// Keeps what both list, and what one lists and the other has not seen. What one lists and
    /// the other has seen but does not list was superseded there.
    fn join_key(&mut self, key: K, other: &Self) {
        let (ours, theirs) = (self.maximal(&key), other.maximal(&key));
        let kept: BTreeSet<Decision<E>> = ours
            .union(&theirs)
            .filter(|decision| {
                (ours.contains(*decision) || !self.seen.contains(&decision.dot))
                    && (theirs.contains(*decision) || !other.seen.contains(&decision.dot))
            })
            .map(|decision| (*decision).clone())
            .into_set();
        if kept.is_empty() {
            self.maximal.remove(&key);
        } else {
            self.maximal.insert(key, kept);
        }
    }
}

impl<K: Ord + Clone, E: Ord + Clone> Decisions<K, E> {
    /// Decides: the new decision saw all maximal decisions on its key, and replaces them.
    pub fn decide(
        &mut self,
        author: &Author,
        key: K,
        effect: E,
        timestamp: u64,
    ) -> Result<Decision<E>, OperationError> {
        let Author { origin, seq, user } = author;
        let dot =
            self.seen.next(origin).ok_or_else(|| OperationError::NoNamesLeft(origin.clone()))?;
        let decision = Decision { dot, seq: *seq, timestamp, user: user.clone(), effect };
        self.maximal.insert(key, BTreeSet::from([decision.clone()]));
        self.seen.see(&decision.dot.origin, decision.dot.counter);
        Ok(decision)
    }
}

impl<K: Ord + Clone, E: Ord + Clone> Decisions<K, E> {
    /// The keys that were ever decided on, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.maximal.keys()
    }

    /// The maximal decisions on the key.
    pub fn maximal(&self, key: &K) -> BTreeSet<&Decision<E>> {
        self.maximal.get(key).into_iter().flatten().into_set()
    }

    /// Whether some maximal decision on the key has the effect: it wins over the others.
    pub fn some_take_effect(&self, key: &K, effect: &E) -> bool {
        self.maximal(key).iter().any(|decision| decision.effect == *effect)
    }

    /// Whether there are decisions on the key, and all maximal ones have the effect: it loses to the
    /// others.
    pub fn all_take_effect(&self, key: &K, effect: &E) -> bool {
        let maximal = self.maximal(key);
        !maximal.is_empty() && maximal.iter().all(|decision| decision.effect == *effect)
    }

    /// The maximal decisions on the key that have the current effect.
    pub fn kept(&self, key: &K, current: &E) -> BTreeSet<&Decision<E>> {
        self.maximal(key).into_iter().filter(|decision| decision.effect == *current).into_set()
    }

    /// The other maximal decisions. While there are any, the key is an open merge decision.
    pub fn superseded(&self, key: &K, current: &E) -> BTreeSet<&Decision<E>> {
        self.maximal(key).into_iter().filter(|decision| decision.effect != *current).into_set()
    }
}

impl<K: Ord + Clone, E: Ord + Clone> Replicated for Decisions<K, E> {
    fn seen(&self) -> &VersionVector {
        &self.seen
    }

    /// For every key that has a maximal decision outside `since`: all its maximal decisions.
    ///
    /// A key that is left out needs nothing: the receiver has seen its maximal decisions. Leaving out
    /// one decision of a listed key would mean that it was superseded.
    fn part_since(&self, since: &VersionVector) -> Self {
        let maximal = self
            .maximal
            .iter()
            .filter(|(_, listed)| listed.iter().any(|decision| !since.contains(&decision.dot)))
            .map(|(key, listed)| (key.clone(), listed.clone()))
            .into_map();
        Self { seen: self.seen.clone(), maximal }
    }

    /// The join, on the keys that the part lists.
    fn take_part(&mut self, part: &Self) {
        for key in part.keys() {
            self.join_key(key.clone(), part);
        }
        self.seen.join(&part.seen);
    }
}

/// The state of a type that keeps nothing beside the decisions. `R` says which type it is: how the
/// decisions are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading<R, K, E> {
    decisions: Decisions<K, E>,
    reading: PhantomData<R>,
}

impl<R, K: Ord + Clone, E: Ord + Clone> Reading<R, K, E> {
    /// The state with these decisions.
    pub fn from_parts(decisions: Decisions<K, E>) -> Self {
        Self { decisions, reading: PhantomData }
    }

    /// The latest decisions on every key.
    pub fn decisions(&self) -> &Decisions<K, E> {
        &self.decisions
    }

    /// Decides; see [`Decisions::decide`].
    pub fn decide(&mut self, author: &Author, key: K, effect: E) -> Result<Dot, OperationError> {
        Ok(self.decisions.decide(author, key, effect, 0)?.dot)
    }
}

impl<R: Clone + Eq, K: Ord + Clone, E: Ord + Clone> Lattice for Reading<R, K, E> {
    fn bottom() -> Self {
        Self::from_parts(Decisions::bottom())
    }

    fn join(&mut self, other: &Self) {
        self.decisions.join(&other.decisions);
    }
}

impl<R: Clone + Eq, K: Ord + Clone, E: Ord + Clone> Replicated for Reading<R, K, E> {
    fn seen(&self) -> &VersionVector {
        self.decisions.seen()
    }

    fn part_since(&self, since: &VersionVector) -> Self {
        Self::from_parts(self.decisions.part_since(since))
    }

    fn take_part(&mut self, part: &Self) {
        self.decisions.take_part(&part.decisions);
    }
}
