//! Which operations conflict, and whether a replica has seen two that do.
//!
//! Meaning: two operations by different replicas *conflict* if neither had seen the other and the
//! answer depends on both: if they decide one key with different effects, if both insert into one list,
//! or if they are on one object of another type without keys. Additions to a set that only grows have
//! no different effects, so any two on one such set conflict.
//! How: an operation is compared with the last decision of each other branch on its key; on an object
//! without keys with the first operation of each other branch that it has not seen. Of two
//! branches and each order, the first pair is kept: what holds a later pair holds that one too, but
//! for messages of single operations.
//! Cost: at most [`STEPS`] steps for each operation and each question, on average: a comparison of two operations
//! takes [`COMPARISON`] of them, a look at a branch takes one. Where that is not enough, conflicts are missed, and
//! [`Conflicts::is_complete`] says so.

use super::history::{Effect, History, OpId};
use hashbrown::{HashMap, HashSet};
use rejoin::object::TraceType;
use smallvec::SmallVec;

/// The steps that a comparison of two operations takes.
const COMPARISON: u64 = 4;

/// How many steps an operation or a question pays for.
const STEPS: u64 = 16 * COMPARISON;

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// All objects.
    All,
    /// All objects that have merge decisions.
    Decided,
    /// One object.
    Object(u32),
    /// One key.
    Key(u32),
}

/// What a branch's operations on one object were compared with.
#[derive(Debug, Default)]
struct Compared {
    /// How many of the object's lanes were looked at.
    lanes: usize,
    /// Those of other replicas that have not conflicted with an operation of this one.
    open: Vec<u32>,
}

/// The conflicts of a trace.
#[derive(Debug, Default)]
pub struct Conflicts {
    /// Two operations, the earlier one first.
    pairs: Vec<(OpId, OpId)>,
    /// Most keys have one or two.
    by_place: HashMap<Place, SmallVec<[u32; 2]>>,
    /// A key, and the lanes of the later and the earlier operation of a pair.
    by_lanes: HashSet<(u32, u32, u32)>,
    /// For each lane of an object without keys.
    compared: Vec<Compared>,
    /// The branches, and places of which they have seen a conflict.
    reached: HashSet<(u32, Place)>,
    steps: u64,
    is_cut: bool,
}

/// Whether such objects have keys that are decided with different effects.
pub fn has_keys(kind: TraceType) -> bool {
    (kind.is_set() && kind != TraceType::GSet)
        || kind.is_map()
        || kind.is_flag()
        || matches!(kind, TraceType::LwwRegister | TraceType::MvRegister)
}

impl Conflicts {
    /// Whether no comparison was left out.
    pub fn is_complete(&self) -> bool {
        !self.is_cut
    }

    /// Whether any operations conflict there.
    pub fn are_at(&self, place: Place) -> bool {
        self.by_place.contains_key(&place)
    }

    /// Notes an operation that was just performed.
    pub fn note(&mut self, history: &History, op: OpId) {
        self.steps += STEPS;
        let of = &history.ops[op as usize];
        let object = history.object_of(op);
        let kind = history.objects[object as usize].kind;
        if has_keys(kind) {
            self.note_decision(history, op, of.key);
        } else if kind != TraceType::List || of.effect == Effect::Added {
            self.note_on(history, op, object);
        }
    }

    fn note_decision(&mut self, history: &History, op: OpId, key: u32) {
        let chains = &history.keys[key as usize].chains;
        if chains.len() < 2 {
            return;
        }
        let (replica, of) = (history.replica_of(op), &history.ops[op as usize]);
        for chain in chains {
            let other = chain.end.op;
            if !self.pay(COMPARISON) {
                return;
            }
            let by = &history.ops[other as usize];
            if history.replica_of(other) != replica
                && !History::same_effect(by.effect, of.effect)
                && !history.sees(op, other)
                && self.by_lanes.insert((key, of.lane, by.lane))
            {
                self.add(history, (other, op), Some(key));
            }
        }
    }

    fn note_on(&mut self, history: &History, op: OpId, object: u32) {
        let lanes = &history.objects[object as usize].lanes;
        if lanes.len() < 2 {
            return;
        }
        let (replica, lane) = (history.replica_of(op), history.ops[op as usize].lane as usize);
        if self.compared.len() <= lane {
            self.compared.resize_with(lane + 1, Compared::default);
        }
        let mut compared = std::mem::take(&mut self.compared[lane]);
        while compared.lanes < lanes.len() && self.pay(COMPARISON) {
            let other = lanes[compared.lanes];
            let branch = history.lanes[other as usize].branch;
            if history.branches[branch as usize].replica != replica {
                compared.open.push(other);
            }
            compared.lanes += 1;
        }
        let mut at = 0;
        // Where all of a branch was seen there is nothing to compare, but there may be as many branches as operations.
        while at < compared.open.len() && self.pay(1) {
            match self.unseen(history, op, compared.open[at]) {
                None => at += 1,
                Some(unseen) => {
                    compared.open.swap_remove(at);
                    self.add(history, (unseen, op), None);
                }
            }
        }
        self.compared[lane] = compared;
    }

    /// The first operation of a lane that an operation has not seen, and that it conflicts with.
    fn unseen(&mut self, history: &History, op: OpId, lane: u32) -> Option<OpId> {
        let is_list = history.ops[op as usize].effect == Effect::Added;
        let seen = &history.epochs[history.ops[op as usize].epoch as usize].seen;
        let ops = &history.lanes[lane as usize].ops;
        for other in ops.iter().skip(seen.count(lane) as usize) {
            if !self.pay(COMPARISON) {
                return None;
            }
            let effect = history.ops[*other as usize].effect;
            if (!is_list || effect == Effect::Added) && !history.contains(seen, *other) {
                return Some(*other);
            }
        }
        None
    }

    fn add(&mut self, history: &History, pair: (OpId, OpId), key: Option<u32>) {
        let number = self.pairs.len() as u32;
        self.pairs.push(pair);
        let object = history.object_of(pair.1);
        let kind = history.objects[object as usize].kind;
        let decided = kind.has_decisions().then_some(Place::Decided);
        let places = [Some(Place::All), decided, Some(Place::Object(object)), key.map(Place::Key)];
        for place in places.into_iter().flatten() {
            self.by_place.entry(place).or_default().push(number);
        }
    }

    /// Whether a replica has seen two operations that conflict there.
    pub fn are_seen(&mut self, history: &History, replica: u32, place: Place) -> bool {
        let Some(numbers) = self.by_place.get(&place) else { return false };
        let branch = history.branch_of(replica);
        if self.reached.contains(&(branch, place)) {
            return true;
        }
        self.steps += STEPS;
        let seen = history.seen(replica);
        for number in numbers.iter().rev() {
            let Some(left) = self.steps.checked_sub(COMPARISON) else {
                self.is_cut = true;
                return false;
            };
            self.steps = left;
            let (first, second) = self.pairs[*number as usize];
            if history.contains(seen, first) && history.contains(seen, second) {
                self.reached.insert((branch, place));
                return true;
            }
        }
        false
    }

    /// Takes steps, if as many are left.
    fn pay(&mut self, steps: u64) -> bool {
        let left = self.steps.checked_sub(steps);
        self.is_cut |= left.is_none();
        self.steps = left.unwrap_or(0);
        left.is_some()
    }
}
