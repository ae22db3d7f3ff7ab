//! Errors of an application's replica: one type for each task. Each message says what to do.

use crate::changes::Changes;
use crate::limits::InvalidName;
use crate::object::ObjectType;
use crate::operation::{ObjectId, OperationError};
use crate::optimized::RepeatedOpening;
use crate::optimized::replica::{self, Reason};
use crate::values::InvalidValue;
use std::fmt;

/// Why a replica was not made.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CreateError {
    /// The replica or an object has a name that no message could hold.
    Name(InvalidName),
    /// The schema gives a priority or an audit trail to an object that it does not declare before.
    UndeclaredObject {
        /// The name that was given.
        object: ObjectId,
        /// The names that the schema has.
        known: Vec<ObjectId>,
    },
    /// The system has no random numbers, so the replica cannot draw an incarnation of its own.
    NoEntropy,
}

/// Why an edit was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EditError {
    /// The schema has no such object.
    UnknownObject {
        /// The name that was asked for.
        object: ObjectId,
        /// The names that the schema has.
        known: Vec<ObjectId>,
    },
    /// The schema to add gives a priority or an audit trail to an object that it does not declare before.
    UndeclaredObject {
        /// The name that was given.
        object: ObjectId,
        /// The names that the schema has.
        known: Vec<ObjectId>,
    },
    /// The object is of another type.
    WrongType {
        /// Which object.
        object: ObjectId,
        /// Its type.
        found: ObjectType,
        /// The type that was asked for.
        expected: ObjectType,
    },
    /// Peers have the object with another type, and this replica passes it on: use another name for yours.
    RelayedType {
        /// Which object.
        object: ObjectId,
        /// The code of its type there, as spec/wire.md lists them.
        found: u8,
        /// The type that was asked for.
        expected: ObjectType,
    },
    /// The user or the key has a name that no message could hold.
    Name(InvalidName),
    /// The key or value cannot be stored as text or JSON.
    Value(InvalidValue),
    /// The object refuses the operation.
    Refused {
        /// Which object.
        object: ObjectId,
        /// Why.
        reason: OperationError,
    },
    /// A peer forged the greatest stamp for the key, so no greater stamp is left. No clock reaches it.
    Clock {
        /// Which object.
        object: ObjectId,
        /// What was seen, and what the limit is.
        message: String,
    },
}

/// Why an import was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ImportError {
    /// The text is not the JSON of an export. Nothing changed.
    Malformed(String),
    /// No edit can give the object this value. Nothing changed.
    Value {
        /// Which object.
        object: ObjectId,
        /// What was found and expected.
        message: String,
    },
    /// An edit was refused.
    Edit {
        /// Why.
        error: EditError,
        /// What the edits before it changed.
        changes: Box<Changes>,
    },
}

/// Why an update was refused. Nothing of it was applied, except what
/// [`Refused`](Self::Refused) holds.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UpdateError {
    /// The bytes are not an update, or were damaged in transit.
    Malformed {
        /// Where, in bytes from the start.
        at: usize,
        /// What is there, and what should be.
        message: String,
    },
    /// The update builds upon operations that this replica has not seen.
    Gap {
        /// Of which object.
        object: ObjectId,
        /// What is missing.
        message: String,
    },
    /// The sender uses other names for operations that this replica knows: a disk was restored, or a
    /// file copied, and one of the two has repaired the fork. No other update makes this one applicable:
    /// exchange versions both ways, and apply what each side makes for the other.
    NamesDiffer {
        /// Of which object.
        object: ObjectId,
        /// What differs, and what to do.
        message: String,
    },
    /// The update contradicts the history of this replica, or would exceed a limit.
    Refused {
        /// Of which object.
        object: ObjectId,
        /// Why, and what to do.
        message: String,
        /// What the update changed in the objects before this one.
        changes: Box<Changes>,
    },
}

/// Why a saved replica was not opened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// There are no bytes to open.
    Empty,
    /// A part is damaged, or is not part of a saved replica.
    Damaged {
        /// Which part, from 0.
        part: usize,
        /// What is wrong with it.
        error: UpdateError,
    },
    /// A part is of another replica.
    OtherReplica {
        /// Which part, from 0.
        part: usize,
    },
    /// The system gives no random numbers.
    NoEntropy,
    /// The system returned random numbers that it had returned before.
    RepeatedEntropy(RepeatedOpening),
}

impl From<RepeatedOpening> for OpenError {
    fn from(repeated: RepeatedOpening) -> Self {
        Self::RepeatedEntropy(repeated)
    }
}

impl EditError {
    pub(crate) fn of(error: replica::Error) -> Self {
        let replica::Error { object, reason } = error;
        match reason {
            Reason::UnknownObject => Self::UnknownObject { object, known: Vec::new() },
            Reason::WrongType { expected, found } => {
                // The engine reports the object's type as expected; an edit reports the type it asked for.
                Self::WrongType { object, found: expected, expected: found }
            }
            Reason::Operation(OperationError::InvalidName(name)) => Self::Name(name),
            Reason::Operation(reason) => Self::Refused { object, reason },
            Reason::NoStampLeft(_, error) => Self::Clock { object, message: error.to_string() },
            Reason::Apply(error) => Self::Clock { object, message: error.to_string() },
        }
    }
}

impl From<InvalidName> for CreateError {
    fn from(name: InvalidName) -> Self {
        Self::Name(name)
    }
}

impl From<InvalidName> for EditError {
    fn from(name: InvalidName) -> Self {
        Self::Name(name)
    }
}

impl From<InvalidValue> for EditError {
    fn from(value: InvalidValue) -> Self {
        Self::Value(value)
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::UndeclaredObject { object, known } => undeclared(f, object, known),
            Self::NoEntropy => f.write_str(NO_ENTROPY),
        }
    }
}

fn undeclared(f: &mut fmt::Formatter<'_>, object: &str, known: &[ObjectId]) -> fmt::Result {
    write!(
        f,
        "the schema gives a priority or an audit trail to {object:?} before it declares such an object; \
         it has {known:?}: name one of these, or declare the object first"
    )
}

const NO_ENTROPY: &str = "the environment gives no random numbers, which name an incarnation that \
                          nobody else uses; see that the system's source of entropy works";

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownObject { object, known } => {
                write!(
                    f,
                    "the schema has no object {object:?}; it has {known:?}: use one of these, or add it to the schema"
                )
            }
            Self::UndeclaredObject { object, known } => undeclared(f, object, known),
            Self::WrongType { object, found, expected } => write!(
                f,
                "object {object:?} is a {}, not a {}: use the handle of its type",
                found.as_str(),
                expected.as_str()
            ),
            Self::RelayedType { object, found, expected } => write!(
                f,
                "peers have the object {object:?} with the type {found} (spec/wire.md lists them), and this \
                 replica passes it on: give your {} another name",
                expected.as_str()
            ),
            Self::Name(name) => name.fmt(f),
            Self::Value(value) => write!(f, "the value cannot be kept: {value}"),
            Self::Refused { object, reason } => write!(f, "object {object:?}: {reason}"),
            Self::Clock { object, message } => write!(f, "object {object:?}: {message}"),
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(message) => {
                write!(f, "the text is not the JSON of an export: {message}; nothing was imported")
            }
            Self::Value { object, message } => {
                write!(f, "object {object:?}: {message}; nothing was imported")
            }
            Self::Edit { error, changes } => {
                write!(f, "{error}; {} values were imported before it", changes.len())
            }
        }
    }
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { at, message } => write!(
                f,
                "byte {at} of the update: {message}; it was damaged on its way or is none: ask its \
                 sender for it again"
            ),
            Self::NamesDiffer { object, message } => {
                write!(f, "object \"{object}\": {message}; nothing of the update was applied")
            }
            Self::Gap { object, message } => write!(
                f,
                "object {object:?}: {message}; ask for an update since the version that this replica \
                 has"
            ),
            Self::Refused { message, .. } => f.write_str(message),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str(
                "there are no bytes of a saved replica; make a new one by `Replica::create`",
            ),
            Self::Damaged { part, error } => write!(
                f,
                "part {part} of the saved replica is damaged: {error}; open the parts before it, or a \
                 backup, and let a sync bring back the rest"
            ),
            Self::OtherReplica { part } => write!(
                f,
                "part {part} was saved by another replica than the parts before it; open each \
                 replica's parts by themselves"
            ),
            Self::NoEntropy => f.write_str(NO_ENTROPY),
            Self::RepeatedEntropy(repeated) => repeated.fmt(f),
        }
    }
}

impl std::error::Error for CreateError {}
impl std::error::Error for EditError {}
impl std::error::Error for ImportError {}
impl std::error::Error for UpdateError {}
impl std::error::Error for OpenError {}
