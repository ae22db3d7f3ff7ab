//! Why a delta cannot be applied.
//!
//! Meaning: what was found, and what to do. Nothing changed.
//! Laws: none.
//! Cost: none.
//! Source: this project.

use crate::dot::{Dot, Origin};
use std::fmt;

/// Why a delta was refused. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ApplyError {
    /// It builds upon operations that this replica has not seen.
    Gap {
        /// Whose operations are missing.
        origin: Origin,
        /// How many of them the delta builds upon.
        needed: u64,
        /// How many of them have been seen.
        seen: u64,
    },
    /// It names a key by a creation dot that this replica does not know, although the dot is inside
    /// the delta's start. The two states do not belong to one history.
    UnknownCreationDot(Dot),
    /// It contradicts what this replica knows of a key: it lists an operation that this replica has
    /// seen under a key that is new here, or it lists one key twice. The delta is forged or damaged,
    /// or comes from a replica that uses another one's name.
    ContradictedKey {
        /// The bytes of the key.
        key: Vec<u8>,
        /// The operation that this replica has seen; `None` if the key is listed twice.
        operation: Option<Dot>,
    },
    /// The object would exceed its limit of 2^29 keys, or some 4 GB of keys.
    KeysFull,
    /// More than 2^16 decisions might be concurrent on one key. Few replicas can make so many without
    /// hearing of each other.
    TooContested,
    /// It has operations of this replica and incarnation that this replica did not perform: another
    /// process uses the same name.
    Forked {
        /// The name that is used twice.
        origin: Origin,
        /// How many operations this replica performed under it.
        performed: u64,
        /// How many the delta knows.
        known: u64,
    },
    /// The sender and this replica use different names for the same operations: a disk was restored,
    /// or a file copied, and one of the two has repaired the fork. The delta holds too little to translate
    /// it: ask for one since the version of this replica, and let the sender do the same.
    OpeningsDiffer,
    /// The sender's openings belong to no history: they give one name to two operations.
    Contradiction,
    /// It is a delta of a map, and lists keys that a register does not have.
    OtherKeys,
    /// A log that applies it would have more than 2^32 − 1 entries.
    LogFull,
    /// The audit trail would exceed its limit of 2^32 records, or 4 GB of what they saw.
    AuditFull,
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
            Self::AuditFull => write!(
                f,
                "the audit trail would have more than 2^32 records, or 4 GB of what they saw: cut it"
            ),
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
