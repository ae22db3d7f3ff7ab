//! One replica of the office's data, as an application would build it from the crate `crdts`.
//!
//! Every answer is computed from that crate's types. Replicas merge by state: a message holds
//! whole objects, so it may be lost, repeated, late or out of order.

use crdts::{CmRDT, CvRDT, GCounter, GSet, LWWReg, MVReg, Orswot, VClock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who acts, for the crate's clocks and counters: a replica's name, `#`, and how often it was
/// restored from a backup. A restored replica needs a new name, since it would count again from
/// where the backup stood, and others would take its new operations for ones they know.
type Actor = String;

/// What orders the writes and the log: timestamp in milliseconds, replica, and the number of the
/// operation among those of its replica.
type Stamp = (u64, String, u64);

/// What a replica is asked to do to one of its objects.
pub enum Operation<'a> {
    Increment(u64),
    Write(Value),
    Add(&'a str),
    Remove(&'a str),
    Put(&'a str, Value),
    Delete(&'a str),
    Append(&'a str),
}

use Operation::*;

impl<'a> Operation<'a> {
    /// The key that it decides on and its effect there; nothing for counters and logs.
    pub fn decision(&self) -> Option<(&'a str, Value)> {
        match self {
            Increment(_) | Append(_) => None,
            Write(value) => Some(("", value.clone())),
            Add(element) => Some((element, true.into())),
            Remove(element) => Some((element, false.into())),
            Put(key, value) => Some((key, value.clone())),
            Delete(key) => Some((key, Value::Null)),
        }
    }
}

/// An operation that decides what a key is to be: present or absent, or a value.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Decision {
    replica: String,
    seq: u64,
    user: Option<String>,
    effect: Value,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
enum Content {
    Counter(GCounter<Actor>),
    Register(LWWReg<Value, Stamp>),
    Set(Orswot<String, Actor>),
    Map(BTreeMap<String, LWWReg<Value, Stamp>>),
    Log(GSet<(Stamp, String)>),
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Object {
    content: Content,
    /// How many operations of each actor the object holds: its state vector.
    seen: VClock<Actor>,
    /// For each key the decisions that no other decision on it saw, for the merge decisions.
    latest: BTreeMap<String, MVReg<Decision, Actor>>,
}

impl Object {
    fn new(kind: &str) -> Self {
        let content = match kind {
            "g-counter" => Content::Counter(GCounter::new()),
            "lww-register" => Content::Register(LWWReg::default()),
            "or-set" => Content::Set(Orswot::new()),
            "lww-map" => Content::Map(BTreeMap::new()),
            "log" => Content::Log(GSet::new()),
            other => panic!("`{other}` is none of the five types"),
        };
        Self { content, seen: VClock::new(), latest: BTreeMap::new() }
    }

    fn perform(&mut self, operation: &Operation, stamp: Stamp, actor: &Actor, user: Option<&str>) {
        self.seen.apply(self.seen.inc(actor.clone()));
        if let Some((key, effect)) = operation.decision() {
            let (_, replica, seq) = stamp.clone();
            let decision = Decision { replica, seq, user: user.map(str::to_owned), effect };
            let register = self.latest.entry(key.to_owned()).or_default();
            let context = register.read_ctx().derive_add_ctx(actor.clone());
            register.apply(register.write(decision, context));
        }
        match (&mut self.content, operation) {
            (Content::Counter(counter), Increment(amount)) => {
                counter.apply(counter.inc_many(actor.clone(), *amount));
            }
            (Content::Register(register), Write(value)) => register.update(value.clone(), stamp),
            (Content::Set(set), Add(element)) => {
                let context = set.read_ctx().derive_add_ctx(actor.clone());
                set.apply(set.add((*element).to_owned(), context));
            }
            (Content::Set(set), Remove(element)) => {
                let element = (*element).to_owned();
                let context = set.contains(&element).derive_rm_ctx();
                set.apply(set.rm(element, context));
            }
            (Content::Map(map), Put(key, value)) => {
                map.entry((*key).to_owned()).or_default().update(value.clone(), stamp);
            }
            (Content::Map(map), Delete(key)) => {
                map.entry((*key).to_owned()).or_default().update(Value::Null, stamp);
            }
            (Content::Log(log), Append(entry)) => log.insert((stamp, (*entry).to_owned())),
            _ => panic!("the object has another type than the operation"),
        }
    }

    fn join(&mut self, other: Self) {
        self.seen.merge(other.seen);
        join_by_key(&mut self.latest, other.latest);
        match (&mut self.content, other.content) {
            (Content::Counter(own), Content::Counter(other)) => own.merge(other),
            (Content::Register(own), Content::Register(other)) => own.merge(other),
            (Content::Set(own), Content::Set(other)) => own.merge(other),
            (Content::Map(own), Content::Map(other)) => join_by_key(own, other),
            (Content::Log(own), Content::Log(other)) => own.merge(other),
            _ => panic!("the same object has two types"),
        }
    }

    fn value(&self) -> Value {
        match &self.content {
            Content::Counter(counter) => {
                u64::try_from(counter.read()).expect("a day's work fits 64 bits").into()
            }
            Content::Register(register) => register.val.clone(),
            Content::Set(set) => {
                let mut elements = Vec::from_iter(set.read().val);
                elements.sort();
                elements.into()
            }
            Content::Map(map) => {
                let present = map.iter().filter(|(_, register)| !register.val.is_null());
                Value::from_iter(present.map(|(key, register)| (key.clone(), register.val.clone())))
            }
            Content::Log(log) => log.read().into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// What the key is now: a set's element present or absent, else a value.
    fn effect(&self, key: &str) -> Value {
        match &self.content {
            Content::Set(set) => set.contains(&key.to_owned()).val.into(),
            Content::Map(map) => map.get(key).map_or(Value::Null, |register| register.val.clone()),
            _ => self.value(),
        }
    }

    /// The open merge decisions: each key with the latest decisions that are its present effect,
    /// and those that are not.
    fn open(&self) -> impl Iterator<Item = (&str, Vec<Decision>, Vec<Decision>)> {
        self.latest.iter().filter_map(|(key, latest)| {
            let present = self.effect(key);
            let (kept, superseded): (Vec<_>, Vec<_>) =
                latest.read().val.into_iter().partition(|decision| decision.effect == present);
            (!superseded.is_empty()).then_some((key.as_str(), kept, superseded))
        })
    }

    /// The state behind the value, where the crate shows it: stamps, and the deleted keys too.
    fn state(&self) -> Value {
        let written = |register: &LWWReg<Value, Stamp>| {
            let (timestamp, replica, _) = &register.marker;
            json!({"replica": replica, "timestamp": timestamp, "value": register.val})
        };
        match &self.content {
            Content::Register(register) if *register == LWWReg::default() => Value::Null,
            Content::Register(register) => written(register),
            Content::Map(map) => {
                Value::from_iter(map.iter().map(|(key, register)| (key.clone(), written(register))))
            }
            Content::Log(log) => Value::from_iter(log.read().into_iter().map(
                |((timestamp, replica, seq), entry)| {
                    json!({"entry": entry, "replica": replica, "seq": seq, "timestamp": timestamp})
                },
            )),
            Content::Counter(_) | Content::Set(_) => {
                panic!("the crate shows no state of counters and sets that names operations")
            }
        }
    }
}

fn join_by_key<V: CvRDT + Default>(own: &mut BTreeMap<String, V>, other: BTreeMap<String, V>) {
    for (key, value) in other {
        own.entry(key).or_default().merge(value);
    }
}

/// A laptop or the server.
pub struct Replica {
    name: &'static str,
    restored: u64,
    objects: BTreeMap<String, Object>,
}

impl Replica {
    /// An empty replica with an object for each name and type.
    pub fn new(
        name: &'static str,
        objects: impl Iterator<Item = (&'static str, &'static str)>,
    ) -> Self {
        let objects = objects.map(|(object, kind)| (object.to_owned(), Object::new(kind)));
        Self { name, restored: 0, objects: objects.collect() }
    }

    /// Performs an operation at `timestamp`, on behalf of `user`.
    pub fn perform(
        &mut self,
        object: &str,
        operation: &Operation,
        timestamp: u64,
        user: Option<&str>,
    ) {
        let seq = 1 + self.vector(None).get(self.name).copied().unwrap_or(0);
        let stamp = (timestamp, self.name.to_owned(), seq);
        let actor = format!("{}#{}", self.name, self.restored);
        let object = self.objects.get_mut(object).expect("the object is declared");
        object.perform(operation, stamp, &actor, user);
    }

    /// A message or a backup: the present state of these objects.
    pub fn encode(&self, objects: &[&str]) -> Vec<u8> {
        let chosen = self.objects.iter().filter(|(name, _)| objects.contains(&name.as_str()));
        serde_json::to_vec(&BTreeMap::from_iter(chosen)).expect("every state has a JSON form")
    }

    /// Merges what a message holds.
    pub fn receive(&mut self, message: &[u8]) {
        for (name, state) in decode(message) {
            self.objects.get_mut(&name).expect("the object is declared").join(state);
        }
    }

    /// Goes back to a backup of its own, and acts under a new name from now on.
    pub fn restore(&mut self, backup: &[u8]) {
        self.objects = decode(backup);
        self.restored += 1;
    }

    /// What an object is now.
    pub fn value(&self, object: &str) -> Value {
        self.objects[object].value()
    }

    /// What one key or element of an object is now.
    pub fn effect(&self, object: &str, key: &str) -> Value {
        self.objects[object].effect(key)
    }

    /// How many operations of each replica it has seen, on one object or on all.
    pub fn vector(&self, object: Option<&str>) -> BTreeMap<&str, u64> {
        let mut vector = BTreeMap::new();
        for object in self.chosen(object).map(|(_, object)| object) {
            for dot in object.seen.iter() {
                let (replica, _) = dot.actor.split_once('#').expect("an actor is `replica#number`");
                *vector.entry(replica).or_default() += dot.counter;
            }
        }
        vector
    }

    /// A hash of what one object or all of them are now.
    pub fn digest(&self, object: Option<&str>) -> String {
        let values = BTreeMap::from_iter(self.chosen(object).map(|(name, o)| (name, o.value())));
        let bytes = serde_json::to_vec(&values).expect("every value has a JSON form");
        blake3::hash(&bytes).to_hex().to_string()
    }

    /// The open merge decisions of an object.
    pub fn decisions(&self, object: &str) -> Value {
        let named = |decisions: Vec<Decision>| {
            let mut named = Vec::from_iter(decisions.into_iter().map(|d| (d.replica, d.seq)));
            named.sort();
            Value::from_iter(named.iter().map(|(r, seq)| json!({"replica": r, "seq": seq})))
        };
        let open = self.objects[object].open().map(|(key, kept, superseded)| {
            let (kept, superseded) = (named(kept), named(superseded));
            match self.objects[object].content {
                Content::Register(_) => json!({"kept": kept, "superseded": superseded}),
                _ => json!({"kept": kept, "key": key, "superseded": superseded}),
            }
        });
        open.collect()
    }

    /// The notices of a user: the decisions of theirs that a merge has superseded.
    pub fn notices(&self, user: &str) -> Value {
        let mut notices = Vec::new();
        for (name, object) in &self.objects {
            for (key, _, superseded) in object.open() {
                for decision in superseded.iter().filter(|d| d.user.as_deref() == Some(user)) {
                    let (replica, seq) = (&decision.replica, decision.seq);
                    notices.push(match object.content {
                        Content::Register(_) => {
                            json!({"object": name, "replica": replica, "seq": seq})
                        }
                        _ => json!({"key": key, "object": name, "replica": replica, "seq": seq}),
                    });
                }
            }
        }
        notices.into()
    }

    /// The state behind the value of a register, map or log.
    pub fn state(&self, object: &str) -> Value {
        self.objects[object].state()
    }

    /// Whether both hold the same state.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.objects == other.objects
    }

    fn chosen(&self, object: Option<&str>) -> impl Iterator<Item = (&String, &Object)> {
        self.objects.iter().filter(move |(name, _)| object.is_none_or(|object| *name == object))
    }
}

fn decode(bytes: &[u8]) -> BTreeMap<String, Object> {
    serde_json::from_slice(bytes).expect("it was encoded by a replica")
}
