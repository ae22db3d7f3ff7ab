//! The trait of a replicated type that can be tested.

use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Operation, Stamps};
use std::collections::BTreeMap;
use std::fmt;

/// A replica of one object, in anybody's implementation, for [`conformance!`](crate::conformance)
/// to test.
///
/// Five items are required. The suite leaves out and lists what the optional items say that a type
/// lacks. A clone of a replica must be independent of it.
///
/// `merge`, `send` and `sync` carry everything that the replica has seen: its own operations, and
/// those that it merged or received.
/// operations, and those that came with what it merged or received.
pub trait Replicated: Clone + 'static {
    /// Its type; spec/trace-format.md, sections 3 and 9, define what each type means.
    const TYPE: TraceType;

    /// How writes and entries are ordered: by the timestamps of the operations, or by a rule of the
    /// type, which the judge infers from the answers.
    const STAMPS: Stamps = Stamps::Explicit;

    /// A new, empty replica of this name. Names are unique, and their bytes decide ties.
    fn new(name: &str) -> Self;

    /// Performs an operation.
    ///
    /// # Errors
    /// [`Unsupported`], if the type has no such operation; the suite then leaves it out. The
    /// replica must not have changed.
    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported>;

    /// The value, as JSON: a number, or a decimal string, for a counter; an array of the elements
    /// for a set; and so on, as spec/trace-format.md says. [`answer`](crate::answer) makes them.
    fn value(&self) -> Json;

    /// Joins the other replica's state into this one.
    fn merge(&mut self, other: &Self);

    /// A message for one other replica or for all, with everything that this replica has seen. By
    /// default a message is the whole state, and the receiver merges it.
    fn send(&mut self, _to: Option<&str>) -> Option<Vec<u8>> {
        None
    }

    /// Applies a message of [`send`](Self::send).
    ///
    /// # Errors
    /// [`Unsupported`], if the replica refuses this message now. The replica must not have changed.
    fn receive(&mut self, _message: &[u8]) -> Result<(), Unsupported> {
        Err(Unsupported::new("messages are whole states"))
    }

    /// Brings two replicas up to date with each other. By default each merges the other's state.
    fn sync(&mut self, other: &mut Self) {
        self.merge(other);
        other.merge(self);
    }

    /// For a set whether an element is in it, for a map the value of a key.
    fn part(&self, _key: &str) -> Option<Json> {
        None
    }

    /// How many operations of each replica this one has seen, by the replicas' names.
    fn vector(&self) -> Option<BTreeMap<String, u64>> {
        None
    }

    /// A hash of the state: equal if two replicas have seen the same operations, different if their
    /// values differ.
    fn digest(&self) -> Option<String> {
        None
    }

    /// A backup of the replica.
    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Restores the replica of this name from a backup. `incarnation` is not 0 and differs in every
    /// call: operations after the restore are new ones, even if the replica had performed others
    /// after the backup.
    fn load(_name: &str, _incarnation: u64, _backup: &[u8]) -> Option<Self> {
        None
    }
}

/// Why something is not supported. It is left out and listed, and is no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported(String);

impl Unsupported {
    /// With this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// For an operation that the type does not have.
    pub fn operation(operation: &Operation) -> Self {
        Self(format!("it has no `{}`", operation.as_str()))
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

/// Answers as JSON.
pub mod answer {
    use rejoin::json::Json;

    /// A counter's value, exact whatever its size.
    pub fn integer(value: i128) -> Json {
        Json::parse(&value.to_string()).expect("an integer is JSON")
    }

    /// The elements of a set or list.
    pub fn elements<S: Into<String>>(elements: impl IntoIterator<Item = S>) -> Json {
        Json::Array(elements.into_iter().map(|element| Json::String(element.into())).collect())
    }

    /// A map, from its keys and values.
    pub fn members<S: Into<String>>(members: impl IntoIterator<Item = (S, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}
