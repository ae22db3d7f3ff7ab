//! Sync: sessions that bring two replicas together over any transport.

mod descent;
mod error;
mod event;
mod intake;
mod item;
mod message;
mod schema;
mod session;
mod transfer;

pub use error::Error;
pub use event::{Changed, Discrepancy, Event, Outcome, RecordDifference, Revision, Side};
pub use schema::{CLASSES, Entry, Schema};
pub use session::Session;

/// What a session is to know and to keep to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The objects. One that the replica has and the schema does not name is of medium priority.
    pub schema: Schema,
    /// The most bytes of a message, of both sides. At least [`Config::LEAST_MESSAGE`].
    pub max_message: usize,
    /// The most bytes that the changes of one object may take, packed and unpacked. So many may be
    /// held for each class.
    pub max_object: usize,
    /// How many bytes of objects that may be dropped this side sends at most; `None` for any.
    pub budget: Option<u64>,
    /// How often hashes are compared at most where there are writes in between.
    pub max_rounds: u32,
    /// How many records are named at most where an object differs.
    pub max_records: usize,
    /// Whether events tell the values before and after of what changed. It costs a copy of each.
    pub revisions: bool,
}

impl Config {
    /// The least that [`Config::max_message`] may be.
    pub const LEAST_MESSAGE: usize = 1024;

    /// The usual limits: messages of 256 KiB, 64 MiB an object, no budget.
    pub fn new(schema: Schema) -> Self {
        Self {
            schema,
            max_message: 256 << 10,
            max_object: 64 << 20,
            budget: None,
            max_rounds: 8,
            max_records: 64,
            revisions: true,
        }
    }
}
