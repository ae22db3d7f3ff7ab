//! Sync: sessions that bring two replicas together over any transport.
//!
//! A [`Session`] holds no socket and no clock. The application gives it the messages of the peer
//! ([`Session::handle`]), sends those that it wants sent ([`Session::poll_message`], until there is
//! none), and reads what happened ([`Session::poll_event`]). Both sides run the same; either may
//! begin, or both: so it serves clients with a server as well as peers among themselves.
//!
//! Messages are to be delivered in order, as over a connection. One that is lost, repeated, cut,
//! damaged or late does no harm to a replica: the session says so by an error, or asks again, or
//! falls silent. How long to wait for a peer is the application's to decide. Nothing of a session
//! needs to be stored, save the replica: when it is over, or silent for too long, drop it, and start
//! a new one, which goes on from what was applied. Store a replica's changes before the next poll
//! tells the peer that they were seen, or else open it under a new incarnation after a crash.
//!
//! # Three phases, for each class of priority
//!
//! 1. Both tell a hash of their schema, and for each class one of all vectors and one of all
//!    states. Where these are equal the class is done: one round, less than 512 bytes in all.
//!    Otherwise both announce the vectors of their objects.
//! 2. Both send what the other lacks, in messages of bounded length. What does not fit into one is
//!    cut into chunks, and applied when it is complete: a vector moves only with the whole of what
//!    it claims.
//! 3. Both name *points*: this object, at this vector, has this state hash. They are compared only
//!    at equal vectors, so that writes in between raise no false alarm; they are exchanged as well
//!    then, and new points named, at most [`Config::max_rounds`] times.
//!
//! The side that begins is through after two round trips, and the other half a round trip later.
//! Equal vectors and different hashes are an [`Event::Discrepancy`]: a bug, a corruption, or a name
//! that was used twice. The session then goes down the hash tree, names the records that differ,
//! and what each side holds. Nothing is overwritten to make it go away.
//!
//! The class of high priority goes first, and each class is exchanged, compared and reported by
//! itself. [`Session::pause`] leaves a class for later. What is written during a session may wait
//! for the next one.
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
//!     Replica::<str, str>::new(origin, &schema.types())
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
//! // The addition wins over the removal that had not seen it, and Bob is told.
//! let open = conflicts::open(&server);
//! assert_eq!(open[0].kept[0].id.user.as_deref(), Some("ann"));
//! assert!(open[0].notify.contains("bob"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! A session takes no more memory than: for each of the three classes, one part that is received
//! and one that is sent, of [`Config::max_object`] bytes and 64 more each; what the peer's messages
//! say of vectors, at most 5 for each object that both have, and 64 lists of origins of each side;
//! 65,536 questions about hash trees of 48 bytes; what one message and one part take when they
//! are read: see [`wire::MEMORY`](crate::wire::MEMORY); and 16 MiB while a part is
//! compressed or unpacked. It answers
//! [`Config::max_rounds`] and 8 announcements of each object, and asks 3 times for what it refuses.
//! All bytes are checked before they are used, and none make it panic.
//!
//! Its time is linear in what is said, unpacked, but for a logarithm. Beside that a message takes time
//! for each origin of its objects, and for what is known of the keys that it lists, which is at most
//! 65,536 decisions each, and their creation dots: 8,000 decisions on one key, which take 82 kB with
//! their origins, are applied in 5 ms. To hash one key takes the names of all who decided on it, of
//! 1,024 bytes at most: by reckoning some 80 MB at worst. How many messages a peer sends is the
//! application's to limit.
//!
//! A peer that lies is not found out by this: one that forges operations, or repeats the hashes it
//! is told, looks like an honest one. `spec/sync.md` says what each byte means.

pub mod conflicts;
mod descent;
mod error;
mod event;
mod intake;
mod item;
#[doc(hidden)]
pub mod message;
mod readable;
mod schema;
mod session;
mod transfer;

pub use error::Error;
pub use event::{Changed, Discrepancy, Event, Outcome, RecordDifference, Revision, Side};
pub use schema::{CLASSES, Entry, Schema};
pub use session::Session;

/// What a session is to know and to keep to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
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
