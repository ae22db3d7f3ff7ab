//! LWW-Map: values by key; each key is an LWW-register of its own.
//!
//! Meaning: a key's value is that of the greatest write to it that was seen, in the order of
//! [`super::lww_register`]. To delete is to write the tombstone.
//! Laws: the join is the product of two semilattices, the decisions and each key's maximum.
//! Cost: that of [`super::decisions`]; a key once used is never forgotten.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 8, by key.
//!
//! A deletion is a record with a stamp, so that it still beats a concurrent older write:
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, lww_map::LwwMap};
//!
//! let first_of = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq: 1, user: None }
//! };
//! let mut local = LwwMap::bottom();
//! local.put(&first_of("client"), "orders.total", None, 1706789400)?;
//! let mut server = LwwMap::bottom();
//! server.put(&first_of("server"), "orders.total", Some("DECIMAL(10,2)"), 1706789300)?;
//!
//! local.join(&server);
//! assert_eq!(local.get(&"orders.total"), None);
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::decisions::{Decision, Decisions};
use super::delta::Replicated;
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::Dot;
use crate::lattice::Lattice;
use crate::operation::Value;
use crate::version_vector::VersionVector;
use std::collections::BTreeMap;

/// The latest writes to every key, and the one that wins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LwwMap<K, V> {
    decisions: Decisions<K, V>,
    /// The greatest write ever seen to each key.
    winners: BTreeMap<K, Decision<V>>,
}

impl<K: Ord + Clone, V: Value> LwwMap<K, V> {
    /// The map with these parts.
    pub fn from_parts(decisions: Decisions<K, V>, winners: BTreeMap<K, Decision<V>>) -> Self {
        Self { decisions, winners }
    }
}

impl<K: Ord + Clone, V: Value> Lattice for LwwMap<K, V> {
    fn bottom() -> Self {
        Self { decisions: Decisions::bottom(), winners: BTreeMap::new() }
    }

    fn join(&mut self, other: &Self) {
        self.decisions.join(&other.decisions);
        for (key, winner) in &other.winners {
            self.join_winner(key, winner);
        }
    }
}

impl<K: Ord + Clone, V: Value> LwwMap<K, V> {
    fn join_winner(&mut self, key: &K, winner: &Decision<V>) {
        if self.winner(key) < Some(winner) {
            self.winners.insert(key.clone(), winner.clone());
        }
    }
}

impl<K: Ord + Clone, V: Value> LwwMap<K, V> {
    /// Sets the key's value, if no write to it with a greater stamp was or will be seen.
    pub fn put(
        &mut self,
        author: &Author,
        key: K,
        value: V,
        timestamp: u64,
    ) -> Result<Dot, OperationError> {
        let decision = self.decisions.decide(author, key.clone(), value, timestamp)?;
        self.join_winner(&key, &decision);
        Ok(decision.dot)
    }
}

impl<K: Ord + Clone, V: Value> LwwMap<K, V> {
    /// The key's value; `None` where nothing was written or the tombstone was.
    pub fn get(&self, key: &K) -> Option<&V> {
        let written = &self.winner(key)?.effect;
        (*written != V::tombstone()).then_some(written)
    }

    /// The keys that are not deleted, with their values.
    pub fn values(&self) -> BTreeMap<&K, &V> {
        self.winners.keys().filter_map(|key| Some((key, self.get(key)?))).into_map()
    }

    /// The current effect of the writes to the key: its value, or the tombstone.
    pub fn current(&self, key: &K) -> V {
        self.get(key).cloned().unwrap_or_else(V::tombstone)
    }

    /// The greatest write ever seen to the key.
    pub fn winner(&self, key: &K) -> Option<&Decision<V>> {
        self.winners.get(key)
    }

    /// The greatest write ever seen to each key, deletions included.
    pub fn winners(&self) -> &BTreeMap<K, Decision<V>> {
        &self.winners
    }

    /// The latest writes to every key.
    pub fn decisions(&self) -> &Decisions<K, V> {
        &self.decisions
    }
}

impl<K: Ord + Clone, V: Value> Replicated for LwwMap<K, V> {
    fn seen(&self) -> &VersionVector {
        self.decisions.seen()
    }

    /// The keys that have a latest write outside `since`, and with them their winners.
    fn part_since(&self, since: &VersionVector) -> Self {
        let decisions = self.decisions.part_since(since);
        let winners = decisions
            .keys()
            .filter_map(|key| Some((key.clone(), self.winner(key)?.clone())))
            .into_map();
        Self { decisions, winners }
    }

    fn take_part(&mut self, part: &Self) {
        self.decisions.take_part(&part.decisions);
        for (key, winner) in &part.winners {
            self.join_winner(key, winner);
        }
    }
}
