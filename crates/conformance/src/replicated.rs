//! What a replicated type has to offer to be tested.

use rejoin::json::Json;
use rejoin::object::TraceType;
use rejoin_trace::{Operation, Stamps};
use std::collections::BTreeMap;
use std::fmt;

/// A replica of one object, as somebody implemented it. [`conformance!`](crate::conformance) tests
/// it.
///
/// Five items are required. The suite leaves out what the others say that a type lacks, and lists
/// it. The replica's clones must be independent of it.
///
/// What `merge`, `send` and `sync` carry is everything that the replica has seen: its own
/// operations, and those that came with what it merged or received.
pub trait Replicated: Clone + 'static {
    /// What it is meant to be; spec/trace-format.md, sections 3 and 9, say what each means.
    const TYPE: TraceType;

    /// Who orders writes and entries: the timestamps of the operations, or the type by a rule of
    /// its own, which is then judged by what it shows.
    const STAMPS: Stamps = Stamps::Explicit;

    /// A new replica, empty, under this name. Names are unique, and their bytes decide ties.
    fn new(name: &str) -> Self;

    /// Performs an operation.
    ///
    /// # Errors
    /// [`Unsupported`], where the type has no such operation: the suite leaves it out. The
    /// replica must not have changed.
    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported>;

    /// The value, as JSON: a number, or a decimal string, for a counter; an array of the elements
    /// for a set; and so on, as spec/trace-format.md says. [`answer`](crate::answer) makes them.
    fn value(&self) -> Json;

    /// Joins the other replica's state into this one.
    fn merge(&mut self, other: &Self);

    /// The message that this replica sends, to one other or to all, of everything that it has
    /// seen. By default messages are whole states, which are merged.
    fn send(&mut self, _to: Option<&str>) -> Option<Vec<u8>> {
        None
    }

    /// Applies a message that [`send`](Self::send) made.
    ///
    /// # Errors
    /// [`Unsupported`], where it refuses this message now. The replica must not have changed.
    fn receive(&mut self, _message: &[u8]) -> Result<(), Unsupported> {
        Err(Unsupported::new("messages are whole states"))
    }

    /// Brings two replicas up to date with each other. By default each merges the other's state.
    fn sync(&mut self, other: &mut Self) {
        self.merge(other);
        other.merge(self);
    }

    /// For a set whether an element is in it, for a map what a key has.
    fn part(&self, _key: &str) -> Option<Json> {
        None
    }

    /// How many operations of each replica this one has seen, by their names.
    fn vector(&self) -> Option<BTreeMap<String, u64>> {
        None
    }

    /// A hash of the state: equal where two replicas have seen the same, different where their
    /// values differ.
    fn digest(&self) -> Option<String> {
        None
    }

    /// A backup of the replica.
    fn save(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// The replica of this name as a backup of it says. `incarnation` is a number that no other
    /// call has, and not 0: what the replica does from here on are new operations, also where it
    /// had gone on after the backup.
    fn load(_name: &str, _incarnation: u64, _backup: &[u8]) -> Option<Self> {
        None
    }
}

/// Why something is not done: no failure, but left out and listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported(String);

impl Unsupported {
    /// For this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Of an operation that the type does not have.
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

    /// The keys of a map, each with what it has.
    pub fn members<S: Into<String>>(members: impl IntoIterator<Item = (S, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}
