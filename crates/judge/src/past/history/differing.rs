//! What two sets do not share, and questions that are not to be counted.

use super::sets::bits;
use super::{History, OpId, Seen};
use std::collections::BTreeSet;

impl History {
    /// The operations that are in one of two sets only, in the order of the file.
    /// Cost: O(what differs · log).
    pub fn differing(&self, before: &Seen, after: &Seen) -> Vec<OpId> {
        let mut ops = Vec::new();
        before.counts.differences(&after.counts, &mut |lane, was, is| {
            let (was, is) = (was as usize, is as usize);
            ops.extend(&self.lanes[lane as usize].ops[was.min(is)..was.max(is)]);
            true
        });
        before.beyond.differences(&after.beyond, &mut |word, was, is| {
            ops.extend(bits(word, was ^ is));
            true
        });
        ops.retain(|op| self.contains(before, *op) != self.contains(after, *op));
        ops.sort_unstable();
        ops.dedup();
        ops
    }

    /// The objects of which two sets do not hold the same operations, in their order. Cost: O(what differs · log).
    pub fn differing_objects(&self, a: &Seen, b: &Seen) -> BTreeSet<u32> {
        let mut objects = BTreeSet::new();
        a.counts.differences(&b.counts, &mut |lane, _, _| {
            objects.insert(self.lanes[lane as usize].object);
            true
        });
        a.beyond.differences(&b.beyond, &mut |word, here, there| {
            objects.extend(bits(word, here ^ there).map(|op| self.object_of(op)));
            true
        });
        objects
    }

    /// Asks without counting the steps: what is asked beside judging must not end the judging.
    pub fn uncounted<T>(&self, ask: impl FnOnce(&Self) -> T) -> T {
        let work = self.work.get();
        let answer = ask(self);
        self.work.set(work);
        answer
    }
}
