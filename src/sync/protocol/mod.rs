//! The protocol: messages, and the parts in them, as values. `spec/sync.md` is the format.
//!
//! Meaning: a message is a version, parts one after the other, and a checksum. [`Part`] is the one
//! type of all parts, and `part.rs` the one file that sees their bytes.
//! Laws: `decode(encode(parts)) = parts`; decoding refuses whatever encoding cannot give.
//! Cost: O(bytes). Decoding takes at most 32 bytes of memory for each byte of a message.
//!
//! A session does all of this by itself. The module is public for those who test sessions: a forger
//! decodes a message, changes the values, and encodes it again.
//!
//! ```
//! use rejoin::sync::protocol::{Part, decode, encode};
//! # use rejoin::{dot::{Origin, ReplicaId}, optimized::replica::Replica, sync::{Config, Schema, Session}};
//! # let schema = Schema::migration_assistant();
//! # let origin = Origin { replica: ReplicaId::new("laptop").unwrap(), incarnation: 0 };
//! # let mut replica = Replica::new(origin, &schema.types());
//! # let mut session = Session::new(Config::new(schema), &replica);
//! let message = session.poll_message(&mut replica).expect("a session begins with a hello");
//! let mut parts = decode(&message)?;
//! if let Part::Hello(hello) = &mut parts[0] {
//!     hello.budget = Some(0);
//! }
//! let forged = encode(&parts);
//! # assert_ne!(forged, message);
//! # Ok::<(), rejoin::sync::Error>(())
//! ```

pub(super) mod bytes;
mod chunk;
mod envelope;
mod part;

pub use crate::optimized::state_hash::{TreeKind, TreePath};
pub(super) use chunk::{Incoming, Outgoing, Received, decode_part};
pub(super) use envelope::{ENVELOPE, Envelope};
pub use envelope::{decode, encode, seal};
pub(super) use part::schema_fingerprint;
pub use part::{
    Answer, Checkpoint, Chunk, Hello, MOST_OBJECTS, Named, Part, Record, SkipReason, Summary,
    ToldOpenings, TreeLocation,
};
