//! loro: a document whose sync is an export of the updates since a version vector.
//!
//! The set is a map to `true`. In a map the last write by Lamport time decides, a removal being a
//! write like others; so it is no OR-set.

use crate::participant::{Messages, Participant, Replica, peer};
use crate::workload::{Action, Contents, Transaction};
use ::loro::{ExportMode, LoroDoc, LoroMap, LoroValue, VersionVector};

/// All that is there.
pub fn participants() -> [Box<dyn Participant>; 1] {
    [peer("loro, updates", |author| Loro::new(author, LoroDoc::new()), |_| None)]
}

struct Loro {
    document: LoroDoc,
    author: u64,
}

impl Loro {
    fn new(author: u64, document: LoroDoc) -> Self {
        document.set_peer_id(author).expect("nothing is pending");
        Self { document, author }
    }

    fn vector(&self) -> Vec<u8> {
        self.document.oplog_vv().encode()
    }

    fn since(&self, vector: &[u8]) -> Vec<u8> {
        let vector = VersionVector::decode(vector).expect("it was just encoded");
        self.document.export(ExportMode::updates(&vector)).expect("the history is there")
    }

    fn receive(&mut self, update: &[u8]) {
        self.document.import(update).expect("it was just encoded");
    }
}

fn text(value: &LoroValue) -> String {
    match value {
        LoroValue::String(text) => text.to_string(),
        other => unreachable!("{other:?} is no text"),
    }
}

fn entries(map: &LoroMap) -> Vec<(String, LoroValue)> {
    match map.get_value() {
        LoroValue::Map(map) => {
            map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        other => unreachable!("{other:?} is no map"),
    }
}

impl Replica for Loro {
    fn apply(&mut self, transaction: &Transaction) {
        if self.author != transaction.author {
            self.author = transaction.author;
            self.document.set_peer_id(self.author).expect("nothing is pending");
        }
        let map = self.document.get_map("map");
        let set = self.document.get_map("set");
        let counter = self.document.get_counter("counter");
        let log = self.document.get_list("log");
        for operation in &transaction.operations {
            let done = match &operation.action {
                Action::Put { key, value } => map.insert(key, value.as_str()),
                // A write that changes nothing is none.
                Action::Add(element) => match set.get(element) {
                    None => set.insert(element, true),
                    Some(value) => {
                        let is_true = value.get_deep_value() == LoroValue::Bool(true);
                        set.insert(element, !is_true)
                    }
                },
                Action::Remove(element) => set.delete(element),
                Action::Increment(amount) => counter.increment(*amount as f64),
                Action::Append(entry) => log.push(entry.as_str()),
            };
            done.expect("the document takes the operation");
        }
        self.document.commit();
    }

    fn fork(&mut self, author: u64) -> Self {
        Self::new(author, self.document.fork())
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
        let map = self.document.get_map("map");
        let set = self.document.get_map("set");
        let log = match self.document.get_list("log").get_value() {
            LoroValue::List(list) => list.iter().map(text).collect(),
            other => unreachable!("{other:?} is no list"),
        };
        let mut log: Vec<String> = log;
        log.sort_unstable();
        Contents {
            map: entries(&map).into_iter().map(|(key, value)| (key, text(&value))).collect(),
            set: entries(&set).into_iter().map(|(element, _)| element).collect(),
            counter: self.document.get_counter("counter").get_value() as u64,
            log,
        }
    }
}
