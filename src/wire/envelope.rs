//! Envelopes: where a delta starts and ends, and its openings, whatever the type of its object.
//!
//! Meaning: a replica that does not know an object passes its deltas on, and needs of them only whom they fit.
//! Laws: as the decoder of each type reads it (tests/forks/relays.rs); of a type that this version does
//! not know, as spec/wire.md says that its deltas begin.
//! Cost: O(origins and openings); the rest of the delta is not read.
//! Source: this project.

use super::error::Error;
use super::reader::Reader;
use super::vector::read_span;
use super::{DecodeContext, Kind, VERSION, audit, openings};
use crate::optimized::openings::DeltaOpenings;
use crate::optimized::vector::Vector;

/// The first kind of message that this version does not know: its deltas begin like those with texts.
const UNKNOWN: u8 = 17;

/// What is known of a delta without its body.
pub(crate) struct Envelope {
    pub since: Vector,
    pub seen: Vector,
    pub openings: DeltaOpenings,
    /// Where the message begins that the openings are of.
    pub delta: usize,
}

impl Envelope {
    /// The envelope of a message that names everything in full.
    ///
    /// # Errors
    /// If the message is no delta, its envelope is malformed, or it starts at operations that its sender has
    /// not seen: its openings do not say which these are.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let read = openings::has(bytes).then(|| openings::read(bytes)).transpose()?;
        let delta = read.as_ref().map_or(0, |read| read.rest);
        let (_, records) = audit::split(&bytes[delta..])?;
        let mut reader = Reader::new(&bytes[delta + records..]);
        match reader.byte("the version of the format")? {
            VERSION => {}
            found => return Err(Error::Version { found }),
        }
        let with_texts = [Kind::LogDelta, Kind::SetDelta, Kind::WriteDelta, Kind::ContentDelta];
        let plain = [Kind::CounterDelta, Kind::PnCounterDelta, Kind::IntegerDelta];
        match reader.byte("the kind of the message")? {
            kind if kind >= UNKNOWN || with_texts.iter().any(|known| *known as u8 == kind) => {
                reader.texts()?;
            }
            kind if plain.iter().any(|known| *known as u8 == kind) => {}
            kind => {
                let found = format!("a message of kind {kind}");
                return Err(Error::malformed(delta + records, found, "a delta"));
            }
        }
        let at = delta + records + reader.at();
        let span = read_span(&mut reader, &DecodeContext::default())?;
        if !span.seen.covers(&span.since) {
            let found = "a delta that starts at operations which its sender has not seen".into();
            return Err(Error::malformed(at, found, "one whose start its openings name"));
        }
        let openings = read.map(|read| read.of(&span.seen)).transpose()?.unwrap_or_default();
        Ok(Self { since: span.since, seen: span.seen, openings, delta })
    }
}

/// The message with all openings before the delta, in place of those that it had.
pub(crate) fn with_openings(openings: &DeltaOpenings, seen: &Vector, delta: &[u8]) -> Vec<u8> {
    openings::encode(openings, seen, delta.into())
}
