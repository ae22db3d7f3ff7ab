//! The smallest traces of docs/record.md, recorded. What stands in that page stands here.

use crate::working_day::recorder::{Recorder, fields};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Result, Write};

/// Entries by their numbers.
type Update = BTreeMap<usize, u64>;

/// A library that needs causes first: an update waits until the one before it is applied.
struct Log {
    name: &'static str,
    entries: Vec<u64>,
    waiting: Update,
    /// The messages that have arrived and are not applied.
    held_back: Vec<&'static str>,
}

impl Log {
    fn new(name: &'static str) -> Self {
        Self { name, entries: Vec::new(), waiting: Update::new(), held_back: Vec::new() }
    }

    fn append(&mut self, entry: u64) -> Update {
        self.entries.push(entry);
        Update::from([(self.entries.len(), entry)])
    }

    fn apply(&mut self, update: &Update) {
        self.waiting.extend(update);
        while let Some(entry) = self.waiting.remove(&(self.entries.len() + 1)) {
            self.entries.push(entry);
        }
    }

    fn encode(&self, since: usize) -> Update {
        let known = (1..).zip(self.entries.iter().copied()).skip(since);
        known.chain(self.waiting.clone()).collect()
    }
}

fn new_log<W: Write>(out: W, replicas: &[&str]) -> Result<Recorder<W>> {
    let objects = json!({"l": {"type": "log"}});
    Recorder::new(out, fields!(replicas: replicas, objects: objects, stamps: "own"))
}

fn append<W: Write>(trace: &mut Recorder<W>, entry: u64, id: &str) -> Result<()> {
    let op = fields!(replica: "a", object: "l", op: "append", entry: entry, id: id);
    trace.record("op", op)
}

/// `receive` is when an update is applied.
fn deliver<W: Write>(
    trace: &mut Recorder<W>,
    replica: &mut Log,
    message: &'static str,
    update: &Update,
) -> Result<()> {
    replica.apply(update);
    replica.held_back.push(message);
    if !replica.waiting.is_empty() {
        return Ok(()); // it has arrived, and is not applied yet
    }
    for message in replica.held_back.drain(..) {
        trace.record("receive", fields!(replica: replica.name, message: message))?;
    }
    Ok(())
}

/// What is held back may be passed on.
fn send_all<W: Write>(trace: &mut Recorder<W>, replica: &Log, message: &str) -> Result<Update> {
    let relays = &replica.held_back;
    trace.record("send", fields!(replica: replica.name, message: message, relays: relays))?;
    Ok(replica.encode(0))
}

/// What a message held, not what the receiver made of it.
fn send<W: Write>(
    trace: &mut Recorder<W>,
    replica: &Log,
    message: &str,
    update: Update,
    operations: &[&str],
) -> Result<Update> {
    let held = fields!(replica: replica.name, message: message, operations: operations);
    trace.record("send", held)?;
    Ok(update)
}

/// A difference to a state vector.
fn send_since<W: Write>(
    trace: &mut Recorder<W>,
    replica: &Log,
    message: &str,
    peer: &Log,
    asked: &str,
) -> Result<Update> {
    trace.record("send", fields!(replica: peer.name, message: asked))?; // the vector; nobody receives it
    trace.record("send", fields!(replica: replica.name, message: message, since: [asked]))?;
    Ok(replica.encode(peer.entries.len()))
}

/// A transaction is a message of several operations.
fn commit<W: Write>(
    trace: &mut Recorder<W>,
    replica: &str,
    name: &str,
    operations: Vec<Vec<(&str, Value)>>,
) -> Result<()> {
    let mut ids = Vec::new();
    for (number, operation) in (1..).zip(operations) {
        ids.push(format!("{name}.{number}"));
        let mut op = fields!(replica: replica, id: ids.last());
        op.extend(operation);
        trace.record("op", op)?;
    }
    trace.record("send", fields!(replica: replica, message: name, operations: ids))
}

/// Calls that change nothing.
fn approve<'e, W: Write>(
    trace: &mut Recorder<W>,
    replica: &str,
    elements: &mut BTreeSet<&'e str>,
    element: &'e str,
) -> Result<()> {
    elements.insert(element); // a library makes no operation of it where it changes nothing
    trace.record("op", fields!(replica: replica, object: "s", op: "add", element: element))
}

/// Names decide ties.
fn name_of(client: u64) -> String {
    format!("{client:03}") // as texts these compare as the numbers do
}

/// A counter with a share for each id, of which the greater one wins.
type Shares = BTreeMap<&'static str, u64>;

/// A restored replica with its old id.
fn restore<W: Write>(
    trace: &mut Recorder<W>,
    name: &str,
    backup: &Shares,
    snapshot: &str,
) -> Result<Shares> {
    trace.record("restore", fields!(replica: name, snapshot: snapshot))?;
    Ok(backup.clone()) // and goes on counting under its old id
}

/// A map that is used as a set.
fn set_true<W: Write>(trace: &mut Recorder<W>, replica: &str, key: &str) -> Result<()> {
    let mut put = fields!(replica: replica, object: "approved", op: "put");
    put.extend(fields!(key: key, value: true));
    trace.record("op", put)
}

/// Records them all, one after the other.
pub fn record(out: &mut Vec<u8>) -> Result<()> {
    let mut trace = new_log(&mut *out, &["a", "b"])?;
    let (mut a, mut b) = (Log::new("a"), Log::new("b"));
    let (first, late) = (a.append(1), a.append(2));
    append(&mut trace, 1, "o1")?;
    append(&mut trace, 2, "o2")?;
    trace.record("send", fields!(replica: "a", message: "late", operations: ["o2"]))?;
    deliver(&mut trace, &mut b, "late", &late)?;
    trace.record("read", fields!(replica: "b", object: "l", value: b.entries))?;
    trace.record("send", fields!(replica: "a", message: "first", operations: ["o1"]))?;
    deliver(&mut trace, &mut b, "first", &first)?;
    trace.record("read", fields!(replica: "b", object: "l", value: b.entries))?;

    let mut trace = new_log(&mut *out, &["a", "b", "c"])?;
    let (mut b, mut c) = (Log::new("b"), Log::new("c"));
    append(&mut trace, 1, "o1")?;
    append(&mut trace, 2, "o2")?;
    trace.record("send", fields!(replica: "a", message: "late", operations: ["o2"]))?;
    deliver(&mut trace, &mut b, "late", &late)?;
    let full = send_all(&mut trace, &b, "full")?;
    deliver(&mut trace, &mut c, "full", &full)?;
    trace.record("send", fields!(replica: "a", message: "first", operations: ["o1"]))?;
    deliver(&mut trace, &mut c, "first", &first)?;
    trace.record("read", fields!(replica: "c", object: "l", value: c.entries))?;

    let mut trace = new_log(&mut *out, &["a", "b"])?;
    let mut b = Log::new("b");
    append(&mut trace, 1, "o1")?;
    append(&mut trace, 2, "o2")?;
    let both = first.into_iter().chain(late).collect();
    let sent = send(&mut trace, &a, "m", both, &["o1", "o2"])?;
    b.apply(&sent.into_iter().take(1).collect()); // the fault: the second half is lost
    trace.record("receive", fields!(replica: "b", message: "m"))?;
    trace.record("read", fields!(replica: "b", object: "l", value: b.entries))?;

    let mut trace = new_log(&mut *out, &["a", "b"])?;
    let (mut a, mut b) = (Log::new("a"), Log::new("b"));
    b.apply(&a.append(1));
    trace.record("op", fields!(replica: "a", object: "l", op: "append", entry: 1))?;
    trace.record("merge", fields!(replica: "b", from: "a"))?;
    a.append(2);
    trace.record("op", fields!(replica: "a", object: "l", op: "append", entry: 2))?;
    b.apply(&send_since(&mut trace, &a, "diff", &b, "b-asks")?);
    trace.record("receive", fields!(replica: "b", message: "diff"))?;
    trace.record("read", fields!(replica: "b", object: "l", value: b.entries))?;

    let objects = json!({"paid": {"type": "pn-counter"}, "open": {"type": "or-set"}});
    let mut trace = Recorder::new(&mut *out, fields!(replicas: ["a", "b"], objects: objects))?;
    let pay = fields!(object: "paid", op: "increment", amount: 5);
    let close = fields!(object: "open", op: "remove", element: "invoice");
    commit(&mut trace, "a", "t1", vec![pay, close])?;
    trace.record("receive", fields!(replica: "b", message: "t1"))?;
    trace.record("read", fields!(replica: "b", object: "paid", value: 5))?;
    trace.record("read", fields!(replica: "b", object: "open", value: Vec::<String>::new()))?;

    let objects = json!({"s": {"type": "or-set"}});
    let mut trace = Recorder::new(&mut *out, fields!(replicas: ["a", "b"], objects: objects))?;
    let mut elements = BTreeSet::new();
    approve(&mut trace, "a", &mut elements, "x")?;
    trace.record("merge", fields!(replica: "b", from: "a"))?;
    approve(&mut trace, "a", &mut elements, "x")?;
    trace.record("op", fields!(replica: "b", object: "s", op: "remove", element: "x"))?;
    elements.remove("x"); // all that was ever added, for the library
    trace.record("merge", fields!(replica: "a", from: "b"))?;
    trace.record("read", fields!(replica: "a", object: "s", value: elements))?;

    let (seven, thirty) = (name_of(7), name_of(30));
    let objects = json!({"r": {"type": "lww-register"}});
    let header = fields!(replicas: [&seven, &thirty], objects: objects);
    let mut trace = Recorder::new(&mut *out, header)?;
    for (name, value) in [(&seven, "x"), (&thirty, "y")] {
        let mut write = fields!(replica: name, object: "r", op: "write");
        write.extend(fields!(value: value, timestamp: 5));
        trace.record("op", write)?;
    }
    trace.record("sync", fields!(replicas: [&seven, &thirty]))?;
    trace.record("read", fields!(replica: seven, object: "r", value: "y"))?;

    let objects = json!({"n": {"type": "g-counter"}});
    let mut trace = Recorder::new(&mut *out, fields!(replicas: ["a", "b"], objects: objects))?;
    let (mut ours, mut theirs) = (Shares::new(), Shares::new());
    trace.record("save", fields!(replica: "a", snapshot: "monday"))?;
    let backup = ours.clone();
    for back in [false, true] {
        if back {
            ours = restore(&mut trace, "a", &backup, "monday")?;
        }
        *ours.entry("a").or_default() += 1;
        trace.record("op", fields!(replica: "a", object: "n", op: "increment"))?;
        for (id, share) in &ours {
            let known = theirs.entry(id).or_default();
            *known = (*known).max(*share);
        }
        trace.record("merge", fields!(replica: "b", from: "a"))?;
    }
    let total: u64 = theirs.values().sum();
    trace.record("read", fields!(replica: "b", object: "n", value: total))?;

    let objects = json!({"approved": {"type": "lww-map"}});
    let header = fields!(replicas: ["a", "b"], objects: objects, stamps: "own");
    let mut trace = Recorder::new(out, header)?;
    set_true(&mut trace, "a", "x")?;
    set_true(&mut trace, "b", "x")?;
    let delete = fields!(replica: "b", object: "approved", op: "delete", key: "x");
    trace.record("op", delete)?;
    trace.record("sync", fields!(replicas: ["a", "b"]))?;
    trace.record("read", fields!(replica: "a", object: "approved", value: json!({})))
}
