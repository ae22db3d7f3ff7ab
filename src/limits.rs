//! Limits: how long names, keys and values may be, and how many operations one origin performs.
//!
//! Meaning: the limits of spec/trace-format.md, section 1. They are the same at every entrance of data:
//! in the library, on the wire, in a store, in the CLI and in a trace. So data that is accepted in
//! one place can be stored, sent and read in every other.

use std::fmt;

/// The greatest length of the name of a replica, object, user, key or element, in bytes. The least
/// is 1.
pub const MAX_NAME: usize = 1024;

/// The greatest length of a value or log entry, in bytes of its canonical form.
pub const MAX_VALUE: usize = 16 << 20;

/// The most operations that one origin performs on one object.
pub const MAX_COUNTER: u64 = (1 << 48) - 1;

/// The integers that max- and min-registers hold: those that are exact in a trace.
pub const INTEGERS: std::ops::RangeInclusive<i128> = -(1 << 63)..=(1 << 64) - 1;

/// A name whose length is out of bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidName {
    /// What the name is for: a replica, a user, a key.
    pub what: &'static str,
    /// How many bytes the name has.
    pub length: usize,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, length } = self;
        write!(
            f,
            "the name of a {what} has {length} bytes; it must have 1 to 1,024: choose a shorter one"
        )
    }
}

impl std::error::Error for InvalidName {}

/// Checks the length of a name.
///
/// # Errors
/// If it is empty, or longer than [`MAX_NAME`] bytes.
pub fn check_name(what: &'static str, name: &[u8]) -> Result<(), InvalidName> {
    match name.len() {
        1..=MAX_NAME => Ok(()),
        length => Err(InvalidName { what, length }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_1024_bytes() {
        for length in [1, MAX_NAME] {
            assert_eq!(check_name("user", &vec![b'u'; length]), Ok(()));
        }
        for length in [0, MAX_NAME + 1] {
            let refused = check_name("user", &vec![b'u'; length]).unwrap_err();
            assert_eq!(refused, InvalidName { what: "user", length });
            assert!(refused.to_string().contains("1 to 1,024"), "{refused}");
        }
    }
}
