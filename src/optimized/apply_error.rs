//! Why a delta cannot be applied.
//!
//! Meaning: what was found, and what to do. Nothing changed.
//! Laws: none of its own.
//! Cost: none of its own.
//! Source: this project.

use crate::dot::{Dot, Origin};
use std::fmt;

/// Why a delta was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ApplyError {
    /// It builds upon operations that have not been seen.
    Gap {
        /// Whose operations are missing.
        origin: Origin,
        /// How many of them the delta builds upon.
        needed: u64,
        /// How many of them have been seen.
        seen: u64,
    },
    /// It names a key by a decision that is not known here as the first one on a key, although
    /// it is said to have been seen. The sender's state and this one are not of one history.
    UnknownCreationDot(Dot),
    /// It contradicts what this replica knows of a key, as only a forged or damaged delta can, or one
    /// of a replica that goes on under a name in use: of a key that is new here it lists an operation
    /// that was seen here already, or it lists one key twice.
    ContradictedKey {
        /// The bytes of the key.
        key: Vec<u8>,
        /// The operation that was seen already; `None` where the key is listed twice.
        operation: Option<Dot>,
    },
    /// The object would have more keys than it can: more than 2^29, or some 4 GB of them.
    KeysFull,
    /// More than 2^16 decisions might be concurrent on one key. Few replicas can make so many without
    /// hearing of each other.
    TooContested,
    /// It has operations under the name of this very replica and incarnation that this replica did not
    /// perform: another process goes on under the same name.
    Forked {
        /// The name that is used twice.
        origin: Origin,
        /// How many operations this replica performed under it.
        performed: u64,
        /// How many the delta knows.
        known: u64,
    },
    /// The sender and this replica use different names for the same operations: a disk was put back,
    /// or a file copied, and one of the two has healed that. The delta holds too little to translate
    /// it: ask for one since the version of this replica, and let the sender do the same.
    OpeningsDiffer,
    /// What the sender says of openings is of no history: it gives one name to two operations.
    Contradiction,
    /// It is one of a map, and lists keys that a register does not have.
    OtherKeys,
    /// A log that applies it would have more than 2^32 − 1 entries.
    LogFull,
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { origin, needed, seen } => write!(
                f,
                "the delta starts after operation {needed} of {} (incarnation {}), but only {seen} \
                 of them have been seen; ask for a delta since the vector that this replica has",
                origin.replica, origin.incarnation
            ),
            Self::UnknownCreationDot(Dot { origin, counter }) => write!(
                f,
                "the delta names a key by operation {counter} of {} (incarnation {}), which is not \
                 the first decision on any key here; compare the state hashes of both replicas",
                origin.replica, origin.incarnation
            ),
            Self::ContradictedKey { key, operation: Some(Dot { origin, counter }) } => write!(
                f,
                "the delta says that operation {counter} of {} (incarnation {}) decided on the key \
                 \"{}\", but this replica has seen that operation, and not on that key: the delta is \
                 forged or damaged, or two processes use that name; compare the state hashes of both \
                 replicas",
                origin.replica,
                origin.incarnation,
                excerpt(key)
            ),
            Self::ContradictedKey { key, operation: None } => write!(
                f,
                "the delta lists the key \"{}\" twice, as no replica does: it is forged or damaged; \
                 see where it comes from",
                excerpt(key)
            ),
            Self::KeysFull => write!(
                f,
                "with the delta's keys the object would have more than 2^29, or some 4 GB of them"
            ),
            Self::TooContested => write!(
                f,
                "with the delta more than 65,536 decisions might be concurrent on one key: \
                 see that its sender is to be trusted; where it is, decide on the key anew there, \
                 which supersedes them"
            ),
            Self::Forked { origin, performed, known } => write!(
                f,
                "the delta knows {known} operations of {} (incarnation {}), but this replica has \
                 performed {performed} under that name: another process uses it too, or this one \
                 was set back to a backup; open it under a new incarnation",
                origin.replica, origin.incarnation
            ),
            Self::OpeningsDiffer => write!(
                f,
                "the sender uses other names for operations that this replica knows: a disk was put \
                 back, or a file copied; exchange versions both ways, and apply what each side then \
                 makes for the other, which heals it"
            ),
            Self::Contradiction => write!(
                f,
                "the delta gives one name to two operations, as no copied or restored file does; \
                 see that its sender is to be trusted"
            ),
            Self::OtherKeys => write!(
                f,
                "the delta lists keys, and a register has none: it is one of a map; see that both \
                 sides take the object for the same"
            ),
            Self::LogFull => write!(f, "the log would have more than 2^32 − 1 entries"),
        }
    }
}

impl std::error::Error for ApplyError {}

/// The first characters of a key, without any that would act on a terminal.
fn excerpt(key: &[u8]) -> String {
    const LONGEST: usize = 64;
    let text = String::from_utf8_lossy(&key[..key.len().min(4 * LONGEST)]);
    let excerpt: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().count() > LONGEST { excerpt + "…" } else { excerpt }
}
