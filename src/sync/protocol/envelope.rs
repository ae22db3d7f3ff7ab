//! Envelopes: parts in a message, and the checksum that guards them.

use super::bytes::{Reader, fingerprint, write_bytes};
use super::part::Part;
use crate::sync::Error;

/// The version of the protocol.
const VERSION: u8 = 1;

const CHECKSUM: usize = 8;

/// How many bytes of a message are none of a part.
pub const ENVELOPE: usize = 1 + CHECKSUM;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&fingerprint("rejoin/1 message", bytes)[..CHECKSUM]);
    sum
}

/// A message that is being filled with parts, up to a length.
pub struct Envelope {
    bytes: Vec<u8>,
    limit: usize,
}

impl Envelope {
    pub fn new(limit: usize) -> Self {
        Self { bytes: vec![VERSION], limit }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.len() == 1
    }

    /// How many bytes a further part may have at most, its kind included.
    pub fn room(&self) -> usize {
        // A length takes 5 bytes at most: no message has more than 2^32.
        self.limit.saturating_sub(self.bytes.len() + CHECKSUM + 5)
    }

    pub fn push(&mut self, part: &Part<'_>) {
        self.push_encoded(&part.encode());
    }

    /// Adds an encoded part: its kind, and the body.
    pub fn push_encoded(&mut self, part: &[u8]) {
        let (kind, body) = part.split_at(1);
        self.bytes.extend_from_slice(kind);
        write_bytes(body, &mut self.bytes);
    }

    pub fn finish(self) -> Vec<u8> {
        seal(self.bytes)
    }
}

/// The message of these parts.
pub fn encode(parts: &[Part<'_>]) -> Vec<u8> {
    let mut envelope = Envelope::new(usize::MAX);
    parts.iter().for_each(|part| envelope.push(part));
    envelope.finish()
}

/// A message with its checksum, from all bytes before that.
pub fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// The parts of a message.
///
/// # Errors
/// [`Error::Damaged`] where the checksum is wrong, [`Error::Version`], [`Error::Malformed`].
pub fn decode(message: &[u8]) -> Result<Vec<Part<'_>>, Error> {
    let Some((bytes, sum)) = message.split_last_chunk::<CHECKSUM>() else {
        return Err(Error::Damaged);
    };
    if checksum(bytes) != *sum {
        return Err(Error::Damaged);
    }
    match bytes.first() {
        Some(&VERSION) => {}
        Some(&found) => return Err(Error::Version { found, expected: VERSION }),
        None => return Err(Error::Damaged),
    }
    let mut reader = Reader::new(&bytes[1..]);
    let mut parts = Vec::new();
    while !reader.is_empty() {
        let kind = reader.byte("the kind of a part")?;
        parts.push(Part::decode(kind, reader.bytes("a part")?)?);
    }
    Ok(parts)
}
