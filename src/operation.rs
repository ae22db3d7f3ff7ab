//! Operations and answers of a replica: the vocabulary that all engines share.
//!
//! Meaning: an operation is a request; performed, it becomes an event with a dot and a past.
//! Source: spec/trace-format.md, sections 2 (operations, answers) and 4 (merge decisions).

use crate::dot::{Dot, Origin};
use crate::json::Json;
use crate::limits::{InvalidName, MAX_VALUE};
use crate::object::ObjectType;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// The name of a replicated object.
pub type ObjectId = Arc<str>;

/// The name of a person who decides: 1 to 1,024 bytes, as
/// [`MAX_NAME`](crate::limits::MAX_NAME) says. A replica refuses an operation under another name.
pub type User = Arc<str>;

/// A value that can be written and deleted.
///
/// Its order decides between writes with equal stamps, so all replicas must have the same one:
/// the order of the canonical bytes.
pub trait Value: Clone + Ord {
    /// The value that says "deleted".
    fn tombstone() -> Self;
}

impl<T: Clone + Ord> Value for Option<T> {
    fn tombstone() -> Self {
        None
    }
}

/// A value as a trace has it: its canonical JSON, in the order of its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Canonical(Arc<str>);

impl Canonical {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Json> for Canonical {
    fn from(value: &Json) -> Self {
        Self(value.canonical().into())
    }
}

impl AsRef<str> for Canonical {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Value for Canonical {
    fn tombstone() -> Self {
        Self("null".into())
    }
}

/// What one operation does. Keys and elements are `K`, values and entries are `V`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Operation<K, V> {
    /// G-counter, PN-counter: adds `amount`, at least 1.
    Increment {
        /// How many.
        amount: u64,
    },
    /// LWW-register, MV-register: sets the value.
    Write {
        /// The value; the tombstone deletes.
        value: V,
        /// When; an MV-register ignores it.
        timestamp: u64,
    },
    /// OR-set, RW-set: adds.
    Add {
        /// What.
        element: K,
    },
    /// OR-set, RW-set: removes.
    Remove {
        /// What.
        element: K,
    },
    /// LWW-map, MV-map: sets the key's value.
    Put {
        /// Which key.
        key: K,
        /// The value; the tombstone deletes.
        value: V,
        /// When; an MV-map ignores it.
        timestamp: u64,
    },
    /// Log: appends.
    Append {
        /// What; the tombstone is an entry like any other.
        entry: V,
        /// When.
        timestamp: u64,
    },
    /// PN-counter: subtracts `amount`, at least 1.
    Decrement {
        /// How many.
        amount: u64,
    },
    /// EW-flag, DW-flag: enables.
    Enable,
    /// EW-flag, DW-flag: disables.
    Disable,
    /// Max-register, min-register: writes an integer.
    WriteInteger {
        /// From −2^63 to 2^64−1.
        integer: i128,
    },
}

impl<K, V> Operation<K, V> {
    /// The first type, in the order of [`ObjectType::ALL`], that has this operation.
    pub fn kind(&self) -> ObjectType {
        match self {
            Self::Increment { .. } => ObjectType::GCounter,
            Self::Write { .. } => ObjectType::LwwRegister,
            Self::Add { .. } | Self::Remove { .. } => ObjectType::OrSet,
            Self::Put { .. } => ObjectType::LwwMap,
            Self::Append { .. } => ObjectType::Log,
            Self::Decrement { .. } => ObjectType::PnCounter,
            Self::Enable | Self::Disable => ObjectType::EwFlag,
            Self::WriteInteger { .. } => ObjectType::MaxRegister,
        }
    }
}

/// Who performs an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// Which incarnation of which replica.
    pub origin: Origin,
    /// The operation's place among those of the replica, over all objects and incarnations, from 1.
    pub seq: u64,
    /// The person who decided, where known.
    pub user: Option<User>,
}

/// Why an operation was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OperationError {
    /// An increment or decrement of 0 counts nothing.
    ZeroIncrement,
    /// The share would exceed 2^128 − 1. No increments reach that: the state was forged or damaged.
    ShareTooGreat,
    /// The origin has used all its 2^64 − 1 counters. A new incarnation starts again at 1.
    NoNamesLeft(Origin),
    /// The object has as many different keys as it can: 2^29, or some 4 GB of them.
    KeysFull,
    /// The name of the user or the key is too long, or empty.
    InvalidName(InvalidName),
    /// The value or entry has that many bytes. The most is 16 MiB.
    TooLong(usize),
    /// The log has 2^32 − 1 entries already.
    LogFull,
    /// The audit trail has 2^32 records, or 4 GB of what they saw, already.
    AuditFull,
    /// A log entry must have a value.
    NoEntry,
    /// The integer is out of range: messages, stores and traces hold −2^63 to 2^64−1.
    IntegerOutOfRange,
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroIncrement => write!(f, "an increment or decrement of 0; the least is 1"),
            Self::ShareTooGreat => write!(f, "a share of the counter would exceed 2^128 − 1"),
            Self::NoNamesLeft(origin) => write!(
                f,
                "{} (incarnation {}) has performed 2^64 − 1 operations; go on under a new \
                 incarnation",
                origin.replica, origin.incarnation
            ),
            Self::InvalidName(name) => name.fmt(f),
            Self::KeysFull => {
                write!(f, "the object has 2^29 keys, or some 4 GB of them, and takes no new one")
            }
            Self::TooLong(bytes) => {
                write!(f, "an entry or value of {bytes} bytes; the most is {MAX_VALUE}: split it")
            }
            Self::LogFull => write!(f, "the log has 2^32 − 1 entries and takes no more"),
            Self::AuditFull => write!(
                f,
                "the audit trail has 2^32 records, or 4 GB of what they saw, and takes no more: cut it"
            ),
            Self::IntegerOutOfRange => {
                write!(f, "an integer below −2^63 or above 2^64 − 1: no message could hold it")
            }
            Self::NoEntry => write!(f, "an entry without a value; a log keeps what is appended"),
        }
    }
}

impl std::error::Error for OperationError {}

/// The value of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<K, V> {
    /// G-counter: the total. `None` beyond 2^128 − 1, which no increments reach.
    Count(Option<u128>),
    /// LWW-register: the value; `None` if there is none.
    Value(Option<V>),
    /// OR-set, RW-set: its elements.
    Elements(BTreeSet<K>),
    /// LWW-map: the values of the keys that are not deleted.
    Values(BTreeMap<K, V>),
    /// Log: the entries in order.
    Entries(Vec<V>),
    /// PN-counter: the increments minus the decrements. `None` beyond 2^127, which no operations reach.
    Balance(Option<i128>),
    /// EW-flag, DW-flag: whether it is enabled.
    Enabled(bool),
    /// MV-register: the concurrent values.
    Concurrent(BTreeSet<V>),
    /// MV-map: the concurrent values of the keys that have any.
    ConcurrentByKey(BTreeMap<K, BTreeSet<V>>),
    /// Max-register, min-register: the greatest or least integer; `None` if there is none.
    Integer(Option<i128>),
}

/// A decision as an answer names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DecisionId {
    /// Its name among the operations on the object.
    pub dot: Dot,
    /// Its place among the operations of its replica, over all objects, from 1.
    pub seq: u64,
    /// Who decided.
    pub user: Option<User>,
}

/// The latest decisions on one key: those that no other decision on the key saw.
///
/// They agree with the current effect (`kept`) or lost to it (`superseded`). While there are
/// superseded ones, the key is an open merge decision: somebody's latest decision lost.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Frontier<K> {
    /// Of which object.
    pub object: ObjectId,
    /// Of which key; `None` for a register or a flag.
    pub key: Option<K>,
    /// The maximal decisions whose effect is the current one.
    pub kept: BTreeSet<DecisionId>,
    /// The other maximal decisions.
    pub superseded: BTreeSet<DecisionId>,
}

/// A notice to a user: this decision of theirs is superseded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Notice<K> {
    /// On which object.
    pub object: ObjectId,
    /// On which key; `None` for a register or a flag.
    pub key: Option<K>,
    /// Which decision.
    pub decision: DecisionId,
}
