//! Digests: what a state hash is made of, and what it is made from.
//!
//! Meaning: two states count as equal if their hashes are equal. What is hashed, and in which
//! order, is specified in spec/state-hash.md; each engine computes it in its own way.
//! Source: Merkle, A Digital Signature Based on a Conventional Encryption Function, CRYPTO '87
//! (trees of hashes); O'Connor et al., BLAKE3 (2020).

use crate::json::Json;
use crate::operation::Canonical;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// 32 bytes of BLAKE3, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The state hash `rejoin/1` of an object or of a replica.
///
/// It has two parts, so that the first does not change when a later version drops records of removals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StateHash {
    /// The digest of all records except removals. A trace claims this one.
    pub content: Digest,
    /// The digest of the removals: keys whose maximal decisions all remove.
    pub removals: Digest,
}

/// A value with a canonical byte string, which the state hash covers.
///
/// Different values of one type have different bytes. For replicas to agree on hashes across
/// implementations, a key has the UTF-8 bytes of its text, and a value its canonical JSON
/// (RFC 8785), `null` for the tombstone.
pub trait ToBytes {
    /// The bytes. Cost: O(bytes).
    fn to_bytes(&self) -> Cow<'_, [u8]>;
}

impl<T: ToBytes + ?Sized> ToBytes for &T {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        (**self).to_bytes()
    }
}

/// No bytes: the type has one value.
impl ToBytes for () {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        [][..].into()
    }
}

/// Themselves.
impl ToBytes for [u8] {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.into()
    }
}

/// Eight bytes, the greatest first, so that their order is that of the numbers.
impl ToBytes for u64 {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.to_be_bytes().to_vec().into()
    }
}

/// A key: its UTF-8.
impl ToBytes for str {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.as_bytes().into()
    }
}

/// A key: its UTF-8.
impl ToBytes for String {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.as_bytes().into()
    }
}

/// A key: its UTF-8.
impl ToBytes for Arc<str> {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.as_bytes().into()
    }
}

/// A key: its UTF-8.
impl ToBytes for char {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.to_string().into_bytes().into()
    }
}

/// A value of a trace: its canonical JSON.
impl ToBytes for Canonical {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.as_str().as_bytes().into()
    }
}

/// A text as a value: its canonical JSON, `null` where there is none.
impl<T: AsRef<str>> ToBytes for Option<T> {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        let json = match self {
            None => Json::Null,
            Some(text) => Json::String(text.as_ref().into()),
        };
        json.canonical().into_bytes().into()
    }
}
