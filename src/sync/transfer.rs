//! Transfers: parts that are too long for one message, cut into chunks and put together again.

use super::Error;
use super::message::{Envelope, Reader, fingerprint, kind, write_number};
use crate::object::Priority;
use crate::optimized::Fingerprint;

/// How many bytes of a chunk are no payload, at most.
const OVERHEAD: usize = 1 + 1 + 16 + 10 + 10;

/// A part that is being sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Outgoing {
    class: Priority,
    part: Vec<u8>,
    id: Fingerprint,
    sent: usize,
}

impl Outgoing {
    pub fn new(class: Priority, part: Vec<u8>) -> Self {
        let id = fingerprint("rejoin/1 transfer", &part);
        Self { class, part, id, sent: 0 }
    }

    /// Puts as much as fits into the message. Whether that was all.
    pub fn fill(&mut self, message: &mut Envelope, whole_room: usize) -> bool {
        let room = message.room();
        if self.sent == 0 && self.part.len() <= room {
            message.push(&self.part);
            return true;
        }
        // What fits into the next message in one piece waits for it; small pieces do not pay.
        let waits = self.sent == 0 && self.part.len() <= whole_room || room < 4 * OVERHEAD;
        if waits && !message.is_empty() {
            return false;
        }
        let rest = &self.part[self.sent..];
        let bytes = &rest[..rest.len().min(room - OVERHEAD)];
        let mut chunk = vec![kind::CHUNK, self.class as u8];
        chunk.extend_from_slice(&self.id);
        write_number(self.part.len() as u64, &mut chunk);
        write_number(self.sent as u64, &mut chunk);
        chunk.extend_from_slice(bytes);
        message.push(&chunk);
        self.sent += bytes.len();
        self.sent == self.part.len()
    }
}

/// A part that is being received. At most one for each class.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Incoming {
    id: Fingerprint,
    part: Vec<u8>,
    total: usize,
    /// The last part that was complete or given up.
    over: Option<Fingerprint>,
}

/// What a chunk leads to.
pub(super) enum Received {
    /// More is to come.
    More,
    /// The part is complete.
    Part(Vec<u8>),
    /// Chunks are missing.
    Lost,
}

impl Incoming {
    /// Whether a part is begun and not complete.
    pub fn is_open(&self) -> bool {
        self.total > 0
    }

    /// Applies a chunk, after its class.
    pub fn take(&mut self, reader: &mut Reader<'_>, limit: usize) -> Result<Received, Error> {
        let id = reader.array("the fingerprint of a part")?;
        let total = reader.size("the length of a part")?;
        let offset = reader.size("where a chunk begins")?;
        let bytes = reader.rest();
        if total > limit {
            return Err(Error::TooMuch { what: "bytes of one part", limit });
        }
        if bytes.is_empty() || offset.checked_add(bytes.len()).is_none_or(|end| end > total) {
            return reader.malformed("a chunk beyond the part", "bytes inside the part");
        }
        // A repetition of what is over is passed over, but may be sent anew from its beginning.
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
