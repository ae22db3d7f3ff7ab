//! What several operations saw, for holding many against many.

use super::{History, OpId, Seen};
use hashbrown::HashMap;

/// What some operations saw, together.
#[derive(Debug, Default)]
pub struct Past {
    received: Seen,
    /// For each branch, the last place before which all was seen.
    own: HashMap<u32, u32>,
}

impl History {
    /// What these operations saw, together: so that many are held against many in one go.
    pub fn past(&self, ops: &[OpId]) -> Past {
        let mut past = Past::default();
        let mut epochs = hashbrown::HashSet::new();
        for op in ops {
            let operation = &self.ops[*op as usize];
            let own = past.own.entry(operation.branch).or_default();
            *own = (*own).max(operation.index);
            if epochs.insert(operation.epoch) {
                let seen = &self.epochs[operation.epoch as usize].seen;
                past.received.counts.join(&seen.counts);
                past.received.beyond.join(&seen.beyond);
            }
        }
        self.charge(ops.len() as u64);
        past
    }

    /// Whether one of them saw the operation.
    pub fn in_past(&self, past: &Past, op: OpId) -> bool {
        let of = &self.ops[op as usize];
        self.contains(&past.received, op)
            || past.own.get(&of.branch).is_some_and(|index| of.index < *index)
    }
}
