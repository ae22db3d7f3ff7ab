//! Environment: where a replica gets the time and random numbers from.
//!
//! The library reads no clock and draws no entropy by itself. With the feature `system`, which is on
//! by default, [`System`] does both; without it, the application passes an environment of its own.

use std::fmt;

/// The time and random numbers.
pub trait Environment: Send + Sync + fmt::Debug {
    /// The current time, in milliseconds since 1970. A clock that is wrong, or runs backwards, loses
    /// nothing: stamps rise all the same.
    fn now(&mut self) -> u64;

    /// 64 random bits that no other replica, and no other run of this one, draws again; `None` where
    /// the source is unavailable. They name incarnations, so a source that repeats itself makes two
    /// replicas use one name.
    fn entropy(&mut self) -> Option<u64>;
}

/// The clock and the entropy of the operating system.
#[cfg(feature = "system")]
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

#[cfg(feature = "system")]
impl Environment for System {
    /// A clock before 1970 reads as 1970.
    fn now(&mut self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn entropy(&mut self) -> Option<u64> {
        getrandom::u64().ok()
    }
}
