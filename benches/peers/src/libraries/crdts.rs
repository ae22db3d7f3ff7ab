//! crdts: types that the application puts together, sends and encodes itself.
//!
//! The map is a table of LWW registers, since the registers do not nest in the crate's own map. Sent
//! are the operations since the fork, which both sides remember, or the whole state. Encoded with
//! bincode.

use crate::participant::{Messages, Participant, Replica, peer};
use crate::workload::{Action, Contents, Transaction};
use ::crdts::{CmRDT, CvRDT, Dot, GCounter, GSet, LWWReg, Orswot, orswot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All that is there.
pub fn participants() -> [Box<dyn Participant>; 3] {
    [
        peer("crdts, operations", |author| Crdts::new(author, Mode::Operations), |_| None),
        peer(
            "crdts, last puts",
            |author| Crdts::new(author, Mode::LastPuts),
            |workload| {
                let has_map = matches!(workload.name, "W1" | "W5" | "W5c");
                (!has_map).then_some("as with operations: there are no puts")
            },
        ),
        peer("crdts, state", |author| Crdts::new(author, Mode::State), |_| None),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// Every put is sent.
    Operations,
    /// Of the puts to one key only the last is sent.
    LastPuts,
    /// Everything is sent.
    State,
}

/// The clock's time and the author: unique and, on one replica, growing.
type Stamp = (u64, u64);

type Register = LWWReg<String, Stamp>;

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    map: HashMap<String, Register>,
    set: Orswot<String, u64>,
    counter: GCounter<u64>,
    log: GSet<(Stamp, String)>,
}

impl State {
    fn put(&mut self, key: String, register: Register) {
        match self.map.get_mut(&key) {
            Some(there) => there.merge(register),
            None => _ = self.map.insert(key, register),
        }
    }
}

/// Operations since the fork. Of the counter's only the last of each author matters.
#[derive(Default, Serialize, Deserialize)]
struct Outbox {
    puts: Vec<(String, Register)>,
    set: Vec<orswot::Op<String, u64>>,
    increments: BTreeMap<u64, u64>,
    log: Vec<(Stamp, String)>,
}

struct Crdts {
    author: u64,
    mode: Mode,
    state: State,
    outbox: Outbox,
    /// Where the put to a key is in the outbox, when only the last is sent.
    places: HashMap<String, usize>,
}

impl Crdts {
    fn new(author: u64, mode: Mode) -> Self {
        let (state, outbox, places) = Default::default();
        Self { author, mode, state, outbox, places }
    }

    fn put(&mut self, key: &str, register: Register) {
        self.state.put(key.into(), register.clone());
        if self.mode == Mode::LastPuts {
            let next = self.outbox.puts.len();
            let place = *self.places.entry(key.into()).or_insert(next);
            if let Some(earlier) = self.outbox.puts.get_mut(place) {
                earlier.1 = register;
                return;
            }
        }
        if self.mode != Mode::State {
            self.outbox.puts.push((key.into(), register));
        }
    }

    fn message(&self) -> Vec<u8> {
        let message = if self.mode == Mode::State {
            bincode::serialize(&self.state)
        } else {
            bincode::serialize(&self.outbox)
        };
        message.expect("memory takes what is written")
    }

    fn receive(&mut self, message: &[u8]) {
        if self.mode == Mode::State {
            let state: State = bincode::deserialize(message).expect("it was just encoded");
            for (key, register) in state.map {
                self.state.put(key, register);
            }
            self.state.set.merge(state.set);
            self.state.counter.merge(state.counter);
            self.state.log.merge(state.log);
        } else {
            let outbox: Outbox = bincode::deserialize(message).expect("it was just encoded");
            for (key, register) in outbox.puts {
                self.state.put(key, register);
            }
            for operation in outbox.set {
                self.state.set.apply(operation);
            }
            for (author, counter) in outbox.increments {
                self.state.counter.apply(Dot::new(author, counter));
            }
            for entry in outbox.log {
                self.state.log.insert(entry);
            }
        }
    }
}

impl Replica for Crdts {
    fn apply(&mut self, transaction: &Transaction) {
        let author = transaction.author;
        for operation in &transaction.operations {
            let stamp = (operation.stamp, author);
            let keeps = self.mode != Mode::State;
            match &operation.action {
                Action::Put { key, value } => {
                    self.put(key, LWWReg { val: value.clone(), marker: stamp });
                }
                Action::Add(element) => {
                    let context = self.state.set.read_ctx().derive_add_ctx(self.author);
                    let operation = self.state.set.add(element.clone(), context);
                    if keeps {
                        self.outbox.set.push(operation.clone());
                    }
                    self.state.set.apply(operation);
                }
                Action::Remove(element) => {
                    let read = self.state.set.contains(element);
                    if read.val {
                        let operation = self.state.set.rm(element.clone(), read.derive_rm_ctx());
                        if keeps {
                            self.outbox.set.push(operation.clone());
                        }
                        self.state.set.apply(operation);
                    }
                }
                Action::Increment(amount) => {
                    let dot = self.state.counter.inc_many(author, *amount);
                    if keeps {
                        self.outbox.increments.insert(author, dot.counter);
                    }
                    self.state.counter.apply(dot);
                }
                Action::Append(entry) => {
                    if keeps {
                        self.outbox.log.push((stamp, entry.clone()));
                    }
                    self.state.log.insert((stamp, entry.clone()));
                }
            }
        }
    }

    fn fork(&mut self, author: u64) -> Self {
        self.settle();
        Self { state: self.state.clone(), ..Self::new(author, self.mode) }
    }

    fn sync(&mut self, server: &mut Self) -> Messages {
        let mut messages = self.send(server);
        messages.extend(server.send(self));
        messages
    }

    fn send(&mut self, hub: &mut Self) -> Messages {
        let message = self.message();
        hub.receive(&message);
        vec![message.into()]
    }

    fn settle(&mut self) {
        self.outbox = Outbox::default();
        self.places = HashMap::new();
    }

    fn contents(&mut self) -> Contents {
        let map = &self.state.map;
        let log: BTreeSet<(Stamp, String)> = self.state.log.clone().into();
        let mut log: Vec<String> = log.into_iter().map(|(_, entry)| entry).collect();
        log.sort_unstable();
        let counter = self.state.counter.read();
        Contents {
            map: map.iter().map(|(key, register)| (key.clone(), register.val.clone())).collect(),
            set: self.state.set.read().val.into_iter().collect(),
            counter: counter.try_into().expect("the workloads count to less than 2^64"),
            log,
        }
    }
}
