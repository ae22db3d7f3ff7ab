//! Sets: of dots and tombstones, of whole records, and the simple ones.

use crate::past::{Dot, Id, Vector, backups_and_vector};
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A set: additions by their dots, and the dots that were removed. 13 a restored replica uses its
/// dots again · 16 the oldest tombstones are dropped · 17 a removal by a clock removes additions
/// that it never saw · 30 adding what is there does nothing · 31 messages lack the removals ·
/// 39 a message names elements as added and as removed · 42 what is done right after a merge
/// stays here · 160 the vector counts messages · 161 removing removes the first addition only.
#[derive(Clone, Serialize, Deserialize)]
pub struct AddWins {
    bug: u32,
    me: Id,
    seen: Vector,
    /// When each was added, by a logical clock.
    added: BTreeMap<String, BTreeMap<String, u64>>,
    dots: BTreeMap<String, Dot>,
    removed: Vec<String>,
    clock: u64,
    removed_by_clock: BTreeMap<String, u64>,
    has_just_merged: bool,
    hidden: Vec<String>,
    merges: u64,
}

fn text(dot: &Dot) -> String {
    format!("{}/{}/{}", dot.number, dot.by.incarnation, dot.by.name)
}

impl AddWins {
    fn is_live(&self, element: &str, dot: &str, clock: u64) -> bool {
        let is_early = self.removed_by_clock.get(element).is_some_and(|until| clock <= *until);
        !self.removed.iter().any(|removed| removed == dot) && !is_early
    }

    fn live(&self, element: &str) -> Vec<String> {
        let added = self.added.get(element).into_iter().flatten();
        let live = added.filter(|(dot, clock)| self.is_live(element, dot, **clock));
        live.map(|(dot, _)| dot.clone()).collect()
    }

    fn elements(&self) -> impl Iterator<Item = &String> {
        self.added.keys().filter(|element| !self.live(element).is_empty())
    }
}

impl Replicated for AddWins {
    const TYPE: Type = Type::OrSet;

    fn new(name: &str) -> Self {
        Self {
            bug: 0,
            me: Id::new(name),
            seen: Vector::default(),
            added: BTreeMap::new(),
            dots: BTreeMap::new(),
            removed: Vec::new(),
            clock: 0,
            removed_by_clock: BTreeMap::new(),
            has_just_merged: false,
            hidden: Vec::new(),
            merges: 0,
        }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        self.clock += 1;
        match operation {
            Operation::Add { element } => {
                if self.bug == 30 && !self.live(element).is_empty() {
                    return Ok(());
                }
                let dot = text(&self.seen.next(&self.me));
                if self.bug == 42 && self.has_just_merged {
                    self.hidden.push(dot.clone());
                }
                self.added.entry(element.clone()).or_default().insert(dot, self.clock);
            }
            Operation::Remove { element } => {
                self.seen.next(&self.me);
                let mut live = self.live(element);
                match self.bug {
                    17 => {
                        self.removed_by_clock.insert(element.clone(), self.clock);
                    }
                    161 => live.truncate(1),
                    _ => {}
                }
                self.removed.extend(live);
                if self.bug == 16 && self.removed.len() > 1 {
                    let forgotten = self.removed.remove(0);
                    for dots in self.added.values_mut() {
                        dots.remove(&forgotten);
                    }
                }
            }
            other => return Err(Unsupported::operation(other)),
        }
        self.has_just_merged = false;
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.elements())
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.clock = self.clock.max(other.clock);
        self.has_just_merged = true;
        self.merges += 1;
        for (element, dots) in &other.added {
            let ours = self.added.entry(element.clone()).or_default();
            let shown = dots.iter().filter(|(dot, _)| !other.hidden.contains(dot));
            ours.extend(shown.map(|(dot, clock)| (dot.clone(), *clock)));
        }
        if self.bug != 31 {
            let new = other.removed.iter().filter(|dot| !self.removed.contains(dot));
            let new: Vec<String> = new.cloned().collect();
            if self.bug == 39 {
                let is_named = |(_, dots): &(&String, &BTreeMap<String, u64>)| {
                    dots.keys().any(|dot| other.removed.contains(dot))
                };
                let named: Vec<_> = self.added.iter().filter(is_named).collect();
                let dots = named.into_iter().flat_map(|(_, dots)| dots.keys().cloned());
                self.removed.extend(dots.collect::<Vec<_>>());
            }
            self.removed.extend(new);
        }
        for (element, until) in &other.removed_by_clock {
            let ours = self.removed_by_clock.entry(element.clone()).or_default();
            *ours = (*ours).max(*until);
        }
    }

    fn part(&self, key: &str) -> Option<Json> {
        Some(Json::Bool(!self.live(key).is_empty()))
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(serde_json::to_vec(self).expect("the keys are strings and numbers"))
    }

    fn load(_name: &str, incarnation: u64, backup: &[u8]) -> Option<Self> {
        let mut loaded: Self = serde_json::from_slice(backup).ok()?;
        if loaded.bug != 13 {
            loaded.me.incarnation = incarnation;
        }
        Some(loaded)
    }

    fn vector(&self) -> Option<BTreeMap<String, u64>> {
        let mut shown = self.seen.shown();
        if self.bug == 160 {
            *shown.entry(self.me.name.clone()).or_default() += self.merges;
        }
        // A restored replica that uses its dots again cannot count.
        (self.bug != 13).then_some(shown)
    }
}

/// 18: a set of records, each with a version; a removal writes the whole record anew.
#[derive(Clone, Serialize, Deserialize)]
pub struct Records {
    bug: u32,
    me: Id,
    seen: Vector,
    records: BTreeMap<String, (u64, bool)>,
}

impl Replicated for Records {
    const TYPE: Type = Type::OrSet;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), records: BTreeMap::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        self.seen.next(&self.me);
        match operation {
            Operation::Add { element } => {
                self.records.entry(element.clone()).or_default().1 = true;
            }
            Operation::Remove { element } => {
                let record = self.records.entry(element.clone()).or_default();
                *record = (record.0 + 1, false);
            }
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.records.iter().filter(|(_, record)| record.1).map(|(name, _)| name))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        for (element, theirs) in &other.records {
            let ours = self.records.entry(element.clone()).or_default();
            *ours = (*ours).max(*theirs);
        }
    }

    backups_and_vector!();
}

/// A set in which a removal wins over a concurrent addition. 144: an addition does.
#[derive(Clone, Serialize, Deserialize)]
pub struct RemoveWins {
    bug: u32,
    me: Id,
    seen: Vector,
    added: BTreeSet<String>,
    removals: BTreeMap<String, BTreeSet<String>>,
    answered: BTreeSet<String>,
}

impl Replicated for RemoveWins {
    const TYPE: Type = Type::RwSet;

    fn new(name: &str) -> Self {
        Self {
            bug: 0,
            me: Id::new(name),
            seen: Vector::default(),
            added: BTreeSet::new(),
            removals: BTreeMap::new(),
            answered: BTreeSet::new(),
        }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let dot = text(&self.seen.next(&self.me));
        match operation {
            Operation::Add { element } => {
                self.added.insert(element.clone());
                let removals = self.removals.get(element).into_iter().flatten().cloned();
                self.answered.extend(removals);
            }
            Operation::Remove { element } => {
                self.removals.entry(element.clone()).or_default().insert(dot);
                if self.bug == 144 && !self.added.contains(element) {
                    self.removals.remove(element);
                }
            }
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        let is_in = |element: &&String| {
            let removals = self.removals.get(*element);
            removals.is_none_or(|removals| removals.is_subset(&self.answered))
        };
        answer::elements(self.added.iter().filter(is_in))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.added.extend(other.added.iter().cloned());
        for (element, removals) in &other.removals {
            let ours = self.removals.entry(element.clone()).or_default();
            ours.extend(removals.iter().cloned());
        }
        self.answered.extend(other.answered.iter().cloned());
    }

    backups_and_vector!();
}

/// A set in which a removal is for good. 145: adding again takes it back.
#[derive(Clone, Serialize, Deserialize)]
pub struct TwoPhase {
    bug: u32,
    me: Id,
    seen: Vector,
    added: BTreeSet<String>,
    removed: BTreeSet<String>,
}

impl Replicated for TwoPhase {
    const TYPE: Type = Type::TwoPhaseSet;

    fn new(name: &str) -> Self {
        let (added, removed) = (BTreeSet::new(), BTreeSet::new());
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), added, removed }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Add { element } => {
                self.added.insert(element.clone());
                if self.bug == 145 {
                    self.removed.remove(element);
                }
            }
            Operation::Remove { element } => {
                self.removed.insert(element.clone());
            }
            other => return Err(Unsupported::operation(other)),
        }
        self.seen.next(&self.me);
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.added.difference(&self.removed))
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.added.extend(other.added.iter().cloned());
        self.removed.extend(other.removed.iter().cloned());
    }

    backups_and_vector!();
}

/// A set that only grows. 146: names are trimmed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Grows {
    bug: u32,
    me: Id,
    seen: Vector,
    added: BTreeSet<String>,
}

impl Replicated for Grows {
    const TYPE: Type = Type::GSet;

    fn new(name: &str) -> Self {
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), added: BTreeSet::new() }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Add { element } = operation else {
            return Err(Unsupported::operation(operation));
        };
        let element = if self.bug == 146 { element.trim() } else { element };
        self.added.insert(element.into());
        self.seen.next(&self.me);
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(&self.added)
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.added.extend(other.added.iter().cloned());
    }

    backups_and_vector!();
}

/// A flag that an enable turns on whatever is disabled at the same time. 140 a disable wins ·
/// 141 a disable turns off only own enables.
#[derive(Clone, Serialize, Deserialize)]
pub struct EnableWins {
    bug: u32,
    me: Id,
    seen: Vector,
    enabled: BTreeSet<String>,
    disabled: BTreeSet<String>,
}

impl Replicated for EnableWins {
    const TYPE: Type = Type::EwFlag;

    fn new(name: &str) -> Self {
        let (enabled, disabled) = (BTreeSet::new(), BTreeSet::new());
        Self { bug: 0, me: Id::new(name), seen: Vector::default(), enabled, disabled }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let dot = text(&self.seen.next(&self.me));
        match operation {
            Operation::Enable => {
                self.enabled.insert(dot);
            }
            Operation::Disable => {
                let own = format!("/{}", self.me.name);
                let seen = self.enabled.iter().filter(|dot| self.bug != 141 || dot.ends_with(&own));
                self.disabled.extend(seen.cloned());
            }
            other => return Err(Unsupported::operation(other)),
        }
        Ok(())
    }

    fn value(&self) -> Json {
        Json::Bool(match self.bug {
            140 => !self.enabled.is_empty() && self.disabled.is_empty(),
            _ => !self.enabled.is_subset(&self.disabled),
        })
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.enabled.extend(other.enabled.iter().cloned());
        self.disabled.extend(other.disabled.iter().cloned());
    }

    backups_and_vector!();
}

/// A flag that a disable turns off whatever is enabled at the same time. 143: the last one that
/// arrived counts.
#[derive(Clone, Serialize, Deserialize)]
pub struct DisableWins {
    bug: u32,
    me: Id,
    seen: Vector,
    was_enabled: bool,
    disabled: BTreeSet<String>,
    answered: BTreeSet<String>,
    last: bool,
}

impl Replicated for DisableWins {
    const TYPE: Type = Type::DwFlag;

    fn new(name: &str) -> Self {
        Self {
            bug: 0,
            me: Id::new(name),
            seen: Vector::default(),
            was_enabled: false,
            disabled: BTreeSet::new(),
            answered: BTreeSet::new(),
            last: false,
        }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let dot = text(&self.seen.next(&self.me));
        match operation {
            Operation::Enable => {
                self.was_enabled = true;
                self.answered.extend(self.disabled.iter().cloned());
            }
            Operation::Disable => {
                self.disabled.insert(dot);
            }
            other => return Err(Unsupported::operation(other)),
        }
        self.last = *operation == Operation::Enable;
        Ok(())
    }

    fn value(&self) -> Json {
        let is_on = self.was_enabled && self.disabled.is_subset(&self.answered);
        Json::Bool(if self.bug == 143 { self.last } else { is_on })
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        self.was_enabled |= other.was_enabled;
        self.disabled.extend(other.disabled.iter().cloned());
        self.answered.extend(other.answered.iter().cloned());
        self.last = other.last;
    }

    backups_and_vector!();
}

crate::past::bugs!(Records, AddWins, RemoveWins, TwoPhase, Grows, EnableWins, DisableWins);
