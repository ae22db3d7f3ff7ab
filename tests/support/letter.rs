//! The values that the tests write.

use rejoin::operation::Value;

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
