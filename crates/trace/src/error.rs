//! Why a trace cannot be judged, and where.

use std::fmt;
use std::io;

/// Why the reader stopped. It has read nothing after this place.
#[derive(Debug)]
pub enum Error {
    /// The file is not of the grammar, or its compressed stream is damaged.
    Malformed(Fault),
    /// The bytes could not be read.
    Unreadable(io::Error),
}

/// A fault in a trace: where it is, what was found, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, counted in characters, if it is known.
    pub column: Option<u64>,
    /// What was found and what was expected, in one sentence.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(fault) => write!(f, "malformed: {fault}"),
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Malformed(_) => None,
            Self::Unreadable(error) => Some(error),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Malformed(fault)
    }
}
