//! crdts: one value of the library for each object of each replica; its actor is new whenever it is loaded.
//!
//! Messages hold states, which are merged; a list and a log have no merge, so theirs hold all operations in the order
//! in which they came. Registers take the marker (timestamp, name); with own stamps one above the last that they
//! saw, and the actor.

use crdts::{CmRDT, CvRDT, GCounter, GSet, LWWReg, List, MVReg, Map, Orswot, PNCounter};
use rejoin_subjects::{Done, Edit, Objects, Replica, serve, unsupported};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

type Actor = u64;

/// What orders the writes of a register: the time and the writer's name, or its actor where nobody gave a time.
type Marker = (u64, String);

/// A value of JSON, as its text: the library's types ask for an order or a hash.
type Text = String;

#[derive(Serialize, Deserialize)]
enum State {
    GCounter(GCounter<Actor>),
    PnCounter(PNCounter<Actor>),
    GSet(GSet<String>),
    OrSet(Orswot<String, Actor>),
    LwwRegister(LWWReg<Text, Marker>),
    LwwMap(BTreeMap<String, LWWReg<Text, Marker>>),
    MvRegister(MVReg<Text, Actor>),
    MvMap(Map<String, MVReg<Text, Actor>, Actor>),
    List(Log),
}

/// A list, and the operations that made it.
#[derive(Serialize, Deserialize, Default)]
struct Log {
    #[serde(skip)]
    list: List<Text, Actor>,
    operations: Vec<crdts::list::Op<Text, Actor>>,
}

impl Log {
    fn apply(&mut self, operation: crdts::list::Op<Text, Actor>) {
        self.operations.push(operation.clone());
        self.list.apply(operation);
    }

    fn merge(&mut self, other: Self) {
        for operation in other.operations {
            if !self.operations.contains(&operation) {
                self.apply(operation);
            }
        }
    }
}

struct Crdts {
    name: String,
    actor: Actor,
    kinds: Objects,
    states: HashMap<String, State>,
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("it was a value")
}

fn listed(values: Vec<Text>) -> Value {
    values.iter().map(|text| parsed(text)).filter(|value| !value.is_null()).collect()
}

fn empty(kind: &str) -> State {
    match kind {
        "g-counter" => State::GCounter(GCounter::new()),
        "pn-counter" => State::PnCounter(PNCounter::new()),
        "g-set" => State::GSet(GSet::new()),
        "or-set" => State::OrSet(Orswot::new()),
        "lww-register" => {
            State::LwwRegister(LWWReg { val: "null".into(), marker: Marker::default() })
        }
        "lww-map" => State::LwwMap(BTreeMap::new()),
        "mv-register" => State::MvRegister(MVReg::new()),
        "mv-map" => State::MvMap(Map::new()),
        _ => State::List(Log::default()),
    }
}

/// Writes with the timestamp that was given, or with one above the last.
fn write(
    register: &mut LWWReg<Text, Marker>,
    value: &Value,
    timestamp: Option<u64>,
    (name, actor): (&str, Actor),
) -> Done {
    let marker = match timestamp {
        Some(timestamp) => (timestamp, name.to_string()),
        None => (register.marker.0 + 1, actor.to_string()),
    };
    let value = value.to_string();
    if register.validate_update(&value, &marker).is_err() {
        return unsupported("the library refuses a marker twice");
    }
    register.update(value, marker);
    Ok(())
}

impl Replica for Crdts {
    const LIBRARY: &'static str = "crdts";
    const TYPES: &'static [&'static str] = &[
        "g-counter",
        "pn-counter",
        "g-set",
        "or-set",
        "lww-register",
        "lww-map",
        "mv-register",
        "mv-map",
        "log",
        "list",
    ];
    const TAKES_TIMESTAMPS: &'static [&'static str] = &["lww-register", "lww-map"];
    const IS_BY_OBJECT: bool = true;

    fn new(name: &str, id: u64, objects: &Objects) -> Self {
        let states = objects.iter().map(|(name, kind)| (name.clone(), empty(kind))).collect();
        Self { name: name.into(), actor: id, kinds: objects.clone(), states }
    }

    fn edit(&mut self, object: &str, edit: Edit, timestamp: Option<u64>) -> Done {
        let actor = self.actor;
        let writer = (self.name.as_str(), actor);
        let state = self.states.get_mut(object).expect("it is declared");
        match (state, edit) {
            (State::GCounter(counter), Edit::Increment(amount)) => {
                counter.apply(counter.inc_many(actor, amount));
            }
            (State::PnCounter(counter), Edit::Increment(amount)) => {
                counter.apply(counter.inc_many(actor, amount));
            }
            (State::PnCounter(counter), Edit::Decrement(amount)) => {
                counter.apply(counter.dec_many(actor, amount));
            }
            (State::GSet(set), Edit::Add(element)) => set.insert(element),
            (State::OrSet(set), Edit::Add(element)) => {
                let context = set.read_ctx().derive_add_ctx(actor);
                set.apply(set.add(element, context));
            }
            (State::OrSet(set), Edit::Remove(element)) => {
                let context = set.contains(&element).derive_rm_ctx();
                set.apply(set.rm(element, context));
            }
            (State::LwwRegister(register), Edit::Write(value)) => {
                write(register, &value, timestamp, writer)?;
            }
            (State::LwwMap(map), Edit::Put(key, value)) => {
                let nothing = || LWWReg { val: "null".into(), marker: Marker::default() };
                write(map.entry(key).or_insert_with(nothing), &value, timestamp, writer)?;
            }
            (State::LwwMap(map), Edit::Delete(key)) => {
                let nothing = || LWWReg { val: "null".into(), marker: Marker::default() };
                write(map.entry(key).or_insert_with(nothing), &Value::Null, timestamp, writer)?;
            }
            (State::MvRegister(register), Edit::Write(value)) => {
                let context = register.read_ctx().derive_add_ctx(actor);
                register.apply(register.write(value.to_string(), context));
            }
            (State::MvMap(map), Edit::Put(key, value)) => {
                let context = map.read_ctx().derive_add_ctx(actor);
                let put = |register: &MVReg<Text, Actor>, context| {
                    register.write(value.to_string(), context)
                };
                map.apply(map.update(key, context, put));
            }
            (State::MvMap(map), Edit::Delete(key)) => {
                let context = map.get(&key).derive_rm_ctx();
                map.apply(map.rm(key, context));
            }
            (State::List(log), Edit::Append(entry)) => {
                log.apply(log.list.append(entry.to_string(), actor));
            }
            (State::List(log), Edit::Insert(index, element)) => {
                log.apply(log.list.insert_index(index, json!(element).to_string(), actor));
            }
            (State::List(log), Edit::Take(index)) => {
                let operation =
                    log.list.delete_index(index, actor).expect("the index is in the list");
                log.apply(operation);
            }
            _ => return unsupported("crdts has no such operation"),
        }
        Ok(())
    }

    fn read(&self, object: &str) -> Value {
        let number =
            |text: String| text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from);
        match &self.states[object] {
            State::GCounter(counter) => number(counter.read().to_string()),
            State::PnCounter(counter) => number(counter.read().to_string()),
            State::GSet(set) => set.read().into_iter().collect(),
            State::OrSet(set) => set.read().val.into_iter().collect(),
            State::LwwRegister(register) => parsed(&register.val),
            State::LwwMap(map) => {
                let entries =
                    map.iter().map(|(key, register)| (key.clone(), parsed(&register.val)));
                Value::Object(entries.filter(|(_, value)| !value.is_null()).collect())
            }
            State::MvRegister(register) => listed(register.read().val),
            State::MvMap(map) => {
                let entries = map.iter().map(|entry| {
                    let (key, register) = entry.val;
                    (key.clone(), listed(register.read().val))
                });
                Value::Object(entries.filter(|(_, values)| values != &json!([])).collect())
            }
            State::List(log) => log.list.iter().map(|text| parsed(text)).collect(),
        }
    }

    fn send(&mut self, objects: &[String]) -> Vec<u8> {
        let states: Vec<(&String, &State)> =
            objects.iter().map(|name| (name, &self.states[name])).collect();
        bincode::serialize(&states).expect("memory takes what is written")
    }

    fn receive(&mut self, message: &[u8]) -> Done {
        let states: Vec<(String, State)> = bincode::deserialize(message)?;
        for (name, state) in states {
            let kind = self.kinds[&name].clone();
            let mine = self.states.entry(name).or_insert_with(|| empty(&kind));
            match (mine, state) {
                (State::GCounter(mine), State::GCounter(other)) => mine.merge(other),
                (State::PnCounter(mine), State::PnCounter(other)) => mine.merge(other),
                (State::GSet(mine), State::GSet(other)) => mine.merge(other),
                (State::OrSet(mine), State::OrSet(other)) => mine.merge(other),
                (State::LwwRegister(mine), State::LwwRegister(other)) => mine.merge(other),
                (State::LwwMap(mine), State::LwwMap(other)) => {
                    for (key, register) in other {
                        match mine.get_mut(&key) {
                            Some(there) => there.merge(register),
                            None => _ = mine.insert(key, register),
                        }
                    }
                }
                (State::MvRegister(mine), State::MvRegister(other)) => mine.merge(other),
                (State::MvMap(mine), State::MvMap(other)) => mine.merge(other),
                (State::List(mine), State::List(other)) => mine.merge(other),
                _ => return unsupported("a message of another type"),
            }
        }
        Ok(())
    }
}

fn main() {
    serve::<Crdts>();
}
