//! What happened in a trace: every operation, and what its replica had seen.
//!
//! Meaning: section 3 of spec/trace-format.md speaks of sets of operations. [`Seen`] is such a
//! set, [`History`] holds the operations themselves.
//!
//! How: a replica's operations from one restore to the next form a *branch*. Those of one branch
//! on one object form a *lane*, in which they have positions 1, 2, 3…. What a replica has seen is,
//! but for odd deliveries, a prefix of each lane, so a set is a number per lane, kept in a
//! persistent [`Tree`]; what lies beyond a prefix is kept as a set of bits.
//!
//! Cost: an operation costs a constant, a reception O(what it brings · log), in memory too.

mod differing;
mod interner;
mod saw;
mod window;

pub use interner::Interner;

use super::tree::Tree;
use hashbrown::HashMap;
use rejoin::object::TraceType;
use rejoin_trace::Timestamp;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of an operation, in the order of the file from 0.
pub type OpId = u32;

/// One operation of an object that is not loaded.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The life of the replica that performed it.
    pub branch: u32,
    /// Its place in its branch, from 0.
    pub index: u32,
    /// The reception after which it was performed.
    pub epoch: u32,
    /// Its branch's operations on its object.
    pub lane: u32,
    /// Its place in its lane, from 1.
    pub position: u32,
    /// seq(e), from 1.
    pub seq: u32,
    /// The key that it decides ([`NONE`] for counters and logs).
    pub key: u32,
    /// Who decided it, or [`NONE`].
    pub user: u32,
    /// The line.
    pub line: u32,
    /// What it does.
    pub effect: Effect,
}

/// What an operation does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Counts more.
    Increment(u64),
    /// Counts less.
    Decrement(u64),
    /// Adds or inserts the element, or enables the flag.
    Added,
    /// Removes what it saw: of a set, a list or a flag.
    Removed,
    /// Does something to an opaque object, by this name among the values.
    Performed(u32),
    /// Writes or appends a value.
    Wrote {
        /// Which value.
        value: u32,
        /// When: the first part of the timestamp; 0 with own stamps.
        timestamp: u64,
        /// The other parts, by their number in the history; 0 where there are none.
        rest: u32,
    },
}

/// Stands for "no key", "no user".
pub const NONE: u32 = u32::MAX;

/// A set of operations.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// For each lane, how many of its first operations are in the set.
    counts: Tree<u32>,
    /// The operations in the set beyond those, as bits.
    beyond: Tree<u64>,
    /// How many those are.
    gaps: u32,
    /// How many operations are in the set.
    pub size: u64,
    /// `counts` laid out flat, where many keys are to be asked for.
    flat: Option<Rc<[u32]>>,
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
        Self { flat: Some(flat.into()), ..self.clone() }
    }

    /// Whether the set is a prefix of each lane.
    pub fn is_regular(&self) -> bool {
        self.beyond.is_empty()
    }
}

/// One life of a replica: from its start or a restore to the next restore.
#[derive(Debug)]
pub struct Branch {
    /// Whose.
    pub replica: u32,
    /// How many operations it performed.
    pub len: u32,
    /// Its receptions, in order.
    pub epochs: Vec<u32>,
    /// Its lanes, by object.
    lanes: HashMap<u32, u32>,
}

/// A time in which a replica received nothing new.
#[derive(Debug)]
pub struct Epoch {
    /// The line that began it.
    pub line: u32,
    /// What began it.
    pub how: How,
    /// What the replica had seen at its beginning.
    pub seen: Seen,
}

/// How a replica came to see what it had not seen.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// It had seen nothing.
    Start,
    /// It received this message.
    Received(u32),
    /// It merged from this replica.
    Merged(u32),
    /// It synchronized with this replica.
    Synced(u32),
    /// It was restored from this backup.
    Restored(u32),
}

/// A branch's operations on one object.
#[derive(Debug)]
pub struct Lane {
    /// Which branch.
    pub branch: u32,
    /// Which object.
    pub object: u32,
    /// In order.
    pub ops: Vec<OpId>,
    /// For a counter the total up to and including each operation; for a register of the greatest
    /// or the least integer, that of them.
    pub totals: Vec<i128>,
}

/// A branch's operations on one key.
#[derive(Debug)]
pub struct Chain {
    /// The lane that they are in.
    pub lane: u32,
    /// The last of them, which is the one asked for most.
    pub end: Link,
    /// In order.
    pub ops: smallvec::SmallVec<[u32; 2]>,
    /// Their positions in the lane.
    pub positions: smallvec::SmallVec<[u32; 2]>,
    /// For a register or a map: at each place, the greatest write up to there. For a set: the
    /// last operation of the other kind before there, or [`NONE`].
    pub marks: smallvec::SmallVec<[u32; 2]>,
}

/// One place in a chain.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The operation.
    pub op: OpId,
    /// Its position in the lane.
    pub position: u32,
    /// Its mark.
    pub mark: OpId,
    /// Whether it is an addition.
    pub added: bool,
    /// The timestamp of the mark, where that is a write.
    pub timestamp: u64,
}

/// A set's element, a map's key, or the register itself.
#[derive(Debug)]
pub struct Key {
    /// The element or key; empty for a register.
    pub name: Rc<str>,
    /// The branches that decided it.
    pub chains: Vec<Chain>,
    /// For each chain, its branch.
    pub branches: Vec<u32>,
}

/// What is known of an object.
#[derive(Debug)]
pub struct Object {
    /// Its name.
    pub name: Rc<str>,
    /// Its type.
    pub kind: TraceType,
    /// The lanes on it.
    pub lanes: Vec<u32>,
    /// Its keys, in the order of their first use.
    pub keys: Vec<u32>,
    by_name: HashMap<Rc<str>, u32>,
}

/// What is known of a replica.
#[derive(Debug)]
pub struct Replica {
    /// Its name.
    pub name: Rc<str>,
    /// Its place in the order of all names.
    pub rank: u32,
    /// Its incarnations; the last is the present one.
    pub branches: Vec<u32>,
    /// What it has seen.
    pub seen: Seen,
    /// How many operations of its own it has seen.
    pub own: u32,
}

/// Everything that happened so far.
#[derive(Debug, Default)]
pub struct History {
    /// The replicas, as declared.
    pub replicas: Vec<Replica>,
    /// The objects, as declared.
    pub objects: Vec<Object>,
    /// The operations, in the order of the file.
    pub ops: Vec<Operation>,
    /// The branches.
    pub branches: Vec<Branch>,
    /// The epochs of all branches.
    pub epochs: Vec<Epoch>,
    /// The lanes.
    pub lanes: Vec<Lane>,
    /// The keys of all objects.
    pub keys: Vec<Key>,
    /// The values written, as canonical JSON.
    pub values: Interner,
    /// The users.
    pub users: Interner,
    /// The parts of timestamps after the first, each kept once; the first is three zeros.
    rests: Vec<[u64; Timestamp::PARTS - 1]>,
    rest_numbers: HashMap<[u64; Timestamp::PARTS - 1], u32>,
    /// Whether a replica ever saw an operation without those before it in its lane.
    pub irregular: bool,
    /// Whether a message ever brought single operations, so that what is seen need not be closed.
    pub selective: bool,
    /// Elementary steps taken, so that judging can be bounded. A question counts as well.
    work: Cell<u64>,
}

impl History {
    /// A history in which nothing has happened. The names of the replicas are distinct.
    pub fn new(replicas: &[Rc<str>], objects: &[(Rc<str>, TraceType)]) -> Self {
        let mut history = Self::default();
        let mut order: Vec<usize> = (0..replicas.len()).collect();
        order.sort_unstable_by_key(|i| &replicas[*i]);
        let mut ranks = vec![0; replicas.len()];
        order.iter().enumerate().for_each(|(rank, i)| ranks[*i] = rank as u32);
        for (name, rank) in replicas.iter().zip(ranks) {
            let replica = history.replicas.len() as u32;
            let (name, seen) = (name.clone(), Seen::default());
            history.replicas.push(Replica { name, rank, branches: Vec::new(), seen, own: 0 });
            history.begin_branch(replica, 1, How::Start);
        }
        history.objects = objects
            .iter()
            .map(|(name, kind)| Object {
                name: name.clone(),
                kind: *kind,
                lanes: Vec::new(),
                keys: Vec::new(),
                by_name: HashMap::new(),
            })
            .collect();
        history
    }

    /// Counts elementary steps.
    pub fn charge(&self, steps: u64) {
        self.work.set(self.work.get().saturating_add(steps));
    }

    /// The elementary steps taken so far.
    pub fn work(&self) -> u64 {
        self.work.get()
    }

    fn begin_branch(&mut self, replica: u32, line: u32, how: How) {
        let branch = self.branches.len() as u32;
        self.branches.push(Branch { replica, len: 0, epochs: Vec::new(), lanes: HashMap::new() });
        self.replicas[replica as usize].branches.push(branch);
        self.begin_epoch(replica, line, how);
    }

    fn begin_epoch(&mut self, replica: u32, line: u32, how: How) {
        let epoch = self.epochs.len() as u32;
        let of = &self.replicas[replica as usize];
        self.epochs.push(Epoch { line, how, seen: of.seen.clone() });
        let branch = of.branches[of.branches.len() - 1];
        self.branches[branch as usize].epochs.push(epoch);
    }

    /// The present branch of a replica.
    pub fn branch_of(&self, replica: u32) -> u32 {
        let branches = &self.replicas[replica as usize].branches;
        branches[branches.len() - 1]
    }

    /// What a replica has seen.
    pub fn seen(&self, replica: u32) -> &Seen {
        &self.replicas[replica as usize].seen
    }

    /// The replica that performed an operation.
    pub fn replica_of(&self, op: OpId) -> u32 {
        self.branches[self.ops[op as usize].branch as usize].replica
    }

    /// The object of an operation.
    pub fn object_of(&self, op: OpId) -> u32 {
        self.lanes[self.ops[op as usize].lane as usize].object
    }

    /// The number of a key of an object, if it was ever used.
    pub fn find_key(&self, object: u32, name: &str) -> Option<u32> {
        self.objects[object as usize].by_name.get(name).copied()
    }

    fn key(&mut self, object: u32, name: &str) -> u32 {
        let of = &mut self.objects[object as usize];
        if let Some(key) = of.by_name.get(name) {
            return *key;
        }
        let (key, name) = (self.keys.len() as u32, Rc::<str>::from(name));
        of.by_name.insert(name.clone(), key);
        of.keys.push(key);
        self.keys.push(Key { name, chains: Vec::new(), branches: Vec::new() });
        key
    }

    /// A replica performs an operation on an object, on a key where the type has keys.
    pub fn perform(
        &mut self,
        replica: u32,
        object: u32,
        key: Option<&str>,
        effect: Effect,
        user: u32,
        line: u32,
    ) -> OpId {
        let id = self.ops.len() as OpId;
        let key = key.map_or(NONE, |name| self.key(object, name));
        let branch_id = self.branch_of(replica);
        let branch = &mut self.branches[branch_id as usize];
        let next_lane = self.lanes.len() as u32;
        let lane_id = *branch.lanes.entry(object).or_insert(next_lane);
        if lane_id == next_lane {
            let (ops, totals) = (Vec::new(), Vec::new());
            self.lanes.push(Lane { branch: branch_id, object, ops, totals });
            self.objects[object as usize].lanes.push(lane_id);
        }
        let lane = &mut self.lanes[lane_id as usize];
        lane.ops.push(id);
        let total = match (effect, lane.totals.last().copied()) {
            (Effect::Increment(amount), total) => Some(total.unwrap_or(0) + i128::from(amount)),
            (Effect::Decrement(amount), total) => Some(total.unwrap_or(0) - i128::from(amount)),
            (Effect::Wrote { value, .. }, before) => {
                let value = || integer(self.values.text(value));
                match self.objects[object as usize].kind {
                    TraceType::MaxRegister => Some(value().max(before.unwrap_or(i128::MIN))),
                    TraceType::MinRegister => Some(value().min(before.unwrap_or(i128::MAX))),
                    _ => None,
                }
            }
            _ => None,
        };
        lane.totals.extend(total);
        let position = lane.ops.len() as u32;
        let index = branch.len;
        branch.len += 1;
        let of = &mut self.replicas[replica as usize];
        of.own += 1;
        of.seen.counts.set(lane_id, position);
        of.seen.size += 1;
        self.ops.push(Operation {
            branch: branch_id,
            index,
            epoch: branch.epochs[branch.epochs.len() - 1],
            lane: lane_id,
            position,
            seq: of.own,
            key,
            user,
            line,
            effect,
        });
        if key != NONE {
            self.link(key, branch_id, id);
        }
        id
    }

    /// Appends an operation to its key's chain.
    fn link(&mut self, key: u32, branch: u32, op: OpId) {
        let of = &self.keys[key as usize];
        // Few branches decide one key, and the one that did so last is the likeliest to go on.
        let at = of.branches.iter().rposition(|b| *b == branch);
        self.charge((of.branches.len() - at.unwrap_or(0)) as u64);
        let before = at.map(|at| of.chains[at].end);
        let Operation { lane, position, effect, .. } = self.ops[op as usize];
        let (mark, timestamp) = match (effect, before) {
            (Effect::Wrote { .. }, Some(end)) if self.is_above(end.mark, op) => {
                (end.mark, end.timestamp)
            }
            (Effect::Wrote { timestamp, .. }, _) => (op, timestamp),
            (_, None) => (NONE, 0),
            (effect, Some(end)) if end.added == (effect == Effect::Added) => (end.mark, 0),
            (_, Some(end)) => (end.op, 0),
        };
        let end = Link { op, position, mark, added: effect == Effect::Added, timestamp };
        let of = &mut self.keys[key as usize];
        let at = at.unwrap_or_else(|| {
            // Most keys are decided in one branch; a vector would make room for four.
            if of.chains.is_empty() {
                of.branches.reserve_exact(1);
                of.chains.reserve_exact(1);
            }
            of.branches.push(branch);
            let (ops, positions, marks) = Default::default();
            of.chains.push(Chain { lane, end, ops, positions, marks });
            of.chains.len() - 1
        });
        let chain = &mut of.chains[at];
        chain.end = end;
        chain.ops.push(op);
        chain.positions.push(position);
        chain.marks.push(mark);
    }

    /// The place of a chain with this number.
    pub fn link_at(&self, chain: &Chain, at: usize) -> Link {
        if at + 1 == chain.ops.len() {
            return chain.end;
        }
        let (op, position, mark) = (chain.ops[at], chain.positions[at], chain.marks[at]);
        let added = self.ops[op as usize].effect == Effect::Added;
        let timestamp = match self.ops.get(mark as usize).map(|mark| mark.effect) {
            Some(Effect::Wrote { timestamp, .. }) => timestamp,
            _ => 0,
        };
        Link { op, position, mark, added, timestamp }
    }

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

    /// The integer that was written to a register of the greatest or the least.
    pub fn integer(&self, op: OpId) -> i128 {
        match self.ops[op as usize].effect {
            Effect::Wrote { value, .. } => integer(self.values.text(value)),
            _ => 0,
        }
    }

    /// The insert of an element of a list, if there was one.
    pub fn insert_of(&self, object: u32, element: &str) -> Option<OpId> {
        let key = self.find_key(object, element)?;
        self.keys[key as usize].chains.first()?.ops.first().copied()
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

    /// Whether operation `e`'s replica had seen operation `f` just before it performed `e`.
    pub fn sees(&self, e: OpId, f: OpId) -> bool {
        let (by, of) = (&self.ops[e as usize], &self.ops[f as usize]);
        if by.branch == of.branch {
            of.index < by.index
        } else {
            self.contains(&self.epochs[by.epoch as usize].seen, f)
        }
    }

    /// Whether a set holds an operation.
    pub fn contains(&self, seen: &Seen, op: OpId) -> bool {
        let operation = &self.ops[op as usize];
        seen.count(operation.lane) >= operation.position
            || (!seen.beyond.is_empty() && seen.beyond.get(op / 64) & (1 << (op % 64)) != 0)
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
            Content::Less(other, known) => ops = self.difference(other, known),
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

    /// The first epoch of a branch that begins with an operation of another branch seen.
    pub fn learned(&self, branch: u32, op: OpId) -> Option<u32> {
        let epochs = &self.branches[branch as usize].epochs;
        let at =
            epochs.partition_point(|epoch| !self.contains(&self.epochs[*epoch as usize].seen, op));
        epochs.get(at).copied()
    }
}

/// An exact integer from its canonical text, which is plain digits.
fn integer(canonical: &str) -> i128 {
    canonical.parse().unwrap_or_default()
}

fn bit(op: OpId) -> u64 {
    1 << (op % 64)
}

/// The operations that a word of bits stands for.
fn bits(word: u32, mut mask: u64) -> impl Iterator<Item = OpId> {
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
    Less(Seen, Seen),
    /// Exactly these, in the order of the file.
    Listed(Box<[OpId]>),
}

impl History {
    /// A set less what messages hold.
    pub fn less(&self, seen: &Seen, messages: &[&Content]) -> Content {
        Content::Less(seen.clone(), self.held(messages))
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
}
