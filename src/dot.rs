//! Dots: the names of operations.
//!
//! Meaning: a dot names one operation on one object, for ever. It is never reused, because a
//! replica that was restored from a backup goes on under a new incarnation.
//! Source: Almeida et al., Scalable and Accurate Causality Tracking for Eventually Consistent
//! Stores, DAIS 2014 (dots); basho/riak_kv#679 (why incarnations).

use crate::limits::{InvalidName, check_name};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The name of a replica; ordered by its UTF-8 bytes.
#[derive(Clone, Eq)]
pub struct ReplicaId(Arc<str>);

impl ReplicaId {
    /// Names a replica. Replicas that sync with each other need different names.
    ///
    /// # Errors
    /// If the name is empty, or longer than [`MAX_NAME`](crate::limits::MAX_NAME) bytes, since no message
    /// and no store could hold it.
    pub fn new(name: impl Into<Arc<str>>) -> Result<Self, InvalidName> {
        let name = name.into();
        check_name("replica", name.as_bytes())?;
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Most comparisons are of clones of one name, which need not compare the text.
impl PartialEq for ReplicaId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Ord for ReplicaId {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for ReplicaId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ReplicaId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One incarnation of one replica: from one opening, or restore from a backup, to the next.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Origin {
    /// Which replica.
    pub replica: ReplicaId,
    /// Which of its incarnations; each is greater than all before it.
    pub incarnation: u64,
}

/// The name of one operation on one object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Dot {
    /// Who performed it.
    pub origin: Origin,
    /// Its place among the operations of that origin on that object, from 1, without gaps.
    pub counter: u64,
}
