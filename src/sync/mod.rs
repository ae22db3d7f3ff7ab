//! Sync: sessions that bring two replicas together over any transport.
//!
//! A [`Session`] holds no socket and no clock. The application gives it the messages of the peer
//! ([`Session::handle`]), sends those that it returns ([`Session::poll_message`], until there is
//! none), and reads what happened ([`Session::poll_event`]). Both sides run the same code, and
//! either may begin, or both: so a session serves a client and a server as well as two peers. A
//! [`Connection`] runs one session after the other, for as long as a transport lasts.
//!
//! The transport delivers messages in order. A message that is lost, repeated, cut, damaged or late
//! does no harm to a replica: the session returns an error, asks again, or falls silent. A
//! [`Connection`] decides how long to wait; with a `Session` alone the application does. Nothing of
//! a session needs to be stored but the replica: drop a session that is over or silent, and start a
//! new one, which goes on from what was applied. Store a replica's changes before the next poll,
//! whose message may claim that this side has them.
//!
//! # Three phases, for each priority class
//!
//! 1. Both sides send a hash of their schema, and for each class one of all vectors and one of all
//!    states. A class whose hashes are the same is done: one round, less than 512 bytes in all.
//!    For any other class both sides announce the vectors of their objects.
//! 2. Both sides send the deltas that the other lacks, in messages of bounded length. A delta that
//!    does not fit into a message goes in chunks, and is applied when it is complete: a vector moves
//!    only with all of what it claims. A long delta goes in pieces. Those of a log are applied one by
//!    one. Those of a map or a set are [staged](crate::optimized::staging), and a store keeps them: a
//!    session that is cut loses one piece, and the next one goes on.
//! 3. Both sides send *checkpoints*: this object, at this vector, has this state hash. They compare
//!    only checkpoints at equal vectors, so that writes in between raise no false alarm. Such writes
//!    are exchanged too, and followed by new checkpoints, at most [`Config::max_rounds`] times.
//!
//! The side that begins is done after two round trips, and the other half a round trip later.
//! Equal vectors with different hashes are an [`Event::Discrepancy`]: a bug, a corruption, or a name
//! that was used twice. The session then searches the hash tree for the records that differ, and
//! reports what each side holds. It overwrites nothing.
//!
//! Objects that only one side has, or none, are passed on: a side that does not know an object keeps its
//! deltas as they come, and gives them to peers that lack them; see [`relayed`](crate::relayed).
//!
//! The class of high priority goes first. Each class is exchanged, compared and reported by itself;
//! [`Session::pause`] leaves one for later. What is written during a session may wait for the next
//! one.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::operation::Operation;
//! use rejoin::optimized::replica::Replica;
//! use rejoin::sync::{Config, Event, Outcome, Schema, Session, conflicts};
//!
//! let schema = Schema::migration_assistant();
//! let replica = |name: &str| {
//!     let origin = Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 0 };
//!     Replica::new(origin, &schema.types())
//! };
//! let (mut client, mut server) = (replica("client"), replica("server"));
//!
//! // Offline, Ann approves a mapping, and Bob rejects it.
//! client.perform("approved", Operation::Add { element: "X" }, Some("ann".into()))?;
//! server.perform("approved", Operation::Remove { element: "X" }, Some("bob".into()))?;
//!
//! // They meet.
//! let config = Config::new(schema);
//! let mut here = Session::new(config.clone(), &client);
//! let mut there = Session::new(config, &server);
//! while !here.is_done() || !there.is_done() {
//!     while let Some(message) = here.poll_message(&mut client) {
//!         there.handle(&mut server, &message)?;
//!     }
//!     while let Some(message) = there.poll_message(&mut server) {
//!         here.handle(&mut client, &message)?;
//!     }
//! }
//! assert_eq!(client.state_hash(), server.state_hash());
//! while let Some(event) = there.poll_event() {
//!     match event {
//!         // What the sync changed against the server's own state.
//!         Event::Changed(changed) => assert_eq!(changed.revisions[0].key, b"X"),
//!         Event::ClassDone { outcome, .. } => assert_eq!(outcome, Outcome::Verified),
//!         _ => {}
//!     }
//! }
//!
//! // The addition wins over the removal that had not seen it, and Bob hears of it.
//! let open = conflicts::open(&server);
//! assert_eq!(open[0].kept[0].id.user.as_deref(), Some("ann"));
//! assert!(open[0].notify.contains("bob"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! A session takes at most this memory:
//! - for each of the three classes, one part that it receives and one that it sends, of
//!   [`Config::max_object`] bytes and 1,100 more each;
//! - at most 13 vectors of the peer for each object that both have, and 64 actor tables of each side;
//! - of each map or set that comes in pieces, these as they came: the replica keeps them. Unpacked they
//!   have [`Config::max_staged`] bytes at most. With the last one it takes also what so many bytes take
//!   when they are decoded, and what the replica has after that;
//! - 65,536 questions about hash trees of 48 bytes, and for each object that differs the records
//!   that a [`Discrepancy`] names, of at most 2,576 bytes each;
//! - what one message and one part take when they are decoded: see
//!   [`wire::MEMORY`](crate::wire::MEMORY);
//! - 16 MiB while it compresses or unpacks a delta.
//!
//! It answers [`Config::max_rounds`] and 8 announcements of each object, and asks 3 times for a
//! delta that it refuses. It checks all bytes before it uses them; none makes it panic.
//!
//! Its time is linear in the unpacked bytes, but for a logarithm. A message also takes time for each
//! origin of its objects, and for what is known of the keys that it lists: at most 65,536 decisions
//! each. 8,000 decisions on one key, which take 82 kB with their origins, are applied in 5 ms. To
//! hash one key takes the names of all who decided on it, of 1,024 bytes at most: by reckoning some
//! 80 MB at worst. How many messages a peer may send is for the application to limit.
//!
//! A session does not find out a peer that lies well: one that forges operations, or repeats the
//! hashes that it receives, looks like an honest one. `spec/sync.md` gives the bytes.

mod apply;
pub mod conflicts;
mod connection;
mod drift;
mod error;
mod event;
mod exchange;
mod forks;
mod held;
mod pieces;
pub mod protocol;
mod readable;
mod relaying;
mod schema;
mod session;
mod shared_object;
mod tree_diff;

pub use connection::{
    Connection, ConnectionConfig, ConnectionError, ConnectionEvent, Frame, SessionSummary,
};
pub use drift::{ClockAhead, Drift};
pub use error::Error;
pub use event::{Changed, Discrepancy, Event, Healed, Outcome, RecordDifference, Revision, Side};
pub use readable::escape;
pub use schema::{CLASSES, Entry, Listed, Schema};
pub use session::Session;

/// The settings of a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Config {
    /// The objects. One that the replica has and the schema does not name has medium priority.
    pub schema: Schema,
    /// The most bytes of a message, of both sides. At least [`Config::LEAST_MESSAGE`].
    pub max_message: usize,
    /// The most bytes that one delta or piece may have, packed and unpacked. A session may hold so many
    /// for each class.
    pub max_object: usize,
    /// How many bytes of entries the delta of a log has at most, but for an entry that is longer: a
    /// longer one goes in pieces, each of which is applied by itself.
    pub max_piece: usize,
    /// How many bytes the delta of a map or a set has at most, more or less, but for a key that is longer: a
    /// longer one goes in pieces, which are kept until the last one is there, and applied together. A
    /// piece has a sixteenth of these bytes, and at least 64 for each origin.
    pub max_delta: usize,
    /// How many bytes the pieces of one map or set have at most that the replica keeps, unpacked. A peer
    /// can make it keep so many for each object, and with the last piece take up to
    /// [`wire::MEMORY`](crate::wire::MEMORY) bytes of memory for each of them: allow no more than a peer
    /// may make this side take. An object of which a new device lacks more is left out.
    pub max_staged: u64,
    /// How many bytes of droppable objects this side sends at most; `None` for any.
    pub budget: Option<u64>,
    /// How often a class is compared at most where there are writes in between.
    pub max_rounds: u32,
    /// How many records a [`Discrepancy`] names at most.
    pub max_records: usize,
    /// Whether [`Event::Changed`] gives the values before and after. It costs a copy of each.
    pub revisions: bool,
    /// Whether clocks are checked: a session reads none by itself. `None` checks nothing.
    pub drift: Option<Drift>,
}

impl Config {
    /// The least that [`Config::max_message`] may be.
    pub const LEAST_MESSAGE: usize = 1024;

    /// The usual limits: messages of 256 KiB, 64 MiB a delta, 4 MiB before a delta goes in
    /// pieces, 1 GiB of pieces of an object, no budget.
    pub fn new(schema: Schema) -> Self {
        Self {
            schema,
            max_message: 256 << 10,
            max_object: 64 << 20,
            max_piece: 4 << 20,
            max_delta: 4 << 20,
            max_staged: 1 << 30,
            budget: None,
            max_rounds: 8,
            max_records: 64,
            revisions: true,
            drift: None,
        }
    }
}
