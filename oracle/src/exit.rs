//! Exit codes, as spec/trace-format.md defines them.

use std::process::ExitCode;

/// How the program ends, from the least to the gravest. Of several traces the gravest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing is wrong.
    Success,
    /// Nothing can be concluded.
    Inconclusive,
    /// A claim is false.
    Discrepancy,
    /// A trace is malformed or ill-formed.
    Invalid,
    /// A driven subject died, hung, replied an error or broke the protocol.
    Subject,
    /// A file cannot be read.
    Unreadable,
    /// The command line is wrong. Then no trace is looked at, so that this code is never compared.
    Usage,
    /// The oracle itself failed.
    Internal,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::Discrepancy,
        Self::Inconclusive,
        Self::Invalid,
        Self::Subject,
        Self::Usage,
        Self::Unreadable,
        Self::Internal,
    ];

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Discrepancy => 1,
            Self::Inconclusive => 2,
            Self::Invalid => 3,
            Self::Subject => 4,
            Self::Usage => 64,
            Self::Unreadable => 66,
            Self::Internal => 70,
        }
    }

    /// When the code is used, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => {
                "every trace conforms (lint: every trace is well-formed; drive: all cases conform)"
            }
            Self::Discrepancy => "a claim is false",
            Self::Inconclusive => "no claim was judged, or a stated limit was reached",
            Self::Invalid => "a file is not of the grammar, or its history is impossible",
            Self::Subject => {
                "drive: the subject died, hung, replied an error or broke the protocol"
            }
            Self::Usage => "wrong usage",
            Self::Unreadable => "a file cannot be read, or a folder has no trace",
            Self::Internal => "the oracle's own error",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Which code wins when several apply.
pub const PRECEDENCE: &str =
    "Of several traces the gravest counts, in the order 70, 66, 4, 3, 1, 2, 0.";

/// The exit codes as the help shows them.
pub fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        text += &format!("  {:<3} {}\n", exit.code(), exit.meaning());
    }
    text + PRECEDENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_counts_in_the_order_that_the_help_states() {
        let mut exits = Exit::ALL.to_vec();
        exits.sort();
        let codes: Vec<_> = exits
            .iter()
            .rev()
            .filter(|&&exit| exit != Exit::Usage)
            .map(|exit| exit.code().to_string())
            .collect();
        assert!(PRECEDENCE.ends_with(&format!("the order {}.", codes.join(", "))));
    }
}
