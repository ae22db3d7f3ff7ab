//! The values that the tests write.

use rejoin::digest::ToBytes;
use rejoin::operation::Value;
use std::borrow::Cow;

/// Three values in the order of their canonical bytes, `"a"` < `null` < `true`: the tombstone is
/// neither the least nor the greatest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Letter {
    A,
    Null,
    T,
}

impl Value for Letter {
    fn tombstone() -> Self {
        Self::Null
    }
}

impl ToBytes for Letter {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        let json: &[u8] = match self {
            Self::A => b"\"a\"",
            Self::Null => b"null",
            Self::T => b"true",
        };
        json.into()
    }
}
