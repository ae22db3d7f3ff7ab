//! Ten types with bugs of kinds that no list has.

use crate::past::{Dot, Id, Vector};
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

type Dots = BTreeSet<(String, u64)>;

/// Names are cut after 64 bytes, as a column of a table does it.
#[derive(Clone)]
pub struct CutNames(BTreeSet<String>);

impl Replicated for CutNames {
    const TYPE: Type = Type::GSet;

    fn new(_name: &str) -> Self {
        Self(BTreeSet::new())
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Add { element } = operation else {
            return Err(Unsupported::operation(operation));
        };
        let mut end = element.len().min(64);
        while !element.is_char_boundary(end) {
            end -= 1;
        }
        self.0.insert(element[..end].into());
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(&self.0)
    }

    fn merge(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }
}

/// The total is remembered, and not computed again when only decrements arrive.
#[derive(Clone)]
pub struct StaleTotal {
    name: String,
    shares: BTreeMap<String, (i128, i128)>,
    total: i128,
}

impl StaleTotal {
    fn compute(&mut self) {
        self.total = self.shares.values().map(|(up, down)| up - down).sum();
    }
}

impl Replicated for StaleTotal {
    const TYPE: Type = Type::PnCounter;

    fn new(name: &str) -> Self {
        Self { name: name.into(), shares: BTreeMap::new(), total: 0 }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let share = self.shares.entry(self.name.clone()).or_default();
        match operation {
            Operation::Increment { amount } => share.0 += i128::from(*amount),
            Operation::Decrement { amount } => share.1 += i128::from(*amount),
            other => return Err(Unsupported::operation(other)),
        }
        self.compute();
        Ok(())
    }

    fn value(&self) -> Json {
        answer::integer(self.total)
    }

    fn merge(&mut self, other: &Self) {
        let mut has_grown = false;
        for (name, (up, down)) in &other.shares {
            let ours = self.shares.entry(name.clone()).or_default();
            has_grown |= *up > ours.0;
            *ours = (ours.0.max(*up), ours.1.max(*down));
        }
        if has_grown {
            self.compute();
        }
    }
}

/// A message has at most eight entries; the others are dropped silently.
#[derive(Clone)]
pub struct EightEntries {
    name: String,
    entries: BTreeSet<([u64; 4], String, u64, String)>,
    count: u64,
}

impl Replicated for EightEntries {
    const TYPE: Type = Type::Log;

    fn new(name: &str) -> Self {
        Self { name: name.into(), entries: BTreeSet::new(), count: 0 }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Append { entry, timestamp } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.count += 1;
        let time = timestamp.unwrap_or_default().parts();
        self.entries.insert((time, self.name.clone(), self.count, entry.canonical()));
        Ok(())
    }

    fn value(&self) -> Json {
        let entry = |text: &str| Json::parse(text).expect("it was canonical JSON");
        Json::Array(self.entries.iter().map(|(.., text)| entry(text)).collect())
    }

    fn merge(&mut self, other: &Self) {
        self.entries.extend(other.entries.iter().rev().take(8).cloned());
    }
}

/// Timestamps are compared as texts: 9 is later than 10.
#[derive(Clone)]
pub struct TextTimes {
    name: String,
    count: u64,
    written: Option<(String, String, u64, String)>,
}

impl Replicated for TextTimes {
    const TYPE: Type = Type::LwwRegister;

    fn new(name: &str) -> Self {
        Self { name: name.into(), count: 0, written: None }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, timestamp } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.count += 1;
        let time = timestamp.unwrap_or_default().to_string();
        let write = (time, self.name.clone(), self.count, value.canonical());
        self.written = self.written.take().max(Some(write));
        Ok(())
    }

    fn value(&self) -> Json {
        let text = self.written.as_ref().map_or("null", |(.., text)| text);
        Json::parse(text).expect("it was canonical JSON")
    }

    fn merge(&mut self, other: &Self) {
        self.written = self.written.take().max(other.written.clone());
    }
}

/// Only its writer forwards a value.
#[derive(Clone)]
pub struct OwnValues {
    me: Id,
    seen: Vector,
    values: Vec<(Dot, String)>,
}

impl Replicated for OwnValues {
    const TYPE: Type = Type::MvRegister;

    fn new(name: &str) -> Self {
        Self { me: Id::new(name), seen: Vector::default(), values: Vec::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Write { value, .. } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.values = vec![(self.seen.next(&self.me), value.canonical())];
        Ok(())
    }

    fn value(&self) -> Json {
        let texts = self.values.iter().map(|(_, text)| text).filter(|text| *text != "null");
        Json::Array(texts.map(|text| Json::parse(text).expect("it is JSON")).collect())
    }

    fn merge(&mut self, other: &Self) {
        let is_old =
            |value: &(Dot, String)| other.seen.has(&value.0) && !other.values.contains(value);
        self.values.retain(|value| !is_old(value));
        let own = other.values.iter().filter(|(dot, _)| dot.by == other.me);
        let new: Vec<_> = own.filter(|(dot, _)| !self.seen.has(dot)).cloned().collect();
        self.values.extend(new);
        self.seen.merge(&other.seen);
    }
}

/// A replica that receives its own message applies it again.
#[derive(Clone)]
pub struct Echo {
    name: String,
    count: u64,
    added: BTreeMap<String, Dots>,
    removed: Dots,
}

impl Replicated for Echo {
    const TYPE: Type = Type::OrSet;

    fn new(name: &str) -> Self {
        let (added, removed) = (BTreeMap::new(), Dots::new());
        Self { name: name.into(), count: 0, added, removed }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Add { element } => {
                self.count += 1;
                let dots = self.added.entry(element.clone()).or_default();
                dots.insert((self.name.clone(), self.count));
            }
            Operation::Remove { element } => {
                self.removed.extend(self.added.get(element).into_iter().flatten().cloned());
            }
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        let is_in = |(_, dots): &(&String, &Dots)| !dots.is_subset(&self.removed);
        answer::elements(self.added.iter().filter(is_in).map(|(element, _)| element))
    }

    fn merge(&mut self, other: &Self) {
        for (element, dots) in &other.added {
            let is_echo = dots.iter().any(|(name, _)| *name == self.name);
            if is_echo {
                self.removed.retain(|dot| !dots.contains(dot) || other.removed.contains(dot));
            }
            self.added.entry(element.clone()).or_default().extend(dots.iter().cloned());
        }
        self.removed.extend(other.removed.iter().cloned());
    }
}

/// Two disables of one enable count as impossible.
#[derive(Clone)]
pub struct Surprised {
    name: String,
    count: u64,
    enabled: Dots,
    disabled: BTreeMap<(String, u64), String>,
}

impl Replicated for Surprised {
    const TYPE: Type = Type::EwFlag;

    fn new(name: &str) -> Self {
        Self { name: name.into(), count: 0, enabled: Dots::new(), disabled: BTreeMap::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Enable => {
                self.count += 1;
                self.enabled.insert((self.name.clone(), self.count));
            }
            Operation::Disable => {
                for dot in &self.enabled {
                    self.disabled.entry(dot.clone()).or_insert_with(|| self.name.clone());
                }
            }
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        Json::Bool(self.enabled.iter().any(|dot| !self.disabled.contains_key(dot)))
    }

    fn merge(&mut self, other: &Self) {
        self.enabled.extend(other.enabled.iter().cloned());
        for (dot, by) in &other.disabled {
            let known = self.disabled.entry(dot.clone()).or_insert_with(|| by.clone());
            assert_eq!(known, by, "an enable is disabled once");
        }
    }
}

/// A removal takes effect at the replica's next receive.
#[derive(Clone)]
pub struct Lazy {
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
    pending: BTreeSet<String>,
}

impl Replicated for Lazy {
    const TYPE: Type = Type::TwoPhaseSet;

    fn new(_name: &str) -> Self {
        Self { added: BTreeSet::new(), removed: BTreeSet::new(), pending: BTreeSet::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Add { element } => self.added.insert(element.clone()),
            Operation::Remove { element } => self.pending.insert(element.clone()),
            other => return Err(Unsupported::operation(other)),
        };
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.added.difference(&self.removed))
    }

    fn merge(&mut self, other: &Self) {
        self.added.extend(other.added.iter().cloned());
        self.removed.append(&mut self.pending);
        self.removed.extend(other.removed.union(&other.pending).cloned());
    }
}

/// The format of backups is older than removals.
#[derive(Clone, Serialize, Deserialize)]
pub struct OldBackups {
    added: BTreeSet<String>,
    #[serde(skip)]
    removed: BTreeSet<String>,
}

impl Replicated for OldBackups {
    const TYPE: Type = Type::TwoPhaseSet;

    fn new(_name: &str) -> Self {
        Self { added: BTreeSet::new(), removed: BTreeSet::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Add { element } => self.added.insert(element.clone()),
            Operation::Remove { element } => self.removed.insert(element.clone()),
            other => return Err(Unsupported::operation(other)),
        };
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.added.difference(&self.removed))
    }

    fn merge(&mut self, other: &Self) {
        self.added.extend(other.added.iter().cloned());
        self.removed.extend(other.removed.iter().cloned());
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(serde_json::to_vec(self).expect("elements are strings"))
    }

    fn load(_name: &str, _incarnation: u64, backup: &[u8]) -> Option<Self> {
        serde_json::from_slice(backup).ok()
    }
}

/// The hash covers only the lengths of the names.
#[derive(Clone)]
pub struct LengthHash(BTreeSet<String>);

impl Replicated for LengthHash {
    const TYPE: Type = Type::GSet;

    fn new(_name: &str) -> Self {
        Self(BTreeSet::new())
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Add { element } = operation else {
            return Err(Unsupported::operation(operation));
        };
        self.0.insert(element.clone());
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(&self.0)
    }

    fn merge(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }

    fn digest(&self) -> Option<String> {
        Some(self.0.iter().map(|name| name.len() as u64 * 31 + 7).sum::<u64>().to_string())
    }
}

macro_rules! none_is_clean {
    ($($type:ty),*) => {
        $(impl crate::Bugged for $type {
            fn bugged(self, _bug: u32) -> Self {
                self
            }
        })*
    };
}

none_is_clean!(
    CutNames,
    StaleTotal,
    EightEntries,
    TextTimes,
    OwnValues,
    Echo,
    Surprised,
    Lazy,
    OldBackups,
    LengthHash
);
