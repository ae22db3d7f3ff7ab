//! Faults that a world can have on purpose, to see that its properties find them.

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A replica that lost something goes on under its old name.
    KeepsName,
    /// A replica applies a message, says so, and forgets it at once.
    ForgetsWhatItTook,
    /// A delta claims to start at the receiver's vector, and starts later.
    ForgedStart,
    /// One value is altered on its way from one replica to another.
    AltersValue,
    /// A replica reports an old state hash.
    StaleHash,
    /// A store says that it has written, and has not.
    LosesWhatWasStored,
    /// A store whose disk is full says that it has written.
    TrustsFullDisk,
    /// A replica does not report its open merge decisions.
    HidesDecisions,
    /// An operation is performed twice, as by a user who tries again.
    PerformsTwice,
    /// One replica is never reached again.
    NeverHeals,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::KeepsName,
        Self::ForgetsWhatItTook,
        Self::ForgedStart,
        Self::AltersValue,
        Self::StaleHash,
        Self::LosesWhatWasStored,
        Self::TrustsFullDisk,
        Self::HidesDecisions,
        Self::PerformsTwice,
        Self::NeverHeals,
    ];
}
