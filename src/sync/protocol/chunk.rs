//! Chunks: how a part that is too long for one message is cut into pieces and put together again.

use super::bytes::{Reader, fingerprint};
use super::envelope::Envelope;
use super::part::{Chunk, Part};
use crate::object::Priority;
use crate::optimized::Fingerprint;
use crate::sync::Error;

/// An encoded part that is being sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Outgoing {
    class: Priority,
    part: Vec<u8>,
    id: Fingerprint,
    sent: usize,
}

impl Outgoing {
    pub fn new(class: Priority, part: &Part<'_>) -> Self {
        let part = part.encode();
        let id = fingerprint("rejoin/1 transfer", &part);
        Self { class, part, id, sent: 0 }
    }

    /// How many bytes it holds.
    pub fn held(&self) -> usize {
        self.part.capacity()
    }

    /// Puts as much as fits into the message. Returns whether that was all.
    pub fn fill(&mut self, message: &mut Envelope, whole_room: usize) -> bool {
        let room = message.room();
        if self.sent == 0 && self.part.len() <= room {
            message.push_encoded(&self.part);
            return true;
        }
        // A part that fits into the next message in one piece waits for it, and a small piece does
        // not pay.
        let waits = self.sent == 0 && self.part.len() <= whole_room || room < 4 * Chunk::OVERHEAD;
        if waits && !message.is_empty() {
            return false;
        }
        let rest = &self.part[self.sent..];
        let bytes = &rest[..rest.len().min(room - Chunk::OVERHEAD)];
        message.push(&Part::Chunk(Chunk {
            class: self.class,
            id: self.id,
            total: self.part.len(),
            offset: self.sent,
            bytes: bytes.into(),
        }));
        self.sent += bytes.len();
        self.sent == self.part.len()
    }
}

/// A part that is being received. At most one for each class.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Incoming {
    id: Fingerprint,
    part: Vec<u8>,
    total: usize,
    /// The last part that was completed or given up.
    over: Option<Fingerprint>,
}

/// The outcome of a chunk.
pub enum Received {
    /// The part is not complete yet.
    More,
    /// The part is complete: its kind, and its body.
    Part(Vec<u8>),
    /// Chunks are missing.
    Lost,
}

impl Incoming {
    /// Whether a part is begun and not complete.
    pub fn is_open(&self) -> bool {
        self.total > 0
    }

    /// How many bytes it holds.
    pub fn held(&self) -> usize {
        self.part.capacity()
    }

    /// Adds a chunk of a part of at most `limit` bytes.
    pub fn add(&mut self, chunk: &Chunk<'_>, limit: usize) -> Result<Received, Error> {
        let Chunk { id, total, offset, ref bytes, .. } = *chunk;
        if total > limit {
            return Err(Error::TooMuch { what: "bytes of one part", limit });
        }
        // A repetition of a part that is over is ignored, unless it begins anew.
        if self.over == Some(id) && offset > 0 && self.id != id {
            return Ok(Received::More);
        }
        if offset == 0 && self.id != id {
            (self.id, self.total) = (id, total);
            self.part.clear();
        }
        if self.id != id || offset > self.part.len() || self.total != total {
            self.over = Some(id);
            self.reset();
            return Ok(Received::Lost);
        }
        if offset < self.part.len() {
            return Ok(Received::More);
        }
        self.part.extend_from_slice(bytes);
        if self.part.len() < total {
            return Ok(Received::More);
        }
        if fingerprint("rejoin/1 transfer", &self.part) != id {
            return Err(Error::Damaged);
        }
        self.over = Some(id);
        let part = std::mem::take(&mut self.part);
        self.reset();
        Ok(Received::Part(part))
    }

    fn reset(&mut self) {
        (self.id, self.part, self.total) = (Fingerprint::default(), Vec::new(), 0);
    }
}

/// Reads a part that came in chunks.
///
/// # Errors
/// [`Error::Malformed`], also for a hello or a chunk: these never come in chunks.
pub fn decode_part(part: &[u8]) -> Result<Part<'_>, Error> {
    let Some((kind, body)) = part.split_first() else {
        return Reader::new(part).malformed("nothing", "a part in chunks");
    };
    match Part::decode(*kind, body)? {
        Part::Hello(_) | Part::Chunk(_) => {
            Reader::new(part).malformed("a hello or a chunk", "another part in chunks")
        }
        part => Ok(part),
    }
}
