//! The binary format of deltas of counters, integers and logs, as spec/wire_delta.v defines it.
//!
//! Meaning: what [`rejoin::wire`] writes of such a delta whose origins go by name, and what it reads.
//! A receiver knows the vector that it has asked with, and vectors by their fingerprints.
//! Laws: what was written is read back (spec/wire_delta_proof.v).
//! Cost: some ten thousand steps of the machine for an origin or an entry.

use super::constructors::*;
use super::decode::{bytes as read_bytes, list as read_list};
use super::encode::{bytes, list, number, option, pair};
use super::wire::{Counted, Plain, read_number, read_vector, vector};
use super::{Error, decode, encode, run};

/// How a delta names its base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Base {
    /// It is written out.
    Inline,
    /// By its fingerprint of 16 bytes, where that is shorter.
    Fingerprint(Vec<u8>),
    /// As the vector that the receiver has asked with.
    Asked,
}

/// What a receiver knows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// The vector that it has asked with.
    pub asked: Option<Vec<Counted>>,
    /// Vectors by their fingerprints.
    pub fingerprints: Vec<(Vec<u8>, Vec<Counted>)>,
}

/// A delta of a G-counter or a PN-counter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CounterDelta {
    /// What the receiver must have seen.
    pub since: Vec<Counted>,
    /// What the sender has seen.
    pub seen: Vec<Counted>,
    /// The increments of each origin of which the sender has seen more, in order.
    pub increments: Vec<u128>,
    /// Their decrements; none of a G-counter.
    pub decrements: Vec<u128>,
}

/// A delta of a max- or min-register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IntegerDelta {
    /// What the receiver must have seen.
    pub since: Vec<Counted>,
    /// What the sender has seen.
    pub seen: Vec<Counted>,
    /// The integer that the sender has, where the receiver lacks a write.
    pub integer: Option<i128>,
}

/// An entry of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its place among the operations of its replica.
    pub seq: u64,
    /// When it was appended.
    pub timestamp: u64,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// A delta of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogDelta {
    /// What the receiver must have seen.
    pub since: Vec<Counted>,
    /// What the sender has seen.
    pub seen: Vec<Counted>,
    /// The entries that the receiver lacks, by origin and counter.
    pub entries: Vec<Entry>,
}

pub(super) fn base(base: &Base) -> Plain {
    match base {
        Base::Inline => INLINE.make([]),
        Base::Fingerprint(fingerprint) => BY_FINGERPRINT.make([bytes(fingerprint)]),
        Base::Asked => AS_ASKED.make([]),
    }
}

pub(super) fn known(known: &Known) -> Plain {
    let named = known.fingerprints.iter().map(|(of, named)| pair(bytes(of), vector(named)));
    KNOWN.make([option(known.asked.as_deref().map(vector)), list(named)])
}

fn shares(shares: &[u128]) -> Plain {
    list(shares.iter().map(|share| number(*share)))
}

/// The message of a delta of a counter.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn encode_counter(is_pn: bool, chosen: &Base, delta: &CounterDelta) -> Result<Vec<u8>, Error> {
    let CounterDelta { since, seen, increments, decrements } = delta;
    let parts = [vector(since), vector(seen), shares(increments), shares(decrements)];
    let arguments = [encode::boolean(is_pn), base(chosen), COUNTER_DELTA.make(parts)];
    Ok(read_bytes(&run("Wire_delta.encode_counter_short", arguments)?)?)
}

/// The delta of a message; nothing if it is no message of such a counter's delta.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn decode_counter(
    is_pn: bool,
    knows: &Known,
    message: &[u8],
) -> Result<Option<CounterDelta>, Error> {
    let arguments = [encode::boolean(is_pn), known(knows), bytes(message)];
    let read = run("Wire_delta.decode_counter", arguments)?;
    let Some(delta) = decode::option(&read)? else { return Ok(None) };
    let [since, seen, increments, decrements] = decode::fields(COUNTER_DELTA, delta)?;
    Ok(Some(CounterDelta {
        since: read_vector(since)?,
        seen: read_vector(seen)?,
        increments: read_list(increments, decode::wide_number)?,
        decrements: read_list(decrements, decode::wide_number)?,
    }))
}

/// The message of a delta of a max- or min-register.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn encode_integer(chosen: &Base, delta: &IntegerDelta) -> Result<Vec<u8>, Error> {
    let integer = option(delta.integer.map(encode::integer));
    let parts = [vector(&delta.since), vector(&delta.seen), integer];
    let arguments = [base(chosen), INTEGER_DELTA.make(parts)];
    Ok(read_bytes(&run("Wire_delta.encode_integer_short", arguments)?)?)
}

/// The delta of a message; nothing if it is no message of a max- or min-register's delta.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn decode_integer(knows: &Known, message: &[u8]) -> Result<Option<IntegerDelta>, Error> {
    let read = run("Wire_delta.decode_integer", [known(knows), bytes(message)])?;
    let Some(delta) = decode::option(&read)? else { return Ok(None) };
    let [since, seen, integer] = decode::fields(INTEGER_DELTA, delta)?;
    let integer = decode::option(integer)?.map(decode::integer).transpose()?;
    Ok(Some(IntegerDelta { since: read_vector(since)?, seen: read_vector(seen)?, integer }))
}

/// The message of a delta of a log.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn encode_log(chosen: &Base, delta: &LogDelta) -> Result<Vec<u8>, Error> {
    let entry = |entry: &Entry| {
        WIRE_ENTRY.make([number(entry.seq), number(entry.timestamp), bytes(&entry.text)])
    };
    let entries = list(delta.entries.iter().map(entry));
    let parts = [vector(&delta.since), vector(&delta.seen), entries];
    let arguments = [base(chosen), LOG_DELTA.make(parts)];
    Ok(read_bytes(&run("Wire_delta.encode_log_short", arguments)?)?)
}

/// The delta of a message; nothing if it is no message of a log's delta.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn decode_log(knows: &Known, message: &[u8]) -> Result<Option<LogDelta>, Error> {
    let read = run("Wire_delta.decode_log", [known(knows), bytes(message)])?;
    let Some(delta) = decode::option(&read)? else { return Ok(None) };
    let [since, seen, entries] = decode::fields(LOG_DELTA, delta)?;
    let entry = |term: &Plain| {
        let [seq, timestamp, text] = decode::fields(WIRE_ENTRY, term)?;
        let text = read_bytes(text)?;
        Ok(Entry { seq: read_number(seq)?, timestamp: read_number(timestamp)?, text })
    };
    let entries = read_list(entries, entry)?;
    Ok(Some(LogDelta { since: read_vector(since)?, seen: read_vector(seen)?, entries }))
}
