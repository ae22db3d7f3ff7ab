//! Why a session ended: what was found, what was expected, and what to do.

use std::fmt;

/// Why a session refused a message. The session is over; what it applied is kept, and a new session
/// goes on from there.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The message is longer than either side may send.
    TooLong {
        /// Its length in bytes.
        found: usize,
        /// The most bytes of a message.
        limit: usize,
    },
    /// The checksum is wrong: the message was damaged in transit.
    Damaged,
    /// The peer speaks another version of the protocol.
    Version {
        /// Its version.
        found: u8,
        /// The version of this library.
        expected: u8,
    },
    /// The message has bytes that no session sends.
    Malformed {
        /// Where, in bytes from the start of the part that says so.
        at: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// The first message of the peer must begin with a hello, or list its schema, and this one does
    /// not.
    NoHello,
    /// The peer began anew: start a new session and give it this message.
    AnotherHello,
    /// The peer sends or asks for more than a session allows.
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
}

impl Error {
    /// What the protocol has a limit on.
    pub(super) fn malformed(found: impl ToString, expected: &'static str) -> Self {
        Self::Malformed { at: 0, found: found.to_string(), expected }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found, limit } => write!(
                f,
                "a message of {found} bytes where at most {limit} are allowed: allow more on this \
                 side, or shorter ones on the other"
            ),
            Self::Damaged => write!(
                f,
                "the message was damaged on its way, or is none of this protocol: start a new \
                 session"
            ),
            Self::Version { found, expected } => write!(
                f,
                "the peer speaks version {found} of the protocol, this library version \
                 {expected}: update the older side"
            ),
            Self::Malformed { at, found, expected } => write!(
                f,
                "byte {at}: found {found}; expected {expected}: the sender is at fault; start a \
                 new session, or refuse it"
            ),
            Self::NoHello => write!(
                f,
                "the peer's first message is no hello: it belongs to an earlier session; start a \
                 new one on both sides"
            ),
            Self::AnotherHello => write!(
                f,
                "the peer began anew: start a new session, and give it this message again"
            ),
            Self::TooMuch { what, limit } => write!(
                f,
                "the peer exceeds the limit of {limit} {what} in one session: allow more, or \
                 refuse it"
            ),
        }
    }
}

impl std::error::Error for Error {}
