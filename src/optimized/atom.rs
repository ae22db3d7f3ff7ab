//! What keys, elements, values and entries may be: anything that has bytes.
//!
//! Meaning: two are equal if their bytes are. Writes with equal stamps are ordered by the bytes of
//! their values, and the state hash covers the bytes, so all replicas must agree on them.
//! Laws: what was made bytes of is read back from them.
//! Cost: that of the conversion; `str` and `[u8]` are their bytes already.
//! Source: this project.

use crate::digest::ToBytes;
use crate::operation::Canonical;

/// A type whose values are kept as bytes.
pub trait Atom: ToBytes {
    /// What reading one gives.
    type Ref<'a>;

    /// Reads one; `None` where the bytes are of none.
    fn from_bytes(bytes: &[u8]) -> Option<Self::Ref<'_>>;
}

impl Atom for [u8] {
    type Ref<'a> = &'a [u8];

    fn from_bytes(bytes: &[u8]) -> Option<&[u8]> {
        Some(bytes)
    }
}

impl Atom for str {
    type Ref<'a> = &'a str;

    fn from_bytes(bytes: &[u8]) -> Option<&str> {
        str::from_utf8(bytes).ok()
    }
}

impl Atom for u64 {
    type Ref<'a> = u64;

    fn from_bytes(bytes: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// The text of canonical JSON.
impl Atom for Canonical {
    type Ref<'a> = &'a str;

    fn from_bytes(bytes: &[u8]) -> Option<&str> {
        str::from_utf8(bytes).ok()
    }
}
