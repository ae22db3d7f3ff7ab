//! Pieces of a keyed object on the wire and in stores, and the progress of a transfer.
//!
//! Meaning: a piece has a head before its delta, which stays as it is, compressed or not. A progress names
//! its vectors in full, so that it can be read by itself: a store keeps one before each piece.
//! Laws: what was written is read back.
//! Cost: O(length), and O(origins).
//! Source: this project.

use super::error::Error;
use super::reader::{Reader, write_number};
use super::{DecodeContext, Kind, OriginEncoding, decompress, open};
use crate::dot::{Dot, Origin, ReplicaId};
use crate::object::ObjectType;
use crate::optimized::replica::Delta;
use crate::optimized::staging::{PieceHead, PieceStep, Progress, ReceivedPiece};
use crate::optimized::vector::Vector;

/// Marks the last piece of a transfer.
const LAST: u8 = 4;

/// Marks a progress in the first pass, and one whose last sender had seen what the first of its pass had.
const FIRST_PASS: u8 = 1;
const SAME_SEEN: u8 = 2;

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
    const WHAT: &str = "the cursor of a transfer: an operation, or 0 for none";
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
        write_dot(self.cursor.as_ref(), &mut out);
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
        let before = reader.array("the fingerprint of the progress before a piece")?;
        let cursor = read_dot(&mut reader)?;
        let is_last = byte & LAST != 0;
        Ok((Self { step, is_last, openings, before, cursor }, &bytes[reader.at()..]))
    }
}

impl<'a> ReceivedPiece<'a> {
    /// A piece of an object of a type, of at most so many bytes once its delta is unpacked.
    ///
    /// Cost: as decoding its delta.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(piece: &'a [u8], kind: ObjectType, limit: usize) -> Result<Self, Error> {
        let (head, bytes) = PieceHead::decode(piece)?;
        let message = decompress(bytes, limit)?;
        let delta = Delta::decode(kind, &message, &DecodeContext::default())?;
        Ok(Self { head, delta, bytes, unpacked: message.len() })
    }
}

impl Progress {
    /// Its bytes, as a message. Cost: O(origins).
    pub fn encode(&self) -> Vec<u8> {
        let Self { base, since, through, seen, openings, cursor } = self;
        let mut out = vec![super::VERSION, Kind::Progress as u8];
        let (is_first, is_same) = (since == base, through == seen);
        out.push((u8::from(is_first) * FIRST_PASS) | (u8::from(is_same) * SAME_SEEN));
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
        write_dot(cursor.as_ref(), &mut out);
        out
    }

    /// The progress of a message.
    ///
    /// # Errors
    /// See [`Error`]. A progress that no transfer can have is malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = open(bytes, Kind::Progress)?;
        let at = reader.at();
        let byte = reader.byte("which vectors follow")?;
        if byte > (FIRST_PASS | SAME_SEEN) {
            return Err(Error::malformed(at, byte.to_string(), "0 to 3: which vectors follow"));
        }
        let mut read = || {
            const WHAT: &str = "a vector";
            let length = reader.length(WHAT)?;
            Vector::decode(reader.take(length, WHAT)?, &DecodeContext::default())
        };
        let (base, seen) = (read()?, read()?);
        let since = if byte & FIRST_PASS != 0 { base.clone() } else { read()? };
        let through = if byte & SAME_SEEN != 0 { seen.clone() } else { read()? };
        let openings = reader.array("the hash of a sender's openings")?;
        let cursor = read_dot(&mut reader)?;
        let progress = Self { base, since, through, seen, openings, cursor };
        if !progress.is_possible() {
            let found = "vectors and a cursor that no transfer has".into();
            let expected = "a pass that begins at the base or at what its sender had seen, and goes on to more";
            return Err(Error::malformed(at, found, expected));
        }
        // Each progress has one encoding, so that its fingerprint names it.
        match reader.at() == bytes.len() && progress.encode() == bytes {
            true => Ok(progress),
            false => {
                let found = "another encoding of a progress".into();
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
    fn heads_and_progress_are_read_back_and_nothing_shorter_is() {
        let cursor = Some(Dot { origin: origin("b"), counter: 1 << 40 });
        for step in [PieceStep::Anew, PieceStep::GoesOn, PieceStep::NextPass] {
            for (is_last, cursor) in [(false, None), (true, cursor.clone())] {
                let head = PieceHead { step, is_last, openings: [9; 16], before: [7; 16], cursor };
                let bytes = head.encode(b"delta");
                assert_eq!(PieceHead::decode(&bytes).unwrap(), (head, &b"delta"[..]));
                let start = bytes.len() - 5;
                assert!((0..start).all(|end| PieceHead::decode(&bytes[..end]).is_err()));
            }
        }
        // The base has an operation of `c` that no sender has seen.
        let base = vector(&[("a", 1), ("c", 1)]);
        let [first, second] = [vector(&[("a", 2), ("b", 4)]), vector(&[("a", 2), ("b", 5)])];
        let dot = |counter| Some(Dot { origin: origin("b"), counter });
        let progress = |since: &Vector, through: &Vector, seen: &Vector, cursor| Progress {
            base: base.clone(),
            since: since.clone(),
            through: through.clone(),
            seen: seen.clone(),
            openings: [5; 16],
            cursor,
        };
        for progress in [
            progress(&base, &first, &first, dot(1)),
            progress(&base, &first, &second, dot(5)),
            progress(&first, &second, &second, dot(5)),
            progress(&first, &first, &first, None),
        ] {
            let bytes = progress.encode();
            assert_eq!(Progress::decode(&bytes).unwrap(), progress);
            assert!((0..bytes.len()).all(|end| Progress::decode(&bytes[..end]).is_err()));
            let longer = [&bytes[..], &[0]].concat();
            assert!(Progress::decode(&longer).is_err());
        }
        for impossible in [
            progress(&base, &second, &first, dot(1)),
            progress(&second, &first, &first, None),
            progress(&second, &first, &second, None),
            progress(&base, &first, &first, dot(5)),
            progress(&first, &second, &second, dot(4)),
        ] {
            let error = Progress::decode(&impossible.encode()).unwrap_err();
            assert!(error.to_string().contains("that no transfer has"), "{error}");
        }
    }

    #[test]
    fn the_longest_head_has_as_many_bytes_as_are_allowed_for() {
        let replica = ReplicaId::new("r".repeat(1_024)).unwrap();
        let origin = Origin { replica, incarnation: u64::MAX };
        let cursor = Some(Dot { origin, counter: u64::MAX });
        let (step, openings, before) = (PieceStep::GoesOn, [9; 16], [7; 16]);
        let head = PieceHead { step, is_last: true, openings, before, cursor };
        assert_eq!(head.encode(&[]).len(), PieceHead::MOST_BYTES);
    }
}
