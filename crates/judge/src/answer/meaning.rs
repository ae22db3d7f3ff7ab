//! The definitions of section 3 and 4 of spec/trace-format.md, over what a replica has seen.
//!
//! Meaning: each function is one sentence of the specification about E, the operations of one
//! object in a set; E need not be closed under sees. `src/definition.rs` says the same with plain
//! sets; here the answers come from the ends of chains.
//!
//! How: what a replica has seen only grows within a branch, so of the decisions of one branch on
//! one key, the last sees most. What the others saw need not be looked at. Where E has gaps
//! ([`History::irregular`]) that fails for additions, and all of them are looked at.
//!
//! Cost: a key O(branches that decided it · log), where no delivery left a gap.

use crate::past::history::{Chain, Effect, History, Link, NONE, OpId, Seen};
use rejoin::object::TraceType;
use std::collections::BTreeMap;

impl History {
    /// Counters: the sum of the amounts, those of decrements below 0.
    pub fn count(&self, object: u32, seen: &Seen) -> i128 {
        let mut sum = 0;
        self.for_each_prefix(seen, Some(object), &mut |history, lane, count| {
            sum += history.lanes[lane as usize].totals[count as usize - 1];
        });
        for op in self.beyond(seen, Some(object)) {
            match self.ops[op as usize].effect {
                Effect::Increment(amount) => sum += i128::from(amount),
                Effect::Decrement(amount) => sum -= i128::from(amount),
                _ => {}
            }
        }
        sum
    }

    /// Max- and min-register: the greatest, or the least, integer written.
    pub fn extreme(&self, object: u32, seen: &Seen) -> Option<i128> {
        let is_max = self.objects[object as usize].kind == TraceType::MaxRegister;
        let mut extreme: Option<i128> = None;
        let mut consider = |integer: i128| {
            let is_better = extreme.is_none_or(|extreme| (integer > extreme) == is_max);
            extreme = if is_better { Some(integer) } else { extreme };
        };
        self.for_each_prefix(seen, Some(object), &mut |history, lane, count| {
            consider(history.lanes[lane as usize].totals[count as usize - 1]);
        });
        for op in self.beyond(seen, Some(object)) {
            consider(self.ops[op as usize].effect.integer());
        }
        extreme
    }

    /// Vector: how many operations of each replica, of one object where one is named.
    pub fn counts(&self, seen: &Seen, object: Option<u32>) -> BTreeMap<u32, u64> {
        let mut counts = BTreeMap::new();
        self.for_each_prefix(seen, object, &mut |history, lane, count| {
            let branch = history.lanes[lane as usize].branch;
            let replica = history.branches[branch as usize].replica;
            *counts.entry(replica).or_default() += u64::from(count);
        });
        for op in self.beyond(seen, object) {
            *counts.entry(self.replica_of(op)).or_default() += 1;
        }
        counts
    }

    /// The place in a chain of the last operation that is in the set.
    fn last_seen(&self, chain: &Chain, seen: &Seen) -> Option<usize> {
        let count = seen.count(chain.lane);
        let last = chain.ops.len() - 1;
        if count >= chain.end.position {
            return Some(last);
        }
        if !seen.is_regular() {
            return (0..=last).rev().find(|i| self.contains(seen, chain.ops[*i]));
        }
        chain.positions.partition_point(|position| *position <= count).checked_sub(1)
    }

    /// The maximal decisions on a key: those that no other decision on it saw.
    pub fn maximal(&self, key: u32, seen: &Seen) -> Vec<OpId> {
        let of = &self.keys[key as usize];
        let last: Vec<OpId> = of
            .chains
            .iter()
            .filter_map(|chain| self.last_seen(chain, seen).map(|i| chain.ops[i]))
            .collect();
        self.charge(of.chains.len() as u64);
        self.unseen_by(last.clone(), &last)
    }

    /// Those of some operations that none of others saw.
    fn unseen_by(&self, mut ops: Vec<OpId>, others: &[OpId]) -> Vec<OpId> {
        const FEW: usize = 8;
        if others.len() <= FEW {
            self.charge((ops.len() * others.len()) as u64);
            ops.retain(|op| !others.iter().any(|other| self.sees(*other, *op)));
        } else {
            let past = self.past(others);
            self.charge(ops.len() as u64);
            ops.retain(|op| !self.in_past(&past, *op));
        }
        ops
    }

    /// Register or map key: the greatest write by (timestamp, origin, seq, canonical bytes).
    pub fn winner(&self, key: u32, seen: &Seen) -> Option<OpId> {
        let of = &self.keys[key as usize];
        let mut work = of.chains.len();
        let mut winner: Option<(OpId, u64)> = None;
        let mut consider = |op: OpId, timestamp: u64| {
            let above = match winner {
                None => true,
                // Timestamps nearly always tell; equal ones have to be looked up.
                Some((best, greatest)) if timestamp == greatest => self.is_above(op, best),
                Some((_, greatest)) => timestamp > greatest,
            };
            if above {
                winner = Some((op, timestamp));
            }
        };
        for chain in &of.chains {
            if seen.is_regular() {
                if let Some(i) = self.last_seen(chain, seen) {
                    let link = self.link_at(chain, i);
                    consider(link.mark, link.timestamp);
                }
            } else {
                work += chain.ops.len();
                for op in chain.ops.iter().filter(|op| self.contains(seen, **op)) {
                    consider(*op, self.stamp(*op).0.parts()[0]);
                }
            }
        }
        self.charge(work as u64);
        winner.map(|(op, _)| op)
    }

    /// Or-set: the additions of an element that no removal of it saw; where nothing is
    /// irregular at most one of a branch, and one exactly if the branch has any.
    pub fn live(&self, key: u32, seen: &Seen) -> Vec<OpId> {
        self.unanswered(key, seen, Effect::Added)
    }

    /// The additions of an element that no removal of it saw, or the removals that no addition
    /// saw; of each branch as in [`History::live`].
    pub fn unanswered(&self, key: u32, seen: &Seen, of_effect: Effect) -> Vec<OpId> {
        let of = &self.keys[key as usize];
        let (mut adds, mut removes) = (Vec::new(), Vec::new());
        let mut work = of.chains.len();
        for chain in &of.chains {
            let Some(last) = self.last_seen(chain, seen) else { continue };
            if self.irregular {
                work += last;
                let held = chain.ops[..=last].iter().copied().filter(|op| self.contains(seen, *op));
                let (added, removed): (Vec<_>, Vec<_>) =
                    held.partition(|op| self.ops[*op as usize].effect == of_effect);
                adds.extend(added);
                removes.extend(removed.last());
            } else {
                let link = self.link_at(chain, last);
                // The one is an addition, the other a removal; a branch's own removal saw all
                // additions before it.
                let Link { op, mark, added, .. } = link;
                if added == (of_effect == Effect::Added) {
                    adds.push(op);
                    removes.extend((mark != NONE).then_some(mark));
                } else {
                    removes.push(op);
                }
            }
        }
        self.charge(work as u64);
        self.unseen_by(adds, &removes)
    }

    /// Whether an operation with this effect, an addition or a removal, is on the key.
    fn has_effect(&self, key: u32, seen: &Seen, effect: Effect) -> bool {
        let of = &self.keys[key as usize];
        self.charge(of.chains.len() as u64);
        of.chains.iter().any(|chain| {
            let Some(last) = self.last_seen(chain, seen) else { return false };
            if !self.irregular {
                let Link { mark, added, .. } = self.link_at(chain, last);
                return added == (effect == Effect::Added) || mark != NONE;
            }
            self.charge(last as u64);
            let is_it = |op: &OpId| self.ops[*op as usize].effect == effect;
            chain.ops[..=last].iter().any(|op| is_it(op) && self.contains(seen, *op))
        })
    }

    /// Sets, lists and flags: whether the element is in, or the flag enabled.
    pub fn has(&self, object: u32, key: u32, seen: &Seen) -> bool {
        let any = |effect| self.has_effect(key, seen, effect);
        match self.objects[object as usize].kind {
            TraceType::GSet => any(Effect::Added),
            TraceType::TwoPhaseSet | TraceType::List => any(Effect::Added) && !any(Effect::Removed),
            TraceType::RwSet | TraceType::DwFlag => {
                any(Effect::Added) && self.unanswered(key, seen, Effect::Removed).is_empty()
            }
            _ => !self.live(key, seen).is_empty(),
        }
    }

    /// Mv-register and each key of an mv-map: the values of the writes that no other saw, without
    /// tombstones (`null`), each once, in the order of their texts.
    pub fn siblings(&self, key: u32, seen: &Seen) -> Vec<&str> {
        let maximal = self.maximal(key, seen);
        let mut values: Vec<&str> = maximal.into_iter().map(|op| self.stamp(op).3).collect();
        values.retain(|value| *value != "null");
        values.sort_unstable();
        values.dedup();
        values
    }

    /// All additions of an element that no removal of it saw.
    pub fn all_live(&self, key: u32, seen: &Seen) -> Vec<OpId> {
        let last = self.live(key, seen);
        if self.irregular || last.is_empty() {
            return last;
        }
        // A branch's earlier additions are live as well, back to the last one that a removal saw.
        let of = &self.keys[key as usize];
        let removes: Vec<OpId> = of
            .chains
            .iter()
            .filter_map(|chain| {
                let last = self.last_seen(chain, seen)?;
                [chain.ops[last], chain.marks[last]]
                    .into_iter()
                    .find(|op| *op != NONE && self.ops[*op as usize].effect == Effect::Removed)
            })
            .collect();
        let past = self.past(&removes);
        let of = &self.keys[key as usize];
        let mut live = Vec::new();
        let mut work = 0;
        for chain in &of.chains {
            let Some(last) = self.last_seen(chain, seen) else { continue };
            for op in chain.ops[..=last].iter().rev() {
                work += 1;
                if self.ops[*op as usize].effect != Effect::Added || self.in_past(&past, *op) {
                    break;
                }
                live.push(*op);
            }
        }
        self.charge(work as u64);
        live
    }

    /// The current effect of a key and its maximal decisions; `None` where nobody decided it.
    pub fn decision(&self, object: u32, key: u32, seen: &Seen) -> Option<(Effect, Vec<OpId>)> {
        let maximal = self.maximal(key, seen);
        if maximal.is_empty() {
            return None;
        }
        let kind = self.objects[object as usize].kind;
        let current = if matches!(kind, TraceType::LwwRegister | TraceType::LwwMap) {
            let winner = self.winner(key, seen)?;
            self.ops[winner as usize].effect
        } else if self.has(object, key, seen) {
            Effect::Added
        } else {
            Effect::Removed
        };
        Some((current, maximal))
    }

    /// Whether two operations have the same effect: the same value, whenever it was written.
    pub fn same_effect(a: Effect, b: Effect) -> bool {
        match (a, b) {
            (Effect::Wrote { value: a, .. }, Effect::Wrote { value: b, .. }) => a == b,
            (a, b) => a == b,
        }
    }

    /// Log: the entries in order.
    pub fn entries(&self, object: u32, seen: &Seen) -> Vec<OpId> {
        let mut entries = self.members(seen, Some(object));
        // What one branch appended is mostly in order already, which this sort makes use of.
        entries.sort_by(|a, b| self.stamp(*a).cmp(&self.stamp(*b)));
        self.charge(4 * entries.len() as u64);
        entries
    }
}
