//! The binary format of deltas of registers, maps, sets and flags, as spec/wire_keyed.v defines it.
//!
//! Meaning: what [`rejoin::wire`] writes of such a delta whose origins go by name, and what it reads.
//! Audit trails are not covered.
//! Laws: what the definitions write they read back, on the messages of the tests.
//! Cost: some ten thousand steps of the machine for a record.

use super::constructors::*;
use super::decode::{bytes as read_bytes, list as read_list, pair as read_pair};
use super::encode::{bytes, list, number, option, pair};
use super::wire::{Counted, Plain, read_number, read_vector, vector};
use super::wire_delta::{Base, Known, base, known};
use super::{Error, decode, run};

/// Which types a message is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Sets and flags.
    Presences,
    /// LWW-registers and LWW-maps.
    Writes,
    /// MV-registers and MV-maps.
    Contents,
}

/// Who decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// The place of the origin in the actor table of `seen`.
    pub place: u64,
    /// The user.
    pub user: Option<Vec<u8>>,
}

/// How a key is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyName {
    /// By a creation dot.
    CreationDot {
        /// The place of its origin.
        place: u64,
        /// Its counter.
        counter: u64,
    },
    /// By its bytes.
    Bytes(Vec<u8>),
}

/// A decision on a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// Its place among the operations of its origin.
    pub counter: u64,
    /// Its place among the operations of its replica.
    pub seq: u64,
    /// The number of its author among those of the delta.
    pub author: u64,
    /// When it was made; 0 where nothing is timed.
    pub timestamp: u64,
    /// A value, or no bytes for an addition or an enabling; `None` removes, disables or deletes.
    pub effect: Option<Vec<u8>>,
}

/// The number of a listed key, and an operation: the place of its origin, and its counter.
pub type KeyedOperation = (u64, (u64, u64));

/// A delta of a register, a map, a set or a flag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyedDelta {
    /// What the receiver must have seen.
    pub since: Vec<Counted>,
    /// What the sender has seen.
    pub seen: Vec<Counted>,
    /// Those who decided.
    pub authors: Vec<Author>,
    /// The listed keys, each with one of its maximal decisions.
    pub listed: Vec<(KeyName, Decision)>,
    /// Further maximal decisions outside the base, by the number of their key.
    pub others: Vec<(u64, Decision)>,
    /// The maximal decisions inside the base.
    pub inside: Vec<KeyedOperation>,
    /// The winners that are not maximal.
    pub winners: Vec<(u64, Decision)>,
    /// The creation dots outside the base.
    pub creation_dots: Vec<KeyedOperation>,
}

fn family(family: Family) -> Plain {
    match family {
        Family::Presences => PRESENCES.make([]),
        Family::Writes => WRITES.make([]),
        Family::Contents => CONTENTS.make([]),
    }
}

fn decision(of: &Decision) -> Plain {
    WIRE_DECISION.make([
        number(of.counter),
        number(of.seq),
        number(of.author),
        number(of.timestamp),
        option(of.effect.as_deref().map(bytes)),
    ])
}

fn key_name(name: &KeyName) -> Plain {
    match name {
        KeyName::CreationDot { place, counter } => {
            NAMED_BY_CREATION_DOT.make([number(*place), number(*counter)])
        }
        KeyName::Bytes(key) => NAMED_BY_BYTES.make([bytes(key)]),
    }
}

fn further(decisions: &[(u64, Decision)]) -> Plain {
    list(decisions.iter().map(|(key, of)| pair(number(*key), decision(of))))
}

fn operations(operations: &[KeyedOperation]) -> Plain {
    let operation = |(key, (place, counter)): &KeyedOperation| {
        pair(number(*key), pair(number(*place), number(*counter)))
    };
    list(operations.iter().map(operation))
}

/// The message of a delta.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn encode_keyed(of: Family, chosen: &Base, delta: &KeyedDelta) -> Result<Vec<u8>, Error> {
    let author = |author: &Author| {
        WIRE_AUTHOR.make([number(author.place), option(author.user.as_deref().map(bytes))])
    };
    let parts = [
        vector(&delta.since),
        vector(&delta.seen),
        list(delta.authors.iter().map(author)),
        list(delta.listed.iter().map(|(name, first)| pair(key_name(name), decision(first)))),
        further(&delta.others),
        operations(&delta.inside),
        further(&delta.winners),
        operations(&delta.creation_dots),
    ];
    let arguments = [family(of), base(chosen), KEYED_DELTA.make(parts)];
    Ok(read_bytes(&run("Wire_keyed.encode_keyed_short", arguments)?)?)
}

type Decoded<T> = Result<T, decode::DecodeError>;

fn read_effect(term: &Plain) -> Decoded<Option<Vec<u8>>> {
    decode::option(term)?.map(read_bytes).transpose()
}

fn read_decision(term: &Plain) -> Decoded<Decision> {
    let [counter, seq, author, timestamp, effect] = decode::fields(WIRE_DECISION, term)?;
    Ok(Decision {
        counter: read_number(counter)?,
        seq: read_number(seq)?,
        author: read_number(author)?,
        timestamp: read_number(timestamp)?,
        effect: read_effect(effect)?,
    })
}

fn read_author(term: &Plain) -> Decoded<Author> {
    let [place, user] = decode::fields(WIRE_AUTHOR, term)?;
    Ok(Author { place: read_number(place)?, user: read_effect(user)? })
}

fn read_name(term: &Plain) -> Decoded<KeyName> {
    if let Some([key]) = decode::made_by(NAMED_BY_BYTES, term) {
        return Ok(KeyName::Bytes(read_bytes(key)?));
    }
    let [place, counter] = decode::fields(NAMED_BY_CREATION_DOT, term)?;
    Ok(KeyName::CreationDot { place: read_number(place)?, counter: read_number(counter)? })
}

fn read_further(term: &Plain) -> Decoded<Vec<(u64, Decision)>> {
    read_list(term, |of| read_pair(of, read_number, read_decision))
}

fn read_operations(term: &Plain) -> Decoded<Vec<KeyedOperation>> {
    let operation = |of: &Plain| read_pair(of, read_number, read_number);
    read_list(term, |of| read_pair(of, read_number, operation))
}

/// The delta of a message; nothing if it is no message of such a delta.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn decode_keyed(
    of: Family,
    knows: &Known,
    message: &[u8],
) -> Result<Option<KeyedDelta>, Error> {
    let read = run("Wire_keyed.decode_keyed", [family(of), known(knows), bytes(message)])?;
    let Some(delta) = decode::option(&read)? else { return Ok(None) };
    let [since, seen, authors, listed, others, inside, winners, creation_dots] =
        decode::fields(KEYED_DELTA, delta)?;
    Ok(Some(KeyedDelta {
        since: read_vector(since)?,
        seen: read_vector(seen)?,
        authors: read_list(authors, read_author)?,
        listed: read_list(listed, |of| read_pair(of, read_name, read_decision))?,
        others: read_further(others)?,
        inside: read_operations(inside)?,
        winners: read_further(winners)?,
        creation_dots: read_operations(creation_dots)?,
    }))
}
