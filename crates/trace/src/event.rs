//! The typed form of a trace: its header and its events, as spec/trace-format.md defines them.
//!
//! These types say what a line may hold; whether the history they tell is possible is for
//! [`rejoin_judge`] to judge.

use rejoin::json::{Count, Json};
use rejoin::object::{ObjectType, Priority};
use rejoin::operation::{self, Canonical, Value};
use std::sync::Arc;

/// The name of a replica, object, message, snapshot, operation, key, element or user:
/// 1 to 1,024 bytes, ordered by them.
pub type Name = String;

/// Line 1 of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The replicas, in the order in which they are declared.
    pub replicas: Vec<Name>,
    /// The objects, in the order in which they are declared.
    pub objects: Vec<(Name, Declaration)>,
    /// Who orders the writes.
    pub stamps: Stamps,
    /// What was recorded.
    pub implementation: Option<Implementation>,
    /// Free text.
    pub note: Option<String>,
}

/// What the header says of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// What it is.
    pub kind: ObjectType,
    /// How soon it is to be synchronized.
    pub priority: Priority,
}

/// Who orders the writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    /// Each write carries its timestamp.
    #[default]
    Explicit,
    /// The implementation orders writes by a rule of its own.
    Own,
}

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Implementation {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// Every later line of a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// One replica performs one operation.
    Op(Op),
    /// A message is made of what a replica has seen.
    Send {
        /// Who sends.
        replica: Name,
        /// The message's name.
        message: Name,
        /// For whom it is meant; not checked.
        to: Option<Name>,
        /// What it holds.
        content: Content,
    },
    /// A message is applied.
    Receive {
        /// Who receives.
        replica: Name,
        /// Which message.
        message: Name,
    },
    /// A send by `from` that `replica` receives at once.
    Merge {
        /// Who receives.
        replica: Name,
        /// Who sends.
        from: Name,
        /// Only these objects.
        objects: Option<Vec<Name>>,
    },
    /// Both end with what either had seen.
    Sync {
        /// The two.
        replicas: [Name; 2],
        /// Only these objects.
        objects: Option<Vec<Name>>,
    },
    /// A backup is taken.
    Save {
        /// Of whom.
        replica: Name,
        /// Its name.
        snapshot: Name,
    },
    /// A replica is set back to a backup of its own.
    Restore {
        /// Who.
        replica: Name,
        /// Which backup.
        snapshot: Name,
    },
    /// A replica's object starts from an explicit state.
    Load {
        /// Who.
        replica: Name,
        /// Which object.
        object: Name,
        /// The state; `None` where the object is not declared, so that its shape is unknown.
        state: Option<ExplicitState>,
    },
    /// Nothing.
    Note {
        /// Free text.
        text: String,
    },
    /// What the implementation answered at this moment.
    Claim(Claim),
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All that the sender has seen.
    All,
    /// All that it has seen of these objects.
    Objects(Vec<Name>),
    /// All that it has seen, less what these messages hold.
    Since(Vec<Name>),
    /// Exactly these operations.
    Operations(Vec<Name>),
}

/// One operation of one replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Who performs it.
    pub replica: Name,
    /// On what.
    pub object: Name,
    /// What it does.
    pub operation: Operation,
    /// Its name.
    pub id: Option<Name>,
    /// Who decided it.
    pub user: Option<Name>,
    /// Whether one of its numbers is an integer outside the exact range −2^63 to 2^64 − 1.
    pub inexact: bool,
}

/// What an operation does. Timestamps are present with explicit stamps and absent with own ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// G-counter: counts `amount` more, at least 1.
    Increment {
        /// How many.
        amount: u64,
    },
    /// LWW-register: sets the value; `null` deletes.
    Write {
        /// The value.
        value: Json,
        /// When.
        timestamp: Option<u64>,
    },
    /// OR-set: adds.
    Add {
        /// What.
        element: Name,
    },
    /// OR-set: removes what was seen.
    Remove {
        /// What.
        element: Name,
    },
    /// LWW-map: sets the key's value; `null` deletes.
    Put {
        /// Which key.
        key: Name,
        /// The value.
        value: Json,
        /// When.
        timestamp: Option<u64>,
    },
    /// LWW-map: the same as putting `null`.
    Delete {
        /// Which key.
        key: Name,
        /// When.
        timestamp: Option<u64>,
    },
    /// Log: appends.
    Append {
        /// What.
        entry: Json,
        /// When.
        timestamp: Option<u64>,
    },
}

impl Operation {
    /// Its name in a trace.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Increment { .. } => "increment",
            Self::Write { .. } => "write",
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Put { .. } => "put",
            Self::Delete { .. } => "delete",
            Self::Append { .. } => "append",
        }
    }

    /// The type that has this operation.
    pub fn kind(&self) -> ObjectType {
        match self {
            Self::Increment { .. } => ObjectType::GCounter,
            Self::Write { .. } => ObjectType::LwwRegister,
            Self::Add { .. } | Self::Remove { .. } => ObjectType::OrSet,
            Self::Put { .. } | Self::Delete { .. } => ObjectType::LwwMap,
            Self::Append { .. } => ObjectType::Log,
        }
    }
}

/// What the implementation answered. The answers are any JSON: a wrong shape is a false claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The value of an object.
    Read {
        /// Whose.
        replica: Name,
        /// Of what.
        object: Name,
        /// Or-set: only whether this element is in it.
        element: Option<Name>,
        /// Lww-map: only this key's value.
        key: Option<Name>,
        /// The answer.
        value: Json,
    },
    /// The state vector.
    Vector {
        /// Whose.
        replica: Name,
        /// Only of this object.
        object: Option<Name>,
        /// The answer.
        vector: Json,
    },
    /// The state hash.
    Digest {
        /// Whose.
        replica: Name,
        /// Only of this object.
        object: Option<Name>,
        /// How it was computed.
        algorithm: Option<String>,
        /// The answer.
        digest: Json,
    },
    /// These hold the same state.
    Converged {
        /// Two or more, all different.
        replicas: Vec<Name>,
    },
    /// The open merge decisions.
    Decisions {
        /// Whose.
        replica: Name,
        /// Of which object.
        object: Name,
        /// The answer.
        decisions: Json,
    },
    /// What a user is to be told.
    Notices {
        /// By whom.
        replica: Name,
        /// Which user.
        user: Name,
        /// The answer.
        notices: Json,
    },
    /// The explicit state.
    State {
        /// Whose.
        replica: Name,
        /// Of what.
        object: Name,
        /// The answer.
        state: Json,
    },
}

impl Claim {
    /// The event's name in a trace.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Read { .. } => "read",
            Self::Vector { .. } => "vector",
            Self::Digest { .. } => "digest",
            Self::Converged { .. } => "converged",
            Self::Decisions { .. } => "decisions",
            Self::Notices { .. } => "notices",
            Self::State { .. } => "state",
        }
    }

    /// The field that holds the answer.
    pub fn answer_field(&self) -> &'static str {
        match self {
            Self::Read { .. } => "value",
            Self::Vector { .. } => "vector",
            Self::Digest { .. } => "digest",
            Self::Converged { .. } => "replicas",
            Self::Decisions { .. } => "decisions",
            Self::Notices { .. } => "notices",
            Self::State { .. } => "state",
        }
    }
}

/// An explicit state that a replica's object starts from.
#[derive(Clone, Debug, PartialEq)]
pub enum ExplicitState {
    /// Each node's share; nodes need not be declared, and a share may exceed 64 bits.
    GCounter(Vec<(Name, Count)>),
    /// The last write, if any.
    LwwRegister(Option<StateWrite>),
    /// What was added, and what of it was removed.
    OrSet {
        /// The additions.
        adds: Vec<StateDot>,
        /// The additions that were removed.
        removes: Vec<StateDot>,
    },
    /// The last write to each key, deletions included.
    LwwMap(Vec<(Name, StateWrite)>),
    /// The entries.
    Log(Vec<StateEntry>),
}

/// A write in an explicit state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateWrite {
    /// The value.
    pub value: Json,
    /// When.
    pub timestamp: u64,
    /// By whom; need not be declared.
    pub replica: Name,
}

/// An addition in an explicit or-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDot {
    /// What.
    pub element: Name,
    /// By whom; need not be declared.
    pub replica: Name,
    /// Which of its additions.
    pub seq: u64,
}

/// An entry of an explicit log.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEntry {
    /// What.
    pub entry: Json,
    /// When.
    pub timestamp: u64,
    /// By whom; need not be declared.
    pub replica: Name,
    /// Which of its entries.
    pub seq: u64,
}

impl From<&Operation> for operation::Operation<Arc<str>, Canonical> {
    /// As a trace has it. A timestamp that is absent, as with own stamps, is 0.
    fn from(operation: &Operation) -> Self {
        match operation {
            Operation::Increment { amount } => Self::Increment { amount: *amount },
            Operation::Write { value, timestamp } => {
                Self::Write { value: value.into(), timestamp: timestamp.unwrap_or(0) }
            }
            Operation::Add { element } => Self::Add { element: element.as_str().into() },
            Operation::Remove { element } => Self::Remove { element: element.as_str().into() },
            Operation::Put { key, value, timestamp } => Self::Put {
                key: key.as_str().into(),
                value: value.into(),
                timestamp: timestamp.unwrap_or(0),
            },
            Operation::Delete { key, timestamp } => Self::Put {
                key: key.as_str().into(),
                value: Canonical::tombstone(),
                timestamp: timestamp.unwrap_or(0),
            },
            Operation::Append { entry, timestamp } => {
                Self::Append { entry: entry.into(), timestamp: timestamp.unwrap_or(0) }
            }
        }
    }
}
