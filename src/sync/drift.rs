//! Drift: how far ahead a clock may be before it is reported, or a delta is refused.

use crate::dot::ReplicaId;
use crate::hybrid_clock::HybridClock;
use crate::operation::ObjectId;
use crate::optimized::replica::Delta;
use std::fmt;

/// The check of others' clocks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Drift {
    /// The current time, in milliseconds since 1970.
    pub now: u64,
    /// How many milliseconds a clock may be ahead of it.
    pub limit: u64,
    /// Whether a delta with a stamp beyond is refused whole. Otherwise it is applied, and reported.
    pub is_refused: bool,
}

impl Drift {
    /// Reports replicas that are more than a day ahead, and refuses nothing.
    pub fn reported(now: u64) -> Self {
        Self { now, limit: HybridClock::DAY, is_refused: false }
    }

    /// The replica whose clock is ahead by more than the limit, by the stamps of a delta.
    pub(crate) fn ahead(&self, object: &ObjectId, delta: &Delta) -> Option<ClockAhead> {
        let limit = HybridClock::at(self.now.saturating_add(self.limit));
        let (origin, stamp) = delta.ahead_of(limit)?;
        let milliseconds = HybridClock::milliseconds(stamp).saturating_sub(self.now);
        let (object, replica) = (object.clone(), origin.replica);
        Some(ClockAhead { object, replica, milliseconds })
    }
}

/// The clock of a replica is ahead. For that long, its writes win over those of others that did not
/// see them; no write is refused for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ClockAhead {
    /// In which object it was seen.
    pub object: ObjectId,
    /// The replica whose clock it is, or one that it overruled.
    pub replica: ReplicaId,
    /// By how many milliseconds.
    pub milliseconds: u64,
}

impl fmt::Display for ClockAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.milliseconds / 60_000;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        write!(
            f,
            "object {:?}: a write at {:?} is {days} days, {hours} hours and {minutes} minutes ahead of \
             the clock here: set the clock there, or here, right",
            self.object,
            self.replica.as_str()
        )
    }
}
