//! Deltas of logs on the wire.
//!
//! Meaning: the entries that the sender has seen and the base has not: for each origin those that
//! follow, so that no entry has to tell its name.
//! Laws: what was written is read back; there are as many entries as the two vectors say.
//! Cost: O(length), most of which is copying the entries, where they are copied.
//! Source: this project.

use super::column::{BLOCK, Block, unzigzag, write_block, zigzag};
use super::error::Error;
use super::reader::{Reader, write_number};
use super::vector::{Span, read_span, write_span};
use super::{BaseEncoding, DecodeContext, Kind, OriginEncoding, open, start};
use crate::hybrid_clock::HybridClock;
use crate::optimized::canonical_bytes::CanonicalBytes;
use crate::optimized::log::{Columns, LogDelta, are_all};
use crate::optimized::segments::Pieces;
use crate::optimized::vector::Vector;
use std::ops::Range;
use std::sync::Arc;

const ENTRIES: &str = "no more entries than the message has bytes";

/// The counters of the entries between two vectors, in the order of a delta.
fn counters<'a>(since: &'a Vector, seen: &'a Vector) -> impl Iterator<Item = u64> + 'a {
    // No counter is 2^64 - 1 before the first one.
    seen.beyond(since).flat_map(|(_, before, count)| before + 1..=count)
}

impl<V: CanonicalBytes + ?Sized> LogDelta<V> {
    /// Its bytes, as a message.
    ///
    /// Cost: O(what it lists), and O(origins) where they go by their names.
    pub fn encode(&self, naming: OriginEncoding, base: BaseEncoding) -> Vec<u8> {
        let mut to = start(Kind::LogDelta);
        write_number(self.bytes.len() as u64, &mut to.out);
        write_span(&self.since, &self.seen, naming, base, &mut to);
        to.charge(self.len());
        let mut counters = counters(&self.since, &self.seen);
        let mut last = [0; 2];
        let columns = self.seqs.chunks(BLOCK).zip(self.timestamps.chunks(BLOCK));
        for ((seqs, timestamps), lengths) in columns.zip(self.lengths.chunks(BLOCK)) {
            let mut columns: [Block; 3] = [[0; BLOCK]; 3];
            for at in 0..lengths.len() {
                let counter = counters.next().unwrap_or_default();
                for (column, (time, last)) in
                    columns.iter_mut().zip([seqs[at], timestamps[at]].into_iter().zip(&mut last))
                {
                    let offset = time.wrapping_sub(counter);
                    column[at] = zigzag(offset.wrapping_sub(*last));
                    *last = offset;
                }
                columns[2][at] = lengths[at].into();
            }
            for column in &columns {
                write_block(&column[..lengths.len()], &mut to.out);
            }
        }
        let mut out = to.end(self.bytes.len());
        self.bytes.iter().for_each(|piece| out.extend_from_slice(piece));
        out
    }

    /// The delta of a message.
    ///
    /// # Errors
    /// [`Error::UnknownBase`] and [`Error::NotAsked`] ask for [`BaseEncoding::Inline`],
    /// [`Error::UnknownActorTable`] for [`OriginEncoding::Inline`]. For the rest see there.
    pub fn decode(bytes: &[u8], known: &DecodeContext<'_>) -> Result<Self, Error> {
        decode(bytes, known, |texts| bytes[texts].to_vec().into())
    }

    /// The same without copying the entries: they stay in the message. A log that applies the delta
    /// keeps the whole message, with its spare capacity, if at least half of it, and 32 KiB, are
    /// entries, and at least half of these are new; otherwise it copies them.
    ///
    /// # Errors
    /// Those of [`LogDelta::decode`].
    pub fn decode_shared(message: &Arc<Vec<u8>>, known: &DecodeContext<'_>) -> Result<Self, Error> {
        decode(message, known, |texts| Pieces::part(message, texts))
    }
}

/// The delta of a message, of which `take` takes the entries.
fn decode<V: CanonicalBytes + ?Sized>(
    bytes: &[u8],
    known: &DecodeContext<'_>,
    take: impl FnOnce(Range<usize>) -> Pieces,
) -> Result<LogDelta<V>, Error> {
    let mut reader = open(bytes, Kind::LogDelta)?;
    let texts = reader.texts()?;
    let Span { since, seen } = read_span(&mut reader, known)?;
    let at = reader.at();
    let mut runs = seen.beyond(&since).map(|(_, before, count)| count - before);
    let count = runs.try_fold(0_u64, |sum, run| sum.checked_add(run)).unwrap_or(u64::MAX);
    drop(runs);
    let count = reader.charge(count, at, ENTRIES)?;
    let columns = read_columns(&mut reader, count, counters(&since, &seen), texts.len())?;
    reader.end()?;
    // Texts are the end of a message.
    let at = bytes.len() - texts.len();
    let wrong = Error::WrongType { at, what: "an entry" };
    if !are_all::<V>(texts, &columns.lengths) {
        return Err(wrong);
    }
    LogDelta::of_columns(since, seen, columns, take(at..bytes.len())).ok_or(wrong)
}

fn read_columns(
    reader: &mut Reader<'_>,
    count: usize,
    mut counters: impl Iterator<Item = u64>,
    texts: usize,
) -> Result<Columns, Error> {
    let mut columns = Columns {
        timestamps: Vec::with_capacity(count),
        seqs: Vec::with_capacity(count),
        lengths: Vec::with_capacity(count),
    };
    let mut last = [0_u64; 2];
    let mut left = texts as u64;
    while columns.lengths.len() < count {
        let length = (count - columns.lengths.len()).min(BLOCK);
        let mut blocks: [Block; 3] = [[0; BLOCK]; 3];
        for block in &mut blocks {
            reader.block(&mut block[..length])?;
        }
        let [seqs, timestamps, lengths] = &blocks;
        for at in 0..length {
            let counter = counters.next().unwrap_or_default();
            last[0] = last[0].wrapping_add(unzigzag(seqs[at]));
            last[1] = last[1].wrapping_add(unzigzag(timestamps[at]));
            columns.seqs.push(last[0].wrapping_add(counter));
            let timestamp = last[1].wrapping_add(counter);
            if timestamp > HybridClock::MAX_STAMP {
                let found = format!("the timestamp {timestamp}");
                return Err(Error::malformed(reader.at(), found, "one below 2^63"));
            }
            columns.timestamps.push(timestamp);
            match (left.checked_sub(lengths[at]), u32::try_from(lengths[at])) {
                (Some(rest), Ok(length)) => {
                    left = rest;
                    columns.lengths.push(length);
                }
                _ => {
                    let found =
                        format!("an entry of {} bytes, of {left} that are left", lengths[at]);
                    let expected = "no more than there are, nor than 2^32 - 1";
                    return Err(Error::malformed(reader.at(), found, expected));
                }
            }
        }
    }
    if left > 0 {
        let found = format!("{left} bytes that no entry has");
        return Err(Error::malformed(reader.at(), found, "as many bytes as the entries take"));
    }
    Ok(columns)
}
