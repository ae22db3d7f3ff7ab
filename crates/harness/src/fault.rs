//! Faults that a world can be given on purpose, to see that its properties find them.

/// What is broken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A replica that lost something goes on under its old name.
    KeepsName,
    /// A replica applies what it receives, says so, and forgets it at once.
    ForgetsWhatItTook,
    /// A delta names as its start what the receiver has seen, and not what it begins at.
    ForgedStart,
    /// One value is altered on its way from one replica to another.
    AltersValue,
    /// A replica tells the state hash that it had some time ago.
    StaleHash,
    /// A store says that it has written, and has not.
    LosesWhatWasStored,
    /// A store that could not write for lack of room says that it has.
    TrustsFullDisk,
    /// A replica keeps quiet about open merge decisions.
    HidesDecisions,
    /// An operation is performed twice, as by one who tries again.
    PerformsTwice,
    /// A replica is never reached again.
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
