//! Deltas of max- and min-registers on the wire.
//!
//! Meaning: the vectors, and the integer that the sender has, by its sign and its amount; none where
//! the receiver has seen all writes.
//! Laws: what was written is read back; an integer has one form, and is one that a register holds.
//! Cost: O(origins).
//! Source: this project.

use super::error::Error;
use super::reader::write_number;
use super::vector::{Span, read_span, write_span};
use super::{BaseEncoding, DecodeContext, Kind, OriginEncoding, open, start};
use crate::limits::INTEGERS;
use crate::optimized::max_register::IntegerDelta;

/// The receiver lacks no write.
const NONE: u8 = 0;
/// The integer is 0.
const ZERO: u8 = 1;
/// Its amount follows.
const POSITIVE: u8 = 2;
/// Its amount follows, which is to be taken from 0.
const NEGATIVE: u8 = 3;

impl IntegerDelta {
    /// Its bytes, as a message.
    ///
    /// Cost: O(origins).
    pub fn encode(&self, naming: OriginEncoding, base: BaseEncoding) -> Vec<u8> {
        let mut to = start(Kind::IntegerDelta);
        write_span(&self.since, &self.seen, naming, base, &mut to);
        let sign = match self.integer {
            None => NONE,
            Some(0) => ZERO,
            Some(1..) => POSITIVE,
            Some(_) => NEGATIVE,
        };
        to.out.push(sign);
        if sign > ZERO {
            write_number(self.integer.unwrap_or_default().unsigned_abs() as u64, &mut to.out);
        }
        to.end(0)
    }

    /// The delta of a message.
    ///
    /// # Errors
    /// [`Error::UnknownBase`] and [`Error::NotAsked`] ask for [`BaseEncoding::Inline`],
    /// [`Error::UnknownActorTable`] for [`OriginEncoding::Inline`]. For the rest see there.
    pub fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<Self, Error> {
        let mut reader = open(bytes, Kind::IntegerDelta)?;
        let Span { since, seen } = read_span(&mut reader, known)?;
        let at = reader.at();
        let sign = reader.byte("the sign of an integer")?;
        let integer = match sign {
            NONE => None,
            ZERO => Some(0),
            POSITIVE | NEGATIVE => {
                let amount = i128::from(reader.number("an integer")?);
                Some(if sign == POSITIVE { amount } else { -amount })
            }
            _ => {
                let found = sign.to_string();
                return Err(Error::malformed(at, found, "the sign of an integer: 0 to 3"));
            }
        };
        let is_plain = integer
            .is_none_or(|integer| (integer == 0) == (sign == ZERO) && INTEGERS.contains(&integer));
        // Who has seen a write has an integer, and sends it if the receiver may lack a write.
        if !is_plain || integer.is_none() != since.covers(&seen) {
            let found = format!("the integer {integer:?} of sign {sign}");
            return Err(Error::malformed(
                at,
                found,
                "one from −2^63 to 2^64 − 1 exactly where a write lies outside the base",
            ));
        }
        reader.end()?;
        Ok(Self { since, seen, integer, openings: Default::default() })
    }
}
