//! Changes: what an edit, an update or a session changed, in one form.
//!
//! Meaning: a user interface subscribes to one thing. Each [`Change`] names an object and a key, the
//! value before and after, whom the change overruled, and whether the key is in conflict now.
//! Laws: applied one after the other to what an interface shows, changes lead to what the replica
//! answers (tests/public_api.rs).
//! Cost: a copy of each changed value, before and after.

use crate::dot::ReplicaId;
use crate::operation::{ObjectId, User};
use crate::sync::{ClockAhead, Healed};
use crate::values::{FromKey, FromValue};

/// What changed, in the order of objects and keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    pub(crate) list: Vec<Change>,
    pub(crate) unknown: Vec<ObjectId>,
    pub(crate) relayed: Vec<ObjectId>,
    pub(crate) healed: Vec<Healed>,
    pub(crate) ahead: Vec<ClockAhead>,
}

impl Changes {
    /// How many keys, entries and totals changed.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Objects in the update that this replica does not have, because the sender has a newer schema. It does
    /// not answer for them, and passes on what it gets of them, in updates and in sessions. Once they are
    /// in its schema, it has them.
    pub fn relayed_objects(&self) -> &[ObjectId] {
        &self.relayed
    }

    /// Objects in the update that this replica neither has nor passes on: it has the name with another
    /// type, or they take more than [`Replica::limit_relayed`](crate::Replica::limit_relayed) allows. They were
    /// skipped: add them to the schema and ask for an update again.
    pub fn unknown_objects(&self) -> &[ObjectId] {
        &self.unknown
    }

    /// Forks found and repaired here: replicas whose disk was restored, or whose file was copied, unannounced.
    /// The operations of both branches are kept.
    pub fn healed(&self) -> &[Healed] {
        &self.healed
    }

    /// The replicas whose clocks are ahead by more than the replica's
    /// [limit](crate::Replica::limit_drift). Their writes are applied all the same.
    pub fn clocks_ahead(&self) -> &[ClockAhead] {
        &self.ahead
    }

    /// The changes, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Change> {
        self.list.iter()
    }
}

impl IntoIterator for Changes {
    type Item = Change;
    type IntoIter = std::vec::IntoIter<Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Changes {
    type Item = &'a Change;
    type IntoIter = std::slice::Iter<'a, Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// One key whose value or decisions changed; of a log one entry; of a counter its total. Several
/// concurrent values stand as an array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// In which object.
    pub object: ObjectId,
    /// Which key or element, as text; `None` for what has no keys.
    pub key: Option<String>,
    /// The value before, as canonical JSON; `None` where there was none. Of an element of a set:
    /// whether it was in the set; of a flag: whether it was enabled.
    pub before: Option<String>,
    /// The value after. Of a log, whose entries never change: the new entry.
    pub after: Option<String>,
    /// The decision that was effective before and lost to a concurrent one.
    pub overruled: Option<Decision>,
    /// Whether the key is in conflict now: see [`Replica::conflicts`](crate::Replica::conflicts).
    pub is_conflict: bool,
}

impl Change {
    /// The key, read as a type; `None` if there is no key, or it is not of that type.
    pub fn key<K: FromKey>(&self) -> Option<K> {
        K::from_key(self.key.as_deref()?)
    }

    /// The value before, read as a type.
    pub fn before<V: FromValue>(&self) -> Option<V> {
        V::from_value(self.before.as_deref()?)
    }

    /// The value after, read as a type.
    pub fn after<V: FromValue>(&self) -> Option<V> {
        V::from_value(self.after.as_deref()?)
    }
}

/// One decision: who made it, where and when, and what it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The person who decided, where known.
    pub user: Option<User>,
    /// At which replica.
    pub replica: ReplicaId,
    /// Its place among the operations of that replica, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970, by the clock of that replica; `None` where the type carries
    /// no time, as a set, and the decision is not on record; see [`Schema::audited`](crate::Schema::audited).
    pub time: Option<u64>,
    /// What it writes, as canonical JSON; of an element whether it is in the set. `None` deletes.
    pub value: Option<String>,
}

/// A key with concurrent decisions that differ, which nobody who
/// has seen them has decided since.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// In which object.
    pub object: ObjectId,
    /// On which key or element, as text; `None` for a register.
    pub key: Option<String>,
    /// What has effect, as canonical JSON; of an element whether it is in the set.
    pub value: Option<String>,
    /// The latest decisions that agree with it.
    pub kept: Vec<Decision>,
    /// The latest decisions that it overruled. Their users are the ones to notify.
    pub overruled: Vec<Decision>,
}

impl Conflict {
    /// The key, read as a type; `None` if there is no key, or it is not of that type.
    pub fn key<K: FromKey>(&self) -> Option<K> {
        K::from_key(self.key.as_deref()?)
    }
}
