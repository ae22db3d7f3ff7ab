//! What a way of synchronizing loses: counted, operation by operation.
//!
//! An operation is *lost* at a sync when the replica that applied what another one had seen has then
//! seen the operation, nobody who had seen it has decided anew on its key (as far as that replica
//! has seen), what it did is not there, and no user is notified. What it did is there:
//!
//! - of a write or a put, while the key has the value that it wrote;
//! - of an addition or a removal, while the element is in the set, or is not;
//! - of an increment, while the counter's total counts it;
//! - of an entry of a log, while the log has it.
//!
//! The latest decisions on a key are those that `rejoin::definition::maximal` gives; increments and
//! entries are never superseded. If all that is missing is that it is *flagged*, in an open merge
//! decision, then its user is notified, and it is not lost. Each operation counts once, at the first
//! sync where it happens.

use super::fleet::Fleet;
use super::history::{History, Step};
use super::past::{Key, Numbers, Past, Seen};
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use rejoin::optimized::replica::Object;
use std::collections::{BTreeMap, BTreeSet};

/// What became of an operation at a replica that has seen it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// What it did is there.
    There,
    /// It is not, and its user is notified.
    Flagged,
    /// It is not, and no user is notified.
    Lost,
}

/// A way of synchronizing.
pub trait System {
    /// Something happens: an operation, a message.
    fn step(&mut self, step: &Step);

    /// What became, at a replica, of operations that it has seen and nobody has overwritten.
    fn fates(&self, replica: usize, latest: &[usize]) -> Vec<Fate>;
}

/// What became of the operations of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// The operations that were lost.
    pub lost: BTreeSet<usize>,
    /// Those that were flagged at a sync, and not lost.
    pub flagged: BTreeSet<usize>,
}

impl Losses {
    /// How many of these operations there are, by the type of their objects.
    pub fn by_type(
        history: &History,
        numbers: impl IntoIterator<Item = usize>,
    ) -> BTreeMap<ObjectType, usize> {
        let mut counts = BTreeMap::new();
        for number in numbers {
            *counts.entry(history.works[number].operation.kind()).or_default() += 1;
        }
        counts
    }
}

/// Runs the history through the system, and looks at each sync what was lost.
pub fn count(past: &Past<'_>, system: &mut dyn System) -> Losses {
    let history = past.history;
    let mut seen = Seen::new(history);
    let mut losses = Losses::default();
    for step in &history.steps {
        let mut new = Numbers::default();
        if let Step::Receive { replica, message } = *step {
            for number in seen.messages[message].without(&seen.replicas[replica]) {
                new.insert(number);
            }
        }
        system.step(step);
        seen.step(history, step);
        if let Step::Receive { replica, .. } = *step {
            let latest = touched(past, &seen.replicas[replica], &new);
            let fates = system.fates(replica, &latest);
            for (number, fate) in latest.into_iter().zip(fates) {
                match fate {
                    Fate::There => {}
                    Fate::Flagged => drop(losses.flagged.insert(number)),
                    Fate::Lost => drop(losses.lost.insert(number)),
                }
            }
        }
    }
    losses.flagged = losses.flagged.difference(&losses.lost).copied().collect();
    losses
}

/// The latest operations on all keys and logs that the new operations are about.
fn touched(past: &Past<'_>, seen: &Numbers, new: &Numbers) -> Vec<usize> {
    let nothing = Numbers::default();
    let (mut keys, mut logs) = (BTreeSet::<Key>::new(), BTreeSet::new());
    for number in new.without(&nothing) {
        match past.key_of(number) {
            Some(key) => drop(keys.insert(key)),
            None => drop(logs.insert(&past.history.works[number].object)),
        }
    }
    let mut latest: Vec<usize> = keys.into_iter().flat_map(|key| past.latest(key, seen)).collect();
    if !logs.is_empty() {
        latest.extend(seen.without(&nothing).filter(|number| {
            past.key_of(*number).is_none() && logs.contains(&past.history.works[*number].object)
        }));
    }
    latest
}

/// Rejoin itself.
pub struct Rejoin<'h> {
    /// What its replicas do.
    pub history: &'h History,
    /// The replicas.
    pub fleet: Fleet<'h>,
}

impl<'h> Rejoin<'h> {
    /// Its replicas before anything has happened.
    pub fn new(history: &'h History) -> Self {
        Self { history, fleet: Fleet::new(history) }
    }
}

impl System for Rejoin<'_> {
    fn step(&mut self, step: &Step) {
        self.fleet.step(step);
    }

    fn fates(&self, replica: usize, latest: &[usize]) -> Vec<Fate> {
        let node = &self.fleet.replicas[replica];
        let reported: BTreeSet<_> = node
            .conflicts()
            .flat_map(|(object, open)| {
                open.overruled.into_iter().map(move |decision| (object.clone(), decision.dot))
            })
            .collect();
        // What counters count is known by the shares of replicas: each is the sum of the
        // replica's increments, or they are taken for lost.
        let mut amounts = BTreeMap::new();
        for number in latest {
            let work = &self.history.works[*number];
            if let Operation::Increment { amount } = work.operation {
                *amounts.entry((&work.object, work.replica)).or_insert(0) += u128::from(amount);
            }
        }
        let mut entries = BTreeMap::new();
        for (object, _) in self.history.schema.iter() {
            if let Ok(Object::Log(log)) = node.object(object) {
                let of_log: BTreeSet<_> =
                    log.entries().map(|entry| (entry.dot(), entry.value())).collect();
                entries.insert(object, of_log);
            }
        }
        let fate = |number: &usize| {
            let work = &self.history.works[*number];
            let dot = self.fleet.dots[*number].as_ref().expect("it was performed");
            let object = node.object(&work.object).expect("the object is declared");
            let is_there = match (object, &work.operation) {
                (Object::GCounter(counter), Operation::Increment { .. }) => {
                    counter.share(&dot.origin) == amounts[&(&work.object, work.replica)]
                }
                (Object::LwwRegister(register), Operation::Write { value, .. }) => {
                    register.value() == value.as_deref()
                }
                (Object::OrSet(set), Operation::Add { element }) => set.contains(element),
                (Object::OrSet(set), Operation::Remove { element }) => !set.contains(element),
                (Object::LwwMap(map), Operation::Put { key, value, .. }) => {
                    map.get(key) == value.as_deref()
                }
                (Object::Log(_), Operation::Append { entry, .. }) => {
                    let entry = (dot.clone(), entry.as_deref().unwrap_or("null"));
                    entries[&work.object].contains(&entry)
                }
                _ => false,
            };
            match is_there {
                true => Fate::There,
                false if reported.contains(&(work.object.clone(), dot.clone())) => Fate::Flagged,
                false => Fate::Lost,
            }
        };
        latest.iter().map(fate).collect()
    }
}
