//! Events: what happened in a session, for its application.

use super::ClockAhead;
use crate::dot::{Dot, Origin};
use crate::object::{ObjectType, Priority};
use crate::operation::{DecisionId, ObjectId};
use crate::optimized::{StateHash, Vector};
use std::fmt;

/// What happened in a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The two schemas differ. What both have with one type is synchronized all the same.
    SchemaDiffers {
        /// The objects that only the peer has.
        only_there: Vec<(ObjectId, ObjectType)>,
        /// The objects that only this side has.
        only_here: Vec<(ObjectId, ObjectType)>,
        /// The objects that have another type there: the type here, and the one there.
        other_types: Vec<(ObjectId, ObjectType, ObjectType)>,
    },
    /// A delta of the peer changed an object.
    Changed(Changed),
    /// A side left an object out of this session, because it would exceed the budget. It can be
    /// fetched or computed anew.
    Dropped {
        /// Which object.
        object: ObjectId,
        /// Who left it out.
        by: Side,
        /// How many bytes it would have taken.
        bytes: u64,
    },
    /// A side refused the deltas of an object, and asking again did not help. None of them was
    /// applied.
    Refused {
        /// Which object.
        object: ObjectId,
        /// Why, as text.
        reason: String,
    },
    /// The peer has operations under this replica's own name that this replica did not perform:
    /// another process uses the same name, or this replica was restored from a backup. Open it under
    /// a new incarnation.
    Forked {
        /// In which object.
        object: ObjectId,
        /// The name that is used twice.
        origin: Origin,
        /// How many operations this replica performed under it.
        performed: u64,
        /// How many the peer knows.
        known: u64,
    },
    /// A disk was restored, or a file copied, unannounced: one name stood for two operations. Both
    /// branches are kept; one of them was renamed.
    Healed(Healed),
    /// The clock of a replica is ahead by more than [`Config::drift`](super::Config::drift) says.
    ClockAhead(ClockAhead),
    /// Both sides have the same operations on an object, and different states: a bug, a corruption,
    /// or a fork. Nothing was overwritten.
    Discrepancy(Discrepancy),
    /// A priority class is exchanged and compared, or as much of it as could be.
    ClassDone {
        /// Which class.
        class: Priority,
        /// How it ended.
        outcome: Outcome,
        /// How many keys, entries and shares changed here.
        changes: usize,
    },
    /// All classes are done.
    Done,
}

/// A fork that was found, and repaired.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Healed {
    /// In which object.
    pub object: ObjectId,
    /// The first operation of the branch that was renamed, under the name that two operations had.
    pub first: Dot,
    /// The new name of the branch.
    pub renamed: Origin,
    /// Which side held the branch.
    pub by: Side,
}

impl fmt::Display for Healed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the disk of {:?} was restored, or its file copied: in {:?}, the operations of both \
             branches are kept",
            self.first.origin.replica.as_str(),
            self.object
        )
    }
}

impl crate::optimized::openings::Healed {
    /// The same, in an object.
    pub(crate) fn in_object(&self, object: &ObjectId) -> Healed {
        let by = match self.side {
            crate::optimized::openings::Side::Ours => Side::Here,
            crate::optimized::openings::Side::Theirs => Side::There,
        };
        let (first, renamed) = (self.first.clone(), self.renamed.clone());
        Healed { object: object.clone(), first, renamed, by }
    }
}

/// One of the two sides of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// This one.
    Here,
    /// The peer.
    There,
}

/// A delta of the peer that changed an object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Changed {
    /// Which object.
    pub object: ObjectId,
    /// The peer's vector of the object when it sent the delta. This side covers it now.
    pub seen: Vector,
    /// How many keys, entries or shares changed.
    pub changes: usize,
    /// The keys whose values changed here, or whose conflicts opened or closed; see
    /// [`Config::revisions`](super::Config::revisions).
    pub revisions: Vec<Revision>,
}

/// A key whose value changed here, or whose conflict opened or closed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Revision {
    /// The bytes of the key; empty for a register.
    pub key: Vec<u8>,
    /// The bytes of the value before; `None` if there was none. For an element of a set and a flag:
    /// no bytes if it was in the set or enabled, else `None`. For concurrent values: their array in
    /// canonical JSON.
    pub before: Option<Vec<u8>>,
    /// The same after.
    pub after: Option<Vec<u8>>,
    /// The timestamp of the decision that had effect before; 0 where there was none.
    pub timestamp: u64,
    /// The decision that was effective before and no longer is.
    pub overruled: Option<DecisionId>,
    /// Whether the key is in conflict now: a maximal decision differs from the effective one.
    pub is_conflict: bool,
}

/// How a class ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Both sides have the same state, by hash, at checkpoints of both.
    Verified,
    /// All was exchanged, but new writes intervened in each comparison of hashes, so that equality
    /// was not verified.
    WritesInBetween,
    /// Some objects were left out under a budget. The others are verified.
    SomeDropped,
    /// A side refused some of the deltas.
    SomeRefused,
    /// Some objects differ though both sides have the same operations.
    SomeDiffer,
}

/// Both sides have the same operations on an object, and different states.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Discrepancy {
    /// Which object.
    pub object: ObjectId,
    /// Its type.
    pub kind: ObjectType,
    /// The state hash here.
    pub ours: StateHash,
    /// The state hash there.
    pub theirs: StateHash,
    /// The records that differ, by key.
    pub records: Vec<RecordDifference>,
    /// Whether these are all records that differ: not where there are too many, nor where writes in
    /// between changed the states before all were compared.
    pub is_complete: bool,
}

/// A record that is different on both sides, as the state hash encodes records
/// (spec/state-hash.md). Long ones are cut.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RecordDifference {
    /// Its key.
    pub key: Vec<u8>,
    /// What this side holds under the key.
    pub ours: Option<Vec<u8>>,
    /// What the peer holds under the key.
    pub theirs: Option<Vec<u8>>,
}
