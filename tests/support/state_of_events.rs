//! The state of a replica that has seen some events, built from the definition.
//!
//! If the events contain all that they saw on their object, it is the state of the reference
//! engine. If not, each part is the one of the definition, except the vector.

use rejoin::definition::{self, Event};
use rejoin::digest::ToBytes;
use rejoin::dot::{Dot, Origin};
use rejoin::lattice::Lattice;
use rejoin::object::ObjectType;
use rejoin::operation::{Operation, Value};
use rejoin::reference::decisions::{Decision, Decisions, Presence, Reading};
use rejoin::reference::g_counter::GCounter;
use rejoin::reference::log::{Entry, Log};
use rejoin::reference::lww_map::LwwMap;
use rejoin::reference::lww_register::LwwRegister;
use rejoin::reference::max_register::Extreme;
use rejoin::reference::pn_counter::PnCounter;
use rejoin::reference::replica::Object;
use rejoin::reference::state_hash::Record;
use rejoin::version_vector::VersionVector;
use std::collections::{BTreeMap, BTreeSet};

/// The records of such a state. If the events do not contain all that they saw, an element can be
/// in an OR-set by definition although all its maximal decisions are removals, and an EW-flag
/// enabled; the record is then content.
#[allow(dead_code, reason = "not every test hashes")]
pub fn records<K, V>(kind: ObjectType, seen: &[&Event<K, V>]) -> BTreeSet<Record>
where
    K: Ord + Clone + ToBytes,
    V: Value + ToBytes,
{
    let elements = definition::elements(seen);
    let mut present: BTreeSet<Vec<u8>> =
        elements.iter().map(|element| element.to_bytes().into_owned()).collect();
    if kind == ObjectType::EwFlag && definition::ew_enabled(seen) {
        present.insert(Vec::new());
    }
    if kind != ObjectType::OrSet && kind != ObjectType::EwFlag {
        present.clear();
    }
    let records = state(kind, seen).records().into_iter();
    let is_removal = |record: &Record| record.is_removal && !present.contains(&record.key);
    records.map(|record| Record { is_removal: is_removal(&record), ..record }).collect()
}

/// The state of a replica that has seen these events: a function of them alone.
pub fn state<K: Ord + Clone, V: Value>(kind: ObjectType, seen: &[&Event<K, V>]) -> Object<K, V> {
    match kind {
        ObjectType::GCounter => {
            let mut shares = BTreeMap::new();
            for event in seen {
                if let Operation::Increment { amount } = &event.operation {
                    *shares.entry(event.id.dot.origin.clone()).or_insert(0) += u128::from(*amount);
                }
            }
            Object::GCounter(GCounter::from_parts(vector(seen), shares))
        }
        ObjectType::LwwRegister => {
            let write = |event: &Event<K, V>| match &event.operation {
                Operation::Write { value, timestamp } => Some(((), *timestamp, value.clone())),
                _ => None,
            };
            let winner = decided(seen, write).map(|(_, decision)| decision).max();
            Object::LwwRegister(LwwRegister::from_parts(latest(seen, write), winner))
        }
        ObjectType::OrSet => Object::OrSet(Reading::from_parts(latest(seen, change))),
        ObjectType::RwSet => Object::RwSet(Reading::from_parts(latest(seen, change))),
        ObjectType::EwFlag => Object::EwFlag(Reading::from_parts(latest(seen, turn))),
        ObjectType::DwFlag => Object::DwFlag(Reading::from_parts(latest(seen, turn))),
        ObjectType::MvRegister => {
            let write = |event: &Event<K, V>| match &event.operation {
                Operation::Write { value, .. } => Some(((), 0, value.clone())),
                _ => None,
            };
            Object::MvRegister(Reading::from_parts(latest(seen, write)))
        }
        ObjectType::MvMap => {
            let put = |event: &Event<K, V>| match &event.operation {
                Operation::Put { key, value, .. } => Some((key.clone(), 0, value.clone())),
                _ => None,
            };
            Object::MvMap(Reading::from_parts(latest(seen, put)))
        }
        ObjectType::PnCounter => {
            let [mut increments, mut decrements] = [BTreeMap::new(), BTreeMap::new()];
            for event in seen {
                let origin = event.id.dot.origin.clone();
                match event.operation {
                    Operation::Increment { amount } => {
                        *increments.entry(origin).or_insert(0) += u128::from(amount);
                    }
                    Operation::Decrement { amount } => {
                        *decrements.entry(origin).or_insert(0) += u128::from(amount);
                    }
                    _ => {}
                }
            }
            Object::PnCounter(PnCounter::from_parts(vector(seen), increments, decrements))
        }
        ObjectType::MaxRegister => {
            let greatest = definition::integers(seen).max();
            Object::MaxRegister(Extreme::from_parts(vector(seen), greatest))
        }
        ObjectType::MinRegister => {
            let least = definition::integers(seen).min();
            Object::MinRegister(Extreme::from_parts(vector(seen), least))
        }
        ObjectType::LwwMap => {
            let put = |event: &Event<K, V>| match &event.operation {
                Operation::Put { key, value, timestamp } => {
                    Some((key.clone(), *timestamp, value.clone()))
                }
                _ => None,
            };
            let mut winners = BTreeMap::new();
            for (key, decision) in decided(seen, put) {
                let winner = winners.entry(key).or_insert_with(|| decision.clone());
                *winner = decision.max(winner.clone());
            }
            Object::LwwMap(LwwMap::from_parts(latest(seen, put), winners))
        }
        ObjectType::Log => {
            let mut entries = BTreeSet::new();
            for event in seen {
                if let Operation::Append { entry, timestamp } = &event.operation {
                    let (entry, timestamp) = (entry.clone(), *timestamp);
                    let Dot { origin, counter } = event.id.dot.clone();
                    let Origin { replica, incarnation } = origin;
                    let seq = event.seq();
                    entries.insert(Entry { timestamp, replica, seq, entry, incarnation, counter });
                }
            }
            Object::Log(Log::from_parts(vector(seen), entries))
        }
    }
}

fn change<K: Clone, V>(event: &Event<K, V>) -> Option<(K, u64, Presence)> {
    match &event.operation {
        Operation::Add { element } => Some((element.clone(), 0, Presence::Added)),
        Operation::Remove { element } => Some((element.clone(), 0, Presence::Removed)),
        _ => None,
    }
}

fn turn<K, V>(event: &Event<K, V>) -> Option<((), u64, Presence)> {
    match &event.operation {
        Operation::Enable => Some(((), 0, Presence::Added)),
        Operation::Disable => Some(((), 0, Presence::Removed)),
        _ => None,
    }
}

fn vector<K, V>(seen: &[&Event<K, V>]) -> VersionVector {
    let mut vector = VersionVector::bottom();
    for event in seen {
        vector.see(&event.id.dot.origin, event.id.dot.counter);
    }
    vector
}

/// The decisions among these events, given how to read a key, a time and an effect from one.
fn decided<K, V, L, E>(
    seen: &[&Event<K, V>],
    read: impl Fn(&Event<K, V>) -> Option<(L, u64, E)>,
) -> impl Iterator<Item = (L, Decision<E>)> {
    seen.iter().filter_map(move |event| {
        let (key, timestamp, effect) = read(event)?;
        let (dot, user) = (event.id.dot.clone(), event.user.clone());
        Some((key, Decision { dot, seq: event.seq(), timestamp, user, effect }))
    })
}

/// The decisions that no other decision on their key saw.
fn latest<K, V, L: Ord + Clone, E: Ord + Clone>(
    seen: &[&Event<K, V>],
    read: impl Fn(&Event<K, V>) -> Option<(L, u64, E)>,
) -> Decisions<L, E> {
    let key = |event: &Event<K, V>| read(event).map(|(key, ..)| key);
    let is_latest = |event: &&Event<K, V>| {
        !seen.iter().any(|later| later.saw(event) && key(later) == key(event))
    };
    let latest: Vec<&Event<K, V>> = seen.iter().copied().filter(is_latest).collect();
    Decisions::from_parts(vector(seen), decided(&latest, read))
}
