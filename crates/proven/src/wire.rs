//! The binary format of vectors, as spec/wire.v defines it.
//!
//! Meaning: what [`rejoin::wire`] writes of a vector whose origins go by name, and what it reads. A
//! replica's name is its bytes: that they are UTF-8 is not looked at.
//! Laws: what was written is read back (spec/wire_proof.v).
//! Cost: some ten thousand steps of the machine for an origin.
//!
//! The example of spec/wire.md.
//! ```
//! use rejoin_proven::wire::{Counted, decode_vector, encode_vector};
//!
//! let of = |name: &str| Counted { replica: name.into(), incarnation: 0, count: 1 };
//! let bytes = [1, 1, 3, 1, b'a', 1, b'b', 0, 0x40, 1];
//! assert_eq!(encode_vector(&[of("a"), of("b")])?, bytes);
//! assert_eq!(decode_vector(&bytes)?, Some(vec![of("a"), of("b")]));
//! # Ok::<(), rejoin_proven::Error>(())
//! ```

use super::constructors::*;
use super::decode::bytes as read_bytes;
use super::encode::{Term, bytes, list, number, pair};
use super::{Error, decode, run};

/// How many operations of an origin have been seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Counted {
    /// The name of the replica, as bytes.
    pub replica: Vec<u8>,
    /// Its incarnation.
    pub incarnation: u64,
    /// The number of its operations, from 1.
    pub count: u64,
}

/// The definitions know no keys and no values here.
pub(super) type Plain = Term<(), Option<()>>;

pub(super) fn read_number(term: &Plain) -> Result<u64, decode::DecodeError> {
    let found = decode::wide_number(term)?;
    u64::try_from(found).map_err(|_| decode::DecodeError {
        expected: "a number below 2^64",
        found: format!("the number {found}"),
    })
}

pub(super) fn vector(of: &[Counted]) -> Plain {
    let entry = |of: &Counted| {
        let origin = ORIGIN.make([bytes(&of.replica), number(of.incarnation)]);
        pair(origin, number(of.count))
    };
    list(of.iter().map(entry))
}

pub(super) fn read_vector(term: &Plain) -> Result<Vec<Counted>, decode::DecodeError> {
    let entry = |term: &Plain| {
        let origin = |term: &Plain| decode::origin_by(term, read_bytes);
        let ((replica, incarnation), count) = decode::pair(term, origin, read_number)?;
        Ok(Counted { replica, incarnation, count })
    };
    decode::list(term, entry)
}

/// The message of a vector, whose origins rise.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn encode_vector(of: &[Counted]) -> Result<Vec<u8>, Error> {
    let written = run("Wire.encode_short", [vector(of)])?;
    Ok(read_bytes(&written)?)
}

/// The vector of a message; nothing if it is no message of a vector with names.
///
/// # Errors
/// If the extracted definitions are damaged.
pub fn decode_vector(message: &[u8]) -> Result<Option<Vec<Counted>>, Error> {
    let read = run("Wire.decode", [bytes(message)])?;
    let Some(vector) = decode::option(&read)? else { return Ok(None) };
    Ok(Some(read_vector(vector)?))
}
