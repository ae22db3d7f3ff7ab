//! dson: an OR-map of registers, and deltas that the application collects.
//!
//! One flat map holds all: map keys, elements, entries by stamp and totals by author, told apart by
//! their first letter. A join rebuilds the whole map, so a transaction is one delta, made of the last
//! decision on each key. The deltas since the fork are joined to one and sent: the entries with their
//! dots and the context, encoded with bincode. Of concurrent values the reader takes the greatest.

use crate::participant::{Messages, Participant, Replica, peer};
use crate::workload::{Action, Contents, Transaction};
use ::dson::crdts::TypeVariantValue;
use ::dson::crdts::mvreg::MvRegValue;
use ::dson::sentinel::DummySentinel;
use ::dson::{CausalContext, CausalDotStore, Dot, DotStore, Identifier, OrMap};
use std::collections::HashMap;
use std::num::NonZeroU64;

/// All that is there.
pub fn participants() -> [Box<dyn Participant>; 1] {
    [peer("dson, deltas", Dson::new, |_| None)]
}

type Store = CausalDotStore<OrMap<String>>;

/// A context as it is sent: the first and last number of each interval of each author.
type Intervals = Vec<(Identifier, Vec<(NonZeroU64, Option<NonZeroU64>)>)>;

/// A delta as it is sent. The crate's own encoding names every field, and so is larger.
type Plain = (Vec<(String, Vec<(Dot, MvRegValue)>)>, Intervals);

struct Dson {
    id: Identifier,
    store: Store,
    outbox: Store,
    /// The totals of this replica's authors, as the application remembers them.
    totals: HashMap<u64, u64>,
}

fn identifier(author: u64) -> Identifier {
    let author = u16::try_from(author).expect("authors are few");
    Identifier::new((author % 200) as u8, author / 200)
}

fn join(store: &mut Store, delta: Store) {
    store.join_with(delta.store, &delta.context, &mut DummySentinel).expect("it cannot fail");
}

impl Dson {
    fn new(author: u64) -> Self {
        let (store, outbox, totals) = Default::default();
        Self { id: identifier(author), store, outbox, totals }
    }

    fn message(&self) -> Vec<u8> {
        let entries = self.outbox.store.inner().iter().map(|(key, value)| {
            let values = value.reg.0.iter().map(|(dot, value)| (dot, value.clone()));
            (key.clone(), values.collect())
        });
        let intervals = self.outbox.context.intervals();
        let intervals = intervals.map(|(id, intervals)| (id, intervals.collect()));
        let plain: Plain = (entries.collect(), intervals.collect());
        bincode::serialize(&plain).expect("memory takes what is written")
    }

    fn receive(&mut self, message: &[u8]) {
        let plain: Plain = bincode::deserialize(message).expect("it was just encoded");
        let context = CausalContext::from_intervals(plain.1).expect("they were a context");
        let mut delta = Store { store: OrMap::default(), context };
        for (key, values) in plain.0 {
            let mut value = TypeVariantValue::default();
            for (dot, held) in values {
                value.reg.push(dot, held);
            }
            delta.store.insert(key, value);
        }
        join(&mut self.store, delta);
    }
}

impl Replica for Dson {
    fn apply(&mut self, transaction: &Transaction) {
        let author = transaction.author;
        // The last decision on each key, none being a removal.
        let mut decisions: HashMap<String, Option<MvRegValue>> = HashMap::new();
        for operation in &transaction.operations {
            let (key, value) = match &operation.action {
                Action::Put { key, value } => {
                    (format!("m{key}"), Some(MvRegValue::String(value.clone())))
                }
                Action::Add(element) => (format!("s{element}"), Some(MvRegValue::Bool(true))),
                Action::Remove(element) => (format!("s{element}"), None),
                Action::Increment(amount) => {
                    let total = self.totals.entry(author).or_insert(0);
                    *total += amount;
                    (format!("c{author}"), Some(MvRegValue::U64(*total)))
                }
                Action::Append(entry) => {
                    let key = format!("l{:016x}.{author}", operation.stamp);
                    (key, Some(MvRegValue::String(entry.clone())))
                }
            };
            decisions.insert(key, value);
        }
        let mut delta = Store::default();
        let mut dot = self.store.context.next_dot_for(self.id);
        for (key, value) in decisions {
            if let Some(there) = self.store.store.get(&key) {
                there.reg.add_dots_to(&mut delta.context);
            }
            if let Some(value) = value {
                let mut register = TypeVariantValue::default();
                register.reg.push(dot, value);
                delta.context.insert_dot(dot);
                delta.store.insert(key, register);
                dot = dot.successor();
            }
        }
        join(&mut self.outbox, delta.clone());
        join(&mut self.store, delta);
    }

    fn fork(&mut self, author: u64) -> Self {
        self.outbox = Store::default();
        // In W3a any replica may hold any author's increments.
        let authors = self.totals.iter().filter(|(author, _)| **author >= 100);
        let totals = authors.map(|(author, total)| (*author, *total)).collect();
        Self { store: self.store.clone(), totals, ..Self::new(author) }
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
        self.outbox = Store::default();
    }

    fn contents(&mut self) -> Contents {
        let mut contents = Contents::default();
        for (key, value) in self.store.store.inner().iter() {
            let (kind, key) = key.split_at(1);
            let text = || {
                let texts = value.reg.0.values().filter_map(|value| match value {
                    MvRegValue::String(text) => Some(text.clone()),
                    _ => None,
                });
                texts.max().expect("a register holds a text")
            };
            match kind {
                "m" => _ = contents.map.insert(key.into(), text()),
                "s" => _ = contents.set.insert(key.into()),
                "l" => contents.log.push(text()),
                _ => {
                    for value in value.reg.0.values() {
                        if let MvRegValue::U64(total) = value {
                            contents.counter += total;
                        }
                    }
                }
            }
        }
        contents.log.sort_unstable();
        contents
    }
}
