//! What of an object can be right or wrong by itself, and what a replica had seen of it.

use super::acts::Act;
use super::differences::Found;
use crate::past::Past;
use crate::past::history::{Effect, How, NONE, OpId, Seen};
use hashbrown::HashMap;
use rejoin::object::TraceType;
use std::collections::BTreeMap;

/// What can be right or wrong by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The object as one, as a counter is.
    Whole,
    /// An element, a key, a register or a flag, by its number.
    Key(u32),
    /// The entries of a log that are equal, by the number of their value.
    Entry(u32),
}

impl Thing {
    /// What an operation is on.
    pub fn of(past: &Past, op: OpId) -> Self {
        let of = &past.history.ops[op as usize];
        let kind = past.history.objects[past.history.object_of(op) as usize].kind;
        match (of.key, of.effect) {
            (NONE, Effect::Wrote { value, .. }) if kind == TraceType::Log => Self::Entry(value),
            (NONE, _) => Self::Whole,
            (key, _) => Self::Key(key),
        }
    }

    /// What an answer differs in.
    pub fn found(past: &Past, object: Option<u32>, found: &Found) -> Self {
        let is_log = object
            .is_some_and(|object| past.history.objects[object as usize].kind == TraceType::Log);
        match (found.key, is_log) {
            (Some(key), _) => Self::Key(key),
            (None, true) if found.beside.is_some() => {
                found.op.map_or(Self::Whole, |op| Self::of(past, op))
            }
            (None, true) => past.history.values.find(&found.what).map_or(Self::Whole, Self::Entry),
            (None, false) => Self::Whole,
        }
    }
}

/// The operations on an object that have no key of their own, by what they are on.
pub type Index = HashMap<Thing, Vec<OpId>>;

/// The entries of a log by their value; nothing of another object.
pub fn index(past: &Past, object: Option<u32>) -> Index {
    let mut index = Index::new();
    let Some(object) = object else { return index };
    let of = &past.history.objects[object as usize];
    if of.kind == TraceType::Log {
        for lane in &of.lanes {
            for op in &past.history.lanes[*lane as usize].ops {
                index.entry(Thing::of(past, *op)).or_default().push(*op);
            }
        }
    }
    index
}

/// What a set holds on a thing: for each origin how many operations, or how much they count.
pub type Known = BTreeMap<u32, i128>;

/// What a set holds on a thing. Cost: O(branches that operated on it · log); of log entries, equal ones.
pub fn known(past: &Past, object: Option<u32>, thing: Thing, index: &Index, seen: &Seen) -> Known {
    let history = &past.history;
    let mut known = Known::new();
    match (thing, object) {
        (Thing::Key(key), _) => {
            for (branch, count) in history.counted(key, seen) {
                *known.entry(history.branches[branch as usize].replica).or_default() +=
                    i128::from(count);
            }
        }
        (Thing::Entry(_), _) => {
            for op in index.get(&thing).into_iter().flatten() {
                if history.contains(seen, *op) {
                    *known.entry(history.replica_of(*op)).or_default() += 1;
                }
            }
        }
        (Thing::Whole, Some(object)) if is_counter(past, object) => {
            history.for_each_prefix(seen, Some(object), &mut |history, lane, count| {
                let lane = &history.lanes[lane as usize];
                let replica = history.branches[lane.branch as usize].replica;
                *known.entry(replica).or_default() += lane.totals[count as usize - 1];
            });
            for op in history.beyond(seen, Some(object)) {
                *known.entry(history.replica_of(op)).or_default() += amount(past, op);
            }
        }
        (Thing::Whole, _) => {
            for (replica, count) in history.counts(seen, object) {
                known.insert(replica, count.into());
            }
        }
    }
    known
}

/// Whether an object is a sum.
pub fn is_counter(past: &Past, object: u32) -> bool {
    let kind = past.history.objects[object as usize].kind;
    matches!(kind, TraceType::GCounter | TraceType::PnCounter)
}

/// What an operation counts; 0 of one that does not.
pub fn amount(past: &Past, op: OpId) -> i128 {
    match past.history.ops[op as usize].effect {
        Effect::Increment(amount) => amount.into(),
        Effect::Decrement(amount) => -i128::from(amount),
        _ => 0,
    }
}

/// The replica that something came from, and what it had seen when it gave it.
pub fn sender(past: &Past, act: &Act, object: Option<u32>) -> Option<(u32, Seen)> {
    let (from, line) = match act.how? {
        How::Received(message) => {
            let message = &past.messages[message as usize];
            (message.sender, message.line)
        }
        How::Merged(from) | How::Synced(from) => (from, act.line - 1),
        How::Start | How::Restored(_) => return None,
    };
    Some((from, past.history.seen_of(from, line, object)))
}
