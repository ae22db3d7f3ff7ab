//! Hybrid logical clock: stamps for writes, from a clock that may be wrong.
//!
//! Meaning: a stamp is milliseconds since 1970 times 65,536, plus a count. It is above all stamps
//! that the clock gave before and above whatever the writer has seen for the key, and otherwise as
//! near to the present as that allows.
//! Laws: stamps rise along causality, if every write is stamped with what it has seen.
//! Cost: O(1).
//! Source: Kulkarni et al., Logical Physical Clocks, OPODIS 2014.
//!
//! The clock is not read here: the caller says what time it is.
//! ```
//! use rejoin::hybrid_clock::HybridClock;
//!
//! let mut clock = HybridClock::new(HybridClock::DAY);
//! let first = clock.stamp(1_706_789_400_000, None)?;
//! // Another replica, whose clock is 3 seconds ahead, wrote the key: our write comes after it.
//! let seen = HybridClock::at(1_706_789_403_000);
//! let second = clock.stamp(1_706_789_400_020, Some(seen))?;
//! assert!(second > seen && seen > first);
//! # Ok::<(), rejoin::hybrid_clock::TooFarAhead>(())
//! ```

use std::fmt;

/// A clock that gives stamps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HybridClock {
    last: u64,
    most_ahead: u64,
}

impl HybridClock {
    /// A day, in milliseconds.
    pub const DAY: u64 = 24 * 60 * 60 * 1000;

    /// A clock that gives no stamp of more than `most_ahead` milliseconds after the present.
    pub fn new(most_ahead: u64) -> Self {
        Self { last: 0, most_ahead }
    }

    /// The first stamp of a millisecond since 1970; the greatest stamp for milliseconds that no
    /// stamp can tell.
    pub fn at(milliseconds: u64) -> u64 {
        milliseconds.saturating_mul(1 << 16)
    }

    /// The millisecond since 1970 that a stamp tells.
    pub fn milliseconds(stamp: u64) -> u64 {
        stamp >> 16
    }

    /// A stamp for a write now, above the stamps given before and above `seen`, the greatest one
    /// seen for the key. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    /// If the stamp would be too far ahead: the key has a stamp of a clock that ran wild. Nobody
    /// can write it until that time comes, and a merge takes such writes all the same: one that
    /// drops what another takes would never converge.
    pub fn stamp(&mut self, now: u64, seen: Option<u64>) -> Result<u64, TooFarAhead> {
        let least = seen.map_or(Some(0), |seen| seen.checked_add(1));
        let next = self.last.checked_add(1);
        let limit = Self::at(now.saturating_add(self.most_ahead));
        let stamp = least.zip(next).map(|(least, next)| Self::at(now).max(least).max(next));
        match stamp {
            Some(stamp) if stamp <= limit => {
                self.last = stamp;
                Ok(stamp)
            }
            _ => Err(TooFarAhead { seen: seen.unwrap_or(0).max(self.last), limit }),
        }
    }
}

/// Why there is no stamp: what was seen is too far ahead of the present.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TooFarAhead {
    /// The stamp that the new one would have to be above.
    pub seen: u64,
    /// The greatest stamp that may be given now.
    pub limit: u64,
}

impl fmt::Display for TooFarAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seen, limit } = self;
        write!(
            f,
            "a write was seen with the stamp {seen} (millisecond {} since 1970), and a new one may \
             not be above {limit} (millisecond {}): a clock ran ahead, here or elsewhere",
            seen >> 16,
            limit >> 16
        )
    }
}

impl std::error::Error for TooFarAhead {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_even_if_the_clock_goes_back() {
        let mut clock = HybridClock::new(HybridClock::DAY);
        let stamps: Vec<u64> =
            [5000, 5000, 4000, 9000].map(|now| clock.stamp(now, None).unwrap()).into();
        assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
        assert_eq!(stamps[3], HybridClock::at(9000));
    }

    #[test]
    fn a_stamp_of_a_wild_clock_is_refused_and_nothing_changes() {
        let mut clock = HybridClock::new(1000);
        let before = clock.stamp(5000, None).unwrap();
        for seen in [HybridClock::at(6001), u64::MAX] {
            let refused = clock.stamp(5000, Some(seen)).unwrap_err();
            assert_eq!(refused, TooFarAhead { seen, limit: HybridClock::at(6000) });
        }
        assert_eq!(clock.stamp(5000, Some(HybridClock::at(5999))), Ok(HybridClock::at(5999) + 1));
        assert!(clock.stamp(u64::MAX, None).is_ok() && before > 0);
        assert!(clock.stamp(u64::MAX, None).is_err());
    }
}
