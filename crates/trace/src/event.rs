//! The typed form of a trace: its header and its events, as spec/trace-format.md defines them.
//!
//! These types define what a line may contain. [`rejoin_judge`] judges whether the history is
//! possible.

use rejoin::json::{Count, Json};
use rejoin::object::{ObjectType, Priority, TraceType};
use rejoin::operation::{self, Canonical, Value};
use std::fmt;
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
    /// How writes are ordered.
    pub stamps: Stamps,
    /// The implementation that was recorded.
    pub implementation: Option<Implementation>,
    /// Free text.
    pub note: Option<String>,
}

/// The declaration of one object in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Its type.
    pub kind: TraceType,
    /// Its priority in synchronization.
    pub priority: Priority,
}

/// How writes are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamps {
    /// Each write carries its timestamp.
    #[default]
    Explicit,
    /// The implementation orders writes by a rule of its own.
    Own,
}

/// The time of a write, by a clock of one to four parts, which are compared part by part. A missing
/// part is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp([u64; Self::PARTS]);

impl Timestamp {
    /// How many parts a clock can have.
    pub const PARTS: usize = 4;

    /// From one to four parts.
    pub fn new(parts: &[u64]) -> Option<Self> {
        let mut padded = [0; Self::PARTS];
        padded.get_mut(..parts.len()).filter(|_| !parts.is_empty())?.copy_from_slice(parts);
        Some(Self(padded))
    }

    /// The parts, padded with zeros.
    pub fn parts(&self) -> [u64; Self::PARTS] {
        self.0
    }

    /// The first part, if the others are 0.
    pub fn single(&self) -> Option<u64> {
        (self.0[1..] == [0; Self::PARTS - 1]).then_some(self.0[0])
    }

    /// The timestamp in a JSON value, if it is one.
    pub fn of(json: &Json) -> Option<Self> {
        match json {
            Json::Array(parts) => {
                Self::new(&parts.iter().map(Json::as_count).collect::<Option<Vec<_>>>()?)
            }
            other => Some(other.as_count()?.into()),
        }
    }
}

impl From<u64> for Timestamp {
    fn from(part: u64) -> Self {
        Self([part, 0, 0, 0])
    }
}

impl fmt::Display for Timestamp {
    /// As JSON: a number, or an array without the zeros at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(only) = self.single() {
            return write!(f, "{only}");
        }
        let last = self.0.iter().rposition(|part| *part != 0).unwrap_or(0);
        let parts: Vec<String> = self.0[..=last].iter().map(u64::to_string).collect();
        write!(f, "[{}]", parts.join(","))
    }
}

/// The implementation that was recorded.
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
    /// A replica sends a message made of what it has seen.
    Send {
        /// The sender.
        replica: Name,
        /// The message's name.
        message: Name,
        /// The intended receiver; not checked.
        to: Option<Name>,
        /// Which of the operations that the sender has seen it contains.
        content: Content,
        /// Messages whose operations it contains as well, although the sender need not have applied
        /// them.
        relays: Vec<Name>,
    },
    /// A replica applies a message.
    Receive {
        /// The receiver.
        replica: Name,
        /// The message.
        message: Name,
    },
    /// A send by `from` that `replica` receives at once.
    Merge {
        /// The receiver.
        replica: Name,
        /// The sender.
        from: Name,
        /// Only these objects.
        objects: Option<Vec<Name>>,
    },
    /// Two replicas exchange everything that either has seen.
    Sync {
        /// The two replicas.
        replicas: [Name; 2],
        /// Only these objects.
        objects: Option<Vec<Name>>,
    },
    /// A backup is taken.
    Save {
        /// The replica.
        replica: Name,
        /// Its name.
        snapshot: Name,
    },
    /// A replica is restored from a backup of its own.
    Restore {
        /// The replica.
        replica: Name,
        /// The backup.
        snapshot: Name,
    },
    /// A replica's object starts from an explicit state.
    Load {
        /// The replica.
        replica: Name,
        /// The object.
        object: Name,
        /// The state; `None` if the object is not declared, so that its shape is unknown.
        state: Option<ExplicitState>,
    },
    /// No event.
    Note {
        /// Free text.
        text: String,
    },
    /// An answer of the implementation at this moment.
    Claim(Claim),
}

impl Event {
    /// The event's name in a trace.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Op(_) => "op",
            Self::Send { .. } => "send",
            Self::Receive { .. } => "receive",
            Self::Merge { .. } => "merge",
            Self::Sync { .. } => "sync",
            Self::Save { .. } => "save",
            Self::Restore { .. } => "restore",
            Self::Load { .. } => "load",
            Self::Note { .. } => "note",
            Self::Claim(claim) => claim.as_str(),
        }
    }
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All that the sender has seen.
    All,
    /// All that it has seen of these objects.
    Objects(Vec<Name>),
    /// All that it has seen, except the operations of these messages.
    Since(Vec<Name>),
    /// Exactly these operations.
    Operations(Vec<Name>),
}

/// One operation of one replica.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// The replica that performs it.
    pub replica: Name,
    /// The object.
    pub object: Name,
    /// The operation.
    pub operation: Operation,
    /// Its name.
    pub id: Option<Name>,
    /// The user who decided it.
    pub user: Option<Name>,
    /// Whether one of its numbers is an integer outside the exact range −2^63 to 2^64 − 1.
    pub inexact: bool,
}

/// An operation. Timestamps are present with explicit stamps and absent with own ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// G-counter: counts `amount` more, at least 1.
    Increment {
        /// The amount.
        amount: u64,
    },
    /// LWW-register: sets the value; `null` deletes.
    Write {
        /// The value.
        value: Json,
        /// The timestamp.
        timestamp: Option<Timestamp>,
    },
    /// OR-set: adds.
    Add {
        /// The element.
        element: Name,
    },
    /// OR-set: removes what was seen.
    Remove {
        /// The element.
        element: Name,
    },
    /// LWW-map: sets the key's value; `null` deletes.
    Put {
        /// The key.
        key: Name,
        /// The value.
        value: Json,
        /// The timestamp.
        timestamp: Option<Timestamp>,
    },
    /// LWW-map: the same as putting `null`.
    Delete {
        /// The key.
        key: Name,
        /// The timestamp.
        timestamp: Option<Timestamp>,
    },
    /// Log: appends.
    Append {
        /// The entry.
        entry: Json,
        /// The timestamp.
        timestamp: Option<Timestamp>,
    },
    /// Pn-counter: counts `amount` less, at least 1.
    Decrement {
        /// The amount.
        amount: u64,
    },
    /// Flags: enables.
    Enable,
    /// Flags: disables what was seen.
    Disable,
    /// List: inserts an element, which no other insert names.
    Insert {
        /// The element.
        element: Name,
        /// The element that it was inserted after.
        after: Option<Name>,
        /// The element that it was inserted before.
        before: Option<Name>,
        /// Its value; not judged.
        value: Option<Json>,
    },
    /// List: deletes an element.
    Erase {
        /// The element.
        element: Name,
    },
    /// Opaque: anything.
    Perform {
        /// The operation's name.
        name: Name,
        /// Its arguments; not judged.
        arguments: Option<Json>,
    },
}

impl Operation {
    /// Its name in a trace.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Increment { .. } => "increment",
            Self::Write { .. } => "write",
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Put { .. } => "put",
            Self::Delete { .. } | Self::Erase { .. } => "delete",
            Self::Append { .. } => "append",
            Self::Decrement { .. } => "decrement",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Insert { .. } => "insert",
            Self::Perform { name, .. } => name,
        }
    }

    /// Whether objects of this type have it.
    pub fn is_of(&self, kind: TraceType) -> bool {
        match self {
            Self::Perform { .. } => kind == TraceType::Opaque,
            Self::Erase { .. } => kind == TraceType::List,
            Self::Delete { .. } => kind.is_map(),
            other => operations_of(kind).contains(&other.as_str()),
        }
    }
}

/// The names of the operations that objects of a type have; none for opaque ones, which have any.
pub fn operations_of(kind: TraceType) -> &'static [&'static str] {
    match kind {
        TraceType::GCounter => &["increment"],
        TraceType::PnCounter => &["increment", "decrement"],
        TraceType::GSet => &["add"],
        TraceType::OrSet | TraceType::TwoPhaseSet | TraceType::RwSet => &["add", "remove"],
        TraceType::EwFlag | TraceType::DwFlag => &["enable", "disable"],
        TraceType::LwwRegister
        | TraceType::MvRegister
        | TraceType::MaxRegister
        | TraceType::MinRegister => &["write"],
        TraceType::LwwMap | TraceType::MvMap => &["put", "delete"],
        TraceType::Log => &["append"],
        TraceType::List => &["insert", "delete"],
        TraceType::Opaque => &[],
    }
}

/// An answer of the implementation. It can be any JSON: a wrong shape is a false claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The value of an object.
    Read {
        /// The replica.
        replica: Name,
        /// The object.
        object: Name,
        /// Sets: only whether this element is in it.
        element: Option<Name>,
        /// Maps: only the value of this key.
        key: Option<Name>,
        /// Opaque objects: the query.
        query: Option<Json>,
        /// The answer.
        value: Json,
    },
    /// The state vector.
    Vector {
        /// The replica.
        replica: Name,
        /// Only of this object.
        object: Option<Name>,
        /// The answer.
        vector: Json,
    },
    /// The state hash.
    Digest {
        /// The replica.
        replica: Name,
        /// Only of this object.
        object: Option<Name>,
        /// The algorithm.
        algorithm: Option<String>,
        /// The answer.
        digest: Json,
    },
    /// These replicas have the same state.
    Converged {
        /// Two or more, all different.
        replicas: Vec<Name>,
    },
    /// The open merge decisions.
    Decisions {
        /// The replica.
        replica: Name,
        /// The object.
        object: Name,
        /// The answer.
        decisions: Json,
    },
    /// The notices of a user.
    Notices {
        /// The replica.
        replica: Name,
        /// The user.
        user: Name,
        /// The answer.
        notices: Json,
    },
    /// The explicit state.
    State {
        /// The replica.
        replica: Name,
        /// The object.
        object: Name,
        /// The answer.
        state: Json,
    },
    /// The implementation failed, or refused where it must not: always false.
    Failed {
        /// The replica.
        replica: Name,
        /// The message of the failure.
        text: String,
        /// The object.
        object: Option<Name>,
        /// The message that it failed to apply.
        message: Option<Name>,
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
            Self::Failed { .. } => "failed",
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
            Self::Failed { .. } => "text",
        }
    }
}

/// An explicit state of an object, to start from.
#[derive(Clone, Debug, PartialEq)]
pub enum ExplicitState {
    /// Each node's share; nodes need not be declared, and a share may exceed 64 bits.
    GCounter(Vec<(Name, Count)>),
    /// The last write, if any.
    LwwRegister(Option<StateWrite>),
    /// The additions, and which of them were removed.
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
    /// The timestamp.
    pub timestamp: Timestamp,
    /// The replica that wrote it; need not be declared.
    pub replica: Name,
}

/// An addition in an explicit or-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDot {
    /// The element.
    pub element: Name,
    /// The replica that added it; need not be declared.
    pub replica: Name,
    /// Which of that replica's additions it is.
    pub seq: u64,
}

/// An entry of an explicit log.
#[derive(Clone, Debug, PartialEq)]
pub struct StateEntry {
    /// The entry.
    pub entry: Json,
    /// The timestamp.
    pub timestamp: Timestamp,
    /// The replica that appended it; need not be declared.
    pub replica: Name,
    /// Which of that replica's entries it is.
    pub seq: u64,
}

/// The operation exists in no engine, or has a timestamp of several parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoEngine;

impl fmt::Display for NoEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no engine has such an operation, or a timestamp of several parts")
    }
}

impl std::error::Error for NoEngine {}

impl Operation {
    /// The operation in the form of the engines, on an object of this type. An absent timestamp, as
    /// with own stamps and in operations without one, is 0.
    ///
    /// # Errors
    /// If no engine has such an operation, or its timestamp has several parts.
    pub fn of_engine(
        &self,
        kind: ObjectType,
    ) -> Result<operation::Operation<Arc<str>, Canonical>, NoEngine> {
        use operation::Operation as Engine;
        let at =
            |timestamp: &Option<Timestamp>| timestamp.unwrap_or_default().single().ok_or(NoEngine);
        Ok(match self {
            Self::Increment { amount } => Engine::Increment { amount: *amount },
            Self::Write { value: Json::Number(number), .. }
                if matches!(kind, ObjectType::MaxRegister | ObjectType::MinRegister) =>
            {
                Engine::WriteInteger { integer: number.as_exact().ok_or(NoEngine)? }
            }
            Self::Write { value, timestamp } => {
                Engine::Write { value: value.into(), timestamp: at(timestamp)? }
            }
            Self::Add { element } => Engine::Add { element: element.as_str().into() },
            Self::Remove { element } => Engine::Remove { element: element.as_str().into() },
            Self::Put { key, value, timestamp } => Engine::Put {
                key: key.as_str().into(),
                value: value.into(),
                timestamp: at(timestamp)?,
            },
            Self::Delete { key, timestamp } => Engine::Put {
                key: key.as_str().into(),
                value: Canonical::tombstone(),
                timestamp: at(timestamp)?,
            },
            Self::Append { entry, timestamp } => {
                Engine::Append { entry: entry.into(), timestamp: at(timestamp)? }
            }
            Self::Decrement { amount } => Engine::Decrement { amount: *amount },
            Self::Enable => Engine::Enable,
            Self::Disable => Engine::Disable,
            Self::Insert { .. } | Self::Erase { .. } | Self::Perform { .. } => {
                return Err(NoEngine);
            }
        })
    }
}
