//! Drift: whose clock is ahead, by the stamps of a delta.
//!
//! Meaning: a clock that is ahead makes its own writes win for longer than they should.
//! So the receiver reports it, or refuses the whole delta.
//! Laws: the greatest stamp above the limit, with its writer (tests/public_api.rs).
//! Cost: O(delta).
//! Source: this project.

use super::delta::{Effect, KeyedDelta};
use super::replica::Delta;
use crate::dot::Origin;

impl Delta {
    /// The greatest stamp above `limit`, and who wrote with it.
    pub fn ahead_of(&self, limit: u64) -> Option<(Origin, u64)> {
        let (place, stamp) = match self {
            Self::LwwRegister(delta) => greatest(&delta.keyed),
            Self::LwwMap(delta) => greatest(&delta.keyed),
            Self::Log(delta) => {
                let runs = delta.seen.beyond(&delta.since);
                let places = runs
                    .flat_map(|(place, before, count)| (before..count).map(move |_| place as u32));
                let stamps = delta.timestamps.iter().copied();
                places.zip(stamps).max_by_key(|(_, stamp)| *stamp)
            }
            _ => None,
        }
        .filter(|(_, stamp)| *stamp > limit)?;
        let origin = self.seen().actor_table().origins().get(place as usize)?;
        Some((origin.clone(), stamp))
    }
}

/// The greatest stamp of a keyed delta, and the place of who wrote with it.
fn greatest<E: Effect>(delta: &KeyedDelta<E>) -> Option<(u32, u64)> {
    let beside = delta.others.iter().chain(&delta.winners).map(|(_, record)| record);
    let greatest = delta.first.iter().chain(beside).max_by_key(|record| record.effect.timestamp());
    let record = greatest?;
    let author = delta.authors.get(record.author as usize)?;
    Some((author.place, record.effect.timestamp()))
}
