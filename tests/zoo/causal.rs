//! Sets without tombstones, whose vector says what was removed; and their deltas.

use crate::past::{Dot, Id, Vector, backups_and_vector};
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported, answer};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A set: of each element the dots that are there; what the vector covers and is not there was
/// removed. 7 whose vector is greater wins · 8 what both have stays · 12 a sync only sends what the
/// other one's vector lacks, and removals have no dot · 19 the hash follows the order of arrival ·
/// 20 a sync of two that are equally large does nothing · 27 what a replica that left had added is
/// not sent, though the vector covers it · 45 the hash is that of the vector.
#[derive(Clone, Serialize, Deserialize)]
pub struct Optimized {
    bug: u32,
    me: Id,
    /// Additions.
    clock: Vector,
    /// All operations.
    seen: Vector,
    dots: BTreeMap<String, BTreeSet<Dot>>,
    arrivals: Vec<Dot>,
}

impl Optimized {
    fn joined(&self, other: &Self, element: &str) -> BTreeSet<Dot> {
        let none = BTreeSet::new();
        let ours = self.dots.get(element).unwrap_or(&none);
        let theirs = other.dots.get(element).unwrap_or(&none);
        if self.bug == 8 && !ours.is_empty() && !theirs.is_empty() {
            return ours | theirs;
        }
        let is_pruned = |dot: &Dot| {
            self.bug == 27 && other.clock.names().count() > 2 && dot.by.name != other.me.name
        };
        let kept = ours.iter().filter(|dot| theirs.contains(dot) || !other.clock.has(dot));
        let new = theirs.iter().filter(|dot| !self.clock.has(dot) && !is_pruned(dot));
        kept.chain(new).cloned().collect()
    }
}

impl Replicated for Optimized {
    const TYPE: Type = Type::OrSet;

    fn new(name: &str) -> Self {
        Self {
            bug: 0,
            me: Id::new(name),
            clock: Vector::default(),
            seen: Vector::default(),
            dots: BTreeMap::new(),
            arrivals: Vec::new(),
        }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        match operation {
            Operation::Add { element } => {
                let dot = self.clock.next(&self.me);
                self.arrivals.push(dot.clone());
                self.dots.insert(element.clone(), [dot].into());
            }
            Operation::Remove { element } => drop(self.dots.remove(element)),
            other => return Err(Unsupported::operation(other)),
        }
        self.seen.next(&self.me);
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.dots.keys())
    }

    fn merge(&mut self, other: &Self) {
        self.seen.merge(&other.seen);
        if self.bug == 7 && self.clock.covers(&other.clock) {
            return;
        }
        let elements: BTreeSet<String> =
            self.dots.keys().chain(other.dots.keys()).cloned().collect();
        for element in elements {
            let joined = self.joined(other, &element);
            let new = joined.iter().filter(|dot| !self.clock.has(dot));
            self.arrivals.extend(new.cloned());
            if joined.is_empty() {
                self.dots.remove(&element);
            } else {
                self.dots.insert(element, joined);
            }
        }
        self.clock.merge(&other.clock);
    }

    fn sync(&mut self, other: &mut Self) {
        match self.bug {
            12 => {
                if !self.clock.covers(&other.clock) {
                    self.merge(other);
                }
                if !other.clock.covers(&self.clock) {
                    other.merge(self);
                }
                (self.seen, other.seen) = {
                    self.seen.merge(&other.seen);
                    (self.seen.clone(), self.seen.clone())
                };
            }
            20 if self.dots.len() == other.dots.len() => {}
            _ => {
                self.merge(other);
                other.merge(self);
            }
        }
    }

    fn part(&self, key: &str) -> Option<Json> {
        Some(Json::Bool(self.dots.contains_key(key)))
    }

    fn digest(&self) -> Option<String> {
        // The other mutants must be found by their answers.
        if !matches!(self.bug, 0 | 19 | 45) {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        let text = match self.bug {
            19 => {
                let is_live = |dot: &&Dot| self.dots.values().any(|dots| dots.contains(dot));
                format!("{:?}", self.arrivals.iter().filter(is_live).collect::<Vec<_>>())
            }
            45 => format!("{:?}", self.clock),
            _ => format!("{:?}", self.dots),
        };
        text.hash(&mut hasher);
        Some(format!("{:016x}", hasher.finish()))
    }

    backups_and_vector!();
}

/// The changes of one operation: the dots that it adds, and those that it knows.
#[derive(Clone, Serialize, Deserialize)]
struct Delta {
    adds: Option<(String, Dot)>,
    context: Vec<Dot>,
}

/// A set whose messages are all deltas that a replica knows, the newest first. 9 the dots that are
/// known are kept as a vector, in which holes count as known · 10 a removal's delta knows all that
/// its replica knew · 11 an addition's delta does.
#[derive(Clone, Serialize, Deserialize)]
pub struct Deltas {
    bug: u32,
    me: Id,
    seen: Vector,
    known: BTreeSet<Dot>,
    dots: BTreeSet<(String, Dot)>,
    deltas: Vec<Delta>,
}

impl Deltas {
    fn knows(&self, dot: &Dot) -> bool {
        let above = self.known.iter().any(|known| known.by == dot.by && known.number > dot.number);
        self.known.contains(dot) || self.bug == 9 && above
    }

    fn join(&mut self, delta: &Delta) {
        let added = delta.adds.iter().filter(|(_, dot)| !self.knows(dot)).cloned();
        let added: Vec<_> = added.collect();
        let is_named = |entry: &(String, Dot)| delta.adds.as_ref() == Some(entry);
        self.dots.retain(|entry| is_named(entry) || !delta.context.contains(&entry.1));
        self.dots.extend(added);
        self.known.extend(delta.context.iter().cloned());
    }
}

impl Replicated for Deltas {
    const TYPE: Type = Type::OrSet;

    fn new(name: &str) -> Self {
        Self {
            bug: 0,
            me: Id::new(name),
            seen: Vector::default(),
            known: BTreeSet::new(),
            dots: BTreeSet::new(),
            deltas: Vec::new(),
        }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let of = |element: &str| {
            let dots = self.dots.iter().filter(move |(other, _)| other == element);
            dots.map(|(_, dot)| dot.clone()).collect::<Vec<_>>()
        };
        let all = self.known.iter().cloned();
        let delta = match operation {
            Operation::Add { element } => {
                let replaced = of(element);
                let dot = self.seen.next(&self.me);
                let mut context = if self.bug == 11 { all.collect() } else { replaced };
                context.push(dot.clone());
                Delta { adds: Some((element.clone(), dot)), context }
            }
            Operation::Remove { element } => {
                let context = if self.bug == 10 { all.collect() } else { of(element) };
                self.seen.next(&self.me);
                Delta { adds: None, context }
            }
            other => return Err(Unsupported::operation(other)),
        };
        // The replica itself applies the intended change.
        match &delta.adds {
            Some((element, _)) => self.dots.retain(|(other, _)| other != element),
            None => {
                let Operation::Remove { element } = operation else { return Ok(()) };
                self.dots.retain(|(other, _)| other != element);
            }
        }
        self.dots.extend(delta.adds.iter().cloned());
        self.known.extend(delta.context.iter().cloned());
        self.deltas.push(delta);
        Ok(())
    }

    fn value(&self) -> Json {
        answer::elements(self.dots.iter().map(|(element, _)| element).collect::<BTreeSet<_>>())
    }

    fn merge(&mut self, other: &Self) {
        let new = other.deltas.iter().rev().filter(|delta| {
            !self
                .deltas
                .iter()
                .any(|known| known.adds == delta.adds && known.context == delta.context)
        });
        let new: Vec<Delta> = new.cloned().collect();
        new.iter().for_each(|delta| self.join(delta));
        self.deltas.extend(new.into_iter().rev());
        self.seen.merge(&other.seen);
    }

    backups_and_vector!();
}

crate::past::bugs!(Optimized, Deltas);
