//! Explicit states by section 5 of spec/trace-format.md, in plain maps and sets.

use rejoin::definition::Event;
use rejoin::object::ObjectType;
use rejoin::operation::Operation;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Timestamp, replica, canonical bytes: the greatest wins.
pub type Write = (u64, String, String);
/// Element, replica, seq.
pub type Dot = (String, String, u128);
/// Timestamp, replica, seq, canonical bytes: the order of the log.
pub type Entry = (u64, String, u128, String);

/// The state of one object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    Counter(BTreeMap<String, u128>),
    Register(Option<Write>),
    Set { adds: BTreeSet<Dot>, removes: BTreeSet<Dot> },
    Map(BTreeMap<String, Write>),
    Log(BTreeSet<Entry>),
}

impl State {
    pub fn bottom(kind: ObjectType) -> Self {
        match kind {
            ObjectType::GCounter => Self::Counter(BTreeMap::new()),
            ObjectType::LwwRegister => Self::Register(None),
            ObjectType::OrSet => Self::Set { adds: BTreeSet::new(), removes: BTreeSet::new() },
            ObjectType::LwwMap => Self::Map(BTreeMap::new()),
            ObjectType::Log => Self::Log(BTreeSet::new()),
            other => unreachable!("this world has no {}", other.as_str()),
        }
    }

    pub fn join(&mut self, other: &Self) {
        match (self, other) {
            (Self::Counter(shares), Self::Counter(others)) => {
                for (node, share) in others {
                    let here = shares.entry(node.clone()).or_default();
                    *here = (*here).max(*share);
                }
            }
            (Self::Register(write), Self::Register(other)) => {
                *write = write.clone().max(other.clone());
            }
            (Self::Set { adds, removes }, Self::Set { adds: more_adds, removes: more_removes }) => {
                adds.extend(more_adds.iter().cloned());
                removes.extend(more_removes.iter().cloned());
            }
            (Self::Map(writes), Self::Map(others)) => {
                for (key, write) in others {
                    let here = writes.entry(key.clone()).or_insert_with(|| write.clone());
                    *here = here.clone().max(write.clone());
                }
            }
            (Self::Log(entries), Self::Log(others)) => entries.extend(others.iter().cloned()),
            _ => panic!("an object has one type"),
        }
    }

    /// A replica performs an operation; `text` gives a value's canonical bytes.
    pub fn perform<V>(&mut self, event: &Event<String, V>, text: impl Fn(&V) -> String) {
        let replica = event.replica().to_string();
        match (self, &event.operation) {
            (Self::Counter(shares), Operation::Increment { amount }) => {
                *shares.entry(replica).or_default() += u128::from(*amount);
            }
            (Self::Register(write), Operation::Write { value, timestamp }) => {
                *write = write.clone().max(Some((*timestamp, replica, text(value))));
            }
            (Self::Set { adds, removes }, Operation::Add { element }) => {
                let known = adds.iter().chain(removes.iter());
                let seqs = known.filter(|dot| dot.1 == replica).map(|dot| dot.2);
                let seq = seqs.max().unwrap_or(0) + 1;
                adds.insert((element.clone(), replica, seq));
            }
            (Self::Set { adds, removes }, Operation::Remove { element }) => {
                removes.extend(adds.iter().filter(|dot| dot.0 == *element).cloned());
            }
            (Self::Map(writes), Operation::Put { key, value, timestamp }) => {
                let write = (*timestamp, replica, text(value));
                let here = writes.entry(key.clone()).or_insert_with(|| write.clone());
                *here = here.clone().max(write);
            }
            (Self::Log(entries), Operation::Append { entry, timestamp }) => {
                let seqs = entries.iter().filter(|entry| entry.1 == replica).map(|entry| entry.2);
                let seq = seqs.max().unwrap_or(0) + 1;
                entries.insert((*timestamp, replica, seq, text(entry)));
            }
            _ => panic!("an operation is of its object's type"),
        }
    }

    /// The value, in the form of a trace.
    pub fn value(&self) -> Value {
        match self {
            Self::Counter(shares) => count_json(shares.values().sum()),
            Self::Register(write) => write.as_ref().map_or(Value::Null, |write| parsed(&write.2)),
            Self::Set { adds, removes } => {
                let elements: BTreeSet<&str> =
                    adds.difference(removes).map(|dot| &*dot.0).collect();
                json!(elements)
            }
            Self::Map(writes) => {
                let live = writes.iter().filter(|(_, write)| write.2 != "null");
                live.map(|(key, write)| (key.clone(), parsed(&write.2))).collect()
            }
            Self::Log(entries) => entries.iter().map(|entry| parsed(&entry.3)).collect(),
        }
    }

    /// The state, in the form of a trace.
    pub fn json(&self) -> Value {
        match self {
            Self::Counter(shares) => {
                shares.iter().map(|(node, share)| (node.clone(), count_json(*share))).collect()
            }
            Self::Register(write) => write.as_ref().map_or(Value::Null, write_json),
            Self::Set { adds, removes } => {
                let dots = |dots: &BTreeSet<Dot>| -> Value {
                    let dot = |(element, replica, seq): &Dot| json!({"element": element, "replica": replica, "seq": count_json(*seq)});
                    dots.iter().map(dot).collect()
                };
                json!({"adds": dots(adds), "removes": dots(removes)})
            }
            Self::Map(writes) => {
                writes.iter().map(|(key, write)| (key.clone(), write_json(write))).collect()
            }
            Self::Log(entries) => entries.iter().map(entry_json).collect(),
        }
    }
}

pub fn write_json((timestamp, replica, value): &Write) -> Value {
    json!({"value": parsed(value), "timestamp": timestamp, "replica": replica})
}

pub fn entry_json((timestamp, replica, seq, entry): &Entry) -> Value {
    let entry = parsed(entry);
    json!({"entry": entry, "timestamp": timestamp, "replica": replica, "seq": count_json(*seq)})
}

/// A count: a number where it fits 64 bits, else the string of its digits.
pub fn count_json(count: u128) -> Value {
    u64::try_from(count).map_or_else(|_| json!(count.to_string()), |count| json!(count))
}

pub fn parsed(canonical: &str) -> Value {
    serde_json::from_str(canonical).expect("canonical bytes are JSON")
}
