//! Registers and maps: one write wins, all concurrent ones stay, or the greatest stays.

use crate::past::{Dot, Id, Vector, backups_and_vector};
use rejoin_conformance::{
    Json, Operation, Replicated, Stamps, Timestamp, Type, Unsupported, answer,
};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

fn json(text: &str) -> Json {
    Json::parse(text).expect("it was canonical JSON")
}

/// A write: the greater one wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Write {
    time: [u64; 4],
    origin: String,
    seq: u64,
    value: String,
}

fn time(timestamp: &Option<Timestamp>) -> [u64; 4] {
    timestamp.unwrap_or_default().parts()
}

/// A register, the last write of which wins. Broken in one of these ways, or in none (0):
/// 1 first arrival wins ties · 2 the left argument wins a tie of stamp and replica · 3 the lowest
/// name wins ties · 4 the local side wins ties · 6 a restore forgets who wrote · 23 writing the
/// value that is there does nothing · 36 the right argument wins ties · 37 writes from far ahead
/// are dropped · 41 ties are decided by who forwarded · 44 the last arrival wins.
#[derive(Clone, Serialize, Deserialize)]
pub struct Lww {
    bug: u32,
    me: Id,
    seen: Vector,
    written: Option<Write>,
}

impl Lww {
    fn wins(&self, theirs: &Write, ours: &Write) -> bool {
        match self.bug {
            1 => theirs.time > ours.time,
            2 => (theirs.time, &theirs.origin) > (ours.time, &ours.origin),
            3 => (theirs.time, Reverse(&theirs.origin)) > (ours.time, Reverse(&ours.origin)),
            4 if ours.origin == self.me.name && theirs.origin != ours.origin => {
                theirs.time > ours.time
            }
            36 => theirs.time >= ours.time,
            44 => true,
            _ => theirs > ours,
        }
    }

    fn take(&mut self, theirs: Write) {
        let is_far = |ours: &Write| theirs.time[0] > ours.time[0].saturating_add(50);
        let wins = match &self.written {
            Some(ours) if self.bug == 37 && is_far(ours) => false,
            Some(ours) => self.wins(&theirs, ours),
            None => true,
        };
        if wins {
            self.written = Some(theirs);
        }
    }
}

impl Replicated for Lww {
    const TYPE: Type = Type::LwwRegister;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), written: None }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, timestamp } = operation else {
            return Err(Unsupported::operation(operation));
        };
        let value = value.canonical();
        if self.bug == 23 && self.written.as_ref().is_some_and(|ours| ours.value == value) {
            return Ok(());
        }
        let (origin, seq) = (self.me.name.clone(), self.seen.total(&self.me.name) + 1);
        self.seen.next(&self.me);
        self.take(Write { time: time(timestamp), origin, seq, value });
        Ok(())
    }

    fn value(&self) -> Json {
        self.written.as_ref().map_or(Json::Null, |write| json(&write.value))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        if let Some(theirs) = &other.written {
            let mut theirs = theirs.clone();
            if self.bug == 41 {
                theirs.origin.clone_from(&other.me.name);
            }
            self.take(theirs);
        }
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(serde_json::to_vec(self).expect("the keys are strings and numbers"))
    }

    fn load(name: &str, incarnation: u64, backup: &[u8]) -> Option<Self> {
        let mut loaded: Self = serde_json::from_slice(backup).ok()?;
        loaded.me.incarnation = incarnation;
        if let Some(write) = loaded.written.as_mut().filter(|_| loaded.bug == 6) {
            write.origin = name.into();
        }
        Some(loaded)
    }

    fn vector(&self) -> Option<BTreeMap<String, u64>> {
        Some(self.seen.shown())
    }
}

/// A register that keeps the two greatest of the writes that tie. 5: names are compared the wrong
/// way round in two places, which two writers never notice.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tied {
    bug: u32,
    me: Id,
    seen: Vector,
    tied: Vec<Write>,
}

impl Tied {
    fn take(&mut self, write: Write) {
        let latest = self.tied.iter().map(|other| other.time).max().unwrap_or_default();
        if write.time < latest || self.tied.contains(&write) {
            return;
        }
        self.tied.retain(|other| other.time >= write.time);
        self.tied.push(write);
        match self.bug {
            5 => self.tied.sort_by(|a, b| b.cmp(a)),
            _ => self.tied.sort(),
        }
        self.tied.drain(..self.tied.len().saturating_sub(2));
    }
}

impl Replicated for Tied {
    const TYPE: Type = Type::LwwRegister;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), tied: Vec::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, timestamp } = operation else {
            return Err(Unsupported::operation(operation));
        };
        let (origin, seq) = (self.me.name.clone(), self.seen.total(&self.me.name) + 1);
        self.seen.next(&self.me);
        self.take(Write { time: time(timestamp), origin, seq, value: value.canonical() });
        Ok(())
    }

    fn value(&self) -> Json {
        let winner = if self.bug == 5 { self.tied.first() } else { self.tied.last() };
        winner.map_or(Json::Null, |write| json(&write.value))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        other.tied.iter().for_each(|write| self.take(write.clone()));
    }

    backups_and_vector!();
}

/// A register whose replicas remember what they sent to whom. 22: an equal stamp counts as sent.
#[derive(Clone)]
pub struct Watermarked {
    bug: u32,
    name: String,
    count: u64,
    written: Option<Write>,
    sent: BTreeMap<String, Write>,
}

impl Watermarked {
    fn push(&mut self, to: &mut Self) {
        let Some(write) = &self.written else { return };
        let is_sent = self.sent.get(&to.name).is_some_and(|sent| match self.bug {
            22 => sent.time >= write.time,
            _ => sent >= write,
        });
        if !is_sent {
            self.sent.insert(to.name.clone(), write.clone());
            to.written = to.written.take().max(Some(write.clone()));
        }
    }
}

impl Replicated for Watermarked {
    const TYPE: Type = Type::LwwRegister;

    fn new(name: &str) -> Self {
        Self { bug: 0, name: name.into(), count: 0, written: None, sent: BTreeMap::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, timestamp } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.count += 1;
        let (origin, seq) = (self.name.clone(), self.count);
        let write = Write { time: time(timestamp), origin, seq, value: value.canonical() };
        self.written = self.written.take().max(Some(write));
        Ok(())
    }

    fn value(&self) -> Json {
        self.written.as_ref().map_or(Json::Null, |write| json(&write.value))
    }

    fn merge(&mut self, other: &Self) {
        self.written = self.written.take().max(other.written.clone());
    }

    fn sync(&mut self, other: &mut Self) {
        self.push(other);
        other.push(self);
    }
}

/// A register with a logical clock of its own. 241: a merge does not move the clock on.
#[derive(Clone, Serialize, Deserialize)]
pub struct Lamport {
    bug: u32,
    me: Id,
    seen: Vector,
    clock: u64,
    written: Option<(u64, Dot, String)>,
}

impl Replicated for Lamport {
    const TYPE: Type = Type::LwwRegister;
    const STAMPS: Stamps = Stamps::Own;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), clock: 0, written: None }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, .. } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.clock += 1;
        let write = (self.clock, self.seen.next(&self.me), value.canonical());
        self.written = self.written.take().max(Some(write));
        Ok(())
    }

    fn value(&self) -> Json {
        self.written.as_ref().map_or(Json::Null, |(.., value)| json(value))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        if self.bug != 241 {
            self.clock = self.clock.max(other.clock);
        }
        self.written = self.written.take().max(other.written.clone());
    }

    backups_and_vector!();
}

/// A map, each key of which is such a register. 28: between a deletion and a put, what is there
/// stays · 36 a deletion leaves nothing behind · 120 members that are `null` are dropped · 121 keys
/// that begin with two underscores are the language's own · 122 numbers are doubles · 123 a key is
/// compared without its case.
#[derive(Clone, Serialize, Deserialize)]
pub struct Map {
    bug: u32,
    me: Id,
    seen: Vector,
    writes: BTreeMap<String, Write>,
}

impl Map {
    fn take(&mut self, key: &str, theirs: &Write) {
        let wins = self.writes.get(key).is_none_or(|ours| match self.bug {
            28 if (ours.value == "null") != (theirs.value == "null") => false,
            _ => theirs > ours,
        });
        if wins {
            self.writes.insert(key.into(), theirs.clone());
        }
    }
}

/// A value as a sloppy store returns it.
fn stored(bug: u32, value: &Json) -> Json {
    match value {
        Json::Object(members) if bug == 120 => {
            let kept = members.iter().filter(|(_, value)| *value != Json::Null);
            Json::Object(kept.cloned().collect())
        }
        Json::Number(number) if bug == 122 => json(&format!("{:?}", number.as_f64())),
        other => other.clone(),
    }
}

impl Replicated for Map {
    const TYPE: Type = Type::LwwMap;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), writes: BTreeMap::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let (key, value, timestamp) = match operation {
            Operation::Put { key, value, timestamp } => (key, value.clone(), timestamp),
            Operation::Delete { key, timestamp } => (key, Json::Null, timestamp),
            other => return Err(Unsupported::operation(other)),
        };
        let (origin, seq) = (self.me.name.clone(), self.seen.total(&self.me.name) + 1);
        self.seen.next(&self.me);
        let is_deletion = value == Json::Null;
        let value = stored(self.bug, &value).canonical();
        let write = Write { time: time(timestamp), origin, seq, value };
        let key = if self.bug == 123 { key.to_lowercase() } else { key.clone() };
        let wins = self.writes.get(&key).is_none_or(|ours| write > *ours);
        if wins && is_deletion && self.bug == 36 {
            self.writes.remove(&key);
        } else if wins {
            self.writes.insert(key, write);
        }
        Ok(())
    }

    fn value(&self) -> Json {
        let shown = self.writes.iter().filter(|(key, write)| {
            write.value != "null" && !(self.bug == 121 && key.starts_with("__"))
        });
        answer::members(shown.map(|(key, write)| (key, json(&write.value))))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        other.writes.iter().for_each(|(key, write)| self.take(key, write));
    }

    fn part(&self, key: &str) -> Option<Json> {
        let key = if self.bug == 123 { key.to_lowercase() } else { key.into() };
        Some(self.writes.get(&key).map_or(Json::Null, |write| json(&write.value)))
    }

    backups_and_vector!();
}

/// A register that shows all concurrent values. 130 a merge keeps the greatest · 131 a merge keeps
/// what was overwritten · 132 a deletion only deletes own values.
#[derive(Clone, Serialize, Deserialize)]
pub struct Values {
    bug: u32,
    me: Id,
    seen: Vector,
    values: Vec<(Dot, String)>,
}

impl Replicated for Values {
    const TYPE: Type = Type::MvRegister;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), values: Vec::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, .. } = operation else {
            return Err(Unsupported::operation(operation));
        };
        let is_kept = |dot: &Dot| self.bug == 132 && *value == Json::Null && dot.by != self.me;
        self.values.retain(|(dot, _)| is_kept(dot));
        self.values.push((self.seen.next(&self.me), value.canonical()));
        Ok(())
    }

    fn value(&self) -> Json {
        let shown = self.values.iter().filter(|(_, value)| value != "null");
        Json::Array(shown.map(|(_, value)| json(value)).collect())
    }

    fn merge(&mut self, other: &Self) {
        let is_new = |(dot, _): &&(Dot, String)| !self.seen.has(dot);
        let new: Vec<_> = other.values.iter().filter(is_new).cloned().collect();
        if self.bug != 131 {
            let is_current =
                |value: &(Dot, String)| !other.seen.has(&value.0) || other.values.contains(value);
            self.values.retain(is_current);
        }
        self.values.extend(new);
        self.seen.merge(&other.seen);
        if self.bug == 130 {
            self.values = self.values.drain(..).max().into_iter().collect();
        }
    }

    backups_and_vector!();
}

/// A register that shows the greatest integer. 147 it begins at 0 · 148 integers are doubles.
#[derive(Clone, Serialize, Deserialize)]
pub struct Greatest {
    bug: u32,
    me: Id,
    seen: Vector,
    greatest: Option<i128>,
}

impl Replicated for Greatest {
    const TYPE: Type = Type::MaxRegister;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), greatest: None }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value: Json::Number(number), .. } = operation else {
            return Err(Unsupported::operation(operation));
        };
        let written = match self.bug {
            148 => Some(number.as_f64() as i128),
            _ => number.as_exact(),
        };
        self.seen.next(&self.me);
        self.greatest = self.greatest.max(written);
        Ok(())
    }

    fn value(&self) -> Json {
        let least = (self.bug == 147).then_some(0);
        self.greatest.max(least).map_or(Json::Null, answer::integer)
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.greatest = self.greatest.max(other.greatest);
    }

    backups_and_vector!();
}

crate::past::bugs!(Lww, Tied, Watermarked, Lamport, Map, Values, Greatest);
