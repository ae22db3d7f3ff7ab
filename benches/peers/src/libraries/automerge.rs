//! automerge: a document with its history.
//!
//! The set is a map to booleans that flip at every add, since a put that changes nothing makes no
//! operation; removal loses against what it has not seen. Concurrent puts go by automerge's own order.

use crate::participant::{Messages, Participant, Replica, peer};
use crate::workload::{Action, Contents, Transaction, Workload};
use ::automerge::sync::{Message, State, SyncDoc};
use ::automerge::transaction::Transactable;
use ::automerge::{ActorId, AutoCommit, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};
use std::sync::Arc;

/// All that is there.
pub fn participants() -> [Box<dyn Participant>; 2] {
    [
        peer("automerge, bundle", |author| Automerge::new(author, Mode::Bundle), declines),
        peer(
            "automerge, sync",
            |author| Automerge::new(author, Mode::Protocol),
            |workload| {
                let one_way = "the sync protocol always goes both ways";
                declines(workload).or(workload.one_way.then_some(one_way))
            },
        ),
    ]
}

fn declines(workload: &Workload) -> Option<&'static str> {
    workload.single_increments.then_some("quadratic in single increments")
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// The changes since the fork, as one bundle.
    Bundle,
    /// The sync protocol, beginning from the fork.
    Protocol,
}

struct Automerge {
    mode: Mode,
    author: u64,
    document: AutoCommit,
    map: ObjId,
    set: ObjId,
    log: ObjId,
    /// What was there at the fork.
    common: Vec<ChangeHash>,
}

fn actor(author: u64) -> ActorId {
    ActorId::from(author.to_be_bytes())
}

impl Automerge {
    fn new(author: u64, mode: Mode) -> Self {
        let mut document = AutoCommit::new().with_actor(actor(author));
        let mut object = |name, kind| {
            document.put_object(ROOT, name, kind).expect("the document takes an object")
        };
        let map = object("map", ObjType::Map);
        let set = object("set", ObjType::Map);
        let log = object("log", ObjType::List);
        document.put(ROOT, "counter", ScalarValue::counter(0)).expect("it takes a counter");
        document.commit();
        Self { mode, author, document, map, set, log, common: Vec::new() }
    }

    fn is_true(&self, element: &str) -> bool {
        let value = self.document.get(&self.set, element).expect("the set is there");
        value.and_then(|(value, _)| value.as_bool()).unwrap_or(false)
    }

    fn entries(&self, object: &ObjId) -> impl Iterator<Item = (String, String)> {
        self.document.map_range(object, ..).map(|item| {
            let value = item.value.into_value();
            (item.key.into_owned(), value.into_string().unwrap_or_default())
        })
    }

    /// The sync protocol, until neither has anything to say.
    fn converse(&mut self, other: &mut Self) -> Messages {
        let start = |common: &[ChangeHash]| State { shared_heads: common.to_vec(), ..State::new() };
        let (mut mine, mut theirs) = (start(&self.common), start(&other.common));
        let mut messages = Messages::new();
        loop {
            let said = tell(&mut self.document, &mut mine, &mut other.document, &mut theirs);
            let answered = tell(&mut other.document, &mut theirs, &mut self.document, &mut mine);
            if said.is_none() && answered.is_none() {
                return messages;
            }
            messages.extend(said.into_iter().chain(answered).map(Arc::new));
        }
    }
}

fn tell(
    from: &mut AutoCommit,
    sender: &mut State,
    to: &mut AutoCommit,
    receiver: &mut State,
) -> Option<Vec<u8>> {
    let message = from.sync().generate_sync_message(sender)?.encode();
    let decoded = Message::decode(&message).expect("it was just encoded");
    to.sync().receive_sync_message(receiver, decoded).expect("it can be applied");
    Some(message)
}

impl Replica for Automerge {
    fn apply(&mut self, transaction: &Transaction) {
        if self.author != transaction.author {
            self.author = transaction.author;
            self.document.set_actor(actor(transaction.author));
        }
        for operation in &transaction.operations {
            let done = match &operation.action {
                Action::Put { key, value } => self.document.put(&self.map, key, value.as_str()),
                Action::Add(element) => {
                    let flipped = !self.is_true(element);
                    self.document.put(&self.set, element, flipped)
                }
                Action::Remove(element) => self.document.delete(&self.set, element.as_str()),
                Action::Increment(amount) => {
                    self.document.increment(ROOT, "counter", *amount as i64)
                }
                Action::Append(entry) => {
                    let end = self.document.length(&self.log);
                    self.document.insert(&self.log, end, entry.as_str())
                }
            };
            done.expect("the document takes the operation");
        }
        self.document.commit();
    }

    fn fork(&mut self, author: u64) -> Self {
        self.common = self.document.get_heads();
        Self {
            mode: self.mode,
            author,
            document: self.document.fork().with_actor(actor(author)),
            map: self.map.clone(),
            set: self.set.clone(),
            log: self.log.clone(),
            common: self.common.clone(),
        }
    }

    fn sync(&mut self, server: &mut Self) -> Messages {
        if self.mode == Mode::Protocol {
            return self.converse(server);
        }
        // What the server has learned from this replica need not go back.
        let update = server.message();
        let mut messages = self.send(server);
        self.document.load_incremental(&update).expect("it was just encoded");
        messages.push(update.into());
        messages
    }

    fn send(&mut self, hub: &mut Self) -> Messages {
        let message = self.message();
        hub.document.load_incremental(&message).expect("it was just encoded");
        vec![message.into()]
    }

    fn contents(&mut self) -> Contents {
        let counter = self.document.get(ROOT, "counter").expect("the document can be read");
        let counter = counter.and_then(|(value, _)| value.as_i64()).expect("there is a counter");
        let items = self.document.list_range(&self.log, ..);
        let entry = |value: ::automerge::ValueRef| value.into_value().into_string();
        let log = items.map(|item| entry(item.value).expect("an entry is a string"));
        let mut log: Vec<String> = log.collect();
        log.sort_unstable();
        Contents {
            map: self.entries(&self.map).collect(),
            set: self.document.keys(&self.set).collect(),
            counter: counter as u64,
            log,
        }
    }
}

impl Automerge {
    /// The changes since the fork.
    fn message(&mut self) -> Vec<u8> {
        let changes = self.document.get_changes_meta(&self.common);
        let hashes: Vec<ChangeHash> = changes.iter().map(|change| change.hash).collect();
        let bundle = self.document.bundle(hashes).expect("the changes are there");
        bundle.bytes().to_vec()
    }
}
