//! Hybrid logical clock: stamps for writes, from a clock that may be wrong.
//!
//! Meaning: a stamp is milliseconds since 1970 times 65,536, plus a count. It is above every
//! earlier stamp of the clock and above every stamp that the writer has seen for the key, however
//! far ahead; otherwise it is as near to the current time as possible.
//! Laws: stamps rise along causality, if every write is stamped with what it has seen
//! (spec/hybrid_clock.v). Another replica's wrong clock refuses nobody a write.
//! Cost: O(1).
//! Source: Kulkarni et al., Logical Physical Clocks, OPODIS 2014.
//!
//! This module reads no clock: the caller passes the time.
//! ```
//! use rejoin::hybrid_clock::HybridClock;
//!
//! let mut clock = HybridClock::new();
//! let first = clock.stamp(1_706_789_400_000, None)?;
//! // Another replica, whose clock is a year ahead, wrote the key: our write comes after it.
//! let seen = HybridClock::at(1_738_325_400_000);
//! let second = clock.stamp(1_706_789_400_020, Some(seen))?;
//! assert!(second > seen && seen > first);
//! // Other keys do not follow it.
//! assert!(clock.stamp(1_706_789_400_030, None)? < seen);
//! # Ok::<(), rejoin::hybrid_clock::NoStampLeft>(())
//! ```

use std::fmt;

/// A clock that issues stamps.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HybridClock {
    /// The last stamp, leaving out stamps raised only to exceed one that was seen.
    last: u64,
}

impl HybridClock {
    /// A day, in milliseconds: a clock that is further ahead is reported, unless the application says
    /// otherwise.
    pub const DAY: u64 = 24 * 60 * 60 * 1000;

    /// The greatest stamp that a message, a store or an edit may have.
    pub const MAX_STAMP: u64 = (1 << 63) - 1;

    /// No clock leads to a greater stamp by itself, so that there are always stamps above.
    const LATEST: u64 = 1 << 62;

    /// A clock that has issued no stamp yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first stamp of a millisecond since 1970; `u64::MAX` for milliseconds that no stamp can
    /// express.
    pub fn at(milliseconds: u64) -> u64 {
        milliseconds.saturating_mul(1 << 16)
    }

    /// The millisecond since 1970 of a stamp.
    pub fn milliseconds(stamp: u64) -> u64 {
        stamp >> 16
    }

    /// A stamp for a write now, above the clock's earlier stamps and above `seen`, the greatest one
    /// seen for the key. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// If `seen` is the greatest stamp. Only a peer that forges stamps can produce it.
    pub fn stamp(&mut self, now: u64, seen: Option<u64>) -> Result<u64, NoStampLeft> {
        let present = Self::at(now).min(Self::LATEST).max(self.last + 1);
        let stamp = present.max(seen.map_or(0, |seen| seen.saturating_add(1)));
        if stamp > Self::MAX_STAMP {
            return Err(NoStampLeft);
        }
        self.last = present;
        Ok(stamp)
    }
}

/// Why there is no stamp: the key has the greatest one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoStampLeft;

impl fmt::Display for NoStampLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a write was seen with the greatest stamp, {}, to which no clock leads, so no write can \
             overrule it: a peer forged it; use another key",
            HybridClock::MAX_STAMP
        )
    }
}

impl std::error::Error for NoStampLeft {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_even_if_the_clock_goes_back() {
        let mut clock = HybridClock::new();
        let stamps: Vec<u64> =
            [5000, 5000, 4000, 9000].map(|now| clock.stamp(now, None).unwrap()).into();
        assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
        assert_eq!(stamps[3], HybridClock::at(9000));
    }

    #[test]
    fn a_write_overrules_what_it_saw_however_far_ahead_and_others_do_not_follow() {
        let mut clock = HybridClock::new();
        for seen in [HybridClock::at(6001), HybridClock::at(u64::MAX >> 18), 1 << 62] {
            assert_eq!(clock.stamp(5000, Some(seen)), Ok(seen + 1));
            assert!(clock.stamp(5000, None).unwrap() < HybridClock::at(5001));
        }
        assert_eq!(clock.stamp(5000, Some(HybridClock::MAX_STAMP)), Err(NoStampLeft));
    }

    #[test]
    fn a_clock_at_the_end_of_time_leaves_stamps_above() {
        let mut clock = HybridClock::new();
        let stamps = [u64::MAX, u64::MAX, 5000].map(|now| clock.stamp(now, None).unwrap());
        assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
        let mut other = HybridClock::new();
        assert_eq!(other.stamp(5000, Some(stamps[2])), Ok(stamps[2] + 1));
    }
}
