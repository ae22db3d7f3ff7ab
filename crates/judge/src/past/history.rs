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
mod sets;
mod stamps;
mod window;

pub use interner::Interner;
pub use sets::{Content, Seen};

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use rejoin::object::TraceType;
use rejoin_trace::Timestamp;
use smallvec::SmallVec;
use std::cell::Cell;
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
    /// Offers an integer to a register of the greatest or the least. In two parts it is no
    /// longer than the other effects.
    Offered {
        /// The integer without its sign.
        magnitude: u64,
        /// Whether it is below 0.
        is_negative: bool,
    },
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

impl Effect {
    /// The effect of offering an integer, which is from −2^63 to 2^64 − 1.
    pub fn offered(integer: i128) -> Self {
        let magnitude = u64::try_from(integer.unsigned_abs()).unwrap_or(u64::MAX);
        Self::Offered { magnitude, is_negative: integer < 0 }
    }

    /// The integer that is offered; 0 where none is.
    pub fn integer(self) -> i128 {
        match self {
            Self::Offered { magnitude, is_negative: true } => -i128::from(magnitude),
            Self::Offered { magnitude, .. } => magnitude.into(),
            _ => 0,
        }
    }
}

/// Stands for "no key", "no user".
pub const NONE: u32 = u32::MAX;

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
    pub ops: SmallVec<[u32; 2]>,
    /// Their positions in the lane.
    pub positions: SmallVec<[u32; 2]>,
    /// For a register or a map: at each place, the greatest write up to there. For a set: the
    /// last operation of the other kind before there, or [`NONE`].
    pub marks: SmallVec<[u32; 2]>,
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
    pub branches: SmallVec<[u32; 2]>,
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
    /// The two keys that were looked up last: most are asked for again at once.
    recent: Cell<[u32; 2]>,
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
        let recent = self.recent.get();
        let is_it = |number: &u32| {
            self.keys.get(*number as usize).is_some_and(|key| {
                let lane = key.chains.first().map(|chain| &self.lanes[chain.lane as usize]);
                *key.name == *name && lane.is_some_and(|lane| lane.object == object)
            })
        };
        if let Some(number) = recent.iter().copied().find(is_it) {
            return Some(number);
        }
        let number = self.objects[object as usize].by_name.get(name).copied()?;
        self.recent.set([number, recent[0]]);
        Some(number)
    }

    fn key(&mut self, object: u32, name: &str) -> u32 {
        let of = &mut self.objects[object as usize];
        let key = self.keys.len() as u32;
        match of.by_name.entry_ref(name) {
            EntryRef::Occupied(entry) => *entry.get(),
            EntryRef::Vacant(entry) => {
                let name = Rc::<str>::from(name);
                entry.insert_with_key(name.clone(), key);
                of.keys.push(key);
                self.keys.push(Key { name, chains: Vec::new(), branches: SmallVec::new() });
                self.recent.set([key, self.recent.get()[0]]);
                key
            }
        }
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
            (Effect::Offered { .. }, before) => {
                let (integer, before) = (effect.integer(), before.unwrap_or(effect.integer()));
                let is_max = self.objects[object as usize].kind == TraceType::MaxRegister;
                Some(if is_max { integer.max(before) } else { integer.min(before) })
            }
            _ => None,
        };
        lane.totals.extend(total);
        let position = lane.ops.len() as u32;
        let index = branch.len;
        branch.len += 1;
        let of = &mut self.replicas[replica as usize];
        of.own += 1;
        of.seen.push(lane_id, position);
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

    /// The insert of an element of a list, if there was one.
    pub fn insert_of(&self, object: u32, element: &str) -> Option<OpId> {
        let key = self.find_key(object, element)?;
        self.keys[key as usize].chains.first()?.ops.first().copied()
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

    /// The first epoch of a branch that begins with an operation of another branch seen.
    pub fn learned(&self, branch: u32, op: OpId) -> Option<u32> {
        let epochs = &self.branches[branch as usize].epochs;
        let at =
            epochs.partition_point(|epoch| !self.contains(&self.epochs[*epoch as usize].seen, op));
        epochs.get(at).copied()
    }
}
