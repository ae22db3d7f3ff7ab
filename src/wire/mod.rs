//! The wire format: vectors, deltas and state hashes as messages, for programs in any language.
//!
//! `spec/wire.md` is the format. A message begins with the version of the format and its kind.
//! Numbers are in columns of bit-packed blocks, names and keys are front-coded, and a key that the
//! receiver knows is named by one of its creation dots.
//!
//! Decoding takes any bytes. It does not panic, and takes time and memory in proportion: at most
//! [`MEMORY`] bytes for each byte of the message, [`MEMORY_OF_CONTEXT`] bytes for each origin of the
//! vectors and actor tables in [`DecodeContext`] that the message names, and 128 KiB. What it gives has every
//! property that the types promise, and a message whose bytes say otherwise is refused whole.
//! Decoding does not detect two things: a key that is listed twice, and a lie about what was decided.
//!
//! ```
//! use rejoin::dot::{Origin, ReplicaId};
//! use rejoin::wire::{BaseEncoding, DecodeContext, OriginEncoding};
//! use rejoin::optimized::{Author, Vector, or_set::{Delta, OrSet}};
//!
//! let origin = Origin { replica: ReplicaId::new("client").unwrap(), incarnation: 0 };
//! let mut client = OrSet::<str>::new();
//! client.add(&Author { origin, seq: 1, user: None }, "orders")?;
//! let mut server = OrSet::<str>::new();
//!
//! // The server asks with what it has seen; the client answers with what that lacks.
//! let asked = server.vector();
//! let question = asked.encode(OriginEncoding::Inline);
//! let since = Vector::decode(&question, &DecodeContext::default())?;
//! let answer = client.delta_since(&since).encode(OriginEncoding::Inline, BaseEncoding::Asked);
//! let known = DecodeContext { asked: Some(&asked), ..DecodeContext::default() };
//! server.apply(&Delta::decode(&answer, &known)?)?;
//! assert!(server.contains("orders"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
mod column;
mod compressed;
mod counter;
pub(crate) mod envelope;
mod error;
mod integer;
mod keyed;
mod log;
mod names;
mod object;
mod openings;
pub(crate) mod reader;
mod staging;
#[cfg(feature = "serde")]
mod text;
mod vector;

#[cfg(feature = "compression")]
pub use compressed::compress;
pub use compressed::{LIMIT, decompress};
pub use error::Error;

use crate::digest::{Digest, StateHash};
use crate::optimized::vector::{ActorTable, Fingerprint, Vector};
use reader::{Reader, Writer};
use std::sync::Arc;

/// The version of the format that is written, and read.
pub const VERSION: u8 = 1;

/// How many bytes of memory decoding takes at most for each byte of a message.
pub const MEMORY: usize = 96;

/// How many bytes of memory decoding takes at most for each origin of a vector or actor table that the
/// receiver has and a message names by its fingerprint.
pub const MEMORY_OF_CONTEXT: usize = 128;

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A state vector.
    Vector = 1,
    /// A state hash.
    StateHash = 2,
    /// A delta of a G-counter.
    CounterDelta = 3,
    /// A delta of a log.
    LogDelta = 4,
    /// A delta of a set or a flag.
    SetDelta = 5,
    /// A delta of an LWW-register or an LWW-map.
    WriteDelta = 6,
    /// Any of those above, compressed.
    Compressed = 7,
    /// What a delta says of openings, before the delta.
    Openings = 9,
    /// All that is known of an object: openings, and a state vector.
    Knowledge = 10,
    /// A delta of a PN-counter.
    PnCounterDelta = 11,
    /// A delta of an MV-register or an MV-map.
    ContentDelta = 12,
    /// A delta of a max- or min-register.
    IntegerDelta = 13,
    /// As [`Openings`](Self::Openings), of a PN-counter.
    PnOpenings = 14,
    /// As [`Knowledge`](Self::Knowledge), of a PN-counter.
    PnKnowledge = 15,
    /// The records of decisions of a delta, before the delta.
    Audit = 16,
    /// A piece of a keyed object: a head, before a delta.
    Piece = 17,
    /// How far a transfer in pieces is.
    Progress = 18,
}

/// How a message names origins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OriginEncoding {
    /// By their names.
    Inline,
    /// All of them by the fingerprint of their actor table, where that is shorter. The receiver must
    /// know the actor table: from a message of the sender's, or because it has sent it.
    ActorTable,
}

/// How a delta names the vector that it starts at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BaseEncoding {
    /// By its origins and counts.
    Inline,
    /// By its fingerprint, where that is shorter. The receiver must have the vector in [`DecodeContext`].
    Fingerprint,
    /// As the one that the receiver has asked with: by a check of 2 bytes. Only
    /// where an answer cannot be taken for that to another question, as over a connection.
    Asked,
}

/// What the receiver of a message has sent to its sender, or received from it: the vectors and actor
/// tables that a fingerprint may stand for.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodeContext<'a> {
    /// The vector that was asked with.
    pub asked: Option<&'a Vector>,
    /// Other vectors.
    pub vectors: &'a [Vector],
    /// ActorTables beside those of the vectors.
    pub actor_tables: &'a [Arc<ActorTable>],
}

impl<'a> DecodeContext<'a> {
    fn vectors(&self) -> impl Iterator<Item = &'a Vector> {
        self.asked.into_iter().chain(self.vectors)
    }

    fn actor_tables(&self) -> impl Iterator<Item = &'a Arc<ActorTable>> {
        self.vectors().map(Vector::actor_table).chain(self.actor_tables)
    }

    fn vector(&self, fingerprint: &Fingerprint) -> Option<&'a Vector> {
        self.vectors().find(|vector| vector.fingerprint() == *fingerprint)
    }

    fn actor_table(&self, fingerprint: &Fingerprint) -> Option<&'a Arc<ActorTable>> {
        self.actor_tables().find(|actor_table| actor_table.fingerprint() == fingerprint)
    }

    /// The actor table, or where one with the same origins is known, that one.
    fn share(&self, actor_table: ActorTable) -> Arc<ActorTable> {
        let known = self.actor_tables().find(|known| known.origins() == actor_table.origins());
        known.cloned().unwrap_or_else(|| Arc::new(actor_table))
    }
}

/// Begins a message.
fn start(kind: Kind) -> Writer {
    Writer::new([VERSION, kind as u8])
}

/// Opens a message of this kind.
fn open(bytes: &[u8], expected: Kind) -> Result<Reader<'_>, Error> {
    let mut reader = Reader::new(bytes);
    match reader.byte("the version of the format")? {
        VERSION => {}
        found => return Err(Error::Version { found }),
    }
    match reader.byte("the kind of the message")? {
        kind if kind == expected as u8 => Ok(reader),
        kind if kind == Kind::Compressed as u8 => Err(Error::Compressed),
        found => Err(Error::Kind { found, expected }),
    }
}

impl StateHash {
    /// Its bytes, as a message.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = start(Kind::StateHash);
        to.out.extend_from_slice(&self.content.0);
        to.out.extend_from_slice(&self.removals.0);
        to.end(0)
    }

    /// The state hash of a message.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open(bytes, Kind::StateHash)?;
        let content = reader.array("the hash of the content")?;
        let removals = reader.array("the hash of the removals")?;
        reader.end()?;
        Ok(Self { content: Digest(content), removals: Digest(removals) })
    }
}
