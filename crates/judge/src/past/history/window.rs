//! What happened at a replica between two lines.

use super::{Chain, History, OpId, Seen};

impl History {
    /// What a replica had seen after a line. Its size is not kept.
    /// Cost: O(objects · log) beyond a search for the reception before.
    pub fn seen_at(&self, replica: u32, line: u32) -> Seen {
        self.seen_of(replica, line, None)
    }

    /// The same, right only for one object where one is named. Cost: then O(log) beyond a search.
    pub fn seen_of(&self, replica: u32, line: u32, object: Option<u32>) -> Seen {
        let branches = &self.replicas[replica as usize].branches;
        let began =
            |branch: &u32| self.epochs[self.branches[*branch as usize].epochs[0] as usize].line;
        let at = branches.partition_point(|branch| began(branch) <= line);
        let branch = &self.branches[branches[at.saturating_sub(1)] as usize];
        let at = branch.epochs.partition_point(|epoch| self.epochs[*epoch as usize].line <= line);
        let mut seen = self.epochs[branch.epochs[at.saturating_sub(1)] as usize].seen.clone();
        let lanes = match object {
            Some(object) => branch.lanes.get(&object).into_iter().collect(),
            None => branch.lanes.values().collect::<Vec<_>>(),
        };
        for lane in lanes {
            let ops = &self.lanes[*lane as usize].ops;
            let count = ops.partition_point(|op| self.ops[*op as usize].line <= line) as u32;
            if count > seen.counts.get(*lane) {
                seen.counts.set(*lane, count);
            }
        }
        seen
    }

    /// What a replica did after one line and before another, on one object where one is named, in
    /// the order of the file.
    pub fn own_between(
        &self,
        replica: u32,
        object: Option<u32>,
        (after, until): (u32, u32),
    ) -> Vec<OpId> {
        let mut own = Vec::new();
        for branch in &self.replicas[replica as usize].branches {
            for (of, lane) in &self.branches[*branch as usize].lanes {
                if object.is_some_and(|object| object != *of) {
                    continue;
                }
                let ops = &self.lanes[*lane as usize].ops;
                let from = ops.partition_point(|op| self.ops[*op as usize].line <= after);
                let to = ops.partition_point(|op| self.ops[*op as usize].line < until);
                own.extend(&ops[from..to.max(from)]);
            }
        }
        own.sort_unstable();
        own
    }

    /// The epochs of a replica that began after one line and before another, each with the one
    /// before it in its branch, in the order of the file; of many, the last.
    pub fn epochs_between(
        &self,
        replica: u32,
        (after, until): (u32, u32),
        most: usize,
    ) -> Vec<(u32, Option<u32>)> {
        let mut found = Vec::new();
        for branch in self.replicas[replica as usize].branches.iter().rev() {
            let epochs = &self.branches[*branch as usize].epochs;
            let line = |epoch: &u32| self.epochs[*epoch as usize].line;
            let from = epochs.partition_point(|epoch| line(epoch) <= after);
            let to = epochs.partition_point(|epoch| line(epoch) < until);
            for at in (from..to.max(from)).rev().take(most - found.len()) {
                found.push((epochs[at], at.checked_sub(1).map(|at| epochs[at])));
            }
        }
        found.reverse();
        found
    }

    /// What an epoch's reception brought, of one object where one is named.
    pub fn brought(&self, epoch: u32, before: u32, object: Option<u32>) -> Vec<OpId> {
        let [before, after] = [before, epoch].map(|epoch| &self.epochs[epoch as usize]);
        let mut ops = self.differing(&before.seen, &after.seen);
        // The replica's own operations since then are in the set, but nobody brought them.
        ops.retain(|op| {
            let of = &self.ops[*op as usize];
            object.is_none_or(|object| self.object_of(*op) == object)
                && (of.line > after.line || !self.is_own(epoch, of.branch))
        });
        ops
    }

    /// For each branch that decided a key, how many of its decisions are in a set.
    pub fn counted(&self, key: u32, seen: &Seen) -> Vec<(u32, u32)> {
        let of = &self.keys[key as usize];
        let count = |chain: &Chain| match seen.is_regular() {
            true => {
                let count = seen.count(chain.lane);
                chain.positions.partition_point(|position| *position <= count)
            }
            false => chain.ops.iter().filter(|op| self.contains(seen, **op)).count(),
        };
        of.branches
            .iter()
            .zip(&of.chains)
            .map(|(branch, chain)| (*branch, count(chain) as u32))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Whether an epoch is of a branch.
    fn is_own(&self, epoch: u32, branch: u32) -> bool {
        self.branches[branch as usize].epochs.binary_search(&epoch).is_ok()
    }
}
