//! What the bare work of a sync costs: no library can do without it.
//!
//! Time: the receiver looks up each changed key once in a table of numbers with a fast hash, entering
//! those that are new, and each byte of the payload is copied twice, into the message and out of it.
//! Bytes: the payload as it is, and which of the known keys changed. Compressed: the entropy of the
//! delta.

use crate::workload::{Delta, Workload};
use cpu_time::ProcessTime;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::hint::black_box;
use std::time::Duration;

type Table = HashMap<u64, u64, FixedState>;

/// The deltas that are sent in a workload, and the keys they meet.
pub struct Floor {
    deltas: Vec<Delta>,
    base: Vec<u64>,
    one_way: bool,
}

impl Floor {
    /// The floor of a workload.
    pub fn new(workload: &Workload) -> Self {
        let one_way = workload.one_way;
        let deltas = workload.deltas().split_off(usize::from(one_way));
        Self { deltas, base: workload.base_keys(), one_way }
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

    /// Does the bare work once, on tables built afresh: a hub has one for all, and each of two that
    /// sync has its own.
    pub fn run(&self) -> Duration {
        let table = || -> Table { self.base.iter().map(|key| (*key, 0)).collect() };
        let mut hub = table();
        let mut time = Duration::ZERO;
        for delta in &self.deltas {
            if !self.one_way {
                hub = table();
            }
            let payload = vec![1_u8; delta.payload];
            let start = ProcessTime::now();
            for key in &delta.keys {
                *hub.entry(*key).or_insert(0) += 1;
            }
            let message = black_box(payload.as_slice()).to_vec();
            let received = black_box(message.as_slice()).to_vec();
            time += start.elapsed();
            black_box((&hub, received));
        }
        time
    }
}
