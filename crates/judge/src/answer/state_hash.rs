//! The state hash `rejoin/1` that follows from what a replica has seen.
//!
//! Meaning: section *State hash* of spec/trace-format.md. From the definition of maximal decisions
//! and winners the state is put together, also where what was seen is not closed; the hash of that
//! state is the reference engine's.
//! Cost: that of all decisions on the object, and of the naive hash.

use crate::past::Past;
use crate::past::history::{Effect, History, NONE, OpId, Seen};
use rejoin::digest::{StateHash, ToBytes};
use rejoin::dot::{Dot, Origin, ReplicaId};
use rejoin::lattice::Lattice;
use rejoin::object::TraceType;
use rejoin::operation::{ObjectId, Value};
use rejoin::reference::decisions::{Decision, Decisions, Presence, Reading};
use rejoin::reference::g_counter::GCounter;
use rejoin::reference::log::{Entry, Log};
use rejoin::reference::lww_map::LwwMap;
use rejoin::reference::lww_register::LwwRegister;
use rejoin::reference::max_register::Extreme;
use rejoin::reference::or_set::OrSet;
use rejoin::reference::pn_counter::PnCounter;
use rejoin::reference::replica::Object;
use rejoin::reference::state_hash::{Record, of_hashes, of_records};
use rejoin::version_vector::VersionVector;
use rejoin_trace::Timestamp;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The project's own state hash, as a claim names it.
pub const OWN_ALGORITHM: &str = "rejoin/1";

/// About what it costs to write and hash one record, beside the bytes of its texts.
const RECORD: u64 = 128;

/// A value by its canonical JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(&'a str);

impl Value for Text<'_> {
    fn tombstone() -> Self {
        Self("null")
    }
}

impl ToBytes for Text<'_> {
    fn to_bytes(&self) -> Cow<'_, [u8]> {
        self.0.as_bytes().into()
    }
}

/// What a replica has decided on one key, as far as it was seen.
struct Decided {
    key: u32,
    maximal: Vec<OpId>,
    winner: Option<OpId>,
    /// Whether this is an element that is in the set, although all those are removals.
    is_present: bool,
}

/// What was seen of one object, in the parts that its state is made of.
#[derive(Default)]
struct Parts {
    /// Of a counter: for each lane the sum of its increments, and of its decrements.
    shares: BTreeMap<u32, [u128; 2]>,
    /// Of a max- or min-register: its integer.
    extreme: Option<i128>,
    /// Of a log: its entries.
    entries: Vec<OpId>,
    /// Of what is decided on: its keys.
    keys: Vec<Decided>,
}

/// The state hash of what a replica has seen, of one object where one is named; or why none
/// follows from it.
pub fn state_hash(past: &Past, object: Option<u32>, seen: &Seen) -> Result<StateHash, String> {
    refuse_unhashed(past, object)?;
    let parts = parts(past, object, seen);
    let hash = |(of, parts): &(u32, Parts)| {
        let kind = past.history.objects[*of as usize].kind.engine();
        let kind = kind.unwrap_or_else(|| unreachable!("types without an engine are refused"));
        let name = &*past.history.objects[*of as usize].name;
        (ObjectId::from(name), of_records(kind, past.history.records(*of, parts)))
    };
    let mut hashes: BTreeMap<ObjectId, StateHash> = parts.iter().map(hash).collect();
    let alone = object.and_then(|_| hashes.pop_first());
    Ok(alone.map_or_else(|| of_hashes(&hashes), |(_, hash)| hash))
}

/// Says which object of these has no state hash that follows from the trace.
fn refuse_unhashed(past: &Past, object: Option<u32>) -> Result<(), String> {
    if past.history.has_parts() {
        return Err("timestamps of several parts have no state hash".into());
    }
    for object in past.history.scope(object) {
        let kind = past.history.objects[object as usize].kind;
        let name = || past.object_shown(object);
        if past.loaded[object as usize] {
            return Err(format!(
                "{} is loaded as a state, of which no operations are known",
                name()
            ));
        }
        if kind.engine().is_none() {
            return Err(format!(
                "{} is of type {}, which has no state hash",
                name(),
                kind.as_str()
            ));
        }
        if past.orders_by_itself(kind) {
            return Err(format!("the trace does not tell the timestamps of {}", name()));
        }
    }
    Ok(())
}

fn parts(past: &Past, object: Option<u32>, seen: &Seen) -> Vec<(u32, Parts)> {
    let seen = seen.laid_flat();
    let scope = past.history.scope(object);
    scope.map(|object| (object, past.history.parts(object, &seen))).collect()
}

/// Why a digest is not the state hash of what the replica has seen.
pub fn why_hash(
    past: &Past,
    replica: u32,
    object: Option<u32>,
    seen: &Seen,
    (claimed, right): (&str, &StateHash),
) -> Vec<String> {
    let who = past.replica_shown(replica);
    let (on, of) = match object.map(|object| past.object_shown(object)) {
        Some(object) => (format!(" on {object}"), format!("of {object}")),
        None => (String::new(), "of all objects".into()),
    };
    let members = past.history.members(seen, object);
    let last = members.iter().max().map(|op| past.history.ops[*op as usize].line);
    let parts = parts(past, object, seen);
    let records = parts.iter().flat_map(|(of, parts)| past.history.records(*of, parts));
    let (removals, content): (Vec<_>, Vec<_>) = records.partition(|record| record.is_removal);
    let mut because = vec![
        match last {
            None => format!("{who} has seen no operation{on}"),
            Some(line) => format!(
                "{who} has seen {}{on}, the last in the file on line {line}",
                counted(members.len(), "operation")
            ),
        },
        format!(
            "from these follow {} of content, which the digest is of, and {} of removals",
            counted(content.len(), "record"),
            counted(removals.len(), "record")
        ),
    ];
    let quoted = |digest: String| format!("\"{digest}\"");
    if claimed == quoted(right.removals.to_string()) && right.removals != right.content {
        because.push("what is claimed is the hash of the records of removals".into());
    } else if claimed.eq_ignore_ascii_case(&quoted(right.content.to_string())) {
        because.push("the digits of a digest are written in lower case".into());
    }
    let right = right.content;
    because.push(format!("so the state hash `{OWN_ALGORITHM}` {of} at {who} is `{right}`"));
    because
}

/// A number of things.
fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

impl History {
    /// The objects that a claim is about: the one that it names, or all.
    fn scope(&self, object: Option<u32>) -> std::ops::Range<u32> {
        match object {
            Some(object) => object..object + 1,
            None => 0..self.objects.len() as u32,
        }
    }

    fn parts(&self, object: u32, seen: &Seen) -> Parts {
        let mut parts = Parts::default();
        match self.objects[object as usize].kind {
            TraceType::GCounter | TraceType::PnCounter => parts.shares = self.shares(object, seen),
            TraceType::MaxRegister | TraceType::MinRegister => {
                parts.extreme = self.extreme(object, seen);
            }
            TraceType::Log => parts.entries = self.members(seen, Some(object)),
            kind => {
                for key in self.objects[object as usize].keys.clone() {
                    let maximal = self.maximal(key, seen);
                    if maximal.is_empty() {
                        continue;
                    }
                    let has_winner = matches!(kind, TraceType::LwwRegister | TraceType::LwwMap);
                    let winner = if has_winner { self.winner(key, seen) } else { None };
                    // An addition that is maximal says so itself.
                    let adds = |op: &OpId| self.ops[*op as usize].effect == Effect::Added;
                    let adds_win = matches!(kind, TraceType::OrSet | TraceType::EwFlag);
                    let may_hide = adds_win && !maximal.iter().any(adds);
                    let is_present = may_hide && !self.live(key, seen).is_empty();
                    self.charge(self.keys[key as usize].name.len() as u64);
                    parts.keys.push(Decided { key, maximal, winner, is_present });
                }
            }
        }
        let decided = parts.keys.iter().flat_map(|of| of.maximal.iter().chain(&of.winner));
        let written = parts.entries.iter().chain(decided).map(|op| RECORD + self.length(*op));
        self.charge(1 + written.sum::<u64>() + RECORD * parts.shares.len() as u64);
        parts
    }

    fn shares(&self, object: u32, seen: &Seen) -> BTreeMap<u32, [u128; 2]> {
        let mut shares: BTreeMap<u32, [u128; 2]> = BTreeMap::new();
        if self.objects[object as usize].kind == TraceType::GCounter {
            self.for_each_prefix(seen, Some(object), &mut |history, lane, count| {
                let total = history.lanes[lane as usize].totals[count as usize - 1];
                shares.insert(lane, [total.unsigned_abs(), 0]);
            });
        }
        let is_pn = self.objects[object as usize].kind == TraceType::PnCounter;
        let apart =
            if is_pn { self.members(seen, Some(object)) } else { self.beyond(seen, Some(object)) };
        for op in apart {
            let operation = &self.ops[op as usize];
            let [up, down] = shares.entry(operation.lane).or_default();
            match operation.effect {
                Effect::Increment(amount) => *up += u128::from(amount),
                Effect::Decrement(amount) => *down += u128::from(amount),
                _ => {}
            }
        }
        shares
    }

    /// The length of what an operation wrote.
    fn length(&self, op: OpId) -> u64 {
        match self.ops[op as usize].effect {
            Effect::Wrote { value, .. } => self.values.text(value).len() as u64,
            _ => 0,
        }
    }

    /// The records of an object's state. What was seen need not be closed; then an element can be
    /// in a set although all its maximal decisions are removals, and its record is content.
    fn records(&self, object: u32, parts: &Parts) -> BTreeSet<Record> {
        let present = parts.keys.iter().filter(|of| of.is_present);
        let present: BTreeSet<&[u8]> = present.map(|of| self.name(of.key).as_bytes()).collect();
        let corrected = |record: Record| Record {
            is_removal: record.is_removal && !present.contains(&*record.key),
            ..record
        };
        self.state(object, parts).records().into_iter().map(corrected).collect()
    }

    /// The state that the reference engine would hold, but for its vector, which is not hashed.
    fn state(&self, object: u32, parts: &Parts) -> Object<&str, Text<'_>> {
        let nothing = VersionVector::bottom();
        let Parts { shares, entries, keys, .. } = parts;
        let listed =
            || keys.iter().flat_map(|of| of.maximal.iter().map(|op| (self.name(of.key), *op)));
        let winner = |of: &Decided| Some((self.name(of.key), self.written(of.winner?)));
        match self.objects[object as usize].kind {
            TraceType::GCounter => {
                Object::GCounter(GCounter::from_parts(nothing, self.side(shares, 0)))
            }
            TraceType::PnCounter => Object::PnCounter(PnCounter::from_parts(
                nothing,
                self.side(shares, 0),
                self.side(shares, 1),
            )),
            TraceType::MaxRegister => {
                Object::MaxRegister(Extreme::from_parts(nothing, parts.extreme))
            }
            TraceType::MinRegister => {
                Object::MinRegister(Extreme::from_parts(nothing, parts.extreme))
            }
            TraceType::RwSet => {
                let listed = listed().map(|(element, op)| (element, self.changed(op)));
                Object::RwSet(Reading::from_parts(Decisions::from_parts(nothing, listed)))
            }
            TraceType::EwFlag => {
                let listed = listed().map(|(_, op)| ((), self.changed(op)));
                Object::EwFlag(Reading::from_parts(Decisions::from_parts(nothing, listed)))
            }
            TraceType::DwFlag => {
                let listed = listed().map(|(_, op)| ((), self.changed(op)));
                Object::DwFlag(Reading::from_parts(Decisions::from_parts(nothing, listed)))
            }
            TraceType::MvRegister => {
                let listed = listed().map(|(_, op)| ((), self.written(op)));
                Object::MvRegister(Reading::from_parts(Decisions::from_parts(nothing, listed)))
            }
            TraceType::MvMap => {
                let listed = listed().map(|(key, op)| (key, self.written(op)));
                Object::MvMap(Reading::from_parts(Decisions::from_parts(nothing, listed)))
            }
            TraceType::LwwRegister => {
                let listed = listed().map(|(_, op)| ((), self.written(op)));
                let winner = keys.iter().find_map(winner).map(|(_, winner)| winner);
                let decisions = Decisions::from_parts(nothing, listed);
                Object::LwwRegister(LwwRegister::from_parts(decisions, winner))
            }
            TraceType::OrSet => {
                let listed = listed().map(|(element, op)| (element, self.changed(op)));
                Object::OrSet(OrSet::from_parts(Decisions::from_parts(nothing, listed)))
            }
            TraceType::LwwMap => {
                let listed = listed().map(|(key, op)| (key, self.written(op)));
                let winners = keys.iter().filter_map(winner).collect();
                let decisions = Decisions::from_parts(nothing, listed);
                Object::LwwMap(LwwMap::from_parts(decisions, winners))
            }
            // Types without an engine are refused before.
            _ => {
                let entries = entries.iter().map(|op| self.entry(*op)).collect();
                Object::Log(Log::from_parts(nothing, entries))
            }
        }
    }

    /// The shares of one side of a counter.
    fn side(&self, shares: &BTreeMap<u32, [u128; 2]>, side: usize) -> BTreeMap<Origin, u128> {
        let origin = |lane: &u32| self.origin(self.lanes[*lane as usize].branch);
        shares.iter().map(|(lane, shares)| (origin(lane), shares[side])).collect()
    }

    fn name(&self, key: u32) -> &str {
        &self.keys[key as usize].name
    }

    fn origin(&self, branch: u32) -> Origin {
        let of = &self.replicas[self.branches[branch as usize].replica as usize];
        // A replica's incarnations are in the order of their beginnings.
        let incarnation = of.branches.partition_point(|before| *before < branch) as u64;
        Origin { replica: ReplicaId::new(&*of.name).expect("the reader checks names"), incarnation }
    }

    fn decided<E>(&self, op: OpId, timestamp: Timestamp, effect: E) -> Decision<E> {
        let operation = &self.ops[op as usize];
        let origin = self.origin(operation.branch);
        let dot = Dot { origin, counter: operation.position.into() };
        let user = (operation.user != NONE).then(|| (&**self.users.text(operation.user)).into());
        Decision { dot, seq: operation.seq.into(), timestamp: timestamp.parts()[0], user, effect }
    }

    fn written(&self, op: OpId) -> Decision<Text<'_>> {
        let (timestamp, _, _, value) = self.stamp(op);
        self.decided(op, timestamp, Text(value))
    }

    fn changed(&self, op: OpId) -> Decision<Presence> {
        let added = self.ops[op as usize].effect == Effect::Added;
        self.decided(
            op,
            Timestamp::default(),
            if added { Presence::Added } else { Presence::Removed },
        )
    }

    fn entry(&self, op: OpId) -> Entry<Text<'_>> {
        let Decision { dot, seq, timestamp, effect, .. } = self.written(op);
        let Origin { replica, incarnation } = dot.origin;
        Entry { timestamp, replica, seq, entry: effect, incarnation, counter: dot.counter }
    }
}
