//! Deltas of counters on the wire.
//!
//! Meaning: the shares of those origins of which the sender has seen more than the base. The
//! share of a G-counter is encoded as its excess over the number of increments; a PN-counter has
//! both sides in full.
//! Laws: what was written is read back; the shares of an origin are at least its number of operations.
//! Cost: O(origins).
//! Source: this project.

use super::column::write_column;
use super::error::Error;
use super::vector::{Span, read_span, write_span};
use super::{BaseEncoding, DecodeContext, Kind, OriginEncoding, open, start};
use crate::optimized::g_counter::SharesDelta;

/// Shares of 128 bits, in two columns.
fn write_shares(shares: impl Iterator<Item = u128>, out: &mut Vec<u8>) {
    let (low, high): (Vec<u64>, Vec<u64>) =
        shares.map(|share| (share as u64, (share >> 64) as u64)).unzip();
    write_column(&low, out);
    write_column(&high, out);
}

impl<const SIDES: usize> SharesDelta<SIDES> {
    /// What is subtracted from a share. With two sides, neither need reach the number of operations.
    fn least(count: u64) -> u128 {
        if SIDES == 1 { count.into() } else { 0 }
    }

    const KIND: Kind = if SIDES == 1 { Kind::CounterDelta } else { Kind::PnCounterDelta };

    /// Its bytes, as a message.
    ///
    /// Cost: O(origins).
    pub fn encode(&self, naming: OriginEncoding, base: BaseEncoding) -> Vec<u8> {
        let mut to = start(Self::KIND);
        write_span(&self.since, &self.seen, naming, base, &mut to);
        for side in 0..SIDES {
            let counts = self.seen.beyond(&self.since).map(|(.., count)| Self::least(count));
            let told = counts.zip(&self.shares).map(|(least, shares)| shares[side] - least);
            write_shares(told, &mut to.out);
        }
        to.end(0)
    }

    /// The delta of a message.
    ///
    /// # Errors
    /// [`Error::UnknownBase`] and [`Error::NotAsked`] ask for [`BaseEncoding::Inline`],
    /// [`Error::UnknownActorTable`] for [`OriginEncoding::Inline`]. For the rest see there.
    pub fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<Self, Error> {
        let mut reader = open(bytes, Self::KIND)?;
        let Span { since, seen } = read_span(&mut reader, known)?;
        let number = seen.beyond(&since).count();
        let at = reader.at();
        let mut columns = Vec::with_capacity(SIDES);
        for _ in 0..SIDES {
            let (low, high) = (reader.column(number)?, reader.column(number)?);
            let whole = |(low, high)| u128::from(high) << 64 | u128::from(low);
            columns.push(low.into_iter().zip(high).map(whole).collect::<Vec<u128>>());
        }
        let counts = seen.beyond(&since).map(|(.., count)| count);
        let shares = counts.enumerate().map(|(place, count)| {
            let mut shares = [0; SIDES];
            for (side, share) in shares.iter_mut().enumerate() {
                *share = columns[side][place].checked_add(Self::least(count))?;
            }
            Some(shares)
        });
        let shares: Option<Vec<[u128; SIDES]>> = shares.collect();
        let delta = shares.and_then(|shares| Self::of(since, seen, shares));
        let found = || "a share of 2^128 or more, or shares below the number of operations".into();
        let delta =
            delta.ok_or_else(|| Error::malformed(at, found(), "shares that operations lead to"))?;
        reader.end()?;
        Ok(delta)
    }
}
