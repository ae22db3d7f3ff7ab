//! The order of writes and of log entries: by timestamp, origin, seq and canonical bytes.

use super::{Effect, History, OpId};
use rejoin_trace::Timestamp;

impl History {
    /// The effect of a write or an append of this value.
    pub fn wrote(&mut self, canonical: &str, timestamp: Timestamp) -> Effect {
        let [timestamp, rest @ ..] = timestamp.parts();
        let rest = if rest == [0; Timestamp::PARTS - 1] {
            0
        } else {
            if self.rests.is_empty() {
                self.rests.push([0; Timestamp::PARTS - 1]);
            }
            let next = self.rests.len() as u32;
            let number = *self.rest_numbers.entry(rest).or_insert(next);
            if number == next {
                self.rests.push(rest);
            }
            number
        };
        Effect::Wrote { value: self.values.intern(canonical), timestamp, rest }
    }

    /// The timestamp of a write or an append; 0 of anything else.
    pub fn timestamp(&self, effect: Effect) -> Timestamp {
        match effect {
            Effect::Wrote { timestamp, rest: 0, .. } => timestamp.into(),
            Effect::Wrote { timestamp, rest, .. } => {
                let [a, b, c] = self.rests[rest as usize];
                Timestamp::new(&[timestamp, a, b, c]).unwrap_or_default()
            }
            _ => Timestamp::default(),
        }
    }

    /// Whether timestamps have several parts.
    pub fn has_parts(&self) -> bool {
        !self.rests.is_empty()
    }

    /// The order of writes and log entries: timestamp, origin, seq, canonical bytes.
    pub fn stamp(&self, op: OpId) -> (Timestamp, u32, u32, &str) {
        let operation = &self.ops[op as usize];
        let rank = self.replicas[self.replica_of(op) as usize].rank;
        match operation.effect {
            effect @ Effect::Wrote { value, .. } => {
                (self.timestamp(effect), rank, operation.seq, self.values.text(value))
            }
            _ => (Timestamp::default(), rank, operation.seq, ""),
        }
    }

    /// Whether one write is greater than another. Timestamps nearly always tell; where all that a
    /// stamp has is equal, the later life of the replica does.
    pub fn is_above(&self, a: OpId, b: OpId) -> bool {
        match (self.ops[a as usize].effect, self.ops[b as usize].effect) {
            (Effect::Wrote { timestamp: x, .. }, Effect::Wrote { timestamp: y, .. }) if x != y => {
                x > y
            }
            _ => {
                let life = |op: OpId| self.ops[op as usize].branch;
                (self.stamp(a), life(a)) > (self.stamp(b), life(b))
            }
        }
    }
}
