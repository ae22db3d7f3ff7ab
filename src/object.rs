//! Objects: their types, and their priority in a synchronization.
//!
//! Meaning: the names of spec/trace-format.md, section 1.

/// The replicated types that the engines have.
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
    /// A counter that grows and shrinks.
    PnCounter,
    /// A set; a removal wins over an addition that had not seen it.
    RwSet,
    /// A flag; enabling wins over a disabling that had not seen it.
    EwFlag,
    /// A flag; disabling wins over an enabling that had not seen it.
    DwFlag,
    /// All concurrent values.
    MvRegister,
    /// All concurrent values of each key.
    MvMap,
    /// The greatest integer written.
    MaxRegister,
    /// The least integer written.
    MinRegister,
}

impl ObjectType {
    /// All of them, in the order of the state hash, of stored files and of the wire.
    pub const ALL: [Self; 13] = [
        Self::GCounter,
        Self::LwwRegister,
        Self::OrSet,
        Self::LwwMap,
        Self::Log,
        Self::PnCounter,
        Self::RwSet,
        Self::EwFlag,
        Self::DwFlag,
        Self::MvRegister,
        Self::MvMap,
        Self::MaxRegister,
        Self::MinRegister,
    ];

    /// Its place in [`ObjectType::ALL`]: what stored files, updates and messages call it.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// Its name in a trace.
    pub const fn as_str(self) -> &'static str {
        self.in_trace().as_str()
    }

    /// The same type as a trace declares it.
    pub const fn in_trace(self) -> TraceType {
        match self {
            Self::GCounter => TraceType::GCounter,
            Self::LwwRegister => TraceType::LwwRegister,
            Self::OrSet => TraceType::OrSet,
            Self::LwwMap => TraceType::LwwMap,
            Self::Log => TraceType::Log,
            Self::PnCounter => TraceType::PnCounter,
            Self::RwSet => TraceType::RwSet,
            Self::EwFlag => TraceType::EwFlag,
            Self::DwFlag => TraceType::DwFlag,
            Self::MvRegister => TraceType::MvRegister,
            Self::MvMap => TraceType::MvMap,
            Self::MaxRegister => TraceType::MaxRegister,
            Self::MinRegister => TraceType::MinRegister,
        }
    }

    /// Whether it is a set, whose single elements can be asked for.
    pub const fn is_set(self) -> bool {
        self.in_trace().is_set()
    }

    /// Whether it is a map, whose single keys can be asked for.
    pub const fn is_map(self) -> bool {
        self.in_trace().is_map()
    }

    /// Whether it is a flag.
    pub const fn is_flag(self) -> bool {
        self.in_trace().is_flag()
    }

    /// Whether its operations are decisions that can be open, section 4 of the trace format.
    pub const fn has_decisions(self) -> bool {
        self.in_trace().has_decisions()
    }

    /// Whether its operations carry timestamps.
    pub const fn is_stamped(self) -> bool {
        self.in_trace().is_stamped()
    }
}

/// All types that a trace can declare: those that have an engine, and those that are judged only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TraceType {
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
    /// A counter that grows and shrinks.
    PnCounter,
    /// A set that only grows.
    GSet,
    /// A set; what was removed once never comes back.
    TwoPhaseSet,
    /// A set; a removal wins over an addition that had not seen it.
    RwSet,
    /// A flag; enabling wins over a disabling that had not seen it.
    EwFlag,
    /// A flag; disabling wins over an enabling that had not seen it.
    DwFlag,
    /// All concurrent values.
    MvRegister,
    /// All concurrent values of each key.
    MvMap,
    /// The greatest integer written.
    MaxRegister,
    /// The least integer written.
    MinRegister,
    /// Elements in an order that replicas edit together.
    List,
    /// Any object of which a trace claims agreement only.
    Opaque,
}

impl TraceType {
    /// All of them, in the order of the specification.
    pub const ALL: [Self; 17] = [
        Self::GCounter,
        Self::LwwRegister,
        Self::OrSet,
        Self::LwwMap,
        Self::Log,
        Self::PnCounter,
        Self::GSet,
        Self::TwoPhaseSet,
        Self::RwSet,
        Self::EwFlag,
        Self::DwFlag,
        Self::MvRegister,
        Self::MvMap,
        Self::MaxRegister,
        Self::MinRegister,
        Self::List,
        Self::Opaque,
    ];

    /// Its name in a trace.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GCounter => "g-counter",
            Self::LwwRegister => "lww-register",
            Self::OrSet => "or-set",
            Self::LwwMap => "lww-map",
            Self::Log => "log",
            Self::PnCounter => "pn-counter",
            Self::GSet => "g-set",
            Self::TwoPhaseSet => "2p-set",
            Self::RwSet => "rw-set",
            Self::EwFlag => "ew-flag",
            Self::DwFlag => "dw-flag",
            Self::MvRegister => "mv-register",
            Self::MvMap => "mv-map",
            Self::MaxRegister => "max-register",
            Self::MinRegister => "min-register",
            Self::List => "list",
            Self::Opaque => "opaque",
        }
    }

    /// The type of the engines that means this, if they have it.
    pub const fn engine(self) -> Option<ObjectType> {
        Some(match self {
            Self::GCounter => ObjectType::GCounter,
            Self::LwwRegister => ObjectType::LwwRegister,
            Self::OrSet => ObjectType::OrSet,
            Self::LwwMap => ObjectType::LwwMap,
            Self::Log => ObjectType::Log,
            Self::PnCounter => ObjectType::PnCounter,
            Self::RwSet => ObjectType::RwSet,
            Self::EwFlag => ObjectType::EwFlag,
            Self::DwFlag => ObjectType::DwFlag,
            Self::MvRegister => ObjectType::MvRegister,
            Self::MvMap => ObjectType::MvMap,
            Self::MaxRegister => ObjectType::MaxRegister,
            Self::MinRegister => ObjectType::MinRegister,
            Self::GSet | Self::TwoPhaseSet | Self::List | Self::Opaque => return None,
        })
    }

    /// Whether it is a set, whose single elements can be asked for.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::OrSet | Self::GSet | Self::TwoPhaseSet | Self::RwSet)
    }

    /// Whether it is a map, whose single keys can be asked for.
    pub const fn is_map(self) -> bool {
        matches!(self, Self::LwwMap | Self::MvMap)
    }

    /// Whether it is a flag.
    pub const fn is_flag(self) -> bool {
        matches!(self, Self::EwFlag | Self::DwFlag)
    }

    /// Whether its operations are decisions that can be open, section 4 of the trace format.
    pub const fn has_decisions(self) -> bool {
        matches!(self, Self::LwwRegister | Self::OrSet | Self::LwwMap | Self::RwSet)
            || self.is_flag()
    }

    /// Whether a trace can load and claim explicit states of it, section 5 of the trace format.
    pub const fn has_explicit_states(self) -> bool {
        matches!(self, Self::GCounter | Self::LwwRegister | Self::OrSet | Self::LwwMap | Self::Log)
    }

    /// Whether its operations carry timestamps.
    pub const fn is_stamped(self) -> bool {
        matches!(self, Self::LwwRegister | Self::LwwMap | Self::Log)
    }
}

impl From<ObjectType> for TraceType {
    fn from(kind: ObjectType) -> Self {
        kind.in_trace()
    }
}

/// The priority of an object in a synchronization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// First.
    High,
    /// Next; the default.
    #[default]
    Medium,
    /// In the background.
    Low,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_are_listed_in_the_order_of_their_codes() {
        for (place, kind) in ObjectType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.code()), place, "{kind:?}");
            assert_eq!(kind.in_trace().engine(), Some(kind));
        }
        let with_engines = TraceType::ALL.into_iter().filter_map(TraceType::engine);
        assert_eq!(with_engines.count(), ObjectType::ALL.len());
        for (place, kind) in TraceType::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{kind:?}");
        }
    }
}
