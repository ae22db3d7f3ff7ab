//! Pieces of a keyed object on the wire and in stores, and the place that a transfer has reached.
//!
//! Meaning: a piece has a head before its delta, which stays as it is, compressed or not. A place names
//! its vectors in full, so that it can be read by itself: a store keeps one before each piece.
//! Laws: what was written is read back.
//! Cost: O(length), and O(origins).
//! Source: this project.

use super::error::Error;
use super::reader::{Reader, write_number};
use super::{DecodeContext, Kind, OriginEncoding, open};
use crate::dot::{Dot, Origin, ReplicaId};
use crate::optimized::staging::{PieceHead, PieceStep, StagedPlace};
use crate::optimized::vector::Vector;

/// Marks the last piece of a transfer.
const LAST: u8 = 4;

/// Marks a place in the first pass, and one whose last sender was the first of its pass.
const FIRST_PASS: u8 = 1;
const SAME_SENDER: u8 = 2;

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn write_dot(dot: Option<&Dot>, out: &mut Vec<u8>) {
    let Some(Dot { origin, counter }) = dot else {
        out.push(0);
        return;
    };
    write_bytes(origin.replica.as_str().as_bytes(), out);
    write_number(origin.incarnation, out);
    write_number(*counter, out);
}

fn read_dot(reader: &mut Reader<'_>) -> Result<Option<Dot>, Error> {
    const WHAT: &str = "the place that a transfer has reached: an operation, or 0 for none";
    let at = reader.at();
    let length = reader.length(WHAT)?;
    if length == 0 {
        return Ok(None);
    }
    let name = std::str::from_utf8(reader.take(length, WHAT)?).ok();
    let Some(replica) = name.and_then(|name| ReplicaId::new(name).ok()) else {
        return Err(Error::malformed(at, format!("a name of {length} bytes"), WHAT));
    };
    let origin = Origin { replica, incarnation: reader.number(WHAT)? };
    Ok(Some(Dot { origin, counter: reader.number(WHAT)? }))
}

impl PieceHead {
    /// The bytes of a piece, as a message: the head, and the delta as it is sent.
    pub fn encode(&self, delta: &[u8]) -> Vec<u8> {
        let mut out = vec![super::VERSION, Kind::Piece as u8];
        out.push(self.step as u8 | if self.is_last { LAST } else { 0 });
        out.extend_from_slice(&self.openings);
        out.extend_from_slice(&self.before);
        write_dot(self.after.as_ref(), &mut out);
        out.extend_from_slice(delta);
        out
    }

    /// The head of a piece, and the delta.
    ///
    /// # Errors
    /// See [`Error`]. The delta is not looked at.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut reader = open(bytes, Kind::Piece)?;
        let at = reader.at();
        let byte = reader.byte("how a piece follows those before it")?;
        let step = match byte & !LAST {
            0 => PieceStep::Anew,
            1 => PieceStep::GoesOn,
            2 => PieceStep::NextPass,
            _ => {
                let expected = "0, 1 or 2, and 4 more for the last piece";
                return Err(Error::malformed(at, byte.to_string(), expected));
            }
        };
        let openings = reader.array("the hash of the sender's openings")?;
        let before = reader.array("the fingerprint of the place before a piece")?;
        let after = read_dot(&mut reader)?;
        let is_last = byte & LAST != 0;
        Ok((Self { step, is_last, openings, before, after }, &bytes[reader.at()..]))
    }
}

impl StagedPlace {
    /// Its bytes, as a message. Cost: O(origins).
    pub fn encode(&self) -> Vec<u8> {
        let Self { base, since, through, seen, openings, after } = self;
        let mut out = vec![super::VERSION, Kind::StagedPlace as u8];
        let (is_first, is_same) = (since == base, through == seen);
        out.push((u8::from(is_first) * FIRST_PASS) | (u8::from(is_same) * SAME_SENDER));
        let mut write = |vector: &Vector| {
            write_bytes(&vector.encode(OriginEncoding::Inline), &mut out);
        };
        write(base);
        write(seen);
        if !is_first {
            write(since);
        }
        if !is_same {
            write(through);
        }
        out.extend_from_slice(openings);
        write_dot(after.as_ref(), &mut out);
        out
    }

    /// The place of a message.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open(bytes, Kind::StagedPlace)?;
        let at = reader.at();
        let byte = reader.byte("which vectors follow")?;
        if byte > (FIRST_PASS | SAME_SENDER) {
            return Err(Error::malformed(at, byte.to_string(), "0 to 3: which vectors follow"));
        }
        let mut read = || {
            const WHAT: &str = "a vector";
            let length = reader.length(WHAT)?;
            Vector::decode(reader.take(length, WHAT)?, &DecodeContext::default())
        };
        let (base, seen) = (read()?, read()?);
        let since = if byte & FIRST_PASS != 0 { base.clone() } else { read()? };
        let through = if byte & SAME_SENDER != 0 { seen.clone() } else { read()? };
        let openings = reader.array("the hash of a sender's openings")?;
        let after = read_dot(&mut reader)?;
        let place = Self { base, since, through, seen, openings, after };
        // Each place has one encoding, so that its fingerprint names it.
        match reader.at() == bytes.len() && place.encode() == bytes {
            true => Ok(place),
            false => {
                let found = "another encoding of a place".into();
                Err(Error::malformed(reader.at(), found, "the end, and no vector twice"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version_vector::VersionVector;

    fn origin(name: &str) -> Origin {
        Origin { replica: ReplicaId::new(name).unwrap(), incarnation: 3 }
    }

    fn vector(counts: &[(&str, u64)]) -> Vector {
        let mut vector = VersionVector::default();
        counts.iter().for_each(|(name, count)| vector.see(&origin(name), *count));
        (&vector).into()
    }

    #[test]
    fn heads_and_places_are_read_back_and_nothing_shorter_is() {
        let after = Some(Dot { origin: origin("b"), counter: 1 << 40 });
        for step in [PieceStep::Anew, PieceStep::GoesOn, PieceStep::NextPass] {
            for (is_last, after) in [(false, None), (true, after.clone())] {
                let head = PieceHead { step, is_last, openings: [9; 16], before: [7; 16], after };
                let bytes = head.encode(b"delta");
                assert_eq!(PieceHead::decode(&bytes).unwrap(), (head, &b"delta"[..]));
                let start = bytes.len() - 5;
                assert!((0..start).all(|end| PieceHead::decode(&bytes[..end]).is_err()));
            }
        }
        let (base, seen) = (vector(&[("a", 1)]), vector(&[("a", 2), ("b", 5)]));
        for (since, through) in [(&base, &seen), (&seen, &base), (&seen, &seen), (&base, &base)] {
            let place = StagedPlace {
                base: base.clone(),
                since: since.clone(),
                through: through.clone(),
                seen: seen.clone(),
                openings: [5; 16],
                after: after.clone(),
            };
            let bytes = place.encode();
            assert_eq!(StagedPlace::decode(&bytes).unwrap(), place);
            assert!((0..bytes.len()).all(|end| StagedPlace::decode(&bytes[..end]).is_err()));
            let longer = [&bytes[..], &[0]].concat();
            assert!(StagedPlace::decode(&longer).is_err());
        }
    }
}
