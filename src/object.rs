//! Objects: which types there are, and how soon an object is to be synchronized.
//!
//! Meaning: the names of spec/trace-format.md, section 1.

/// The five replicated types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectType {
    /// A counter that only grows.
    GCounter,
    /// One value; the last write wins.
    LwwRegister,
    /// A set; an addition wins over a removal that had not seen it.
    OrSet,
    /// Values by key; the last write to each key wins.
    LwwMap,
    /// A list that only grows, in the order of its timestamps.
    Log,
}

impl ObjectType {
    /// All of them, in the order of the specification.
    pub const ALL: [Self; 5] =
        [Self::GCounter, Self::LwwRegister, Self::OrSet, Self::LwwMap, Self::Log];

    /// Its name in a trace.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GCounter => "g-counter",
            Self::LwwRegister => "lww-register",
            Self::OrSet => "or-set",
            Self::LwwMap => "lww-map",
            Self::Log => "log",
        }
    }
}

/// How soon an object is to be synchronized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// First.
    High,
    /// Next; where nothing is said.
    #[default]
    Medium,
    /// In the background.
    Low,
}
