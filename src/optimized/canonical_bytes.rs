//! Keys, elements, values and entries: any type with canonical bytes.
//!
//! Meaning: two are equal if their bytes are. Writes with equal stamps are ordered by the bytes of
//! their values, and the state hash covers the bytes, so all replicas must agree on them.
//! Laws: a value converted to bytes is read back from them.
//! Cost: that of the conversion; `str` and `[u8]` are their bytes already.
//! Source: this project.

use crate::digest::ToBytes;
use crate::operation::Canonical;

/// A type whose values are kept as bytes.
pub trait CanonicalBytes: ToBytes {
    /// The type that reading returns.
    type Ref<'a>;

    /// Reads one; `None` if no value has these bytes.
    fn from_bytes(bytes: &[u8]) -> Option<Self::Ref<'_>>;

    /// Whether each of many adjacent values can be read; `ends` has the end of each.
    fn are_all(bytes: &[u8], ends: &[usize]) -> bool {
        let mut start = 0;
        ends.iter().all(|end| {
            let one = bytes.get(start..*end);
            start = *end;
            one.is_some_and(|one| Self::from_bytes(one).is_some())
        })
    }
}

/// Texts side by side are one text, cut between characters.
fn are_all_text(bytes: &[u8], ends: &[usize]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| ends.iter().all(|end| text.is_char_boundary(*end)))
}

impl CanonicalBytes for [u8] {
    type Ref<'a> = &'a [u8];

    fn from_bytes(bytes: &[u8]) -> Option<&[u8]> {
        Some(bytes)
    }

    fn are_all(_: &[u8], _: &[usize]) -> bool {
        true
    }
}

impl CanonicalBytes for str {
    type Ref<'a> = &'a str;

    fn from_bytes(bytes: &[u8]) -> Option<&str> {
        std::str::from_utf8(bytes).ok()
    }

    fn are_all(bytes: &[u8], ends: &[usize]) -> bool {
        are_all_text(bytes, ends)
    }
}

impl CanonicalBytes for u64 {
    type Ref<'a> = u64;

    fn from_bytes(bytes: &[u8]) -> Option<u64> {
        Some(u64::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// The text of canonical JSON.
impl CanonicalBytes for Canonical {
    type Ref<'a> = &'a str;

    fn from_bytes(bytes: &[u8]) -> Option<&str> {
        std::str::from_utf8(bytes).ok()
    }

    fn are_all(bytes: &[u8], ends: &[usize]) -> bool {
        are_all_text(bytes, ends)
    }
}

/// No bytes: for types without values.
impl CanonicalBytes for () {
    type Ref<'a> = ();

    fn from_bytes(bytes: &[u8]) -> Option<()> {
        bytes.is_empty().then_some(())
    }
}
