//! MV-Map: each key is a multi-value register of its own.
//!
//! Meaning: per key the values of the writes to it that no other write to it saw. To delete is to
//! write the tombstone; a key without another value is absent, but keeps its record.
//! Laws: those of [`super::decisions`], of which it is a reading.
//! Cost: that of [`super::decisions`]; a key once used is never forgotten.
//! Source: Shapiro et al., A comprehensive study of CRDTs, INRIA RR-7506 (2011), spec. 10, by key.
//!
//! Two people write one key apart. Nothing is lost: the key has both values, until somebody who saw
//! them writes.
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::lattice::Lattice;
//! use rejoin::reference::{Author, mv_map::MvMap};
//!
//! let author = |name: &str, seq| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Author { origin, seq, user: None }
//! };
//! let (mut local, mut server) = (MvMap::bottom(), MvMap::bottom());
//! local.put(&author("client", 1), "orders.total", Some("INTEGER"))?;
//! server.put(&author("server", 1), "orders.total", Some("DECIMAL(10,2)"))?;
//! local.join(&server);
//! assert_eq!(local.get(&"orders.total").len(), 2);
//!
//! local.put(&author("client", 2), "orders.total", Some("NUMERIC"))?;
//! assert_eq!(local.get(&"orders.total"), [&Some("NUMERIC")].into());
//! # Ok::<(), rejoin::reference::OperationError>(())
//! ```

use super::decisions::Reading;
use super::mv_register;
use super::{Author, OperationError};
use crate::collect::Collect;
use crate::dot::Dot;
use crate::operation::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All concurrent values of each key have effect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AllValues {}

/// The latest writes to every key.
pub type MvMap<K, V> = Reading<AllValues, K, V>;

impl<K: Ord + Clone, V: Value> MvMap<K, V> {
    /// Sets the key's value, in place of all that were seen.
    pub fn put(&mut self, author: &Author, key: K, value: V) -> Result<Dot, OperationError> {
        self.decide(author, key, value)
    }
}

impl<K: Ord + Clone, V: Value> MvMap<K, V> {
    /// The concurrent values of the key.
    pub fn get(&self, key: &K) -> BTreeSet<&V> {
        mv_register::values(self.decisions(), key)
    }

    /// The keys that have values, with these.
    pub fn values_by_key(&self) -> BTreeMap<&K, BTreeSet<&V>> {
        let keys = self.decisions().keys().map(|key| (key, self.get(key)));
        keys.filter(|(_, values)| !values.is_empty()).into_map()
    }
}
