//! Deltas of counters on the wire.
//!
//! Meaning: the shares of those origins of which the sender has seen more than the base, each as
//! what it exceeds its number of increments by.
//! Laws: what was written is read back; a share is at least its number of increments.
//! Cost: O(origins).
//! Source: this project.

use super::column::write_column;
use super::error::Error;
use super::vector::{Span, read_span, write_span};
use super::{BaseEncoding, DecodeContext, Kind, OriginEncoding, open, start};
use crate::optimized::g_counter::CounterDelta;

impl CounterDelta {
    /// Its bytes, as a message.
    ///
    /// Cost: O(origins).
    pub fn encode(&self, naming: OriginEncoding, base: BaseEncoding) -> Vec<u8> {
        let mut to = start(Kind::CounterDelta);
        write_span(&self.since, &self.seen, naming, base, &mut to);
        let counts = self.seen.beyond(&self.since).map(|(.., count)| u128::from(count));
        let excess = || counts.zip(&self.shares).map(|(count, share)| share - count);
        let (low, high): (Vec<u64>, Vec<u64>) =
            excess().map(|excess| (excess as u64, (excess >> 64) as u64)).unzip();
        write_column(&low, &mut to.out);
        write_column(&high, &mut to.out);
        to.end(0)
    }

    /// The delta of a message.
    ///
    /// # Errors
    /// [`Error::UnknownBase`] and [`Error::NotAsked`] ask for [`BaseEncoding::Inline`],
    /// [`Error::UnknownActorTable`] for [`OriginEncoding::Inline`]. For the rest see there.
    pub fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<Self, Error> {
        let mut reader = open(bytes, Kind::CounterDelta)?;
        let Span { since, seen } = read_span(&mut reader, known)?;
        let number = seen.beyond(&since).count();
        let at = reader.at();
        let low = reader.column(number)?;
        let high = reader.column(number)?;
        let counts = seen.beyond(&since).map(|(.., count)| u128::from(count));
        let shares = counts.zip(low.into_iter().zip(high)).map(|(count, (low, high))| {
            let excess = u128::from(high) << 64 | u128::from(low);
            count.checked_add(excess)
        });
        let shares: Option<Vec<u128>> = shares.collect();
        let found = || "a share of 2^128 or more".into();
        let shares = shares.ok_or_else(|| Error::malformed(at, found(), "a share below 2^128"))?;
        reader.end()?;
        Ok(Self { since, seen, shares, openings: Default::default() })
    }
}
