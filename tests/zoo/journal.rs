//! Logs: what is sent, what is held back, and what a backup has.

use crate::past::{Dot, Id, Vector};
use rejoin_conformance::{Json, Operation, Replicated, Type, Unsupported};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An entry; its order is the order of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry {
    time: [u64; 4],
    origin: String,
    seq: u64,
    text: String,
    dot: Dot,
}

/// A log whose messages are the entries that a replica knows, the newest first. 21 the vector
/// moves on by all that a message has, the log by three entries at most · 25 receiving empties what
/// was to be sent · 26 an entry whose predecessor is missing is dropped · 29 one of those that are
/// too early is held back, the others are dropped · 34 what was sent once is not sent again · 35 a
/// backup has the vector of now, and the entries of before · 38 what is appended before the first
/// contact is never sent · 40 a sync sends two entries and notes all as sent · 43 there is no new
/// backup before an upload is over · 46 at the first contact the own entries are imported once more
/// · 110 equal entries are one · 111 entries stand in the order of their arrival.
#[derive(Clone, Serialize, Deserialize)]
pub struct Journal {
    bug: u32,
    me: Id,
    seen: Vector,
    entries: Vec<Entry>,
    /// The content of messages.
    outbox: Vec<Entry>,
    sent: BTreeMap<String, Vector>,
    has_contact: bool,
    backup: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Message {
    entries: Vec<Entry>,
    seen: Vector,
}

impl Journal {
    fn insert(&mut self, entry: Entry) {
        self.seen.see(&entry.dot);
        self.entries.push(entry);
    }

    fn import(&mut self) {
        for entry in self.entries.clone() {
            let dot = Dot { number: entry.dot.number + 1_000_000, ..entry.dot.clone() };
            self.entries.push(Entry { dot, ..entry });
        }
    }

    fn apply(&mut self, message: Message) {
        if self.bug == 46 && !self.has_contact {
            self.import();
        }
        self.has_contact = true;
        if self.bug == 25 {
            self.outbox.clear();
        }
        let Message { mut entries, seen } = message;
        let mut held: BTreeMap<Id, Entry> = BTreeMap::new();
        if !matches!(self.bug, 26 | 29) {
            entries.sort_by_key(|entry| entry.dot.number);
        }
        for (at, entry) in entries.into_iter().enumerate() {
            if self.seen.has(&entry.dot) || self.bug == 21 && at >= 3 {
                continue;
            }
            if entry.dot.number != self.seen.of(&entry.dot.by) + 1 {
                held.insert(entry.dot.by.clone(), entry);
                continue;
            }
            let by = entry.dot.by.clone();
            self.outbox.push(entry.clone());
            self.insert(entry);
            if let Some(next) = held.remove(&by).filter(|_| self.bug == 29) {
                self.outbox.push(next.clone());
                self.insert(next);
            }
        }
        if self.bug == 21 {
            self.seen.merge(&seen);
        }
    }

    fn message(&self, entries: Vec<Entry>) -> Message {
        Message { entries, seen: self.seen.clone() }
    }

    /// The entries that the other replica lacks.
    fn lacking(&self, other: &Self) -> Vec<Entry> {
        let new = |entry: &&Entry| !other.seen.has(&entry.dot);
        self.entries.iter().filter(new).cloned().collect()
    }
}

impl Replicated for Journal {
    const TYPE: Type = Type::Log;

    fn new(name: &str) -> Self {
        Self {
            bug: 0,
            me: Id::new(name),
            seen: Vector::default(),
            entries: Vec::new(),
            outbox: Vec::new(),
            sent: BTreeMap::new(),
            has_contact: false,
            backup: Vec::new(),
        }
    }

    fn operate(&mut self, operation: &Operation) -> Result<(), Unsupported> {
        let Operation::Append { entry, timestamp } = operation else {
            return Err(Unsupported::operation(operation));
        };
        if self.bug == 35 {
            self.backup = serde_json::to_vec(&self.entries).expect("entries are JSON");
        }
        let (origin, seq) = (self.me.name.clone(), self.seen.total(&self.me.name) + 1);
        let dot = self.seen.next(&self.me);
        let time = timestamp.unwrap_or_default().parts();
        let entry = Entry { time, origin, seq, text: entry.canonical(), dot };
        if self.bug != 38 || self.has_contact {
            self.outbox.push(entry.clone());
        }
        let is_known = self.entries.iter().any(|other| other.text == entry.text);
        if !(self.bug == 110 && is_known) {
            self.entries.push(entry);
        }
        Ok(())
    }

    fn value(&self) -> Json {
        let mut entries = self.entries.clone();
        if self.bug != 111 {
            entries.sort();
        }
        let json = |entry: &Entry| Json::parse(&entry.text).expect("it was canonical JSON");
        Json::Array(entries.iter().map(json).collect())
    }

    fn merge(&mut self, other: &Self) {
        self.apply(other.message(other.outbox.iter().rev().cloned().collect()));
    }

    fn send(&mut self, to: Option<&str>) -> Option<Vec<u8>> {
        let mut entries: Vec<Entry> = self.outbox.iter().rev().cloned().collect();
        if let Some(to) = to.filter(|_| self.bug == 34) {
            let sent = self.sent.entry(to.into()).or_default();
            entries.retain(|entry| !sent.has(&entry.dot));
            sent.merge(&self.seen);
        }
        if self.bug == 43 {
            self.backup.clear();
        }
        Some(serde_json::to_vec(&self.message(entries)).expect("messages are JSON"))
    }

    fn receive(&mut self, message: &[u8]) -> Result<(), Unsupported> {
        let message = serde_json::from_slice(message);
        self.apply(message.map_err(|error| Unsupported::new(error.to_string()))?);
        Ok(())
    }

    fn sync(&mut self, other: &mut Self) {
        let (mut there, mut back) = (self.lacking(other), other.lacking(self));
        if self.bug == 40 {
            there.truncate(2);
            back.truncate(2);
        }
        other.apply(self.message(there));
        self.apply(other.message(back));
        if self.bug == 40 {
            other.seen.merge(&self.seen);
            self.seen.merge(&other.seen);
        }
    }

    fn vector(&self) -> Option<BTreeMap<String, u64>> {
        Some(self.seen.shown())
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        let has_unsent = self.entries.last().is_some_and(|last| last.dot.by == self.me);
        if self.bug == 43 && has_unsent && !self.backup.is_empty() {
            return Some(self.backup.clone());
        }
        let mut saved = self.clone();
        saved.backup.clear();
        if self.bug == 35 && !self.backup.is_empty() {
            saved.entries = serde_json::from_slice(&self.backup).expect("they were written here");
        }
        let saved = serde_json::to_vec(&saved).expect("a replica is JSON");
        if self.bug == 43 {
            self.backup.clone_from(&saved);
        }
        Some(saved)
    }

    fn load(_name: &str, incarnation: u64, backup: &[u8]) -> Option<Self> {
        let mut loaded: Self = serde_json::from_slice(backup).ok()?;
        loaded.me.incarnation = incarnation;
        Some(loaded)
    }
}

crate::past::bugs!(Journal);
