//! Why bytes were refused: what was found, where, what was expected, and what to do.
//!
//! Meaning: none of the message was used.
//! Laws: no bytes make decoding panic; they are a message or one of these (tests/engines/wire.rs).
//! Cost: none where nothing is wrong.
//! Source: this project.

use super::Kind;
use crate::optimized::vector::Fingerprint;
use std::fmt;

/// Why bytes were refused.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are of another version of this format.
    Version {
        /// Their version.
        found: u8,
    },
    /// The bytes are another kind of message.
    Kind {
        /// Their kind.
        found: u8,
        /// The kind that was asked for.
        expected: Kind,
    },
    /// The bytes end early.
    CutOff {
        /// Where, in bytes from the start.
        at: usize,
        /// What should be there.
        expected: &'static str,
        /// How many bytes it needs.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// The bytes say what no message says.
    Malformed {
        /// Where, in bytes from the start.
        at: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A key, value, or entry is not of the type that was asked for.
    WrongType {
        /// Where it is said, in bytes from the start.
        at: usize,
        /// What it is.
        what: &'static str,
    },
    /// The origins go by a fingerprint that is unknown here.
    UnknownActorTable(Fingerprint),
    /// The delta starts at a vector that goes by a fingerprint and is unknown here.
    UnknownBase(Fingerprint),
    /// The delta starts at the vector that was asked with, and that is another one, or none.
    NotAsked,
    /// The compressed message is longer than is allowed.
    TooLong {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// The message is compressed: it is to be unpacked first, or cannot be without the feature
    /// `compression`.
    Compressed,
}

impl Error {
    pub(super) fn malformed(at: usize, found: String, expected: &'static str) -> Self {
        Self::Malformed { at, found, expected }
    }
}

/// As pairs of hexadecimal digits.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => write!(
                f,
                "byte 0: version {found} of the format; this library reads version {}: update the \
                 older side",
                super::VERSION
            ),
            Self::Kind { found, expected } => write!(
                f,
                "byte 1: a message of kind {found} where one of kind {} ({expected:?}) is \
                 expected: give it to the decoder of its kind",
                *expected as u8
            ),
            Self::CutOff { at, expected, needed, left } => write!(
                f,
                "byte {at}: {expected} is expected, which takes {needed} bytes, but the message \
                 ends after {left}: it was cut off; ask for it again"
            ),
            Self::Malformed { at, found, expected } => write!(
                f,
                "byte {at}: found {found}; expected {expected}: the message was damaged on its \
                 way, or its sender is at fault; ask for it again"
            ),
            Self::WrongType { at, what } => write!(
                f,
                "byte {at}: {what} is not of the type of this object: the sender has another \
                 type under its name"
            ),
            Self::UnknownActorTable(fingerprint) => write!(
                f,
                "the origins with the fingerprint {} are not known here: ask for the vector with \
                 its names inline",
                Hex(fingerprint)
            ),
            Self::UnknownBase(fingerprint) => write!(
                f,
                "the delta starts at a vector with the fingerprint {}, which is not known here: \
                 ask for a delta with an inline base",
                Hex(fingerprint)
            ),
            Self::NotAsked => write!(
                f,
                "the delta answers a request with another vector than this one: ask again, or \
                 for a delta with an inline base"
            ),
            Self::TooLong { limit } => write!(
                f,
                "the message has more than {limit} bytes once it is unpacked: allow more, or \
                 refuse its sender"
            ),
            Self::Compressed => write!(
                f,
                "the message is compressed: unpack it with `decompress`, which needs the feature \
                 `compression`, or ask for it uncompressed"
            ),
        }
    }
}

impl std::error::Error for Error {}
