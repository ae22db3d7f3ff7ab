//! yrs: a document whose sync is an update against a state vector, in the second format.
//!
//! The set is a map to `true`, the counter a map from author to total. A map's entry is whatever the
//! last of its writes in yrs's own order says, even if that is a removal; so it is no OR-set when both
//! sides have written.

use crate::participant::{Messages, Participant, Replica, peer};
use crate::workload::{Action, Contents, Transaction};
use ::yrs::updates::decoder::Decode;
use ::yrs::updates::encoder::Encode;
use ::yrs::{Any, Array, ArrayRef, Doc, Map, MapRef, Out, ReadTxn, StateVector, Transact, Update};
use std::collections::HashMap;

/// All that is there.
pub fn participants() -> [Box<dyn Participant>; 1] {
    [peer("yrs, updates v2", Yrs::new, |_| None)]
}

struct Yrs {
    document: Doc,
    map: MapRef,
    set: MapRef,
    counter: MapRef,
    log: ArrayRef,
    /// The totals of this replica's authors, as the application remembers them.
    totals: HashMap<u64, u64>,
}

impl Yrs {
    fn new(author: u64) -> Self {
        let document = Doc::with_client_id(author + 1);
        Self {
            map: document.get_or_insert_map("map"),
            set: document.get_or_insert_map("set"),
            counter: document.get_or_insert_map("counter"),
            log: document.get_or_insert_array("log"),
            document,
            totals: HashMap::new(),
        }
    }

    fn vector(&self) -> Vec<u8> {
        self.document.transact().state_vector().encode_v2()
    }

    fn since(&self, vector: &[u8]) -> Vec<u8> {
        let vector = StateVector::decode_v2(vector).expect("it was just encoded");
        self.document.transact().encode_diff_v2(&vector)
    }

    fn receive(&mut self, update: &[u8]) {
        let update = Update::decode_v2(update).expect("it was just encoded");
        self.document.transact_mut().apply_update(update).expect("nothing is missing");
    }
}

fn text(value: Out) -> String {
    match value {
        Out::Any(Any::String(text)) => text.to_string(),
        other => unreachable!("{other:?} is no text"),
    }
}

impl Replica for Yrs {
    fn apply(&mut self, transaction: &Transaction) {
        let author = transaction.author;
        let mut transact = self.document.transact_mut();
        for operation in &transaction.operations {
            match &operation.action {
                Action::Put { key, value } => {
                    self.map.insert(&mut transact, key.as_str(), value.as_str());
                }
                Action::Add(element) => {
                    self.set.insert(&mut transact, element.as_str(), true);
                }
                Action::Remove(element) => _ = self.set.remove(&mut transact, element),
                Action::Increment(amount) => {
                    let total = self.totals.entry(author).or_insert(0);
                    *total += amount;
                    self.counter.insert(&mut transact, author.to_string(), *total as i64);
                }
                Action::Append(entry) => _ = self.log.push_back(&mut transact, entry.as_str()),
            }
        }
    }

    fn fork(&mut self, author: u64) -> Self {
        let mut fork = Self::new(author);
        fork.receive(&self.since(&StateVector::default().encode_v2()));
        // In W3a any replica may hold any author's increments.
        let authors = self.totals.iter().filter(|(author, _)| **author >= 100);
        fork.totals = authors.map(|(author, total)| (*author, *total)).collect();
        fork
    }

    fn sync(&mut self, server: &mut Self) -> Messages {
        let mine = self.vector();
        let mut messages = self.send(server);
        let update = server.since(&mine);
        self.receive(&update);
        messages.extend([mine.into(), update.into()]);
        messages
    }

    fn send(&mut self, hub: &mut Self) -> Messages {
        let theirs = hub.vector();
        let update = self.since(&theirs);
        hub.receive(&update);
        vec![theirs.into(), update.into()]
    }

    fn contents(&mut self) -> Contents {
        let transact = self.document.transact();
        let total = |value| match value {
            Out::Any(Any::Number(total)) => total.as_i64().map_or(0, |total| total as u64),
            other => unreachable!("{other:?} is no total"),
        };
        let entries = self.map.iter(&transact);
        let mut log: Vec<String> = self.log.iter(&transact).map(text).collect();
        log.sort_unstable();
        Contents {
            map: entries.map(|(key, value)| (key.to_string(), text(value))).collect(),
            set: self.set.iter(&transact).map(|(element, _)| element.to_string()).collect(),
            counter: self.counter.iter(&transact).map(|(_, value)| total(value)).sum(),
            log,
        }
    }
}
