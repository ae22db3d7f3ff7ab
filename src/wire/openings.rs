//! Openings on the wire: they come before their delta.
//!
//! Meaning: the hash of those that the receiver must know, and those that are new to it: where the
//! origin stands in the actor table of the delta, the counter of the operation, and the number.
//! Laws: what was written is read back; each begins with an operation that the sender has seen.
//! Cost: 10 bytes an opening, and the shares before it of a counter; O(length).
//! Source: this project.

use super::error::Error;
use super::reader::{Reader, Writer, write_number};
use super::{DecodeContext, Kind, OriginEncoding, VERSION, open, start};
use crate::optimized::openings::{DeltaOpenings, Knowledge, Opening, Openings};
use crate::optimized::vector::Vector;

const WHAT: &str = "an opening";

/// An opening as it is read, before the actor table is known.
struct Encoded {
    at: usize,
    place: u64,
    first: u64,
    opening: Opening,
}

/// What was read, and where the delta begins.
pub(super) struct Read {
    base: Option<[u8; 16]>,
    encoded: Vec<Encoded>,
    /// Where the delta begins in the message.
    pub rest: usize,
}

/// Whether a message says something of openings.
pub(super) fn has(bytes: &[u8]) -> bool {
    [Kind::Openings, Kind::PnOpenings].iter().any(|kind| is(bytes, *kind))
}

/// Whether a message is of a kind, by its beginning.
fn is(bytes: &[u8], kind: Kind) -> bool {
    bytes.starts_with(&[VERSION, kind as u8])
}

/// The kind of message by whether openings have decrements: those of PN-counters may.
fn kind_of(openings: &Openings, [plain, with_decrements]: [Kind; 2]) -> Kind {
    let has_decrements = openings.iter().any(|(.., opening)| opening.decrements > 0);
    if has_decrements { with_decrements } else { plain }
}

/// The message with the openings before the delta; or the delta, where there are none.
pub(super) fn encode(openings: &DeltaOpenings, seen: &Vector, delta: Vec<u8>) -> Vec<u8> {
    if openings.is_empty() {
        return delta;
    }
    let kind = kind_of(&openings.begun, [Kind::Openings, Kind::PnOpenings]);
    let mut to = start(kind);
    to.out.push(u8::from(openings.base.is_some()));
    to.out.extend_from_slice(openings.base.as_ref().map_or(&[][..], |base| &base[..]));
    write(&openings.begun, seen, kind == Kind::PnOpenings, &mut to);
    // Each opening takes 10 bytes at least, so that no zero bytes are needed for the count.
    let mut out = to.end(delta.len());
    out.extend_from_slice(&delta);
    out
}

/// Writes openings, by the places of their origins in the actor table of a vector.
fn write(openings: &Openings, seen: &Vector, has_decrements: bool, to: &mut Writer) {
    to.count(openings.len());
    let mut before = (0, 0);
    for (origin, first, opening) in openings.iter() {
        let place = seen.actor_table().position(origin).unwrap_or_default() as u64;
        if place != before.0 {
            before = (place, 0);
        }
        write_number(place, &mut to.out);
        write_number(first - before.1, &mut to.out);
        before.1 = first;
        to.out.extend_from_slice(&opening.number.to_le_bytes());
        write_share(opening.share, to);
        if has_decrements {
            write_share(opening.decrements, to);
        }
    }
}

fn write_share(share: u128, to: &mut Writer) {
    for half in [(share >> 64) as u64, share as u64] {
        write_number(half, &mut to.out);
    }
}

fn read_share(reader: &mut Reader<'_>) -> Result<u128, Error> {
    Ok(u128::from(reader.number(WHAT)?) << 64 | u128::from(reader.number(WHAT)?))
}

/// Reads the openings of a message.
pub(super) fn read(bytes: &[u8]) -> Result<Read, Error> {
    let has_decrements = is(bytes, Kind::PnOpenings);
    let kind = if has_decrements { Kind::PnOpenings } else { Kind::Openings };
    let mut reader = open(bytes, kind)?;
    let base = match reader.byte("whether there is a hash")? {
        0 => None,
        1 => Some(reader.array("a hash of openings")?),
        byte => {
            let found = byte.to_string();
            return Err(Error::malformed(reader.at(), found, "whether there is a hash: 0 or 1"));
        }
    };
    let encoded = read_all(&mut reader, has_decrements)?;
    Ok(Read { base, encoded, rest: reader.at() })
}

fn read_all(reader: &mut Reader<'_>, has_decrements: bool) -> Result<Vec<Encoded>, Error> {
    let count = reader.count("how many openings there are")?;
    let mut encoded: Vec<Encoded> = Vec::new();
    for _ in 0..count {
        let at = reader.at();
        let place = reader.number(WHAT)?;
        let last = encoded.last().filter(|last| last.place == place);
        let before = last.map_or(0, |last| last.first);
        let more = reader.number(WHAT)?;
        let first = before.checked_add(more).filter(|_| more > 0);
        let Some(first) = first.filter(|_| encoded.last().is_none_or(|last| last.place <= place))
        else {
            let found = format!("place {place}, {more} after operation {before}");
            return Err(Error::malformed(at, found, "openings in the order of their operations"));
        };
        let number = u64::from_le_bytes(reader.array(WHAT)?);
        let share = read_share(reader)?;
        let decrements = if has_decrements { read_share(reader)? } else { 0 };
        encoded.push(Encoded { at, place, first, opening: Opening { number, share, decrements } });
    }
    Ok(encoded)
}

impl Read {
    /// The openings, by the actor table of what the sender has seen.
    pub fn of(self, seen: &Vector) -> Result<DeltaOpenings, Error> {
        Ok(DeltaOpenings { base: self.base, begun: placed(self.encoded, seen)? })
    }
}

fn placed(encoded: Vec<Encoded>, seen: &Vector) -> Result<Openings, Error> {
    let mut begun = Openings::default();
    for Encoded { at, place, first, opening } in encoded {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let known = seen.counts().get(place).is_some_and(|count| first <= *count);
        let origin = seen.actor_table().origins().get(place).filter(|_| known);
        let Some(origin) = origin else {
            let found = format!("operation {first} of the origin at place {place}");
            return Err(Error::malformed(at, found, "an operation that the sender has seen"));
        };
        begun.insert(origin, first, opening);
    }
    Ok(begun)
}

impl Knowledge {
    /// Its bytes, as a message. Cost: O(origins and openings).
    pub fn encode(&self) -> Vec<u8> {
        let vector = Vector::from(&self.counts);
        let kind = kind_of(&self.openings, [Kind::Knowledge, Kind::PnKnowledge]);
        let mut to = start(kind);
        write(&self.openings, &vector, kind == Kind::PnKnowledge, &mut to);
        let vector = vector.encode(OriginEncoding::Inline);
        let mut out = to.end(vector.len());
        out.extend_from_slice(&vector);
        out
    }

    /// Whether the bytes are such a message, by their beginning.
    pub(crate) fn is_encoded(bytes: &[u8]) -> bool {
        [Kind::Knowledge, Kind::PnKnowledge].iter().any(|kind| is(bytes, *kind))
    }

    /// The knowledge of a message.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let has_decrements = is(bytes, Kind::PnKnowledge);
        let kind = if has_decrements { Kind::PnKnowledge } else { Kind::Knowledge };
        let mut reader = open(bytes, kind)?;
        let encoded = read_all(&mut reader, has_decrements)?;
        let vector = Vector::decode(&bytes[reader.at()..], &DecodeContext::default())?;
        Ok(Self::new(&vector, placed(encoded, &vector)?))
    }
}
