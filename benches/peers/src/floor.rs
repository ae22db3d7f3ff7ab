//! What the bare work of a sync costs: no library can do without it.
//!
//! Time: the receiver looks up each changed key once in a table of numbers with a fast hash, and each
//! byte of the payload is copied twice, into the message and out of it. Bytes: the payload as it is,
//! and which of the known keys changed. Compressed: the entropy of the delta.

use crate::random::Random;
use crate::workload::{Action, Delta, Workload};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The deltas that are sent in a workload, and the tables they meet.
pub struct Floor {
    deltas: Vec<Delta>,
    /// How many keys and elements the base has.
    keys: usize,
}

impl Floor {
    /// The floor of a workload.
    pub fn new(workload: &Workload) -> Self {
        let deltas = workload.deltas().split_off(usize::from(workload.one_way));
        let base = workload.base.iter().flat_map(|transaction| &transaction.operations);
        let keys = base.filter(|operation| !matches!(operation.action, Action::Append(_))).count();
        Self { deltas, keys }
    }

    /// The bytes of all deltas.
    pub fn bytes(&self) -> usize {
        self.deltas.iter().map(|delta| delta.payload).sum()
    }

    /// The bytes below which no compression goes.
    pub fn entropy(&self) -> usize {
        let bits: f64 = self.deltas.iter().map(|delta| delta.bits).sum();
        (bits / 8.0).ceil() as usize
    }

    /// Does the bare work once, on tables built afresh.
    pub fn run(&self) -> Duration {
        let mut random = Random::new(8);
        let keys: Vec<u64> = (0..self.keys).map(|_| random.next()).collect();
        let table: HashMap<u64, u64, FixedState> =
            keys.iter().enumerate().map(|(slot, key)| (*key, slot as u64)).collect();
        let mut time = Duration::ZERO;
        for delta in &self.deltas {
            let unknown = delta.unknown;
            let mut probes: Vec<u64> = (0..unknown).map(|_| random.next()).collect();
            probes.extend((0..delta.known).map(|_| keys[random.below(keys.len())]));
            let payload = vec![1_u8; delta.payload];
            let start = Instant::now();
            let found: u64 = probes.iter().filter_map(|key| table.get(key)).sum();
            let message = black_box(payload.as_slice()).to_vec();
            let received = black_box(message.as_slice()).to_vec();
            time += start.elapsed();
            black_box((found, received));
        }
        time
    }
}
