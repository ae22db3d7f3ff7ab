//! Sets of operations: what a replica has seen, and what a message holds.
//!
//! Equal sets are equal data, so that they are compared and joined along what their trees do not
//! share.

use super::{History, How, OpId};
use crate::past::tree::Tree;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A set of operations.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// For each lane, how many of its first operations are in the set.
    pub(super) counts: Tree<u32>,
    /// The operations in the set beyond those, as bits.
    pub(super) beyond: Tree<u64>,
    /// How many those are.
    gaps: u32,
    /// How many operations are in the set.
    pub size: u64,
    /// `counts` laid out flat, where many keys are to be asked for.
    flat: Option<Rc<Vec<u32>>>,
}

impl Seen {
    /// How many of a lane's first operations are in the set.
    pub fn count(&self, lane: u32) -> u32 {
        match &self.flat {
            Some(flat) => flat.get(lane as usize).copied().unwrap_or(0),
            None => self.counts.get(lane),
        }
    }

    /// The same set, quicker to ask. Cost: O(lanes).
    pub fn laid_flat(&self) -> Self {
        let mut flat = Vec::new();
        self.counts.for_each(&mut |lane, count| {
            flat.resize(lane as usize, 0);
            flat.push(count);
        });
        Self { flat: Some(Rc::new(flat)), ..self.clone() }
    }

    /// Adds the operation of the replica whose set this is, the next one of its lane.
    pub(super) fn push(&mut self, lane: u32, position: u32) {
        self.counts.set(lane, position);
        self.size += 1;
    }

    /// Whether the set is a prefix of each lane.
    pub fn is_regular(&self) -> bool {
        self.beyond.is_empty()
    }
}

/// What a message holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// All of a set.
    All(Seen),
    /// All of a set that messages hold together, which their sender need not have seen.
    Relayed(Seen),
    /// What is in a set of these objects.
    Objects(Seen, Box<[u32]>),
    /// What is in the first set and not in the second.
    Less(Box<(Seen, Seen)>),
    /// Exactly these, in the order of the file.
    Listed(Box<[OpId]>),
}

impl History {
    /// Whether a set holds an operation.
    pub fn contains(&self, seen: &Seen, op: OpId) -> bool {
        let operation = &self.ops[op as usize];
        seen.count(operation.lane) >= operation.position
            || (!seen.beyond.is_empty() && seen.beyond.get(op / 64) & (1 << (op % 64)) != 0)
    }

    /// Whether a message with this content brings an operation.
    pub fn holds(&self, content: &Content, op: OpId) -> bool {
        match content {
            Content::All(seen) | Content::Relayed(seen) => self.contains(seen, op),
            Content::Objects(seen, objects) => {
                objects.binary_search(&self.object_of(op)).is_ok() && self.contains(seen, op)
            }
            Content::Less(sets) => self.contains(&sets.0, op) && !self.contains(&sets.1, op),
            Content::Listed(ops) => ops.binary_search(&op).is_ok(),
        }
    }

    /// The operations of a set, in no particular order; only of one object where one is named.
    pub fn members(&self, seen: &Seen, object: Option<u32>) -> Vec<OpId> {
        let mut members = Vec::new();
        match object {
            Some(object) => {
                for lane in &self.objects[object as usize].lanes {
                    let count = seen.counts.get(*lane) as usize;
                    members.extend(&self.lanes[*lane as usize].ops[..count]);
                }
                self.charge(self.objects[object as usize].lanes.len() as u64);
            }
            None => seen.counts.for_each(&mut |lane, count| {
                members.extend(&self.lanes[lane as usize].ops[..count as usize]);
            }),
        }
        members.extend(self.beyond(seen, object));
        self.charge(members.len() as u64);
        members
    }

    /// The operations of a set that lie beyond its prefixes, in the order of the file.
    pub fn beyond(&self, seen: &Seen, object: Option<u32>) -> Vec<OpId> {
        let mut members = Vec::new();
        seen.beyond.for_each(&mut |word, mask| {
            let of = |op: &OpId| object.is_none_or(|object| self.object_of(*op) == object);
            members.extend(bits(word, mask).filter(of));
        });
        members
    }

    /// Calls `visit(lane, count)` for each lane of which operations are in the set, of one object
    /// where one is named.
    pub fn for_each_prefix(
        &self,
        seen: &Seen,
        object: Option<u32>,
        visit: &mut impl FnMut(&Self, u32, u32),
    ) {
        let mut work = 0;
        match object {
            Some(object) => {
                for lane in &self.objects[object as usize].lanes {
                    work += 1;
                    match seen.counts.get(*lane) {
                        0 => {}
                        count => visit(self, *lane, count),
                    }
                }
            }
            None => seen.counts.for_each(&mut |lane, count| {
                work += 1;
                visit(self, lane, count);
            }),
        }
        self.charge(work);
    }

    /// The set of the first so many operations of each of some lanes.
    pub fn prefixes(&self, lanes: impl Iterator<Item = (u32, u32)>) -> Seen {
        let mut seen = Seen::default();
        for (lane, count) in lanes.filter(|(_, count)| *count > 0) {
            seen.counts.set(lane, count);
            seen.size += u64::from(count);
        }
        seen
    }

    /// What some messages hold together.
    pub fn held(&self, contents: &[&Content]) -> Seen {
        let mut held = Seen::default();
        contents.iter().for_each(|content| self.add(&mut held, content));
        held
    }

    /// What either of two sets holds.
    pub fn union(&self, a: &Seen, b: &Seen) -> Seen {
        let mut union = a.clone();
        self.add(&mut union, &Content::All(b.clone()));
        union
    }

    /// A set less what messages hold.
    pub fn less(&self, seen: &Seen, messages: &[&Content]) -> Content {
        Content::Less(Box::new((seen.clone(), self.held(messages))))
    }

    fn add(&self, seen: &mut Seen, what: &Content) {
        // The lanes of which a longer prefix came, and what came beyond prefixes.
        let (mut raised, mut ops) = (Vec::new(), Vec::new());
        match what {
            Content::All(other) | Content::Relayed(other) => {
                let mut work = 1;
                seen.counts.differences(&other.counts, &mut |lane, here, there| {
                    if there > here {
                        raised.push((lane, here, there));
                    }
                    work += 1;
                    true
                });
                self.charge(work);
                seen.counts.join(&other.counts);
                ops = new_beyond(seen, other);
            }
            Content::Objects(other, objects) => {
                for object in objects {
                    for lane in &self.objects[*object as usize].lanes {
                        self.charge(1);
                        let (here, there) = (seen.counts.get(*lane), other.counts.get(*lane));
                        if there > here {
                            seen.counts.set(*lane, there);
                            raised.push((*lane, here, there));
                        }
                    }
                }
                ops = new_beyond(seen, other);
                ops.retain(|op| objects.binary_search(&self.object_of(*op)).is_ok());
            }
            Content::Less(sets) => ops = self.difference(&sets.0, &sets.1),
            Content::Listed(listed) => ops.extend(listed),
        }
        for (lane, here, there) in raised {
            seen.size += u64::from(there - here);
            if seen.gaps == 0 {
                continue;
            }
            // What lay beyond the prefix is in it now.
            for op in &self.lanes[lane as usize].ops[here as usize..there as usize] {
                let known = seen.beyond.get(op / 64);
                if known & bit(*op) != 0 {
                    seen.beyond.set(op / 64, known & !bit(*op));
                    seen.gaps -= 1;
                    seen.size -= 1;
                }
            }
            self.charge(u64::from(there - here));
            self.absorb(seen, lane);
        }
        for op in ops {
            self.charge(1);
            if self.contains(seen, op) {
                continue;
            }
            // To keep a bit costs more than a look, and so the steps bound the memory too.
            self.charge(15);
            seen.size += 1;
            let operation = self.ops[op as usize];
            if seen.counts.get(operation.lane) + 1 == operation.position {
                seen.counts.set(operation.lane, operation.position);
                self.absorb(seen, operation.lane);
            } else {
                seen.beyond.set(op / 64, seen.beyond.get(op / 64) | bit(op));
                seen.gaps += 1;
            }
        }
        if seen.gaps == 0 {
            seen.beyond = Tree::default();
        }
    }

    /// Moves into a lane's prefix what has come to follow it: so equal sets are equal data.
    fn absorb(&self, seen: &mut Seen, lane: u32) {
        if seen.gaps == 0 {
            return;
        }
        let first = seen.counts.get(lane);
        let mut count = first;
        while let Some(op) = self.lanes[lane as usize].ops.get(count as usize) {
            let known = seen.beyond.get(op / 64);
            if known & bit(*op) == 0 {
                break;
            }
            seen.beyond.set(op / 64, known & !bit(*op));
            seen.gaps -= 1;
            count += 1;
        }
        if count > first {
            seen.counts.set(lane, count);
        }
        self.charge(u64::from(count - first) + 1);
    }

    /// What is in the first set and not in the second, in the order of the file.
    fn difference(&self, seen: &Seen, known: &Seen) -> Vec<OpId> {
        let mut ops = self.beyond(seen, None);
        known.counts.differences(&seen.counts, &mut |lane, there, here| {
            if here > there {
                let lane = &self.lanes[lane as usize];
                ops.extend(&lane.ops[there as usize..here as usize]);
            }
            true
        });
        self.charge(ops.len() as u64);
        ops.retain(|op| !self.contains(known, *op));
        ops.sort_unstable();
        ops
    }

    /// Whether two sets hold the same operations, of one object where one is named.
    pub fn same(&self, a: &Seen, b: &Seen, object: Option<u32>) -> bool {
        let mut same = true;
        let mut work = 1;
        a.counts.differences(&b.counts, &mut |lane, _, _| {
            work += 1;
            same = object.is_some_and(|object| self.lanes[lane as usize].object != object);
            same
        });
        a.beyond.differences(&b.beyond, &mut |word, here, there| {
            work += 1;
            let mut mask = here ^ there;
            while same && mask != 0 {
                let op = word * 64 + mask.trailing_zeros();
                mask &= mask - 1;
                same = object.is_some_and(|object| self.object_of(op) != object);
            }
            same
        });
        self.charge(work);
        same
    }

    /// What is in the second set and not in the first, where both are regular: by object, the
    /// lanes of which the prefix is longer, and both lengths.
    pub fn added(&self, before: &Seen, after: &Seen) -> BTreeMap<u32, Vec<(u32, u32, u32)>> {
        let mut added = BTreeMap::<u32, Vec<_>>::new();
        let mut work = 1;
        before.counts.differences(&after.counts, &mut |lane, here, there| {
            work += 1;
            added.entry(self.lanes[lane as usize].object).or_default().push((lane, here, there));
            true
        });
        self.charge(work);
        added
    }

    /// Adds to what a replica has seen; says whether that was anything new.
    pub fn learn(&mut self, replica: u32, what: &Content, line: u32, how: How) -> bool {
        self.selective |=
            matches!(what, Content::Relayed(_) | Content::Less(..) | Content::Listed(_));
        let mut seen = self.replicas[replica as usize].seen.clone();
        self.add(&mut seen, what);
        let before = std::mem::replace(&mut self.replicas[replica as usize].seen, seen);
        if self.replicas[replica as usize].seen.size == before.size {
            return false;
        }
        self.irregular |= self.replicas[replica as usize].seen.gaps > 0;
        self.recount_own(replica, &before);
        self.begin_epoch(replica, line, how);
        true
    }

    /// Sets a replica back; what it then does is on a new branch.
    pub fn restore(&mut self, replica: u32, seen: Seen, line: u32, snapshot: u32) {
        let before = std::mem::replace(&mut self.replicas[replica as usize].seen, seen);
        self.begin_branch(replica, line, How::Restored(snapshot));
        self.recount_own(replica, &before);
    }

    /// A replica that was never restored has seen all its own operations; another has to count
    /// those that it gained or lost.
    fn recount_own(&mut self, replica: u32, before: &Seen) {
        let of = &self.replicas[replica as usize];
        if of.branches.len() == 1 {
            return;
        }
        let (mut own, mut work) = (of.own, 1);
        before.counts.differences(&of.seen.counts, &mut |lane, was, is| {
            if self.branches[self.lanes[lane as usize].branch as usize].replica == replica {
                own = own + is - was;
            }
            work += 1;
            true
        });
        before.beyond.differences(&of.seen.beyond, &mut |word, was, is| {
            let count =
                |mask| bits(word, mask).filter(|op| self.replica_of(*op) == replica).count();
            own = own + count(is) as u32 - count(was) as u32;
            work += 1;
            true
        });
        self.charge(work);
        self.replicas[replica as usize].own = own;
    }
}

fn bit(op: OpId) -> u64 {
    1 << (op % 64)
}

/// The operations that a word of bits stands for.
pub(super) fn bits(word: u32, mut mask: u64) -> impl Iterator<Item = OpId> {
    std::iter::from_fn(move || {
        let op = (mask != 0).then(|| word * 64 + mask.trailing_zeros());
        mask &= mask.wrapping_sub(1);
        op
    })
}

/// What lies beyond the other's prefixes and not yet beyond these, in the order of the file.
fn new_beyond(seen: &Seen, other: &Seen) -> Vec<OpId> {
    let mut ops = Vec::new();
    seen.beyond.differences(&other.beyond, &mut |word, here, there| {
        ops.extend(bits(word, there & !here));
        true
    });
    ops
}
